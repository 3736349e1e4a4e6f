"""The settings of the network of radial basis functions."""

from typing import ClassVar, Literal

from models.configs.base import STARTING_POINTS, ClickedPoints, Config, Digest, knob


class RbfConfig(Config):
    """The settings of the network of radial basis functions."""

    family: ClassVar[str] = "rbf"

    dataset: Literal[
        "wave", "step", "runge", "points", "circle", "xor", "gaussians", "spiral", "moons",
        "digits", "breast_cancer", "diabetes", "many", "own",
    ] = knob("wave", "Data", "What the network learns.")  # fmt: skip
    units: int = knob(12, "Bumps", "Radial units; with as many as training points, each point gets one.", ge=2, le=200)
    width: float = knob(1.0, "Width", "Width of a bump, in distances between neighbouring centres.", ge=0.1, le=8)
    basis: Literal["gaussian", "multiquadric", "inverse_multiquadric", "thin_plate"] = knob(
        "gaussian", "Shape", "How a unit's value depends on the distance. The thin plate has no width."
    )
    centres: Literal["kmeans", "random", "trained"] = knob(
        "kmeans", "Centres", "Where the bumps stand: means of k-means, random points, or moved by gradient."
    )
    fit: Literal["solved", "gradient"] = knob(
        "solved", "Output weights", "Solved at once by ridge regression, or learned step by step."
    )

    widths: Literal["shared", "per_unit"] = knob("shared", "Widths", "One for all, or by each one's own neighbours.")
    ridge: float = knob(0.001, "Ridge penalty", "Pulls output weights towards zero.", scale="log", ge=0, le=10)
    learning_rate: float = knob(0.03, "Learning rate", "Size of a gradient step.", scale="log", gt=0, le=10)
    passes: int = knob(300, "Passes", "Passes over the data, gradient only.", ge=1, le=3000, scale="log")
    batch_size: int = knob(32, "Batch size", "Examples per gradient step.", ge=1, le=512, scale="log")
    test_share: float = knob(0.25, "Test share", "Share of the data held out.", ge=0.1, le=0.9)
    samples: int = knob(80, "Samples", "Number of points, generated sets only.", ge=20, le=2000, scale="log")
    noise: float = knob(0.1, "Noise", "Scatter of the points, generated sets only.", ge=0, le=0.5)
    dimensions: int = knob(4, "Dimensions", "Inputs of the wave in many dimensions.", ge=1, le=16)

    points: ClickedPoints = knob(STARTING_POINTS, "Own points", "Clicked points, x and y.", max_length=600)
    upload: Digest = knob("", "Uploaded file", "SHA-256 of an uploaded CSV, own data only.")
    target: str = knob("", "Target column", "The column to predict, own data only.", max_length=200)
