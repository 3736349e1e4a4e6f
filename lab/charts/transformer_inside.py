"""Pictures of the inside of a Transformer while it trains: when heads form, what kind each is, what it is worth."""

from itertools import pairwise
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.cnn_inside import finished
from lab.charts.mlp_inside import TEXT
from lab.charts.palette import ATTENTION, ROLES
from lab.charts.transformer_stage import CLEAR, INDUCTION, PREVIOUS, SCORED
from lab.shown_run import ShownRun

HEIGHT = 300
LINES = {
    "share right": ("test_accuracy", ROLES["test"]),
    "previous-token score": ("previous_score", PREVIOUS),
    "induction score": ("induction_score", INDUCTION),
}


def formation(run: ShownRun, _view: Any) -> Any:
    """Return loss, share right and head scores over the steps of the run, on one axis of time."""
    rows = [row for row in run.rows if "test_loss" in row and np.isfinite(row["test_loss"])]
    if len(rows) < 3:
        return None
    most = max(float(row["test_loss"]) for row in rows) or 1.0
    table = pd.DataFrame(
        [
            {"step": int(row["step"]), "line": name, "value": value}
            for row in rows
            for name, value in [
                ("loss, share of its largest", float(row["test_loss"]) / most),
                *((name, float(row[key])) for name, (key, _) in LINES.items() if key in row),
            ]
        ]
    )
    names = ["loss, share of its largest", *LINES]
    scale = alt.Scale(domain=names, range=[ROLES["baseline"], *(colour for _, colour in LINES.values())])
    base = alt.Chart(table).encode(
        x=alt.X("step:Q", title="step"),
        y=alt.Y("value:Q", title="share or score", scale=alt.Scale(domain=[0, 1])),
        color=alt.Color(
            "line:N", sort=names, scale=scale, legend=alt.Legend(title=None, orient="top", columns=2, labelLimit=240)
        ),
        tooltip=["line", "step", alt.Tooltip("value", format=".3f")],
    )
    layers: list[Any] = [base.mark_line(strokeWidth=2.5)]
    if (step := jump(run)) is not None:
        rule = pd.DataFrame({"step": [step], "told": ["the jump"]})
        marked = alt.Chart(rule).encode(x="step:Q")
        layers.append(marked.mark_rule(strokeDash=[4, 3], color=TEXT))
        layers.append(marked.mark_text(align="left", dx=5, color=TEXT).encode(text="told:N", y=alt.value(9)))
    joined: Any = alt.layer(*layers)
    return finished(joined, HEIGHT)


def jump(run: ShownRun) -> int | None:
    """Return the recorded step behind which the share right rises fastest, None where it never rises by a quarter."""
    rows = [row for row in run.rows if "test_accuracy" in row]
    if len(rows) < 3:
        return None
    rises = [float(after["test_accuracy"]) - float(before["test_accuracy"]) for before, after in pairwise(rows)]
    place = int(np.argmax(rises))
    return int(rows[place + 1]["step"]) if sum(rises[max(0, place - 2) : place + 3]) >= 0.25 else None


def formation_notice(run: ShownRun, _view: Any) -> str:
    """Tell where the jump is and what the heads' scores were before and after."""
    step = jump(run)
    if step is None:
        return "No jump here: the share right rises slowly, or not at all."
    before = max((row for row in run.rows if row["step"] < step), key=lambda row: row["step"], default=run.rows[0])
    last = run.rows[-1]
    told = (
        f"Around step {step:,} the share right jumps, from {before['test_accuracy']:.2f} to "
        f"{last['test_accuracy']:.2f} at the end."
    )
    if "induction_score" not in last:
        return told
    return (
        f"{told} With it the largest induction score goes from {before['induction_score']:.2f} to "
        f"{last['induction_score']:.2f}, the previous-token score from {before['previous_score']:.2f} to "
        f"{last['previous_score']:.2f}."
    )


def scores(_run: ShownRun, view: Any) -> Any:
    """Return the scores of every head as a matrix: heads down, kinds across."""
    if view.seen_scores is None:
        return None
    layers, heads = view.seen_scores.shape[:2]
    table = pd.DataFrame([
        {"head": f"{layer + 1}·{head + 1}", "kind": kind, "score": float(view.seen_scores[layer, head, place])}
        for layer in range(layers) for head in range(heads) for kind, place in SCORED.items()
    ])  # fmt: skip
    order = [f"{layer + 1}·{head + 1}" for layer in range(layers) for head in range(heads)]
    scale = alt.Scale(domain=[0, 1], range=list(ATTENTION), clamp=True)
    base = alt.Chart(table).encode(
        x=alt.X(
            "kind:N",
            sort=list(SCORED),
            title=None,
            axis=alt.Axis(labelAngle=0, orient="top", labelOverlap=False, labelExpr="split(datum.label, ' ')"),
        ),
        y=alt.Y("head:N", sort=order, title="layer · head"),
        tooltip=["head", "kind", alt.Tooltip("score", format=".3f")],
    )
    cells = base.mark_rect(cornerRadius=3).encode(color=alt.Color("score:Q", scale=scale, legend=None))
    numbers = base.mark_text(fontSize=12).encode(
        text=alt.Text("score:Q", format=".2f"),
        color=alt.condition(f"datum.score > {CLEAR}", alt.value("#FFFFFF"), alt.value("#1C2430")),
    )
    return finished(cells + numbers, max(150, 60 + 26 * layers * heads))


def comparison(run: ShownRun, _view: Any) -> Any:
    """Return the network beside methods without a network: the share of asked tokens that each says rightly."""
    known = [one for one in run.facts.get("baselines", []) if one["metric"] == "test_accuracy"]
    if not known or not run.rows:
        return None
    rows: list[dict[str, Any]] = [
        {"method": str(one["name"]), "share": float(one["value"]), "kind": "without a network"} for one in known
    ]
    rows.append({"method": "This network", "share": float(run.rows[-1]["test_accuracy"]), "kind": "network"})
    rows.sort(key=lambda row: -row["share"])
    scale = alt.Scale(domain=["network", "without a network"], range=[ROLES["model"], ROLES["baseline"]])
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=alt.X("share:Q", title="share of asked tokens right", scale=alt.Scale(domain=[0, 1.1]),
                axis=alt.Axis(values=[0, 0.25, 0.5, 0.75, 1])),
        y=alt.Y("method:N", sort=[row["method"] for row in rows], title=None, axis=alt.Axis(labelLimit=150)),
        tooltip=["method", alt.Tooltip("share", format=".4f")],
    )  # fmt: skip
    bars = base.mark_bar(height={"band": 0.7}).encode(color=alt.Color("kind:N", scale=scale, legend=None))
    numbers = base.mark_text(align="left", dx=4, color=TEXT).encode(text=alt.Text("share:Q", format=".3f"))
    return finished(bars + numbers, 60 + 34 * len(rows))


def comparison_notice(run: ShownRun, _view: Any) -> str:
    """Say what chance means in this task."""
    return f"Chance is {float(run.facts['data']['chance']):.2f}. {run.facts['data']['chance_reason']}"
