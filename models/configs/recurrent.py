"""What the settings of all families share that read a sequence step by step."""

from typing import ClassVar, Literal

from models.configs.base import Config, Digest, knob

MEMORY = (
    "adding", "recall", "copy", "temporal_order", "parity", "running_parity", "reber", "anbn", "reverse"
)  # fmt: skip
SERIES = ("sunspots", "co2", "elnino", "own_series")
TEXTS = ("text", "own_text")


class RecurrentConfig(Config):
    """The settings of a stack of recurrent layers; a family adds its own."""

    family: ClassVar[str] = "recurrent"

    dataset: Literal[
        "adding", "recall", "copy", "temporal_order", "parity", "running_parity", "reber", "anbn", "reverse",
        "sunspots", "co2", "elnino", "own_series", "text", "own_text",
    ] = knob("adding", "Data", "What the network reads, step by step.")  # fmt: skip
    lag: int = knob(
        20, "Length", "Steps over which something is kept; of a series or a text, the length of a window.", ge=2, le=200
    )
    units: int = knob(32, "Units", "Numbers in the hidden state.", ge=1, le=128)
    layers: int = knob(1, "Layers", "Each layer reads the states of the one below.", ge=1, le=3)
    learning_rate: float = knob(
        0.003, "Learning rate", "Size of each step against the gradient.", scale="log", gt=0, le=10
    )
    epochs: int = knob(10, "Epochs", "Passes over the training data.", ge=1, le=300, scale="log")

    samples: int = knob(5000, "Sequences", "To learn from, memory tasks only.", ge=200, le=20000, scale="log")
    batch_size: int = knob(64, "Batch size", "Sequences per step.", ge=1, le=512, scale="log")
    optimizer: Literal["adam", "sgd"] = knob("adam", "Optimizer", "The rule that turns gradients into steps.")
    clip: float = knob(1.0, "Gradient clipping", "A longer gradient is cut to this length; 0: never.", ge=0, le=10)
    truncation: int = knob(
        0, "Truncated backpropagation", "The gradient ends after so many steps back; 0: never.", ge=0, le=200
    )
    differences: bool = knob(False, "Learn changes", "From one value to the next instead of the values, series only.")
    upload: Digest = knob("", "Uploaded file", "SHA-256 of an upload, own data only.")
    target: str = knob("", "Value column", "The column to forecast, own series only.", max_length=200)
