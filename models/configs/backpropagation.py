"""The settings of the page on backpropagation: networks so small that every number in them can be read."""

from typing import ClassVar, Literal

from models.configs.base import Config, knob


class BackpropagationConfig(Config):
    """The settings of the page on backpropagation: networks so small that every number in them can be read."""

    family: ClassVar[str] = "backpropagation"

    dataset: Literal["xor", "circle", "gaussians", "moons", "plane", "iris"] = knob(
        "xor", "Data", "Where the example comes from, and what the optimizers race on."
    )
    inputs: int = knob(
        2, "Inputs", "The first so many inputs; beyond x1 and x2 the point sets offer x1·x2 and x1².", ge=2, le=4
    )
    layers: int = knob(2, "Hidden layers", "0 leaves a single unit without a bend.", ge=0, le=3)
    units: int = knob(3, "Units per layer", "Width of every hidden layer.", ge=1, le=4)
    activation: Literal[
        "tanh", "sigmoid", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "linear"
    ] = knob("tanh", "Activation", "The bend f in a = f(z), and with it the factor f'(z) on the way back.")
    learning_rate: float = knob(
        0.1, "Learning rate", "Size of each step against the gradient, the same for all in the race.",
        scale="log", gt=0, le=10,
    )  # fmt: skip
    optimizer: Literal["sgd", "momentum", "nesterov", "rmsprop", "adam"] = knob(
        "momentum", "Followed optimizer", "All five race; this one's network is drawn and can be asked."
    )
    epochs: int = knob(60, "Epochs", "Passes over the training data.", ge=1, le=500, scale="log")
    loss: Literal["fitting", "squared_error"] = knob(
        "fitting", "Loss", "Fitting: cross-entropy for classes, squared error for numbers."
    )
    batch_size: int = knob(16, "Batch size", "Examples per step.", ge=1, le=200, scale="log")
    initialization: Literal["glorot_uniform", "he_normal", "lecun_normal", "zeros"] = knob(
        "glorot_uniform", "Initialization", "Where the weights start. Zeros: all units stay equal."
    )
    noise: float = knob(0.1, "Noise", "Scatter of the points, 2-D sets only.", ge=0, le=0.5)
