"""What is reached without a neural network on the same sequences: nothing remembered, tables of counts, AR(p)."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from lab.datasets.sequence import IGNORED, SequenceData
from lab.datasets.series import SeriesData
from lab.datasets.text import TextData
from models.base import Array, Baseline
from models.recurrent_training import rmse

CONTEXTS = (0, 1, 2, 4)  # characters that a table of counts looks back
ORDER = 3  # symbols back, for the steps of a memory task
MOST_COEFFICIENTS = 24  # of an AR model


def baselines(data: SequenceData, *, seed: int = 0) -> list[Baseline]:
    """Return methods without a network, fitted on the training part and measured on the test part."""
    if isinstance(data, SeriesData):
        return series_baselines(data)
    if isinstance(data, TextData):
        return [_timed(_counts_name(order), "test_loss", partial(text_loss, data, order)) for order in CONTEXTS]
    metric = "test_rmse" if data.task == "regression" else "test_accuracy"
    chance = float(np.sqrt(data.chance)) if data.task == "regression" else data.chance
    found = [Baseline("Without memory (exact)", metric, chance, 0.0)]
    if data.form == "last":
        return [*found, _timed(*_linear(data, metric, seed))]
    if data.form == "every" and data.tokens:
        found.append(_timed(f"Counts of {ORDER} symbols", metric, lambda: step_accuracy_of_counts(data, ORDER)))
    return found


def _timed(name: str, metric: str, measure: Callable[[], float]) -> Baseline:
    started = time.perf_counter()
    value = measure()
    return Baseline(name, metric, float(value), time.perf_counter() - started)


def _counts_name(order: int) -> str:
    """Name a table of counts by the characters it looks at, the next one included."""
    return f"Counts of {order + 1} character{'s' * (order > 0)}"


# ---- memory tasks ----


def _linear(data: SequenceData, metric: str, seed: int) -> tuple[str, str, Callable[[], float]]:
    """A linear model that sees all steps at once, each with weights of its own."""
    from sklearn.linear_model import LogisticRegression, Ridge

    train, test = (_flat(data, inputs) for inputs in (data.train_inputs[:3000], data.test_inputs))
    targets = data.train_targets[:3000]

    def measure() -> float:
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):
            if data.task == "regression":
                return rmse(Ridge(random_state=seed).fit(train, targets).predict(test), data.test_targets)
            found = LogisticRegression(max_iter=60, random_state=seed).fit(train, targets).predict(test)
            return float(np.mean(found == data.test_targets))

    return ("Linear, all steps at once", metric, measure)


def _flat(data: SequenceData, inputs: Array) -> Array:
    rows = np.eye(data.features, dtype=np.float32)[inputs] if data.tokens else inputs
    return rows.reshape(len(rows), -1)


def step_accuracy_of_counts(data: SequenceData, order: int) -> float:
    """Return the score of always giving the answer that most often followed the last `order` symbols."""
    counts: dict[bytes, Counter[int]] = defaultdict(Counter)
    for row, answers in zip(data.train_inputs, data.loss_targets("train"), strict=True):
        for step in np.flatnonzero(answers != IGNORED):
            counts[row[max(0, step + 1 - order) : step + 1].tobytes()][int(answers[step])] += 1
    most = {context: known.most_common(1)[0][0] for context, known in counts.items()}
    found = np.full(data.test_targets.shape, IGNORED)
    scored = data.scored()
    for place, row in enumerate(data.test_inputs):
        for step in np.flatnonzero(scored[place]):
            found[place, step] = most.get(row[max(0, step + 1 - order) : step + 1].tobytes(), 0)
    right = found == data.test_targets
    return float(np.mean((right | ~scored).all(axis=1))) if data.whole else float(np.mean(right[scored]))


# ---- text ----


def text_loss(data: TextData, order: int) -> float:
    """Return the test loss, in nats a character, of counts with `order` characters before, shorter ones mixed in.

    Witten and Bell, "The zero-frequency problem" (1991): a context that was followed by many kinds trusts shorter ones
    more. p(c | context) = (n(context c) + kinds * p(c | shorter)) / (n(context) + kinds).
    """
    assert data.text is not None
    learned = data.text[: data.test_start]
    chances = np.full(data.test_inputs.size, 1 / data.features)
    places = data.test_start + np.arange(data.test_inputs.size)  # the test windows lie side by side
    for length in range(order + 1):
        keys = _contexts(data.text, length, data.features)
        pairs = keys * data.features + np.append(data.text[1:], 0)
        known = slice(length, len(learned) - 1)
        n_pair, n_context = _counted(pairs[known]), _counted(keys[known])
        kinds = _counted(np.unique(pairs[known]) // data.features)
        asked = keys[places]
        kind, times = _of(kinds, asked), _of(n_context, asked)
        chances = (_of(n_pair, pairs[places]) + kind * chances + (times == 0) * chances) / (times + kind + (times == 0))
    return float(-np.mean(np.log(chances)))


def _contexts(tokens: Array, length: int, symbols: int) -> Array:
    """Return a number for the last `length` tokens up to each place, (N,) int64."""
    keys = np.zeros(len(tokens), np.int64)
    for back in range(length):
        keys[back:] += tokens[: len(tokens) - back].astype(np.int64) * symbols**back
    return keys


def _counted(values: Array) -> tuple[Array, Array]:
    found: tuple[Array, Array] = np.unique(values, return_counts=True)
    return found


def _of(table: tuple[Array, Array], values: Array) -> Array:
    """Return the counts of values, 0 where one is unknown."""
    keys, counts = table
    places = np.minimum(np.searchsorted(keys, values), len(keys) - 1)
    return np.where(keys[places] == values, counts[places], 0)


# ---- series ----


def series_baselines(data: SeriesData) -> list[Baseline]:
    """Return persistence, the season before, and AR(p), each one step ahead with all real values known."""
    assert data.series is not None
    truth, start = data.truth(), data.test_start
    found = [_timed("Last value again", "test_rmse", lambda: rmse(data.before("test"), truth))]
    if 1 < data.season < start // 2:
        season = data.season
        found += [
            _timed("Season before", "test_rmse", lambda: rmse(data.series[start - season : -season], truth)),  # type: ignore[index]
            _timed("Season before, with drift", "test_rmse", lambda: rmse(seasonal_drift(data), truth)),
        ]
    for order in ar_orders(data):
        found.append(_timed(f"AR({order})", "test_rmse", partial(_ar_error, data, order)))
    return found


def _ar_error(data: SeriesData, order: int) -> float:
    return rmse(ar_one_step(data, order), data.truth())


def ar_orders(data: SeriesData) -> list[int]:
    """Return how many values back the AR models look: 2, 9, and a season and one more."""
    most = min(MOST_COEFFICIENTS, data.test_start // 4)
    return sorted({order for order in (2, 9, data.season + 1) if 1 < order <= most} or {1})


def seasonal_drift(data: SeriesData) -> Array:
    """Return the value a season before plus how far the last value is above its own season before: (test values,)."""
    assert data.series is not None
    start, season = data.test_start, data.season
    drift = data.before("test") - data.series[start - 1 - season : -1 - season]
    return np.asarray(data.series[start - season : -season] + drift)


def ar_parameters(data: SeriesData, order: int) -> Array:
    """Return intercept and coefficients, newest value first, of AutoReg on the training part: (order + 1,)."""
    return np.asarray(ar_model(data, order).params)


def ar_model(data: SeriesData, order: int) -> Any:
    """Return statsmodels' fitted AutoReg."""
    from statsmodels.tsa.ar_model import AutoReg

    assert data.series is not None
    return AutoReg(data.series[: data.test_start], lags=order).fit()


def ar_one_step(data: SeriesData, order: int) -> Array:
    """Return what AR(order), fitted once on the training part, says of each test value: (test values,)."""
    assert data.series is not None
    intercept, *weights = ar_parameters(data, order)
    rows = np.stack([data.series[data.test_start - back : len(data.series) - back] for back in range(1, order + 1)])
    return np.asarray(intercept + np.asarray(weights) @ rows)
