"""Holds the limits: stop deadlines, presence, time, kept processes, memory; and keeps the forking server alive."""

import logging
import threading
import time
from collections.abc import Callable

from lab.engine.messages import FINAL, WAITING
from lab.engine.processes import own_megabytes
from lab.engine.run_state import RunState
from lab.engine.server import Engine

log = logging.getLogger("lab.engine")

TICK_SECONDS = 0.05
MEMORY_SECONDS = 0.1
SERVER_SECONDS = 1.0
TIDY_SECONDS = 60.0


class Watch:
    """A thread per duty, so that a slow one cannot delay the deadlines. tidy: bounds what is kept on disk."""

    def __init__(self, engine: Engine, tidy: Callable[[], None]) -> None:
        self.engine, self._tidy = engine, tidy

    def begin(self) -> None:
        """Start the threads, the preload, and the look at the device."""
        duties = (
            (TICK_SECONDS, self._keep_deadlines),
            (MEMORY_SECONDS, self._weigh),
            (SERVER_SECONDS, self.engine.source.preload),
            (TIDY_SECONDS, self._tidy),
        )
        for seconds, duty in duties:
            threading.Thread(target=_for_ever, args=(seconds, duty), daemon=True, name="watch").start()
        threading.Thread(target=self.engine.find_device, daemon=True, name="device").start()

    def _keep_deadlines(self) -> None:
        with self.engine.lock:
            now = time.monotonic()
            for run in list(self.engine.runs.values()):
                if run.state == "stopping" and now > run.deadline:
                    self.engine.ending.overdue(run)
                elif run.state in (*WAITING, "running", "paused"):
                    self._end_if_due(run, now)
            self._bound_kept(now)
            self.engine.readers.bound(now)

    def _end_if_due(self, run: RunState, now: float) -> None:
        longest = self.engine.settings.run_seconds
        if now - run.seen > run.patience:
            self.engine.ending.end_politely(run, "Ended, because its page was closed.")
        elif run.state in ("running", "paused") and now - run.started > longest:
            duration = f"{longest / 60:g} minutes" if longest >= 60 else f"{longest:g} seconds"
            self.engine.ending.end_politely(
                run,
                f"Ended after {duration}, the longest a run may take. What it had recorded is kept. "
                "Try fewer epochs, fewer units or less data.",
            )

    def _bound_kept(self, now: float) -> None:
        """Let finished processes go that nobody has asked for a while, and those beyond the bound."""
        settings = self.engine.settings
        kept = [run for run in self.engine.runs.values() if run.state in FINAL and run.connection and not run.reader]
        kept.sort(key=lambda run: run.asked, reverse=True)
        for place, run in enumerate(kept):
            due = place >= settings.kept or now - run.asked > settings.kept_seconds
            if due and not self.engine.questions.pending(run):
                run.detach()

    def _weigh(self) -> None:
        with self.engine.lock:
            alive = [(run, run.pid) for run in self.engine.runs.values() if run.connection is not None]
        limit = self.engine.settings.run_megabytes
        for run, pid in alive:
            most = run.most_megabytes or limit
            if pid and own_megabytes(pid, beyond=most) > most:
                self._too_heavy(run, pid, most)

    def _too_heavy(self, run: RunState, pid: int, most: int) -> None:
        with self.engine.lock:
            if run.pid == pid:
                self.engine.ending.end_now(
                    run,
                    "failed",
                    f"This run needed more than {most:,} MB of memory and was ended, "
                    "so that others can go on. What it had recorded is kept. "
                    "Try fewer units, smaller batches or less data.",
                )


def _for_ever(seconds: float, duty: Callable[[], None]) -> None:
    while True:
        try:
            duty()
        except Exception:
            log.exception("the watch goes on after an error")
        time.sleep(seconds)
