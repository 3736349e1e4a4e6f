"""What the engine knows of one run, and what of it is kept when the run has ended."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any

from lab.engine.messages import SCENE_STEP, Moment, unpack
from lab.engine.processes import kill, takes_messages


@dataclass
class RunState:
    """One run. Times are `time.monotonic()` seconds; `born` is the wall clock in UTC.

    wanted: what start() asked for, sent with "go"; None while the run is only prepared.
    launching: the job of a process on its way; unlike any later one, so that a process nobody wants any more is known.
    pending: orders given meanwhile. compiled: the process has built and compiled everything.
    steps_asked, steps_done: numbers of the last single step asked for, and of the last one that is done.
    patience: seconds without a poll before the run is ended; released: its tab was closed, whoever polls takes it over.
    reader: where a model that only reads comes from; None for runs that train. most_megabytes: 0: the engine's limit.
    deadline: when a polite stop turns into a kill; farewell: the message of a polite stop.
    """

    run_id: str
    family: str
    config: dict[str, Any]
    digest: str
    owner: str
    patience: float
    learning_rate: float = 0.0
    state: str = "preparing"
    message: str = ""
    wanted: dict[str, Any] | None = None
    process: Any = None
    connection: Connection | None = None
    launching: Mapping[str, Any] | None = None
    pending: list[tuple[str, Any]] = field(default_factory=list)
    compiled: bool = False
    steps_asked: int = 0
    steps_done: int = 0
    released: bool = False
    facts: dict[str, Any] = field(default_factory=dict)
    scene: bytes = b""
    moments: list[Moment] = field(default_factory=list)
    rows: list[dict[str, float]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    weights: list[Any] = field(default_factory=list)
    born: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    created: float = field(default_factory=time.monotonic)
    seen: float = field(default_factory=time.monotonic)
    asked: float = field(default_factory=time.monotonic)
    started: float = 0.0
    queued: float = 0.0
    deadline: float = 0.0
    farewell: str = ""
    reader: dict[str, str] | None = None
    most_megabytes: int = 0

    @property
    def pid(self) -> int | None:
        """The process id, or None before the launch."""
        return self.process.pid if self.process is not None else None

    @property
    def has_process(self) -> bool:
        """Whether a process belongs to it, or is on its way."""
        return self.connection is not None or self.launching is not None

    @property
    def step(self) -> int:
        """The newest recorded step."""
        return self.moments[-1].step if self.moments else 0

    def detach(self) -> None:
        """Kill its process, or refuse the one on its way. The thread that listens closes the connection."""
        if self.connection is not None:
            kill(self.pid)
        self.process, self.connection, self.launching, self.compiled = None, None, None, False
        self.pending.clear()

    def send(self, command: str, value: Any = None) -> bool:
        """Send a command, or note it for a process on its way; False where nobody will read it. Never waits."""
        if self.connection is None:
            if self.launching is not None:
                self.pending.append((command, value))
            return self.launching is not None
        try:
            if takes_messages(self.connection):
                self.connection.send((command, value))
                return True
        except (OSError, ValueError):
            pass  # it is gone; the thread that listens says so
        return False

    def add(self, moment: Moment) -> None:
        """Record a snapshot; one of the same step (untrained, then compiled) replaces the former."""
        if self.moments and self.moments[-1].step == moment.step:
            self.moments[-1], self.rows[-1] = moment, moment.row()
        else:
            self.moments.append(moment)
            self.rows.append(moment.row())

    def record(self, state: str, message: str, device: dict[str, str]) -> dict[str, Any]:
        """Return everything worth keeping, as plain data."""
        return {
            "run_id": self.run_id, "family": self.family, "config": self.config, "digest": self.digest,
            "status": state, "message": message, "created": self.born, "device": device, "events": self.events,
            "seconds": self.moments[-1].seconds if self.moments else 0.0, "facts": self.facts,
            "metrics": list(self.rows), "weights": self.weights,
            "views": [(SCENE_STEP, unpack(self.scene))] * bool(self.scene)
            + [(moment.step, moment.arrays()) for moment in self.moments],
        }  # fmt: skip


def new_run_id(family: str) -> str:
    """Return a name that sorts by time and is unique: family, date and time in UTC, six random digits."""
    return f"{family}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"
