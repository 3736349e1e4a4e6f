"""A person's own table as data for a network."""

from lab.datasets.dataset import Dataset, UnfitData
from lab.datasets.tabular import Table, prepare
from lab.datasets.uploaded import CheckedTable, check_target


def own(table: CheckedTable, target: str, *, seed: int = 0, test_share: float = 0.25) -> Dataset:
    """Return the table with its column `target` to predict from all other usable columns. Raises UnfitData."""
    return prepare(own_table(table, target), seed=seed, test_share=test_share)


def own_table(table: CheckedTable, target: str) -> Table:
    """Return the table before it is split.

    Dates, identifiers and free text are left out: they single out rows instead of describing them. Raises UnfitData.
    """
    checked = check_target(table, target)
    others = [column for column in table.columns if column.name != target]
    numeric = tuple(column.name for column in others if column.kind == "numeric")
    categorical = tuple(column.name for column in others if column.kind == "categorical")
    if not numeric and not categorical:
        raise UnfitData(
            f'There is nothing to predict "{target}" from: no other column holds numbers or repeated categories. '
            "Add such a column, or choose another target."
        )
    return Table(
        name="own",
        title="Your table",
        task=checked.task,
        frame=table.frame.iloc[checked.rows].reset_index(drop=True),
        numeric=numeric,
        categorical=categorical,
        targets=checked.targets,
        target_name=target,
        source=f"A table of your own, {len(table.frame):,} rows (SHA-256 {table.digest[:12]}…).",
        source_rows=checked.rows,
        class_names=checked.class_names,
        notes=table.notes + checked.notes,
    )
