"""A plain recurrent network struggles with very long dependencies: in its answers, and in its gradient."""

from typing import Any

from evidence.ledger.claim import Claim, Effect
from evidence.ledger.sequences import reader, score, trained

CLAIM = Claim(
    number=9,
    statement="A plain recurrent network struggles with very long dependencies.",
    experiment="Train it on the adding problem with 10 and with 50 steps; follow the gradient back through 200 steps.",
    effects=(
        Effect("error_10", "Error with 10 steps, as a share of what guessing the mean gives", below=0.3),
        Effect("error_50", "Error with 50 steps, as a share of what guessing the mean gives", above=0.5),
        Effect("decades", "Decades by which the gradient shrinks over 200 steps before training", above=3),
    ),
    pages=("rnn", "lstm_gru"),
)
UNITS, STEPS, RATE, SEQUENCES = 32, 940, 0.005, 10000  # six passes in batches of 64
FAR = 200


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return errors on the adding problem, and how far the answer's gradient has shrunk 200 steps before."""
    from lab.datasets.memory_tasks import memory_task

    found = {}
    for lag in (10, 50):
        data = memory_task("adding", lag=lag, samples=SEQUENCES, seed=seed)
        model = trained(
            reader("simple", data, UNITS, seed), data, steps=STEPS // (2 if quick else 1), rate=RATE, seed=seed
        )
        found[f"error_{lag}"] = score(model, data) / data.chance
    far = memory_task("adding", lag=FAR, samples=64, seed=seed)
    return {**found, "decades": shrinks(reader("simple", far, UNITS, seed), far.test_inputs[:32])}


def shrinks(model: Any, inputs: Any) -> float:
    """Return log10 of the answer's gradient by the last step over that by the first one, root mean squares."""
    import numpy as np
    import tensorflow as tf

    x = tf.constant(inputs)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = model(x)
    by_step = np.sqrt(np.mean(np.asarray(tape.gradient(outputs, x), np.float64) ** 2, axis=(0, 2)))
    return float(np.log10(by_step[-1]) - np.log10(max(by_step[0], 1e-45)))
