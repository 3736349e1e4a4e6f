"""The counting baseline: held to its formula written out with dictionaries, and to sums of 1."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from models.base import Array
from models.ngram import NGram

VOCABULARY = 6
TEXT = np.random.default_rng(0).integers(0, 5, 80)


def by_formula(tokens: list[int], order: int, context: tuple[int, ...], token: int) -> float:
    """Interpolated Kneser-Ney, written as in Chen and Goodman."""

    def counts(n: int) -> Counter[tuple[int, ...]]:
        if n == order:
            return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))
        longer = {tuple(tokens[i : i + n + 1]) for i in range(len(tokens) - n)}
        return Counter(run[1:] for run in longer)

    def probability(n: int, history: tuple[int, ...]) -> float:
        if n == 0:
            return 1 / VOCABULARY
        found = counts(n)
        ones, twos = (sum(c == k for c in found.values()) for k in (1, 2))
        discount = ones / (ones + 2 * twos) if ones and twos else 0.75
        followers: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for run, count in found.items():
            followers[run[:-1]].append(count)
        shorter = probability(n - 1, history[1:])
        if history not in followers:
            return shorter
        total = sum(followers[history])
        own = max(found[(*history, token)] - discount, 0) / total
        return own + discount * len(followers[history]) / total * shorter

    return probability(order, context[-(order - 1) :] if order > 1 else ())


@pytest.mark.parametrize("order", [1, 2, 3])
def test_it_is_the_formula(order: int) -> None:
    model = NGram(TEXT, order, VOCABULARY)
    for text in ([1, 2, 3], [0, 0, 0], [4, 1, 0], [5, 2, 1], [3, 5, 5]):
        wanted = by_formula(TEXT.tolist(), order, tuple(text[:-1]), text[-1])
        assert model.probabilities(np.array(text))[-1] == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("context", [[0, 1, 2], [4, 4, 4], [5, 1, 0], [2, 5, 5]])
def test_probabilities_sum_to_one(order: int, context: list[int]) -> None:
    model = NGram(TEXT, order, VOCABULARY)
    total = sum(model.probabilities(np.array([*context, token]))[-1] for token in range(VOCABULARY))
    assert total == pytest.approx(1.0, abs=1e-12)


def test_on_a_rule_it_finds_the_rule() -> None:
    text: Array = np.tile([0, 1, 2, 3], 200)
    assert NGram(text, 3, VOCABULARY).nats(text[:40])[2:].mean() < 0.01
    assert NGram(text, 1, VOCABULARY).nats(text[:40]).mean() == pytest.approx(np.log(4), abs=0.05)
