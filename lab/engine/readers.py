"""Models that only read: opened on request, kept awake between questions, and let go when nobody has asked for a while.

Each is a run that does not train: it has a process, is polled and asked like one, but it is not stored and takes no
slot. All methods are called with the engine's lock held.
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lab.engine.run_state import RunState

if TYPE_CHECKING:
    from lab.engine.server import Engine

FAMILY = "pretrained"  # models/pretrained.py
READING, ASLEEP, FAILED = "reading", "asleep", "failed"
MARGIN = 1.3  # of the memory it says it needs, beyond which it is ended
NAMES = ("name", "title", "origin", "folder")


class Readers:
    """All reading models of an engine."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine

    def open(self, source: Mapping[str, Any], again: bool) -> RunState:
        """Return the run of a model, with a process on its way if it has none. again: also after a failure."""
        run_id = f"reader-{source['origin']}-{source['name']}"
        run = self.engine.runs.get(run_id)
        if run is None:
            run = RunState(run_id, FAMILY, {}, "", "", 0.0, reader={name: str(source[name]) for name in NAMES})
            self.engine.runs[run_id] = run
        if again and run.state == FAILED:
            run.detach()  # its process has said why it ends, and may not have ended yet
        if not run.has_process and (again or run.state != FAILED):
            run.state, run.message, run.facts, run.asked = READING, "", {"stage": "starting"}, time.monotonic()
            self.engine.admission.launch_reader(run)
        return run

    def refuse_while_downloading(self, run: RunState) -> None:
        """Raise ValueError with a sentence where a question would have to wait for a download, or for nothing."""
        if run.state == FAILED:
            raise ValueError(run.message)
        if run.facts.get("stage") == "downloading":
            here, total = (run.facts.get(f"{name}_megabytes", 0) for name in ("downloaded", "total"))
            how_far = f": {here:,.0f} of {total:,.0f} MB" if total else ""
            raise ValueError(f"This model is being downloaded{how_far}. Ask when it is here.")

    def heard(self, run: RunState) -> None:
        """Take in what a process said of itself: how much memory it needs."""
        need = MARGIN * float(run.facts.get("megabytes", 0))
        run.most_megabytes = max(self.engine.settings.run_megabytes, int(need))

    def bound(self, now: float) -> None:
        """Let go of those that nobody has asked for a while, and of those beyond the bound, longest unasked first."""
        settings = self.engine.settings
        awake = [run for run in self.engine.runs.values() if run.reader and run.connection is not None]
        awake.sort(key=lambda run: run.asked, reverse=True)
        for place, run in enumerate(awake):
            due = place >= settings.readers or now - run.asked > settings.reader_seconds
            busy = run.facts.get("stage") != "ready" and now - run.asked <= settings.reader_seconds
            if due and not busy and not self.engine.questions.pending(run):
                run.detach()
                run.state, run.facts = ASLEEP, {}
