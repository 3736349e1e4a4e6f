"""The equations of recurrent cells written out in NumPy: gates at every step, surgery on them, their gradients.

LSTM (Hochreiter, Schmidhuber, 1997; forget gate: Gers, Schmidhuber, Cummins, 2000), in Keras's order i, f, c, o:
    i = sigmoid(x Ki + h Ri + bi)    f = sigmoid(...)    g = tanh(...)    o = sigmoid(...)
    c' = f c + i g                   h' = o tanh(c')
GRU (Cho and others, 2014; with `reset_after` as in Keras and cuDNN), in Keras's order z, r, h:
    z = sigmoid(x Kz + h Rz + b)     r = sigmoid(...)    g = tanh(x Kh + b + r (h Rh + b'))     h' = z h + (1 - z) g
Simple (Elman, 1990): h' = tanh(x K + h R + b), or ReLU in place of tanh.

B: sequences, T: steps, d: numbers of a step, u: units. All is computed in float64; equal to Keras within its rounding.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.base import Array

Kind = Literal["lstm", "gru", "simple"]
GATES: dict[str, tuple[str, ...]] = {"lstm": ("input", "forget", "output"), "gru": ("update", "reset"), "simple": ()}
SHOWN: dict[str, tuple[str, ...]] = {
    "lstm": ("input", "forget", "output", "candidate", "cell", "hidden"),
    "gru": ("update", "reset", "candidate", "hidden"),
    "simple": ("hidden",),
}


@dataclass(frozen=True)
class Surgery:
    """What is done to a cell while it runs. gate: one of GATES, or "" for none; value: what it is forced to.

    cut: the state is emptied before this step, counted from 0 in the order of reading; None: never.
    """

    gate: str = ""
    value: float = 1.0
    cut: int | None = None

    def on(self, gate: str, values: Array) -> Array:
        """Return the gate's values (B, u), or the forced one in their place."""
        return np.full_like(values, self.value) if gate == self.gate else values

    def checked(self, kind: str, steps: int) -> "Surgery":
        """Return the surgery itself. Raises ValueError where the cell has no such gate or the sequence no such step."""
        if self.gate and self.gate not in GATES[kind]:
            known = ", ".join(GATES[kind]) or "none"
            raise ValueError(f"this cell has no {self.gate} gate; its gates: {known}")
        if self.cut is not None and not 0 <= self.cut < steps:
            raise ValueError(f"the state can be cut before the steps 0 to {steps - 1}, not {self.cut}")
        return self


NONE = Surgery()
Trace = dict[str, Array]  # by name of SHOWN: (B, T, u)


def sigmoid(values: Array) -> Array:
    """Return 1 / (1 + exp(-values)), without overflow."""
    found: Array = 0.5 * (1.0 + np.tanh(0.5 * values))
    return found


def replay(
    kind: str, weights: Sequence[Array], inputs: Array, surgery: Surgery = NONE, activation: str = "tanh"
) -> Trace:
    """Run a cell over sequences and return each of SHOWN[kind] at every step, by name: (B, T, u) float64.

    weights: as `layer.get_weights()` gives them; inputs: (B, T, d); activation: of a simple cell, "tanh" or "relu".
    Raises ValueError for a surgery that does not fit.
    """
    surgery.checked(kind, inputs.shape[1])
    kernel, recurrent, bias = (np.asarray(array, np.float64) for array in weights)
    step = {"lstm": _lstm_step, "gru": _gru_step, "simple": _simple_step}[kind]
    driven = np.asarray(inputs, np.float64) @ kernel + (bias[0] if kind == "gru" else bias)  # (B, T, gates u)
    state = {name: np.zeros((len(inputs), recurrent.shape[0])) for name in ("hidden", "cell")}
    found: dict[str, list[Array]] = {name: [] for name in SHOWN[kind]}
    for place in range(inputs.shape[1]):
        if place == surgery.cut:
            state = {name: np.zeros_like(array) for name, array in state.items()}
        new = step(driven[:, place], state, recurrent, bias, surgery, activation)
        state = {name: new.get(name, state[name]) for name in state}
        for name, kept in found.items():
            kept.append(new[name])
    return {name: np.stack(kept, axis=1) for name, kept in found.items()}


def _lstm_step(x: Array, state: Trace, recurrent: Array, bias: Array, surgery: Surgery, activation: str) -> Trace:
    i, f, g, o = np.split(x + state["hidden"] @ recurrent, 4, axis=-1)
    i, f, o = (surgery.on(name, sigmoid(z)) for name, z in (("input", i), ("forget", f), ("output", o)))
    g = np.tanh(g)
    cell = f * state["cell"] + i * g
    return {"input": i, "forget": f, "candidate": g, "output": o, "cell": cell, "hidden": o * np.tanh(cell)}


def _gru_step(x: Array, state: Trace, recurrent: Array, bias: Array, surgery: Surgery, activation: str) -> Trace:
    h, units = state["hidden"], recurrent.shape[0]
    inner = h @ recurrent + bias[1]  # (B, 3 u)
    z, r = np.split(sigmoid(x[:, : 2 * units] + inner[:, : 2 * units]), 2, axis=-1)
    z, r = surgery.on("update", z), surgery.on("reset", r)
    g = np.tanh(x[:, 2 * units :] + r * inner[:, 2 * units :])
    return {"update": z, "reset": r, "candidate": g, "hidden": z * h + (1.0 - z) * g}


def _simple_step(x: Array, state: Trace, recurrent: Array, bias: Array, surgery: Surgery, activation: str) -> Trace:
    bend: Callable[[Array], Array] = np.tanh if activation == "tanh" else lambda sums: np.maximum(sums, 0.0)
    return {"hidden": bend(x + state["hidden"] @ recurrent)}


class Memory:
    """A cell that is fed one step after the other and keeps its state in between."""

    def __init__(self, kind: str, weights: Sequence[Array], activation: str = "tanh") -> None:
        self.kernel, self.recurrent, self.bias = (np.asarray(array, np.float64) for array in weights)
        self.step = {"lstm": _lstm_step, "gru": _gru_step, "simple": _simple_step}[kind]
        self.activation, self.first_bias = activation, self.bias[0] if kind == "gru" else self.bias
        self.state = {name: np.zeros((1, self.recurrent.shape[0])) for name in ("hidden", "cell")}

    def advance(self, x: Array) -> Array:
        """Read one step (1, d), and return the hidden state after it: (1, u)."""
        new = self.step(x @ self.kernel + self.first_bias, self.state, self.recurrent, self.bias, NONE, self.activation)
        self.state = {name: new.get(name, kept) for name, kept in self.state.items()}
        return self.state["hidden"]


# ---- gradients, backwards through the same steps ----


@dataclass(frozen=True)
class Slopes:
    """Gradients of one number along inputs (B, T, d), hidden states (B, T, u) and, for an LSTM, cell states (B, T, u).

    That along a state counts all the ways from that step on.
    """

    inputs: Array
    hidden: Array
    cell: Array | None


def slopes(
    kind: str,
    weights: Sequence[Array],
    trace: Trace,
    pull: Array,
    surgery: Surgery = NONE,
    activation: str = "tanh",
    cell_pull: Array | None = None,
) -> Slopes:
    """Return the gradients of sum(pull * hidden) + sum(cell_pull * cell), by backpropagation through time.

    trace: from `replay` of the same cell and surgery; pull, cell_pull: (B, T, u), or for the last step alone (B, u).
    """
    kernel, recurrent, bias = (np.asarray(array, np.float64) for array in weights)
    pulls = _at_every_step(pull, trace["hidden"])
    cell_pulls = _at_every_step(np.zeros_like(pulls) if cell_pull is None else cell_pull, trace["hidden"])
    back = {"lstm": _lstm_back, "gru": _gru_back, "simple": _simple_back}[kind]
    hidden, cell = np.zeros_like(pulls[:, 0]), np.zeros_like(pulls[:, 0])
    found: dict[str, list[Array]] = {"inputs": [], "hidden": [], "cell": []}
    for place in reversed(range(pulls.shape[1])):
        now = {name: array[:, place] for name, array in trace.items()}
        first = place == 0 or place == surgery.cut
        before = {name: np.zeros_like(array[:, 0]) if first else array[:, place - 1] for name, array in trace.items()}
        hidden, cell = hidden + pulls[:, place], cell + cell_pulls[:, place]
        at_hidden = hidden
        sums, hidden, cell, at_cell = back(now, before, hidden, cell, recurrent, bias, surgery, activation)
        found["inputs"].append(sums @ kernel.T)
        found["hidden"].append(at_hidden)
        found["cell"].append(at_cell)
        if first:
            hidden, cell = np.zeros_like(hidden), np.zeros_like(cell)
    stacked = {name: np.stack(kept[::-1], axis=1) for name, kept in found.items()}
    return Slopes(stacked["inputs"], stacked["hidden"], stacked["cell"] if kind == "lstm" else None)


def _at_every_step(pull: Array, like: Array) -> Array:
    """Return a pull at the last step (B, u) as one at all steps (B, T, u), zero before."""
    if pull.ndim == like.ndim:
        return np.asarray(pull, np.float64)
    whole = np.zeros_like(like)
    whole[:, -1] = pull
    return whole


Back = tuple[Array, Array, Array, Array]  # slopes along the sums (B, gates u), h and c before; c now


def _lstm_back(
    now: Trace, before: Trace, hidden: Array, cell: Array, recurrent: Array, bias: Array, surgery: Surgery, _: str
) -> Back:
    i, f, g, o = (now[name] for name in ("input", "forget", "candidate", "output"))
    bent = np.tanh(now["cell"])
    cell = cell + hidden * o * (1 - bent**2)
    parts = {
        "input": cell * g * i * (1 - i), "forget": cell * before["cell"] * f * (1 - f),
        "candidate": cell * i * (1 - g**2), "output": hidden * bent * o * (1 - o),
    }  # fmt: skip
    sums = np.concatenate([_unless_forced(name, part, surgery) for name, part in parts.items()], axis=-1)
    return sums, sums @ recurrent.T, cell * f, cell


def _gru_back(
    now: Trace, before: Trace, hidden: Array, cell: Array, recurrent: Array, bias: Array, surgery: Surgery, _: str
) -> Back:
    z, r, g, h, units = now["update"], now["reset"], now["candidate"], before["hidden"], recurrent.shape[0]
    inner = h @ recurrent[:, 2 * units :] + bias[1, 2 * units :]
    at_candidate = hidden * (1 - z) * (1 - g**2)
    at_update = _unless_forced("update", hidden * (h - g) * z * (1 - z), surgery)
    at_reset = _unless_forced("reset", at_candidate * inner * r * (1 - r), surgery)
    to_state = np.concatenate([at_update, at_reset, at_candidate * r], axis=-1)
    sums = np.concatenate([at_update, at_reset, at_candidate], axis=-1)
    return sums, hidden * z + to_state @ recurrent.T, cell, cell


def _simple_back(
    now: Trace, before: Trace, hidden: Array, cell: Array, recurrent: Array, bias: Array, surgery: Surgery, bend: str
) -> Back:
    slope = 1 - now["hidden"] ** 2 if bend == "tanh" else (now["hidden"] > 0).astype(np.float64)
    sums = hidden * slope
    return sums, sums @ recurrent.T, cell, cell


def _unless_forced(gate: str, values: Array, surgery: Surgery) -> Array:
    """Return the slopes along a gate's sums; a forced gate does not follow them."""
    return np.zeros_like(values) if gate == surgery.gate else values


# ---- the conveyor ----


def conveyor(trace: Mapping[str, Array]) -> dict[str, Array]:
    """Return what happens to the state at every step: kept, written, shown, each (B, T, u) in the state's own unit.

    LSTM: c' = kept + written, with kept = f c and written = i g; shown = o tanh(c'). GRU: h' = z h + (1 - z) g, and all
    of it is shown. Their sum is the state of that step, exactly. A simple cell keeps nothing: it writes all anew.
    """
    state = trace.get("cell", trace["hidden"])
    before = np.concatenate([np.zeros_like(state[:, :1]), state[:, :-1]], axis=1)
    if "forget" in trace:
        kept = trace["forget"] * before
        return {"kept": kept, "written": trace["input"] * trace["candidate"], "shown": trace["hidden"]}
    if "update" in trace:
        kept = trace["update"] * before
        return {"kept": kept, "written": (1 - trace["update"]) * trace["candidate"], "shown": trace["hidden"]}
    return {"kept": np.zeros_like(state), "written": state, "shown": state}
