"""The effects of one claim: every seed a stroke, mean and interval, the bound, and what was just measured live."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from lab.charts.palette import LEGIBLE, ROLES

ROW = 30  # pixels of one effect


def effects(found: Sequence[Any], seeds: Sequence[Any], live: Sequence[Any] = ()) -> Any:
    """Return the picture of a claim's effects, a row each with an axis of its own, since their units differ.

    found: objects with effect (key, says, bound), mean, low, high; seeds, live: dicts of numbers by the effects' keys.
    """
    rows = [_row(one, seeds, live) for one in found]
    return alt.vconcat(*rows, spacing=14).configure_view(strokeWidth=0).configure_axis(
        grid=False, labelFontSize=12, titleFontSize=12, **LEGIBLE
    ).configure_title(fontSize=13, fontWeight="normal", anchor="start", offset=6, frame="group")  # fmt: skip


def _row(one: Any, seeds: Sequence[Any], live: Sequence[Any]) -> Any:
    key, bound = one.effect.key, one.effect.bound
    values = [float(row[key]) for row in seeds]
    fresh = [float(row[key]) for row in live if key in row]
    x = alt.X("value:Q", title=None, scale=_scale([*values, *fresh, bound, one.low, one.high]),
              axis=alt.Axis(tickCount=5, format=".3~g", labelFlush=True))  # fmt: skip
    colour = ROLES["model"] if one.met else (ROLES["baseline"] if one.effect.limit else ROLES["wrong"])
    strokes = alt.Chart(pd.DataFrame({"value": values})).mark_tick(thickness=1.5, size=14, opacity=0.55, color=colour)
    band = alt.Chart(pd.DataFrame([{"value": one.low, "end": one.high}])).mark_bar(height=6, color=colour, opacity=0.45)
    mean = alt.Chart(pd.DataFrame([{"value": one.mean}])).mark_point(size=90, filled=True, color=colour, opacity=1)
    rule = alt.Chart(pd.DataFrame([{"value": bound}])).mark_rule(
        strokeDash=[4, 3], strokeWidth=2, color=ROLES["baseline"]
    )
    layers = [rule.encode(x=x), band.encode(x=x, x2="end:Q"), strokes.encode(x=x), mean.encode(x=x)]
    if fresh:
        points = alt.Chart(pd.DataFrame({"value": fresh})).mark_point(
            shape="diamond", size=110, filled=False, strokeWidth=2.5, color=ROLES["generated"], opacity=1
        )
        layers.append(points.encode(x=x))
    side = "above" if one.effect.above is not None else "below"
    kind = "Limit: " if one.effect.limit else ""
    title = f"{kind}{one.effect.says}: {one.mean:.3g} [{one.low:.3g}, {one.high:.3g}], asked {side} {bound:g}"
    return alt.layer(*layers).properties(height=ROW, width="container", title=alt.TitleParams(title))


def _scale(values: Sequence[float]) -> alt.Scale:
    finite = [value for value in values if abs(value) < float("inf")]
    low, high = min(finite), max(finite)
    margin = 0.06 * ((high - low) or abs(high) or 1.0)
    return alt.Scale(domain=[low - margin, high + margin], nice=False, zero=False)


def alt_text(found: Sequence[Any]) -> str:
    """Return the picture in words."""
    told = [
        f"{one.effect.says}: mean {one.mean:.3g}, interval {one.low:.3g} to {one.high:.3g}, bound {one.effect.bound:g}"
        for one in found
    ]
    return "Effects with their 95 % intervals. " + ". ".join(told) + "."
