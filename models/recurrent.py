"""What all families share that read a sequence step by step: inputs, layers, cuts in time, and what is answered.

A family's own file says which cell reads; this one turns symbols into numbers, stacks cells, and puts the answer where
the data wants it: behind the last step, at every step, or after all has been read. Works, Elman, "Finding structure in
time" (1990); Werbos, "Backpropagation through time" (1990); initializations: Le, Jaitly, Hinton, "A simple way to
initialize recurrent networks of rectified linear units" (2015), Tallec, Ollivier, "Can recurrent neural networks warp
time?" (ICLR 2018).
"""

from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from lab.datasets.sequence import SequenceData
from models.base import Array

Kind = Literal["simple", "irnn", "lstm", "gru"]


@keras.saving.register_keras_serializable("road")
class OneHot(keras.layers.Layer):
    """Symbols as numbers: (batch, T) int tokens to (batch, T, symbols), a one at the symbol's place, else zero."""

    def __init__(self, symbols: int, **options: Any) -> None:
        super().__init__(**options)
        self.symbols = symbols

    def call(self, tokens: Any) -> Any:
        """Return the tokens as rows with a single one."""
        return ops.one_hot(ops.cast(tokens, "int32"), self.symbols)


@keras.saving.register_keras_serializable("road")
class CutCell(keras.layers.Layer):
    """A cell that lets no gradient through from time to time: truncated backpropagation through time.

    The states pass unchanged. After every `every` steps they count as given, so the gradient of an answer ends at the
    last such cut before it: between 1 and `every` steps back.
    """

    def __init__(self, cell: Any, every: int, **options: Any) -> None:
        super().__init__(**options)
        self.cell, self.every = cell, every
        self.state_size = [*tf.nest.flatten(cell.state_size), 1]  # the last one counts the steps
        self.output_size = cell.output_size

    def get_config(self) -> dict[str, Any]:
        """Return what rebuilds the cell."""
        return {"name": self.name, "cell": keras.saving.serialize_keras_object(self.cell), "every": self.every}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "CutCell":
        """Rebuild the cell."""
        return cls(keras.saving.deserialize_keras_object(config["cell"]), config["every"], name=config["name"])

    def build(self, shape: Any) -> None:
        """Build the cell; one that was read from a file is built already."""
        if not self.cell.built:
            self.cell.build(shape)
        self.built = True

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        """Do one step of the cell."""
        *kept, count = states
        cut = ops.logical_and(count > 0, ops.equal(ops.mod(count, self.every), 0))  # (batch, 1)
        kept = [ops.where(cut, ops.stop_gradient(state), state) for state in kept]
        output, after = self.cell(inputs, kept)
        return output, [*tf.nest.flatten(after), count + 1]


@keras.saving.register_keras_serializable("road")
class Remember(keras.initializers.Initializer):
    """First biases of an LSTM or a GRU with which the gate that keeps is open.

    keep: bias of the forget gate (LSTM) or of z (GRU), all other biases are 0. longest: chrono initialization instead,
    for memories of 1 to `longest` steps: log U(1, longest - 1), for an LSTM with minus that at the input gate.
    """

    def __init__(self, keep: float = 1.0, longest: int = 0, seed: int = 0) -> None:
        self.keep, self.longest, self.seed = keep, longest, seed

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Return the bias: (4 units,) in the order i, f, c, o, or (2, 3 units) in the order z, r, h."""
        gru = len(shape) == 2
        units = shape[-1] // (3 if gru else 4)
        keep = np.full(units, self.keep)
        if self.longest > 2:
            keep = np.log(np.random.default_rng([self.seed, 9]).uniform(1.0, self.longest - 1.0, units))
        bias = np.zeros(shape)
        if gru:
            bias[0, :units] = keep
        else:
            bias[units : 2 * units] = keep
            bias[:units] = -keep if self.longest > 2 else 0.0
        return ops.convert_to_tensor(bias, dtype or "float32")


# ---- layers ----


def cell_options(
    kind: Kind,
    *,
    initialization: str = "orthogonal",
    activation: str = "tanh",
    forget_bias: float = 1.0,
    chrono: bool = False,
    longest: int = 0,
    seed: int = 0,
) -> dict[str, Any]:
    """Return the arguments that Keras's layer or cell of this kind takes.

    initialization: of the weights from state to state; activation: of the plain cell only; "irnn" means identity and
    ReLU. forget_bias, chrono, longest: of an LSTM or a GRU only (see Remember).
    """
    if kind == "irnn":
        return {"activation": "relu", "recurrent_initializer": "identity"}
    if kind == "simple":
        return {"activation": activation, "recurrent_initializer": initialization}
    bias = Remember(forget_bias, longest if chrono else 0, seed)
    gates = {"recurrent_initializer": initialization, "bias_initializer": bias}
    return {**gates, "unit_forget_bias": False} if kind == "lstm" else gates


LAYERS: dict[str, tuple[Any, Any]] = {
    "simple": (keras.layers.SimpleRNN, keras.layers.SimpleRNNCell),
    "irnn": (keras.layers.SimpleRNN, keras.layers.SimpleRNNCell),
    "lstm": (keras.layers.LSTM, keras.layers.LSTMCell),
    "gru": (keras.layers.GRU, keras.layers.GRUCell),
}


def recurrent_layer(
    kind: Kind, units: int, *, name: str, sequences: bool, truncation: int = 0, both_ways: bool = False, **options: Any
) -> Any:
    """Return a layer that reads (batch, T, d) and gives (batch, T, units), or only its last state: (batch, units).

    truncation: steps after which the gradient is cut, 0 for never. both_ways: a second layer reads from the end, and
    both are joined: 2 units. options: see `cell_options`.
    """
    layer, cell = LAYERS[kind]
    chosen = cell_options(kind, **options)
    inner = "forward_" + name if both_ways else name
    if truncation:
        made = keras.layers.RNN(CutCell(cell(units, **chosen), truncation), return_sequences=sequences, name=inner)
    else:
        made = layer(units, return_sequences=sequences, name=inner, **chosen)
    return keras.layers.Bidirectional(made, name=name) if both_ways else made


def read(data: SequenceData) -> tuple[Any, Any]:
    """Return the model's input and its steps as numbers, (batch, T, d): symbols become rows with a single one."""
    shape, kind = ((data.steps,), "int32") if data.tokens else ((data.steps, data.features), "float32")
    inputs = keras.Input(shape, name="input", dtype=kind)
    return inputs, OneHot(data.features, name="one_hot")(inputs) if data.tokens else inputs


def answer(data: SequenceData, states: Any, write: Any = None) -> Any:
    """Return the answers where the data wants them, logits or standardized values.

    states: (batch, units) of the last step for the forms "last" and "sequence", (batch, T, units) for "every".
    write: of the form "sequence" only, the layer that writes: it gets the one last state at each of its steps.
    """
    if data.form == "sequence":
        states = write(keras.layers.RepeatVector(data.answer_steps, name="handed_over")(states))
    return keras.layers.Dense(data.outputs, name="output")(states)


# ---- what is inside ----


def recurrent_layers(model: keras.Model) -> list[Any]:
    """Return the recurrent layers of a model, in their order; of a bidirectional one, its wrapper."""
    kinds = (keras.layers.RNN, keras.layers.Bidirectional)
    return [layer for layer in model.layers if isinstance(layer, kinds)]


def cell_weights(layer: Any) -> tuple[Array, Array, Array]:
    """Return kernel (d, k units), recurrent kernel (units, k units) and bias of a recurrent layer, cut or not."""
    cell = layer.cell.cell if isinstance(layer.cell, CutCell) else layer.cell
    return cell.kernel.numpy(), cell.recurrent_kernel.numpy(), cell.bias.numpy()


def from_numbers(model: keras.Model) -> keras.Model:
    """Return the model without its first step from symbols to numbers: (batch, T, d) float to answers."""
    first = next((layer for layer in model.layers if isinstance(layer, OneHot)), None)
    if first is None:
        return model
    if not hasattr(model, "known_from_numbers"):
        model.known_from_numbers = keras.Model(first.output, model.output)
    found: keras.Model = model.known_from_numbers
    return found


def numbers(data: SequenceData, inputs: Array) -> Array:
    """Return inputs as the recurrent layers get them, (n, T, d) float32: symbols become rows with a single one."""
    return np.eye(data.features, dtype=np.float32)[inputs] if data.tokens else np.asarray(inputs, np.float32)
