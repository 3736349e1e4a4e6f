"""What a run needs to be made again elsewhere: its settings, the code, and the numbers that should come out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from lab.catalog import BY_SLUG, ROOT
from lab.engine.settings import Settings
from lab.shown_run import ShownRun
from lab.storage import uploads_folder
from lab.take_home.bundle import Section, bundle, config_class, needs_file

TOLD = ("tensorflow", "keras", "numpy")  # versions that decide the digits
NOT_COMPARED = ("seconds",)  # two machines differ in speed, not in results


@dataclass(frozen=True)
class Recipe:
    """Everything the file and the notebook hold.

    settings: those that differ from the defaults; shown: the newest row of the run's numbers, with its step; empty
    where nothing has trained yet. threads: of one operation, since they decide in which order sums are taken.
    changed: what a person changed while the run trained; it is then another run than its settings give.
    upload: a visitor's own file, with its name in `uploads/`.
    """

    family: str
    title: str
    idea: str
    settings_class: str
    settings: Mapping[str, Any]
    sections: Sequence[Section]
    shown: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    device: str = ""
    threads: int = 1
    changed: Sequence[str] = ()
    upload: tuple[str, bytes] | None = None


def recipe(run: ShownRun) -> Recipe:
    """Return the recipe of a shown run. Raises FileNotFoundError where its visitor's file is no longer stored."""
    settings = run.settings
    stop = BY_SLUG[run.family]
    everything = settings.model_dump(mode="json")
    return Recipe(
        family=run.family, title=stop.title, idea=stop.idea,
        settings_class=type(settings).__name__, settings=settings.changes(),
        sections=sections_of(run.family, needs_file(everything)),
        shown=newest(run), versions={name: run.versions[name] for name in TOLD if name in run.versions},
        device=run.device, threads=Settings.from_environment().threads,
        changed=[f"{event['change']} at step {event['step']:,}" for event in run.events],
        upload=_upload(everything) if needs_file(everything) else None,
    )  # fmt: skip


@cache
def sections_of(family: str, own_file: bool) -> tuple[Section, ...]:
    """Return the code of a family; the sources do not change while the app runs."""
    assert config_class(ROOT, family)
    return tuple(bundle(ROOT, family, own_file=own_file))


def newest(run: ShownRun) -> dict[str, float]:
    """Return the last row of numbers of a run that has trained, with its step; {} of one that has not."""
    if not run.rows or not run.step:
        return {}
    row = run.rows[-1]
    return {name: value for name, value in row.items() if name not in NOT_COMPARED and value is not None}


def _upload(settings: Mapping[str, Any]) -> tuple[str, bytes]:
    digest = str(settings["upload"])
    files = sorted(Path(uploads_folder()).glob(f"{digest}.*"))
    if not files:
        raise FileNotFoundError("Your own file is no longer stored on this server. Choose it again, then train again.")
    return files[0].name, files[0].read_bytes()
