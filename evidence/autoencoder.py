"""Claim: up to 16 numbers bends rebuild digits better than PCA; pretraining without labels pays at 20 to 50 labels.

Two tables, written to evidence/results/autoencoder.json by `python -m evidence.autoencoder`.

bottleneck: test error on the digits over the number of code numbers, for the dense network with bends, the same with
linear layers, and PCA with as many axes.
pretraining: share of test digits right with few labels, drawn evenly from the classes. The encoder of a denoising
autoencoder (Vincent and others, JMLR 11, 2010), trained on all training digits without labels, with a softmax layer on
top, all trained on; the same network from scratch; a logistic regression on the frozen code; a logistic regression on
the pixels.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

RESULT = Path(__file__).resolve().parent / "results" / "autoencoder.json"
CODES, SEEDS = (1, 2, 4, 8, 16, 32), (0, 1, 2)
LABELS, DRAWS = (10, 20, 50, 100, 200), (0, 1, 2, 3, 4)
SHARED: dict[str, Any] = {"code": 32, "units": 128, "noise": 0.3}
STEPS, RATE = 300, 0.003  # of the training with labels, on all of them at once


def bottleneck(code: int, seed: int) -> list[dict[str, Any]]:
    """Return the test error of the three ways to squeeze the digits into `code` numbers."""
    from models import autoencoder
    from models.configs import AutoencoderConfig

    rows = []
    ways: tuple[tuple[str, Literal["relu", "linear"]], ...] = (("with bends", "relu"), ("linear", "linear"))
    for kind, activation in ways:
        config = AutoencoderConfig(code=code, seed=seed, activation=activation)
        data = autoencoder.load(config)
        *_, last = autoencoder.train(config, data, autoencoder.build(config, data))
        rows.append({"kind": kind, "code": code, "seed": seed, "error": last.metrics["test_loss"]})
    best = next(one.value for one in autoencoder.baselines(config, data) if one.metric == "test_loss")
    return [*rows, {"kind": "PCA", "code": code, "seed": seed, "error": best}]


def labelled_rows(targets: Any, count: int, seed: int) -> Any:
    """Return `count` rows of the training part, equally many of each class."""
    import numpy as np

    generator = np.random.default_rng([seed, 11])
    kinds = np.unique(targets)
    each = [generator.permutation(np.flatnonzero(targets == kind))[: count // len(kinds)] for kind in kinds]
    return np.concatenate(each)


def pretraining(seed: int) -> list[dict[str, Any]]:
    """Return the share of test digits right of each way to use few labels."""
    from models import autoencoder
    from models.configs import AutoencoderConfig

    config = AutoencoderConfig(seed=seed, **SHARED)
    data = autoencoder.load(config)
    model = autoencoder.build(config, data)
    scratch = model.get_weights()
    for _ in autoencoder.train(config, data, model):
        pass
    found = []
    for count in LABELS:
        rows = labelled_rows(data.train_targets, count, seed)
        reached = _all_ways(model, scratch, data, rows, seed)
        found += [{"kind": kind, "labels": count, "seed": seed, "right": right} for kind, right in reached.items()]
    return found


def _all_ways(model: Any, scratch: Any, data: Any, rows: Any, seed: int) -> dict[str, float]:
    import keras
    from sklearn.linear_model import LogisticRegression

    inputs, targets = data.train_inputs[rows], data.train_targets[rows]
    encoder = keras.Model(model.inputs, model.get_layer("code").output)
    codes = {part: encoder.predict(one, verbose=0) for part, one in (("train", inputs), ("test", data.test_inputs))}
    frozen = LogisticRegression(max_iter=2000).fit(codes["train"], targets).score(codes["test"], data.test_targets)
    pixels = LogisticRegression(max_iter=2000).fit(inputs, targets).score(data.test_inputs, data.test_targets)
    return {
        "pretrained, trained on": _classified(model, model.get_weights(), data, rows, seed),
        "from scratch": _classified(model, scratch, data, rows, seed),
        "logistic regression on the code": float(frozen),
        "logistic regression on pixels": float(pixels),
    }


def _classified(model: Any, weights: Any, data: Any, rows: Any, seed: int) -> float:
    """Put a softmax layer on a copy of the encoder with these weights, train all of it, return the share right."""
    import keras

    from models.training_loop import CompiledTraining

    copy = keras.models.clone_model(model)
    copy.set_weights(weights)
    keras.utils.set_random_seed(seed)
    logits = keras.layers.Dense(10, name="classes")(copy.get_layer("code").output)
    classifier = keras.Model(copy.inputs, logits)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    training = CompiledTraining(
        classifier, keras.optimizers.Adam(RATE), loss, data.train_inputs[rows], data.train_targets[rows],
        batch_size=len(rows), seed=seed,
    )  # fmt: skip
    training.run(0, STEPS, RATE)
    guessed = classifier.predict(data.test_inputs, verbose=0).argmax(axis=1)
    return float((guessed == data.test_targets).mean())


def main(_: Sequence[str] = ()) -> None:
    """Measure both tables, and write them with settings, versions and device."""
    from lab.engine.run_process import describe_device
    from lab.engine.versions import describe, versions
    from models.configs import AutoencoderConfig

    started = perf_counter()
    found = {
        "claim": __doc__.splitlines()[0] if __doc__ else "",
        "bottleneck": [row for code in CODES for seed in SEEDS for row in bottleneck(code, seed)],
        "pretraining": [row for seed in DRAWS for row in pretraining(seed)],
        "about": {
            "command": "python -m evidence.autoencoder", "seeds": list(SEEDS), "draws": list(DRAWS),
            "settings": AutoencoderConfig().model_dump(mode="json"), "pretraining": {**SHARED, "steps": STEPS},
            "seconds": round(perf_counter() - started, 1), "device": describe(describe_device()),
            "versions": versions(), "created": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    }  # fmt: skip
    RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
