"""The engine's public face: who may run, in which order, and what a page may ask for."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lab.engine.messages import ACTIVE, FINAL, WAITING, Progress
from lab.engine.processes import ProcessSource, kill
from lab.engine.run_state import Question, RunState, new_run_id
from lab.engine.settings import Settings

log = logging.getLogger("lab.engine")

ANSWER_SECONDS = 20.0
REMEMBERED_RUNS = 100

Keep = Callable[[dict[str, Any]], None]
Recall = Callable[[str], tuple[str, dict[str, Any], list[Any]] | None]


class Engine:
    """All runs. Every method may be called from any thread and returns quickly (but `ask`).

    keep(record): stores an ended run; called in a thread of its own.
    recall(run_id): returns (family, config, weights) of a stored run, or None.
    """

    def __init__(self, settings: Settings, keep: Keep, recall: Recall) -> None:
        self.settings = settings
        self.keep, self._recall = keep, recall
        self.source = ProcessSource()
        self.lock = threading.RLock()
        self.runs: dict[str, RunState] = {}
        self.questions: dict[int, Question] = {}
        self._numbers = 0
        self._gone_owners: dict[str, float] = {}
        self.saver = ThreadPoolExecutor(1, "save")
        self._device: dict[str, str] = {}
        self.news: Callable[[], None] = lambda: None  # set by the watch: look at the connections again

    # ---- what a page may ask for ----

    def prepare(self, family: str, config: Mapping[str, Any], owner: str) -> str:
        """Fork a process that builds, compiles and waits. Returns its run id; an equal waiting one is used again."""
        valid = self._validated(family, config)
        with self.lock:
            if (ready := self._prepared_for(valid.digest(), owner)) is not None:
                ready.seen = time.monotonic()
                return ready.run_id
            self._drop_prepared(owner)
            run = self._new_run(valid, owner)
            self._bound_prepared(run)
            self._launch(run)
        return run.run_id

    def start(
        self, family: str, config: Mapping[str, Any], owner: str, pace: float = 0.0, paused: bool = False
    ) -> str:
        """Train, at once or when a slot is free. Uses a prepared process if one fits. Returns the run id.

        pace: seconds to wait after each snapshot. paused: hold before the first step. A browser session (owner) has
        one run at a time: its former run is stopped. Raises ValueError (pydantic's) on settings that are not valid.
        """
        valid = self._validated(family, config)
        with self.lock:
            for former in self._of_owner(owner, ("queued", "running", "paused")):
                self.end_politely(former, "Stopped, because another run was started.")
            run = self._prepared_for(valid.digest(), owner)
            if run is None:
                self._drop_prepared(owner)
                run = self._new_run(valid, owner)
            run.wanted = {"pace": max(0.0, float(pace)), "paused": bool(paused)}
            run.state, run.queued, run.seen = "queued", time.monotonic(), time.monotonic()
            self.admit()
        return run.run_id

    def poll(self, run_id: str, since: int = 0, owner: str = "") -> Progress:
        """Return what is new since the cursor of the last poll. Asking regularly keeps the run alive."""
        with self.lock:
            run = self.runs.get(run_id)
            if run is None:
                return Progress(run_id, "unknown")
            run.seen, run.patience = time.monotonic(), self.settings.away_seconds
            if owner and run.owner in self._gone_owners:
                run.owner = owner
            first = since if 0 <= since <= len(run.rows) else 0
            rows = tuple(run.rows[first:])
            return Progress(
                run_id, run.state, run.message, self._position(run), dict(run.facts), rows, len(run.rows),
                run.moments[-1] if run.moments and (rows or first == 0) else None,
                run.learning_rate, dict(run.config), run.family, run.scene if first == 0 else b"",
            )  # fmt: skip

    def pause(self, run_id: str) -> None:
        """Hold the run after its current piece of work."""
        self._tell(run_id, "pause", state="paused", when=("running",))

    def resume(self, run_id: str) -> None:
        """Go on after a pause."""
        self._tell(run_id, "resume", state="running", when=("paused",))

    def step(self, run_id: str) -> None:
        """Do one piece of work and hold."""
        self._tell(run_id, "step", state="paused", when=("running", "paused"))

    def set_pace(self, run_id: str, seconds: float) -> None:
        """Wait so long after each snapshot, so that a person can follow; 0: full speed. Changes no result."""
        self._tell(run_id, "pace", min(5.0, max(0.0, float(seconds))), when=ACTIVE)

    def set_learning_rate(self, run_id: str, value: float) -> None:
        """Change the learning rate from the next piece of work on; recorded as an event. Raises ValueError."""
        with self.lock:
            run = self.runs.get(run_id)
            if run is None or run.state not in ("running", "paused"):
                return
            self._validated(run.family, {**run.config, "learning_rate": float(value)})
            run.learning_rate = float(value)
            self.send(run, "learning_rate", float(value))

    def stop(self, run_id: str) -> None:
        """End the run within `stop_seconds`, politely or not; what it recorded is kept."""
        with self.lock:
            if (run := self.runs.get(run_id)) is not None:
                self.end_politely(run)

    def ask(self, run_id: str, question: Mapping[str, Any]) -> bytes:
        """Return the packed arrays of `look` for this question; a run without a process is revived from its weights.

        Raises ValueError with a sentence when the run is unknown or the question cannot be answered.
        """
        with self.lock:
            run = self._answering(run_id)
            self._numbers += 1
            number, waiting = self._numbers, Question(run_id, dict(question))
            self.questions[number] = waiting
            run.asked = time.monotonic()
            self.send(run, "ask", (number, waiting.text))
        waiting.done.wait(ANSWER_SECONDS)
        with self.lock:
            self.questions.pop(number, None)
        if waiting.error:
            raise ValueError(waiting.error)
        return waiting.packed

    def release(self, owner: str) -> None:
        """A browser tab was closed: its runs end after a short grace, unless somebody watches them again."""
        with self.lock:
            self._gone_owners[owner] = time.monotonic()
            for run in self._of_owner(owner, (*WAITING, *ACTIVE)):
                run.patience = min(run.patience, self.settings.grace_seconds)
                run.seen = time.monotonic()

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

    # ---- starting ----

    def find_device(self) -> None:
        """Ask a process of its own what TensorFlow computes on."""
        try:
            _, connection = self.source.launch(self._job("", {}))
            kind, value = connection.recv()
            self._device = value if kind == "device" else {}
        except (EOFError, OSError) as error:
            log.warning("the device could not be read: %s", error)

    def _validated(self, family: str, config: Mapping[str, Any]) -> Any:
        from pydantic import ValidationError

        from models.configs import CONFIGS

        if family not in CONFIGS:
            raise ValueError(f"There is no family named {family!r}.")
        try:
            return CONFIGS[family](**dict(config))
        except ValidationError as error:  # pydantic's own error cannot cross to another process
            problems = "; ".join(f"{problem['loc'][0] if problem['loc'] else 'settings'}: {problem['msg']}"
                                 for problem in error.errors())
            raise ValueError(f"These settings are not valid. {problems}") from None

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
        ended = [old for old in self.runs.values() if old.state in FINAL and old.connection is None]
        for old in sorted(ended, key=lambda old: old.created)[:-REMEMBERED_RUNS]:
            del self.runs[old.run_id]
        return run

    def _job(self, family: str, config: Mapping[str, Any], weights: list[Any] | None = None) -> dict[str, Any]:
        return {
            "family": family, "config": dict(config), "weights": weights, "go": False, "paused": False, "pace": 0.0,
            "threads": self.settings.threads, "plug_ins": self.settings.families,
        }  # fmt: skip

    def _launch(self, run: RunState, weights: list[Any] | None = None) -> None:
        """Start the process in a thread, since the first one waits until TensorFlow is imported."""
        run.launching = True
        threading.Thread(target=self._launch_now, args=(run, weights), daemon=True, name="launch").start()

    def _launch_now(self, run: RunState, weights: list[Any] | None) -> None:
        try:
            process, connection = self.source.launch(self._job(run.family, run.config, weights))
        except (EOFError, OSError) as error:
            with self.lock:
                run.launching = False
                run.state, run.message = "failed", f"No process could be started ({error}). Wait a moment, train again."
                self.admit()
            return
        with self.lock:
            run.process, run.connection, run.launching = process, connection, False
            if self.runs.get(run.run_id) is not run or run.state == "stopping":
                kill(run.pid)
            elif run.state in ("running", "paused"):
                self.send(run, "go", run.wanted)
            for number, question in self.questions.items():
                if question.run_id == run.run_id:
                    self.send(run, "ask", (number, question.text))
        self.news()

    def _answering(self, run_id: str) -> RunState:
        """Return the run that can answer, with a process or with one on its way."""
        run = self.runs.get(run_id)
        if run is not None and (run.connection is not None or run.launching):
            return run
        stored = self._recall(run_id)
        if stored is None:
            raise ValueError("This run is not stored here any more. Train it again, then ask.")
        family, config, weights = stored
        if not weights:
            raise ValueError("This run kept no weights, since it ended too early. Train it again, then ask.")
        valid = self._validated(family, config)
        if run is None:
            run = RunState(run_id, family, valid.model_dump(mode="json"), valid.digest(), "", 0.0, state="finished")
            self.runs[run_id] = run
        self._launch(run, weights)
        return run

    # ---- admission ----

    def admit(self) -> None:
        """Give free slots to those who have waited longest."""
        busy = sum(run.state in ACTIVE for run in self.runs.values())
        for run in self._queue()[: max(0, self.settings.slots - busy)]:
            paused = bool(run.wanted and run.wanted["paused"])
            run.state, run.started = ("paused" if paused else "running"), time.monotonic()
            if run.connection is not None:
                self.send(run, "go", run.wanted)
            elif not run.launching:
                self._launch(run)

    def _queue(self) -> list[RunState]:
        return sorted((run for run in self.runs.values() if run.state == "queued"), key=lambda run: run.queued)

    def _position(self, run: RunState) -> int:
        return self._queue().index(run) + 1 if run.state == "queued" else 0

    def _of_owner(self, owner: str, states: tuple[str, ...]) -> list[RunState]:
        return [run for run in self.runs.values() if run.owner == owner and run.state in states]

    def _prepared_for(self, digest: str, owner: str) -> RunState | None:
        fitting = [run for run in self._of_owner(owner, ("preparing", "prepared")) if run.digest == digest]
        return fitting[0] if fitting else None

    def _drop_prepared(self, owner: str) -> None:
        for run in self._of_owner(owner, ("preparing", "prepared")):
            self.drop(run)

    def _bound_prepared(self, newest: RunState) -> None:
        waiting = [r for r in self.runs.values() if r.state in ("preparing", "prepared") and r is not newest]
        surplus = max(0, len(waiting) + 1 - self.settings.prepared)
        for run in sorted(waiting, key=lambda run: run.seen)[:surplus]:
            self.drop(run)

    # ---- ending ----

    def drop(self, run: RunState) -> None:
        """Forget a run that has not trained."""
        self.runs.pop(run.run_id, None)
        kill(run.pid)
        if run.connection is not None:
            run.connection.close()
            run.connection = None

    def end_politely(self, run: RunState, message: str = "") -> None:
        """Ask a run to stop; the watch kills it if it does not obey in time."""
        if run.state == "queued":
            kill(run.pid)
            run.state, run.message = "stopped", message or "Taken out of the queue before it began."
        elif run.state in ("running", "paused"):
            run.state, run.deadline = "stopping", time.monotonic() + self.settings.stop_seconds
            run.verdict = ("stopped", message) if message else None
            self.send(run, "stop")
        elif run.state in ("preparing", "prepared"):
            self.drop(run)

    def end(self, run: RunState, state: str, message: str) -> None:
        """Store what the run recorded, then let it take on its final state and free its slot."""
        if run.state in FINAL or run.state == "saving":
            return
        if len(run.moments) < 2:
            self._final(run, state, message)
            return
        run.state = "saving"
        self.admit()
        self.saver.submit(self._save, run, state, message)

    def _save(self, run: RunState, state: str, message: str) -> None:
        try:
            self.keep(run.record(state, message, self._device))
        except Exception:
            log.exception("%s could not be stored", run.run_id)
            message = f"{message} This run could not be stored: is the disk full?".strip()
        with self.lock:
            self._final(run, state, message)

    def _final(self, run: RunState, state: str, message: str) -> None:
        run.state, run.message, run.asked = state, message, time.monotonic()
        run.moments = run.moments[-1:]
        run.weights = []
        self.admit()

    # ---- talking to a run ----

    def _tell(self, run_id: str, command: str, value: Any = None, state: str = "", when: tuple[str, ...] = ()) -> None:
        with self.lock:
            run = self.runs.get(run_id)
            if run is not None and run.state in when:
                run.state = state or run.state
                self.send(run, command, value)

    def send(self, run: RunState, command: str, value: Any = None) -> None:
        """Send a command; a run that is gone is noticed by the watch."""
        if run.connection is not None:
            try:
                run.connection.send((command, value))
            except (OSError, ValueError):
                log.info("%s is gone before %s", run.run_id, command)
