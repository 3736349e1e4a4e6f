"""One text in one Transformer as the bytes that the attention reader unpacks: names and sizes, then plain numbers.

The layout: the length of a JSON header as four bytes, the header, and behind it, from the next multiple of eight on,
the arrays one after another, each in 16 or 32 bits and starting at a multiple of four.
"""

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from models.base import Array

SHOWN = 8  # candidates that are compared before and after surgery
PRECISE = 1_200_000  # numbers that travel in 32 bits; a longer or larger reading takes 16
LOOKS = (
    "attention", "scores", "cross_attention", "source_attention", "layer_mean", "whole_mean", "rollout",
    "lens_probabilities", "head_contributions", "change_before", "change_after",
)  # fmt: skip
STEPS = (
    "embedded", "positioned", "stream", "normalized", "queries", "keys", "values", "mixed", "attention_out", "middle",
    "mlp_in", "mlp_hidden", "mlp_out", "cross_out", "expert_weights", "final", "top_logits", "top_probabilities",
    "head_scores",
)  # fmt: skip
BIG = ("normalized", "queries", "keys", "values", "mixed", "attention_out", "middle", "mlp_in", "mlp_hidden", "mlp_out")
SCORES = ("evenness", "distance", "previous token", "first token", "duplicate", "induction", "itself")
MEANINGS = (
    "Entropy as a share of even attention's: 1 is spread evenly, 0 is one token alone.",
    "How many tokens away it looks, on average.",
    "Mean weight on the token before.",
    "Mean weight on the first token, where heads rest that find nothing: an attention sink.",
    "Mean weight on earlier tokens equal to this one.",
    "Mean weight on what followed the same token earlier.",
    "Mean weight on the token itself.",
)


@dataclass(frozen=True)
class About:
    """What a reading says of its network. canAsk: the weights of one cell can be had; canCut: surgery is possible."""

    model: str
    kind: str
    normalization: str
    positions: str
    activation: str
    epsilon: float
    embeddingNorm: bool = False
    canAsk: bool = True
    canCut: bool = True
    start: tuple[int, int] | None = None


def reading_bytes(trace: Mapping[str, Array], about: About, before: Mapping[str, Array] | None = None) -> bytes:
    """Return a trace (see models.views.transformer.TransformerTrace) as bytes.

    before: the trace of the same text in the network before surgery; its candidates stand beside the new ones.
    """
    everything = {**trace, **means(trace["attention"])}
    change = changed_candidates(before, trace) if before is not None and has(trace, "top_ids") else None
    if change is not None:
        everything |= {"change_before": change.before, "change_after": change.after}
    wanted = {
        name: np.asarray(array) for name, array in everything.items() if name in (*LOOKS, *STEPS) and array is not None
    }
    bits = 32 if sum(array.size for array in wanted.values()) <= PRECISE else 16
    body, places = bytearray(), {}
    for name, array in wanted.items():
        body.extend(b"\0" * (-len(body) % 8))
        places[name] = {"shape": list(array.shape), "bits": bits, "start": len(body), "count": int(array.size)}
        body.extend(_numbers(array, bits))
    words = {} if change is None else {"changeTexts": change.texts}
    header = {**_header(trace, about), **words}
    identity = hashlib.sha256(bytes(body) + json.dumps(header).encode()).hexdigest()[:16]
    return _joined({**header, "id": identity, "arrays": places}, bytes(body))


def means(attention: Array) -> dict[str, Array]:
    """Return the mean over the heads of each layer (L, T, T) and over all heads (1, T, T) of attention (L, H, T, T)."""
    return {"layer_mean": attention.mean(axis=1), "whole_mean": attention.mean(axis=(0, 1))[np.newaxis]}


@dataclass(frozen=True)
class Change:
    """The candidates of every token before and after surgery, the largest first: texts, and shares (T, n).

    NaN: not among the candidates that are known, so smaller than all of them.
    """

    texts: list[list[str]]
    before: Array
    after: Array


def changed_candidates(before: Mapping[str, Array], after: Mapping[str, Array], most: int = SHOWN) -> Change:
    """Return the candidates that were or are the most probable, for every token."""
    texts, shares = [], np.full((2, len(after["top_ids"]), most), np.nan, np.float32)
    for place in range(len(after["top_ids"])):
        known = [
            dict(zip(one["top_ids"][place].tolist(), one["top_probabilities"][place].tolist(), strict=True))
            for one in (before, after)
        ]
        names = {
            int(token): str(text)
            for one in (before, after)
            for token, text in zip(one["top_ids"][place], one["top_texts"][place], strict=True)
        }
        order = sorted(names, key=lambda token: -max(one.get(token, 0.0) for one in known))[:most]
        texts.append([names[token] for token in order])
        for side, one in enumerate(known):
            shares[side, place, : len(order)] = [one.get(token, np.nan) for token in order]
    return Change(texts, shares[0], shares[1])


def _numbers(array: Array, bits: int) -> bytes:
    values = np.asarray(array, np.float32)
    return (values.astype("<f4") if bits == 32 else np.clip(values, -65504, 65504).astype("<f2")).tobytes()


def _joined(header: dict[str, Any], body: bytes) -> bytes:
    """Write the header with the places of the arrays counted from the very start."""
    room = len(json.dumps(header)) + 16 * len(header["arrays"])
    start = 4 + room + (-(4 + room) % 8)
    for place in header["arrays"].values():
        place["start"] += start
    text = json.dumps(header).encode("ascii")
    return struct.pack("<I", len(text)) + text + b" " * (start - 4 - len(text)) + body


def _header(trace: Mapping[str, Array], about: About) -> dict[str, Any]:
    layers, heads, length, _ = trace["attention"].shape
    shown = trace.get("shown_layers")
    types = trace["head_types"]
    told = {
        **asdict(about),
        "texts": _words(trace["texts"]), "ids": np.asarray(trace["tokens"]).tolist(), "layers": layers, "heads": heads,
        "width": int(trace["stream"].shape[-1]), "headWidth": int(trace["queries"].shape[-1]),
        "shownLayers": list(range(layers)) if shown is None else np.asarray(shown).tolist(),
        "big": list(BIG), "causal": about.kind != "encoder",
        "mlpWidth": int(trace["mlp_hidden"].shape[-1]) if has(trace, "mlp_hidden") else int(has(trace, "mlp_in")),
        "experts": int(trace["expert_weights"].shape[-1]) if has(trace, "expert_weights") else 0,
        "finalNorm": about.normalization == "pre", "headTypes": np.asarray(types).tolist(),
        "scoreNames": list(SCORES), "scoreMeanings": list(MEANINGS),
        "scoreLargest": [1, max(1, length - 1), 1, 1, 1, 1, 1], "start": list(about.start or striking_head(trace)),
        "nextWords": "Here stands" if about.kind == "encoder" else "Next after",
    }  # fmt: skip
    if has(trace, "source_texts"):
        told["sourceTexts"] = _words(trace["source_texts"])
    if has(trace, "lens_texts"):
        told["lensTexts"] = [[_words(token) for token in layer] for layer in trace["lens_texts"]]
    if has(trace, "top_texts"):
        told["topTexts"] = [_words(row) for row in trace["top_texts"]]
        told["topIds"] = np.asarray(trace["top_ids"]).tolist()
    return told


def has(trace: Mapping[str, Array], name: str) -> bool:
    """Whether a trace holds an array."""
    return trace.get(name) is not None


def _words(texts: Array) -> list[str]:
    return [str(text) for text in np.asarray(texts).ravel()]


def striking_head(trace: Mapping[str, Array]) -> tuple[int, int]:
    """Return the layer and head to begin with: the clearest previous-token or induction head."""
    telling = np.asarray(trace["head_scores"])[..., [2, 5]].max(axis=-1)  # (L, H)
    layer, head = np.unravel_index(int(np.argmax(telling)), telling.shape)
    return int(layer), int(head)
