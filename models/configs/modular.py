"""The settings of modular and ensemble networks."""

from typing import ClassVar, Literal

from models.configs.base import Config, Digest, knob


class ModularConfig(Config):
    """The settings of modular and ensemble networks."""

    family: ClassVar[str] = "modular"

    dataset: Literal[
        "digits", "circle", "xor", "gaussians", "spiral", "moons", "iris", "wine", "breast_cancer", "seattle_weather",
        "own",
    ] = knob("digits", "Data", "What the networks learn together.")  # fmt: skip
    kind: Literal["experts", "ensemble", "bagging", "groups", "single"] = knob(
        "experts", "Kind", "A gate divides the work, members vote, each has its classes, or one big net does it all."
    )
    members: int = knob(6, "Members", "Number of small nets. The big net gets as many parameters.", ge=1, le=32)
    active: int = knob(
        0, "Experts asked", "0: all of them, weighted by the gate. 1 or 2: only the best. Experts only.", ge=0, le=8
    )
    balance: float = knob(
        0.3, "Load balancing", "Extra loss for uneven use of the experts. Experts only.", scale="log", ge=0, le=10
    )
    units: int = knob(8, "Units per member", "Width of every hidden layer of a member.", ge=1, le=64)

    learning_rate: float = knob(
        0.01, "Learning rate", "Size of each step against the gradient.", scale="log", gt=0, le=10
    )
    epochs: int = knob(60, "Epochs", "Passes over the training data.", ge=1, le=1000, scale="log")
    layers: int = knob(1, "Hidden layers", "Of each member. 0 leaves linear members.", ge=0, le=3)
    gate_units: int = knob(0, "Units of the gate", "0: a linear gate. Experts only.", ge=0, le=64)
    batch_size: int = knob(32, "Batch size", "Examples per step.", ge=1, le=512, scale="log")
    test_share: float = knob(0.25, "Test share", "Share of the data held out.", ge=0.1, le=0.9)
    samples: int = knob(400, "Samples", "Number of points, 2-D sets only.", ge=20, le=4000, scale="log")
    noise: float = knob(0.1, "Noise", "Scatter of the points, 2-D sets only.", ge=0, le=0.5)

    upload: Digest = knob("", "Uploaded file", "SHA-256 of an uploaded CSV, own data only.")
    target: str = knob("", "Target column", "The column to predict, own data only.", max_length=200)
