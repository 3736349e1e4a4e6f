"""Experiments run again from a page: each in a process of its own, one at a time; claims in the quick form.

TensorFlow never enters the web process, so the page asks what the command line asks: `python -m evidence NAME --quick`.
"""

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import IO, Any

import psutil

from lab.catalog import ROOT

MOST_SECONDS = 240.0
NEEDED_MEGABYTES = 700  # TensorFlow and a small training


@dataclass
class LiveExperiment:
    """One experiment that runs or has run. state: "running", "done" or "failed"; told: what its last JSON line says.

    lines: all that it said so far, for those that tell of each step.
    """

    name: str
    process: subprocess.Popen[str]
    started: float = field(default_factory=monotonic)
    ended: float | None = None
    told: dict[str, Any] = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)
    problem: str = ""

    @property
    def state(self) -> str:
        """How it stands."""
        if self.ended is None:
            return "running"
        return "failed" if self.problem else "done"

    @property
    def seconds(self) -> float:
        """Seconds since the start, or from start to end."""
        return (self.ended or monotonic()) - self.started


class Experiments:
    """The experiments of one web process: at most one runs, and the newest of each claim is kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: dict[str, LiveExperiment] = {}

    def newest(self, name: str) -> LiveExperiment | None:
        """Return the newest experiment of a claim, None if there was none."""
        return self._newest.get(name)

    @property
    def running(self) -> LiveExperiment | None:
        """The experiment that runs now."""
        return next((one for one in self._newest.values() if one.state == "running"), None)

    def start(self, name: str, words: Sequence[str] = ()) -> str:
        """Start an experiment; return "" or the reason why it cannot start now.

        words: what stands behind `python -m evidence`; none: the quick form of the claim of that name.
        """
        with self._lock:
            if (busy := self.running) is not None:
                return f"Another experiment is running ({busy.name.replace('_', ' ')}). It ends within four minutes."
            free = psutil.virtual_memory().available / 2**20
            if free < NEEDED_MEGABYTES:
                return f"This needs {NEEDED_MEGABYTES} MB of memory and {free:.0f} MB are free. Try again later."
            command = [sys.executable, "-m", "evidence", *(words or (name, "--quick", "--json"))]
            errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - _follow closes it
            process = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=errors)
            experiment = self._newest[name] = LiveExperiment(name, process)
        threading.Thread(target=_follow, args=(experiment, errors), daemon=True).start()
        return ""

    def stop(self, name: str) -> None:
        """End a running experiment."""
        if (experiment := self.newest(name)) is not None and experiment.state == "running":
            experiment.process.kill()


def _follow(experiment: LiveExperiment, errors: IO[str]) -> None:
    """Read what is said until the end, and say what went wrong."""
    late = threading.Event()

    def end() -> None:
        late.set()
        experiment.process.kill()

    timer = threading.Timer(MOST_SECONDS, end)
    timer.start()
    assert experiment.process.stdout is not None
    for line in experiment.process.stdout:
        if line.startswith("{"):
            experiment.lines.append(json.loads(line))
    status = experiment.process.wait()
    timer.cancel()
    with errors:
        errors.seek(0)
        reason = (errors.read().strip().splitlines() or ["no reason given"])[-1][:200]
    if late.is_set():
        experiment.problem = f"It took longer than {MOST_SECONDS:.0f} s and was ended."
    elif status < 0:
        experiment.problem = "It was stopped."
    elif not experiment.lines:
        experiment.problem = f"It ended without a result: {reason}"
    else:
        experiment.told = experiment.lines[-1]
    experiment.ended = monotonic()
