"""Makes the problems of the matrix: for each task and seed the same data for all families."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np

from evidence.fit.problem import (
    NOT_ASKED,
    Form,
    Problem,
    decibels,
    explained,
    in_parts,
    most_frequent,
    right,
    split,
    squared,
)
from evidence.fit.samples import harmony, likeness
from lab.datasets.dataset import Array, Dataset

NOISE, NOISY_COPIES, CODE = 0.3, 4, 16
MEMORY_SEQUENCES, MEMORY_HELD = 6000, 500
WINDOW = 24  # values of a series that are known
TEXT_WINDOW, TEXT_ROWS, TEXT_HELD = 31, 8000, 1000
CHAPTERS = ("compound", "customization", "debugger", "execmodel", "formatstrings", "string-methods", "types",
            "typesmapping")  # fmt: skip
PASSAGE, PASSAGES = 100, 110
SHORTEST_RUN, LONGEST_RUN, INDUCTION_LENGTH, LETTERS = 8, 16, 40, 26
PAIRS, BITS = 6, 16
BINS, REACH = 48, 1.8  # of each axis of the plane, for families that draw tokens
GREYS = 17  # of a digit's pixel


def problem(task: str, seed: int) -> Problem:
    """Return a task with its data of one seed. Raises KeyError for an unknown task."""
    name = task.removeprefix("lag:")
    maker = adding if name.startswith("adding_") else first_letter if name.startswith("first_letter_") else MAKERS[name]
    return maker(name, seed) if name == task else replace(maker(name, seed), name=task)


# ---- tables, images, curves ----


def table(task: str, seed: int) -> Problem:
    """Return a table that comes with scikit-learn."""
    from lab.datasets.bundled import bundled

    return _learned(task, bundled(task, seed=seed), seed)


def _learned(task: str, data: Dataset, seed: int, shape: tuple[int, ...] | None = None) -> Problem:
    inputs = in_parts(data.train_inputs, data.test_inputs, seed)
    targets = in_parts(data.train_targets, data.test_targets, seed)
    if shape:
        inputs = {part: array.reshape(-1, *shape) for part, array in inputs.items()}
    form: Form = "image" if shape else "table"
    if data.task == "classification":
        return Problem(task, form, "class", inputs, targets, len(data.class_names), right(targets),
                       most_frequent(targets["test"]))  # fmt: skip
    return Problem(task, form, "number", inputs, targets, 1, explained(targets), 0.0)


def digits(task: str, seed: int) -> Problem:
    """Return 8 x 8 digits, as they are or with their pixels shuffled."""
    from lab.datasets.bundled import bundled
    from lab.datasets.images import images, permuted

    if task == "permuted_digits":
        return _learned(task, permuted(images("digits", seed=seed), seed), seed, (8, 8))
    return _learned(task, bundled("digits", seed=seed), seed, (8, 8))


def shifted(task: str, seed: int) -> Problem:
    """Return digits in the middle of 12 x 12 pixels; those of the test are two pixels off, to one of four sides."""
    from lab.datasets.images import images

    data = images("digits_canvas", seed=seed)
    found = _learned(task, data, seed, data.shape[:2])
    pictures, moved = data.pictures("test"), np.zeros_like(data.pictures("test"))
    sides = np.random.default_rng([seed, 22]).integers(0, 4, len(pictures))
    for side, (right_by, down_by) in enumerate(((2, 0), (-2, 0), (0, 2), (0, -2))):
        moved[sides == side] = data.moved(pictures[sides == side], right_by, down_by)
    found.inputs["test"] = moved[..., 0]
    return found


def interpolation(task: str, seed: int) -> Problem:
    """Return a sine along the diagonal of a cube, without noise."""
    from lab.datasets.line import many

    dimensions, samples = {"1d": (1, 40), "2d": (2, 200), "8d": (8, 1000)}[task.rsplit("_", 1)[1]]
    return _learned(task, many(seed=seed, dimensions=dimensions, samples=samples), seed)


# ---- series and text ----


def series(task: str, seed: int) -> Problem:
    """Return windows of a series and the next value; the newest fifth of the training part is held back."""
    from lab.datasets.series import SERIES, windows

    data = windows(SERIES[task](), window=WINDOW, changes=task == "co2")
    cut = round(0.8 * len(data.train_inputs))
    inputs = {"train": data.train_inputs[:cut], "valid": data.train_inputs[cut:], "test": data.test_inputs}
    targets = {"train": data.train_targets[:cut], "valid": data.train_targets[cut:], "test": data.test_targets}

    def scored(part: str, answer: Array) -> float:
        return float(np.sqrt(np.mean((answer.reshape(-1) - targets[part]) ** 2)) * data.target_scale)

    assert data.series is not None
    last = float(np.sqrt(np.mean((data.before("test") - data.truth()) ** 2)))
    return Problem(task, "numbers", "number", inputs, targets, 1, scored, last, more={"series": data, "cut": cut})


def topics(task: str, seed: int) -> Problem:
    """Return passages of eight chapters of Python's help, 110 of each; families with a fixed list get counts."""
    from pydoc_data.topics import topics as chapters

    generator, passages, classes = np.random.default_rng([seed, 23]), [], []
    for kind, name in enumerate(CHAPTERS):
        text = " ".join(chapters[name].split())
        found = [text[start : start + PASSAGE] for start in range(0, len(text) - PASSAGE, PASSAGE)]
        chosen = generator.permutation(len(found))[: min(PASSAGES, len(found))]
        passages += [found[place] for place in chosen]
        classes += [kind] * len(chosen)
    order = generator.permutation(len(passages))
    signs = {sign: place for place, (sign, _) in enumerate(Counter("".join(passages)).most_common(99), 1)}
    tokens = np.array([[signs.get(sign, 0) for sign in passages[place]] for place in order], np.int32)
    counts = np.stack([(tokens == sign).sum(1) for sign in range(100)], 1).astype(np.float32) / 4.0
    kinds, cut = np.array(classes, np.int32)[order], round(0.75 * len(order))
    targets = in_parts(kinds[:cut], kinds[cut:], seed)
    words = in_parts(np.array([passages[place] for place in order[:cut]]),
                     np.array([passages[place] for place in order[cut:]]), seed)  # fmt: skip
    return Problem(task, "tokens", "class", in_parts(tokens[:cut], tokens[cut:], seed), targets, len(CHAPTERS),
                   right(targets), most_frequent(targets["test"]), vocabulary=100,
                   listed=in_parts(counts[:cut], counts[cut:], seed), more={"words": words})  # fmt: skip


def characters(task: str, seed: int) -> Problem:
    """Return windows of Python's help, each character to be followed by the next; the last ones are scored."""
    from lab.datasets.characters import python_topics

    text = python_topics().lower()
    common = [sign for sign, _ in Counter(text).most_common(59)]
    index = {sign: place for place, sign in enumerate(common, 1)}
    tokens = np.array([index.get(sign, 0) for sign in text], np.int32)
    limits = [0, round(0.8 * len(tokens)), round(0.9 * len(tokens)), len(tokens)]
    stretches = dict(zip(("train", "valid", "test"), pairwise(limits), strict=True))
    generator, inputs, targets = np.random.default_rng([seed, 24]), {}, {}
    for part, (start, end) in stretches.items():
        places = generator.integers(start, end - TEXT_WINDOW - 1, TEXT_ROWS if part == "train" else TEXT_HELD)
        rows = tokens[places[:, None] + np.arange(TEXT_WINDOW + 1)]
        inputs[part], targets[part] = rows[:, :-1], rows[:, 1:]
    shares = (np.bincount(tokens[: stretches["train"][1]], minlength=60) + 1.0) / (stretches["train"][1] + 60)
    more = {"tokens": tokens, "stretches": stretches, "shares": shares, "length": TEXT_WINDOW, "lead": inputs["test"]}
    if task == "generated_text":
        scored, chance = likeness(tokens, stretches, shares)
        return Problem(task, "tokens", "draw", inputs, targets, 60, scored, chance, vocabulary=60, more=more)
    chance = float(-np.log(shares[targets["test"][:, -1]]).mean())
    return Problem(task, "tokens", "each", inputs, targets, 60, _nats(targets), chance, vocabulary=60, more=more)


def _nats(targets: dict[str, Array]) -> Callable[[str, Array], float]:
    """Return a score: the mean of -log p of the true character at the last place, from logits."""

    def scored(part: str, answer: Array) -> float:
        logits = (answer[:, -1] if answer.ndim == 3 else answer).astype(np.float64)
        logits -= logits.max(-1, keepdims=True)
        wanted = targets[part][:, -1] if targets[part].ndim == 2 else targets[part]
        said = logits[np.arange(len(logits)), wanted]
        return float(np.mean(np.log(np.exp(logits).sum(-1)) - said))

    return scored


# ---- memory ----


def adding(task: str, seed: int) -> Problem:
    """Return the adding problem of Hochreiter and Schmidhuber (1997)."""
    from lab.datasets.memory_tasks import memory_task

    lag = 10 if task == "short_sequence" else int(task.rsplit("_", 1)[1])
    data = memory_task("adding", lag=lag, samples=MEMORY_SEQUENCES + MEMORY_HELD, seed=seed, test_samples=MEMORY_HELD)
    targets = _held(data.train_targets, data.test_targets)
    return Problem(task, "numbers", "number", _held(data.train_inputs, data.test_inputs), targets, 1, squared(targets),
                   data.chance)  # fmt: skip


def first_letter(task: str, seed: int) -> Problem:
    """Return random letters, of which the first is asked for at the end."""
    from lab.datasets.memory_tasks import memory_task

    lag = int(task.rsplit("_", 1)[1])
    data = memory_task("recall", lag=lag, samples=MEMORY_SEQUENCES + MEMORY_HELD, seed=seed, test_samples=MEMORY_HELD)
    targets = _held(data.train_targets, data.test_targets)
    return Problem(task, "tokens", "class", _held(data.train_inputs, data.test_inputs), targets, data.outputs,
                   right(targets), data.chance, vocabulary=data.features)  # fmt: skip


def _held(train: Array, test: Array) -> dict[str, Array]:
    return {"train": train[:-MEMORY_HELD], "valid": train[-MEMORY_HELD:], "test": test}


def induction(task: str, seed: int) -> Problem:
    """Return sequences in which a random run of 8 to 16 letters repeats; asked from the second time on."""
    generator, count = np.random.default_rng([seed, 25]), MEMORY_SEQUENCES + 2 * MEMORY_HELD
    periods = generator.integers(SHORTEST_RUN, LONGEST_RUN + 1, count)[:, None]
    runs = np.argsort(generator.random((count, LETTERS)), axis=1)[:, :LONGEST_RUN]
    places = np.arange(INDUCTION_LENGTH + 1)
    rows = np.take_along_axis(runs, places % periods, axis=1).astype(np.int32)
    wanted = np.where(places[1:] >= periods, rows[:, 1:], NOT_ASKED).astype(np.int32)
    targets = _held(wanted[:-MEMORY_HELD], wanted[-MEMORY_HELD:])
    inputs = _held(rows[:-MEMORY_HELD, :-1], rows[-MEMORY_HELD:, :-1])
    return Problem(task, "tokens", "each", inputs, targets, LETTERS, right(targets), float(np.mean(1 / periods)),
                   vocabulary=LETTERS)  # fmt: skip


def recall(task: str, seed: int) -> Problem:
    """Return six pairs of a small and a capital letter, then a small one, at which the capital is asked."""
    from lab.datasets.token_tasks import task as made

    data = made("recall", length=PAIRS, examples=MEMORY_SEQUENCES + MEMORY_HELD, tests=MEMORY_HELD, seed=seed)
    targets = _held(data.train_targets, data.test_targets)
    size = len(data.vocabulary)
    return Problem(task, "tokens", "each", _held(data.train_inputs, data.test_inputs), targets, size, right(targets),
                   data.chance, vocabulary=size)  # fmt: skip


def parity(task: str, seed: int) -> Problem:
    """Return bits and, at each, whether the ones so far are odd; scored at the last bit."""
    from lab.datasets.memory_tasks import memory_task

    data = memory_task("running_parity", lag=BITS, samples=MEMORY_SEQUENCES + MEMORY_HELD, seed=seed,
                       test_samples=MEMORY_HELD)  # fmt: skip
    test = data if task == "parity" else memory_task("running_parity", lag=2 * BITS, samples=1, seed=seed,
                                                     test_samples=MEMORY_HELD)  # fmt: skip
    targets = _held(data.train_targets, test.test_targets)
    inputs = _held(data.train_inputs, test.test_inputs)
    return Problem(task, "numbers", "each", inputs, targets, 2, right(targets), 0.5)


# ---- without labels ----


def denoising(task: str, seed: int) -> Problem:
    """Return digits under noise, four different ones over each of the training part, and the digits themselves."""
    from lab.datasets.bundled import bundled

    data, generator = bundled("digits", seed=seed), np.random.default_rng([seed, 26])
    clean = in_parts(data.train_inputs, data.test_inputs, seed)
    clean["train"] = np.tile(clean["train"], (NOISY_COPIES, 1))
    noisy = {part: (array + NOISE * generator.standard_normal(array.shape)).astype(np.float32).reshape(-1, 8, 8)
             for part, array in clean.items()}  # fmt: skip

    def scored(part: str, answer: Array) -> float:
        return decibels(float(np.mean((answer.reshape(len(answer), -1) - clean[part]) ** 2)))

    return Problem(task, "image", "vector", noisy, clean, 64, scored, scored("test", noisy["test"]), code=CODE)


def anomaly(task: str, seed: int) -> Problem:
    """Return benign tumours to learn; valid and test hold malignant ones too. The scale is that of the benign."""
    from evidence.fit.samples import area
    from lab.datasets.bundled import bundled

    data = bundled("breast_cancer", seed=seed)
    benign = data.class_names.index("benign")
    usual = np.flatnonzero(data.train_targets == benign)
    kept, held = split(len(usual), seed)
    strange = np.flatnonzero(data.train_targets != benign)
    rows = np.concatenate([usual[held], strange])
    mean, scale = data.train_inputs[usual[kept]].mean(0), data.train_inputs[usual[kept]].std(0)
    inputs = {"train": data.train_inputs[usual[kept]], "valid": data.train_inputs[rows], "test": data.test_inputs}
    inputs = {part: ((array - mean) / scale).astype(np.float32) for part, array in inputs.items()}
    labels = {"valid": data.train_targets[rows] != benign, "test": data.test_targets != benign}
    return Problem(task, "table", "anomaly", inputs, dict(inputs), inputs["train"].shape[1],
                   lambda part, errors: area(errors, labels[part]), 0.5, code=6)  # fmt: skip


def structure(task: str, seed: int) -> Problem:
    """Return digits without their labels, to be grouped or laid out on a plane."""
    from evidence.fit.samples import agreement, neighbours_kept
    from lab.datasets.bundled import bundled

    data = bundled("digits", seed=seed)
    inputs = in_parts(data.train_inputs, data.test_inputs, seed)
    labels = in_parts(data.train_targets, data.test_targets, seed)
    pictures = {part: array.reshape(-1, 8, 8) for part, array in inputs.items()}
    if task == "clustering":
        return Problem(
            task, "image", "codes", pictures, inputs, 64, lambda part, groups: agreement(groups, labels[part]), 0.0,
            code=10, more={"groups": 10, "seed": seed},
        )  # fmt: skip
    return Problem(
        task, "image", "codes", pictures, inputs, 64, lambda part, places: neighbours_kept(inputs[part], places), 0.5,
        code=2, more={"seed": seed},
    )  # fmt: skip


# ---- samples ----


def spots(task: str, seed: int) -> Problem:
    """Return points of a ring of eight spots; as tokens, a bin of x and then one of y."""
    from lab.datasets.clouds import cloud

    data = cloud("ring", seed=seed)
    points = {"train": data.train_inputs[:4000], "valid": data.train_inputs[4000:5000], "test": data.test_inputs[:1000]}
    bins = {part: np.clip(((array + REACH) / (2 * REACH) * BINS).astype(np.int32), 0, BINS - 1)
            for part, array in points.items()}  # fmt: skip
    wanted = {part: array + np.array([1, 1 + BINS]) for part, array in bins.items()}  # token 0 begins
    return _drawn(task, points, wanted, 1 + 2 * BINS, code=2)


def drawn_digits(task: str, seed: int) -> Problem:
    """Return digits to be drawn; as tokens, their 64 grey values in turn."""
    from lab.datasets.bundled import bundled

    data = bundled("digits", seed=seed)
    pictures = in_parts(data.train_inputs, data.test_inputs, seed)
    wanted = {part: np.rint(array * (GREYS - 1)).astype(np.int32) + 1 for part, array in pictures.items()}
    return _drawn(task, pictures, wanted, 1 + GREYS, code=8)


def _drawn(task: str, rows: dict[str, Array], wanted: dict[str, Array], vocabulary: int, code: int) -> Problem:
    tokens = {part: np.concatenate([np.zeros((len(array), 1), np.int32), array[:, :-1].astype(np.int32)], 1)
              for part, array in wanted.items()}  # fmt: skip
    targets = {part: array.astype(np.int32) for part, array in wanted.items()}
    return Problem(task, "tokens", "draw", tokens, targets, vocabulary, lambda part, drawn: harmony(drawn, rows[part]),
                   0.0, vocabulary=vocabulary, code=code, more={"rows": rows})  # fmt: skip


MAKERS: dict[str, Callable[[str, int], Problem]] = {
    "breast_cancer": table, "wine": table, "diabetes": table, "digits": digits, "shifted_digits": shifted,
    "permuted_digits": digits, "interpolation_1d": interpolation, "interpolation_2d": interpolation,
    "interpolation_8d": interpolation, "sunspots": series, "co2": series, "topics": topics,
    "next_character": characters, "short_sequence": adding, "induction": induction, "recall": recall, "parity": parity,
    "parity_longer": parity, "denoising": denoising, "anomaly": anomaly, "clustering": structure,
    "visualization": structure, "density_2d": spots, "generated_digits": drawn_digits, "generated_text": characters,
}  # fmt: skip
