"""Which network for which task? Every family that can do a task is trained on it, alike, and measured.

python -m evidence architecture-fit                    measures what is missing
python -m evidence architecture-fit --quick            one seed and a fifth of the time for each cell; stores nothing
python -m evidence architecture-fit digits/cnn co2     these cells or rows only
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

from evidence.fit import stored
from evidence.fit.families import FAMILY, cells, reason
from evidence.fit.measuring import QUICK_SHARE, SEEDS, measure_cell
from evidence.fit.tasks import TASK, TASKS
from evidence.ledger.measuring import commit, executor

COMMAND = "python -m evidence architecture-fit"


def main(arguments: Sequence[str]) -> int:
    """Do what the words say. Returns 2 where they cannot be understood or a cell failed."""
    parser = argparse.ArgumentParser(COMMAND, description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("wanted", nargs="*", help="task/family, or a task; all, if none is named")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="trainings of each cell")
    parser.add_argument("--quick", action="store_true", help="one seed, a fifth of the time; stores nothing")
    parser.add_argument("--json", action="store_true", help="tell each run and each cell as a line of JSON")
    parser.add_argument("--again", action="store_true", help="measure what is stored already, too")
    parser.add_argument("--here", action="store_true", help="measure in this process and store nothing")
    parser.add_argument("--into", type=Path, default=stored.RESULT, help="file to go on in, instead of the project's")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes at once")
    parser.add_argument("--scheduler", default="", help="address of a Dask scheduler, such as tcp://host:8786")
    asked = parser.parse_args(arguments)
    try:
        wanted = named(asked.wanted)
        if asked.here:
            return here(wanted, asked)
        return everywhere(wanted, asked)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2


def named(words: Sequence[str]) -> list[tuple[str, str]]:
    """Return the cells that words name. Raises ValueError with what is wrong."""
    if not words:
        return cells()
    found = []
    for word in words:
        task, _, family = word.replace("-", "_").partition("/")
        if task not in TASK or (family and family not in FAMILY):
            raise ValueError(f"There is no task or family {word!r}. Tasks: {', '.join(TASK)}. "
                             f"Families: {', '.join(FAMILY)}.")  # fmt: skip
        if family and reason(task, family):
            raise ValueError(f"{FAMILY[family].title} does not apply to {TASK[task].title}: {reason(task, family)}")
        found += [cell for cell in cells() if cell[0] == task and family in ("", cell[1])]
    return found


def here(wanted: Sequence[tuple[str, str]], asked: argparse.Namespace) -> int:
    """Measure cells one after the other in this process, tell each run at once, and store nothing."""
    known = stored.trained(stored.read())

    def told(run: dict[str, Any]) -> None:
        print(json.dumps({"run": run}), flush=True)

    for task, family in wanted:
        setting = known[task, family]["setting"] if (task, family) in known else ""
        share = QUICK_SHARE if asked.quick else 1.0
        cell = stored.judged(measure_cell(task, family, asked.seeds, share, told, setting))
        print(json.dumps({"cell": cell}), flush=True)
    return 0


def everywhere(wanted: Sequence[tuple[str, str]], asked: argparse.Namespace) -> int:
    """Measure what is missing, a cell a piece, on all cores or on a cluster; store each as it ends."""
    known = {} if asked.quick else stored.trained(stored.read(asked.into))
    seeds, share = (1, QUICK_SHARE) if asked.quick else (asked.seeds, 1.0)
    left = [cell for cell in wanted if asked.again or not stands(known.get(cell), seeds)]
    failed = []
    with executor(asked.workers, asked.scheduler) as pool:
        waiting = {pool.submit(measure_cell, *cell, seeds, share): cell for cell in left}
        for future in tqdm(as_completed(waiting), total=len(left), unit="cell", disable=not left):
            cell = waiting[future]
            if error := future.exception():
                failed.append(f"{'/'.join(cell)}: {type(error).__name__}: {error}")
                print(failed[-1], file=sys.stderr, flush=True)
                continue
            known[cell] = {**future.result(), "commit": commit()}
            tell(known[cell], asked.json)
            if not asked.quick:
                stored.write(list(known.values()), about(list(known.values()), seeds), asked.into)
    if known and not asked.quick:
        stored.write(
            list(known.values()), about(list(known.values()), seeds), asked.into
        )  # rules may have changed since
    return 2 if failed else 0


def stands(cell: dict[str, Any] | None, seeds: int) -> bool:
    """Return whether a stored cell was measured with so many seeds, in full, and with its row's seconds of today."""
    if cell is None or len(cell["runs"]) < seeds or cell["share"] < 1.0:
        return False
    return bool(cell.get("budget", TASK[cell["task"]].seconds) == TASK[cell["task"]].seconds)


def tell(cell: dict[str, Any], as_json: bool) -> None:
    """Print a measured cell in a line."""
    found = stored.judged(cell)
    if as_json:
        print(json.dumps({"cell": found}), flush=True)
    else:
        size = "" if found["parameters"] is None else f", {found['parameters']:,} parameters"
        print(f"{found['task']}/{found['family']}: {found['mean']:.4g} [{found['low']:.4g}, {found['high']:.4g}], "
              f"chance {found['chance']:.4g}, {found['state']}, {found['setting']}{size}, {found['took']:.0f} s",
              flush=True)  # fmt: skip


def about(known: Sequence[dict[str, Any]], seeds: int) -> dict[str, Any]:
    """Return on what, when and how the matrix was measured."""
    from lab.engine.run_process import describe_device
    from lab.engine.versions import describe, versions

    return {
        "command": COMMAND, "seeds": list(range(seeds)), "device": describe(describe_device()), "versions": versions(),
        "commit": commit(), "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(sum(cell["took"] for cell in known)), "clock": "time of the processor, one thread",
        "rows": {task.name: {"parameters": task.parameters, "seconds": task.seconds} for task in TASKS},
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
