"""Going on with a text: token by token, with the alternatives, with a cache and without."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from lab.charts.transformer_generation import SHOWN_STEPS, alternatives, cache_times
from lab.frame import presenting, quiet
from lab.lessons.transformer_networks import Network, choose
from lab.lessons.transformer_reader import give
from lab.shown_run import ShownRun
from models.base import Array

START = "The function returns"
SHOWN_ON_A_SLIDE = 10  # tokens: more rows would make all of them too small to read


def go_on(run: ShownRun) -> None:
    """Draw the choosers and the text that a network goes on with."""
    network = choose(run, "transformer:generation", texts_only=True, generating=True)
    if network is None:
        return
    if st.session_state.pop("transformer:whole", False):
        st.rerun()  # the reader is another part of the page
    columns = st.columns((3, 1, 1, 1, 1, 1), vertical_alignment="bottom")
    with columns[0]:
        text = st.text_input("The beginning", START, key="transformer:beginning", max_chars=1000)
    sampling = _sampling(columns[1:])
    question = {"text": text, "generate": 48, **sampling}
    found = network.asked(question)
    if found is None:
        return
    _show(network, text, found)
    _time(network, question)


def _sampling(columns: Any) -> dict[str, float | int]:
    with columns[0]:
        temperature = st.number_input("Temperature", 0.0, 2.0, 0.7, 0.1, key="transformer:temperature",
                                      help="Below 1 the likely gets likelier; 0: always the likeliest.")  # fmt: skip
    with columns[1]:
        top_k = st.number_input("Top-k", 0, 200, 40, key="transformer:top_k", help="0: no cut.")
    with columns[2]:
        top_p = st.number_input("Top-p", 0.05, 1.0, 0.95, 0.05, key="transformer:top_p", help="1: no cut.")
    with columns[3]:
        seed = st.number_input("Seed", 0, 9999, 0, key="transformer:seed")
    with columns[4]:
        st.button("Draw again", on_click=partial(_next_seed, int(seed)), key="transformer:again", width="stretch")
    return {"temperature": float(temperature), "top_k": int(top_k), "top_p": float(top_p), "seed": int(seed)}


def _next_seed(seed: int) -> None:
    st.session_state["transformer:seed"] = (seed + 1) % 10000


def _show(network: Network, text: str, found: Mapping[str, Array]) -> None:
    continuation = str(found["continuation"][0])
    st.html(f'<p class="grown"><span>{_safe(text)}</span><b>{_safe(continuation)}</b></p>')
    left, right = st.columns((1.5, 1), gap="large")
    drawn = [str(one) for one in found["generated_texts"]]
    texts = [[str(one) for one in row] for row in found["generated_top_texts"]]
    shown = min(SHOWN_ON_A_SLIDE if presenting() else SHOWN_STEPS, len(drawn))
    with left:
        st.html(f'<p class="picture-title">The first {shown} tokens, and what else there was</p>')
        st.altair_chart(alternatives(drawn[:shown], texts, found["generated_top_probabilities"]),
                        alt="For each generated token its five best candidates with their probabilities")  # fmt: skip
    with right:
        shares = np.asarray(found["generated_probabilities"], float)
        best = np.mean([one == row[0] for one, row in zip(drawn, texts, strict=True)])
        st.html(
            f'<p class="notice"><b>Notice.</b> A frame marks the drawn token. {best:.0%} of all {len(drawn)} were the '
            f"likeliest one; the mean probability of a drawn token was {shares.mean():.0%}. Where the network is sure, "
            "the row is dark on the left; where it is not, chance decides.</p>"
        )
        st.button("Read this text above", key="transformer:look", on_click=partial(_look, network, text + continuation),
                  help="Shows the attention of the generated tokens in the reader above.")  # fmt: skip


def _look(network: Network, text: str) -> None:
    give(network, text[:1000])
    st.session_state["transformer:whole"] = True


def _safe(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _time(network: Network, question: Mapping[str, Any]) -> None:
    if not st.toggle("Time it with a cache and without", key="transformer:timing"):
        quiet(
            "A cache keeps the keys and values of all tokens so far, so that each step computes one token and not all."
        )
        return
    plain = network.asked({**question, "cache": False})
    cached = network.asked({**question, "cache": True})
    if plain is None or cached is None:
        return
    count = len(cached["generated"])
    times = {"with cache": 1000 * float(cached["seconds_cached"][0]) / count,
             "without": 1000 * float(plain["seconds_plain"][0]) / count}  # fmt: skip
    st.altair_chart(cache_times(times), alt="Milliseconds for one generated token with a cache and without")
    same = cached["generated"].tolist() == plain["generated"].tolist()
    told = "Both drew the same tokens" if same else "The two drew different tokens, since sums are rounded differently"
    st.html(f'<p class="notice"><b>Notice.</b> {told}: {times["without"] / times["with cache"]:.1f} times as fast with '
            f"the cache, over {count} tokens. The longer the text, the larger the difference.</p>")  # fmt: skip
