"""A Transformer that writes: one token after the other, with the keys and values of earlier tokens kept, or without.

Without the cache every token is computed anew for each new one, n x n work in place of n; the numbers are the same.
Top-p: Holtzman and others, "The curious case of neural text degeneration", ICLR 2020.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from models.base import Array
from models.transformer_blocks import HIDDEN, join_heads
from models.transformer_trace import NOTHING_CUT, Walk, known, visible

if TYPE_CHECKING:
    from models.transformer import Architecture

ALTERNATIVES = 10  # of each generated token that are kept
ROOM = 512  # tokens that are kept room for where positions do not end


@dataclass(frozen=True)
class Sampling:
    """How the next token is drawn.

    temperature: 0 takes the likeliest; below 1 sharper, above 1 more even than learned. top_k: only among so many of
    the likeliest, 0 for all. top_p: only among the likeliest that together reach this share. seed: fixes what is drawn.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0


GREEDY = Sampling(temperature=0.0)


class Written(NamedTuple):
    """What was generated.

    tokens: (N,) int32; probabilities: (N,) of the chosen ones as drawn; kept: (N,) int32, how many could be drawn;
    top_ids: (N, K) int32 and top_probabilities: (N, K), the likeliest at temperature 1; seconds: time it took.
    """

    tokens: Array
    probabilities: Array
    kept: Array
    top_ids: Array
    top_probabilities: Array
    seconds: float


def distribution(logits: Array, sampling: Sampling) -> Array:
    """Return the probabilities (V,) float64 from which the next token is drawn; logits: (V,)."""
    values = np.asarray(logits, np.float64)
    if sampling.temperature <= 0:
        return np.eye(1, len(values), int(values.argmax()))[0]
    shares = np.exp((values - values.max()) / sampling.temperature)
    order = np.argsort(-shares, kind="stable")
    if sampling.top_k:
        shares[order[sampling.top_k :]] = 0.0
    shares /= shares.sum()
    reached = np.cumsum(shares[order]) - shares[order]  # by the likelier ones alone
    shares[order[(reached >= sampling.top_p) & (np.arange(len(order)) > 0)]] = 0.0
    return shares / shares.sum()


Drawn = tuple[int, float, int, Array, Array]


class Writer:
    """A model's compiled step: reads tokens behind those it has read, and gives the logits of what comes next.

    room: most tokens it can keep. Of an encoder-decoder it writes the decoder's side.
    """

    def __init__(self, model: keras.Model, architecture: "Architecture", room: int) -> None:
        self.a, self.room = architecture, room
        self.walk = Walk(model, architecture, NOTHING_CUT)
        shape = (1, architecture.heads, room, architecture.width // architecture.heads)
        empty = [tf.zeros(shape) for _ in range(architecture.layers)]
        self.keys, self.values = ([tf.Variable(one, trainable=False) for one in empty] for _ in range(2))
        width = (1, 1, architecture.width)
        self.before = [tf.Variable(tf.zeros(width), trainable=False) for _ in range(architecture.layers)]
        self._one = tf.function(self._read, autograph=False)  # always one token, so that its shapes are fixed
        self._many = tf.function(self._read, reduce_retracing=True, autograph=False)

    def remember(self, source: Array | None) -> tuple[Any, Any]:
        """Return what the encoder made of a source (S,): keys and values of each layer, and which may be seen."""
        if source is None:
            return (), None
        seen = visible(source, self.a)
        memory = Walk(self.walk.model, self.a, NOTHING_CUT, "encoder_").through(source, seen)[0]
        layers = [self.walk.layer(f"block_{number + 1}_cross_keys_values") for number in range(self.a.layers)]
        return tuple(layer(memory) for layer in layers), seen

    def read(self, tokens: list[int], start: int, memory: tuple[Any, Any]) -> Array:
        """Read tokens that stand at `start`, start + 1, ...; return the logits behind the last one: (V,)."""
        step = self._one if len(tokens) == 1 else self._many
        return np.asarray(step(tf.constant(tokens, tf.int32), tf.constant(start), memory))

    def _read(self, tokens: tf.Tensor, start: tf.Tensor, memory: tuple[Any, Any]) -> tf.Tensor:
        """Read tokens (n,) that stand at `start`, start + 1, ...; return the logits behind the last one: (V,)."""
        positions = start + (tf.range(tf.shape(tokens)[0]) if tokens.shape[0] != 1 else tf.zeros(1, tf.int32))
        x = self.walk.enter(tokens, positions)[0]
        for number in range(self.a.layers):
            x = self.walk.part(x, number, "attention", "", {}, partial(self._attend, number, positions))
            if memory[0]:
                x = self.walk.part(x, number, "cross", "", {}, partial(self._cross, number, memory))
            if self.a.mlp_width:
                x = self.walk.part(x, number, "mlp", "", {}, partial(self.walk.mlp, number, {}))
        last = self.walk.finish(x)[:, -1:]
        if self.a.tied:
            return self.walk.layers["token_embedding"](last, reverse=True)[0, 0]
        return self.walk.layers["logits"](last)[0, 0]

    def _attend(self, number: int, positions: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        """Return what self-attention adds, (1, n, width), with the keys and values of the tokens before."""
        name, start, end = f"block_{number + 1}_", positions[0], positions[-1] + 1
        weights, heads = self.walk.layer(f"{name}weights"), self.walk.layer(f"{name}heads")
        fused = self.walk.layer(f"{name}qkv")(y)
        before = None
        if self.a.token_shift:
            before = tf.where(start > 0, self.before[number], tf.zeros_like(self.before[number]))
            self.before[number].assign(weights.plain_keys(fused)[:, -1:])
        self.keys[number][:, :, start:end].assign(weights.keys(fused, positions, before))
        self.values[number][:, :, start:end].assign(heads.values(fused))
        scores = weights.scores(weights.queries(fused, positions), self.keys[number][:, :, :end])
        if positions.shape[0] != 1:  # a single token has no future among those that are read
            future = tf.range(end)[tf.newaxis] > positions[:, tf.newaxis]
            scores += HIDDEN * tf.cast(future, tf.float32)
        attention = tf.nn.softmax(scores)
        mixed = tf.matmul(attention, self.values[number][:, :, :end])
        return self.walk.layer(f"{name}attention_out")(join_heads(mixed))

    def _cross(self, number: int, memory: tuple[Any, Any], y: tf.Tensor) -> tf.Tensor:
        """Return what attention to the source adds: (1, n, width)."""
        name, fused = f"block_{number + 1}_cross_", memory[0][number]
        weights, heads = self.walk.layer(f"{name}weights"), self.walk.layer(f"{name}heads")
        queries = self.walk.layer(f"{name}queries")(y)
        return self.walk.layer(f"{name}out")(heads(weights(queries, fused, memory[1]), fused))


def writer_of(model: keras.Model, architecture: "Architecture", tokens: int) -> Writer:
    """Return the writer of a model with room for so many tokens; it is compiled once and kept with the model."""
    found = getattr(model, "known_writer", None)
    if found is None or found.room < tokens:
        room = architecture.context if architecture.positions == "learned" else max(ROOM, architecture.context, tokens)
        found = Writer(model, architecture, room)
        object.__setattr__(model, "known_writer", found)  # past Keras, which would take its variables for the model's
    return found


def generate(
    model: keras.Model,
    architecture: "Architecture",
    prompt: Sequence[int] | Array,
    count: int,
    *,
    sampling: Sampling = GREEDY,
    cache: bool = True,
    end: int = -1,
    source: Sequence[int] | Array | None = None,
    told: Callable[[int], bool] | None = None,
) -> Written:
    """Write up to `count` tokens behind the prompt (T,), fewer where learned positions end or the token `end` comes.

    told: is given each new token at once, and stops the writing by returning False. Raises ValueError as trace() does.
    """
    if architecture.kind == "encoder" or not architecture.predicts:
        raise ValueError("an encoder sees all tokens at once and does not write")
    tokens = [int(one) for one in known(prompt, architecture)]
    read, room = len(tokens), architecture.context if architecture.positions == "learned" else len(tokens) + count
    writer = writer_of(model, architecture, min(room, len(tokens) + count))
    memory = writer.remember(None if source is None else known(source, architecture))
    drawn: list[Drawn] = []
    generator, start = np.random.default_rng(sampling.seed), 0
    begun = perf_counter()
    while len(drawn) < count and len(tokens) < room + 1:
        logits = writer.read(tokens[start:], start, memory)
        drawn.append(draw(logits, sampling, generator))
        tokens.append(drawn[-1][0])
        start = len(tokens) - 1 if cache else 0
        if tokens[-1] == end or (told is not None and not told(tokens[-1])):
            break
    return collected(tokens[read:], drawn, perf_counter() - begun, architecture.vocabulary)


def draw(logits: Array, sampling: Sampling, generator: np.random.Generator) -> Drawn:
    """Return a drawn token, its probability, how many could be drawn, and the likeliest with their probabilities."""
    shares = distribution(logits, sampling)
    token = int(generator.choice(len(shares), p=shares))
    plain = np.exp(logits - logits.max(), dtype=np.float64)
    plain /= plain.sum()
    top = np.argsort(-plain, kind="stable")[:ALTERNATIVES]
    return token, float(shares[token]), int((shares > 0).sum()), top, plain[top]


def collected(tokens: list[int], drawn: list[Drawn], seconds: float, vocabulary: int) -> Written:
    """Return what was drawn as arrays."""
    most = min(ALTERNATIVES, vocabulary)
    return Written(
        np.array(tokens, np.int32),
        np.array([one[1] for one in drawn], np.float32),
        np.array([one[2] for one in drawn], np.int32),
        np.array([one[3] for one in drawn], np.int32).reshape(-1, most),
        np.array([one[4] for one in drawn], np.float32).reshape(-1, most),
        seconds,
    )
