"""Settings of the som page that are known to work, and settings known to fail."""

from models.base import Failure
from models.presets.preset import Preset

_SQUARE = {"dataset": "plane", "rows": 12, "columns": 12, "epochs": 20}

PRESETS: tuple[Preset, ...] = (
    Preset(
        title="Handwritten digits",
        reason="100 units arrange 64-pixel images on a sheet. Nobody told them which digits are alike.",
        settings={},
        metric="test_order",
        threshold=0.9,
    ),
    Preset(
        title="A net unfolds over a square",
        reason="Kohonen's own first example: a net spreads evenly over points that fill a square.",
        settings={**_SQUARE, "initialization": "sample"},
        metric="test_order",
        threshold=0.95,
    ),
    Preset(
        title="A chain winds along two moons",
        reason="One row of units is a line. It finds a path through both moons.",
        settings={"dataset": "moons", "rows": 1, "columns": 20, "radius": 5.0, "epochs": 30},
        metric="test_explained",
        threshold=0.9,
    ),
    Preset(
        title="64 colours for a photograph",
        reason="Each unit is a colour. Every pixel is drawn in the colour of its best unit.",
        settings={"dataset": "temple", "rows": 8, "columns": 8, "radius": 3.0, "radius_end": 0.5},
        metric="test_explained",
        threshold=0.95,
    ),
    Preset(
        title="Wines, six neighbours each",
        reason="Batch rule on a hexagonal grid: three cultivars settle in three corners, without their labels.",
        settings={
            "dataset": "wine",
            "rule": "batch",
            "grid": "hexagonal",
            "rows": 8,
            "columns": 8,
            "radius": 3.0,
            "epochs": 30,
        },
        metric="test_accuracy",
        threshold=0.9,
    ),
)

FAILURES: tuple[Failure, ...] = (
    Failure(
        title="A neighbourhood too narrow",
        reason="A winner moves alone: units fit the data as in k-means, but being neighbours means nothing.",
        settings={
            "dataset": "iris",
            "rows": 8,
            "columns": 8,
            "radius": 0.1,
            "radius_end": 0.1,
            "initialization": "sample",
            "epochs": 100,
        },
        repair={"radius": 3.0, "radius_end": 0.7},
        metric="test_order",
        threshold=0.6,
    ),
    Failure(
        title="A neighbourhood too wide",
        reason="A radius of 8 that never shrinks moves all units together: the net stays a small clump.",
        settings={"dataset": "iris", "rows": 8, "columns": 8, "radius": 8.0, "decay": "constant", "epochs": 100},
        repair={"decay": "exponential"},
        metric="test_explained",
        threshold=0.8,
    ),
    Failure(
        title="A twisted net",
        reason="From a random start, short pulls lock the net into a twist: parts in order, the whole not.",
        settings={**_SQUARE, "radius": 1.0, "initialization": "random"},
        repair={"radius": 5.0},
        metric="test_flatness",
        threshold=0.95,
    ),
    Failure(
        title="A torus on flat data",
        reason="Opposite edges of the map touch, those of the data do not: the net must fold or tear.",
        settings={**_SQUARE, "toroidal": True},
        repair={"toroidal": False},
        metric="test_trust",
        threshold=0.98,
    ),
    Failure(
        title="A hat that pushes too hard",
        reason="Units at middle distance are pushed away, each time harder, until they leave the range of numbers.",
        settings={**_SQUARE, "neighbourhood": "mexican_hat"},
        repair={"neighbourhood": "gaussian"},
        metric="test_explained",
        threshold=0.9,
    ),
    Failure(
        title="A rate that never falls",
        reason="At a constant rate of 1 a winner jumps onto every example, forgets the others, and never settles.",
        settings={"radius": 1.5, "learning_rate": 1.0, "decay": "constant"},
        repair={"decay": "exponential"},
        metric="test_explained",
        threshold=0.5,
    ),
)
