"""Transformer: every token looks at the others, weighs them by how well query and key fit, and adds what it finds.

The idea: a residual stream per token; attention moves information between tokens, an MLP works on each token alone, and
both only add to the stream. All positions are computed at once, and any two are one step apart, however far.
Vaswani and others, "Attention is all you need", NeurIPS 2017. Decoder-only as in Radford and others (GPT-2), 2019;
encoder-only as in Devlin and others (BERT), 2018.
What it cannot do: know the order of its tokens without being told; count over lengths it never saw (parity); work in
less than n x n time and memory.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np

from lab.datasets.characters import text
from lab.datasets.dataset import UnfitData
from lab.datasets.token_tasks import PADDING, TokenTask, task
from models import presets
from models.base import Array, Baseline, Live, Snapshot, View, schedule
from models.configs import TransformerConfig
from models.training_loop import CompiledTraining, train_in_chunks
from models.transformer_blocks import (
    Activation,
    AttentionWeights,
    Joined,
    MixtureOfExperts,
    Positions,
    Segment,
    Visible,
)
from models.transformer_look import asked_loss, evaluate, overview, shown

MOMENTS = 30  # recorded of a run: each holds the attention of all heads
TEXTS = ("characters", "pieces")


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


def build_transformer(
    architecture: Architecture, seed: int = 0, length: int | None = None, source_length: int | None = None
) -> keras.Model:
    """Return the untrained network: tokens (batch, T) int32, or [source (batch, S), tokens], to (batch, T, vocabulary).

    length, source_length: fix T and S, for a network that is trained on sequences of one length; None leaves them open.
    """
    keras.utils.set_random_seed(seed)
    a = architecture
    tokens = keras.Input((length,), dtype="int32", name="tokens")
    tables = keras.layers.ReversibleEmbedding if a.tied else keras.layers.Embedding
    embedding = tables(a.vocabulary, a.width, embeddings_initializer=_normal(), name="token_embedding")
    visible = Visible(a.padding, name="visible") if a.padding >= 0 else None
    if a.kind == "encoder_decoder":
        source = keras.Input((source_length,), dtype="int32", name="source")
        seen = visible(source) if visible else None
        memory = stack(a, embed(a, embedding(source), "encoder_"), "encoder_", seen=seen)
        x = stack(a, embed(a, embedding(tokens), ""), "", causal=True, memory=memory, memory_seen=seen)
        inputs: Any = [source, tokens]
    else:
        causal = a.kind == "decoder"
        seen = visible(tokens) if visible and not causal else None
        x, inputs = stack(a, embed(a, embedding(tokens), ""), "", causal=causal, seen=seen), tokens
    if a.predicts:
        x = embedding(x, reverse=True) if a.tied else dense(a.vocabulary, "logits", use_bias=False)(x)
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


# ---- the family: data, training, what is shown ----


def load(config: TransformerConfig) -> TokenTask:
    """Return the sequences the settings ask for. Raises UnfitData where they cannot be had."""
    if config.dataset in TEXTS:
        if config.kind != "decoder":
            raise UnfitData("Text is read from left to right. Choose the decoder.")
        return text(config.dataset, pieces=config.pieces, upload=config.upload, length=config.length or 64,
                    examples=config.examples, seed=config.seed)  # fmt: skip
    return task(config.dataset, kind=config.kind, length=config.length, examples=config.examples, seed=config.seed)


def architecture_of(config: TransformerConfig, data: TokenTask) -> Architecture:
    """Return the shape of the network for these settings. Raises UnfitData where the heads do not share the width."""
    if config.width % config.heads:
        raise UnfitData(f"{config.heads} heads cannot share a width of {config.width} evenly. Choose another of both.")
    if config.positions == "rotary" and config.width // config.heads % 2:
        raise UnfitData("Rotary positions turn pairs of numbers, so each head needs an even width.")
    padded = data.vocabulary[0] == PADDING and config.kind != "decoder"
    return Architecture(
        kind=config.kind, layers=config.layers, heads=config.heads, width=config.width,
        mlp_width=config.mlp * config.width, vocabulary=len(data.vocabulary), context=longest(data),
        positions=config.positions, normalization=config.normalization, activation=config.activation, tied=config.tied,
        experts=config.experts, active_experts=config.active_experts, token_shift=config.token_shift,
        dropout=config.dropout, padding=0 if padded else -1,
    )  # fmt: skip


def longest(data: TokenTask) -> int:
    """Return the length of the longest sequence, source or not."""
    return max(data.train_inputs.shape[1], 0 if data.train_sources is None else data.train_sources.shape[1])


def build(config: TransformerConfig, data: TokenTask) -> keras.Model:
    """Return the untrained network; its output are logits (batch, T, vocabulary). Raises UnfitData."""
    source_length = None if data.train_sources is None else data.train_sources.shape[1]
    return build_transformer(architecture_of(config, data), config.seed, data.train_inputs.shape[1], source_length)


def total_steps(config: TransformerConfig, data: TokenTask) -> int:
    """Return the number of optimizer steps of a complete run."""
    return config.steps


def train(
    config: TransformerConfig, data: TokenTask, model: keras.Model, live: Live | None = None
) -> Iterator[Snapshot]:
    """Yield the untrained network, again once compiled, then the network at some moments of its training."""
    training = CompiledTraining(
        model,
        keras.optimizers.Adam(config.learning_rate, global_clipnorm=1.0),
        asked_loss,
        data.features("train"),
        data.train_targets,
        batch_size=config.batch_size,
        seed=config.seed,
    )  # without XLA, which takes longer to compile than it saves here
    for progress in train_in_chunks(training, schedule(config.steps, MOMENTS), live or Live(config.learning_rate)):
        view = overview(model, data)
        metrics = evaluate(model, data, view)
        yield Snapshot(progress.step, progress.epoch, progress.seconds, metrics, view)


def scene(config: TransformerConfig, data: TokenTask) -> Mapping[str, Array]:
    """Return what training does not change: the test sequences whose attention is recorded.

    inputs: (E, T) int32; targets: (E, T) int32, -1 where nothing is asked; of an encoder-decoder sources: (E, S) int32.
    How tokens are written stands in the data's summary.
    """
    count, length = shown(architecture_of(config, data), data)
    found = {"inputs": data.test_inputs[:count, :length], "targets": data.test_targets[:count, :length]}
    if data.test_sources is not None:
        found["sources"] = data.test_sources[:count]
    return {name: np.ascontiguousarray(array, np.int32) for name, array in found.items()}


def look(model: keras.Model, data: TokenTask, question: Mapping[str, Any] | None = None) -> View:
    """Return the view of a network, or only the answer to a question (see models.transformer_questions.answer)."""
    from models.transformer_questions import answer

    return answer(model, data, question) if question else overview(model, data)


def baselines(config: TransformerConfig, data: TokenTask) -> list[Baseline]:
    """Return what chance, counting and n-grams reach on the same test sequences."""
    from models.transformer_baselines import baselines as counted

    return counted(data)


FAILURES = presets.FAILURES["transformer"]
