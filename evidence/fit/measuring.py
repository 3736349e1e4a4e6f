"""Measures one cell: tries its few settings on the validation part, then trains with five seeds.

The same for all families of a row: the data of each seed, the parameters to be matched, the seconds of training, and
the number of settings tried. A method without a network is one of a few that validation chooses.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from time import perf_counter, process_time
from typing import Any

import numpy as np

from evidence.fit.problem import Problem
from evidence.fit.tasks import ROWS, Task

SEEDS = 5
QUICK_SHARE = 0.2  # of the seconds, in the quick form
Told = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Way:
    """How a cell is filled. settings: by name; run(problem, seed, setting) trains once; parameters: of what it trains,
    None where that is not a number (methods without a network); at_once: fitted in one step, in so little time that
    all settings are tried with all seeds; answer(problem, setting): what answers one example, None where nothing is
    timed."""

    settings: Sequence[str]
    run: Callable[[Problem, int, str], Any]
    parameters: int | None
    at_once: bool = False
    answer: Callable[[Problem, str], Callable[[], Any] | None] = lambda problem, setting: None


def measure_cell(task: str, family: str, seeds: int = SEEDS, share: float = 1.0, told: Told | None = None,
                 only: str = "") -> dict[str, Any]:  # fmt: skip
    """Return a cell's runs, its settings and what it took. share: of the row's seconds; told: hears of each run.

    only: a setting that is known already, so that none is tried.
    """
    from evidence.fit.answering import answer_seconds
    from evidence.fit.problems import problem

    started, row, hear = perf_counter(), ROWS[task], told or (lambda _: None)
    quiet_tensorflow()
    problems = [problem(task, seed) for seed in range(seeds)]
    way = way_of(family, problems[0], row, share * row.seconds)
    tries = problems if way.at_once else problems[:1]
    tried = {name: [way.run(one, seed, name) for seed, one in enumerate(tries)]
             for name in ([only] if only else way.settings)}  # fmt: skip
    valid = {name: float(np.mean([run.valid for run in found])) for name, found in tried.items()}
    best = max(valid, key=lambda name: (1.0 if row.higher_is_better else -1.0) * valid[name])
    runs = []
    for seed, one in enumerate(problems):
        runs.append(tried[best][seed] if seed < len(tried[best]) else way.run(one, seed, best))
        hear({"seed": seed, "score": runs[-1].score, "setting": best, "seconds": runs[-1].seconds})
    return {
        "task": task, "family": family, "setting": best, "parameters": way.parameters,
        "chance": float(np.mean([one.chance for one in problems])), "share": share, "budget": row.seconds,
        "answer_seconds": answer_seconds(way.answer(problems[0], best)),
        "tried": {name: round(value, 5) for name, value in valid.items()}, "runs": [asdict(run) for run in runs],
        "took": round(perf_counter() - started, 1), "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip


def quiet_tensorflow() -> None:
    """One thread for one operation, one at a time; too late, and left alone, where TensorFlow runs already."""
    from contextlib import suppress

    import tensorflow as tf

    with suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)


def way_of(family: str, problem: Problem, row: Task, seconds: float) -> Way:
    """Return how a family's cell is filled."""
    if family == "baseline":
        return without_network(problem)
    if family == "rbf":
        return of_bumps(problem, row)
    if family == "som":
        return of_map(problem, row)
    if family == "gan":
        return of_pair(problem, row, seconds)
    from evidence.fit.answering import of_network
    from evidence.fit.training import RATES, Trainer

    trainer = Trainer(family, problem, row.parameters)
    return Way([f"learning rate {rate:g}" for rate in RATES],
               lambda one, seed, name: trainer.run(one, seed, float(name.split()[-1]), seconds),
               trainer.parameters, answer=lambda one, _: of_network(trainer, one))  # fmt: skip


def once(problem: Problem, seed: int, answers: Callable[[], dict[str, Any]]) -> Any:
    """Return a run of what is fitted in one step."""
    from threadpoolctl import threadpool_limits

    from evidence.fit.training import Run

    started = process_time()
    with threadpool_limits(1):
        found = answers()
    seconds = round(process_time() - started, 4)
    valid, test = (float(problem.scored(part, found[part])) for part in ("valid", "test"))
    return Run(seed, test, valid, 1, seconds, [[seconds, float(f"{valid:.5g}"), float(f"{test:.5g}")]])


def without_network(problem: Problem) -> Way:
    """Return the methods without a network."""
    from evidence.fit import answering
    from evidence.fit.baselines import methods

    known = methods(problem)
    return Way(list(known), lambda one, seed, name: once(one, seed, lambda: known[name](one, seed)), None, True,
               answering.without_network)  # fmt: skip


def of_bumps(problem: Problem, row: Task) -> Way:
    """Return the RBF network with its two widths."""
    from evidence.fit import answering
    from evidence.fit.bumps import WIDTHS, centres_for, fit_bumps, parameters_of
    from evidence.fit.networks import view

    def run(one: Problem, seed: int, name: str) -> Any:
        seen = view("rbf", one)

        def answers() -> dict[str, Any]:
            learned = fit_bumps(seen, seed, row.parameters, float(name.split()[-1]))
            return {part: learned(seen.inputs[part]) for part in ("valid", "test")}

        return once(one, seed, answers)

    seen = view("rbf", problem)
    return Way([f"width x {width:g}" for width in WIDTHS], run,
               parameters_of(seen, centres_for(seen, row.parameters)), True,
               lambda one, name: answering.of_bumps(one, row, name))  # fmt: skip


def of_map(problem: Problem, row: Task) -> Way:
    """Return the self-organizing map with its two radii."""
    from evidence.fit import answering
    from evidence.fit.maps import ENDS, fit_map, shape_for
    from evidence.fit.networks import view

    def run(one: Problem, seed: int, name: str) -> Any:
        seen = view("som", one)

        def answers() -> dict[str, Any]:
            learned = fit_map(seen, seed, row.parameters, float(name.split()[-1]))
            return {part: learned(seen.inputs[part])[one.goal == "anomaly"] for part in ("valid", "test")}

        return once(one, seed, answers)

    seen = view("som", problem)
    rows, columns = shape_for(seen, row.parameters)
    return Way([f"last radius {end:g}" for end in ENDS], run, rows * columns * seen.inputs["train"].shape[1], True,
               lambda one, name: answering.of_map(one, row, name))  # fmt: skip


def of_pair(problem: Problem, row: Task, seconds: float) -> Way:
    """Return the adversarial pair with its two learning rates."""
    from evidence.fit.adversaries import RATES, parameters_of, train_pair, units_for
    from evidence.fit.drawing import SAMPLES
    from evidence.fit.training import best_look

    def run(one: Problem, seed: int, name: str) -> Any:
        looks: Iterator[Any] = train_pair(one, seed, row.parameters, float(name.split()[-1]), seconds, SAMPLES)
        curve, steps = [], 0
        for spent, step, samples in looks:
            curve.append([spent, one.scored("valid", samples), one.scored("test", samples)])
            steps = step
        return best_look(one.name, curve, seed, steps, curve[-1][0])

    size = problem.more["rows"]["train"].shape[1]
    return Way([f"learning rate {rate:g}" for rate in RATES], run,
               parameters_of(size, units_for(problem, row.parameters)))  # fmt: skip
