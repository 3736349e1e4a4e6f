"""LSTM and GRU remember where the plain recurrent network forgets; once trained, their gradient is where it matters."""

from typing import Any

from evidence.ledger.claim import Claim, Effect
from evidence.ledger.sequences import reader, score, trained
from evidence.recurrent_networks_forget import RATE, SEQUENCES, STEPS, UNITS, shrinks

CLAIM = Claim(
    number=10,
    statement="Gates mitigate vanishing gradients: GRU and LSTM learn lags that a plain recurrent network does not.",
    experiment="Train all three on the adding problem with 50 steps, in the same number of steps; compare gradients.",
    effects=(
        Effect("gru", "Error of the plain network minus that of the GRU, as a share of guessing the mean", above=0.5),
        Effect("lstm", "Error of the plain network minus that of the LSTM, as a share of guessing the mean", above=0.3),
        Effect("marked", "Gradient of the trained GRU at marked numbers, as a multiple of that at others", above=5),
        Effect("untrained", "Decades that the untrained GRU's gradient shrinks beyond the plain network's",
               above=0.0, limit=True),
    ),
    pages=("lstm_gru",),
)  # fmt: skip


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return errors of all three kinds, the trained GRU's gradient by kind of step, and the untrained decades."""
    from lab.datasets.memory_tasks import memory_task

    data = memory_task("adding", lag=50, samples=SEQUENCES, seed=seed)
    errors, untrained = {}, {}
    for kind in ("simple", "lstm", "gru"):
        model = reader(kind, data, UNITS, seed)
        untrained[kind] = shrinks(model, data.test_inputs[:32])
        errors[kind] = score(trained(model, data, steps=STEPS, rate=RATE, seed=seed), data) / data.chance
    return {
        "gru": errors["simple"] - errors["gru"], "lstm": errors["simple"] - errors["lstm"],
        "marked": _marked(model, data.test_inputs[:200]), "untrained": untrained["gru"] - untrained["simple"],
        "errors": errors, "decades": untrained,
    }  # fmt: skip


def _marked(model: Any, inputs: Any) -> float:
    """Return the mean size of the answer's gradient by the marked numbers over that by all others."""
    import numpy as np
    import tensorflow as tf

    x = tf.constant(inputs)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = model(x)
    sizes, marks = np.abs(np.asarray(tape.gradient(outputs, x)))[..., 0], inputs[..., 1] > 0
    return float(sizes[marks].mean() / sizes[~marks].mean())
