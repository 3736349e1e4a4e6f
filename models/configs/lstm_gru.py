"""The settings of LSTM and GRU, and of the plain cells that they are compared with."""

from typing import ClassVar, Literal

from models.configs.base import knob
from models.configs.recurrent import RecurrentConfig


class LstmGruConfig(RecurrentConfig):
    """The settings of LSTM and GRU, and of the plain cells that they are compared with."""

    family: ClassVar[str] = "lstm_gru"

    cell: Literal["lstm", "gru", "simple", "irnn"] = knob(
        "lstm", "Cell", "Simple: no gates, tanh. IRNN: no gates, ReLU, starts as the identity."
    )
    lag: int = knob(
        50, "Length", "Steps over which something is kept; of a series or a text, the length of a window.", ge=2, le=200
    )
    learning_rate: float = knob(
        0.01, "Learning rate", "Size of each step against the gradient.", scale="log", gt=0, le=10
    )
    epochs: int = knob(3, "Epochs", "Passes over the training data.", ge=1, le=300, scale="log")
    samples: int = knob(10000, "Sequences", "To learn from, memory tasks only.", ge=200, le=20000, scale="log")
    batch_size: int = knob(32, "Batch size", "Sequences per step.", ge=1, le=512, scale="log")
    forget_bias: float = knob(1.0, "Forget bias", "The forget gate starts at sigmoid of this, LSTM only.", ge=-2, le=6)
    chrono: bool = knob(
        False, "Chrono initialization", "Gates start with memories from 1 step to the whole length, LSTM and GRU only."
    )
    both_ways: bool = knob(False, "Bidirectional", "A second stack reads from the end; not for reversing.")
    attention: Literal["none", "additive", "product"] = knob(
        "none",
        "Attention",
        "Reversing only: how the decoder looks back at all that was read.",
    )
