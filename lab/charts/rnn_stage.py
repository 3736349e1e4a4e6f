"""The first screen of a recurrent network: itself, unrolled by one step; what it answers; its curves."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from lab.charts.mlp_stage import curves as plain_curves
from lab.charts.mlp_stage import short, shown_views, staged, told_steps
from lab.charts.palette import POSITIVE, ROLES
from lab.charts.stage_panels import (
    Axis,
    CurvesPanel,
    Edges,
    NetworkLayer,
    NetworkPanel,
    Panel,
    Path,
    PlanePanel,
    Points,
    diverging,
    png,
    rgb,
    sprite,
)
from lab.shown_run import ShownRun
from models.base import Array
from models.configs.recurrent import SERIES, TEXTS
from models.views import SHOWN_UNITS, STATE_LEVELS

TILE = 24
MOST_CLASSES = 24  # rows of a picture of chances
LOST = "The predictions are not numbers any more."


def payload(run: ShownRun, overlay: ShownRun | None = None) -> dict[str, Any]:
    """Return the stage of a run: its newest moment while it trains, all recorded ones afterwards."""
    views = shown_views(run)
    return staged(run, [network(run, views), result(run, views), *curves(run, overlay)], overlay)


# ---- the network ----


def network(run: ShownRun, views: list[Any]) -> NetworkPanel:
    """Return the network at one step and at the next: the columns of states are joined by the same weights U."""
    layers = columns(run)
    matrices = [between(run, view) for view in views]
    edges, weights = [], []
    for place in range(len(layers) - 1):
        history = np.stack([matrix[place] for matrix in matrices]).astype(np.float64)
        ends = layers[place].drawn(), layers[place + 1].drawn()
        chosen = Edges.strongest(history[-1], *ends, most=min(110, 290 // (len(layers) - 1)))
        edges.append(chosen)
        weights.append(chosen.pick(history))
    alts = tuple(_network_alt(run, view, step) for (step, _), view in zip(run.moments, views, strict=True))
    return NetworkPanel(
        title="One step and the next", alt=alts[-1], alts=alts, weight=1.4,
        notice="Each unit shows its state over time: blue above zero, orange below. Between steps always the same U.",
        layers=tuple(layers), edges=tuple(edges), weights=tuple(weights),
        sprites=tuple(sprite(tiles(run, view)) for view in views), tile=TILE, pixelated=True,
    )  # fmt: skip


def recurrent_names(run: ShownRun) -> list[str]:
    """Return the names of the recurrent layers, from the input on, with the one that writes."""
    return [
        layer["name"] for layer in run.facts["layers"] if layer["name"].startswith("rnn_") or layer["name"] == "write"
    ]


def columns(run: ShownRun) -> list[NetworkLayer]:
    """Return the columns: inputs, each layer's state at a step and at the next, the outputs."""
    data = run.facts["data"]
    inputs, units = int(data["features"]), int(run.config["units"])
    names = tuple(symbol(name) for name in data["input_names"])
    drawn = tuple(range(min(inputs, SHOWN_UNITS)))
    found = [NetworkLayer("x", f"{inputs} input{'s' * (inputs > 1)}", inputs, drawn, names[: len(drawn)], tiles=True)]
    shown = tuple(range(min(units, SHOWN_UNITS)))
    for place, name in enumerate(recurrent_names(run)):
        who = "written" if name == "write" else ("h" if place == 0 else f"h {place + 1}")
        found.append(NetworkLayer(who, f"{units} units", units, shown, tiles=name != "write"))
        found.append(NetworkLayer(f"{who}, next", "again, through U", units, shown, tiles=name != "write"))
    outputs = len(data["class_names"]) or 1
    drawn = tuple(range(min(outputs, SHOWN_UNITS)))
    labels = tuple(symbol(name) for name in data["class_names"][: len(drawn)]) or (str(data["target_name"]),)
    found.append(NetworkLayer("output", f"{outputs} output{'s' * (outputs > 1)}", outputs, drawn, labels))
    return found


def symbol(name: str) -> str:
    """Return a symbol as it can be read beside a unit."""
    return {" ": "space", "\n": "line end", "\t": "tab"}.get(str(name), str(name)[:14])


def between(run: ShownRun, view: Any) -> list[Array]:
    """Return the recorded weights between consecutive columns, each (from, to)."""
    sizes = [len(layer.drawn()) for layer in columns(run)]
    found, start = [], 0
    for before, after in pairwise(sizes):
        found.append(view.edges[start : start + before * after].reshape(before, after))
        start += before * after
    return found


def states_of(view: Any) -> Array:
    """Return the recorded states while the network reads the first test sequence: (layers, T, shown units)."""
    peaks = np.asarray(view.state_peaks, np.float64)[:, np.newaxis, np.newaxis]
    return np.asarray(view.states.astype(np.float64) / STATE_LEVELS * peaks)


def first_inputs(run: ShownRun) -> Array:
    """Return the first test sequence as numbers, (T, d): symbols become rows with a single one."""
    found = run.scene["first_inputs"]
    if found.ndim == 2:
        return np.asarray(found, np.float64)
    return np.eye(int(run.facts["data"]["features"]))[found]


def tiles(run: ShownRun, view: Any) -> Array:
    """Return the small pictures in the units, time from left to right: (tiles, 24, 24, 4) RGBA."""
    parts = [traces(first_inputs(run)[:, :SHOWN_UNITS])]
    parts += [traces(layer[:, :SHOWN_UNITS]) for layer in states_of(view) for _ in range(2)]  # at a step, at the next
    return np.concatenate(parts)


def traces(values: Array) -> Array:
    """Draw the columns of (T, units) as stripes over time, each up to its own largest value."""
    places = np.arange(TILE) * len(values) // TILE
    rows = values[places].T  # (units, TILE)
    largest = np.abs(rows).max(axis=1, keepdims=True)
    rows = rows / np.where(largest > 0, largest, 1.0)
    return diverging(np.repeat(rows[:, np.newaxis], TILE, axis=1), limit=1.0)


def _network_alt(run: ShownRun, view: Any, step: int) -> str:
    units, layers = run.config["units"], run.config["layers"]
    return (
        f"From {run.facts['data']['features']} inputs through {layers} recurrent layer{'s' * (layers > 1)} of {units} "
        f"units to the answer. At training step {step:,} the largest eigenvalue of U is {short(float(view.radius[0]))}."
    )


# ---- what it answers ----


def result(run: ShownRun, views: list[Any]) -> Panel:
    """Return the picture that fits the data: predicted against true, a series, or chances of every answer."""
    name = str(run.config["dataset"])
    if name in SERIES:
        return forecasts(run, views)
    if name in TEXTS:
        return right_characters(run, views)
    if run.facts["data"]["task"] == "regression":
        return predicted_against_true(run, views)
    return chances(run, views)


def predicted_against_true(run: ShownRun, views: list[Any]) -> PlanePanel:
    """Return prediction against truth of test sequences, with the diagonal on which both are equal."""
    truths = run.scene["test_targets"].astype(np.float64)
    axis = _axis(truths, "")
    found = np.stack([view.predictions.astype(np.float64) for view in views])
    shown = np.where(np.isfinite(found), np.clip(found, axis.low, axis.high), np.nan)
    alts = told_steps(
        run, "Each test sequence's answer over the true sum.", "test_rmse", "the root mean squared error is"
    )
    return PlanePanel(
        title="Answers it gives to new sequences", alt=alts[-1], alts=alts, weight=1.2,
        notice="A flat cloud: it says the mean. On the line: it kept both numbers.",
        x=Axis("true sum", axis.low, axis.high), y=Axis("its answer", axis.low, axis.high), diagonal=True,
        points=(Points(positions=np.stack([np.broadcast_to(truths, shown.shape), shown], axis=-1),
                       groups=np.zeros(len(truths), int)),),
        messages=_lost(shown),
    )  # fmt: skip


def forecasts(run: ShownRun, views: list[Any]) -> PlanePanel:
    """Return the held-out end of a series and what the network said, one value ahead, all earlier ones known."""
    data = run.facts["data"]
    truth = run.scene["test_targets"].astype(np.float64)
    places = data["test_start"] + np.arange(len(truth))
    before = run.scene["series"][max(0, data["test_start"] - len(truth) // 2) : data["test_start"] + 1]
    learned = np.stack([data["test_start"] + 1 - len(before) + np.arange(len(before)), before], axis=-1)
    said = np.stack([view.predictions.astype(np.float64) for view in views])
    y = _axis(
        np.concatenate([truth, before]), f"{data['title']} ({data['target_unit']})" if data["target_unit"] else ""
    )
    said = np.where(np.isfinite(said), np.clip(said, y.low, y.high), np.nan)
    alts = told_steps(run, "The held-out values and the network's, one ahead.", "test_rmse", "the error is")
    return PlanePanel(
        title="The end it has not learned from", alt=alts[-1], alts=alts, weight=1.3, square=False,
        notice="One value ahead, with all earlier ones known. Far ahead is a question below.",
        x=Axis(f"value number ({data['first_date']} to {data['last_date']})", float(learned[0, 0]), float(places[-1])),
        y=y,
        paths=(
            Path(learned, label="learned from", colour=ROLES["baseline"]),
            Path(np.stack([places, truth], axis=-1), label="what came", colour="ink"),
            Path(_over(places, said), label="network", colour=ROLES["model"]),
        ),
        messages=_lost(said),
    )  # fmt: skip


def right_characters(run: ShownRun, views: list[Any]) -> PlanePanel:
    """Return which chance the network gave to each character that came, along the first test window."""
    truth = run.scene["test_targets"].astype(int)
    steps = np.arange(1, len(truth) + 1)
    chance = np.stack([view.probabilities[np.arange(len(truth)), truth].astype(np.float64) for view in views])
    chance = np.where(np.isfinite(chance), chance, np.nan)
    alts = told_steps(run, "The chance given to each next character of a test window.", "test_loss",
                      "the mean loss in nats is")  # fmt: skip
    return PlanePanel(
        title="How sure it was of what came", alt=alts[-1], alts=alts, weight=1.2, square=False,
        notice="Near 1 it knew the next character; inside words it is surer than where one begins.",
        x=Axis("character of the window", 1.0, float(steps[-1])), y=Axis("chance of the right one", 0.0, 1.0),
        paths=(Path(np.stack([np.broadcast_to(steps, chance.shape), chance], axis=-1), colour=ROLES["model"],
                    nodes=True),),
        messages=_lost(chance),
    )  # fmt: skip


def chances(run: ShownRun, views: list[Any]) -> PlanePanel:
    """Return the chance of every answer, by test sequence or by step, with the true answers as dots."""
    many = run.facts["data"]["form"] != "last"
    names = [symbol(name) for name in run.facts["data"]["class_names"]][:MOST_CLASSES]
    truth = run.scene["test_targets"].astype(int)
    shown = np.arange(len(truth)) if many else np.argsort(truth[:60], kind="stable")
    counted = truth[shown] >= 0
    positions = np.stack([np.arange(len(shown)) + 0.5, truth[shown] + 0.5], axis=-1)[counted]
    heat = [np.nan_to_num(view.probabilities[shown].astype(np.float64))[:, : len(names)] for view in views]
    alts = told_steps(
        run, "The chance of every answer as ink, the true one as a dot.", "test_accuracy", "the share right is"
    )
    where = "step of the first test sequence" if many else "test sequences, in the order of their answers"
    return PlanePanel(
        title="Answers it gives", alt=alts[-1], alts=alts, weight=1.3, square=False,
        notice="Ink is chance, dots are the truth: dots on dark ground are right and sure.",
        x=Axis(where, 0.0, float(len(shown)), None if many else ()),
        y=Axis(f"answer, from below: {', '.join(names)}", 0.0, float(len(names)), ()),
        backgrounds=tuple(png(_ink(one.T[::-1])) for one in heat), smooth=False,
        points=(Points(positions=positions, groups=np.ones(len(positions), int), size=2.5),),
    )  # fmt: skip


def _ink(shares: Array) -> Array:
    """Return shares in 0..1, (h, w), as (h, w, 4): clear at 0, the blue of the model at 1."""
    pixels = np.empty((*shares.shape, 4), np.uint8)
    pixels[..., :3] = rgb(POSITIVE)
    pixels[..., 3] = np.rint(220 * np.clip(shares, 0, 1))
    return pixels


def _over(places: Array, values: Array) -> Array:
    """Return values (frames, n) over places (n,) as paths: (frames, n, 2)."""
    return np.stack([np.broadcast_to(places, values.shape), values], axis=-1)


def _lost(values: Array) -> tuple[str, ...]:
    return tuple(LOST if np.isnan(one).mean() > 0.5 else "" for one in values)


def _axis(values: Array, label: str) -> Axis:
    low, high = float(np.min(values)), float(np.max(values))
    margin = 0.08 * (high - low) or 1.0
    return Axis(label, low - margin, high + margin)


# ---- learning curves ----


def curves(run: ShownRun, overlay: ShownRun | None = None) -> list[CurvesPanel]:
    """Return the loss with what no and perfect memory reach, and the score with methods without a network."""
    loss, score = plain_curves(run, overlay)
    data = run.facts["data"]
    known = [("no memory", data["chance_loss"]), ("perfect memory", data["optimum_loss"])]
    lines = [(label, float(value)) for label, value in known if value is not None]
    if data["metric"] == "nats":
        lines = [(str(one["name"]), float(one["value"])) for one in run.facts.get("baselines", [])]
    return [replace(loss, baselines=tuple(lines)), score]
