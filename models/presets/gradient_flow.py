"""Settings of the gradient flow page that are known to work, and settings known to fail."""

from models.base import Failure
from models.presets.preset import Preset

PRESETS: tuple[Preset, ...] = (
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
        reason="Gates that start nearly closed let most of the gradient by, whatever the layers do.",
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
)

FAILURES: tuple[Failure, ...] = (
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
)
