"""Where one example lands on the map: the distance of every unit to it, the best and the second best marked."""

from typing import Any

import altair as alt
import numpy as np

from lab.charts.mlp_inside import THREE_DIGITS
from lab.charts.palette import ATTENTION, ROLES
from lab.charts.som_inside import FAINT, cell_shapes, finished, shapes, unit_name
from lab.shown_run import ShownRun

HEIGHT = 380


def best_units(view: Any) -> tuple[int, int]:
    """Return the best-matching unit and the second best."""
    first, second = np.argsort(view.answer_distances, kind="stable")[:2]
    return int(first), int(second)


def touching(run: ShownRun, one: int, other: int) -> bool:
    """Whether two units touch, corners included; on a torus also across the edges. Read from where they stand."""
    places = run.scene["positions"].astype(float)
    gap = np.abs(places[one] - places[other])
    if run.config["toroidal"]:
        pitch = 3.0**0.5 / 2 if run.config["grid"] == "hexagonal" else 1.0
        gap = np.minimum(gap, np.array([run.config["columns"], run.config["rows"] * pitch]) - gap)
    reach = 2.05 if run.config["grid"] == "rectangular" else 1.05
    return bool((gap**2).sum() < reach)


def landing(run: ShownRun, view: Any) -> Any:
    """Return the map coloured by each unit's distance to the example; outlines mark the best two."""
    marks = {best_units(view)[0]: "best unit", best_units(view)[1]: "second best"}
    told = [
        {"distance": float(far), "unit": unit_name(run, place), "mark": marks.get(place, "")}
        for place, far in enumerate(view.answer_distances)
    ]
    features = cell_shapes(run, told)
    colour = alt.Color(
        "properties.distance:Q", title="distance to this example", scale=alt.Scale(range=list(ATTENTION[::-1])),
        legend=alt.Legend(orient="top", gradientLength=160),
    )  # fmt: skip
    tips = [
        alt.Tooltip("properties.unit:N", title="unit"),
        alt.Tooltip("properties.distance:Q", title="distance", format=THREE_DIGITS),
    ]
    ground = shapes(features).mark_geoshape(stroke=FAINT, strokeWidth=0.4).encode(color=colour, tooltip=tips)
    outlined = [one for one in features if one["properties"]["mark"]]
    kinds = alt.Scale(domain=["best unit", "second best"], range=[ROLES["wrong"], ROLES["generated"]])
    rim = shapes(outlined).mark_geoshape(filled=False, strokeWidth=4).encode(
        stroke=alt.Stroke("properties.mark:N", scale=kinds, legend=alt.Legend(title=None, orient="top")), tooltip=tips
    )  # fmt: skip
    return finished(ground + rim, HEIGHT)
