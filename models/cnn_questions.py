"""What a convolutional network answers: about one image, about one window of it, and about moved images.

Grad-CAM: Selvaraju and others, "Grad-CAM: visual explanations from deep networks via gradient-based localization",
ICCV 2017. Occlusion: Zeiler and Fergus, "Visualizing and understanding convolutional networks", ECCV 2014.
"""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lab.datasets.images import ImageSet
from lab.datasets.pictures import for_network, photograph_square
from models.base import Array
from models.cnn_look import block_outputs, logits_of
from models.mlp import probabilities
from models.views import SHOWN_MAPS, CnnView

MOST_SIDE, MOST_SHIFT = 64, 6  # of an image that is asked about; of the moves that are tried
MOVED_IMAGES = 500  # by which each move is measured
PLACES = 14  # the occluding square is tried in about so many places along each side


def answer(model: keras.Model, data: ImageSet, question: Mapping[str, Any]) -> CnnView:
    """Return the answer to a question. Raises ValueError for another question.

    An image is {"test_row": index}, {"input": h * w * c numbers in 0..1, "shape": (h, w, c)} or {"photo": "temple" or
    "flower"}; the shape may be left out where it is that of the data. With {"layer": number of the convolution,
    "filter": index} on top it is about the sliding window, and the image may have any size up to 64 pixels.
    {"moves": r}: accuracy on test images moved by up to r pixels.
    """
    if "moves" in question:
        return _moves(model, data, int(question["moves"]))
    picture = _picture(data, question)
    if "layer" in question:
        return _window(model, picture, int(question["layer"]), int(question["filter"]))
    if picture.shape != data.shape:
        raise ValueError(f"this network looks at images of {data.shape}, not of {picture.shape}")
    return _explain(model, picture)


def _picture(data: ImageSet, question: Mapping[str, Any]) -> Array:
    if "test_row" in question:
        row = int(question["test_row"])
        if not 0 <= row < len(data.test_inputs):
            raise ValueError(f"there are test images 0 to {len(data.test_inputs) - 1}")
        return data.pictures("test")[row]
    if "photo" in question:
        side = MOST_SIDE if "layer" in question else data.shape[0]
        return for_network(photograph_square(str(question["photo"]), MOST_SIDE), side, side, data.channels)
    if "input" not in question:
        raise ValueError('a question names a "test_row", an "input", a "photo" or "moves"')
    values = np.asarray(question["input"], np.float32).ravel()
    shape = tuple(int(size) for size in question.get("shape", data.shape))
    if len(shape) != 3 or shape[2] != data.channels or not 1 <= min(shape) <= max(shape) <= MOST_SIDE:
        raise ValueError(f"an image has at most 64 x 64 pixels and {data.channels} channels, not the shape {shape}")
    if len(values) != int(np.prod(shape)) or not np.isfinite(values).all():
        raise ValueError(f"an image of {shape} has {int(np.prod(shape))} finite numbers")
    return np.clip(values, 0.0, 1.0).reshape(shape)


# ---- one image ----


def _explain(model: keras.Model, picture: Array) -> CnnView:
    known = probabilities(logits_of(model, picture[np.newaxis]))[0].astype(np.float32)
    chosen = int(known.argmax())
    maps = [np.moveaxis(one, -1, 0)[:SHOWN_MAPS] for one in block_outputs(model, picture)]
    falls, side, step = occlusion(model, picture, chosen)
    return CnnView(
        answer_input=picture,
        answer_output=known,
        answer_maps=np.concatenate([one.ravel() for one in maps]).astype(np.float16) if maps else None,
        answer_shapes=np.array([one.shape for one in maps], np.int32) if maps else None,
        grad_cam=grad_cam(model, picture, chosen) if maps else None,
        occlusion=falls,
        occlusion_side=np.array([side]),
        occlusion_step=np.array([step]),
    )


def grad_cam(model: keras.Model, picture: Array, chosen: int) -> Array:
    """Return where the last block's maps speak for a class: (height, width) float32, never negative.

    Each map A_k is weighted by the mean over all places of d logit / d A_k; the sum is cut off below zero.
    """
    last = [layer for layer in model.layers if layer.name.startswith("activation_")][-1]
    upto = keras.Model(model.inputs, last.output)
    with tf.GradientTape() as tape:
        maps = upto(tf.constant(picture[np.newaxis]), training=False)
        tape.watch(maps)
        score = _rest(model, last.name, maps)[0, chosen]
    slopes = tape.gradient(score, maps)[0]  # (height, width, filters)
    weights = tf.reduce_mean(slopes, axis=(0, 1))
    return np.asarray(tf.nn.relu(tf.einsum("hwk,k->hw", maps[0], weights)))


def _rest(model: keras.Model, after: str, x: tf.Tensor) -> tf.Tensor:
    """Send maps through the layers behind the one named `after`."""
    names = [layer.name for layer in model.layers]
    for layer in model.layers[names.index(after) + 1 :]:
        x = layer(x, training=False)
    return x


def occlusion(model: keras.Model, picture: Array, chosen: int) -> tuple[Array, int, int]:
    """Return how far a class's probability falls while a square of the image is empty, wherever the square stands.

    The result: (places, places) float32; the square's side, a quarter of the image's; and the pixels from one place to
    the next. The square of place (i, j) has its first pixel at row and column i and j times that step.
    """
    height, width, _ = picture.shape
    side = max(2, height // 4)
    step = max(1, (height - side) // PLACES)
    rows, columns = (range(0, size - side + 1, step) for size in (height, width))
    emptied = np.repeat(picture[np.newaxis], len(rows) * len(columns), axis=0)
    for place, (row, column) in enumerate((row, column) for row in rows for column in columns):
        emptied[place, row : row + side, column : column + side] = 0.0
    whole = probabilities(logits_of(model, picture[np.newaxis]))[0, chosen]
    without = probabilities(logits_of(model, emptied))[:, chosen]
    return (whole - without).reshape(len(rows), len(columns)).astype(np.float32), side, step


# ---- one window ----


def _window(model: keras.Model, picture: Array, number: int, chosen: int) -> CnnView:
    layers = {layer.name: layer for layer in model.layers}
    layer = layers.get(f"conv_{number}")
    if layer is None:
        raise ValueError(f"this network has no convolution {number}")
    if not 0 <= chosen < layer.filters:
        raise ValueError(f"convolution {number} has filters 0 to {layer.filters - 1}")
    x = tf.constant(picture[np.newaxis])
    for before in model.layers[1:]:
        if before.name == layer.name:
            break
        x = before(x, training=False)
    size = int(layer.kernel_size[0])
    if layer.padding == "valid" and min(x.shape[1:3]) < size:
        raise ValueError("this image is too small for the window")
    return CnnView(
        answer_input=picture,
        window_input=np.asarray(x)[0],
        window_kernel=layer.kernel.numpy()[..., chosen],
        window_bias=layer.bias.numpy()[chosen : chosen + 1],
        window_sums=np.asarray(layer(x))[0, :, :, chosen],
        window_padding=np.array([(size - 1) // 2 if layer.padding == "same" else 0]),
    )


# ---- moved images ----


def _moves(model: keras.Model, data: ImageSet, most: int) -> CnnView:
    if not 1 <= most <= MOST_SHIFT:
        raise ValueError(f"images are moved by 1 to {MOST_SHIFT} pixels")
    return CnnView(shift_accuracy=shift_accuracies(model, data, most))


def shift_accuracies(model: keras.Model, data: ImageSet, most: int) -> Array:
    """Return the share right of the first 500 test images moved down (axis 0) and right (axis 1): -most to most."""
    pictures, targets = data.pictures("test")[:MOVED_IMAGES], data.test_targets[:MOVED_IMAGES]
    ways = range(-most, most + 1)
    moved = ((data.moved(pictures, right, down) for right in ways) for down in ways)
    found = [[np.mean(logits_of(model, one).argmax(axis=1) == targets) for one in row] for row in moved]
    return np.array(found, np.float32)
