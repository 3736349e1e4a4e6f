"""Meaning as places: tokens and positions on their main axes, and one word in two sentences, layer by layer."""

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from lab.charts import transformer_meaning as charts
from lab.frame import quiet
from lab.lessons.transformer_networks import Network, choose
from lab.noticing import notice
from lab.shown_run import ShownRun
from models.base import Array

FIRST = "The boat lay at the bank of the river."
SECOND = "She took the money to the bank in the town."
WORD = "bank"
APART = 0.05  # a cosine that falls by less is no finding


def two_sentences(run: ShownRun) -> None:
    """Draw the choosers, the word in both sentences by layer, and the tables in front of the network."""
    network = choose(run, "transformer:meaning", texts_only=True)
    if network is None:
        return
    columns = st.columns((2, 2, 1))
    with columns[0]:
        first = st.text_input("First sentence", FIRST, key="transformer:first", max_chars=400)
    with columns[1]:
        second = st.text_input("Second sentence", SECOND, key="transformer:second", max_chars=400)
    with columns[2]:
        word = st.text_input("The word", WORD, key="transformer:word", max_chars=40).strip()
    one, other = network.asked({"text": first}), network.asked({"text": second})
    if one is None or other is None:
        return
    _word(one, other, word)
    _tables(network, f"{first} {second}", word)


def ends_of(trace: Mapping[str, Array], word: str) -> list[int]:
    """Return where every occurrence of a word ends in a trace's texts; the case of letters is ignored."""
    texts = [str(text) for text in trace["texts"]]
    wanted, found = word.lower(), []
    for start in range(len(texts)):
        for end in range(start, min(len(texts), start + 12)):
            joined = "".join(text.removeprefix("##") for text in texts[start : end + 1]).strip().lower()
            if joined == wanted:
                found.append(end)
            if not wanted.startswith(joined):
                break
    return sorted(set(found))


def _word(one: Mapping[str, Array], other: Mapping[str, Array], word: str) -> None:
    places = [ends_of(trace, word) for trace in (one, other)]
    if not word or not all(places):
        st.info(f"“{word}” has to stand in both sentences, as a whole word. Change the word or the sentences.")
        return
    first, second = one["stream"][:, places[0][0]], other["stream"][:, places[1][0]]  # (L + 1, d)
    found = charts.cosines_by_layer(first, second)
    series = {f"“{word}” in both sentences": found}
    left, right = st.columns(2, gap="large")
    with left:
        st.html(f'<p class="picture-title">How alike “{word}” is to itself in the other sentence</p>')
        st.altair_chart(charts.similarity(series), alt=f"Cosine of the vectors of {word} in both sentences by layer")
        notice(_told(found))
    with right:
        st.html('<p class="picture-title">All tokens of both sentences, before and after attention</p>')
        groups = ["first"] * len(one["texts"]) + ["second"] * len(other["texts"])
        texts = [str(text) for trace in (one, other) for text in trace["texts"]]
        named = ["" for _ in texts]
        for place in (*places[0], *(len(one["texts"]) + end for end in places[1])):
            named[place] = word
        ends = [np.concatenate([trace["stream"][layer] for trace in (one, other)]) for layer in (0, -1)]
        st.altair_chart(charts.words_in_space(ends[0], ends[1], groups, texts, named),
                        alt=f"Tokens of two sentences on main axes before and after, {word} marked")  # fmt: skip
        quiet("Each half has its own two main axes. The axes are chosen by spread alone, not by meaning.")


def _told(found: Array) -> str:
    """Say how the cosine goes from layer to layer; found: (L + 1,)."""
    layer = int(found.argmin())
    where = "before the first layer" if layer == 0 else f"after layer {layer}"
    fell = float(found[0] - found[-1])
    way = "pulls the two apart" if fell > APART else "hardly pulls the two apart in this network"
    return (
        f"Cosine {found[0]:.2f} before the first layer, {found[-1]:.2f} after the last, "
        f"lowest {found[layer]:.2f} {where}. "
        f"Before attention a token knows only itself and its place; what it reads {way}."
    )


def _tables(network: Network, text: str, word: str) -> None:
    found = network.asked({"text": text, "tables": True})
    if found is None:
        return
    texts = [str(one) for one in found["table_texts"]]
    left, right = st.columns(2, gap="large")
    with left:
        st.html('<p class="picture-title">The embeddings of these tokens among others of the vocabulary</p>')
        st.altair_chart(charts.embeddings(found["embeddings"], texts, found["typed"].tolist()),
                        alt="Token embeddings on two main axes; those of the sentences carry their names")  # fmt: skip
        if told := _neighbours(found["embeddings"], texts, word):
            notice(told)
    with right:
        st.html('<p class="picture-title">The positions</p>')
        rows = found.get("position_rows")
        if rows is None:
            quiet("This network adds nothing for positions: they turn its queries and keys, or it has none.")
            return
        st.altair_chart(
            charts.positions(rows), alt="What positions add, on two main axes, a path from the first place on"
        )
        near, far = charts.neighbour_cosines(rows)
        quiet(
            f"The vectors of the first {len(rows)} places. Mean cosine of neighbours {near:.2f}, of places half of "
            f"them apart {far:.2f}.".replace("-", "−")
        )


def _neighbours(vectors: Array, texts: Sequence[str], word: str) -> str:
    places = [k for k, text in enumerate(texts) if text.strip().lower() == word.lower()]
    if not places:
        return ""
    near = ", ".join(f"“{text}” {cosine:.2f}" for text, cosine in charts.nearest(vectors, texts, places[0]))
    return f"Nearest to “{word}” among those shown, by cosine: {near}."
