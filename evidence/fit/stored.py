"""What is stored of the matrix, and what follows from it by rule: intervals, states, regret.

evidence/results/architecture_fit.json: {"about": ..., "cells": [...]}, a cell on a line. Intervals are computed when it
is written, so that whoever only reads needs no statistics.
"""

import json
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from evidence.fit.families import FAMILIES, reason
from evidence.fit.tasks import ROWS, TASKS

RESULT = Path(__file__).resolve().parents[1] / "results" / "architecture_fit.json"
MEASURED, NOT_REACHED, NOT_APPLYING = "measured", "not_reached", "does_not_apply"
LEAST_WAY = 0.05  # of the way from chance to perfect, that the worse end of the interval must have gone
PERFECT = {"share right": 1.0, "mean squared error": 0.0}


def read(path: Path = RESULT) -> dict[str, Any]:
    """Return what is stored; nothing, where nothing is or where the file was cut off."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return {"about": {}, "cells": []}
    return found


def trained(found: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the stored cells that were trained, by task and family."""
    return {(cell["task"], cell["family"]): cell for cell in found["cells"] if cell["state"] != NOT_APPLYING}


def write(cells: Sequence[dict[str, Any]], about: dict[str, Any], path: Path = RESULT) -> None:
    """Store trained cells with all that follows from them; whoever reads meanwhile sees the old or the new file."""
    known = {(cell["task"], cell["family"]): judged(cell) for cell in cells}
    for task in TASKS:
        row = [cell for (name, _), cell in known.items() if name == task.name]
        for cell, regret in zip(row, regrets(task.name, row), strict=True):
            cell["regret"] = regret
    rows = [known.get((task.name, family.name)) or empty(task.name, family.name)
            for task in TASKS for family in FAMILIES]  # fmt: skip
    lines = ",\n".join("  " + json.dumps(row) for row in rows if row)
    draft = path.with_suffix(".draft")
    draft.parent.mkdir(parents=True, exist_ok=True)
    draft.write_text(f'{{\n "about": {json.dumps(about)},\n "cells": [\n{lines}\n ]\n}}\n', encoding="utf-8")
    draft.replace(path)


def empty(task: str, family: str) -> dict[str, Any] | None:
    """Return the cell of a family that does not apply, None for one that is not measured yet."""
    why = reason(task, family)
    return {"task": task, "family": family, "state": NOT_APPLYING, "reason": why} if why else None


def judged(cell: dict[str, Any]) -> dict[str, Any]:
    """Return a trained cell with mean, interval, seconds and state."""
    from evidence.ledger.claim import interval

    scores = [float(run["score"]) for run in cell["runs"]]
    mean, low, high = interval(scores)
    low, high = (low, high) if isfinite(low) else (mean, mean)
    seconds = sum(float(run["seconds"]) for run in cell["runs"]) / len(scores)
    found = {**cell, "reason": "", "scores": scores, "mean": mean, "low": low, "high": high,
             "seconds": round(seconds, 4)}  # fmt: skip
    return {**found, "state": state_of(found)}


def state_of(cell: dict[str, Any]) -> str:
    """Return "not_reached" for a far row where the interval has not left the neighbourhood of chance."""
    task = ROWS[cell["task"]]
    if not task.far:
        return MEASURED
    worse = cell["low"] if task.higher_is_better else cell["high"]
    way = (worse - cell["chance"]) / (PERFECT[task.metric] - cell["chance"])
    return MEASURED if way > LEAST_WAY else NOT_REACHED


def regrets(task: str, row: Sequence[dict[str, Any]]) -> list[float | None]:
    """Return for each cell of a row which share of the way from chance to the row's best it misses: 0 best, 1 chance.

    None where no cell of the row has left chance.
    """
    if not row:
        return []
    sign = 1.0 if ROWS[task].higher_is_better else -1.0
    best = max(sign * cell["mean"] for cell in row)
    way = best - sign * row[0]["chance"]
    if way <= 0:
        return [None for _ in row]
    return [round(min(1.0, max(0.0, (best - sign * cell["mean"]) / way)), 4) for cell in row]
