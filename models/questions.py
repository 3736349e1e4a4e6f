"""What a question to a network is about: an example of the test data, or one of the visitor's own."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lab.datasets.dataset import Dataset
from models.base import Array


def asked_example(data: Dataset, question: Mapping[str, Any], who: str = "the network") -> Array:
    """Return the example: (d,) float32, scaled as the network gets it.

    question: {"input": d numbers} or {"test_row": index of a test example}. Raises ValueError for another question;
    who: what the sentence calls the asked one.
    """
    try:
        if "test_row" in question:
            example = data.test_inputs[int(question["test_row"]) % len(data.test_inputs)]
        else:
            example = np.asarray(question["input"], np.float32).ravel()
    except (KeyError, TypeError, ValueError, OverflowError):
        raise ValueError('ask about {"input": numbers} or {"test_row": index}') from None
    if example.shape != data.train_inputs.shape[1:] or not np.isfinite(example).all():
        raise ValueError(f"{who} takes {data.train_inputs.shape[1]} finite numbers, not {example.size}")
    return np.asarray(example)
