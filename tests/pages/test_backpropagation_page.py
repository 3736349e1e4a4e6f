"""The page on backpropagation, driven through its widgets, and its pictures; the engine behind it is real."""

import json
import re
import time
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lab.charts import (
    backpropagation_bends,
    backpropagation_losses,
    backpropagation_perceptron,
    backpropagation_stage,
    backpropagation_steps,
)
from lab.charts.backpropagation_chain import chain, factor, forward, tex
from lab.charts.backpropagation_graph import graph_payload
from lab.charts.backpropagation_numbers import (
    number,
    parameters,
    per_layer,
    relative_error,
    relative_errors,
    three_gradients,
    walk,
)
from lab.components.computation_graph import Act, act_of
from lab.direct import run as train_run
from lab.lessons.backpropagation import ACTIVATIONS
from lab.shown_run import ShownRun
from models import backpropagation
from models.configs import BackpropagationConfig
from models.views import BackpropagationView
from tests.pages.conftest import open_page

DEADLINE = 90.0
CASES: dict[str, dict[str, Any]] = {
    "xor": {"epochs": 2},
    "iris": {"dataset": "iris", "inputs": 4, "epochs": 2, "optimizer": "adam"},
    "iris squared": {"dataset": "iris", "loss": "squared_error", "layers": 1, "epochs": 1},
    "plane": {"dataset": "plane", "epochs": 2, "layers": 0},
    "xor squared": {"loss": "squared_error", "layers": 3, "units": 4, "epochs": 1},
}


@cache
def trained(name: str) -> ShownRun:
    return ShownRun.from_record(train_run(BackpropagationConfig(**CASES[name])))


@cache
def answered(name: str, kind: str = "example") -> tuple[Any, tuple[int, ...], str]:
    config = BackpropagationConfig(**CASES[name])
    data = backpropagation.load(config)
    model = backpropagation.build(config, data)
    return backpropagation.look(model, data, {"kind": kind}), data.sizes, data.loss


# ---- pictures ----


@pytest.mark.parametrize("name", CASES)
def test_the_stage_shows_every_weight_and_every_optimizer(name: str) -> None:
    run = trained(name)
    payload = json.loads(json.dumps(backpropagation_stage.payload(run), allow_nan=False))
    network, plane, losses, scores = payload["panels"]
    sizes = [layer["units"] for layer in network["layers"]]
    assert [len(pair["source"]) for pair in network["edges"]] == [a * b for a, b in pairwise(sizes)]
    assert len(plane["paths"]) == len(plane["classes"]) == len(losses["series"]) == 5
    assert len(plane["backgrounds"]) == len(run.moments)
    assert losses["log"] and scores["series"]


def test_the_weights_drawn_are_the_kernels() -> None:
    run = trained("iris")
    views = run.views()
    panel = backpropagation_stage.network(run, views)
    start = 0
    for place, (before, after) in enumerate(pairwise([4, 3, 3, 3])):
        kernel = views[-1].weights[start : start + before * after].reshape(before, after)
        edges = panel.edges[place]
        np.testing.assert_allclose(panel.weights[place][-1], kernel[list(edges.source), list(edges.target)])
        start += before * after + after


def test_the_way_of_an_optimizer_ends_where_it_stands_and_leaves_the_picture_unseen() -> None:
    run = trained("xor")
    panel = backpropagation_stage.result(run, run.views())
    for place, racer in enumerate(backpropagation_stage.RACERS):
        last = run.rows[-1]
        np.testing.assert_allclose(panel.points[0].positions[-1, place], [last[f"x_{racer}"], last[f"y_{racer}"]])
        ways = panel.paths[place].positions
        assert np.isfinite(ways[-1]).all() and np.isnan(ways[0, 1:]).all()
    far = ShownRun(**{**run.__dict__, "rows": [{**row, "x_adam": 99.0} for row in run.rows]})
    assert np.isnan(backpropagation_stage.positions(far, "adam")[:, 1:]).all()


def test_hills_are_stronger_where_the_loss_is_larger() -> None:
    picture = backpropagation_stage.hills(np.array([[0.01, 0.1], [1.0, np.inf]]))
    opacity = picture[..., 3].ravel().astype(int)
    assert opacity[0] == 0 and (np.diff(opacity) > 0).all()


@cache
def drawn(name: str) -> dict[str, Any]:
    view, sizes, _ = answered(name)
    classes = {"iris": 3, "plane": 0}.get(name.split()[0], 2)
    names = [f"x{place}" for place in range(sizes[0])]
    payload: dict[str, Any] = json.loads(json.dumps(graph_payload(view, sizes, names, 0, classes), allow_nan=False))
    return payload


@pytest.mark.parametrize("name", CASES)
def test_the_graph_has_every_number_with_three_digits(name: str) -> None:
    view, sizes, _ = answered(name)
    payload = drawn(name)
    fields = {
        "inputs": view.inputs, "target": view.target, "parameters": view.parameters, "gradients": view.by_hand,
        "sums": view.sums, "outputs": view.outputs, "slopes": view.slopes, "deltas": view.deltas, "loss": view.loss,
        "loss_after": view.loss_after, "updated": view.updated,
    }  # fmt: skip
    assert payload["texts"].keys() == fields.keys()
    for field, values in fields.items():
        read = [float(text.replace("−", "-")) for text in payload["texts"][field]]
        np.testing.assert_allclose(read, values, rtol=5.1e-3)
    assert payload["parameters"] == view.parameters.tolist() and payload["updated"] == view.updated.tolist()
    assert len(payload["labels"]) == sizes[0] + 1 + len(view.parameters)
    assert len(payload["heads"]) == len(sizes) + 1


@pytest.mark.parametrize("name", CASES)
def test_the_graph_tells_a_number_only_once_it_is_known(name: str) -> None:
    sizes = answered(name)[1]
    known, stations = drawn(name)["known"], walk(sizes)
    layers = range(1, len(sizes))
    assert [stations[known["forward"][layer]] for layer in layers] == [f"Forward {layer}" for layer in layers]
    assert [stations[known["back"][layer]] for layer in layers] == [f"Back {layer}" for layer in layers]
    assert known["forward"][-1] < known["loss"] < min(known["back"][1:]) <= max(known["back"]) < known["update"]
    assert sorted(known["back"][1:], reverse=True) == known["back"][1:]  # the last layer hears of the loss first
    assert len(drawn(name)["stations"]) == len(stations) == known["update"] + 1


def test_the_stations_say_what_happens_with_the_numbers_of_the_example() -> None:
    view, _, _ = answered("xor")
    told = {one["name"]: one["text"] for one in drawn("xor")["stations"]}
    assert number(float(view.loss[0]), 4) in told["Loss"]
    falls = view.loss_after[0] < view.loss[0]
    assert ("falls" if falls else "does not fall") in told["Update"]
    assert number(float(view.loss_after[0]), 4) in told["Update"]


@pytest.mark.parametrize(
    ("said", "act"),
    [
        ({"place": 3, "value": None}, Act(3, None)),
        ({"place": 3.0, "value": 2}, Act(3, 2.0)),
        ({"place": 10, "value": 1.0}, None),
        ({"place": -1, "value": 1.0}, None),
        ({"place": True, "value": 1.0}, None),
        ({"place": 0, "value": float("nan")}, None),
        ({"place": 0, "value": 1e9}, None),
        ({"place": 0, "value": "1"}, None),
        ({"value": 1.0}, None),
        ("weights", None),
        (None, None),
    ],
)
def test_what_a_browser_says_is_checked(said: Any, act: Act | None) -> None:
    assert act_of({"act": said}, 10) == act


@pytest.mark.parametrize("name", CASES)
def test_each_parameter_has_three_gradients_in_the_table(name: str) -> None:
    view, sizes, _ = answered(name)
    rows = three_gradients(view, sizes)
    assert [row["∂L / ∂"] for row in rows] == [one.name for one in parameters(sizes)]
    for column, values in (
        ("by hand (NumPy)", view.by_hand), ("GradientTape", view.by_tape), ("finite differences", view.by_differences),
    ):  # fmt: skip
        read = [float(row[column].replace("−", "-")) for row in rows]
        np.testing.assert_allclose(read, values, rtol=1e-5, atol=1e-15)
    assert max(float(row["relative error"]) for row in rows) < 1e-6


def evaluated(side: str) -> float:
    """Return the value of one side of an equation of numbers in LaTeX."""
    plain = side.replace(r"\\ & \quad", " ")  # a sum on two lines
    plain = re.sub(r"\\left|\\right|\\,", "", plain).replace(r"\cdot", "*")
    plain = re.sub(r"10\^\{(-?\d+)\}", r"1e\1", plain)
    plain = re.sub(r"(\d|\))\s*\(", r"\1*(", plain)
    return float(eval(plain, {"__builtins__": {}}))


@pytest.mark.parametrize("name", CASES)
def test_each_line_of_the_chain_rule_comes_out_right(name: str) -> None:
    view, sizes, loss = answered(name)
    deltas = per_layer(view.deltas, sizes)
    for one in parameters(sizes):
        lines = chain(view, sizes, one.index, loss)
        assert len(lines) == 2 + sum(sizes[one.layer + 1 :])
        assert lines[0].endswith(f"= {tex(float(view.by_hand[one.index]))}")
        lines = [line.removesuffix(r" \end{aligned}") for line in lines]
        assert lines[1].endswith(f"= {tex(float(deltas[one.layer - 1][one.target]))}")
        for line in lines:
            *_, product, result = line.split(" = ")
            if re.search(r"[a-zδ]", re.sub("left|right|cdot|quad", "", product)):
                continue  # a bias: delta times 1
            assert evaluated(product) == pytest.approx(evaluated(result), rel=0.03, abs=0.02)


@pytest.mark.parametrize("name", CASES)
def test_the_way_forward_is_written_out_with_its_numbers(name: str) -> None:
    view, sizes, _ = answered(name)
    for one in parameters(sizes):
        sum_line, output_line = forward(view, sizes, one.index)
        *_, terms, result = sum_line.removesuffix(r" \end{aligned}").split(" = ")
        z, a = (per_layer(values, sizes)[one.layer - 1][one.target] for values in (view.sums, view.outputs))
        assert result == tex(float(z)) and tex(float(a)) in output_line
        assert terms.count(" + ") == sizes[one.layer - 1]
        assert evaluated(terms) == pytest.approx(z, rel=0.03, abs=0.03)


@pytest.mark.parametrize(("value", "text"), [(0.5, "0.5"), (-2.0, "(-2)"), (1.234e-7, r"(1.23 \cdot 10^{-7})")])
def test_factors(value: float, text: str) -> None:
    assert factor(value) == text


def test_relative_errors() -> None:
    assert relative_error(np.array([3.0, 4.0]), np.array([3.0, 4.0])) == 0.0
    assert relative_error(np.array([3.0, 4.0]), np.array([-3.0, -4.0])) == 1.0
    assert relative_errors(np.array([2.0, 0.0]), np.array([1.0, 0.0])).tolist() == [0.5, 0.0]
    assert relative_error(np.zeros(2), np.zeros(2)) == 0.0


def test_parameters_stand_in_the_order_of_the_flat_row() -> None:
    names = [one.name for one in parameters((2, 3, 1))]
    assert names[:4] == ["w¹ 1→1", "w¹ 1→2", "w¹ 1→3", "w¹ 2→1"]
    assert names[6:] == ["b¹ 1", "b¹ 2", "b¹ 3", "w² 1→1", "w² 2→1", "w² 3→1", "b² 1"]


def test_limits_of_a_step_by_an_example_one_can_check_by_head() -> None:
    rates = np.array([0.1, 1.0, 10.0])
    changes = np.tile(np.array([-0.1, -0.5, 3.0])[np.newaxis, :, np.newaxis], (4, 1, 5))
    before = np.ones((4, 5))
    view = BackpropagationView(
        rate=np.array([0.1]), before=before, after=before - 0.1, predicted=np.full((4, 5), -0.1), rates=rates,
        changes=changes,
    )  # fmt: skip
    row = backpropagation_steps.limits(view)[0]
    assert row["Loss fell"] == "100% of seeds" and row["True / predicted, median"] == "1"
    assert row["Promise off by a tenth from"] == "1" and row["Step stops helping from"] == "10"
    assert backpropagation_steps.first_rate(np.zeros((3, 5), bool), rates) == np.inf


@pytest.mark.parametrize("name", ["xor", "plane", "iris"])
def test_the_wider_lessons_are_drawn(name: str) -> None:
    task = "regression" if name == "plane" else "classification"
    seeds, losses, bends, perceptron = (answered(name, kind)[0] for kind in ("seeds", "losses", "bends", "perceptron"))
    charts = [
        backpropagation_steps.promises(seeds), backpropagation_steps.sweep(seeds), backpropagation_losses.paid(losses),
        backpropagation_losses.pulls(losses), backpropagation_losses.learned(losses, task),
        backpropagation_bends.bends(bends, ACTIVATIONS, "selu", np.array([0.3, -1.0])),
        backpropagation_perceptron.mistakes(perceptron), backpropagation_perceptron.orders(perceptron),
    ]  # fmt: skip
    for chart in charts:
        json.dumps(chart.to_dict())
    assert len(backpropagation_steps.limits(seeds)) == len(backpropagation_losses.table(losses, task)) == 4


# ---- the page ----


def run_of(page: AppTest) -> Any:
    return page.session_state["backpropagation:shown"]


def ready(**query: Any) -> AppTest:
    page = open_page("backpropagation", **query)
    until = time.monotonic() + DEADLINE
    while run_of(page).state not in ("prepared", "finished"):
        assert time.monotonic() < until, run_of(page)
        time.sleep(0.2)
        page.run()
    return page.run()


def texts(page: AppTest) -> str:
    return " ".join(str(block.value) for block in [*page.markdown, *page.latex] if block.value)


def widget(kind: Any, label: str) -> Any:
    return next(one for one in kind if one.label == label)


def gradients(page: AppTest) -> list[dict[str, str]]:
    """Return the rows of the table of three gradients."""
    found = next(one.value for one in page.dataframe if "GradientTape" in one.value.columns)
    rows: list[dict[str, str]] = found.to_dict("records")
    return rows


def column(page: AppTest, name: str) -> list[float]:
    return [float(str(row[name]).replace("−", "-")) for row in gradients(page)]


@cache
def untrained() -> AppTest:
    """Return one page for all tests that train nothing; each compares with what it finds."""
    return ready(epochs="3", seed="21")


def test_the_untrained_network_is_written_out_and_a_weight_can_be_changed() -> None:
    page = untrained()
    assert not page.exception and not page.warning
    assert [line.value.count("[6pt]") for line in page.latex] == [1, 5]
    first, slopes = [line.value for line in page.latex], column(page, "by hand (NumPy)")
    widget(page.selectbox, "Parameter").select_index(20).run()
    assert not page.exception
    assert [line.value for line in page.latex] != first
    assert column(page, "by hand (NumPy)") == slopes
    widget(page.number_input, "Its value").set_value(2.5).run()
    assert not page.exception and not page.warning
    assert column(page, "by hand (NumPy)") != slopes
    assert max(column(page, "relative error")) < 1e-6
    assert widget(page.number_input, "Its value").value == 2.5
    widget(page.button, "Undo changes").click().run()
    assert column(page, "by hand (NumPy)") == slopes


def test_another_example_has_other_numbers_and_errors_stay_below_a_millionth() -> None:
    page = untrained()
    first = column(page, "GradientTape")
    assert len(first) == 25 and max(column(page, "relative error")) < 1e-6
    widget(page.number_input, "Training example").set_value(7).run()
    assert not page.exception and not page.warning
    assert column(page, "GradientTape") != first
    assert max(column(page, "relative error")) < 1e-6


def test_another_bend_in_the_same_network() -> None:
    page = untrained()
    first = column(page, "GradientTape")
    widget(page.selectbox, "Activation here").select("softplus").run()
    assert not page.exception and not page.warning
    assert column(page, "GradientTape") != first
    assert max(column(page, "relative error")) < 1e-6
    assert run_of(page).config["activation"] == "tanh"


def test_trains_and_shows_the_trained_weights() -> None:
    page = ready(epochs="3", seed="22", dataset="iris", inputs="3")
    next(button for button in page.button if button.label == "Train").click().run()
    until = time.monotonic() + DEADLINE
    while not run_of(page).final:
        assert time.monotonic() < until
        time.sleep(0.1)
        page.run()
    page.run()
    before = column(page, "by hand (NumPy)")
    page.segmented_control(key="backpropagation:source").set_value("As trained").run()
    assert not page.exception and not page.warning
    assert column(page, "by hand (NumPy)") != before
    assert run_of(page).rows[-1]["step"] == run_of(page).total_steps


def test_the_code_shown_is_the_code_of_the_file() -> None:
    page = untrained()
    shown = page.code[0].value
    assert "def by_hand" in shown and "def build" in shown
