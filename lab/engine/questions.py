"""Questions to a run and their answers; a run whose process is gone is revived from its stored weights to answer."""

import pickle
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lab.engine.messages import FINAL, WAITING
from lab.engine.processes import MOST_MESSAGE_BYTES
from lab.engine.run_state import RunState

if TYPE_CHECKING:
    from lab.engine.server import Engine

ANSWER_SECONDS = 20.0
IMPORT_SECONDS = 60.0  # longest time that a process is waited for, which comes when TensorFlow is imported
PENDING_QUESTIONS = 8  # of one run

Recall = Callable[[str], tuple[str, dict[str, Any], list[Any]] | None]


@dataclass
class Question:
    """A question on its way to a run and back."""

    run_id: str
    done: threading.Event = field(default_factory=threading.Event)
    packed: bytes = b""
    error: str = "No answer came in time. Ask again; if it happens twice, train the run again."


class Questions:
    """All questions that are not answered yet. recall(run_id): (family, config, weights) of a stored run, or None."""

    def __init__(self, engine: "Engine", recall: Recall) -> None:
        self.engine, self._recall = engine, recall
        self._open: dict[int, Question] = {}
        self._numbers = 0
        self._revivals = threading.BoundedSemaphore(engine.settings.kept)  # each holds a process while it is asked

    def ask(self, run_id: str, question: Mapping[str, Any]) -> bytes:
        """Return the packed answer. Raises ValueError with a sentence."""
        if len(pickle.dumps(dict(question))) > MOST_MESSAGE_BYTES:
            raise ValueError("This question is too long. Ask about less at a time.")
        with self.engine.lock:
            run = self._alive(run_id)
            sent = self._put(run, question) if run is not None else None
        if sent is not None:
            return self._wait(*sent)
        if not self._revivals.acquire(timeout=ANSWER_SECONDS):
            raise ValueError("Too many questions are being answered right now. Ask again in a moment.")
        try:
            stored = self._stored(run_id)  # reads files, so not under the lock
            with self.engine.lock:
                sent = self._put(self._alive(run_id) or self._revive(run_id, *stored), question)
            return self._wait(*sent)
        finally:
            self._revivals.release()

    def answer(self, number: int, packed: bytes, error: str) -> None:
        """Hand an answer to whoever waits for it."""
        if (question := self._open.get(number)) is not None:
            question.packed, question.error = packed, error
            question.done.set()

    def fail(self, run: RunState, sentence: str) -> None:
        """Tell all who wait for a run that no answer will come."""
        for number, question in list(self._open.items()):
            if question.run_id == run.run_id:
                self.answer(number, b"", sentence or "The run ended before it could answer. Ask again.")

    def pending(self, run: RunState) -> int:
        """Return how many questions to a run wait for an answer."""
        return sum(question.run_id == run.run_id for question in self._open.values())

    def _alive(self, run_id: str) -> RunState | None:
        """Return the run if it has a process to answer with; None if it must be revived."""
        run = self.engine.runs.get(run_id)
        if run is not None and run.state in WAITING and not run.has_process:
            raise ValueError("This run waits for its turn. Ask when it trains.")
        return run if run is not None and run.has_process else None

    def _put(self, run: RunState, question: Mapping[str, Any]) -> tuple[int, Question]:
        if self.pending(run) >= PENDING_QUESTIONS:
            raise ValueError("This run has many questions to answer already. Ask again in a moment.")
        self._numbers += 1
        waiting = self._open[self._numbers] = Question(run.run_id)
        run.asked = time.monotonic()
        if not run.send("ask", (self._numbers, dict(question))):
            self.fail(run, "")
        return self._numbers, waiting

    def _wait(self, number: int, question: Question) -> bytes:
        until = time.monotonic() + IMPORT_SECONDS
        while self._on_its_way(question.run_id) and time.monotonic() < until:
            question.done.wait(0.05)
        question.done.wait(ANSWER_SECONDS)
        with self.engine.lock:
            self._open.pop(number, None)
        if question.error:
            raise ValueError(question.error)
        return question.packed

    def _on_its_way(self, run_id: str) -> bool:
        run = self.engine.runs.get(run_id)
        return run is not None and run.launching is not None

    def _stored(self, run_id: str) -> tuple[Any, list[Any]]:
        stored = self._recall(run_id)
        if stored is None:
            raise ValueError("This run is not stored here any more. Train it again, then ask.")
        family, config, weights = stored
        if not weights:
            raise ValueError("This run kept no weights, since it ended too early. Train it again, then ask.")
        return self.engine.validated(family, config), weights

    def _revive(self, run_id: str, valid: Any, weights: list[Any]) -> RunState:
        run = self.engine.runs.get(run_id)
        if run is None or run.state not in FINAL:
            run = RunState(run_id, valid.family, valid.model_dump(mode="json"), valid.digest(), "", 0.0)
            run.state = "finished"
            self.engine.runs[run_id] = run
        self.engine.admission.launch(run, weights)
        return run
