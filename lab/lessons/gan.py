"""A generative adversarial network's own questions: one step in slow motion, a walk through the noise, and a quiz."""

from typing import Any

import streamlit as st

from lab import session
from lab.charts import gan_lessons, gan_stage
from lab.charts.click_field import Grid
from lab.charts.mlp_stage import short
from lab.charts.thumbnail import thumbnail
from lab.click_field import ClickField
from lab.fetched import missing
from lab.frame import quiet
from lab.shown_run import ShownRun
from models.configs import CONFIGS, GanConfig
from models.presets import FAILURES, PRESETS

SPOTS = ClickField(
    data="own", thing="spot", things="spots", most=25, then="Each becomes a small cloud of points.",
    first=GanConfig.model_fields["points"].default, width=420,
    grid=Grid((-5.0, 5.0, -5.0, 5.0), 21, 21, ("x1", "x2"), height=400, mark=80, dot=150, ink=0.12),
)  # fmt: skip
HEALTHY, COLLAPSED = "Ring of eight spots", "The forger runs from spot to spot"


# ---- questions to the shown pair ----


def place() -> Any:
    """Return a place in the page that is filled later, so that what needs computing holds up nothing below it."""
    return st.container()


def ask_pair(run: ShownRun) -> None:
    """Draw slow motion of one step (points) and a walk through the noise."""
    if not run.moments or "data" not in run.facts:
        quiet("The pair can be asked as soon as it is built.")
        return
    if absent := missing(run):
        quiet(absent)
        return
    if gan_stage.is_image(run):
        _walk(run)
        return
    kind = st.segmented_control("Question", ["One step in slow motion", "A walk through the noise"], required=True,
                                default="One step in slow motion", key="gan:question",
                                label_visibility="collapsed")  # fmt: skip
    if kind == "One step in slow motion":
        _slow_motion(run)
    else:
        _walk(run)


def _asked(run: ShownRun, question: dict[str, Any]) -> Any:
    try:
        with st.spinner("Asking the networks", show_time=False):
            return run.viewed(session.engine().ask(run.run_id, question))
    except (ValueError, OSError, EOFError) as problem:
        st.warning(str(problem) or "No answer came. Ask again.")
        return None


def _slow_motion(run: ShownRun) -> None:
    batch = int(st.number_input("Batch", 0, 999, 0, key="gan:batch", width=160,
                                help="Which real examples and which noise are drawn."))  # fmt: skip
    view = _asked(run, {"slow": batch})
    if view is None:
        return
    d_before, d_after, g_before, g_after = (short(float(value)) for value in view.slow_losses)
    phases = (
        ("before", "1. Before", "The detective's verdict, and a batch of 80 forgeries."),
        ("detective", "2. The detective learns",
         f"Its loss on this batch goes from {d_before} to {d_after}. Lines: where each forgery is now pulled."),
        ("forger", "3. The forger learns",
         f"Its loss goes from {g_before} to {g_after}. Lines: the way each forgery really went."),
    )  # fmt: skip
    for column, (phase, title, words) in zip(st.columns(3, gap="medium"), phases, strict=True):
        with column:
            st.html(f'<p class="picture-title">{title}</p>')
            st.altair_chart(gan_lessons.slow(run, view, phase), width="stretch", alt=f"{title}. {words}")
            st.html(f'<p class="notice">{words}</p>')
    rates = " and ".join(short(float(rate)) for rate in view.slow_rates)
    quiet(f"One plain gradient step each, at rates {rates}: as large as lowers the loss and keeps the forgeries in the "
          "picture. Both networks are put back as they were. No forgery just follows its pull: all share "
          "weights.")  # fmt: skip


def _walk(run: ShownRun) -> None:
    left, right = st.columns((1, 3), gap="large")
    with left:
        one = int(st.number_input("From noise", 0, 999, 1, key="gan:walk from"))
        other = int(st.number_input("To noise", 0, 999, 2, key="gan:walk to", help="Each number draws one noise."))
    view = _asked(run, {"walk": (one, other)})
    if view is None:
        return
    with right:
        images = view.twins is not None
        st.html('<p class="picture-title">Twelve steps from one noise to another</p>')
        alt = "Twelve samples on the way from one noise to another" + (
            ", below each its nearest training image." if images else ", among the real points."
        )
        st.altair_chart(gan_lessons.walk(run, view), width="stretch", alt=alt)
        st.html('<p class="notice"><b>Notice.</b> ' + (
            "Numbered: generated. Below each: the nearest image of the training data. Between two digits there are "
            "strokes that nobody wrote: the way is smooth, the data are not." if images else
            "The way through the noise is smooth, so it must cross the empty space between two spots somewhere."
        ) + "</p>")  # fmt: skip


# ---- the quiz ----


def quiz(run: ShownRun) -> None:
    """Draw the discriminator's loss of a healthy and of a collapsed run unlabelled, and the answer on request."""
    st.fragment(_quiz)()


def _quiz() -> None:
    found = {name: stored(settings) for name, settings in (("A", _collapsed()), ("B", _healthy()))}
    runs = {name: one for name, one in found.items() if one is not None}
    if len(runs) < len(found):
        quiet("The two stored runs of this quiz are not here: python -m lab examples gan makes them.")
        return
    columns = st.columns(2, gap="large")
    for column, (name, one) in zip(columns, runs.items(), strict=True):
        with column:
            st.html(f'<p class="picture-title">Run {name}</p>')
            top = max(2.0, max(row["test_d_loss"] for shown in runs.values() for row in shown.rows[5:]))
            st.altair_chart(gan_lessons.loss_of_detective(one, top), width="stretch",
                            alt=f"The discriminator's loss of run {name} over its steps.")  # fmt: skip
    guess = st.segmented_control("Which one has collapsed?", ["Run A", "Run B"], key="gan:guess")
    if guess is not None:
        _reveal(runs, "Right." if guess == "Run A" else "No.")


def _reveal(runs: dict[str, Any], verdict: str) -> None:
    ends = {name: one.rows[-1] for name, one in runs.items()}
    st.write(
        f"{verdict} Run A has collapsed: at its end it covers {short(ends['A']['test_modes'])} of 8 spots, run B "
        f"{short(ends['B']['test_modes'])}. The losses end at {short(ends['A']['test_d_loss'])} and "
        f"{short(ends['B']['test_d_loss'])}. A loss tells how well each plays against the other of the moment, not "
        "what the forger has forgotten: look at the samples, and count modes."
    )
    for column, (name, one) in zip(st.columns(4), runs.items(), strict=False):
        with column:
            picture = thumbnail(one, gan_stage.result)
            st.html(f'<img class="thumbnail" src="{picture}" alt="Real and generated points of run {name}">')
            quiet(f"Run {name}")


def stored(settings: Any) -> ShownRun | None:
    """Return the stored run of these settings, None where there is none."""
    found = session.store().find("gan", CONFIGS["gan"](**settings).digest())
    return session.stored_run(found.run_id) if found is not None else None


def _healthy() -> Any:
    return next(one.settings for one in PRESETS["gan"] if one.title == HEALTHY)


def _collapsed() -> Any:
    return next(one.settings for one in FAILURES["gan"] if one.title == COLLAPSED)
