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
from lab.charts.backpropagation_chain import chain, factor, tex
from lab.charts.backpropagation_graph import graph
from lab.charts.backpropagation_numbers import parameters, per_layer, relative_error, relative_errors, walk
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
def answered(name: str, kind: str = "example") -> tuple[BackpropagationView, tuple[int, ...], str]:
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


@pytest.mark.parametrize("name", CASES)
def test_the_graph_tells_only_what_is_known(name: str) -> None:
    view, sizes, _ = answered(name)
    names = [f"x{place}" for place in range(sizes[0])]
    texts = {}
    for station in walk(sizes):
        spec = graph(view, sizes, station, 0, names).to_dict()
        rows = [row for rows in spec["datasets"].values() for row in rows]
        texts[station] = " ".join(str(row.get("lines", "")) for row in rows)
        assert len([row for row in rows if "gradient" in row]) == len(parameters(sizes))
    assert "z " not in texts["Input"] and "δ" not in texts["Loss"]
    assert texts["Loss"].count("L ") == texts["Update"].count("L ") == sizes[-1]
    assert texts["Update"].count("δ") == sum(sizes[1:])
    assert [texts[station].count("δ") for station in walk(sizes)] == sorted(
        texts[station].count("δ") for station in walk(sizes)
    )


def test_the_update_shows_the_new_weights() -> None:
    view, sizes, _ = answered("xor")
    for station, values in (("Back 1", view.parameters), ("Update", view.updated)):
        spec = graph(view, sizes, station, 0, ["x1", "x2"]).to_dict()
        rows = [row for rows in spec["datasets"].values() for row in rows if "gradient" in row]
        drawn = [float(row["value"].replace("−", "-")) for row in rows]
        np.testing.assert_allclose(drawn, values, rtol=1e-5)


def evaluated(side: str) -> float:
    """Return the value of one side of an equation of numbers in LaTeX."""
    plain = re.sub(r"\\left|\\right|\\,", "", side).replace(r"\cdot", "*")
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
            if re.search(r"[a-zδ]", product.replace("left", "").replace("right", "").replace("cdot", "")):
                continue  # a bias: delta times 1
            assert evaluated(product) == pytest.approx(evaluated(result), rel=0.03, abs=0.02)


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


def ready(**query: str) -> AppTest:
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


def test_the_untrained_network_can_be_walked_through() -> None:
    page = ready(epochs="3", seed="21")
    assert not page.exception and not page.warning
    assert len(page.latex) >= 5
    first = [line.value for line in page.latex]
    widget(page.selectbox, "Parameter").select_index(20).run()
    assert not page.exception
    assert [line.value for line in page.latex] != first
    for _ in range(8):
        widget(page.button, "Next").click().run()
        assert not page.exception
    assert page.session_state["backpropagation:station"] in walk((2, 3, 3, 1))


def test_another_example_has_other_numbers_and_errors_stay_below_a_millionth() -> None:
    page = ready(epochs="3", seed="21")
    first = page.dataframe[0].value
    assert len(first) == 25 and (first["relative error"] < 1e-6).all()
    widget(page.number_input, "Training example").set_value(7).run()
    second = page.dataframe[0].value
    assert not page.exception
    assert (first["GradientTape"] != second["GradientTape"]).any()
    assert (second["relative error"] < 1e-6).all()


def test_trains_and_shows_the_trained_weights() -> None:
    page = ready(epochs="3", seed="22", dataset="iris", inputs="3")
    next(button for button in page.button if button.label == "Train").click().run()
    until = time.monotonic() + DEADLINE
    while not run_of(page).final:
        assert time.monotonic() < until
        time.sleep(0.1)
        page.run()
    page.run()
    before = page.dataframe[0].value
    page.segmented_control(key="backpropagation:source").set_value("As trained").run()
    assert not page.exception and not page.warning
    assert (page.dataframe[0].value["by hand (NumPy)"] != before["by hand (NumPy)"]).any()
    assert run_of(page).rows[-1]["step"] == run_of(page).total_steps


def test_the_code_shown_is_the_code_of_the_file() -> None:
    page = ready(epochs="3", seed="21")
    shown = page.code[0].value
    assert "def by_hand" in shown and "def build" in shown
