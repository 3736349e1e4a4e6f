"""Sigmoid layers shrink the gradient with depth far more than ReLU layers do, by as much as theory says."""

from typing import Any

from evidence.ledger.claim import Claim, Effect
from evidence.ledger.slopes import decades_a_layer

CLAIM = Claim(
    number=4,
    statement="Sigmoid layers shrink the gradient with depth far more than ReLU layers.",
    experiment="Measure the gradient's norm at each of 20 untrained layers of 128 units, beside theory.",
    effects=(
        Effect("sigmoid", "Decades by which the gradient changes a layer towards the input, sigmoid", below=-0.5),
        Effect("difference", "Decades a layer that ReLU keeps and sigmoid loses", above=0.5),
        Effect("theory_error", "Distance of the sigmoid's slope from theory, decades a layer", below=0.03),
    ),
    pages=("gradient_flow",),
)


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return decades a layer, measured and by theory: chi = s2 E[f'(z)^2] with s2 = 1 for Glorot on square layers."""
    from math import log10, sqrt

    from models.gradient_theory import moments

    depth = 10 if quick else 20
    sigmoid = decades_a_layer(seed, depth, activation="sigmoid", connection="plain")
    relu = decades_a_layer(seed, depth, activation="relu", initialization="he_normal", connection="plain")
    size = 0.25
    for _ in range(50):  # the fixed point of q' = E[f(z)^2], which layers reach after a few steps
        size = moments("sigmoid", size).square
    theory = log10(sqrt(moments("sigmoid", size).slope))
    return {"sigmoid": sigmoid, "relu": relu, "difference": relu - sigmoid, "theory": theory,
            "theory_error": abs(sigmoid - theory)}  # fmt: skip
