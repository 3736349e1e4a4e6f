"""The measured matrix of tasks and families, as `python -m evidence architecture-fit` stored it."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from lab.catalog import ROOT

STORED = ROOT / "evidence" / "results" / "architecture_fit.json"


@dataclass(frozen=True)
class Cell:
    """One family on one task. state: "measured", "not_reached" or "does_not_apply"."""

    task: str
    family: str
    state: str
    reason: str = ""
    scores: tuple[float, ...] = ()
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    parameters: int | None = None
    seconds: float | None = None
    regret: float | None = None
    runs: tuple[dict[str, Any], ...] = ()


class Matrix:
    """All cells."""

    def __init__(self, stored: dict[str, Any]) -> None:
        names = Cell.__dataclass_fields__
        self._cells = [Cell(**{k: v for k, v in one.items() if k in names}) for one in stored.get("cells", ())]

    def cell(self, task: str, family: str) -> Cell | None:
        """Return one cell, None where nothing is known of it."""
        return next((one for one in self._cells if (one.task, one.family) == (task, family)), None)

    def row(self, task: str) -> list[Cell]:
        """Return the cells of a task, the best first, those without a number last."""
        cells = [one for one in self._cells if one.task == task]
        return sorted(cells, key=lambda one: (one.regret is None, one.regret or 0.0))


@cache
def matrix() -> Matrix:
    """Return the stored matrix; empty where nothing is stored."""
    return Matrix(json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else {})
