"""Forecasts of a series many values ahead: a fan of paths, each step fed by the one before, beside AR(p).

A path goes on from the last known training value: the network says the next value, an error that it made in training is
drawn and added, and what comes out is its next input. Errors of training are smaller than those of the future, so the
fan is rather too narrow than too wide; how much of the truth it holds is shown beside it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lab.datasets.series import SeriesData
from models.base import Array
from models.recurrent_baselines import ar_model, ar_orders

LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)
PATHS = 200


@dataclass(frozen=True)
class Fan:
    """levels: (5,); quantiles: (5, steps); mean: (steps,) without drawn errors; other: (steps,) of AR; other_band:

    (2, steps), its 80 % band. All float64 in the series' unit.
    """

    levels: Array
    quantiles: Array
    mean: Array
    other: Array
    other_band: Array


def fan(outputs: Callable[[Array], Array], data: SeriesData, ahead: int, seed: int = 0) -> Fan:
    """Return the fan of a network; outputs(windows (n, window, 1)) gives its standardized values, (n, 1)."""
    errors = data.truth("train") - data.forecasts(outputs(data.train_inputs), "train")
    generator = np.random.default_rng([seed, 10])
    drawn = generator.choice(errors, (PATHS, ahead))
    paths = walk(outputs, data, np.concatenate([np.zeros((1, ahead)), drawn]))
    other = ar_model(data, max(ar_orders(data))).get_prediction(data.test_start, data.test_start + ahead - 1)
    return Fan(
        levels=np.array(LEVELS),
        quantiles=np.quantile(paths[1:], LEVELS, axis=0),
        mean=paths[0],
        other=np.asarray(other.predicted_mean),
        other_band=np.asarray(other.conf_int(alpha=0.2)).T,
    )


def walk(outputs: Callable[[Array], Array], data: SeriesData, errors: Array) -> Array:
    """Return paths that go on from the training part, (paths, steps); errors: (paths, steps), added at each step."""
    assert data.series is not None
    paths, ahead = errors.shape
    known = data.window + data.changes
    values = np.empty((paths, known + ahead))
    values[:, :known] = data.series[data.test_start - known : data.test_start]
    for step in range(ahead):
        now = values[:, step : step + known]
        said = outputs(data.scaled_window(now))[:, 0] * data.target_scale + data.target_mean
        values[:, known + step] = said + (now[:, -1] if data.changes else 0.0) + errors[:, step]
    return values[:, known:]
