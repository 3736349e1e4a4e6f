"""How long a sequence fits through one vector? Reversing letters without and with attention, at equal parameters.

python -m evidence bottleneck              goes on where it stopped; about 8 minutes on one core
python -m evidence bottleneck minutes=3    stops after so many minutes
Writes evidence/results/bottleneck.json after each run.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

RESULT = Path(__file__).parent / "results" / "bottleneck.json"
SEEDS = (0, 1, 2)
LENGTHS = (4, 8, 12, 16)
ATTENTION = ("none", "additive", "product")
PARAMETERS, LETTERS, CELL = 8000, 8, "gru"
BUDGET = {"samples": 12000, "epochs": 2, "batch_size": 32, "learning_rate": 0.01, "clip": 1.0}  # 750 steps


def settings_of(attention: str, length: int, seed: int) -> dict[str, Any]:
    """Return the settings with which the page makes the same run."""
    from models.bottleneck import units_for

    units = units_for(CELL, LETTERS, attention, PARAMETERS)
    named = {"dataset": "reverse", "lag": length, "cell": CELL, "attention": attention, "units": units, "seed": seed}
    return {**named, **BUDGET}


def measure(attention: str, length: int, seed: int) -> dict[str, Any]:
    """Train one network and return what it writes freely on sequences it has never read."""
    import numpy as np

    from models import lstm_gru
    from models.bottleneck import alignment, shifted
    from models.bottleneck_training import compiled, evaluate, outputs_of
    from models.configs import LstmGruConfig

    config = LstmGruConfig(**settings_of(attention, length, seed))
    data = lstm_gru.load(config)
    model = lstm_gru.build(config, data)
    training, last = compiled(config, data, model), lstm_gru.total_steps(config, data)
    training.warm()
    started = perf_counter()
    training.run(0, last, config.learning_rate)
    seconds = perf_counter() - started
    free = outputs_of(model, data.test_inputs)
    metrics = evaluate(model, data, free)
    looks = alignment(model, data.test_inputs, shifted(free.argmax(axis=-1).astype(np.int32), LETTERS))
    found = float("nan") if looks is None else float(np.mean(looks.argmax(axis=2) == np.arange(length)[::-1]))
    by_place = (free.argmax(axis=-1) == data.test_targets).mean(axis=0)
    return {
        "attention": attention,
        "length": length,
        "seed": seed,
        "units": config.units,
        "parameters": int(model.count_params()),
        "steps": last,
        "seconds": round(seconds, 1),
        "letters": round(metrics["test_accuracy"], 4),
        "whole": round(metrics["test_whole"], 4),
        "looks_right": None if looks is None else round(found, 4),
        "by_place": [round(float(share), 3) for share in by_place],
    }


def about() -> dict[str, Any]:
    """Return what is the same for all runs."""
    return {
        "command": "python -m evidence bottleneck",
        "seeds": list(SEEDS),
        "lengths": list(LENGTHS),
        "cell": CELL,
        "budget": {**BUDGET, "parameters": PARAMETERS, "letters": LETTERS},
    }


def main(words: Sequence[str]) -> None:
    """Measure what is missing; minutes=N ends after so many minutes."""
    from lab.engine.run_process import describe_device, prepare_process
    from lab.engine.versions import describe, versions

    named = dict(word.split("=", 1) for word in words if "=" in word)
    until = perf_counter() + 60 * float(named.get("minutes", 1e9))
    prepare_process(1, family_name="lstm_gru")
    found: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    if found.get("about", {}).get("budget") != about()["budget"]:
        found = {"runs": []}
    known = {(run["attention"], run["length"], run["seed"]) for run in found["runs"]}
    for seed, length, attention in ((s, n, a) for s in SEEDS for n in LENGTHS for a in ATTENTION):
        if (attention, length, seed) in known:
            continue
        found["runs"].append(measure(attention, length, seed))
        found["about"] = {
            **about(),
            "seconds": round(sum(run["seconds"] for run in found["runs"])),
            "device": describe(describe_device()),
            "versions": versions(),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        runs = ",\n".join("  " + json.dumps(run) for run in found["runs"])
        RESULT.write_text(
            f'{{\n "about": {json.dumps(found["about"])},\n "runs": [\n{runs}\n ]\n}}\n', encoding="utf-8"
        )
        print(found["runs"][-1], flush=True)
        if perf_counter() > until:
            return
