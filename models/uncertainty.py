"""What a committee doubts, in plain NumPy: entropy, disagreement, calibration, and how well doubt tells the strange.

Sources: mutual information as the disagreement of members, Houlsby and others, "Bayesian active learning for
classification and preference learning" (2011); expected calibration error, Guo and others, "On calibration of modern
neural networks", ICML 2017; the area under the ROC curve as a rank statistic, Hanley and McNeil, Radiology 143 (1982).
"""

import numpy as np

from models.base import Array

TINY = 1e-300


def entropy(probabilities: Array) -> Array:
    """Return the entropy over the last axis, in bits."""
    known = np.clip(probabilities, TINY, 1.0)
    return -np.sum(probabilities * np.log2(known), axis=-1)


def disagreement(members: Array, shares: Array) -> Array:
    """Return the mutual information of answer and member, in bits: (n,); 0 where all members say the same.

    members: (n, m, c) answers; shares: (n, m), which sum to 1. It is the entropy of the common answer minus the mean
    entropy of the members' answers.
    """
    together = np.einsum("nm,nmc->nc", shares, members)
    return np.maximum(0.0, entropy(together) - np.sum(shares * entropy(members), axis=1))


def calibration(probabilities: Array, targets: Array, bins: int) -> Array:
    """Return examples, mean confidence and share right per bin of confidence: (bins, 3). Guo et al."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == targets
    places = np.clip((np.nan_to_num(confidence) * bins).astype(int), 0, bins - 1)
    examples = np.bincount(places, minlength=bins)
    sums = [np.bincount(places, weights=weights, minlength=bins) for weights in (confidence, right)]
    return np.stack([examples, *(total / np.maximum(examples, 1) for total in sums)], axis=1)


def calibration_error(bins: Array) -> float:
    """Return the gap between confidence and share right, weighted by examples, of `calibration`'s bins."""
    examples, confidence, right = np.asarray(bins, np.float64).T
    return float(np.sum(examples * np.abs(confidence - right)) / max(1.0, examples.sum()))


def separation(ordinary: Array, strange: Array) -> float:
    """Return the chance that a strange example scores higher than an ordinary one, ties counting half.

    That is the area under the ROC curve; .5 is guessing.
    """
    values = np.concatenate([ordinary, strange]).astype(np.float64)
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]  # of equal values, their mean rank
    wins = ranks[len(ordinary) :].sum() - len(strange) * (len(strange) + 1) / 2
    return float(wins / (len(ordinary) * len(strange)))


def negative_log_likelihood(probabilities: Array, targets: Array) -> Array:
    """Return -log p of the true class for each example, in nats: (n,)."""
    return -np.log(np.maximum(probabilities[np.arange(len(targets)), targets], TINY))
