"""The matrix as a person uses it: a click on a cell opens it, the keyboard reaches the same, and all is readable."""

import pytest
from playwright.sync_api import Page, expect

from lab.fit_matrix import FAMILIES, FAMILY, TASKS
from tests.browser.test_mlp_page import settled_box

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
FIRST = 45_000


def opened(page: Page, app: str, query: str = "") -> None:
    page.goto(f"{app}/architecture_fit{query}")
    expect(page.get_by_role("heading", name="One cell")).to_be_visible(timeout=FIRST)
    expect(page.get_by_role("heading", name="Why long context decides")).to_be_visible(timeout=FIRST)


def heading(page: Page, task: str, family: str) -> None:
    title = f"{next(one.title for one in TASKS if one.name == task)}: {FAMILY[family].title}"
    expect(page.get_by_text(title, exact=True)).to_be_visible(timeout=FIRST)


def test_a_click_on_a_cell_opens_it(page: Page, app: str) -> None:
    opened(page, app, "?task=wine&family=mlp")
    heading(page, "wine", "mlp")
    pictures = page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg.marks")
    box = settled_box(page, pictures.first)
    last_column, first_row = box["x"] + box["width"] - 30, box["y"] + 40
    page.mouse.click(last_column, first_row)
    heading(page, TASKS[0].name, FAMILIES[-1].name)


def test_the_keyboard_reaches_every_cell(page: Page, app: str) -> None:
    opened(page, app, "?task=wine&family=mlp")
    field = page.get_by_role("combobox", name="Family")
    field.focus()
    page.keyboard.type("Transf")
    page.keyboard.press("Enter")
    heading(page, "wine", "transformer")
