"""The generative adversarial network: every number is recomputed by loops, closed forms, or finite differences."""

from functools import cache
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from lab.datasets.clouds import SPREAD, centres, cloud
from lab.datasets.dataset import PLANE_EXTENT, PLANE_SCALE, Dataset, UnfitData
from lab.datasets.images import from_arrays
from models import gan, gan_measures
from models.configs import GanConfig
from models.gan_training import RANDOM, Adversaries, discriminator_loss, generator_loss, gradient_penalty
from models.views import GAN_HEAT, GAN_NET, GanView
from tests.models.shortened import uncompiled

GAMES = ("non_saturating", "least_squares", "wasserstein")


@cache
def pair(dataset: str = "ring", loss: str = "non_saturating", steps: int = 300) -> tuple[Dataset, keras.Model]:
    """Return data and a pair of small networks trained for a moment."""
    config = GanConfig(dataset=dataset, loss=loss, units=16, discriminator_units=16, latent=3, steps=steps)  # type: ignore[arg-type]
    data = gan.load(config)
    model = gan.build(config, data)
    with uncompiled():
        trainer(model, data).run(0, steps, 0.001, 0.001)
    return data, model


def trainer(model: keras.Model, data: Dataset, **changes: Any) -> Adversaries:
    settings = {"batch_size": 32, "momentum": 0.5, "discriminator_steps": 1, "generator_steps": 1, "seed": 0}
    return Adversaries(model.game, data.train_inputs, **{**settings, **changes})


def fresh(loss: str = "non_saturating", dataset: str = "ring") -> tuple[Dataset, keras.Model]:
    config = GanConfig(dataset=dataset, loss=loss, units=8, discriminator_units=8)  # type: ignore[arg-type]
    data = gan.load(config)
    return data, gan.build(config, data)


def forward(model: keras.Model, kind: str, values: Any) -> Any:
    """Return what one of the networks makes of values, layer by layer in NumPy: relu or leaky relu between layers."""
    values = np.asarray(values, np.float64)
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    wanted = [layer for layer in layers if layer.name.startswith("discriminator") == (kind == "discriminator")]
    for layer in wanted:
        kernel, bias = (np.asarray(weight, np.float64) for weight in layer.get_weights())
        values = values @ kernel + bias
        if layer.name == "sample":
            return values if values.shape[1] == 2 else 1 / (1 + np.exp(-values))
        if layer.name != "discriminator_score":
            values = np.where(values > 0, values, (0.2 if kind == "discriminator" else 0.0) * values)
    return values


def losses(game: str, real: Any, fake: Any) -> tuple[Any, Any]:
    """Return both losses as the papers write them, D being the sigmoid of the score."""
    if game == "least_squares":
        return 0.5 * (real - 1) ** 2 + 0.5 * fake**2, 0.5 * (fake - 1) ** 2
    if game == "wasserstein":
        return fake - real, -fake
    d_real, d_fake = 1 / (1 + np.exp(-real)), 1 / (1 + np.exp(-fake))
    return -np.log(d_real) - np.log(1 - d_fake), -np.log(d_fake)


# ---- data ----


def test_the_spots_stand_where_they_should() -> None:
    ring = centres("ring")
    np.testing.assert_allclose(np.linalg.norm(ring, axis=1), 4.0)
    assert len({tuple(np.round(spot, 6)) for spot in ring}) == 8
    assert {tuple(spot) for spot in centres("grid")} == {(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)}
    np.testing.assert_array_equal(centres("own", "1,2;-3.5,0"), [[1, 2], [-3.5, 0]])
    with pytest.raises(UnfitData, match="Click"):
        gan.load(GanConfig(dataset="own", points=""))


def test_a_cloud_has_its_spread_and_its_split() -> None:
    data = cloud("grid", seed=3)
    assert (len(data.train_inputs), len(data.test_inputs)) == (8000, 2000)
    for spot in range(25):
        own = data.train_inputs[data.train_targets == spot].astype(float) * PLANE_SCALE
        assert len(own) == 320
        np.testing.assert_allclose(own.mean(0), centres("grid")[spot], atol=5 * SPREAD / 320**0.5)
        np.testing.assert_allclose(own.std(0), SPREAD, rtol=0.2)
    together = np.concatenate([data.train_inputs, data.test_inputs])
    assert len(np.unique(together, axis=0)) == 10_000
    assert not np.array_equal(data.train_inputs, cloud("grid", seed=4).train_inputs)
    lone = cloud("own", points="1,1")
    assert lone.class_names == ("1",) and len(lone.test_inputs) == 2000


# ---- the losses and the loop ----


@pytest.mark.parametrize("game", GAMES)
def test_the_losses_are_those_of_the_papers(game: str) -> None:
    real, fake = np.random.default_rng(0).normal(size=(2, 50, 1)) * 3
    wanted = losses(game, real, fake)
    np.testing.assert_allclose(discriminator_loss(game, tf.constant(real), tf.constant(fake)), wanted[0], rtol=1e-12)
    np.testing.assert_allclose(generator_loss(game, tf.constant(fake)), wanted[1], rtol=1e-12)


def test_the_penalty_is_the_mean_of_slope_minus_one_squared() -> None:
    _data, model = fresh("wasserstein")
    generator = np.random.default_rng(1)
    real, fake = generator.normal(size=(2, 20, 2)).astype(np.float32)
    mixing = generator.uniform(size=(20, 1)).astype(np.float32)
    between, step = (mixing * real + (1 - mixing) * fake).astype(float), 1e-6
    slopes = np.stack(
        [
            forward(model, "discriminator", between + step * axis)
            - forward(model, "discriminator", between - step * axis)
            for axis in np.eye(2)
        ],
        axis=1,
    )[:, :, 0] / (2 * step)
    wanted = np.mean((np.sqrt((slopes**2).sum(1)) - 1) ** 2)
    found = gradient_penalty(model.game.discriminator, *(tf.constant(one) for one in (real, fake, mixing)))
    assert float(found) == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("game", GAMES)
def test_the_compiled_loop_does_what_adam_does_by_hand(game: str) -> None:
    """Three steps with Adam written out in NumPy float64; the gradients come from a tape, uncompiled, in float32."""
    data, model = fresh(game)
    start = model.get_weights()
    turns = {"discriminator_steps": 2, "generator_steps": 1, "momentum": 0.6, "seed": 5}
    trainer(model, data, **turns).run(0, 3, 0.003, 0.007)
    done = model.get_weights()
    model.set_weights(start)
    by_hand(model, trainer(model, data, **turns), 3, 0.003, 0.007)
    away = np.concatenate([np.abs(one - b).ravel() for one, b in zip(done, model.get_weights(), strict=True)])
    moved = np.concatenate([np.abs(one - b).ravel() for one, b in zip(done, start, strict=True)])
    assert np.median(moved) > 0.004
    # where a gradient is next to nothing, rounding turns the sign of Adam's step: hence not all
    assert (away < 1e-4).mean() > 0.95


def by_hand(model: keras.Model, source: Adversaries, steps: int, g_rate: float, d_rate: float) -> None:
    """Train with the loop's own random numbers, drawn by a compiled function: uncompiled ones differ."""
    game = model.game
    memory: dict[str, list[Any]] = {"discriminator": [], "generator": []}

    def adam(part: str, tape: tf.GradientTape, loss: tf.Tensor, rate: float) -> None:
        weights = getattr(game, part).trainable_variables
        gradients = [np.asarray(one, np.float64) for one in tape.gradient(loss, weights, unconnected_gradients="zero")]
        memory[part] = memory[part] or [[np.zeros_like(one), np.zeros_like(one), 0] for one in gradients]
        for weight, gradient, state in zip(weights, gradients, memory[part], strict=True):
            state[0] = 0.6 * state[0] + 0.4 * gradient
            state[1] = 0.999 * state[1] + 0.001 * gradient**2
            state[2] += 1
            mean, square = state[0] / (1 - 0.6 ** state[2]), state[1] / (1 - 0.999 ** state[2])
            weight.assign(weight.numpy() - rate * mean / (np.sqrt(square) + 1e-7 / (1 - 0.999 ** state[2]) ** 0.5))

    @tf.function(jit_compile=True)
    def drawn(step: tf.Tensor) -> Any:
        mixed = [tf.random.stateless_uniform([32, 1], source._stream(step, turn, 2), alg=RANDOM) for turn in range(2)]
        rows = [source.real_batch(step, update) for update in range(2)]
        return rows, [source.noise_batch(step, update) for update in range(3)], mixed

    for step in (tf.constant(one) for one in range(steps)):
        rows, noise, mixed = drawn(step)
        for update in range(2):
            real, fake = rows[update], game.generator(noise[update])
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(discriminator_loss(game.loss, game.discriminator(real), game.discriminator(fake)))
                if game.loss == "wasserstein":
                    loss += game.penalty * gradient_penalty(game.discriminator, real, fake, mixed[update])
            adam("discriminator", tape, loss, d_rate)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(generator_loss(game.loss, game.discriminator(game.generator(noise[2]))))
        adam("generator", tape, loss, g_rate)


def test_the_weights_do_not_depend_on_how_the_run_was_cut() -> None:
    data, model = fresh()
    start = model.get_weights()
    with uncompiled():
        trainer(model, data).run(0, 12, 0.001, 0.002)
        whole = model.get_weights()
        model.set_weights(start)
        training = trainer(model, data)
        training.warm()
        for one, other in zip(start, model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
        training.run(0, 5, 0.001, 0.002)
        training.run(5, 12, 0.001, 0.002)
    for one, other in zip(whole, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_each_network_has_a_learning_rate_of_its_own() -> None:
    data, model = fresh()
    with uncompiled():
        training = trainer(model, data)
    for still, rates in (("generator", (0.0, 0.01)), ("discriminator", (0.01, 0.0))):
        before = {part: getattr(model.game, part).get_weights() for part in ("generator", "discriminator")}
        training.run(0, 3, *rates)
        for part, weights in before.items():
            now = getattr(model.game, part).get_weights()
            same = all(np.array_equal(one, other) for one, other in zip(weights, now, strict=True))
            assert same == (part == still)


def test_noise_and_rows_are_fresh_in_every_update() -> None:
    data, model = fresh()
    source = trainer(model, data)
    noises = [source.noise_batch(tf.constant(step), update).numpy() for step in range(3) for update in range(3)]
    assert len({one.tobytes() for one in noises}) == 9
    rows = [source.real_batch(tf.constant(step), update).numpy() for step in range(3) for update in range(2)]
    assert len({one.tobytes() for one in rows}) == 6
    real = {tuple(row) for row in data.train_inputs}
    assert all(tuple(row) in real for batch in rows for row in batch)


# ---- the measures, by loops ----


def brute_nearest(samples: Any, others: Any) -> tuple[list[int], list[float]]:
    rows, away = [], []
    for sample in np.asarray(samples, float):
        far = [float(np.sqrt(sum((a - b) ** 2 for a, b in zip(sample, other, strict=True)))) for other in others]
        rows.append(int(np.argmin(far)))
        away.append(min(far))
    return rows, away


def brute_modes(samples: Any, spots: Any, spread: float) -> list[int]:
    counts = [0] * len(spots)
    rows, away = brute_nearest(samples, spots)
    for row, far in zip(rows, away, strict=True):
        counts[row] += far <= 3 * spread
    return counts


def test_modes_are_counted_as_by_brute_force() -> None:
    data, model = pair()
    samples = gan.generate(model, 2000)
    wanted = brute_modes(samples * np.float32(PLANE_SCALE), centres("ring"), SPREAD)
    counts, good = gan.modes_of(data, samples)
    assert counts.tolist() == wanted
    assert good == pytest.approx(sum(wanted) / 2000)
    found = sum(count >= 0.1 * 2000 / 8 for count in wanted)
    measured = gan.evaluate(model, data)
    assert measured["test_modes"] == found and measured["test_coverage"] == found / 8
    assert gan.look(model, data).mode_counts.tolist() == wanted  # type: ignore[union-attr]


def test_a_perfect_and_a_collapsed_sampler_are_told_apart() -> None:
    data, _ = fresh()
    perfect = gan.quality(data, data.test_inputs)
    assert perfect["test_modes"] == 8
    assert perfect["test_quality"] == pytest.approx(1 - np.exp(-4.5), abs=0.01)  # Rayleigh: within 3 deviations
    lone = np.repeat(data.test_inputs[:1], 2000, axis=0)
    assert gan.quality(data, lone) == {"test_quality": 1.0, "test_coverage": 1 / 8, "test_modes": 1.0}
    assert gan_measures.spread_ratio(lone, data.test_inputs) == 0.0
    assert gan_measures.covered(np.array([25, 24, 0]), 750) == 1  # a tenth of an even share is 25


def test_neighbours_are_those_of_brute_force() -> None:
    generator = np.random.default_rng(2)
    samples, others = generator.normal(size=(40, 5)), generator.normal(size=(70, 5))
    rows, away = gan_measures.nearest(samples, others)
    wanted = brute_nearest(samples, others)
    assert rows.tolist() == wanted[0]
    np.testing.assert_allclose(away, wanted[1], rtol=1e-12)


def test_neighbours_of_large_images_are_those_of_brute_force() -> None:
    generator = np.random.default_rng(3)
    samples, others = (generator.uniform(size=(count, 300)).astype(np.float32) for count in (20, 60))
    others[7] = samples[4]  # a copy lies at a distance of exactly zero
    rows, away = gan_measures.nearest(samples, others)
    wanted = brute_nearest(samples, others)
    assert rows.tolist() == wanted[0] and rows[4] == 7 and away[4] == 0.0
    np.testing.assert_allclose(away, wanted[1], rtol=1e-12)


@pytest.mark.parametrize("dataset", ["moons", "digits"])
def test_quality_without_spots_counts_neighbours(dataset: str) -> None:
    data, model = pair(dataset)
    samples = gan.generate(model, 2000)
    train, held_out = data.train_inputs[:2000].astype(float), data.test_inputs[:500].astype(float)

    def away(one: Any, others: Any) -> Any:
        return np.sqrt(((one[:, None] - others[None]) ** 2).sum(2))

    reach = np.quantile(away(held_out, train).min(1), 0.99)
    far = away(samples[:500].astype(float), train)
    measured = gan.evaluate(model, data)
    assert measured["test_quality"] == pytest.approx((far.min(1) <= reach).mean())
    if dataset == "moons":
        hit = away(held_out, samples[:500].astype(float)).min(1) <= reach
        assert measured["test_coverage"] == pytest.approx(hit.mean())
        assert "test_modes" not in measured
    else:
        classes = [sum(data.train_targets[far.argmin(1)] == kind) for kind in range(10)]
        assert gan.look(model, data).mode_counts.tolist() == classes  # type: ignore[union-attr]
        assert measured["test_modes"] == sum(count >= 5 for count in classes)


def test_sharpness_is_the_variance_of_the_laplacian() -> None:
    images = np.random.default_rng(3).uniform(size=(4, 6, 5))
    values = [
        image[r - 1, c] + image[r + 1, c] + image[r, c - 1] + image[r, c + 1] - 4 * image[r, c]
        for image in images
        for r in range(1, 5)
        for c in range(1, 4)
    ]
    mean = sum(values) / len(values)
    assert gan_measures.sharpness(images) == pytest.approx(sum((one - mean) ** 2 for one in values) / len(values))
    data, model = pair("digits")
    real = gan.scene(GanConfig(dataset="digits"), data)["sharpness_real"]
    assert real == pytest.approx([gan_measures.sharpness(data.test_inputs[:500].reshape(-1, 8, 8))])
    assert gan.look(model, data).sharpness[0] == pytest.approx(  # type: ignore[index]
        gan_measures.sharpness(gan.generate(model, 500).reshape(-1, 8, 8)), rel=1e-5
    )


@pytest.mark.parametrize("game", GAMES)
def test_the_reported_losses_are_those_of_a_forward_pass_by_hand(game: str) -> None:
    data, model = pair(loss=game)
    noise = np.asarray(model.game.noise(2000, gan.EVALUATION))
    fakes = forward(model, "generator", noise)
    np.testing.assert_allclose(gan.generate(model, 2000), fakes, atol=1e-5)
    wanted = losses(game, forward(model, "discriminator", data.test_inputs), forward(model, "discriminator", fakes))
    measured = gan.evaluate(model, data)
    assert measured["test_d_loss"] == pytest.approx(wanted[0].mean(), abs=1e-5)
    assert measured["test_g_loss"] == pytest.approx(wanted[1].mean(), abs=1e-5)
    spread = np.sqrt(fakes.var(0).sum() / data.test_inputs.astype(float).var(0).sum())
    assert measured["test_spread"] == pytest.approx(spread, rel=1e-5)


# ---- what is drawn ----


@pytest.mark.parametrize("game", GAMES)
def test_the_ground_is_the_verdict_at_each_place(game: str) -> None:
    _, model = pair(loss=game)
    found, pitch = gan.heat(model), 2 * PLANE_EXTENT / GAN_HEAT
    scores = np.zeros((GAN_HEAT, GAN_HEAT))
    for row in range(GAN_HEAT):
        for column in range(GAN_HEAT):
            place = np.array([[-PLANE_EXTENT + (column + 0.5) * pitch, PLANE_EXTENT - (row + 0.5) * pitch]])
            scores[row, column] = forward(model, "discriminator", place / PLANE_SCALE)[0, 0]
    if game == "non_saturating":
        wanted = 1 / (1 + np.exp(-scores))
    elif game == "least_squares":
        wanted = np.minimum(np.maximum(scores, 0), 1)
    else:
        wanted = (scores - scores.min()) / (scores.max() - scores.min())
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_the_net_is_an_even_grid_of_normal_quantiles() -> None:
    from scipy.stats import norm

    grid = gan.noise_grid(5)
    assert grid.shape == (GAN_NET**2, 5) and not grid[:, 2:].any()
    for place in (0, 1, 17, 224):
        row, column = divmod(place, GAN_NET)
        shares = [0.02 + 0.96 * one / (GAN_NET - 1) for one in (column, row)]
        np.testing.assert_allclose(grid[place, :2], norm.ppf(shares), rtol=1e-5)
    data, model = pair()
    wanted = forward(model, "generator", gan.noise_grid(3)) * PLANE_SCALE
    np.testing.assert_allclose(np.asarray(gan.look(model, data).net), wanted, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("game", GAMES)
def test_pulls_are_minus_the_gradient_of_the_generators_loss(game: str) -> None:
    _data, model = pair(loss=game)
    fakes = gan.generate(model, 10).astype(float)
    found, step = gan.pulls(model, fakes.astype(np.float32)), 1e-5

    def loss(places: Any) -> Any:
        return losses(game, 0.0, forward(model, "discriminator", places / PLANE_SCALE))[1][:, 0]

    places = fakes * PLANE_SCALE
    slopes = [(loss(places + step * axis) - loss(places - step * axis)) / (2 * step) for axis in np.eye(2)]
    np.testing.assert_allclose(found, -np.stack(slopes, axis=1), rtol=1e-3, atol=1e-5)


def test_the_view_of_images_holds_their_nearest_training_images() -> None:
    data, model = pair("digits")
    view = gan.look(model, data)
    assert view.samples is not None and view.samples.shape == (36, 8, 8)
    far = ((gan.generate(model, 36)[:, None].astype(float) - data.train_inputs[None]) ** 2).sum(2) ** 0.5
    np.testing.assert_array_equal(view.nearest_rows, far.argmin(1)[:12])
    np.testing.assert_allclose(np.asarray(view.nearest_away), far.min(1)[:12], rtol=1e-5)
    twins = np.rint(255 * data.train_inputs[far.argmin(1)[:12]])
    np.testing.assert_array_equal(np.asarray(view.nearest_images).reshape(12, 64), twins)
    seen = gan.generate(model, 36).reshape(36, 8, 8)
    np.testing.assert_allclose(view.samples / 255, seen, atol=0.5 / 31 + 0.5 / 255)


# ---- questions ----


@pytest.mark.parametrize("game", GAMES)
def test_slow_motion_takes_one_step_of_each_and_puts_the_weights_back(game: str) -> None:
    data, model = pair(loss=game)
    before = model.get_weights()
    view = gan.look(model, data, {"slow": 4})
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    losses_seen, rates = view.slow_losses, view.slow_rates
    assert losses_seen is not None and rates is not None
    assert losses_seen[1] < losses_seen[0] and losses_seen[3] < losses_seen[2]
    rows = np.random.default_rng([4, 5]).integers(len(data.train_inputs), size=80)
    noise = model.game.noise(80, (4, 6))
    fakes, real = model.game.generator(noise), tf.constant(data.train_inputs[rows])
    np.testing.assert_allclose(
        np.asarray(view.before_fakes), forward(model, "generator", noise) * PLANE_SCALE, atol=1e-3
    )
    try:
        for place, part in ((0, "discriminator"), (2, "generator")):
            weights = getattr(model.game, part).trainable_variables
            with tf.GradientTape() as tape:
                if place == 0:
                    scores = model.game.discriminator(real), model.game.discriminator(fakes)
                    loss = tf.reduce_mean(discriminator_loss(game, *scores))
                else:
                    loss = tf.reduce_mean(generator_loss(game, model.game.discriminator(model.game.generator(noise))))
            assert float(loss) == pytest.approx(losses_seen[place], abs=1e-5)
            for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
                weight.assign(weight - rates[place // 2] * gradient)
        np.testing.assert_allclose(np.asarray(view.after_heat), gan.heat(model), atol=2e-3)
        np.testing.assert_allclose(np.asarray(view.after_fakes), model.game.generator(noise) * PLANE_SCALE, atol=1e-3)
    finally:
        model.set_weights(before)


def test_a_walk_goes_from_one_noise_to_the_other_along_an_arc() -> None:
    data, model = pair("digits")
    view = gan.look(model, data, {"walk": (1, 2)})
    assert view.walk is not None and view.twins is not None
    ends = [np.asarray(model.game.noise(1, (seed, 8))) for seed in (1, 2)]
    for place, noise in ((0, ends[0]), (-1, ends[1])):
        np.testing.assert_allclose(view.walk[place].ravel(), forward(model, "generator", noise)[0], atol=1e-5)
    for sample, twin in zip(view.walk, view.twins, strict=True):
        far = ((data.train_inputs - sample.ravel()) ** 2).sum(1)
        np.testing.assert_array_equal(twin.ravel(), data.train_inputs[far.argmin()])
    still = gan.look(model, data, {"walk": (3, 3)}).walk
    assert still is not None and np.ptp(still, axis=0).max() < 1e-6


@pytest.mark.parametrize("question", [{"other": 1}, {"walk": 3}, {"slow": None}, {"walk": (1, 2, 3)}])
def test_another_question_is_refused(question: dict[str, Any]) -> None:
    data, model = pair()
    with pytest.raises(ValueError, match=r"ask about|slow motion|unpack"):
        gan.look(model, data, question)


# ---- beside it, and at its end ----


def test_a_normal_mixture_is_the_honest_baseline_on_spots() -> None:
    data, _ = pair()
    found = {(one.name, one.metric): one.value for one in gan.baselines(GanConfig(), data)}
    assert found["Normal mixture", "test_quality"] == pytest.approx(1 - np.exp(-4.5), abs=0.015)
    assert found["Normal mixture", "test_coverage"] == found["Kernel density", "test_coverage"] == 1.0


# ---- large images ----


def test_large_images_are_imitated_and_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up images of Fashion-MNIST's size stand in for a download."""
    generator = np.random.default_rng(0)
    made = [(generator.integers(0, 256, (n, 28, 28), np.uint8), np.arange(n) % 10) for n in (80, 50)]
    monkeypatch.setattr(gan, "downloaded", lambda name, seed, most: from_arrays(name, *made, seed=seed, most=most))
    config = GanConfig(dataset="fashion_mnist", units=8, discriminator_units=8, steps=3, batch_size=8)
    data = gan.load(config)
    model = gan.build(config, data)
    with uncompiled():
        *_, last = gan.train(config, data, model)
    view, fakes = last.view, gan.generate(model, 12)
    assert isinstance(view, GanView) and view.samples is not None and view.samples.shape == (36, 28, 28)
    far = np.sqrt(((fakes[:, None].astype(float) - data.train_inputs[None]) ** 2).sum(2))
    np.testing.assert_array_equal(view.nearest_rows, far.argmin(1))
    np.testing.assert_array_equal(
        np.asarray(view.nearest_images).reshape(12, -1), np.rint(255 * data.train_inputs[far.argmin(1)])
    )
    assert set(last.metrics) >= {"test_quality", "test_coverage", "test_modes", "test_spread"}
    walk = gan.look(model, data, {"walk": (1, 2)})
    assert walk.walk is not None and walk.walk.shape == (12, 28, 28)
