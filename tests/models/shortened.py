"""Runs that take less time: without XLA, or with fewer records; for tests that ask for neither.

XLA takes one to five seconds to compile a loop that a test walks through a dozen times. What XLA computes is held
against NumPy where that is the question (test_training_loop.py, test_gan.py and the contract tests' default runs).
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any
from unittest import mock

import tensorflow as tf

from models.base import schedule

OF_ITS_OWN = ("models.rbf",)  # whose steps are the records themselves: a bump that joins
READERS = ("models.recurrent_training", "models.bottleneck_training")  # train what reads step by step
SCHEDULED_BY = {"models.rnn": READERS[:1], "models.lstm_gru": READERS}


@contextmanager
def uncompiled() -> Iterator[None]:
    """Make tf.function leave XLA out for what is built inside the block."""
    real = tf.function

    def plain(*functions: Any, **options: Any) -> Any:
        return real(*functions, **{**options, "jit_compile": None})

    with mock.patch.object(tf, "function", plain):
        yield


@contextmanager
def recorded_rarely(module: Any, moments: int) -> Iterator[None]:
    """Make the runs of a family that begin inside the block record few moments: looking changes no weight."""

    def rarely(total_steps: int, _count: int = 0) -> list[int]:
        return schedule(total_steps, moments)

    if module.__name__ in OF_ITS_OWN:
        yield
        return
    with ExitStack() as patches:
        for name in SCHEDULED_BY.get(module.__name__, (module.__name__,)):
            patches.enter_context(mock.patch.object(import_module(name), "schedule", rarely))
        yield
