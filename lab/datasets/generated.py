"""Point sets in the plane, made by a seeded generator: the sets on which one sees what a network can bend.

The shapes are those of TensorFlow Playground (https://playground.tensorflow.org), and two moons. One thing differs:
noise moves points and never changes labels, so the classes stay equally large.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from lab.datasets.dataset import PLANE_SCALE, Array, Dataset
from lab.datasets.split import split_rows, standardize

TITLES = {
    "circle": "Circle in a ring",
    "xor": "Exclusive or",
    "gaussians": "Two Gaussians",
    "spiral": "Two spirals",
    "moons": "Two moons",
    "plane": "Tilted plane",
}
EXTRA_FEATURES: dict[str, Callable[[Array], Array]] = {
    "x1^2": lambda points: (points[:, 0] / PLANE_SCALE) ** 2,
    "x2^2": lambda points: (points[:, 1] / PLANE_SCALE) ** 2,
    "x1*x2": lambda points: points[:, 0] * points[:, 1] / PLANE_SCALE**2,
    "sin(x1)": lambda points: np.sin(points[:, 0]),
    "sin(x2)": lambda points: np.sin(points[:, 1]),
}


def expand(points: Array, extra_features: Sequence[str] = ()) -> Array:
    """Turn points of the plane, (n, 2) on about [-6, 6], into the (n, 2 + extra) float32 inputs of a network.

    x1 and x2 are divided by 3, squares and the product by 9, sines (of the undivided coordinate) are left as they are,
    so that every input has a spread near one. The training points and the grid of a decision surface both pass here.
    """
    points = np.asarray(points, dtype=np.float64)
    columns = [points[:, 0] / PLANE_SCALE, points[:, 1] / PLANE_SCALE]
    columns += [EXTRA_FEATURES[name](points) for name in extra_features]
    return np.stack(columns, axis=1).astype(np.float32)


def generated(
    name: str,
    *,
    seed: int = 0,
    test_share: float = 0.25,
    samples: int = 400,
    noise: float = 0.1,
    extra_features: Sequence[str] = (),
) -> Dataset:
    """Return the 2-D set `name` with `samples` points; noise from 0 to 0.5; equal settings give equal arrays."""
    generator = np.random.default_rng([seed, 0])
    points, targets = _plane(generator, samples, noise) if name == "plane" else _pair(generator, name, samples, noise)
    strata = None if name == "plane" else targets
    train, test = split_rows(samples, strata, test_share=test_share, seed=seed)
    data = Dataset(
        name=name,
        title=TITLES[name],
        task="classification",
        train_inputs=expand(points[train], extra_features),
        train_targets=targets[train],
        test_inputs=expand(points[test], extra_features),
        test_targets=targets[test],
        train_rows=train,
        test_rows=test,
        input_names=("x1", "x2", *extra_features),
        source=f"Generated with seed {seed}, in the shapes of TensorFlow Playground (Smilkov and Carter, 2016).",
        target_name="class",
        class_names=("blue", "orange"),
        plane=True,
        extra_features=tuple(extra_features),
    )
    return _as_regression(data) if name == "plane" else data


def _as_regression(data: Dataset) -> Dataset:
    train_targets, test_targets, mean, scale = standardize(data.train_targets, data.test_targets)
    return replace(
        data,
        task="regression",
        train_targets=train_targets,
        test_targets=test_targets,
        target_name="height",
        target_mean=mean,
        target_scale=scale,
        class_names=(),
    )


def _pair(generator: np.random.Generator, name: str, samples: int, noise: float) -> tuple[Array, Array]:
    """Two classes of equal size; class 0 has one point more if `samples` is odd."""
    sizes = (samples - samples // 2, samples // 2)
    points = np.concatenate([CLASSES[name](generator, kind, size, noise) for kind, size in enumerate(sizes)])
    return points, np.repeat(np.arange(2, dtype=np.int32), sizes)


def _jitter(generator: np.random.Generator, points: Array, reach: float) -> Array:
    """Move each coordinate by a uniform step of at most `reach`."""
    return points + generator.uniform(-reach, reach, points.shape)


def _circle(generator: np.random.Generator, kind: int, size: int, noise: float) -> Array:
    """Class 0 is a disc of radius 2.5, class 1 the ring from 3.5 to 5 around it."""
    radius = generator.uniform(*((0.0, 2.5) if kind == 0 else (3.5, 5.0)), size)
    angle = generator.uniform(0.0, 2 * np.pi, size)
    points = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)
    return _jitter(generator, points, 5.0 * noise)


def _xor(generator: np.random.Generator, kind: int, size: int, noise: float) -> Array:
    """Class 0 where x1 and x2 have equal signs, class 1 where they differ; a gap of 0.3 on each side of the axes."""
    points = generator.uniform(0.3, 5.3, (size, 2))
    sign = generator.choice([-1.0, 1.0], size)
    points[:, 0] *= sign
    points[:, 1] *= sign if kind == 0 else -sign
    return _jitter(generator, points, 5.0 * noise)


def _gaussians(generator: np.random.Generator, kind: int, size: int, noise: float) -> Array:
    """Clouds around (2, 2) and (-2, -2); their variance grows from 0.5 without noise to 4 at noise 0.5."""
    centre = 2.0 if kind == 0 else -2.0
    return generator.normal(centre, np.sqrt(0.5 + 7.0 * noise), (size, 2))


def _spiral(generator: np.random.Generator, kind: int, size: int, noise: float) -> Array:
    """Two arms of 1.75 turns, the second half a turn behind the first; radius in proportion to the angle."""
    along = np.arange(size) / size
    angle = 1.75 * 2 * np.pi * along + np.pi * kind
    points = np.stack([5.0 * along * np.sin(angle), 5.0 * along * np.cos(angle)], axis=1)
    return _jitter(generator, points, noise)


def _moons(generator: np.random.Generator, kind: int, size: int, noise: float) -> Array:
    """Two interleaved half circles as in scikit-learn's `make_moons`, moved to the middle and enlarged 3.3 times."""
    angle = generator.uniform(0.0, np.pi, size)
    across, up = np.cos(angle), np.sin(angle)
    points = np.stack([across, up] if kind == 0 else [1.0 - across, 0.5 - up], axis=1)
    return _jitter(generator, 3.3 * (points - [0.5, 0.25]), 3.3 * noise)


def _plane(generator: np.random.Generator, samples: int, noise: float) -> tuple[Array, Array]:
    """Points anywhere on [-6, 6]^2; the target is (x1 + x2) / 10, off by at most 1.2 times the noise."""
    points = generator.uniform(-6.0, 6.0, (samples, 2))
    return points, points.sum(axis=1) / 10.0 + generator.uniform(-1.2 * noise, 1.2 * noise, samples)


CLASSES: dict[str, Callable[[np.random.Generator, int, int, float], Array]] = {
    "circle": _circle,
    "xor": _xor,
    "gaussians": _gaussians,
    "spiral": _spiral,
    "moons": _moons,
}
