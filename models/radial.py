"""Radial bumps in plain NumPy, float64: their values, where to put them, how wide, and the weights that fit best.

Sources: Broomhead and Lowe, "Multivariable functional interpolation and adaptive networks", Complex Systems 2 (1988);
centres by k-means: Moody and Darken, Neural Computation 1 (1989); centres one by one, each time the one that helps
most: Chen, Cowan and Grant, "Orthogonal least squares learning algorithm for radial basis function networks", IEEE
Transactions on Neural Networks 2 (1991).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from models.base import Array

NEGLIGIBLE = 1e-12  # share of a bump that others already say: below, it is counted as nothing new


@cache
def _linear_algebra() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep NumPy's linear algebra on one thread; also a decorator.

    These matrices are small: a second thread gains little on an idle machine, and on a busy one both wait for each
    other, so that a solution takes many times as long.
    """
    with _linear_algebra().limit(limits=1):
        yield


def squared_distances(inputs: Array, centres: Array) -> Array:
    """Return |x - c|^2 for inputs (n, d) and centres (m, d): (n, m)."""
    x, c = np.asarray(inputs, np.float64), np.asarray(centres, np.float64)
    found = np.square(x).sum(1)[:, None] - 2.0 * x @ c.T + np.square(c).sum(1)
    return np.maximum(found, 0.0)


def bumps(basis: str, squared: Array, widths: Array) -> Array:
    """Return the bumps' values for squared distances (n, m) and widths (m,) or (1,). Raises KeyError for another basis.

    With u = r^2 / (2 width^2): gaussian exp(-u), multiquadric sqrt(1 + u), inverse multiquadric 1 / sqrt(1 + u), thin
    plate r^2 log r, which has no width.
    """
    u = squared / (2.0 * np.square(np.asarray(widths, np.float64)))
    if basis == "thin_plate":
        return 0.5 * squared * np.log(np.where(squared > 0.0, squared, 1.0))
    formulas = {
        "gaussian": lambda: np.exp(-u),
        "multiquadric": lambda: np.sqrt(1.0 + u),
        "inverse_multiquadric": lambda: 1.0 / np.sqrt(1.0 + u),
    }
    return np.asarray(formulas[basis]())


def choose_centres(inputs: Array, units: int, how: str, seed: int) -> Array:
    """Return (units, d) centres: random training points, or the means of k-means. With enough units: every point."""
    inputs = np.asarray(inputs, np.float64)
    if units >= len(inputs):
        return inputs.copy()
    generator = np.random.default_rng([seed, 2])
    if how == "random":
        return inputs[generator.permutation(len(inputs))[:units]]
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        found = KMeans(units, n_init=1, max_iter=100, random_state=seed).fit(inputs)
    return np.asarray(found.cluster_centers_, np.float64)


def spacing(centres: Array, per_unit: bool) -> Array:
    """Return the distance between neighbouring centres: (1,) the mean over all, or (m,) to each one's two nearest."""
    if len(centres) == 1:
        return np.ones(1)
    distances = np.sqrt(squared_distances(centres, centres))
    np.fill_diagonal(distances, np.inf)
    nearest = np.sort(distances, axis=1)
    mean = float(nearest[:, 0].mean()) or 1.0
    if not per_unit:
        return np.array([mean])
    own = nearest[:, : min(2, len(centres) - 1)].mean(axis=1)
    return np.where(own > 0.0, own, mean)


def tail(basis: str, inputs: Array) -> Array:
    """Return what is added to the bumps: a constant, and for the thin plate the inputs too: (n, 1) or (n, 1 + d)."""
    ones = np.ones((len(inputs), 1))
    return np.hstack([ones, np.asarray(inputs, np.float64)]) if basis == "thin_plate" else ones


def solve(values: Array, straight: Array, targets: Array, ridge: float, side: Array | None = None) -> Array:
    """Return the weights (m + t, c) with the least squared error plus ridge * (squares of the bumps' weights).

    values: (n, m) bumps; straight: (n, t) constant and linear part, never penalized; targets: (n, c).
    side: (m, t), the straight part at the centres: the bumps' weights must then be orthogonal to it, without which the
    thin plate is not determined. Where every point is a centre and ridge is 0, this is interpolation.
    """
    count = values.shape[1]
    if side is not None and ridge == 0.0 and values.shape[0] == count:
        return _interpolate(values, straight, targets, side)
    free = np.eye(count) if side is None else _orthogonal_to(side)
    if free.shape[1] == 0:
        weights = np.linalg.lstsq(straight, targets, rcond=None)[0]
        return np.vstack([np.zeros((count, targets.shape[1])), weights])
    penalty = np.hstack([np.sqrt(ridge) * free, np.zeros((count, straight.shape[1]))])
    system = np.vstack([np.hstack([values @ free, straight]), penalty])
    wanted = np.vstack([targets, np.zeros((count, targets.shape[1]))])
    both = np.hstack([system, wanted])
    triangle: Array = np.asarray(np.linalg.qr(both, mode="r"))  # the same least squares, far fewer rows
    width = system.shape[1]
    found = np.linalg.lstsq(triangle[:, :width], triangle[:, width:], rcond=None)[0]
    return np.vstack([free @ found[: free.shape[1]], found[free.shape[1] :]])


def compressed(values: Array, straight: Array, targets: Array) -> tuple[Array, Array, Array]:
    """Return fewer rows that have the same least-squares solutions, also for any subset of the bumps.

    They are the triangle of a QR decomposition; where there are few rows already, they stay as they are.
    """
    together = np.hstack([values, straight, targets])
    if len(together) <= together.shape[1]:
        return values, straight, targets
    triangle: Array = np.asarray(np.linalg.qr(together, mode="r"))
    first, second, _ = np.split(triangle, [values.shape[1], values.shape[1] + straight.shape[1]], axis=1)
    return first, second, triangle[:, -targets.shape[1] :]


def _interpolate(values: Array, straight: Array, targets: Array, side: Array) -> Array:
    """Solve [[values, straight], [side', 0]] w = [targets, 0]."""
    parts = side.shape[1]
    system = np.block([[values, straight], [side.T, np.zeros((parts, parts))]])
    wanted = np.vstack([targets, np.zeros((parts, targets.shape[1]))])
    try:
        return np.linalg.solve(system, wanted)
    except np.linalg.LinAlgError:
        return np.linalg.lstsq(system, wanted, rcond=None)[0]


def _orthogonal_to(side: Array) -> Array:
    """Return an orthonormal basis (m, m - t) of all weights that are orthogonal to the columns of side (m, t)."""
    full: Array = np.linalg.qr(side, mode="complete")[0]
    return full[:, side.shape[1] :]


def side_condition(basis: str, centres: Array, points: int) -> Array | None:
    """Return the side condition of `solve`: always for the thin plate, otherwise where every point is a centre."""
    needed = basis == "thin_plate" or len(centres) == points
    return tail(basis, centres) if needed else None


def condition(values: Array) -> float:
    """Return the ratio of the largest to the smallest singular value of the bumps at the points: (n, m)."""
    found = np.linalg.svd(np.linalg.qr(values, mode="r"), compute_uv=False)
    return float(found[0] / max(found[-1], np.finfo(float).tiny))


@one_thread()
def most_helpful_first(values: Array, straight: Array, targets: Array) -> Array:
    """Return the order of the bumps in which each next one lowers the squared error most: (m,)."""
    basis = np.linalg.qr(straight)[0]
    left, wanted = values - basis @ (basis.T @ values), targets - basis @ (basis.T @ targets)
    first = np.square(values).sum(axis=0)
    waiting, order = np.ones(values.shape[1], bool), []
    for _ in range(values.shape[1]):
        sizes = np.square(left).sum(axis=0)
        new = waiting & (sizes > NEGLIGIBLE * first)
        gains = np.where(new, np.square(left.T @ wanted).sum(axis=1) / np.where(new, sizes, 1.0), -1.0)
        gains[~waiting] = -2.0
        best = int(np.argmax(gains))
        order.append(best)
        waiting[best] = False
        if new[best]:
            direction = left[:, best] / np.sqrt(sizes[best])
            left = left - np.outer(direction, direction @ left)
            wanted = wanted - np.outer(direction, direction @ wanted)
    return np.array(order)
