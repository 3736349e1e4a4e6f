"""Real data that comes with scikit-learn and vega_datasets: nothing is downloaded."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lab.datasets.dataset import Dataset
from lab.datasets.split import split_rows
from lab.datasets.tabular import Table, prepare


def bundled(name: str, *, seed: int = 0, test_share: float = 0.25) -> Dataset:
    """Return the bundled set `name`, split by `seed`, stratified by class; see BUNDLED for the names."""
    if name == "digits":
        return _digits(seed, test_share)
    return prepare(TABLES[name](), seed=seed, test_share=test_share)


def _digits(seed: int, test_share: float) -> Dataset:
    """8 x 8 grey values 0 to 16, divided by 16; standardizing would amplify the pixels that are nearly always empty."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    inputs, targets = (bunch.data / 16.0).astype(np.float32), bunch.target.astype(np.int32)
    train, test = split_rows(len(inputs), targets, test_share=test_share, seed=seed)
    return Dataset(
        name="digits",
        title="Handwritten digits",
        task="classification",
        train_inputs=inputs[train],
        train_targets=targets[train],
        test_inputs=inputs[test],
        test_targets=targets[test],
        train_rows=train,
        test_rows=test,
        input_names=tuple(f"row {row + 1}, column {column + 1}" for row in range(8) for column in range(8)),
        source="1,797 digits by 13 people, 8 x 8 grey values (Alpaydin and Kaynak, 1998, UCI; the original test part).",
        target_name="digit",
        class_names=tuple(str(digit) for digit in range(10)),
        image_shape=(8, 8),
        notes=("The split is random, so the same writers are in both parts.",),
    )


def _classes_of(bunch: Any, name: str, title: str, target_name: str, source: str) -> Table:
    """A classification table from one of scikit-learn's own."""
    frame = bunch.data.rename(columns=lambda column: column.replace("_", " "))
    return Table(
        name=name,
        title=title,
        task="classification",
        frame=frame,
        numeric=tuple(frame.columns),
        categorical=(),
        targets=bunch.target.to_numpy(),
        target_name=target_name,
        source=source,
        class_names=tuple(str(kind).replace("_", " ") for kind in bunch.target_names),
    )


def _iris() -> Table:
    from sklearn.datasets import load_iris

    source = "150 iris flowers, four lengths each (Fisher, 1936; measured by Anderson, 1935)."
    return _classes_of(load_iris(as_frame=True), "iris", "Iris flowers", "species", source)


def _wine() -> Table:
    from sklearn.datasets import load_wine

    source = "178 Italian wines of three cultivars, 13 chemical measurements (Aeberhard and Forina, 1992, UCI)."
    return _classes_of(load_wine(as_frame=True), "wine", "Wines", "cultivar", source)


def _breast_cancer() -> Table:
    from sklearn.datasets import load_breast_cancer

    source = "569 breast tumours, 30 measurements of cell nuclei (Wolberg, Mangasarian and Street, 1993, UCI)."
    return _classes_of(load_breast_cancer(as_frame=True), "breast_cancer", "Breast tumours", "diagnosis", source)


def _diabetes() -> Table:
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes(as_frame=True, scaled=False)
    names = {"bp": "blood pressure", "s1": "cholesterol", "s2": "LDL", "s3": "HDL"}
    names |= {"s4": "cholesterol / HDL", "s5": "log triglycerides", "s6": "blood sugar"}
    frame = bunch.data.rename(columns=names)
    return Table(
        name="diabetes",
        title="Diabetes progression",
        task="regression",
        frame=frame,
        numeric=tuple(frame.columns),
        categorical=(),
        targets=bunch.target.to_numpy(np.float64),
        target_name="progression",
        source="442 diabetes patients, ten measurements and the disease's progression after a year "
        "(Efron, Hastie, Johnstone and Tibshirani, 2004).",
        target_unit="points",
    )


def _cars() -> Table:
    import pandas
    from vega_datasets import local_data

    everything = pandas.DataFrame(json.loads(Path(local_data.cars.filepath).read_text(encoding="utf-8")))
    known = np.flatnonzero(everything["Miles_per_Gallon"].notna())
    frame = everything.iloc[known].reset_index(drop=True)
    names = {"Cylinders": "cylinders", "Displacement": "displacement (cu in)", "Horsepower": "horsepower"}
    names |= {"Weight_in_lbs": "weight (lb)", "Acceleration": "seconds to 60 mph", "Origin": "origin"}
    inputs = frame.rename(columns=names)[list(names.values())].assign(year=frame["Year"].str[:4].astype(int))
    unknown, without_power = len(everything) - len(frame), int(frame["Horsepower"].isna().sum())
    return Table(
        name="cars",
        title="Cars of 1970 to 1982",
        task="regression",
        frame=inputs,
        numeric=tuple(column for column in inputs.columns if column != "origin"),
        categorical=("origin",),
        targets=frame["Miles_per_Gallon"].to_numpy(np.float64),
        target_name="miles per gallon",
        source="406 cars and how far they go on a gallon (Donoho and Ramos, 1982; from vega_datasets).",
        target_unit="mpg",
        source_rows=known,
        notes=(
            f"{unknown} cars without a known consumption are left out.",
            f"{without_power} cars without a known horsepower get the training part's median.",
        ),
    )


def _seattle_weather() -> Table:
    from vega_datasets import local_data

    frame = local_data.seattle_weather()
    counts = frame["weather"].value_counts()
    class_names = tuple(sorted(counts.index))
    names = {"precipitation": "rain and snow (mm)", "temp_max": "highest temperature (°C)"}
    names |= {"temp_min": "lowest temperature (°C)", "wind": "wind (m/s)"}
    return Table(
        name="seattle_weather",
        title="Weather of Seattle",
        task="classification",
        frame=frame.rename(columns=names)[list(names.values())],
        numeric=tuple(names.values()),
        categorical=(),
        targets=frame["weather"].map(class_names.index).to_numpy(),
        target_name="weather",
        source="1,461 days in Seattle, 2012 to 2015 (NOAA, public domain; from vega_datasets); the date is left out.",
        class_names=class_names,
        notes=(
            f"The classes are uneven: {counts.iloc[0]} days of {counts.index[0]}, {counts.iloc[-1]} of "
            f"{counts.index[-1]}. Always answering {counts.index[0]} is right for {counts.iloc[0] / len(frame):.0%}.",
        ),
    )


TABLES: dict[str, Callable[[], Table]] = {
    "iris": _iris,
    "wine": _wine,
    "breast_cancer": _breast_cancer,
    "diabetes": _diabetes,
    "cars": _cars,
    "seattle_weather": _seattle_weather,
}
BUNDLED = ("digits", *TABLES)
