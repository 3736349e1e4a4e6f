"""Attention reads all positions at once: few operations wait for each other, where an LSTM takes one step per token."""

import json
import os
import subprocess
import sys
from typing import Any

from evidence.ledger.claim import Claim, Effect
from evidence.ledger.sequences import shortest

CLAIM = Claim(
    number=18,
    statement="A Transformer is parallel over positions, in training and in use: few sequential steps, at the cost of "
    "n x n comparisons.",
    experiment="Time an attention block and an LSTM of width 64, forward and with gradients, by length and batch, at "
    "constant work, on one core and on two.",
    effects=(
        Effect("steps", "Operations one after the other for 512 tokens: LSTM as a multiple of attention", above=50),
        Effect("single", "Time for one sequence of 512 tokens: LSTM as a multiple of attention", above=2),
        Effect("training", "The same with gradients, as in training", above=2),
        Effect("work", "LSTM's time for 4,096 tokens as one sequence, as a multiple of that as 64 sequences", above=3),
        Effect("cores", "What a second core gains attention on 2,048 tokens, as a multiple of what it gains an LSTM",
               above=1.1),
        Effect("growth", "Exponent of attention's time over length, from 1,024 to 4,096 tokens", above=1.5, limit=True),
        Effect("batch", "Time for 8 sequences of 2,048 tokens: attention as a multiple of the LSTM", above=1.0,
               limit=True),
    ),
    pages=("transformer",),
)  # fmt: skip
WIDTH, HEADS = 64, 4
ATTENTION_OPERATIONS = 5  # projection, scores, softmax, weighted sum, output: one after the other, whatever the length
KINDS = ("attention", "lstm")
WORK = 4096  # tokens: sequences x length
LONG = 2048


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return ratios of times, the number of operations that must wait for each other, and the times themselves."""
    import numpy as np

    lengths = (128, 512) if quick else (128, 512, 1024, 2048, 4096)
    single = {kind: [seconds(kind, 1, length, seed) for length in lengths] for kind in KINDS}
    sizes = (512, 2048) if quick else (1024, 2048, 4096)
    far = [seconds("attention", 1, length, seed) for length in sizes]
    many = {kind: seconds(kind, 8, 1024 if quick else LONG, seed) for kind in KINDS}
    trained = {kind: seconds(kind, 1, 512, seed, gradients=True) for kind in KINDS}
    cut = (64, 1024, WORK)
    work = {kind: [seconds(kind, WORK // length, length, seed) for length in cut] for kind in KINDS}
    cores = {count: on_cores(count, seed) for count in (1, 2)}
    gains = {kind: cores[1][kind] / cores[2][kind] for kind in KINDS}
    place = lengths.index(512)
    return {
        "steps": 512 / ATTENTION_OPERATIONS, "single": single["lstm"][place] / single["attention"][place],
        "training": trained["lstm"] / trained["attention"], "work": work["lstm"][-1] / work["lstm"][0],
        "cores": gains["attention"] / gains["lstm"],
        "growth": float(np.polyfit(np.log(sizes), np.log(far), 1)[0]), "batch": many["attention"] / many["lstm"],
        "lengths": list(lengths), "seconds_of_one": single, "gains_of_a_second_core": gains,
        "lengths_at_constant_work": list(cut), "seconds_at_constant_work": work,
    }  # fmt: skip


def seconds(kind: str, batch: int, length: int, seed: int, *, gradients: bool = False) -> float:
    """Return the shortest of several passes, compiled, (batch, length, 64) to the same. gradients: and back again."""
    import keras
    import numpy as np
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    x = tf.constant(np.random.default_rng(seed).normal(size=(batch, length, WIDTH)).astype(np.float32))
    forward, variables = _layers(kind, batch, length)

    def back_and_forth(y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(forward(y)))
        return tf.add_n([tf.reduce_sum(slope) for slope in tape.gradient(loss, variables)])

    run = tf.function(back_and_forth if gradients else forward, autograph=False)
    return shortest(lambda: run(x).numpy(), repeats=5)


def _layers(kind: str, batch: int, length: int) -> tuple[Any, list[Any]]:
    """Return what one kind computes, and its weights."""
    import keras

    shape = (batch, length, WIDTH)
    if kind == "lstm":
        layer = keras.layers.LSTM(WIDTH, return_sequences=True)
        layer.build(shape)
        return (lambda y: layer(y)), [weight.value for weight in layer.trainable_variables]
    first, last = keras.layers.Dense(3 * WIDTH), keras.layers.Dense(WIDTH)
    first.build(shape)
    last.build(shape)
    variables = [weight.value for weight in (*first.trainable_variables, *last.trainable_variables)]
    return (lambda y: last(_attended(first(y), batch, length))), variables


def on_cores(count: int, seed: int) -> dict[str, float]:
    """Return the seconds of both kinds for one long sequence, in a process of its own with so many threads.

    TensorFlow takes its number of threads when it is loaded.
    """
    code = (
        "import json; from evidence.attention_is_parallel_over_positions import KINDS, LONG, seconds; "
        f"print(json.dumps({{kind: seconds(kind, 1, LONG, {seed}) for kind in KINDS}}))"
    )
    threads = {name: str(count) for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, **threads}, capture_output=True, text=True,
                          check=True)  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _attended(qkv: Any, batch: int, length: int) -> Any:
    """softmax(Q K' / sqrt(d)) V with four heads, causal: (batch, length, 3 x 64) to (batch, length, 64)."""
    import tensorflow as tf

    shape = (batch, length, 3, HEADS, WIDTH // HEADS)
    queries, keys, values = tf.unstack(tf.transpose(tf.reshape(qkv, shape), (2, 0, 3, 1, 4)))
    scores = tf.matmul(queries, keys, transpose_b=True) / (WIDTH // HEADS) ** 0.5
    future = tf.linalg.band_part(tf.ones((length, length)), -1, 0)
    mixed = tf.matmul(tf.nn.softmax(scores - 1e9 * (1 - future)), values)  # (batch, heads, length, 16)
    return tf.reshape(tf.transpose(mixed, (0, 2, 1, 3)), (batch, length, WIDTH))
