"""Network of radial basis functions: a sum of bumps, each speaking for the neighbourhood of its centre.

The idea: a hidden unit is not a line through space but a place in it, and its activation says how close an input is;
the output adds the bumps up. Once the bumps stand, the output weights follow from one linear system, without gradient
descent: Broomhead and Lowe, "Multivariable functional interpolation and adaptive networks", Complex Systems 2 (1988).
What it cannot do: it knows only distance, so it needs bumps wherever there is data, and in many dimensions there are
never enough of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from time import perf_counter
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from lab.datasets.choose import load as load_data
from lab.datasets.dataset import Dataset
from lab.datasets.line import LINES, line, many
from models import presets, radial
from models.base import Array, Baseline, Live, Snapshot, anatomy, schedule, steps_of
from models.baselines import baselines as tabular_baselines
from models.baselines import score
from models.configs import RbfConfig
from models.rbf_look import answer, evaluate, outputs_of, scene_of, view_of
from models.training_loop import CompiledTraining, train_in_chunks
from models.views import RbfView

MOST_THREADS = 1  # as for the perceptron: the matrices are small
SOLVED_AT_ONCE = 5_000_000  # points times squared bumps: beyond, solving at 25 widths takes over a tenth of a second
MOST_DEGREE = 20  # of the polynomial that a curve is compared with


def load(config: RbfConfig) -> Dataset:
    """Return the data the settings ask for. Raises UnfitData for own data that cannot be learned from."""
    shared: dict[str, Any] = {"seed": config.seed, "samples": config.samples, "noise": config.noise}
    if config.dataset in LINES:
        return line(config.dataset, test_share=config.test_share, points=config.points, **shared)
    if config.dataset == "many":
        return many(dimensions=config.dimensions, **shared)
    return load_data(config.dataset, test_share=config.test_share, upload=config.upload, target=config.target, **shared)


@keras.saving.register_keras_serializable("road")
class RadialLayer(keras.layers.Layer):
    """Units that measure the distance to a centre each: a = bump(|x - c| / width). Weights: centres, log widths."""

    def __init__(self, centres: Array, widths: Array, basis: str = "gaussian", **settings: Any) -> None:
        super().__init__(dtype="float64", **settings)
        self.basis, self.first_centres, self.first_widths = basis, np.asarray(centres), np.asarray(widths)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the centres (units, features) and, but for the thin plate, one log width for all or one per unit."""
        shapes = {"centres": self.first_centres, "log_widths": np.log(self.first_widths)}
        if self.basis == "thin_plate":
            del shapes["log_widths"]
        for name, values in shapes.items():
            setattr(self, name, self.add_weight(shape=values.shape, initializer="zeros", name=name))
            getattr(self, name).assign(values)

    def call(self, inputs: Any) -> Any:
        """Turn inputs (batch, features) into activations (batch, units)."""
        products = ops.matmul(inputs, ops.transpose(self.centres))
        squares = ops.sum(inputs**2, axis=1, keepdims=True) - 2.0 * products + ops.sum(self.centres**2, axis=1)
        squares = ops.maximum(squares, 0.0)  # (batch, units): |x - c|^2
        if self.basis == "thin_plate":
            return 0.5 * squares * ops.log(ops.where(squares > 0.0, squares, 1.0))  # r^2 log r
        u = 0.5 * squares * ops.exp(-2.0 * self.log_widths)
        if self.basis == "gaussian":
            return ops.exp(-u)
        return ops.sqrt(1.0 + u) if self.basis == "multiquadric" else ops.rsqrt(1.0 + u)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, int]:
        """Return (batch, units)."""
        return input_shape[0], len(self.first_centres)

    def get_config(self) -> dict[str, Any]:
        """Return what rebuilds the layer."""
        own = {"centres": self.first_centres.tolist(), "widths": self.first_widths.tolist(), "basis": self.basis}
        kept = {name: value for name, value in super().get_config().items() if name != "dtype"}
        return {**kept, **own}


def build(config: RbfConfig, data: Dataset) -> keras.Model:
    """Return the network: bumps at their places, output weights all zero. One output per class, or one number."""
    keras.utils.set_random_seed(config.seed)
    how = "kmeans" if config.centres == "trained" else config.centres
    centres = radial.choose_centres(data.train_inputs, config.units, how, config.seed)  # (units, features)
    widths = config.width * radial.spacing(centres, per_unit=config.widths == "per_unit")
    inputs = x = keras.Input(data.train_inputs.shape[1:], dtype="float64", name="input")  # (batch, features)
    bumps = RadialLayer(centres, widths, config.basis, trainable=config.centres == "trained", name="radial")(x)
    if config.basis == "thin_plate":  # which is only determined together with a straight part
        bumps = keras.layers.Concatenate(dtype="float64", name="bumps_and_inputs")([bumps, x])
    targets = wanted(data)
    penalty = keras.regularizers.L2(config.ridge / targets.size) if config.ridge else None
    outputs = keras.layers.Dense(
        targets.shape[1], kernel_initializer="zeros", kernel_regularizer=penalty, dtype="float64", name="output"
    )(bumps)  # (batch, outputs): the weighted sum of the bumps and a constant
    return keras.Model(inputs, outputs, name="rbf")


def wanted(data: Dataset) -> Array:
    """Return what the outputs should be, (n, c) float64: 1 for the right class and 0 for others, or the number."""
    if data.task == "regression":
        return data.train_targets.astype(np.float64)[:, np.newaxis]
    return np.eye(len(data.class_names))[data.train_targets]


def squared_error(targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """Return the squared error of each example, (batch,): for classes too, so that one linear system solves it."""
    return tf.reduce_mean(tf.square(tf.cast(targets, tf.float64) - outputs), axis=1)


def stepwise(config: RbfConfig) -> bool:
    """Whether gradients train something; otherwise the bumps join one by one and the weights are solved each time."""
    return config.fit == "gradient" or config.centres == "trained"


def total_steps(config: RbfConfig, data: Dataset) -> int:
    """Return the number of optimizer steps of a complete run, or the number of bumps where nothing needs a gradient."""
    examples = len(data.train_inputs)
    if not stepwise(config):
        return min(config.units, examples)
    return steps_of(config.passes, config.batch_size, examples)


def train(config: RbfConfig, data: Dataset, model: keras.Model, live: Live | None = None) -> Iterator[Snapshot]:
    """Yield the network without any bump twice, then at up to 60 moments while bumps join or gradients train it."""
    if stepwise(config):
        yield from descend(config, data, model, live or Live(config.learning_rate))
    else:
        yield from join_one_by_one(config, data, model)


def join_one_by_one(config: RbfConfig, data: Dataset, model: keras.Model) -> Iterator[Snapshot]:
    """Let the bumps join, each time the one that lowers the error most, and solve all output weights anew."""
    for _ in range(2):
        yield Snapshot(0, 0.0, 0.0, evaluate(model, data), look(model, data))
    started = perf_counter()
    problem = Problem(config, data, model)
    order = radial.most_helpful_first(problem.values, problem.straight, problem.targets)
    seconds = perf_counter() - started
    for count in schedule(total_steps(config, data))[1:]:
        started = perf_counter()
        problem.solve(np.sort(order[:count]))
        seconds += perf_counter() - started
        yield Snapshot(count, float(count), seconds, evaluate(model, data), look(model, data))


def descend(config: RbfConfig, data: Dataset, model: keras.Model, live: Live) -> Iterator[Snapshot]:
    """Train what is trainable by gradients; with solved output weights, solve them again at every snapshot."""
    training = CompiledTraining(
        model,
        keras.optimizers.Adam(config.learning_rate),
        squared_error,
        data.train_inputs,
        wanted(data),
        batch_size=config.batch_size,
        seed=config.seed,
    )
    for progress in train_in_chunks(training, schedule(total_steps(config, data)), live):
        if config.fit == "solved" and progress.step:
            Problem(config, data, model).solve()
        yield Snapshot(progress.step, progress.epoch, progress.seconds, evaluate(model, data), look(model, data))


class Problem:
    """The linear system that the output weights solve, for the bumps as they stand now."""

    @radial.one_thread()
    def __init__(self, config: RbfConfig, data: Dataset, model: keras.Model) -> None:
        self.ridge, self.points, self.model = config.ridge, len(data.train_inputs), model
        self.layer, self.output = model.get_layer("radial"), model.get_layer("output")
        values = outputs_of(model, data.train_inputs)[0]  # (points, units)
        straight = radial.tail(config.basis, data.train_inputs)  # (points, 1), or with the inputs behind
        self.values, self.straight, self.targets = radial.compressed(values, straight, wanted(data))

    @radial.one_thread()
    def solve(self, units: Array | None = None) -> None:
        """Give the output layer the weights of least squared error; units: the bumps that take part (None: all)."""
        centres = self.layer.centres.numpy()
        part = np.arange(len(centres)) if units is None else units
        side = radial.side_condition(self.layer.basis, centres[part], self.points)
        found = radial.solve(self.values[:, part], self.straight, self.targets, self.ridge, side)
        kernel, count = np.zeros(self.output.kernel.shape), len(part)
        kernel[part] = found[:count]
        kernel[len(centres) :] = found[count + 1 :]  # the thin plate's straight part; the constant is the bias
        self.output.set_weights([kernel, found[count]])


def scene(config: RbfConfig, data: Dataset) -> Mapping[str, Array]:
    """Return what training does not change: see models.rbf_look.scene_of."""
    return scene_of(data, build(config, data), wanted(data), config.ridge)


def first_picture(config: RbfConfig) -> tuple[dict[str, Any], Mapping[str, Array], Snapshot]:
    """Return facts, scene and snapshot of a network before its first step.

    The scene of a large network leaves out what only pictures below the first screen show and takes long to solve.
    """
    data = load(config)
    model = build(config, data)
    layers = [asdict(layer) for layer in anatomy(model)]
    facts = {
        "layers": layers,
        "parameters": sum(layer["parameters"] for layer in layers),
        "total_steps": total_steps(config, data),
        "data": data.summary(),
    }
    small = len(data.train_inputs) * config.units**2 <= SOLVED_AT_ONCE
    standing = scene_of(data, model, wanted(data), config.ridge, whole=small)
    return facts, standing, Snapshot(0, 0.0, 0.0, evaluate(model, data), look(model, data))


def look(model: keras.Model, data: Dataset, question: Mapping[str, Any] | None = None) -> RbfView:
    """Return the view of a network, or only the answer to a question: see models.rbf_look.answer."""
    return answer(model, data, question) if question else view_of(model, data)


def baselines(config: RbfConfig, data: Dataset) -> list[Baseline]:
    """Return methods without a network on the same split, and the same bumps with their output weights solved."""
    found = tabular_baselines(data, seed=config.seed)
    if data.task == "regression" and data.train_inputs.shape[1] == 1:
        found += _polynomial(data)
    if stepwise(config):
        started = perf_counter()
        model = build(config, data)
        Problem(config, data, model).solve()
        metrics = evaluate(model, data)
        names = ("test_accuracy",) if data.task == "classification" else ("test_rmse", "test_r2")
        seconds = perf_counter() - started
        found += [Baseline("The first bumps, solved at once", name, metrics[name], seconds) for name in names]
    return found


def _polynomial(data: Dataset) -> list[Baseline]:
    degree = min(MOST_DEGREE, len(data.train_inputs) - 1)
    started = perf_counter()
    x, tests = data.train_inputs[:, 0].astype(np.float64), data.test_inputs[:, 0].astype(np.float64)
    fitted = np.polynomial.Chebyshev.fit(x, data.train_targets.astype(np.float64), degree)
    measured = score(fitted(tests), data)
    seconds = perf_counter() - started
    return [Baseline(f"Polynomial of degree {degree}", name, value, seconds) for name, value in measured.items()]


FAILURES = presets.FAILURES["rbf"]
