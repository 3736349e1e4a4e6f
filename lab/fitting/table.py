"""The table of a race and its folds. Everything that is learned from a table is learned from training folds alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lab.datasets.bundled import TABLES
from lab.datasets.dataset import Array, UnfitData
from lab.datasets.own import own_table
from lab.datasets.tabular import Table, clean, column_transformer, transform
from lab.datasets.uploaded import CheckedTarget, load_upload
from lab.fitting.request import Request
from lab.fitting.roster import Facts

BUNDLED = {
    "breast_cancer": "Breast tumours: benign or malignant (569 rows)",
    "wine": "Wines: which cultivar (178 rows)",
    "iris": "Iris flowers: which species (150 rows)",
    "diabetes": "Diabetes progression, a number (442 rows)",
    "digits": "Digits as a table of 64 grey values (1,797 rows)",
}


@dataclass(frozen=True, eq=False)
class Fold:
    """One fold, prepared. inputs (n, d) float32; targets (n,): class index, or the number in its unit."""

    train_rows: Array
    test_rows: Array
    train_inputs: Array
    train_targets: Array
    test_inputs: Array
    test_targets: Array


def chosen_table(request: Request, uploads: Path) -> Table:
    """Return the table that a request asks for. Raises UnfitData."""
    if request.dataset == "own":
        return own_table(load_upload(request.upload, uploads), request.target)
    if request.dataset == "digits":
        return _digits()
    if request.dataset not in BUNDLED:
        raise UnfitData(f"There is no table called {request.dataset[:40]!r}. Choose one of the list.")
    return TABLES[request.dataset]()


def _digits() -> Table:
    from sklearn.datasets import load_digits

    found = load_digits(as_frame=True)
    return Table(
        name="digits", title="Handwritten digits", task="classification", frame=found.data,
        numeric=tuple(found.data.columns), categorical=(), targets=found.target.to_numpy(), target_name="digit",
        source="1,797 digits by 13 people, 8 x 8 grey values (Alpaydin and Kaynak, 1998, UCI; the original test part).",
        class_names=tuple(str(digit) for digit in range(10)),
        notes=("The same writers are in all folds.",),
    )  # fmt: skip


def check_folds(target: CheckedTarget | Table, name: str, folds: int) -> None:
    """Raise UnfitData where a class has fewer rows than there are folds: then some fold could not test it."""
    if target.task != "classification":
        return
    counts = np.bincount(np.asarray(target.targets, np.int64), minlength=len(target.class_names))
    rarest = int(counts.argmin())
    if counts[rarest] < folds:
        raise UnfitData(
            f'The class "{target.class_names[rarest]}" of "{name}" has {counts[rarest]} rows, and {folds} folds need '
            f"at least {folds} of each class. Choose fewer folds, add rows, or merge or remove this class."
        )


def splits(table: Table, folds: int, seed: int) -> list[tuple[Array, Array]]:
    """Return (training rows, test rows) of each fold: every row tests once. Stratified by class. Raises UnfitData."""
    from sklearn.model_selection import KFold, StratifiedKFold

    check_folds(table, table.target_name, folds)
    kind = StratifiedKFold if table.task == "classification" else KFold
    found = kind(folds, shuffle=True, random_state=seed).split(np.zeros(len(table.targets)), table.targets)
    return [(np.asarray(train), np.asarray(test)) for train, test in found]


def prepared(table: Table, folds: int, seed: int) -> Iterator[Fold]:
    """Yield each fold; medians, means, deviations and categories come from its training rows."""
    for train, test in splits(table, folds, seed):
        train_inputs, test_inputs, _ = transform(table, train, test)
        yield Fold(train, test, train_inputs, table.targets[train], test_inputs, table.targets[test])


def facts_of(table: Table, inputs: int) -> Facts:
    """Return what decides who takes part."""
    return Facts(len(table.targets), inputs, len(table.class_names))


def gaps(table: Table) -> list[str]:
    """Return in a sentence how gaps are filled, [] where there are none."""
    missing = clean(table).isna().sum()
    columns = int((missing > 0).sum())
    if not columns:
        return []
    where = f"{int(missing.sum()):,} missing values in {columns} column{'s' * (columns > 1)}"
    return [f"{where} get the median (a category: the most frequent one) of each fold's training rows."]


def preparation(table: Table) -> tuple[Array, dict[str, Any]]:
    """Return all rows prepared, (n, d) float32, and how: JSON values with which any program can do the same.

    numbers: name, median for gaps, mean and deviation; categories: name, value for gaps, the place of each known
    category among `width` inputs (a category that is not there gives zeros).
    """
    columns, frame = column_transformer(table), clean(table)
    inputs = columns.fit_transform(frame).astype(np.float32)
    numbers, categories = [], []
    if table.numeric:
        fill, scale = (step for _, step in columns.named_transformers_["numbers"].steps)
        rows = zip(table.numeric, fill.statistics_, scale.mean_, scale.scale_, strict=True)
        numbers = [
            {"name": name, "median": float(a), "mean": float(b), "deviation": float(c)} for name, a, b, c in rows
        ]
    if table.categorical:
        categories = _places(table, columns.named_transformers_["categories"])
    return inputs, {"numbers": numbers, "categories": categories}


def _places(table: Table, pipeline: Any) -> list[dict[str, Any]]:
    fill, encoder = (step for _, step in pipeline.steps)
    infrequent = getattr(encoder, "infrequent_categories_", [None] * len(table.categorical))
    found = []
    for name, value, known, rare in zip(
        table.categorical, fill.statistics_, encoder.categories_, infrequent, strict=True
    ):
        rare_ones = set() if rare is None else set(rare)
        common = [one for one in known if one not in rare_ones]
        places = {str(one): place for place, one in enumerate(common)} | {str(one): len(common) for one in rare_ones}
        found.append({"name": name, "gap": str(value), "places": places, "width": len(common) + bool(rare_ones)})
    return found
