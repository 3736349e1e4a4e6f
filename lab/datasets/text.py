"""Text as characters: the topics of Python's own help, or a text of one's own, for a model that guesses the next one.

The first nine tenths are learned from, the last tenth is held out. Characters that hardly ever occur become one sign,
so that they cost neither inputs nor outputs.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab.datasets.dataset import Array, UnfitData
from lab.datasets.sequence import SequenceData
from lab.datasets.uploaded import DIGEST, is_binary, keep_bytes, kept_bytes

MOST_BYTES = 2_000_000
LEAST_CHARACTERS = 2_000
MOST_SYMBOLS = 120
LEAST_SYMBOLS = 2
TEST_SHARE = 0.1
MOST_TEST_WINDOWS = 200
UNKNOWN = "\ufffd"


@dataclass(frozen=True, eq=False)
class TextData(SequenceData):
    """Windows of a text. text: (N,) int32 of all its characters; test_start: index of the first one held out."""

    text: Array | None = None
    test_start: int = 0

    def encode(self, words: str) -> Array:
        """Return the characters as tokens, (n,) int32. Raises UnfitData naming those that the text does not have."""
        index = {symbol: place for place, symbol in enumerate(self.input_names)}
        other = index.get(UNKNOWN)
        strange = sorted({symbol for symbol in words if symbol not in index})
        if strange and other is None:
            listed = ", ".join(f'"{symbol}"' for symbol in strange[:10])
            raise UnfitData(f"The text that was learned has no {listed}. Write the beginning without.")
        return np.array([index.get(symbol, other) for symbol in words], np.int32)

    def decode(self, tokens: Array) -> str:
        """Return tokens as text."""
        return "".join(self.input_names[int(token)] for token in tokens)


def python_topics() -> str:
    """Return the help topics that come with Python, joined in the order of their names."""
    from pydoc_data.topics import topics

    return "\n\n".join(topics[name] for name in sorted(topics))


def check_text(data: bytes) -> str:
    """Return a text from a browser. Raises UnfitData with what is wrong and what to do."""
    if not data.strip():
        raise UnfitData("There is no text. Paste some, or choose a text file of at least 2,000 characters.")
    if len(data) > MOST_BYTES:
        raise UnfitData(f"The text has {len(data) / 1e6:.1f} MB; at most 2 MB can be learned. Keep a part of it.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnfitData("The file is text in UTF-16. Save it in UTF-8.")
    if is_binary(data):
        raise UnfitData("This is not a text file. Choose plain text: no document, picture or archive.")
    text = _decoded(data).replace("\r\n", "\n").replace("\r", "\n")
    if len(text) < LEAST_CHARACTERS:
        raise UnfitData(
            f"The text has {len(text):,} characters; at least {LEAST_CHARACTERS:,} are needed to learn from."
        )
    if len(set(text)) < LEAST_SYMBOLS:
        raise UnfitData("The text repeats one single character, so there is nothing to guess. Choose another text.")
    return text


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def save_text(data: bytes, folder: Path) -> str:
    """Check and store a text; return its SHA-256, by which `load_text` finds it. Raises UnfitData."""
    check_text(data)
    digest = hashlib.sha256(data).hexdigest()
    keep_bytes(data, folder / f"{digest}.txt")
    return digest


def load_text(digest: str, folder: Path) -> str:
    """Return the stored text with this SHA-256. Raises UnfitData where it is not, or no longer, stored."""
    data = kept_bytes(folder / f"{digest}.txt", digest) if DIGEST.fullmatch(digest) else None
    if data is None:
        raise UnfitData("The chosen text is no longer stored on this server. Upload or paste it again.")
    return check_text(data)


def characters(words: str, *, window: int, seed: int = 0, name: str = "text", source: str = "") -> TextData:
    """Return a text as windows of `window` characters, each to be followed by the one behind it.

    The windows of both parts lie side by side; where they begin is drawn by the seed. Raises UnfitData for a text that
    is shorter than some windows.
    """
    symbols, tokens = _symbols(words)
    start = int(len(tokens) * (1 - TEST_SHARE))
    offset = int(np.random.default_rng([seed, 8]).integers(0, window))
    train, test = _cut(tokens[offset:start], window), _cut(tokens[start:], window)[:MOST_TEST_WINDOWS]
    if len(train) < 8 or not len(test):
        raise UnfitData(
            f"A text of {len(tokens):,} characters is too short for windows of {window}. Choose shorter windows."
        )
    shares = np.bincount(tokens[:start], minlength=len(symbols)) / start
    spread = float(-np.sum(shares[shares > 0] * np.log(shares[shares > 0])))
    return TextData(
        name=name, title="Text, character by character", task="classification", form="every",
        train_inputs=train[:, :-1], train_targets=train[:, 1:], test_inputs=test[:, :-1], test_targets=test[:, 1:],
        source=source, target_name="next character", input_names=symbols, class_names=symbols, lag=window,
        metric="nats", chance=spread, chance_loss=spread, notes=_notes(words, symbols), text=tokens, test_start=start,
    )  # fmt: skip


def _symbols(words: str) -> tuple[tuple[str, ...], Array]:
    counts = Counter(words)
    frequent = [
        symbol for symbol, _ in counts.most_common(MOST_SYMBOLS if len(counts) <= MOST_SYMBOLS else MOST_SYMBOLS - 1)
    ]
    symbols = tuple(sorted(frequent)) + ((UNKNOWN,) if len(counts) > len(frequent) else ())
    index = {symbol: place for place, symbol in enumerate(symbols)}
    other = len(symbols) - 1
    return symbols, np.array([index.get(symbol, other) for symbol in words], np.int32)


def _cut(tokens: Array, window: int) -> Array:
    """Return windows side by side, each with the character behind it: (n, window + 1) int32."""
    count = (len(tokens) - 1) // window
    places = np.arange(count)[:, np.newaxis] * window + np.arange(window + 1)
    found: Array = tokens[places] if count > 0 else np.zeros((0, window + 1), np.int32)
    return found


def _notes(words: str, symbols: tuple[str, ...]) -> tuple[str, ...]:
    rare = len(set(words)) - len(symbols) + 1
    return (f"The {rare} rarest characters count as one.",) if symbols[-1] == UNKNOWN and rare > 1 else ()


def text(name: str, *, window: int, seed: int = 0, upload: str = "", uploads: Path | None = None) -> TextData:
    """Return the text `name`, "text" for Python's help or "own_text" for an upload. Raises UnfitData."""
    if name == "text":
        told = "The help topics that come with Python, in English."
        return characters(python_topics(), window=window, seed=seed, source=told)
    from lab.storage import uploads_folder

    if not upload:
        raise UnfitData("Paste a text or choose a text file first.")
    words = load_text(upload, uploads or uploads_folder())
    told = f"A text of your own, {len(words):,} characters (SHA-256 {upload[:12]}…)."
    return characters(words, window=window, seed=seed, name="own_text", source=told)
