"""Text to tokens and back: characters, byte-pair encoding trained here, and the tokenizers of published models.

A network reads numbers. Characters make long sequences of few signs; byte-pair encoding (Sennrich, Haddow and Birch,
"Neural machine translation of rare words with subword units", 2016) joins the most frequent neighbours until the
vocabulary is full, and over bytes (GPT-2, 2019) it can spell every text there is. WordPiece (BERT, 2018) cuts words
into known pieces and has a token for what it does not know. The `tokenizers` library does the work.
"""

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Regex, decoders, models, pre_tokenizers, trainers
from tokenizers import Tokenizer as Engine

from lab.datasets.dataset import UnfitData
from models.base import Array

END_OF_TEXT = "<|endoftext|>"
UNKNOWN = "\ufffd"  # of a character tokenizer
LONGEST_TEXT = 20_000  # characters; looked at before any token is made
_NAMED = 5  # unknown signs that a note names


class UnreadableText(UnfitData):
    """A text that a model cannot read; the message says in a sentence why, and what to do."""


@dataclass(frozen=True, eq=False)
class Reading:
    """A text as a model reads it; T tokens.

    ids: (T,) int32; texts: (T,) str, what each token stands for, with its space; a piece of a letter as its bytes in
    hexadecimal, such as "‹F0 9F›". starts, ends: (T,) int32, the characters of the text that each token covers (0, 0
    for tokens that the model itself adds). added: (T,) bool, those tokens. notes: sentences for a person.
    """

    ids: Array
    texts: Array
    starts: Array
    ends: Array
    added: Array
    notes: tuple[str, ...]


class Tokenizer:
    """A tokenizer of one of the kinds above, with answers in sentences. engine: a tokenizer of the library."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        engine.no_truncation()
        engine.no_padding()
        described = json.loads(engine.to_str())
        self.byte_level = "ByteLevel" in json.dumps([described.get("pre_tokenizer"), described.get("decoder")])
        self.unknown = described["model"].get("unk_token")

    @property
    def size(self) -> int:
        """The number of tokens it knows."""
        return int(self.engine.get_vocab_size())

    @cached_property
    def texts(self) -> Array:
        """What each token stands for, by its id: (V,) str."""
        return np.array([self._text(self.engine.id_to_token(number) or "") for number in range(self.size)])

    @property
    def end_of_text(self) -> int | None:
        """The id of the token between two documents, None where there is none."""
        found = self.engine.token_to_id(END_OF_TEXT)
        return None if found is None else int(found)

    def ids(self, text: str) -> Array:
        """Return the tokens of a text of any length without those that a model adds: (T,) int32."""
        return np.array(self.engine.encode(text, add_special_tokens=False).ids, np.int32)

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of tokens; tokens that a model adds are left out."""
        return str(self.engine.decode([int(number) for number in ids], skip_special_tokens=True))

    def read(self, text: str, most: int) -> Reading:
        """Return a text as tokens, with those that the model adds. most: the longest text in tokens.

        Raises UnreadableText with a sentence where there is nothing to read, or too much of it.
        """
        encoding = self._encoded(text)
        if len(encoding.ids) > most:
            raise UnreadableText(
                f"This text has {len(encoding.ids):,} tokens, and at most {most:,} can be read at once. "
                "Leave out a part of it."
            )
        added = np.array(encoding.special_tokens_mask, bool) & np.array([a == b for a, b in encoding.offsets], bool)
        if added.all():
            raise UnreadableText("There is no text to read. Type at least one word.")
        starts, ends = np.array(encoding.offsets, np.int32).T
        return Reading(
            ids=np.array(encoding.ids, np.int32),
            texts=self.texts[encoding.ids],
            starts=starts,
            ends=ends,
            added=added,
            notes=tuple(self._notes(text, encoding, int((~added).sum()))),
        )

    def save(self, file: Path) -> None:
        """Write it as tokenizer.json."""
        self.engine.save(str(file), pretty=False)

    def _encoded(self, text: str) -> Any:
        if len(text) > LONGEST_TEXT:
            raise UnreadableText(f"This text has {len(text):,} characters. Take at most {LONGEST_TEXT:,} of them.")
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise UnreadableText("This text holds half a letter that stands for nothing. Type or copy it again.")
        if not text.strip():
            raise UnreadableText("There is no text to read. Type at least one word.")
        return self.engine.encode(text)

    def _text(self, token: str) -> str:
        """Return what a token of the vocabulary stands for."""
        if not self.byte_level or any(letter not in _BYTES for letter in token):
            return token
        raw = bytes(_BYTES[letter] for letter in token)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return f"‹{raw.hex(' ').upper()}›"

    def _notes(self, text: str, encoding: Any, own: int) -> Iterable[str]:
        unknown = self._unknown(text, encoding)
        if unknown:
            yield f"The model does not know {_listed(unknown)}: there it reads {self.unknown}."
        pieces = {text[a:b]: None for number, (a, b) in zip(encoding.ids, encoding.offsets, strict=True)
                  if str(self.texts[number]).startswith("‹")}  # fmt: skip
        if pieces:
            yield f"No token stands for {_listed(list(pieces))}: several tokens spell it byte by byte."
        if any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text):
            yield "This text runs from right to left: the first token is the one on the right."
        if own == 1:
            yield "This is a single token: it has no other word to attend to."

    def _unknown(self, text: str, encoding: Any) -> list[str]:
        number = self.engine.token_to_id(self.unknown) if self.unknown else None
        found = [text[a:b] for one, (a, b) in zip(encoding.ids, encoding.offsets, strict=True) if one == number]
        return list(dict.fromkeys(filter(None, found)))


def characters(text: str) -> Tokenizer:
    """Return a tokenizer of the characters of a text, in the order of their code points; id 0 is the unknown one."""
    vocabulary = {letter: number for number, letter in enumerate([UNKNOWN, *sorted(set(text) - {UNKNOWN})])}
    engine = Engine(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    engine.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    engine.decoder = decoders.Fuse()
    return Tokenizer(engine)


def byte_pairs(texts: Iterable[str], size: int) -> Tokenizer:
    """Return a byte-level BPE tokenizer of `size` tokens trained on the texts; the same texts give the same tokenizer.

    The first tokens are the end of a text and the 256 bytes. Raises UnfitData where `size` leaves no room for a pair.
    """
    alphabet = sorted(_BYTES)
    if size <= len(alphabet) + 1:
        raise UnfitData(f"A vocabulary of bytes needs more than {len(alphabet) + 1} tokens, not {size:,}.")
    engine = _byte_level(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=[END_OF_TEXT], initial_alphabet=alphabet, show_progress=False
    )
    engine.train_from_iterator(texts, trainer)
    return Tokenizer(engine)


def load_tokenizer(folder: Path) -> Tokenizer:
    """Return the tokenizer of a model in the Hugging Face layout: tokenizer.json, or GPT-2's vocab.json and merges.txt.

    Raises UnfitData with a sentence where neither is there or can be read.
    """
    whole, vocabulary, merges = folder / "tokenizer.json", folder / "vocab.json", folder / "merges.txt"
    try:
        if whole.is_file():
            return Tokenizer(Engine.from_file(str(whole)))
        if vocabulary.is_file() and merges.is_file():
            return Tokenizer(_byte_level(models.BPE.from_file(str(vocabulary), str(merges))))
    except Exception as problem:  # the library raises a bare Exception on a damaged file
        raise UnfitData(f"The tokenizer in {folder.name} cannot be read. Copy or download it again.") from problem
    raise UnfitData(f"In {folder.name} there is neither tokenizer.json nor vocab.json with merges.txt.")


def _byte_level(model: Any) -> Engine:
    engine = Engine(model)
    engine.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    engine.decoder = decoders.ByteLevel()
    known = engine.token_to_id(END_OF_TEXT) is not None
    if known:
        engine.add_special_tokens([END_OF_TEXT])
    return engine


def _listed(words: list[str]) -> str:
    named = ", ".join(f"“{word}”" for word in words[:_NAMED])
    return named + (f" and {len(words) - _NAMED} more" if len(words) > _NAMED else "")


def _byte_letters() -> dict[str, int]:
    """Return GPT-2's visible letter for each byte: printable ones stand for themselves, the others are moved up."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + place): byte for place, byte in enumerate(others)}


_BYTES = _byte_letters()
