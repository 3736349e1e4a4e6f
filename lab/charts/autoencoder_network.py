"""The hourglass of the autoencoder, with one example on its way through it: in as it is, out as it is rebuilt."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from lab.charts.stage_panels import Edges, NetworkLayer, NetworkPanel, diverging, sprite
from lab.shown_run import ShownRun
from models.base import Array

SHOWN = 8  # units or maps of a layer that are recorded
SHOWN_INPUTS = 16  # columns of a table that are drawn
TILE, MAP_TILE = 2, 16
LARGE, LARGE_TILE = 256, 28  # pixels of an image that is drawn as one picture, and pixels of that picture
GREY = 127
LEVELS = 15  # steps of grey of a recorded picture


@dataclass(frozen=True)
class Column:
    """One layer: its name, how many units or maps it has, its shape per example, and how many are recorded."""

    name: str
    units: int
    shape: tuple[int, ...]

    @property
    def recorded(self) -> int:
        """Numbers that the view holds of this layer."""
        return int(np.prod(self.shape[:-1])) * min(self.units, SHOWN)


def is_image(run: ShownRun) -> bool:
    """Whether the data are images."""
    return run.facts["data"]["image_shape"] is not None


def values_of(recorded: Array) -> Array:
    """Return recorded examples as numbers: pictures come in 15ths of full ink."""
    values = np.asarray(recorded, np.float64)
    return values / LEVELS if recorded.dtype == np.uint8 else values


def is_convolutional(run: ShownRun) -> bool:
    """Whether the layers are convolutions."""
    return bool(run.config["kind"] == "convolutional")


def is_one_picture(run: ShownRun) -> bool:
    """Whether input and output are drawn as one picture each, not unit by unit."""
    return is_convolutional(run) or is_large(run)


def is_large(run: ShownRun) -> bool:
    """Whether an example is an image of so many pixels that they cannot be drawn as units."""
    return is_image(run) and int(np.prod(run.facts["data"]["image_shape"])) > LARGE


def tile_side(run: ShownRun) -> int:
    """Return the pixels along each side of the small picture in a unit."""
    return LARGE_TILE if is_large(run) else MAP_TILE if is_convolutional(run) else TILE


def inner_columns(run: ShownRun) -> list[Column]:
    """Return the layers between input and output, in order, as far as they are drawn."""
    kept = [
        layer
        for layer in run.facts["layers"]
        if layer["name"] == "code" or layer["name"].startswith(("encoder_", "decoder_", "maps"))
    ]
    return [Column(layer["name"], int(layer["shape"][-1]), tuple(int(one) for one in layer["shape"])) for layer in kept]


def network(run: ShownRun, views: list[Any]) -> NetworkPanel:
    """Return the network; every unit is coloured by what it says of the first example."""
    columns = inner_columns(run)
    layers = [_outer(run, "input"), *(_inner(one) for one in columns), _outer(run, "output")]
    edges, weights = _weights(run, views, columns, layers)
    sizes = ", ".join(str(layer.units) for layer in layers)
    alts = tuple(
        f"A network shaped like an hourglass, {sizes} units from input to output, one example on its way through it. "
        f"At step {step:,} its {run.config['code']} code numbers are {_told(run, view)}."
        for (step, _), view in zip(run.moments, views, strict=True)
    )
    return NetworkPanel(
        title="One example on its way",
        alt=alts[-1],
        alts=alts,
        notice="Left what goes in, in the waist all that is kept, right what it becomes.",
        layers=tuple(layers),
        edges=edges,
        weights=weights,
        sprites=tuple(sprite(_tiles(run, view, layers)) for view in views),
        tile=tile_side(run),
        pixelated=True,
        below=True,
    )


def _told(run: ShownRun, view: Any) -> str:
    code = next(values for column, values in activations(run, view) if column.name == "code")
    return ", ".join(f"{float(value):.2g}" for value in code.ravel()[:4])


def _outer(run: ShownRun, name: str) -> NetworkLayer:
    data = run.facts["data"]
    if is_one_picture(run):
        return NetworkLayer(name, "image", 1, tiles=True)
    size = int(run.facts["layers"][0]["shape"][0])
    if is_image(run):
        height, width = data["image_shape"]
        return NetworkLayer(name, f"{height} × {width}", size, columns=width, tiles=True)
    shown = tuple(range(min(size, SHOWN_INPUTS)))
    return NetworkLayer(name, f"{size} inputs" if name == "input" else "rebuilt", size, shown, columns=2, tiles=True)


def _inner(column: Column) -> NetworkLayer:
    shown = tuple(range(min(column.units, SHOWN)))
    kind = "maps" if len(column.shape) == 3 else "units"
    caption = f"code: {column.units}" if column.name == "code" else f"{column.units} {kind}"
    return NetworkLayer(column.name.replace("_", " "), caption, column.units, shown, tiles=True)


def _weights(
    run: ShownRun, views: list[Any], columns: list[Column], layers: list[NetworkLayer]
) -> tuple[tuple[Edges, ...], tuple[Array, ...]]:
    """Choose the weights that are large in the newest view, and return their edges and their history."""
    if is_convolutional(run):
        return (), ()
    kernels = [kernels_of(run, view, columns) for view in views]
    pairs = len(layers) - 1
    edges, history = [], []
    for place in range(pairs):
        moving = np.stack([one[place] for one in kernels]).astype(np.float64)
        ends = layers[place].drawn(), layers[place + 1].drawn()
        chosen = Edges.strongest(moving[-1], *ends, most=min(100, 290 // pairs))
        edges.append(chosen)
        history.append(chosen.pick(moving))
    return tuple(edges), tuple(history)


def kernels_of(run: ShownRun, view: Any, columns: list[Column]) -> list[Array]:
    """Return the recorded weights between consecutive dense layers, each (from, to)."""
    size = int(run.facts["layers"][0]["shape"][0])
    ends = 1 if is_large(run) else size
    sizes = [ends, *(min(column.units, SHOWN) for column in columns), ends]
    kernels, start = [], 0
    for before, after in pairwise(sizes):
        kernels.append(view.edges[start : start + before * after].reshape(before, after))
        start += before * after
    return kernels


def activations(run: ShownRun, view: Any) -> list[tuple[Column, Array]]:
    """Return what each drawn layer says of the first example: (units,) of a dense layer, (h, w, maps) of maps."""
    found, start = [], 0
    for column in inner_columns(run):
        part = view.units[start : start + column.recorded]
        found.append((column, part.reshape(*column.shape[:-1], min(column.units, SHOWN))))
        start += column.recorded
    return found


# ---- the small pictures in the units ----


def _tiles(run: ShownRun, view: Any, layers: list[NetworkLayer]) -> Array:
    """Return one tile per drawn unit, in the order of the layers: (tiles, side, side, 4) RGBA."""
    scene = run.scene
    given = scene["shown_seen"] if "shown_seen" in scene else scene["shown"]
    ends = [values_of(one)[0] for one in (given, view.rebuilt)]
    side = tile_side(run)
    first, last = (_end(run, values, side) for values in ends)
    inner = [
        _maps(values, len(layer.drawn()), side) if values.ndim == 3 else _flat(values[: len(layer.drawn())], side)
        for (_, values), layer in zip(activations(run, view), layers[1:-1], strict=True)
    ]
    return np.concatenate([first, *inner, last])


def _end(run: ShownRun, values: Array, side: int) -> Array:
    if is_one_picture(run):
        picture = _enlarged(values.reshape(run.facts["data"]["image_shape"]), side)
        return _ink(picture)[np.newaxis]
    if is_image(run):
        return _ink(np.repeat(values, side * side).reshape(-1, side, side))
    return _flat(values[:SHOWN_INPUTS], side, limit=3.0)


def _ink(values: Array) -> Array:
    pixels = np.full((*values.shape, 4), GREY, np.uint8)
    pixels[..., 3] = np.rint(np.clip(np.nan_to_num(values), 0, 1) * 31) * (255 // 31)
    return pixels


def _flat(values: Array, side: int, limit: float | None = None) -> Array:
    """Colour one number per unit, up to the largest of its layer."""
    return diverging(np.repeat(values.astype(np.float64), side * side).reshape(-1, side, side), limit=limit)


def _maps(values: Array, count: int, side: int) -> Array:
    """Colour the maps of a convolution, (h, w, maps), up to the largest value of the layer."""
    return diverging(np.stack([_enlarged(one, side) for one in np.moveaxis(values[..., :count], 2, 0)]))


def _enlarged(image: Array, side: int) -> Array:
    rows, columns = (np.arange(side) * size // side for size in image.shape)
    return np.asarray(image, np.float64)[rows][:, columns]
