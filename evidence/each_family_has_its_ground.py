"""The map: convolutions for images, perceptrons for tables, recurrent networks for sequences, on the same budget."""

from typing import Any

from evidence.ledger.claim import Claim, Effect

CLAIM = Claim(
    number=19,
    statement="Each family has its ground: CNN for images, MLP for tables, recurrent networks for sequences.",
    experiment="Train MLP, CNN and GRU of about 5,000 parameters on moved digits, two tables and the order of signals.",
    effects=(
        Effect("images", "Accuracy on digits moved by two pixels: CNN minus the better of MLP and GRU", above=0.1),
        Effect("tables", "Accuracy on tables: MLP minus the better of CNN and GRU", above=0.0),
        Effect("sequences", "Accuracy on the order of signals: GRU minus the better of MLP and CNN", above=0.05),
    ),
    pages=("mlp", "cnn", "rnn", "lstm_gru"),
)  # fmt: skip
STEPS, RATE, LAG = 1000, 0.005, 40


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return the lead of each family on its own ground, and what all reached."""
    import numpy as np

    steps = STEPS // (2 if quick else 1)
    tables = {"breast_cancer": _table("breast_cancer", seed, steps), "wine": _table("wine", seed, steps)}
    mean = {kind: float(np.mean([one[kind] for one in tables.values()])) for kind in ("mlp", "cnn", "gru")}
    images, sequences = _images(seed, steps), _sequences(seed, steps)
    return {
        "images": images["cnn"] - max(images["mlp"], images["gru"]),
        "tables": mean["mlp"] - max(mean["cnn"], mean["gru"]),
        "sequences": sequences["gru"] - max(sequences["mlp"], sequences["cnn"]),
        "reached": {"images": images, **tables, "sequences": sequences},
    }


def network(kind: str, shape: tuple[int, ...], outputs: int, seed: int) -> Any:
    """Return a network of about 5,000 parameters. shape: (rows, columns) of an image, or (steps, numbers)."""
    import keras

    keras.utils.set_random_seed(seed)
    inputs = keras.Input(shape)
    if kind == "mlp":
        flat = shape[0] * shape[1]
        x = keras.layers.Dense(max(4, 5000 // (flat + outputs)), activation="relu")(keras.layers.Flatten()(inputs))
    elif kind == "gru":
        x = keras.layers.GRU(36)(inputs)
    elif shape[0] == shape[1]:  # an image: windows of 3 x 3
        x = keras.layers.Reshape((*shape, 1))(inputs)
        x = keras.layers.MaxPooling2D()(keras.layers.Conv2D(16, 3, padding="same", activation="relu")(x))
        x = keras.layers.GlobalMaxPooling2D()(keras.layers.Conv2D(32, 3, padding="same", activation="relu")(x))
    else:  # a row: windows of 5
        x = keras.layers.Conv1D(24, 5, padding="same", activation="relu")(inputs)
        x = keras.layers.GlobalMaxPooling1D()(keras.layers.Conv1D(36, 5, padding="same", activation="relu")(x))
    return keras.Model(inputs, keras.layers.Dense(outputs)(x), name=kind)


def _trained(kind: str, train: Any, targets: Any, outputs: int, seed: int, steps: int) -> Any:
    import keras

    from models.training_loop import CompiledTraining

    model = network(kind, train.shape[1:], outputs, seed)
    fitting = (
        keras.losses.SparseCategoricalCrossentropy(from_logits=True) if outputs > 1 else keras.losses.MeanSquaredError()
    )
    training = CompiledTraining(model, keras.optimizers.Adam(RATE, global_clipnorm=1.0), fitting, train, targets,
                                batch_size=64, seed=seed, jit_compile=kind != "cnn")  # fmt: skip
    training.run(0, steps, RATE)
    return model


def _right(model: Any, inputs: Any, targets: Any) -> float:
    import numpy as np

    return float(np.mean(model.predict(inputs, verbose=0).argmax(-1) == targets))


def _images(seed: int, steps: int) -> dict[str, float]:
    """Return the share right of digits that stand two pixels off: mean of up, down, left and right."""
    import numpy as np

    from lab.datasets.images import images, shift

    data = images("digits_canvas", seed=seed)
    train, test = (data.pictures(part)[..., 0] for part in ("train", "test"))
    reached = {}
    for kind in ("mlp", "cnn", "gru"):
        model = _trained(kind, train, data.train_targets, 10, seed, steps)
        moved = [shift(test[..., None], *by)[..., 0] for by in ((2, 0), (-2, 0), (0, 2), (0, -2))]
        reached[kind] = float(np.mean([_right(model, one, data.test_targets) for one in moved]))
    return reached


def _table(name: str, seed: int, steps: int) -> dict[str, float]:
    """Return the share right; for GRU and CNN the columns are a row of numbers."""
    from lab.datasets.choose import load

    data = load(name, seed=seed)
    train, test = (part[..., None] for part in (data.train_inputs, data.test_inputs))
    classes, reached = len(data.class_names), {}
    for kind in ("mlp", "cnn", "gru"):
        model = _trained(kind, train, data.train_targets, classes, seed, steps)
        reached[kind] = _right(model, test, data.test_targets)
    return reached


def _sequences(seed: int, steps: int) -> dict[str, float]:
    """Return the share right of sequences of 40 letters in which two signals stand: which two, in which order?"""
    from lab.datasets.memory_tasks import memory_task
    from models.recurrent import numbers

    data = memory_task("temporal_order", lag=LAG, samples=8000, seed=seed)
    train, test = numbers(data, data.train_inputs), numbers(data, data.test_inputs)
    reached = {}
    for kind in ("mlp", "cnn", "gru"):
        model = _trained(kind, train, data.train_targets, len(data.class_names), seed, steps)
        reached[kind] = _right(model, test, data.test_targets)
    return reached
