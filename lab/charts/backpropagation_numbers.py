"""What the lessons on one example share: names of parameters, numbers as text, the walk, and relative errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from models.base import Array

FLOOR = 1e-6  # of the largest gradient: smaller ones are compared with this


@dataclass(frozen=True)
class Parameter:
    """One weight or bias. layer: from 1; source: index of the unit it comes from, None for a bias; target: its unit."""

    index: int
    layer: int
    source: int | None
    target: int

    @property
    def name(self) -> str:
        """Return a name such as "w² 3→1" or "b¹ 2": layer above, units counted from 1."""
        layer = "⁰¹²³⁴"[self.layer]
        if self.source is None:
            return f"b{layer} {self.target + 1}"
        return f"w{layer} {self.source + 1}→{self.target + 1}"


def parameters(sizes: Sequence[int]) -> list[Parameter]:
    """Return all parameters in the order of the flat row: kernel (source by source) and bias of each layer in turn."""
    found: list[Parameter] = []
    for layer, (before, after) in enumerate(pairwise(sizes), start=1):
        pairs = [(i, j) for i in [*range(before), None] for j in range(after)]
        found += [Parameter(len(found) + k, layer, i, j) for k, (i, j) in enumerate(pairs)]
    return found


def per_layer(values: Array, sizes: Sequence[int]) -> list[Array]:
    """Cut one value per unit of hidden layers and output into layers."""
    return np.split(np.asarray(values, float), np.cumsum(sizes[1:-1]))


def number(value: float, digits: int = 3) -> str:
    """Return a number as a person reads it, with a real minus sign."""
    if not np.isfinite(value):
        return "no number"
    return (f"{value:.{digits}g}" if value else "0").replace("-", "−")


def relative_errors(one: Array, other: Array) -> Array:
    """Return |a - b| / max(|a|, |b|) of each entry; entries below a millionth of the largest count as that."""
    one, other = np.asarray(one, float), np.asarray(other, float)
    size = np.maximum(np.abs(one), np.abs(other))
    size = np.maximum(size, FLOOR * size.max(initial=0.0))
    return np.abs(one - other) / np.where(size > 0, size, 1.0)


def relative_error(one: Array, other: Array) -> float:
    """Return the relative error of a whole gradient: |a - b| / (|a| + |b|), with Euclidean lengths."""
    one, other = np.asarray(one, float), np.asarray(other, float)
    length = float(np.linalg.norm(one) + np.linalg.norm(other))
    return float(np.linalg.norm(one - other)) / length if length else 0.0


def three_gradients(view: Any, sizes: Sequence[int]) -> list[dict[str, str]]:
    """Return a row per parameter: its gradient by three computations, and the larger of two relative errors."""
    to_tape, to_differences = (relative_errors(view.by_hand, other) for other in (view.by_tape, view.by_differences))
    return [
        {
            "∂L / ∂": one.name,
            "by hand (NumPy)": number(float(view.by_hand[one.index]), 6),
            "GradientTape": number(float(view.by_tape[one.index]), 6),
            "finite differences": number(float(view.by_differences[one.index]), 6),
            "relative error": f"{max(to_tape[one.index], to_differences[one.index]):.1e}",
        }
        for one in parameters(sizes)
    ]


def walk(sizes: Sequence[int]) -> list[str]:
    """Return the stations of one training step, in their order."""
    layers = len(sizes) - 1
    forward = [f"Forward {place}" for place in range(1, layers + 1)]
    backward = [f"Back {place}" for place in range(layers, 0, -1)]
    return ["Input", *forward, "Loss", *backward, "Update"]
