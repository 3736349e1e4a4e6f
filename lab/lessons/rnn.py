"""The recurrent network's own questions: one step number by number, other lags, writing, far ahead, time by length."""

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from lab import session
from lab.charts import rnn_answers, rnn_inside
from lab.controls import Controls
from lab.frame import quiet
from lab.lessons.asking import asked
from lab.lessons.sequences import ready
from lab.noticing import notice
from lab.shown_run import ShownRun
from models.configs.recurrent import MEMORY, SERIES, TEXTS

LAGS = (2, 5, 10, 15, 20, 30, 50, 80, 120, 200)
TIMED = (4, 16, 64, 256, 1024)
NUMBERS = ("adding", "reverse")  # tasks whose sequences are chosen, not typed


def place(run: ShownRun, lesson: Callable[[ShownRun], None]) -> None:
    """Draw a lesson as a part of the page that reruns by itself."""
    st.fragment(lesson)(run)


# ---- one step number by number ----


def unroll(run: ShownRun) -> None:
    """Draw the recurrence step by step: which step and unit on the left, its arithmetic on the right."""
    if not ready(run):
        return
    left, right = st.columns((1, 2.2), gap="large")
    with left:
        view = _chosen_sequence(run, "unroll")
        if view is None:
            return
        layers, steps, units = view.unrolled_states.shape
        layer = 0 if layers == 1 else int(st.slider("Layer", 1, layers, 1, key=f"rnn:unroll:layer:{layers}")) - 1
        step = 0 if steps == 1 else int(st.slider("Step", 1, steps, min(2, steps), key=f"rnn:unroll:step:{steps}")) - 1
        unit = 0 if units == 1 else int(st.slider("Unit", 1, units, 1, key=f"rnn:unroll:unit:{units}")) - 1
        quiet(f"Read at this step: {rnn_inside.words_of(run, view.unrolled_inputs)[step]}. "
              f"{rnn_answers.said(run, view, step)}")  # fmt: skip
    with right:
        one = rnn_answers.step_of(run, view, layer, step, unit)
        st.html(f'<p class="picture-title">Unit {unit + 1} over time; the chosen step in orange</p>')
        st.altair_chart(rnn_answers.trajectory(run, view, layer, step, unit),
                        alt=f"The state of unit {unit + 1} at every step, step {step + 1} marked")  # fmt: skip
        notice("The value at one step depends on the whole way before it: change an early input, and the rest moves.")
        st.html('<p class="picture-title">What adds up at this step</p>')
        st.altair_chart(rnn_answers.products(one), alt="Each weight times its value, the largest products first")
        name = f"h({step + 1})" if layers == 1 else f"h{layer + 1}({step + 1})"
        st.html(f'<p class="notice"><b>The sum.</b> {rnn_answers.sentence(one, name)}.</p>')


def _chosen_sequence(run: ShownRun, key: str) -> Any:
    """Let the visitor choose a test sequence or type one; return its unrolled view."""
    data = run.facts["data"]
    can_type = run.config["dataset"] in (*MEMORY, *TEXTS) and run.config["dataset"] not in NUMBERS
    kinds = ["Test sequence", "Type one"] if can_type else ["Test sequence"]
    kind = kinds[0]
    if can_type:
        kind = st.segmented_control("Sequence", kinds, default=kinds[0], required=True, key=f"rnn:{key}:kind",
                                    label_visibility="collapsed")  # fmt: skip
    if kind == "Type one":
        symbols = "".join(data["input_names"]) if data["tokens"] else "01"
        typed = st.text_input("Symbols", symbols[:6], key=f"rnn:{key}:typed:{data['name']}", max_chars=200,
                              help=f"It knows {' '.join(symbols[:40])}")  # fmt: skip
        return asked(run, {"typed": typed}) if typed else None
    row = st.number_input("Test sequence", 0, int(data["test"]) - 1, 0, key=f"rnn:{key}:row:{data['test']}",
                          help="Counted from 0, in the order of the test data.")  # fmt: skip
    return asked(run, {"row": int(row)})


# ---- ask the network ----


def ask(run: ShownRun) -> None:
    """Let the network write, forecast, or answer a sequence, whatever it has learned."""
    if not ready(run):
        return
    name = str(run.config["dataset"])
    if name in TEXTS:
        _write(run)
    elif name in SERIES:
        _forecast(run)
    else:
        _answer(run)


def _write(run: ShownRun) -> None:
    left, right = st.columns((1, 2), gap="large")
    with left:
        begin = st.text_input("Beginning", "The ", key="rnn:write:begin", max_chars=200)
        told = "0 takes the likeliest; 1 draws by the network's chances; above, more evenly."
        temperature = st.slider("Temperature", 0.0, 2.0, 0.7, 0.1, key="rnn:write:temperature", help=told)
        top_k = st.slider("Only the k likeliest", 0, 40, 0, key="rnn:write:top_k", help="0: all characters.")
        count = st.slider("Characters", 20, 1000, 200, 20, key="rnn:write:count")
        seed = st.number_input("Draw", 0, 9999, 0, key="rnn:write:seed", help="Another number, another text.")
    with right:
        if not begin:
            st.info("Write at least one character to begin with.")
            return
        view = asked(
            run, {"write": begin, "temperature": temperature, "top_k": top_k, "count": count, "seed": int(seed)}
        )
        if view is None:
            return
        written = "".join(run.facts["data"]["class_names"][int(token)] for token in view.written)
        st.code(written, language=None, wrap_lines=True)
        at = int(st.slider("Look at written character", 1, len(view.written_chances), 1, key=f"rnn:write:at:{count}"))
        st.html(f'<p class="picture-title">Its chances after “{_end(written, len(begin) + at - 1)}”</p>')
        st.altair_chart(rnn_answers.next_chances(run, view, at - 1), alt="The chances of the likeliest next characters")
        notice("One of these was drawn. A lower temperature would have made the long bars longer.")


def _end(written: str, length: int) -> str:
    return written[max(0, length - 24) : length].replace("<", "&lt;").replace("\n", "↵")


def _forecast(run: ShownRun) -> None:
    most = int(run.facts["data"]["test"])
    ahead = int(st.slider("Values ahead", 1, most, most, key=f"rnn:fan:{most}"))
    view = asked(run, {"fan": ahead, "seed": 0})
    if view is None:
        return
    st.html('<p class="picture-title">Far ahead: each value it says is its next input</p>')
    st.altair_chart(rnn_answers.fan(run, view), alt="A fan of forecasts with quantiles, AR beside it, and what came")
    quiet(
        "200 paths: at each step an error that the network made in training is drawn and added. Dark: half of the "
        "paths, light: 80 %. Dotted: the 80 % band of AR, fitted by statsmodels on the same training part."
    )
    notice(rnn_answers.fan_notice(view))


def _answer(run: ShownRun) -> None:
    left, right = st.columns((1, 2), gap="large")
    with left:
        view = _chosen_sequence(run, "ask")
    with right:
        if view is None:
            return
        last = len(view.unrolled_inputs) - 1
        st.html(f'<p class="picture-title">{rnn_answers.said(run, view, last)}</p>')
        words = rnn_inside.words_of(run, view.unrolled_inputs)
        st.altair_chart(rnn_inside.state_map(view.unrolled_states[-1], words, []),
                        alt="The hidden state over time for this sequence")  # fmt: skip
        notice("A row that keeps its colour remembers something; a row that flickers follows the input.")


# ---- at other lags ----


def other_lags(controls: Controls) -> Callable[[ShownRun], None]:
    """Return the lesson that tests the shown network at other lags, and trains it anew at one of them."""

    def lesson(run: ShownRun) -> None:
        if not ready(run):
            return
        if run.config["dataset"] not in MEMORY:
            quiet("Series and texts have no lag to choose: take one of the memory tasks.")
            return
        view = asked(run, {"lags": sorted({*LAGS, int(run.facts["data"]["lag"])})})
        if view is None:
            return
        left, right = st.columns((2.2, 1), gap="large")
        with left:
            st.altair_chart(rnn_answers.lags(run, view, trained_lags(run)),
                            alt="The score of this network at other lags, of stored ones at their own")  # fmt: skip
        with right:
            quiet("Line: the network above, tested at lags it was not trained for. Dots: stored runs of the same "
                  "settings, each trained at its own lag.")  # fmt: skip
            lag = st.select_slider("Lag", LAGS, value=50, key="rnn:lags:lag")
            st.button("Set this lag", on_click=controls.set, key="rnn:lags:set",
                      args=({**controls.config().changes(), "lag": int(lag)},))  # fmt: skip
            quiet("Then press Train above: its end becomes a dot here.")

    return lesson


def trained_lags(run: ShownRun) -> list[tuple[int, float]]:
    """Return (lag, score) of stored runs that differ from this one in lag and seed at most."""
    metric = "test_gain" if run.facts["data"]["task"] == "regression" else "test_accuracy"
    free = ("lag", "seed")
    wanted = {name: value for name, value in run.config.items() if name not in free}
    found = []
    for one in session.store().list(run.family):
        same = {name: value for name, value in one.config.items() if name not in free} == wanted
        value = one.last.get(metric)
        if same and one.status == "finished" and value is not None and np.isfinite(value):
            found.append((int(one.config["lag"]), float(value)))
    return found


# ---- how long it takes ----


def time_by_length(run: ShownRun) -> None:
    """Measure what a step that waits for the one before costs."""
    if not ready(run):
        return
    if not st.toggle("Measure it on this machine", key="rnn:timing"):
        quiet("A recurrent and a dense layer of 32 units read 4,096 vectors, in short or long sequences; some seconds.")
        return
    view = asked(run, {"timing": list(TIMED)})
    if view is not None:
        st.altair_chart(rnn_answers.timing(view), alt="Milliseconds by the length of the sequences, for three layers")
        notice(rnn_answers.timing_notice(view))
