"""Trains networks of the app's families to their end, for the experiments: the same code as on the pages."""

from collections.abc import Mapping
from typing import Any


def finished(family_name: str, **settings: Any) -> tuple[Any, Any, Any, Mapping[str, float]]:
    """Train one network; return its settings, data, model and what was measured at its last step."""
    from models.base import family
    from models.configs import CONFIGS

    config, module = CONFIGS[family_name](**settings), family(family_name)
    data = module.load(config)
    model = module.build(config, data)
    *_, last = module.train(config, data, model)
    return config, data, model, last.metrics


def reached(family_name: str, metric: str, **settings: Any) -> float:
    """Train one network and return one metric at its last step."""
    return float(finished(family_name, **settings)[3][metric])
