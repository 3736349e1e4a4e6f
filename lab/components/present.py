"""The browser's side of presenting and sharing: slides out of a page's sections, keys, notes in a second tab, links.

The slides are found in the browser (`present_slides.js`): each section head, and each picture title after the first one
of a section, begins a slide. Pages need not know of them, and turning a slide asks the server for nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from lab.components.stage import slim

_FOLDER = Path(__file__).parent
# A class must stand before the first one that names it at the top level; the entry point comes last.
_PARTS = ("present_slides.js", "present_notes.js", "present_share.js", "present.js")
LONGEST_ADDRESS = 4000
_present = st.components.v2.component(
    "road_present",
    css=slim((_FOLDER / "present.css").read_text(encoding="utf-8")),
    js="\n".join(slim((_FOLDER / name).read_text(encoding="utf-8")) for name in _PARTS),
    isolate_styles=True,
)


@dataclass(frozen=True)
class Act:
    """What a person did: one of these. present: begin or leave; slide: turn to it; code: draw an address as QR code."""

    present: bool | None = None
    slide: int | None = None
    code: str | None = None


KEY = "present-tools"


def present(data: Mapping[str, Any], on_act: Callable[[], None] | None = None) -> None:
    """Show the tools. on_act: called before the script runs again; it finds the deed with `done`."""
    _present(data=dict(data), key=KEY, on_act_change=on_act or _nothing)


def _nothing() -> None:
    """Stand for a callback where nothing can be done."""


def done() -> Act | None:
    """Return what was done with the tools, None unless it is well-formed: no message is trusted."""
    state: Any = st.session_state.get(KEY)
    return act_of(state.get("act") if hasattr(state, "get") else None)


def act_of(said: Any) -> Act | None:
    """Return a message of the browser as an act, None where it is none."""
    if not isinstance(said, Mapping) or len(said) != 1:
        return None
    if isinstance(said.get("present"), bool):
        return Act(present=said["present"])
    slide = said.get("slide")
    if isinstance(slide, int | float) and not isinstance(slide, bool) and slide in range(1, 1000):
        return Act(slide=int(slide))
    code = said.get("code")
    return Act(code=code) if isinstance(code, str) and 0 < len(code) <= LONGEST_ADDRESS else None
