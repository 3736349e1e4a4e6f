"""Who gets a process, and when: slots for those who train, places for those who wait, first come, first served.

All methods but `_launch_now` are called with the engine's lock held.
"""

import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lab.engine.listening import listen
from lab.engine.messages import ACTIVE, WAITING
from lab.engine.processes import kill
from lab.engine.run_state import RunState

if TYPE_CHECKING:
    from lab.engine.server import Engine


class Admission:
    """Gives out slots and places.

    A run that waits, prepared for a click on Train or queued for a slot, may lose its process to one that comes later
    and has not shown its first picture yet. It stays in its state and gets a new process when its turn comes.
    """

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine

    def admit(self) -> None:
        """Give free slots to those who have waited longest, then free places to those who are being prepared."""
        busy = sum(run.state in ACTIVE for run in self.engine.runs.values())
        for run in self._queue()[: max(0, self.engine.settings.slots - busy)]:
            self._begin(run)
        self._prepare_next()

    def position(self, run: RunState) -> int:
        """Return the place in the queue, from 1; 0 outside it."""
        return self._queue().index(run) + 1 if run.state == "queued" else 0

    def refresh(self, run: RunState) -> None:
        """Give a prepared run that lost its process a new one, if there is room."""
        if run.state == "prepared" and not run.has_process and len(self._holders()) < self.engine.settings.prepared:
            self.launch(run)

    def launch(self, run: RunState, weights: list[Any] | None = None) -> None:
        """Start a process in a thread, since the first one waits until TensorFlow is imported."""
        run.launching = self.engine.job(run.family, run.config, weights)
        threading.Thread(target=self._launch_now, args=(run, run.launching), daemon=True, name="run").start()

    def launch_reader(self, run: RunState) -> None:
        """Start the process of a model that only reads."""
        run.launching = {**self.engine.job(run.family, {}), "reader": run.reader}
        threading.Thread(target=self._launch_now, args=(run, run.launching), daemon=True, name="reader").start()

    def _queue(self) -> list[RunState]:
        waiting = [run for run in self.engine.runs.values() if run.state == "queued"]
        return sorted(waiting, key=lambda run: run.queued)

    def _begin(self, run: RunState) -> None:
        assert run.wanted is not None
        run.state, run.started = ("paused" if run.wanted["paused"] else "running"), time.monotonic()
        if not run.has_process:
            self.launch(run)
        run.send("go", run.wanted)
        for number in range(1, run.steps_asked + 1):  # asked for while it was in the queue
            run.send("step", number)

    def _holders(self) -> list[RunState]:
        return [run for run in self.engine.runs.values() if run.state in WAITING and run.has_process]

    def _prepare_next(self) -> None:
        runs = self.engine.runs.values()
        for run in [run for run in runs if run.state == "preparing" and not run.has_process]:  # in the order of arrival
            if len(self._holders()) >= self.engine.settings.prepared and not self._make_room():
                return
            self.launch(run)

    def _make_room(self) -> bool:
        """Take the process from a run that waits; those who wait for a click only, and longest unseen, go first."""
        ready = [run for run in self._holders() if run.compiled and not self.engine.questions.pending(run)]
        if not ready:
            return False
        min(ready, key=lambda run: (run.state == "queued", run.seen)).detach()
        return True

    def _launch_now(self, run: RunState, job: Mapping[str, Any]) -> None:
        try:
            process, connection = self.engine.source.launch(job)
        except (EOFError, OSError) as error:
            with self.engine.lock:
                if run.launching is job:
                    run.detach()
                    sentence = f"No process could be started ({error}). Wait a moment, then train again."
                    self.engine.questions.fail(run, sentence)
                    self.engine.ending.end(run, "failed", sentence)
            return
        with self.engine.lock:
            if run.launching is not job:  # meanwhile it was stopped, dropped or had to make room
                kill(process.pid)
                connection.close()
                return
            run.process, run.connection, run.launching = process, connection, None
            for command, value in run.pending:
                run.send(command, value)
            run.pending.clear()
        listen(self.engine, run, connection)
