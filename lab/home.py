"""The road itself: every stop with a picture of a real run, its paper, what it solved, where it ended, what stayed."""

import re
from html import escape

import streamlit as st

from lab import frame, session
from lab.catalog import STOPS, TRANSFORMERS, Stop
from lab.charts.home_pictures import PORTRAITS, portrait
from lab.components.follow import follow
from lab.components.tour import tour
from lab.demos import Demo, demos
from lab.shown_run import ShownRun
from models.configs import CONFIGS
from models.presets import PRESETS

STYLE = frame.STYLE.parent / "home.css"
FAVOURITES = (
    ("mlp", "Two spirals"),
    ("gradient_flow", "Ten sigmoid layers without the plus"),
    ("cnn", "A perceptron and a moved digit"),
    ("gan", "The forger runs from spot to spot"),
    ("som", "Handwritten digits"),
    ("transformer", "An induction head forms"),
)


def draw(title: str, idea: str) -> None:
    """Draw the home page."""
    frame.open_frame("")
    st.html(STYLE)
    st.html(f'<div class="page-head"><h1>{title}</h1><p>{idea}</p></div>')
    tour()
    _find()
    st.html('<div class="section-head road-head"><h2>The road</h2></div>')
    with st.container(key="road"):
        for number, stop in enumerate((stop for stop in STOPS if stop.origin), 1):
            _card(stop, number)
    _parts()
    st.html('<div class="section-head road-head"><h2>Measured, and told</h2></div>')
    with st.container(key="road-measured"):
        for stop in (stop for stop in STOPS if not stop.origin):
            _card(stop, 0)
    _pictures()


# ---- find a demo ----


@st.cache_data(show_spinner=False)
def _all_demos() -> list[Demo]:
    return demos()


def _find() -> None:
    """Draw the field that leads to any page, preset or failure, and a few favourites."""
    chosen = st.session_state.pop("home:go", None)
    if chosen is not None:
        with st.container(key="go"):
            st.page_link(f"pages/{chosen.slug}.py", label=f"Opening {chosen.title}", query_params=dict(chosen.query))
            follow(".st-key-go a")

    def go() -> None:
        st.session_state["home:go"], st.session_state["home:find"] = st.session_state["home:find"], None

    known = _all_demos()
    with st.container(key="find"):
        st.selectbox(
            "Find a page, a demo or a failure", known, index=None, key="home:find", on_change=go,
            format_func=lambda demo: demo.label, filter_mode="contains",
            placeholder=f"Search {len(known)} demos: spirals, noise, collapse",
        )  # fmt: skip
        with st.container(horizontal=True, gap="small", key="favourites"):
            first = next(stop for stop in STOPS if stop.built)
            st.page_link(f"pages/{first.slug}.py", label=f"**Begin: {first.title}**")
            for slug, name in FAVOURITES:
                demo = next(one for one in known if one.slug == slug and one.title == name)
                st.page_link(f"pages/{slug}.py", label=name, query_params=dict(demo.query))


# ---- the road ----


def _card(stop: Stop, number: int) -> None:
    with st.container(border=True, height="stretch", key=f"stop-{stop.slug}"):
        if not stop.built:
            st.html(f'<p class="card-title">{stop.title} <span class="next">next</span></p><p>{stop.idea}</p>')
            return
        if stop.origin:
            st.html(_head(stop, number))
        st.page_link(f"pages/{stop.slug}.py", label=f"**{stop.title}**")
        st.html(f'<p class="card-idea">{stop.idea}</p>{_facts(stop)}')
        if stop.kept:
            st.html(f'<p class="kept"><b>In the Transformer</b>{stop.kept}</p>')


def _head(stop: Stop, number: int) -> str:
    """Return the picture of a stored run beside the year and the paper; the picture itself follows at the end."""
    years = re.findall(r"\b(?:19|20)\d\d\b", stop.origin)
    year = f'<span class="year">{years[0]}</span>' if years else ""
    paper = f'<p class="paper">{escape(_paper(stop.origin))}</p>' if stop.origin else ""
    known = PORTRAITS.get(stop.slug)
    picture = (
        f'<div class="portrait portrait-{stop.slug}" role="img" aria-label="{escape(known.alt)}"></div>'
        if known
        else ""
    )
    return f'<div class="card-head">{picture}<div><p class="step">{number} · {stop.group}</p>{year}{paper}</div></div>'


def _paper(origin: str) -> str:
    """Return the origin without its first year, which stands over it."""
    return re.sub(r"^\d{4} ", "", origin)


def _facts(stop: Stop) -> str:
    named = (("Solved", stop.solved), ("Could not", stop.limit))
    rows = "".join(f"<div><dt>{name}</dt><dd>{text}</dd></div>" for name, text in named if text)
    return f'<dl class="facts">{rows}</dl>' if rows else ""


def _parts() -> None:
    """Say of every part of the Transformer where it came from."""
    st.html(
        '<div class="section-head" id="parts"><h2>The Transformer, part by part</h2>'
        "<p>Each part was there before, in one of the families above. Some were taken over, some were found "
        "again.</p></div>"
    )
    parts = [stop for stop in STOPS if stop.lives_on and stop.group != TRANSFORMERS]
    rows = "".join(
        f"<tr><th scope='row'>{stop.kept}</th><td>{stop.lives_on}</td>"
        f"<td><a href='{stop.slug}' target='_self'>{stop.title}</a></td></tr>"
        for stop in parts
    )
    head = "".join(f"<th scope='col'>{name}</th>" for name in ("Part", "What it does there", "From"))
    st.html(f'<table class="parts"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>')


# ---- the pictures ----


def _pictures() -> None:
    """Send all pictures in one piece, behind everything that can be read and clicked."""
    dark = st.context.theme.type == "dark"
    rules = [
        f'.portrait-{family} {{background-image: url("{uri}")}}'
        for family in PORTRAITS
        if (uri := _portrait(family, dark))
    ]
    st.html(f"<style>{''.join(rules)}</style>")
    frame.quiet(
        "Each picture is the last moment of a stored run that this app trained: "
        + "; ".join(f"{stop.title}, {PORTRAITS[stop.slug].preset}" for stop in STOPS if stop.slug in PORTRAITS)
        + ". Open the page and choose that preset to see it whole."
    )


def _portrait(family: str, dark: bool) -> str | None:
    preset = next(one for one in PRESETS[family] if one.title == PORTRAITS[family].preset)
    stored = session.store().find(family, CONFIGS[family](**preset.settings).digest())
    return _drawn(family, stored.run_id, dark) if stored is not None else None


@st.cache_data(max_entries=60, show_spinner=False)
def _drawn(family: str, run_id: str, dark: bool) -> str | None:
    return portrait(family, ShownRun.from_record(session.store().open(run_id)), dark)
