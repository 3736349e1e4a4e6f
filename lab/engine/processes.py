"""Where runs' processes come from: forked from a preloaded server, or started afresh where there is no fork."""

import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

from lab.engine import run_process

FORKS = sys.platform == "linux"
LAUNCH_ATTEMPTS = 3


class ProcessSource:
    """Starts one process per run. On Linux it forks from a server that has imported TensorFlow already (20 ms)."""

    def __init__(self) -> None:
        self.context: Any = multiprocessing.get_context("forkserver" if FORKS else "spawn")

    def preload(self) -> None:
        """Begin to import TensorFlow in the server; returns at once."""
        if FORKS:
            from multiprocessing import forkserver

            self.context.set_forkserver_preload(["lab.engine.preload"])
            forkserver.ensure_running()

    def launch(self, job: Mapping[str, Any]) -> tuple[Any, Connection]:
        """Start a run's process; blocks while the server is still importing.

        A server that was killed is started again by the standard library; the attempt that found it dead is repeated.
        """
        for attempt in range(LAUNCH_ATTEMPTS):
            here, there = self.context.Pipe()
            process = self.context.Process(target=run_process.main, args=(there, dict(job)), daemon=False)
            try:
                process.start()
            except (EOFError, OSError):
                here.close()
                if attempt == LAUNCH_ATTEMPTS - 1:
                    raise
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


def own_megabytes(pid: int) -> float:
    """Return the memory a process holds for itself, without the pages it shares, in megabytes; 0 if it is gone."""
    import psutil

    try:
        return float(psutil.Process(pid).memory_full_info().uss) / 1e6
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
