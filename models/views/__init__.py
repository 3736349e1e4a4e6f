"""What each family shows of its inside: one frozen dataclass of arrays per family; imports no Keras.

A view can therefore be opened by the web process, which never imports TensorFlow.
"""

from models.base import View
from models.views.autoencoder import (
    PLANE_CELLS,
    SHOWN_CODES,
    SHOWN_PAIRS,
    SHOWN_SAMPLES,
    WORST_REBUILT,
    AutoencoderView,
)
from models.views.backpropagation import SLICE_EXTENT, SLICE_SIZE, BackpropagationView
from models.views.cnn import MAP_LEVELS, SHOWN_IMAGES, SHOWN_MAPS, CnnView
from models.views.gan import GAN_ARROWS, GAN_FAKES, GAN_HEAT, GAN_NET, GAN_SAMPLES, GanView
from models.views.gradient_flow import GradientFlowView
from models.views.mlp import BINS, CALIBRATION_BINS, MAP_SIZE, SHOWN_EXAMPLES, SURFACE_SIZE, WORST, MlpView
from models.views.modular import NOISES, SHOWN_MEMBERS, TILE_SIDE, ModularView
from models.views.rbf import BUMP_SIZE, CURVE_SIZE, SHOWN_BUMPS, RbfView
from models.views.rnn import SHOWN_ANSWERS, SHOWN_STATES, SHOWN_UNITS, STATE_LEVELS, RnnView
from models.views.som import SHOWN_COMPONENTS, SHOWN_POINTS, SomView
from models.views.transformer import HEAD_SCORES, TransformerTrace, TransformerView

VIEWS: dict[str, type[View]] = {
    "backpropagation": BackpropagationView,
    "gradient_flow": GradientFlowView,
    "mlp": MlpView,
    "cnn": CnnView,
    "rnn": RnnView,
    "autoencoder": AutoencoderView,
    "rbf": RbfView,
    "som": SomView,
    "modular": ModularView,
    "gan": GanView,
    "transformer": TransformerView,
}

__all__ = [
    "BINS",
    "BUMP_SIZE",
    "CALIBRATION_BINS",
    "CURVE_SIZE",
    "GAN_ARROWS",
    "GAN_FAKES",
    "GAN_HEAT",
    "GAN_NET",
    "GAN_SAMPLES",
    "HEAD_SCORES",
    "MAP_LEVELS",
    "MAP_SIZE",
    "NOISES",
    "PLANE_CELLS",
    "SHOWN_ANSWERS",
    "SHOWN_BUMPS",
    "SHOWN_CODES",
    "SHOWN_COMPONENTS",
    "SHOWN_EXAMPLES",
    "SHOWN_IMAGES",
    "SHOWN_MAPS",
    "SHOWN_MEMBERS",
    "SHOWN_PAIRS",
    "SHOWN_POINTS",
    "SHOWN_SAMPLES",
    "SHOWN_STATES",
    "SHOWN_UNITS",
    "SLICE_EXTENT",
    "SLICE_SIZE",
    "STATE_LEVELS",
    "SURFACE_SIZE",
    "TILE_SIDE",
    "VIEWS",
    "WORST",
    "WORST_REBUILT",
    "AutoencoderView",
    "BackpropagationView",
    "CnnView",
    "GanView",
    "GradientFlowView",
    "MlpView",
    "ModularView",
    "RbfView",
    "RnnView",
    "SomView",
    "TransformerTrace",
    "TransformerView",
]
