"""One task with one seed: the parts of its data, what is answered, and how an answer is scored."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from lab.datasets.dataset import Array

Form = Literal["table", "image", "numbers", "tokens"]
Goal = Literal["class", "number", "each", "vector", "anomaly", "codes", "draw"]
Part = Literal["train", "valid", "test"]
VALID_SHARE = 0.2
NOT_ASKED = -1


@dataclass(frozen=True, eq=False)
class Problem:
    """form: of one input: "table" (d,), "image" (h, w), "numbers" (T, f) over time, "tokens" (T,) int32.

    goal: "class" once, one "number", a class at "each" place, a "vector", "anomaly" (rebuild, and score the errors),
    "codes" (rebuild, and score what the bottleneck says), "draw" (samples). inputs, targets: by part, (n, ...).
    outputs: numbers of one answer. vocabulary: of tokens. code: width of a bottleneck. chance: what the score is
    measured from. scored: (part, answer) to the score; an answer is what the network says of that part, or the samples.
    listed: the inputs of families that take a fixed list of numbers, where these are not the inputs laid flat.
    more: what single tasks need besides.
    """

    name: str
    form: Form
    goal: Goal
    inputs: dict[str, Array]
    targets: dict[str, Array]
    outputs: int
    scored: Callable[[str, Array], float]
    chance: float
    vocabulary: int = 0
    code: int = 0
    listed: dict[str, Array] | None = None
    more: dict[str, Any] = field(default_factory=dict)

    def flat(self) -> "Problem":
        """Return the same problem with a plain list of numbers as input; asked at each place, the last one counts."""
        found = self.at_the_end() if self.goal == "each" else self
        if found.form == "tokens" and found.listed is None:
            return found
        inputs = found.listed or {part: array.reshape(len(array), -1) for part, array in found.inputs.items()}
        return replace(found, form="table", inputs=inputs, listed=None)

    def at_the_end(self) -> "Problem":
        """Return the problem with one answer for a sequence, that at its last place."""
        targets = {part: array[:, -1] for part, array in self.targets.items()}
        return replace(self, goal="class", targets=targets)


def right(targets: dict[str, Array]) -> Callable[[str, Array], float]:
    """Return a score: the share of classes (n,) that are right; of answers at each place the last one counts."""

    def scored(part: str, answer: Array) -> float:
        wanted = targets[part]
        at_last = answer[:, -1] if answer.ndim == 3 else answer
        return float(np.mean(at_last.argmax(-1) == (wanted[:, -1] if wanted.ndim == 2 else wanted)))

    return scored


def explained(targets: dict[str, Array]) -> Callable[[str, Array], float]:
    """Return a score: R², 1 - squared error / spread about the part's own mean."""

    def scored(part: str, answer: Array) -> float:
        wanted = targets[part].reshape(-1)
        return float(1.0 - np.mean((answer.reshape(-1) - wanted) ** 2) / wanted.var())

    return scored


def squared(targets: dict[str, Array]) -> Callable[[str, Array], float]:
    """Return a score: the mean squared error."""
    return lambda part, answer: float(np.mean((answer.reshape(targets[part].shape) - targets[part]) ** 2))


def decibels(error: float) -> float:
    """Return a squared error of values from 0 to 1 as a ratio to the largest value, in decibels."""
    return float(-10.0 * np.log10(max(error, 1e-12)))


def most_frequent(classes: Array) -> float:
    """Return the share of the most frequent class."""
    return float(np.bincount(classes).max() / len(classes))


def split(count: int, seed: int, share: float = VALID_SHARE) -> tuple[Array, Array]:
    """Return (kept, held): which rows of the training part train, and which ones choose settings and moment."""
    order = np.random.default_rng([seed, 21]).permutation(count)
    held = max(1, round(count * share))
    return order[held:], order[:held]


def in_parts(train: Array, test: Array, seed: int) -> dict[str, Array]:
    """Divide the training part: a fifth is held back for validation."""
    kept, held = split(len(train), seed)
    return {"train": train[kept], "valid": train[held], "test": test}
