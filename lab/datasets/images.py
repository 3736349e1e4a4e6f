"""Images as data: digits, digits with room around them, pairs of dots, and sets that are downloaded on request.

One shape for all pages that learn from images. `images(name, ...)` returns an ImageSet, which is a Dataset (flat inputs
in 0..1, (n, height * width * channels)), so that tables, splits and baselines work as for any other data; the pictures
themselves are `data.pictures("train")`, (n, height, width, channels). An autoencoder takes the flat inputs as they are
and ignores the targets; a generator of images scales them to -1..1.

What is downloaded comes through `keras.datasets` in a run's own process (models/image_downloads.py), since data knows
neither screens nor networks; `from_arrays` turns what came into an ImageSet, and `download_share` reads from the files
on the disk how far a download is.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lab.datasets.bundled import bundled
from lab.datasets.dataset import Array, Dataset, Part, UnfitData
from lab.datasets.split import split_rows

PARTS: tuple[Part, Part] = ("train", "test")
BUNDLED = ("digits", "digits_canvas", "pair")
DOWNLOADED = ("fashion_mnist", "mnist", "cifar10")
CANVAS = 12  # pixels along each side of the canvas for digits of 8 x 8
PAIR_SIDE = 16

TITLES = {"fashion_mnist": "Fashion-MNIST", "mnist": "MNIST", "cifar10": "CIFAR-10"}
SOURCES = {
    "fashion_mnist": "70,000 pictures of clothes, 28 x 28 grey values (Xiao, Rasul and Vollgraf, 2017, MIT licence).",
    "mnist": "70,000 handwritten digits, 28 x 28 grey values (LeCun, Cortes and Burges, 1998, CC BY-SA 3.0).",
    "cifar10": "60,000 small photographs, 32 x 32 pixels in colour (Krizhevsky, 2009).",
}
CLASS_NAMES = {
    "fashion_mnist": ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"),
    "mnist": tuple(str(digit) for digit in range(10)),
    "cifar10": ("plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
}
# Under the Keras home folder: the files that keras.datasets keeps, and their sizes in bytes.
CACHED: dict[str, dict[str, int]] = {
    "fashion_mnist": {
        "datasets/fashion-mnist/train-labels-idx1-ubyte.gz": 29_515,
        "datasets/fashion-mnist/train-images-idx3-ubyte.gz": 26_421_880,
        "datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz": 5_148,
        "datasets/fashion-mnist/t10k-images-idx3-ubyte.gz": 4_422_102,
    },
    "mnist": {"datasets/mnist.npz": 11_490_434},
    "cifar10": {"datasets/cifar-10-batches-py-target_archive": 170_498_071},
}
NEARLY = 0.999  # files of other sources hold the same data and differ by a few bytes of their headers


@dataclass(frozen=True, eq=False)
class ImageSet(Dataset):
    """A Dataset whose inputs are pictures.

    channels: 1 for grey values, 3 for red, green and blue. order: (pixels,) the fixed permutation of all pixels that
    was applied to every image, or None. margin: empty pixels on each side, by which an image can be moved unharmed.
    """

    channels: int = 1
    order: Array | None = None
    margin: int = 0

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        assert self.image_shape is not None
        return (*self.image_shape, self.channels)

    def pictures(self, part: Part) -> Array:
        """Return the inputs of a part as (n, height, width, channels) float32 in 0..1."""
        inputs: Array = self.train_inputs if part == "train" else self.test_inputs
        return inputs.reshape(-1, *self.shape)

    def moved(self, pictures: Array, right: int, down: int) -> Array:
        """Return pictures (n, h, w, c) moved by whole pixels; what leaves is lost, what comes in is empty.

        Permuted pictures are put in order, moved, and permuted again.
        """
        plain = pictures if self.order is None else _permuted(pictures, np.argsort(self.order))
        shifted = shift(plain, right, down)
        return shifted if self.order is None else _permuted(shifted, self.order)

    def summary(self) -> dict[str, Any]:
        """Return what a page says of the data, as JSON values."""
        return {**super().summary(), "channels": self.channels, "margin": self.margin}


def shift(pictures: Array, right: int, down: int) -> Array:
    """Move pictures (n, h, w, c) by whole pixels, filling with 0."""
    height, width = pictures.shape[1:3]
    moved = np.zeros_like(pictures)
    rows, columns = _overlap(down, height), _overlap(right, width)
    moved[:, rows[1], columns[1]] = pictures[:, rows[0], columns[0]]
    return moved


def _overlap(by: int, size: int) -> tuple[slice, slice]:
    """Return which part of an axis stays in the picture: where it was, and where it comes to lie."""
    by = min(max(by, -size), size)
    return slice(max(0, -by), min(size, size - by)), slice(max(0, by), min(size, size + by))


def _permuted(pictures: Array, order: Array) -> Array:
    count, height, width, channels = pictures.shape
    return pictures.reshape(count, height * width, channels)[:, order].reshape(pictures.shape)


def _flat(pictures: Array) -> Array:
    return pictures.reshape(len(pictures), -1)


def permuted(data: ImageSet, seed: int) -> ImageSet:
    """Return the same images with all pixels of every image in one other, fixed order that the seed draws."""
    height, width, _ = data.shape
    order = np.random.default_rng([seed, 3]).permutation(height * width)
    train, test = (_flat(_permuted(data.pictures(part), order)) for part in PARTS)
    note = "The pixels of every image stand in one other order, the same for all images."
    return replace(data, train_inputs=train, test_inputs=test, order=order, notes=(*data.notes, note))


def images(name: str, *, seed: int = 0, test_share: float = 0.25, samples: int = 3000, distance: int = 10) -> ImageSet:
    """Return bundled or generated images, the same for the same arguments; names: BUNDLED.

    samples, distance: of the pairs only. Raises UnfitData for a name that has to be downloaded or is unknown.
    """
    if name == "digits":
        return _as_images(bundled("digits", seed=seed, test_share=test_share))
    if name == "digits_canvas":
        return on_canvas(_as_images(bundled("digits", seed=seed, test_share=test_share)), CANVAS)
    if name == "pair":
        return pairs(samples, distance, seed=seed, test_share=test_share)
    raise UnfitData(f'There are no images called "{name}" that need no download.')


def _as_images(data: Dataset) -> ImageSet:
    return ImageSet(**{name: getattr(data, name) for name in Dataset.__dataclass_fields__})


def on_canvas(data: ImageSet, side: int) -> ImageSet:
    """Return grey images in the middle of an empty square canvas of `side` pixels."""
    margin = (side - data.shape[0]) // 2
    room = ((0, 0), (margin, margin), (margin, margin), (0, 0))
    train, test = (_flat(np.pad(data.pictures(part), room)) for part in PARTS)
    names = tuple(f"row {row + 1}, column {column + 1}" for row in range(side) for column in range(side))
    return replace(
        data, train_inputs=train, test_inputs=test, name="digits_canvas",
        title="Digits with room around them", image_shape=(side, side),
        input_names=names, margin=margin,
    )  # fmt: skip


def pairs(samples: int, distance: int, *, seed: int, test_share: float) -> ImageSet:
    """Return 16 x 16 images with two dots, `distance` columns apart: are they in the same row or not?

    Each dot alone is equally likely in every row, whatever the class; only both together tell it.
    """
    generator = np.random.default_rng([seed, 4])
    targets = (np.arange(samples) % 2).astype(np.int32)
    first = generator.integers(0, PAIR_SIDE, samples)
    other = (first + generator.integers(1, PAIR_SIDE, samples)) % PAIR_SIDE  # any row but the first dot's
    second = np.where(targets == 1, first, other)
    column = generator.integers(0, PAIR_SIDE - distance, samples)
    pictures = np.zeros((samples, PAIR_SIDE, PAIR_SIDE), np.float32)
    every = np.arange(samples)
    pictures[every, first, column] = pictures[every, second, column + distance] = 1.0
    train, test = split_rows(samples, targets, test_share=test_share, seed=seed)
    flat = pictures.reshape(samples, -1)
    return ImageSet(
        name="pair", title="Two dots far apart", task="classification",
        train_inputs=flat[train], train_targets=targets[train], test_inputs=flat[test], test_targets=targets[test],
        train_rows=train, test_rows=test,
        input_names=tuple(f"row {row + 1}, column {place + 1}" for row in range(16) for place in range(16)),
        source=f"{samples:,} generated images of two dots, {distance} columns apart.",
        target_name="rows", class_names=("two rows", "same row"), image_shape=(PAIR_SIDE, PAIR_SIDE),
    )  # fmt: skip


# ---- what is downloaded ----


def from_arrays(name: str, train: tuple[Array, Array], test: tuple[Array, Array], *, seed: int, most: int) -> ImageSet:
    """Return downloaded images as data: (images, labels) of both parts, as keras.datasets gives them.

    images: (n, h, w) or (n, h, w, 3) uint8; labels: (n,) or (n, 1). most: so many training images, chosen by the seed;
    the test part is the original one, complete.
    """
    rows = np.random.default_rng([seed, 5]).permutation(len(train[0]))[:most]
    height, width = train[0].shape[1:3]
    channels = train[0].shape[3] if train[0].ndim == 4 else 1
    known = (
        f"{len(rows):,} of the {len(train[0]):,} training images, chosen by the seed; all {len(test[0]):,} for test."
    )
    return ImageSet(
        name=name, title=TITLES[name], task="classification",
        train_inputs=_scaled(train[0][rows]), train_targets=train[1][rows].reshape(-1).astype(np.int32),
        test_inputs=_scaled(test[0]), test_targets=test[1].reshape(-1).astype(np.int32),
        train_rows=rows, test_rows=np.arange(len(test[0])),
        input_names=(), source=SOURCES[name], target_name="class", class_names=CLASS_NAMES[name],
        image_shape=(height, width), notes=(known,), channels=channels,
    )  # fmt: skip


def _scaled(pictures: Array) -> Array:
    return pictures.reshape(len(pictures), -1).astype(np.float32) / np.float32(255.0)


def cache_folder() -> Path:
    """Return the folder in which Keras keeps what it downloads."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")


def download_share(name: str) -> float:
    """Return which share of a set's bytes lies in the cache: 0 to 1, 1 for what needs no download."""
    files = CACHED.get(name)
    if not files:
        return 1.0
    found = sum(min(_size(cache_folder() / file), size) for file, size in files.items())
    share = found / sum(files.values())
    return 1.0 if share >= NEARLY else share


def megabytes(name: str) -> float:
    """Return how much a set weighs on its way here, in megabytes; 0 for what needs no download."""
    return sum(CACHED.get(name, {}).values()) / 1e6


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def remove_from_cache(name: str) -> None:
    """Delete the files of a set, so that the next load fetches them anew."""
    for file in CACHED[name]:
        (cache_folder() / file).unlink(missing_ok=True)
