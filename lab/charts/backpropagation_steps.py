"""One step of four optimizers, from 100 seeds: what the gradient promised against what happened."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.backpropagation_numbers import number
from lab.charts.palette import CLASSES, ROLES
from models.base import Array

NAMES = ("SGD", "momentum", "RMSprop", "Adam")
COLOURS = (CLASSES[0], CLASSES[1], CLASSES[3], CLASSES[4])  # as in the race on the stage
TEXT = "currentColor"
HEIGHT = 320
WITHIN = 0.1  # a promise holds if the change is within a tenth of it


def finished(chart: alt.LayerChart, height: float = HEIGHT) -> alt.LayerChart:
    """Give a chart its height and the page's text colour."""
    chart = chart.properties(height=height)
    chart = chart.configure_axis(labelColor=TEXT, titleColor=TEXT, labelOpacity=0.9, titleOpacity=0.9)
    done: alt.LayerChart = chart.configure_legend(labelColor=TEXT, titleColor=TEXT, labelLimit=0)
    return done


def colours() -> alt.Color:
    """One colour for each optimizer; its sign in the legend is as strong as its line, whatever else is drawn."""
    legend = alt.Legend(title=None, orient="top", columns=2, symbolOpacity=1, symbolStrokeWidth=3, labelFontSize=12)
    return alt.Color("optimizer:N", scale=alt.Scale(domain=list(NAMES), range=list(COLOURS)), legend=legend)


def promises(view: Any) -> alt.LayerChart:
    """Return the true change of the loss over the predicted one, a dot a seed; on the diagonal the promise is kept."""
    true = view.after - view.before
    rows = pd.DataFrame(
        {
            "optimizer": np.repeat(NAMES, true.shape[1]),
            "seed": np.tile(np.arange(true.shape[1]), len(NAMES)),
            "predicted": view.predicted.ravel(),
            "true": true.ravel(),
        }
    )
    low = float(min(rows["predicted"].min(), rows["true"].min(), 0.0))
    line = pd.DataFrame({"predicted": [low, 0.0], "true": [low, 0.0]})
    zero = pd.DataFrame({"true": [0.0]})
    x = alt.X("predicted:Q", title="predicted change of the loss, gradient · step")
    y = alt.Y("true:Q", title="true change of the loss")
    shapes = alt.Shape("optimizer:N", scale=alt.Scale(domain=list(NAMES)), legend=None)
    tips = ["optimizer", "seed", alt.Tooltip("predicted", format=".3g"), alt.Tooltip("true", format=".3g")]
    dots = alt.Chart(rows).mark_point(filled=True, size=36, opacity=0.7).encode(
        x=x, y=y, color=colours(), shape=shapes, tooltip=tips
    )  # fmt: skip
    diagonal = alt.Chart(line).mark_line(color=ROLES["baseline"], strokeDash=[5, 4]).encode(x=x, y=y)
    level = alt.Chart(zero).mark_rule(color=ROLES["baseline"]).encode(y=y)
    return finished(level + diagonal + dots)


def sweep(view: Any) -> alt.LayerChart:
    """Return the median change of the loss over learning rates, and where the middle eight tenths of the seeds lie."""
    low, middle, high = np.quantile(view.changes, [0.1, 0.5, 0.9], axis=2)  # (O, R) each
    rows = pd.DataFrame(
        {
            "optimizer": np.repeat(NAMES, len(view.rates)),
            "rate": np.tile(view.rates, len(NAMES)),
            "low": low.ravel(),
            "change": middle.ravel(),
            "high": high.ravel(),
        }
    )
    deepest = float(low.min())
    domain = [1.15 * deepest, -deepest] if deepest < 0 else [-1e-6, 1e-6]
    axis = alt.Axis(format="~g", tickCount=5, labelFlush=True)
    x = alt.X("rate:Q", title="learning rate (log)", scale=alt.Scale(type="log"), axis=axis)
    y = alt.Y("change:Q", title="change of the loss in one step", scale=alt.Scale(domain=domain, nice=False))
    base = alt.Chart(rows)
    band = base.mark_area(opacity=0.16, clip=True).encode(
        x=x, y=alt.Y("low:Q", title="change of the loss in one step", scale=alt.Scale(domain=domain, nice=False)),
        y2="high:Q", color=colours(),
    )  # fmt: skip
    dashes = alt.Scale(domain=list(NAMES), range=[[1, 0], [7, 5], [1, 0], [1, 0]])  # momentum often hides SGD
    lines = base.mark_line(strokeWidth=2.5, clip=True).encode(
        x=x, y=y, color=colours(), strokeDash=alt.StrokeDash("optimizer:N", scale=dashes, legend=None),
        tooltip=["optimizer", alt.Tooltip("rate", format=".2g"), alt.Tooltip("change", format=".3g", title="median")],
    )  # fmt: skip
    level = alt.Chart(pd.DataFrame({"change": [0.0]})).mark_rule(color=ROLES["baseline"], strokeDash=[5, 4]).encode(y=y)
    return finished(band + level + lines)


def limits(view: Any) -> list[dict[str, Any]]:
    """Return a row per optimizer: seeds whose loss fell, where promises stop holding, where a step stops helping.

    The last two are medians over seeds of the first learning rate of the sweep; NaN where more than half never stop.
    """
    true = view.after - view.before
    promised = view.predicted[:, np.newaxis, :] * (view.rates / _rate(view))[np.newaxis, :, np.newaxis]
    broken = np.abs(view.changes - promised) > WITHIN * np.abs(promised)
    return [
        {
            "Optimizer": name,
            "Loss fell": f"{np.mean(true[place] < 0):.0%} of seeds",
            "True / predicted, median": _ratio(true[place], view.predicted[place]),
            "Promise off by a tenth from": _rate_text(first_rate(broken[place], view.rates)),
            "Step stops helping from": _rate_text(first_rate(view.changes[place] >= 0, view.rates)),
        }
        for place, name in enumerate(NAMES)
    ]


def _ratio(true: Array, predicted: Array) -> str:
    moved = predicted != 0
    return f"{np.median(true[moved] / predicted[moved]):.3g}" if moved.any() else "no step"


def first_rate(holds: Array, rates: Array) -> float:
    """Return the median over seeds of the first rate at which `holds` (R, S) is true, infinite where it never is."""
    first = np.where(holds.any(axis=0), rates[holds.argmax(axis=0)], np.inf)
    return float(np.median(first))


def _rate_text(rate: float) -> str:
    return f"{rate:.2g}" if np.isfinite(rate) else "beyond the sweep"


def _rate(view: Any) -> float:
    return float(view.rate[0])


def bars(view: Any) -> list[dict[str, str]]:
    """Return one row per optimizer for a single example: loss before and after, promise and truth."""
    return [
        {
            "Optimizer": name,
            "L before": number(float(view.before[place, 0]), 6),
            "L after": number(float(view.after[place, 0]), 6),
            "Predicted change, ∇ · step": number(float(view.predicted[place, 0])),
            "True change": number(float(view.after[place, 0] - view.before[place, 0])),
        }
        for place, name in enumerate(NAMES)
    ]
