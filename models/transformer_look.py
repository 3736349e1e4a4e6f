"""What a Transformer shows of itself while it trains: attention of all heads, their scores, how much is right."""

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from lab.datasets.token_tasks import PADDING, TokenTask
from models.attention_scores import head_scores
from models.base import Array
from models.views.transformer import ATTENTION_LEVELS, HEAD_SCORES, TransformerView

if TYPE_CHECKING:
    from models.transformer import Architecture

MEASURED = 200  # test and training sequences by which a run is measured
SCORED = 12  # test sequences over which the scores of heads are averaged
SHOWN, SHOWN_WEIGHTS, SHOWN_TOKENS = 3, 12_000, 40  # recorded at most: sequences, attention weights, tokens of a text


def asked_loss(targets: Any, logits: Any) -> Any:
    """Return -log p of the right token where one is asked, (batch, T); its mean is the mean over what is asked."""
    asked = tf.cast(targets >= 0, tf.float32)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.maximum(targets, 0), logits)
    return losses * asked / tf.maximum(tf.reduce_mean(asked), 1e-9)


def logits_of(model: keras.Model, features: Any) -> Array:
    """Return the logits (n, T, vocabulary) of sequences (n, T), or of sources and sequences."""
    if not hasattr(model, "known_logits"):
        model.known_logits = tf.function(lambda x: model(x, training=False), reduce_retracing=True)
    return np.asarray(model.known_logits(tf.nest.map_structure(tf.constant, features)))


def attention_of(model: keras.Model, features: Any) -> dict[str, Array]:
    """Return attention weights (n, L, H, T, S) of sequences: "own", and of an encoder-decoder "source" and "cross"."""
    if not hasattr(model, "known_attention"):
        names = [layer.name for layer in model.layers if layer.name.endswith("weights")]
        inspector = keras.Model(model.inputs, {name: model.get_layer(name).output for name in names})
        model.known_attention = tf.function(lambda x: inspector(x, training=False), reduce_retracing=True)
    found: dict[str, list[Array]] = {}
    for name, weights in model.known_attention(tf.nest.map_structure(tf.constant, features)).items():
        side = "source" if name.startswith("encoder_") else "cross" if "cross" in name else "own"
        found.setdefault(side, []).append((name, np.asarray(weights)))
    return {side: np.stack([one for _, one in sorted(layers)], axis=1) for side, layers in found.items()}


def shown(architecture: "Architecture", data: TokenTask) -> tuple[int, int]:
    """Return how many test sequences are recorded, and how many of their tokens; of text only the beginning."""
    length = data.test_inputs.shape[1]
    if data.end < 0 and architecture.kind == "decoder" and data.name != "induction":
        length = min(length, SHOWN_TOKENS)
    weights = architecture.layers * architecture.heads * length**2
    return int(np.clip(SHOWN_WEIGHTS // weights, 1, SHOWN)), length


def overview(model: keras.Model, data: TokenTask) -> TransformerView:
    """Return what is recorded at one moment."""
    architecture = model.architecture
    count, length = shown(architecture, data)
    features = data.features("test", SCORED)
    attention = attention_of(model, features)
    logits = logits_of(model, features)[:count, :length]
    found = {"seen_attention": rounded(attention["own"][:count, :, :, :length, :length])}
    for side in ("source", "cross"):
        if side in attention:
            found[f"seen_{side}_attention"] = rounded(attention[side][:count])
    targets = data.test_targets[:count, :length]
    right = np.take_along_axis(softmax(logits), np.maximum(targets, 0)[..., np.newaxis], axis=-1)[..., 0]
    return TransformerView(
        **found,
        seen_scores=mean_scores(attention["own"], data, architecture.kind != "encoder"),
        seen_best=logits.argmax(-1).astype(np.int32),
        seen_right=np.where(targets >= 0, right, 0.0).astype(np.float16),
    )


def rounded(attention: Array) -> Array:
    """Return attention weights in 255ths, as float16: small to store, and finer than what a picture shows."""
    return (np.rint(np.nan_to_num(attention) * ATTENTION_LEVELS) / ATTENTION_LEVELS).astype(np.float16)


def softmax(logits: Array) -> Array:
    """Return probabilities over the last axis."""
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(shares / shares.sum(-1, keepdims=True))


def mean_scores(attention: Array, data: TokenTask, causal: bool) -> Array:
    """Return the scores of heads (L, H, 7), means over sequences; attention: (n, L, H, T, T)."""
    found = []
    for weights, tokens in zip(attention, data.test_inputs, strict=False):
        size = len(tokens)
        if data.vocabulary[0] == PADDING:
            size = int(np.flatnonzero(tokens)[-1]) + 1
        found.append(head_scores(weights[:, :, :size, :size], tokens[:size], causal=causal))
    return np.mean(found, axis=0).astype(np.float32)


def evaluate(model: keras.Model, data: TokenTask, view: TransformerView) -> dict[str, float]:
    """Return loss, share right and share of sequences with all right, and the largest scores of heads.

    Losses are nats a token; test_bits are bits a character. The sign that closes an answer counts in the loss only.
    """
    metrics: dict[str, float] = {}
    for part in ("train", "test"):
        logits = logits_of(model, data.features(part, MEASURED))
        loss, accuracy, exact = measured(logits, data.targets(part, MEASURED), data.end)
        metrics |= {f"{part}_loss": loss, f"{part}_accuracy": accuracy}
    metrics["test_exact"] = exact
    metrics["test_bits"] = metrics["test_loss"] / np.log(2) / data.characters_per_token
    for name in ("previous", "induction"):
        metrics[f"{name}_score"] = float(view.seen_scores[..., HEAD_SCORES.index(name)].max())
    return {name: float(value) for name, value in metrics.items()}


def measured(logits: Array, targets: Array, end: int) -> tuple[float, float, float]:
    """Return the mean -log p where a token is asked, the share right, and the share of sequences with all right."""
    asked = targets >= 0
    right = np.maximum(targets, 0)
    peak = logits.max(-1)
    log_sum = peak + np.log(np.exp(logits - peak[..., np.newaxis]).sum(-1))
    losses = log_sum - np.take_along_axis(logits, right[..., np.newaxis], axis=-1)[..., 0]
    answers = asked & (targets != end)
    hits = np.nan_to_num(logits, nan=-np.inf).argmax(-1) == right
    return float(losses[asked].mean()), float(hits[answers].mean()), float((hits | ~answers).all(1).mean())
