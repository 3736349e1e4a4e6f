"""What a shipped, local or published model answers: a trace of a text, tokens that follow it, places of sentences."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lab.datasets.dataset import UnfitData
from models.base import Array
from models.hub import Report, fetch
from models.pretrained import WEIGHTS, Pretrained, load_folder, read_architecture
from models.tokenizing import Reading
from models.transformer_generation import Cuts, generate
from models.transformer_trace import Surgery, trace
from models.views.reading import BIG, ReadingView

MOST_TOKENS = 128  # of a text that is looked into: the picture is square in them
MOST_TEXTS = 64  # of one question for places
KEPT_TRACES = 4  # so that asking for further layers of a text computes nothing anew
BYTES = 4.0  # of a number


def folder_of(source: Mapping[str, Any], report: Report) -> Path:
    """Return where a model lies: its folder, or the cache once it is fetched. Raises UnfitData with a sentence."""
    if source["origin"] == "hub":
        return fetch(str(source["name"]), report)
    folder = Path(str(source["folder"]))
    if not folder.is_dir():
        raise UnfitData(f"There is no folder {folder.name} any more.")
    return folder


def needed_megabytes(folder: Path) -> float:
    """Return what reading with a model takes beyond an idle process, in megabytes.

    The weights once, the largest tensor twice more while it is read, and the results of the longest text: its logits
    and what a trace keeps of each layer, twice, as tensors and as arrays that leave the process.
    """
    a = read_architecture(folder)
    layer = 4 * a.width**2 + 2 * a.width * a.mlp_width + 9 * a.width + a.mlp_width
    weights = (a.vocabulary + a.context) * a.width + a.layers * layer
    tokens = min(MOST_TOKENS, a.context)
    kept = a.layers * tokens * (10 * a.width + a.mlp_width + 3 * a.heads * tokens)
    logits = 3 * tokens * a.vocabulary if a.predicts else 0
    largest = a.vocabulary * a.width
    return BYTES * (weights + 2 * largest + logits + (1 + KEPT_TRACES) * kept) / 1e6


class Reader:
    """One model that answers questions. load it with `open_reader`."""

    def __init__(self, loaded: Pretrained) -> None:
        self.name, self.model, self.tokenizer = loaded.name, loaded.model, loaded.tokenizer
        self.architecture = loaded.architecture
        self.most = min(MOST_TOKENS, self.architecture.context)
        self._traces: dict[str, ReadingView] = {}

    def facts(self) -> dict[str, Any]:
        """Return what is true of the model; see lab.readers.News."""
        a = self.architecture
        shape = {name: getattr(a, name) for name in ("kind", "layers", "heads", "width", "mlp_width", "vocabulary",
                                                     "context", "positions", "normalization", "activation")}  # fmt: skip
        kinds = "bytes" if self.tokenizer.byte_level else "pieces" if self.tokenizer.unknown == "[UNK]" else "characters"
        return {
            **shape, "parameters": int(self.model.count_params()), "tokenizer": kinds, "most_tokens": self.most,
            "sentence_embedding": not a.predicts,
        }  # fmt: skip

    def answer(self, question: Mapping[str, Any]) -> dict[str, Array]:
        """Return the arrays of an answer; see lab.readers. Raises ValueError with a sentence."""
        answers: dict[str, Callable[[Mapping[str, Any]], dict[str, Array]]] = {
            "trace": self._trace, "generate": self._generate, "embed": self._embed, "tokens": self._tokens,
        }  # fmt: skip
        kind = next((name for name in answers if name in question), None)
        if kind is None:
            raise ValueError(f"ask for one of {', '.join(answers)}")
        return answers[kind](question)

    def warm(self) -> None:
        """Do everything once, so that the first question is answered as fast as the next ones."""
        self.answer({"trace": "A"})
        self._traces.clear()

    def _trace(self, question: Mapping[str, Any]) -> dict[str, Array]:
        text, surgery = str(question["trace"]), surgery_of(question.get("surgery") or {}, self.architecture)
        key = repr((text, surgery))
        if key not in self._traces:
            while len(self._traces) >= KEPT_TRACES:
                self._traces.pop(next(iter(self._traces)))
            self._traces[key] = self._traced(self.tokenizer.read(text, self.most), surgery)
        return some_layers(self._traces[key], question.get("layers")).arrays()

    def _traced(self, reading: Reading, surgery: Surgery) -> ReadingView:
        check_places(surgery, len(reading.ids))
        found = trace(self.model, self.architecture, reading.ids, surgery=surgery, texts=list(reading.texts),
                      name_of=lambda number: str(self._text(number)))  # fmt: skip
        return ReadingView(**found.arrays(), **told(reading))

    def _text(self, number: int) -> str:
        texts = self.tokenizer.texts
        return str(texts[number]) if number < len(texts) else ""

    def _generate(self, question: Mapping[str, Any]) -> dict[str, Array]:
        if self.architecture.kind != "decoder":
            raise ValueError("This model reads in both directions and does not continue a text. Choose a decoder.")
        reading = self.tokenizer.read(str(question["generate"]), self.most)
        room = self.architecture.context - len(reading.ids)
        if room <= 0:
            raise ValueError(f"This text fills all {self.architecture.context} positions of the model. Shorten it.")
        count = min(max(1, int(question.get("count", 1))), room)
        cuts = cuts_of(question)
        found = generate(self.model, self.architecture, reading.ids, count, cuts, name_of=self._text,
                         cached=bool(question.get("cached", True)))  # fmt: skip
        view = ReadingView(tokens=reading.ids, texts=reading.texts, **found, **told(reading))
        return view.arrays()

    def _embed(self, question: Mapping[str, Any]) -> dict[str, Array]:
        texts = list(question["embed"])
        if not 1 <= len(texts) <= MOST_TEXTS:
            raise ValueError(f"Ask for the places of 1 to {MOST_TEXTS} texts, not {len(texts)}.")
        rows = [self._sentence(self.tokenizer.read(str(text), self.most).ids) for text in texts]
        return {"sentences": np.stack(rows)}

    def _sentence(self, ids: Array) -> Array:
        """Return the mean over tokens of the last stream, of length 1: (d,)."""
        mean = self._last(ids).mean(0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), np.float32)

    def _last(self, ids: Array) -> Array:
        """Return the stream after the last layer, (T, d)."""
        import tensorflow as tf

        if not self.architecture.predicts:
            return np.asarray(self.model(tf.constant(ids[np.newaxis])))[0]
        return np.asarray(trace(self.model, self.architecture, ids).final)

    def _tokens(self, question: Mapping[str, Any]) -> dict[str, Array]:
        reading = self.tokenizer.read(str(question["tokens"]), self.architecture.context)
        return {"ids": reading.ids, "texts": reading.texts, **told(reading)}


def open_reader(folder: Path) -> Reader:
    """Return the model of a folder, ready to answer. Raises UnfitData with a sentence."""
    reader = Reader(load_folder(folder))
    reader.warm()
    return reader


def told(reading: Reading) -> dict[str, Array]:
    """Return what is said of a text besides its tokens."""
    notes = np.array(reading.notes, dtype=np.str_)
    return {"added": reading.added, "starts": reading.starts, "ends": reading.ends, "notes": notes}


def surgery_of(wanted: Mapping[str, Any], a: Any) -> Surgery:
    """Return what is to be cut. Raises ValueError where it names what is not there."""
    known = Surgery.__dataclass_fields__
    if unknown := [name for name in wanted if name not in known]:
        raise ValueError(f"there is no surgery named {unknown[0]}")
    plain = {name: tuple(int(one) if np.isscalar(one) else tuple(int(part) for part in one) for one in items)
             for name, items in wanted.items()}  # fmt: skip
    surgery = Surgery(**plain)
    layers = [*surgery.cut_layers, *(cut[0] for cut in (*surgery.cut_heads, *surgery.cut_arrows))]
    heads = [cut[1] for cut in (*surgery.cut_heads, *surgery.cut_arrows)]
    if any(not 0 <= layer < a.layers for layer in layers) or any(not 0 <= head < a.heads for head in heads):
        raise ValueError(f"this model has layers 0 to {a.layers - 1} and heads 0 to {a.heads - 1}")
    if any(not 0 <= position < a.context for _, position in surgery.moved_positions):
        raise ValueError(f"this model has positions 0 to {a.context - 1}")
    return surgery


def check_places(surgery: Surgery, length: int) -> None:
    """Raise ValueError where surgery names a token that this text does not have."""
    places = [place for cut in surgery.cut_arrows for place in cut[2:]]
    places += [token for token, _ in surgery.moved_positions]
    if any(not 0 <= place < length for place in places):
        raise ValueError(f"this text has the tokens 0 to {length - 1}")


def some_layers(view: ReadingView, layers: list[int] | None) -> ReadingView:
    """Return a trace whose big fields hold these layers alone; None: all."""
    assert view.attention is not None
    count = len(view.attention)
    if layers is None:
        return replace(view, shown_layers=np.arange(count, dtype=np.int32))
    if any(not 0 <= layer < count for layer in layers):
        raise ValueError(f"this model has layers 0 to {count - 1}")
    fields = {name: getattr(view, name) for name in BIG}
    kept = {name: None if array is None or not layers else array[layers] for name, array in fields.items()}
    return replace(view, shown_layers=np.array(layers, np.int32), **kept)


def cuts_of(question: Mapping[str, Any]) -> Cuts:
    """Return how the next token is drawn. Raises ValueError on numbers that mean nothing."""
    temperature, top_p = float(question.get("temperature", 1.0)), float(question.get("top_p", 1.0))
    top_k, seed = int(question.get("top_k", 0)), int(question.get("seed", 0))
    if not 0 <= temperature <= 10 or not 0 < top_p <= 1 or top_k < 0 or not 0 <= seed < 2**31:
        raise ValueError("the temperature lies between 0 and 10, top p between 0 and 1, top k and seed are not negative")
    return Cuts(temperature=temperature, top_k=top_k, top_p=top_p, seed=seed)


__all__ = ["WEIGHTS", "Reader", "folder_of", "needed_megabytes", "open_reader"]
