"""Measure claims: one piece of work a seed, each in a process of its own, on all cores or on a Dask cluster.

Every finished seed is stored at once, so a measurement that was broken off goes on where it stopped.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any

from evidence.ledger.claim import FOLDER, claim_of, module_of, source_digest
from evidence.ledger.stored import RESULTS, read, write

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
         "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}  # fmt: skip
PIECES_OF_A_PROCESS = 15


def one_row(name: str, seed: int, quick: bool) -> dict[str, Any]:
    """Do a claim's experiment with one seed and return what it gave, with its seconds and the code that gave it."""
    started = perf_counter()
    measured = module_of(name).measure(seed, quick)
    return {"seed": seed, **measured, "seconds": round(perf_counter() - started, 2), "source": source_digest(name)}


def executor(workers: int, scheduler: str = "") -> Executor:
    """Return what carries out the pieces: processes of this machine, or the Dask cluster of that address.

    Raises ValueError where Dask is not installed or nobody answers at the address.
    """
    if not scheduler:
        os.environ.update(QUIET)  # read by TensorFlow when a worker loads it: one thread a piece, a piece a core
        return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        from distributed import Client
    except ImportError as error:
        raise ValueError("--scheduler needs Dask: pip install distributed") from error
    try:
        found: Executor = Client(scheduler, timeout="10s").get_executor()
    except OSError as error:
        raise ValueError(f"No Dask scheduler answers at {scheduler}.") from error
    return found


def pieces(names: Sequence[str], seeds: int | None, *, again: bool, folder: Path = RESULTS) -> list[tuple[str, int]]:
    """Return what is left to measure: claim and seed. again: measure also what is stored and still stands."""
    left = []
    for name in names:
        digest = source_digest(name)
        done = set() if again else {row["seed"] for row in read(name, folder).rows if row["source"] == digest}
        left += [(name, seed) for seed in range(seeds or claim_of(name).seeds) if seed not in done]
    return left


def measure_all(
    names: Sequence[str], *, seeds: int | None = None, again: bool = False, workers: int = 1, scheduler: str = "",
    folder: Path = RESULTS,
) -> Iterator[tuple[str, int, str]]:  # fmt: skip
    """Measure and store what is left; yield claim, seed and "" (or what went wrong) as each piece ends."""
    left = pieces(names, seeds, again=again, folder=folder)
    portion = len(left) if scheduler else PIECES_OF_A_PROCESS * workers
    for start in range(0, len(left), max(portion, 1)):
        yield from _measure(left[start : start + portion], workers, scheduler, folder)


def _measure(left: Sequence[tuple[str, int]], workers: int, scheduler: str, folder: Path) -> Iterator[Any]:
    """Measure a portion with fresh processes, which begin without what earlier trainings left in memory.

    A pool that replaces its processes by itself (`max_tasks_per_child`) stops for ever in Python 3.11.
    """
    with executor(workers, scheduler) as pool:
        waiting: dict[Future[Any], tuple[str, int]] = {
            pool.submit(one_row, name, seed, False): (name, seed) for name, seed in left
        }
        try:
            for future in as_completed(waiting):
                name, seed = waiting[future]
                error = future.exception()
                if error is None:
                    _keep(name, future.result(), folder)
                yield name, seed, "" if error is None else f"{type(error).__name__}: {error}"
        except (KeyboardInterrupt, GeneratorExit):
            for future in waiting:
                future.cancel()
            raise


def _keep(name: str, row: dict[str, Any], folder: Path) -> None:
    """Put a row in the place of what stood there for its seed; rows of older code are dropped."""
    measured = read(name, folder)
    others = [one for one in measured.rows if one["seed"] != row["seed"] and one["source"] == row["source"]]
    measured.rows = [*others, row]
    measured.about = about(name, measured.rows)
    write(measured, folder)


def about(name: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return on what and when a claim was measured, and the command that does it again."""
    from lab.engine.run_process import describe_device
    from lab.engine.versions import describe, versions

    return {
        "command": f"python -m evidence {name.replace('_', '-')}", "seeds": len(rows),
        "seconds": round(sum(row["seconds"] for row in rows), 1), "device": describe(describe_device()),
        "versions": versions(), "commit": commit(), "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip


def commit() -> str:
    """Return the commit of the code that measures, "" where there is no git."""
    command = ["git", "rev-parse", "--short=12", "HEAD"]
    try:
        return subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
