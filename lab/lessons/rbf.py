"""Questions to a network of radial basis functions that need more than its view, and points that a visitor clicks."""

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from typing import Any

import numpy as np
import streamlit as st

from lab import session
from lab.charts import rbf_lessons
from lab.charts.click_field import Grid
from lab.charts.mlp_stage import short
from lab.click_field import ClickField
from lab.drawing import ask_network
from lab.engine.client import EngineClient
from lab.frame import quiet
from lab.noticing import notice
from lab.shown_run import ShownRun
from models.configs import CONFIGS, STARTING_POINTS
from models.presets import PRESETS

POINTS = ClickField(
    data="points", thing="point", things="points", most=60, then="One in four is held out as a test.",
    first=STARTING_POINTS, width=620,
    grid=Grid((-3.0, 3.0, -2.0, 2.0), 61, 21, ("x", "y"), height=300, mark=110, dot=110, ink=0.02),
)  # fmt: skip
FIRST_QUERY, QUERIES = 40, 121
MIDDLE_DIMENSION = 6  # where the methods differ most
HEADS = {"hand-set head": "kernel", "trained head": "trained"}
HOW_FAR = {
    "kernel": "Make the kernel narrow: the diagonal sharpens.",
    "trained": "This head began as a wide kernel and learned by itself which points to listen to.",
}
KERNEL_WIDTHS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0)


WAKING_SECONDS, AWAKE_SECONDS = 0.1, 2.0  # longest time that the page waits for a process: once asleep, once awake
LOOK_SECONDS = 0.5  # between two looks whether an answer has come
LOADING_SECONDS = 90.0
ASKED_AT_ONCE = 2  # of all visitors
ANSWER_HEIGHT, LESSON_HEIGHT = 250, 470  # kept free until the answer is there, so that nothing below jumps


# ---- one example ----


def ask_bumps(run: ShownRun) -> None:
    """Let the visitor ask about a drawn digit or a test example, and for a curve about any x."""
    if not run.moments or "data" not in run.facts or run.facts["data"]["task"] == "classification":
        ask_network(run)
        return
    left, right = st.columns((1, 2), gap="large")
    on_a_line = "line_ends" in run.scene
    with left:
        question = _place(run) if on_a_line else _row(run)
    with right:
        view = _ask(run, ANSWER_HEIGHT, soon=True, **question)
    if view is None:
        return
    unit = str(run.facts["data"]["target_unit"])
    with right:
        st.html(f'<p class="picture-title">The network says {short(float(view.answer_output[0]))} {unit}</p>')
        now = run.view()
        chart = rbf_lessons.most_active(view, now.line_centres if on_a_line else None)
        st.altair_chart(chart, width="stretch", alt="The bumps that are most active for this example.")
        notice("The loudest bumps are those whose centres lie nearest.")


def _place(run: ShownRun) -> dict[str, Any]:
    low, high = (float(end) for end in run.scene["line_ends"])
    middle = round((low + high) / 2, 2) + 0.0  # no minus before a zero
    x = st.slider("x", round(low, 2), round(high, 2), middle, 0.01, key=f"{run.run_id}:x")
    return {"input": [float(x)]}


def _row(run: ShownRun) -> dict[str, Any]:
    most = int(run.facts["data"]["test"])
    row = st.number_input("Test example", 0, most - 1, 0, key=f"{run.family}:example_row",
                          help="Counted from 0, in the order of the test data.")  # fmt: skip
    return {"test_row": int(row)}


# ---- asking without holding the page up ----


@st.cache_resource(show_spinner=False)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(ASKED_AT_ONCE, thread_name_prefix="asking")


@st.cache_resource(show_spinner=False)
def _awake() -> set[str]:
    """Return the runs whose process has answered already: the next answer comes soon."""
    return set()


@st.cache_resource(max_entries=100, show_spinner=False)
def _answered(run_id: str, step: int, question: tuple[tuple[str, Any], ...]) -> Future[Mapping[str, Any]]:
    return _threads().submit(_when_awake, session.engine(), run_id, dict(question))


def _when_awake(engine: EngineClient, run_id: str, question: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ask once TensorFlow is loaded: before, every question would hold one of the few processes that answer."""
    until = time.monotonic() + LOADING_SECONDS
    while "kind" not in engine.device() and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
    answered: Mapping[str, Any] = engine.ask(run_id, question)
    return answered


def _ask(run: ShownRun, height: int, soon: bool, **question: Any) -> Any:
    """Return the view that answers, or None after saying that it is on its way, or why there is none.

    A process that sleeps needs a second to wake, after the start of the server many: meanwhile the page goes on, and
    draws itself again when the answer is there. height: pixels kept free for it; soon: whether a process that is awake
    answers within moments, so that waiting is better than drawing twice.
    """
    asked = (run.run_id, run.step, tuple(sorted(question.items())))
    answer = _answered(*asked)
    wait_for([answer], AWAKE_SECONDS if soon and run.run_id in _awake() else WAKING_SECONDS)
    if not answer.done():
        with st.container(height=height, border=False):
            loading = session.device_badge()[0] == session.UNKNOWN
            quiet("TensorFlow is being loaded; the numbers follow." if loading else "Being computed; one moment.")
        st.fragment(_look_again, run_every=LOOK_SECONDS)(answer)
        return None
    try:
        view = run.viewed(dict(answer.result()))
    except (ValueError, OSError, EOFError) as problem:
        _answered.clear(*asked)
        st.warning(str(problem) or "No answer came. Ask again.")
        return None
    _awake().add(run.run_id)
    return view


def _look_again(answer: Future[Mapping[str, Any]]) -> None:
    if answer.done():
        st.rerun()


# ---- lessons ----


def _can_answer(run: ShownRun) -> bool:
    """Whether a run holds a trained network that stands still; one that is training would be held up."""
    return run.final and len(run.rows) > 1 and run.state != "failed"


def _example(title: str) -> ShownRun | None:
    """Return the stored example of a preset."""
    settings = next(preset.settings for preset in PRESETS["rbf"] if preset.title == title)
    found = session.store().find("rbf", CONFIGS["rbf"](**settings).digest())
    return session.stored_run(found.run_id) if found is not None else None


def place() -> Any:
    """Return a place in the page that is filled later, so that what needs computing holds up nothing below it."""
    return st.container()


def limits(run: ShownRun, where: Any) -> None:
    """Draw in a place from `place`, side by side: far from the data, and many dimensions."""
    with where:
        left, right = st.columns(2, gap="large")
    with left:
        far(run)
    with right:
        dimensions(run)


def far(run: ShownRun) -> None:
    """Draw confidence far from the data: of the shown network if it divides the plane, else of the two moons."""
    in_plane = _can_answer(run) and run.facts["data"]["plane"] and run.facts["data"]["task"] == "classification"
    asked = run if in_plane else _example("Two moons")
    if asked is None:
        quiet("Choose the preset Two moons above and train it; then this picture can be drawn.")
        return
    view = _ask(asked, LESSON_HEIGHT, soon=False, lesson="far")
    if view is None:
        return
    title = f"How sure far away? {asked.facts['data']['title']}, {'this run' if in_plane else 'the stored example'}"
    _drawn(
        title,
        rbf_lessons.far(view),
        alt="Mean confidence of the network and of a perceptron, and the most active bump, against the distance.",
        notice=f"At distance {short(float(view.far_radius[-1]))} the perceptron is {short(float(view.far_mlp[-1]))} "
        f"sure of a class, this network {short(float(view.far_rbf[-1]))}: its most active bump is at "
        f"{_tiny(float(view.far_activation[-1]))}. Yet on test points near by the perceptron is right in "
        f"{float(view.far_accuracy[1]):.1%} of cases, this network in {float(view.far_accuracy[0]):.1%}.",
    )


def _tiny(value: float) -> str:
    """Return a number, or what it is below."""
    return short(value) if abs(value) >= 1e-6 else "less than a millionth, so only its constant is left"


def dimensions(run: ShownRun) -> None:
    """Draw the error against the number of inputs at a fixed number of points and bumps."""
    asked = _example("Noisy wave") or (run if _can_answer(run) else None)  # the same for every run: asked once
    if asked is None:
        quiet("Train a network above; then this picture can be drawn.")
        return
    view = _ask(asked, LESSON_HEIGHT, soon=False, lesson="dimensions")
    if view is None:
        return
    bumps, perceptron = view.dimension_rbf.mean(axis=0), view.dimension_mlp.mean(axis=0)
    middle = list(view.dimension_count).index(MIDDLE_DIMENSION)
    _drawn(
        "The same wave, the same 60 bumps, more inputs",
        rbf_lessons.dimensions(view),
        alt="Error of 60 bumps, of three nearest neighbours and of a perceptron against the number of inputs, 1 to 16.",
        notice=f"With one input the bumps miss by {short(float(bumps[0]))} of the deviation, with {MIDDLE_DIMENSION} "
        f"by {short(float(bumps[middle]))}: no better than the mean. A perceptron, whose units look along a direction, "
        f"is at {short(float(perceptron[middle]))} there. With 16 inputs it misses by "
        f"{short(float(perceptron[-1]))}: 400 points are too few for any of them.",
    )


def attention(run: ShownRun, where: Any) -> None:
    """Draw in a place from `place` points smoothed by a kernel and by attention heads, and who listens to whom."""
    with where:
        st.fragment(_attention)(run)


def _attention(run: ShownRun) -> None:
    on_a_line = _can_answer(run) and "line_ends" in run.scene
    asked = run if on_a_line else _example("Noisy wave")
    if asked is None:
        quiet("Train a network above; then this picture can be drawn.")
        return
    left, middle, right = st.columns((2, 2, 1.6), gap="large")
    with left:
        width = st.select_slider(
            "Width of the kernel", KERNEL_WIDTHS, value=0.3, key="rbf:kernel",
            help="In units of x. The head's query is divided by its square.",
        )  # fmt: skip
    with middle:
        query = _query(asked)
    with right:
        which = st.segmented_control("Attention map of", list(HEADS), required=True, default="hand-set head",
                                     key="rbf:weights")  # fmt: skip
    view = _ask(asked, LESSON_HEIGHT, soon=True, lesson="attention", width=float(width))
    if view is not None:
        _attention_pictures(view, query, HEADS[str(which)])


def _query(run: ShownRun) -> int:
    """Let the visitor choose a place between the outermost points; return its number, 0 to 120."""
    x = run.scene["train_line"][:, 0].astype(float)
    places = np.linspace(x.min(), x.max(), QUERIES)
    chosen = st.select_slider("Query: the x that asks", range(QUERIES), FIRST_QUERY, key=f"{run.run_id}:query",
                              format_func=lambda place: f"{places[place]:.2f}")  # fmt: skip
    return int(chosen)


def _attention_pictures(view: Any, query: int, which: str) -> None:
    gap = float(np.abs(view.smooth_kernel - view.smooth_attention).max())
    kernel, trained = (float(error) for error in view.smooth_errors)
    left, right = st.columns(2, gap="large")
    with left:
        _drawn(
            "The same points, smoothed three ways",
            rbf_lessons.smoothed(view, query, which),
            alt="Points and three smoothed curves; the size of each point is its weight for the chosen query.",
            notice="The larger a point, the more the query listens to it. Kernel and hand-set head lie on each other: "
            f"their weights differ by at most {short(gap)}. Each point guessed from the others, the kernel misses by "
            f"{short(kernel)}, the trained head by {short(trained)}.",
        )
    with right:
        _drawn(
            "Who listens to whom: an attention map",
            rbf_lessons.weight_map(view, which, query),
            alt="A map of weights: one row per query, one column per point.",
            notice=f"Each row adds up to one, as in every Transformer. {HOW_FAR[which]}",
        )


def _drawn(title: str, chart: Any, alt: str, notice: str) -> None:
    st.html(f'<p class="picture-title">{title}</p>')
    st.altair_chart(chart, width="stretch", alt=alt)
    st.html(f'<p class="notice"><b>Notice.</b> {notice}</p>')
