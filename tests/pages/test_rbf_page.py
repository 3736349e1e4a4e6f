"""The page of the RBF network, driven through its widgets; the engine behind it is real."""

import re
import time
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lab.click_field import toggled
from lab.lessons.rbf import POINTS
from models.presets import FAILURES, PRESETS
from tests.pages.conftest import open_page

DEADLINE = 90.0


def run_of(page: AppTest) -> object:
    return page.session_state["rbf:shown"]


def texts(page: AppTest) -> str:
    return " ".join(block.proto.body for block in page.main.get("html"))


def wait_for_lessons(page: AppTest) -> AppTest:
    until = time.monotonic() + DEADLINE
    while "being loaded" in texts(page) or "Being computed" in texts(page):
        assert time.monotonic() < until
        time.sleep(0.2)
        page.run()
    return page


def test_opens_with_a_stored_example_and_waits_for_no_lesson() -> None:
    page = open_page("rbf")
    assert not page.exception and not page.warning
    run = run_of(page)
    assert run.origin == "example" and run.final and run.step == 12  # type: ignore[attr-defined]
    assert page.code and "class RadialLayer" in page.code[0].value  # the last section is there before the lessons are
    told = texts(wait_for_lessons(page))
    assert not page.exception and not page.warning
    for title in ("How sure far away?", "more inputs", "smoothed three ways", "attention map", "The network says"):
        assert title in told


def test_asking_elsewhere_gives_another_answer() -> None:
    page = wait_for_lessons(open_page("rbf"))
    before = re.findall(r"The network says (\S+)", texts(page))
    next(slider for slider in page.slider if slider.label == "x").set_value(1.0).run()
    after = re.findall(r"The network says (\S+)", texts(wait_for_lessons(page)))
    run: Any = run_of(page)
    low, high = run.scene["line_ends"]
    curve = np.interp([0.0, 1.0], np.linspace(low, high, 241), run.view().curve)
    np.testing.assert_allclose([float(before[0]), float(after[0])], curve, atol=0.01)


def test_choosing_own_points_opens_the_field() -> None:
    page = open_page("rbf")
    assert "Click to set a point" not in texts(page)
    next(box for box in page.selectbox if box.label == "Data").set_value("points").run()
    assert not page.exception
    assert page.session_state["rbf:set points"] is True and "Click to set a point" in texts(page)
    next(button for button in page.button if button.label == "Clear").click().run()
    assert page.session_state["rbf.points"] == "" and "0 of at most 60 are set" in texts(page)


@pytest.mark.parametrize("settings", [{"fit": "gradient", "passes": "3"}, {"dataset": "points"}, {"dataset": "moons"}])
def test_trains(settings: dict[str, Any]) -> None:
    page = open_page("rbf", seed="11", **settings)
    next(button for button in page.button if button.label == "Train").click().run()
    until = time.monotonic() + DEADLINE
    while not run_of(page).final:  # type: ignore[attr-defined]
        assert time.monotonic() < until
        time.sleep(0.1)
        page.run()
    page.run()
    assert not page.exception
    assert run_of(page).state == "finished"  # type: ignore[attr-defined]


def test_every_preset_and_repair_opens_with_its_stored_example() -> None:
    page = open_page("rbf")
    names = [one.title for one in PRESETS["rbf"]] + [f"Fails: {one.title}" for one in FAILURES["rbf"]]
    for name in names:
        del page.session_state["rbf:opened"]  # as if just opened: the first screen alone is drawn, which is enough here
        next(box for box in page.selectbox if box.label == "Preset").set_value(name).run()
        assert not page.exception, name
        assert run_of(page).origin == "example", name  # type: ignore[attr-defined]
    page.run()
    for place, failure in enumerate(FAILURES["rbf"]):
        if failure.repair:
            page.button(key=f"rbf:repaired:{place}").click().run()
            assert not page.exception
            assert run_of(page).origin == "example"  # type: ignore[attr-defined]


def test_nonsense_in_the_address_falls_back() -> None:
    page = open_page("rbf", points="1,1;drop table", units="many", width="3")
    assert not page.exception
    assert page.session_state["rbf.width"] == 3.0 and page.session_state["rbf.units"] == 12
    assert "points" in page.warning[0].value and "units" in page.warning[0].value


def test_too_few_points_are_said() -> None:
    page = open_page("rbf", dataset="points", points="1,1;2,2")
    assert not page.exception
    until = time.monotonic() + DEADLINE
    while run_of(page).state != "failed":  # type: ignore[attr-defined]
        assert time.monotonic() < until
        time.sleep(0.1)
        page.run()
    assert "four points" in run_of(page).message  # type: ignore[attr-defined]


def test_a_click_sets_a_point_and_takes_it_away() -> None:
    most = POINTS.most
    assert toggled("", 1.0, -0.5, most) == "1,-0.5"
    assert toggled("1,-0.5;2,0", -0.04, 0.3, most) == "1,-0.5;2,0;0,0.3"
    assert toggled("1,-0.5;2,0", 1.0, -0.5, most) == "2,0"
    full = ";".join(f"{place / 10:g},0" for place in range(60))
    assert toggled(full, 7.0, 1.0, most) == full
    assert toggled("nonsense;1,1", 2.0, 2.0, most) == "1,1;2,2"
