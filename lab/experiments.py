"""Experiments run again from the Evidence page: each in a process of its own, one at a time, in the quick form.

TensorFlow never enters the web process, so the page asks what the command line asks: `python -m evidence NAME --quick`.
"""

import json
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import psutil

from lab.catalog import ROOT

MOST_SECONDS = 240.0
NEEDED_MEGABYTES = 700  # TensorFlow and a small training


@dataclass
class LiveExperiment:
    """One experiment that runs or has run. state: "running", "done" or "failed"; told: what its JSON line says."""

    name: str
    process: subprocess.Popen[str]
    started: float = field(default_factory=monotonic)
    ended: float | None = None
    told: dict[str, Any] = field(default_factory=dict)
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

    def start(self, name: str) -> str:
        """Start the quick form of a claim's experiment; return "" or the reason why it cannot start now."""
        with self._lock:
            if (busy := self.running) is not None:
                return f"Another experiment is running ({busy.name.replace('_', ' ')}). It ends within four minutes."
            free = psutil.virtual_memory().available / 2**20
            if free < NEEDED_MEGABYTES:
                return f"This needs {NEEDED_MEGABYTES} MB of memory and {free:.0f} MB are free. Try again later."
            command = [sys.executable, "-m", "evidence", name, "--quick", "--json"]
            process = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            experiment = self._newest[name] = LiveExperiment(name, process)
        threading.Thread(target=_follow, args=(experiment,), daemon=True).start()
        return ""

    def stop(self, name: str) -> None:
        """End a running experiment."""
        if (experiment := self.newest(name)) is not None and experiment.state == "running":
            experiment.process.kill()


def _follow(experiment: LiveExperiment) -> None:
    """Wait for the end, read what was said, and say what went wrong."""
    try:
        said, errors = experiment.process.communicate(timeout=MOST_SECONDS)
    except subprocess.TimeoutExpired:
        experiment.process.kill()
        experiment.process.communicate()
        experiment.problem = f"It took longer than {MOST_SECONDS:.0f} s and was ended."
        experiment.ended = monotonic()
        return
    lines = [line for line in said.splitlines() if line.startswith("{")]
    if lines:
        experiment.told = json.loads(lines[-1])
    elif experiment.process.returncode < 0:
        experiment.problem = "It was stopped."
    else:
        experiment.problem = (
            f"It ended without a result: {(errors.strip().splitlines() or ['no reason given'])[-1][:200]}"
        )
    experiment.ended = monotonic()
