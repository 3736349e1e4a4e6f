"""What a network of radial basis functions shows of itself: arrays out of the model and its data."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lab.datasets.dataset import PLANE_EXTENT, PLANE_SCALE, Dataset
from lab.datasets.line import TRUTHS
from models import radial
from models.base import Array
from models.mlp import coarse
from models.questions import asked_example
from models.views import (
    BUMP_SIZE,
    CURVE_SIZE,
    MAP_SIZE,
    SHOWN_BUMPS,
    SHOWN_EXAMPLES,
    SURFACE_SIZE,
    WORST,
    RbfView,
)

SHOWN_UNITS, SHOWN_IMAGES, SHOWN_NEIGHBOURS = 16, 32, 8
MARGIN = 0.15  # of a curve's reach, drawn beyond its outermost points: there one sees what the network makes up
SWEEP = np.round(np.geomspace(0.1, 8.0, 25), 4)  # widths, as multiples of the distance between neighbouring centres
DESCENT_STEPS = np.unique(np.round(np.geomspace(1, 1_000_000, 25)).astype(np.int64))


def is_line(data: Dataset) -> bool:
    """Whether the data is a curve over one input."""
    return data.task == "regression" and data.train_inputs.shape[1] == 1


def outputs_of(model: keras.Model, inputs: Array) -> list[Array]:
    """Return the bumps' activations (n, units) and the outputs (n, c), float64."""
    if not hasattr(model, "all_activations"):
        inspector = keras.Model(model.inputs, [model.get_layer("radial").output, model.outputs[0]])
        signature = [tf.TensorSpec((None, *model.inputs[0].shape[1:]), tf.float64)]
        model.all_activations = tf.function(lambda x: inspector(x, training=False), input_signature=signature)
    return [np.asarray(layer) for layer in model.all_activations(np.asarray(inputs, np.float64))]


def probabilities(outputs: Array) -> Array:
    """Turn class scores (n, c) into probabilities: cut to 0..1, divided by their sum; all equal where none is left."""
    cut = np.clip(np.nan_to_num(outputs), 0.0, 1.0)
    total = cut.sum(axis=1, keepdims=True)
    return np.where(total > 0.0, cut / np.where(total > 0.0, total, 1.0), 1.0 / outputs.shape[1])


def errors(data: Dataset, outputs: Array, targets: Array) -> Array:
    """Return the squared error of each example, the mean over its outputs: (n,)."""
    wanted = targets[:, np.newaxis] if data.task == "regression" else np.eye(len(data.class_names))[targets]
    return np.square(outputs - wanted).mean(axis=1)


def evaluate(model: keras.Model, data: Dataset) -> dict[str, float]:
    """Return the squared error, and accuracy, or root mean squared error (target's unit) and R2, on both parts."""
    metrics: dict[str, float] = {}
    for part in ("train", "test"):
        inputs, targets = getattr(data, f"{part}_inputs"), getattr(data, f"{part}_targets")
        outputs = outputs_of(model, inputs)[1]
        error = float(errors(data, outputs, targets).mean())
        metrics[f"{part}_loss"] = error
        if data.task == "classification":
            metrics[f"{part}_accuracy"] = float(np.mean(outputs.argmax(axis=1) == targets))
        else:
            metrics[f"{part}_rmse"] = error**0.5 * data.target_scale
            metrics[f"{part}_r2"] = 1.0 - error / max(float(np.var(targets.astype(np.float64))), 1e-12)
    return metrics


# ---- what stands still ----


def line_ends(data: Dataset) -> Array:
    """Return the ends of the x axis of a curve: (2,)."""
    inputs = np.concatenate([data.train_inputs[:, 0], data.test_inputs[:, 0]]).astype(np.float64)
    low, high = float(inputs.min()), float(inputs.max())
    reach = (high - low) or 1.0
    return np.array([low - MARGIN * reach, high + MARGIN * reach])


@radial.one_thread()
def scene_of(data: Dataset, model: keras.Model, wanted: Array, ridge: float, whole: bool = True) -> Mapping[str, Array]:
    """Return what training does not change; whole: with the sweep and the descent, which solve the network again.

    train_targets, test_targets: in the target's unit, test examples at most 240; 2-D sets: train_points, test_points;
    one input: train_line (n, 2), test_line, line_ends (2,), and truth (241, 2) where the curve is known; images:
    test_images; other classification: test_plane (m, 2) and plane_shares (2,) as for the perceptron.
    sweep_width: (25,) widths in neighbour distances; sweep_train, sweep_test: (25,) root mean squared error (target's
    unit) or share of examples wrong; sweep_condition: (25,), of the bumps at the training points.
    descent_step, descent_loss: gradient descent with the best fixed step on the output weights from zero, and its
    squared error on the training data; solved_loss: (1,) that of the solved weights, both without penalty.
    """
    shown = slice(0, SHOWN_EXAMPLES)
    arrays = {
        "train_targets": data.original_targets(data.train_targets),
        "test_targets": data.original_targets(data.test_targets)[shown],
    }
    if whole:
        arrays |= _sweep(data, model, wanted, ridge) | _descent(data, model, wanted)
    if is_line(data):
        arrays |= _line_scene(data)
    elif data.plane:
        arrays |= {"train_points": data.points("train"), "test_points": data.points("test")[shown]}
    elif data.image_shape:
        arrays["test_images"] = data.test_inputs[shown].reshape(-1, *data.image_shape)
    elif data.task == "classification" and data.train_inputs.shape[1] > 1:
        from sklearn.decomposition import PCA

        components = PCA(2, random_state=0).fit(data.train_inputs)
        arrays["test_plane"] = components.transform(data.test_inputs[shown]).astype(np.float32)
        arrays["plane_shares"] = components.explained_variance_ratio_.astype(np.float32)
    return arrays


def _line_scene(data: Dataset) -> dict[str, Array]:
    parts = {
        f"{part}_line": np.stack(
            [getattr(data, f"{part}_inputs")[:, 0], data.original_targets(getattr(data, f"{part}_targets"))], axis=1
        ).astype(np.float32)
        for part in ("train", "test")
    }
    ends = line_ends(data)
    found = {"train_line": parts["train_line"], "test_line": parts["test_line"][:SHOWN_EXAMPLES], "line_ends": ends}
    if data.name in TRUTHS:
        x = np.linspace(ends[0], ends[1], CURVE_SIZE)
        found["truth"] = np.stack([x, TRUTHS[data.name](x)], axis=1).astype(np.float32)
    return found


def _sweep(data: Dataset, model: keras.Model, wanted: Array, ridge: float) -> dict[str, Array]:
    """Solve the same network at 25 widths and measure each: error on both parts, condition of the linear system."""
    layer = model.get_layer("radial")
    centres = layer.first_centres
    if layer.basis == "thin_plate":
        return {}
    unit = radial.spacing(centres, per_unit=len(layer.first_widths) > 1)
    near = {
        part: radial.squared_distances(getattr(data, f"{part}_inputs"), centres) for part in ("train", "test")
    }  # (n, m)
    straight = {part: np.ones((len(squared), 1)) for part, squared in near.items()}
    side = radial.side_condition(layer.basis, centres, len(wanted))
    rows = []
    for factor in SWEEP:
        values = {part: radial.bumps(layer.basis, squared, factor * unit) for part, squared in near.items()}
        weights = radial.solve(values["train"], straight["train"], wanted, ridge, side)
        guesses = {part: np.hstack([values[part], straight[part]]) @ weights for part in near}
        rows.append([_wrong(data, guesses[part], part) for part in near] + [radial.condition(values["train"])])
    train, test, condition = np.array(rows).T
    return {"sweep_width": SWEEP, "sweep_train": train, "sweep_test": test, "sweep_condition": condition}


def _wrong(data: Dataset, outputs: Array, part: str) -> float:
    targets = getattr(data, f"{part}_targets")
    if data.task == "classification":
        return float(np.mean(outputs.argmax(axis=1) != targets))
    return float(np.sqrt(errors(data, outputs, targets).mean()) * data.target_scale)


def _descent(data: Dataset, model: keras.Model, wanted: Array) -> dict[str, Array]:
    """Follow gradient descent exactly: along each eigenvector of A'A the error shrinks by 1 - step * eigenvalue.

    The step is 2 / (largest + smallest eigenvalue), the best fixed one. A: the bumps and the constant at the training
    points. Boyd and Vandenberghe, "Convex Optimization" (2004), section 9.3.
    """
    layer = model.get_layer("radial")
    values = outputs_of(model, data.train_inputs)[0]
    system = np.hstack([values, radial.tail(layer.basis, data.train_inputs)])
    left, sizes, _ = np.linalg.svd(system, full_matrices=False)
    along = left.T @ wanted  # (m + 1, c): the targets, seen along the singular directions
    beyond = float(np.square(wanted).sum() - np.square(along).sum())
    eigenvalues = np.square(sizes)
    shrink = np.abs(1.0 - 2.0 / (eigenvalues[0] + eigenvalues[-1]) * eigenvalues)
    left_over = shrink[np.newaxis, :] ** (2.0 * DESCENT_STEPS[:, np.newaxis].astype(float))
    losses = (left_over @ np.square(along).sum(axis=1) + beyond) / wanted.size
    return {
        "descent_step": DESCENT_STEPS,
        "descent_loss": losses,
        "solved_loss": np.array([max(beyond, 0.0) / wanted.size]),
    }


# ---- what training changes ----


def view_of(model: keras.Model, data: Dataset) -> RbfView:
    """Return the view of a network."""
    outputs = outputs_of(model, data.test_inputs)[1]
    kernel, bias = (np.asarray(weights, np.float64) for weights in model.get_layer("output").get_weights())
    layer = model.get_layer("radial")
    centres, count = layer.centres.numpy(), int(layer.centres.shape[0])
    bumps = kernel[:count]
    parts = [centres[:SHOWN_UNITS, :SHOWN_UNITS].T, bumps[:SHOWN_UNITS, :SHOWN_UNITS]]
    return RbfView(
        widths=widths_of(layer).astype(np.float32),
        output_weights=bumps[:SHOWN_BUMPS].astype(np.float32),
        bias=bias.astype(np.float32),
        joined=np.array([np.any(bumps != 0.0, axis=1).sum()], np.int32),
        edges=np.concatenate([_half(part).ravel() for part in parts]),
        **_curve(model, data, centres, kernel),
        **_plane(model, data, centres),
        **_images(data, centres),
        **_predictions(data, outputs),
    )


def widths_of(layer: Any) -> Array:
    """Return the width of every unit, (m,); ones for the thin plate, which has none."""
    count = int(layer.centres.shape[0])
    return (
        np.broadcast_to(np.exp(layer.log_widths.numpy()), (count,)) if hasattr(layer, "log_widths") else np.ones(count)
    )


def _half(values: Array) -> Array:
    return np.clip(values, -60000.0, 60000.0).astype(np.float16)  # an ill-conditioned system's weights know no bounds


def _curve(model: keras.Model, data: Dataset, centres: Array, kernel: Array) -> dict[str, Array]:
    if not is_line(data):
        return {}
    ends = line_ends(data)
    curve = outputs_of(model, np.linspace(ends[0], ends[1], CURVE_SIZE)[:, np.newaxis])[1][:, 0]
    values = outputs_of(model, np.linspace(ends[0], ends[1], BUMP_SIZE)[:, np.newaxis])[0][:, :SHOWN_BUMPS]
    return {
        "curve": data.original_targets(curve).astype(np.float32),
        "bumps": (values * kernel[: values.shape[1], 0] * data.target_scale).T.astype(np.float32),
        "line_centres": centres[:, 0].astype(np.float32),
    }


def _grid(size: int) -> Array:
    """Return the network's inputs at the centres of a size x size grid over the plane, row by row from the top."""
    axis = ((np.arange(size) + 0.5) / size * 2 - 1) * PLANE_EXTENT
    x1, x2 = np.meshgrid(axis, axis[::-1])
    return np.stack([x1.ravel(), x2.ravel()], axis=1) / PLANE_SCALE


def _plane(model: keras.Model, data: Dataset, centres: Array) -> dict[str, Array]:
    if not data.plane:
        return {}
    classes = probabilities(outputs_of(model, _grid(SURFACE_SIZE))[1])
    maps = outputs_of(model, _grid(MAP_SIZE))[0][:, :SHOWN_UNITS].T.reshape(-1, MAP_SIZE, MAP_SIZE)
    return {
        "surface": coarse(classes.reshape(SURFACE_SIZE, SURFACE_SIZE, -1), axes=(0, 1, 2)),
        "unit_maps": coarse(maps, axes=(1, 2)),
        "plane_centres": (centres * PLANE_SCALE).astype(np.float32),
    }


def _images(data: Dataset, centres: Array) -> dict[str, Array]:
    if not data.image_shape:
        return {}
    return {"centre_images": centres[:SHOWN_IMAGES].reshape(-1, *data.image_shape).astype(np.float16)}


def _predictions(data: Dataset, outputs: Array) -> dict[str, Array]:
    """Return what the test examples became; the worst are those with the largest squared error."""
    each = np.nan_to_num(errors(data, outputs, data.test_targets), nan=np.inf)
    worst = np.argsort(-each, kind="stable")[:WORST]
    found = {
        "worst_rows": worst.astype(np.int32),
        "worst_inputs": data.test_inputs[worst].astype(np.float32),
        "worst_truths": data.original_targets(data.test_targets[worst]),
    }
    if data.task == "regression":
        predicted = data.original_targets(outputs[:, 0]).astype(np.float32)
        return {**found, "predictions": predicted[:SHOWN_EXAMPLES], "worst_outputs": predicted[worst]}
    known = probabilities(outputs)
    counts = np.zeros((known.shape[1], known.shape[1]), np.int32)
    np.add.at(counts, (data.test_targets, outputs.argmax(axis=1)), 1)
    return {
        **found,
        "probabilities": known[:SHOWN_EXAMPLES].astype(np.float16),
        "worst_outputs": known[worst].astype(np.float32),
        "confusion": counts,
    }


# ---- questions ----


def answer(model: keras.Model, data: Dataset, question: Mapping[str, Any]) -> RbfView:
    """Answer {"input": d numbers}, {"test_row": index}, or a lesson: {"lesson": name, ...}; ValueError for others."""
    if "lesson" in question:
        from models.rbf_questions import lesson

        return lesson(model, data, question)
    example = asked_example(data, question)
    values, outputs = outputs_of(model, example[np.newaxis])
    known = probabilities(outputs)[0] if data.task == "classification" else data.original_targets(outputs[0])
    closest = np.argsort(-values[0], kind="stable")[:SHOWN_NEIGHBOURS]
    return RbfView(
        answer_input=example,
        answer_output=known.astype(np.float32),
        answer_units=np.zeros(0, np.float32),
        answer_rows=closest.astype(np.int32),
        answer_values=values[0, closest].astype(np.float32),
    )
