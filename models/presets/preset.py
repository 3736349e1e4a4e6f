"""What a preset is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Preset:
    """Settings that work: the fields of the family's Config that differ from the defaults.

    metric, threshold: at the end of the run the metric is at least the threshold.
    """

    title: str
    reason: str
    settings: Mapping[str, Any]
    metric: str
    threshold: float
