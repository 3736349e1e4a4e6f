"""Encoder and decoder for reversing letters: all that was read has to pass through one vector, or attention looks back.

The encoder reads T letters; its last state is all that the plain decoder gets (Cho and others, 2014; Sutskever,
Vinyals, Le, "Sequence to sequence learning with neural networks", 2014). With attention the decoder compares its state
with every state of the encoder and gets their weighted mean besides: by an additive score (Bahdanau, Cho, Bengio,
"Neural machine translation by jointly learning to align and translate", 2015) or by a product (Luong, Pham, Manning,
"Effective approaches to attention-based neural machine translation", 2015). Both stand where Luong put them, behind the
decoder's cell, so that they differ in the score alone.

n: sequences; T: letters of a sequence; L: letters of the alphabet; u: units.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from models.base import Array

CELLS = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "simple": keras.layers.SimpleRNN}
EMBEDDING = 8  # numbers that stand for a letter


def encoder_decoder(cell: str, letters: int, units: int, attention: str, seed: int) -> keras.Model:
    """Return the network: (letters read, letters written so far), both (n, T), to logits of the next one (n, T, L).

    cell: of CELLS; attention: "none", "additive" or "product". The symbol `letters` begins what is written.
    """
    keras.utils.set_random_seed(seed)
    read = keras.Input((None,), dtype="int32", name="read")
    written = keras.Input((None,), dtype="int32", name="written")
    seen = keras.layers.Embedding(letters, EMBEDDING, name="letters_read")(read)
    told = keras.layers.Embedding(letters + 1, EMBEDDING, name="letters_written")(written)
    states, *last = CELLS[cell](units, return_sequences=True, return_state=True, name="encoder")(seen)  # (n, T, u)
    decoded = CELLS[cell](units, return_sequences=True, name="decoder")(told, initial_state=last)  # (n, T, u)
    if attention != "none":
        context = attend(attention, decoded, states, units)  # (n, T, u)
        joined = keras.layers.Concatenate(name="joined")([decoded, context])
        decoded = keras.layers.Dense(units, activation="tanh", name="looked_up")(joined)
    return keras.Model([read, written], keras.layers.Dense(letters, name="output")(decoded), name="encoder_decoder")


def attend(kind: str, decoded: Any, states: Any, units: int) -> Any:
    """Return for each state of the decoder (n, T, u) the mean of the encoder's (n, T, u), weighted by their score."""
    if kind == "product":
        keys = keras.layers.Dense(units, use_bias=False, name="keys")(states)
        return keras.layers.Attention(name="attention")([decoded, states, keys])
    keys = keras.layers.Dense(units, use_bias=False, name="keys")(states)
    queries = keras.layers.Dense(units, name="queries")(decoded)
    return keras.layers.AdditiveAttention(name="attention")([queries, states, keys])


def units_for(cell: str, letters: int, attention: str, parameters: int) -> int:
    """Return the units with which a network comes nearest to so many parameters."""
    return min(range(2, 257), key=lambda units: abs(parameters_of(cell, letters, units, attention) - parameters))


def parameters_of(cell: str, letters: int, units: int, attention: str) -> int:
    """Return the number of parameters, counted by hand: two embeddings, two cells, attention, output."""
    blocks = {"lstm": 4, "gru": 3, "simple": 1}[cell]
    biases = 2 if cell == "gru" else 1
    one_cell = blocks * (units * (units + EMBEDDING) + biases * units)
    scored = {"none": 0, "product": units**2, "additive": 2 * units**2 + 2 * units}[attention]  # keys, queries, scale
    joined = 0 if attention == "none" else 2 * units * units + units
    return (2 * letters + 1) * EMBEDDING + 2 * one_cell + scored + joined + units * letters + letters


def shifted(targets: Array, letters: int) -> Array:
    """Return what has been written before each answer (n, T): the begin symbol, then all answers but the last."""
    begin = np.full((len(targets), 1), letters, np.int32)
    return np.concatenate([begin, targets[:, :-1].astype(np.int32)], axis=1)


def written_freely(model: keras.Model, read: Array, length: int) -> Array:
    """Return the logits of each answer while the network writes by itself, always the likeliest letter: (n, length, L).

    read: (n, T) tokens. The decoder's cell is called step by step, so that nothing is computed twice.
    """
    states, *state = model.get_layer("encoder")(model.get_layer("letters_read")(read))  # (n, T, u), the last states
    letters, found = int(model.output.shape[-1]), []
    letter = tf.fill([len(read)], letters)  # the begin symbol
    for _ in range(length):
        told = model.get_layer("letters_written")(letter)
        decoded, state = model.get_layer("decoder").cell(told, state)
        logits = _said(model, decoded[:, tf.newaxis], states)  # (n, 1, L)
        letter = tf.argmax(logits[:, 0], axis=-1, output_type=tf.int32)
        found.append(logits)
    return np.concatenate([np.asarray(one) for one in found], axis=1)


def _said(model: keras.Model, decoded: tf.Tensor, states: tf.Tensor) -> tf.Tensor:
    """Return the logits for states of the decoder (n, k, u), with what attention finds in the encoder's (n, T, u)."""
    names = {layer.name for layer in model.layers}
    if "attention" in names:
        keys = model.get_layer("keys")(states)
        queries = model.get_layer("queries")(decoded) if "queries" in names else decoded
        context = model.get_layer("attention")([queries, states, keys])
        decoded = model.get_layer("looked_up")(tf.concat([decoded, context], axis=-1))
    return model.get_layer("output")(decoded)


def alignment(model: keras.Model, read: Array, written: Array) -> Array | None:
    """Return how much each answer looks at each letter read, (n, answers, T), rows of sum 1; None without attention.

    written: (n, answers), what stood before each answer (see `shifted`).
    """
    names = {layer.name for layer in model.layers}
    if "attention" not in names:
        return None
    layer = model.get_layer("attention")
    parts = keras.Model(model.inputs, layer.input)([tf.constant(read), tf.constant(written)])
    _, weights = layer(parts, return_attention_scores=True)
    return np.asarray(weights)
