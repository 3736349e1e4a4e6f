"""What a convolutional network shows of itself: kernels, feature maps, weights between maps, predictions."""

import keras
import numpy as np
import tensorflow as tf

from lab.datasets.images import ImageSet
from models.base import Array
from models.mlp import losses, probabilities
from models.views import CALIBRATION_BINS, MAP_LEVELS, SHOWN_IMAGES, SHOWN_MAPS, WORST, CnnView

SMALL = 16  # images of at most so many pixels along a side are small
AT_ONCE = 500  # images that go through the network together: all of a large set would need gigabytes


def logits_of(model: keras.Model, pictures: Array) -> Array:
    """Return the logits of pictures (n, h, w, c): (n, classes) float32."""
    if not hasattr(model, "known_logits"):
        any_number = tf.TensorSpec([None, *pictures.shape[1:]], tf.float32)  # one trace for batches of all sizes
        model.known_logits = tf.function(lambda x: model(x, training=False), input_signature=[any_number])
    parts = [pictures[start : start + AT_ONCE] for start in range(0, len(pictures), AT_ONCE)]
    return np.concatenate([np.asarray(model.known_logits(tf.constant(part))) for part in parts])


def block_outputs(model: keras.Model, picture: Array) -> list[Array]:
    """Return the feature maps of one picture (h, w, c) after each block's activation, each (height, width, filters)."""
    maps = [layer.output for layer in model.layers if layer.name.startswith("activation_")]
    if not maps:
        return []
    if not hasattr(model, "known_maps"):
        inspector = keras.Model(model.inputs, maps)
        model.known_maps = tf.function(lambda x: tf.nest.flatten(inspector(x, training=False)))
    return [np.asarray(one)[0] for one in model.known_maps(tf.constant(picture[np.newaxis]))]


def overview(model: keras.Model, data: ImageSet, logits: Array) -> CnnView:
    """Return the view at one moment; logits: (m, classes) of the first m test images."""
    return CnnView(**_weights(model, data), **_maps(model, data), **_predictions(data, logits))


def _weights(model: keras.Model, data: ImageSet) -> dict[str, Array]:
    matrices = between_columns(model)
    found = {"edges": np.concatenate([matrix.ravel() for matrix in matrices]).astype(np.float16)}
    first = next((layer for layer in model.layers if layer.name == "conv_1"), None)
    if first is not None:
        kernels = np.moveaxis(first.kernel.numpy(), -1, 0)[:SHOWN_MAPS]  # (filters, k, k, c)
        found["kernels"] = kernels.astype(np.float16)
    return found


def between_columns(model: keras.Model) -> list[Array]:
    """Return the mean weight from each shown unit of a column to each of the next: input, blocks, hidden, output.

    A convolution's weight from map i to map o is the mean of its k x k numbers; after a flattening the mean over all
    places of map i. Each (at most 16, at most 16).
    """
    found = []
    for layer in model.layers:
        if not hasattr(layer, "kernel"):
            continue
        kernel = layer.kernel.numpy()
        if kernel.ndim == 4:
            found.append(kernel.mean(axis=(0, 1)))
            continue
        before = found[-1].shape[1] if found else _channels(model)
        found.append(kernel.reshape(-1, before, kernel.shape[1]).mean(axis=0))
    return [matrix[:SHOWN_MAPS, :SHOWN_MAPS] for matrix in found]


def _channels(model: keras.Model) -> int:
    return int(model.inputs[0].shape[-1])


def _maps(model: keras.Model, data: ImageSet) -> dict[str, Array]:
    shown = [np.moveaxis(maps, -1, 0)[:SHOWN_MAPS] for maps in block_outputs(model, data.pictures("test")[0])]
    if not shown:
        return {}
    peaks = [np.nan_to_num(maps.max(axis=(1, 2)), posinf=0.0) for maps in shown]  # activations are never negative
    levels = [
        np.nan_to_num(maps / np.where(peak > 0, peak, 1.0)[:, np.newaxis, np.newaxis]) * MAP_LEVELS
        for maps, peak in zip(shown, peaks, strict=True)
    ]
    return {
        "maps": np.concatenate([np.rint(np.clip(one, 0, MAP_LEVELS)).ravel() for one in levels]).astype(np.uint8),
        "map_peaks": np.concatenate(peaks).astype(np.float32),
    }


def _predictions(data: ImageSet, logits: Array) -> dict[str, Array]:
    targets = data.test_targets[: len(logits)]
    known = probabilities(logits)  # (m, classes)
    each = np.nan_to_num(losses(data, logits, targets), nan=np.inf)
    worst = np.argsort(-each, kind="stable")[:WORST]
    return {
        "probabilities": known[:SHOWN_IMAGES].astype(np.float16),
        "confusion": confusion(targets, known),
        "calibration": calibration(targets, known),
        "worst_rows": worst.astype(np.int32),
        "worst_inputs": np.rint(255 * data.pictures("test")[worst]).astype(np.uint8),
        "worst_outputs": known[worst].astype(np.float16),
        "worst_truths": targets[worst].astype(np.int32),
    }


def confusion(targets: Array, known: Array) -> Array:
    """Return how often each class (row) was taken for each (column): (classes, classes) int32."""
    counts = np.zeros((known.shape[1], known.shape[1]), np.int32)
    np.add.at(counts, (targets, known.argmax(axis=1)), 1)
    return counts


def calibration(targets: Array, known: Array) -> Array:
    """Return examples, mean confidence and share right per bin of confidence: (bins, 3). Guo et al., ICML 2017."""
    confidence, right = known.max(axis=1), known.argmax(axis=1) == targets
    bins = np.clip(np.nan_to_num(confidence * CALIBRATION_BINS).astype(int), 0, CALIBRATION_BINS - 1)
    examples = np.bincount(bins, minlength=CALIBRATION_BINS)
    sums = [np.bincount(bins, weights=weights, minlength=CALIBRATION_BINS) for weights in (confidence, right)]
    return np.stack([examples, *(total / np.maximum(examples, 1) for total in sums)], axis=1).astype(np.float32)
