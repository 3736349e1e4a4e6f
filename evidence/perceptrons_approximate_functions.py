"""A multilayer perceptron approximates functions: its error falls as it gets wider, in one dimension and in eight."""

from typing import Any

from evidence.ledger.claim import Claim, Effect

CLAIM = Claim(
    number=7,
    statement="A multilayer perceptron is a general function approximator.",
    experiment="Train one hidden layer of 1 to 64 tanh units on a curve of one input and on a wave of eight inputs.",
    effects=(
        Effect("factor_1", "Error of 2 units as a multiple of that of 64, one input", above=3),
        Effect("factor_8", "Error of 2 units as a multiple of that of 64, eight inputs", above=1.5),
        Effect(
            "error_8", "Error left with 64 units and eight inputs, in deviations of the target", above=0.05, limit=True
        ),
    ),
    pages=("mlp", "rbf"),
)
WIDTHS, STEPS, RATE, POINTS = (1, 2, 4, 8, 16, 32, 64), 4000, 0.01, 1000


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return the test error, root mean square in deviations of the target, by width and by number of inputs."""
    from lab.datasets.line import line, many

    sets = {
        1: line("wave", seed=seed, test_share=0.25, samples=POINTS, noise=0.0),
        8: many(seed=seed, dimensions=8, samples=POINTS),
    }
    widths = (2, 64) if quick else WIDTHS
    found = {f"error_{inputs}": [_error(data, width, seed, quick) for width in widths] for inputs, data in sets.items()}
    factors = {
        f"factor_{inputs}": found[f"error_{inputs}"][widths.index(2)] / found[f"error_{inputs}"][-1] for inputs in sets
    }
    return {"widths": list(widths), "errors_1": found["error_1"], "errors_8": found["error_8"], **factors,
            "error_8": found["error_8"][-1]}  # fmt: skip


def _error(data: Any, width: int, seed: int, quick: bool) -> float:
    import keras
    import numpy as np

    from models.training_loop import CompiledTraining

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((data.train_inputs.shape[1],))
    # Bends spread over the range of the inputs; from Keras's own start they all lie at 0 and part slowly.
    spread = keras.initializers.RandomUniform(-2.0, 2.0, seed=seed)
    hidden = keras.layers.Dense(width, activation="tanh", bias_initializer=spread)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1)(hidden))
    targets = data.train_targets.astype(np.float32)[:, np.newaxis]
    rate = keras.optimizers.Adam(RATE)
    training = CompiledTraining(model, rate, keras.losses.MeanSquaredError(), data.train_inputs, targets, batch_size=64,
                                seed=seed, jit_compile=True)  # fmt: skip
    steps = STEPS // (4 if quick else 1)
    for part, share in enumerate((1.0, 0.3, 0.1)):  # a falling rate, so that noise of the steps is not what is measured
        training.run(part * steps // 3, (part + 1) * steps // 3, RATE * share)
    outputs = np.asarray(model(data.test_inputs))[:, 0]
    return float(np.sqrt(np.mean((outputs - data.test_targets) ** 2) / np.var(data.test_targets)))
