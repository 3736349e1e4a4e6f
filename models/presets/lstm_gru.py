"""Settings of the lstm_gru page that are known to work, and settings known to fail."""

from models.base import Failure
from models.presets.preset import Preset

_RECALL = {"dataset": "recall", "lag": 40}
_REVERSE = {"dataset": "reverse", "lag": 8, "cell": "gru", "samples": 8000}

PRESETS: tuple[Preset, ...] = (
    Preset(
        title="Adding two of fifty numbers",
        reason="Two of 50 numbers are marked. The forget gates open, the input gates wait for the marks.",
        settings={},
        metric="test_gain",
        threshold=0.9,
    ),
    Preset(
        title="GRU, the same task",
        reason="Two gates instead of three, three quarters of the parameters, and here it learns sooner.",
        settings={"cell": "gru"},
        metric="test_gain",
        threshold=0.95,
    ),
    Preset(
        title="Reversing with attention",
        reason="Each letter that is written looks back at the one it needs.",
        settings={**_REVERSE, "attention": "additive"},
        metric="test_accuracy",
        threshold=0.95,
    ),
    Preset(
        title="Sunspots",
        reason="One year ahead. AR(9) is better here: see the bars below.",
        settings={"dataset": "sunspots", "lag": 20, "epochs": 40, "units": 16},
        metric="test_gain",
        threshold=0.25,
    ),
    Preset(
        title="Text, character by character",
        reason="Python's own help. Ask it to write, and see in colour what each next character rests on.",
        settings={"dataset": "text", "lag": 40, "units": 64, "epochs": 1},
        metric="test_accuracy",
        threshold=0.35,
    ),
)

FAILURES: tuple[Failure, ...] = (
    Failure(
        title="No gates",
        reason="A simple cell makes its state anew at each step: 48 numbers that do not count write over the two "
        "that do. The score is 1 - error / error of always saying the mean.",
        settings={"cell": "simple"},
        repair={"cell": "lstm"},
        metric="test_gain",
        threshold=0.9,
    ),
    Failure(
        title="Closed forget gates",
        reason="With a forget bias of -2 each step keeps 12 % of the cell: after 25 steps nothing is left, of the "
        "value or of its gradient. A bias of 1 keeps 73 % and lets training open the gates.",
        settings={"forget_bias": -2.0},
        repair={"forget_bias": 1.0},
        metric="test_gain",
        threshold=0.9,
    ),
    Failure(
        title="An LSTM that cannot recall the first letter",
        reason="Half open gates write each later letter over the first one. Chrono initialization opens the forget "
        "gates as far as the length needs, and closes the input gates as much.",
        settings={**_RECALL},
        repair={"chrono": True},
        metric="test_accuracy",
        threshold=0.9,
    ),
    Failure(
        title="Eight letters through one vector",
        reason="The encoder's last state is all that the decoder gets. Attention lets it look back at all of them.",
        settings={**_REVERSE},
        repair={"attention": "additive"},
        metric="test_accuracy",
        threshold=0.9,
    ),
)
