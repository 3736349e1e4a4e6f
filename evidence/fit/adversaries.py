"""The adversarial pair of a cell: generator and discriminator, trained against each other for the row's seconds."""

from time import process_time
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from evidence.fit.problem import Problem
from models.gan_training import Adversaries, Game

RATES = (0.0005, 0.002)  # tried once each; the others' rates make a pair run away
LATENT, BATCH, MOMENTUM, LEAK = 8, 64, 0.5, 0.2
MOST_UNITS = 300


def pair(size: int, units: int, seed: int) -> Game:
    """Return an untrained pair of one width: noise to rows (n, size), rows to a score; two hidden layers each."""
    keras.utils.set_random_seed(seed)
    noise = x = keras.Input((LATENT,))
    for _ in range(2):
        x = keras.layers.Dense(units, "relu", kernel_initializer="he_normal")(x)
    generator = keras.Model(noise, keras.layers.Dense(size, "sigmoid" if size > 2 else None)(x))
    judged = x = keras.Input((size,))
    for _ in range(2):
        x = keras.layers.LeakyReLU(LEAK)(keras.layers.Dense(units, kernel_initializer="he_normal")(x))
    return Game(generator, keras.Model(judged, keras.layers.Dense(1)(x)), "non_saturating", 0.0, LATENT)


def parameters_of(size: int, units: int) -> int:
    """Return the weights and biases of both networks together."""
    generator = (LATENT + 1) * units + (units + 1) * units + (units + 1) * size
    return generator + (size + 1) * units + (units + 1) * units + units + 1


def units_for(problem: Problem, parameters: int) -> int:
    """Return the width with which both networks together come nearest to so many parameters."""
    size = problem.more["rows"]["train"].shape[1]
    return min(range(1, MOST_UNITS), key=lambda units: abs(parameters_of(size, units) - parameters))


def train_pair(problem: Problem, seed: int, parameters: int, rate: float, seconds: float, samples: int) -> Any:
    """Yield (seconds spent, steps, samples) at a quarter, a half and the whole of the time, and untrained before."""
    rows = problem.more["rows"]["train"]
    game = pair(rows.shape[1], units_for(problem, parameters), seed)
    training = Adversaries(game, rows, batch_size=BATCH, momentum=MOMENTUM, discriminator_steps=1, generator_steps=1,
                           seed=seed)  # fmt: skip
    training.warm()
    noise = tf.constant(np.random.default_rng([seed, 31]).standard_normal((samples, LATENT)), tf.float32)
    spent, step, count = 0.0, 0, 4
    yield spent, step, np.asarray(game.generator(noise))
    for share in (0.25, 0.5, 1.0):
        while spent < share * seconds:
            started = process_time()
            training.run(step, step + count, rate, rate)
            took = max(process_time() - started, 1e-6)
            step, spent = step + count, spent + took
            count = int(np.clip((share * seconds - spent) / took * count, 1, 4 * count))
        yield spent, step, np.asarray(game.generator(noise))
