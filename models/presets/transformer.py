"""Settings of the transformer page that are known to work, and settings known to fail."""

from models.base import Failure
from models.presets.preset import Preset

PRESETS: tuple[Preset, ...] = (
    Preset(
        title="An induction head forms",
        reason="Two layers: a head of the first looks one token back, a head of the second finds what followed before.",
        settings={},
        metric="test_accuracy",
        threshold=0.95,
    ),
)

FAILURES: tuple[Failure, ...] = (
    Failure(
        title="Induction with one layer",
        reason="No single look finds what followed the same sign before.",
        settings={"layers": 1},
        repair={"token_shift": True},
        metric="test_accuracy",
        threshold=0.8,
    ),
)
