"""Steps per second of an adversarial network on one core: this app's compiled loop beside `Model.fit`.

Ring of eight spots, the page's defaults: two hidden layers of 64 on each side, batches of 64, one update of D and one
of G to a step, Adam; and the same with batches of 256, whose products alone fill a core, so that the gain is smaller.
Part of `python -m benchmarks training`. The other contestant is the same pair written as Keras's guide does it: a
`keras.Model` with a `train_step` per batch, trained by `fit` on a shuffled `tf.data` set. Each lives in its own process
on the same core and they take turns. As a check each tells how many of the eight modes it covers after the same number
of steps.

Alone: `python -m benchmarks.training_gan "our loop, 64" 0`.
"""

import json
import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

WAYS, BATCHES = ("our loop", "Model.fit"), (64, 256)  # the first is the default of the page
NAMES = tuple(f"{way}, {batch}" for batch in BATCHES for way in WAYS)
RATE, MOMENTUM, CHECK_STEPS = 0.001, 0.5, 4000
STEPS = {"our loop": 500, "Model.fit": 30}  # between two looks at the clock
Measured = dict[str, dict[str, Any]]


def start() -> tuple[Any, Any]:
    """Return the data and the untrained pair, the same for both."""
    from models import gan
    from models.configs import GanConfig

    config = GanConfig()
    data = gan.load(config)
    return data, gan.build(config, data)


def ours(data: Any, model: Any, batch: int) -> Callable[[int], None]:
    """Return a function that trains for so many steps with this app's loop."""
    from models.gan_training import Adversaries

    training = Adversaries(
        model.game, data.train_inputs, batch_size=batch, momentum=MOMENTUM,
        discriminator_steps=1, generator_steps=1, seed=0,
    )  # fmt: skip
    done = 0

    def train(steps: int) -> None:
        nonlocal done
        training.run(done, done + steps, RATE, RATE)
        done += steps

    return train


def by_fit(data: Any, model: Any, batch: int) -> Callable[[int], None]:
    """Return the same with `fit` and a `train_step`, as in "DCGAN to generate face images" on keras.io."""
    import keras
    import tensorflow as tf

    class Usual(keras.Model):
        def __init__(self, generator: Any, discriminator: Any, latent: int) -> None:
            super().__init__()
            self.generator, self.discriminator, self.latent = generator, discriminator, latent
            self.judging = keras.losses.BinaryCrossentropy(from_logits=True)

        def compile(self, for_discriminator: Any, for_generator: Any) -> None:
            super().compile()
            self.for_discriminator, self.for_generator = for_discriminator, for_generator

        def train_step(self, real: Any) -> dict[str, Any]:
            count = tf.shape(real)[0]
            fake = self.generator(tf.random.normal((count, self.latent)))
            with tf.GradientTape() as tape:
                real_scores, fake_scores = self.discriminator(real), self.discriminator(fake)
                d_loss = self.judging(tf.ones((count, 1)), real_scores) + self.judging(
                    tf.zeros((count, 1)), fake_scores
                )
            weights = self.discriminator.trainable_weights
            self.for_discriminator.apply_gradients(zip(tape.gradient(d_loss, weights), weights, strict=True))
            noise = tf.random.normal((count, self.latent))
            with tf.GradientTape() as tape:
                g_loss = self.judging(tf.ones((count, 1)), self.discriminator(self.generator(noise)))
            weights = self.generator.trainable_weights
            self.for_generator.apply_gradients(zip(tape.gradient(g_loss, weights), weights, strict=True))
            return {"d_loss": d_loss, "g_loss": g_loss}

    pair = Usual(model.game.generator, model.game.discriminator, model.game.latent)
    pair.compile(keras.optimizers.Adam(RATE, beta_1=MOMENTUM), keras.optimizers.Adam(RATE, beta_1=MOMENTUM))
    rows = tf.data.Dataset.from_tensor_slices(data.train_inputs).shuffle(len(data.train_inputs))
    batches = rows.batch(batch, drop_remainder=True).repeat().prefetch(2)

    def train(steps: int) -> None:
        pair.fit(batches, steps_per_epoch=steps, epochs=1, verbose=0)

    return train


def contestant(name: str) -> tuple[Callable[[int], None], Callable[[], float]]:
    """Return how the contestant of this name trains, and how many modes it covers. Raises KeyError for another name."""
    from models import gan

    data, model = start()
    way, _, batch = name.partition(", ")
    train = {"our loop": ours, "Model.fit": by_fit}[way](data, model, int(batch))
    return train, lambda: gan.evaluate(model, data)["test_modes"]


def compare(process: Callable[..., Any], rounds: int, seconds: float, core: int) -> Measured:
    """Return by contestant the rates of all rounds and what its process reported; process starts one of them."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        running = {
            name: stack.enter_context(process("gan", name, core, module="benchmarks.training_gan")) for name in NAMES
        }
        for _ in range(rounds):
            for one in running.values():
                one.take_turn(seconds)
        return {name: {"rates": one.rates, "steps_per_second": median(one.rates), **one.report}
                for name, one in running.items()}  # fmt: skip


def table(results: Measured) -> str:
    """Write the results as text, with the ratio that counts."""
    lines = [f"{'gan, ring of 8':<18}{'steps/s':>10}{'lowest':>10}{'highest':>10}{'compiling':>11}{'modes':>7}"]
    for name, one in results.items():
        spread = f"{one['steps_per_second']:>10,.0f}{min(one['rates']):>10,.0f}{max(one['rates']):>10,.0f}"
        lines.append(f"  {name:<16}{spread}{one['compiling']:>9.1f} s{one['modes']:>7.0f}")
    for batch in BATCHES:
        rates = (results[f"{way}, {batch}"]["rates"] for way in WAYS)
        ratio = median(one / other for one, other in zip(*rates, strict=True))
        healthy = results[f"our loop, {batch}"]["healthy"]
        lines.append(f"  batch {batch}: our loop is {ratio:.1f}x; its first {CHECK_STEPS:,} steps took {healthy:.1f} s")
    return "\n".join(lines)


def main() -> None:
    """Answer a line of JSON for each number of seconds read: the steps per second."""
    from benchmarks.training_contestant import pin

    name, core = sys.argv[-2:]
    steps = STEPS[name.partition(",")[0]]
    pin(int(core))
    began = perf_counter()
    train, modes = contestant(name)
    train(1)
    compiling, began = perf_counter() - began, perf_counter()
    train(CHECK_STEPS - 1)
    healthy = perf_counter() - began
    print(json.dumps({"compiling": compiling, "healthy": healthy, "modes": modes()}), flush=True)
    train(steps)
    for line in sys.stdin:
        began, done = perf_counter(), 0
        while perf_counter() - began < float(line):
            train(steps)
            done += steps
        print(json.dumps(done / (perf_counter() - began)), flush=True)


if __name__ == "__main__":
    main()
