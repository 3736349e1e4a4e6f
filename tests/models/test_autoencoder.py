"""The autoencoder against oracles: every metric recomputed in float64 NumPy or by scikit-learn, PCA included."""

from functools import cache
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from lab.datasets.choose import load as load_data
from lab.datasets.dataset import UnfitData
from lab.datasets.images import from_arrays
from models import autoencoder, autoencoder_data, autoencoder_measures
from models.autoencoder_data import SqueezedData
from models.autoencoder_layers import Sampling
from models.base import Array, Snapshot
from models.configs import AutoencoderConfig

SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {"epochs": 3},
    "variational": {"epochs": 3, "kl": 0.1, "code": 5, "activation": "tanh"},
    "noisy": {"epochs": 10, "noise": 0.3, "code": 16},
    "unknown": {"epochs": 3, "held_out": "7", "code": 4},
    "tumours": {"epochs": 10, "dataset": "breast_cancer", "code": 4, "units": 32},
    "line": {"epochs": 2, "code": 1, "layers": 1},
    "windows": {"epochs": 1, "kind": "convolutional", "units": 16, "code": 3},
    "linear": {"epochs": 60, "activation": "linear", "layers": 0},
}


class Trained(NamedTuple):
    """A short run."""

    config: AutoencoderConfig
    data: SqueezedData
    model: keras.Model
    last: Snapshot

    @property
    def view(self) -> Any:
        """The view at the end."""
        return self.last.view


@cache
def trained(name: str) -> Trained:
    config = AutoencoderConfig(**SETTINGS[name])
    data = autoencoder.load(config)
    model = autoencoder.build(config, data)
    *_, last = autoencoder.train(config, data, model)
    return Trained(config, data, model, last)


def bent(name: str, sums: Array) -> Array:
    bends = {"relu": np.maximum(sums, 0), "tanh": np.tanh(sums), "sigmoid": 1 / (1 + np.exp(-sums)), "linear": sums}
    return np.asarray(bends[name])


def dense(run: Trained, name: str, x: Array) -> Array:
    layer = run.model.get_layer(name)
    kernel, bias = (one.astype(np.float64) for one in layer.get_weights())
    return bent(layer.activation.__name__, x @ kernel + bias)


def by_hand(run: Trained, inputs: Array) -> tuple[Array, Array]:
    """Return codes and outputs of a dense network, layer by layer in float64."""
    x = inputs.astype(np.float64)
    for number in range(1, run.config.layers + 1):
        x = dense(run, f"encoder_{number}", x)
    codes = dense(run, "code_mean" if run.config.kl else "code", x)
    return codes, decoded_by_hand(run, codes)


def decoded_by_hand(run: Trained, codes: Array) -> Array:
    x = codes.astype(np.float64)
    for number in range(1, run.config.layers + 1):
        x = dense(run, f"decoder_{number}", x)
    return dense(run, "output", x)


def mean_squares(run: Trained, part: str) -> Array:
    clean = getattr(run.data, f"{part}_inputs").astype(np.float64)
    return ((by_hand(run, run.data.seen(part))[1] - clean) ** 2).mean(axis=1)


DENSE = [name for name in SETTINGS if name != "windows"]


# ---- the metrics ----


@pytest.mark.parametrize("name", DENSE)
def test_errors_are_those_of_the_formulas(name: str) -> None:
    run = trained(name)
    normal, metrics = ~run.data.anomalies, run.last.metrics
    test, clean = mean_squares(run, "test"), run.data.test_inputs[normal].astype(np.float64)
    assert metrics["train_loss"] == pytest.approx(mean_squares(run, "train").mean(), rel=1e-4)
    assert metrics["test_loss"] == pytest.approx(test[normal].mean(), rel=1e-4)
    spread = ((clean - run.data.train_inputs.mean(axis=0)) ** 2).mean()
    assert metrics["test_explained"] == pytest.approx(1 - test[normal].mean() / spread, abs=1e-4)
    np.testing.assert_allclose(run.view.errors, test, rtol=2e-3, atol=1e-4)  # float16 where nothing is ranked


@pytest.mark.parametrize("name", ["unknown", "tumours"])
def test_the_area_is_scikit_learns(name: str) -> None:
    run = trained(name)
    expected = roc_auc_score(run.data.anomalies, mean_squares(run, "test"))
    assert run.last.metrics["test_auc"] == pytest.approx(expected, abs=1e-4)
    ties = np.round(np.random.default_rng(0).normal(size=200), 1)
    labels = np.random.default_rng(1).random(200) < 0.3
    assert autoencoder_measures.area(ties, labels) == pytest.approx(roc_auc_score(labels, ties))


def test_decibels() -> None:
    run = trained("noisy")
    expected = 20 * np.log10(1.0 / np.sqrt(mean_squares(run, "test").mean()))
    assert run.last.metrics["test_psnr"] == pytest.approx(expected, abs=1e-3)
    noisy = ((run.data.seen("test") - run.data.test_inputs) ** 2).mean()
    assert 10 * np.log10(1 / noisy) == pytest.approx(-20 * np.log10(0.3), abs=0.1)  # 10.46 dB
    assert run.last.metrics["test_psnr"] > 10 * np.log10(1 / noisy) + 2.0


def test_divergence_is_that_of_two_gaussians() -> None:
    run = trained("variational")
    x = run.data.test_inputs.astype(np.float64)
    for number in (1, 2):
        x = dense(run, f"encoder_{number}", x)
    mean, deviation = dense(run, "code_mean", x), np.exp(dense(run, "code_log_variance", x) / 2)
    each = np.log(1 / deviation) + (deviation**2 + mean**2) / 2 - 0.5  # KL(N(m, s) || N(0, 1))
    np.testing.assert_allclose(run.view.divergences, each.mean(axis=0), rtol=1e-3, atol=1e-5)
    assert run.last.metrics["test_kl"] == pytest.approx(each.mean(axis=0).sum(), rel=1e-3)


@pytest.mark.parametrize("name", ["plain", "variational"])
def test_the_share_of_digits_that_draws_come_near_to(name: str) -> None:
    run = trained(name)
    data, draws = run.data, np.random.default_rng([0, 7]).standard_normal((400, run.config.code))
    if not run.config.kl:
        codes = by_hand(run, data.train_inputs)[0]
        values, axes = np.linalg.eigh(np.cov(codes.T, bias=True))
        draws = codes.mean(axis=0) + (draws * np.sqrt(values)) @ axes.T
    made = decoded_by_hand(run, draws)
    radii = NearestNeighbors(n_neighbors=5).fit(data.train_inputs).kneighbors(data.test_inputs)[0][:, -1]
    nearest = NearestNeighbors(n_neighbors=1).fit(made).kneighbors(data.test_inputs)[0][:, 0]
    assert run.last.metrics["test_samples"] == pytest.approx(np.mean(nearest <= radii), abs=0.012)  # signs of the axes
    if run.config.kl:
        assert run.last.metrics["test_samples"] == pytest.approx(np.mean(nearest <= radii), abs=1e-6)
        np.testing.assert_allclose(run.view.samples / 15, made[:20], atol=0.5 / 15 + 1e-3)


def test_agreement_is_the_vote_of_the_nearest() -> None:
    data = trained("plain").data
    asked = data.test_inputs[:20]
    near = NearestNeighbors(n_neighbors=10).fit(data.train_inputs).kneighbors(asked)[1]
    expected = [np.bincount(data.train_targets[rows]).max() / 10 for rows in near]
    np.testing.assert_allclose(autoencoder_measures.agreement(asked, data.train_inputs, data.train_targets), expected)


# ---- beside the methods without a network ----


@pytest.mark.parametrize("name", ["plain", "noisy", "tumours"])
def test_principal_components_are_scikit_learns(name: str) -> None:
    run = trained(name)
    pca = PCA(run.config.code).fit(run.data.train_inputs.astype(np.float64))
    rebuilt = pca.inverse_transform(pca.transform(run.data.seen("test").astype(np.float64)))
    errors = ((rebuilt - run.data.test_inputs) ** 2).mean(axis=1)
    scene = autoencoder.scene(run.config, run.data)
    np.testing.assert_allclose(scene["principal_errors"], errors, rtol=1e-4)
    found = {one.metric: one.value for one in autoencoder.baselines(run.config, run.data) if one.name.startswith("PCA")}
    assert found["test_loss"] == pytest.approx(errors[~run.data.anomalies].mean(), rel=1e-5)
    if run.data.anomalies.any():
        assert found["test_auc"] == pytest.approx(roc_auc_score(run.data.anomalies, errors), abs=1e-6)


def test_the_forest_is_scikit_learns() -> None:
    run = trained("tumours")
    forest = IsolationForest(random_state=0).fit(run.data.train_inputs)
    expected = roc_auc_score(run.data.anomalies, -forest.score_samples(run.data.test_inputs))
    found = next(one for one in autoencoder.baselines(run.config, run.data) if one.name == "isolation forest")
    assert found.value == pytest.approx(expected)


def test_linear_layers_find_the_plane_of_pca() -> None:
    run = trained("linear")
    best = next(one.value for one in autoencoder.baselines(run.config, run.data) if one.metric == "test_loss")
    # Adam with a constant rate jitters about the optimum: 1 % above it was measured, 3 % is allowed.
    assert best * 0.999 <= run.last.metrics["test_loss"] <= best * 1.03
    axes = PCA(2).fit(run.data.train_inputs).components_
    kernel = run.model.get_layer("output").get_weights()[0]
    overlap = np.linalg.svd(np.linalg.qr(kernel.T)[0].T @ axes.T)[1]  # cosines of the angles between the planes
    assert overlap.min() > 0.97


# ---- the data ----


def test_a_held_out_digit_is_in_the_test_alone() -> None:
    data, whole = trained("unknown").data, load_data("digits", seed=0)
    assert 7 not in data.train_targets and set(data.train_targets) == set(range(10)) - {7}
    np.testing.assert_array_equal(data.anomalies, whole.test_targets == 7)
    assert data.unknown == "7" and data.summary()["anomalies"] == int(data.anomalies.sum()) > 30


def test_only_benign_tumours_teach_network_and_scale() -> None:
    data = trained("tumours").data
    assert {data.class_names[kind] for kind in data.train_targets} == {"benign"}
    np.testing.assert_allclose(data.train_inputs.mean(axis=0), 0.0, atol=1e-5)
    np.testing.assert_allclose(data.train_inputs.std(axis=0), 1.0, atol=1e-4)
    assert data.unknown == "malignant" and data.anomalies.sum() > 40


def test_noise_is_the_same_each_time_and_differs_between_the_parts() -> None:
    data = trained("noisy").data
    np.testing.assert_array_equal(data.seen("test"), data.seen("test"))
    noise = [data.seen(part)[:300] - getattr(data, f"{part}_inputs")[:300] for part in ("train", "test")]
    assert [one.std() for one in noise] == pytest.approx([0.3, 0.3], rel=0.02)
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.05


@pytest.mark.parametrize(
    "settings",
    [{"dataset": "breast_cancer", "kind": "convolutional"}, {"dataset": "breast_cancer", "held_out": "3"}],
)
def test_settings_that_do_not_go_together_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(UnfitData):
        autoencoder.load(AutoencoderConfig(**settings))


# ---- the layers ----


def test_the_sampling_layer_draws_around_its_place_and_pays_for_it() -> None:
    keras.utils.set_random_seed(0)
    layer = Sampling(0.5)
    mean = np.tile([[1.0, -2.0]], (20_000, 1)).astype(np.float32)
    log_variance = np.tile([[0.0, np.log(0.25)]], (20_000, 1)).astype(np.float32)
    drawn = np.asarray(layer([mean, log_variance], training=True))
    np.testing.assert_allclose(drawn.mean(axis=0), [1.0, -2.0], atol=0.03)
    np.testing.assert_allclose(drawn.std(axis=0), [1.0, 0.5], rtol=0.03)
    each = [0.5 * (1 + 1 - 1 - 0), 0.5 * (4 + 0.25 - 1 - np.log(0.25))]
    assert float(layer.losses[0]) == pytest.approx(0.5 * sum(each), rel=1e-5)
    np.testing.assert_array_equal(np.asarray(layer([mean, log_variance])), mean)


def test_the_divergence_takes_part_in_the_training() -> None:
    config = AutoencoderConfig(kl=10.0, epochs=8, units=16)
    data = autoencoder.load(config)
    first, *_, last = autoencoder.train(config, data, autoencoder.build(config, data))
    assert first.metrics["test_kl"] > 0.01
    assert last.metrics["test_kl"] < 0.2 * first.metrics["test_kl"]  # silent: saying nothing costs nothing
    assert abs(last.metrics["test_explained"]) < 0.05


def test_convolutions_halve_and_double_the_sides() -> None:
    run = trained("windows")
    shapes = {layer.name: layer.output.shape[1:] for layer in run.model.layers}
    assert shapes["encoder_1"] == (4, 4, 4) and shapes["encoder_2"] == (2, 2, 4) and shapes["maps"] == (2, 2, 4)
    assert shapes["decoder_2"] == (8, 8, 4) and shapes["output"] == (64,)
    predicted = run.model.predict(run.data.test_inputs, verbose=0)
    expected = ((predicted.astype(np.float64) - run.data.test_inputs) ** 2).mean()
    assert run.last.metrics["test_loss"] == pytest.approx(expected, rel=1e-4)


def test_the_output_starts_at_the_mean_of_the_data() -> None:
    config = AutoencoderConfig()
    data = autoencoder.load(config)
    first = next(iter(autoencoder.train(config, data, autoencoder.build(config, data))))
    assert abs(first.metrics["test_explained"]) < 0.1


# ---- pictures and questions ----


@pytest.mark.parametrize("name", ["plain", "variational", "line"])
def test_the_plane_is_decoded_in_the_middles_of_its_cells(name: str) -> None:
    run = trained(name)
    view, codes = run.view, by_hand(run, run.data.test_inputs[:160])[0]
    np.testing.assert_allclose(view.codes, codes[:, :2], rtol=2e-3, atol=2e-3)
    low, high = view.limits.astype(float).T
    centre = by_hand(run, run.data.train_inputs)[0].mean(axis=0)
    for cell in (0, 5, len(view.grid) - 1):
        row, column = divmod(cell, 7)
        code = centre.copy()
        code[0] = low[0] + (column + 0.5) / 7 * (high[0] - low[0])
        if len(low) == 2:
            code[1] = high[1] - (row + 0.5) / 7 * (high[1] - low[1])
        expected = decoded_by_hand(run, code[np.newaxis])[0]
        np.testing.assert_allclose(view.grid[cell] / 15, expected, atol=0.5 / 15 + 1e-3)


def test_one_example_is_followed_through_the_layers() -> None:
    run = trained("plain")
    picked = autoencoder.shown_rows(run.data)
    assert [int(run.data.test_targets[row]) for row in picked[:10]] == list(range(10))
    x, expected = run.data.test_inputs[picked[:1]].astype(np.float64), []
    for name in ("encoder_1", "encoder_2", "code", "decoder_1", "decoder_2"):
        x = dense(run, name, x)
        expected.append(x[0, :8])
    np.testing.assert_allclose(run.view.units, np.concatenate(expected), rtol=5e-3, atol=5e-3)


def ask(name: str, **question: Any) -> Any:
    run = trained(name)
    return autoencoder.look(run.model, run.data, question)


def test_a_code_is_decoded_with_the_rest_at_the_mean() -> None:
    run, view = trained("variational"), ask("variational", decode=[[0.5, -1.0], [0.0, 0.0]])
    centre = by_hand(run, run.data.train_inputs)[0].mean(axis=0)
    centre[:2] = (0.5, -1.0)
    np.testing.assert_allclose(view.answer_codes[0], centre, atol=1e-4)
    np.testing.assert_allclose(view.answer_outputs[0], decoded_by_hand(run, centre[np.newaxis])[0], atol=1e-4)


def test_a_walk_goes_straight_from_code_to_code() -> None:
    run, view = trained("plain"), ask("plain", between=[3, 8], stops=5)
    codes, outputs = by_hand(run, run.data.test_inputs[[3, 8]])
    np.testing.assert_allclose(view.answer_codes[1], 0.75 * codes[0] + 0.25 * codes[1], atol=1e-3)
    np.testing.assert_allclose(view.answer_outputs[[0, -1]], outputs, atol=1e-4)
    np.testing.assert_allclose(view.answer_blend[2], run.data.test_inputs[[3, 8]].mean(axis=0), atol=1e-6)


def test_an_example_is_rebuilt_and_judged() -> None:
    run, view = trained("tumours"), ask("tumours", test_row=4)
    np.testing.assert_allclose(view.answer_error[0], mean_squares(run, "test")[4], rtol=1e-4)
    drawn = ask("plain", input=[0.5] * 64)
    np.testing.assert_allclose(drawn.answer_outputs, by_hand(trained("plain"), np.full((1, 64), 0.5))[1], atol=1e-4)


@pytest.mark.parametrize(
    "question",
    [{"decode": [[1.0] * 9]}, {"decode": [[float("nan"), 0.0]]}, {"decode": "all"}, {"input": [1.0]},
     {"between": [0, 10_000]}, {"test_row": -1}, {}],
)  # fmt: skip
def test_questions_without_an_answer_are_refused(question: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        ask("plain", **question)


# ---- large images ----


@pytest.mark.parametrize("kind", ["dense", "convolutional"])
def test_large_images_are_squeezed_and_recorded(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up images of Fashion-MNIST's size stand in for a download."""
    generator = np.random.default_rng(0)
    made = [(generator.integers(0, 256, (n, 28, 28), np.uint8), np.arange(n) % 10) for n in (60, 2100)]
    monkeypatch.setattr(
        autoencoder_data, "downloaded", lambda name, seed, most: from_arrays(name, *made, seed=seed, most=most)
    )
    config = AutoencoderConfig(dataset="fashion_mnist", kind=kind, code=3, units=16, examples=500)  # type: ignore[arg-type]
    data = autoencoder.load(config)
    assert len(data.train_inputs) == 60 and len(data.test_inputs) == 2000 and "first 2,000" in data.notes[-1]
    model = autoencoder.build(config, data)
    view = autoencoder.look(model, data)
    outputs = model.predict(data.test_inputs, verbose=0)
    rows = autoencoder.shown_rows(data)
    np.testing.assert_allclose(np.asarray(view.rebuilt) / 15, outputs[rows], atol=0.5 / 15 + 1e-3)
    np.testing.assert_allclose(
        np.asarray(view.errors), ((outputs - data.test_inputs) ** 2).mean(axis=1), rtol=2e-3, atol=1e-4
    )
    if kind == "dense":  # the image counts as one unit, with its mean weight
        first, last = (model.get_layer(name).get_weights()[0] for name in ("encoder_1", "output"))
        edges = np.asarray(view.edges, float)
        for found, exact in ((edges[:8], first.mean(axis=0)[:8]), (edges[-8:], last.mean(axis=1)[:8])):
            np.testing.assert_allclose(found, exact, atol=np.abs(exact).max() / 30 + 1e-4)
    walk = autoencoder.look(model, data, {"between": [0, 1999], "stops": 3})
    np.testing.assert_allclose(np.asarray(walk.answer_outputs)[[0, -1]], outputs[[0, 1999]], atol=1e-4)
