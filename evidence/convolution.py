"""What do shared windows buy on images? Moved digits, shuffled pixels, dots farther apart than a window, and size.

python -m evidence.convolution               writes evidence/results/convolution.json; some minutes on two cores
python -m evidence.convolution sizes reach   measures these parts again and keeps the others
"""

import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

RESULT = Path(__file__).parent / "results" / "convolution.json"
SEEDS = (0, 1, 2)
MOST_MOVE = 4  # pixels; the digits have 2 empty pixels on each side
NETWORKS: dict[str, dict[str, Any]] = {
    "perceptron, 64 units": {"blocks": 0, "units": 64},
    "convolution, flatten": {"filters": 8, "head": "flatten"},
    "convolution, global max": {"filters": 16, "head": "global_max"},
}
WIDTHS, FILTERS = (1, 2, 4, 8, 16, 32, 64, 128, 256), (1, 2, 4, 8, 16)
EQUAL_SEEDS, EQUAL_FILTERS, EQUAL_WIDTHS = tuple(range(8)), 8, (32, 64, 128, 256)
DISTANCES, DEPTHS, PAIR_EPOCHS = (2, 4, 6, 7, 8, 9, 10, 12, 14), (1, 2, 3), 20


def trained(**settings: Any) -> tuple[Any, Any, Any]:
    """Return settings, data and the network after a complete run."""
    import keras

    from models import cnn
    from models.configs import CnnConfig
    from models.training_loop import CompiledTraining

    config = CnnConfig(**settings)
    data = cnn.load(config)
    model = cnn.build(config, data)
    training = CompiledTraining(
        model, keras.optimizers.Adam(config.learning_rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True), data.pictures("train"), data.train_targets,
        batch_size=config.batch_size, seed=config.seed,
    )  # fmt: skip
    training.run(0, cnn.total_steps(config, data), config.learning_rate)
    return config, data, model


def moves() -> list[dict[str, Any]]:
    """Return for every network and seed the share right by move, [down][right], in order and with shuffled pixels."""
    from models.cnn_questions import shift_accuracies

    found = []
    for name, settings in NETWORKS.items():
        for seed in SEEDS:
            _, data, model = trained(dataset="digits_canvas", seed=seed, **settings)
            moved = shift_accuracies(model, data, MOST_MOVE)
            _, other, shuffled = trained(dataset="digits_canvas", seed=seed, permuted=True, **settings)
            found.append({
                "network": name, "seed": seed, "parameters": model.count_params(),
                "accuracy": [[round(float(value), 4) for value in row] for row in moved],
                "shuffled": float(shift_accuracies(shuffled, other, 1)[1, 1]),
            })  # fmt: skip
    return found


def reach() -> list[dict[str, Any]]:
    """Return the share right by the distance of two dots, for stacks of one, two and three blocks."""
    from models import cnn
    from models.receptive_field import reaches

    found = []
    for blocks in DEPTHS:
        for distance in DISTANCES:
            for seed in SEEDS:
                config, data, model = trained(
                    dataset="pair", blocks=blocks, distance=distance, seed=seed, epochs=PAIR_EPOCHS
                )
                found.append({
                    "blocks": blocks, "distance": distance, "seed": seed, "field": reaches(config, 16)[-1].field,
                    "accuracy": cnn.evaluate(model, data)["test_accuracy"], "parameters": model.count_params(),
                })  # fmt: skip
    return found


def sizes() -> list[dict[str, Any]]:
    """Return parameters and share of test digits right of perceptrons and of convolutional networks of many sizes."""
    return _sizes(WIDTHS, FILTERS, SEEDS)


def equal() -> list[dict[str, Any]]:
    """Return the same for the default network and some perceptrons, on more seeds: which one reads as well?"""
    return _sizes(EQUAL_WIDTHS, (EQUAL_FILTERS,), EQUAL_SEEDS)


def _sizes(widths: Sequence[int], filters: Sequence[int], seeds: Sequence[int]) -> list[dict[str, Any]]:
    from models import cnn

    kinds: list[tuple[str, dict[str, Any]]] = [("perceptron", {"blocks": 0, "units": units}) for units in widths]
    kinds += [("convolution", {"filters": count}) for count in filters]
    found = []
    for kind, settings in kinds:
        for seed in seeds:
            _, data, model = trained(seed=seed, **settings)
            found.append({
                "kind": kind, "seed": seed, "parameters": model.count_params(),
                "width": settings.get("units", settings.get("filters")),
                "accuracy": cnn.evaluate(model, data)["test_accuracy"],
            })  # fmt: skip
    return found


PARTS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "moves": moves, "reach": reach, "sizes": sizes, "equal": equal,
}  # fmt: skip


def main(wanted: Sequence[str]) -> None:
    """Measure the wanted parts (all, if none is named) and store them with settings, versions, device and date."""
    from lab.engine.run_process import describe_device
    from lab.engine.versions import describe, versions
    from models.configs import CnnConfig

    found = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    seconds = found.get("about", {}).get("seconds", {})
    for part in wanted or PARTS:
        started = perf_counter()
        found[part] = PARTS[part]()
        seconds[part] = round(perf_counter() - started)
    found["about"] = {
        "command": "python -m evidence.convolution", "seeds": list(SEEDS), "networks": NETWORKS,
        "settings": CnnConfig().model_dump(mode="json"), "seconds": seconds,
        "device": describe(describe_device()), "versions": versions(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
    RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
