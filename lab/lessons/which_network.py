"""Which network fits my data: a short form, and the families in the order that the measured matrix gives them."""

import inspect
from collections.abc import Mapping
from typing import Any

import streamlit as st

from lab.catalog import BY_SLUG
from lab.fit_matrix import matrix
from lab.fitting import advice
from lab.fitting.advice import FAMILIES, GOALS, INPUTS, SPEEDS, TRAITS, Advice, Answers, Ranked, advise, goals_for
from lab.frame import quiet

WITH, WITHOUT = "With labels", "No labels"
EXAMPLES = {100: "about 100", 500: "about 500", 2_000: "about 2,000", 10_000: "about 10,000", 100_000: "100,000"}
SPEED_HELP = (
    "Where speed matters, families that are equally good are ordered by the time of one answer in the same cells: one "
    "example alone, on one core. Most of a small network's answer is the call of TensorFlow itself. "
    "Fit my data, below, measures answers on your own rows."
)
LENGTHS = {
    "table": ("How many columns?", {2: "1 to 4", 10: "5 to 20", 30: "21 to 100", 200: "more than 100"}),
    "sequence": ("How far back does it matter?", {10: "about 10 steps", 25: "about 25 steps", 60: "about 60 steps",
                                                  100: "about 100 steps", 500: "about 500 steps"}),
    "text": ("How many characters matter?", {10: "about 10", 30: "about 30", 100: "about 100", 1000: "about 1,000"}),
}  # fmt: skip
WHERE = {"middle": "In its place", "anywhere": "Anywhere in the picture", "shuffled": "Pixels without an order"}
FIRST = 3  # families with all their reasons in sight
COMMAND = "python -m evidence architecture-fit"


def which_network() -> None:
    """Draw the section: the form, the ranking, the rule."""
    st.html(
        '<div class="section-head"><h2>Which network fits my data?</h2><p>Say what you have. The families are put in '
        "order by the measured cells of the matrix; the rule stands below, and every reason is a cell.</p></div>"
    )
    st.fragment(_form)()


def _form() -> None:
    answers = _answers()
    found = advise(answers, matrix())
    for note in found.notes:
        quiet(note)
    if found.rows:
        titles = ", ".join(TRAITS[task].title for task in found.rows)
        quiet(f"Rows of the matrix that count here: {titles}.")
    if found.rows and not found.ranked:
        st.info(f"The matrix has no measured cell for this yet, so nothing is ranked. It is measured by `{COMMAND}`.")
    for place, one in enumerate(found.ranked, start=1):
        _family(place, one)
    _apart(found)
    with st.expander("The rule, in full"):
        st.write((inspect.getdoc(advice) or "").split("\n\n", 1)[1])


def _answers() -> Answers:
    """Draw the form; return what was answered."""
    above, below = st.columns(3), st.columns(3)
    inputs = _choice(above[0], "What is the input?", INPUTS, "input")
    labels = above[1].segmented_control("Labels", [WITH, WITHOUT], default=WITH, required=True, key="which:labels",
                                        help="Whether each example says what is to be predicted.")  # fmt: skip
    goals = {goal: GOALS[goal] for goal in goals_for(inputs, labels == WITH)}
    goal = _choice(above[2], "What is wanted?", goals, f"goal {inputs} {labels}")
    examples = _choice(below[0], "How many examples?", EXAMPLES, "examples", 1)
    length, where = 0, "middle"
    if inputs in LENGTHS:
        title, sizes = LENGTHS[inputs]
        length = _choice(below[1], title, sizes, f"length {inputs}", 1)
    else:
        where = _choice(below[1], "Where is the thing?", WHERE, "where")
    speed = _choice(below[2], "How fast must it answer?", SPEEDS, "speed", 0, SPEED_HELP)
    return Answers(inputs, goal, examples, length, where, speed)


def _choice(place: Any, title: str, words: Mapping[Any, str], key: str, first: int = 0, told: str | None = None) -> Any:
    return place.selectbox(
        title, list(words), index=first, format_func=words.__getitem__, key=f"which:{key}", help=told
    )


def _family(place: int, one: Ranked) -> None:
    title, page = FAMILIES[one.family]
    reasons = "".join(f"<li>{advice.sentence(reason)}</li>" for reason in one.reasons)
    missing = ", ".join(TRAITS[task].title for task in one.unmeasured)
    if missing:
        reasons += f"<li>Not measured: {missing}</li>"
    left, right = st.columns((4, 1), vertical_alignment="center")
    lost = f"loses {one.loss:.2f} of what lies between the best and chance"
    if not one.loss:
        regret = sum(reason.loss for reason in one.reasons) / len(one.reasons)
        lost = f"cannot be told apart from the best (by the means alone it loses {regret:.2f})"
    summary = f'<b>{place}. {title}</b> <span class="quiet">{lost}</span>'
    more = f'<ul class="reasons">{reasons}</ul>'
    left.html(
        f"<div>{summary}{more}</div>" if place <= FIRST else f"<details><summary>{summary}</summary>{more}</details>"
    )
    if page and BY_SLUG[page].built:
        right.page_link(f"pages/{page}.py", label=BY_SLUG[page].title)


def _apart(found: Advice) -> None:
    """Name those without a ranking, together by their reason."""
    if not found.apart or not found.rows:
        return
    told = ""
    for why in dict.fromkeys(found.apart.values()):
        names = ", ".join(FAMILIES[family][0] for family, other in found.apart.items() if other == why)
        told += f"<li><b>{names}</b>: {why}</li>"
    st.html(f'<p class="picture-title">Not ranked</p><ul class="reasons">{told}</ul>')
