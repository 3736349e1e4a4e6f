"""The page on gradient flow, driven through its widgets; the engine behind it is real."""

import json
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lab import session
from lab.charts import gradient_flow_compare, gradient_flow_inside, gradient_flow_stage
from lab.charts.palette import ROLES
from lab.charts.stage_panels import dequantize
from lab.charts.thumbnail import thumbnail
from lab.lessons.gradient_flow import DOUBTS
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


def until_ready(page: AppTest) -> None:
    """Wait until the engine has loaded TensorFlow and the process that answers is awake."""
    until = time.monotonic() + DEADLINE
    while not session.engine().device():
        assert time.monotonic() < until
        time.sleep(0.1)
    page.run()


def test_a_changed_control_is_drawn_before_its_own_process_has_built_the_stack() -> None:
    page = open_page("gradient_flow", activation="tanh")
    until_ready(page)
    page.slider(key="gradient_flow.depth").set_value(7).run()
    run = run_of(page)
    assert run.config["depth"] == 7 and run.moments and "data" in run.facts
    early, scene, row = run.view(), dict(run.scene), dict(run.rows[0])
    until = time.monotonic() + DEADLINE
    while run_of(page).state != "prepared":
        assert time.monotonic() < until
        time.sleep(0.05)
        page.run()
    late = run_of(page)
    assert late.run_id == run.run_id and not page.exception
    np.testing.assert_allclose(early.signal, late.view().signal, rtol=1e-9)
    np.testing.assert_allclose(early.edges, late.view().edges, rtol=2.0**-10, atol=2.0**-24)  # float16
    for name, array in late.scene.items():
        np.testing.assert_allclose(scene[name], array, err_msg=name)
    for name in ("train_loss", "test_accuracy", "gradient_ratio"):
        assert row[name] == pytest.approx(late.rows[0][name])
    assert late.facts["total_steps"] == 630 and len(late.facts["layers"]) > 7


def test_where_theory_fails_says_what_is_left(trained: AppTest) -> None:
    for name, doubt in DOUBTS.items():
        page = trained.selectbox(key="gradient_flow:doubtful").set_value(name).run()
        assert not page.exception and not page.warning
        table = next(one.value for one in page.table if "Left at layer 1" in one.value.columns)
        left = {row["Left at layer 1"]: float(row["Share"]) for _, row in table.iterrows()}
        assert left["smallest"] <= left["measured, mean of 8"] <= left["largest"]
        assert (gradient_flow_compare.BY_IMAGE in left) == doubt.standardized


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
    strengths = gradient_flow_stage.edge_strengths(edges, 1)[0]
    assert strengths[:5] == pytest.approx([1.0, -0.5, 0.0, 0.0, 0.0])
    assert (np.nan_to_num(strengths[5:]) == 0).all()
    assert (gradient_flow_stage.edge_strengths(np.zeros(32), 2) == 0).all()


def test_compared_rows_are_shares_of_the_last_layer() -> None:
    measured, theory = np.array([[1.0, 2.0, 8.0], [3.0, 6.0, 0.0]]), np.array([[0.0, 0.0, 1.0], [0.5, 1.0, 0.0]])
    rows = gradient_flow_compare.compared_rows(["long", "short"], measured, theory)
    kept = rows[rows["kind"] == "measured"]
    assert list(kept["value"]) == [0.125, 0.25, 1.0, 0.5, 1.0]
    factors = gradient_flow_compare.mean_factors(["long", "short"], measured, theory)
    assert factors[0]["Factor a layer, measured"] == f"{0.125**0.5:.3g}"
    assert factors[0]["Factor a layer, theory"] == "none"
    assert factors[1]["Left at layer 1, theory"] == "0.5"


def test_what_is_left_at_the_first_layer_is_measured_and_foretold() -> None:
    measured = np.array([[0.2, 0.5, 2.0], [0.9, 0.5, 1.0]])
    theory = np.array([[0.25, 0.5, 1.0], [0.3, 0.6, 1.0]])
    rows = gradient_flow_compare.left_at_first(measured, theory, both=True)
    left = {row["Left at layer 1"]: row["Share"] for row in rows}
    assert left == {
        "theory, mean image": "0.25", "theory, each image": "0.3", "measured, mean of 8": "0.3",
        "smallest": "0.1", "largest": "0.9",
    }  # fmt: skip
    assert len(gradient_flow_compare.left_at_first(measured, theory, both=False)) == 4
    drawn = gradient_flow_compare.seeds(measured, theory, both=True).to_dict()
    values: Any = next(iter(drawn["datasets"].values()))
    assert [row["value"] for row in values if row["line"] == 0] == pytest.approx([0.1, 0.25, 1.0])
    assert [row["value"] for row in values if row["kind"] == "theory, each image"] == [0.3, 0.6, 1.0]


@pytest.mark.parametrize(("values", "low", "high", "labels"), [
    ([0.05, 0.6], 1e-2, 1.0, ["10⁻²", "10⁻¹", "1"]), ([1.0, np.nan], 1e-1, 10.0, ["10⁻¹", "1", "10"]),
    ([1e-12, 2.0], 1e-12, 10.0, ["10⁻¹²", "10⁻¹⁰", "10⁻⁸", "10⁻⁶", "10⁻⁴", "10⁻²", "1"]),
    ([], 0.1, 10.0, ["10⁻¹", "1", "10"]),
])  # fmt: skip
def test_powers_of_ten(values: list[float], low: float, high: float, labels: list[str]) -> None:
    axis: Any = gradient_flow_inside.powers_of_ten("gradient", values).to_dict()
    assert axis["scale"]["domain"] == pytest.approx([low, high])
    assert json.loads(axis["axis"]["labelExpr"].split("[indexof")[0]) == labels
    assert len(axis["axis"]["values"]) == len(labels)


def test_a_histogram_becomes_columns() -> None:
    shares = np.array([[0.25, 0.0, 0.75], [0.0, 1.0, 0.0]], np.float16)
    rows = gradient_flow_inside.columns_of(shares, np.array([[-3.0, 3.0], [0.5, 0.5]]))
    assert list(rows["layer"]) == [1, 1, 2] and list(rows["share"]) == [0.25, 0.75, 1.0]
    assert rows["low"].to_numpy() == pytest.approx([-3.0, 1.0, 0.499], abs=2e-3)
    assert rows["high"].to_numpy() == pytest.approx([-1.0, 3.0, 0.501], abs=2e-3)
    assert list(rows["strength"].round(3)) == [round(0.08 + 0.92 / 3, 3), 1.0, 1.0]


def test_the_small_picture_of_an_explosion_shows_where_it_began(trained: AppTest) -> None:
    run = replace(run_of(trained), moments=run_of(trained).moments[-1:])
    whole = gradient_flow_stage.ending(run, [run.view()])
    assert [int(points.groups[0]) for points in whole.points if points.groups is not None] == [6, 0]
    assert [whole.colours[group % len(whole.colours)] for group in (6, 0)] == [ROLES["baseline"], ROLES["model"]]
    lost = replace(run.view(), signal=np.full(5, np.nan))
    panel = gradient_flow_stage.ending(run, [lost])
    assert len(panel.points) == 1 and thumbnail(run, gradient_flow_stage.ending) is not None
    np.testing.assert_allclose(panel.points[0].positions[:, 1], np.log10(run.scene["initial_signal"]))


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
