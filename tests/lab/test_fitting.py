"""Folds without a leak, scores against scikit-learn, the leaderboard's rule, and tables that cannot be raced on."""

import csv
import io
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, r2_score, root_mean_squared_error
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from lab.datasets.bundled import TABLES
from lab.datasets.dataset import UnfitData
from lab.datasets.own import own_table
from lab.datasets.tabular import Table, clean, column_transformer
from lab.datasets.uploaded import check_csv
from lab.fitting import baselines, scores
from lab.fitting.board import Board
from lab.fitting.request import Request
from lab.fitting.roster import CONTENDERS, Facts, sort_out
from lab.fitting.table import BUNDLED, check_folds, chosen_table, facts_of, preparation, prepared, splits
from models.tabular_fit import BUILDERS
from models.uncertainty import calibration, calibration_error


def table(rows=60, *, target=None, frame=None):
    x = np.random.default_rng(0).normal(size=(rows, 3))
    frame = pd.DataFrame(x, columns=["a", "b", "c"]) if frame is None else frame
    kinds = [not pd.api.types.is_numeric_dtype(frame[name]) for name in frame]
    targets = np.arange(rows) % 2 if target is None else target
    return Table("t", "T", "classification", frame, tuple(frame.columns[~np.array(kinds)]),
                 tuple(frame.columns[np.array(kinds)]), targets, "y", "", class_names=("no", "yes"))  # fmt: skip


# ---- the oracle: scikit-learn's own cross-validation ----


@pytest.mark.parametrize(("name", "method", "scoring"), [
    ("breast_cancer", LogisticRegression(max_iter=300, random_state=7), "accuracy"),
    ("diabetes", Ridge(random_state=7), "r2"),
])  # fmt: skip
def test_the_straight_baseline_scores_what_cross_val_score_says(name, method, scoring):
    raced = TABLES[name]()
    folds = StratifiedKFold if raced.class_names else KFold
    pipeline = make_pipeline(column_transformer(raced), method)
    wanted = cross_val_score(pipeline, clean(raced), raced.targets, cv=folds(5, shuffle=True, random_state=7),
                             scoring=scoring)  # fmt: skip
    found = []
    for fold in prepared(raced, 5, 7):
        facts = facts_of(raced, fold.train_inputs.shape[1])
        said, _ = baselines.fit_and_predict(
            "linear", facts, 7, (fold.train_inputs, fold.train_targets), fold.test_inputs
        )
        found.append(scores.scores(fold.test_targets, said, facts.classes)[scoring])
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_scores_are_those_of_scikit_learn():
    generator = np.random.default_rng(3)
    said, truth = generator.dirichlet([1, 1, 1], 50), generator.integers(0, 3, 50)
    found = scores.scores(truth, said, 3)
    assert found["accuracy"] == np.mean(said.argmax(axis=1) == truth)
    assert found["log_loss"] == pytest.approx(log_loss(truth, said, labels=[0, 1, 2]))
    numbers, wanted = generator.normal(size=50), generator.normal(size=50)
    found = scores.scores(wanted, numbers, 0)
    assert found["r2"] == pytest.approx(r2_score(wanted, numbers))
    assert found["rmse"] == pytest.approx(root_mean_squared_error(wanted, numbers))


@pytest.mark.parametrize("count", [2, 3, 5, 10])
def test_intervals_are_students_widened_for_shared_rows(count):
    values = np.random.default_rng(count).normal(size=count)
    low, high = scores.interval(values.tolist(), count)
    spread = values.std(ddof=1) * np.sqrt(1 / count + 1 / (count - 1))
    wanted = stats.t.interval(0.95, count - 1, values.mean(), spread)
    np.testing.assert_allclose((low, high), wanted, rtol=1e-4)
    assert scores.interval(values[:1].tolist(), count) == (float("-inf"), float("inf"))


# ---- nothing of a test row is known before it tests ----


def test_every_row_tests_once_and_never_trains_there():
    found = splits(table(), 5, 0)
    assert sorted(np.concatenate([test for _, test in found])) == list(range(60))
    assert all(not set(train) & set(test) and len(train) + len(test) == 60 for train, test in found)


def test_what_stands_in_test_rows_changes_nothing_that_is_trained_on():
    calm = table()
    calm.frame.loc[::7, "a"] = np.nan
    calm.frame["kind"] = np.array(["x", "y"], dtype=object)[np.arange(60) % 2]
    calm = table(frame=calm.frame)
    train, test = splits(calm, 5, 0)[0]
    wild = calm.frame.copy()
    wild.loc[test, ["a", "b", "c"]] = np.repeat(1e6 * (test % 2)[:, None], 3, axis=1)  # tells odd rows of the test fold
    wild.loc[test, "kind"] = "only in the test"
    first, second = (next(prepared(table(frame=frame), 5, 0)) for frame in (calm.frame, wild))
    np.testing.assert_array_equal(first.train_inputs, second.train_inputs)
    assert not second.test_inputs[:, -2:].any()  # a category that training has not seen
    median = calm.frame["a"].iloc[train].median()
    column = calm.frame["a"].iloc[train].fillna(median)
    np.testing.assert_allclose(first.train_inputs[:, 0], (column - column.mean()) / column.std(ddof=0), atol=1e-5)


def test_a_column_that_tells_the_test_fold_helps_nobody():
    raced = table(200, target=np.random.default_rng(5).integers(0, 2, 200))
    place = np.zeros(200)
    for number, (_, test) in enumerate(splits(raced, 5, 0)):
        place[test] = number
    told = raced.frame.assign(fold=place, parity=np.arange(200) % 2)
    found = []
    for fold in prepared(table(200, target=raced.targets, frame=told), 5, 0):
        facts = Facts(200, fold.train_inputs.shape[1], 2)
        for slug in ("linear", "boosting"):
            said, _ = baselines.fit_and_predict(
                slug, facts, 0, (fold.train_inputs, fold.train_targets), fold.test_inputs
            )
            found.append(scores.scores(fold.test_targets, said, 2)["accuracy"])
    assert 0.35 < np.mean(found) < 0.65


def test_a_preparation_can_be_done_again_by_hand():
    frame = table().frame.assign(kind=np.array(["x", "y", "z"], dtype=object)[np.arange(60) % 3])
    frame.loc[3, "a"], frame.loc[4, "kind"] = np.nan, np.nan
    inputs, how = preparation(table(frame=frame))
    column = how["numbers"][0]
    values = (frame["a"].fillna(column["median"]) - column["mean"]) / column["deviation"]
    np.testing.assert_allclose(inputs[:, 0], values, atol=1e-5)
    kinds = how["categories"][0]
    names = frame["kind"].fillna(kinds["gap"])
    np.testing.assert_array_equal(inputs[:, 3:], np.eye(kinds["width"])[[kinds["places"][name] for name in names]])


# ---- how sure, and how right ----


def test_calibration_recomputed():
    generator = np.random.default_rng(0)
    said, truth = generator.dirichlet([1, 1], 300), generator.integers(0, 2, 300)
    bins, sure = calibration(said, truth, scores.BINS), said.max(axis=1)
    for number, (count, confidence, right) in enumerate(bins):
        inside = (sure >= number / 10) & (sure < (number + 1) / 10 if number < 9 else sure <= 1)
        assert count == inside.sum()
        if count:
            assert confidence == pytest.approx(sure[inside].mean())
            assert right == pytest.approx((said.argmax(axis=1) == truth)[inside].mean())
    gap = sum(row[0] * abs(row[1] - row[2]) for row in bins) / 300
    assert calibration_error(bins) == pytest.approx(gap)


def test_intervals_of_even_residuals_cover_what_they_promise():
    generator = np.random.default_rng(1)
    parts = [generator.normal(size=2000) for _ in range(5)]
    for asked, found in scores.coverage(parts):
        assert found == pytest.approx(asked, abs=0.02)
    narrow = scores.coverage([generator.normal(size=500), 10 * generator.normal(size=500)])
    assert narrow[4][1] < 0.75  # folds that are not alike are not covered
    assert scores.coverage(parts[:1]) == []


# ---- the leaderboard ----


def board_of(values, *, folds=3, task="classification", failed=()):
    board = Board()
    names = list(values)
    board.hear({"event": "table", "task": task, "contenders": names, "folds": folds, "class_names": ["a", "b"],
                "refused": {"gan": "It makes data."}})  # fmt: skip
    for slug, found in values.items():
        for fold, value in enumerate(found):
            told = {"accuracy": value, "log_loss": 1 - value}
            board.hear({"event": "fold", "who": slug, "fold": fold, "scores": told, "seconds": 1.0, "parameters": 10,
                        "steps": 100 * (fold + 1), "cut": fold == 0, "settings": "units=3", "answer": 2.0})  # fmt: skip
    for slug in failed:
        board.hear({"event": "failed", "who": slug, "fold": 0, "why": "It broke."})
    return board


def test_the_order_is_the_mean_over_the_folds_that_half_of_all_have():
    board = board_of({"linear": [0.8, 0.8, 0.1], "mlp": [0.9, 0.9], "rnn": [0.5, 0.6], "lstm": [1.0]}, folds=4)
    assert board.counting() == [0, 1]
    rows = board.rows()
    assert [(row.contender.slug, row.place) for row in rows] == [
        ("mlp", 1), ("linear", 2), ("rnn", 3), ("lstm", None),
    ]  # fmt: skip
    assert [row.mean for row in rows] == pytest.approx([0.9, 0.8, 0.55, 1.0])
    assert rows[1].values == (0.8, 0.8, 0.1) and rows[1].low == pytest.approx(0.8)
    assert board.best_network() == "mlp" and board.typical_steps("mlp") == 150
    assert not rows[1].alike and rows[2].alike  # gaps .1 and .1; gaps .4 and .3, with one degree of freedom


def test_a_failure_stops_nobody_and_is_not_ranked():
    board = board_of({"linear": [0.8, 0.8], "mlp": []}, failed=["mlp"])
    assert [(row.contender.slug, row.place, row.failed) for row in board.rows()] == [
        ("linear", 1, ""), ("mlp", None, "It broke."),
    ]  # fmt: skip
    assert board.best_network() is None


def test_the_leaderboard_as_a_file():
    found = list(csv.DictReader(io.StringIO(board_of({"linear": [0.8, 0.7], "mlp": [0.9, 0.8]}).as_csv())))
    assert [row["method"] for row in found][:2] == ["Multilayer perceptron", "Logistic regression"]
    assert (
        float(found[0]["accuracy_mean"]) == pytest.approx(0.85)
        and found[0]["accuracy_fold_3"] == ""
        and found[0]["place"] == "1"
    )
    assert found[2]["kind"] == "does not apply" and found[2]["failed"] == "It makes data."
    assert len({len(row) for row in found}) == 1 and None not in found[2]


SCORE = st.floats(0, 1, allow_nan=False)


@given(st.dictionaries(st.sampled_from([one.slug for one in CONTENDERS]), st.lists(SCORE, max_size=3), max_size=6))
@settings(max_examples=60, deadline=None)
def test_any_cut_race_has_a_leaderboard(values):
    board = board_of(values)
    rows = board.rows()
    assert {row.contender.slug for row in rows} == set(values)
    ranked = [row for row in rows if row.place is not None]
    assert [row.place for row in ranked] == list(range(1, len(ranked) + 1))
    assert all(one.mean >= two.mean for one, two in pairwise(ranked))
    assert len(board.as_csv().splitlines()) == 2 + len(values)


def test_everybody_takes_part_or_says_why():
    for facts in (Facts(100, 1, 2), Facts(100, 30, 3), Facts(100, 500, 0)):
        taking, refused = sort_out(facts)
        assert {one.slug for one in taking} | set(refused) == {one.slug for one in CONTENDERS}
        assert all(why.endswith(".") or why.endswith(").") for why in refused.values())
        assert "gan" in refused and {one.slug for one in taking if one.network} <= set(BUILDERS)
    assert {"rnn", "lstm", "gru", "cnn", "transformer"} <= set(sort_out(Facts(100, 1, 2))[1])
    assert {one.slug for one in CONTENDERS if one.network} - {"gan"} == set(BUILDERS)


# ---- tables that cannot be raced on ----


def csv_of(rows, header="a,b,label"):
    return "\n".join([header, *rows]).encode()


UNFIT = {
    "constant": (csv_of([f"{i * 0.3},{i % 7},same" for i in range(40)]), "label", "same value in every row"),
    "rare class": (csv_of([f"{i * 0.3},{i % 7},{'rare' if i < 3 else 'often'}" for i in range(40)]), "label",
                   'The class "rare" of "label" has 3 rows, and 5 folds need at least 5'),
    "all text": (csv_of([f"words of row {i},other words {i},{'xy'[i % 2]}" for i in range(40)]), "label",
                 "nothing to predict"),
    "classes": (csv_of([f"{i * 0.3},{i % 7},kind {i % 31}" for i in range(200)]), "label", "31 different texts"),
    "dates": (csv_of([f"{i * 0.3},{i % 7},2026-01-{i % 28 + 1:02d}" for i in range(40)]), "label", "holds dates"),
    "one column": (b"a\n" + b"1\n" * 30, "a", "only one column"),
    "no header": (b"1.5,2\n" * 30, "a", "not column names"),
    "empty": (b"", "a", "The file is empty"),
}  # fmt: skip


def raced_on(data, target, folds=5):
    found = own_table(check_csv(data, "t.csv"), target)
    check_folds(found, target, folds)
    return found


@pytest.mark.parametrize("case", UNFIT)
def test_unfit_tables_are_told_apart(case):
    data, target, sentence = UNFIT[case]
    with pytest.raises(UnfitData, match=sentence):
        raced_on(data, target)


def test_semicolons_and_dates_beside_numbers_are_fine():
    rows = [f"{i % 9},5;2026-03-{i % 28 + 1:02d};{'xy'[i % 2]}" for i in range(40)]
    found = raced_on(csv_of(rows, "width;day;label"), "label")
    assert found.numeric == ("width",) and not found.categorical
    assert any("holds dates" in note for note in found.notes)


CELL = st.one_of(
    st.integers(-5, 5).map(str), st.floats(width=32).map(str), st.sampled_from(["", "x", "y", "NA", "1e400"])
)


def cells_of(width):
    return st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=20, max_size=30)


@given(st.integers(1, 4).flatmap(cells_of), st.sampled_from(",;\t"), st.integers(2, 10))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_table_is_raced_on_or_refused_with_a_sentence(cells, separator, folds):
    width = len(cells[0])
    data = "\n".join(separator.join(row) for row in [[f"c{place}" for place in range(width)], *cells]).encode()
    try:
        found = raced_on(data, f"c{width - 1}", folds)
    except UnfitData as problem:
        assert str(problem)[-1] in ".…" and len(str(problem)) > 20
        return
    for fold in prepared(found, folds, 0):
        assert np.isfinite(fold.train_inputs).all() and np.isfinite(fold.test_inputs).all()


@given(st.binary(max_size=400))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_refused_with_a_sentence(data):
    with pytest.raises(UnfitData) as caught:
        raced_on(data, "c0")
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("changed", [{"folds": 1}, {"folds": 11}, {"seconds": 0}, {"seconds": 1e4}, {"seed": -1}])
def test_limits_are_held_on_the_server_too(changed):
    with pytest.raises(ValueError, match="must"):
        Request(**changed)


def test_a_request_survives_its_own_line_and_bundled_tables_load(tmp_path):
    request = Request("digits", seconds=20.0, folds=3, seed=4)
    assert Request.from_json(request.to_json()) == request
    for name in BUNDLED:
        found = chosen_table(Request(name), tmp_path)
        check_folds(found, found.target_name, 10)
        assert len(found.targets) == int(BUNDLED[name].split("(")[-1].split(" ")[0].replace(",", ""))
    with pytest.raises(UnfitData, match="Choose one of the list"):
        chosen_table(Request("moon"), tmp_path)
    with pytest.raises(UnfitData, match="no longer stored"):
        chosen_table(Request("own", upload="0" * 64, target="y"), tmp_path)
