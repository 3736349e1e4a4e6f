"""What surgery does to the next token: its candidates before and after, side by side."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.cnn_inside import finished
from lab.charts.mlp_inside import TEXT
from lab.charts.palette import ROLES
from lab.charts.transformer_reading import Change
from models.base import Array

BEFORE, AFTER = "as it is", "after surgery"


def before_after(change: Change, place: int) -> Any:
    """Return the candidates behind one token before and after surgery; those that are not known have no bar."""
    rows = [
        {"token": name(text), "network": network, "share": float(shares[place][k])}
        for k, text in enumerate(change.texts[place])
        for network, shares in ((BEFORE, change.before), (AFTER, change.after))
        if np.isfinite(shares[place][k])
    ]
    order = [name(text) for text in change.texts[place]]
    table = pd.DataFrame(rows)
    largest = float(table["share"].max())
    base = alt.Chart(table).encode(
        x=alt.X("share:Q", title="probability", scale=alt.Scale(domain=[0, min(1.0, 1.15 * largest)]),
                axis=alt.Axis(format="%", tickCount=5)),
        y=alt.Y("token:N", sort=order, title=None, axis=alt.Axis(labelLimit=140, labelFontSize=13)),
        yOffset=alt.YOffset("network:N", sort=[BEFORE, AFTER]),
        tooltip=["token", "network", alt.Tooltip("share", format=".2%")],
    )  # fmt: skip
    colours = alt.Scale(domain=[BEFORE, AFTER], range=[ROLES["baseline"], ROLES["wrong"]])
    bars = base.mark_bar().encode(
        color=alt.Color("network:N", scale=colours, legend=alt.Legend(title=None, orient="top"))
    )
    numbers = base.mark_text(align="left", dx=4, color=TEXT).encode(text=alt.Text("share:Q", format=".1%"))
    return finished(bars + numbers, 40 + 44 * len(order))


def moved(texts: Sequence[str], cosines: Array) -> Any:
    """Return the cosine of every token's last vector before and after surgery, one bar a token."""
    low = min(0.0, float(min(cosines)))
    names = [f"{place + 1} {text.strip()}" for place, text in enumerate(texts)]
    table = pd.DataFrame({"token": names, "cosine": np.asarray(cosines, float)})
    bars = alt.Chart(table).mark_bar(color=ROLES["wrong"]).encode(
        x=alt.X("token:N", sort=names, title=None, axis=alt.Axis(labelAngle=-55, labelLimit=90, labelOverlap=False)),
        y=alt.Y("cosine:Q", title="cosine, before and after", scale=alt.Scale(domain=[low, 1])),
        tooltip=["token", alt.Tooltip("cosine", format=".4f")],
    )  # fmt: skip
    rule = alt.Chart(pd.DataFrame({"y": [1.0]})).mark_rule(color=TEXT, strokeDash=[4, 3]).encode(y="y:Q")
    return finished(bars + rule, 320)


def sentence(change: Change, place: int) -> str:
    """Say what happened to the candidate that was best before, and which one is best now."""
    before, after = change.before[place], change.after[place]
    was, now = int(np.nanargmax(before)), int(np.nanargmax(after))
    first, then = change.texts[place][was], change.texts[place][now]
    left = f"{after[was]:.1%}" if np.isfinite(after[was]) else "less than all of the new candidates"
    told = f"“{name(first)}” had {before[was]:.1%} and now has {left}."
    return told if was == now else f"{told} The best candidate is now “{name(then)}”."


def name(text: str) -> str:
    """Return a token as it is read: signs for what cannot be seen."""
    return (
        str(text).replace("\n", "↵").replace(" ", "␣", 1) if str(text).startswith(" ") else str(text).replace("\n", "↵")
    )
