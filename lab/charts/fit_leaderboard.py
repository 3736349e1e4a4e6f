"""Pictures of a race on one table: the leaderboard, learning curves, and how well a method knows how sure it may be.

The live ones are constant specifications into which the page sends rows, so that nothing flickers while they change.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import altair as alt
import pandas as pd

from lab.charts.cnn_inside import finished
from lab.charts.mlp_inside import TEXT
from lab.charts.palette import ROLES

ROW, AROUND = 25, 90  # pixels of one method, and of legend and axis
NETWORK, BASELINE = "network", "no network"
KINDS = alt.Scale(domain=[NETWORK, BASELINE], range=[ROLES["model"], ROLES["baseline"]])
LEAST_SHOWN = 3  # rows in a bin of confidence below which it says nothing


# ---- the leaderboard ----


def leaderboard_rows(lines: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the rows of the leaderboard's picture.

    lines: one mapping for each method, best first: title, network (bool), values (one per fold), mean, low, high.
    An interval that is not known, or reaches far out, ends at the edge of what the folds show.
    """
    finite = [value for line in lines for value in line["values"] if value == value]
    floor, ceiling = (min(finite), max(finite)) if finite else (0.0, 1.0)
    reach = (ceiling - floor) or 0.1
    rows = []
    for place, line in enumerate(lines):
        same = {"method": line["title"], "place": place, "kind": NETWORK if line["network"] else BASELINE}
        rows += [{**same, "part": "fold", "value": value, "fold": fold + 1}
                 for fold, value in enumerate(line["values"])]  # fmt: skip
        if line["values"]:
            known = line["low"] > float("-inf")
            low = max(line["low"], floor - reach) if known else line["mean"]
            high = min(line["high"], ceiling + reach) if known else line["mean"]
            rows.append({**same, "part": "mean", "value": line["mean"], "low": low, "high": high})
        else:
            rows.append({**same, "part": "none"})
    columns = ["method", "place", "kind", "part", "value", "fold", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


@cache
def leaderboard(score: str, methods: int) -> dict[str, Any]:
    """Return the leaderboard's specification: for each method every fold a stroke, the mean a dot, its interval a band.

    score: what the axis is called; methods: rows that are kept free from the beginning, so that nothing jumps.
    """
    y = alt.Y("method:N", sort=alt.EncodingSortField("place", op="min"), title=None,
              axis=alt.Axis(labelLimit=210, ticks=False, domain=False, labelOverlap=False))  # fmt: skip
    x = alt.X("value:Q", title=score, scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(format=".3~g", tickCount=6))
    colour = alt.Color(
        "kind:N", scale=KINDS, legend=alt.Legend(title=None, orient="top", symbolType="circle", symbolOpacity=1)
    )
    told = [alt.Tooltip("method:N"), alt.Tooltip("fold:Q"), alt.Tooltip("value:Q", title=score, format=".4g")]
    means = [alt.Tooltip("method:N"), alt.Tooltip("value:Q", title="mean", format=".4g"),
             alt.Tooltip("low:Q", format=".4g"), alt.Tooltip("high:Q", format=".4g")]  # fmt: skip
    base = alt.Chart()
    band = (
        base.transform_filter("datum.part == 'mean'")
        .mark_bar(height=9, opacity=0.35, clip=True)
        .encode(x=alt.X("low:Q", title=score), x2="high:Q", y=y, color=colour, tooltip=means)
    )
    strokes = (
        base.transform_filter("datum.part == 'fold'")
        .mark_tick(thickness=1.6, size=15, opacity=0.8)
        .encode(x=x, y=y, color=colour, tooltip=told)
    )
    dots = base.transform_filter("datum.part == 'mean'").mark_point(filled=True, size=95, opacity=1).encode(
        x=x, y=y, color=colour, shape=alt.Shape("kind:N", scale=alt.Scale(domain=[NETWORK, BASELINE],
                                                range=["circle", "diamond"]), legend=None), tooltip=means,
    )  # fmt: skip
    places = base.mark_point(opacity=0).encode(y=y)  # also those of methods that have not had their turn
    return _specification(places + band + strokes + dots, AROUND + ROW * methods)


def _specification(chart: alt.LayerChart, height: float) -> dict[str, Any]:
    found: dict[str, Any] = finished(chart, height).properties(width="container").to_dict(validate=False)
    for part in (found, *found["layer"]):  # the rows come with every look, for all layers
        part.pop("data", None)
    found.pop("datasets", None)
    return found


# ---- learning ----


def curve_rows(curves: Mapping[int, Sequence[tuple[int, float, float]]]) -> pd.DataFrame:
    """Return the learning curves of one method: curves gives (step, loss in training, loss on rows kept aside)."""
    rows = [
        {"step": step, "fold": f"fold {fold + 1}", "rows": kind, "loss": loss, "line": f"{fold} {kind}"}
        for fold, curve in sorted(curves.items())
        for step, train, aside in curve
        for kind, loss in (("learned from", train), ("kept aside", aside))
    ]
    return pd.DataFrame(rows, columns=["step", "fold", "rows", "loss", "line"])


@cache
def learning(loss: str) -> dict[str, Any]:
    """Return the specification of the learning curves, a line for each fold. loss: what the axis is called."""
    kinds = alt.Scale(domain=["learned from", "kept aside"], range=[ROLES["train"], ROLES["test"]])
    dashes = alt.Scale(domain=["learned from", "kept aside"], range=[[1, 0], [5, 3]])
    legend = alt.Legend(title="rows", orient="top")
    lines = alt.Chart().mark_line(strokeWidth=1.8, opacity=0.85).encode(
        x=alt.X("step:Q", title="optimizer steps", scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=6)),
        y=alt.Y("loss:Q", title=loss, scale=alt.Scale(zero=False)),
        color=alt.Color("rows:N", scale=kinds, legend=legend),
        strokeDash=alt.StrokeDash("rows:N", scale=dashes, legend=legend), detail="line:N",
        tooltip=["fold:N", "rows:N", "step:Q", alt.Tooltip("loss:Q", format=".3g")],
    )  # fmt: skip
    return _specification(alt.LayerChart(layer=[lines]), 280)


# ---- how sure, and how right ----


def reliability(bins: Sequence[Sequence[float]]) -> alt.LayerChart | None:
    """Return share right over confidence. bins: (rows, mean confidence, share right) of each; None without any row."""
    table = pd.DataFrame(bins, columns=["rows", "confidence", "right"])
    table = table[table["rows"] >= LEAST_SHOWN]
    if table.empty:
        return None
    x = alt.X("confidence:Q", title="how sure it was (mean probability of its answer)",
              scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=5))  # fmt: skip
    y = alt.Y("right:Q", title="share right", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=5))
    diagonal = alt.Chart(pd.DataFrame({"confidence": [0, 1], "right": [0, 1]})).mark_line(
        color=ROLES["baseline"], strokeDash=[4, 3]
    ).encode(x=x, y=y)  # fmt: skip
    line = alt.Chart(table).mark_line(color=ROLES["model"], strokeWidth=2).encode(x=x, y=y)
    size = alt.Size(
        "rows:Q", scale=alt.Scale(range=[40, 420]), legend=alt.Legend(title="rows", orient="top", tickCount=3)
    )
    told = ["rows", alt.Tooltip("confidence", format=".1%"), alt.Tooltip("right", format=".1%")]
    dots = alt.Chart(table).mark_circle(color=ROLES["model"], opacity=0.9).encode(x=x, y=y, size=size, tooltip=told)
    return finished(diagonal + line + dots, 280)


def covered(shares: Sequence[Sequence[float]]) -> alt.LayerChart | None:
    """Return the share of rows inside an interval over the share that was asked for; None without two folds."""
    if not shares:
        return None
    table = pd.DataFrame(shares, columns=["asked", "found"])
    ends = alt.Scale(domain=[0.4, 1.0])
    x = alt.X("asked:Q", title="share that should lie inside", scale=ends, axis=alt.Axis(format="%", tickCount=5))
    y = alt.Y("found:Q", title="share that does", scale=ends, axis=alt.Axis(format="%", tickCount=5))
    diagonal = alt.Chart(pd.DataFrame({"asked": [0.4, 1.0], "found": [0.4, 1.0]})).mark_line(
        color=ROLES["baseline"], strokeDash=[4, 3]
    ).encode(x=x, y=y)  # fmt: skip
    told = [alt.Tooltip("asked", format=".0%"), alt.Tooltip("found", format=".1%")]
    line = (
        alt.Chart(table)
        .mark_line(color=ROLES["model"], point=alt.OverlayMarkDef(size=70), strokeWidth=2)
        .encode(x=x, y=y, tooltip=told)
    )
    return finished(diagonal + line, 280)


def residuals(points: Sequence[Sequence[float]], unit: str) -> alt.LayerChart | None:
    """Return prediction over truth, a dot for each row that tested. points: (truth, prediction)."""
    if not points:
        return None
    table = pd.DataFrame(points, columns=["truth", "prediction"])
    low, high = float(table.min().min()), float(table.max().max())
    behind = f" ({unit})" if unit else ""
    ends = alt.Scale(domain=[low, high], nice=True)
    x = alt.X("truth:Q", title=f"true value{behind}", scale=ends)
    y = alt.Y("prediction:Q", title=f"predicted{behind}", scale=ends)
    right = alt.Chart(pd.DataFrame({"truth": [low, high], "prediction": [low, high]})).mark_line(
        color=TEXT, strokeDash=[4, 3], opacity=0.6
    ).encode(x=x, y=y)  # fmt: skip
    dots = (
        alt.Chart(table)
        .mark_circle(color=ROLES["model"], size=36, opacity=0.55)
        .encode(x=x, y=y, tooltip=[alt.Tooltip("truth", format=".4g"), alt.Tooltip("prediction", format=".4g")])
    )
    return finished(right + dots, 280)
