"""The first screen of the multilayer perceptron: the network, what it makes of the data, and its learning curves.

Built ten times a second while a network trains: whatever stands still is computed once for all frames.
"""

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from lab.charts.mistakes import mistakes
from lab.charts.palette import CLASSES
from lab.charts.stage_panels import (
    Axis,
    CurvesPanel,
    Edges,
    NetworkLayer,
    NetworkPanel,
    Panel,
    PlanePanel,
    Points,
    Series,
    class_regions,
    diverging,
    png,
    sprite,
    stage_payload,
)
from lab.shown_run import ShownRun
from models.base import Array
from models.views import MAP_SIZE, SURFACE_SIZE

EXTENT = 6.0
SHOWN = 16  # units of a layer that are recorded
DEEP = 4  # from input to output; more layers than these share the width
FORMULAS = {"x1^2": "x1²", "x2^2": "x2²", "x1*x2": "x1·x2"}
LOST = "The predictions are not numbers any more."
EXPLODED = 1000.0  # a value so many times the first one asks for a logarithmic axis


def payload(run: ShownRun, overlay: ShownRun | None = None) -> dict[str, Any]:
    """Return the stage of a run: its newest moment while it trains, all recorded ones afterwards."""
    views = shown_views(run)
    return staged(run, [network(run, views), result(run, views), *curves(run, overlay)], overlay)


def shown_views(run: ShownRun) -> list[Any]:
    """Return what a stage shows of a run: the newest view while it trains, all recorded ones afterwards."""
    return run.views() if run.final else [run.view()]


def staged(run: ShownRun, panels: list[Panel], overlay: ShownRun | None, in_epochs: bool = True) -> dict[str, Any]:
    """Join panels, made of `shown_views`, with the steps of the run; in_epochs: steps are counted in epochs, too."""
    steps = [step for step, _ in run.moments]
    epochs = {int(row["step"]): float(row["epoch"]) for row in run.rows}
    return stage_payload(
        panels,
        steps,
        [epochs.get(step, 0.0) for step in steps] if in_epochs else (),
        run=run.run_id,
        replay=run.final and len(steps) > 1,
        overlay=overlay.run_id if overlay else "",
    )


def told_steps(run: ShownRun, sentence: str, metric: str, words: str) -> tuple[str, ...]:
    """Add a metric at every recorded step to a sentence about the picture."""
    rows = {int(row["step"]): row for row in run.rows}
    values = ((step, rows.get(step, {}).get(metric)) for step, _ in run.moments)
    return tuple(
        f"{sentence} At step {step:,} {words} {short(float('nan') if value is None else float(value))}."
        for step, value in values
    )


# ---- the network ----


def network(run: ShownRun, views: list[Any]) -> NetworkPanel:
    """Return the picture of the network, read from the layers of the Keras model."""
    sizes = layer_sizes(run)
    layers = [_layer(run, place, size, len(sizes)) for place, size in enumerate(sizes)]
    edges, weights = _strongest_weights(run, views, layers)
    tiled = tiles_of(run, views) if any(layer.tiles for layer in layers) else []
    alts = _network_alts(run, sizes, weights)
    return NetworkPanel(
        title="The network",
        alt=alts[-1],
        alts=alts,
        notice=_network_notice(run),
        weight=1.4,
        layers=tuple(layers),
        edges=edges,
        weights=weights,
        sprites=tuple(sprite(one) for one in tiled),
        tile=int(tiled[0].shape[1]) if tiled else 0,
        pixelated=not is_plane(run),
        maps=is_plane(run),
    )


def _network_notice(run: ShownRun) -> str:
    if not has_stripes(run):
        return "Blue weights push up, orange ones push down. Point at a unit."
    kinds = "class" if run.facts["data"]["task"] == "classification" else "quarter of the target"
    return f"In each unit one stripe per {kinds}: blue, its examples excite the unit; orange, they silence it."


def _strongest_weights(
    run: ShownRun, views: list[Any], layers: list[NetworkLayer]
) -> tuple[tuple[Edges, ...], tuple[Array, ...]]:
    """Choose the weights that are large in the newest view, and return their edges and their history."""
    kernels = [kernels_of(run, view) for view in views]
    pairs = len(layers) - 1
    edges, weights = [], []
    for place in range(pairs):
        history = np.stack([kernel[place] for kernel in kernels]).astype(np.float64)
        ends = layers[place].drawn(), layers[place + 1].drawn()
        chosen = Edges.strongest(history[-1], *ends, most=min(140, 290 // pairs))
        edges.append(chosen)
        weights.append(chosen.pick(history))
    return tuple(edges), tuple(weights)


def _network_alts(run: ShownRun, sizes: list[int], weights: tuple[Array, ...]) -> tuple[str, ...]:
    """Describe the network at every recorded step."""
    shape = f"A network of {', '.join(str(size) for size in sizes)} units from input to output."
    drawn = np.concatenate(weights, axis=1)
    return tuple(
        f"{shape} At step {step:,} the weights drawn lie between {short(row.min())} and {short(row.max())}."
        for (step, _), row in zip(run.moments, drawn, strict=True)
    )


def short(value: float) -> str:
    """Return a number in at most three significant digits, as a person reads it."""
    if not np.isfinite(value):
        return "not a number"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}".replace("-", "−")


def layer_sizes(run: ShownRun) -> list[int]:
    """Return the number of inputs and the units of every dense layer."""
    inputs = int(run.facts["layers"][0]["shape"][0])
    return [inputs] + [int(layer["shape"][0]) for layer in run.facts["layers"] if layer["kind"] == "Dense"]


def is_plane(run: ShownRun) -> bool:
    """Whether the data is a 2-D set."""
    return bool(run.facts["data"]["plane"])


def is_image(run: ShownRun) -> bool:
    """Whether the data are images."""
    return run.facts["data"]["image_shape"] is not None


def kernels_of(run: ShownRun, view: Any) -> list[Array]:
    """Return the weights between the shown units of consecutive layers, each (from, to)."""
    sizes = layer_sizes(run)
    kernels, start = [], 0
    for before, after in pairwise(sizes):
        shape = (min(before, SHOWN), min(after, SHOWN))
        kernels.append(view.edges[start : start + shape[0] * shape[1]].reshape(shape))
        start += shape[0] * shape[1]
    if is_image(run):
        kernels[0] = view.unit_weights[:SHOWN].reshape(-1, sizes[0]).T
    return kernels


def drawn_units(run: ShownRun) -> int:
    """Return how many units of a hidden layer are drawn at most: one column where many layers share the room."""
    return SHOWN if len(layer_sizes(run)) <= DEEP else SHOWN // 2


def _layer(run: ShownRun, place: int, size: int, count: int) -> NetworkLayer:
    data = run.facts["data"]
    if place == 0 and is_image(run):
        height, width = data["image_shape"]
        return NetworkLayer("input", f"{height} × {width} pixels", size, columns=width, tiles=True)
    shown = tuple(range(min(size, SHOWN)))
    pictured = is_plane(run) or has_stripes(run)
    if place == 0:
        labels = tuple(FORMULAS.get(name, _without_unit(str(name))) for name in data["input_names"][: len(shown)])
        return NetworkLayer("input", f"{size} inputs", size, shown, labels, tiles=pictured)
    if place == count - 1:
        names = data["class_names"] if size > 1 else [_output_name(data)]
        labels = tuple(_without_unit(str(name)) for name in names[: len(shown)])
        return NetworkLayer("output", f"{size} output{'s' * (size > 1)}", size, shown, labels, tiles=pictured)
    shown = tuple(range(min(size, drawn_units(run))))
    columns = 1 if len(shown) <= 8 else 2
    pictured = pictured or (is_image(run) and place == 1)
    caption = f"{size} {run.config['activation']} unit{'s' * (size > 1)}"
    return NetworkLayer(f"hidden {place}", caption, size, shown, columns=columns, tiles=pictured)


def _without_unit(name: str) -> str:
    """Return "sepal length" of "sepal length (cm)": beside a unit of the network there is little room."""
    return re.sub(r"\s+\([^)]*\)$", "", name)[:24] or name[:24]


def _output_name(data: dict[str, Any]) -> str:
    return str(data["class_names"][1]) if data["class_names"] else str(data["target_name"])


def tiles(run: ShownRun, view: Any) -> Array:
    """Return the small pictures in the units of one view, in reading order: (tiles, side, side, 4) RGBA."""
    return tiles_of(run, [view])[0]


def tiles_of(run: ShownRun, views: list[Any]) -> list[Array]:
    """Return the small pictures in the units of every view; those of the inputs stand still."""
    if has_stripes(run):
        return [_stripes(np.concatenate([run.scene["input_means"], _drawn_responses(run, view)])) for view in views]
    inputs = _plane_inputs(run) if is_plane(run) else _pixel_inputs(run)
    drawn = _plane_tiles if is_plane(run) else _image_tiles
    return [np.concatenate([inputs, drawn(run, view)]) for view in views]


def _plane_inputs(run: ShownRun) -> Array:
    axis = ((np.arange(MAP_SIZE) + 0.5) / MAP_SIZE * 2 - 1) * EXTENT
    x1, x2 = np.meshgrid(axis, axis[::-1])
    known = {
        "x1": x1, "x2": x2, "x1^2": x1**2, "x2^2": x2**2, "x1*x2": x1 * x2, "sin(x1)": np.sin(x1), "sin(x2)": np.sin(x2)
    }  # fmt: skip
    return _coloured(np.stack([known[name] for name in run.facts["data"]["input_names"]]))


def _plane_tiles(run: ShownRun, view: Any) -> Array:
    output = _surface_picture(run, view)[_every(SURFACE_SIZE)][:, _every(SURFACE_SIZE)]
    if view.unit_maps is None:
        return output[np.newaxis]
    return np.concatenate([_coloured(view.unit_maps[_drawn_places(run)]), output[np.newaxis]])


def _drawn_places(run: ShownRun) -> list[int]:
    """Return where the hidden units that are drawn stand among those that are recorded."""
    sizes = [min(size, SHOWN) for size in layer_sizes(run)[1:-1]]
    starts = np.cumsum([0, *sizes])
    return [start + k for start, size in zip(starts, sizes, strict=False) for k in range(min(size, drawn_units(run)))]


def has_stripes(run: ShownRun) -> bool:
    """Whether the units of a network on a table are drawn with what excites them."""
    return "input_means" in run.scene


def _drawn_responses(run: ShownRun, view: Any) -> Array:
    recorded = sum(min(size, SHOWN) for size in layer_sizes(run)[1:-1])
    return np.concatenate([view.responses[_drawn_places(run)], view.responses[recorded:]])


def _stripes(means: Array) -> Array:
    """Draw one stripe per group in each unit, side by side: (units, groups) to (units, 24, 24, 4) RGBA."""
    places = np.arange(MAP_SIZE) * means.shape[1] // MAP_SIZE
    return _coloured(np.repeat(np.asarray(means, np.float64)[:, np.newaxis, places], MAP_SIZE, axis=1))


def _coloured(maps: Array) -> Array:
    """Colour maps (count, side, side), each up to its own largest value: (count, side, side, 4) RGBA."""
    values = np.asarray(maps, np.float64)
    largest = np.abs(np.where(np.isfinite(values), values, 0.0)).max(axis=(1, 2), keepdims=True)
    return diverging(values / np.where(largest > 0, largest, 1.0), limit=1.0)


def _every(size: int) -> Array:
    return np.linspace(0, size - 1, MAP_SIZE).round().astype(int)


def _pixel_inputs(run: ShownRun) -> Array:
    """Return one grey tile per pixel of the first test image."""
    height, width = run.facts["data"]["image_shape"]
    ink = (255 * np.clip(run.scene["test_images"][0].reshape(-1), 0, 1)).astype(np.uint8)
    pixels = np.zeros((height * width, height, width, 4), np.uint8)
    pixels[..., :3] = 127
    pixels[..., 3] = ink[:, np.newaxis, np.newaxis]
    return pixels


def _image_tiles(run: ShownRun, view: Any) -> Array:
    """Return each unit's first weights as an image."""
    return _coloured(view.unit_weights[: drawn_units(run)])


# ---- what it makes of the data ----


def result(run: ShownRun, views: list[Any]) -> Panel:
    """Return the picture that fits the data: a surface, a mosaic of images, a plane of examples, or a diagonal."""
    if is_plane(run):
        return surface(run, views)
    if is_image(run):
        return mistakes(run, views, run.scene["test_images"][..., np.newaxis], "Digits it has never seen")
    if run.facts["data"]["task"] == "regression":
        return predicted_against_true(run, views)
    return examples_plane(run, views)


def surface(run: ShownRun, views: list[Any]) -> PlanePanel:
    """Return the decision surface with the points of both parts of the data."""
    data = run.facts["data"]
    axes = [Axis(name, -EXTENT, EXTENT) for name in ("x1", "x2")]
    alts = _scores(run, "The plane coloured by the prediction; training points are filled, test points hollow.")
    return PlanePanel(
        title="What it has learned",
        alt=alts[-1],
        alts=alts,
        notice="Colour is the prediction; hollow points are new to it.",
        weight=1.25,
        x=axes[0],
        y=axes[1],
        points=_plane_points(run),
        backgrounds=tuple(png(_surface_picture(run, view)) for view in views),
        classes=() if data["task"] == "regression" else tuple(data["class_names"]),
        messages=tuple("" if np.isfinite(view.surface).any() else LOST for view in views),
    )


def _plane_points(run: ShownRun) -> tuple[Points, ...]:
    scene, regression = run.scene, run.facts["data"]["task"] == "regression"
    return tuple(
        Points(
            positions=scene[f"{part}_points"],
            groups=None if regression else scene[f"{part}_targets"],
            values=scene[f"{part}_targets"] if regression else None,
            test=np.full(len(scene[f"{part}_points"]), part == "test"),
        )
        for part in ("train", "test")
    )


def _scores(run: ShownRun, sentence: str) -> tuple[str, ...]:
    """Add the score on the test data at every recorded step to a sentence about the picture."""
    rows = {int(row["step"]): row for row in run.rows}
    unit = run.facts["data"]["target_unit"]
    if run.facts["data"]["task"] == "regression":
        told = "the root mean squared error on test data is {}" + (f" {unit}" if unit else "")
        name = "test_rmse"
    else:
        told, name = "the share of test examples right is {}", "test_accuracy"
    scores = ((step, float(rows.get(step, {}).get(name, np.nan))) for step, _ in run.moments)
    return tuple(f"{sentence} At step {step:,} {told.format(short(score))}." for step, score in scores)


def _surface_picture(run: ShownRun, view: Any) -> Array:
    values = view.surface.astype(np.float64)
    if run.facts["data"]["task"] == "regression":
        return diverging(values[..., 0], limit=float(np.abs(run.scene["train_targets"]).max()))
    return class_regions(values)


def examples_plane(run: ShownRun, views: list[Any]) -> PlanePanel:
    """Return the test examples on their first two principal components, wrong ones ringed."""
    scene, data = run.scene, run.facts["data"]
    positions = scene["test_plane"] if "test_plane" in scene else np.zeros((len(scene["test_targets"]), 2))
    shares = scene.get("plane_shares", np.zeros(2))
    axes = [_axis(positions[:, k], f"main axis {k + 1} ({100 * float(shares[k]):.0f} % of the spread)") for k in (0, 1)]
    truths = scene["test_targets"].astype(int)
    wrong = np.stack([view.probabilities[: len(truths)].argmax(axis=1) != truths for view in views])
    alts = tuple(
        f"Test examples on their two principal components, coloured by class. At step {step:,}, "
        f"{int(one.sum())} of {len(truths)} are predicted wrongly and ringed."
        for (step, _), one in zip(run.moments, wrong, strict=True)
    )
    return PlanePanel(
        title="Examples it has never seen",
        alt=alts[-1],
        alts=alts,
        notice="Rings mark mistakes; they end up where classes meet.",
        weight=1.25,
        x=axes[0],
        y=axes[1],
        points=(Points(positions=positions, groups=truths % len(CLASSES), wrong=wrong),),
        classes=tuple(str(name) for name in data["class_names"]),
        square=False,
    )


def predicted_against_true(run: ShownRun, views: list[Any]) -> PlanePanel:
    """Return prediction against truth of the test examples, with the diagonal on which both are equal."""
    truths = run.scene["test_targets"].astype(np.float64)
    data = run.facts["data"]
    unit = f" ({data['target_unit']})" if data["target_unit"] else ""
    axis = _axis(np.concatenate([truths, run.scene["train_targets"]]), "")
    predictions = np.stack([view.predictions[: len(truths)].astype(np.float64) for view in views])
    # Predictions beyond the picture stand at its edge; those that are not numbers stand nowhere.
    shown = np.where(np.isfinite(predictions), np.clip(predictions, axis.low, axis.high), np.nan)
    positions = np.stack([np.broadcast_to(truths, shown.shape), shown], axis=-1)
    alts = _scores(run, "Each test example's prediction over its true value; on the diagonal both are equal.")
    return PlanePanel(
        title="Predicted against true",
        alt=alts[-1],
        alts=alts,
        notice="A perfect network would put every point on the line.",
        weight=1.25,
        x=Axis(f"true {data['target_name']}{unit}", axis.low, axis.high),
        y=Axis(f"predicted{unit}", axis.low, axis.high),
        points=(Points(positions=positions, groups=np.zeros(len(truths), int)),),
        diagonal=True,
        messages=tuple(LOST if np.isnan(one).mean() > 0.5 else "" for one in shown),
    )


def _axis(values: Array, label: str) -> Axis:
    low, high = float(np.min(values)), float(np.max(values))
    margin = 0.06 * (high - low) or 1.0
    return Axis(label, low - margin, high + margin)


# ---- learning curves ----


def curves(run: ShownRun, overlay: ShownRun | None = None) -> list[CurvesPanel]:
    """Return the curve of the loss, and under it that of the score in whose unit the baselines are measured."""
    regression = run.facts["data"]["task"] == "regression"
    name, title = ("rmse", "Root mean squared error") if regression else ("accuracy", "Share right")
    unit = run.facts["data"]["target_unit"] if regression else ""
    baselines = tuple(
        (str(one["name"]), float(one["value"]))
        for one in run.facts.get("baselines", [])
        if one["metric"] == f"test_{name}"
    )
    loss = _curve(run, overlay, "loss", "Loss", "loss")
    score = _curve(run, overlay, name, title, f"error ({unit})" if unit else title.lower())
    largest = max([score.high or 0.0, *(value for _, value in baselines)]) if regression else 1.0
    return [loss, replace(score, baselines=baselines, high=largest, below=True)]


def _curve(run: ShownRun, overlay: ShownRun | None, name: str, title: str, label: str) -> CurvesPanel:
    """Return one curve of both parts of the data, on axes that stand still from the first frame on."""
    lines = [series(run, f"{part}_{name}", part, part) for part in ("train", "test")]
    firsts = [float(line.values[0]) for line in lines if len(line.values) and np.isfinite(line.values[0])]
    finite = np.concatenate([line.values[np.isfinite(line.values)] for line in lines])
    if overlay is not None:
        lines.append(series(overlay, f"test_{name}", "test, other run", "test", overlay=True))
    exploded = bool(firsts) and float(finite.max(initial=0.0)) > EXPLODED * max(*firsts, 1e-9)
    alts = _curve_alts(run, name, title)
    return CurvesPanel(
        title=title,
        alt=alts[-1],
        alts=alts,
        series=tuple(lines),
        y_label=label,
        logarithmic=exploded,
        until=None if run.final else float(run.total_steps),
        low=None if exploded else 0.0,
        high=max(firsts, default=None),
    )


def _curve_alts(run: ShownRun, name: str, title: str) -> tuple[str, ...]:
    """Tell the values at every recorded step."""
    rows = {int(row["step"]): row for row in run.rows}
    told = []
    for step, _ in run.moments:
        train, test = (float(rows.get(step, {}).get(f"{part}_{name}", np.nan)) for part in ("train", "test"))
        told.append(f"{title} on training data {short(train)}, on test data {short(test)} at step {step:,}.")
    return tuple(told)


def series(run: ShownRun, metric: str, name: str, role: str, overlay: bool = False) -> Series:
    """Return one metric of a run over its steps."""
    rows = [row for row in run.rows if metric in row]
    steps = np.array([row["step"] for row in rows], float)
    return Series(name, steps, np.array([row[metric] for row in rows], float), role=role, overlay=overlay)
