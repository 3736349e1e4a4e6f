"""Pictures of the recurrent network: from a real run to a payload and to charts that say what the arrays say."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from lab.charts import rnn_answers, rnn_inside, rnn_stage
from lab.datasets.series import SeriesData
from lab.direct import run
from lab.run_files import Record
from lab.shown_run import ShownRun
from models import rnn
from models.configs import RnnConfig
from models.views import RnnView

SHORT = {"epochs": 1, "samples": 200, "units": 6, "lag": 6}
CASES = ("adding", "recall", "copy", "reber", "reverse", "sunspots", "text")


@cache
def record(dataset: str, layers: int = 1) -> Record:
    return run(RnnConfig(dataset=dataset, layers=layers, **SHORT))  # type: ignore[arg-type]


def shown(dataset: str, layers: int = 1) -> ShownRun:
    return ShownRun.from_record(record(dataset, layers), "live")


@cache
def network(dataset: str) -> tuple[Any, Any]:
    config = RnnConfig(dataset=dataset, **SHORT)  # type: ignore[arg-type]
    data = rnn.load(config)
    return data, rnn.build(config, data)


def asked(dataset: str, question: dict[str, Any]) -> RnnView:
    data, model = network(dataset)
    return rnn.look(model, data, question)


@pytest.mark.parametrize("dataset", CASES)
def test_the_stage_joins_four_panels(dataset: str) -> None:
    found = rnn_stage.payload(shown(dataset))
    assert [panel["kind"] for panel in found["panels"]] == ["network", "plane", "curves", "curves"]
    assert all(panel["title"] and panel["alts"][0] for panel in found["panels"])
    live = shown(dataset)
    live.state, live.moments = "running", live.moments[-1:]
    assert len(rnn_stage.payload(live)["steps"]) == 1


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("dataset", ["adding", "reverse"])
def test_the_drawn_weights_are_those_of_the_model(dataset: str, layers: int) -> None:
    one = shown(dataset, layers)
    weights = record(dataset, layers).weights
    found = rnn_stage.between(one, one.view())
    expected = [weights[place] for place in range(len(weights) - 1) if weights[place].ndim == 2]
    assert len(found) == len(expected) == 2 * len(rnn_stage.recurrent_names(one)) + 1
    for drawn, real in zip(found, expected, strict=True):
        np.testing.assert_allclose(drawn, real[: drawn.shape[0], : drawn.shape[1]], atol=2e-3)


@pytest.mark.parametrize("dataset", CASES)
def test_every_picture_of_the_inside_applies_or_is_left_out(dataset: str) -> None:
    one = shown(dataset)
    view = one.view()
    for draw in (rnn_inside.states, rnn_inside.gradient, rnn_inside.radii, rnn_inside.form, rnn_inside.comparison):
        chart = draw(one, view)
        assert chart is not None and chart.to_dict()["height"] > 50
    assert (rnn_inside.slopes(one, view) is None) == (dataset != "adding")
    assert (rnn_inside.step_accuracy(one, view) is None) == (one.facts["data"]["form"] == "last")
    told = [rnn_inside.states_notice, rnn_inside.gradient_notice, rnn_inside.radii_notice, rnn_inside.comparison_notice,
            rnn_inside.form_notice]  # fmt: skip
    assert all(tell(one, view).endswith(".") for tell in told)


def test_the_notice_of_the_gradient_has_its_numbers() -> None:
    one = shown("adding")
    view = one.view()
    told = rnn_inside.gradient_notice(one, view)
    far = len(view.gradient) - 1
    factor = float(view.gradient[far] / view.gradient[0]) ** (1 / far)
    assert f"{factor:.3f}" in told.partition(";")[2]
    assert f"{view.slope_means[0]:.2f} at marked" in rnn_inside.slopes_notice(one, view)


def test_the_comparison_says_who_wins() -> None:
    one = shown("sunspots")
    told = rnn_inside.comparison_notice(one, one.view())
    best = min(float(line["value"]) for line in one.facts["baselines"])
    assert ("the network is ahead" in told) == (float(one.rows[-1]["test_rmse"]) < best)


@pytest.mark.parametrize(("dataset", "answers"), [("adding", 1), ("copy", None), ("reverse", None)])
def test_the_unrolled_form_has_a_box_for_each_answer(dataset: str, answers: int | None) -> None:
    one = shown(dataset, 2)
    boxes, arrows = rnn_inside.unrolled(one)
    data = one.facts["data"]
    shown_steps = [step for step in rnn_inside.shown_steps(data["steps"]) if step is not None]
    outputs = [box for box in boxes if box["kind"] == "output"]
    wanted = [step for step in rnn_inside.shown_steps(data["answer_steps"]) if step is not None]
    assert len(outputs) == (answers or len(wanted))
    assert len([box for box in boxes if box["kind"] == "input"]) == len(shown_steps)
    assert all(arrow["way"] in ("up", "right") for arrow in arrows)
    assert len([box for box in boxes if box["word"].startswith("w")]) == (len(wanted) if dataset == "reverse" else 0)


@pytest.mark.parametrize("layers", [1, 2])
def test_one_step_adds_up(layers: int) -> None:
    config = RnnConfig(dataset="recall", layers=layers, **SHORT)  # type: ignore[arg-type]
    data = rnn.load(config)
    model = rnn.build(config, data)
    view = rnn.look(model, data, {"row": 2})
    one = shown("recall", layers)
    for layer in range(layers):
        for step, unit in ((0, 0), (3, 5), (6, 2)):
            found = rnn_answers.step_of(one, view, layer, step, unit)
            assert np.tanh(found.total) == pytest.approx(found.state, abs=1e-5)
            told = rnn_answers.sentence(found, "h")
            assert told.endswith(f"{found.state:.3f}".replace("-", "−")) and "bias" in told
            assert rnn_answers.products(found).to_dict()["layer"]
    assert rnn_answers.trajectory(one, view, 0, 2, 1).to_dict()["layer"]
    assert rnn_answers.said(one, view, 2) == "It has not answered yet: only the last state does."
    assert "with chance" in rnn_answers.said(one, view, 6)


def test_lags_writing_fan_and_time_are_drawn() -> None:
    assert rnn_answers.lags(shown("recall"), asked("recall", {"lags": [2, 6, 12]}), [(6, 0.5)]).to_dict()["layer"]
    written = asked("text", {"write": "The ", "count": 6})
    assert rnn_answers.next_chances(shown("text"), written, 3).to_dict()["layer"]
    far = asked("sunspots", {"fan": 12})
    assert rnn_answers.fan(shown("sunspots"), far).to_dict()["layer"]
    assert far.fan is not None and far.fan_truth is not None
    inside = np.mean((far.fan_truth >= far.fan[0]) & (far.fan_truth <= far.fan[-1]))
    assert f"holds {100 * inside:.0f} %" in rnn_answers.fan_notice(far)
    data = network("sunspots")[0]
    assert isinstance(data, SeriesData)
    timed = RnnView(timing_lengths=np.array([4, 64]), timing=np.array([[1e-3, 1e-3], [2e-3, 8e-3], [4e-3, 2e-2]]))
    assert "1.0 times as long, the recurrent one 4.0 times" in rnn_answers.timing_notice(timed)
    assert rnn_answers.timing(timed).to_dict()["layer"]
