"""What methods without a map reach on the same examples: k-means, principal components, nearest neighbours.

k-means with as many centres as the map has units is the floor of the quantization error: it puts its centres where
they serve best, and need not keep them in order.
"""

import time

import numpy as np

from lab.datasets.dataset import Dataset
from models import som_measures
from models.base import Array, Baseline
from models.views import SHOWN_EXAMPLES

MEASURED = 4000  # examples, as in models/som.py
STARTS = 3  # of k-means; the best one counts


def baselines_for(data: Dataset, *, units: int, seed: int) -> list[Baseline]:
    """Return the measured baselines; equal data, units and seed give equal values."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        found = [*_kmeans(data, units, seed), _principal_plane(data)]
        return [*found, _nearest(data)] if data.task == "classification" else found


def _kmeans(data: Dataset, units: int, seed: int) -> list[Baseline]:
    from sklearn.cluster import KMeans

    train, test = data.train_inputs[:MEASURED], data.test_inputs[:MEASURED]
    started = time.perf_counter()
    count = min(units, len(np.unique(train, axis=0)))
    centres = KMeans(count, n_init=STARTS, random_state=seed).fit(train).cluster_centers_
    best, _, train_near = som_measures.two_best(train, centres)
    near = som_measures.two_best(test, centres)[2]
    name, seconds = f"k-means, {count} centres", time.perf_counter() - started
    found = [
        Baseline(name, "train_qe", float(train_near.mean()), seconds),
        Baseline(name, "test_qe", float(near.mean()), seconds),
    ]
    if data.task == "classification":
        won = som_measures.labels(best, data.train_targets[:MEASURED], len(data.class_names), count)
        read = som_measures.read_off(test, centres, won)
        share = float((read == data.test_targets[:MEASURED]).mean())
        found.append(Baseline(f"{name}, labelled", "test_accuracy", share, seconds))
    return found


def _principal_plane(data: Dataset) -> Baseline:
    """Return the trustworthiness of the plane of the two principal axes, the other common way to draw a flat map."""
    from sklearn.decomposition import PCA

    started = time.perf_counter()
    test = data.test_inputs[:SHOWN_EXAMPLES]
    fitted = PCA(min(2, test.shape[1]), random_state=0).fit(data.train_inputs[:MEASURED])
    flat: Array = fitted.transform(test).astype(np.float64)
    squared = ((flat[:, None] - flat[None]) ** 2).sum(2)
    trust = som_measures.trustworthiness(test, squared)
    return Baseline("Two principal axes", "test_trust", trust, time.perf_counter() - started)


def _nearest(data: Dataset) -> Baseline:
    from sklearn.neighbors import KNeighborsClassifier

    started = time.perf_counter()
    count = min(3, len(data.train_inputs))
    known = KNeighborsClassifier(count).fit(data.train_inputs[:MEASURED], data.train_targets[:MEASURED])
    share = float((known.predict(data.test_inputs[:MEASURED]) == data.test_targets[:MEASURED]).mean())
    return Baseline(f"{count} nearest neighbours", "test_accuracy", share, time.perf_counter() - started)
