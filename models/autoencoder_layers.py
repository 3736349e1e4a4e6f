"""The layer that makes an autoencoder variational: a code is drawn at random around its place.

Kingma and Welling, "Auto-encoding variational Bayes" (2013), section 2.4: drawing as mean + deviation x noise lets the
gradient through. The weight of the divergence as a setting: Higgins and others, "beta-VAE" (ICLR 2017).
"""

from typing import Any

import keras


@keras.saving.register_keras_serializable("road")
class Sampling(keras.layers.Layer):
    """Means and log variances, (batch, k) each, to one code per example, (batch, k); outside training to the means.

    Adds weight x KL(N(mean, variance) || N(0, 1)) to the loss: summed over the code, averaged over the batch.
    """

    def __init__(self, weight: float, **named: Any) -> None:
        super().__init__(**named)
        self.weight = weight
        self.noise = keras.random.SeedGenerator()

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the code, (batch, k)."""
        mean, log_variance = inputs
        divergence = 0.5 * (keras.ops.square(mean) + keras.ops.exp(log_variance) - 1.0 - log_variance)  # (batch, k)
        self.add_loss(self.weight * keras.ops.mean(keras.ops.sum(divergence, axis=-1)))
        if not training:
            return mean
        return mean + keras.ops.exp(0.5 * log_variance) * keras.random.normal(keras.ops.shape(mean), seed=self.noise)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the means."""
        return input_shape[0]
