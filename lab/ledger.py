"""The claims of the app with what is stored of each, read once a process; for the Evidence page and for citations."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from evidence.ledger.claim import FAILS, HOLDS, LIMITED, OPEN, Claim, Found, claim_names, claim_of, verdict
from evidence.ledger.stored import Measured, path_of, read

VERDICTS = (HOLDS, LIMITED, FAILS, OPEN)


@dataclass(frozen=True)
class Entry:
    """One line of the ledger. results: [] where nothing is stored; fresh: measured by the code as it is now."""

    name: str
    claim: Claim
    measured: Measured
    fresh: bool

    @property
    def results(self) -> list[Found]:
        """What the stored seeds say of each effect."""
        return self.measured.results(self.claim)

    @property
    def verdict(self) -> str:
        """The verdict by rule, see evidence.ledger.claim."""
        return verdict(self.results)

    @property
    def address(self) -> str:
        """Where the experiment stands; relative, so that it holds below any path."""
        return f"evidence?claim={self.name.replace('_', '-')}"

    @property
    def headline(self) -> str:
        """The first effect with its interval, in a few characters."""
        return numbers(self.results[0]) if self.results else ""


def numbers(found: Found) -> str:
    """Return mean and interval, three digits each."""
    return f"{found.mean:.3g} [{found.low:.3g}, {found.high:.3g}]"


def entries() -> list[Entry]:
    """Return the ledger, in the order of the claims' numbers."""
    return [_entry(name, _stamp(name)) for name in claim_names()]


def entry_of(name: str) -> Entry:
    """Return one line of the ledger. Raises ValueError for an unknown name."""
    return _entry(name, _stamp(name))


def cited_by(slug: str) -> list[Entry]:
    """Return the measured claims that a page makes."""
    return [entry for entry in entries() if slug in entry.claim.pages and entry.results]


def cited_list(cited: Sequence[Entry]) -> str:
    """Return claims as a list in HTML, each with its verdict and the way to its experiment."""
    lines = "".join(
        f'<li><span class="verdict">{entry.verdict}</span> {entry.claim.statement} <a href="{entry.address}" '
        f'target="_self">See the experiment</a></li>'
        for entry in cited
    )
    return f'<ul class="claims">{lines}</ul>'


def _stamp(name: str) -> float:
    """When the result was written: what is cached is read again after a new measurement."""
    path = path_of(name)
    return path.stat().st_mtime if path.exists() else 0.0


@lru_cache(256)
def _entry(name: str, _stamp: float) -> Entry:
    measured = read(name)
    return Entry(name, claim_of(name), measured, measured.fresh)


def provenance(entry: Entry) -> str:
    """Return where the stored numbers come from, in a line; "" where nothing is stored."""
    about: dict[str, Any] = entry.measured.about
    if not about:
        return ""
    parts = [
        f"{about['seeds']} seeds", about["created"][:10], about["device"], f"{about['seconds']:.0f} s in all",
        f"TensorFlow {about['versions'].get('tensorflow', '?')}, Keras {about['versions'].get('keras', '?')}",
    ]  # fmt: skip
    if about.get("commit"):
        parts.append(f"commit {about['commit']}")
    return " · ".join(parts)
