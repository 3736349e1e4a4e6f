"""The convolutional network's own questions: what it sees in an image, one window number by number, moved images."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import streamlit as st

from lab.charts import answer, cnn_answer, cnn_measured
from lab.components.drawing_pad import drawing_pad
from lab.datasets.dataset import UnfitData
from lab.datasets.pictures import decode, digit, for_network
from lab.fetched import missing
from lab.frame import quiet
from lab.lessons.asking import asked
from lab.noticing import notice
from lab.shown_run import ShownRun

INK = 16.0  # the pad gives 0 to 16, the network gets 0 to 1
MOST_SIDE = 64  # of an image for the sliding window
MOVES = 4  # pixels in each direction that are tried
TEST, DRAW, OWN, TEMPLE, FLOWER = "Test", "Draw", "Own", "Temple", "Flower"
PHOTOS = {TEMPLE: "temple", FLOWER: "flower"}
DIGITS = ("digits", "digits_canvas", "mnist")


# ---- which image ----


def _question(run: ShownRun, key: str, kinds: list[str]) -> dict[str, Any] | None:
    kind = st.segmented_control("Image", kinds, default=TEST, required=True, key=f"cnn:{key}:kind",
                                label_visibility="collapsed")  # fmt: skip
    height, width, channels = _shape(run)
    if kind in PHOTOS:
        return {"photo": PHOTOS[str(kind)]}
    if kind == DRAW:
        drawn = drawing_pad(f"cnn:{key}:pad", height)
        return None if drawn is None else {"input": (drawn.ravel() / INK).tolist()}
    if kind == OWN:
        return _own_window(channels) if key == "window" else _own_image(run, height, width, channels)
    most = int(run.facts["data"]["test"])
    row = st.number_input("Test image", 0, most - 1, 0, key=f"cnn:{key}:row",
                          help="Counted from 0, in the order of the test data.")  # fmt: skip
    return {"test_row": int(row)}


def _own_window(channels: int) -> dict[str, Any] | None:
    """Return a person's picture for the sliding window, as light as it is; None while there is none."""
    pixels = _own_pixels("window", "Only its middle square, reduced, reaches the network. It is not kept.")
    return None if pixels is None else _input(for_network(pixels, MOST_SIDE, MOST_SIDE, channels))


def _own_image(run: ShownRun, height: int, width: int, channels: int) -> dict[str, Any] | None:
    """Return a person's picture as the network knows its images: digits cut out, clothes as ink; None without one."""
    digits = run.config["dataset"] in DIGITS
    pixels = _own_pixels("image", "Only its middle square, reduced, reaches the network. It is not kept."
                         + " A digit is cut out and fills the field, as in the data." * digits)  # fmt: skip
    if pixels is None:
        return None
    if not digits:
        return _input(for_network(pixels, height, width, channels, ink=run.config["dataset"] == "fashion_mnist"))
    margin = int(run.facts["data"].get("margin", 0))
    return _input(np.pad(digit(pixels, height - 2 * margin), ((margin, margin), (margin, margin), (0, 0))))


def _own_pixels(key: str, told: str) -> Any:
    """Return the pixels of the file that was chosen, None while there is none or it is no picture."""
    chosen = st.file_uploader("PNG or JPEG, at most 5 MB", type=["png", "jpg", "jpeg"], key=f"cnn:{key}:file",
                              help=told)  # fmt: skip
    if chosen is None:
        return None
    try:
        return decode(chosen.getvalue())
    except UnfitData as problem:
        st.error(str(problem))
        return None


def _input(pixels: Any) -> dict[str, Any]:
    return {"input": [round(float(value), 4) for value in pixels.ravel()], "shape": list(pixels.shape)}


def _shape(run: ShownRun) -> tuple[int, int, int]:
    height, width = run.facts["data"]["image_shape"]
    return int(height), int(width), int(run.facts["data"]["channels"])


def _ready(run: ShownRun) -> bool:
    if not run.moments or "data" not in run.facts:
        quiet("The network can be asked as soon as it is built.")
        return False
    if run.active and run.state != "paused":  # an answer takes as long as a hundred steps, and the picture would wait
        quiet("Questions rest while the network trains. Pause it, or wait for its end.")
        return False
    if absent := missing(run):
        quiet(absent)
        return False
    return True


# ---- one image ----


def ask_image(run: ShownRun) -> None:
    """Draw the chooser of an image on the left; answer, reasons and feature maps on the right."""
    if not _ready(run):
        return
    drawable = [DRAW] if run.config["dataset"] in DIGITS else []
    left, right = st.columns((1.1, 2), gap="large")
    with left:
        question = _question(run, "image", [TEST, *drawable, TEMPLE, FLOWER, OWN])
    with right:
        if question is None:
            st.info("Draw a digit, or choose a picture: the network reads it at once.")
            return
        view = asked(run, question)
        if view is not None:
            _show_answer(run, view, question)


def _show_answer(run: ShownRun, view: Any, question: Mapping[str, Any]) -> None:
    names = [str(name) for name in run.facts["data"]["class_names"]]
    best = int(view.answer_output.argmax())
    st.html(f'<p class="picture-title">The network says {names[best]}, with probability '
            f"{float(view.answer_output[best]):.2f}{_truth(run, question)}.</p>")  # fmt: skip
    pictures = [
        (cnn_answer.seen(view, "photo" in question), "What the network gets"),
        (cnn_answer.why(view), "Grad-CAM: where the last maps speak for this answer"),
        (cnn_answer.without(view), "Occlusion: blue, hiding it costs probability; orange, it helps"),
    ]
    for column, (uri, told) in zip(st.columns(3), [pair for pair in pictures if pair[0]], strict=False):
        with column:
            st.html(f'<img src="{uri}" width="168" style="max-width:100%" alt="{told}">')
            quiet(told)
    st.altair_chart(answer.output(run, view), alt="The probability of every class for this image")
    notice("A second long bar is a class that it nearly chose.")
    if (chart := cnn_answer.maps(view)) is not None:
        st.html('<p class="picture-title">What every block makes of it</p>')
        st.altair_chart(chart, alt="The feature maps of every block for this image")
        notice("A map without blue found nothing of its kind in this image.")


def _truth(run: ShownRun, question: Mapping[str, Any]) -> str:
    row = question.get("test_row")
    if row is None or row >= len(run.scene["test_targets"]):
        return ""
    return f"; it is {run.facts['data']['class_names'][int(run.scene['test_targets'][row])]}"


# ---- one window ----


def slide_window(run: ShownRun) -> None:
    """Draw the sliding window: where it stands, and the arithmetic of that output pixel."""
    if not _ready(run):
        return
    blocks = int(run.config["blocks"])
    if not blocks:
        quiet("This network has no window: every pixel has weights of its own. Choose one block or more and train.")
        return
    left, right = st.columns((1.1, 2), gap="large")
    with left:
        drawable = [DRAW] if run.config["dataset"] in DIGITS else []
        question = _question(run, "window", [TEST, *drawable, TEMPLE, FLOWER, OWN])
        layer = 1 if blocks == 1 else int(st.slider("Convolution", 1, blocks, 1, key="cnn:window:layer"))
        filters = int(run.config["filters"]) * 2 ** (layer - 1)
        chosen = (
            1 if filters == 1 else int(st.slider("Kernel", 1, filters, 1, key=f"cnn:window:filter:{layer}:{filters}"))
        )
        view = None if question is None else asked(run, {**question, "layer": layer, "filter": chosen - 1})
        if question is None or view is None:
            return
        rows, columns = view.window_sums.shape
        row = _place("Slide down", rows)
        column = _place("Slide right", columns)
    with right:
        _show_window(view, row, column, light=layer == 1 and ("photo" in question or "shape" in question))


def _place(label: str, count: int) -> int:
    if count == 1:
        return 0
    return int(st.slider(label, 0, count - 1, count // 2, key=f"cnn:{label}:{count}"))


def _show_window(view: Any, row: int, column: int, light: bool) -> None:
    channel = cnn_answer.strongest_channel(view, row, column)
    channels = view.window_input.shape[-1]
    which = f", map {channel + 1} of {channels}: it adds most here" if channels > 1 else ""
    first, second = st.columns(2)
    with first:
        st.html(f'<p class="picture-title">What the convolution sees{which}</p>')
        st.altair_chart(cnn_answer.sliding(view, row, column, channel, light),
                        alt=f"The input with the window at row {row}, column {column}")  # fmt: skip
    with second:
        st.html('<p class="picture-title">What all windows give</p>')
        st.altair_chart(cnn_answer.sums(view, row, column), alt="The sums of all windows; this window's is marked")
        notice("Every place was computed with the same few weights: that is weight sharing.")
    st.altair_chart(cnn_answer.arithmetic(view, row, column, channel),
                    alt="The pixels under the window, the weights of the kernel, and their products")  # fmt: skip
    st.html(f'<p class="notice"><b>The sum.</b> {cnn_answer.sentence(view, row, column)}.</p>')


# ---- moved images ----


def move_images(run: ShownRun) -> None:
    """Let the visitor measure the shown network on moved test images."""
    if not _ready(run):
        return
    if not st.toggle("Measure the network above on moved test images", key="cnn:moves"):
        quiet(f"Up to 500 test images, each moved by up to {MOVES} pixels in all directions; takes some seconds.")
        return
    view = asked(run, {"moves": MOVES})
    if view is not None:
        st.altair_chart(cnn_answer.moves(view.shift_accuracy),
                        alt="The share of test images right by how far they were moved down and right")  # fmt: skip
        notice(cnn_answer.moves_notice(view.shift_accuracy))


def beside_a_perceptron() -> None:
    """Draw the parameters of every layer beside those of a perceptron that reads as well."""
    found = cnn_measured.equal()
    if found is None:
        return
    st.html('<p class="picture-title">Layer by layer, beside a perceptron that reads as well</p>')
    names = (f"This kind of network, {found.filters} filters", f"Perceptron, {found.units} units")
    for column, name, layers, size in zip(
        st.columns(2, gap="large"), names, found.layers(), found.sizes(), strict=True
    ):
        rows = [{name: layer, "Parameters": f"{formula} = {count:,}"} for layer, formula, count in layers]
        column.table([*rows, {name: "**all**", "Parameters": f"**{size:,}**"}])
    notice(cnn_measured.equal_notice(found))


def measured_provenance() -> None:
    """Say where the stored numbers come from."""
    if told := cnn_measured.provenance():
        st.html(f'<p class="provenance">{told}</p>')


def place(run: ShownRun, lesson: Callable[[ShownRun], None]) -> None:
    """Draw a lesson as a part of the page that reruns by itself."""
    st.fragment(lesson)(run)
