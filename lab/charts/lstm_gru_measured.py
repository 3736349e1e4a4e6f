"""Pictures of what needed many trainings: the stored results of long dependencies and of the bottleneck."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.cnn_inside import finished
from lab.charts.lstm_gru_inside import power
from lab.charts.mlp_inside import TEXT
from lab.charts.palette import CLASSES, ROLES

TASKS = {"adding": "Adding problem", "recall": "Recall the first letter"}
LEARNED, NOT_REACHED, DIVERGED = "learned", "not reached in this budget", "diverged"
COLOURS = {
    "SimpleRNN": CLASSES[6],
    "IRNN": CLASSES[1],
    "LSTM, forget bias 0": CLASSES[4],
    "LSTM, forget bias 1": CLASSES[0],
    "LSTM, chrono": CLASSES[7],
    "GRU": CLASSES[2],
}
RACERS = ("SimpleRNN", "LSTM, forget bias 1", "GRU")
RACE, RACE_LAG = "adding", 50
GRADIENT_LAG = 100
HEIGHT = 330
LEGEND_COLUMNS = alt.ExprRef("width < 380 ? 2 : 3")  # what a narrow screen has room for
ATTENTIONS = {"none": "one vector", "additive": "attention, additive score", "product": "attention, product score"}


@cache
def _read(name: str) -> dict[str, Any]:
    path = Path(__file__).parents[2] / "evidence" / "results" / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def stored() -> dict[str, Any]:
    """Return the stored results on long dependencies, {} where there are none."""
    return _read("long_dependencies")


def runs(task: str) -> list[dict[str, Any]]:
    """Return the stored runs of a task."""
    return [run for run in stored().get("runs", []) if run["task"] == task]


def _origin(found: dict[str, Any]) -> str:
    about = found.get("about")
    if not about or "created" not in about:
        return ""
    seeds, budget = ", ".join(str(seed) for seed in sorted({run["seed"] for run in found["runs"]})), about["budget"]
    return (
        f"Stored: {about['command']}, {about['created'][:10]}, seeds {seeds}, {about['device']}, {about['seconds']} s "
        f"of training, TensorFlow {about['versions']['tensorflow']}, Keras {about['versions']['keras']}. About "
        f"{budget['parameters']:,} parameters each, {budget['samples']:,} sequences in batches of "
        f"{budget['batch_size']}"
    )


def provenance() -> str:
    """Return where the numbers on long dependencies come from, with the budget; "" where nothing is stored."""
    origin = _origin(stored())
    if not origin:
        return ""
    rates = ", ".join(f"{TASKS[task]}: Adam at {one['learning_rate']:g}, at most {most_steps(task):,} steps"
                      for task, one in stored()["about"]["tasks"].items())  # fmt: skip
    every = stored()["about"]["budget"]["look_every"]
    return f"{origin}. {rates}. A run is looked at every {every} steps and ends once the task is learned."


def most_steps(task: str) -> int:
    """Return the steps of a task's whole budget."""
    about = stored()["about"]
    return int(about["tasks"][task]["epochs"] * about["budget"]["samples"] // about["budget"]["batch_size"])


def bottleneck_provenance() -> str:
    """Return where the numbers on reversing come from; "" where nothing is stored."""
    origin = _origin(_read("bottleneck"))
    if not origin:
        return ""
    rate, steps = _read("bottleneck")["about"]["budget"]["learning_rate"], _read("bottleneck")["runs"][0]["steps"]
    return f"{origin}, Adam at {rate:g}, {steps:,} steps; GRU cells."


def complete_lag(task: str, most: int) -> int:
    """Return the longest lag up to `most` at which every cell was measured with every seed; 0 where there is none."""
    wanted = len(COLOURS) * len(stored().get("about", {}).get("seeds", []))
    full = [lag for lag in lags(task) if sum(run["lag"] == lag for run in runs(task)) == wanted]
    return max((lag for lag in full if lag <= most), default=0)


# ---- how far back ----


def reach(task: str) -> Callable[[Any, Any], Any]:
    """Return the function that draws the score by lag: every seed a mark, filled where the task was learned."""

    def draw(_run: Any, _view: Any) -> Any:
        found = runs(task)
        if not found:
            return None
        table = pd.DataFrame(
            [
                {
                    "lag": run["lag"],
                    "cell": run["name"],
                    "seed": run["seed"],
                    "score": run["score"],
                    "state": run["state"],
                    "steps": run["steps"],
                    "parameters": run["parameters"],
                }
                for run in found
                if run["score"] is not None
            ]
        )
        return _by_lag(table, task)

    return draw


def _by_lag(table: pd.DataFrame, task: str) -> Any:
    adding = task == "adding"
    if adding:
        y = alt.Y(
            "score:Q",
            title="squared error on the test part",
            scale=alt.Scale(type="log", nice=False, domain=[5e-4, 0.5]),
            axis=alt.Axis(values=[0.001, 0.01, 0.1], format="~g"),
        )
    else:
        y = alt.Y("score:Q", title="share of test sequences right", scale=alt.Scale(domain=[0, 1.02], nice=False))
    order = list(COLOURS)
    x = alt.X(
        "lag:Q",
        title="lag: steps that something has to be kept",
        scale=alt.Scale(type="log", domain=[4.3, 240], nice=False),
        axis=alt.Axis(values=[5, 10, 20, 50, 100, 200], format="d"),
    )
    colour = alt.Color(
        "cell:N",
        sort=order,
        scale=alt.Scale(domain=order, range=list(COLOURS.values())),
        legend=alt.Legend(title=None, orient="top", columns=LEGEND_COLUMNS),
    )
    means = table.groupby(["cell", "lag"], as_index=False)["score"].agg(_geometric if adding else "mean")
    lines = alt.Chart(means).mark_line(strokeWidth=2.5, clip=True).encode(x=x, y=y, color=colour)
    shape = alt.Shape(
        "state:N",
        scale=alt.Scale(domain=[LEARNED, NOT_REACHED], range=["circle", "triangle-down"]),
        legend=alt.Legend(title=None, orient="bottom"),
    )
    told = ["cell", "lag", "seed", alt.Tooltip("score", format=".4f"), "state", "steps", "parameters"]
    marks = (
        alt.Chart(table)
        .mark_point(size=70, strokeWidth=2, clip=True)
        .encode(
            x=x,
            y=y,
            stroke=colour,
            shape=shape,
            tooltip=told,
            fill=alt.condition(
                f"datum.state == '{LEARNED}'",
                alt.Color("cell:N", scale=alt.Scale(domain=order, range=list(COLOURS.values()))),
                alt.value("transparent"),
            ),
        )
    )
    return finished(_chance(1 / 6 if adding else 1 / 8, y) + lines + marks, HEIGHT + 70)


def _geometric(values: "pd.Series[float]") -> float:
    return float(np.exp(np.log(np.maximum(values, 1e-6)).mean()))


def _chance(level: float, y: alt.Y) -> Any:
    table = pd.DataFrame([{"score": level, "told": "without memory"}])
    line = alt.Chart(table).mark_rule(color=ROLES["baseline"], strokeDash=[4, 4]).encode(y=y)
    word = (
        alt.Chart(table)
        .mark_text(align="right", dy=-7, fontSize=11, color=TEXT)
        .encode(x=alt.value("width"), y=y, text="told:N")
    )
    return line + word


def farthest(task: str) -> dict[str, int]:
    """Return by cell the longest lag up to which most seeds learned the task, 0 where not even the shortest was."""
    found = {}
    for name in COLOURS:
        learned = [lag for lag in lags(task) if _mostly_learned(task, name, lag)]
        beyond = [lag for lag in lags(task) if lag not in learned]
        found[name] = max([lag for lag in learned if not beyond or lag < min(beyond)], default=0)
    return found


def _mostly_learned(task: str, name: str, lag: int) -> bool:
    states = [run["state"] for run in runs(task) if (run["name"], run["lag"]) == (name, lag)]
    return bool(states) and sum(state == LEARNED for state in states) > len(states) / 2


def reach_notice(task: str) -> Callable[[Any, Any], str]:
    """Return the function that tells how far each cell got, and why."""

    def told(_run: Any, _view: Any) -> str:
        far, lost = farthest(task), sum(run["state"] == DIVERGED for run in runs(task))
        listed = "; ".join(f"{name}: {lag or 'none'}" for name, lag in far.items())
        why = (
            "A simple cell mixes every unmarked number into its state; a gate can close the way in. IRNN, which starts "
            "by copying its state, can add up what is marked without a gate."
            if task == "adding"
            else "Default gates lose: at the start they stand half open, so each step of noise writes over the letter "
            "and takes a part of it away. The simple cell starts with an orthogonal U that turns its state and keeps "
            "its length; chrono initialization opens the forget gates as far as the lag needs."
        )
        return (
            f"Longest lag learned by most seeds: {listed} (measured up to {max(lags(task))}). {why} An open triangle: "
            "not reached in this budget, which does not mean that it cannot be reached."
            + (f" Runs that diverged and are not drawn: {lost}." if lost else "")
        )

    return told


# ---- the gradient by lag ----


def gradient(task: str) -> Callable[[Any, Any], Any]:
    """Return the function that draws the gradient by lag at one lag of the task, before and after training."""

    def draw(_run: Any, _view: Any) -> Any:
        lag = complete_lag(task, GRADIENT_LAG)
        found = [run for run in runs(task) if run["lag"] == lag and run["after"]]
        if not found:
            return None
        rows = [
            {"cell": run["name"], "seed": run["seed"], "when": when, "lag": lag, "gradient": max(length, 1e-12)}
            for run in found
            for when in ("before", "after")
            for lag, length in zip(run[when]["lags"], run[when]["lengths"], strict=True)
        ]
        return _gradients(pd.DataFrame(rows))

    return draw


def _gradients(table: pd.DataFrame) -> Any:
    table["when"] = table["when"].map({"before": "before training", "after": "after training"})
    means = table.groupby(["cell", "when", "lag"], as_index=False)["gradient"].agg(_geometric_far)
    order = list(COLOURS)
    drawn = (
        alt.Chart(means)
        .mark_line(strokeWidth=2.2, clip=True)
        .encode(
            x=alt.X("lag:Q", title="steps between this input and the answer"),
            y=alt.Y(
                "gradient:Q",
                title="mean length of d answer / d input",
                scale=alt.Scale(type="log", domain=[1e-10, 100]),
                axis=alt.Axis(format="~e", tickCount=6),
            ),
            color=alt.Color(
                "cell:N",
                sort=order,
                scale=alt.Scale(domain=order, range=list(COLOURS.values())),
                legend=alt.Legend(title=None, orient="top", columns=LEGEND_COLUMNS),
            ),
            strokeDash=alt.StrokeDash(
                "when:N",
                scale=alt.Scale(domain=["after training", "before training"], range=[[1, 0], [4, 4]]),
                legend=alt.Legend(title=None, orient="bottom"),
            ),
            tooltip=["cell", "when", "lag", alt.Tooltip("gradient", format=".2e")],
        )
    )
    return finished(alt.LayerChart(layer=[drawn]), HEIGHT + 70)


def _geometric_far(values: "pd.Series[float]") -> float:
    return float(np.exp(np.log(np.maximum(values, 1e-12)).mean()))


def gradient_notice(task: str) -> Callable[[Any, Any], str]:
    """Return the function that tells what is left of the gradient at the longest lag, before and after."""

    def told(_run: Any, _view: Any) -> str:
        parts = []
        for name in ("SimpleRNN", "LSTM, forget bias 1", "GRU", "LSTM, chrono"):
            before, after = (_decades(task, name, when) for when in ("before", "after"))
            if before is not None and after is not None:
                parts.append(f"{name} {power(before)} before and {power(after)} after")
        told, marked = "; ".join(parts), _marked(task)
        lag = complete_lag(task, GRADIENT_LAG)
        return f"What the first input gets of what the last one gets, lag {lag}: {told}. {marked}".strip()

    return told


def _decades(task: str, name: str, when: str) -> float | None:
    lag = complete_lag(task, GRADIENT_LAG)
    found = [run[when]["lengths"] for run in runs(task) if (run["name"], run["lag"]) == (name, lag) and run[when]]
    return float(np.mean([np.log10(max(one[-1], 1e-12) / max(one[0], 1e-12)) for one in found])) if found else None


def _marked(task: str) -> str:
    lag = complete_lag(task, GRADIENT_LAG)
    found = [run["after"] for run in runs(task) if (run["name"], run["lag"]) == ("GRU", lag) and run["after"]]
    if not found or "marked" not in found[0]:
        return ""
    marked, other = (np.mean([one[name] for one in found]) for name in ("marked", "unmarked"))
    return (
        f"After training the GRU's answer has a slope of {marked:.2f} along marked and {other:.3f} along other "
        "numbers; the truth is 1 and 0."
    )


# ---- the race ----


def race(_run: Any, _view: Any) -> Any:
    """Return the test error over training steps of three cells at equal parameters, every seed a line."""
    task, lag = RACE, complete_lag(RACE, RACE_LAG)
    rows = [
        {"cell": run["name"], "seed": str(run["seed"]), "step": step, "score": score}
        for run in runs(task)
        if run["lag"] == lag and run["name"] in RACERS
        for step, score in run["curve"]
    ]
    if not rows:
        return None
    y = alt.Y(
        "score:Q",
        title="squared error on the test part",
        scale=alt.Scale(type="log", nice=False, domain=[1e-3, 1]),
        axis=alt.Axis(values=[0.001, 0.01, 0.1, 1], format="~g"),
    )
    drawn = (
        alt.Chart(pd.DataFrame(rows))
        .mark_line(strokeWidth=2.2, clip=True)
        .encode(
            x=alt.X("step:Q", title="training step"),
            y=y,
            detail="seed:N",
            color=alt.Color(
                "cell:N",
                sort=list(RACERS),
                scale=alt.Scale(domain=list(RACERS), range=[COLOURS[name] for name in RACERS]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=["cell", "seed", "step", alt.Tooltip("score", format=".4f")],
        )
    )
    return finished(_chance(1 / 6, y) + drawn, HEIGHT)


def race_notice(_run: Any, _view: Any) -> str:
    """Tell in how many steps each racer crossed the line, and with how many parameters it ran."""
    task, lag = RACE, complete_lag(RACE, RACE_LAG)
    parts = []
    for name in RACERS:
        found = [run for run in runs(task) if (run["lag"], run["name"]) == (lag, name)]
        done = [run["steps"] for run in found if run["state"] == LEARNED]
        size = f"{found[0]['units']} units, {found[0]['parameters']:,} parameters"
        reached = (
            f"{min(done):,} to {max(done):,} steps" if len(done) == len(found) else f"{len(done)} of {len(found)} seeds"
        )
        parts.append(f"{name} ({size}): {reached}")
    return f"Error below 0.01 at lag {lag}: {'; '.join(parts)}. A line ends where its run had learned it."


def _settings_of(run: dict[str, Any]) -> dict[str, Any]:
    about = stored()["about"]
    budget = {name: about["budget"][name] for name in ("samples", "batch_size", "clip")}
    rate = {name: about["tasks"][run["task"]][name] for name in ("learning_rate", "epochs")}
    named = {"dataset": run["task"], "lag": run["lag"], "units": run["units"], "seed": run["seed"]}
    return {**named, **about["cells"][run["name"]], **budget, **rate}


def racers() -> dict[str, dict[str, Any]]:
    """Return the settings of each racer, with the first seed."""
    task, lag = RACE, complete_lag(RACE, RACE_LAG)
    found = [run for run in runs(task) if run["lag"] == lag and run["seed"] == 0 and run["name"] in RACERS]
    return {run["name"]: _settings_of(run) for run in found}


# ---- one stored run again ----


def repeatable() -> dict[str, list[str]]:
    """Return by task the cells of which runs are stored."""
    return {task: list(COLOURS) for task in TASKS if runs(task)}


def lags(task: str) -> list[int]:
    """Return the lags of which runs are stored."""
    return sorted({int(run["lag"]) for run in runs(task)})


def seeds() -> list[int]:
    """Return the seeds of the stored runs."""
    return list(stored()["about"]["seeds"])


def _one(task: str, lag: int, name: str, seed: int) -> dict[str, Any] | None:
    fitting = (run for run in runs(task) if (run["lag"], run["name"], run["seed"]) == (lag, name, seed))
    return next(fitting, None)


def settings(task: str, lag: int, name: str, seed: int) -> dict[str, Any]:
    """Return the page's settings of a stored run; those of its first seed where this one is not stored."""
    run = _one(task, lag, name, seed) or next(one for one in runs(task) if one["lag"] == lag)
    return _settings_of(run)


def told(task: str, lag: int, name: str, seed: int) -> str:
    """Tell how a stored run ended."""
    run = _one(task, lag, name, seed)
    if run is None:
        return "This run is not stored."
    what = "squared error" if task == "adding" else "share right"
    score = "no number" if run["score"] is None else f"{run['score']:.3g}"
    return (
        f"Stored: {run['state']}, {what} {score} after {run['steps']:,} steps and {run['seconds']:g} s, "
        f"{run['units']} units, {run['parameters']:,} parameters. "
        f"Live it does all {most_steps(task):,} steps of the budget."
    )


# ---- one vector ----


def bottleneck(_run: Any, _view: Any) -> Any:
    """Return the share of letters right by length, without and with attention; every seed a mark."""
    found = _read("bottleneck").get("runs", [])
    if not found:
        return None
    table = pd.DataFrame(
        [
            {
                "length": run["length"],
                "kind": ATTENTIONS[run["attention"]],
                "seed": run["seed"],
                "letters": run["letters"],
                "whole": run["whole"],
                "parameters": run["parameters"],
            }
            for run in found
        ]
    )
    order = list(ATTENTIONS.values())
    colour = alt.Color(
        "kind:N",
        sort=order,
        scale=alt.Scale(domain=order, range=[ROLES["wrong"], CLASSES[0], CLASSES[2]]),
        legend=alt.Legend(title=None, orient="top", columns=alt.ExprRef("width < 420 ? 1 : 3"), labelLimit=260),
    )
    x = alt.X("length:Q", title="letters to be reversed", axis=alt.Axis(values=[4, 8, 12, 16, 24, 32], format="d"))
    y = alt.Y(
        "letters:Q", title="share of letters right, written freely", scale=alt.Scale(domain=[0, 1.02], nice=False)
    )
    means = table.groupby(["kind", "length"], as_index=False)["letters"].mean()
    lines = alt.Chart(means).mark_line(strokeWidth=2.5).encode(x=x, y=y, color=colour)
    marks = (
        alt.Chart(table)
        .mark_circle(size=55, opacity=0.8)
        .encode(
            x=x,
            y=y,
            color=colour,
            tooltip=[
                "kind",
                "length",
                "seed",
                alt.Tooltip("letters", format=".3f"),
                alt.Tooltip("whole", format=".3f"),
                "parameters",
            ],
        )
    )
    chance = pd.DataFrame([{"letters": 1 / 8, "told": "guessing"}])
    line = alt.Chart(chance).mark_rule(color=ROLES["baseline"], strokeDash=[4, 4]).encode(y=y)
    word = (
        alt.Chart(chance)
        .mark_text(align="right", dy=-7, fontSize=11, color=TEXT)
        .encode(x=alt.value("width"), y=y, text="told:N")
    )
    return finished(line + word + lines + marks, HEIGHT)


def bottleneck_notice(_run: Any, _view: Any) -> str:
    """Tell the shares right at the shortest and the longest length, without and with attention."""
    found = _read("bottleneck")["runs"]
    measured = [{run["length"] for run in found if run["attention"] == kind} for kind in ATTENTIONS]
    lengths = sorted(set.intersection(*measured))

    def mean(kind: str, length: int) -> float:
        return float(np.mean([run["letters"] for run in found if (run["attention"], run["length"]) == (kind, length)]))

    parts = [
        f"{ATTENTIONS[kind]} {mean(kind, lengths[0]):.2f} at {lengths[0]} letters and {mean(kind, lengths[-1]):.2f} at "
        f"{lengths[-1]}"
        for kind in ATTENTIONS
    ]
    units = {run["attention"]: run["units"] for run in found}
    return (
        f"Letters right: {'; '.join(parts)}. The plain decoder has the larger state ({units['none']} numbers against "
        f"{units['additive']} and attention), and still all letters have to fit into it at once."
    )


def reversing() -> dict[str, dict[str, Any]]:
    """Return the settings of three runs that reverse letters, one for each kind."""
    about = _read("bottleneck").get("about")
    if not about:
        return {}
    budget = {name: about["budget"][name] for name in ("samples", "epochs", "batch_size", "learning_rate", "clip")}
    units = {run["attention"]: run["units"] for run in _read("bottleneck")["runs"]}
    named = {"dataset": "reverse", "lag": 16, "cell": about["cell"]}
    return {
        f"16 letters, {told}": {**named, "attention": kind, "units": units[kind], **budget}
        for kind, told in ATTENTIONS.items()
        if kind in units
    }
