"""A person's own picture, and the photographs that come with scikit-learn, as small arrays for a network.

A picture that someone sends is decoded, reduced and kept as bare pixels: nothing else of the file, neither its name nor
what a camera wrote into it, goes any further.
"""

import warnings
from functools import cache
from io import BytesIO

import numpy as np

from lab.datasets.dataset import Array, UnfitData
from lab.datasets.photographs import FILES

MAX_BYTES = 5_000_000
MAX_PIXELS = 40_000_000  # a small file can unfold into an enormous picture
KINDS = ("PNG", "JPEG")
FAINT, INKY = 0.15, 0.35  # less than this stands out from no border; more than this, of the strongest, is ink
GREY = np.array([0.299, 0.587, 0.114])  # of red, green and blue (ITU-R BT.601), as most programs turn colour into grey


def decode(content: bytes) -> Array:
    """Return the middle square of a PNG or JPEG file: (side, side, 3) uint8, upright, side at most 256.

    Raises UnfitData in plain words for what is too large, damaged, or no such picture.
    """
    from PIL import Image, ImageOps

    if len(content) > MAX_BYTES:
        raise UnfitData(f"The file has {len(content) / 1e6:.1f} MB; 5 MB is the most.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(BytesIO(content), formats=KINDS) as file:
                if file.width * file.height > MAX_PIXELS:
                    raise UnfitData(f"The picture has {file.width} x {file.height} pixels; 40 million are the most.")
                upright = ImageOps.exif_transpose(file).convert("RGBA")
    except UnfitData:
        raise
    except Exception as problem:  # a damaged file makes the decoder fail in many ways
        raise UnfitData("This file cannot be read as a PNG or JPEG picture. Export it again and retry.") from problem
    ground = Image.new("RGBA", upright.size, "white")  # what was see-through lies on paper
    return np.asarray(_square(Image.alpha_composite(ground, upright).convert("RGB")))


def _square(picture: "Image.Image", most: int = 256) -> "Image.Image":  # type: ignore[name-defined]  # noqa: F821
    from PIL import Image, ImageOps

    side = min(most, picture.width, picture.height)
    return ImageOps.fit(picture, (side, side), Image.Resampling.BOX)


@cache
def photograph_square(name: str, side: int = 64) -> Array:
    """Return the middle of one of scikit-learn's two photographs: (side, side, 3) uint8. Names: "temple", "flower"."""
    from PIL import Image
    from sklearn.datasets import load_sample_image

    return np.asarray(_square(Image.fromarray(load_sample_image(FILES[name])), side))


def digit(pixels: Array, size: int) -> Array:
    """Return a picture (h, w, 3) uint8 of one digit as digits are stored: (size, size, 1) float32, ink 0 to 1.

    What stands out from the border is ink. It is cut out and fills the field, as the 8 x 8 digits do; in larger fields
    20 of 28 pixels, as in MNIST. A picture without ink is only reduced.
    """
    from PIL import Image

    grey = np.asarray(pixels, np.float64) / 255.0 @ GREY
    border = np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]]))
    ink = np.abs(grey - border)
    if ink.max() < FAINT:
        return for_network(pixels, size, size, 1, ink=True)
    ink = ink / ink.max()
    rows, columns = (np.flatnonzero((ink > INKY).any(axis=axis)) for axis in (1, 0))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    inner = size if size <= 8 else round(size * 20 / 28)
    scale = inner / max(cut.shape)
    height, width = (max(1, round(side * scale)) for side in cut.shape)
    small = Image.fromarray(np.rint(255 * cut).astype(np.uint8)).resize((width, height), Image.Resampling.BOX)
    field, top, left = np.zeros((size, size, 1), np.float32), (size - height) // 2, (size - width) // 2
    field[top : top + height, left : left + width, 0] = np.asarray(small, np.float32) / 255.0
    return field


def for_network(pixels: Array, height: int, width: int, channels: int, *, ink: bool = False) -> Array:
    """Return a picture (h, w, 3) uint8 as a network gets it: (height, width, channels) float32 in 0..1.

    ink: light on dark is wanted, as digits and clothes have it; a picture with a light border is turned over.
    """
    from PIL import Image

    small = Image.fromarray(np.asarray(pixels, np.uint8)).resize((width, height), Image.Resampling.BOX)
    values = np.asarray(small, np.float64) / 255.0  # (height, width, 3)
    grey = values @ GREY
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    found = values if channels == 3 else grey[..., np.newaxis]
    return (1.0 - found if ink and border.mean() > 0.5 else found).astype(np.float32)
