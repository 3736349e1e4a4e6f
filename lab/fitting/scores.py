"""Scores of a fold, intervals over folds, and how well a method knows how sure it may be. NumPy alone.

Sources: the corrected variance over folds, whose training rows overlap: Nadeau and Bengio, "Inference for the
generalization error", Machine Learning 52 (2003); residuals of the other folds as the width of an interval: Vovk,
"Cross-conformal predictors", Annals of Mathematics and Artificial Intelligence 74 (2015).
"""

from collections.abc import Sequence

import numpy as np

from lab.datasets.dataset import Array

# Student's t, 97.5 %, by degrees of freedom: the web process does without SciPy.
STUDENT = {1: 12.7062, 2: 4.30265, 3: 3.18245, 4: 2.77645, 5: 2.57058, 6: 2.44691, 7: 2.36462, 8: 2.306, 9: 2.26216}
LEAST_PROBABILITY = 1e-7
BINS = 10
LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)  # asked shares of intervals


def scores(targets: Array, said: Array, classes: int) -> dict[str, float]:
    """Return the scores of one fold; the first one ranks, higher is better; the second breaks ties, lower is better.

    Classification: accuracy, and log_loss in nats of probabilities (n, classes). Regression: r2 and rmse of numbers
    (n,) in the target's unit; r2 is NaN where the fold's targets are all alike.
    """
    if classes:
        right = said[np.arange(len(targets)), targets]
        loss = -np.log(np.clip(right, LEAST_PROBABILITY, 1.0))
        return {"accuracy": float(np.mean(said.argmax(axis=1) == targets)), "log_loss": float(loss.mean())}
    squared = np.square(np.asarray(said, np.float64) - targets)
    spread = float(np.var(targets))
    r2 = 1.0 - float(squared.mean()) / spread if spread > 0 else float("nan")
    return {"r2": r2, "rmse": float(np.sqrt(squared.mean()))}


def interval(values: Sequence[float], folds: int) -> tuple[float, float]:
    """Return the 95 % interval of the mean over `values`, one per fold done of so many `folds`.

    The variance is widened by Nadeau and Bengio's factor 1 / n + tested / trained rows, which is 1 / (folds - 1).
    Without two values it is unbounded.
    """
    count = len(values)
    if count < 2 or not np.isfinite(values).all():
        return float("-inf"), float("inf")
    reach = STUDENT[count - 1] * float(np.std(values, ddof=1)) * (1.0 / count + 1.0 / (folds - 1)) ** 0.5
    mean = float(np.mean(values))
    return mean - reach, mean + reach


def coverage(residuals: Sequence[Array]) -> list[tuple[float, float]]:
    """Return (asked share, share found inside) for intervals as wide as the other folds' residuals say.

    residuals: one array for each fold. Without two folds there is nothing to say: [].
    """
    if len(residuals) < 2:
        return []
    sizes = [np.abs(part) for part in residuals]
    found = []
    for level in LEVELS:
        inside = [
            part <= np.quantile(np.concatenate([*sizes[:place], *sizes[place + 1 :]]), level)
            for place, part in enumerate(sizes)
        ]
        found.append((level, float(np.mean(np.concatenate(inside)))))
    return found
