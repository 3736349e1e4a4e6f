"""Training and measuring an encoder and a decoder: taught with the true letters before, measured writing freely."""

from collections.abc import Callable, Iterator

import keras
import numpy as np
import tensorflow as tf

from lab.datasets.sequence import SequenceData
from models.base import Array, Live, Snapshot, View, schedule
from models.bottleneck import shifted, written_freely
from models.configs.lstm_gru import LstmGruConfig
from models.recurrent_training import MEASURED, counted_loss, mean_loss, total_steps
from models.training_loop import CompiledTraining, train_in_chunks

MOMENTS = 24  # recorded of a run
TESTED = 200  # test sequences that are written freely at each moment


def compiled(config: LstmGruConfig, data: SequenceData, model: keras.Model) -> CompiledTraining:
    """Return the training of a model; without XLA, which takes five times as long to compile two loops over time."""
    make = keras.optimizers.Adam if config.optimizer == "adam" else keras.optimizers.SGD
    return CompiledTraining(
        model,
        make(config.learning_rate, global_clipnorm=config.clip or None),
        counted_loss,
        (data.train_inputs, shifted(data.train_targets, data.outputs)),
        data.train_targets,
        batch_size=config.batch_size,
        seed=config.seed,
    )


def train(
    config: LstmGruConfig,
    data: SequenceData,
    model: keras.Model,
    overview: Callable[[keras.Model, SequenceData, Array], View],
    live: Live | None = None,
) -> Iterator[Snapshot]:
    """Yield the untrained network, again once compiled, then the network at some moments of its training."""
    training = compiled(config, data, model)
    marks = schedule(total_steps(config, data), MOMENTS)
    for progress in train_in_chunks(training, marks, live or Live(config.learning_rate)):
        outputs = test_outputs(model, data)
        metrics = evaluate(model, data, outputs)
        yield Snapshot(progress.step, progress.epoch, progress.seconds, metrics, overview(model, data, outputs))


def test_outputs(model: keras.Model, data: SequenceData) -> Array:
    """Return the logits of the first test sequences, written freely: (TESTED or fewer, T, letters)."""
    return outputs_of(model, data.test_inputs[:TESTED])


def outputs_of(model: keras.Model, read: Array) -> Array:
    """Return the logits of each answer while the network writes freely: (n, T, letters)."""
    return written_freely(model, read, read.shape[1])


def taught_outputs(model: keras.Model, read: Array, before: Array) -> Array:
    """Return the logits of each answer where the letters before are given: (n, T, letters)."""
    if not hasattr(model, "known_outputs"):
        spec = tf.TensorSpec([None, None], tf.int32)
        model.known_outputs = tf.function(lambda x, y: model([x, y], training=False), input_signature=[spec, spec])
    return np.asarray(model.known_outputs(tf.constant(read), tf.constant(before)))


def evaluate(model: keras.Model, data: SequenceData, free: Array) -> dict[str, float]:
    """Return losses with the true letters before, and the shares right of what is written freely.

    free: (n, T, letters) logits of the first test sequences, writing freely. test_whole: share of whole sequences.
    """
    metrics = {}
    for part in ("train", "test"):
        read, targets = getattr(data, f"{part}_inputs")[:MEASURED], getattr(data, f"{part}_targets")[:MEASURED]
        taught = taught_outputs(model, read, shifted(targets, data.outputs))
        metrics[f"{part}_loss"] = mean_loss(data, taught, targets)
        if part == "train":
            metrics["train_accuracy"] = float(np.mean(taught.argmax(axis=-1) == targets))
    right = free.argmax(axis=-1) == data.test_targets[: len(free)]
    return {**metrics, "test_accuracy": float(right.mean()), "test_whole": float(right.all(axis=1).mean())}
