"""Every page for those who do not see, do not use a mouse, or do not bear motion.

axe has no findings of any severity on any page but those that Streamlit's own elements cause; whoever asks for less
motion gets none; whatever the keyboard reaches shows that it is there.
"""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from lab.catalog import STOPS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

FIRST = 120_000  # the engine imports TensorFlow once per server
LAST = "Take it home"  # the section that the page of a family ends with
STILL = 8  # looks, a tenth of a second apart, at which a page that is drawn is the same
FAMILIES = [stop.slug for stop in STOPS if stop.origin]
OTHERS = ["", *(stop.slug for stop in STOPS if not stop.origin)]
DARK = ("", "mlp", "architecture_fit")  # the Transformer page in its own file, view by view

# (rule, how the element's HTML begins): what Streamlit's own elements cause and nothing of ours can mend. The same list
# with the reasons stands in docs/decisions.md.
STREAMLITS_OWN: tuple[tuple[str, str], ...] = ()

SIZE = """() => [document.querySelectorAll('*').length, document.querySelectorAll('[data-stale=true]').length,
  document.querySelector('[data-testid=stMain]').scrollHeight,
  document.querySelector('[data-testid=stStatusWidget]') ? performance.now() : 0].join()"""

# Every element, those of our components in their shadow roots, too.
ALL = """const all = []; const walk = root => { for (const one of root.querySelectorAll('*')) {
  all.push(one); if (one.shadowRoot) walk(one.shadowRoot); } }; walk(document);"""

MOVING = f"""() => {{ {ALL} return all.filter(one => {{ const style = getComputedStyle(one);
  return style.animationName !== 'none' || style.transitionDuration.split(', ').some(time => parseFloat(time) > 0); }})
  .map(one => one.outerHTML.slice(0, 160)); }}"""

# What of an element's look, its parents' and its children's may say that it has the focus.
UNSEEN = f"""() => {{ {ALL}
  const reached = all.filter(one => one.getClientRects().length && one.matches(
    'a[href], button:enabled, input:enabled, select:enabled, textarea:enabled, summary, [tabindex="0"]'));
  const told = style => [style.outlineStyle, style.outlineWidth, style.boxShadow, style.borderColor, style.opacity,
    style.backgroundColor, style.visibility].join();
  const look = one => {{ const seen = [...one.children].slice(0, 6).map(child => told(getComputedStyle(child)));
    for (let node = one, up = 0; node && up < 5; up++, node = node.parentElement || node.getRootNode().host)
      seen.push(told(getComputedStyle(node)), told(getComputedStyle(node, '::after')));
    return seen.join(); }};
  const unseen = []; let count = 0;
  for (const one of reached) {{
    document.activeElement?.shadowRoot?.activeElement?.blur(); document.activeElement?.blur();
    const before = look(one); one.focus({{ preventScroll: true }});
    if (one.getRootNode().activeElement !== one) continue;
    count += 1; if (look(one) === before) unseen.push(one.outerHTML.slice(0, 160)); }}
  return [count, unseen]; }}"""


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    """Return one tab for all pages: what they share is loaded once."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    yield context.new_page()
    context.close()


def opened(page: Page, address: str, slug: str) -> None:
    """Open a page and wait until all of it is drawn and stands still."""
    page.goto(f"{address}/{slug}")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=FIRST)
    if slug in FAMILIES:
        expect(page.get_by_role("heading", name=LAST, exact=True)).to_be_attached(timeout=FIRST)
    before, stood = "", 0
    for _ in range(600):
        page.wait_for_timeout(100)
        now = str(page.evaluate(SIZE))
        before, stood = now, stood + 1 if now == before else 0
        if stood == STILL:
            return
    raise TimeoutError(f"/{slug} does not come to rest")


def findings(page: Page) -> list[str]:
    """Return what axe finds, a line for each element, without what is Streamlit's own."""
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:200]} {node['failureSummary'][:300]}"
        for one in Axe().run(page).response["violations"]
        for node in one["nodes"]
        if not any(one["id"] == rule and node["html"].startswith(start) for rule, start in STREAMLITS_OWN)
    ]


@pytest.mark.parametrize("slug", [*OTHERS, *FAMILIES])
def test_axe_finds_nothing_on_any_page(tab: Page, app: str, slug: str) -> None:
    tab.emulate_media(color_scheme="light")
    opened(tab, app, slug)
    assert findings(tab) == []
    assert tab.evaluate(MOVING) == []


@pytest.mark.parametrize("slug", DARK)
def test_axe_finds_nothing_in_the_dark(tab: Page, app: str, slug: str) -> None:
    tab.emulate_media(color_scheme="dark")
    opened(tab, app, slug)
    assert findings(tab) == []


@pytest.mark.parametrize("slug", ["", "mlp"])
def test_what_has_the_focus_shows_it(tab: Page, app: str, slug: str) -> None:
    opened(tab, app, slug)
    tab.keyboard.press("Tab")  # from now on the browser takes the keyboard for what moves the focus
    count, unseen = tab.evaluate(UNSEEN)
    assert count > 20 and unseen == []


def test_slides_turn_without_motion(tab: Page, app: str) -> None:
    tab.goto(f"{app}/mlp?present=1")
    expect(tab.locator(".bar .place")).to_be_visible(timeout=FIRST)
    assert tab.evaluate(MOVING) == []
