"""The page of the recurrent network, driven through its widgets; the engine behind it is real."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from models.presets import PRESETS
from tests.pages.conftest import every_failure_and_repair_is_one_click, open_page

ROOT = Path(__file__).resolve().parents[2]


def run_of(page: AppTest) -> Any:
    return page.session_state["rnn:shown"]


def as_query(settings: Any) -> dict[str, Any]:
    return {name: str(value) for name, value in settings.items()}


def words(page: AppTest) -> str:
    return " ".join(block.proto.body for block in page.main.get("html"))


def test_opens_with_a_stored_network_and_all_its_pictures() -> None:
    page = open_page("rnn")
    assert not page.exception and not page.warning
    run = run_of(page)
    assert run.origin == "example" and run.final and run.step == run.total_steps
    for title in (
        "The hidden state over time", "How far back the gradient reaches", "The gradient beside the exact one",
        "How much U stretches", "The same network, unrolled", "One step, number by number", "At other lags",
    ):  # fmt: skip
        assert title in words(page)
    assert "1,153 parameters" in words(page)
    assert "The sum." in words(page) and "Its answer" in words(page)


@pytest.mark.parametrize("preset", PRESETS["rnn"], ids=lambda preset: preset.title)
def test_every_preset_opens_with_its_stored_example(preset: Any) -> None:
    page = open_page("rnn", **as_query(preset.settings))
    assert not page.exception and not page.warning
    assert run_of(page).origin == "example"


def test_failures_and_repairs_are_one_click() -> None:
    every_failure_and_repair_is_one_click("rnn")


def test_another_step_has_another_sum() -> None:
    page = open_page("rnn")
    before = [text for text in words(page).split("<p") if "The sum." in text]
    page.slider(key="rnn:unroll:step:20").set_value(7).run()
    assert not page.exception
    after = [text for text in words(page).split("<p") if "The sum." in text]
    assert before and after and before != after and "h(7)" in after[0]


def test_a_lag_is_set_by_one_click() -> None:
    page = open_page("rnn")
    page.select_slider(key="rnn:lags:lag").set_value(30).run()
    page.button(key="rnn:lags:set").click().run()
    assert not page.exception
    assert page.session_state["rnn.lag"] == 30


def test_a_text_is_written_on_and_an_empty_beginning_asks_for_one() -> None:
    preset = next(one for one in PRESETS["rnn"] if one.settings.get("dataset") == "text")
    page = open_page("rnn", **as_query(preset.settings))
    page.text_input(key="rnn:write:begin").set_value("If the ").run()
    assert not page.exception
    assert any(block.value.startswith("If the ") for block in page.code)
    page.text_input(key="rnn:write:begin").set_value("").run()
    assert any("at least one character" in note.value for note in page.info)


def test_a_series_is_forecast_beside_ar() -> None:
    preset = next(one for one in PRESETS["rnn"] if one.settings.get("dataset") == "co2")
    page = open_page("rnn", **as_query(preset.settings))
    assert not page.exception
    assert "that of AR" in words(page) and "AR(13)" in words(page)


def test_own_data_asks_for_a_file_and_says_what_is_wrong_with_a_text() -> None:
    page = open_page("rnn", dataset="own_series")
    assert not page.exception and any("column of dates" in note.value for note in page.info)
    page = open_page("rnn", dataset="own_text")
    page.text_area(key="rnn:own_text:pasted").set_value("x" * 3000).run()
    page.button(key="rnn:own_text:take").click().run()
    assert any("one single character" in note.value for note in page.error)
    page.text_area(key="rnn:own_text:pasted").set_value("A longer text about something. " * 100).run()
    page.button(key="rnn:own_text:take").click().run()
    assert not page.exception and not page.error
    assert len(page.session_state["rnn.upload"]) == 64


def test_the_code_shown_is_the_code_of_the_file() -> None:
    page = open_page("rnn")
    source = (ROOT / "models" / "rnn.py").read_text(encoding="utf-8")
    shown = next(block.value for block in page.code if block.value.startswith("# models/rnn.py"))
    parts = shown.split("\n\n\n")
    assert len(parts) == 3
    for part in parts:
        lines = [line for line in part.splitlines() if not line.startswith("# models/rnn.py")]
        assert "\n".join(lines).strip() in source
