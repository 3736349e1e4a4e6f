"""Bring the page back to its first screen, after a button below has changed what is shown there."""

from typing import Any

import streamlit as st

_SCRIPT = """export default function ({ data }) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  document.querySelector("[data-testid=stMain]")?.scrollTo({ top: 0, behavior: calm ? "instant" : "smooth" });
}"""
_scroll = st.components.v2.component("road_scroll", js=_SCRIPT)


def scroll_to_top(turn: int) -> Any:
    """Scroll up; `turn` is another number each time, since a component runs again only when its data change."""
    return _scroll(data={"turn": turn}, key="scroll")
