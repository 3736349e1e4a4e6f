"""Settings worth a click: those known to work, and those known to fail. Data, not prose; imports no Keras.

Every one is trained and stored by `python -m lab examples`, and tests hold it to what it says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.base import Failure


@dataclass(frozen=True)
class Preset:
    """Settings that work: the fields of the family's Config that differ from the defaults.

    metric, threshold: at the end of the run the metric is at least the threshold.
    """

    title: str
    reason: str
    settings: Mapping[str, Any]
    metric: str
    threshold: float


_TANH = {"activation": "tanh", "learning_rate": 0.03, "epochs": 300}

PRESETS: dict[str, tuple[Preset, ...]] = {
    "mlp": (
        Preset(
            title="Handwritten digits",
            reason="64 pixels, 32 hidden units, 10 classes: the smallest network that reads handwriting well.",
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
    ),
    "backpropagation": (
        Preset(
            title="XOR, two hidden layers of three",
            reason="Seven units, 25 parameters, every number readable; five optimizers start from the same weights.",
            settings={},
            metric="test_accuracy",
            threshold=0.9,
        ),
        Preset(
            title="The smallest chain: 2-2-1 on two moons",
            reason="Two hidden units, nine parameters: a gradient at the first layer is a product of four factors.",
            settings={"dataset": "moons", "layers": 1, "units": 2},
            metric="test_accuracy",
            threshold=0.8,
        ),
        Preset(
            title="Three classes: iris",
            reason="With a softmax every output pulls on every hidden unit: the sum over paths has three terms.",
            settings={"dataset": "iris", "inputs": 4, "layers": 1},
            metric="test_accuracy",
            threshold=0.85,
        ),
    ),
    "gradient_flow": (
        Preset(
            title="Ten sigmoid layers with a plus",
            reason="Each layer adds to what it was given. The gradient passes by the plus and arrives undiminished.",
            settings={},
            metric="test_accuracy",
            threshold=0.9,
        ),
        Preset(
            title="ReLU with He's weights, ten layers",
            reason="Half the units are off, so weights of twice the variance keep the gradient's size.",
            settings={"connection": "plain", "activation": "relu", "initialization": "he_normal"},
            metric="test_accuracy",
            threshold=0.85,
        ),
        Preset(
            title="Highway, twenty layers",
            reason="Gates that start nearly closed let the gradient by, at about .87 a layer.",
            settings={"connection": "highway", "depth": 20},
            metric="test_accuracy",
            threshold=0.85,
        ),
        Preset(
            title="As in a Transformer: plus, normalization, GELU",
            reason="Layer normalization before each layer, a plus around it. Twenty layers train like two.",
            settings={"activation": "gelu", "normalization": "layer", "depth": 20},
            metric="test_accuracy",
            threshold=0.9,
        ),
    ),
}

FAILURES: dict[str, tuple[Failure, ...]] = {
    "mlp": (
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
            reason="Each sigmoid multiplies the gradient by at most 1/4. "
            "After six layers little of it reaches the first.",
            settings={"layers": 6, "activation": "sigmoid", "epochs": 15},
            repair={"activation": "relu"},
            metric="test_accuracy",
            threshold=0.7,
        ),
    ),
    "backpropagation": (
        Failure(
            title="No hidden layer: XOR for ever out of reach",
            reason="A single unit draws one straight line. No line parts XOR, whatever the optimizer.",
            settings={"layers": 0, "noise": 0.0},
            repair={"layers": 2},
            metric="test_accuracy",
            threshold=0.9,
        ),
        Failure(
            title="Equal weights, equal gradients",
            reason="Started at zero, every hidden output is zero, so every gradient but that of the last bias is zero.",
            settings={"initialization": "zeros"},
            repair={"initialization": "glorot_uniform"},
            metric="test_accuracy",
            threshold=0.9,
        ),
        Failure(
            title="Steps too small to arrive",
            reason="Each step does what the gradient promised, and in sixty epochs that is next to nothing.",
            settings={"learning_rate": 0.001},
            repair={"learning_rate": 0.1},
            metric="test_accuracy",
            threshold=0.9,
        ),
    ),
    "gradient_flow": (
        Failure(
            title="Ten sigmoid layers without the plus",
            reason="Each layer hands on less than a quarter: two millionths of the gradient arrive at the first.",
            settings={"connection": "plain"},
            repair={"connection": "residual"},
            metric="test_accuracy",
            threshold=0.85,
        ),
        Failure(
            title="Twenty sigmoid layers",
            reason="Ten layers more divide the gradient at the first one by two million once more.",
            settings={"connection": "plain", "depth": 20},
            repair={"activation": "selu", "initialization": "lecun_normal"},
            metric="test_accuracy",
            threshold=0.85,
        ),
        Failure(
            title="First weights three times too large",
            reason="Each layer multiplies sums and gradient by three. Clipping does not mend it, since the sums "
            "themselves are too large; weights of He's own size do.",
            settings={
                "connection": "plain",
                "activation": "relu",
                "initialization": "he_normal",
                "gain": 3.0,
                "optimizer": "sgd",
                "learning_rate": 0.01,
            },
            repair={"gain": 1.0},
            metric="test_accuracy",
            threshold=0.75,
        ),
        Failure(
            title="A deep product of matrices",
            reason="Without a bend the stack is a product of matrices, and 1.3 to the twentieth power is 190.",
            settings={
                "connection": "plain",
                "activation": "linear",
                "initialization": "orthogonal",
                "gain": 1.3,
                "depth": 20,
                "optimizer": "sgd",
                "learning_rate": 0.01,
            },
            repair={"clip_norm": 1.0},
            metric="test_accuracy",
            threshold=0.85,
        ),
        Failure(
            title="One matrix twenty times: a recurrent network",
            reason="A recurrent network meets the same matrix at every step. A little too large, it explodes.",
            settings={
                "connection": "plain",
                "activation": "linear",
                "initialization": "orthogonal",
                "gain": 1.2,
                "depth": 20,
                "shared_weights": True,
                "optimizer": "sgd",
                "learning_rate": 0.01,
            },
            repair={"clip_norm": 1.0},
            metric="test_accuracy",
            threshold=0.85,
        ),
    ),
}
