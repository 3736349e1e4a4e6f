"""What chance and counting reach on token tasks: knowing the rules alone, the most frequent token, n-grams.

n-grams are interpolated as by Witten and Bell, "The zero-frequency problem", IEEE Transactions on Information Theory 37
(1991): a context that was seen with many different tokens behind it trusts the shorter context more.
"""

from time import perf_counter

import numpy as np

from lab.datasets.token_tasks import TokenTask
from models.base import Array, Baseline
from models.transformer_look import MEASURED

ORDERS = {2: "Bigram", 3: "Trigram", 5: "5-gram"}


def baselines(data: TokenTask) -> list[Baseline]:
    """Return share right of chance and of n-grams, and the n-grams' loss in nats, on the test sequences of a run."""
    found = [Baseline("Chance", "test_accuracy", data.chance, 0.0)]
    for order, name in {1: "Most frequent token", **ORDERS}.items():
        started = perf_counter()
        shares = NGram(data.train_inputs, data.train_targets, order, len(data.vocabulary)).right(
            data.test_inputs[:MEASURED], data.test_targets[:MEASURED]
        )
        asked = data.test_targets[:MEASURED] >= 0
        answers = asked & (data.test_targets[:MEASURED] != data.end)
        seconds = perf_counter() - started
        found.append(Baseline(name, "test_accuracy", float(shares[1][answers].mean()), seconds))
        found.append(Baseline(name, "test_loss", float(-np.log(shares[0][asked]).mean()), seconds))
    return found


def contexts(inputs: Array, length: int, vocabulary: int) -> Array:
    """Return a number for the last `length` tokens at each place, (n, T) int64; before the first there are none."""
    codes = np.zeros(inputs.shape, np.int64)
    for back in range(length):
        moved = np.zeros_like(codes)
        moved[:, back:] = inputs[:, : inputs.shape[1] - back] + 1
        codes = codes * (vocabulary + 1) + moved
    return codes


class NGram:
    """Counts of which token was right behind which `order` - 1 tokens, for all orders up to this one."""

    def __init__(self, inputs: Array, targets: Array, order: int, vocabulary: int) -> None:
        self.order, self.vocabulary = order, vocabulary
        asked = targets >= 0
        self.tables = []
        for length in range(order):
            codes = contexts(inputs, length, vocabulary)[asked]
            self.tables.append(counted(codes, targets[asked], vocabulary))

    def right(self, inputs: Array, targets: Array) -> tuple[Array, Array]:
        """Return the probability of the right token, and whether the likeliest one is right: two (n, T).

        The likeliest is that behind the longest context that was seen in training.
        """
        shares = np.full(targets.shape, 1.0 / self.vocabulary)
        best = np.zeros(targets.shape, np.int64)
        for length, (known, totals, kinds, likeliest, pairs, counts) in enumerate(self.tables):
            codes = contexts(inputs, length, self.vocabulary)
            place, seen = found_in(known, codes)
            pair, both = found_in(pairs, place * self.vocabulary + np.maximum(targets, 0))
            count = np.where(seen & both, counts[pair], 0)
            total, kind = np.where(seen, totals[place], 0), np.where(seen, kinds[place], 0)
            shares = (count + kind * shares) / np.maximum(total + kind, 1e-9) * seen + shares * ~seen
            best = np.where(seen, likeliest[place], best)
        return shares, best == targets


def counted(codes: Array, targets: Array, vocabulary: int) -> tuple[Array, ...]:
    """Return contexts, how often and with how many tokens each was seen, its likeliest, and the counts of pairs."""
    known, place = np.unique(codes, return_inverse=True)
    pairs, counts = np.unique(place.astype(np.int64) * vocabulary + targets, return_counts=True)
    owner = pairs // vocabulary
    order = np.lexsort((counts, owner))  # the last of each owner is its most frequent
    last = order[np.append(np.diff(owner[order]) > 0, True)]
    return known, np.bincount(place), np.bincount(owner), pairs[last] % vocabulary, pairs, counts


def found_in(known: Array, wanted: Array) -> tuple[Array, Array]:
    """Return where each wanted number stands among known ones, which rise, and whether it is there at all."""
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return place, known[place] == wanted
