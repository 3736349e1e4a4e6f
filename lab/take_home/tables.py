"""A run's numbers as CSV: its curves, and the arrays behind its pictures."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lab.shown_run import ShownRun

ABOUT = """\
{family}, step {step}

curves.csv            one row for each recorded step
layers.csv            the layers of the network with their parameters
data/NAME.csv         what training does not change: points, images, targets
network/NAME.csv      what the network showed at its last recorded step

A table with one or two axes stands as it is: a row is the first axis. Larger arrays have one row for each place along
all axes but the last; the columns axis_0, axis_1, ... say which. What each name means, with shapes and units, is told
in models/views/{family}.py and in `scene` of models/{family}.py; both are in the notebook.
"""


def curves(run: ShownRun) -> bytes:
    """Return the recorded metrics of a run, one row a step, as CSV."""
    return _csv(pd.DataFrame(run.rows))


def numbers(run: ShownRun) -> bytes:
    """Return curves, layers and the arrays behind the pictures as CSV files in a ZIP."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", ABOUT.format(family=run.family, step=run.step))
        archive.writestr("curves.csv", curves(run))
        archive.writestr("layers.csv", _csv(pd.DataFrame(run.facts.get("layers", []))))
        for folder, arrays in (("data", run.scene), ("network", run.moments[-1][1] if run.moments else {})):
            for name, array in arrays.items():
                archive.writestr(f"{folder}/{name}.csv", _csv(as_table(np.asarray(array))))
    return buffer.getvalue()


def as_table(array: np.ndarray[Any, Any]) -> pd.DataFrame:
    """Return an array as a table: with more than two axes, all but the last become columns of their own."""
    if array.ndim <= 1:
        return pd.DataFrame({"value": np.atleast_1d(array)})
    if array.ndim == 2:
        return pd.DataFrame(array)
    places = np.indices(array.shape[:-1]).reshape(array.ndim - 1, -1)
    axes = {f"axis_{number}": place for number, place in enumerate(places)}
    return pd.concat([pd.DataFrame(axes), pd.DataFrame(array.reshape(-1, array.shape[-1]))], axis=1)


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False).encode()


def back(table: pd.DataFrame, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Undo `as_table`."""
    columns: Mapping[str, Any] = {str(name): table[name] for name in table.columns}
    kept = [values for name, values in columns.items() if not name.startswith("axis_")]
    return np.stack([np.asarray(one) for one in kept], axis=-1).reshape(shape)
