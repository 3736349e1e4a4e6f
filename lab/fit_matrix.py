"""The stored matrix of tasks and families as the web process reads it: cells, rows, and rows at a smaller budget."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import sqrt
from pathlib import Path
from typing import Any

from evidence.fit import stored
from evidence.fit.families import FAMILIES, FAMILY, reason
from evidence.fit.stored import MEASURED, NOT_APPLYING, NOT_REACHED, RESULT
from evidence.fit.tasks import ROWS, TASK, TASKS

__all__ = ["BUDGETS", "FAMILIES", "FAMILY", "MEASURED", "NOT_APPLYING", "NOT_MEASURED", "NOT_REACHED", "TASK", "TASKS",
           "Cell", "Matrix", "matrix"]  # fmt: skip
NOT_MEASURED = "not_measured"
BUDGETS = (1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)  # shares of a row's seconds at which runs were looked at
STUDENT_T = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}
SLACK = 1.3  # a look comes a little after its moment
TOO_LONG = "This method takes longer than the chosen budget."


@dataclass(frozen=True)
class Cell:
    """One task and one family. state: "measured", "not_reached", "does_not_apply" or "not_measured"; reason: why not.

    scores: one a seed; low, high: 95 % interval of their mean; parameters: None where a method has no such number;
    seconds: of training, mean of the seeds; regret: 0 for the row's best, 1 at chance; settings: what validation chose;
    runs: as stored, with curves; more: everything else that is stored.
    """

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
    settings: str = ""
    chance: float | None = None
    runs: tuple[dict[str, Any], ...] = ()
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def trained(self) -> bool:
        """Whether there are scores."""
        return bool(self.scores)


@dataclass(frozen=True)
class Matrix:
    """All stored cells by (task, family), and on what they were measured."""

    about: dict[str, Any]
    cells: dict[tuple[str, str], Cell]

    def cell(self, task: str, family: str) -> Cell | None:
        """Return a cell; None where the family applies and nothing is stored yet."""
        return self.cells.get((task, family))

    def shown(self, task: str, family: str) -> Cell:
        """Return a cell, with the state "not_measured" where nothing is stored."""
        return self.cell(task, family) or Cell(task, family, NOT_MEASURED)

    def row(self, task: str) -> list[Cell]:
        """Return the cells of a row that have scores, the best first."""
        sign = -1.0 if TASK[task].higher_is_better else 1.0
        found = [cell for (name, _), cell in self.cells.items() if name == task and cell.trained]
        return sorted(found, key=lambda cell: sign * (cell.mean or 0.0))

    @property
    def trained(self) -> int:
        """Return how many cells have scores."""
        return sum(cell.trained for cell in self.cells.values())

    @property
    def wanted(self) -> int:
        """Return how many cells there are to train."""
        return sum(not reason(task.name, family.name) for task in TASKS for family in FAMILIES)

    def within(self, share: float) -> "Matrix":
        """Return the matrix as it was after a share of each row's seconds: from the looks stored on the way."""
        if share >= 1.0:
            return self
        cells = {key: at_budget(cell, share) if cell.trained else cell for key, cell in self.cells.items()}
        return Matrix(self.about, with_regret(cells))


def matrix(path: Path = RESULT) -> Matrix:
    """Return what is stored; empty, where nothing is."""
    return _read(path, path.stat().st_mtime if path.exists() else 0.0)


@lru_cache(4)
def _read(path: Path, _stamp: float) -> Matrix:
    found = stored.read(path)
    cells = {(row["task"], row["family"]): cell_of(row) for row in found["cells"]}
    for task in TASKS:
        for family in FAMILIES:
            if (why := reason(task.name, family.name)) and (task.name, family.name) not in cells:
                cells[task.name, family.name] = Cell(task.name, family.name, NOT_APPLYING, why)
    return Matrix(found["about"], cells)


def cell_of(row: dict[str, Any]) -> Cell:
    """Return a stored cell in the shape that pages read."""
    return Cell(
        row["task"], row["family"], row["state"], row.get("reason", ""), tuple(row.get("scores", ())), row.get("mean"),
        row.get("low"), row.get("high"), row.get("parameters"), row.get("seconds"), row.get("regret"),
        row.get("setting", ""), row.get("chance"), tuple(row.get("runs", ())), row,
    )  # fmt: skip


def at_budget(cell: Cell, share: float) -> Cell:
    """Return a cell as it was after a share of its row's seconds: the look with the best validation until then."""
    limit, sign = share * ROWS[cell.task].seconds * SLACK, 1.0 if ROWS[cell.task].higher_is_better else -1.0
    looks = [[look for look in run["curve"] if look[0] <= limit] for run in cell.runs]
    if not all(looks):
        return replace(cell, state=NOT_MEASURED, reason=TOO_LONG, scores=(), mean=None, low=None, high=None)
    best = [max(one, key=lambda look: sign * look[1]) for one in looks]
    scores = tuple(look[2] for look in best)
    mean, low, high = interval(scores)
    found = {**cell.more, "mean": mean, "low": low, "high": high}
    return replace(cell, scores=scores, mean=mean, low=low, high=high, state=stored.state_of(found),
                   seconds=sum(look[0] for look in best) / len(best))  # fmt: skip


def interval(scores: Sequence[float]) -> tuple[float, float, float]:
    """Return mean and 95 % interval of the mean by Student's t, of at most ten values, without SciPy."""
    count, mean = len(scores), sum(scores) / len(scores)
    if count < 2:
        return mean, mean, mean
    spread = sqrt(sum((score - mean) ** 2 for score in scores) / (count - 1))
    half = STUDENT_T[min(count, max(STUDENT_T))] * spread / sqrt(count)
    return mean, mean - half, mean + half


def with_regret(cells: dict[tuple[str, str], Cell]) -> dict[tuple[str, str], Cell]:
    """Return the cells with the regret of each against its row's best."""
    found = dict(cells)
    for task in TASKS:
        row = [cell for (name, _), cell in cells.items() if name == task.name and cell.trained]
        regrets = stored.regrets(task.name, [{"mean": cell.mean, "chance": cell.chance} for cell in row])
        found |= {(cell.task, cell.family): replace(cell, regret=regret)
                  for cell, regret in zip(row, regrets, strict=True)}  # fmt: skip
    return found


def said(cell: Cell) -> str:
    """Return a cell's score in a few characters, in the digits of its row."""
    return "" if cell.mean is None else f"{cell.mean:.{ROWS[cell.task].digits}f}"


def apart(left: Cell, right: Cell) -> bool:
    """Return whether the intervals of two cells do not touch."""
    assert left.low is not None and left.high is not None and right.low is not None and right.high is not None
    return left.low > right.high or left.high < right.low
