"""Which network fits my data: families in the order that the measured cells of the matrix give them.

The rule, in full. (1) The rows that count are those whose input and whose goal are those of the answers; of these, the
ones nearest in length, and then in examples (within a factor of 4; if none is, the nearest). (2) In a row a family
loses its regret, as the matrix colours it: 0 is the best of the row, 1 no better than chance. Whose interval overlaps
that of the best counts as equal to it, with 0. A cell that was not reached in its budget counts 1, and is said to be
so. (3) Families are ordered by their mean loss over the rows that count in which they were measured. Ties: by the mean
regret alone, or, where quick answers are asked for, by the time of one answer in the same cells beside the row's
quickest; whose answers were not timed comes last among equals then. Whoever was measured in none of the rows is not
ranked, but named. Nothing else goes in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

INPUTS = {"table": "A table", "image": "Images", "sequence": "A sequence of numbers", "text": "Text"}
GOALS = {
    "class": "Predict a class", "number": "Predict a number", "next": "Predict what comes next",
    "generate": "Make new examples", "groups": "Find groups, or draw a map", "strange": "Find what is unusual",
    "clean": "Remove noise",
}  # fmt: skip
FAMILIES = {  # name in the matrix: title and page
    "mlp": ("Multilayer perceptron", "mlp"), "cnn": ("Convolutional network", "cnn"),
    "rnn": ("Recurrent network", "rnn"), "lstm": ("LSTM", "lstm_gru"), "gru": ("GRU", "lstm_gru"),
    "autoencoder": ("Autoencoder", "autoencoder"), "gan": ("Generative adversarial network", "gan"),
    "rbf": ("RBF network", "rbf"), "som": ("Self-organizing map", "som"),
    "modular": ("Mixture of experts", "modular"), "transformer": ("Transformer", "transformer"),
    "baseline": ("Without a network", ""),
}  # fmt: skip
LABELLED = ("class", "number")
SPEEDS = {"any": "Does not matter", "quick": "Quickly, on a small machine"}
NEAR = 4.0  # examples and lengths within this factor count as alike
OVERLAP = "as good as the best within the intervals"


class CellLike(Protocol):
    """What is read of a cell of the matrix (lab/fit_matrix.py)."""

    task: str
    family: str
    state: str
    reason: str
    mean: float | None
    low: float | None
    high: float | None
    parameters: int | None
    seconds: float | None
    regret: float | None
    more: dict[str, Any]


class MatrixLike(Protocol):
    """What is read of the matrix: a row is sorted with the best first."""

    def cell(self, task: str, family: str) -> Any: ...
    def row(self, task: str) -> Sequence[Any]: ...


@dataclass(frozen=True)
class Traits:
    """What a task of the matrix is about. length: columns, steps back or characters, 0: does not matter; measure: of
    its scores.
    """

    title: str
    inputs: tuple[str, ...]
    goal: str
    examples: int
    length: int = 0
    where: str = ""
    measure: str = "share right"


TRAITS: dict[str, Traits] = {
    "breast_cancer": Traits("breast tumours", ("table",), "class", 569, 30),
    "wine": Traits("wines", ("table",), "class", 178, 13),
    "diabetes": Traits("diabetes", ("table",), "number", 442, 10, measure="R²"),
    "interpolation_1d": Traits("a smooth curve", ("table",), "number", 40, 1, measure="R²"),
    "interpolation_2d": Traits("a smooth surface", ("table",), "number", 200, 2, measure="R²"),
    "interpolation_8d": Traits("a smooth wave of eight inputs", ("table",), "number", 1000, 8, measure="R²"),
    "digits": Traits("digits in their place", ("image",), "class", 1797, 0, "middle"),
    "shifted_digits": Traits("shifted digits", ("image",), "class", 1797, 0, "anywhere"),
    "permuted_digits": Traits("digits with shuffled pixels", ("image",), "class", 1797, 0, "shuffled"),
    "sunspots": Traits("sunspots", ("sequence",), "next", 309, 24, measure="error in spots"),
    "co2": Traits("carbon dioxide", ("sequence",), "next", 526, 24, measure="error in ppm"),
    "parity": Traits("parity of 16 bits", ("sequence",), "class", 6000, 16),
    "parity_longer": Traits("parity, twice as long as learned", ("sequence",), "class", 6000, 32),
    "short_sequence": Traits("adding, 10 steps", ("sequence",), "number", 6000, 10, measure="mean squared error"),
    "adding_20": Traits("adding, 20 steps", ("sequence",), "number", 6000, 20, measure="mean squared error"),
    "adding_50": Traits("adding, 50 steps", ("sequence",), "number", 6000, 50, measure="mean squared error"),
    "adding_100": Traits("adding, 100 steps", ("sequence",), "number", 6000, 100, measure="mean squared error"),
    "topics": Traits("topic of a passage", ("text",), "class", 880, 100),
    "next_character": Traits("the next character", ("text",), "next", 8000, 31, measure="nats a character"),
    "induction": Traits("a run that repeats", ("text", "sequence"), "next", 6000, 40),
    "recall": Traits("recalling a pair", ("text", "sequence"), "next", 6000, 13),
    "denoising": Traits("denoising", ("image",), "clean", 1797, measure="decibels"),
    "anomaly": Traits("malignant among benign", ("table",), "strange", 569, 30, measure="area under the ROC curve"),
    "clustering": Traits("groups of digits", ("table", "image"), "groups", 1797, measure="adjusted mutual information"),
    "visualization": Traits("digits on a plane", ("table", "image"), "groups", 1797, measure="trustworthiness"),
    "density_2d": Traits("spots in the plane", ("table",), "generate", 4000, 2, measure="F of precision and recall"),
    "generated_digits": Traits("new digits", ("image",), "generate", 1797, measure="F of precision and recall"),
    "generated_text": Traits("new text", ("text",), "generate", 8000, measure="divergence in nats"),
}  # fmt: skip


@dataclass(frozen=True)
class Answers:
    """The form. length: columns of a table, steps or characters that matter, 0 for images."""

    inputs: str = "table"
    goal: str = "class"
    examples: int = 500
    length: int = 0
    where: str = "middle"
    speed: str = "any"


@dataclass(frozen=True)
class Reason:
    """One cell that speaks for or against a family. loss: 0 to 1; place: in its row, from 1 on; None: not reached."""

    task: str
    cell: Any
    loss: float
    place: int | None
    of: int
    equal: bool


@dataclass(frozen=True)
class Ranked:
    """A family with its mean loss and the cells it rests on; unmeasured: rows that count in which it has no number."""

    family: str
    loss: float
    tie: float
    reasons: tuple[Reason, ...]
    unmeasured: tuple[str, ...]


@dataclass(frozen=True)
class Advice:
    """What comes out. rows: the tasks that count; apart: families without a ranking, with the reason; notes: limits."""

    rows: tuple[str, ...]
    ranked: tuple[Ranked, ...]
    apart: dict[str, str]
    notes: tuple[str, ...]


def goals_for(inputs: str, labelled: bool) -> list[str]:
    """Return the goals about which the matrix has a row, for an input with or without labels."""
    known = {one.goal for one in TRAITS.values() if inputs in one.inputs}
    return [goal for goal in GOALS if goal in known and (goal in LABELLED) == labelled]


def rows_that_count(answers: Answers) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the tasks nearest to the answers, and sentences about what they are not near in."""
    fitting = {
        name: one
        for name, one in TRAITS.items()
        if answers.inputs in one.inputs and one.goal == answers.goal and (not one.where or one.where == answers.where)
    }
    notes: list[str] = []
    if answers.length and any(one.length for one in fitting.values()):
        what = "columns" if answers.inputs == "table" else "steps"
        fitting = _nearest(fitting, "length", answers.length, what, notes)
    fitting = _nearest(fitting, "examples", answers.examples, "examples", notes)
    return tuple(fitting), tuple(notes)


def _nearest(tasks: dict[str, Traits], trait: str, wanted: int, what: str, notes: list[str]) -> dict[str, Traits]:
    """Keep the tasks within a factor of NEAR; where there are none, those with the smallest factor, and say so."""
    factors = {name: _factor(getattr(one, trait), wanted) for name, one in tasks.items()}
    near = {name: tasks[name] for name, factor in factors.items() if factor <= NEAR}
    if near or not tasks:
        return near
    least = min(factors.values())
    near = {name: tasks[name] for name, factor in factors.items() if factor == least}
    size = getattr(next(iter(near.values())), trait)
    notes.append(f"No measured task has about {wanted:,} {what}; the nearest has {size:,}, so take this with care.")
    return near


def _factor(size: int, wanted: int) -> float:
    if not size:
        return 1.0
    return max(size / max(wanted, 1), max(wanted, 1) / size)


def advise(answers: Answers, matrix: MatrixLike, families: Sequence[str] = tuple(FAMILIES)) -> Advice:
    """Rank the families for these answers by the rule at the top of this file."""
    rows, notes = rows_that_count(answers)
    judged = {task: _row(task, matrix) for task in rows}
    ranked, apart = [], {}
    for family in families:
        reasons = tuple(judged[task][family] for task in rows if family in judged[task])
        missing = tuple(task for task in rows if family not in judged[task])
        if reasons:
            ranked.append(_ranked(family, reasons, missing, answers, judged))
        else:
            apart[family] = _why_not(family, rows, matrix)
    unmeasured = tuple(task for task in rows if not judged[task])
    if unmeasured:
        told = ", ".join(TRAITS[task].title for task in unmeasured)
        notes += (f"Nothing is measured yet in: {told}.",)
    if not rows:
        notes += ("No row of the matrix is about this, so there is nothing to rank by.",)
    ranked.sort(key=lambda one: (one.loss, one.tie))
    return Advice(rows, tuple(ranked), apart, notes)


def _row(task: str, matrix: MatrixLike) -> dict[str, Reason]:
    """Return for each family with a number, or without reaching one, what it loses in this row."""
    cells = list(matrix.row(task))
    measured = [cell for cell in cells if cell.state == "measured" and cell.mean is not None]
    late = [cell for cell in cells if cell.state == "not_reached"]
    if not measured:
        return {}
    found = {}
    for place, cell in enumerate(measured, start=1):
        equal = _overlap(cell, measured[0])
        found[cell.family] = Reason(task, cell, min(1.0, cell.regret or 0.0), place, len(measured), equal)
    for cell in late:
        found[cell.family] = Reason(task, cell, 1.0, None, len(measured), False)
    return found


def _overlap(cell: Any, best: Any) -> bool:
    if cell is best:
        return True
    ends = (cell.low, cell.high, best.low, best.high)
    return None not in ends and cell.low <= best.high and best.low <= cell.high


def _ranked(family: str, reasons: tuple[Reason, ...], missing: tuple[str, ...], answers: Answers,
            judged: dict[str, dict[str, Reason]]) -> Ranked:  # fmt: skip
    loss = float(np.mean([0.0 if one.equal else one.loss for one in reasons]))
    tie = float(np.mean([one.loss for one in reasons]))
    if answers.speed == "quick":
        tie = float(np.mean([_slowness(one, judged[one.task]) for one in reasons]))
    return Ranked(family, loss, tie, reasons, missing)


def _slowness(reason: Reason, row: dict[str, Reason]) -> float:
    """Return how many times as long an answer takes as that of the quickest in its row."""
    known = [time for one in row.values() if (time := answer_seconds(one.cell))]
    own = answer_seconds(reason.cell)
    return own / min(known) if own else float("inf")


def answer_seconds(cell: Any) -> float | None:
    """Return the seconds of an answer to one example; None where none was timed."""
    return cell.more.get("answer_seconds")


def _why_not(family: str, rows: Sequence[str], matrix: MatrixLike) -> str:
    """Return why a family is not ranked: the matrix's own reason, or that nobody has measured it."""
    for task in rows:
        cell = matrix.cell(task, family)
        if cell is not None and cell.state == "does_not_apply":
            return str(cell.reason)
    return "not measured in these rows"


def sentence(reason: Reason) -> str:
    """Return a cell as a sentence with its numbers."""
    title, cell = TRAITS[reason.task].title, reason.cell
    if reason.place is None:
        return f"{title}: not reached in its budget"
    spread = "" if cell.low is None or cell.high is None else f" [{cell.low:.3g}, {cell.high:.3g}]"
    size = f", {cell.parameters:,} parameters" if cell.parameters else ""
    time = f", {cell.seconds:.2g} s of training" if cell.seconds else ""
    answer = f", {1000 * timed:.2g} ms an answer" if (timed := answer_seconds(cell)) else ""
    equal = f", {OVERLAP}" if reason.equal and reason.place > 1 else ""
    score = f"{TRAITS[reason.task].measure} {cell.mean:.3g}{spread}"
    return f"{title}: {score}, place {reason.place} of {reason.of}{equal}{size}{time}{answer}"
