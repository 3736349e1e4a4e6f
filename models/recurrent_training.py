"""Training and measuring what reads a sequence step by step; the same for all its cells."""

from collections.abc import Callable, Iterator

import keras
import numpy as np
import tensorflow as tf

from lab.datasets.sequence import IGNORED, SequenceData
from lab.datasets.series import SeriesData
from models.base import Array, Live, Snapshot, View, schedule, steps_of
from models.configs.recurrent import RecurrentConfig
from models.recurrent import from_numbers, numbers
from models.training_loop import CompiledTraining, train_in_chunks

MOMENTS = 40  # recorded of a run
MEASURED = 500  # training sequences by which a run is measured; of the test part all
XLA_FROM = 10_000  # steps in time over a whole run: XLA costs 1.6 s more of compiling and is then 3 times as fast
AT_ONCE = 500  # sequences that go through the network together


def total_steps(config: RecurrentConfig, data: SequenceData) -> int:
    """Return the number of optimizer steps of a complete run."""
    return steps_of(config.epochs, config.batch_size, len(data.train_inputs))


def counted_loss(targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Return the mean cross-entropy of the answers that count, a scalar. targets: int, IGNORED where none does."""
    counts = tf.cast(tf.not_equal(targets, IGNORED), logits.dtype)
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.maximum(tf.cast(targets, tf.int32), 0), logits)
    return tf.reduce_sum(each * counts) / tf.maximum(tf.reduce_sum(counts), 1.0)


def squared_loss(targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """Return the squared errors. targets: (batch,); outputs: (batch, 1)."""
    return tf.square(targets - outputs[:, 0])


def compiled(config: RecurrentConfig, data: SequenceData, model: keras.Model) -> CompiledTraining:
    """Return the training of a model, one loop over steps around one over time; long ones are compiled by XLA."""
    make = keras.optimizers.Adam if config.optimizer == "adam" else keras.optimizers.SGD
    return CompiledTraining(
        model,
        make(config.learning_rate, global_clipnorm=config.clip or None),
        squared_loss if data.task == "regression" else counted_loss,
        data.train_inputs,
        data.loss_targets("train"),
        batch_size=config.batch_size,
        seed=config.seed,
        jit_compile=total_steps(config, data) * data.steps >= XLA_FROM,
    )


def train(
    config: RecurrentConfig,
    data: SequenceData,
    model: keras.Model,
    overview: Callable[[keras.Model, SequenceData, Array], View],
    live: Live | None = None,
) -> Iterator[Snapshot]:
    """Yield the untrained network, again once compiled, then the network at some moments of its training.

    overview(model, data, outputs of the test part) gives the family's view.
    """
    training = compiled(config, data, model)
    marks = schedule(total_steps(config, data), MOMENTS)
    for progress in train_in_chunks(training, marks, live or Live(config.learning_rate)):
        outputs = outputs_of(model, data.test_inputs)
        metrics = evaluate(model, data, outputs)
        yield Snapshot(progress.step, progress.epoch, progress.seconds, metrics, overview(model, data, outputs))


def outputs_of(model: keras.Model, inputs: Array) -> Array:
    """Return logits or standardized values: (n, outputs), or (n, answers, outputs)."""
    if not hasattr(model, "known_outputs"):
        some = model.inputs[0]
        spec = tf.TensorSpec([None, *some.shape[1:]], some.dtype)  # one trace for any number of sequences
        model.known_outputs = tf.function(lambda x: model(x, training=False), input_signature=[spec])
    parts = [inputs[start : start + AT_ONCE] for start in range(0, len(inputs), AT_ONCE)]
    return np.concatenate([np.asarray(model.known_outputs(tf.constant(part))) for part in parts])


# ---- how good it is ----


def evaluate(model: keras.Model, data: SequenceData, test_outputs: Array) -> dict[str, float]:
    """Return the metrics on the first training sequences and on the test part, whose outputs are known."""
    outputs = outputs_of(model, data.train_inputs[:MEASURED])
    targets = data.loss_targets("train")[:MEASURED]
    known = data.loss_targets("test")[: len(test_outputs)]
    metrics = {"train_loss": mean_loss(data, outputs, targets), "test_loss": mean_loss(data, test_outputs, known)}
    if data.task == "classification":
        counts = targets != IGNORED
        metrics["train_accuracy"] = float(np.mean((outputs.argmax(axis=-1) == targets)[counts]))
        metrics["test_accuracy"] = accuracy(data, test_outputs)
        return metrics
    return {**metrics, "train_rmse": train_rmse(data, outputs), **regression_scores(data, test_outputs)}


def regression_scores(data: SequenceData, outputs: Array) -> dict[str, float]:
    """Return error and gain of a regression; a gain of 1 is perfect, 0 no better than the simplest answer.

    test_rmse: in the target's unit. test_gain: of a series, 1 - the error / that of persistence (the last value again);
    else 1 - the squared error / chance.
    """
    if isinstance(data, SeriesData):
        error = rmse(data.forecasts(outputs), data.truth())
        return {"test_rmse": error, "test_gain": 1 - error / rmse(data.before("test"), data.truth())}
    error = rmse(data.original_targets(outputs[:, 0]), data.original_targets(data.test_targets))
    return {"test_rmse": error, "test_gain": 1 - error**2 / data.chance}


def train_rmse(data: SequenceData, outputs: Array) -> float:
    """Return the error on the first training sequences, in the target's unit."""
    if isinstance(data, SeriesData):
        truth = data.truth("train")[: len(outputs)]
        said = np.asarray(outputs[:, 0], np.float64) * data.target_scale + data.target_mean
        return rmse(said + data.before("train")[: len(outputs)] if data.changes else said, truth)
    return rmse(data.original_targets(outputs[:, 0]), data.original_targets(data.train_targets[: len(outputs)]))


def rmse(predicted: Array, truth: Array) -> float:
    """Return the root mean squared error."""
    return float(np.sqrt(np.mean((np.asarray(predicted, np.float64) - truth) ** 2)))


def mean_loss(data: SequenceData, outputs: Array, targets: Array) -> float:
    """Return the mean loss of the answers that count, as it is trained: nats, or squared error."""
    if data.task == "regression":
        return float(np.mean((outputs[:, 0].astype(np.float64) - targets) ** 2))
    counts = targets != IGNORED
    return float(-np.mean(log_probabilities(outputs[counts])[np.arange(counts.sum()), targets[counts]]))


def log_probabilities(logits: Array) -> Array:
    """Return log softmax over the last axis, float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def right(data: SequenceData, outputs: Array) -> Array:
    """Return which answers of the first test sequences are right: bool, of the shape of the targets."""
    return np.asarray(np.nan_to_num(outputs, nan=-np.inf).argmax(axis=-1) == data.test_targets[: len(outputs)])


def accuracy(data: SequenceData, outputs: Array) -> float:
    """Return the share of scored test answers that are right, or of sequences with all of theirs right."""
    found, scored = right(data, outputs), data.scored()[: len(outputs)]
    if data.whole:
        return float(np.mean((found | ~scored).all(axis=1)))
    return float(np.mean(found[scored]))


def accuracy_by_step(data: SequenceData, outputs: Array) -> Array:
    """Return the share right of the counted answers at each step, NaN where none counts: (answer_steps,) float32."""
    found = right(data, outputs).reshape(len(outputs), -1)
    counts = (data.loss_targets("test")[: len(outputs)] != IGNORED).reshape(len(outputs), -1)
    total = counts.sum(axis=0)
    return np.where(total > 0, (found & counts).sum(axis=0) / np.maximum(total, 1), np.nan).astype(np.float32)


# ---- the gradient by lag ----


def asked_places(data: SequenceData) -> Array:
    """Return which answer of each test sequence its gradient is asked of: the last one that is scored, (n,) int32."""
    if data.form == "last":
        return np.zeros(len(data.test_targets), np.int32)
    scored = data.scored()
    return (scored.shape[1] - 1 - scored[:, ::-1].argmax(axis=1)).astype(np.int32)


def gradient_by_step(model: keras.Model, data: SequenceData, rows: Array) -> Array:
    """Return d answer / d input at each step, of some test sequences: (rows, T, d) float32.

    The answer is one number: the output of a regression; the logit of the right class, at the last scored answer.
    """
    if not hasattr(model, "known_gradient"):
        whole = from_numbers(model)

        def gradient(x: tf.Tensor, places: tf.Tensor, truths: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape() as tape:
                tape.watch(x)
                outputs = whole(x, training=False)
                asked = outputs if data.form == "last" else tf.gather(outputs, places, batch_dims=1)
                number = tf.reduce_sum(tf.gather(asked, truths, batch_dims=1))
            return tape.gradient(number, x)

        model.known_gradient = tf.function(gradient, reduce_retracing=True)
    places = asked_places(data)[rows]
    targets = data.test_targets[rows]
    truths = targets if data.form == "last" else targets[np.arange(len(rows)), places]
    truths = np.zeros(len(rows), np.int32) if data.task == "regression" else truths.astype(np.int32)
    known = (tf.constant(one) for one in (numbers(data, data.test_inputs[rows]), places, truths))
    return np.asarray(model.known_gradient(*known))


def gradient_by_lag(data: SequenceData, gradients: Array, rows: Array) -> Array:
    """Return the mean length of the gradient by lag, (T,) float32; lag 0 is the last step read before the answer.

    gradients: (rows, T, d), see `gradient_by_step`; NaN at lags that no sequence has.
    """
    lengths = np.linalg.norm(gradients.astype(np.float64), axis=2)  # (rows, T)
    if data.form != "every":
        return lengths.mean(axis=0)[::-1].astype(np.float32)
    lags = asked_places(data)[rows][:, np.newaxis] - np.arange(data.steps)
    sums, counts = np.zeros(data.steps), np.zeros(data.steps)
    np.add.at(sums, lags[lags >= 0], lengths[lags >= 0])
    np.add.at(counts, lags[lags >= 0], 1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan).astype(np.float32)
