"""What a shipped, local or published model answers: a trace of a text, tokens that follow it, places of sentences."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lab.datasets.dataset import UnfitData
from models.base import Array
from models.hub import Report, fetch
from models.pretrained import Pretrained, load_folder, read_architecture
from models.tokenizing import Reading
from models.transformer_answers import answer
from models.transformer_generation import Sampling, generate
from models.transformer_trace import trace

MOST_TOKENS = 128  # of a text that is looked into: the picture is square in them
MOST_TEXTS = 64  # of one question for places
BIG = ("normalized", "queries", "keys", "values", "mixed", "attention_out", "middle", "mlp_in", "mlp_hidden", "mlp_out")
"""The fields of a trace that may be asked for some layers alone."""
SHAPE = (
    "kind", "layers", "heads", "width", "mlp_width", "vocabulary", "context", "positions", "normalization",
    "activation",
)  # fmt: skip
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
        self._traces: dict[str, dict[str, Array]] = {}
        self._can_write = False

    def facts(self) -> dict[str, Any]:
        """Return what is true of the model; see lab.readers.News."""
        a = self.architecture
        shape = {name: getattr(a, name) for name in SHAPE}
        kind = "bytes" if self.tokenizer.byte_level else "pieces" if self.tokenizer.unknown == "[UNK]" else "characters"
        return {
            **shape, "parameters": int(self.model.count_params()), "tokenizer": kind, "most_tokens": self.most,
            "sentence_embedding": not a.predicts,
        }  # fmt: skip

    def answer(self, question: Mapping[str, Any]) -> dict[str, Array]:
        """Return the arrays of an answer; see lab.readers. Raises ValueError with a sentence."""
        if "embed" in question:
            return self._embed(list(question["embed"]))
        if "tokens" in question:
            reading = self.tokenizer.read(str(question["tokens"]), self.architecture.context)
            return {"ids": reading.ids, "texts": reading.texts, **told(reading)}
        if "text" not in question:
            raise ValueError("ask about a text, or for the tokens or the places of texts")
        reading = self.tokenizer.read(str(question["text"]), self.most)
        if "generate" in question:
            return self._generate(reading, question)
        if question.get("cell") is not None or question.get("tables"):
            return answer(self.model, self.architecture, reading.ids.tolist(), self._text, question).arrays()
        return self._trace(reading, question)

    def warm(self) -> None:
        """Do everything once, so that the first question is answered as fast as the next ones."""
        self.answer({"text": "A"})
        self._traces.clear()

    def prepare_to_write(self) -> None:
        """Compile what generation needs, once: some seconds, which the first generation then does not wait for."""
        if self._can_write or self.architecture.kind != "decoder":
            return
        for cache in (True, False):
            generate(self.model, self.architecture, [0, 0], 2, cache=cache)
        self._can_write = True

    def _trace(self, reading: Reading, question: Mapping[str, Any]) -> dict[str, Array]:
        surgery = question.get("surgery") or {}
        key = repr((reading.ids.tolist(), sorted(surgery.items())))
        if key not in self._traces:
            while len(self._traces) >= KEPT_TRACES:
                self._traces.pop(next(iter(self._traces)))
            found = answer(self.model, self.architecture, reading.ids.tolist(), self._text, {"surgery": surgery},
                           texts=list(reading.texts))  # fmt: skip
            self._traces[key] = found.arrays()
        return some_layers(self._traces[key] | told(reading), question.get("layers"))

    def _text(self, number: int) -> str:
        texts = self.tokenizer.texts
        return str(texts[number]) if number < len(texts) else ""

    def _generate(self, reading: Reading, question: Mapping[str, Any]) -> dict[str, Array]:
        if self.architecture.kind != "decoder":
            raise ValueError("This model reads in both directions and does not continue a text. Choose a decoder.")
        if len(reading.ids) >= self.architecture.context:
            raise ValueError(f"This text fills all {self.architecture.context} positions of the model. Shorten it.")
        count = min(max(1, int(question["generate"])), self.architecture.context - len(reading.ids))
        cuts = {name: kind(question[name]) for name, kind in CUTS.items() if name in question}
        check_cuts(cuts)
        cached = bool(question.get("cache", True))
        self.prepare_to_write()  # so that the time is that of writing
        found = generate(self.model, self.architecture, reading.ids, count, sampling=Sampling(**cuts), cache=cached)
        return self._written(found, cached) | {"tokens": reading.ids, "texts": reading.texts} | told(reading)

    def _written(self, found: Any, cached: bool) -> dict[str, Array]:
        """Return what was generated under the names of models.views.TransformerView."""
        return {
            "generated": found.tokens, "generated_texts": self._texts(found.tokens),
            "generated_probabilities": found.probabilities, "generated_kept": found.kept,
            "generated_top_ids": found.top_ids, "generated_top_probabilities": found.top_probabilities,
            "generated_top_texts": self._texts(found.top_ids),
            "seconds_cached" if cached else "seconds_plain": np.array([found.seconds], np.float32),
            "continuation": np.array([self.tokenizer.decode(found.tokens)]),
        }  # fmt: skip

    def _texts(self, ids: Array) -> Array:
        return np.array([self._text(int(number)) for number in ids.ravel()], dtype=np.str_).reshape(ids.shape)

    def _embed(self, texts: list[Any]) -> dict[str, Array]:
        if not 1 <= len(texts) <= MOST_TEXTS:
            raise ValueError(f"Ask for the places of 1 to {MOST_TEXTS} texts, not {len(texts)}.")
        readings = [self.tokenizer.read(str(text), self.most) for text in texts]
        return {"sentences": np.stack([self._sentence(reading.ids) for reading in readings])}

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


def open_reader(folder: Path) -> Reader:
    """Return the model of a folder, ready to answer. Raises UnfitData with a sentence."""
    reader = Reader(load_folder(folder))
    reader.warm()
    return reader


def told(reading: Reading) -> dict[str, Array]:
    """Return what is said of a text besides its tokens."""
    notes = np.array(reading.notes, dtype=np.str_)
    return {"added": reading.added, "starts": reading.starts, "ends": reading.ends, "notes": notes}


def some_layers(found: Mapping[str, Array], layers: list[int] | None) -> dict[str, Array]:
    """Return a trace whose big fields hold these layers alone; None: all. shown_layers says which."""
    count = len(found["attention"])
    if layers is None:
        return {**found, "shown_layers": np.arange(count, dtype=np.int32)}
    if any(not 0 <= layer < count for layer in layers):
        raise ValueError(f"this model has layers 0 to {count - 1}")
    kept = {name: array for name, array in found.items() if name not in BIG}
    kept |= {name: found[name][layers] for name in BIG if layers and name in found}
    return {**kept, "shown_layers": np.array(layers, np.int32)}


CUTS: dict[str, Callable[[Any], Any]] = {"temperature": float, "top_k": int, "top_p": float, "seed": int}


def check_cuts(cuts: Mapping[str, Any]) -> None:
    """Raise ValueError where the next token is to be drawn in a way that means nothing."""
    if not 0 <= cuts.get("temperature", 1.0) <= 10:
        raise ValueError("the temperature lies between 0 and 10")
    if not 0 < cuts.get("top_p", 1.0) <= 1:
        raise ValueError("top p lies above 0 and is at most 1")
    if cuts.get("top_k", 0) < 0 or not 0 <= cuts.get("seed", 0) < 2**31:
        raise ValueError("top k and the seed are whole numbers from 0 on")
