"""The page on gradient flow, driven through its widgets; the engine behind it is real."""

import json
import time
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lab.charts import gradient_flow_compare, gradient_flow_inside, gradient_flow_stage
from lab.charts.stage_panels import dequantize
from tests.pages.conftest import open_page

DEADLINE = 90.0


def run_of(page: AppTest) -> Any:
    return page.session_state["gradient_flow:shown"]


def click(page: AppTest, name: str) -> AppTest:
    return next(button for button in page.button if button.label == name).click().run()


@pytest.fixture(scope="module")
def trained() -> AppTest:
    """A short run, trained through the page."""
    page = open_page("gradient_flow", epochs="1", depth="5", seed="7", connection="plain")
    assert not page.exception
    click(page, "Train")
    until = time.monotonic() + DEADLINE
    while not run_of(page).final:
        assert time.monotonic() < until
        time.sleep(0.1)
        page.run()
    return page


def test_settings_come_from_the_address_and_the_run_ends(trained: AppTest) -> None:
    run = run_of(trained)
    assert not trained.exception
    assert run.state == "finished" and run.config["depth"] == 5
    assert trained.session_state["gradient_flow.connection"] == "plain"


def test_the_page_lays_stacks_over_each_other_and_says_their_factors(trained: AppTest) -> None:
    tables = [table.value for table in trained.table]
    compared = next(table for table in tables if "Stack" in table.columns)
    assert list(compared["Stack"])[:2] == ["sigmoid", "tanh"]
    measured, theory = (
        float(compared.loc[compared["Stack"] == "sigmoid", f"Factor a layer, {kind}"].iloc[0])
        for kind in ("measured", "theory")
    )
    assert measured == pytest.approx(0.236, abs=0.012) and theory == pytest.approx(0.236, abs=0.004)
    over_time = next(table for table in tables if "Factor a step" in table.columns)
    assert next(iter(over_time["Layer"])) == "SimpleRNN"


def test_another_depth_is_answered(trained: AppTest) -> None:
    started = time.monotonic()
    page = trained.slider(key="gradient_flow:compare_depth").set_value(8).run()
    print(f"a changed depth was answered in {time.monotonic() - started:.2f} s")
    assert not page.exception and not page.warning


def test_the_stage_draws_the_recorded_gradients(trained: AppTest) -> None:
    run = run_of(trained)
    panel = gradient_flow_stage.result(run, run.views())
    payload = panel.to_payload()
    now = next(path for path in payload["paths"] if path["label"] == "now")
    last = dequantize(now["positions"][-1]).reshape(-1, 2)
    np.testing.assert_allclose(last[:, 0], [1, 2, 3, 4, 5], atol=1e-3)
    np.testing.assert_allclose(last[:, 1], np.log10(run.view().signal), atol=1e-3)
    theory = next(path for path in payload["paths"] if path["label"] == "theory, untrained")
    first = dequantize(theory["positions"][0]).reshape(-1, 2)[:, 1]
    assert np.diff(first) == pytest.approx(-np.log10(0.236), abs=0.02)


def test_every_picture_of_the_inside_is_drawn(trained: AppTest) -> None:
    run = run_of(trained)
    for name in ("factors", "slopes", "sums", "activations", "sizes", "weight_gradients"):
        chart = getattr(gradient_flow_inside, name)(run, run.view())
        assert chart is not None and chart.to_dict()["height"] == 280, name


def test_a_failure_is_one_click() -> None:
    page = open_page("gradient_flow")
    page.button(key="gradient_flow:fails:0").click().run()
    assert not page.exception
    assert page.session_state["gradient_flow.connection"] == "plain"


def test_a_stored_stack_can_be_taken_to_the_first_screen() -> None:
    page = open_page("gradient_flow")
    page.selectbox(key="gradient_flow:train_stack").set_value("SELU, LeCun").run()
    click(page, "Take it to the first screen")
    assert page.session_state["gradient_flow.activation"] == "selu"
    assert page.session_state["gradient_flow.depth"] == 10


# ---- charts without a page ----


def test_edge_strengths_fade_over_six_powers_of_ten() -> None:
    edges = np.array([1.0, -1e-3, 1e-6, 1e-200, 0.0, *[np.nan] * 11])
    strengths = gradient_flow_stage.edge_strengths(edges)[0]
    assert strengths[:5] == pytest.approx([1.0, -0.5, 0.0, 0.0, 0.0])
    assert (np.nan_to_num(strengths[5:]) == 0).all()
    assert (gradient_flow_stage.edge_strengths(np.zeros(32)) == 0).all()


def test_compared_rows_are_shares_of_the_last_layer() -> None:
    measured, theory = np.array([[1.0, 2.0, 8.0], [3.0, 6.0, 0.0]]), np.array([[0.0, 0.0, 1.0], [0.5, 1.0, 0.0]])
    rows = gradient_flow_compare.compared_rows(["long", "short"], measured, theory)
    kept = rows[rows["kind"] == "measured"]
    assert list(kept["value"]) == [0.125, 0.25, 1.0, 0.5, 1.0]
    factors = gradient_flow_compare.mean_factors(["long", "short"], measured, theory)
    assert factors[0]["Factor a layer, measured"] == f"{0.125**0.5:.3g}"
    assert factors[0]["Factor a layer, theory"] == "none"
    assert factors[1]["Left at layer 1, theory"] == "0.5"


def test_factors_of_the_page_are_those_of_the_model() -> None:
    shares = np.geomspace(1e-4, 1.0, 46)[None].repeat(5, 0)
    found = gradient_flow_compare.factors_per_step(shares)
    assert list(found.values()) == pytest.approx([(1e-4) ** (1 / 45)] * 5)


def test_accuracy_by_depth_shows_every_cell() -> None:
    cells = [
        {"stack": "a", "depth": 2, "test_accuracy": [0.5, 0.7]},
        {"stack": "b", "depth": 5, "test_accuracy": [1.0]},
    ]
    text = json.dumps(gradient_flow_compare.accuracy_by_depth(cells).to_dict())
    assert '"mean": 0.6' in text and '"worst": 0.5' in text and '"best": 0.7' in text
