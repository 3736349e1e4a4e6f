"""Convolutions need fewer parameters than a perceptron at equal accuracy, once patterns may stand anywhere."""

from functools import partial
from typing import Any

from evidence.convolution import trained
from evidence.ledger.claim import Claim, Effect
from evidence.ledger.pictures import dense, digits_anywhere, share_right, windows

CLAIM = Claim(
    number=8,
    statement="Convolutional networks need fewer parameters at equal accuracy, above all where patterns move.",
    experiment="Train convolutions and perceptrons on digits anywhere on a canvas, and of rising size on centred ones.",
    effects=(
        Effect("moved", "Digits anywhere: accuracy of convolutions minus that of a perceptron 14 times as large",
               above=0.02),
        Effect("small", "Centred digits, about 400 parameters: accuracy of convolutions minus that of a perceptron",
               above=0.0),
        Effect("factor", "Centred digits: parameters of the smallest perceptron at .93 over the convolutions'",
               below=2.0, limit=True),
    ),
    pages=("cnn",),
)  # fmt: skip
UNITS, FILTERS, WANTED = (2, 4, 6, 8, 12, 16, 32, 64), (1, 2, 3, 4, 6, 8, 16), 0.93
LARGE, STEPS, RATE = 256, 1000, 0.003


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return parameters and accuracy of each size, the smallest sizes that reach the wanted accuracy, and the gains."""
    perceptrons = _sizes("units", (4, 8, 16) if quick else UNITS, seed, {"blocks": 0})
    convolutions = _sizes("filters", (2, 4, 8) if quick else FILTERS, seed, {})
    training = {"seed": seed, "steps": STEPS // (4 if quick else 1), "rate": RATE}
    anywhere = digits_anywhere(seed)
    here, size = share_right(windows, anywhere, **training)  # type: ignore[arg-type]
    there, large = share_right(partial(dense, units=LARGE), anywhere, **training)  # type: ignore[arg-type]
    return {
        "perceptrons": perceptrons, "convolutions": convolutions, "anywhere": [[size, here], [large, there]],
        "moved": here - there, "times": large / size,
        "factor": _smallest(perceptrons) / _smallest(convolutions),
        "small": _near(convolutions, 400) - _near(perceptrons, 400),
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
