"""Text as tokens, single characters or pieces (BPE), for a network that guesses the next one.

The text is the help that comes with Python, or a visitor's own. The first nine tenths are learned from, also by the
pieces; the last tenth is held out.
Byte-pair encoding: Sennrich, Haddow and Birch, "Neural machine translation of rare words with subword units", ACL 2016.
"""

import hashlib
import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from lab.datasets.dataset import Array, UnfitData
from lab.datasets.token_tasks import TokenTask

MOST_BYTES, LEAST_CHARACTERS, MOST_SIGNS = 2_000_000, 2_000, 120
TEST_SHARE = 0.1
OTHER = "�"  # stands for all characters beyond the 119 most frequent
MOST_STORED = 100
DIGEST = re.compile(r"[0-9a-f]{64}")
Encode = Callable[[str], Array]


def python_topics() -> str:
    """Return the help topics that come with Python, in the order of their names: about 465,000 characters."""
    from pydoc_data.topics import topics

    return "\n\n".join(topics[name] for name in sorted(topics))


# ---- a text of one's own ----


def check_text(data: bytes) -> str:
    """Return a visitor's text. Raises UnfitData with what is wrong and what to do."""
    if not data.strip():
        raise UnfitData("There is no text. Paste some, or choose a text file of at least 2,000 characters.")
    if len(data) > MOST_BYTES:
        raise UnfitData(f"The text has {len(data) / 1e6:.1f} MB; at most 2 MB can be learned. Keep a part of it.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnfitData("The file is text in UTF-16. Save it in UTF-8.")
    if any(code in data for code in (*range(9), 11, *range(14, 32), 127)):
        raise UnfitData("This is not a text file. Choose plain text: no document, picture or archive.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) < LEAST_CHARACTERS:
        raise UnfitData(f"The text has {len(text):,} characters; at least 2,000 are needed to learn from.")
    if len(set(text)) < 2:
        raise UnfitData("The text repeats one single character, so there is nothing to guess. Choose another text.")
    return text


def store_text(data: bytes, folder: Path) -> str:
    """Check a text, store it as `<digest>.txt`, and return its SHA-256. Raises UnfitData.

    At most 100 texts are kept; those read longest ago go first.
    """
    check_text(data)
    digest = hashlib.sha256(data).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).replace(folder / f"{digest}.txt")
    finally:
        Path(temporary).unlink(missing_ok=True)
    _drop_oldest(folder, digest)
    return digest


def _drop_oldest(folder: Path, digest: str) -> None:
    used: list[tuple[float, Path]] = []
    for path in folder.glob("*.txt"):
        with suppress(OSError):  # another process may drop the same file at the same time
            used.append((path.stat().st_mtime, path))
    for _, path in sorted(used)[: max(len(used) - MOST_STORED, 0)]:
        if path.stem != digest:
            path.unlink(missing_ok=True)


def stored_text(digest: str, folder: Path) -> str:
    """Return the stored text with this SHA-256. Raises UnfitData where it is not, or no longer, stored."""
    path = folder / f"{digest}.txt"
    data = b""
    if DIGEST.fullmatch(digest):
        with suppress(OSError):
            data = path.read_bytes()
            os.utime(path)
    if hashlib.sha256(data).hexdigest() != digest:
        raise UnfitData("The chosen text is no longer stored on this server. Choose or paste it again.")
    return check_text(data)


def text_of(upload: str) -> tuple[str, str]:
    """Return a text and where it comes from: Python's help for "", else the visitor's own. Raises UnfitData."""
    if not upload:
        return python_topics(), "The help topics that come with Python, in English."
    from lab.storage import uploads_folder

    words = stored_text(upload, uploads_folder())
    return words, f"A text of your own, {len(words):,} characters (SHA-256 {upload[:12]}…)."


# ---- as tokens ----


def text_task(words: str, source: str, *, pieces: int = 0, length: int = 64, examples: int = 8000, tests: int = 200,
              seed: int = 0, name: str = "text") -> TokenTask:  # fmt: skip
    """Return windows of a text, each token to be followed by the next.

    pieces: size of the vocabulary of BPE pieces, 0: single characters. Windows of the training part begin where the
    seed says, those of the test part lie side by side. Raises UnfitData where the text is too short.
    """
    start = int(len(words) * (1 - TEST_SHARE))
    vocabulary, encode = _pieces(words[:start], pieces) if pieces else _signs(words)
    train, test = encode(words[:start]), encode(words[start:])
    if len(train) < 4 * length or len(test) <= length:
        raise UnfitData(
            f"A text of {len(words):,} characters is too short for windows of {length}. Choose shorter ones."
        )
    places = np.random.default_rng([seed, 12]).integers(0, len(train) - length, examples)
    taught = train[places[:, np.newaxis] + np.arange(length + 1)]
    held = test[np.arange((len(test) - 1) // length)[:tests, np.newaxis] * length + np.arange(length + 1)]
    shares = np.bincount(train, minlength=len(vocabulary)) / len(train)
    return TokenTask(
        name=name, title="Text, piece by piece" if pieces else "Text, character by character", kind="decoder",
        train_inputs=taught[:, :-1], train_targets=taught[:, 1:], test_inputs=held[:, :-1], test_targets=held[:, 1:],
        vocabulary=vocabulary, source=source, chance=float(shares.max()), encode=_spoken(encode, vocabulary),
        chance_reason="Always guessing the most frequent token.", characters_per_token=len(words[start:]) / len(test),
    )  # fmt: skip


def _signs(words: str) -> tuple[tuple[str, ...], Encode]:
    """Return the characters as a vocabulary, OTHER first, and the function that turns text into tokens."""
    common = sorted(sign for sign, _ in Counter(words).most_common(MOST_SIGNS - 1))
    vocabulary = (OTHER, *common)
    index = {sign: place for place, sign in enumerate(vocabulary)}
    return vocabulary, lambda text: np.array([index.get(sign, 0) for sign in text], np.int32)


def _pieces(words: str, size: int) -> tuple[tuple[str, ...], Encode]:
    """Return pieces learned from a text, and the function that turns text into them."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    learner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    learner.train_from_iterator(words.split("\n\n"), trainer)
    vocabulary = tuple(learner.decode([number]) for number in range(learner.get_vocab_size()))
    return vocabulary, lambda text: np.array(learner.encode(text).ids, np.int32)


def _spoken(encode: Encode, vocabulary: tuple[str, ...]) -> Encode:
    """Return a function that turns a visitor's words into tokens, and says plainly what cannot be read."""

    def checked(text: str) -> Array:
        if not text:
            raise UnfitData("Type some text first.")
        tokens = encode(text)
        if vocabulary[0] == OTHER and not tokens.any():
            raise UnfitData("None of these characters is in the text that was learned. Type some of its letters.")
        return tokens

    return checked


def text(name: str, *, pieces: int, upload: str = "", **more: Any) -> TokenTask:
    """Return Python's help or an own text as "characters" or "pieces". Raises UnfitData."""
    words, source = text_of(upload)
    return text_task(words, source, pieces=pieces if name == "pieces" else 0, name=name, **more)
