"""The gradient through time: what five untrained layers over a sequence leave of it, step by step.

A recurrent layer meets the same weights at every step, so a gradient has to pass as many layers as there are steps
(Hochreiter, 1991; Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks", 2013). The
weights are those with which Keras builds the layer (Glorot for inputs, orthogonal for states, an LSTM's forget bias of
one); the steps are written out, so that the gradient at every state can be asked for. T: steps; all in float64.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from models.base import Array
from models.gradient_measures import norms

PRECISION = "float64"
INPUTS, UNITS, SEQUENCES = 8, 32, 32
SKIPPED = 5  # first steps, in which the state still fills; they do not count in the factor per step
HEADS = 2


def through_time(steps: int, seed: int) -> Array:
    """Return the norm of the gradient that arrives at each step, as a share of the last one: (5, T).

    Rows: SimpleRNN, GRU, LSTM (its cell state), LSTM with chrono initialization for T steps, attention. The inputs are
    noise of variance 1; the gradient is that of a random direction of the last state.
    """
    generator = np.random.default_rng(seed)
    noise = tf.constant(generator.normal(size=(steps, SEQUENCES, INPUTS)))
    pull = tf.constant(generator.normal(size=(SEQUENCES, UNITS)))
    layers = keras.layers
    simple, gru = _cell(layers.SimpleRNNCell, seed), _cell(layers.GRUCell, seed)
    remembering = [_cell(layers.LSTMCell, seed), _cell(layers.LSTMCell, seed + 1)]
    remembering[1].bias.assign(chrono_bias(steps, generator))
    rows = [*_simple(simple, noise, pull), *_gru(gru, noise, pull), *_lstm(remembering, noise, pull)]
    return np.stack([row / row[-1] for row in rows] + [_attention(noise, pull, seed)])


def _cell(kind: Any, seed: int) -> Any:
    """Return a built cell of UNITS units with Keras's default initializers, seeded."""
    start = keras.initializers
    cell = kind(
        UNITS, dtype=PRECISION, kernel_initializer=start.GlorotUniform(seed=seed),
        recurrent_initializer=start.Orthogonal(seed=seed),
    )  # fmt: skip
    cell.build((SEQUENCES, INPUTS))
    return cell


def chrono_bias(steps: int, generator: np.random.Generator) -> Array:
    """Return an LSTM's bias that remembers for 1 to `steps` steps: Tallec, Ollivier, ICLR 2018. (4 units,), i f c o."""
    forget = np.log(generator.uniform(1.0, steps - 1.0, UNITS))
    return np.concatenate([-forget, forget, np.zeros(2 * UNITS)])


def _simple(cell: Any, noise: tf.Tensor, pull: tf.Tensor) -> list[Array]:
    """h' = tanh(W x + U h + b)."""
    driven = tf.unstack(tf.matmul(noise, cell.kernel.value) + cell.bias)  # T times (sequences, units)
    matrix, h, states = cell.recurrent_kernel.value, tf.zeros_like(pull), []
    with tf.GradientTape() as tape:
        tape.watch(h)
        for x in driven:
            h = tf.tanh(x + tf.matmul(h, matrix))
            states.append(h)
        loss = tf.reduce_sum(h * pull)
    return [norms(tape.gradient(loss, states))]


def _gru(cell: Any, noise: tf.Tensor, pull: tf.Tensor) -> list[Array]:
    """h' = z h + (1 - z) tanh(W x + r (U h + b)), with gates z and r; Keras's order z, r, h and `reset_after`."""
    driven = tf.matmul(noise, cell.kernel.value) + cell.bias[0]
    gates, inputs = (tf.unstack(part) for part in tf.split(driven, [2 * UNITS, UNITS], axis=2))
    matrix, bias, h, states = cell.recurrent_kernel.value, cell.bias[1], tf.zeros_like(pull), []
    with tf.GradientTape() as tape:
        tape.watch(h)
        for x_gates, x in zip(gates, inputs, strict=True):
            to_gates, to_state = tf.split(tf.matmul(h, matrix) + bias, [2 * UNITS, UNITS], axis=1)
            z, r = tf.split(tf.sigmoid(x_gates + to_gates), 2, axis=1)
            candidate = tf.tanh(x + r * to_state)
            h = candidate + z * (h - candidate)
            states.append(h)
        loss = tf.reduce_sum(h * pull)
    return [norms(tape.gradient(loss, states))]


def _lstm(cells: list[Any], noise: tf.Tensor, pull: tf.Tensor) -> list[Array]:
    """c' = f c + i tanh(g), h' = o tanh(c'), with gates i, f, o; the cells side by side, one matrix product a step.

    Keras's order i, f, g, o. The gradient is that of the last cell state, at every cell state.
    """
    kernels, matrices, biases = (
        tf.stack([getattr(cell, name).value for cell in cells]) for name in ("kernel", "recurrent_kernel", "bias")
    )  # (cells, inputs, 4 units), (cells, units, 4 units), (cells, 4 units)
    driven = tf.unstack(tf.einsum("tbi,kiu->tkbu", noise, kernels) + biases[:, None])  # T times (cells, b, 4 units)
    h = c = tf.zeros((len(cells), SEQUENCES, UNITS), PRECISION)
    states = []
    with tf.GradientTape() as tape:
        tape.watch(c)
        for x in driven:
            i, f, g, o = tf.split(x + tf.matmul(h, matrices), 4, axis=2)
            c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
            h = tf.sigmoid(o) * tf.tanh(c)
            states.append(c)
        loss = tf.reduce_sum(c * pull)
    gradients = tape.gradient(loss, states)
    return [norms([gradient[place] for gradient in gradients]) for place in range(len(cells))]


def _attention(noise: tf.Tensor, pull: tf.Tensor, seed: int) -> Array:
    """Return the gradient's norm at every earlier position of an attention layer, as a share of their mean: (T,).

    The last position asks, all are asked; its own place also asks, and stands at the mean of the others.
    """
    start = keras.initializers.GlorotUniform(seed=seed)
    attention = keras.layers.MultiHeadAttention(
        HEADS, UNITS // HEADS, output_shape=UNITS, dtype=PRECISION, kernel_initializer=start
    )
    tokens = tf.transpose(noise, [1, 0, 2])  # (sequences, T, inputs)
    with tf.GradientTape() as tape:
        tape.watch(tokens)
        answered = attention(tokens[:, -1:], tokens, tokens)[:, 0]
        loss = tf.reduce_sum(answered * pull)
    gradient = np.asarray(tape.gradient(loss, tokens))
    found = np.linalg.norm(gradient, axis=(0, 2))
    found[-1] = found[:-1].mean()
    return np.asarray(found / found[:-1].mean())


def factors_per_step(shares: Array) -> Array:
    """Return the mean factor a step of each row of `through_time`, geometric, after the first few steps: (5,)."""
    spans = shares.shape[1] - 1 - SKIPPED
    return np.asarray((shares[:, SKIPPED] / shares[:, -1]) ** (1.0 / spans))
