"""Convolutions need fewer parameters than a perceptron at equal accuracy."""

from typing import Any

from evidence.convolution import trained
from evidence.ledger.claim import Claim, Effect

CLAIM = Claim(
    number=8,
    statement="Convolutional networks need fewer parameters at equal accuracy.",
    experiment="Train convolutions and perceptrons of rising size on digits; find the smallest that reach .93.",
    effects=(
        Effect("factor", "Parameters of the smallest perceptron at .93, as a multiple of the convolutions'", above=1.2),
        Effect("small", "Accuracy with about 400 parameters: convolutions minus perceptron", above=0.02),
        Effect("large", "Accuracy of 16 filters minus that of a perceptron of 64 units", below=0.01, limit=True),
    ),
    pages=("cnn",),
)
UNITS, FILTERS, WANTED = (2, 4, 6, 8, 12, 16, 32, 64), (1, 2, 3, 4, 6, 8, 16), 0.93


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return parameters and accuracy of each size, the smallest sizes that reach the wanted accuracy, and the gains."""
    perceptrons = _sizes("units", (4, 8, 12, 16, 64) if quick else UNITS, seed, {"blocks": 0})
    convolutions = _sizes("filters", (2, 4, 6, 16) if quick else FILTERS, seed, {})
    return {
        "perceptrons": perceptrons, "convolutions": convolutions,
        "factor": _smallest(perceptrons) / _smallest(convolutions),
        "small": _near(convolutions, 400) - _near(perceptrons, 400),
        "large": convolutions[-1][1] - perceptrons[-1][1],
    }  # fmt: skip


def _sizes(name: str, sizes: tuple[int, ...], seed: int, shared: dict[str, Any]) -> list[tuple[int, float]]:
    from models import cnn

    found = []
    for size in sizes:
        _, data, model = trained(seed=seed, **{name: size}, **shared)
        found.append((int(model.count_params()), float(cnn.evaluate(model, data)["test_accuracy"])))
    return found


def _smallest(sizes: list[tuple[int, float]]) -> int:
    """Return the parameters of the smallest network that reaches the wanted accuracy; the largest of all, if none."""
    return min((parameters for parameters, accuracy in sizes if accuracy >= WANTED), default=sizes[-1][0])


def _near(sizes: list[tuple[int, float]], parameters: int) -> float:
    """Return the accuracy at so many parameters, between two sizes along the logarithm."""
    import numpy as np

    return float(np.interp(np.log(parameters), [np.log(size) for size, _ in sizes], [right for _, right in sizes]))
