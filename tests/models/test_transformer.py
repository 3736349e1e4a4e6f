"""The whole forward pass of every kind of Transformer, recomputed in NumPy from the weights alone."""

from typing import Any

import keras
import numpy as np
import pytest

from models.transformer import Architecture, build_transformer
from models.transformer_look import asked_loss

Array = np.ndarray[Any, Any]
TINY: dict[str, Any] = {"layers": 2, "heads": 2, "width": 8, "mlp_width": 12, "vocabulary": 11, "context": 9}
erf = np.vectorize(__import__("math").erf)


def shaken(**settings: Any) -> tuple[keras.Model, Architecture]:
    """Return a tiny model with weights far from their start, so that biases and scales matter."""
    architecture = Architecture(**{**TINY, **settings})
    model = build_transformer(architecture, seed=1)
    generator = np.random.default_rng(5)
    model.set_weights([one + generator.normal(0, 0.3, one.shape) for one in model.get_weights()])
    return model, architecture


def tokens(seed: int = 0, length: int = 7, count: int = 2) -> Array:
    return np.random.default_rng(seed).integers(1, 11, (count, length)).astype(np.int32)


# ---- the oracle ----


class Oracle:
    """A Transformer in NumPy, float64, written from the papers and not from the code under test."""

    def __init__(self, model: keras.Model, a: Architecture) -> None:
        self.a = a
        self.w = {
            f"{layer.name}/{weight.name}": np.asarray(weight, np.float64)
            for layer in model.layers
            for weight in layer.weights
        }

    def linear(self, name: str, x: Array) -> Array:
        return x @ self.w[f"{name}/kernel"] + self.w.get(f"{name}/bias", 0.0)

    def norm(self, name: str, x: Array) -> Array:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + self.a.epsilon)
        return scaled * self.w[f"{name}/gamma"] + self.w[f"{name}/beta"]

    def bend(self, x: Array) -> Array:
        if self.a.activation == "relu":
            return np.maximum(x, 0)
        if self.a.activation == "gelu_tanh":
            return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
        if self.a.activation == "swiglu":
            half = x.shape[-1] // 2
            return x[..., :half] / (1 + np.exp(-x[..., :half])) * x[..., half:]
        return 0.5 * x * (1 + erf(x / np.sqrt(2)))

    def embed(self, ids: Array, side: str) -> Array:
        x = self.w["token_embedding/embeddings"][ids]
        length, width = x.shape[1:]
        if self.a.positions == "learned":
            x = x + self.w[f"{side}positions/table"][:length]
        if self.a.positions == "sinusoidal":
            waves = np.zeros((length, width))
            for place in range(length):
                for pair in range(width // 2):
                    angle = place / 10000 ** (2 * pair / width)
                    waves[place, 2 * pair], waves[place, 2 * pair + 1] = np.sin(angle), np.cos(angle)
            x = x + 0.5 * waves
        if self.a.segments:
            x = x + self.w[f"{side}segment/table"][0]
        return self.norm(f"{side}embedding_norm", x) if self.a.embedding_norm else x

    def turned(self, x: Array) -> Array:
        """Rotary positions as complex numbers: x (batch, T, size)."""
        half = x.shape[-1] // 2
        angles = np.arange(x.shape[1])[:, np.newaxis] / 10000 ** (np.arange(half) / half)
        turned = (x[..., :half] + 1j * x[..., half:]) * np.exp(1j * angles)
        return np.concatenate([turned.real, turned.imag], -1)

    def attention(self, q: Array, k: Array, v: Array, hidden: Array, shift: Array | None, rotary: bool) -> Array:
        if shift is not None:
            before = np.concatenate([np.zeros_like(k[:, :1]), k[:, :-1]], 1)
            k = (1 - shift) * k + shift * before
        size, found = self.a.width // self.a.heads, []
        for head in range(self.a.heads):
            part = slice(head * size, (head + 1) * size)
            queries, keys = (self.turned(one[..., part]) if rotary else one[..., part] for one in (q, k))
            scores = np.where(hidden, -np.inf, queries @ keys.transpose(0, 2, 1) / np.sqrt(size))
            weights = np.exp(scores - scores.max(-1, keepdims=True))
            found.append(weights / weights.sum(-1, keepdims=True) @ v[..., part])
        return np.concatenate(found, -1)

    def mlp(self, name: str, x: Array) -> Array:
        if not self.a.experts:
            return self.linear(f"{name}mlp_down", self.bend(self.linear(f"{name}mlp_up", x)))
        w = {part: self.w[f"{name}experts/{part}"] for part in ("gate", "up", "up_bias", "down", "down_bias")}
        out = np.zeros_like(x)
        for place in np.ndindex(x.shape[:2]):
            gate = np.exp(x[place] @ w["gate"])
            gate /= gate.sum()
            asked = np.argsort(-gate)[: self.a.active_experts]
            for expert in asked:
                hidden = self.bend(x[place] @ w["up"][expert] + w["up_bias"][expert])
                out[place] += gate[expert] / gate[asked].sum() * (hidden @ w["down"][expert] + w["down_bias"][expert])
        return out

    def residual(self, name: str, x: Array, part: Any) -> Array:
        if self.a.normalization == "pre":
            return x + part(self.norm(f"{name}_norm", x))
        return self.norm(f"{name}_norm", x + part(x))

    def stack(self, x: Array, side: str, hidden: Array, memory: Any = None, unseen: Any = None) -> Array:
        for number in range(1, self.a.layers + 1):
            name = f"{side}block_{number}_"

            def look(y: Array, name: str = name) -> Array:
                q, k, v = np.split(self.linear(f"{name}qkv", y), 3, -1)
                shift = self.w.get(f"{name}weights/shift")
                return self.linear(f"{name}attention_out",
                                   self.attention(q, k, v, hidden, shift, self.a.positions == "rotary"))  # fmt: skip

            def cross(y: Array, name: str = name) -> Array:
                k, v = np.split(self.linear(f"{name}cross_keys_values", memory), 2, -1)
                q = self.linear(f"{name}cross_queries", y)
                return self.linear(f"{name}cross_out", self.attention(q, k, v, unseen, None, False))

            x = self.residual(f"{name}attention", x, look)
            x = self.residual(f"{name}cross", x, cross) if memory is not None else x
            x = self.residual(f"{name}mlp", x, lambda y, at=name: self.mlp(at, y)) if self.a.mlp_width else x
        return self.norm(f"{side}final_norm", x) if self.a.normalization == "pre" else x

    def run(self, ids: Array, source: Array | None = None) -> Array:
        rows = np.arange(ids.shape[1])
        future, memory, unseen = rows > rows[:, np.newaxis], None, None
        if source is not None:
            unseen = (source == self.a.padding)[:, np.newaxis]
            memory = self.stack(self.embed(source, "encoder_"), "encoder_", unseen)
        if self.a.kind == "encoder":
            future = (ids == self.a.padding)[:, np.newaxis]
        x = self.stack(self.embed(ids, ""), "", future, memory, unseen)
        if not self.a.predicts:
            return x
        return x @ (self.w["token_embedding/embeddings"].T if self.a.tied else self.w["logits/kernel"])


SHAPES: dict[str, dict[str, Any]] = {
    "GPT-2": {"activation": "gelu_tanh"},
    "MiniLM": {"kind": "encoder", "normalization": "post", "segments": 2, "embedding_norm": True, "predicts": False,
               "epsilon": 1e-12},
    "original": {"kind": "encoder_decoder", "positions": "sinusoidal", "normalization": "post", "activation": "relu",
                 "padding": 0, "tied": False},
    "rotary, SwiGLU, shifted keys": {"positions": "rotary", "activation": "swiglu", "token_shift": True, "tied": False},
    "experts": {"experts": 3, "active_experts": 2, "positions": "none"},
    "attention alone": {"mlp_width": 0, "positions": "sinusoidal"},
    "encoder with padding": {"kind": "encoder", "padding": 0, "activation": "gelu"},
    "both sides, rotary, before": {"kind": "encoder_decoder", "positions": "rotary", "padding": 0},
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_the_forward_pass_is_that_of_the_papers(name: str) -> None:
    model, architecture = shaken(**SHAPES[name])
    ids, source = tokens(), tokens(1, 5)
    ids[0, -2:] = 0 if architecture.kind == "encoder" and architecture.padding == 0 else ids[0, -2:]
    source[1, -2:] = 0
    both = architecture.kind == "encoder_decoder"
    found = np.asarray(model([source, ids] if both else ids))
    wanted = Oracle(model, architecture).run(ids, source if both else None)
    np.testing.assert_allclose(found, wanted, atol=2e-4, rtol=2e-4)


@pytest.mark.parametrize("name", [name for name in SHAPES if SHAPES[name].get("kind") != "encoder"])
def test_no_position_sees_the_future(name: str) -> None:
    model, architecture = shaken(**SHAPES[name])
    ids, source = tokens(), tokens(1, 5)
    changed = ids.copy()
    changed[:, 4:] = 11 - changed[:, 4:]
    pair = architecture.kind == "encoder_decoder"
    before, after = (np.asarray(model([source, one] if pair else one)) for one in (ids, changed))
    np.testing.assert_allclose(before[:, :4], after[:, :4], atol=1e-6)
    assert np.abs(before[:, 4:] - after[:, 4:]).max() > 1e-3


def test_an_encoder_sees_all_but_padding() -> None:
    model, _ = shaken(**SHAPES["encoder with padding"])
    ids = tokens()
    changed = ids.copy()
    changed[:, -1] = 11 - changed[:, -1]
    assert np.abs(np.asarray(model(ids))[:, 0] - np.asarray(model(changed))[:, 0]).max() > 1e-4
    ids[:, -2:] = 0
    np.testing.assert_allclose(np.asarray(model(ids))[:, :-2], np.asarray(model(ids[:, :-2])), atol=1e-5)


def test_rotary_scores_depend_on_the_distance_alone() -> None:
    from models.transformer_blocks import rotate

    generator = np.random.default_rng(2)
    query, key = (generator.normal(size=(1, 1, 1, 6)).astype(np.float32) for _ in range(2))

    def score(there: int, here: int) -> float:
        turned = [np.asarray(rotate(one, np.array([at]))) for one, at in ((query, there), (key, here))]
        return float((turned[0] * turned[1]).sum())

    assert score(9, 4) == pytest.approx(score(25, 20), abs=1e-5)
    assert abs(score(9, 4) - score(9, 5)) > 1e-3


def test_the_gate_asks_so_many_experts_and_balance_is_least_when_even() -> None:
    from models.transformer_blocks import BALANCE, MixtureOfExperts

    layer = MixtureOfExperts(4, 2, 6, "gelu")
    x = np.random.default_rng(0).normal(size=(2, 30, 8)).astype(np.float32)
    layer(x)
    weights, probabilities = (np.asarray(one) for one in layer.routing(x))
    assert ((weights > 0).sum(-1) == 2).all()
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-6)
    asked = np.argsort(-probabilities, -1)[..., :2]
    assert (np.take_along_axis(weights, asked, -1) > 0).all()
    layer.gate.assign(np.zeros((8, 4)))
    layer(x)
    assert float(layer.losses[-1]) == pytest.approx(BALANCE, rel=1e-5)


def test_parameters_are_those_of_gpt_2() -> None:
    """117 million in the paper's table, 124,439,808 in the published weights; layers counted by hand here."""
    a = Architecture(layers=1, heads=12, width=768, mlp_width=3072, vocabulary=50257, context=1024)
    block = 768 * 4 + 768 * 2304 + 2304 + 768 * 768 + 768 + 768 * 3072 * 2 + 3072 + 768
    assert build_transformer(a).count_params() == (50257 + 1024) * 768 + 2 * 768 + block
    assert (50257 + 1024) * 768 + 2 * 768 + 12 * block == 124_439_808


def test_the_loss_is_the_mean_over_what_is_asked() -> None:
    logits = np.random.default_rng(0).normal(size=(2, 3, 5)).astype(np.float32)
    targets = np.array([[1, -1, 4], [-1, -1, 0]])
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    wanted = -np.log([shares[0, 0, 1], shares[0, 2, 4], shares[1, 2, 0]]).mean()
    assert float(np.mean(asked_loss(targets, logits))) == pytest.approx(wanted, rel=1e-5)


def test_the_same_seed_gives_the_same_weights() -> None:
    one, other = (build_transformer(Architecture(**TINY), seed=3).get_weights() for _ in range(2))
    for before, after in zip(one, other, strict=True):
        np.testing.assert_array_equal(before, after)
