"""The drawing pad: a person draws a digit, the server receives it as a small grey picture like those of the data set.

The browser sends the strokes, not pixels: lists of points between 0 and 1000 on both axes. The server checks them and
prepares them as the scikit-learn digits were made ("Optical Recognition of Handwritten Digits", UCI 1998): the ink is
scaled to fill the field and centred, drawn with a pen of fixed width as black on white into a bitmap four times as wide
as the result, and the dark pixels of every 4 x 4 block are counted, which gives values from 0 to 16. For fields larger
than 8, as MNIST has them, the ink fills 20/28 of the field and its centre of mass is moved to the middle.
"""

from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Array = NDArray[np.float64]
BLOCK = 4
MOST_STROKES, MOST_POINTS = 60, 6000
UNIT = 1000  # the browser's coordinates run from 0 to 1000
PEN = 0.15  # width of the pen as a share of the ink's box; gives about as much ink as the 1,797 digits have, 30 %

_FOLDER = Path(__file__).parent
_pad = st.components.v2.component(
    "road_drawing_pad",
    css=(_FOLDER / "drawing_pad.css").read_text(encoding="utf-8"),
    js=(_FOLDER / "drawing_pad.js").read_text(encoding="utf-8"),
    isolate_styles=True,
)


def drawing_pad(key: str, size: int = 8, *, label: str = "Draw a digit") -> Array | None:
    """Show the pad and return the drawing, (size, size) float64 of 0 (empty) to 16 (ink), or None while it is empty.

    The app reruns after each stroke. What a browser sends is not trusted: anything but proper strokes gives None.
    Raises ValueError unless 4 <= size <= 64.
    """
    _check_size(size)
    result = _pad(data={"label": label}, key=key, on_strokes_change=lambda: None)
    return digit_from_strokes(result.get("strokes"), size)


def digit_from_strokes(strokes: Any, size: int = 8) -> Array | None:
    """Return the (size, size) picture of `strokes`, or None where they are empty or not proper strokes.

    strokes: a list of strokes, each a list of [x, y] between 0 and 1000, y downwards.
    """
    _check_size(size)
    lines = checked_strokes(strokes)
    if lines is None:
        return None
    return block_counts(draw_bitmap(lines, BLOCK * size, fill=1.0 if size <= 8 else 20 / 28))


def checked_strokes(strokes: Any) -> list[Array] | None:
    """Return the strokes as arrays (points, 2) in 0..1; None unless all are well-formed and there is at least one."""
    if not isinstance(strokes, list | tuple) or not 1 <= len(strokes) <= MOST_STROKES:
        return None
    if any(not isinstance(stroke, list | tuple) or not stroke for stroke in strokes):
        return None
    if sum(len(stroke) for stroke in strokes) > MOST_POINTS:
        return None
    try:
        lines = [np.asarray(stroke, dtype=np.float64) for stroke in strokes]
    except (TypeError, ValueError, OverflowError):
        return None
    proper = all(line.ndim == 2 and line.shape[1] == 2 for line in lines)
    if not proper or not all(np.isfinite(line).all() and line.min() >= 0 and line.max() <= UNIT for line in lines):
        return None
    return [line / UNIT for line in lines]


def draw_bitmap(lines: list[Array], side: int, fill: float = 1.0) -> NDArray[np.bool_]:
    """Draw the strokes into a (side, side) bitmap, true where there is ink.

    The ink's box, pen included, is scaled without distortion to `fill` of the field and centred. With fill < 1 the
    ink's centre of mass is then moved to the middle by whole pixels, as far as nothing falls off the edge.
    """
    over = 4  # drawn four times too large, so that the pen's edge is round
    pen = max(1.0, PEN * side * fill) * over
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    room = side * fill * over - pen
    scale = room / max(float((high - low).max()), 1 / UNIT * 50)
    middle = (low + high) / 2
    canvas = Image.new("L", (side * over, side * over), 0)
    brush = ImageDraw.Draw(canvas)
    for line in lines:
        _draw_stroke(brush, (line - middle) * scale + side * over / 2, pen)
    shrunk = np.asarray(canvas, dtype=np.float64).reshape(side, over, side, over).mean(axis=(1, 3))
    bitmap = shrunk > 127
    return bitmap if fill >= 1 else _centre_mass(bitmap)


def _draw_stroke(brush: ImageDraw.ImageDraw, line: Array, pen: float) -> None:
    corners = [(float(x), float(y)) for x, y in line]
    if len(corners) > 1:
        brush.line(corners, fill=255, width=round(pen), joint="curve")
    for x, y in (corners[0], corners[-1]):
        brush.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)


def _centre_mass(bitmap: NDArray[np.bool_]) -> NDArray[np.bool_]:
    for axis in (0, 1):
        occupied = np.flatnonzero(bitmap.any(axis=1 - axis))
        ink = bitmap.sum(axis=1 - axis)
        wanted = round((len(ink) - 1) / 2 - float(ink @ np.arange(len(ink)) / ink.sum()))
        shift = int(np.clip(wanted, -occupied[0], len(ink) - 1 - occupied[-1]))
        bitmap = np.roll(bitmap, shift, axis=axis)
    return bitmap


def block_counts(bitmap: NDArray[np.bool_]) -> Array:
    """Count the ink in every 4 x 4 block: (4n, 4n) booleans to (n, n) float64 of 0 to 16."""
    side = bitmap.shape[0] // BLOCK
    return bitmap.reshape(side, BLOCK, side, BLOCK).sum(axis=(1, 3)).astype(np.float64)


def _check_size(size: int) -> None:
    if not 4 <= size <= 64:
        raise ValueError(f"a drawing is 4 to 64 pixels wide, not {size}")
