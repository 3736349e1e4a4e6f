"""Digits that may stand anywhere, and small networks that read them: for claims on what convolutions are good for."""

from collections.abc import Callable
from typing import Any

CANVAS = 14
DIGIT = 8
Split = tuple[Any, Any, Any, Any]  # train inputs (rows, ...), train targets (rows,), test inputs, test targets


def digits_anywhere(seed: int, copies: int = 3) -> Split:
    """Return scikit-learn's digits of 8 x 8 pixels at random places of a canvas: (rows, 14, 14), targets 0 to 9.

    Each training digit stands at `copies` places; 500 other digits are for testing.
    """
    import numpy as np
    from sklearn.datasets import load_digits

    generator, digits = np.random.default_rng(seed), load_digits()
    order = generator.permutation(len(digits.target))
    parts = []
    for rows in (np.repeat(order[:-500], copies), order[-500:]):
        images = np.zeros((len(rows), CANVAS, CANVAS), np.float32)
        for image, row in zip(images, rows, strict=True):
            top, left = generator.integers(CANVAS - DIGIT + 1, size=2)
            image[top : top + DIGIT, left : left + DIGIT] = digits.images[row] / 16
        parts += [images, digits.target[rows].astype(np.int32)]
    return tuple(parts)


def windows(inputs: Any) -> Any:
    """Three layers of 3 x 3 windows and global pooling: (batch, rows, columns) to (batch, 16)."""
    import keras

    x = keras.layers.Reshape((*inputs.shape[1:3], 1))(inputs)
    for filters, strides in ((8, 1), (16, 2), (16, 1)):
        x = keras.layers.Conv2D(filters, 3, strides=strides, padding="same", activation="relu")(x)
    return keras.layers.GlobalMaxPooling2D()(x)


def dense(inputs: Any, units: int) -> Any:
    """One hidden layer over all numbers at once: (batch, ...) to (batch, units)."""
    import keras

    return keras.layers.Dense(units, activation="relu")(keras.layers.Flatten()(inputs))


def share_right(body: Callable[[Any], Any], data: Split, *, seed: int, steps: int, rate: float) -> tuple[float, int]:
    """Train a body with a dense answer (Adam, batches of 64); return the share of test rows right, and parameters."""
    import keras
    import numpy as np

    from models.training_loop import CompiledTraining

    train, targets, test, test_targets = data
    keras.utils.set_random_seed(seed)
    inputs = keras.Input(train.shape[1:])
    outputs = keras.layers.Dense(int(targets.max()) + 1, name="answer")(body(inputs))
    model = keras.Model(inputs, outputs)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    training = CompiledTraining(model, keras.optimizers.Adam(rate, global_clipnorm=1.0), loss, train, targets,
                                batch_size=min(64, len(train)), seed=seed, jit_compile=True)  # fmt: skip
    training.run(0, steps, rate)
    right = float(np.mean(model.predict(test, verbose=0, batch_size=500).argmax(-1) == test_targets))
    return right, int(model.count_params())
