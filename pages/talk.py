"""The talk: from the perceptron to the Transformer in 20 minutes, slide by slide, with live steps."""

from lab.lessons.talk import talk

talk(
    "Slides for a lecture, made of the pages of this app: real runs, some of them trained while you speak.",
    "**Present** begins at the first slide; a link below begins at its own. Turn slides with Page Down, Page Up, Space "
    "or a presenter's remote; Esc leaves. **Notes** opens the speaker notes in a second tab, with the next title and "
    "the time: put that tab on your own screen and this one on the projector. Live slides are compiled or trained "
    "while the slide before is shown; until they are done, a stored run stands in, and says that it is stored.",
)
