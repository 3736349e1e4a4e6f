"""Trains the networks of models/tabular_fit.py fold after fold: compiled once for a table, stopped early.

A seventh of the rows that may be learned from are kept aside. What the network loses on them is measured again and
again; training ends when that has not fallen for a while, and the best weights so far are the result (Prechelt, "Early
stopping, but when?", 1998). No row of the fold that tests takes part in any of this.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lab.datasets.split import split_rows
from models import radial
from models.base import Array
from models.som_grid import Grid
from models.som_training import MapLayer, SelfOrganization
from models.tabular_fit import Network, Shape, build, units_for
from models.training_loop import CompiledTraining

BATCH, LEARNING_RATE = 32, 0.003
ASIDE = 1 / 7  # of the training rows, for early stopping
MOST_STEPS, MOST_EPOCHS = 1_600, 20  # whichever is more
LOOKS = 40  # at the rows kept aside, in a whole training
PATIENCE = 8  # looks without a better one
MAP_STEPS, MAP_RADIUS, SHARPNESS = 40, 3.0, 2.0
NEVER = float("inf")


@dataclass(frozen=True)
class Fitted:
    """One training that has ended.

    curve: rows (step, training loss since the look before, loss on the rows kept aside); steps: of the weights that
    were kept; cut: whether time ran out before the network stopped by itself; seconds: training alone.
    """

    curve: list[tuple[int, float, float]]
    steps: int
    cut: bool
    seconds: float


class FoldTraining(CompiledTraining):
    """The shared compiled loop, with data that can be exchanged: each fold takes the place of the one before.

    Folds differ by a few rows. The order of the examples is drawn for the rows that are there, and goes on with its
    own beginning, so that the steps of an epoch, which are those of the first fold, always find a whole batch.
    """

    def __init__(self, network: Network, rows: int, shape: Shape, seed: int) -> None:
        super().__init__(
            network.trained, keras.optimizers.Adam(LEARNING_RATE), network.loss, np.zeros((rows, shape.inputs)),
            np.zeros((rows, shape.inputs + 1)), batch_size=max(1, min(BATCH, 4 * rows // 5)), seed=seed,
        )  # fmt: skip
        self._features = tf.Variable(self._features, shape=[None, shape.inputs], trainable=False)
        self._targets = tf.Variable(self._targets, shape=[None, shape.inputs + 1], trainable=False)

    def take(self, inputs: Array, targets: Array) -> None:
        """Put the rows of another fold in place: inputs (n, d), targets (n, d + 1); n at least the batch size."""
        self._features.assign(inputs)
        self._targets.assign(targets)

    def _order(self, epoch: tf.Tensor) -> tf.Tensor:
        keys = tf.random.stateless_uniform(
            [tf.shape(self._targets)[0]], [self.seed, epoch], minval=None, maxval=None, dtype=tf.int32, alg="philox"
        )
        order = tf.argsort(keys, stable=True)
        return tf.concat([order, order[: self.batch_size]], axis=0)


@dataclass
class Trainer:
    """One family on one table; `fit` may be called for one fold after the other. Equal calls give equal weights."""

    family: str
    shape: Shape
    seed: int
    network: Network = field(init=False)
    units: int = field(init=False)

    def __post_init__(self) -> None:
        keras.utils.set_random_seed(self.seed)
        self.units = units_for(self.family, self.shape)
        self.network = build(self.family, self.shape, self.units)
        self._first = [np.array(value) for value in self.network.trained.get_weights()]
        self._training: FoldTraining | None = None
        everything = [tf.TensorSpec([None, self.shape.inputs]), tf.TensorSpec([None, self.shape.inputs + 1])]
        self._loss = tf.function(self._mean_loss, input_signature=everything, autograph=False)
        self._answer = tf.function(lambda x: self.network.answers(x, training=False), autograph=False,
                                   input_signature=[tf.TensorSpec([None, self.shape.inputs])])  # fmt: skip

    @property
    def parameters(self) -> int:
        """All weights and biases of the network, with what an autoencoder needs for rebuilding alone."""
        return int(self.network.trained.count_params())

    def fit(self, inputs: Array, targets: Array, *, until: Callable[[], float] = lambda: NEVER, steps: int = 0,
            told: Callable[[int, float, float], None] = lambda *_: None) -> Fitted:  # fmt: skip
        """Train from the first weights on: inputs (n, d), targets (n,) classes or standardized numbers.

        until: gives the moment (time.monotonic) at which to stop; asked once all is compiled. steps: train so many
        steps on all rows, without early stopping. told: hears each look.
        """
        if self.family == "som":
            return self._fit_map(inputs, targets)
        if steps:
            parts = (np.arange(len(inputs)), np.arange(0))
        else:
            parts = split_rows(len(inputs), targets if self.shape.classes else None, test_share=ASIDE, seed=self.seed)
        self._begin(inputs[parts[0]], targets[parts[0]])
        assert self._training is not None
        aside = self._pair(inputs[parts[1]], targets[parts[1]])
        most = steps or max(MOST_STEPS, MOST_EPOCHS * self._training.steps_per_epoch)
        return self._descend(most, aside if len(parts[1]) else None, until(), told)

    def predict(self, inputs: Array) -> Array:
        """Return probabilities (n, classes), or standardized numbers (n, 1)."""
        return np.asarray(self._answer(tf.constant(inputs, tf.float32)))

    # ---- inside ----

    def _pair(self, inputs: Array, targets: Array) -> tuple[Array, Array]:
        x = np.asarray(inputs, np.float32)
        return x, np.concatenate([x, np.asarray(targets, np.float32)[:, None]], axis=1)

    def _begin(self, inputs: Array, targets: Array) -> None:
        """Put first weights and rows in place, and compile if that has not been done."""
        self.network.trained.set_weights(self._first)
        if self.family == "rbf":
            self._place_bumps(inputs)
        if self._training is None:
            self._training = FoldTraining(self.network, len(inputs), self.shape, self.seed)
        self._training.take(*self._pair(inputs, targets))
        for variable in self._training.optimizer.variables:
            variable.assign(np.zeros(variable.shape))
        self._training.optimizer.learning_rate = LEARNING_RATE
        self._training.warm()

    def _descend(self, most: int, aside: tuple[Array, Array] | None, until: float, told: Any) -> Fitted:
        assert self._training is not None
        curve: list[tuple[int, float, float]] = []
        best, best_loss, kept, started = 0, np.inf, self.network.trained.get_weights(), time.monotonic()
        pace = max(1, most // LOOKS)
        for first in range(0, most, pace):
            last = min(most, first + pace)
            train_loss = self._training.run(first, last, LEARNING_RATE)
            loss = float(self._loss(*aside)) if aside else train_loss
            curve.append((last, train_loss, loss))
            told(*curve[-1])
            if loss < best_loss or aside is None:
                best, best_loss, kept = last, loss, self.network.trained.get_weights()
            late = time.monotonic() >= until
            if late or (aside and last - best >= PATIENCE * pace):
                self.network.trained.set_weights(kept)
                return Fitted(curve, best, late and last < most, time.monotonic() - started)
        self.network.trained.set_weights(kept)
        return Fitted(curve, best, False, time.monotonic() - started)

    def _mean_loss(self, inputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(self.network.loss(targets, self.network.trained(inputs, training=False)))

    def _place_bumps(self, inputs: Array) -> None:
        """Centres by k-means, widths by the distance to the two nearest of the others."""
        centres = radial.choose_centres(inputs, self.units, "kmeans", self.seed)
        centres = np.resize(centres, (self.units, self.shape.inputs))  # with fewer rows than bumps some stand twice
        widths = np.broadcast_to(np.maximum(radial.spacing(centres, per_unit=True), 1e-3), (self.units,))
        self.network.trained.get_layer("gaps").set_weights([1.0 / widths, -centres / widths[:, None]])

    def _fit_map(self, inputs: Array, targets: Array) -> Fitted:
        """Let the map organize itself without targets, then count what each prototype stands for."""
        started = time.monotonic()
        prototypes = organized(np.asarray(inputs, np.float32), self.units, self.seed)
        squared = radial.squared_distances(inputs, prototypes)
        near = SHARPNESS / max(float(squared.min(axis=1).mean()), 1e-6)
        first = self.network.answers.get_layer("prototypes")
        first.set_weights([2.0 * near * prototypes.T, -near * np.square(prototypes).sum(axis=1)])
        belongs = np.asarray(first(np.asarray(inputs, np.float32)), np.float64)  # (n, prototypes)
        wanted = np.eye(self.shape.classes)[targets] if self.shape.classes else np.asarray(targets)[:, None]
        prior = np.mean(wanted, axis=0, keepdims=True)
        stands = (belongs.T @ wanted + prior) / (belongs.sum(axis=0)[:, None] + 1.0)  # one more row of the mean
        self.network.answers.get_layer("stands_for").set_weights([stands])
        return Fitted([], MAP_STEPS, False, time.monotonic() - started)


def organized(inputs: Array, side: int, seed: int) -> Array:
    """Return the prototypes (side^2, d) of a square map after Kohonen's batch rule."""
    generator = np.random.default_rng([seed, 3])
    first = inputs[generator.choice(len(inputs), side * side, replace=len(inputs) < side * side)]
    layer = MapLayer(Grid(side, side), first)
    layer.build((None, inputs.shape[1]))
    rule = SelfOrganization(layer, inputs, rule="batch", neighbourhood="gaussian", decay="exponential",
                            total=MAP_STEPS, seed=seed)  # fmt: skip
    rule.run(0, MAP_STEPS, min(MAP_RADIUS, side / 2), 0.5, 1.0)
    return np.asarray(layer.prototypes)


def trainers(families: Iterator[str] | tuple[str, ...], shape: Shape, seed: int) -> dict[str, Trainer]:
    """Return an untrained trainer for each family."""
    return {family: Trainer(family, shape, seed) for family in families}
