"""The convolutional network: everything it shows is recomputed by loops, closed forms or another library."""

from functools import cache
from itertools import product
from typing import Any

import keras
import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from lab.datasets.dataset import UnfitData
from lab.datasets.images import ImageSet, from_arrays
from models import cnn
from models.base import Array, Snapshot, anatomy
from models.cnn_look import between_columns, block_outputs, logits_of
from models.cnn_questions import grad_cam, occlusion
from models.configs import CnnConfig
from models.receptive_field import reaches
from models.views import MAP_LEVELS


@cache
def short_run(**settings: Any) -> tuple[CnnConfig, ImageSet, keras.Model, tuple[Snapshot, ...]]:
    config = CnnConfig(**{"epochs": 3, **settings})
    data = cnn.load(config)
    model = cnn.build(config, data)
    return config, data, model, tuple(cnn.train(config, data, model))


def softmax(logits: Array) -> Array:
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


# ---- forward, by loops ----


def convolved(image: Array, kernel: Array, bias: Array, padding: str) -> Array:
    """Slide a window over (h, w, c) by loops: z[i, j, f] = bias[f] + sum of x[i + a, j + b, c] * k[a, b, c, f]."""
    size = kernel.shape[0]
    if padding == "same":
        before = (size - 1) // 2
        image = np.pad(image, ((before, size - 1 - before), (before, size - 1 - before), (0, 0)))
    height, width = image.shape[0] - size + 1, image.shape[1] - size + 1
    sums = np.zeros((height, width, kernel.shape[3]))
    for i, j, f in product(range(height), range(width), range(kernel.shape[3])):
        total = float(bias[f])
        for a, b, c in product(range(size), range(size), range(image.shape[2])):
            total += float(image[i + a, j + b, c]) * float(kernel[a, b, c, f])
        sums[i, j, f] = total
    return sums


def pooled(maps: Array, kind: str) -> Array:
    height, width, filters = maps.shape
    found = np.zeros((height // 2, width // 2, filters))
    for i, j in product(range(height // 2), range(width // 2)):
        square = maps[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].reshape(4, filters)
        found[i, j] = square.max(axis=0) if kind == "max" else square.mean(axis=0)
    return found


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"padding": "valid", "kernel": 2, "head": "global_max"},
        {"pooling": "average", "head": "global_average", "units": 5},
    ],
    ids=["flatten", "global max", "global average"],
)
def test_the_network_is_what_loops_compute(settings: dict[str, Any]) -> None:
    config, data, model, _ = short_run(filters=3, epochs=1, **settings)
    x = data.pictures("test")[0].astype(np.float64)
    for number, seen in enumerate(block_outputs(model, data.pictures("test")[0]), start=1):
        kernel, bias = model.get_layer(f"conv_{number}").get_weights()
        x = np.maximum(convolved(x, kernel, bias, config.padding), 0.0)
        np.testing.assert_allclose(seen, x, atol=1e-5)
        x = pooled(x, config.pooling)
    features = {"flatten": x.ravel(), "global_max": x.max(axis=(0, 1)), "global_average": x.mean(axis=(0, 1))}
    x = features[config.head]
    if config.units:
        kernel, bias = model.get_layer("hidden").get_weights()
        x = np.maximum(x @ kernel + bias, 0.0)
    kernel, bias = model.get_layer("output").get_weights()
    np.testing.assert_allclose(logits_of(model, data.pictures("test")[:1])[0], x @ kernel + bias, atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "parameters"),
    [
        ({"blocks": 0, "units": 64}, 144 * 64 + 64 + 64 * 10 + 10),
        ({}, 9 * 8 + 8 + 9 * 8 * 16 + 16 + 9 * 16 * 10 + 10),
        ({"filters": 16, "head": "global_max"}, 9 * 16 + 16 + 9 * 16 * 32 + 32 + 32 * 10 + 10),
    ],
    ids=["perceptron", "flatten", "global max"],
)
def test_parameters_follow_from_the_sizes(settings: dict[str, Any], parameters: int) -> None:
    config = CnnConfig(dataset="digits_canvas", **settings)
    model = cnn.build(config, cnn.load(config))
    assert model.count_params() == parameters
    assert sum(layer.parameters for layer in anatomy(model)) == parameters


def test_a_window_larger_than_its_maps_is_refused_in_words() -> None:
    config = CnnConfig(padding="valid", blocks=3)
    with pytest.raises(UnfitData, match="Block 3 would slide a window of 3 x 3 over maps of only 1 x 1"):
        cnn.build(config, cnn.load(config))


@pytest.mark.parametrize("settings", [{"blocks": 4, "kernel": 7, "filters": 1}, {"blocks": 0}, {"kernel": 1},
                                      {"blocks": 1, "filters": 64, "batch_normalization": True, "dropout": 0.8},
                                      {"augmentation": 4, "pooling": "none"}])  # fmt: skip
def test_every_control_at_its_ends_trains(settings: dict[str, Any]) -> None:
    config, data, _, snapshots = short_run(**{"epochs": 1, **settings})
    assert all(np.isfinite(value) for value in snapshots[-1].metrics.values())
    assert cnn.scene(config, data)["map_shapes"].shape == (config.blocks, 3)


# ---- the receptive field ----


@pytest.mark.parametrize(("kernel", "padding"), [(3, "same"), (2, "same"), (3, "valid"), (5, "same")])
def test_a_unit_sees_exactly_its_receptive_field(kernel: int, padding: Any) -> None:
    config = CnnConfig(dataset="pair", blocks=2, filters=1, kernel=kernel, padding=padding, pooling="average")
    model = cnn.build(config, cnn.load(config))
    for layer in model.layers:
        if hasattr(layer, "kernel"):
            layer.set_weights([np.ones_like(layer.kernel), np.zeros_like(layer.bias)])
    for one in reaches(config, 16):
        upto = keras.Model(model.inputs, model.get_layer(one.layer).output)
        lit = np.zeros((16, 16, 16, 1), np.float32)
        lit[np.arange(16), :, np.arange(16)] = 1.0  # image c has its column c alight
        answers = np.asarray(upto(lit))[:, :, :, 0]
        assert answers.shape[1] == one.size
        for unit in range(one.size):
            first, last = one.seen(unit)
            seen = np.flatnonzero(answers[:, one.size // 2, unit] > 0)
            assert (seen[0], seen[-1]) == (max(first, 0), min(last, 15)), (one, unit)


def test_the_scene_tells_what_the_middle_unit_sees() -> None:
    config = CnnConfig()
    scene = cnn.scene(config, cnn.load(config))
    assert scene["reaches"].tolist() == [[8, 2, 4], [4, 1, 4], [4, -1, 6], [2, -3, 6]]
    assert scene["map_shapes"].tolist() == [[8, 8, 8], [16, 4, 4]]


# ---- the view ----


def test_recorded_maps_and_weights_are_those_of_the_network() -> None:
    _, data, model, snapshots = short_run()
    view: Any = snapshots[-1].view
    start, first = 0, 0
    for maps in block_outputs(model, data.pictures("test")[0]):
        wanted = np.moveaxis(maps, -1, 0)
        peaks = view.map_peaks[first : first + len(wanted)]
        np.testing.assert_allclose(peaks, wanted.max(axis=(1, 2)), rtol=1e-5)
        recorded = view.maps[start : start + wanted.size].reshape(wanted.shape) / MAP_LEVELS
        assert np.abs(recorded * peaks[:, None, None] - wanted).max() <= 0.51 / MAP_LEVELS * peaks.max()
        start, first = start + wanted.size, first + len(wanted)
    assert start == len(view.maps) and first == len(view.map_peaks)
    kernel = model.get_layer("conv_1").get_weights()[0]
    np.testing.assert_allclose(view.kernels, np.moveaxis(kernel, -1, 0), atol=1e-3)


def test_weights_between_columns_are_means_over_window_and_places() -> None:
    _, _, model, snapshots = short_run()
    first, second, last = between_columns(model)
    conv, out = model.get_layer("conv_2").get_weights()[0], model.get_layer("output").get_weights()[0]
    assert first.shape == (1, 8) and second.shape == (8, 16) and last.shape == (16, 10)
    assert second[3, 5] == pytest.approx(sum(conv[a, b, 3, 5] for a in range(3) for b in range(3)) / 9, abs=1e-6)
    # Flattening counts rows, columns, maps: place (i, j) of map m is number (2 i + j) * 16 + m.
    places = [out[(2 * i + j) * 16 + 7, 4] for i in range(2) for j in range(2)]
    assert last[7, 4] == pytest.approx(np.mean(places), abs=1e-6)
    together = np.concatenate([first.ravel(), second.ravel(), last.ravel()])
    edges = snapshots[-1].view.arrays()["edges"]
    np.testing.assert_allclose(edges, together, atol=1e-3)


def test_predictions_confusion_and_worst_are_recomputed() -> None:
    _, data, model, snapshots = short_run()
    view: Any = snapshots[-1].view
    metrics = snapshots[-1].metrics
    known = softmax(model.predict(data.pictures("test"), verbose=0))
    losses = -np.log(known[np.arange(len(known)), data.test_targets])
    np.testing.assert_allclose(view.probabilities, known[:144], atol=2e-3)
    np.testing.assert_array_equal(view.confusion, confusion_matrix(data.test_targets, known.argmax(axis=1)))
    assert metrics["test_accuracy"] == pytest.approx(np.trace(view.confusion) / view.confusion.sum())
    assert metrics["test_loss"] == pytest.approx(losses.mean(), rel=1e-4)
    np.testing.assert_allclose(losses[view.worst_rows], np.sort(losses)[::-1][:12], rtol=1e-4)
    np.testing.assert_allclose(view.worst_inputs / 255, data.pictures("test")[view.worst_rows], atol=0.5 / 255 + 1e-6)
    assert view.calibration[:, 0].sum() == len(known)


# ---- questions ----


def test_grad_cam_is_the_maps_weighted_by_their_mean_slopes() -> None:
    """The mean slope of a map times its places is the slope of the logit when the whole map rises: by differences."""
    _, data, model, _ = short_run(epochs=4)
    picture, chosen = data.pictures("test")[3], 2
    maps = block_outputs(model, picture)[-1].astype(np.float64)  # (4, 4, 16)
    kernel, bias = (array.astype(np.float64) for array in model.get_layer("output").get_weights())

    def logit(rising: Array) -> float:
        return float((pooled(rising, "max").ravel() @ kernel + bias)[chosen])

    weights = np.zeros(maps.shape[2])
    for k in range(maps.shape[2]):
        for i, j in product(range(4), range(4)):  # one place at a time: where two places tie, as Keras, share nothing
            raised = maps.copy()
            raised[i, j, k] += 1e-6
            slope = (logit(raised) - logit(maps)) / 1e-6
            square = maps[i // 2 * 2 : i // 2 * 2 + 2, j // 2 * 2 : j // 2 * 2 + 2, k]
            if np.sum(square == square.max()) > 1:  # a tie: TensorFlow gives the slope to the first of them
                places = [(a, b) for a, b in product(range(2), range(2)) if square[a, b] == square.max()]
                slope = slope if (i % 2, j % 2) == places[0] else 0.0
            weights[k] += slope / 16
    wanted = np.maximum((maps * weights).sum(axis=2), 0.0)
    np.testing.assert_allclose(grad_cam(model, picture, chosen), wanted, atol=1e-4)


def test_occlusion_empties_one_square_after_the_other() -> None:
    _, data, model, _ = short_run()
    picture = data.pictures("test")[5]
    falls, side, step = occlusion(model, picture, 4)
    assert (side, step, falls.shape) == (2, 1, (7, 7))
    whole = softmax(model.predict(picture[None], verbose=0))[0, 4]
    for row, column in [(0, 0), (3, 2), (6, 6)]:
        emptied = picture.copy()
        emptied[row : row + 2, column : column + 2] = 0.0
        without = softmax(model.predict(emptied[None], verbose=0))[0, 4]
        assert falls[row, column] == pytest.approx(whole - without, abs=1e-5)


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_the_window_adds_up(padding: str) -> None:
    from lab.charts import cnn_answer

    _, data, model, _ = short_run(filters=3, kernel=2, padding=padding)
    view: Any = cnn.look(model, data, {"test_row": 1, "layer": 2, "filter": 4})
    kernel, bias = model.get_layer("conv_2").get_weights()
    seen = pooled(block_outputs(model, data.pictures("test")[1])[0], "max")
    np.testing.assert_allclose(view.window_input, seen, atol=1e-6)
    np.testing.assert_allclose(view.window_sums, convolved(seen, kernel, bias, padding)[..., 4], atol=1e-5)
    for row, column in np.ndindex(*view.window_sums.shape):
        patch, times = cnn_answer.products(view, row, column)
        assert times.sum() + bias[4] == pytest.approx(view.window_sums[row, column], abs=1e-5)
        assert patch.shape == (2, 2, 3)


def test_the_window_slides_over_a_photograph_of_any_size() -> None:
    _, data, model, _ = short_run()
    view: Any = cnn.look(model, data, {"photo": "temple", "layer": 1, "filter": 0})
    assert view.window_sums.shape == (64, 64)
    kernel, bias = model.get_layer("conv_1").get_weights()
    corner = convolved(view.window_input[:6, :6].astype(np.float64), kernel[..., :1], bias[:1], "valid")[..., 0]
    np.testing.assert_allclose(view.window_sums[1:5, 1:5], corner, atol=1e-5)


def test_moved_images_are_moved_pixel_by_pixel() -> None:
    _, data, model, snapshots = short_run(dataset="digits_canvas")
    view: Any = cnn.look(model, data, {"moves": 2})
    assert view.shift_accuracy.shape == (5, 5)
    right = {}
    for down, across in product((-2, 0, 2), (-2, 0, 2)):
        rolled = np.roll(data.pictures("test"), (down, across), axis=(1, 2))  # the canvas is empty at its edges
        guesses = model.predict(rolled, verbose=0).argmax(axis=1)
        right[down, across] = float(np.mean(guesses == data.test_targets))
        assert view.shift_accuracy[down + 2, across + 2] == pytest.approx(right[down, across], abs=1e-6)
    ways = [right[2, 0], right[-2, 0], right[0, 2], right[0, -2]]
    assert snapshots[-1].metrics["test_moved"] == pytest.approx(np.mean(ways), abs=1e-6)


@pytest.mark.parametrize(
    "question",
    [
        {"test_row": 450}, {"test_row": -1}, {"input": [0.0] * 63}, {"input": [float("nan")] * 64}, {"what": 1},
        {"input": [0.0] * 36, "shape": (6, 6, 1)}, {"moves": 9}, {"test_row": 0, "layer": 3, "filter": 0},
        {"test_row": 0, "layer": 1, "filter": 8},
        {"input": [0.0] * 65 * 65, "shape": (65, 65, 1), "layer": 1, "filter": 0},
    ],
)  # fmt: skip
def test_questions_that_cannot_be_answered_are_refused(question: dict[str, Any]) -> None:
    _, data, model, _ = short_run()
    with pytest.raises(ValueError):
        cnn.look(model, data, question)


def test_an_answer_to_a_perceptron_on_pixels_has_no_maps() -> None:
    _, data, model, snapshots = short_run(blocks=0, units=8)
    view: Any = cnn.look(model, data, {"input": [0.5] * 64})
    assert view.answer_maps is None and view.grad_cam is None
    assert "kernels" not in snapshots[-1].view.arrays()
    np.testing.assert_allclose(view.answer_output.sum(), 1.0, atol=1e-6)


# ---- colour, and large sets ----


def test_a_set_in_colour_trains_and_explains_itself() -> None:
    generator = np.random.default_rng(0)
    pixels, labels = generator.integers(0, 256, (60, 32, 32, 3), np.uint8), generator.integers(0, 10, (60, 1))
    data = from_arrays("cifar10", (pixels[:40], labels[:40]), (pixels[40:], labels[40:]), seed=0, most=30)
    config = CnnConfig(dataset="cifar10", epochs=1, blocks=1, filters=2)
    model = cnn.build(config, data)
    snapshots = list(cnn.train(config, data, model))
    assert data.shape == (32, 32, 3) and len(data.train_inputs) == 30
    assert snapshots[-1].view.arrays()["kernels"].shape == (2, 3, 3, 3)
    assert cnn.look(model, data, {"test_row": 0}).arrays()["answer_input"].shape == (32, 32, 3)
    np.testing.assert_array_equal(np.rint(data.pictures("test") * 255), pixels[40:])


def test_only_the_last_step_of_a_large_set_is_measured_on_all_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cnn, "MEASURED", 100)
    config = CnnConfig(epochs=1)
    data = cnn.load(config)
    counts = [one.view.arrays()["confusion"].sum() for one in cnn.train(config, data, cnn.build(config, data))]
    assert set(counts[:-1]) == {100} and counts[-1] == len(data.test_targets)
