"""The settings of every family: default, range, one line of help. Reads like a table; imports no Keras.

Everything that reaches the engine from a browser or a URL is validated here, on the server.
"""

from models.configs.autoencoder import AutoencoderConfig
from models.configs.backpropagation import BackpropagationConfig
from models.configs.base import STARTING_POINTS, TABLES, TWO_DIMENSIONAL, ClickedPoints, Config, Digest, knob
from models.configs.cnn import CnnConfig
from models.configs.gan import GanConfig
from models.configs.gradient_flow import GradientFlowConfig
from models.configs.mlp import MlpConfig
from models.configs.modular import ModularConfig
from models.configs.rbf import RbfConfig
from models.configs.recurrent import RecurrentConfig
from models.configs.rnn import RnnConfig
from models.configs.som import SomConfig
from models.configs.transformer import TransformerConfig

CONFIGS: dict[str, type[Config]] = {
    BackpropagationConfig.family: BackpropagationConfig,
    GradientFlowConfig.family: GradientFlowConfig,
    MlpConfig.family: MlpConfig,
    CnnConfig.family: CnnConfig,
    RnnConfig.family: RnnConfig,
    AutoencoderConfig.family: AutoencoderConfig,
    RbfConfig.family: RbfConfig,
    SomConfig.family: SomConfig,
    ModularConfig.family: ModularConfig,
    GanConfig.family: GanConfig,
    TransformerConfig.family: TransformerConfig,
}

__all__ = [
    "CONFIGS",
    "STARTING_POINTS",
    "TABLES",
    "TWO_DIMENSIONAL",
    "AutoencoderConfig",
    "BackpropagationConfig",
    "ClickedPoints",
    "CnnConfig",
    "Config",
    "Digest",
    "GanConfig",
    "GradientFlowConfig",
    "MlpConfig",
    "ModularConfig",
    "RbfConfig",
    "RecurrentConfig",
    "RnnConfig",
    "SomConfig",
    "TransformerConfig",
    "knob",
]
