"""Points that a visitor sets by clicks: the button, the field behind it, and the setting that holds them as text."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from lab.charts.click_field import Grid, clickable
from lab.clicks import whole
from lab.controls import Controls
from lab.frame import quiet
from lab.own_data import opens


@dataclass(frozen=True)
class ClickField:
    """What is clicked, for which data, and where.

    data: the choice of data that needs it; thing, things: what a click sets, in the singular and the plural; most: as
    many can be set; then: a sentence on what becomes of them; first: the text that "First ..." brings back.
    """

    data: str
    thing: str
    things: str
    most: int
    then: str
    first: str
    width: int
    grid: Grid

    def button(self, controls: Controls) -> None:
        """Draw the button behind which points are set, if their data are chosen; it opens when they are.

        The field lies over the page: in the page it would push the stage down.
        """
        if not opens(self.data, self.things, controls):
            return
        name = f"{controls.family}:set {self.things}"
        with st.popover(f"Set {self.things}", key=name, on_change="rerun"), st.container(width=self.width):
            self._field(controls)

    def _field(self, controls: Controls) -> None:
        key, turns = controls.key("points"), f"{controls.family}:clicks"
        text, turn = str(st.session_state[key]), int(st.session_state.setdefault(turns, 0))
        points, name = places_of(text), f"{controls.family}:field:{turn}"

        @whole
        def take() -> None:
            chosen = st.session_state.get(name, {}).get("selection", {}).get("place", [])
            if chosen and st.session_state[turns] == turn:  # a page that is drawn again at once brings a click twice
                st.session_state[key] = toggled(text, chosen[0]["x"], chosen[0]["y"], self.most)
                st.session_state[turns] = turn + 1  # a new chart, in which nothing is selected

        quiet(f"Click to set a {self.thing}, click a {self.thing} to take it away. {len(points)} of at most "
              f"{self.most} are set. {self.then} Then press Train.")  # fmt: skip
        st.altair_chart(clickable(points, self.grid), key=name, on_select=take,
                        alt=f"A field with {len(points)} {self.things} set by clicks.")  # fmt: skip
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input(f"{self.things.capitalize()} as text: x,y;x,y", key=key,
                          help="From -9.9 to 9.9, one decimal at most.")  # fmt: skip
            st.button("Clear", on_click=_set, args=(key, ""), key=f"{controls.family}:clear")
            st.button(f"First {self.things}", on_click=_set, args=(key, self.first), key=f"{controls.family}:first")


def _set(key: str, text: str) -> None:
    st.session_state[key] = text


def places_of(text: str) -> Any:
    """Return "x,y;x,y" as (n, 2); what is no pair of numbers is left out."""
    found = []
    for pair in str(text).split(";"):
        try:
            x, y = (float(value) for value in pair.split(","))
        except ValueError:
            continue
        found.append((x, y))
    return np.array(found, float).reshape(-1, 2)


def toggled(text: str, x: float, y: float, most: int) -> str:
    """Return the points with (x, y) added, or taken away where it is set; beyond `most` none is added."""
    points = [(round(float(a), 1) + 0.0, round(float(b), 1) + 0.0) for a, b in places_of(text)]
    place = (round(float(x), 1) + 0.0, round(float(y), 1) + 0.0)
    if place in points:
        points.remove(place)
    elif len(points) < most:
        points.append(place)
    return ";".join(f"{a:g},{b:g}" for a, b in points)
