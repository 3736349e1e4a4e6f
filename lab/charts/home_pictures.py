"""One small picture for each family, drawn from a stored run: what made the family worth remembering.

Clear ground, so that the page's own shines through; ink that is lighter where the ground is dark.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from lab.charts import backpropagation_stage, gan_stage, gradient_flow_stage, mlp_stage, modular_stage, rbf_stage
from lab.charts.palette import ATTENTION, CLASSES, ROLES
from lab.charts.stage_panels import diverging, png, rgb
from lab.charts.thumbnail import thumbnail
from lab.shown_run import ShownRun

SIDE = 240  # pixels; shown at half of it
QUALITY = 82  # of WebP: a picture of 5 to 15 kB without visible loss at this size
LIGHTER = {ROLES["model"]: CLASSES[4], ATTENTION[1]: "#B9A1EA"}  # ink on a dark ground
GAP = 2  # pixels of a small tile's own scale between tiles
Pixels = np.ndarray[Any, Any]
Ink = Callable[[str], str]


@dataclass(frozen=True)
class Portrait:
    """preset: the title of it; draw(run, ink): a PNG data URI; alt: in words.

    ink: turns a colour of the palette into the one that shows on the ground.
    """

    preset: str
    draw: Callable[[ShownRun, Ink], str | None]
    alt: str


def portrait(family: str, run: ShownRun, dark: bool) -> str | None:
    """Return the picture of a family as a WebP data URI; None where the run shows nothing. dark: the ground."""
    uri = PORTRAITS[family].draw(run, (lambda colour: LIGHTER.get(colour, colour)) if dark else str)
    if uri is None:
        return None
    picture = Image.open(BytesIO(b64decode(uri.partition(",")[2]))).convert("RGBA")
    file = BytesIO()
    picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(file, format="WEBP", quality=QUALITY)
    return "data:image/webp;base64," + b64encode(file.getvalue()).decode("ascii")


def shaded(values: Pixels, colour: str) -> Pixels:
    """Return values from 0 (clear) to 1 (full colour) as RGBA: shape + (4,) uint8."""
    opacity = np.rint(np.clip(values, 0.0, 1.0) * 255)[..., None]
    return np.concatenate([np.broadcast_to(rgb(colour), (*values.shape, 3)), opacity], axis=-1).astype(np.uint8)


def tiled(tiles: Pixels, columns: int) -> Pixels:
    """Lay tiles (n, h, w, 4) out row by row, with gaps: (height, width, 4)."""
    count, height, width, _ = tiles.shape
    rows = -(-count // columns)
    sheet = np.zeros((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 4), np.uint8)
    for place, tile in enumerate(tiles):
        top, left = place // columns * (height + GAP), place % columns * (width + GAP)
        sheet[top : top + height, left : left + width] = tile
    return sheet


def enlarged(pixels: Pixels) -> str:
    """Return RGBA pixels as a square PNG data URI; each stays a sharp square."""
    picture = Image.fromarray(np.ascontiguousarray(pixels)).resize((SIDE, SIDE), Image.Resampling.NEAREST)
    return png(np.asarray(picture))


def maps_around_a_digit(run: ShownRun, ink: Ink) -> str:
    """Return a test image in the middle of what eight windows make of it."""
    _, height, width = (int(size) for size in run.scene["map_shapes"][0])
    first = run.view().maps[: 8 * height * width].reshape(8, height, width) / 63.0
    digit = shaded(run.scene["test_images"][0, ..., 0] / 255.0, ROLES["real"])
    tiles = list(shaded(first, ink(ROLES["model"])))
    return enlarged(tiled(np.stack([*tiles[:4], digit, *tiles[4:]]), 3))


def states_over_time(run: ShownRun, _ink: Ink) -> str:
    """Return the state while the network reads: a row is a unit, a column a step."""
    return enlarged(diverging(run.view().states[0].T.astype(float)))


def gates_over_time(run: ShownRun, _ink: Ink) -> str:
    """Return the input, forget and output gates one below the other: a row is a unit, a column a step."""
    gates = run.view().gates / 255.0  # (3, T, units)
    steps = gates.shape[1]
    colours = (CLASSES[2], CLASSES[0], CLASSES[3])
    bands = [shaded(gate.T, colour) for gate, colour in zip(gates, colours, strict=True)]
    gap = np.zeros((1, steps, 4), np.uint8)
    return enlarged(np.concatenate([bands[0], gap, bands[1], gap, bands[2]]))


def decoded_plane(run: ShownRun, ink: Ink) -> str:
    """Return what every place on the plane of two numbers decodes to."""
    grid = run.view().grid / 15.0
    side = round(grid.shape[1] ** 0.5)
    return enlarged(tiled(shaded(grid.reshape(-1, side, side), ink(ROLES["model"])), round(len(grid) ** 0.5)))


def map_of_digits(run: ShownRun, _ink: Ink) -> str:
    """Return the prototype of every unit, each in the colour of the class it wins most."""
    view = run.view()
    side = round(view.prototypes.shape[1] ** 0.5)
    largest = float(np.abs(view.prototypes).max())
    winners = view.won.argmax(axis=1)
    tiles = [
        shaded(one.astype(float).reshape(side, side) / largest, CLASSES[int(group) % len(CLASSES)])
        for one, group in zip(view.prototypes, winners, strict=True)
    ]
    return enlarged(tiled(np.stack(tiles), int(run.config["columns"])))


def induction_head(run: ShownRun, ink: Ink) -> str:
    """Return the attention of the head that finds what followed before: a row looks, a column is looked at."""
    view = run.view()
    scores = view.seen_scores[..., 5]  # (layers, heads): induction
    layer, head = np.unravel_index(int(scores.argmax()), scores.shape)
    weights = view.seen_attention[0, layer, head].astype(float)
    kept = 3 * len(weights) // 4  # later tokens look at earlier ones: the other quarters are empty
    return enlarged(shaded(np.sqrt(weights[-kept:, :kept]), ink(ATTENTION[1])))


def stage_of(stage: Any) -> Callable[[ShownRun, Ink], str | None]:
    """Return the drawing of a family's own result panel."""
    return lambda run, _ink: thumbnail(run, stage.result)


PORTRAITS: dict[str, Portrait] = {
    "backpropagation": Portrait(
        "XOR, two hidden layers of three",
        stage_of(backpropagation_stage),
        "A slice of the loss in grey, and five optimizers on their way down.",
    ),
    "gradient_flow": Portrait(
        "Ten sigmoid layers with a plus",
        stage_of(gradient_flow_stage),
        "The gradient over ten layers: level with a plus, falling steeply without.",
    ),
    "mlp": Portrait("Two spirals", stage_of(mlp_stage), "Two spirals of points, and the border learned between them."),
    "cnn": Portrait("Handwritten digits", maps_around_a_digit, "A digit, and around it what eight windows make of it."),
    "rnn": Portrait(
        "Recall the first of 21 letters",
        states_over_time,
        "The state of 32 units while 21 letters are read, one column a letter.",
    ),
    "lstm_gru": Portrait(
        "Adding two of fifty numbers",
        gates_over_time,
        "Input, forget and output gates of twelve units over fifty steps.",
    ),
    "autoencoder": Portrait(
        "Digits in two numbers", decoded_plane, "Digits decoded from 49 places on a plane of two numbers."
    ),
    "gan": Portrait("Ring of eight spots", stage_of(gan_stage), "Real and generated points on a ring of eight spots."),
    "rbf": Portrait("Noisy wave", stage_of(rbf_stage), "Bumps, and their sum through noisy points."),
    "som": Portrait("Handwritten digits", map_of_digits, "A sheet of a hundred digits, like beside like."),
    "modular": Portrait(
        "Exclusive or with straight lines",
        stage_of(modular_stage),
        "The plane in the colours of two experts, and the border of their common answer.",
    ),
    "transformer": Portrait(
        "An induction head forms",
        induction_head,
        "Attention of one head: every token looks at what followed the same token before.",
    ),
}
