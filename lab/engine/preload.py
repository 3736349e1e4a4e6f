"""Imported once by the process that forks the runs: what is slow to import, nothing that starts a thread or an op."""

import contextlib
import importlib
import importlib.util
import os
from collections.abc import Iterator

from lab.engine.memory import give_back_file_pages

MODULES = (
    "numpy", "sklearn.linear_model", "sklearn.svm", "sklearn.neighbors", "sklearn.preprocessing", "sklearn.compose",
    "sklearn.impute", "sklearn.datasets", "pandas", "tensorflow", "keras", "models.training_loop", "models.configs",
    "lab.engine.run_process",
)  # fmt: skip


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Send what the libraries write to the standard error while they load nowhere; Python's own errors still rise."""
    error, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(error, 2)
        os.close(error)
        os.close(nowhere)


with _silence():
    for _module in MODULES:
        if importlib.util.find_spec(_module.split(".", 1)[0]) is not None:
            importlib.import_module(_module)
give_back_file_pages()
