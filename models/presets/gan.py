"""Settings of the gan page that are known to work, and settings known to fail."""

from models.base import Failure
from models.presets.preset import Preset

_DIGIT_GAN = {"dataset": "digits", "latent": 16, "units": 128, "discriminator_units": 128, "learning_rate": 0.0003}
_STRONG = {"units": 128, "discriminator_units": 128}
_BRISK = {"learning_rate": 0.01, "discriminator_rate": 0.01}
_EARTH_MOVER = {"loss": "wasserstein", "discriminator_steps": 3, "batch_size": 256}

_FASHION = {
    "loss": "wasserstein",
    "penalty": 10.0,
    "discriminator_steps": 2,
    "latent": 32,
    "units": 128,
    "discriminator_units": 128,
    "learning_rate": 0.0005,
    "discriminator_rate": 0.0005,
    "steps": 5000,
}

PRESETS: tuple[Preset, ...] = (
    Preset(
        title="Ring of eight spots",
        reason="A balanced game: all eight spots are found, and both losses settle where neither can gain.",
        settings={},
        metric="test_coverage",
        threshold=0.95,
    ),
    Preset(
        title="Ring, least squares",
        reason="Another pair of losses, the same end: the score itself is held to one and to zero.",
        settings={"loss": "least_squares"},
        metric="test_coverage",
        threshold=0.95,
    ),
    Preset(
        title="Grid of 25 spots",
        reason="Many spots need a patient game: Wasserstein's loss, large batches, and three updates of the detective "
        "to one.",
        settings={"dataset": "grid", **_EARTH_MOVER},
        metric="test_coverage",
        threshold=0.9,
    ),
    Preset(
        title="Two moons",
        reason="No spots but two thin arcs: the noise must be stretched and torn in two.",
        settings={"dataset": "moons", "steps": 8000},
        metric="test_quality",
        threshold=0.7,
    ),
    Preset(
        title="Two spirals",
        reason="The longest way for two noise numbers: three layers on both sides, and patience.",
        settings={"dataset": "spiral", "layers": 3, "discriminator_layers": 3, "steps": 8000, **_STRONG},
        metric="test_quality",
        threshold=0.5,
    ),
    Preset(
        title="Handwritten digits",
        reason="Sixteen numbers become 64 pixels. Watch strokes form out of grey, all ten digits among them.",
        settings={"discriminator_rate": 0.0003, **_DIGIT_GAN},
        metric="test_coverage",
        threshold=0.95,
    ),
    Preset(
        title="Fashion-MNIST",
        reason="Shirts, shoes and bags of 784 pixels, from 32 numbers. Fetched on request (31 MB); trains for "
        "a minute or two.",
        settings={"dataset": "fashion_mnist", **_FASHION},
        metric="test_coverage",
        threshold=0.85,
    ),
)

FAILURES: tuple[Failure, ...] = (
    Failure(
        title="The forger runs from spot to spot",
        reason="A detective at a thirtieth of the rate is always behind. The forger leaves what is found out and "
        "forgets: collapse, while both losses look well. At an equal rate all eight spots are held.",
        settings={"discriminator_rate": 0.00003, **_STRONG},
        repair={"discriminator_rate": 0.001},
        metric="test_coverage",
        threshold=0.7,
    ),
    Failure(
        title="Too much momentum",
        reason="A long memory of past gradients carries both past each other again and again: the other has "
        "moved on meanwhile. With 0.5 instead of 0.95 the circling dies out.",
        settings={"momentum": 0.95, **_BRISK},
        repair={"momentum": 0.5},
        metric="test_coverage",
        threshold=0.7,
    ),
    Failure(
        title="A detective of four units",
        reason="Four units cannot tell eight spots from the space between them, so the forger is never corrected. "
        "What a generator learns is bounded by what its discriminator sees.",
        settings={"discriminator_units": 4, "discriminator_layers": 1},
        repair={"discriminator_units": 64, "discriminator_layers": 2},
        metric="test_coverage",
        threshold=0.7,
    ),
    Failure(
        title="A forger of four units",
        reason="Four bends cannot tear a patch of noise into eight pieces: it holds two or three spots.",
        settings={"units": 4, "layers": 1},
        repair={"units": 64, "layers": 2},
        metric="test_coverage",
        threshold=0.7,
    ),
    Failure(
        title="Twenty-five spots, the plain game",
        reason="More than half of the samples fall between the spots, and some are lost. Wasserstein's loss, "
        "larger batches and three updates of the detective to one place most samples right.",
        settings={"dataset": "grid"},
        repair=_EARTH_MOVER,
        metric="test_quality",
        threshold=0.5,
    ),
    Failure(
        title="Digits, the detective ten times as fast",
        reason="It is always sure, and the forger flees to the few digits that still pass: sharp, and half of the "
        "classes gone. At an equal rate all ten are there.",
        settings={"discriminator_rate": 0.003, **_DIGIT_GAN},
        repair={"discriminator_rate": 0.0003},
        metric="test_coverage",
        threshold=0.7,
    ),
)
