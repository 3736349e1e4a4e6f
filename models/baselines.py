"""What methods without a neural network reach on the same split: the line every network has to cross.

They get the very inputs the network gets, with scikit-learn's default settings where nothing else is said. scikit-learn
is imported inside the functions, because a family is often loaded without asking for its baselines.
"""

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from lab.datasets.dataset import Array, Dataset
from models.base import Baseline

SLOW_ROWS, SLOW_CELLS = 4_000, 200_000  # a support vector machine's cost grows with the square of the rows
CELLS = 1_000_000  # keeps every other method within seconds on the largest table
ALL_ROWS = 10**9
Method = tuple[str, Callable[[], Any], int]  # name, the unfitted method, the most training rows it gets


def baselines(data: Dataset, *, seed: int = 0) -> list[Baseline]:
    """Fit each method on the training part and measure it on the test part; equal data and seed give equal values.

    Classification: one Baseline a method, metric "test_accuracy". Regression: two, "test_rmse" in the target's unit and
    "test_r2". Seconds cover fitting and predicting.
    """
    from threadpoolctl import threadpool_limits

    rows, width = data.train_inputs.shape
    few, many = min(SLOW_ROWS, SLOW_CELLS // width), CELLS // width
    neighbours = min(3, rows)
    make = _classifiers if data.task == "classification" else _regressors
    methods = make(seed, neighbours, few, many)
    # One thread: on a busy machine, threads that wait for each other took 1 s on the digits instead of 0.06 s.
    with threadpool_limits(1):
        return [measured for method in methods for measured in _measure(method, data, seed)]


def _classifiers(seed: int, neighbours: int, few: int, many: int) -> list[Method]:
    from sklearn.dummy import DummyClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC

    return [
        ("Most frequent class", lambda: DummyClassifier(strategy="most_frequent"), ALL_ROWS),
        ("Logistic regression", lambda: LogisticRegression(max_iter=300, random_state=seed), many),
        (f"{neighbours} nearest neighbours", lambda: KNeighborsClassifier(neighbours), many),
        ("Support vector machine", lambda: SVC(random_state=seed), few),
    ]


def _regressors(seed: int, neighbours: int, few: int, many: int) -> list[Method]:
    from sklearn.dummy import DummyRegressor
    from sklearn.ensemble import GradientBoostingRegressor
    from sklearn.linear_model import Ridge
    from sklearn.neighbors import KNeighborsRegressor

    return [
        ("Mean of the targets", DummyRegressor, ALL_ROWS),
        ("Ridge regression", lambda: Ridge(random_state=seed), many),
        (f"{neighbours} nearest neighbours", lambda: KNeighborsRegressor(neighbours), many),
        ("Gradient boosting", lambda: GradientBoostingRegressor(random_state=seed), few),
    ]


def _measure(method: Method, data: Dataset, seed: int) -> list[Baseline]:
    from sklearn.exceptions import ConvergenceWarning

    name, unfitted, most_rows = method
    inputs, targets = data.train_inputs, data.train_targets
    if len(inputs) > most_rows:
        rows = np.random.default_rng(seed).permutation(len(inputs))[:most_rows]
        inputs, targets = inputs[rows], targets[rows]
        name = f"{name} ({most_rows:,} of {len(data.train_inputs):,} rows)"
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 300 iterations bound the time; the value is measured
        predicted = unfitted().fit(inputs, targets).predict(data.test_inputs)
    seconds = time.perf_counter() - started
    return [Baseline(name, metric, value, seconds) for metric, value in score(predicted, data).items()]


def score(predicted: Array, data: Dataset) -> dict[str, float]:
    """Return the test metrics of predictions, (n,) class indices or standardized values, by their name.

    R2 is 1 - the squared error / the squared spread of the test targets about their own mean; NaN without any spread.
    """
    if data.task == "classification":
        return {"test_accuracy": float(np.mean(predicted == data.test_targets))}
    truth = data.original_targets(data.test_targets)
    squared_error = (data.original_targets(predicted) - truth) ** 2
    r2 = 1.0 - squared_error.mean() / truth.var() if np.ptp(truth) > 0 else np.nan
    return {"test_rmse": float(np.sqrt(squared_error.mean())), "test_r2": float(r2)}
