"""Everything that can be shown, by name: pages, presets, failures and their repairs, each with its settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.catalog import STOPS
from lab.controls_text import to_query
from models.configs import CONFIGS
from models.presets import FAILURES, PRESETS


@dataclass(frozen=True)
class Demo:
    """slug: the page; query: its settings as they stand in the address; title: what it shows; kind: the page, and
    whether it fails; reason: a sentence, whose words it is found by, too.
    """

    slug: str
    title: str
    kind: str
    query: Mapping[str, str]
    reason: str = ""

    @property
    def label(self) -> str:
        """The line by which it is found."""
        return " · ".join(part for part in (self.title, self.kind, self.reason) if part)


def demos() -> list[Demo]:
    """Return all that exists, pages first, then presets and failures in the order of the road."""
    built = [stop for stop in STOPS if stop.built]
    found = [Demo(stop.slug, stop.title, stop.idea, {}) for stop in built]
    for stop in built:
        found += [
            _demo(stop.slug, one.title, stop.title, one.settings, one.reason) for one in PRESETS.get(stop.slug, ())
        ]
    for stop in built:
        for failure in FAILURES.get(stop.slug, ()):
            found.append(_demo(stop.slug, failure.title, f"{stop.title}, fails", failure.settings, failure.reason))
    return found


def _demo(family: str, title: str, kind: str, settings: Mapping[str, Any], reason: str) -> Demo:
    return Demo(family, title, kind, to_query(CONFIGS[family](**settings)), reason)
