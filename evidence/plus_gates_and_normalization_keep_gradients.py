"""ReLU, gates, the residual plus and normalization keep the gradient's norm steadier than plain sigmoid layers do."""

from typing import Any

from evidence.ledger.claim import Claim, Effect
from evidence.ledger.slopes import decades_a_layer

STACKS: dict[str, dict[str, Any]] = {
    "relu": {"activation": "relu", "initialization": "he_normal", "connection": "plain"},
    "gates": {"activation": "sigmoid", "connection": "highway"},
    "plus": {"activation": "sigmoid", "connection": "residual"},
    "layer_normalization": {"activation": "relu", "connection": "plain", "normalization": "layer"},
    "batch_normalization": {"activation": "relu", "connection": "plain", "normalization": "batch"},
    "plus_and_he": {"activation": "relu", "initialization": "he_normal", "connection": "residual"},
}
NAMES = {
    "relu": "ReLU with He's weights", "gates": "a highway gate", "plus": "a residual plus",
    "layer_normalization": "layer normalization",
}  # fmt: skip
CLAIM = Claim(
    number=5,
    statement="ReLU and gated units keep gradient norms more stable, and so do residual connections and normalization.",
    experiment="Measure by how many decades a layer the gradient changes in 20 untrained layers of seven kinds.",
    effects=(
        *(
            Effect(f"steadier_{kind}", f"Decades a layer by which {name} beats plain sigmoid layers", above=0.3)
            for kind, name in NAMES.items()
        ),
        Effect("batch_normalization", "Decades a layer by which the gradient grows with batch normalization and ReLU",
               above=0.05, limit=True),
        Effect("plus_and_he", "Decades a layer by which it grows with a bare plus, ReLU and He's weights", above=0.1,
               limit=True),
    ),
    pages=("gradient_flow",),
)  # fmt: skip


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return the decades a layer of each kind, and how much smaller their size is than that of plain sigmoid layers."""
    depth = 10 if quick else 20
    slopes = {kind: decades_a_layer(seed, depth, **settings) for kind, settings in STACKS.items()}
    plain = decades_a_layer(seed, depth, activation="sigmoid", connection="plain")
    steadier = {f"steadier_{kind}": abs(plain) - abs(slopes[kind]) for kind in NAMES}
    return {"sigmoid": plain, **slopes, **steadier}
