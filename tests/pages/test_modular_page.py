"""The page of modular and ensemble networks, driven through its widgets; the engine behind it is real."""

import time
from pathlib import Path

from streamlit.testing.v1 import AppTest

from tests.pages.conftest import open_page

DEADLINE = 90.0


def run_of(page: AppTest) -> object:
    return page.session_state["modular:shown"]


def test_opens_with_a_stored_example() -> None:
    page = open_page("modular")
    assert not page.exception
    run = run_of(page)
    assert run.origin == "example" and run.final and run.step > 0  # type: ignore[attr-defined]


def test_trains_and_draws_its_pictures() -> None:  # all kinds open with their presets below
    page = open_page("modular", kind="bagging", dataset="xor", epochs="3", members="3", seed="11")
    assert not page.exception and not page.warning
    next(button for button in page.button if button.label.startswith("Train")).click().run()
    until = time.monotonic() + DEADLINE
    while not run_of(page).final:  # type: ignore[attr-defined]
        assert time.monotonic() < until, run_of(page)
        time.sleep(0.1)
        page.run()
    assert not page.exception
    assert run_of(page).state == "finished"  # type: ignore[attr-defined]
    page.run()
    assert not page.exception


def test_every_preset_opens_with_its_stored_example() -> None:
    from models.presets import FAILURES, PRESETS

    page = open_page("modular")
    names = [one.title for one in PRESETS["modular"]] + [f"Fails: {one.title}" for one in FAILURES["modular"]]
    for name in names:
        next(box for box in page.selectbox if box.label == "Preset").set_value(name).run()
        assert not page.exception
        assert run_of(page).origin == "example", name  # type: ignore[attr-defined]


def test_the_code_shown_is_the_code_of_the_file() -> None:
    page = open_page("modular")
    source = (Path(__file__).resolve().parents[2] / "models" / "modular.py").read_text(encoding="utf-8")
    parts = page.code[0].value.split("\n\n\n")
    for part in parts:
        lines = [line for line in part.splitlines() if not line.startswith("# models/modular.py")]
        assert "\n".join(lines).strip() in source
    assert len(parts) == 4
