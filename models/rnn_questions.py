"""What a plain recurrent network answers: step by step, at other lags, in writing, far ahead, and how long it takes."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lab.datasets.memory_tasks import MEMORY_TASKS, memory_task
from lab.datasets.sequence import SequenceData
from lab.datasets.series import SeriesData
from lab.datasets.text import TextData
from models.base import Array
from models.recurrent import numbers
from models.recurrent_forecast import fan
from models.recurrent_training import accuracy, regression_scores
from models.recurrent_writing import SHOWN_CHOICES, Choice, likeliest
from models.rnn_replay import Replay
from models.views import RnnView

MOST_LAG, MOST_WRITTEN, MOST_TYPED, MOST_AHEAD = 400, 2000, 400, 200
ASKED_SEQUENCES = 400  # by which each other lag is measured
TIMED_WIDTH, TIMED_NUMBERS = 32, 4096
LAST_WORD = "ask about a row, typed symbols, lags, writing, a fan or the time"


def respond(model: keras.Model, data: SequenceData, question: Mapping[str, Any]) -> RnnView:
    """Return the answer to a question. Raises ValueError for another question.

    {"row": index of a test sequence} or {"typed": symbols}: the network unrolled, every number of it. {"lags": [...]}:
    its score at other lags, memory tasks only. {"write": beginning, "count", "temperature", "top_k", "seed"}: text.
    {"fan": steps ahead, "seed"}: series. {"timing": lengths}: seconds of layers of this width.
    """
    if "row" in question or "typed" in question:
        return _unrolled(Replay.of(model, data), data, question)
    if "lags" in question:
        return _at_lags(Replay.of(model, data), data, [int(lag) for lag in question["lags"]])
    if "write" in question:
        return _written(Replay.of(model, data), data, question)
    if "fan" in question:
        return _fan(Replay.of(model, data), data, int(question["fan"]), int(question.get("seed", 0)))
    if "timing" in question:
        return _timing([int(length) for length in question["timing"]])
    raise ValueError(LAST_WORD)


# ---- step by step ----


def _unrolled(replay: Replay, data: SequenceData, question: Mapping[str, Any]) -> RnnView:
    inputs = numbers(data, _sequence(data, question)[np.newaxis])
    states, _ = replay.read(inputs)
    layers = [*replay.layers, *([replay.write] if replay.write else [])]
    weights = [part.ravel() for layer in layers for part in (layer.kernel, layer.recurrent, layer.bias)]
    return RnnView(
        unrolled_inputs=inputs[0],
        unrolled_states=np.stack(states)[:, 0],
        unrolled_outputs=replay.outputs(inputs).reshape(-1, len(replay.bias)),
        unrolled_weights=np.concatenate([*weights, replay.kernel.ravel(), replay.bias]),
    )


def _sequence(data: SequenceData, question: Mapping[str, Any]) -> Array:
    if "row" in question:
        row = int(question["row"])
        if not 0 <= row < len(data.test_inputs):
            raise ValueError(f"there are test sequences 0 to {len(data.test_inputs) - 1}")
        return np.asarray(data.test_inputs[row])
    return typed(data, str(question["typed"]))


def typed(data: SequenceData, words: str) -> Array:
    """Return typed symbols as a sequence: tokens, or bits as numbers. Raises ValueError with what can be typed."""
    known = data.input_names if data.tokens else ("0", "1")
    if (not data.tokens and data.features != 1) or isinstance(data, SeriesData):
        raise ValueError("sequences of numbers cannot be typed here; choose a test sequence")
    if not 1 <= len(words) <= MOST_TYPED:
        raise ValueError(f"type 1 to {MOST_TYPED} symbols")
    strange = sorted({symbol for symbol in words if symbol not in known})
    if strange:
        raise ValueError(f'"{strange[0]}" is no symbol of this task; it knows {" ".join(known)}')
    places = np.array([known.index(symbol) for symbol in words], np.int32)
    return places if data.tokens else places[:, np.newaxis].astype(np.float32)


# ---- at other lags ----


def _at_lags(replay: Replay, data: SequenceData, lags: list[int]) -> RnnView:
    if data.name not in MEMORY_TASKS:
        raise ValueError("only memory tasks have other lags")
    if not lags or not all(1 <= lag <= MOST_LAG for lag in lags):
        raise ValueError(f"lags lie between 1 and {MOST_LAG}")
    lags = [max(lag, MEMORY_TASKS[data.name].least) for lag in lags]
    return RnnView(lags=np.array(lags, np.int32),
                   lag_scores=np.array([score_at(replay, data, lag) for lag in lags], np.float32))  # fmt: skip


def score_at(replay: Replay, data: SequenceData, lag: int) -> float:
    """Return a network's share right at another lag, or its gain (1 - squared error / chance) for the adding problem.

    The sequences are those that the seed 1 gives, none of which it has learned.
    """
    other = memory_task(data.name, lag=lag, samples=1, seed=1, test_samples=ASKED_SEQUENCES)
    if data.form == "sequence":  # it writes as many answers as it has read
        replay = Replay(replay.layers, replay.write, replay.kernel, replay.bias, replay.form, other.answer_steps)
    with np.errstate(over="ignore", invalid="ignore"):
        outputs = replay.outputs(numbers(other, other.test_inputs))
    return accuracy(other, outputs) if data.class_names else regression_scores(other, outputs)["test_gain"]


# ---- in writing ----


def _written(replay: Replay, data: SequenceData, question: Mapping[str, Any]) -> RnnView:
    if not isinstance(data, TextData):
        raise ValueError("only a network that learned a text can write")
    begin = str(question["write"])
    count = int(question.get("count", 200))
    if not 1 <= len(begin) <= MOST_TYPED or not 1 <= count <= MOST_WRITTEN:
        raise ValueError(f"a beginning has 1 to {MOST_TYPED} characters, and 1 to {MOST_WRITTEN:,} are written")
    choice = Choice(float(question.get("temperature", 1.0)), int(question.get("top_k", 0)))
    tokens = [int(token) for token in data.encode(begin)]
    generator = np.random.default_rng(int(question.get("seed", 0)))
    step = stepper(replay)
    logits = [step(token) for token in tokens][-1]
    chances, places = [], []
    for _ in range(count):
        likely = likeliest(choice.chances(logits), SHOWN_CHOICES)
        chances.append(likely[1])
        places.append(likely[0])
        tokens.append(choice.draw(logits, generator))
        logits = step(tokens[-1])
    return RnnView(written=np.array(tokens, np.int32), written_chances=np.array(chances, np.float32),
                   written_tokens=np.array(places, np.int32))  # fmt: skip


def stepper(replay: Replay) -> Callable[[int], Array]:
    """Return a function that reads one token, keeps the state, and returns the logits of the next: (symbols,)."""
    states = [np.zeros_like(layer.bias) for layer in replay.layers]

    def step(token: int) -> Array:
        x = replay.layers[0].kernel[token]  # the product with a row that has a single one
        for place, layer in enumerate(replay.layers):
            total = (x if place == 0 else x @ layer.kernel) + states[place] @ layer.recurrent + layer.bias
            x = states[place] = np.tanh(total) if layer.bend == "tanh" else np.maximum(total, 0)
        return np.asarray(x @ replay.kernel + replay.bias)

    return step


# ---- far ahead ----


def _fan(replay: Replay, data: SequenceData, ahead: int, seed: int) -> RnnView:
    if not isinstance(data, SeriesData):
        raise ValueError("only series are forecast")
    most = min(MOST_AHEAD, len(data.truth()))
    if not 1 <= ahead <= most:
        raise ValueError(f"this series can be forecast 1 to {most} values ahead, so far the truth is known")
    found = fan(replay.outputs, data, ahead, seed)
    return RnnView(fan=found.quantiles, fan_levels=found.levels, fan_mean=found.mean, fan_other=found.other,
                   other_fan=found.other_band, fan_truth=data.truth()[:ahead])  # fmt: skip


# ---- how long it takes ----


def _timing(lengths: list[int]) -> RnnView:
    if not lengths or not all(1 <= length <= TIMED_NUMBERS for length in lengths):
        raise ValueError(f"lengths lie between 1 and {TIMED_NUMBERS:,}")
    return RnnView(timing_lengths=np.array(lengths, np.int32),
                   timing=np.array([seconds_of(length) for length in lengths], np.float32).T)  # fmt: skip


def seconds_of(length: int) -> tuple[float, float, float]:
    """Return the seconds of a dense layer, of a recurrent one, and of that with its gradient, on the same numbers.

    All read TIMED_NUMBERS vectors of TIMED_WIDTH numbers: in sequences of `length`, as many as it takes.
    """
    x = tf.random.stateless_normal([max(1, TIMED_NUMBERS // length), length, TIMED_WIDTH], [0, 0])
    dense, recurrent = keras.layers.Dense(TIMED_WIDTH, "tanh"), keras.layers.SimpleRNN(TIMED_WIDTH)
    dense.build(x.shape)
    recurrent.build(x.shape)

    def back(inputs: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(recurrent(inputs))
        return tape.gradient(loss, recurrent.trainable_variables)

    return _shortest(dense, x), _shortest(recurrent, x), _shortest(back, x)


def _shortest(work: Any, x: tf.Tensor, repetitions: int = 5) -> float:
    """Return the shortest of some times of a compiled function, which other work on the machine disturbs least."""
    function = tf.function(lambda inputs: work(inputs))
    function(x)
    seconds = []
    for _ in range(repetitions):
        started = time.perf_counter()
        tf.nest.map_structure(np.asarray, function(x))
        seconds.append(time.perf_counter() - started)
    return min(seconds)
