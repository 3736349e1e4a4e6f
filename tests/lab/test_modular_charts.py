"""The pictures of modular and ensemble networks, decoded again: what is drawn is what the networks computed."""

import json
from base64 import b64decode
from functools import cache
from io import BytesIO
from pathlib import Path
from statistics import mean
from typing import Any

import altair as alt
import numpy as np
import pytest
from PIL import Image

from lab.charts import modular_inside, modular_measured, modular_stage
from lab.charts.palette import ROLES
from lab.charts.stage_panels import dequantize, rgb
from lab.shown_run import ShownRun
from models.base import Array
from models.configs import CONFIGS

SETTINGS: dict[str, dict[str, Any]] = {
    "experts": {"epochs": 2},
    "experts in the plane": {"epochs": 10, "dataset": "moons", "members": 3},
    "voters": {"epochs": 2, "kind": "ensemble", "members": 3},
    "voters in the plane": {"epochs": 10, "kind": "ensemble", "members": 3, "dataset": "moons"},
    "parts": {"epochs": 2, "kind": "groups", "members": 5},
    "big net": {"epochs": 3, "kind": "single", "dataset": "iris"},
}
ROOT = Path(__file__).resolve().parents[2]
INSIDE = ("by_class", "usage", "doubt_map", "disagreement", "novelty", "reliability", "sizes", "size_losses", "broken",
          "noise", "shift")  # fmt: skip
MEASURED = ("accuracy", "surprise", "calibration_gap", "unknown", "under_noise", "when_moved", "one_lies", "work",
            "clock", "pieces", "growth")  # fmt: skip


@cache
def trained(name: str) -> ShownRun:
    from lab.direct import run
    from tests.models.shortened import uncompiled

    with uncompiled():
        return ShownRun.from_record(run(CONFIGS["modular"](**SETTINGS[name])))


@cache
def stage(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(modular_stage.payload(trained(name)), allow_nan=False))
    return found


def pixels(uri: str) -> Array:
    return np.asarray(Image.open(BytesIO(b64decode(uri.partition(",")[2]))).convert("RGBA"))


def applies(name: str, kind: str) -> bool:
    images, plane = trained(name).facts["data"]["image_shape"] is not None, trained(name).facts["data"]["plane"]
    way, alone = trained(name).config["kind"], name == "big net"
    return {
        "by_class": not alone, "usage": way in ("experts", "groups"), "doubt_map": plane, "broken": not alone,
        "disagreement": not alone and way != "groups", "novelty": images, "noise": images, "shift": images,
        "sizes": way == "ensemble", "size_losses": way == "ensemble",
    }.get(kind, True)  # fmt: skip


def spec_of(chart: Any) -> dict[str, Any]:
    with alt.data_transformers.disable_max_rows():
        spec: dict[str, Any] = chart.to_dict()
    json.dumps(spec, allow_nan=False)
    return spec


def rows_with(chart: Any, column: str) -> list[dict[str, Any]]:
    tables = spec_of(chart)["datasets"].values()
    return max((rows for rows in tables if column in rows[0]), key=len)


@pytest.mark.parametrize("kind", INSIDE)
@pytest.mark.parametrize("name", SETTINGS)
def test_a_chart_is_valid_or_left_out(name: str, kind: str) -> None:
    chart = getattr(modular_inside, kind)(trained(name), trained(name).view())
    assert (chart is not None) == applies(name, kind)
    if chart is not None:
        assert sum(len(rows) for rows in spec_of(chart)["datasets"].values()) <= 1000


@pytest.mark.parametrize("name", SETTINGS)
def test_the_stage_shows_every_member_and_frame(name: str) -> None:
    payload, run = stage(name), trained(name)
    kinds = [panel["kind"] for panel in payload["panels"]]
    assert kinds[0] == "network" and kinds[2:] == ["curves", "curves"]
    assert len(payload["steps"]) == len(run.moments)
    layers = payload["panels"][0]["layers"]
    assert layers[1]["units"] == len(run.view().usage)
    flow = dequantize(payload["panels"][0]["weights"][1][-1])
    wanted = np.asarray(run.view().flow, float)
    assert flow.sum() == pytest.approx(wanted.sum(), abs=0.02) and wanted.sum() == pytest.approx(1.0, abs=1e-4)


def test_wrong_digits_stand_in_a_frame() -> None:
    run = trained("voters")
    picture = pixels(stage("voters")["panels"][1]["images"][-1])
    order = np.argsort(run.scene["test_targets"][:144], kind="stable")
    wrong = run.view().right[order] == 0
    for place in range(144):
        corner = picture[12 * (place // 12), 12 * (place % 12)]
        assert (tuple(corner) == (*rgb(ROLES["wrong"]), 255)) == wrong[place]


def test_the_ground_of_a_digit_is_the_colour_of_its_expert() -> None:
    run = trained("parts")
    picture = pixels(stage("parts")["panels"][1]["images"][-1])[..., :3].astype(float)
    order = np.argsort(run.scene["test_targets"][:144], kind="stable")
    share = run.view().member_share.astype(float)[:, order]
    for place in range(0, 144, 7):
        cell = picture[12 * (place // 12) :, 12 * (place % 12) :][1:11, 1:11]
        tint, best = 0.75 * min(1.0, share[:, place].max()), share[:, place].argmax()
        ground = tint * rgb(modular_stage.EXPERTS[best]).astype(float) + (1 - tint) * 255
        light = cell.max(axis=(0, 1))
        frame = (cell[0, 0] == rgb(ROLES["wrong"])).all()
        assert frame or np.abs(light - ground).max() <= 1.0


def test_tiles_show_where_a_member_errs() -> None:
    run = trained("voters")
    tiles = modular_stage.tiles(run, run.view())[64:]
    order = np.argsort(run.scene["test_targets"][:144], kind="stable")
    for tile, right in zip(tiles, run.view().member_right, strict=True):
        wrong = (tile.reshape(-1, 4)[:, :3] == rgb(ROLES["wrong"])).all(axis=1)
        np.testing.assert_array_equal(wrong, right[order] == 0)


@pytest.mark.parametrize(("name", "inputs", "width"), [("parts", 64, 1), ("experts in the plane", 2, 2)])
def test_a_tile_is_framed_in_the_colour_of_its_member(name: str, inputs: int, width: int) -> None:
    run = trained(name)
    tiles = modular_stage.tiles(run, run.view())[inputs:]
    for place in range(len(run.view().usage)):
        wanted = (*rgb(modular_stage.EXPERTS[place]), 255)
        tile = tiles[place]
        rings = [tile[:width], tile[-width:], tile[:, :width], tile[:, -width:]]
        assert all((ring == wanted).all() for ring in rings)
        assert not (tile[width:-width, width:-width] == wanted).all(axis=-1).any()


def test_the_border_lies_where_both_classes_are_equally_likely() -> None:
    axis = ((np.arange(60) + 0.5) / 60 * 2 - 1) * 6
    x1, x2 = np.meshgrid(axis, axis[::-1])
    second = 1 / (1 + np.exp(-(x1**2 + x2**2 - 9)))
    line = modular_stage.border(np.stack([1 - second, second], axis=-1))
    radius = np.hypot(*line[np.isfinite(line).all(axis=1)].T)
    assert len(radius) > 100 and np.abs(radius - 3).max() < 0.05
    assert np.isnan(modular_stage.border(np.stack([np.ones((60, 60)), np.zeros((60, 60))], axis=-1))).all()


def test_territory_is_as_strong_as_the_share() -> None:
    found = modular_stage.territory(np.array([[0, 2]], np.uint8), np.array([[0.5, 1.0]], np.float16))
    np.testing.assert_array_equal(found[0, :, :3], [rgb(modular_stage.EXPERTS[0]), rgb(modular_stage.EXPERTS[2])])
    assert found[0, 1, 3] == pytest.approx(2 * found[0, 0, 3], abs=1)


def test_numbers_of_the_matrix_are_shares() -> None:
    run = trained("experts")
    rows = rows_with(modular_inside.by_class(run, run.view()), "value")
    assert len(rows) == 60
    for digit in "0123456789":
        assert sum(row["value"] for row in rows if row["class"] == digit) == pytest.approx(1.0, abs=1e-4)


def test_idle_experts_are_named() -> None:
    run = trained("experts")
    rows = rows_with(modular_inside.usage(run, run.view()), "first")
    assert sum(row["share"] for row in rows) == pytest.approx(1.0, abs=1e-4)
    assert [row["kind"].startswith("idle") for row in rows] == [row["share"] * 6 < 0.1 for row in rows]


def test_reliability_names_the_gap() -> None:
    run, view = trained("voters"), trained("voters").view()
    rows = rows_with(modular_inside.reliability(run, view), "kind")
    examples, confidence, right = view.calibration.astype(float).T
    gap = sum(n * abs(c - r) for n, c, r in zip(examples, confidence, right, strict=True)) / sum(examples)
    assert any(f"{gap:.3f}" in row["kind"] for row in rows if row["kind"].startswith("all together"))


# ---- what is stored ----


def stored() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "evidence/results/modular.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize("kind", MEASURED)
def test_a_stored_picture_is_valid(kind: str) -> None:
    assert sum(len(rows) for rows in spec_of(getattr(modular_measured, kind)(None, None))["datasets"].values()) <= 1000


@pytest.mark.parametrize(("kind", "value"), [("accuracy", "accuracy"), ("surprise", "loss"), ("one_lies", "broken")])
def test_the_labels_are_means_over_the_seeds(kind: str, value: str) -> None:
    labels = {row["kind"]: row["label"] for row in rows_with(getattr(modular_measured, kind)(None, None), "label")}
    for name, label in labels.items():
        wanted = mean(row[value] for row in stored()["committees"] if row["kind"] == name and value in row)
        assert label == f"{wanted:.3f}"


def test_the_stored_result_says_how_it_was_made() -> None:
    about = stored()["about"]
    assert about["command"] in modular_measured.provenance() and about["created"][:10] in modular_measured.provenance()
    assert {row["seed"] for row in stored()["committees"]} == set(about["seeds"])


def test_work_counts_every_product() -> None:
    about = stored()["about"]["compute"]
    for row in stored()["compute"]:
        asked = row["experts"] if row["asked"] == "all" else int(row["asked"])
        expert = about["inputs"] * about["units"] + about["units"] * about["classes"]
        assert row["multiply_adds"] == pytest.approx(about["inputs"] * row["experts"] + asked * expert)
