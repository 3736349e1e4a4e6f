"""The stage: the one live picture on every page's first screen, and after training its time machine.

The page sends a payload (`lab.charts.stage_panels.stage_payload`) again and again under the same key. While a network
trains, each payload holds the newest frame only, about ten times a second; the browser keeps its canvases and paints
the new picture over the old one once every image in it is decoded, so nothing flickers. After training, one payload
holds all recorded frames, and slider, arrow keys and Play move through them in the browser, without the server.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent
# One idea a file, joined in this order: a class must stand before the first one that names it at the top level.
_PARTS = ("numbers", "canvas", "network", "plane", "curves", "attention", "panel", "save")
_REQUIRED = ("run", "steps", "replay", "palette", "panels")
_NOTHING_YET: Mapping[str, Any] = {"run": "", "steps": [], "epochs": [], "replay": False, "palette": {}, "panels": []}


def slim(code: str) -> str:
    """Drop comment lines and indentation: Streamlit sends the code again with every update of the data.

    Safe for the stage's files, whose comments stand on lines of their own and whose strings never span lines.
    """
    lines = [line.strip() for line in code.splitlines()]
    kept = [line for line in lines if line and not line.startswith(("//", "/* ", "/** ", "* ", "*/"))]
    return "\n".join(kept)


def _script() -> str:
    """Return the JavaScript of the stage: its parts, then the stage itself, which exports the entry point."""
    files = [*(f"stage_{part}.js" for part in _PARTS), "stage.js"]
    return "\n".join(slim((_FOLDER / name).read_text(encoding="utf-8")) for name in files)


_stage = st.components.v2.component(
    "road_stage",
    css=slim((_FOLDER / "stage.css").read_text(encoding="utf-8")),
    js=_script(),
    isolate_styles=True,
)


@dataclass(frozen=True)
class Status:
    """What happens to the run. text: a sentence; share: how much of the run is done, 0 to 1."""

    text: str
    share: float


def stage(payload: Mapping[str, Any] | None, *, key: str, status: Status | None = None, height: int = 400) -> Any:
    """Show `payload` in a row of panels, `height` pixels high in all (title, picture, legend and slider).

    status: a line over the panels; it travels with the picture, since every further element costs the browser as much
    as the picture does. payload None: there is no picture yet; a quiet field keeps its place.
    Below 760 pixels of width the panels stack in reading order and take the height they need. Use the same `key` for
    the live frames and for the replay of a run: then the picture changes in place.
    Raises ValueError on a payload that `stage_payload` did not make, or a height outside 200 to 2000.
    """
    if payload is not None:
        missing = [name for name in _REQUIRED if name not in payload]
        if missing or not payload["panels"] or not payload["steps"]:
            raise ValueError(f"not a stage payload; missing or empty: {', '.join(missing) or 'panels or steps'}")
    if not 200 <= height <= 2000:
        raise ValueError(f"the stage is 200 to 2000 pixels high, not {height}")
    data = dict(_NOTHING_YET if payload is None else payload)
    return _stage(data={**data, "height": height, "status": asdict(status) if status else None}, key=key)
