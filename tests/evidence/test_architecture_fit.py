"""The matrix: every cell is trained or says why not, what is stored follows by rule, a few cells are trained again."""

from time import process_time
from typing import Any

import numpy as np
import pytest

from evidence import architecture_fit as command
from evidence.fit import problems, stored
from evidence.fit.answering import answer_seconds, without_network
from evidence.fit.families import FAMILIES, FAMILY, applies, cells, reason
from evidence.fit.measuring import measure_cell, way_of
from evidence.fit.networks import NETWORKS, matched, view
from evidence.fit.problem import NOT_ASKED, split
from evidence.fit.samples import divergence, harmony, runs
from evidence.fit.tasks import GROUPS, ROWS, TASK, TASKS
from lab.page import excerpts
from tests.architecture.test_imports import ROOT

STORED = stored.trained(stored.read())
STUDENT_T = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}
SIZED = [cell for cell in cells() if cell[1] in NETWORKS]


@pytest.mark.parametrize("family", [family.name for family in FAMILIES])
def test_every_cell_is_trained_or_says_why_not(family: str) -> None:
    for task in TASKS:
        why = reason(task.name, family)
        assert applies(task.name, family) == (why == "") == ((task.name, family) in cells())
        assert not why or (why[0].isupper() and why.endswith(".") and len(why.split()) >= 5)


def test_the_columns_are_the_twelve_families_and_their_code_can_be_shown() -> None:
    names = ["mlp", "cnn", "rnn", "lstm", "gru", "autoencoder", "gan", "rbf", "som", "modular", "transformer",
             "baseline"]  # fmt: skip
    assert [family.name for family in FAMILIES] == names
    for family in FAMILIES:
        path, *functions = family.built_by
        assert all(excerpts((ROOT / path).read_text(encoding="utf-8"), functions))


def test_every_row_has_a_baseline_and_two_networks_at_least_and_belongs_to_a_group() -> None:
    for task in TASKS:
        trained = [family for name, family in cells() if name == task.name]
        assert len(trained) >= 3 and task.group in GROUPS
        assert "baseline" in trained or task.name == "parity_longer"


# ---- data ----


@pytest.mark.parametrize("task", list(ROWS))
def test_a_seed_gives_the_same_data_to_all_and_parts_that_fit(task: str) -> None:
    if task.endswith(("_100", "_200")):
        return
    first, again, other = (problems.problem(task, seed) for seed in (0, 0, 1))
    for part in ("train", "valid", "test"):
        assert np.array_equal(first.inputs[part], again.inputs[part])
        assert len(first.inputs[part]) == len(first.targets[part]) > 0
        assert first.inputs[part].shape == other.inputs[part].shape, "seeds share one compiled loop"
    assert np.isfinite(first.chance)


def test_validation_and_training_are_disjoint_and_complete() -> None:
    kept, held = split(100, seed=3)
    assert len(held) == 20 and sorted([*kept, *held]) == list(range(100))


def test_induction_asks_from_the_second_time_on_for_what_followed_before() -> None:
    one = problems.problem("induction", 0)
    for row, wanted in zip(one.inputs["test"][:50], one.targets["test"][:50], strict=True):
        period = int((wanted == NOT_ASKED).sum()) + 1
        assert problems.SHORTEST_RUN <= period <= problems.LONGEST_RUN and len(set(row[:period])) == period
        line = [*row, wanted[-1]]
        assert all(line[place] == line[place - period] for place in range(period, len(line)))


def test_the_chance_of_every_row_is_what_its_sentence_says() -> None:
    wine = problems.problem("wine", 0)
    assert wine.chance == pytest.approx(np.bincount(wine.targets["test"]).max() / len(wine.targets["test"]))
    adding = problems.problem("adding_20", 0)
    ones = np.ones(len(adding.targets["test"]))
    assert adding.scored("test", ones) == pytest.approx(adding.chance, abs=0.03)
    curve = problems.problem("interpolation_2d", 0)
    assert curve.scored("test", np.full(1000, curve.targets["test"].mean())) == pytest.approx(0.0, abs=1e-6)


# ---- scores without right and wrong ----


def test_samples_like_the_data_score_one_and_others_zero() -> None:
    points = np.random.default_rng(0).normal(size=(400, 2))
    assert harmony(points, points) == 1.0
    assert harmony(points + 100.0, points) == 0.0
    half = np.concatenate([points[:200], points[:200] + 100.0])
    assert 0.5 < harmony(half, points) < 0.9


def test_the_divergence_is_zero_between_equals_and_log_two_between_strangers() -> None:
    left, right = np.array([0, 1, 2, 3] * 20), np.array([4, 5, 6, 7] * 20)
    assert divergence(runs(left, 8), runs(left, 8)) == pytest.approx(0.0, abs=1e-12)
    assert divergence(runs(left, 8), runs(right, 8)) == pytest.approx(np.log(2))


# ---- parameters ----


@pytest.mark.parametrize("family", list(NETWORKS))
def test_the_parameters_of_a_row_are_matched(family: str) -> None:
    for task, name in SIZED:
        if name == family and (task, name) in STORED:
            assert STORED[task, name]["parameters"] == pytest.approx(TASK[task].parameters, rel=0.25), task


@pytest.mark.parametrize("family", list(NETWORKS))
def test_no_other_size_comes_nearer(family: str) -> None:
    task = "digits" if family != "autoencoder" else "denoising"
    seen = view(family, problems.problem(task, 0))
    units = matched(family, seen, TASK[task].parameters)
    away = [abs(NETWORKS[family](seen, size, 0).count_params() - TASK[task].parameters)
            for size in (units - 1, units, units + 1)]  # fmt: skip
    assert min(away) == away[1]


# ---- what is stored ----


@pytest.mark.parametrize("task", [task.name for task in TASKS])
def test_intervals_and_states_follow_from_the_stored_runs(task: str) -> None:
    for found in (cell for (name, _), cell in STORED.items() if name == task):
        values = np.array([run["score"] for run in found["runs"]])
        assert len(values) >= 5 and len({run["seed"] for run in found["runs"]}) == len(values)
        assert found["mean"] == pytest.approx(values.mean())
        half = STUDENT_T[len(values)] * values.std(ddof=1) / np.sqrt(len(values))
        assert found["high"] - found["mean"] == pytest.approx(half, rel=1e-3, abs=1e-9)
        assert found["state"] == stored.state_of(found)
        assert found["setting"] in found["tried"]
        assert found["parameters"] is None or found["seconds"] <= 2 * TASK[task].seconds


@pytest.mark.parametrize("task", sorted({task for task, _ in STORED}))
def test_regret_is_zero_for_the_best_and_measured_from_chance(task: str) -> None:
    row = [cell for (name, _), cell in STORED.items() if name == task]
    if all(cell["regret"] is None for cell in row):
        return
    best = min(row, key=lambda cell: cell["regret"])
    sign = 1 if TASK[task].higher_is_better else -1
    assert best["regret"] == 0 and all(sign * cell["mean"] <= sign * best["mean"] for cell in row)
    assert all(0 <= cell["regret"] <= 1 for cell in row)


def test_a_result_is_written_whole_and_read_again(tmp_path: Any) -> None:
    assert stored.read(tmp_path / "none.json") == {"about": {}, "cells": []}
    run = {"seed": 0, "score": 0.9, "valid": 0.9, "steps": 1, "seconds": 0.1, "curve": [[0.1, 0.9, 0.9]]}
    cell = {"task": "wine", "family": "rbf", "setting": "a", "parameters": 1, "chance": 0.4, "share": 1.0,
            "tried": {"a": 0.9}, "runs": [run, {**run, "score": 0.8}], "took": 1.0}  # fmt: skip
    stored.write([cell], {"seeds": [0, 1]}, tmp_path / "some.json")
    found = stored.read(tmp_path / "some.json")
    assert stored.trained(found)["wine", "rbf"]["mean"] == pytest.approx(0.85)
    assert stored.trained(found)["wine", "rbf"]["regret"] == 0
    states = {cell["state"] for cell in found["cells"]}
    assert states == {stored.MEASURED, stored.NOT_APPLYING}


def test_near_chance_a_far_row_is_not_reached_and_never_a_failure() -> None:
    cell = {"task": "adding_50", "mean": 0.165, "low": 0.160, "high": 0.170, "chance": 1 / 6}
    assert stored.state_of(cell) == stored.NOT_REACHED
    assert stored.state_of({**cell, "high": 0.05}) == stored.MEASURED
    assert stored.state_of({**cell, "task": "wine"}) == stored.MEASURED


# ---- the command ----


def test_words_that_name_nothing_or_what_does_not_apply_are_answered(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["phlogiston"]) == 2
    assert "no task or family 'phlogiston'" in capsys.readouterr().err
    assert command.main(["wine/gan"]) == 2
    assert FAMILY["gan"].title in capsys.readouterr().err
    assert command.named(["parity", "wine/mlp"])[-1] == ("wine", "mlp")


# ---- trained again ----


@pytest.mark.parametrize("cell", [("wine", "baseline"), ("sunspots", "baseline"), ("interpolation_2d", "rbf")],
                         ids="/".join)  # fmt: skip
def test_what_is_fitted_in_one_step_comes_out_as_stored(cell: tuple[str, str]) -> None:
    if cell not in STORED:
        pytest.skip("not measured yet: python -m evidence architecture-fit")
    again = stored.judged(measure_cell(*cell, seeds=3, only=STORED[cell]["setting"]))
    assert again["scores"] == pytest.approx(STORED[cell]["scores"][:3], rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("cell", [("wine", "mlp"), ("diabetes", "modular")], ids="/".join)
def test_networks_trained_again_come_out_within_the_stored_interval(cell: tuple[str, str]) -> None:
    if cell not in STORED:
        pytest.skip("not measured yet: python -m evidence architecture-fit")
    again = stored.judged(measure_cell(*cell, seeds=3, only=STORED[cell]["setting"]))
    assert again["low"] <= STORED[cell]["mean"] <= again["high"] or (
        STORED[cell]["low"] <= again["mean"] <= STORED[cell]["high"]
    )


def test_the_time_of_an_answer_is_the_median_of_what_the_processor_spent() -> None:
    def answer() -> None:
        until = process_time() + 0.004
        while process_time() < until:
            pass

    assert answer_seconds(answer) == pytest.approx(0.004, rel=0.5)
    assert answer_seconds(None) is None


@pytest.mark.parametrize("family", ["rbf", "som", "baseline"])
def test_what_is_timed_answers_the_first_example_of_the_test(family: str) -> None:
    one = problems.problem("wine", 0)
    way = way_of(family, one, TASK["wine"], 0.1)
    setting = way.settings[0]
    answer = way.answer(one, setting)
    assert answer is not None
    said = np.asarray(answer()[0] if family == "som" else answer()).reshape(-1)
    kind = int(said[0] if family == "baseline" else said.argmax())
    assert kind == int(one.targets["test"][0]), "each of the three knows the first wine of the test"


def test_samples_are_not_timed() -> None:
    assert way_of("baseline", problems.problem("density_2d", 0), TASK["density_2d"], 0.1).answer is not None
    assert without_network(problems.problem("density_2d", 0), "Normal mixture") is None
