"""Stacked layers learn what a single layer cannot, as long as there is a bend between them."""

from typing import Any

from evidence.ledger.claim import Claim, Effect
from evidence.ledger.training import finished, reached

CLAIM = Claim(
    number=1,
    statement="Stacked layers learn functions that a single layer cannot; without the bend f, stacking adds nothing.",
    experiment="Train networks without, and with two hidden layers of 8 units, with and without a bend, on two sets "
    "of points: exclusive or, and a circle.",
    effects=(
        Effect("gain_xor", "Gain in accuracy on exclusive or by two hidden layers", above=0.2),
        Effect("gain_circle", "Gain in accuracy on the circle by two hidden layers", above=0.2),
        Effect("gain_without_bend", "Larger of both gains if f is the identity", below=0.1),
        Effect("collapse", "Largest difference between the stack without bends and one matrix", below=1e-3),
    ),
    pages=("mlp", "backpropagation"),
)
STACK: dict[str, Any] = {"layers": 2, "units": 8, "learning_rate": 0.03, "epochs": 150}


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return the gains in accuracy over a network without hidden layers, and how far a linear stack is one layer."""
    length = {"epochs": 60} if quick else {}
    gains, linear, worst = {}, [], 0.0
    for dataset in ("xor", "circle"):
        shared = {**STACK, **length, "seed": seed, "dataset": dataset}
        alone = reached("mlp", "test_accuracy", **{**shared, "layers": 0})
        gains[f"gain_{dataset}"] = reached("mlp", "test_accuracy", **shared, activation="tanh") - alone
        _, data, model, metrics = finished("mlp", **shared, activation="linear")
        linear.append(metrics["test_accuracy"] - alone)
        worst = max(worst, _distance_to_one_layer(model, data.test_inputs))
    return {**gains, "gain_without_bend": max(linear), "collapse": worst}


def _distance_to_one_layer(model: Any, inputs: Any) -> float:
    """Return the largest difference of the outputs to those of the product of all matrices."""
    import numpy as np

    matrix, shift = np.eye(inputs.shape[1]), np.zeros(inputs.shape[1])
    weights = [weight.astype(np.float64) for weight in model.get_weights()]
    for kernel, bias in zip(weights[::2], weights[1::2], strict=True):
        matrix, shift = matrix @ kernel, shift @ kernel + bias
    return float(np.max(np.abs(np.asarray(model(inputs)) - (inputs @ matrix + shift))))
