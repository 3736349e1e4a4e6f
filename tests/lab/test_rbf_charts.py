"""The pictures of the RBF network, decoded again: what is drawn is what the network computed."""

import json
from functools import cache
from typing import Any

import numpy as np
import pytest

from lab.charts import rbf_inside, rbf_lessons, rbf_stage
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


def test_the_field_has_a_place_for_every_tenth() -> None:
    chart = rbf_lessons.clickable(np.array([[1.0, 0.2]]), (-3.0, 3.0, -2.0, 2.0), 61, 21)
    places = set(values(chart, "x", "y"))
    assert len(places) == 61 * 21 and (-3.0, -2.0) in places and (1.0, 0.2) in places
