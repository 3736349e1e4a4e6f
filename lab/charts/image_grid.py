"""Pictures of images, shared by all pages that learn from them: one image, grids of images, maps, masks.

Arrays in, uint8 arrays or PNG data URIs out. Grey values are drawn as ink on paper: 0 is white, 1 is black; colours as
they are. Maps of values that are never negative are drawn in the blue of the model, clear at zero.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from lab.charts.palette import ROLES
from lab.charts.stage_panels import diverging, png, rgb
from models.base import Array

LINE = (127, 127, 127, 160)  # a thin frame that shows on light and on dark ground


def paper(images: Array) -> Array:
    """Return images (..., h, w, c) in 0..1, c = 1 or 3, as (..., h, w, 3) uint8: ink on paper, or their colours."""
    values = np.clip(np.nan_to_num(np.asarray(images, np.float64)), 0.0, 1.0)
    seen = values if values.shape[-1] == 3 else np.repeat(1.0 - values, 3, axis=-1)
    return np.rint(255 * seen).astype(np.uint8)


def opaque(pixels: Array) -> Array:
    """Add full opacity to (..., h, w, 3) uint8: (..., h, w, 4)."""
    return np.concatenate([pixels, np.full((*pixels.shape[:-1], 1), 255, np.uint8)], axis=-1)


def enlarged(pixels: Array, times: int) -> Array:
    """Repeat every pixel of (h, w, channels) `times` times in both directions."""
    return np.repeat(np.repeat(pixels, times, axis=0), times, axis=1)


def framed(pixels: Array) -> Array:
    """Put a thin grey line around (h, w, 4) uint8."""
    large = np.empty((pixels.shape[0] + 2, pixels.shape[1] + 2, 4), np.uint8)
    large[:] = LINE
    large[1:-1, 1:-1] = pixels
    return large


def picture(image: Array, side: int = 120) -> str:
    """Return one image (h, w, c) in 0..1 as a data URI, its pixels enlarged to about `side` screen pixels."""
    return png(framed(enlarged(opaque(paper(image)), max(1, side // image.shape[0]))))


def signed(values: Array, limit: float, side: int = 120) -> str:
    """Return signed values (h, w), orange below zero and blue above, as a data URI; `limit` is drawn in full colour."""
    return png(framed(enlarged(diverging(values, limit or 1.0), max(1, side // values.shape[0]))))


def kernel_pixels(kernel: Array, limit: float) -> Array:
    """Return a kernel (k, k, c) as (k, k, 4) uint8: signed for one channel, else red, green and blue around grey."""
    if kernel.shape[-1] == 3:
        share = np.nan_to_num(np.asarray(kernel, np.float64)) / (limit or 1.0)
        return opaque(np.rint(127.5 + 127.5 * np.clip(share, -1, 1)).astype(np.uint8))
    return diverging(kernel.mean(axis=-1), limit or 1.0)


def masked(image: Array, mask: Array, limit: float, side: int = 160) -> str:
    """Return an image (h, w, c), pale, under a mask (h, w) of signed values; a data URI."""
    pale = 255 - (255 - paper(image).astype(np.float64)) * 0.45
    colour = diverging(mask, limit or 1.0).astype(np.float64)
    opacity = 0.75 * colour[..., 3:] / 255
    mixed = pale * (1 - opacity) + colour[..., :3] * opacity
    return png(framed(enlarged(opaque(np.rint(mixed).astype(np.uint8)), max(1, side // image.shape[0]))))


def stretched(values: Array, height: int, width: int) -> Array:
    """Return (h, w) values as (height, width): each pixel takes the value of the cell in which its middle lies."""
    rows = ((np.arange(height) + 0.5) * values.shape[0] / height).astype(int)
    columns = ((np.arange(width) + 0.5) * values.shape[1] / width).astype(int)
    stretched_values: Array = np.asarray(values)[rows][:, columns]
    return stretched_values


def mosaics(images: Array, wrong: Sequence[Array], columns: int, frame: int = 1) -> Iterator[Array]:
    """Yield a grid of images (n, h, w, c) per array of `wrong` (n,), RGBA; those stand on the warning colour."""
    rows = -(-len(images) // columns)
    height, width = images.shape[1] + 2 * frame, images.shape[2] + 2 * frame
    right, bad = np.zeros((2, rows * columns, height, width, 4), np.uint8)
    inside = (slice(0, len(images)), slice(frame, -frame), slice(frame, -frame))
    seen = paper(images)
    right[inside] = opaque(seen)
    bad[: len(images)] = (*rgb(ROLES["wrong"]), 255)
    bad[(*inside, slice(0, 3))] = 0.55 * seen + 0.45 * rgb(ROLES["wrong"])
    for one in wrong:
        chosen = np.zeros(rows * columns, bool)
        chosen[: len(images)] = one
        cells = np.where(chosen[:, np.newaxis, np.newaxis, np.newaxis], bad, right)
        grid = cells.reshape(rows, columns, height, width, 4).swapaxes(1, 2)
        yield grid.reshape(rows * height, columns * width, 4)
