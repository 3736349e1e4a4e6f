"""Pictures of the inside of a convolutional network: arrays in, Altair charts out; None where none applies.

Text inside the charts is drawn in `currentColor`: the browser then takes the text colour of the page's theme.
"""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.cnn_stage import recorded_maps
from lab.charts.image_grid import enlarged, framed, kernel_pixels, masked, opaque, paper
from lab.charts.mlp_inside import TEXT, _finished
from lab.charts.palette import CLASSES
from lab.charts.stage_panels import png, rgb
from lab.shown_run import ShownRun
from models.base import Array

KERNELS_ACROSS, KERNEL_PITCH = 4, 86
ACROSS, PITCH = 8, 58  # small pictures to a row, and screen pixels from one to the next
WORST_COLUMNS, WORST_ROW, WORST_TILE = 4, 112, 72
CAPTION = 0.42  # of a row: the room for a line of words above it
FIELD_HEIGHT = 330


def finished(chart: alt.LayerChart, height: float) -> alt.LayerChart:
    """Give a chart its height and the page's text colour."""
    return _finished(chart, height)


# ---- kernels and maps ----


def kernels(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return the first kernels, up to 16, on one common scale; None for a network without convolutions."""
    if view.kernels is None:
        return None
    limit = float(np.abs(np.nan_to_num(view.kernels.astype(np.float64))).max()) or 1.0
    cells = [
        (png(framed(enlarged(kernel_pixels(kernel, limit), max(1, 48 // kernel.shape[0])))), f"kernel {place + 1}",
         float(np.abs(np.nan_to_num(kernel.astype(np.float64))).max()), "largest |weight|")
        for place, kernel in enumerate(view.kernels)
    ]  # fmt: skip
    return small_pictures([("", cells)], across=KERNELS_ACROSS, pitch=KERNEL_PITCH)


def maps(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return what every block makes of the first test image, up to 16 maps each; None without convolutions."""
    if view.maps is None:
        return None
    peaks = np.asarray(view.map_peaks, np.float64)
    groups, start = [], 0
    for place, found in enumerate(recorded_maps(run, view)):
        name = f"block {place + 1}, map"
        cells = [(map_picture(one), f"{name} {number + 1}", float(peaks[start + number]), "largest value")
                 for number, one in enumerate(found)]  # fmt: skip
        start += len(found)
        height, width = found.shape[1:]
        silent = int(np.sum(peaks[start - len(found) : start] == 0))
        told = f"block {place + 1}: {height} × {width} each" + (f", {silent} silent here" if silent else "")
        groups.append((told, cells))
    return small_pictures(groups)


def map_picture(shares: Array) -> str:
    """Return a feature map (h, w) of values 0 to 1 as a data URI: clear at 0, blue at 1."""
    pixels = np.empty((*shares.shape, 4), np.uint8)
    pixels[..., :3] = rgb(CLASSES[0])
    pixels[..., 3] = np.rint(255 * np.clip(shares, 0, 1))
    return png(framed(enlarged(pixels, max(1, 48 // shares.shape[0]))))


def small_pictures(
    groups: list[tuple[str, list[tuple[str, str, float, str]]]], across: int = ACROSS, pitch: int = PITCH
) -> alt.LayerChart:
    """Draw groups of small pictures, `across` to a row, each group under its words; smaller on a narrow screen.

    A picture is (data URI, its name, a number, what the number is).
    """
    rows, words, y = [], [], 0.0
    for told, cells in groups:
        if told:
            words.append({"told": told, "y": y + CAPTION / 2})
            y += CAPTION
        for place, (uri, name, number, meaning) in enumerate(cells):
            down, right = divmod(place, across)
            rows.append({"picture": uri, "name": name, "number": f"{number:.3g}", "x": right + 0.5,
                         "y": y + down + 0.5, "meaning": meaning})  # fmt: skip
        y += -(-len(cells) // across)
    step = f"min({pitch}, width / {across})"
    side = alt.ExprRef(f"{step} - 6")
    to_right = alt.Scale(domain=[0, across], range=[0, alt.ExprRef(f"{across} * {step}")], nice=False)
    to_bottom = alt.Scale(domain=[0, y], range=[0, alt.ExprRef(f"{y} * {step}")], nice=False)
    drawn = alt.Chart(pd.DataFrame(rows)).mark_image(width=side, height=side).encode(
        x=alt.X("x:Q", axis=None, scale=to_right), y=alt.Y("y:Q", axis=None, scale=to_bottom), url="picture:N",
        tooltip=["name", alt.Tooltip("number", title=groups[0][1][0][3])],
    )  # fmt: skip
    told = alt.Chart(pd.DataFrame(words or [{"told": "", "y": 0.0}])).mark_text(
        align="left", baseline="middle", fontSize=12, color=TEXT
    ).encode(x=alt.value(0), y=alt.Y("y:Q", scale=to_bottom), text="told:N")  # fmt: skip
    return finished(drawn + told, pitch * y + 8)


# ---- how far a unit sees ----


def receptive_field(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return the first test image with the squares that the middle unit of every layer sees; None without layers."""
    seen = run.scene["reaches"]
    if not len(seen):
        return None
    image = run.scene["test_images"][0] / 255.0
    side = image.shape[0]
    names = [layer["name"].replace("_", " ") for layer in run.facts["layers"] if layer["name"][:4] in ("conv", "pool")]
    around = min(max(0, *(-seen[:, 1]), *(seen[:, 2] - side + 1)), side // 2)  # beyond the image stand zeros
    rows = [
        {"layer": f"{name}: {last - first + 1} × {last - first + 1}", "units": f"{size} × {size}",
         "from": float(max(first, -around)), "to": float(min(last + 1, side + around))}
        for name, (size, first, last) in zip(names, seen.tolist(), strict=True)
    ]  # fmt: skip
    ground, x, y = _ground(image, around)
    order = [str(row["layer"]) for row in rows]
    colours = alt.Scale(domain=order, range=[CLASSES[place % len(CLASSES)] for place in range(len(order))])
    legend = alt.Legend(title="what the middle unit sees", labelLimit=200, symbolType="square",
                        symbolFillColor="transparent", symbolStrokeWidth=3)  # fmt: skip
    boxes = alt.Chart(pd.DataFrame(rows)).mark_rect(filled=False, strokeWidth=3).encode(
        x=alt.X("from:Q", scale=x, axis=None), x2="to:Q", y=alt.Y("from:Q", scale=y, axis=None), y2="to:Q",
        stroke=alt.Stroke("layer:N", scale=colours, sort=order, legend=legend), tooltip=["layer", "units"],
    )  # fmt: skip
    return finished(ground + boxes, FIELD_HEIGHT)


def _ground(image: Array, around: int) -> tuple[alt.Chart, alt.Scale, alt.Scale]:
    """Return a pale image (h, w, c) with room for so many pixels around it, and the scales of its columns and rows."""
    side = image.shape[0]
    square, ends = "min(width, 300)", [-around, side + around]
    x = alt.Scale(domain=ends, range=[0, alt.ExprRef(square)], nice=False)
    y = alt.Scale(domain=ends, range=[0, alt.ExprRef(square)], nice=False)
    uri = masked(image, np.zeros(image.shape[:2]), 1.0, 300)
    size = alt.ExprRef(f"{side / (side + 2 * around)} * {square}")
    drawn = alt.Chart(pd.DataFrame([{"picture": uri, "x": side / 2, "y": side / 2}])).mark_image(
        width=size, height=size
    ).encode(x=alt.X("x:Q", scale=x, axis=None), y=alt.Y("y:Q", scale=y, axis=None), url="picture:N")  # fmt: skip
    return drawn, x, y


# ---- mistakes ----


def worst(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return the test images with the largest loss, each with its class, the guess, and the truth's probability."""
    if view.worst_rows is None or not len(view.worst_rows):
        return None
    names = [str(name) for name in run.facts["data"]["class_names"]]
    rows = []
    examples = zip(view.worst_inputs, view.worst_outputs, view.worst_truths, strict=True)
    for place, (pixels, output, truth) in enumerate(examples):
        guess, true = int(np.argmax(np.nan_to_num(output))), int(truth)
        label = f"{names[true]} read as {names[guess]}" if guess != true else f"{names[guess]}, unsure"
        row, column = divmod(place, WORST_COLUMNS)
        times = max(1, WORST_TILE // pixels.shape[0])
        uri = png(framed(enlarged(opaque(paper(pixels / 255.0)), times)))
        known = f"p({names[true]}) = {float(output[true]):.2g}"
        rows.append({"picture": uri, "label": label, "known": known, "x": column, "y": row})
    lines = -(-len(rows) // WORST_COLUMNS)
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-0.5, WORST_COLUMNS - 0.5], nice=False)),
        y=alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[lines - 0.34, -0.36], nice=False)),
        tooltip=[alt.Tooltip("label", title="image"), alt.Tooltip("known", title="probability of the true class")],
    )
    images = base.mark_image(width=WORST_TILE, height=WORST_TILE).encode(url="picture:N")
    size = 12 if max(map(len, names)) < 4 else 10
    labels = base.mark_text(dy=WORST_TILE / 2 + 9, fontSize=size, color=TEXT).encode(text="label:N")
    known = base.mark_text(dy=WORST_TILE / 2 + 23, fontSize=size, color=TEXT, opacity=0.8).encode(text="known:N")
    return finished(images + labels + known, WORST_ROW * lines + 10)
