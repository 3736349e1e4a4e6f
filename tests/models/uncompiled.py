"""Runs without XLA: for tests that need some trained weights, or a run of each kind, and not how fast it is.

XLA takes one to five seconds to compile a loop that a test walks through a dozen times. What XLA computes is held
against NumPy where that is the question (test_training_loop.py, test_gan.py and the contract tests' default runs).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import tensorflow as tf


@contextmanager
def uncompiled() -> Iterator[None]:
    """Make tf.function leave XLA out for what is built inside the block."""
    real = tf.function

    def plain(*functions: Any, **options: Any) -> Any:
        return real(*functions, **{**options, "jit_compile": None})

    with mock.patch.object(tf, "function", plain):
        yield
