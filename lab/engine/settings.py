"""All limits of the engine in one place, each with the environment variable that changes it."""

import math
import os
from dataclasses import dataclass, fields
from typing import Any


def usable_cores() -> int:
    """Return how many cores this process may use (a container may have fewer than the machine)."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


@dataclass(frozen=True)
class Settings:
    """Limits; `ROAD_<NAME>` in the environment overrides each (ROAD_SLOTS=4). A variable that is empty counts as unset.

    slots: runs that train at once; 0: one per core.
    prepared: processes that wait, compiled, for a click on Train or for a slot; 0: one per core.
    kept: finished processes that stay to answer questions; 0: one per core.
    kept_seconds: how long such a process stays without a question.
    readers: models that only read (the small GPT, GPT-2) and stay awake between questions.
    reader_seconds: how long such a model keeps its memory without a question.
    run_seconds: longest time a run may take, pauses included.
    run_megabytes: most memory a run may hold beyond what it shares with the others.
    away_seconds: a run whose page has not asked for so long is ended.
    grace_seconds: the same, once the browser has said that the tab was closed.
    stop_seconds: how long a run may take to stop politely before its process is killed.
    threads: threads of one TensorFlow operation; 0: one per core.
    compile_cache_megabytes: bound of the folder with compiled functions; 0: none is kept.
    families: comma-separated modules to import that register further families.
    """

    slots: int = 0
    prepared: int = 0
    kept: int = 0
    kept_seconds: float = 120.0
    readers: int = 2
    reader_seconds: float = 600.0
    run_seconds: float = 900.0
    run_megabytes: int = 1500
    away_seconds: float = 30.0
    grace_seconds: float = 10.0
    stop_seconds: float = 0.3
    threads: int = 0
    compile_cache_megabytes: int = 200
    families: str = ""

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read the settings. Raises ValueError naming the variable that is not a number that fits."""
        found: dict[str, Any] = {}
        for item in fields(cls):
            text = os.environ.get(f"ROAD_{item.name.upper()}", "").strip()
            if text:
                found[item.name] = _parse(item.name, text, type(item.default))
        cores = usable_cores()
        return cls(**{**found, **{name: found.get(name) or cores for name in ("slots", "prepared", "kept", "threads")}})


def _parse(name: str, text: str, kind: Any) -> Any:
    try:
        value = kind(text)
    except ValueError as error:
        whole = "whole " if kind is int else ""
        raise ValueError(f"ROAD_{name.upper()} must be a {whole}number, not {text!r}") from error
    if kind is float and math.isnan(value):
        raise ValueError(f"ROAD_{name.upper()} must be a number, not {text!r}")
    if kind is not str and value < 0:
        raise ValueError(f"ROAD_{name.upper()} must not be negative, but is {text}")
    return value
