"""The compiled loop does what `Model.fit` does on the same batches, reproducibly, however the run is cut."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from models.base import Array, Live, schedule
from models.training_loop import CompiledTraining, train_in_chunks

EXAMPLES, BATCH = 22, 5  # four full batches an epoch; two examples are dropped
Build = Callable[[], keras.Model]


def network(shape: tuple[int, ...], *inner: layers.Layer) -> keras.Model:
    """Chain layers after an input of that shape."""
    inputs = outputs = keras.Input(shape)
    for layer in inner:
        outputs = layer(outputs)
    return keras.Model(inputs, outputs)


def dense() -> keras.Model:
    return network((3,), layers.Dense(5, "tanh"), layers.Dense(2))


def convolution() -> keras.Model:
    convolved = layers.Conv2D(3, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten()
    return network((6, 6, 1), *convolved, layers.Dense(2))


def recurrent() -> keras.Model:
    return network((4, 3), layers.LSTM(3), layers.Dense(2))


def normalized() -> keras.Model:
    # No bias before the normalization: it would have no gradient but rounding errors, which Adam scales up to steps.
    hidden = layers.Dense(5, use_bias=False), layers.BatchNormalization(), layers.Activation("relu")
    return network((3,), *hidden, layers.Dense(2))


def penalized() -> keras.Model:
    return network((3,), layers.Dense(5, "tanh", kernel_regularizer="l2", activity_regularizer="l1"), layers.Dense(2))


def dropped() -> keras.Model:
    return network((3,), layers.Dense(16, "tanh"), layers.Dropout(0.5, seed=3), layers.Dense(2))


def data(shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Return seeded features (examples, *shape) and targets (examples, 2)."""
    generator = np.random.default_rng(7)
    features = generator.normal(size=(EXAMPLES, *shape)).astype(np.float32)
    return features, generator.normal(size=(EXAMPLES, 2)).astype(np.float32)


def training_of(
    build: Build, optimizer: Any = None, *, seed: int = 0, jit_compile: bool = False, batch_size: int = BATCH
) -> CompiledTraining:
    keras.utils.set_random_seed(1)
    model = build()
    features, targets = data(model.input_shape[1:])
    return CompiledTraining(
        model,
        optimizer or keras.optimizers.Adam(),
        keras.losses.MeanSquaredError(),
        features,
        targets,
        batch_size=batch_size,
        seed=seed,
        jit_compile=jit_compile,
    )


def state(training: CompiledTraining) -> list[Array]:
    """Return copies of all weights, moving statistics, dropout seeds and optimizer variables."""
    variables = [*training.model.variables, *training.optimizer.variables]
    return [variable.numpy().copy() for variable in variables]


def equal(one: Sequence[Array], other: Sequence[Array]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def fit_on_the_same_batches(training: CompiledTraining, optimizer: Any, epochs: int) -> tuple[keras.Model, float]:
    """Replay the loop's order of examples through `Model.fit`; return the model and its last epoch's loss."""
    reference = keras.models.clone_model(training.model)
    reference.set_weights(training.model.get_weights())
    reference.compile(optimizer, keras.losses.MeanSquaredError())
    features, targets = data(training.model.input_shape[1:])
    used = training.steps_per_epoch * training.batch_size
    for epoch in range(epochs):
        order = training.order(epoch)[:used]
        history = reference.fit(features[order], targets[order], training.batch_size, shuffle=False, verbose=0)
    return reference, history.history["loss"][-1]


OPTIMIZERS: dict[str, Callable[[], keras.optimizers.Optimizer]] = {
    "sgd": lambda: keras.optimizers.SGD(0.1),
    "momentum": lambda: keras.optimizers.SGD(0.05, momentum=0.9),
    "adam": lambda: keras.optimizers.Adam(0.01),
    "adamw, clipped": lambda: keras.optimizers.AdamW(0.01, global_clipnorm=0.1),
}
CASES = [(dense, name, False) for name in OPTIMIZERS] + [
    (dense, "adam", True),
    (convolution, "momentum", False),
    (recurrent, "adam", False),
    (recurrent, "adam", True),
    (normalized, "sgd", False),
    (normalized, "adam", True),
    (penalized, "sgd", False),
]


@pytest.mark.parametrize(("build", "name", "jit_compile"), CASES)
def test_gives_the_weights_of_fit(build: Build, name: str, jit_compile: bool) -> None:
    training = training_of(build, OPTIMIZERS[name](), jit_compile=jit_compile)
    optimizer = OPTIMIZERS[name]()
    reference, loss_of_fit = fit_on_the_same_batches(training, optimizer, epochs=3)
    before = training.model.get_weights()
    steps = training.steps_per_epoch
    training.run(0, 2 * steps, float(optimizer.learning_rate))
    loss = training.run(2 * steps, 3 * steps, float(optimizer.learning_rate))
    assert loss == pytest.approx(loss_of_fit, abs=1e-5)
    for ours, theirs, first in zip(training.model.get_weights(), reference.get_weights(), before, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
        assert not np.allclose(ours, first, atol=1e-4), "a weight that did not move proves nothing"
    assert int(training.optimizer.iterations) == 3 * steps


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("build", [dropped, normalized])
def test_does_not_depend_on_how_the_run_is_cut(build: Build, jit_compile: bool) -> None:
    results = []
    for cuts in ([0, 11], [0, 1, 2, 7, 8, 11]):
        training = training_of(build, jit_compile=jit_compile)
        training.warm()
        losses = [(last - first) * training.run(first, last, 0.01) for first, last in pairwise(cuts)]
        results.append((state(training), sum(losses)))
    assert equal(results[0][0], results[1][0])
    assert results[0][1] == pytest.approx(results[1][1], rel=1e-12)


def test_the_seed_decides() -> None:
    trainings = [training_of(dense, seed=seed) for seed in (4, 4, 5)]
    losses = [training.run(0, 9, 0.01) for training in trainings]
    assert losses[0] == losses[1] != losses[2]
    assert equal(state(trainings[0]), state(trainings[1]))
    assert not equal(state(trainings[0]), state(trainings[2]))


def test_every_epoch_visits_all_examples_in_a_new_order() -> None:
    training = training_of(dense)
    orders = [training.order(epoch) for epoch in range(3)]
    for order in orders:
        assert sorted(order) == list(range(EXAMPLES))
    assert len({tuple(order) for order in orders}) == 3
    assert equal(orders, [training.order(epoch) for epoch in range(3)])


@pytest.mark.parametrize("build", [dropped, normalized])
def test_warming_up_changes_nothing_and_leaves_nothing_to_compile(build: Build) -> None:
    training = training_of(build)
    before = state(training)
    training.warm()
    assert equal(before[:-2], state(training)[:-2])
    assert int(training.optimizer.iterations) == 0
    for bounds in ((0, 3), (3, 4), (4, 12)):
        training.run(*bounds, learning_rate=0.01 * bounds[1])
    assert training.times_traced == 1


def test_dropout_differs_from_step_to_step() -> None:
    training = training_of(dropped, keras.optimizers.SGD(), batch_size=EXAMPLES)
    losses = [training.run(step, step + 1, 0.0) for step in range(4)]
    assert len(set(losses)) == 4, "with a learning rate of 0 only the dropped units differ"


def test_batch_normalization_follows_the_data() -> None:
    training = training_of(normalized)
    mean = training.model.layers[2].moving_mean
    training.run(0, 3, 0.0)
    assert np.abs(mean.numpy()).min() > 0


def test_the_learning_rate_may_change_during_the_run() -> None:
    training = training_of(dense, keras.optimizers.SGD())
    training.run(0, 2, 0.0)
    unmoved = training.model.get_weights()
    assert equal(unmoved, training_of(dense).model.get_weights())
    training.run(2, 4, 0.1)
    assert not equal(unmoved, training.model.get_weights())


def test_a_batch_larger_than_the_data_uses_all_of_it() -> None:
    training = training_of(dense, keras.optimizers.SGD(), batch_size=1000)
    features, targets = data((3,))
    expected = np.mean((np.asarray(training.model(features)) - targets) ** 2)
    assert (training.steps_per_epoch, training.batch_size) == (1, EXAMPLES)
    assert training.run(0, 1, 0.0) == pytest.approx(expected, rel=1e-5)


def test_takes_arrays_of_double_precision_and_a_loss_of_ones_own() -> None:
    training, (features, targets) = training_of(dense), data((3,))
    twin = keras.models.clone_model(training.model)
    twin.set_weights(training.model.get_weights())
    double = features.astype(np.float64), targets.astype(np.float64)

    def squared(targets: Any, predictions: Any) -> Any:
        return (targets - predictions) ** 2

    other = CompiledTraining(twin, keras.optimizers.Adam(), squared, *double, batch_size=BATCH, seed=0)
    assert training.run(0, 5, 0.01) == pytest.approx(other.run(0, 5, 0.01), rel=1e-5)


def test_divergence_is_seen_by_the_caller() -> None:
    training = training_of(dense, keras.optimizers.SGD())
    assert not np.isfinite(training.run(0, 40, 1e30))


def test_several_inputs_are_shuffled_together() -> None:
    one, two = keras.Input((1,)), keras.Input((1,))
    difference = layers.Subtract()([one, two])
    model = keras.Model([one, two], layers.Dense(1, kernel_initializer="ones")(difference))
    numbers = np.arange(EXAMPLES, dtype=np.float32)[:, None]
    loss, optimizer = keras.losses.MeanSquaredError(), keras.optimizers.SGD()
    arrays = (numbers + 3, numbers), np.full_like(numbers, 3)
    training = CompiledTraining(model, optimizer, loss, *arrays, batch_size=BATCH, seed=0)
    assert training.run(0, 8, 0.1) == 0.0, "the difference is 3 only if both inputs come from the same example"


def test_chunks_report_the_untrained_network_then_the_compiled_one_then_every_mark() -> None:
    training, live = training_of(dense, keras.optimizers.SGD()), Live(learning_rate=0.0)
    marks = schedule(12, count=5)
    progress = train_in_chunks(training, marks, live)
    first, traced_before_the_first_picture = next(progress), training.times_traced
    ready, traced_when_ready = next(progress), training.times_traced
    assert (traced_before_the_first_picture, traced_when_ready) == (0, 1)
    assert (first.step, first.seconds, ready.step, ready.seconds) == (0, 0.0, 0, 0.0)
    assert np.isnan(first.train_loss)
    before = training.model.get_weights()
    still = next(progress)
    assert equal(before, training.model.get_weights())
    live.learning_rate = 0.1
    rest = list(progress)
    assert not equal(before, training.model.get_weights())
    assert [item.step for item in (still, *rest)] == marks[1:]
    assert rest[-1].epoch == 3.0
    assert 0 < still.seconds < rest[-1].seconds
