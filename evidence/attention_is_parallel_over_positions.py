"""Attention handles all positions at once where a recurrent network takes one after the other; it pays in n x n."""

from typing import Any

from evidence.ledger.claim import Claim, Effect
from evidence.ledger.sequences import shortest

CLAIM = Claim(
    number=18,
    statement="A Transformer is parallel over positions: few sequential steps, at the cost of n x n comparisons.",
    experiment="Time an attention block and an LSTM of width 64, forward on one core, by length and batch.",
    effects=(
        Effect("steps", "Operations one after the other for 512 tokens: LSTM as a multiple of attention", above=50),
        Effect("single", "Time for one sequence of 512 tokens: LSTM as a multiple of attention", above=2),
        Effect("growth", "Exponent of attention's time over length, from 1,024 to 4,096 tokens", above=1.5, limit=True),
        Effect(
            "batch", "Time for 8 sequences of 2,048 tokens: attention as a multiple of the LSTM", above=1.0, limit=True
        ),
    ),
    pages=("transformer",),
)
WIDTH, HEADS = 64, 4
ATTENTION_OPERATIONS = 5  # projection, scores, softmax, weighted sum, output: one after the other, whatever the length


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return ratios of times, and the number of operations that must wait for each other."""
    import numpy as np

    lengths = (128, 512) if quick else (128, 512, 1024, 2048, 4096)
    single = {kind: [seconds(kind, 1, length, seed) for length in lengths] for kind in ("attention", "lstm")}
    far = [seconds("attention", 1, length, seed) for length in ((512, 2048) if quick else (1024, 2048, 4096))]
    sizes = (512, 2048) if quick else (1024, 2048, 4096)
    many = {kind: seconds(kind, 8, 1024 if quick else 2048, seed) for kind in ("attention", "lstm")}
    place = lengths.index(512)
    return {
        "steps": 512 / ATTENTION_OPERATIONS, "single": single["lstm"][place] / single["attention"][place],
        "growth": float(np.polyfit(np.log(sizes), np.log(far), 1)[0]), "batch": many["attention"] / many["lstm"],
        "lengths": list(lengths), "seconds_of_one": single,
    }  # fmt: skip


def seconds(kind: str, batch: int, length: int, seed: int) -> float:
    """Return the shortest of several forward passes, compiled, (batch, length, 64) to the same."""
    import keras
    import numpy as np
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    x = tf.constant(np.random.default_rng(seed).normal(size=(batch, length, WIDTH)).astype(np.float32))
    if kind == "lstm":
        layer = keras.layers.LSTM(WIDTH, return_sequences=True)
        layer.build(x.shape)
        run = tf.function(lambda y: layer(y), autograph=False)
    else:
        first, last = keras.layers.Dense(3 * WIDTH), keras.layers.Dense(WIDTH)
        first.build(x.shape)
        last.build(x.shape)
        run = tf.function(lambda y: last(_attended(first(y), batch, length)), autograph=False)
    return shortest(lambda: run(x).numpy(), repeats=5)


def _attended(qkv: Any, batch: int, length: int) -> Any:
    """softmax(Q K' / sqrt(d)) V with four heads, causal: (batch, length, 3 x 64) to (batch, length, 64)."""
    import tensorflow as tf

    shape = (batch, length, 3, HEADS, WIDTH // HEADS)
    queries, keys, values = tf.unstack(tf.transpose(tf.reshape(qkv, shape), (2, 0, 3, 1, 4)))
    scores = tf.matmul(queries, keys, transpose_b=True) / (WIDTH // HEADS) ** 0.5
    future = tf.linalg.band_part(tf.ones((length, length)), -1, 0)
    mixed = tf.matmul(tf.nn.softmax(scores - 1e9 * (1 - future)), values)  # (batch, heads, length, 16)
    return tf.reshape(tf.transpose(mixed, (0, 2, 1, 3)), (batch, length, WIDTH))
