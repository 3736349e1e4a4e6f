"""Ask a network about one example: a digit drawn by hand, or an example of the test data."""

from typing import Any

import numpy as np
import streamlit as st

from lab import session
from lab.charts import answer, modular_inside
from lab.charts.stage_panels import png
from lab.components.drawing_pad import drawing_pad
from lab.frame import quiet
from lab.noticing import notice
from lab.shown_run import ShownRun

INK = 16.0  # the pad gives 0 to 16, the network gets 0 to 1


def ask_network(run: ShownRun) -> None:
    """Draw the chooser of an example on the left, the network's answer on the right."""
    if not run.moments or "data" not in run.facts:
        quiet("The network can be asked as soon as it is built.")
        return
    left, right = st.columns((1, 2), gap="large")
    with left:
        question = _question(run)
    with right:
        _answer(run, question)


def _question(run: ShownRun) -> dict[str, Any] | None:
    most = int(run.facts["data"]["test"])
    if not _is_digits(run):
        return {"test_row": _row(run, most)}
    kind = st.segmented_control("Example", ["Draw a digit", "Take a test image"], default="Draw a digit", required=True,
                                key=f"{run.family}:example", label_visibility="collapsed")  # fmt: skip
    if kind == "Take a test image":
        return {"test_row": _row(run, most)}
    drawn = drawing_pad(f"{run.family}:pad")
    return None if drawn is None else {"input": (drawn.ravel() / INK).tolist()}


def _is_digits(run: ShownRun) -> bool:
    return run.facts["data"]["image_shape"] == [8, 8]


def _row(run: ShownRun, most: int) -> int:
    chosen = st.number_input("Test example", 0, most - 1, 0, key=f"{run.family}:row",
                             help="Counted from 0, in the order of the test data.")  # fmt: skip
    return int(chosen)


def _answer(run: ShownRun, question: dict[str, Any] | None) -> None:
    if question is None:
        st.info("Draw a digit from 0 to 9 with the mouse, a finger or a pen. The network reads it after each stroke.")
        return
    try:
        with st.spinner("Asking the network", show_time=False):
            arrays = session.engine().ask(run.run_id, question)
    except ValueError as problem:
        st.warning(str(problem))
        return
    view = run.viewed(arrays)
    st.html(f'<p class="picture-title">{_sentence(run, view, question)}</p>')
    seen, output = st.columns((1, 3))
    if _is_digits(run):
        picture = png(
            np.kron(255 * (1 - np.clip(view.answer_input.reshape(8, 8), 0, 1)), np.ones((12, 12))).astype(np.uint8)
        )
        with seen:
            st.html(f'<img src="{picture}" width="130" alt="The example as the network sees it: 8 by 8 pixels">')
            quiet("What the network sees")
    output.altair_chart(answer.output(run, view), alt="The network's output for this example")
    if len(view.answer_output) > 1:
        with output:
            notice("A second long bar is a class that it nearly chose.")
    if (chart := answer.units(run, view)) is not None:
        st.altair_chart(chart, alt="The activations of the hidden units for this example")
        notice("Another example switches on other units: the pattern is what the next layer reads.")
    if getattr(view, "answer_members", None) is not None and (chart := modular_inside.answers(run, view)) is not None:
        st.altair_chart(chart, alt="What each member of the committee says to this example, and its share")
        notice("Where members disagree, their mean is less sure than the surest of them.")


def _sentence(run: ShownRun, view: Any, question: dict[str, Any]) -> str:
    data, values = run.facts["data"], view.answer_output
    truth = ""
    if "test_row" in question and question["test_row"] < len(run.scene["test_targets"]):
        target = run.scene["test_targets"][question["test_row"]]
        truth = f"; it is {data['class_names'][int(target)] if data['class_names'] else f'{float(target):.3g}'}"
    if data["task"] == "regression":
        return f"The network says {float(values[0]):.3g} {data['target_unit']}{truth}."
    best = int(np.argmax(values))
    return f"The network says {data['class_names'][best]}, with probability {float(values[best]):.2f}{truth}."
