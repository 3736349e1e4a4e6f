"""The sections on one's own data, driven through their widgets; the process behind them is real."""

import time

import pytest
from streamlit.testing.v1 import AppTest

from lab import session
from lab.lessons.fit_my_data import races
from tests.pages.conftest import open_page

DEADLINE = 120.0


def texts(page: AppTest) -> str:
    return " ".join(block.proto.body for block in page.main.get("html"))


def pick(page: AppTest, label: str, value: object) -> None:
    next(box for box in page.selectbox if box.label == label).set_value(value).run()


def press(page: AppTest, label: str) -> None:
    next(button for button in page.button if button.label == label).click().run()


@pytest.fixture(scope="module")
def page() -> AppTest:
    return open_page("architecture_fit", whole=False)


def test_the_form_leads_to_rows_and_to_the_rule(page: AppTest) -> None:
    assert not page.exception
    assert "breast tumours" in texts(page)
    pick(page, "What is the input?", "sequence")
    pick(page, "What is wanted?", "number")
    assert not page.exception and "adding, 20 steps" in texts(page)
    pick(page, "What is the input?", "image")
    assert not page.exception and "digits in their place" in texts(page)
    assert any("loses its regret" in " ".join(text.value.split()) for text in page.markdown)


def test_own_data_without_a_file_is_refused_in_words(page: AppTest) -> None:
    pick(page, "Table", "own")
    press(page, "Train all side by side")
    assert any("Choose a CSV file first" in error.value for error in page.error)


def test_a_race_is_watched_cancelled_and_kept(page: AppTest) -> None:
    pick(page, "Table", "iris")
    press(page, "Train all side by side")
    assert not page.exception and not page.error
    race = races().newest(page.session_state["owner"])
    assert race is not None and race.running
    until = time.monotonic() + DEADLINE
    while race.board.done < 5:
        assert time.monotonic() < until and race.running
        time.sleep(0.2)
    page.run()
    assert "Leaderboard: accuracy" in texts(page) and "Iris flowers" in texts(page)
    press(page, "Cancel")
    while race.running:
        assert time.monotonic() < until
        time.sleep(0.2)
    page.run()
    page.run()
    assert not page.exception
    assert "To take away" in texts(page) and "how sure, and how right" in texts(page)
    assert race.board.raced["why"] == "stopped"
    assert session.engine() is not None
