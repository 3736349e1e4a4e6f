"""Convolutions rely on which pixels lie side by side: shuffled, they lose where a perceptron does not."""

from typing import Any

from evidence.convolution import NETWORKS, trained
from evidence.ledger.claim import Claim, Effect

CLAIM = Claim(
    number=8,
    statement="Convolutions use which pixels are neighbours: one fixed shuffle of all pixels takes that away.",
    experiment="Train a perceptron and convolutions on digits with the pixels in order, and in one other fixed order.",
    effects=(
        Effect("moved", "Accuracy two pixels off that global pooling loses by the shuffle", above=0.5),
        Effect("in_place", "Accuracy in place that convolutions lose by it, beyond what a perceptron loses", above=0.0),
        Effect("little", "Accuracy in place that convolutions lose by it", below=0.03, limit=True),
    ),
    pages=("cnn",),
)
PERCEPTRON, _, GLOBAL = NETWORKS


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return what each network loses by the shuffle, digits in place and two pixels off."""
    from models.cnn_questions import shift_accuracies

    short = {"epochs": 8} if quick else {}
    lost = {}
    for name in (PERCEPTRON, GLOBAL):
        tables = []
        for permuted in (False, True):
            _, data, model = trained(dataset="digits_canvas", seed=seed, permuted=permuted, **NETWORKS[name], **short)
            tables.append(shift_accuracies(model, data, 2))
        ordered, shuffled = tables
        places = ((0, 2), (4, 2), (2, 0), (2, 4))
        lost[name] = [float(ordered[2, 2] - shuffled[2, 2]), sum(float(ordered[p] - shuffled[p]) for p in places) / 4]
    return {"in_place": lost[GLOBAL][0] - lost[PERCEPTRON][0], "little": lost[GLOBAL][0], "moved": lost[GLOBAL][1],
            "lost": lost}  # fmt: skip
