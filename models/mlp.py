"""Multilayer perceptron: layers of units, each computing a = f(w x + b), so that many bends add up to any curve.

The idea: a single unit can only cut the plane with one straight line; a layer of units draws many lines, and the next
layer combines them. Backpropagation made such stacks trainable: Rumelhart, Hinton, Williams, "Learning representations
by back-propagating errors", Nature 323 (1986). One hidden layer suffices to approximate any continuous function:
Cybenko, Mathematics of Control, Signals and Systems 2 (1989).
What it cannot do: it knows nothing of space or order; shuffle the pixels of all images and it learns just as well.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lab.datasets.choose import load as load_data
from lab.datasets.dataset import PLANE_EXTENT, Dataset
from lab.datasets.generated import expand
from models import presets
from models.base import Array, Baseline, Live, Snapshot, schedule, steps_of
from models.baselines import baselines as tabular_baselines
from models.configs import MlpConfig
from models.questions import asked_example
from models.training_loop import CompiledTraining, train_in_chunks
from models.views import BINS, CALIBRATION_BINS, MAP_SIZE, SHOWN_EXAMPLES, SURFACE_SIZE, WORST, MlpView

MOST_THREADS = 1  # products of such small matrices are faster on one thread than shared by two
SHOWN_UNITS = 16  # units per layer that are drawn
OPTIMIZERS = {
    "sgd": lambda rate: keras.optimizers.SGD(rate),
    "momentum": lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
    "rmsprop": lambda rate: keras.optimizers.RMSprop(rate),
    "adam": lambda rate: keras.optimizers.Adam(rate),
    "adamw": lambda rate: keras.optimizers.AdamW(rate),
}
FLAT_ENDS = {"tanh": 0.97, "sigmoid": 0.97}  # activations beyond, where f' is below 0.06


def load(config: MlpConfig) -> Dataset:
    """Return the data the settings ask for. Raises UnfitData for own data that cannot be learned from."""
    return load_data(
        config.dataset,
        seed=config.seed,
        test_share=config.test_share,
        samples=config.samples,
        noise=config.noise,
        extra_features=config.extra_features,
        upload=config.upload,
        target=config.target,
    )


def build(config: MlpConfig, data: Dataset) -> keras.Model:
    """Return the network. The last layer gives logits, or the standardized prediction of a regression."""
    keras.utils.set_random_seed(config.seed)
    inputs = x = keras.Input(data.train_inputs.shape[1:], name="input")  # (batch, features)
    for number in range(1, config.layers + 1):
        x = keras.layers.Dense(
            config.units,
            kernel_initializer=config.initialization,
            kernel_regularizer=keras.regularizers.L2(config.l2) if config.l2 else None,
            name=f"hidden_{number}",
        )(x)  # (batch, units): z = W x + b
        if config.batch_normalization:
            x = keras.layers.BatchNormalization(name=f"normalization_{number}")(x)
        x = keras.layers.Activation(config.activation, name=f"activation_{number}")(x)  # a = f(z)
        if config.dropout:
            x = keras.layers.Dropout(config.dropout, name=f"dropout_{number}")(x)
    outputs = keras.layers.Dense(output_units(data), kernel_initializer=config.initialization, name="output")(x)
    return keras.Model(inputs, outputs, name="mlp")


def output_units(data: Dataset) -> int:
    """One number for a regression or for two classes (the logit of the second), otherwise one logit per class."""
    return len(data.class_names) if len(data.class_names) > 2 else 1


def loss_for(data: Dataset) -> keras.losses.Loss:
    """Return the loss that fits the task: cross-entropy for classes, squared error for numbers."""
    if data.task == "regression":
        return keras.losses.MeanSquaredError()
    if len(data.class_names) > 2:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return keras.losses.BinaryCrossentropy(from_logits=True)


def targets_for(data: Dataset, targets: Array) -> Array:
    """Return targets in the shape of the network's output: (n,) class indices, or (n, 1) numbers."""
    return targets if output_units(data) > 1 else targets.astype(np.float32)[:, np.newaxis]


def total_steps(config: MlpConfig, data: Dataset) -> int:
    """Return the number of optimizer steps of a complete run."""
    return steps_of(config.epochs, config.batch_size, len(data.train_inputs))


def train(config: MlpConfig, data: Dataset, model: keras.Model, live: Live | None = None) -> Iterator[Snapshot]:
    """Yield the untrained network, again once compiled, then the network at about 60 moments of its training."""
    training = CompiledTraining(
        model,
        OPTIMIZERS[config.optimizer](config.learning_rate),
        loss_for(data),
        data.train_inputs,
        targets_for(data, data.train_targets),
        batch_size=config.batch_size,
        seed=config.seed,
        jit_compile=True,
    )
    best, waited = np.inf, 0
    marks = schedule(total_steps(config, data))
    for progress in train_in_chunks(training, marks, live or Live(config.learning_rate)):
        metrics = evaluate(model, data)
        yield Snapshot(progress.step, progress.epoch, progress.seconds, metrics, look(model, data))
        better, counts = metrics["test_loss"] < best, progress.step > 0
        best, waited = (metrics["test_loss"], 0) if better else (best, waited + counts)
        if config.patience and waited >= config.patience:
            return


def evaluate(model: keras.Model, data: Dataset) -> dict[str, float]:
    """Return loss and accuracy (or root mean squared error and R2, in the target's unit) on both parts of the data."""
    metrics: dict[str, float] = {}
    for part in ("train", "test"):
        inputs, targets = getattr(data, f"{part}_inputs"), getattr(data, f"{part}_targets")
        outputs = forward(model, inputs)[-1]
        metrics[f"{part}_loss"] = float(np.mean(losses(data, outputs, targets)))
        if data.task == "classification":
            metrics[f"{part}_accuracy"] = float(np.mean(probabilities(outputs).argmax(-1) == targets))
        else:
            error = float(np.mean((outputs[:, 0].astype(np.float64) - targets) ** 2))
            metrics[f"{part}_rmse"] = error**0.5 * data.target_scale
            metrics[f"{part}_r2"] = 1.0 - error / max(float(np.var(targets)), 1e-12)
    return metrics


def losses(data: Dataset, outputs: Array, targets: Array) -> Array:
    """Return the loss of each example, without penalties: (n,). The formulas are those of the Keras losses."""
    logits = outputs.astype(np.float64)
    if data.task == "regression":
        return (logits[:, 0] - targets) ** 2
    if logits.shape[1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)  # a logit of 0 for the first class
    log_total = np.logaddexp.reduce(logits, axis=1)  # (n,)
    return log_total - np.take_along_axis(logits, targets[:, np.newaxis].astype(int), axis=1)[:, 0]


def probabilities(outputs: Array) -> Array:
    """Turn logits, (n, 1) for two classes or (n, c), into probabilities (n, c)."""
    logits = outputs.astype(np.float64)
    if logits.shape[1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def forward(model: keras.Model, inputs: Array) -> list[Array]:
    """Return the activations of every hidden layer, each (n, units), and last the output (n, c)."""
    if not hasattr(model, "all_activations"):
        hidden = [layer.output for layer in model.layers if layer.name.startswith("activation_")]
        inspector = keras.Model(model.inputs, [*hidden, model.outputs[0]])
        model.all_activations = tf.function(lambda x: inspector(x, training=False), reduce_retracing=True)
    return [np.asarray(layer) for layer in tf.nest.flatten(model.all_activations(inputs))]


def scene(config: MlpConfig, data: Dataset) -> Mapping[str, Array]:
    """Return what training does not change.

    train_targets: (n,), test_targets: (m,), in the target's unit. 2-D sets: train_points (n, 2), test_points (m, 2).
    Images: test_images (m, height, width). Tables: input_means (16 or fewer inputs, groups), see `means_by_group`, and
    for a classification test_plane (m, 2), the first two principal components of the standardized inputs, with
    plane_shares (2,), the share of the variance of each. At most 240 test examples.
    """
    shown = slice(0, SHOWN_EXAMPLES)
    arrays = {
        "train_targets": data.original_targets(data.train_targets),
        "test_targets": data.original_targets(data.test_targets)[shown],
    }
    if data.plane:
        arrays |= {"train_points": data.points("train"), "test_points": data.points("test")[shown]}
    elif data.image_shape:
        arrays["test_images"] = data.test_inputs[shown].reshape(-1, *data.image_shape)
    else:
        arrays["input_means"] = means_by_group(data, data.test_inputs[:, :SHOWN_UNITS]).astype(np.float32)
        arrays |= _main_axes(data) if data.task == "classification" and data.train_inputs.shape[1] > 1 else {}
    return arrays


def _main_axes(data: Dataset) -> dict[str, Array]:
    from sklearn.decomposition import PCA

    components = PCA(2, random_state=0).fit(data.train_inputs)
    return {
        "test_plane": components.transform(data.test_inputs[:SHOWN_EXAMPLES]).astype(np.float32),
        "plane_shares": components.explained_variance_ratio_.astype(np.float32),
    }


def look(model: keras.Model, data: Dataset, question: Mapping[str, Any] | None = None) -> MlpView:
    """Return the view of a network, or only the answer to a question.

    question: {"input": d numbers, scaled as the network gets them} or {"test_row": index of a test example}.
    Raises ValueError for another question.
    """
    if question:
        return _answer(model, data, question)
    *hidden, outputs = forward(model, data.test_inputs)
    return MlpView(
        **_plane(model, data),
        **_weights(model, data),
        **_responses(data, hidden, outputs),
        **_predictions(data, outputs),
        **_activity(model, hidden),
    )


def _answer(model: keras.Model, data: Dataset, question: Mapping[str, Any]) -> MlpView:
    example = asked_example(data, question)
    *hidden, outputs = forward(model, example[np.newaxis])
    known = probabilities(outputs)[0] if data.task == "classification" else data.original_targets(outputs[0])
    units = [layer[0, :SHOWN_UNITS] for layer in hidden]
    return MlpView(
        answer_input=example,
        answer_output=known.astype(np.float32),
        answer_units=np.concatenate(units).astype(np.float32) if units else np.zeros(0, np.float32),
    )


def groups_of(data: Dataset) -> Array:
    """Return the group of each test example: its class, or the quarter of the target it lies in. (m,) int."""
    if data.task == "classification":
        return np.asarray(data.test_targets)
    limits = np.quantile(data.test_targets, (0.25, 0.5, 0.75))
    return np.searchsorted(limits, data.test_targets, side="right")


def means_by_group(data: Dataset, values: Array) -> Array:
    """Return the mean of each column of `values` (m, d) over each group: (d, groups); 0 for a group of no example."""
    groups, count = groups_of(data), len(data.class_names) or 4
    held = [values[groups == group] for group in range(count)]
    return np.stack([part.mean(axis=0) if len(part) else np.zeros(values.shape[1]) for part in held], axis=1)


def _responses(data: Dataset, hidden: list[Array], outputs: Array) -> dict[str, Array]:
    """Return what excites the units of a network on a table; the other kinds of data have pictures of their own."""
    if data.plane or data.image_shape:
        return {}
    known = outputs if data.task == "regression" else probabilities(outputs)[:, -outputs.shape[1] :]
    columns = [layer[:, :SHOWN_UNITS] for layer in (*hidden, known)]
    return {"responses": means_by_group(data, np.concatenate(columns, axis=1)).astype(np.float16)}


def _grid(size: int) -> Array:
    """Return the centres of a size x size grid over the plane, row by row from the top: (size * size, 2)."""
    axis = ((np.arange(size) + 0.5) / size * 2 - 1) * PLANE_EXTENT
    x1, x2 = np.meshgrid(axis, axis[::-1])
    return np.stack([x1.ravel(), x2.ravel()], axis=1)


def _plane(model: keras.Model, data: Dataset) -> dict[str, Array]:
    if not data.plane:
        return {}
    outputs = forward(model, expand(_grid(SURFACE_SIZE), data.extra_features))[-1]
    classes = probabilities(outputs) if data.task == "classification" else data.original_targets(outputs)
    hidden = forward(model, expand(_grid(MAP_SIZE), data.extra_features))[:-1]
    maps = [coarse(layer[:, :SHOWN_UNITS].T.reshape(-1, MAP_SIZE, MAP_SIZE), axes=(1, 2)) for layer in hidden]
    surface = coarse(classes.reshape(SURFACE_SIZE, SURFACE_SIZE, -1), axes=(0, 1, 2))
    return {"surface": surface, "unit_maps": np.concatenate(maps)} if maps else {"surface": surface}


def coarse(values: Array, axes: tuple[int, ...], levels: int = 64) -> Array:
    """Round to 1/64 of the largest value along `axes`: finer than the eye, and a stored run shrinks to a fifth."""
    largest = np.max(np.abs(np.nan_to_num(values)), axis=axes, keepdims=True)
    scale = np.where(largest > 0, largest, 1.0) / levels
    return (np.rint(values / scale) * scale).astype(np.float16)


def _weights(model: keras.Model, data: Dataset) -> dict[str, Array]:
    kernels = [layer.kernel.numpy() for layer in model.layers if hasattr(layer, "kernel")]
    edges = np.concatenate([kernel[:SHOWN_UNITS, :SHOWN_UNITS].ravel() for kernel in kernels])
    found = {"edges": edges.astype(np.float16)}
    if data.image_shape:
        found["unit_weights"] = kernels[0].T[: 2 * SHOWN_UNITS].reshape(-1, *data.image_shape).astype(np.float16)
    return found


def _predictions(data: Dataset, outputs: Array) -> dict[str, Array]:
    """Return what the test examples became; the worst are those with the largest loss."""
    each = np.nan_to_num(losses(data, outputs, data.test_targets), nan=np.inf)
    worst = np.argsort(-each, kind="stable")[:WORST]
    found = {
        "worst_rows": worst.astype(np.int32),
        "worst_inputs": data.test_inputs[worst].astype(np.float32),
        "worst_truths": data.original_targets(data.test_targets[worst]),
    }
    if data.task == "regression":
        predicted = data.original_targets(outputs[:, 0]).astype(np.float32)
        return {**found, "predictions": predicted[:SHOWN_EXAMPLES], "worst_outputs": predicted[worst]}
    known = probabilities(outputs)  # (n, c)
    return {
        **found,
        "probabilities": known[:SHOWN_EXAMPLES].astype(np.float16),
        "worst_outputs": known[worst].astype(np.float32),
        "confusion": _confusion(data.test_targets, known),
        "calibration": _calibration(data.test_targets, known),
    }


def _confusion(targets: Array, known: Array) -> Array:
    counts = np.zeros((known.shape[1], known.shape[1]), np.int32)
    np.add.at(counts, (targets, known.argmax(axis=1)), 1)
    return counts


def _calibration(targets: Array, known: Array) -> Array:
    """Return examples, mean confidence and share right per bin of confidence: (bins, 3). Guo et al., ICML 2017."""
    confidence, right = known.max(axis=1), known.argmax(axis=1) == targets
    bins = np.clip(np.nan_to_num(confidence * CALIBRATION_BINS).astype(int), 0, CALIBRATION_BINS - 1)
    examples = np.bincount(bins, minlength=CALIBRATION_BINS)
    sums = [np.bincount(bins, weights=weights, minlength=CALIBRATION_BINS) for weights in (confidence, right)]
    return np.stack([examples, *(total / np.maximum(examples, 1) for total in sums)], axis=1).astype(np.float32)


def _activity(model: keras.Model, hidden: list[Array]) -> dict[str, Array]:
    """Return histograms of the activations per hidden layer, and the shares of dead units and saturated activations."""
    if not hidden:
        return {}
    names = [layer.activation.__name__ for layer in model.layers if layer.name.startswith("activation_")]
    finite = [np.nan_to_num(layer, posinf=0.0, neginf=0.0) for layer in hidden]
    counted = [np.histogram(layer, bins=BINS) for layer in finite]
    flat = [_saturated(layer, name) for layer, name in zip(finite, names, strict=True)]
    return {
        "histograms": np.stack([counts / counts.sum() for counts, _ in counted]).astype(np.float32),
        "histogram_edges": np.stack([edges for _, edges in counted]).astype(np.float32),
        "dead": np.array([np.mean(np.all(layer == 0.0, axis=0)) for layer in finite], np.float32),
        "saturated": np.array(flat, np.float32),
    }


def _saturated(activations: Array, name: str) -> float:
    """Return the share of activations where f is flat: beyond .97 of a bounded f's range, at zero for ReLU."""
    if name == "relu":
        return float(np.mean(activations <= 0.0))
    bound = FLAT_ENDS.get(name)
    if bound is None:
        return 0.0
    centred = activations if name == "tanh" else 2 * activations - 1
    return float(np.mean(np.abs(centred) > bound))


def baselines(config: MlpConfig, data: Dataset) -> list[Baseline]:
    """Return methods without a network, fitted on the same training part and measured on the same test part."""
    return tabular_baselines(data, seed=config.seed)


FAILURES = presets.FAILURES["mlp"]
