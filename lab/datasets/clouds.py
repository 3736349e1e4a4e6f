"""Clouds of points to be imitated: eight spots on a ring, a grid of 25, two moons, two spirals, spots of one's own.

The ring and the grid are those on which generators are usually tested for lost modes: Metz and others, "Unrolled
generative adversarial networks", ICLR 2017; Dumoulin and others, "Adversarially learned inference", ICLR 2017.
"""

import numpy as np

from lab.datasets.dataset import PLANE_SCALE, Array, Dataset, UnfitData
from lab.datasets.generated import generated
from lab.datasets.split import split_rows

SPOTS = {"ring": "Ring of eight spots", "grid": "Grid of 25 spots", "own": "Your own spots"}
BANDS = ("moons", "spiral")
SPREAD = 0.2  # standard deviation of a spot along each axis, in the coordinates of the picture
POINTS, TEST_SHARE, BAND_NOISE = 10_000, 0.2, 0.03


def centres(name: str, points: str = "") -> Array:
    """Return the centres of the spots in the coordinates of the picture, (k, 2); none for moons and spirals.

    points: "x,y;x,y;..." for the name "own". Raises UnfitData where there is no spot.
    """
    if name == "ring":
        angles = np.arange(8) * np.pi / 4
        return np.stack([4.0 * np.cos(angles), 4.0 * np.sin(angles)], axis=1)
    if name == "grid":
        steps = np.linspace(-4.0, 4.0, 5)
        return np.stack([axis.ravel() for axis in np.meshgrid(steps, steps)], axis=1)
    if name == "own":
        if not points:
            raise UnfitData("Click into the field to set at least one spot.")
        return np.array([[float(number) for number in one.split(",")] for one in points.split(";")])
    return np.zeros((0, 2))


def cloud(name: str, *, seed: int = 0, points: str = "") -> Dataset:
    """Return 8,000 points to imitate and 2,000 held out; a point's target is its spot, or its moon or spiral."""
    if name in BANDS:
        samples = round(POINTS * (1 - TEST_SHARE)) + round(POINTS * TEST_SHARE)
        return generated(name, seed=seed, samples=samples, test_share=TEST_SHARE, noise=BAND_NOISE)
    middle = centres(name, points)
    generator = np.random.default_rng([seed, 4])
    spots = np.arange(POINTS) % len(middle)
    places = middle[spots] + generator.normal(0.0, SPREAD, (POINTS, 2))
    train, test = split_rows(POINTS, spots if len(middle) > 1 else None, test_share=TEST_SHARE, seed=seed)
    inputs = (places / PLANE_SCALE).astype(np.float32)
    return Dataset(
        name=name,
        title=SPOTS[name],
        task="classification",
        train_inputs=inputs[train],
        train_targets=spots[train].astype(np.int32),
        test_inputs=inputs[test],
        test_targets=spots[test].astype(np.int32),
        train_rows=train,
        test_rows=test,
        input_names=("x1", "x2"),
        source=f"Normal spots with a standard deviation of {SPREAD:g}, drawn with seed {seed}.",
        target_name="spot",
        class_names=tuple(str(place + 1) for place in range(len(middle))),
        plane=True,
    )
