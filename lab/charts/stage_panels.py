"""The panels of the stage as plain data: arrays in, a dictionary ready for JSON out; no Streamlit here.

A picture's file in `lab/charts/` builds panels (`NetworkPanel`, `PlanePanel`, `ImagesPanel`, `CurvesPanel`) and joins
them with `stage_payload`; `lab/components/stage.py` shows the result. What changes over time has the frame as its
first axis: one frame while a network trains, up to 60 once the recorded run is replayed. A panel whose data has a
single frame in a payload of many stands still.

Numbers travel as base64 integers with one scale per frame (an error of at most scale / 254 in 8 bits, scale / 65534 in
16 bits); pictures travel as PNG data URIs whose alpha channel lets the page's light or dark ground shine through.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, ClassVar, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from lab.charts.palette import CLASSES, NEGATIVE, NEUTRAL, POSITIVE, ROLES

Array = NDArray[Any]
MOST_FRAMES = 60
MOST_CURVE_POINTS = 500
MOST_EDGES = 300


# --- Numbers and pictures as text -----------------------------------------------------------------------------------


def quantize(values: Array, bits: int = 8) -> dict[str, Any]:
    """Return {"scale", "bits", "data"}: `values`, flattened, as base64 integers in units of scale / largest integer.

    Values that are not finite become the most negative integer, which `dequantize` and the browser read as NaN.
    Raises ValueError for other sizes than 8 and 16 bits.
    """
    if bits not in (8, 16):
        raise ValueError(f"quantize knows 8 and 16 bits, not {bits}")
    flat = np.asarray(values, dtype=np.float64).ravel()
    finite = np.isfinite(flat)
    scale = float(np.abs(flat[finite]).max(initial=0.0)) or 1.0
    largest = 2 ** (bits - 1) - 1
    whole = np.where(finite, np.rint(np.where(finite, flat, 0.0) / scale * largest), -largest - 1)
    return {"scale": scale, "bits": bits, "data": _base64(whole.astype(f"<i{bits // 8}"))}


def dequantize(packed: Mapping[str, Any]) -> Array:
    """Return the values that `quantize` packed, flat, as float64; the inverse that the browser applies too."""
    bits = int(packed["bits"])
    whole = np.frombuffer(b64decode(packed["data"]), dtype=f"<i{bits // 8}").astype(np.float64)
    largest = 2 ** (bits - 1) - 1
    return np.where(whole < -largest, np.nan, whole * packed["scale"] / largest)


def _base64(array: Array) -> str:
    return b64encode(array.tobytes()).decode("ascii")


def _flags(values: Array) -> str:
    """Pack booleans eight to a byte, first value in the lowest bit."""
    return _base64(np.packbits(np.asarray(values, dtype=bool), bitorder="little"))


def png(pixels: Array) -> str:
    """Return a PNG data URI of uint8 `pixels`: (h, w) grey, (h, w, 3) RGB or (h, w, 4) RGBA. Raises ValueError else.

    At most 256 colours with opacity travel as a palette: a third of the time and half of the bytes, the same pixels.
    """
    pixels = np.ascontiguousarray(pixels)
    if pixels.dtype != np.uint8 or not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (3, 4))):
        raise ValueError(f"a picture is uint8 of (h, w), (h, w, 3) or (h, w, 4), not {pixels.dtype} of {pixels.shape}")
    file = BytesIO()
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        _save_rgba(pixels, file)
    else:
        Image.fromarray(pixels).save(file, format="PNG", compress_level=6)
    return "data:image/png;base64," + b64encode(file.getvalue()).decode("ascii")


def _save_rgba(pixels: Array, file: BytesIO) -> None:
    places, colours = pd.factorize(pixels.view(np.uint32).ravel())  # hashes, where np.unique sorts
    if len(colours) > 256:
        Image.fromarray(pixels).save(file, format="PNG", compress_level=6)
        return
    table = colours.view(np.uint8).reshape(-1, 4)
    picture = Image.fromarray(places.reshape(pixels.shape[:2]).astype(np.uint8))
    picture.putpalette(table[:, :3].tobytes())
    picture.save(file, format="PNG", compress_level=4, transparency=table[:, 3].tobytes())


def rgb(colour: str) -> Array:
    """Return "#0072B2" as an array of three uint8."""
    return np.frombuffer(bytes.fromhex(colour.removeprefix("#")), dtype=np.uint8)


def diverging(values: Array, limit: float | None = None, strength: float = 1.0) -> Array:
    """Colour `values` (any shape) as RGBA uint8 (shape + (4,)): orange below zero, clear at zero, blue above.

    limit: the size drawn in full colour (None: the largest); strength: opacity at the limit, 0 to 1. The opacity moves
    in 32 steps, which keeps the PNG small and is finer than the eye tells apart. NaN is clear.
    """
    values = np.nan_to_num(np.asarray(values, dtype=np.float64), nan=0.0, posinf=np.inf, neginf=-np.inf)
    largest = limit or float(np.abs(values[np.isfinite(values)]).max(initial=0.0)) or 1.0
    share = np.clip(values / largest, -1.0, 1.0)
    opacity = np.rint(np.abs(share) * 32) / 32 * strength
    colour = np.where((share < 0)[..., None], rgb(NEGATIVE), rgb(POSITIVE))
    return np.concatenate([colour, np.rint(opacity * 255)[..., None]], axis=-1).astype(np.uint8)


def class_regions(probabilities: Array, colours: Sequence[str] = CLASSES, strength: float = 0.6) -> Array:
    """Colour a decision surface (height, width, classes) as RGBA: the winning class, clear where it barely wins.

    The opacity rises from 0 where all classes are equally likely to `strength` where one is certain.
    """
    classes = probabilities.shape[-1]
    winner = np.nan_to_num(probabilities).argmax(axis=-1)
    certain = np.clip((np.nan_to_num(probabilities).max(axis=-1) - 1 / classes) / (1 - 1 / classes), 0.0, 1.0)
    palette = np.stack([rgb(colours[index % len(colours)]) for index in range(classes)])
    opacity = np.rint(np.rint(certain * 32) / 32 * strength * 255)
    return np.concatenate([palette[winner], opacity[..., None]], axis=-1).astype(np.uint8)


def sprite(tiles: Array, columns: int = 16) -> str:
    """Return one PNG data URI of all `tiles` (count, t, t) grey or (count, t, t, 4) RGBA, `columns` to a row."""
    count, side = tiles.shape[0], tiles.shape[1]
    rows = -(-count // columns)
    blank = np.zeros((rows * columns - count, *tiles.shape[1:]), dtype=np.uint8)
    grid = np.concatenate([np.asarray(tiles, dtype=np.uint8), blank]).reshape(rows, columns, *tiles.shape[1:])
    return png(np.moveaxis(grid, 2, 1).reshape(rows * side, columns * side, *tiles.shape[3:]))


# --- Panels ---------------------------------------------------------------------------------------------------------


class Panel(Protocol):
    """What `stage_payload` needs of a panel."""

    def frame_count(self) -> int | None:
        """Return how many frames the panel has; None when it stands still."""

    def to_payload(self) -> dict[str, Any]:
        """Return the panel as JSON data; "kind" names the part of stage.js that draws it."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What all panels share.

    title: a heading of a few words; alt: the picture in a sentence for those who cannot see it, with its numbers;
    alts: the same for every frame, if it changes; notice: one optional line on what to notice;
    weight: share of the row's width (a square picture takes what it needs);
    below: shares the column of the panel before it, underneath.
    """

    title: str
    alt: str
    alts: tuple[str, ...] = ()
    notice: str = ""
    weight: float = 1.0
    below: bool = False
    kind: ClassVar[str] = ""

    def _shared(self) -> dict[str, Any]:
        alts = list(self.alts) or [self.alt]
        if not all(alt.strip() for alt in alts):
            raise ValueError(f"panel {self.title!r} needs a text alternative (alt)")
        shared = {"title": self.title, "alts": alts, "notice": self.notice, "weight": self.weight}
        return {"kind": self.kind, **shared, "below": self.below}


@dataclass(frozen=True)
class NetworkLayer:
    """One column of nodes.

    units: how many there are; shown: indices of the units that are drawn (empty: all); labels: one short text per shown
    unit, or empty; columns: nodes side by side (8 draws 64 pixels as a square); tiles: the sprite has a tile for each
    shown unit.
    """

    name: str
    caption: str
    units: int
    shown: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    columns: int = 1
    tiles: bool = False

    def drawn(self) -> tuple[int, ...]:
        """Return the indices of the units that are drawn."""
        return self.shown or tuple(range(self.units))

    def to_payload(self) -> dict[str, Any]:
        """Return the layer as JSON data. Raises ValueError on indices or labels that do not fit."""
        shown = self.drawn()
        if any(not 0 <= index < self.units for index in shown) or len(set(shown)) != len(shown):
            raise ValueError(f"layer {self.name!r}: shown units must be different indices below {self.units}")
        if self.labels and len(self.labels) != len(shown):
            raise ValueError(f"layer {self.name!r}: {len(self.labels)} labels for {len(shown)} shown units")
        named = {"name": self.name, "caption": self.caption, "units": self.units, "tiles": self.tiles}
        return {**named, "shown": list(shown), "labels": list(self.labels), "columns": max(1, self.columns)}


@dataclass(frozen=True)
class Edges:
    """Which weights between two neighbouring layers are drawn: unit indices `source[k]` -> `target[k]`."""

    source: tuple[int, ...]
    target: tuple[int, ...]

    @classmethod
    def strongest(cls, kernel: Array, sources: Sequence[int], targets: Sequence[int], most: int = 120) -> "Edges":
        """Choose among all pairs the `most` with the largest |weight|; kernel: (inputs, units) as Keras stores it."""
        pairs = np.stack(np.meshgrid(list(sources), list(targets), indexing="ij"), axis=-1).reshape(-1, 2)
        strength = np.abs(np.nan_to_num(np.asarray(kernel)[pairs[:, 0], pairs[:, 1]].astype(np.float64)))
        kept = pairs[np.sort(np.argsort(-strength, kind="stable")[:most])]
        return cls(tuple(kept[:, 0].tolist()), tuple(kept[:, 1].tolist()))

    def pick(self, kernels: Array) -> Array:
        """Return the weights of these edges, (frames, edges), out of `kernels` (frames, inputs, units)."""
        return np.asarray(kernels)[:, list(self.source), list(self.target)]


@dataclass(frozen=True, kw_only=True)
class NetworkPanel(Frame):
    """A network from left to right: nodes with tiles, edges whose colour and width are the weights.

    edges: one per pair of neighbouring layers (300 in all at most); weights: one array (frames, edges) per pair;
    limit: |weight| drawn in full width (None: the largest weight of each frame and pair);
    sprites: one data URI per frame (see `sprite`), the tiles of all layers with `tiles=True` in order, or empty;
    tile: side of a tile in pixels; sprite_columns: tiles to a row of the sprite; pixelated: enlarge without smoothing;
    maps: each tile covers the plane of the result panel, which shows it large while a person points at its unit.
    """

    kind: ClassVar[str] = "network"
    layers: tuple[NetworkLayer, ...]
    edges: tuple[Edges, ...] = ()
    weights: tuple[Array, ...] = ()
    limit: float | None = None
    sprites: tuple[str, ...] = ()
    tile: int = 0
    sprite_columns: int = 16
    pixelated: bool = False
    maps: bool = False

    def frame_count(self) -> int | None:
        """Return the number of frames of the weights and sprites; raises ValueError where they differ."""
        return _common_count(self.title, [len(array) for array in self.weights] + [len(self.sprites) or None])

    def to_payload(self) -> dict[str, Any]:
        """Return the panel as JSON data. Raises ValueError on shapes that do not fit."""
        self._check()
        return {
            **self._shared(),
            "layers": [layer.to_payload() for layer in self.layers],
            "edges": [{"source": list(pair.source), "target": list(pair.target)} for pair in self.edges],
            "weights": [[quantize(frame) for frame in array] for array in self.weights],
            "limit": self.limit,
            "sprites": list(self.sprites),
            "tile": self.tile,
            "spriteColumns": self.sprite_columns,
            "pixelated": self.pixelated,
            "maps": self.maps,
        }

    def _check(self) -> None:
        if self.edges and len(self.edges) != len(self.layers) - 1:
            raise ValueError(f"{self.title!r}: {len(self.layers)} layers have {len(self.layers) - 1} pairs of edges")
        if len(self.weights) != len(self.edges):
            raise ValueError(f"{self.title!r}: one array of weights per pair of layers")
        if sum(len(pair.source) for pair in self.edges) > MOST_EDGES:
            raise ValueError(f"{self.title!r}: at most {MOST_EDGES} edges; choose with Edges.strongest")
        for pair, array in zip(self.edges, self.weights, strict=True):
            if array.ndim != 2 or array.shape[1] != len(pair.source) or len(pair.source) != len(pair.target):
                raise ValueError(f"{self.title!r}: weights must be (frames, edges)")


@dataclass(frozen=True)
class Axis:
    """One axis of a plane: its label, the domain shown, and ticks (None: chosen well; empty: no ticks)."""

    label: str
    low: float
    high: float
    ticks: tuple[float, ...] | None = None

    def to_payload(self) -> dict[str, Any]:
        """Return the axis as JSON data. Raises ValueError unless low < high, both finite."""
        if not (np.isfinite(self.low) and np.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"axis {self.label!r}: needs low < high, got {self.low} and {self.high}")
        ticks = None if self.ticks is None else list(self.ticks)
        return {"label": self.label, "low": self.low, "high": self.high, "ticks": ticks}


@dataclass(frozen=True)
class Points:
    """A cloud of points.

    positions: (points, 2), or (frames, points, 2) when they move; groups: (points,) class indices, colour and shape;
    test: (points,) true for a hollow ring; wrong: (points,) or (frames, points) true for a vermilion ring around;
    values: (points,) or (frames, points) coloured from negative to positive instead of by class.
    size: radius in pixels (None: by the number of points).
    """

    positions: Array
    groups: Array | None = None
    test: Array | None = None
    wrong: Array | None = None
    values: Array | None = None
    size: float | None = None

    def counts(self) -> list[int | None]:
        """Return the number of frames of each part, None where it stands still."""
        parts = ((self.positions, 3), (self.wrong, 2), (self.values, 2))
        return [len(array) if array is not None and array.ndim == moving else None for array, moving in parts]

    def to_payload(self) -> dict[str, Any]:
        """Return the points as JSON data; what stands still is a list of one."""
        count = self.positions.shape[-2]
        for name in ("groups", "test", "wrong", "values"):
            array = getattr(self, name)
            if array is not None and array.shape[-1] != count:
                raise ValueError(f"{name} has {array.shape[-1]} entries for {count} points")
        moving = self.positions if self.positions.ndim == 3 else self.positions[None]
        return {
            "count": count,
            "positions": [quantize(frame, bits=16) for frame in moving],
            "groups": None if self.groups is None else _base64(np.asarray(self.groups, dtype=np.uint8)),
            "test": None if self.test is None else _flags(self.test),
            "wrong": None if self.wrong is None else [_flags(frame) for frame in np.atleast_2d(self.wrong)],
            "values": None if self.values is None else [quantize(frame) for frame in np.atleast_2d(self.values)],
            "size": self.size,
        }


@dataclass(frozen=True)
class Path:
    """A line through points: (points, 2), or (frames, points, 2) when it moves; a row of NaN lifts the pen.

    So a self-organizing map's grid is one path. label: text of the legend (empty: none); nodes: a dot at each point;
    colour: "ink" takes the colour of the page's text, dark on light and light on dark.
    """

    positions: Array
    label: str = ""
    colour: str = ROLES["baseline"]
    width: float = 2.0
    dashed: bool = False
    nodes: bool = False

    def to_payload(self) -> dict[str, Any]:
        """Return the path as JSON data."""
        moving = self.positions if self.positions.ndim == 3 else self.positions[None]
        style = {"label": self.label, "colour": self.colour, "width": self.width}
        lines = [quantize(frame, bits=16) for frame in moving]
        return {**style, "dashed": self.dashed, "nodes": self.nodes, "positions": lines}


@dataclass(frozen=True, kw_only=True)
class PlanePanel(Frame):
    """Points, paths and a background picture between two axes.

    backgrounds: one data URI per frame (or one for all, or none) that fills the domain, first row on top;
    smooth: enlarge the background smoothly; classes: names for the legend by class index; colours: one per class;
    square: as high as wide; diagonal: draw y = x (predicted against true);
    messages: one per frame, written across a picture that has nothing to draw, such as predictions that are no numbers.
    """

    kind: ClassVar[str] = "plane"
    x: Axis
    y: Axis
    points: tuple[Points, ...] = ()
    paths: tuple[Path, ...] = ()
    backgrounds: tuple[str, ...] = ()
    smooth: bool = True
    classes: tuple[str, ...] = ()
    colours: tuple[str, ...] = CLASSES
    square: bool = True
    diagonal: bool = False
    messages: tuple[str, ...] = ()

    def frame_count(self) -> int | None:
        """Return the number of frames; raises ValueError where moving parts differ."""
        moving = [count for points in self.points for count in points.counts()]
        moving += [len(path.positions) if path.positions.ndim == 3 else None for path in self.paths]
        return _common_count(self.title, [*moving, len(self.backgrounds) or None])

    def to_payload(self) -> dict[str, Any]:
        """Return the panel as JSON data."""
        return {
            **self._shared(),
            "x": self.x.to_payload(),
            "y": self.y.to_payload(),
            "points": [points.to_payload() for points in self.points],
            "paths": [path.to_payload() for path in self.paths],
            "backgrounds": list(self.backgrounds),
            "smooth": self.smooth,
            "classes": list(self.classes),
            "colours": list(self.colours),
            "square": self.square,
            "diagonal": self.diagonal,
            "messages": list(self.messages),
        }


@dataclass(frozen=True, kw_only=True)
class ImagesPanel(Frame):
    """One composed picture per frame, such as a grid of digits.

    legend: pairs of a colour and its text, or its texts, one per frame; square: takes as much width as height.
    """

    kind: ClassVar[str] = "images"
    images: tuple[str, ...]
    legend: tuple[tuple[str, str | tuple[str, ...]], ...] = ()
    pixelated: bool = True
    square: bool = False

    def frame_count(self) -> int | None:
        """Return the number of pictures."""
        return _common_count(self.title, [len(self.images)])

    def to_payload(self) -> dict[str, Any]:
        """Return the panel as JSON data. Raises ValueError without a picture."""
        if not self.images:
            raise ValueError(f"{self.title!r}: needs a picture")
        pairs = [(colour, [text] if isinstance(text, str) else list(text)) for colour, text in self.legend]
        legend = [{"colour": colour, "texts": texts} for colour, texts in pairs]
        look = {"pixelated": self.pixelated, "square": self.square}
        return {**self._shared(), "images": list(self.images), "legend": legend, **look}


@dataclass(frozen=True)
class Series:
    """One line of a chart: values over steps, both (points,); NaN leaves a gap.

    role: "train" is solid, "test" dashed, any other solid; colour: None takes the role's; overlay: of a second run.
    """

    name: str
    steps: Array
    values: Array
    role: str = "train"
    colour: str | None = None
    overlay: bool = False

    def to_payload(self) -> dict[str, Any]:
        """Return the series as JSON data, thinned to 500 points of which the first and last remain."""
        if len(self.steps) != len(self.values):
            raise ValueError(f"series {self.name!r}: {len(self.steps)} steps for {len(self.values)} values")
        kept = np.unique(np.linspace(0, max(0, len(self.steps) - 1), MOST_CURVE_POINTS).astype(int))[: len(self.steps)]
        values = np.asarray(self.values, dtype=np.float64)[kept]
        return {
            "name": self.name,
            "role": self.role,
            "colour": self.colour or ROLES.get(self.role, ROLES["model"]),
            "overlay": self.overlay,
            "steps": [_short(step) for step in np.asarray(self.steps)[kept]],
            "values": [_short(value) if np.isfinite(value) else None for value in values],
            "lost": self._lost(),
        }

    def _lost(self) -> float | None:
        """Return the step from which on no value is a number, None if the last one is."""
        finite = np.flatnonzero(np.isfinite(np.asarray(self.values, dtype=np.float64)))
        first = int(finite[-1]) + 1 if len(finite) else 0
        return _short(self.steps[first]) if first < len(self.steps) else None


@dataclass(frozen=True, kw_only=True)
class CurvesPanel(Frame):
    """Learning curves with a rule at the frame's step.

    baselines: pairs of label and value, drawn as grey lines; logarithmic: the y axis, values <= 0 leave gaps;
    until: the last step of a complete run, so that the x axis stands still while the curves grow;
    low, high: what the y axis shows at least, so that it stands still as well.
    """

    kind: ClassVar[str] = "curves"
    series: tuple[Series, ...]
    y_label: str
    x_label: str = "step"
    baselines: tuple[tuple[str, float], ...] = ()
    logarithmic: bool = False
    until: float | None = None
    low: float | None = None
    high: float | None = None

    def frame_count(self) -> int | None:
        """Return None: the curves carry their own steps."""
        return None

    def to_payload(self) -> dict[str, Any]:
        """Return the panel as JSON data."""
        baselines = [{"label": label, "value": _short(value)} for label, value in self.baselines if np.isfinite(value)]
        series = [one.to_payload() for one in self.series]
        labels = {"xLabel": self.x_label, "yLabel": self.y_label}
        ends = {
            name: None if end is None or not np.isfinite(end) else _short(end) for name, end in self._ends().items()
        }
        axes = {**labels, "log": self.logarithmic, **ends}
        return {**self._shared(), "series": series, "baselines": baselines, **axes}

    def _ends(self) -> dict[str, float | None]:
        return {"until": self.until, "low": self.low, "high": self.high}


def _short(value: Any) -> float:
    """Round to five significant digits, more than any screen shows; whole numbers stay exact. A third of the bytes."""
    number = float(value)
    return int(number) if number.is_integer() else float(f"{number:.5g}")


def _common_count(title: str, counts: Sequence[int | None]) -> int | None:
    """Return the number of frames that all moving parts share; one frame counts as standing still."""
    moving = {count for count in counts if count is not None and count != 1}
    if len(moving) > 1:
        raise ValueError(f"{title!r}: its parts have {sorted(moving)} frames")
    return moving.pop() if moving else None


# --- The payload ----------------------------------------------------------------------------------------------------


def stage_payload(
    panels: Sequence[Panel],
    steps: Sequence[int],
    epochs: Sequence[float] = (),
    *,
    run: str,
    replay: bool,
    overlay: str = "",
) -> dict[str, Any]:
    """Return what `lab.components.stage.stage` shows.

    steps, epochs: one per frame (epochs may be empty); run: identity of the run, the slider jumps to the last frame
    when it changes; replay: show slider and Play (a finished run) instead of the live mark; overlay: name of a second
    run whose curves are drawn thinner.
    Raises ValueError without frames or panels, with more than 60 frames, or where a panel has another number of them.
    """
    if not panels or not 1 <= len(steps) <= MOST_FRAMES:
        raise ValueError(f"a stage needs panels and 1 to {MOST_FRAMES} frames, got {len(panels)} and {len(steps)}")
    if len(epochs) not in (0, len(steps)):
        raise ValueError(f"{len(epochs)} epochs for {len(steps)} steps")
    for panel in panels:
        if panel.frame_count() not in (None, len(steps)):
            raise ValueError(f"a panel has {panel.frame_count()} frames, the stage {len(steps)}")
    colours = {"negative": NEGATIVE, "neutral": NEUTRAL, "positive": POSITIVE, "wrong": ROLES["wrong"]}
    return {
        "run": run,
        "steps": [int(step) for step in steps],
        "epochs": [_short(epoch) for epoch in epochs],
        "replay": replay,
        "overlay": overlay,
        "palette": {**colours, "baseline": ROLES["baseline"]},
        "panels": [panel.to_payload() for panel in panels],
    }
