"""A small app for the browser test of the stage: a scripted network "learns" two moons, no Keras needed.

Query parameters: mode=live (a new frame ten times a second), replay (60 frames at once), digits (other panels),
stacked (two curves in one column, of a run that left the range of numbers) or pad.
"""

from itertools import pairwise

import numpy as np
import streamlit as st

from lab.charts.palette import CLASSES, ROLES
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
    diverging,
    png,
    sprite,
    stage_payload,
)
from lab.collection import spare_loaded_code
from lab.components.drawing_pad import drawing_pad
from lab.components.stage import Status, stage

FRAMES, SIDE, TILE = 60, 50, 20
STEPS = np.unique(np.rint(np.linspace(0, 1, FRAMES) ** 2 * 3000).astype(int) + np.arange(FRAMES))


def moons(count: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Return two interleaved half circles: positions (count, 2) and classes (count,)."""
    random = np.random.default_rng(0)
    angle, group = random.uniform(0, np.pi, count), np.arange(count) % 2
    x = np.where(group, 1 - np.cos(angle), np.cos(angle)) - 0.5
    y = np.where(group, 0.5 - np.sin(angle), np.sin(angle)) - 0.25
    return np.stack([x, y], axis=1) * 2.2 + random.normal(0, 0.25, (count, 2)), group


@st.cache_data
def recording() -> dict[str, np.ndarray]:
    """Return what a run of 60 frames shows, by frame: kernels, unit tiles, the decision surface, losses."""
    random = np.random.default_rng(3)
    shares = np.linspace(0, 1, FRAMES)[:, None, None]
    sizes = (4, 8, 8, 2)
    pairs = list(pairwise(sizes))
    kernels = [random.normal(0, 0.5, pair) * (0.3 + shares) + random.normal(0, 0.9, pair) * shares for pair in pairs]
    axis = np.linspace(-4, 4, SIDE)
    grid = np.stack(np.meshgrid(axis, -axis), axis=-1)
    x, y = grid[..., 0], grid[..., 1]
    goal = np.tanh(1.6 * (y - 1.1 * np.sin(1.5 * x)))
    start = np.tanh(0.3 * x + 0.1)
    surface = start * (1 - shares) + goal * shares
    small = grid[::3, ::3][:TILE, :TILE].reshape(-1, 2)
    side = len(grid[::3])
    mixed = np.stack([np.tanh(small @ random.normal(0, 0.9, (2, 22)) + random.normal(0, 1, 22))] * FRAMES)
    tiles = (mixed * (0.3 + 0.7 * shares)).transpose(0, 2, 1).reshape(FRAMES, 22, side, side)
    return {"kernels": kernels, "surface": surface, "tiles": tiles}  # type: ignore[dict-item]


def panels(first: int, last: int) -> list:
    """Return the three panels of the frames first..last-1."""
    run = recording()
    names = ("input", "hidden 1", "hidden 2", "output")
    captions = ("4 features", "8 units", "12 units", "2 classes")
    labels = (("x₁", "x₂", "sin x₁", "x₁x₂"), (), (), ("blue", "orange"))
    units, shown = (4, 8, 12, 2), (4, 8, 8, 2)
    layers = tuple(
        NetworkLayer(name, caption, count, shown=tuple(range(drawn)), labels=label, tiles=True)
        for name, caption, count, drawn, label in zip(names, captions, units, shown, labels, strict=True)
    )
    edges = tuple(
        Edges.strongest(kernel[-1], range(kernel.shape[1]), range(kernel.shape[2])) for kernel in run["kernels"]
    )
    weights = tuple(pair.pick(kernel[first:last]) for pair, kernel in zip(edges, run["kernels"], strict=True))
    network = NetworkPanel(
        title="The network",
        alt="Four inputs, two hidden layers of 8 and 12 tanh units, two outputs; each unit shows what it computes.",
        notice="Thick lines are strong weights; orange pulls down, blue pushes up.",
        weight=1.5,
        layers=layers,
        edges=edges,
        weights=weights,
        sprites=tuple(sprite(diverging(tiles, 1.0)) for tiles in run["tiles"][first:last]),
        tile=run["tiles"].shape[-1],
        maps=True,
    )
    return [network, result_panel(first, last), curves_panel(first, last)]


def result_panel(first: int, last: int) -> PlanePanel:
    """Return the decision surface over the points of two classes."""
    positions, groups = moons()
    surface = recording()["surface"][first:last]
    rows = np.clip(((4 - positions[:, 1]) / 8 * SIDE).astype(int), 0, SIDE - 1)
    columns = np.clip(((positions[:, 0] + 4) / 8 * SIDE).astype(int), 0, SIDE - 1)
    wrong = (surface[:, rows, columns] > 0) != (groups == 0)
    points = Points(positions, groups, test=np.arange(len(groups)) % 4 == 0, wrong=wrong & (np.arange(200) % 4 == 0))
    return PlanePanel(
        title="What it has learned",
        alt="Two half moons of points over the network's decision surface.",
        notice="The border bends until it runs between the moons.",
        x=Axis("x₁", -4, 4),
        y=Axis("x₂", -4, 4),
        points=(points,),
        backgrounds=tuple(png(diverging(frame, 1.0, 0.55)) for frame in surface),
        classes=("blue", "orange"),
    )


def curves_panel(first: int, last: int) -> CurvesPanel:
    """Return the loss so far, with a second run laid over once the recording is complete."""
    random = np.random.default_rng(1)
    steps = np.arange(0, 3060, 6)
    train = 0.69 * np.exp(-steps / 700) + 0.03 + random.normal(0, 0.012, len(steps)) * np.exp(-steps / 1500)
    done = int((steps <= STEPS[last - 1]).sum())
    kept = slice(0, max(1, done))
    train[40:44] = np.nan
    series = [
        Series("train", steps[kept], train[kept]),
        Series("test", steps[kept], (train * 1.12 + 0.03)[kept], role="test"),
    ]
    if first == 0:
        series.append(Series("train, 2 units", steps, 0.69 * np.exp(-steps / 2500) + 0.1, overlay=True))
    return CurvesPanel(
        title="How it got there",
        alt="Training and test loss fall from 0.7 to below 0.1 in 3,000 steps.",
        notice="Solid is training, dashed is test.",
        weight=1.2,
        series=tuple(series),
        baselines=(("logistic regression", 0.29), ("always the mean", 0.31)),
        y_label="cross-entropy",
        until=3060,
    )


def digits_panels() -> list:
    """Return the wide cases: a 64-pixel input, ten classes, a map's grid as one path, a picture, a log scale."""
    random = np.random.default_rng(5)
    first, second = random.normal(0, 0.4, (1, 64, 32)), random.normal(0, 0.8, (1, 32, 10))
    shown = tuple(range(0, 32, 3))
    edges = (Edges.strongest(first[-1], range(64), shown, 120), Edges.strongest(second[-1], shown, range(10), 110))
    digit = random.random((8, 8))
    flat = np.repeat(np.repeat((digit * 2 - 1).reshape(64, 1, 1), 8, 1), 8, 2)
    kernels = np.kron(first[0][:, list(shown)].T.reshape(-1, 8, 8), np.ones((1, 1)))
    network = NetworkPanel(
        title="The network",
        alt="64 pixels, 32 hidden units of which 11 are drawn, ten outputs.",
        weight=1.4,
        layers=(
            NetworkLayer("input", "64 pixels", 64, columns=8, tiles=True),
            NetworkLayer("hidden 1", "32 units", 32, shown=shown, tiles=True),
            NetworkLayer("output", "10 digits", 10, labels=tuple(str(k) for k in range(10))),
        ),
        edges=edges,
        weights=(edges[0].pick(first), edges[1].pick(second)),
        sprites=(sprite(np.concatenate([diverging(flat), diverging(kernels)])),),
        tile=8,
        pixelated=True,
    )
    nodes = np.stack(np.meshgrid(np.linspace(-2.5, 2.5, 8), np.linspace(-2, 2, 8)), -1)
    nodes = nodes + random.normal(0, 0.12, nodes.shape)
    lift = np.full((8, 1, 2), np.nan)
    grid = np.concatenate([np.concatenate([nodes, lift], 1), np.concatenate([nodes.swapaxes(0, 1), lift], 1)])
    plane = PlanePanel(
        title="A map over ten classes",
        alt="A grid of 8 by 8 nodes stretched over points of ten classes.",
        x=Axis("component 1", -4, 4),
        y=Axis("component 2", -4, 4),
        points=(Points(random.normal(0, 1.3, (400, 2)), np.arange(400) % 10, test=np.arange(400) % 5 == 0),),
        paths=(Path(grid.reshape(-1, 2), "map", ROLES["baseline"], 1.5, nodes=True),),
        classes=tuple(f"digit {k}" for k in range(10)),
    )
    picture = np.tile(random.integers(0, 255, (16, 40), dtype=np.uint8), (3, 1))
    images = ImagesPanel(
        title="Filters",
        alt="A block of random pixels.",
        images=(png(picture),),
        legend=((ROLES["real"], "real"), (ROLES["generated"], "generated")),
    )
    steps = np.arange(0, 3000, 10)
    curves = CurvesPanel(
        title="Gradient norm",
        alt="A gradient norm that vanishes with depth.",
        series=(Series("layer 1", steps, 10 ** (-steps / 400 - 1), colour=CLASSES[2]),),
        y_label="norm",
        logarithmic=True,
        baselines=(("float32 underflow", 1e-7),),
    )
    values = PlanePanel(
        title="Predicted and true",
        alt="Predicted against true values along the diagonal.",
        x=Axis("true", 0, 300),
        y=Axis("predicted", 0, 300),
        points=(Points(random.uniform(20, 280, (80, 2)), values=random.normal(0, 1, 80)),),
        diagonal=True,
    )
    return [network, plane, images, curves, values]


def stacked_panels() -> list:
    """Return network and result beside two curves under one another; the second ends in values that are no numbers."""
    losses = np.where(np.arange(40) < 25, 1 + np.arange(40) / 10, np.nan)
    first = CurvesPanel(
        title="Loss",
        alt="Only the first value is there.",
        series=(Series("train", np.array([0]), np.array([2.31])),),
        y_label="loss",
        until=400,
        low=0,
        high=2.31,
    )
    second = CurvesPanel(
        title="Error",
        alt="The error grows until it is not a number.",
        series=(Series("train", np.arange(40) * 10, losses),),
        y_label="root mean squared error (miles per gallon)",
        baselines=(("ridge", 1.2), ("mean", 1.21), ("trees", 1.22)),
        below=True,
    )
    return [*panels(FRAMES - 1, FRAMES)[:2], first, second]


def show_live() -> None:
    """Show one more frame of the recording, ten times a second."""
    frame = st.session_state.setdefault("frame", 0)
    st.session_state.frame = (frame + 1) % FRAMES
    one = panels(frame, frame + 1)
    step = int(STEPS[frame])
    stage(stage_payload(one, [step], [step / 100], run="demo", replay=False), key="stage", height=height)


st.set_page_config(layout="wide", page_title="Stage")
spare_loaded_code()
st.title("Stage")
mode = st.query_params.get("mode", "live")
height = int(st.query_params.get("height", "420"))
if mode == "live":
    st.fragment(show_live, run_every=0.1)()
elif mode == "replay":
    recorded = panels(0, FRAMES)
    stage(
        stage_payload(recorded, STEPS.tolist(), (STEPS / 100).tolist(), run="demo", replay=True),
        key="stage",
        height=height,
    )
elif mode == "stacked":
    stage(stage_payload(stacked_panels(), [390], run="stacked", replay=False), key="stage", height=height)
elif mode == "waiting":
    stage(None, key="stage", status=Status("Building and compiling the network.", 0.25), height=height)
elif mode == "digits":
    wide = digits_panels()
    stage(stage_payload(wide[:3], [0], run="wide", replay=False), key="stage", height=height)
    stage(stage_payload(wide[3:], [1500], run="wide", replay=False), key="second", height=320)
else:
    drawn = drawing_pad("pad")
    st.text("nothing drawn" if drawn is None else "\n".join(" ".join(f"{v:2.0f}" for v in row) for row in drawn))
