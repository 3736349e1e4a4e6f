"""What counting alone reaches: an n-gram model, the baseline of every language model before neural ones.

Interpolated Kneser-Ney smoothing (Kneser and Ney, 1995; Chen and Goodman, "An empirical study of smoothing techniques",
1999) with one discount for each order: P(w | h) = max(c(h w) - D, 0) / c(h) + D N(h .) / c(h) x P(w | h without its
first word). The longest order counts occurrences, shorter ones in how many different contexts a run of tokens was seen.
"""

from dataclasses import dataclass

import numpy as np

from models.base import Array

ABSENT = -1


@dataclass(frozen=True)
class Order:
    """Runs of n tokens.

    keys: (runs,) int64, sorted: number of its first n - 1 tokens among the shorter runs times the vocabulary, plus its
    last token. probability: (runs,) the discounted share of each run in its context. rest: (shorter runs,) what a
    context leaves to shorter ones; 1 where nothing followed.
    """

    keys: Array
    probability: Array
    rest: Array

    def find(self, keys: Array) -> Array:
        """Return which run each key is, ABSENT for none."""
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[places] == keys, places, ABSENT)


class NGram:
    """An n-gram model of rows of tokens. tokens: (n,) what it counts; order: longest run; vocabulary: all tokens."""

    def __init__(self, tokens: Array, order: int, vocabulary: int) -> None:
        self.vocabulary = vocabulary
        runs, places = _numbered(tokens, order, vocabulary)
        self.orders: list[Order] = []
        for n in range(1, order + 1):
            if n == order:
                counts = np.bincount(places[n - 1][n - 1 :], minlength=len(runs[n - 1]))
            else:  # of each longer run, once: the run it ends with
                _, first = np.unique(places[n][n:], return_index=True)
                counts = np.bincount(places[n - 1][n:][first], minlength=len(runs[n - 1]))
            contexts = len(runs[n - 2]) if n > 1 else 1
            self.orders.append(_order(runs[n - 1], counts, contexts, vocabulary))

    def probabilities(self, tokens: Array) -> Array:
        """Return the probability of each token given those before it: (n,) to (n,) float64; the first has none."""
        tokens = np.asarray(tokens, np.int64)
        found = np.full(len(tokens), 1.0 / self.vocabulary)
        before = np.zeros(len(tokens), np.int64)  # number of the context of n - 1 tokens before each token
        for order in self.orders:
            known = before != ABSENT
            runs = np.where(known, order.find(np.where(known, before, 0) * self.vocabulary + tokens), ABSENT)
            own = np.where(runs != ABSENT, order.probability[runs], 0.0)
            found = np.where(known, own + order.rest[np.where(known, before, 0)] * found, found)
            before = np.concatenate([[ABSENT], runs[:-1]])
        return found

    def nats(self, tokens: Array) -> Array:
        """Return the loss of every token but the first: (n,) to (n - 1,)."""
        return -np.log(self.probabilities(tokens)[1:])


def _numbered(tokens: Array, order: int, vocabulary: int) -> tuple[list[Array], list[Array]]:
    """Return, for each length n up to `order`, the sorted keys of all runs, and the number of the run that ends at each
    place (n,), ABSENT where it would begin before the text."""
    tokens = np.asarray(tokens, np.int64)
    keys, places = [], []
    before = np.zeros(len(tokens), np.int64)
    for n in range(1, order + 1):
        found, numbers = np.unique(before[n - 1 :] * vocabulary + tokens[n - 1 :], return_inverse=True)
        keys.append(found)
        places.append(np.concatenate([np.full(n - 1, ABSENT), numbers]))
        before = np.concatenate([[ABSENT], places[-1][:-1]])
    return keys, places


def _order(keys: Array, counts: Array, contexts: int, vocabulary: int) -> Order:
    context = keys // vocabulary
    ones, twos = int((counts == 1).sum()), int((counts == 2).sum())
    discount = ones / (ones + 2 * twos) if ones and twos else 0.75
    total = np.bincount(context, counts, minlength=contexts)
    safe = np.maximum(total, 1)
    probability = np.maximum(counts - discount, 0.0) / safe[context]
    lost = np.minimum(counts, discount)  # a count below the discount gives all it has
    rest = np.where(total > 0, np.bincount(context, lost, minlength=contexts) / safe, 1.0)
    return Order(keys, probability, rest)
