"""Gradient flow against an oracle of its own: forward and backward pass by hand in NumPy, float64, from the weights.

The oracle knows the settings, the weights by name, and the data; it shares no line with models/gradient_flow.py.
Theory is checked against Monte Carlo averages and against wide stacks that are really drawn.
"""

import json
import math
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

from lab.datasets.dataset import Dataset
from models import gradient_flow, gradient_measures, gradient_theory, gradient_time, gradient_untrained
from models.base import Array
from models.configs import GradientFlowConfig
from models.views import GradientFlowView

ROOT = Path(__file__).resolve().parents[2]
EPSILON = 1e-3
RELATIVE = 1e-9  # float64 through up to 20 layers, summed in another order than TensorFlow does

# ---- the oracle ----


def sigmoid(x: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-x))


HALF_ROOT = float(np.float32(math.sqrt(0.5)))  # as tf.nn.gelu holds it for inputs of every precision: 1.7e-8 too small


def share_below(x: Array) -> Array:
    return 0.5 * (1.0 + np.array([math.erf(value * HALF_ROOT) for value in x.ravel()]).reshape(x.shape))


def density(x: Array) -> Array:
    return np.exp(-((x * HALF_ROOT) ** 2)) * HALF_ROOT / math.sqrt(math.pi)


LAMBDA, ALPHA = 1.0507009873554805, 1.6732632423543772
BENDS: dict[str, tuple[Any, Any]] = {
    "sigmoid": (sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x))),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "relu": (lambda x: x * (x > 0), lambda x: (x > 0) * 1.0),
    "selu": (
        lambda x: LAMBDA * np.where(x > 0, x, ALPHA * (np.exp(np.minimum(x, 0)) - 1)),
        lambda x: LAMBDA * np.where(x > 0, 1.0, ALPHA * np.exp(np.minimum(x, 0))),
    ),
    "gelu": (lambda x: x * share_below(x), lambda x: share_below(x) + x * density(x)),
    "linear": (lambda x: x, lambda x: np.ones_like(x)),
}


class Trace(NamedTuple):
    """What the oracle found: one entry per hidden layer; kernels by name."""

    loss: float
    sums: list[Array]
    activations: list[Array]
    ends: list[Array]
    signal: list[Array]
    kernels: dict[str, Array]


def normalize(x: Array, axis: int) -> tuple[Array, Array]:
    deviation = np.sqrt(x.var(axis=axis, keepdims=True) + EPSILON)
    return (x - x.mean(axis=axis, keepdims=True)) / deviation, deviation


def normalize_back(gradient: Array, normal: Array, deviation: Array, axis: int) -> Array:
    mean = gradient.mean(axis=axis, keepdims=True)
    along = (gradient * normal).mean(axis=axis, keepdims=True)
    return (gradient - mean - normal * along) / deviation


def trace(config: GradientFlowConfig, model: keras.Model, inputs: Array, targets: Array) -> Trace:
    """Run the stack forwards and backwards by hand."""
    kernel = {layer.name: np.asarray(layer.kernel) for layer in model.layers if hasattr(layer, "kernel")}
    bias = {layer.name: np.asarray(layer.bias) for layer in model.layers if hasattr(layer, "bias")}
    names = [
        f"hidden_{k}" if k == 1 or not config.shared_weights else "hidden_shared" for k in range(1, config.depth + 1)
    ]
    f, slope = BENDS[config.activation]
    pre = config.connection == "residual"
    axis = 0 if config.normalization == "batch" else 1
    saved, h = [], np.asarray(inputs, np.float64)
    for k, name in enumerate(names, start=1):
        entry: dict[str, Array] = {"h": h, "x": h}
        normal = config.normalization != "none"
        if normal and pre and k > 1:
            entry["x"], entry["deviation"] = normalize(h, axis)
        z = entry["x"] @ kernel[name] + bias[name]
        if normal and not pre:
            z, entry["deviation"] = normalize(z, axis)
        a = f(z)
        if k == 1 or config.connection == "plain":
            end = a
        elif pre:
            end = h + a
        else:
            gate = sigmoid(h @ kernel[f"gate_{k}"] + bias[f"gate_{k}"])
            entry["gate"], end = gate, gate * a + (1 - gate) * h
        saved.append({**entry, "z": z, "a": a, "end": end})
        h = end
    logits = h @ kernel["output"] + bias["output"]
    shifted = logits - logits.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    known = powers / powers.sum(axis=1, keepdims=True)
    rows = np.arange(len(targets))
    loss = float((np.log(powers.sum(axis=1)) - shifted[rows, targets]).mean())
    gradient = known.copy()
    gradient[rows, targets] -= 1.0
    gradient /= len(targets)
    kernels = {"output": h.T @ gradient}
    upstream, signal = gradient @ kernel["output"].T, []
    for k, name in reversed(list(enumerate(names, start=1))):
        one = saved[k - 1]
        signal.append(upstream)
        passed, of_a = np.zeros_like(one["h"]), upstream
        if k > 1 and pre:
            passed = upstream
        elif k > 1 and config.connection == "highway":
            gate = one["gate"]
            of_gate = upstream * (one["a"] - one["h"]) * gate * (1 - gate)
            passed, of_a = upstream * (1 - gate) + of_gate @ kernel[f"gate_{k}"].T, upstream * gate
        of_z = of_a * slope(one["z"])
        if "deviation" in one and not pre:
            of_z = normalize_back(of_z, one["z"], one["deviation"], axis)
        kernels[name] = kernels.get(name, 0.0) + one["x"].T @ of_z
        of_x = of_z @ kernel[name].T
        if "deviation" in one and pre:
            of_x = normalize_back(of_x, one["x"], one["deviation"], axis)
        upstream = passed + of_x
    sums, activations, ends = ([one[part] for one in saved] for part in ("z", "a", "end"))
    return Trace(loss, sums, activations, ends, signal[::-1], kernels)


# ---- stacks to look at ----

CASES: dict[str, dict[str, Any]] = {
    "sigmoid with plus": {},
    "sigmoid": {"connection": "plain", "depth": 20},
    "relu": {"connection": "plain", "activation": "relu", "initialization": "he_normal", "depth": 12},
    "selu": {"connection": "plain", "activation": "selu", "initialization": "lecun_normal"},
    "gelu with plus and layer normalization": {"activation": "gelu", "normalization": "layer", "depth": 6},
    "tanh with plus and batch normalization": {"activation": "tanh", "normalization": "batch", "depth": 5},
    "tanh, layer normalization": {"connection": "plain", "activation": "tanh", "normalization": "layer", "depth": 5},
    "relu, batch normalization": {"connection": "plain", "activation": "relu", "normalization": "batch", "depth": 6},
    "highway": {"connection": "highway", "activation": "tanh", "depth": 7, "gate_bias": -1.0},
    "highway, batch normalization": {"connection": "highway", "normalization": "batch", "depth": 4},
    "linear and large": {
        "connection": "plain", "activation": "linear", "initialization": "orthogonal", "gain": 1.5, "depth": 15,
    },
    "one matrix": {"connection": "plain", "activation": "tanh", "shared_weights": True, "depth": 8, "width": 12},
    "one layer": {"depth": 1, "width": 8},
}  # fmt: skip


class Looked(NamedTuple):
    config: GradientFlowConfig
    data: Dataset
    model: keras.Model
    view: GradientFlowView
    trace: Trace


@cache
def looked(name: str) -> Looked:
    config = GradientFlowConfig(seed=3, **CASES[name])
    data = gradient_flow.load(config)
    model = gradient_flow.build(config, data)
    generator = np.random.default_rng(1)
    for layer in model.layers:  # biases of their own, as training would give them
        if hasattr(layer, "bias") and layer.bias is not None:
            layer.bias.assign(layer.bias + generator.normal(0.0, 0.05, layer.bias.shape))
    found = trace(config, model, data.train_inputs[:256], data.train_targets[:256])
    return Looked(config, data, model, gradient_flow.look(model, data), found)


def found(array: Array | None) -> Array:
    assert array is not None
    return array


@pytest.mark.parametrize("name", CASES)
def test_gradient_norms_are_those_by_hand(name: str) -> None:
    case = looked(name)
    wanted = [np.sqrt(np.sum(gradient**2)) for gradient in case.trace.signal]
    assert found(case.view.signal).dtype == np.float64
    np.testing.assert_allclose(found(case.view.signal), wanted, rtol=RELATIVE)
    order = ["hidden_1", *([f"hidden_{k}" for k in range(2, case.config.depth + 1)]), "output"]
    if case.config.shared_weights:
        order = ["hidden_1", "hidden_shared", "output"]
    kernels = [np.linalg.norm(case.trace.kernels[kernel]) for kernel in order]
    np.testing.assert_allclose(found(case.view.weight_gradients), kernels, rtol=RELATIVE)


@pytest.mark.parametrize("name", CASES)
def test_sizes_slopes_and_histograms(name: str) -> None:
    case, (_, slope) = looked(name), BENDS[looked(name).config.activation]
    np.testing.assert_allclose(
        found(case.view.sizes), [math.sqrt((end**2).mean()) for end in case.trace.ends], rtol=RELATIVE
    )
    np.testing.assert_allclose(
        found(case.view.slopes), [math.sqrt((slope(z) ** 2).mean()) for z in case.trace.sums], rtol=RELATIVE
    )
    for part, layers in (("sum", case.trace.sums), ("activation", case.trace.activations)):
        shares, ranges = (found(getattr(case.view, f"{part}_{kind}")) for kind in ("histograms", "ranges"))
        assert shares.shape == (case.config.depth, 24) and ranges.shape == (case.config.depth, 2)
        for share, ends, layer in zip(shares, ranges, layers, strict=True):
            np.testing.assert_allclose(ends, [layer.min(), layer.max()], rtol=2.0**-23)  # float32
            counts, _ = np.histogram(layer, bins=24)
            # A value on the border of two bins may fall to either side by the last bit of its sum, and a share is a
            # float16: half a unit of its eleventh bit.
            assert np.abs(share - counts / layer.size).sum() <= 8 / layer.size + 2.0**-11
            assert share.sum(dtype=np.float64) == pytest.approx(1.0, rel=2.0**-11)


def test_a_layer_that_says_the_same_of_every_image_has_one_bin() -> None:
    one = gradient_measures.histograms("sum", [np.full((4, 3), 0.5)])
    assert one["sum_histograms"].max() == 1.0 and one["sum_histograms"].sum() == 1.0
    np.testing.assert_array_equal(one["sum_ranges"], [[0.5, 0.5]])


@pytest.mark.parametrize("name", ["sigmoid with plus", "sigmoid", "one layer", "one matrix"])
def test_drawn_edges_are_gradients_of_weights(name: str) -> None:
    case = looked(name)
    scene = gradient_flow.scene(case.config, case.data)
    layers, (sources, targets) = scene["drawn_layers"], scene["drawn_pairs"]
    assert layers[0] == 1 and layers[-1] == case.config.depth and len(layers) == min(8, case.config.depth)
    assert len(set(zip(sources, targets, strict=True))) == 4 * min(8, case.config.width) == len(sources)
    edges = found(case.view.edges).reshape(len(layers) + 1, -1)
    pixels = np.array([2 * 8 + 2, 2 * 8 + 3, 2 * 8 + 4, 2 * 8 + 5, 5 * 8 + 2, 5 * 8 + 3, 5 * 8 + 4, 5 * 8 + 5])
    wanted = [case.trace.kernels["hidden_1"][pixels[sources], targets]]
    for number in layers[1:]:
        kernel = "hidden_shared" if case.config.shared_weights else f"hidden_{number}"
        wanted.append(case.trace.kernels[kernel][sources, targets])
    wanted.append(case.trace.kernels["output"][sources, targets])
    largest = np.abs(wanted).max()
    for row, gradients in zip(edges, wanted, strict=True):  # float16: eleven bits, and none below 3e-8
        np.testing.assert_allclose(row, gradients / largest, rtol=2.0**-11, atol=2.0**-25)


def test_metrics() -> None:
    case = looked("sigmoid with plus")
    metrics = gradient_flow.evaluate(case.model, case.data)
    for part in ("train", "test"):
        inputs, targets = getattr(case.data, f"{part}_inputs"), getattr(case.data, f"{part}_targets")
        assert metrics[f"{part}_loss"] == pytest.approx(trace(case.config, case.model, inputs, targets).loss, rel=1e-6)
        guesses = case.model.predict(inputs, verbose=0).argmax(1)
        assert metrics[f"{part}_accuracy"] == pytest.approx(np.mean(guesses == targets))


def test_looking_changes_nothing() -> None:
    case = looked("relu, batch normalization")
    before = case.model.get_weights()
    gradient_flow.look(case.model, case.data)
    for one, other in zip(before, case.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_float32_would_lose_what_float64_shows() -> None:
    """The squares of a gradient that thirty sigmoid layers leave are below the smallest float32."""
    config = GradientFlowConfig(connection="plain", depth=40)
    data = gradient_flow.load(config)
    signal = found(gradient_flow.look(gradient_flow.build(config, data), data).signal)
    assert 0 < signal[0] < 1e-23
    assert np.float32(signal[0]) ** 2 == 0.0


# ---- the untrained twin, which answers at once ----


@pytest.mark.parametrize("name", CASES)
def test_the_untrained_twin_is_the_stack_that_keras_builds(name: str) -> None:
    """The whole answer: view, scene and scores, against the built Keras model."""
    config = GradientFlowConfig(seed=2, **CASES[name])
    data = gradient_flow.load(config)
    model = gradient_flow.build(config, data)
    facts, told_scene, snapshot = gradient_flow.first_picture(config)
    built = gradient_flow.look(model, data)
    for field, wanted in built.arrays().items():
        got = found(getattr(snapshot.view, field))
        if field.endswith("histograms"):  # a value on the border of two bins, and float16
            assert np.abs(got - wanted).sum() <= config.depth * (8 / (256 * config.width) + 2.0**-11), field
        elif field == "edges":  # float16: the last bit may fall to either side
            np.testing.assert_allclose(got, wanted, rtol=2.0**-10, atol=2.0**-24)
        elif field.endswith("ranges"):
            np.testing.assert_allclose(got, wanted, rtol=2.0**-23)
        else:
            np.testing.assert_allclose(got, wanted, rtol=RELATIVE, atol=1e-12 * np.abs(wanted).max(), err_msg=field)
    scene = gradient_flow.scene(config, data)
    assert set(told_scene) == set(scene)
    for field, wanted in scene.items():
        np.testing.assert_allclose(told_scene[field], wanted, err_msg=field)
    np.testing.assert_allclose(scene["initial_signal"], found(built.signal), rtol=RELATIVE)
    metrics = gradient_flow.evaluate(model, data)
    assert list(snapshot.metrics)[:4] == list(metrics)
    np.testing.assert_allclose(list(snapshot.metrics.values())[:4], list(metrics.values()), rtol=RELATIVE)
    assert list(metrics) == ["train_loss", "train_accuracy", "test_loss", "test_accuracy"]
    steps = 15 * (len(data.train_inputs) // 32)
    assert facts["total_steps"] == gradient_flow.total_steps(config, data) == steps


def test_the_line_without_the_plus_is_that_of_the_plain_stack() -> None:
    config = GradientFlowConfig(depth=6)
    data = gradient_flow.load(config)
    plain = GradientFlowConfig(depth=6, connection="plain")
    by_hand = trace(plain, gradient_flow.build(plain, data), data.train_inputs[:256], data.train_targets[:256]).signal
    scene = gradient_flow.scene(config, data)
    np.testing.assert_allclose(scene["plain_signal"], [np.linalg.norm(g) for g in by_hand], rtol=RELATIVE)
    assert gradient_flow.scene(plain, data)["plain_signal"].shape == (0,)


# ---- the first weights ----


@pytest.mark.parametrize(("name", "variance"), [
    ("glorot_uniform", 1 / 128), ("he_normal", 2 / 128), ("lecun_normal", 1 / 128), ("orthogonal", 1 / 128),
])  # fmt: skip
def test_first_weights_have_the_variance_that_theory_uses(name: Any, variance: float) -> None:
    config = GradientFlowConfig(initialization=name, width=128, depth=3, gain=1.5, connection="plain")
    model = gradient_flow.build(config, gradient_flow.load(config))
    drawn = np.var(np.asarray(model.get_layer("hidden_2").kernel))
    assert drawn == pytest.approx(1.5**2 * variance, rel=0.04)
    assert gradient_theory.weight_variance(name, 1.5, 128, 128) == pytest.approx(1.5**2 * variance)
    first = np.var(np.asarray(model.get_layer("hidden_1").kernel))
    assert gradient_theory.weight_variance(name, 1.5, 64, 128) == pytest.approx(first, rel=0.04)


def test_the_weights_do_not_depend_on_what_surrounds_them() -> None:
    plain, residual = (GradientFlowConfig(connection=kind, depth=4) for kind in ("plain", "residual"))
    data = gradient_flow.load(plain)
    for one, other in zip(*(gradient_flow.build(c, data).get_weights() for c in (plain, residual)), strict=True):
        np.testing.assert_array_equal(one, other)


# ---- theory ----


@pytest.mark.parametrize("activation", list(BENDS))
@pytest.mark.parametrize("q", [0.05, 1.0, 6.0])
def test_gaussian_averages_agree_with_drawn_ones(activation: str, q: float) -> None:
    z = np.random.default_rng(0).normal(0.0, math.sqrt(q), 400_000)
    f, slope = BENDS[activation]
    averages = gradient_theory.moments(activation, q)
    wanted = [f(z).mean(), (f(z) ** 2).mean(), (slope(z) ** 2).mean()]
    assert [averages.mean, averages.square, averages.slope] == pytest.approx(wanted, rel=0.015, abs=0.006)


KNOWN: dict[str, tuple[dict[str, Any], float]] = {  # settings, the factor a layer that theory gives deep inside
    "sigmoid, Glorot": ({"activation": "sigmoid"}, 0.2361),
    "ReLU, Glorot": ({"activation": "relu"}, math.sqrt(0.5)),
    "ReLU, He": ({"activation": "relu", "initialization": "he_normal"}, 1.0),
    "ReLU, batch normalization": (
        {"activation": "relu", "initialization": "he_normal", "normalization": "batch"},
        math.sqrt(math.pi / (math.pi - 1)),
    ),
    "ReLU with plus, He": (
        {"activation": "relu", "initialization": "he_normal", "connection": "residual"}, math.sqrt(2.0)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_theory_gives_the_known_factors(name: str) -> None:
    settings, factor = KNOWN[name]
    config = GradientFlowConfig(**{"connection": "plain", "width": 128, "depth": 20, **settings})
    predicted = gradient_theory.predict(config, 64, 9.0, 6.0)
    assert predicted.factors[-1] == pytest.approx(factor, rel=2e-3)
    np.testing.assert_allclose(predicted.signal[:-1] / predicted.signal[1:], predicted.factors)
    assert predicted.signal[-1] == 1.0


MEASURED: dict[str, tuple[dict[str, Any], float]] = {  # stacks 128 wide, tolerance
    "sigmoid": ({}, 0.03), "tanh": ({"activation": "tanh"}, 0.03), "relu": ({"activation": "relu"}, 0.05),
    "relu he": ({"activation": "relu", "initialization": "he_normal"}, 0.05),
    "selu": ({"activation": "selu", "initialization": "lecun_normal"}, 0.05),
    "orthogonal": ({"activation": "tanh", "initialization": "orthogonal", "gain": 1.2}, 0.05),
    "batch": ({"activation": "relu", "initialization": "he_normal", "normalization": "batch"}, 0.05),
    "layer": ({"activation": "tanh", "normalization": "layer"}, 0.05),
    "highway": ({"connection": "highway"}, 0.05),
    "sigmoid with plus": ({"connection": "residual"}, 0.05),
    "pre-norm": ({"connection": "residual", "activation": "gelu", "normalization": "layer"}, 0.05),
}  # fmt: skip


@pytest.mark.parametrize("name", MEASURED)
def test_measurement_follows_theory_where_it_should(name: str) -> None:
    settings, tolerance = MEASURED[name]
    config = GradientFlowConfig(**{"connection": "plain", "width": 128, "depth": 20, **settings})
    data = gradient_flow.load(config)
    signal = found(gradient_flow.look(gradient_flow.build(config, data), data).signal)
    theory = gradient_untrained.theory_for(config, data).signal
    factor, wanted = ((line[0] / line[-1]) ** (1 / 19) for line in (signal, theory))
    print(f"{name}: measured {factor:.4f}, theory {wanted:.4f}")
    assert factor == pytest.approx(wanted, rel=tolerance)


def test_a_bare_plus_gathers_the_gradient_in_one_direction() -> None:
    """Why measurement exceeds theory there: a gradient that prefers no direction gives 1/128 to each."""
    config = GradientFlowConfig(depth=20, width=128, activation="relu", initialization="he_normal")
    data = gradient_flow.load(config)
    model = gradient_flow.build(config, data)
    one = trace(config, model, data.train_inputs[:256], data.train_targets[:256])
    shares = []
    for end, gradient in zip(one.ends, one.signal, strict=True):
        direction = end.mean(axis=0) / np.linalg.norm(end.mean(axis=0))
        shares.append(float(np.sum((gradient @ direction) ** 2) / np.sum(gradient**2)))
    print("share of the gradient along the mean output, first and last layer", shares[0], shares[-1])
    assert shares[0] > 10 / 128
    factor = (np.linalg.norm(one.signal[0]) / np.linalg.norm(one.signal[-1])) ** (1 / 19)
    assert factor > 1.05 * math.sqrt(2.0)
    drawn = gradient_flow.look(model, data, {"doubt": config.model_dump(mode="json")})
    left, (foretold, _) = found(drawn.compared)[:, 0] / found(drawn.compared)[:, -1], found(drawn.compared_theory)[:, 0]
    assert len(left) == 8 and left.min() > foretold, "in every draw"


def test_theory_image_by_image_is_the_root_mean_square_of_single_images() -> None:
    config = GradientFlowConfig(connection="plain", activation="gelu", initialization="he_normal", depth=8, width=64)
    squares = np.array([5.0, 40.0, 40.0, 700.0])
    each = np.stack([gradient_theory.predict(config, 64, square, square).signal for square in squares])
    wanted = np.sqrt((each**2).mean(axis=0))
    np.testing.assert_allclose(gradient_theory.predict_images(config, 64, squares), wanted, rtol=0.01)


def test_taken_image_by_image_theory_comes_closer() -> None:
    """GELU with He's weights on standardized pixels: eight draws, as the page shows them."""
    case = looked("one layer")
    stack: dict[str, Any] = {
        "connection": "plain", "activation": "gelu", "initialization": "he_normal", "depth": 20, "width": 128
    }  # fmt: skip
    view = gradient_flow.look(case.model, case.data, {"doubt": stack, "standardized": True})
    left = found(view.compared)[:, 0] / found(view.compared)[:, -1]
    mean, (by_mean, by_image) = float(np.exp(np.log(left).mean())), found(view.compared_theory)[:, 0]
    print(f"left at layer 1: {mean:.3f} ({left.min():.3f} to {left.max():.3f}), theory {by_mean:.3f}, {by_image:.3f}")
    assert by_mean < by_image < 2 * mean and abs(math.log(by_image / mean)) < abs(math.log(by_mean / mean)) / 2
    assert gradient_theory.predict(GradientFlowConfig(**stack), 64, 64.0, 64.0).signal[0] == pytest.approx(
        0.063, abs=2e-3
    )


def test_standardized_pixels_have_mean_nothing_and_variance_one() -> None:
    data = gradient_untrained.standardized(gradient_untrained.digits(0))
    assert np.abs(data.train_inputs.mean(axis=0)).max() < 1e-12
    deviations = data.train_inputs.std(axis=0)
    assert np.all(np.isclose(deviations, 1.0) | (deviations == 0)) and (deviations == 0).sum() < 8


def test_theory_has_no_answer_for_a_normalized_highway() -> None:
    config = GradientFlowConfig(connection="highway", normalization="layer")
    scene = gradient_flow.scene(config, gradient_flow.load(config))
    assert scene["theory_signal"].shape == (10,)
    assert (scene["theory_signal"][:-1] == 0).all()


# ---- questions ----


def test_compared_stacks_are_the_stacks_themselves() -> None:
    case = looked("sigmoid with plus")
    stacks: list[dict[str, Any]] = [{"depth": 4, "connection": "plain"}, {"depth": 6, "activation": "selu", "seed": 1}]
    view = gradient_flow.look(case.model, case.data, {"compare": stacks})
    assert found(view.compared).shape == found(view.compared_theory).shape == (2, 6)
    for row, line, settings in zip(found(view.compared), found(view.compared_theory), stacks, strict=True):
        config = GradientFlowConfig(**settings)
        data = gradient_flow.load(config)
        by_hand = trace(config, gradient_flow.build(config, data), data.train_inputs[:256], data.train_targets[:256])
        np.testing.assert_allclose(row[: config.depth], [np.linalg.norm(g) for g in by_hand.signal], rtol=RELATIVE)
        np.testing.assert_allclose(line[: config.depth], gradient_untrained.theory_for(config, data).signal)
        assert (row[config.depth :] == 0).all() and (line[config.depth :] == 0).all()


@pytest.mark.parametrize("question", [
    {"compare": []}, {"compare": [{}] * 9}, {"compare": [{"depth": 999}]}, {"time": {"steps": 5000}},
    {"untrained": {"depth": 0}}, {"draw": 1},
])  # fmt: skip
def test_other_questions_are_refused(question: dict[str, Any]) -> None:
    case = looked("one layer")
    with pytest.raises(ValueError):
        gradient_flow.look(case.model, case.data, question)


class Cells(NamedTuple):
    """What the oracle of layers over time starts from: noise (T, sequences, inputs), pull, and Keras's own cells."""

    noise: Array
    pull: Array
    simple: Any
    gru: Any
    lstm: Any
    chrono: Any
    attention: Any


def cells(steps: int, seed: int) -> Cells:
    generator = np.random.default_rng(seed)
    noise, pull = generator.normal(size=(steps, 32, 8)), generator.normal(size=(32, 32))
    start, layers = keras.initializers, keras.layers
    made = []
    for kind, own in ((layers.SimpleRNNCell, 0), (layers.GRUCell, 0), (layers.LSTMCell, 0), (layers.LSTMCell, 1)):
        cell = kind(32, dtype="float64", kernel_initializer=start.GlorotUniform(seed=seed + own),
                    recurrent_initializer=start.Orthogonal(seed=seed + own))  # fmt: skip
        cell.build((32, 8))
        made.append(cell)
    forget = np.log(generator.uniform(1.0, steps - 1.0, 32))
    made[3].bias.assign(np.concatenate([-forget, forget, np.zeros(64)]))
    attention = layers.MultiHeadAttention(2, 16, output_shape=32, dtype="float64",
                                          kernel_initializer=start.GlorotUniform(seed=seed))  # fmt: skip
    simple, gru, lstm, chrono = made
    return Cells(noise, pull, simple, gru, lstm, chrono, attention)


def parts(cell: Any) -> tuple[Array, Array, Array]:
    return np.asarray(cell.kernel), np.asarray(cell.recurrent_kernel), np.asarray(cell.bias)


def simple_by_hand(cell: Any, noise: Array, pull: Array) -> list[Array]:
    kernel, recurrent, bias = parts(cell)
    h, states = np.zeros((32, 32)), []
    for x in noise:
        h = np.tanh(x @ kernel + h @ recurrent + bias)
        states.append(h)
    gradient, found_at = pull, []
    for h in reversed(states):
        found_at.append(gradient)
        gradient = (gradient * (1 - h**2)) @ recurrent.T
    return found_at[::-1]


def gru_by_hand(cell: Any, noise: Array, pull: Array) -> list[Array]:
    kernel, recurrent, bias = parts(cell)
    (wz, wr, wh), (uz, ur, uh) = np.split(kernel, 3, 1), np.split(recurrent, 3, 1)
    (bz, br, bh), (cz, cr, ch) = np.split(bias[0], 3), np.split(bias[1], 3)
    h, saved = np.zeros((32, 32)), []
    for x in noise:
        z, r = sigmoid(x @ wz + bz + h @ uz + cz), sigmoid(x @ wr + br + h @ ur + cr)
        inner = h @ uh + ch
        new = np.tanh(x @ wh + bh + r * inner)
        saved.append((h, z, r, inner, new))
        h = z * h + (1 - z) * new
    gradient, found_at = pull, []
    for h, z, r, inner, new in reversed(saved):
        found_at.append(gradient)
        of_new = gradient * (1 - z) * (1 - new**2)
        of_z, of_r = gradient * (h - new) * z * (1 - z), of_new * inner * r * (1 - r)
        gradient = gradient * z + of_z @ uz.T + of_r @ ur.T + (of_new * r) @ uh.T
    return found_at[::-1]


def lstm_by_hand(cell: Any, noise: Array, pull: Array) -> list[Array]:
    """The gradient of the last cell state at every cell state, all ways to it counted."""
    kernel, recurrent, bias = parts(cell)
    (wi, wf, wg, wo), (ui, uf, ug, uo) = np.split(kernel, 4, 1), np.split(recurrent, 4, 1)
    bi, bf, bg, bo = np.split(bias, 4)
    h = c = np.zeros((32, 32))
    saved = []
    for x in noise:
        i, f = sigmoid(x @ wi + h @ ui + bi), sigmoid(x @ wf + h @ uf + bf)
        g, o = np.tanh(x @ wg + h @ ug + bg), sigmoid(x @ wo + h @ uo + bo)
        before, c = c, f * c + i * g
        h = o * np.tanh(c)
        saved.append((i, f, g, o, before, c))
    of_c, of_h, found_at = pull, np.zeros((32, 32)), []
    for i, f, g, o, before, c in reversed(saved):
        bent = np.tanh(c)
        of_o = of_h * bent * o * (1 - o)
        of_c = of_c + of_h * o * (1 - bent**2)
        found_at.append(of_c)
        of_i, of_f, of_g = of_c * g * i * (1 - i), of_c * before * f * (1 - f), of_c * i * (1 - g**2)
        of_h = of_i @ ui.T + of_f @ uf.T + of_g @ ug.T + of_o @ uo.T
        of_c = of_c * f
    return found_at[::-1]


def attention_by_hand(layer: Any, noise: Array, pull: Array) -> Array:
    """The gradient at every token of what the last position gets: (T, sequences, inputs)."""
    tokens = noise.transpose(1, 0, 2)
    layer(tokens[:, -1:], tokens, tokens)  # builds it
    (q, bq), (k, bk), (v, bv), (o, _) = (
        [np.asarray(weight) for weight in getattr(layer, f"{part}_dense").get_weights()]
        for part in ("query", "key", "value", "output")
    )  # kernels (inputs, heads, 16), of the output (heads, 16, 32)
    queries = np.einsum("bi,ihd->bhd", tokens[:, -1], q) + bq
    keys, values = np.einsum("bti,ihd->bthd", tokens, k) + bk, np.einsum("bti,ihd->bthd", tokens, v) + bv
    weights = np.exp(np.einsum("bhd,bthd->bht", queries, keys) / 4.0)  # the root of 16
    weights /= weights.sum(-1, keepdims=True)
    of_mixed = np.einsum("bo,hdo->bhd", pull, o)
    of_weights = np.einsum("bhd,bthd->bht", of_mixed, values)
    of_scores = weights * (of_weights - (weights * of_weights).sum(-1, keepdims=True)) / 4.0
    gradient = np.einsum("bht,bhd,ihd->bti", weights, of_mixed, v) + np.einsum(
        "bht,bhd,ihd->bti", of_scores, queries, k
    )
    gradient[:, -1] += np.einsum("bht,bthd,ihd->bi", of_scores, keys, q)
    return gradient.transpose(1, 0, 2)


def shares_by_hand(steps: int, seed: int) -> Array:
    one = cells(steps, seed)
    paths = [
        simple_by_hand(one.simple, one.noise, one.pull), gru_by_hand(one.gru, one.noise, one.pull),
        lstm_by_hand(one.lstm, one.noise, one.pull), lstm_by_hand(one.chrono, one.noise, one.pull),
    ]  # fmt: skip
    rows = [np.array([np.linalg.norm(gradient) for gradient in path]) for path in paths]
    at = np.linalg.norm(attention_by_hand(one.attention, one.noise, one.pull), axis=(1, 2))
    at[-1] = at[:-1].mean()
    return np.stack([row / row[-1] for row in rows] + [at / at[-1]])


@pytest.mark.parametrize(("steps", "seed"), [(30, 2), (12, 0)])
def test_gradients_over_time_by_hand(steps: int, seed: int) -> None:
    """All five layers, forwards and backwards in NumPy."""
    wanted = shares_by_hand(steps, seed)
    got = gradient_time.through_time(steps, seed)
    for name, row, by_hand in zip(("simple", "GRU", "LSTM", "chrono", "attention"), got, wanted, strict=True):
        np.testing.assert_allclose(row, by_hand, rtol=RELATIVE, err_msg=name)


def test_the_written_steps_are_those_of_the_keras_layers() -> None:
    """A gradient says little of a layer that is none of Keras's: compare what the cells compute, step by step."""
    one = cells(20, 3)
    for cell, by_hand in ((one.simple, simple_by_hand), (one.gru, gru_by_hand), (one.lstm, lstm_by_hand)):
        state = [tf.zeros((32, 32), tf.float64) for _ in range(1 + (cell is one.lstm))]
        carried = []
        with tf.GradientTape() as tape:
            tape.watch(state)
            for x in one.noise:
                _, state = cell(tf.constant(x), state)
                state = tf.nest.flatten(state)
                carried.append(state[-1])
            loss = tf.reduce_sum(carried[-1] * one.pull)
        for gradient, wanted in zip(tape.gradient(loss, carried), by_hand(cell, one.noise, one.pull), strict=True):
            np.testing.assert_allclose(gradient, wanted, rtol=RELATIVE, atol=1e-12)


def test_factors_through_time() -> None:
    factors = np.array([gradient_time.factors_per_step(gradient_time.through_time(50, seed)) for seed in (0, 1, 2)])
    mean = factors.mean(0)
    print("factors a step: simple, GRU, LSTM, chrono, attention", mean.round(4))
    assert mean[0] == pytest.approx(gradient_theory.recurrent_factor(8, 32), rel=0.03)
    assert mean[1] < mean[0] < mean[3]
    assert mean[4] == pytest.approx(1.0, abs=0.01)


def test_chrono_bias_spreads_memory_over_all_lengths() -> None:
    bias = gradient_time.chrono_bias(100, np.random.default_rng(0))
    assert bias.shape == (128,)
    np.testing.assert_array_equal(bias[:32], -bias[32:64])
    lengths = 1 / (1 - sigmoid(bias[32:64]))  # a gate of f forgets within 1 / (1 - f) steps
    assert 2 <= lengths.min() < 30 and 70 < lengths.max() <= 100
    assert (bias[64:] == 0).all()


# ---- training and clipping ----


def test_one_clipped_step_is_as_long_as_it_may_be() -> None:
    config = GradientFlowConfig(
        connection="plain", activation="relu", initialization="he_normal", gain=3.0, optimizer="sgd",
        learning_rate=0.01, clip_norm=1.0, depth=6,
    )  # fmt: skip
    data = gradient_flow.load(config)
    model = gradient_flow.build(config, data)
    before = [np.asarray(variable) for variable in model.trainable_variables]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(gradient_untrained.cross_entropy(data.train_targets[:64], model(data.train_inputs[:64])))
    variables = model.trainable_variables
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    length = math.sqrt(sum(float(np.sum(np.asarray(gradient) ** 2)) for gradient in gradients))
    assert length > 100
    gradient_flow.optimizer_for(config).apply(gradients, variables)
    for start, variable, gradient in zip(before, variables, gradients, strict=True):
        np.testing.assert_allclose(
            start - np.asarray(variable), 0.01 * np.asarray(gradient) / length, rtol=1e-4, atol=1e-12
        )


# ---- the stored result ----


def test_the_stored_result_says_what_the_claim_says() -> None:
    found_result = json.loads((ROOT / "evidence/results/plus_sign_and_depth.json").read_text())
    reached = {(cell["stack"], cell["depth"]): float(np.mean(cell["test_accuracy"])) for cell in found_result["cells"]}
    assert reached["sigmoid", 20] < 0.2 < 0.8 < reached["sigmoid", 2]
    assert all(reached["sigmoid with plus", depth] > 0.9 for depth in (2, 5, 10, 20))
    assert found_result["settings"] == GradientFlowConfig().model_dump(mode="json")


def test_a_stored_number_can_be_made_again() -> None:
    from evidence.plus_sign_and_depth import measure

    found_result = json.loads((ROOT / "evidence/results/plus_sign_and_depth.json").read_text())
    cell = next(c for c in found_result["cells"] if (c["stack"], c["depth"]) == ("sigmoid with plus", 2))
    assert measure("sigmoid with plus", 2, cell["seeds"][0]) == pytest.approx(cell["test_accuracy"][0], abs=0.02)
