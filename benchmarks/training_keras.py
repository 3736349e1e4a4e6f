"""The contestants on Keras and TensorFlow: `Model.fit` as it comes, `fit` tuned, and this app's own loop."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops

from benchmarks.training_problems import BLOCKS, HEADS, LENGTH, VOCABULARY, WIDTH, Problem
from models.training_loop import CompiledTraining

LOSSES: dict[str, Callable[[], keras.losses.Loss]] = {
    "binary": lambda: keras.losses.BinaryCrossentropy(from_logits=True),
    "categorical": lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    "squared": keras.losses.MeanSquaredError,
}
XLA = {"mlp": True, "cnn": False, "rnn": True, "lstm": True, "transformer": False}  # what was faster, measured


class AddPositions(layers.Layer):
    """Adds a learned vector to each position: (batch, LENGTH, WIDTH) -> the same."""

    def build(self, shape: tuple[int, ...]) -> None:
        self.positions = self.add_weight(shape=shape[1:], initializer="glorot_uniform", name="positions")

    def call(self, tokens: tf.Tensor) -> tf.Tensor:
        return tokens + self.positions


class CausalAttention(layers.Layer):
    """Attention of each position to itself and those before: (batch, length, 3 * width) -> (batch, length, width)."""

    def call(self, query_key_value: tf.Tensor) -> tf.Tensor:
        length, width = query_key_value.shape[1], query_key_value.shape[2] // 3
        split = ops.reshape(query_key_value, (-1, length, 3, HEADS, width // HEADS))
        query, key, value = ops.unstack(ops.transpose(split, (2, 0, 3, 1, 4)))  # each (batch, heads, length, size)
        scores = ops.matmul(query * (width // HEADS) ** -0.5, ops.transpose(key, (0, 1, 3, 2)))
        allowed = ops.tril(ops.ones((length, length), "bool"))
        weights = ops.softmax(ops.where(allowed, scores, -1e9))  # (batch, heads, length, length)
        mixed = ops.transpose(ops.matmul(weights, value), (0, 2, 1, 3))
        return ops.reshape(mixed, (-1, length, width))


def mlp() -> keras.Model:
    inputs = keras.Input((2,))
    hidden = layers.Dense(8, "tanh")(inputs)
    hidden = layers.Dense(8, "tanh")(hidden)
    return keras.Model(inputs, layers.Dense(1)(hidden))


def cnn() -> keras.Model:
    inputs = keras.Input((8, 8, 1))
    maps = layers.Conv2D(16, 3, padding="same", activation="relu")(inputs)
    maps = layers.MaxPooling2D()(maps)
    maps = layers.Conv2D(32, 3, padding="same", activation="relu")(maps)
    return keras.Model(inputs, layers.Dense(10)(layers.GlobalMaxPooling2D()(maps)))


def rnn() -> keras.Model:
    inputs = keras.Input((50, 2))
    return keras.Model(inputs, layers.Dense(1)(layers.SimpleRNN(32)(inputs)))


def lstm() -> keras.Model:
    inputs = keras.Input((50, 2))
    return keras.Model(inputs, layers.Dense(1)(layers.LSTM(32)(inputs)))


def transformer() -> keras.Model:
    inputs = keras.Input((LENGTH,), dtype="int32")
    stream = AddPositions()(layers.Embedding(VOCABULARY, WIDTH)(inputs))
    for _ in range(BLOCKS):
        normal = layers.LayerNormalization(epsilon=1e-5)(stream)
        mixed = CausalAttention()(layers.Dense(3 * WIDTH)(normal))
        stream = layers.Add()([stream, layers.Dense(WIDTH)(mixed)])
        normal = layers.LayerNormalization(epsilon=1e-5)(stream)
        wide = layers.Dense(4 * WIDTH, "relu")(normal)
        stream = layers.Add()([stream, layers.Dense(WIDTH)(wide)])
    normal = layers.LayerNormalization(epsilon=1e-5)(stream)
    return keras.Model(inputs, layers.Dense(VOCABULARY)(normal))


MODELS = {"mlp": mlp, "cnn": cnn, "rnn": rnn, "lstm": lstm, "transformer": transformer}


def build(problem: Problem) -> keras.Model:
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    model = MODELS[problem.name]()
    model.set_weights(list(problem.weights.values()))
    return model


class Fit:
    """What the documentation of Keras shows."""

    def __init__(self, problem: Problem, **options: Any) -> None:
        self.problem, self.model = problem, build(problem)
        self.model.compile(keras.optimizers.Adam(problem.learning_rate), LOSSES[problem.loss](), **options)

    def train(self, epochs: int) -> None:
        problem = self.problem
        self.model.fit(problem.features, problem.targets, problem.batch_size, epochs=epochs, verbose=0)

    def loss(self) -> float:
        """Return the mean loss over all examples."""
        return float(LOSSES[self.problem.loss]()(self.problem.targets, self.model(self.problem.features)))


class FitTuned(Fit):
    """The best that `fit` can do: a whole epoch in one execution, and XLA where it pays."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem, steps_per_execution=problem.steps_per_epoch, jit_compile=XLA[problem.name])


class Ours:
    """models.training_loop, as the families use it."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.model, self.epochs = problem, build(problem), 0
        self.training = CompiledTraining(
            self.model,
            keras.optimizers.Adam(problem.learning_rate),
            LOSSES[problem.loss](),
            problem.features,
            problem.targets,
            batch_size=problem.batch_size,
            seed=0,
            jit_compile=XLA[problem.name],
        )

    def train(self, epochs: int) -> None:
        steps = self.training.steps_per_epoch
        first, self.epochs = self.epochs, self.epochs + epochs
        self.training.run(first * steps, self.epochs * steps, self.problem.learning_rate)

    loss = Fit.loss


CONTESTANTS = {"fit": Fit, "fit, tuned": FitTuned, "ours": Ours}
