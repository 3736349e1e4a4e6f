"""A single step of plain descent, and a single step of Adam, lowers the loss, as long as the rate is small enough."""

from typing import Any

from evidence.ledger.claim import Claim, Effect

CLAIM = Claim(
    number=3,
    statement="A single SGD step, and a single Adam step, lowers the loss if the rate is small enough.",
    experiment="Take one step from 1,000 random small networks on random data at each of nine rates, and count.",
    effects=(
        Effect("sgd_0.01", "Share of networks whose loss fell, SGD at rate 0.01", above=0.99),
        Effect("adam_0.001", "Share of networks whose loss fell, Adam at rate 0.001", above=0.99),
        Effect("sgd_10", "Share of networks whose loss fell, SGD at rate 10", below=0.9, limit=True),
        Effect("adam_1", "Share of networks whose loss fell, Adam at rate 1", below=0.9, limit=True),
    ),
    pages=("backpropagation",),
)
RATES = (0.0001, 0.001, 0.01, 0.1, 0.3, 1, 3, 10, 30)
NETWORKS, EXAMPLES = 1000, 32
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7  # Keras's Adam


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return the share of networks whose mean loss on its own batch is lower after one step, by optimizer and rate.

    Each of 10 groups of networks has data, targets and sizes of its own. Adam's first step moves each weight by
    rate g / (|g| + epsilon), since both of its averages are then the gradient itself.
    """
    import numpy as np
    import tensorflow as tf

    generator = np.random.default_rng([seed, 3])
    fell: dict[str, list[Any]] = {}
    groups = 3 if quick else 10
    for _ in range(groups):
        lesson, rows, inputs, targets = _group(generator, (60 if quick else NETWORKS) // groups)
        with tf.GradientTape() as tape:
            tape.watch(rows)
            before = _losses(rows, inputs, targets, lesson)
        gradient = tape.gradient(before, rows)
        steps = {"sgd": gradient, "adam": gradient / (tf.abs(gradient) + EPSILON)}
        for name, step in steps.items():
            for rate in RATES:
                after = _losses(rows - rate * step, inputs, targets, lesson)
                fell.setdefault(f"{name}_{rate:g}", []).append(np.asarray(after < before))
    return {name: float(np.concatenate(found).mean()) for name, found in fell.items()}


def _group(generator: Any, networks: int) -> tuple[Any, Any, Any, Any]:
    """Return sizes and activation, parameters (S, P), inputs (n, d) and targets (n,), all random."""
    import numpy as np
    import tensorflow as tf

    from models.small_network import parameter_count

    inputs, units, layers = generator.integers(1, 6), generator.integers(2, 9), generator.integers(1, 4)
    sizes = (int(inputs), *[int(units)] * int(layers), 1)
    activation = str(generator.choice(["tanh", "relu", "sigmoid", "gelu"]))
    rows = generator.normal(size=(networks, parameter_count(sizes))) / np.sqrt(units)
    x, y = generator.normal(size=(EXAMPLES, inputs)), generator.normal(size=EXAMPLES)
    return (sizes, activation), tf.constant(rows), tf.constant(x), tf.constant(y)


def _losses(rows: Any, inputs: Any, targets: Any, lesson: Any) -> Any:
    """Return the mean squared error of each network: (S,)."""
    import tensorflow as tf

    from models.small_network import logits, losses

    return tf.reduce_mean(losses("squared", targets, logits(rows, inputs, *lesson)), -1)
