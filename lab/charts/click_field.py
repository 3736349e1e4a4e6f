"""A field of places to click, with the points that are set: arrays in, Altair chart out."""

from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.gan_inside import finished
from lab.charts.palette import ROLES
from models.base import Array


@dataclass(frozen=True)
class Grid:
    """The places of a field: where it begins and ends, how many there are, and how it is drawn.

    ends: x from, to, y from, to; columns, rows: places along each axis; names: of the axes; height: of the field in
    pixels; mark, dot: areas of a place and of a set point; ink: how much of the places shows.
    """

    ends: tuple[float, float, float, float]
    columns: int
    rows: int
    names: tuple[str, str]
    height: int
    mark: int
    dot: int
    ink: float


def clickable(points: Array, grid: Grid) -> Any:
    """Return the field with points (n, 2) on it: selection "place" tells x and y of a click."""
    left, right, low, high = grid.ends
    x, y = np.meshgrid(np.linspace(left, right, grid.columns), np.linspace(low, high, grid.rows))
    field = pd.DataFrame({"x": np.round(x.ravel(), 1), "y": np.round(y.ravel(), 1)})
    place = alt.selection_point(name="place", fields=["x", "y"], on="click", empty=False)
    scales = [alt.Scale(domain=list(ends), nice=False, padding=6) for ends in ((left, right), (low, high))]
    axes = {
        "x": alt.X("x:Q", title=grid.names[0], scale=scales[0]),
        "y": alt.Y("y:Q", title=grid.names[1], scale=scales[1]),
    }
    free = alt.Chart(field).mark_square(size=grid.mark, color=ROLES["baseline"], opacity=grid.ink).encode(**axes)
    chosen = pd.DataFrame({"x": points[:, 0], "y": points[:, 1]})
    dots = alt.Chart(chosen).mark_circle(size=grid.dot, color=ROLES["real"], opacity=1).encode(**axes)
    return finished(dots + free.add_params(place), grid.height)
