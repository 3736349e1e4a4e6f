"""Are images from two adversaries sharper than those of an autoencoder that learned from the same images?

python -m evidence.sharpness                 writes evidence/results/sharpness.json; some minutes on two cores
python -m evidence.sharpness digits          measures this set again and keeps the others

Sharpness is the variance of the Laplacian (models/gan_measures.py) of 500 images: real ones that were held out, what an
autoencoder rebuilds of just these, what a variational one decodes from draws, and samples of the adversarial network
with the settings of its preset. Both autoencoders squeeze an image into as many numbers as the forger starts from.
Fashion-MNIST has to be in the cache of `keras.datasets`, or is fetched.
"""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

RESULT = Path(__file__).parent / "results" / "sharpness.json"
SEEDS = {"digits": (0, 1, 2), "fashion_mnist": (0,)}  # a run on large images takes minutes
COUNT = 500
EPOCHS = {"digits": 60, "fashion_mnist": 15}
KL = 0.1  # weight of the divergence in the variational one


def preset_of(dataset: str) -> dict[str, Any]:
    """Return the settings of the adversarial network's preset for this set of images. Raises StopIteration."""
    from models.presets import PRESETS

    return next(dict(one.settings) for one in PRESETS["gan"] if one.settings.get("dataset") == dataset)


def autoencoder(dataset: str, seed: int, code: int, kl: float, epochs: int) -> tuple[Any, Any]:
    """Return data and a trained autoencoder."""
    import keras

    from models import autoencoder as family
    from models.configs import AutoencoderConfig
    from models.training_loop import CompiledTraining

    config = AutoencoderConfig(dataset=dataset, code=code, kl=kl, epochs=epochs, seed=seed, units=128)  # type: ignore[arg-type]
    data = family.load(config)
    model = family.build(config, data)
    training = CompiledTraining(
        model, keras.optimizers.Adam(config.learning_rate), keras.losses.MeanSquaredError(), data.train_inputs,
        data.train_inputs, batch_size=config.batch_size, seed=seed,
    )  # fmt: skip
    training.run(0, family.total_steps(config, data), config.learning_rate)
    return data, model


def by_autoencoders(dataset: str, seed: int, code: int, epochs: int) -> dict[str, float]:
    """Return the sharpness of held-out images, of the same rebuilt, and of a variational autoencoder's draws."""
    import numpy as np

    from models.autoencoder_halves import coder
    from models.gan_measures import sharpness

    data, model = autoencoder(dataset, seed, code, 0.0, epochs)
    held_out, shape = data.test_inputs[:COUNT], (-1, *data.image_shape)
    _, variational = autoencoder(dataset, seed, code, KL, epochs)
    draws = np.random.default_rng([seed, 7]).standard_normal((COUNT, code))
    return {
        "real": sharpness(held_out.reshape(shape)),
        "rebuilt": sharpness(coder(model).through(held_out)[0].reshape(shape)),
        "drawn": sharpness(coder(variational).decode(draws).reshape(shape)),
    }


def by_adversaries(settings: dict[str, Any], seed: int) -> float:
    """Return the sharpness of samples of the adversarial network after a complete run."""
    from models import gan
    from models.configs import GanConfig
    from models.gan_measures import sharpness

    config = GanConfig(**settings, seed=seed)
    data = gan.load(config)
    model = gan.build(config, data)
    training = gan.adversaries(config, data, model)
    training.run(0, config.steps, config.learning_rate, config.discriminator_rate)
    assert data.image_shape is not None
    return sharpness(gan.generate(model, COUNT).reshape(-1, *data.image_shape))


def measured(dataset: str) -> list[dict[str, Any]]:
    """Return a row per seed."""
    settings = preset_of(dataset)
    return [
        {"dataset": dataset, "seed": seed, "numbers": settings["latent"],
         **by_autoencoders(dataset, seed, settings["latent"], EPOCHS[dataset]),
         "generated": by_adversaries(settings, seed)}
        for seed in SEEDS[dataset]
    ]  # fmt: skip


def main(wanted: Sequence[str]) -> None:
    """Measure the wanted sets (all, if none is named) and store them with settings, versions, device and date."""
    from lab.engine.run_process import describe_device
    from lab.engine.versions import describe, versions

    found = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {"rows": []}
    seconds = found.get("about", {}).get("seconds", {})
    for dataset in wanted or EPOCHS:
        started = perf_counter()
        rows = measured(dataset)
        found["rows"] = [row for row in found["rows"] if row["dataset"] != dataset] + rows
        seconds[dataset] = round(perf_counter() - started)
    found["about"] = {
        "command": "python -m evidence.sharpness",
        "seeds": {dataset: list(seeds) for dataset, seeds in SEEDS.items()}, "epochs": EPOCHS, "kl": KL,
        "settings": {dataset: preset_of(dataset) for dataset in EPOCHS}, "seconds": seconds,
        "device": describe(describe_device()), "versions": versions(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
    RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
