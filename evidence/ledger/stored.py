"""What was measured, one JSON file a claim in evidence/results: a row a seed, and on what it was computed."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evidence.ledger.claim import FOLDER, Claim, Found, claim_of, found, judged, source_digest

RESULTS = FOLDER / "results"


@dataclass
class Measured:
    """What is stored of a claim. rows: one dict a seed, rising; about: settings of the measurement as a whole.

    intervals: mean, low and high of every effect, computed when it is written: who only reads needs no statistics.
    """

    name: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)
    intervals: dict[str, list[float]] = field(default_factory=dict)

    def results(self, claim: Claim) -> list[Found]:
        """Return what is stored of each effect; [] where the claim has effects that were not measured."""
        if not all(effect.key in self.intervals for effect in claim.effects):
            return []
        return [judged(effect, self.intervals[effect.key], len(self.rows)) for effect in claim.effects]

    @property
    def fresh(self) -> bool:
        """Whether the experiment's code is still the one that measured this."""
        return bool(self.rows) and all(row["source"] == source_digest(self.name) for row in self.rows)


def path_of(name: str, folder: Path = RESULTS) -> Path:
    """Return the file in which a claim's measurement lies."""
    return folder / f"{name.replace('-', '_')}.json"


def read(name: str, folder: Path = RESULTS) -> Measured:
    """Return what is stored of a claim; nothing, where nothing is or where the file was cut off."""
    try:
        stored = json.loads(path_of(name, folder).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return Measured(name)
    return Measured(
        name, list(stored.get("rows", [])), dict(stored.get("about", {})), dict(stored.get("intervals", {}))
    )


def write(measured: Measured, folder: Path = RESULTS) -> None:
    """Store a measurement; whoever reads at that moment sees the old one or the new one whole."""
    path = path_of(measured.name, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    measured.rows = sorted(measured.rows, key=lambda row: int(row["seed"]))
    results = [found(effect, measured.rows) for effect in claim_of(measured.name).effects]
    measured.intervals = {one.effect.key: [one.mean, one.low, one.high] for one in results}
    draft.write_text(_text(measured), encoding="utf-8")
    draft.replace(path)


def _text(measured: Measured) -> str:
    """A row stays on a line of its own, so that a new measurement is a short difference."""
    parts = {"claim": measured.name, "about": measured.about, "intervals": measured.intervals}
    head = ",\n".join(f" {json.dumps(name)}: {json.dumps(part)}" for name, part in parts.items())
    rows = ",\n".join(f"  {json.dumps(row)}" for row in measured.rows)
    return f'{{\n{head},\n "rows": [\n{rows}\n ]\n}}\n'
