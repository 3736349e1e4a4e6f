"""Surgery on a text's way through a Transformer: what is cut, and what the cut does to the answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from lab.charts.transformer_meaning import cosines_by_layer
from lab.charts.transformer_reading import changed_candidates
from lab.charts.transformer_surgery import before_after, moved, sentence
from lab.components.attention_reader import Cut
from lab.noticing import notice
from models.base import Array

CUTS = "transformer:cuts"
MOST_CUTS = 12
KINDS = {"arrow": "An arrow", "head": "A head", "layer": "A layer", "position": "A position"}


@dataclass(frozen=True)
class Deed:
    """One thing that was changed. All count from 0; `other`: the token looked at, or the position that is pretended."""

    kind: str
    layer: int = 0
    head: int = 0
    token: int = 0
    other: int = 0

    def words(self) -> str:
        """Say what was done, counted from 1."""
        if self.kind == "position":
            return f"token {self.token + 1} told that it is number {self.other + 1}"
        if self.kind == "layer":
            return f"layer {self.layer + 1} cut"
        where = f"layer {self.layer + 1}, head {self.head + 1}"
        return f"{where} cut" if self.kind == "head" else f"{where}: arrow {self.token + 1} → {self.other + 1} cut"


def deeds() -> tuple[Deed, ...]:
    """Return what this visitor has changed."""
    return tuple(st.session_state.get(CUTS, ()))


def add(deed: Deed) -> None:
    """Change one more thing, once; a token has one pretended position."""
    kept = [
        one for one in deeds() if one != deed and not (one.kind == deed.kind == "position" and one.token == deed.token)
    ]
    st.session_state[CUTS] = [*kept, deed][-MOST_CUTS:]


def undo(deed: Deed | None = None) -> None:
    """Take one change back, or all."""
    st.session_state[CUTS] = [] if deed is None else [one for one in deeds() if one != deed]


def take(cut: Cut | None) -> None:
    """Take over what was cut with a click in the reader."""
    if cut is not None:
        add(Deed(cut.kind, cut.layer, cut.head, cut.to, cut.from_))


def fitting(layers: int, heads: int, length: int) -> tuple[Deed, ...]:
    """Return the changes that mean something here; the others, made with another network or text, are forgotten."""
    kept = [one for one in deeds() if one.layer < layers and one.head < heads and one.token < length]
    kept = [one for one in kept if one.kind != "arrow" or one.other < length]
    if len(kept) < len(deeds()):
        st.session_state[CUTS] = kept
    return tuple(kept)


def as_question(chosen: tuple[Deed, ...]) -> dict[str, list[Any]]:
    """Return the changes as the engine is asked about them; see models.transformer_trace.Surgery."""
    return {
        "cut_arrows": [[one.layer, one.head, one.token, one.other] for one in chosen if one.kind == "arrow"],
        "cut_heads": [[one.layer, one.head] for one in chosen if one.kind == "head"],
        "cut_layers": [one.layer for one in chosen if one.kind == "layer"],
        "moved_positions": [[one.token, one.other] for one in chosen if one.kind == "position"],
    }


def theatre(before: Mapping[str, Array], after: Mapping[str, Array], positions: str) -> None:
    """Draw what can be cut on the left, and on the right what the cuts do to the candidates behind one token."""
    layers, heads, length, _ = before["attention"].shape
    left, right = st.columns((1, 1.6), gap="large")
    with left:
        _choose(layers, heads, [str(text) for text in before["texts"]], positions)
        _list()
    with right:
        if before.get("top_ids") is None:
            _moved(before, after)
            return
        place = _token("Candidates after token", [str(text) for text in before["texts"]], length - 1, "shown")
        if not deeds():  # two equal bars would tell nothing, and cost the picture above a tenth of a second
            st.html(
                '<p class="notice"><b>Notice.</b> Nothing is cut yet. Cut something on the left, or in the reader.</p>'
            )
            return
        change = changed_candidates(before, after)
        st.altair_chart(before_after(change, place), alt="Candidates for the next token before and after surgery")
        notice(sentence(change, place))


def _moved(before: Mapping[str, Array], after: Mapping[str, Array]) -> None:
    """Draw how far the tokens' last vectors moved, of a network that names no next token."""
    cosines = cosines_by_layer(before["stream"][-1], after["stream"][-1])
    texts = [str(text) for text in before["texts"]]
    st.altair_chart(moved(texts, cosines), alt="Cosine of each token's last vector before and after surgery")
    if not deeds():
        st.html(
            '<p class="notice"><b>Notice.</b> Nothing is cut yet, so no vector moves. Cut something on the left.</p>'
        )
        return
    least = int(cosines.argmin())
    told = f"“{texts[least].strip()}” ({least + 1}) moves most: its cosine with what it was is {cosines[least]:.3f}."
    if before.get("sentence_embedding") is not None:
        kept = float(before["sentence_embedding"] @ after["sentence_embedding"])
        told = f"{told} The vector of the whole text keeps a cosine of {kept:.3f}."
    notice(told)


def _choose(layers: int, heads: int, texts: list[str], positions: str) -> None:
    kinds = [kind for kind in KINDS if kind != "position" or positions != "none"]
    kind = str(st.segmented_control("What to change", kinds, format_func=KINDS.__getitem__, default="head",
                                    required=True, key="transformer:kind"))  # fmt: skip
    layer = head = token = other = 0
    columns = st.columns(2)
    if kind != "position":
        with columns[0]:
            layer = int(st.number_input("Layer", 1, layers, 1, key=f"transformer:layer:{layers}")) - 1
    if kind in ("arrow", "head"):
        with columns[1]:
            head = int(st.number_input("Head", 1, heads, 1, key=f"transformer:head:{heads}")) - 1
    if kind in ("arrow", "position"):
        token = _token("Token", texts, len(texts) - 1, "who")
    if kind == "arrow":
        other = _token("no longer looks at", texts, 0, "whom")
    if kind == "position":
        other = (
            int(st.number_input("is told that it is number", 1, len(texts), 1, key=f"transformer:place:{len(texts)}"))
            - 1
        )
    words = "Move" if kind == "position" else "Cut"
    st.button(words, on_click=add, args=(Deed(kind, layer, head, token, other),), key="transformer:cut", type="primary")


def _token(label: str, texts: list[str], default: int, key: str) -> int:
    """Let the visitor choose a token by its number and text."""
    named = [f"{place + 1}  {text.strip()}" for place, text in enumerate(texts)]
    return int(st.selectbox(label, range(len(texts)), index=default, format_func=named.__getitem__,
                            key=f"transformer:token:{key}:{hash(tuple(texts))}"))  # fmt: skip


def _list() -> None:
    for place, deed in enumerate(deeds()):
        st.button(f"Undo: {deed.words()}", on_click=undo, args=(deed,), key=f"transformer:undo:{place}")
    if len(deeds()) > 1:
        st.button("Undo all", on_click=undo, key="transformer:undo:all")
