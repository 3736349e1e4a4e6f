"""The five problems of the training benchmark: data, first weights and settings that all contestants share.

Plain NumPy, so that a contestant's process loads its own framework and no other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Weights = dict[str, Array]

WIDTH, HEADS, LENGTH, VOCABULARY, BLOCKS = 64, 2, 48, 64, 2  # the Transformer


@dataclass(frozen=True)
class Problem:
    """What is learned, from which start, and how.

    features: (examples, ...); targets: (examples, ...); examples are a multiple of the batch size, so that an epoch
    has the same number of steps for everybody. weights: by name, in the order of the Keras model's weights.
    loss: "binary", "categorical" or "squared". check_epochs: after so many epochs the contestants' losses are compared.
    """

    name: str
    title: str
    features: Array
    targets: Array
    weights: Weights
    loss: str
    batch_size: int
    learning_rate: float
    check_epochs: int

    @property
    def steps_per_epoch(self) -> int:
        return len(self.targets) // self.batch_size


def first_weights(shapes: dict[str, tuple[int, ...]]) -> Weights:
    """Return seeded first weights: Glorot-uniform kernels, scales of 1, biases of 0."""
    generator = np.random.default_rng(1)

    def draw(name: str, shape: tuple[int, ...]) -> Array:
        if name.endswith(("bias", "scale")):
            return np.full(shape, float(name.endswith("scale")), np.float32)
        receptive_field = int(np.prod(shape[:-2]))
        limit = np.sqrt(6 / (receptive_field * (shape[-2] + shape[-1])))
        return generator.uniform(-limit, limit, shape).astype(np.float32)

    return {name: draw(name, shape) for name, shape in shapes.items()}


def mlp() -> Problem:
    """Two inputs, two hidden layers of 8 tanh units, one logit: the sign of x1 * x2, as on TensorFlow Playground."""
    features = np.random.default_rng(0).uniform(-5, 5, (500, 2)).astype(np.float32)
    targets = (features[:, :1] * features[:, 1:] > 0).astype(np.float32)
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, (inputs, outputs) in enumerate([(2, 8), (8, 8), (8, 1)]):
        shapes |= {f"{layer} kernel": (inputs, outputs), f"{layer} bias": (outputs,)}
    title = "MLP 2-8-8-1, tanh, batch 10"
    return Problem("mlp", title, features, targets, first_weights(shapes), "binary", 10, 0.003, 40)


def cnn() -> Problem:
    """Digits of 8 x 8 pixels, two convolutions of 16 and 32 kernels, global maximum, 10 classes."""
    from sklearn.datasets import load_digits

    pictures, labels = load_digits(return_X_y=True)
    features = (pictures[:1792].reshape(-1, 8, 8, 1) / 16).astype(np.float32)
    shapes: dict[str, tuple[int, ...]] = {"0 kernel": (3, 3, 1, 16), "0 bias": (16,), "1 kernel": (3, 3, 16, 32)}
    shapes |= {"1 bias": (32,), "2 kernel": (32, 10), "2 bias": (10,)}
    title, targets = "CNN 16-32 on digits, batch 32", labels[:1792].astype(np.int32)
    return Problem("cnn", title, features, targets, first_weights(shapes), "categorical", 32, 0.003, 4)


def rnn() -> Problem:
    """The adding problem (see `added`), read by a plain recurrent layer of 32 units."""
    features, targets = added()
    shapes = {"0 kernel": (2, 32), "0 recurrent": (32, 32), "0 bias": (32,), "1 kernel": (32, 1), "1 bias": (1,)}
    title = "RNN 32, adding problem, 50 steps, batch 64"
    return Problem("rnn", title, features, targets, first_weights(shapes), "squared", 64, 0.001, 4)


def lstm() -> Problem:
    """The adding problem (see `added`), read by an LSTM of 32 units."""
    features, targets = added()
    shapes = {"0 kernel": (2, 128), "0 recurrent": (32, 128), "0 bias": (128,), "1 kernel": (32, 1), "1 bias": (1,)}
    title = "LSTM 32, adding problem, 50 steps, batch 64"
    return Problem("lstm", title, features, targets, first_weights(shapes), "squared", 64, 0.005, 4)


def added() -> tuple[Array, Array]:
    """The adding problem (Hochreiter and Schmidhuber 1997), 50 steps: the sum of the two marked numbers."""
    generator = np.random.default_rng(0)
    numbers, marks = generator.uniform(size=(2048, 50)), np.zeros((2048, 50))
    marks[np.arange(2048), generator.integers(0, 25, 2048)] = 1
    marks[np.arange(2048), generator.integers(25, 50, 2048)] = 1
    features = np.stack([numbers, marks], axis=-1).astype(np.float32)
    return features, (numbers * marks).sum(axis=1, keepdims=True).astype(np.float32)


def transformer() -> Problem:
    """Next-token prediction where a random run of 8 to 16 tokens repeats: two pre-norm blocks with causal attention."""
    generator = np.random.default_rng(0)
    periods = generator.integers(8, 17, 1024)
    runs = generator.integers(0, VOCABULARY, (1024, 16))
    tokens = np.stack([np.resize(run[:period], LENGTH + 1) for run, period in zip(runs, periods, strict=True)])
    shapes: dict[str, tuple[int, ...]] = {"tokens": (VOCABULARY, WIDTH), "positions": (LENGTH, WIDTH)}
    for block in range(BLOCKS):
        for name, inputs, outputs in [("query, key, value", WIDTH, 3 * WIDTH), ("mix", WIDTH, WIDTH)]:
            if name.startswith("query"):
                shapes |= {f"{block} norm 1 scale": (WIDTH,), f"{block} norm 1 bias": (WIDTH,)}
            shapes |= {f"{block} {name} kernel": (inputs, outputs), f"{block} {name} bias": (outputs,)}
        shapes |= {f"{block} norm 2 scale": (WIDTH,), f"{block} norm 2 bias": (WIDTH,)}
        shapes |= {f"{block} widen kernel": (WIDTH, 4 * WIDTH), f"{block} widen bias": (4 * WIDTH,)}
        shapes |= {f"{block} narrow kernel": (4 * WIDTH, WIDTH), f"{block} narrow bias": (WIDTH,)}
    shapes |= {"norm scale": (WIDTH,), "norm bias": (WIDTH,)}
    shapes |= {"logits kernel": (WIDTH, VOCABULARY), "logits bias": (VOCABULARY,)}
    features, targets = tokens[:, :-1].astype(np.int32), tokens[:, 1:].astype(np.int32)
    title = "Transformer, 2 blocks of width 64, length 48, batch 64"
    return Problem("transformer", title, features, targets, first_weights(shapes), "categorical", 64, 0.003, 4)


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "mlp": mlp, "cnn": cnn, "rnn": rnn, "lstm": lstm, "transformer": transformer,
}  # fmt: skip
