"""Which loss fits which task: what each pays and how hard it pulls, and what networks learn with the wrong one."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.backpropagation_steps import finished
from lab.charts.palette import CLASSES, ROLES
from models.base import Array

CLASSIFYING = (
    "cross-entropy, given logits",
    "squared error of the probability",
    "from_logits=True, given probabilities",
    "from_logits=False, given logits",
)
REGRESSING = ("squared error", "absolute error", "Huber", "squared error behind a sigmoid")
COLOURS = (CLASSES[0], CLASSES[1], CLASSES[3], CLASSES[5])
DASHES = ([1, 0], [8, 3], [3, 3], [1, 2])
MOST = 8.5
STEEPEST = -2.2  # probabilities read as logits pull beyond all bounds close to zero


def names(task: str) -> tuple[str, ...]:
    """Return the four losses of a task, in the order of the arrays."""
    return REGRESSING if task == "regression" else CLASSIFYING


def paid(view: Any) -> alt.LayerChart:
    """Return the four losses of a classification over the logit z, for an example of class 1."""
    return _lines(view.loss_grid, view.loss_values, CLASSIFYING, "logit z (the truth is class 1)", "loss L")


def pulls(view: Any) -> alt.LayerChart:
    """Return the slope dL/dz of the four losses: what backpropagation starts with."""
    return _lines(view.loss_grid, view.loss_slopes, CLASSIFYING, "logit z (the truth is class 1)", "δ = ∂L/∂z")


def learned(view: Any, task: str) -> alt.LayerChart:
    """Return the score on training data of four networks, each trained with another loss from the same weights."""
    score = "R² on training data" if task == "regression" else "share right on training data"
    return _lines(view.race_steps, view.race_accuracy, names(task), "step of plain descent", score)


def _lines(grid: Array, values: Array, labels: tuple[str, ...], x_title: str, y_title: str) -> alt.LayerChart:
    rows = pd.DataFrame(
        {
            "x": np.tile(np.asarray(grid, float), len(labels)),
            "y": np.where(np.isfinite(values), values, np.nan).ravel(),
            "loss": np.repeat(labels, len(grid)),
        }
    )
    legend = alt.Legend(title=None, orient="top", columns=1)
    low, high = float(np.nanmin(rows["y"])), float(np.nanmax(rows["y"]))
    low = max(low, -1.05 if "R²" in y_title else STEEPEST)
    dashes = alt.Scale(domain=list(labels), range=list(DASHES))
    scale = alt.Scale(domain=[low, min(high, MOST)], nice=True) if high > low else alt.Undefined
    lines = (
        alt.Chart(rows)
        .mark_line(strokeWidth=2.5, clip=True)
        .encode(
            x=alt.X("x:Q", title=x_title, axis=alt.Axis(labelFlush=True, tickCount=5)),
            y=alt.Y("y:Q", title=y_title, scale=scale),
            color=alt.Color("loss:N", scale=alt.Scale(domain=list(labels), range=list(COLOURS)), legend=legend),
            strokeDash=alt.StrokeDash("loss:N", scale=dashes, legend=legend),
            tooltip=["loss", alt.Tooltip("x", format=".3g"), alt.Tooltip("y", format=".3g")],
        )
    )
    zero = alt.Chart(pd.DataFrame({"y": [0.0]})).mark_rule(color=ROLES["baseline"]).encode(y="y:Q")
    return finished(zero + lines)


def table(view: Any, task: str) -> list[dict[str, str]]:
    """Return how each of the four networks ended."""
    score = "R² (training)" if task == "regression" else "Share right (training)"
    fitting = "Squared error" if task == "regression" else "Cross-entropy"
    return [
        {"Trained with": name, score: f"{view.race_accuracy[k, -1]:.3g}", fitting: f"{view.race_loss[k, -1]:.3g}"}
        for k, name in enumerate(names(task))
    ]
