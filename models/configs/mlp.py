"""The multilayer perceptron's settings."""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator

from models.configs.base import Config, Digest, knob

ExtraFeature = Literal["x1^2", "x2^2", "x1*x2", "sin(x1)", "sin(x2)"]


def _each_once(values: tuple[ExtraFeature, ...]) -> tuple[ExtraFeature, ...]:
    if len(set(values)) < len(values):
        raise ValueError("each extra input can be named once")
    return values


class MlpConfig(Config):
    """The multilayer perceptron's settings."""

    family: ClassVar[str] = "mlp"

    dataset: Literal[
        "digits", "circle", "xor", "gaussians", "spiral", "moons", "plane",
        "iris", "wine", "breast_cancer", "diabetes", "cars", "seattle_weather", "own",
    ] = knob("digits", "Data", "What the network learns.")  # fmt: skip
    layers: int = knob(1, "Hidden layers", "0 leaves a linear model.", ge=0, le=6)
    units: int = knob(32, "Units per layer", "Width of every hidden layer.", ge=1, le=128)
    activation: Literal["tanh", "relu", "sigmoid", "gelu", "selu", "silu", "linear"] = knob(
        "relu", "Activation", "The bend f in a = f(z). Linear: layers collapse into one."
    )
    learning_rate: float = knob(
        0.003, "Learning rate", "Size of each step against the gradient.", scale="log", gt=0, le=10
    )
    epochs: int = knob(60, "Epochs", "Passes over the training data.", ge=1, le=2000, scale="log")

    batch_size: int = knob(32, "Batch size", "Examples per step.", ge=1, le=512, scale="log")
    optimizer: Literal["sgd", "momentum", "rmsprop", "adam", "adamw"] = knob(
        "adam", "Optimizer", "The rule that turns gradients into steps."
    )
    initialization: Literal["glorot_uniform", "he_normal", "lecun_normal", "orthogonal", "zeros"] = knob(
        "glorot_uniform", "Initialization", "Where the weights start. Zeros: all units stay equal."
    )
    dropout: float = knob(0.0, "Dropout", "Share of units silenced in each training step.", ge=0, le=0.8)
    l2: float = knob(0.0, "L2 penalty", "Pulls weights towards zero.", scale="log", ge=0, le=0.3)
    batch_normalization: bool = knob(False, "Batch normalization", "Rescales each layer's sums over the batch.")
    patience: int = knob(
        0, "Stop rule", "End when the test loss has not improved for so many snapshots. 0: never.", ge=0, le=60
    )
    test_share: float = knob(0.25, "Test share", "Share of the data held out.", ge=0.1, le=0.9)

    samples: int = knob(400, "Samples", "Number of points, 2-D sets only.", ge=20, le=4000, scale="log")
    noise: float = knob(0.1, "Noise", "Scatter of the points, 2-D sets only.", ge=0, le=0.5)
    extra_features: Annotated[tuple[ExtraFeature, ...], AfterValidator(_each_once)] = knob(
        (), "Extra inputs", "Inputs computed from x1 and x2, 2-D sets only.", max_length=5
    )

    upload: Digest = knob("", "Uploaded file", "SHA-256 of an uploaded CSV, own data only.")
    target: str = knob("", "Target column", "The column to predict, own data only.", max_length=200)
