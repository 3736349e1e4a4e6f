"""How runs end: asked politely, killed, or by themselves; what they recorded is stored before anything else.

All methods but `_save` are called with the engine's lock held.
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from lab.engine.messages import FINAL, SAVING, WAITING
from lab.engine.run_state import RunState

if TYPE_CHECKING:
    from lab.engine.server import Engine

log = logging.getLogger("lab.engine")

REMEMBERED_RUNS = 30  # ended runs whose end a page can still ask for; older ones are in the store alone


class Ending:
    """The ways out. keep(record) stores an ended run; called in a thread of its own."""

    def __init__(self, engine: "Engine", keep: Callable[[dict[str, Any]], None]) -> None:
        self.engine, self._keep = engine, keep
        self._saver = ThreadPoolExecutor(1, "save")

    def drop(self, run: RunState) -> None:
        """Forget a run that has not trained."""
        self.engine.runs.pop(run.run_id, None)
        run.detach()
        self.engine.questions.fail(run, "")

    def end_politely(self, run: RunState, message: str = "") -> None:
        """Ask a run to stop; `overdue` ends it if it does not obey in time."""
        if run.state == "queued":
            self.end_now(run, "stopped", message or "Taken out of the queue before it began.")
        elif run.state in ("running", "paused"):
            run.state, run.deadline = "stopping", time.monotonic() + self.engine.settings.stop_seconds
            run.farewell = message
            if run.connection is None or not run.send("stop"):
                self.overdue(run)
        elif run.state in WAITING:
            self.drop(run)

    def overdue(self, run: RunState) -> None:
        """End a run that was asked to stop and has not obeyed."""
        self.end_now(run, "stopped", run.farewell or f"Stopped at step {run.step:,}.")

    def end_now(self, run: RunState, state: str, message: str) -> None:
        """Kill a run's process and end it."""
        run.detach()
        self.engine.questions.fail(run, message)
        self.end(run, state, message)

    def end(self, run: RunState, state: str, message: str) -> None:
        """Store what the run recorded, then let it take on its final state; its slot is free at once."""
        if run.state in (*FINAL, SAVING):
            return
        if len(run.moments) < 2:
            self._final(run, state, message)
            return
        run.state = SAVING
        self._saver.submit(self._save, run, state, message)
        self.engine.admission.admit()

    def _save(self, run: RunState, state: str, message: str) -> None:
        try:
            self._keep(run.record(state, message, self.engine.device()))
        except Exception:
            log.exception("%s could not be stored", run.run_id)
            message = f"{message} This run could not be stored: is the disk full?".strip()
        with self.engine.lock:
            self._final(run, state, message)

    def _final(self, run: RunState, state: str, message: str) -> None:
        run.state, run.message, run.asked = state, message, time.monotonic()
        run.moments, run.weights = run.moments[-1:], []
        ended = [old for old in self.engine.runs.values() if old.state in FINAL and not old.has_process]
        for old in sorted(ended, key=lambda old: old.asked)[:-REMEMBERED_RUNS]:
            del self.engine.runs[old.run_id]
        self.engine.admission.admit()
