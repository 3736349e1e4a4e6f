"""The pictures of the autoencoder: what they draw is what the arrays say, at any settings."""

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from evidence.autoencoder import labelled_rows
from lab.charts import (
    autoencoder_answers,
    autoencoder_inside,
    autoencoder_measured,
    autoencoder_network,
    autoencoder_stage,
)
from lab.charts.thumbnail import thumbnail
from lab.shown_run import ShownRun
from models import autoencoder
from models.autoencoder_halves import coder
from models.base import anatomy
from models.configs import AutoencoderConfig

ROOT = Path(__file__).resolve().parents[2]
SETTINGS: dict[str, dict[str, Any]] = {
    "digits": {},
    "line": {"code": 1},
    "variational": {"kl": 0.1, "code": 4},
    "deep": {"layers": 4, "units": 4},
    "shallow": {"layers": 0, "activation": "linear"},
    "windows": {"kind": "convolutional", "units": 16},
    "noisy": {"noise": 0.3, "code": 8},
    "unknown": {"held_out": "7"},
    "tumours": {"dataset": "breast_cancer"},
}


@cache
def shown(name: str) -> tuple[ShownRun, Any, Any]:
    """Return an untrained run as the page sees it, twice recorded, with its data and model."""
    config = AutoencoderConfig(**SETTINGS[name])
    data = autoencoder.load(config)
    model = autoencoder.build(config, data)
    seen = autoencoder.observe(model, data)
    metrics, arrays = autoencoder.evaluate(data, seen), autoencoder.draw(model, data, seen).arrays()
    facts = {
        "layers": [asdict(layer) for layer in anatomy(model)], "data": data.summary(), "total_steps": 10,
        "baselines": [asdict(one) for one in autoencoder.baselines(config, data)],
    }  # fmt: skip
    rows = [{"step": step, "epoch": step / 5, "seconds": 0.1 * step, **metrics} for step in (0, 10)]
    run = ShownRun(
        "one", "autoencoder", config.model_dump(mode="json"), "live", state="finished", facts=facts,
        scene=dict(autoencoder.scene(config, data)), rows=rows, moments=[(0, arrays), (10, arrays)],
    )  # fmt: skip
    return run, data, model


def values(chart: Any) -> list[dict[str, Any]]:
    """Return the rows of the largest table of a chart."""
    largest: list[dict[str, Any]] = max(chart.to_dict()["datasets"].values(), key=len)
    return largest


@pytest.mark.parametrize("name", SETTINGS)
def test_the_stage_is_complete_and_every_panel_tells_itself(name: str) -> None:
    run, _, _ = shown(name)
    payload = autoencoder_stage.payload(run)
    json.dumps(payload)
    assert [panel["kind"] for panel in payload["panels"]] == ["images", "network", "plane", "curves", "curves"]
    for panel in payload["panels"]:
        assert panel["title"] and all(len(alt) > 20 for alt in panel["alts"])
        assert "nan" not in json.dumps(panel["alts"])
    assert thumbnail(run, autoencoder_stage.result)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_picture_that_applies_is_drawn(name: str) -> None:
    run, _, _ = shown(name)
    drawn = {
        picture
        for picture in ("samples", "worst", "error_by_group", "use_of_numbers", "cleaned", "anomaly_histogram", "roc")
        if (chart := getattr(autoencoder_inside, picture)(run, run.view())) is not None and chart.to_dict()
    }
    expected = {"error_by_group", "use_of_numbers"}
    expected |= set() if name == "tumours" else {"samples", "worst"}
    expected |= {"cleaned"} if name == "noisy" else set()
    expected |= {"anomaly_histogram", "roc"} if name in ("unknown", "tumours") else set()
    assert drawn == expected


@pytest.mark.parametrize("name", ["unknown", "tumours"])
def test_the_roc_curve_is_scikit_learns(name: str) -> None:
    run, data, _ = shown(name)
    scores = run.view().errors
    alarms, found = autoencoder_inside.roc_points(scores, data.anomalies)
    expected = roc_curve(data.anomalies, scores, drop_intermediate=False)
    np.testing.assert_allclose(alarms, expected[0])
    np.testing.assert_allclose(found, expected[1])
    assert np.trapezoid(found, alarms) == pytest.approx(roc_auc_score(data.anomalies, scores))
    legend = {row["method"] for row in values(autoencoder_inside.roc(run, run.view()))}
    assert f"isolation forest: {roc_auc_score(data.anomalies, run.scene['forest_scores']):.3f}" in legend


def test_ties_are_one_step_of_the_curve() -> None:
    alarms, found = autoencoder_inside.roc_points(np.array([1.0, 1.0, 0.5]), np.array([True, False, False]))
    assert alarms.tolist() == [0.0, 0.5, 1.0] and found.tolist() == [0.0, 1.0, 1.0]


def test_the_histogram_counts_every_example_once() -> None:
    run, data, _ = shown("tumours")
    rows = values(autoencoder_inside.anomaly_histogram(run, run.view()))
    counts = {kind: sum(row["examples"] for row in rows if row["kind"] == kind) for kind in ("known kind", "malignant")}
    assert counts == {"known kind": int((~data.anomalies).sum()), "malignant": int(data.anomalies.sum())}


def test_bars_are_means_over_the_examples_of_a_class() -> None:
    run, data, model = shown("digits")
    errors = ((model.predict(data.test_inputs, verbose=0) - data.test_inputs) ** 2).mean(axis=1)
    for row in values(autoencoder_inside.error_by_group(run, run.view())):
        assert row["error"] == pytest.approx(errors[data.test_targets == int(row["group"])].mean(), rel=2e-3)


def test_decibels_in_the_picture_are_those_of_the_stage() -> None:
    run, _, _ = shown("noisy")
    told = {row["method"]: row["dB"] for row in values(autoencoder_inside.cleaned(run, run.view()))}
    assert told["this network"] == pytest.approx(run.rows[-1]["test_psnr"], abs=0.02)
    expected = next(one["value"] for one in run.facts["baselines"] if one["metric"] == "test_psnr")
    assert told["PCA, 8"] == pytest.approx(expected, abs=0.02)
    assert told["what it sees"] == pytest.approx(10.46, abs=0.1)


# ---- the stage ----


def test_points_stand_at_their_codes() -> None:
    run, _, _ = shown("digits")
    view = run.view()
    places = autoencoder_stage.plane(run, [view]).points[0].positions[0]
    low, high = view.limits.astype(float).T
    np.testing.assert_allclose((places + 1) / 2 * (high - low) + low, view.codes.astype(float), atol=1e-5)
    assert np.abs(places).max() <= 1.0


def test_on_a_line_the_error_stands_upright() -> None:
    run, _, _ = shown("line")
    places = autoencoder_stage.plane(run, [run.view()]).points[0].positions[0]
    order = np.argsort(run.view().errors[: len(places)], kind="stable")
    assert (np.diff(places[order, 1]) >= 0).all() and places[:, 1].min() == pytest.approx(-0.9)


def test_decoded_pictures_lie_where_they_are_decoded() -> None:
    run, _, _ = shown("digits")
    ground, grid = autoencoder_stage.decoded_ground(run, run.view()), run.view().grid.reshape(7, 7, 8, 8)
    assert ground.shape == (7 * 12, 7 * 12, 4)
    cell = ground[5 * 12 + 2 : 5 * 12 + 10, 1 * 12 + 2 : 1 * 12 + 10, 3] / 255 / 0.55
    np.testing.assert_allclose(cell, grid[5, 1] / 15, atol=0.03)


def test_the_rows_of_digits_are_original_rebuilt_and_pca() -> None:
    run, data, model = shown("digits")
    picture = autoencoder_stage._digits(run, run.view())
    rebuilt = model.predict(data.test_inputs[run.scene["shown_rows"][:1]], verbose=0).reshape(8, 8)
    for row, expected in enumerate((run.scene["shown"][0].reshape(8, 8), np.clip(rebuilt, 0, 1))):
        drawn = picture[10 * row + 1 : 10 * row + 9, 3:11, 0]
        np.testing.assert_allclose(1 - drawn / 255, expected, atol=0.06)


@pytest.mark.parametrize("name", ["digits", "deep", "shallow", "tumours", "variational"])
def test_the_drawn_weights_are_those_of_the_network(name: str) -> None:
    run, _, model = shown(name)
    kernels = autoencoder_network.kernels_of(run, run.view(), autoencoder_network.inner_columns(run))
    kept = [one for one in model.layers if hasattr(one, "kernel") and one.name != "code_log_variance"]
    assert len(kernels) == len(kept)
    for drawn, layer in zip(kernels, kept, strict=True):
        true = layer.kernel.numpy()[: drawn.shape[0], : drawn.shape[1]]
        np.testing.assert_allclose(drawn, true, atol=np.abs(true).max() / 15)
    assert kernels[0].shape[0] == model.input_shape[1] == kernels[-1].shape[1]


@pytest.mark.parametrize("name", SETTINGS)
def test_every_recorded_unit_is_found_again(name: str) -> None:
    run, data, model = shown(name)
    found = autoencoder_network.activations(run, run.view())
    assert sum(values.size for _, values in found) == run.view().units.size
    code = next(values for column, values in found if column.name == "code")
    expected = coder(model).through(data.seen("test")[run.scene["shown_rows"][:1]])[1]
    np.testing.assert_allclose(code, expected[0][:8], atol=2e-3)


# ---- answers ----


def answered(name: str, **question: Any) -> tuple[ShownRun, Any]:
    run, data, model = shown(name)
    return run, autoencoder.look(model, data, question)


def test_a_walk_has_two_rows_and_its_clearness_two_lines() -> None:
    run, view = answered("digits", between=[0, 1], stops=9)
    assert len(values(autoencoder_answers.walk(run, view))) == 18
    rows = values(autoencoder_answers.clearness(view))
    assert [row["agree"] for row in rows if row["kind"] == "decoded"] == pytest.approx(list(view.answer_agreement))
    assert len(rows) == 18


def test_what_was_lost_is_listed_from_the_largest_on() -> None:
    run, view = answered("tumours", test_row=3)
    rows = values(autoencoder_answers.lost(run, view))
    gaps = [abs(row["given"] - row["rebuilt"]) for row in rows]
    assert gaps == sorted(gaps, reverse=True) and len(rows) == 12
    assert gaps[0] == pytest.approx(np.abs(view.answer_input - view.answer_outputs[0]).max(), rel=1e-5)


def test_the_plane_can_be_clicked_everywhere() -> None:
    run, _, _ = shown("digits")
    chart = autoencoder_answers.clickable(run, run.view(), (0.0, 0.0)).to_dict()
    assert "place" in json.dumps(chart["params"])
    places = max(chart["datasets"].values(), key=len)
    across, down = (sorted({one[axis] for one in places}) for axis in ("x", "y"))
    assert len(places) == len(across) * len(down)
    side = autoencoder_answers.CELL**0.5  # pixels of one place; the plot is 540 x 272 at the page's usual width
    assert side >= 540 / (len(across) - 1) and side >= 272 / (len(down) - 1), "a click between two places is lost"


# ---- stored results ----


def test_the_lines_are_means_over_the_stored_seeds_and_the_words_say_them() -> None:
    stored = json.loads((ROOT / "evidence" / "results" / "autoencoder.json").read_text(encoding="utf-8"))
    chart = autoencoder_measured.bottleneck(None, None).to_dict()
    means = min(chart["datasets"].values(), key=len)
    assert len(means) == 18
    for row in means:
        errors = [
            one["error"] for one in stored["bottleneck"] if (one["kind"], one["code"]) == (row["kind"], row["code"])
        ]
        assert len(errors) == 3 and row["error"] == pytest.approx(sum(errors) / 3)
    right = [one["right"] for one in stored["pretraining"] if one["kind"] == "from scratch" and one["labels"] == 20]
    assert f"{100 * sum(right) / len(right):.1f} % from scratch" in autoencoder_measured.pretraining_notice(None, None)


def test_what_the_evidence_claims_is_what_it_holds() -> None:
    mean = autoencoder_measured.mean_of
    for code in (1, 2, 4, 8, 16):
        bends, pca = (mean("bottleneck", "error", kind, "code", code) for kind in ("with bends", "PCA"))
        assert bends < 0.7 * pca
    assert mean("bottleneck", "error", "with bends", "code", 32) > mean("bottleneck", "error", "PCA", "code", 32)
    for labels, least in ((20, 0.04), (50, 0.01)):
        kinds = ("pretrained, trained on", "from scratch")
        after, scratch = (mean("pretraining", "right", kind, "labels", labels) for kind in kinds)
        assert after - scratch > least


def test_labels_are_drawn_evenly() -> None:
    targets = np.random.default_rng(0).integers(0, 10, 1000)
    rows = labelled_rows(targets, 50, seed=3)
    assert len(set(rows.tolist())) == 50
    assert np.bincount(targets[rows]).tolist() == [5] * 10
