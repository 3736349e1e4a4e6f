"""The map: convolutions for pictures, recurrent networks for sequences, the perceptron for tables."""

from typing import Any

from evidence.ledger.claim import Claim, Effect
from evidence.ledger.pictures import CANVAS, Split, dense, digits_anywhere, share_right, windows

LENGTH, LEARNED, SYMBOLS = 80, 40, 4
STEPS, RATE = 1500, 0.004
KINDS = ("perceptron", "convolution", "gru")
WRITES = 0.02  # chance of a write at a step

CLAIM = Claim(
    number=19,
    statement="Each network has its field: convolutions lead on pictures, recurrent networks on sequences of any "
    "length, and on tables neither gains on the plain perceptron.",
    experiment="Train all three, of about 3,000 parameters, for the same steps: on digits anywhere on a canvas, on the "
    "value last written (longer sequences than in training), and on three tables (one: pixels in shuffled order).",
    effects=(
        Effect("pictures", "Share right on pictures: convolutions above the better of the two others", above=0.0),
        Effect("sequences", "Share right on sequences: the recurrent network above the better other", above=0.1),
        Effect("tables", "Share right on tables: the perceptron above the mean of the two others", above=0.0),
        Effect("tables_tie", "Share right on tables: the better other minus the perceptron (a tie)", above=-0.02,
               limit=True),
    ),
    pages=("mlp", "cnn", "rnn", "architecture_fit"),
)  # fmt: skip


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return the leads and the share of test examples answered right, by field and network."""
    import numpy as np

    steps = 250 if quick else STEPS
    fields = {"pictures": digits_anywhere(seed), "sequences": _sequences(seed), **_tables(seed)}
    right = {field: {kind: share_right(NETWORKS[kind], data, seed=seed, steps=steps, rate=RATE)[0] for kind in KINDS}
             for field, data in fields.items()}  # fmt: skip
    mean = {kind: float(np.mean([right[field][kind] for field in fields if field.startswith("table")]))
            for kind in KINDS}  # fmt: skip
    others = [mean["convolution"], mean["gru"]]
    return {
        "pictures": _lead(right["pictures"], "convolution"), "sequences": _lead(right["sequences"], "gru"),
        "tables": mean["perceptron"] - sum(others) / 2, "tables_tie": max(others) - mean["perceptron"], "right": right,
    }  # fmt: skip


def _lead(right: dict[str, float], kind: str) -> float:
    return right[kind] - max(value for name, value in right.items() if name != kind)


# ---- the fields: train inputs (rows, ...), train targets, test inputs, test targets ----


def _sequences(seed: int) -> Split:
    """The value last written (flip-flop, Liu and others, 2023): (rows, 80, 4) of write 0, write 1, two distractors.

    Learned from sequences of 10 to 40 steps, tested on 41 to 80; zeros stand before the first step.
    """
    import numpy as np

    generator = np.random.default_rng(seed)

    def part(count: int, least: int, most: int) -> tuple[Any, Any]:
        begin = LENGTH - generator.integers(least, most + 1, size=(count, 1))
        places = np.arange(LENGTH)
        writes = (generator.random((count, LENGTH)) < WRITES) | (places == begin)
        values, seen = generator.integers(2, size=(count, LENGTH)), places >= begin
        last = LENGTH - 1 - (writes & seen)[:, ::-1].argmax(axis=1)
        inputs = np.eye(SYMBOLS, dtype=np.float32)[np.where(writes, values, 2 + values)] * seen[..., None]
        return inputs, values[np.arange(count), last].astype(np.int32)

    return (*part(4000, 10, LEARNED), *part(1000, LEARNED + 1, LENGTH))


def _tables(seed: int) -> dict[str, Split]:
    """Breast cancer, wine, and the pixels of digits in an order drawn once: (rows, columns), standardized."""
    import numpy as np
    from sklearn.datasets import load_breast_cancer, load_digits, load_wine
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    found = {}
    for name, loader in (("cancer", load_breast_cancer), ("wine", load_wine), ("shuffled", load_digits)):
        inputs, targets = loader(return_X_y=True)
        inputs = inputs[:, np.random.default_rng(seed).permutation(inputs.shape[1])]
        train, test, train_targets, test_targets = train_test_split(inputs, targets, test_size=0.3, random_state=seed,
                                                                    stratify=targets)  # fmt: skip
        scaler = StandardScaler().fit(train)
        found[f"table {name}"] = (scaler.transform(train).astype(np.float32), train_targets.astype(np.int32),
                                  scaler.transform(test).astype(np.float32), test_targets.astype(np.int32))  # fmt: skip
    return found


# ---- the networks ----


def _perceptron(inputs: Any) -> Any:
    """One hidden layer over all numbers at once, of as many units as 3,000 parameters allow."""
    from math import prod

    return dense(inputs, max(8, 3000 // prod(inputs.shape[1:])))


def _convolution(inputs: Any) -> Any:
    """Windows that slide: over a picture in two directions, over a sequence or the columns of a table in one."""
    import keras

    if inputs.shape[1:] == (CANVAS, CANVAS):
        return windows(inputs)
    x = inputs if len(inputs.shape) == 3 else keras.layers.Reshape((inputs.shape[1], 1))(inputs)
    for filters in (12, 16, 16):
        x = keras.layers.Conv1D(filters, 5, padding="same", activation="relu")(x)
        x = keras.layers.MaxPooling1D(2, padding="same")(x)
    return keras.layers.Flatten()(x)


def _gru(inputs: Any) -> Any:
    """A state carried along the rows of a picture, the steps of a sequence or the columns of a table."""
    import keras

    x = inputs if len(inputs.shape) == 3 else keras.layers.Reshape((inputs.shape[1], 1))(inputs)
    return keras.layers.GRU(28)(x)


NETWORKS = {"perceptron": _perceptron, "convolution": _convolution, "gru": _gru}
