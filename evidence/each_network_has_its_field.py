"""The map: convolutions for pictures, recurrent networks for sequences, the perceptron for tables."""

from typing import Any

from evidence.ledger.claim import Claim, Effect

CANVAS, LENGTH, LEARNED, SYMBOLS = 14, 80, 40, 4
STEPS, RATE, BATCH = 1500, 0.004, 64
COPIES = 3
KINDS = ("perceptron", "convolution", "gru")
WRITES = 0.02  # chance of a write at a step

CLAIM = Claim(
    number=19,
    statement="Each network has its field: convolutions lead on pictures, recurrent networks on sequences of any "
    "length, and on tables neither gains on the plain perceptron.",
    experiment="Train all three, of about 3,000 parameters, for the same steps: on digits anywhere on a canvas, on the "
    "value last written (longer sequences than in training), and on three tables (one: pixels in shuffled order).",
    effects=(
        Effect("pictures", "Share right on pictures: convolutions above the better of the two others", above=0.05),
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

    steps = 500 if quick else STEPS
    fields = {"pictures": _pictures(seed), "sequences": _sequences(seed), **_tables(seed)}
    right = {field: {kind: _right(kind, *data, seed=seed, steps=steps) for kind in KINDS}
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


def _pictures(seed: int) -> tuple[Any, Any, Any, Any]:
    """Digits of 8 x 8 pixels at random places of a canvas: (rows, 14, 14), targets 0 to 9."""
    import numpy as np
    from sklearn.datasets import load_digits

    generator, digits = np.random.default_rng(seed), load_digits()
    order = generator.permutation(len(digits.target))
    train, test = np.repeat(order[:-500], COPIES), order[-500:]
    parts = []
    for rows in (train, test):
        images = np.zeros((len(rows), CANVAS, CANVAS), np.float32)
        for image, row in zip(images, rows, strict=True):
            top, left = generator.integers(CANVAS - 7, size=2)
            image[top : top + 8, left : left + 8] = digits.images[row] / 16
        parts += [images, digits.target[rows].astype(np.int32)]
    return tuple(parts)


def _sequences(seed: int) -> tuple[Any, Any, Any, Any]:
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


def _tables(seed: int) -> dict[str, tuple[Any, Any, Any, Any]]:
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


def _right(kind: str, train: Any, targets: Any, test: Any, test_targets: Any, *, seed: int, steps: int) -> float:
    """Train one network and return the share of the test examples that it answers right."""
    import keras
    import numpy as np

    from models.training_loop import CompiledTraining

    keras.utils.set_random_seed(seed)
    inputs = keras.Input(train.shape[1:])
    outputs = keras.layers.Dense(int(targets.max()) + 1, name="answer")(NETWORKS[kind](inputs))
    model = keras.Model(inputs, outputs)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    training = CompiledTraining(model, keras.optimizers.Adam(RATE, global_clipnorm=1.0), loss, train, targets,
                                batch_size=min(BATCH, len(train)), seed=seed, jit_compile=True)  # fmt: skip
    training.run(0, steps, RATE)
    return float(np.mean(model.predict(test, verbose=0, batch_size=500).argmax(-1) == test_targets))


def _perceptron(inputs: Any) -> Any:
    """One hidden layer over all numbers at once."""
    import keras

    flat = keras.layers.Flatten()(inputs)
    return keras.layers.Dense(max(8, 3000 // flat.shape[1]), activation="relu")(flat)


def _convolution(inputs: Any) -> Any:
    """Windows that slide: over a picture in two directions, over a sequence or the columns of a table in one."""
    import keras

    if len(inputs.shape) == 4 or (len(inputs.shape) == 3 and inputs.shape[1] == inputs.shape[2]):
        x = keras.layers.Reshape((*inputs.shape[1:3], 1))(inputs)
        for filters, strides in ((8, 1), (16, 2), (16, 1)):
            x = keras.layers.Conv2D(filters, 3, strides=strides, padding="same", activation="relu")(x)
        return keras.layers.GlobalMaxPooling2D()(x)
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
