"""The one shape in which every set of data reaches a network."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Task = Literal["classification", "regression"]
Part = Literal["train", "test"]

PLANE_EXTENT = 6.0  # the points of a 2-D set lie on about [-6, 6] x [-6, 6], as in TensorFlow Playground
PLANE_SCALE = 3.0  # a network gets x1 / 3 and x2 / 3: about unit variance, which all usual initializations assume


class UnfitData(ValueError):
    """Data that cannot be learned from; the text says in a plain sentence what is wrong and what to do."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Inputs and targets, split into a training and a test part, ready for a network.

    train_inputs, test_inputs: (n, d) float32, scaled; what was fitted for the scaling saw the training part only.
    train_targets, test_targets: (n,) int32, index into `class_names`; for a regression (n,) float32, standardized by
    the training part (`original_targets` turns them and predictions back).
    train_rows, test_rows: (n,) int64, the row in the source from which each example comes.
    plane: the first two inputs are x1 and x2 of a 2-D set; `extra_features` names the inputs computed from them.
    notes: plain sentences about what was left out, filled in or is uneven.
    """

    name: str
    title: str
    task: Task
    train_inputs: Array
    train_targets: Array
    test_inputs: Array
    test_targets: Array
    train_rows: Array
    test_rows: Array
    input_names: tuple[str, ...]
    source: str
    target_name: str
    class_names: tuple[str, ...] = ()
    target_mean: float = 0.0
    target_scale: float = 1.0
    target_unit: str = ""
    image_shape: tuple[int, int] | None = None
    plane: bool = False
    extra_features: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def original_targets(self, values: Array) -> Array:
        """Turn standardized targets or predictions of a regression into their unit; classes stay as they are."""
        if self.task == "classification":
            return values
        return np.asarray(values, dtype=np.float64) * self.target_scale + self.target_mean

    def points(self, part: Part) -> Array:
        """Return the (n, 2) points of a 2-D set in the coordinates of its picture, about [-6, 6]."""
        if not self.plane:
            raise ValueError(f"{self.title} has no two axes to draw its points on.")
        inputs = self.train_inputs if part == "train" else self.test_inputs
        return inputs[:, :2] * np.float32(PLANE_SCALE)

    def summary(self) -> dict[str, Any]:
        """Return what a page says of the data, as JSON values."""
        return {
            "name": self.name, "title": self.title, "task": self.task, "source": self.source,
            "train": len(self.train_targets), "test": len(self.test_targets), "plane": self.plane,
            "input_names": list(self.input_names), "class_names": list(self.class_names),
            "target_name": self.target_name, "target_unit": self.target_unit, "notes": list(self.notes),
            "image_shape": list(self.image_shape) if self.image_shape else None,
        }  # fmt: skip
