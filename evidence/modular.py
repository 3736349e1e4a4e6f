"""Does dividing the work, or voting, pay? Measured on handwritten digits, and on three straight pieces.

python -m evidence.modular                   writes evidence/results/modular.json; about six minutes on one core
python -m evidence.modular compute pieces    measures these parts again and keeps the others
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from lab.datasets.dataset import Dataset
from models import modular
from models.base import Array
from models.committees import boosted, fit_pieces, routed, stacked, three_pieces, trained
from models.configs import ModularConfig
from models.uncertainty import calibration, calibration_error, entropy, negative_log_likelihood, separation
from models.views import NOISES

RESULT = Path(__file__).parent / "results" / "modular.json"
SEEDS = (0, 1, 2, 3, 4)
SETTINGS = {"members": 10, "units": 16, "epochs": 60}
KINDS: dict[str, dict[str, Any]] = {
    "one small net": {"kind": "ensemble", "members": 1},
    "one big net": {"kind": "single"},
    "ten voters": {"kind": "ensemble"},
    "bagging": {"kind": "bagging"},
    "all experts asked": {"kind": "experts"},
    "one expert asked": {"kind": "experts", "active": 1, "balance": 3.0},
    "a part per digit pair": {"kind": "groups", "members": 5, "units": 36},
}
NOISE = 0.5  # standard deviation of the noise on the images, ink being 1
UNKNOWN = (8, 9)
SIZES, ORDERS = (1, 2, 3, 5, 7, 10, 15, 20), 10
EXPERTS, WIDTH, BATCH, REPEATS = (2, 4, 8, 16, 32), 256, 1024, 60


def scores(known: Array, targets: Array) -> dict[str, float]:
    """Return accuracy, negative log-likelihood in nats and calibration error of answers (n, c)."""
    return {
        "accuracy": float(np.mean(known.argmax(axis=1) == targets)),
        "loss": float(negative_log_likelihood(known, targets).mean()),
        "ece": calibration_error(calibration(known, targets, 10)),
    }


def committees() -> list[dict[str, Any]]:
    """Return one row per kind and seed: scores on the test digits, and under damage."""
    rows: list[dict[str, Any]] = []
    for seed in SEEDS:
        data = modular.load(ModularConfig(seed=seed))
        rows += [{"kind": name, "seed": seed, **one_committee(config_of(name, seed), data)} for name in KINDS]
        config, truth = config_of("ten voters", seed), data.test_targets
        answers, votes = boosted(config, data)
        rows.append({"kind": "boosting", "seed": seed, **scores(np.einsum("m,nmc->nc", votes, answers), truth)})
        rows.append({"kind": "stacking", "seed": seed, **scores(stacked(config, data), truth)})
    return rows


def config_of(name: str, seed: int) -> ModularConfig:
    """Return the settings of a kind."""
    return ModularConfig(**{"seed": seed, **SETTINGS, **KINDS[name]})


def one_committee(config: ModularConfig, data: Dataset) -> dict[str, float]:
    """Train a network; return its size, and its scores on sound, noisy and moved images and with a broken member."""
    model = trained(config, data)
    members, shares = modular.forward(model, data.test_inputs)
    view = modular.look(model, data)
    assert view.noise_accuracy is not None and view.shift_accuracy is not None and view.broken is not None
    return {
        "parameters": model.count_params(), **scores(modular.together(members, shares), data.test_targets),
        "noise": float(view.noise_accuracy[NOISES.index(NOISE)]), "shift": float(view.shift_accuracy[1]),
        "broken": float(view.broken.mean()),
    }  # fmt: skip


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
        for name in ("one small net", "one big net", "ten voters", "bagging", "all experts asked"):
            model = trained(config_of(name, seed), data)
            ordinary, others = (modular.doubts(*modular.forward(model, x)) for x in (data.test_inputs, strange))
            areas = [separation(*pair) for pair in zip(ordinary, others, strict=True)]
            measures = dict(zip(("confidence", "entropy", "disagreement"), areas, strict=True))
            rows.append({"kind": name, "seed": seed, **measures})
    return rows


def growth() -> list[dict[str, Any]]:
    """Return what committees of growing size reach on the digits 0 to 7, and how well they tell 8 and 9 from these.

    Means over random orders in which the committee grows; the area under the ROC curve is that of the entropy.
    """
    rows = []
    for seed in SEEDS:
        data, strange = without_classes(modular.load(ModularConfig(seed=seed)))
        config = config_of("ten voters", seed).model_copy(update={"members": max(SIZES)})
        model = trained(config, data)
        ordinary, others = (modular.forward(model, inputs)[0] for inputs in (data.test_inputs, strange))
        generator = np.random.default_rng(seed)
        orders = [generator.permutation(max(SIZES)) for _ in range(ORDERS)]
        for size in SIZES:
            found = [grown(ordinary, others, order[:size], data.test_targets) for order in orders]
            means = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
            rows.append({"voters": size, "seed": seed, **means})
    return rows


def grown(ordinary: Array, others: Array, chosen: Array, targets: Array) -> dict[str, float]:
    """Return the scores of the chosen members, and how well their entropy tells the others: answers (n, m, c)."""
    known, strange = (answers[:, chosen].mean(axis=1) for answers in (ordinary, others))
    return scores(known, targets) | {"novelty": separation(entropy(known), entropy(strange))}


def compute() -> list[dict[str, Any]]:
    """Return multiply-adds and microseconds per example as the number of experts grows, all asked or only the best.

    The shortest of many repetitions: whatever else the machine did at the same time can only add to it.
    """
    from threadpoolctl import threadpool_limits

    generator, rows = np.random.default_rng(0), []
    inputs = generator.normal(size=(BATCH, 64)).astype(np.float32)
    with threadpool_limits(1):
        for experts in EXPERTS:
            shapes = ((64, experts), (experts, 64, WIDTH), (experts, WIDTH, 10))
            gate, first, second = (generator.normal(size=shape).astype(np.float32) for shape in shapes)
            for asked, active in (("1", 1), ("2", 2), ("all", experts)):
                done = routed(inputs, gate, first, second, active)
                seconds = _shortest(lambda: routed(inputs, gate, first, second, active))  # noqa: B023
                rows.append({
                    "experts": experts, "asked": asked,
                    "multiply_adds": done.multiply_adds / BATCH, "microseconds": 1e6 * seconds / BATCH,
                })  # fmt: skip
    return rows


def _shortest(work: Callable[[], Any]) -> float:
    measured = []
    for _ in range(REPEATS):
        started = perf_counter()
        work()
        measured.append(perf_counter() - started)
    return min(measured)


def pieces() -> list[dict[str, Any]]:
    """Return the test error of 1, 2, 3 and 5 linear experts on three straight pieces."""
    return [
        {"experts": experts, "seed": seed, "mse": fit_pieces(three_pieces(seed), experts, seed)}
        for seed in SEEDS
        for experts in (1, 2, 3, 5)
    ]


PARTS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "compute": compute, "pieces": pieces, "growth": growth, "unknown": unknown_digits, "committees": committees,
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
    from lab.engine.run_process import describe_device
    from lab.engine.versions import describe, versions

    return {
        "command": "python -m evidence.modular", "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seeds": list(SEEDS), "settings": SETTINGS, "kinds": KINDS, "seconds": seconds,
        "device": f"{describe(describe_device())}, one thread", "versions": versions(),
        "compute": {"inputs": 64, "units": WIDTH, "classes": 10, "examples": BATCH, "repeats": REPEATS},
    }  # fmt: skip


if __name__ == "__main__":
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    main(sys.argv[1:])
