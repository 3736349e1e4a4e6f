"""The talk on the screen: its list, and one slide at a time with a run that is ready before the presenter is."""

import threading
from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import add_script_run_ctx

from lab import frame, session, share
from lab.catalog import STOPS
from lab.charts import (
    autoencoder_stage,
    backpropagation_stage,
    cnn_stage,
    gan_stage,
    gradient_flow_stage,
    lstm_gru_stage,
    mlp_stage,
    modular_stage,
    rnn_stage,
    som_stage,
    transformer_stage,
)
from lab.ledger import VERDICTS, entries
from lab.live import Live, Payload, payload_of_ended
from lab.provenance import provenance_line
from lab.shown_run import ShownRun
from lab.talk import SLIDES, TITLE, Shown, Slide, ends, place_of
from models.configs import Config

AHEAD_SECONDS = 3.0  # how often the page looks after what is prepared for the next slide
LEAD = 2  # slides in which a long training has its time before it is shown
PAYLOADS: dict[str, Payload] = {
    "backpropagation": backpropagation_stage.payload,
    "gradient_flow": gradient_flow_stage.payload,
    "mlp": mlp_stage.payload,
    "cnn": cnn_stage.payload,
    "rnn": rnn_stage.payload,
    "lstm_gru": lstm_gru_stage.payload,
    "autoencoder": autoencoder_stage.payload,
    "gan": gan_stage.payload,
    "som": som_stage.payload,
    "modular": modular_stage.payload,
    "transformer": transformer_stage.payload,
}


class Fixed:
    """Settings that a slide names; stands for a page's controls, and has no widgets and no say in the address."""

    def __init__(self, config: Config) -> None:
        self.config_class, self.family, self._config = type(config), config.family, config

    def config(self) -> Config:
        """Return the settings."""
        return self._config

    def write_address(self, **_extra: str) -> None:
        """Leave the address alone: it names the slide."""


class OnSlide(Live):
    """The live part of one slide. Each slide has an owner of its own, so the next one is prepared beside this one."""

    def __init__(self, number: int, shown: Shown) -> None:
        self._number = number
        controls: Any = Fixed(shown.config)
        super().__init__(controls, PAYLOADS[shown.family], session.owner(f"slide {number}"))

    @property
    def run(self) -> ShownRun | None:
        """The shown run, kept in the session for each slide."""
        found: ShownRun | None = st.session_state.get(f"talk:{self._number}")
        return found

    @run.setter
    def run(self, run: ShownRun | None) -> None:
        st.session_state[f"talk:{self._number}"] = run

    def _find(self) -> ShownRun | None:
        return self.run or self._stored() or self._prepared()

    def _opened(self, _run: ShownRun) -> bool:
        return True

    def _named(self, _run: ShownRun) -> bool:
        return False

    def overlay(self) -> ShownRun | None:
        """Lay nothing over a slide's curves."""
        return None


# ---- what is made ready for the next slide ----


def _ahead_key(number: int) -> str:
    return f"talk:{number}:ahead"


def make_ready(number: int, compiled: bool = True) -> None:
    """Have the process of a slide compiled, or its run trained, before the slide is reached.

    compiled: whether a network that waits for Train is compiled too; farther ahead only long trainings begin.
    """
    shown = SLIDES[number - 1].shown if number <= len(SLIDES) else None
    if shown is None or shown.live == "stored":
        return
    owner, values = session.owner(f"slide {number}"), shown.config.model_dump(mode="json")
    if shown.live == "train":
        if compiled:
            session.engine().prepare(shown.family, values, owner)
    elif _ahead_key(number) not in st.session_state:  # begun once: a run that was lost is not begun again
        run_id = session.engine().start(shown.family, values, owner)
        st.session_state[_ahead_key(number)] = ShownRun(run_id, shown.family, values, "live", state="queued")


def warm(number: int) -> None:
    """Compute what a slide will show, in a thread of its own: turning to it then only sends."""
    warmed: set[int] = st.session_state.setdefault("talk:warmed", set())
    if number in warmed or number > len(SLIDES):
        return
    warmed.add(number)
    thread = threading.Thread(target=_compute, args=(SLIDES[number - 1],), daemon=True)
    add_script_run_ctx(thread)
    thread.start()


def _compute(slide: Slide) -> None:
    if slide.table == "claims":
        entries()
    if slide.shown is None or slide.shown.draw is not None:
        return
    family = slide.shown.family
    summary = session.store().find(family, slide.shown.config.digest())
    run = session.stored_run(summary.run_id) if summary is not None else None
    if run is not None and len(run.moments) > 1:
        payload_of_ended(run.run_id, "", PAYLOADS[family], run, None)


def look_after(number: int) -> None:
    """Ask for what trains ahead, which keeps it alive; when the run of this slide is done, show it."""
    for place in range(1, len(SLIDES) + 1):
        run: ShownRun | None = st.session_state.get(_ahead_key(place))
        if run is None or run.final:
            continue
        if place < number:  # too late for its slide; others need the processor
            session.engine().stop(run.run_id)
        progress = session.engine().poll(run.run_id, run.cursor, session.owner(f"slide {place}"))
        if progress.state == "unknown":
            run.state, run.message = "failed", "It was lost."
        else:
            run.update(progress)
        if run.final and place == number:
            st.rerun()
    for place in range(number, number + 1 + LEAD):
        make_ready(place, compiled=place == number + 1)
    warm(number + 1)
    if sentence := how_far(number):
        frame.quiet(sentence)


def how_far(number: int) -> str:
    """Return how far the run is that is trained ahead for a slide; "" once it is shown, and where there is none."""
    run: ShownRun | None = st.session_state.get(_ahead_key(number))
    if run is None or run.state == "finished":
        return ""
    if run.final:
        return "The live run did not end in time; this is the stored one."
    done = f"It is at step {run.step:,} of {run.total_steps:,}" if run.rows else "It waits for its turn"
    return f"Until the live run is done, this is the stored one. {done}."


def take_over(number: int, live: OnSlide) -> None:
    """Show the run that was trained ahead, once it is done, instead of the stored one."""
    run: ShownRun | None = st.session_state.get(_ahead_key(number))
    if run is None or run.state != "finished" or (live.run is not None and live.run.origin == "live"):
        return
    live.run = session.stored_run(run.run_id, "live") or live.run


# ---- the page ----


def talk(words: str, passages: Sequence[tuple[str, str]]) -> None:
    """Draw the talk: its list with advice beside it, or, presenting, the slide in the address."""
    number = place_of(st.query_params.get("slide", ""))
    slides = {
        "slide": number,
        "titles": [slide.title for slide in SLIDES],
        "notes": [slide.notes for slide in SLIDES],
        "until": ends(),
    }
    frame.open_frame("talk", slides if frame.presenting() else None)
    if frame.presenting():
        _slide(number, SLIDES[number - 1])
        st.fragment(look_after, run_every=AHEAD_SECONDS)(number)
    else:
        _list(words, passages)


def _list(words: str, passages: Sequence[tuple[str, str]]) -> None:
    st.html(f'<div class="page-head"><h1>{TITLE}</h1><p>{words}</p></div>')
    rows = []
    for number, (slide, end) in enumerate(zip(SLIDES, ends(), strict=True), start=1):
        begin = end - slide.seconds
        rows.append(
            f'<li><a href="talk?present=1&slide={number}" target="_self">{slide.title}</a> '
            f"<span>{begin // 60}:{begin % 60:02d}{_kind(slide)}</span><br>{slide.sentence}</li>"
        )
    slides, advice = st.columns((1.7, 1), gap="large")
    slides.html(f'<ol class="talk">{"".join(rows)}</ol>')
    with advice:
        for title, text in passages:
            st.html(f'<p class="picture-title">{title}</p>')
            st.write(text)


def _kind(slide: Slide) -> str:
    words = {"train": " · live, by a press on Train", "ahead": " · live, trained ahead", "stored": ""}
    return words[slide.shown.live] if slide.shown else ""


def _slide(number: int, slide: Slide) -> None:
    opening = ' class="page-head talk-title"' if number == 1 else ' class="page-head"'
    st.html(f"<div{opening}><h1>{slide.title}</h1><p>{slide.sentence}</p></div>")
    if slide.table:
        st.html(_road() if slide.table == "road" else _claims())
    if slide.shown is None:
        return
    live = OnSlide(number, slide.shown)
    take_over(number, live)
    if slide.shown.draw is not None:
        _picture(slide.shown, live.run)
        return
    live.transport(lambda: None)
    live.show()


def _picture(shown: Shown, run: ShownRun | None) -> None:
    chart = shown.draw(run, run.view()) if run is not None and run.moments and shown.draw else None
    if chart is None or run is None:
        frame.quiet("There is no stored run for this picture here: python -m lab examples makes it.")
        return
    st.altair_chart(chart, width="stretch", alt=shown.alt)
    path = f"{shown.family}?preset={share.preset_name(shown.preset)}"
    origin = shown.origin() if shown.origin else provenance_line(run)
    st.html(f'<p class="provenance">{origin} · <a href="{path}" target="_self">open it on its page</a></p>')


def _road() -> str:
    """Return the stops of the road and what stayed of each, as a table."""
    rows = "".join(
        f"<tr><td>{stop.title}</td><td>{stop.limit}</td><td><b>{stop.kept}</b></td></tr>" for stop in STOPS if stop.kept
    )
    return (
        '<table class="road-table"><thead><tr><th>Network</th><th>Where it ended</th><th>What stayed</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _claims() -> str:
    """Return the ledger of claims in numbers, counted from the stored results."""
    found = entries()
    counted = [(verdict, sum(entry.verdict == verdict for entry in found)) for verdict in VERDICTS]
    cells = "".join(f"<div><b>{count}</b><span>{verdict}</span></div>" for verdict, count in counted if count)
    link = '<p><a href="evidence" target="_self">All claims with their experiments</a></p>'
    return f'<div class="counts">{cells}</div>{link}'
