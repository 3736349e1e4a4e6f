"""The one shape in which every set of sequences reaches a network that reads step by step."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lab.datasets.dataset import Array, Part, Task

Form = Literal["last", "every", "sequence"]
IGNORED = -1  # the target of a step whose answer does not count


@dataclass(frozen=True, eq=False)
class SequenceData:
    """Sequences and what to answer, in a training and a test part. n: sequences; T: steps; d: features of a step.

    form: "last", one answer after the last step (many-to-one); "every", one at each step (many-to-many); "sequence",
    after all has been read, `answer_steps` answers are written (sequence-to-sequence).
    train_inputs, test_inputs: (n, T, d) float32, or (n, T) int32 tokens, index into `input_names`.
    train_targets, test_targets: "last" (n,), "every" (n, T), "sequence" (n, answer_steps); int32 index into
    `class_names`, or float32 of a regression, standardized by `target_mean` and `target_scale`.
    train_weights, test_weights: (n, T) float32, which answers count in the loss; None: all.
    test_scored: (n, T) bool, which answers count in the score; None: those that count in the loss. whole: a sequence
    is right only if all its scored answers are.
    lag: steps over which something has to be kept. metric: what `chance` and `optimum` are given in, "accuracy", "mse",
    "rmse" or "nats"; chance_loss, optimum_loss: the same in the loss that is trained. NaN where nobody knows it.
    test_slopes: (n, T) float32, the exact slope of the target along the first input of each step, where it exists.
    """

    name: str
    title: str
    task: Task
    form: Form
    train_inputs: Array
    train_targets: Array
    test_inputs: Array
    test_targets: Array
    source: str
    target_name: str
    input_names: tuple[str, ...]
    class_names: tuple[str, ...] = ()
    train_weights: Array | None = None
    test_weights: Array | None = None
    test_scored: Array | None = None
    whole: bool = False
    lag: int = 0
    metric: str = "accuracy"
    chance: float = math.nan
    optimum: float = math.nan
    chance_loss: float = math.nan
    optimum_loss: float = math.nan
    test_slopes: Array | None = None
    target_mean: float = 0.0
    target_scale: float = 1.0
    target_unit: str = ""
    notes: tuple[str, ...] = ()

    @property
    def tokens(self) -> bool:
        """Whether a step is one symbol out of `input_names`."""
        return self.train_inputs.ndim == 2

    @property
    def steps(self) -> int:
        """Number of steps that are read."""
        return int(self.train_inputs.shape[1])

    @property
    def features(self) -> int:
        """Numbers of one step as the network gets it; of a symbol, one for each there is."""
        return len(self.input_names) if self.tokens else int(self.train_inputs.shape[2])

    @property
    def answer_steps(self) -> int:
        """Number of answers of one sequence."""
        return 1 if self.form == "last" else int(self.train_targets.shape[1])

    @property
    def outputs(self) -> int:
        """Numbers that the network gives for one answer."""
        return len(self.class_names) if self.task == "classification" else 1

    def loss_targets(self, part: Part) -> Array:
        """Return the targets with IGNORED in place of each answer that does not count in the loss."""
        targets, weights = getattr(self, f"{part}_targets"), getattr(self, f"{part}_weights")
        return targets if weights is None else np.where(weights > 0, targets, IGNORED).astype(targets.dtype)

    def scored(self) -> Array:
        """Return which answers of the test part count in the score: bool, of the shape of `test_targets`."""
        if self.test_scored is not None:
            return self.test_scored
        if self.test_weights is not None:
            return self.test_weights > 0
        return np.ones(self.test_targets.shape, bool)

    def original_targets(self, values: Array) -> Array:
        """Turn standardized targets or predictions of a regression into their unit; classes stay as they are."""
        if self.task == "classification":
            return values
        return np.asarray(values, np.float64) * self.target_scale + self.target_mean

    def summary(self) -> dict[str, Any]:
        """Return what a page says of the data, as JSON values; what nobody knows is None."""
        known = {
            name: value if math.isfinite(value) else None
            for name in ("chance", "optimum", "chance_loss", "optimum_loss")
            for value in [float(getattr(self, name))]
        }
        return {
            "name": self.name, "title": self.title, "task": self.task, "form": self.form, "source": self.source,
            "train": len(self.train_targets), "test": len(self.test_targets), "plane": False, "image_shape": None,
            "input_names": list(self.input_names), "class_names": list(self.class_names), "tokens": self.tokens,
            "target_name": self.target_name, "target_unit": self.target_unit, "notes": list(self.notes),
            "steps": self.steps, "features": self.features, "answer_steps": self.answer_steps, "lag": self.lag,
            "metric": self.metric, **known,
        }  # fmt: skip
