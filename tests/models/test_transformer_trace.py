"""The trace of a text: equal to the model itself, each step recomputed; surgery, logit lens, contributions of heads."""

from typing import Any

import numpy as np
import pytest

from models import transformer_trace
from models.attention_scores import head_scores
from models.transformer_trace import Surgery
from tests.models.test_transformer import SHAPES, Oracle, shaken, tokens

trace: Any = transformer_trace.trace  # its fields may be None, which the tests would have to deny each time
DECODER = {"activation": "gelu_tanh"}


@pytest.mark.parametrize("name", SHAPES)
def test_the_trace_ends_where_the_model_ends(name: str) -> None:
    model, a = shaken(**SHAPES[name])
    ids, source = tokens(count=1), tokens(1, 5, 1)
    both = a.kind == "encoder_decoder"
    out = np.asarray(model([source, ids] if both else ids))[0]
    found = trace(model, a, ids[0], source=source[0] if both else None)
    if not a.predicts:
        np.testing.assert_allclose(found.final, out, atol=1e-5)
        mean = out.mean(0) / np.linalg.norm(out.mean(0))
        np.testing.assert_allclose(found.sentence_embedding, mean, atol=1e-5)
        return
    order = np.argsort(-out, axis=-1)
    np.testing.assert_allclose(found.top_logits, np.take_along_axis(out, order, -1), atol=1e-4)
    shares = np.exp(out) / np.exp(out).sum(-1, keepdims=True)
    np.testing.assert_allclose(found.top_probabilities, np.take_along_axis(shares, order, -1), atol=1e-5)


def test_every_step_follows_from_the_one_before() -> None:
    model, a = shaken(**DECODER)
    ids = tokens(count=1)[0]
    t, o = trace(model, a, ids), Oracle(model, a)
    np.testing.assert_allclose(t.stream[0], t.embedded + t.positioned, atol=1e-6)
    for layer in range(2):
        name, size = f"block_{layer + 1}_", 4
        np.testing.assert_allclose(t.normalized[layer], o.norm(f"{name}attention_norm", t.stream[layer]), atol=1e-4)
        fused = o.linear(f"{name}qkv", t.normalized[layer])
        for head in range(2):
            q, k, v = (fused[:, part * 8 + head * size : part * 8 + (head + 1) * size] for part in range(3))
            np.testing.assert_allclose(t.queries[layer, head], q, atol=1e-4)
            np.testing.assert_allclose(t.scores[layer, head], q @ k.T / np.sqrt(size), atol=1e-4)
            shares = np.exp(np.where(np.tri(7) > 0, t.scores[layer, head], -np.inf))
            np.testing.assert_allclose(t.attention[layer, head], shares / shares.sum(-1, keepdims=True), atol=1e-5)
            np.testing.assert_allclose(t.mixed[layer, head], t.attention[layer, head] @ v, atol=1e-4)
        joined = t.mixed[layer].transpose(1, 0, 2).reshape(7, 8)
        np.testing.assert_allclose(t.attention_out[layer], o.linear(f"{name}attention_out", joined), atol=1e-4)
        np.testing.assert_allclose(t.middle[layer], t.stream[layer] + t.attention_out[layer], atol=1e-5)
        np.testing.assert_allclose(t.mlp_hidden[layer], o.bend(o.linear(f"{name}mlp_up", t.mlp_in[layer])), atol=1e-4)
        np.testing.assert_allclose(t.stream[layer + 1], t.middle[layer] + t.mlp_out[layer], atol=1e-5)
    np.testing.assert_allclose(t.head_scores, head_scores(t.attention, ids), atol=1e-6)


def test_the_lens_reads_the_stream_as_the_output_does() -> None:
    model, a = shaken(**DECODER)
    t, o = trace(model, a, tokens(count=1)[0]), Oracle(model, a)
    for layer, stream in enumerate(t.stream):
        logits = o.norm("final_norm", stream) @ o.w["token_embedding/embeddings"].T
        shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        np.testing.assert_array_equal(t.lens_ids[layer, :, 0], logits.argmax(-1))
        np.testing.assert_allclose(t.lens_probabilities[layer], -np.sort(-shares, -1)[:, :5], atol=1e-4)


@pytest.mark.parametrize("tied", [True, False])
def test_contributions_of_all_parts_add_up_to_the_logit(tied: bool) -> None:
    """Heads, attention biases, MLPs and the first stream, each through the last normalization, give the logit."""
    model, a = shaken(tied=tied)
    t, o = trace(model, a, tokens(count=1)[0]), Oracle(model, a)
    table = o.w["token_embedding/embeddings"].T if tied else o.w["logits/kernel"]
    directions = table[:, t.top_ids[:, 0]].T
    divisor = np.sqrt(t.stream[-1].var(-1) + a.epsilon)

    def through(added: np.ndarray) -> np.ndarray:
        centred = added - added.mean(-1, keepdims=True)
        return ((centred / divisor[:, np.newaxis]) * o.w["final_norm/gamma"] * directions).sum(-1)

    total = t.head_contributions.sum((0, 1)) + through(t.stream[0]) + (o.w["final_norm/beta"] * directions).sum(-1)
    for layer in range(2):
        bias = np.broadcast_to(o.w[f"block_{layer + 1}_attention_out/bias"], t.stream[0].shape)
        total = total + through(bias) + through(t.mlp_out[layer])
    np.testing.assert_allclose(total, t.top_logits[:, 0], atol=1e-3)


def test_a_cut_arrow_carries_nothing_and_the_rest_shares_its_weight() -> None:
    model, a = shaken(**DECODER)
    ids = tokens(count=1)[0]
    whole, cut = trace(model, a, ids), trace(model, a, ids, surgery=Surgery(cut_arrows=((0, 1, 5, 2), (0, 1, 0, 0))))
    assert cut.attention[0, 1, 5, 2] == 0 and cut.attention[0, 1, 0].sum() == 0
    rest = whole.attention[0, 1, 5].copy()
    rest[2] = 0
    np.testing.assert_allclose(cut.attention[0, 1, 5], rest / rest.sum(), atol=1e-5)
    np.testing.assert_array_equal(cut.attention[0, 0], whole.attention[0, 0])
    assert np.abs(cut.top_probabilities[5] - whole.top_probabilities[5]).max() > 1e-5


def test_cut_heads_and_layers_add_nothing() -> None:
    model, a = shaken(**DECODER)
    ids = tokens(count=1)[0]
    cut = trace(model, a, ids, surgery=Surgery(cut_heads=((1, 0),), cut_layers=(0,)))
    assert not cut.mixed[1, 0].any() and cut.mixed[1, 1].any()
    np.testing.assert_array_equal(cut.stream[0], cut.stream[1])
    assert not cut.head_contributions[0].any() and not cut.head_contributions[1, 0].any()


@pytest.mark.parametrize("positions", ["learned", "sinusoidal", "rotary"])
def test_moving_every_token_to_its_own_place_changes_nothing(positions: str) -> None:
    model, a = shaken(positions=positions)
    ids = tokens(count=1)[0]
    whole = trace(model, a, ids)
    same = trace(model, a, ids, surgery=Surgery(moved_positions=tuple((place, place) for place in range(7))))
    np.testing.assert_array_equal(whole.top_logits, same.top_logits)
    swapped = trace(model, a, ids, surgery=Surgery(moved_positions=((1, 2), (2, 1))))
    assert np.abs(whole.top_logits - swapped.top_logits).max() > 1e-4


def test_a_cut_look_at_the_source() -> None:
    model, a = shaken(**SHAPES["original"])
    ids, source = tokens(count=1)[0], tokens(1, 5, 1)[0]
    cut = trace(model, a, ids, source=source, surgery=Surgery(cut_cross=((1, 0, 3, 2),)))
    assert cut.cross_attention[1, 0, 3, 2] == 0
    np.testing.assert_allclose(cut.cross_attention.sum(-1), 1, atol=1e-5)


@pytest.mark.parametrize("bad", [[], [11], [-1], list(range(10))])
def test_what_the_model_cannot_read_is_refused(bad: list[int]) -> None:
    model, a = shaken(**DECODER)
    with pytest.raises(ValueError):
        trace(model, a, bad)


def test_one_token_is_a_text() -> None:
    model, a = shaken(**DECODER)
    found = trace(model, a, [3])
    assert found.attention.tolist() == [[[[1.0]], [[1.0]]]] * 2
    assert np.isfinite(found.head_scores).all()
