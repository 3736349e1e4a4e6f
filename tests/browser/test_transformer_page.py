"""The Transformer page as a person uses it: type, look, click a cell, cut a head; held to a GPT-2 in plain NumPy."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import serving
from tests.browser.gpt2_oracle import Oracle
from tests.browser.test_accessibility import findings

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
FIRST = 45_000
TINY = Path(__file__).resolve().parents[1] / "data" / "tiny-gpt2"
TEXT = "the cat sat on the mat"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the app with a tiny GPT-2 among its local models."""
    data, log = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("log") / "app.log"
    shutil.copytree(TINY, data / "models" / "tiny-gpt2")
    with serving("streamlit_app.py", log, ROAD_DATA_DIR=str(data), ROAD_AWAY_SECONDS="30") as address:
        yield address


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    """Return the same network in NumPy."""
    return Oracle(TINY)


def opened(page: Page, app: str) -> None:
    """Open the page and let the tiny network read our text."""
    page.goto(f"{app}/transformer")
    page.get_by_role("radio", name="tiny-gpt2").first.click(timeout=FIRST)
    expect(page.get_by_text("tiny-gpt2. A folder of this machine.").first).to_be_visible(timeout=FIRST)
    field = page.get_by_label("Text", exact=True)
    expect(field).to_have_value(re.compile("bank"), timeout=FIRST)
    field.fill(TEXT)
    field.press("Enter")
    oracle = Oracle(TINY)
    pieces = [oracle.text(token).strip() or "␣" for token in oracle.ids(TEXT)]
    expect(page.locator(".reader .token bdi")).to_have_text(pieces, timeout=FIRST)


def number(text: str) -> float:
    return float(text.replace("−", "-").replace("(", "").replace(")", "").replace("%", "").strip())


def test_type_look_and_do_the_arithmetic_of_a_cell_again(page: Page, app: str, oracle: Oracle) -> None:
    opened(page, app)
    ids, passed = oracle.ids(TEXT), oracle.passed(TEXT)
    tokens = page.locator(".reader .token bdi").all_inner_texts()
    assert len(tokens) == len(ids)
    page.locator(".reader .picker select").nth(0).select_option("1")
    page.locator(".reader .picker select").nth(1).select_option("2")
    told = page.locator(".pane-lines .readout").inner_text()
    weights = passed.attention[1, 2, -1]
    best = int(np.argmax(weights))
    assert f"({best + 1}) {weights[best]:.2f}" in told

    page.get_by_role("tab", name="The whole way").click()
    page.get_by_role("tab", name=re.compile("^Queries")).click()
    canvas = page.locator(".pane-way .map canvas")
    canvas.focus()
    for key in ("ArrowUp", "ArrowRight", "ArrowRight"):  # from the last row, first column
        canvas.press(key)
    terms = page.locator(".pane-way .terms tr")
    expect(terms.last).to_contain_text("sum", timeout=20_000)
    row, unit = len(ids) - 2, 2
    assert number(terms.last.locator("td").last.inner_text()) == pytest.approx(
        passed.queries[1, 2, row, unit], rel=5e-3
    )
    width, size = oracle.settings["n_embd"], oracle.settings["n_embd"] // oracle.settings["n_head"]
    column = oracle.weights["h.1.attn.c_attn.weight"][:, 2 * size + unit]
    products = passed.normalized[1, row] * column
    assert len(products) == width
    largest = number(terms.first.locator("td").last.inner_text())
    assert largest == pytest.approx(products[np.argmax(np.abs(products))], rel=6e-3)

    page.get_by_role("tab", name=re.compile("^Softmax")).click()
    shown = page.locator(".pane-way .cell .result").inner_text()
    assert number(shown.rsplit(":", 1)[1]) == pytest.approx(passed.attention[1, 2, -1, -2], rel=6e-3)


def test_a_cut_head_changes_what_comes_next(page: Page, app: str, oracle: Oracle) -> None:
    opened(page, app)
    before, after = oracle.passed(TEXT), oracle.passed(TEXT, cut=(0, 3))
    page.locator(".reader .picker select").nth(0).select_option("0")
    page.locator(".reader .picker select").nth(1).select_option("3")
    first = page.locator(".side .bars .number")
    assert number(first.first.inner_text()) == pytest.approx(100 * before.probabilities[-1].max(), abs=0.51)
    page.get_by_role("button", name="Cut this head").click()
    expect(page.get_by_text("The marks show the network before the cut.")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("button", name="Undo: layer 1, head 4 cut")).to_be_visible()
    shown = [number(text) for text in first.all_inner_texts() if text != "less"]
    share = 100 * np.sort(after.probabilities[-1])[::-1]
    assert max(shown) == pytest.approx(share[0], abs=0.51)
    best = int(np.argmax(before.probabilities[-1]))
    expect(page.get_by_text(f"had {before.probabilities[-1, best]:.1%} and now has").first).to_be_visible()
    page.get_by_role("button", name="Undo: layer 1, head 4 cut").click()
    expect(page.get_by_text("Nothing is cut yet")).to_be_visible(timeout=20_000)


def test_any_text_gets_a_picture_or_a_sentence(page: Page, app: str) -> None:
    opened(page, app)
    field = page.get_by_label("Text", exact=True)
    answered = page.locator("[data-testid=stAlert]").or_(page.locator(".reader[data-draws]"))
    for text in ("", "a", "\U0001f642\U0001f643", "مرحبا بالعالم", "x" * 900, "\x00<script>alert(1)</script>"):
        field.fill(text)
        field.press("Enter")
        page.wait_for_timeout(700)
        expect(answered.first).to_be_visible(timeout=20_000)
        expect(page.locator("[data-testid=stException]")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize(
    ("scheme", "views"),
    [("light", ("Lines", "All heads", "The whole way")), ("dark", ("Heat map", "Layer by layer", "The whole way"))],
)
def test_axe_finds_nothing_in_any_view(page: Page, app: str, scheme: str, views: tuple[str, ...]) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    opened(page, app)
    found = []
    for name in views:
        page.get_by_role("tab", name=name, exact=True).click()
        page.wait_for_timeout(150)
        found += [f"{name}: {one}" for one in findings(page)]
    assert found == [], "\n".join(found)


def test_on_a_phone_the_views_stack(page: Page, app: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, app)
    for name in ("Heat map", "All heads", "Query × key", "Layer by layer", "The whole way"):
        page.get_by_role("tab", name=name, exact=True).click()
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
