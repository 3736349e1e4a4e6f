"""Sequences as data, held against brute force: each answer found again, chance and optimum counted out."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lab.datasets.dataset import UnfitData
from lab.datasets.memory_tasks import COPIED, LETTERS, MEMORY_TASKS, memory_task
from lab.datasets.reber import ARROWS, SYMBOLS, chance_of_end, reber_loss
from lab.datasets.sequence import IGNORED
from lab.datasets.series import SERIES, own_series, series
from lab.datasets.text import UNKNOWN, characters, check_text, load_text, save_text, text
from lab.datasets.uploaded import check_csv

NAMES = list(MEMORY_TASKS)


def words(data: Any, row: int) -> list[str]:
    return [data.input_names[token] for token in data.test_inputs[row]]


# ---- each answer, found again from the sequence alone ----


def adding(data: Any, row: int) -> Any:
    return sum(float(number) for number, mark in data.test_inputs[row] if mark == 1)


def recall(data: Any, row: int) -> Any:
    return LETTERS.index(words(data, row)[0])


def copying(data: Any, row: int) -> Any:
    read = words(data, row)
    answers = [IGNORED] * len(read)
    answers[read.index("!") :] = [LETTERS.index(letter) for letter in read[:COPIED]]
    return answers


def order(data: Any, row: int) -> Any:
    special = [word for word in words(data, row) if word in "XY"]
    assert len(special) == 2
    return data.class_names.index(" ".join(special))


def parity(data: Any, row: int) -> Any:
    return int(sum(data.test_inputs[row].ravel()) % 2)


def running(data: Any, row: int) -> Any:
    odd, found = 0, []
    for bit in data.test_inputs[row].ravel():
        odd ^= int(bit)
        found.append(odd)
    return found


def counting(data: Any, row: int) -> Any:
    read = "".join(words(data, row)).rstrip("E") + "E"
    times = read.count("a")
    assert read[: 2 * times + 1] == "S" + "a" * times + "b" * times
    truth = [data.class_names.index(symbol) for symbol in "a" * times + "b" * times + "E"]
    return truth + [IGNORED] * (data.steps - len(truth))


def legal(word: str) -> bool:
    states = {"begin"}
    for symbol in word:
        states = {after for state in states for sign, after in ARROWS[state] if sign == symbol}
    return "end" in states


def grammar(data: Any, row: int) -> Any:
    full = "".join(words(data, row)) + data.class_names[int(data.test_targets[row, -1])]
    word = full.rstrip("E") + "E"
    assert word[0] == "B" and word[1] == word[-2] and legal(word[2:-2])
    scored = np.flatnonzero(data.test_scored[row])
    assert scored.tolist() == [len(word) - 3]
    truth = [SYMBOLS.index(symbol) for symbol in word[1:]]
    return truth + [IGNORED] * (data.steps - len(truth))


def reverse(data: Any, row: int) -> Any:
    return [LETTERS.index(letter) for letter in reversed(words(data, row))]


ORACLES: dict[str, Callable[[Any, int], Any]] = {
    "adding": adding, "recall": recall, "copy": copying, "temporal_order": order, "parity": parity,
    "running_parity": running, "reber": grammar, "anbn": counting, "reverse": reverse,
}  # fmt: skip


@pytest.mark.parametrize("lag", [10, 23])
@pytest.mark.parametrize("name", NAMES)
def test_every_answer_is_found_again_from_the_sequence(name: str, lag: int) -> None:
    data = memory_task(name, lag=lag, samples=20, test_samples=60, seed=3)
    targets = data.loss_targets("test")
    for row in range(60):
        np.testing.assert_allclose(targets[row], ORACLES[name](data, row), rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_tasks_are_seeded_and_their_parts_differ(name: str) -> None:
    one, same, other = (memory_task(name, lag=12, samples=50, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.train_inputs, same.train_inputs)
    np.testing.assert_array_equal(one.test_targets, same.test_targets)
    assert (one.train_inputs != other.train_inputs).any()
    assert (one.train_inputs[:50] != one.test_inputs[:50]).any()
    longer = memory_task(name, lag=12, samples=80, seed=1)
    np.testing.assert_array_equal(one.test_inputs, longer.test_inputs)


def test_the_exact_slopes_of_the_adding_problem_are_its_marks() -> None:
    data = memory_task("adding", lag=9, samples=5, test_samples=4)
    assert data.test_slopes is not None
    for row, step in itertools.product(range(4), range(9)):
        more = data.test_inputs[row].astype(np.float64).copy()
        more[step, 0] += 0.5
        slope = ((more[:, 0] * more[:, 1]).sum() - float(data.test_targets[row])) / 0.5
        assert data.test_slopes[row, step] == pytest.approx(slope, abs=1e-5)


# ---- chance and optimum, counted out ----


def test_chance_of_the_adding_problem_is_the_spread_of_its_sum() -> None:
    data = memory_task("adding", lag=20, samples=10, test_samples=40_000)
    assert data.chance == pytest.approx(float(np.var(data.test_targets)), rel=0.03)
    assert data.chance_loss == data.chance == 1 / 6


def test_chance_of_parity_at_each_step_over_all_bit_strings() -> None:
    lag = 6
    strings = list(itertools.product((0, 1), repeat=lag))
    right = nats = 0.0
    for step in range(lag):
        for bit in (0, 1):  # the best answer that sees the newest bit and the step, but nothing else
            odd = [sum(string[: step + 1]) % 2 for string in strings if string[step] == bit]
            share = max(float(np.mean(odd)), 1 - float(np.mean(odd)))
            right += share / 2 / lag
            nats -= sum(p * math.log(p) for p in (share, 1 - share) if p > 0) / 2 / lag
    level = MEMORY_TASKS["running_parity"].level(lag)
    assert (level.chance, level.chance_loss) == pytest.approx((right, nats))


def test_levels_of_counting_over_all_sequences() -> None:
    lag = 5
    pairs: dict[str, list[str]] = {}
    prefixes: dict[str, list[str]] = {}
    for times in range(1, lag + 1):
        word = "S" + "a" * times + "b" * times + "E"
        for place in range(len(word) - 1):
            pairs.setdefault(word[place], []).append(word[place + 1])
            prefixes.setdefault(word[: place + 1], []).append(word[place + 1])

    def nats(known: dict[str, list[str]]) -> float:
        total = sum(len(after) for after in known.values())
        each = [-math.log(after.count(symbol) / len(after)) for after in known.values() for symbol in after]
        return sum(each) / total

    level = MEMORY_TASKS["anbn"].level(lag)
    assert (level.chance_loss, level.optimum_loss) == pytest.approx((nats(pairs), nats(prefixes)))
    assert level.chance == 1 / lag


def all_words(longest: int) -> dict[str, float]:
    """Return every word of the embedded grammar with its chance, by walking the plain grammar."""
    plain: dict[str, float] = {}

    def walk(state: str, word: str, chance: float) -> None:
        if state == "end":
            plain[word] = plain.get(word, 0.0) + chance
        elif len(word) < longest:
            for symbol, after in ARROWS[state]:
                walk(after, word + symbol, chance / len(ARROWS[state]))

    walk("begin", "", 1.0)
    lengths = range(5, longest + 1)
    total = {length: sum(chance for word, chance in plain.items() if len(word) == length) for length in lengths}
    return {
        f"B{mark}{word}{mark}E": chance / total[len(word)] / len(lengths) / 2
        for word, chance in plain.items()
        for mark in "TP"
    }


def test_levels_of_the_grammar_over_all_words() -> None:
    longest = 9
    known = all_words(longest)
    assert sum(known.values()) == pytest.approx(1.0)
    answers = sum(chance * (len(word) - 1) for word, chance in known.items())
    entropy = -sum(chance * math.log(chance) for chance in known.values())
    assert reber_loss(longest) == pytest.approx((entropy / answers, 1 / answers))


def test_words_of_the_grammar_are_drawn_with_their_chance() -> None:
    known = all_words(6)
    data = memory_task("reber", lag=6, samples=1, test_samples=4000)
    drawn = ["".join(words(data, row)) + SYMBOLS[int(data.test_targets[row, -1])] for row in range(4000)]
    for word, chance in known.items():
        share = np.mean([one.rstrip("E") + "E" == word for one in drawn])
        assert share == pytest.approx(chance, abs=4 * math.sqrt(chance / 4000))
    assert chance_of_end("begin", 4) == 0.0


# ---- series ----


@pytest.mark.parametrize("changes", [False, True])
@pytest.mark.parametrize("name", list(SERIES))
def test_windows_of_a_series_are_its_values_in_the_order_of_time(name: str, changes: bool) -> None:
    data = series(name, window=7, changes=changes)
    values = data.series
    assert values is not None and np.isfinite(values).all() and len(values) == len(data.dates)
    learned = np.diff(values) if changes else values
    known = learned[: data.test_start - changes]
    for row, target in ((0, 7 + changes), (len(data.train_inputs) - 1, data.test_start - 1)):
        window = (learned[target - changes - 7 : target - changes] - known.mean()) / known.std()
        np.testing.assert_allclose(data.train_inputs[row, :, 0], window, rtol=1e-4, atol=1e-4)
    assert len(data.test_inputs) == len(values) - data.test_start
    np.testing.assert_allclose(data.forecasts(data.test_targets), values[data.test_start :], rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(data.forecasts(data.train_targets, "train"), data.truth("train"), rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(data.scaled_window(values[:-1]), data.test_inputs[-1], atol=1e-4)
    np.testing.assert_array_equal(data.before("test"), values[data.test_start - 1 : -1])


def test_known_values_of_the_series() -> None:
    spots = series("sunspots", window=5, changes=False)
    assert spots.series is not None and spots.dates[0] == "1700" and spots.series[0] == 5.0
    assert spots.dates[spots.test_start] == "1949" and len(spots.series) == 309
    air = series("co2", window=5, changes=False)
    assert air.series is not None and air.dates[air.test_start] == "1997-01" and air.season == 12
    assert air.series[0] == pytest.approx(316.1)  # one week of March 1958


def table(rows: list[str], head: str = "day,value") -> Any:
    return check_csv("\n".join([head, *rows]).encode(), "own.csv")


def days(count: int) -> list[str]:
    return [f"2026-{1 + place // 28:02d}-{1 + place % 28:02d},{math.sin(place):.4f}" for place in range(count)]


def test_an_own_series_is_put_in_order_and_its_gaps_are_filled() -> None:
    rows = days(80)
    rows[10] = rows[10].split(",")[0] + ","
    shuffled = own_series(table(rows[40:] + rows[:40]), "")
    assert shuffled.season == 7 and shuffled.dates[0] == "2026-01-01"
    assert shuffled.values[10] == pytest.approx((math.sin(9) + math.sin(11)) / 2, abs=1e-3)
    assert shuffled.values[50] == pytest.approx(math.sin(50), abs=1e-4)
    assert any("order of time" in note for note in shuffled.notes)
    assert any("gaps" in note for note in shuffled.notes)


@pytest.mark.parametrize(
    ("rows", "head", "column", "told"),
    [
        ([f"{place % 7},{place}" for place in range(60)], "kind,value", "", "no column of dates"),
        (days(60), "day,value", "day", "holds no numbers"),
        ([*days(59), days(1)[0]], "day,value", "", "names a date twice"),
        ([row.split(",")[0] + ",1" for row in days(60)], "day,value", "", "the same value everywhere"),
    ],
)
def test_an_unfit_series_is_told_what_to_do(rows: list[str], head: str, column: str, told: str) -> None:
    with pytest.raises(UnfitData, match=told):
        own_series(table(rows, head), column)


def test_a_series_too_short_for_its_window_says_so() -> None:
    with pytest.raises(UnfitData, match="shorter window"):
        series("own_series", window=60, changes=False, table=table(days(80)))


# ---- text ----


def test_windows_of_a_text_lie_side_by_side_and_ask_for_the_next_character() -> None:
    told = "".join(chr(97 + place * 7 % 26) for place in range(5000))
    data = characters(told, window=20, seed=4)
    assert data.text is not None and data.decode(data.text) == told
    joined = data.decode(data.train_inputs.ravel())
    assert joined in told[: data.test_start]
    np.testing.assert_array_equal(data.train_inputs[:, 1:], data.train_targets[:, :-1])
    np.testing.assert_array_equal(data.train_inputs[1:, 0], data.train_targets[:-1, -1])
    assert told[data.test_start :].startswith(data.decode(data.test_inputs[0]))
    assert data.decode(data.encode("cab")) == "cab"
    with pytest.raises(UnfitData, match="Write the beginning without"):
        data.encode("A")


def test_rare_characters_become_one() -> None:
    rare = "".join(chr(0x4E00 + place) for place in range(200))
    data = characters("the same again " * 300 + rare, window=20)
    assert len(data.input_names) == 120 and data.input_names[-1] == UNKNOWN
    assert data.decode(data.encode("thé")) == "th" + UNKNOWN


def test_the_help_of_python_is_a_text() -> None:
    data = text("text", window=50)
    assert data.text is not None and len(data.text) > 300_000
    shares = np.bincount(data.text[: data.test_start]) / data.test_start
    assert data.chance == pytest.approx(-sum(share * math.log(share) for share in shares if share > 0))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"  \n ", "no text"),
        (b"x" * 3000, "one single character"),
        (b"too short", "at least 2,000"),
        (b"\x00\x01" * 2000, "not a text file"),
        ("some words ".encode("utf-16") * 300, "UTF-16"),
        (b"ab" * 1_000_001, "at most 2 MB"),
        (b"\x89PNG\r\n\x1a\n" + b"a" * 3000, "not a text file"),
    ],
)
def test_an_unfit_text_is_told_what_to_do(data: bytes, told: str) -> None:
    with pytest.raises(UnfitData, match=told):
        check_text(data)


def test_a_text_is_stored_and_found_again(tmp_path: Any) -> None:
    told = ("Grüße, once more.\r\n" * 200).encode()
    digest = save_text(told, tmp_path)
    assert load_text(digest, tmp_path) == told.decode().replace("\r\n", "\n")
    for wrong in ("0" * 64, "../../etc/passwd", ""):
        with pytest.raises(UnfitData, match="no longer stored"):
            load_text(wrong, tmp_path)
    (tmp_path / f"{digest}.txt").write_bytes(b"changed")
    with pytest.raises(UnfitData, match="no longer stored"):
        load_text(digest, tmp_path)
