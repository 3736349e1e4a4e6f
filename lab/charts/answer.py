"""What a network answers to one example: its output, and how active its units are."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.palette import LEGIBLE, NEGATIVE, POSITIVE, ROLES
from lab.shown_run import ShownRun

HEIGHT = 280


def output(run: ShownRun, view: Any) -> alt.LayerChart:
    """Return the probability of every class, the winner highlighted; or the predicted number of a regression."""
    data = run.facts["data"]
    values = np.asarray(view.answer_output, float)
    names = [str(name) for name in data["class_names"]] or [str(data["target_name"])]
    rows = pd.DataFrame({"class": names, "value": values, "winner": values == values.max()})
    share = data["task"] == "classification"
    title = "probability" if share else f"prediction {data['target_unit']}".strip()
    base = alt.Chart(rows).encode(
        x=alt.X("value:Q", title=title, scale=alt.Scale(domain=[0, 1.08]) if share else alt.Undefined),
        y=alt.Y("class:N", sort=names, title=None),
        tooltip=["class", alt.Tooltip("value", format=".3g")],
    )
    colour = alt.Color(
        "winner:N", legend=None, scale=alt.Scale(domain=[True, False], range=[ROLES["model"], ROLES["baseline"]])
    )
    bars = base.mark_bar(height={"band": 0.7}).encode(color=colour)
    numbers = base.mark_text(align="left", dx=4, color="currentColor").encode(
        text=alt.Text("value:Q", format=".2f" if share else ".3g")
    )
    drawn: alt.LayerChart = (bars + numbers).properties(height=HEIGHT).configure_axis(**LEGIBLE)
    return drawn


def units(run: ShownRun, view: Any) -> alt.Chart | None:
    """Return the activation of the recorded hidden units, one row per layer."""
    values = np.asarray(view.answer_units, float)
    if not len(values):
        return None
    layers = int(run.config["layers"])
    each = len(values) // layers
    rows = pd.DataFrame(
        {
            "unit": np.tile(np.arange(1, each + 1), layers),
            "layer": np.repeat([f"layer {place}" for place in range(1, layers + 1)], each),
            "activation": values,
        }
    )
    limit = float(np.abs(values).max()) or 1.0
    scale = alt.Scale(domain=[-limit, 0, limit], range=[NEGATIVE, "#D9DCE0", POSITIVE])
    return (
        alt.Chart(rows)
        .mark_rect(stroke="#8A8F98", strokeWidth=0.5)
        .encode(
            x=alt.X("unit:O", title="hidden unit", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("layer:N", title=None),
            color=alt.Color("activation:Q", scale=scale, title="activation"),
            tooltip=["layer", "unit", alt.Tooltip("activation", format=".3g")],
        )
        .properties(height=min(HEIGHT, 60 + 36 * layers))
        .configure_axis(**LEGIBLE)
    )
