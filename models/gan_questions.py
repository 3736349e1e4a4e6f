"""The answers to a page's questions: one update of each network in slow motion, and a walk through the noise."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lab.datasets.dataset import PLANE_SCALE, Dataset
from models import gan_measures
from models.base import Array
from models.gan_training import discriminator_loss, generator_loss
from models.views import GAN_ARROWS, GanView

WALK = 12  # samples along the arc
LARGEST_RATE, MOST_HALVINGS = 1.0, 20  # of a plain gradient step: as large as lowers the loss, so that it shows
LONGEST_WAY = 1.5  # mean way of the samples in the plane in one such step: farther, and they leave the picture


def answer(model: keras.Model, data: Dataset, question: Mapping[str, Any]) -> GanView:
    """Return the answer to {"slow": seed} or {"walk": (seed, seed)}. Raises ValueError for another question."""
    try:
        if "slow" in question:
            if data.image_shape:
                raise ValueError("slow motion is for data in the plane")
            return slow_motion(model, data, int(question["slow"]))
        one, other = (int(seed) for seed in question["walk"])
    except (KeyError, TypeError, OverflowError):
        raise ValueError('ask about {"slow": seed} or {"walk": (seed, seed)}') from None
    return walk(model, data, one, other)


def slow_motion(model: keras.Model, data: Dataset, seed: int) -> GanView:
    """Return one plain gradient step of D, then one of G, on one batch; the networks are put back as they were."""
    from models.gan import heat, pulls

    game, kept = model.game, model.get_weights()
    rows = np.random.default_rng([seed, 5]).integers(len(data.train_inputs), size=GAN_ARROWS)
    real, noise = tf.constant(data.train_inputs[rows]), game.noise(GAN_ARROWS, (seed, 6))
    try:
        before, fakes = heat(model), np.asarray(game.generator(noise))
        *d_losses, d_rate = _discriminator_step(game, real, fakes)
        after, arrows = heat(model), pulls(model, fakes)
        *g_losses, g_rate = _generator_step(game, noise)
        moved = np.asarray(game.generator(noise))
    finally:
        model.set_weights(kept)
    return GanView(
        before_heat=before.astype(np.float16),
        after_heat=after.astype(np.float16),
        before_fakes=(fakes * PLANE_SCALE).astype(np.float32),
        after_fakes=(moved * PLANE_SCALE).astype(np.float32),
        slow_pulls=arrows.astype(np.float32),
        slow_losses=np.array([*d_losses, *g_losses]),
        slow_rates=np.array([d_rate, g_rate]),
    )


def _discriminator_step(game: Any, real: tf.Tensor, fakes: Array) -> tuple[float, float, float]:
    def loss() -> tf.Tensor:
        return tf.reduce_mean(discriminator_loss(game.loss, game.discriminator(real), game.discriminator(fakes)))

    return _plain_step(loss, game.discriminator.trainable_variables)


def _generator_step(game: Any, noise: tf.Tensor) -> tuple[float, float, float]:
    def loss() -> tf.Tensor:
        return tf.reduce_mean(generator_loss(game.loss, game.discriminator(game.generator(noise))))

    def stays() -> bool:
        way = np.linalg.norm(np.asarray(game.generator(noise)) - before, axis=1).mean() * PLANE_SCALE
        return bool(way <= LONGEST_WAY)

    before = np.asarray(game.generator(noise))
    return _plain_step(loss, game.generator.trainable_variables, stays)


def _plain_step(loss: Any, weights: list[Any], stays: Any = lambda: True) -> tuple[float, float, float]:
    """Do one step of plain gradient descent; return the loss before and after, and the rate.

    The rate is the first of 1, 1/2, 1/4, ... at which the loss falls and `stays` agrees: a larger step would overshoot.
    """
    with tf.GradientTape() as tape:
        before = loss()
    gradients, kept = tape.gradient(before, weights), [weight.numpy() for weight in weights]
    for halvings in range(MOST_HALVINGS):
        rate = LARGEST_RATE / 2**halvings
        for weight, start, gradient in zip(weights, kept, gradients, strict=True):
            weight.assign(start - rate * gradient)
        after = float(loss())
        if after < float(before) and stays():
            break
    return float(before), after, rate


def walk(model: keras.Model, data: Dataset, one: int, other: int) -> GanView:
    """Return samples along the arc between two noises of equal length, and for images the nearest training ones."""
    from models.gan import run_part

    starts = np.concatenate([np.asarray(model.game.noise(1, (seed, 8)), np.float64) for seed in (one, other)])
    length = np.linalg.norm(starts, axis=1, keepdims=True)
    ways = arc(starts / length, WALK) * np.linspace(length[0], length[1], WALK)
    samples = run_part(model, "generator", ways.astype(np.float32))
    if not data.image_shape:
        return GanView(walk=(samples * PLANE_SCALE).astype(np.float32))
    rows, _ = gan_measures.nearest(samples, data.train_inputs)
    shape = (-1, *data.image_shape)
    return GanView(walk=samples.reshape(shape), twins=data.train_inputs[rows].reshape(shape))


def arc(ends: Array, count: int) -> Array:
    """Return points along the great circle between two directions of length 1: (2, d) -> (count, d)."""
    angle = np.arccos(np.clip(ends[0] @ ends[1], -1.0, 1.0))
    share = np.linspace(0.0, 1.0, count)[:, None]
    if angle < 1e-6:
        return np.repeat(ends[:1], count, axis=0)
    return np.asarray((np.sin((1 - share) * angle) * ends[0] + np.sin(share * angle) * ends[1]) / np.sin(angle))
