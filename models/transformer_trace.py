"""Everything one text does in one Transformer, step by step, through the model's own layers; with surgery, if asked.

The layers are called one by one, as the model itself would call them (a test holds both to be equal), so that each
result on the way can be kept or changed. Any length is allowed, also beyond that of the training.
The logit lens: nostalgebraist, "interpreting GPT: the logit lens", 2020. Direct logit attribution: Elhage and others,
"A mathematical framework for Transformer circuits", 2021.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from models.attention_scores import head_scores, head_types, rollout
from models.base import Array
from models.transformer_blocks import HIDDEN, join_heads
from models.views.transformer import LENS_TOP, TOP, TransformerTrace

if TYPE_CHECKING:
    from models.transformer import Architecture


@dataclass(frozen=True)
class Surgery:
    """What is changed in a network before a text passes it. All numbers count from 0.

    cut_arrows: (layer, head, to, from): token `to` no longer looks at token `from`; its other weights grow to sum to 1.
    cut_cross: the same for looks at the source. cut_heads: (layer, head) that add nothing. cut_layers: layers that the
    stream passes unchanged. moved_positions: (token, position): the token is told that it stands elsewhere.
    """

    cut_arrows: tuple[tuple[int, int, int, int], ...] = ()
    cut_cross: tuple[tuple[int, int, int, int], ...] = ()
    cut_heads: tuple[tuple[int, int], ...] = ()
    cut_layers: tuple[int, ...] = ()
    moved_positions: tuple[tuple[int, int], ...] = ()


NOTHING_CUT = Surgery()
Kept = dict[str, list[Any]]  # tensors by the name of the trace's field, one a layer


def trace(
    model: keras.Model,
    architecture: "Architecture",
    tokens: Sequence[int] | Array,
    *,
    surgery: Surgery | None = None,
    texts: Sequence[str] | None = None,
    source: Sequence[int] | Array | None = None,
    source_texts: Sequence[str] | None = None,
    name_of: Callable[[int], str] = str,
) -> TransformerTrace:
    """Return everything the text `tokens` (T,) does in the model.

    source: (S,), of an encoder-decoder; texts, source_texts: how the tokens are written; name_of: how a token of the
    vocabulary is written. Raises ValueError where there is no token or one the model does not know.
    """
    ids, a = known(tokens, architecture), architecture
    walk = Walk(model, a, surgery or NOTHING_CUT)
    found: dict[str, Any] = {"tokens": ids, "texts": written(ids, texts, name_of)}
    memory = seen = source_seen = None
    if a.kind == "encoder_decoder":
        if source is None:
            raise ValueError("an encoder-decoder needs a source, too")
        source_ids = known(source, a)
        source_seen = visible(source_ids, a)
        memory, kept, _ = Walk(model, a, NOTHING_CUT, "encoder_").through(source_ids, source_seen)
        found |= {"source_tokens": source_ids, "source_texts": written(source_ids, source_texts, name_of)}
        found |= {"source_attention": stacked(kept["attention"]), "source_final": memory[0].numpy()}
    elif a.kind == "encoder":
        seen = visible(ids, a)
    final, kept, entrance = walk.through(ids, seen, memory, source_seen)
    found |= entrance | {name: stacked(tensors) for name, tensors in kept.items()} | {"final": final[0].numpy()}
    found |= outcome(walk, final, found["stream"], name_of)
    if a.predicts and a.normalization == "pre":
        found["head_contributions"] = contributions(walk, found)
    causal = a.kind != "encoder"
    found["head_scores"] = head_scores(found["attention"], ids, causal=causal)
    found["rollout"] = rollout(found["attention"])
    found["head_types"] = head_types(found["head_scores"], ids, causal=causal)
    return TransformerTrace(**found)


def known(tokens: Sequence[int] | Array, a: "Architecture") -> Array:
    """Return the tokens as (T,) int32. Raises ValueError where the model cannot read them."""
    ids = np.asarray(tokens, np.int32).ravel()
    if not ids.size:
        raise ValueError("there is no token to look at")
    if ids.min() < 0 or ids.max() >= a.vocabulary:
        raise ValueError(f"this model knows the tokens 0 to {a.vocabulary - 1}")
    if a.positions == "learned" and len(ids) > a.context:
        raise ValueError(f"this model has positions for {a.context} tokens, and these are {len(ids)}")
    return ids


def visible(ids: Array, a: "Architecture") -> Any:
    """Return which tokens (T,) may be looked at, (1, T), or None where all may."""
    return tf.constant((ids != a.padding)[np.newaxis], tf.float32) if a.padding >= 0 else None


def written(ids: Array, texts: Sequence[str] | None, name_of: Callable[[int], str]) -> Array:
    """Return how the tokens are written: (T,) str."""
    return np.array([name_of(int(one)) for one in ids.ravel()] if texts is None else list(texts)).reshape(ids.shape)


def stacked(tensors: list[Any]) -> Array:
    """Return tensors of all layers, each (1, ...), as one array (L, ...)."""
    return np.concatenate([np.asarray(one) for one in tensors]).astype(np.float32)


class Walk:
    """One side of a model, layer by layer; side: "" or "encoder_"."""

    def __init__(self, model: keras.Model, a: "Architecture", surgery: Surgery, side: str = "") -> None:
        self.model, self.a, self.surgery, self.side = model, a, surgery, side
        self.layers = {layer.name: layer for layer in model.layers}

    def layer(self, name: str) -> Any:
        """Return a layer of this side."""
        return self.layers[f"{self.side}{name}"]

    def through(
        self, ids: Array, seen: Any = None, memory: Any = None, memory_seen: Any = None
    ) -> tuple[Any, Kept, dict[str, Any]]:
        """Return the last stream (1, T, d), what was kept of each layer, and what was kept before the first."""
        positions = self.places(len(ids))
        x, embedded, rows = self.enter(tf.constant(ids), positions)
        entrance = {"embedded": embedded[0].numpy(), "positioned": rows[0].numpy()}
        kept: Kept = {"stream": [x]}
        for number in range(self.a.layers):
            x = self.block(x, number, kept, (positions, seen), (memory, memory_seen))
            kept["stream"].append(x)
        return self.finish(x), kept, entrance

    def places(self, count: int) -> Any:
        """Return where each token is told to stand: (T,)."""
        places = np.arange(count, dtype=np.int32)
        for token, position in self.surgery.moved_positions:
            places[token] = position
        return tf.constant(places)

    def enter(self, ids: Any, positions: Any) -> tuple[Any, Any, Any]:
        """Return the first stream (1, T, d) of tokens (T,), and its parts: embeddings, and what positions add."""
        embedded = self.layers["token_embedding"](ids[tf.newaxis])
        x, rows = embedded, tf.zeros_like(embedded)
        if "positions" in self.known_parts():
            rows = self.layer("positions").rows(positions)[tf.newaxis]
            x = x + rows
        for part in ("segment", "embedding_norm"):
            x = self.layer(part)(x) if part in self.known_parts() else x
        return x, embedded, rows

    def known_parts(self) -> set[str]:
        """Return the parts in front of the first block that this model has."""
        return {name for name in ("positions", "segment", "embedding_norm") if f"{self.side}{name}" in self.layers}

    def finish(self, x: Any) -> Any:
        """Return the stream as the logits read it."""
        return self.layer("final_norm")(x) if self.a.normalization == "pre" else x

    def block(self, x: Any, number: int, kept: Kept, own: tuple[Any, Any], memory: tuple[Any, Any]) -> Any:
        """Send the stream (1, T, d) through one block, keep what happens, and return the stream behind it.

        own: where each token stands, and which may be seen; memory: the source's last stream, and what of it may be.
        """
        entered = x
        x = self.part(x, number, "attention", "normalized", kept, lambda y: self.attend(y, number, kept, *own))
        keep(kept, middle=x)
        if memory[0] is not None:
            x = self.part(x, number, "cross", "", kept, lambda y: self.cross(y, number, kept, *memory))
        if self.a.mlp_width:
            x = self.part(x, number, "mlp", "mlp_in", kept, lambda y: self.mlp(y, number, kept))
        return entered if number in self.surgery.cut_layers else x

    def part(self, x: Any, number: int, name: str, reads: str, kept: Kept, work: Callable[[Any], Any]) -> Any:
        """Add one part to the stream, as models.transformer.residual does."""
        normalize = self.layer(f"block_{number + 1}_{name}_norm")
        before = self.a.normalization == "pre"
        y = normalize(x) if before else x
        if reads:
            keep(kept, **{reads: y})
        added = work(y)
        keep(kept, **{f"{name}_out": added})
        return x + added if before else normalize(x + added)

    def attend(self, y: Any, number: int, kept: Kept, positions: Any, seen: Any) -> Any:
        """Return what self-attention adds: (1, T, d)."""
        name = f"block_{number + 1}_"
        weights, heads = self.layer(f"{name}weights"), self.layer(f"{name}heads")
        fused = self.layer(f"{name}qkv")(y)
        queries, keys, values = weights.queries(fused, positions), weights.keys(fused, positions), heads.values(fused)
        scores = weights.scores(queries, keys)
        attention = softmax(cut(weights.masked(scores, seen), number, self.surgery.cut_arrows))
        mixed = self.silenced(tf.matmul(attention, values), number)
        keep(kept, queries=queries, keys=keys, values=values, scores=scores, attention=attention, mixed=mixed)
        return self.layer(f"{name}attention_out")(join_heads(mixed))

    def cross(self, y: Any, number: int, kept: Kept, memory: Any, seen: Any) -> Any:
        """Return what attention to the source adds: (1, T, d)."""
        name = f"block_{number + 1}_cross_"
        weights, heads = self.layer(f"{name}weights"), self.layer(f"{name}heads")
        fused = self.layer(f"{name}keys_values")(memory)
        scores = weights.scores(weights.queries(self.layer(f"{name}queries")(y)), weights.keys(fused))
        attention = softmax(cut(weights.masked(scores, seen), number, self.surgery.cut_cross))
        keep(kept, cross_scores=scores, cross_attention=attention)
        return self.layer(f"{name}out")(join_heads(tf.matmul(attention, heads.values(fused))))

    def mlp(self, y: Any, number: int, kept: Kept) -> Any:
        """Return what the MLP adds: (1, T, d)."""
        name = f"block_{number + 1}_"
        if self.a.experts:
            experts = self.layer(f"{name}experts")
            keep(kept, expert_weights=experts.routing(y)[0])
            return experts(y)
        hidden = self.layer(f"{name}mlp_hidden")(self.layer(f"{name}mlp_up")(y))
        keep(kept, mlp_hidden=hidden)
        return self.layer(f"{name}mlp_down")(hidden)

    def silenced(self, mixed: Any, number: int) -> Any:
        """Return the heads' findings (1, H, T, h) without those that were cut."""
        alive = np.ones((1, self.a.heads, 1, 1), np.float32)
        for layer, head in self.surgery.cut_heads:
            alive[0, head] *= layer != number
        return mixed * alive


def keep(kept: Kept, **tensors: Any) -> None:
    """Keep what one layer did under the names of the trace."""
    for name, tensor in tensors.items():
        kept.setdefault(name, []).append(tensor)


def cut(scores: Any, layer: int, arrows: Sequence[tuple[int, int, int, int]]) -> Any:
    """Return masked scores (1, H, T, S) in which the cut arrows of this layer are hidden, too."""
    here = [(0, head, to, sender) for number, head, to, sender in arrows if number == layer]
    if not here:
        return scores
    return tf.tensor_scatter_nd_update(scores, here, [float(HIDDEN)] * len(here))


def softmax(scores: Any) -> Any:
    """Return softmax over the last axis; a row in which everything is hidden becomes 0."""
    return tf.nn.softmax(scores) * tf.cast(tf.reduce_max(scores, -1, keepdims=True) > HIDDEN / 2, tf.float32)


def outcome(walk: Walk, final: Any, stream: Array, name_of: Callable[[int], str]) -> dict[str, Array]:
    """Return what comes out: candidates after the last and after each layer, or the embedding of the whole text."""
    if not walk.a.predicts:
        mean = final[0].numpy().mean(0)
        return {"sentence_embedding": mean / max(float(np.linalg.norm(mean)), 1e-12)}
    logits, probabilities, ids = best(walk, final, TOP)
    lens = [best(walk, walk.finish(tf.constant(one[np.newaxis])), LENS_TOP) for one in stream]
    lens_ids = np.stack([one[2] for one in lens])
    return {
        "top_ids": ids, "top_logits": logits, "top_probabilities": probabilities,
        "top_texts": written(ids, None, name_of), "lens_ids": lens_ids,
        "lens_probabilities": np.stack([one[1] for one in lens]), "lens_texts": written(lens_ids, None, name_of),
    }  # fmt: skip


def best(walk: Walk, final: Any, most: int) -> tuple[Array, Array, Array]:
    """Return logits, probabilities and ids of the best candidates for a stream (1, T, d): each (T, most)."""
    logits = walk.layers["logits"](final)[0]
    values, ids = tf.math.top_k(logits, min(most, int(logits.shape[-1])))
    probabilities = tf.exp(values - tf.reduce_logsumexp(logits, -1, keepdims=True))
    return values.numpy(), probabilities.numpy(), ids.numpy().astype(np.int32)


def contributions(walk: Walk, found: dict[str, Any]) -> Array:
    """Return what each head adds to the logit of the best candidate, directly: (L, H, T).

    The last normalization is linear once its divisor is known, so a logit is a sum over all that the stream was given.
    """
    last, layers = found["stream"][-1], walk.layers
    norm = walk.layer("final_norm")
    divisor = np.sqrt(last.var(-1) + norm.epsilon)  # (T,)
    directions = logit_directions(walk, found["top_ids"][:, 0]) * np.asarray(norm.gamma)  # (T, d)
    added = []
    for number, mixed in enumerate(found["mixed"]):  # (H, T, h)
        kernel = np.asarray(layers[f"block_{number + 1}_attention_out"].kernel)
        parts = np.einsum("hti,hid->htd", mixed, kernel.reshape(len(mixed), -1, kernel.shape[1]))
        centred = parts - parts.mean(-1, keepdims=True)
        alive = float(number not in walk.surgery.cut_layers)
        added.append(alive * np.einsum("htd,td->ht", centred, directions) / divisor)
    return np.stack(added).astype(np.float32)


def logit_directions(walk: Walk, ids: Array) -> Array:
    """Return the directions of the stream that the logits of these tokens read: (T,) to (T, d)."""
    if walk.a.tied:
        return np.asarray(tf.gather(walk.layers["token_embedding"].embeddings, ids))
    return np.asarray(walk.layers["logits"].kernel)[:, ids].T
