"""What is measured of an autoencoder, in NumPy alone: errors, decibels, areas under curves, and what samples look like.

Area under the ROC curve as a rank statistic: Hanley and McNeil, Radiology 143 (1982).
"""

import numpy as np

from models.base import Array

NEIGHBOURS = 10  # nearest training images that say of what class a picture is
REACH = 5  # a test image counts as met by what is as near as its fifth nearest training image


def squared_errors(outputs: Array, inputs: Array) -> Array:
    """Return the mean squared error of each example over its inputs: (n, d), (n, d) to (n,)."""
    return np.asarray(((outputs.astype(np.float64) - inputs) ** 2).mean(axis=1))


def decibels(error: float) -> float:
    """Return the peak signal-to-noise ratio of a mean squared error on a scale from 0 to 1, in dB."""
    return float(-10.0 * np.log10(max(error, 1e-12)))


def explained(errors: Array, inputs: Array, centre: Array) -> float:
    """Return the share of the spread of `inputs` (n, d) about `centre` (d,) that is rebuilt; errors: (n,)."""
    spread = ((inputs.astype(np.float64) - centre) ** 2).mean()
    return float(1.0 - errors.mean() / max(spread, 1e-12))


def area(scores: Array, anomalies: Array) -> float:
    """Return how often an anomaly scores higher than a normal example, ties counting half; both (m,)."""
    values, places = np.unique(scores, return_inverse=True)
    counts = np.bincount(places, minlength=len(values))
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]  # mean rank among ties, from 1
    positive = int(anomalies.sum())
    negative = len(anomalies) - positive
    return float((ranks[anomalies].sum() - positive * (positive + 1) / 2) / (positive * negative))


def agreement(pictures: Array, images: Array, classes: Array) -> Array:
    """Return how far the ten training images nearest to each picture agree on one class: (n, d) to (n,), 0.1 to 1.

    A clear digit lies among its own kind; a blend of two lies between kinds.
    """
    count = min(NEIGHBOURS, len(images))
    far = (images**2).sum(1) - 2.0 * pictures.astype(np.float64) @ images.T.astype(np.float64)  # + the same for all
    near = np.argpartition(far, count - 1, axis=1)[:, :count]
    votes = classes[near]  # (n, count)
    tally = (votes[:, :, np.newaxis] == np.unique(classes)).sum(axis=1)
    return np.asarray(tally.max(axis=1) / count)


def distances(one: Array, other: Array) -> Array:
    """Return the Euclidean distances of all pairs: (n, d), (m, d) to (n, m)."""
    one, other = one.astype(np.float64), other.astype(np.float64)
    squared = (one**2).sum(1)[:, np.newaxis] + (other**2).sum(1) - 2.0 * one @ other.T
    return np.asarray(np.sqrt(np.maximum(squared, 0.0)))


def reach(inputs: Array, images: Array) -> Array:
    """Return the distance of each input to the fifth nearest of `images`: (m, d), (n, d) to (m,)."""
    rank = min(REACH, len(images)) - 1
    return np.asarray(np.partition(distances(inputs, images), rank, axis=1)[:, rank])


def covered(samples: Array, inputs: Array, radii: Array) -> float:
    """Return the share of inputs (m, d) that have a sample (s, d) within their radius (m,).

    Coverage: Naeem and others, "Reliable fidelity and diversity metrics for generative models" (ICML 2020); here the
    balls stand around test examples and reach to their fifth nearest training example.
    """
    return float((distances(inputs, samples).min(axis=1) <= radii).mean())


def divergence(means: Array, log_variances: Array) -> Array:
    """Return KL(N(mean, variance) || N(0, 1)) of each code number, mean over the examples, in nats: (n, k) to (k,)."""
    each = 0.5 * (means.astype(np.float64) ** 2 + np.exp(log_variances.astype(np.float64)) - 1.0 - log_variances)
    return np.asarray(each.mean(axis=0))


def fitted_draws(codes: Array, normal: Array) -> Array:
    """Return `normal` (s, k), drawn from N(0, I), carried to a Gaussian with mean and covariance of `codes` (n, k)."""
    centred = codes.astype(np.float64) - codes.mean(axis=0)
    covariance = centred.T @ centred / len(codes)
    values, axes = np.linalg.eigh(covariance)
    return np.asarray(codes.mean(axis=0) + (normal * np.sqrt(np.maximum(values, 0.0))) @ axes.T)
