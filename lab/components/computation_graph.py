"""A small network as a graph of cards, one for each unit, and a walk through it: forward, the loss, back, the update.

Walking needs no server: the payload (`lab.charts.backpropagation_graph.graph_payload`) holds every number and the
station of the walk from which on it is known. A click on a weight, an input or the target chooses it and opens a field
in its place; what is typed there goes to the server.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from lab.components.stage import slim

_FOLDER = Path(__file__).parent
LARGEST = 1000.0  # size of a number that may be typed
_graph = st.components.v2.component(
    "road_computation_graph",
    css=slim((_FOLDER / "computation_graph.css").read_text(encoding="utf-8")),
    js=slim((_FOLDER / "computation_graph.js").read_text(encoding="utf-8")),
    isolate_styles=True,
)


@dataclass(frozen=True)
class Act:
    """What a person did. place: inputs first, then the target, then the parameters; value: None for a mere choice."""

    place: int
    value: float | None


def computation_graph(payload: Mapping[str, Any], *, key: str, on_act: Callable[[], None]) -> None:
    """Show the graph. on_act: called before the script runs again; it finds the deed with `act_of`."""
    _graph(data=dict(payload), key=key, on_act_change=on_act)


def act_of(state: Any, places: int) -> Act | None:
    """Return what the component's state says was done; None unless it is well-formed: nothing from outside is trusted.

    places: how many inputs, targets and parameters there are.
    """
    said = state.get("act") if hasattr(state, "get") else None
    if not isinstance(said, Mapping):
        return None
    place, value = said.get("place"), said.get("value")
    if isinstance(place, bool) or not isinstance(place, int | float) or place not in range(places):
        return None
    if value is None:
        return Act(int(place), None)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return Act(int(place), float(value)) if abs(value) <= LARGEST else None
