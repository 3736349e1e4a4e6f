"""The learning rules of the self-organizing map as one compiled TensorFlow loop over a Keras layer's weights.

Online (Kohonen, Biological Cybernetics 43, 1982): one example x at a time; the best-matching unit c wins, and every
unit i moves towards x by its place on the grid: w_i += rate h(c, i) (x - w_i). Batch (Kohonen, Neurocomputing 21,
1998): one pass over all examples, then every unit becomes the mean of the examples, weighted by h.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from models.base import Array
from models.som_grid import Grid

SMALLEST_WEIGHT = 1e-6  # batch rule: a unit that so little speaks for stays where it is

NEIGHBOURHOODS: dict[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {
    # squared: squared grid distance to the winner; radius: a scalar. All are 1 at the winner itself.
    "gaussian": lambda squared, radius: tf.exp(-0.5 * squared / radius**2),
    "bubble": lambda squared, radius: tf.cast(squared <= radius**2, tf.float32),
    "mexican_hat": lambda squared, radius: (1.0 - squared / radius**2) * tf.exp(-0.5 * squared / radius**2),
}

DECAYS: dict[str, Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]] = {
    # start, end, and the share of the run that is done, 0 to 1
    "linear": lambda start, end, done: start + (end - start) * done,
    "exponential": lambda start, end, done: start * (end / start) ** done,
    "asymptotic": lambda start, end, done: start / (1.0 + 2.0 * done),
    "constant": lambda start, end, done: start + 0.0 * done,
}
LAST_RATE = {"linear": 0.0, "exponential": 0.01}  # share of the learning rate at the end of the run


def decayed(kind: str, start: float, end: float, done: float) -> float:
    """Return a radius or a rate after the share `done` of a run. "asymptotic" ends at a third, whatever `end` is."""
    return float(DECAYS[kind](np.float64(start), np.float64(end), np.float64(done)))


@keras.saving.register_keras_serializable("road")
class MapLayer(keras.layers.Layer):
    """Units on a grid, each with a prototype in the space of the data: (batch, d) -> squared distances (batch, units).

    The prototypes are not trained by a gradient: they are competed for (see SelfOrganization).
    """

    def __init__(self, grid: Grid, first: Array | None = None, **named: str) -> None:
        super().__init__(trainable=True, **named)
        self.grid, self._first = grid, first

    def get_config(self) -> dict[str, Any]:
        """Return what rebuilds the layer; the prototypes come with the weights."""
        return {"name": self.name, "grid": asdict(self.grid)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "MapLayer":
        """Rebuild the layer."""
        return cls(Grid(**config["grid"]), name=config["name"])

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Create the prototypes: (units, d)."""
        first = "zeros" if self._first is None else keras.initializers.Constant(self._first)
        self.prototypes = self.add_weight(shape=(self.grid.units, shape[-1]), initializer=first, name="prototypes")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return |x - w|^2 for every example and unit, computed without the (batch, units, d) differences."""
        lengths = tf.reduce_sum(inputs**2, 1, keepdims=True) + tf.reduce_sum(self.prototypes**2, 1)[None]
        return lengths - 2.0 * tf.matmul(inputs, self.prototypes, transpose_b=True)


class SelfOrganization:
    """Trains a MapLayer on examples in memory, many steps per call; the loop never comes back to Python.

    inputs: (n, d) float32. rule: "online", one example a step, or "batch", all examples a step. total: steps of the
    whole run, on which the decay depends. Radius and rate are tensors: changing them compiles nothing. Each epoch of
    the online rule visits the examples in a new order that depends on seed and epoch only.
    """

    def __init__(
        self, layer: MapLayer, inputs: Array, *, rule: str, neighbourhood: str, decay: str, total: int, seed: int
    ) -> None:
        self.layer, self.inputs, self.total, self.seed = layer, tf.constant(inputs, tf.float32), total, seed
        self.rule, self.neighbourhood, self.decay = rule, NEIGHBOURHOODS[neighbourhood], DECAYS[decay]
        self.last_rate = LAST_RATE.get(decay, 1.0)
        self.squared = tf.constant(layer.grid.squared_distances(), tf.float32)  # (units, units)
        loop = self._online if rule == "online" else self._batch
        self._steps = tf.function(loop, jit_compile=rule == "online", autograph=False)

    def run(self, first: int, last: int, radius: float, radius_end: float, rate: float) -> None:
        """Do the steps first, ..., last - 1 of the run with these starting values of radius and rate."""
        knobs = [tf.constant(value, tf.float32) for value in (radius, radius_end, rate)]
        self.layer.prototypes.assign(self._steps(self.layer.prototypes, tf.constant(first), tf.constant(last), *knobs))

    def warm(self) -> None:
        """Trace and compile without moving a unit: the loop runs for zero steps."""
        knobs = [tf.constant(1.0)] * 3
        self._steps(self.layer.prototypes, tf.constant(0), tf.constant(0), *knobs)

    def order(self, epoch: int) -> Array:
        """Return the examples in the order in which that epoch visits them: (n,)."""
        return np.asarray(self._order(tf.constant(epoch)))

    def _order(self, epoch: tf.Tensor) -> tf.Tensor:
        keys = tf.random.stateless_uniform(
            [len(self.inputs)], [self.seed, epoch], minval=None, maxval=None, dtype=tf.int32, alg="philox"
        )
        return tf.argsort(keys, stable=True)

    def _knobs(self, step: tf.Tensor, radius: tf.Tensor, end: tf.Tensor, rate: tf.Tensor) -> tuple[tf.Tensor, ...]:
        done = tf.cast(step, tf.float32) / float(self.total)
        return self.decay(radius, end, done), self.decay(rate, rate * self.last_rate, done)

    def _online(
        self, start: tf.Tensor, first: tf.Tensor, last: tf.Tensor, radius: tf.Tensor, end: tf.Tensor, rate: tf.Tensor
    ) -> tf.Tensor:
        count = len(self.inputs)

        def one_epoch(epoch: tf.Tensor, prototypes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            examples = tf.gather(self.inputs, self._order(epoch))

            def one_step(step: tf.Tensor, prototypes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                gaps = examples[step - epoch * count][:, None] - prototypes  # (d, units)
                winner = tf.argmin(tf.reduce_sum(gaps**2, 0), output_type=tf.int32)
                wide, fast = self._knobs(step, radius, end, rate)
                pull = fast * self.neighbourhood(self.squared[winner], wide)  # (units,)
                return step + 1, prototypes + pull[None] * gaps

            bounds = tf.maximum(first, epoch * count), tf.minimum(last, (epoch + 1) * count)
            _, prototypes = tf.while_loop(lambda step, _: step < bounds[1], one_step, (bounds[0], prototypes))
            return epoch + 1, prototypes

        epochs = first // count, -(-last // count)
        # Turned over, (d, units), every operation runs along the units: the processor takes many of them at once.
        turned = tf.transpose(start)
        _, turned = tf.while_loop(lambda epoch, _: epoch < epochs[1], one_epoch, (epochs[0], turned))
        return tf.transpose(turned)

    def _batch(
        self, start: tf.Tensor, first: tf.Tensor, last: tf.Tensor, radius: tf.Tensor, end: tf.Tensor, rate: tf.Tensor
    ) -> tf.Tensor:
        def one_step(step: tf.Tensor, prototypes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            scores = tf.matmul(self.inputs, prototypes, transpose_b=True) - 0.5 * tf.reduce_sum(prototypes**2, 1)
            winners = tf.argmax(scores, axis=1, output_type=tf.int32)
            units = self.layer.grid.units
            sums = tf.math.unsorted_segment_sum(self.inputs, winners, units)  # (units, d)
            hits = tf.math.unsorted_segment_sum(tf.ones(len(self.inputs)), winners, units)
            near = self.neighbourhood(self.squared, self._knobs(step, radius, end, rate)[0])  # (units, units)
            weight = tf.linalg.matvec(near, hits)[:, None]
            means = tf.matmul(near, sums) / tf.maximum(weight, SMALLEST_WEIGHT)
            return step + 1, tf.where(weight > SMALLEST_WEIGHT, means, prototypes)

        _, prototypes = tf.while_loop(lambda step, _: step < last, one_step, (first, start))
        return prototypes
