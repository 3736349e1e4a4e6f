"""A plain recurrent network replayed in NumPy from its weights: states, and the exact gradient back through time.

One layer is h_t = f(x_t W + h_(t-1) U + b). Backwards, with a_t the sum inside f: d a_t = f'(a_t) d h_t,
d h_(t-1) += d a_t U^T, d x_t = d a_t W^T (Werbos, "Backpropagation through time", 1990). The same numbers as Keras's,
without building anything: it draws the first picture, and every number of the unrolled network.
"""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from models.base import Array
from models.recurrent import CutCell, cell_weights


@dataclass(frozen=True)
class PlainLayer:
    """The weights of one layer: kernel W (d, units), recurrent U (units, units), bias b (units,); bend: f by name.

    cut: the gradient does not pass from step to step at multiples of it; 0: it always does.
    """

    kernel: Array
    recurrent: Array
    bias: Array
    bend: str
    cut: int = 0

    def states(self, inputs: Array) -> Array:
        """Return h_t for inputs (n, T, d): (n, T, units), from a state of zeros."""
        driven = inputs @ self.kernel + self.bias
        h, found = np.zeros((len(inputs), len(self.bias)), driven.dtype), np.empty_like(driven)
        for step in range(inputs.shape[1]):
            h = driven[:, step] + h @ self.recurrent
            h = np.tanh(h) if self.bend == "tanh" else np.maximum(h, 0)
            found[:, step] = h
        return found

    def back(self, states: Array, pull: Array) -> Array:
        """Return d answer / d x_t, (n, T, d), for pull = d answer / d h_t of what reads this layer, (n, T, units)."""
        slopes = 1 - states**2 if self.bend == "tanh" else (states > 0).astype(states.dtype)
        sums, later = np.empty_like(states), np.zeros_like(states[:, 0])
        for step in range(states.shape[1] - 1, -1, -1):
            sums[:, step] = slopes[:, step] * (pull[:, step] + later)
            passes = not (self.cut and step and step % self.cut == 0)
            later = sums[:, step] @ self.recurrent.T if passes else np.zeros_like(later)
        return np.asarray(sums @ self.kernel.T)


def plain_layer(layer: Any) -> PlainLayer:
    """Return the weights of a Keras layer of plain cells."""
    cut = layer.cell.every if isinstance(layer.cell, CutCell) else 0
    cell = layer.cell.cell if cut else layer.cell
    return PlainLayer(*cell_weights(layer), keras.activations.serialize(cell.activation), cut)


def plain_layers(model: keras.Model) -> list[PlainLayer]:
    """Return the layers that read, from the input on; not the one that writes."""
    return [plain_layer(layer) for layer in model.layers if layer.name.startswith("rnn_")]


def all_states(layers: list[PlainLayer], inputs: Array) -> list[Array]:
    """Return the states of every layer, each (n, T, units), for inputs (n, T, d)."""
    found = []
    for layer in layers:
        inputs = layer.states(inputs)
        found.append(inputs)
    return found


def all_back(layers: list[PlainLayer], states: list[Array], pull: Array) -> Array:
    """Return d answer / d input, (n, T, d), for the pull on the uppermost layer's states, (n, T, units)."""
    for layer, known in zip(reversed(layers), reversed(states), strict=True):
        pull = layer.back(known, pull)
    return pull


@dataclass(frozen=True)
class Replay:
    """A whole network in NumPy. layers: those that read; write: the one that writes, or None; kernel, bias: the output.

    form: "last", "every" or "sequence"; answers: number of written answers.
    """

    layers: list[PlainLayer]
    write: PlainLayer | None
    kernel: Array
    bias: Array
    form: str
    answers: int

    @classmethod
    def of(cls, model: keras.Model, data: Any) -> "Replay":
        """Return the replay of a model of this family."""
        named = {layer.name: layer for layer in model.layers}
        write = plain_layer(named["write"]) if "write" in named else None
        kernel, bias = (weight.numpy() for weight in named["output"].weights)
        return cls(plain_layers(model), write, kernel, bias, data.form, data.answer_steps)

    def read(self, inputs: Array) -> tuple[list[Array], Array]:
        """Return all states, and what the output layer sees: (n, answers, units)."""
        states = all_states(self.layers, inputs)
        last = states[-1][:, -1:]
        if self.form == "every":
            return states, states[-1]
        if self.write is None:
            return states, last
        return states, self.write.states(np.repeat(last, self.answers, axis=1))

    def outputs(self, inputs: Array) -> Array:
        """Return logits or standardized values, as Keras does: (n, outputs), or (n, answers, outputs)."""
        found = self.read(inputs)[1] @ self.kernel + self.bias
        return np.asarray(found[:, 0] if self.form == "last" else found)

    def gradients(self, inputs: Array, places: Array, truths: Array) -> Array:
        """Return d output[place, truth] / d input of every sequence: (n, T, d)."""
        states, seen = self.read(inputs)
        rows = np.arange(len(inputs))
        pull = np.zeros_like(seen)
        pull[rows, places] = self.kernel[:, truths].T
        if self.write is not None:
            pull = self.write.back(seen, pull).sum(axis=1, keepdims=True)  # it gets one state at each of its steps
        if self.form != "every":
            whole = np.zeros_like(states[-1])
            whole[:, -1:] = pull
            pull = whole
        return all_back(self.layers, states, pull)
