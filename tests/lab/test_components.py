"""The stage's data and the drawing pad's arithmetic, checked without a browser against independent calculations."""

import base64
import json
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.svm import SVC

from lab.charts import stage_panels
from lab.charts.palette import CLASSES, NEGATIVE, POSITIVE
from lab.charts.stage_panels import (
    Axis,
    CurvesPanel,
    Edges,
    ImagesPanel,
    NetworkLayer,
    NetworkPanel,
    Path,
    PlanePanel,
    Points,
    Series,
    class_regions,
    dequantize,
    diverging,
    png,
    quantize,
    sprite,
    stage_payload,
)
from lab.components.drawing_pad import block_counts, checked_strokes, digit_from_strokes, draw_bitmap
from lab.components.stage import slim, stage


def pixels(uri: str) -> np.ndarray:
    """Decode a PNG data URI."""
    head, data = uri.split(",", 1)
    assert head == "data:image/png;base64"
    picture = Image.open(BytesIO(base64.b64decode(data)))
    return np.asarray(picture.convert("RGBA") if picture.mode == "P" else picture)


def curves(**changes: Any) -> CurvesPanel:
    """Return a small panel of curves."""
    series = (Series("train", np.arange(3), np.array([1.0, 0.5, 0.25])),)
    return CurvesPanel(**({"title": "Loss", "alt": "It falls.", "series": series, "y_label": "loss"} | changes))


def network(frames: int = 2, **changes: Any) -> NetworkPanel:
    """Return a network of 3-4 units with all twelve edges."""
    kernel = np.random.default_rng(0).normal(size=(frames, 3, 4))
    edges = Edges.strongest(kernel[-1], range(3), range(4))
    layers = (NetworkLayer("input", "3 inputs", 3), NetworkLayer("output", "4 units", 4))
    known = {"title": "Net", "alt": "A network.", "layers": layers, "edges": (edges,), "weights": (edges.pick(kernel),)}
    return NetworkPanel(**(known | changes))


# --- Numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bits", "largest"), [(8, 127), (16, 32767)])
def test_quantized_numbers_come_back_within_half_a_unit(bits: int, largest: int) -> None:
    values = np.random.default_rng(0).normal(size=(40, 7)) * 12.5
    packed = quantize(values, bits)
    assert np.abs(dequantize(packed) - values.ravel()).max() <= 0.5001 * np.abs(values).max() / largest
    raw = np.frombuffer(base64.b64decode(packed["data"]), dtype=f"<i{bits // 8}")
    assert np.abs(raw.astype(int)).max() == largest


def test_values_that_are_not_finite_travel_as_nan_and_zeros_need_no_scale() -> None:
    back = dequantize(quantize(np.array([np.nan, np.inf, -np.inf, 2.0, -1.0])))
    assert np.isnan(back[:3]).all()
    assert np.allclose(back[3:], [2, -1], atol=2 / 127)
    assert np.array_equal(dequantize(quantize(np.zeros(5))), np.zeros(5))
    assert np.isnan(dequantize(quantize(np.full(2, np.nan)))).all()
    with pytest.raises(ValueError, match="8 and 16"):
        quantize(np.zeros(2), bits=4)


# --- Pictures -------------------------------------------------------------------------------------------------------


def test_diverging_is_orange_below_clear_at_and_blue_above_zero() -> None:
    colours = diverging(np.array([-2.0, 0.0, 1.0, np.nan, 9.0]), limit=2.0)
    assert tuple(colours[0]) == (*bytes.fromhex(NEGATIVE[1:]), 255)
    assert tuple(colours[4]) == (*bytes.fromhex(POSITIVE[1:]), 255)
    assert [int(alpha) for alpha in colours[:, 3]] == [255, 0, 128, 0, 255]


def test_class_regions_show_the_winner_and_fade_where_nothing_is_certain() -> None:
    picture = class_regions(np.array([[[0.0, 0.0, 1.0], [1 / 3, 1 / 3, 1 / 3]]]), strength=1.0)
    assert tuple(picture[0, 0]) == (*bytes.fromhex(CLASSES[2][1:]), 255)
    assert picture[0, 1, 3] == 0


def test_a_sprite_holds_the_tiles_in_reading_order() -> None:
    tiles = np.arange(5, dtype=np.uint8)[:, None, None] * np.ones((5, 3, 3), dtype=np.uint8)
    sheet = pixels(sprite(tiles, columns=2))
    assert sheet.shape == (9, 6)
    assert [int(sheet[3 * (k // 2) + 1, 3 * (k % 2) + 1]) for k in range(6)] == [0, 1, 2, 3, 4, 0]


def test_png_keeps_every_pixel_and_refuses_floats() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (7, 5, 4), dtype=np.uint8)
    assert np.array_equal(pixels(png(picture)), picture)
    with pytest.raises(ValueError, match="uint8"):
        png(picture / 255)


# --- Panels and payload ---------------------------------------------------------------------------------------------


def test_the_strongest_edges_are_those_with_the_largest_weights() -> None:
    kernel = np.random.default_rng(1).normal(size=(6, 5))
    edges = Edges.strongest(kernel, (0, 2, 4), range(5), most=4)
    expected = np.sort(np.abs(kernel[[0, 2, 4]]).ravel())[-4:]
    assert np.allclose(np.sort(np.abs(kernel[edges.source, edges.target])), expected)
    assert np.allclose(edges.pick(kernel[None])[0], kernel[edges.source, edges.target])


def test_a_payload_is_json_and_carries_every_frame() -> None:
    payload = stage_payload([network(2), curves()], [0, 10], [0.0, 0.5], run="a", replay=True)
    assert json.loads(json.dumps(payload, allow_nan=False)) == payload
    first, second = payload["panels"][0]["weights"][0]
    assert np.allclose(dequantize(first), network(2).weights[0][0], atol=first["scale"] / 127)
    assert not np.allclose(dequantize(first), dequantize(second))


def test_few_colours_travel_as_a_palette_and_many_as_they_are() -> None:
    random = np.random.default_rng(0)
    few = diverging(random.normal(size=(40, 40)))
    many = random.integers(0, 255, (40, 40, 4), dtype=np.uint8)
    assert np.array_equal(pixels(png(few)), few)
    assert np.array_equal(pixels(png(many)), many)
    assert len(png(few)) < len(png(many)) / 3


def test_the_alternative_text_follows_the_frames() -> None:
    payload = stage_payload([network(2, alts=("At 0.", "At 10."))], [0, 10], run="a", replay=True)
    assert payload["panels"][0]["alts"] == ["At 0.", "At 10."]
    assert network(1).to_payload()["alts"] == ["A network."]


def test_curves_tell_from_which_step_on_no_value_is_a_number() -> None:
    steps = np.arange(4000)
    assert Series("fine", steps, np.where(steps < 5, np.nan, 1.0)).to_payload()["lost"] is None
    assert Series("lost", steps, np.where(steps < 3777, 1.0, np.inf)).to_payload()["lost"] == 3777
    assert Series("never", steps, np.full(4000, np.nan)).to_payload()["lost"] == 0
    assert Series("none", np.array([]), np.array([])).to_payload()["lost"] is None


def test_points_keep_their_flags_groups_and_places() -> None:
    random = np.random.default_rng(0)
    positions, wrong = random.normal(size=(3, 11, 2)), random.random((3, 11)) < 0.4
    points = Points(
        positions, np.arange(11) % 3, test=np.arange(11) % 2 == 0, wrong=wrong, values=random.normal(size=11)
    )
    data = points.to_payload()
    for frame in range(3):
        flags = np.frombuffer(base64.b64decode(data["wrong"][frame]), dtype=np.uint8)
        assert [bool(flags[k >> 3] >> (k & 7) & 1) for k in range(11)] == wrong[frame].tolist()
        assert np.allclose(dequantize(data["positions"][frame]).reshape(11, 2), positions[frame], atol=1e-4)
    assert list(base64.b64decode(data["groups"])) == [k % 3 for k in range(11)]
    assert points.counts() == [3, 3, None]


def test_curves_keep_gaps_and_at_most_500_points() -> None:
    values = np.linspace(1, 0, 4001)
    values[0] = np.nan
    data = Series("test", np.arange(4001), values, role="test").to_payload()
    assert len(data["steps"]) == len(data["values"]) == 500
    assert (data["steps"][0], data["steps"][-1]) == (0, 4000)
    assert data["values"][0] is None
    assert np.allclose(data["values"][1:], 1 - np.array(data["steps"][1:]) / 4000, atol=1e-4)
    assert len(Series("short", np.arange(3), np.ones(3)).to_payload()["steps"]) == 3
    assert Series("none", np.array([]), np.array([])).to_payload()["steps"] == []


@pytest.mark.parametrize(
    ("panel", "message"),
    [
        (lambda: curves(alt=" "), "text alternative"),
        (lambda: network(alts=("fine", " ")), "text alternative"),
        (lambda: curves(series=(Series("a", np.arange(3), np.ones(2)),)), "3 steps"),
        (lambda: network(weights=()), "one array of weights"),
        (lambda: network(weights=(np.zeros((2, 5)),)), "frames, edges"),
        (lambda: network(edges=(), weights=(np.zeros((2, 5)),)), "one array of weights"),
        (lambda: network(layers=(NetworkLayer("a", "", 3),)), "pairs of edges"),
        (lambda: network(layers=(NetworkLayer("a", "", 3, shown=(3,)), NetworkLayer("b", "", 4))), "below 3"),
        (lambda: network(layers=(NetworkLayer("a", "", 3, labels=("x",)), NetworkLayer("b", "", 4))), "1 labels"),
        (lambda: PlanePanel(title="p", alt="p", x=Axis("x", 1, 1), y=Axis("y", 0, 1)), "low < high"),
        (lambda: ImagesPanel(title="i", alt="i", images=()), "needs a picture"),
    ],
)
def test_panels_that_cannot_be_drawn_are_refused_in_words(panel: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        panel().to_payload()


def test_frames_must_agree_between_panels_and_steps() -> None:
    with pytest.raises(ValueError, match="a panel has 3 frames"):
        stage_payload([network(3)], [0, 1], run="a", replay=True)
    with pytest.raises(ValueError, match="1 to 60 frames"):
        stage_payload([curves()], range(61), run="a", replay=True)
    with pytest.raises(ValueError, match="1 epochs for 2 steps"):
        stage_payload([curves()], [0, 1], [0.0], run="a", replay=True)
    moving, other = np.zeros((2, 4, 2)), np.zeros((3, 4, 2))
    axes: dict[str, Any] = {"x": Axis("x", 0, 1), "y": Axis("y", 0, 1)}
    with pytest.raises(ValueError, match=r"\[2, 3\] frames"):
        PlanePanel(title="p", alt="p", points=(Points(moving),), paths=(Path(other),), **axes).frame_count()
    still = PlanePanel(title="p", alt="p", points=(Points(moving[0]),), backgrounds=("data:,",), **axes)
    assert still.frame_count() is None


def test_a_single_frame_of_everything_fits_the_live_picture() -> None:
    payload = stage_payload([network(1)], [7], run="a", replay=False)
    assert len(payload["panels"][0]["weights"][0]) == 1


def test_panels_of_60_frames_stay_small() -> None:
    payload = stage_payload([network(60), curves()], range(60), run="a", replay=True)
    assert len(json.dumps(payload)) < 20_000


def test_the_stage_refuses_what_is_not_a_payload() -> None:
    with pytest.raises(ValueError, match="run, steps, replay, palette, panels"):
        stage({"frames": []}, key="a")
    with pytest.raises(ValueError, match="2000 pixels"):
        stage(stage_payload([curves()], [0], run="a", replay=False), key="a", height=20)


def test_slimming_the_code_drops_comments_and_keeps_the_rest() -> None:
    assert slim("/* a */\n  // b\n  let x = 1; // kept\n\n    y *= 2;\n") == "let x = 1; // kept\ny *= 2;"


def test_the_panels_import_no_streamlit() -> None:
    assert not hasattr(stage_panels, "st")


# --- The drawing pad ------------------------------------------------------------------------------------------------


def test_block_counts_give_a_known_digit_back() -> None:
    """Fill each 4 x 4 block with as many dark pixels as the digit says, in any order, and count them again."""
    random = np.random.default_rng(0)
    for digit in load_digits().images[:20]:
        blocks = np.zeros((8, 8, 16), dtype=bool)
        for row, column in np.ndindex(8, 8):
            blocks[row, column, random.permutation(16)[: int(digit[row, column])]] = True
        bitmap = blocks.reshape(8, 8, 4, 4).transpose(0, 2, 1, 3).reshape(32, 32)
        sums = np.add.reduceat(np.add.reduceat(bitmap.astype(int), range(0, 32, 4), axis=0), range(0, 32, 4), axis=1)
        assert np.array_equal(block_counts(bitmap), digit)
        assert np.array_equal(sums, digit)


def arc(x: float, y: float, across: float, down: float, start: float, end: float) -> list[list[float]]:
    """Return a stroke along an ellipse between two angles in degrees."""
    angles = np.radians(np.linspace(start, end, 30))
    return np.stack([x + across * np.cos(angles), y + down * np.sin(angles)], axis=1).tolist()


# The ten digits as a person draws them, in the browser's coordinates.
DIGITS: list[Any] = [
    [arc(500, 500, 220, 330, 0, 360)],
    [[[420, 300], [520, 180], [520, 820]]],
    [[*arc(480, 330, 180, 160, 190, 380), [340, 800], [690, 800]]],
    [arc(480, 330, 160, 150, 200, 430) + arc(480, 650, 190, 170, -80, 150)],
    [[[560, 150], [300, 600], [720, 600]], [[580, 400], [580, 850]]],
    [[[680, 180], [380, 180], [360, 450], *arc(490, 620, 190, 190, -120, 140)]],
    [[[600, 170], [420, 400], *arc(500, 650, 170, 170, 190, 550)]],
    [[[300, 200], [700, 200], [450, 820]]],
    [arc(500, 330, 140, 150, 90, 450) + arc(500, 660, 170, 170, -90, 270)],
    [[*arc(490, 350, 160, 160, 0, 360), [650, 350], [620, 820]]],
]


def drawn(strokes: Any, size: int = 8) -> np.ndarray:
    """Return the picture of strokes that are known to be proper."""
    picture = digit_from_strokes(strokes, size)
    assert picture is not None
    return picture


def test_drawn_digits_look_to_a_classifier_like_those_of_the_data_set() -> None:
    """A support vector machine that has seen the 1,797 digits only recognizes all ten drawings."""
    inputs, labels = load_digits(return_X_y=True)
    judge = SVC(C=10, gamma=0.001).fit(inputs, labels)
    drawings = np.stack([drawn(strokes) for strokes in DIGITS])
    assert judge.predict(drawings.reshape(10, -1)).tolist() == list(range(10))
    assert drawings.min() == 0
    assert drawings.max() == 16
    assert abs(drawings.mean() - inputs.mean()) < 0.04 * 16  # about as much ink


def test_place_and_size_of_a_drawing_do_not_matter() -> None:
    strokes = np.array(DIGITS[7][0])
    small = (strokes * 0.2 + 60).tolist()
    assert np.abs(drawn([small]) - drawn(DIGITS[7])).max() <= 1


def test_a_large_field_has_a_margin_and_its_centre_of_mass_in_the_middle() -> None:
    picture = drawn(DIGITS[7], size=28)
    assert picture.shape == (28, 28)
    rows = np.flatnonzero(picture.any(axis=1))
    assert rows.max() - rows.min() <= 20
    centre = [float((picture.sum(axis=1 - axis) @ np.arange(28)) / picture.sum()) for axis in (0, 1)]
    assert np.allclose(centre, 13.5, atol=0.3)


def test_a_dot_is_ink_in_the_middle() -> None:
    bitmap = draw_bitmap([np.array([[0.9, 0.1]])], 32)
    rows, columns = np.nonzero(bitmap)
    assert 0 < bitmap.sum() < 100
    assert abs(rows.mean() - 15.5) < 1
    assert abs(columns.mean() - 15.5) < 1


@pytest.mark.parametrize(
    "bad",
    [
        None, "strokes", {}, [], [[]], [[[1, 2], [3]]], [[[1, 2, 3]]], [[["a", "b"]]], [[[float("nan"), 1]]],
        [[[-1, 5]]], [[[5, 1001]]], [[[0, 0]] * 6001], [[[0, 0]]] * 61, [[1, 2]], [[[True, None]]], [[[10**400, 1]]],
    ],
    ids=lambda value: repr(value)[:20],
)  # fmt: skip
def test_what_is_not_a_drawing_gives_none(bad: Any) -> None:
    assert checked_strokes(bad) is None
    assert digit_from_strokes(bad) is None


def test_sizes_are_bounded() -> None:
    with pytest.raises(ValueError, match="4 to 64"):
        digit_from_strokes(DIGITS[0], size=1000)
