"""Modular and ensemble networks against an oracle of their own: every number of the view, recomputed in NumPy.

The oracle knows the settings, the weights as Keras stores them, and the data; it shares no line with models/modular.py.
"""

import json
import math
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics
from sklearn.linear_model import LogisticRegression

from evidence import modular as evidence
from lab.datasets.dataset import Dataset, UnfitData
from models import committees, modular, uncertainty
from models.base import Array, Live
from models.configs import ModularConfig
from models.member_layers import MemberDense
from models.training_loop import CompiledTraining
from models.views import NOISES

CASES: dict[str, dict[str, Any]] = {
    "experts": {"members": 5},
    "deep experts, bent gate": {"members": 3, "layers": 2, "gate_units": 7, "dataset": "moons"},
    "linear experts": {"members": 4, "layers": 0, "dataset": "xor"},
    "one asked": {"members": 6, "active": 1, "balance": 0.1},
    "two asked": {"members": 5, "active": 2, "dataset": "wine"},
    "voters": {"kind": "ensemble", "members": 4},
    "voters in the plane": {"kind": "ensemble", "members": 3, "dataset": "spiral"},
    "bagging": {"kind": "bagging", "members": 3, "dataset": "breast_cancer"},
    "parts": {"kind": "groups", "members": 3},
    "parts of two classes": {"kind": "groups", "members": 5, "dataset": "circle"},
    "one big net": {"kind": "single", "members": 3, "layers": 2},
}
PLANES = [name for name, settings in CASES.items() if settings.get("dataset") in ("moons", "xor", "spiral", "circle")]
IMAGES = [name for name, settings in CASES.items() if "dataset" not in settings]
VOTERS = [name for name, settings in CASES.items() if settings.get("kind") in ("ensemble", "bagging")]
# float16 keeps 11 bits, and surfaces are rounded to 1/64 of their largest value: half a step of either.
COARSE, HALF = 1 / 128 + 2e-3, 1e-3


# ---- the oracle ----


def softmax(rows: Array) -> Array:
    powers = np.exp(rows - rows.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


Weights = dict[str, list[Array]]


def weights_of(model: keras.Model) -> Weights:
    return {layer.name: layer.get_weights() for layer in model.layers}


def answers_of(config: ModularConfig, weights: Weights, classes: int, inputs: Array) -> tuple[Array, Array]:
    """Return the members' answers (n, m, c) and their shares (n, m), one member after another, in float64."""
    x = np.asarray(inputs, np.float64)
    layers = [weights[f"members_{number + 1}"] for number in range(config.layers)] + [weights["answers"]]
    logits = []
    for member in range(len(layers[0][0])):
        a = x
        for kernel, bias in layers:
            z = a @ kernel[member].astype(np.float64) + bias[member]
            a = np.maximum(z, 0)
        logits.append(z)
    if config.kind == "groups":
        return grouped(logits, classes)
    known = np.stack([softmax(one) for one in logits], axis=1)
    if config.kind != "experts":
        return known, np.full((len(x), len(logits)), 1 / len(logits))
    for kernel, bias in [weights["gate_hidden"]] if config.gate_units else []:
        x = np.tanh(x @ kernel + bias)
    shares = softmax(x @ weights["gate"][0].astype(np.float64) + weights["gate"][1])
    for row in shares if 0 < config.active < len(logits) else []:
        row[np.argsort(-row)[config.active :]] = 0.0
    return known, shares / shares.sum(axis=1, keepdims=True)


def grouped(logits: list[Array], classes: int) -> tuple[Array, Array]:
    """Return answers and shares of parts that own neighbouring classes: one softmax over all, cut into parts."""
    sizes = [classes // len(logits) + (part < classes % len(logits)) for part in range(len(logits))]
    all_logits = np.concatenate([one[:, :size] for one, size in zip(logits, sizes, strict=True)], axis=1)
    together, start = softmax(all_logits), 0
    known, shares = np.zeros((len(together), len(logits), classes)), np.zeros((len(together), len(logits)))
    for part, size in enumerate(sizes):
        own = together[:, start : start + size]
        shares[:, part] = own.sum(axis=1)
        known[:, part, start : start + size] = own / own.sum(axis=1, keepdims=True)
        start += size
    return known, shares


def bits(rows: Array) -> Array:
    return np.array([-sum(p * math.log2(p) for p in row if p > 0) for row in rows.reshape(-1, rows.shape[-1])]).reshape(
        rows.shape[:-1]
    )


class Looked(NamedTuple):
    config: ModularConfig
    data: Dataset
    weights: Weights
    model: keras.Model
    view: Any  # a ModularView; which of its arrays there are depends on the case
    metrics: dict[str, float]

    def answers(self, inputs: Array) -> tuple[Array, Array]:
        return answers_of(self.config, self.weights, len(self.data.class_names), inputs)

    def common(self, inputs: Array) -> Array:
        members, shares = self.answers(inputs)
        return sum(shares[:, [k]] * members[:, k] for k in range(shares.shape[1]))  # type: ignore[return-value]


@cache
def looked(name: str) -> Looked:
    config = ModularConfig(seed=3, **CASES[name])
    data = modular.load(config)
    model = modular.build(config, data)
    generator = np.random.default_rng(5)
    model.set_weights([one + generator.normal(0, 0.3, one.shape).astype(np.float32) for one in model.get_weights()])
    return Looked(config, data, weights_of(model), model, modular.look(model, data), modular.evaluate(model, data))


def plane(size: int) -> Array:
    """Return the inputs of a network for the middles of a picture's cells, row 0 at the top."""
    cell = 12 / size
    return np.array(
        [
            [(-6 + (column + 0.5) * cell) / 3, (6 - (row + 0.5) * cell) / 3]
            for row in range(size)
            for column in range(size)
        ]
    )


# ---- answers and metrics ----


@pytest.mark.parametrize("name", CASES)
def test_answers_and_shares(name: str) -> None:
    case = looked(name)
    for found, wanted in zip(
        modular.forward(case.model, case.data.test_inputs), case.answers(case.data.test_inputs), strict=True
    ):
        np.testing.assert_allclose(found, wanted, atol=2e-5)


@pytest.mark.parametrize("name", CASES)
def test_metrics(name: str) -> None:
    case, truth = looked(name), looked(name).data.test_targets
    for part in ("train", "test"):
        known, targets = case.common(getattr(case.data, f"{part}_inputs")), getattr(case.data, f"{part}_targets")
        wanted = sklearn_metrics.log_loss(targets, known, labels=range(known.shape[1]))
        assert case.metrics[f"{part}_loss"] == pytest.approx(wanted, rel=1e-3)  # float32 softmax far from the target
        assert case.metrics[f"{part}_accuracy"] == pytest.approx(np.mean(known.argmax(1) == targets))
    members, shares = case.answers(case.data.test_inputs)
    alone = [np.mean(members[:, k].argmax(1) == truth) for k in range(members.shape[1])]
    assert case.metrics["test_member_accuracy"] == pytest.approx(np.mean(alone))
    used = [shares[:, k].mean() * len(alone) >= 0.1 for k in range(len(alone))]
    assert case.metrics["test_used"] == pytest.approx(np.mean(used))
    known = case.common(case.data.test_inputs)
    information = bits(known) - sum(shares[:, k] * bits(members[:, k]) for k in range(len(alone)))
    assert case.metrics["test_disagreement"] == pytest.approx(information.mean(), abs=1e-5)


# ---- the view ----


@pytest.mark.parametrize("name", PLANES)
def test_maps_over_the_plane(name: str) -> None:
    case, view = looked(name), looked(name).view
    members, shares = case.answers(plane(60))
    np.testing.assert_allclose(view.surface, case.common(plane(60)).reshape(60, 60, 2), atol=COARSE)
    np.testing.assert_allclose(view.share, shares.max(1).reshape(60, 60), atol=COARSE)
    assert np.mean(view.chosen == shares.argmax(1).reshape(60, 60)) > 0.999  # at a border float32 may decide otherwise
    doubt = bits(case.common(plane(60))) - sum(shares[:, k] * bits(members[:, k]) for k in range(shares.shape[1]))
    np.testing.assert_allclose(view.doubt, doubt.reshape(60, 60), atol=COARSE)
    members, shares = case.answers(plane(24))
    for k in range(shares.shape[1]):
        np.testing.assert_allclose(view.member_maps[k], members[:, k, 1].reshape(24, 24), atol=COARSE)
        np.testing.assert_allclose(view.share_maps[k], shares[:, k].reshape(24, 24), atol=COARSE)


@pytest.mark.parametrize("name", CASES)
def test_who_does_what(name: str) -> None:
    case, view = looked(name), looked(name).view
    members, shares = case.answers(case.data.test_inputs)
    truth = case.data.test_targets
    for k in range(shares.shape[1]):
        assert view.usage[k] == pytest.approx(shares[:, k].mean(), abs=1e-5)
        assert view.first_choice[k] == pytest.approx(np.mean(shares.argmax(1) == k), abs=3e-3)
        right = members[:, k].argmax(1) == truth
        np.testing.assert_array_equal(view.member_right[k], right[:144])
        np.testing.assert_allclose(view.member_share[k], shares[:144, k], atol=COARSE)
        for c in range(members.shape[2]):
            assert view.flow[k, c] == pytest.approx(np.mean(shares[:, k] * members[:, k, c]), abs=1e-5)
            assert view.share_by_class[k, c] == pytest.approx(shares[truth == c, k].mean(), abs=1e-5)
            assert view.right_by_class[k, c] == pytest.approx(right[truth == c].mean(), abs=1e-6)
    assert (view.probabilities is None) == (name in PLANES + IMAGES)
    if view.probabilities is not None:
        np.testing.assert_allclose(view.probabilities, case.common(case.data.test_inputs)[:240], atol=HALF)


@pytest.mark.parametrize("name", CASES)
def test_a_member_less_and_a_member_that_lies(name: str) -> None:
    case, view = looked(name), looked(name).view
    members, shares = case.answers(case.data.test_inputs)
    classes, truth = members.shape[2], case.data.test_targets
    for k in range(shares.shape[1]):
        missing, lied = 0, 0
        for row in range(len(truth)):
            others = [shares[row, j] * members[row, j] for j in range(shares.shape[1]) if j != k]
            missing += int(np.argmax(np.sum(others, axis=0)) if others else 0) == truth[row]
            lie = np.zeros(classes)
            lie[(members[row, k].argmax() + 1) % classes] = 1.0
            lied += int(np.argmax(np.sum([*others, shares[row, k] * lie], axis=0))) == truth[row]
        # A tie between two classes may be broken otherwise in float32.
        assert view.without[k] == pytest.approx(missing / len(truth), abs=1.5 / len(truth))
        assert view.broken[k] == pytest.approx(lied / len(truth), abs=1.5 / len(truth))


@pytest.mark.parametrize("name", VOTERS)
def test_committees_of_every_size(name: str) -> None:
    case, view = looked(name), looked(name).view
    members, _ = case.answers(case.data.test_inputs)
    count, truth = members.shape[1], case.data.test_targets
    generator = np.random.default_rng(0)
    orders = [generator.permutation(count) for _ in range(10)]
    for size in range(1, count + 1):
        means = [members[:, order[:size]].mean(axis=1) for order in orders]
        assert view.size_error[size - 1] == pytest.approx(
            np.mean([(m.argmax(1) != truth).mean() for m in means]), abs=2e-3
        )
        losses = [sklearn_metrics.log_loss(truth, m, labels=range(members.shape[2])) for m in means]
        assert view.size_loss[size - 1] == pytest.approx(np.mean(losses), rel=1e-3)


@pytest.mark.parametrize("name", CASES)
def test_doubt_and_calibration(name: str) -> None:
    case, view = looked(name), looked(name).view
    members, _ = case.answers(case.data.test_inputs)
    known, truth = case.common(case.data.test_inputs), case.data.test_targets
    np.testing.assert_array_equal(view.confusion, sklearn_metrics.confusion_matrix(truth, known.argmax(1)))
    np.testing.assert_array_equal(view.right, known.argmax(1) == truth)
    members, shares = case.answers(case.data.test_inputs)
    information = bits(known) - sum(shares[:, k] * bits(members[:, k]) for k in range(shares.shape[1]))
    half_step = information.max() / 128 + 2e-3  # stored in steps of 1/64 of the largest value, which may exceed 1 bit
    np.testing.assert_allclose(view.disagreement, information, atol=half_step)
    pooled = np.concatenate([members[:, k] for k in range(members.shape[1])])
    for bins, p, t in (
        (view.calibration, known, truth),
        (view.member_calibration, pooled, np.tile(truth, members.shape[1])),
    ):
        sure = p.max(1)
        for place in range(10):
            inside = (sure >= place / 10) & ((sure < (place + 1) / 10) | (place == 9))
            assert abs(bins[place, 0] - inside.sum()) <= 2  # on the edge of a bin float32 may decide otherwise
            if inside.sum() > 20:
                assert bins[place, 1] == pytest.approx(sure[inside].mean(), abs=5e-3)
                assert bins[place, 2] == pytest.approx((p.argmax(1) == t)[inside].mean(), abs=0.05)


@pytest.mark.parametrize("name", IMAGES)
def test_damaged_images(name: str) -> None:
    case, view = looked(name), looked(name).view
    images, truth = case.data.test_inputs.reshape(-1, 8, 8), case.data.test_targets
    grain = np.random.default_rng(0).normal(size=case.data.test_inputs.shape).astype(np.float32)
    for place, size in enumerate(NOISES):
        known = case.common(case.data.test_inputs + np.float32(size) * grain)
        assert view.noise_accuracy[place] == pytest.approx(np.mean(known.argmax(1) == truth), abs=3e-3)
    for pixels in (0, 1, 2):
        right = []
        for down, across in ((0, pixels), (0, -pixels), (pixels, 0), (-pixels, 0)):
            moved = np.zeros_like(images)
            for y in range(8):
                for x in range(8):
                    if 0 <= y - down < 8 and 0 <= x - across < 8:
                        moved[:, y, x] = images[:, y - down, x - across]
            right.append(np.mean(case.common(moved.reshape(-1, 64)).argmax(1) == truth))
        assert view.shift_accuracy[pixels] == pytest.approx(np.mean(right), abs=3e-3)
    turned = np.stack([[[image[x, 7 - y] for x in range(8)] for y in range(8)] for image in images]).reshape(-1, 64)
    labels = np.repeat([0, 1], len(images))
    both = np.concatenate([case.data.test_inputs, turned])
    members, shares = case.answers(both)
    known = case.common(both)
    information = bits(known) - sum(shares[:, k] * bits(members[:, k]) for k in range(shares.shape[1]))
    measures = [1 - known.max(1), bits(known)] + ([information] if shares.shape[1] > 1 else [])
    for place, measure in enumerate(measures):
        assert view.novelty[place] == pytest.approx(sklearn_metrics.roc_auc_score(labels, measure), abs=3e-3)


def test_listening_is_the_length_of_the_weights() -> None:
    case = looked("voters")
    kernel = case.weights["members_1"][0]
    np.testing.assert_allclose(case.view.listens, np.sqrt((kernel**2).sum(axis=2)), rtol=2e-3)


def test_a_question_is_answered_by_every_member() -> None:
    case = looked("one asked")
    view: Any = modular.look(case.model, case.data, {"test_row": 7})
    members, shares = case.answers(case.data.test_inputs[7:8])
    np.testing.assert_allclose(view.answer_members, members[0], atol=1e-5)
    np.testing.assert_allclose(view.answer_share, shares[0], atol=1e-5)
    np.testing.assert_allclose(view.answer_output, (shares[0][:, None] * members[0]).sum(0), atol=1e-5)
    for nonsense in ({"input": [1.0]}, {"input": [math.nan] * 64}, {"what": 1}):
        with pytest.raises(ValueError):
            modular.look(case.model, case.data, nonsense)


# ---- how they learn ----


def one_step(config: ModularConfig, data: Dataset) -> CompiledTraining:
    return CompiledTraining(
        modular.build(config, data), keras.optimizers.SGD(0.1), modular.loss_of(config), data.train_inputs,
        modular.targets_for(config, data), batch_size=40, seed=0,
    )  # fmt: skip


@pytest.mark.parametrize("settings", [{}, {"active": 2, "balance": 0.5}, {"kind": "groups"}, {"kind": "bagging"}])
def test_the_loss_of_a_step(settings: dict[str, Any]) -> None:
    config = ModularConfig(dataset="iris", members=3, **settings)
    data = modular.load(config)
    training = one_step(config, data)
    weights = weights_of(training.model)
    batch = training.order(0)[:40]
    known, shares = answers_of(config.model_copy(update={"active": 0}), weights, 3, data.train_inputs[batch])
    truth = data.train_targets[batch]
    right = known[np.arange(40), :, truth]
    wanted = -np.log((shares * right).sum(1)).mean()
    if settings.get("kind") == "bagging":
        examples = len(data.train_targets)
        counts = np.random.default_rng([0, 1]).multinomial(examples, np.full(examples, 1 / examples), size=3)
        wanted = -(counts.T[batch] * np.log(right)).sum(1).mean()
    elif settings.get("kind") != "groups":
        kept = np.ones_like(shares) if not config.active else (shares >= np.sort(shares, 1)[:, [-2]]).astype(float)
        use = shares.mean(0) if not config.active else kept.mean(0) / 2
        wanted = -np.log((kept * shares * right).sum(1)).mean() + config.balance * (
            3 * (use * shares.mean(0)).sum() - 1
        )
    assert training.run(0, 1, 0.1) == pytest.approx(wanted, rel=1e-4)


def test_a_voter_trains_as_if_it_were_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modular, "MOMENTS", 3)  # pictures are not what is tested here
    config = ModularConfig(kind="ensemble", dataset="iris", members=3, epochs=2)
    data = modular.load(config)
    model = modular.build(config, data)
    start = model.get_weights()
    lone_config = config.model_copy(update={"members": 1})
    lone = modular.build(lone_config, data)
    lone.set_weights([one[1:2] for one in start])
    list(modular.train(config, data, model))
    list(modular.train(lone_config, data, lone))
    for together, alone in zip(model.get_weights(), lone.get_weights(), strict=True):
        np.testing.assert_allclose(together[1:2], alone, atol=1e-4)


def test_a_sample_of_bagging_misses_a_third() -> None:
    config = ModularConfig(kind="bagging", members=20)
    data = modular.load(config)
    counts = modular.targets_for(config, data)[:, 1:]
    assert counts.sum(axis=0) == pytest.approx(np.full(20, len(data.train_targets)))
    assert np.mean(counts == 0) == pytest.approx(math.exp(-1), abs=0.01)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_big_net_has_as_many_parameters(layers: int) -> None:
    big, small = (ModularConfig(kind=kind, layers=layers) for kind in ("single", "ensemble"))
    data = modular.load(big)
    counts = [modular.build(one, data).count_params() for one in (big, small)]
    assert counts[0] == pytest.approx(counts[1], rel=0.03)


def test_the_learning_rate_may_change_while_it_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modular, "MOMENTS", 6)
    config = ModularConfig(dataset="iris", epochs=4)
    data = modular.load(config)
    model, live = modular.build(config, data), Live(0.01)
    weights = []
    for snapshot in modular.train(config, data, model, live):
        weights.append(model.get_weights()[0])
        if snapshot.step > modular.total_steps(config, data) // 2:
            live.learning_rate = 1e-30
    assert np.abs(weights[2] - weights[1]).max() > 1e-3
    np.testing.assert_array_equal(weights[-1], weights[-2])


def test_own_data_without_classes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = modular.load(ModularConfig(dataset="iris"))
    monkeypatch.setattr(modular, "load_data", lambda *_a, **_k: replace(data, task="regression"))
    with pytest.raises(UnfitData, match="classes"):
        modular.load(ModularConfig())


def test_the_heads_of_a_transformer_are_members() -> None:
    heads = keras.layers.MultiHeadAttention(num_heads=3, key_dim=4)
    tokens = np.random.default_rng(0).normal(size=(1, 5, 6)).astype(np.float32)
    heads(tokens, tokens)
    projection = heads._query_dense
    kernel, bias = projection.get_weights()  # (6, heads, 4) and (heads, 4)
    members = MemberDense(3, 4, seed=0)
    members.build((1, 6))
    members.set_weights([kernel.transpose(1, 0, 2), bias])
    np.testing.assert_allclose(members(tokens[0]), projection(tokens)[0], atol=1e-6)


# ---- doubt, routing, boosting ----


def test_separation_is_the_area_under_the_curve() -> None:
    generator = np.random.default_rng(0)
    ordinary, strange = generator.integers(0, 9, 200), generator.integers(3, 12, 150)
    wanted = sklearn_metrics.roc_auc_score([0] * 200 + [1] * 150, np.concatenate([ordinary, strange]))
    assert uncertainty.separation(ordinary, strange) == pytest.approx(wanted)


@pytest.mark.parametrize("active", [1, 2, 6])
def test_routing_gives_what_asking_all_and_dropping_gives(active: int) -> None:
    generator = np.random.default_rng(0)
    shapes = ((50, 7), (7, 6), (6, 7, 5), (6, 5, 4))
    inputs, gate, first, second = (generator.normal(size=shape) for shape in shapes)
    found = committees.routed(inputs, gate, first, second, active)
    shares = softmax(inputs @ gate)
    products, wanted = inputs.shape[0] * 7 * 6, np.zeros((50, 4))
    for row in range(50):
        for k in np.argsort(-shares[row])[:active]:
            wanted[row] += shares[row, k] * (np.maximum(inputs[row] @ first[k], 0) @ second[k])
            products += 7 * 5 + 5 * 4
    np.testing.assert_allclose(found.outputs, wanted, atol=1e-12)
    assert found.multiply_adds == products


def test_boosting_beats_its_first_net() -> None:
    config = ModularConfig(dataset="circle", units=2, members=2, epochs=15)
    data = modular.load(config)
    answers, votes = committees.boosted(config, data)
    assert votes.sum() == pytest.approx(1.0) and (votes >= 0).all()
    together = np.einsum("m,nmc->nc", votes, answers).argmax(1)
    assert np.mean(together == data.test_targets) >= np.mean(answers[:, 0].argmax(1) == data.test_targets)


def test_boosting_gives_the_mistakes_of_a_net_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    config = ModularConfig(dataset="iris", units=3, members=3)
    data = modular.load(config)
    seen: list[Array] = []
    nets: list[Weights] = []

    def net(stage: Any, weights: Array, seed: int) -> keras.Model:
        generator = np.random.default_rng(len(seen))
        stage.model.set_weights([generator.normal(0, 1, one.shape) for one in stage.model.get_weights()])
        seen.append(weights.copy())
        nets.append(weights_of(stage.model))
        return stage.model

    monkeypatch.setattr(committees._WeightedTraining, "run", net)
    answers, votes = committees.boosted(config, data)
    single = config.model_copy(update={"kind": "ensemble", "members": 1})
    weights, wanted = np.full(len(data.train_targets), 1 / len(data.train_targets)), []
    for place, found in enumerate(nets):  # SAMME, Zhu et al., algorithm 2
        np.testing.assert_allclose(seen[place], weights, rtol=1e-9)
        known, _ = answers_of(single, found, 3, data.train_inputs)
        wrong = known[:, 0].argmax(1) != data.train_targets
        rate = weights[wrong].sum() / weights.sum()
        wanted.append(max(0.0, math.log((1 - rate) / rate) + math.log(3 - 1)))
        weights = np.where(wrong, weights * math.exp(wanted[-1]), weights)
        weights = weights / weights.sum()
        test_known, _ = answers_of(single, found, 3, data.test_inputs)
        np.testing.assert_allclose(answers[:, place], test_known[:, 0], atol=1e-5)
    assert any(wanted), "a net of random weights was better than guessing"
    np.testing.assert_allclose(votes, np.array(wanted) / sum(wanted), rtol=1e-9)


def test_stacking_judges_on_examples_that_no_member_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    config = ModularConfig(dataset="wine", units=4, members=3)
    data = modular.load(config)
    seen: dict[str, Any] = {}

    def members(of: ModularConfig, part: Dataset) -> keras.Model:
        model = modular.build(of, part)
        seen.update(part=part, weights=weights_of(model), config=of)
        return model

    monkeypatch.setattr(committees, "trained", members)
    found = committees.stacked(config, data)
    kept = {tuple(row) for row in seen["part"].train_inputs}
    held = np.array([tuple(row) not in kept for row in data.train_inputs])
    assert held.sum() == round(len(held) / 4) and seen["config"].kind == "ensemble"

    def opinions(inputs: Array) -> Array:
        known, _ = answers_of(seen["config"], seen["weights"], 3, inputs)
        return np.log(np.clip(known, 1e-6, None)).reshape(len(inputs), -1)

    judge = LogisticRegression(C=0.01, solver="newton-cg", tol=1e-8, max_iter=2000)
    judge.fit(opinions(data.train_inputs[held]), data.train_targets[held])
    np.testing.assert_allclose(found, judge.predict_proba(opinions(data.test_inputs)), atol=2e-3)


# ---- what is stored ----


def test_the_scores_of_a_grown_committee() -> None:
    generator = np.random.default_rng(0)
    answers = softmax(3 * generator.normal(size=(400, 6, 8)))
    truth = generator.integers(0, 8, 300)
    chosen = np.array([4, 0, 3])
    found = evidence.grown(answers[:300], answers[300:], chosen, truth)
    known = np.mean([answers[:, k] for k in chosen], axis=0)
    assert found["accuracy"] == pytest.approx(np.mean(known[:300].argmax(1) == truth))
    assert found["loss"] == pytest.approx(sklearn_metrics.log_loss(truth, known[:300], labels=range(8)))
    area = sklearn_metrics.roc_auc_score([0] * 300 + [1] * 100, bits(known))
    assert found["novelty"] == pytest.approx(area)
    sure, right, gap = known[:300].max(1), known[:300].argmax(1) == truth, 0.0
    for low in np.arange(10) / 10:
        inside = (sure >= low) & (sure < low + 0.1)
        gap += abs(right[inside].sum() - sure[inside].sum()) / 300
    assert found["ece"] == pytest.approx(gap)


def test_the_digits_nobody_was_taught_are_left_out() -> None:
    data = modular.load(ModularConfig())
    known, strange = evidence.without_classes(data)
    assert set(known.train_targets) == set(known.test_targets) == set(range(8)) and len(known.class_names) == 8
    assert len(strange) == np.sum(data.test_targets >= 8)
    assert len(known.test_targets) + len(strange) == len(data.test_targets)


def test_a_stored_row_can_be_made_again() -> None:
    kind = "one small net"
    stored = json.loads(evidence.RESULT.read_text(encoding="utf-8"))
    (row,) = (one for one in stored["committees"] if (one["kind"], one["seed"]) == (kind, 0))
    again = evidence.one_committee(evidence.config_of(kind, 0), modular.load(ModularConfig(seed=0)))
    # Another processor adds in another order, and a training of thousands of steps carries that on.
    for name, near in (("accuracy", 0.02), ("loss", 0.05), ("noise", 0.1), ("shift", 0.05), ("broken", 0.05)):
        assert again[name] == pytest.approx(row[name], abs=near)
    assert again["parameters"] == row["parameters"]


def test_three_straight_pieces() -> None:
    stored = json.loads(evidence.RESULT.read_text(encoding="utf-8"))
    data = committees.three_pieces(0)
    x, y = data.test_inputs[:, 0], data.test_targets
    truth = np.where(x < -1, 2 * x + 6, np.where(x < 1, -3 * x, 1.5 * x - 5))
    noise = np.mean((y - truth) ** 2)
    (row,) = (one["mse"] for one in stored["pieces"] if (one["experts"], one["seed"]) == (3, 0))
    assert 0.8 * noise < row < 2 * noise
    line = np.polyfit(data.train_inputs[:, 0], data.train_targets, 1)
    (one,) = (one["mse"] for one in stored["pieces"] if (one["experts"], one["seed"]) == (1, 0))
    assert one == pytest.approx(np.mean((np.polyval(line, x) - y) ** 2), rel=0.03)  # Adam stops near the least squares
    assert committees.fit_pieces(data, 1, 0) == pytest.approx(one, rel=0.01)
