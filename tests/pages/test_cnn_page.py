"""The page of the convolutional network, driven through its widgets; the engine behind it is real."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from models.presets import PRESETS
from tests.pages.conftest import every_failure_and_repair_is_one_click, open_page

ROOT = Path(__file__).resolve().parents[2]


def run_of(page: AppTest) -> Any:
    return page.session_state["cnn:shown"]


def titles(page: AppTest) -> str:
    return " ".join(block.proto.body for block in page.main.get("html"))


def test_opens_with_a_stored_network_and_all_its_pictures() -> None:
    page = open_page("cnn")
    assert not page.exception and not page.warning
    run = run_of(page)
    assert run.origin == "example" and run.final and run.step == 1260
    for title in ("The kernels of the first block", "How far one unit sees", "What it gets most wrong",
                  "Slide the window", "where the window ends", "Accuracy for its size"):  # fmt: skip
        assert title in titles(page)
    assert "1,898 parameters" in titles(page)
    assert "The sum." in titles(page) and "The network says" in titles(page)


@pytest.mark.parametrize("preset", PRESETS["cnn"], ids=lambda preset: preset.title)
def test_every_preset_opens_with_its_stored_example(preset: Any) -> None:
    query: dict[str, Any] = {name: str(value) for name, value in preset.settings.items()}
    page = open_page("cnn", **query)
    assert not page.exception and not page.warning
    assert run_of(page).origin == "example"


def test_failures_and_repairs_are_one_click() -> None:
    every_failure_and_repair_is_one_click("cnn")


def test_the_window_moves_and_its_sum_follows() -> None:
    page = open_page("cnn")
    before = [text for text in titles(page).split("<p") if "The sum." in text]
    page.slider(key="cnn:Slide down:8").set_value(1).run()
    assert not page.exception
    after = [text for text in titles(page).split("<p") if "The sum." in text]
    assert before and after and before != after


def test_a_perceptron_on_pixels_has_no_window() -> None:
    page = open_page("cnn", dataset="digits_canvas", blocks="0", units="64")
    assert not page.exception
    assert "This network has no window" in titles(page)


def test_moved_images_are_measured_on_request() -> None:
    page = open_page("cnn", dataset="digits_canvas", filters="16", head="global_max")
    before = len(page.main.get("vega_lite_chart")) + len(page.main.get("arrow_vega_lite_chart"))
    page.toggle(key="cnn:moves").set_value(True).run()
    assert not page.exception
    assert len(page.main.get("vega_lite_chart")) + len(page.main.get("arrow_vega_lite_chart")) == before + 1


def test_the_code_shown_is_the_code_of_the_file() -> None:
    page = open_page("cnn")
    source = (ROOT / "models" / "cnn.py").read_text(encoding="utf-8")
    parts = page.code[0].value.split("\n\n\n")
    assert len(parts) == 4
    for part in parts:
        lines = [line for line in part.splitlines() if not line.startswith("# models/cnn.py")]
        assert "\n".join(lines).strip() in source
