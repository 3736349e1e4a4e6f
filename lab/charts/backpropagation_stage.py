"""The first screen of the page on backpropagation: a small network, and five optimizers on a slice of its loss."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from lab.charts.mlp_stage import layer_sizes, series, short, shown_views, staged
from lab.charts.palette import CLASSES
from lab.charts.stage_panels import (
    Axis,
    CurvesPanel,
    Edges,
    NetworkLayer,
    NetworkPanel,
    Path,
    PlanePanel,
    Points,
    class_regions,
    diverging,
    png,
    sprite,
)
from lab.shown_run import ShownRun
from models.base import Array
from models.views import MAP_SIZE, SLICE_EXTENT

RACERS = ("sgd", "momentum", "nesterov", "rmsprop", "adam")
NAMES = {"sgd": "SGD", "momentum": "momentum", "nesterov": "Nesterov", "rmsprop": "RMSprop", "adam": "Adam"}
BANDS = 12
GREY = 127


def payload(run: ShownRun, overlay: ShownRun | None = None) -> dict[str, Any]:
    """Return the stage of a run: its newest moment while it trains, all recorded ones afterwards."""
    views = shown_views(run)
    return staged(run, [network(run, views), result(run, views), *curves(run, overlay)], overlay)


def network(run: ShownRun, views: list[Any]) -> NetworkPanel:
    """Return the followed network with all of its weights."""
    sizes = layer_sizes(run)
    rows = np.stack([np.asarray(view.weights, float) for view in views])
    edges, weights = zip(*(_edges(rows, sizes, place) for place in range(len(sizes) - 1)), strict=True)
    largest = np.abs(rows).max(axis=1)
    alts = tuple(
        f"A network of {', '.join(map(str, sizes))} units from input to output, trained by "
        f"{NAMES[run.config['optimizer']]}. At step {step:,} its largest parameter is {short(size)} in size."
        for (step, _), size in zip(run.moments, largest, strict=True)
    )
    return NetworkPanel(
        title=f"The network that {NAMES[run.config['optimizer']]} trains",
        alt=alts[-1],
        alts=alts,
        notice="Blue pushes up, orange down; in the units: what each gives over the plane."
        if pictured(run)
        else "Blue weights push up, orange ones push down. Point at a unit.",
        weight=1.1,
        layers=tuple(_layer(run, sizes, place) for place in range(len(sizes))),
        edges=edges,
        weights=weights,
        sprites=tuple(sprite(_tiles(run, view)) for view in views) if pictured(run) else (),
        tile=MAP_SIZE if pictured(run) else 0,
        maps=False,
    )


def pictured(run: ShownRun) -> bool:
    """Whether the units show what they give over the plane of a 2-D set."""
    return bool(run.facts["data"]["plane"]) and all("unit_maps" in arrays for _, arrays in run.moments)


def _tiles(run: ShownRun, view: Any) -> Array:
    """Return the small pictures of inputs, hidden units and output, each up to its own largest value: RGBA tiles."""
    centres = (np.arange(MAP_SIZE) + 0.5) / MAP_SIZE * 2 - 1
    x1, x2 = np.meshgrid(centres, centres[::-1])
    known = {"x1": x1, "x2": x2, "x1*x2": x1 * x2, "x1^2": x1**2}
    inputs = np.stack([known[name] for name in run.facts["data"]["input_names"]])
    maps = np.concatenate([inputs, np.asarray(view.unit_maps, float)])
    largest = np.abs(np.nan_to_num(maps)).max(axis=(1, 2), keepdims=True)
    tiles = diverging(maps / np.where(largest > 0, largest, 1.0), limit=1.0)
    if run.facts["data"]["class_names"]:  # the output is a probability: the colour of the likelier class
        tiles[-1] = class_regions(np.stack([1 - maps[-1], maps[-1]], axis=-1))
    return tiles


def _edges(rows: Array, sizes: list[int], place: int) -> tuple[Edges, Array]:
    """Return the edges between two layers and their weights (frames, edges)."""
    start = sum(before * after + after for before, after in pairwise(sizes[: place + 1]))
    before, after = sizes[place], sizes[place + 1]
    pairs = [(i, j) for i in range(before) for j in range(after)]
    edges = Edges(tuple(i for i, _ in pairs), tuple(j for _, j in pairs))
    return edges, rows[:, start : start + before * after]


def _layer(run: ShownRun, sizes: list[int], place: int) -> NetworkLayer:
    data, size = run.facts["data"], sizes[place]
    if place == 0:
        labels = tuple(str(name).split(" (")[0] for name in data["input_names"])
        return NetworkLayer("input", f"{size} inputs", size, labels=labels, tiles=pictured(run))
    if place == len(sizes) - 1:
        names = data["class_names"] if size > 1 else [data["class_names"][1] if data["class_names"] else "prediction"]
        labels = tuple(map(str, names))
        return NetworkLayer("output", f"{size} output{'s' * (size > 1)}", size, labels=labels, tiles=pictured(run))
    caption = f"{size} {run.config['activation']} unit{'s' * (size > 1)}"
    return NetworkLayer(f"hidden {place}", caption, size, tiles=pictured(run))


# ---- the race on the slice ----


def result(run: ShownRun, views: list[Any]) -> PlanePanel:
    """Return the slice of the loss surface through the followed network, and the way of every optimizer."""
    followed = NAMES[run.config["optimizer"]]
    names = [str(name).split(" (")[0] for name in run.facts["data"]["input_names"][:2]]
    axes = [Axis(f"weight {name} → unit 1", -SLICE_EXTENT, SLICE_EXTENT) for name in names]
    ways = {racer: positions(run, racer) for racer in RACERS}
    paths = tuple(_path(run, racer, ways[racer]) for racer in RACERS)
    now = np.stack([np.stack([_at(run, ways[racer], step) for racer in RACERS]) for step, _ in run.moments])
    alts = tuple(
        f"Training loss over two weights, and five optimizers on it. At step {step:,} the slice lies between "
        f"{short(float(view.surface.min()))} and {short(float(view.surface.max()))}."
        for (step, _), view in zip(run.moments, views, strict=True)
    )
    return PlanePanel(
        title="The race, on a slice of the loss",
        alt=alts[-1],
        alts=alts,
        notice=f"The greyer, the higher the loss. The slice goes through {followed}; the others' other weights differ.",
        weight=1.25,
        x=axes[0],
        y=axes[1],
        points=(Points(now, groups=np.arange(len(RACERS)), size=6.0),),
        paths=paths,
        backgrounds=tuple(png(hills(view.surface)) for view in views),
        classes=tuple(NAMES.values()),
        colours=CLASSES[: len(RACERS)],
    )


def positions(run: ShownRun, racer: str) -> Array:
    """Return step and the two weights of the slice at every recorded moment: (moments, 3); NaN outside the picture."""
    way = np.array([[row["step"], row[f"x_{racer}"], row[f"y_{racer}"]] for row in run.rows], float)
    outside = ~(np.abs(way[:, 1:]) <= SLICE_EXTENT).all(axis=1)
    way[outside, 1:] = np.nan
    return way


def _at(run: ShownRun, way: Array, step: int) -> Array:
    here = way[way[:, 0] == step]
    return here[-1, 1:] if len(here) else np.full(2, np.nan)


def _path(run: ShownRun, racer: str, way: Array) -> Path:
    """Return the way up to each frame: (frames, moments, 2)."""
    frames = [np.where((way[:, :1] <= step), way[:, 1:], np.nan) for step, _ in run.moments]
    followed = racer == run.config["optimizer"]
    return Path(np.stack(frames), colour=CLASSES[RACERS.index(racer)], width=3.0 if followed else 1.5)


def hills(surface: Array) -> Array:
    """Colour the loss as grey bands on a logarithmic scale, the strongest where it is largest: (h, w, 4) uint8."""
    height = np.log(np.maximum(np.nan_to_num(np.asarray(surface, float), nan=1e9, posinf=1e9), 1e-9))
    share = (height - height.min()) / max(float(np.ptp(height)), 1e-9)
    picture = np.full((*height.shape, 4), GREY, np.uint8)
    picture[..., 3] = np.rint(np.minimum(np.floor(share * BANDS), BANDS - 1) / (BANDS - 1) * 0.85 * 255)
    return picture


# ---- curves ----


def curves(run: ShownRun, overlay: ShownRun | None = None) -> list[CurvesPanel]:
    """Return the training loss of all five, and under it the followed network's score beside the baselines."""
    lines = [
        replace(series(run, f"race_{racer}", NAMES[racer], "train"), colour=CLASSES[place])
        for place, racer in enumerate(RACERS)
    ]
    regression = run.facts["data"]["task"] == "regression"
    metric, title = ("test_r2", "R² on test data") if regression else ("test_accuracy", "Share right on test data")
    score = [series(run, metric, NAMES[run.config["optimizer"]], "test")]
    if overlay is not None:
        lines.append(series(overlay, "train_loss", "other run", "train", overlay=True))
        score.append(series(overlay, metric, "other run", "test", overlay=True))
    baselines = tuple(
        (str(one["name"]), float(one["value"])) for one in run.facts.get("baselines", []) if one["metric"] == metric
    )
    until = None if run.final else float(run.total_steps)
    loss_alts, score_alts = _alts(run, metric, title)
    return [
        CurvesPanel(
            title="Training loss of all five", alt=loss_alts[-1], alts=loss_alts, series=tuple(lines),
            y_label="loss (log)", logarithmic=True, until=until,
        ),
        CurvesPanel(
            title=title, alt=score_alts[-1], alts=score_alts, series=tuple(score),
            y_label=title.split(" on ")[0].lower(), baselines=baselines, until=until, low=0.0, high=1.0, below=True,
        ),
    ]  # fmt: skip


def _alts(run: ShownRun, metric: str, title: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    rows = {int(row["step"]): row for row in run.rows}
    losses, scores = [], []
    for step, _ in run.moments:
        row = rows.get(step, {})
        told = ", ".join(f"{NAMES[racer]} {short(float(row.get(f'race_{racer}', np.nan)))}" for racer in RACERS)
        losses.append(f"Training loss at step {step:,}: {told}.")
        scores.append(f"{title} at step {step:,}: {short(float(row.get(metric, np.nan)))}.")
    return tuple(losses), tuple(scores)
