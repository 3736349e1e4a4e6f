"""The first screen of the convolutional network: its kernels and maps of one image, what it reads, its curves."""

from itertools import pairwise
from typing import Any

import numpy as np

from lab.charts.image_grid import kernel_pixels
from lab.charts.mistakes import mistakes
from lab.charts.mlp_stage import curves, shown_views, staged
from lab.charts.palette import POSITIVE
from lab.charts.stage_panels import Edges, ImagesPanel, NetworkLayer, NetworkPanel, rgb, sprite
from lab.shown_run import ShownRun
from models.base import Array
from models.views import MAP_LEVELS, SHOWN_MAPS

TILE = 28  # screen pixels of a picture in the network, before it is enlarged
NARROW = 8  # more pictures than these stand in two columns


def payload(run: ShownRun, overlay: ShownRun | None = None) -> dict[str, Any]:
    """Return the stage of a run: its newest moment while it trains, all recorded ones afterwards."""
    views = shown_views(run)
    return staged(run, [network(run, views), result(run, views), *curves(run, overlay)], overlay)


# ---- the network ----


def network(run: ShownRun, views: list[Any]) -> NetworkPanel:
    """Return the network with the feature maps of the first test image in it."""
    layers = columns(run)
    matrices = [between(run, view) for view in views]
    edges, weights = [], []
    for place in range(len(layers) - 1):
        history = np.stack([matrix[place] for matrix in matrices]).astype(np.float64)
        drawn = layers[place].drawn(), layers[place + 1].drawn()
        chosen = Edges.strongest(history[-1], *drawn, most=min(120, 280 // (len(layers) - 1)))
        edges.append(chosen)
        weights.append(chosen.pick(history))
    alts = tuple(_network_alt(run, view, step) for (step, _), view in zip(run.moments, views, strict=True))
    return NetworkPanel(
        title="The network reads one test image",
        alt=alts[-1],
        alts=alts,
        notice=_notice(run),
        weight=1.5,
        layers=tuple(layers),
        edges=tuple(edges),
        weights=tuple(weights),
        sprites=tuple(sprite(tiles(run, view)) for view in views),
        tile=TILE,
        pixelated=True,
    )


def _notice(run: ShownRun) -> str:
    if not int(run.config["blocks"]):
        return "No kernel, no maps: every pixel has weights of its own."
    return "Blue weights look for ink, orange ones for its absence; a map shows where its kernel finds it."


def columns(run: ShownRun) -> list[NetworkLayer]:
    """Return the columns of the drawing: the image, the maps of every block, hidden units, the classes."""
    height, width, _ = run.scene["test_images"].shape[1:]
    channels = int(run.facts["data"]["channels"])
    shown = tuple(range(channels))
    found = [NetworkLayer("image", f"{height} × {width}", channels, shown, tiles=True)]
    if int(run.config["blocks"]):
        found.append(_kernel_column(run))
    for place, (count, rows, across) in enumerate(run.scene["map_shapes"].tolist()):
        filters = int(run.config["filters"]) * 2**place
        side_by_side = 1 if count <= NARROW else 2
        caption = f"{filters} maps {rows} × {across}"
        found.append(NetworkLayer(f"block {place + 1}", caption, filters, tuple(range(count)), columns=side_by_side,
                                  tiles=True))  # fmt: skip
    if units := int(run.config["units"]):
        most = min(units, SHOWN_MAPS)
        found.append(NetworkLayer("hidden", f"{units} units", units, tuple(range(most)), columns=1 + (most > 8)))
    names = tuple(str(name) for name in run.facts["data"]["class_names"])
    found.append(NetworkLayer("output", f"{len(names)} classes", len(names), labels=names, tiles=True))
    return found


def _kernel_column(run: ShownRun) -> NetworkLayer:
    filters, size = int(run.config["filters"]), int(run.config["kernel"])
    shown = tuple(range(min(filters, SHOWN_MAPS)))
    caption = f"{filters} of {size} × {size}"
    return NetworkLayer("kernels", caption, filters, shown, columns=1 + (len(shown) > NARROW), tiles=True)


def between(run: ShownRun, view: Any) -> list[Array]:
    """Return the recorded mean weights between consecutive columns, each (from, to).

    A kernel stands between the image and its own map: the weight is drawn into it and out of it.
    """
    found = recorded_weights(run, view)
    if not int(run.config["blocks"]):
        return found
    return [found[0], np.diag(found[0].astype(np.float64).mean(axis=0)), *found[1:]]


def recorded_weights(run: ShownRun, view: Any) -> list[Array]:
    """Return the recorded mean weights between consecutive columns without the kernels, each (from, to)."""
    sizes = [len(layer.drawn()) for layer in columns(run) if layer.name != "kernels"]
    found, start = [], 0
    for before, after in pairwise(sizes):
        found.append(view.edges[start : start + before * after].reshape(before, after))
        start += before * after
    return found


def recorded_maps(run: ShownRun, view: Any) -> list[Array]:
    """Return the feature maps of the first test image per block, each (maps, height, width) in 0..1 of its largest."""
    found, start = [], 0
    for count, height, width in run.scene["map_shapes"].tolist():
        size = count * height * width
        found.append(view.maps[start : start + size].reshape(count, height, width) / MAP_LEVELS)
        start += size
    return found


def tiles(run: ShownRun, view: Any) -> Array:
    """Return the pictures in the nodes: the image, all maps, one patch per class: (tiles, 28, 28, 4) RGBA."""
    image = run.scene["test_images"][0]  # (h, w, c) uint8
    inputs = np.full((*image.shape[2:], *image.shape[:2], 4), 127, np.uint8)
    inputs[..., 3] = np.moveaxis(image, -1, 0)
    parts = [_resized(inputs)]
    if view.kernels is not None:
        limit = float(np.abs(np.nan_to_num(view.kernels.astype(np.float64))).max())
        parts.append(_resized(np.stack([kernel_pixels(kernel, limit) for kernel in view.kernels])))
    if view.maps is not None:
        parts += [_resized(_blue(maps)) for maps in recorded_maps(run, view)]
    known = np.nan_to_num(view.probabilities[0].astype(np.float64))
    parts.append(_resized(_blue(np.broadcast_to(known[:, None, None], (len(known), 2, 2)))))
    return np.concatenate(parts)


def _blue(shares: Array) -> Array:
    """Return shares in 0..1, (count, h, w), as (count, h, w, 4): clear at 0, the blue of the model at 1."""
    pixels = np.empty((*shares.shape, 4), np.uint8)
    pixels[..., :3] = rgb(POSITIVE)
    pixels[..., 3] = np.rint(255 * np.clip(shares, 0, 1))
    return pixels


def _resized(pictures: Array) -> Array:
    rows = ((np.arange(TILE) + 0.5) * pictures.shape[1] / TILE).astype(int)
    across = ((np.arange(TILE) + 0.5) * pictures.shape[2] / TILE).astype(int)
    resized: Array = pictures[:, rows][:, :, across]
    return resized


def _network_alt(run: ShownRun, view: Any, step: int) -> str:
    names = run.facts["data"]["class_names"]
    known = view.probabilities[0].astype(np.float64)
    guess, truth = int(np.argmax(known)), int(run.scene["test_targets"][0])
    blocks = ", ".join(f"{layer.name} ({layer.caption})" for layer in columns(run)[1:-1]) or "no convolution"
    return (
        f"From a test image of {names[truth]} through {blocks} to {len(names)} classes. At step {step:,} it is read as "
        f"{names[guess]} with probability {float(known[guess]):.2f}."
    )


# ---- what it makes of the data ----


def result(run: ShownRun, views: list[Any]) -> ImagesPanel:
    """Return test images side by side, those that the network gets wrong on a ground of warning colour."""
    return mistakes(run, views, run.scene["test_images"] / 255.0, "Images it has never seen")
