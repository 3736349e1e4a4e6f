"""Pages as slides, for a class, beside another run, and the talk; the engine behind them is real."""

import time
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lab.lessons.talk import LEAD
from lab.share import preset_name
from lab.talk import SLIDES, TITLE, Shown
from models.configs import CONFIGS
from models.presets import FAILURES, PRESETS
from tests.pages.conftest import open_page

SPIRAL = PRESETS["mlp"][3]


def told(page: AppTest) -> str:
    return " ".join(block.proto.body for block in page.main.get("html"))


def buttons(page: AppTest) -> set[str]:
    return {button.label for button in page.button}


def popovers(page: AppTest) -> set[str]:
    return {block.proto.popover.label for block in page.main.get("popover")}


def test_slides_fold_menu_and_controls_away_and_keep_train() -> None:
    page = open_page("mlp", present="1")
    assert not page.exception and not page.warning
    assert "Train again" in buttons(page)
    assert page.selectbox(key="mlp:preset")
    assert popovers(page) == {"Settings"}
    assert not page.sidebar.children
    for title in ("Which classes it confuses", "Where it breaks", "The code"):
        assert title in told(page)


def test_settings_behind_the_button_still_steer() -> None:
    page = open_page("mlp", present="1")
    page.selectbox(key="mlp.dataset").set_value("moons").run()
    assert not page.exception
    assert page.session_state["mlp:shown"].config["dataset"] == "moons"
    assert page.query_params["present"] == "1"


def test_a_link_for_a_class_leaves_presets_and_train() -> None:
    page = open_page("cnn", hide="controls")
    assert not page.exception and not page.warning
    assert "Train again" in buttons(page) and popovers(page) == set()
    assert "cnn.blocks" not in {box.key for box in (*page.slider, *page.selectbox, *page.select_slider)}
    page.selectbox(key="cnn:preset").set_value(PRESETS["cnn"][1].title).run()
    assert page.session_state["cnn:shown"].config["dataset"] == "digits_canvas"
    assert page.query_params["hide"] == "controls"
    assert page.sidebar.children
    assert not open_page("cnn", hide="controls,menu").sidebar.children


def test_a_preset_in_the_address_opens_its_run() -> None:
    page = open_page("mlp", preset=preset_name(SPIRAL.title))
    assert not page.exception and not page.warning
    shown = page.session_state["mlp:shown"]
    assert shown.origin == "example" and shown.config == CONFIGS["mlp"](**SPIRAL.settings).model_dump(mode="json")
    assert "preset" not in page.query_params


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"preset": "none"}, "preset"), ({"slide": "many"}, "Slide is a number"), ({"hide": "all"}, "Hide knows"),
        ({"compare": "mlp-2020"}, "not stored here"), ({"compare": "units=many"}, "cannot be used"),
        ({"present": "maybe"}, "Present is 1"),
    ],
)  # fmt: skip
def test_nonsense_gets_a_sentence_and_a_working_page(query: dict[str, Any], said: str) -> None:
    page = open_page("mlp", **query)
    assert not page.exception
    assert any(said in warning.value for warning in page.warning)
    assert page.session_state["mlp:shown"].origin == "example" and "Train again" in buttons(page)


@pytest.mark.parametrize("by", ["name", "digest", "settings"])
def test_two_runs_are_compared_by_address(by: str) -> None:
    failure = FAILURES["mlp"][2]
    config = CONFIGS["mlp"](**failure.settings)
    from lab import session

    other = session.store().find("mlp", config.digest())
    assert other is not None
    texts = {"name": other.run_id, "digest": config.digest(), "settings": "&".join(
        f"{name}={value}" for name, value in failure.settings.items())}  # fmt: skip
    page = open_page("mlp", compare=texts[by])
    assert not page.exception and not page.warning
    assert "Compared" in told(page) and other.run_id in told(page) and "accuracy" in told(page)
    assert page.query_params["compare"] == other.run_id
    page.selectbox(key="mlp:overlay").set_value(None).run()
    assert not page.exception
    assert "Compared" not in told(page) and "compare" not in page.query_params


def test_a_changed_control_is_kept_while_slides_turn() -> None:
    """The slide in the address changes without the server; the settings in the session must not fall back to it."""
    page = open_page("mlp", present="1", slide="2", dataset="moons", layers="1")
    page.slider(key="mlp.layers").set_value(3).run()
    page.query_params["slide"] = "5"
    page.run()
    assert page.session_state["mlp.layers"] == 3
    assert page.session_state["mlp:shown"].config["layers"] == 3


# ---- the talk ----


def test_the_list_of_the_talk_names_every_slide() -> None:
    page = open_page("talk")
    assert not page.exception
    assert TITLE in told(page)
    for slide in SLIDES:
        assert slide.title in told(page) and slide.sentence in told(page)


@pytest.mark.parametrize("number", range(1, len(SLIDES) + 1))
def test_every_slide_of_the_talk_is_drawn_from_a_stored_run(number: int) -> None:
    slide = SLIDES[number - 1]
    page = open_page("talk", whole=False, present="1", slide=str(number))
    assert not page.exception
    assert slide.title in told(page)
    if slide.shown is not None:
        origin = slide.shown.origin
        assert (origin() if origin is not None else "Stored example") in told(page)
        assert "no stored run" not in told(page)


def test_what_comes_next_is_trained_ahead_and_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    number = next(k for k, slide in enumerate(SLIDES, 1) if slide.shown and slide.shown.live == "ahead")
    soon = replace(SLIDES[number - 1], shown=Shown("mlp", "Exclusive or", live="ahead"))  # the talk's own take longer
    monkeypatch.setattr("lab.lessons.talk.SLIDES", (*SLIDES[: number - 1], soon, *SLIDES[number:]))
    page = open_page("talk", whole=False, present="1", slide=str(number - LEAD))
    ahead: Any = page.session_state[f"talk:{number}:ahead"]
    assert ahead.origin == "live" and ahead.config["dataset"] == "xor"
    page.query_params["slide"] = str(number)
    page.run()
    assert not page.exception
    until = time.monotonic() + 120
    while page.session_state[f"talk:{number}"].origin != "live" and time.monotonic() < until:
        page.run()
    page.run()
    assert page.session_state[f"talk:{number}"].origin == "live"
    assert "Trained live" in told(page)
