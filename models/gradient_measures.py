"""What is read off a deep stack whose gradients are known: norms, slopes, sizes, histograms, and a few single weights.

Shared by the stack that trains (models/gradient_flow.py) and by its untrained twin (models/gradient_untrained.py), so
that both are measured with the same ruler. n: probe examples; width: units of a hidden layer; all float64.
"""

from typing import Any

import numpy as np
import tensorflow as tf

from models.base import Array
from models.views import BINS, GradientFlowView

DRAWN_LAYERS, DRAWN_UNITS = 8, 8  # of the network's picture, at most
INNER_PIXELS = (18, 19, 20, 21, 42, 43, 44, 45)  # of the 8 x 8 image: those at its rim are empty in every digit


def drawn_layers(depth: int) -> list[int]:
    """Return the numbers of the hidden layers that the network's picture shows: the first, the last, evenly between."""
    return sorted({round(float(place)) for place in np.linspace(1, depth, min(depth, DRAWN_LAYERS))})


def drawn_pairs(width: int) -> tuple[list[int], list[int]]:
    """Return which of the drawn units (at most 8) are joined in the picture: four weights from each, sources, targets.

    All weights of a pair of layers would be 64 lines, too many to tell one from another.
    """
    units = min(width, DRAWN_UNITS)
    offsets = (0, 1, units // 2, units - 1)  # four different ones, since a layer has four units at least
    pairs = [(source, (source + offset) % units) for source in range(units) for offset in offsets]
    return [source for source, _ in pairs], [target for _, target in pairs]


def norms(gradients: list[Any]) -> Array:
    """Return the Frobenius norm of each gradient, scaled on the way so that tiny squares do not underflow."""
    found = []
    for gradient in map(np.asarray, gradients):
        largest = float(np.max(np.abs(gradient)))
        usable = np.isfinite(largest) and largest > 0
        found.append(largest * float(np.linalg.norm(gradient / largest)) if usable else largest)
    return np.array(found)


def slopes(bend: Any, sums: list[Any]) -> Array:
    """Return the root mean square of the slope f'(z) in each layer: what its bend lets through. (layers,)"""
    with tf.GradientTape() as tape:
        tape.watch(sums)
        activations = [bend(z) for z in sums]
    return np.array([root_mean_square(slope) for slope in tape.gradient(activations, sums)])


def root_mean_square(values: Any) -> float:
    """Return the root of the mean square of an array or tensor."""
    flat = np.asarray(values).ravel()
    return float(np.sqrt(flat @ flat / flat.size))


def edges(of_kernels: list[Any], depth: int, width: int, shared: bool) -> Array:
    """Return the gradients of the drawn weights as shares of the largest: into each drawn layer and the output.

    Flattened, float16: its smallest number, 6e-8 of the largest, is below what the picture draws.
    of_kernels: gradients of the kernels, (inputs, units) each, the output's last; shared: one kernel for all layers
    from the second on. Returns (drawn layers + 1) x pairs values, see `drawn_pairs`.
    """
    sources, targets = drawn_pairs(width)
    pixels = [INNER_PIXELS[source] for source in sources]
    found = []
    for number in drawn_layers(depth):
        place = min(number, 2) - 1 if shared else number - 1
        found.append(np.asarray(of_kernels[place])[pixels if number == 1 else sources, targets])
    found.append(np.asarray(of_kernels[-1])[sources, targets])
    gradients = np.concatenate(found)
    largest = float(np.max(np.abs(gradients), initial=0.0, where=np.isfinite(gradients)))
    return np.asarray(gradients / (largest or 1.0), np.float16)


def histograms(name: str, layers: list[Any]) -> dict[str, Array]:
    """Return for every layer the share of values in each of 24 bins, and where these begin and end, as view fields."""
    finite = [np.nan_to_num(np.asarray(layer), nan=0.0, posinf=0.0, neginf=0.0).ravel() for layer in layers]
    ranges = [(float(values.min()), float(values.max())) for values in finite]
    counted = [_counted(values, *ends) for values, ends in zip(finite, ranges, strict=True)]
    return {
        f"{name}_histograms": np.stack([counts / counts.sum() for counts in counted]).astype(np.float16),
        f"{name}_ranges": np.array(ranges, np.float32),
    }


def _counted(values: Array, low: float, high: float) -> Array:
    """Return what `np.histogram` counts, in a third of its time: one look at 16,000 values a layer. (24,)"""
    if not high > low:
        return np.bincount([BINS // 2] * len(values), minlength=BINS)
    places = ((values - low) * (BINS / (high - low))).astype(np.intp)
    places[places >= BINS] = BINS - 1  # the largest value belongs to the last bin
    return np.bincount(places, minlength=BINS)


def view_of(bend: Any, seen: Any, of_ends: list[Any], of_kernels: list[Any]) -> GradientFlowView:
    """Return the view of a stack.

    bend: the activation f. seen: sums z, activations f(z) and ends h of the hidden layers, (n, width) each.
    of_ends, of_kernels: gradients of the mean loss by each end and by each kernel, the output's last.
    """
    depth, width = len(seen.ends), int(seen.ends[0].shape[1])
    shared = len(of_kernels) < depth + 1
    return GradientFlowView(
        signal=norms(of_ends),
        weight_gradients=norms(of_kernels),
        sizes=np.array([root_mean_square(end) for end in seen.ends]),
        slopes=slopes(bend, seen.sums),
        edges=edges(of_kernels, depth, width, shared),
        **histograms("sum", seen.sums),
        **histograms("activation", seen.activations),
    )
