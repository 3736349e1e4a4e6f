"""What LSTM and GRU answer: every gate, surgery, what an answer remembers, the forget bias, writing, forecasts."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from lab.datasets.sequence import SequenceData
from lab.datasets.series import SeriesData
from lab.datasets.text import TextData
from models import forget_bias
from models.base import Array
from models.bottleneck import alignment, shifted
from models.bottleneck_training import outputs_of
from models.gate_stack import GateStack, Replayed
from models.gates import SHOWN, Surgery, conveyor
from models.recurrent import numbers
from models.recurrent_forecast import fan
from models.recurrent_training import accuracy, mean_loss, regression_scores
from models.recurrent_writing import SHOWN_CHOICES, Choice, likeliest
from models.rnn_questions import MOST_AHEAD, MOST_TYPED, MOST_WRITTEN, chosen_sequence, memory_of_lag
from models.views import LstmGruView

OPERATED = 300  # test sequences on which a surgery is measured
LEAST_BIAS, MOST_BIAS = -4.0, 8.0
LAST_WORD = "ask about gates, surgery, memory, lags, a forget bias, writing, a fan or an alignment"


def respond(model: keras.Model, data: SequenceData, question: Mapping[str, Any]) -> LstmGruView:
    """Return the answer to a question. Raises ValueError for another question.

    A sequence is {"row": index of a test sequence} or {"typed": symbols}. With "gates": every gate of it; with "gate",
    "value", "cut", "layer": surgery on it and on the test part; with "remember": step whose answer is asked (-1: the
    last): what that answer rests on. {"forget_bias": b, "seed"}: gradients of an untrained LSTM. {"lags": [...]}:
    scores at other lags. {"write": beginning, "count", "temperature", "top_k", "seed"}: text. {"fan": steps ahead,
    "seed"}: series. {"align": index of a test sequence}: who looks where while it reverses.
    """
    if "forget_bias" in question:
        return _bias(float(question["forget_bias"]), int(question.get("seed", 0)))
    if data.form == "sequence":
        if "align" in question:
            return _aligned(model, data, int(question["align"]))
        raise ValueError("while it reverses, ask who looks where; its gates are those of two networks")
    stack = GateStack.of(model, data)
    asked = {"gates": _gates, "gate": _operated, "cut": _operated, "remember": _remembered, "lags": _at_lags,
             "write": _written, "fan": _fan}  # fmt: skip
    for name, answer in asked.items():
        if name in question:
            return answer(stack, data, question)
    if "row" in question or "typed" in question:
        return _unrolled(stack, data, question)
    raise ValueError(LAST_WORD)


# ---- gates and surgery ----


def _gates(stack: GateStack, data: SequenceData, question: Mapping[str, Any]) -> LstmGruView:
    sequence = chosen_sequence(data, question)
    ran = stack.run(numbers(data, sequence[np.newaxis]))
    tokens = sequence.astype(np.int32) if data.tokens else None
    belts = [np.stack(list(_forward_belt(stack, ran, place).values()))[:, 0] for place in range(len(ran.traces))]
    return LstmGruView(
        gate_values=values_of(stack, ran), belt=np.stack(belts).astype(np.float32), read_tokens=tokens,
        read_inputs=ran.read[0][0].astype(np.float32), gate_outputs=_told(data, ran),
    )  # fmt: skip


def _unrolled(stack: GateStack, data: SequenceData, question: Mapping[str, Any]) -> LstmGruView:
    inputs = numbers(data, chosen_sequence(data, question)[np.newaxis])
    ran = stack.run(inputs)
    forwards = [trace["hidden"][0] for cell, trace in zip(stack.cells, ran.traces, strict=True) if not cell.backwards]
    return LstmGruView(
        unrolled_inputs=inputs[0], unrolled_states=np.stack(forwards).astype(np.float32),
        unrolled_outputs=ran.outputs.reshape(-1, ran.outputs.shape[-1]).astype(np.float32),
    )  # fmt: skip


def _forward_belt(stack: GateStack, ran: Replayed, place: int) -> dict[str, Array]:
    """Return the conveyor of a cell; one that reads from the end moves from the last step to the first."""
    trace = ran.traces[place]
    if not stack.cells[place].backwards:
        return conveyor(trace)
    turned = conveyor({name: array[:, ::-1] for name, array in trace.items()})
    return {name: array[:, ::-1] for name, array in turned.items()}


def values_of(stack: GateStack, ran: Replayed) -> Array:
    """Return every value of every cell while it reads one sequence: (cells, names, T, u) float32."""
    names = SHOWN[stack.cells[0].kind]
    return np.stack([[trace[name][0] for name in names] for trace in ran.traces]).astype(np.float32)


def _told(data: SequenceData, ran: Replayed) -> Array:
    """Return the outputs for one sequence, (A, outputs): logits, or a value in the target's unit."""
    outputs = ran.outputs[0].reshape(-1, ran.outputs.shape[-1])
    return np.asarray(data.original_targets(outputs), np.float32)


def _operated(stack: GateStack, data: SequenceData, question: Mapping[str, Any]) -> LstmGruView:
    cut, layer = question.get("cut"), question.get("layer")
    surgery = Surgery(
        str(question.get("gate", "")), float(question.get("value", 0.0)), None if cut is None else int(cut)
    )
    place = None if layer is None else int(layer)
    if place is not None and not 0 <= place < len(stack.layers):
        raise ValueError(f"the stack has layers 0 to {len(stack.layers) - 1}")
    inputs = numbers(data, chosen_sequence(data, question)[np.newaxis])
    whole, operated = stack.run(inputs), stack.run(inputs, surgery, place)
    some = numbers(data, data.test_inputs[:OPERATED])
    both = [stack.run(some).outputs, stack.run(some, surgery, place).outputs]
    return LstmGruView(
        gate_values=values_of(stack, whole), cut_values=values_of(stack, operated),
        gate_outputs=_told(data, whole), cut_outputs=_told(data, operated),
        surgery_losses=np.array([loss_of(data, outputs) for outputs in both], np.float32),
        surgery_scores=np.array([score_of(data, outputs) for outputs in both], np.float32),
        surgery_share=np.array([len(some)], np.float32),
    )  # fmt: skip


def loss_of(data: SequenceData, outputs: Array) -> float:
    """Return the loss on the first test sequences, as it is trained."""
    return mean_loss(data, outputs, data.loss_targets("test")[: len(outputs)])


def score_of(data: SequenceData, outputs: Array) -> float:
    """Return the share right on the first test sequences, or the error of a regression in the target's unit."""
    if data.task == "classification":
        return accuracy(data, outputs)
    truth = data.original_targets(data.test_targets[: len(outputs)])
    return float(np.sqrt(np.mean((data.original_targets(outputs[:, 0]) - truth) ** 2)))


# ---- what an answer rests on ----


def _remembered(stack: GateStack, data: SequenceData, question: Mapping[str, Any]) -> LstmGruView:
    sequence = chosen_sequence(data, question)
    inputs = numbers(data, sequence[np.newaxis])
    ran = stack.run(inputs)
    steps, place = len(sequence), int(question["remember"])
    place = steps - 1 if place < 0 or data.form == "last" else place
    if place >= steps:
        raise ValueError(f"this sequence has answers at the steps 0 to {steps - 1}")
    output = ran.outputs[0] if data.form == "last" else ran.outputs[0, place]
    pull = np.zeros_like(ran.outputs)
    pull[(0, int(output.argmax())) if data.form == "last" else (0, place, int(output.argmax()))] = 1.0
    found = stack.input_slopes(ran, pull)[0]  # (T, d)
    along = (found * inputs[0]).sum(axis=1) if data.tokens else found[:, 0]
    view: dict[str, Any] = {}
    if data.task == "classification":
        chances = Choice().chances(output)
        tokens, values = likeliest(chances, SHOWN_CHOICES)
        view = {"remembered_tokens": tokens, "remembered_chances": values.astype(np.float32)}
    return LstmGruView(
        remembered=along.astype(np.float32), remembered_lengths=np.linalg.norm(found, axis=1).astype(np.float32),
        remembered_place=np.array([place], np.int32), read_inputs=inputs[0].astype(np.float32),
        read_tokens=sequence.astype(np.int32) if data.tokens else None, gate_outputs=_told(data, ran), **view,
    )  # fmt: skip


# ---- the forget bias, other lags, writing, forecasts ----


def _bias(bias: float, seed: int) -> LstmGruView:
    if not LEAST_BIAS <= bias <= MOST_BIAS:
        raise ValueError(f"the forget bias lies between {LEAST_BIAS:g} and {MOST_BIAS:g}")
    curve = forget_bias.gradient_by_step(seed, bias)
    return LstmGruView(
        bias_slopes=forget_bias.measured(seed), bias_curve=curve,
        bias_asked=np.array([bias, forget_bias.slope(curve), forget_bias.theory(bias)]),
        bias_chrono=np.array([forget_bias.slope(forget_bias.gradient_by_step(seed, None))]),
    )  # fmt: skip


def _at_lags(stack: GateStack, data: SequenceData, question: Mapping[str, Any]) -> LstmGruView:
    lags, scores = [], []
    for lag in question["lags"]:
        other = memory_of_lag(data, int(lag))
        outputs = stack.run(numbers(other, other.test_inputs)).outputs
        lags.append(other.lag)
        scores.append(accuracy(other, outputs) if data.class_names else regression_scores(other, outputs)["test_gain"])
    return LstmGruView(lags=np.array(lags, np.int32), lag_scores=np.array(scores, np.float32))


def _written(stack: GateStack, data: SequenceData, question: Mapping[str, Any]) -> LstmGruView:
    if not isinstance(data, TextData):
        raise ValueError("only a network that learned a text can write")
    begin, count = str(question["write"]), int(question.get("count", 200))
    if not 1 <= len(begin) <= MOST_TYPED or not 1 <= count <= MOST_WRITTEN:
        raise ValueError(f"a beginning has 1 to {MOST_TYPED} characters, and 1 to {MOST_WRITTEN:,} are written")
    choice = Choice(float(question.get("temperature", 1.0)), int(question.get("top_k", 0)))
    generator = np.random.default_rng(int(question.get("seed", 0)))
    tokens, step = [int(token) for token in data.encode(begin)], stepper(stack, data.features)
    logits = [step(token) for token in tokens][-1]
    likely = []
    for _ in range(count):
        likely.append(likeliest(choice.chances(logits), SHOWN_CHOICES))
        tokens.append(choice.draw(logits, generator))
        logits = step(tokens[-1])
    return LstmGruView(
        written=np.array(tokens, np.int32), written_chances=np.array([chances for _, chances in likely], np.float32),
        written_tokens=np.array([found for found, _ in likely], np.int32),
    )  # fmt: skip


def stepper(stack: GateStack, symbols: int) -> Callable[[int], Array]:
    """Return a function that reads one token, keeps the states, and returns the logits of the next one: (symbols,).

    Raises ValueError for a network that reads both ways: it would have to know the end of what it is about to write.
    """
    if any(cell.backwards for cell in stack.cells):
        raise ValueError("a bidirectional network has read the next character already, so it cannot write")
    kept = [cell.memory() for cell in stack.cells]
    one_hot = np.eye(symbols)

    def step(token: int) -> Array:
        x = one_hot[token][np.newaxis]
        for memory in kept:
            x = memory.advance(x)
        return np.asarray((x @ stack.kernel + stack.bias)[0])

    return step


def _fan(stack: GateStack, data: SequenceData, question: Mapping[str, Any]) -> LstmGruView:
    if not isinstance(data, SeriesData):
        raise ValueError("only series are forecast")
    ahead, most = int(question["fan"]), min(MOST_AHEAD, len(data.truth()))
    if not 1 <= ahead <= most:
        raise ValueError(f"this series can be forecast 1 to {most} values ahead, so far the truth is known")
    found = fan(lambda windows: stack.run(windows).outputs, data, ahead, int(question.get("seed", 0)))
    return LstmGruView(fan=found.quantiles, fan_levels=found.levels, fan_mean=found.mean, fan_other=found.other,
                       other_fan=found.other_band, fan_truth=data.truth()[:ahead])  # fmt: skip


# ---- reversing ----


def _aligned(model: keras.Model, data: SequenceData, row: int) -> LstmGruView:
    if not 0 <= row < len(data.test_inputs):
        raise ValueError(f"there are test sequences 0 to {len(data.test_inputs) - 1}")
    read = data.test_inputs[row : row + 1]
    written = outputs_of(model, read).argmax(axis=-1).astype(np.int32)
    looks = alignment(model, read, shifted(written, data.outputs))
    return LstmGruView(aligned=None if looks is None else looks[0].astype(np.float32),
                       aligned_read=read[0].astype(np.int32), aligned_written=written[0])  # fmt: skip
