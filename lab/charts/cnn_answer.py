"""What a convolutional network answers: its maps of one image, what moved it, one window number by number, moves."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.cnn_inside import finished, map_picture, small_pictures
from lab.charts.image_grid import masked, picture, signed, stretched
from lab.charts.mlp_inside import TEXT
from lab.charts.palette import NEGATIVE, POSITIVE, ROLES
from models.base import Array

SIDE = 168  # screen pixels of a picture of the asked image
GRIDS = ("what the window sees", "times the kernel", "gives")
MOST_NUMBERS = 5  # a larger kernel leaves no room for numbers in its cells
PLAIN = "#D9DCE0"  # no value, on light and on dark ground


# ---- one image ----


def maps(view: Any) -> alt.LayerChart | None:
    """Return the maps of every block for the asked image, each up to its own largest value."""
    if view.answer_maps is None:
        return None
    groups, start = [], 0
    for place, (count, height, width) in enumerate(view.answer_shapes.tolist()):
        size = count * height * width
        found = view.answer_maps[start : start + size].reshape(count, height, width).astype(np.float64)
        start += size
        cells = [(map_picture(one / (one.max() or 1.0)), f"block {place + 1}, map {number + 1}", float(one.max()),
                  "largest value") for number, one in enumerate(found)]  # fmt: skip
        groups.append((f"block {place + 1}: {height} × {width} each", cells))
    return small_pictures(groups)


def seen(view: Any, light: bool = False) -> str:
    """Return the asked image as a data URI; light: high grey values are light, as in a photograph, and not ink."""
    turned = light and view.answer_input.shape[-1] == 1
    return picture(1.0 - view.answer_input if turned else view.answer_input, SIDE)


def why(view: Any) -> str | None:
    """Return the asked image under its Grad-CAM mask, blue where the last maps speak for the answer."""
    if view.grad_cam is None:
        return None
    height, width = view.answer_input.shape[:2]
    mask = stretched(view.grad_cam.astype(np.float64), height, width)
    return masked(view.answer_input, mask, float(mask.max()), SIDE)


def without(view: Any) -> str:
    """Return the asked image under the mean fall of the answer's probability over all squares that hide a pixel."""
    mask = fall_per_pixel(view)
    return masked(view.answer_input, mask, float(np.abs(mask).max()), SIDE)


def fall_per_pixel(view: Any) -> Array:
    """Return for each pixel the mean fall of the probability over the squares that cover it: (height, width)."""
    height, width = view.answer_input.shape[:2]
    side, step = int(view.occlusion_side[0]), int(view.occlusion_step[0])
    total, times = np.zeros((height, width)), np.zeros((height, width))
    for i, j in np.ndindex(view.occlusion.shape):
        covered = (slice(i * step, i * step + side), slice(j * step, j * step + side))
        total[covered] += float(view.occlusion[i, j])
        times[covered] += 1
    return total / np.maximum(times, 1)


# ---- one window ----


def padded(view: Any) -> Array:
    """Return what the convolution sees with the zeros that padding adds around it: (h, w, channels) float64."""
    size, before = len(view.window_kernel), int(view.window_padding[0])
    inputs = view.window_input.astype(np.float64)
    missing = view.window_sums.shape[0] + size - 1 - inputs.shape[0]
    room = (before, missing - before)
    return np.pad(inputs, (room, room, (0, 0)))


def products(view: Any, row: int, column: int) -> tuple[Array, Array]:
    """Return what the window sees at an output pixel, and that times the kernel; both (k, k, channels)."""
    size = len(view.window_kernel)
    patch = padded(view)[row : row + size, column : column + size]
    return patch, patch * view.window_kernel.astype(np.float64)


def strongest_channel(view: Any, row: int, column: int) -> int:
    """Return the channel that adds most to the sum, in size."""
    return int(np.abs(products(view, row, column)[1].sum(axis=(0, 1))).argmax())


def sentence(view: Any, row: int, column: int) -> str:
    """Return the arithmetic of one output pixel as text, its channels added up."""
    sums = products(view, row, column)[1].sum(axis=(0, 1))
    bias, z = float(view.window_bias[0]), float(sums.sum() + view.window_bias[0])
    shown = " + ".join(number(value) for value in sums[:8])
    if len(sums) > 8:
        shown = f"{number(float(sums.sum()))} over {len(sums)} maps"
    elif len(sums) > 1:
        shown = f"({shown})"
    return f"{shown} + bias {number(bias)} = {number(z)}; ReLU makes it {number(max(0.0, z))}"


def number(value: float) -> str:
    """Return a number in three digits with a real minus sign."""
    return f"{value:.3g}".replace("-", "−")


def arithmetic(view: Any, row: int, column: int, channel: int) -> alt.LayerChart:
    """Return window, kernel and products of one channel as three grids of numbers."""
    patch, product = products(view, row, column)
    grids = (patch[..., channel], view.window_kernel[..., channel].astype(np.float64), product[..., channel])
    size, rows = len(view.window_kernel), []
    for place, (grid, title) in enumerate(zip(grids, GRIDS, strict=True)):
        limit = float(np.abs(grid).max()) or 1.0
        rows += [
            {"x": place * (size + 0.5) + j, "y": float(i), "value": float(grid[i, j]), "grid": title,
             "share": float(grid[i, j]) / limit, "text": f"{grid[i, j]:.2f}".replace("-", "−")}
            for i, j in np.ndindex(grid.shape)
        ]  # fmt: skip
    across, table = 3 * size + 1.0, pd.DataFrame(rows)
    cell = f"min(width / {across}, 56)"
    x = alt.Scale(domain=[0, across], range=[0, alt.ExprRef(f"{across} * {cell}")], nice=False)
    y = alt.Scale(domain=[-0.6, size], range=[0, alt.ExprRef(f"{size + 0.6} * {cell}")], nice=False)
    base = alt.Chart(table).transform_calculate(x2="datum.x + 0.94", y2="datum.y + 0.94", mx="datum.x + 0.47",
                                                my="datum.y + 0.47")  # fmt: skip
    colour = alt.Scale(domain=[-1, 0, 1], range=[NEGATIVE, PLAIN, POSITIVE], interpolate="rgb")
    cells = base.mark_rect().encode(
        x=alt.X("x:Q", scale=x, axis=None), x2="x2:Q", y=alt.Y("y:Q", scale=y, axis=None), y2="y2:Q",
        color=alt.Color("share:Q", scale=colour, legend=None), tooltip=["grid", alt.Tooltip("value", format=".4f")],
    )  # fmt: skip
    titles = pd.DataFrame({"title": GRIDS, "x": [place * (size + 0.5) for place in range(3)], "y": [-0.3] * 3})
    heads = alt.Chart(titles).mark_text(align="left", baseline="middle", fontSize=11, color=TEXT).encode(
        x=alt.X("x:Q", scale=x, axis=None), y=alt.Y("y:Q", scale=y, axis=None), text="title:N"
    )  # fmt: skip
    drawn = cells + heads
    if size <= MOST_NUMBERS:
        lettering = alt.ExprRef(f"max(8, min(13, {cell} / 3.2))")
        drawn += base.mark_text(fontSize=lettering, baseline="middle").encode(
            x=alt.X("mx:Q", scale=x, axis=None), y=alt.Y("my:Q", scale=y, axis=None), text="text:N",
            color=alt.condition("abs(datum.share) > 0.62", alt.value("white"), alt.value("#1A1A1A")),
        )  # fmt: skip
    return finished(drawn, 56 * (size + 0.6) + 10)


def sliding(view: Any, row: int, column: int, channel: int, light: bool = False) -> alt.LayerChart:
    """Return what the convolution sees, one channel, with the window on it; zeros of the padding stand around it.

    light: large values are drawn light, as photographs want it, instead of as ink.
    """
    values, size = padded(view)[..., channel], len(view.window_kernel)
    shares = values / (float(values.max()) or 1.0)
    shown = picture((1.0 - shares if light else shares)[..., np.newaxis], 300)
    return _marked(shown, values.shape[0], (row, column, size))


def sums(view: Any, row: int, column: int) -> alt.LayerChart:
    """Return the sums z of all windows with the one of this window marked: orange below zero, blue above."""
    values = view.window_sums.astype(np.float64)
    return _marked(signed(values, float(np.abs(values).max()), 300), values.shape[0], (row, column, 1))


def _marked(uri: str, side: int, box: tuple[int, int, int]) -> alt.LayerChart:
    row, column, size = box
    square = "min(width - 2, 260)"
    x = alt.Scale(domain=[0, side], range=[0, alt.ExprRef(square)], nice=False)
    y = alt.Scale(domain=[0, side], range=[0, alt.ExprRef(square)], nice=False)
    ground = alt.Chart(pd.DataFrame([{"picture": uri, "x": side / 2, "y": side / 2}])).mark_image(
        width=alt.ExprRef(square), height=alt.ExprRef(square)
    ).encode(x=alt.X("x:Q", scale=x, axis=None), y=alt.Y("y:Q", scale=y, axis=None), url="picture:N")  # fmt: skip
    edges = pd.DataFrame([{"x": column, "x2": column + size, "y": row, "y2": row + size}])
    mark = alt.Chart(edges).mark_rect(fillOpacity=0, stroke=ROLES["wrong"], strokeWidth=3).encode(
        x=alt.X("x:Q", scale=x, axis=None), x2="x2:Q", y=alt.Y("y:Q", scale=y, axis=None), y2="y2:Q"
    )  # fmt: skip
    return finished(ground + mark, 270)


# ---- moves ----


def moves_notice(accuracy: Array) -> str:
    """Say how much is lost by moving: in place, one pixel off, and as far off as was measured."""
    values = np.asarray(accuracy, np.float64)
    reach = values.shape[0] // 2
    far = [np.mean([values[reach + by, reach], values[reach - by, reach], values[reach, reach + by],
                    values[reach, reach - by]]) for by in (1, reach)]  # fmt: skip
    return (
        f"In place {values[reach, reach]:.2f} right, one pixel off {far[0]:.2f}, {reach} pixels off {far[1]:.2f} "
        "(mean of up, down, left and right)."
    )


def moves(accuracy: Array) -> alt.LayerChart:
    """Return the share right by how far all test images were moved: (2 r + 1, 2 r + 1), axis 0 down, axis 1 right."""
    values = np.asarray(accuracy, np.float64)
    reach = values.shape[0] // 2
    table = pd.DataFrame([
        {"down": i - reach, "right": j - reach, "share": float(values[i, j]), "text": f"{values[i, j]:.2f}"[-3:]
         if values[i, j] < 0.995 else "1"}
        for i, j in np.ndindex(values.shape)
    ])  # fmt: skip
    base = alt.Chart(table).encode(
        x=alt.X("right:O", title="moved right by (pixels)", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("down:O", title="moved down by (pixels)"),
        tooltip=["right", "down", alt.Tooltip("share", format=".3f", title="share right")],
    )
    cells = base.mark_rect(color=ROLES["model"]).encode(
        opacity=alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0.03, 0.95]), legend=None)
    )
    words = base.mark_text(fontSize=11).encode(
        text="text:N", color=alt.condition("datum.share > 0.55", alt.value("white"), alt.value(TEXT))
    )
    return finished(cells + words, 320)
