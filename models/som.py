"""Self-organizing map: units on a grid compete for each example; the winner and its neighbours move towards it.

The idea: every unit holds a prototype. Because neighbours on the grid learn together, the grid unfolds over the data
like a net, and becomes a map on which what is alike lies close by. No label is ever used. Kohonen, "Self-organized
formation of topologically correct feature maps", Biological Cybernetics 43 (1982).
What it cannot do: a flat map of a curved or many-dimensional world must tear or fold somewhere; as a plain summary of
the data it loses to k-means, as a classifier to methods that see the labels.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from time import perf_counter
from typing import Any

import keras
import numpy as np

from lab.datasets.choose import load as load_data
from lab.datasets.dataset import PLANE_SCALE, Dataset, UnfitData
from lab.datasets.photographs import FILES as PHOTOGRAPHS
from lab.datasets.photographs import colours, photograph
from models import presets, som_measures
from models.base import Array, Baseline, Live, Snapshot, schedule
from models.configs import SomConfig
from models.questions import asked_example
from models.som_baselines import baselines_for
from models.som_grid import Grid
from models.som_training import LAST_RATE, MapLayer, SelfOrganization, decayed
from models.views import SHOWN_COMPONENTS, SHOWN_EXAMPLES, SHOWN_POINTS, SomView

MOST_THREADS = 1
MEASURED = 4000  # examples of each part that the measures look at
ROUNDING = 128
FAR = 1e4  # a prototype beyond has been pushed off the data for good
START_SPREADS = 2.0  # the first map spans so many standard deviations to each side of the mean, if it starts flat


def load(config: SomConfig) -> Dataset:
    """Return the data the settings ask for. Raises UnfitData for own data that cannot be used, and for a grid that
    cannot be closed: on a hexagonal torus every other row is shifted, so the last must differ from the first."""
    if config.toroidal and config.grid == "hexagonal" and config.rows % 2:
        raise UnfitData(f"A hexagonal torus closes with an even number of rows only. Choose {config.rows + 1} rows.")
    if config.dataset in PHOTOGRAPHS:
        return colours(config.dataset, seed=config.seed, test_share=config.test_share)
    return load_data(
        config.dataset,
        seed=config.seed,
        test_share=config.test_share,
        samples=config.samples,
        noise=config.noise,
        upload=config.upload,
        target=config.target,
    )


def grid_of(config: SomConfig) -> Grid:
    """Return the shape of the map."""
    return Grid(config.rows, config.columns, config.grid, config.toroidal)


def build(config: SomConfig, data: Dataset) -> keras.Model:
    """Return the untrained map: examples (batch, d) in, squared distances to all prototypes (batch, units) out."""
    keras.utils.set_random_seed(config.seed)
    inputs = keras.Input(data.train_inputs.shape[1:], name="input")  # (batch, d)
    first = first_prototypes(config, data)  # (units, d)
    distances = MapLayer(grid_of(config), first, name="map")(inputs)  # (batch, units)
    return keras.Model(inputs, distances, name="som")


def first_prototypes(config: SomConfig, data: Dataset) -> Array:
    """Return where the units start: anywhere in the data's range, on examples, or flat in its principal plane."""
    generator, grid = np.random.default_rng([config.seed, 3]), grid_of(config)
    inputs = data.train_inputs
    if config.initialization == "random":
        return generator.uniform(inputs.min(0), inputs.max(0), (grid.units, inputs.shape[1])).astype(np.float32)
    if config.initialization == "sample":
        return inputs[generator.choice(len(inputs), grid.units, replace=grid.units > len(inputs))]
    mean, axes, spreads = principal_plane(data)
    places = grid.positions()
    places = 2.0 * places / np.maximum(places.max(0), 1e-9) - 1.0  # -1..1; y grows downward on the map
    places[:, places.max(0) <= 0.0] = 0.0  # a chain of units starts on the first axis
    steps = places * [1.0, -1.0] * spreads * START_SPREADS
    return (mean + steps @ axes).astype(np.float32)


@lru_cache(maxsize=4)
def principal_plane(data: Dataset) -> tuple[Array, Array, Array]:
    """Return mean (d,), the two principal axes (2, d) and the standard deviations along them (2,) of the training part.

    Each axis points to where its largest component is positive. One column alone has a second axis of zeros.
    """
    inputs = data.train_inputs.astype(np.float64)
    mean = inputs.mean(0)
    _, lengths, axes = np.linalg.svd(inputs[:MEASURED] - mean, full_matrices=False)
    axes, lengths = axes[:2], lengths[:2]
    axes = axes * np.where(axes[np.arange(len(axes)), np.abs(axes).argmax(1)] < 0, -1.0, 1.0)[:, None]
    lacking = 2 - len(axes)
    axes, lengths = np.pad(axes, ((0, lacking), (0, 0))), np.pad(lengths, (0, lacking))
    return mean, axes, lengths / np.sqrt(min(len(inputs), MEASURED))


def total_steps(config: SomConfig, data: Dataset) -> int:
    """Return the steps of a complete run: one per example and epoch online, one per epoch with the batch rule."""
    return config.epochs * (len(data.train_inputs) if config.rule == "online" else 1)


def train(config: SomConfig, data: Dataset, model: keras.Model, live: Live | None = None) -> Iterator[Snapshot]:
    """Yield the untrained map, again once compiled, then the map at about 60 moments of its training."""
    live, total = live or Live(config.learning_rate), total_steps(config, data)
    training = SelfOrganization(
        model.get_layer("map"),
        data.train_inputs,
        rule=config.rule,
        neighbourhood=config.neighbourhood,
        decay=config.decay,
        total=total,
        seed=config.seed,
    )
    yield _snapshot(config, data, model, live, 0, 0.0)
    training.warm()
    yield _snapshot(config, data, model, live, 0, 0.0)
    seconds = 0.0
    for first, last in pairwise(schedule(total)):
        started = perf_counter()
        training.run(first, last, config.radius, config.radius_end, live.learning_rate)
        seconds += perf_counter() - started
        yield _snapshot(config, data, model, live, last, seconds)


def _snapshot(config: SomConfig, data: Dataset, model: keras.Model, live: Live, step: int, seconds: float) -> Snapshot:
    total = total_steps(config, data)
    done, rate = step / total, live.learning_rate
    knobs = {
        "radius": decayed(config.decay, config.radius, config.radius_end, done),
        "rate": decayed(config.decay, rate, rate * LAST_RATE.get(config.decay, 1.0), done),
    }
    return Snapshot(step, config.epochs * done, seconds, {**evaluate(model, data), **knobs}, look(model, data))


def evaluate(model: keras.Model, data: Dataset) -> dict[str, float]:
    """Return the measures of a map. Errors and shares are of at most 4,000 examples of each part of the data.

    train_loss: mean squared distance of a training example to its best unit. train_qe, test_qe: mean distance of an
    example to its best unit, in the units of the inputs; the quantization error. test_te: share of test
    examples whose two best units share no edge; test_te8: nor a corner; test_order: 1 - test_te8. test_trust:
    trustworthiness on the map of the first 240 test examples, 5 neighbours. test_explained: share of the spread that
    the units account for. test_flatness: 1 - 2 x the share of the net's triangles turned over in the plane of the
    two principal axes; left out on a torus. test_accuracy: classes only, read off the map's labelled units.
    """
    layer = model.get_layer("map")
    grid, prototypes = layer.grid, np.asarray(layer.prototypes, np.float64)
    if not np.abs(prototypes).max() < FAR:
        prototypes = np.full_like(prototypes, np.nan)  # every distance below is then no number, and the run ends
    train, test = data.train_inputs[:MEASURED], data.test_inputs[:MEASURED]
    won_by, _, train_near = som_measures.two_best(train, prototypes)
    best, second, near = som_measures.two_best(test, prototypes)
    te, te8 = som_measures.order_errors(grid, best, second)
    squared = grid.squared_distances()[best[:SHOWN_EXAMPLES]][:, best[:SHOWN_EXAMPLES]]
    metrics = {
        "train_loss": float((train_near**2).mean()),
        "train_qe": float(train_near.mean()),
        "test_qe": float(near.mean()),
        "test_te": te,
        "test_te8": te8,
        "test_order": 1.0 - te8,
        "test_trust": som_measures.trustworthiness(test[:SHOWN_EXAMPLES], squared),
        "test_explained": som_measures.explained(test, near, train.mean(0)),
    }
    if not grid.toroidal:
        turned = som_measures.twistedness(som_measures.orientation(grid, places(data, prototypes)))
        metrics["test_flatness"] = 1.0 - 2.0 * turned
    if data.task == "classification":
        won = som_measures.labels(won_by, data.train_targets[:MEASURED], len(data.class_names), grid.units)
        read = som_measures.read_off(test, prototypes, won)
        metrics["test_accuracy"] = float((read == data.test_targets[:MEASURED]).mean())
    return metrics


def places(data: Dataset, inputs: Array) -> Array:
    """Return examples or prototypes, (n, d), in the plane of the picture, (n, 2): x1 and x2, or the principal axes."""
    if data.plane:
        return np.asarray(inputs, np.float64)[:, :2] * PLANE_SCALE
    mean, axes, _ = principal_plane(data)
    return np.asarray((inputs - mean) @ axes.T)


def scene(config: SomConfig, data: Dataset) -> Mapping[str, Array]:
    """Return what training does not change.

    positions: (units, 2) of the units on the grid; triangles: (triangles, 3) of units, the net cut up. points: (600 or
    fewer, 2) training examples in the plane of the picture; point_targets: theirs, in the target's unit. plane_shares:
    (2,) share of the spread along each axis, not for 2-D sets.
    test_targets: (240 or fewer,); test_images: (240 or fewer, h, w), images only; photograph: (h, w, 3) uint8.
    """
    grid, shown = grid_of(config), slice(0, SHOWN_EXAMPLES)
    arrays = {
        "positions": grid.positions().astype(np.float32),
        "triangles": grid.triangles(),
        "points": places(data, data.train_inputs[:SHOWN_POINTS]).astype(np.float32),
        "point_targets": data.original_targets(data.train_targets[:SHOWN_POINTS]),
        "test_targets": data.original_targets(data.test_targets[shown]),
    }
    if not data.plane:
        variance = data.train_inputs[:MEASURED].astype(np.float64).var(0).sum()
        arrays["plane_shares"] = (principal_plane(data)[2] ** 2 / max(variance, 1e-12)).astype(np.float32)
    if data.image_shape:
        arrays["test_images"] = data.test_inputs[shown].reshape(-1, *data.image_shape)
    if data.name in PHOTOGRAPHS:
        arrays["photograph"] = photograph(data.name)
    return arrays


def look(model: keras.Model, data: Dataset, question: Mapping[str, Any] | None = None) -> SomView:
    """Return the view of a map, or only the answer to a question.

    question: {"input": d numbers, scaled as the map gets them} or {"test_row": index of a test example}.
    Raises ValueError for another question.
    """
    layer = model.get_layer("map")
    grid, prototypes = layer.grid, np.clip(np.nan_to_num(np.asarray(layer.prototypes)), -FAR, FAR)
    if question:
        example = asked_example(data, question, "the map")
        away = som_measures.distances(example[None], prototypes)[0]
        return SomView(answer_input=example, answer_distances=away.astype(np.float32))
    train = data.train_inputs[:MEASURED]
    best, _, _ = som_measures.two_best(train, prototypes)
    where = places(data, prototypes)
    return SomView(
        prototypes=_rounded(prototypes[:, :SHOWN_COMPONENTS]),
        places=where.astype(np.float16),
        u_matrix=som_measures.u_matrix(grid, prototypes).astype(np.float16),
        hits=np.bincount(best, minlength=grid.units).astype(np.int32),
        turns=som_measures.orientation(grid, where).astype(np.int8),
        test_best=som_measures.two_best(data.test_inputs[:SHOWN_EXAMPLES], prototypes)[0].astype(np.int32),
        **_meaning(data, best, grid.units),
        **_photograph(data, prototypes),
    )


def _rounded(values: Array) -> Array:
    """Round to 1/128 of the largest value: finer than the eye tells apart, and half the bytes of a stored run."""
    unit = (float(np.abs(values).max()) or 1.0) / ROUNDING
    return (np.rint(values / unit) * unit).astype(np.float16)


def _meaning(data: Dataset, best: Array, units: int) -> dict[str, Array]:
    """Return per unit the training examples of each class it won, or their mean target (0 where it won none)."""
    targets = data.train_targets[: len(best)]
    if data.task == "classification":
        return {"won": som_measures.labels(best, targets, len(data.class_names), units)}
    values = data.original_targets(targets)
    sums, hits = np.bincount(best, weights=values, minlength=units), np.bincount(best, minlength=units)
    return {"mean_targets": (sums / np.maximum(hits, 1)).astype(np.float32)}


def _photograph(data: Dataset, prototypes: Array) -> dict[str, Array]:
    """Return the unit that stands for each pixel of the photograph, if the data is one."""
    if data.name not in PHOTOGRAPHS:
        return {}
    picture = photograph_pixels(data.name)
    return {"photo_units": som_measures.two_best(picture.reshape(-1, 3), prototypes)[0].astype(np.uint16)}


@lru_cache(maxsize=2)
def photograph_pixels(name: str) -> Array:
    """Return the photograph in 0..1, as the map gets it: (h, w, 3) float32."""
    return (photograph(name) / 255.0).astype(np.float32)


def baselines(config: SomConfig, data: Dataset) -> list[Baseline]:
    """Return what methods without a map reach on the same examples."""
    return baselines_for(data, units=grid_of(config).units, seed=config.seed)


FAILURES = presets.FAILURES["som"]
