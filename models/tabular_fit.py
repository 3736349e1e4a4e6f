"""One small network of each family for any table, in Keras's own layers, all of about one size.

A table has rows and columns. A perceptron takes the columns as they come; a convolution and recurrent networks read
them in their order, as a sequence of single numbers; a Transformer makes each column a token (Gorishniy and others,
"Revisiting deep learning models for tabular data", NeurIPS 2021). Only layers that Keras itself has are used, so that
a saved network opens wherever Keras is installed. What trains them is models/tabular_training.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from models.matched import parameters_of

HIDDEN_UNITS = 32  # of each of the two hidden layers of the perceptron, which sets the size for all
MOST_UNITS = 256
MEMBERS = 4  # experts behind a gate, and voters
HEADS = 2
CODE = 8  # numbers in the bottleneck of the autoencoder


@dataclass(frozen=True)
class Shape:
    """What goes in and out. inputs: columns after preparation; classes: 0 for a regression."""

    inputs: int
    classes: int

    @property
    def outputs(self) -> int:
        """A logit for each class, or one number."""
        return self.classes or 1


@dataclass(frozen=True)
class Network:
    """One untrained network, seen from two sides that share all layers.

    trained: what the loss looks at; answers: (batch, inputs) to probabilities (batch, classes), or to the standardized
    number (batch, 1). loss: (targets (batch, inputs + 1), outputs) to losses; the last column of the targets is the
    class or the number, those before it are the inputs themselves, which an autoencoder has to rebuild.
    """

    trained: keras.Model
    answers: keras.Model
    loss: Callable[[Any, Any], Any]


def build(family: str, shape: Shape, units: int) -> Network:
    """Return the network of a family (a key of BUILDERS). Raises KeyError for another."""
    return BUILDERS[family](shape, units)


def units_for(family: str, shape: Shape) -> int:
    """Return the width with which a family comes nearest to the perceptron's number of parameters."""
    wanted = PARAMETERS["mlp"](HIDDEN_UNITS, shape)
    if family == "mlp":
        return HIDDEN_UNITS
    step = HEADS if family == "transformer" else 1
    return min(range(step, MOST_UNITS + 1, step), key=lambda units: abs(PARAMETERS[family](units, shape) - wanted))


# ---- the families ----


def mlp(shape: Shape, units: int) -> Network:
    """Two hidden layers: every unit sees all columns."""
    x = inputs = keras.Input((shape.inputs,), name="columns")
    for number in (1, 2):
        x = keras.layers.Dense(units, activation="relu", name=f"hidden_{number}")(x)  # (batch, units)
    return _answering(inputs, x, shape, "mlp")


def cnn(shape: Shape, units: int) -> Network:
    """Windows of three neighbouring columns, twice, so that five columns meet."""
    inputs = keras.Input((shape.inputs,), name="columns")
    x = keras.layers.Reshape((shape.inputs, 1), name="sequence")(inputs)
    for number in (1, 2):
        x = keras.layers.Conv1D(units, 3, padding="same", activation="relu", name=f"windows_{number}")(x)
    return _answering(inputs, keras.layers.Flatten(name="flat")(x), shape, "cnn")


def rnn(shape: Shape, units: int) -> Network:
    """Read the columns one by one and carry a state along."""
    return _reading(keras.layers.SimpleRNN(units, name="states"), shape, "rnn")


def lstm(shape: Shape, units: int) -> Network:
    """The same with gates that decide what to keep."""
    return _reading(keras.layers.LSTM(units, name="states"), shape, "lstm")


def gru(shape: Shape, units: int) -> Network:
    """The same with two gates."""
    return _reading(keras.layers.GRU(units, name="states"), shape, "gru")


def _reading(layer: Any, shape: Shape, name: str) -> Network:
    inputs = keras.Input((shape.inputs,), name="columns")
    sequence = keras.layers.Reshape((shape.inputs, 1), name="sequence")(inputs)
    return _answering(inputs, layer(sequence), shape, name)


def rbf(shape: Shape, units: int) -> Network:
    """Bumps exp(-|x - c|^2 / 2 s^2), each with a centre and a width; both are set from the data before training.

    The first layer gives (x - c) / s for each bump: its kernel is 1 / s, its bias -c / s.
    """
    inputs = keras.Input((shape.inputs,), name="columns")
    gaps = keras.layers.EinsumDense("bd,m->bmd", (units, shape.inputs), bias_axes="md", name="gaps")(inputs)
    squares = keras.layers.Multiply(name="squares")([gaps, gaps])  # (batch, bumps, columns)
    mean = keras.layers.GlobalAveragePooling1D(data_format="channels_first", name="mean_square")(squares)
    halves = keras.layers.Rescaling(-0.5 * shape.inputs, name="half_distance")(mean)  # (batch, bumps)
    return _answering(inputs, keras.layers.Activation("exponential", name="bumps")(halves), shape, "rbf")


def modular(shape: Shape, units: int) -> Network:
    """A gate shares each row out among experts: p = sum over k of g_k p_k (Jacobs and others, 1991)."""
    inputs = keras.Input((shape.inputs,), name="columns")
    shares = keras.layers.Dense(MEMBERS, activation="softmax", name="gate")(inputs)  # (batch, m)
    members = keras.layers.Activation(_last(shape), name="experts_say")(_members(inputs, shape, units))
    together = keras.layers.Dot(axes=1, name="together")([shares, members])  # (batch, outputs)
    model = keras.Model(inputs, together, name="modular")
    return Network(model, model, lambda targets, outputs: _losses(shape, targets[:, -1], outputs, logits=False))


def ensemble(shape: Shape, units: int) -> Network:
    """Several perceptrons that each learn alone; their mean answers."""
    inputs = keras.Input((shape.inputs,), name="columns")
    members = _members(inputs, shape, units)  # (batch, m, outputs)
    said = keras.layers.Activation(_last(shape), name="voters_say")(members)
    mean = keras.layers.GlobalAveragePooling1D(name="mean")(said)

    def each(targets: Any, outputs: Any) -> Any:
        return sum(_losses(shape, targets[:, -1], outputs[:, k], logits=True) for k in range(MEMBERS))

    return Network(keras.Model(inputs, members, name="ensemble_trained"),
                   keras.Model(inputs, mean, name="ensemble"), each)  # fmt: skip


def _members(inputs: Any, shape: Shape, units: int) -> Any:
    """Return what each member says, (batch, m, outputs): all of them lie along one axis of the weights."""
    x = keras.layers.EinsumDense("bi,imu->bmu", (MEMBERS, units), bias_axes="mu", activation="relu", name="members",
                                 kernel_initializer=_glorot(shape.inputs, units))(inputs)  # fmt: skip
    return keras.layers.EinsumDense("bmu,muo->bmo", (MEMBERS, shape.outputs), bias_axes="mo", name="answers",
                                    kernel_initializer=_glorot(units, shape.outputs))(x)  # fmt: skip


def _glorot(before: int, after: int) -> Any:
    """Return first weights as of a dense layer alone: Keras would count the members as a part of its width."""
    reach = (6.0 / (before + after)) ** 0.5
    return keras.initializers.RandomUniform(-reach, reach)


def transformer(shape: Shape, units: int) -> Network:
    """Each column is a token: its number times a vector of its own; one block of attention and perceptron."""
    inputs = keras.Input((shape.inputs,), name="columns")
    x = keras.layers.EinsumDense("bt,td->btd", (shape.inputs, units), bias_axes="td", name="tokens")(inputs)
    seen = keras.layers.LayerNormalization(name="norm_1")(x)
    attention = keras.layers.MultiHeadAttention(HEADS, units // HEADS, name="attention")
    x = keras.layers.Add(name="plus_1")([x, attention(seen, seen)])  # (batch, columns, units)
    wide = keras.layers.LayerNormalization(name="norm_2")(x)
    wide = keras.layers.Dense(2 * units, activation="gelu", name="widen")(wide)
    x = keras.layers.Add(name="plus_2")([x, keras.layers.Dense(units, name="narrow")(wide)])
    x = keras.layers.GlobalAveragePooling1D(name="mean")(keras.layers.LayerNormalization(name="norm_3")(x))
    return _answering(inputs, x, shape, "transformer")


def autoencoder(shape: Shape, units: int) -> Network:
    """A bottleneck that learns to rebuild the columns; a readout on it, whose gradient never reaches the encoder."""
    inputs = keras.Input((shape.inputs,), name="columns")
    x = keras.layers.Dense(units, activation="relu", name="encoder")(inputs)
    code = keras.layers.Dense(CODE, name="code")(x)  # (batch, CODE)
    x = keras.layers.Dense(units, activation="relu", name="decoder")(code)
    rebuilt = keras.layers.Dense(shape.inputs, name="rebuilt")(x)
    readout = keras.layers.Dense(shape.outputs, name="output")
    said = readout(keras.ops.stop_gradient(code))
    answers = keras.layers.Activation(_last(shape), name="answer")(readout(code))

    def both(targets: Any, outputs: Any) -> Any:
        again, answer = outputs
        gap = tf.reduce_mean(tf.square(targets[:, :-1] - again), axis=1)
        return gap + _losses(shape, targets[:, -1], answer, logits=True)

    return Network(keras.Model(inputs, [rebuilt, said], name="autoencoder_trained"),
                   keras.Model(inputs, answers, name="autoencoder"), both)  # fmt: skip


def som(shape: Shape, units: int) -> Network:
    """A map of units^2 prototypes w; a row belongs to those near it, by exp(-b |x - w|^2), and gets what they mean.

    In a softmax |x|^2 cancels, so that the first layer is dense with kernel 2 b w and bias -b |w|^2. Nothing of it is
    trained by a gradient: the prototypes are competed for, and what they stand for is counted.
    """
    inputs = keras.Input((shape.inputs,), name="columns")
    near = keras.layers.Dense(units * units, activation="softmax", name="prototypes")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(shape.outputs, use_bias=False, name="stands_for")(near), name="som")
    return Network(model, model, lambda targets, outputs: _losses(shape, targets[:, -1], outputs, logits=False))


# ---- what they share ----


def _last(shape: Shape) -> str:
    return "softmax" if shape.classes else "linear"


def _answering(inputs: Any, x: Any, shape: Shape, name: str) -> Network:
    """Put a dense answer on top, and softmax behind it for classes."""
    said = keras.layers.Dense(shape.outputs, name="output")(x)
    answers = keras.layers.Activation(_last(shape), name="answer")(said)
    return Network(keras.Model(inputs, said, name=f"{name}_trained"), keras.Model(inputs, answers, name=name),
                   lambda targets, outputs: _losses(shape, targets[:, -1], outputs, logits=True))  # fmt: skip


def _losses(shape: Shape, targets: Any, outputs: Any, logits: bool) -> Any:
    """Return the cross-entropy, or the squared error of a regression, of each row: (batch,)."""
    if not shape.classes:
        return tf.square(targets - outputs[:, 0])
    labels = tf.cast(targets, tf.int32)
    return keras.losses.sparse_categorical_crossentropy(labels, outputs, from_logits=logits)


def _recurrent(cell: str) -> Callable[[int, Shape], int]:
    return lambda units, shape: parameters_of(cell, 1, shape.outputs, units)


BUILDERS: dict[str, Callable[[Shape, int], Network]] = {
    "mlp": mlp, "cnn": cnn, "rnn": rnn, "lstm": lstm, "gru": gru, "rbf": rbf, "modular": modular,
    "ensemble": ensemble, "transformer": transformer, "autoencoder": autoencoder, "som": som,
}  # fmt: skip

# Parameters as plain arithmetic of the width u, d inputs and o outputs: so the width is found without building.
PARAMETERS: dict[str, Callable[[int, Shape], int]] = {
    "mlp": lambda u, s: s.inputs * u + u + u * u + u + u * s.outputs + s.outputs,
    "cnn": lambda u, s: 4 * u + 3 * u * u + u + s.inputs * u * s.outputs + s.outputs,
    "rnn": _recurrent("simple"),
    "lstm": _recurrent("lstm"),
    "gru": _recurrent("gru"),
    "rbf": lambda u, s: u * (1 + s.inputs) + u * s.outputs + s.outputs,
    "modular": lambda u, s: MEMBERS * (s.inputs * u + u + u * s.outputs + s.outputs + s.inputs + 1),
    "ensemble": lambda u, s: MEMBERS * (s.inputs * u + u + u * s.outputs + s.outputs),
    "transformer": lambda u, s: 2 * s.inputs * u + 8 * u * u + 13 * u + u * s.outputs + s.outputs,
    "autoencoder": lambda u, s: 2 * u * (s.inputs + CODE + 1) + CODE + s.inputs + CODE * s.outputs + s.outputs,
    "som": lambda u, s: u * u * (s.inputs + 1 + s.outputs),
}  # fmt: skip
