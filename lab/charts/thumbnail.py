"""The result panel of a run's last moment as one small picture, for places where a whole stage would be too much."""

from base64 import b64decode
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from lab.charts.palette import CLASSES, ROLES
from lab.charts.stage_panels import ImagesPanel, PlanePanel, Points, diverging, png
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
    draw.rectangle((0, 0, SIDE - 1, SIDE - 1), outline=ROLES["baseline"])
    return picture


def _points(draw: ImageDraw.ImageDraw, points: Points, panel: PlanePanel) -> None:
    positions = points.positions[-1] if points.positions.ndim == 3 else points.positions
    groups = np.zeros(len(positions), int) if points.groups is None else np.asarray(points.groups)
    colours = [CLASSES[int(group) % len(CLASSES)] for group in groups]
    if points.values is not None:
        colours = [tuple(map(int, colour[:3])) for colour in diverging(np.atleast_2d(points.values)[-1])]  # type: ignore[misc]
    for (x, y), colour in zip(positions, colours, strict=True):
        across = (float(x) - panel.x.low) / (panel.x.high - panel.x.low) * SIDE
        down = (panel.y.high - float(y)) / (panel.y.high - panel.y.low) * SIDE
        draw.ellipse((across - RADIUS, down - RADIUS, across + RADIUS, down + RADIUS), fill=colour, outline="white")
