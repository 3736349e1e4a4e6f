"""Pictures of the convolutional network: what they say is in the arrays, and in the stored measurements."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lab.charts import cnn_answer, cnn_inside, cnn_measured, cnn_stage, image_grid
from lab.runs import RunStore
from lab.shown_run import ShownRun
from lab.storage import examples_folder
from models.configs import CnnConfig

ROOT = Path(__file__).resolve().parents[2]
STORED = json.loads((ROOT / "evidence" / "results" / "convolution.json").read_text(encoding="utf-8"))


def example(**settings: Any) -> ShownRun:
    store = RunStore(examples_folder(), examples=examples_folder())
    found = store.find("cnn", CnnConfig(**settings).digest())
    assert found is not None, "run: python -m lab examples cnn"
    return ShownRun.from_record(store.open(found.run_id))


# ---- stage and inside ----


@pytest.mark.parametrize("settings", [{}, {"dataset": "digits_canvas", "blocks": 0, "units": 64}], ids=["cnn", "mlp"])
def test_the_stage_of_a_stored_run(settings: dict[str, Any]) -> None:
    run = example(**settings)
    payload = cnn_stage.payload(run)
    assert [panel["kind"] for panel in payload["panels"]] == ["network", "images", "curves", "curves"]
    names = [layer["name"] for layer in payload["panels"][0]["layers"]]
    if settings:
        assert names == ["image", "hidden", "output"]
    else:
        assert names == ["image", "kernels", "block 1", "block 2", "output"]
    wrong = int(np.sum(run.view().probabilities.argmax(axis=1) != run.scene["test_targets"][:144]))
    assert f"{wrong} of 144" in payload["panels"][1]["alts"][-1]
    assert len(json.dumps(payload)) < 1_500_000


def test_the_network_is_drawn_with_the_recorded_maps_and_weights() -> None:
    run = example()
    view = run.view()
    tiles = cnn_stage.tiles(run, view)
    assert tiles.shape == (1 + 8 + 8 + 16 + 10, 28, 28, 4)
    first = view.maps[:64].reshape(8, 8)
    assert tiles[9][15, 15, 3] == round(255 * int(first[4, 4]) / 63)
    matrices = cnn_stage.between(run, view)
    assert [matrix.shape for matrix in matrices] == [(1, 8), (8, 8), (8, 16), (16, 10)]
    np.testing.assert_allclose(np.diag(matrices[1]), matrices[0][0])
    np.testing.assert_allclose(np.concatenate([matrices[0].ravel(), *(m.ravel() for m in matrices[2:])]), view.edges)


def test_every_picture_inside_is_drawn_or_left_out() -> None:
    run, plain = example(), example(dataset="digits_canvas", blocks=0, units=64)
    for draw in (cnn_inside.kernels, cnn_inside.maps, cnn_inside.receptive_field, cnn_inside.worst):
        drawn: Any = draw(run, run.view())
        assert drawn.to_dict()
    for draw in (cnn_inside.kernels, cnn_inside.maps, cnn_inside.receptive_field):
        assert draw(plain, plain.view()) is None
    field: Any = cnn_inside.receptive_field(run, run.view())
    boxes = field.to_dict()
    rows = [row for table in boxes["datasets"].values() for row in table if "layer" in row]
    assert [(row["layer"], row["from"], row["to"]) for row in rows] == [
        ("conv 1: 3 × 3", 2, 5), ("pool 1: 4 × 4", 1, 5), ("conv 2: 8 × 8", -1, 7), ("pool 2: 10 × 10", -3, 7)
    ]  # fmt: skip


# ---- answers ----


def test_a_pixel_falls_by_the_mean_of_the_squares_that_hide_it() -> None:
    falls = np.random.default_rng(0).random((4, 3)).astype(np.float32)
    view = SimpleNamespace(answer_input=np.zeros((9, 7, 1)), occlusion=falls, occlusion_side=np.array([3]),
                           occlusion_step=np.array([2]))  # fmt: skip
    found = cnn_answer.fall_per_pixel(view)
    for row, column in [(0, 0), (4, 3), (8, 6), (2, 2)]:
        hiding = [falls[i, j] for i in range(4) for j in range(3)
                  if 2 * i <= row < 2 * i + 3 and 2 * j <= column < 2 * j + 3]  # fmt: skip
        assert found[row, column] == pytest.approx(np.mean(hiding))


def window(channels: int) -> Any:
    generator = np.random.default_rng(1)
    return SimpleNamespace(
        window_input=generator.random((5, 5, channels)), window_kernel=generator.normal(size=(3, 3, channels)),
        window_bias=np.array([0.25]), window_sums=np.zeros((5, 5)), window_padding=np.array([1]),
    )  # fmt: skip


@pytest.mark.parametrize("channels", [1, 4, 12])
def test_the_sentence_is_the_sum_of_the_products(channels: int) -> None:
    view = window(channels)
    total = 0.0
    for i in range(3):
        for j in range(3):
            row, column = 0 + i - 1, 4 + j - 1  # the window at the upper right corner, half of it on zeros
            if 0 <= row < 5 and 0 <= column < 5:
                total += float(view.window_input[row, column] @ view.window_kernel[i, j])
    told = cnn_answer.sentence(view, 0, 4)
    assert f"+ bias 0.25 = {cnn_answer.number(total + 0.25)}" in told
    assert told.endswith(f"ReLU makes it {cnn_answer.number(max(0.0, total + 0.25))}")
    assert cnn_answer.arithmetic(view, 0, 4, cnn_answer.strongest_channel(view, 0, 4)).to_dict()


# ---- images ----


def test_ink_is_dark_on_paper_and_colours_stay() -> None:
    assert image_grid.paper(np.array([[[0.0]], [[1.0]]])).tolist() == [[[255, 255, 255]], [[0, 0, 0]]]
    assert image_grid.paper(np.array([[[1.0, 0.0, 0.2]]])).tolist() == [[[255, 0, 51]]]


def test_stretching_repeats_cells() -> None:
    found = image_grid.stretched(np.array([[1, 2], [3, 4]]), 4, 6)
    assert found.tolist() == [[1, 1, 1, 2, 2, 2]] * 2 + [[3, 3, 3, 4, 4, 4]] * 2


def test_the_mosaic_marks_what_is_wrong() -> None:
    images = np.zeros((3, 4, 4, 1))
    grid = next(image_grid.mosaics(images, [np.array([False, True, False])], columns=2))
    assert grid.shape == (12, 12, 4)
    assert grid[2, 2].tolist() == [255, 255, 255, 255]
    assert grid[0, 6].tolist()[:3] == [0xD5, 0x5E, 0x00]
    assert grid[8, 8, 3] == 0  # the fourth place is empty


# ---- what is stored ----


def test_the_moved_maps_are_the_means_over_the_seeds() -> None:
    for network in (cnn_measured.PERCEPTRON, cnn_measured.FLAT, cnn_measured.GLOBAL):
        rows = [row["accuracy"] for row in STORED["moves"] if row["network"] == network]
        assert len(rows) == len(STORED["about"]["seeds"])
        mean = [[sum(row[i][j] for row in rows) / len(rows) for j in range(9)] for i in range(9)]
        np.testing.assert_allclose(np.asarray(cnn_measured.moved(network), float), mean)
        far = cnn_measured.by_distance(network)
        assert far[2] == pytest.approx((mean[2][4] + mean[6][4] + mean[4][2] + mean[4][6]) / 4)
        assert f"{far[1]:.3f}" in cnn_measured.moved_notice(network, "")(None, None)


def test_the_claims_of_the_page_are_in_the_stored_results() -> None:
    perceptron, flat, best = (cnn_measured.by_distance(one) for one in
                              (cnn_measured.PERCEPTRON, cnn_measured.FLAT, cnn_measured.GLOBAL))  # fmt: skip
    assert perceptron[2] < flat[2] < 0.5 < 0.9 < best[2]
    assert best[1] < best[0] and best[1] < best[2]  # odd moves fall between the cells of the pooling
    for row in STORED["reach"]:
        if row["distance"] >= row["field"]:
            assert row["accuracy"] < 0.6, row  # no unit sees both dots
        if (
            row["distance"] + 4 <= row["field"] and row["blocks"] > 1
        ):  # both fit in, wherever the stride of 4 puts a unit
            assert row["accuracy"] > 0.97, row


def test_the_perceptron_of_equal_accuracy_is_read_from_the_stored_runs() -> None:
    found = cnn_measured.equal()
    assert found is not None
    by_seed = {(row["kind"], row["width"], row["seed"]): row["accuracy"] for row in STORED["equal"]}
    seeds = sorted({seed for _, _, seed in by_seed})
    assert found.seeds == len(seeds) >= 8
    alike = []
    for width in sorted({width for kind, width, _ in by_seed if kind == "perceptron"}):
        leads = [by_seed["convolution", 8, seed] - by_seed["perceptron", width, seed] for seed in seeds]
        mean = sum(leads) / len(leads)
        error = (sum((lead - mean) ** 2 for lead in leads) / (len(leads) - 1) / len(leads)) ** 0.5
        if width == found.units:
            assert found.behind == pytest.approx((mean, error))
        if abs(mean) <= 2 * error:
            alike.append(width)
    assert found.alike == bool(alike) and (not alike or found.units == alike[0])


def test_layers_of_both_add_up_as_keras_counts_them() -> None:
    found = cnn_measured.equal()
    assert found is not None
    for rows in found.layers():
        for _, formula, size in rows:
            assert size == eval(formula.replace("·", "*"))
    counts = {(row["kind"], row["width"]): row["parameters"] for row in STORED["equal"]}
    assert found.sizes() == (counts["convolution", 8], counts["perceptron", found.units])
    told = cnn_measured.equal_notice(found)
    assert f"{found.sizes()[1] / found.sizes()[0]:.1f} times" in told and f"{found.network:.3f}" in told
    assert "points" in cnn_measured.sizes_notice(None, None)


def test_shuffling_costs_what_is_stored() -> None:
    rows = [row for row in STORED["moves"] if row["network"] == cnn_measured.GLOBAL]
    cost = 100 * float(np.mean([row["accuracy"][4][4] - row["shuffled"] for row in rows]))
    assert f"{cnn_measured.GLOBAL} {cost:.1f} points" in cnn_measured.shuffled_notice(None, None)
    for draw in (cnn_measured.shuffled, cnn_measured.reach, cnn_measured.sizes):
        assert draw(None, None).to_dict()


def test_the_stored_settings_are_todays() -> None:
    assert STORED["about"]["settings"] == CnnConfig().model_dump(mode="json")
