"""The first screen of the multilayer perceptron: the network, what it makes of the data, and its learning curves."""

from typing import Any

import numpy as np

from lab.charts.palette import CLASSES, ROLES
from lab.charts.stage_panels import (
    Axis,
    CurvesPanel,
    Edges,
    ImagesPanel,
    NetworkLayer,
    NetworkPanel,
    Panel,
    PlanePanel,
    Points,
    Series,
    class_regions,
    diverging,
    png,
    rgb,
    sprite,
    stage_payload,
)
from lab.shown_run import ShownRun
from models.base import Array
from models.views import MAP_SIZE, SURFACE_SIZE

EXTENT = 6.0
SHOWN = 16
MOSAIC_COLUMNS, MOSAIC_ROWS, FRAME = 14, 10, 1


def payload(run: ShownRun, overlay: ShownRun | None = None) -> dict[str, Any]:
    """Return the stage of a run: its newest moment while it trains, all recorded ones afterwards."""
    views = run.views() if run.final else [run.view()]
    steps = [step for step, _ in run.moments]
    epochs = {int(row["step"]): float(row["epoch"]) for row in run.rows}
    panels: list[Panel] = [network(run, views), result(run, views), *curves(run, overlay)]
    return stage_payload(
        panels,
        steps,
        [epochs.get(step, 0.0) for step in steps],
        run=run.run_id,
        replay=run.final and len(steps) > 1,
        overlay=overlay.run_id if overlay else "",
    )


# ---- the network ----


def network(run: ShownRun, views: list[Any]) -> NetworkPanel:
    """Return the picture of the network, read from the layers of the Keras model."""
    sizes = layer_sizes(run)
    layers = [_layer(run, place, size, len(sizes)) for place, size in enumerate(sizes)]
    kernels = [kernels_of(run, view) for view in views]
    pairs = len(sizes) - 1
    edges, weights = [], []
    for place in range(pairs):
        history = np.stack([kernel[place] for kernel in kernels]).astype(np.float64)
        sources, targets = range(history.shape[1]), range(min(history.shape[2], len(layers[place + 1].drawn())))
        chosen = Edges.strongest(history[-1], list(sources), list(targets), most=min(140, 290 // pairs))
        edges.append(chosen)
        weights.append(chosen.pick(history))
    has_tiles = any(layer.tiles for layer in layers)
    tiled = [tiles(run, view) for view in views] if has_tiles else []
    return NetworkPanel(
        title="The network",
        alt=f"A network of {', '.join(str(size) for size in sizes)} units from input to output with its weights.",
        notice="Blue weights push up, orange ones push down. Point at a unit.",
        weight=1.45,
        layers=tuple(layers),
        edges=tuple(edges),
        weights=tuple(weights),
        sprites=tuple(sprite(one) for one in tiled),
        tile=int(tiled[0].shape[1]) if tiled else 0,
        pixelated=not is_plane(run),
    )


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
    for before, after in zip(sizes, sizes[1:], strict=False):
        shape = (min(before, SHOWN), min(after, SHOWN))
        kernels.append(view.edges[start : start + shape[0] * shape[1]].reshape(shape))
        start += shape[0] * shape[1]
    if is_image(run):
        kernels[0] = view.unit_weights[:SHOWN].reshape(-1, sizes[0]).T
    return kernels


def _layer(run: ShownRun, place: int, size: int, count: int) -> NetworkLayer:
    data = run.facts["data"]
    if place == 0 and is_image(run):
        height, width = data["image_shape"]
        return NetworkLayer("input", f"{height} × {width} pixels", size, columns=width, tiles=True)
    shown = tuple(range(min(size, SHOWN)))
    if place == 0:
        labels = tuple(str(name)[:14] for name in data["input_names"][: len(shown)])
        return NetworkLayer("input", f"{size} inputs", size, shown, labels, tiles=is_plane(run))
    if place == count - 1:
        names = data["class_names"] if size > 1 else [_output_name(data)]
        labels = tuple(str(name)[:14] for name in names[: len(shown)])
        return NetworkLayer("output", f"{size} output{'s' * (size > 1)}", size, shown, labels, tiles=is_plane(run))
    columns = 1 if len(shown) <= 8 else 2
    pictured = is_plane(run) or (is_image(run) and place == 1)
    caption = f"{size} {run.config['activation']} unit{'s' * (size > 1)}"
    return NetworkLayer(f"hidden {place}", caption, size, shown, columns=columns, tiles=pictured)


def _output_name(data: dict[str, Any]) -> str:
    return str(data["class_names"][1]) if data["class_names"] else str(data["target_name"])


def tiles(run: ShownRun, view: Any) -> Array:
    """Return the small pictures in the units, in reading order: (tiles, side, side, 4) RGBA."""
    return _plane_tiles(run, view) if is_plane(run) else _image_tiles(run, view)


def _plane_tiles(run: ShownRun, view: Any) -> Array:
    axis = ((np.arange(MAP_SIZE) + 0.5) / MAP_SIZE * 2 - 1) * EXTENT
    x1, x2 = np.meshgrid(axis, axis[::-1])
    known = {
        "x1": x1, "x2": x2, "x1^2": x1**2, "x2^2": x2**2, "x1*x2": x1 * x2, "sin(x1)": np.sin(x1), "sin(x2)": np.sin(x2)
    }  # fmt: skip
    inputs = [diverging(known[name]) for name in run.facts["data"]["input_names"]]
    units = view.unit_maps if view.unit_maps is not None else np.zeros((0, MAP_SIZE, MAP_SIZE))
    hidden = [diverging(unit.astype(np.float64)) for unit in units]
    return np.stack([*inputs, *hidden, _surface_picture(run, view)[_every(SURFACE_SIZE)][:, _every(SURFACE_SIZE)]])


def _every(size: int) -> Array:
    return np.linspace(0, size - 1, MAP_SIZE).round().astype(int)


def _image_tiles(run: ShownRun, view: Any) -> Array:
    """One grey tile per pixel of the first test image, then each unit's first weights as an image."""
    height, width = run.facts["data"]["image_shape"]
    ink = (255 * np.clip(run.scene["test_images"][0].reshape(-1), 0, 1)).astype(np.uint8)
    pixels = np.zeros((height * width, height, width, 4), np.uint8)
    pixels[..., :3] = 127
    pixels[..., 3] = ink[:, np.newaxis, np.newaxis]
    units = np.stack([diverging(unit.astype(np.float64)) for unit in view.unit_weights[:SHOWN]])
    return np.concatenate([pixels, units])


# ---- what it makes of the data ----


def result(run: ShownRun, views: list[Any]) -> Panel:
    """Return the picture that fits the data: a surface, a mosaic of images, a plane of examples, or a diagonal."""
    if is_plane(run):
        return surface(run, views)
    if is_image(run):
        return mosaic(run, views)
    if run.facts["data"]["task"] == "regression":
        return predicted_against_true(run, views)
    return examples_plane(run, views)


def surface(run: ShownRun, views: list[Any]) -> PlanePanel:
    """Return the decision surface with the points of both parts of the data."""
    scene, data = run.scene, run.facts["data"]
    axes = [Axis(name, -EXTENT, EXTENT) for name in ("x1", "x2")]
    regression = data["task"] == "regression"
    clouds = tuple(
        Points(
            positions=scene[f"{part}_points"],
            groups=None if regression else scene[f"{part}_targets"],
            values=scene[f"{part}_targets"] if regression else None,
            test=np.full(len(scene[f"{part}_points"]), part == "test"),
        )
        for part in ("train", "test")
    )
    return PlanePanel(
        title="What it has learned",
        alt="The plane coloured by the network's prediction, with the training points filled and the test points hollow.",
        notice="Colour is the prediction; filled points were trained on, hollow ones are new to it.",
        weight=1.15,
        x=axes[0],
        y=axes[1],
        points=clouds,
        backgrounds=tuple(png(_surface_picture(run, view)) for view in views),
        classes=() if regression else tuple(data["class_names"]),
    )


def _surface_picture(run: ShownRun, view: Any) -> Array:
    values = view.surface.astype(np.float64)
    if run.facts["data"]["task"] == "regression":
        return diverging(values[..., 0], limit=float(np.abs(run.scene["train_targets"]).max()))
    return class_regions(values)


def mosaic(run: ShownRun, views: list[Any]) -> ImagesPanel:
    """Return test images side by side, those that the network gets wrong in a frame of warning colour."""
    images = run.scene["test_images"][: MOSAIC_COLUMNS * MOSAIC_ROWS]
    truths = run.scene["test_targets"][: len(images)].astype(int)
    pictures = tuple(png(_mosaic(images, view.probabilities[: len(images)].argmax(axis=1) != truths)) for view in views)
    return ImagesPanel(
        title=f"{len(images)} handwritten digits it has never seen",
        alt="A grid of test digits; those the network gets wrong stand on a warning colour.",
        notice="Watch the mistakes go out one by one. Which ones stay?",
        weight=1.15,
        images=pictures,
        legend=((ROLES["wrong"], "read wrongly"),),
    )


def _mosaic(images: Array, wrong: Array) -> Array:
    """Compose images (n, h, w) in 0..1 into one RGBA picture; ink keeps the middle grey of both themes readable."""
    height, width = images.shape[1] + 2 * FRAME, images.shape[2] + 2 * FRAME
    canvas = np.zeros((MOSAIC_ROWS * height, MOSAIC_COLUMNS * width, 4), np.uint8)
    for place, (image, bad) in enumerate(zip(images, wrong, strict=True)):
        top, left = place // MOSAIC_COLUMNS * height, place % MOSAIC_COLUMNS * width
        cell = canvas[top : top + height, left : left + width]
        if bad:
            cell[..., :3], cell[..., 3] = rgb(ROLES["wrong"]), 255
        inside = cell[FRAME:-FRAME, FRAME:-FRAME]
        inside[..., :3] = (255 * (1 - np.clip(image, 0, 1)))[..., np.newaxis].astype(np.uint8)
        inside[..., 3] = 255
        if bad:
            tint = 0.55 * inside[..., :3] + 0.45 * rgb(ROLES["wrong"])
            inside[..., :3] = tint.astype(np.uint8)
    return canvas


def examples_plane(run: ShownRun, views: list[Any]) -> PlanePanel:
    """Return the test examples on their first two principal components, wrong ones ringed."""
    scene, data = run.scene, run.facts["data"]
    positions = scene["test_plane"] if "test_plane" in scene else np.zeros((len(scene["test_targets"]), 2))
    shares = scene.get("plane_shares", np.zeros(2))
    axes = [_axis(positions[:, k], f"main axis {k + 1} ({100 * float(shares[k]):.0f} % of the spread)") for k in (0, 1)]
    truths = scene["test_targets"].astype(int)
    wrong = np.stack([view.probabilities[: len(truths)].argmax(axis=1) != truths for view in views])
    return PlanePanel(
        title="Examples it has never seen",
        alt="Test examples on their two principal components, coloured by class; wrong predictions are ringed.",
        notice="Ringed examples are predicted wrongly. They sit where classes meet.",
        weight=1.15,
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
    everything = np.concatenate([truths, run.scene["train_targets"]])
    axis = _axis(everything, "")
    predictions = np.stack([np.clip(view.predictions[: len(truths)], axis.low, axis.high) for view in views])
    positions = np.stack([np.broadcast_to(truths, predictions.shape), predictions], axis=-1)
    return PlanePanel(
        title="Predicted against true",
        alt="Each test example's prediction over its true value; on the diagonal both are equal.",
        notice="A perfect network would put every point on the line.",
        weight=1.15,
        x=Axis(f"true {data['target_name']}{unit}", axis.low, axis.high),
        y=Axis("predicted", axis.low, axis.high),
        points=(Points(positions=np.nan_to_num(positions), groups=np.zeros(len(truths), int)),),
        diagonal=True,
    )


def _axis(values: Array, label: str) -> Axis:
    low, high = float(np.min(values)), float(np.max(values))
    margin = 0.06 * (high - low) or 1.0
    return Axis(label, low - margin, high + margin)


# ---- learning curves ----


def curves(run: ShownRun, overlay: ShownRun | None = None) -> list[CurvesPanel]:
    """Return the curve of the loss, and that of the score in whose unit the baselines are measured."""
    regression = run.facts["data"]["task"] == "regression"
    score, label = ("rmse", "root mean squared error") if regression else ("accuracy", "share right")
    unit = run.facts["data"]["target_unit"] if regression else ""
    baselines = tuple(
        (str(one["name"]), float(one["value"]))
        for one in run.facts.get("baselines", [])
        if one["metric"] == f"test_{score}"
    )
    return [
        _curve(run, overlay, "loss", "Loss", "loss", ()),
        _curve(run, overlay, score, label.capitalize(), f"{label}{f' ({unit})' if unit else ''}", baselines),
    ]


def _curve(
    run: ShownRun, overlay: ShownRun | None, name: str, title: str, label: str, baselines: tuple[tuple[str, float], ...]
) -> CurvesPanel:
    lines = [series(run, f"{part}_{name}", part, part) for part in ("train", "test")]
    if overlay is not None:
        lines.append(series(overlay, f"test_{name}", "test, other run", "test", overlay=True))
    return CurvesPanel(
        title=title,
        alt=f"{title} on training and test data over the steps of the training.",
        series=tuple(lines),
        y_label=label,
        baselines=baselines,
        until=float(run.total_steps) if not run.final else None,
    )


def series(run: ShownRun, metric: str, name: str, role: str, overlay: bool = False) -> Series:
    """Return one metric of a run over its steps."""
    rows = [row for row in run.rows if metric in row]
    steps = np.array([row["step"] for row in rows], float)
    return Series(name, steps, np.array([row[metric] for row in rows], float), role=role, overlay=overlay)
