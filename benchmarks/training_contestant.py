"""One contestant on one problem, alone in its process: `python -m benchmarks.training_contestant mlp ours 0`.

It pins itself to the core named last before it loads a framework. Then it answers one line of JSON per line of input:
first how long the import and the first epoch took (that compiles everything) and the losses before and after the same
number of epochs as everybody; then, for each number of seconds it reads, the steps per second it managed.
"""

import json
import os
import sys
from importlib import import_module
from time import perf_counter
from typing import Any, Protocol

CONTESTANTS = {
    "fit": "benchmarks.training_keras",
    "fit, tuned": "benchmarks.training_keras",
    "ours": "benchmarks.training_keras",
    "PyTorch": "benchmarks.training_torch",
    "JAX": "benchmarks.training_jax",
}


class Contestant(Protocol):
    """Holds a model, its optimizer and the data of one problem."""

    def train(self, epochs: int) -> None:
        """Train for so many more epochs, and return when they are done."""

    def loss(self) -> float:
        """Return the mean loss over all examples."""


def pin(core: int) -> None:
    """Let this process use one core and one thread for computing; to be called before a framework is imported."""
    os.sched_setaffinity(0, {core})
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    os.environ["JAX_PLATFORMS"] = "cpu"


def time_of(contestant: Contestant, epochs: int) -> float:
    started = perf_counter()
    contestant.train(epochs)
    return perf_counter() - started


def prepare(contestant: Contestant, check_epochs: int) -> dict[str, Any]:
    """Compile everything by one epoch; return the losses that prove that all contestants learn the same."""
    before, compiling = contestant.loss(), time_of(contestant, 1)
    seconds = time_of(contestant, check_epochs - 1)
    return {"before": before, "compiling": compiling - seconds / (check_epochs - 1), "after": contestant.loss()}


def main() -> None:
    problem_name, name, core = sys.argv[1:]
    pin(int(core))
    started = perf_counter()
    from benchmarks.training_problems import PROBLEMS

    problem = PROBLEMS[problem_name]()
    contestant: Contestant = import_module(CONTESTANTS[name]).CONTESTANTS[name](problem)
    built = perf_counter() - started
    print(json.dumps({"starting": built, **prepare(contestant, problem.check_epochs)}), flush=True)
    epochs = 1
    for line in sys.stdin:
        while (seconds := time_of(contestant, epochs)) < float(line):
            epochs = max(epochs + 1, int(min(10.0, 1.2 * float(line) / seconds) * epochs))
        print(json.dumps(epochs * problem.steps_per_epoch / seconds), flush=True)


if __name__ == "__main__":
    main()
