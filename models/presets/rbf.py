"""Settings of the rbf page that are known to work, and settings known to fail."""

from models.base import Failure
from models.presets.preset import Preset

_NODES = {"dataset": "runge", "units": 21, "ridge": 0.0}

PRESETS: tuple[Preset, ...] = (
    Preset(
        title="Noisy wave",
        reason="Twelve bumps follow sixty noisy points. Step through the run and watch them join one by one.",
        settings={},
        metric="test_r2",
        threshold=0.85,
    ),
    Preset(
        title="Runge's curve through 21 nodes",
        reason="One bump per node meets every node. A polynomial through the same nodes swings wildly at the ends.",
        settings={**_NODES},
        metric="test_r2",
        threshold=0.99,
    ),
    Preset(
        title="Centres that move",
        reason="Gradients shift the bumps and change their common width, beside the output weights.",
        settings={"centres": "trained", "fit": "gradient"},
        metric="test_r2",
        threshold=0.85,
    ),
    Preset(
        title="Two moons",
        reason="Twenty bumps in the plane. Far from all of them the network says the same everywhere.",
        settings={"dataset": "moons", "samples": 400, "units": 20},
        metric="test_accuracy",
        threshold=0.97,
    ),
    Preset(
        title="Two spirals",
        reason="A shape that troubles a perceptron is easy here: forty bumps along the arms, one linear system.",
        settings={"dataset": "spiral", "samples": 400, "units": 40, "noise": 0.05},
        metric="test_accuracy",
        threshold=0.93,
    ),
    Preset(
        title="Handwritten digits",
        reason="A hundred typical digits found by k-means; each image is judged by the ones it resembles.",
        settings={"dataset": "digits", "units": 100},
        metric="test_accuracy",
        threshold=0.96,
    ),
    Preset(
        title="Diabetes",
        reason="Ten measurements of a patient. The grey lines tell it: a straight ridge regression does as well.",
        settings={"dataset": "diabetes", "width": 4.0},
        metric="test_r2",
        threshold=0.4,
    ),
)

FAILURES: tuple[Failure, ...] = (
    Failure(
        title="Bumps too narrow to meet",
        reason="At a tenth of the nodes' distance each bump is a spike: right at its node, "
        "and silent everywhere between.",
        settings={**_NODES, "width": 0.1},
        repair={"width": 1.0},
        metric="test_r2",
        threshold=0.9,
    ),
    Failure(
        title="Bumps so wide that they are alike",
        reason="Five distances wide, neighbouring bumps differ by so little that 64-bit numbers cannot tell: "
        "huge weights of both signs no longer cancel. A small ridge penalty forbids them.",
        settings={**_NODES, "width": 5.0},
        repair={"ridge": 0.001},
        metric="test_r2",
        threshold=0.8,
    ),
    Failure(
        title="Random centres leave holes",
        reason="Points drawn at random cluster here and are missing there. "
        "Where no bump stands, the network has nothing to say.",
        settings={"centres": "random"},
        repair={"centres": "kmeans"},
        metric="test_r2",
        threshold=0.8,
    ),
    Failure(
        title="Gradients crawl where bumps overlap",
        reason="Wide bumps make a long, narrow valley. After 300 passes the gradient is still on its way; "
        "one linear system is there at once.",
        settings={"fit": "gradient", "width": 3.0},
        repair={"fit": "solved"},
        metric="test_r2",
        threshold=0.8,
    ),
    Failure(
        title="Too few bumps for a long border",
        reason="Twelve bumps cover both arms of the spirals at once and answer no better than chance.",
        settings={"dataset": "spiral", "samples": 400, "noise": 0.05},
        repair={"units": 40},
        metric="test_accuracy",
        threshold=0.9,
    ),
    Failure(
        title="Eight dimensions",
        reason="The same wave along one direction, in a cube of eight dimensions: 60 bumps for 400 points "
        "lose themselves in the space around it. See above what a perceptron makes of the same points.",
        settings={"dataset": "many", "dimensions": 8, "samples": 400, "units": 60, "width": 2.0},
        metric="test_r2",
        threshold=0.5,
    ),
)
