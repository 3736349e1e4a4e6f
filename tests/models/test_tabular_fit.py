"""The small networks for tables: their sizes, what they compute, and that training them is the same every time."""

import json
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.tabular_fit import BUILDERS, CODE, HEADS, MEMBERS, PARAMETERS, Shape, build, units_for
from models.tabular_training import FoldTraining, Trainer, organized

SHAPES = (Shape(30, 2), Shape(10, 0))
GENERATOR = np.random.default_rng(0)


def rows(count, shape):
    x = np.random.default_rng(1).normal(size=(count, shape.inputs)).astype(np.float32)
    return x, (x[:, 0] > 0).astype(np.int32) if shape.classes else (x[:, 0] - x[:, 1]).astype(np.float32)


@pytest.mark.parametrize("family", BUILDERS)
def test_sizes_answers_and_file(family, tmp_path):
    for shape in SHAPES:
        units = units_for(family, shape)
        network = build(family, shape, units)
        assert network.trained.count_params() == PARAMETERS[family](units, shape)
        x, _ = rows(7, shape)
        said = np.asarray(network.answers(x))
        assert said.shape == (7, shape.outputs)
        if shape.classes and family != "som":  # what a map's prototypes stand for is counted later
            np.testing.assert_allclose(said.sum(axis=1), 1.0, atol=1e-5)
    network.answers.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        config = archive.read("config.json").decode()
    modules = {node["module"] for node in _nodes(json.loads(config)) if node.get("module")}
    assert all(module.partition(".")[0] in ("keras", "builtins") for module in modules)
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(np.asarray(again(x)), said, atol=1e-6)


def _nodes(found):
    if isinstance(found, dict):
        yield found
        for value in found.values():
            yield from _nodes(value)
    elif isinstance(found, list):
        for value in found:
            yield from _nodes(value)


@pytest.mark.parametrize("family", BUILDERS)
@pytest.mark.parametrize("shape", [Shape(4, 3), Shape(30, 2), Shape(64, 10), Shape(10, 0)])
def test_networks_are_of_matched_size(family, shape):
    wanted = PARAMETERS["mlp"](32, shape)
    units = units_for(family, shape)
    step = HEADS if family == "transformer" else 1
    gaps = [
        abs(PARAMETERS[family](other, shape) - wanted) for other in (units, units + step, units - step) if other > 0
    ]
    assert gaps[0] == min(gaps) or units >= 256
    assert 0.6 < PARAMETERS[family](units, shape) / wanted < 1.5


def test_bumps_are_gaussians_of_the_distance():
    shape = Shape(5, 3)
    network = build("rbf", shape, 6)
    centres, widths = GENERATOR.normal(size=(6, 5)), GENERATOR.uniform(0.5, 2.0, 6)
    network.trained.get_layer("gaps").set_weights([1 / widths, -centres / widths[:, None]])
    x, _ = rows(9, shape)
    bumps = keras.Model(network.trained.input, network.trained.get_layer("bumps").output)(x)
    squared = np.square(x[:, None] - centres).sum(axis=2)
    np.testing.assert_allclose(np.asarray(bumps), np.exp(-squared / (2 * widths**2)), rtol=1e-3, atol=1e-6)


def test_experts_are_mixed_by_the_gate_and_voters_by_their_mean():
    shape, (x, _) = Shape(6, 3), rows(8, Shape(6, 3))
    for family in ("modular", "ensemble"):
        network = build(family, shape, 5)
        first, bias, second, last = (
            np.asarray(w) for name in ("members", "answers") for w in network.answers.get_layer(name).get_weights()
        )
        hidden = np.maximum(np.einsum("bi,imu->bmu", x, first) + bias, 0)
        logits = np.einsum("bmu,muo->bmo", hidden, second) + last
        said = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
        shares = np.full((8, MEMBERS), 1 / MEMBERS)
        if family == "modular":
            kernel, offset = network.answers.get_layer("gate").get_weights()
            shares = np.exp(x @ kernel + offset)
            shares /= shares.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(np.asarray(network.answers(x)), np.einsum("bm,bmo->bo", shares, said), atol=1e-5)


def test_the_readout_never_trains_the_encoder():
    shape, (x, y) = Shape(6, 2), rows(8, Shape(6, 2))
    network = build("autoencoder", shape, 5)
    targets = np.concatenate([x, y[:, None]], axis=1).astype(np.float32)
    encoder = network.trained.get_layer("encoder").kernel
    gradients = []
    for labels in (y, 1 - y):
        targets[:, -1] = labels
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(network.loss(tf.constant(targets), network.trained(x)))
        gradients.append(np.asarray(tape.gradient(loss, encoder.value)))
    np.testing.assert_array_equal(gradients[0], gradients[1])
    assert np.abs(gradients[0]).max() > 0 and network.trained.get_layer("code").units == CODE


def test_a_map_answers_by_what_its_prototypes_stand_for():
    shape = Shape(4, 2)
    x, y = rows(120, shape)
    trainer = Trainer("som", shape, 3)
    trainer.fit(x, y)
    prototypes = organized(x, trainer.units, 3).astype(np.float64)
    squared = np.square(x[:, None].astype(np.float64) - prototypes).sum(axis=2)
    near = np.exp(-2.0 * squared / squared.min(axis=1).mean())
    near /= near.sum(axis=1, keepdims=True)
    wanted = np.eye(2)[y]
    stands = (near.T @ wanted + wanted.mean(axis=0)) / (near.sum(axis=0)[:, None] + 1)
    np.testing.assert_allclose(trainer.predict(x), near @ stands, atol=1e-3)
    assert (trainer.predict(x).argmax(axis=1) == y).mean() > 0.8


def test_equal_fits_are_equal_whatever_came_between_and_the_best_weights_are_kept(monkeypatch):
    monkeypatch.setattr("models.tabular_training.MOST_STEPS", 200)
    shape = Shape(4, 2)
    x, y = rows(90, shape)
    trainer = Trainer("mlp", shape, 5)
    first = trainer.fit(x[:60], y[:60])
    said = trainer.predict(x)
    trainer.fit(x[25:], y[25:])
    again = trainer.fit(x[:60], y[:60])
    assert again.curve == first.curve and again.steps == first.steps and not first.cut
    np.testing.assert_array_equal(trainer.predict(x), said)
    np.testing.assert_array_equal(Trainer("mlp", shape, 5).fit(x[:60], y[:60]).curve, first.curve)
    least = min(first.curve, key=lambda look: look[2])
    assert first.steps == least[0]
    assert (said[60:].argmax(axis=1) == y[60:]).mean() > 0.7


def test_time_that_is_up_cuts_a_training_after_one_look():
    shape = Shape(4, 2)
    found = Trainer("mlp", shape, 0).fit(*rows(60, shape), until=lambda: 0.0)
    assert found.cut and len(found.curve) == 1


def test_an_order_visits_every_row_of_the_fold_that_is_there():
    shape = Shape(3, 0)
    training = FoldTraining(build("mlp", shape, 2), 40, shape, 0)
    for count in (40, 43):
        training.take(np.zeros((count, 3)), np.zeros((count, 4)))
        order = training.order(1)
        assert sorted(order[:count]) == list(range(count))
        np.testing.assert_array_equal(order[count:], order[: training.batch_size])
