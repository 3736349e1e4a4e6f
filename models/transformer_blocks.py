"""The layers a Transformer adds to Keras: positions, attention weights, joined heads, experts. Each has one output.

Attention is two layers, so that its weights are an output of the network like any other: `AttentionWeights` says who
looks at whom, `Joined` fetches it. Nothing about them has to be switched on to be seen.
Rotary positions: Su and others, "RoFormer", 2021. SwiGLU: Shazeer, "GLU variants improve Transformer", 2020.
Experts: Shazeer and others, ICLR 2017; the balancing loss of Fedus and others, "Switch Transformers", JMLR 2022.
"""

import math
from typing import Any

import keras
from keras import ops

HIDDEN = -1e9  # score of what may not be seen; its exponential is 0
WAVE_SCALE = 0.5  # of sinusoidal positions beside token embeddings
BALANCE = 0.01  # weight of the loss that keeps all experts busy


def split_heads(x: Any, heads: int) -> Any:
    """Give each head its share of each token's numbers: (batch, T, width) to (batch, heads, T, width / heads)."""
    return ops.transpose(ops.reshape(x, (-1, ops.shape(x)[1], heads, x.shape[2] // heads)), (0, 2, 1, 3))


def join_heads(x: Any) -> Any:
    """Put the heads side by side again: (batch, heads, T, size) to (batch, T, width)."""
    return ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, ops.shape(x)[2], x.shape[1] * x.shape[3]))


def waves(positions: Any, width: int) -> Any:
    """Return sinusoidal positions: positions (T,) to (T, width); sine and cosine alternate, ever slower."""
    rates = ops.exp(ops.arange(0, width, 2, dtype="float32") * (-math.log(10000.0) / width))
    angles = ops.cast(positions, "float32")[:, None] * rates  # (T, width / 2)
    return ops.reshape(ops.stack([ops.sin(angles), ops.cos(angles)], -1), (-1, 2 * rates.shape[0]))[:, :width]


def rotate(x: Any, positions: Any) -> Any:
    """Turn pairs of numbers by angles that grow with the position: x (batch, heads, T, size), positions (T,).

    Number i is paired with number i + size / 2. The product of a query and a key then depends on their distance alone.
    """
    half = x.shape[-1] // 2
    rates = ops.exp(ops.arange(0, half, dtype="float32") * (-math.log(10000.0) / half))
    angles = ops.cast(positions, "float32")[:, None] * rates  # (T, half)
    sine, cosine = ops.sin(angles), ops.cos(angles)
    first, second = x[..., :half], x[..., half:]
    return ops.concatenate([first * cosine - second * sine, second * cosine + first * sine], -1)


@keras.saving.register_keras_serializable("road")
class Positions(keras.layers.Layer):
    """Adds a row for each position, learned or made of waves: (batch, T, width) to the same."""

    def __init__(self, kind: str, context: int, **more: Any) -> None:
        super().__init__(**more)
        self.kind, self.context = kind, context

    def build(self, shape: Any) -> None:
        self.width = shape[-1]
        if self.kind == "learned":
            small = keras.initializers.RandomNormal(stddev=0.02)
            self.table = self.add_weight(shape=(self.context, self.width), initializer=small, name="table")

    def rows(self, positions: Any) -> Any:
        """Return what is added at these positions (T,): (T, width)."""
        if self.kind == "learned":
            return ops.take(self.table, ops.minimum(positions, self.context - 1), axis=0)
        return WAVE_SCALE * waves(positions, self.width)

    def call(self, x: Any) -> Any:
        return x + self.rows(ops.arange(ops.shape(x)[1]))


@keras.saving.register_keras_serializable("road")
class Segment(keras.layers.Layer):
    """Adds BERT's embedding of the first segment to every token."""

    def __init__(self, segments: int, **more: Any) -> None:
        super().__init__(**more)
        self.segments = segments

    def build(self, shape: Any) -> None:
        small = keras.initializers.RandomNormal(stddev=0.02)
        self.table = self.add_weight(shape=(self.segments, shape[-1]), initializer=small, name="table")

    def call(self, x: Any) -> Any:
        return x + self.table[0]


@keras.saving.register_keras_serializable("road")
class Visible(keras.layers.Layer):
    """Says which tokens (batch, S) may be looked at: 1 or 0, those that are not padding."""

    def __init__(self, padding: int, **more: Any) -> None:
        super().__init__(**more)
        self.padding = padding

    def call(self, tokens: Any) -> Any:
        return ops.cast(ops.not_equal(tokens, self.padding), "float32")


@keras.saving.register_keras_serializable("road")
class AttentionWeights(keras.layers.Layer):
    """Who looks at whom: softmax(Q K^T / sqrt(size)), whose rows sum to 1.

    Called with from_queries (batch, T, n width), the queries first; from_keys (batch, S, n width), keys and values last
    in this order (for self-attention both are the same fused projection); seen (batch, S), 0 where nobody may look.
    Returns (batch, heads, T, S).
    """

    def __init__(self, heads: int, width: int, *, causal: bool = False, rotary: bool = False, token_shift: bool = False,
                 **more: Any) -> None:  # fmt: skip
        super().__init__(**more)
        self.heads, self.width, self.causal, self.rotary, self.token_shift = heads, width, causal, rotary, token_shift

    def build(self, *_: Any) -> None:
        if self.token_shift:  # share of the key before, for each number of each head
            half = keras.initializers.Constant(0.5)
            self.shift = self.add_weight(shape=(self.width,), initializer=half, name="shift")

    def queries(self, fused: Any, positions: Any = None) -> Any:
        """Return the queries (batch, heads, T, size)."""
        return self._turned(split_heads(fused[:, :, : self.width], self.heads), positions)

    def plain_keys(self, fused: Any) -> Any:
        """Return the keys before they are shifted, turned and split: (batch, S, width)."""
        return fused[:, :, -2 * self.width : -self.width]

    def keys(self, fused: Any, positions: Any = None, first: Any = None) -> Any:
        """Return the keys (batch, heads, S, size); first: plain key (batch, 1, width) of the token before these."""
        keys = self.plain_keys(fused)
        if self.token_shift:
            first = ops.zeros_like(keys[:, :1]) if first is None else first
            keys = (1 - self.shift) * keys + self.shift * ops.concatenate([first, keys[:, :-1]], 1)
        return self._turned(split_heads(keys, self.heads), positions)

    def _turned(self, x: Any, positions: Any) -> Any:
        if not self.rotary:
            return x
        return rotate(x, ops.arange(ops.shape(x)[2]) if positions is None else positions)

    def scores(self, queries: Any, keys: Any) -> Any:
        """Return how well each query fits each key, before any mask: (batch, heads, T, S)."""
        scale = 1 / math.sqrt(self.width // self.heads)
        return ops.matmul(queries * scale, ops.transpose(keys, (0, 1, 3, 2)))

    def masked(self, scores: Any, seen: Any = None) -> Any:
        """Hide what may not be seen: the future, and padding."""
        if self.causal:
            rows, columns = ops.arange(ops.shape(scores)[2]), ops.arange(ops.shape(scores)[3])
            scores = scores + HIDDEN * ops.cast(columns[None, :] > rows[:, None], scores.dtype)
        if seen is not None:
            scores = scores + HIDDEN * (1 - seen[:, None, None, :])
        return scores

    def call(self, from_queries: Any, from_keys: Any, seen: Any = None) -> Any:
        scores = self.scores(self.queries(from_queries), self.keys(from_keys))
        return ops.softmax(self.masked(scores, seen), axis=-1)


@keras.saving.register_keras_serializable("road")
class Joined(keras.layers.Layer):
    """Fetches what each head looks at, and joins the heads.

    Called with weights (batch, heads, T, S) and from_values (batch, S, n width), the values last. Returns
    (batch, T, width).
    """

    def __init__(self, heads: int, width: int, **more: Any) -> None:
        super().__init__(**more)
        self.heads, self.width = heads, width

    def values(self, fused: Any) -> Any:
        """Return the values (batch, heads, S, size)."""
        return split_heads(fused[:, :, -self.width :], self.heads)

    def call(self, weights: Any, from_values: Any) -> Any:
        return join_heads(ops.matmul(weights, self.values(from_values)))


@keras.saving.register_keras_serializable("road")
class Activation(keras.layers.Layer):
    """Bends what the MLP widened; with SwiGLU one half, bent, gates the other: (..., 2 m) to (..., m)."""

    def __init__(self, kind: str, **more: Any) -> None:
        super().__init__(**more)
        self.kind = kind

    def call(self, x: Any) -> Any:
        return bent(self.kind, x)


def bent(kind: str, x: Any) -> Any:
    """Return the activation of that name."""
    if kind == "swiglu":
        gate, value = ops.split(x, 2, axis=-1)
        return ops.silu(gate) * value
    if kind == "relu":
        return ops.relu(x)
    return ops.gelu(x, approximate=kind == "gelu_tanh")


@keras.saving.register_keras_serializable("road")
class MixtureOfExperts(keras.layers.Layer):
    """Several MLPs and a gate that asks the best `active` of them for each token: (batch, T, width) to the same.

    For readability all experts are computed and those not asked weighted by 0; what is saved is not the point here. The
    balancing loss is experts x sum over experts of (share of tokens that ask it) x (mean probability).
    """

    def __init__(self, experts: int, active: int, units: int, kind: str, **more: Any) -> None:
        super().__init__(**more)
        self.experts, self.active, self.units, self.kind = experts, min(active, experts), units, kind

    def build(self, shape: Any) -> None:
        wide = self.units * (2 if self.kind == "swiglu" else 1)
        add = self.add_weight
        self.gate = add(shape=(shape[-1], self.experts), name="gate")
        self.up = add(shape=(self.experts, shape[-1], wide), initializer=_each_glorot, name="up")
        self.up_bias = add(shape=(self.experts, wide), initializer="zeros", name="up_bias")
        self.down = add(shape=(self.experts, self.units, shape[-1]), initializer=_each_glorot, name="down")
        self.down_bias = add(shape=(self.experts, shape[-1]), initializer="zeros", name="down_bias")

    def routing(self, x: Any) -> tuple[Any, Any]:
        """Return each expert's weight for each token, 0 where not asked, and the gate's probabilities: (B, T, E)."""
        probabilities = ops.softmax(ops.matmul(x, self.gate), axis=-1)
        _, asked = ops.top_k(probabilities, self.active)
        chosen = ops.sum(ops.one_hot(asked, self.experts), axis=-2)  # 1 for the best `active`, also in a tie
        kept = probabilities * chosen
        return kept / ops.sum(kept, axis=-1, keepdims=True), probabilities

    def hidden(self, x: Any) -> Any:
        """Return the hidden units of all experts: (batch, T, experts, units)."""
        return bent(self.kind, ops.einsum("btd,edm->btem", x, self.up) + self.up_bias)

    def call(self, x: Any) -> Any:
        weights, probabilities = self.routing(x)
        asked = ops.mean(ops.cast(weights > 0, "float32"), axis=(0, 1)) / self.active
        self.add_loss(BALANCE * self.experts * ops.sum(asked * ops.mean(probabilities, axis=(0, 1))))
        found = ops.einsum("btem,emd->bted", self.hidden(x), self.down) + self.down_bias
        return ops.einsum("bte,bted->btd", weights, found)


def _each_glorot(shape: Any, dtype: Any = None) -> Any:
    """Return first weights (experts, inputs, outputs), each expert's as a dense layer's."""
    limit = math.sqrt(6 / (shape[-2] + shape[-1]))
    return keras.random.uniform(shape, -limit, limit, dtype=dtype)
