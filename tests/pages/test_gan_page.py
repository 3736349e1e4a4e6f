"""The page of the generative adversarial network, driven through its widgets; the engine behind it is real."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lab.click_field import toggled
from lab.lessons.gan import SPOTS
from models.presets import FAILURES, PRESETS
from tests.pages.conftest import open_page

ROOT = Path(__file__).resolve().parents[2]


def run_of(page: AppTest) -> Any:
    return page.session_state["gan:shown"]


def titles(page: AppTest) -> str:
    return " ".join(block.proto.body for block in page.main.get("html"))


def test_opens_with_a_stored_ring_and_all_its_pictures() -> None:
    page = open_page("gan")
    assert not page.exception and not page.warning
    run = run_of(page)
    assert run.origin == "example" and run.final and run.step == 4000
    for title in ("Samples through time", "Which modes", "What the discriminator says", "How hard", "Is the spread"):
        assert title in titles(page)
    assert "Does it copy?" not in titles(page)  # points are not images
    assert "8,899 parameters" in titles(page)
    assert "3. The forger learns" in titles(page)


def test_the_quiz_hides_the_answer_until_it_is_asked_for() -> None:
    page = open_page("gan")
    assert not any("has collapsed: at its end" in text.value for text in page.markdown)
    guess: Any = next(one for one in page.get("button_group") if one.proto.label.startswith("Which one"))
    guess.set_value("Run B").run()
    assert not page.exception
    told = next(text.value for text in page.markdown if "has collapsed: at its end" in text.value)
    assert told.startswith("No.") and "of 8 spots, run B 8" in told


@pytest.mark.parametrize("preset", PRESETS["gan"], ids=lambda preset: preset.title)
def test_every_preset_opens_with_its_stored_example(preset: Any) -> None:
    query: dict[str, Any] = {name: str(value) for name, value in preset.settings.items()}
    page = open_page("gan", whole=False, **query)
    assert not page.exception and not page.warning
    assert run_of(page).origin == "example" and preset.reason in titles(page)


def test_every_failure_and_repair_has_a_stored_example() -> None:
    from lab.lessons.gan import stored

    for failure in FAILURES["gan"]:
        for settings, failing in ((failure.settings, True), ({**failure.settings, **failure.repair}, False)):
            run = stored(settings)
            assert run is not None, failure.title
            assert (run.rows[-1][failure.metric] < failure.threshold) == failing, failure.title


def test_digits_show_their_neighbours_and_a_walk() -> None:
    settings = next(one.settings for one in PRESETS["gan"] if one.title == "Handwritten digits")
    query: dict[str, Any] = {name: str(value) for name, value in settings.items()}
    page = open_page("gan", **query)
    assert not page.exception
    for title in ("Does it copy?", "How sharp", "Twelve steps from one noise"):
        assert title in titles(page)


def test_a_click_sets_a_spot_and_takes_it_away() -> None:
    assert toggled("", 1.0, -2.5, SPOTS.most) == "1,-2.5"
    assert toggled("1,-2.5;0,0", 1, -2.5, SPOTS.most) == "0,0"
    full = ";".join(f"{x},{y}" for x in range(5) for y in range(5))
    assert toggled(full, 5, 5, SPOTS.most) == full


def test_the_code_shown_is_the_code_of_the_file() -> None:
    page = open_page("gan")
    source = (ROOT / "models" / "gan.py").read_text(encoding="utf-8")
    parts = page.code[0].value.split("\n\n\n")
    assert len(parts) == 4
    for part in parts:
        lines = [line for line in part.splitlines() if not line.startswith("# models/gan.py")]
        assert "\n".join(lines).strip() in source
