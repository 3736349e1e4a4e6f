"""The attention reader: one text in one Transformer, from all sides; pointing and choosing need no server.

Views: lines between tokens, a heat map, all heads, query times key, and the whole way from tokens to sampling with the
arithmetic of any cell. The server is told two things: which cell's weights are wanted, and what is to be cut.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from lab.components.stage import slim

_FOLDER = Path(__file__).parent
_PARTS = (
    "stage_numbers", "stage_canvas", "attention_tensor", "attention_map", "attention_lines", "attention_grid",
    "attention_neuron", "attention_lens", "transformer_stations", "transformer_way", "attention_side",
    "attention_reader",
)  # fmt: skip
PARTS_OF_A_CELL = (
    "query", "key", "value", "output", "mlp_in", "mlp_out", "normalization_1", "normalization_2", "normalization_final",
    "logit",
)  # fmt: skip
MOST_INDEX = 1_000_000

_reader = st.components.v2.component(
    "road_attention_reader",
    css=slim((_FOLDER / "attention_reader.css").read_text(encoding="utf-8")),
    js="\n".join(slim((_FOLDER / f"{part}.js").read_text(encoding="utf-8")) for part in _PARTS),
    isolate_styles=True,
)
_WEIGHTS = """export default function ({ data }) {
  if (data) window.dispatchEvent(new CustomEvent("road:weights", { detail: data }));
}"""
_weights = st.components.v2.component("road_cell_weights", js=_WEIGHTS)


@dataclass(frozen=True)
class Cell:
    """The cell whose weights are wanted. part: see PARTS_OF_A_CELL; unit: its column; row: its token; key: its name."""

    part: str
    layer: int
    head: int
    unit: int
    row: int
    key: str


@dataclass(frozen=True)
class Cut:
    """What is to be cut: kind "arrow" (token `to` looking at token `from_`), "head" or "layer"; all count from 0."""

    kind: str
    layer: int
    head: int = 0
    to: int = 0
    from_: int = 0


def attention_reader(
    reading: bytes, *, key: str, on_cut: Callable[[], None], on_layer: Callable[[], None]
) -> Cell | None:
    """Show a reading (see lab.charts.transformer_reading) and return the cell whose weights are wanted, if any.

    on_cut: called before the script runs again when something is to be cut; it finds it with `cut_of`; on_layer: the
    same when a layer of a large network is looked at of which not everything is there; see `layer_of`.
    """
    state = _reader(data=reading, key=key, on_cell_change=lambda: None, on_cut_change=on_cut, on_layer_change=on_layer)
    return cell_of(state)


def cell_weights(weights: Mapping[str, Any] | None, *, key: str) -> None:
    """Hand the weights of a cell to the reader on the page; draws nothing itself."""
    with st.container(key="cell-weights"):
        _weights(data=dict(weights) if weights else None, key=key)


def cell_of(state: Any) -> Cell | None:
    """Return the wanted cell of the component's state; None unless it is well-formed: nobody outside is trusted."""
    said = _said(state, "cell")
    if said is None or said.get("part") not in PARTS_OF_A_CELL or not isinstance(said.get("key"), str):
        return None
    numbers = [_index(said.get(name, 0)) for name in ("layer", "head", "unit", "row")]
    if None in numbers or len(said["key"]) > 300:
        return None
    layer, head, unit, row = (int(number or 0) for number in numbers)
    return Cell(said["part"], layer, head, unit, row, said["key"])


def cut_of(state: Any) -> Cut | None:
    """Return what is to be cut; None unless it is well-formed."""
    said = _said(state, "cut")
    if said is None or said.get("kind") not in ("arrow", "head", "layer"):
        return None
    numbers = [_index(said.get(name, 0)) for name in ("layer", "head", "to", "from")]
    if None in numbers:
        return None
    return Cut(said["kind"], *(int(number or 0) for number in numbers))


def layer_of(state: Any) -> int | None:
    """Return the layer that is looked at, None unless it is a whole number."""
    said = state.get("layer") if hasattr(state, "get") else None
    return _index(said)


def _said(state: Any, name: str) -> Mapping[str, Any] | None:
    said = state.get(name) if hasattr(state, "get") else None
    return said if isinstance(said, Mapping) else None


def _index(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return int(value) if 0 <= value <= MOST_INDEX and value == int(value) else None
