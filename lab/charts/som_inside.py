"""Pictures of the inside of a self-organizing map: arrays in, Altair charts out; None where one does not apply.

The map is drawn as shapes in a plane projection, which keeps squares square and hexagons regular at any width.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.mlp_inside import HEIGHT, TEXT, THREE_DIGITS
from lab.charts.palette import ATTENTION, CLASSES, NEGATIVE, POSITIVE, ROLES
from lab.charts.som_map import frame_of, outline, slices
from lab.shown_run import ShownRun
from models.base import Array

MAP_HEIGHT = 380
PLANES, PLANES_ACROSS = 9, 3  # component planes: those that vary most over the map
GAP = 0.12  # between two component planes, as a share of the map's width
ARC = np.pi / 24  # of a slice, drawn as a polygon
DISTANCES = np.linspace(0.0, 10.0, 201)
FAINT = "#8A8F98"


def shape(corners: Array, **properties: Any) -> dict[str, Any]:
    """Return a polygon, corners (n, 2), as a GeoJSON feature with properties."""
    ring = [[round(float(x), 4), round(float(y), 4)] for x, y in [*corners, corners[0]]]
    return {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": properties}


def cell_shapes(run: ShownRun, properties: Sequence[dict[str, Any]], shift: Iterable[float] = (0.0, 0.0)) -> list[Any]:
    """Return every cell of the map as a feature, moved by `shift`; properties: one dict per unit."""
    centres = run.scene["positions"].astype(float) + np.asarray(list(shift))
    return [shape(centre + outline(run), **named) for centre, named in zip(centres, properties, strict=True)]


def shapes(features: list[Any]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=features))


def finished(chart: Any, height: float = MAP_HEIGHT, upward: bool = False) -> Any:
    return _plain(chart.project(type="identity", reflectY=upward), height)


def _plain(chart: Any, height: float) -> Any:
    """Give a chart its height and the page's text colour: the theme's grey is too faint for a hall."""
    return (
        chart.properties(height=height)
        .configure_axis(labelColor=TEXT, titleColor=TEXT, labelOpacity=0.9, titleOpacity=0.9)
        .configure_legend(labelColor=TEXT, titleColor=TEXT, labelLimit=220, titleLimit=320)
        .configure_view(stroke=None)
    )


def unit_name(run: ShownRun, unit: int) -> str:
    row, column = divmod(unit, int(run.config["columns"]))
    return f"row {row + 1}, column {column + 1}"


# ---- the map ----


def u_matrix(run: ShownRun, view: Any) -> Any:
    """Return the mean distance of every unit to those that touch it, with the examples it won as a number."""
    told = [
        {"distance": float(far), "hits": int(hits), "unit": unit_name(run, place)}
        for place, (far, hits) in enumerate(zip(view.u_matrix, view.hits, strict=True))
    ]
    colour = alt.Color(
        "properties.distance:Q", title="mean distance to the touching units",
        scale=alt.Scale(range=list(ATTENTION)), legend=alt.Legend(orient="top", gradientLength=180, titleLimit=320),
    )  # fmt: skip
    tips = [
        alt.Tooltip("properties.unit:N", title="unit"),
        alt.Tooltip("properties.distance:Q", title="mean distance", format=THREE_DIGITS),
        alt.Tooltip("properties.hits:Q", title="training examples won"),
    ]
    chart = (
        shapes(cell_shapes(run, told)).mark_geoshape(stroke=FAINT, strokeWidth=0.4).encode(color=colour, tooltip=tips)
    )
    return finished(chart)


def classes(run: ShownRun, view: Any) -> Any:
    """Return a disc of class slices on every unit, larger for more examples; None without classes."""
    if view.won is None:
        return None
    names = [str(name) for name in run.facts["data"]["class_names"]]
    ground = shapes(cell_shapes(run, [{}] * len(view.hits))).mark_geoshape(
        fill=None, stroke=FAINT, strokeWidth=0.5, aria=False
    )
    most, features = max(int(view.hits.max()), 1), []
    for unit in np.flatnonzero(view.hits):
        radius = 0.46 * float(view.hits[unit] / most) ** 0.5
        parts = zip(slices(run, view, int(unit)), np.flatnonzero(view.won[unit]), strict=True)
        for (start, end, _), kind in parts:
            told = {"class": names[kind], "examples": int(view.won[unit, kind]), "unit": unit_name(run, int(unit))}
            features.append(shape(_slice(run.scene["positions"][unit], radius, start, end), **told))
    colour = alt.Color(
        "properties.class:N", title=str(run.facts["data"]["target_name"]), sort=names,
        scale=alt.Scale(domain=names, range=[CLASSES[k % len(CLASSES)] for k in range(len(names))]),
        legend=alt.Legend(orient="top", columns=5, symbolType="circle"),
    )  # fmt: skip
    tips = [
        alt.Tooltip("properties.unit:N", title="unit"), alt.Tooltip("properties.class:N", title="class"),
        alt.Tooltip("properties.examples:Q", title="training examples won"),
    ]  # fmt: skip
    return finished(ground + shapes(features).mark_geoshape().encode(color=colour, tooltip=tips), MAP_HEIGHT + 20)


def _slice(centre: Array, radius: float, start: float, end: float) -> Array:
    """Return a slice of a disc as corners: degrees clockwise from the right, y downward, as PIL draws them."""
    angles = np.radians(np.array([start, end]))
    arc = np.linspace(angles[0], angles[1], max(2, int((angles[1] - angles[0]) / ARC) + 1))
    rim = np.asarray(centre, float) + radius * np.stack([np.cos(arc), np.sin(arc)], axis=1)
    return rim if end - start >= 360.0 else np.concatenate([[centre], rim])


def component_planes(run: ShownRun, view: Any) -> Any:
    """Return the map once per input, coloured by that input of each prototype; None for images, which show them all."""
    names = [str(name) for name in run.facts["data"]["input_names"]][: view.prototypes.shape[1]]
    if run.facts["data"]["image_shape"]:
        return None
    values = view.prototypes.astype(float)
    kept = np.sort(np.argsort(-values.std(0), kind="stable")[:PLANES])
    low, high = frame_of(run)
    pitch = (high - low) * (1 + GAP) + [0.0, 0.09 * (high - low).max()]
    features, titles = [], []
    for place, component in enumerate(kept):
        shift = np.array(divmod(place, PLANES_ACROSS))[::-1] * pitch
        told = _levels(run, names[component], values[:, component])
        features += cell_shapes(run, told, shift)
        titles.append({"name": names[component], "x": float((low[0] + high[0]) / 2 + shift[0]),
                       "y": float(low[1] + shift[1] - 0.05 * (high - low).max())})  # fmt: skip
    colour = alt.Color(
        "properties.level:Q", title="lowest to highest on the map",
        scale=alt.Scale(domain=[-1, 0, 1], range=[NEGATIVE, "#F5F5F2", POSITIVE]),
        legend=alt.Legend(orient="top", values=[-1, 1], labelExpr="datum.value < 0 ? 'lowest' : 'highest'"),
    )  # fmt: skip
    tips = [
        alt.Tooltip("properties.name:N", title="input"), alt.Tooltip("properties.unit:N", title="unit"),
        alt.Tooltip("properties.value:Q", title="prototype, as the map gets it", format=THREE_DIGITS),
    ]  # fmt: skip
    cells = shapes(features).mark_geoshape(stroke=FAINT, strokeWidth=0.3).encode(color=colour, tooltip=tips)
    words = alt.Chart(pd.DataFrame(titles)).mark_text(fontSize=12, color=TEXT, limit=190).encode(
        longitude="x:Q", latitude="y:Q", text="name:N"
    )  # fmt: skip
    return finished(cells + words, 90 + 210 * -(-len(kept) // PLANES_ACROSS))


def _levels(run: ShownRun, name: str, values: Array) -> list[dict[str, Any]]:
    """Return each unit's value, and its level from -1 (the lowest on the map) to 1 (the highest)."""
    low, high = float(values.min()), float(values.max())
    levels = 2 * (values - low) / max(high - low, 1e-12) - 1
    return [
        {"name": name, "unit": unit_name(run, unit), "value": float(value), "level": round(float(level), 4)}
        for unit, (value, level) in enumerate(zip(values, levels, strict=True))
    ]


def twist(run: ShownRun, view: Any) -> Any:
    """Return the net in the plane of the data, its triangles coloured by their sense of rotation; None on a torus."""
    if not len(run.scene["triangles"]) or run.config["toroidal"]:
        return None
    most = 1 if (view.turns > 0).sum() >= (view.turns < 0).sum() else -1
    told = {most: "as most", -most: "turned over", 0: "flat"}
    corners = view.places.astype(float)[run.scene["triangles"]]
    features = [shape(three, side=told[int(turn)]) for three, turn in zip(corners, view.turns, strict=True)]
    share = float(np.mean(view.turns == -most))
    colour = alt.Color(
        "properties.side:N", title=f"{share:.0%} of the triangles are turned over",
        scale=alt.Scale(domain=["as most", "turned over"], range=[ROLES["model"], ROLES["wrong"]]),
        legend=alt.Legend(orient="top", titleLimit=320, symbolType="square", symbolStrokeWidth=0.5),
    )  # fmt: skip
    base = shapes(features).mark_geoshape(fillOpacity=0.45, stroke=TEXT, strokeWidth=0.5)
    return finished(
        base.encode(color=colour, tooltip=[alt.Tooltip("properties.side:N", title="triangle")]), upward=True
    )


# ---- the rule ----


def decay(run: ShownRun, view: Any) -> Any:
    """Return how radius and learning rate fell, each as a share of its start."""
    rows = [
        {"step": row["step"], "what": what, "value": row[name], "share": row[name] / run.rows[0][name]}
        for name, what in (("radius", "radius"), ("rate", "learning rate"))
        for row in run.rows
        if row.get(name) is not None
    ]
    kinds = alt.Scale(domain=["radius", "learning rate"], range=[ROLES["model"], ROLES["generated"]])
    dashes = alt.Scale(domain=["radius", "learning rate"], range=[[1, 0], [6, 4]])
    chart = alt.Chart(pd.DataFrame(rows)).mark_line(strokeWidth=2.5).encode(
        x=alt.X("step:Q", title="step", axis=alt.Axis(tickCount=5)),
        y=alt.Y("share:Q", title="share of its start", scale=alt.Scale(domainMin=0), axis=alt.Axis(tickCount=5)),
        color=alt.Color("what:N", scale=kinds, legend=alt.Legend(title=None, orient="top")),
        strokeDash=alt.StrokeDash("what:N", scale=dashes),
        tooltip=["what", "step", alt.Tooltip("value", format=THREE_DIGITS)],
    )  # fmt: skip
    return _plain(chart, HEIGHT + 20)


def neighbourhood_of(kind: str, radius: float, distance: Array = DISTANCES) -> Array:
    """Return how strongly a unit at a grid distance moves with the winner, 1 at the winner itself."""
    squared = np.asarray(distance, float) ** 2 / radius**2
    if kind == "bubble":
        return (squared <= 1.0).astype(float)
    return np.exp(-squared / 2) * (1.0 - squared if kind == "mexican_hat" else 1.0)


def neighbourhood(run: ShownRun, view: Any) -> Any:
    """Return the neighbourhood at the start, the middle and the end of what is recorded."""
    recorded = [row for row in run.rows if row.get("radius") is not None]
    chosen = [recorded[0], recorded[-1]] if len(recorded) > 1 else recorded
    halfway = min(recorded, key=lambda row: abs(row["step"] - recorded[-1]["step"] / 2))
    chosen[1:1] = [halfway] if len(recorded) > 2 else []
    names = [f"step {row['step']:,}: radius {row['radius']:.3g}" for row in chosen]
    rows = pd.DataFrame({
        "distance": np.tile(DISTANCES, len(chosen)),
        "when": np.repeat(names, len(DISTANCES)),
        "pull": np.concatenate([neighbourhood_of(run.config["neighbourhood"], row["radius"]) for row in chosen]),
    })  # fmt: skip
    colours = [ROLES["baseline"], CLASSES[4], ROLES["model"]][-len(names) :]
    chart = alt.Chart(rows).mark_line(strokeWidth=2.5).encode(
        x=alt.X("distance:Q", title="distance to the winner on the grid (units)", axis=alt.Axis(tickCount=6)),
        y=alt.Y("pull:Q", title="pull, as a share of the winner's", axis=alt.Axis(tickCount=5)),
        color=alt.Color("when:N", sort=names, scale=alt.Scale(domain=names, range=colours),
                        legend=alt.Legend(title=None, orient="top", columns=1)),
        tooltip=["when", alt.Tooltip("distance", format=THREE_DIGITS), alt.Tooltip("pull", format=THREE_DIGITS)],
    )  # fmt: skip
    return _plain(chart, HEIGHT + 70)


# ---- the measure of it ----

MEASURES = (
    ("test_explained", "Spread accounted for"),
    ("test_trust", "Trustworthiness"),
    ("test_order", "Order, 8 neighbours"),
    ("test_accuracy", "Labels read off"),
)


def beside(run: ShownRun, view: Any) -> Any:
    """Return the map's shares on test data beside those of methods without a map; more is better."""
    last = run.rows[-1]
    words = dict(MEASURES)
    rows = [(f"{words[name]}: this map", last[name], "model") for name, _ in MEASURES if last.get(name) is not None]
    rows += [
        (f"{words[one['metric']]}: {_lower(one['name'])}", one["value"], "baseline")
        for one in run.facts.get("baselines", [])
        if one["metric"] in words
    ]
    order = [name for _, name in MEASURES]
    rows.sort(key=lambda row: (order.index(row[0].partition(":")[0]), row[2] != "model"))
    return bars(rows, "share, on test data; more is better", 1.0)


def floor(run: ShownRun, view: Any) -> Any:
    """Return the quantization error beside that of k-means with as many centres; less is better."""
    parts = {"train_qe": "training data", "test_qe": "test data"}
    last = run.rows[-1]
    rows = [(f"This map, {parts[name]}", last[name], "model") for name in parts if last.get(name) is not None]
    rows += [
        (f"{one['name']}, {parts[one['metric']]}", one["value"], "baseline")
        for one in run.facts.get("baselines", [])
        if one["metric"] in parts
    ]
    return bars(rows, "mean distance to the best unit; less is better", None)


def _lower(name: str) -> str:
    return name if name.startswith("k-means") else name[0].lower() + name[1:]


def bars(rows: list[tuple[str, float, str]], title: str, top: float | None) -> Any:
    """Draw bars under their names and numbers, so that nothing is clipped on a phone."""
    if not rows:
        return None
    table = pd.DataFrame(rows, columns=["name", "value", "kind"])
    table["label"] = [f"{name}: {value:.3g}" for name, value, _ in rows]
    scale = alt.Scale(domain=[min(0.0, float(table["value"].min())), top]) if top else alt.Scale(domainMin=0)
    base = alt.Chart(table).encode(y=alt.Y("name:N", sort=list(table["name"]), axis=None))
    kinds = alt.Scale(domain=["model", "baseline"], range=[ROLES["model"], ROLES["baseline"]])
    drawn = base.mark_bar(height=14, yOffset=9, cornerRadiusEnd=2).encode(
        x=alt.X("value:Q", title=title, scale=scale, axis=alt.Axis(tickCount=5)),
        color=alt.Color("kind:N", scale=kinds, legend=None),
    )  # fmt: skip
    words = base.mark_text(align="left", baseline="middle", dy=-9, fontSize=12, color=TEXT).encode(
        x=alt.value(0), text="label:N"
    )  # fmt: skip
    return _plain(drawn + words, 50 + 40 * len(rows))
