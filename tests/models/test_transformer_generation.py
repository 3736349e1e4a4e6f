"""Writing: with and without cache the same, and drawn as temperature, top-k and top-p say."""

from typing import Any

import numpy as np
import pytest

from models.transformer_generation import GREEDY, Sampling, distribution, generate
from tests.models.test_transformer import SHAPES, shaken, tokens

WRITERS = {name: one for name, one in SHAPES.items() if one.get("kind") != "encoder"}


@pytest.mark.parametrize("name", WRITERS)
def test_the_cache_changes_no_number(name: str) -> None:
    """Also against the whole model, read anew for every token, which knows nothing of caches."""
    settings: dict[str, Any] = {"context": 20, **WRITERS[name]}
    model, a = shaken(**settings)
    prompt, source = tokens(count=1, length=3)[0], tokens(1, 5, 1)[0]
    more = {"source": source} if a.kind == "encoder_decoder" else {}
    sampling = Sampling(temperature=1.3, seed=4)
    kept, anew = (generate(model, a, prompt, 6, sampling=sampling, cache=cache, **more) for cache in (True, False))
    np.testing.assert_array_equal(kept.tokens, anew.tokens)
    np.testing.assert_allclose(kept.top_probabilities, anew.top_probabilities, atol=1e-5)
    whole = np.concatenate([prompt, kept.tokens])[np.newaxis]
    logits = np.asarray(model([source[np.newaxis], whole] if more else whole))[0, 2:-1]
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    np.testing.assert_allclose(kept.top_probabilities, -np.sort(-shares, -1)[:, :10], atol=1e-5)


def test_a_second_text_owes_nothing_to_the_first() -> None:
    model, a = shaken(positions="rotary", token_shift=True)
    first = generate(model, a, [3, 4, 5, 6], 4)
    generate(model, a, [9, 8, 7, 1, 2], 4)
    again = generate(model, a, [3, 4, 5, 6], 4)
    np.testing.assert_array_equal(first.tokens, again.tokens)
    np.testing.assert_array_equal(first.top_probabilities, again.top_probabilities)


def test_greedy_takes_the_likeliest_and_stops_at_the_end() -> None:
    model, a = shaken(positions="rotary")
    found = generate(model, a, [3, 4], 8)
    np.testing.assert_array_equal(found.tokens, found.top_ids[:, 0])
    end = int(found.tokens[2])
    stopped = generate(model, a, [3, 4], 8, end=end)
    first = found.tokens.tolist().index(end)
    assert stopped.tokens.tolist() == found.tokens[: first + 1].tolist()


def test_learned_positions_end_the_text() -> None:
    model, a = shaken(positions="learned")
    assert len(generate(model, a, tokens(count=1, length=7)[0], 50).tokens) == a.context - 7 + 1


LOGITS = np.log(np.array([0.5, 0.25, 0.15, 0.1]))


@pytest.mark.parametrize(
    ("sampling", "wanted"),
    [
        (Sampling(), [0.5, 0.25, 0.15, 0.1]),
        (GREEDY, [1, 0, 0, 0]),
        (Sampling(top_k=2), [2 / 3, 1 / 3, 0, 0]),
        (Sampling(top_p=0.6), [2 / 3, 1 / 3, 0, 0]),
        (Sampling(top_p=0.75), [2 / 3, 1 / 3, 0, 0]),
        (Sampling(top_p=0.76), [5 / 9, 2.5 / 9, 1.5 / 9, 0]),
        (Sampling(top_p=0.0), [1, 0, 0, 0]),
        (Sampling(top_k=9, top_p=1.0), [0.5, 0.25, 0.15, 0.1]),
        (Sampling(temperature=0.5), np.array([0.25, 0.0625, 0.0225, 0.01]) / 0.345),
    ],
)
def test_what_can_be_drawn(sampling: Sampling, wanted: list[float]) -> None:
    np.testing.assert_allclose(
        distribution(LOGITS - (1e-12 if sampling.top_p == 0.75 else 0), sampling), wanted, atol=1e-9
    )


def test_draws_come_as_often_as_their_probability_says() -> None:
    generator, shares = np.random.default_rng(0), distribution(LOGITS, Sampling(temperature=2.0))
    drawn = np.bincount(generator.choice(4, 4000, p=shares), minlength=4) / 4000
    np.testing.assert_allclose(drawn, shares, atol=0.03)


def test_seeds_repeat_and_differ() -> None:
    model, a = shaken(positions="rotary")
    one, same, other = (generate(model, a, [3], 12, sampling=Sampling(2.0, seed=seed)).tokens for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_encoders_do_not_write() -> None:
    model, a = shaken(kind="encoder")
    with pytest.raises(ValueError, match="does not write"):
        generate(model, a, [3], 2)
