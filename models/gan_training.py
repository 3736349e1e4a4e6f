"""Two networks trained against each other as one compiled loop: a discriminator and a generator.

D gives a score s = D(x), high for real; G turns noise z into a sample. Three games, each a pair of losses:
non-saturating (Goodfellow and others, "Generative adversarial nets", NeurIPS 2014), least squares (Mao and others,
"Least squares generative adversarial networks", ICCV 2017), Wasserstein with gradient penalty (Gulrajani and others,
"Improved training of Wasserstein GANs", NeurIPS 2017).
"""

from dataclasses import dataclass

import keras
import tensorflow as tf

from models.base import Array

KINDS_OF_RANDOM = 4  # streams of random numbers per update: real rows, noise, mixing for the penalty, one in reserve
RANDOM = "philox"  # named, because each device has another default
MOST_UPDATES = 16  # of both networks in one step; bounds the numbering of the random streams


def discriminator_loss(kind: str, real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """Return D's loss of each pair of scores, without penalty: (batch, 1), (batch, 1) -> (batch, 1)."""
    if kind == "least_squares":
        return 0.5 * (real - 1.0) ** 2 + 0.5 * fake**2
    if kind == "wasserstein":
        return fake - real
    return tf.nn.softplus(-real) + tf.nn.softplus(fake)  # -log D(x) - log(1 - D(G(z))), D being a sigmoid of s


def generator_loss(kind: str, fake: tf.Tensor) -> tf.Tensor:
    """Return G's loss of each score: (batch, 1) -> (batch, 1)."""
    if kind == "least_squares":
        return 0.5 * (fake - 1.0) ** 2
    if kind == "wasserstein":
        return -fake
    return tf.nn.softplus(-fake)  # -log D(G(z)): the gradient stays alive where D is sure


def gradient_penalty(discriminator: keras.Model, real: tf.Tensor, fake: tf.Tensor, mixing: tf.Tensor) -> tf.Tensor:
    """Return the mean of (|gradient of D| - 1)^2 between real and generated samples; mixing: (batch, 1) in 0..1."""
    between = mixing * real + (1.0 - mixing) * fake  # (batch, d)
    with tf.GradientTape() as tape:
        tape.watch(between)
        scores = discriminator(between, training=True)
    slopes = tape.gradient(scores, between)  # (batch, d)
    return tf.reduce_mean((tf.sqrt(tf.reduce_sum(slopes**2, axis=1) + 1e-12) - 1.0) ** 2)


@dataclass(frozen=True, eq=False)
class Game:
    """The two networks and the rules between them. penalty: weight of the gradient penalty, Wasserstein only."""

    generator: keras.Model
    discriminator: keras.Model
    loss: str
    penalty: float
    latent: int

    def noise(self, count: int, seed: tuple[int, int]) -> tf.Tensor:
        """Return standard normal noise, the same for the same seed: (count, latent)."""
        return tf.random.stateless_normal([count, self.latent], seed, alg=RANDOM)


class Adversaries:
    """Trains both networks on samples in memory, many steps per call; the loop never comes back to Python.

    real: (n, d) float32. A step is `discriminator_steps` updates of D, each on fresh rows and fresh noise, then
    `generator_steps` updates of G. All random numbers depend on seed and step only: the weights after step n are the
    same however the run was cut into calls.
    """

    def __init__(
        self,
        game: Game,
        real: Array,
        *,
        batch_size: int,
        momentum: float,
        discriminator_steps: int,
        generator_steps: int,
        seed: int,
    ) -> None:
        self.game, self.real, self.batch, self.seed = game, tf.constant(real, tf.float32), batch_size, seed
        self.turns = (discriminator_steps, generator_steps)
        self.for_discriminator = keras.optimizers.Adam(0.0, beta_1=momentum, beta_2=0.999)
        self.for_generator = keras.optimizers.Adam(0.0, beta_1=momentum, beta_2=0.999)
        self.for_discriminator.build(game.discriminator.trainable_variables)
        self.for_generator.build(game.generator.trainable_variables)
        self._steps = tf.function(self._loop, jit_compile=True, autograph=False)

    def warm(self) -> None:
        """Trace and compile without changing a weight: the loop runs for zero steps."""
        self._steps(tf.constant(0), tf.constant(0))

    def run(self, first: int, last: int, generator_rate: float, discriminator_rate: float) -> None:
        """Do the steps first, ..., last - 1 of the run; new learning rates compile nothing."""
        self.for_generator.learning_rate, self.for_discriminator.learning_rate = generator_rate, discriminator_rate
        self._steps(tf.constant(first), tf.constant(last))

    def real_batch(self, step: tf.Tensor, update: int) -> tf.Tensor:
        """Return the real samples of one update of D: (batch, d)."""
        rows = tf.random.stateless_uniform(
            [self.batch], self._stream(step, update, 0), 0, len(self.real), tf.int32, RANDOM
        )
        return tf.gather(self.real, rows)

    def noise_batch(self, step: tf.Tensor, update: int) -> tf.Tensor:
        """Return the noise of one update: (batch, latent). Updates count on from those of D to those of G."""
        return tf.random.stateless_normal([self.batch, self.game.latent], self._stream(step, update, 1), alg=RANDOM)

    def _stream(self, step: tf.Tensor, update: int, kind: int) -> tf.Tensor:
        number = (step * MOST_UPDATES + update) * KINDS_OF_RANDOM + kind
        return tf.stack([tf.constant(self.seed), tf.cast(number, tf.int32)])

    def update_discriminator(self, step: tf.Tensor, update: int) -> tf.Tensor:
        """Do one update of D and return its loss with the penalty."""
        game, real = self.game, self.real_batch(step, update)
        fake = game.generator(self.noise_batch(step, update), training=True)
        with tf.GradientTape() as tape:
            scores = game.discriminator(real, training=True), game.discriminator(fake, training=True)
            loss = tf.reduce_mean(discriminator_loss(game.loss, *scores))
            if game.loss == "wasserstein":
                mixing = tf.random.stateless_uniform([self.batch, 1], self._stream(step, update, 2), alg=RANDOM)
                loss += game.penalty * gradient_penalty(game.discriminator, real, fake, mixing)
        weights = game.discriminator.trainable_variables
        self.for_discriminator.apply(tape.gradient(loss, weights), weights)
        return loss

    def update_generator(self, step: tf.Tensor, update: int) -> tf.Tensor:
        """Do one update of G and return its loss."""
        game = self.game
        with tf.GradientTape() as tape:
            fake = game.generator(self.noise_batch(step, update), training=True)
            loss = tf.reduce_mean(generator_loss(game.loss, game.discriminator(fake, training=True)))
        weights = game.generator.trainable_variables
        self.for_generator.apply(tape.gradient(loss, weights), weights)
        return loss

    def _loop(self, first: tf.Tensor, last: tf.Tensor) -> tf.Tensor:
        def one_step(step: tf.Tensor) -> tuple[tf.Tensor]:
            for update in range(self.turns[0]):
                self.update_discriminator(step, update)
            for update in range(self.turns[0], sum(self.turns)):
                self.update_generator(step, update)
            return (step + 1,)

        (done,) = tf.while_loop(lambda step: step < last, one_step, (first,))
        return done
