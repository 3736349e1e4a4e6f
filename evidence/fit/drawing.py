"""What trained networks draw, and what their bottlenecks say."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from evidence.fit.problem import Problem
from lab.datasets.dataset import Array

SAMPLES, WRITTEN, WRITERS = 400, 60, 150
Predicted = Callable[[Array], Array]


def drawn_by(model: keras.Model, predicted: Predicted, problem: Problem, seed: int) -> Array:
    """Return samples of a network that draws: decoded codes, or token after token."""
    generator = np.random.default_rng([seed, 31])
    if problem.form == "table":
        return decoded(model, generator.standard_normal((SAMPLES, problem.code)).astype(np.float32))
    if problem.name == "generated_text":
        return written(predicted, problem, generator)
    tokens = token_after_token(predicted, problem, generator)
    return as_rows(tokens, problem.name, generator)


def decoded(model: keras.Model, codes: Array) -> Array:
    """Return what the decoder makes of codes (n, k)."""
    x: Any = tf.constant(codes)
    for layer in model.layers:
        if layer.name.startswith("decoder_"):
            x = layer(x)
    return np.asarray(x)


def token_after_token(predicted: Predicted, problem: Problem, generator: np.random.Generator) -> Array:
    """Return (400, T) tokens, each drawn by what the network says after those before."""
    length = problem.inputs["train"].shape[1]
    tokens = np.zeros((SAMPLES, length + 1), np.int32)
    for place in range(length):
        tokens[:, place + 1] = chosen(predicted(tokens[:, :-1])[:, place], generator)
    return tokens[:, 1:]


def chosen(logits: Array, generator: np.random.Generator) -> Array:
    """Draw one token each from logits (n, V), by Gumbel's trick."""
    return (logits + generator.gumbel(size=logits.shape)).argmax(-1).astype(np.int32)


def as_rows(tokens: Array, task: str, generator: np.random.Generator) -> Array:
    """Turn drawn tokens into points of the plane, anywhere in their bins, or into images."""
    from evidence.fit.problems import BINS, GREYS, REACH

    if task == "density_2d":
        bins = np.clip(tokens - [1, 1 + BINS], 0, BINS - 1)
        return (bins + generator.random(bins.shape)) / BINS * (2 * REACH) - REACH
    return np.clip(tokens - 1, 0, GREYS - 1) / (GREYS - 1)


def written(predicted: Predicted, problem: Problem, generator: np.random.Generator) -> Array:
    """Return (150, 60) tokens written behind the beginnings of held-out windows, which are not part of them."""
    window = problem.more["lead"][:WRITERS].copy()
    found = []
    for _ in range(WRITTEN):
        following = chosen(predicted(window)[:, -1], generator)
        found.append(following)
        window = np.concatenate([window[:, 1:], following[:, None]], 1)
    return np.stack(found, 1)


def codes_of(model: keras.Model, problem: Problem) -> dict[str, Array]:
    """Return what the bottleneck says of each part: (n, k)."""
    encoder = keras.Model(model.inputs, model.get_layer("code").output)
    return {part: np.asarray(encoder(tf.constant(array))) for part, array in problem.inputs.items()}


def grouped(codes: dict[str, Array], problem: Problem) -> dict[str, Array]:
    """Return the group of each example: k-means on the training codes."""
    from sklearn.cluster import KMeans

    means = KMeans(problem.more["groups"], n_init=2, random_state=problem.more["seed"]).fit(
        np.nan_to_num(codes["train"])
    )
    return {part: means.predict(np.nan_to_num(array)) for part, array in codes.items() if part != "train"}
