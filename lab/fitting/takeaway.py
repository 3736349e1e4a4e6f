"""What one can carry home of a race: the code that ran, the trained network, and a program that uses both."""

import ast
import io
import json
import zipfile
from typing import Any

from lab.catalog import ROOT
from lab.fitting.roster import BY_SLUG

SOURCE, TRAINING = "models/tabular_fit.py", "models/tabular_training.py"
SHARED = ("Shape", "Network", "_last", "_answering", "_losses")
HELPERS = {
    "rnn": ("_reading",), "lstm": ("_reading",), "gru": ("_reading",), "modular": ("_glorot", "_members"),
    "ensemble": ("_glorot", "_members"),
}  # fmt: skip
CONSTANTS = {"modular": ("MEMBERS",), "ensemble": ("MEMBERS",), "transformer": ("HEADS",), "autoencoder": ("CODE",)}
HEAD = '''"""{title}: the network that ran, as it stands in {source}, with its settings."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf
'''
TRAIN = """
network = {family}(Shape(inputs={inputs}, classes={classes}), units={units})
# Trained by {training}: Adam, learning rate {rate}, batches of {batch}, {steps} steps on all {rows} rows.
network.answers.summary()
"""
MAP = """
network = {family}(Shape(inputs={inputs}, classes={classes}), units={units})
# Kohonen's batch rule, {steps} steps on all {rows} rows ({training}: organized, _fit_map).
network.answers.summary()
"""


def network_code(family: str, model: dict[str, Any]) -> str:
    """Return the source of a family's network as a file that runs by itself, with the settings that ran.

    model: the event "model" of a race. The functions are cut out of the file that ran, not written again.
    """
    source = (ROOT / SOURCE).read_text(encoding="utf-8")
    wanted = [*SHARED[:2], *CONSTANTS.get(family, ()), *HELPERS.get(family, ()), *SHARED[2:], family]
    parts = [HEAD.format(title=BY_SLUG[family].title, source=SOURCE), *_cut(source, wanted)]
    settings = {"family": family, "training": TRAINING, "rate": model["learning_rate"]} | model
    return "\n\n".join(parts) + "\n\n" + (MAP if family == "som" else TRAIN).format(**settings)


def _cut(source: str, names: list[str]) -> list[str]:
    """Return the text of top-level functions, classes and constants of a source, in the order of `names`."""
    lines, found = source.splitlines(), {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            found[node.name] = "\n".join(lines[first - 1 : node.end_lineno])
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = "\n".join(lines[node.lineno - 1 : node.end_lineno])
    return ["\n" + found[name] if name[0].islower() or name[0] == "_" else found[name] for name in names]


PREDICT = '''"""Predict with the trained network: python predict.py rows.csv. Needs keras, tensorflow, numpy and pandas.

The columns are prepared as they were for training (preparation.json): gaps in numbers get the median, then mean 0 and
deviation 1; each category has an input of its own, and one that training has not seen gives zeros.
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd

HERE = Path(__file__).parent


def prepared(table: pd.DataFrame, how: dict) -> np.ndarray:
    """Return the rows as the network takes them: (rows, inputs)."""
    parts = []
    for column in how["numbers"]:
        values = pd.to_numeric(table[column["name"]], errors="coerce").to_numpy(float)
        values = np.where(np.abs(values) <= 1e15, values, np.nan)
        filled = np.where(np.isnan(values), column["median"], values)
        parts.append((filled - column["mean"])[:, None] / column["deviation"])
    for column in how["categories"]:
        inputs = np.zeros((len(table), column["width"]))
        for row, value in enumerate(table[column["name"]]):
            name = column["gap"] if pd.isna(value) else str(value).strip()
            if name in column["places"]:
                inputs[row, column["places"][name]] = 1.0
        parts.append(inputs)
    return np.hstack(parts).astype("float32")


def predict(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows' predictions: a class and its probability, or a number."""
    how = json.loads((HERE / "preparation.json").read_text(encoding="utf-8"))
    said = keras.saving.load_model(HERE / "model.keras").predict(prepared(table, how), verbose=0)
    if how["class_names"]:
        names = np.array(how["class_names"])
        return pd.DataFrame({how["target"]: names[said.argmax(axis=1)], "probability": said.max(axis=1)})
    return pd.DataFrame({how["target"]: said[:, 0] * how["scale"] + how["mean"]})


if __name__ == "__main__":
    rows = pd.read_csv(sys.argv[1], sep=None, engine="python", keep_default_na=True)
    predict(rows).to_csv(sys.stdout, index=False)
'''


def bundle(family: str, model: dict[str, Any], file: bytes, leaderboard: str) -> bytes:
    """Return a ZIP file with the trained network, its code, how rows are prepared, a program, and the leaderboard."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.keras", file)
        archive.writestr("network.py", network_code(family, model))
        archive.writestr("preparation.json", json.dumps(model["preparation"], indent=1, ensure_ascii=False))
        archive.writestr("predict.py", PREDICT)
        archive.writestr("leaderboard.csv", leaderboard)
    return out.getvalue()
