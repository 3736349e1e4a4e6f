"""What a GAN draws is sharper than what an autoencoder draws, measured by the variance of the Laplacian."""

from typing import Any

from evidence.ledger.claim import Claim, Effect
from evidence.ledger.training import finished

CLAIM = Claim(
    number=12,
    statement="Samples of a GAN are sharper than those of an autoencoder.",
    experiment="Draw 500 digits from a GAN and from a variational autoencoder; compare sharpness with real digits.",
    effects=(
        Effect("ratio", "Sharpness of the GAN's digits, as a multiple of the autoencoder's", above=1.2),
        Effect("of_real", "Sharpness of the GAN's digits as a share of real ones", above=0.7),
        Effect("classes", "Share of the ten classes that the GAN draws", below=0.95, limit=True),
    ),
    pages=("gan", "autoencoder"),
)
GAME: dict[str, Any] = {
    "dataset": "digits", "latent": 16, "units": 128, "discriminator_units": 128, "learning_rate": 0.0003,
    "discriminator_rate": 0.0003,
}  # fmt: skip


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return the variance of the Laplacian of real, adversarial and autoencoded digits, and the ratios."""
    import keras
    import numpy as np

    from models import gan
    from models.gan_measures import sharpness

    short = {"steps": 1500} if quick else {}
    _, data, model, metrics = finished("gan", seed=seed, **GAME, **short)
    drawn = gan.generate(model, 500).reshape(-1, 8, 8)
    _, _, network, _ = finished("autoencoder", seed=seed, code=16, kl=0.1, **({"epochs": 15} if quick else {}))
    noise = np.random.default_rng([seed, 12]).normal(size=(500, 16)).astype(np.float32)
    decoder = keras.Model(*_from_code(network))
    rebuilt = np.asarray(decoder(noise)).reshape(-1, 8, 8)
    real = data.test_inputs.reshape(-1, 8, 8)
    levels = {"real": sharpness(real), "gan": sharpness(drawn), "autoencoder": sharpness(rebuilt)}
    return {"ratio": levels["gan"] / levels["autoencoder"], "of_real": levels["gan"] / levels["real"],
            "classes": metrics["test_coverage"], "sharpness": levels}  # fmt: skip


def _from_code(network: Any) -> tuple[Any, Any]:
    """Return input and output of the decoder: the layers behind the code."""
    import keras

    x = code = keras.Input((16,))
    names = [layer.name for layer in network.layers]
    for layer in network.layers[names.index("code") + 1 :]:
        x = layer(x)
    return code, x
