"""The leaderboard: what a race has told, put in order by a rule. NumPy alone, so the web process can keep it."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lab.fitting.roster import BY_SLUG, Contender
from lab.fitting.scores import interval

MAIN = {"classification": "accuracy", "regression": "r2"}
TIE = {"classification": "log_loss", "regression": "rmse"}
NAMES = {"accuracy": "accuracy", "r2": "R²", "log_loss": "log loss (nats)", "rmse": "root mean squared error"}
RULE = (
    "Folds count that at least half of the methods have finished. Ranked by the mean over them, equal ones by {tie}; "
    "who lacks one of them stands below without a place. A sign = says: cannot be told apart from the first. The "
    "interval is the 95 % interval of the mean, widened because folds share training rows."
)


@dataclass(frozen=True)
class Row:
    """One line of the leaderboard.

    place: from 1 on; None where the contender has not finished the folds that count. values: its main score on each
    finished fold; mean, low, high: over the folds that count. best: whether it cannot be told apart from the first.
    """

    contender: Contender
    place: int | None
    values: tuple[float, ...]
    mean: float
    low: float
    high: float
    tie: float
    seconds: float
    parameters: int | None
    answer: float
    cut: int
    alike: bool
    failed: str


@dataclass
class Board:
    """Everything that a race has told so far."""

    table: dict[str, Any] = field(default_factory=dict)
    folds: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    curves: dict[str, dict[int, list[tuple[int, float, float]]]] = field(default_factory=dict)
    doubt: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    turn: tuple[str, int] | None = None
    raced: dict[str, Any] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)

    def hear(self, event: Mapping[str, Any]) -> None:
        """Take one event of lab/fitting/race.py; those that are no business of the board are passed over.

        Nothing is changed in place: another thread may be reading.
        """
        kind, who = event["event"], event.get("who", "")
        if kind == "table":
            self.table = dict(event)
        elif kind == "turn":
            self.turn = (who, event["fold"])
        elif kind == "look":
            look = (event["step"], event["train"], event["aside"])
            self.curves = _with(
                self.curves, who, event["fold"], [*self.curves.get(who, {}).get(event["fold"], ()), look]
            )
        elif kind == "fold":
            self.folds = _with(self.folds, who, event["fold"], dict(event))
        elif kind == "doubt":
            self.doubt = {**self.doubt, who: dict(event)}
        elif kind == "failed":
            self.failures = {**self.failures, who: event["why"]}
        elif kind == "raced":
            self.raced, self.turn = dict(event), None
        elif kind == "model":
            self.model = dict(event)

    def title(self, slug: str) -> str:
        """Return what a contender is called on this table."""
        one = BY_SLUG[slug]
        return one.title if self.table.get("class_names") else one.of_numbers or one.title

    @property
    def main(self) -> str:
        """The score that ranks, higher is better."""
        return MAIN[self.table["task"]]

    @property
    def tie(self) -> str:
        """The score that breaks ties, lower is better."""
        return TIE[self.table["task"]]

    @property
    def done(self) -> int:
        """Trainings and fits that are finished."""
        return sum(map(len, self.folds.values()))

    @property
    def planned(self) -> int:
        """Trainings and fits of a complete race."""
        return len(self.table.get("contenders", ())) * self.table.get("folds", 0)

    def counting(self) -> list[int]:
        """Return the folds that at least half of those who have not failed have finished; the first one at least."""
        running = [slug for slug in self.table["contenders"] if slug not in self.failures]
        half = max(1, len(running)) / 2
        finished = [sum(fold in self.folds.get(slug, {}) for slug in running) for fold in range(self.table["folds"])]
        per_fold = [fold for fold, count in enumerate(finished) if count >= half]
        return per_fold or [0] * bool(self.done)

    def rows(self) -> list[Row]:
        """Return the leaderboard, the first place first."""
        folds = self.counting()
        rows = [self._row(slug, folds) for slug in self.table.get("contenders", ())]
        complete = sorted((row for row in rows if row.place is not None), key=lambda row: (-_last(row.mean), row.tie))
        others = [row for row in rows if row.place is None]
        ranked = [self._placed(row, place, complete[0], folds) for place, row in enumerate(complete, start=1)]
        return ranked + others

    def _row(self, slug: str, counting: list[int]) -> Row:
        told = self.folds.get(slug, {})
        complete = bool(counting) and all(fold in told for fold in counting)
        shown = counting if complete else sorted(told)
        values = [told[fold]["scores"][self.main] for fold in shown]
        low, high = interval(values, self.table["folds"])
        high = high if high == float("inf") else min(high, 1.0)  # no accuracy and no R2 is higher
        return Row(
            BY_SLUG[slug], 0 if complete else None, tuple(told[fold]["scores"][self.main] for fold in sorted(told)),
            _mean(values), low, high, _mean([told[fold]["scores"][self.tie] for fold in shown]),
            sum(one["seconds"] for one in told.values()),
            next((one["parameters"] for one in told.values()), None),
            float(np.median([one["answer"] for one in told.values()])) if told else float("nan"),
            sum(one["cut"] for one in told.values()), False, self.failures.get(slug, ""),
        )  # fmt: skip

    def _placed(self, row: Row, place: int, first: Row, counting: list[int]) -> Row:
        return Row(**{**vars(row), "place": place, "alike": self._alike(row, first, counting)})

    def _alike(self, row: Row, first: Row, counting: list[int]) -> bool:
        """Whether the differences to the first, fold by fold, may as well be none (95 %, same correction)."""
        ours, theirs = (self.folds[one.contender.slug] for one in (row, first))
        gaps = [theirs[fold]["scores"][self.main] - ours[fold]["scores"][self.main] for fold in counting]
        if len(gaps) < 2:
            return row is first
        low, _ = interval(gaps, self.table["folds"])
        return low <= 0.0

    def best_network(self) -> str | None:
        """Return the network that stands highest, None where none has finished a fold."""
        return next((row.contender.slug for row in self.rows() if row.contender.network and row.values), None)

    def typical_steps(self, slug: str) -> int:
        """Return the median of the steps that this network took on its folds."""
        return int(np.median([one["steps"] for one in self.folds[slug].values()]))

    def as_csv(self) -> str:
        """Return the leaderboard as a CSV file: a row for each contender, a column for each fold."""
        out = io.StringIO()
        writer, folds = csv.writer(out, lineterminator="\n"), range(self.table["folds"])
        writer.writerow(["place", "method", "kind", f"{self.main}_mean", "low_95", "high_95", f"{self.tie}_mean",
                         "seconds", "parameters", "ms_per_1000_answers", "trainings_cut", "settings", "failed",
                         *(f"{self.main}_fold_{fold + 1}" for fold in folds)])  # fmt: skip
        for row in self.rows():
            told = self.folds.get(row.contender.slug, {})
            settings = next((one["settings"] for one in told.values()), "")
            kind = "network" if row.contender.network else "baseline"
            writer.writerow([row.place or "", self.title(row.contender.slug), kind,
                             *map(_known, (row.mean, row.low, row.high, row.tie)), row.seconds,
                             row.parameters or "", _known(row.answer), row.cut, settings, row.failed,
                             *(told[fold]["scores"][self.main] if fold in told else "" for fold in folds)])  # fmt: skip
        for slug, why in self.table["refused"].items():
            writer.writerow(["", BY_SLUG[slug].title, "does not apply", *[""] * 9, why, *[""] * len(folds)])
        return out.getvalue()


def _with(known: dict[str, dict[int, Any]], who: str, fold: int, value: Any) -> dict[str, dict[int, Any]]:
    return {**known, who: {**known.get(who, {}), fold: value}}


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _known(value: float) -> float | str:
    """Leave a cell empty where there is no number."""
    return value if np.isfinite(value) else ""


def _last(value: float) -> float:
    """A score that is no number ranks last."""
    return value if np.isfinite(value) else float("-inf")
