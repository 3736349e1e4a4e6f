"""How the app talks to the engine: starts it as a process of its own, and starts it again if it was killed."""

import ast
import contextlib
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any

from lab.engine.environment import training_environment
from lab.engine.messages import Arrays, Progress, unpack
from lab.engine.settings import Settings
from lab.storage import data_folder

METHODS = (
    "prepare", "start", "poll", "pause", "resume", "step", "set_pace", "set_learning_rate", "stop", "ask",
    "release", "device", "census", "open_reader", "read",
)  # fmt: skip
ROOT = Path(__file__).resolve().parents[2]


class Manager(BaseManager):
    """The engine's address book; it knows one entry."""


Manager.register("engine", exposed=METHODS)


def end_group(leader: int) -> None:
    """Kill an engine and all its runs, also those that hang, where processes come in groups."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)


class EngineClient:
    """The engine, as one object with the methods of `lab.engine.server.Engine`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._engine: Any = None
        self._settings = Settings.from_environment()
        self._log = data_folder() / "engine.log"

    def _start(self) -> None:
        secret = secrets.token_bytes(32)
        self._process = process = self._launch()
        assert process.stdin is not None and process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(secret.hex() + "\n")
            process.stdin.flush()
        address = process.stdout.readline()
        if not address:
            self._discard()
            words = self._log.read_text(errors="replace").strip().splitlines()
            raise RuntimeError(f"The engine could not be started. {words[-1] if words else 'It said nothing.'}")
        manager = Manager(address=ast.literal_eval(address), authkey=secret)
        manager.connect()
        self._engine = manager.engine()  # type: ignore[attr-defined]

    def _launch(self) -> "subprocess.Popen[str]":
        environment = training_environment(data_folder() / "compiled", self._settings.compile_cache_megabytes)
        with self._log.open("w") as log:  # the last engine's words only: never more than one run
            return subprocess.Popen(
                [sys.executable, "-m", "lab.engine"],
                cwd=ROOT,
                env={**environment, **os.environ},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,  # a group of its own, so that its runs can be ended together
            )

    def _call(self, name: str, *arguments: Any, **named: Any) -> Any:
        for attempt in range(2):
            with self._lock:
                if not self._alive():
                    self._discard()
                    self._start()
                engine = self._engine
            try:
                return getattr(engine, name)(*arguments, **named)
            except (EOFError, ConnectionError, FileNotFoundError):
                if attempt:
                    raise
                with self._lock:
                    if self._engine is engine:  # else another thread has started a new one meanwhile
                        self._discard()
        raise AssertionError("unreachable")

    def _alive(self) -> bool:
        return self._engine is not None and self._process is not None and self._process.poll() is None

    def close(self) -> None:
        """End the engine and all its runs."""
        with self._lock:
            self._discard()

    def _discard(self) -> None:
        """End what is left of the engine: its runs outlive it for a moment, and those that hang for ever."""
        process, self._process, self._engine = self._process, None, None
        if process is not None:
            end_group(process.pid)
            with contextlib.suppress(OSError):
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    if stream is not None:
                        stream.close()

    @property
    def pid(self) -> int | None:
        """The engine's process id, None before its first use."""
        return self._process.pid if self._process is not None else None

    def prepare(self, family: str, config: Mapping[str, Any], owner: str) -> str:
        """See Engine.prepare."""
        return str(self._call("prepare", family, dict(config), owner))

    def start(self, family: str, config: Mapping[str, Any], owner: str, pace: float = 0.0, paused: bool = False) -> str:
        """See Engine.start."""
        return str(self._call("start", family, dict(config), owner, pace, paused))

    def poll(self, run_id: str, since: int = 0, owner: str = "") -> Progress:
        """See Engine.poll."""
        progress: Progress = self._call("poll", run_id, since, owner)
        return progress

    def pause(self, run_id: str) -> None:
        """See Engine.pause."""
        self._call("pause", run_id)

    def resume(self, run_id: str) -> None:
        """See Engine.resume."""
        self._call("resume", run_id)

    def step(self, run_id: str) -> None:
        """See Engine.step."""
        self._call("step", run_id)

    def set_pace(self, run_id: str, seconds: float) -> None:
        """See Engine.set_pace."""
        self._call("set_pace", run_id, seconds)

    def set_learning_rate(self, run_id: str, value: float) -> None:
        """See Engine.set_learning_rate."""
        self._call("set_learning_rate", run_id, value)

    def stop(self, run_id: str) -> None:
        """See Engine.stop."""
        self._call("stop", run_id)

    def ask(self, run_id: str, question: Mapping[str, Any]) -> Arrays:
        """See Engine.ask; returns the arrays by name."""
        return unpack(self._call("ask", run_id, dict(question)))

    def open_reader(self, source: Mapping[str, Any], again: bool = False) -> str:
        """See Engine.open_reader."""
        return str(self._call("open_reader", dict(source), again))

    def read(self, source: Mapping[str, Any], question: Mapping[str, Any]) -> Arrays:
        """See Engine.read; returns the arrays by name."""
        return unpack(self._call("read", dict(source), dict(question)))

    def release(self, owner: str) -> None:
        """See Engine.release; a missing engine needs no release."""
        if self._alive():
            self._call("release", owner)

    def device(self) -> dict[str, str]:
        """See Engine.device."""
        return dict(self._call("device"))

    def census(self) -> dict[str, Any]:
        """See Engine.census."""
        return dict(self._call("census"))
