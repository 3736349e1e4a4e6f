"""What a claim is, and how its verdict follows from what was measured: by rule, never by hand."""

import ast
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1]
CONFIDENCE = 0.95
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Effect:
    """One number that an experiment gives for each seed.

    key: its name in what `measure` returns; says: what it is, with its unit; above, below: it counts as found where the
    whole interval of its mean lies beyond this bound; limit: finding it narrows the claim instead of carrying it.
    """

    key: str
    says: str
    above: float | None = None
    below: float | None = None
    limit: bool = False

    def __post_init__(self) -> None:
        if (self.above is None) == (self.below is None):
            raise ValueError(f"{self.key}: an effect has one bound, above or below")

    @property
    def bound(self) -> float:
        """The number that the interval must lie beyond."""
        return float(self.above if self.above is not None else self.below)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Claim:
    """One statement of the app.

    number: its place in the list of statements, which several claims may share; statement: what the app says;
    experiment: what is done for each seed, in one sentence; effects: the first one is the headline; pages: slugs of
    the pages that say it; seeds: how many a full measurement takes, the quick form takes `quick_seeds`.
    """

    number: int
    statement: str
    experiment: str
    effects: tuple[Effect, ...]
    pages: tuple[str, ...]
    seeds: int = 10
    quick_seeds: int = 2


@dataclass(frozen=True)
class Found:
    """What the seeds say of one effect: mean, 95 % interval of the mean (Student's t), and whether the bound is met."""

    effect: Effect
    mean: float
    low: float
    high: float
    seeds: int
    met: bool


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return mean and 95 % interval of the mean by Student's t; of one value the interval is unknown, all numbers."""
    import numpy as np
    from scipy import stats

    given = np.asarray(values, np.float64)
    mean = float(given.mean())
    if len(given) < 2:
        return mean, -np.inf, np.inf
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(given) - 1) * given.std(ddof=1) / sqrt(len(given)))
    return mean, mean - half, mean + half


def found(effect: Effect, rows: Rows) -> Found:
    """Return what the rows say of an effect. Raises KeyError where the experiment does not give it."""
    return judged(effect, interval([float(row[effect.key]) for row in rows]), len(rows))


def judged(effect: Effect, interval: Sequence[float], seeds: int) -> Found:
    """Return whether an interval (mean, low, high) lies beyond the bound of an effect."""
    mean, low, high = interval
    met = low > effect.above if effect.above is not None else high < effect.bound
    return Found(effect, mean, low, high, seeds, bool(met))


HOLDS, LIMITED, FAILS, OPEN = "holds", "holds with limits", "does not hold", "not measured"


def verdict(results: Sequence[Found]) -> str:
    """Return "holds" if every effect is met, "with limits" if a limit is met too, "does not hold" otherwise."""
    if not results:
        return OPEN
    if not all(one.met for one in results if not one.effect.limit):
        return FAILS
    return LIMITED if any(one.met for one in results if one.effect.limit) else HOLDS


def claim_names() -> list[str]:
    """Return the names of all claims, in the order of their numbers: the files that define CLAIM."""
    named = {file.stem: file.read_text(encoding="utf-8") for file in FOLDER.glob("[a-z]*.py")}
    claims = {name: text for name, text in named.items() if "\nCLAIM = Claim(" in text}
    return sorted(claims, key=lambda name: (_number(claims[name]), name))


def _number(source: str) -> int:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Claim":
            return int(next(word.value.value for word in node.keywords if word.arg == "number"))  # type: ignore[attr-defined]
    return 0


def module_of(name: str) -> Any:
    """Import the file of a claim. Raises ValueError for an unknown name."""
    from importlib import import_module

    plain = name.replace("-", "_")
    if plain not in claim_names():
        raise ValueError(f"There is no claim {name!r}. `python -m evidence` lists them.")
    return import_module(f"evidence.{plain}")


def claim_of(name: str) -> Claim:
    """Return a claim by its name."""
    claim: Claim = module_of(name).CLAIM
    return claim


def source_digest(name: str) -> str:
    """Return a short name of the experiment's own code: what it measured stands for this code and no other.

    Only what measures in full counts: a reworded statement, another bound, or a smaller quick form leaves the numbers
    as true as they were.
    """
    tree = ast.parse((FOLDER / f"{name.replace('-', '_')}.py").read_text(encoding="utf-8"))
    body = [node for node in tree.body if not _says_only(node)]
    in_full = InFull().visit(ast.Module(body, []))
    return hashlib.sha256(ast.dump(in_full).encode()).hexdigest()[:12]


class InFull(ast.NodeTransformer):
    """Leaves of `a if quick else b` what the full form takes."""

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        """Return the second branch of a choice by `quick`, any other choice as it is."""
        self.generic_visit(node)
        return node.orelse if isinstance(node.test, ast.Name) and node.test.id == "quick" else node


def _says_only(node: ast.stmt) -> bool:
    named = isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == ["CLAIM"]
    return named or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
