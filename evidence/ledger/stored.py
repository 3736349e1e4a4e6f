"""What was measured, one JSON file a claim in evidence/results: a row a seed, and on what it was computed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evidence.ledger.claim import FOLDER, source_digest

RESULTS = FOLDER / "results"


@dataclass
class Measured:
    """What is stored of a claim. rows: one dict a seed, rising; about: settings of the measurement as a whole."""

    name: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)

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
        found = json.loads(path_of(name, folder).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return Measured(name)
    return Measured(name, list(found.get("rows", [])), dict(found.get("about", {})))


def write(measured: Measured, folder: Path = RESULTS) -> None:
    """Store a measurement; whoever reads at that moment sees the old one or the new one whole."""
    path = path_of(measured.name, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    rows = sorted(measured.rows, key=lambda row: int(row["seed"]))
    draft.write_text(_text({"claim": measured.name, "about": measured.about, "rows": rows}), encoding="utf-8")
    draft.replace(path)


def _text(found: Mapping[str, Any]) -> str:
    """A row stays on a line of its own, so that a new measurement is a short difference."""
    rows = ",\n  ".join(json.dumps(row, allow_nan=True) for row in found["rows"])
    about = json.dumps(found["about"], indent=1).replace("\n", "\n ")
    return f'{{\n "claim": {json.dumps(found["claim"])},\n "about": {about},\n "rows": [\n  {rows}\n ]\n}}\n'
