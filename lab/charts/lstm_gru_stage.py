"""The first screen of LSTM and GRU: the cell with its gates over time, what it answers, its curves."""

from typing import Any

import numpy as np

from lab.charts.mlp_stage import shown_views, staged
from lab.charts.palette import ATTENTION, POSITIVE
from lab.charts.rnn_stage import curves, first_inputs, states_of, symbol, traces
from lab.charts.rnn_stage import result as sequence_result
from lab.charts.stage_panels import Axis, Edges, NetworkLayer, NetworkPanel, Panel, PlanePanel, png, rgb, sprite
from lab.shown_run import ShownRun
from models.base import Array
from models.views import GATE_LEVELS, SHOWN_GATE_UNITS, SHOWN_UNITS, STATE_LEVELS

TILE = 24
GATE_COLUMNS = {
    "lstm": (("keep", "forget gate"), ("write", "input gate"), ("cell", "state c"), ("show", "output gate")),
    "gru": (("ask", "reset gate"), ("keep", "update gate")),
}
ORDER = {"lstm": (1, 0, 2), "gru": (1, 0)}  # of the recorded gates (models.gates.GATES) in the drawing


def payload(run: ShownRun, overlay: ShownRun | None = None) -> dict[str, Any]:
    """Return the stage of a run: its newest moment while it trains, all recorded ones afterwards."""
    views = shown_views(run)
    first = looks(run, views) if reverses(run) else network(run, views)
    return staged(run, [first, result(run, views), *curves(run, overlay)], overlay)


def result(run: ShownRun, views: list[Any]) -> Panel:
    """Return the picture of what it answers that fits the data."""
    return sequence_result(run, views)


def reverses(run: ShownRun) -> bool:
    """Whether the run is an encoder with a decoder."""
    return bool(run.facts["data"]["form"] == "sequence")


# ---- the cell ----


def network(run: ShownRun, views: list[Any]) -> NetworkPanel:
    """Return the cell: inputs, its gates, its state, the output; every unit with its own course over time."""
    layers = columns(run)
    sizes = [len(layer.drawn()) for layer in layers]
    edges, weights = [], []
    for place in range(len(layers) - 1):
        history = np.stack([_between(run, view, place, sizes) for view in views])
        chosen = Edges.strongest(history[-1], range(sizes[place]), range(sizes[place + 1]), most=110)
        if not np.any(history):
            chosen = Edges((), ())
        edges.append(chosen)
        weights.append(chosen.pick(history) if chosen.source else np.zeros((len(views), 0)))
    alts = tuple(_alt(run, view, step) for (step, _), view in zip(run.moments, views, strict=True))
    return NetworkPanel(
        title="One cell, time from left to right in each unit",
        alt=alts[-1],
        alts=alts,
        weight=1.6,
        notice=_notice(run),
        layers=tuple(layers),
        edges=tuple(edges),
        weights=tuple(weights),
        sprites=tuple(sprite(tiles(run, view)) for view in views),
        tile=TILE,
        pixelated=True,
    )


def _notice(run: ShownRun) -> str:
    cell = str(run.config["cell"])
    if cell == "lstm":
        return "A gate's height is how far it is open. Watch the forget gates: full height keeps the cell as it is."
    if cell == "gru":
        return "A gate's height is how far it is open. Full height of the update gate keeps the state as it is."
    return "No gates: every step makes the whole state anew."


def columns(run: ShownRun) -> list[NetworkLayer]:
    """Return the columns: inputs, gates and cell of the last layer, its hidden state, outputs."""
    data, cell = run.facts["data"], str(run.config["cell"])
    inputs, units = int(data["features"]), int(run.config["units"])
    drawn = tuple(range(min(inputs, SHOWN_UNITS)))
    names = tuple(symbol(name) for name in data["input_names"])[: len(drawn)]
    found = [NetworkLayer("x", f"{inputs} input{'s' * (inputs > 1)}", inputs, drawn, names, tiles=True)]
    shown = tuple(range(min(units, SHOWN_GATE_UNITS)))
    found += [NetworkLayer(name, does, units, shown, tiles=True) for name, does in GATE_COLUMNS.get(cell, ())]
    found.append(NetworkLayer("hidden", f"{units} units", units, shown, tiles=True))
    outputs = len(data["class_names"]) or 1
    drawn = tuple(range(min(outputs, SHOWN_UNITS)))
    labels = tuple(symbol(name) for name in data["class_names"][: len(drawn)]) or (str(data["target_name"]),)
    found.append(NetworkLayer("output", f"{outputs} output{'s' * (outputs > 1)}", outputs, drawn, labels))
    return found


def _between(run: ShownRun, view: Any, place: int, sizes: list[int]) -> Array:
    """Return the recorded weights between a column and the next (from, to); zeros where nothing is added up."""
    into = sizes[0] * sizes[1] if int(run.config["layers"]) == 1 else 0
    if place == len(sizes) - 2:
        return np.asarray(view.edges[into:], np.float64).reshape(sizes[-2], sizes[-1])
    if place == 0 and into:
        return np.asarray(view.edges[:into], np.float64).reshape(sizes[0], sizes[1])
    return np.zeros((sizes[place], sizes[place + 1]))


def tiles(run: ShownRun, view: Any) -> Array:
    """Return the small pictures in the units, time from left to right: (tiles, 24, 24, 4) RGBA."""
    parts, cell = [traces(first_inputs(run)[:, :SHOWN_UNITS])], str(run.config["cell"])
    drawn = [heights(view.gates[place] / GATE_LEVELS) for place in ORDER.get(cell, ())]
    if cell == "lstm":
        drawn.insert(2, traces(cell_states(view)))
    hidden = states_of(view)[-1][:, :SHOWN_GATE_UNITS]
    return np.concatenate([*parts, *drawn, traces(hidden)])


def cell_states(view: Any) -> Array:
    """Return the recorded cell states of an LSTM, (T, shown units)."""
    return np.asarray(view.cell.astype(np.float64) / STATE_LEVELS * float(view.cell_peak[0]))


def heights(values: Array) -> Array:
    """Draw the columns of (T, units), each between 0 and 1, as filled heights over time: (units, 24, 24, 4) RGBA."""
    places = np.arange(TILE) * len(values) // TILE
    tall = np.rint(values[places].T * TILE)  # (units, TILE)
    filled = (TILE - np.arange(TILE))[:, np.newaxis] <= tall[:, np.newaxis, :]
    pixels = np.empty((*filled.shape, 4), np.uint8)
    pixels[..., :3] = rgb(POSITIVE)
    pixels[..., 3] = np.where(filled, 200, 20)
    return pixels


def _alt(run: ShownRun, view: Any, step: int) -> str:
    cell, units = str(run.config["cell"]), run.config["units"]
    told = f"{units} units of a {cell.upper() if cell != 'simple' else 'simple'} cell while it reads one test sequence."
    if view.gates is None:
        return f"{told} It has no gates."
    kept = view.gates[0 if cell == "gru" else 1].mean() / GATE_LEVELS
    return f"{told} At training step {step:,} the gates that keep stand open by {kept:.2f} on average."


# ---- who looks where ----


def looks(run: ShownRun, views: list[Any]) -> PlanePanel:
    """Return the alignment: for each letter written, how much it looks at each letter read."""
    many = int(run.facts["data"]["answer_steps"])
    attends = views[-1].alignment is not None
    told = (
        "" if attends else f"No attention: all {many} letters pass through one state of {run.config['units']} numbers."
    )
    alts = tuple(_looks_alt(view, step, many) for (step, _), view in zip(run.moments, views, strict=True))
    heat = [_heat(view.alignment.astype(np.float64)) for view in views] if attends else []
    return PlanePanel(
        title="Where each written letter looks",
        alt=alts[-1],
        alts=alts,
        weight=1.3,
        notice="Reversing asks for the falling diagonal: the first letter written is the last one read."
        if attends
        else "The decoder gets the last state of the encoder, and nothing else.",
        x=Axis("letter read, by place", 0.0, float(many)),
        y=Axis("letter written, first at the bottom", 0.0, float(many)),
        backgrounds=tuple(png(one) for one in heat),
        smooth=False,
        messages=() if attends else (told,) * len(views),
    )


def _heat(weights: Array) -> Array:
    """Return attention weights (written, read) as a picture, first written letter at the bottom."""
    pixels = np.empty((*weights.shape, 4), np.uint8)
    pixels[..., :3] = rgb(ATTENTION[1])
    pixels[..., 3] = np.rint(235 * np.clip(weights[::-1], 0, 1))
    return pixels


def _looks_alt(view: Any, step: int, many: int) -> str:
    if view.alignment is None:
        return f"There is no attention: {many} letters pass through one state."
    right = float(np.mean(view.alignment.argmax(axis=1) == np.arange(many)[::-1]))
    return (
        f"Attention of {many} written letters over {many} read ones. At step {step:,} {right:.0%} of the rows look "
        "most at the letter they need."
    )
