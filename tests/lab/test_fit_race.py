"""A race with real networks: here in this process with few contenders, and as the process that the page starts."""

import csv
import io
import json
import time
import zipfile

import numpy as np
import pandas as pd
import pytest

from lab.datasets.uploaded import check_csv, save
from lab.fitting import race as race_module
from lab.fitting.board import Board
from lab.fitting.live import Races
from lab.fitting.race import Race
from lab.fitting.request import Request
from lab.fitting.roster import BY_SLUG
from lab.fitting.table import chosen_table
from lab.fitting.takeaway import bundle, network_code
from lab.storage import uploads_folder
from models.tabular_fit import BUILDERS

PATIENCE = 120.0
FEW = ("majority", "linear", "mlp", "som")


def table(rows=90, number=False):
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(2, rows)).round(4)
    kinds = np.array(["red", "green", "blue"])[generator.integers(0, 3, rows)]
    label = 2.0 * a + b + (kinds == "red") if number else np.where(a + (kinds == "red") > 0.4, "yes", "no")
    frame = pd.DataFrame({"a": a, "b": b, "kind": kinds, "label": label})
    frame.loc[5, "a"] = np.nan
    return frame


def upload(frame, folder):
    checked = check_csv(frame.to_csv(index=False).encode(), "t.csv")
    save(checked, folder)
    return checked.digest


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(race_module, "sort_out", lambda facts: ([BY_SLUG[slug] for slug in FEW], {}))
    monkeypatch.setattr("models.tabular_training.MOST_STEPS", 240)


def raced(request, folder, stopped=lambda: False):
    told: list[dict] = []
    race = Race(request, chosen_table(request, folder), told.append, stopped)
    race.run()
    return race, [json.loads(json.dumps(event)) for event in told]


def numbers(events):
    return [(one["who"], one["fold"], one["scores"], one["steps"]) for one in events if one["event"] == "fold"]


def test_a_race_is_the_same_again_and_its_model_goes_home(few, tmp_path, monkeypatch):
    frame = table()
    request = Request("own", upload(frame, tmp_path), "label", 60.0, 3, 4)
    race, events = raced(request, tmp_path)
    assert numbers(events) == numbers(raced(request, tmp_path)[1])
    board = Board()
    for event in events:
        board.hear(event)
    assert board.done == board.planned == 12 and board.raced["why"] == "done" and not board.failures
    assert {row.contender.slug: row.mean for row in board.rows()}["mlp"] > 0.8
    _bundle_predicts_alike(race, board, frame, tmp_path)


def _bundle_predicts_alike(race, board, frame, folder):
    import base64

    model = dict(board.model)
    archive = zipfile.ZipFile(io.BytesIO(bundle(model["who"], model, base64.b64decode(model["file"]), board.as_csv())))
    archive.extractall(folder)
    program: dict = {"__file__": str(folder / "predict.py"), "__name__": "predict"}
    exec(archive.read("predict.py").decode(), program)
    said = program["predict"](frame)
    wanted = race.trainer(model["who"]).predict(race_module.preparation(race.table)[0])
    assert said["label"].tolist() == [race.table.class_names[place] for place in wanted.argmax(axis=1)]
    np.testing.assert_allclose(said["probability"], wanted.max(axis=1), atol=1e-5)
    assert len(list(csv.reader(io.StringIO(archive.read("leaderboard.csv").decode())))) == 1 + len(FEW)


def test_a_number_is_predicted_in_its_own_unit(few, tmp_path):
    frame = table(number=True).assign(label=lambda rows: 1000.0 + 50.0 * rows["label"])
    _, events = raced(Request("own", upload(frame, tmp_path), "label", 60.0, 3, 0), tmp_path)
    found = {one["who"]: one["scores"] for one in events if one["event"] == "fold"}
    assert found["linear"]["r2"] > 0.95 and found["mlp"]["r2"] > 0.8 and found["mlp"]["rmse"] < 50
    doubt = [one for one in events if one["event"] == "doubt" and one["who"] == "linear"][-1]
    assert len(doubt["coverage"]) == 6 and abs(np.array(doubt["points"]).mean() - 1000) < 50
    model = next(one for one in events if one["event"] == "model")
    assert model["preparation"]["mean"] == pytest.approx(frame["label"].mean())
    assert model["preparation"]["scale"] == pytest.approx(frame["label"].std(ddof=0))


def test_cancelling_keeps_what_is_done_and_a_short_budget_cuts(few, tmp_path):
    request = Request("own", upload(table(), tmp_path), "label", 60.0, 3, 4)
    calls = iter(range(10**6))
    _, events = raced(request, tmp_path, stopped=lambda: next(calls) > 12)
    kinds = [one["event"] for one in events]
    assert next(one for one in events if one["event"] == "raced")["why"] == "stopped"
    assert 2 <= len(numbers(events)) < 12
    assert ("model" in kinds) == any(one["who"] in BUILDERS for one in events if one["event"] == "fold")
    _, events = raced(Request(**{**vars(request), "seconds": 0.001}), tmp_path)
    assert next(one for one in events if one["event"] == "raced")["why"] == "budget"


def test_one_that_breaks_stops_nobody(few, tmp_path, monkeypatch):
    def broken(*_):
        raise RuntimeError("no such luck")

    monkeypatch.setattr("lab.fitting.baselines.fit_and_predict", broken)
    request = Request("own", upload(table(), tmp_path), "label", 60.0, 3, 4)
    _, events = raced(request, tmp_path)
    assert {one["who"]: one["why"] for one in events if one["event"] == "failed"} == {
        "majority": "RuntimeError: no such luck", "linear": "RuntimeError: no such luck",
    }  # fmt: skip
    assert {who for who, *_ in numbers(events)} == {"mlp", "som"}


@pytest.mark.parametrize("family", BUILDERS)
def test_the_code_to_take_away_runs_by_itself(family):
    model = {"learning_rate": 0.003, "batch": 32, "steps": 100, "rows": 90, "units": 4, "inputs": 6, "classes": 3}
    program: dict = {}
    code = network_code(family, model)
    exec(compile(code.replace("network.answers.summary()", ""), family, "exec"), program)
    assert program["network"].answers.output_shape == (None, 3)


# ---- as a process ----


def wait_for(condition, what):
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, what
        time.sleep(0.05)


def test_a_race_in_its_own_process_is_cancelled_and_a_killed_one_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("ROAD_DATA_DIR", str(tmp_path))
    digest = upload(table(), uploads_folder())
    races = Races()
    request = Request("own", digest, "label", 60.0, 3, 0)
    assert races.start(request, "me") == ""
    assert "still running" in races.start(request, "other") and races.newest("other") is None
    race = races.newest("me")
    assert race is not None
    wait_for(lambda: race.board.done >= 5 or not race.running, "four baselines and a network")
    race.stop()
    wait_for(lambda: not race.running, "the end")
    assert race.state == "done" and race.board.raced["why"] == "stopped" and not race.problem
    done = race.board.done
    assert 5 <= done < race.board.planned and race.model and race.board.model["who"] == race.board.best_network()

    assert races.refit("me", "mlp") == ""
    again = races.newest("me")
    assert again is not None and again is not race
    wait_for(lambda: again.heard, "a first word")
    again.process.kill()
    wait_for(lambda: not again.running, "the end")
    assert again.state == "ended" and "killed from outside (signal 9)" in again.problem
    assert again.board.done == done and again.board.best_network() is not None


def test_a_process_that_takes_too_much_memory_is_ended(tmp_path, monkeypatch):
    monkeypatch.setenv("ROAD_DATA_DIR", str(tmp_path))
    races = Races(memory=5)
    assert races.start(Request(), "me") == ""
    race = races.newest("me")
    assert race is not None
    wait_for(lambda: not race.running, "the end")
    assert race.state == "ended" and "more than 5 MB" in race.problem


def test_a_table_that_is_gone_is_said_in_words(tmp_path, monkeypatch):
    monkeypatch.setenv("ROAD_DATA_DIR", str(tmp_path))
    races = Races()
    assert races.start(Request("own", "0" * 64, "label"), "me") == ""
    race = races.newest("me")
    assert race is not None
    wait_for(lambda: not race.running, "the end")
    assert race.state == "ended" and "Upload the file again" in race.problem
