"""How good a map is, in numbers: how close its units come to the data, and how well neighbours stay neighbours.

All in float64 NumPy, recomputed by tests in another way. Sources: quantization and topographic error as in Kohonen,
"Self-Organizing Maps" (2001), and Kiviluoto, "Topology preservation in self-organizing maps", ICNN 1996;
trustworthiness: Venna and Kaski, "Neighborhood preservation in nonlinear projection methods", ICANN 2001; U-matrix:
Ultsch and Siemon, "Kohonen's self organizing feature maps for exploratory data analysis", INNC 1990.
"""

import numpy as np

from models.base import Array
from models.som_grid import Grid

NEIGHBOURS = 5  # of trustworthiness
BLOCK = 2048  # examples whose distances to all units are held at once


def distances(inputs: Array, prototypes: Array) -> Array:
    """Return the Euclidean distance of each example to each unit: (n, d), (units, d) -> (n, units)."""
    inputs, prototypes = np.asarray(inputs, np.float64), np.asarray(prototypes, np.float64)
    squared = (inputs**2).sum(1)[:, None] - 2.0 * inputs @ prototypes.T + (prototypes**2).sum(1)[None]
    return np.sqrt(np.maximum(squared, 0.0))


def two_best(inputs: Array, prototypes: Array) -> tuple[Array, Array, Array]:
    """Return each example's best-matching unit, its second best, and the distance to the best, each (n,)."""
    best, second, near = [], [], []
    for start in range(0, len(inputs), BLOCK):
        away = distances(inputs[start : start + BLOCK], prototypes)
        rows = np.arange(len(away))
        first = away.argmin(axis=1)
        near.append(away[rows, first])
        away[rows, first] = np.inf
        best.append(first)
        second.append(away.argmin(axis=1))
    return np.concatenate(best), np.concatenate(second), np.concatenate(near)


def order_errors(grid: Grid, best: Array, second: Array) -> tuple[float, float]:
    """Return the topographic error twice: share of examples whose two best units do not touch; with corners, too."""
    return tuple(1.0 - float(grid.touching(diagonal)[best, second].mean()) for diagonal in (False, True))  # type: ignore[return-value]


def u_matrix(grid: Grid, prototypes: Array) -> Array:
    """Return each unit's mean distance to the units that touch it: (units,), 0 for a map of one unit."""
    touching = grid.touching()
    away = distances(prototypes, prototypes)
    return np.asarray((away * touching).sum(1) / np.maximum(touching.sum(1), 1))


def trustworthiness(inputs: Array, squared: Array, neighbours: int = NEIGHBOURS) -> float:
    """Return how far neighbours on the map can be trusted to be neighbours in the data: 1 all, about .5 by chance.

    inputs: (n, d); squared: (n, n) squared distances of the same examples on the map. Neighbours on the map are the
    nearest by these; among equally near ones (all examples of one unit are 0 apart) every one counts in its share, so
    that the order of the examples does not matter. 1 where there are too few examples for the formula (2 n > 3 k + 1).
    """
    n, k = len(inputs), neighbours
    if 2 * n <= 3 * k + 1:
        return 1.0
    away = distances(inputs, inputs)
    np.fill_diagonal(away, -1.0)
    rank = np.argsort(np.argsort(away, axis=1, kind="stable"), axis=1)  # 0 itself, 1 the nearest in the data
    penalty = np.maximum(rank - k, 0)
    shares = _neighbour_shares(squared, k)
    return float(1.0 - 2.0 / (n * k * (2 * n - 3 * k - 1)) * (penalty * shares).sum())


def _neighbour_shares(squared: Array, k: int) -> Array:
    """Return how much each example counts among the k nearest on the map of each other: rows sum to k, (n, n)."""
    squared = np.array(squared, np.float64)
    np.fill_diagonal(squared, np.inf)
    border = np.partition(squared, k - 1, axis=1)[:, k - 1 : k]
    inside = squared < border - 1e-9
    tied = np.abs(squared - border) <= 1e-9
    left = k - inside.sum(1, keepdims=True)
    return np.asarray(inside + tied * (left / tied.sum(1, keepdims=True)))


def orientation(grid: Grid, places: Array) -> Array:
    """Return the sense of rotation of every triangle of the net once laid into the plane: (triangles,) of -1, 0, 1.

    places: (units, 2). In a net without a twist or a fold all triangles turn the same way.
    """
    corners = np.asarray(places, np.float64)[grid.triangles()]
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return np.sign(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])


def twistedness(turns: Array) -> float:
    """Return the share of triangles that turn the other way than most: 0 without a twist, at most .5."""
    if not len(turns):
        return 0.0
    return float(min((turns < 0).mean(), (turns > 0).mean()))


def explained(inputs: Array, near: Array, mean: Array) -> float:
    """Return the share of the spread about `mean` that is gone when each example is replaced by its best unit."""
    spread = ((np.asarray(inputs, np.float64) - mean) ** 2).sum()
    return float(1.0 - (near**2).sum() / max(float(spread), 1e-12))


def labels(best: Array, classes: Array, count: int, units: int) -> Array:
    """Return how many training examples of each class every unit won: (units, classes) int32."""
    won = np.zeros((units, count), np.int32)
    np.add.at(won, (best, classes.astype(int)), 1)
    return won


def read_off(inputs: Array, prototypes: Array, won: Array) -> Array:
    """Return the class of each example: the majority at the nearest unit that won anything in training: (n,)."""
    labelled = np.flatnonzero(won.sum(1) > 0)
    best, _, _ = two_best(inputs, prototypes[labelled]) if len(labelled) > 1 else (np.zeros(len(inputs), int),) * 3
    return np.asarray(won[labelled].argmax(1)[best])
