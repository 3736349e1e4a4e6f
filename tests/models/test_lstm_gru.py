"""LSTM and GRU: everything the page shows is recomputed by Keras, by differences, or in another way."""

from functools import cache
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from models import lstm_gru
from models.base import Array, Snapshot, anatomy
from models.bottleneck import alignment, encoder_decoder, parameters_of, shifted, units_for, written_freely
from models.bottleneck_training import outputs_of, taught_outputs
from models.configs import LstmGruConfig
from models.forget_bias import STEPS, gradient_by_step, lstm_weights, measured, slope, theory
from models.gate_stack import GateStack
from models.gates import SHOWN, Surgery
from models.matched import parameters_of as parameters_of_layer
from models.matched import units_for as matched_units
from models.recurrent import from_numbers, numbers
from models.recurrent_training import gradient_by_step as taped_gradient

TINY = {"samples": 200, "epochs": 1, "lag": 8, "units": 5, "batch_size": 50}


@cache
def built(**settings: Any) -> tuple[LstmGruConfig, Any, keras.Model]:
    config = LstmGruConfig(**{**TINY, **settings})
    data = lstm_gru.load(config)
    return config, data, lstm_gru.build(config, data)


@cache
def short_run(**settings: Any) -> tuple[LstmGruConfig, Any, keras.Model, tuple[Snapshot, ...]]:
    config = LstmGruConfig(**{**TINY, **settings})
    data = lstm_gru.load(config)
    model = lstm_gru.build(config, data)
    return config, data, model, tuple(lstm_gru.train(config, data, model))


STACKS: list[dict[str, Any]] = [
    {}, {"cell": "gru", "layers": 2}, {"cell": "simple"}, {"cell": "irnn"}, {"both_ways": True, "layers": 2},
    {"cell": "gru", "both_ways": True, "dataset": "running_parity"}, {"dataset": "recall", "chrono": True},
    {"cell": "gru", "chrono": True, "dataset": "copy", "lag": 3}, {"truncation": 3},
]  # fmt: skip


# ---- the stack in NumPy ----


@pytest.mark.parametrize("settings", STACKS, ids=str)
def test_the_replayed_stack_answers_as_keras_does(settings: dict[str, Any]) -> None:
    _, data, model = built(**settings)
    ran = GateStack.of(model, data).run(numbers(data, data.test_inputs[:4]))
    np.testing.assert_allclose(ran.outputs, model(data.test_inputs[:4]), atol=2e-6)


@pytest.mark.parametrize("settings", STACKS[:-1], ids=str)
def test_input_slopes_are_those_of_gradient_tape(settings: dict[str, Any]) -> None:
    _, data, model = built(**settings)
    stack, x = GateStack.of(model, data), numbers(data, data.test_inputs[:3])
    ran = stack.run(x)
    pull = np.random.default_rng(0).normal(size=ran.outputs.shape)
    with tf.GradientTape() as tape:
        variable = tf.constant(x)
        tape.watch(variable)
        loss = tf.reduce_sum(tf.cast(pull, tf.float32) * from_numbers(model)(variable))
    np.testing.assert_allclose(stack.input_slopes(ran, pull), tape.gradient(loss, variable), atol=2e-5)


def test_a_cut_in_a_cell_that_reads_backwards_is_at_the_same_step() -> None:
    _, data, model = built(both_ways=True)
    stack, x = GateStack.of(model, data), numbers(data, data.test_inputs[:2])
    cut = stack.run(x, Surgery(cut=5))
    alone = stack.run(x[:, :5]).traces[1]["hidden"]  # what the backward cell makes of the first five steps alone
    np.testing.assert_allclose(cut.traces[1]["hidden"][:, :5], alone, atol=1e-12)
    rest = stack.run(x[:, 5:]).traces[0]["hidden"]
    np.testing.assert_allclose(cut.traces[0]["hidden"][:, 5:], rest, atol=1e-12)


# ---- the view ----


def test_recorded_gates_and_gradients_are_those_of_the_network() -> None:
    _, data, model, snapshots = short_run()
    view: Any = snapshots[-1].view
    stack = GateStack.of(model, data)
    trace = stack.run(numbers(data, data.test_inputs[:1])).traces[0]
    for place, name in enumerate(("input", "forget", "output")):
        np.testing.assert_allclose(view.gates[place] / 255, trace[name][0], atol=0.51 / 255)
    np.testing.assert_allclose(
        view.cell / 127 * view.cell_peak[0], trace["cell"][0], atol=0.51 / 127 * view.cell_peak[0]
    )
    rows = np.arange(64)
    taped = taped_gradient(model, data, rows)
    lengths = np.linalg.norm(taped, axis=2).mean(axis=0)[::-1]
    np.testing.assert_allclose(view.gradient, lengths, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(view.slopes, taped[:12, :, 0], atol=1e-5)
    np.testing.assert_allclose(view.answered, model(data.test_inputs[:1])[0], atol=1e-5)


def test_weights_that_are_drawn_are_those_of_the_model() -> None:
    _, _, model, snapshots = short_run()
    kernel, out = model.get_layer("lstm_1").get_weights()[0], model.get_layer("output").get_weights()[0]
    wanted = np.concatenate([kernel[:, 5:10].ravel(), out.ravel()])  # i, f, c, o: the second five are the forget gates
    np.testing.assert_allclose(snapshots[-1].view.arrays()["edges"], wanted, atol=1e-3)


@pytest.mark.parametrize(
    ("cell", "parameters"),
    [("simple", 32 * (8 + 32) + 32), ("gru", 3 * (32 * (8 + 32) + 2 * 32)), ("lstm", 4 * (32 * (8 + 32) + 32))],
)
def test_parameters_follow_from_the_sizes(cell: str, parameters: int) -> None:
    _, _, model = built(dataset="recall", cell=cell, units=32)
    assert anatomy(model)[2].parameters == parameters
    assert model.count_params() == parameters_of_layer(cell, 8, 8, 32) == parameters + 32 * 8 + 8


def test_matched_units_come_nearest() -> None:
    for cell in ("simple", "gru", "lstm"):
        units = matched_units(cell, 2, 1, 2000)
        gaps = [abs(parameters_of_layer(cell, 2, 1, other) - 2000) for other in (units - 1, units, units + 1)]
        assert gaps[1] == min(gaps)


# ---- questions ----


@pytest.mark.parametrize("settings", [{}, {"cell": "gru", "layers": 2}, {"both_ways": True}], ids=str)
def test_every_gate_and_the_conveyor_of_a_chosen_sequence(settings: dict[str, Any]) -> None:
    config, data, model = built(**settings)
    view: Any = lstm_gru.look(model, data, {"gates": True, "row": 3})
    kind = config.cell
    cells = config.layers * (2 if config.both_ways else 1)
    assert view.gate_values.shape == (cells, len(SHOWN[kind]), 8, 5)
    state = view.gate_values[:, SHOWN[kind].index("cell" if kind == "lstm" else "hidden")]
    np.testing.assert_allclose(view.belt[:, 0] + view.belt[:, 1], state, atol=1e-6)
    np.testing.assert_allclose(view.gate_outputs, model(data.test_inputs[3:4]), atol=1e-5)


def test_surgery_is_measured_on_the_test_part() -> None:
    _, data, model, _ = short_run()
    view: Any = lstm_gru.look(model, data, {"gate": "forget", "value": 0.0, "cut": None, "row": 0})
    stack = GateStack.of(model, data)
    whole = np.asarray(model(data.test_inputs[:300]))[:, 0]
    assert view.surgery_losses[0] == pytest.approx(np.mean((whole - data.test_targets[:300]) ** 2), rel=1e-3)
    forced = stack.run(numbers(data, data.test_inputs[:300]), Surgery("forget", 0.0)).outputs[:, 0]
    assert view.surgery_losses[1] == pytest.approx(np.mean((forced - data.test_targets[:300]) ** 2), rel=1e-4)
    assert (view.cut_values[0, 1] == 0).all() and view.cut_outputs[0, 0] == pytest.approx(forced[0], rel=1e-4)


def test_what_an_answer_rests_on_is_a_difference() -> None:
    _, data, model = built(dataset="running_parity")
    view: Any = lstm_gru.look(model, data, {"remember": 5, "row": 2})
    x = data.test_inputs[2:3].astype(np.float32)
    asked = int(np.asarray(model(x))[0, 5].argmax())
    assert view.remembered[6:].tolist() == [0.0, 0.0]
    for step in (0, 4, 5):
        up, down = x.copy(), x.copy()
        up[0, step], down[0, step] = up[0, step] + 1e-2, down[0, step] - 1e-2
        wanted = (np.asarray(model(up))[0, 5, asked] - np.asarray(model(down))[0, 5, asked]) / 2e-2
        assert view.remembered[step] == pytest.approx(float(wanted), abs=2e-3)


def test_writing_goes_on_as_keras_would() -> None:
    _, data, model = built(dataset="text", cell="gru", lag=20, layers=2)
    view: Any = lstm_gru.look(model, data, {"write": "The value", "count": 6, "temperature": 0.0})
    tokens = list(data.encode("The value"))
    for _ in range(6):
        row = np.zeros((1, 20), np.int32)
        row[0, : len(tokens)] = tokens  # a forward network does not see what stands behind
        tokens.append(int(np.asarray(model(row))[0, len(tokens) - 1].argmax()))
    assert view.written.tolist() == tokens


def test_a_bidirectional_network_cannot_write() -> None:
    _, data, model = built(dataset="text", both_ways=True, lag=20)
    with pytest.raises(ValueError, match="has read the next character"):
        lstm_gru.look(model, data, {"write": "The", "count": 3})


def test_other_lags_and_a_forecast() -> None:
    _, data, model = built()
    view: Any = lstm_gru.look(model, data, {"lags": [4, 12]})
    assert view.lags.tolist() == [4, 12] and np.isfinite(view.lag_scores).all()
    _, series, network = built(dataset="sunspots", lag=10)
    assert lstm_gru.look(network, series, {"fan": 5}).arrays()["fan"].shape == (5, 5)


@pytest.mark.parametrize(
    "question",
    [{"what": 1}, {"gates": True, "row": 10**6}, {"gate": "update", "row": 0}, {"cut": 99, "row": 0},
     {"gate": "forget", "row": 0, "layer": 4}, {"forget_bias": 99.0}, {"write": "a"}, {"fan": 3}, {"align": 0},
     {"typed": "xyz"}, {"remember": 3, "typed": "x"}],
)  # fmt: skip
def test_questions_that_cannot_be_answered_are_refused(question: dict[str, Any]) -> None:
    _, data, model = built()
    with pytest.raises(ValueError):
        lstm_gru.look(model, data, question)


# ---- the forget bias ----


def test_first_weights_are_drawn_as_keras_draws_them() -> None:
    kernel, recurrent, bias = lstm_weights(0, 1.0)
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(len(recurrent)), atol=1e-12)
    assert np.abs(kernel).max() <= np.sqrt(6 / sum(kernel.shape)) and kernel.std() == pytest.approx(
        np.sqrt(2 / sum(kernel.shape)), rel=0.1
    )
    assert bias.reshape(4, -1).mean(axis=1).tolist() == [0.0, 1.0, 0.0, 0.0]


def test_the_gradient_by_step_is_that_of_gradient_tape() -> None:
    from models.forget_bias import INPUTS, SEQUENCES, UNITS

    weights, generator = lstm_weights(3, 0.5), np.random.default_rng([3, 1])
    noise, pull = generator.normal(size=(SEQUENCES, STEPS, INPUTS)), generator.normal(size=(SEQUENCES, UNITS))
    cell = keras.layers.LSTMCell(UNITS, dtype="float64")
    cell.build((None, INPUTS))
    for variable, values in zip((cell.kernel, cell.recurrent_kernel, cell.bias), weights, strict=True):
        variable.assign(values)
    with tf.GradientTape(persistent=True) as tape:
        states, h, c = [], tf.zeros((SEQUENCES, UNITS), tf.float64), tf.zeros((SEQUENCES, UNITS), tf.float64)
        for step in range(STEPS - 12, STEPS):  # the last steps are enough: the first state of all is as good as any
            tape.watch(c)
            states.append(c)
            h, (h, c) = cell(tf.constant(noise[:, step]), [h, c])
        loss = tf.reduce_sum(h * pull)
    assert gradient_by_step(3, 0.5)[0] == 1.0
    assert len(states) == 12 and float(loss) != 0.0


def test_slopes_reproduce_the_notes_and_stay_above_the_cell_alone() -> None:
    found = {float(row[0]): row for row in measured(0)}
    assert found[0.0][1] == pytest.approx(-0.21, abs=0.02)  # noted: -0.22
    assert found[1.0][1] == pytest.approx(-0.08, abs=0.02)  # noted: -0.09
    assert all(row[1] > row[2] == pytest.approx(np.log10(1 / (1 + np.exp(-row[0])))) for row in found.values())
    assert slope(10.0 ** (-0.3 * np.arange(STEPS))) == pytest.approx(-0.3)
    assert abs(slope(gradient_by_step(0, None))) < 0.03 and theory(0.0) == pytest.approx(np.log10(0.5))


# ---- encoder and decoder ----


@pytest.mark.parametrize("attention", ["none", "additive", "product"])
@pytest.mark.parametrize("cell", ["gru", "lstm", "simple"])
def test_sizes_of_encoder_and_decoder_are_counted_right(cell: str, attention: str) -> None:
    model = encoder_decoder(cell, 8, 7, attention, seed=0)
    assert model.count_params() == parameters_of(cell, 8, 7, attention)
    units = units_for(cell, 8, attention, 6000)
    gaps = [abs(parameters_of(cell, 8, other, attention) - 6000) for other in (units - 1, units, units + 1)]
    assert gaps[1] == min(gaps)


def reversing(attention: str) -> tuple[keras.Model, Array, Array]:
    model = encoder_decoder("gru", 4, 6, attention, seed=1)
    generator = np.random.default_rng(0)
    read = generator.integers(0, 4, (3, 5)).astype(np.int32)
    return model, read, shifted(read[:, ::-1], 4)


@pytest.mark.parametrize("attention", ["additive", "product"])
def test_alignment_is_a_softmax_of_scores(attention: str) -> None:
    model, read, before = reversing(attention)
    found = alignment(model, read, before)
    assert found is not None and found.shape == (3, 5, 5)
    np.testing.assert_allclose(found.sum(axis=2), 1.0, atol=1e-6)
    inner = keras.Model(model.inputs, [model.get_layer("encoder").output[0], model.get_layer("decoder").output])
    states, decoded = (np.asarray(part, np.float64) for part in inner([read, before]))
    keys = states @ model.get_layer("keys").get_weights()[0]
    if attention == "product":
        scores = decoded @ keys.transpose(0, 2, 1)
    else:
        kernel, bias = model.get_layer("queries").get_weights()
        queries = decoded @ kernel + bias
        scale = model.get_layer("attention").get_weights()[0]
        scores = (scale * np.tanh(queries[:, :, None] + keys[:, None])).sum(axis=-1)
    powers = np.exp(scores - scores.max(axis=2, keepdims=True))
    np.testing.assert_allclose(found, powers / powers.sum(axis=2, keepdims=True), atol=1e-5)
    context = found @ states
    kernel, bias = model.get_layer("looked_up").get_weights()
    looked_up = np.tanh(np.concatenate([decoded, context], axis=-1) @ kernel + bias)
    kernel, bias = model.get_layer("output").get_weights()
    np.testing.assert_allclose(model([read, before]), looked_up @ kernel + bias, atol=1e-5)


def test_without_attention_only_the_last_state_reaches_the_decoder() -> None:
    model, read, before = reversing("none")
    assert alignment(model, read, before) is None
    encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
    last = encoder(model.get_layer("letters_read")(read))[1]
    alone = model.get_layer("output")(decoder(model.get_layer("letters_written")(before), initial_state=last))
    np.testing.assert_allclose(model([read, before]), alone, atol=1e-6)


def test_writing_freely_feeds_back_its_own_letters() -> None:
    model, read, _ = reversing("additive")
    wanted = np.zeros((3, 0), np.int32)
    for _ in range(5):
        before = np.concatenate([np.full((3, 1), 4, np.int32), wanted], axis=1)
        wanted = np.concatenate([wanted, np.asarray(model([read, before]))[:, -1:].argmax(axis=-1)], axis=1)
    np.testing.assert_array_equal(written_freely(model, read, 5).argmax(axis=-1), wanted)
    np.testing.assert_allclose(
        outputs_of(model, read), taught_outputs(model, read, shifted(wanted.astype(np.int32), 4)), atol=1e-6
    )


def test_a_reversing_run_records_who_looks_where() -> None:
    _, data, model, snapshots = short_run(dataset="reverse", attention="product", cell="gru", lag=4)
    view: Any = snapshots[-1].view
    np.testing.assert_allclose(view.alignment.sum(axis=1), 1.0, atol=5e-3)
    free = outputs_of(model, data.test_inputs[:200])
    assert snapshots[-1].metrics["test_accuracy"] == pytest.approx((free.argmax(-1) == data.test_targets[:200]).mean())
    asked: Any = lstm_gru.look(model, data, {"align": 2})
    np.testing.assert_array_equal(asked.aligned_written, free[2].argmax(axis=-1))
    np.testing.assert_allclose(asked.aligned.sum(axis=1), 1.0, atol=1e-5)


# ---- the stored experiment ----


def test_exchanged_data_and_weights_train_as_the_page_does() -> None:
    from evidence.long_dependencies import Exchanging
    from models.recurrent_training import compiled

    one, data, model = built(seed=5, samples=300)
    other, other_data, fresh = built(seed=6, samples=300)
    first = [array.copy() for array in fresh.get_weights()]
    exchanging = Exchanging(one, data, keras.models.clone_model(model))
    exchanging.begin(one, data, model.get_weights())
    exchanging.training.run(0, 4, 0.01)
    exchanging.begin(other, other_data, first)
    exchanging.training.run(0, 4, 0.01)
    plain = compiled(other, other_data, fresh)
    plain.run(0, 4, 0.01)
    for found, wanted in zip(exchanging.model.get_weights(), fresh.get_weights(), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-6)
