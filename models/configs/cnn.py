"""The settings of the convolutional network; without blocks it is a perceptron on pixels."""

from typing import ClassVar, Literal

from models.configs.base import Config, knob


class CnnConfig(Config):
    """The settings of the convolutional network; without blocks it is a perceptron on pixels."""

    family: ClassVar[str] = "cnn"

    dataset: Literal["digits", "digits_canvas", "pair", "fashion_mnist", "mnist", "cifar10"] = knob(
        "digits", "Data", "What the network learns to tell apart."
    )
    blocks: int = knob(2, "Blocks", "A block convolves, bends, and pools. 0 leaves a perceptron on pixels.", ge=0, le=4)
    filters: int = knob(8, "Filters", "Kernels of the first block; each further block has twice as many.", ge=1, le=64)
    kernel: int = knob(3, "Kernel", "Pixels along each side of the sliding window.", ge=1, le=7)
    pooling: Literal["max", "average", "none"] = knob(
        "max", "Pooling", "What 2 x 2 neighbours become: their largest, their mean, or nothing happens to them."
    )
    head: Literal["flatten", "global_max", "global_average"] = knob(
        "flatten", "Before the output", "Keep every place of every map, or only its largest value, or only its mean."
    )

    padding: Literal["same", "valid"] = knob(
        "same", "Padding", "Same: a border of zeros keeps the size. Valid: the window stays inside the picture."
    )
    units: int = knob(0, "Hidden units", "Of a dense layer before the output; 0: none.", ge=0, le=256)
    batch_normalization: bool = knob(False, "Batch normalization", "Rescales each map's sums over the batch.")
    dropout: float = knob(0.0, "Dropout", "Share of values silenced after each block.", ge=0, le=0.8)
    augmentation: int = knob(0, "Random moves", "Training images move by up to so many pixels each time.", ge=0, le=4)
    permuted: bool = knob(False, "Shuffle the pixels", "One fixed order of all pixels, the same for every image.")
    learning_rate: float = knob(
        0.003, "Learning rate", "Size of each step against the gradient.", scale="log", gt=0, le=10
    )
    epochs: int = knob(30, "Epochs", "Passes over the training data.", ge=1, le=300, scale="log")
    batch_size: int = knob(32, "Batch size", "Examples per step.", ge=1, le=512, scale="log")
    distance: int = knob(10, "Distance of the dots", "In columns, two dots only.", ge=1, le=14)
    samples: int = knob(3000, "Samples", "Images, two dots only.", ge=100, le=20000, scale="log")
    examples: int = knob(
        20000, "Training images", "At most so many, downloaded sets only.", ge=500, le=60000, scale="log"
    )
