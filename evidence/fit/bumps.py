"""The RBF network of a cell: centres by k-means, one width, weights solved in one step."""

from collections.abc import Callable

import numpy as np

from evidence.fit.problem import Problem
from lab.datasets.dataset import Array
from models.radial import bumps, choose_centres, one_thread, solve, spacing, squared_distances, tail

WIDTHS = (1.0, 3.0)  # times the distance between neighbouring centres; tried once each
RIDGE = 1e-3


def centres_for(problem: Problem, parameters: int) -> int:
    """Return how many bumps come nearest to so many parameters: a centre each, weights of all, one width."""
    inputs = problem.inputs["train"].shape[1]
    wanted = (parameters - 1 - problem.outputs) / (inputs + problem.outputs)
    return int(np.clip(round(wanted), 1, len(problem.inputs["train"])))


def parameters_of(problem: Problem, centres: int) -> int:
    """Return the numbers that such a network learns."""
    inputs = problem.inputs["train"].shape[1]
    return centres * (inputs + problem.outputs) + problem.outputs + 1


def wanted_outputs(problem: Problem) -> Array:
    """Return the targets as numbers (n, outputs): classes as ones and zeros."""
    targets = problem.targets["train"]
    return np.eye(problem.outputs)[targets] if problem.goal == "class" else targets.reshape(len(targets), -1)


@one_thread()
def fit_bumps(problem: Problem, seed: int, parameters: int, width: float) -> Callable[[Array], Array]:
    """Return the fitted network as a function: (n, d) to (n, outputs)."""
    inputs = problem.inputs["train"].astype(np.float64)
    centres = choose_centres(inputs, centres_for(problem, parameters), "kmeans", seed)
    wide = width * spacing(centres, per_unit=False)
    values = bumps("gaussian", squared_distances(inputs, centres), wide)
    weights = solve(values, tail("gaussian", inputs), wanted_outputs(problem), RIDGE)

    def answer(asked: Array) -> Array:
        near = bumps("gaussian", squared_distances(asked.astype(np.float64), centres), wide)
        return np.hstack([near, tail("gaussian", asked)]) @ weights

    return answer
