"""The road itself: every stop with its idea, what it solved, where it ended, and what the Transformer kept of it."""

import streamlit as st

from lab import frame
from lab.catalog import GROUPS, STOPS, Stop


def draw(title: str, idea: str) -> None:
    """Draw the home page."""
    frame.open_frame("")
    st.html(f'<div class="page-head"><h1>{title}</h1><p>{idea}</p></div>')
    first = next(stop for stop in STOPS if stop.built)
    with st.container(key="begin"):
        st.page_link(f"pages/{first.slug}.py", label=f"Begin: {first.title}")
    for group in GROUPS:
        st.html(f'<div class="section-head"><h2>{group}</h2></div>')
        stops = [stop for stop in STOPS if stop.group == group]
        for start in range(0, len(stops), 3):
            for column, stop in zip(st.columns(3, gap="medium"), stops[start : start + 3], strict=False):
                with column:
                    _card(stop)


def _card(stop: Stop) -> None:
    with st.container(border=True, height="stretch"):
        if stop.built:
            st.page_link(f"pages/{stop.slug}.py", label=f"**{stop.title}**")
        else:
            st.html(f'<p class="card-title">{stop.title} <span class="next">next</span></p>')
        st.html(f"<p>{stop.idea}</p>" + _facts(stop))


def _facts(stop: Stop) -> str:
    named = (("From", stop.origin), ("Solved", stop.solved), ("Where it ends", stop.limit), ("What stayed", stop.kept))
    rows = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in named if text)
    return f'<dl class="road">{rows}</dl>' if rows else ""
