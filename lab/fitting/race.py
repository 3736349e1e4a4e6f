"""The race itself: fold by fold every contender trains and is tested, until all is done or the time is up.

It tells what happens in events, one JSON object each, and computes everything that needs the rows themselves; whoever
listens keeps what it was told, so that nothing is lost if this process ends early. Equal settings give equal numbers;
the budget decides only how far the race comes, and which trainings are cut.
"""

import base64
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lab.datasets.dataset import Array
from lab.datasets.split import standardize
from lab.datasets.tabular import Table
from lab.fitting import baselines, scores
from lab.fitting.board import Board
from lab.fitting.request import Request
from lab.fitting.roster import Contender, sort_out
from lab.fitting.table import Fold, facts_of, gaps, preparation, prepared
from models.tabular_fit import Shape
from models.tabular_training import BATCH, LEARNING_RATE, Trainer
from models.uncertainty import calibration, calibration_error

Say = Callable[[dict[str, Any]], None]
LEAST_SECONDS = 0.25  # that any training gets, however short the budget
COMPILING_SECONDS = 1.5  # at first; then the longest that was seen
REFIT_SECONDS = 60.0
SHOWN_POINTS = 400
ASKED_AT_ONCE = 1_000


class Stopped(Exception):
    """The visitor has cancelled the race."""


class TimeUp(Exception):
    """The budget ended while a network was being compiled."""


class Race:
    """One race on a table. say: hears every event; stopped: whether the visitor has cancelled."""

    def __init__(self, request: Request, table: Table, say: Say, stopped: Callable[[], bool]) -> None:
        self.request, self.table, self._say, self._stopped = request, table, say, stopped
        self.board = Board()
        self._trainers: dict[str, Trainer] = {}
        self._said: dict[str, list[tuple[Array, Array]]] = {}
        self._compiling = COMPILING_SECONDS

    def say(self, event: str, **more: Any) -> None:
        """Tell an event, and write it on the own board."""
        told = {"event": event, **more}
        self.board.hear(told)
        self._say(told)

    def run(self) -> None:
        """Race, then train the best network on all rows."""
        folds = list(prepared(self.table, self.request.folds, self.request.seed))
        self._introduce(folds)
        started = time.monotonic()
        self.deadline = started + self.request.seconds
        self.say("begun")
        try:
            why = self._all(folds)
        except Stopped:
            why = "stopped"
        self.say("raced", why=why, seconds=time.monotonic() - started)
        best = self.board.best_network()
        if best is not None:
            self.refit(best, self.board.typical_steps(best))

    def _introduce(self, folds: list[Fold]) -> None:
        table = self.table
        self.facts = facts_of(table, folds[0].train_inputs.shape[1])
        self.shape = Shape(self.facts.inputs, self.facts.classes)
        self.contenders, refused = sort_out(self.facts)
        self.say("table", title=table.title, task=table.task, rows=self.facts.rows, inputs=self.facts.inputs,
                 columns=len(table.numeric) + len(table.categorical), class_names=list(table.class_names),
                 target=table.target_name, unit=table.target_unit, notes=[*table.notes, *gaps(table)], refused=refused,
                 contenders=[one.slug for one in self.contenders], folds=len(folds))  # fmt: skip

    def _all(self, folds: list[Fold]) -> str:
        """Let everyone have their turn, fold by fold, the slow ones after all others; return how it ended."""
        waiting = [(place, one) for place in range(len(folds)) for one in self.contenders]
        waiting.sort(key=lambda turn: turn[1].slow)  # stable: fold by fold
        for done, (place, one) in enumerate(waiting):
            self._check()
            if time.monotonic() + self._needed(one) >= self.deadline:
                return "budget"
            left = sum(other.network for _, other in waiting[done:])
            self.say("turn", who=one.slug, fold=place)
            try:
                self._turn(one, folds[place], place, left)
            except Stopped:
                raise
            except TimeUp:
                return "budget"
            except Exception as problem:  # one that fails must not stop the others
                self.say("failed", who=one.slug, fold=place, why=f"{type(problem).__name__}: {str(problem)[:200]}")
        return "done"

    def _needed(self, one: Contender) -> float:
        """Return the seconds below which a turn is not worth its beginning: a new network has to be compiled first."""
        return self._compiling if one.network and one.slug not in self._trainers else 0.0

    def _check(self) -> None:
        if self._stopped():
            raise Stopped

    def _turn(self, one: Contender, fold: Fold, place: int, left: int) -> None:
        measured = self._network(one, fold, place, left) if one.network else self._baseline(one, fold)
        said = measured.pop("said")
        if not np.isfinite(said).all():
            self.say("failed", who=one.slug, fold=place, why="Its answers left the range of numbers.")
            return
        found = scores.scores(fold.test_targets, said, self.facts.classes)
        self.say("fold", who=one.slug, fold=place, scores=found, **measured)
        self._said.setdefault(one.slug, []).append((fold.test_targets, said))
        self.say("doubt", who=one.slug, **self._doubt(self._said[one.slug]))

    def _baseline(self, one: Contender, fold: Fold) -> dict[str, Any]:
        started = time.monotonic()
        said, method = baselines.fit_and_predict(
            one.slug, self.facts, self.request.seed, (fold.train_inputs, fold.train_targets), fold.test_inputs
        )
        seconds = time.monotonic() - started
        asked = method.predict_proba if self.facts.classes else method.predict
        return {"said": said, "seconds": seconds, "parameters": baselines.parameters(method), "steps": 0, "cut": False,
                "settings": str(method), "answer": _answer_time(asked, fold.test_inputs)}  # fmt: skip

    def _network(self, one: Contender, fold: Fold, place: int, left: int) -> dict[str, Any]:
        trainer = self.trainer(one.slug)

        def told(step: int, train: float, aside: float) -> None:
            self.say("look", who=one.slug, fold=place, step=step, train=train, aside=aside)
            self._check()

        began = time.monotonic()

        def until() -> float:  # a fair share of what is left, asked once compiling is over
            now = time.monotonic()
            self._compiling = max(self._compiling, now - began)
            if now >= self.deadline:
                raise TimeUp
            return now + max(LEAST_SECONDS, (self.deadline - now) / left)

        targets, back = self._scaled(fold.train_targets)
        fitted = trainer.fit(fold.train_inputs, targets, until=until, told=told)
        said = back(trainer.predict(fold.test_inputs))
        return {"said": said, "seconds": fitted.seconds, "parameters": trainer.parameters, "steps": fitted.steps,
                "cut": fitted.cut, "settings": f"units={trainer.units}",
                "answer": _answer_time(trainer.predict, fold.test_inputs)}  # fmt: skip

    def trainer(self, slug: str) -> Trainer:
        """Return the family's trainer, which compiles once for all folds."""
        if slug not in self._trainers:
            self._trainers[slug] = Trainer(slug, self.shape, self.request.seed)
        return self._trainers[slug]

    def _scaled(self, targets: Array) -> tuple[Array, Callable[[Array], Array]]:
        """Return the targets as a network learns them, and how its answers are turned back."""
        if self.facts.classes:
            return targets.astype(np.int32), lambda said: said.astype(np.float64)
        scaled, _, mean, deviation = standardize(targets, targets[:1])
        self.scale = (mean, deviation)
        return scaled, lambda said: said[:, 0].astype(np.float64) * deviation + mean

    def _doubt(self, said: list[tuple[Array, Array]]) -> dict[str, Any]:
        """Return how well the answers to all folds so far know how sure they may be."""
        truth, answers = (np.concatenate([pair[side] for pair in said]) for side in (0, 1))
        if self.facts.classes:
            bins = calibration(answers, truth, scores.BINS)
            return {"bins": np.round(bins, 4).tolist(), "error": calibration_error(bins)}
        shown = np.linspace(0, len(truth) - 1, min(len(truth), SHOWN_POINTS)).astype(int)
        points = np.stack([truth[shown], answers[shown]], axis=1)
        inside = scores.coverage([np.asarray(answer) - target for target, answer in said])
        return {"coverage": inside, "points": [[float(f"{a:.6g}") for a in row] for row in points]}

    # ---- the model to take away ----

    def refit(self, slug: str, steps: int) -> None:
        """Train one network on all rows, for as many steps as its folds took, and send it."""
        inputs, how = preparation(self.table)
        if not hasattr(self, "facts"):
            self.facts = facts_of(self.table, inputs.shape[1])
            self.shape = Shape(self.facts.inputs, self.facts.classes)
        self.say("refit", who=slug)
        targets, _ = self._scaled(self.table.targets)
        trainer = self.trainer(slug)
        until = time.monotonic() + REFIT_SECONDS
        fitted = trainer.fit(inputs, targets, until=lambda: until, steps=max(1, steps))
        how |= {
            "target": self.table.target_name,
            "class_names": list(self.table.class_names),
            "mean": 0.0,
            "scale": 1.0,
        }
        if not self.facts.classes:
            how |= {"mean": self.scale[0], "scale": self.scale[1]}
        self.say("model", who=slug, rows=len(inputs), steps=fitted.steps, seconds=fitted.seconds, cut=fitted.cut,
                 units=trainer.units, learning_rate=LEARNING_RATE, batch=BATCH, inputs=self.facts.inputs,
                 classes=self.facts.classes, preparation=how, file=_saved(trainer))  # fmt: skip


def _answer_time(predict: Callable[[Array], Any], inputs: Array) -> float:
    """Return the milliseconds that answering a thousand rows at once takes, or as many as there are."""
    inputs = inputs[:ASKED_AT_ONCE]
    predict(inputs)
    started = time.monotonic()
    predict(inputs)
    return 1e6 * (time.monotonic() - started) / len(inputs)


def _saved(trainer: Trainer) -> str:
    """Return the `.keras` file of a trained network as text (base64)."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        trainer.network.answers.save(path)
        return base64.b64encode(path.read_bytes()).decode("ascii")
