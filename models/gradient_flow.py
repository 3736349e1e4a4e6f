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

from lab.datasets.choose import load as load_data
from lab.datasets.dataset import Dataset
from models import presets
from models.base import Array, Baseline, Live, Snapshot, schedule
from models.baselines import baselines as tabular_baselines
from models.configs import GradientFlowConfig
from models.gradient_theory import predict
from models.training_loop import CompiledTraining, train_in_chunks
from models.views import BINS, GradientFlowView

PRECISION = "float64"
PROBE = 256  # training examples whose mean loss the gradients are taken of
DRAWN_LAYERS, DRAWN_UNITS = 8, 4  # of the network's picture
RECURRENT_INPUTS, RECURRENT_UNITS, RECURRENT_SEQUENCES, SKIPPED = 8, 32, 32, 5
LARGEST_COMPARISON = 8
KINDS = {
    "glorot_uniform": (1.0, "fan_avg", "uniform"),
    "he_normal": (2.0, "fan_in", "truncated_normal"),
    "lecun_normal": (1.0, "fan_in", "truncated_normal"),
}


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
    return load_data("digits", seed=config.seed)


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
    outputs = keras.layers.Dense(len(data.class_names), dtype=PRECISION, kernel_initializer=_output(config),
                                 name="output")(h)  # fmt: skip
    return keras.Model(inputs, outputs, name="gradient_flow")


def _dense(config: GradientFlowConfig, name: str, number: int) -> keras.layers.Dense:
    """Return a layer of sums; its weights follow from the seed and its number, whatever else is in the stack."""
    seed = 1000 * config.seed + number
    if config.initialization == "orthogonal":
        start: Any = keras.initializers.Orthogonal(gain=config.gain, seed=seed)
    else:
        scale, mode, distribution = KINDS[config.initialization]
        start = keras.initializers.VarianceScaling(scale * config.gain**2, mode, distribution, seed=seed)
    return keras.layers.Dense(config.width, dtype=PRECISION, kernel_initializer=start, name=name)


def _gate(config: GradientFlowConfig, number: int) -> keras.layers.Dense:
    """Return a highway's gate t = sigmoid(W h + b): with b = -2 it opens to about one eighth."""
    return keras.layers.Dense(
        config.width,
        "sigmoid",
        dtype=PRECISION,
        kernel_initializer=keras.initializers.GlorotUniform(seed=1000 * config.seed + 500 + number),
        bias_initializer=keras.initializers.Constant(config.gate_bias),
        name=f"gate_{number}",
    )


def _output(config: GradientFlowConfig) -> keras.initializers.Initializer:
    return keras.initializers.GlorotUniform(seed=1000 * config.seed + 999)


def _normalized(config: GradientFlowConfig, x: Any, number: int) -> Any:
    """Return x rescaled to mean 0 and variance 1, over the batch or over the units of each example."""
    if config.normalization == "none":
        return x
    kind = {"batch": keras.layers.BatchNormalization, "layer": keras.layers.LayerNormalization}[config.normalization]
    return kind(dtype=PRECISION, name=f"normalization_{number}")(x)


def total_steps(config: GradientFlowConfig, data: Dataset) -> int:
    """Return the number of optimizer steps of a complete run."""
    examples = len(data.train_inputs)
    return config.epochs * max(1, examples // min(config.batch_size, examples))


def optimizer_for(config: GradientFlowConfig) -> keras.optimizers.Optimizer:
    """Return the optimizer; with clipping, a gradient longer than `clip_norm` is shortened to it, its direction kept.

    Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks" (2013).
    """
    kind = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}[config.optimizer]
    return kind(config.learning_rate, global_clipnorm=config.clip_norm or None)


def cross_entropy(targets: Any, logits: Any) -> Any:
    """Return the loss of each example, in the precision of the logits: (batch,)."""
    return tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(targets, tf.int32), logits)


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
    metrics: dict[str, float] = {}
    for part in ("train", "test"):
        inputs, targets = getattr(data, f"{part}_inputs"), getattr(data, f"{part}_targets")
        logits = model(inputs, training=False)
        metrics[f"{part}_loss"] = float(tf.reduce_mean(cross_entropy(targets, logits)))
        metrics[f"{part}_accuracy"] = float(np.mean(np.argmax(logits, axis=1) == targets))
    return metrics


def _ratio(signal: Array) -> float:
    """Return the gradient at the first layer as a multiple of that at the last; 0 where none arrives at all."""
    return float(signal[0] / signal[-1]) if signal[-1] else 0.0


# ---- what is inside ----


def depth_of(model: keras.Model) -> int:
    """Return the number of hidden layers of a stack."""
    return sum(layer.name.startswith("activation_") for layer in model.layers)


def everything(model: keras.Model, inputs: Array) -> Any:
    """Return what a stack computes in training mode: [z of each hidden layer], [a = f(z)], [output h], logits."""
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
    return model.see_everything(inputs)


def look(model: keras.Model, data: Dataset, question: Mapping[str, Any] | None = None) -> GradientFlowView:
    """Return the view of a stack, or the answer to a question that needs no training.

    question: {"compare": [settings, ...]}: the gradient at initialization of up to 8 other stacks, and theory's;
    {"recurrent": {"steps": T, "seed": s}}: the gradient over time in five untrained recurrent and attention layers.
    Raises ValueError for another question.
    """
    if question:
        return answer(data, question)
    inputs, targets = data.train_inputs[:PROBE], data.train_targets[:PROBE]
    kernels = [layer.kernel for layer in model.layers if layer.name.startswith(("hidden_", "output"))]
    with keras.StatelessScope(), tf.GradientTape() as tape:  # the moving statistics of a normalization stay as they are
        sums, activations, ends, logits = everything(model, inputs)
        loss = tf.reduce_mean(cross_entropy(targets, logits))
    of_ends, of_kernels = tape.gradient(loss, [ends, [kernel.value for kernel in kernels]])
    return GradientFlowView(
        signal=_norms(of_ends),
        weight_gradients=_norms(of_kernels),
        sizes=np.array([np.sqrt(np.mean(np.square(end))) for end in ends]),
        slopes=_slopes(model, sums),
        edges=_edges(of_kernels, depth_of(model)),
        **_histograms("sum", sums),
        **_histograms("activation", activations),
    )


def _norms(gradients: list[tf.Tensor]) -> Array:
    """Return the Frobenius norm of each gradient, scaled on the way so that tiny squares do not underflow."""
    found = []
    for gradient in map(np.asarray, gradients):
        largest = float(np.max(np.abs(gradient)))
        usable = np.isfinite(largest) and largest > 0
        found.append(largest * float(np.linalg.norm(gradient / largest)) if usable else largest)
    return np.array(found)


def _slopes(model: keras.Model, sums: list[tf.Tensor]) -> Array:
    """Return the root mean square of the slope f'(z) in each layer: what its bend lets through."""
    bend = model.get_layer("activation_1").activation
    found = []
    for z in sums:
        with tf.GradientTape() as tape:
            tape.watch(z)
            a = bend(z)
        found.append(float(np.sqrt(np.mean(np.square(tape.gradient(a, z))))))
    return np.array(found)


def drawn_layers(depth: int) -> list[int]:
    """Return the numbers of the hidden layers that the network's picture shows: the first, the last, evenly between."""
    return sorted({round(float(place)) for place in np.linspace(1, depth, min(depth, DRAWN_LAYERS))})


def _edges(of_kernels: list[tf.Tensor], depth: int) -> Array:
    """Return the gradients of a few weights into each drawn layer and the output: (drawn + 1, 4, 4), flattened."""
    shared = len(of_kernels) == 3 and depth > 2
    places = [min(number, 2) - 1 if shared else number - 1 for number in drawn_layers(depth)]
    corners = [np.asarray(of_kernels[place])[:DRAWN_UNITS, :DRAWN_UNITS] for place in places]
    corners[0] = np.asarray(of_kernels[0])[_inner_pixels()][:, :DRAWN_UNITS]
    corners.append(np.asarray(of_kernels[-1])[:DRAWN_UNITS, :DRAWN_UNITS])
    return np.concatenate([corner.ravel() for corner in corners])


def _inner_pixels() -> list[int]:
    """Return four pixels from the middle of the image: those at its rim are empty in every digit."""
    return [18, 21, 42, 45]


def _histograms(name: str, layers: list[tf.Tensor]) -> dict[str, Array]:
    """Return for every layer the share of values per bin, and the edges of its bins."""
    finite = [np.nan_to_num(np.asarray(layer), nan=0.0, posinf=0.0, neginf=0.0) for layer in layers]
    counted = [np.histogram(layer, bins=BINS) for layer in finite]
    return {
        f"{name}_histograms": np.stack([counts / counts.sum() for counts, _ in counted]).astype(np.float32),
        f"{name}_edges": np.stack([edges for _, edges in counted]),
    }


def scene(config: GradientFlowConfig, data: Dataset) -> Mapping[str, Array]:
    """Return the untrained stack and what theory says of it.

    initial_signal: (depth,) float64, norm of the gradient at each layer's output; theory_signal: the same as a multiple
    of the last layer's; theory_sizes: (depth,) root mean square of each layer's outputs; drawn_layers: numbers of the
    layers in the network's picture. Where theory has no answer it is 0.
    """
    theory = theory_for(config, data)
    return {
        "initial_signal": look(build(config, data), data).signal,
        "theory_signal": np.nan_to_num(theory.signal, posinf=0.0),
        "theory_sizes": np.nan_to_num(theory.sizes, posinf=0.0),
        "drawn_layers": np.array(drawn_layers(config.depth), np.int32),
    }


def theory_for(config: GradientFlowConfig, data: Dataset) -> Any:
    """Return what theory predicts for a stack on these inputs (see models.gradient_theory.Prediction)."""
    pixels = data.train_inputs[:PROBE].astype(np.float64)
    squares = [float(np.mean(np.sum(part**2, axis=1))) for part in (pixels, pixels - pixels.mean(axis=0))]
    return predict(config, pixels.shape[1], *squares)


# ---- questions about stacks that need no training ----


def answer(data: Dataset, question: Mapping[str, Any]) -> GradientFlowView:
    """Return the answer to one of the two questions of `look`. Raises ValueError."""
    if isinstance(stacks := question.get("compare"), list) and 0 < len(stacks) <= LARGEST_COMPARISON:
        configs = [GradientFlowConfig(**settings) for settings in stacks]
        measured = [look(build(config, data), data).signal for config in configs]
        predicted = [np.nan_to_num(theory_for(config, data).signal) for config in configs]
        return GradientFlowView(compared=_padded(measured), compared_theory=_padded(predicted))
    if isinstance(wanted := question.get("recurrent"), dict):
        steps, seed = int(wanted.get("steps", 50)), int(wanted.get("seed", 0))
        if not (10 <= steps <= 200 and 0 <= seed <= 9999):
            raise ValueError("ask about 10 to 200 steps and a seed from 0 to 9999")
        return GradientFlowView(recurrent=recurrent(steps, seed))
    raise ValueError('ask about {"compare": [settings, ...]} or {"recurrent": {"steps": ..., "seed": ...}}')


def _padded(rows: list[Array]) -> Array:
    """Return rows of different lengths as one array, filled up with zeros."""
    longest = max(map(len, rows))
    return np.stack([np.pad(row, (0, longest - len(row))) for row in rows])


def recurrent(steps: int, seed: int) -> Array:
    """Return the norm of the gradient that arrives at each step of five untrained layers, as a share of the last one.

    Rows: SimpleRNN, GRU, LSTM (its cell state), LSTM with chrono initialization for `steps`, attention. (5, steps)
    float64. The inputs are noise of variance 1; the gradient is that of a random direction of the last state.
    """
    keras.utils.set_random_seed(seed)
    generator = np.random.default_rng(seed)
    noise = tf.constant(generator.normal(size=(RECURRENT_SEQUENCES, steps, RECURRENT_INPUTS)))
    pull = tf.constant(generator.normal(size=(RECURRENT_SEQUENCES, RECURRENT_UNITS)))
    layers = keras.layers
    cells = [
        layers.SimpleRNNCell(RECURRENT_UNITS, dtype=PRECISION),
        layers.GRUCell(RECURRENT_UNITS, dtype=PRECISION),
        layers.LSTMCell(RECURRENT_UNITS, dtype=PRECISION),
        layers.LSTMCell(RECURRENT_UNITS, dtype=PRECISION, unit_forget_bias=False),
    ]
    for cell in cells:
        cell.build((RECURRENT_SEQUENCES, RECURRENT_INPUTS))
    cells[3].bias.assign(chrono_bias(steps, generator))
    rows = [_over_time(cell, noise, pull) for cell in cells]
    return np.stack([*rows, _over_positions(noise, pull)])


def chrono_bias(steps: int, generator: np.random.Generator) -> Array:
    """Return an LSTM's bias that remembers for 1 to `steps` steps: Tallec, Ollivier, ICLR 2018. (4 units,), i f c o."""
    forget = np.log(generator.uniform(1.0, steps - 1.0, RECURRENT_UNITS))
    return np.concatenate([-forget, forget, np.zeros(2 * RECURRENT_UNITS)])


def _over_time(cell: Any, noise: tf.Tensor, pull: tf.Tensor) -> Array:
    """Return the gradient's norm at the state (an LSTM's: the cell state) after every step, as a share of the last."""
    state = [tf.zeros_like(pull) for _ in range(2 if isinstance(cell, keras.layers.LSTMCell) else 1)]
    carried = []
    with tf.GradientTape() as tape:
        tape.watch(state)
        for step in range(noise.shape[1]):
            _, state = cell(noise[:, step], state)
            state = list(tf.nest.flatten(state))
            carried.append(state[-1])
        loss = tf.reduce_sum(state[-1] * pull)
    norms = _norms(tape.gradient(loss, carried))
    return norms / norms[-1]


def _over_positions(noise: tf.Tensor, pull: tf.Tensor) -> Array:
    """Return the gradient's norm at every earlier position of an attention layer, as a share of the mean of all.

    The last position asks, the others are asked; its own place also asks and stands at the mean of the others.
    """
    attention = keras.layers.MultiHeadAttention(2, RECURRENT_UNITS // 2, output_shape=RECURRENT_UNITS, dtype=PRECISION)
    with tf.GradientTape() as tape:
        tape.watch(noise)
        answered = attention(noise[:, -1:], noise, noise)[:, 0]
        loss = tf.reduce_sum(answered * pull)
    gradient = np.asarray(tape.gradient(loss, noise))  # (sequences, steps, inputs)
    norms = np.linalg.norm(gradient, axis=(0, 2))
    norms[-1] = norms[:-1].mean()
    return norms / norms[:-1].mean()


def factors_per_step(shares: Array) -> Array:
    """Return the mean factor a step of each row of `recurrent`, the geometric mean after the first few steps: (5,)."""
    spans = shares.shape[1] - 1 - SKIPPED
    return (shares[:, SKIPPED] / shares[:, -1]) ** (1.0 / spans)


def baselines(config: GradientFlowConfig, data: Dataset) -> list[Baseline]:
    """Return methods without a network, fitted on the same training part and measured on the same test part."""
    return tabular_baselines(data, seed=config.seed)


FAILURES = presets.FAILURES["gradient_flow"]
