"""Gates in NumPy: held to Keras, to loops written out number by number, and to finite differences."""

from math import exp, tanh
from time import perf_counter
from typing import Any

import keras
import numpy as np
import pytest

from models.base import Array
from models.gates import GATES, SHOWN, Surgery, conveyor, replay, sigmoid, slopes

KINDS = ("lstm", "gru", "simple")
LAYERS = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "simple": keras.layers.SimpleRNN}


def layer(kind: str, units: int = 5, inputs: int = 3, dtype: str = "float64", **more: Any) -> Any:
    keras.utils.set_random_seed(1)
    found = LAYERS[kind](units, return_sequences=True, dtype=dtype, **more)
    found.build((None, None, inputs))
    generator = np.random.default_rng(2)
    found.set_weights([array + 0.3 * generator.normal(size=array.shape) for array in found.get_weights()])
    return found


def noise(*shape: int) -> Array:
    return np.random.default_rng(3).normal(size=shape)


# ---- forward ----


@pytest.mark.parametrize("kind", KINDS)
def test_hidden_states_are_those_of_keras(kind: str) -> None:
    exact, single = layer(kind), layer(kind, dtype="float32")
    x = noise(4, 30, 3)
    trace = replay(kind, exact.get_weights(), x)
    assert tuple(trace) == SHOWN[kind] and all(array.shape == (4, 30, 5) for array in trace.values())
    np.testing.assert_allclose(trace["hidden"], exact(x), atol=1e-12)
    np.testing.assert_allclose(
        replay(kind, single.get_weights(), x.astype(np.float32))["hidden"], single(x.astype(np.float32)), atol=1e-6
    )


def test_the_cell_state_is_that_of_keras() -> None:
    lstm = layer("lstm", return_state=True)
    _, hidden, cell = lstm(noise(4, 12, 3))
    trace = replay("lstm", lstm.get_weights(), noise(4, 12, 3))
    np.testing.assert_allclose(trace["cell"][:, -1], cell, atol=1e-12)
    np.testing.assert_allclose(trace["hidden"][:, -1], hidden, atol=1e-12)


def test_a_cell_with_relu() -> None:
    irnn = layer("simple", activation="relu", recurrent_initializer="identity")
    trace = replay("simple", irnn.get_weights(), noise(2, 9, 3), activation="relu")
    np.testing.assert_allclose(trace["hidden"], irnn(noise(2, 9, 3)), atol=1e-12)


def by_hand(kind: str, weights: list[Array], x: Array, surgery: Surgery) -> Array:
    """Run one sequence (T, d) unit by unit, with Python's own exp and tanh: the hidden states (T, u)."""
    kernel, recurrent, bias = weights
    units = recurrent.shape[0]
    s = lambda z: 1 / (1 + exp(-z))  # noqa: E731
    h, c, states = [0.0] * units, [0.0] * units, []
    for t, row in enumerate(x):
        if surgery.cut == t:
            h, c = [0.0] * units, [0.0] * units

        def total(part: int, k: int, own: bool = True, state: bool = True, row: Any = row, h: Any = h) -> float:
            j = part * units + k
            one = sum(row[a] * kernel[a, j] for a in range(len(row))) + (bias[0, j] if kind == "gru" else bias[j])
            other = sum(h[a] * recurrent[a, j] for a in range(units)) + (bias[1, j] if kind == "gru" else 0.0)
            return float((one if own else 0.0) + (other if state else 0.0))

        def gate(name: str, part: int, k: int, total: Any = total) -> float:
            return surgery.value if surgery.gate == name else s(total(part, k))

        new_h, new_c = [], []
        for k in range(units):
            if kind == "lstm":
                cell = gate("forget", 1, k) * c[k] + gate("input", 0, k) * tanh(total(2, k))
                new_c.append(cell)
                new_h.append(gate("output", 3, k) * tanh(cell))
            else:
                z, r = gate("update", 0, k), gate("reset", 1, k)
                candidate = tanh(total(2, k, state=False) + r * total(2, k, own=False))
                new_c.append(0.0)
                new_h.append(z * h[k] + (1 - z) * candidate)
        h, c = new_h, new_c
        states.append(h)
    return np.array(states)


@pytest.mark.parametrize(
    ("kind", "surgery"),
    [
        *((kind, Surgery(gate, value)) for kind in ("lstm", "gru") for gate in GATES[kind] for value in (0.0, 1.0)),
        ("lstm", Surgery(cut=4)),
        ("gru", Surgery(cut=0)),
        ("lstm", Surgery("forget", 1.0, cut=6)),
        ("gru", Surgery()),
    ],
    ids=str,
)
def test_surgery_is_what_loops_compute(kind: str, surgery: Surgery) -> None:
    weights, x = layer(kind, units=3, inputs=2).get_weights(), noise(1, 8, 2)
    found = replay(kind, weights, x, surgery)
    np.testing.assert_allclose(found["hidden"][0], by_hand(kind, weights, x[0], surgery), atol=1e-12)
    if surgery.gate:
        assert (found[surgery.gate] == surgery.value).all()


def test_after_a_cut_the_past_is_as_if_it_had_never_been() -> None:
    for kind in KINDS:
        weights, x = layer(kind).get_weights(), noise(2, 10, 3)
        whole, rest = replay(kind, weights, x, Surgery(cut=6)), replay(kind, weights, x[:, 6:])
        np.testing.assert_allclose(whole["hidden"][:, 6:], rest["hidden"], atol=1e-12)


@pytest.mark.parametrize("surgery", [Surgery("update"), Surgery(cut=9), Surgery(cut=-1), Surgery("candidate")])
def test_a_surgery_that_does_not_fit_is_refused(surgery: Surgery) -> None:
    with pytest.raises(ValueError):
        replay("lstm", layer("lstm").get_weights(), noise(1, 9, 3), surgery)


def test_the_sigmoid_does_not_overflow() -> None:
    np.testing.assert_allclose(
        sigmoid(np.array([-1e4, -1.0, 0.0, 2.0, 1e4])), [0, 1 / (1 + exp(1)), 0.5, 1 / (1 + exp(-2)), 1]
    )


# ---- gradients ----


@pytest.mark.parametrize("surgery", [Surgery(), Surgery("forget", 1.0), Surgery("reset", 0.0), Surgery(cut=3)], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_slopes_along_inputs_are_those_of_finite_differences(kind: str, surgery: Surgery) -> None:
    if surgery.gate and surgery.gate not in GATES[kind]:
        surgery = Surgery(GATES[kind][-1] if GATES[kind] else "", 0.5)
    weights, x, pull = layer(kind, units=4).get_weights(), noise(2, 7, 3), noise(2, 7, 4)

    def value(inputs: Array) -> float:
        return float((replay(kind, weights, inputs, surgery)["hidden"] * pull).sum())

    found = slopes(kind, weights, replay(kind, weights, x, surgery), pull, surgery).inputs
    for place in [(0, 0, 0), (0, 3, 2), (1, 2, 1), (1, 6, 0)]:
        move = np.zeros_like(x)
        move[place] = 1e-6
        wanted = (value(x + move) - value(x - move)) / 2e-6
        assert found[place] == pytest.approx(wanted, rel=1e-6, abs=1e-8), place
    if surgery.cut is not None:
        alone = slopes(kind, weights, replay(kind, weights, x, surgery), pull[:, -1], surgery).inputs
        assert (alone[:, : surgery.cut] == 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_slopes_along_states_are_those_of_gradient_tape(kind: str) -> None:
    """A state at step t is fed to the rest of the sequence as Keras's initial state."""
    import tensorflow as tf

    cells, x, pull = layer(kind, units=4), noise(2, 9, 3), noise(2, 4)
    weights = cells.get_weights()
    trace = replay(kind, weights, x)
    found = slopes(kind, weights, trace, pull)
    for step in (0, 4, 7):
        states = [tf.constant(trace["hidden"][:, step])] + (
            [tf.constant(trace["cell"][:, step])] if kind == "lstm" else []
        )
        with tf.GradientTape() as tape:
            tape.watch(states)
            last = cells(x[:, step + 1 :], initial_state=states if kind == "lstm" else states[0])[:, -1]
            loss = tf.reduce_sum(last * pull)
        gradients = tape.gradient(loss, states)
        np.testing.assert_allclose(found.hidden[:, step], gradients[0], atol=1e-10)
        if found.cell is not None:
            # The cell at this step also shows itself in the hidden state of this step.
            shown = trace["output"][:, step] * (1 - np.tanh(trace["cell"][:, step]) ** 2)
            np.testing.assert_allclose(found.cell[:, step], gradients[1] + gradients[0] * shown, atol=1e-10)


def test_relu_slopes_and_a_pull_on_the_cell() -> None:
    weights, x = layer("simple", activation="relu").get_weights(), noise(1, 5, 3)
    found = slopes(
        "simple", weights, replay("simple", weights, x, activation="relu"), np.ones((1, 5)), activation="relu"
    )
    move = np.zeros_like(x)
    move[0, 1, 1] = 1e-6
    up, down = (
        replay("simple", weights, x + sign * move, activation="relu")["hidden"][:, -1].sum() for sign in (1, -1)
    )
    assert found.inputs[0, 1, 1] == pytest.approx((up - down) / 2e-6, abs=1e-8)

    lstm = layer("lstm").get_weights()
    found = slopes("lstm", lstm, replay("lstm", lstm, x), np.zeros((1, 5)), cell_pull=np.ones((1, 5)))
    up, down = (replay("lstm", lstm, x + sign * move)["cell"][:, -1].sum() for sign in (1, -1))
    assert found.inputs[0, 1, 1] == pytest.approx((up - down) / 2e-6, rel=1e-6)


# ---- the conveyor ----


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_kept_and_what_is_written_make_the_state(kind: str) -> None:
    trace = replay(kind, layer(kind).get_weights(), noise(2, 11, 3))
    belt = conveyor(trace)
    np.testing.assert_allclose(belt["kept"] + belt["written"], trace.get("cell", trace["hidden"]), atol=1e-12)
    np.testing.assert_allclose(belt["shown"], trace["hidden"])
    assert (belt["kept"][:, 0] == 0).all()


@pytest.mark.alone
def test_two_layers_over_200_steps_are_replayed_in_less_than_a_third_of_a_second() -> None:
    weights, deeper = layer("lstm", 32, 8).get_weights(), layer("lstm", 32, 32).get_weights()
    x = noise(1, 200, 8)
    replay("lstm", weights, x)
    started = perf_counter()
    first = replay("lstm", weights, x)
    second = replay("lstm", deeper, first["hidden"])
    slopes("lstm", deeper, second, np.ones((1, 32)))
    assert perf_counter() - started < 0.3
