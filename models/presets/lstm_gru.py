"""Settings of the lstm_gru page that are known to work, and settings known to fail."""

from models.base import Failure
from models.presets.preset import Preset

_RECALL = {"dataset": "recall", "lag": 40}
_REVERSE = {"dataset": "reverse", "lag": 16, "epochs": 4}

PRESETS: tuple[Preset, ...] = (
    Preset(
        title="Adding two of fifty numbers",
        reason="Two of 50 numbers are marked. The cell has to carry the first one along until the second comes.",
        settings={},
        metric="test_gain",
        threshold=0.9,
    ),
)
FAILURES: tuple[Failure, ...] = (
    Failure(
        title="No gates",
        reason="x.",
        settings={"cell": "simple"},
        repair={"cell": "lstm"},
        metric="test_gain",
        threshold=0.9,
    ),
)
