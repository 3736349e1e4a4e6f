"""Radial basis functions interpolate smoothly in few dimensions, and need too many bumps in many."""

from typing import Any

from evidence.ledger.claim import Claim, Effect
from evidence.ledger.training import reached

CLAIM = Claim(
    number=13,
    statement="RBF networks interpolate smoothly, and are practical in few dimensions.",
    experiment="Fit a noisy wave, and a sine along the diagonal of a cube of 1 to 8 dimensions, with 60 bumps.",
    effects=(
        Effect("wave", "R² on a noisy wave of one input", above=0.8),
        Effect("error_1", "Error with one input, in deviations of the target", below=0.05),
        Effect("error_8", "Error with eight inputs, in deviations of the target", above=0.8, limit=True),
        Effect("behind_8", "Error with eight inputs beyond that of a perceptron", above=0.2, limit=True),
    ),
    pages=("rbf",),
)
DIMENSIONS, POINTS, BUMPS = (1, 2, 3, 4, 6, 8), 400, 60


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return R² on the wave, and the error by number of inputs beside that of a perceptron."""
    import numpy as np

    from lab.datasets.line import many

    errors, perceptrons = [], []
    for dimensions in (1, 8) if quick else DIMENSIONS:
        data = many(seed=seed, dimensions=dimensions, samples=POINTS)
        errors.append(
            float(np.sqrt(np.mean((_bumps(data, seed) - data.test_targets) ** 2) / np.var(data.test_targets)))
        )
        perceptrons.append(_perceptron(data, seed))
    return {
        "wave": reached("rbf", "test_r2", dataset="wave", seed=seed), "error_1": errors[0], "error_8": errors[-1],
        "behind_8": errors[-1] - perceptrons[-1], "errors": errors, "perceptrons": perceptrons,
    }  # fmt: skip


def _bumps(data: Any, seed: int) -> Any:
    """Return what 60 Gaussian bumps say: centres by k-means, weights solved, the width best on held-out points."""
    import numpy as np
    from sklearn.cluster import KMeans

    inputs, targets = data.train_inputs.astype(np.float64), data.train_targets
    centres = KMeans(BUMPS, random_state=seed, n_init=1).fit(inputs).cluster_centers_
    fitting, held_out = np.arange(len(inputs)) % 4 > 0, np.arange(len(inputs)) % 4 == 0
    apart = np.median(np.sort(_squared(centres, centres), axis=1)[:, 1]) ** 0.5
    best, chosen = np.inf, 1.0
    for width in (0.5, 1.0, 2.0, 4.0):
        weights = _solved(inputs[fitting], targets[fitting], centres, width * apart)
        error = float(np.mean((_values(inputs[held_out], centres, width * apart) @ weights - targets[held_out]) ** 2))
        best, chosen = min((best, chosen), (error, width))
    weights = _solved(inputs, targets, centres, chosen * apart)
    return _values(data.test_inputs.astype(np.float64), centres, chosen * apart) @ weights


def _squared(one: Any, other: Any) -> Any:
    from models.radial import squared_distances

    return squared_distances(one, other)


def _values(inputs: Any, centres: Any, width: float) -> Any:
    """Return the bumps at the inputs, with a constant: (n, bumps + 1)."""
    import numpy as np

    bumps = np.exp(-_squared(inputs, centres) / (2 * width**2))
    return np.concatenate([bumps, np.ones((len(inputs), 1))], axis=1)


def _solved(inputs: Any, targets: Any, centres: Any, width: float) -> Any:
    import numpy as np

    values = _values(inputs, centres, width)
    return np.linalg.solve(values.T @ values + 1e-6 * np.eye(values.shape[1]), values.T @ targets)


def _perceptron(data: Any, seed: int) -> float:
    """Return the error of a perceptron of 64 units on the same data."""
    from evidence.perceptrons_approximate_functions import _error

    return _error(data, 64, seed, False)
