"""Where does a Transformer break? Order without positions, parity, lengths beyond training, little data, n x n cost.

python -m evidence transformer-limits             stores all five parts; 35 minutes of a busy core
python -m evidence transformer-limits order cost  measures these parts again and keeps the others
"""

import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

RESULT = Path(__file__).parent / "results" / "transformer_limits.json"
SEEDS = (0, 1)
BITS, PARITY_STEPS, LONGER = 16, 400, (16, 24, 32)
LENGTHS, LAST = (48, 64, 96, 192), 16
CHARACTERS, TEXT_STEPS = (10_000, 50_000, 250_000), 200
SIZES, BLOCK_WIDTH = (128, 256, 512, 1024, 2048, 4096), 64


def trained(**settings: Any) -> tuple[Any, Any, Any]:
    """Return settings, data and the Transformer after a complete run."""
    from models import transformer
    from models.configs import TransformerConfig

    config = TransformerConfig(**settings)
    data = transformer.load(config)
    model = transformer.build(config, data)
    fit(model, data, config.steps, config.learning_rate, config.seed)
    return config, data, model


def fit(model: Any, data: Any, steps: int, rate: float, seed: int) -> None:
    """Train any network on token sequences as the family trains its own."""
    import keras

    from models.training_loop import CompiledTraining
    from models.transformer_look import asked_loss

    training = CompiledTraining(model, keras.optimizers.Adam(rate, global_clipnorm=1.0), asked_loss,
                                data.features("train"), data.train_targets, batch_size=64, seed=seed)  # fmt: skip
    training.run(0, steps, rate)


def recurrent(kind: str, units: int, vocabulary: int, seed: int) -> Any:
    """Return a GRU or LSTM that says the next token at each place: (batch, T) to (batch, T, vocabulary)."""
    import keras

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(vocabulary, 32)(inputs)
    x = {"GRU": keras.layers.GRU, "LSTM": keras.layers.LSTM}[kind](units, return_sequences=True)(x)
    return keras.Model(inputs, keras.layers.Dense(vocabulary)(x))


def any_length(config: Any, data: Any, model: Any) -> Any:
    """Return the same trained network, open to any length."""
    from models.transformer import architecture_of, build_transformer

    opened = build_transformer(architecture_of(config, data))
    opened.set_weights(model.get_weights())
    return opened


def share_right(model: Any, data: Any, last: int = 0) -> float:
    """Return the share of test answers right; last: only of so many places at the end of each sequence."""
    from models.transformer_look import logits_of

    logits, targets = logits_of(model, data.features("test", 400)), data.targets("test", 400)
    asked = (targets >= 0) & (targets != data.end)
    asked[:, : -last or None] &= not last
    return round(float((logits.argmax(-1) == targets)[asked].mean()), 4)


def order() -> list[dict[str, Any]]:
    """Return how well words are said backwards, by how positions are told."""
    found = []
    for kind in ("encoder", "decoder"):
        for positions in ("none", "sinusoidal"):
            for seed in SEEDS:
                _, data, model = trained(dataset="reverse", kind=kind, positions=positions, mlp=2, steps=300, seed=seed)
                found.append({"kind": kind, "positions": positions, "seed": seed, "accuracy": share_right(model, data),
                              "chance": data.chance, "parameters": model.count_params()})  # fmt: skip
    return found


def parity() -> list[dict[str, Any]]:
    """Return the share right on parity by length: a Transformer, one that writes down its steps, and a GRU.

    The GRU is told after each bit, as the Transformer that writes its steps is. That one's positions are learned:
    beyond the trained length it has none of its own.
    """
    from lab.datasets.token_tasks import task

    found = []
    for seed in SEEDS:
        networks = []
        for name, settings in (("parity", {}), ("parity_steps", {"positions": "learned"})):
            more: dict[str, Any] = {"layers": 1, "mlp": 2, "steps": PARITY_STEPS, "seed": seed, **settings}
            config, data, model = trained(dataset=name, length=BITS, **more)
            networks.append((f"Transformer, {name}", name, "decoder", any_length(config, data, model)))
        data = task("parity_steps", kind="encoder", length=BITS, seed=seed)
        gru = recurrent("GRU", 40, len(data.vocabulary), seed)
        fit(gru, data, PARITY_STEPS, 0.005, seed)
        networks.append(("GRU, told after each bit", "parity_steps", "encoder", gru))
        for title, name, kind, model in networks:
            for bits in LONGER:
                tests = task(name, kind=kind, length=bits, examples=50, tests=400, seed=seed + 100)  # type: ignore[arg-type]
                found.append({"network": title, "length": bits, "trained on": BITS, "seed": seed, "steps": PARITY_STEPS,
                              "parameters": model.count_params(), "accuracy": share_right(model, tests)})  # fmt: skip
    return found


def length() -> list[dict[str, Any]]:
    """Return the share right on induction beyond the trained length, by kind of positions."""
    from lab.datasets.token_tasks import induction

    found = []
    kinds: dict[str, dict[str, Any]] = {
        "sinusoidal": {"positions": "sinusoidal"}, "rotary": {"positions": "rotary"},
        "learned": {"positions": "learned", "steps": 600},
        "none, shifted keys": {"positions": "none", "token_shift": True},
    }  # fmt: skip
    for name, settings in kinds.items():
        for seed in SEEDS:
            config, data, model = trained(seed=seed, **settings)
            opened = any_length(config, data, model)
            for size in LENGTHS:
                if name == "learned" and size > LENGTHS[0]:
                    continue  # there is no position to learn from
                tests = induction(np.random.default_rng([seed, 100]), 1, 100, size)
                found.append({"positions": name, "length": size, "seed": seed,
                              "accuracy": share_right(opened, tests, LAST)})  # fmt: skip
    return found


def little() -> list[dict[str, Any]]:
    """Return nats a character on held-out text by the amount of text: a Transformer, an LSTM of its size, n-grams."""
    from lab.datasets.characters import python_topics, text_task
    from models.transformer_baselines import baselines
    from models.transformer_look import logits_of, measured

    found = []
    for amount in CHARACTERS:
        for seed in SEEDS:
            words = python_topics()
            held = words[int(len(words) * 0.9) :][: amount // 9 + 2000]
            data = text_task(words[:amount] + held, "", length=64, examples=max(200, amount // 16), seed=seed)
            lstm = recurrent("LSTM", 144, len(data.vocabulary), seed)
            networks = {"Transformer": small_gpt(data, seed), "LSTM": lstm}
            for name, model in networks.items():
                fit(model, data, TEXT_STEPS, 0.002, seed)
                loss = measured(logits_of(model, data.features("test", 100)), data.targets("test", 100), data.end)[0]
                found.append({"network": name, "characters": amount, "seed": seed, "steps": TEXT_STEPS,
                              "parameters": model.count_params(),
                              "nats": round(loss, 4)})  # fmt: skip
            grams = [one for one in baselines(data) if one.metric == "test_loss"]
            found += [{"network": one.name, "characters": amount, "seed": seed, "nats": round(one.value, 4)}
                      for one in grams]  # fmt: skip
    return found


def small_gpt(data: Any, seed: int) -> Any:
    """Return a decoder of about the LSTM's size."""
    from models.transformer import Architecture, build_transformer

    shape = Architecture(layers=2, heads=4, width=64, mlp_width=256, vocabulary=len(data.vocabulary), context=64,
                         positions="sinusoidal")  # fmt: skip
    return build_transformer(shape, seed, data.train_inputs.shape[1])


def cost() -> list[dict[str, Any]]:
    """Return seconds of processor time of one block by length, its attention apart, and the bytes of its weights."""
    import tensorflow as tf

    from models.transformer import Architecture, build_transformer

    found = []
    for size in SIZES:
        for part, units in (("block", 4 * BLOCK_WIDTH), ("attention", 0)):
            shape = Architecture(layers=1, heads=2, width=BLOCK_WIDTH, context=size, mlp_width=units)
            run = tf.function(build_transformer(shape, 0, size))
            tokens = tf.zeros((1, size), tf.int32)
            run(tokens)
            seconds = []
            for _ in range(5):
                started = process_time()
                run(tokens)
                seconds.append(process_time() - started)
            found.append({"part": part, "length": size, "seconds": round(min(seconds), 5),
                          "attention_bytes": 4 * shape.heads * size**2})  # fmt: skip
    return found


PARTS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "cost": cost, "order": order, "length": length, "parity": parity, "little": little,
}  # fmt: skip


def main(wanted: Sequence[str]) -> None:
    """Measure the wanted parts (all, if none is named) and store each with settings, versions, device and date."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    for part in wanted or PARTS:
        started = perf_counter()
        store(part, PARTS[part](), round(perf_counter() - started))


def store(part: str, measured: list[dict[str, Any]], seconds: int) -> None:
    """Add one part to the results and keep the others."""
    from lab.engine.run_process import describe_device
    from lab.engine.versions import describe, versions

    found = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    taken = {**found.get("about", {}).get("seconds", {}), part: seconds}
    found[part] = measured
    found["about"] = {
        "command": "python -m evidence transformer-limits", "seeds": list(SEEDS), "seconds": taken,
        "device": describe(describe_device()), "versions": versions(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
    RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
