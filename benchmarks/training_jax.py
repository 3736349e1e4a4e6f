"""The contestant on JAX: `lax.scan` over the steps of an epoch, a loop over epochs, all in one `jit`; Adam by optax."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import optax
from jax import lax
from jax import numpy as jnp

from benchmarks.training_problems import BLOCKS, HEADS, LENGTH, WIDTH, Problem

Weights = dict[str, jax.Array]


def dense(weights: Weights, name: Any, inputs: jax.Array) -> jax.Array:
    return inputs @ weights[f"{name} kernel"] + weights[f"{name} bias"]


def norm(weights: Weights, name: str, inputs: jax.Array) -> jax.Array:
    mean, variance = inputs.mean(-1, keepdims=True), inputs.var(-1, keepdims=True)
    return (inputs - mean) * lax.rsqrt(variance + 1e-5) * weights[f"{name} scale"] + weights[f"{name} bias"]


def mlp(weights: Weights, features: jax.Array) -> jax.Array:
    hidden = jnp.tanh(dense(weights, 0, features))
    return dense(weights, 2, jnp.tanh(dense(weights, 1, hidden)))


def cnn(weights: Weights, features: jax.Array) -> jax.Array:
    def convolve(name: int, maps: jax.Array) -> jax.Array:
        layout = ("NHWC", "HWIO", "NHWC")
        maps = lax.conv_general_dilated(maps, weights[f"{name} kernel"], (1, 1), "SAME", dimension_numbers=layout)
        return jax.nn.relu(maps + weights[f"{name} bias"])

    maps = convolve(0, features)
    maps = maps.reshape(-1, 4, 2, 4, 2, 16).max((2, 4))  # faster on a CPU than lax.reduce_window
    return dense(weights, 2, convolve(1, maps).max((1, 2)))


def lstm(weights: Weights, features: jax.Array) -> jax.Array:
    def step(state: tuple[jax.Array, jax.Array], inputs: jax.Array) -> tuple[tuple[jax.Array, jax.Array], None]:
        hidden, cell = state
        gates = inputs + hidden @ weights["0 recurrent"]
        enter, forget, candidate, leave = jnp.split(gates, 4, axis=-1)
        cell = jax.nn.sigmoid(forget) * cell + jax.nn.sigmoid(enter) * jnp.tanh(candidate)
        return (jax.nn.sigmoid(leave) * jnp.tanh(cell), cell), None

    zeros = jnp.zeros((features.shape[0], 32))
    inputs = dense(weights, 0, features).swapaxes(0, 1)  # all steps at once; the scan runs over the first axis
    (hidden, _), _ = lax.scan(step, (zeros, zeros), inputs)
    return dense(weights, 1, hidden)


def rnn(weights: Weights, features: jax.Array) -> jax.Array:
    def step(hidden: jax.Array, inputs: jax.Array) -> tuple[jax.Array, None]:
        return jnp.tanh(inputs + hidden @ weights["0 recurrent"]), None

    inputs = dense(weights, 0, features).swapaxes(0, 1)
    hidden, _ = lax.scan(step, jnp.zeros((features.shape[0], 32)), inputs)
    return dense(weights, 1, hidden)


def transformer(weights: Weights, tokens: jax.Array) -> jax.Array:
    stream = weights["tokens"][tokens] + weights["positions"]
    for block in range(BLOCKS):
        normal = norm(weights, f"{block} norm 1", stream)
        split = dense(weights, f"{block} query, key, value", normal).reshape(-1, LENGTH, 3, HEADS, WIDTH // HEADS)
        query, key, value = split.transpose(2, 0, 3, 1, 4)  # each (batch, heads, length, size)
        scores = query * (WIDTH // HEADS) ** -0.5 @ key.swapaxes(2, 3)
        allowed = jnp.tril(jnp.ones((LENGTH, LENGTH), bool))
        mixed = jax.nn.softmax(jnp.where(allowed, scores, -1e9)) @ value
        stream += dense(weights, f"{block} mix", mixed.swapaxes(1, 2).reshape(-1, LENGTH, WIDTH))
        wide = jax.nn.relu(dense(weights, f"{block} widen", norm(weights, f"{block} norm 2", stream)))
        stream += dense(weights, f"{block} narrow", wide)
    return dense(weights, "logits", norm(weights, "norm", stream))


MODELS = {"mlp": mlp, "cnn": cnn, "rnn": rnn, "lstm": lstm, "transformer": transformer}
LOSSES: dict[str, Callable[[jax.Array, jax.Array], jax.Array]] = {
    "binary": optax.sigmoid_binary_cross_entropy,
    "categorical": optax.softmax_cross_entropy_with_integer_labels,
    "squared": optax.squared_error,
}


class Scan:
    """Many epochs in one call, the state donated to it."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.features, self.targets = jnp.array(problem.features), jnp.array(problem.targets)
        self.optimizer = optax.adam(problem.learning_rate)
        weights = jax.tree.map(jnp.array, problem.weights)
        self.state = weights, self.optimizer.init(weights), jax.random.key(0)

    def loss_of(self, weights: Weights, features: jax.Array, targets: jax.Array) -> jax.Array:
        return LOSSES[self.problem.loss](MODELS[self.problem.name](weights, features), targets).mean()

    def train(self, epochs: int) -> None:
        self.state = jax.block_until_ready(self._epochs(self.state, self.features, self.targets, epochs))

    @partial(jax.jit, static_argnums=0, donate_argnums=1)
    def _epochs(self, state: Any, features: jax.Array, targets: jax.Array, epochs: int) -> Any:
        def step(state: Any, batch: jax.Array) -> Any:
            weights, moments = state
            gradients = jax.grad(self.loss_of)(weights, features[batch], targets[batch])
            updates, moments = self.optimizer.update(gradients, moments)
            return (optax.apply_updates(weights, updates), moments), None

        def epoch(_: jax.Array, state: Any) -> Any:
            weights, moments, key = state
            key, now = jax.random.split(key)
            batches = jax.random.permutation(now, len(targets)).reshape(-1, self.problem.batch_size)
            (weights, moments), _ = lax.scan(step, (weights, moments), batches)
            return weights, moments, key

        return lax.fori_loop(0, epochs, epoch, state)

    def loss(self) -> float:
        """Return the mean loss over all examples."""
        return float(self.loss_of(self.state[0], self.features, self.targets))


CONTESTANTS = {"JAX": Scan}
