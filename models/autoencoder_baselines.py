"""What methods without a network make of the same data: principal component analysis and an isolation forest.

Pearson, "On lines and planes of closest fit" (1901). Liu, Ting, Zhou, "Isolation forest" (ICDM 2008).
"""

import time
from functools import lru_cache

import numpy as np

from models import autoencoder_measures as measures
from models.autoencoder_data import SqueezedData
from models.base import Array, Baseline

MEASURED = 20_000  # training examples that fit a baseline


def principal_outputs(data: SqueezedData, code: int) -> Array:
    """Return what the network sees of the test part, rebuilt from its first `code` principal components: (m, d).

    The components are those of the clean training part.
    """
    inputs = data.train_inputs[:MEASURED].astype(np.float64)
    mean = inputs.mean(axis=0)
    centred = inputs - mean
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :code]  # (d, k), largest spread first
    return np.asarray(mean + (data.seen("test") - mean) @ axes @ axes.T)


@lru_cache(maxsize=4)
def forest_scores(data: SqueezedData) -> Array:
    """Return how easily an isolation forest, grown on the training part, isolates each test example: (m,)."""
    from sklearn.ensemble import IsolationForest
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        forest = IsolationForest(random_state=data.seed).fit(data.train_inputs[:MEASURED])
        return np.asarray(-forest.score_samples(data.seen("test")))


def baselines_for(data: SqueezedData, code: int) -> list[Baseline]:
    """Return the measured baselines; equal data give equal values."""
    started = time.perf_counter()
    normal = ~data.anomalies
    errors = measures.squared_errors(principal_outputs(data, code), data.test_inputs)
    error = float(errors[normal].mean())
    kept = measures.explained(errors[normal], data.test_inputs[normal], data.train_inputs.mean(axis=0))
    axes = min(code, data.train_inputs.shape[1])
    name, seconds = f"PCA, {axes} ax{'e' if axes > 1 else 'i'}s", time.perf_counter() - started
    found = [
        Baseline(name, "test_loss", error, seconds),
        Baseline(name, "test_explained", kept, seconds),
    ]
    if data.noise and data.image_shape:
        found.append(Baseline(name, "test_psnr", measures.decibels(error), seconds))
    if data.anomalies.any():
        found.append(Baseline(name, "test_auc", measures.area(errors, data.anomalies), seconds))
        started = time.perf_counter()
        area = measures.area(forest_scores(data), data.anomalies)
        found.append(Baseline("isolation forest", "test_auc", area, time.perf_counter() - started))
    return found
