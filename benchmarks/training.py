"""Optimizer steps per second on one core: this app's loop beside `Model.fit`, PyTorch and JAX.

`python -m benchmarks training [--only mlp cnn] [--rounds 9] [--seconds 0.5] [--json FILE]`

Same models, same first weights, same data and batch sizes, same optimizer (Adam), float32. Each contestant lives in its
own process on the same core; they take turns, A B C A B C, so that a busy machine slows all alike. The table tells the
median of the rounds; "ours is" is the median of the ratios within a round. Starting and compiling are told, not
counted. The losses before training must be equal and those after the same number of epochs alike: nobody is fast by
doing less.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import training_gan, training_som
from benchmarks.training_contestant import CONTESTANTS

PACKAGES = {"PyTorch": "torch", "JAX": "jax"}
PROBLEMS = ("mlp", "cnn", "rnn", "lstm", "transformer")
MAPS = "som"  # no gradient: a comparison of its own, with MiniSom
GAMES = "gan"  # two networks: a comparison of its own, with `Model.fit`


class Process:
    """A contestant's process, waiting for its turn."""

    def __init__(self, problem: str, name: str, core: int, module: str = "benchmarks.training_contestant") -> None:
        command = [sys.executable, "-m", module, problem, name, str(core)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.report: dict[str, Any] = self.read()
        self.rates: list[float] = []

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def take_turn(self, seconds: float) -> None:
        assert self.process.stdin is not None
        print(seconds, file=self.process.stdin, flush=True)
        self.rates.append(self.read())

    def read(self) -> Any:
        assert self.process.stdout is not None
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the process of {self.process.args!r} ended; run it alone to see why")
        return json.loads(answer)


def available() -> list[str]:
    """Return the contestants that can run here; say in a sentence which cannot."""
    missing = [name for name, package in PACKAGES.items() if find_spec(package) is None]
    if missing:
        print(f"Without {' and '.join(missing)}, not installed here: `pip install -r benchmarks/requirements.txt`.")
    return [name for name in CONTESTANTS if name not in missing]


def compare(problem: str, names: list[str], rounds: int, seconds: float) -> dict[str, dict[str, Any]]:
    """Return by contestant the rates of all rounds, their median, and what its process reported at the start."""
    core = max(os.sched_getaffinity(0))
    with ExitStack() as stack:
        processes = {name: stack.enter_context(Process(problem, name, core)) for name in names}
        for _ in range(rounds):
            for process in processes.values():
                process.take_turn(seconds)
        return {
            name: {"steps_per_second": median(process.rates), "rates": process.rates, **process.report}
            for name, process in processes.items()
        }


def table(problem: str, results: dict[str, dict[str, Any]]) -> str:
    """Write one problem's results as text."""
    ours = results["ours"]["rates"]
    head = f"{problem:<16}{'steps/s':>10}{'lowest':>10}{'highest':>10}{'ours is':>10}"
    lines = [head + f"{'compiling':>11}{'loss before':>13}{'after':>8}"]
    for name, result in results.items():
        rate, rates = result["steps_per_second"], result["rates"]
        ratio = median(our / their for our, their in zip(ours, rates, strict=True))
        speed = f"{rate:>10,.0f}{min(rates):>10,.0f}{max(rates):>10,.0f}{ratio:>9.2f}x"
        lines.append(
            f"  {name:<14}{speed}{result['compiling']:>9.1f} s{result['before']:>13.4f}{result['after']:>8.3f}"
        )
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Measure, print the tables, and write everything measured to a file if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks training", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=(*PROBLEMS, GAMES, MAPS), default=(*PROBLEMS, GAMES, MAPS), help="these only"
    )
    parser.add_argument("--rounds", type=int, default=9, help="turns of each contestant")
    parser.add_argument("--seconds", type=float, default=0.5, help="at least so long is each turn")
    parser.add_argument("--json", type=Path, help="write all rates to this file")
    options = parser.parse_args(arguments)
    names = available()
    print(f"Python {platform.python_version()}, {platform.machine()}, one core, {options.rounds} rounds\n")
    measured = {}
    for problem in (one for one in options.only if one not in (GAMES, MAPS)):
        measured[problem] = compare(problem, names, options.rounds, options.seconds)
        print(table(problem, measured[problem]) + "\n", flush=True)
    if GAMES in options.only:
        measured[GAMES] = training_gan.compare(Process, options.rounds, options.seconds, max(os.sched_getaffinity(0)))
        print(training_gan.table(measured[GAMES]) + "\n", flush=True)
    if MAPS in options.only:
        if find_spec("minisom") is None:
            print("Without MiniSom, not installed here: `pip install -r benchmarks/requirements.txt`.")
        else:
            measured[MAPS] = training_som.compare(
                Process, options.rounds, options.seconds, max(os.sched_getaffinity(0))
            )
            print(training_som.table(measured[MAPS]) + "\n", flush=True)
    if options.json:
        options.json.write_text(json.dumps(measured, indent=1) + "\n")
    return 0
