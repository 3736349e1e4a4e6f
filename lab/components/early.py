"""Let the browser fetch what a stage needs before it fetches what the widgets need.

A browser that opens a page asks for the parts of Streamlit in the order of the elements, six at a time: a slider, a
choice and a button take fifty files. An empty component in front of them puts the stage's files at the head.
"""

from typing import Any

import streamlit as st

_early = st.components.v2.component("road_early", html="<i></i>")


def fetch_stage_first() -> Any:
    """Call once on a page, before its first widget."""
    with st.container(key="early"):  # frame.css takes it out of the layout
        return _early(key="early-component")
