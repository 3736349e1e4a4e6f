"""One run, seen from inside its own process: train, report, obey, answer.

The engine talks to it over one duplex connection. To the run: (command, value) pairs. From the run: (kind, value)
pairs. The order of work is fixed: untrained snapshot, compile, wait for "go", train, answer questions until "quit".
"""

import contextlib
import importlib
import json
import math
import os
import signal
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from lab.engine.memory import give_back_file_pages, give_back_memory
from lab.engine.messages import FIRST_PICTURE, SAVED_NETWORK, Moment, pack

WEIGHTS_EVERY_SECONDS = 2.0
SMALL_WEIGHTS = 1_000_000  # bytes; so few go along with every snapshot, so that a run killed at any time is complete
ENGINE_SECONDS = 1.0
WRITTEN_FOR_A_PERSON = ("UnreadableText",)  # errors whose text is a whole answer
BUSY_SECONDS = 30.0  # of computing without letting another thread look after the engine


class Quit(Exception):
    """The engine no longer needs this process."""


def main(connection: Connection, job: Mapping[str, Any]) -> None:
    """Entry point of a run's process. job: see Engine.job; the family "" asks for the device."""
    threading.Thread(target=_end_with, args=(job["engine"],), daemon=True).start()
    with contextlib.suppress(Quit, EOFError, BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        try:
            prepare_process(job["threads"], job["plug_ins"], job["family"])
            if job["family"] == "":
                connection.send(("device", describe_device()))
                return
            from lab.engine.reader_process import Reader

            (Reader if job.get("reader") else Run)(connection, job).live()
        except Exception as error:
            if isinstance(error, EOFError | BrokenPipeError | ConnectionResetError):
                raise
            if type(error).__name__ != "UnfitData":
                connection.send(("trace", traceback.format_exc()))
            connection.send(("failed", sentence_for(error)))


def _end_with(engine: int) -> None:
    """End with the engine, even if it was killed while this process hangs in its own work and hears nothing.

    Work that holds the interpreter's lock keeps this thread from looking too; then the system's timer ends the process.
    """
    while os.name == "posix":
        signal.setitimer(signal.ITIMER_VIRTUAL, BUSY_SECONDS)
        try:
            os.kill(engine, 0)
        except OSError:
            os._exit(1)
        time.sleep(ENGINE_SECONDS)


def sentence_for(error: Exception) -> str:
    """Say what went wrong and what to try; the text of UnfitData is written for a person already."""
    name = type(error).__name__
    if name == "UnfitData":
        return str(error)
    if name in ("MemoryError", "ResourceExhaustedError"):
        return (
            "This run asked for more memory than there is. What it had recorded is kept. "
            "Try fewer units, smaller batches or less data."
        )
    reason = (str(error).strip().splitlines() or [""])[0][:200].rstrip(".")
    return (
        f"The run ended with an error ({name}{': ' if reason else ''}{reason}). "
        "What it had recorded is kept. Change a setting and train again."
    )


def prepare_process(threads: int, plug_ins: str = "", family_name: str = "") -> None:
    """Set up TensorFlow before its first op: the threads of one op, one op at a time, GPU memory on demand.

    The same for every run of a family, since the number of threads decides in which order sums are taken. A family of
    small networks names `MOST_THREADS`: more would only wait for each other.
    """
    for plug_in in filter(None, plug_ins.split(",")):
        importlib.import_module(plug_in.strip())
    import tensorflow as tf

    from models.base import family

    most = getattr(family(family_name), "MOST_THREADS", threads) if family_name else threads
    tf.config.threading.set_intra_op_parallelism_threads(min(int(threads), most))
    tf.config.threading.set_inter_op_parallelism_threads(1)
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)


def describe_device() -> dict[str, str]:
    """Return what TensorFlow computes on: {"kind": "GPU" or "CPU", "name": ...}."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        return {"kind": "GPU", "name": str(details.get("device_name", gpus[0].name))}
    return {"kind": "CPU", "name": _processor_name()}


def _processor_name() -> str:
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123
        for line in lines:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    import platform

    return platform.processor() or platform.machine()


def facts_of(module: Any, config: Any, data: Any, model: Any) -> dict[str, Any]:
    """Return what is true of a run before it begins: layers, parameters, total_steps, and a summary of the data."""
    from models.base import anatomy

    layers = [asdict(layer) for layer in anatomy(model)]
    return {
        "layers": layers,
        "parameters": sum(layer["parameters"] for layer in layers),
        "total_steps": module.total_steps(config, data),
        "data": data.summary() if hasattr(data, "summary") else {},
    }


def build_network(family: Any, config: Any) -> tuple[Any, Any]:
    """Return the data and the untrained model of these settings; the same seed gives the same of both."""
    import keras

    keras.utils.set_random_seed(config.seed)
    data = family.load(config)
    return data, family.build(config, data)


def knobs_of(config: Any) -> Any:
    """Return what may change while a run of these settings trains."""
    from models.base import Live

    return Live(learning_rate=float(getattr(config, "learning_rate", 0.0)))


def first_picture(family: Any, config: Any, data: Any, model: Any) -> tuple[dict[str, Any], Mapping[str, Any], Any]:
    """Return facts, scene and snapshot of a run of these settings before its first step."""
    snapshot = next(iter(family.train(config, data, model, knobs_of(config))))
    return facts_of(family, config, data, model), family.scene(config, data), snapshot


def as_arrays(facts: Mapping[str, Any], scene: Mapping[str, Any], snapshot: Any) -> dict[str, Any]:
    """Return a first picture as the arrays of an answer.

    told: JSON text with the facts and the first row of metrics; scene.<name>, view.<name>: the arrays of both.
    """
    told = json.dumps({"facts": facts, "row": moment_of(snapshot).row()})
    named = {f"scene.{name}": array for name, array in scene.items()}
    named |= {f"view.{name}": array for name, array in snapshot.view.arrays().items()}
    return {"told": np.array([told]), **named}


def moment_of(snapshot: Any) -> Moment:
    """Return a snapshot as it travels."""
    metrics = {name: float(value) for name, value in snapshot.metrics.items()}
    packed = pack(snapshot.view.arrays())
    return Moment(snapshot.step, float(snapshot.epoch), float(snapshot.seconds), metrics, packed)


def diverged(snapshot: Any, learning_rate: float) -> str:
    """Return a sentence if a loss of this snapshot is no number any more, "" otherwise."""
    if all(math.isfinite(value) for name, value in snapshot.metrics.items() if "loss" in name):
        return ""
    return (
        f"The loss left the range of numbers at step {snapshot.step:,}: each update overshot further than the one "
        f"before. The learning rate was {learning_rate:g}. Try a tenth of it, or another optimizer."
    )


def last_words(step: int, total_steps: int) -> str:
    """Return the message of a run that ended by itself: "" at the last step, else that its stop rule ended it."""
    return f"The stop rule ended this run at step {step:,}." if step < total_steps else ""


def send_answer(connection: Connection, number: int, look: Callable[[], Mapping[str, Any]]) -> None:
    """Send the arrays of an answer, or why there is none: whatever was asked, the process goes on."""
    try:
        answer = pack(look())
    except Exception as error:
        if not isinstance(error, ValueError):
            connection.send(("trace", traceback.format_exc()))
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        begins = "" if type(error).__name__ in WRITTEN_FOR_A_PERSON else "This question cannot be answered: "
        connection.send(("answer", (number, b"", f"{begins}{reason}")))
    else:
        connection.send(("answer", (number, answer, "")))


def saved(model: Any) -> Any:
    """Return a network as the bytes of a .keras file: (n,) uint8."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "network.keras")
        model.save(file)
        return np.frombuffer(file.read_bytes(), np.uint8)


class Run:
    """The life of one run."""

    def __init__(self, connection: Connection, job: Mapping[str, Any]) -> None:
        from models.base import family
        from models.configs import CONFIGS

        self.connection = connection
        self.family = family(job["family"])
        self.config = CONFIGS[job["family"]](**job["config"])
        self.job = job
        self.going, self.paused, self.stopping = False, False, False
        self.steps_allowed, self.steps_asked = 0, 0
        self.pace, self.breathed = 0.0, 0.0
        self.other: tuple[str, Any] = ("", None)
        self.weights_sent = time.monotonic()
        self.recent_step = 0
        self.data, self.model = build_network(self.family, self.config)
        self.live_knobs = knobs_of(self.config)

    def live(self) -> None:
        """Train (or take the stored weights), then answer questions until told to quit."""
        if self.job["weights"] is not None:
            self.model.set_weights(self.job["weights"])
            self.connection.send(("revived", None))
        else:
            self._train()
        while True:
            self._obey(self.connection.recv())

    def _train(self) -> None:
        self.connection.send(("facts", facts_of(self.family, self.config, self.data, self.model)))
        self.small = sum(weights.nbytes for weights in self.model.get_weights()) <= SMALL_WEIGHTS
        self.connection.send(("scene", pack(self.family.scene(self.config, self.data))))
        snapshots = iter(self.family.train(self.config, self.data, self.model, self.live_knobs))
        for _ in range(2):
            self._report(next(snapshots))
        self._compare_while_waiting()
        give_back_memory()
        self.connection.send(("prepared", None))
        message = ""
        while not self._hold() and (snapshot := next(snapshots, None)) is not None:
            self._report(snapshot)
            if message := diverged(snapshot, self.live_knobs.learning_rate):
                break
            self._breathe()
        self._end(message)

    def _compare_while_waiting(self) -> None:
        """Measure the methods without a network, before "go" if there is time and after the training otherwise."""
        self._obey_all()
        self.baselines_sent = not self.going
        if self.baselines_sent:
            self._send_baselines()

    def _send_baselines(self) -> None:
        try:
            measured = [asdict(baseline) for baseline in self.family.baselines(self.config, self.data)]
        except Exception:  # a comparison that cannot be made is no reason to lose the run
            self.connection.send(("trace", traceback.format_exc()))
            measured = []
        self.connection.send(("facts", {"baselines": measured}))

    def _report(self, snapshot: Any) -> None:
        self.recent_step = snapshot.step
        self.connection.send(("moment", moment_of(snapshot)))
        if self.small or time.monotonic() - self.weights_sent > WEIGHTS_EVERY_SECONDS:
            self._send_weights()

    def _send_weights(self) -> None:
        self.connection.send(("weights", self.model.get_weights()))
        self.weights_sent = time.monotonic()

    def _end(self, failure: str) -> None:
        give_back_memory()
        if not failure and not self.stopping and not self.baselines_sent:
            self._send_baselines()
        self._send_weights()
        if failure:
            self.connection.send(("failed", failure))
        elif self.stopping:
            self.connection.send(("stopped", f"Stopped at step {self.recent_step:,}."))
        else:
            words = last_words(self.recent_step, self.family.total_steps(self.config, self.data))
            self.connection.send(("finished", words))
        give_back_file_pages()  # from now on it only waits for questions

    def _breathe(self) -> None:
        """Wait until the next snapshot is due at this pace, obeying meanwhile; a pace of 0 waits for nothing."""
        self._obey_all()
        until = max(time.monotonic(), self.breathed + self.pace)
        while self.pace and not self.paused and not self.stopping and (left := until - time.monotonic()) > 0:
            if self.connection.poll(left):
                self._obey(self.connection.recv())
                until = min(until, self.breathed + self.pace)
        self.breathed = time.monotonic()

    def _hold(self) -> bool:
        """Wait until the run may take its next piece of work; True when it must stop instead."""
        self._obey_all()
        while not self.stopping and not (self.going and (not self.paused or self.steps_allowed > 0)):
            if self.going:
                self.connection.send(("held", self.steps_asked))
            self._obey(self.connection.recv())
        self.steps_allowed = max(0, self.steps_allowed - 1)
        return self.stopping

    def _obey_all(self) -> None:
        while self.connection.poll(0):
            self._obey(self.connection.recv())

    def _obey(self, order: tuple[str, Any]) -> None:
        command, value = order
        if command == "go":
            self.going, self.pace, self.paused = True, float(value["pace"]), bool(value["paused"])
            self.breathed = time.monotonic()
        elif command == "pause":
            self.paused, self.steps_allowed = True, 0
        elif command == "resume":
            self.paused = False
        elif command == "step":
            self.paused, self.steps_allowed, self.steps_asked = True, self.steps_allowed + 1, int(value)
        elif command == "learning_rate":
            self.live_knobs.learning_rate = float(value)
            self.connection.send(("event", {"step": self.recent_step, "change": f"learning rate {float(value):g}"}))
        elif command == "pace":
            self.pace = float(value)
        elif command == "stop":
            self.stopping = True
        elif command == "ask":
            self._answer(*value)
        elif command == "quit":
            raise Quit

    def _answer(self, number: int, question: Mapping[str, Any]) -> None:
        send_answer(self.connection, number, lambda: self._looked(dict(question)))

    def _looked(self, question: dict[str, Any]) -> Mapping[str, Any]:
        """Return the arrays of an answer. With "settings" it is about the untrained network of those settings."""
        settings = question.pop("settings", None)
        if question == SAVED_NETWORK:
            return {"file": saved(self.model)}
        if settings is None:
            return dict(self.family.look(self.model, self.data, question).arrays())
        config = type(self.config)(**settings)
        if question == FIRST_PICTURE and hasattr(self.family, "first_picture"):
            return as_arrays(*self.family.first_picture(config))
        data, model = self._other(config)
        if question == FIRST_PICTURE:
            return as_arrays(*first_picture(self.family, config, data, model))
        return dict(self.family.look(model, data, question).arrays())

    def _other(self, config: Any) -> tuple[Any, Any]:
        """Build the network of other settings; the newest one is kept, since questions come in series."""
        if config.digest() != self.other[0]:
            self.other = (config.digest(), build_network(self.family, config))
        return self.other[1]
