"""Pretraining without labels helps where labels are few, and stops helping where they are many."""

from typing import Any

from evidence.autoencoder import pretraining
from evidence.ledger.claim import Claim, Effect

CLAIM = Claim(
    number=11,
    statement="Pretraining without labels helps where labels are few.",
    experiment="Train a classifier of digits with 10 to 200 labels, from a denoising autoencoder and from scratch.",
    effects=(
        Effect("gain_20", "Accuracy gained by pretraining with 20 labels", above=0.0),
        Effect("gain_50", "Accuracy gained by pretraining with 50 labels", above=0.0),
        Effect("gain_200", "Accuracy gained by pretraining with 200 labels", below=0.02, limit=True),
    ),
    pages=("autoencoder",),
)


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return accuracy by number of labels of both ways to start, and the gains."""
    rows = pretraining(seed)
    reached = {(row["kind"], row["labels"]): row["right"] for row in rows}
    gains = {
        f"gain_{labels}": reached["pretrained, trained on", labels] - reached["from scratch", labels]
        for labels in (10, 20, 50, 100, 200)
    }
    return {**gains, "accuracy": {f"{kind}, {labels} labels": right for (kind, labels), right in reached.items()}}
