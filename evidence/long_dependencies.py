"""How far back can recurrent cells remember? Two tasks over 5 to 200 steps at equal parameters and equal budget.

python -m evidence long-dependencies                     goes on where it stopped; about 15 minutes on one core
python -m evidence long-dependencies minutes=5           stops after so many minutes
python -m evidence long-dependencies adding lag=50       only this task and this lag
Writes evidence/results/long_dependencies.json after each run.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from time import perf_counter
from typing import Any

RESULT = Path(__file__).parent / "results" / "long_dependencies.json"
SEEDS = (0, 1, 2)
LAGS = (5, 10, 20, 50, 100, 200)
PARAMETERS = 2000
CELLS: dict[str, dict[str, Any]] = {
    "SimpleRNN": {"cell": "simple"},
    "IRNN": {"cell": "irnn"},
    "LSTM, forget bias 0": {"cell": "lstm", "forget_bias": 0.0},
    "LSTM, forget bias 1": {"cell": "lstm"},
    "LSTM, chrono": {"cell": "lstm", "chrono": True},
    "GRU": {"cell": "gru"},
}
TASKS: dict[str, dict[str, Any]] = {
    "adding": {
        "inputs": 2,
        "outputs": 1,
        "metric": "squared error",
        "learned": 0.01,
        "learning_rate": 0.01,
        "epochs": 2,
    },
    "recall": {
        "inputs": 8,
        "outputs": 8,
        "metric": "share right",
        "learned": 0.99,
        "learning_rate": 0.002,
        "epochs": 3,
    },
}
BUDGET = {"samples": 16000, "batch_size": 32, "clip": 1.0}  # an epoch is 500 steps
LOOK_EVERY = 100  # steps
MOST_LAGS = 24  # at which a gradient is kept
GRADIENT_ROWS = 64
LEARNED, NOT_REACHED, DIVERGED = "learned", "not reached in this budget", "diverged"


def settings_of(task: str, name: str, lag: int, seed: int) -> dict[str, Any]:
    """Return the settings with which the page makes the same run: those that differ from its defaults and some more."""
    from models.matched import units_for

    cell, sizes = CELLS[name], TASKS[task]
    units = units_for(cell["cell"], sizes["inputs"], sizes["outputs"], PARAMETERS)
    return {"dataset": task, "lag": lag, "seed": seed, "units": units, **cell, **BUDGET, **rate_of(task)}


def rate_of(task: str) -> dict[str, Any]:
    """Return learning rate and epochs of a task, the same for all cells: small steps where no gate slows them."""
    return {name: TASKS[task][name] for name in ("learning_rate", "epochs")}


class Exchanging:
    """A compiled training whose data, order and first weights are exchanged without compiling again.

    The mathematics is that of models.training_loop.CompiledTraining: it is that class, with variables in the place of
    its data and its seed.
    """

    def __init__(self, config: Any, data: Any, model: Any) -> None:
        import tensorflow as tf

        from models.recurrent_training import compiled

        self.model, self.training = model, compiled(config, data, model)
        training: Any = self.training
        training._features, training._targets = tf.Variable(training._features), tf.Variable(training._targets)
        training.seed = tf.Variable(config.seed, dtype=tf.int32)

    def begin(self, config: Any, data: Any, weights: Sequence[Any]) -> None:
        """Start anew with these data, the seed's order and these first weights."""
        import tensorflow as tf

        training: Any = self.training
        training._features.assign(tf.cast(data.train_inputs, training._features.dtype))
        training._targets.assign(tf.cast(data.loss_targets("train"), training._targets.dtype))
        training.seed.assign(config.seed)
        self.model.set_weights(weights)
        for variable in training.optimizer.variables:
            if variable.path.rsplit("/", 1)[-1] != "learning_rate":
                variable.assign(tf.zeros_like(variable))


def measure(task: str, lag: int, wanted: Sequence[tuple[str, int]]) -> Iterator[dict[str, Any]]:
    """Train each of the wanted (name, seed) on one task and lag; names of one cell share what was compiled."""
    from models import lstm_gru
    from models.configs import LstmGruConfig

    kept: dict[str, Exchanging] = {}
    for name, seed in sorted(wanted, key=lambda one: list(CELLS).index(one[0])):
        config = LstmGruConfig(**settings_of(task, name, lag, seed))
        data = lstm_gru.load(config)
        fresh = lstm_gru.build(config, data)
        if config.cell not in kept:
            kept = {config.cell: Exchanging(config, data, fresh)}
        kept[config.cell].begin(config, data, fresh.get_weights())
        yield {"task": task, "lag": lag, "name": name, "seed": seed, **one_run(kept[config.cell], config, data)}


def one_run(exchanging: Exchanging, config: Any, data: Any) -> dict[str, Any]:
    """Train until the task is learned or the budget is spent, and return what was measured on the way."""
    from models import lstm_gru

    model, before = exchanging.model, gradients(exchanging.model, data)
    exchanging.training.warm()
    curve, seconds, state = [[0, score(model, data)]], 0.0, NOT_REACHED
    for step in range(0, lstm_gru.total_steps(config, data), LOOK_EVERY):
        started = perf_counter()
        loss = exchanging.training.run(step, step + LOOK_EVERY, config.learning_rate)
        seconds += perf_counter() - started
        curve.append([step + LOOK_EVERY, score(model, data)])
        if not isfinite(loss) or not isfinite(curve[-1][1]):
            state = DIVERGED
            break
        if is_learned(config.dataset, curve[-1][1]):
            state = LEARNED
            break
    return {
        "state": state,
        "steps": curve[-1][0],
        "score": curve[-1][1] if state != DIVERGED else None,
        "units": config.units,
        "parameters": int(model.count_params()),
        "seconds": round(seconds, 1),
        "curve": curve if state != DIVERGED else curve[:-1],
        "before": before,
        "after": gradients(model, data) if state != DIVERGED else None,
    }


def score(model: Any, data: Any) -> float:
    """Return the squared error on the test part (adding) or the share right (recall)."""
    from models.recurrent_training import accuracy, mean_loss, outputs_of

    outputs = outputs_of(model, data.test_inputs)
    found = mean_loss(data, outputs, data.test_targets) if data.task == "regression" else accuracy(data, outputs)
    return round(found, 5)


def is_learned(task: str, reached: float) -> bool:
    """Whether the score is beyond the task's line."""
    line = float(TASKS[task]["learned"])
    return reached < line if task == "adding" else reached > line


def gradients(model: Any, data: Any) -> dict[str, Any]:
    """Return the mean length of d answer / d input at some lags; of the adding problem also by mark."""
    import numpy as np

    from models.gate_stack import GateStack
    from models.recurrent import numbers

    stack, rows = GateStack.of(model, data), slice(0, GRADIENT_ROWS)
    ran = stack.run(numbers(data, data.test_inputs[rows]))
    pull = np.ones_like(ran.outputs)
    if data.task == "classification":  # the logit of the right class
        pull = np.eye(data.outputs)[data.test_targets[rows]]
    found = stack.input_slopes(ran, pull)  # (rows, T, d)
    lengths = np.linalg.norm(found, axis=2).mean(axis=0)[::-1]
    lags = np.unique(np.round(np.geomspace(1, len(lengths), MOST_LAGS)).astype(int)) - 1
    told = {"lags": lags.tolist(), "lengths": [float(f"{lengths[lag]:.4g}") for lag in lags]}
    if data.test_slopes is not None:
        marked = data.test_slopes[rows] > 0
        means = {"marked": found[..., 0][marked], "unmarked": found[..., 0][~marked]}
        told |= {name: float(f"{np.abs(values).mean():.4g}") for name, values in means.items()}
    return told


# ---- what is stored ----


def stored() -> dict[str, Any]:
    """Return what is stored already, without the runs of other settings."""
    found: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    return (
        found
        if all(found.get("about", {}).get(name) == about()[name] for name in ("budget", "tasks", "cells"))
        else {"about": about(), "runs": []}
    )


def about() -> dict[str, Any]:
    """Return what is the same for all runs."""
    return {
        "command": "python -m evidence long-dependencies",
        "seeds": list(SEEDS),
        "lags": list(LAGS),
        "budget": {**BUDGET, "parameters": PARAMETERS, "look_every": LOOK_EVERY},
        "cells": CELLS,
        "tasks": TASKS,
    }


def store(found: dict[str, Any]) -> None:
    """Write the runs in their order, with device, versions and date."""
    from lab.engine.run_process import describe_device
    from lab.engine.versions import describe, versions

    tasks, names = list(TASKS), list(CELLS)
    found["runs"].sort(key=lambda run: (tasks.index(run["task"]), run["lag"], names.index(run["name"]), run["seed"]))
    found["about"] |= {
        "seconds": round(sum(run["seconds"] for run in found["runs"])),
        "device": describe(describe_device()),
        "versions": versions(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    RESULT.write_text(_written(found), encoding="utf-8")


def _written(found: dict[str, Any]) -> str:
    """One run to a line, so that a change shows where it is."""
    runs = ",\n".join("  " + json.dumps(run) for run in found["runs"])
    return f'{{\n "about": {json.dumps(found["about"])},\n "runs": [\n{runs}\n ]\n}}\n'


def missing(runs: Sequence[dict[str, Any]], task: str, lag: int) -> list[tuple[str, int]]:
    """Return which cells and seeds were not measured yet."""
    known = {(run["name"], run["seed"]) for run in runs if (run["task"], run["lag"]) == (task, lag)}
    return [(name, seed) for name in CELLS for seed in SEEDS if (name, seed) not in known]


def main(words: Sequence[str]) -> None:
    """Measure what is missing: of the named tasks and lags, or of all. minutes=N ends after so many minutes."""
    from lab.engine.run_process import prepare_process

    named = dict(word.split("=", 1) for word in words if "=" in word)
    tasks = [word for word in words if "=" not in word] or list(TASKS)
    lags = [int(lag) for lag in named["lag"].split(",")] if "lag" in named else list(LAGS)
    until = perf_counter() + 60 * float(named.get("minutes", 1e9))
    prepare_process(1, family_name="lstm_gru")
    found = stored()
    for lag in lags:
        for task in tasks:
            for run in measure(task, lag, missing(found["runs"], task, lag)):
                found["runs"].append(run)
                store(found)
                print(
                    f"{task} {lag} {run['name']} seed {run['seed']}: {run['score']} after {run['steps']} steps, "
                    f"{run['state']}, {run['seconds']} s",
                    flush=True,
                )
                if perf_counter() > until:
                    return
