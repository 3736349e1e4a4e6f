"""Config <-> widgets <-> URL: the settings of a family as sliders and choices, in the address, and back.

The address is the truth when a page is opened, the widgets from then on. Limits of widgets hold in the browser only,
so everything is validated by the Config again; a value that does not fit falls back alone, with a note.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo

from lab.controls_text import RESERVED, from_query, is_tuple, to_query
from lab.share import KEPT, with_preset
from models.configs import Config

LOG_STEPS = (1.0, 3.0)


def choices(annotation: Any) -> tuple[Any, ...]:
    """Return the values a field may take; empty for a free one."""
    origin = get_origin(annotation)
    if origin is Literal:
        return get_args(annotation)
    if origin in (Annotated, Union, tuple):
        return choices(get_args(annotation)[0])
    return ()


def bounds(field: FieldInfo) -> tuple[float | None, float | None]:
    """Return the smallest and the largest value of a number, None where there is no bound."""
    low = high = None
    for rule in field.metadata:
        low = getattr(rule, "ge", getattr(rule, "gt", low))
        high = getattr(rule, "le", getattr(rule, "lt", high))
    return low, high


def log_values(field: FieldInfo, whole: bool, *also: float) -> list[Any]:
    """Return 1, 3, 10, 30, ... within a field's bounds, its default, its ends and `also`, rising."""
    low, high = bounds(field)
    largest = high if high is not None else 1e6
    smallest = low if low else 1e-4
    found = {step * 10.0**power for power in range(-6, 7) for step in LOG_STEPS}
    grid = {float(f"{value:.12g}") for value in found if smallest <= value <= largest}
    kept = grid | {field.default, largest, *also}
    if low is not None:
        kept.add(low)
    usable = {round(value) if whole else float(value) for value in kept}
    rule_out_zero = any(getattr(rule, "gt", None) == 0 for rule in field.metadata)
    return sorted(value for value in usable if value > 0 or not rule_out_zero)


# ---- the widgets ----


class Controls:
    """The widgets of one family on one page. Their state lives in the session under "<family>.<field>"."""

    def __init__(self, config_class: type[Config]) -> None:
        self.config_class = config_class
        self.family = config_class.family
        self._adopt_address()

    def key(self, name: str) -> str:
        """Return the session key of a field."""
        return f"{self.family}.{name}"

    def config(self) -> Config:
        """Return the settings as they stand, valid whatever a browser sent."""
        values = {name: st.session_state[self.key(name)] for name in self.config_class.model_fields}
        config, rejected = self.config_class.forgiving(values)
        if rejected:
            self._notes().update(rejected)
        return config

    def set(self, settings: Mapping[str, Any], keep: Iterable[str] = ()) -> None:
        """Give the widgets new values: `settings` on top of the defaults, but `keep` as they are."""
        kept = {name: st.session_state[self.key(name)] for name in keep}
        config, rejected = self.config_class.forgiving({**kept, **settings})
        for name, value in config.model_dump().items():
            st.session_state[self.key(name)] = value
        self._notes().clear()
        self._notes().update(rejected)

    def write_address(self, **extra: str) -> None:
        """Put the settings that differ from the defaults, and `extra` (such as the run), into the address."""
        query = {**to_query(self.config()), **{name: value for name, value in extra.items() if value}}
        kept = {name: value for name, value in st.query_params.items() if name in KEPT and name != "compare"}
        wanted = {**kept, **query}
        if dict(st.query_params.items()) != wanted:
            st.query_params.from_dict(wanted)
        st.session_state[f"{self.family}:address"] = _essential(wanted)

    def show_notes(self) -> None:
        """Say which settings of the address could not be used."""
        if notes := self._notes():
            listed = "; ".join(f"**{name}**: {reason}" for name, reason in notes.items())
            st.warning(f"Some settings in the address could not be used and were left at their defaults. {listed}.")

    def _notes(self) -> dict[str, str]:
        notes: dict[str, str] = st.session_state.setdefault(f"{self.family}:notes", {})
        return notes

    def _adopt_address(self) -> None:
        """Take the settings from the address when the page was just opened with one, else keep those of the session."""
        query = _essential(dict(st.query_params.items()))
        known = st.session_state.get(f"{self.family}:address")
        first = known is None
        named = {name for name in query if name not in RESERVED or name == "preset"}
        if first or (query != known and (named or "run" in query)):
            settings, unknown = with_preset(self.family, query)
            config, rejected = from_query(self.config_class, settings)
            rejected.update(unknown)
            for name, value in config.model_dump().items():
                st.session_state[self.key(name)] = value
            self._notes().clear()
            self._notes().update(rejected)
            st.session_state[f"{self.family}:address"] = query
            st.session_state[f"{self.family}:arrived"] = query.get("run", "")
        for name, field in self.config_class.model_fields.items():  # keep alive what no widget shows on this run
            st.session_state[self.key(name)] = st.session_state.get(self.key(name), field.default)

    def arrived_run(self) -> str:
        """Return the run named in the address with which the page was opened, once; "" afterwards."""
        return str(st.session_state.pop(f"{self.family}:arrived", "") or "")

    def widget(self, name: str, labels: Mapping[str, str] | None = None, disabled: bool = False) -> None:
        """Draw the widget that fits a field."""
        field = self.config_class.model_fields[name]
        extra: Any = field.json_schema_extra or {}
        shared = {
            "label": extra.get("label", name), "help": field.description, "key": self.key(name), "disabled": disabled,
        }  # fmt: skip
        options = choices(field.annotation)
        show = (labels or {}).get
        if is_tuple(field.annotation):
            st.session_state[self.key(name)] = list(st.session_state[self.key(name)])
            st.multiselect(options=options, **shared)
        elif options:
            st.selectbox(options=options, format_func=lambda value: show(value, _readable(value)), **shared)
        elif field.annotation is bool:
            st.toggle(**shared)
        elif field.annotation in (int, float):
            self._number(name, field, extra, shared)
        else:
            st.text_input(**shared)

    def _number(self, name: str, field: FieldInfo, extra: Mapping[str, Any], shared: dict[str, Any]) -> None:
        whole = field.annotation is int
        low, high = bounds(field)
        if extra.get("scale") == "log":
            values = log_values(field, whole, st.session_state[self.key(name)])
            st.select_slider(
                options=values, format_func=lambda value: f"{value:,}" if whole else f"{value:g}", **shared
            )
        elif whole and high is not None and high > 1000:
            st.number_input(min_value=int(low or 0), max_value=int(high), step=1, **shared)
        elif whole:
            st.slider(min_value=int(low or 0), max_value=int(high or 100), step=1, **shared)
        else:
            st.slider(
                min_value=float(low or 0), max_value=float(high or 1), step=0.05 if (high or 1) <= 1 else 0.1, **shared
            )

    def widgets(self, names: Sequence[str], labels: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """Draw several widgets side by side."""
        for column, name in zip(st.columns(len(names)), names, strict=True):
            with column:
                self.widget(name, (labels or {}).get(name))


def _essential(query: Mapping[str, str]) -> dict[str, str]:
    """Return what an address says of settings and run; the rest only says how the page is looked at."""
    return {name: value for name, value in query.items() if name not in KEPT}


def _readable(value: Any) -> str:
    return str(value).replace("_", " ")
