"""The pictures of a real run, decoded again: what is drawn is what the network computed."""

import json
import math
from base64 import b64decode
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from itertools import pairwise
from typing import Any

import altair as alt
import numpy as np
import pytest
from PIL import Image

from lab.charts import mistakes, mlp_inside, mlp_stage
from lab.charts.palette import CLASSES, NEGATIVE, POSITIVE, ROLES
from lab.charts.stage_panels import dequantize
from lab.shown_run import ShownRun
from models.base import Array
from models.configs import CONFIGS

SETTINGS: dict[str, dict[str, Any]] = {
    "digits": {"epochs": 3},
    "digits linear": {"epochs": 2, "layers": 0},
    "spiral": {"dataset": "spiral", "epochs": 20, "layers": 2, "units": 18, "activation": "tanh",
               "extra_features": ("x1^2", "sin(x2)")},
    "moons linear": {"dataset": "moons", "epochs": 10, "layers": 0},
    "iris": {"dataset": "iris", "epochs": 10, "units": 8},
    "plane": {"dataset": "plane", "epochs": 5, "units": 4},
    "diabetes": {"dataset": "diabetes", "epochs": 5},
}  # fmt: skip
IMAGES, PLANES = ["digits", "digits linear"], ["spiral", "moons linear", "plane"]
REGRESSIONS = ["plane", "diabetes"]
CLASSIFICATIONS = [name for name in SETTINGS if name not in REGRESSIONS]
HIDDEN = [name for name, settings in SETTINGS.items() if settings.get("layers") != 0]
DRAWN = ("confusion", "reliability", "activations", "worst", "first_weights", "comparison", "residuals")


@cache
def trained(name: str) -> ShownRun:
    """Return a short run that really trained."""
    from lab.direct import run
    from tests.models.shortened import uncompiled

    with uncompiled():
        return ShownRun.from_record(run(CONFIGS["mlp"](**SETTINGS[name])))


@cache
def stage(name: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(json.dumps(mlp_stage.payload(trained(name)), allow_nan=False))
    return payload


@cache
def kernels(name: str) -> list[list[Array]]:
    """Return the kernels between the shown units at every recorded step, cut out of the views by hand."""
    run, found = trained(name), []
    sizes = [run.facts["layers"][0]["shape"][0]]
    sizes += [layer["shape"][0] for layer in run.facts["layers"] if layer["kind"] == "Dense"]
    for view in run.views():
        flat, cut = list(view.edges), []
        for before, after in pairwise(sizes):
            rows = [[flat.pop(0) for _ in range(min(after, 16))] for _ in range(min(before, 16))]
            cut.append(np.array(rows, float))
        assert not flat
        found.append(cut)
    return found


def picture(uri: str) -> Array:
    """Return the pixels of a data URI as (height, width, 4)."""
    assert uri.startswith("data:image/png;base64,")
    return np.asarray(Image.open(BytesIO(b64decode(uri.split(",")[1]))).convert("RGBA"))


def colour(text: str) -> tuple[int, ...]:
    return tuple(int(text[place : place + 2], 16) for place in (1, 3, 5))


def flags(text: str, count: int) -> list[bool]:
    return [bool(b64decode(text)[place // 8] >> place % 8 & 1) for place in range(count)]


# ---- the stage ----


@pytest.mark.parametrize("name", SETTINGS)
def test_the_stage_has_its_panels_and_frames(name: str) -> None:
    payload, run = stage(name), trained(name)
    shape = {"digits": "images", "digits linear": "images"}.get(name, "plane")
    assert [panel["kind"] for panel in payload["panels"]] == ["network", shape, "curves", "curves"]
    assert payload["steps"] == [step for step, _ in run.moments]
    assert len(payload["steps"]) == len(payload["epochs"]) <= 60
    assert payload["steps"][0] == 0 and payload["steps"][-1] == run.total_steps
    assert payload["replay"] is True and payload["run"] == run.run_id
    for panel in payload["panels"]:
        assert panel["title"] and len(panel["alts"]) == len(payload["steps"])
        assert all(f"step {step:,}" in text for step, text in zip(payload["steps"], panel["alts"], strict=True))


@pytest.mark.parametrize("name", SETTINGS)
def test_while_it_trains_the_stage_shows_the_newest_moment(name: str) -> None:
    run = trained(name)
    live = ShownRun(**{**vars(run), "state": "running", "moments": run.moments[-1:]})
    payload = mlp_stage.payload(live)
    assert payload["replay"] is False and payload["steps"] == [run.step]
    assert payload["panels"][2]["until"] == run.total_steps
    json.dumps(payload, allow_nan=False)


@pytest.mark.parametrize("name", SETTINGS)
def test_edges_are_kernels(name: str) -> None:
    panel = stage(name)["panels"][0]
    sizes = [layer["units"] for layer in panel["layers"]]
    assert sizes == [trained(name).facts["layers"][0]["shape"][0]] + [
        layer["shape"][0] for layer in trained(name).facts["layers"] if layer["kind"] == "Dense"
    ]
    assert len(panel["edges"]) == len(sizes) - 1
    for place, pair in enumerate(panel["edges"]):
        for frame, packed in enumerate(panel["weights"][place]):
            view = trained(name).views()[frame]
            exact = (
                view.unit_weights.reshape(len(view.unit_weights), -1).T
                if name in IMAGES and place == 0
                else kernels(name)[frame][place]
            )
            wanted = [
                float(exact[source, target]) for source, target in zip(pair["source"], pair["target"], strict=True)
            ]
            np.testing.assert_allclose(dequantize(packed), wanted, atol=np.abs(wanted).max() / 254 + 1e-9)


@pytest.mark.parametrize("name", ["digits", "iris", "diabetes"])
def test_the_strongest_edges_are_drawn(name: str) -> None:
    view = trained(name).view()
    for place, pair in enumerate(stage(name)["panels"][0]["edges"]):
        last = kernels(name)[-1][place]
        if name in IMAGES and place == 0:
            last = view.unit_weights[:16].reshape(16, -1).T.astype(float)
        drawn = {(source, target) for source, target in zip(pair["source"], pair["target"], strict=True)}
        strength = {index: abs(value) for index, value in np.ndenumerate(last)}
        left = [size for index, size in strength.items() if index not in drawn]
        assert len(drawn) == min(140, len(strength))
        assert not left or max(left) <= min(strength[index] for index in drawn)


@pytest.mark.parametrize("name", IMAGES)
def test_the_mosaic_marks_exactly_the_wrong_digits(name: str) -> None:
    run = trained(name)
    panel = stage(name)["panels"][1]
    rows, columns = mistakes.ROWS, mistakes.COLUMNS
    assert len(panel["images"]) == len(run.moments)
    marked = (*colour(ROLES["wrong"]), 255)
    for frame in {0, len(run.moments) // 2, len(run.moments) - 1}:
        pixels = picture(panel["images"][frame])
        assert pixels.shape == (10 * rows, 10 * columns, 4)
        for place in range(rows * columns):
            cell = pixels[place // columns * 10 :, place % columns * 10 :][:10, :10]
            wrong = run.views()[frame].probabilities[place].argmax() != run.scene["test_targets"][place]
            rim = [cell[0], cell[-1], cell[:, 0], cell[:, -1]]
            assert all((tuple(pixel) == marked) == wrong for line in rim for pixel in line)
            ink = np.rint(255 * (1 - run.scene["test_images"][place]))
            shade = 0.55 * ink[..., np.newaxis] + 0.45 * np.array(marked[:3]) if wrong else ink[..., np.newaxis]
            np.testing.assert_allclose(cell[1:-1, 1:-1, :3], np.broadcast_to(shade, (8, 8, 3)), atol=1.6)


def test_the_mosaic_becomes_right_with_training() -> None:
    marked = (*colour(ROLES["wrong"]), 255)
    images = stage("digits")["panels"][1]["images"]
    first, last = (np.all(picture(uri)[::10, ::10] == marked, axis=-1).sum() for uri in (images[0], images[-1]))
    assert first > 0.6 * mistakes.ROWS * mistakes.COLUMNS and last < first / 2


@pytest.mark.parametrize("name", PLANES)
def test_surface_colours(name: str) -> None:
    run, panel = trained(name), stage(name)["panels"][1]
    for frame in (0, -1):
        pixels, surface = picture(panel["backgrounds"][frame]), run.views()[frame].surface.astype(float)
        limit = max(abs(value) for value in run.scene["train_targets"])
        for row, column in np.random.default_rng(0).integers(0, 60, (60, 2)):
            values = surface[row, column]
            if name == "plane":
                share = min(1.0, abs(values[0]) / limit)
                hue, opacity = colour(POSITIVE if values[0] >= 0 else NEGATIVE), round(share * 32) / 32
            else:
                hue = colour(CLASSES[0 if values[0] >= values[1] else 1])
                opacity = 0.6 * round(max(0.0, (max(values) - 0.5) / 0.5) * 32) / 32
            assert pixels[row, column, 3] == pytest.approx(255 * opacity, abs=1.0 + 255 / 32 * (name == "plane"))
            if pixels[row, column, 3]:
                assert tuple(pixels[row, column, :3]) == hue


@pytest.mark.parametrize("name", PLANES)
def test_points_of_the_surface(name: str) -> None:
    run, panel = trained(name), stage(name)["panels"][1]
    assert [panel[axis][end] for axis in "xy" for end in ("low", "high")] == [-6.0, 6.0, -6.0, 6.0]
    for part, cloud in zip(("train", "test"), panel["points"], strict=True):
        exact = run.scene[f"{part}_points"]
        assert cloud["count"] == len(exact)
        np.testing.assert_allclose(dequantize(cloud["positions"][0]).reshape(-1, 2), exact, atol=1e-3)
        assert flags(cloud["test"], len(exact)) == [part == "test"] * len(exact)
        if name == "plane":
            np.testing.assert_allclose(dequantize(cloud["values"][0]), run.scene[f"{part}_targets"], atol=0.02)
        else:
            assert list(b64decode(cloud["groups"])) == list(run.scene[f"{part}_targets"])


def test_examples_on_their_main_axes() -> None:
    run, panel = trained("iris"), stage("iris")["panels"][1]
    (cloud,) = panel["points"]
    np.testing.assert_allclose(dequantize(cloud["positions"][0]).reshape(-1, 2), run.scene["test_plane"], atol=1e-3)
    truths = run.scene["test_targets"]
    assert list(b64decode(cloud["groups"])) == list(truths)
    for frame, view in enumerate(run.views()):
        assert flags(cloud["wrong"][frame], len(truths)) == [
            int(np.argmax(row)) != truth for row, truth in zip(view.probabilities, truths, strict=True)
        ]


def test_predictions_against_the_truth() -> None:
    run, panel = trained("diabetes"), stage("diabetes")["panels"][1]
    assert panel["diagonal"] is True
    (cloud,) = panel["points"]
    low, high = panel["x"]["low"], panel["x"]["high"]
    assert (panel["y"]["low"], panel["y"]["high"]) == (low, high)
    everything = [*run.scene["train_targets"], *run.scene["test_targets"]]
    assert low < min(everything) and max(everything) < high
    for frame, view in enumerate(run.views()):
        truths, guesses = dequantize(cloud["positions"][frame]).reshape(-1, 2).T
        np.testing.assert_allclose(truths, run.scene["test_targets"], atol=0.02)
        np.testing.assert_allclose(guesses, [min(high, max(low, value)) for value in view.predictions], atol=0.02)


@pytest.mark.parametrize("name", PLANES)
def test_units_are_drawn_with_their_maps(name: str) -> None:
    run, panel = trained(name), stage(name)["panels"][0]
    side, sheet = panel["tile"], picture(panel["sprites"][-1])
    tiles = [
        sheet[top : top + side, left : left + side]
        for top in range(0, sheet.shape[0], side)
        for left in range(0, sheet.shape[1], side)
    ]
    inputs, maps = len(run.facts["data"]["input_names"]), run.view().unit_maps
    shown = sum(len(layer["shown"]) for layer in panel["layers"] if layer["tiles"])
    assert shown == inputs + (0 if maps is None else len(maps)) + 1 <= len(tiles)
    x1 = tiles[0].astype(float)  # the input x1 rises from left to right
    assert tuple(x1[3, 0, :3]) == colour(NEGATIVE) and tuple(x1[3, -1, :3]) == colour(POSITIVE)
    assert tuple(tiles[1][0, 3, :3]) == colour(POSITIVE)  # x2 is largest at the top
    for tile, unit in zip(tiles[inputs:], () if maps is None else maps.astype(float), strict=False):
        largest = abs(unit).max() or 1.0
        np.testing.assert_allclose(tile[..., 3], 255 * np.rint(abs(unit) / largest * 32) / 32, atol=9)
        seen = tile[..., 3] > 0
        assert np.array_equal(tile[seen][:, :3] == colour(POSITIVE), np.repeat((unit[seen] > 0)[:, None], 3, 1))


@pytest.mark.parametrize("name", SETTINGS)
def test_curves_are_the_metrics(name: str) -> None:
    run = trained(name)
    score = "rmse" if name in REGRESSIONS else "accuracy"
    for panel, metric in zip(stage(name)["panels"][2:], ("loss", score), strict=True):
        assert [line["role"] for line in panel["series"]] == ["train", "test"]
        for line in panel["series"]:
            assert line["steps"] == [row["step"] for row in run.rows]
            np.testing.assert_allclose(line["values"], [row[f"{line['role']}_{metric}"] for row in run.rows], rtol=1e-4)
    drawn = {baseline["label"]: baseline["value"] for baseline in stage(name)["panels"][3]["baselines"]}
    wanted = {one["name"]: one["value"] for one in run.facts["baselines"] if one["metric"] == f"test_{score}"}
    assert len(wanted) == 4 and drawn == pytest.approx(wanted, rel=1e-4)


def test_another_run_can_be_laid_over() -> None:
    payload = mlp_stage.payload(trained("digits"), trained("digits linear"))
    assert payload["overlay"] == trained("digits linear").run_id
    laid = [line for panel in payload["panels"][2:] for line in panel["series"] if line["overlay"]]
    assert len(laid) == 2
    assert laid[0]["steps"] == [row["step"] for row in trained("digits linear").rows]


# ---- inside the network ----


def rows_of(spec: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Return all sets of data in a chart."""
    return [list(rows) for rows in spec.get("datasets", {}).values()]


def drawn(name: str, kind: str) -> dict[str, Any] | None:
    run = trained(name)
    chart = getattr(mlp_inside, kind)(run, run.view())
    with alt.data_transformers.disable_max_rows():
        return None if chart is None else dict(chart.to_dict())


def applies(name: str, kind: str) -> bool:
    return {
        "confusion": name in CLASSIFICATIONS, "reliability": name in CLASSIFICATIONS, "activations": name in HIDDEN,
        "first_weights": name in IMAGES, "residuals": name in REGRESSIONS,
    }.get(kind, True)  # fmt: skip


@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.parametrize("name", SETTINGS)
def test_a_chart_is_valid_and_light_or_left_out(name: str, kind: str) -> None:
    spec = drawn(name, kind)
    assert (spec is not None) == applies(name, kind)
    if spec is not None:
        assert "vega-lite" in spec["$schema"]
        json.dumps(spec, allow_nan=False)
        assert rows_of(spec) and sum(len(rows) for rows in rows_of(spec)) <= 5000


def table(name: str, kind: str, column: str) -> list[dict[str, Any]]:
    """Return the rows of a chart that have a column."""
    spec = drawn(name, kind)
    assert spec is not None
    return max((rows for rows in rows_of(spec) if column in rows[0]), key=len)


def image(uri: str, size: int) -> Array:
    """Return an enlarged, perhaps framed picture as (size, size, 4): the middle of each of its pixels."""
    pixels = picture(uri)
    scale = len(pixels) // size
    middles = (len(pixels) - size * scale) // 2 + scale * np.arange(size) + scale // 2
    return pixels[np.ix_(middles, middles)]


@pytest.mark.parametrize("name", CLASSIFICATIONS)
def test_confusion_counts_every_test_example(name: str) -> None:
    run, rows = trained(name), table(name, "confusion", "examples")
    names = [str(label) for label in run.facts["data"]["class_names"]]
    assert sum(row["examples"] for row in rows) == run.facts["data"]["test"]
    right = sum(row["examples"] for row in rows if row["truth"] == row["prediction"])
    assert right / run.facts["data"]["test"] == pytest.approx(run.rows[-1]["test_accuracy"])
    for row in rows:
        truth, guess = names.index(row["truth"]), names.index(row["prediction"])
        assert row["examples"] == run.view().confusion[truth][guess]
        assert row["share"] == pytest.approx(row["examples"] / max(1, sum(run.view().confusion[truth])))


@pytest.mark.parametrize("name", CLASSIFICATIONS)
def test_reliability_and_its_gap(name: str) -> None:
    run, rows = trained(name), table(name, "reliability", "examples")
    assert sum(row["examples"] for row in rows) == run.facts["data"]["test"]
    gap = 0.0
    for row in rows:
        assert 0.0 <= row["right"] <= 1.0 and row["examples"] > 0
        gap += row["examples"] * abs(row["confidence"] - row["right"])
    assert mlp_inside.expected_calibration_error(run.view()) == pytest.approx(gap / run.facts["data"]["test"], rel=1e-5)
    share = sum(row["examples"] * row["right"] for row in rows) / run.facts["data"]["test"]
    assert share == pytest.approx(run.rows[-1]["test_accuracy"], rel=1e-5)


@pytest.mark.parametrize("name", HIDDEN)
def test_activations_add_up(name: str) -> None:
    view, rows = trained(name).view(), table(name, "activations", "share")
    titles = [row["title"] for row in table(name, "activations", "title")]
    assert all(f"{float(share):.0%} of units dead" in title for share, title in zip(view.dead, titles, strict=True))
    layers = sorted({row["layer"] for row in rows})
    assert len(layers) == len(view.histograms)
    for place, layer in enumerate(layers):
        mine = [row for row in rows if row["layer"] == layer]
        np.testing.assert_allclose([row["share"] for row in mine], view.histograms[place], rtol=1e-6)
        np.testing.assert_allclose([row["from"] for row in mine], view.histogram_edges[place][:-1], rtol=1e-6)
        np.testing.assert_allclose([row["to"] for row in mine], view.histogram_edges[place][1:], rtol=1e-6)


@pytest.mark.parametrize("name", ["iris", "spiral", *REGRESSIONS])
def test_worst_rows(name: str) -> None:
    view, rows = trained(name).view(), table(name, "worst", "true")
    assert [row["example"] for row in rows] == [str(index) for index in view.worst_rows]
    for place, row in enumerate(rows):
        if name in REGRESSIONS:
            assert (row["true"], row["network"]) == pytest.approx((view.worst_truths[place], view.worst_outputs[place]))
        else:
            assert row["true"] == 1.0
            assert row["network"] == pytest.approx(view.worst_outputs[place][view.worst_truths[place]])


@pytest.mark.parametrize("name", IMAGES)
def test_worst_images_say_what_was_read(name: str) -> None:
    view, rows = trained(name).view(), table(name, "worst", "picture")
    assert len(rows) == 12
    for place, row in enumerate(rows):
        truth, guess = int(view.worst_truths[place]), int(view.worst_outputs[place].argmax())
        assert row["label"] == (f"{truth} read as {guess}" if truth != guess else f"{truth}, unsure")
        ink = 255 * (1 - view.worst_inputs[place].reshape(8, 8))
        np.testing.assert_allclose(image(row["picture"], 8)[..., 0], ink, atol=1.0)


@pytest.mark.parametrize("name", IMAGES)
def test_first_weights_share_one_scale(name: str) -> None:
    weights, rows = trained(name).view().unit_weights.astype(float), table(name, "first_weights", "picture")
    assert len(rows) == len(weights)
    for unit, row in zip(weights, rows, strict=True):
        pixels = image(row["picture"], 8)
        np.testing.assert_allclose(pixels[..., 3], 255 * abs(unit) / abs(weights).max(), atol=255 / 64 + 1)
        seen = pixels[..., 3] > 0
        assert all(
            tuple(pixel[:3]) == colour(POSITIVE if value > 0 else NEGATIVE)
            for pixel, value in zip(pixels[seen], unit[seen], strict=True)
        )


@pytest.mark.parametrize("name", REGRESSIONS)
def test_residuals_count_every_recorded_example(name: str) -> None:
    run, rows = trained(name), table(name, "residuals", "examples")
    gaps = [
        guess - truth
        for guess, truth in zip(run.view().predictions.astype(float), run.scene["test_targets"], strict=True)
    ]
    assert sum(row["examples"] for row in rows) == len(gaps)
    assert sum(row["examples"] for row in rows if row["side"] == "too high") == sum(gap >= 0 for gap in gaps)
    for row in rows[:-1]:
        assert row["examples"] == sum(row["from"] <= gap < row["to"] for gap in gaps)


@pytest.mark.parametrize("name", SETTINGS)
def test_comparison_with_methods_without_a_network(name: str) -> None:
    run, rows = trained(name), table(name, "comparison", "method")
    metric = "test_rmse" if name in REGRESSIONS else "test_accuracy"
    wanted = {one["name"]: one["value"] for one in run.facts["baselines"] if one["metric"] == metric}
    assert {row["method"]: row["value"] for row in rows if row["kind"] == "baseline"} == pytest.approx(wanted)
    (network,) = [row for row in rows if row["kind"] == "model"]
    assert network["value"] == pytest.approx(run.rows[-1][metric])


def test_without_measured_methods_there_is_no_comparison() -> None:
    run = trained("iris")
    bare = ShownRun(**{**vars(run), "facts": {**run.facts, "baselines": []}})
    assert mlp_inside.comparison(bare, bare.view()) is None


# ---- a run that left the range of numbers ----


@pytest.fixture(scope="module")
def broken() -> Iterator[ShownRun]:
    from lab.direct import run

    settings: dict[str, Any] = {"dataset": "diabetes", "optimizer": "sgd", "learning_rate": 10.0, "epochs": 20}
    with np.errstate(all="ignore"):
        yield ShownRun.from_record(run(CONFIGS["mlp"](**settings)))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_diverged_run_can_be_drawn(broken: ShownRun) -> None:
    assert broken.state == "failed" and "learning rate" in broken.message
    assert not math.isfinite(broken.rows[-1]["test_loss"])
    json.dumps(mlp_stage.payload(broken), allow_nan=False)
    for kind in DRAWN:
        chart = getattr(mlp_inside, kind)(broken, broken.view())
        if chart is not None:
            json.dumps(chart.to_dict(), allow_nan=False)
