"""A person's own CSV: checked with plain sentences, stored under the hash of its content, read back.

Runs in the web process too, so scikit-learn is not imported here. Nothing is ever unpickled.
"""

import csv
import hashlib
import io
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from lab.datasets.dataset import Array, Task, UnfitData

MAX_BYTES = 5_000_000
MAX_ROWS = 20_000
MIN_ROWS = 20
MAX_COLUMNS = 200
MAX_CLASSES = 30  # of a text target
MAX_WHOLE_NUMBER_CLASSES = 10  # a number with so few whole values is a class label
LARGEST_NUMBER = 1e15
MAX_STORED_FILES = 100
DIGEST = re.compile(r"[0-9a-f]{64}")
# 2026-03-31, 2026/3, 31.3.2026 or 3/31/26, each with a time behind it or not
DATE = re.compile(r"(\d{4}[-./]\d{1,2}([-./]\d{1,2})?|\d{1,2}[-./]\d{1,2}[-./](\d{4}|\d{2}))([T ]\d{1,2}:\d{2}.*)?")
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-"})

Kind = Literal["numeric", "categorical", "date", "identifier"]


@dataclass(frozen=True)
class Column:
    """One column: `missing` counts its gaps, `distinct` its different values.

    kind: "numeric" and "categorical" can be inputs; "date" and "identifier" (row numbers, names, free text) are not
    used as inputs, because they single out rows instead of describing them.
    """

    name: str
    kind: Kind
    missing: int
    distinct: int


@dataclass(frozen=True, eq=False)
class CheckedTable:
    """A table that passed `check_csv`.

    frame: numbers as float64, everything else as text, gaps as NaN. digest: SHA-256 of `data`, 64 hex digits.
    notes: plain sentences about what was assumed or will be left out.
    """

    frame: pd.DataFrame
    digest: str
    columns: tuple[Column, ...]
    notes: tuple[str, ...]
    data: bytes = field(repr=False)


@dataclass(frozen=True, eq=False)
class CheckedTarget:
    """A column that can be predicted.

    rows: (n,) int64, rows of the table that have a target; targets: (n,) class index (int32) or value (float64).
    """

    task: Task
    class_names: tuple[str, ...]
    rows: Array
    targets: Array
    notes: tuple[str, ...]


def check_csv(data: bytes, filename: str) -> CheckedTable:
    """Read a CSV file from a browser and judge it. Raises UnfitData with what is wrong and what to do."""
    notes: list[str] = []
    text = _decode(data, filename, notes)
    separator = _separator(text)
    header, columns = _cells(text, separator, notes)
    del text
    read = [_read(name, columns.pop(0), separator, notes) for name in header]
    described = tuple(_describe(name, values) for name, values in zip(header, read, strict=True))
    notes += _left_out(described)
    frame = pd.DataFrame(dict(zip(header, read, strict=True)))
    return CheckedTable(frame, hashlib.sha256(data).hexdigest(), described, tuple(notes), data)


def _decode(data: bytes, filename: str, notes: list[str]) -> str:
    if not data.strip():
        raise UnfitData("The file is empty. Choose a CSV file with a row of column names and at least 20 rows of data.")
    if len(data) > MAX_BYTES:
        raise UnfitData(f"The file has {len(data) / 1e6:.1f} MB; at most 5 MB can be read. Keep fewer rows or columns.")
    if data.startswith(b"PK\x03\x04") and filename.lower().endswith((".xlsx", ".xlsm", ".ods", ".numbers")):
        raise UnfitData("This is a spreadsheet, not a CSV file. Save it as CSV in your spreadsheet program first.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnfitData("The file is text in UTF-16. Save it as CSV in UTF-8.")
    if is_binary(data):
        raise UnfitData("This is not a text file. Choose a CSV file: plain text, with commas between the values.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        notes.append("The file is not UTF-8; it was read as Latin-1. If letters look wrong, save it as UTF-8.")
        return data.decode("latin-1")


def is_binary(data: bytes) -> bool:
    """Control characters other than tab, line feed, form feed and carriage return do not occur in a table."""
    return any(code in data for code in (*range(9), 11, *range(14, 32), 127))


def _separator(text: str) -> str:
    """Return the separator that gives the first lines equally many cells, the more the better; else the header's."""
    lines = [re.sub(r'"[^"]*"', "", line) for line in text[:20_000].splitlines()[:20] if line.strip()]

    def fitness(separator: str) -> tuple[bool, int]:
        counts = [line.count(separator) for line in lines]
        return len(set(counts)) == 1 and counts[0] > 0, counts[0] if counts else 0

    return max(SEPARATORS, key=fitness)


def _rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, cells) of all lines that are not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error:
        raise UnfitData(
            f"Line {max(reader.line_num, 1)} cannot be read as CSV: a quotation mark is not closed or stands "
            'inside a value. Write such a mark twice (""), or remove it.'
        ) from None


def _cells(text: str, separator: str, notes: list[str]) -> tuple[list[str], list[list[str]]]:
    """Return the column names, and the text of each column."""
    rows = _rows(text, separator)
    header = _header(next(rows, (1, []))[1], separator, notes)
    columns: list[list[str]] = [[] for _ in header]
    seen: dict[str, str] = {}  # equal cells share one object: a table of small numbers would else cost 60 bytes a cell
    for count, (line, cells) in enumerate(rows, start=1):
        if len(cells) != len(header):
            raise UnfitData(
                f"Line {line} has {len(cells)} values, but there are {len(header)} column names. Every row needs one "
                f"value for each column; put values that contain a {SEPARATORS[separator]} in quotation marks."
            )
        if count > MAX_ROWS:
            raise UnfitData(f"The table has more than {MAX_ROWS:,} rows. Keep a random part of them.")
        for column, cell in zip(columns, cells, strict=True):
            cell = cell.strip()
            column.append(seen.setdefault(cell, cell))
    if len(columns[0]) < MIN_ROWS:
        raise UnfitData(f"The table has {len(columns[0])} rows of data; at least {MIN_ROWS} are needed to learn from.")
    return header, columns


def _header(cells: list[str], separator: str, notes: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if len(names) < 2:
        raise UnfitData(
            "The table has only one column. At least two are needed, one to predict and one to predict it from, "
            "separated by commas, semicolons or tabs."
        )
    if len(names) > MAX_COLUMNS:
        raise UnfitData(f"The table has {len(names)} columns; at most {MAX_COLUMNS} can be read. Remove some.")
    if all(_is_missing(name) or _is_number(name, separator) for name in names):
        raise UnfitData("The first row holds values, not column names. Add a first row that names the columns.")
    for position, name in enumerate(names):
        if not name:
            names[position] = f"column {position + 1}"
            notes.append(f'Column {position + 1} has no name; it is called "column {position + 1}" here.')
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UnfitData(f'Two columns are called "{twice}". Give every column a name of its own.')
    return names


def _is_missing(cell: str) -> bool:
    return cell.casefold() in MISSING


def _is_number(cell: str, separator: str) -> bool:
    return not np.isnan(_number(cell)) or (separator != "," and not np.isnan(_number(cell.replace(",", "."))))


def _number(cell: str) -> float:
    """Return NaN where the cell is no number; Python alone would also take "1_000" for one."""
    try:
        return np.nan if "_" in cell else float(cell)
    except ValueError:
        return np.nan


def _read(name: str, cells: list[str], separator: str, notes: list[str]) -> Array:
    """Return a column as float64 where all its values are numbers, else as text (object); gaps are NaN."""
    missing = np.array([_is_missing(cell) for cell in cells])
    if missing.all():
        raise UnfitData(f'The column "{name}" has no values at all. Remove it.')
    numbers = np.array([_number(cell) for cell in cells])
    if separator != "," and np.isnan(numbers[~missing]).any():
        with_points = np.array([_number(cell.replace(",", ".")) for cell in cells])
        if not np.isnan(with_points[~missing]).any():
            notes.append(f'The commas in the column "{name}" are read as decimal commas.')
            numbers = with_points
    no_number = np.isnan(numbers) & ~missing
    if not no_number.any():
        if (np.abs(numbers) > LARGEST_NUMBER).any():
            notes.append(f'The column "{name}" has infinite or enormous numbers; as an input they count as missing.')
        return np.where(missing, np.nan, numbers)
    if no_number.sum() <= 0.2 * (~missing).sum():
        example = cells[int(np.flatnonzero(no_number)[0])]
        notes.append(
            f'The column "{name}" is read as text, because {no_number.sum()} of its values are not numbers, '
            f'such as "{example[:40]}".'
        )
    texts = np.array(cells, dtype=object)
    texts[missing] = np.nan
    return texts


def _describe(name: str, values: Array) -> Column:
    present = values[~pd.isna(values)]
    distinct = len(pd.unique(pd.Series(present)))
    kind: Kind = "numeric"
    if values.dtype == object:
        kind = _kind_of_text(present, distinct)
    elif distinct == len(values) and bool((np.abs(np.diff(values)) == 1).all()):
        kind = "identifier"  # 1, 2, 3, ...: the number of the row
    return Column(name, kind, missing=int(pd.isna(values).sum()), distinct=distinct)


def _kind_of_text(present: Array, distinct: int) -> Kind:
    """Text is a date if nearly all of it reads as one, an identifier if it hardly ever repeats, else a category."""
    dates = sum(DATE.fullmatch(text) is not None for text in present[:200])
    if dates > 0.95 * len(present[:200]):
        return "date"
    return "identifier" if distinct > 0.8 * len(present) else "categorical"


def _left_out(columns: tuple[Column, ...]) -> list[str]:
    reasons = {"date": "holds dates", "identifier": "hardly ever repeats a value, or numbers the rows"}
    return [
        f'The column "{column.name}" {reasons[column.kind]}; it is not used as an input.'
        for column in columns
        if column.kind in reasons
    ]


def check_target(table: CheckedTable, column: str) -> CheckedTarget:
    """Judge whether `column` can be predicted, and as what. Raises UnfitData with what is wrong and what to do.

    Text is a class. A number is a class where it takes at most 10 whole values, else it is a quantity (a regression).
    Rows without a target are dropped, with a note.
    """
    described = next((item for item in table.columns if item.name == column), None)
    if described is None:
        names = ", ".join(f'"{item.name}"' for item in table.columns[:10])
        raise UnfitData(f"Choose the column to predict, one of {names}{', …' * (len(table.columns) > 10)}.")
    if described.kind == "date":
        raise UnfitData(f'"{column}" holds dates, which cannot be predicted here. Choose another column.')
    values = table.frame[column].to_numpy()
    rows, notes = _rows_with_target(column, values)
    values = values[rows]
    if described.distinct < 2:
        raise UnfitData(f'"{column}" has the same value in every row, so there is nothing to learn. Choose another.')
    if values.dtype != object and not _is_label(values):
        if not (np.abs(values) <= LARGEST_NUMBER).all():
            raise UnfitData(f'"{column}" has infinite or enormous numbers. Correct or empty these cells.')
        return CheckedTarget("regression", (), rows, values, notes)
    return _classes(column, values, rows, notes)


def _rows_with_target(column: str, values: Array) -> tuple[Array, tuple[str, ...]]:
    rows = np.flatnonzero(~pd.isna(values))
    missing = len(values) - len(rows)
    if missing > len(values) / 2:
        raise UnfitData(f'"{column}" is missing in {missing} of {len(values)} rows. Fill the gaps, or choose another.')
    if len(rows) < MIN_ROWS:
        raise UnfitData(f'Only {len(rows)} rows have a value of "{column}"; at least {MIN_ROWS} are needed.')
    return rows, (f'{missing} rows without a value of "{column}" are left out.',) if missing else ()


def _is_label(values: Array) -> bool:
    """Few different whole numbers are labels of classes."""
    distinct = np.unique(values)
    if len(distinct) > MAX_WHOLE_NUMBER_CLASSES or not (np.abs(distinct) <= LARGEST_NUMBER).all():
        return False
    return bool((np.mod(distinct, 1) == 0).all())


def _classes(column: str, values: Array, rows: Array, notes: tuple[str, ...]) -> CheckedTarget:
    kinds, targets, counts = np.unique(values, return_inverse=True, return_counts=True)
    names = [kind if isinstance(kind, str) else f"{kind:.0f}" for kind in kinds]
    if len(names) > MAX_CLASSES:
        raise UnfitData(f'"{column}" has {len(names)} different texts; at most {MAX_CLASSES} classes can be learned.')
    if counts.min() < 2:
        raise UnfitData(
            f'The class "{names[int(counts.argmin())]}" of "{column}" has one row only; two are needed, one to train '
            "and one to test. Add rows, or merge or remove this class."
        )
    return CheckedTarget("classification", tuple(names), rows, targets.astype(np.int32), notes)


def save(table: CheckedTable, folder: Path) -> Path:
    """Store the file as `<digest>.csv` in `folder` and return its path; the same content is stored once.

    At most 100 files are kept; those read longest ago go first.
    """
    return keep_bytes(table.data, folder / f"{table.digest}.csv")


def keep_bytes(data: bytes, path: Path) -> Path:
    """Store a file under `path`, complete or not at all; of files with its ending those read longest ago go first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)
    _drop_oldest(path.parent, keep=path)
    return path


def kept_bytes(path: Path, digest: str) -> bytes | None:
    """Return a stored file with this SHA-256, None where it is not, or no longer, stored."""
    try:
        data = path.read_bytes()
        with suppress(OSError):
            os.utime(path)
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == digest else None


def _drop_oldest(folder: Path, keep: Path) -> None:
    used: list[tuple[float, Path]] = []
    for path in folder.glob(f"*{keep.suffix}"):
        with suppress(OSError):  # another process may drop the same file at the same time
            used.append((path.stat().st_mtime, path))
    for _, path in sorted(used)[: max(len(used) - MAX_STORED_FILES, 0)]:
        if path != keep:
            path.unlink(missing_ok=True)


def load_upload(digest: str, folder: Path) -> CheckedTable:
    """Return the stored table with this SHA-256. Raises UnfitData where it is not, or no longer, stored."""
    gone = UnfitData("The chosen table is no longer stored on this server. Upload the file again.")
    if not DIGEST.fullmatch(digest):
        raise gone
    path = folder / f"{digest}.csv"
    data = kept_bytes(path, digest)
    if data is None:
        raise gone
    return check_csv(data, path.name)
