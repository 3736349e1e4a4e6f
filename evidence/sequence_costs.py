"""What does a training step cost by the length of the sequence? Seconds, memory, and operations one after the other.

python -m evidence sequence-costs        five minutes; seconds want a machine that does nothing else
Writes evidence/results/sequence_costs.json. One layer of width 64 of each kind, forward, backward and update.
"""

import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any

RESULT = Path(__file__).parent / "results" / "sequence_costs.json"
KINDS = ("rnn", "lstm", "cnn", "transformer")
LENGTHS = (16, 32, 64, 128, 256, 512, 1024)
BATCHES, CORES, WIDTH, HEADS, WINDOW = (1, 16), (1, 2), 64, 4, 5
REPEATS, MOST_SECONDS = 7, 1.5
COUNTED = (16, 32)  # lengths at which operations are counted


def layer(kind: str, batch: int, length: int, unroll: bool = False) -> Any:
    """Return a model with one layer that answers at each place: (batch, length, 64) to the same."""
    import keras

    keras.utils.set_random_seed(0)
    inputs = keras.Input(batch_shape=(batch, length, WIDTH))
    if kind == "cnn":
        return keras.Model(inputs, keras.layers.Conv1D(WIDTH, WINDOW, padding="causal")(inputs))
    if kind in ("rnn", "lstm"):
        cells = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM}
        return keras.Model(inputs, cells[kind](WIDTH, return_sequences=True, unroll=unroll)(inputs))
    from models.transformer import Architecture, self_attention

    shape = Architecture(heads=HEADS, width=WIDTH)
    return keras.Model(inputs, self_attention(shape, inputs, "block_", True, None))


def training_step(kind: str, batch: int, length: int) -> Any:
    """Return a compiled step on fixed random numbers: forward, backward, update."""
    import tensorflow as tf

    model = layer(kind, batch, length)
    x = tf.random.stateless_normal((batch, length, WIDTH), (0, 1))

    def step() -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(x, training=True) ** 2)
        weights = model.trainable_variables
        for weight, slope in zip(weights, tape.gradient(loss, weights), strict=True):
            weight.assign_sub(1e-3 * slope)
        return loss

    return tf.function(step, autograph=False)


def one_cost(kind: str, batch: int, length: int, cores: int) -> dict[str, Any]:
    """Return the shortest of some steps in seconds, and the memory they added in megabytes. In a fresh process."""
    import resource

    import psutil
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(cores)
    tf.config.threading.set_inter_op_parallelism_threads(cores)
    tf.zeros(1).numpy()
    step = training_step(kind, batch, length)
    function = step.get_concrete_function()
    before = psutil.Process().memory_info().rss
    function().numpy()
    durations: list[float] = []
    while len(durations) < REPEATS and sum(durations) < MOST_SECONDS:
        started = perf_counter()
        function().numpy()
        durations.append(perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"kind": kind, "batch": batch, "length": length, "cores": cores, "seconds": float(f"{min(durations):.4g}"),
            "megabytes": round(max(0, peak - before) / 2**20, 1)}  # fmt: skip


def longest_chain(kind: str, length: int) -> int:
    """Return how many operations of the forward pass have to wait for each other: the longest way through its graph."""
    import tensorflow as tf

    model = layer(kind, 1, length, unroll=True)
    graph = tf.function(lambda x: model(x), autograph=False).get_concrete_function(
        tf.TensorSpec((1, length, WIDTH))
    ).graph  # fmt: skip
    depth: dict[str, int] = {}
    for operation in graph.get_operations():  # in an order in which each stands behind what it needs
        free = operation.type in ("Placeholder", "Const", "ReadVariableOp", "NoOp", "Identity")
        depth[operation.name] = max((depth[one.op.name] for one in operation.inputs), default=0) + (not free)
    return max(depth.values())


def chains() -> dict[str, dict[str, Any]]:
    """Return for each kind the longest chain at two lengths, and what each further token adds."""
    found = {}
    for kind in KINDS:
        short, long = (longest_chain(kind, length) for length in COUNTED)
        found[kind] = {"counted": [short, long], "per_token": (long - short) / (COUNTED[1] - COUNTED[0])}
    return found


def _in_child(pipe: Any, words: tuple[Any, ...]) -> None:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    pipe.send(chains() if not words else one_cost(*words))


def in_fresh_process(*words: Any) -> Any:
    """Do one measurement in a process of its own: memory is that of this measurement alone."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tensorflow", "keras"])
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_in_child, args=(theirs, words))
    process.start()
    theirs.close()
    try:
        return ours.recv()
    finally:
        process.join()


def measure() -> dict[str, Any]:
    """Return all of it."""
    started = perf_counter()
    wanted = [(kind, batch, length, cores) for cores in CORES if cores <= (os.cpu_count() or 1)
              for batch in BATCHES for kind in KINDS for length in LENGTHS]  # fmt: skip
    rows = []
    for words in wanted:
        rows.append(in_fresh_process(*words))
        print(*rows[-1].values(), flush=True)
    return {"about": about(round(perf_counter() - started)), "chains": in_fresh_process(), "rows": rows}


def about(seconds: int) -> dict[str, Any]:
    """Return on what, when and how it was measured."""
    from evidence.ledger.measuring import commit
    from lab.engine.versions import describe, versions

    device = in_fresh_device()
    return {
        "command": "python -m evidence sequence-costs", "width": WIDTH, "heads": HEADS, "window": WINDOW,
        "counted_at": list(COUNTED), "device": describe(device), "versions": versions(), "commit": commit(),
        "load": round(os.getloadavg()[0], 1), "seconds": seconds,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip


def in_fresh_device() -> dict[str, str]:
    """Return what TensorFlow computes on."""
    from lab.engine.run_process import describe_device

    return describe_device()


def main(arguments: Sequence[str]) -> int:
    """Measure and store."""
    found = measure()
    rows = ",\n".join("  " + json.dumps(row) for row in found["rows"])
    RESULT.write_text(f'{{\n "about": {json.dumps(found["about"])},\n "chains": {json.dumps(found["chains"])},\n'
                      f' "rows": [\n{rows}\n ]\n}}\n', encoding="utf-8")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
