"""The usual activations and their slopes, and where on them the units of one example stand."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.backpropagation_numbers import number
from lab.charts.backpropagation_steps import finished
from lab.charts.palette import CLASSES, ROLES


def bends(view: Any, activations: Sequence[str], chosen: str, sums: Any) -> alt.LayerChart:
    """Return f and f' of the chosen activation over all others in grey; sums: z of the example's hidden units."""
    others = _rows(view.bend_grid, view.bends, activations, "f(z)")
    place = list(activations).index(chosen)
    own = pd.concat(
        [
            _rows(view.bend_grid, view.bends[[place]], [chosen], f"f(z) of {chosen}"),
            _rows(view.bend_grid, view.bend_slopes[[place]], [chosen], f"slope f′(z) of {chosen}"),
        ]
    )
    x = alt.X("z:Q", title="z, the sum in a unit", scale=alt.Scale(domain=[-5, 5]))
    y = alt.Y("value:Q", title="value", scale=alt.Scale(domain=[-2.2, 3]))
    kinds = [f"f(z) of {chosen}", f"slope f′(z) of {chosen}"]
    legend = alt.Legend(title=None, orient="top", columns=1)
    grey = alt.Chart(others).mark_line(color=ROLES["baseline"], opacity=0.4, strokeWidth=1, clip=True).encode(
        x=x, y=y, detail="activation:N", tooltip=["activation"]
    )  # fmt: skip
    lines = alt.Chart(own).mark_line(strokeWidth=3, clip=True).encode(
        x=x, y=y,
        color=alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=[CLASSES[0], CLASSES[5]]), legend=legend),
        strokeDash=alt.StrokeDash("kind:N", scale=alt.Scale(domain=kinds, range=[[1, 0], [6, 3]]), legend=legend),
        tooltip=["kind", alt.Tooltip("z", format=".3g"), alt.Tooltip("value", format=".3g")],
    )  # fmt: skip
    dots = pd.DataFrame({"z": np.asarray(sums, float)})
    dots["value"] = np.interp(dots["z"], view.bend_grid, view.bends[place])
    marks = alt.Chart(dots).mark_point(filled=True, size=90, color=CLASSES[2], clip=True).encode(
        x=x, y=y, tooltip=[alt.Tooltip("z", format=".3g")]
    )  # fmt: skip
    return finished(grey + lines + marks, 360)


def _rows(grid: Any, values: Any, activations: Sequence[str], kind: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "z": np.tile(grid, len(activations)),
            "value": np.asarray(values, float).ravel(),
            "activation": np.repeat(activations, len(grid)),
            "kind": kind,
        }
    )


def steepest(view: Any, activations: Sequence[str]) -> list[dict[str, str]]:
    """Return the largest and smallest slope of each activation on the drawn range."""
    return [
        {
            "Activation": name.replace("_", " "),
            "largest f′": number(float(view.bend_slopes[k].max())),
            "smallest f′": number(float(view.bend_slopes[k].min())),
            "f′(0)": number(float(view.bend_slopes[k][len(view.bend_grid) // 2])),
        }
        for k, name in enumerate(activations)
    ]
