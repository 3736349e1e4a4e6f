"""Who can read a text on the Transformer page: the network trained above, the stored one, published ones."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from lab import session
from lab.charts.transformer_reading import About
from lab.frame import quiet
from lab.lessons.transformer_opening import opened
from lab.readers import SMALL_GPT, ReadableModel, asked, models
from lab.shown_run import ShownRun
from models.base import Array

Arrays = Mapping[str, Array]
LARGE = 800  # megabytes of a process from which on a network is large
SHORT = {
    SMALL_GPT.name: "Our small GPT", "sentence-transformers/all-MiniLM-L6-v2": "MiniLM",
    "distilbert/distilgpt2": "DistilGPT-2", "openai-community/gpt2": "GPT-2",
}  # fmt: skip
BANK = "The bank of the river was steep, and the bank in the town was closed."
PROSE = "The function returns a new list, and the list that the function returns"
EXAMPLES = (
    PROSE,
    "If the value of the key is not found, the default value is returned. If the value of the",
    "import os and import sys and import os and import",
    BANK,
)
GENERAL_EXAMPLES = (
    BANK,
    "When Mary and John went to the store, John gave a drink to",
    "The keys to the cabinet are on the table, and the cabinet",
    "one two three four five one two three four",
)
NOTES = (
    "It knows the signs of its task and nothing else; the text is a question of that task, which it answers itself.",
    "It was trained on the first screen, and writes as well as a minute of training allows.",
)  # fmt: skip
EPSILON = 1e-5  # of the normalizations of networks trained on the first screen
ANSWER, PADDING = "=", "·"  # of lab.datasets.token_tasks
MOST_ANSWERS = 10  # kept of all visitors; one of a long text in a large network weighs several megabytes


@dataclass(frozen=True)
class Network:
    """A network that reads. ask: gives the arrays of an answer, or raises ValueError with a sentence.

    identity: names the weights, so that the same question to them is answered once; "" where they still change.
    reads_texts: whether it knows words, or only the signs of a task; generates: whether it can go on with a text;
    large: whether what only one layer needs is asked for when that layer is looked at.
    """

    key: str
    title: str
    note: str
    first_text: str
    examples: tuple[str, ...]
    identity: str
    ask: Callable[[Mapping[str, Any]], Arrays]
    reads_texts: bool = True
    generates: bool = True
    large: bool = False
    ready: Callable[[str], bool] = lambda _place: True
    settings: Mapping[str, Any] = field(default_factory=dict)

    def asked(self, question: Mapping[str, Any], quietly: bool = False) -> Arrays | None:
        """Return the arrays of an answer; None where there is none, and the reason is then on the page."""
        try:
            if not self.identity:
                return self.ask(question)
            return _answered(self.identity, json.dumps(question, sort_keys=True), self.ask)
        except ValueError as problem:
            if not quietly:
                st.warning(str(problem).removeprefix("This question cannot be answered: "))
            return None

    def about(self, trace: Arrays) -> About:
        """Return what a trace, or else the settings of the run, say of its network."""
        told = json.loads(str(trace["architecture"][0])) if "architecture" in trace else dict(self.settings)
        return About(
            model=f"{self.key} {self.identity}", kind=told["kind"], normalization=told["normalization"],
            positions=told["positions"], activation=told["activation"], epsilon=float(told.get("epsilon", EPSILON)),
            embeddingNorm=bool(told.get("embedding_norm")),
        )  # fmt: skip


@st.cache_resource(max_entries=MOST_ANSWERS, show_spinner=False)
def _answered(identity: str, question: str, _ask: Callable[[Mapping[str, Any]], Arrays]) -> Arrays:
    """Return the arrays of an answer, shared by all visitors; nobody writes to them."""
    return _ask(json.loads(question))


def networks(run: ShownRun) -> list[Network]:
    """Return who can read, the one that opens first in front."""
    readers = [reading(model) for model in models() if model.origin != "shipped" or Path(model.folder).is_dir()]
    mine = trained(run)
    return [*readers[:1], mine, *readers[1:]] if readers and readers[0].key == SMALL_GPT.name else [mine, *readers]


def reading(model: ReadableModel) -> Network:
    """Return a model that only reads: the shipped one, a published one, one of a local folder."""
    size = f"{model.parameters:,} parameters. " if model.parameters else ""
    return Network(
        key=model.name,
        title=SHORT.get(model.name, model.title),
        note=f"{model.title}. {size}{model.about}",
        first_text=PROSE if model.origin == "shipped" else BANK,
        examples=EXAMPLES if model.origin == "shipped" else GENERAL_EXAMPLES,
        identity=model.name,
        ask=lambda question: asked(session.engine(), model, question),
        generates=model.kind == "decoder",
        large=model.memory_megabytes > LARGE,
        ready=lambda place: model.origin != "hub" or opened(model, place),
    )


def trained(run: ShownRun) -> Network:
    """Return the network of the first screen."""
    prose = run.config.get("dataset") in ("characters", "pieces")
    return Network(
        key="run",
        title="The network trained above",
        note=NOTES[prose],
        first_text=first_question(run),
        examples=(),
        identity=run.run_id if run.final else "",
        ask=lambda question: _ask_run(run, question),
        reads_texts=prose,
        generates=prose,
        ready=lambda _place: _at_rest(run),
        settings=run.config,
    )


def first_question(run: ShownRun) -> str:
    """Return the first test sequence as it would be typed: what stands before the sign that asks for an answer."""
    if "inputs" not in run.scene or "data" not in run.facts:
        return ""
    vocabulary = [str(one) for one in run.facts["data"]["vocabulary"]]
    row = run.scene.get("sources", run.scene["inputs"])[0]
    text = "".join(vocabulary[int(token)] for token in row if not (int(token) == 0 and vocabulary[0] == PADDING))
    return text.split(ANSWER)[0] if vocabulary[1:2] == [ANSWER] else text


def _ask_run(run: ShownRun, question: Mapping[str, Any]) -> Arrays:
    """Ask the network of the first screen in its own words: its task knows no continuation, but answers."""
    asked_for = {name: value for name, value in question.items() if name != "layers"}
    if "generate" not in asked_for:
        return session.engine().ask(run.run_id, asked_for)
    cuts: dict[str, Any] = {
        name: asked_for[name] for name in ("temperature", "top_k", "top_p", "seed") if name in asked_for
    }
    plain = not asked_for.get("cache", True)
    write: dict[str, Any] = {"count": asked_for["generate"], **cuts, "compare": plain}
    found = session.engine().ask(run.run_id, {"text": asked_for["text"], "write": write})
    continuation = "".join(str(text) for text in found["generated_texts"])
    return {**found, "continuation": np.array([continuation])}


def _at_rest(run: ShownRun) -> bool:
    if run.moments and (not run.active or run.state == "paused"):
        return True
    quiet("Questions rest while the network trains. Pause it, or wait for its end.")
    return False


def choose(run: ShownRun, key: str, *, texts_only: bool = False, generating: bool = False) -> Network | None:
    """Let the visitor choose a network; None where the chosen one is not ready, which is then said."""
    offered = [
        one for one in networks(run) if (one.reads_texts or not texts_only) and (one.generates or not generating)
    ]
    titles = {network.key: network.title for network in offered}
    chosen = st.segmented_control("Network", list(titles), format_func=titles.__getitem__, default=offered[0].key,
                                  required=True, key=f"{key}:who", label_visibility="collapsed")  # fmt: skip
    network = next(one for one in offered if one.key == chosen)
    if network.note:
        quiet(network.note)
    return network if network.ready(key) else None
