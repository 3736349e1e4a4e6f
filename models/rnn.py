"""Recurrent network: one small network for every step, which hands its state on to itself.

The idea: at each step the state is made from the new input and the state before, h_t = f(W x_t + U h_(t-1) + b), always
with the same weights; so a sequence of any length fits, and the state is all that is known of the past.
Elman, "Finding structure in time", Cognitive Science 14 (1990); Rumelhart, Hinton, Williams, "Learning representations
by back-propagating errors", Nature 323 (1986).
What it cannot do: keep things for long, because the gradient passes U at every step and shrinks or grows each time
(Bengio, Simard, Frasconi, 1994); nor read in parallel, since each step waits for the one before.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import keras

from lab.datasets.sequence import SequenceData
from models import presets, recurrent_training
from models.base import Array, Baseline, Live, Snapshot
from models.configs import RnnConfig
from models.recurrent import CutCell, answer, read
from models.recurrent_baselines import baselines as without_network
from models.recurrent_data import load_sequences
from models.rnn_look import overview, scenery
from models.rnn_questions import respond
from models.views import RnnView

MOST_THREADS = 1  # the products of one step are small: threads would only wait for each other


def load(config: RnnConfig) -> SequenceData:
    """Return the sequences the settings ask for. Raises UnfitData where they cannot be had."""
    return load_sequences(config)


def build(config: RnnConfig, data: SequenceData) -> keras.Model:
    """Return the network; its output are logits, or one standardized value."""
    keras.utils.set_random_seed(config.seed)
    inputs, x = read(data)  # (batch, T, d)
    for number in range(1, config.layers + 1):
        goes_on = number < config.layers or data.form == "every"  # all states, or only the last one
        x = layer(config, f"rnn_{number}", goes_on)(x)  # (batch, T, units) or (batch, units)
    write = layer(config, "write", True) if data.form == "sequence" else None
    return keras.Model(inputs, answer(data, x, write), name="rnn")


def layer(config: RnnConfig, name: str, sequences: bool) -> Any:
    """Return one recurrent layer: h_t = f(W x_t + U h_(t-1) + b)."""
    cell = {"activation": config.activation, "recurrent_initializer": config.initialization}
    if not config.truncation:
        return keras.layers.SimpleRNN(config.units, return_sequences=sequences, name=name, **cell)
    cut = CutCell(keras.layers.SimpleRNNCell(config.units, **cell), config.truncation)
    return keras.layers.RNN(cut, return_sequences=sequences, name=name)


def total_steps(config: RnnConfig, data: SequenceData) -> int:
    """Return the number of optimizer steps of a complete run."""
    return recurrent_training.total_steps(config, data)


def train(config: RnnConfig, data: SequenceData, model: keras.Model, live: Live | None = None) -> Iterator[Snapshot]:
    """Yield the untrained network, again once compiled, then the network at some moments of its training."""
    return recurrent_training.train(config, data, model, overview, live)


def scene(config: RnnConfig, data: SequenceData) -> Mapping[str, Array]:
    """Return what training does not change; see models.rnn_look.scenery."""
    return scenery(data)


def look(model: keras.Model, data: SequenceData, question: Mapping[str, Any] | None = None) -> RnnView:
    """Return the view of a network, or only the answer to a question (see models.rnn_questions.respond)."""
    if question:
        return respond(model, data, question)
    return overview(model, data, recurrent_training.outputs_of(model, data.test_inputs))


def baselines(config: RnnConfig, data: SequenceData) -> list[Baseline]:
    """Return what is reached without a network on the same split: chance, tables, and for series AR(p)."""
    return without_network(data, seed=config.seed)


FAILURES = presets.FAILURES["rnn"]
