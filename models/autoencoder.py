"""Autoencoder: a network that rebuilds its input through a bottleneck, so that it must find what matters in it.

The idea: encoder and decoder learn together, without labels, to send an input through a few numbers and back. Linear
layers find the plane of principal component analysis (Bourlard and Kamp, Biological Cybernetics 59, 1988); with bends
the code follows curved data: Hinton and Salakhutdinov, Science 313 (2006). Variational: Kingma and Welling (2013).
What it cannot do: the plain kind leaves holes between its codes, its pictures are blurred, and an anomaly that is made
of known parts is rebuilt as well as anything else.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import keras
import numpy as np

from models import autoencoder_measures as measures
from models import presets
from models.autoencoder_baselines import baselines_for, forest_scores, principal_outputs
from models.autoencoder_data import SqueezedData, load
from models.autoencoder_halves import Coder, coder
from models.autoencoder_layers import Sampling
from models.base import Array, Baseline, Live, Snapshot, schedule, steps_of
from models.configs import AutoencoderConfig
from models.training_loop import CompiledTraining, train_in_chunks
from models.views import (
    PLANE_CELLS,
    SHOWN_CODES,
    SHOWN_PAIRS,
    SHOWN_SAMPLES,
    WORST_REBUILT,
    AutoencoderView,
)  # fmt: skip

__all__ = ["FAILURES", "baselines", "build", "load", "look", "scene", "total_steps", "train"]
MOST_THREADS = 1
SHOWN_UNITS = 8  # units or maps of a layer that are drawn
DRAWS = 400  # from the prior, or from a Gaussian fitted to the codes
MOST_COMPARED = 5000  # training images among which near ones are searched
MEASURED = 5000  # training examples, at most, by which a run is measured
MOMENTS = 32  # of a run are recorded: their many small pictures take room
MOMENTS_OF_LARGE = 16  # of a run on large images
LARGE = 256  # pixels of an image from which on it is large
LONG = 10_000  # steps from which on XLA's faster ones make up for the seconds it takes to compile them
LEVELS = 15  # a recorded picture has so many steps of grey, a recorded weight so many to each side


def build(config: AutoencoderConfig, data: SqueezedData) -> keras.Model:
    """Return the network: inputs (batch, d) in, the rebuilt inputs (batch, d) out."""
    keras.utils.set_random_seed(config.seed)
    inputs = x = keras.Input(data.train_inputs.shape[1:], name="input")  # (batch, d)
    if config.noise:
        x = keras.layers.GaussianNoise(config.noise, name="noise")(x)  # in training only
    x = convolve(config, data, x) if config.kind == "convolutional" else encode(config, x)
    code = bottleneck(config, data, x)  # (batch, k)
    x = deconvolve(config, data, code) if config.kind == "convolutional" else decode(config, code)
    bend = "sigmoid" if data.image_shape and config.activation != "linear" else None  # ink lies between 0 and 1
    first = keras.initializers.Constant(first_bias(data, bend, config.kind))
    if config.kind == "convolutional":
        x = keras.layers.Conv2D(1, 3, padding="same", activation=bend, bias_initializer=first, name="picture")(x)
        outputs = keras.layers.Flatten(name="output")(x)  # (batch, d)
    else:
        size = data.train_inputs.shape[1]
        outputs = keras.layers.Dense(size, activation=bend, bias_initializer=first, name="output")(x)  # (batch, d)
    return keras.Model(inputs, outputs, name="autoencoder")


def first_bias(data: SqueezedData, bend: str | None, kind: str) -> Array:
    """Return the bias with which the output starts at the mean of the data: (d,), or one number for a convolution."""
    mean = data.train_inputs.mean(axis=0, dtype=np.float64)
    mean = mean.mean(keepdims=True) if kind == "convolutional" else mean
    if bend is None:
        return mean
    mean = np.clip(mean, 0.01, 0.99)
    return np.asarray(np.log(mean / (1 - mean)))


def encode(config: AutoencoderConfig, x: Any) -> Any:
    """Return the last hidden layer before the bottleneck: (batch, units)."""
    for number in range(1, config.layers + 1):
        x = keras.layers.Dense(config.units, activation=config.activation, name=f"encoder_{number}")(x)
    return x


def decode(config: AutoencoderConfig, x: Any) -> Any:
    """Return the last hidden layer before the output: (batch, units)."""
    for number in range(1, config.layers + 1):
        x = keras.layers.Dense(config.units, activation=config.activation, name=f"decoder_{number}")(x)
    return x


def bottleneck(config: AutoencoderConfig, data: SqueezedData, x: Any) -> Any:
    """Return the code (batch, k): k sums, or k draws around them where the network is variational."""
    if not config.kl:
        return keras.layers.Dense(config.code, name="code")(x)
    mean = keras.layers.Dense(config.code, name="code_mean")(x)
    log_variance = keras.layers.Dense(config.code, name="code_log_variance")(x)
    # The loss is a mean over the inputs, so the divergence is shared out among them, too.
    return Sampling(config.kl / data.train_inputs.shape[1], name="code")([mean, log_variance])


def convolve(config: AutoencoderConfig, data: SqueezedData, x: Any) -> Any:
    """Return all maps of the last convolution as one vector; each convolution halves the sides."""
    height, width, count = *(data.image_shape or (1, 1)), filters(config)
    x = keras.layers.Reshape((height, width, 1), name="pixels")(x)  # (batch, h, w, 1)
    for number in range(1, min(config.layers, 2) + 1):
        name = f"encoder_{number}"
        x = keras.layers.Conv2D(count, 3, 2, padding="same", activation=config.activation, name=name)(x)
    return keras.layers.Flatten(name="flat")(x)


def deconvolve(config: AutoencoderConfig, data: SqueezedData, code: Any) -> Any:
    """Return the maps before the last convolution, (batch, h, w, filters): each step doubles the sides."""
    count, stages = filters(config), min(config.layers, 2)
    height, width = (side // 2**stages for side in data.image_shape or (1, 1))
    x = keras.layers.Dense(height * width * count, activation=config.activation, name="spread")(code)
    x = keras.layers.Reshape((height, width, count), name="maps")(x)
    for number in range(1, stages + 1):
        name = f"decoder_{number}"
        x = keras.layers.Conv2DTranspose(count, 3, 2, padding="same", activation=config.activation, name=name)(x)
    return x


def filters(config: AutoencoderConfig) -> int:
    """Return the maps of a convolution: a quarter of the units of a dense layer."""
    return max(1, config.units // 4)


def total_steps(config: AutoencoderConfig, data: SqueezedData) -> int:
    """Return the number of optimizer steps of a complete run."""
    return steps_of(config.epochs, config.batch_size, len(data.train_inputs))


def train(
    config: AutoencoderConfig, data: SqueezedData, model: keras.Model, live: Live | None = None
) -> Iterator[Snapshot]:
    """Yield the untrained network, again once compiled, then the network at about 32 moments of its training."""
    training = CompiledTraining(
        model,
        keras.optimizers.Adam(config.learning_rate),
        keras.losses.MeanSquaredError(),
        data.train_inputs,
        data.train_inputs,  # the input is its own target; noise comes in the first layer
        batch_size=config.batch_size,
        seed=config.seed,
        jit_compile=config.kind == "dense" and total_steps(config, data) > LONG,
    )
    marks = schedule(total_steps(config, data), MOMENTS_OF_LARGE if is_large(data) else MOMENTS)
    for progress in train_in_chunks(training, marks, live or Live(config.learning_rate)):
        seen = observe(model, data)
        metrics, view = evaluate(data, seen), draw(model, data, seen)
        yield Snapshot(progress.step, progress.epoch, progress.seconds, metrics, view)


def is_large(data: SqueezedData) -> bool:
    """Whether the examples are large images, of which less is recorded."""
    return data.image_shape is not None and data.train_inputs.shape[1] > LARGE


# ---- what a trained network gives ----


class Observed(NamedTuple):
    """What all metrics and pictures of one moment are made of: m test and n training examples, s samples."""

    errors: Array  # (m,) mean squared error of each test example
    train_errors: Array  # (n,), of the first 5,000 at most
    outputs: Array  # (m, d)
    codes: Array  # (m, k)
    log_variances: Array | None  # (m, k), variational only
    train_codes: Array  # (n, k)
    samples: Array  # (400, d)


def observe(model: keras.Model, data: SqueezedData) -> Observed:
    """Send both parts of the data through the network, and 400 draws through its decoder."""
    halves = coder(model)
    outputs, codes, log_variances = halves.through(data.seen("test"))
    train_outputs, train_codes, _ = halves.through(data.seen("train")[:MEASURED])
    normal = np.random.default_rng([data.seed, 7]).standard_normal((DRAWS, codes.shape[1]))
    samples = halves.decode(normal if halves.variational else measures.fitted_draws(train_codes, normal))
    return Observed(
        measures.squared_errors(outputs, data.test_inputs),
        measures.squared_errors(train_outputs, data.train_inputs[:MEASURED]),
        outputs, codes, log_variances, train_codes, samples,
    )  # fmt: skip


def evaluate(data: SqueezedData, seen: Observed) -> dict[str, float]:
    """Return the metrics: errors of normal examples, and what only some settings have.

    test_psnr in dB: images with noise; test_auc: data with anomalies; test_kl in nats: variational;
    test_samples: images, the share of test images that 400 decoded draws come near to, see `measures.covered`.
    """
    normal = ~data.anomalies
    errors, centre = seen.errors[normal], data.train_inputs.mean(axis=0)
    metrics = {
        "train_loss": float(seen.train_errors.mean()),
        "test_loss": float(errors.mean()),
        "train_explained": measures.explained(seen.train_errors, data.train_inputs[:MEASURED], centre),
        "test_explained": measures.explained(errors, data.test_inputs[normal], centre),
    }
    if data.noise and data.image_shape:
        metrics["test_psnr"] = measures.decibels(metrics["test_loss"])
    if data.anomalies.any():
        metrics["test_auc"] = measures.area(seen.errors, data.anomalies)
    if seen.log_variances is not None:
        metrics["test_kl"] = float(measures.divergence(seen.codes[normal], seen.log_variances[normal]).sum())
    if data.image_shape:
        metrics["test_samples"] = measures.covered(seen.samples, data.test_inputs[normal], _radii(data)[normal])
    return metrics


@lru_cache(maxsize=4)
def _radii(data: SqueezedData) -> Array:
    return measures.reach(data.test_inputs, data.train_inputs[:MOST_COMPARED])


def look(model: keras.Model, data: SqueezedData, question: Mapping[str, Any] | None = None) -> AutoencoderView:
    """Return the arrays of the pictures, or the answer to a question (see models/autoencoder_questions.py)."""
    if question is not None:
        from models.autoencoder_questions import answer

        return answer(coder(model), data, question)
    return draw(model, data, observe(model, data))


def draw(model: keras.Model, data: SqueezedData, seen: Observed) -> AutoencoderView:
    """Return the pictures of one moment."""
    picked, found = shown_rows(data), _plane(coder(model), data, seen)
    if seen.log_variances is not None:
        found["divergences"] = measures.divergence(seen.codes, seen.log_variances).astype(np.float32)
    if data.image_shape:
        found["samples"] = grey(seen.samples[:SHOWN_SAMPLES])
    normal = np.flatnonzero(~data.anomalies)
    worst = normal[np.argsort(-seen.errors[normal], kind="stable")[:WORST_REBUILT]]
    return AutoencoderView(
        rebuilt=recorded(data, seen.outputs[picked]),
        errors=seen.errors.astype(np.float32 if data.anomalies.any() else np.float16),
        spreads=seen.codes.std(axis=0).astype(np.float32),
        units=_units(model, data),
        edges=_edges(model, is_large(data)),
        worst_rows=worst.astype(np.int32),
        worst_inputs=recorded(data, data.seen("test")[worst]),
        worst_outputs=recorded(data, seen.outputs[worst]),
        **found,
    )


def shown_rows(data: SqueezedData) -> Array:
    """Return the test examples that are drawn one by one: two of each class in turn, or the first ones. (20,) int."""
    groups = data.groups()
    turns = [np.flatnonzero(groups == kind) for kind in np.unique(groups)]
    mixed = [rows[turn] for turn in range(SHOWN_PAIRS) for rows in turns if turn < len(rows)]
    return np.array(mixed[:SHOWN_PAIRS], int)


def grey(pictures: Array) -> Array:
    """Return pictures in 0..1 in 16 steps, as many as the digits have: uint8."""
    return np.rint(np.clip(pictures, 0.0, 1.0) * LEVELS).astype(np.uint8)


def recorded(data: SqueezedData, examples: Array) -> Array:
    """Return examples (n, d) as they are recorded: images in steps of grey, tables as float16."""
    return grey(examples) if data.image_shape else examples.astype(np.float16)


def _plane(halves: Coder, data: SqueezedData, seen: Observed) -> dict[str, Array]:
    """Return the first two code numbers of the test examples, and what lies decoded between them."""
    codes = seen.codes[:SHOWN_CODES].astype(np.float64)
    found = {"codes": codes[:, :2].astype(np.float16)}
    centre = seen.train_codes.mean(axis=0).astype(np.float64)
    low, high = codes[:, :2].min(axis=0), codes[:, :2].max(axis=0)
    margin = np.maximum(0.06 * (high - low), 1e-3)
    found["limits"] = np.stack([low - margin, high + margin], axis=1).astype(np.float32)  # (1 or 2, 2)
    if data.image_shape:
        found["grid"] = grey(halves.decode(plane_codes(found["limits"], centre)))
    return found


def plane_codes(limits: Array, centre: Array) -> Array:
    """Return the codes in the middles of the cells of the plane, row by row from the top: (cells, k).

    limits: (1 or 2, 2); all further numbers rest at `centre` (k,). One number alone gives a single row.
    """
    steps = (np.arange(PLANE_CELLS) + 0.5) / PLANE_CELLS
    first = limits[0, 0] + steps * (limits[0, 1] - limits[0, 0])
    if len(limits) == 1:
        return first[:, np.newaxis]
    second = limits[1, 1] - steps * (limits[1, 1] - limits[1, 0])
    codes = np.tile(centre, (PLANE_CELLS**2, 1))
    codes[:, 0], codes[:, 1] = np.tile(first, PLANE_CELLS), np.repeat(second, PLANE_CELLS)
    return codes


def _units(model: keras.Model, data: SqueezedData) -> Array:
    """Return how the first shown example excites the drawn layers and the code, layer by layer, flattened."""
    code, drawn = coder(model).layers(data.seen("test")[shown_rows(data)[:1]])
    half = sum(layer.name.startswith("encoder_") for layer in model.layers)
    layers = [*drawn[:half], code, *drawn[half:]]
    return np.concatenate([layer[0, ..., :SHOWN_UNITS].ravel() for layer in layers]).astype(np.float16)


def _edges(model: keras.Model, large: bool) -> Array:
    """Return weights (from, to) between drawn units of consecutive dense layers, each in 15ths of its largest.

    Of large images input and output are drawn as one picture each: there it is the mean over all pixels.
    """
    kernels = [layer.kernel.numpy() for layer in model.layers if hasattr(layer, "kernel")]
    if any(kernel.ndim > 2 for kernel in kernels):
        kernels = []
    names = [layer.name for layer in model.layers if hasattr(layer, "kernel")] if kernels else []
    kept = [kernel for kernel, name in zip(kernels, names, strict=True) if name != "code_log_variance"]
    if large and kept:
        kept[0], kept[-1] = kept[0].mean(axis=0, keepdims=True), kept[-1].mean(axis=1, keepdims=True)
    last = len(kept) - 1
    cut = [
        kernel[: None if place == 0 else SHOWN_UNITS, : None if place == last else SHOWN_UNITS].ravel()
        for place, kernel in enumerate(kept)
    ]
    steps = [np.rint(one / (np.abs(one).max() or 1.0) * LEVELS) * (np.abs(one).max() or 1.0) / LEVELS for one in cut]
    return np.concatenate(steps).astype(np.float16) if steps else np.zeros(1, np.float16)


def scene(config: AutoencoderConfig, data: SqueezedData) -> Mapping[str, Array]:
    """Return what training does not change, m test examples.

    groups: (m,) int32, class or quarter of the target; shown_rows: (20,) int32; shown: (20, d) float16, clean;
    shown_seen: (20, d), with noise, only if there is any; shown_principal: (20, d), rebuilt by as many principal
    components as there are code numbers; principal_errors: (m,) float32; noise_errors: (m,) float32, of what the
    network sees; anomalies: (m,) uint8 and forest_scores: (m,) float32 of an isolation forest, where there are any.
    """
    picked = shown_rows(data)
    principal = principal_outputs(data, config.code)
    found: dict[str, Array] = {
        "groups": data.groups().astype(np.int32),
        "shown_rows": picked.astype(np.int32),
        "shown": data.test_inputs[picked].astype(np.float16),
        "shown_principal": principal[picked].astype(np.float16),
        "principal_errors": measures.squared_errors(principal, data.test_inputs).astype(np.float32),
    }
    if data.noise:
        seen = data.seen("test")
        found["shown_seen"] = seen[picked].astype(np.float16)
        found["noise_errors"] = measures.squared_errors(seen, data.test_inputs).astype(np.float32)
    if data.anomalies.any():
        found["anomalies"] = data.anomalies.astype(np.uint8)
        found["forest_scores"] = forest_scores(data).astype(np.float32)
    return found


def baselines(config: AutoencoderConfig, data: SqueezedData) -> list[Baseline]:
    """Return principal component analysis, and an isolation forest where there are anomalies to find."""
    return baselines_for(data, config.code)


FAILURES = presets.FAILURES["autoencoder"]
