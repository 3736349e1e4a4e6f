"""The first screen of gradient flow: gradients of a few weights, their norm at every layer, and the learning curves."""

from dataclasses import replace
from typing import Any

import numpy as np

from lab.charts.mlp_stage import curves, short, shown_views, staged
from lab.charts.palette import CLASSES, ROLES
from lab.charts.stage_panels import (
    Axis,
    Edges,
    NetworkLayer,
    NetworkPanel,
    Path,
    PlanePanel,
    Points,
)
from lab.shown_run import ShownRun
from models.base import Array

PIXELS = (18, 19, 20, 21, 42, 43, 44, 45)  # of the 8 x 8 image, in the order of models.gradient_measures
DECADES = 6.0  # powers of ten between an edge in full width and one that is not drawn
THEORY = CLASSES[7]
MOST_TICKS = 8
GREY = 6  # among the class colours
LOST = "The gradient is not a number any more."


def payload(run: ShownRun, overlay: ShownRun | None = None) -> dict[str, Any]:
    """Return the stage of a run: its newest moment while it trains, all recorded ones afterwards."""
    views = shown_views(run)
    return staged(run, [network(run, views), result(run, views, overlay), *curves(run, overlay)], overlay)


# ---- the gradient of single weights ----


def network(run: ShownRun, views: list[Any]) -> NetworkPanel:
    """Return a few units of some layers; an edge is as wide as the gradient of its weight, on a logarithmic scale."""
    layers = _layers(run)
    sources, targets = (tuple(int(unit) for unit in row) for row in run.scene["drawn_pairs"])
    pairs, first = Edges(sources, targets), Edges(tuple(PIXELS[unit] for unit in sources), targets)
    strengths = np.stack([edge_strengths(view.edges, len(layers) - 1) for view in views])
    alts = tuple(
        f"{len(layers)} columns of units from pixels to classes; edges thin out where the gradient is small. At step "
        f"{step:,} those into layer 1 have {100 * float(frame[0].mean()):.0f} % of the full width, "
        f"those into the output {100 * float(frame[-1].mean()):.0f} %."
        for (step, _), frame in zip(run.moments, np.abs(strengths), strict=True)
    )
    return NetworkPanel(
        title="The gradient of each weight",
        alt=alts[-1],
        alts=alts,
        notice="Width: size of ∂loss/∂w; none: a millionth of the largest.",
        weight=1.3,
        layers=layers,
        edges=(first, *[pairs] * (len(layers) - 2)),
        weights=tuple(np.moveaxis(strengths, 1, 0)),
        limit=1.0,
    )


def _layers(run: ShownRun) -> tuple[NetworkLayer, ...]:
    width = int(run.config["width"])
    shown = tuple(range(int(run.scene["drawn_pairs"].max()) + 1))
    hidden = [NetworkLayer(str(number), "layer", width, shown) for number in map(int, run.scene["drawn_layers"])]
    pixels = NetworkLayer("in", "pixels", 64, PIXELS[: len(shown)])
    return pixels, *hidden, NetworkLayer("out", "digits", 10, shown, labels=tuple(str(digit) for digit in shown))


def edge_strengths(edges: Array, pairs: int) -> Array:
    """Return gradients of weights, flattened, as widths with sign, the largest 1 or -1: (pairs of layers, weights)."""
    gradients = np.asarray(edges, np.float64).reshape(pairs, -1)
    sizes = np.abs(np.where(np.isfinite(gradients), gradients, 0.0))
    largest = sizes.max(initial=0.0)
    if not largest:
        return np.zeros_like(gradients)
    # In logarithms: the smallest gradients are so small that their share of the largest would underflow.
    powers = np.log10(sizes, where=sizes > 0, out=np.full_like(sizes, -np.inf)) - np.log10(largest)
    return np.sign(gradients) * np.clip(1.0 + powers / DECADES, 0.0, 1.0)


# ---- the gradient at every layer ----


def powers_of_ten(values: Array) -> Array:
    """Return log10, NaN for what is not positive and finite."""
    values = np.asarray(values, np.float64)
    usable = np.isfinite(values) & (values > 0)
    return np.log10(values, where=usable, out=np.full_like(values, np.nan))


def theory_line(run: ShownRun) -> Array:
    """Return theory's gradient norm at each layer, (depth,), from the last layer's measured one; NaN: no theory."""
    relative: Array = run.scene["theory_signal"]
    if relative[0] <= 0:
        return np.full(len(relative), np.nan)
    return relative * run.scene["initial_signal"][-1]


def result(run: ShownRun, views: list[Any], overlay: ShownRun | None = None) -> PlanePanel:
    """Return the norm of the gradient at each layer's output: now, untrained, and what theory says of the untrained."""
    layers = np.arange(1, int(run.config["depth"]) + 1)
    now, plain = np.stack([_line(layers, view.signal) for view in views]), run.scene["plain_signal"]
    around = {"residual": "without the plus, untrained", "highway": "without the gate, untrained"}
    paths = [
        *([Path(_line(layers, plain), around[run.config["connection"]], ROLES["wrong"])] if len(plain) else []),
        Path(_line(layers, run.scene["initial_signal"]), "untrained", ROLES["baseline"]),
        Path(_line(layers, theory_line(run)), "theory, untrained", THEORY, dashed=True),
        Path(now, "now", ROLES["model"], width=2.5),
    ]
    if overlay is not None and overlay.moments:
        signal = overlay.view().signal
        paths.append(Path(_line(np.arange(1, len(signal) + 1), signal), "other run, at its end", ROLES["generated"]))
    low, high = _range([path.positions for path in paths])
    alts = _alts(run, views)
    return PlanePanel(
        title="Gradient at each layer",
        alt=alts[-1],
        alts=alts,
        notice="A straight slope: the same factor at every layer.",
        weight=1.35,
        x=Axis("layer", 0.5, layers[-1] + 0.5, _ticks(len(layers))),
        y=Axis("gradient norm, power of ten", low, high),
        points=(Points(now, groups=np.zeros(len(layers), int)),),
        paths=tuple(path for path in paths if np.isfinite(path.positions).all(axis=-1).any()),
        colours=(ROLES["model"],),
        square=False,
        messages=tuple("" if np.isfinite(view.signal).all() else LOST for view in views),
    )


def ending(run: ShownRun, views: list[Any]) -> PlanePanel:
    """Return the gradient at each layer for a small picture: grey dots untrained, blue ones at the end, if numbers."""
    panel = result(run, views)
    before = _line(np.arange(1, len(run.scene["initial_signal"]) + 1), run.scene["initial_signal"])
    grey = Points(before, groups=np.full(len(before), GREY))
    drawn = [points for points in panel.points if np.isfinite(points.positions[-1]).all()]
    paths = [Path(before), *[Path(points.positions[-1]) for points in drawn]]
    low, high = _range([path.positions for path in paths])
    return replace(panel, points=(grey, *drawn), paths=(), colours=CLASSES, y=Axis(panel.y.label, low, high))


def _line(layers: Array, values: Array) -> Array:
    return np.stack([layers.astype(float), powers_of_ten(values)], axis=-1)


def _range(lines: list[Array]) -> tuple[float, float]:
    """Return whole powers of ten around all lines, at least three of them, so that noise does not look like a slope."""
    values = np.concatenate([line[..., 1].ravel() for line in lines])
    values = values[np.isfinite(values)]
    if not len(values):
        return -1.0, 1.0
    low, high = float(np.floor(values.min() - 0.1)), float(np.ceil(values.max() + 0.1))
    return (low, high) if high - low >= 3 else (low - 1.0, high + 1.0)


def _ticks(depth: int) -> tuple[float, ...]:
    stride = next(step for step in (1, 2, 5, 10) if depth / step <= MOST_TICKS)
    return (1.0, *(float(tick) for tick in range(stride, depth + 1, stride) if tick > 1))


def _alts(run: ShownRun, views: list[Any]) -> tuple[str, ...]:
    first, last = (short(float(run.scene["initial_signal"][place])) for place in (0, -1))
    before = f"Norm of the gradient at each layer, logarithmic. Untrained: {first} at layer 1 and {last} at the last"
    return tuple(
        f"{before}; at step {step:,} it is {short(float(view.signal[0]))} and {short(float(view.signal[-1]))}."
        for (step, _), view in zip(run.moments, views, strict=True)
    )
