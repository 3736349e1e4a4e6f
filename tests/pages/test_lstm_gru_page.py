"""The page of LSTM and GRU, driven through its widgets; the engine behind it is real."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from models.presets import PRESETS
from tests.pages.conftest import every_failure_and_repair_is_one_click, open_page

ROOT = Path(__file__).resolve().parents[2]


def run_of(page: AppTest) -> Any:
    return page.session_state["lstm_gru:shown"]


def words(page: AppTest) -> str:
    return " ".join(block.proto.body for block in page.main.get("html"))


def test_opens_with_a_stored_network_and_all_its_pictures() -> None:
    page = open_page("lstm_gru")
    assert not page.exception and not page.warning
    run = run_of(page)
    assert run.origin == "example" and run.final and run.step == run.total_steps
    for title in ("The forget gate", "The cell state", "Every gate, every layer", "Surgery", "What an answer rests on",
                  "The forget bias", "At other lags", "Adding: what keeps noise out wins", "The race",
                  "Where they stop: one vector", "The single vector"):  # fmt: skip
        assert title in words(page), title
    assert "4,513 parameters" in words(page)
    assert "The conveyor" in words(page) and "The loss goes from" in words(page)


@pytest.mark.parametrize("preset", PRESETS["lstm_gru"], ids=lambda preset: preset.title)
def test_every_preset_opens_with_its_stored_example(preset: Any) -> None:
    query: dict[str, Any] = {name: str(value) for name, value in preset.settings.items()}
    page = open_page("lstm_gru", **query)
    assert not page.exception and not page.warning
    assert run_of(page).origin == "example"


def test_failures_and_repairs_are_one_click() -> None:
    every_failure_and_repair_is_one_click("lstm_gru")


def test_surgery_changes_loss_and_answer_at_once() -> None:
    page = open_page("lstm_gru")
    before = {one.label: one.value for one in page.metric}
    page.selectbox(key="lstm_gru:gate:('input', 'forget', 'output')").set_value("output gate").run()
    assert not page.exception
    after = {one.label: one.value for one in page.metric}
    assert before.keys() == after.keys() == {"Test loss", "Test error"} and before != after


def test_the_forget_bias_slider_is_answered() -> None:
    page = open_page("lstm_gru")
    page.slider(key="lstm_gru:bias").set_value(0.0).run()
    assert not page.exception
    assert "Bias 0: -0.2" in words(page)


def test_a_stored_run_is_set_up_with_one_click() -> None:
    page = open_page("lstm_gru")
    page.button(key="lstm_gru:lab:go").click().run()
    assert not page.exception
    assert page.session_state["lstm_gru.samples"] == 16000 and page.session_state["lstm_gru.units"] == 21


def test_the_code_shown_is_the_code_of_the_file() -> None:
    page = open_page("lstm_gru")
    source = (ROOT / "models" / "lstm_gru.py").read_text(encoding="utf-8")
    parts = page.code[0].value.split("\n\n\n")
    assert len(parts) == 3
    for part in parts:
        lines = [line for line in part.splitlines() if not line.startswith("# models/lstm_gru.py")]
        assert "\n".join(lines).strip() in source
