"""Trains one network of a cell again and again: other data, seed and first weights, one compiled loop.

The clock of a budget is the processor's time of this process: on a quiet core that is the time on the wall, and on a
shared machine every cell still gets the same. Compiling and measuring do not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from time import process_time
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from evidence.fit.drawing import codes_of, drawn_by, grouped
from evidence.fit.networks import NETWORKS, matched, view
from evidence.fit.problem import NOT_ASKED, Problem
from lab.datasets.dataset import Array
from models.training_loop import CompiledTraining

RATES = (0.002, 0.01)  # tried once each, on the validation part of the first seed
LOOKS = (1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)  # of the budget: when a run is measured
EARLY_LOOKS = (1 / 1024, 1 / 512, 1 / 256, 1 / 128)  # besides, where few examples are soon learned by heart
FEW_LOOKS = (0.25, 0.5, 1.0)  # where measuring means drawing many samples
WITH_XLA = ("mlp", "rnn", "lstm", "gru", "autoencoder", "modular", "transformer")  # slows convolutions down
FEW_ROWS, SMALL_BATCH, LARGE_BATCH = 1500, 32, 64
FIRST_STEPS = 4


@dataclass(frozen=True)
class Run:
    """One training. score: on the test, at the look where validation was best; valid: that one's validation.

    curve: a look each, [seconds, validation, test], from the untrained network on.
    """

    seed: int
    score: float
    valid: float
    steps: int
    seconds: float
    curve: list[list[float]]


def loss_of(problem: Problem) -> Any:
    """Return the loss: cross-entropy of classes where one is asked, squared error of everything else."""
    if problem.goal in ("class", "each") or (problem.goal == "draw" and problem.form == "tokens"):
        return asked
    return lambda targets, outputs: tf.reduce_mean((outputs - targets) ** 2, axis=-1)


def asked(targets: Any, logits: Any) -> Any:
    """Return -log p of the right class, (batch,) or (batch, T); its mean is the mean over what is asked."""
    wanted = tf.cast(targets > NOT_ASKED, tf.float32)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.maximum(targets, 0), logits)
    return losses * wanted / tf.maximum(tf.reduce_mean(wanted), 1e-9)


def looks_at(problem: Problem) -> tuple[float, ...]:
    """Return the shares of the budget after which a run is measured."""
    if problem.goal == "draw":
        return FEW_LOOKS
    return (*EARLY_LOOKS, *LOOKS) if len(problem.inputs["train"]) < FEW_ROWS else LOOKS


def numbers(problem: Problem) -> tuple[Array, Array]:
    """Return the inputs and targets that are trained on."""
    inputs, targets = problem.inputs["train"], problem.targets["train"]
    if problem.goal == "number":
        return inputs, targets.reshape(-1, 1).astype(np.float32)
    if problem.goal in ("anomaly", "codes"):
        return inputs, inputs
    return inputs, targets


class Trainer:
    """The network of one cell and its compiled loop. problem: of the first seed; all seeds have the same shapes."""

    def __init__(self, family: str, problem: Problem, parameters: int) -> None:
        self.family, first = family, view(family, problem)
        self.units = matched(family, first, parameters)
        self.model = NETWORKS[family](first, self.units, 0)
        self.parameters = int(self.model.count_params())
        inputs, targets = numbers(first)
        self.training: Any = CompiledTraining(
            self.model, keras.optimizers.Adam(RATES[0], global_clipnorm=1.0), loss_of(first), inputs, targets,
            batch_size=SMALL_BATCH if len(inputs) < FEW_ROWS else LARGE_BATCH, seed=0, jit_compile=family in WITH_XLA,
        )  # fmt: skip
        self.training._features = tf.Variable(self.training._features)
        self.training._targets = tf.Variable(self.training._targets)
        self.training.seed = tf.Variable(0, dtype=tf.int32)
        self._answer = tf.function(lambda x: self.model(x, training=False), reduce_retracing=False)

    def begin(self, problem: Problem, seed: int) -> Problem:
        """Start anew with this seed's data, order and first weights; return the problem as the family sees it."""
        seen = view(self.family, problem)
        inputs, targets = numbers(seen)
        self.training._features.assign(tf.cast(inputs, self.training._features.dtype))
        self.training._targets.assign(tf.cast(targets, self.training._targets.dtype))
        self.training.seed.assign(seed)
        self.model.set_weights(NETWORKS[self.family](seen, self.units, seed).get_weights())
        for variable in self.training.optimizer.variables:
            if variable.path.rsplit("/", 1)[-1] != "learning_rate":
                variable.assign(tf.zeros_like(variable))
        self.training.warm()
        return seen

    def run(self, problem: Problem, seed: int, rate: float, seconds: float) -> Run:
        """Train for so many seconds of the processor and return what was measured on the way."""
        seen = self.begin(problem, seed)
        spent, step, curve = 0.0, 0, [[0.0, *self.scores(seen, seed)]]
        for share in looks_at(seen):
            done, spent = self._until(step, spent, share * seconds, rate)
            if done == step:
                continue
            step = done
            curve.append([spent, *self.scores(seen, seed)])
            if not isfinite(curve[-1][1]):
                break
        return best_look(problem.name, curve, seed, step, spent)

    def _until(self, step: int, spent: float, limit: float, rate: float) -> tuple[int, float]:
        """Do steps until so many seconds are spent; return the steps and the seconds so far."""
        count = FIRST_STEPS
        while spent < limit:
            started = process_time()
            self.training.run(step, step + count, rate)
            took = max(process_time() - started, 1e-6)
            step, spent = step + count, spent + took
            count = int(np.clip((limit - spent) / took * count, 1, 4 * count))
        return step, spent

    # ---- what it answers ----

    def predicted(self, inputs: Array, block: int = 1000) -> Array:
        """Return what the network says of inputs (n, ...)."""
        found = [np.asarray(self._answer(tf.constant(inputs[at : at + block]))) for at in range(0, len(inputs), block)]
        return np.concatenate(found)

    def scores(self, problem: Problem, seed: int) -> tuple[float, float]:
        """Return the scores on the validation and on the test part."""
        if problem.goal == "draw":
            samples = drawn_by(self.model, self.predicted, problem, seed)
            return problem.scored("valid", samples), problem.scored("test", samples)
        if problem.goal == "codes":
            codes = codes_of(self.model, problem)
            found = grouped(codes, problem) if "groups" in problem.more else codes
            return problem.scored("valid", found["valid"]), problem.scored("test", found["test"])
        answers = {part: self.predicted(problem.inputs[part]) for part in ("valid", "test")}
        if problem.goal == "anomaly":
            answers = {part: np.mean((answer - problem.inputs[part]) ** 2, 1) for part, answer in answers.items()}
        return problem.scored("valid", answers["valid"]), problem.scored("test", answers["test"])


def best_look(task: str, curve: Sequence[Sequence[float]], seed: int, steps: int, seconds: float) -> Run:
    """Return a run that is judged at the look where validation was best; what is no number counts as worst."""
    from evidence.fit.tasks import ROWS

    sign = 1.0 if ROWS[task].higher_is_better else -1.0
    finite = [look for look in curve if isfinite(look[1]) and isfinite(look[2])]
    best = max(finite, key=lambda look: sign * look[1])
    rounded = [[float(f"{value:.5g}") for value in look] for look in finite]
    return Run(seed, best[2], best[1], steps, round(seconds, 3), rounded)
