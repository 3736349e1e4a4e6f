"""The choice of activation, optimizer and loss changes stability, speed and representation."""

from typing import Any

from evidence.ledger.claim import Claim, Effect
from evidence.ledger.training import finished, reached

CLAIM = Claim(
    number=6,
    statement="The choice of activation, optimizer and loss changes stability, speed and representation.",
    experiment="Train four hidden layers on digits for five passes with one choice changed at a time.",
    effects=(
        Effect("activation", "Accuracy that ReLU has ahead of sigmoid after five passes", above=0.2),
        Effect("optimizer", "Accuracy that Adam has ahead of SGD at the same rate of .003", above=0.2),
        Effect("loss", "Accuracy on exclusive or that the fitting loss has ahead of a mistaken one", above=0.1),
        Effect("silent", "Share of activations that are exactly 0, ReLU minus tanh", above=0.2),
    ),
    pages=("backpropagation", "mlp", "gradient_flow"),
)  # fmt: skip
NETWORK: dict[str, Any] = {"dataset": "digits", "layers": 4, "units": 32, "epochs": 5}


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return what each choice changes; quick: three passes."""
    shared = {**NETWORK, "seed": seed, **({"epochs": 3} if quick else {})}
    relu = finished("mlp", **shared)
    tanh = finished("mlp", **shared, activation="tanh")
    accuracy = relu[3]["test_accuracy"]
    return {
        "activation": accuracy - reached("mlp", "test_accuracy", **shared, activation="sigmoid"),
        "optimizer": accuracy - reached("mlp", "test_accuracy", **shared, optimizer="sgd"),
        "loss": _loss_gap(seed),
        "silent": _silent(relu) - _silent(tanh),
        "accuracy": accuracy,
        "accuracy_tanh": tanh[3]["test_accuracy"],
    }


def _silent(trained: tuple[Any, ...]) -> float:
    """Return the share of hidden activations on the test data that are exactly 0."""
    import numpy as np

    from models.mlp import forward

    *hidden, _ = forward(trained[2], trained[1].test_inputs)
    return float(np.mean(np.concatenate([layer.ravel() for layer in hidden]) == 0))


def _loss_gap(seed: int) -> float:
    """Return how much more of exclusive or is learned with the fitting loss than with from_logits=False on logits."""
    import numpy as np

    from models import backpropagation
    from models.backpropagation_lessons import loss_lesson
    from models.configs import BackpropagationConfig

    config = BackpropagationConfig(seed=seed)
    data = backpropagation.load(config)
    scores = np.asarray(loss_lesson(backpropagation.build(config, data), data, {}).race_accuracy)
    return float(scores[0, -1] - scores[3, -1])
