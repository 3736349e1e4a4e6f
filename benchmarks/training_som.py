"""Samples per second of the self-organizing map on one core: this app's two rules beside MiniSom's three.

Digits (1,797 x 64) on a 10 x 10 map, Gaussian neighbourhood, radius 3 falling to a third; part of
`python -m benchmarks training`. Same first map for all. Each contestant lives in its own process on the same core and
they take turns. Online rules are compared with MiniSom's `train`, our batch rule with the fastest of MiniSom's three.
As a check each tells the quantization error after the same number of passes over the data.

Alone: `python -m benchmarks.training_som "our batch rule" 0`.
"""

import json
import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

ROWS, RADIUS, RATE, CHECK_PASSES = 10, 3.0, 0.5, 10
PASSES = {"our online rule": 10, "our batch rule": 200, "MiniSom online": 1, "MiniSom batch": 1, "MiniSom offline": 1}
Measured = dict[str, dict[str, Any]]


def digits() -> Any:
    """Return the digits in 0..1 as (1797, 64) float32, and the first map: 100 of them."""
    import numpy as np
    from sklearn.datasets import load_digits

    inputs = (load_digits().data / 16.0).astype(np.float32)
    return inputs, inputs[np.random.default_rng(0).choice(len(inputs), ROWS * ROWS, replace=False)]


def ours(rule: str) -> Callable[[int], float]:
    """Return a function that trains for so many passes from the first map and returns the quantization error."""
    import keras

    from models.som_grid import Grid
    from models.som_measures import two_best
    from models.som_training import MapLayer, SelfOrganization

    inputs, first = digits()
    layer = MapLayer(Grid(ROWS, ROWS), first, name="map")
    keras.Model(features := keras.Input(inputs.shape[1:]), layer(features))
    each = len(inputs) if rule == "online" else 1
    kinds: dict[int, SelfOrganization] = {}

    def train(passes: int) -> float:
        if passes not in kinds:  # the decay depends on the length of the run, which is compiled in
            kinds[passes] = SelfOrganization(
                layer, inputs, rule=rule, neighbourhood="gaussian", decay="asymptotic", total=passes * each, seed=0
            )
            kinds[passes].warm()
        layer.prototypes.assign(first)
        kinds[passes].run(0, passes * each, RADIUS, 1.0, RATE)
        return float(two_best(inputs[:200], layer.prototypes.numpy())[2].mean())

    return train


def minisoms(mode: str) -> Callable[[int], float]:
    """Return the same for one of MiniSom's ways to train."""
    from minisom import MiniSom

    inputs, first = digits()

    def train(passes: int) -> float:
        som = MiniSom(ROWS, ROWS, inputs.shape[1], sigma=RADIUS, learning_rate=RATE, random_seed=0)
        som._weights = first.astype(float).reshape(ROWS, ROWS, -1)
        if mode == "online":
            som.train(inputs, passes * len(inputs), random_order=True)
        elif mode == "batch":
            som.train_batch(inputs, passes * len(inputs))
        else:
            som.train_batch_offline(inputs, passes)
        return float(som.quantization_error(inputs[:200]))

    return train


def contestant(name: str) -> Callable[[int], float]:
    """Return the contestant of this name. Raises KeyError for an unknown one."""
    if name not in PASSES:
        raise KeyError(name)
    owner, rule = name.split()[:2]
    return ours(rule) if owner == "our" else minisoms(rule)


def compare(process: Callable[..., Any], rounds: int, seconds: float, core: int) -> Measured:
    """Return by contestant the rates of all rounds and what its process reported; process starts one of them."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        running = {
            name: stack.enter_context(process("som", name, core, module="benchmarks.training_som")) for name in PASSES
        }
        for _ in range(rounds):
            for one in running.values():
                one.take_turn(seconds)
        return {name: {"rates": one.rates, "samples_per_second": median(one.rates), **one.report}
                for name, one in running.items()}  # fmt: skip


def table(results: Measured) -> str:
    """Write the results as text, with the two ratios that count."""
    lines = [f"{'som':<20}{'samples/s':>12}{'lowest':>12}{'highest':>12}{'compiling':>11}{'error':>8}"]
    for name, one in results.items():
        rates = one["rates"]
        spread = f"{one['samples_per_second']:>12,.0f}{min(rates):>12,.0f}{max(rates):>12,.0f}"
        lines.append(f"  {name:<18}{spread}{one['compiling']:>9.1f} s{one['error']:>8.3f}")
    rates = {name: one["rates"] for name, one in results.items()}
    theirs = [rates[name] for name in PASSES if name.startswith("MiniSom")]
    online = median(a / b for a, b in zip(rates["our online rule"], rates["MiniSom online"], strict=True))
    batch = median(a / max(b) for a, *b in zip(rates["our batch rule"], *theirs, strict=True))
    return "\n".join([*lines, f"  online {online:.1f}x MiniSom online, batch {batch:.0f}x MiniSom's fastest"])


def main() -> None:
    """Answer a line of JSON for each number of seconds read: the samples per second."""
    from benchmarks.training_contestant import pin

    name, core = sys.argv[-2:]
    pin(int(core))
    started = perf_counter()
    train, passes = contestant(name), PASSES[name]
    error = train(CHECK_PASSES)
    train(passes)
    samples = len(digits()[0])
    print(json.dumps({"compiling": perf_counter() - started, "error": error}), flush=True)
    for line in sys.stdin:
        began, done = perf_counter(), 0
        while perf_counter() - began < float(line):
            train(passes)
            done += passes
        print(json.dumps(done * samples / (perf_counter() - began)), flush=True)


if __name__ == "__main__":
    main()
