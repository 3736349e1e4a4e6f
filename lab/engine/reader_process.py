"""A model that only reads, seen from inside its own process: fetch it, load it, answer.

The connection speaks as that of a run does (run_process), but there is nothing to train: facts say how far the opening
is, then questions are answered until "quit".
"""

from collections.abc import Mapping
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from lab.engine.memory import give_back_file_pages, give_back_memory

IDLE_SECONDS = 2.0  # without a question; then what later questions need is compiled
BASE_MEGABYTES = 100  # of a process of its own beside what it shares with the others


class Reader:
    """The life of one reading model. job["reader"]: the source, see lab.readers."""

    def __init__(self, connection: Connection, job: Mapping[str, Any]) -> None:
        self.connection, self.source = connection, dict(job["reader"])
        self.open = self._opened()

    def _opened(self) -> Any:
        from models.readers import folder_of, needed_megabytes, open_reader

        self._tell(stage="loading")
        folder = folder_of(self.source, self._report)
        need = needed_megabytes(Path(folder)) + BASE_MEGABYTES
        refuse_if_short(str(self.source["title"]), need, free_megabytes())
        self._tell(stage="loading", megabytes=round(need))
        reader = open_reader(Path(folder))
        give_back_memory()
        give_back_file_pages()
        self._tell(stage="ready", **reader.facts())
        return reader

    def _report(self, here: float, total: float) -> None:
        self._tell(stage="downloading", downloaded_megabytes=here, total_megabytes=total)

    def _tell(self, **facts: Any) -> None:
        self.connection.send(("facts", facts))

    def live(self) -> None:
        """Answer until told to quit."""
        from lab.engine.run_process import send_answer

        while True:
            if not self.connection.poll(IDLE_SECONDS):
                self.open.prepare_to_write()
            command, value = self.connection.recv()
            if command == "quit":
                return
            if command == "ask":
                number, question = value
                send_answer(self.connection, number, partial(self.open.answer, question))


def refuse_if_short(title: str, need: float, free: float) -> None:
    """Raise UnfitData with a sentence where a model needs more memory than is free, both in megabytes."""
    if need <= free:
        return
    from models.readers import UnfitData

    raise UnfitData(
        f"{title} needs about {need:,.0f} MB of memory, and {free:,.0f} MB are free. "
        "Close something, or choose a smaller model."
    )


def free_megabytes(root: Path = Path("/sys/fs/cgroup")) -> float:
    """Return how much memory this process may still take: what the machine has, or what its container leaves.

    Containers: cgroup version 2 (memory.max, memory.current) and 1 (memory/memory.limit_in_bytes, usage_in_bytes);
    pages of files that the system can drop at once (inactive_file) count as free.
    """
    import psutil

    free = float(psutil.virtual_memory().available)
    for limit, used, state in (
        ("memory.max", "memory.current", "memory.stat"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
    ):
        most, taken = _number(root / limit), _number(root / used)
        if most is not None and taken is not None:
            free = min(free, most - taken + _droppable(root / state))
    return free / 1e6


def _number(file: Path) -> float | None:
    try:
        return float(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # "max": no limit
        return None


def _droppable(file: Path) -> float:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    found = dict(line.split() for line in lines if len(line.split()) == 2)
    return float(found.get("total_inactive_file", found.get("inactive_file", 0)))
