"""How far back can each family look? Six families over lags of 5 to 200 at equal size and equal time of training.

python -m evidence long-context                  measures what is missing; ten minutes on two cores
python -m evidence long-context --again          all of it
Writes evidence/results/long_context.json after each cell. The networks, the budget and the tuning are those of the
matrix (evidence/fit), whose own rows of the adding problem are not trained a second time.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import as_completed
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tqdm import tqdm

from evidence.fit.measuring import measure_cell
from evidence.fit.stored import judged
from evidence.fit.tasks import LAG_SECONDS, LAG_TASKS, LAGS, ROWS, ROWS_AT_LAG
from evidence.ledger.measuring import commit, executor

RESULT = Path(__file__).parent / "results" / "long_context.json"
READERS = ("mlp", "cnn", "rnn", "lstm", "gru", "transformer")
SEEDS = 3


def all_cells() -> list[tuple[str, str]]:
    """Return all (task, family) that the matrix has not, the adding problem first."""
    rows = [f"lag:{name}_{lag}" for name in LAG_TASKS for lag in LAGS if name != "adding" or lag not in ROWS_AT_LAG]
    return [(row, family) for row in rows for family in READERS]


def read(path: Path = RESULT) -> dict[str, Any]:
    """Return what is stored, nothing where nothing is."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return {"about": {}, "cells": []}
    return found


def write(cells: Sequence[dict[str, Any]], path: Path = RESULT) -> None:
    """Store the cells in their order, each on a line."""
    order = {cell: place for place, cell in enumerate(all_cells())}
    rows = sorted(cells, key=lambda cell: order[cell["task"], cell["family"]])
    lines = ",\n".join("  " + json.dumps(row) for row in rows)
    draft = path.with_suffix(".draft")
    draft.write_text(f'{{\n "about": {json.dumps(about(rows))},\n "cells": [\n{lines}\n ]\n}}\n', encoding="utf-8")
    draft.replace(path)


def about(cells: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return on what, when and how it was measured."""
    from lab.engine.run_process import describe_device
    from lab.engine.versions import describe, versions

    return {
        "command": "python -m evidence long-context", "seeds": SEEDS, "lags": list(LAGS),
        "parameters": next(iter(ROWS.values())).parameters, "training_seconds": LAG_SECONDS,
        "clock": "time of the processor, one thread",
        "device": describe(describe_device()), "versions": versions(), "commit": commit(),
        "seconds": round(sum(cell["took"] for cell in cells)),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Measure what is missing, a cell a piece; return 2 where a cell failed."""
    parser = argparse.ArgumentParser("python -m evidence long-context")
    parser.add_argument("--again", action="store_true", help="measure what is stored already, too")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes at once")
    parser.add_argument("--scheduler", default="", help="address of a Dask scheduler, such as tcp://host:8786")
    asked = parser.parse_args(arguments)
    known = {} if asked.again else {(cell["task"], cell["family"]): cell for cell in read()["cells"]}
    left, failed = [cell for cell in all_cells() if cell not in known], 0
    with executor(asked.workers, asked.scheduler) as pool:
        waiting = {pool.submit(measure_cell, *cell, SEEDS): cell for cell in left}
        for future in tqdm(as_completed(waiting), total=len(left), unit="cell", disable=not left):
            if error := future.exception():
                failed += 1
                print(f"{'/'.join(waiting[future])}: {error}", file=sys.stderr)
                continue
            known[waiting[future]] = judged(future.result())
            write(list(known.values()))
    return 2 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
