"""The two halves of a trained autoencoder, to be asked by themselves: inputs to codes, codes to outputs."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from models.autoencoder_layers import Sampling
from models.base import Array

AT_ONCE = 2000  # examples that go through together: all of a large set would need gigabytes


class Coder:
    """Encoder and decoder of a model by themselves, compiled once."""

    def __init__(self, model: keras.Model) -> None:
        code = model.get_layer("code")
        self.variational = isinstance(code, Sampling)
        spread = [model.get_layer("code_log_variance").output] if self.variational else []
        through = keras.Model(model.inputs, [model.outputs[0], code.output, *spread])
        drawn = keras.Model(model.inputs, [code.output, *(one.output for one in model.layers if _is_drawn(one))])
        after = model.layers[model.layers.index(code) + 1 :]
        self._through = tf.function(lambda x: through(x, training=False), reduce_retracing=True)
        self._drawn = tf.function(lambda x: drawn(x, training=False), reduce_retracing=True)

        def decoded(x: Any) -> Any:
            for layer in after:
                x = layer(x)
            return x

        self._decode = tf.function(decoded, reduce_retracing=True)

    def through(self, inputs: Array) -> tuple[Array, Array, Array | None]:
        """Return outputs (n, d), codes (n, k), and their log variances (n, k) if variational; None otherwise."""
        blocks = [inputs[start : start + AT_ONCE] for start in range(0, len(inputs), AT_ONCE)]
        found = [[np.asarray(one) for one in self._through(tf.constant(block, tf.float32))] for block in blocks]
        outputs, codes, *spread = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return outputs, codes, spread[0] if spread else None

    def layers(self, example: Array) -> tuple[Array, list[Array]]:
        """Return the code and what every drawn layer says of one example (1, d), in the order of the layers."""
        code, *drawn = (np.asarray(one) for one in tf.nest.flatten(self._drawn(tf.constant(example, tf.float32))))
        return code, drawn

    def decode(self, codes: Array) -> Array:
        """Return what codes (n, k) are decoded to: (n, d)."""
        return np.asarray(self._decode(tf.constant(codes, tf.float32)))


def _is_drawn(layer: Any) -> bool:
    return layer.name.startswith(("encoder_", "decoder_", "maps"))


def coder(model: keras.Model) -> Coder:
    """Return the two halves of a model; made once and kept with it."""
    if not hasattr(model, "halves"):
        model.halves = Coder(model)
    halves: Coder = model.halves
    return halves
