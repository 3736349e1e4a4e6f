"""The self-organizing map against oracles: every rule and number recomputed in float64 NumPy, and by MiniSom.

The oracle knows the settings, the prototypes and the data; it shares no line with models/som*.py.
"""

import json
import math
from functools import cache
from itertools import product
from types import SimpleNamespace
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
from minisom import MiniSom
from sklearn.manifold import trustworthiness as sklearn_trustworthiness

from lab.charts import som_answer, som_inside, som_map, som_runs, som_stage
from lab.charts.palette import CLASSES
from lab.charts.som_inside import neighbourhood_of
from lab.datasets.dataset import Dataset, UnfitData
from lab.shown_run import ShownRun
from models import som, som_measures
from models.base import Array, Live, Snapshot
from models.configs import SomConfig
from models.som_grid import Grid
from models.som_training import MapLayer, SelfOrganization, decayed

SMALL: dict[str, Any] = {"rows": 5, "columns": 6, "radius": 2.0, "epochs": 2}
DATA: dict[str, dict[str, Any]] = {
    "digits": {},
    "iris": {"grid": "hexagonal"},
    "plane": {"samples": 200},
    "cars": {},
    "temple": {"rows": 4},
}


class Trained(NamedTuple):
    """A short run."""

    config: SomConfig
    data: Dataset
    model: keras.Model
    snapshots: tuple[Snapshot, ...]

    @property
    def prototypes(self) -> Array:
        return np.asarray(self.model.get_weights()[0], np.float64)


def view_of(run: Trained) -> Any:
    """Return the view at the end of a run."""
    return run.snapshots[-1].view


@cache
def trained(dataset: str) -> Trained:
    config = SomConfig(**{**SMALL, "dataset": dataset, **DATA[dataset]})
    data = som.load(config)
    model = som.build(config, data)
    return Trained(config, data, model, tuple(som.train(config, data, model)))


# ---- the grid ----


def grid_distance(grid: Grid, one: int, other: int) -> float:
    """Return the distance of two units by trying all ways round a torus."""

    def place(unit: int) -> tuple[float, float]:
        row, column = unit // grid.columns, unit % grid.columns
        if grid.kind == "hexagonal":
            return column + (0.5 if row % 2 else 0.0), row * math.sqrt(3) / 2
        return float(column), float(row)

    (x, y), (u, v) = place(one), place(other)
    height = grid.rows * (math.sqrt(3) / 2 if grid.kind == "hexagonal" else 1.0)
    turns = product((-1, 0, 1), (-1, 0, 1)) if grid.toroidal else [(0, 0)]
    return min(math.hypot(x - u + a * grid.columns, y - v + b * height) for a, b in turns)


GRIDS = [Grid(4, 5, kind, torus) for kind in ("rectangular", "hexagonal") for torus in (False, True)]


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_distances_on_the_grid(grid: Grid) -> None:
    expected = [[grid_distance(grid, a, b) ** 2 for b in range(20)] for a in range(20)]
    np.testing.assert_allclose(grid.squared_distances(), expected, atol=1e-12)


def test_units_have_the_neighbours_their_grid_promises() -> None:
    assert set(Grid(6, 6, toroidal=True).touching().sum(1)) == {4}
    assert set(Grid(6, 6, toroidal=True).touching(diagonal=True).sum(1)) == {8}
    assert set(Grid(6, 6, "hexagonal", True).touching().sum(1)) == {6}
    assert sorted(set(Grid(3, 3).touching().sum(1))) == [2, 3, 4]
    assert Grid(1, 4).touching().sum() == 6


@pytest.mark.parametrize("grid", [Grid(4, 5), Grid(4, 5, "hexagonal"), Grid(5, 4, "hexagonal")], ids=str)
def test_triangles_cover_the_net_once_and_turn_one_way(grid: Grid) -> None:
    turns = som_measures.orientation(grid, grid.positions())
    assert len(turns) == 2 * (grid.rows - 1) * (grid.columns - 1)
    assert len(set(turns)) == 1 and turns[0] != 0
    corners = grid.positions()[grid.triangles()]
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    areas = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / 2
    pitch = math.sqrt(3) / 2 if grid.kind == "hexagonal" else 1.0
    assert areas == pytest.approx(pitch / 2)
    if grid.kind == "hexagonal":  # the long diagonal of a slanted cell is no edge of the net
        sides = corners - np.roll(corners, 1, axis=1)
        assert (sides**2).sum(2) == pytest.approx(1.0)


# ---- the rules ----


def fall(kind: str, start: float, end: float, done: float) -> float:
    return {
        "linear": (1 - done) * start + done * end,
        "exponential": math.exp((1 - done) * math.log(start) + done * math.log(max(end, 1e-300))),
        "asymptotic": start / (1 + done / 0.5),
        "constant": start,
    }[kind]


def pull(kind: str, distance: Array, radius: float) -> Array:
    ratio = distance / radius
    if kind == "bubble":
        return np.where(ratio <= 1 + 1e-6, 1.0, 0.0)
    bell = np.exp(-(ratio**2) / 2)
    return bell if kind == "gaussian" else bell * (1 - ratio**2)


class Rule(NamedTuple):
    neighbourhood: str
    decay: str
    grid: Grid
    rate: float = 0.4


RULES = [
    Rule("gaussian", "exponential", Grid(4, 5)),
    Rule("bubble", "linear", Grid(4, 5, "hexagonal")),
    Rule("gaussian", "asymptotic", Grid(4, 4, "hexagonal", True)),
    Rule("mexican_hat", "constant", Grid(4, 5, "rectangular", True), 0.01),
]
TOTAL, STEPS = 600, 150


@cache
def points() -> tuple[Array, Array]:
    generator = np.random.default_rng(3)
    return generator.normal(size=(60, 3)).astype(np.float32), generator.normal(size=(20, 3)).astype(np.float32)


def organization(rule: Rule, kind: str) -> tuple[SelfOrganization, Array, Array]:
    inputs, first = points()
    first = first[: rule.grid.units]
    layer = MapLayer(rule.grid, first, name="map")
    layer(np.zeros((1, 3), np.float32))
    made = SelfOrganization(
        layer, inputs, rule=kind, neighbourhood=rule.neighbourhood, decay=rule.decay, total=TOTAL, seed=5
    )
    return made, inputs.astype(np.float64), first.astype(np.float64)


def radius_and_rate(rule: Rule, step: int) -> tuple[float, float]:
    last = {"linear": 0.0, "exponential": 0.01 * rule.rate}.get(rule.decay, rule.rate)
    return fall(rule.decay, 2.3, 0.6, step / TOTAL), fall(rule.decay, rule.rate, last, step / TOTAL)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.neighbourhood}-{rule.decay}")
def test_the_online_rule_moves_units_as_kohonen_wrote(rule: Rule) -> None:
    made, inputs, prototypes = organization(rule, "online")
    made.run(0, STEPS, 2.3, 0.6, rule.rate)
    for step in range(STEPS):
        x = inputs[made.order(step // 60)[step % 60]]
        winner = int(((prototypes - x) ** 2).sum(1).argmin())
        away = np.array([grid_distance(rule.grid, winner, unit) for unit in range(rule.grid.units)])
        radius, rate = radius_and_rate(rule, step)
        prototypes = prototypes + rate * pull(rule.neighbourhood, away, radius)[:, None] * (x - prototypes)
    np.testing.assert_allclose(np.asarray(made.layer.prototypes), prototypes, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("rule", RULES[:3], ids=lambda rule: f"{rule.neighbourhood}-{rule.decay}")
def test_the_batch_rule_takes_weighted_means(rule: Rule) -> None:
    made, inputs, prototypes = organization(rule, "batch")
    made.run(0, 12, 2.3, 0.6, rule.rate)
    away = np.array([[grid_distance(rule.grid, a, b) for b in range(rule.grid.units)] for a in range(rule.grid.units)])
    for step in range(12):
        winners = ((inputs[:, None] - prototypes[None]) ** 2).sum(2).argmin(1)
        weights = pull(rule.neighbourhood, away, radius_and_rate(rule, step)[0])[:, winners]  # (units, examples)
        total = weights.sum(1, keepdims=True)
        prototypes = np.where(total > 1e-6, weights @ inputs / np.maximum(total, 1e-6), prototypes)
    np.testing.assert_allclose(np.asarray(made.layer.prototypes), prototypes, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("kind", ["online", "batch"])
def test_cutting_a_run_into_calls_changes_no_bit(kind: str) -> None:
    whole, *_ = organization(RULES[0], kind)
    parts, *_ = organization(RULES[0], kind)
    whole.run(0, 130, 2.3, 0.6, 0.4)
    for first, last in ((0, 1), (1, 59), (59, 61), (61, 130)):
        parts.run(first, last, 2.3, 0.6, 0.4)
    np.testing.assert_array_equal(np.asarray(whole.layer.prototypes), np.asarray(parts.layer.prototypes))


def test_each_epoch_visits_every_example_once_in_an_order_of_its_own() -> None:
    made, *_ = organization(RULES[0], "online")
    assert sorted(made.order(0)) == sorted(made.order(7)) == list(range(60))
    assert list(made.order(0)) != list(made.order(1))


def test_a_unit_that_nothing_speaks_for_stays() -> None:
    """A bubble narrower than the grid reaches no neighbour: units without an example keep their place."""
    made, inputs, prototypes = organization(Rule("bubble", "constant", Grid(4, 5)), "batch")
    made.run(0, 1, 0.5, 0.5, 0.4)
    winners = ((inputs[:, None] - prototypes[None]) ** 2).sum(2).argmin(1)
    idle = np.setdiff1d(np.arange(20), winners)
    assert len(idle)
    np.testing.assert_allclose(np.asarray(made.layer.prototypes)[idle], prototypes[idle])


@pytest.mark.parametrize("kind", ["linear", "exponential", "asymptotic", "constant"])
def test_radius_and_rate_fall_as_told(kind: str) -> None:
    for done in (0.0, 0.3, 1.0):
        assert decayed(kind, 4.0, 0.5, done) == pytest.approx(fall(kind, 4.0, 0.5, done))
    snapshots = trained("iris").snapshots
    assert snapshots[0].metrics["radius"] == pytest.approx(2.0)
    assert snapshots[-1].metrics["radius"] == pytest.approx(0.7)
    assert snapshots[-1].metrics["rate"] == pytest.approx(0.005)


@pytest.mark.parametrize("kind", ["gaussian", "bubble", "mexican_hat"])
def test_the_drawn_neighbourhood_is_the_one_that_trains(kind: str) -> None:
    from models.som_training import NEIGHBOURHOODS

    distance = np.linspace(0, 5, 40)
    mine = np.asarray(NEIGHBOURHOODS[kind](distance.astype(np.float32) ** 2, np.float32(1.7)))
    np.testing.assert_allclose(neighbourhood_of(kind, 1.7, distance), mine, atol=1e-6)
    np.testing.assert_allclose(pull(kind, distance, 1.7), mine, atol=1e-6)


def test_a_changed_learning_rate_counts_from_the_next_chunk_on() -> None:
    config = SomConfig(**SMALL, dataset="iris")
    data = som.load(config)
    model, live = som.build(config, data), Live(0.5)
    snapshots = som.train(config, data, model, live)
    for _ in range(4):
        next(snapshots)
    live.learning_rate = 1e-12
    before = model.get_weights()[0]
    assert next(snapshots).metrics["rate"] < 1e-11
    np.testing.assert_allclose(model.get_weights()[0], before, atol=1e-6)


# ---- MiniSom ----

MINISOM_EPOCHS = 3


@cache
def beside_minisom(seed: int) -> tuple[Array, MiniSom, Array]:
    """Train ours and MiniSom on the digits: same first map, schedule and order. Return ours, MiniSom, the inputs."""
    settings: dict[str, Any] = {"radius": 3.0, "decay": "asymptotic", "learning_rate": 0.5, "epochs": MINISOM_EPOCHS}
    config = SomConfig(**settings, initialization="sample", seed=seed)
    data = som.load(config)
    model = som.build(config, data)
    layer, inputs = model.get_layer("map"), data.train_inputs
    total = som.total_steps(config, data)
    ours = SelfOrganization(
        layer, inputs, rule="online", neighbourhood="gaussian", decay="asymptotic", total=total, seed=seed
    )
    theirs = MiniSom(10, 10, 64, sigma=3.0, learning_rate=0.5, random_seed=seed)
    theirs._weights = np.asarray(layer.prototypes, np.float64).reshape(10, 10, 64)
    ordered = np.concatenate([inputs[ours.order(epoch)] for epoch in range(MINISOM_EPOCHS)])
    theirs.train(ordered.astype(np.float64), total)
    ours.run(0, total, 3.0, 0.7, 0.5)
    return np.asarray(layer.prototypes, np.float64), theirs, inputs.astype(np.float64)


@pytest.mark.parametrize("seed", range(5))
def test_quality_is_that_of_minisom(seed: int) -> None:
    """Same data, map, schedule and order; in float32 a close race may have another winner."""
    prototypes, theirs, inputs = beside_minisom(seed)
    best, second, near = som_measures.two_best(inputs, prototypes)
    assert near.mean() == pytest.approx(theirs.quantization_error(inputs), rel=0.02)
    _, te8 = som_measures.order_errors(Grid(10, 10), best, second)
    assert te8 == pytest.approx(theirs.topographic_error(inputs), abs=0.02)


def test_measures_agree_with_minisom_on_its_own_map() -> None:
    _, theirs, inputs = beside_minisom(0)
    prototypes = theirs.get_weights().reshape(100, 64)
    best, second, near = som_measures.two_best(inputs, prototypes)
    assert near.mean() == pytest.approx(theirs.quantization_error(inputs), rel=1e-9)
    _, te8 = som_measures.order_errors(Grid(10, 10), best, second)
    assert te8 == pytest.approx(theirs.topographic_error(inputs), abs=1e-9)


# ---- the measures ----


def far(a: Array, b: Array) -> float:
    return math.sqrt(sum((float(x) - float(y)) ** 2 for x, y in zip(a, b, strict=True)))


def ranked(example: Array, prototypes: Array) -> list[int]:
    away = np.sqrt(((prototypes - np.asarray(example, np.float64)) ** 2).sum(1))
    return list(np.argsort(away, kind="stable"))


@pytest.mark.parametrize("dataset", DATA)
def test_errors_are_those_of_a_plain_loop(dataset: str) -> None:
    run = trained(dataset)
    grid, metrics, w = som.grid_of(run.config), run.snapshots[-1].metrics, run.prototypes
    for part, inputs in (("train", run.data.train_inputs), ("test", run.data.test_inputs)):
        near = [far(x, w[ranked(x, w)[0]]) for x in inputs]
        assert metrics[f"{part}_qe"] == pytest.approx(np.mean(near), rel=1e-6)
        if part == "train":
            assert metrics["train_loss"] == pytest.approx(np.mean(np.square(near)), rel=1e-6)
    pairs = [ranked(x, w)[:2] for x in run.data.test_inputs]
    apart = np.array([grid_distance(grid, int(a), int(b)) for a, b in pairs])
    edge = 1.01
    corner = math.sqrt(2) + 0.01 if grid.kind == "rectangular" else edge
    assert metrics["test_te"] == pytest.approx(np.mean(apart > edge))
    assert metrics["test_te8"] == pytest.approx(np.mean(apart > corner))
    assert metrics["test_order"] == pytest.approx(np.mean(apart <= corner))
    spread = ((run.data.test_inputs - run.data.train_inputs.mean(0, dtype=np.float64)) ** 2).sum()
    assert metrics["test_explained"] == pytest.approx(1 - np.sum(np.square(near)) / spread, rel=1e-6)


@pytest.mark.parametrize("dataset", ["digits", "iris"])
def test_labels_are_read_off_the_nearest_unit_that_won_something(dataset: str) -> None:
    run = trained(dataset)
    votes: dict[int, list[int]] = {}
    w = run.prototypes
    for x, kind in zip(run.data.train_inputs, run.data.train_targets, strict=True):
        votes.setdefault(int(ranked(x, w)[0]), []).append(int(kind))
    majority = {unit: int(np.bincount(kinds).argmax()) for unit, kinds in votes.items()}
    right = [
        majority[next(int(unit) for unit in ranked(x, w) if unit in majority)] == kind
        for x, kind in zip(run.data.test_inputs, run.data.test_targets, strict=True)
    ]
    assert run.snapshots[-1].metrics["test_accuracy"] == pytest.approx(np.mean(right))
    assert "test_accuracy" not in trained("cars").snapshots[-1].metrics


def test_trustworthiness_without_ties_is_that_of_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    inputs, flat = generator.normal(size=(60, 6)), generator.normal(size=(60, 2))
    flat[:, 0] += inputs[:, 0]
    squared = ((flat[:, None] - flat[None]) ** 2).sum(2)
    expected = sklearn_trustworthiness(inputs, flat, n_neighbors=5)
    assert som_measures.trustworthiness(inputs, squared) == pytest.approx(expected)


def test_trustworthiness_with_ties_is_the_mean_over_all_ways_to_break_them() -> None:
    generator = np.random.default_rng(1)
    inputs = generator.normal(size=(40, 3))
    column = generator.integers(0, 6, 40).astype(float)
    ways = []
    for _ in range(400):
        broken = column + generator.uniform(0, 1e-3, 40)  # a random order among equals, a fresh one for each way
        ways.append(sklearn_trustworthiness(inputs, broken[:, None], n_neighbors=5))
    squared = (column[:, None] - column[None]) ** 2
    # Breaking ties by one number a row ties the ways together, so the mean is compared within its own scatter.
    assert som_measures.trustworthiness(inputs, squared) == pytest.approx(np.mean(ways), abs=0.01)


def test_trustworthiness_of_the_run() -> None:
    run = trained("iris")
    inputs, w, grid = run.data.test_inputs, run.prototypes, som.grid_of(run.config)
    best = [ranked(x, w)[0] for x in inputs]
    squared = np.array([[grid_distance(grid, int(a), int(b)) ** 2 for b in best] for a in best])
    n, k, penalty = len(inputs), 5, 0.0
    for i in range(n):
        order = sorted((j for j in range(n) if j != i), key=lambda j: far(inputs[i], inputs[j]))
        rank = {j: place + 1 for place, j in enumerate(order)}
        border = sorted(squared[i][j] for j in range(n) if j != i)[k - 1]
        inside = [j for j in range(n) if j != i and squared[i][j] < border - 1e-9]
        tied = [j for j in range(n) if j != i and abs(squared[i][j] - border) <= 1e-9]
        share = (k - len(inside)) / len(tied)
        penalty += sum(max(rank[j] - k, 0) for j in inside) + share * sum(max(rank[j] - k, 0) for j in tied)
    expected = 1 - 2 * penalty / (n * k * (2 * n - 3 * k - 1))
    assert run.snapshots[-1].metrics["test_trust"] == pytest.approx(expected, abs=1e-6)


def test_a_twist_is_found_and_a_turned_net_is_none() -> None:
    grid = Grid(6, 6)
    flat = grid.positions()
    assert som_measures.twistedness(som_measures.orientation(grid, flat)) == 0.0
    assert som_measures.twistedness(som_measures.orientation(grid, flat * [-1, 1])) == 0.0  # a mirror image
    centred = flat - flat.mean(0)
    butterfly = np.stack([centred[:, 0], centred[:, 1] * np.sign(centred[:, 0])], axis=1)  # right half upside down
    turned = som_measures.twistedness(som_measures.orientation(grid, butterfly))
    assert turned == pytest.approx(0.4, abs=0.1)  # 2 of 5 columns of cells on each side, the middle one crossed


# ---- the view ----


@pytest.mark.parametrize("dataset", DATA)
def test_the_view_is_that_of_the_prototypes(dataset: str) -> None:
    run = trained(dataset)
    view, w, grid = view_of(run), run.prototypes, som.grid_of(run.config)
    step = np.abs(w).max() / 128
    np.testing.assert_allclose(view.prototypes, w[:, :64], atol=step)
    winners = [int(ranked(x, w)[0]) for x in run.data.train_inputs]
    assert list(view.hits) == [winners.count(unit) for unit in range(grid.units)]
    assert list(view.test_best) == [ranked(x, w)[0] for x in run.data.test_inputs[:240]]
    for unit in range(grid.units):
        near = [o for o in range(grid.units) if o != unit and grid_distance(grid, unit, o) < 1.01]
        assert float(view.u_matrix[unit]) == pytest.approx(np.mean([far(w[unit], w[o]) for o in near]), rel=2e-3)
    if run.data.task == "classification":
        for unit, kind in np.ndindex(view.won.shape):
            pairs = zip(winners, run.data.train_targets, strict=True)
            assert view.won[unit, kind] == sum(a == unit and b == kind for a, b in pairs)
            if unit > 3:
                break
        assert (view.won.sum(1) == view.hits).all()
    else:
        truths = run.data.original_targets(run.data.train_targets)
        won = np.array(winners)
        for unit in set(winners):
            assert float(view.mean_targets[unit]) == pytest.approx(truths[won == unit].mean(), rel=1e-4, abs=1e-5)


def test_the_plane_is_x1_and_x2_or_the_principal_axes() -> None:
    flat = trained("plane")
    np.testing.assert_allclose(view_of(flat).places, 3 * flat.prototypes, rtol=1e-3, atol=5e-3)
    run = trained("iris")
    centred = run.data.train_inputs - run.data.train_inputs.mean(0)
    values, axes = np.linalg.eigh(np.cov(centred.T.astype(np.float64), bias=True))
    expected = (run.prototypes - run.data.train_inputs.mean(0)) @ axes[:, ::-1][:, :2]
    signs = np.sign((expected * view_of(run).places).sum(0))
    np.testing.assert_allclose(view_of(run).places, expected * signs, atol=5e-3)
    shares = som.scene(run.config, run.data)["plane_shares"]
    np.testing.assert_allclose(shares, values[::-1][:2] / values.sum(), rtol=1e-4)


def test_triangles_turn_as_the_cross_product_says() -> None:
    run = trained("plane")
    places, triangles = 3 * run.prototypes, som.scene(run.config, run.data)["triangles"]
    expected = [
        np.sign(np.linalg.det(np.stack([places[b] - places[a], places[c] - places[a]]))) for a, b, c in triangles
    ]
    assert list(view_of(run).turns) == expected
    turned = min(np.mean(np.array(expected) > 0), np.mean(np.array(expected) < 0))
    assert run.snapshots[-1].metrics["test_flatness"] == pytest.approx(1 - 2 * turned)


def test_every_pixel_gets_its_nearest_colour() -> None:
    run = trained("temple")
    pixels = som.scene(run.config, run.data)["photograph"].reshape(-1, 3) / 255.0
    chosen = np.random.default_rng(0).choice(len(pixels), 200)
    units = view_of(run).photo_units
    for place in chosen:
        away = [far(pixels[place], w) for w in run.prototypes]
        assert away[units[place]] == pytest.approx(min(away), abs=1e-6)


def test_questions_are_answered_with_the_distance_to_every_unit() -> None:
    run = trained("digits")
    view: Any = som.look(run.model, run.data, {"test_row": 7})
    np.testing.assert_array_equal(view.answer_input, run.data.test_inputs[7])
    expected = [far(run.data.test_inputs[7], w) for w in run.prototypes]
    np.testing.assert_allclose(view.answer_distances, expected, rtol=1e-5)
    again: Any = som.look(run.model, run.data, {"input": run.data.test_inputs[7].tolist()})
    np.testing.assert_allclose(again.answer_distances, view.answer_distances, rtol=1e-6)


@pytest.mark.parametrize("question", [{"input": [1.0]}, {"input": [math.nan] * 64}, {"test_row": "x"}, {"other": 1}])
def test_other_questions_are_refused_in_a_sentence(question: dict[str, Any]) -> None:
    run = trained("digits")
    with pytest.raises(ValueError, match=r"the map takes|ask about"):
        som.look(run.model, run.data, question)


# ---- the start, the model, the baselines ----


def test_the_first_map_lies_where_it_was_asked_to() -> None:
    data = som.load(SomConfig(dataset="iris"))
    inputs = data.train_inputs.astype(np.float64)
    for seed in range(3):
        sample = som.first_prototypes(SomConfig(**SMALL, dataset="iris", initialization="sample", seed=seed), data)
        assert all(np.abs(inputs - one).max(1).min() < 1e-6 for one in sample)
        anywhere = som.first_prototypes(SomConfig(**SMALL, dataset="iris", initialization="random", seed=seed), data)
        assert (anywhere >= inputs.min(0) - 1e-6).all() and (anywhere <= inputs.max(0) + 1e-6).all()
    flat = som.first_prototypes(SomConfig(**SMALL, dataset="iris"), data).astype(np.float64)
    assert np.linalg.matrix_rank(flat - flat.mean(0), tol=1e-4) == 2
    spread = np.linalg.svd(inputs - inputs.mean(0))[1][:2] / math.sqrt(len(inputs))
    sides = [far(flat[0], flat[5]), far(flat[0], flat[24])]  # along the first row, down the first column
    np.testing.assert_allclose(sides, 4 * spread, rtol=1e-4)


def test_the_model_answers_with_squared_distances() -> None:
    run = trained("iris")
    answered = run.model(run.data.test_inputs).numpy()
    expected = [[far(x, w) ** 2 for w in run.prototypes] for x in run.data.test_inputs]
    np.testing.assert_allclose(answered, expected, rtol=1e-3, atol=1e-4)


def test_the_floor_is_k_means_with_as_many_centres() -> None:
    from sklearn.cluster import KMeans

    run = trained("iris")
    measured = {one.metric: one for one in som.baselines(run.config, run.data) if "k-means" in one.name}
    fitted = KMeans(30, n_init=3, random_state=0).fit(run.data.train_inputs)
    near = np.sqrt(((run.data.test_inputs[:, None] - fitted.cluster_centers_[None]) ** 2).sum(2)).min(1)
    assert measured["test_qe"].value == pytest.approx(near.mean(), rel=1e-4)
    assert measured["train_qe"].value < run.snapshots[-1].metrics["train_qe"]  # order has its price
    assert "30 centres" in measured["test_qe"].name


def test_units_that_leave_the_range_of_numbers_are_told_not_hidden() -> None:
    settings: dict[str, Any] = {
        "dataset": "plane",
        "rows": 12,
        "columns": 12,
        "radius": 4.0,
        "neighbourhood": "mexican_hat",
    }
    config = SomConfig(**settings, epochs=3)
    data = som.load(config)
    last = list(som.train(config, data, som.build(config, data)))[-1]
    assert math.isnan(last.metrics["train_loss"])
    assert all(np.isfinite(array).all() for array in last.view.arrays().values())


# ---- the pictures ----


@cache
def shown(dataset: str) -> ShownRun:
    from lab.direct import run

    return ShownRun.from_record(run(SomConfig(**{**SMALL, "dataset": dataset, **DATA[dataset]})))


@pytest.mark.parametrize("dataset", DATA)
def test_the_stage_draws_every_kind_of_data(dataset: str) -> None:
    run = shown(dataset)
    payload = som_stage.payload(run)
    assert [panel["kind"] for panel in payload["panels"]][-2:] == ["curves", "curves"]
    assert len(payload["steps"]) == len(run.moments)
    assert len(json.dumps(payload)) < 3_000_000
    assert all(alt.strip() for panel in payload["panels"] for alt in panel["alts"])
    floor = next(one["value"] for one in run.facts["baselines"] if one["metric"] == "test_qe")
    assert payload["panels"][2]["baselines"][0]["value"] == pytest.approx(floor, rel=1e-4)


@pytest.mark.parametrize("dataset", DATA)
def test_all_pictures_of_the_inside_are_valid_charts(dataset: str) -> None:
    run = shown(dataset)
    made = [
        draw(run, run.view())
        for draw in (
            som_inside.u_matrix, som_inside.classes, som_inside.component_planes, som_inside.twist, som_inside.decay,
            som_inside.neighbourhood, som_inside.beside, som_inside.floor,
        )
    ]  # fmt: skip
    specs = [chart.to_dict() for chart in made if chart is not None]
    assert len(specs) == 8 - (dataset == "digits") - (dataset in ("plane", "cars", "temple"))
    assert som_runs.plane(run, []).to_dict()


def test_the_net_is_drawn_along_rows_and_columns() -> None:
    order = list(som_stage.order_of_lines(2, 3))
    assert order == [0, 1, 2, -1, 3, 4, 5, -1, 0, 3, -1, 1, 4, -1, 2, 5, -1]
    assert list(som_stage.order_of_lines(1, 3)) == [0, 1, 2, -1]


def test_slices_of_a_disc_are_the_shares_of_the_classes() -> None:
    run = shown("iris")
    view = run.view()
    for unit in np.flatnonzero(view.hits):
        shares = {colour: (end - start) / 360.0 for start, end, colour in som_map.slices(run, view, int(unit))}
        won = view.won[unit] / view.won[unit].sum()
        expected = {CLASSES[kind]: share for kind, share in enumerate(won) if share}
        assert shares == pytest.approx(expected)


def test_the_u_matrix_is_darkest_where_neighbours_are_farthest() -> None:
    view = shown("iris").view()
    opacity = som_map.ridges(view)[:, 3].astype(int)
    far_away = np.argsort(view.u_matrix.astype(float))
    assert (np.diff(opacity[far_away]) >= 0).all() and opacity[far_away[0]] == 0


def test_component_planes_run_from_their_lowest_to_their_highest_unit() -> None:
    run = shown("iris")
    spec = som_inside.component_planes(run, run.view()).to_dict()
    features = spec["datasets"][spec["layer"][0]["data"]["name"]]
    for place, name in enumerate(run.facts["data"]["input_names"]):
        levels = [one["properties"]["level"] for one in features if one["properties"]["name"] == name]
        column = run.view().prototypes[:, place].astype(float)
        assert min(levels) == -1 and max(levels) == 1
        assert int(np.argmax(levels)) == int(column.argmax()) and int(np.argmin(levels)) == int(column.argmin())


def test_only_runs_on_the_same_ground_share_the_plane_of_errors() -> None:
    run = shown("iris")
    last = run.rows[-1]
    other = SimpleNamespace(run_id="b", config={**run.config, "radius": 1.0}, last={"test_qe": 0.5, "test_te": 0.25})
    larger = SimpleNamespace(run_id="c", config={**run.config, "rows": 9}, last={"test_qe": 0.1, "test_te": 0.1})
    lost = SimpleNamespace(run_id="d", config=run.config, last={"test_qe": None, "test_te": None})
    rows = som_runs.table(run, [other, larger, lost])
    assert sorted(zip(rows["qe"], rows["te"], rows["kind"], strict=True)) == sorted(
        [(0.5, 0.25, "other runs"), (last["test_qe"], last["test_te"], "this run")]
    )


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_the_answer_knows_which_units_touch(grid: Grid) -> None:
    config = {"rows": grid.rows, "columns": grid.columns, "grid": grid.kind, "toroidal": grid.toroidal}
    run = ShownRun("a", "som", config, "live", scene={"positions": grid.positions()})
    expected = grid.touching(diagonal=True)
    for one, other in product(range(grid.units), repeat=2):
        if one != other:
            assert som_answer.touching(run, one, other) == expected[one, other]


def test_the_answer_marks_the_two_best_units() -> None:
    run = trained("digits")
    view: Any = som.look(run.model, run.data, {"test_row": 3})
    assert list(som_answer.best_units(view)) == ranked(run.data.test_inputs[3], run.prototypes)[:2]


def test_a_hexagonal_torus_needs_an_even_number_of_rows() -> None:
    """With an odd number the first and the last row are shifted alike, and units at the seam lack a neighbour."""
    assert set(Grid(6, 6, "hexagonal", toroidal=True).touching().sum(1)) == {6}
    assert set(Grid(5, 6, "hexagonal", toroidal=True).touching().sum(1)) != {6}
    with pytest.raises(UnfitData, match="Choose 6 rows"):
        som.load(SomConfig(rows=5, grid="hexagonal", toroidal=True))
    assert som.load(SomConfig(rows=6, grid="hexagonal", toroidal=True)).task == "classification"
