"""The pictures of a page as SVG files: a list of them, and a button. It reads what the browser has drawn.

Streamlit's own toolbar over each picture gives a PNG; this gives what can be scaled and edited.
"""

from pathlib import Path
from typing import Any

import streamlit as st

from lab.components.stage import slim

_FOLDER = Path(__file__).parent
_PARTS = ("stage_canvas.js", "stage_save.js", "pictures.js")

_pictures = st.components.v2.component(
    "road_pictures",
    css=slim((_FOLDER / "pictures.css").read_text(encoding="utf-8")),
    js="\n".join(slim((_FOLDER / name).read_text(encoding="utf-8")) for name in _PARTS),
    isolate_styles=True,
)


def pictures(name: str) -> Any:
    """Draw the list of the page's pictures and the button that saves one. name: what the files' names begin with."""
    return _pictures(data={"name": name}, key=f"pictures:{name}")
