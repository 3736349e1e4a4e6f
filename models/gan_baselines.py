"""Samplers without a network, measured like the generator: a mixture of normal distributions, and kernel density."""

import time

import numpy as np

from lab.datasets.dataset import Dataset
from models.base import Array, Baseline

FITTED = 4000  # training examples
SAMPLES = 2000


def baselines_for(data: Dataset, *, seed: int) -> list[Baseline]:
    """Return quality and coverage of both samplers; equal data and seed give equal values.

    The mixture has as many normal distributions as there are spots or classes (moons and spirals: 20), with diagonal
    covariances for images; the kernel's width is Scott's rule for one standard deviation of all axes together.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return [*_measured("Normal mixture", _mixture, data, seed), *_measured("Kernel density", _kernel, data, seed)]


def _measured(name: str, sampler: object, data: Dataset, seed: int) -> list[Baseline]:
    from models.gan import quality

    started = time.perf_counter()
    samples = sampler(data, seed)  # type: ignore[operator]
    seconds = time.perf_counter() - started
    found = quality(data, samples)
    return [Baseline(name, metric, found[metric], seconds) for metric in ("test_quality", "test_coverage")]


def _mixture(data: Dataset, seed: int) -> Array:
    from sklearn.mixture import GaussianMixture

    count = len(data.class_names) if len(data.class_names) > 2 else 20
    kind = "diag" if data.image_shape else "full"
    fitted = GaussianMixture(count, covariance_type=kind, random_state=seed, n_init=2, reg_covar=1e-4)
    samples = fitted.fit(data.train_inputs[:FITTED]).sample(SAMPLES)[0]
    return np.asarray(np.clip(samples, 0, 1) if data.image_shape else samples, np.float32)


def _kernel(data: Dataset, seed: int) -> Array:
    from sklearn.neighbors import KernelDensity

    train = data.train_inputs[:FITTED]
    width = float(train.std(axis=0).mean()) * len(train) ** (-1.0 / (train.shape[1] + 4))
    samples = KernelDensity(bandwidth=width).fit(train).sample(SAMPLES, random_state=seed)
    return np.asarray(np.clip(samples, 0, 1) if data.image_shape else samples, np.float32)
