"""The pictures of the adversarial network, decoded again: what is drawn is what the networks computed."""

import json
from base64 import b64decode
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lab.charts import gan_inside, gan_lessons, gan_stage
from lab.charts.stage_panels import dequantize
from lab.charts.thumbnail import thumbnail
from lab.shown_run import ShownRun
from models.configs import CONFIGS
from models.views import GanView

SETTINGS: dict[str, dict[str, Any]] = {
    "ring": {"steps": 20, "units": 16, "discriminator_units": 16},
    "digits": {"dataset": "digits", "steps": 12, "units": 16, "discriminator_units": 16, "loss": "least_squares"},
}


@cache
def trained(name: str) -> ShownRun:
    from lab.direct import run
    from tests.models.shortened import uncompiled

    with uncompiled():
        return ShownRun.from_record(run(CONFIGS["gan"](**SETTINGS[name])))


@cache
def stage(name: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(json.dumps(gan_stage.payload(trained(name)), allow_nan=False))
    return payload


def pixels(uri: str) -> Any:
    return np.asarray(Image.open(BytesIO(b64decode(uri.partition(",")[2]))))


@pytest.mark.parametrize("name", SETTINGS)
def test_the_stage_has_its_panels_and_frames(name: str) -> None:
    payload, run = stage(name), trained(name)
    shape = "images" if name == "digits" else "plane"
    assert [panel["kind"] for panel in payload["panels"]] == [shape, shape, "curves", "curves"]
    assert payload["steps"] == [step for step, _ in run.moments]
    assert thumbnail(run, gan_stage.result)
    live = ShownRun(**{**vars(run), "state": "running", "moments": run.moments[-1:]})
    json.dumps(gan_stage.payload(live, run), allow_nan=False)


def test_points_arrows_and_net_stand_where_the_networks_put_them() -> None:
    run = trained("ring")
    plane, net = stage("ring")["panels"][:2]
    for frame, view in enumerate(run.views()):
        fakes = dequantize(plane["points"][1]["positions"][frame]).reshape(-1, 2)
        np.testing.assert_allclose(fakes, view.fakes, atol=np.abs(fakes).max() / 60000)
        lines = dequantize(plane["paths"][0]["positions"][frame]).reshape(len(view.pulls), 6, 2)
        pulls = view.pulls.astype(float)
        wanted = view.fakes[: len(pulls)] + pulls / np.linalg.norm(pulls, axis=1).max()
        np.testing.assert_allclose(lines[:, 1], wanted, atol=0.002)
        np.testing.assert_array_equal(lines[:, 1], lines[:, 3])
        assert np.isnan(lines[:, 5]).all()
        drawn = dequantize(net["paths"][0]["positions"][frame]).reshape(30, 16, 2)
        grid = np.clip(view.net.astype(float), -12, 12).reshape(15, 15, 2)
        np.testing.assert_allclose(drawn[:15, :15], grid, atol=0.001)
        np.testing.assert_allclose(drawn[15:, :15], grid.transpose(1, 0, 2), atol=0.001)


def test_the_ground_is_blue_where_it_is_judged_real() -> None:
    run = trained("ring")
    shown, heat = pixels(stage("ring")["panels"][0]["backgrounds"][-1]), run.view().heat.astype(float) / 255
    if shown.ndim == 2:
        shown = np.asarray(
            Image.open(BytesIO(b64decode(stage("ring")["panels"][0]["backgrounds"][-1].partition(",")[2]))).convert(
                "RGBA"
            )
        )
    clear = np.abs(2 * heat - 1) > 0.1
    assert clear.any()
    np.testing.assert_array_equal((shown[..., 2] > shown[..., 0])[clear], (heat > 0.5)[clear])


def test_the_mosaics_show_samples_and_real_images_in_their_order() -> None:
    run = trained("digits")
    for panel, images in zip(
        stage("digits")["panels"][:2], (run.view().samples, run.scene["real_images"]), strict=True
    ):
        sheet = pixels(panel["images"][-1]).astype(int)
        for place in (0, 7, 35):
            top, left = (50 * (place // 6), 50 * (place % 6))
            wanted = 255 - images[place].astype(int)
            np.testing.assert_array_equal(sheet[top + 3 : top + 48 : 6, left + 3 : left + 48 : 6], wanted)


def test_the_curves_carry_the_losses_and_where_they_balance() -> None:
    for name, levels in (("ring", (2 * np.log(2), np.log(2))), ("digits", (0.25, 0.125))):
        lost, good = stage(name)["panels"][2:]
        assert [one["value"] for one in lost["baselines"]] == pytest.approx(levels, rel=1e-4)
        row = trained(name).rows[-1]
        shown = [one["values"][-1] for one in (*lost["series"], *good["series"])]
        wanted = [row[f"test_{what}"] for what in ("d_loss", "g_loss", "quality", "coverage")]
        assert shown == pytest.approx(wanted, rel=1e-4)


def table_of(chart: Any, marks: int = 0) -> list[dict[str, Any]]:
    found = chart.to_dict()
    name = found["layer"][marks].get("data", found.get("data"))["name"] if "layer" in found else found["data"]["name"]
    rows: list[dict[str, Any]] = found["datasets"][name]
    return rows


@pytest.mark.parametrize("name", SETTINGS)
def test_all_pictures_inside_can_be_drawn(name: str) -> None:
    run = trained(name)
    for view in (run.view(0), run.view()):
        images = name == "digits"
        assert (gan_inside.nearest(run, view) is not None) == images == (gan_inside.sharp(run, view) is not None)
        for draw in (gan_inside.through_time, gan_inside.modes, gan_inside.scores, gan_inside.pull, gan_inside.spread):
            json.dumps(draw(run, view).to_dict(), allow_nan=False)
        assert gan_inside.beside(run, view) is not None


def test_the_bars_of_the_modes_are_shares_of_all_samples() -> None:
    for name, samples in (("ring", 2000), ("digits", 500)):
        run = trained(name)
        counts = run.view().mode_counts
        rows = table_of(gan_inside.modes(run, run.view()))
        assert [row["share"] for row in rows] == pytest.approx([int(count) / samples for count in counts])
        assert [row["kind"] == "lost" for row in rows] == [10 * len(counts) * int(count) < samples for count in counts]


@pytest.mark.parametrize("game", gan_inside.GAMES)
def test_the_pull_is_the_slope_of_the_loss(game: str) -> None:
    score, step = np.linspace(-5, 5, 21), 1e-6

    def loss(at: Any) -> Any:
        belief = 1 / (1 + np.exp(-at))
        return {
            "saturating": np.log(1 - belief), "non_saturating": -np.log(belief),
            "least_squares": 0.5 * (at - 1) ** 2, "wasserstein": -at,
        }[game]  # fmt: skip

    slope = np.abs(loss(score + step) - loss(score - step)) / (2 * step)
    np.testing.assert_allclose(gan_inside.pull_of(game, score), slope, rtol=1e-4, atol=1e-6)


def test_histograms_count_every_score_once() -> None:
    run = trained("ring")
    rows = table_of(gan_inside.scores(run, run.view()))
    for kind in ("real", "generated"):
        assert sum(row["share"] for row in rows if row["kind"] == kind) == pytest.approx(1.0)


def test_slow_motion_draws_pulls_and_ways() -> None:
    generator = np.random.default_rng(0)
    view = GanView(
        before_heat=generator.uniform(size=(48, 48)), after_heat=generator.uniform(size=(48, 48)),
        before_fakes=generator.uniform(-4, 4, (80, 2)), after_fakes=generator.uniform(-4, 4, (80, 2)),
        slow_pulls=generator.normal(size=(80, 2)),
    )  # fmt: skip
    starts, ends = gan_lessons.moves(view, "detective")
    lengths = np.linalg.norm(ends - starts, axis=1)
    assert lengths.max() == pytest.approx(1.0)
    assert view.slow_pulls is not None and view.after_fakes is not None
    np.testing.assert_allclose(
        (ends - starts) / lengths[:, None], view.slow_pulls / np.linalg.norm(view.slow_pulls, axis=1)[:, None]
    )
    np.testing.assert_array_equal(gan_lessons.moves(view, "forger")[1], view.after_fakes)
    for phase in gan_lessons.PHASES:
        json.dumps(gan_lessons.slow(trained("ring"), view, phase).to_dict(), allow_nan=False)


def test_walk_quiz_and_field_can_be_drawn() -> None:
    generator = np.random.default_rng(1)
    points = GanView(walk=generator.normal(size=(12, 2)))
    images = GanView(walk=generator.uniform(size=(12, 8, 8)), twins=generator.uniform(size=(12, 8, 8)))
    for name, view in (("ring", points), ("digits", images)):
        json.dumps(gan_lessons.walk(trained(name), view).to_dict(), allow_nan=False)
    rows = table_of(gan_lessons.loss_of_detective(trained("ring"), 2.0))
    assert [row["loss"] for row in rows] == [row["test_d_loss"] for row in trained("ring").rows]
