"""How good generated samples are, in numbers that need no second network: lost modes, quality, coverage, spread.

All in float64 NumPy. The mode count follows Metz and others (ICLR 2017), with "a tenth of an even share" as the least a
covered mode must get. Quality and coverage of data without spots count neighbours, as precision and recall by
Kynkäänniemi and others, "Improved precision and recall metric for assessing generative models", NeurIPS 2019.
"""

import numpy as np

from models.base import Array

REACH = 3.0  # standard deviations; a sample within is of high quality
LEAST_SHARE = 0.1  # of an even share of the samples, for a mode to count as covered
NEAR = 0.99  # quantile of the distances from held-out data to the nearest training example
BLOCK = 500
WIDE, CANDIDATES = 256, 8  # numbers to an example from which on a rougher search picks so many to be compared exactly


def nearest(samples: Array, others: Array) -> tuple[Array, Array]:
    """Return the nearest of the others for each sample, and how far it is: (n, d), (m, d) -> (n,) int, (n,)."""
    if samples.shape[1] >= WIDE and len(others) > CANDIDATES:
        return _nearest_of_many(samples, others)
    others = np.asarray(others, np.float64)
    lengths = (others**2).sum(1)
    rows, away = [], []
    for start in range(0, len(samples), BLOCK):
        block = np.asarray(samples[start : start + BLOCK], np.float64)
        squared = (block**2).sum(1)[:, None] - 2.0 * block @ others.T + lengths[None]
        best = squared.argmin(1)
        rows.append(best)
        away.append(np.sqrt(((block - others[best]) ** 2).sum(1)))
    return np.concatenate(rows), np.concatenate(away)


def _nearest_of_many(samples: Array, others: Array) -> tuple[Array, Array]:
    """Do the same for large images: candidates in the precision they come in, the choice among them in float64."""
    lengths = np.einsum("md,md->m", others, others)
    rows, away = [], []
    for start in range(0, len(samples), BLOCK):
        block = samples[start : start + BLOCK]
        picked = np.argpartition(lengths[None] - 2.0 * block @ others.T, CANDIDATES, axis=1)[:, :CANDIDATES]
        apart = block[:, None].astype(np.float64) - others[picked]
        far = np.sqrt((apart**2).sum(2))  # (n, 8)
        best = far.argmin(1)
        rows.append(np.take_along_axis(picked, best[:, None], 1)[:, 0])
        away.append(np.take_along_axis(far, best[:, None], 1)[:, 0])
    return np.concatenate(rows), np.concatenate(away)


def mode_counts(samples: Array, centres: Array, spread: float) -> Array:
    """Return how many samples lie within 3 standard deviations of each centre, the nearest one counting: (k,) int."""
    mode, away = nearest(samples, centres)
    return np.bincount(mode[away <= REACH * spread], minlength=len(centres))


def covered(counts: Array, samples: int) -> int:
    """Return how many modes get at least a tenth of an even share of all samples."""
    return int((counts >= LEAST_SHARE * samples / len(counts)).sum())


def reach_of(train: Array, held_out: Array) -> float:
    """Return how near data of this kind lie: the distance within which 99 % of held-out examples have a neighbour."""
    return float(np.quantile(nearest(held_out, train)[1], NEAR))


def spread_ratio(samples: Array, real: Array) -> float:
    """Return the standard deviation of the samples over that of the data, all axes together."""
    return float(np.sqrt(np.var(samples.astype(np.float64), axis=0).sum() / np.var(real.astype(np.float64), 0).sum()))


def sharpness(images: Array) -> float:
    """Return the variance of the Laplacian of images, (n, h, w), inner pixels; blur lowers it (Pech-Pacheco, 2000)."""
    images = np.asarray(images, np.float64)
    inner = images[:, 1:-1, 1:-1]
    around = images[:, :-2, 1:-1] + images[:, 2:, 1:-1] + images[:, 1:-1, :-2] + images[:, 1:-1, 2:]
    return float(np.var(around - 4.0 * inner))
