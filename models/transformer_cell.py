"""The weights behind one cell of a trace: what a person needs to do its arithmetic again.

A trace holds what every step gives; a cell of a dense layer is its input row times one column of weights, a normalized
cell is scaled and shifted by two numbers. These come from here, out of the model's own layers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from models.base import Array, View
from models.transformer import Architecture

PARTS = ("query", "key", "value")


@dataclass(frozen=True)
class CellWeights(View):
    """What one cell is made with; None where it has no such thing.

    columns: (n, inputs) float32, one column of weights, two where two are needed: the gate's and the other's of SwiGLU,
    and with rotary positions the cell's own and that of the cell it is turned with. biases: (n,). turn: (2,) cosine and
    signed sine of the turn. mix: (1,) share of the key before. scale, offset: (1,) of a normalization.
    """

    columns: Array | None = None
    biases: Array | None = None
    turn: Array | None = None
    mix: Array | None = None
    scale: Array | None = None
    offset: Array | None = None


def cell_weights(model: keras.Model, a: Architecture, question: Mapping[str, Any]) -> CellWeights:
    """Return the weights behind a cell.

    question: part ("query", "key", "value", "output", "mlp_in", "mlp_out", "normalization_1", "normalization_2",
    "normalization_final", "logit"), layer, head, unit (the cell's column, of a logit the token) and row (its token),
    all counted from 0. Raises ValueError where the model has no such cell.
    """
    part, layer, head, unit, row = (question.get(name, 0) for name in ("part", "layer", "head", "unit", "row"))
    block = f"block_{int(layer) + 1}_"
    layers = {one.name: one for one in model.layers}
    try:
        if str(part).startswith("normalization"):
            return _scaling(layers[_norm_name(str(part), block)], int(unit))
        if part in PARTS:
            return _projection(layers, a, str(part), block, int(head), int(unit), int(row))
        if part == "logit":
            return _logit(layers, a, int(unit))
        return _column(layers, a, str(part), block, int(unit))
    except (KeyError, IndexError) as error:
        raise ValueError(f"This network has no cell of this kind: {part}, layer {int(layer) + 1}.") from error


def _norm_name(part: str, block: str) -> str:
    return {"normalization_1": f"{block}attention_norm", "normalization_2": f"{block}mlp_norm",
            "normalization_final": "final_norm"}[part]  # fmt: skip


def _scaling(layer: Any, unit: int) -> CellWeights:
    return CellWeights(scale=np.asarray(layer.gamma)[unit : unit + 1], offset=np.asarray(layer.beta)[unit : unit + 1])


def _taken(layer: Any, units: list[int]) -> CellWeights:
    kernel = np.asarray(layer.kernel)
    if not all(0 <= unit < kernel.shape[1] for unit in units):
        raise KeyError(units)
    bias = np.asarray(layer.bias) if layer.bias is not None else np.zeros(kernel.shape[1], np.float32)
    return CellWeights(columns=kernel[:, units].T.copy(), biases=bias[units])


def _column(layers: Mapping[str, Any], a: Architecture, part: str, block: str, unit: int) -> CellWeights:
    if part == "mlp_in":
        gated = a.activation == "swiglu"
        return _taken(layers[f"{block}mlp_up"], [unit, unit + a.mlp_width] if gated else [unit])
    return _taken(layers[{"output": f"{block}attention_out", "mlp_out": f"{block}mlp_down"}[part]], [unit])


def _projection(
    layers: Mapping[str, Any], a: Architecture, part: str, block: str, head: int, unit: int, row: int
) -> CellWeights:
    """Return the column of a query, key or value; with rotary positions that of its partner and the turn, too."""
    size = a.width // a.heads
    if not (0 <= unit < size and 0 <= head < a.heads):
        raise KeyError(unit)
    start = PARTS.index(part) * a.width + head * size
    fused = layers[f"{block}qkv"]
    mix = np.asarray(layers[f"{block}weights"].shift)[head * size + unit :][:1] if a.token_shift else None
    if part == "value" or a.positions != "rotary":
        found = _taken(fused, [start + unit])
        return CellWeights(found.columns, found.biases, mix=mix if part == "key" else None)
    half = size // 2
    partner = unit + half if unit < half else unit - half
    angle = row * 10000.0 ** (-(unit % half) / half)
    sine = -np.sin(angle) if unit < half else np.sin(angle)
    found = _taken(fused, [start + unit, start + partner])
    return CellWeights(found.columns, found.biases, turn=np.array([np.cos(angle), sine], np.float32),
                       mix=mix if part == "key" else None)  # fmt: skip


def _logit(layers: Mapping[str, Any], a: Architecture, token: int) -> CellWeights:
    if not 0 <= token < a.vocabulary:
        raise KeyError(token)
    if a.tied:
        row = np.asarray(layers["token_embedding"].embeddings[token])
        return CellWeights(columns=row[np.newaxis].astype(np.float32), biases=np.zeros(1, np.float32))
    return _taken(layers["logits"], [token])
