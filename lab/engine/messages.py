"""What crosses the borders between web process, engine and run: plain data, no behaviour."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]

WAITING = ("queued", "preparing", "prepared")
ACTIVE = ("running", "paused", "stopping")
FINAL = ("finished", "stopped", "failed")
SAVING = "saving"  # between ACTIVE and FINAL: the slot is free again, the record is being written
FIRST_PICTURE = {"first": True}  # the question, with "settings", for what a run shows before its first step
SAVED_NETWORK = {"file": ".keras"}  # the question for the trained network as a file
SCENE_STEP = -1  # under this step a record keeps the arrays that training does not change


@dataclass(frozen=True)
class Moment:
    """A snapshot on its way: the arrays of its view are packed once, in the run's process, and opened on the page."""

    step: int
    epoch: float
    seconds: float
    metrics: dict[str, float]
    packed: bytes

    def arrays(self) -> Arrays:
        """Return the arrays of the view by name."""
        return unpack(self.packed)

    def row(self) -> dict[str, float]:
        """Return step, epoch, seconds and all metrics as one flat row."""
        return {"step": self.step, "epoch": self.epoch, "seconds": self.seconds, **self.metrics}


@dataclass(frozen=True)
class Progress:
    """The answer to a poll.

    state: one of WAITING, ACTIVE, SAVING, FINAL, or "unknown"; message: a sentence for a person, often empty;
    position: place in the queue, from 1, or 0; rows: metrics since the last poll; cursor: what to ask from next;
    latest: the newest snapshot if it is newer than the last poll; facts: layers, parameters, baselines, total_steps;
    scene: packed arrays that do not change during the run, in the answer to a first poll (since 0) only;
    stepping: a paused run still does the pieces of work it was asked for, so polling again brings news.
    """

    run_id: str
    state: str
    message: str = ""
    position: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    rows: tuple[dict[str, float], ...] = ()
    cursor: int = 0
    latest: Moment | None = None
    learning_rate: float = 0.0
    config: Mapping[str, Any] = field(default_factory=dict)
    family: str = ""
    scene: bytes = b""
    stepping: bool = False

    @property
    def active(self) -> bool:
        """Whether polling again soon can bring news."""
        return self.stepping or self.state in ("queued", "preparing", "running", "stopping", SAVING)


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return arrays as bytes; only numbers and booleans may cross."""
    for name, array in arrays.items():
        if np.asarray(array).dtype.kind not in "biufUS":
            raise TypeError(f"{name} holds {np.asarray(array).dtype}, not plain numbers or text")
    return pickle.dumps({name: np.ascontiguousarray(array) for name, array in arrays.items()}, protocol=5)


def unpack(packed: bytes) -> Arrays:
    """Undo `pack`. Only ever called on bytes from this app's own processes, over an authenticated local connection."""
    return pickle.loads(packed)
