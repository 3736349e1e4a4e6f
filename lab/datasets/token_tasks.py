"""Small tasks for a Transformer, as sequences of tokens: seeded, with the chance level of each.

Most tasks are questions with an answer. They are laid out for each kind of network: a decoder reads question, sign and
answer in one line and is asked at the answer alone; an encoder-decoder gets the question as its source; an encoder
answers in place, below the question. Recall asks a decoder at the key itself, the last sign of the question.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np

from lab.datasets.dataset import Array, Part, UnfitData

Kind = Literal["decoder", "encoder", "encoder_decoder"]
PADDING, ANSWER, END = "·", "=", "¶"  # fills up; stands between question and answer; closes an answer
NOT_ASKED = -1  # target where nothing is asked
SMALL, LARGE, DIGITS = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
FIRST_DAY, DAYS = date(1900, 1, 1), 54787  # to the end of 2049
SHORTEST_RUN, LONGEST_RUN = 8, 16  # of an induction sequence


@dataclass(frozen=True, eq=False)
class TokenTask:
    """Sequences of tokens, split into a training and a test part.

    inputs: (n, T) int32; targets: (n, T) int32, the token to say at each place, NOT_ASKED where nothing is asked;
    sources: (n, S) int32 of an encoder-decoder, else None; vocabulary: how each token is written, token 0 fills up.
    chance: share right of who knows the rules of the task but not how to solve it; chance_reason: a sentence on that.
    end: the token that closes an answer, which counts in the loss and not among the answers. opens: the sign before an
    answer, "" where the last sign of a question asks. encode: typed text to tokens (n,), with a plain UnfitData where
    it cannot be read. characters_per_token: of a text in pieces, else 1.
    """

    name: str
    title: str
    kind: Kind
    train_inputs: Array
    train_targets: Array
    test_inputs: Array
    test_targets: Array
    vocabulary: tuple[str, ...]
    source: str
    chance: float
    chance_reason: str
    encode: Callable[[str], Array]
    train_sources: Array | None = None
    test_sources: Array | None = None
    end: int = -2
    opens: str = ANSWER
    characters_per_token: float = 1.0
    notes: tuple[str, ...] = ()

    def features(self, part: Part, most: int | None = None) -> Array | tuple[Array, Array]:
        """Return what the network gets: (n, T), or sources and inputs."""
        inputs = self.train_inputs if part == "train" else self.test_inputs
        sources = self.train_sources if part == "train" else self.test_sources
        return inputs[:most] if sources is None else (sources[:most], inputs[:most])

    def targets(self, part: Part, most: int | None = None) -> Array:
        """Return what is to be said at each place: (n, T)."""
        return (self.train_targets if part == "train" else self.test_targets)[:most]

    def written(self, tokens: Array) -> list[str]:
        """Return how tokens are written."""
        return [self.vocabulary[int(one)] for one in tokens]

    def summary(self) -> dict[str, Any]:
        """Return what a page says of the data, as JSON values."""
        return {
            "name": self.name, "title": self.title, "kind": self.kind, "source": self.source,
            "train": len(self.train_inputs), "test": len(self.test_inputs), "length": self.train_inputs.shape[1],
            "source_length": 0 if self.train_sources is None else self.train_sources.shape[1],
            "vocabulary": list(self.vocabulary), "chance": self.chance, "chance_reason": self.chance_reason,
            "characters_per_token": self.characters_per_token, "notes": list(self.notes),
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class Pairs:
    """Questions and answers as text, before they are laid out; longest: characters of the longest of each."""

    title: str
    source: str
    alphabet: str
    questions: list[str]
    answers: list[str]
    longest: tuple[int, int]
    chance: float
    chance_reason: str


# ---- questions and answers ----


def letters(generator: np.random.Generator, count: int, length: int, alphabet: str) -> list[str]:
    """Return words of random letters, each between half of `length` and `length` long."""
    lengths = generator.integers(max(1, (length + 1) // 2), length + 1, count)
    drawn = np.array(list(alphabet))[generator.integers(0, len(alphabet), (count, length))]
    return ["".join(row[:size]) for row, size in zip(drawn, lengths, strict=True)]


def copy(generator: np.random.Generator, count: int, length: int) -> Pairs:
    """Say a word again."""
    words = letters(generator, count, length, SMALL)
    told = "Words of random letters, to be said again. A guess is right once in 26 times."
    return Pairs("Copy", told, SMALL, words, words, (length, length), 1 / 26, "26 letters are equally likely.")


def reverse(generator: np.random.Generator, count: int, length: int) -> Pairs:
    """Say a word backwards."""
    words = letters(generator, count, length, SMALL)
    told = "Words of random letters, to be said backwards. A guess is right once in 26 times."
    turned = [word[::-1] for word in words]
    return Pairs("Reverse", told, SMALL, words, turned, (length, length), 1 / 26, "26 letters are equally likely.")


def sort(generator: np.random.Generator, count: int, length: int) -> Pairs:
    """Say the letters of a word in the order of the alphabet."""
    words = letters(generator, count, length, SMALL)
    ordered = ["".join(sorted(word)) for word in words]
    return Pairs(
        "Sort", "Words of random letters, to be put in the order of the alphabet.", SMALL, words, ordered,
        (length, length), 1 / length, "Any letter of the word would be right once in as many times as it has letters.",
    )  # fmt: skip


def recall(generator: np.random.Generator, count: int, length: int) -> Pairs:
    """Remember which capital letter stood behind which small one: "aKcD...c" asks for D."""
    pairs = min(length, len(SMALL))
    keys = np.argsort(generator.random((count, len(SMALL))), axis=1)[:, :pairs]  # no key twice
    values = np.argsort(generator.random((count, len(LARGE))), axis=1)[:, :pairs]
    asked = generator.integers(0, pairs, count)
    questions, answers = [], []
    for row, place in enumerate(asked):
        line = "".join(SMALL[key] + LARGE[value] for key, value in zip(keys[row], values[row], strict=True))
        questions.append(line + SMALL[keys[row, place]])
        answers.append(LARGE[values[row, place]])
    return Pairs(
        "Associative recall", f"{pairs} pairs of a small and a capital letter, then a small one: which stood by it?",
        SMALL + LARGE, questions, answers, (2 * pairs + 1, 1), 1 / pairs,
        f"Who knows the {pairs} capital letters but not which belongs where is right once in {pairs} times.",
    )  # fmt: skip


def addition(generator: np.random.Generator, count: int, length: int) -> Pairs:
    """Add two numbers; the answer is written from its last digit on, as one adds on paper."""
    numbers = generator.integers(0, 10**length, (count, 2))
    questions = [f"{one:0{length}d}+{two:0{length}d}" for one, two in numbers]
    answers = [f"{one + two:0{length + 1}d}"[::-1] for one, two in numbers]
    return Pairs(
        "Addition", f"Two random numbers of {length} digits; the sum is written from its last digit on.",
        DIGITS + "+", questions, answers, (2 * length + 1, length + 1), 0.1 + 0.4 / (length + 1),
        "A digit is guessed once in 10 times, the first one (0 or 1) every second time.",
    )  # fmt: skip


def dates(generator: np.random.Generator, count: int, length: int) -> Pairs:
    """Turn a date as people write it into the ISO form."""
    days = [FIRST_DAY + timedelta(days=int(day)) for day in generator.integers(0, DAYS, count)]
    ways = generator.integers(0, len(WAYS), count)
    questions = [WAYS[way](day) for way, day in zip(ways, days, strict=True)]
    alphabet = "".join(sorted({sign for month in MONTHS for sign in month} | set(DIGITS + " ,.-/")))
    return Pairs(
        "Written dates", "Days from 1900 to 2049 in five ways of writing them, to be written as 1999-03-05.",
        alphabet, questions, [day.isoformat() for day in days], (18, 10), 0.1,
        "Most signs are digits, and a digit is guessed once in 10 times.",
    )  # fmt: skip


WAYS: tuple[Callable[[date], str], ...] = (
    lambda day: f"{day.day} {MONTHS[day.month - 1]} {day.year}",
    lambda day: f"{MONTHS[day.month - 1]} {day.day}, {day.year}",
    lambda day: f"{day.day}.{day.month}.{day.year}",
    lambda day: f"{day.month}/{day.day}/{day.year}",
    lambda day: f"{day.day} {MONTHS[day.month - 1][:3]} {day.year}",
)


def parity(generator: np.random.Generator, count: int, length: int) -> Pairs:
    """Is the number of ones odd?"""
    bits = generator.integers(0, 2, (count, length))
    questions = ["".join(map(str, row)) for row in bits]
    return Pairs(
        "Parity", f"{length} random bits: 1 if the number of ones is odd, else 0.", "01", questions,
        [str(int(row.sum()) % 2) for row in bits], (length, 1), 0.5, "Both answers are equally likely.",
    )  # fmt: skip


def parity_steps(generator: np.random.Generator, count: int, length: int) -> Pairs:
    """The same, with the parity of all bits so far written down bit by bit."""
    bits = generator.integers(0, 2, (count, length))
    questions = ["".join(map(str, row)) for row in bits]
    answers = ["".join(map(str, np.cumsum(row) % 2)) for row in bits]
    return Pairs(
        "Parity, step by step", f"{length} random bits; after each, whether the ones so far are odd.", "01", questions,
        answers, (length, length), 0.5, "Both answers are equally likely.",
    )  # fmt: skip


MAKERS: dict[str, Callable[[np.random.Generator, int, int], Pairs]] = {
    "copy": copy, "reverse": reverse, "sort": sort, "recall": recall, "addition": addition, "dates": dates,
    "parity": parity, "parity_steps": parity_steps,
}  # fmt: skip
USUAL_LENGTH = {
    "copy": 10, "reverse": 10, "sort": 10, "recall": 8, "addition": 3, "dates": 1, "parity": 16, "parity_steps": 16,
    "induction": 48,
}  # fmt: skip
MOST_LENGTH = {"recall": 26, "addition": 6, "parity": 64, "parity_steps": 64, "induction": 128}


# ---- layouts ----


def task(name: str, *, kind: Kind = "decoder", length: int = 0, examples: int = 8000, tests: int = 1000,
         seed: int = 0) -> TokenTask:  # fmt: skip
    """Return a task; length: letters, pairs, digits, bits or tokens, 0: as it is usually posed.

    Raises UnfitData where the kind of network cannot be asked that way.
    """
    length = min(length or USUAL_LENGTH[name], MOST_LENGTH.get(name, 40))
    generator = np.random.default_rng([seed, 11])
    if name == "induction":
        if kind != "decoder":
            raise UnfitData("Induction is read from left to right. Choose the decoder.")
        return induction(generator, examples, tests, length)
    pairs = distinct(MAKERS[name](generator, examples + tests, length), tests)
    return laid_out(name, pairs, kind, tests)


def distinct(pairs: Pairs, tests: int) -> Pairs:
    """Return the pairs without training questions that are asked in the test, too: the last `tests` are the test.

    Where there are so few questions that most would go (short parities), all stay.
    """
    asked = set(pairs.questions[-tests:])
    kept = [place for place, question in enumerate(pairs.questions[:-tests]) if question not in asked]
    if len(kept) < 0.5 * (len(pairs.questions) - tests):
        return pairs
    places = [*kept, *range(len(pairs.questions) - tests, len(pairs.questions))]
    questions, answers = ([texts[place] for place in places] for texts in (pairs.questions, pairs.answers))
    return Pairs(**{**vars(pairs), "questions": questions, "answers": answers})


def laid_out(name: str, pairs: Pairs, kind: Kind, tests: int) -> TokenTask:
    """Lay questions and answers out for a kind of network."""
    signs = (PADDING, ANSWER, END, *pairs.alphabet)
    index = {sign: place for place, sign in enumerate(signs)}
    at_the_end = name == "recall" and kind == "decoder"
    layout = at_the_last_sign if at_the_end else LAYOUTS[kind]
    lines = [layout(*texts) for texts in zip(pairs.questions, pairs.answers, strict=True)]
    sources, inputs, targets = ([line[part] for line in lines] for part in range(3))
    question, answer = pairs.longest
    width = {"decoder": question + answer + 1, "encoder": max(question, answer), "encoder_decoder": answer + 1}[kind]
    width = question if at_the_end else width
    train, test = slice(None, len(lines) - tests), slice(len(lines) - tests, None)
    tokens, wanted = block(inputs, width, index), block(targets, width, index)
    wanted = np.where(wanted == 0, NOT_ASKED, wanted)
    given = block(sources, question, index) if kind == "encoder_decoder" else None

    return TokenTask(
        name=name, title=pairs.title, kind=kind, vocabulary=signs, source=pairs.source, chance=pairs.chance,
        chance_reason=pairs.chance_reason, train_inputs=tokens[train], train_targets=wanted[train],
        test_inputs=tokens[test], test_targets=wanted[test], encode=reader(index, question), end=index[END],
        opens="" if at_the_end else ANSWER,
        train_sources=None if given is None else given[train], test_sources=None if given is None else given[test],
    )  # fmt: skip


def in_one_line(question: str, answer: str) -> tuple[str, str, str]:
    """Return source, inputs and targets for a decoder: it is asked from the sign between question and answer on."""
    return "", f"{question}{ANSWER}{answer}", f"{PADDING * len(question)}{answer}{END}"


def at_the_last_sign(question: str, answer: str) -> tuple[str, str, str]:
    """Return source, inputs and targets for a decoder: one sign is asked, where the question's own last sign stands."""
    return "", question, f"{PADDING * (len(question) - 1)}{answer}"


def with_source(question: str, answer: str) -> tuple[str, str, str]:
    """Return source, inputs and targets for an encoder-decoder."""
    return question, f"{ANSWER}{answer}", f"{answer}{END}"


def in_place(question: str, answer: str) -> tuple[str, str, str]:
    """Return source, inputs and targets for an encoder."""
    return "", question, answer


LAYOUTS: dict[str, Callable[[str, str], tuple[str, str, str]]] = {
    "decoder": in_one_line, "encoder": in_place, "encoder_decoder": with_source,
}  # fmt: skip


def block(lines: list[str], width: int, index: dict[str, int]) -> Array:
    """Return lines of text as tokens, filled up to one width: (n, width) int32."""
    return np.array([[index[sign] for sign in line.ljust(width, PADDING)] for line in lines], np.int32)


def reader(index: dict[str, int], longest: int) -> Callable[[str], Array]:
    """Return a function that turns a typed question into tokens, and says plainly what it cannot read."""

    def encode(text: str) -> Array:
        strange = sorted({sign for sign in text if sign not in index})
        if strange:
            allowed = "".join(sign for sign in index if sign not in (PADDING, ANSWER, END))
            listed = ", ".join(f'"{sign}"' for sign in strange[:5])
            raise UnfitData(f"This network never saw {listed}. It knows these signs: {allowed}")
        if not text:
            raise UnfitData("Type a question first.")
        if len(text) > longest:
            raise UnfitData(f"Questions have at most {longest} signs here, and this one has {len(text)}.")
        return np.array([index[sign] for sign in text], np.int32)

    return encode


# ---- a run that repeats ----


def induction(generator: np.random.Generator, examples: int, tests: int, length: int) -> TokenTask:
    """Return sequences in which a random run of 8 to 16 signs repeats; its length is drawn for each sequence.

    Asked is every sign from the second time on: with a run of fixed length positions alone would tell it, so this task
    needs a look at what followed the same sign before. No sign is twice in a run.
    """
    alphabet = SMALL + LARGE + DIGITS
    signs = (PADDING, *alphabet)
    index = {sign: place for place, sign in enumerate(signs)}
    count = examples + tests
    periods = generator.integers(SHORTEST_RUN, LONGEST_RUN + 1, count)[:, np.newaxis]
    runs = 1 + np.argsort(generator.random((count, len(alphabet))), axis=1)[:, :LONGEST_RUN]
    places = np.arange(length + 1)
    tokens = np.take_along_axis(runs, places % periods, axis=1).astype(np.int32)
    targets = np.where(places[1:] >= periods, tokens[:, 1:], NOT_ASKED).astype(np.int32)
    train, test = slice(None, examples), slice(examples, None)
    return TokenTask(
        name="induction", title="Induction", kind="decoder", vocabulary=signs,
        source="A run of 8 to 16 random signs, repeated; what follows is asked from the second time on.",
        train_inputs=tokens[train, :-1], train_targets=targets[train], test_inputs=tokens[test, :-1],
        test_targets=targets[test], chance=float(np.mean(1 / periods)), encode=reader(index, length),
        chance_reason="Who knows the signs of the run but not their order is right once in 8 to 16 times.",
    )  # fmt: skip
