"""LSTM and GRU: gates decide at each step what to keep, what to write and what to show.

The idea: the state is not made anew at each step but kept and added to, c_t = f c_(t-1) + i g; the gates f and i are
small networks themselves, between 0 and 1, and where f is 1 a value and its gradient pass unchanged.
Hochreiter, Schmidhuber, "Long short-term memory", Neural Computation 9 (1997); the forget gate: Gers, Schmidhuber,
Cummins (2000); the GRU: Cho and others, "Learning phrase representations using RNN encoder-decoder" (2014).
What it cannot do: look back. All of the past has to fit into one vector, and each step waits for the one before.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import keras

from lab.datasets.sequence import SequenceData
from models import bottleneck_training, presets, recurrent_training
from models.base import Array, Baseline, Live, Snapshot
from models.bottleneck import encoder_decoder
from models.configs import LstmGruConfig
from models.lstm_gru_look import overview, scenery
from models.lstm_gru_questions import respond
from models.recurrent import answer, read, recurrent_layer
from models.recurrent_baselines import baselines as without_network
from models.recurrent_data import load_sequences
from models.views import LstmGruView

MOST_THREADS = 1  # the products of one step are small: threads would only wait for each other


def load(config: LstmGruConfig) -> SequenceData:
    """Return the sequences the settings ask for. Raises UnfitData where they cannot be had."""
    return load_sequences(config)


def build(config: LstmGruConfig, data: SequenceData) -> keras.Model:
    """Return the network; its output are logits, or one standardized value."""
    keras.utils.set_random_seed(config.seed)
    if data.form == "sequence":  # an encoder, a decoder, and one vector between them, or attention
        cell = "simple" if config.cell == "irnn" else config.cell
        return encoder_decoder(cell, data.outputs, config.units, config.attention, config.seed)
    inputs, x = read(data)  # (batch, T, d)
    for number in range(1, config.layers + 1):
        goes_on = number < config.layers or data.form == "every"  # all states, or only the last one
        x = layer(config, data, number, goes_on)(x)  # (batch, T, units) or (batch, units)
    return keras.Model(inputs, answer(data, x), name="lstm_gru")


def layer(config: LstmGruConfig, data: SequenceData, number: int, sequences: bool) -> Any:
    """Return one recurrent layer of the chosen cell, with its gates' first biases."""
    return recurrent_layer(
        config.cell,
        config.units,
        name=f"{config.cell}_{number}",
        sequences=sequences,
        truncation=config.truncation,
        both_ways=config.both_ways,
        forget_bias=config.forget_bias if config.cell == "lstm" else 0.0,
        chrono=config.chrono,
        longest=data.steps,
        seed=config.seed,
    )


def total_steps(config: LstmGruConfig, data: SequenceData) -> int:
    """Return the number of optimizer steps of a complete run."""
    return recurrent_training.total_steps(config, data)


def train(
    config: LstmGruConfig, data: SequenceData, model: keras.Model, live: Live | None = None
) -> Iterator[Snapshot]:
    """Yield the untrained network, again once compiled, then the network at some moments of its training."""
    if data.form == "sequence":
        return bottleneck_training.train(config, data, model, overview, live)
    return recurrent_training.train(config, data, model, overview, live)


def scene(config: LstmGruConfig, data: SequenceData) -> Mapping[str, Array]:
    """Return what training does not change; see models.lstm_gru_look.scenery."""
    return scenery(data)


def look(model: keras.Model, data: SequenceData, question: Mapping[str, Any] | None = None) -> LstmGruView:
    """Return the view of a network, or only the answer to a question (see models.lstm_gru_questions.respond)."""
    if question:
        return respond(model, data, question)
    if data.form == "sequence":
        return overview(model, data, bottleneck_training.test_outputs(model, data))
    return overview(model, data, recurrent_training.outputs_of(model, data.test_inputs))


def baselines(config: LstmGruConfig, data: SequenceData) -> list[Baseline]:
    """Return what is reached without a network on the same split: chance, tables, and for series AR(p)."""
    return without_network(data, seed=config.seed)


FAILURES = presets.FAILURES["lstm_gru"]
