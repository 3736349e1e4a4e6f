"""The result panel of a run's last moment as one small picture, for places where a whole stage would be too much."""

from base64 import b64decode
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from lab.charts.palette import ROLES
from lab.charts.stage_panels import ImagesPanel, Path, PlanePanel, Points, diverging, png
from lab.shown_run import ShownRun

SIDE, RADIUS = 260, 4


def thumbnail(run: ShownRun, result: Any) -> str | None:
    """Return a PNG data URI. result(run, views) is the family's function for the panel; None: no picture."""
    if not run.moments:
        return None
    last = replace(run, moments=run.moments[-1:])
    panel = result(last, last.views())
    if isinstance(panel, ImagesPanel):
        picture = _decoded(panel.images[0])
        larger = picture.resize((2 * picture.width, 2 * picture.height), Image.Resampling.NEAREST)
        return png(np.asarray(larger))
    return png(np.asarray(_plane(panel))) if isinstance(panel, PlanePanel) else None


def _decoded(uri: str) -> Image.Image:
    return Image.open(BytesIO(b64decode(uri.partition(",")[2]))).convert("RGBA")


def _plane(panel: PlanePanel) -> Image.Image:
    picture = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
    if panel.backgrounds:
        picture = _decoded(panel.backgrounds[0]).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    if panel.diagonal:
        draw.line([(0, SIDE), (SIDE, 0)], fill=ROLES["baseline"], width=2)
    for points in panel.points:
        _points(draw, points, panel)
    for path in panel.paths:
        _path(draw, path, panel)
    draw.rectangle((0, 0, SIDE - 1, SIDE - 1), outline=ROLES["baseline"])
    return picture


def _points(draw: ImageDraw.ImageDraw, points: Points, panel: PlanePanel) -> None:
    positions = points.positions[-1] if points.positions.ndim == 3 else points.positions
    groups = np.zeros(len(positions), int) if points.groups is None else np.asarray(points.groups)
    colours = [panel.colours[int(group) % len(panel.colours)] for group in groups]
    if points.values is not None:
        colours = [tuple(map(int, colour[:3])) for colour in diverging(np.atleast_2d(points.values)[-1])]  # type: ignore[misc]
    for place, colour in zip(positions, colours, strict=True):
        across, down = _pixel(place, panel)
        radius = points.size or RADIUS
        draw.ellipse((across - radius, down - radius, across + radius, down + radius), fill=colour, outline="white")


def _pixel(place: Any, panel: PlanePanel) -> tuple[float, float]:
    x, y = (float(value) for value in place)
    across = (x - panel.x.low) / (panel.x.high - panel.x.low) * SIDE
    return across, (panel.y.high - y) / (panel.y.high - panel.y.low) * SIDE


def _path(draw: ImageDraw.ImageDraw, path: Path, panel: PlanePanel) -> None:
    """Draw a line; one in ink is drawn in the blue of the model, which shows on light and on dark ground."""
    positions = path.positions[-1] if path.positions.ndim == 3 else path.positions
    colour = ROLES["model"] if path.colour == "ink" else path.colour
    for start, end in pairwise(positions):
        if np.isfinite(start).all() and np.isfinite(end).all():
            draw.line([_pixel(start, panel), _pixel(end, panel)], fill=colour, width=2)
