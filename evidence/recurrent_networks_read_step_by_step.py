"""A recurrent network reads step by step with a state: its time grows with the length, and the order matters."""

from typing import Any

from evidence.ledger.claim import Claim, Effect
from evidence.ledger.sequences import reader, score, shortest, trained

CLAIM = Claim(
    number=9,
    statement="A recurrent network reads step by step with a state: time grows with length, and order matters.",
    experiment="Time sequences of 64 to 1,024 steps; train one to name the order of two signals, then shuffle steps.",
    effects=(
        Effect("growth", "Exponent of time over length from 128 steps on: 1 is in proportion", above=0.7),
        Effect("order", "Accuracy lost on sequences whose steps are shuffled", above=0.3),
    ),
    pages=("rnn",),
)
LENGTHS, UNITS, BATCH = (64, 128, 256, 512, 1024), 32, 16


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return seconds by length, the exponent, and accuracies on ordered and on shuffled sequences."""
    import numpy as np

    from lab.datasets.memory_tasks import memory_task

    lengths = (128, 512) if quick else LENGTHS
    seconds = [_seconds(length, seed) for length in lengths]
    fitted = [(length, took) for length, took in zip(lengths, seconds, strict=True) if length >= 128]
    growth = np.polyfit(np.log([length for length, _ in fitted]), np.log([took for _, took in fitted]), 1)[0]
    data = memory_task("temporal_order", lag=20, samples=4000, seed=seed)
    model = trained(reader("simple", data, UNITS, seed), data, steps=400 if quick else 800, rate=0.003, seed=seed)
    generator = np.random.default_rng([seed, 9])
    shuffled = generator.permuted(data.test_inputs, axis=1)
    in_order, out_of_order = score(model, data), score(model, data, shuffled)
    return {"growth": float(growth), "order": in_order - out_of_order, "in_order": in_order,
            "lengths": list(lengths), "seconds_by_length": seconds}  # fmt: skip


def _seconds(length: int, seed: int) -> float:
    """Return how long a compiled plain cell takes for a batch of sequences of this length."""
    import keras
    import numpy as np
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    layer = keras.layers.SimpleRNN(UNITS)
    inputs = tf.constant(np.random.default_rng(seed).normal(size=(BATCH, length, UNITS)).astype(np.float32))
    layer.build(inputs.shape)
    read = tf.function(lambda x: layer(x), autograph=False)
    return shortest(lambda: read(inputs).numpy())
