"""Imported once by the process that forks the runs: everything slow to import, nothing that starts a thread or an op."""

import importlib
import importlib.util

for _module in ("numpy", "sklearn.linear_model", "sklearn.svm", "sklearn.neighbors", "sklearn.preprocessing",
                "sklearn.compose", "sklearn.impute", "sklearn.datasets", "pandas", "tensorflow", "keras",
                "models.training_loop", "models.configs"):  # fmt: skip
    if importlib.util.find_spec(_module.split(".", 1)[0]) is not None:
        importlib.import_module(_module)
