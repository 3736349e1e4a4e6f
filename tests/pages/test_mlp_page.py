"""The page of the multilayer perceptron, driven through its widgets; the engine behind it is real."""

import gc
import time

from streamlit.testing.v1 import AppTest

from tests.pages.conftest import every_failure_and_repair_is_one_click, open_page

DEADLINE = 90.0


def run_of(page: AppTest) -> object:
    return page.session_state["mlp:shown"]


def click(page: AppTest, name: str) -> AppTest:
    return next(button for button in page.button if button.label == name).click().run()


def wait_until_final(page: AppTest) -> AppTest:
    until = time.monotonic() + DEADLINE
    while not run_of(page).final:  # type: ignore[attr-defined]
        assert time.monotonic() < until, page.session_state["mlp:shown"]
        time.sleep(0.1)
        page.run()
    return page


def test_opens_with_a_stored_example() -> None:
    page = open_page("mlp")
    assert not page.exception
    run = run_of(page)
    assert run.origin == "example" and run.final and run.step == 2520  # type: ignore[attr-defined]
    assert any(button.label == "Train again" for button in page.button)


def test_settings_come_from_the_address() -> None:
    page = open_page("mlp", dataset="moons", units="7", extra_features="x1^2,x2^2", batch_normalization="1")
    assert not page.exception and not page.warning
    assert page.session_state["mlp.dataset"] == "moons"
    assert page.session_state["mlp.units"] == 7
    assert list(page.session_state["mlp.extra_features"]) == ["x1^2", "x2^2"]
    assert page.session_state["mlp.batch_normalization"] is True


def test_nonsense_in_the_address_falls_back_field_by_field() -> None:
    page = open_page("mlp", dataset="moons", units="many", learning_rate="-3", colour="red")
    assert not page.exception
    assert page.session_state["mlp.dataset"] == "moons"
    assert page.session_state["mlp.units"] == 32
    assert page.session_state["mlp.learning_rate"] == 0.003
    note = page.warning[0].value
    assert "units" in note and "learning_rate" in note and "colour" in note and "dataset" not in note


def test_trains_stores_and_offers_the_stored_run_again() -> None:
    page = open_page("mlp", dataset="xor", epochs="3", seed="11")
    click(page, "Train")
    wait_until_final(page)
    run = run_of(page)
    assert run.state == "finished" and run.rows[-1]["step"] == run.total_steps  # type: ignore[attr-defined]
    again = open_page("mlp", dataset="xor", epochs="3", seed="11")
    assert run_of(again).run_id == run.run_id  # type: ignore[attr-defined]
    assert run_of(again).origin == "stored"  # type: ignore[attr-defined]


def test_an_unknown_run_in_the_address_is_said_and_does_no_harm() -> None:
    page = open_page("mlp", whole=False, run="mlp-20200101-000000-abcdef")
    assert not page.exception
    assert page.toast and "not stored here" in page.toast[0].value


def test_every_preset_opens_with_its_stored_example() -> None:
    from models.presets import FAILURES, PRESETS

    page = open_page("mlp")
    names = [one.title for one in PRESETS["mlp"]] + [f"Fails: {one.title}" for one in FAILURES["mlp"]]
    for name in names:
        next(box for box in page.selectbox if box.label == "Preset").set_value(name).run()
        assert not page.exception
        assert run_of(page).origin == "example", name  # type: ignore[attr-defined]


def test_failures_and_repairs_are_one_click() -> None:
    every_failure_and_repair_is_one_click("mlp")


def test_own_data_asks_for_a_file_first() -> None:
    page = open_page("mlp", dataset="own")
    assert not page.exception
    assert any("Choose a CSV file" in info.value for info in page.info)
    assert page.session_state["mlp:set file"]  # the popover with the file chooser is open


def test_the_code_shown_is_the_code_of_the_file() -> None:
    from pathlib import Path

    page = open_page("mlp")
    source = (Path(__file__).resolve().parents[2] / "models" / "mlp.py").read_text(encoding="utf-8")
    shown = page.code[0].value
    for part in shown.split("\n\n\n"):
        lines = [line for line in part.splitlines() if not line.startswith("# models/mlp.py")]
        assert "\n".join(lines).strip() in source
    assert "keras.layers.Dense" in shown


def test_home_lists_every_stop_once() -> None:
    from lab.catalog import STOPS

    page = open_page("")
    assert not page.exception
    assert len({stop.slug for stop in STOPS}) == len(STOPS)
    texts = [block.proto.body for block in page.main.get("html")]
    links = [link.proto.label for link in page.main.get("page_link")]
    assert "<h1>Road to Transformers</h1>" in texts[0] or "<h1>Road to Transformers</h1>" in texts[1]
    for stop in STOPS:
        if stop.built:
            assert links.count(f"**{stop.title}**") == 1
        else:
            assert sum(f">{stop.title} <span" in text for text in texts) == 1
        assert any(stop.idea in text for text in texts), stop.slug


def test_a_page_leaves_little_to_the_collection_after_each_script_run() -> None:
    open_page("")
    assert gc.get_freeze_count() > 30_000
