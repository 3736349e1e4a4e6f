"""A deep stack before its first step: the same first weights and the same sums as `gradient_flow.build`, no layers.

A changed control asks for the gradient of a network that will not be trained yet, and a comparison for eight of them.
Building Keras layers costs fifteen times what the arithmetic does. Here the weights come from Keras's own initializers,
are kept, and the pass is written out in plain operations; a test holds it to the built Keras model, number by number.
Biases are left out, since they start at zero; a normalization starts with scale one and shift zero. All in float64.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from lab.datasets.choose import load
from lab.datasets.dataset import Dataset
from models.base import Array
from models.configs import GradientFlowConfig
from models.gradient_measures import norms, view_of
from models.gradient_theory import EPSILON, Prediction, predict, predict_images
from models.views import GradientFlowView

PRECISION = "float64"
PROBE = 256  # training examples whose mean loss the gradients are taken of
KEPT_MATRICES = 600  # at most 128 x 128 of float64 each: 80 MB
KINDS = {
    "glorot_uniform": (1.0, "fan_avg", "uniform"),
    "he_normal": (2.0, "fan_in", "truncated_normal"),
    "lecun_normal": (1.0, "fan_in", "truncated_normal"),
}


class Seen(NamedTuple):
    """What a stack computes: sums z, activations f(z) and ends h of the hidden layers, (n, width) each; logits."""

    sums: list[tf.Tensor]
    activations: list[tf.Tensor]
    ends: list[tf.Tensor]
    logits: tf.Tensor


class Weights(NamedTuple):
    """First weights: kernels of the hidden layers, of their gates (an empty list where there are none), the output."""

    kernels: list[tf.Tensor]
    gates: list[tf.Tensor]
    output: tf.Tensor


# ---- the first weights ----


def kernel_initializer(config: GradientFlowConfig, number: int) -> keras.initializers.Initializer:
    """Return where the weights of hidden layer `number` start: they follow from the seed and the number alone."""
    return _initializer(config.initialization, config.gain, 1000 * config.seed + number)


def _initializer(name: str, gain: float, seed: int) -> keras.initializers.Initializer:
    if name == "orthogonal":
        return keras.initializers.Orthogonal(gain=gain, seed=seed)
    scale, mode, distribution = KINDS[name]
    return keras.initializers.VarianceScaling(scale * gain**2, mode, distribution, seed=seed)


def gate_initializer(config: GradientFlowConfig, number: int) -> keras.initializers.Initializer:
    """Return where the weights of a highway's gate start, whatever the initialization of the layers."""
    return keras.initializers.GlorotUniform(seed=1000 * config.seed + 500 + number)


def output_initializer(config: GradientFlowConfig) -> keras.initializers.Initializer:
    """Return where the weights of the output start, whatever the initialization of the layers."""
    return keras.initializers.GlorotUniform(seed=1000 * config.seed + 999)


@lru_cache(KEPT_MATRICES)
def _drawn(name: str, gain: float, seed: int, inputs: int, units: int) -> tf.Tensor:
    """Return a drawn matrix (inputs, units). Next to each other, most settings share most of their matrices."""
    return tf.identity(_initializer(name, gain, seed)((inputs, units), dtype=PRECISION))


def first_weights(config: GradientFlowConfig, inputs: int, classes: int) -> Weights:
    """Return the weights with which `gradient_flow.build` starts."""
    base, width = 1000 * config.seed, config.width
    kernels = []
    for number in range(1, config.depth + 1):
        place = min(number, 2) if config.shared_weights else number
        below = inputs if number == 1 else width
        kernels.append(_drawn(config.initialization, config.gain, base + place, below, width))
    gated = range(2, config.depth + 1) if config.connection == "highway" else ()
    gates = [_drawn("glorot_uniform", 1.0, base + 500 + number, width, width) for number in gated]
    return Weights(kernels, gates, _drawn("glorot_uniform", 1.0, base + 999, width, classes))


# ---- one pass ----


def forward(config: GradientFlowConfig, weights: Weights, inputs: tf.Tensor, training: bool = True) -> Seen:
    """Return what the untrained stack computes for inputs (n, pixels); training: a batch is normalized by itself."""
    bend, residual = keras.activations.get(config.activation), config.connection == "residual"
    sums: list[tf.Tensor] = []
    activations: list[tf.Tensor] = []
    ends: list[tf.Tensor] = []
    h = inputs
    for number, kernel in enumerate(weights.kernels, start=1):
        given = _normalized(config, h, training) if residual and number > 1 else h
        z = tf.matmul(given, kernel)
        z = z if residual else _normalized(config, z, training)
        a = bend(z)
        if number == 1 or config.connection == "plain":
            h = a
        elif residual:
            h = h + a
        else:
            gate = tf.sigmoid(tf.matmul(h, weights.gates[number - 2]) + config.gate_bias)
            h = h + gate * (a - h)
        for kept, one in zip((sums, activations, ends), (z, a, h), strict=True):
            kept.append(one)
    return Seen(sums, activations, ends, tf.matmul(h, weights.output))


def _normalized(config: GradientFlowConfig, x: tf.Tensor, training: bool) -> tf.Tensor:
    if config.normalization == "none":
        return x
    if config.normalization == "batch" and not training:  # the moving mean and variance start at 0 and 1
        return x / np.sqrt(1.0 + EPSILON)
    axis = 0 if config.normalization == "batch" else 1
    centred = x - tf.reduce_mean(x, axis, keepdims=True)
    return centred * tf.math.rsqrt(tf.reduce_mean(tf.square(centred), axis, keepdims=True) + EPSILON)


def cross_entropy(targets: Any, logits: Any) -> Any:
    """Return the loss of each example, in the precision of the logits: (batch,)."""
    return tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(targets, tf.int32), logits)


@lru_cache(16)
def digits(seed: int) -> Dataset:
    """Return the handwritten digits, 64 pixels from 0 to 1, a quarter of them held out."""
    return load("digits", seed=seed)


def _probe(data: Dataset) -> tuple[tf.Tensor, Array]:
    return tf.constant(data.train_inputs[:PROBE], PRECISION), data.train_targets[:PROBE]


def standardized(data: Dataset) -> Dataset:
    """Return the data with every pixel at mean 0 and variance 1 over the training part; constant ones become 0."""
    pixels = data.train_inputs.astype(np.float64)
    mean, deviation = pixels.mean(axis=0), pixels.std(axis=0)
    scale = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=deviation > 0)
    return replace(data, train_inputs=(pixels - mean) * scale, test_inputs=(data.test_inputs - mean) * scale)


def signal_of(config: GradientFlowConfig, data: Dataset) -> Array:
    """Return the norm of the gradient at the output of each hidden layer of the untrained stack: (depth,)."""
    inputs, targets = _probe(data)
    weights = first_weights(config, data.train_inputs.shape[1], len(data.class_names))
    with tf.GradientTape() as tape:
        tape.watch(weights.kernels[0])
        seen = forward(config, weights, inputs)
        loss = tf.reduce_mean(cross_entropy(targets, seen.logits))
    return norms(tape.gradient(loss, seen.ends))


def view_untrained(config: GradientFlowConfig, data: Dataset) -> GradientFlowView:
    """Return the view of the untrained stack, the same as `gradient_flow.look` on the stack that was built."""
    inputs, targets = _probe(data)
    weights = first_weights(config, data.train_inputs.shape[1], len(data.class_names))
    matrices = [*weights.kernels[: 2 if config.shared_weights else None], weights.output]
    with tf.GradientTape() as tape:
        tape.watch(matrices)
        seen = forward(config, weights, inputs)
        loss = tf.reduce_mean(cross_entropy(targets, seen.logits))
    of_ends, of_kernels = tape.gradient(loss, [seen.ends, matrices])
    return view_of(keras.activations.get(config.activation), seen, of_ends, of_kernels)


def scores(config: GradientFlowConfig, data: Dataset) -> dict[str, float]:
    """Return loss and share right of the untrained stack on both parts of the data."""
    weights = first_weights(config, data.train_inputs.shape[1], len(data.class_names))
    both = tf.constant(np.concatenate([data.train_inputs, data.test_inputs]), PRECISION)
    return scored(forward(config, weights, both, training=False).logits, data)


def scored(logits: Any, data: Dataset) -> dict[str, float]:
    """Return loss and share right on both parts. logits: (train + test examples, classes), the training part first."""
    targets = np.concatenate([data.train_targets, data.test_targets])
    losses = np.asarray(cross_entropy(targets, logits))
    right = np.argmax(logits, axis=1) == targets
    train = len(data.train_targets)
    parts = {"train": slice(None, train), "test": slice(train, None)}
    named = {"loss": losses, "accuracy": right}
    return {
        f"{part}_{name}": float(values[rows].mean()) for part, rows in parts.items() for name, values in named.items()
    }


# ---- theory beside it ----


def theory_for(config: GradientFlowConfig, data: Dataset) -> Prediction:
    """Return what theory predicts for a stack on these inputs."""
    pixels = data.train_inputs[:PROBE].astype(np.float64)
    squares = [float(np.mean(np.sum(part**2, axis=1))) for part in (pixels, pixels - pixels.mean(axis=0))]
    return predict(config, pixels.shape[1], *squares)


def theory_by_image(config: GradientFlowConfig, data: Dataset) -> Array:
    """Return theory's signal when each image is taken at its own size, not at the mean one: (depth,)."""
    pixels = data.train_inputs[:PROBE].astype(np.float64)
    return predict_images(config, pixels.shape[1], np.sum(pixels**2, axis=1))
