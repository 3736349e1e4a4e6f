"""What a GAN draws is sharper than what an autoencoder draws, measured by the variance of the Laplacian."""

from typing import Any

from evidence.ledger.claim import Claim, Effect
from evidence.sharpness import EPOCHS, by_adversaries, by_autoencoders, preset_of

CLAIM = Claim(
    number=12,
    statement="Samples of a GAN are sharper than those of an autoencoder.",
    experiment="Draw 500 digits from a GAN and from a variational autoencoder; compare sharpness with real digits.",
    effects=(
        Effect("ratio", "Sharpness of the GAN's digits, as a multiple of the autoencoder's draws", above=1.2),
        Effect("of_real", "Sharpness of the GAN's digits as a share of real ones", above=0.7),
        Effect(
            "too_sharp", "Sharpness of the GAN's digits beyond that of real ones, as a share", above=0.02, limit=True
        ),
    ),
    pages=("gan", "autoencoder"),
)


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return the variance of the Laplacian of real, adversarial and autoencoded digits, and the ratios."""
    settings = preset_of("digits")
    levels = by_autoencoders("digits", seed, settings["latent"], 10 if quick else EPOCHS["digits"])
    levels["generated"] = by_adversaries({**settings, **({"steps": 1500} if quick else {})}, seed)
    return {
        "ratio": levels["generated"] / levels["drawn"], "of_real": levels["generated"] / levels["real"],
        "too_sharp": levels["generated"] / levels["real"] - 1, "sharpness": levels,
    }  # fmt: skip
