"""Backpropagation against an oracle that knows no chain rule: complex-step differentiation of a forward pass in NumPy.

L(w + ih) / h has the derivative in its imaginary part, exact to the last digits (Squire and Trapp, SIAM Review 40,
1998). Optimizers, activations, losses, the slice and the perceptron are written out here a second time as well.
"""

import warnings
from functools import cache
from itertools import pairwise
from typing import Any, get_args

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.optimize import minimize
from scipy.special import erf

from lab.charts.backpropagation_numbers import relative_error, relative_errors
from models import backpropagation
from models import backpropagation_lessons as lessons
from models import perceptron as rosenblatt
from models.base import Array
from models.configs import BackpropagationConfig
from models.small_network import Lesson, flatten
from models.training_loop import CompiledTraining
from models.views import MAP_SIZE, SLICE_EXTENT, SLICE_SIZE
from tests.models.shortened import recorded_rarely, uncompiled

ACTIVATIONS = get_args(BackpropagationConfig.model_fields["activation"].annotation)
SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772

# ---- the oracle ----


def bent(name: str, z: Array) -> Array:
    up = z.real > 0
    return {
        "tanh": lambda: np.tanh(z),
        "sigmoid": lambda: 1 / (1 + np.exp(-z)),
        "relu": lambda: np.where(up, z, 0),
        "leaky_relu": lambda: np.where(up, z, 0.2 * z),
        "elu": lambda: np.where(up, z, np.exp(np.where(up, 0, z)) - 1),
        "selu": lambda: SCALE * np.where(up, z, ALPHA * (np.exp(np.where(up, 0, z)) - 1)),
        "gelu": lambda: z * (1 + erf(z / np.sqrt(2))) / 2,
        "silu": lambda: z / (1 + np.exp(-z)),
        "softplus": lambda: np.log(1 + np.exp(z)),
        "linear": lambda: z,
    }[name]()


def outputs_of(flat: Array, inputs: Array, sizes: tuple[int, ...], activation: str) -> Array:
    """Return logits (n, out)."""
    a, left = inputs, list(flat)
    for layer, (before, after) in enumerate(pairwise(sizes), start=1):
        kernel = np.array([left.pop(0) for _ in range(before * after)]).reshape(before, after)
        z = a @ kernel + np.array([left.pop(0) for _ in range(after)])
        a = z if layer == len(sizes) - 1 else bent(activation, z)
    assert not left
    return a


def loss_of(kind: str, z: Array, y: Array) -> Array:
    """Return the mean loss of logits (n, out), possibly complex, and targets (n,)."""
    each = []
    for row, target in zip(z, y, strict=True):
        if kind == "squared":
            each.append((row[0] - target) ** 2)
        elif kind.startswith("binary"):
            p = 1 / (1 + np.exp(-row[0]))
            entropy = np.log(1 + np.exp(row[0])) - target * row[0]
            each.append(entropy if kind == "binary" else (p - target) ** 2)
        else:
            p = np.exp(row) / np.exp(row).sum()
            truth = np.eye(len(row))[int(target)]
            each.append(-np.log(p[int(target)]) if kind == "categorical" else ((p - truth) ** 2).mean())
    return np.mean(each)


def oracle_loss(flat: Array, inputs: Array, targets: Array, data: Lesson) -> Any:
    outputs = outputs_of(flat, inputs, data.sizes, data.config.activation)
    return loss_of(data.loss, outputs, targets)


def oracle_gradient(flat: Array, inputs: Array, targets: Array, data: Lesson) -> Array:
    found = []
    for place in range(len(flat)):
        moved = flat.astype(complex)
        moved[place] += 1e-30j
        found.append(oracle_loss(moved, inputs, targets, data).imag / 1e-30)
    return np.array(found)


# ---- networks to ask ----

CASES: dict[str, dict[str, Any]] = {
    **{name: {"activation": name} for name in ACTIVATIONS},
    "one unit": {"layers": 0},
    "three layers of four": {"layers": 3, "units": 4, "inputs": 4, "activation": "silu"},
    "iris": {"dataset": "iris", "inputs": 4, "units": 4},
    "iris, squared error": {"dataset": "iris", "inputs": 3, "loss": "squared_error", "activation": "gelu"},
    "xor, squared error": {"loss": "squared_error", "activation": "softplus"},
    "plane": {"dataset": "plane", "activation": "elu"},
}


@cache
def asked(name: str) -> tuple[Lesson, keras.Model]:
    config = BackpropagationConfig(seed=4, **CASES[name])
    data = backpropagation.load(config)
    return data, backpropagation.build(config, data)


def look(*arguments: Any) -> Any:
    """Return the view of a network; Any, since each question fills other fields of it."""
    return backpropagation.look(*arguments)


def weights_of(data: Lesson, seed: int = 1) -> Array:
    count = sum(before * after + after for before, after in pairwise(data.sizes))
    return np.random.default_rng(seed).normal(0, 0.8, count)


@cache
def answered(name: str, **more: Any) -> tuple[Lesson, Any]:
    data, model = asked(name)
    question = {"kind": "example", "row": 5, "weights": weights_of(data).tolist(), **more}
    return data, look(model, data, question)


@pytest.mark.parametrize("name", CASES)
def test_three_gradients_agree_with_each_other_and_with_the_oracle(name: str) -> None:
    data, view = answered(name)
    gradient = oracle_gradient(view.parameters, view.inputs[np.newaxis], view.target, data)
    assert relative_error(view.by_hand, gradient) < 1e-13
    assert relative_error(view.by_tape, gradient) < 1e-8  # Keras keeps the 0.2 of leaky_relu in single precision
    assert relative_error(view.by_differences, gradient) < 1e-8
    assert relative_errors(view.by_hand, view.by_tape).max() < 1e-6
    assert relative_errors(view.by_hand, view.by_differences).max() < 1e-6


@pytest.mark.parametrize("name", CASES)
def test_every_number_in_the_graph_is_that_of_the_oracle(name: str) -> None:
    data, view = answered(name)
    inputs, targets = data.batch()
    np.testing.assert_array_equal(view.inputs, inputs[5])
    assert view.target[0] == targets[5]
    gradient = oracle_gradient(view.parameters, inputs[[5]], targets[[5]], data)
    start, place, a = 0, 0, view.inputs
    for layer, (before, after) in enumerate(pairwise(data.sizes), start=1):
        kernel = view.parameters[start : start + before * after].reshape(before, after)
        bias = slice(start + before * after, start + before * after + after)
        here = slice(place, place + after)
        np.testing.assert_allclose(view.sums[here], a @ kernel + view.parameters[bias], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(view.deltas[here], gradient[bias], rtol=1e-9, atol=1e-13)  # dL/db is dL/dz
        if layer < len(data.sizes) - 1:
            a = bent(data.config.activation, view.sums[here])
            slope = bent(data.config.activation, view.sums[here] + 1e-30j).imag / 1e-30
            np.testing.assert_allclose(view.outputs[here], a, rtol=1e-12)
            np.testing.assert_allclose(view.slopes[here], slope, rtol=1e-9, atol=1e-13)
            np.testing.assert_allclose(view.pulls[here] * slope, view.deltas[here], rtol=1e-9, atol=1e-13)
        start, place = bias.stop, here.stop
    assert view.loss[0] == pytest.approx(oracle_loss(view.parameters, inputs[[5]], targets[[5]], data), rel=1e-7)


@pytest.mark.parametrize("name", ["tanh", "iris", "iris, squared error", "xor, squared error", "plane"])
def test_the_output_means_what_the_loss_takes(name: str) -> None:
    data, view = answered(name)
    z = view.sums[-data.sizes[-1] :]
    one, several = 1 / (1 + np.exp(-z)), np.exp(z) / np.exp(z).sum()
    expected = z if data.loss == "squared" else one if len(z) == 1 else several
    np.testing.assert_allclose(view.outputs[-len(z) :], expected, rtol=1e-12)


def test_a_step_of_descent_is_taken_against_the_gradient() -> None:
    data, view = answered("tanh", rate=0.3)
    gradient = oracle_gradient(view.parameters, view.inputs[np.newaxis], view.target, data)
    np.testing.assert_allclose(view.updated, view.parameters - 0.3 * gradient, rtol=1e-12)
    after = oracle_loss(view.updated, view.inputs[np.newaxis], view.target, data)
    assert view.loss_after[0] == pytest.approx(after, rel=1e-12)


def test_a_corner_within_reach_is_reported() -> None:
    data, model = asked("relu")
    far, near = weights_of(data), np.zeros(len(weights_of(data)))
    for weights, kink in ((far, 0.0), (near, 1.0)):
        view = look(model, data, {"kind": "example", "row": 5, "weights": weights.tolist()})
        assert view.kink[0] == kink


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ({"kind": "weather"}, "no lesson"),
        ({"kind": "example", "row": 10_000}, "row must lie"),
        ({"kind": "example", "weights": [1.0]}, "needs 25 weights"),
        ({"kind": "example", "weights": [float("nan")] * 25}, "each a number"),
        ({"kind": "example", "inputs": [1.0]}, "needs 2 inputs"),
        ({"kind": "example", "inputs": [1.0, 1e9]}, "each a number"),
        ({"kind": "example", "inputs": [1.0, 1.0], "target": 2}, "class from 0 to 1"),
        ({"kind": "example", "rate": -1}, "rate must lie"),
        ({"kind": "seeds", "earlier": 51}, "earlier must lie"),
        ({"kind": "example", "activation": "square"}, "no activation 'square'"),
        ({"kind": "example", "changes": {"28": 1.0}}, "28 places"),
        ({"kind": "example", "changes": {"3": float("inf")}}, "28 places"),
        ({"kind": "example", "changes": {"2": 0.5}}, "class from 0 to 1"),
    ],
)
def test_unfit_questions_are_refused_in_words(question: dict[str, Any], reason: str) -> None:
    data, model = asked("tanh")
    with pytest.raises(ValueError, match=reason):
        look(model, data, question)


def test_own_inputs_and_target_are_used() -> None:
    data, model = asked("tanh")
    weights = weights_of(data)
    question = {"kind": "example", "inputs": [0.5, -2.0], "target": 1, "weights": weights.tolist()}
    view = look(model, data, question)
    np.testing.assert_array_equal(view.inputs, [0.5, -2.0])
    expected = oracle_gradient(weights, np.array([[0.5, -2.0]]), np.array([1.0]), data)
    np.testing.assert_allclose(view.by_hand, expected, rtol=1e-11)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_numbers_of_ones_own_and_another_bend_are_used(activation: str) -> None:
    data, model = asked("tanh")
    weights = weights_of(data)
    changes = {"1": -0.75, "2": 1.0, "3": 0.25, "27": -1.5}  # second input, target, first and last parameter
    question = {"kind": "example", "row": 5, "weights": weights.tolist(), "activation": activation, "changes": changes}
    view = look(model, data, question)
    x = np.array([data.batch()[0][5, 0], -0.75])
    weights[[0, -1]] = 0.25, -1.5
    np.testing.assert_array_equal(view.inputs, x)
    np.testing.assert_array_equal(view.parameters, weights)
    lesson = Lesson(data.config.model_copy(update={"activation": activation}), data.dataset)
    expected = oracle_gradient(weights, x[np.newaxis], np.array([1.0]), lesson)
    for found in (view.by_hand, view.by_tape, view.by_differences):
        assert relative_error(found, expected) < 1e-7  # Keras keeps the square root of 2 of gelu in single precision
    assert view.loss[0] == pytest.approx(oracle_loss(weights, x[np.newaxis], np.array([1.0]), lesson), rel=1e-7)


def test_the_weights_before_training_are_those_of_the_built_network() -> None:
    data, model = asked("tanh")
    view = look(model, data, {"kind": "example", "start": True})
    np.testing.assert_array_equal(view.parameters, flatten(model.get_weights()).astype(float))


# ---- optimizers ----


def stepped(name: str, w: Array, rate: float, count: int, gradient: Any) -> tuple[Array, Array]:
    """Return the parameters before and after step number `count`, counted from 1, by the papers' formulas."""
    m, v, before = np.zeros_like(w), np.zeros_like(w), w
    for t in range(1, count + 1):
        g, before = gradient(w), w
        if name == "sgd":
            w = w - rate * g
        elif name == "momentum":
            m = 0.9 * m - rate * g
            w = w + m
        elif name == "rmsprop":
            v = 0.9 * v + 0.1 * g**2
            w = w - rate * g / np.sqrt(v + 1e-7)
        else:
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            w = w - rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-7)
    return before, w


@pytest.mark.parametrize("earlier", [0, 3])
def test_one_step_of_each_optimizer_is_that_of_its_paper(earlier: int) -> None:
    data, view = answered("tanh", rate=0.03, earlier=earlier)
    x, y = view.inputs[np.newaxis], view.target
    for place, name in enumerate(lessons.STEPPERS):
        start, end = stepped(name, view.parameters, 0.03, earlier + 1, lambda w: oracle_gradient(w, x, y, data))
        promise = oracle_gradient(start, x, y, data) @ (end - start)
        # Keras keeps learning rates and 1 - 0.999 in single precision
        assert view.before[place, 0] == pytest.approx(oracle_loss(start, x, y, data), rel=5e-5)
        assert view.after[place, 0] == pytest.approx(oracle_loss(end, x, y, data), rel=5e-5)
        assert view.predicted[place, 0] == pytest.approx(promise, rel=5e-5)


def test_plain_descent_promises_rate_times_squared_length() -> None:
    _, view = answered("tanh", rate=0.03)
    assert view.predicted[0, 0] == pytest.approx(-0.03 * (view.by_hand**2).sum(), rel=1e-6)
    assert view.predicted[1, 0] == view.predicted[0, 0]  # momentum has nothing to remember yet


@cache
def seeds(earlier: int) -> tuple[Lesson, Any]:
    data, model = asked("tanh")
    return data, look(model, data, {"kind": "seeds", "rate": 0.1, "earlier": earlier})


@pytest.mark.parametrize("earlier", [0, 2])
@pytest.mark.parametrize("seed", [0, 57])
def test_steps_from_a_hundred_seeds_are_recomputed(earlier: int, seed: int) -> None:
    data, view = seeds(earlier)
    assert view.before.shape == view.after.shape == view.predicted.shape == (4, 100)
    config = data.config.model_copy(update={"seed": seed})
    w = flatten(backpropagation.build(config, data).get_weights()).astype(float)
    x, y = data.batch()
    for place, name in enumerate(lessons.STEPPERS):
        start, end = stepped(name, w, 0.1, earlier + 1, lambda w: oracle_gradient(w, x, y, data))
        before = oracle_loss(start, x, y, data)
        assert view.before[place, seed] == pytest.approx(before, rel=1e-6)
        assert view.after[place, seed] == pytest.approx(oracle_loss(end, x, y, data), rel=1e-6)
        promise = oracle_gradient(start, x, y, data) @ (end - start)
        assert view.predicted[place, seed] == pytest.approx(promise, rel=1e-5)
        for number in (3, 20):
            moved = start + view.rates[number] / 0.1 * (end - start)
            change = oracle_loss(moved, x, y, data) - before
            assert view.changes[place, number, seed] == pytest.approx(change, rel=1e-4, abs=1e-9)


def test_small_steps_keep_their_promise_and_large_ones_do_not() -> None:
    _, view = seeds(0)
    true, promised = view.changes[:, 0], view.predicted * (view.rates[0] / 0.1)
    np.testing.assert_allclose(true[0], promised[0], rtol=0.01)  # plain descent at a rate of 0.001
    assert (view.changes[:, -1] > 0).mean() > 0.9


# ---- the race ----


def test_all_start_from_the_same_weights_and_see_the_same_batches() -> None:
    config = BackpropagationConfig(epochs=1, optimizer="adam", units=2)
    data = backpropagation.load(config)
    model = backpropagation.build(config, data)
    w = {name: flatten(model.get_weights()).astype(float) for name in ("sgd", "momentum")}
    network = backpropagation.build(config, data)
    order = CompiledTraining(
        network, keras.optimizers.SGD(0.1), None, data.dataset.train_inputs, data.dataset.train_targets,
        batch_size=16, seed=0,
    ).order(0)  # fmt: skip
    snapshots = list(backpropagation.train(config, data, model))
    x, y = data.batch()
    velocity: Any = 0.0
    for step in range(snapshots[-1].step):
        batch = order[16 * step : 16 * step + 16]
        w["sgd"] = w["sgd"] - 0.1 * oracle_gradient(w["sgd"], x[batch], y[batch], data)
        velocity = 0.9 * velocity - 0.1 * oracle_gradient(w["momentum"], x[batch], y[batch], data)
        w["momentum"] = w["momentum"] + velocity
    last = snapshots[-1].metrics
    for name, row in w.items():
        assert last[f"race_{name}"] == pytest.approx(oracle_loss(row, x, y, data), rel=1e-4)
        assert (last[f"x_{name}"], last[f"y_{name}"]) == pytest.approx((row[0], row[2]), rel=1e-4)
    first = snapshots[0].metrics
    assert len({first[f"race_{name}"] for name in backpropagation.RACERS}) == 1


def test_scores_of_the_followed_network_are_those_of_the_oracle() -> None:
    for name in ("tanh", "iris", "plane"):
        config = asked(name)[0].config.model_copy(update={"epochs": 1})
        data = backpropagation.load(config)
        model = backpropagation.build(config, data)
        with uncompiled(), recorded_rarely(backpropagation, 4):
            last: Any = list(backpropagation.train(config, data, model))[-1]
        w = last.view.weights.astype(float)
        np.testing.assert_array_equal(last.view.weights, flatten(model.get_weights()))
        (x, y), (tx, ty) = data.batch(), data.batch("test")
        z = outputs_of(w, tx, data.sizes, data.config.activation)
        assert last.metrics["train_loss"] == pytest.approx(oracle_loss(w, x, y, data), rel=1e-5)
        assert last.metrics["test_loss"] == pytest.approx(loss_of(data.loss, z, ty), rel=1e-5)
        if name == "plane":
            assert last.metrics["test_r2"] == pytest.approx(1 - np.mean((z[:, 0] - ty) ** 2) / np.var(ty), rel=1e-6)
        else:
            right = (z.argmax(1) if z.shape[1] > 1 else z[:, 0] > 0) == ty
            assert last.metrics["test_accuracy"] == pytest.approx(right.mean())


@pytest.mark.parametrize("name", ["tanh", "one unit", "iris"])
def test_the_slice_is_the_loss_over_two_weights(name: str) -> None:
    data, model = asked(name)
    view = look(model, data)
    w = view.weights.astype(float)
    x, y = data.batch()
    centre = SLICE_SIZE // 2
    for row, column in ((0, 0), (centre, centre), (5, 30), (32, 1)):
        moved = w.copy()
        moved[0] = ((column + 0.5) / SLICE_SIZE * 2 - 1) * SLICE_EXTENT
        moved[data.sizes[1]] = -((row + 0.5) / SLICE_SIZE * 2 - 1) * SLICE_EXTENT
        assert view.surface[row, column] == pytest.approx(oracle_loss(moved, x, y, data), rel=1e-4)


@pytest.mark.parametrize("settings", [{}, {"inputs": 4, "layers": 1}, {"layers": 0}, {"dataset": "plane"}])
def test_maps_of_units_are_their_outputs_over_the_plane(settings: dict[str, Any]) -> None:
    data = backpropagation.load(BackpropagationConfig(seed=2, **settings))
    model = backpropagation.build(data.config, data)
    maps = look(model, data).unit_maps.astype(float)
    assert maps.shape == (sum(data.sizes[1:]), MAP_SIZE, MAP_SIZE)
    outputs = [layer.output for layer in model.layers if layer.name.startswith("activation")] + [model.output]
    units = keras.Model(model.input, outputs)
    for row, column in ((0, 0), (3, 20), (23, 11)):
        x1, x2 = ((column + 0.5) / MAP_SIZE * 2 - 1) * 6, -((row + 0.5) / MAP_SIZE * 2 - 1) * 6
        inputs = np.array([[x1 / 3, x2 / 3, x1 * x2 / 9, x1**2 / 9]])[:, : data.sizes[0]]
        found = units(inputs.astype(np.float32))
        values = np.concatenate([np.ravel(part) for part in (found if isinstance(found, list) else [found])])
        if data.dataset.class_names:
            values[-1] = 1 / (1 + np.exp(-values[-1]))
        np.testing.assert_allclose(maps[:, row, column], values, atol=np.abs(maps).max() / 100)  # rounded to 1/64, half


def test_tables_have_no_plane_to_draw_units_on() -> None:
    data, model = asked("iris")
    assert look(model, data).unit_maps is None


# ---- activations and losses ----


def test_activations_and_their_slopes() -> None:
    data, model = asked("tanh")
    view = look(model, data, {"kind": "bends"})
    for place, name in enumerate(ACTIVATIONS):
        away = np.abs(view.bend_grid) > 1e-9
        grid = view.bend_grid[away]
        np.testing.assert_allclose(view.bends[place, away], bent(name, grid), rtol=1e-6, atol=1e-12)
        slopes = bent(name, grid + 1e-30j).imag / 1e-30
        # Keras keeps the square root of 2 of gelu in single precision, which moves its slope by 5.7e-9 at most; where
        # the slope itself is nearly zero (z close to -0.75 or -5) that is more than a relative tolerance allows.
        np.testing.assert_allclose(view.bend_slopes[place, away], slopes, rtol=1e-6, atol=1e-8)
    sigmoid = view.bend_slopes[ACTIVATIONS.index("sigmoid")]
    assert sigmoid.max() == pytest.approx(0.25)


def logistic(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


PULLS = (
    lambda z, y: logistic(z) - y,
    lambda z, y: 2 * (logistic(z) - y) * logistic(z) * (1 - logistic(z)),
    lambda z, y: (logistic(logistic(z)) - y) * logistic(z) * (1 - logistic(z)),
    lambda z, y: np.where((z > 1e-7) & (z < 1 - 1e-7), (1 - y) / (1 - clipped(z)) - y / clipped(z), 0.0),
)


def clipped(z: Array) -> Array:
    return np.clip(z, 1e-7, 1 - 1e-7)


@cache
def losses(name: str) -> tuple[Lesson, Any]:
    data, model = asked(name)
    return data, look(model, data, {"kind": "losses"})


def test_losses_over_the_logit_and_their_slopes() -> None:
    _, view = losses("tanh")
    z = view.loss_grid
    expected = [
        np.log1p(np.exp(-z)), (logistic(z) - 1) ** 2, np.log1p(np.exp(-logistic(z))), -np.log(clipped(z)),
    ]  # fmt: skip
    np.testing.assert_allclose(view.loss_values, expected, rtol=1e-6)
    inside = ~np.isclose(z, 0) & ~np.isclose(z, 1)
    slopes = np.stack([pull(z, 1.0) for pull in PULLS])
    np.testing.assert_allclose(view.loss_slopes[:, inside], slopes[:, inside], rtol=1e-6, atol=1e-12)


def softmax(z: Array) -> Array:
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def through_softmax(p: Array, pull: Array) -> Array:
    return p * (pull - (p * pull).sum(axis=1, keepdims=True))


def unnormalized(z: Array, truth: Array) -> Array:
    """Slope of -log(z_y / sum z) as Keras clips it: none where the quotient leaves the range from 1e-7 to 1 - 1e-7."""
    total = z.sum(axis=1, keepdims=True)
    share = (z * truth).sum(axis=1, keepdims=True) / total
    inside = (share > 1e-7) & (share < 1 - 1e-7)
    return np.where(inside, 1 / total - truth / (share * total), 0.0)


# dL/dz of every example, (n, outputs), for logits and one-hot truth (classes) or target (regression, (n, 1)).
CLASS_PULLS = (
    lambda z, truth: softmax(z) - truth,
    lambda z, truth: through_softmax(softmax(z), 2 * (softmax(z) - truth) / truth.shape[1]),
    lambda z, truth: through_softmax(softmax(z), softmax(softmax(z)) - truth),
    unnormalized,
)
NUMBER_PULLS = (
    lambda z, y: 2 * (z - y),
    lambda z, y: np.sign(z - y),
    lambda z, y: np.clip(z - y, -1, 1),
    lambda z, y: 2 * (logistic(z) - y) * logistic(z) * (1 - logistic(z)),
)


@pytest.mark.parametrize(("name", "pulls"), [("tanh", PULLS), ("iris", CLASS_PULLS), ("plane", NUMBER_PULLS)])
def test_what_is_learned_with_each_loss_is_recomputed(name: str, pulls: Any) -> None:
    data, view = losses(name)
    x, y = data.batch()
    wanted = np.eye(data.sizes[-1])[y.astype(int)] if name == "iris" else y[:, np.newaxis]
    rate = 0.1 if name == "plane" else 0.5
    start = backpropagation.build(data.config, data).get_weights()
    for place, pull in enumerate(pulls):
        weights = [part.astype(float) for part in start]
        for _ in range(lessons.LOSS_STEPS // (lessons.LOSS_MARKS - 1)):
            sums, a = [], [x]
            for k in range(0, len(weights), 2):
                sums.append(a[-1] @ weights[k] + weights[k + 1])
                a.append(bent(data.config.activation, sums[-1]))
            delta = pull(sums[-1], wanted) / len(y)
            for k in range(len(weights) - 2, -1, -2):
                kernel = weights[k].copy()
                weights[k] = kernel - rate * a[k // 2].T @ delta
                weights[k + 1] = weights[k + 1] - rate * delta.sum(0)
                if k:
                    slope = bent(data.config.activation, sums[k // 2 - 1] + 1e-30j).imag / 1e-30
                    delta = (delta @ kernel.T) * slope
        z = outputs_of(flatten(weights), x, data.sizes, data.config.activation)
        if name == "plane":
            z = logistic(z) if place == 3 else z
            score = 1 - np.mean((z[:, 0] - y) ** 2) / np.var(y)
        else:
            score = np.mean((z.argmax(1) if name == "iris" else z[:, 0] > 0) == y)
        assert view.race_loss[place, 1] == pytest.approx(loss_of(data.loss, z, y), rel=1e-5)
        assert view.race_accuracy[place, 1] == pytest.approx(score, rel=1e-5 if name == "plane" else None)


@pytest.mark.parametrize("name", ["tanh", "iris", "plane"])
def test_the_loss_that_fits_is_not_beaten_on_its_own_ground(name: str) -> None:
    _, view = losses(name)
    assert np.isfinite(view.race_loss).all()
    assert view.race_loss[0, -1] < view.race_loss[0, 0]
    assert view.race_loss[0, -1] <= view.race_loss[:, -1].min() * 1.05


def test_keras_sees_a_sigmoid_right_before_the_loss_but_nothing_behind_it() -> None:
    z, y = tf.constant([[-2.0], [3.0]]), tf.constant([[1.0], [0.0]])
    right = keras.losses.binary_crossentropy(y, z, from_logits=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rescued = keras.losses.binary_crossentropy(y, keras.activations.sigmoid(z), from_logits=True)
    hidden = keras.losses.binary_crossentropy(y, tf.identity(keras.activations.sigmoid(z)), from_logits=True)
    np.testing.assert_allclose(rescued, right, rtol=1e-6)
    assert (np.abs(np.asarray(hidden) - np.asarray(right)) > 0.5).all()


# ---- the perceptron ----


def test_the_perceptron_on_iris_keeps_within_novikoffs_bound() -> None:
    found = rosenblatt.perceptron()
    inputs, signs = rosenblatt.setosa()
    radius = np.sqrt((inputs**2).sum(1)).max()
    signed = signs[:, np.newaxis] * inputs
    solution = minimize(
        lambda w: w @ w, np.full(5, 0.1), jac=lambda w: 2 * w, method="SLSQP", options={"ftol": 1e-14, "maxiter": 1000},
        constraints={"type": "ineq", "fun": lambda w: signed @ w - 1, "jac": lambda w: signed},
    )  # fmt: skip
    margin = 1 / np.linalg.norm(solution.x)
    assert found["perceptron_bound"] == pytest.approx([radius, margin, (radius / margin) ** 2], rel=1e-5)
    assert found["perceptron_mistakes"][-1] <= found["perceptron_orders"].max() <= found["perceptron_bound"][2]
    print(found["perceptron_bound"], found["perceptron_mistakes"][-1], np.unique(found["perceptron_orders"]))


def test_the_perceptron_stops_when_it_is_right_and_its_weights_are_sums_of_examples() -> None:
    inputs, signs = rosenblatt.setosa()
    running, weights = rosenblatt.learn(inputs, signs)
    assert (signs * (inputs @ weights) > 0).all()
    assert running[-1] == running[-len(signs)] == running[-len(signs) - 1]
    w, count = np.zeros(5), 0
    for _ in range(len(running) // len(signs)):
        for x, sign in zip(inputs, signs, strict=True):
            if np.sign(w @ x) != sign:
                w, count = w + sign * x, count + 1
    np.testing.assert_array_equal(w, weights)
    assert count == running[-1]


def test_on_xor_every_round_has_a_mistake_and_the_weights_come_back() -> None:
    running = rosenblatt.perceptron()["xor_mistakes"]
    assert len(running) == 4 * rosenblatt.XOR_ROUNDS
    assert (np.diff(np.concatenate([[0], running[3::4]])) > 0).all()
    corners, signs = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], float), np.array([-1, 1, 1, -1])
    seen = [tuple(rosenblatt.learn(corners, signs, rounds)[1]) for rounds in range(1, 15)]
    assert len(set(seen)) < len(seen)  # a state that returns returns for ever
