"""What the engine knows of one run, and what of it is kept when the run has ended."""

import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any

from lab.engine.messages import SCENE_STEP, Moment, unpack


@dataclass
class RunState:
    """One run. Times are `time.monotonic()` seconds; `born` is the wall clock in UTC.

    wanted: what start() asked for, sent with "go"; None while the run is only prepared.
    patience: seconds without a poll before the run is ended; deadline: when a polite stop turns into a kill.
    verdict: state and message to take on once a killed process is gone.
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
    launching: bool = False
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
    verdict: tuple[str, str] | None = None

    @property
    def pid(self) -> int | None:
        """The process id, or None before the launch."""
        return self.process.pid if self.process is not None else None

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
            "seconds": self.moments[-1].seconds if self.moments else 0.0, "facts": self.facts, "metrics": self.rows,
            "weights": self.weights,
            "views": [(SCENE_STEP, unpack(self.scene))] * bool(self.scene)
            + [(moment.step, moment.arrays()) for moment in self.moments],
        }  # fmt: skip


def new_run_id(family: str) -> str:
    """Return a name that sorts by time and is unique: family, date and time in UTC, six random digits."""
    return f"{family}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"


@dataclass
class Question:
    """An `ask` on its way to a run and back."""

    run_id: str
    text: dict[str, Any]
    done: threading.Event = field(default_factory=threading.Event)
    packed: bytes = b""
    error: str = "No answer came in time. Ask again; if it happens twice, train the run again."
