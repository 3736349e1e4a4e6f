"""Settings of the cnn page that are known to work, and settings known to fail."""

from models.base import Failure
from models.presets.preset import Preset

_ROOM = {"dataset": "digits_canvas"}
_DOTS = {"dataset": "pair", "epochs": 20}
_CLOTHES = {
    "dataset": "fashion_mnist",
    "filters": 16,
    "dropout": 0.2,
    "learning_rate": 0.002,
    "epochs": 12,
    "batch_size": 64,
    "examples": 60000,
}

PRESETS: tuple[Preset, ...] = (
    Preset(
        title="Handwritten digits",
        reason="Two blocks of 3 x 3 windows: 1,898 parameters read digits as well as a larger perceptron.",
        settings={},
        metric="test_accuracy",
        threshold=0.95,
    ),
    Preset(
        title="Digits anywhere",
        reason="Only the largest value of each map is kept, so it hardly matters where a stroke stands.",
        settings={**_ROOM, "filters": 16, "head": "global_max"},
        metric="test_moved",
        threshold=0.9,
    ),
    Preset(
        title="Two dots, three blocks",
        reason="Are two dots, ten columns apart, in the same row? Three blocks see both at once.",
        settings={**_DOTS, "blocks": 3},
        metric="test_accuracy",
        threshold=0.95,
    ),
    Preset(
        title="Fashion-MNIST",
        reason="60,000 pictures of clothes, fetched on request (31 MB). A few minutes on two cores.",
        settings={**_CLOTHES},
        metric="test_accuracy",
        threshold=0.9,
    ),
)

FAILURES: tuple[Failure, ...] = (
    Failure(
        title="A perceptron and a moved digit",
        reason="Every pixel has weights of its own: a digit two pixels off meets weights that never saw it. "
        "The score is the share right on such digits.",
        settings={**_ROOM, "blocks": 0, "units": 64},
        repair={"blocks": 2, "filters": 16, "head": "global_max", "units": 0},
        metric="test_moved",
        threshold=0.8,
    ),
    Failure(
        title="Shared windows, but a fixed place at the end",
        reason="The last layer has weights for every place of every map, so a moved digit still confuses it. "
        "Random moves in training show it all places.",
        settings={**_ROOM, "filters": 16},
        repair={"augmentation": 2, "epochs": 60},
        metric="test_moved",
        threshold=0.8,
    ),
    Failure(
        title="Farther than the window sees",
        reason="Two dots ten columns apart: no unit of two blocks sees both, and each dot alone tells nothing. "
        "A third block sees far enough. Attention will join any two places at once.",
        settings={**_DOTS},
        repair={"blocks": 3},
        metric="test_accuracy",
        threshold=0.9,
    ),
    Failure(
        title="Shuffled pixels",
        reason="One other order of all pixels: in place the digits are still read. But neighbours mean nothing any "
        "more, so nothing holds elsewhere. The score is the share right two pixels off.",
        settings={**_ROOM, "permuted": True, "filters": 16, "head": "global_max"},
        repair={"permuted": False},
        metric="test_moved",
        threshold=0.8,
    ),
    Failure(
        title="A window of one pixel",
        reason="A window of 1 x 1 sees how much ink there is, but no shape. With 3 x 3 there are edges.",
        settings={"kernel": 1, "head": "global_average"},
        repair={"kernel": 3},
        metric="test_accuracy",
        threshold=0.8,
    ),
    Failure(
        title="Steps that overshoot",
        reason="With a learning rate of 1 all units die in the first steps: every map is empty for every image.",
        settings={"learning_rate": 1.0},
        repair={"learning_rate": 0.003},
        metric="test_accuracy",
        threshold=0.9,
    ),
)
