"""What a trained Transformer answers: everything a typed text does in it, with surgery, and what it writes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from lab.datasets.dataset import UnfitData
from lab.datasets.token_tasks import PADDING, TokenTask
from models import transformer_answers
from models.base import Array, View
from models.transformer import Architecture
from models.transformer_generation import GREEDY, Sampling, Written, generate
from models.transformer_trace import Surgery, trace
from models.views.transformer import TransformerView

MOST_TOKENS, MOST_WRITTEN = 256, 256  # of a question; of an answer


def answer(model: keras.Model, data: TokenTask, question: Mapping[str, Any]) -> View:
    """Return the answer to a question. Raises ValueError, in plain words, for another one.

    About what: {"text": what was typed}, {"tokens": numbers} or {"test_row": index}. A task with questions and answers
    is answered by the network itself (the likeliest tokens), or with {"answer": text} as given; the trace covers
    both. Of an encoder-decoder the text is the source.
    {"surgery": {"cut_arrows": [[layer, head, to, from], ...], "cut_cross", "cut_heads", "cut_layers",
    "moved_positions"}}: the same in the changed network (see models.transformer_trace.Surgery).
    {"write": {"count": 40, "temperature": 1, "top_k": 0, "top_p": 1, "seed": 0, "compare": False}}: what it writes
    behind the text instead of a trace; with "compare" also without cache, timed.
    {"cell": ...}, {"tables": True}: see models.transformer_answers.
    """
    tokens, source, given = asked(data, question)
    if question.get("cell") or question.get("tables"):
        return transformer_answers.answer(
            model, model.architecture, tokens.tolist(), lambda one: data.vocabulary[one], question
        )
    if "write" in question:
        return writing(model, data, tokens, source, dict(question["write"]))
    if not given and data.end >= 0 and data.kind != "encoder":
        count = data.train_inputs.shape[1] + 1 - (len(tokens) if data.kind == "decoder" else 1) if data.opens else 1
        said = generate(model, model.architecture, tokens, count, end=data.end, source=source).tokens
        tokens = np.concatenate([tokens, said[said != data.end]])[: room(model.architecture)]
    surgery = surgery_of(question.get("surgery", {}), bounds_of(model, tokens, source))
    return traced(model, data, tokens, source, surgery)


def room(architecture: Architecture) -> int:
    """Return how many tokens a network can read: where positions are learned, as many as there are."""
    return architecture.context if architecture.positions == "learned" else MOST_TOKENS


def asked(data: TokenTask, question: Mapping[str, Any]) -> tuple[Array, Array | None, bool]:
    """Return the tokens a question is about, the source of an encoder-decoder, and whether an answer was given."""
    given = "answer" in question or "tokens" in question or "test_row" in question
    if "test_row" in question:
        row = whole(question["test_row"], "test_row") % len(data.test_inputs)
        source = None if data.test_sources is None else without_padding(data, data.test_sources[row])
        return without_padding(data, data.test_inputs[row]), source, True
    if "tokens" in question:
        tokens, typed = np.asarray(question["tokens"]).ravel(), question.get("source")
        if not np.issubdtype(tokens.dtype, np.integer) or not len(tokens):
            raise ValueError("tokens are whole numbers")
        return limited(tokens.astype(np.int32)), None if typed is None else data.encode(str(typed)), True
    if "text" not in question:
        raise ValueError('a question names a "text", "tokens" or a "test_row"')
    typed = data.encode(str(question["text"]))
    if data.end < 0 or data.kind == "encoder":
        return limited(typed), None, given
    sign = np.array([data.vocabulary.index(one) for one in data.opens], np.int32)
    said = data.encode(str(question["answer"])) if question.get("answer") else np.zeros(0, np.int32)
    if data.kind == "encoder_decoder":
        return np.concatenate([sign, said]), typed, given
    return np.concatenate([typed, sign, said]), None, given


def limited(tokens: Array) -> Array:
    """Return the tokens. Raises UnfitData where they are too many."""
    if len(tokens) > MOST_TOKENS:
        raise UnfitData(f"That is {len(tokens)} tokens; at most {MOST_TOKENS} can be shown. Type a shorter text.")
    return tokens


def without_padding(data: TokenTask, tokens: Array) -> Array:
    """Return a sequence without what fills it up."""
    return tokens[: int(np.flatnonzero(tokens)[-1]) + 1] if data.vocabulary[0] == PADDING else tokens


def whole(value: Any, name: str) -> int:
    """Return a whole number. Raises ValueError for anything else."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} is a whole number") from None


def surgery_of(asked_for: Mapping[str, Any], bounds: Mapping[str, tuple[int, ...]]) -> Surgery:
    """Return the surgery that was asked for. Raises ValueError where its form or its numbers are wrong.

    bounds: by the name of a cut, how many layers, heads, tokens, ... there are for each of its numbers.
    """
    if set(asked_for) - set(bounds):
        raise ValueError(f"surgery is one of {', '.join(sorted(bounds))}")
    return Surgery(**{name: tuple(within(one, bounds[name], name) for one in listed(value)) for name, value in
                      asked_for.items()})  # fmt: skip


def listed(value: Any) -> list[Any]:
    """Return a list. Raises ValueError for anything else."""
    if not isinstance(value, list | tuple):
        raise ValueError("surgery is given as lists of whole numbers")
    return list(value)


def within(numbers: Any, bounds: tuple[int, ...], name: str) -> Any:
    """Return one cut, a number or as many as it has bounds. Raises ValueError where one is missing or too large."""
    found = tuple(whole(one, name) for one in (listed(numbers) if len(bounds) > 1 else [numbers]))
    if len(found) != len(bounds) or not all(0 <= one < bound for one, bound in zip(found, bounds, strict=True)):
        raise ValueError(f"{name} needs {len(bounds)} numbers from 0, each below {', '.join(map(str, bounds))}")
    return found if len(bounds) > 1 else found[0]


def bounds_of(model: keras.Model, tokens: Array, source: Array | None) -> dict[str, tuple[int, ...]]:
    """Return how many layers, heads, tokens and positions there are, for each kind of cut."""
    a, length = model.architecture, len(tokens)
    inside = (a.layers, a.heads)
    return {
        "cut_arrows": (*inside, length, length), "cut_cross": (*inside, length, 0 if source is None else len(source)),
        "cut_heads": inside, "cut_layers": (a.layers,), "moved_positions": (length, max(a.context, length)),
    }  # fmt: skip


def traced(
    model: keras.Model, data: TokenTask, tokens: Array, source: Array | None, surgery: Surgery
) -> TransformerView:
    """Return everything the tokens do, under the names of the trace."""
    found = trace(
        model, model.architecture, tokens, surgery=surgery, source=source, name_of=lambda one: data.vocabulary[one]
    )
    return TransformerView(**found.arrays())


def writing(
    model: keras.Model, data: TokenTask, tokens: Array, source: Array | None, wanted: dict[str, Any]
) -> TransformerView:
    """Return what the network writes behind the tokens, and the alternatives to each token."""
    count = min(max(whole(wanted.get("count", 40), "count"), 1), MOST_WRITTEN)
    sampling = sampling_of(wanted)
    writes: dict[str, Any] = {"sampling": sampling, "source": source, "end": data.end}
    generate(model, model.architecture, tokens, 2, **writes)  # compiles, so that the time is that of writing
    first = generate(model, model.architecture, tokens, count, **writes)
    view = written_view(first, data)
    if not wanted.get("compare"):
        return view
    plain = generate(model, model.architecture, tokens, count, cache=False, **writes)
    return replace(view, seconds_plain=np.array([plain.seconds]))


def sampling_of(wanted: Mapping[str, Any]) -> Sampling:
    """Return how tokens are drawn, within bounds. Raises ValueError for what is no number."""
    try:
        numbers = {
            name: float(wanted.get(name, getattr(GREEDY, name))) for name in ("temperature", "top_k", "top_p", "seed")
        }
    except (TypeError, ValueError):
        raise ValueError("temperature, top_k, top_p and seed are numbers") from None
    if not all(np.isfinite(list(numbers.values()))):
        raise ValueError("temperature, top_k, top_p and seed are finite numbers")
    return Sampling(
        temperature=min(max(numbers["temperature"], 0.0), 5.0), top_k=max(int(numbers["top_k"]), 0),
        top_p=min(max(numbers["top_p"], 0.0), 1.0), seed=abs(int(numbers["seed"])),
    )  # fmt: skip


def written_view(found: Written, data: TokenTask) -> TransformerView:
    """Return what was written as arrays for the page."""
    texts = np.array(data.vocabulary)
    return TransformerView(
        generated=found.tokens, generated_texts=texts[found.tokens], generated_probabilities=found.probabilities,
        generated_top_ids=found.top_ids, generated_top_probabilities=found.top_probabilities,
        generated_top_texts=texts[found.top_ids], generated_kept=found.kept, seconds_cached=np.array([found.seconds]),
    )  # fmt: skip
