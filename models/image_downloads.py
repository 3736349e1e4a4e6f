"""Image sets that `keras.datasets` downloads on request and keeps: Fashion-MNIST, MNIST and CIFAR-10."""

import contextlib
import gzip
import io
import zlib
from typing import Any

from lab.datasets.dataset import UnfitData
from lab.datasets.images import TITLES, ImageSet, from_arrays, megabytes, remove_from_cache

DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, ValueError)


def downloaded(name: str, *, seed: int, most: int) -> ImageSet:
    """Return a set from the cache, fetched first where it is not there. Raises UnfitData where neither works."""
    import keras

    loader: Any = getattr(keras.datasets, name)
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # its progress bar; the page reads the files instead
            train, test = loader.load_data()
    except DAMAGED as problem:
        remove_from_cache(name)
        raise UnfitData(
            f"The files of {TITLES[name]} on this machine were incomplete and have been removed. "
            "Choose the data again to fetch them anew."
        ) from problem
    except Exception as problem:  # keras raises a bare Exception where there is no network
        raise UnfitData(
            f"{TITLES[name]} is not on this machine, and it could not be fetched ({megabytes(name):.0f} MB): there "
            "seems to be no way to the internet. Choose digits: they come with the app."
        ) from problem
    return from_arrays(name, train, test, seed=seed, most=most)
