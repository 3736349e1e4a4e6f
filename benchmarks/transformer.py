"""Training and writing of a small GPT beside PyTorch, one core, side by side: `python -m benchmarks transformer`.

The model is nanoGPT's block by block: 4 layers, 4 heads, width 128, context 128, batches of 16, 65 characters, GELU,
AdamW, gradients clipped to a norm of 1. Each contestant runs in a process of its own; rounds alternate, and the median
of the rounds counts. Behind it, how soon a typed sentence becomes its picture in a browser.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from typing import Any

from benchmarks import transformer_browser

LAYERS, HEADS, WIDTH, CONTEXT, BATCH, VOCABULARY, WRITTEN = 4, 4, 128, 128, 16, 65, 256
STEPS, WARM = 8, 2
CONTESTANTS = ("ours", "ours with XLA", "PyTorch")
TARGETS = {"training": 1.2, "cache": 3.0, "cache against PyTorch": 1.5}


def main(arguments: list[str]) -> int:
    """Measure, print, and store the ratios where asked; returns 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks transformer", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--contestant", choices=CONTESTANTS, help=argparse.SUPPRESS)
    parser.add_argument("--json", help="file to write the numbers to")
    options = parser.parse_args(arguments)
    if options.contestant:
        print(json.dumps(measure(options.contestant)))
        return 0
    rounds = [{name: in_own_process(name) for name in CONTESTANTS} for _ in range(options.rounds)]
    found = {name: {key: statistics.median(one[name][key] for one in rounds) for key in rounds[0][name]}
             for name in CONTESTANTS}  # fmt: skip
    ratios = ratios_of(found)
    for name, numbers in found.items():
        print(f"{name:14}", "  ".join(f"{key} {value:,.0f}" for key, value in numbers.items()))
    for name, ratio in ratios.items():
        print(f"{name:24} {ratio:6.2f} times  (target {TARGETS[name]})")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump({"medians": found, "ratios": ratios, "rounds": rounds}, file, indent=1)
    in_browser = transformer_browser.main()
    return int(any(ratio < TARGETS[name] for name, ratio in ratios.items()) or in_browser)


def ratios_of(found: dict[str, dict[str, float]]) -> dict[str, float]:
    """Return how many times as fast this app is, by the name of the target."""
    training = max(found[name]["trained tokens/s"] for name in CONTESTANTS[:2])
    ours, torch = found["ours"], found["PyTorch"]
    return {
        "training": training / torch["trained tokens/s"],
        "cache": ours["written tokens/s"] / ours["without cache tokens/s"],
        "cache against PyTorch": ours["written tokens/s"] / torch["without cache tokens/s"],
    }


def in_own_process(contestant: str) -> dict[str, float]:
    """Measure one contestant in a fresh process on one core."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "benchmarks", "transformer", "--contestant", contestant]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measure(contestant: str) -> dict[str, float]:
    """Return tokens a second of processor time: trained, written with a cache where there is one, and without."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[0]})
    return of_torch() if contestant == "PyTorch" else ours(contestant != "ours")


def per_second(work: Any, tokens: int, times: int = 1) -> float:
    """Return tokens a second of processor time of one core, so that other work on the machine counts less."""
    from time import process_time

    started = process_time()
    for _ in range(times):
        work()
    return tokens * times / (process_time() - started)


def ours(xla: bool) -> dict[str, float]:
    """Measure this app's model, loop and writer."""
    import keras
    import numpy as np
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    from models.training_loop import CompiledTraining
    from models.transformer import Architecture, build_transformer
    from models.transformer_generation import generate
    from models.transformer_look import asked_loss

    shape = Architecture(layers=LAYERS, heads=HEADS, width=WIDTH, mlp_width=4 * WIDTH, vocabulary=VOCABULARY,
                         context=CONTEXT)  # fmt: skip
    tokens = np.random.default_rng(0).integers(0, VOCABULARY, (20 * BATCH, CONTEXT + 1)).astype(np.int32)
    training = CompiledTraining(
        build_transformer(shape, 0, CONTEXT), keras.optimizers.AdamW(1e-3, global_clipnorm=1.0), asked_loss,
        tokens[:, :-1], tokens[:, 1:], batch_size=BATCH, seed=0, jit_compile=xla,
    )  # fmt: skip
    training.run(0, WARM, 1e-3)
    found = {"trained tokens/s": per_second(lambda: training.run(WARM, WARM + STEPS, 1e-3), STEPS * BATCH * CONTEXT)}
    if xla:
        return found
    writing = Architecture(**{**vars(shape), "context": 2 * WRITTEN})
    model = build_transformer(writing)
    for name, cache in (("written tokens/s", True), ("without cache tokens/s", False)):
        generate(model, writing, [1], WRITTEN, cache=cache)  # all are measured warm
        found[name] = per_second(lambda cache=cache: generate(model, writing, [1], WRITTEN, cache=cache), WRITTEN)
    return found


def of_torch() -> dict[str, float]:
    """Measure nanoGPT's model in PyTorch's eager mode, trained and written as its own scripts do."""
    import torch

    from benchmarks.transformer_torch import NanoGpt, train_step

    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = NanoGpt(LAYERS, HEADS, WIDTH, 2 * WRITTEN, VOCABULARY)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, fused=True)
    tokens = torch.randint(0, VOCABULARY, (BATCH, CONTEXT + 1))
    for _ in range(WARM):
        train_step(model, optimizer, tokens)
    trained = per_second(lambda: train_step(model, optimizer, tokens), BATCH * CONTEXT, STEPS)
    model.write(torch.ones((1, 1), dtype=torch.long), WRITTEN)
    without = per_second(lambda: model.write(torch.ones((1, 1), dtype=torch.long), WRITTEN), WRITTEN)
    return {"trained tokens/s": trained, "without cache tokens/s": without}
