"""Three lessons that a network of radial basis functions answers on request: far away, many dimensions, attention.

Each trains or solves what it needs and returns arrays. Sources: the curse of dimensionality, Bellman, "Adaptive Control
Processes" (1961); kernel smoothing, Nadaraya, "On estimating regression" (1964) and Watson, "Smooth regression
analysis" (1964); attention as a kernel smoother, Tsai and others, "Transformer dissection" (2019).
"""

import warnings
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from lab.datasets.dataset import PLANE_SCALE, Dataset
from lab.datasets.line import line, many
from models import radial
from models.base import Array
from models.rbf_look import is_line, outputs_of, probabilities
from models.training_loop import CompiledTraining
from models.views import RbfView

SEED = 0
DIRECTIONS, FARTHEST, RADII = 72, 20.0, 41  # far away: directions, largest distance (picture's units), distances
MLP_UNITS, MLP_PASSES, MLP_RATE = 16, 100, 0.01
DIMENSIONS, REPEATS = (1, 2, 3, 4, 6, 8, 10, 12, 14, 16), 3
POINTS, BUDGET = 400, 60  # training points and bumps at every dimension
WIDTHS = (0.5, 1.0, 2.0, 4.0)  # of which the one with the smallest error on held-out points is taken
MLP_DIMENSIONS_UNITS = 32
MOST_KEYS, QUERIES = 40, 121
HEAD_STEPS, HEAD_RATE, HEAD_WIDTH, HEAD_NOISE = 1500, 0.03, 4, 0.05


def lesson(model: keras.Model, data: Dataset, question: Mapping[str, Any]) -> RbfView:
    """Answer {"lesson": "far"}, "dimensions", or {"lesson": "attention", "width": w}. Raises ValueError for others."""
    name = question.get("lesson")
    if name == "far":
        return far_away(model, data)
    if name == "dimensions":
        return dimensions()
    if name == "attention":
        try:
            width = float(question["width"])
        except (KeyError, TypeError, ValueError):
            width = 0.0
        if not 0.01 <= width <= 100.0:
            raise ValueError("the width of the smoother is a number from 0.01 to 100")
        return attention(data, width)
    raise ValueError("there are three lessons: far, dimensions, attention")


# ---- far from the data ----


def far_away(model: keras.Model, data: Dataset) -> RbfView:
    """Return how sure the shown network and a perceptron trained on the same points are, by distance from the middle.

    Needs a network for a 2-D set. far_radius: (41,); far_rbf, far_mlp: (41,) mean confidence (largest probability)
    over 72 directions; far_activation: (41,) mean over the directions of the most active bump; far_accuracy: (2,) share
    of test examples right, network and perceptron; far_data_radius: (1,) distance of the outermost training point.
    """
    if not data.plane or data.task != "classification":
        raise ValueError("this lesson needs a network that was trained on two classes in the plane")
    perceptron = _perceptron(data)
    radius = np.linspace(0.0, FARTHEST, RADII)
    angle = np.arange(DIRECTIONS) / DIRECTIONS * 2 * np.pi
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    places = (radius[:, None, None] * circle / PLANE_SCALE).reshape(-1, 2)  # (41 * 72, 2) in the networks' inputs
    values, outputs = outputs_of(model, places)
    logits = np.asarray(perceptron(places.astype(np.float32)), np.float64)
    shape = (RADII, DIRECTIONS)
    targets = data.test_targets
    right = [outputs_of(model, data.test_inputs)[1].argmax(1) == targets]
    right.append(np.asarray(perceptron(data.test_inputs)).argmax(1) == targets)
    return RbfView(
        far_radius=radius,
        far_rbf=probabilities(outputs).max(1).reshape(shape).mean(1),
        far_activation=values.max(1).reshape(shape).mean(1),
        far_mlp=_softmax(logits).max(1).reshape(shape).mean(1),
        far_accuracy=np.array([one.mean() for one in right]),
        far_data_radius=np.array([np.sqrt(np.square(data.points("train")).sum(1)).max()]),
    )


def _softmax(scores: Array) -> Array:
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _perceptron(data: Dataset) -> keras.Model:
    """Train a perceptron of 16 ReLU units on the training points of a 2-D set and return it; it gives logits."""
    keras.utils.set_random_seed(SEED)
    inputs = keras.Input((2,), name="input")
    hidden = keras.layers.Dense(MLP_UNITS, activation="relu", name="hidden")(inputs)
    perceptron = keras.Model(inputs, keras.layers.Dense(len(data.class_names), name="output")(hidden))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    training = CompiledTraining(
        perceptron,
        keras.optimizers.Adam(MLP_RATE),
        loss,
        data.train_inputs,
        data.train_targets,
        batch_size=32,
        seed=SEED,
    )
    training.run(0, MLP_PASSES * training.steps_per_epoch, MLP_RATE)
    return perceptron


# ---- many dimensions ----


def dimensions() -> RbfView:
    """Return the test error of 60 bumps on 400 points of the same wave in 1 to 16 dimensions, over three seeds.

    dimension_count: (10,); the others: (3, 10) root mean squared error over the deviation of the test targets, for
    solved bumps (centres by k-means, the best of four widths on a quarter of the training points), three nearest
    neighbours, and a perceptron of 32 tanh units (scikit-learn, L-BFGS).
    """
    columns = [[_in_dimension(count, seed) for count in DIMENSIONS] for seed in range(REPEATS)]
    found = np.array(columns)  # (3, 10, 3)
    return RbfView(
        dimension_count=np.array(DIMENSIONS),
        dimension_rbf=found[..., 0],
        dimension_neighbours=found[..., 1],
        dimension_mlp=found[..., 2],
    )


def _in_dimension(count: int, seed: int) -> tuple[float, float, float]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neighbors import KNeighborsRegressor
    from sklearn.neural_network import MLPRegressor
    from threadpoolctl import threadpool_limits

    data = many(seed=seed, dimensions=count, samples=POINTS)
    perceptron = MLPRegressor(
        hidden_layer_sizes=(MLP_DIMENSIONS_UNITS,),
        activation="tanh",
        solver="lbfgs",
        alpha=0.01,
        max_iter=500,
        random_state=seed,
    )
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        guesses = [best_bumps(data, seed)]
        guesses += [
            method.fit(data.train_inputs, data.train_targets).predict(data.test_inputs)
            for method in (KNeighborsRegressor(3), perceptron)
        ]
    spread = float(np.std(data.test_targets.astype(np.float64)))
    errors = [float(np.sqrt(np.mean(np.square(guess - data.test_targets)))) / spread for guess in guesses]
    return errors[0], errors[1], errors[2]


@radial.one_thread()
def best_bumps(data: Dataset, seed: int) -> Array:
    """Return the test predictions of solved bumps of the best width: (n,)."""
    centres = radial.choose_centres(data.train_inputs, BUDGET, "kmeans", seed)
    unit = radial.spacing(centres, per_unit=False)
    near = radial.squared_distances(data.train_inputs, centres)
    far = radial.squared_distances(data.test_inputs, centres)
    targets = data.train_targets.astype(np.float64)[:, None]
    held = np.arange(len(targets)) % 4 == 0

    def predicted(width: float, rows: Array, at: Array) -> Array:
        values = radial.bumps("gaussian", near[rows], width * unit)
        weights = radial.solve(values, np.ones((len(values), 1)), targets[rows], 1e-3)
        return np.asarray(radial.bumps("gaussian", at, width * unit) @ weights[:-1] + weights[-1])[:, 0]

    judged = [np.mean(np.square(predicted(width, ~held, near[held]) - targets[held, 0])) for width in WIDTHS]
    return predicted(WIDTHS[int(np.argmin(judged))], np.ones(len(targets), bool), far)


# ---- attention ----


def attention(data: Dataset, width: float) -> RbfView:
    """Smooth points by a Gaussian kernel, by one attention head with the same weights, and by one that was trained.

    Points: up to 40 training points of a curve, or of the noisy wave where the network has learned something else.
    The head's query is (x, -1/2) / width^2 and its key (x, x^2): then query times key is -(q - k)^2 / (2 width^2), but
    for a part that all keys share and the softmax cancels. The trained head makes its queries and keys of
    (1, x, x^2); it begins as a wide kernel and learns to predict each point from the others.
    smooth_x, smooth_y: (n,) points, y in the target's unit; smooth_query: (121,); smooth_kernel, smooth_attention,
    smooth_trained: (121, n) weights, each row adds up to one; smooth_errors: (2,) root mean squared error of kernel and
    trained head when each point is predicted from the others; smooth_width: (1,).
    """
    source = data if is_line(data) else line("wave", seed=SEED, test_share=0.25, samples=80, noise=0.1)
    order = np.argsort(source.train_inputs[:, 0], kind="stable")
    order = order[np.unique(np.linspace(0, len(order) - 1, MOST_KEYS).round().astype(int))] if len(order) else order
    x = source.train_inputs[order, 0].astype(np.float64)
    y = source.original_targets(source.train_targets[order])
    query = np.linspace(x.min(), x.max(), QUERIES)
    kernel = nadaraya_watson(query, x, width)
    head = _head(x, y)
    among = nadaraya_watson(x, x, width, leave_one_out=True)
    trained_among = head(x, True)
    return RbfView(
        smooth_x=x,
        smooth_y=y,
        smooth_query=query,
        smooth_kernel=kernel,
        smooth_attention=same_head(query, x, y, width),
        smooth_trained=head(query, False),
        smooth_errors=np.array([np.sqrt(np.mean(np.square(one @ y - y))) for one in (among, trained_among)]),
        smooth_width=np.array([width]),
    )


def nadaraya_watson(query: Array, x: Array, width: float, leave_one_out: bool = False) -> Array:
    """Return the weights of a Gaussian kernel smoother, (queries, points); leave_one_out: none on a point itself."""
    scores = -np.square(query[:, None] - x) / (2.0 * width**2)
    if leave_one_out:
        np.fill_diagonal(scores, -np.inf)
    return _softmax(scores)


def same_head(query: Array, x: Array, y: Array, width: float) -> Array:
    """Return the weights that Keras's dot-product attention gives, (queries, points)."""
    queries = np.stack([query, np.full_like(query, -0.5)], axis=1) / width**2
    keys = np.stack([x, np.square(x)], axis=1)
    layer = keras.layers.Attention(dtype="float64", name="attention")
    tensors = [tf.constant(array[None]) for array in (queries, y[:, None], keys)]  # query, value, key: (1, n, .)
    _, weights = layer(tensors, return_attention_scores=True)
    return np.asarray(weights)[0]


def _wide_kernel() -> tuple[Array, Array]:
    """Return maps from (1, z, z^2) to queries and to keys, (3, 4) each: a kernel one deviation wide, and noise."""
    noise = np.random.default_rng(SEED)
    queries, keys = (noise.normal(0.0, HEAD_NOISE, (3, HEAD_WIDTH)) for _ in range(2))
    queries[1, 0] += HEAD_WIDTH**0.5  # z times z of the key
    queries[0, 1] -= HEAD_WIDTH**0.5 / 2  # -1/2 times z^2 of the key
    keys[1, 0] += 1.0
    keys[2, 1] += 1.0
    return queries, keys


def _head(x: Array, y: Array) -> Any:
    """Train queries and keys of one attention head, and return a function (places, leave_one_out) -> weights."""
    scale = float(np.std(x)) or 1.0
    middle = float(np.mean(x))

    def described(places: Array) -> tf.Tensor:
        z = (places - middle) / scale
        return tf.constant(np.stack([np.ones_like(z), z, np.square(z)], axis=1))

    query_map, key_map = (keras.Variable(start, dtype="float64") for start in _wide_kernel())
    points, values = described(x), tf.constant((y - y.mean()) / (float(np.std(y)) or 1.0))
    itself = tf.constant(np.where(np.eye(len(x)) > 0, -np.inf, 0.0))
    optimizer = keras.optimizers.Adam(HEAD_RATE)
    optimizer.build([query_map, key_map])

    def scores(places: tf.Tensor) -> tf.Tensor:
        queries, keys = ops.matmul(places, query_map), ops.matmul(points, key_map)
        return ops.matmul(queries, ops.transpose(keys)) / HEAD_WIDTH**0.5

    def one_step(done: tf.Tensor) -> tuple[tf.Tensor]:
        with tf.GradientTape() as tape:
            guesses = tf.linalg.matvec(tf.nn.softmax(scores(points) + itself), values)
            loss = tf.reduce_mean(tf.square(guesses - values))
        optimizer.apply(tape.gradient(loss, [query_map, key_map]), [query_map, key_map])
        return (done + 1,)

    @tf.function(autograph=False)
    def steps() -> None:
        tf.while_loop(lambda done: done < HEAD_STEPS, one_step, (tf.constant(0),))

    steps()

    def look(places: Array, leave_one_out: bool) -> Array:
        found = scores(described(places))
        return np.asarray(tf.nn.softmax(found + itself if leave_one_out else found))

    return look
