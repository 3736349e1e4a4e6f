"""Where runs' processes come from: forked from a preloaded server, or started afresh where there is no fork."""

import contextlib
import multiprocessing
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

from lab.engine import run_process

FORKS = sys.platform == "linux"
LAUNCH_ATTEMPTS = 20
ATTEMPT_SECONDS = 0.1  # a killed server takes a moment to be gone
MOST_MESSAGE_BYTES = 60_000  # of one message to a run: fits into the free part of a socket that counts as writable

if FORKS:
    from multiprocessing.context import ForkServerProcess
    from multiprocessing.popen_forkserver import Popen

    class _Popen(Popen):
        """The exit status lies in a pipe and can be read once; two threads that look at a time would lose it."""

        def __init__(self, process: Any) -> None:
            self._reading = threading.Lock()
            super().__init__(process)

        def poll(self, flag: int = getattr(os, "WNOHANG", 0)) -> int | None:
            with self._reading:
                return super().poll(flag)

    class _Process(ForkServerProcess):
        @staticmethod
        def _Popen(process: Any) -> Any:  # the name is multiprocessing's
            return _Popen(process)


class ProcessSource:
    """Starts one process per run. On Linux it forks from a server that has imported TensorFlow already (20 ms)."""

    def __init__(self) -> None:
        self.context: Any = multiprocessing.get_context("forkserver" if FORKS else "spawn")
        self._process: Any = _Process if FORKS else multiprocessing.get_context("spawn").Process
        if FORKS:
            self.context.set_forkserver_preload(["lab.engine.preload"])

    def preload(self) -> None:
        """Begin to import TensorFlow in the server, again if the server was killed; returns at once."""
        if FORKS:
            from multiprocessing import forkserver

            forkserver.ensure_running()

    def launch(self, job: Mapping[str, Any]) -> tuple[Any, Connection]:
        """Start a run's process; blocks while the server is still importing.

        A server that was killed is started again by the standard library; the attempt that found it dead is repeated.
        """
        for attempt in range(LAUNCH_ATTEMPTS):
            here, there = self.context.Pipe()
            process = self._process(target=run_process.main, args=(there, dict(job)), daemon=False)
            try:
                process.start()
            except (EOFError, OSError):
                here.close()
                if attempt == LAUNCH_ATTEMPTS - 1:
                    raise
                time.sleep(ATTEMPT_SECONDS)
                continue
            finally:
                there.close()
            return process, here
        raise AssertionError("unreachable")


def kill(pid: int | None) -> None:
    """End a process for certain; one that is gone already is fine."""
    if pid:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)


def takes_messages(connection: Connection) -> bool:
    """Whether a short message can be sent without waiting for a process that may never read it."""
    if not hasattr(select, "poll"):
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLOUT)
    return any(event & select.POLLOUT for _, event in poll.poll(0))


def own_megabytes(pid: int, beyond: float) -> float:
    """Return the memory a process holds for itself, without the pages it shares, in megabytes; 0 if it is gone.

    The exact number takes tens of milliseconds; it is looked up only if the sum with the shared pages exceeds `beyond`.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        if process.memory_info().rss / 1e6 <= beyond:
            return 0.0
        return float(process.memory_full_info().uss) / 1e6
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0.0


def end_of(process: Any, seconds: float = 0.5) -> str:
    """Say how a process ended whose connection broke without a farewell."""
    process.join(seconds)
    code = process.exitcode
    if code in (-9, 247, 137):
        return (
            "The process of this run was killed from outside, most often because the machine ran out of memory. "
            "What it had recorded is kept. Train again, with fewer units or less data if it happens twice."
        )
    return (
        "The process of this run ended without a word"
        + (f" (signal {-code})" if code and code < 0 else "")
        + ". What it had recorded is kept. Train again; if it happens twice, change a setting."
    )
