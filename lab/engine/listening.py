"""What a run says, and what the engine does about it: one thread per process, so that none waits for another."""

import logging
import time
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from lab.engine.messages import ACTIVE, WAITING
from lab.engine.processes import end_of
from lab.engine.run_state import RunState

if TYPE_CHECKING:
    from lab.engine.server import Engine

log = logging.getLogger("lab.engine")


def listen(engine: "Engine", run: RunState, connection: Connection) -> None:
    """Take in what a process says until it has ended; called in a thread of its own, which also closes the connection.

    A run can lose its process, and get another, while this one still has words on the way: they no longer count.
    """
    handlers = _Handlers(engine, run)
    try:
        while True:
            kind, value = connection.recv()
            with engine.lock:
                if run.connection is connection:
                    getattr(handlers, kind)(value)
    except (EOFError, OSError):
        pass
    except Exception:
        log.exception("what %s said could not be understood", run.run_id)
    _gone(engine, run, connection)


def _gone(engine: "Engine", run: RunState, connection: Connection) -> None:
    """The connection broke: the process has ended, expected or not."""
    with engine.lock:
        current, process, waited = run.connection is connection, run.process, run.compiled and run.state in WAITING
        if current:
            run.detach()
    connection.close()
    if not current:
        return
    reason = end_of(process)  # waits for the exit status, so not under the lock
    with engine.lock:
        if run.has_process or (waited and run.state in WAITING):
            return  # it only waited, and gets a new process when its turn comes
        engine.questions.fail(run, reason)
        if run.state == "stopping":
            engine.ending.overdue(run)
        else:
            engine.ending.end(run, "failed", reason)


class _Handlers:
    """One method per kind of message; all are called with the engine's lock held."""

    def __init__(self, engine: "Engine", run: RunState) -> None:
        self.engine, self.run = engine, run

    def facts(self, value: dict[str, Any]) -> None:
        self.run.facts = {**self.run.facts, **value}
        if self.run.reader:
            self.engine.readers.heard(self.run)

    def scene(self, value: bytes) -> None:
        self.run.scene = value

    def moment(self, value: Any) -> None:
        if self.run.state in (*WAITING, *ACTIVE):
            self.run.add(value)

    def prepared(self, value: None) -> None:
        self.run.compiled = True
        if self.run.state == "preparing":
            self.run.state = "prepared"
        self.engine.admission.admit()

    def held(self, value: int) -> None:
        self.run.steps_done = max(self.run.steps_done, value)

    def event(self, value: dict[str, Any]) -> None:
        self.run.events.append(value)

    def weights(self, value: list[Any]) -> None:
        self.run.weights = value

    def trace(self, value: str) -> None:
        log.error("%s:\n%s", self.run.run_id, value)
        if not self.run.compiled and not self.run.reader:
            # A damaged file among the compiled functions would fail every later run as well.
            self.engine.discard_compiled()

    def revived(self, value: None) -> None:
        self.run.asked = time.monotonic()

    def answer(self, value: tuple[int, bytes, str]) -> None:
        self.engine.questions.answer(*value)

    def finished(self, value: str) -> None:
        self.engine.ending.end(self.run, "finished", value)

    def stopped(self, value: str) -> None:
        self.engine.ending.end(self.run, "stopped", self.run.farewell or value)

    def failed(self, value: str) -> None:
        self.engine.questions.fail(self.run, value)
        self.engine.ending.end(self.run, "failed", value)
