"""Modular and ensemble networks: several small networks divide the work among them, or all answer and vote.

The idea: a gate network learns which expert to ask, while each expert learns only what it is asked (Jacobs, Jordan,
Nowlan, Hinton, "Adaptive mixtures of local experts", Neural Computation 3, 1991). Networks that differ only in their
first weights make different mistakes, so that their mean is better and knows its doubt better (Hansen and Salamon,
IEEE PAMI 12, 1990; Lakshminarayanan, Pritzel, Blundell, "Deep ensembles", NIPS 2017); bagging also gives each a
different sample of the data (Breiman, Machine Learning 24, 1996). A part may also be given its task by hand.
What it cannot do: on easy data one network of the same size does as well; experts can starve; votes cost m times one.

All of them are one formula, p = sum_k g_k p_k, and one model: the members lie along an axis of every weight.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lab.datasets.choose import load as load_data
from lab.datasets.dataset import PLANE_EXTENT, Dataset, UnfitData
from lab.datasets.generated import expand
from models import presets
from models.base import Array, Baseline, Live, Snapshot, schedule, steps_of
from models.baselines import baselines as tabular_baselines
from models.configs import ModularConfig
from models.member_layers import BestGate, EvenShares, GroupShares, MemberDense, OwnClasses, deal
from models.mlp import coarse
from models.mlp import scene as scene
from models.questions import asked_example
from models.training_loop import CompiledTraining, train_in_chunks
from models.uncertainty import (
    calibration,
    calibration_error,
    disagreement,
    entropy,
    negative_log_likelihood,
    separation,
)
from models.views import (
    CALIBRATION_BINS,
    MAP_SIZE,
    NOISES,
    SHOWN_EXAMPLES,
    SHOWN_MEMBERS,
    SURFACE_SIZE,
    TILE_SIDE,
    ModularView,
)

MOST_THREADS = 1  # products of such small matrices are faster on one thread than shared by two
MOMENTS = 36  # recorded of a run: fewer than others, since every moment holds all members
ORDERS = 10  # random orders in which a committee grows
VOTERS = ("ensemble", "bagging")
IDLE = 0.1  # an expert with less than a tenth of an even share counts as idle


def load(config: ModularConfig) -> Dataset:
    """Return the data the settings ask for. Raises UnfitData for own data without classes."""
    data = load_data(
        config.dataset,
        seed=config.seed,
        test_share=config.test_share,
        samples=config.samples,
        noise=config.noise,
        upload=config.upload,
        target=config.target,
    )
    if data.task != "classification":
        raise UnfitData("These networks tell classes apart. Choose a column of classes, not one of numbers.")
    return data


def build(config: ModularConfig, data: Dataset) -> keras.Model:
    """Return the network: its outputs are the members' logits, (batch, m, c), and their shares, (batch, m)."""
    keras.utils.set_random_seed(config.seed)
    members, units, classes = members_of(config, data), units_of(config, data), len(data.class_names)
    inputs = x = keras.Input(data.train_inputs.shape[1:], name="input")  # (batch, features)
    for number in range(1, config.layers + 1):
        x = MemberDense(members, units, seed=10 * config.seed + number, name=f"members_{number}")(x)
        x = keras.layers.Activation("relu", name=f"activation_{number}")(x)  # (batch, m, units)
    width = -(-classes // members) if config.kind == "groups" else classes
    logits = MemberDense(members, width, seed=10 * config.seed, name="answers")(x)  # (batch, m, width)
    if config.kind == "groups":
        logits = OwnClasses(classes, name="own_classes")(logits)  # (batch, m, c)
        shares = GroupShares(name="shares")(logits)  # (batch, m)
    elif config.kind == "experts":
        shares = gate(config, inputs, members)
    else:
        shares = EvenShares(name="shares")(logits)
    return keras.Model(inputs, [logits, shares], name="modular")


def gate(config: ModularConfig, inputs: Any, members: int) -> Any:
    """Return the shares that a gate network gives the experts: (batch, m)."""
    x = inputs
    if config.gate_units:
        x = keras.layers.Dense(config.gate_units, activation="tanh", name="gate_hidden")(x)
    sums = keras.layers.Dense(members, name="gate")(x)
    return BestGate(min(config.active, members), config.balance, name="shares")(sums)


def members_of(config: ModularConfig, data: Dataset) -> int:
    """Return the number of members: one big net is alone, and no group is without a class."""
    if config.kind == "single":
        return 1
    return min(config.members, len(data.class_names)) if config.kind == "groups" else config.members


def units_of(config: ModularConfig, data: Dataset) -> int:
    """Return the units of each hidden layer of a member; the big net gets as many parameters as all voters together."""
    if config.kind != "single" or not config.layers:
        return config.units
    inputs, classes = data.train_inputs.shape[1], len(data.class_names)
    wanted = config.members * parameters(inputs, config.units, classes, config.layers)
    widths = range(1, 32 * 64 + 1)
    return min(widths, key=lambda width: abs(parameters(inputs, width, classes, config.layers) - wanted))


def parameters(inputs: int, units: int, classes: int, layers: int) -> int:
    """Return the number of weights and biases of a net with `layers` hidden layers of `units` units."""
    sizes = [inputs, *[units] * layers, classes]
    return sum(before * after + after for before, after in pairwise(sizes))


def targets_for(config: ModularConfig, data: Dataset) -> Array:
    """Return (n, 1 + m) float32: the class, then how often each member's sample holds this example.

    That is once for all but bagging, which draws n examples with replacement for every member.
    """
    examples, members = len(data.train_targets), members_of(config, data)
    counts = np.ones((examples, members), np.float32)
    if config.kind == "bagging":
        generator = np.random.default_rng([config.seed, 1])
        counts = generator.multinomial(examples, np.full(examples, 1 / examples), size=members).T.astype(np.float32)
    return np.concatenate([data.train_targets[:, np.newaxis].astype(np.float32), counts], axis=1)


def loss_of(config: ModularConfig) -> Any:
    """Return the loss as a function (targets, [logits, shares]) -> (batch,).

    Voters learn each for itself: the sum of their cross-entropies, so that each trains as if it were alone. All others
    learn to be right together: -log sum_k g_k p_k(true class), equation 1.3 of Jacobs et al. for classes.
    """

    def loss(targets: Any, outputs: Any) -> Any:
        logits, shares = outputs
        label = keras.ops.cast(targets[:, 0], "int32")
        true = keras.ops.one_hot(label, int(logits.shape[-1]))[:, np.newaxis]  # (batch, 1, c)
        log_right = keras.ops.sum(true * keras.ops.log_softmax(logits, axis=-1), axis=-1)  # (batch, m)
        if config.kind in VOTERS:
            return -keras.ops.sum(targets[:, 1:] * log_right, axis=-1)
        return -keras.ops.logsumexp(keras.ops.log(shares + 1e-20) + keras.ops.maximum(log_right, -1e4), axis=-1)

    return loss


def total_steps(config: ModularConfig, data: Dataset) -> int:
    """Return the number of optimizer steps of a complete run."""
    return steps_of(config.epochs, config.batch_size, len(data.train_inputs))


def train(config: ModularConfig, data: Dataset, model: keras.Model, live: Live | None = None) -> Iterator[Snapshot]:
    """Yield the untrained network, again once compiled, then the network at about 36 moments of its training."""
    training = CompiledTraining(
        model,
        keras.optimizers.Adam(config.learning_rate),
        loss_of(config),
        data.train_inputs,
        targets_for(config, data),
        batch_size=config.batch_size,
        seed=config.seed,
        jit_compile=True,
    )
    marks = schedule(total_steps(config, data), MOMENTS)
    for progress in train_in_chunks(training, marks, live or Live(config.learning_rate)):
        metrics = evaluate(model, data)
        yield Snapshot(progress.step, progress.epoch, progress.seconds, metrics, look(model, data))


# ---- what they answer ----


def forward(model: keras.Model, inputs: Array) -> tuple[Array, Array]:
    """Return the members' answers p_k, (n, m, c), and their shares g_k, (n, m), which sum to 1; both float64."""
    if not hasattr(model, "compiled_answer"):
        model.compiled_answer = tf.function(lambda x: model(x, training=False), reduce_retracing=True)
    logits, shares = (np.asarray(part, np.float64) for part in model.compiled_answer(inputs))
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True), shares / shares.sum(axis=-1, keepdims=True)


def together(members: Array, shares: Array) -> Array:
    """Return the common answer p = sum_k g_k p_k: (n, c)."""
    return np.einsum("nm,nmc->nc", shares, members)


def evaluate(model: keras.Model, data: Dataset) -> dict[str, float]:
    """Return loss and accuracy of the common answer, and what members do by themselves."""
    metrics: dict[str, float] = {}
    for part in ("train", "test"):
        inputs, targets = getattr(data, f"{part}_inputs"), getattr(data, f"{part}_targets")
        members, shares = forward(model, inputs)
        known = together(members, shares)
        metrics[f"{part}_loss"] = float(negative_log_likelihood(known, targets).mean())
        metrics[f"{part}_accuracy"] = float(np.mean(known.argmax(axis=1) == targets))
    alone = members.argmax(axis=2) == targets[:, np.newaxis]
    metrics["test_member_accuracy"] = float(alone.mean())
    metrics["test_ece"] = calibration_error(calibration(known, targets, CALIBRATION_BINS))
    metrics["test_used"] = float(np.mean(shares.mean(axis=0) * shares.shape[1] >= IDLE))
    metrics["test_disagreement"] = float(disagreement(members, shares).mean())
    return metrics


# ---- the inside ----


def look(model: keras.Model, data: Dataset, question: Mapping[str, Any] | None = None) -> ModularView:
    """Return the view of a network, or only the answer to a question.

    question: {"input": d numbers, scaled as the network gets them} or {"test_row": index of a test example}.
    Raises ValueError for another question.
    """
    if question:
        return _answer(model, data, question)
    members, shares = forward(model, data.test_inputs)
    return ModularView(
        **_plane(model, data),
        **_shown(members, shares, data),
        **_division(members, shares, data.test_targets),
        **_sizes(model, members, data.test_targets),
        **_doubt(members, shares, data.test_targets),
        **(_robustness(model, data) if data.image_shape else {}),
        listens=_listens(model),
    )


def _answer(model: keras.Model, data: Dataset, question: Mapping[str, Any]) -> ModularView:
    example = asked_example(data, question)
    members, shares = forward(model, example[np.newaxis])
    return ModularView(
        answer_input=example,
        answer_output=together(members, shares)[0].astype(np.float32),
        answer_members=members[0].astype(np.float32),
        answer_share=shares[0].astype(np.float32),
        answer_units=np.zeros(0, np.float32),
    )


def grid(size: int) -> Array:
    """Return the centres of a size x size grid over the plane, row by row from the top: (size * size, 2)."""
    axis = ((np.arange(size) + 0.5) / size * 2 - 1) * PLANE_EXTENT
    x1, x2 = np.meshgrid(axis, axis[::-1])
    return np.stack([x1.ravel(), x2.ravel()], axis=1)


def _plane(model: keras.Model, data: Dataset) -> dict[str, Array]:
    if not data.plane:
        return {}
    members, shares = forward(model, expand(grid(SURFACE_SIZE)))
    square = (SURFACE_SIZE, SURFACE_SIZE)
    few_members, few_shares = forward(model, expand(grid(MAP_SIZE)))
    maps = [part[:, :SHOWN_MEMBERS].T.reshape(-1, MAP_SIZE, MAP_SIZE) for part in (few_members[:, :, 1], few_shares)]
    return {
        "surface": coarse(together(members, shares).reshape(*square, -1), axes=(0, 1, 2)),
        "chosen": shares.argmax(axis=1).astype(np.uint8).reshape(square),
        "share": coarse(shares.max(axis=1).reshape(square), axes=(0, 1)),
        "doubt": coarse(disagreement(members, shares).reshape(square), axes=(0, 1)),
        "member_maps": coarse(maps[0], axes=(1, 2)),
        "share_maps": coarse(maps[1], axes=(1, 2)),
    }


def _shown(members: Array, shares: Array, data: Dataset) -> dict[str, Array]:
    """Return what the first screen draws example by example."""
    few = slice(0, TILE_SIDE**2)
    right = members[few, :SHOWN_MEMBERS].argmax(axis=2) == data.test_targets[few, np.newaxis]
    found = {}
    if not data.plane and not data.image_shape:
        found["probabilities"] = together(members, shares)[:SHOWN_EXAMPLES].astype(np.float16)
    return {
        **found,
        "member_right": right.T.astype(np.uint8),
        "member_share": coarse(shares[few, :SHOWN_MEMBERS].T, axes=(0, 1)),
        "flow": np.mean(shares[..., np.newaxis] * members, axis=0)[:SHOWN_MEMBERS].astype(np.float32),
    }


def _listens(model: keras.Model) -> Array:
    """Return the length of the weight vector from each input into each member's first layer: (shown, d)."""
    first = next(layer for layer in model.layers if isinstance(layer, MemberDense))
    return np.linalg.norm(np.asarray(first.kernel)[:SHOWN_MEMBERS], axis=2).astype(np.float16)


def _division(members: Array, shares: Array, targets: Array) -> dict[str, Array]:
    """Return who is asked about what, who is right about what, and what is lost with each member."""
    classes = members.shape[2]
    belongs = np.eye(classes)[targets]  # (n, c)
    examples = np.maximum(belongs.sum(axis=0), 1.0)
    right = (members.argmax(axis=2) == targets[:, np.newaxis]).astype(np.float64)  # (n, m)
    first = np.eye(shares.shape[1])[shares.argmax(axis=1)]
    lost = [_damaged(members, shares, targets, member) for member in range(shares.shape[1])]
    found = {
        "usage": shares.mean(axis=0),
        "first_choice": first.mean(axis=0),
        "share_by_class": shares.T @ belongs / examples,
        "right_by_class": right.T @ belongs / examples,
        "without": np.array([one[0] for one in lost]),
        "broken": np.array([one[1] for one in lost]),
    }
    return {name: array.astype(np.float32) for name, array in found.items()}


def _damaged(members: Array, shares: Array, targets: Array, member: int) -> tuple[float, float]:
    """Return the accuracy without a member, and with that member sure of another class than it thinks."""
    left = shares.copy()
    left[:, member] = 0.0
    missing = together(members, left).argmax(axis=1)  # zero everywhere, and so class 0, if nobody is left to answer
    wrong = members.copy()
    classes = members.shape[2]
    wrong[:, member] = np.eye(classes)[(members[:, member].argmax(axis=1) + 1) % classes]
    lied = together(wrong, shares).argmax(axis=1)
    return float(np.mean(missing == targets)), float(np.mean(lied == targets))


def _sizes(model: keras.Model, members: Array, targets: Array) -> dict[str, Array]:
    """Return error and negative log-likelihood of committees of 1 ... m voters, mean over random orders."""
    count = members.shape[1]
    if not isinstance(model.get_layer("shares"), EvenShares) or count == 1:
        return {}
    generator = np.random.default_rng(0)
    errors, losses = np.zeros(count), np.zeros(count)
    for _ in range(ORDERS):
        grown = np.cumsum(members[:, generator.permutation(count)], axis=1) / np.arange(1, count + 1)[:, np.newaxis]
        errors += np.mean(grown.argmax(axis=2) != targets[:, np.newaxis], axis=0) / ORDERS
        losses += [negative_log_likelihood(grown[:, size], targets).mean() / ORDERS for size in range(count)]
    return {"size_error": errors.astype(np.float32), "size_loss": losses.astype(np.float32)}


def _doubt(members: Array, shares: Array, targets: Array) -> dict[str, Array]:
    """Return mistakes, calibration and disagreement on the test data."""
    known, count = together(members, shares), members.shape[1]
    counts = np.zeros((known.shape[1],) * 2, np.int32)
    np.add.at(counts, (targets, known.argmax(axis=1)), 1)
    alone = members.reshape(-1, members.shape[2]), np.repeat(targets, count)
    return {
        "confusion": counts,
        "calibration": calibration(known, targets, CALIBRATION_BINS).astype(np.float32),
        "member_calibration": calibration(*alone, CALIBRATION_BINS).astype(np.float32),
        "disagreement": coarse(disagreement(members, shares), axes=(0,)),
        "right": (known.argmax(axis=1) == targets).astype(np.uint8),
    }


def turned(inputs: Array, shape: tuple[int, int]) -> Array:
    """Return images, (n, height * width), turned by 90 degrees: what no network here has ever been shown."""
    return np.rot90(inputs.reshape(-1, *shape), axes=(1, 2)).reshape(len(inputs), -1)


def moved(inputs: Array, shape: tuple[int, int], pixels: int) -> list[Array]:
    """Return images moved by `pixels` to the right, left, down and up; what leaves the frame is lost."""
    images = inputs.reshape(-1, *shape)
    wide = np.pad(images, ((0, 0), (pixels, pixels), (pixels, pixels)))
    height, width = shape
    corners = [(pixels, 0), (pixels, 2 * pixels), (0, pixels), (2 * pixels, pixels)]
    return [wide[:, y : y + height, x : x + width].reshape(len(inputs), -1) for y, x in corners]


def doubts(members: Array, shares: Array) -> list[Array]:
    """Return three measures of doubt for each example: 1 - largest probability, entropy, disagreement: (n,) each."""
    known = together(members, shares)
    return [1.0 - known.max(axis=1), entropy(known), disagreement(members, shares)]


def _robustness(model: keras.Model, data: Dataset) -> dict[str, Array]:
    """Return accuracy on damaged test images, and how well doubt tells turned images from upright ones."""
    inputs, targets, shape = data.test_inputs, data.test_targets, data.image_shape
    assert shape is not None
    generator = np.random.default_rng(0)
    grain = generator.normal(size=inputs.shape).astype(np.float32)
    noisy = [_accuracies(model, [inputs + np.float32(size) * grain], targets) for size in NOISES]
    shifted = [_accuracies(model, moved(inputs, shape, pixels), targets) for pixels in (0, 1, 2)]
    strange = forward(model, np.ascontiguousarray(turned(inputs, shape)))
    pairs = zip(doubts(*forward(model, inputs)), doubts(*strange), strict=True)
    return {
        "turned_disagreement": coarse(disagreement(*strange), axes=(0,)),
        "novelty": np.array([separation(ordinary, other) for ordinary, other in pairs], np.float32),
        "noise_accuracy": np.array([one for one, _ in noisy], np.float32),
        "noise_member": np.array([one for _, one in noisy], np.float32),
        "shift_accuracy": np.array([one for one, _ in shifted], np.float32),
        "shift_member": np.array([one for _, one in shifted], np.float32),
    }


def _accuracies(model: keras.Model, versions: list[Array], targets: Array) -> tuple[float, float]:
    """Return the accuracy of all together and of one member by itself (mean), over all versions of the images."""
    members, shares = forward(model, np.concatenate(versions))
    truth = np.tile(targets, len(versions))
    alone = members.argmax(axis=2) == truth[:, np.newaxis]
    return float(np.mean(together(members, shares).argmax(axis=1) == truth)), float(alone.mean())


def baselines(config: ModularConfig, data: Dataset) -> list[Baseline]:
    """Return methods without a network, on the same split; a random forest is a committee too, of trees."""
    return [*tabular_baselines(data, seed=config.seed), _forest(data, config.seed)]


def _forest(data: Dataset, seed: int) -> Baseline:
    from time import perf_counter

    from sklearn.ensemble import RandomForestClassifier

    started = perf_counter()
    trees = RandomForestClassifier(100, random_state=seed, n_jobs=1).fit(data.train_inputs, data.train_targets)
    right = float(np.mean(trees.predict(data.test_inputs) == data.test_targets))
    return Baseline("Random forest, 100 trees", "test_accuracy", right, perf_counter() - started)


def own_classes(config: ModularConfig, data: Dataset) -> list[list[int]]:
    """Return the classes of each part of a network by groups."""
    return deal(len(data.class_names), members_of(config, data))


FAILURES = presets.FAILURES["modular"]
