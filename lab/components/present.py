"""The browser's side of presenting and sharing: slides out of a page's sections, keys, notes in a second tab, links.

The slides are found in the browser (`present_slides.js`): each section head, and each picture title after the first one
of a section, begins a slide. Pages need not know of them, and turning a slide asks the server for nothing.
"""

from collections.abc import Mapping
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


def present(data: Mapping[str, Any], key: str = "present-tools") -> Act | None:
    """Show the tools; return what was done with them, None unless it is well-formed: no message is trusted."""
    return act_of(_present(data=dict(data), key=key, on_act_change=_nothing).act)


def _nothing() -> None:
    """Stand for a callback: Streamlit gives a trigger to whoever names one."""


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
