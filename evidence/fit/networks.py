"""The networks of the matrix: one function a family, from a problem and one width to an untrained Keras model.

Each function takes a problem in the shape its family reads, the number of units that sets its size, and the seed of the
first weights. `matched` finds the units with which a family comes nearest to the row's parameters.
"""

from collections.abc import Callable
from typing import Any

import keras

from evidence.fit.problem import Problem
from models.autoencoder_layers import Sampling
from models.member_layers import MemberDense
from models.transformer import Architecture, embed, stack

EXPERTS = 4
EMBEDDED = 12  # numbers for a token, in families that do not choose it by their width
MOST_UNITS = 400
DIVERGENCE = {"density_2d": 0.01, "generated_digits": 0.001}  # weight of a variational code's divergence
Build = Callable[[Problem, int, int], keras.Model]


def listed(problem: Problem) -> tuple[Any, Any]:
    """Return the input and a plain list of numbers, (batch, d); tokens are embedded and laid side by side."""
    if problem.form == "tokens":
        inputs = keras.Input(problem.inputs["train"].shape[1:], dtype="int32")
        return inputs, keras.layers.Flatten()(keras.layers.Embedding(problem.vocabulary, EMBEDDED)(inputs))
    inputs = keras.Input(problem.inputs["train"].shape[1:])
    return inputs, inputs


def as_sequence(problem: Problem, width: int = EMBEDDED) -> tuple[Any, Any]:
    """Return the input and a sequence, (batch, T, f): a table one number after another, an image row by row."""
    shape = problem.inputs["train"].shape[1:]
    if problem.form == "tokens":
        inputs = keras.Input(shape, dtype="int32")
        return inputs, keras.layers.Embedding(problem.vocabulary, width)(inputs)
    if problem.form == "table":
        inputs = keras.Input(shape)
        return inputs, keras.layers.Reshape((*shape, 1))(inputs)
    longer = problem.inputs["test"].shape[1] != shape[0]
    inputs = keras.Input((None if longer else shape[0], shape[1]))
    return inputs, inputs


def answer(problem: Problem, x: Any) -> Any:
    """Return the answer of what reads in order: x (batch, T, u) where it answers at each place, else (batch, u)."""
    if problem.goal == "vector":  # an image, row by row
        rows, columns = problem.inputs["train"].shape[1:]
        return keras.layers.Reshape((rows * columns,))(keras.layers.Dense(columns)(x))
    return keras.layers.Dense(problem.outputs)(x)


def everywhere(problem: Problem) -> bool:
    """Return whether the network answers at each place of a sequence."""
    return problem.goal in ("each", "draw", "vector")


def mlp(problem: Problem, units: int, seed: int) -> keras.Model:
    """Two hidden layers on all inputs at once."""
    keras.utils.set_random_seed(seed)
    inputs, x = listed(problem)
    for _ in range(2):
        x = keras.layers.Dense(units, "relu")(x)
    return keras.Model(inputs, keras.layers.Dense(problem.outputs)(x))


def cnn(problem: Problem, units: int, seed: int) -> keras.Model:
    """Two or three convolutions: over an image in two dimensions, over anything else in one."""
    keras.utils.set_random_seed(seed)
    return convolved_image(problem, units) if problem.form == "image" else convolved_sequence(problem, units)


def convolved_image(problem: Problem, units: int) -> keras.Model:
    """Windows of 3 x 3 over an image (batch, h, w); then each map's largest value, or an image again."""
    shape = problem.inputs["train"].shape[1:]
    inputs = keras.Input(shape)
    x = keras.layers.Reshape((*shape, 1))(inputs)
    x = keras.layers.Conv2D(units, 3, padding="same", activation="relu")(x)
    x = keras.layers.Conv2D(2 * units, 3, padding="same", activation="relu")(x)
    if problem.goal == "vector":
        return keras.Model(inputs, keras.layers.Flatten()(keras.layers.Conv2D(1, 3, padding="same")(x)))
    x = keras.layers.GlobalMaxPooling2D()(x)  # (batch, 2 units)
    return keras.Model(inputs, keras.layers.Dense(problem.outputs)(x))


def convolved_sequence(problem: Problem, units: int) -> keras.Model:
    """Windows over a sequence, the later ones with gaps; asked at each place they look back only."""
    inputs, x = as_sequence(problem)
    if everywhere(problem):
        for gap in (1, 2, 4):  # the last one sees 15 places
            x = keras.layers.Conv1D(units, 3, padding="causal", dilation_rate=gap, activation="relu")(x)
        return keras.Model(inputs, answer(problem, x))
    for gap in (1, 4):  # the last one sees 21 places
        x = keras.layers.Conv1D(units, 5, padding="same", dilation_rate=gap, activation="relu")(x)
    pools = keras.layers.GlobalAveragePooling1D()(x), keras.layers.GlobalMaxPooling1D()(x)
    return keras.Model(inputs, answer(problem, keras.layers.Concatenate()(pools)))


def recurrent(problem: Problem, layer: Any, seed: int) -> keras.Model:
    """One layer that reads from the first to the last and keeps a state; its last state answers, or each one."""
    inputs, x = as_sequence(problem)
    return keras.Model(inputs, answer(problem, layer(x)))


def rnn(problem: Problem, units: int, seed: int) -> keras.Model:
    """The plain recurrent layer with Keras's orthogonal first weights."""
    keras.utils.set_random_seed(seed)
    return recurrent(problem, keras.layers.SimpleRNN(units, return_sequences=everywhere(problem)), seed)


def lstm(problem: Problem, units: int, seed: int) -> keras.Model:
    """Long short-term memory, forget bias 1."""
    keras.utils.set_random_seed(seed)
    return recurrent(problem, keras.layers.LSTM(units, return_sequences=everywhere(problem)), seed)


def gru(problem: Problem, units: int, seed: int) -> keras.Model:
    """Gated recurrent unit."""
    keras.utils.set_random_seed(seed)
    return recurrent(problem, keras.layers.GRU(units, return_sequences=everywhere(problem)), seed)


def transformer(problem: Problem, units: int, seed: int) -> keras.Model:
    """One block of two heads with `units` numbers each, and an MLP; sinusoidal positions.

    Of tokens, keys mix in the key of the token before. Asked once, the mean over all places answers, and all places see
    each other; asked at each place they look back only.
    """
    keras.utils.set_random_seed(seed)
    width, tokens = 2 * units, problem.form == "tokens"
    shape = Architecture(layers=1, heads=2, width=width, mlp_width=2 * width, positions="sinusoidal",
                         token_shift=tokens, context=1024)  # fmt: skip
    inputs, x = as_sequence(problem, width)
    x = x if tokens else keras.layers.Dense(width)(x)
    x = stack(shape, embed(shape, x, ""), "", causal=problem.goal in ("each", "draw"))
    if not everywhere(problem):
        x = keras.layers.GlobalAveragePooling1D()(x)
    return keras.Model(inputs, answer(problem, x))


class Mixed(keras.layers.Layer):
    """The common answer of experts (batch, m, c) with shares (batch, m): log of sum g p of classes, or sum g y."""

    def __init__(self, classes: bool, **named: Any) -> None:
        super().__init__(**named)
        self.classes = classes

    def call(self, inputs: Any) -> Any:
        answers, sums = inputs
        if self.classes:
            together = keras.ops.log_softmax(answers, -1) + keras.ops.log_softmax(sums, -1)[:, :, None]
            return keras.ops.logsumexp(together, axis=1)  # (batch, c)
        return keras.ops.sum(keras.ops.softmax(sums, -1)[:, :, None] * answers, axis=1)


def modular(problem: Problem, units: int, seed: int) -> keras.Model:
    """Four small perceptrons, each asked as much as a linear gate says."""
    keras.utils.set_random_seed(seed)
    inputs, x = listed(problem)
    hidden = keras.layers.ReLU()(MemberDense(EXPERTS, units, seed=10 * seed + 1)(x))  # (batch, m, units)
    answers = MemberDense(EXPERTS, problem.outputs, seed=10 * seed)(hidden)  # (batch, m, c)
    return keras.Model(inputs, Mixed(problem.goal == "class")([answers, keras.layers.Dense(EXPERTS)(x)]))


def autoencoder(problem: Problem, units: int, seed: int) -> keras.Model:
    """One hidden layer, a bottleneck, one hidden layer, the rebuilt input; to draw from it, variational."""
    keras.utils.set_random_seed(seed)
    if problem.goal == "draw":
        return variational(problem, units)
    inputs, x = listed(problem)
    x = keras.layers.Dense(problem.code, name="code")(keras.layers.Dense(units, "relu")(x))
    x = keras.layers.Dense(units, "relu", name="decoder_hidden")(x)
    return keras.Model(inputs, keras.layers.Dense(problem.outputs, name="decoder_output")(x))


def variational(problem: Problem, units: int) -> keras.Model:
    """Rebuild rows (batch, d) from a code that is drawn around its place."""
    size = problem.inputs["train"].shape[1]
    inputs = keras.Input((size,))
    x = keras.layers.Dense(units, "relu")(inputs)
    places = [keras.layers.Dense(problem.code)(x) for _ in range(2)]  # means and log variances
    x = Sampling(DIVERGENCE[problem.name], name="code")(places)
    x = keras.layers.Dense(units, "relu", name="decoder_hidden")(x)
    return keras.Model(inputs, keras.layers.Dense(size, name="decoder_output")(x))


NETWORKS: dict[str, Build] = {
    "mlp": mlp, "cnn": cnn, "rnn": rnn, "lstm": lstm, "gru": gru, "autoencoder": autoencoder, "modular": modular,
    "transformer": transformer,
}  # fmt: skip


def view(family: str, problem: Problem) -> Problem:
    """Return the problem in the shape that a family reads: some take all inputs as one plain list."""
    if family == "autoencoder" and problem.goal == "draw":
        rows = problem.more["rows"]
        return Problem(problem.name, "table", "draw", rows, rows, problem.outputs, problem.scored, problem.chance,
                       code=problem.code, more=problem.more)  # fmt: skip
    return problem.flat() if family in ("mlp", "modular", "autoencoder", "rbf", "som") else problem


def matched(family: str, problem: Problem, parameters: int) -> int:
    """Return the units with which a family's network has the parameters nearest to those wanted.

    problem: as `view` gives it. Sizes grow with the units, so that halving finds it.
    """
    sizes: dict[int, int] = {}

    def size(units: int) -> int:
        if units not in sizes:
            sizes[units] = int(NETWORKS[family](problem, units, 0).count_params())
        return sizes[units]

    low, high = 1, MOST_UNITS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if size(middle) <= parameters else (low, middle)
    return min((low, high), key=lambda units: abs(size(units) - parameters))
