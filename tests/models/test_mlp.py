"""The multilayer perceptron against an oracle of its own: every number it shows, recomputed in NumPy from the weights.

The oracle knows the settings, the weights as Keras stores them, and the data; it shares no line with models/mlp.py.
"""

import math
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple, get_args

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn import metrics as sklearn_metrics

from lab.datasets.dataset import Dataset
from models import mlp
from models.base import Array, Live, Snapshot, schedule
from models.configs import MlpConfig
from models.views import MlpView

EXTENT = 6.0
ACTIVATIONS = get_args(MlpConfig.model_fields["activation"].annotation)
OPTIMIZERS = get_args(MlpConfig.model_fields["optimizer"].annotation)


# ---- the oracle ----


def gauss_error(x: Array) -> Array:
    return np.array([math.erf(value) for value in x.ravel()]).reshape(x.shape)


def sigmoid(x: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-x))


BENDS = {
    "tanh": lambda x: 2.0 * sigmoid(2.0 * x) - 1.0,
    "relu": lambda x: x * (x > 0),
    "sigmoid": sigmoid,
    "gelu": lambda x: 0.5 * x * (1.0 + gauss_error(x / math.sqrt(2.0))),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * (np.exp(np.minimum(x, 0.0)) - 1.0)),
    "silu": lambda x: x * sigmoid(x),
    "linear": lambda x: x,
}


def activations_of(config: MlpConfig, weights: list[Array], inputs: Array) -> list[Array]:
    """Return the activations of the hidden layers and last the output, in float64, without dropout."""
    left = [np.asarray(weight, np.float64) for weight in weights]
    x, layers = np.asarray(inputs, np.float64), []
    for _ in range(config.layers):
        x = x @ left.pop(0) + left.pop(0)
        if config.batch_normalization:
            gamma, beta, mean, variance = (left.pop(0) for _ in range(4))
            x = gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta
        x = BENDS[config.activation](x)
        layers.append(x)
    layers.append(x @ left.pop(0) + left.pop(0))
    assert not left
    return layers


def softmax(logits: Array) -> Array:
    """Return probabilities (n, c); a single logit is that of the second of two classes."""
    if logits.shape[1] == 1:
        second = sigmoid(logits[:, 0])
        return np.stack([1.0 - second, second], axis=1)
    rows = [np.exp(row - row.max()) for row in logits]
    return np.array([row / row.sum() for row in rows])


def loss_of_each(data: Dataset, outputs: Array, targets: Array) -> Array:
    if data.task == "regression":
        return np.array([(output[0] - target) ** 2 for output, target in zip(outputs, targets, strict=True)])
    return np.array([-math.log(row[target]) for row, target in zip(softmax(outputs), targets, strict=True)])


def features(points: Array, extra: tuple[str, ...]) -> Array:
    """Return the inputs of the network for points of the plane, written out by hand."""
    known = {
        "x1^2": lambda x1, x2: x1 * x1 / 9.0, "x2^2": lambda x1, x2: x2 * x2 / 9.0,
        "x1*x2": lambda x1, x2: x1 * x2 / 9.0,
        "sin(x1)": lambda x1, x2: math.sin(x1), "sin(x2)": lambda x1, x2: math.sin(x2),
    }  # fmt: skip
    return np.array([[x1 / 3.0, x2 / 3.0, *(known[name](x1, x2) for name in extra)] for x1, x2 in points])


def centre(row: int, column: int, size: int) -> tuple[float, float]:
    """Return the point in the middle of a cell of the picture, row 0 at the top."""
    cell = 2 * EXTENT / size
    return -EXTENT + (column + 0.5) * cell, EXTENT - (row + 0.5) * cell


# ---- networks to look at ----


class Looked(NamedTuple):
    config: MlpConfig
    data: Dataset
    weights: list[Array]
    model: keras.Model
    view: MlpView
    metrics: dict[str, float]

    def layers(self, inputs: Array) -> list[Array]:
        return activations_of(self.config, self.weights, inputs)


CASES: dict[str, dict[str, Any]] = {
    "digits": {"units": 40},
    "digits without a layer": {"layers": 0},
    "digits deep": {"layers": 3, "units": 20, "activation": "sigmoid"},
    "spiral": {
        "dataset": "spiral", "layers": 2, "units": 20, "activation": "tanh",
        "extra_features": ("x1^2", "x2^2", "x1*x2", "sin(x1)", "sin(x2)"),
    },
    "moons without a layer": {"dataset": "moons", "layers": 0},
    "plane": {"dataset": "plane", "units": 5, "activation": "gelu"},
    "iris": {"dataset": "iris", "units": 6, "layers": 2, "batch_normalization": True, "activation": "selu"},
    "wine": {"dataset": "wine", "units": 8, "activation": "silu", "dropout": 0.5},
    "breast cancer": {"dataset": "breast_cancer", "units": 8, "activation": "linear", "l2": 0.1},
    "diabetes": {"dataset": "diabetes", "layers": 2, "units": 17, "batch_normalization": True, "dropout": 0.3},
    "cars": {"dataset": "cars", "layers": 0},
}  # fmt: skip
IMAGES = [name for name in CASES if name.startswith("digits")]
PLANES = ["spiral", "moons without a layer", "plane"]
TABLES = [name for name in CASES if name not in IMAGES and name not in PLANES]
REGRESSIONS = ["plane", "diabetes", "cars"]
CLASSIFICATIONS = [name for name in CASES if name not in REGRESSIONS]
HIDDEN = [name for name, settings in CASES.items() if settings.get("layers") != 0]


def scrambled(model: keras.Model, seed: int = 5) -> list[Array]:
    """Give every weight, also biases and moving statistics, a value of its own, as training would; return them."""
    generator = np.random.default_rng(seed)
    weights = [weight + generator.normal(0.0, 0.3, weight.shape).astype(np.float32) for weight in model.get_weights()]
    for place, variable in enumerate(model.weights):
        if variable.name == "moving_variance":
            weights[place] = np.abs(weights[place])
    model.set_weights(weights)
    return weights


@cache
def looked(name: str) -> Looked:
    config = MlpConfig(seed=3, **CASES[name])
    data = mlp.load(config)
    model = mlp.build(config, data)
    weights = scrambled(model)
    return Looked(config, data, weights, model, mlp.look(model, data), mlp.evaluate(model, data))


def run(settings: dict[str, Any], live: Live | None = None) -> tuple[list[Snapshot], keras.Model, Dataset]:
    config = MlpConfig(**settings)
    data = mlp.load(config)
    model = mlp.build(config, data)
    return list(mlp.train(config, data, model, live)), model, data


def found(array: Array | None) -> Array:
    assert array is not None
    return array


# ---- the network and its numbers ----


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("normalized", [False, True], ids=["plain", "normalized"])
def test_forward_pass(activation: Any, normalized: bool) -> None:
    config = MlpConfig(dataset="iris", layers=2, units=5, activation=activation, batch_normalization=normalized)
    data = mlp.load(config)
    model = mlp.build(config, data)
    weights = scrambled(model)
    layers = mlp.forward(model, data.test_inputs)
    expected = activations_of(config, weights, data.test_inputs)
    assert len(layers) == len(expected) == 3
    for layer, wanted in zip(layers, expected, strict=True):
        np.testing.assert_allclose(layer, wanted, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.predict(data.test_inputs, verbose=0), expected[-1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_metrics(name: str) -> None:
    case, wanted = looked(name), {}
    for part in ("train", "test"):
        inputs, targets = getattr(case.data, f"{part}_inputs"), getattr(case.data, f"{part}_targets")
        outputs = case.layers(inputs)[-1]
        wanted[f"{part}_loss"] = loss_of_each(case.data, outputs, targets).mean()
        if case.data.task == "classification":
            wanted[f"{part}_accuracy"] = sklearn_metrics.accuracy_score(targets, softmax(outputs).argmax(1))
            ours = sklearn_metrics.log_loss(targets, softmax(outputs), labels=range(len(case.data.class_names)))
            assert wanted[f"{part}_loss"] == pytest.approx(ours, rel=1e-6)
        else:
            truth, guess = (
                values * case.data.target_scale + case.data.target_mean for values in (targets, outputs[:, 0])
            )
            wanted[f"{part}_rmse"] = sklearn_metrics.root_mean_squared_error(truth, guess)
            wanted[f"{part}_r2"] = sklearn_metrics.r2_score(truth, guess)
    assert case.metrics == pytest.approx(wanted, rel=2e-4, abs=1e-5)


@pytest.mark.parametrize("name", ["digits", "spiral", "diabetes"])
def test_the_loss_is_the_one_that_keras_minimizes(name: str) -> None:
    case = looked(name)
    for part in ("train", "test"):
        inputs, targets = getattr(case.data, f"{part}_inputs"), getattr(case.data, f"{part}_targets")
        loss = mlp.loss_for(case.data)(mlp.targets_for(case.data, targets), case.model(inputs, training=False))
        assert case.metrics[f"{part}_loss"] == pytest.approx(float(loss), rel=1e-4)


def test_evaluation_is_without_dropout() -> None:
    case = looked("wine")
    outputs = [mlp.forward(case.model, case.data.test_inputs)[-1] for _ in range(2)]
    np.testing.assert_array_equal(outputs[0], outputs[1])
    noisy = case.model(case.data.test_inputs, training=True)
    assert np.abs(noisy - outputs[0]).max() > 0.1
    np.testing.assert_allclose(outputs[0], case.layers(case.data.test_inputs)[-1], rtol=1e-4, atol=1e-5)


# ---- the view ----


def assert_rounded(picture: Array, exact: Array, largest: float) -> None:
    """A picture is rounded to 1/64 of the largest value and kept in float16."""
    assert picture.dtype == np.float16
    np.testing.assert_allclose(picture.astype(float), exact, rtol=0, atol=largest * (0.5 / 64 + 2**-11) + 1e-6)


@pytest.mark.parametrize("name", PLANES)
def test_decision_surface(name: str) -> None:
    case = looked(name)
    surface = found(case.view.surface)
    grid = features(
        np.array([centre(row, column, 60) for row in range(60) for column in range(60)]), case.config.extra_features
    )
    outputs = case.layers(grid)[-1]
    exact = outputs * case.data.target_scale + case.data.target_mean if name == "plane" else softmax(outputs)
    assert surface.shape == (60, 60, exact.shape[1])
    cells = np.random.default_rng(1).integers(0, 60, (80, 2))
    picked = np.array([exact[row * 60 + column] for row, column in cells])
    assert_rounded(np.array([surface[row, column] for row, column in cells]), picked, np.abs(exact).max())


@pytest.mark.parametrize("name", ["spiral", "plane"])
def test_maps_of_units(name: str) -> None:
    case = looked(name)
    maps, shown = found(case.view.unit_maps), min(16, case.config.units)
    assert maps.shape == (shown * case.config.layers, 24, 24)
    grid = features(
        np.array([centre(row, column, 24) for row in range(24) for column in range(24)]), case.config.extra_features
    )
    for layer, activations in enumerate(case.layers(grid)[:-1]):
        for unit in range(shown):
            exact = activations[:, unit].reshape(24, 24)
            assert_rounded(maps[layer * shown + unit], exact, np.abs(exact).max())


def test_maps_need_hidden_units_and_a_plane() -> None:
    assert looked("moons without a layer").view.unit_maps is None
    for name in set(CASES) - set(PLANES):
        assert looked(name).view.surface is None and looked(name).view.unit_maps is None


@pytest.mark.parametrize("name", CASES)
def test_edges_are_the_kernels(name: str) -> None:
    case = looked(name)
    kernels = [weight for weight in case.weights if weight.ndim == 2]
    wanted = [
        kernel[i, j] for kernel in kernels for i in range(min(16, len(kernel))) for j in range(min(16, len(kernel[0])))
    ]
    assert len(kernels) == case.config.layers + 1
    np.testing.assert_array_equal(found(case.view.edges), np.array(wanted, np.float16))


@pytest.mark.parametrize("name", IMAGES)
def test_first_weights_as_images(name: str) -> None:
    case = looked(name)
    images = found(case.view.unit_weights)
    assert images.shape == (min(32, case.weights[0].shape[1]), 8, 8)
    for unit, image in enumerate(images):
        for row, column in [(0, 0), (2, 5), (7, 7)]:
            assert image[row, column] == np.float16(case.weights[0][row * 8 + column, unit])


@pytest.mark.parametrize("name", CASES)
def test_predictions_of_the_first_test_examples(name: str) -> None:
    case = looked(name)
    outputs = case.layers(case.data.test_inputs)[-1][:240]
    if name in REGRESSIONS:
        assert case.view.probabilities is None
        wanted = outputs[:, 0] * case.data.target_scale + case.data.target_mean
        np.testing.assert_allclose(found(case.view.predictions), wanted, rtol=1e-4, atol=1e-4)
    else:
        assert case.view.predictions is None
        np.testing.assert_allclose(found(case.view.probabilities), softmax(outputs), atol=6e-4)
        assert found(case.view.probabilities).dtype == np.float16


@pytest.mark.parametrize("name", CLASSIFICATIONS)
def test_confusion(name: str) -> None:
    case = looked(name)
    guesses = softmax(case.layers(case.data.test_inputs)[-1]).argmax(1)
    count = len(case.data.class_names)
    wanted = np.zeros((count, count), int)
    for truth, guess in zip(case.data.test_targets, guesses, strict=True):
        wanted[truth][guess] += 1
    np.testing.assert_array_equal(found(case.view.confusion), wanted)
    np.testing.assert_array_equal(
        wanted, sklearn_metrics.confusion_matrix(case.data.test_targets, guesses, labels=range(count))
    )
    assert wanted.trace() / wanted.sum() == pytest.approx(case.metrics["test_accuracy"])


@pytest.mark.parametrize("name", CLASSIFICATIONS)
def test_calibration(name: str) -> None:
    case = looked(name)
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(10)]
    for row, truth in zip(softmax(case.layers(case.data.test_inputs)[-1]), case.data.test_targets, strict=True):
        bins[min(9, int(row.max() * 10))].append((row.max(), row.argmax() == truth))
    wanted = [[len(members), *(np.mean(members, axis=0) if members else (0.0, 0.0))] for members in bins]
    np.testing.assert_allclose(found(case.view.calibration), wanted, atol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_worst_examples(name: str) -> None:
    case = looked(name)
    outputs = case.layers(case.data.test_inputs)[-1]
    each = loss_of_each(case.data, outputs, case.data.test_targets)
    rows = found(case.view.worst_rows)
    assert len(set(rows.tolist())) == len(rows) == 12
    np.testing.assert_allclose(each[rows], sorted(each, reverse=True)[:12], rtol=1e-4)
    np.testing.assert_array_equal(found(case.view.worst_inputs), case.data.test_inputs[rows])
    scale, mean = case.data.target_scale, case.data.target_mean
    if name in REGRESSIONS:
        np.testing.assert_allclose(
            found(case.view.worst_truths), case.data.test_targets[rows] * scale + mean, rtol=1e-5
        )
        np.testing.assert_allclose(
            found(case.view.worst_outputs), outputs[rows, 0] * scale + mean, rtol=1e-4, atol=1e-4
        )
    else:
        np.testing.assert_array_equal(found(case.view.worst_truths), case.data.test_targets[rows])
        np.testing.assert_allclose(found(case.view.worst_outputs), softmax(outputs[rows]), atol=1e-5)


@pytest.mark.parametrize("name", TABLES)
def test_what_excites_the_units_of_a_table(name: str) -> None:
    """The mean over the examples of each class, or of each quarter of the target, taken one example at a time."""
    case = looked(name)
    targets, inputs = case.data.test_targets, case.data.test_inputs
    if case.data.task == "regression":
        borders = [float(np.quantile(targets, share)) for share in (0.25, 0.5, 0.75)]
        groups = [sum(target >= border for border in borders) for target in targets]
    else:
        groups = [int(target) for target in targets]
    *hidden, outputs = case.layers(inputs)
    last = outputs if case.data.task == "regression" else softmax(outputs)[:, -outputs.shape[1] :]
    drawn = np.concatenate([layer[:, :16] for layer in (*hidden, last)], axis=1)
    for values, means in (
        (drawn, case.view.responses),
        (inputs[:, :16], mlp.scene(case.config, case.data)["input_means"]),
    ):
        assert found(means).shape == (values.shape[1], max(groups) + 1)
        for group in set(groups):
            rows = [row for row, own in zip(values, groups, strict=True) if own == group]
            np.testing.assert_allclose(found(means)[:, group], sum(rows) / len(rows), rtol=2e-3, atol=2e-3)


def test_other_data_have_pictures_of_their_own() -> None:
    for name in (*IMAGES, *PLANES):
        assert looked(name).view.responses is None


@pytest.mark.parametrize("name", HIDDEN)
def test_histograms(name: str) -> None:
    case = looked(name)
    for place, layer in enumerate(case.layers(case.data.test_inputs)[:-1]):
        low, high = layer.min(), layer.max()
        np.testing.assert_allclose(
            found(case.view.histogram_edges)[place], np.linspace(low, high, 25), rtol=1e-3, atol=1e-4
        )
        counts = np.zeros(24)
        for value in layer.ravel():
            counts[min(23, int((value - low) / (high - low) * 24))] += 1
        shares = found(case.view.histograms)[place]
        assert shares.sum() == pytest.approx(1.0, abs=1e-5)
        np.testing.assert_allclose(
            shares, counts / layer.size, atol=2.5 / layer.size
        )  # a value on an edge may fall either way


@pytest.mark.parametrize("name", HIDDEN)
def test_dead_units_and_saturated_activations(name: str) -> None:
    case = looked(name)
    for place, layer in enumerate(case.layers(case.data.test_inputs)[:-1]):
        dead = np.mean([all(value == 0 for value in unit) for unit in layer.T])
        flat = {"relu": layer <= 0, "tanh": abs(layer) > 0.97, "sigmoid": abs(layer - 0.5) > 0.485}
        saturated = np.mean(flat.get(case.config.activation, np.zeros(1)))
        assert found(case.view.dead)[place] == pytest.approx(dead)
        assert found(case.view.saturated)[place] == pytest.approx(saturated, abs=1.5 / layer.size)


def test_dead_units_are_found() -> None:
    case = looked("digits")
    weights = [weight.copy() for weight in case.weights]
    weights[1][:10] = -1000.0  # ten of forty units can no longer rise above zero
    model = mlp.build(case.config, case.data)
    model.set_weights(weights)
    view = mlp.look(model, case.data)
    assert found(view.dead)[0] >= 0.25
    assert found(view.saturated)[0] >= 0.25


def test_without_a_hidden_layer_there_is_no_activity() -> None:
    view = looked("digits without a layer").view
    assert [view.histograms, view.histogram_edges, view.dead, view.saturated] == [None] * 4


# ---- the scene ----


@pytest.mark.parametrize("name", CASES)
def test_scene(name: str) -> None:
    case = looked(name)
    scene, data = dict(mlp.scene(case.config, case.data)), case.data
    for part, shown in (("train", None), ("test", 240)):
        targets = getattr(data, f"{part}_targets")[:shown]
        wanted = targets * data.target_scale + data.target_mean if name in REGRESSIONS else targets
        np.testing.assert_allclose(scene.pop(f"{part}_targets"), wanted, rtol=1e-5, atol=1e-6)
    assert (scene.pop("input_means", None) is not None) == (name in TABLES)  # its numbers: see the test of responses
    if name in PLANES:
        np.testing.assert_allclose(scene.pop("train_points"), data.train_inputs[:, :2] * 3.0, rtol=1e-6)
        np.testing.assert_allclose(scene.pop("test_points"), data.test_inputs[:240, :2] * 3.0, rtol=1e-6)
    elif name in IMAGES:
        images = scene.pop("test_images")
        assert images.shape == (240, 8, 8)
        assert images[7, 3, 5] == data.test_inputs[7, 3 * 8 + 5]
    elif name in CLASSIFICATIONS:
        positions, shares = scene.pop("test_plane"), scene.pop("plane_shares")
        mean = data.train_inputs.astype(float).mean(axis=0)
        _, sizes, axes = np.linalg.svd(data.train_inputs - mean, full_matrices=False)
        projected = (data.test_inputs[:240] - mean) @ axes[:2].T
        for axis in (0, 1):
            sign = np.sign(np.sum(projected[:, axis] * positions[:, axis]))
            np.testing.assert_allclose(positions[:, axis], sign * projected[:, axis], atol=2e-4)
        np.testing.assert_allclose(shares, sizes[:2] ** 2 / np.sum(sizes**2), rtol=1e-4)
    assert scene == {}


# ---- questions ----


@pytest.mark.parametrize("name", ["digits", "spiral", "diabetes", "cars", "iris"])
def test_answers(name: str) -> None:
    case = looked(name)
    for row in (0, 5, len(case.data.test_inputs) - 1):
        example = case.data.test_inputs[row]
        *hidden, output = case.layers(example[np.newaxis])
        for question in ({"test_row": row}, {"input": example.tolist()}):
            view = mlp.look(case.model, case.data, question)
            assert set(view.arrays()) == {"answer_input", "answer_output", "answer_units"}
            np.testing.assert_array_equal(found(view.answer_input), example)
            wanted = (
                output[0] * case.data.target_scale + case.data.target_mean
                if name in REGRESSIONS
                else softmax(output)[0]
            )
            np.testing.assert_allclose(found(view.answer_output), wanted, rtol=1e-4, atol=1e-5)
            units = np.concatenate([np.zeros(0), *(layer[0, :16] for layer in hidden)])
            np.testing.assert_allclose(found(view.answer_units), units, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "question",
    [
        {"row": 3}, {"input": [1.0, 2.0]}, {"input": []}, {"input": [math.nan] * 64}, {"input": [math.inf] * 64},
        {"input": ["a"] * 64}, {"input": None}, {"test_row": "first"}, {"test_row": None}, {"test_row": math.inf},
        {"test_row": math.nan}, {"test_row": [1, 2]}, {"input": {"pixel": 1}}, {"input": [[1.0], [2.0, 3.0]]},
    ],
    ids=str,
)  # fmt: skip
def test_questions_that_cannot_be_answered(question: dict[str, Any]) -> None:
    case = looked("digits")
    with pytest.raises(ValueError, match=r"\w"):
        mlp.look(case.model, case.data, question)


# ---- gradients and steps ----


def penalized_loss(config: MlpConfig, data: Dataset, weights: list[Array]) -> float:
    """Return the loss that training minimizes on all training examples, penalties included."""
    outputs = activations_of(config, weights, data.train_inputs)[-1]
    penalty = config.l2 * sum(np.sum(kernel**2) for kernel in [weight for weight in weights if weight.ndim == 2][:-1])
    return float(loss_of_each(data, outputs, data.train_targets).mean() + penalty)


def difference_quotient(
    config: MlpConfig, data: Dataset, weights: list[Array], place: int, index: tuple[int, ...]
) -> float:
    step, sides = 1e-5, []
    for sign in (1.0, -1.0):
        moved = [np.asarray(weight, np.float64).copy() for weight in weights]
        moved[place][index] += sign * step
        sides.append(penalized_loss(config, data, moved))
    return (sides[0] - sides[1]) / (2 * step)


def some_places(weights: list[Array], count: int = 24) -> list[tuple[int, tuple[int, ...]]]:
    generator = np.random.default_rng(4)
    chosen = [place % len(weights) for place in range(count)]
    return [(place, tuple(int(generator.integers(size)) for size in weights[place].shape)) for place in chosen]


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "gelu", "silu", "linear"])
@pytest.mark.parametrize("dataset", ["iris", "moons", "diabetes"])
def test_the_gradient_is_the_slope_of_the_loss(dataset: Any, activation: Any) -> None:
    config = MlpConfig(dataset=dataset, layers=2, units=3, activation=activation, l2=0.01)
    data = mlp.load(config)
    model = mlp.build(config, data)
    weights = scrambled(model)
    with tf.GradientTape() as tape:
        outputs = model(data.train_inputs, training=True)
        losses = mlp.loss_for(data)(mlp.targets_for(data, data.train_targets), outputs)
        loss = tf.add_n([tf.reduce_mean(losses), *model.losses])
    assert float(loss) == pytest.approx(penalized_loss(config, data, weights), rel=1e-4)
    gradients = tape.gradient(loss, model.trainable_variables)
    for place, index in some_places(weights):
        slope = difference_quotient(config, data, weights, place, index)
        assert float(gradients[place].numpy()[index]) == pytest.approx(slope, rel=1e-3, abs=1e-5)


def test_one_step_of_gradient_descent_goes_down_the_slope() -> None:
    settings: dict[str, Any] = {
        "dataset": "iris",
        "units": 4,
        "activation": "tanh",
        "l2": 0.02,
        "optimizer": "sgd",
        "epochs": 1,
    }
    config = MlpConfig(**settings, batch_size=512, learning_rate=0.5)
    data = mlp.load(config)
    model = mlp.build(config, data)
    before = model.get_weights()
    last = list(mlp.train(config, data, model))[-1]
    assert last.step == 1
    for place, index in some_places(before):
        moved = model.get_weights()[place][index] - before[place][index]
        assert moved == pytest.approx(
            -0.5 * difference_quotient(config, data, before, place, index), rel=2e-3, abs=2e-6
        )


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_trains(optimizer: str) -> None:
    rate = 0.1 if optimizer == "sgd" else 0.01
    snapshots, _, _ = run({"dataset": "iris", "optimizer": optimizer, "learning_rate": rate, "epochs": 20, "units": 8})
    assert snapshots[-1].metrics["train_loss"] < 0.6 * snapshots[0].metrics["train_loss"]
    assert snapshots[-1].metrics["test_accuracy"] >= 0.8


def test_every_optimizer_of_the_settings_is_one_of_keras() -> None:
    assert set(mlp.OPTIMIZERS) == set(OPTIMIZERS)
    for name, make in mlp.OPTIMIZERS.items():
        optimizer: Any = make(0.25)
        assert float(optimizer.learning_rate) == 0.25
        assert type(optimizer).__name__.lower() == ("sgd" if name == "momentum" else name)
    momentum: Any = mlp.OPTIMIZERS["momentum"](0.1)
    assert momentum.momentum == 0.9


# ---- the course of a run ----


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        ({"epochs": 60, "batch_size": 32}, 60 * (1347 // 32)),
        ({"dataset": "iris", "epochs": 7, "batch_size": 10}, 7 * 11),
        ({"dataset": "iris", "epochs": 3, "batch_size": 512}, 3),
        ({"dataset": "xor", "epochs": 1, "batch_size": 1, "samples": 20, "test_share": 0.5}, 10),
    ],
)
def test_total_steps(settings: dict[str, Any], steps: int) -> None:
    config = MlpConfig(**settings)
    assert mlp.total_steps(config, mlp.load(config)) == steps


def test_snapshots_are_taken_at_the_scheduled_steps() -> None:
    snapshots, _, data = run({"dataset": "iris", "epochs": 30, "layers": 0})
    total = mlp.total_steps(MlpConfig(dataset="iris", epochs=30), data)
    assert [snapshot.step for snapshot in snapshots] == [0, *schedule(total)]


def test_the_last_snapshot_is_the_trained_model() -> None:
    snapshots, model, data = run({"dataset": "moons", "units": 6, "layers": 2, "epochs": 5, "activation": "tanh"})
    assert dict(snapshots[-1].metrics) == mlp.evaluate(model, data)
    config = MlpConfig(dataset="moons", units=6, layers=2, activation="tanh")
    outputs = activations_of(config, model.get_weights(), data.test_inputs)[-1]
    wanted = loss_of_each(data, outputs, data.test_targets).mean()
    assert snapshots[-1].metrics["test_loss"] == pytest.approx(wanted, rel=1e-4)


def test_a_person_may_change_the_learning_rate_while_it_trains() -> None:
    config = MlpConfig(dataset="iris", epochs=5, units=4)
    data = mlp.load(config)
    live = Live(0.0)
    snapshots = iter(mlp.train(config, data, mlp.build(config, data), live))
    untrained, _, still = (next(snapshots) for _ in range(3))
    assert still.metrics == untrained.metrics
    live.learning_rate = 0.05
    assert next(snapshots).metrics != untrained.metrics


@pytest.mark.parametrize("patience", [1, 2, 5])
def test_the_stop_rule_counts_snapshots_without_improvement(patience: int) -> None:
    standing = {"dataset": "iris", "optimizer": "sgd", "learning_rate": 1e-30, "epochs": 20}
    snapshots, _, _ = run({**standing, "patience": patience})
    assert len({snapshot.metrics["test_loss"] for snapshot in snapshots}) == 1
    assert len(snapshots) == 2 + patience  # the untrained network twice, then so many without a better loss


def test_the_stop_rule_follows_the_test_loss() -> None:
    settings: dict[str, Any] = {"dataset": "diabetes", "units": 64, "learning_rate": 0.03, "epochs": 100, "patience": 4}
    snapshots, _, data = run(settings)
    losses = [snapshot.metrics["test_loss"] for snapshot in snapshots]
    assert snapshots[-1].step < mlp.total_steps(MlpConfig(**settings), data)
    best = int(np.argmin(losses))
    assert best == len(losses) - 1 - 4
    for end in range(6, len(losses)):
        assert min(losses[end - 4 : end]) < min(losses[1 : end - 4])  # it had no reason to end before


def test_without_a_stop_rule_it_goes_on() -> None:
    snapshots, _, data = run({"dataset": "iris", "optimizer": "sgd", "learning_rate": 1e-30, "epochs": 3, "layers": 0})
    assert snapshots[-1].step == mlp.total_steps(MlpConfig(dataset="iris", epochs=3), data)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_divergence_is_seen_in_the_metrics() -> None:
    snapshots, _, _ = run({"dataset": "diabetes", "optimizer": "sgd", "learning_rate": 10.0, "epochs": 20, "layers": 2})
    assert all(math.isfinite(value) for value in snapshots[0].metrics.values())
    last = snapshots[-1]
    assert not any(math.isfinite(value) for value in last.metrics.values()), last.metrics
    assert last.metrics.keys() == snapshots[0].metrics.keys()
    assert last.view.arrays().keys() == snapshots[0].view.arrays().keys()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", ["digits", "spiral", "plane", "diabetes"])
def test_a_network_of_no_numbers_can_be_looked_at(name: str) -> None:
    case = looked(name)
    model = mlp.build(case.config, case.data)
    for wrong in (np.nan, np.inf):
        model.set_weights([np.full_like(weight, wrong) for weight in case.weights])
        assert mlp.look(model, case.data).arrays().keys() == case.view.arrays().keys()
        assert not math.isfinite(mlp.evaluate(model, case.data)["test_loss"])


def test_targets_without_spread_give_no_score_of_explained_spread_beyond_measure() -> None:
    case = looked("diabetes")
    level = replace(case.data, test_targets=np.zeros_like(case.data.test_targets))
    assert mlp.evaluate(case.model, level)["test_r2"] <= 0.0


# ---- what to expect ----


def test_logistic_regression_on_the_digits() -> None:
    config = MlpConfig()
    values = {baseline.name: baseline.value for baseline in mlp.baselines(config, mlp.load(config))}
    assert values["Logistic regression"] == pytest.approx(0.967, abs=0.004)


def test_the_network_without_a_hidden_layer_is_a_logistic_regression() -> None:
    snapshots, _, _ = run({"layers": 0, "epochs": 100, "learning_rate": 0.01})
    assert snapshots[-1].metrics["test_accuracy"] == pytest.approx(0.967, abs=0.012)


@pytest.mark.slow
def test_the_digits_are_read_well_whatever_the_seed() -> None:
    reached = [run({"seed": seed})[0][-1].metrics["test_accuracy"] for seed in range(5)]
    print("test accuracy by seed:", [round(value, 4) for value in reached])
    assert 0.955 <= np.mean(reached) <= 0.99
    assert min(reached) > 0.94
