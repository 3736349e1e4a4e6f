"""An autoencoder removes noise and finds anomalies without labels; on one table an isolation forest finds more."""

from typing import Any

from evidence.ledger.claim import Claim, Effect
from evidence.ledger.training import finished

CLAIM = Claim(
    number=11,
    statement="An autoencoder removes noise, and finds anomalies without labels.",
    experiment="Rebuild digits from noise of .3; rank tumours and an unknown digit by their error of reconstruction.",
    effects=(
        Effect("decibels", "Decibels gained by denoising", above=4),
        Effect("decibels_over_pca", "Decibels gained beyond PCA with 16 axes", above=0.5),
        Effect("tumours", "Area under the ROC curve, malignant among benign tumours", above=0.85),
        Effect("unknown_digit", "Area under the ROC curve, the digit 7 among the others", above=0.9),
        Effect("forest", "Area by which an isolation forest is ahead on tumours", above=0.0, limit=True),
    ),
    pages=("autoencoder",),
)


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return decibels and areas, with those of PCA and of an isolation forest on the same data."""
    import numpy as np

    from models import autoencoder
    from models.autoencoder_measures import decibels

    short = {"epochs": 15} if quick else {}
    config, data, _, cleaned = finished("autoencoder", code=16, noise=0.3, seed=seed, **short)
    noisy = decibels(float(np.mean((data.seen("test") - data.test_inputs) ** 2)))
    straight = {one.metric: one.value for one in autoencoder.baselines(config, data)}
    config, data, _, tumours = finished("autoencoder", dataset="breast_cancer", seed=seed, **short)
    beside = {one.name: one.value for one in autoencoder.baselines(config, data) if one.metric == "test_auc"}
    unknown = finished("autoencoder", held_out="7", code=8, seed=seed, **short)[3]
    return {
        "decibels": cleaned["test_psnr"] - noisy, "decibels_over_pca": cleaned["test_psnr"] - straight["test_psnr"],
        "tumours": tumours["test_auc"], "unknown_digit": unknown["test_auc"],
        "forest": beside["isolation forest"] - tumours["test_auc"], "beside": beside,
    }  # fmt: skip
