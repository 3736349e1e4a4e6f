"""A self-organizing map as one small picture: a cell per unit, square or hexagonal, with what the unit stands for.

Drawn once per recorded step, with PIL; transparent where the page's ground shall shine through.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from lab.charts.palette import CLASSES, ROLES
from lab.charts.stage_panels import diverging, rgb
from lab.shown_run import ShownRun
from models.base import Array

RIDGE = CLASSES[7]  # a violet that shows on light and on dark ground; no set drawn with it has eight classes
SIDE = 520  # pixels of the longer side of a map of cells
TILE_ZOOM, TILE_GAP = 2, 2
RING = 0.92  # radius of the largest disc, as a share of half a cell


def outline(run: ShownRun) -> Array:
    """Return the corners of a cell around its centre, in distances between neighbours: (4 or 6, 2)."""
    if run.config["grid"] == "rectangular":
        return np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    angles = np.pi / 6 + np.pi / 3 * np.arange(6)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) / 3.0**0.5


def frame_of(run: ShownRun) -> tuple[Array, Array]:
    """Return the upper left and the lower right corner of the whole map, on the grid."""
    places, cell = run.scene["positions"].astype(float), outline(run)
    return places.min(0) + cell.min(0), places.max(0) + cell.max(0)


def cells(run: ShownRun, fills: Array) -> tuple[Image.Image, Array, float]:
    """Draw every cell in its colour, (units, 3 or 4) uint8; return the picture, the centres (units, 2), the pitch."""
    low, high = frame_of(run)
    scale = SIDE / float((high - low).max())
    picture = Image.new("RGBA", tuple(int(size) for size in np.ceil((high - low) * scale)), (0, 0, 0, 0))  # type: ignore[arg-type]
    draw, centres = ImageDraw.Draw(picture), (run.scene["positions"] - low) * scale
    corners = outline(run) * scale
    for centre, fill in zip(centres, fills, strict=True):
        draw.polygon([tuple(place) for place in centre + corners], fill=tuple(int(part) for part in fill))
    return picture, centres, scale


def ridges(view: Any, strength: float = 0.85) -> Array:
    """Colour the U-matrix: the farther a unit is from its neighbours, the stronger. (units, 4) uint8."""
    far = view.u_matrix.astype(float)
    share = (far - far.min()) / max(float(np.ptp(far)), 1e-12)
    colour = np.broadcast_to(rgb(RIDGE), (len(far), 3))
    return np.concatenate([colour, np.rint(255 * strength * np.rint(share * 32) / 32)[:, None]], axis=1).astype(
        np.uint8
    )


def labelled(run: ShownRun, view: Any) -> Array:
    """Return the U-matrix with a disc on every unit: its size tells the hits, its slices the classes. RGBA."""
    picture, centres, scale = cells(run, ridges(view))
    draw = ImageDraw.Draw(picture)
    most = max(int(view.hits.max()), 1)
    for unit in np.flatnonzero(view.hits):
        radius = RING * 0.5 * scale * float(view.hits[unit] / most) ** 0.5
        box = (*(centres[unit] - radius), *(centres[unit] + radius))
        for start, end, colour in slices(run, view, int(unit)):
            draw.pieslice(box, start, end, fill=colour)
        draw.ellipse(box, outline="white")
    return np.asarray(picture)


def slices(run: ShownRun, view: Any, unit: int) -> list[tuple[float, float, str]]:
    """Return a unit's disc as slices: from and to in degrees, clockwise from the top, and their colour."""
    if view.won is None:
        return [(-90.0, 270.0, mean_colours(run, view)[unit])]
    won = view.won[unit]
    ends = -90.0 + 360.0 * np.cumsum(won) / won.sum()
    starts = np.concatenate([[-90.0], ends[:-1]])
    return [(float(starts[k]), float(ends[k]), CLASSES[k % len(CLASSES)]) for k in np.flatnonzero(won)]


def mean_colours(run: ShownRun, view: Any) -> Sequence[str]:
    """Return a colour per unit: its mean target below (orange) or above (blue) the mean of all; grey on a 2-D set."""
    if run.facts["data"]["plane"]:
        return [ROLES["baseline"]] * len(view.hits)
    targets = run.scene["point_targets"].astype(float)
    gaps = (view.mean_targets - targets.mean()) / max(2.0 * float(targets.std()), 1e-12)
    shades = diverging(gaps, limit=1.0)
    mixed = shades[:, :3] * (shades[:, 3:] / 255.0) + 245.0 * (1 - shades[:, 3:] / 255.0)
    return ["#" + bytes(np.rint(one).astype(np.uint8)).hex() for one in mixed]


def mosaic(run: ShownRun, view: Any) -> Array:
    """Return the prototypes as images, each where its unit stands: ink on white. RGBA, a few pixels each."""
    height, width = run.facts["data"]["image_shape"]
    grey = 255 * (1 - np.clip(np.nan_to_num(view.prototypes.astype(float)), 0, 1)).reshape(-1, height, width)
    tiles = np.kron(grey, np.ones((TILE_ZOOM, TILE_ZOOM))).astype(np.uint8)
    pitch = np.array([width, height]) * TILE_ZOOM + TILE_GAP
    corners = np.rint(run.scene["positions"] * pitch).astype(int)
    across, down = corners.max(0) + pitch - TILE_GAP
    picture = np.zeros((down, across, 4), np.uint8)
    for (x, y), tile in zip(corners, tiles, strict=True):
        picture[y : y + tile.shape[0], x : x + tile.shape[1], :3] = tile[..., None]
        picture[y : y + tile.shape[0], x : x + tile.shape[1], 3] = 255
    return picture


def swatches(run: ShownRun, view: Any) -> Array:
    """Return the map of a photograph: every cell in the colour of its prototype. RGBA."""
    return np.asarray(cells(run, np.concatenate([colours(view), np.full((len(view.hits), 1), 255)], axis=1))[0])


def colours(view: Any) -> Array:
    """Return the prototypes as colours: (units, 3) uint8."""
    return np.rint(255 * np.clip(np.nan_to_num(view.prototypes[:, :3].astype(float)), 0, 1)).astype(np.uint8)


def repainted(run: ShownRun, view: Any) -> Array:
    """Return the photograph above, and below every pixel in the colour of its best unit. (2 h + gap, w, 4) RGBA."""
    original = run.scene["photograph"]
    height, width = original.shape[:2]
    painted = colours(view)[view.photo_units].reshape(height, width, 3)
    picture = np.zeros((2 * height + 3, width, 4), np.uint8)
    picture[:height, :, :3], picture[-height:, :, :3] = original, painted
    picture[:height, :, 3] = picture[-height:, :, 3] = 255
    return picture
