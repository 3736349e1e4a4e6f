"""Token tasks against brute force: answers, layouts, what is asked, chance, and what cannot be read."""

import datetime
import re
import string
from typing import Any

import numpy as np
import pytest

from lab.datasets.characters import check_text, store_text, stored_text, text_task
from lab.datasets.dataset import UnfitData
from lab.datasets.token_tasks import MAKERS, NOT_ASKED, TokenTask, task

SIZES: dict[str, Any] = {"examples": 120, "tests": 40}
PAIRS = sorted(MAKERS)


def solved(name: str, question: str) -> str:
    """Return the right answer to a question, found without the generator."""
    if name in ("copy", "reverse", "sort"):
        return {"copy": question, "reverse": "".join(reversed(question)), "sort": "".join(sorted(question))}[name]
    if name == "recall":
        return question[question[:-1].index(question[-1]) + 1]
    if name == "addition":
        return str(int(eval(re.sub(r"\b0+(?=\d)", "", question)))).zfill(4)[::-1]
    if name == "parity":
        return str(question.count("1") % 2)
    if name == "parity_steps":
        return "".join(str(question[: end + 1].count("1") % 2) for end in range(len(question)))
    return read_date(question)


def read_date(question: str) -> str:
    for way in ("%d %B %Y", "%B %d, %Y", "%d.%m.%Y", "%m/%d/%Y", "%d %b %Y"):
        try:
            return datetime.datetime.strptime(question, way).date().isoformat()
        except ValueError:
            continue
    raise AssertionError(question)


def lines(data: TokenTask, part: str) -> list[tuple[str, str]]:
    """Return questions and what is asked as text, for any layout."""
    inputs, targets = getattr(data, f"{part}_inputs"), getattr(data, f"{part}_targets")
    sources = getattr(data, f"{part}_sources")
    found = []
    for row in range(len(inputs)):
        given = "".join(data.written(inputs[row] if sources is None else sources[row])).rstrip("·")
        said = "".join(data.written(targets[row][targets[row] != NOT_ASKED]))
        found.append((given.split("=")[0], said))
    return found


@pytest.mark.parametrize("kind", ["decoder", "encoder", "encoder_decoder"])
@pytest.mark.parametrize("name", PAIRS)
def test_answers_are_right(name: str, kind: Any) -> None:
    data = task(name, kind=kind, **SIZES)
    for part in ("train", "test"):
        for question, said in lines(data, part):
            closed = kind == "encoder_decoder" or (kind == "decoder" and name != "recall")
            assert said == solved(name, question) + ("¶" if closed else "")


@pytest.mark.parametrize("name", [name for name in PAIRS if name != "recall"])
def test_a_decoder_reads_what_it_has_to_say_one_place_later(name: str) -> None:
    data = task(name, **SIZES)
    for inputs, targets in zip(data.train_inputs, data.train_targets, strict=True):
        asked = np.flatnonzero(targets != NOT_ASKED)
        assert data.vocabulary[inputs[asked[0]]] == "=" and (np.diff(asked) == 1).all()
        np.testing.assert_array_equal(inputs[asked[1:]], targets[asked[:-1]])
        assert data.vocabulary[targets[asked[-1]]] == "¶" and targets[asked[-1]] == data.end


def test_recall_asks_a_decoder_at_the_key_itself() -> None:
    """One look needs the asked key in the token that looks: asked behind it, one layer could not know it."""
    data = task("recall", length=5, **SIZES)
    assert data.opens == "" and data.train_inputs.shape[1] == 2 * 5 + 1
    for inputs, targets in zip(data.train_inputs, data.train_targets, strict=True):
        np.testing.assert_array_equal(np.flatnonzero(targets != NOT_ASKED), [10])
        key = inputs[10]
        assert data.vocabulary[key].islower() and inputs[list(inputs).index(key) + 1] == targets[10]


def test_induction_repeats_and_asks_only_what_can_be_known() -> None:
    data, periods = task("induction", **SIZES), set()
    for inputs, targets in zip(data.train_inputs, data.train_targets, strict=True):
        whole = np.append(inputs, targets[-1])
        period = next(size for size in range(1, 20) if (whole[size:] == whole[:-size]).all())
        assert len(set(whole[:period])) == period
        periods.add(period)
        np.testing.assert_array_equal(targets != NOT_ASKED, np.arange(1, 49) >= period)
        np.testing.assert_array_equal(targets[period - 1 :], whole[period:])
        for place in range(period - 1 + 1, 48):  # brute force: what followed the same sign before
            before = [back for back in range(place) if inputs[back] == inputs[place]]
            if before:
                assert whole[before[-1] + 1] == targets[place]
    assert periods == set(range(8, 17))


@pytest.mark.parametrize("name", [*PAIRS, "induction"])
def test_the_seed_fixes_the_task(name: str) -> None:
    one, same, other = (task(name, seed=seed, **SIZES) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.train_inputs, same.train_inputs)
    assert (one.test_inputs != other.test_inputs).any()


@pytest.mark.parametrize("name", ["copy", "recall", "addition"])
def test_no_test_question_was_in_training(name: str) -> None:
    data = task(name, examples=2000, tests=300)
    taught = {question for question, _ in lines(data, "train")}
    assert not taught & {question for question, _ in lines(data, "test")}


def test_chance_is_what_a_guesser_reaches() -> None:
    generator = np.random.default_rng(0)
    data = task("recall", examples=50, tests=3000, length=4)
    hits = [generator.choice(re.findall("[A-Z]", question)) == said[0] for question, said in lines(data, "test")]
    assert np.mean(hits) == pytest.approx(data.chance, abs=0.03)
    data = task("addition", examples=50, tests=3000)
    hits = [
        [sign == guess for sign, guess in zip(said, guessed, strict=False)]
        for _, said in lines(data, "test")
        for guessed in [f"{generator.integers(0, 1000):03d}{generator.integers(0, 2)}"]
    ]  # fmt: skip
    assert np.mean(hits) == pytest.approx(data.chance, abs=0.03)


def test_questions_that_cannot_be_read_are_told_why() -> None:
    data = task("copy", **SIZES)
    assert data.written(data.encode("abc")) == ["a", "b", "c"]
    for typed, words in (("", "Type"), ("ab🙂", "never saw"), ("שלום", "never saw"), ("a" * 11, "at most 10")):
        with pytest.raises(UnfitData, match=words):
            data.encode(typed)


@pytest.mark.parametrize("kind", ["encoder", "encoder_decoder"])
def test_induction_is_for_decoders(kind: Any) -> None:
    with pytest.raises(UnfitData, match="decoder"):
        task("induction", kind=kind)


# ---- text ----

WORDS = " ".join(
    f"the {word} sat on the {other}." for word in string.ascii_lowercase for other in string.ascii_lowercase
)


@pytest.mark.parametrize("pieces", [0, 300])
def test_text_is_followed_by_itself(pieces: int) -> None:
    data = text_task(WORDS, "", pieces=pieces, length=16, examples=50)
    np.testing.assert_array_equal(data.train_inputs[:, 1:], data.train_targets[:, :-1])
    for row in data.train_inputs:
        assert "".join(data.written(row)) in WORDS
    held = "".join("".join(data.written(row)) for row in data.test_inputs)
    assert held in WORDS[int(len(WORDS) * 0.9) - 1 :]
    assert "".join(data.written(data.encode("the cat sat"))) == "the cat sat"
    counts = np.bincount(data.encode(WORDS[: int(len(WORDS) * 0.9)]))
    assert data.chance == pytest.approx(counts.max() / counts.sum())


def test_pieces_are_fewer_than_characters_and_count_them() -> None:
    data = text_task(WORDS, "", pieces=300, length=16, examples=50)
    held = WORDS[int(len(WORDS) * 0.9) :]
    assert data.characters_per_token == pytest.approx(len(held) / len(data.encode(held)))
    assert data.characters_per_token > 1.5


@pytest.mark.parametrize(
    ("data", "words"),
    [(b" ", "no text"), (b"abc", "at least 2,000"), (b"a" * 3000, "one single"), (b"\x00" * 3000, "not a text"),
     (b"\xff\xfe" + b"a" * 3000, "UTF-16"), (b"ab" * 1_100_000, "at most 2 MB")],
)  # fmt: skip
def test_unfit_texts_are_told_why(data: bytes, words: str) -> None:
    with pytest.raises(UnfitData, match=words):
        check_text(data)


def test_a_stored_text_comes_back_and_nothing_else_does(tmp_path: Any) -> None:
    digest = store_text(WORDS.encode(), tmp_path)
    assert stored_text(digest, tmp_path) == WORDS
    for wrong in ("0" * 64, "../secret", ""):
        with pytest.raises(UnfitData, match="no longer stored"):
            stored_text(wrong, tmp_path)


def test_strange_characters_of_a_prompt_become_one_sign() -> None:
    data = text_task(WORDS, "", length=16, examples=50)
    assert data.written(data.encode("the 🙂")) == ["t", "h", "e", " ", "�"]
    with pytest.raises(UnfitData, match="None of these"):
        data.encode("🙂🙂")
