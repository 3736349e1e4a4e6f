"""The computation graph as a person uses it: walk, click a weight, type another number, with the keyboard too."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
READY = 60_000


def opened(page: Page, app: str) -> None:
    page.goto(f"{app}/backpropagation?epochs=3")
    page.get_by_text("Untrained. The weights").wait_for(timeout=READY)
    page.locator(".walk").wait_for(timeout=READY)


def read(page: Page, card: int) -> dict[str, float]:
    """Return the numbers of a card by their sign; of equal signs (∇) the last, without those not known yet."""
    cells = page.locator(".card").nth(card).locator(".sign, .number").all_inner_texts()
    known = [(sign, text) for sign, text in zip(cells[::2], cells[1::2], strict=True) if text != "·"]
    return {sign: float(text.replace("−", "-")) for sign, text in known}


def inputs(page: Page) -> list[float]:
    texts = page.locator(".layer").first.locator(".number").all_inner_texts()
    return [float(text.replace("−", "-")) for text in texts]


def test_the_walk_tells_more_at_every_station_and_a_typed_weight_changes_the_sum(page: Page, app: str) -> None:
    opened(page, app)
    told, unknown = page.locator(".told"), page.locator(".number.unknown")
    page.get_by_label("Station of the walk").focus()
    page.keyboard.press("Home")
    expect(told).to_have_text(re.compile("^Input"))
    left = [unknown.count()]
    for _ in range(8):
        page.keyboard.press("ArrowRight")
        left.append(unknown.count())
    assert left == sorted(left, reverse=True) and len(set(left)) == len(left) and left[-1] == 0
    page.keyboard.press("Home")
    page.get_by_role("button", name="Next", exact=True).click()
    x1, x2 = inputs(page)
    first = read(page, 2)
    assert first["z"] == pytest.approx(first["w₁"] * x1 + first["w₂"] * x2 + first["b"], abs=0.02)

    page.get_by_role("button", name=re.compile("^w¹ 1→1:")).click()
    field = page.get_by_label("w¹ 1→1", exact=True)
    field.fill("2.5")
    field.press("Enter")
    expect(page.locator(".card").nth(2).locator(".number").first).to_have_text("2.5")
    changed = read(page, 2)
    assert changed["z"] == pytest.approx(2.5 * x1 + changed["w₂"] * x2 + changed["b"], abs=0.02)
    expect(told).to_have_text(re.compile("^Forward to hidden 1"))  # a changed number does not end the walk

    field = page.get_by_role("button", name=re.compile("^x2:"))
    field.focus()
    page.keyboard.press("Enter")
    page.get_by_label("x2", exact=True).fill("0")
    page.keyboard.press("Enter")
    expect(field).to_have_text("0")
    expect(page.locator(".editor")).to_have_count(0)
    changed = read(page, 2)
    assert changed["z"] == pytest.approx(2.5 * x1 + changed["b"], abs=0.02)


def test_a_target_that_is_no_class_is_not_taken(page: Page, app: str) -> None:
    opened(page, app)
    target = page.get_by_role("button", name=re.compile("^target y:"))
    before = target.inner_text()
    target.click()
    field = page.get_by_label("target y", exact=True)
    field.fill("7")
    field.press("Enter")
    page.wait_for_timeout(500)
    expect(target).to_have_text(before)
    target.click()
    page.get_by_label("target y", exact=True).fill(str(1 - int(before)))
    page.keyboard.press("Enter")
    expect(target).to_have_text(str(1 - int(before)))


def test_on_a_phone_the_graph_scrolls_by_itself_and_the_page_does_not(page: Page, app: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, app)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    view = page.locator(".view")
    page.get_by_label("Station of the walk").focus()
    page.keyboard.press("Home")
    left = view.evaluate("view => view.scrollLeft")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(200)
    assert view.evaluate("view => view.scrollLeft") > left
