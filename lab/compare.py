"""Two runs beside each other: which one an address means, and in what they differ. No Streamlit here."""

import html
import re
from typing import Any
from urllib.parse import parse_qsl

from lab.controls_text import from_query
from lab.run_files import Summary
from lab.runs import RunStore
from lab.shown_run import ShownRun
from models.configs import CONFIGS

DIGEST = re.compile(r"[0-9a-f]{12}")
MOST_NAMED = 6


def find(store: RunStore, family: str, said: str) -> tuple[Summary | None, str]:
    """Return the stored run that an address compares with, and a sentence where there is none.

    said: the name of a run, the digest of settings, or the settings themselves ("units=8&layers=1").
    """
    if "=" in said:
        config, rejected = from_query(CONFIGS[family], dict(parse_qsl(said, keep_blank_values=True)))
        if rejected:
            return None, f"The run to compare with has settings that cannot be used: {', '.join(rejected)}."
        found = store.find(family, config.digest())
        return found, "" if found else "No run with the settings to compare with is stored here. Train it first."
    known = store.list(family)
    found = next((one for one in known if one.run_id == said), None)
    if found is None and DIGEST.fullmatch(said):
        found = store.find(family, said)
    return found, "" if found else "The run to compare with is not stored here, or belongs to another page."


def differences(config: dict[str, Any], other: dict[str, Any], family: str) -> list[tuple[str, Any, Any]]:
    """Return the settings in which two runs differ: label, this value, the other value."""
    fields = CONFIGS[family].model_fields
    found = []
    for name, field in fields.items():
        mine, theirs = (one.get(name, field.default) for one in (config, other))
        if mine != theirs:
            extra: Any = field.json_schema_extra or {}
            found.append((str(extra.get("label", name)), mine, theirs))
    return found


def told(run: ShownRun, other: ShownRun) -> str:
    """Return in what two runs differ and how they end, as HTML."""
    found = differences(run.config, other.config, run.family)
    named = [f"{label} {_value(mine)}, there {_value(theirs)}" for label, mine, theirs in found[:MOST_NAMED]]
    more = f"; and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    settings = "; ".join(named) + more if named else "the same settings"
    name = html.escape(other.run_id)
    return f'<span class="tag">Compared</span>with {name} (thin lines): {settings}{_scores(run, other)}.'


def _scores(run: ShownRun, other: ShownRun) -> str:
    """Return the last values of what both measured on test data, as HTML."""
    if not (run.rows and other.rows and run.final):
        return ""
    mine, theirs = run.rows[-1], other.rows[-1]
    shared = [name for name in mine if name.startswith("test_") and isinstance(theirs.get(name), int | float)]
    said = [f"{name[5:].replace('_', ' ')} {_value(mine[name])}, there {_value(theirs[name])}" for name in shared[:3]]
    return f". On test data: {'; '.join(said)}" if said else ""


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    text = f"{value:.3g}" if isinstance(value, float) else str(value).replace("_", " ")
    return html.escape(text if len(text) <= 40 else text[:39] + "…")
