"""Pictures of what needed many trainings: the stored results of `python -m evidence.autoencoder`, every run a dot."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.mlp_inside import HEIGHT
from lab.charts.modular_inside import finished
from lab.charts.palette import CLASSES, ROLES

BOTTLENECK = {"with bends": ROLES["model"], "linear": ROLES["generated"], "PCA": ROLES["baseline"]}
PRETRAINING = {
    "pretrained, trained on": ROLES["model"],
    "from scratch": ROLES["generated"],
    "logistic regression on the code": CLASSES[3],
    "logistic regression on pixels": ROLES["baseline"],
}


@cache
def stored() -> dict[str, Any]:
    """Return the stored results, {} where there are none."""
    path = Path(__file__).parents[2] / "evidence" / "results" / "autoencoder.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def mean_of(table: str, value: str, kind: str, where: str, at: int) -> float:
    """Return the mean over the seeds of one kind at one place of a table; NaN where nothing is stored."""
    found = [row[value] for row in stored().get(table, []) if row["kind"] == kind and row[where] == at]
    return float(np.mean(found)) if found else float("nan")


def provenance() -> str:
    """Return where the numbers come from, in a sentence; "" where nothing is stored."""
    about = stored().get("about")
    if not about:
        return ""
    return (
        f"Stored: {about['command']}, {about['created'][:10]}, {len(about['seeds'])} and {len(about['draws'])} seeds, "
        f"{about['device']}, {about['seconds']:.0f} s, TensorFlow {about['versions']['tensorflow']}, "
        f"Keras {about['versions']['keras']}."
    )


def bottleneck(_run: Any, _view: Any) -> Any:
    """Return the test error over the width of the bottleneck: with bends, linear, and PCA."""
    scale, ticks = alt.Scale(type="log", nice=False), alt.Axis(tickCount=5, format=".2~r")
    axis = alt.Y("error:Q", title="mean squared error on test digits (log scale)", scale=scale, axis=ticks)
    return _lines("bottleneck", "code", "code numbers", axis, BOTTLENECK)


def pretraining(_run: Any, _view: Any) -> Any:
    """Return the share of test digits right over the number of labels, by way of using them."""
    axis = alt.Y("right:Q", title="share of test digits right", scale=alt.Scale(zero=False), axis=alt.Axis(format="%"))
    return _lines("pretraining", "labels", "labelled digits", axis, PRETRAINING)


def _lines(table: str, where: str, title: str, axis: alt.Y, colours: dict[str, str]) -> Any:
    rows = stored().get(table)
    if not rows:
        return None
    frame = pd.DataFrame(rows)
    value = str(axis.shorthand).partition(":")[0]
    ticks = sorted(int(one) for one in frame[where].unique())
    means = frame.groupby(["kind", where], as_index=False)[value].mean()
    x = alt.X(f"{where}:Q", title=title, scale=alt.Scale(type="log", nice=False, padding=12),
              axis=alt.Axis(values=ticks, format="d"))  # fmt: skip
    colour = alt.Color("kind:N", scale=alt.Scale(domain=list(colours), range=list(colours.values())),
                       legend=alt.Legend(title=None, orient="top", columns=1 if len(colours) > 3 else 2))  # fmt: skip
    tips = ["kind", alt.Tooltip(where, title=title), alt.Tooltip(value, format=".3~r")]
    patterns = [[4, 6] if one == "linear" else [1, 0] for one in colours]  # through the gaps PCA's line shows
    dashes = alt.StrokeDash("kind:N", scale=alt.Scale(domain=list(colours), range=patterns), legend=None)
    lines = (
        alt.Chart(means)
        .mark_line(strokeWidth=2.5)
        .encode(x=x, y=axis, color=colour, strokeDash=dashes, order=f"{where}:Q", tooltip=tips)
    )
    dots = alt.Chart(frame).mark_point(filled=True, size=34, opacity=0.7).encode(
        x=x, y=axis, color=colour, tooltip=[*tips, "seed"],
        shape=alt.Shape("kind:N", scale=alt.Scale(domain=list(colours)), legend=None),
    )  # fmt: skip
    return finished(alt.layer(lines, dots), HEIGHT + 40)


def bottleneck_notice(_run: Any, _view: Any) -> str:
    """Say how the network compares with PCA at two numbers and at thirty-two."""
    told = [
        f"with {at} numbers {mean_of('bottleneck', 'error', 'with bends', 'code', at):.4f} against "
        f"{mean_of('bottleneck', 'error', 'PCA', 'code', at):.4f}"
        for at in (2, 32)
    ]
    return f"Error with bends against PCA: {told[0]}, {told[1]}. Linear layers only ever reach what PCA computes."


def pretraining_notice(_run: Any, _view: Any) -> str:
    """Say what pretraining brings with 20 and with 200 labels."""

    def at(kind: str, labels: int) -> str:
        return f"{100 * mean_of('pretraining', 'right', kind, 'labels', labels):.1f} %"

    few, many = 20, 200
    return (
        f"With {few} labels {at('pretrained, trained on', few)} against {at('from scratch', few)} from scratch; with "
        f"{many}, {at('pretrained, trained on', many)} against {at('from scratch', many)}. A logistic regression on "
        f"the pixels reaches {at('logistic regression on pixels', few)} and "
        f"{at('logistic regression on pixels', many)}."
    )
