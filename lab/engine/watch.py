"""Listens to every run's process and holds the limits: time, memory, presence, stop deadlines, kept processes."""

import logging
import os
import threading
import time
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any, cast

from lab.engine.messages import ACTIVE, FINAL, WAITING
from lab.engine.processes import end_of, kill, own_megabytes
from lab.engine.run_state import RunState
from lab.engine.server import Engine

log = logging.getLogger("lab.engine")

TICK_SECONDS = 0.1
MEMORY_SECONDS = 0.5


class Watch:
    """Two threads: one reads what the runs say and keeps the deadlines, one measures their memory."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._bell_out, self._bell_in = Pipe(duplex=False)
        self._bell_lock = threading.Lock()
        engine.news = self.ring

    def begin(self) -> None:
        """Start both threads, the preload, and the look at the device."""
        for work in (self._listen_for_ever, self._weigh_for_ever, self._begin_engine):
            threading.Thread(target=work, daemon=True, name=work.__name__).start()

    def ring(self) -> None:
        """Wake the listening thread: there is a connection it does not know yet."""
        with self._bell_lock:
            self._bell_in.send(None)

    def _begin_engine(self) -> None:
        self.engine.source.preload()
        self.engine.find_device()

    def _listen_for_ever(self) -> None:
        while True:
            try:
                self._listen_once()
            except Exception:
                log.exception("the watch goes on after an error")
                time.sleep(TICK_SECONDS)

    def _listen_once(self) -> None:
        with self.engine.lock:
            by_connection = {run.connection: run for run in self.engine.runs.values() if run.connection is not None}
        for ready in wait([self._bell_out, *by_connection], TICK_SECONDS):
            if ready is self._bell_out:
                self._bell_out.recv()
            else:
                self._hear(by_connection[cast(Connection, ready)])
        self._keep_deadlines(time.monotonic())

    def _hear(self, run: RunState) -> None:
        connection = run.connection
        if connection is None:
            return
        try:
            kind, value = connection.recv()
        except (EOFError, OSError):
            self._gone(run)
            return
        with self.engine.lock:
            getattr(self, f"_on_{kind}")(run, value)

    def _gone(self, run: RunState) -> None:
        """The connection broke: the process has ended, expected or not."""
        with self.engine.lock:
            if run.connection is not None:
                run.connection.close()
            run.connection = None
            if run.state in FINAL or run.state == "saving":
                return
            expected = run.verdict or (("stopped", "") if run.state == "stopping" else None)
        state, message = expected or ("failed", end_of(run.process))
        with self.engine.lock:
            step = run.moments[-1].step if run.moments else 0
            self.engine.end(run, state, message or f"Stopped at step {step:,}.")

    # ---- what a run says ----

    def _on_facts(self, run: RunState, value: dict[str, Any]) -> None:
        run.facts = value

    def _on_scene(self, run: RunState, value: bytes) -> None:
        run.scene = value

    def _on_more_facts(self, run: RunState, value: dict[str, Any]) -> None:
        run.facts = {**run.facts, **value}

    def _on_moment(self, run: RunState, value: Any) -> None:
        run.add(value)

    def _on_prepared(self, run: RunState, value: Any) -> None:
        if run.state == "preparing":
            run.state = "prepared"

    def _on_event(self, run: RunState, value: dict[str, Any]) -> None:
        run.events.append(value)

    def _on_weights(self, run: RunState, value: list[Any]) -> None:
        run.weights = value

    def _on_trace(self, run: RunState, value: str) -> None:
        log.error("%s:\n%s", run.run_id, value)

    def _on_revived(self, run: RunState, value: Any) -> None:
        run.asked = time.monotonic()

    def _on_finished(self, run: RunState, value: str) -> None:
        self.engine.end(run, "finished", value)

    def _on_stopped(self, run: RunState, value: str) -> None:
        self.engine.end(run, "stopped", run.verdict[1] if run.verdict else value)

    def _on_failed(self, run: RunState, value: str) -> None:
        self.engine.end(run, "failed", value)

    def _on_answer(self, run: RunState, value: tuple[int, bytes, str]) -> None:
        number, packed, error = value
        if (question := self.engine.questions.get(number)) is not None:
            question.packed, question.error = packed, error
            question.done.set()

    # ---- limits ----

    def _keep_deadlines(self, now: float) -> None:
        settings = self.engine.settings
        with self.engine.lock:
            for run in list(self.engine.runs.values()):
                if run.state == "stopping" and now > run.deadline:
                    kill(run.pid)
                elif run.state in (*WAITING, "running", "paused") and now - run.seen > run.patience:
                    self.engine.end_politely(run, "Ended, because its page was closed.")
                elif run.state in ("running", "paused") and now - run.started > settings.run_seconds:
                    minutes = settings.run_seconds / 60
                    self.engine.end_politely(run, f"Ended after {minutes:g} minutes, the longest a run may take.")
            self._bound_kept(now)

    def _bound_kept(self, now: float) -> None:
        """Let finished processes go that nobody has asked for a while, and those beyond the bound."""
        kept = [run for run in self.engine.runs.values() if run.state in FINAL and run.connection is not None]
        kept.sort(key=lambda run: run.asked, reverse=True)
        for place, run in enumerate(kept):
            if place >= self.engine.settings.kept or now - run.asked > self.engine.settings.kept_seconds:
                self.engine.send(run, "quit")

    def _weigh_for_ever(self) -> None:
        while True:
            time.sleep(MEMORY_SECONDS)
            with self.engine.lock:
                busy = [(run, run.pid) for run in self.engine.runs.values() if run.state in (*ACTIVE, *WAITING)]
            for run, pid in busy:
                if pid and own_megabytes(pid) > self.engine.settings.run_megabytes:
                    self._too_heavy(run)

    def _too_heavy(self, run: RunState) -> None:
        with self.engine.lock:
            limit = self.engine.settings.run_megabytes
            run.verdict = (
                "failed",
                f"This run needed more than {limit:,} MB of memory and was ended, so that others can go on. "
                "What it had recorded is kept. Try fewer units, smaller batches or less data.",
            )
            kill(run.pid)


def exit_with(stream: Any, close: Callable[[], None]) -> None:
    """End this process, and all runs, as soon as the process at the other end of the stream has ended."""
    try:
        while stream.read(4096):
            pass
    finally:
        close()
        os._exit(0)
