"""Shared windows and pooling let a network read digits in places where it never saw them, up to aliasing."""

from typing import Any

from evidence.convolution import NETWORKS, trained
from evidence.ledger.claim import Claim, Effect

CLAIM = Claim(
    number=8,
    statement="Weight sharing and local fields capture spatial patterns: what is learned here is known there.",
    experiment="Train on digits in the middle of a canvas, test on digits moved by one and by two pixels.",
    effects=(
        Effect("gain_2", "Accuracy two pixels off: convolutions with global pooling minus a perceptron", above=0.5),
        Effect("gain_1", "Accuracy one pixel off: convolutions with global pooling minus a perceptron", above=0.2),
        Effect("aliasing", "Accuracy lost at one pixel against two, where moves fall between pooled cells", above=0.02,
               limit=True),
        Effect("flat_loss", "Accuracy two pixels off that is lost if every place of the last map is kept", above=0.2,
               limit=True),
    ),
    pages=("cnn",),
)  # fmt: skip
PERCEPTRON, FLAT, GLOBAL = NETWORKS


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return the share right by network and by how far the digits are moved (mean of up, down, left and right)."""
    from models.cnn_questions import shift_accuracies

    short = {"epochs": 8} if quick else {}
    reached = {}
    for name in (PERCEPTRON, FLAT, GLOBAL):
        _, data, model = trained(dataset="digits_canvas", seed=seed, **NETWORKS[name], **short)
        table = shift_accuracies(model, data, 2)  # (5, 5), the middle is where digits were learned
        moved = [[float(table[2 + down, 2 + right]) for down, right in ((by, 0), (-by, 0), (0, by), (0, -by))]
                 for by in (1, 2)]  # fmt: skip
        reached[name] = [float(table[2, 2]), *(sum(values) / 4 for values in moved)]
    return {
        "gain_1": reached[GLOBAL][1] - reached[PERCEPTRON][1], "gain_2": reached[GLOBAL][2] - reached[PERCEPTRON][2],
        "aliasing": reached[GLOBAL][2] - reached[GLOBAL][1], "flat_loss": reached[GLOBAL][2] - reached[FLAT][2],
        "accuracy": reached,
    }  # fmt: skip
