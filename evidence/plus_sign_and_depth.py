"""Claim: without a plus, sigmoid stacks on digits fall to chance with depth; with it, twenty layers train like two.

Trains the network of models/gradient_flow.py at each depth with several seeds and writes what it reached to
evidence/results/plus_sign_and_depth.json: `python -m evidence.plus_sign_and_depth`.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

RESULT = Path(__file__).resolve().parent / "results" / "plus_sign_and_depth.json"
DEPTHS, SEEDS = (2, 5, 10, 20), (0, 1, 2)
STACKS: dict[str, dict[str, Any]] = {
    "sigmoid": {"connection": "plain"},
    "sigmoid with plus": {"connection": "residual"},
    "ReLU, He": {"connection": "plain", "activation": "relu", "initialization": "he_normal"},
    "SELU, LeCun": {"connection": "plain", "activation": "selu", "initialization": "lecun_normal"},
    "as in a Transformer": {"connection": "residual", "activation": "gelu", "normalization": "layer"},
}


def measure(stack: str, depth: int, seed: int) -> float:
    """Return the share of test digits right after a complete run, measured once at its end."""
    from models import gradient_flow
    from models.configs import GradientFlowConfig
    from models.gradient_untrained import cross_entropy
    from models.training_loop import CompiledTraining

    config = GradientFlowConfig(depth=depth, seed=seed, **STACKS[stack])
    data = gradient_flow.load(config)
    model = gradient_flow.build(config, data)
    training = CompiledTraining(
        model, gradient_flow.optimizer_for(config), cross_entropy,
        data.train_inputs, data.train_targets, batch_size=config.batch_size, seed=seed,
    )  # fmt: skip
    training.run(0, gradient_flow.total_steps(config, data), config.learning_rate)
    return gradient_flow.evaluate(model, data)["test_accuracy"]


def main(_: Sequence[str] = ()) -> None:
    """Measure everything and store it with settings, versions, device and date."""
    from lab.engine.run_process import describe_device
    from lab.engine.versions import describe, versions
    from models.configs import GradientFlowConfig

    started = perf_counter()
    cells = [
        {"stack": stack, "depth": depth, "seeds": list(SEEDS),
         "test_accuracy": [measure(stack, depth, seed) for seed in SEEDS]}
        for stack in STACKS
        for depth in DEPTHS
    ]  # fmt: skip
    found = {
        "claim": __doc__.splitlines()[0] if __doc__ else "", "cells": cells, "stacks": STACKS,
        "settings": GradientFlowConfig().model_dump(mode="json"), "seconds": round(perf_counter() - started, 1),
        "device": describe(describe_device()), "versions": versions(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
    RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
