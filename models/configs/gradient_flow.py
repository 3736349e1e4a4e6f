"""The settings of a deep stack on handwritten digits: what decides how much gradient reaches its first layer."""

from typing import ClassVar, Literal

from models.configs.base import Config, knob


class GradientFlowConfig(Config):
    """The settings of a deep stack on handwritten digits: what decides how much gradient reaches its first layer."""

    family: ClassVar[str] = "gradient_flow"

    depth: int = knob(10, "Depth", "Hidden layers, the output not counted.", ge=1, le=50)
    activation: Literal["sigmoid", "tanh", "relu", "selu", "gelu", "linear"] = knob(
        "sigmoid", "Activation", "The bend f in a = f(z). Its slope f'(z) multiplies the gradient."
    )
    initialization: Literal["glorot_uniform", "he_normal", "lecun_normal", "orthogonal"] = knob(
        "glorot_uniform", "Initialization", "How large the first weights are drawn."
    )
    connection: Literal["plain", "residual", "highway"] = knob(
        "residual", "Around each layer", "Plain: f(z). Residual: h + f(z). Highway: a gate mixes both."
    )
    normalization: Literal["none", "batch", "layer"] = knob(
        "none", "Normalization", "Of the sums z; in a residual stack, of what enters the layer."
    )
    learning_rate: float = knob(
        0.003, "Learning rate", "Size of each step against the gradient.", scale="log", gt=0, le=10
    )

    width: int = knob(32, "Units per layer", "Width of every hidden layer.", ge=4, le=128)
    gain: float = knob(1.0, "Scale of the first weights", "Multiplies every first weight of the stack.", ge=0.1, le=4)
    optimizer: Literal["adam", "sgd"] = knob(
        "adam", "Optimizer", "Adam divides each gradient by its own size; plain descent takes it as it is."
    )
    clip_norm: float = knob(
        0.0, "Clip the gradient at", "Longest gradient of all weights together. 0: no clipping.",
        scale="log", ge=0, le=10,
    )  # fmt: skip
    gate_bias: float = knob(-2.0, "Gate bias", "Highway only: below 0 a gate starts nearly closed.", ge=-4, le=4)
    shared_weights: bool = knob(
        False, "One matrix for all layers", "From the second layer on: a recurrent network unrolled in time."
    )
    epochs: int = knob(15, "Epochs", "Passes over the training data.", ge=1, le=300, scale="log")
    batch_size: int = knob(32, "Batch size", "Examples per step.", ge=1, le=512, scale="log")
