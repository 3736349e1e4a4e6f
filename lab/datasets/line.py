"""Curves over one input, points of one's own, and one smooth function in 1 to 16 dimensions.

Inputs of the curves are the coordinates of their picture: nothing is scaled. Targets are standardized as everywhere.
"""

from collections.abc import Callable

import numpy as np

from lab.datasets.dataset import Array, Dataset, UnfitData
from lab.datasets.split import split_rows, standardize

LINES = {"wave": "Noisy wave", "step": "A jump", "runge": "Runge's curve", "points": "Your own points"}
REACH = 3.0  # the wave and the jump lie on [-3, 3]
RUNGE_NODES, RUNGE_TEST = 21, 200
FEWEST_POINTS = 4
MANY_TEST = 1000
FREQUENCY = 3.0  # of the sine in many dimensions: about half a period within one standard deviation to each side


def wave(x: Array) -> Array:
    """Return sin(2 x) + x / 3: it bends, and it rises."""
    return np.sin(2.0 * x) + x / 3.0


def jump(x: Array) -> Array:
    """Return -1 below zero and 1 from zero on."""
    return np.where(x < 0.0, -1.0, 1.0)


def runge(x: Array) -> Array:
    """Return 1 / (1 + 25 x^2): Runge, Zeitschrift fuer Mathematik und Physik 46 (1901)."""
    return 1.0 / (1.0 + 25.0 * np.square(x))


TRUTHS: dict[str, Callable[[Array], Array]] = {"wave": wave, "step": jump, "runge": runge}


def parse_points(text: str) -> Array:
    """Return "x,y;x,y" as (n, 2) float64, rising in x. Raises UnfitData where there are fewer than four points."""
    pairs = [pair.split(",") for pair in text.split(";") if pair]
    points = np.array([[float(x), float(y)] for x, y in pairs]).reshape(-1, 2)
    if len(points) < FEWEST_POINTS or len(np.unique(points[:, 0])) < FEWEST_POINTS:
        raise UnfitData("Click at least four points at different places, then press Train.")
    return points[np.argsort(points[:, 0], kind="stable")]


def line(name: str, *, seed: int, test_share: float, samples: int, noise: float, points: str = "") -> Dataset:
    """Return a curve over one input.

    Runge's curve: 21 equally spaced nodes on [-1, 1] to train on, the middles of 200 equal cells to test on, no noise.
    """
    if name == "runge":
        nodes = np.linspace(-1.0, 1.0, RUNGE_NODES)
        cells = (np.arange(RUNGE_TEST) + 0.5) / RUNGE_TEST * 2.0 - 1.0
        return _regression(
            name, LINES[name], nodes[:, None], runge(nodes), cells[:, None], runge(cells),
            source="21 equally spaced nodes of 1 / (1 + 25 x²), the example of Carl Runge (1901).",
            rows=(np.arange(RUNGE_NODES), np.arange(RUNGE_TEST) + RUNGE_NODES),
        )  # fmt: skip
    if name == "points":
        table, source = parse_points(points), "Points that you set yourself."
    else:
        generator = np.random.default_rng([seed, 0])
        x = np.sort(generator.uniform(-REACH, REACH, samples))
        y = TRUTHS[name](x) + generator.normal(0.0, 2.0 * noise, samples)
        table, source = (
            np.stack([x, y], axis=1),
            f"Generated with seed {seed}; normal noise of deviation {2 * noise:g}.",
        )
    train, test = split_rows(len(table), None, test_share=test_share, seed=seed)
    x, y = table[:, :1], table[:, 1]
    return _regression(name, LINES[name], x[train], y[train], x[test], y[test], source=source, rows=(train, test))


def many(*, seed: int, dimensions: int, samples: int, noise: float = 0.0) -> Dataset:
    """Return a sine along the diagonal of a cube of 1 to 16 dimensions; 1,000 further points to test on, without noise.

    y = sin(3 (x1 + ... + xd) / sqrt(d)), inputs uniform with deviation 1. The sum over sqrt(d) has deviation 1 in any
    dimension, so the curve along the diagonal is as hard in 16 dimensions as in one; only the space around it grows.
    """
    generator = np.random.default_rng([seed, dimensions])
    inputs = generator.uniform(-1.0, 1.0, (samples + MANY_TEST, dimensions)) * np.sqrt(3.0)
    targets = np.sin(FREQUENCY * inputs.sum(axis=1) / np.sqrt(dimensions))
    train_targets = targets[:samples] + generator.normal(0.0, 2.0 * noise, samples)
    return _regression(
        "many", f"A wave in {dimensions} dimensions", inputs[:samples], train_targets, inputs[samples:],
        targets[samples:], source=f"Generated with seed {seed}: a sine along the diagonal of a cube.",
        rows=(np.arange(samples), np.arange(samples, samples + MANY_TEST)),
    )  # fmt: skip


def _regression(
    name: str, title: str, train: Array, train_y: Array, test: Array, test_y: Array, *, source: str,
    rows: tuple[Array, Array],
) -> Dataset:  # fmt: skip
    train_targets, test_targets, mean, scale = standardize(train_y, test_y)
    return Dataset(
        name=name,
        title=title,
        task="regression",
        train_inputs=train.astype(np.float32),
        train_targets=train_targets,
        test_inputs=test.astype(np.float32),
        test_targets=test_targets,
        train_rows=rows[0],
        test_rows=rows[1],
        input_names=tuple(f"x{place + 1}" for place in range(train.shape[1])) if train.shape[1] > 1 else ("x",),
        source=source,
        target_name="y",
        target_mean=mean,
        target_scale=scale,
    )
