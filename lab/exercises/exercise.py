"""What an exercise is: a question that the page can answer, the runs that show it, and what must be true of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Literal

from models.configs import CONFIGS, Config
from models.presets import FAILURES, PRESETS

Kind = Literal["preset", "fails", "repaired"]


@dataclass(frozen=True)
class Where:
    """A run that shows something: that of a preset, of a failure, or of its repair. button: what a click shows."""

    button: str
    title: str
    kind: Kind = "preset"


@dataclass(frozen=True)
class Relation:
    """What the answer rests on: "run.metric" is smaller or larger than another one, or than a number."""

    left: str
    sign: Literal["<", ">"]
    right: str | float


@dataclass(frozen=True)
class Exercise:
    """A question. answer: its numbers are written as {run.metric:.2f} and come from the stored runs, by name."""

    question: str
    answer: str
    runs: Mapping[str, Where]
    relations: tuple[Relation, ...]


class NoNumber:
    """Stands for what is no number any more, or is not stored."""

    def __format__(self, _: str) -> str:
        return "no number"


class Numbers(SimpleNamespace):
    """The numbers of one run by name."""

    def __getattr__(self, name: str) -> Any:
        return NoNumber()


def settings_of(family: str, where: Where) -> Config:
    """Return the settings of a run. Raises StopIteration where the family has no preset or failure of this title."""
    if where.kind == "preset":
        return CONFIGS[family](**next(one for one in PRESETS[family] if one.title == where.title).settings)
    failure = next(one for one in FAILURES[family] if one.title == where.title)
    repair = failure.repair if where.kind == "repaired" else {}
    return CONFIGS[family](**{**failure.settings, **repair})


def numbers(last: Mapping[str, float | None], facts: Mapping[str, Any]) -> Numbers:
    """Return a run's last metrics and its number of parameters. last: None stands for what is no number."""
    known = {name: value for name, value in last.items() if value is not None}
    return Numbers(**known, parameters=facts.get("parameters", NoNumber()))


def answer_of(exercise: Exercise, found: Mapping[str, Numbers]) -> str:
    """Return the answer with the numbers of the runs; a run that is not stored gives none."""
    return exercise.answer.format(**{name: found.get(name, Numbers()) for name in exercise.runs})


def holds(relation: Relation, found: Mapping[str, Numbers]) -> bool:
    """Return whether a relation is true of these runs; never where a number is missing."""
    left, right = _value(relation.left, found), _value(relation.right, found)
    if isinstance(left, NoNumber) or isinstance(right, NoNumber):
        return False
    return bool(left < right if relation.sign == "<" else left > right)


def _value(side: str | float, found: Mapping[str, Numbers]) -> Any:
    if not isinstance(side, str):
        return side
    run, _, metric = side.partition(".")
    return getattr(found[run], metric)
