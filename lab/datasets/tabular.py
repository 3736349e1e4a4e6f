"""A table of numbers and categories becomes the inputs of a network; only the training part teaches the scaling."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.datasets.dataset import Array, Dataset, Task
from lab.datasets.split import split_rows, standardize

if TYPE_CHECKING:
    import pandas

MAX_CATEGORIES = 20  # per column; the rarer ones share one input
LARGEST = 1e15  # beyond it a number is an error or a code for "missing", and its square leaves float32


@dataclass(frozen=True, eq=False)
class Table:
    """A table before it is split: `frame` holds the input columns, `targets` one value a row.

    numeric, categorical: the columns of `frame` to use, by kind; others are left out.
    targets: (n,) class index for a classification, the value in its unit for a regression; no value is missing.
    source_rows: (n,) the row of the source that each row comes from; None where they are the same.
    """

    name: str
    title: str
    task: Task
    frame: "pandas.DataFrame"
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    targets: Array
    target_name: str
    source: str
    class_names: tuple[str, ...] = ()
    target_unit: str = ""
    source_rows: Array | None = None
    notes: tuple[str, ...] = ()


def prepare(table: Table, *, seed: int, test_share: float) -> Dataset:
    """Split the table (stratified by class), fit the preprocessing on the training part, and apply it to both parts.

    Numbers: gaps get the training median, then mean 0 and deviation 1. Categories: gaps get the most frequent one, then
    one input per category; a category that training has not seen gives zeros.
    """
    classes = table.targets if table.task == "classification" else None
    train, test = split_rows(len(table.frame), classes, test_share=test_share, seed=seed)
    train_inputs, test_inputs, names = transform(table, train, test)
    rows = np.arange(len(table.frame)) if table.source_rows is None else table.source_rows
    mean, scale = 0.0, 1.0
    train_targets, test_targets = table.targets[train], table.targets[test]
    if table.task == "regression":
        train_targets, test_targets, mean, scale = standardize(train_targets, test_targets)
    else:
        train_targets, test_targets = train_targets.astype(np.int32), test_targets.astype(np.int32)
    return Dataset(
        name=table.name,
        title=table.title,
        task=table.task,
        train_inputs=train_inputs,
        train_targets=train_targets,
        test_inputs=test_inputs,
        test_targets=test_targets,
        train_rows=rows[train],
        test_rows=rows[test],
        input_names=names,
        source=table.source,
        target_name=table.target_name,
        class_names=table.class_names,
        target_mean=mean,
        target_scale=scale,
        target_unit=table.target_unit,
        notes=table.notes,
    )


def transform(table: Table, train: Array, test: Array) -> tuple[Array, Array, tuple[str, ...]]:
    """Return both parts as (n, d) float32 and the d input names; names of categories read "Origin = USA"."""
    frame = clean(table)
    columns = column_transformer(table)
    train_inputs = columns.fit_transform(frame.iloc[train]).astype(np.float32)
    test_inputs = columns.transform(frame.iloc[test]).astype(np.float32)
    names = (name.partition("__")[2] for name in columns.get_feature_names_out())
    return train_inputs, test_inputs, tuple(name.replace(" = infrequent_sklearn", " = any other") for name in names)


def clean(table: Table) -> "pandas.DataFrame":
    """Return the used columns, numbers as float64 and categories as text, every gap as NaN."""
    numbers = table.frame[list(table.numeric)].astype(np.float64)
    texts = table.frame[list(table.categorical)].astype(object)
    return numbers.where(numbers.abs() <= LARGEST).join(texts.where(texts.notna(), np.nan))


def column_transformer(table: Table) -> Any:
    """Return the preparation of the columns, not yet fitted, as scikit-learn has it."""
    # Imported here because scikit-learn costs seconds and 100 MB that the web process does not have to spend.
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
    categories = make_pipeline(
        SimpleImputer(strategy="most_frequent", keep_empty_features=True),
        OneHotEncoder(
            handle_unknown="ignore",
            max_categories=MAX_CATEGORIES,
            sparse_output=False,
            feature_name_combiner=lambda column, category: f"{column} = {category}",
        ),
    )
    steps = [("numbers", numbers, list(table.numeric)), ("categories", categories, list(table.categorical))]
    return ColumnTransformer([step for step in steps if step[2]], sparse_threshold=0.0)
