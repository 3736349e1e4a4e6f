"""Committees that grow net by net, or whose votes a learned judge weighs; and experts of which only the best are asked.

Boosting trains each net on what the ones before got wrong: Freund and Schapire, J. Computer and System Sciences 55
(1997), for several classes by Zhu and others, "Multi-class AdaBoost", Statistics and Its Interface 2 (2009). Stacking
learns on held-out data how to weigh the members: Wolpert, Neural Networks 5 (1992).
"""

from dataclasses import replace
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from lab.datasets.dataset import Dataset
from models import modular
from models.base import Array
from models.configs import ModularConfig
from models.training_loop import CompiledTraining

HELD_OUT = 0.25  # of the training part, for the judge


def trained(config: ModularConfig, data: Dataset) -> keras.Model:
    """Return the network of these settings after its last step, without recording anything on the way."""
    model = modular.build(config, data)
    targets = modular.targets_for(config, data)
    training = CompiledTraining(
        model, keras.optimizers.Adam(config.learning_rate), modular.loss_of(config), data.train_inputs, targets,
        batch_size=config.batch_size, seed=config.seed, jit_compile=True,
    )  # fmt: skip
    training.run(0, modular.total_steps(config, data), config.learning_rate)
    return model


def boosted(config: ModularConfig, data: Dataset) -> tuple[Array, Array]:
    """Train `members` nets one after another (SAMME); return their test answers (n, m, c) and votes (m,), summing to 1.

    After each net the examples that it got wrong weigh more. A net no better than guessing gets no vote.
    """
    examples, classes = len(data.train_targets), len(data.class_names)
    single = config.model_copy(update={"kind": "ensemble", "members": 1})
    weights, votes, answers = np.full(examples, 1 / examples), [], []
    stage = _WeightedTraining(single, data)
    for place in range(config.members):
        model = stage.run(weights, seed=config.seed + 1000 * (place + 1))
        wrong = modular.forward(model, data.train_inputs)[0][:, 0].argmax(axis=1) != data.train_targets
        error = float(np.clip(np.sum(weights[wrong]), 1e-6, 1 - 1e-6))
        votes.append(max(0.0, np.log((1 - error) / error) + np.log(classes - 1)))
        weights = weights * np.exp(votes[-1] * wrong)
        weights /= weights.sum()
        answers.append(modular.forward(model, data.test_inputs)[0][:, 0])
    total = np.array(votes)
    return np.stack(answers, axis=1), total / total.sum() if total.sum() else np.full(len(total), 1 / len(total))


class _WeightedTraining:
    """One compiled loop for all nets of a boosted committee: weights of the examples are a variable it reads."""

    def __init__(self, config: ModularConfig, data: Dataset) -> None:
        self.config, self.data = config, data
        self.model = modular.build(config, data)
        examples = len(data.train_targets)
        self.weights = tf.Variable(np.ones(examples, np.float32))
        rows = np.stack([data.train_targets, np.arange(examples)], axis=1).astype(np.int32)
        self.training = CompiledTraining(
            self.model, keras.optimizers.Adam(config.learning_rate), self._loss, data.train_inputs, rows,
            batch_size=config.batch_size, seed=config.seed, jit_compile=True,
        )  # fmt: skip
        self.fresh = [variable.numpy() for variable in self.training.optimizer.variables]

    def _loss(self, targets: tf.Tensor, outputs: list[tf.Tensor]) -> tf.Tensor:
        each = keras.losses.sparse_categorical_crossentropy(targets[:, 0], outputs[0][:, 0], from_logits=True)
        return tf.gather(self.weights, targets[:, 1]) * each

    def run(self, weights: Array, seed: int) -> keras.Model:
        """Train a new net on examples of these weights, which sum to 1; the model is the same object each time."""
        again = modular.build(self.config.model_copy(update={"seed": seed % 10_000}), self.data)
        self.model.set_weights(again.get_weights())
        for variable, value in zip(self.training.optimizer.variables, self.fresh, strict=True):
            variable.assign(value)
        self.weights.assign((weights * len(weights)).astype(np.float32))
        self.training.run(0, modular.total_steps(self.config, self.data), self.config.learning_rate)
        return self.model


def stacked(config: ModularConfig, data: Dataset) -> Array:
    """Return the test answers (n, c) of a logistic regression that judges the members' log probabilities.

    The members train on three quarters of the training part, the judge on the rest.
    """
    from sklearn.linear_model import LogisticRegression

    order = np.random.default_rng([config.seed, 2]).permutation(len(data.train_targets))
    cut = round(HELD_OUT * len(order))
    held, kept = order[:cut], order[cut:]
    part = replace(data, train_inputs=data.train_inputs[kept], train_targets=data.train_targets[kept])
    model = trained(config.model_copy(update={"kind": "ensemble"}), part)

    def opinions(inputs: Array) -> Array:
        return np.log(modular.forward(model, inputs)[0].clip(1e-6)).reshape(len(inputs), -1)

    judge = LogisticRegression(C=0.01, max_iter=2000).fit(opinions(data.train_inputs[held]), data.train_targets[held])
    return np.asarray(judge.predict_proba(opinions(data.test_inputs)))


class Routed(NamedTuple):
    """outputs: (n, c); multiply_adds: products of two numbers that were computed, all examples together."""

    outputs: Array
    multiply_adds: int


def routed(inputs: Array, gate: Array, first: Array, second: Array, active: int) -> Routed:
    """Ask only the `active` best experts of each example, and let each compute all its examples at once.

    inputs: (n, d); gate: (d, m); first: (m, d, u); second: (m, u, c). An expert is second.T relu(first.T x). Shares are
    the softmax of the gate's sums, those not asked set to zero. Every product is counted where it is computed.
    """
    sums = inputs @ gate
    counted = inputs.shape[0] * gate.size
    powers = np.exp(sums - sums.max(axis=1, keepdims=True))
    shares = powers / powers.sum(axis=1, keepdims=True)
    asked = np.argpartition(-sums, active - 1, axis=1)[:, :active] if active < len(first) else None
    outputs = np.zeros((len(inputs), second.shape[2]), inputs.dtype)
    for expert in range(len(first)):
        rows = np.arange(len(inputs)) if asked is None else np.flatnonzero((asked == expert).any(axis=1))
        hidden = np.maximum(inputs[rows] @ first[expert], 0)
        outputs[rows] += shares[rows, expert, np.newaxis] * (hidden @ second[expert])
        counted += len(rows) * (first[expert].size + second[expert].size)
    return Routed(outputs, counted)


class Pieces(NamedTuple):
    """Three straight pieces with jumps between them: train and test points, (n, 1) and (n,)."""

    train_inputs: Array
    train_targets: Array
    test_inputs: Array
    test_targets: Array


def three_pieces(seed: int, examples: int = 300, noise: float = 0.2) -> Pieces:
    """Return y = 2x + 6 left of -1, -3x between, 1.5x - 5 right of 1, on [-3, 3], with normal noise."""
    generator = np.random.default_rng([seed, 3])

    def part() -> tuple[Array, Array]:
        x = generator.uniform(-3, 3, (examples, 1)).astype(np.float32)
        y = np.select([x < -1, x < 1], [2 * x + 6, -3 * x], 1.5 * x - 5)[:, 0]
        return x, (y + generator.normal(0, noise, examples)).astype(np.float32)

    return Pieces(*part(), *part())


def fit_pieces(data: Pieces, experts: int, seed: int, steps: int = 4000) -> float:
    """Train a mixture of linear experts on the pieces; return the mean squared error of its mean on the test part.

    The loss is Jacobs' and others': -log sum_k g_k exp(-(y - mu_k)^2 / 2), with a linear gate.
    """
    from models.member_layers import BestGate, MemberDense

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((1,))
    answers = MemberDense(experts, 1, seed=seed)(inputs)  # (batch, m, 1)
    shares = BestGate(0, 0.0)(keras.layers.Dense(experts)(inputs))  # (batch, m)
    model = keras.Model(inputs, [answers, shares])

    def loss(targets: tf.Tensor, outputs: list[tf.Tensor]) -> tf.Tensor:
        gaps = targets[:, np.newaxis] - outputs[0][:, :, 0]
        return -tf.reduce_logsumexp(tf.math.log(outputs[1] + 1e-20) - gaps**2 / 2, axis=1)

    training = CompiledTraining(
        model, keras.optimizers.Adam(0.03), loss, data.train_inputs, data.train_targets,
        batch_size=50, seed=seed, jit_compile=True,
    )  # fmt: skip
    training.run(0, steps, 0.03)
    means, gates = (np.asarray(part, np.float64) for part in model(data.test_inputs))
    return float(np.mean((np.sum(gates * means[:, :, 0], axis=1) - data.test_targets) ** 2))
