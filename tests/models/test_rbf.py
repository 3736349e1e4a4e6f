"""The network of radial basis functions against NumPy, SciPy and written-out formulas, in float64.

The oracle knows the settings, the weights as Keras stores them, and the data; it shares no line with the family.
"""

import math
import warnings
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
from scipy.interpolate import RBFInterpolator
from sklearn.metrics import confusion_matrix, r2_score

from lab.datasets.dataset import Dataset, UnfitData
from lab.datasets.line import TRUTHS, line, many, parse_points
from lab.engine.run_process import facts_of
from models import radial, rbf, rbf_look, rbf_questions
from models.base import Array
from models.configs import RbfConfig
from models.views import RbfView

BASES = ("gaussian", "multiquadric", "inverse_multiquadric", "thin_plate")


# ---- the oracle ----


def bump(basis: str, distance: float, width: float) -> float:
    u = distance * distance / (2.0 * width * width)
    if basis == "thin_plate":
        return distance * distance * math.log(distance) if distance > 0 else 0.0
    return {
        "gaussian": math.exp(-u),
        "multiquadric": math.sqrt(1.0 + u),
        "inverse_multiquadric": 1.0 / math.sqrt(1.0 + u),
    }[basis]


def design(config: RbfConfig, weights: list[Array], inputs: Array) -> tuple[Array, Array]:
    """Return bumps (n, m) and outputs (n, c), written out unit by unit."""
    kernel, bias = weights[-2:]
    centres = weights[0]
    widths = np.exp(weights[1]) if config.basis != "thin_plate" else np.ones(1)
    widths = np.broadcast_to(widths, (len(centres),))
    x = np.asarray(inputs, np.float64)
    values = np.array(
        [
            [bump(config.basis, math.dist(row, centre), width) for centre, width in zip(centres, widths, strict=True)]
            for row in x
        ]
    )
    before = np.hstack([values, x]) if config.basis == "thin_plate" else values
    return values, before @ kernel + bias


class Looked(NamedTuple):
    config: RbfConfig
    data: Dataset
    model: keras.Model
    weights: list[Array]
    view: RbfView
    metrics: dict[str, float]


CASES: dict[str, dict[str, Any]] = {
    "wave": {},
    "wave, thin plate": {"basis": "thin_plate"},
    "wave, one width each": {"widths": "per_unit", "basis": "multiquadric", "centres": "random"},
    "wave, gradient": {"fit": "gradient", "passes": 20},
    "wave, moved centres": {"centres": "trained", "fit": "gradient", "passes": 20, "widths": "per_unit"},
    "wave, moved and solved": {"centres": "trained", "passes": 20},
    "runge": {"dataset": "runge", "units": 21, "ridge": 0.0},
    "moons": {"dataset": "moons", "samples": 120, "basis": "inverse_multiquadric"},
    "digits": {"dataset": "digits", "units": 20},
    "diabetes": {"dataset": "diabetes", "width": 4.0},
}
LINES = [name for name in CASES if name.startswith(("wave", "runge"))]
CLASSES = ["moons", "digits"]


@cache
def looked(name: str) -> Looked:
    config = RbfConfig(seed=2, **CASES[name])
    data = rbf.load(config)
    model = rbf.build(config, data)
    last = list(rbf.train(config, data, model))[-1]
    assert isinstance(last.view, RbfView)
    return Looked(config, data, model, model.get_weights(), last.view, dict(last.metrics))


def found(array: Array | None) -> Array:
    assert array is not None
    return array


def wanted(data: Dataset, part: str) -> Array:
    targets = getattr(data, f"{part}_targets")
    if data.task == "regression":
        return np.asarray(targets, np.float64)[:, None]
    return np.array([[float(kind == target) for kind in range(len(data.class_names))] for target in targets])


# ---- the network ----


@pytest.mark.parametrize("name", CASES)
def test_the_network_adds_up_bumps(name: str) -> None:
    case = looked(name)
    inputs = case.data.test_inputs[:40]
    values, outputs = design(case.config, case.weights, inputs)
    ours = rbf_look.outputs_of(case.model, inputs)
    scale = max(1.0, float(np.abs(case.weights[-2]).max()))
    np.testing.assert_allclose(ours[0], values, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(ours[1], outputs, rtol=1e-9, atol=1e-10 * scale)
    np.testing.assert_allclose(case.model.predict(inputs, verbose=0), outputs, rtol=1e-9, atol=1e-10 * scale)


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("dataset", ["runge", "plane"])
def test_interpolation_equals_scipy(basis: Any, dataset: str) -> None:
    """With a bump on every point and no ridge, the network is SciPy's interpolator, to 1e-6 between the points."""
    if dataset == "runge":
        config = RbfConfig(dataset="runge", units=21, ridge=0.0, basis=basis)
        places = np.linspace(-1.0, 1.0, 301)[:, None]
    else:
        config = RbfConfig(dataset="moons", units=200, samples=60, ridge=0.0, basis=basis)
        places = np.random.default_rng(0).uniform(-1.5, 1.5, (300, 2))
    data = rbf.load(config)
    model = rbf.build(config, data)
    *_, last = rbf.train(config, data, model)
    assert last.metrics["train_loss"] < 1e-12
    kernel = {"thin_plate": "thin_plate_spline", "inverse_multiquadric": "inverse_multiquadric"}.get(basis, basis)
    points = data.train_inputs.astype(np.float64)
    gaps = np.sqrt(np.square(points[:, None] - points).sum(2)) + np.diag(np.full(len(points), np.inf))
    width = gaps.min(1).mean()
    oracle = RBFInterpolator(
        points, wanted(data, "train"), kernel=kernel, epsilon=1.0 / (math.sqrt(2.0) * width),
        degree=1 if basis == "thin_plate" else 0,
    )  # fmt: skip
    np.testing.assert_allclose(rbf_look.outputs_of(model, places)[1], oracle(places), atol=1e-6, rtol=0)


@pytest.mark.parametrize("name", ["wave", "wave, one width each", "moons", "digits", "diabetes"])
def test_solved_weights_are_those_of_ridge_regression(name: str) -> None:
    """The normal equations, with the constant left free: (A'A + ridge) w = A'y."""
    case = looked(name)
    values, _ = design(case.config, case.weights, case.data.train_inputs)
    system = np.hstack([values, np.ones((len(values), 1))])
    penalty = case.config.ridge * np.diag([*np.ones(values.shape[1]), 0.0])
    exact = np.linalg.solve(system.T @ system + penalty, system.T @ wanted(case.data, "train"))
    ours = np.vstack([case.weights[-2], case.weights[-1]])
    np.testing.assert_allclose(ours, exact, rtol=1e-6, atol=1e-7 * np.abs(exact).max())


def test_two_bumps_solve_exclusive_or() -> None:
    points = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    centres, targets = points[[0, 3]], np.array([[0.0], [1.0], [1.0], [0.0]])
    values = radial.bumps("gaussian", radial.squared_distances(points, centres), np.array([0.5**0.5]))
    assert radial.side_condition("gaussian", centres, len(points)) is None
    weights = radial.solve(values, np.ones((4, 1)), targets, 0.0)
    assert np.abs(np.hstack([values, np.ones((4, 1))]) @ weights - targets).max() < 1e-12


def test_fewer_rows_have_the_same_solution() -> None:
    generator = np.random.default_rng(1)
    values, straight, targets = generator.normal(size=(50, 6)), np.ones((50, 1)), generator.normal(size=(50, 2))
    fewer = radial.compressed(values, straight, targets)
    assert len(fewer[0]) == 9
    for part in ([0, 1, 2, 3, 4, 5], [4, 1]):
        long = radial.solve(values[:, part], straight, targets, 0.1)
        np.testing.assert_allclose(radial.solve(fewer[0][:, part], *fewer[1:], 0.1), long, rtol=1e-9, atol=1e-12)


def test_each_next_bump_is_the_one_that_helps_most() -> None:
    case = looked("wave")
    values, _ = design(case.config, case.weights, case.data.train_inputs)
    straight, targets = np.ones((len(values), 1)), wanted(case.data, "train")
    order = radial.most_helpful_first(values, straight, targets)
    assert sorted(order) == list(range(12))

    def error(bumps: list[int]) -> float:
        system = np.hstack([straight, values[:, bumps]])
        return float(np.square(system @ np.linalg.lstsq(system, targets, rcond=None)[0] - targets).sum())

    for count in range(6):
        taken = list(order[:count])
        best = min(error([*taken, other]) for other in range(12) if other not in taken)
        assert error([*taken, int(order[count])]) == pytest.approx(best, rel=1e-8)


def test_bumps_join_one_by_one() -> None:
    config = RbfConfig()
    data = rbf.load(config)
    snapshots = list(rbf.train(config, data, rbf.build(config, data)))
    assert [int(found(one.view.joined)[0]) for one in snapshots] == [0, 0, *range(1, 13)]  # type: ignore[attr-defined]
    losses = [one.metrics["train_loss"] for one in snapshots]
    assert all(after <= before + 1e-4 for before, after in pairwise(losses))


def test_gradients_go_where_the_linear_system_is_at_once() -> None:
    solved = looked("wave").metrics["train_loss"]
    config = RbfConfig(seed=2, fit="gradient", passes=1000, ridge=0.001)
    data = rbf.load(config)
    model = rbf.build(config, data)
    before = model.get_weights()
    *_, last = rbf.train(config, data, model)
    for place in (0, 1):
        np.testing.assert_array_equal(model.get_weights()[place], before[place])  # bumps stand still
    assert solved < last.metrics["train_loss"] < 1.3 * solved


@pytest.mark.parametrize("name", ["wave, moved centres", "wave, moved and solved"])
def test_trained_centres_and_widths_move(name: str) -> None:
    case = looked(name)
    first = rbf.build(case.config, case.data).get_weights()
    assert np.abs(first[0] - case.weights[0]).max() > 0.01
    assert np.abs(first[1] - case.weights[1]).max() > 0.01
    assert case.model.get_layer("radial").trainable and not looked("wave").model.get_layer("radial").trainable


# ---- centres and widths ----


def test_centres() -> None:
    inputs = np.random.default_rng(0).normal(size=(40, 3))
    drawn = radial.choose_centres(inputs, 7, "random", 3)
    assert all(any(np.array_equal(centre, row) for row in inputs) for centre in drawn)
    assert len(np.unique(drawn, axis=0)) == 7
    means = radial.choose_centres(inputs, 7, "kmeans", 3)
    nearest = np.array([int(np.argmin([math.dist(row, centre) for centre in means])) for row in inputs])
    for unit in range(7):
        np.testing.assert_allclose(means[unit], inputs[nearest == unit].mean(0), atol=1e-9)
    np.testing.assert_array_equal(radial.choose_centres(inputs, 40, "kmeans", 3), inputs)


def test_spacing() -> None:
    centres = np.array([[0.0], [1.0], [3.0]])
    np.testing.assert_allclose(radial.spacing(centres, per_unit=False), [(1 + 1 + 2) / 3])
    np.testing.assert_allclose(radial.spacing(centres, per_unit=True), [2.0, 1.5, 2.5])
    np.testing.assert_allclose(radial.spacing(np.zeros((3, 2)), per_unit=True), [1.0, 1.0, 1.0])


def test_condition_number_is_that_of_numpy() -> None:
    values = np.random.default_rng(0).normal(size=(30, 5))
    assert radial.condition(values) == pytest.approx(np.linalg.cond(values), rel=1e-9)


# ---- data ----


def test_lines() -> None:
    shared: dict[str, Any] = {"seed": 0, "test_share": 0.25, "samples": 60}
    clean = line("wave", noise=0.0, **shared)
    x = clean.train_inputs[:, 0].astype(np.float64)
    np.testing.assert_allclose(clean.original_targets(clean.train_targets), np.sin(2 * x) + x / 3, atol=1e-5)
    noisy = line("step", noise=0.2, **{**shared, "samples": 2000})
    x = noisy.train_inputs[:, 0].astype(np.float64)
    rest = noisy.original_targets(noisy.train_targets) - np.where(x < 0, -1.0, 1.0)
    assert rest.std() == pytest.approx(0.4, rel=0.06)
    nodes = line("runge", noise=0.3, **shared)
    np.testing.assert_allclose(nodes.train_inputs[:, 0], np.arange(-10, 11) / 10, atol=1e-7)
    np.testing.assert_allclose(
        nodes.original_targets(nodes.test_targets), 1 / (1 + 25 * nodes.test_inputs[:, 0] ** 2), atol=1e-5
    )
    assert set(TRUTHS) == {"wave", "step", "runge"}


def test_many_dimensions() -> None:
    for count in (1, 5, 16):
        data = many(seed=1, dimensions=count, samples=300)
        assert data.train_inputs.shape == (300, count) and data.test_inputs.shape == (1000, count)
        along = data.test_inputs.astype(np.float64).sum(1) / math.sqrt(count)
        assert along.std() == pytest.approx(1.0, abs=0.06)
        np.testing.assert_allclose(data.original_targets(data.test_targets), np.sin(3 * along), atol=1e-5)


def test_own_points() -> None:
    np.testing.assert_array_equal(parse_points("2,1;-1,0.5;0,0;1,3"), [[-1, 0.5], [0, 0], [1, 3], [2, 1]])
    for few in ("", "1,1;2,2;3,3", "1,1;1,2;1,3;1,4"):
        with pytest.raises(UnfitData, match="four points"):
            rbf.load(RbfConfig(dataset="points", points=few))


# ---- the view ----


@pytest.mark.parametrize("name", CASES)
def test_metrics(name: str) -> None:
    case = looked(name)
    for part in ("train", "test"):
        outputs = design(case.config, case.weights, getattr(case.data, f"{part}_inputs"))[1]
        goal = wanted(case.data, part)
        error = np.square(outputs - goal).mean()
        assert case.metrics[f"{part}_loss"] == pytest.approx(error, rel=1e-6, abs=1e-12)
        if name in CLASSES:
            assert case.metrics[f"{part}_accuracy"] == np.mean(outputs.argmax(1) == goal.argmax(1))
        else:
            assert case.metrics[f"{part}_rmse"] == pytest.approx(
                math.sqrt(error) * case.data.target_scale, rel=1e-6, abs=1e-9
            )
            assert case.metrics[f"{part}_r2"] == pytest.approx(r2_score(goal, outputs), abs=1e-6)


@pytest.mark.parametrize("name", LINES)
def test_the_bumps_add_up_to_the_curve(name: str) -> None:
    case = looked(name)
    x = np.concatenate([case.data.train_inputs, case.data.test_inputs])[:, 0].astype(np.float64)
    reach = x.max() - x.min()
    low, high = x.min() - 0.15 * reach, x.max() + 0.15 * reach
    values, _ = design(case.config, case.weights, np.linspace(low, high, 81)[:, None])
    unit = case.data.target_scale
    kernel = case.weights[-2][: values.shape[1], 0]
    np.testing.assert_allclose(found(case.view.bumps), (values * kernel).T * unit, rtol=1e-5, atol=1e-5)
    curve = design(case.config, case.weights, np.linspace(low, high, 241)[:, None])[1][:, 0]
    np.testing.assert_allclose(found(case.view.curve), curve * unit + case.data.target_mean, rtol=1e-5, atol=1e-5)
    added = found(case.view.bumps).sum(0) + found(case.view.bias)[0] * unit + case.data.target_mean
    if case.config.basis == "thin_plate":
        added = added + case.weights[-2][-1, 0] * np.linspace(low, high, 81) * unit
    np.testing.assert_allclose(added, found(case.view.curve)[::3], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(found(case.view.line_centres), case.weights[0][:, 0], rtol=1e-6)


def test_surface_and_maps_in_the_plane() -> None:
    case = looked("moons")
    for row, column in [(0, 0), (10, 40), (30, 30), (59, 5)]:
        point = np.array([[-6 + (column + 0.5) * 0.2, 6 - (row + 0.5) * 0.2]]) / 3
        score = np.clip(design(case.config, case.weights, point)[1][0], 0, 1)
        np.testing.assert_allclose(found(case.view.surface)[row, column], score / score.sum(), atol=0.01)
    for row, column in [(0, 23), (12, 3)]:
        point = np.array([[-6 + (column + 0.5) * 0.5, 6 - (row + 0.5) * 0.5]]) / 3
        values = design(case.config, case.weights, point)[0][0]
        np.testing.assert_allclose(found(case.view.unit_maps)[:, row, column], values[:16], atol=0.01)
    np.testing.assert_allclose(found(case.view.plane_centres), case.weights[0] * 3, rtol=1e-6)
    np.testing.assert_allclose(found(case.view.widths), np.exp(case.weights[1][0]), rtol=1e-6)


@pytest.mark.parametrize("name", CLASSES)
def test_predictions_of_classes(name: str) -> None:
    case = looked(name)
    outputs = design(case.config, case.weights, case.data.test_inputs)[1]
    cut = np.clip(outputs, 0, 1)
    known = cut / cut.sum(1, keepdims=True)
    np.testing.assert_allclose(found(case.view.probabilities), known[:240], atol=1e-3)
    np.testing.assert_array_equal(
        found(case.view.confusion), confusion_matrix(case.data.test_targets, outputs.argmax(1))
    )
    each = np.square(outputs - wanted(case.data, "test")).mean(1)
    assert sorted(each[found(case.view.worst_rows)]) == pytest.approx(sorted(np.sort(each)[-12:]))
    np.testing.assert_allclose(found(case.view.worst_outputs), known[found(case.view.worst_rows)], atol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_edges_are_centres_and_output_weights(name: str) -> None:
    case = looked(name)
    count = len(case.weights[0])
    parts = [case.weights[0][:16, :16].T.ravel(), case.weights[-2][:count][:16, :16].ravel()]
    np.testing.assert_allclose(found(case.view.edges), np.concatenate(parts), rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(found(case.view.output_weights), case.weights[-2][:count][:40], rtol=1e-6)


# ---- what stands still ----


@pytest.mark.parametrize("name", ["wave", "runge", "moons"])
def test_the_sweep_of_widths(name: str) -> None:
    case = looked(name)
    scene = rbf.scene(case.config, case.data)
    first = rbf.build(case.config, case.data).get_weights()
    for place in (0, 9, 13):
        width = np.exp(first[1]) / case.config.width * scene["sweep_width"][place]
        weights = [first[0], np.log(width), *first[2:]]
        train, test = (
            design(case.config, weights, getattr(case.data, f"{part}_inputs"))[0] for part in ("train", "test")
        )
        assert scene["sweep_condition"][place] == pytest.approx(np.linalg.cond(train), rel=1e-3)
        goal, count = wanted(case.data, "train"), train.shape[1]
        if name == "runge":
            ones = np.ones((count, 1))
            system = np.block([[train, ones], [ones.T, np.zeros((1, 1))]])
            solved = np.linalg.solve(system, np.vstack([goal, np.zeros((1, 1))]))
        else:
            system = np.hstack([train, np.ones((len(train), 1))])
            penalty = case.config.ridge * np.diag([*np.ones(count), 0.0])
            solved = np.linalg.solve(system.T @ system + penalty, system.T @ goal)
        outputs = test @ solved[:-1] + solved[-1]
        if name == "moons":
            error = np.mean(outputs.argmax(1) != case.data.test_targets)
        else:
            error = math.sqrt(np.square(outputs - wanted(case.data, "test")).mean()) * case.data.target_scale
        assert scene["sweep_test"][place] == pytest.approx(error, rel=1e-4, abs=1e-9)


def test_gradient_descent_written_out() -> None:
    case = looked("wave")
    scene = rbf.scene(case.config, case.data)
    values, _ = design(case.config, rbf.build(case.config, case.data).get_weights(), case.data.train_inputs)
    system, goal = np.hstack([values, np.ones((len(values), 1))]), wanted(case.data, "train")
    sizes = np.linalg.eigvalsh(system.T @ system)
    weights, step = np.zeros((system.shape[1], 1)), 2.0 / (sizes[0] + sizes[-1])
    losses = []
    for _ in range(100):
        weights -= step * system.T @ (system @ weights - goal)
        losses.append(np.square(system @ weights - goal).mean())
    for number, loss in zip(scene["descent_step"], scene["descent_loss"], strict=True):
        if number <= 100:
            assert loss == pytest.approx(losses[int(number) - 1], rel=1e-8)
    exact = np.square(system @ np.linalg.lstsq(system, goal, rcond=None)[0] - goal).mean()
    assert scene["solved_loss"][0] == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize(
    ("width", "error", "condition"), [(0.5, 0.0354, 1.7), (1.0, 0.0081, 63.0), (2.0, 0.0247, 1.8e7)]
)
def test_runge_numbers(width: float, error: float, condition: float) -> None:
    """The largest error on [-1, 1] and the condition number; with a constant besides the bumps."""
    config = RbfConfig(dataset="runge", units=21, ridge=0.0, width=width)
    data = rbf.load(config)
    model = rbf.build(config, data)
    list(rbf.train(config, data, model))
    x = np.linspace(-1, 1, 2001)
    curve = data.original_targets(rbf_look.outputs_of(model, x[:, None])[1][:, 0])
    assert np.abs(curve - 1 / (1 + 25 * x * x)).max() == pytest.approx(error, rel=0.02)
    assert radial.condition(rbf_look.outputs_of(model, data.train_inputs)[0]) == pytest.approx(condition, rel=0.03)


def test_the_polynomial_through_the_nodes_swings() -> None:
    config = RbfConfig(dataset="runge", units=21, ridge=0.0)
    data = rbf.load(config)
    measured = {one.name: one.value for one in rbf.baselines(config, data) if one.metric == "test_rmse"}
    exact = np.polynomial.Polynomial.fit(np.linspace(-1, 1, 21), 1 / (1 + 25 * np.linspace(-1, 1, 21) ** 2), 20)
    x = data.test_inputs[:, 0].astype(np.float64)
    swing = np.sqrt(np.square(exact(x) - 1 / (1 + 25 * x * x)).mean())
    assert measured["Polynomial of degree 20"] == pytest.approx(swing, rel=0.02)
    assert swing > 5


@pytest.mark.parametrize("name", ["wave", "wave, moved centres", "digits"])
def test_the_first_picture_is_that_of_the_run(name: str) -> None:
    """A process that is awake tells of other settings what their own process will tell."""
    case = looked(name)
    facts, scene, first = rbf.first_picture(case.config)
    model = rbf.build(case.config, case.data)
    begun = next(iter(rbf.train(case.config, case.data, model)))
    assert dict(first.metrics) == dict(begun.metrics) and first.step == 0
    for field, array in begun.view.arrays().items():
        np.testing.assert_array_equal(array, first.view.arrays()[field], err_msg=field)
    whole = rbf.scene(case.config, case.data)
    for field, array in scene.items():
        np.testing.assert_array_equal(array, whole[field], err_msg=field)
    assert facts == facts_of(rbf, case.config, case.data, model)


def test_large_networks_leave_the_sweep_to_their_own_process() -> None:
    small, large = (rbf.first_picture(RbfConfig(dataset="digits", units=units))[1] for units in (20, 100))
    assert "sweep_test" in small and "sweep_test" not in large and "descent_loss" not in large


# ---- questions ----


def test_an_example_is_answered() -> None:
    case = looked("digits")
    answer = rbf.look(case.model, case.data, {"test_row": 7})
    values, outputs = design(case.config, case.weights, case.data.test_inputs[7:8])
    score = np.clip(outputs[0], 0, 1)
    np.testing.assert_allclose(found(answer.answer_output), score / score.sum(), atol=1e-6)
    np.testing.assert_allclose(found(answer.answer_values), np.sort(values[0])[::-1][:8], rtol=1e-5)
    np.testing.assert_allclose(values[0][found(answer.answer_rows)], found(answer.answer_values), rtol=1e-5)


@pytest.mark.parametrize(
    "question",
    [{"input": [1.0]}, {"input": ["x"]}, {"colour": 1}, {"lesson": "cooking"}, {"lesson": "far"},
     {"lesson": "attention"}, {"lesson": "attention", "width": 0.0}, {"lesson": "attention", "width": "wide"}],
)  # fmt: skip
def test_other_questions_are_refused(question: dict[str, Any]) -> None:
    case = looked("diabetes")
    with pytest.raises(ValueError):
        rbf.look(case.model, case.data, question)


def test_far_from_the_data_only_the_constant_is_left() -> None:
    config = RbfConfig(dataset="moons", samples=400, units=20)
    data = rbf.load(config)
    model = rbf.build(config, data)
    list(rbf.train(config, data, model))
    view = rbf.look(model, data, {"lesson": "far"})
    angle = np.arange(72) * 2 * np.pi / 72
    for place in (0, 10, 40):
        radius = found(view.far_radius)[place]
        circle = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1) / 3
        values, outputs = design(config, model.get_weights(), circle)
        cut = np.clip(outputs, 0, 1)
        assert found(view.far_rbf)[place] == pytest.approx((cut / cut.sum(1, keepdims=True)).max(1).mean(), abs=1e-9)
        assert found(view.far_activation)[place] == pytest.approx(values.max(1).mean(), abs=1e-12)
    assert found(view.far_radius)[-1] == 20 and found(view.far_activation)[-1] < 1e-12
    assert found(view.far_mlp)[-1] > 0.98 and found(view.far_rbf)[-1] < 0.75
    assert found(view.far_accuracy).min() > 0.95


def test_the_curse() -> None:
    view = rbf_questions.dimensions()
    bumps, perceptron = found(view.dimension_rbf).mean(0), found(view.dimension_mlp).mean(0)
    at = {int(count): place for place, count in enumerate(found(view.dimension_count))}
    assert bumps[at[1]] < 0.02 and bumps[at[6]] > 0.9 and perceptron[at[6]] < 0.25
    data = many(seed=2, dimensions=2, samples=400)
    guess = rbf_questions.best_bumps(data, 2)
    error = math.sqrt(np.square(guess - data.test_targets).mean()) / data.test_targets.astype(np.float64).std()
    assert found(view.dimension_rbf)[2, at[2]] == pytest.approx(error, rel=1e-6)


def test_an_attention_head_is_a_kernel_smoother() -> None:
    case = looked("wave")
    view = rbf.look(case.model, case.data, {"lesson": "attention", "width": 0.3})
    x, y, query = found(view.smooth_x), found(view.smooth_y), found(view.smooth_query)
    weights = np.array([[math.exp(-((q - one) ** 2) / (2 * 0.3**2)) for one in x] for q in query])
    weights /= weights.sum(1, keepdims=True)
    np.testing.assert_allclose(found(view.smooth_kernel), weights, atol=1e-12)
    np.testing.assert_allclose(found(view.smooth_attention), weights, atol=1e-9)
    np.testing.assert_allclose(found(view.smooth_trained).sum(1), 1.0, atol=1e-9)
    among = np.array([[0.0 if a == b else math.exp(-((a - b) ** 2) / 0.18) for b in x] for a in x])
    error = math.sqrt(np.square(among @ y / among.sum(1) - y).mean())
    assert found(view.smooth_errors)[0] == pytest.approx(error, rel=1e-9)
    assert found(view.smooth_errors)[1] < 0.9 * error  # it learned to listen better than the kernel that it was given


def test_the_layer_is_rebuilt_from_its_settings() -> None:
    case = looked("wave, one width each")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        again = keras.Model.from_config(case.model.get_config())
    again.set_weights(case.weights)
    np.testing.assert_allclose(again(case.data.test_inputs), case.model(case.data.test_inputs), atol=1e-12)
