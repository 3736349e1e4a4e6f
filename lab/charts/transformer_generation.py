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
    """Return the first steps as a table: a row for each drawn token, its best alternatives as cells, itself framed.

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
        color=colour, stroke=alt.condition("datum.drawn", alt.value(ROLES["generated"]), alt.value("transparent"))
    )
    dark = "datum.share > 0.45"
    words = base.mark_text(fontSize=12).encode(
        text="token:N", color=alt.condition(dark, alt.value("#FFFFFF"), alt.value("#1C2430"))
    )
    return finished(cells + words, 60 + 24 * len(set(table["step"])))


def cache_times(milliseconds: dict[str, float]) -> Any:
    """Return the milliseconds for one token, with a cache and without, as bars: name to milliseconds."""
    table = pd.DataFrame([{"way": way, "milliseconds": value} for way, value in milliseconds.items()])
    ways = list(milliseconds)
    base = alt.Chart(table).encode(
        x=alt.X("milliseconds:Q", title="milliseconds for one token, mean", scale=alt.Scale(nice=True)),
        y=alt.Y("way:N", sort=ways, title=None),
        tooltip=["way", alt.Tooltip("milliseconds", format=".3~r")],
    )
    colours = alt.Scale(domain=ways, range=[ROLES["model"], ROLES["baseline"]])
    bars = base.mark_bar(height={"band": 0.7}).encode(color=alt.Color("way:N", scale=colours, legend=None))
    numbers = base.mark_text(align="left", dx=4, color=TEXT).encode(text=alt.Text("milliseconds:Q", format=".3~r"))
    return finished(bars + numbers, 120)
