"""What a page asks a Transformer about a text, and the answers: the trace, the weights of one cell, places of meaning.

One set of questions for all Transformers of this app: those trained here, the stored one, and pretrained ones. Each
brings its own way to write and read tokens.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np

from models.base import Array, View
from models.transformer import Architecture
from models.transformer_cell import cell_weights
from models.transformer_trace import Surgery, trace
from models.views.transformer import TransformerTrace

MOST_ROWS = 600  # embeddings that one answer holds
MOST_POSITIONS = 256


@dataclass(frozen=True)
class Read(TransformerTrace):
    """A trace that also says what read it.

    architecture: (1,) str, the fields of models.transformer.Architecture as JSON; notes: (n,) str, sentences for a
    person about the text, such as which signs the network does not know.
    """

    architecture: Array | None = None
    notes: Array | None = None


@dataclass(frozen=True)
class Tables(View):
    """Rows of the tables in front of a Transformer.

    table_ids: (n,) int32, tokens, those of the text first; table_texts: (n,) str; embeddings: (n, d) float32;
    typed: (n,) bool, true for tokens of the text; position_rows: (T, d) float32, what positions add, None where nothing
    is added.
    """

    table_ids: Array | None = None
    table_texts: Array | None = None
    embeddings: Array | None = None
    typed: Array | None = None
    position_rows: Array | None = None


def surgery_of(asked: Mapping[str, Sequence[Any]] | None) -> Surgery:
    """Return the surgery that a question describes: lists of lists of whole numbers by the names of its fields."""
    asked = asked or {}
    rows = {
        name: tuple(tuple(int(number) for number in row) for row in asked.get(name, ()))
        for name in ("cut_arrows", "cut_cross", "cut_heads", "moved_positions")
    }
    return Surgery(**rows, cut_layers=tuple(int(layer) for layer in asked.get("cut_layers", ())))  # type: ignore[arg-type]


def checked(surgery: Surgery, a: Architecture, length: int) -> Surgery:
    """Return the surgery. Raises ValueError where it names a layer, a head, a token or a position that is not there."""
    layers = [*surgery.cut_layers, *(layer for layer, *_ in (*surgery.cut_heads, *surgery.cut_arrows))]
    heads = [head for _, head, *_ in (*surgery.cut_heads, *surgery.cut_arrows)]
    tokens = [
        *(place for arrow in surgery.cut_arrows for place in arrow[2:]),
        *(one for one, _ in surgery.moved_positions),
    ]
    most = a.context if a.positions == "learned" else max(a.context, length)
    places = [position for _, position in surgery.moved_positions]
    limits = (
        ("layer", layers, a.layers),
        ("head", heads, a.heads),
        ("token", tokens, length),
        ("position", places, most),
    )
    for name, numbers, end in limits:
        if any(not 0 <= number < end for number in numbers):
            raise ValueError(f"there is no {name} {max(numbers) + 1} here; the last one is {end}")
    return surgery


def read(
    model: keras.Model,
    a: Architecture,
    tokens: Sequence[int],
    name_of: Callable[[int], str],
    surgery: Mapping[str, Any] | None = None,
    notes: Sequence[str] = (),
    **more: Any,
) -> Read:
    """Return the trace of a text, in the network after surgery if there is any. more: see models.transformer_trace."""
    found = trace(model, a, tokens, surgery=checked(surgery_of(surgery), a, len(tokens)), name_of=name_of, **more)
    return Read(**found.arrays(), architecture=np.array([json.dumps(asdict(a))]), notes=np.array(list(notes), np.str_))


def tables(model: keras.Model, a: Architecture, tokens: Sequence[int], name_of: Callable[[int], str]) -> Tables:
    """Return the embeddings of a text's tokens and of others evenly out of the vocabulary, and the positions' rows."""
    layers = {layer.name: layer for layer in model.layers}
    typed = list(dict.fromkeys(int(token) for token in tokens))
    stride = max(1, a.vocabulary // MOST_ROWS)
    others = [token for token in range(0, a.vocabulary, stride) if token not in set(typed)]
    ids = np.array([*typed, *others][: MOST_ROWS + len(typed)], np.int32)
    rows = None
    if "positions" in layers:
        rows = np.asarray(
            layers["positions"].rows(np.arange(min(a.context, MOST_POSITIONS), dtype=np.int32)), np.float32
        )
    return Tables(
        table_ids=ids,
        table_texts=np.array([name_of(int(one)) for one in ids]),
        embeddings=np.asarray(layers["token_embedding"].embeddings, np.float32)[ids],
        typed=np.arange(len(ids)) < len(typed),
        position_rows=rows,
    )


def answer(
    model: keras.Model,
    a: Architecture,
    tokens: Sequence[int],
    name_of: Callable[[int], str],
    question: Mapping[str, Any],
    **more: Any,
) -> View:
    """Return the answer about a text: {"cell": ...} its weights, {"tables": True} its tables, else its trace."""
    if "cell" in question:
        return cell_weights(model, a, question["cell"])
    if question.get("tables"):
        return tables(model, a, tokens, name_of)
    return read(model, a, tokens, name_of, question.get("surgery"), **more)
