"""Exercises: each names runs that exist, and its answer is true of the stored runs."""

import re
from pathlib import Path

import pytest

from lab.exercises import EXERCISES
from lab.exercises.exercise import Exercise, Numbers, Relation, answer_of, holds, numbers, settings_of
from lab.runs import RunStore
from lab.storage import examples_folder
from models.configs import CONFIGS

ALL = [(family, exercise) for family, several in EXERCISES.items() for exercise in several]
NAMES = [f"{family}-{exercise.question[:40]}" for family, exercise in ALL]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    return RunStore(Path(tmp_path_factory.mktemp("runs")), examples=examples_folder())


def found(store: RunStore, family: str, exercise: Exercise) -> dict[str, Numbers]:
    """Return the numbers of an exercise's runs; every one of them has to be stored."""
    known = {}
    for name, where in exercise.runs.items():
        summary = store.find(family, settings_of(family, where).digest())
        assert summary is not None, f"{where.title} ({where.kind}) has no stored run"
        known[name] = numbers(summary.last, summary.facts)
    return known


def test_every_family_has_two_or_three() -> None:
    assert set(EXERCISES) == set(CONFIGS)
    assert all(2 <= len(several) <= 3 for several in EXERCISES.values())


@pytest.mark.parametrize(("family", "exercise"), ALL, ids=NAMES)
def test_the_answer_is_true_of_the_stored_runs(store: RunStore, family: str, exercise: Exercise) -> None:
    known = found(store, family, exercise)
    assert exercise.relations
    for relation in exercise.relations:
        assert holds(relation, known), relation
    text = answer_of(exercise, known)
    assert "no number" not in text and "{" not in text


@pytest.mark.parametrize(("family", "exercise"), ALL, ids=NAMES)
def test_each_number_of_an_answer_is_that_of_a_run(store: RunStore, family: str, exercise: Exercise) -> None:
    asked = set(re.findall(r"\{(\w+)\.\w+", exercise.answer))
    related = {
        side.partition(".")[0] for one in exercise.relations for side in (one.left, one.right) if isinstance(side, str)
    }
    assert asked | related == set(exercise.runs)
    assert exercise.question.endswith("?") and exercise.answer.endswith(".")


def test_a_relation_that_is_not_true_is_seen() -> None:
    known = {"first": Numbers(score=0.4), "second": Numbers(score=0.6)}
    assert holds(Relation("first.score", "<", "second.score"), known)
    assert not holds(Relation("first.score", ">", "second.score"), known)
    assert not holds(Relation("first.score", ">", 0.5), known)
    assert not holds(Relation("first.other", "<", 0.5), known)


def test_a_run_that_is_not_stored_leaves_a_gap_that_is_said() -> None:
    exercise = EXERCISES["mlp"][0]
    assert "no number" in answer_of(exercise, {})
