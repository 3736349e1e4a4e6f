"""Scores of heads on patterns made by hand, whose kind is known."""

import numpy as np
import pytest

from models.attention_scores import even_attention, head_scores, head_types, rollout, summed, without_sink
from models.views.transformer import HEAD_SCORES

RUN = np.array([1, 2, 3, 4, 1, 2, 3, 4])  # repeats after four
T = len(RUN)


def pattern(target) -> np.ndarray:
    """Return attention in which row i looks at place target(i) alone."""
    found = np.zeros((T, T))
    for row in range(T):
        found[row, target(row)] = 1.0
    return found


HEADS = {
    "previous token": pattern(lambda row: max(row - 1, 0)),
    "first token": pattern(lambda row: 0),
    "duplicate token": pattern(lambda row: row - 4 if row >= 4 else row),
    "induction": pattern(lambda row: row - 3 if row >= 4 else 0),
    "itself": pattern(lambda row: row),
    "spread evenly": even_attention(T),
}
SCORE = {"previous token": "previous", "first token": "first", "duplicate token": "duplicate", "induction": "induction",
         "itself": "self"}  # fmt: skip


@pytest.mark.parametrize("name", HEADS)
def test_a_head_made_by_hand_is_named(name: str) -> None:
    scores = head_scores(HEADS[name], RUN)
    assert str(head_types(scores, RUN)) == name
    if name in SCORE:
        assert scores[HEAD_SCORES.index(SCORE[name])] == pytest.approx(1.0)
        assert scores[0] == pytest.approx(0.0, abs=1e-6)
    else:
        assert scores[0] == pytest.approx(1.0, abs=1e-6)


def test_scores_follow_their_definition() -> None:
    generator = np.random.default_rng(0)
    attention = np.tril(generator.random((T, T)))
    attention /= attention.sum(-1, keepdims=True)
    rows = range(1, T)
    entropy = np.mean([-sum(p * np.log(p) for p in attention[i, : i + 1]) / np.log(i + 1) for i in rows])
    distance = np.mean([sum(attention[i, j] * abs(i - j) for j in range(T)) for i in range(T)])
    induction = np.mean([attention[i, i - 3] for i in range(4, T)])
    found = head_scores(attention, RUN)
    np.testing.assert_allclose(found[[0, 1]], np.array([entropy, distance]), rtol=1e-5)
    np.testing.assert_allclose(found[2], np.mean([attention[i, i - 1] for i in range(2, T)]), rtol=1e-5)
    np.testing.assert_allclose(found[3], np.mean(attention[2:, 0]), rtol=1e-5)
    np.testing.assert_allclose(found[4], np.mean([attention[i, i - 4] for i in range(4, T)]), rtol=1e-5)
    np.testing.assert_allclose(found[5:], np.array([induction, np.mean(np.diag(attention))]), rtol=1e-5)


def test_many_heads_at_once_are_scored_as_one_by_one() -> None:
    stacked = np.stack([list(HEADS.values())[:3], list(HEADS.values())[3:]])
    found = head_scores(stacked, RUN)
    assert found.shape == (2, 3, 7)
    np.testing.assert_array_equal(found[1, 2], head_scores(HEADS["spread evenly"], RUN))


def test_without_repeats_there_is_no_induction() -> None:
    assert not head_scores(even_attention(4), np.arange(4))[4:6].any()


def test_rollout_multiplies_layer_by_layer() -> None:
    attention = np.random.default_rng(1).dirichlet(np.ones(4), (3, 2, 4))
    found = rollout(attention)
    mixed = np.eye(4)
    for layer in range(3):
        mixed = (0.5 * attention[layer].mean(0) + 0.5 * np.eye(4)) @ mixed
        np.testing.assert_allclose(found[layer], mixed, rtol=1e-5)
    np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-5)


def test_without_the_sink_the_rest_keeps_its_proportions() -> None:
    attention = np.array([[1.0, 0, 0], [0.5, 0.5, 0], [0.8, 0.15, 0.05]])
    np.testing.assert_allclose(without_sink(attention), np.array([[0, 0, 0], [0, 1, 0], [0, 0.75, 0.25]]), atol=1e-6)


def test_chosen_rows_are_summed() -> None:
    attention = np.arange(9.0).reshape(1, 3, 3)
    np.testing.assert_array_equal(summed(attention, np.array([0, 2])), [[6.0, 8.0, 10.0]])
