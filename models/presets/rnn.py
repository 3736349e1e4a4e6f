"""Settings of the rnn page that are known to work, and settings known to fail."""

from models.base import Failure
from models.presets.preset import Preset

_AIR = {"dataset": "co2", "lag": 24, "epochs": 60, "batch_size": 32}
_KEPT = {"activation": "relu", "initialization": "identity"}
_PLAIN = {"optimizer": "sgd", "learning_rate": 0.1, **_KEPT}

PRESETS: tuple[Preset, ...] = (
    Preset(
        title="Add two of twenty numbers",
        reason="Two marks in twenty steps: the state has to keep a number, then add another one.",
        settings={},
        metric="test_gain",
        threshold=0.4,
    ),
    Preset(
        title="Recall the first of 21 letters",
        reason="The first letter survives twenty others: orthogonal first weights keep what they are given.",
        settings={"dataset": "recall"},
        metric="test_accuracy",
        threshold=0.95,
    ),
    Preset(
        title="Parity, asked at each step",
        reason="Flip with every one. Asked at each step, the rule is found within seconds.",
        settings={"dataset": "running_parity"},
        metric="test_accuracy",
        threshold=0.95,
    ),
    Preset(
        title="Embedded Reber grammar",
        reason="The last symbol but one repeats the second, whatever stood between.",
        settings={"dataset": "reber", "lag": 10},
        metric="test_accuracy",
        threshold=0.95,
    ),
    Preset(
        title="Write five letters backwards",
        reason="Sequence to sequence: one last state holds five letters, another layer writes them out.",
        settings={"dataset": "reverse", "lag": 5, "epochs": 20},
        metric="test_accuracy",
        threshold=0.9,
    ),
    Preset(
        title="Carbon dioxide, month by month",
        reason="It learns changes from month to month. The score is the gain over the last value again.",
        settings={**_AIR, "differences": True},
        metric="test_gain",
        threshold=0.65,
    ),
    Preset(
        title="Python's help, character by character",
        reason="It guesses the next character of English text about Python, and can be asked to write.",
        settings={"dataset": "text", "lag": 40, "units": 64, "epochs": 3, "learning_rate": 0.005},
        metric="test_accuracy",
        threshold=0.35,
    ),
)

FAILURES: tuple[Failure, ...] = (
    Failure(
        title="Add two of fifty numbers",
        reason="After fifty steps hardly any gradient arrives, and the network says the mean. With U as the identity "
        "and ReLU, the state stays as it is unless something is added.",
        settings={"lag": 50},
        repair={**_KEPT, "learning_rate": 0.001, "epochs": 30},
        metric="test_gain",
        threshold=0.5,
    ),
    Failure(
        title="Parity, asked once",
        reason="Twenty bits, one answer: any wrong bit flips it, so the loss has no slope to follow. Asked at each "
        "step, the first answers are easy and lead to the later ones.",
        settings={"dataset": "parity"},
        repair={"dataset": "running_parity"},
        metric="test_accuracy",
        threshold=0.9,
    ),
    Failure(
        title="No clipping",
        reason="U as the identity and plain descent: one long gradient, and after five updates the loss is "
        "beyond 1e21. Then all units are dead, whatever comes in. Clipping keeps the direction and cuts the length.",
        settings={**_PLAIN, "clip": 0.0},
        repair={"clip": 1.0},
        metric="test_gain",
        threshold=0.3,
    ),
    Failure(
        title="Steps that overshoot",
        reason="Nearly all states end at -1 or 1, where tanh is flat: the gradient is gone in three steps.",
        settings={"learning_rate": 0.1},
        repair={"learning_rate": 0.003},
        metric="test_gain",
        threshold=0.4,
    ),
    Failure(
        title="A gradient cut after five steps",
        reason="The letter stands twenty steps back, and no gradient reaches it. About half are recalled all the same: "
        "orthogonal first weights carry it along, untrained.",
        settings={"dataset": "recall", "truncation": 5},
        repair={"truncation": 0},
        metric="test_accuracy",
        threshold=0.9,
    ),
    Failure(
        title="Higher than ever before",
        reason="Carbon dioxide rises beyond everything in the training part, where tanh is flat. Changes from month to "
        "month stay in the same range.",
        settings={**_AIR},
        repair={"differences": True},
        metric="test_gain",
        threshold=0.5,
    ),
    Failure(
        title="Sunspots: a straight line wins",
        reason="AR(9) gains more over the last value again, with ten numbers fitted in one step. 249 years are too few "
        "for a network. No repair in this family.",
        settings={"dataset": "sunspots", "lag": 24, "epochs": 60, "batch_size": 32},
        metric="test_gain",
        threshold=0.41,
    ),
    Failure(
        title="Thirty letters backwards",
        reason="Everything has to pass through one state of 32 numbers; twelve letters fit, thirty do not. "
        "No repair in this family: attention looks back at every letter.",
        settings={"dataset": "reverse", "lag": 30, "epochs": 20},
        metric="test_accuracy",
        threshold=0.9,
    ),
)
