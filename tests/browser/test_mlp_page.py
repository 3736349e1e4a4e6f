"""The page of the multilayer perceptron in a real browser, used as a person would."""

import re
import warnings
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SECONDS = 1000
FIRST = 120 * SECONDS  # the engine imports TensorFlow once per server
SMALL = "dataset=moons&layers=1&units=6&activation=tanh"


def wait_prepared(page: Page) -> None:
    expect(page.get_by_text("Untrained. The weights")).to_be_visible(timeout=FIRST)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def settled_box(page: Page, place: Locator) -> FloatRect:
    """Scroll to a place and return its box when it has stood still for half a second: pictures above may still load."""
    place.scroll_into_view_if_needed(timeout=FIRST)
    box, stood = place.bounding_box(), 0
    for _ in range(600):
        page.wait_for_timeout(100)
        now = place.bounding_box()
        stood = stood + 1 if now == box else 0
        box = now
        if stood == 5 and box is not None:
            place.scroll_into_view_if_needed()
            return place.bounding_box() or box
    raise TimeoutError("the page does not come to rest")


def pause(page: Page) -> None:
    """Press Pause; once more if nothing came of it, as a person would, but not without saying so.

    Seen once in some fifty runs of the suite, with a machine busy elsewhere, and never in 40 tries to bring it about.
    """
    press(page, "Pause")
    paused = page.get_by_text("Paused at step")
    try:
        expect(paused).to_be_visible(timeout=6 * SECONDS)
    except AssertionError:
        warnings.warn("The first press on Pause was lost.", stacklevel=2)
        press(page, "Pause")
        expect(paused).to_be_visible(timeout=20 * SECONDS)


def train_slowly(page: Page) -> None:
    """Train at a pace of two pictures a second: half a minute, enough to do something meanwhile."""
    page.get_by_text("Slow", exact=True).click()
    press(page, "Train")


def shown_step(page: Page) -> int:
    """Return the step in the stage's own label."""
    text = page.locator(".stage").first.inner_text()
    return int(re.findall(r"step ([\d,]+)", text)[-1].replace(",", ""))


def wait_step(page: Page, at_least: int) -> None:
    page.wait_for_function(
        """least => { const deep = root => { for (const one of root.querySelectorAll('*')) {
              if (one.classList.contains('stage') && one.dataset.draws) return one;
              if (one.shadowRoot) { const inner = deep(one.shadowRoot); if (inner) return inner; } } return null; };
            const stage = deep(document); if (!stage) return false;
            const steps = stage.innerText.match(/step ([\\d,]+)/g);
            return steps && Number(steps.pop().replace(/\\D/g, '')) >= least; }""",
        arg=at_least,
        timeout=60 * SECONDS,
    )


def test_a_deep_link_opens_with_a_trained_picture_and_the_menu(page: Page, app: str) -> None:
    page.goto(f"{app}/mlp")
    expect(page.get_by_role("heading", name="Multilayer perceptron")).to_be_visible(timeout=FIRST)
    expect(page.locator(".stage[data-draws]").first).to_be_visible(timeout=FIRST)
    expect(page.get_by_text("Stored example", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Road to Transformers")).to_be_visible()
    assert shown_step(page) == 2520
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_the_first_screen_fits_without_scrolling(page: Page, app: str) -> None:
    page.goto(f"{app}/mlp")
    stage = page.locator(".stage[data-draws]").first
    expect(stage).to_be_visible(timeout=FIRST)
    box = stage.bounding_box()
    assert box is not None and box["y"] + box["height"] <= 900
    for name in ("Train again", "Step", "Reset", "Stop"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_in_viewport()


def test_train_move_a_control_stop_and_replay(page: Page, app: str) -> None:
    page.goto(f"{app}/mlp?{SMALL}&epochs=1000&seed=1")
    wait_prepared(page)
    train_slowly(page)
    wait_step(page, 1)
    page.get_by_role("slider", name="Units per layer").press("ArrowRight")
    expect(page.get_by_text("The settings have changed")).to_be_visible(timeout=20 * SECONDS)
    before = shown_step(page)
    wait_step(page, before + 1)  # moving a control does not disturb the run
    press(page, "Stop")
    expect(page.get_by_text("Stopped at step")).to_be_visible(timeout=20 * SECONDS)
    expect(page.get_by_role("button", name="Play")).to_be_visible(timeout=30 * SECONDS)  # what was watched stays
    page.get_by_role("slider", name="Units per layer").press("ArrowRight")
    wait_prepared(page)


def test_a_finished_run_replays_without_the_server(page: Page, app: str) -> None:
    page.goto(f"{app}/mlp?{SMALL}&epochs=20&seed=2")
    wait_prepared(page)
    press(page, "Train")
    expect(page.get_by_text("Trained: step")).to_be_visible(timeout=60 * SECONDS)
    slider = page.locator(".stage input[type=range]").first
    expect(slider).to_be_visible()
    last = shown_step(page)
    slider.press("Home")
    page.wait_for_timeout(300)
    assert shown_step(page) == 0 < last
    expect(page.get_by_text("Trained live", exact=True)).to_be_visible()


def test_pause_step_and_resume(page: Page, app: str) -> None:
    page.goto(f"{app}/mlp?{SMALL}&epochs=1000&seed=3")
    wait_prepared(page)
    train_slowly(page)
    wait_step(page, 1)
    pause(page)
    page.wait_for_timeout(700)
    held = shown_step(page)
    page.wait_for_timeout(700)
    assert shown_step(page) == held
    press(page, "Step")
    wait_step(page, held + 1)
    press(page, "Resume")
    wait_step(page, held + 20)
    press(page, "Stop")
    expect(page.get_by_text("Stopped at step")).to_be_visible(timeout=20 * SECONDS)


def test_a_reload_finds_the_run_that_trains(page: Page, app: str) -> None:
    page.goto(f"{app}/mlp?{SMALL}&epochs=2000&seed=4")
    wait_prepared(page)
    train_slowly(page)
    wait_step(page, 5)
    page.wait_for_function("location.search.includes('run=')")
    before = shown_step(page)
    page.reload()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible(timeout=30 * SECONDS)
    wait_step(page, before + 1)
    assert page.get_by_role("slider", name="Units per layer").input_value() == "6"
    press(page, "Stop")
    expect(page.get_by_text("Stopped at step")).to_be_visible(timeout=20 * SECONDS)


def test_a_second_tab_watches_the_same_run_by_its_address(page: Page, browser: Browser, app: str) -> None:
    page.goto(f"{app}/mlp?{SMALL}&epochs=2000&seed=5")
    wait_prepared(page)
    train_slowly(page)
    wait_step(page, 5)
    page.wait_for_function("location.search.includes('run=')")
    second = browser.new_context().new_page()
    second.goto(page.url)
    expect(second.get_by_role("button", name="Pause", exact=True)).to_be_visible(timeout=30 * SECONDS)
    wait_step(second, shown_step(page))
    second.context.close()
    before = shown_step(page)
    wait_step(page, before + 1)
    press(page, "Stop")
    expect(page.get_by_text("Stopped at step")).to_be_visible(timeout=20 * SECONDS)


def test_a_shared_address_of_a_finished_run_opens_it(page: Page, browser: Browser, app: str) -> None:
    page.goto(f"{app}/mlp?{SMALL}&epochs=20&seed=6")
    wait_prepared(page)
    press(page, "Train")
    expect(page.get_by_text("Trained: step")).to_be_visible(timeout=60 * SECONDS)
    page.wait_for_function("location.search.includes('run=')")
    other = browser.new_context().new_page()
    other.goto(page.url)
    expect(other.get_by_text("Stored run", exact=True)).to_be_visible(timeout=30 * SECONDS)
    assert shown_step(other) == shown_step(page)
    other.context.close()


def test_own_table_is_understood_and_trained(page: Page, app: str, tmp_path: Path) -> None:
    rows = [
        f"{place % 7},{(place * 3) % 11},{'big' if (place % 7) + (place * 3) % 11 > 8 else 'small'}"
        for place in range(120)
    ]
    table = tmp_path / "table.csv"
    table.write_text("\n".join(["first,second,size", *rows]), encoding="utf-8")
    page.goto(f"{app}/mlp?dataset=own&epochs=20")
    page.locator("input[type=file]").set_input_files(str(table))
    expect(page.get_by_text("120 rows, 2 of 2 columns as inputs")).to_be_visible(timeout=30 * SECONDS)
    wait_prepared(page)
    press(page, "Train")
    expect(page.get_by_text("Trained: step")).to_be_visible(timeout=60 * SECONDS)


def test_a_picture_instead_of_a_table_is_refused_with_a_sentence(page: Page, app: str, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    page.goto(f"{app}/mlp?dataset=own")
    page.locator("input[type=file]").set_input_files(str(file))
    expect(page.get_by_text("This is not a text file")).to_be_visible(timeout=30 * SECONDS)


def test_a_drawn_digit_is_read(page: Page, app: str) -> None:
    page.goto(f"{app}/mlp")
    pad = page.get_by_label(re.compile("^Draw a digit"), exact=False).last
    box = settled_box(page, pad)
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.15 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.85 * box["height"], steps=10)
    page.mouse.up()
    expect(page.get_by_text("The network says 1")).to_be_visible(timeout=60 * SECONDS)


@pytest.mark.parametrize(("scheme", "width", "height"), [("dark", 1440, 900), ("light", 390, 844)])
def test_other_theme_and_phone(browser: Browser, app: str, scheme: str, width: int, height: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{app}/mlp")
    expect(page.locator(".stage[data-draws]").first).to_be_visible(timeout=FIRST)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    ground = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    assert ground == ("rgb(18, 22, 28)" if scheme == "dark" else "rgb(255, 255, 255)")
    context.close()
