"""The talk: from the perceptron to the Transformer in 20 minutes, slide by slide, with live steps."""

from lab.lessons.talk import talk

talk(
    "Slides for a lecture, made of the pages of this app: real runs, some of them trained while you speak.",
    passages=[
        (
            "How to present",
            "**Present** begins at the first slide, a link of the list at its own. Turn slides with Page Down, Page "
            "Up, Space or a presenter's remote; Esc leaves. **Notes** opens the speaker notes in a second tab, with "
            "the next title and the time: put that tab on your own screen and this one on the projector.",
        ),
        (
            "What trains, and when",
            "On some slides you press Train: their network is compiled while the slide before is shown. Long "
            "trainings begin two slides ahead. Until such a run is done, a stored run stands in, and the slide says "
            "that it is stored. Slow, Watch and Full speed set the pace; Play shows any run again.",
        ),
        (
            "Before the lecture",
            "Turn all slides once, so that the machine has loaded what they need. Keep other work off it. The **QR "
            "code** gives everybody in the room the page that is shown, if their devices are in the same network.",
        ),
        (
            "Afterwards",
            "Each picture has a link to its page, where everything can be changed. A link that ends in "
            "`?hide=controls` shows presets and Train alone.",
        ),
    ],
)
