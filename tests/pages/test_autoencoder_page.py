"""The page of the autoencoder, driven through its widgets; the engine behind it is real."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from models.presets import PRESETS
from tests.pages.conftest import every_failure_and_repair_is_one_click, open_page

ROOT = Path(__file__).resolve().parents[2]


def run_of(page: AppTest) -> Any:
    return page.session_state["autoencoder:shown"]


def titles(page: AppTest) -> str:
    return " ".join(block.proto.body for block in page.main.get("html"))


def test_opens_with_a_stored_run_of_the_digits_and_its_pictures() -> None:
    page = open_page("autoencoder")
    assert not page.exception and not page.warning
    run = run_of(page)
    assert run.origin == "example" and run.final and run.step == 2520
    for title in ("What draws from the code look like", "Rebuilt worst", "Error, kind by kind", "Click anywhere"):
        assert title in titles(page)
    assert "the ROC curve" not in titles(page) and "How clean" not in titles(page)  # nothing unknown, no noise
    assert "16,962 parameters" in titles(page)


@pytest.mark.parametrize("preset", PRESETS["autoencoder"], ids=lambda preset: preset.title)
def test_every_preset_opens_with_its_stored_example(preset: Any) -> None:
    query: dict[str, Any] = {name: str(value) for name, value in preset.settings.items()}
    page = open_page("autoencoder", **query)
    assert not page.exception and not page.warning
    assert run_of(page).origin == "example"
    assert ("the ROC curve" in titles(page)) == (preset.metric == "test_auc")


def test_failures_and_repairs_are_one_click() -> None:
    every_failure_and_repair_is_one_click("autoencoder")


def test_a_moved_slider_is_decoded_by_the_network() -> None:
    page = open_page("autoencoder")
    assert "This is the middle of the plane" in " ".join([titles(page), *(one.value for one in page.caption)])
    slider = next(one for one in page.slider if one.label == "First code number")
    slider.set_value(slider.max).run()
    assert not page.exception and not page.warning
    assert "Of the ten training images nearest" in titles(page)


def test_walks_between_two_test_digits() -> None:
    page = open_page("autoencoder")
    page.segmented_control(key="autoencoder:question").set_value("Walk between two").run()
    assert not page.exception and not page.warning
    assert "From a 0 to a 9" in titles(page)


def test_own_data_says_what_its_column_is_for() -> None:
    page = open_page("autoencoder", dataset="own")
    assert not page.exception
    assert any("only colours" in info.value or "colours the pictures" in info.value for info in page.info)


def test_the_code_shown_is_the_code_of_the_file() -> None:
    page = open_page("autoencoder")
    source = (ROOT / "models" / "autoencoder.py").read_text(encoding="utf-8")
    parts = page.code[0].value.split("\n\n\n")
    assert len(parts) == 5
    for part in parts:
        lines = [line for line in part.splitlines() if not line.startswith("# models/autoencoder.py")]
        assert "\n".join(lines).strip() in source
