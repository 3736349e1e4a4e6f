"""Networks small enough to read, and many of them at once: S sets of weights go through one computation side by side.

A network is its sizes, such as (2, 3, 3, 1), and one flat row of parameters: kernel and bias of each layer in turn, as
`keras.Model.get_weights` lists them. Activations, losses and gradients are those of Keras and TensorFlow.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lab.datasets.dataset import Dataset
from models.base import Array
from models.configs import BackpropagationConfig


@dataclass(frozen=True, eq=False)
class Lesson:
    """Data together with the settings that a question to the network needs."""

    config: BackpropagationConfig
    dataset: Dataset

    @property
    def sizes(self) -> tuple[int, ...]:
        """Inputs, units of each hidden layer, outputs: one logit for two classes, else one per class or number."""
        classes = len(self.dataset.class_names)
        hidden = (self.config.units,) * self.config.layers
        return (self.dataset.train_inputs.shape[1], *hidden, classes if classes > 2 else 1)

    @property
    def loss(self) -> str:
        """Name of the loss, see `losses`."""
        if self.dataset.task == "regression":
            return "squared"
        kind = "categorical" if self.sizes[-1] > 1 else "binary"
        return kind if self.config.loss == "fitting" else f"{kind}_squared"

    def summary(self) -> dict[str, Any]:
        """Return what a page says of the data."""
        return self.dataset.summary()

    def batch(self, part: str = "train") -> tuple[Array, Array]:
        """Return inputs (n, d) and targets (n,) in float64."""
        return (
            np.asarray(getattr(self.dataset, f"{part}_inputs"), np.float64),
            np.asarray(getattr(self.dataset, f"{part}_targets"), np.float64),
        )


def parameter_count(sizes: tuple[int, ...]) -> int:
    """Return the number of weights and biases."""
    return sum(before * after + after for before, after in pairwise(sizes))


def pieces(flat: Any, sizes: tuple[int, ...]) -> Iterator[tuple[Any, Any]]:
    """Cut flat parameters (..., P) into kernel (..., in, out) and bias (..., out) of each layer."""
    start = 0
    for before, after in pairwise(sizes):
        middle, end = start + before * after, start + before * after + after
        kernel = flat[..., start:middle]
        yield _shaped(kernel, (before, after)), flat[..., middle:end]
        start = end


def _shaped(array: Any, shape: tuple[int, int]) -> Any:
    if isinstance(array, np.ndarray):
        return array.reshape(*array.shape[:-1], *shape)
    return tf.reshape(array, (*array.shape[:-1], *shape))


def flatten(weights: list[Array]) -> Array:
    """Return the weights of a Keras model as one row: (P,)."""
    return np.concatenate([np.ravel(weight) for weight in weights])


def unflatten(flat: Array, sizes: tuple[int, ...]) -> list[Array]:
    """Return one row of parameters as the list that `keras.Model.set_weights` takes."""
    return [array for pair in pieces(flat, sizes) for array in pair]


def logits(flat: tf.Tensor, inputs: tf.Tensor, sizes: tuple[int, ...], activation: str) -> tf.Tensor:
    """Return the outputs (S, n, out) of S networks, parameters (S, P), for the same inputs (n, d)."""
    bend = keras.activations.get(activation)
    x, layers = inputs[tf.newaxis], list(pieces(flat, sizes))
    for place, (kernel, bias) in enumerate(layers):
        x = tf.matmul(x, kernel) + bias[:, tf.newaxis, :]
        if place < len(layers) - 1:
            x = bend(x)
    return x


def predictions(loss: str, logits: Any) -> Any:
    """Return what the output means: probabilities of a classification, the number itself of a regression."""
    if loss == "squared":
        return logits
    return keras.activations.sigmoid(logits) if loss.startswith("binary") else keras.activations.softmax(logits)


def losses(loss: str, targets: Any, logits: Any) -> Any:
    """Return the loss of each example, (..., n), from logits (..., n, out) and targets (n,).

    squared: (z - y)^2. binary: cross-entropy of two classes. categorical: cross-entropy of several classes.
    binary_squared, categorical_squared: mean squared error of the probabilities, which does not fit the task.
    """
    y = tf.cast(targets, logits.dtype)
    if loss == "squared":
        return tf.square(logits[..., 0] - y)
    if loss == "binary":
        return tf.nn.sigmoid_cross_entropy_with_logits(tf.broadcast_to(y, tf.shape(logits)[:-1]), logits[..., 0])
    if loss == "binary_squared":
        return tf.square(predictions(loss, logits)[..., 0] - y)
    truth = tf.one_hot(tf.cast(targets, tf.int32), logits.shape[-1], dtype=logits.dtype)
    truth = tf.broadcast_to(truth, tf.shape(logits))
    if loss == "categorical":
        return keras.losses.categorical_crossentropy(truth, logits, from_logits=True)
    return tf.reduce_mean(tf.square(predictions(loss, logits) - truth), -1)


def mean_losses(flat: Any, inputs: Any, targets: Any, lesson: Lesson) -> tf.Tensor:
    """Return the mean loss of each of S networks on a batch: (S,), in the precision of the parameters."""
    flat = tf.convert_to_tensor(flat)
    inputs = tf.cast(inputs, flat.dtype)
    outputs = logits(flat, inputs, lesson.sizes, lesson.config.activation)
    return tf.reduce_mean(losses(lesson.loss, targets, outputs), -1)


def initial(lesson: Lesson, seed: int) -> Array:
    """Return the parameters (P,) float32 that a network starts from with a seed."""
    layers = []
    for place, (before, after) in enumerate(pairwise(lesson.sizes)):
        initializer = initializer_of(lesson.config.initialization, seed, place)
        layers += [np.ravel(initializer((before, after))), np.zeros(after, np.float32)]
    return np.concatenate(layers)


def initializer_of(name: str, seed: int, place: int) -> keras.initializers.Initializer:
    """Return the initializer of one layer; each seed and each layer draws numbers of its own."""
    if name == "zeros":
        return keras.initializers.Zeros()
    kinds = {
        "glorot_uniform": keras.initializers.GlorotUniform,
        "he_normal": keras.initializers.HeNormal,
        "lecun_normal": keras.initializers.LecunNormal,
    }
    found: keras.initializers.Initializer = kinds[name](seed=100 * seed + place)
    return found
