"""The engine's public face: what a page may ask for. Who gets a process when, how runs end, and who answers is beside.

`admission` gives out slots, `ending` stores what was recorded, `questions` carries questions to a run, `listening`
takes in what a run says, `watch` holds the limits. All of them share the engine's one lock.
"""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from lab.engine.admission import Admission
from lab.engine.ending import Ending
from lab.engine.messages import ACTIVE, WAITING, Progress
from lab.engine.processes import ProcessSource
from lab.engine.questions import Questions, Recall
from lab.engine.readers import Readers
from lab.engine.run_state import RunState, new_run_id
from lab.engine.settings import Settings

log = logging.getLogger("lab.engine")

LONGEST_PACE = 5.0

Keep = Callable[[dict[str, Any]], None]

PREPARED_GRACE_SECONDS = 1.0


class Engine:
    """All runs. Every method may be called from any thread and returns quickly (but `ask`).

    keep(record): stores an ended run; called in a thread of its own.
    recall(run_id): returns (family, config, weights) of a stored run, or None.
    """

    def __init__(self, settings: Settings, keep: Keep, recall: Recall) -> None:
        self.settings = settings
        self.lock = threading.RLock()
        self.runs: dict[str, RunState] = {}
        self.source = ProcessSource()
        self.admission = Admission(self)
        self.ending = Ending(self, keep)
        self.questions = Questions(self, recall)
        self.readers = Readers(self)
        self.discard_compiled: Callable[[], None] = lambda: None  # deletes the compiled functions kept on disk
        self._device: dict[str, str] = {}

    # ---- what a page may ask for ----

    def prepare(self, family: str, config: Mapping[str, Any], owner: str) -> str:
        """Have a process build, compile and wait. Returns its run id; an equal waiting one is used again.

        With many open pages there are fewer processes than pages: a run whose first picture is drawn gives its process
        to the next one and stays prepared; started, it compiles anew.
        """
        valid = self.validated(family, config)
        with self.lock:
            run = self._prepared_for(valid.digest(), owner)
            if run is None:
                self._drop_prepared(owner)
                run = self._new_run(valid, owner)
                self.admission.admit()
            run.seen, run.patience, run.released = time.monotonic(), self.settings.away_seconds, False
            self.admission.refresh(run)
        return run.run_id

    def start(self, family: str, config: Mapping[str, Any], owner: str, pace: float = 0.0, paused: bool = False) -> str:
        """Train, at once or when a slot is free. Uses a prepared process if one fits. Returns the run id.

        pace: seconds to wait after each snapshot. paused: hold before the first step. A browser session (owner) has
        one run at a time: its former run is stopped. Raises ValueError (pydantic's) on settings that are not valid.
        """
        valid = self.validated(family, config)
        with self.lock:
            for former in self._of_owner(owner, ("queued", "running", "paused")):
                self.ending.end_politely(former, "Stopped, because another run was started.")
            run = self._prepared_for(valid.digest(), owner)
            if run is None:
                self._drop_prepared(owner)
                run = self._new_run(valid, owner)
            run.wanted = {"pace": _pace(pace), "paused": bool(paused)}
            run.state, run.queued, run.seen = "queued", time.monotonic(), time.monotonic()
            run.patience, run.released = self.settings.away_seconds, False
            self.admission.admit()
        return run.run_id

    def poll(self, run_id: str, since: int = 0, owner: str = "") -> Progress:
        """Return what is new since the cursor of the last poll. Asking regularly keeps the run alive."""
        with self.lock:
            run = self.runs.get(run_id)
            if run is None:
                return Progress(run_id, "unknown")
            run.seen, run.patience = time.monotonic(), self.settings.away_seconds
            if run.released and owner and not self._of_owner(owner, ("queued", *ACTIVE)):
                run.owner, run.released = owner, False
            first = since if 0 <= since <= len(run.rows) else 0
            rows = tuple(run.rows[first:])
            return Progress(
                run_id, run.state, run.message, self.admission.position(run), dict(run.facts), rows, len(run.rows),
                run.moments[-1] if run.moments and (rows or first == 0) else None,
                run.learning_rate, dict(run.config), run.family, run.scene if first == 0 else b"",
                run.state == "paused" and run.steps_asked > run.steps_done,
            )  # fmt: skip

    def pause(self, run_id: str) -> None:
        """Hold the run after its current piece of work."""
        self._tell(run_id, "pause", state="paused", when=("running",))

    def resume(self, run_id: str) -> None:
        """Go on after a pause."""
        self._tell(run_id, "resume", state="running", when=("paused",))

    def step(self, run_id: str) -> None:
        """Do one piece of work and hold; in the queue: as soon as the run's turn comes."""
        with self.lock:
            run = self.runs.get(run_id)
            if run is not None and run.state == "queued" and run.wanted is not None:
                run.wanted["paused"], run.steps_asked = True, run.steps_asked + 1
            elif run is not None and run.state in ("running", "paused") and run.send("step", run.steps_asked + 1):
                run.state, run.steps_asked = "paused", run.steps_asked + 1

    def set_pace(self, run_id: str, seconds: float) -> None:
        """Wait so long after each snapshot, so that a person can follow; 0: full speed. Changes no result."""
        pace = _pace(seconds)
        with self.lock:
            run = self.runs.get(run_id)
            if run is not None and run.state == "queued" and run.wanted is not None:
                run.wanted["pace"] = pace
            self._tell(run_id, "pace", pace, when=ACTIVE)

    def set_learning_rate(self, run_id: str, value: float) -> None:
        """Change the learning rate from the next piece of work on; recorded as an event. Raises ValueError."""
        with self.lock:
            run = self.runs.get(run_id)
            if run is None or run.state not in ("running", "paused"):
                return
            self.validated(run.family, {**run.config, "learning_rate": value})
            if run.send("learning_rate", float(value)):
                run.learning_rate = float(value)

    def stop(self, run_id: str) -> None:
        """End the run within `stop_seconds`, politely or not; what it recorded is kept."""
        with self.lock:
            if (run := self.runs.get(run_id)) is not None:
                self.ending.end_politely(run)

    def ask(self, run_id: str, question: Mapping[str, Any]) -> bytes:
        """Return the packed arrays of `look` for this question; a run without a process is revived from its weights.

        Raises ValueError with a sentence when the run is unknown or the question cannot be answered.
        """
        return self.questions.ask(run_id, question)

    def open_reader(self, source: Mapping[str, Any], again: bool = False) -> str:
        """Have a process open a model that only reads, if none has; returns at once. Poll the run id that it returns.

        source: name, title, origin and folder, see lab.readers. again: try again after a failure.
        """
        with self.lock:
            return self.readers.open(source, again).run_id

    def read(self, source: Mapping[str, Any], question: Mapping[str, Any]) -> bytes:
        """Return the packed answer of a model that only reads; it is opened first where it is not.

        Raises ValueError with a sentence when it cannot be opened, is being downloaded or cannot answer.
        """
        with self.lock:
            run = self.readers.open(source, again=False)
            self.readers.refuse_while_downloading(run)
        return self.questions.ask(run.run_id, question)

    def release(self, owner: str) -> None:
        """A browser tab was closed: its runs end after a short grace, unless somebody watches them again."""
        with self.lock:
            for run in self._of_owner(owner, (*WAITING, *ACTIVE)):
                grace = self.settings.grace_seconds
                if run.state in ("preparing", "prepared"):
                    grace = min(grace, PREPARED_GRACE_SECONDS)  # nothing is lost with it, and its memory is free again
                run.released, run.seen = True, time.monotonic()
                run.patience = min(run.patience, grace)

    def device(self) -> dict[str, str]:
        """Return {"kind": "CPU" or "GPU", "name": ...}; empty while TensorFlow is still being imported."""
        return dict(self._device)

    def census(self) -> dict[str, Any]:
        """Return the number of runs by state and the process ids by run, for tests and measurements."""
        with self.lock:
            states: dict[str, int] = {}
            for run in self.runs.values():
                states[run.state] = states.get(run.state, 0) + 1
            return {"states": states, "processes": {r.run_id: r.pid for r in self.runs.values() if r.connection}}

    # ---- what the parts share ----

    def validated(self, family: str, config: Mapping[str, Any]) -> Any:
        """Return the family's Config. Raises ValueError with a sentence."""
        from pydantic import ValidationError

        from models.configs import CONFIGS

        if family not in CONFIGS:
            raise ValueError(f"There is no family named {str(family)[:80]!r}.")
        try:
            return CONFIGS[family](**dict(config))
        except ValidationError as error:  # pydantic's own error cannot cross to another process
            problems = "; ".join(f"{problem['loc'][0] if problem['loc'] else 'settings'}: {problem['msg']}"
                                 for problem in error.errors())  # fmt: skip
            raise ValueError(f"These settings are not valid. {problems}") from None

    def job(self, family: str, config: Mapping[str, Any], weights: list[Any] | None = None) -> dict[str, Any]:
        """Return what a run's process needs to know. weights: to answer questions instead of training."""
        return {
            "family": family, "config": dict(config), "weights": weights, "threads": self.settings.threads,
            "plug_ins": self.settings.families, "engine": os.getpid(),
        }  # fmt: skip

    def find_device(self) -> None:
        """Ask a process of its own what TensorFlow computes on."""
        try:
            process, connection = self.source.launch(self.job("", {}))
            with contextlib.closing(connection):
                kind, value = connection.recv()
            process.join()
            self._device = value if kind == "device" else {}
        except (EOFError, OSError) as error:
            log.warning("the device could not be read: %s", error)

    def _new_run(self, valid: Any, owner: str) -> RunState:
        run = RunState(
            run_id=new_run_id(valid.family),
            family=valid.family,
            config=valid.model_dump(mode="json"),
            digest=valid.digest(),
            owner=owner,
            patience=self.settings.away_seconds,
            learning_rate=float(getattr(valid, "learning_rate", 0.0)),
        )
        self.runs[run.run_id] = run
        return run

    def _of_owner(self, owner: str, states: tuple[str, ...]) -> list[RunState]:
        return [run for run in self.runs.values() if run.owner == owner and run.state in states]

    def _prepared_for(self, digest: str, owner: str) -> RunState | None:
        fitting = [run for run in self._of_owner(owner, ("preparing", "prepared")) if run.digest == digest]
        return fitting[0] if fitting else None

    def _drop_prepared(self, owner: str) -> None:
        for run in self._of_owner(owner, ("preparing", "prepared")):
            self.ending.drop(run)

    def _tell(self, run_id: str, command: str, value: Any = None, state: str = "", when: tuple[str, ...] = ()) -> None:
        with self.lock:
            run = self.runs.get(run_id)
            if run is not None and run.state in when and run.send(command, value):
                run.state = state or run.state


def _pace(seconds: float) -> float:
    """Return a pace within its bounds; what is no number (NaN) counts as full speed."""
    return min(LONGEST_PACE, max(0.0, float(seconds)))
