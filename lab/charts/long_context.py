"""Why long context decides: what is reached by lag, and what a step costs by length. Plain rows in, pictures out."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from lab.charts.palette import CLASSES, LEGIBLE

Rows = Sequence[dict[str, Any]]
COLOURS = dict(zip(("Transformer", "GRU", "LSTM", "CNN", "RNN", "MLP"), CLASSES, strict=False))
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")


def by_lag(rows: Rows, title: str) -> Any:
    """Return how much of the way from chance to perfect each family goes, by lag: mean and interval of the seeds.

    rows: dicts of family, lag, way, low, high, told.
    """
    frame = pd.DataFrame(rows)
    lags = sorted({int(row["lag"]) for row in rows})
    scale = alt.Scale(type="log", nice=False, padding=14)
    x = alt.X("lag:Q", title="Numbers or letters to be looked back over", scale=scale,
              axis=alt.Axis(values=lags, format="d"))  # fmt: skip
    y = alt.Y("way:Q", title=title, scale=alt.Scale(domain=[-0.1, 1.0], clamp=True), axis=alt.Axis(format=".0%"))
    lines = alt.Chart(frame).mark_line(strokeWidth=2.2).encode(x=x, y=y, color=_family(frame))
    bars = alt.Chart(frame).mark_rule(strokeWidth=2, opacity=0.5).encode(x=x, y=alt.Y("low:Q"), y2="high:Q",
                                                                        color=_family(frame))  # fmt: skip
    points = (
        alt.Chart(frame)
        .mark_point(size=75, filled=True, opacity=1)
        .encode(x=x, y=y, color=_family(frame), shape=_shape(frame), tooltip=["family:N", "lag:Q", "told:N"])
    )
    return _finished(alt.layer(bars, lines, points), 330)


def by_length(rows: Rows, field: str, title: str) -> Any:
    """Return seconds or megabytes of a training step by the length of the sequence, on logarithmic axes.

    rows: dicts of family, length and the field.
    """
    frame = pd.DataFrame(rows)
    frame = frame[frame[field] > 0]
    lengths = sorted({int(row["length"]) for row in rows})
    x = alt.X("length:Q", title="Tokens in the sequence", scale=alt.Scale(type="log", base=2, nice=False, padding=14),
              axis=alt.Axis(values=lengths, format="d"))  # fmt: skip
    y = alt.Y(f"{field}:Q", title=title, scale=alt.Scale(type="log"), axis=alt.Axis(format="~g", tickCount=6))
    lines = alt.Chart(frame).mark_line(strokeWidth=2.2).encode(x=x, y=y, color=_family(frame))
    points = alt.Chart(frame).mark_point(size=75, filled=True, opacity=1).encode(
        x=x, y=y, color=_family(frame), shape=_shape(frame),
        tooltip=["family:N", "length:Q", alt.Tooltip(f"{field}:Q", format=".3~g")],
    )  # fmt: skip
    return _finished(alt.layer(lines, points), 300)


def _family(frame: pd.DataFrame) -> Any:
    present = [name for name in COLOURS if name in set(frame["family"])]
    return alt.Color("family:N", title=None, scale=alt.Scale(domain=present, range=[COLOURS[name] for name in present]),
                     legend=alt.Legend(orient="top", labelFontSize=12, columns=3, symbolSize=90))  # fmt: skip


def _shape(frame: pd.DataFrame) -> Any:
    present = [name for name in COLOURS if name in set(frame["family"])]
    shapes = [SHAPES[list(COLOURS).index(name)] for name in present]
    return alt.Shape("family:N", title=None, scale=alt.Scale(domain=present, range=shapes), legend=None)


def _finished(chart: Any, height: int) -> Any:
    return (
        chart.properties(height=height, width="container")
        .configure_axis(labelFontSize=12, titleFontSize=12, gridOpacity=0.35, **LEGIBLE)
        .configure_legend(labelColor="currentColor")
        .configure_view(strokeWidth=0)
    )
