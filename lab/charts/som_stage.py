"""The first screen of the self-organizing map: the map itself, the net in the space of the data, and its two errors.

Built ten times a second while a map trains: whatever stands still is computed once for all frames.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from lab.charts import som_map
from lab.charts.mlp_stage import series, shown_views, staged, told_steps
from lab.charts.palette import CLASSES, ROLES
from lab.charts.stage_panels import (
    Axis,
    CurvesPanel,
    ImagesPanel,
    Panel,
    Path,
    PlanePanel,
    Points,
    png,
)
from lab.shown_run import ShownRun
from models.base import Array

POINT = 2.4  # pixels
MARGIN = 0.06


def payload(run: ShownRun, overlay: ShownRun | None = None) -> dict[str, Any]:
    """Return the stage of a run: its newest moment while it trains, all recorded ones afterwards."""
    views = shown_views(run)
    return staged(run, [the_map(run, views), spread(run, views), *curves(run, overlay)], overlay)


def is_image(run: ShownRun) -> bool:
    """Whether the data are images."""
    return run.facts["data"]["image_shape"] is not None


def is_photograph(run: ShownRun) -> bool:
    """Whether the data are the colours of a photograph."""
    return "photograph" in run.scene


# ---- the map itself ----


def the_map(run: ShownRun, views: list[Any]) -> ImagesPanel:
    """Return the grid of units: prototypes as images, as colours, or the distances between them with class pies."""
    rows, columns = run.config["rows"], run.config["columns"]
    if is_image(run):
        draw, title, notice = som_map.mosaic, "The map: what each unit stands for", "Alike stands next to alike."
        legend: tuple[tuple[str, str], ...] = ()
        told = "every unit's prototype as an image."
    elif is_photograph(run):
        draw, title, notice = som_map.swatches, "The map: one colour a unit", "Neighbours have similar colours."
        legend, told = (), "every unit in the colour of its prototype."
    else:
        draw, title, notice = som_map.labelled, "The map", "Discs: examples won. Violet: far from its neighbours."
        legend = ((som_map.RIDGE, "distance to neighbours"), *_class_legend(run))
        told = "every unit shaded by its distance to its neighbours, with a disc for the examples it won."
    alts = told_steps(run, f"A map of {rows} by {columns} units, {told}", "test_trust", "trustworthiness is")
    return ImagesPanel(
        title=title, alt=alts[-1], alts=alts, notice=notice, weight=1.2, legend=legend, square=True,
        images=tuple(png(draw(run, view)) for view in views), pixelated=is_image(run),
    )  # fmt: skip


def _class_legend(run: ShownRun) -> tuple[tuple[str, str], ...]:
    names = run.facts["data"]["class_names"]
    return tuple((CLASSES[place % len(CLASSES)], str(name)) for place, name in enumerate(names[:10]))


# ---- the net in the space of the data ----


def result(run: ShownRun, views: list[Any]) -> Panel:
    """Return the picture for small places: the net over the data, or the repainted photograph."""
    return spread(run, views)


def spread(run: ShownRun, views: list[Any]) -> Panel:
    """Return the net among the data points, or the photograph in the map's colours."""
    return _photograph(run, views) if is_photograph(run) else net(run, views)


def net(run: ShownRun, views: list[Any]) -> PlanePanel:
    """Return the training points with the net of prototypes over them, in x1 and x2 or in the principal plane."""
    data, points = run.facts["data"], run.scene["points"]
    classes = data["task"] == "classification"
    groups = run.scene["point_targets"].astype(int) if classes else np.zeros(len(points), int)
    alts = told_steps(run, f"Data points with the net of units over them{_plane_words(run)}.", "test_qe", _QE_WORDS)
    return PlanePanel(
        title="The net in the data",
        alt=alts[-1],
        alts=alts,
        notice="Each knot is a unit; lines join neighbours on the map.",
        weight=1.3,
        x=_axis(run, 0),
        y=_axis(run, 1),
        points=(Points(positions=points, groups=groups % len(CLASSES), size=POINT),),
        paths=(Path(positions=_lines(run, views), label="the map", colour="ink", width=1.3, nodes=True),),
        classes=tuple(str(name) for name in data["class_names"]) if classes else (),
        colours=CLASSES if classes else (ROLES["baseline"],),
    )


_QE_WORDS = "the mean distance of a test example to its best unit is"


def _plane_words(run: ShownRun) -> str:
    return "" if run.facts["data"]["plane"] else ", in the plane of the data's two principal axes"


def _axis(run: ShownRun, place: int) -> Axis:
    """Return an axis that shows all data; the net lies among the data, but for one that has left it."""
    values = run.scene["points"][:, place].astype(float)
    low, high = float(values.min()), float(values.max())
    margin = MARGIN * (high - low) or 1.0
    if run.facts["data"]["plane"]:
        return Axis(f"x{place + 1}", low - margin, high + margin)
    share = float(run.scene["plane_shares"][place])
    return Axis(f"main axis {place + 1} ({100 * share:.0f} % of the spread)", low - margin, high + margin)


def order_of_lines(rows: int, columns: int) -> Array:
    """Return the units in the order of a pen that draws all rows, then all columns; -1 lifts it: (n,)."""
    units = np.arange(rows * columns).reshape(rows, columns)
    lifted = [np.pad(lines, ((0, 0), (0, 1)), constant_values=-1) for lines in (units, units.T) if lines.shape[1] > 1]
    return np.concatenate([lines.ravel() for lines in lifted])


def _lines(run: ShownRun, views: list[Any]) -> Array:
    order = order_of_lines(run.config["rows"], run.config["columns"])
    places = np.stack([view.places[order] for view in views]).astype(np.float64)
    places[:, order < 0] = np.nan
    return places


def _photograph(run: ShownRun, views: list[Any]) -> ImagesPanel:
    count = run.config["rows"] * run.config["columns"]
    alts = told_steps(run, f"A photograph, and below it the same in {count} colours.", "test_explained",
                 "the share of the spread of colours that is kept is")  # fmt: skip
    return ImagesPanel(
        title=f"The photograph, and in {count} colours",
        alt=alts[-1],
        alts=alts,
        notice="Below, every pixel has the colour of its best unit.",
        weight=1.1,
        images=tuple(png(som_map.repainted(run, view)) for view in views),
        pixelated=False,
    )


# ---- the two errors ----


def curves(run: ShownRun, overlay: ShownRun | None = None) -> list[CurvesPanel]:
    """Return the quantization error with the k-means floor, and under it the topographic error."""
    floor = tuple(
        ("k-means", float(one["value"])) for one in run.facts.get("baselines", []) if one["metric"] == "test_qe"
    )
    qe = [series(run, f"{part}_qe", part, part) for part in ("train", "test")]
    corner = run.config["grid"] == "rectangular"
    te = [series(run, "test_te", "4 neighbours" if corner else "6 neighbours", "train")]
    if corner:
        te.append(series(run, "test_te8", "8 neighbours", "test"))
    if overlay is not None:
        qe.append(series(overlay, "test_qe", "test, other run", "test", overlay=True))
        te.append(series(overlay, "test_te8", "8 neighbours, other run", "test", overlay=True))
    top = max((float(line.values[0]) for line in qe if len(line.values) and np.isfinite(line.values[0])), default=1.0)
    first = CurvesPanel(
        title="Quantization error",
        alt="", alts=told_steps(run, "Mean distance to the best unit over the steps.", "test_qe", "on test data it is"),
        series=tuple(qe), y_label="mean distance", until=None if run.final else float(run.total_steps), low=0.0,
        high=top, baselines=floor,
    )  # fmt: skip
    second = replace(
        first, title="Topographic error", series=tuple(te), y_label="share of examples", baselines=(), high=1.0,
        alts=told_steps(run, "Share of test examples whose two best units do not touch.", "test_te", "it is"),
        below=True,
    )  # fmt: skip
    return [replace(panel, alt=panel.alts[-1]) for panel in (first, second)]
