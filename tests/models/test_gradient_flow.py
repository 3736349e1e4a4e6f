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
from models import gradient_flow, gradient_theory
from models.base import Array
from models.configs import GradientFlowConfig
from models.views import GradientFlowView

ROOT = Path(__file__).resolve().parents[2]
EPSILON = 1e-3

# ---- the oracle ----


def sigmoid(x: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-x))


def share_below(x: Array) -> Array:
    return 0.5 * (1.0 + np.array([math.erf(value / math.sqrt(2.0)) for value in x.ravel()]).reshape(x.shape))


def density(x: Array) -> Array:
    return np.exp(-x * x / 2.0) / math.sqrt(2.0 * math.pi)


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
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    known = powers / powers.sum(axis=1, keepdims=True)
    rows = np.arange(len(targets))
    loss = float(-np.log(known[rows, targets]).mean())
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
    parts = [[one[part] for one in saved] for part in ("z", "a", "end")]
    return Trace(loss, *parts, signal[::-1], kernels)


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
    np.testing.assert_allclose(found(case.view.signal), wanted, rtol=1e-7)
    order = ["hidden_1", *([f"hidden_{k}" for k in range(2, case.config.depth + 1)]), "output"]
    if case.config.shared_weights:
        order = ["hidden_1", "hidden_shared", "output"]
    kernels = [np.linalg.norm(case.trace.kernels[kernel]) for kernel in order]
    np.testing.assert_allclose(found(case.view.weight_gradients), kernels, rtol=1e-7)


@pytest.mark.parametrize("name", CASES)
def test_sizes_slopes_and_histograms(name: str) -> None:
    case, (_, slope) = looked(name), BENDS[looked(name).config.activation]
    np.testing.assert_allclose(
        found(case.view.sizes), [math.sqrt((end**2).mean()) for end in case.trace.ends], rtol=1e-7
    )
    np.testing.assert_allclose(
        found(case.view.slopes), [math.sqrt((slope(z) ** 2).mean()) for z in case.trace.sums], rtol=1e-7
    )
    for part, layers in (("sum", case.trace.sums), ("activation", case.trace.activations)):
        shares, edges = (found(getattr(case.view, f"{part}_{kind}")) for kind in ("histograms", "edges"))
        assert shares.shape == (case.config.depth, 24) and edges.shape == (case.config.depth, 25)
        for share, edge, layer in zip(shares, edges, layers, strict=True):
            np.testing.assert_allclose([edge[0], edge[-1]], [layer.min(), layer.max()], rtol=1e-7, atol=1e-9)
            inside = np.mean((layer >= edge[0] - 1e-9) & (layer <= edge[12]))
            assert share[:12].sum() == pytest.approx(inside, abs=2e-3)
            assert share.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["sigmoid with plus", "sigmoid", "one layer", "one matrix"])
def test_drawn_edges_are_gradients_of_weights(name: str) -> None:
    case = looked(name)
    edges = found(case.view.edges).reshape(-1, 4, 4)
    layers = gradient_flow.scene(case.config, case.data)["drawn_layers"]
    assert len(edges) == len(layers) + 1 and layers[0] == 1 and layers[-1] == case.config.depth
    pixels = case.trace.kernels["hidden_1"][[2 * 8 + 2, 2 * 8 + 5, 5 * 8 + 2, 5 * 8 + 5], :4]
    np.testing.assert_allclose(edges[0], pixels, rtol=1e-6, atol=1e-300)
    for place, number in list(enumerate(layers))[1:]:
        kernel = "hidden_shared" if case.config.shared_weights else f"hidden_{number}"
        np.testing.assert_allclose(edges[place], case.trace.kernels[kernel][:4, :4], rtol=1e-6, atol=1e-300)
    np.testing.assert_allclose(edges[-1], case.trace.kernels["output"][:4, :4], rtol=1e-6, atol=1e-12)


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
    theory = gradient_flow.theory_for(config, data).signal
    factor, wanted = ((line[0] / line[-1]) ** (1 / 19) for line in (signal, theory))
    print(f"{name}: measured {factor:.4f}, theory {wanted:.4f}")
    assert factor == pytest.approx(wanted, rel=tolerance)


def test_theory_has_no_answer_for_a_normalized_highway() -> None:
    config = GradientFlowConfig(connection="highway", normalization="layer")
    scene = gradient_flow.scene(config, gradient_flow.load(config))
    assert (scene["theory_signal"][:-1] == 0).all()


# ---- questions ----


def test_compared_stacks_are_the_stacks_themselves() -> None:
    case = looked("sigmoid with plus")
    stacks: list[dict[str, Any]] = [{"depth": 4, "connection": "plain"}, {"depth": 6, "activation": "selu"}]
    view = gradient_flow.look(case.model, case.data, {"compare": stacks})
    assert found(view.compared).shape == found(view.compared_theory).shape == (2, 6)
    for row, settings in zip(found(view.compared), stacks, strict=True):
        config = GradientFlowConfig(**settings)
        by_hand = trace(config, gradient_flow.build(config, case.data), *(
            part[:256] for part in (case.data.train_inputs, case.data.train_targets)
        )).signal  # fmt: skip
        np.testing.assert_allclose(row[: config.depth], [np.linalg.norm(g) for g in by_hand], rtol=1e-7)
        assert (row[config.depth :] == 0).all()


@pytest.mark.parametrize("question", [
    {"compare": []}, {"compare": [{}] * 9}, {"compare": [{"depth": 999}]}, {"recurrent": {"steps": 5000}}, {"draw": 1},
])  # fmt: skip
def test_other_questions_are_refused(question: dict[str, Any]) -> None:
    case = looked("one layer")
    with pytest.raises(ValueError):
        gradient_flow.look(case.model, case.data, question)


def test_simple_recurrent_gradient_by_hand() -> None:
    """The same layer, unrolled and run backwards in NumPy."""
    steps, seed = 30, 2
    shares = gradient_flow.recurrent(steps, seed)
    keras.utils.set_random_seed(seed)
    generator = np.random.default_rng(seed)
    noise, pull = generator.normal(size=(32, steps, 8)), generator.normal(size=(32, 32))
    cell = keras.layers.SimpleRNNCell(32, dtype="float64")
    cell.build((32, 8))
    kernel, recurrent = np.asarray(cell.kernel), np.asarray(cell.recurrent_kernel)
    states = [np.zeros((32, 32))]
    for step in range(steps):
        states.append(np.tanh(noise[:, step] @ kernel + states[-1] @ recurrent))
    norms, gradient = [], pull
    for state in reversed(states[1:]):
        norms.append(np.linalg.norm(gradient))
        gradient = (gradient * (1 - state**2)) @ recurrent.T
    np.testing.assert_allclose(shares[0], np.array(norms[::-1]) / norms[0], rtol=1e-7)


def test_factors_through_time() -> None:
    factors = np.array([gradient_flow.factors_per_step(gradient_flow.recurrent(50, seed)) for seed in (0, 1)]).mean(0)
    print("factors a step: simple, GRU, LSTM, chrono, attention", factors.round(4))
    assert factors[0] == pytest.approx(gradient_theory.recurrent_factor(8, 32), rel=0.03)
    assert factors[1] < factors[0] < factors[3]
    assert factors[4] == pytest.approx(1.0, abs=0.01)


def test_chrono_bias_spreads_memory_over_all_lengths() -> None:
    bias = gradient_flow.chrono_bias(100, np.random.default_rng(0))
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
        loss = tf.reduce_mean(gradient_flow.cross_entropy(data.train_targets[:64], model(data.train_inputs[:64])))
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
