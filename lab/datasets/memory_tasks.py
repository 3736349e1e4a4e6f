"""The synthetic tasks by which the field measures memory; each seeded, with chance and optimum in closed form.

Chance is what the best answer reaches that knows the task but remembers nothing of the sequence; the optimum is what
perfect memory reaches. Sources: adding problem and temporal order, Hochreiter and Schmidhuber, "Long short-term memory"
(1997), experiments 4 and 6; copying, Arjovsky, Shah, Bengio, "Unitary evolution recurrent neural networks" (2016);
Reber grammar, Reber (1967), embedded by Smith and Zipser (1989); a^n b^n, Gers and Schmidhuber (2001); reversing,
Sutskever, Vinyals, Le (2014).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import log
from typing import Any, NamedTuple

import numpy as np

from lab.datasets.dataset import Array
from lab.datasets.reber import SYMBOLS as REBER
from lab.datasets.reber import draw_reber, reber_loss
from lab.datasets.sequence import Form, SequenceData

LETTERS = tuple("abcdefgh")
COPIED = 5  # symbols to be copied
TEST_SEQUENCES = 1000
ORDER = tuple("abcdXY")
BLANK, GO = 0, 1
Generator = np.random.Generator


class Drawn(NamedTuple):
    """Sequences of one part: inputs, targets, which answers count in the loss, and which in the score (None: all)."""

    inputs: Array
    targets: Array
    weights: Array | None = None
    scored: Array | None = None


@dataclass(frozen=True)
class Level:
    """Chance and optimum, in the task's metric and in its loss (nats or squared error of an answer that counts)."""

    chance: float
    optimum: float
    chance_loss: float
    optimum_loss: float


@dataclass(frozen=True)
class MemoryTask:
    """A task: draw(generator, count, lag) gives sequences, level(lag) chance and optimum. least: the shortest lag."""

    title: str
    told: str
    form: Form
    draw: Callable[[Generator, int, int], Drawn]
    level: Callable[[int], Level]
    input_names: tuple[str, ...]
    class_names: tuple[str, ...] = ()
    target_name: str = "answer"
    least: int = 1
    whole: bool = False
    metric: str = "accuracy"
    extra: dict[str, Any] = field(default_factory=dict)


def memory_task(
    name: str, *, lag: int, samples: int, seed: int = 0, test_samples: int = TEST_SEQUENCES
) -> SequenceData:
    """Return the task `name` at this lag, the same for the same arguments; names: MEMORY_TASKS.

    A lag below the task's shortest one counts as that. Raises KeyError for another name.
    """
    task = MEMORY_TASKS[name]
    lag = max(lag, task.least)
    place = list(MEMORY_TASKS).index(name)
    train = task.draw(np.random.default_rng([seed, 6, place, 0]), samples, lag)
    test = task.draw(np.random.default_rng([seed, 6, place, 1]), test_samples, lag)
    level = task.level(lag)
    return SequenceData(
        name=name, title=task.title, task="classification" if task.class_names else "regression", form=task.form,
        train_inputs=train.inputs, train_targets=train.targets, train_weights=train.weights,
        test_inputs=test.inputs, test_targets=test.targets, test_weights=test.weights, test_scored=test.scored,
        source=f"{task.told} {samples:,} sequences drawn with seed {seed}, {test_samples:,} others for the test.",
        target_name=task.target_name, input_names=task.input_names, class_names=task.class_names,
        whole=task.whole, lag=lag, metric=task.metric, chance=level.chance, optimum=level.optimum,
        chance_loss=level.chance_loss, optimum_loss=level.optimum_loss,
        test_slopes=test.inputs[:, :, 1].copy() if name == "adding" else None,
    )  # fmt: skip


# ---- what is drawn ----


def draw_adding(generator: Generator, count: int, lag: int) -> Drawn:
    """Numbers from 0 to 1, of which one in each half is marked: (count, lag, 2). Answer: the sum of the marked two."""
    numbers, marks, every = generator.uniform(size=(count, lag)), np.zeros((count, lag)), np.arange(count)
    marks[every, generator.integers(0, lag // 2, count)] = 1
    marks[every, generator.integers(lag // 2, lag, count)] = 1
    inputs = np.stack([numbers, marks], axis=-1).astype(np.float32)
    return Drawn(inputs, (inputs[..., 0] * inputs[..., 1]).sum(axis=1))


def draw_recall(generator: Generator, count: int, lag: int) -> Drawn:
    """One letter to keep, then `lag` random letters: (count, lag + 1) tokens. Answer: the first letter."""
    tokens = generator.integers(0, len(LETTERS), (count, lag + 1)).astype(np.int32)
    return Drawn(tokens, tokens[:, 0].copy())


def draw_copy(generator: Generator, count: int, lag: int) -> Drawn:
    """Letters, `lag` blanks, a signal, blanks: (count, lag + 10) tokens. Answer: the letters, from the signal on."""
    letters = generator.integers(2, 2 + len(LETTERS), (count, COPIED))
    tokens, targets = np.full((2, count, lag + 2 * COPIED), BLANK, np.int32)
    tokens[:, :COPIED], tokens[:, -COPIED] = letters, GO
    targets[:, -COPIED:] = letters - 2
    weights = np.zeros(tokens.shape, np.float32)
    weights[:, -COPIED:] = 1
    return Drawn(tokens, targets, weights)


def draw_order(generator: Generator, count: int, lag: int) -> Drawn:
    """Letters a to d with an X or Y in the second tenth and one in the sixth: (count, lag). Answer: which two."""
    tokens, every = generator.integers(0, 4, (count, lag)).astype(np.int32), np.arange(count)
    kinds = generator.integers(0, 2, (count, 2))
    for place, (low, high) in enumerate(((lag // 10, 2 * lag // 10), (5 * lag // 10, 6 * lag // 10))):
        tokens[every, generator.integers(low, max(high, low + 1), count)] = 4 + kinds[:, place]
    return Drawn(tokens, (2 * kinds[:, 0] + kinds[:, 1]).astype(np.int32))


def draw_parity(generator: Generator, count: int, lag: int) -> Drawn:
    """Bits: (count, lag, 1). Answer: whether the number of ones is odd."""
    bits = generator.integers(0, 2, (count, lag))
    return Drawn(bits[..., np.newaxis].astype(np.float32), (bits.sum(axis=1) % 2).astype(np.int32))


def draw_running_parity(generator: Generator, count: int, lag: int) -> Drawn:
    """Bits: (count, lag, 1). Answer at each step: whether the number of ones so far is odd."""
    bits = generator.integers(0, 2, (count, lag))
    return Drawn(bits[..., np.newaxis].astype(np.float32), (bits.cumsum(axis=1) % 2).astype(np.int32))


def draw_counting(generator: Generator, count: int, lag: int) -> Drawn:
    """S, n times a, n times b, n from 1 to `lag`: (count, 2 lag + 1). Answer at each step: the next one, E at the end.

    Scored are the answers that n decides: those from the first b on. Behind the end stands E, which does not count.
    """
    times = generator.integers(1, lag + 1, count)[:, np.newaxis]
    places = np.arange(2 * lag + 2)
    tokens = np.select([places == 0, places <= times, places <= 2 * times], [0, 1, 2], 3).astype(np.int32)
    weights = (places[:-1] <= 2 * times).astype(np.float32)
    scored = (places[:-1] > times) & (places[:-1] <= 2 * times)
    return Drawn(tokens[:, :-1], tokens[:, 1:].copy(), weights, scored)


def draw_reverse(generator: Generator, count: int, lag: int) -> Drawn:
    """`lag` letters: (count, lag) tokens. Answer: the letters from the last to the first."""
    tokens = generator.integers(0, len(LETTERS), (count, lag)).astype(np.int32)
    return Drawn(tokens, tokens[:, ::-1].copy())


def draw_grammar(generator: Generator, count: int, lag: int) -> Drawn:
    """Words of the embedded Reber grammar; answer at each step: the next symbol. Scored is the one to be remembered."""
    return Drawn(*draw_reber(generator, count, lag))


# ---- chance and optimum ----


def _one_of(kinds: int) -> Callable[[int], Level]:
    return lambda lag: Level(1 / kinds, 1.0, log(kinds), 0.0)


def _running(lag: int) -> Level:
    """The first answer is the first bit itself; all others are a coin without memory."""
    return Level(0.5 + 0.5 / lag, 1.0, (lag - 1) / lag * log(2), 0.0)


def _counting(lag: int) -> Level:
    """Without memory, another a follows an a with one chance, likewise a b; and a best guess fits one n only."""
    change = 2 / (lag + 1)  # share of the letters a that are the last one
    doubt = -change * log(change) - (1 - change) * log(1 - change) if lag > 1 else 0.0
    answers = lag + 2  # of a sequence, on average: 1 + 2 n
    return Level(1 / lag, 1.0, (lag + 1) * doubt / answers, log(lag) / answers)


def _grammar(lag: int) -> Level:
    optimum, share = reber_loss(lag)
    return Level(0.5, 1.0, optimum + share * log(2), optimum)


MEMORY_TASKS: dict[str, MemoryTask] = {
    "adding": MemoryTask(
        "Adding problem", "Two of the numbers are marked; what is their sum?", "last", draw_adding,
        lambda lag: Level(1 / 6, 0.0, 1 / 6, 0.0), ("number", "mark"), target_name="sum", least=2, metric="mse",
    ),
    "recall": MemoryTask(
        "Recall the first letter", "After random letters, which was the first?", "last", draw_recall,
        _one_of(len(LETTERS)), LETTERS, LETTERS, target_name="first letter",
    ),
    "copy": MemoryTask(
        "Copying", f"{COPIED} letters, a pause, a signal: write them again.", "every", draw_copy,
        _one_of(len(LETTERS)), ("·", "!", *LETTERS), LETTERS, target_name="letter",
    ),
    "temporal_order": MemoryTask(
        "Temporal order", "Among other letters stand two, each X or Y: in which order?", "last", draw_order,
        _one_of(4), ORDER, ("X X", "X Y", "Y X", "Y Y"), target_name="order", least=10,
    ),
    "parity": MemoryTask(
        "Parity", "Is the number of ones odd?", "last", draw_parity,
        _one_of(2), ("bit",), ("even", "odd"), target_name="parity",
    ),
    "running_parity": MemoryTask(
        "Parity, asked at each step", "Is the number of ones so far odd?", "every", draw_running_parity,
        _running, ("bit",), ("even", "odd"), target_name="parity",
    ),
    "reber": MemoryTask(
        "Embedded Reber grammar", "Which symbol comes next? The last but one repeats the second.", "every",
        draw_grammar, _grammar, REBER, REBER, target_name="next symbol", least=5,
    ),
    "anbn": MemoryTask(
        "As many b as a", "n times a, then n times b, then the end: which comes next?", "every", draw_counting,
        _counting, tuple("SabE"), tuple("SabE"), target_name="next symbol", whole=True,
    ),
    "reverse": MemoryTask(
        "Reversing", "Read all letters, then write them from the last to the first.", "sequence", draw_reverse,
        _one_of(len(LETTERS)), LETTERS, LETTERS, target_name="letter",
    ),
}  # fmt: skip
