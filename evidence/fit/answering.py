"""Times one answer of a cell: what a trained method needs for one example that is alone.

Drawn samples are not timed: how long one takes depends on how long it is.
"""

from collections.abc import Callable
from statistics import median
from time import perf_counter, process_time
from typing import Any

from evidence.fit.problem import Problem
from evidence.fit.tasks import Task

REPEATS, ENOUGH = 50, 0.5  # answers, seconds
Answer = Callable[[], Any]


def answer_seconds(answer: Answer | None) -> float | None:
    """Return the median time of an answer by the processor's clock, after one that is not counted; None for None."""
    if answer is None:
        return None
    answer()
    times: list[float] = []
    until = perf_counter() + ENOUGH
    while len(times) < REPEATS and (len(times) < 3 or perf_counter() < until):
        started = process_time()
        answer()
        times.append(process_time() - started)
    return float(f"{max(median(times), 1e-7):.3g}")


def of_network(trainer: Any, problem: Problem) -> Answer | None:
    """Return an answer of the network that was trained last."""
    from evidence.fit.networks import view

    if problem.goal == "draw":
        return None
    row = view(trainer.family, problem).inputs["test"][:1]
    return lambda: trainer.predicted(row)


def of_bumps(problem: Problem, task: Task, setting: str) -> Answer:
    """Return an answer of the RBF network."""
    from evidence.fit.bumps import fit_bumps
    from evidence.fit.networks import view

    seen = view("rbf", problem)
    learned, row = fit_bumps(seen, 0, task.parameters, float(setting.split()[-1])), seen.inputs["test"][:1]
    return lambda: learned(row)


def of_map(problem: Problem, task: Task, setting: str) -> Answer:
    """Return an answer of the self-organizing map."""
    from evidence.fit.maps import fit_map
    from evidence.fit.networks import view

    seen = view("som", problem)
    learned, row = fit_map(seen, 0, task.parameters, float(setting.split()[-1])), seen.inputs["test"][:1]
    return lambda: learned(row)


def without_network(problem: Problem, setting: str) -> Answer | None:
    """Return an answer of a method of scikit-learn that predicts; None for the others."""
    from evidence.fit.baselines import classifiers, fitted, methods, regressors

    known = {**regressors(0, problem)} if problem.goal == "number" else {**classifiers(0, problem)}
    if setting not in known or setting not in methods(problem):
        return None
    learned, inputs = fitted(problem.flat(), 0, known[setting])
    row = inputs["test"][:1]
    return lambda: learned.predict(row)
