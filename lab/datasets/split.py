"""Which rows train and which test: seeded, with every class in both parts in its share."""

import numpy as np

from lab.datasets.dataset import Array


def split_rows(count: int, classes: Array | None, *, test_share: float, seed: int) -> tuple[Array, Array]:
    """Return (train_rows, test_rows), int64, disjoint, shuffled, together all of `range(count)`.

    classes: (count,) class of each row, or None for a regression. Each class is split by itself (stratified), so that
    its share of the test part differs from `test_share` by less than one row; where a class has two rows or more, each
    part gets at least one.
    """
    generator = np.random.default_rng([seed, 1])  # a stream of its own: the points of a generated set use [seed, 0]
    groups = [np.arange(count)] if classes is None else [np.flatnonzero(classes == kind) for kind in np.unique(classes)]
    train, test = [], []
    for rows in groups:
        shuffled = generator.permutation(rows)
        held_out = min(max(round(test_share * len(rows)), 1), len(rows) - 1)
        test.append(shuffled[:held_out])
        train.append(shuffled[held_out:])
    return generator.permutation(np.concatenate(train)), generator.permutation(np.concatenate(test))


def standardize(train: Array, test: Array) -> tuple[Array, Array, float, float]:
    """Return both parts as float32 with the training part's mean 0 and deviation 1, that mean, and that deviation.

    A training part without any spread keeps its unit (deviation 1).
    """
    mean, scale = float(np.mean(train)), float(np.std(train))
    scale = scale if scale > 0 else 1.0
    return ((train - mean) / scale).astype(np.float32), ((test - mean) / scale).astype(np.float32), mean, scale
