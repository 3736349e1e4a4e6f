"""Pictures of the inside of a recurrent network: arrays in, Altair charts out; None where none applies."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.cnn_inside import finished
from lab.charts.mlp_inside import TEXT
from lab.charts.mlp_inside import comparison as plain_comparison
from lab.charts.mlp_stage import short
from lab.charts.palette import NEGATIVE, POSITIVE, ROLES
from lab.charts.rnn_stage import first_inputs, recurrent_names, states_of, symbol
from lab.shown_run import ShownRun
from models.base import Array

MOST_CELLS = 4800
DRAWN_STEPS = 4  # of the unrolled network, before and behind the gap
TINY = 1e-12
BEFORE = "before training"
NOW = "at the chosen step"


# ---- states over time ----


def states(run: ShownRun, view: Any) -> alt.LayerChart:
    """Return the hidden state over time as a heat map, for the first test sequence; the last layer that reads."""
    found = states_of(view)[-1]  # (T, shown)
    return state_map(found, input_words(run), marked_steps(run))


def state_map(found: Array, words: list[str], marked: list[int]) -> alt.LayerChart:
    """Draw states (T, units) over time. words: what is read at each step; marked: steps with a rule, from 1."""
    steps, units = found.shape
    units = min(units, max(1, MOST_CELLS // steps))
    rows = pd.DataFrame(
        {"step": np.repeat(np.arange(1, steps + 1), units), "unit": np.tile(np.arange(1, units + 1), steps),
         "state": np.nan_to_num(found[:, :units]).ravel(), "input": np.repeat(words, units)}
    )  # fmt: skip
    limit = float(np.abs(rows["state"]).max()) or 1.0
    colour = alt.Color("state:Q", title="state", scale=alt.Scale(domain=[-limit, 0, limit],
                       range=[NEGATIVE, "#F5F5F2", POSITIVE], interpolate="rgb"))  # fmt: skip
    x = alt.X("step:O", title="step", axis=alt.Axis(labelAngle=0, labelOverlap=True, ticks=False))
    cells = alt.Chart(rows).mark_rect().encode(
        x=x, y=alt.Y("unit:O", title="unit of the state", axis=alt.Axis(labelOverlap=True, ticks=False)), color=colour,
        tooltip=["step", "input", "unit", alt.Tooltip("state", format=".3f")],
    )  # fmt: skip
    if not marked:  # a layer without marks would be a picture without a name to a screen reader
        return finished(alt.LayerChart(layer=[cells]), 330)
    told = pd.DataFrame({"step": marked})
    rules = alt.Chart(told).mark_tick(orient="vertical", thickness=3, color=ROLES["real"], size=14, yOffset=-8).encode(
        x=alt.X("step:O"), y=alt.value(0)
    )  # fmt: skip
    return finished(cells + rules, 330)


def input_words(run: ShownRun) -> list[str]:
    """Return what the first test sequence holds at each step, in words."""
    return words_of(run, first_inputs(run))


def words_of(run: ShownRun, inputs: Array) -> list[str]:
    """Return what a sequence (T, d) holds at each step, in words."""
    data = run.facts["data"]
    if data["tokens"]:
        return [symbol(data["input_names"][int(row.argmax())]) for row in inputs]
    if run.config["dataset"] == "adding":
        return [f"{row[0]:.2f}{' marked' if row[1] > 0 else ''}" for row in inputs]
    return [" ".join(f"{value:.3g}" for value in row) for row in inputs]


def marked_steps(run: ShownRun) -> list[int]:
    """Return the steps that the answer depends on, counted from 1, where the task says so."""
    name = run.config["dataset"]
    if name == "adding":
        return [int(step) + 1 for step in np.flatnonzero(first_inputs(run)[:, 1] > 0)]
    return [1] if name == "recall" else []


def states_notice(run: ShownRun, view: Any) -> str:
    """Tell how much the state still moves at the end."""
    found = states_of(view)[-1]
    marked = {"adding": " Green ticks: the marked numbers.", "recall": " Green tick: the letter to be kept."}
    if len(found) < 2:
        return "One step only."
    moved = float(np.abs(np.diff(found, axis=0)).mean())
    return (
        f"From step to step a unit changes by {short(moved)} on average; a unit that keeps something is a band of one "
        f"colour.{marked.get(str(run.config['dataset']), '')}"
    )


# ---- the gradient by lag ----


def gradient(run: ShownRun, view: Any) -> alt.LayerChart:
    """Return how strongly an input moves the answer by its lag, before training and at the chosen step."""
    kinds = [(BEFORE, run.view(0)), (NOW, view)]
    rows = [
        {"lag": lag, "gradient": max(float(value), TINY), "when": when}
        for when, one in kinds
        for lag, value in enumerate(one.gradient)
        if np.isfinite(value)
    ]
    colour = alt.Color("when:N", title=None, scale=alt.Scale(domain=[BEFORE, NOW], range=[ROLES["baseline"],
                       ROLES["model"]]), legend=alt.Legend(orient="top"))  # fmt: skip
    lines = alt.Chart(pd.DataFrame(rows)).mark_line(strokeWidth=2.5).encode(
        x=alt.X("lag:Q", title="lag: steps between this input and the answer", axis=alt.Axis(tickMinStep=1)),
        y=alt.Y("gradient:Q", title="mean length of d answer / d input", scale=alt.Scale(type="log"),
                axis=alt.Axis(format="~e", tickCount=6)),
        color=colour, strokeDash=alt.StrokeDash("when:N", scale=alt.Scale(domain=[BEFORE, NOW], range=[[5, 4], [1, 0]]),
                                                legend=None),
        tooltip=["when", "lag", alt.Tooltip("gradient", format=".2e")],
    )  # fmt: skip
    return finished(alt.LayerChart(layer=[lines]), 300)


def gradient_notice(run: ShownRun, view: Any) -> str:
    """Tell what is left of the gradient at the longest lag, before and now, and the factor a step."""
    parts = []
    for when, one in (("Before training", run.view(0)), ("here", view)):
        found = one.gradient[np.isfinite(one.gradient)].astype(np.float64)
        far = len(found) - 1
        if far < 1 or found[0] <= 0 or found[far] <= 0:
            parts.append(f"{when} nothing arrives at the longest lag")
            continue
        factor = (found[far] / found[0]) ** (1 / far)
        parts.append(f"{when} lag {far} gets {short(found[far] / found[0])} of lag 0, a factor of {factor:.3f} a step")
    return f"{parts[0]}; {parts[1]}. The first picture alone would mislead: training can open the way."


def slopes(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return d sum / d number at every step of one test sequence, beside the truth: 1 where marked, else 0."""
    if view.slopes is None:
        return None
    truth = run.scene["slope_truth"][0]
    steps = np.arange(1, len(truth) + 1)
    table = pd.DataFrame({"step": np.tile(steps, 2), "slope": np.concatenate([run.view(0).slopes[0], view.slopes[0]]),
                          "when": np.repeat([BEFORE, NOW], len(steps))})  # fmt: skip
    x = alt.X("step:Q", title="step", scale=alt.Scale(domain=[0, len(truth) + 1], nice=False),
              axis=alt.Axis(tickMinStep=1))  # fmt: skip
    colour = alt.Color("when:N", title=None, legend=alt.Legend(orient="top"),
                       scale=alt.Scale(domain=[BEFORE, NOW, "exact"],
                                       range=[ROLES["baseline"], ROLES["model"], ROLES["real"]]))  # fmt: skip
    lines = alt.Chart(table).mark_line(point=True).encode(
        x=x, y=alt.Y("slope:Q", title="d answer / d number"), color=colour,
        tooltip=["when", "step", alt.Tooltip("slope", format=".3f")],
    )  # fmt: skip
    exact = alt.Chart(pd.DataFrame({"step": steps, "slope": truth, "when": "exact"})).mark_point(
        shape="diamond", size=90, strokeWidth=2, filled=False
    ).encode(x=x, y="slope:Q", color=colour, tooltip=["when", "step", "slope"])  # fmt: skip
    return finished(lines + exact, 300)


def slopes_notice(run: ShownRun, view: Any) -> str:
    """Tell the mean slopes at marked and unmarked numbers, before and now."""
    before, now = run.view(0).slope_means, view.slope_means
    return (
        f"Over 64 test sequences: {now[0]:.2f} at marked numbers and {now[1]:.3f} at all others; the truth is 1 and 0. "
        f"Before training it was {before[0]:.3f} and {before[1]:.3f}."
    )


# ---- U through training ----


def radii(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return the largest absolute eigenvalue of U of each layer through training; None before the second moment."""
    if len(run.moments) < 2:
        return None
    rows = [
        {"step": step, "radius": float(value), "layer": f"layer {place + 1}"}
        for (step, _), one in zip(run.moments, run.views(), strict=True)
        for place, value in enumerate(one.radius)
        if np.isfinite(value)
    ]
    lines = alt.Chart(pd.DataFrame(rows)).mark_line(point=True).encode(
        x=alt.X("step:Q", title="training step"),
        y=alt.Y("radius:Q", title="largest |eigenvalue| of U", scale=alt.Scale(zero=False)),
        color=alt.Color("layer:N", title=None, scale=alt.Scale(range=[ROLES["model"], ROLES["generated"],
                        ROLES["real"]]), legend=alt.Legend(orient="top") if len(rows) and int(run.config["layers"]) > 1
                        else None),
        tooltip=["layer", "step", alt.Tooltip("radius", format=".3f")],
    )  # fmt: skip
    one = alt.Chart(pd.DataFrame({"y": [1.0]})).mark_rule(strokeDash=[4, 4], color=ROLES["baseline"]).encode(y="y:Q")
    return finished(one + lines, 300)


def radii_notice(run: ShownRun, view: Any) -> str:
    """Tell where the eigenvalue began and where it is."""
    return (
        f"It began at {run.view(0).radius[-1]:.2f} and is {view.radius[-1]:.2f} at the chosen step. Below 1, what is "
        "not renewed fades; above 1 only the bend keeps the state from growing."
    )


# ---- answers by step, and beside other methods ----


def step_accuracy(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return the share right at each step that is asked; None where a sequence has one answer."""
    if view.step_accuracy is None:
        return None
    found = view.step_accuracy
    rows = pd.DataFrame({"step": np.arange(1, len(found) + 1), "share": found})[found >= 0]
    bars = alt.Chart(rows).mark_bar(color=ROLES["model"]).encode(
        x=alt.X("step:Q", title="step", scale=alt.Scale(domain=[0, len(found) + 1], nice=False)),
        y=alt.Y("share:Q", title="share of answers right", scale=alt.Scale(domain=[0, 1])),
        tooltip=["step", alt.Tooltip("share", format=".3f")],
    )  # fmt: skip
    return finished(alt.LayerChart(layer=[bars]), 260)


def comparison(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return the network beside methods without one; of a text in nats a character, less is better."""
    if run.facts["data"]["metric"] != "nats":
        return plain_comparison(run, view)
    known = run.facts.get("baselines", [])
    if not known or not run.rows:
        return None
    rows = [(str(one["name"]), float(one["value"]), "baseline") for one in known]
    rows.append(("This network", float(run.rows[-1]["test_loss"]), "model"))
    table = pd.DataFrame(sorted(rows, key=lambda row: row[1]), columns=["method", "nats", "kind"])
    table["told"] = [f"{method}: {value:.3f}" for method, value in zip(table["method"], table["nats"], strict=True)]
    base = alt.Chart(table).encode(y=alt.Y("method:N", sort=list(table["method"]), title=None, axis=None))
    bars = base.mark_bar(height=18, yOffset=9, cornerRadiusEnd=2).encode(
        x=alt.X("nats:Q", title="nats per character on the held-out text, less is better"),
        color=alt.Color("kind:N", scale=alt.Scale(domain=["model", "baseline"], range=[ROLES["model"],
                        ROLES["baseline"]]), legend=None), tooltip=["told"],
    )  # fmt: skip
    words = base.mark_text(align="left", dy=-9, fontSize=12, color=TEXT).encode(x=alt.value(0), text="told:N")
    return finished(bars + words, 60 + 46 * len(table))


def comparison_notice(run: ShownRun, view: Any) -> str:
    """Say who wins, with numbers."""
    metric = {"nats": "test_loss", "accuracy": "test_accuracy"}.get(run.facts["data"]["metric"], "test_rmse")
    known = [one for one in run.facts.get("baselines", []) if one["metric"] == metric]
    if not known or not run.rows:
        return "The other methods are measured while the network trains."
    network = float(run.rows[-1].get(metric, np.nan))
    sign = 1 if metric == "test_accuracy" else -1
    best = max(known, key=lambda one: sign * float(one["value"]))
    unit = {"test_loss": " nats"}.get(metric, f" {run.facts['data']['target_unit']}".rstrip())
    who = f"{best['name']} reaches {short(float(best['value']))}{unit}, the network {short(network)}{unit}"
    won = sign * network > sign * float(best["value"])
    return f"{who}: {'the network is ahead' if won else 'the network loses'} on these held-out data."


# ---- the form ----


def form(run: ShownRun, view: Any) -> alt.LayerChart:
    """Return the network unrolled over its steps, read from the layers of the Keras model."""
    boxes, arrows = unrolled(run)
    top = max(box["y"] for box in boxes) + 0.6
    right = max(box["x"] for box in boxes) + 0.6
    x, y = alt.Scale(domain=[-0.6, right], nice=False), alt.Scale(domain=[-0.6, top], nice=False)
    table = pd.DataFrame(boxes)
    table = table.assign(left=table.x - 0.4, end=table.x + 0.4, low=table.y - 0.25, high=table.y + 0.25)
    fill = alt.Color("kind:N", legend=None, scale=alt.Scale(domain=["input", "state", "output", "gap"],
                     range=[ROLES["real"], ROLES["model"], ROLES["generated"], "transparent"]))  # fmt: skip
    drawn = alt.Chart(table).mark_rect(cornerRadius=5, opacity=0.22).encode(
        x=alt.X("left:Q", scale=x, axis=None), x2="end:Q", y=alt.Y("low:Q", scale=y, axis=None), y2="high:Q", color=fill
    )  # fmt: skip
    words = alt.Chart(table).mark_text(fontSize=12, color=TEXT).encode(
        x=alt.X("x:Q", scale=x, axis=None), y=alt.Y("y:Q", scale=y, axis=None), text="word:N"
    )  # fmt: skip
    lines = pd.DataFrame(arrows)
    rules = alt.Chart(lines).mark_rule(color=ROLES["baseline"], strokeWidth=1.6).encode(
        x=alt.X("x:Q", scale=x, axis=None), x2="x2:Q", y=alt.Y("y:Q", scale=y, axis=None), y2="y2:Q"
    )  # fmt: skip
    heads = alt.Chart(lines).mark_point(filled=True, size=45, opacity=1, color=ROLES["baseline"]).encode(
        x=alt.X("x2:Q", scale=x, axis=None), y=alt.Y("y2:Q", scale=y, axis=None),
        shape=alt.Shape("way:N", scale=alt.Scale(domain=["up", "right"], range=["triangle-up", "triangle-right"]),
                        legend=None),
    )  # fmt: skip
    return finished(rules + heads + drawn + words, 70 + 62 * (top + 0.6))


def unrolled(run: ShownRun) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the boxes (x, y, word, kind) and arrows of the unrolled network; long ones have a gap in the middle."""
    data, names = run.facts["data"], recurrent_names(run)
    reading = [name for name in names if name != "write"]
    steps = shown_steps(int(data["steps"]))
    boxes: list[dict[str, Any]] = []
    arrows: list[dict[str, Any]] = []
    for place, step in enumerate(steps):
        kinds = [("input", f"x {step}"), *(("state", f"h{'' if len(reading) == 1 else f' {k + 1},'} {step}")
                                           for k in range(len(reading)))]  # fmt: skip
        _column(boxes, arrows, place, kinds, step, sideways=place > 0)
        if data["form"] == "every" or (data["form"] == "last" and place == len(steps) - 1):
            _answer(boxes, arrows, place, len(kinds), step, step if data["form"] == "every" else None)
    if data["form"] == "sequence":
        for more, step in enumerate(shown_steps(int(data["answer_steps"]))):
            place, height = len(steps) + more, len(reading)
            _box(boxes, place, height, "state", "…" if step is None else f"w {step}", gap=step is None)
            arrows.append(_arrow(place - 1, height, place, height))
            if step is not None:
                _answer(boxes, arrows, place, height + 1, step, step)
    return boxes, arrows


def shown_steps(steps: int) -> list[int | None]:
    """Return the steps that are drawn, from 1; None is the gap."""
    if steps <= 2 * DRAWN_STEPS:
        return list(range(1, steps + 1))
    return [*range(1, DRAWN_STEPS + 1), None, steps - 1, steps]


def _column(boxes: list[dict[str, Any]], arrows: list[dict[str, Any]], place: int, kinds: list[tuple[str, str]],
            step: int | None, sideways: bool) -> None:  # fmt: skip
    for height, (kind, word) in enumerate(kinds):
        _box(boxes, place, height, kind, "…" if step is None else word, gap=step is None)
        if height and step is not None:
            arrows.append(_arrow(place, height - 1, place, height))
        if height and sideways:
            arrows.append(_arrow(place - 1, height, place, height))


def _answer(boxes: list[dict[str, Any]], arrows: list[dict[str, Any]], place: int, height: int, step: int | None,
            number: int | None) -> None:  # fmt: skip
    if step is None:
        return
    _box(boxes, place, height, "output", "y" if number is None else f"y {number}")
    arrows.append(_arrow(place, height - 1, place, height))


def _box(boxes: list[dict[str, Any]], x: int, y: int, kind: str, word: str, gap: bool = False) -> None:
    boxes.append({"x": x, "y": y, "word": word, "kind": "gap" if gap else kind})


def _arrow(x: int, y: int, x2: int, y2: int) -> dict[str, Any]:
    if x == x2:
        return {"x": x, "y": y + 0.25, "x2": x2, "y2": y2 - 0.3, "way": "up"}
    return {"x": x + 0.4, "y": y, "x2": x2 - 0.44, "y2": y2, "way": "right"}


def form_notice(run: ShownRun, view: Any) -> str:
    """Name the form and count what is shared."""
    data = run.facts["data"]
    told = {
        "last": "Many to one: only the last state answers",
        "every": "Many to many: every state answers",
        "sequence": "Sequence to sequence: the last state alone is handed to the layer that writes",
    }
    return f"{told[data['form']]}. All {data['steps']} steps share the same W, U and b."
