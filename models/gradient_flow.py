"""Gradient flow: how much of the error's gradient reaches the early layers of a deep stack, and what carries it there.

The idea: backpropagation multiplies the gradient by one matrix per layer, so it shrinks or grows by a factor a layer,
exponentially with depth (Hochreiter, diploma thesis, 1991; Bengio, Simard, Frasconi, IEEE Transactions on Neural
Networks 5, 1994). The right size of the first weights keeps the factor near 1 (Glorot, Bengio, 2010; He and others,
2015), normalization holds the sums in range (Ioffe, Szegedy, 2015; Ba, Kiros, Hinton, 2016), and a plus around each
layer gives the gradient a way past it (highway: Srivastava, Greff, Schmidhuber, 2015; residual: He and others, 2016).
What it cannot do: a gradient that arrives is not yet a network that learns well; see the trained accuracy beside it.

Everything is computed in float64: the gradient of thirty sigmoid layers is smaller than float32 sums can hold.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lab.datasets.dataset import Dataset
from models import presets
from models.base import Array, Baseline, Live, Snapshot, schedule, steps_of
from models.baselines import baselines as tabular_baselines
from models.configs import GradientFlowConfig
from models.gradient_measures import drawn_layers, drawn_pairs, view_of
from models.gradient_time import through_time
from models.gradient_untrained import (
    PRECISION,
    PROBE,
    Seen,
    cross_entropy,
    digits,
    gate_initializer,
    kernel_initializer,
    output_initializer,
    scored,
    scores,
    signal_of,
    standardized,
    theory_by_image,
    theory_for,
    view_untrained,
)
from models.training_loop import CompiledTraining, train_in_chunks
from models.views import GradientFlowView

LARGEST_COMPARISON = 8


@keras.saving.register_keras_serializable("road")
class Highway(keras.layers.Layer):
    """Mix what a layer computes with what it was given: t a + (1 - t) h. Inputs: h, a, t, each (batch, units)."""

    def call(self, inputs: Any) -> Any:
        """Return the mixture: (batch, n)."""
        given, computed, gate = inputs
        return given + gate * (computed - given)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the mixture, that of each input."""
        return input_shape[0]


def load(config: GradientFlowConfig) -> Dataset:
    """Return the handwritten digits, 64 pixels from 0 to 1, a quarter of them held out."""
    return digits(config.seed)


def build(config: GradientFlowConfig, data: Dataset) -> keras.Model:
    """Return the stack. The first layer has no plus: 64 pixels do not fit `width` units. The last gives 10 logits."""
    keras.utils.set_random_seed(config.seed)
    inputs = h = keras.Input(data.train_inputs.shape[1:], dtype=PRECISION, name="input")  # (batch, 64)
    shared = _dense(config, "hidden_shared", 2) if config.shared_weights and config.depth > 1 else None
    for number in range(1, config.depth + 1):
        before = config.connection == "residual"  # normalize what enters the layer, as a Transformer does
        x = _normalized(config, h, number) if before and number > 1 else h
        x = (shared if shared and number > 1 else _dense(config, f"hidden_{number}", number))(x)  # z = W x + b
        x = x if before else _normalized(config, x, number)
        a = keras.layers.Activation(config.activation, dtype=PRECISION, name=f"activation_{number}")(x)  # a = f(z)
        if number == 1 or config.connection == "plain":
            h = a  # (batch, width)
        elif config.connection == "residual":
            h = keras.layers.Add(dtype=PRECISION, name=f"plus_{number}")([h, a])  # h + a
        else:
            h = Highway(dtype=PRECISION, name=f"highway_{number}")([h, a, _gate(config, number)(h)])
    outputs = keras.layers.Dense(len(data.class_names), dtype=PRECISION, kernel_initializer=output_initializer(config),
                                 name="output")(h)  # fmt: skip
    return keras.Model(inputs, outputs, name="gradient_flow")


def _dense(config: GradientFlowConfig, name: str, number: int) -> keras.layers.Dense:
    """Return a layer of sums; its weights follow from the seed and its number, whatever else is in the stack."""
    start = kernel_initializer(config, number)
    return keras.layers.Dense(config.width, dtype=PRECISION, kernel_initializer=start, name=name)


def _gate(config: GradientFlowConfig, number: int) -> keras.layers.Dense:
    """Return a highway's gate t = sigmoid(W h + b): with b = -2 it opens to about one eighth."""
    return keras.layers.Dense(
        config.width,
        "sigmoid",
        dtype=PRECISION,
        kernel_initializer=gate_initializer(config, number),
        bias_initializer=keras.initializers.Constant(config.gate_bias),
        name=f"gate_{number}",
    )


def _normalized(config: GradientFlowConfig, x: Any, number: int) -> Any:
    """Return x rescaled to mean 0 and variance 1, over the batch or over the units of each example."""
    if config.normalization == "none":
        return x
    kind = {"batch": keras.layers.BatchNormalization, "layer": keras.layers.LayerNormalization}[config.normalization]
    return kind(dtype=PRECISION, name=f"normalization_{number}")(x)


def total_steps(config: GradientFlowConfig, data: Dataset) -> int:
    """Return the number of optimizer steps of a complete run."""
    return steps_of(config.epochs, config.batch_size, len(data.train_inputs))


def optimizer_for(config: GradientFlowConfig) -> keras.optimizers.Optimizer:
    """Return the optimizer; with clipping, a gradient longer than `clip_norm` is shortened to it, its direction kept.

    Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks" (2013).
    """
    kind = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}[config.optimizer]
    return kind(config.learning_rate, global_clipnorm=config.clip_norm or None)


def train(
    config: GradientFlowConfig, data: Dataset, model: keras.Model, live: Live | None = None
) -> Iterator[Snapshot]:
    """Yield the untrained network, again once compiled, then the network at about 60 moments of its training."""
    training = CompiledTraining(
        model,
        optimizer_for(config),
        cross_entropy,
        data.train_inputs,
        data.train_targets,
        batch_size=config.batch_size,
        seed=config.seed,
    )
    marks = schedule(total_steps(config, data))
    for progress in train_in_chunks(training, marks, live or Live(config.learning_rate)):
        view = look(model, data)
        metrics = {**evaluate(model, data), "gradient_ratio": _ratio(view.signal)}
        yield Snapshot(progress.step, progress.epoch, progress.seconds, metrics, view)


def evaluate(model: keras.Model, data: Dataset) -> dict[str, float]:
    """Return loss and share right on both parts of the data."""
    both = np.concatenate([data.train_inputs, data.test_inputs])
    return scored(model(both, training=False), data)


def _ratio(signal: Array | None) -> float:
    """Return the gradient at the first layer as a multiple of that at the last; 0 where none arrives at all."""
    assert signal is not None
    return float(signal[0] / signal[-1]) if signal[-1] else 0.0


# ---- what is inside ----


def depth_of(model: keras.Model) -> int:
    """Return the number of hidden layers of a stack."""
    return sum(layer.name.startswith("activation_") for layer in model.layers)


def everything(model: keras.Model, inputs: Array) -> Seen:
    """Return what a stack computes in training mode: sums, activations and ends of its hidden layers, and logits."""
    if not hasattr(model, "see_everything"):
        named = {layer.name: layer for layer in model.layers}
        bends = [named[f"activation_{number}"] for number in range(1, depth_of(model) + 1)]
        ends = []
        for number, bend in enumerate(bends, start=1):
            kinds = (f"plus_{number}", f"highway_{number}")
            ends.append(next((named[kind].output for kind in kinds if kind in named), bend.output))
        parts = [[bend.input for bend in bends], [bend.output for bend in bends], ends, model.outputs[0]]
        inspector = keras.Model(model.input, parts)
        model.see_everything = lambda x: inspector(x, training=True)
    return Seen(*model.see_everything(inputs))


def look(model: keras.Model, data: Dataset, question: Mapping[str, Any] | None = None) -> GradientFlowView:
    """Return the view of a stack, or the answer to a question that needs no training (see `answer`)."""
    if question:
        return answer(question)
    inputs, targets = data.train_inputs[:PROBE], data.train_targets[:PROBE]
    kernels = [layer.kernel for layer in model.layers if layer.name.startswith(("hidden_", "output"))]
    with keras.StatelessScope(), tf.GradientTape() as tape:  # the moving statistics of a normalization stay as they are
        seen = everything(model, inputs)
        loss = tf.reduce_mean(cross_entropy(targets, seen.logits))
    of_ends, of_kernels = tape.gradient(loss, [seen.ends, [kernel.value for kernel in kernels]])
    return view_of(model.get_layer("activation_1").activation, seen, of_ends, of_kernels)


def scene(config: GradientFlowConfig, data: Dataset) -> Mapping[str, Array]:
    """Return the untrained stack and what theory says of it.

    initial_signal: (depth,) float64, norm of the gradient at each layer's output; plain_signal: the same of this stack
    with nothing around its layers (empty where there is nothing around them anyway); theory_signal: theory's, as a
    multiple of the last layer's; theory_sizes: (depth,) root mean square of each layer's outputs; drawn_layers: numbers
    of the layers in the network's picture; drawn_pairs: (2, pairs) which of their units are joined there, from and to.
    Where theory has no answer it is 0.
    """
    return _scene(config, data, signal_of(config, data))


def _scene(config: GradientFlowConfig, data: Dataset, signal: Array) -> Mapping[str, Array]:
    theory = theory_for(config, data)
    plain = config.model_copy(update={"connection": "plain"})
    return {
        "initial_signal": signal,
        "plain_signal": np.zeros(0) if plain == config else signal_of(plain, data),
        "theory_signal": np.nan_to_num(theory.signal, posinf=0.0),
        "theory_sizes": np.nan_to_num(theory.sizes, posinf=0.0),
        "drawn_layers": np.array(drawn_layers(config.depth), np.int32),
        "drawn_pairs": np.array(drawn_pairs(config.width), np.int32),
    }


def first_picture(config: GradientFlowConfig) -> tuple[dict[str, Any], Mapping[str, Array], Snapshot]:
    """Return facts, scene and snapshot of a stack before its first step, without building its Keras layers."""
    data = digits(config.seed)
    view = view_untrained(config, data)
    assert view.signal is not None
    metrics = {**scores(config, data), "gradient_ratio": _ratio(view.signal)}
    facts = {"total_steps": total_steps(config, data), "data": data.summary()}
    return facts, _scene(config, data, view.signal), Snapshot(0, 0.0, 0.0, metrics, view)


# ---- questions about stacks that need no training ----


def answer(question: Mapping[str, Any]) -> GradientFlowView:
    """Return the answer to a question, whatever stack was asked. Raises ValueError for any other question.

    {"compare": [settings, ...]}: the gradient at initialization of up to 8 stacks, and theory's;
    {"doubt": settings, "standardized": bool}: eight draws of one stack, seeds 0 to 7, beside two kinds of theory;
    {"time": {"steps": T, "seed": s}}: the gradient over time in five untrained layers.
    """
    if isinstance(stacks := question.get("compare"), list) and 0 < len(stacks) <= LARGEST_COMPARISON:
        return compared([GradientFlowConfig(**settings) for settings in stacks])
    if isinstance(settings := question.get("doubt"), dict):
        return doubted(GradientFlowConfig(**settings), bool(question.get("standardized")))
    if isinstance(wanted := question.get("time"), dict):
        steps, seed = int(wanted.get("steps", 50)), int(wanted.get("seed", 0))
        if not (10 <= steps <= 200 and 0 <= seed <= 9999):
            raise ValueError("ask about 10 to 200 steps and a seed from 0 to 9999")
        return GradientFlowView(recurrent=through_time(steps, seed))
    raise ValueError("ask about up to 8 untrained stacks to compare, about theory, or about time")


def compared(configs: list[GradientFlowConfig]) -> GradientFlowView:
    """Return the gradient norms of several untrained stacks, each on the data of its own seed, and theory's."""
    measured = [signal_of(config, digits(config.seed)) for config in configs]
    predicted = [np.nan_to_num(theory_for(config, digits(config.seed)).signal) for config in configs]
    return GradientFlowView(compared=_padded(measured), compared_theory=_padded(predicted))


def doubted(config: GradientFlowConfig, scaled: bool) -> GradientFlowView:
    """Return the gradient norms of eight draws of a stack, and theory's for the mean image and image by image.

    scaled: the pixels are standardized, which leaves images of very different sizes. compared: (8, depth), seeds 0 to
    7; compared_theory: (2, depth), on the images of seed 0.
    """
    draws = [config.model_copy(update={"seed": seed}) for seed in range(LARGEST_COMPARISON)]
    sets = [standardized(digits(draw.seed)) if scaled else digits(draw.seed) for draw in draws]
    measured = [signal_of(draw, data) for draw, data in zip(draws, sets, strict=True)]
    predicted = [theory_for(draws[0], sets[0]).signal, theory_by_image(draws[0], sets[0])]
    return GradientFlowView(compared=np.stack(measured), compared_theory=np.nan_to_num(np.stack(predicted)))


def _padded(rows: list[Array]) -> Array:
    """Return rows of different lengths as one array, filled up with zeros."""
    longest = max(map(len, rows))
    return np.stack([np.pad(row, (0, longest - len(row))) for row in rows])


def baselines(config: GradientFlowConfig, data: Dataset) -> list[Baseline]:
    """Return methods without a network, fitted on the same training part and measured on the same test part."""
    return tabular_baselines(data, seed=config.seed)


FAILURES = presets.FAILURES["gradient_flow"]
