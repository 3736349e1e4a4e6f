"""A text that grows token by token: the probabilities among which each token was drawn."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from lab.charts.cnn_inside import finished
from lab.charts.mlp_inside import TEXT
from lab.charts.palette import ATTENTION, ROLES
from lab.charts.transformer_surgery import name

SHOWN_STEPS, SHOWN_ALTERNATIVES = 24, 5


def alternatives(chosen: Sequence[str], texts: Sequence[Sequence[str]], shares: Any) -> Any:
    """Return a table of the first steps: a row for each drawn token, its best alternatives as cells, the drawn one framed.

    chosen: the drawn tokens; texts, shares: (steps, candidates), best first.
    """
    rows = [
        {"step": place + 1, "rank": rank + 1, "token": name(texts[place][rank]), "share": float(shares[place][rank]),
         "drawn": texts[place][rank] == token}
        for place, token in enumerate(chosen[:SHOWN_STEPS])
        for rank in range(min(SHOWN_ALTERNATIVES, len(texts[place])))
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    colour = alt.Color("share:Q", title="probability", legend=alt.Legend(orient="top", format="%", gradientLength=140),
                       scale=alt.Scale(domain=[0, 1], range=list(ATTENTION)))  # fmt: skip
    base = alt.Chart(table).encode(
        x=alt.X("rank:O", title="candidates, best first", axis=alt.Axis(labelAngle=0, ticks=False, domain=False)),
        y=alt.Y("step:O", title="token", axis=alt.Axis(ticks=False, domain=False)),
        tooltip=["step", "token", alt.Tooltip("share", format=".1%"), "drawn"],
    )
    cells = base.mark_rect(cornerRadius=4, strokeWidth=2.5).encode(
        color=colour, stroke=alt.condition("datum.drawn", alt.value(ROLES["wrong"]), alt.value("transparent"))
    )
    dark = "datum.share > 0.45"
    words = base.mark_text(fontSize=12).encode(
        text="token:N", color=alt.condition(dark, alt.value("#FFFFFF"), alt.value("#1C2430"))
    )
    return finished(cells + words, 60 + 24 * len(set(table["step"])))


def cache_times(with_cache: Sequence[float], without: Sequence[float]) -> Any:
    """Return the milliseconds of every generated token with and without a cache, seconds each."""
    table = pd.DataFrame(
        [{"token": place + 1, "milliseconds": 1000 * seconds, "way": way}
         for way, times in (("with cache", with_cache), ("without", without)) for place, seconds in enumerate(times)]
    )  # fmt: skip
    colours = alt.Scale(domain=["with cache", "without"], range=[ROLES["model"], ROLES["wrong"]])
    chart = alt.Chart(table).mark_line(strokeWidth=2).encode(
        x=alt.X("token:Q", title="generated token"),
        y=alt.Y("milliseconds:Q", title="milliseconds for this token"),
        color=alt.Color("way:N", scale=colours, legend=alt.Legend(title=None, orient="top")),
        strokeDash=alt.StrokeDash("way:N", legend=None),
        tooltip=["token", "way", alt.Tooltip("milliseconds", format=".3~r")],
    )  # fmt: skip
    rule = alt.Chart(pd.DataFrame({"y": [0]})).mark_rule(opacity=0, color=TEXT).encode(y="y:Q")
    return finished(chart + rule, 260)
