"""Transformer: every token looks at the others, weighs them by how well query and key fit, and adds what it finds.

The idea: a residual stream per token; attention moves information between tokens, an MLP works on each token alone, and
both only add to the stream. All positions are computed at once, and any two are one step apart, however far.
Vaswani and others, "Attention is all you need", NeurIPS 2017. Decoder-only as in Radford and others (GPT-2), 2019;
encoder-only as in Devlin and others (BERT), 2018.
What it cannot do: know the order of its tokens without being told; count over lengths it never saw (parity); work in
less than n x n time and memory.
"""

from dataclasses import dataclass
from typing import Any, Literal

import keras

from models.transformer_blocks import (
    Activation,
    AttentionWeights,
    Joined,
    MixtureOfExperts,
    Positions,
    Segment,
    TiedLogits,
    Visible,
)


@dataclass(frozen=True)
class Architecture:
    """The shape of a Transformer: enough to build GPT-2, BERT and the original, and everything this app trains."""

    kind: Literal["decoder", "encoder", "encoder_decoder"] = "decoder"
    layers: int = 2  # blocks; of an encoder-decoder, on each side
    heads: int = 2
    width: int = 64  # of the residual stream; each head works on width / heads of it
    mlp_width: int = 256  # hidden units of each block's MLP; 0: no MLP
    vocabulary: int = 64
    context: int = 64  # longest sequence; learned positions end here
    positions: Literal["learned", "sinusoidal", "rotary", "none"] = "learned"
    normalization: Literal["pre", "post"] = "pre"  # before each part, or after its sum with the stream
    activation: Literal["gelu", "gelu_tanh", "relu", "swiglu"] = "gelu"
    tied: bool = True  # logits are products with the token embeddings
    experts: int = 0  # MLPs per block among which a gate chooses; 0: one MLP for all tokens
    active_experts: int = 2  # of them asked for each token
    epsilon: float = 1e-5  # keeps layer normalization from dividing by zero
    segments: int = 0  # BERT's token types; texts here are one segment, the first
    token_shift: bool = False  # keys mix in the key of the token before
    dropout: float = 0.0
    embedding_norm: bool = False  # BERT normalizes the embeddings before the first block
    padding: int = -1  # token of the source that nobody looks at; -1: there is none
    predicts: bool = True  # logits over the vocabulary come out; without, the last stream itself


def build_transformer(architecture: Architecture, seed: int = 0, length: int | None = None) -> keras.Model:
    """Return the untrained network: tokens (batch, T) int32, or [source (batch, S), tokens], to (batch, T, vocabulary).

    length: fixes T and S, for a network that is trained on sequences of one length; None leaves both open.
    """
    keras.utils.set_random_seed(seed)
    a = architecture
    tokens = keras.Input((length,), dtype="int32", name="tokens")
    embedding = keras.layers.Embedding(a.vocabulary, a.width, _normal(), name="token_embedding")
    visible = Visible(a.padding, name="visible") if a.padding >= 0 else None
    if a.kind == "encoder_decoder":
        source = keras.Input((length,), dtype="int32", name="source")
        seen = visible(source) if visible else None
        memory = stack(a, embed(a, embedding(source), "encoder_"), "encoder_", seen=seen)
        x = stack(a, embed(a, embedding(tokens), ""), "", causal=True, memory=memory, memory_seen=seen)
        inputs: Any = [source, tokens]
    else:
        causal = a.kind == "decoder"
        seen = visible(tokens) if visible and not causal else None
        x, inputs = stack(a, embed(a, embedding(tokens), ""), "", causal=causal, seen=seen), tokens
    if a.predicts:
        x = (
            TiedLogits(lambda: embedding.embeddings, name="logits")(x)
            if a.tied
            else dense(a.vocabulary, "logits", use_bias=False)(x)
        )
    model = keras.Model(inputs, x, name="transformer")
    model.architecture = architecture
    return model


def embed(a: Architecture, x: Any, side: str) -> Any:
    """Add where a token stands to what it is: (batch, T, width) to the same."""
    if a.positions in ("learned", "sinusoidal"):
        x = Positions(a.positions, a.context, name=f"{side}positions")(x)
    if a.segments:
        x = Segment(a.segments, name=f"{side}segment")(x)
    if a.embedding_norm:
        x = norm(a, f"{side}embedding_norm")(x)
    return drop(a, x, f"{side}embedding_dropout")


def stack(a: Architecture, x: Any, side: str, *, causal: bool = False, seen: Any = None, memory: Any = None,
          memory_seen: Any = None) -> Any:  # fmt: skip
    """Send the stream through all blocks of one side: (batch, T, width) to the same."""
    for number in range(1, a.layers + 1):
        name = f"{side}block_{number}_"
        x = residual(a, x, f"{name}attention", lambda y, at=name: self_attention(a, y, at, causal, seen))
        if memory is not None:
            x = residual(a, x, f"{name}cross", lambda y, at=name: cross_attention(a, y, memory, at, memory_seen))
        if a.mlp_width:
            x = residual(a, x, f"{name}mlp", lambda y, at=name: mlp(a, y, at))
    return norm(a, f"{side}final_norm")(x) if a.normalization == "pre" else x


def residual(a: Architecture, x: Any, name: str, part: Any) -> Any:
    """Add what a part finds to the stream: x + part(norm(x)), or, after the original, norm(x + part(x))."""
    y = norm(a, f"{name}_norm")(x) if a.normalization == "pre" else x
    y = drop(a, part(y), f"{name}_dropout")
    x = keras.layers.Add(name=f"{name}_add")([x, y])
    return x if a.normalization == "pre" else norm(a, f"{name}_norm")(x)


def self_attention(a: Architecture, x: Any, name: str, causal: bool, seen: Any) -> Any:
    """Let every token look at the tokens of its own sequence: (batch, T, width) to the same."""
    qkv = dense(3 * a.width, f"{name}qkv")(x)  # (batch, T, 3 width): queries, keys, values, side by side
    weights = AttentionWeights(
        a.heads,
        a.width,
        causal=causal,
        rotary=a.positions == "rotary",
        token_shift=a.token_shift,
        name=f"{name}weights",
    )(qkv, qkv, seen)  # (batch, heads, T, T)
    heads = Joined(a.heads, a.width, name=f"{name}heads")(weights, qkv)  # (batch, T, width)
    return dense(a.width, f"{name}attention_out")(heads)


def cross_attention(a: Architecture, x: Any, memory: Any, name: str, seen: Any) -> Any:
    """Let every token look at the source: x (batch, T, width), memory (batch, S, width), to (batch, T, width)."""
    queries = dense(a.width, f"{name}cross_queries")(x)
    keys_values = dense(2 * a.width, f"{name}cross_keys_values")(memory)
    weights = AttentionWeights(a.heads, a.width, name=f"{name}cross_weights")(queries, keys_values, seen)
    return dense(a.width, f"{name}cross_out")(Joined(a.heads, a.width, name=f"{name}cross_heads")(weights, keys_values))


def mlp(a: Architecture, x: Any, name: str) -> Any:
    """Work on each token alone: (batch, T, width) to the same."""
    if a.experts:
        return MixtureOfExperts(a.experts, a.active_experts, a.mlp_width, a.activation, name=f"{name}experts")(x)
    x = dense(a.mlp_width * (2 if a.activation == "swiglu" else 1), f"{name}mlp_up")(x)
    x = Activation(a.activation, name=f"{name}mlp_hidden")(x)  # (batch, T, mlp_width)
    return dense(a.width, f"{name}mlp_down")(x)


def dense(units: int, name: str, **more: Any) -> keras.layers.Layer:
    """Return a linear map of each token."""
    return keras.layers.Dense(units, name=name, **more)


def norm(a: Architecture, name: str) -> keras.layers.Layer:
    """Return a layer that gives each token's numbers mean 0 and variance 1, then scales and shifts them."""
    return keras.layers.LayerNormalization(epsilon=a.epsilon, name=name)


def drop(a: Architecture, x: Any, name: str) -> Any:
    """Silence a share of the numbers while training."""
    return keras.layers.Dropout(a.dropout, name=name)(x) if a.dropout else x


def _normal() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=0.02)
