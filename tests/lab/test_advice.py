"""The rule that ranks families by measured cells, on small matrices made here."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.fit_matrix import Cell, matrix
from lab.fitting.advice import GOALS, INPUTS, TRAITS, Answers, advise, goals_for, rows_that_count, sentence


@dataclass
class Small:
    """A matrix of a few cells; higher is better in all its rows."""

    cells: list = field(default_factory=list)

    def cell(self, task, family):
        return next((one for one in self.cells if (one.task, one.family) == (task, family)), None)

    def row(self, task):
        found = [one for one in self.cells if one.task == task]
        return sorted(found, key=lambda one: -(one.mean if one.mean is not None else -1e9))


def measured(task, family, mean, *, regret=0.0, reach=0.001, answer=0.001):
    return Cell(task, family, "measured", mean=mean, low=mean - reach, high=mean + reach, parameters=1000, seconds=1.5,
                regret=regret, more={"answer_seconds": answer})  # fmt: skip


TABLE = Answers("table", "class", 300, 20)


def test_the_loss_is_the_mean_regret_over_the_rows_that_count():
    found = advise(TABLE, Small([
        measured("breast_cancer", "mlp", 0.9), measured("breast_cancer", "rbf", 0.8, regret=0.25),
        measured("breast_cancer", "cnn", 0.3, regret=1.2), measured("wine", "cnn", 0.5, regret=1.0),
        measured("wine", "rbf", 0.7), measured("wine", "mlp", 0.6, regret=0.6),
    ]))  # fmt: skip
    assert found.rows == ("breast_cancer", "wine")
    assert {one.family: one.loss for one in found.ranked} == pytest.approx({"rbf": 0.125, "mlp": 0.3, "cnn": 1.0})
    assert [one.family for one in found.ranked] == ["rbf", "mlp", "cnn"]
    assert [reason.place for reason in found.ranked[0].reasons] == [2, 1]
    assert found.apart["gan"] == "not measured in these rows"


def test_overlapping_intervals_are_equal_and_the_time_of_an_answer_decides_only_where_asked():
    cells = [
        measured("wine", "mlp", 0.90, reach=0.02, answer=0.01), measured("wine", "rbf", 0.89, regret=0.02, reach=0.02),
        measured("wine", "baseline", 0.895, regret=0.01, reach=0.02, answer=None),
        measured("wine", "cnn", 0.5, regret=0.9),
    ]  # fmt: skip
    slow, quick = (advise(Answers("table", "class", 300, 20, speed=speed), Small(cells)) for speed in ("any", "quick"))
    assert [one.loss for one in slow.ranked] == [0.0, 0.0, 0.0, 0.9]
    assert [one.family for one in slow.ranked] == ["mlp", "baseline", "rbf", "cnn"]
    assert [one.family for one in quick.ranked] == ["rbf", "mlp", "baseline", "cnn"]
    assert quick.ranked[1].tie == pytest.approx(10.0)
    assert "as good as the best" in sentence(slow.ranked[1].reasons[0])
    assert "10 ms an answer" in sentence(slow.ranked[0].reasons[0])
    assert "an answer" not in sentence(slow.ranked[1].reasons[0])


def test_not_reached_not_measured_and_not_applicable_are_three_things():
    found = advise(TABLE, Small([
        measured("wine", "mlp", 0.9), Cell("wine", "lstm", "not_reached", seconds=3.0),
        Cell("wine", "gan", "does_not_apply", reason="It forges."),
    ]))  # fmt: skip
    assert [(one.family, one.loss) for one in found.ranked] == [("mlp", 0.0), ("lstm", 1.0)]
    assert sentence(found.ranked[1].reasons[0]) == "wines: not reached in its budget"
    assert found.apart["gan"] == "It forges." and found.apart["rnn"] == "not measured in these rows"
    assert found.ranked[0].unmeasured == ("breast_cancer",)
    assert any("Nothing is measured yet in: breast tumours" in note for note in found.notes)


def test_an_empty_matrix_ranks_nobody_and_says_so():
    found = advise(TABLE, Small())
    assert not found.ranked and "Nothing is measured yet" in " ".join(found.notes)
    none = advise(Answers("image", "number", 300), Small())
    assert not none.rows and "nothing to rank by" in " ".join(none.notes)


def test_rows_are_chosen_by_nearness():
    assert rows_that_count(Answers("sequence", "number", 6000, 60))[0] == ("adding_20", "adding_50", "adding_100")
    rows, notes = rows_that_count(Answers("sequence", "number", 6000, 500))
    assert rows == ("adding_100",) and "nearest has 100" in notes[0]
    rows, notes = rows_that_count(Answers("table", "class", 100_000, 30))
    assert rows == ("breast_cancer",) and "569" in notes[0]
    assert rows_that_count(Answers("image", "class", 2000, 0, "anywhere"))[0] == ("shifted_digits",)


@given(st.sampled_from(list(INPUTS)), st.booleans(), st.integers(1, 10**6), st.integers(0, 2000), st.data())
def test_every_form_leads_to_rows_of_its_own_kind(inputs, labelled, examples, length, data):
    goal = data.draw(st.sampled_from(goals_for(inputs, labelled)))
    rows, _ = rows_that_count(Answers(inputs, goal, examples, length))
    assert rows and all(inputs in TRAITS[task].inputs and TRAITS[task].goal == goal for task in rows)
    assert goal in GOALS


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6, unique=True))
def test_the_order_is_that_of_the_regrets(regrets):
    names = list("abcdef")[: len(regrets)]
    found = [0.0, *sorted(regrets)[1:]]
    cells = [measured("wine", name, -one, regret=one, reach=0) for name, one in zip(names, found, strict=True)]
    assert [one.family for one in advise(TABLE, Small(cells[::-1]), names[::-1]).ranked] == names


def test_the_stored_matrix_can_be_read():
    found = matrix()
    assert isinstance(advise(TABLE, found).ranked, tuple)
