"""How fast the gradient's norm changes from layer to layer in an untrained stack, for several claims."""

from typing import Any

WIDTH = 128


def decades_a_layer(seed: int, depth: int, **settings: Any) -> float:
    """Return the decades by which the gradient's norm changes from one layer to the one before it.

    The slope of a straight line through log10 of the norm at the outputs of all layers; below 0 it shrinks towards the
    input. settings: those of models.configs.GradientFlowConfig.
    """
    import numpy as np

    from models.configs import GradientFlowConfig
    from models.gradient_untrained import digits, signal_of, standardized

    config = GradientFlowConfig(seed=seed, depth=depth, width=WIDTH, **settings)
    signal = signal_of(config, standardized(digits(seed)))
    distance = np.arange(depth)[::-1]  # from the last layer
    return float(np.polyfit(distance, np.log10(signal), 1)[0])
