"""Pictures of the lessons: far from the data, many dimensions, kernel and attention. Arrays in, Altair charts out."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.palette import ATTENTION, CLASSES, ROLES
from lab.charts.rbf_inside import TEXT, THREE_DIGITS, finished, legend
from models.base import Array

PERCEPTRON, NEIGHBOURS, KERNEL, TRAINED = ROLES["test"], ROLES["baseline"], ROLES["model"], ROLES["generated"]
ROW_HEIGHT = 330
LABELS = 112  # pixels for the bumps' names: measured by the browser before its font is there, they came out too short


def far(view: Any) -> alt.LayerChart:
    """Return confidence against the distance from the middle: network, perceptron, and the most active bump."""
    names = ["perceptron: confidence", "this network: confidence", "this network: most active bump"]
    lines = [view.far_mlp, view.far_rbf, view.far_activation]
    rows = pd.DataFrame(
        {
            "distance": np.tile(view.far_radius, 3),
            "value": np.concatenate(lines),
            "what": np.repeat(names, len(view.far_radius)),
        }
    )
    colours = alt.Scale(domain=names, range=[PERCEPTRON, ROLES["model"], CLASSES[4]])
    drawn = alt.Chart(rows).mark_line(strokeWidth=2.5).encode(
        x=alt.X("distance:Q", title="distance from the middle (units of the plane)", scale=alt.Scale(nice=False)),
        y=alt.Y("value:Q", title="mean over 72 directions", scale=alt.Scale(domain=[0, 1])),
        color=alt.Color("what:N", scale=colours, legend=legend()),
        strokeDash=alt.StrokeDash("what:N", scale=alt.Scale(domain=names, range=[[6, 4], [1, 0], [2, 3]]),
                                  legend=legend()),
        tooltip=["what", "distance", alt.Tooltip("value", format=THREE_DIGITS)],
    )  # fmt: skip
    edge = pd.DataFrame({"distance": [float(view.far_data_radius[0])], "text": ["the data ends here"]})
    base = alt.Chart(edge).encode(x="distance:Q")
    rule = base.mark_rule(color=ROLES["baseline"], strokeWidth=1.5)
    words = base.mark_text(align="left", dx=6, baseline="middle", color=TEXT, fontSize=12)
    return finished(drawn + rule + words.encode(y=alt.datum(0.42), text="text:N"), ROW_HEIGHT)


def dimensions(view: Any) -> alt.LayerChart:
    """Return the error of three methods against the number of inputs: the mean of three seeds, and each seed."""
    names = ["60 bumps, solved", "three nearest neighbours", "perceptron, 32 units"]
    errors = [view.dimension_rbf, view.dimension_neighbours, view.dimension_mlp]
    rows = pd.DataFrame(
        [
            {"dimensions": int(count), "error": float(error[seed, place]), "method": name, "seed": seed}
            for name, error in zip(names, errors, strict=True)
            for seed in range(len(error))
            for place, count in enumerate(view.dimension_count)
        ]
    )
    colours = alt.Color(
        "method:N",
        scale=alt.Scale(domain=names, range=[ROLES["model"], NEIGHBOURS, PERCEPTRON]),
        legend=legend(),
    )
    x = alt.X("dimensions:Q", title="number of inputs", scale=alt.Scale(domain=[1, 16], nice=False),
              axis=alt.Axis(values=[1, 2, 4, 6, 8, 10, 12, 14, 16], format="d"))  # fmt: skip
    title = "error (share of the targets' deviation)"
    base = alt.Chart(rows).encode(x=x, color=colours)
    mean = base.mark_line(strokeWidth=2.5).encode(
        y=alt.Y("mean(error):Q", title=title, scale=alt.Scale(domainMin=0)),
        strokeDash=alt.StrokeDash(
            "method:N",
            scale=alt.Scale(domain=names, range=[[1, 0], [2, 3], [6, 4]]),
            legend=legend(),
        ),
    )
    dots = base.mark_circle(size=34, opacity=0.75).encode(
        y=alt.Y("error:Q", title=title),
        tooltip=["method", "dimensions", "seed", alt.Tooltip("error", format=THREE_DIGITS)],
    )
    guess = alt.Chart(pd.DataFrame({"error": [1.0], "text": ["always the mean"]})).encode(y="error:Q")
    rule = guess.mark_rule(color=ROLES["baseline"], strokeDash=[3, 3])
    words = guess.mark_text(align="left", baseline="bottom", dx=4, dy=-3, color=TEXT, fontSize=12)
    return finished(mean + dots + rule + words.encode(x=alt.value(0), text="text:N"), ROW_HEIGHT)


# ---- kernel and attention ----


def smoothed(view: Any, query: int, which: str = "kernel") -> alt.LayerChart:
    """Return the points, the three smoothed curves, and one query; the points' sizes are its weights.

    which: whose weights, those of the "kernel" (and of the head set by hand) or of the "trained" head.
    """
    names = ["kernel smoother", "attention head, set by hand", "attention head, trained"]
    weights = [view.smooth_kernel, view.smooth_attention, view.smooth_trained]
    curves = pd.DataFrame(
        {
            "x": np.tile(view.smooth_query, 3),
            "y": np.concatenate([one @ view.smooth_y for one in weights]),
            "what": np.repeat(names, len(view.smooth_query)),
        }
    )
    points = pd.DataFrame({"x": view.smooth_x, "y": view.smooth_y, "weight": shown_weights(view, which)[query]})
    x = alt.X("x:Q", title="x", scale=alt.Scale(nice=False, zero=False, padding=8))
    y = alt.Y("y:Q", title="y", scale=alt.Scale(zero=False))
    colours = alt.Scale(domain=names, range=[KERNEL, CLASSES[1], PERCEPTRON])
    lines = alt.Chart(curves).mark_line().encode(
        x=x, y=y,
        color=alt.Color("what:N", scale=colours, legend=legend()),
        strokeDash=alt.StrokeDash("what:N", scale=alt.Scale(domain=names, range=[[1, 0], [5, 5], [1, 3]]),
                                  legend=legend()),
        strokeWidth=alt.StrokeWidth("what:N", legend=None, scale=alt.Scale(domain=names, range=[5, 2.5, 2.5])),
        tooltip=["what", alt.Tooltip("x", format=THREE_DIGITS), alt.Tooltip("y", format=THREE_DIGITS)],
    )  # fmt: skip
    dots = alt.Chart(points).mark_circle(color=ROLES["real"], opacity=0.9, stroke="white", strokeWidth=0.7).encode(
        x=x, y=y, size=alt.Size("weight:Q", legend=None, scale=alt.Scale(domainMin=0, range=[18, 420])),
        tooltip=[alt.Tooltip("weight", format=THREE_DIGITS), alt.Tooltip("x", format=THREE_DIGITS),
                 alt.Tooltip("y", format=THREE_DIGITS)],
    )  # fmt: skip
    at = alt.Chart(pd.DataFrame({"x": [float(view.smooth_query[query])]}))
    return finished(lines + dots + at.mark_rule(color=ROLES["baseline"], strokeWidth=1.5).encode(x=x), ROW_HEIGHT)


def shown_weights(view: Any, which: str) -> Array:
    """Return the weights (queries, points) of the "kernel" or of the "trained" head. Raises KeyError for others."""
    found: dict[str, Array] = {"kernel": view.smooth_kernel, "trained": view.smooth_trained}
    return found[which]


def weight_map(view: Any, which: str, query: int) -> alt.LayerChart:
    """Return a smoother's weights as an attention map: one row per query, one column per point in the order of x."""
    values = shown_weights(view, which)
    kept = np.unique(np.linspace(0, len(values) - 1, 41).round().astype(int))
    rows = pd.DataFrame(
        [
            {"query": float(view.smooth_query[row]), "point": column + 1, "weight": float(values[row, column])}
            for row in kept
            for column in range(values.shape[1])
        ]
    )
    half = float(view.smooth_query[kept[1]] - view.smooth_query[kept[0]]) / 2
    rows["low"], rows["high"] = rows["query"] - half, rows["query"] + half
    rows["left"], rows["right"] = rows["point"] - 0.5, rows["point"] + 0.5
    ends = [float(rows["low"].min()), float(rows["high"].max())]
    y = alt.Y("low:Q", title="query x", scale=alt.Scale(domain=ends, nice=False, zero=False))
    across = alt.Scale(domain=[0.5, values.shape[1] + 0.5], nice=False, zero=False)
    cells = alt.Chart(rows).mark_rect(stroke=None).encode(
        x=alt.X("left:Q", title="point (key), from left to right", scale=across), x2="right:Q", y=y, y2="high:Q",
        color=alt.Color("weight:Q", title="weight", scale=alt.Scale(range=list(ATTENTION), domainMin=0),
                        legend=alt.Legend(orient="top", gradientLength=160, tickCount=3, format=".2~g")),
        tooltip=[alt.Tooltip("query", format=THREE_DIGITS), "point", alt.Tooltip("weight", format=THREE_DIGITS)],
    )  # fmt: skip
    chosen = pd.DataFrame({"low": [float(view.smooth_query[query])]})
    return finished(
        cells + alt.Chart(chosen).mark_rule(color=ROLES["generated"], strokeWidth=2).encode(y=y), ROW_HEIGHT
    )


# ---- one example ----


def most_active(view: Any, centres: Array | None) -> alt.LayerChart:
    """Return the activations of the bumps that are most active for an example; centres: (m,) of a curve, or None."""
    names = [f"bump {int(row) + 1}" for row in view.answer_rows]
    if centres is not None:
        names = [f"{name}, at {float(centres[row]):.2f}" for name, row in zip(names, view.answer_rows, strict=True)]
    rows = pd.DataFrame({"bump": names, "activation": view.answer_values.astype(float)})
    base = alt.Chart(rows).encode(
        y=alt.Y("bump:N", sort=names, title=None, axis=alt.Axis(labelLimit=LABELS, minExtent=LABELS, maxExtent=LABELS))
    )
    bars = base.mark_bar(color=ROLES["model"]).encode(
        x=alt.X("activation:Q", title="activation", axis=alt.Axis(tickCount=5)),
        tooltip=["bump", alt.Tooltip("activation", format=THREE_DIGITS)],
    )
    return finished(alt.layer(bars), 60 + 24 * len(rows))


# ---- points to click ----
