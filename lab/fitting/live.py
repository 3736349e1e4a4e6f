"""A race seen from the web process: started, watched, cancelled; whatever it told stays, however it ends.

TensorFlow never enters the web process, so a race is `python -m lab.fitting` and speaks in lines of JSON. One race runs
at a time: it keeps a core busy for as long as its budget says.
"""

import base64
import json
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import psutil

from lab.catalog import ROOT
from lab.engine.settings import Settings
from lab.fitting.board import Board
from lab.fitting.request import Request

NEEDED_MEGABYTES = 700  # TensorFlow and some small networks
STARTING_SECONDS, REFITTING_SECONDS = 90.0, 90.0  # granted on top of the budget: to start, and to train on all rows
WATCH_SECONDS = 0.5
AWAY_SECONDS = 90.0  # a race that nobody looks at any more is ended
KEPT = 8  # ended races


@dataclass
class LiveRace:
    """One race that runs or has run. state: "starting", "racing", "stopping", "refitting", "done" or "ended".

    problem: why it ended early, in a sentence; "" where it did not. model: the `.keras` file, b"" while there is none.
    megabytes: most memory that was seen; heard: events.
    """

    request: Request
    owner: str
    process: subprocess.Popen[str]
    board: Board = field(default_factory=Board)
    state: str = "starting"
    problem: str = ""
    model: bytes = b""
    started: float = field(default_factory=monotonic)
    begun: float | None = None
    asked: float = field(default_factory=monotonic)
    megabytes: float = 0.0
    heard: int = 0

    @property
    def running(self) -> bool:
        """Whether its process is still at work."""
        return self.state not in ("done", "ended")

    @property
    def seconds(self) -> float:
        """Seconds of the budget that are used up."""
        if self.board.raced:
            return float(self.board.raced["seconds"])
        return 0.0 if self.begun is None else min(monotonic() - self.begun, self.request.seconds)

    def stop(self) -> None:
        """Cancel politely: what is done counts, and the best network is trained on all rows; at the second time kill.

        A race that has not begun yet has nothing to keep and is ended at once.
        """
        if self.state == "racing":
            self.state = "stopping"
            try:
                assert self.process.stdin is not None
                self.process.stdin.write("stop\n")
                self.process.stdin.flush()
                return
            except OSError:
                pass
        self.end("It was ended before it was through." if self.board.done else "It was ended before it began.")

    def end(self, why: str) -> None:
        """Kill the process; the first reason given stays."""
        self.problem = self.problem or why
        self.process.kill()

    def hear(self, event: dict[str, Any]) -> None:
        """Take one event."""
        kind = event["event"]
        self.heard += 1
        if kind == "begun":
            self.begun = monotonic()
            self.state = "racing"
        elif kind == "refit":
            self.state = "refitting"
        elif kind == "model":
            self.model = base64.b64decode(event.pop("file"))
        elif kind == "unfit":
            self.problem = event["why"]
        elif kind == "end":
            self.state = "done"
        self.board.hear(event)


class Races:
    """The races of one web process: at most one runs; the newest of each visitor is kept."""

    def __init__(self, memory: int | None = None) -> None:
        self._lock = threading.Lock()
        self._newest: dict[str, LiveRace] = {}
        self._most = Settings.from_environment().run_megabytes if memory is None else memory

    def newest(self, owner: str) -> LiveRace | None:
        """Return a visitor's newest race, and take note that somebody still looks at it."""
        race = self._newest.get(owner)
        if race is not None:
            race.asked = monotonic()
        return race

    def start(self, request: Request, owner: str) -> str:
        """Start a race for a visitor; return "" or the reason why it cannot start now."""
        with self._lock:
            if busy := next((race for race in self._newest.values() if race.running), None):
                whose = "Your race is" if busy.owner == owner else "Another visitor's race is"
                return f"{whose} still running. It ends within {busy.request.seconds + 30:.0f} seconds; try again then."
            free = psutil.virtual_memory().available / 2**20
            if free < NEEDED_MEGABYTES:
                return f"This needs {NEEDED_MEGABYTES} MB of memory and {free:.0f} MB are free. Try again later."
            race = self._launch(request, owner)
            self._newest.pop(owner, None)  # the newest stands last
            self._newest[owner] = race
            for old in list(self._newest)[:-KEPT]:
                del self._newest[old]
        threading.Thread(target=_follow, args=(race,), daemon=True).start()
        threading.Thread(target=_guard, args=(race, self._most), daemon=True).start()
        return ""

    def refit(self, owner: str, slug: str) -> str:
        """Train one network of a visitor's ended race on all rows, in a process of its own; return "" or why not."""
        old = self._newest.get(owner)
        if old is None or slug not in old.board.folds:
            return "This network has not finished a fold yet."
        steps = old.board.typical_steps(slug)
        request = Request(**{**vars(old.request), "refit": slug, "steps": steps})
        if why := self.start(request, owner):
            return why
        new = self._newest[owner]
        new.request, new.board = old.request, old.board  # what was measured stays
        new.board.model = {}
        return ""

    def close(self) -> None:
        """End whatever runs."""
        for race in self._newest.values():
            if race.running:
                race.end("The app was closed.")

    @staticmethod
    def _launch(request: Request, owner: str) -> LiveRace:
        process = subprocess.Popen(
            [sys.executable, "-m", "lab.fitting"], cwd=ROOT, text=True, encoding="utf-8",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(request.to_json() + "\n")
        process.stdin.flush()
        return LiveRace(request, owner, process)


def _follow(race: LiveRace) -> None:
    """Read what the process tells until it ends, and say how it ended."""
    errors: list[str] = []
    assert race.process.stdout is not None and race.process.stderr is not None
    reader = threading.Thread(target=lambda: errors.extend(race.process.stderr or ()), daemon=True)
    reader.start()
    for line in race.process.stdout:
        race.hear(json.loads(line))
    code = race.process.wait()
    reader.join(timeout=2.0)
    if race.state == "done":
        return
    race.problem = race.problem or _why(code, errors)
    race.state = "ended"


def _why(code: int, errors: list[str]) -> str:
    if code < 0:
        return f"The process was killed from outside (signal {-code}), for example because memory ran out."
    last = next((line.strip() for line in reversed(errors) if line.strip()), "it gave no reason")
    return f"The process ended by itself: {last[:200]}"


def _guard(race: LiveRace, most_megabytes: int) -> None:
    """End a race that takes too much memory, takes too long, or that nobody looks at any more."""
    longest = STARTING_SECONDS + race.request.seconds + REFITTING_SECONDS
    while race.process.poll() is None:
        try:
            race.process.wait(WATCH_SECONDS)
        except subprocess.TimeoutExpired:
            race.megabytes = max(race.megabytes, _private_megabytes(race.process.pid))
        if race.megabytes > most_megabytes:
            race.end(f"It needed more than {most_megabytes:,} MB of memory and was ended. Use fewer rows or columns.")
        elif monotonic() - race.started > longest:
            race.end(f"It took longer than {longest:.0f} s and was ended.")
        elif monotonic() - race.asked > AWAY_SECONDS:
            race.end("It was ended because the page that started it was closed.")


def _private_megabytes(pid: int) -> float:
    try:
        return float(psutil.Process(pid).memory_info().rss / 2**20)
    except psutil.NoSuchProcess:
        return 0.0
