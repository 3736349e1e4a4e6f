"""What the Transformer page adds to the seven sections: own text, and the words on why it won."""

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from lab.catalog import BY_SLUG
from lab.charts import transformer_measured
from lab.controls import Controls
from lab.datasets.characters import store_text
from lab.datasets.dataset import UnfitData
from lab.frame import quiet
from lab.ledger import entry_of, numbers
from lab.lessons.transformer_generation import go_on as go_on
from lab.lessons.transformer_meaning import two_sentences as two_sentences
from lab.lessons.transformer_reader import read_any_text as read_any_text
from lab.shown_run import ShownRun
from lab.storage import uploads_folder

TEXTS = ("characters", "pieces")
REASONS = (
    ("One step to any place",
     "A recurrent network passes a message on from step to step; a window grows layer by layer. "
     "Attention joins any two tokens in one step, so how far apart they are hardly matters.",
     "long_context_needs_global_dependencies"),
    ("Relevance is learned",
     "Which tokens belong together is no part of the wiring. Queries and keys are weights like all "
     "others, and the heads on this page formed in training.", "attention_finds_what_matters"),
    ("All places at once",
     "In training no token waits for the one before. The steps that must follow one another are the "
     "layers, not the tokens. On a processor with many units, that is what decides.",
     "attention_is_parallel_over_positions"),
    ("It grows well",
     "Every part has the same form: more layers, more heads, more width. Nothing else has to be invented "
     "for the next size. What it pays is on this page, too: time and memory with the square of the length.",
     "transformers_scale_with_size_and_data"),
)  # fmt: skip
KEPT = (
    ("gradient_flow", "The residual plus and normalization: what makes many layers trainable."),
    ("mlp", "Two dense layers in every block, for each token by itself."),
    ("autoencoder", "Embeddings, and an encoder that hands a code to a decoder."),
    ("cnn", "The same weights in every place."),
    ("rnn", "A state for every token, refined layer by layer instead of step by step."),
    ("lstm_gru", "Gates, in gated layers such as SwiGLU and before experts; and the path along which one only adds."),
    ("gan", "Generation by drawing from what was learned."),
    ("rbf", "Weights from similarity: a kernel between query and key."),
    ("som", "Competition: softmax lets the best match win, gently."),
    ("modular", "Experts with a gate, and heads that share the work."),
)


def place(run: ShownRun, lesson: Callable[..., None], **words: Any) -> None:
    """Draw a lesson as a part of the page that reruns by itself."""
    st.fragment(partial(lesson, **words))(run)


def own_text(controls: Controls) -> None:
    """Let the visitor train on a text of their own, where the task is text."""
    if st.session_state[controls.key("dataset")] not in TEXTS:
        return
    key = f"{controls.family}:text-file"
    with st.popover("A text of your own", width="content"):
        st.file_uploader("A text file, UTF-8, at most 5 MB", type=["txt", "md"], key=key,
                         on_change=partial(_take, controls, key))  # fmt: skip
        if problem := st.session_state.get(f"{key}:problem"):
            st.error(problem)
        elif st.session_state[controls.key("upload")]:
            quiet("Your text is stored on the machine that runs this app. Train learns from it.")
            st.button("Back to Python's help", on_click=lambda: st.session_state.update({controls.key("upload"): ""}),
                      key=f"{key}:back")  # fmt: skip
        else:
            quiet("Without a file the network learns from the help texts that come with Python.")


def _take(controls: Controls, key: str) -> None:
    st.session_state[f"{key}:problem"] = ""
    chosen = st.session_state.get(key)
    if chosen is None:
        return
    try:
        st.session_state[controls.key("upload")] = store_text(chosen.getvalue(), uploads_folder())
    except UnfitData as problem:
        st.session_state[f"{key}:problem"] = str(problem)


def measured_provenance() -> None:
    """Say where the stored numbers come from."""
    if told := transformer_measured.provenance():
        st.html(f'<p class="provenance">{told}</p>')


def why_it_won() -> None:
    """Draw the reasons, and what the Transformer kept of every family."""
    with st.container(key="reasons"):
        columns = st.columns(len(REASONS), gap="large")
    for column, (title, text, claim) in zip(columns, REASONS, strict=True):
        with column:
            st.html(f'<p class="picture-title">{title}</p><p>{text}</p>{measured_words(claim)}')
    st.html('<p class="picture-title">What it kept from each family</p>')
    pair: list[Any] = []
    for slug, words in KEPT:
        pair = pair or list(st.columns(2, gap="large"))  # row by row, so that both sides stand on one line
        with pair.pop(0):
            _kept(slug, words)
    with st.container(horizontal=True, gap="large"):
        for slug, words in (("evidence", "Each of these claims, with the experiment that tests it"),
                            ("architecture_fit", "Where it wins, and where it does not")):  # fmt: skip
            if BY_SLUG[slug].built:
                st.page_link(f"pages/{slug}.py", label=words)


def measured_words(name: str) -> str:
    """Return what a claim's stored effects say, as HTML with the way to the experiment; "" where none is stored."""
    entry = entry_of(name)
    if not entry.results:
        return ""
    lines = "".join(f"<li>{'Limit. ' if one.effect.limit else ''}{one.effect.says}: <b>{numbers(one)}</b></li>"
                    for one in entry.results)  # fmt: skip
    return f'<p class="quiet">Measured, mean and 95 % interval of {entry.results[0].seeds} seeds ({entry.verdict}): ' \
           f'<a href="{entry.address}" target="_self">the experiment</a></p>' \
           f'<ul class="quiet">{lines}</ul>'  # fmt: skip


def _kept(slug: str, words: str) -> None:
    stop = BY_SLUG[slug]
    name, told = st.columns((1.35, 1.7), vertical_alignment="center")
    with name:
        if stop.built:
            st.page_link(f"pages/{slug}.py", label=stop.title)
        else:
            st.html(f"<p><b>{stop.title}</b></p>")
    with told:
        st.html(f"<p>{words}</p>")
