"""Methods without a network, as scikit-learn has them with its default settings where nothing else is said."""

import warnings
from typing import Any

import numpy as np

from lab.datasets.dataset import Array
from lab.fitting.roster import Facts

NEIGHBOURS = 5
EXACT_CELLS = 150_000  # rows x columns x classes up to which trees look at every value; beyond, at 255 bins of them
MOST_CELLS = 1_000_000  # keeps a straight fit within seconds on the largest table


def estimator(slug: str, facts: Facts, seed: int) -> Any:
    """Return the unfitted method. Raises KeyError for an unknown one."""
    return _classifier(slug, facts, seed) if facts.classes else _regressor(slug, facts, seed)


def _classifier(slug: str, facts: Facts, seed: int) -> Any:
    from sklearn.dummy import DummyClassifier
    from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    exact = facts.rows * facts.inputs * (facts.classes if facts.classes > 2 else 1) <= EXACT_CELLS
    trees = GradientBoostingClassifier if exact else HistGradientBoostingClassifier
    return {
        "majority": lambda: DummyClassifier(strategy="prior"),
        "linear": lambda: LogisticRegression(max_iter=300, random_state=seed),
        "neighbours": lambda: KNeighborsClassifier(NEIGHBOURS),
        "boosting": lambda: trees(random_state=seed),
    }[slug]()


def _regressor(slug: str, facts: Facts, seed: int) -> Any:
    from sklearn.dummy import DummyRegressor
    from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor
    from sklearn.linear_model import Ridge
    from sklearn.neighbors import KNeighborsRegressor

    trees = GradientBoostingRegressor if facts.rows * facts.inputs <= EXACT_CELLS else HistGradientBoostingRegressor
    return {
        "majority": lambda: DummyRegressor(),
        "linear": lambda: Ridge(random_state=seed),
        "neighbours": lambda: KNeighborsRegressor(NEIGHBOURS),
        "boosting": lambda: trees(random_state=seed),
    }[slug]()


def fit_and_predict(slug: str, facts: Facts, seed: int, train: tuple[Array, Array], test: Array) -> tuple[Array, Any]:
    """Return what the fitted method says of the test rows, and the method.

    Probabilities (n, classes) of a classification, numbers (n,) of a regression.
    """
    from sklearn.exceptions import ConvergenceWarning

    method = estimator(slug, facts, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 300 iterations bound the time; the score is measured
        method.fit(*train)
    if not facts.classes:
        return np.asarray(method.predict(test), np.float64), method
    found = np.zeros((len(test), facts.classes))
    found[:, np.asarray(method.classes_, np.int64)] = method.predict_proba(test)
    return found, method


def parameters(method: Any) -> int | None:
    """Return how many numbers a linear method has fitted; None for methods that are not counted in parameters."""
    coefficients = getattr(method, "coef_", None)
    return None if coefficients is None else int(np.size(coefficients) + np.size(method.intercept_))
