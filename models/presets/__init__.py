"""Settings worth a click: those known to work, and those known to fail. Data, not prose; imports no Keras.

Every one is trained and stored by `python -m lab examples`, and tests hold it to what it says.
"""

from types import ModuleType

from models.base import Failure
from models.presets import (
    autoencoder,
    backpropagation,
    cnn,
    gan,
    gradient_flow,
    mlp,
    modular,
    rbf,
    rnn,
    som,
    transformer,
)
from models.presets.preset import Preset

_FAMILIES: dict[str, ModuleType] = {
    "backpropagation": backpropagation,
    "gradient_flow": gradient_flow,
    "mlp": mlp,
    "cnn": cnn,
    "rnn": rnn,
    "autoencoder": autoencoder,
    "rbf": rbf,
    "som": som,
    "modular": modular,
    "gan": gan,
    "transformer": transformer,
}
PRESETS: dict[str, tuple[Preset, ...]] = {name: module.PRESETS for name, module in _FAMILIES.items()}
FAILURES: dict[str, tuple[Failure, ...]] = {name: module.FAILURES for name, module in _FAMILIES.items()}
