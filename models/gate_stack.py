"""A whole stack of recurrent layers replayed in NumPy: every gate of every layer, surgery, and what comes out of it.

B: sequences, T: steps, d: numbers of a step, u: units.
"""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from lab.datasets.sequence import SequenceData
from models.base import Array
from models.gates import NONE, Memory, Slopes, Surgery, Trace, replay, slopes
from models.recurrent import cell_weights, recurrent_layers


@dataclass(frozen=True)
class Cell:
    """One cell of a stack. kind: of models.gates; backwards: reads from the end; weights: as Keras stores them."""

    name: str
    kind: str
    weights: tuple[Array, Array, Array]
    activation: str
    backwards: bool = False

    def memory(self) -> Memory:
        """Return the cell with a state of zeros, to be fed step by step."""
        return Memory(self.kind, self.weights, self.activation)


@dataclass(frozen=True)
class Replayed:
    """What a stack did. traces: of each cell, in the order of its layers, steps in the order of time.

    read: what each layer got, (B, T, d); outputs: (B, outputs), or (B, T, outputs).
    """

    traces: tuple[Trace, ...]
    read: tuple[Array, ...]
    outputs: Array


@dataclass(frozen=True)
class GateStack:
    """Layers of one cell, or of two that read both ways, and the dense layer that answers.

    layers: their cells; kernel, bias: of the answer; every: whether each step is answered, or the last one only.
    """

    layers: tuple[tuple[Cell, ...], ...]
    kernel: Array
    bias: Array
    every: bool

    @classmethod
    def of(cls, model: keras.Model, data: SequenceData) -> "GateStack":
        """Read the weights of a model whose last layer is called output."""
        layers = tuple(_cells(layer) for layer in recurrent_layers(model))
        kernel, bias = (np.asarray(array, np.float64) for array in model.get_layer("output").get_weights())
        return cls(layers, kernel, bias, data.form == "every")

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Return all cells, in the order of their layers."""
        return tuple(cell for layer in self.layers for cell in layer)

    def run(self, numbers: Array, surgery: Surgery = NONE, layer: int | None = None) -> Replayed:
        """Read sequences (B, T, d). surgery: done to the cells of one layer, counted from 0, or of all (None)."""
        x, traces, read = np.asarray(numbers, np.float64), [], []
        for place, cells in enumerate(self.layers):
            read.append(x)
            found = [_replayed(cell, x, surgery if layer in (None, place) else NONE) for cell in cells]
            traces += found
            x = np.concatenate([trace["hidden"] for trace in found], axis=-1)
        return Replayed(tuple(traces), tuple(read), self._top(traces) @ self.kernel + self.bias)

    def _top(self, traces: list[Trace]) -> Array:
        """Return what the answer is made of: (B, T, u) of the last layer, or the last state that each cell reached."""
        last = list(zip(self.layers[-1], traces[-len(self.layers[-1]) :], strict=True))
        if self.every:
            return np.concatenate([trace["hidden"] for _, trace in last], axis=-1)
        ends = [trace["hidden"][:, 0 if cell.backwards else -1] for cell, trace in last]
        return np.concatenate(ends, axis=-1)

    def slopes(self, ran: Replayed, pull: Array) -> tuple[Slopes, ...]:
        """Return the gradients of sum(pull * outputs) along inputs and states of every cell, in their order.

        ran: from `run` without surgery; pull: (B, outputs), or (B, T, outputs).
        """
        steps = ran.read[0].shape[1]
        found: list[Slopes] = []
        pulls = self._pulls(pull @ self.kernel.T, steps)
        for place in reversed(range(len(self.layers))):
            cells = self.layers[place]
            first = sum(len(layer) for layer in self.layers[:place])
            here = [
                _sloped(cell, trace, one)
                for cell, trace, one in zip(cells, ran.traces[first : first + len(cells)], pulls, strict=True)
            ]
            found = here + found
            below = sum(one.inputs for one in here)  # (B, T, d)
            pulls = np.split(below, len(self.layers[place - 1]), axis=-1) if place else []
        return tuple(found)

    def _pulls(self, top: Array, steps: int) -> list[Array]:
        """Spread the pull on what the answer is made of over the steps of each cell of the last layer: (B, T, u)."""
        found = []
        for cell, part in zip(self.layers[-1], np.split(top, len(self.layers[-1]), axis=-1), strict=True):
            if not self.every:
                whole = np.zeros((len(part), steps, part.shape[-1]))
                whole[:, 0 if cell.backwards else -1] = part
                part = whole
            found.append(part)
        return found

    def input_slopes(self, ran: Replayed, pull: Array) -> Array:
        """Return the gradient of sum(pull * outputs) along the inputs: (B, T, d)."""
        found = self.slopes(ran, pull)
        return np.asarray(sum(one.inputs for one in found[: len(self.layers[0])]))


def _cells(layer: Any) -> tuple[Cell, ...]:
    if isinstance(layer, keras.layers.Bidirectional):
        return (*_cells(layer.forward_layer), *(_backwards(cell) for cell in _cells(layer.backward_layer)))
    inner = getattr(layer.cell, "cell", layer.cell)
    kinds = {"LSTMCell": "lstm", "GRUCell": "gru", "SimpleRNNCell": "simple"}
    activation = "relu" if inner.activation is keras.activations.relu else "tanh"
    return (Cell(layer.name, kinds[type(inner).__name__], cell_weights(layer), activation),)


def _backwards(cell: Cell) -> Cell:
    return Cell(cell.name, cell.kind, cell.weights, cell.activation, backwards=True)


def _replayed(cell: Cell, x: Array, surgery: Surgery) -> Trace:
    if not cell.backwards:
        return replay(cell.kind, cell.weights, x, surgery, cell.activation)
    found = replay(cell.kind, cell.weights, x[:, ::-1], _mirrored(surgery, x.shape[1]), cell.activation)
    return {name: array[:, ::-1] for name, array in found.items()}


def _mirrored(surgery: Surgery, steps: int) -> Surgery:
    """Return the surgery for a cell that reads from the end: a cut before step t is one before step T - t."""
    if surgery.cut is None or surgery.cut == 0:
        return surgery
    return Surgery(surgery.gate, surgery.value, steps - surgery.cut)


def _sloped(cell: Cell, trace: Trace, pull: Array) -> Slopes:
    if not cell.backwards:
        return slopes(cell.kind, cell.weights, trace, pull, NONE, cell.activation)
    turned = {name: array[:, ::-1] for name, array in trace.items()}
    found = slopes(cell.kind, cell.weights, turned, pull[:, ::-1], NONE, cell.activation)
    cells = None if found.cell is None else found.cell[:, ::-1]
    return Slopes(found.inputs[:, ::-1], found.hidden[:, ::-1], cells)
