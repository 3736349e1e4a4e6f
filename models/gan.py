"""Generative adversarial network: a forger and a detective train each other until the detective is left guessing.

The idea: a generator G turns noise into samples, a discriminator D tells them from real ones, and each learns from the
other's mistakes; no formula for the data is needed. Goodfellow, Pouget-Abadie, Mirza and others, "Generative
adversarial nets", NeurIPS 2014.
What it cannot do: promise to arrive. The two chase each other; the forger may settle on one trick and forget the rest
(mode collapse), and neither loss tells: it looks the same in a good run and in a collapsed one.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from statistics import NormalDist
from time import perf_counter
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from lab.datasets.bundled import bundled
from lab.datasets.clouds import BANDS, SPREAD, centres, cloud
from lab.datasets.dataset import PLANE_EXTENT, PLANE_SCALE, Dataset
from lab.datasets.images import DOWNLOADED
from models import gan_measures, presets
from models.base import Array, Baseline, Live, Snapshot, schedule
from models.configs import GanConfig
from models.gan_baselines import baselines_for
from models.gan_training import Adversaries, Game, discriminator_loss, generator_loss
from models.image_downloads import downloaded
from models.views import GAN_ARROWS, GAN_FAKES, GAN_GREYS, GAN_HEAT, GAN_NET, GAN_SAMPLES, GAN_TWINS, GanView

MOST_THREADS = 1  # products of such small matrices are faster on one thread than shared by two
MEASURED = 2000  # samples, and at most as many held-out examples, that the measures look at
COMPARED = 500  # of them, where each is compared with every training example
SCORES = 100
MOMENTS = 42  # pictures of a run: what is shipped should be small
MOMENTS_OF_LARGE = 20  # of a run on large images, where a moment weighs more and takes longer to measure
LARGE = 256  # pixels of an image from which on it is large
SHOWN_REAL = 600
EVALUATION = (7, 11)  # seed of the noise that never changes, so that pictures of two moments can be compared
LEAK = 0.2


def load(config: GanConfig) -> Dataset:
    """Return what is to be imitated. Raises UnfitData for own spots that are missing, or images that cannot be had."""
    if config.dataset in DOWNLOADED:
        return downloaded(config.dataset, seed=config.seed, most=config.examples)
    if config.dataset == "digits":
        return bundled("digits", seed=config.seed, test_share=0.25)
    return cloud(config.dataset, seed=config.seed, points=config.points)


def build(config: GanConfig, data: Dataset) -> keras.Model:
    """Return both networks in a row, untrained: noise (batch, latent) in, the score of the generated sample out."""
    keras.utils.set_random_seed(config.seed)
    noise = x = keras.Input((config.latent,), name="noise")
    for number in range(1, config.layers + 1):
        x = keras.layers.Dense(config.units, "relu", kernel_initializer="he_normal", name=f"generator_{number}")(x)
    ends = "sigmoid" if data.image_shape else None  # pixels lie in 0..1, points anywhere
    x = keras.layers.Dense(data.train_inputs.shape[1], ends, name="sample")(x)  # (batch, d)
    for number in range(1, config.discriminator_layers + 1):
        name = f"discriminator_{number}"
        x = keras.layers.Dense(config.discriminator_units, kernel_initializer="he_normal", name=name)(x)
        x = keras.layers.LeakyReLU(LEAK, name=f"{name}_bend")(x)
    model = keras.Model(noise, keras.layers.Dense(1, name="discriminator_score")(x), name="gan")
    model.game = Game(*parts(model), config.loss, config.penalty, config.latent)
    return model


def parts(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Return generator and discriminator as models of their own over the same layers."""
    sample = model.get_layer("sample").output
    inputs = x = keras.Input(sample.shape[1:], name="judged")
    for layer in model.layers:
        if layer.name.startswith("discriminator_"):
            x = layer(x)
    return keras.Model(model.inputs, sample, name="generator"), keras.Model(inputs, x, name="discriminator")


def total_steps(config: GanConfig, data: Dataset) -> int:
    """Return the number of turns of a complete run."""
    return config.steps


def adversaries(config: GanConfig, data: Dataset, model: keras.Model) -> Adversaries:
    """Return the loop that trains both networks."""
    return Adversaries(
        model.game,
        data.train_inputs,
        batch_size=config.batch_size,
        momentum=config.momentum,
        discriminator_steps=config.discriminator_steps,
        generator_steps=config.generator_steps,
        seed=config.seed,
    )


def train(config: GanConfig, data: Dataset, model: keras.Model, live: Live | None = None) -> Iterator[Snapshot]:
    """Yield the untrained pair, again once compiled, then the pair at about 40 moments of its training."""
    live, training = live or Live(config.learning_rate), adversaries(config, data, model)
    examples = config.batch_size * config.discriminator_steps / len(data.train_inputs)
    first_seen = Snapshot(0, 0.0, 0.0, *observe(model, data))
    yield first_seen
    training.warm()
    yield first_seen
    seconds = 0.0
    moments = MOMENTS_OF_LARGE if data.train_inputs.shape[1] > LARGE else MOMENTS
    for first, last in pairwise(schedule(config.steps, moments)):
        started = perf_counter()
        training.run(first, last, live.learning_rate, config.discriminator_rate)
        seconds += perf_counter() - started
        yield Snapshot(last, last * examples, seconds, *observe(model, data))


def generate(model: keras.Model, count: int, seed: tuple[int, int] = EVALUATION) -> Array:
    """Return samples from fixed noise, scaled as the data: (count, d) float32."""
    return run_part(model, "generator", model.game.noise(count, seed))


def run_part(model: keras.Model, part: str, inputs: Any) -> Array:
    """Return what the generator or the discriminator makes of inputs, without training: (n, ...) -> (n, ...)."""
    network = getattr(model.game, part)
    return np.asarray(network(tf.convert_to_tensor(inputs), training=False))


class Samples(NamedTuple):
    """What all numbers and pictures of one moment are made of."""

    fakes: Array  # (2,000, d) from the noise that never changes
    scores_real: Array  # (2,000 or fewer, 1) of held-out examples
    scores_fake: Array  # (2,000, 1)
    counts: Array  # (k,) samples at each spot or class
    good: float  # share of good samples


def sample(model: keras.Model, data: Dataset) -> Samples:
    """Draw samples from fixed noise, and let the discriminator judge them and held-out examples."""
    fakes = generate(model, MEASURED)
    real, fake = (run_part(model, "discriminator", one) for one in (data.test_inputs[:MEASURED], fakes))
    counts, good = modes_of(data, fakes)
    return Samples(fakes, real, fake, counts, good)


def observe(model: keras.Model, data: Dataset) -> tuple[dict[str, float], GanView]:
    """Return the measures and the view of one moment, made of the same samples."""
    seen = sample(model, data)
    return evaluate(model, data, seen), draw(model, data, seen)


def evaluate(model: keras.Model, data: Dataset, seen: Samples | None = None) -> dict[str, float]:
    """Return the measures of both networks, on 2,000 samples of fixed noise and as many held-out examples at most.

    test_d_loss, test_g_loss: the game's losses, without penalty. test_quality: share of samples within 3 standard
    deviations of a spot; elsewhere, share with a training example as near as 99 % of held-out data have one.
    test_coverage: share of spots, or of classes of images by the nearest training image, that get at least a tenth of
    an even share; on moons and spirals the share of held-out points that have a sample as near. test_modes: that number
    of spots or classes, left out on moons and spirals. test_spread: standard deviation of the samples over the data's.
    Where neighbours are sought, 500 samples are compared with 2,000 training examples.
    """
    seen = seen or sample(model, data)
    pairs = min(len(seen.scores_real), len(seen.scores_fake))
    losses = {
        "test_d_loss": discriminator_loss(model.game.loss, seen.scores_real[:pairs], seen.scores_fake[:pairs]),
        "test_g_loss": generator_loss(model.game.loss, seen.scores_fake),
    }
    measured = {name: float(np.mean(np.asarray(values, np.float64))) for name, values in losses.items()}
    spread = gan_measures.spread_ratio(seen.fakes, data.test_inputs[:MEASURED])
    return {**measured, **_quality(data, seen.fakes, seen.counts, seen.good), "test_spread": spread}


def quality(data: Dataset, samples: Array) -> dict[str, float]:
    """Return quality, coverage and modes of samples, see `evaluate`; the same for a baseline's samples."""
    return _quality(data, samples, *modes_of(data, samples))


def _quality(data: Dataset, samples: Array, counts: Array, good: float) -> dict[str, float]:
    if len(counts):
        found = gan_measures.covered(counts, COMPARED if data.image_shape else len(samples))
        return {"test_quality": good, "test_coverage": found / len(counts), "test_modes": float(found)}
    away = gan_measures.nearest(data.test_inputs[:COMPARED], samples[:COMPARED])[1]
    return {"test_quality": good, "test_coverage": float((away <= _reach(data)).mean())}


def modes_of(data: Dataset, samples: Array) -> tuple[Array, float]:
    """Return how many samples each spot or class got, (k,), none on moons and spirals; and the share of good ones."""
    if data.image_shape or data.name in BANDS:
        rows, away = gan_measures.nearest(samples[:COMPARED], data.train_inputs[:MEASURED])
        counts = np.bincount(data.train_targets[rows], minlength=10) if data.image_shape else np.zeros(0, int)
        return counts, float((away <= _reach(data)).mean())
    counts = gan_measures.mode_counts(samples, spots(data), SPREAD / PLANE_SCALE)
    return counts, float(counts.sum() / len(samples))


def spots(data: Dataset) -> Array:
    """Return the centres of the spots, scaled as the data: means of 1,000 and more points, for own ones: (k, 2)."""
    if data.name != "own":
        return centres(data.name) / PLANE_SCALE
    classes = range(len(data.class_names))
    return np.stack([data.train_inputs[data.train_targets == kind].astype(np.float64).mean(0) for kind in classes])


@lru_cache(maxsize=4)
def _reach(data: Dataset) -> float:
    return gan_measures.reach_of(data.train_inputs[:MEASURED], data.test_inputs[:COMPARED])


def scene(config: GanConfig, data: Dataset) -> Mapping[str, Array]:
    """Return what training does not change.

    2-D: points (600, 2) float32 real ones in the coordinates of the picture; centres (k, 2). Images: real_images
    (36, h, w) uint8 of the training part, 0 to 255; sharpness_real (1,): of 500 held-out images at most.
    """
    if data.image_shape:
        held_out = data.test_inputs[:COMPARED].reshape(-1, *data.image_shape)
        return {
            "real_images": np.rint(255 * data.train_inputs[:GAN_SAMPLES].reshape(-1, *data.image_shape)).astype(
                np.uint8
            ),
            "sharpness_real": np.array([gan_measures.sharpness(held_out)]),
        }
    middle = np.zeros((0, 2)) if data.name in BANDS else spots(data) * PLANE_SCALE
    return {"points": data.points("train")[:SHOWN_REAL], "centres": middle.astype(np.float32)}


def look(model: keras.Model, data: Dataset, question: Mapping[str, Any] | None = None) -> GanView:
    """Return the view of a pair of networks, or only the answer to a question.

    question: {"slow": seed of the batch} for one update of D and one of G; {"walk": (seed, seed)} for samples along an
    arc between two noises. Raises ValueError for another question.
    """
    if question:
        from models.gan_questions import answer

        return answer(model, data, question)
    return draw(model, data, sample(model, data))


def draw(model: keras.Model, data: Dataset, seen: Samples) -> GanView:
    """Return the pictures of one moment."""
    fakes = seen.fakes
    told: dict[str, Array] = {
        "scores_real": seen.scores_real[:SCORES, 0].astype(np.float16),
        "scores_fake": seen.scores_fake[:SCORES, 0].astype(np.float16),
        "mode_counts": seen.counts.astype(np.int32),
    }
    if data.image_shape:
        sharp = gan_measures.sharpness(fakes[:COMPARED].reshape(-1, *data.image_shape))
        return GanView(sharpness=np.array([sharp]), **told, **_images(data, fakes[:GAN_SAMPLES]))
    return GanView(
        fakes=(fakes[:GAN_FAKES] * PLANE_SCALE).astype(np.float16),
        heat=np.rint(255 * np.nan_to_num(heat(model))).astype(np.uint8),
        net=(run_part(model, "generator", noise_grid(model.game.latent)) * PLANE_SCALE).astype(np.float16),
        pulls=pulls(model, fakes[:GAN_ARROWS]).astype(np.float16),
        **told,
    )


def _images(data: Dataset, samples: Array) -> dict[str, Array]:
    rows, away = gan_measures.nearest(samples[:GAN_TWINS], data.train_inputs)
    assert data.image_shape is not None
    return {
        "samples": greys(samples).reshape(-1, *data.image_shape),
        "nearest_images": np.rint(255 * data.train_inputs[rows]).astype(np.uint8).reshape(-1, *data.image_shape),
        "nearest_rows": rows.astype(np.int32),
        "nearest_away": away.astype(np.float32),
    }


def greys(pictures: Array) -> Array:
    """Return pictures in 0..1 as uint8 in 0..255, in few steps of grey, which take less room."""
    steps = np.rint(np.clip(np.nan_to_num(pictures), 0.0, 1.0) * (GAN_GREYS - 1))
    return np.rint(steps * (255 / (GAN_GREYS - 1))).astype(np.uint8)


def heat(model: keras.Model) -> Array:
    """Return the discriminator's verdict over the plane, 0 generated to 1 real, row 0 at the top: (32, 32)."""
    axis = ((np.arange(GAN_HEAT) + 0.5) / GAN_HEAT * 2 - 1) * PLANE_EXTENT
    x1, x2 = np.meshgrid(axis, axis[::-1])
    places = np.stack([x1.ravel(), x2.ravel()], axis=1) / PLANE_SCALE
    scores = run_part(model, "discriminator", places.astype(np.float32)).astype(np.float64).reshape(GAN_HEAT, GAN_HEAT)
    return verdict(model.game.loss, scores)


def verdict(loss: str, scores: Array) -> Array:
    """Turn scores into a verdict from 0 generated to 1 real: see GanView."""
    if loss == "least_squares":
        return np.clip(scores, 0.0, 1.0)
    if loss == "wasserstein":
        return np.asarray((scores - scores.min()) / max(float(np.ptp(scores)), 1e-12))
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(scores, -60.0, 60.0))))


def noise_grid(latent: int) -> Array:
    """Return a grid of noise: the first two numbers at normal quantiles from 2 to 98 %, the others 0: (225, latent)."""
    quantiles = [NormalDist().inv_cdf(share) for share in np.linspace(0.02, 0.98, GAN_NET)]
    grid = np.zeros((GAN_NET * GAN_NET, latent), np.float32)
    grid[:, :2] = np.stack([axis.ravel() for axis in np.meshgrid(quantiles, quantiles)], axis=1)
    return grid


def pulls(model: keras.Model, fakes: Array) -> Array:
    """Return minus the gradient of G's loss with respect to each sample, by the picture's coordinates: (n, d)."""
    samples = tf.convert_to_tensor(fakes)
    with tf.GradientTape() as tape:
        tape.watch(samples)
        losses = generator_loss(model.game.loss, model.game.discriminator(samples, training=False))
    return -np.asarray(tape.gradient(losses, samples)) / PLANE_SCALE


def baselines(config: GanConfig, data: Dataset) -> list[Baseline]:
    """Return what samplers without a network reach, by the same measures."""
    return baselines_for(data, seed=config.seed)


FAILURES = presets.FAILURES["gan"]
