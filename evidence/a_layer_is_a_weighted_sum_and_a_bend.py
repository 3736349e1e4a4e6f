"""A layer computes z = W x + b and a = f(z): Keras's Dense layer against the formula in NumPy."""

from typing import Any

from evidence.ledger.claim import Claim, Effect

CLAIM = Claim(
    number=1,
    statement="A layer computes z = Wx + b and a = f(z).",
    experiment="Compare 20 Dense layers of random size, weights and activation with the formula in NumPy.",
    effects=(Effect("largest_difference", "Largest difference of any output of 20 layers", below=1e-5),),
    pages=("backpropagation", "mlp"),
)
LAYERS = 20


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return the largest difference between Keras and the formula over some random layers."""
    import keras
    import numpy as np

    from models.gradient_theory import BENDS

    generator = np.random.default_rng([seed, 1])
    worst = 0.0
    for _ in range(5 if quick else LAYERS):
        inputs, units, examples = generator.integers(1, 40, 3)
        name = str(generator.choice(sorted(BENDS)))
        x = generator.normal(size=(examples, inputs)).astype(np.float32)
        layer = keras.layers.Dense(int(units), activation=name)
        layer.build(x.shape)
        weights = [generator.normal(size=weight.shape).astype(np.float32) for weight in layer.get_weights()]
        layer.set_weights(weights)
        z = x.astype(np.float64) @ weights[0] + weights[1]
        a = np.stack([BENDS[name][0](row) for row in z])
        worst = max(worst, float(np.max(np.abs(np.asarray(layer(x)) - a) / (1 + np.abs(a)))))
    return {"largest_difference": worst}
