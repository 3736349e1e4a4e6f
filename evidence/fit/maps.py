"""The self-organizing map of a cell: it learns without targets; each unit then answers with the mean of what it won."""

from collections.abc import Callable

import numpy as np

from evidence.fit.problem import Problem
from lab.datasets.dataset import Array

ENDS = (0.3, 1.0)  # radius at the end of the training; tried once each
PASSES = 60
MOST_UNITS = 400


def shape_for(problem: Problem, parameters: int) -> tuple[int, int]:
    """Return rows and columns of a map whose prototypes come nearest to so many parameters."""
    if "groups" in problem.more:
        return 2, 5
    size = problem.inputs["train"].shape[1]
    units = min(max(parameters / size, 2), len(problem.inputs["train"]) / 2, MOST_UNITS)
    rows = max(1, int(np.sqrt(units)))
    return rows, max(2, round(units / rows))


def fit_map(problem: Problem, seed: int, parameters: int, end: float) -> Callable[[Array], tuple[Array, Array]]:
    """Return the learned map as a function: (n, d) to the best unit's answer (n, k) and the distance to it (n,)."""
    import keras

    from models.som_grid import Grid
    from models.som_measures import two_best
    from models.som_training import MapLayer, SelfOrganization

    inputs = problem.inputs["train"]
    grid = Grid(*shape_for(problem, parameters), "rectangular", False)
    first = inputs[np.random.default_rng([seed, 3]).choice(len(inputs), grid.units, replace=grid.units > len(inputs))]
    layer = MapLayer(grid, first.astype(np.float32))
    keras.Sequential([keras.Input(inputs.shape[1:]), layer])
    training = SelfOrganization(layer, inputs, rule="batch", neighbourhood="gaussian", decay="exponential",
                                total=PASSES, seed=seed)  # fmt: skip
    training.run(0, PASSES, max(grid.rows, grid.columns) / 2, end, 0.0)
    prototypes = np.asarray(layer.prototypes, np.float64)
    answers = unit_answers(problem, two_best(inputs, prototypes)[0], prototypes, grid)

    def answer(asked: Array) -> tuple[Array, Array]:
        best, _, away = two_best(asked, prototypes)
        return answers[best], away

    return answer


def unit_answers(problem: Problem, won_by: Array, prototypes: Array, grid: object) -> Array:
    """Return what each unit says: its place or number, or the mean target of the examples it won.

    A unit that won nothing says what the nearest one that did says.
    """
    units = len(prototypes)
    if problem.goal == "codes":
        return np.arange(units) if "groups" in problem.more else grid.positions()  # type: ignore[attr-defined]
    if problem.goal == "anomaly":
        return prototypes
    targets = problem.targets["train"]
    values = np.eye(problem.outputs)[targets] if problem.goal == "class" else targets.reshape(len(targets), -1)
    hits = np.bincount(won_by, minlength=units)
    sums = np.stack([np.bincount(won_by, column, units) for column in values.T], 1)
    means, won = sums / np.maximum(hits, 1)[:, None], np.flatnonzero(hits)
    away = np.square(prototypes[:, None] - prototypes[won]).sum(-1)
    return means[won[away.argmin(1)]]
