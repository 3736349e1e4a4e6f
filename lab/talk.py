"""A talk as data: from the perceptron to the Transformer in 20 minutes. Each slide names a stored run and its picture.

No number stands in these words: what a picture shows is computed from the run, and the live steps train while the talk
goes on. A slide that trains is prepared while the one before it is shown.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from lab.charts import (
    cnn_measured,
    lstm_gru_measured,
    mlp_inside,
    transformer_inside,
    transformer_measured,
)
from lab.shown_run import ShownRun
from models.base import Failure
from models.configs import CONFIGS, Config
from models.presets import FAILURES, PRESETS, Preset

TITLE = "From perceptron to Transformer in 20 minutes"
Draw = Callable[[ShownRun, Any], Any]


@dataclass(frozen=True)
class Shown:
    """The run on a slide. preset: title of a preset or a failure of the family; repaired: the failure's repair.

    live: "stored" shows the stored run; "train" waits, compiled, for a press on Train; "ahead" is trained while the
    two slides before are shown, and the stored run stands in until it is done.
    draw: a picture of "inside the network" with its text alternative; without one the live picture of the page.
    origin: where the numbers of such a picture come from, if they are not those of this run.
    """

    family: str
    preset: str
    repaired: bool = False
    live: Literal["stored", "train", "ahead"] = "stored"
    draw: Draw | None = None
    alt: str = ""
    origin: Callable[[], str] | None = None

    @property
    def named(self) -> Preset | Failure:
        """The preset or failure. Raises StopIteration where the family has none of this title."""
        known: list[Preset | Failure] = [*PRESETS[self.family], *FAILURES[self.family]]
        return next(one for one in known if one.title == self.preset)

    @property
    def config(self) -> Config:
        """Its settings."""
        repair = (getattr(self.named, "repair", None) or {}) if self.repaired else {}
        return CONFIGS[self.family](**{**self.named.settings, **repair})


@dataclass(frozen=True)
class Slide:
    """One slide. sentence: its one idea; notes: what to say; seconds: how long; table: the road, or the claims."""

    title: str
    sentence: str
    notes: str
    seconds: int
    shown: Shown | None = None
    table: Literal["", "road", "claims"] = ""


SLIDES: tuple[Slide, ...] = (
    Slide(
        TITLE,
        "Every picture comes from a network that really trained, some of them here and now.",
        "Welcome. We walk one road: what each kind of network could do, where it broke, and which part of it the "
        "Transformer kept.\nThe live steps train on this machine while I speak. If the machine is slow, a stored run "
        "stands in, and the slide says so.",
        30,
    ),
    Slide(
        "One line is not enough",
        "The perceptron of 1958 is a single unit: it draws one line. Exclusive or needs two.",
        "Point at the four corners: opposite corners belong together. No straight line puts them on different sides. "
        "The loss stands still however long it trains.\nThis ended the first wave of neural networks.",
        55,
        Shown("mlp", "One straight line cannot separate XOR"),
    ),
    Slide(
        "A layer in between bends the line",
        "Backpropagation tells every weight, in every layer, which way to turn.",
        "Press Train. Watch the border: first one line, then it bends, then it closes around the corners.\nThe chain "
        "rule carries the error back, factor by factor. This learning rule is still the one that trains every "
        "Transformer.",
        70,
        Shown("mlp", "Exclusive or", live="train"),
    ),
    Slide(
        "It reads handwriting",
        "Layers of weighted sums and bends add up to almost any curve.",
        "Press Train. These are scanned digits, and the pictures on the right are test images the network never "
        "trained on.\nTwo dense layers of this kind sit in every block of a Transformer.",
        70,
        Shown("mlp", "Handwritten digits", live="train"),
    ),
    Slide(
        "What its units look for",
        "Each unit weighs all pixels at once; it does not know that two of them are neighbours.",
        "Positive weights are blue, negative orange. Some look like strokes, but every unit had to learn its stroke in "
        "its own place.\nMove the digit by two pixels and much of it is lost. That is the next problem.",
        45,
        Shown("mlp", "Handwritten digits", draw=mlp_inside.first_weights,
              alt="The weights of the first hidden units as small images, blue positive and orange negative."),
    ),
    Slide(
        "More layers, and nothing arrives",
        "Each sigmoid layer hands on less than a quarter of the gradient. Ten of them leave next to nothing.",
        "The same digits, ten layers deep. Look at the score: it guesses.\nThe gradient is a product of one factor a "
        "layer, and these factors are small. For twenty years deep networks hardly trained.",
        55,
        Shown("gradient_flow", "Ten sigmoid layers without the plus"),
    ),
    Slide(
        "A plus sign mends it",
        "Each layer adds to what it was given, so the gradient has a way past every layer.",
        "Press Train. The same stack, the same activation, one plus sign around every layer.\nRemember this plus: it "
        "is the residual path. A Transformer has two of them in each block.",
        60,
        Shown("gradient_flow", "Ten sigmoid layers without the plus", repaired=True, live="train"),
    ),
    Slide(
        "One small window, everywhere",
        "A convolution slides the same few weights over the whole image.",
        "Press Train. The small squares are the windows, the maps beside them what they answer.\nWhat it learns in one "
        "place it knows in all places. Shared weights are the second part that stays.",
        55,
        Shown("cnn", "Handwritten digits", live="train"),
    ),
    Slide(
        "Where the window ends",
        "Two dots farther apart than the stack can see: it can only guess.",
        "Each layer widens the view by a few pixels. Beyond the last square the network is blind.\nTo join two far "
        "places it needs depth. We want any two places in a single step. Keep that wish in mind.",
        50,
        Shown("cnn", "Two dots, three blocks", draw=cnn_measured.reach,
              alt="Share right by the distance of two dots for stacks of one, two and three blocks.",
              origin=cnn_measured.provenance),
    ),
    Slide(
        "Squeeze, and see what matters",
        "An autoencoder rebuilds its input through a bottleneck of two numbers.",
        "Nobody gave it the labels; the colours are only ours. Digits that look alike lie side by side.\nA place in a "
        "space of meaning: that is an embedding. The third part that stays.",
        55,
        Shown("autoencoder", "Digits in two numbers"),
    ),
    Slide(
        "A forger and a detective",
        "A generator turns noise into samples; a discriminator tells them from real ones.",
        "Trained while I spoke, if the machine was fast enough. Press Play and watch the orange points run to the "
        "ring.\nGeneration by sampling stays. The game between two networks does not.",
        60,
        Shown("gan", "Ring of eight spots", live="ahead"),
    ),
    Slide(
        "Units that compete",
        "A map without labels: each sample is claimed by the nearest unit, which pulls its neighbours along.",
        "Press Train. The net unfolds over the square.\nHold on to one idea: compare with all, and let the most "
        "similar one speak loudest. We shall meet it again as softmax over similarities.",
        55,
        Shown("som", "A net unfolds over a square", live="train"),
    ),
    Slide(
        "Experts and a gate",
        "Several networks divide the work; a gate says who is asked.",
        "Press Train. The gate learns which expert is good at what, at the same time as the experts learn.\nHeads in a "
        "Transformer, and mixtures of experts in the largest ones, come from here.",
        50,
        Shown("modular", "Six experts read digits", live="train"),
    ),
    Slide(
        "One item at a time",
        "A recurrent network reads a sequence step by step and carries a state along.",
        "Here it adds the two marked numbers out of twenty. The same weights at every position, and all of the past in "
        "one vector.",
        50,
        Shown("rnn", "Add two of twenty numbers"),
    ),
    Slide(
        "It forgets",
        "Fifty numbers instead of twenty: the gradient shrinks with every step back.",
        "The same network, the same task, a longer way. The score stays near zero, which is as good as always saying "
        "the mean.\nIt is the deep sigmoid stack again, laid out in time.",
        45,
        Shown("rnn", "Add two of fifty numbers"),
    ),
    Slide(
        "Gates keep what counts",
        "An LSTM adds to its memory instead of rewriting it: the plus sign again, through time.",
        "The same fifty numbers. Gates decide what to keep, what to write and what to show.\nThe additive path made "
        "memory over hundreds of steps possible, in 1997.",
        55,
        Shown("lstm_gru", "Adding two of fifty numbers"),
    ),
    Slide(
        "All of the past in one vector",
        "Translate, or say a word backwards: everything has to pass through the last state.",
        "Look at the curves. The longer the word, the less of it comes out of a single vector. With attention, each "
        "letter that is written may look back at all letters that were read.\nIn 2014 this was a repair. In 2017 it "
        "became the whole network.",
        65,
        Shown("lstm_gru", "Reversing with attention", draw=lstm_gru_measured.bottleneck,
              alt="Share of letters right over the length of the word, with one vector and with attention.",
              origin=lstm_gru_measured.bottleneck_provenance),
    ),
    Slide(
        "Every token asks every other token",
        "A Transformer: any two places in one step, and the network learns which.",
        "This one has been training since two slides ago; if it is still at work, the stored run is shown and the live "
        "one takes over.\nThe task: what followed this sign when it last stood here? The rows ask, the columns answer.",
        75,
        Shown("transformer", "An induction head forms", live="ahead"),
    ),
    Slide(
        "A skill appears all at once",
        "Two heads learn to work together: one looks at the token before, one finds the same sign.",
        "A plateau, then a jump. The previous-token head comes first, the induction head needs it.\nIn large language "
        "models the same pair of heads is where learning from the prompt begins.",
        55,
        Shown("transformer", "An induction head forms", draw=transformer_inside.formation,
              alt="Loss, previous-token score and induction score of the run over its steps."),
    ),
    Slide(
        "What it cannot do, and what it costs",
        "Every token with every other: twice the length, four times the work.",
        "Without positions it knows no order; beyond the length it was trained on it is lost; with little data it is "
        "not the best.\nIt removes limits, and buys new ones.",
        50,
        Shown("transformer", "An induction head forms", draw=transformer_measured.cost,
              alt="Milliseconds of one block and of its attention over the number of tokens.",
              origin=transformer_measured.provenance),
    ),
    Slide(
        "What the Transformer kept",
        "Each stop of the road left a part in it.",
        "Read the right column from top to bottom: this is a Transformer block.",
        60,
        table="road",
    ),
    Slide(
        "Do not take my word for it",
        "Every claim of this talk stands in a list, with its experiment and a rule for the verdict.",
        "All of it can be trained again: by a click on the page, or by one command without a browser.\nThank you. "
        "Questions?",
        35,
        table="claims",
    ),
)  # fmt: skip


def ends() -> list[int]:
    """Return when each slide is over, in seconds from the start."""
    passed, found = 0, []
    for slide in SLIDES:
        passed += slide.seconds
        found.append(passed)
    return found


def place_of(text: str) -> int:
    """Return the number of the slide that an address asks for, from 1 on; 1 for what is none."""
    asked = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 1
    return min(max(asked, 1), len(SLIDES))
