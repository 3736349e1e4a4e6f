"""The page of the self-organizing map, driven through its widgets; the engine behind it is real."""

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from models.presets import PRESETS
from tests.pages.conftest import every_failure_and_repair_is_one_click, open_page

ROOT = Path(__file__).resolve().parents[2]


def run_of(page: AppTest) -> Any:
    return page.session_state["som:shown"]


def titles(page: AppTest) -> str:
    return " ".join(block.proto.body for block in page.main.get("html"))


def test_opens_with_a_stored_map_of_the_digits_and_all_its_pictures() -> None:
    page = open_page("som")
    assert not page.exception and not page.warning
    run = run_of(page)
    assert run.origin == "example" and run.final and run.step == 13470
    for title in ("U-matrix", "Who lives where", "Is the net twisted?", "two errors at once", "Beside k-means"):
        assert title in titles(page)
    assert "component planes" not in titles(page)  # 64 pixels are no named inputs; the stage shows them as images
    assert "6,400 parameters" in titles(page)


def test_asks_the_map_about_a_test_digit() -> None:
    page = open_page("som")
    assert "Its best unit is in row" in titles(page)


@pytest.mark.parametrize("preset", PRESETS["som"], ids=lambda preset: preset.title)
def test_every_preset_opens_with_its_stored_example(preset: Any) -> None:
    query: dict[str, Any] = {name: str(value) for name, value in preset.settings.items()}
    page = open_page("som", **query)
    assert not page.exception and not page.warning
    assert run_of(page).origin == "example"


def test_failures_and_repairs_are_one_click() -> None:
    every_failure_and_repair_is_one_click("som")


def test_own_data_says_what_its_column_is_for() -> None:
    page = open_page("som", dataset="own")
    assert not page.exception
    assert any("only colours the pictures" in info.value for info in page.info)


def test_the_code_shown_is_the_code_of_the_file() -> None:
    page = open_page("som")
    source = (ROOT / "models" / "som.py").read_text(encoding="utf-8")
    parts = page.code[0].value.split("\n\n\n")
    assert len(parts) == 3
    for part in parts:
        lines = [line for line in part.splitlines() if not line.startswith("# models/som.py")]
        assert "\n".join(lines).strip() in source


def test_shapes_of_the_map_reach_the_browser_as_shapes() -> None:
    """Streamlit sends what is no plain list as a table, in which a shape is a text, and nothing is drawn."""
    page = open_page("som")
    protos = [one.proto for one in page.main.get("vega_lite_chart")]
    drawn = [json.loads(proto.spec) for proto in protos if '"geoshape"' in proto.spec]
    assert len(drawn) >= 4
    for spec in drawn:
        features = [one for rows in spec["datasets"].values() for one in rows]
        assert features and all(one["geometry"]["coordinates"] for one in features if "geometry" in one)
        assert any("geometry" in one for one in features)
