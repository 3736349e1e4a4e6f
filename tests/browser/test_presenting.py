"""Slides in a real browser: keys, notes in a second tab, a QR code read from the screen, and everything in sight."""

import io
import re
from urllib.parse import parse_qs, urlsplit

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.test_mlp_page import FIRST, press

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PLACE = ".bar .place"


def present(page: Page, app: str, path: str) -> int:
    """Open a page as slides; return how many there are once all are found."""
    page.goto(f"{app}/{path}")
    last = page.locator(".section-head h2", has_text="Take it home")  # it comes a moment after the first screen
    expect(last).to_be_attached(timeout=FIRST)
    expect(page.locator(PLACE)).to_have_text(re.compile(r"\d+ / [12]\d$"), timeout=FIRST)
    return int(page.locator(PLACE).inner_text().split("/")[1])


def on_slide(page: Page, number: int) -> None:
    expect(page.locator(PLACE)).to_have_text(re.compile(rf"^{number} / "))
    assert parse_qs(urlsplit(page.url).query)["slide"] == [str(number)]


def overhang(page: Page) -> float:
    """Return how many pixels of the slide lie outside the screen or under the bar."""
    return float(
        page.evaluate(
            """() => { const bar = innerHeight - 44;
              const shown = [...document.querySelectorAll('[data-testid=stMain] [data-testid=stElementContainer]')]
                .filter(one => !one.closest('.st-key-early, .st-key-present') && one.offsetHeight > 0);
              return Math.max(...shown.map(one => one.getBoundingClientRect())
                .map(box => Math.max(box.bottom - bar, box.right - innerWidth, -box.top, -box.left))); }"""
        )
    )


def test_keys_turn_the_slides_and_leave(page: Page, app: str) -> None:
    count = present(page, app, "mlp?present=1")
    assert count > 12
    on_slide(page, 1)
    expect(page.locator(".stage[data-draws]").first).to_be_visible()
    expect(page.get_by_text("Which classes it confuses")).to_be_hidden()
    page.keyboard.press("PageDown")
    on_slide(page, 2)
    expect(page.get_by_text("Which classes it confuses").first).to_be_visible()
    expect(page.locator(".stage").first).to_be_hidden()
    page.keyboard.press("Space")
    on_slide(page, 3)
    expect(page.get_by_text("Which classes it confuses")).to_be_hidden()
    page.keyboard.press("PageUp")
    page.keyboard.press("Shift+Space")
    on_slide(page, 1)
    page.keyboard.press("PageUp")
    on_slide(page, 1)
    page.get_by_role("button", name="Settings").focus()
    page.keyboard.press("Space")  # presses the button, as everywhere
    expect(page.get_by_text("All settings back to their defaults")).to_be_visible()
    on_slide(page, 1)
    page.keyboard.press("Escape")  # closes what the button has opened
    expect(page.get_by_text("All settings back to their defaults")).to_be_hidden()
    on_slide(page, 1)
    page.keyboard.press("PageDown")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Road to Transformers")).to_be_visible(timeout=FIRST)
    expect(page.get_by_text("Which classes it confuses").first).to_be_visible()
    assert not {"present", "slide"} & set(parse_qs(urlsplit(page.url).query))


def test_a_link_opens_its_slide_and_everything_on_each_is_in_sight(page: Page, app: str) -> None:
    count = present(page, app, "mlp?present=1&slide=3")
    on_slide(page, 3)
    for number in range(4, count + 1):
        page.keyboard.press("PageDown")
        on_slide(page, number)
        page.wait_for_timeout(700)
        assert overhang(page) <= 2, page.locator(".bar .title").inner_text()


def test_the_first_slide_trains(page: Page, app: str) -> None:
    present(page, app, "mlp?present=1&dataset=moons&layers=1&units=6")
    press(page, "Train")
    expect(page.get_by_text(re.compile("^Trained: step"))).to_be_visible(timeout=FIRST)
    on_slide(page, 1)
    assert overhang(page) <= 2


def test_the_notes_follow_in_a_second_tab(page: Page, app: str) -> None:
    notes = page.context.new_page()
    notes.goto(f"{app}/mlp?notes=1")
    expect(notes.get_by_text("Waiting for the slides")).to_be_visible(timeout=FIRST)
    present(page, app, "mlp?present=1")
    expect(notes.locator(".notes .place")).to_have_text(re.compile("^1 / "))
    page.keyboard.press("PageDown")
    expect(notes.locator(".notes h1")).to_have_text("Which classes it confuses")
    expect(notes.locator(".notes .said")).to_contain_text("Everything off the diagonal")
    expect(notes.locator(".notes .clock")).to_have_text(re.compile(r"^\d:\d\d$"))
    following = notes.locator(".notes .next").inner_text().removeprefix("Next: ")
    notes.get_by_role("button", name="Next slide").click()
    on_slide(page, 3)
    expect(page.locator(".bar .title")).to_have_text(following)


def test_the_code_on_the_screen_is_the_address_of_the_slide(page: Page, app: str) -> None:
    present(page, app, "mlp?present=1&dataset=moons&slide=2")
    page.get_by_role("button", name="QR code").locator("visible=true").click()
    modules = page.locator("dialog.code .modules")
    expect(modules).to_be_visible(timeout=FIRST)
    shown = page.locator("dialog.code .address").inner_text()
    found = zxingcpp.read_barcode(Image.open(io.BytesIO(modules.screenshot())).convert("L"))
    assert found is not None and found.text == shown
    query = parse_qs(urlsplit(found.text).query)
    assert query["slide"] == ["2"] and query["dataset"] == ["moons"] and query["present"] == ["1"]
    page.keyboard.press("Escape")
    expect(page.locator("dialog.code")).to_be_hidden()
    on_slide(page, 2)


def test_the_talk_turns_its_slides(page: Page, app: str) -> None:
    page.goto(f"{app}/talk?present=1")
    expect(page.get_by_role("heading", name="From perceptron to Transformer")).to_be_visible(timeout=FIRST)
    expect(page.locator(PLACE)).to_have_text(re.compile("^1 / "), timeout=FIRST)
    page.keyboard.press("PageDown")
    expect(page.get_by_role("heading", name="One line is not enough")).to_be_visible(timeout=FIRST)
    expect(page.locator(".stage[data-draws]").first).to_be_visible(timeout=FIRST)
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", name="A layer in between bends the line")).to_be_visible(timeout=FIRST)
    assert parse_qs(urlsplit(page.url).query)["slide"] == ["3"]
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Do not take my word for it")).to_be_visible(timeout=FIRST)
