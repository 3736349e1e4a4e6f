"""Type into a Transformer: a text, a network to read it, and the reader that shows everything the text does in it."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from lab.charts.transformer_reading import About, reading_bytes
from lab.components.attention_reader import Cell, attention_reader, cell_weights, cut_of, layer_of
from lab.frame import quiet
from lab.lessons import transformer_surgery as surgery
from lab.lessons.transformer_networks import Network, choose
from lab.shown_run import ShownRun
from models.base import Array

READER = "transformer:reader"
TYPED, TEXTS, READS = "transformer:typed", "transformer:texts", "transformer:reads"


def read_any_text(run: ShownRun, cutting: tuple[str, str]) -> None:
    """Draw the chooser of network and text, the reader, and surgery on what it shows.

    cutting: title and text of the section on surgery.
    """
    network = choose(run, "transformer:reader")
    if network is None:
        return
    text = _text(network)
    asked = {"text": text, **_layers(network)}
    before = network.asked(asked)
    if before is None:
        return
    layers, heads, length, _ = before["attention"].shape
    chosen = surgery.fitting(layers, heads, length)
    after = network.asked({**asked, "surgery": surgery.as_question(chosen)}) if chosen else before
    if after is None:
        return
    _notes(before)
    about = network.about(before)
    reading = _reading(network.key, about, before, after if chosen else None)
    cell = attention_reader(reading, key=READER, on_cut=_cut, on_layer=_look)
    cell_weights(_weights(network, text, cell), key="transformer:weights")
    st.html(f'<div class="section-head"><h2>{cutting[0]}</h2><p>{cutting[1]}</p></div>')
    surgery.theatre(before, after, about.positions)


def _cut() -> None:
    surgery.take(cut_of(st.session_state.get(READER)))


def _look() -> None:
    layer = layer_of(st.session_state.get(READER))
    if layer is not None:
        st.session_state["transformer:looked"] = layer


def _layers(network: Network) -> dict[str, list[int]]:
    """Return which layers of a large network are wanted whole; all of a small one."""
    return {"layers": [int(st.session_state.get("transformer:looked", 0))]} if network.large else {}


def _text(network: Network) -> str:
    """Let the visitor type; one field for all networks, in which each finds what it was given last."""
    texts: dict[str, str] = st.session_state.setdefault(TEXTS, {})
    if st.session_state.get(READS) != (network.key, network.first_text):
        st.session_state[READS] = (network.key, network.first_text)
        st.session_state[TYPED] = texts.get(network.key, network.first_text)
    st.session_state.setdefault(TYPED, network.first_text)
    field, example = st.columns((3, 1), vertical_alignment="bottom")
    with example:
        st.selectbox("An example", network.examples or ("",), index=None, key="transformer:example",
                     placeholder="Take an example", on_change=_take_example, label_visibility="collapsed",
                     disabled=not network.examples)  # fmt: skip
    with field:
        text = str(st.text_input("Text", key=TYPED, max_chars=2000, help="Enter sends it to the network."))
    texts[network.key] = text
    return text


def _take_example() -> None:
    if text := st.session_state.get("transformer:example"):
        st.session_state[TYPED] = text


def give(network: Network, text: str) -> None:
    """Let a network read a text in the reader from the next run of the page on."""
    st.session_state.setdefault(TEXTS, {})[network.key] = text
    st.session_state[READS] = None
    st.session_state["transformer:reader:who"] = network.key


def _notes(trace: Mapping[str, Array]) -> None:
    for note in trace.get("notes", ()):
        quiet(str(note))


def _reading(key: str, about: About, before: Mapping[str, Array], after: Mapping[str, Array] | None) -> bytes:
    return reading_bytes(after, about, before) if after is not None else reading_bytes(before, about)


def _weights(network: Network, text: str, cell: Cell | None) -> dict[str, Any] | None:
    """Return what the reader needs for the arithmetic of a cell, as plain numbers."""
    if cell is None:
        return None
    question = {"part": cell.part, "layer": cell.layer, "head": cell.head, "unit": cell.unit, "row": cell.row}
    found = network.asked({"text": text, "cell": question}, quietly=True)
    if found is None:
        return {"key": cell.key, "problem": "The network did not answer. Click the cell again."}
    told: dict[str, Any] = {"key": cell.key}
    if found.get("columns") is not None:
        told["columns"] = [
            {"weights": column.tolist(), "bias": float(bias)}
            for column, bias in zip(found["columns"], found["biases"], strict=True)
        ]
    told |= {name: found[name].tolist() for name in ("turn", "mix") if found.get(name) is not None}
    if found.get("scale") is not None:
        told |= {"scale": float(found["scale"][0]), "shift": float(found["offset"][0])}
    return told
