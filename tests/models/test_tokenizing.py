"""Text to tokens and back, and clear answers for what cannot be read."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from lab.datasets.dataset import UnfitData
from models.tokenizing import (
    END_OF_TEXT,
    UNKNOWN,
    Tokenizer,
    UnreadableText,
    byte_pairs,
    characters,
    load_tokenizer,
)

DATA = Path(__file__).resolve().parents[1] / "data"
TEXTS = ["the cat sat on the mat", "the dog sat on the log", "the frog sat on the bog"]
ODD = ["naïve café", "😀 and 👩‍👩‍👧", "שלום עולם", "日本語", "tab\tand\nline", "   spaces   ", "\u0000"]


@pytest.fixture(scope="module")
def pairs() -> Tokenizer:
    return byte_pairs(TEXTS, 300)


@pytest.fixture(scope="module")
def pieces() -> Tokenizer:
    return load_tokenizer(DATA / "tiny-bert")


def test_training_has_no_chance_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    first = byte_pairs(TEXTS, 290).engine.to_str()
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    assert byte_pairs(TEXTS, 290).engine.to_str() == first


def test_the_first_pair_is_the_most_frequent_one(pairs: Tokenizer) -> None:
    counts: dict[str, int] = {}
    for text in TEXTS:
        for place, word in enumerate(text.split(" ")):
            spelled = f" {word}" if place else word  # a space belongs to the word behind it
            for a, b in pairwise(spelled):
                counts[a + b] = counts.get(a + b, 0) + 1
    first = json.loads(pairs.engine.to_str())["model"]["merges"][0]
    assert counts["".join(first).replace("Ġ", " ")] == max(counts.values())


@pytest.mark.parametrize("text", [*TEXTS, *ODD])
def test_bytes_spell_every_text(pairs: Tokenizer, text: str) -> None:
    assert pairs.decode(pairs.ids(text)) == text


def test_a_small_vocabulary_has_no_room_for_pairs() -> None:
    with pytest.raises(UnfitData, match="more than 257 tokens"):
        byte_pairs(TEXTS, 257)


@pytest.mark.parametrize("text", ["a b\nc", "ünïcödé", "x"])
def test_characters_are_their_own_tokens(text: str) -> None:
    tokenizer = characters(text)
    reading = tokenizer.read(text, 100)
    assert list(reading.texts) == list(text)
    assert tokenizer.decode(reading.ids) == text
    assert tokenizer.size == len(set(text)) + 1


def test_an_unknown_character_is_named() -> None:
    reading = characters("abc").read("abz!", 10)
    assert list(reading.texts) == ["a", "b", UNKNOWN, UNKNOWN]
    assert reading.notes == (f"The model does not know “z”, “!”: there it reads {UNKNOWN}.",)


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_nothing_to_read_is_said(pairs: Tokenizer, pieces: Tokenizer, text: str) -> None:
    for tokenizer in (pairs, pieces, characters("abc ")):
        with pytest.raises(UnreadableText, match="Type at least one word"):
            tokenizer.read(text, 100)


def test_too_much_to_read_is_said_with_numbers(pairs: Tokenizer, pieces: Tokenizer) -> None:
    with pytest.raises(UnreadableText, match=r"has \d+ tokens, and at most 8"):
        pairs.read("the cat sat on the mat and then it sat on the log", 8)
    assert len(pieces.read("the bank " * 20, 64).ids) == 42, "the file's own truncation must not cut a text silently"
    with pytest.raises(UnreadableText, match="characters"):
        pairs.read("a" * 30_000, 100_000)


def test_half_a_letter_is_refused(pairs: Tokenizer) -> None:
    with pytest.raises(UnreadableText, match="half a letter"):
        pairs.read("a\ud83d", 10)


def test_an_emoji_is_spelled_by_bytes_and_said(pairs: Tokenizer) -> None:
    reading = pairs.read("cat 😀", 20)
    assert list(reading.texts[-4:]) == ["‹F0›", "‹9F›", "‹98›", "‹80›"]
    assert any("“😀”" in note and "byte" in note for note in reading.notes)


def test_an_emoji_unknown_to_pieces_is_said(pieces: Tokenizer) -> None:
    reading = pieces.read("the 😀 bank", 20)
    assert "[UNK]" in reading.texts
    assert reading.notes[0] == "The model does not know “😀”: there it reads [UNK]."


def test_right_to_left_is_said(pairs: Tokenizer) -> None:
    assert any("right to left" in note for note in pairs.read("שלום", 20).notes)
    assert pairs.read("the cat", 20).notes == ()


def test_a_single_token_is_said(pairs: Tokenizer, pieces: Tokenizer) -> None:
    assert any("single token" in note for note in pairs.read("a", 20).notes)
    reading = pieces.read("the", 20)
    assert list(reading.texts) == ["[CLS]", "the", "[SEP]"]
    assert reading.added.tolist() == [True, False, True]
    assert any("single token" in note for note in reading.notes)


def test_places_point_at_the_text(pieces: Tokenizer) -> None:
    text = "The River bank"
    reading = pieces.read(text, 20)
    spelled = "".join(text[a:b] for a, b in zip(reading.starts, reading.ends, strict=True)).lower()
    assert spelled == "theriverbank"


def test_the_end_of_a_text_has_an_id(pairs: Tokenizer) -> None:
    assert pairs.end_of_text == 0 and pairs.texts[0] == END_OF_TEXT
    assert characters("ab").end_of_text is None


def test_both_layouts_of_gpt2_give_the_same_tokens(tmp_path: Path) -> None:
    apart = load_tokenizer(DATA / "tiny-gpt2")
    apart.save(tmp_path / "tokenizer.json")
    whole = load_tokenizer(tmp_path)
    for text in [*TEXTS, *ODD]:
        np.testing.assert_array_equal(apart.ids(text), whole.ids(text))
        assert apart.decode(apart.ids(text)) == text


def test_a_missing_or_damaged_tokenizer_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnfitData, match=r"neither tokenizer\.json nor"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UnfitData, match="cannot be read"):
        load_tokenizer(tmp_path)
