"""The settings of the plain recurrent network."""

from typing import ClassVar, Literal

from models.configs.base import knob
from models.configs.recurrent import RecurrentConfig


class RnnConfig(RecurrentConfig):
    """The settings of the plain recurrent network."""

    family: ClassVar[str] = "rnn"

    activation: Literal["tanh", "relu"] = knob("tanh", "Activation", "The bend f in h = f(W x + U h + b).")
    initialization: Literal["orthogonal", "glorot_uniform", "identity"] = knob(
        "orthogonal", "First weights of U", "Orthogonal keeps lengths, identity keeps the state as it is."
    )
