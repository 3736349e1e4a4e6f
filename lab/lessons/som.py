"""The self-organizing map's own questions: where one example lands on the map, and how all stored runs compare."""

from typing import Any

import numpy as np
import streamlit as st

from lab import session
from lab.charts import som_answer, som_runs
from lab.charts.stage_panels import png
from lab.components.drawing_pad import drawing_pad
from lab.controls import Controls
from lab.frame import quiet
from lab.noticing import notice
from lab.own_data import Words, own_data
from lab.shown_run import ShownRun

INK = 16.0  # the pad gives 0 to 16, the map gets 0 to 1
PICTURE = 12  # screen pixels to a pixel of a digit


OWN = Words(
    invitation="Choose a CSV file. The map spreads over all its columns but one, which only colours the pictures.",
    column="Column that colours the map",
    use="coloured by",
)


def own_table(controls: Controls) -> None:
    """Draw the section for own data; its chosen column takes no part in the training."""
    own_data(controls, OWN)


def runs_plane(run: ShownRun, view: Any) -> Any:
    """Return the plane of both errors with every stored run on the same data with as many units."""
    return som_runs.plane(run, session.store().list("som"))


def ask_map(run: ShownRun) -> None:
    """Draw the chooser of an example on the left, where it lands on the right."""
    if not run.moments or "data" not in run.facts:
        quiet("The map can be asked as soon as it is built.")
        return
    left, right = st.columns((1, 2), gap="large")
    with left:
        question = _question(run)
    with right:
        _answer(run, question)


def _question(run: ShownRun) -> dict[str, Any] | None:
    if run.facts["data"]["image_shape"]:
        kind = st.segmented_control("Example", ["Take a test image", "Draw a digit"], default="Take a test image",
                                    required=True, key="som:example", label_visibility="collapsed")  # fmt: skip
        if kind == "Draw a digit":
            drawn = drawing_pad("som:pad")
            return None if drawn is None else {"input": (drawn.ravel() / INK).tolist()}
    most = int(run.facts["data"]["test"])
    row = int(st.number_input("Test example", 0, most - 1, 0, key="som:row",
                              help="Counted from 0, in the order of the test data."))  # fmt: skip
    return {"test_row": row}


def _answer(run: ShownRun, question: dict[str, Any] | None) -> None:
    if question is None:
        st.info("Draw a digit from 0 to 9 with the mouse, a finger or a pen. The map places it after each stroke.")
        return
    try:
        with st.spinner("Asking the map", show_time=False):
            view = run.viewed(session.engine().ask(run.run_id, question))
    except ValueError as problem:
        st.warning(str(problem))
        return
    st.html(f'<p class="picture-title">{_sentence(run, view, question)}</p>')
    if run.facts["data"]["image_shape"]:
        _images(run, view)
    st.altair_chart(som_answer.landing(run, view), alt="The map coloured by each unit's distance to this example, "
                    "its best and its second best unit outlined")  # fmt: skip
    notice("On a map in good order the two best units are neighbours, and the distance grows smoothly around them.")


def _images(run: ShownRun, view: Any) -> None:
    """Draw the example beside the prototype of its best unit."""
    best, _ = som_answer.best_units(view)
    shown = [(view.answer_input, "The example"), (run.view().prototypes[best], "Its best unit's prototype")]
    for column, (pixels, name) in zip(st.columns(4), shown, strict=False):
        ink = 255 * (1 - np.clip(np.asarray(pixels, float).reshape(run.facts["data"]["image_shape"]), 0, 1))
        picture = png(np.kron(ink, np.ones((PICTURE, PICTURE))).astype(np.uint8))
        with column:
            st.html(f'<img src="{picture}" width="110" alt="{name}: 8 by 8 pixels">')
            quiet(name)


def _sentence(run: ShownRun, view: Any, question: dict[str, Any]) -> str:
    best, second = som_answer.best_units(view)
    columns = int(run.config["columns"])
    place = f"row {best // columns + 1}, column {best % columns + 1}"
    touch = "touches it" if som_answer.touching(run, best, second) else "does not touch it: an error of topology"
    truth = ""
    data = run.facts["data"]
    if "test_row" in question and question["test_row"] < len(run.scene["test_targets"]) and data["class_names"]:
        truth = f" The example is {data['class_names'][int(run.scene['test_targets'][question['test_row']])]}."
    return (
        f"Its best unit is in {place}, {float(view.answer_distances[best]):.3g} away. The second best {touch}.{truth}"
    )
