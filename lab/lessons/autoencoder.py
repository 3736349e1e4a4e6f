"""The autoencoder's own questions: decode a place, walk between two examples, rebuild a drawing or one example."""

from typing import Any

import numpy as np
import streamlit as st

from lab import session
from lab.charts import autoencoder_answers as answers
from lab.charts.autoencoder_inside import picture
from lab.charts.autoencoder_network import values_of
from lab.charts.autoencoder_stage import group_names
from lab.components.drawing_pad import drawing_pad
from lab.controls import Controls
from lab.fetched import missing
from lab.frame import quiet
from lab.noticing import notice
from lab.own_data import Words, own_data
from lab.shown_run import ShownRun

INK = 16.0  # the pad gives 0 to 16, the network gets 0 to 1
DECODE, WALK, DRAW, TEST = "Decode a place", "Walk between two", "Draw a digit", "One example"
STOPS = 9

OWN = Words(
    invitation="Choose a CSV file. All its columns but one are squeezed and rebuilt; that one colours the pictures.",
    column="Column that colours the pictures",
    use="coloured by",
)


def own_table(controls: Controls) -> None:
    """Draw the button for own data; its chosen column takes no part in the training."""
    own_data(controls, OWN)


def ask(run: ShownRun) -> None:
    """Draw the questions that fit the data."""
    if not run.moments or "data" not in run.facts:
        quiet("The network can be asked as soon as it is built.")
        return
    if absent := missing(run):
        quiet(absent)
        return
    images = run.facts["data"]["image_shape"] is not None
    kinds = [DECODE, WALK, DRAW] if images else [TEST]
    kind = kinds[0]
    if images:
        kind = st.segmented_control("Question", kinds, default=kinds[0], required=True, key="autoencoder:question",
                                    label_visibility="collapsed")  # fmt: skip
    {DECODE: _decode, WALK: _walk, DRAW: _draw, TEST: _example}[str(kind)](run)


def _asked(run: ShownRun, question: dict[str, Any]) -> Any:
    """Return the answer, None where there is none; then the page says why."""
    try:
        with st.spinner("Asking the network", show_time=False):
            return run.viewed(session.engine().ask(run.run_id, question))
    except ValueError as problem:
        st.warning(str(problem))
        return None


# ---- decode a place ----


def _decode(run: ShownRun) -> None:
    left, right = st.columns((1.5, 1), gap="large")
    with left:
        place = _place(run, run.view())
    with right:
        _decoded(run, place)


def _recorded(run: ShownRun, place: list[float]) -> Any:
    """Return the picture that was recorded in the middle of the plane, None for any other place: it needs no asking."""
    view = run.view()
    if not np.allclose(place, view.limits.astype(float).mean(axis=1)):
        return None
    return values_of(view.grid)[len(view.grid) // 2]


def _place(run: ShownRun, view: Any) -> list[float]:
    """Draw the plane to click in, and a slider for each number it shows; return the chosen place.

    A click starts new sliders at its place: sliders that exist keep what they were last moved to.
    """
    limits = view.limits.astype(float)
    turn = st.session_state.setdefault("autoencoder:clicks", 0)
    name = f"autoencoder:{run.run_id}:{turn}"
    start = st.session_state.get(f"{run.run_id}:clicked", limits.mean(axis=1).tolist())
    keys = [f"{name}:{k}" for k in range(len(limits))]
    place = [float(st.session_state.get(key, value)) for key, value in zip(keys, start, strict=True)]
    if len(limits) == 2:
        _plane(run, view, place, f"{name}:plane")
    words = ("First code number", "Second code number")
    for column, key, word, ends, value in zip(st.columns(len(keys)), keys, words, limits, start, strict=False):
        low, high = float(ends[0]), float(ends[1])
        column.slider(word, low, high, min(max(value, low), high), (high - low) / 200, "%.2f", key=key)
    return place


def _plane(run: ShownRun, view: Any, place: list[float], key: str) -> None:
    def take() -> None:
        chosen = st.session_state.get(key, {}).get("selection", {}).get("place", [])
        if chosen:
            st.session_state[f"{run.run_id}:clicked"] = [float(chosen[0]["x"]), float(chosen[0]["y"])]
            st.session_state["autoencoder:clicks"] += 1

    st.html('<p class="picture-title">Click anywhere in the plane</p>')
    chart = answers.clickable(run, view, (place[0], place[1]))
    st.altair_chart(chart, key=key, on_select=take, alt="The plane of the first two code numbers with test examples.")
    notice("Between two groups the decoder mixes; far outside it was never trained.")


def _decoded(run: ShownRun, code: list[float]) -> None:
    known = _recorded(run, code)
    view = None if known is not None else _asked(run, {"decode": [code]})
    if known is None and view is None:
        return
    st.html('<p class="picture-title">Decoded from this place</p>')
    pixels = known if view is None else view.answer_outputs[0]
    image = picture(np.asarray(pixels).reshape(run.facts["data"]["image_shape"]))
    st.html(f'<img src="{image}" width="240" style="image-rendering:pixelated" alt="The decoded picture">')
    if view is None:
        quiet("This is the middle of the plane. Click elsewhere, or move a slider.")
    else:
        agree = round(10 * float(view.answer_agreement[0]))
        st.html(f'<p class="notice"><b>Notice.</b> Of the ten training images nearest to this picture, {agree} are of '
                "one class. Where they disagree lies a hole: no such digit was ever seen.</p>")  # fmt: skip
    if len(code) < int(run.config["code"]):
        quiet("All further code numbers rest at their mean over the training examples.")


# ---- walk between two ----


def _walk(run: ShownRun) -> None:
    most, groups = int(run.facts["data"]["test"]), run.scene["groups"]
    starts = [int(np.flatnonzero(groups == kind)[0]) for kind in np.unique(groups)[[0, -1]]]
    rows = []
    for column, word, start in zip(st.columns(2), ("From test example", "To test example"), starts, strict=True):
        key = f"autoencoder:{word}"
        rows.append(int(column.number_input(word, 0, most - 1, start, key=key, help="Counted from 0.")))
    view = _asked(run, {"between": rows, "stops": STOPS})
    if view is None:
        return
    ends = " to ".join(f"a {group_names(run)[int(groups[row])]}" for row in rows)
    st.html(f'<p class="picture-title">From {ends}: decoded on the way, and the pixels blended</p>')
    st.altair_chart(answers.walk(run, view), alt="Nine decoded pictures on the way, below them nine blends of pixels.")
    st.altair_chart(answers.clearness(view), alt="How many of the ten nearest training images agree, at each stop.")
    st.html('<p class="notice"><b>Notice.</b> Blended pixels show both digits at once. A decoded way passes through '
            "shapes, clear ones where the code is filled, smears where it has holes.</p>")  # fmt: skip


# ---- one example ----


def _draw(run: ShownRun) -> None:
    left, right = st.columns((1, 2), gap="large")
    with left:
        drawn = drawing_pad("autoencoder:pad", int(run.facts["data"]["image_shape"][0]))
    with right:
        if drawn is None:
            st.info("Draw a digit, or something that is none, with the mouse, a finger or a pen.")
            return
        view = _asked(run, {"input": (drawn.ravel() / INK).tolist()})
        if view is None:
            return
        shape = run.facts["data"]["image_shape"]
        shown = ((view.answer_input, "What you drew, as it sees it"), (view.answer_outputs[0], "What it rebuilds"))
        for column, (image, name) in zip(st.columns(3), shown, strict=False):
            column.html(f'<img src="{picture(image.reshape(shape))}" width="150" alt="{name}">')
            with column:
                quiet(name)
        notice(_standing(run, float(view.answer_error[0])))


def _standing(run: ShownRun, error: float) -> str:
    """Say how an error compares with those of the test examples of known kinds."""
    errors = run.view().errors
    known = errors[run.scene["anomalies"] == 0] if "anomalies" in run.scene else errors
    share = float((known < error).mean())
    return f"Its error is {error:.3g}; {share:.0%} of the test examples of known kinds have a smaller one."


def _example(run: ShownRun) -> None:
    most, shown = int(run.facts["data"]["test"]), run.scene["shown_rows"].astype(int)
    left, right = st.columns((1, 2), gap="large")
    with left:
        start = int(shown[np.argmax(run.view().errors[shown])])
        row = int(st.number_input("Test example", 0, most - 1, start, key=f"autoencoder:{run.run_id}:row",
                                  help="Counted from 0."))  # fmt: skip
    view = _recorded_example(run, row) if row in shown else _asked(run, {"test_row": row})
    if view is None:
        return
    with left:
        name = group_names(run)[int(run.scene["groups"][row])]
        st.write(f"It is {name}. {_standing(run, float(view.answer_error[0]))}")
    with right:
        st.html('<p class="picture-title">What could not be rebuilt: dot as it is, grey mark as rebuilt</p>')
        st.altair_chart(answers.lost(run, view), alt="The inputs that are rebuilt worst, as they are and as rebuilt.")
        notice("The longest gap is what the bottleneck could not carry for this example.")


def _recorded_example(run: ShownRun, row: int) -> Any:
    """Return the answer about one of the examples that are recorded with the run: it needs no asking."""
    place, view = int(np.flatnonzero(run.scene["shown_rows"] == row)[0]), run.view()
    seen = run.scene["shown_seen"] if "shown_seen" in run.scene else run.scene["shown"]
    return run.viewed(
        {
            "answer_input": values_of(seen)[place],
            "answer_outputs": values_of(view.rebuilt)[place][np.newaxis],
            "answer_error": view.errors[[row]],
        }
    )
