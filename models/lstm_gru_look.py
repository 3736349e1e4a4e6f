"""What LSTM and GRU show of themselves: gates and states over time, the gradient by lag, their answers."""

from collections.abc import Mapping

import keras
import numpy as np

from lab.datasets.sequence import SequenceData
from models.base import Array
from models.bottleneck import alignment, shifted
from models.gate_stack import GateStack, Replayed
from models.gates import GATES
from models.recurrent import numbers
from models.recurrent_training import accuracy_by_step, gradient_by_lag, log_probabilities
from models.rnn_look import GRADIENT_ROWS, SLOPE_ROWS, answers, asked
from models.rnn_look import scenery as sequence_scenery
from models.views import GATE_LEVELS, SHOWN_GATE_UNITS, SHOWN_STATES, SHOWN_UNITS, STATE_LEVELS, LstmGruView


def overview(model: keras.Model, data: SequenceData, outputs: Array) -> LstmGruView:
    """Return the view at one moment; outputs: those of the test part, or of its first sequences."""
    if data.form == "sequence":
        return _reversing(model, data, outputs)
    stack = GateStack.of(model, data)
    with np.errstate(over="ignore", invalid="ignore"):
        ran = stack.run(numbers(data, data.test_inputs[:1]))
        return LstmGruView(
            **states(stack, ran), **gates(stack, ran), **gradients(stack, data), **answers(data, outputs),
            answered=np.nan_to_num(ran.outputs[0]).astype(np.float32), edges=drawn_edges(stack).astype(np.float16),
        )  # fmt: skip


def states(stack: GateStack, ran: Replayed) -> dict[str, Array]:
    """Return the hidden states of each layer's forward cell while it reads one sequence; see RnnView.states."""
    firsts = [trace for cell, trace in zip(stack.cells, ran.traces, strict=True) if not cell.backwards]
    levels = [as_levels(trace["hidden"][0, :, :SHOWN_STATES]) for trace in firsts]
    return {
        "states": np.stack([level for level, _ in levels]),
        "state_peaks": np.array([peak for _, peak in levels], np.float32),
    }


def as_levels(values: Array) -> tuple[Array, float]:
    """Return values as int8 in 127ths of the largest, and that largest."""
    finite = np.nan_to_num(values, posinf=0.0, neginf=0.0)
    peak = float(np.abs(finite).max())
    return np.rint(finite / (peak or 1.0) * STATE_LEVELS).astype(np.int8), peak


def gates(stack: GateStack, ran: Replayed) -> dict[str, Array]:
    """Return the gates of the last layer's forward cell, and an LSTM's cell state; {} for a cell without gates."""
    place = len(stack.cells) - len(stack.layers[-1])
    kind, trace = stack.cells[place].kind, ran.traces[place]
    if not GATES[kind]:
        return {}
    found = np.stack([trace[name][0, :, :SHOWN_GATE_UNITS] for name in GATES[kind]])
    view = {"gates": np.rint(np.nan_to_num(found) * GATE_LEVELS).astype(np.uint8)}
    if "cell" in trace:
        view["cell"], peak = as_levels(trace["cell"][0, :, :SHOWN_GATE_UNITS])
        view["cell_peak"] = np.array([peak], np.float32)
    return view


def drawn_edges(stack: GateStack) -> Array:
    """Return the weights that the drawing shows, flattened: from inputs to the first gate, from states to outputs.

    Each is (from, to) of the first SHOWN_UNITS; those from the inputs only where the stack has one layer.
    """
    first = stack.cells[0].weights[0]  # (d, gates u)
    units = first.shape[1] // {"lstm": 4, "gru": 3, "simple": 1}[stack.cells[0].kind]
    drawn = {"lstm": units, "gru": units, "simple": 0}[stack.cells[0].kind]  # of the forget gate, of the reset gate
    into = first[:SHOWN_UNITS, drawn : drawn + min(units, SHOWN_UNITS)]
    out = stack.kernel[: min(units, SHOWN_UNITS), :SHOWN_UNITS]
    parts = [out] if len(stack.layers) > 1 else [into, out]
    return np.concatenate([part.ravel() for part in parts])


def pull_of(data: SequenceData, ran: Replayed, rows: Array) -> Array:
    """Return what picks one number out of each sequence's outputs: the value, or the logit of the right class there."""
    places, truths = asked(data, rows)
    pull, every = np.zeros_like(ran.outputs), np.arange(len(rows))
    if data.form == "last":
        pull[every, truths] = 1.0
    else:
        pull[every, places, truths] = 1.0
    return pull


def gradients(stack: GateStack, data: SequenceData) -> dict[str, Array]:
    """Return the gradient by lag, and for the adding problem at marked and at unmarked numbers; see RnnView."""
    rows = np.arange(min(GRADIENT_ROWS, len(data.test_inputs)))
    ran = stack.run(numbers(data, data.test_inputs[rows]))
    found = stack.input_slopes(ran, pull_of(data, ran, rows))
    view = {"gradient": np.nan_to_num(gradient_by_lag(data, found, rows), nan=0.0)}
    if data.test_slopes is not None:
        along, marked = found[..., 0], data.test_slopes[rows] > 0
        view["slopes"] = along[:SLOPE_ROWS].astype(np.float32)
        view["slope_means"] = np.array([along[marked].mean(), along[~marked].mean()], np.float32)
    return view


def scenery(data: SequenceData) -> Mapping[str, Array]:
    """Return what training does not change; see models.rnn_look.scenery."""
    return sequence_scenery(data)


# ---- reversing ----


def _reversing(model: keras.Model, data: SequenceData, outputs: Array) -> LstmGruView:
    written = outputs[:1].argmax(axis=-1).astype(np.int32)  # (1, A)
    looks = alignment(model, data.test_inputs[:1], shifted(written, data.outputs))
    by_step = accuracy_by_step(data, outputs)
    return LstmGruView(
        written_letters=written[0],
        alignment=None if looks is None else looks[0].astype(np.float16),
        probabilities=np.exp(log_probabilities(outputs[0])).astype(np.float16),
        step_accuracy=np.nan_to_num(by_step, nan=-1.0),
    )
