"""The lessons of the page on LSTM and GRU: gates, surgery, what an answer rests on, forget bias, bottleneck.

Every number comes from a question to the run's own process; the web process formats and draws.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from lab.charts import lstm_gru_inside as inside
from lab.charts import lstm_gru_measured as measured
from lab.charts.mlp_stage import short
from lab.charts.rnn_inside import words_of
from lab.charts.rnn_stage import symbol
from lab.frame import quiet
from lab.lessons.asking import asked
from lab.lessons.sequences import ready
from lab.noticing import notice
from lab.page import Page
from lab.shown_run import ShownRun
from models.configs.recurrent import TEXTS

ROW, TYPED = "Test sequence", "Type one"
KEEP, FORCE_0, FORCE_1 = "as trained", "shut (0)", "open (1)"
VALUES = {FORCE_0: 0.0, FORCE_1: 1.0}
MOST_TYPED = 200
BEGIN = "The value of the expression is "


def place(run: ShownRun, lesson: Callable[[ShownRun], None]) -> None:
    """Draw a lesson as a part of the page that reruns by itself."""
    st.fragment(lesson)(run)


# ---- which sequence ----


def _reads(run: ShownRun) -> bool:
    """Whether the run is a stack of cells whose gates can be replayed; says where they can be seen otherwise."""
    if not ready(run):
        return False
    if run.facts["data"]["form"] == "sequence":
        quiet("This run is an encoder with a decoder: see below who looks where. Gates are shown for all other data.")
        return False
    return True


def _sequence(run: ShownRun, key: str) -> dict[str, Any] | None:
    """Let the visitor choose a test sequence, or type one where its symbols can be typed."""
    data = run.facts["data"]
    kinds = [ROW, TYPED] if data["tokens"] else [ROW]
    kind = ROW
    if len(kinds) > 1:
        kind = str(
            st.segmented_control(
                "Sequence", kinds, default=ROW, required=True, key=f"lstm_gru:{key}:kind", label_visibility="collapsed"
            )
        )
    if kind == TYPED:
        begin = BEGIN if run.config["dataset"] in TEXTS else "".join(data["input_names"][:8])
        words = st.text_input("Symbols, one after the other", begin, max_chars=MOST_TYPED, key=f"lstm_gru:{key}:typed")
        return {"typed": words} if words else None
    most = int(data["test"])
    row = st.number_input(
        "Test sequence",
        0,
        most - 1,
        0,
        key=f"lstm_gru:{key}:row:{most}",
        help="Counted from 0, in the order of the test data.",
    )
    return {"row": int(row)}


def _cell_names(run: ShownRun, count: int) -> list[str]:
    """Return a name for each cell of the stack, in its order."""
    layers = int(run.config["layers"])
    if count == layers:
        return [f"Layer {number}" for number in range(1, layers + 1)]
    return [f"Layer {number}, {way}" for number in range(1, layers + 1) for way in ("forwards", "backwards")]


# ---- every gate ----


def every_gate(run: ShownRun) -> None:
    """Draw every gate of the stack over time for a chosen sequence, and one unit's state as a conveyor."""
    if not _reads(run):
        return
    left, right = st.columns((1, 2.6), gap="large")
    with left:
        sequence = _sequence(run, "gates")
    view = None if sequence is None else asked(run, {"gates": True, **sequence})
    if view is None:
        return
    words = words_of(run, view.read_inputs)
    with left:
        names = _cell_names(run, len(view.gate_values))
        cell = 0
        if len(names) > 1:
            cell = names.index(
                st.selectbox("Which cell", names, index=len(names) - 1, key=f"lstm_gru:cell:{len(names)}")
            )
        units = view.gate_values.shape[-1]
        best = inside.busiest_unit(view, cell)
        unit = int(
            st.number_input(
                "Unit on the conveyor",
                0,
                units - 1,
                best,
                key=f"lstm_gru:unit:{units}:{best}:{cell}",
                help="The one whose state moves most is chosen at first.",
            )
        )
        quiet(answer_in_words(run, view.gate_outputs))
    with right:
        st.html('<p class="picture-title">Every gate and state, one line for each unit</p>')
        st.altair_chart(
            inside.gate_strips(run, view, cell, words),
            alt="Heat maps of every gate and state over the steps of the chosen sequence",
        )
    st.html(f'<p class="picture-title">The conveyor: unit {unit} keeps, writes and shows</p>')
    st.altair_chart(
        inside.conveyor(view, cell, unit, words),
        alt="At every step two bars, what the unit keeps and what it writes, with its state as a line",
    )
    notice(inside.conveyor_notice(view, cell, unit))


def answer_in_words(run: ShownRun, outputs: Any) -> str:
    """Return what the network answers at the end of a sequence, in words. outputs: (A, outputs)."""
    data, row = run.facts["data"], np.asarray(outputs[-1], np.float64)
    if data["task"] == "regression":
        unit = f" {data['target_unit']}" if data["target_unit"] else ""
        return f"It answers {short(float(row[0]))}{unit}."
    chances = np.exp(row - row.max()) / np.exp(row - row.max()).sum()
    return (
        f"At the end it answers {symbol(data['class_names'][int(chances.argmax())])}, with chance {chances.max():.2f}."
    )


# ---- surgery ----


def surgery(run: ShownRun) -> None:
    """Let the visitor force a gate or cut the state, and see what becomes of loss, answer and state."""
    if not _reads(run):
        return
    gates = inside.GATE_NAMES.get(str(run.config["cell"]), ())
    steps = int(run.facts["data"]["steps"])
    left, right = st.columns((1, 2.2), gap="large")
    with left:
        chosen = st.selectbox(
            "Gate",
            [f"{name} gate" for name in gates] or ["this cell has no gates"],
            index=1 if "forget" in gates else 0,
            disabled=not gates,
            key=f"lstm_gru:gate:{gates}",
        )
        force = st.segmented_control(
            "It is",
            [KEEP, FORCE_0, FORCE_1],
            default=FORCE_0 if gates else KEEP,
            required=True,
            key=f"lstm_gru:force:{bool(gates)}",
            disabled=not gates,
        )
        cutting = st.toggle("Empty the state at one step", value=not gates, key=f"lstm_gru:cutting:{bool(gates)}")
        cut = int(
            st.slider("before step", 1, steps, max(2, steps // 2), key=f"lstm_gru:cut:{steps}", disabled=not cutting)
        )
        sequence = _sequence(run, "surgery")
    if sequence is None:
        return
    forced = force in VALUES and bool(gates)
    question = {
        "gate": str(chosen).removesuffix(" gate") if forced else "",
        "value": VALUES.get(str(force), 0.0),
        "cut": cut - 1 if cutting else None,
    }
    view = asked(run, {**question, **sequence})
    if view is None:
        return
    with right:
        _changed(run, view)
        names = inside.SHOWN_NAMES.get(str(run.config["cell"]), ("hidden",))
        name = "cell" if "cell" in names else "hidden"
        st.altair_chart(
            inside.operated(run, view, len(view.gate_values) - 1, name),
            alt="The state over time as trained, after the operation, and the difference",
        )


def _changed(run: ShownRun, view: Any) -> None:
    """Write what the operation did to loss, score and answer."""
    data = run.facts["data"]
    score = "share right" if data["task"] == "classification" else "error"
    unit = f" {data['target_unit']}" if data["task"] == "regression" and data["target_unit"] else ""
    first, second, third = st.columns(3)
    before, after = (float(value) for value in view.surgery_losses)
    first.metric("Test loss", short(after), f"{after - before:+.3g}", delta_color="inverse")
    before, after = (float(value) for value in view.surgery_scores)
    colour: Any = "normal" if data["task"] == "classification" else "inverse"
    second.metric(f"Test {score}", short(after) + unit, f"{after - before:+.3g}", delta_color=colour)
    with third:
        quiet(f"As trained. {answer_in_words(run, view.gate_outputs)}")
        quiet(f"Operated on. {answer_in_words(run, view.cut_outputs)}")
    notice(_verdict(view, int(view.surgery_share[0])))


def _verdict(view: Any, sequences: int) -> str:
    before, after = (float(value) for value in view.surgery_losses)
    times = after / before if before > 0 else float("inf")
    told = f"The loss goes from {short(before)} to {short(after)} on {sequences} test sequences"
    if abs(after - before) < 0.05 * before:
        return f"{told}: this part is hardly needed here."
    return (
        f"{told}, {short(times)} times as much."
        if times >= 1
        else f"{told}: it is better without, which happens before training is done."
    )


# ---- what an answer rests on ----


def remember(run: ShownRun) -> None:
    """Show which inputs the chosen answer rests on: as a coloured text, or as bars."""
    if not _reads(run):
        return
    data = run.facts["data"]
    left, right = st.columns((1, 2.6), gap="large")
    with left:
        sequence = _sequence(run, "remember")
    if sequence is None:
        return
    steps = len(sequence.get("typed", "")) or int(data["steps"])
    after = -1
    if data["form"] == "every":
        with left:
            after = int(st.slider("Answer after step", 1, steps, steps, key=f"lstm_gru:asked:{steps}")) - 1
    view = asked(run, {"remember": after, **sequence})
    if view is None:
        return
    words = words_of(run, view.read_inputs)
    with right:
        if data["tokens"]:
            st.html('<p class="picture-title">Blue symbols push the likeliest answer up, orange ones pull it down</p>')
            st.html(inside.coloured_text(view, words))
        st.altair_chart(inside.remembered(view, words), alt="The gradient of the answer along every input, by step")
        notice(remember_notice(run, view, words))


def remember_notice(run: ShownRun, view: Any, words: list[str]) -> str:
    """Tell which step matters most, and how far back it lies."""
    lengths = np.abs(view.remembered.astype(np.float64))
    most, asked = int(lengths.argmax()), int(view.remembered_place[0])
    total = lengths.sum() or 1.0
    near = lengths[max(0, asked - 4) : asked + 1].sum() / total
    answer = ""
    if view.remembered_tokens is not None:
        name = symbol(run.facts["data"]["class_names"][int(view.remembered_tokens[0])])
        answer = f"The likeliest answer is {name} ({float(view.remembered_chances[0]):.2f}). "
    return (
        f"{answer}Step {most + 1} ({words[most]}) moves it most, {abs(asked - most)} steps away; the last five steps "
        f"have {near:.0%} of the whole. A gradient of nearly 0 can also mean that the answer is certain."
    )


# ---- the forget bias ----


def forget_bias(run: ShownRun) -> None:
    """Let the visitor turn the forget bias of an untrained LSTM and see how fast the gradient falls."""
    if not ready(run):
        return
    bias = float(st.slider("Forget bias of an untrained LSTM", -2.0, 6.0, 1.0, 0.25, key="lstm_gru:bias"))
    view = asked(run, {"forget_bias": bias, "seed": int(run.config["seed"])})
    if view is None:
        return
    first, second = st.columns(2, gap="large")
    with first:
        st.html('<p class="picture-title">The gradient by steps back</p>')
        st.altair_chart(
            inside.bias_curve(view), alt="The gradient at the cell state by steps back in time, logarithmic"
        )
    with second:
        st.html('<p class="picture-title">How fast it falls, by forget bias</p>')
        st.altair_chart(inside.bias_slopes(view), alt="Decades per step of the gradient over the forget bias")
    notice(inside.bias_notice(view))


# ---- stored experiments, and the same runs live ----


def laboratory(page: Page) -> None:
    """Draw where the stored runs come from, and buttons that make one of them again on this page."""
    st.html(f'<p class="provenance">{measured.provenance()}</p>')
    options = measured.repeatable()
    if not options:
        return
    columns = st.columns((1.1, 1, 1.6, 0.8, 1.2), vertical_alignment="bottom")
    task = columns[0].selectbox(
        "Task", list(options), format_func=lambda name: measured.TASKS[name], key="lstm_gru:lab:task"
    )
    lag = columns[1].selectbox("Lag", measured.lags(task), index=2, key=f"lstm_gru:lab:lag:{task}")
    name = columns[2].selectbox("Cell", options[task], index=min(3, len(options[task]) - 1), key="lstm_gru:lab:name")
    seed = columns[3].selectbox("Seed", measured.seeds(), key="lstm_gru:lab:seed")
    settings = measured.settings(task, int(lag), str(name), int(seed))
    columns[4].button(
        "Set up this run above", on_click=page.show, args=(settings,), key="lstm_gru:lab:go", width="stretch"
    )
    quiet(measured.told(task, int(lag), str(name), int(seed)))


def race(page: Page) -> None:
    """Draw buttons that set up each racer above: the same task, the same number of parameters."""
    settings = measured.racers()
    if not settings:
        return
    quiet(
        "Train one racer after the other above: press a button, then Train, and lay the one before over it "
        "under Keep and compare."
    )
    for column, (name, one) in zip(st.columns(len(settings)), settings.items(), strict=True):
        column.button(f"Set up: {name}", on_click=page.show, args=(one,), key=f"lstm_gru:race:{name}", width="stretch")


def bottleneck(page: Page) -> None:
    """Draw who looks where in the run above if it reverses letters, and buttons that set such runs up."""
    quiet(measured.bottleneck_provenance())
    columns = st.columns(3)
    for column, (name, settings) in zip(columns, measured.reversing().items(), strict=False):
        column.button(
            f"Set up: {name}", on_click=page.show, args=(settings,), key=f"lstm_gru:reverse:{name}", width="stretch"
        )
    place(page.run, who_looks_where)


def who_looks_where(run: ShownRun) -> None:
    """Draw the alignment of the run above for a chosen test sequence."""
    if not ready(run) or run.facts["data"]["form"] != "sequence":
        return
    most = int(run.facts["data"]["test"])
    row = int(st.number_input("Test sequence", 0, most - 1, 0, key="lstm_gru:align"))
    view = asked(run, {"align": row})
    if view is None:
        return
    names = [str(name) for name in run.facts["data"]["class_names"]]
    read, written = ("".join(names[int(k)] for k in found) for found in (view.aligned_read, view.aligned_written))
    right = sum(one == other for one, other in zip(read[::-1], written, strict=True))
    st.html(f'<p class="picture-title">Read {read}, wrote {written}: {right} of {len(read)} letters right</p>')
    if view.aligned is None:
        quiet(f"No attention: the decoder got one state of {run.config['units']} numbers and nothing else.")
        return
    st.altair_chart(inside.alignment(run, view), alt="How much each written letter looks at each letter read")
    hit = float(np.mean(view.aligned.argmax(axis=1) == np.arange(len(read))[::-1]))
    st.html(
        f'<p class="notice"><b>Notice.</b> Each row adds up to 1. In {hit:.0%} of the rows the largest weight lies '
        "on the letter that has to be written.</p>"
    )
