"""Settings of the mlp page that are known to work, and settings known to fail."""

from models.base import Failure
from models.presets.preset import Preset

_TANH = {"activation": "tanh", "learning_rate": 0.03, "epochs": 300}

PRESETS: tuple[Preset, ...] = (
    Preset(
        title="Handwritten digits",
        reason="64 pixels, 32 hidden units, 10 classes: a small network that reads handwriting well.",
        settings={},
        metric="test_accuracy",
        threshold=0.95,
    ),
    Preset(
        title="Circle in a ring",
        reason="Four tanh units are enough: each draws one line, and the output adds them up to a closed curve.",
        settings={"dataset": "circle", "units": 4, **_TANH},
        metric="test_accuracy",
        threshold=0.95,
    ),
    Preset(
        title="Exclusive or",
        reason="The problem no single unit can solve, solved by one hidden layer.",
        settings={"dataset": "xor", "units": 8, **_TANH},
        metric="test_accuracy",
        threshold=0.93,
    ),
    Preset(
        title="Two spirals",
        reason="A hard shape for plain coordinates: two hidden layers bend the border around both arms.",
        settings={"dataset": "spiral", "layers": 2, "units": 16, "noise": 0.05, **_TANH},
        metric="test_accuracy",
        threshold=0.93,
    ),
    Preset(
        title="Breast cancer",
        reason="A table of 30 measurements. Watch the grey lines: a logistic regression does as well.",
        settings={"dataset": "breast_cancer", "units": 16, "epochs": 30},
        metric="test_accuracy",
        threshold=0.93,
    ),
)

FAILURES: tuple[Failure, ...] = (
    Failure(
        title="One straight line cannot separate XOR",
        reason="Without a hidden layer the network is one linear unit. "
        "No straight line has each class of XOR on its own side.",
        settings={"dataset": "xor", "layers": 0, "noise": 0.0, "learning_rate": 0.03, "epochs": 100},
        repair={"layers": 1, "units": 8, "activation": "tanh"},
        metric="test_accuracy",
        threshold=0.9,
    ),
    Failure(
        title="Three layers without a bend are one layer",
        reason="With a linear activation the product of the three weight matrices is one matrix, "
        "so depth adds nothing.",
        settings={"dataset": "circle", "layers": 3, "units": 16, "activation": "linear", "epochs": 100},
        repair={"activation": "tanh"},
        metric="test_accuracy",
        threshold=0.9,
    ),
    Failure(
        title="Equal weights stay equal",
        reason="Started at zero, every unit of a layer gets the same gradient in every step: "
        "32 units work as one, or not at all.",
        settings={"initialization": "zeros", "epochs": 30},
        repair={"initialization": "glorot_uniform"},
        metric="test_accuracy",
        threshold=0.9,
    ),
    Failure(
        title="Steps that overshoot",
        reason="With plain gradient descent and a learning rate of 10 each step jumps across the valley, "
        "until most units are dead and the output no longer depends on the image.",
        settings={"optimizer": "sgd", "learning_rate": 10.0, "epochs": 30},
        repair={"learning_rate": 0.1},
        metric="test_accuracy",
        threshold=0.9,
    ),
    Failure(
        title="The loss leaves the range of numbers",
        reason="A squared error has no ceiling: overshoot grows from step to step until the numbers overflow.",
        settings={"dataset": "diabetes", "optimizer": "sgd", "learning_rate": 3.0, "epochs": 30},
        repair={"learning_rate": 0.01},
        metric="test_r2",
        threshold=0.3,
    ),
    Failure(
        title="Deep sigmoid layers stop the gradient",
        reason="Each sigmoid multiplies the gradient by at most 1/4. After six layers little of it reaches the first.",
        settings={"layers": 6, "activation": "sigmoid", "epochs": 15},
        repair={"activation": "relu"},
        metric="test_accuracy",
        threshold=0.7,
    ),
)
