"""The lab without a browser: the same numbers as with one, and a sentence for every mistake."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.__main__ import main
from lab.controls_text import from_query, parse_settings, to_query
from lab.engine.client import ROOT
from lab.run_files import json_values
from lab.runs import RunStore
from models.configs import MlpConfig
from tests.lab.conftest import running_engine, wait_for_state

SETTINGS = {"dataset": "xor", "epochs": 3}


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ROAD_DATA_DIR", str(tmp_path))


def lab(*words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **{f"ROAD_{name.upper()}": value for name, value in variables.items()}}
    return subprocess.run(
        [sys.executable, "-m", "lab", *words],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_the_command_line_gives_the_numbers_of_the_engine(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    done = lab("train", "mlp", "dataset=xor", "epochs=3", "--json", str(file))
    assert done.returncode == 0, done.stderr
    result = json.loads(file.read_text())
    with running_engine(tmp_path) as client:
        progress = wait_for_state(client, client.start("mlp", SETTINGS, "owner"))
    assert progress.state == "finished"
    assert result["config"] == progress.config
    assert [{**row, "seconds": 0} for row in result["history"]] == [{**row, "seconds": 0} for row in progress.rows]
    assert result["metrics"] == result["history"][-1]
    assert result["facts"]["layers"] == json_values(progress.facts["layers"])
    store = RunStore(tmp_path / "runs")
    mine, other = store.open(result["run_id"]), store.open(progress.run_id)
    assert mine.digest == other.digest
    for (step, arrays), (same_step, same_arrays) in zip(mine.views, other.views, strict=True):
        assert step == same_step
        assert {name: array.tobytes() for name, array in arrays.items()} == {
            name: array.tobytes() for name, array in same_arrays.items()
        }


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["train", "perceptron"], "There is no family 'perceptron'. There are: backpropagation"),
        (["train", "mlp", "colour=blue"], "colour: there is no such setting"),
        (["train", "mlp", "epochs=many"], "epochs: "),
        (["train", "mlp", "epochs=0"], "epochs: "),
        (["train", "mlp", "epochs"], "epochs: write name=value"),
        (["train", "mlp", "=3"], "=3: write name=value"),
        (["train", "mlp", "epochs=3", "epochs=4"], "epochs: it is given twice"),
        (["train", "mlp", "run=5"], "run: there is no such setting"),
        (["train", "mlp", "epochs=3", "--json", "no/such/folder/file.json"], "There is no folder no/such/folder"),
        (["examples", "perceptron"], "There is no family 'perceptron'."),
    ],
)
def test_nonsense_gets_a_sentence(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["fly"], ["train"], ["train", "mlp", "--fast"]])
def test_nonsense_in_the_command_itself_is_refused_too(words: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(words)
    assert refused.value.code == 2


def test_a_mistake_in_the_environment_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ROAD_SLOTS", "abc")
    assert main(["train", "mlp"]) == 2
    assert capsys.readouterr().err == "ROAD_SLOTS must be a whole number, not 'abc'\n"


def test_the_command_leaves_the_environment_as_it_was() -> None:
    """An engine that this process starts later would otherwise keep its compiled functions in the command's folder."""
    before = dict(os.environ)
    assert main(["train", "nosuchfamily"]) == 2
    assert dict(os.environ) == before


def test_a_run_that_diverges_ends_with_a_sentence_and_another_status(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    plug_in = "tests.lab.engine_families"
    done = lab("train", "toy", "behaviour=nan", "wait=0", "--json", str(file), families=plug_in)
    assert done.returncode == 1
    assert "left the range of numbers at step 3" in done.stderr
    assert "Traceback" not in done.stderr
    text = file.read_text()
    assert "NaN" not in text and json.loads(text)["status"] == "failed"


def test_settings_come_back_from_text() -> None:
    config = MlpConfig(dataset="xor", extra_features=("x1^2", "sin(x2)"), batch_normalization=True, learning_rate=0.03)
    query = to_query(config)
    assert from_query(MlpConfig, {**query, "run": "mlp-1", "present": "1"}) == (config, {})
    assert parse_settings(MlpConfig, [f"{name}={value}" for name, value in query.items()]) == (config, {})


def test_what_cannot_be_used_falls_back_with_a_reason() -> None:
    config, rejected = from_query(MlpConfig, {"dataset": "xor", "units": "9999", "colour": "blue"})
    assert config == MlpConfig(dataset="xor")
    assert set(rejected) == {"units", "colour"}
