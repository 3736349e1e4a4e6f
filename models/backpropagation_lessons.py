"""The questions that the page on backpropagation asks a network, and how they are answered, all in float64.

Each kind has one function: `example` (three ways to one gradient), `seeds` (one step of four optimizers, 100 times, and
over learning rates), `bends` (activations and their slopes), `losses` (which loss fits, and what the wrong one does),
`perceptron` (the rule of 1958, its bound, and XOR).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, get_args

import keras
import numpy as np
import tensorflow as tf

from models.backpropagation import RACERS, build, by_hand
from models.base import Array
from models.configs import BackpropagationConfig
from models.perceptron import perceptron
from models.small_network import (
    Lesson,
    flatten,
    initial,
    logits,
    losses,
    mean_losses,
    parameter_count,
    predictions,
    unflatten,
)
from models.views import BackpropagationView

STEPPERS = ("sgd", "momentum", "rmsprop", "adam")
DISTANCE = 1e-3  # of the finite differences; the error of the rule is distance^4 / 30 times the fifth derivative
SEEDS = 100
RATES = np.logspace(-3, 1.5, 28)
LARGEST = 1e3  # of a weight or an input that a person types
LOSS_STEPS, LOSS_MARKS = 400, 41
LOSS_RATES = {"binary": 0.5, "categorical": 0.5, "squared": 0.1}  # a squared error has steeper walls
ACTIVATIONS = get_args(BackpropagationConfig.model_fields["activation"].annotation)


def answer(model: keras.Model, data: Lesson, question: Mapping[str, Any]) -> BackpropagationView:
    """Answer {"kind": ...}. Raises ValueError, in plain words, on a question that cannot be answered."""
    kinds: dict[str, Callable[[keras.Model, Lesson, Mapping[str, Any]], BackpropagationView]] = {
        "example": example, "seeds": seeds, "bends": bends, "losses": loss_lesson, "perceptron": perceptrons,
    }  # fmt: skip
    kind = question.get("kind")
    if kind not in kinds:
        raise ValueError(f"There is no lesson {kind!r}; there are {', '.join(kinds)}.")
    return kinds[str(kind)](model, data, question)


# ---- one example: three ways to one gradient ----


def example(model: keras.Model, data: Lesson, question: Mapping[str, Any]) -> BackpropagationView:
    """Return everything about one example, and one step of each optimizer on it.

    question: inputs (d numbers) and target, or row of the training data; weights (P numbers, default: the model's, or
    with start=True those it began with); changes: numbers of a person's own by place (inputs, target, parameters, in
    this order); activation: another one in the same network; rate; earlier: steps that each optimizer did before the
    one that is measured.
    """
    data = _bent(data, question.get("activation", data.config.activation))
    sizes, loss = data.sizes, data.loss
    x, y, row = _changed(data, *_example(data, question), _parameters(model, data, question), question)
    rate, earlier = _number(question, "rate", 0.1, 1e-9, 1e3), int(_number(question, "earlier", 0, 0, 50))
    hand = by_hand(unflatten(row, sizes), x, y, data.config.activation, loss)
    by_tape, value = _tape(row, x, y, data)
    by_differences = differences(row, x, y, data)
    updated = row - rate * by_tape
    after = float(mean_losses(updated[np.newaxis], x[np.newaxis], np.array([y]), data)[0])
    before, ends, predicted, *_ = one_step(row[np.newaxis], x[np.newaxis], np.array([y]), data, rate, earlier)
    joined = {name: np.concatenate(parts) for name, parts in hand.items() if name != "gradients"}
    return BackpropagationView(
        inputs=x, target=np.array([y]), parameters=row, **joined, by_hand=flatten(hand["gradients"]), by_tape=by_tape,
        by_differences=by_differences, kink=np.array([_near_kink(hand["sums"], x, data)]), loss=np.array([value]),
        updated=updated, loss_after=np.array([after]), rate=np.array([rate]),
        before=before, after=ends, predicted=predicted,
    )  # fmt: skip


def _parameters(model: keras.Model, data: Lesson, question: Mapping[str, Any]) -> Array:
    if question.get("weights") is not None:
        return _numbers(question["weights"], parameter_count(data.sizes), "weights")
    if question.get("start"):
        return initial(data, data.config.seed).astype(np.float64)
    return flatten(model.get_weights()).astype(np.float64)


def _example(data: Lesson, question: Mapping[str, Any]) -> tuple[Array, float]:
    inputs, targets = data.batch()
    if question.get("inputs") is None:
        row = int(_number(question, "row", 0, 0, len(inputs) - 1))
        return inputs[row], float(targets[row])
    x = _numbers(question["inputs"], data.sizes[0], "inputs")
    return x, _fit_target(data, _number(question, "target", 0.0, -LARGEST, LARGEST))


def _changed(data: Lesson, x: Array, y: float, row: Array, question: Mapping[str, Any]) -> tuple[Array, float, Array]:
    """Return inputs, target and parameters with the numbers that a person put in their places."""
    changes = {int(place): float(value) for place, value in question.get("changes", {}).items()}
    inputs, places = len(x), len(x) + 1 + len(row)
    if any(place not in range(places) or not abs(value) <= LARGEST for place, value in changes.items()):
        raise ValueError(f"There are {places} places, each for a number from {-LARGEST:g} to {LARGEST:g}.")
    numbers = np.concatenate([x, [y], row])
    numbers[list(changes)] = list(changes.values())
    return numbers[:inputs], _fit_target(data, float(numbers[inputs])), numbers[inputs + 1 :]


def _fit_target(data: Lesson, y: float) -> float:
    classes = len(data.dataset.class_names)
    if classes and y not in range(classes):
        raise ValueError(f"The target is a class from 0 to {classes - 1}.")
    return y


@lru_cache(maxsize=16)
def _bent(data: Lesson, activation: str) -> Lesson:
    """Return the same lesson with another activation; a kept one, since what is compiled hangs on it."""
    if activation not in ACTIVATIONS:
        raise ValueError(f"There is no activation {activation!r}; there are {', '.join(ACTIVATIONS)}.")
    if activation == data.config.activation:
        return data
    return replace(data, config=data.config.model_copy(update={"activation": activation}))


def _numbers(values: Any, count: int, name: str) -> Array:
    array = np.asarray(values, np.float64)
    if array.shape != (count,) or not (np.abs(array) <= LARGEST).all():
        raise ValueError(f"This network needs {count} {name}, each a number from {-LARGEST:g} to {LARGEST:g}.")
    return array


def _number(question: Mapping[str, Any], name: str, default: float, low: float, high: float) -> float:
    value = float(question.get(name, default))
    if not low <= value <= high:
        raise ValueError(f"The value of {name} must lie between {low:g} and {high:g}.")
    return value


@lru_cache(maxsize=4)
def _double_precision(data: Lesson) -> keras.Model:
    """Return the network in float64; float32 has too few digits to compare gradients to a millionth."""
    return build(data.config, data, dtype="float64")


def _tape(row: Array, x: Array, y: float, data: Lesson) -> tuple[Array, float]:
    """Return gradient (P,) and loss of one example by Keras and `tf.GradientTape`."""
    network = _double_precision(data)
    network.set_weights(unflatten(row, data.sizes))
    with tf.GradientTape() as tape:
        value = losses(data.loss, tf.constant([y]), network(tf.constant(x[np.newaxis])))[0]
    found = tape.gradient(value, [weight.value for weight in network.trainable_variables])
    return np.concatenate([np.ravel(part) for part in found]), float(value)


def differences(row: Array, x: Array, y: float, data: Lesson) -> Array:
    """Return the gradient (P,) from the loss alone, at two points on either side of each weight.

    dL/dw = (L(w - 2h) - 8 L(w - h) + 8 L(w + h) - L(w + 2h)) / 12h, Abramowitz and Stegun (1964), table 25.2. It knows
    no chain rule: each weight costs four walks forward.
    """
    steps = np.array([-2.0, -1.0, 1.0, 2.0]) * DISTANCE
    moved = row + steps[:, np.newaxis, np.newaxis] * np.eye(len(row))  # (4, P, P)
    values = mean_losses(moved.reshape(-1, len(row)), x[np.newaxis], np.array([y]), data)
    return np.array([1.0, -8.0, 8.0, -1.0]) @ np.asarray(values).reshape(4, -1) / (12 * DISTANCE)


def _near_kink(sums: list[Array], x: Array, data: Lesson) -> float:
    """Return 1.0 if a moved weight may carry a sum across the corner of its activation, where no slope exists."""
    if data.config.activation not in ("relu", "leaky_relu", "elu", "selu"):
        return 0.0
    reach = 2 * DISTANCE * max(1.0, float(np.abs(x).max()), *(float(np.abs(z).max()) for z in sums)) * 4
    return float(any((np.abs(z) < reach).any() for z in sums[:-1]))


# ---- one step of each optimizer ----


def one_step(
    rows: Array, inputs: Array, targets: Array, data: Lesson, rate: float, earlier: int = 0
) -> tuple[Array, Array, Array, Array, Array]:
    """Let each optimizer do one step from S sets of parameters (S, P), after `earlier` steps of its own.

    Returns loss before, loss after, predicted change (gradient times step): (4, S) each; the parameters before the
    step and the step itself: (4, S, P) each.
    """
    found = _stepper(data, rows.shape[0])(rows, inputs, targets, rate, earlier)
    before, after, predicted, starts, steps = (
        np.asarray(part).reshape(len(STEPPERS), len(rows), -1).squeeze(2 if part.ndim == 1 else ()) for part in found
    )
    return before, after, predicted, starts, steps


@lru_cache(maxsize=24)
def _stepper(data: Lesson, count: int) -> Callable[..., list[tf.Tensor]]:
    """Return the compiled steps of all four optimizers for `count` networks, which stand below one another.

    Optimizers work on each number by itself, so one variable holds all networks of one of them. Compiled and kept:
    one operation after the other, fifty earlier steps of a hundred networks took seven seconds, compiled 0.2.
    """
    shape = (count, parameter_count(data.sizes))
    variables = [keras.Variable(np.zeros(shape), dtype="float64") for _ in STEPPERS]
    optimizers = [RACERS[name](0.1) for name in STEPPERS]
    for optimizer, variable in zip(optimizers, variables, strict=True):
        optimizer.build([variable])

    @tf.function(autograph=False)
    def steps(rows: tf.Tensor, inputs: tf.Tensor, targets: tf.Tensor, earlier: tf.Tensor) -> list[tf.Tensor]:
        _forget(optimizers)
        for variable in variables:
            variable.assign(rows)

        def one(done: tf.Tensor, *_: tf.Tensor) -> tuple[tf.Tensor, ...]:
            starts = tf.concat([variable.value for variable in variables], 0)
            before, gradients = _gradients(starts, inputs, targets, data)
            for *pair, own in zip(optimizers, variables, tf.split(gradients, len(STEPPERS)), strict=True):
                pair[0].apply([own], [pair[1]])
            return done + 1, starts, before, gradients

        blank = tf.tile(tf.zeros_like(rows), (len(STEPPERS), 1))
        begin = (tf.constant(0), blank, blank[:, 0], blank)
        _, starts, before, gradients = tf.while_loop(lambda done, *_: done <= earlier, one, begin)
        ends = tf.concat([variable.value for variable in variables], 0)
        predicted = tf.reduce_sum(gradients * (ends - starts), -1)
        return [before, mean_losses(ends, inputs, targets, data), predicted, starts, ends - starts]

    def run(rows: Array, inputs: Array, targets: Array, rate: float, earlier: int) -> list[tf.Tensor]:
        for optimizer in optimizers:
            optimizer.learning_rate = rate
        found: list[tf.Tensor] = steps(*map(tf.constant, (rows, inputs, targets, earlier)))
        return found

    return run


def _forget(optimizers: list[keras.optimizers.Optimizer]) -> None:
    """Set everything that optimizers remember to zero, their learning rates apart."""
    for memory in (memory for optimizer in optimizers for memory in optimizer.variables):
        if memory.name != "learning_rate":
            memory.assign(tf.zeros_like(memory.value))


def _gradients(rows: Any, inputs: Array, targets: Array, data: Lesson) -> tuple[tf.Tensor, tf.Tensor]:
    """Return loss (S,) and gradient (S, P) of S networks that know nothing of one another."""
    rows = tf.convert_to_tensor(rows)
    with tf.GradientTape() as tape:
        tape.watch(rows)
        values = mean_losses(rows, inputs, targets, data)
        total = tf.reduce_sum(values)
    return values, tape.gradient(total, rows)


def seeds(model: keras.Model, data: Lesson, question: Mapping[str, Any]) -> BackpropagationView:
    """Return one step of each optimizer from 100 seeds on all training data, and its change over learning rates.

    The direction of the step does not depend on the learning rate, so the sweep lengthens and shortens it.
    """
    rate, earlier = _number(question, "rate", 0.1, 1e-9, 1e3), int(_number(question, "earlier", 0, 0, 50))
    inputs, targets = data.batch()
    before, after, predicted, starts, steps = one_step(_starts(data), inputs, targets, data, rate, earlier)
    moved = starts[:, np.newaxis] + (RATES / rate)[:, np.newaxis, np.newaxis] * steps[:, np.newaxis]  # (4, R, S, P)
    ends = _lengthened(data)(tf.constant(moved.reshape(-1, moved.shape[-1])), inputs, targets)
    changes = np.asarray(ends).reshape(len(STEPPERS), len(RATES), SEEDS) - before[:, np.newaxis]
    return BackpropagationView(
        rate=np.array([rate]), before=before, after=after, predicted=predicted, rates=RATES, changes=changes,
    )  # fmt: skip


@lru_cache(maxsize=4)
def _starts(data: Lesson) -> Array:
    """Return the parameters that a hundred seeds give: (100, P)."""
    return np.stack([initial(data, seed) for seed in range(SEEDS)]).astype(np.float64)


@lru_cache(maxsize=4)
def _lengthened(data: Lesson) -> Callable[..., Any]:
    """Return the compiled loss of many networks at once."""
    compiled: Callable[..., Any] = tf.function(
        lambda rows, inputs, targets: mean_losses(rows, inputs, targets, data), autograph=False
    )
    return compiled


# ---- activations ----


def bends(model: keras.Model, data: Lesson, question: Mapping[str, Any]) -> BackpropagationView:
    """Return every activation of the settings and its slope, from Keras and the tape, for z from -5 to 5."""
    grid = np.linspace(-5, 5, 201)
    values, slopes = [], []
    for name in ACTIVATIONS:
        z = tf.constant(grid)
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = keras.activations.get(name)(z)
        slope = tape.gradient(value, z)
        values.append(np.asarray(value))
        slopes.append(np.asarray(slope))
    return BackpropagationView(bend_grid=grid, bends=np.stack(values), bend_slopes=np.stack(slopes))


# ---- losses ----


def loss_lesson(model: keras.Model, data: Lesson, question: Mapping[str, Any]) -> BackpropagationView:
    """Return four losses over the logit, and what four networks learn with them from the same weights.

    Classification: cross-entropy that gets logits and knows it; squared error of the probabilities; cross-entropy told
    from_logits=True but given probabilities; cross-entropy told from_logits=False but given logits. Regression: squared
    error, absolute error, Huber's loss, squared error behind a sigmoid output.
    """
    grid = np.linspace(-8, 8, 161)
    z = tf.constant(grid[:, np.newaxis])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(z)
        values = [loss(tf.ones(len(grid), tf.float64), z) for loss in _loss_family("binary")]
    slopes = np.stack([np.ravel(tape.gradient(value, z)) for value in values])
    accuracy, loss = _learn(data, _loss_family(data.loss.removesuffix("_squared")))
    return BackpropagationView(
        loss_grid=grid, loss_values=np.stack([np.asarray(value) for value in values]), loss_slopes=slopes,
        race_steps=np.linspace(0, LOSS_STEPS, LOSS_MARKS).astype(int), race_accuracy=accuracy, race_loss=loss,
    )  # fmt: skip


def _loss_family(kind: str) -> list[Callable[[Any, Any], Any]]:
    """Return four losses (targets (n,), outputs (..., n, out)) -> (..., n)."""
    if kind == "squared":
        return [
            lambda y, z: losses("squared", y, z),
            lambda y, z: keras.losses.mean_absolute_error(_column(y, z), z),
            lambda y, z: keras.losses.huber(_column(y, z), z, delta=1.0),
            lambda y, z: losses("squared", y, keras.activations.sigmoid(z)),
        ]
    crossed = keras.losses.binary_crossentropy if kind == "binary" else keras.losses.categorical_crossentropy
    truth = _column if kind == "binary" else _one_hot
    return [
        lambda y, z: losses(kind, y, z),
        lambda y, z: losses(f"{kind}_squared", y, z),
        # Keras looks back for a sigmoid or softmax right before the loss and then uses its logits, with a warning. The
        # identity stands for any layer in between, behind which it cannot see the mistake.
        lambda y, z: crossed(truth(y, z), tf.identity(predictions(kind, z)), from_logits=True),
        lambda y, z: crossed(truth(y, z), z, from_logits=False),
    ]


def _column(y: Any, z: tf.Tensor) -> tf.Tensor:
    return tf.broadcast_to(tf.cast(y, z.dtype)[:, tf.newaxis], tf.shape(z))


def _one_hot(y: Any, z: tf.Tensor) -> tf.Tensor:
    return tf.broadcast_to(tf.one_hot(tf.cast(y, tf.int32), z.shape[-1], dtype=z.dtype), tf.shape(z))


def _learn(data: Lesson, family: list[Callable[[Any, Any], Any]]) -> tuple[Array, Array]:
    """Train a network with each loss by plain descent on all training data; return score and fitting loss: (4, T).

    The fitting loss is the cross-entropy (regression: the squared error), whatever the network was trained with.
    """
    inputs, targets = (tf.constant(part) for part in data.batch())
    start = np.tile(initial(data, data.config.seed).astype(np.float64), (len(family), 1))
    rows = keras.Variable(start, dtype="float64")
    optimizer = keras.optimizers.SGD(LOSS_RATES[data.loss.removesuffix("_squared")])
    optimizer.build([rows])

    @tf.function(autograph=False)
    def steps(count: tf.Tensor) -> None:
        def one(done: tf.Tensor) -> tuple[tf.Tensor]:
            with tf.GradientTape() as tape:
                outputs = logits(tf.convert_to_tensor(rows), inputs, data.sizes, data.config.activation)
                each = [tf.reduce_mean(loss(targets, outputs[place])) for place, loss in enumerate(family)]
                total = tf.add_n(each)
            optimizer.apply(tape.gradient(total, [rows.value]), [rows])
            return (done + 1,)

        tf.while_loop(lambda done: done < count, one, (tf.constant(0),))

    scores = [_judge(rows, inputs, targets, data)]
    for _ in range(LOSS_MARKS - 1):
        steps(tf.constant(LOSS_STEPS // (LOSS_MARKS - 1)))
        scores.append(_judge(rows, inputs, targets, data))
    found: Array = np.array(scores)  # (T, 2, 4)
    return found[:, 0].T, found[:, 1].T


def _judge(rows: Any, inputs: Any, targets: Any, data: Lesson) -> tuple[Array, Array]:
    """Return score and fitting loss of each network: (4,) twice; the last of a regression has a sigmoid output."""
    outputs = logits(tf.convert_to_tensor(rows), inputs, data.sizes, data.config.activation)
    kind = data.loss.removesuffix("_squared")
    if kind == "squared":
        outputs = tf.concat([outputs[:3], keras.activations.sigmoid(outputs[3:])], 0)
        loss = np.asarray(tf.reduce_mean(losses(kind, targets, outputs), -1))
        return 1 - loss / max(float(np.var(targets)), 1e-12), loss
    loss = np.asarray(tf.reduce_mean(losses(kind, targets, outputs), -1))
    values = np.asarray(outputs)
    chosen = values.argmax(-1) if kind == "categorical" else values[..., 0] > 0
    return (chosen == np.asarray(targets)).mean(-1), loss


# ---- the perceptron ----


def perceptrons(model: keras.Model, data: Lesson, question: Mapping[str, Any]) -> BackpropagationView:
    """Return Rosenblatt's rule on iris (setosa against the others) and on XOR; see models.perceptron."""
    return BackpropagationView(**perceptron())
