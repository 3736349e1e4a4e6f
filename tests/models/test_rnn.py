"""The recurrent network, recomputed: cells in NumPy, gradients by differences, AR by statsmodels, writing by counts."""

import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from lab.datasets.memory_tasks import memory_task
from lab.datasets.sequence import IGNORED, SequenceData
from lab.datasets.series import SeriesData, series
from lab.datasets.text import TextData, characters
from models import recurrent_training, rnn
from models.base import Array
from models.configs import RnnConfig
from models.recurrent import CutCell, Remember, cell_weights, numbers, recurrent_layer, recurrent_layers
from models.recurrent_baselines import (
    ar_one_step,
    ar_orders,
    baselines,
    seasonal_drift,
    step_accuracy_of_counts,
    text_loss,
)
from models.recurrent_forecast import walk
from models.recurrent_training import asked_places, counted_loss, gradient_by_lag, gradient_by_step, outputs_of
from models.recurrent_writing import Choice, likeliest
from models.rnn_look import asked, radius
from models.rnn_questions import score_at, seconds_of, stepper, typed
from models.rnn_replay import PlainLayer, Replay
from models.views import STATE_LEVELS

FORMS = ("adding", "recall", "copy", "running_parity", "reverse")


def small(dataset: str = "adding", **settings: Any) -> tuple[RnnConfig, SequenceData, keras.Model]:
    config = RnnConfig(**{"dataset": dataset, "lag": 6, "units": 5, "samples": 200, **settings})
    data = rnn.load(config)
    model = rnn.build(config, data)
    generator = np.random.default_rng(1)
    for weight in model.trainable_variables:  # biases begin at zero; a test needs them different
        weight.assign(weight.numpy() + generator.normal(0, 0.2, weight.shape))
    return config, data, model


# ---- the cell ----


def by_hand(model: keras.Model, data: SequenceData, inputs: Array, bend: Any) -> Array:
    """The whole network for one sequence, one unit at a time, in Python's own numbers."""
    x = numbers(data, inputs)
    weights = {layer.name: [part.numpy() for part in layer.weights] for layer in model.layers if layer.weights}

    def run(name: str, steps: Array) -> Array:
        kernel, recurrent, bias = weights[name]
        h, found = np.zeros(len(bias)), []
        for step in steps:
            h = np.array([
                bend(sum(step[i] * kernel[i, u] for i in range(len(step)))
                     + sum(h[k] * recurrent[k, u] for k in range(len(h))) + bias[u])
                for u in range(len(bias))
            ])  # fmt: skip
            found.append(h)
        return np.array(found)

    for name in sorted(name for name in weights if name.startswith("rnn_")):
        x = run(name, x)
    if data.form == "last":
        x = x[-1]
    if data.form == "sequence":
        x = run("write", np.repeat(x[-1:], data.answer_steps, axis=0))
    return np.asarray(x @ weights["output"][0] + weights["output"][1])


@pytest.mark.parametrize("settings", [{}, {"layers": 2}, {"activation": "relu", "truncation": 2}])
@pytest.mark.parametrize("dataset", FORMS)
def test_keras_the_replay_and_the_equation_agree(dataset: str, settings: dict[str, Any]) -> None:
    config, data, model = small(dataset, **settings)
    known = outputs_of(model, data.test_inputs[:4])
    np.testing.assert_allclose(
        Replay.of(model, data).outputs(numbers(data, data.test_inputs[:4])), known, rtol=1e-5, atol=1e-6
    )
    bend = math.tanh if config.activation == "tanh" else (lambda z: max(z, 0.0))
    np.testing.assert_allclose(by_hand(model, data, data.test_inputs[0], bend), known[0], rtol=1e-5, atol=1e-6)


def test_the_view_shows_the_states_that_keras_computes() -> None:
    _, data, model = small("recall", layers=2, units=40)
    view = rnn.look(model, data)
    tapped = keras.Model(model.input, [layer.output for layer in recurrent_layers(model)])
    first = np.asarray(tapped(data.test_inputs[:1])[0])[0]
    assert view.states is not None and view.state_peaks is not None and view.radius is not None
    assert view.states.shape == (2, 7, 32)
    np.testing.assert_allclose(
        view.states[0] / STATE_LEVELS * view.state_peaks[0],
        first[:, :32],
        atol=0.51 * view.state_peaks[0] / STATE_LEVELS,
    )
    for place, layer in enumerate(recurrent_layers(model)):
        values = np.linalg.eigvals(cell_weights(layer)[1])
        assert view.radius[place] == pytest.approx(np.abs(values).max(), rel=1e-5)
    rotated = np.array([[math.cos(1), -math.sin(1)], [math.sin(1), math.cos(1)]]) * 0.7
    assert radius(rotated) == pytest.approx(0.7)


def test_parameters_follow_the_formula() -> None:
    for layers, expected in ((1, 8 * 32 + 32 * 32 + 32), (2, 8 * 32 + 32 * 32 + 32 + 2 * 32 * 32 + 32)):
        _, _, model = small("recall", units=32, layers=layers)
        assert sum(layer.count_params() for layer in recurrent_layers(model)) == expected
    counts = {"simple": 1312, "gru": 4032, "lstm": 5248}  # 8 inputs, 32 units
    for kind, count in counts.items():
        layer = recurrent_layer(kind, 32, name="x", sequences=True)  # type: ignore[arg-type]
        layer.build((None, 4, 8))
        assert layer.count_params() == count


@pytest.mark.parametrize("start", ["orthogonal", "glorot_uniform", "identity"])
def test_first_weights_of_u_are_what_their_name_says(start: Any) -> None:
    config = RnnConfig(initialization=start, units=16)
    model = rnn.build(config, rnn.load(config))
    matrix = cell_weights(recurrent_layers(model)[0])[1].astype(np.float64)
    if start == "identity":
        np.testing.assert_array_equal(matrix, np.eye(16))
    elif start == "orthogonal":
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(16), atol=1e-5)
    else:
        assert np.abs(matrix).max() <= math.sqrt(6 / 32) and matrix.std() == pytest.approx(math.sqrt(2 / 32), rel=0.15)


def test_first_biases_that_remember() -> None:
    lstm = np.asarray(Remember(keep=2.0)((20,)))
    np.testing.assert_array_equal(lstm, np.repeat([0, 2, 0, 0], 5))
    gru = np.asarray(Remember(keep=-1.0)((2, 15)))
    np.testing.assert_array_equal(gru[0], np.repeat([-1, 0, 0], 5))
    assert not gru[1].any()
    chrono = np.asarray(Remember(longest=50)((400,)))
    keep = chrono[100:200]
    np.testing.assert_allclose(chrono[:100], -keep)
    assert keep.min() >= 0 and keep.max() <= math.log(49) and np.exp(keep).mean() == pytest.approx(25, abs=5)


# ---- the gradient ----


def widened(one: PlainLayer) -> PlainLayer:
    """Return a layer in double precision."""
    kernel, recurrent, bias = (part.astype(np.float64) for part in (one.kernel, one.recurrent, one.bias))
    return PlainLayer(kernel, recurrent, bias, one.bend, one.cut)


@pytest.mark.parametrize("dataset", FORMS)
def test_gradients_agree_with_differences_and_with_the_tape(dataset: str) -> None:
    _, data, model = small(dataset, layers=2)
    rows = np.arange(3)
    replay = Replay.of(model, data)
    wide = Replay(
        [widened(one) for one in replay.layers], None if replay.write is None else widened(replay.write),
        replay.kernel.astype(np.float64), replay.bias.astype(np.float64), replay.form, replay.answers,
    )  # fmt: skip
    x = numbers(data, data.test_inputs[rows]).astype(np.float64)
    places, truths = asked(data, rows)
    found = wide.gradients(x, places, truths)
    for row, step, feature in ((0, 0, 0), (1, 3, 0), (2, data.steps - 1, data.features - 1)):
        ends = []
        for change in (1e-5, -1e-5):
            moved = x.copy()
            moved[row, step, feature] += change
            outputs = wide.outputs(moved).reshape(3, -1, data.outputs)
            ends.append(outputs[row, places[row], truths[row]])
        assert found[row, step, feature] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6, abs=1e-9)
    np.testing.assert_allclose(gradient_by_step(model, data, rows), found, rtol=1e-4, atol=1e-6)


def test_a_cut_ends_the_gradient_and_changes_no_state() -> None:
    _, data, whole = small("adding", lag=7)
    _, _, cut = small("adding", lag=7, truncation=3)
    cut.set_weights(whole.get_weights())
    np.testing.assert_allclose(outputs_of(cut, data.test_inputs), outputs_of(whole, data.test_inputs), atol=1e-6)
    rows = np.arange(2)
    taped = gradient_by_step(cut, data, rows)
    assert not taped[:, :6].any() and taped[:, 6].any()  # cut between step 6 and 7: only the last step is reached
    replayed = Replay.of(cut, data).gradients(data.test_inputs[rows], *asked(data, rows))
    np.testing.assert_allclose(replayed, taped, rtol=1e-5, atol=1e-7)
    assert isinstance(recurrent_layers(cut)[0].cell, CutCell)


def test_the_gradient_by_lag_counts_from_the_answer_back() -> None:
    _, data, model = small("reber", lag=8)
    rows = np.arange(20)
    gradients = gradient_by_step(model, data, rows)
    found = gradient_by_lag(data, gradients, rows)
    places = asked_places(data)[rows]
    np.testing.assert_array_equal(places, [int(np.flatnonzero(data.scored()[row])[-1]) for row in rows])
    for lag in (0, 3, 7):
        lengths = [np.linalg.norm(gradients[row, places[row] - lag]) for row in rows if places[row] >= lag]
        assert found[lag] == pytest.approx(np.mean(lengths), rel=1e-5)
    assert not any(gradients[row, places[row] + 1 :].any() for row in rows)  # nothing comes from the future


def test_slopes_of_the_adding_problem_are_split_by_the_marks() -> None:
    _, data, model = small("adding", lag=8)
    view = rnn.look(model, data)
    assert view.slope_means is not None and view.slopes is not None and data.test_slopes is not None
    slopes = gradient_by_step(model, data, np.arange(64))[..., 0]
    marked = data.test_slopes[:64] == 1
    np.testing.assert_allclose(view.slope_means, [slopes[marked].mean(), slopes[~marked].mean()], atol=1e-5)
    np.testing.assert_allclose(view.slopes, slopes[:12], atol=1e-5)


# ---- loss and score ----


def test_the_loss_is_the_mean_over_the_answers_that_count() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(3, 4, 5)).astype(np.float32)
    targets = generator.integers(0, 5, (3, 4)).astype(np.int32)
    targets[0, 1] = targets[2] = IGNORED
    each = [
        -math.log(math.exp(logits[row, step, targets[row, step]]) / np.exp(logits[row, step]).sum())
        for row in range(3) for step in range(4) if targets[row, step] != IGNORED
    ]  # fmt: skip
    assert float(counted_loss(tf.constant(targets), tf.constant(logits))) == pytest.approx(np.mean(each), rel=1e-5)


def test_scores_count_only_what_is_scored() -> None:
    data = memory_task("anbn", lag=4, samples=20, test_samples=50)
    perfect = np.eye(4)[data.test_targets]
    assert recurrent_training.accuracy(data, perfect) == 1.0
    always_b = np.zeros((50, data.steps, 4))
    always_b[..., 2] = 1
    assert recurrent_training.accuracy(data, always_b) == 0.0  # it never ends a sequence
    always_end = np.zeros((50, data.steps, 4))
    always_end[..., 3] = 1
    ones = np.mean([(row == 1).sum() == 1 for row in data.test_inputs])
    assert recurrent_training.accuracy(data, always_end) == pytest.approx(ones)
    steps = recurrent_training.accuracy_by_step(data, perfect)
    assert set(steps[np.isfinite(steps)].tolist()) == {1.0} and steps.shape == (data.steps,)


def test_a_gain_of_zero_is_the_mean_and_of_a_series_persistence() -> None:
    data = memory_task("adding", lag=10, samples=20, test_samples=20_000)
    assert recurrent_training.regression_scores(data, np.ones((20_000, 1)))["test_gain"] == pytest.approx(0, abs=0.03)
    spots = series("sunspots", window=5, changes=True)
    again = np.full((len(spots.test_inputs), 1), -spots.target_mean / spots.target_scale)  # no change
    scores = recurrent_training.regression_scores(spots, again)
    assert scores["test_gain"] == pytest.approx(0, abs=1e-9)
    assert scores["test_rmse"] == pytest.approx(32.9, abs=0.05)


# ---- without a network ----


@pytest.mark.parametrize(("name", "order"), [("sunspots", 2), ("sunspots", 9), ("co2", 13)])
def test_ar_is_that_of_statsmodels_and_of_least_squares(name: str, order: int) -> None:
    from statsmodels.tsa.ar_model import AutoReg

    data = series(name, window=8, changes=False)
    values, start = data.series, data.test_start
    assert values is not None
    rows = np.array([[1.0, *values[place - order : place][::-1]] for place in range(order, len(values))])
    weights = np.linalg.lstsq(rows[: start - order], values[order:start], rcond=None)[0]
    np.testing.assert_allclose(ar_one_step(data, order), rows[start - order :] @ weights, rtol=1e-5)
    fitted = AutoReg(values[:start], lags=order).fit()
    applied = AutoReg(values, lags=order).predict(fitted.params, start=start, end=len(values) - 1)
    np.testing.assert_allclose(ar_one_step(data, order), applied, rtol=1e-8)


def test_baselines_of_a_series_are_recomputed() -> None:
    data = series("co2", window=8, changes=False)
    values = data.series
    assert values is not None and ar_orders(data) == [2, 9, 13]
    known = {one.name: one.value for one in baselines(data)}
    truth = values[data.test_start :]

    def error(predicted: list[float]) -> float:
        return math.sqrt(sum((one - other) ** 2 for one, other in zip(predicted, truth, strict=True)) / len(truth))

    places = range(data.test_start, len(values))
    assert known["Last value again"] == pytest.approx(error([values[place - 1] for place in places]))
    assert known["Season before"] == pytest.approx(error([values[place - 12] for place in places]))
    drifted = [values[place - 12] + values[place - 1] - values[place - 13] for place in places]
    assert known["Season before, with drift"] == pytest.approx(error(drifted)) == pytest.approx(0.42, abs=0.005)
    np.testing.assert_allclose(seasonal_drift(data), drifted)


def test_counts_of_characters_by_the_book() -> None:
    told = "".join(np.random.default_rng(2).choice(list("abc "), 4000, p=[0.5, 0.2, 0.2, 0.1]))
    data = characters(told, window=20)
    learned = told[: data.test_start]

    def chance(context: str, symbol: str, order: int) -> float:
        if order < 0:
            return 1 / 4
        recent = context[len(context) - order :]
        after = [
            learned[place + order] for place in range(len(learned) - order) if learned[place : place + order] == recent
        ]
        shorter = chance(context, symbol, order - 1)
        kinds = len(set(after))
        return (after.count(symbol) + kinds * shorter) / (len(after) + kinds) if after else shorter

    asked_at = data.test_start + np.arange(40)
    expected = -np.mean([math.log(chance(told[: place + 1], told[place + 1], 2)) for place in asked_at])
    few = TextData(**{**data.__dict__, "test_inputs": data.test_inputs[:2], "test_targets": data.test_targets[:2]})
    assert text_loss(few, 2) == pytest.approx(expected, rel=2e-3)  # the ends of the text count once more or less


def test_a_table_of_counts_cannot_count_but_knows_the_last_symbols() -> None:
    data = memory_task("anbn", lag=6, samples=300)
    assert step_accuracy_of_counts(data, 3) < 0.7
    copied = memory_task("copy", lag=10, samples=300)
    assert step_accuracy_of_counts(copied, 3) == pytest.approx(1 / 8, abs=0.06)


# ---- writing ----


def test_temperature_and_top_k_give_the_chances_of_the_book() -> None:
    logits = np.array([1.0, 3.0, 0.0, 2.0, -1.0])
    plain = np.exp(logits / 0.7) / np.exp(logits / 0.7).sum()
    np.testing.assert_allclose(Choice(0.7).chances(logits), plain)
    kept = np.where(np.isin(np.arange(5), [1, 3]), np.exp(logits / 2.0), 0)
    np.testing.assert_allclose(Choice(2.0, top_k=2).chances(logits), kept / kept.sum())
    np.testing.assert_array_equal(Choice(0.0).chances(logits), [0, 1, 0, 0, 0])
    np.testing.assert_allclose(Choice(10.0).chances(1e6 * logits).sum(), 1.0)
    tokens, chances = likeliest(Choice(1.0).chances(logits), 7)
    assert tokens[:5].tolist() == [1, 3, 0, 2, 4] and tokens[5:].tolist() == [-1, -1] and chances[5:].sum() == 0
    with pytest.raises(ValueError, match="temperature"):
        Choice(-1.0)


def test_draws_follow_the_chances() -> None:
    logits, generator = np.array([0.0, 1.0, 2.0]), np.random.default_rng(0)
    choice = Choice(1.5)
    drawn = np.bincount([choice.draw(logits, generator) for _ in range(6000)], minlength=3) / 6000
    np.testing.assert_allclose(drawn, choice.chances(logits), atol=0.025)


def written_text() -> tuple[SequenceData, keras.Model]:
    data = characters("the cat sat on the mat. " * 200, window=20)
    model = rnn.build(RnnConfig(dataset="text", units=8, layers=2, lag=20), data)
    return data, model


def test_writing_goes_on_from_the_state_of_its_beginning() -> None:
    data, model = written_text()
    assert isinstance(data, TextData)
    view = rnn.look(model, data, {"write": "the ", "count": 12, "temperature": 0.0})
    assert view.written is not None and view.written_chances is not None and view.written_tokens is not None
    assert data.decode(view.written[:4]) == "the " and len(view.written) == 16
    whole = Replay.of(model, data).outputs(numbers(data, view.written[np.newaxis]))[0]
    np.testing.assert_array_equal(view.written[4:], whole[3:-1].argmax(axis=1))
    step = stepper(Replay.of(model, data))
    np.testing.assert_allclose([step(int(token)) for token in view.written], whole, rtol=1e-4, atol=1e-6)
    again = [rnn.look(model, data, {"write": "a", "count": 30, "seed": seed}).written for seed in (3, 3, 4)]
    assert again[0] is not None and (again[0] == again[1]).all() and (again[0] != again[2]).any()
    warm = rnn.look(model, data, {"write": "a", "count": 5, "temperature": 1.0, "top_k": 3})
    assert warm.written_chances is not None and (warm.written_chances[:, 3:] == 0).all()
    np.testing.assert_allclose(warm.written_chances.sum(axis=1), 1.0, rtol=1e-5)


# ---- far ahead ----


@pytest.mark.parametrize("changes", [False, True])
def test_paths_feed_on_themselves(changes: bool) -> None:
    data = series("sunspots", window=4, changes=changes)
    assert isinstance(data, SeriesData) and data.series is not None

    def mean_of_two(windows: Array) -> Array:
        return windows[:, -2:, 0].mean(axis=1, keepdims=True)

    errors = np.array([[0.0, 0.0, 0.0], [5.0, -3.0, 1.0]])
    found = walk(mean_of_two, data, errors)
    for path, added in enumerate(errors):
        known = list(data.series[: data.test_start])
        for step in range(3):
            mean = known[-1] + (known[-1] - known[-3]) / 2 if changes else (known[-1] + known[-2]) / 2
            known.append(mean + added[step])
        np.testing.assert_allclose(found[path], known[-3:], rtol=1e-5)


def test_a_fan_stands_beside_ar_that_feeds_on_itself() -> None:
    config = RnnConfig(dataset="sunspots", lag=12, units=6)
    data = rnn.load(config)
    view = rnn.look(rnn.build(config, data), data, {"fan": 15})
    assert view.fan is not None and view.fan.shape == (5, 15) and view.fan_other is not None
    assert (np.diff(view.fan, axis=0) >= 0).all()
    assert isinstance(data, SeriesData) and data.series is not None and view.other_fan is not None
    from models.recurrent_baselines import ar_parameters

    intercept, *weights = ar_parameters(data, 12)
    known = list(data.series[: data.test_start])
    for _ in range(15):
        known.append(intercept + sum(weight * known[-back] for back, weight in enumerate(weights, start=1)))
    np.testing.assert_allclose(view.fan_other, known[-15:], rtol=1e-6)
    assert (view.other_fan[0] < view.fan_other).all() and (view.fan_other < view.other_fan[1]).all()
    np.testing.assert_array_equal(view.fan_truth, data.truth()[:15])


# ---- questions ----


def test_an_unrolled_network_is_complete() -> None:
    _, data, model = small("recall", layers=2)
    view = rnn.look(model, data, {"typed": "abca"})
    assert view.unrolled_states is not None and view.unrolled_weights is not None and view.unrolled_outputs is not None
    assert view.unrolled_states.shape == (2, 4, 5)
    np.testing.assert_array_equal(
        view.unrolled_weights, np.concatenate([weight.ravel() for weight in model.get_weights()])
    )
    row = rnn.look(model, data, {"row": 3})
    assert row.unrolled_outputs is not None
    np.testing.assert_allclose(row.unrolled_outputs, outputs_of(model, data.test_inputs[3:4]), atol=1e-5)


def test_other_lags_are_measured_on_new_sequences() -> None:
    _, data, model = small("recall")
    view = rnn.look(model, data, {"lags": [2, 9]})
    assert view.lag_scores is not None and view.lags is not None and view.lags.tolist() == [2, 9]
    other = memory_task("recall", lag=9, samples=1, seed=1, test_samples=400)
    guesses = Replay.of(model, data).outputs(numbers(other, other.test_inputs)).argmax(axis=1)
    assert view.lag_scores[1] == pytest.approx(np.mean(guesses == other.test_targets))
    _, reading, writer = small("reverse")
    assert 0 <= score_at(Replay.of(writer, reading), reading, 11) <= 1


@pytest.mark.parametrize(
    ("dataset", "question", "told"),
    [
        ("adding", {"nothing": 1}, "ask about"),
        ("adding", {"row": 1000}, "test sequences 0 to 999"),
        ("adding", {"typed": "01"}, "cannot be typed"),
        ("recall", {"typed": "abz"}, '"z" is no symbol'),
        ("recall", {"typed": ""}, "type 1 to"),
        ("recall", {"lags": [0]}, "lags lie between"),
        ("recall", {"write": "a"}, "learned a text"),
        ("recall", {"fan": 5}, "only series"),
        ("sunspots", {"lags": [5]}, "only memory tasks"),
        ("sunspots", {"fan": 500}, "1 to 60 values"),
        ("recall", {"timing": [0]}, "lengths lie between"),
    ],
)
def test_questions_that_cannot_be_answered_say_why(dataset: str, question: dict[str, Any], told: str) -> None:
    _, data, model = small(dataset)
    with pytest.raises(ValueError, match=told):
        rnn.look(model, data, question)


def test_bits_can_be_typed() -> None:
    data = memory_task("parity", lag=5, samples=3)
    np.testing.assert_array_equal(typed(data, "0110"), [[0], [1], [1], [0]])


def test_time_is_measured() -> None:
    assert all(seconds > 0 for seconds in seconds_of(8))
