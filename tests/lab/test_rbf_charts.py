"""The pictures of the RBF network, decoded again: what is drawn is what the network computed."""

import json
from functools import cache
from typing import Any

import numpy as np
import pytest

from lab.charts import rbf_inside, rbf_lessons, rbf_stage
from lab.charts.click_field import clickable
from lab.charts.stage_panels import dequantize
from lab.charts.thumbnail import thumbnail
from lab.shown_run import ShownRun
from models.configs import CONFIGS

SETTINGS: dict[str, dict[str, Any]] = {
    "wave": {},
    "wave, gradient": {"fit": "gradient", "passes": 3},
    "moons": {"dataset": "moons", "units": 20},
    "digits": {"dataset": "digits", "units": 6},
    "diabetes": {"dataset": "diabetes", "units": 5},
}


@cache
def trained(name: str) -> ShownRun:
    from lab.direct import run

    return ShownRun.from_record(run(CONFIGS["rbf"](**SETTINGS[name])))


@cache
def stage(name: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(json.dumps(rbf_stage.payload(trained(name)), allow_nan=False))
    return payload


@pytest.mark.parametrize("name", SETTINGS)
def test_the_stage_has_its_panels_and_frames(name: str) -> None:
    payload, run = stage(name), trained(name)
    shape = "images" if name == "digits" else "plane"
    assert [panel["kind"] for panel in payload["panels"]] == ["network", shape, "curves", "curves"]
    assert payload["steps"] == [step for step, _ in run.moments]
    assert all(len(panel["alts"]) == len(payload["steps"]) for panel in payload["panels"])
    assert payload["panels"][2]["xLabel"] == ("step" if "gradient" in name else "bumps in the network")
    assert thumbnail(run, rbf_stage.result)
    live = ShownRun(**{**vars(run), "state": "running", "moments": run.moments[-1:]})
    json.dumps(rbf_stage.payload(live), allow_nan=False)


@pytest.mark.parametrize("name", ["wave", "wave, gradient"])
def test_the_thick_line_is_the_sum_and_the_thin_ones_are_the_bumps(name: str) -> None:
    run = trained(name)
    paths = {path["label"]: path["positions"] for path in stage(name)["panels"][1]["paths"]}
    for frame, view in enumerate(run.views()):
        curve = dequantize(paths["their sum"][frame]).reshape(-1, 2)
        assert len(curve) == len(view.curve)
        np.testing.assert_allclose(curve[:, 1], view.curve, atol=np.abs(curve).max() / 60000)
        thin = dequantize(paths["bumps"][frame]).reshape(len(view.bumps), -1, 2)[:, :-1, 1]
        targets = run.scene["train_targets"]
        level = float(view.bias[0]) * targets.std() + targets.mean()
        for drawn, bump in zip(thin, view.bumps, strict=True):
            if np.any(bump != 0):
                near = np.abs(bump + level) < 3
                np.testing.assert_allclose(drawn[near], (bump + level)[near], atol=2e-3)
            else:
                assert np.isnan(drawn).all()


def test_a_polynomial_that_swings_does_not_flatten_the_curves() -> None:
    run = trained("wave")
    assert not stage("wave")["panels"][3]["log"]
    far = {**run.facts, "baselines": [{"name": "Polynomial", "metric": "test_rmse", "value": 10.0, "seconds": 0.0}]}
    swung = rbf_stage.payload(ShownRun(**{**vars(run), "facts": far}))["panels"][3]
    assert swung["log"] and swung["baselines"][0]["value"] == 10.0


def test_a_stroke_stands_at_every_centre() -> None:
    run, panel = trained("wave"), stage("wave")["panels"][1]
    path = next(path for path in panel["paths"] if not path["label"])
    strokes = dequantize(path["positions"][-1]).reshape(-1, 3, 2)
    np.testing.assert_allclose(strokes[:, 0, 0], run.view().line_centres, atol=1e-3)
    np.testing.assert_allclose(strokes[:, 1, 0], run.view().line_centres, atol=1e-3)
    low, high = panel["y"]["low"], panel["y"]["high"]
    np.testing.assert_allclose(strokes[:, 0, 1], low, atol=1e-3)
    assert (strokes[:, 1, 1] > low).all() and (strokes[:, 1, 1] < low + 0.1 * (high - low)).all()
    assert np.isnan(strokes[:, 2]).all()


def test_circles_have_the_width_of_their_bump() -> None:
    view = trained("moons").view()
    path = stage("moons")["panels"][1]["paths"][0]["positions"][-1]
    rings = dequantize(path).reshape(len(view.plane_centres), -1, 2)[:, :-1]
    for ring, centre, width in zip(rings, view.plane_centres, view.widths, strict=True):
        np.testing.assert_allclose(np.hypot(*(ring - centre).T), 3 * width, rtol=1e-2)


def values(chart: Any, *names: str) -> list[tuple[Any, ...]]:
    """Return the rows of a chart's data that have all these fields."""
    tables = chart.to_dict()["datasets"].values()
    return [tuple(row[name] for name in names) for rows in tables for row in rows if all(name in row for name in names)]


def test_pictures_of_the_inside_hold_the_arrays() -> None:
    run = trained("wave")
    view, scene = run.view(), run.scene
    drawn = values(rbf_inside.width_error(run, view), "width", "error", "part")
    test = [error for _, error, part in drawn if part == "test data"]
    np.testing.assert_allclose(test, scene["sweep_test"], rtol=1e-6)
    best = int(np.argmin(scene["sweep_test"]))
    told = rbf_inside.best_width(run, view)
    assert f"{scene['sweep_width'][best]:.3g} distances: error {scene['sweep_test'][best]:.3g}." in told
    conditions = [one for _, one in values(rbf_inside.condition(run, view), "width", "condition")]
    np.testing.assert_allclose(conditions, np.minimum(scene["sweep_condition"], 1e20), rtol=1e-6)
    steps = values(rbf_inside.descent(run, view), "step", "error")
    np.testing.assert_allclose([error for _, error in steps], scene["descent_loss"], rtol=1e-6)
    weights = [weight for _, weight in values(rbf_inside.weights(run, view), "bump", "weight")]
    np.testing.assert_allclose(weights, view.output_weights[np.argsort(view.line_centres), 0], rtol=1e-6)
    assert rbf_inside.centre_images(run, view) is None
    digits = trained("digits")
    assert len(values(rbf_inside.centre_images(digits, digits.view()), "picture")) == 6
    assert len(values(rbf_inside.weights(digits, digits.view()), "bump", "class")) == 60


def test_lessons_draw_what_was_computed() -> None:
    from models.configs import RbfConfig
    from models.rbf import load
    from models.rbf_questions import attention

    view: Any = attention(load(RbfConfig()), 0.3)
    for which, weights in (("kernel", view.smooth_kernel), ("trained", view.smooth_trained)):
        sizes = [one for _, _, one in values(rbf_lessons.smoothed(view, 40, which), "x", "y", "weight")]
        np.testing.assert_allclose(sizes, weights[40], atol=1e-9)
        cells = values(rbf_lessons.weight_map(view, which, 40), "query", "point", "weight")
        assert len(cells) == 41 * weights.shape[1]
        row = [weight for query, _, weight in cells if query == view.smooth_query[60]]
        np.testing.assert_allclose(row, weights[60], atol=1e-9)
    curves = values(rbf_lessons.smoothed(view, 40), "what", "x", "y")
    kernel = [y for what, _, y in curves if what == "kernel smoother"]
    np.testing.assert_allclose(kernel, view.smooth_kernel @ view.smooth_y, rtol=1e-6)


def test_the_field_has_a_place_for_every_tenth() -> None:
    from lab.lessons.rbf import POINTS

    chart = clickable(np.array([[1.0, 0.2]]), POINTS.grid)
    places = set(values(chart, "x", "y"))
    assert len(places) == 61 * 21 and (-3.0, -2.0) in places and (1.0, 0.2) in places
