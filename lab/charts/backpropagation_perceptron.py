"""The perceptron of 1958: its mistakes on iris against Novikoff's bound, and on XOR, where it never ends."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.backpropagation_steps import finished
from lab.charts.palette import CLASSES, ROLES

SHOWN = 200  # examples; XOR leaves the picture upwards long before, and never comes back
HIGHEST = 60


def mistakes(view: Any) -> alt.LayerChart:
    """Return the running count of mistakes on iris and on XOR over the examples shown, and the bound for iris."""
    most = max(SHOWN, len(view.perceptron_mistakes))
    iris, xor = np.asarray(view.perceptron_mistakes), np.asarray(view.xor_mistakes)[:SHOWN]
    iris = np.concatenate([iris, np.full(most - len(iris), iris[-1])])
    kinds = ["iris: setosa or not", "XOR"]
    rows = pd.DataFrame(
        {
            "shown": np.concatenate([np.arange(1, len(iris) + 1), np.arange(1, len(xor) + 1)]),
            "mistakes": np.concatenate([iris, xor]),
            "task": np.repeat(kinds, [len(iris), len(xor)]),
        }
    )
    bound = float(view.perceptron_bound[2])
    rule = pd.DataFrame({"mistakes": [bound], "label": [f"Novikoff's bound for iris: {bound:.1f}"]})
    legend = alt.Legend(title=None, orient="top")
    x = alt.X("shown:Q", title="examples shown", scale=alt.Scale(domain=[0, most], nice=False))
    y = alt.Y("mistakes:Q", title="mistakes so far", scale=alt.Scale(domain=[0, HIGHEST]))
    lines = alt.Chart(rows).mark_line(interpolate="step-after", strokeWidth=2.5, clip=True).encode(
        x=x, y=y,
        color=alt.Color("task:N", scale=alt.Scale(domain=kinds, range=[CLASSES[0], CLASSES[5]]), legend=legend),
        strokeDash=alt.StrokeDash("task:N", scale=alt.Scale(domain=kinds, range=[[1, 0], [6, 3]]), legend=legend),
        tooltip=["task", "shown", "mistakes"],
    )  # fmt: skip
    level = alt.Chart(rule).mark_rule(color=ROLES["baseline"], strokeDash=[5, 4]).encode(y=y)
    label = (
        alt.Chart(rule)
        .mark_text(align="right", dx=-4, dy=-8, x="width", color="currentColor")
        .encode(y=y, text="label:N")
    )
    return finished(level + label + lines)


def orders(view: Any) -> alt.LayerChart:
    """Return how many mistakes 100 orders of the irises take until none is left."""
    counts, times = np.unique(np.asarray(view.perceptron_orders), return_counts=True)
    rows = pd.DataFrame({"mistakes": counts, "orders": times})
    bars = alt.Chart(rows).mark_bar(color=CLASSES[0]).encode(
        x=alt.X("mistakes:O", title="mistakes until none is left", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("orders:Q", title="orders, of 100"),
        tooltip=["mistakes", "orders"],
    )  # fmt: skip
    text = bars.mark_text(dy=-7, color="currentColor").encode(text="orders:Q", color=alt.value("currentColor"))
    layers: Any = alt.layer(bars, text)
    return finished(layers)
