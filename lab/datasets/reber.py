"""The embedded Reber grammar: words whose last symbol but one repeats the second, with any number of steps between.

B, then T or P, then a word of the plain grammar, then the same T or P, then E. The length of the plain word is drawn
evenly from 5 to the longest allowed, and the word by the grammar's coins among those of that length: so the lag can be
chosen, which plain drawing leaves to luck. All probabilities are exact, by counting paths.
"""

from functools import cache
from math import log

import numpy as np

from lab.datasets.dataset import Array

SYMBOLS = tuple("BTSXPVE")
SHORTEST = 5  # symbols of the shortest plain word
# The plain grammar: from a state, the symbols that may follow with equal chance, and the states behind them.
ARROWS: dict[str, tuple[tuple[str, str], ...]] = {
    "begin": (("B", "first"),),
    "first": (("T", "upper"), ("P", "lower")),
    "upper": (("S", "upper"), ("X", "bridge")),
    "lower": (("T", "lower"), ("V", "fork")),
    "bridge": (("X", "lower"), ("S", "last")),
    "fork": (("P", "bridge"), ("V", "last")),
    "last": (("E", "end"),),
    "end": (),
}


@cache
def chance_of_end(state: str, steps: int) -> float:
    """Return the chance that the plain grammar ends after exactly so many further symbols."""
    if state == "end" or steps == 0:
        return float(state == "end" and steps == 0)
    arrows = ARROWS[state]
    return sum(chance_of_end(after, steps - 1) for _, after in arrows) / len(arrows)


def plain_word(generator: np.random.Generator, length: int) -> str:
    """Draw a word of the plain grammar among those of this length, each with its share of the grammar's chance."""
    state, word = "begin", ""
    while state != "end":
        left = length - len(word) - 1
        shares = np.array([chance_of_end(after, left) for _, after in ARROWS[state]])
        symbol, state = ARROWS[state][int(generator.choice(len(shares), p=shares / shares.sum()))]
        word += symbol
    return word


def draw_reber(generator: np.random.Generator, count: int, longest: int) -> tuple[Array, Array, Array, Array]:
    """Return inputs, next symbols, weights and what is scored, each (count, longest + 3).

    Inputs and next symbols are indices into SYMBOLS; a word that has ended goes on with E, which has no weight. Scored
    is the answer that repeats the second symbol.
    """
    lengths = generator.integers(SHORTEST, longest + 1, count)
    marks = generator.choice(["T", "P"], count)
    words = [f"B{mark}{plain_word(generator, length)}{mark}E" for mark, length in zip(marks, lengths, strict=True)]
    index = {symbol: place for place, symbol in enumerate(SYMBOLS)}
    tokens = np.array([[index[symbol] for symbol in word.ljust(longest + 4, "E")] for word in words], np.int32)
    places = np.arange(longest + 3)
    ends = lengths[:, np.newaxis] + 3  # places whose next symbol still belongs to the word
    return tokens[:, :-1], tokens[:, 1:].copy(), (places < ends).astype(np.float32), places == ends - 2


@cache
def reber_loss(longest: int) -> tuple[float, float]:
    """Return the least mean loss of a next symbol that a perfect memory reaches, in nats, and which share is scored.

    The entropy of a word is that of the mark, of the length, and of the plain word given its length; its answers are
    all symbols but the first. Knowing the longest length, perfect memory spreads just that entropy over the answers.
    """
    lengths = range(SHORTEST, longest + 1)
    inner = [_entropy(length) for length in lengths]
    word = log(2) + log(len(lengths)) + sum(inner) / len(inner)
    answers = sum(length + 3 for length in lengths) / len(lengths)
    return word / answers, 1 / answers


def _entropy(length: int) -> float:
    """Return the entropy of a plain word of this length, in nats."""
    reached = {"begin": 1.0}  # chance to be in a state after so many symbols, given the length
    entropy = 0.0
    for left in range(length - 1, -1, -1):
        following: dict[str, float] = {}
        for state, chance in reached.items():
            shares = np.array([chance_of_end(after, left) for _, after in ARROWS[state]])
            shares = shares / shares.sum()
            entropy -= chance * float(sum(share * log(share) for share in shares if share > 0))
            for (_, after), share in zip(ARROWS[state], shares, strict=True):
                if share > 0:
                    following[after] = following.get(after, 0.0) + chance * float(share)
        reached = following
    return entropy
