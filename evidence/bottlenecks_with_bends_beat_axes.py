"""An autoencoder compresses better than PCA where the code is narrow; with a wide code, PCA wins."""

from typing import Any

from evidence.autoencoder import bottleneck
from evidence.ledger.claim import Claim, Effect

CLAIM = Claim(
    number=11,
    statement="An autoencoder reconstructs its input through a narrow code, better than PCA with as many numbers.",
    experiment="Squeeze digits into 2, 8 and 32 numbers: network with bends, the same without, and PCA.",
    effects=(
        Effect("ratio_2", "Error with 2 numbers, as a share of PCA's", below=0.8),
        Effect("ratio_8", "Error with 8 numbers, as a share of PCA's", below=0.8),
        Effect("linear_2", "Error of the network without bends with 2 numbers, as a share of PCA's", below=1.1),
        Effect("ratio_32", "Error with 32 numbers, as a share of PCA's", above=1.0, limit=True),
    ),
    pages=("autoencoder",),
)


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return the test errors as shares of those of PCA."""
    found: dict[str, Any] = {}
    for code in (2, 8, 32):
        errors = {row["kind"]: row["error"] for row in bottleneck(code, seed)}
        found[f"ratio_{code}"] = errors["with bends"] / errors["PCA"]
        found[f"linear_{code}"] = errors["linear"] / errors["PCA"]
        found[f"errors_{code}"] = errors
    return found
