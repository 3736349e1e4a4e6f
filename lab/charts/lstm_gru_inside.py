"""Pictures of the inside of LSTM and GRU: arrays in, Altair charts out; None where none applies."""

from collections.abc import Callable, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts import rnn_inside
from lab.charts.cnn_inside import finished
from lab.charts.lstm_gru_stage import cell_states
from lab.charts.mlp_inside import TEXT
from lab.charts.palette import ATTENTION, NEGATIVE, POSITIVE, ROLES
from lab.charts.rnn_inside import input_words, marked_steps, state_map
from lab.charts.stage_panels import diverging, png, rgb
from lab.shown_run import ShownRun
from models.base import Array
from models.views import GATE_LEVELS

GATE_NAMES = {"lstm": ("input", "forget", "output"), "gru": ("update", "reset")}
SHOWN_NAMES = {
    "lstm": ("input", "forget", "output", "candidate", "cell", "hidden"),
    "gru": ("update", "reset", "candidate", "hidden"),
}  # as in models.gates, whose module imports nothing that a picture may
TITLES = {
    "input": "Input gate i: what is written",
    "forget": "Forget gate f: what is kept",
    "output": "Output gate o: what is shown",
    "update": "Update gate z: what is kept",
    "reset": "Reset gate r: how much of the past the new proposal sees",
    "candidate": "Proposal g: what could be written",
    "cell": "Cell state c",
    "hidden": "Hidden state h: what the rest of the network sees",
}
UNITS_TO_A_ROW = 4  # screen pixels of one unit in a strip
CAPTION, GAP, LOWEST, HIGHEST, AXIS_ROOM = 20, 8, 44, 120, 66
KEPT, WRITTEN = ROLES["model"], ROLES["generated"]


# ---- at a recorded step ----


def gate(name: str) -> Callable[[ShownRun, Any], alt.LayerChart | None]:
    """Return the function that draws one recorded gate over time; None for a cell that has no such gate."""

    def draw(run: ShownRun, view: Any) -> alt.LayerChart | None:
        names = GATE_NAMES.get(str(run.config["cell"]), ())
        if view.gates is None or name not in names:
            return None
        return gate_map(view.gates[names.index(name)] / GATE_LEVELS, input_words(run), marked_steps(run))

    return draw


def gate_map(found: Array, words: list[str], marked: list[int]) -> alt.LayerChart:
    """Draw a gate (T, units) between 0 and 1 over time. words: what is read at each step; marked: steps with a rule."""
    steps, units = found.shape
    rows = pd.DataFrame(
        {
            "step": np.repeat(np.arange(1, steps + 1), units),
            "unit": np.tile(np.arange(1, units + 1), steps),
            "open": np.round(found.ravel(), 3),
            "input": np.repeat(words, units),
        }
    )
    colour = alt.Color(
        "open:Q", title="open", scale=alt.Scale(domain=[0, 1], range=["#F5F5F2", POSITIVE], interpolate="rgb")
    )
    cells = (
        alt.Chart(rows)
        .mark_rect()
        .encode(
            x=alt.X("step:O", title="step", axis=alt.Axis(labelAngle=0, labelOverlap=True, ticks=False)),
            y=alt.Y("unit:O", title="unit", axis=alt.Axis(labelOverlap=True, ticks=False)),
            color=colour,
            tooltip=["step", "input", "unit", alt.Tooltip("open", format=".2f")],
        )
    )
    if not marked:  # a layer without marks would be a picture without a name to a screen reader
        return finished(alt.LayerChart(layer=[cells]), 250)
    told = pd.DataFrame({"step": marked})
    rules = (
        alt.Chart(told)
        .mark_tick(orient="vertical", thickness=3, color=ROLES["real"], size=14, yOffset=-8)
        .encode(x=alt.X("step:O"), y=alt.value(0))
    )
    return finished(cells + rules, 250)


def gate_notice(name: str) -> Callable[[ShownRun, Any], str]:
    """Return the function that tells how far a recorded gate stands open, at marked steps and at the others."""

    def told(run: ShownRun, view: Any) -> str:
        names = GATE_NAMES[str(run.config["cell"])]
        open_by = view.gates[names.index(name)].astype(np.float64).mean(axis=1) / GATE_LEVELS  # (T,)
        marked = [step - 1 for step in marked_steps(run) if step <= len(open_by)]
        if not marked:
            return f"Open by {open_by.mean():.2f} on average, between {open_by.min():.2f} and {open_by.max():.2f}."
        others = np.delete(open_by, marked)
        return (
            f"Open by {open_by[marked].mean():.2f} at the steps that matter (green marks) and by {others.mean():.2f} "
            "at all others, mean over the units shown."
        )

    return told


def cell(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return the recorded cell state over time; None for a cell without one."""
    return None if view.cell is None else state_map(cell_states(view), input_words(run), marked_steps(run))


def cell_notice(run: ShownRun, view: Any) -> str:
    """Tell how much the cell state changes from step to step."""
    found = cell_states(view)
    moved = np.abs(np.diff(found, axis=0)).mean() / (np.abs(found[1:]).mean() or 1.0)
    return (
        f"From step to step it changes by {100 * moved:.0f} % of its size on average. A row of one colour carries "
        "something along."
    )


def gradient(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return the gradient by lag, before training and at the chosen step; None for an encoder with a decoder."""
    return None if view.gradient is None else rnn_inside.gradient(run, view)


# ---- every gate of every layer ----


def strips(named: Sequence[tuple[str, Array, bool]], words: Sequence[str]) -> alt.LayerChart:
    """Draw heat maps over one time axis, one below the other. named: title, values (T, units), whether between 0 and 1.

    words: what is read at each step, for the tooltip of the lowest line.
    """
    pictures, titles, y = [], [], 0.0
    for title, values, share in named:
        height = float(np.clip(UNITS_TO_A_ROW * values.shape[1], LOWEST, HIGHEST))
        told = title if share else f"{title} (from {values.min():.2f} to {values.max():.2f})"
        pictures.append((_pixels(values, share), y + CAPTION, height))
        titles.append({"title": told, "y": y + CAPTION / 2})
        y += CAPTION + height + GAP
    tall = alt.Scale(domain=[0, y], range=[0, y], nice=False)
    captions = alt.Chart(pd.DataFrame(titles)).mark_text(align="left", baseline="middle", fontSize=12, color=TEXT)
    captions = captions.encode(x=alt.value(0), y=alt.Y("y:Q", scale=tall, axis=None), text="title:N")
    layers = [*(_strip(*one, tall) for one in pictures), captions, _ticks(words, y - GAP / 2, tall)]
    return finished(alt.LayerChart(layer=layers), y + AXIS_ROOM)


def _strip(picture: str, top: float, height: float, tall: alt.Scale) -> alt.Chart:
    """Draw one picture as wide as the chart."""
    table = pd.DataFrame([{"picture": picture, "top": top}])
    drawn = alt.Chart(table).mark_image(
        width=alt.ExprRef("width"), height=height, aspect=False, smooth=False, align="left", baseline="top"
    )
    return drawn.encode(x=alt.value(0), y=alt.Y("top:Q", scale=tall, axis=None), url="picture:N")


def _ticks(words: Sequence[str], y: float, tall: alt.Scale) -> alt.Chart:
    """Draw a small tick for every step, which tells what is read there, and the axis of steps."""
    table = pd.DataFrame({"step": np.arange(1, len(words) + 1), "y": y, "read": list(words)})
    scale = alt.Scale(domain=[0.5, len(words) + 0.5], nice=False)
    x = alt.X("step:Q", title="step", scale=scale, axis=alt.Axis(grid=False, tickMinStep=1))
    drawn = alt.Chart(table).mark_tick(orient="vertical", size=6, color=TEXT, opacity=0.7)
    return drawn.encode(x=x, y=alt.Y("y:Q", scale=tall), tooltip=["step", "read"])


def _pixels(values: Array, share: bool) -> str:
    """Return (T, units) as a picture, time from left to right, the first unit on top."""
    if not share:
        return png(diverging(values.T))
    pixels = np.empty((*values.T.shape, 4), np.uint8)
    pixels[..., :3] = rgb(POSITIVE)
    pixels[..., 3] = np.rint(245 * np.clip(np.nan_to_num(values.T), 0, 1))
    return png(pixels)


def gate_strips(run: ShownRun, view: Any, place: int, words: Sequence[str]) -> alt.LayerChart:
    """Draw every gate and state of one cell of the stack while it reads the asked sequence."""
    names = SHOWN_NAMES.get(str(run.config["cell"]), ("hidden",))
    gates = GATE_NAMES.get(str(run.config["cell"]), ())
    return strips([(TITLES[name], view.gate_values[place, k], name in gates) for k, name in enumerate(names)], words)


# ---- the conveyor ----


def conveyor(view: Any, place: int, unit: int, words: Sequence[str]) -> alt.LayerChart:
    """Draw one unit's state as a conveyor: what is kept from before, what is written, the state, what is shown."""
    kept, written, shown = (view.belt[place, k, :, unit].astype(np.float64) for k in range(3))
    steps = np.arange(1, len(kept) + 1)
    table = pd.DataFrame(
        {
            "step": np.tile(steps, 2),
            "value": np.concatenate([kept, written]),
            "part": np.repeat(["kept from before", "written now"], len(steps)),
            "read": list(words) * 2,
        }
    )
    lines = pd.DataFrame(
        {
            "step": np.tile(steps, 2),
            "value": np.concatenate([kept + written, shown]),
            "line": np.repeat(["state", "shown (h)"], len(steps)),
        }
    )
    x = alt.X(
        "step:Q",
        title="step",
        scale=alt.Scale(domain=[0.4, len(steps) + 0.6], nice=False),
        axis=alt.Axis(tickMinStep=1),
    )
    parts = alt.Scale(domain=["kept from before", "written now"], range=[KEPT, WRITTEN])
    bars = (
        alt.Chart(table)
        .mark_bar(width={"band": 0.9}, opacity=0.75)
        .encode(
            x=x,
            y=alt.Y("value:Q", title="value of the state", stack="zero"),
            color=alt.Color("part:N", scale=parts, legend=alt.Legend(title=None, orient="top")),
            tooltip=["step", "read", "part", alt.Tooltip("value", format=".3f")],
        )
    )
    dashes = alt.Scale(domain=["state", "shown (h)"], range=[[1, 0], [3, 3]])
    drawn = (
        alt.Chart(lines)
        .mark_line(color=TEXT, strokeWidth=2, interpolate="step")
        .encode(
            x=x,
            y="value:Q",
            strokeDash=alt.StrokeDash("line:N", scale=dashes, legend=alt.Legend(title=None, orient="top")),
            tooltip=["step", "line", alt.Tooltip("value", format=".3f")],
        )
    )
    return finished(bars + drawn, 300)


def busiest_unit(view: Any, place: int) -> int:
    """Return the unit whose state moves most."""
    state = view.belt[place, 0] + view.belt[place, 1]  # (T, u)
    return int(np.argmax(state.max(axis=0) - state.min(axis=0)))


def conveyor_notice(view: Any, place: int, unit: int) -> str:
    """Tell at which step most is written, and how much of the state there is at the end."""
    kept, written = (view.belt[place, k, :, unit].astype(np.float64) for k in range(2))
    most, state = int(np.abs(written).argmax()), kept + written
    return (
        f"Most is written at step {most + 1} ({written[most]:+.2f}). At the last step {kept[-1]:+.2f} is kept and "
        f"{written[-1]:+.2f} is written: the state is {state[-1]:+.2f}."
    )


# ---- after an operation ----


def operated(run: ShownRun, view: Any, place: int, name: str) -> alt.LayerChart:
    """Draw a state or gate before the operation and after it, and their difference, over one time axis."""
    names = SHOWN_NAMES.get(str(run.config["cell"]), ("hidden",))
    k = names.index(name)
    whole, cut = view.gate_values[place, k], view.cut_values[place, k]
    share = name in GATE_NAMES.get(str(run.config["cell"]), ())
    words = [""] * len(whole)
    return strips(
        [
            (f"{TITLES[name]}, as trained", whole, share),
            ("The same after the operation", cut, share),
            ("What the operation changed", cut - whole, False),
        ],
        words,
    )


# ---- what an answer rests on ----


def remembered(view: Any, words: Sequence[str]) -> alt.LayerChart:
    """Draw d answer / d input of every step: bars up and down, or for several inputs the length beside."""
    found = view.remembered.astype(np.float64)
    table = pd.DataFrame(
        {
            "step": np.arange(1, len(found) + 1),
            "slope": found,
            "read": list(words),
            "sign": np.where(found < 0, "pulls down", "pushes up"),
        }
    )
    signs = alt.Scale(domain=["pushes up", "pulls down"], range=[POSITIVE, NEGATIVE])
    bars = (
        alt.Chart(table)
        .mark_bar(width={"band": 0.85})
        .encode(
            x=alt.X(
                "step:Q",
                title="step",
                scale=alt.Scale(domain=[0.4, len(found) + 0.6], nice=False),
                axis=alt.Axis(tickMinStep=1),
            ),
            y=alt.Y("slope:Q", title="d answer / d input"),
            color=alt.Color("sign:N", scale=signs, legend=alt.Legend(title=None, orient="top")),
            tooltip=["step", "read", alt.Tooltip("slope", format=".3g")],
        )
    )
    return finished(alt.LayerChart(layer=[bars]), 260)


def coloured_text(view: Any, words: Sequence[str]) -> str:
    """Return the symbols that were read as HTML, each on a ground of how strongly it moves the answer."""
    found = view.remembered.astype(np.float64)
    limit = float(np.abs(np.nan_to_num(found)).max()) or 1.0
    place = int(view.remembered_place[0])
    spans = []
    for step, (word, value) in enumerate(zip(words, found, strict=True)):
        red, green, blue = rgb(POSITIVE if value >= 0 else NEGATIVE)
        edge = "outline:2px solid currentColor;" if step == place else ""
        ground = f"background:rgba({red},{green},{blue},{0.85 * abs(value) / limit:.3f});"
        spans.append(
            f'<span style="{ground}{edge}padding:1px 1px;border-radius:2px" title="step {step + 1}: '
            f'{value:+.3g}">{_visible(word)}</span>'
        )
    return f'<p style="font-family:monospace;font-size:1rem;line-height:1.9;word-break:break-all">{"".join(spans)}</p>'


def _visible(word: str) -> str:
    known = {"space": "&nbsp;", "line end": "↵", "tab": "⇥", "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;"}
    return known.get(word, word)


# ---- the forget bias ----


def bias_slopes(view: Any) -> alt.LayerChart:
    """Draw decades a step over the forget bias: measured, theory's way along the cell, and the asked bias."""
    found, asked = view.bias_slopes, view.bias_asked
    table = pd.DataFrame(
        {
            "bias": np.tile(found[:, 0], 2),
            "decades": np.concatenate([found[:, 1], found[:, 2]]),
            "what": np.repeat(["measured", "cell alone: log10 of the gate"], len(found)),
        }
    )
    colours = alt.Scale(domain=["measured", "cell alone: log10 of the gate"], range=[ROLES["model"], ROLES["baseline"]])
    x, y = alt.X("bias:Q", title="forget bias"), alt.Y("decades:Q", title="powers of ten per step back")
    lines = (
        alt.Chart(table)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=x,
            y=y,
            color=alt.Color("what:N", scale=colours, legend=alt.Legend(title=None, orient="top")),
            tooltip=["what", "bias", alt.Tooltip("decades", format=".3f")],
        )
    )
    here = (
        alt.Chart(pd.DataFrame([{"bias": asked[0], "decades": asked[1]}]))
        .mark_point(size=140, filled=True, color=ROLES["wrong"])
        .encode(x=x, y=y, tooltip=["bias", alt.Tooltip("decades", format=".3f")])
    )
    zero = alt.Chart(pd.DataFrame({"y": [0.0]})).mark_rule(strokeDash=[4, 4], color=ROLES["baseline"]).encode(y="y:Q")
    return finished(zero + lines + here, 280)


def bias_curve(view: Any) -> alt.LayerChart:
    """Draw the gradient by steps back for the asked bias, with the line of its slope."""
    curve = np.maximum(view.bias_curve, 1e-30)
    steps = np.arange(len(curve))
    y = alt.Y(
        "share:Q",
        title="gradient, share of the last step's",
        scale=alt.Scale(type="log"),
        axis=alt.Axis(format="~e", tickCount=6),
    )
    dots = (
        alt.Chart(pd.DataFrame({"back": steps, "share": curve}))
        .mark_line(point=True, color=ROLES["model"])
        .encode(
            x=alt.X("back:Q", title="steps back in time"), y=y, tooltip=["back", alt.Tooltip("share", format=".2e")]
        )
    )
    return finished(alt.LayerChart(layer=[dots]), 280)


def power(exponent: float) -> str:
    """Return a power of ten as HTML."""
    return f"10<sup>{exponent:.1f}</sup>".replace("-", "−")


def bias_notice(view: Any) -> str:
    """Tell the slope of the asked bias beside those of 0, 1 and chrono initialization."""
    by_bias = {float(row[0]): row for row in view.bias_slopes}
    asked = view.bias_asked
    return (
        f"Bias {asked[0]:g}: {asked[1]:+.2f} powers of ten a step, so 50 steps leave {power(50 * asked[1])} of the "
        "gradient. "
        f"Bias 0: {by_bias[0.0][1]:+.2f}; bias 1, Keras's default: {by_bias[1.0][1]:+.2f}; chrono initialization: "
        f"{view.bias_chrono[0]:+.2f}. The grey line is the way along the cell alone; the hidden "
        "state adds ways of its own."
    )


# ---- who looks where ----


def alignment(run: ShownRun, view: Any) -> alt.LayerChart:
    """Draw how much each written letter looks at each letter read, with the letters on both sides."""
    names = [str(name) for name in run.facts["data"]["class_names"]]
    weights = view.aligned.astype(np.float64)
    rows = pd.DataFrame(
        [
            (
                k + 1,
                j + 1,
                names[int(view.aligned_read[k])],
                names[int(view.aligned_written[j])],
                round(float(weights[j, k]), 4),
            )
            for j in range(weights.shape[0])
            for k in range(weights.shape[1])
        ],
        columns=["read", "written", "letter read", "letter written", "weight"],
    )
    colour = alt.Color(
        "weight:Q", title="attention", scale=alt.Scale(domain=[0, 1], range=list(ATTENTION), interpolate="rgb")
    )
    cells = (
        alt.Chart(rows)
        .mark_rect()
        .encode(
            x=alt.X("read:O", title="place of the letter read", axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("written:O", title="place of the letter written", axis=alt.Axis(labelOverlap=True)),
            color=colour,
            tooltip=["letter written", "letter read", alt.Tooltip("weight", format=".3f")],
        )
    )
    return finished(alt.LayerChart(layer=[cells]), 380)
