"""A family as a plug-in, for the tests of the engine: a tiny Keras model whose training goes wrong on demand."""

import os
import re
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from lab.datasets.dataset import UnfitData
from models.base import MODULES, Array, Baseline, Live, Snapshot, View
from models.configs import CONFIGS, Config, knob

Behaviour = Literal[
    "plain", "unfit", "slow_build", "slow_compile", "hang", "sleep", "crash", "vanish", "heavy", "nan", "loud", "bare",
]  # fmt: skip


class ToyConfig(Config):
    """What the toy does, and at which step it begins to misbehave."""

    family: ClassVar[str] = "toy"

    behaviour: Behaviour = knob("plain", "Behaviour", "What happens at step `at`.")
    at: int = knob(3, "At", "The step of the misbehaviour.", ge=0)
    steps: int = knob(20, "Steps", "Steps, each with a snapshot.", ge=1)
    wait: float = knob(0.01, "Wait", "Seconds of work per step.", ge=0, le=10)
    learning_rate: float = knob(0.1, "Learning rate", "Step size.", gt=0, le=10)


@dataclass(frozen=True)
class ToyView(View):
    """weights: (2,); answer: (1,)."""

    weights: Array | None = None
    answer: Array | None = None


def load(config: ToyConfig) -> Array:
    """Return 16 points, (16, 2)."""
    if config.behaviour == "unfit":
        raise UnfitData("The table has a single row. Add some more.")
    return np.random.default_rng(config.seed).normal(size=(16, 2)).astype(np.float32)


def build(config: ToyConfig, data: Array) -> Any:
    """Return a network of one layer."""
    import keras

    if config.behaviour == "slow_build":
        time.sleep(60)
    keras.utils.set_random_seed(config.seed)
    inputs = keras.Input((2,), name="input")
    return keras.Model(inputs, keras.layers.Dense(1, use_bias=False, name="output")(inputs))


def train(config: ToyConfig, data: Array, model: Any, live: Live | None = None) -> Iterator[Snapshot]:
    """Descend the squared output; the gradient is written out, so nothing is compiled."""
    live = live or Live(config.learning_rate)
    yield _snapshot(0, data, model)
    if config.behaviour == "slow_compile":
        _hang()
    yield _snapshot(0, data, model)
    for step in range(1, config.steps + 1):
        time.sleep(config.wait)
        weights = model.get_weights()[0]
        model.set_weights([weights - live.learning_rate * 2 * data.T @ (data @ weights) / len(data)])
        if step == config.at:
            _misbehave(config.behaviour, model)
        yield _snapshot(step, data, model)


def _snapshot(step: int, data: Array, model: Any) -> Snapshot:
    loss = float(np.mean((data @ model.get_weights()[0]) ** 2))
    metrics = {"train_loss": loss, "test_loss": loss}
    return Snapshot(step, step / 4, step * 0.01, metrics, look(model, data))


def _misbehave(behaviour: str, model: Any) -> None:
    if behaviour == "hang":
        _hang()
    elif behaviour == "sleep":
        time.sleep(60)
    elif behaviour == "crash":
        raise RuntimeError("The toy broke\nand this second line is not for people.")
    elif behaviour == "vanish":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif behaviour == "heavy":
        _eat()
    elif behaviour == "nan":
        model.set_weights([np.full((2, 1), np.nan, np.float32)])
    elif behaviour == "loud":
        for _ in range(200):
            os.write(1, b"x" * 1000 + b"\n")


def _hang() -> None:
    """Stay in native code, without giving up the interpreter's lock, for years."""
    re.match(r"(a+)+$", "a" * 60 + "b")


def _eat() -> None:
    eaten = []
    while True:
        eaten.append(np.ones(2_500_000))  # 20 MB, and every page of it touched
        time.sleep(0.01)


def scene(config: ToyConfig, data: Array) -> Mapping[str, Array]:
    """Return the points."""
    return {"points": data}


def look(model: Any, data: Array, question: Mapping[str, Any] | None = None) -> ToyView:
    """question: {"input": two numbers}; "end" ends the process, "overflow" is a mistake in this family."""
    weights = model.get_weights()[0]
    if question is None:
        return ToyView(weights=weights[:, 0])
    if "end" in question:
        os._exit(3)
    if "overflow" in question:
        int(float("inf"))
    if "input" not in question:
        raise ValueError("ask about two numbers")
    return ToyView(answer=np.asarray(question["input"], np.float32) @ weights)


def total_steps(config: ToyConfig, data: Array) -> int:
    """Return the number of steps."""
    return config.steps


def baselines(config: ToyConfig, data: Array) -> list[Baseline]:
    """Return one comparison, or fail to."""
    if config.behaviour == "bare":
        raise RuntimeError("no comparison can be made")
    return [Baseline("Zero", "test_loss", 0.0, 0.0)]


CONFIGS[ToyConfig.family] = ToyConfig
MODULES[ToyConfig.family] = __name__
