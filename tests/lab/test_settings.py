"""The engine's limits come from the environment; a mistake there is said, not guessed away."""

import os
from dataclasses import fields
from pathlib import Path

import pytest

from lab.engine.client import EngineClient
from lab.engine.environment import prune, training_environment
from lab.engine.settings import Settings, usable_cores


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for item in fields(Settings):
        monkeypatch.delenv(f"ROAD_{item.name.upper()}", raising=False)
    monkeypatch.setenv("ROAD_DATA_DIR", str(tmp_path))


def test_nothing_set_means_one_of_each_per_core() -> None:
    settings = Settings.from_environment()
    assert (settings.slots, settings.prepared, settings.kept, settings.threads) == (usable_cores(),) * 4
    assert settings.away_seconds == 30.0


def test_every_setting_is_documented() -> None:
    for item in fields(Settings):
        assert f"    {item.name}: " in (Settings.__doc__ or "")


@pytest.mark.parametrize("item", fields(Settings), ids=lambda item: item.name)
def test_every_setting_has_a_variable(item: object, monkeypatch: pytest.MonkeyPatch) -> None:
    name = item.name  # type: ignore[attr-defined]
    monkeypatch.setenv(f"ROAD_{name.upper()}", "7")
    assert getattr(Settings.from_environment(), name) == type(getattr(Settings(), name))("7")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("SLOTS", "abc", "ROAD_SLOTS must be a whole number, not 'abc'"),
        ("SLOTS", "1.5", "ROAD_SLOTS must be a whole number, not '1.5'"),
        ("SLOTS", "-1", "ROAD_SLOTS must not be negative, but is -1"),
        ("RUN_SECONDS", "nan", "ROAD_RUN_SECONDS must be a number, not 'nan'"),
        ("AWAY_SECONDS", "soon", "ROAD_AWAY_SECONDS must be a number, not 'soon'"),
    ],
)
def test_a_mistake_names_the_variable(name: str, text: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"ROAD_{name}", text)
    with pytest.raises(ValueError, match=words):
        Settings.from_environment()
    with pytest.raises(ValueError, match=words):
        EngineClient()


@pytest.mark.parametrize("text", ["", "  ", "0"])
def test_empty_and_zero_mean_the_default(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROAD_SLOTS", text)
    assert Settings.from_environment().slots == usable_cores()


def test_the_compiled_functions_stay_within_their_bound(tmp_path: Path) -> None:
    for number in range(5):
        file = tmp_path / f"{number}.pb"
        file.write_bytes(b"x" * 100)
        os.utime(file, (number, number))
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")  # as a file that another process deletes meanwhile
    prune(tmp_path, 250)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["3.pb", "4.pb", "gone"]


def test_no_bound_keeps_no_compiled_functions(tmp_path: Path) -> None:
    assert "TF_XLA_FLAGS" not in training_environment(tmp_path / "compiled", 0)
    assert str(tmp_path / "compiled") in training_environment(tmp_path / "compiled", 1)["TF_XLA_FLAGS"]


def test_an_engine_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROAD_FAMILIES", "no_such_plug_in")
    with pytest.raises(RuntimeError, match=r"could not be started.*no_such_plug_in"):
        EngineClient().census()
