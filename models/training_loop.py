"""The compiled training loop that all gradient-trained families share.

`Model.fit` comes back to Python for every step; for the small networks of this app that return costs far more than the
step itself. Here a whole chunk of training, many steps and several epochs with their shuffling and batching, is one
`tf.function`, optionally compiled by XLA. The mathematics is that of `Model.fit`: same loss, same optimizer, same
batches give the same weights (tests/models/test_training_loop.py).

Sources: mini-batch gradient descent as in Goodfellow, Bengio, Courville, "Deep Learning" (2016), section 8.1.3;
reproducible shuffling by counter-based random numbers, Salmon et al., "Parallel random numbers: as easy as 1, 2, 3"
(2011).
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import nan
from time import perf_counter
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from models.base import Array, Live


class Progress(NamedTuple):
    """Where a training run stands.

    step: optimizer steps done; epoch: passes over the data, a fraction between two passes; seconds: time spent in
    training steps, without compiling; train_loss: mean loss of the steps since the mark before, measured while
    training, with dropout and penalties as `Model.fit` reports it. It is NaN at step 0, where there was no step yet.
    """

    step: int
    epoch: float
    seconds: float
    train_loss: float


class CompiledTraining:
    """Trains a Keras model on arrays in memory, many steps per call.

    model: any built Keras model; layers with dropout, batch normalization and penalties (`model.losses`) are welcome.
    optimizer: any Keras optimizer with a plain learning rate, which `run` sets; a schedule is the caller's business.
        Gradient clipping is its `clipnorm`, `global_clipnorm` or `clipvalue`.
    loss: a Keras loss, or a function (targets, predictions) -> losses of any shape, which are averaged.
    features: (examples, ...), or a tuple of such arrays for a model of several inputs.
    targets: (examples, ...).
    batch_size: examples per step; more than there are examples means all of them.
    seed: fixes the order of the examples. Dropout follows the seeds of the model's own layers.
    jit_compile: whether XLA compiles the loop; a family chooses by measurement (`python -m benchmarks training`).

    Each epoch visits the examples in a new order and drops the last incomplete batch, so that all steps have one
    shape and are compiled once. The order depends on the seed and the number of the epoch only: the weights after
    step n are bitwise the same however the run was cut into calls.
    """

    def __init__(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        loss: Any,
        features: Array | tuple[Array, ...],
        targets: Array,
        *,
        batch_size: int,
        seed: int,
        jit_compile: bool = False,
    ) -> None:
        self.examples = len(targets)
        self.batch_size = min(batch_size, self.examples)
        self.steps_per_epoch = self.examples // self.batch_size
        self.model, self.optimizer, self.loss, self.seed = model, optimizer, loss, seed
        self._features = tf.nest.map_structure(_single_precision, features)
        self._targets = _single_precision(targets)
        optimizer.build(model.trainable_variables)
        self._steps = tf.function(self._loop, jit_compile=jit_compile, autograph=False)

    def order(self, epoch: int) -> Array:
        """Return the indices of the examples in the order in which that epoch visits them: (examples,)."""
        return np.asarray(self._order(tf.constant(epoch)))

    def warm(self) -> None:
        """Trace and compile everything without changing a weight: the loop runs for zero steps."""
        self._steps(tf.constant(0), tf.constant(0))

    @property
    def times_traced(self) -> int:
        """Return how often the loop was traced and compiled: once, whatever the learning rate and the bounds."""
        return int(self._steps.experimental_get_tracing_count())

    def run(self, first_step: int, last_step: int, learning_rate: float) -> float:
        """Do the steps first_step, ..., last_step - 1 of the run and return the mean of their losses.

        A new learning rate or new bounds compile nothing. If the training diverges the result is NaN or infinite; the
        loop neither stops nor hides it: the caller sees it and decides.
        """
        self.optimizer.learning_rate = learning_rate
        return float(self._steps(tf.constant(first_step), tf.constant(last_step)))

    def step(self, features: Any, targets: tf.Tensor) -> tf.Tensor:
        """Do one optimizer step on one batch, (batch, ...), and return its loss, a scalar. Traced, then compiled."""
        with tf.GradientTape() as tape:
            losses = self.loss(targets, self.model(features, training=True))
            loss = tf.add_n([tf.reduce_mean(losses), *self.model.losses])
        gradients = tape.gradient(loss, self.model.trainable_variables)
        self.optimizer.apply(gradients, self.model.trainable_variables)
        return loss

    def _order(self, epoch: tf.Tensor) -> tf.Tensor:
        # A random key per example, sorted. The algorithm is named because each device has another default.
        keys = tf.random.stateless_uniform(
            [self.examples], [self.seed, epoch], minval=None, maxval=None, dtype=tf.int32, alg="philox"
        )
        return tf.argsort(keys, stable=True)

    def _loop(self, first: tf.Tensor, last: tf.Tensor) -> tf.Tensor:
        """Do the steps from `first` to `last`: a loop over epochs around a loop over the batches of each."""

        def one_epoch(epoch: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            order = self._order(epoch)
            start, end = epoch * self.steps_per_epoch, (epoch + 1) * self.steps_per_epoch

            def one_step(step: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                batch = tf.slice(order, [(step - start) * self.batch_size], [self.batch_size])
                features = tf.nest.map_structure(lambda array: tf.gather(array, batch), self._features)
                loss = self.step(features, tf.gather(self._targets, batch))
                return step + 1, total + tf.cast(loss, tf.float64)

            bounds = tf.maximum(first, start), tf.minimum(last, end)
            _, total = tf.while_loop(lambda step, _: step < bounds[1], one_step, (bounds[0], total))
            return epoch + 1, total

        epochs = first // self.steps_per_epoch, -(-last // self.steps_per_epoch)
        total = tf.constant(0.0, tf.float64)
        _, total = tf.while_loop(lambda epoch, _: epoch < epochs[1], one_epoch, (epochs[0], total))
        return total / tf.cast(last - first, tf.float64)


def _single_precision(array: Array) -> tf.Tensor:
    """Return the array as a tensor, float64 as Keras's own float type, as `Model.fit` does."""
    tensor = tf.convert_to_tensor(array)
    return tf.cast(tensor, keras.config.floatx()) if tensor.dtype.is_floating else tensor


def train_in_chunks(training: CompiledTraining, marks: Sequence[int], live: Live) -> Iterator[Progress]:
    """Train up to each of the rising `marks`, the first of which is 0, and report there (see models.base.schedule).

    Reports step 0 twice: before compiling, so that a first picture can be drawn at once, and when all is compiled.
    Nothing runs between two requests: a consumer that stops asking pauses the training, closing the iterator ends it.
    """
    yield Progress(0, 0.0, 0.0, nan)
    training.warm()
    yield Progress(0, 0.0, 0.0, nan)
    seconds = 0.0
    for first, last in pairwise(marks):
        started = perf_counter()
        train_loss = training.run(first, last, live.learning_rate)
        seconds += perf_counter() - started
        yield Progress(last, last / training.steps_per_epoch, seconds, train_loss)
