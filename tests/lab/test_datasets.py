"""Data is seeded, balanced, shaped as documented, and its scaling has seen the training part only."""

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from lab.datasets.bundled import BUNDLED
from lab.datasets.choose import load
from lab.datasets.dataset import UnfitData
from lab.datasets.generated import EXTRA_FEATURES, TITLES, expand
from lab.datasets.split import split_rows, standardize
from lab.datasets.tabular import MAX_CATEGORIES, Table, prepare
from models.configs import TABLES, TWO_DIMENSIONAL, MlpConfig

ROOT = Path(__file__).resolve().parents[2]
NAMES = (*TITLES, *BUNDLED)
TWO_CLASSES = [name for name in TITLES if name != "plane"]


def points_and_targets(name, **settings):
    """All points of a 2-D set, in the order in which they were made."""
    data = load(name, **settings)
    order = np.argsort(np.concatenate([data.train_rows, data.test_rows]))
    points = np.concatenate([data.points("train"), data.points("test")])[order]
    targets = np.concatenate([data.train_targets, data.test_targets])[order]
    return points, targets, data


def test_every_choice_of_the_settings_can_be_loaded():
    choices = set(get_args(MlpConfig.model_fields["dataset"].annotation))
    assert choices == {*NAMES, "own"}
    assert set(TWO_DIMENSIONAL) == set(TITLES)
    assert set(TABLES) == set(BUNDLED) - {"digits"}


@pytest.mark.parametrize("name", NAMES)
def test_shapes_types_and_split(name):
    data = load(name, seed=3, test_share=0.3)
    for inputs, targets, rows in [
        (data.train_inputs, data.train_targets, data.train_rows),
        (data.test_inputs, data.test_targets, data.test_rows),
    ]:
        assert inputs.dtype == np.float32
        assert inputs.shape == (len(targets), len(data.input_names))
        assert targets.dtype == (np.int32 if data.task == "classification" else np.float32)
        assert len(rows) == len(targets) == len(np.unique(rows))
        assert np.isfinite(inputs).all() and np.isfinite(targets).all()
    assert not set(data.train_rows) & set(data.test_rows)
    assert len(set(data.input_names)) == len(data.input_names)
    share = len(data.test_rows) / (len(data.test_rows) + len(data.train_rows))
    assert share == pytest.approx(0.3, abs=0.02)
    assert data.source.endswith(".") and data.title
    if data.task == "classification":
        assert set(data.train_targets) == set(data.test_targets) == set(range(len(data.class_names)))


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides(name):
    first, again, other = load(name, seed=5), load(name, seed=5), load(name, seed=6)
    for field in ("train_inputs", "train_targets", "test_inputs", "test_targets", "train_rows"):
        np.testing.assert_array_equal(getattr(first, field), getattr(again, field))
    assert not np.array_equal(first.train_inputs, other.train_inputs)


@pytest.mark.parametrize("name", TWO_CLASSES)
@pytest.mark.parametrize("samples", [20, 21, 400])
def test_generated_classes_are_equally_large(name, samples):
    _, targets, _ = points_and_targets(name, samples=samples, noise=0.5)
    counts = np.bincount(targets)
    assert counts.sum() == samples
    assert counts[0] - counts[1] == samples % 2


@pytest.mark.parametrize("name", TITLES)
def test_points_lie_on_the_picture(name):
    points, _, data = points_and_targets(name, noise=0.1, samples=2000)
    assert np.abs(points).max() <= (6.6 if name == "gaussians" else 6.0)
    assert np.abs(points).max() > 4.0
    assert 0.5 < data.train_inputs.std() < 1.5


def test_circle_is_separated_by_its_radius():
    points, targets, _ = points_and_targets("circle", noise=0.0)
    radius = np.hypot(*points.T)
    assert radius[targets == 0].max() <= 2.5 + 1e-5
    assert radius[targets == 1].min() >= 3.5 - 1e-5


def test_xor_is_separated_by_the_sign_of_the_product():
    points, targets, _ = points_and_targets("xor", noise=0.0)
    np.testing.assert_array_equal(targets, (points[:, 0] * points[:, 1] < 0).astype(int))
    for quadrant in [(1, 1), (1, -1), (-1, 1), (-1, -1)]:
        assert (np.sign(points) == quadrant).all(axis=1).sum() > 50


@pytest.mark.parametrize(("noise", "variance"), [(0.0, 0.5), (0.5, 4.0)])
def test_gaussians_have_their_means_and_variances(noise, variance):
    points, targets, _ = points_and_targets("gaussians", noise=noise, samples=4000)
    for kind, centre in [(0, 2.0), (1, -2.0)]:
        cloud = points[targets == kind]
        np.testing.assert_allclose(cloud.mean(axis=0), centre, atol=4 * np.sqrt(variance / 2000))
        np.testing.assert_allclose(cloud.var(axis=0), variance, rtol=0.12)


def test_spiral_arms_are_each_other_turned_by_half_a_turn():
    points, targets, _ = points_and_targets("spiral", noise=0.0)
    np.testing.assert_allclose(points[targets == 1], -points[targets == 0], atol=1e-5)
    radius = np.hypot(*points[targets == 0].T)
    angle = np.unwrap(np.arctan2(points[targets == 0][1:, 0], points[targets == 0][1:, 1]))
    np.testing.assert_allclose(angle, radius[1:] / 5.0 * 1.75 * 2 * np.pi, atol=1e-4)


def test_moons_lie_on_the_arcs_of_scikit_learn():
    from sklearn.datasets import make_moons

    points, targets, _ = points_and_targets("moons", noise=0.0)
    arcs, kinds = make_moons(20_000, noise=None, shuffle=False)
    for kind in (0, 1):
        own = points[targets == kind] / 3.3 + [0.5, 0.25]
        distances = np.hypot(*(own[:, None] - arcs[kinds == kind][None, ::5]).transpose(2, 0, 1))
        assert distances.min(axis=1).max() < 2e-3


def test_the_plane_is_a_plane_and_noise_roughens_it():
    for noise, residual in [(0.0, 1e-6), (0.5, 0.6 / np.sqrt(3))]:
        points, targets, data = points_and_targets("plane", noise=noise, samples=4000)
        heights = data.original_targets(targets)
        design = np.column_stack([points, np.ones(len(points))])
        slopes, *_ = np.linalg.lstsq(design, heights, rcond=None)
        np.testing.assert_allclose(slopes, [0.1, 0.1, 0.0], atol=0.02)
        assert np.std(heights - design @ slopes) == pytest.approx(residual, rel=0.05, abs=1e-6)


@pytest.mark.parametrize(("name", "reach"), [("circle", 5.0), ("xor", 5.0), ("spiral", 1.0), ("moons", 3.3)])
def test_noise_moves_points_by_at_most_its_reach(name, reach):
    still, _, _ = points_and_targets(name, noise=0.0)
    moved, _, _ = points_and_targets(name, noise=0.4)
    steps = np.abs(moved - still)
    assert 0.9 * 0.4 * reach < steps.max() <= 0.4 * reach + 1e-5


def test_expand_by_hand():
    points = np.array([[3.0, -6.0], [1.5, 0.5]])
    expected = [
        [1.0, -2.0, 1.0, 4.0, -2.0, np.sin(3.0), np.sin(-6.0)],
        [0.5, 1 / 6, 0.25, 1 / 36, 0.75 / 9, np.sin(1.5), np.sin(0.5)],
    ]
    result = expand(points, tuple(EXTRA_FEATURES))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, rtol=1e-6)


def test_extra_features_reach_the_network_in_order():
    data = load("circle", extra_features=("sin(x2)", "x1^2"))
    assert data.input_names == ("x1", "x2", "sin(x2)", "x1^2")
    np.testing.assert_allclose(data.test_inputs, expand(data.points("test"), ("sin(x2)", "x1^2")), atol=1e-5)
    assert set(get_args(get_args(MlpConfig.model_fields["extra_features"].annotation)[0])) == set(EXTRA_FEATURES)


@pytest.mark.parametrize("name", NAMES)
def test_the_summary_is_json(name):
    data = load(name)
    summary = json.loads(json.dumps(data.summary(), allow_nan=False))
    assert summary["train"] + summary["test"] == len(data.train_rows) + len(data.test_rows)
    assert tuple(summary["class_names"]) == data.class_names and summary["plane"] is (name in TITLES)


def test_data_without_a_plane_has_no_points():
    with pytest.raises(ValueError, match="no two axes"):
        load("iris").points("train")


@pytest.mark.parametrize("share", [0.1, 0.25, 0.9])
def test_split_keeps_each_class_in_its_share(share):
    classes = np.repeat([0, 1, 2, 3], [2, 3, 50, 201])
    train, test = split_rows(256, classes, test_share=share, seed=0)
    assert sorted([*train, *test]) == list(range(256))
    for kind, count in enumerate([2, 3, 50, 201]):
        held_out = int((classes[test] == kind).sum())
        assert 1 <= held_out <= count - 1
        assert abs(held_out - share * count) < 1
    assert not np.array_equal(train, np.sort(train))


def test_standardize_uses_the_training_part_alone():
    train, test, mean, scale = standardize(np.array([1.0, 3.0]), np.array([100.0]))
    assert (mean, scale) == (2.0, 1.0)
    np.testing.assert_array_equal(train, [-1, 1])
    np.testing.assert_array_equal(test, [98])
    assert standardize(np.ones(3), np.ones(1))[3] == 1.0


def test_digits_are_the_pixels_divided_by_16():
    from sklearn.datasets import load_digits

    data, truth = load("digits"), load_digits()
    np.testing.assert_allclose(data.test_inputs * 16, truth.data[data.test_rows])
    np.testing.assert_array_equal(data.train_targets, truth.target[data.train_rows])
    assert data.image_shape == (8, 8)


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes"])
def test_tables_are_standardized_by_the_training_part(name):
    import sklearn.datasets
    from sklearn.preprocessing import StandardScaler

    arguments = {"scaled": False} if name == "diabetes" else {}
    truth, data = getattr(sklearn.datasets, f"load_{name}")(**arguments), load(name)
    scaler = StandardScaler().fit(truth.data[data.train_rows])
    np.testing.assert_allclose(data.train_inputs, scaler.transform(truth.data[data.train_rows]), atol=1e-5)
    np.testing.assert_allclose(data.test_inputs, scaler.transform(truth.data[data.test_rows]), atol=1e-5)
    targets = truth.target[data.test_rows]
    np.testing.assert_allclose(data.original_targets(data.test_targets), targets, rtol=1e-5)
    if data.task == "regression":
        assert data.target_mean == pytest.approx(truth.target[data.train_rows].mean())
        assert data.train_targets.std() == pytest.approx(1.0, abs=1e-5)


def test_cars_against_pandas():
    from vega_datasets import local_data

    cars, data = pd.DataFrame(json.loads(Path(local_data.cars.filepath).read_text("utf-8"))), load("cars", seed=1)
    train = cars.iloc[data.train_rows]
    assert len(data.train_rows) + len(data.test_rows) == 398
    np.testing.assert_allclose(
        data.original_targets(data.test_targets), cars["Miles_per_Gallon"].iloc[data.test_rows], rtol=1e-5
    )
    power = cars["Horsepower"].fillna(train["Horsepower"].median())
    trained = power.iloc[data.train_rows]
    expected = (power - trained.mean()) / trained.std(ddof=0)
    column = data.input_names.index("horsepower")
    np.testing.assert_allclose(data.test_inputs[:, column], expected.iloc[data.test_rows], atol=1e-5)
    japan = data.train_inputs[:, data.input_names.index("origin = Japan")]
    np.testing.assert_array_equal(japan, train["Origin"] == "Japan")
    assert "Name" not in " ".join(data.input_names)
    assert cars["Horsepower"].iloc[[*data.train_rows, *data.test_rows]].isna().sum() == 6


def test_weather_tells_that_its_classes_are_uneven():
    data = load("seattle_weather")
    assert "uneven" in data.notes[0] and "snow" in data.notes[0]
    assert data.class_names == ("drizzle", "fog", "rain", "snow", "sun")
    assert not any("date" in name for name in data.input_names)


def table_of(frame, **changes):
    settings = {"numeric": ("number",), "categorical": ("kind",)} | changes
    return Table(
        "t", "T", "regression", frame, targets=np.arange(float(len(frame))), target_name="y", source="", **settings
    )


def test_the_test_part_never_reaches_the_fit():
    frame = pd.DataFrame({"number": np.arange(40.0), "kind": ["a", "b"] * 20})
    before = prepare(table_of(frame), seed=0, test_share=0.25)
    changed = frame.copy()
    changed.loc[before.test_rows, "number"] = 1e9
    changed.loc[before.test_rows, "kind"] = "never seen"
    after = prepare(table_of(changed), seed=0, test_share=0.25)
    np.testing.assert_array_equal(before.train_inputs, after.train_inputs)
    assert after.input_names == ("number", "kind = a", "kind = b")
    assert (after.test_inputs[:, 1:] == 0).all()
    assert (after.test_inputs[:, 0] > 1e6).all()


def test_gaps_and_enormous_numbers_are_filled_from_the_training_part():
    numbers = np.arange(40.0)
    numbers[:4] = [np.nan, np.inf, 1e300, -np.inf]
    kinds = np.array(["a", "a", "b", "a"] * 10, dtype=object)
    kinds[5] = None
    data = prepare(table_of(pd.DataFrame({"number": numbers, "kind": kinds})), seed=0, test_share=0.25)
    usable = numbers[[row for row in data.train_rows if row >= 4]]
    filled = np.where(np.arange(40) < 4, np.median(usable), numbers)
    expected = (filled - filled[data.train_rows].mean()) / filled[data.train_rows].std()
    np.testing.assert_allclose(data.train_inputs[:, 0], expected[data.train_rows], atol=1e-5)
    everything = np.concatenate([data.train_inputs, data.test_inputs])
    place = int(np.flatnonzero(np.concatenate([data.train_rows, data.test_rows]) == 5)[0])
    assert everything[place, 1:].tolist() == [1.0, 0.0]


def test_rare_categories_share_one_input():
    kinds = ["common"] * 100 + [f"rare {number}" for number in range(100)]
    frame = pd.DataFrame({"number": np.arange(200.0), "kind": kinds})
    data = prepare(table_of(frame), seed=0, test_share=0.25)
    assert len(data.input_names) == 1 + MAX_CATEGORIES
    assert data.input_names[-1] == "kind = any other"
    assert data.train_inputs[:, 1:].sum(axis=1).tolist() == [1.0] * 150


def test_a_name_that_looks_like_a_category_is_no_trouble():
    frame = pd.DataFrame({"kind = a": np.arange(40.0), "kind": ["a", "b"] * 20})
    data = prepare(table_of(frame, numeric=("kind = a",)), seed=0, test_share=0.25)
    assert data.train_inputs.shape == (30, 3)


def test_own_data_without_a_file_and_unknown_names():
    with pytest.raises(UnfitData, match=r"^Choose a CSV file first\.$"):
        load("own")
    with pytest.raises(UnfitData, match="no data called"):
        load("../etc/passwd")


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("lab.datasets.uploaded", {"sklearn", "scipy", "streamlit", "keras", "tensorflow"}),
        ("lab.datasets.choose", {"sklearn", "scipy", "streamlit", "keras", "tensorflow", "pandas"}),
        ("models.baselines", {"sklearn", "scipy", "streamlit", "keras", "tensorflow", "pandas"}),
        ("lab.runs", {"sklearn", "scipy", "streamlit", "keras", "tensorflow", "pandas", "pyarrow"}),
    ],
)
def test_imports_stay_light(module, forbidden):
    program = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not forbidden & set(loaded.stdout.split())
