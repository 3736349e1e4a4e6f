"""The self-organizing map's settings."""

from typing import ClassVar, Literal

from models.configs.base import Config, Digest, knob


class SomConfig(Config):
    """The self-organizing map's settings."""

    family: ClassVar[str] = "som"

    dataset: Literal[
        "digits", "plane", "circle", "moons", "spiral", "gaussians", "temple", "flower",
        "iris", "wine", "breast_cancer", "cars", "seattle_weather", "own",
    ] = knob("digits", "Data", "What the map spreads over.")  # fmt: skip
    rows: int = knob(10, "Rows", "Units from top to bottom. One row makes a chain.", ge=1, le=20)
    columns: int = knob(10, "Columns", "Units from left to right.", ge=2, le=20)
    radius: float = knob(
        4.0, "Radius", "How far a winner pulls its neighbours at the start, in grid distances.", ge=0.1, le=20
    )
    radius_end: float = knob(
        0.7, "End radius", "The radius at the end; linear and exponential decay only.", ge=0.1, le=20
    )
    epochs: int = knob(10, "Epochs", "Passes over the training data.", ge=1, le=300, scale="log")

    rule: Literal["online", "batch"] = knob("online", "Rule", "Online: one example a step. Batch: all of them a step.")
    learning_rate: float = knob(
        0.5, "Learning rate", "Share of the way that a winner moves; online rule only.", scale="log", gt=0, le=1
    )
    decay: Literal["linear", "exponential", "asymptotic", "constant"] = knob(
        "exponential", "Decay", "How radius and learning rate fall. Asymptotic: to a third of their start."
    )
    neighbourhood: Literal["gaussian", "bubble", "mexican_hat"] = knob(
        "gaussian", "Neighbourhood", "Who moves along. Mexican hat: units farther off move away; safe with batch only."
    )
    grid: Literal["rectangular", "hexagonal"] = knob("rectangular", "Grid", "4 or 6 nearest neighbours.")
    toroidal: bool = knob(False, "Torus", "Opposite edges touch. A hexagonal torus closes with an even number of rows.")
    initialization: Literal["pca", "sample", "random"] = knob(
        "pca", "Start", "PCA: flat in the principal plane. Sample: on examples. Random: anywhere in the data's range."
    )
    test_share: float = knob(0.25, "Test share", "Share of the data held out.", ge=0.1, le=0.9)

    samples: int = knob(600, "Samples", "Number of points, 2-D sets only.", ge=20, le=4000, scale="log")
    noise: float = knob(0.05, "Noise", "Scatter of the points, 2-D sets only.", ge=0, le=0.5)

    upload: Digest = knob("", "Uploaded file", "SHA-256 of an uploaded CSV, own data only.")
    target: str = knob("", "Label column", "The column that colours the map, own data only.", max_length=200)
