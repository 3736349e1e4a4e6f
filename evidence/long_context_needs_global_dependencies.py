"""Looking far back needs a direct way: attention recalls at any distance, a window or a state does not."""

from typing import Any

from evidence.ledger.claim import Claim, Effect
from evidence.ledger.tokens import reader, right, trained

CLAIM = Claim(
    number=16,
    statement="Long context needs global dependencies, beyond a recurrent state and beyond a convolution's window.",
    experiment="Train attention, LSTM, GRU and convolutions to recall which letter stood by another, eight pairs back.",
    effects=(
        Effect("over_lstm", "Accuracy of attention minus that of the LSTM in the same number of steps", above=0.3),
        Effect("over_gru", "Accuracy of attention minus that of the GRU in the same number of steps", above=0.3),
        Effect("over_window", "Accuracy of attention minus that of convolutions, pairs beyond their window", above=0.3),
        Effect("unflat", "Accuracy that attention loses from the nearest pairs to the farthest", below=0.05),
    ),
    pages=("transformer", "lstm_gru", "cnn"),
)
STEPS, PAIRS = 600, 8


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return accuracies, all in the same number of steps, and by the distance of the pair that is asked for."""
    data = pairs(seed)
    far, steps = distances(data), STEPS // (2 if quick else 1)
    hits = {}
    for kind in ("attention", "lstm", "gru", "convolution"):
        hits[kind] = right(trained(reader(kind, data, seed), data, steps=steps, seed=seed), data)
    reached = {kind: float(found.mean()) for kind, found in hits.items()}
    beyond = far >= 4  # pairs back; two convolutions of three tokens see five
    places = range(1, PAIRS + 1)
    return {
        "over_lstm": reached["attention"] - reached["lstm"], "over_gru": reached["attention"] - reached["gru"],
        "over_window": float(hits["attention"][beyond].mean() - hits["convolution"][beyond].mean()),
        "unflat": float(hits["attention"][far <= 2].mean() - hits["attention"][far >= PAIRS - 1].mean()),
        "accuracy": reached,
        "by_distance": {kind: [float(one[far == place].mean()) for place in places] for kind, one in hits.items()},
    }  # fmt: skip


def pairs(seed: int) -> Any:
    """Return eight pairs of a small and a capital letter, then one of the small ones, where the answer is asked."""
    from lab.datasets.token_tasks import task

    return task("recall", length=PAIRS, seed=seed)


def distances(data: Any) -> Any:
    """Return how many pairs back the asked one stands, 1 for the last: (n,)."""
    import numpy as np

    texts = ["".join(row) for row in np.array(data.vocabulary)[data.test_inputs]]
    return np.array([PAIRS - text.index(text[-1]) // 2 for text in texts])
