"""Backpropagation: the chain rule, walked from the loss back to every weight, reusing what each layer already knows.

The idea: how much a weight matters is how much its unit's sum z matters (its delta) times what flowed into it; and the
deltas of a layer follow from those of the next. One walk back gives all gradients for about the price of one walk
forward. Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors", Nature 323 (1986); before
them Linnainmaa (1970) and Werbos (1974). What it cannot do: it tells the slope right here, not how far it holds.

Training is a race: five optimizers start from the same weights and see the same batches with the same learning rate.
The model is the network of the followed optimizer; the others appear in the metrics.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from math import erf, pi, sqrt
from time import perf_counter
from typing import Any

import keras
import numpy as np

from lab.datasets.choose import load as load_data
from lab.datasets.dataset import PLANE_EXTENT
from lab.datasets.generated import expand
from models import presets
from models.base import Array, Baseline, Live, Snapshot, schedule, steps_of
from models.baselines import baselines as tabular_baselines
from models.configs import BackpropagationConfig
from models.small_network import Lesson, flatten, initializer_of, losses, mean_losses, unflatten
from models.training_loop import CompiledTraining
from models.views import MAP_SIZE, SLICE_EXTENT, SLICE_SIZE, BackpropagationView

RACERS = {
    "sgd": lambda rate: keras.optimizers.SGD(rate),
    "momentum": lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
    "nesterov": lambda rate: keras.optimizers.SGD(rate, momentum=0.9, nesterov=True),
    "rmsprop": lambda rate: keras.optimizers.RMSprop(rate),
    "adam": lambda rate: keras.optimizers.Adam(rate),
}
SAMPLES, TEST_SHARE = 240, 0.25
MORE_INPUTS = ("x1*x2", "x1^2")


def load(config: BackpropagationConfig) -> Lesson:
    """Return the data with as many inputs as the settings ask for."""
    more = MORE_INPUTS[: config.inputs - 2]
    dataset = load_data(
        config.dataset,
        seed=config.seed,
        test_share=TEST_SHARE,
        samples=SAMPLES,
        noise=config.noise,
        extra_features=() if config.dataset == "iris" else more,
    )
    first = slice(0, config.inputs)
    dataset = replace(
        dataset,
        train_inputs=dataset.train_inputs[:, first],
        test_inputs=dataset.test_inputs[:, first],
        input_names=dataset.input_names[first],
    )
    return Lesson(config, dataset)


def build(config: BackpropagationConfig, data: Lesson, dtype: str = "float32") -> keras.Model:
    """Return the network; its outputs are logits, or the number that a regression predicts."""
    keras.utils.set_random_seed(config.seed)
    inputs = x = keras.Input((data.sizes[0],), name="input", dtype=dtype)  # (batch, inputs)
    for place, units in enumerate(data.sizes[1:]):
        last = place == config.layers
        x = keras.layers.Dense(
            units,
            kernel_initializer=initializer_of(config.initialization, config.seed, place),
            name="output" if last else f"hidden_{place + 1}",
            dtype=dtype,
        )(x)  # (batch, units): z = W x + b
        if not last:
            x = keras.layers.Activation(config.activation, name=f"activation_{place + 1}", dtype=dtype)(x)  # a = f(z)
    return keras.Model(inputs, x, name="small_network")


def total_steps(config: BackpropagationConfig, data: Lesson) -> int:
    """Return the number of steps that each optimizer does."""
    return steps_of(config.epochs, config.batch_size, len(data.dataset.train_inputs))


def train(
    config: BackpropagationConfig, data: Lesson, model: keras.Model, live: Live | None = None
) -> Iterator[Snapshot]:
    """Race five optimizers from the weights of `model`, which is the network of the followed one.

    Yields the untrained network, again once everything is compiled, then the state at about 60 moments.
    """
    live = live or Live(config.learning_rate)
    race = {name: _racer(name, config, data, model) for name in RACERS}
    seconds = 0.0
    yield Snapshot(0, 0.0, seconds, evaluate(race, data), look(model, data))
    for training in race.values():
        training.warm()
    yield Snapshot(0, 0.0, seconds, evaluate(race, data), look(model, data))
    for first, last in pairwise(schedule(total_steps(config, data))):
        started = perf_counter()
        for training in race.values():
            training.run(first, last, live.learning_rate)
        seconds += perf_counter() - started
        epoch = last / race[config.optimizer].steps_per_epoch
        yield Snapshot(last, epoch, seconds, evaluate(race, data), look(model, data))


def _racer(name: str, config: BackpropagationConfig, data: Lesson, model: keras.Model) -> CompiledTraining:
    """Prepare one optimizer: the followed one trains `model`, the others a copy with the same weights."""
    network = model
    if name != config.optimizer:
        network = build(config, data)
        network.set_weights(model.get_weights())
    return CompiledTraining(
        network,
        RACERS[name](config.learning_rate),
        lambda targets, outputs: losses(data.loss, targets, outputs),
        data.dataset.train_inputs,
        data.dataset.train_targets,
        batch_size=config.batch_size,
        seed=config.seed,
    )


def evaluate(race: Mapping[str, CompiledTraining], data: Lesson) -> dict[str, float]:
    """Return the followed network's losses and test score, and each racer's training loss and place on the slice."""
    rows = np.stack([flatten(training.model.get_weights()) for training in race.values()]).astype(np.float64)
    train = np.asarray(mean_losses(rows, *data.batch("train"), data))
    followed = list(race).index(data.config.optimizer)
    test = np.asarray(mean_losses(rows[[followed]], *data.batch("test"), data))
    metrics = {"train_loss": float(train[followed]), "test_loss": float(test[0]), **_score(rows[followed], data)}
    for place, name in enumerate(race):
        metrics |= {f"race_{name}": float(train[place])}
        metrics |= {f"x_{name}": float(rows[place, 0]), f"y_{name}": float(rows[place, data.sizes[1]])}
    return metrics


def _score(row: Array, data: Lesson) -> dict[str, float]:
    inputs, targets = data.batch("test")
    outputs = forward(unflatten(row, data.sizes), inputs, data.config.activation)[0][-1]
    if data.dataset.task == "regression":
        error = float(np.mean((outputs[:, 0] - targets) ** 2))
        scale = data.dataset.target_scale
        return {"test_rmse": error**0.5 * scale, "test_r2": 1.0 - error / max(float(np.var(targets)), 1e-12)}
    chosen = outputs.argmax(-1) if outputs.shape[1] > 1 else outputs[:, 0] > 0
    return {"test_accuracy": float(np.mean(chosen == targets))}


def look(model: keras.Model, data: Lesson, question: Mapping[str, Any] | None = None) -> BackpropagationView:
    """Return weights and slice of the loss surface; or the answer to a lesson's question (see backpropagation_lessons).

    Raises ValueError on a question that cannot be answered.
    """
    if question is not None:
        from models.backpropagation_lessons import answer

        return answer(model, data, question)
    row = flatten(model.get_weights())
    maps = unit_maps(row.astype(np.float64), data) if data.dataset.plane else None
    return BackpropagationView(weights=row, surface=surface(row.astype(np.float64), data), unit_maps=maps)


def unit_maps(row: Array, data: Lesson) -> Array:
    """Return what each hidden unit and the output give over the plane, row 0 at the top: (units, 24, 24) float16.

    Rounded to 1/64 of the largest of each map: finer than the eye, and a stored run stays small.
    """
    centres = ((np.arange(MAP_SIZE) + 0.5) / MAP_SIZE * 2 - 1) * PLANE_EXTENT
    x1, x2 = np.meshgrid(centres, centres[::-1])
    inputs = expand(np.stack([x1.ravel(), x2.ravel()], 1), data.dataset.extra_features)[:, : data.sizes[0]]
    *hidden, outputs = forward(unflatten(row, data.sizes), inputs, data.config.activation)[1]
    known = outputs if data.dataset.task == "regression" else 1 / (1 + np.exp(-outputs))
    maps = np.concatenate([*hidden, known], axis=1).T.reshape(-1, MAP_SIZE, MAP_SIZE)
    largest = np.abs(np.nan_to_num(maps)).max(axis=(1, 2), keepdims=True)
    scale = np.where(largest > 0, largest, 1.0) / 64
    return (np.rint(maps / scale) * scale).astype(np.float16)


def surface(row: Array, data: Lesson) -> Array:
    """Return the training loss over the first two weights into the first unit, all others held: (33, 33) float32."""
    centres = ((np.arange(SLICE_SIZE) + 0.5) / SLICE_SIZE * 2 - 1) * SLICE_EXTENT
    first, second = np.meshgrid(centres, centres[::-1])
    rows = np.tile(row, (SLICE_SIZE**2, 1))
    rows[:, 0], rows[:, data.sizes[1]] = first.ravel(), second.ravel()
    values = mean_losses(rows.astype(np.float32), *data.batch(), data)
    return np.asarray(values, np.float32).reshape(SLICE_SIZE, SLICE_SIZE)


def scene(config: BackpropagationConfig, data: Lesson) -> dict[str, Array]:
    """Return the training inputs and targets, from which the example of the lesson is chosen."""
    return {"train_inputs": data.dataset.train_inputs, "train_targets": data.dataset.train_targets}


def baselines(config: BackpropagationConfig, data: Lesson) -> list[Baseline]:
    """Return methods without a network on the same inputs and the same split."""
    return tabular_baselines(data.dataset, seed=config.seed)


# ---- by hand: backpropagation in NumPy, without Keras or TensorFlow ----


def by_hand(weights: list[Array], x: Array, y: float, activation: str, loss: str) -> dict[str, list[Array]]:
    """Return everything that backpropagation computes for one example x (d,), y, layer by layer, in float64.

    weights: kernel (in, out), bias (out,), ... sums z, outputs a, slopes f'(z), pulls dL/da, deltas dL/dz: (units,)
    per layer; gradients: in the order and shapes of `weights`.
    """
    sums, outputs = forward(weights, x, activation)
    prediction, pull, delta = head(sums[-1], y, loss)
    outputs[-1] = prediction
    pulls, deltas = [pull], [delta]
    for z, kernel in zip(sums[-2::-1], weights[-2:0:-2], strict=True):  # from the last hidden layer to the first
        pulls.insert(0, kernel @ deltas[0])  # dL/da: each next delta, times the weight that leads there, summed
        deltas.insert(0, bend(activation, z)[1] * pulls[0])  # dL/dz = f'(z) dL/da
    before = [x, *outputs[:-1]]
    gradients = [part for a, delta in zip(before, deltas, strict=True) for part in (np.outer(a, delta), delta)]
    slopes = [bend(activation, z)[1] for z in sums[:-1]] + [_head_slopes(prediction, loss)]
    return {
        "sums": sums, "outputs": outputs, "slopes": slopes, "pulls": pulls, "deltas": deltas, "gradients": gradients,
    }  # fmt: skip


def forward(weights: list[Array], x: Array, activation: str) -> tuple[list[Array], list[Array]]:
    """Return the sums z and the outputs a = f(z) of each layer, the last one without a bend. x: (d,) or (n, d)."""
    sums, outputs, a = [], [], x
    for place in range(0, len(weights), 2):
        z = a @ weights[place] + weights[place + 1]
        a = z if place == len(weights) - 2 else bend(activation, z)[0]
        sums.append(z)
        outputs.append(a)
    return sums, outputs


def head(z: Array, y: float, loss: str) -> tuple[Array, Array, Array]:
    """Return prediction, dL/da and dL/dz of the output sums z (out,) for a target: a number, or a class."""
    if loss == "squared":  # L = (a - y)^2, a = z
        return z, 2 * (z - y), 2 * (z - y)
    if loss.startswith("binary"):
        p = 1 / (1 + np.exp(-z))
        pull = 2 * (p - y) if loss == "binary_squared" else (p - y) / np.maximum(p * (1 - p), 1e-300)
        return p, pull, pull * p * (1 - p) if loss == "binary_squared" else p - y
    p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
    truth = np.eye(len(z))[int(y)]
    if loss == "categorical":
        return p, -truth / np.maximum(p, 1e-300), p - truth
    pull = 2 * (p - truth) / len(z)
    return p, pull, p * (pull - (p * pull).sum())


def _head_slopes(p: Array, loss: str) -> Array:
    return np.ones_like(p) if loss == "squared" else p * (1 - p)


def bend(name: str, z: Array) -> tuple[Array, Array]:
    """Return f(z) and f'(z), each in the shape of z. At a corner the slope is that of the left side."""
    one, positive = np.ones_like(z), z > 0
    s, low = 1 / (1 + np.exp(-z)), np.exp(np.minimum(z, 0))
    if name == "gelu":
        share = np.vectorize(lambda value: (1 + erf(value / sqrt(2))) / 2, otypes=[float])(z)
        return z * share, share + z * np.exp(-(z**2) / 2) / sqrt(2 * pi)
    scale, alpha = 1.05070098735548049342, 1.67326324235437728482
    known = {
        "linear": lambda: (z, one),
        "tanh": lambda: (np.tanh(z), 1 - np.tanh(z) ** 2),
        "sigmoid": lambda: (s, s * (1 - s)),
        "relu": lambda: (np.where(positive, z, 0.0), np.where(positive, 1.0, 0.0)),
        "leaky_relu": lambda: (np.where(positive, z, 0.2 * z), np.where(positive, 1.0, 0.2)),
        "elu": lambda: (np.where(positive, z, low - 1), np.where(positive, 1.0, low)),
        "selu": lambda: (
            scale * np.where(positive, z, alpha * (low - 1)), scale * np.where(positive, 1.0, alpha * low),
        ),
        "silu": lambda: (z * s, s + z * s * (1 - s)),
        "softplus": lambda: (np.logaddexp(0, z), s),
    }  # fmt: skip
    value, slope = known[name]()
    return value, slope


FAILURES = presets.FAILURES["backpropagation"]
