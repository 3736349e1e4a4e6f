"""Does dividing the work, or voting, pay? Measured on handwritten digits, and on three straight pieces.

python -m evidence.modular                   writes evidence/results/modular.json; some minutes on one core
python -m evidence.modular compute pieces    measures these parts again and keeps the others
"""

import json
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from lab.datasets.dataset import Dataset
from models import modular
from models.base import Array
from models.committees import boosted, fit_pieces, routed, stacked, three_pieces, trained
from models.configs import ModularConfig
from models.uncertainty import calibration, calibration_error, negative_log_likelihood, separation

RESULT = Path(__file__).parent / "results" / "modular.json"
SEEDS = (0, 1, 2)
SETTINGS = {"members": 10, "units": 16, "epochs": 60}
KINDS: dict[str, dict[str, Any]] = {
    "one small net": {"kind": "ensemble", "members": 1},
    "one big net": {"kind": "single"},
    "ten voters": {"kind": "ensemble"},
    "bagging": {"kind": "bagging"},
    "experts, all asked": {"kind": "experts"},
    "experts, one asked": {"kind": "experts", "active": 1, "balance": 3.0},
    "a part per digit pair": {"kind": "groups", "members": 5, "units": 36},
}
UNKNOWN = (8, 9)
EXPERTS, WIDTH, BATCH, REPEATS = (2, 4, 8, 16, 32), 256, 2048, 7


def scores(known: Array, targets: Array) -> dict[str, float]:
    """Return accuracy, negative log-likelihood in nats and calibration error of answers (n, c)."""
    return {
        "accuracy": float(np.mean(known.argmax(axis=1) == targets)),
        "loss": float(negative_log_likelihood(known, targets).mean()),
        "ece": calibration_error(calibration(known, targets, 10)),
    }


def committees() -> list[dict[str, Any]]:
    """Return one row per kind and seed: scores on the test digits, and under damage."""
    rows = []
    for seed in SEEDS:
        data = modular.load(ModularConfig(seed=seed))
        for name, settings in KINDS.items():
            config = ModularConfig(seed=seed, **{**SETTINGS, **settings})
            model = trained(config, data)
            known = modular.together(*modular.forward(model, data.test_inputs))
            view = modular.look(model, data)
            rows.append({
                "kind": name, "seed": seed, "parameters": model.count_params(), **scores(known, data.test_targets),
                "noise": float(view.noise_accuracy[4]), "shift": float(view.shift_accuracy[1]),
                "broken": float(view.broken.mean()),
            })  # fmt: skip
        config = ModularConfig(seed=seed, kind="ensemble", **SETTINGS)
        answers, votes = boosted(config, data)
        known = {"boosting": np.einsum("m,nmc->nc", votes, answers), "stacking": stacked(config, data)}
        rows += [{"kind": name, "seed": seed, **scores(one, data.test_targets)} for name, one in known.items()]
    return rows


def without_classes(data: Dataset) -> tuple[Dataset, Array]:
    """Return the data without the digits 8 and 9, and the test images of these."""
    train, test = (~np.isin(part, UNKNOWN) for part in (data.train_targets, data.test_targets))
    known = replace(
        data,
        train_inputs=data.train_inputs[train], train_targets=data.train_targets[train],
        test_inputs=data.test_inputs[test], test_targets=data.test_targets[test], class_names=data.class_names[:8],
    )  # fmt: skip
    return known, data.test_inputs[~test]


def unknown_digits() -> list[dict[str, Any]]:
    """Return how well doubt tells the digits 8 and 9, which no member was trained on, from the others."""
    rows = []
    for seed in SEEDS:
        data, strange = without_classes(modular.load(ModularConfig(seed=seed)))
        for name in ("one small net", "one big net", "ten voters", "bagging", "experts, all asked"):
            model = trained(ModularConfig(seed=seed, **{**SETTINGS, **KINDS[name]}), data)
            ordinary, others = (modular.doubts(*modular.forward(model, x)) for x in (data.test_inputs, strange))
            areas = [separation(*pair) for pair in zip(ordinary, others, strict=True)]
            measures = dict(zip(("confidence", "entropy", "disagreement"), areas, strict=True))
            rows.append({"kind": name, "seed": seed, **measures})
    return rows


def compute() -> list[dict[str, Any]]:
    """Return multiply-adds and microseconds per example as the number of experts grows, all asked or only the best."""
    from threadpoolctl import threadpool_limits

    generator, rows = np.random.default_rng(0), []
    inputs = generator.normal(size=(BATCH, 64)).astype(np.float32)
    with threadpool_limits(1):
        for experts in EXPERTS:
            shapes = ((64, experts), (experts, 64, WIDTH), (experts, WIDTH, 10))
            gate, first, second = (generator.normal(size=shape).astype(np.float32) for shape in shapes)
            for asked, active in (("1", 1), ("2", 2), ("all", experts)):
                done = routed(inputs, gate, first, second, active)
                seconds = _median_seconds(lambda: routed(inputs, gate, first, second, active))  # noqa: B023
                rows.append({
                    "experts": experts, "asked": asked,
                    "multiply_adds": done.multiply_adds / BATCH, "microseconds": 1e6 * seconds / BATCH,
                })  # fmt: skip
    return rows


def _median_seconds(work: Callable[[], Any]) -> float:
    measured = []
    for _ in range(REPEATS):
        started = perf_counter()
        work()
        measured.append(perf_counter() - started)
    return median(measured)


def pieces() -> list[dict[str, Any]]:
    """Return the test error of 1, 2, 3 and 5 linear experts on three straight pieces."""
    return [
        {"experts": experts, "seed": seed, "mse": fit_pieces(three_pieces(seed), experts, seed)}
        for seed in SEEDS
        for experts in (1, 2, 3, 5)
    ]


PARTS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "compute": compute, "pieces": pieces, "committees": committees, "unknown": unknown_digits,
}  # fmt: skip


def main(chosen: Sequence[str]) -> None:
    """Measure the chosen parts, or all, and write each beside the settings as soon as it is done."""
    found: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    for name in chosen or PARTS:
        started = perf_counter()
        found[name] = PARTS[name]()
        spent = found.get("about", {}).get("seconds", {}) | {name: round(perf_counter() - started)}
        found["about"] = about(spent)
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(f"{name}: {spent[name]} s", file=sys.stderr)


def about(seconds: dict[str, int]) -> dict[str, Any]:
    """Return how the numbers were made."""
    return {
        "command": "python -m evidence.modular", "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "seeds": list(SEEDS), "settings": SETTINGS, "kinds": KINDS, "seconds": seconds,
        "device": f"{platform.machine()} CPU, one thread",
        "versions": {name: version(name) for name in ("tensorflow", "keras", "numpy", "scikit-learn")},
        "compute": {"inputs": 64, "units": WIDTH, "classes": 10, "examples": BATCH, "repeats": REPEATS},
    }  # fmt: skip


if __name__ == "__main__":
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    main(sys.argv[1:])
