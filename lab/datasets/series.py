"""Real series over time, to be forecast: sunspots, carbon dioxide, the sea of El Nino, or a CSV of one's own.

The last part of time is held out, never random rows; a window of past values predicts the next one; the scaling has
seen the training part only. A network may learn levels or changes; either way forecasts come back in the series' unit.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lab.datasets.dataset import Array, UnfitData
from lab.datasets.sequence import SequenceData
from lab.datasets.uploaded import CheckedTable

MOST_VALUES = 5000  # of a series of one's own
LEAST_TRAINING = 30  # windows to learn from
MOST_TEST = 200  # values held out
SEASONS = {"hour": 24, "day": 7, "week": 52, "month": 12, "quarter": 4, "year": 1}


@dataclass(frozen=True, eq=False)
class Series:
    """Values in the order of time. dates: one text each; season: values to a season, 1 where there is none."""

    name: str
    title: str
    values: Array
    dates: tuple[str, ...]
    season: int
    unit: str
    source: str
    test_values: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class SeriesData(SequenceData):
    """Windows of a series, and the series itself.

    series: (N,) float64 in its unit; dates: N texts; test_start: index of the first value held out; window: values that
    predict the next one; season: values to a season; changes: whether inputs and targets are changes from value to
    value. input_mean, input_scale: the scaling of the inputs, from the training part.
    """

    series: Array | None = None
    dates: tuple[str, ...] = ()
    test_start: int = 0
    window: int = 0
    season: int = 1
    changes: bool = False
    input_mean: float = 0.0
    input_scale: float = 1.0

    def forecasts(self, outputs: Array, part: str = "test") -> Array:
        """Turn the network's outputs for the windows of a part into values of the series' unit: (n,) float64."""
        found = np.asarray(outputs, np.float64).reshape(-1) * self.target_scale + self.target_mean
        return found + self.before(part) if self.changes else found

    def before(self, part: str) -> Array:
        """Return the last known value before each target of a part, (n,)."""
        assert self.series is not None
        first = self.window + self.changes
        places = range(first, self.test_start) if part == "train" else range(self.test_start, len(self.series))
        return self.series[[place - 1 for place in places]]

    def truth(self, part: str = "test") -> Array:
        """Return the values to be predicted, (n,) float64 in the series' unit."""
        assert self.series is not None
        return (
            self.series[self.window + self.changes : self.test_start]
            if part == "train"
            else self.series[self.test_start :]
        )

    def scaled_window(self, values: Array) -> Array:
        """Return the newest values (..., at least window + changes) as the network gets them: (..., window, 1)."""
        known = np.diff(values, axis=-1) if self.changes else values
        return ((known[..., -self.window :, np.newaxis] - self.input_mean) / self.input_scale).astype(np.float32)

    def summary(self) -> dict[str, Any]:
        """Return what a page says of the data, as JSON values."""
        assert self.series is not None
        more = {"season": self.season, "changes": self.changes, "test_start": self.test_start, "window": self.window}
        return {**super().summary(), **more, "first_date": self.dates[0], "last_date": self.dates[-1]}


def windows(series: Series, *, window: int, changes: bool) -> SeriesData:
    """Return a series as windows and next values, split in time. Raises UnfitData where it is too short."""
    start = len(series.values) - series.test_values
    if start - window - changes < LEAST_TRAINING:
        raise UnfitData(
            f"The series has {len(series.values)} values, of which the last {series.test_values} are held out. "
            f"A window of {window} leaves too few to learn from: choose a shorter window or a longer series."
        )
    learned = np.diff(series.values) if changes else series.values  # changes[k] leads to value k + 1
    first = start - changes
    mean, scale = float(learned[:first].mean()), float(learned[:first].std()) or 1.0
    scaled = ((learned - mean) / scale).astype(np.float32)
    cut = np.lib.stride_tricks.sliding_window_view(scaled, window)[:-1, :, np.newaxis].copy()  # (n, window, 1)
    targets, count = scaled[window:].copy(), first - window
    spread = float(np.sqrt(np.mean((series.values[start:] - series.values[:start].mean()) ** 2)))
    kinds = "changes" if changes else "values"
    return SeriesData(
        name=series.name, title=series.title, task="regression", form="last",
        train_inputs=cut[:count], train_targets=targets[:count], test_inputs=cut[count:], test_targets=targets[count:],
        source=series.source, target_name="next value", input_names=(f"scaled {kinds}",), lag=window, metric="rmse",
        chance=spread, target_mean=mean, target_scale=scale, target_unit=series.unit, notes=series.notes,
        series=series.values, dates=series.dates, test_start=start, window=window, season=series.season,
        changes=changes, input_mean=mean, input_scale=scale,
    )  # fmt: skip


# ---- which series there are ----


def _table(name: str, file: str) -> pd.DataFrame:
    """Read a table of statsmodels' own without importing statsmodels, which takes seconds."""
    found = find_spec("statsmodels")
    if found is None or not found.submodule_search_locations:
        raise UnfitData("This series comes with statsmodels, which is not installed here.")
    return pd.read_csv(Path(next(iter(found.submodule_search_locations))) / "datasets" / name / file)


def sunspots() -> Series:
    """Return the yearly number of sunspots, 1700 to 2008; the last 60 years are held out."""
    table = _table("sunspots", "sunspots.csv")
    return Series(
        "sunspots", "Sunspots", table["SUNACTIVITY"].to_numpy(np.float64),
        tuple(f"{year:.0f}" for year in table["YEAR"]), 11, "spots",
        "Yearly mean number of sunspots, 1700 to 2008 (National Geophysical Data Center; from statsmodels).", 60,
        ("The sun's rhythm is about 11 years, never exactly.",),
    )  # fmt: skip


def co2() -> Series:
    """Return the monthly carbon dioxide at Mauna Loa, 1958 to 2001; the last 60 months are held out."""
    table = _table("co2", "co2.csv")
    weeks = pd.Series(table["co2"].to_numpy(np.float64), pd.to_datetime(table["date"].astype(str), format="%Y%m%d"))
    months = weeks.resample("MS").mean()
    gaps = int(months.isna().sum())
    return Series(
        "co2", "Carbon dioxide", months.interpolate().to_numpy(np.float64),
        tuple(moment.strftime("%Y-%m") for moment in months.index), 12, "ppm",
        "Carbon dioxide in the air of Mauna Loa, monthly means, 1958 to 2001 (Keeling and Whorf, 2004; from "
        "statsmodels).", 60, (f"{gaps} months without a measurement are filled in on a straight line.",),
    )  # fmt: skip


def elnino() -> Series:
    """Return the monthly temperature of the sea off Peru, 1950 to 2010; the last 120 months are held out."""
    table = _table("elnino", "elnino.csv")
    years = table["YEAR"].astype(int)
    dates = tuple(f"{year}-{month:02d}" for year in years for month in range(1, 13))
    return Series(
        "elnino", "El Niño", table.drop(columns="YEAR").to_numpy(np.float64).ravel(), dates, 12, "°C",
        "Temperature of the sea off Peru, monthly, 1950 to 2010 (NOAA; from statsmodels).", 120,
    )  # fmt: skip


SERIES = {"sunspots": sunspots, "co2": co2, "elnino": elnino}


def own_series(table: CheckedTable, column: str) -> Series:
    """Return the column `column` of a table over its column of dates. Raises UnfitData with what to do."""
    dated = next((one.name for one in table.columns if one.kind == "date"), None)
    if dated is None:
        raise UnfitData("The table has no column of dates. Add one, such as 2026-03-31, and a column of values.")
    column = value_column(table, column)
    moments = _moments(table.frame[dated], dated)
    values = pd.Series(table.frame[column].to_numpy(np.float64), moments).sort_index()
    notes = list(table.notes) + ([] if moments.is_monotonic_increasing else ["The rows were put in the order of time."])
    if values.index.has_duplicates:
        raise UnfitData(f'The column "{dated}" names a date twice. Keep one row for each date.')
    if values.isna().any():
        notes.append(f"{int(values.isna().sum())} gaps are filled in on a straight line.")
        values = values.interpolate(limit_direction="both")
    if len(values) > MOST_VALUES:
        notes.append(f"Only the newest {MOST_VALUES:,} of {len(values):,} values are used.")
        values = values.iloc[-MOST_VALUES:]
    if not np.isfinite(values).all() or float(values.std()) == 0:
        raise UnfitData(f'"{column}" has the same value everywhere, or infinite ones: there is nothing to forecast.')
    step, season = _rhythm(values.index)
    written = "%Y-%m-%d %H:%M" if step == "hour" else "%Y-%m-%d"
    return Series(
        "own_series", column, values.to_numpy(np.float64), tuple(moment.strftime(written) for moment in values.index),
        season, "", f"A table of your own, a value every {step} (SHA-256 {table.digest[:12]}…).",
        min(MOST_TEST, max(10, len(values) // 5)), tuple(notes),
    )  # fmt: skip


def value_column(table: CheckedTable, column: str) -> str:
    """Return the column to forecast: the chosen one, or the last that holds numbers. Raises UnfitData."""
    numeric = [one.name for one in table.columns if one.kind == "numeric"]
    if not numeric:
        raise UnfitData("The table has no column of numbers to forecast. Add one beside the dates.")
    if column and column not in numeric:
        raise UnfitData(f'"{column}" holds no numbers. Choose the column to forecast: {", ".join(numeric[:10])}.')
    return column or numeric[-1]


def _moments(texts: Any, name: str) -> pd.DatetimeIndex:
    """Read dates; 31.3.2026 and 31/3/2026 count days first where some day is beyond 12."""
    for day_first in (False, True):
        try:
            return pd.DatetimeIndex(pd.to_datetime(texts, dayfirst=day_first, format="mixed"))
        except (ValueError, TypeError, OverflowError):
            continue
    raise UnfitData(f'Some dates in the column "{name}" cannot be read. Write all like 2026-03-31.')


def _rhythm(moments: pd.DatetimeIndex) -> tuple[str, int]:
    """Return the usual step between two dates, and how many values make a season."""
    days = float(np.median(np.diff(moments.to_numpy()) / np.timedelta64(1, "D")))
    limits = {"hour": 0.5, "day": 4, "week": 15, "month": 60, "quarter": 200}
    step = next((name for name, limit in limits.items() if days < limit), "year")
    return step, SEASONS[step]


def series(
    name: str, *, window: int, changes: bool, upload: str = "", column: str = "", table: CheckedTable | None = None
) -> SeriesData:
    """Return a series as data for a network. Raises UnfitData.

    upload: SHA-256 of a stored CSV file, or table: a table at hand, and column: which to forecast; of the name
    "own_series" only.
    """
    if name != "own_series":
        return windows(SERIES[name](), window=window, changes=changes)
    if table is None and not upload:
        raise UnfitData("Choose a CSV file with a column of dates and a column of values first.")
    return windows(own_series(table or _stored(upload), column), window=window, changes=changes)


def _stored(upload: str) -> CheckedTable:
    from lab.datasets.uploaded import load_upload
    from lab.storage import uploads_folder

    return load_upload(upload, uploads_folder())
