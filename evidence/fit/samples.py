"""Scores of answers that have no right and wrong: groups, planes, samples, and how strange an example is.

Precision and recall of samples by neighbourhoods: Kynkäänniemi and others, "Improved precision and recall metric for
assessing generative models", NeurIPS 2019. Trustworthiness: Venna and Kaski (2001).
"""

from collections.abc import Callable

import numpy as np

from lab.datasets.dataset import Array

NEIGHBOURS, COMPARED, RUN = 5, 400, 3


def squared_distances(left: Array, right: Array) -> Array:
    """Return |x - y|² for (n, d) and (m, d): (n, m)."""
    x, y = left.astype(np.float64), right.astype(np.float64)
    found = (x**2).sum(1)[:, None] - 2 * x @ y.T + (y**2).sum(1)
    return np.maximum(found, 0.0)


def harmony(samples: Array, real: Array) -> float:
    """Return the harmonic mean of precision and recall of samples beside held-out examples, 0 to 1.

    Precision: samples within reach of a real example; recall: real examples within reach of a sample. The reach of an
    example is the distance to its fifth neighbour of its own kind. At most 400 of each are compared.
    """
    samples, real = samples[:COMPARED].reshape(-1, real.shape[1]), real[:COMPARED]
    if not np.isfinite(samples).all():
        return 0.0
    across = squared_distances(samples, real)
    reach = [np.sort(squared_distances(one, one), axis=1)[:, NEIGHBOURS] for one in (samples, real)]
    precision, recall = (across <= reach[1]).any(1).mean(), (across <= reach[0][:, None]).any(0).mean()
    return float(2 * precision * recall / max(precision + recall, 1e-12))


def area(scores: Array, strange: Array) -> float:
    """Return the area under the ROC curve: the chance that a strange example (bool) has the higher score; ties half."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(strange, np.nan_to_num(scores, posinf=1e9)))


def agreement(groups: Array, labels: Array) -> float:
    """Return the adjusted mutual information of two divisions: 0 at random, 1 where they are the same."""
    from sklearn.metrics import adjusted_mutual_info_score

    return float(adjusted_mutual_info_score(labels, groups))


def neighbours_kept(inputs: Array, places: Array) -> float:
    """Return the trustworthiness of places (n, 2): 1 where all neighbours on the plane are neighbours in the data."""
    from sklearn.manifold import trustworthiness

    return float(trustworthiness(inputs, np.nan_to_num(places), n_neighbors=NEIGHBOURS))


def likeness(
    tokens: Array, stretches: dict[str, tuple[int, int]], shares: Array
) -> tuple[Callable[[str, Array], float], float]:
    """Return a score of written text, its divergence from a part's runs of three characters, and that of chance."""
    vocabulary = len(shares)
    held = {part: runs(tokens[start:end], vocabulary) for part, (start, end) in stretches.items()}

    def scored(part: str, written: Array) -> float:
        return divergence(np.mean([runs(row, vocabulary) for row in written], axis=0), held[part])

    drawn = np.random.default_rng(0).choice(vocabulary, (200, 100), p=shares / shares.sum())
    return scored, scored("test", drawn)


def runs(tokens: Array, vocabulary: int) -> Array:
    """Return the share of each run of three tokens: (vocabulary³,)."""
    numbers = (tokens[:-2].astype(np.int64) * vocabulary + tokens[1:-1]) * vocabulary + tokens[2:]
    return np.bincount(numbers, minlength=vocabulary**RUN) / len(numbers)


def divergence(left: Array, right: Array) -> float:
    """Return the divergence of Jensen and Shannon of two distributions in nats: 0 if equal, log 2 if apart."""
    middle = (left + right) / 2

    def from_middle(one: Array) -> float:
        seen = one > 0
        return float(np.sum(one[seen] * np.log(one[seen] / middle[seen])))

    return (from_middle(left) + from_middle(right)) / 2
