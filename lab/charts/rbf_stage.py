"""The first screen of the network of radial basis functions: the network, the bumps and their sum, learning curves."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from lab.charts import mlp_stage
from lab.charts.palette import CLASSES, ROLES
from lab.charts.stage_panels import (
    Axis,
    CurvesPanel,
    Edges,
    NetworkLayer,
    NetworkPanel,
    Panel,
    Path,
    PlanePanel,
    Points,
    diverging,
    sprite,
)
from lab.shown_run import ShownRun
from models.base import Array

SHOWN = 16
NOTHING = 1e-6  # a curve that deviates less from its ground line is rounding
TILE = 64  # pixels along a side of a drawn bump
BUMP_COLOUR = CLASSES[4]
ROOM = 0.35  # of the targets' reach, above and below them
TICK = 0.035  # length of a centre's stroke, as a share of the picture's height
FAR_OFF, MOST_DECADES = 3.0, 1e4  # a baseline, in the network's largest errors; largest error over the smallest
CORNERS = 33  # of a circle
RINGS = 40  # circles drawn in the plane at most
BASES = {
    "gaussian": "Gaussian bumps", "multiquadric": "multiquadrics", "inverse_multiquadric": "inverse multiquadrics",
    "thin_plate": "thin plates",
}  # fmt: skip


def payload(run: ShownRun, overlay: ShownRun | None = None) -> dict[str, Any]:
    """Return the stage of a run: its newest moment while it trains, all recorded ones afterwards."""
    views = mlp_stage.shown_views(run)
    panels: list[Panel] = [network(run, views), result(run, views), *curves(run, overlay)]
    return mlp_stage.staged(run, panels, overlay, in_epochs=stepwise(run))


def stepwise(run: ShownRun) -> bool:
    """Whether gradients train something; otherwise a step is one more bump."""
    return run.config["fit"] == "gradient" or run.config["centres"] == "trained"


def is_line(run: ShownRun) -> bool:
    """Whether the data is a curve over one input."""
    return "line_ends" in run.scene


# ---- the network ----


def layer_sizes(run: ShownRun) -> list[int]:
    """Return the number of inputs, bumps and outputs."""
    layers = {layer["name"]: int(layer["shape"][-1]) for layer in run.facts["layers"]}
    return [layers["input"], layers["radial"], layers["output"]]


def kernels_of(run: ShownRun, view: Any) -> list[Array]:
    """Return the centres of the shown bumps, (inputs, bumps), and their output weights, (bumps, outputs)."""
    sizes = [min(size, SHOWN) for size in layer_sizes(run)]
    kernels, start = [], 0
    for shape in pairwise(sizes):
        kernels.append(view.edges[start : start + shape[0] * shape[1]].reshape(shape).astype(np.float64))
        start += shape[0] * shape[1]
    if view.centre_images is not None:
        images = view.centre_images[:SHOWN].astype(np.float64)
        kernels[0] = images.reshape(len(images), -1).T
    return kernels


def network(run: ShownRun, views: list[Any]) -> NetworkPanel:
    """Return the picture of the network: inputs, bumps, outputs."""
    sizes, layers = layer_sizes(run), _layers(run)
    kernels = [kernels_of(run, view) for view in views]
    history = [np.stack([pair[place] for pair in kernels]) for place in (0, 1)]
    edges = tuple(
        Edges.strongest(one[-1], layers[place].drawn(), layers[place + 1].drawn(), most=_most_edges(run, place))
        for place, one in enumerate(history)
    )
    tiled = [_tiles(run, view) for view in views] if layers[1].tiles else []
    alts = tuple(
        f"A network of {sizes[0]} input{'s' * (sizes[0] > 1)}, {sizes[1]} bumps and {sizes[2]} "
        f"output{'s' * (sizes[2] > 1)}. At step {step:,} {int(view.joined[0])} bumps have a weight."
        for (step, _), view in zip(run.moments, views, strict=True)
    )
    return NetworkPanel(
        title="The network",
        alt=alts[-1],
        alts=alts,
        notice="Left lines: where a bump stands. Right lines: its weight, blue up, orange down.",
        weight=1.15,
        layers=tuple(layers),
        edges=edges,
        weights=tuple(pair.pick(one) for pair, one in zip(edges, history, strict=True)),
        sprites=tuple(sprite(one) for one in tiled),
        tile=int(tiled[0].shape[1]) if tiled else 0,
        pixelated=mlp_stage.is_image(run),
        maps=mlp_stage.is_plane(run),
    )


def _most_edges(run: ShownRun, place: int) -> int:
    """Return how many lines are drawn: few from pixels, since the bumps show their centres as images already."""
    return 32 if place == 0 and mlp_stage.is_image(run) else 140


def _layers(run: ShownRun) -> list[NetworkLayer]:
    data, (inputs, units, outputs) = run.facts["data"], layer_sizes(run)
    pictured = is_line(run) or mlp_stage.is_plane(run) or mlp_stage.is_image(run)
    if mlp_stage.is_image(run):
        height, width = data["image_shape"]
        first = NetworkLayer("input", f"{height} × {width} pixels", inputs, columns=width, tiles=True)
    else:
        shown = tuple(range(min(inputs, SHOWN)))
        named = tuple(str(name)[:24] for name in data["input_names"][: len(shown)])
        caption = f"{inputs} input{'s' * (inputs > 1)}"
        first = NetworkLayer("input", caption, inputs, shown, named, tiles=pictured)
    drawn = tuple(range(min(units, SHOWN)))
    columns = 1 if len(drawn) <= 8 else 2
    middle = NetworkLayer(
        "bump", f"{units} {BASES[run.config['basis']]}", units, drawn, columns=columns, tiles=pictured
    )
    names = data["class_names"] or [data["target_name"]]
    last = tuple(range(min(outputs, SHOWN)))
    labels = tuple(str(name)[:24] for name in names[: len(last)])
    caption = f"{outputs} output{'s' * (outputs > 1)}"
    pictured = pictured and not mlp_stage.is_image(run)
    return [first, middle, NetworkLayer("output", caption, outputs, last, labels, tiles=pictured)]


def _tiles(run: ShownRun, view: Any) -> Array:
    """Return the small pictures of one view, those of the pixels first: (tiles, side, side, 4) RGBA."""
    if is_line(run):
        ramp = np.linspace(-1.0, 1.0, view.bumps.shape[1])[np.newaxis]
        total = (view.curve.astype(np.float64) - constant(run, view))[np.newaxis]
        return np.concatenate([_filled(ramp), _filled(view.bumps[:SHOWN].astype(np.float64)), _filled(total)])
    if mlp_stage.is_plane(run):
        return _plane_tiles(view)
    centres = _ink(view.centre_images[:SHOWN].astype(np.float64))
    pixels = run.scene["test_images"][0].reshape(-1)
    first = _ink(np.broadcast_to(pixels[:, None, None], (len(pixels), *centres.shape[1:3])))
    return np.concatenate([first, centres])


def _plane_tiles(view: Any) -> Array:
    """Return maps over the plane: of both inputs, of the bumps (all on one scale), and of each class's probability."""
    maps = view.unit_maps.astype(np.float64)
    axis = np.linspace(-1.0, 1.0, maps.shape[1])
    across, up = np.meshgrid(axis, axis[::-1])
    every = np.linspace(0, view.surface.shape[0] - 1, maps.shape[1]).round().astype(int)
    classes = np.moveaxis(view.surface[every][:, every].astype(np.float64), 2, 0)  # (classes, side, side)
    parts = [np.stack([across, up]), maps / (float(np.abs(maps).max()) or 1.0), 2.0 * classes - 1.0]
    return diverging(np.concatenate(parts), limit=1.0)


def _ink(images: Array) -> Array:
    """Return images (n, h, w) of ink in 0..1 as (n, h, w, 4): grey that shows on light and dark ground."""
    found = np.full((*images.shape, 4), 127, np.uint8)
    found[..., 3] = np.rint(255 * np.clip(images, 0.0, 1.0))
    return found


def _filled(curves: Array) -> Array:
    """Return curves (n, places) filled down to their ground line, blue above and orange below: (n, 64, 64, 4) RGBA."""
    places = np.linspace(0, curves.shape[1] - 1, TILE).round().astype(int)
    finite = np.nan_to_num(curves[:, places], posinf=0.0, neginf=0.0)
    largest = float(np.abs(finite).max())
    heights = finite / (largest if largest > NOTHING else 1.0) * (TILE / 2)  # (n, side), in pixels over the ground line
    rows = (TILE / 2 - 0.5 - np.arange(TILE))[:, np.newaxis]
    above = (rows > 0) & (rows <= heights[:, np.newaxis])
    below = (rows < 0) & (rows >= heights[:, np.newaxis])
    filled = diverging(above.astype(float) - below.astype(float), limit=1.0)
    ground = np.zeros(filled.shape[:3], bool)
    ground[:, TILE // 2] = True
    filled[ground & (filled[..., 3] == 0)] = (127, 127, 127, 160)
    return filled


# ---- what it makes of the data ----


def result(run: ShownRun, views: list[Any]) -> Panel:
    """Return the picture that fits the data: bumps and sum, a plane with circles, a mosaic, or a diagonal."""
    if is_line(run):
        return line(run, views)
    panel = mlp_stage.result(run, views)
    if not isinstance(panel, PlanePanel) or not mlp_stage.is_plane(run):
        return panel
    drawn = "Circles: one width around each centre." if run.config["basis"] != "thin_plate" else "Crosses: the centres."
    return replace(panel, paths=(_circles(run, views),), notice=f"{drawn} Hollow points are new to it.")


def line(run: ShownRun, views: list[Any]) -> PlanePanel:
    """Return the data, every bump times its weight, and their sum."""
    scene, data = run.scene, run.facts["data"]
    low, high = (float(end) for end in scene["line_ends"])
    y = _room(np.concatenate([scene["train_line"][:, 1], scene["test_line"][:, 1]]), str(data["target_name"]))
    unit = " (standardized)" if data["name"] == "own" else ""
    alts = _line_alts(run, views)
    return PlanePanel(
        title="The bumps and their sum",
        alt=alts[-1],
        alts=alts,
        notice="The thick curve adds up the thin bumps and a constant. Strokes below: their centres.",
        weight=1.5,
        x=Axis(f"{data['input_names'][0]}{unit}", low, high),
        y=y,
        points=tuple(
            Points(positions=scene[f"{part}_line"], groups=np.zeros(len(scene[f"{part}_line"]), int),
                   test=np.full(len(scene[f"{part}_line"]), part == "test"))
            for part in ("train", "test")
        ),
        paths=_line_paths(run, views, y),
        classes=("data",),
        colours=(ROLES["real"],),
        square=False,
        messages=tuple("" if np.isfinite(view.curve).any() else mlp_stage.LOST for view in views),
    )  # fmt: skip


def _room(values: Array, label: str) -> Axis:
    low, high = float(values.min()), float(values.max())
    margin = ROOM * (high - low) or 1.0
    return Axis(label, low - margin, high + margin)


def _line_paths(run: ShownRun, views: list[Any], y: Axis) -> tuple[Path, ...]:
    paths = []
    if "truth" in run.scene:
        truth = run.scene["truth"]
        paths.append(Path(positions=truth, label="true curve", colour=ROLES["baseline"], width=1.5, dashed=True))
    thin = np.stack([bump_line(run, view, y) for view in views])
    paths.append(Path(positions=thin, label="bumps", colour=BUMP_COLOUR, width=1.2))
    x = np.linspace(run.scene["line_ends"][0], run.scene["line_ends"][1], views[0].curve.shape[0])
    thick = np.stack([np.stack([x, _within(view.curve, y)], axis=1) for view in views])
    ticks = np.stack([centre_ticks(view, y) for view in views])
    paths.append(Path(positions=ticks, colour="ink", width=1.3))
    return (*paths, Path(positions=thick, label="their sum", colour="ink", width=2.6))


def centre_ticks(view: Any, y: Axis) -> Array:
    """Return a short upright stroke at every centre, at the foot of the picture: (bumps * 3, 2)."""
    x = view.line_centres.astype(np.float64)
    foot, top = np.full(len(x), y.low), np.full(len(x), y.low + TICK * (y.high - y.low))
    strokes = np.stack([np.stack([x, foot], axis=1), np.stack([x, top], axis=1), np.full((len(x), 2), np.nan)], axis=1)
    return strokes.reshape(-1, 2)


def bump_line(run: ShownRun, view: Any, y: Axis) -> Array:
    """Return all recorded bumps as one line with the pen lifted between them: (bumps * (81 + 1), 2).

    They stand on the network's constant, which the sum contains once; bumps that have not joined are left out.
    """
    x = np.linspace(run.scene["line_ends"][0], run.scene["line_ends"][1], view.bumps.shape[1])
    heights = _within(view.bumps + constant(run, view), y)
    heights[~np.any(view.bumps != 0.0, axis=1)] = np.nan
    joined = np.stack([np.broadcast_to(x, heights.shape), heights], axis=-1)
    return np.pad(joined, ((0, 0), (0, 1), (0, 0)), constant_values=np.nan).reshape(-1, 2)


def constant(run: ShownRun, view: Any) -> float:
    """Return the network's constant in the target's unit."""
    targets = run.scene["train_targets"].astype(np.float64)
    return float(view.bias[0]) * (float(targets.std()) or 1.0) + float(targets.mean())


def _within(values: Array, axis: Axis) -> Array:
    """Cut values far outside the picture, so that the rest keeps its precision on the way to the browser."""
    reach = axis.high - axis.low
    return np.clip(np.nan_to_num(values.astype(np.float64), nan=np.nan), axis.low - reach, axis.high + reach)


def _line_alts(run: ShownRun, views: list[Any]) -> tuple[str, ...]:
    rows = {int(row["step"]): row for row in run.rows}
    return tuple(
        f"Points, {int(view.joined[0])} bumps times their weights, and their sum. At step {step:,} the root mean "
        f"squared error on test data is {mlp_stage.short(float(rows.get(step, {}).get('test_rmse', np.nan)))}."
        for (step, _), view in zip(run.moments, views, strict=True)
    )


def _circles(run: ShownRun, views: list[Any]) -> Path:
    """Return a circle of one width around every centre, one pen stroke each."""
    angle = np.linspace(0.0, 2 * np.pi, CORNERS)
    round_ = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    size = 0.12 if run.config["basis"] == "thin_plate" else 3.0  # the network gets x / 3: back to the picture's units
    frames = []
    for view in views:
        centres, widths = view.plane_centres[:RINGS].astype(np.float64), view.widths[:RINGS, np.newaxis, np.newaxis]
        rings = centres[:, np.newaxis] + size * widths * round_
        frames.append(np.pad(rings, ((0, 0), (0, 1), (0, 0)), constant_values=np.nan).reshape(-1, 2))
    return Path(positions=np.stack(frames), label="bumps", colour=ROLES["baseline"], width=1.3)


# ---- learning curves ----


def curves(run: ShownRun, overlay: ShownRun | None = None) -> list[Any]:
    """Return the curves of the squared error and of the score; without gradients a step is one more bump."""
    loss, score = mlp_stage.curves(run, overlay)
    label = "step" if stepwise(run) else "bumps in the network"
    if _needs_decades(score):
        score = replace(score, logarithmic=True, low=None)
    return [replace(loss, title="Squared error", y_label="squared error", x_label=label), replace(score, x_label=label)]


def _needs_decades(score: CurvesPanel) -> bool:
    """Whether a baseline is so far off that an even axis would flatten the curves, and a logarithmic one does not.

    Where the error falls to rounding, seventeen decades would flatten them as much.
    """
    seen = np.concatenate([line.values[np.isfinite(line.values)] for line in score.series])
    if not len(seen) or float(seen.min()) < float(seen.max()) / MOST_DECADES:
        return False
    return any(np.isfinite(value) and value > FAR_OFF * float(seen.max()) for _, value in score.baselines)
