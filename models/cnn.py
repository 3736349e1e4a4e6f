"""Convolutional network: one small window of weights slides over the image, the same weights in every place.

The idea: a unit looks at a few neighbouring pixels only, and its weights are shared by all places, so that what is
learned in one place is known everywhere; pooling makes the exact place matter less, and the next layer sees farther.
Fukushima, "Neocognitron", Biological Cybernetics 36 (1980); LeCun and others, "Backpropagation applied to handwritten
zip code recognition", Neural Computation 1 (1989).
What it cannot do: join two places that no window covers together; nor is it of use where neighbours mean nothing.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np

from lab.datasets.dataset import UnfitData
from lab.datasets.images import DOWNLOADED, ImageSet, images, permuted
from models import presets
from models.base import Array, Baseline, Live, Snapshot, schedule, steps_of
from models.baselines import baselines as tabular_baselines
from models.cnn_look import SMALL, logits_of, overview
from models.cnn_questions import answer
from models.configs import CnnConfig
from models.image_downloads import downloaded
from models.mlp import losses
from models.receptive_field import pools, reaches
from models.training_loop import CompiledTraining, train_in_chunks
from models.views import SHOWN_IMAGES, SHOWN_MAPS, CnnView

MOMENTS = 36  # recorded of a run: each holds the feature maps of an image
MOMENTS_OF_LARGE = 20  # of a run on large images, where a moment weighs more and takes longer to measure
MEASURED = 2000  # images of each part by which a run is measured while it trains; at its last step all test images
FAR = 2  # pixels by which images with room around them are moved for a test


def load(config: CnnConfig) -> ImageSet:
    """Return the images the settings ask for. Raises UnfitData where they cannot be had."""
    if config.dataset in DOWNLOADED:
        data = downloaded(config.dataset, seed=config.seed, most=config.examples)
    else:
        data = images(config.dataset, seed=config.seed, samples=config.samples, distance=config.distance)
    return permuted(data, config.seed) if config.permuted else data


def build(config: CnnConfig, data: ImageSet) -> keras.Model:
    """Return the network; its output are logits. Raises UnfitData where a window is larger than what it slides over."""
    keras.utils.set_random_seed(config.seed)
    inputs = x = keras.Input(data.shape, name="input")  # (batch, height, width, channels)
    if config.augmentation:
        by = [config.augmentation / side for side in data.shape[:2]]
        x = keras.layers.RandomTranslation(
            by[0], by[1], fill_mode="constant", interpolation="nearest", seed=config.seed, name="random_moves"
        )(x)
    for number in range(1, config.blocks + 1):
        x = block(config, number, x)
    x = head(config, x)  # (batch, features)
    if config.units:
        x = keras.layers.Dense(config.units, name="hidden")(x)
        x = keras.layers.Activation("relu", name="hidden_activation")(x)
    outputs = keras.layers.Dense(len(data.class_names), name="output")(x)  # (batch, classes)
    return keras.Model(inputs, outputs, name="cnn")


def block(config: CnnConfig, number: int, x: Any) -> Any:
    """Convolve, normalize, bend, pool: (batch, h, w, c) to (batch, h', w', filters)."""
    if config.padding == "valid" and min(x.shape[1:3]) < config.kernel:
        raise UnfitData(
            f"Block {number} would slide a window of {config.kernel} x {config.kernel} over maps of only {x.shape[1]} "
            f"x {x.shape[2]} pixels. Choose the padding 'same', a smaller kernel, or fewer blocks."
        )
    filters = config.filters * 2 ** (number - 1)
    x = keras.layers.Conv2D(filters, config.kernel, padding=config.padding, name=f"conv_{number}")(x)
    if config.batch_normalization:
        x = keras.layers.BatchNormalization(name=f"normalization_{number}")(x)
    x = keras.layers.Activation("relu", name=f"activation_{number}")(x)  # what the pictures call feature maps
    if pools(config, min(x.shape[1:3])):
        layer = keras.layers.MaxPooling2D if config.pooling == "max" else keras.layers.AveragePooling2D
        x = layer(2, name=f"pool_{number}")(x)  # (batch, h / 2, w / 2, filters)
    return keras.layers.Dropout(config.dropout, name=f"dropout_{number}")(x) if config.dropout else x


def head(config: CnnConfig, x: Any) -> Any:
    """Turn maps into one row of features: all places, or the largest value or the mean of each map."""
    if config.head == "flatten" or not config.blocks:
        return keras.layers.Flatten(name="flatten")(x)
    layer = keras.layers.GlobalMaxPooling2D if config.head == "global_max" else keras.layers.GlobalAveragePooling2D
    return layer(name="global_pool")(x)


def total_steps(config: CnnConfig, data: ImageSet) -> int:
    """Return the number of optimizer steps of a complete run."""
    return steps_of(config.epochs, config.batch_size, len(data.train_inputs))


def train(config: CnnConfig, data: ImageSet, model: keras.Model, live: Live | None = None) -> Iterator[Snapshot]:
    """Yield the untrained network, again once compiled, then the network at some moments of its training."""
    training = CompiledTraining(
        model,
        keras.optimizers.Adam(config.learning_rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        data.pictures("train"),
        data.train_targets,
        batch_size=config.batch_size,
        seed=config.seed,
    )  # without XLA, which slows convolutions down on a CPU
    last = total_steps(config, data)
    marks = schedule(last, MOMENTS if data.shape[0] <= SMALL else MOMENTS_OF_LARGE)
    for progress in train_in_chunks(training, marks, live or Live(config.learning_rate)):
        most = None if progress.step == last else MEASURED
        logits = logits_of(model, data.pictures("test")[:most])
        metrics = evaluate(model, data, logits)
        yield Snapshot(progress.step, progress.epoch, progress.seconds, metrics, overview(model, data, logits))


def evaluate(model: keras.Model, data: ImageSet, test_logits: Array | None = None) -> dict[str, float]:
    """Return loss and accuracy on both parts, and where images have room around them, on moved ones.

    test_logits: (m, classes) of the first m test images, if they are known. test_moved: share right of up to 500 test
    images moved by two pixels, mean over up, down, left and right.
    """
    known = logits_of(model, data.pictures("test")) if test_logits is None else test_logits
    trained = logits_of(model, data.pictures("train")[:MEASURED])
    metrics: dict[str, float] = {}
    for part, logits, targets in (("train", trained, data.train_targets), ("test", known, data.test_targets)):
        metrics[f"{part}_loss"] = float(np.mean(losses(data, logits, targets[: len(logits)])))
        metrics[f"{part}_accuracy"] = share_right(logits, targets)
    if data.margin >= FAR:
        ways = [(FAR, 0), (-FAR, 0), (0, FAR), (0, -FAR)]
        metrics["test_moved"] = float(np.mean([moved_accuracy(model, data, *way) for way in ways]))
    return metrics


def share_right(logits: Array, targets: Array) -> float:
    """Return the share of examples whose largest logit (m, classes) is that of their class; the first m targets."""
    return float(np.mean(np.nan_to_num(logits, nan=-np.inf).argmax(axis=1) == targets[: len(logits)]))


def moved_accuracy(model: keras.Model, data: ImageSet, right: int, down: int, most: int = 500) -> float:
    """Return the share right of the first test images, moved by so many pixels."""
    return share_right(logits_of(model, data.moved(data.pictures("test")[:most], right, down)), data.test_targets)


def scene(config: CnnConfig, data: ImageSet) -> Mapping[str, Array]:
    """Return what training does not change.

    test_images: (144 or fewer, h, w, c) uint8 in 255ths; test_targets: (240 or fewer,) int32; map_shapes: (blocks, 3)
    int32, feature maps shown, height, width; reaches: (convolutions and poolings, 3) int32: units along the axis, and
    the first and the last pixel that the middle unit sees.
    """
    sides = reaches(config, data.shape[0])
    convolutions = [one for one in sides if one.layer.startswith("conv")]
    shown = [min(SHOWN_MAPS, config.filters * 2**place) for place in range(config.blocks)]
    shapes = [(count, one.size, one.size) for count, one in zip(shown, convolutions, strict=True)]
    seen = [(one.size, *one.seen((one.size - 1) // 2)) for one in sides]
    return {
        "test_images": np.rint(data.pictures("test")[:SHOWN_IMAGES] * 255).astype(np.uint8),
        "test_targets": data.test_targets[:240].astype(np.int32),
        "map_shapes": np.array(shapes, np.int32).reshape(-1, 3),
        "reaches": np.array(seen, np.int32).reshape(-1, 3),
    }


def look(model: keras.Model, data: ImageSet, question: Mapping[str, Any] | None = None) -> CnnView:
    """Return the view of a network, or only the answer to a question (see models.cnn_questions.answer)."""
    if question:
        return answer(model, data, question)
    return overview(model, data, logits_of(model, data.pictures("test")[:MEASURED]))


def baselines(config: CnnConfig, data: ImageSet) -> list[Baseline]:
    """Return methods without a network, fitted on the same pixels and measured on the same test part."""
    return tabular_baselines(data, seed=config.seed)


FAILURES = presets.FAILURES["cnn"]
