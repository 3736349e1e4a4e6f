"""What every architecture family has in common: snapshots of a training run, views into a network, known failures."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Protocol, Self, cast

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class View:
    """Arrays that draw the inside of one network at one moment; a family subclasses it and documents the shapes.

    A field is a NumPy array, or None where the picture does not apply (a decision surface of 64 inputs).
    No Keras object is in it, so a view can leave the process that trains, be stored, and be drawn years later.
    """

    def arrays(self) -> dict[str, Array]:
        """Return the arrays by field name; fields that are None are left out."""
        named = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: array for name, array in named.items() if array is not None}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Rebuild a view from `arrays()`; names that this version of the class does not know are ignored."""
        known = {item.name for item in fields(cls)}
        return cls(**{name: array for name, array in arrays.items() if name in known})


@dataclass(frozen=True)
class Snapshot:
    """One moment of a training run.

    step: optimizer steps done so far; epoch: passes over the training data (may be a fraction);
    seconds: time spent in training steps, without compiling and drawing; metrics: named scalars, such as "train_loss".
    """

    step: int
    epoch: float
    seconds: float
    metrics: Mapping[str, float]
    view: View


@dataclass(frozen=True)
class Failure:
    """A setting under which the family is known to fail: data, not prose, so that it can be run and tested.

    settings: the fields of the family's Config that differ from the defaults.
    repair: the fields that mend it, on top of `settings`; empty where this family has no repair.
    metric, threshold: at the end of the run the failing setting stays below the threshold, the repaired one does not.
    claim: name of the file in evidence/ that measures it; "" while there is none.
    """

    title: str
    reason: str
    settings: Mapping[str, Any]
    metric: str
    threshold: float
    repair: Mapping[str, Any] = field(default_factory=dict)
    claim: str = ""


@dataclass(frozen=True)
class Layer:
    """One row of a network's anatomy, read from the Keras model itself.

    shape: output shape without the batch axis; formula: how the parameter count arises, such as "64 x 16 + 16".
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    formula: str


@dataclass(frozen=True)
class Baseline:
    """What a method without a network reaches on the same split; `value` is the test metric named by `metric`."""

    name: str
    metric: str
    value: float
    seconds: float


@dataclass
class Live:
    """What a person may change while a run trains; the training loop reads it before each chunk of work."""

    learning_rate: float


class Family(Protocol):
    """The names that every `models/<family>.py` provides; the engine needs nothing else to run a family.

    A family may also provide `first_picture(config)`: facts, scene and snapshot before the first step, where it knows a
    quicker way than building the model; and `MOST_THREADS`.
    """

    def load(self, config: Any) -> Any:
        """Return the data that `config` asks for, seeded. Raises ValueError, in plain words, on unfit data."""

    def build(self, config: Any, data: Any) -> Any:
        """Return the untrained keras.Model; the same seed gives the same weights."""

    def train(self, config: Any, data: Any, model: Any, live: Live | None = None) -> Iterator[Snapshot]:
        """Yield snapshots: step 0 (untrained), step 0 again once everything is compiled, then one per chunk of work.

        The loop does not know that it is watched: a consumer that stops asking pauses it, and closing it ends it.
        """

    def scene(self, config: Any, data: Any) -> Mapping[str, Array]:
        """Return what the pictures need and training does not change: points, images, targets. See the family."""

    def look(self, model: Any, data: Any, question: Mapping[str, Any] | None = None) -> View:
        """Return what the pictures need to see; `question` asks for something special, such as one drawn digit."""

    def total_steps(self, config: Any, data: Any) -> int:
        """Return the number of optimizer steps of a complete run."""

    def baselines(self, config: Any, data: Any) -> list[Baseline]:
        """Return methods without a neural network, measured on the same split."""


def steps_of(passes: int, batch_size: int, examples: int) -> int:
    """Return the optimizer steps of so many passes; the last incomplete batch of each is left out."""
    return passes * max(1, examples // min(batch_size, examples))


def schedule(total_steps: int, count: int = 60) -> list[int]:
    """Return the steps at which a run is recorded: rising from 0 to `total_steps`, dense where learning is fast.

    Quadratic spacing shows the first steps one by one and the last ones in strides; duplicates are dropped.
    """
    marks = np.linspace(0.0, 1.0, count) ** 2 * total_steps
    return sorted({round(float(mark)) for mark in marks} | {0, total_steps})


def anatomy(model: Any) -> list[Layer]:
    """Return the layers of a Keras model with their parameter counts, in the order of the model."""
    return [
        Layer(
            name=layer.name,
            kind=type(layer).__name__,
            shape=_output_shape(layer),
            parameters=int(layer.count_params()),
            formula=_formula(layer),
        )
        for layer in model.layers
    ]


def _output_shape(layer: Any) -> tuple[int, ...]:
    outputs = layer.output if hasattr(layer, "output") else None
    if isinstance(outputs, list | tuple):  # a recurrent layer that also gives its last state
        outputs = outputs[0]
    shape = outputs.shape if outputs is not None else layer.compute_output_shape(layer.input.shape)
    return tuple(int(size) for size in shape[1:] if size is not None)


def _formula(layer: Any) -> str:
    """Write each weight's size as a product: a Dense layer of 64 inputs and 16 units is "64 x 16 + 16"."""
    products = [" × ".join(str(size) for size in weight.shape) for weight in layer.weights]
    return " + ".join(product for product in products if product)


MODULES: dict[str, str] = {}
"""Families that live outside `models/`, by name: the module to import. A plug-in adds its own line."""


def family(name: str) -> Family:
    """Import the module of a family (and with it TensorFlow). Raises ModuleNotFoundError for an unknown name."""
    from importlib import import_module

    return cast(Family, import_module(MODULES.get(name, f"models.{name}")))
