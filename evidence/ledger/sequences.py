"""Networks that read a sequence, trained on the memory tasks: the small nets behind the claims on memory."""

from collections.abc import Callable
from typing import Any

WINDOW, BLOCKS = 5, 2  # of the convolutional reader: its last place sees 1 + 2 (5 - 1) = 9 steps
FIELD = 1 + BLOCKS * (WINDOW - 1)


def reader(kind: str, data: Any, units: int, seed: int, **cell: Any) -> Any:
    """Return an untrained network that reads whole sequences and answers once.

    kind: "simple", "irnn", "lstm", "gru" (cell: see models.recurrent.cell_options), "convolution" (two causal layers,
    the last place answers), or "attention" (one layer, sinusoidal positions, the mean over places answers).
    """
    import keras

    from models.recurrent import answer, read, recurrent_layer

    keras.utils.set_random_seed(seed)
    inputs, x = read(data)
    if kind == "convolution":
        for number in range(BLOCKS):
            x = keras.layers.Conv1D(units, WINDOW, padding="causal", activation="relu", name=f"block_{number}")(x)
        states = x[:, -1]
    elif kind == "attention":
        states = _attention(x, data.steps, units, seed)
    else:
        states = recurrent_layer(kind, units, name="reader", sequences=False, seed=seed, **cell)(x)  # type: ignore[arg-type]
    return keras.Model(inputs, answer(data, states), name=kind)


def _attention(x: Any, steps: int, units: int, seed: int) -> Any:
    """One block: x + positions, attention and a plus, mean over the places. (batch, units)"""
    import keras

    x = keras.layers.Dense(units, name="embedding")(x) + sinusoids(steps, units)
    heads = keras.layers.MultiHeadAttention(2, units // 2, name="attention")
    return keras.ops.mean(x + heads(x, x), axis=1)


def sinusoids(steps: int, units: int) -> Any:
    """Return the positions of Vaswani and others (2017), section 3.5: (steps, units) float32."""
    import numpy as np

    angles = np.arange(steps)[:, np.newaxis] / 10000 ** (2 * (np.arange(units) // 2) / units)
    return np.where(np.arange(units) % 2 == 0, np.sin(angles), np.cos(angles)).astype(np.float32)


def trained(model: Any, data: Any, *, steps: int, rate: float, seed: int, batch_size: int = 64) -> Any:
    """Train a reader with Adam, gradients clipped at a norm of 1, and return it."""
    import keras

    from models.training_loop import CompiledTraining

    fitting = keras.losses.MeanSquaredError() if data.task == "regression" else (
        keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )  # fmt: skip
    targets = data.train_targets[:, None] if data.task == "regression" else data.train_targets
    optimizer = keras.optimizers.Adam(rate, global_clipnorm=1.0)
    training = CompiledTraining(model, optimizer, fitting, data.train_inputs, targets, batch_size=batch_size, seed=seed,
                                jit_compile=model.name in ("simple", "irnn", "lstm", "gru"))  # fmt: skip
    training.run(0, steps, rate)
    return model


def score(model: Any, data: Any, inputs: Any = None) -> float:
    """Return the share of test sequences answered right, or the mean squared error in the target's own unit."""
    import numpy as np

    outputs = model.predict(data.test_inputs if inputs is None else inputs, verbose=0, batch_size=500)
    if data.task == "regression":
        return float(np.mean((outputs[:, 0] - data.test_targets) ** 2)) * data.target_scale**2
    return float(np.mean(outputs.argmax(-1) == data.test_targets))


def shortest(work: Callable[[], Any], repeats: int = 7) -> float:
    """Return the shortest of several durations, in seconds: whatever else the machine did can only add to it."""
    from time import perf_counter

    work()
    durations = []
    for _ in range(repeats):
        started = perf_counter()
        work()
        durations.append(perf_counter() - started)
    return min(durations)
