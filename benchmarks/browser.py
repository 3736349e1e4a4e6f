"""`python -m benchmarks browser`: what a person feels, measured in a real Chromium, all figures from one run.

Each figure is a ratio to something measured beside it, or a time with its target; the machine's load at the time moves
both sides. The app is started with its own command, on a free port, with an empty store.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.chromium import FLAGS, chromium
from lab.catalog import STOPS
from lab.runs import RunStore

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Figure:
    """One measured figure. unit: "s", "x", "/s" or "MB"; holds: whether it reaches its target."""

    name: str
    value: float
    unit: str
    target: str
    holds: bool
    detail: str = ""


# ---- servers and pages ----


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(*command: str) -> Iterator[tuple[str, int, Path]]:
    """Run a Streamlit server for the time of the block; yield its address, process id and data folder."""
    port = free_port()
    with tempfile.TemporaryDirectory() as data:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", *command, "--server.port", str(port), "--server.headless", "true"],
            cwd=ROOT,
            env={**os.environ, "ROAD_DATA_DIR": data},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(lambda: _listens(port), 60, "the server")
            yield f"http://127.0.0.1:{port}", process.pid, Path(data)
        finally:
            process.terminate()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition: Callable[[], Any], seconds: float, what: str) -> None:
    """Wait until a condition holds. Raises TimeoutError."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"{what} did not come within {seconds} s")
        time.sleep(0.02)


def opened(browser: Browser, address: str, **options: Any) -> Page:
    """Open an address in a context of its own."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}, **options).new_page()
    page.goto(address)
    return page


def draws(page: Page) -> int:
    """Return how many pictures the stage has painted."""
    return int(page.locator(".stage").first.get_attribute("data-draws") or 0)


def until_prepared(page: Page) -> None:
    """Wait until a compiled network waits for Train."""
    page.get_by_text("Untrained. The weights").wait_for(timeout=120_000)


def train(page: Page) -> None:
    """Click on Train."""
    page.get_by_role("button", name="Train", exact=True).click()


def total_pss(pid: int) -> tuple[float, float]:
    """Return the memory of the web process, and of it with all its descendants, as PSS in megabytes."""
    web = psutil.Process(pid)
    sizes = [process.memory_full_info().pss / 1e6 for process in [web, *web.children(recursive=True)]]
    return sizes[0], sum(sizes)


# ---- figures ----


def opening(browser: Browser, app: str, hello: str, rounds: int) -> Iterator[Figure]:
    """Measure the time from the address to the first picture, against Streamlit's own first page, in turn."""
    paths = ["", *(stop.slug for stop in STOPS if stop.built)]
    times: dict[str, list[float]] = {path: [] for path in [*paths, "hello"]}
    for _ in range(rounds + 1):  # the first round warms both servers and does not count
        times["hello"].append(_first(browser, hello, "firstHeading"))
        for path in paths:
            times[path].append(_first(browser, f"{app}/{path}", "firstPicture" if path else "firstHeading"))
    floor = statistics.median(times["hello"][1:])
    for path in paths:
        median = statistics.median(times[path][1:])
        detail = f"{median:.2f} s against {floor:.2f} s"
        yield Figure(
            f"open /{path} against streamlit hello", median / floor, "x", "<= 1.5", median <= 1.5 * floor, detail
        )


# Resolves with the milliseconds from the navigation to the first picture of the stage, or to the first heading.
FIRST_PICTURE = """
  window.firstPicture = new Promise(resolve => new PerformanceObserver(list => {
    for (const one of list.getEntriesByName('stage:first-picture')) resolve(one.startTime);
  }).observe({ entryTypes: ['mark'] }));
  window.firstHeading = new Promise(resolve => new MutationObserver((_, observer) => {
    if (!document.querySelector('h1')) return;
    observer.disconnect();
    requestAnimationFrame(() => resolve(performance.now()));
  }).observe(document, { childList: true, subtree: true }));
"""


def _first(browser: Browser, address: str, event: str) -> float:
    """Return the seconds until the event; measured in the page, since a poll from outside sees it up to 0.5 s late."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(FIRST_PICTURE)
    page = context.new_page()
    page.goto(address, wait_until="commit")
    milliseconds = float(page.evaluate(f"window.{event}"))
    context.close()
    return milliseconds / 1000


# Finds an element through open shadow roots.
FIND = """
  const find = (selector, root = document) => { for (const one of root.querySelectorAll('*')) {
      if (one.matches(selector)) return one;
      if (one.shadowRoot) { const inner = find(selector, one.shadowRoot); if (inner) return inner; } }
    return null; };
"""
# The stage that has painted; `stepOf` reads the step that its label shows.
FIND_STAGE = (
    FIND
    + """
  const stage = find('.stage[data-draws]');
  const stepOf = () => Number((stage.textContent.match(/step ([\\d,]+)/g) || ['0']).pop().replace(/\\D/g, ''));
"""
)


def first_picture(browser: Browser, app: str, rounds: int) -> Iterator[Figure]:
    """Measure the time from the click on Train to the first picture of a training step, the page open for 3 s."""
    times = []
    for seed in range(rounds):
        page = opened(
            browser, f"{app}/mlp?dataset=circle&layers=2&units=8&activation=tanh&epochs=100&seed={100 + seed}"
        )
        until_prepared(page)
        time.sleep(3)
        times.append(float(page.evaluate(f"""() => new Promise(resolve => {{ {FIND_STAGE}
            const button = [...document.querySelectorAll('button')].find(one => one.innerText.trim() === 'Train');
            const start = performance.now();
            const look = () => stepOf() > 0 ? resolve((performance.now() - start) / 1000) : requestAnimationFrame(look);
            button.click(); look(); }})""")))  # fmt: skip
        page.context.close()
    median = statistics.median(times)
    spread = f"{min(times):.2f} to {max(times):.2f} s over {len(times)} rounds"
    yield Figure("Train click to first new picture", median, "s", "<= 0.6", median <= 0.6, spread)


def live_updates(browser: Browser, app: str) -> Iterator[Figure]:
    """Count the pictures a second while a network trains, the blank frames, and whether the canvases stay."""
    page = opened(browser, f"{app}/mlp?dataset=spiral&layers=2&units=8&activation=tanh&epochs=2000&seed=7")
    until_prepared(page)
    train(page)
    page.wait_for_timeout(1000)
    seen = page.evaluate(f"""() => new Promise(resolve => {{ {FIND_STAGE}
        const canvases = [...stage.querySelectorAll('.picture canvas')], first = Number(stage.dataset.draws);
        const bandOf = canvas => canvas.getContext('2d').getImageData(0, canvas.height >> 1, canvas.width, 8).data;
        const blank = canvas => {{ const band = bandOf(canvas);
          for (let k = 3; k < band.length; k += 4) if (band[k]) return false; return true; }};
        const start = performance.now(); let frames = 0, blanks = 0;
        const look = () => {{ frames += 1; if (canvases.some(blank)) blanks += 1;
          const seconds = (performance.now() - start) / 1000;
          if (seconds < 4) return requestAnimationFrame(look);
          const kept = [...stage.querySelectorAll('.picture canvas')].every((one, k) => one === canvases[k]);
          resolve({{ rate: (Number(stage.dataset.draws) - first) / seconds, frames, blanks, kept }}); }};
        look(); }})""")
    page.context.close()
    detail = f"{seen['blanks']} blank of {seen['frames']} frames, canvases kept: {seen['kept']}"
    holds = seen["rate"] >= 6 and seen["blanks"] == 0 and seen["kept"]
    yield Figure("live updates while training", float(seen["rate"]), "/s", ">= 6", bool(holds), detail)


def scrubbing(browser: Browser, app: str) -> Iterator[Figure]:
    """Count the pictures a second while the slider of a finished run moves to and fro."""
    page = opened(
        browser, f"{app}/mlp?dataset=spiral&layers=2&units=16&activation=tanh&learning_rate=0.03&epochs=300&noise=0.05"
    )
    page.locator(".stage[data-draws] input[type=range]").first.wait_for(timeout=60_000)
    page.wait_for_timeout(1500)
    rate = page.evaluate(f"""() => new Promise(resolve => {{ {FIND_STAGE}
        const slider = stage.querySelector('input[type=range]'), first = Number(stage.dataset.draws);
        const most = Number(slider.max), start = performance.now(); let place = 0, way = 1;
        const move = () => {{ place += way; if (place >= most || place <= 0) way = -way;
          slider.value = place; slider.dispatchEvent(new Event('input', {{ bubbles: true }}));
          const seconds = (performance.now() - start) / 1000;
          if (seconds < 3) return requestAnimationFrame(move);
          resolve((Number(stage.dataset.draws) - first) / seconds); }};
        move(); }})""")
    page.context.close()
    yield Figure("scrubbing a finished run", float(rate), "/s", ">= 30", rate >= 30)


LONG = "dataset=digits&layers=3&units=128&epochs=1000"  # some seconds, so that the start does not count for much


def live_speed(browser: Browser, app: str, data: Path, rounds: int) -> Iterator[Figure]:
    """Compare steps per second at full speed with a page that watches and without a browser, in turn."""
    watched, alone = [], []
    for seed in range(rounds):
        watched.append(_watched_speed(browser, app, data, seed))
        alone.append(_speed_alone(seed))
    ratio = statistics.median(w / a for w, a in zip(watched, alone, strict=True))
    detail = f"{statistics.median(watched):,.0f} against {statistics.median(alone):,.0f} steps/s"
    yield Figure("live training against none watching", ratio, "x", ">= 0.85", ratio >= 0.85, detail)


def _watched_speed(browser: Browser, app: str, data: Path, seed: int) -> float:
    page = opened(browser, f"{app}/mlp?{LONG}&seed={seed}")
    until_prepared(page)
    page.get_by_role("radio", name="Full speed").click()
    page.wait_for_timeout(1000)
    train(page)
    page.get_by_text("Trained: step").wait_for(timeout=180_000)
    run_id = page.evaluate("new URLSearchParams(location.search).get('run')")
    page.context.close()
    return _steps_per_second(RunStore(data / "runs").open(run_id).metrics)


def _speed_alone(seed: int) -> float:
    settings = f"{LONG}&seed={seed}".split("&")
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = [sys.executable, "-m", "lab", "train", "mlp", *settings, "--no-store", "--json", file.name]
        subprocess.run(command, cwd=ROOT, check=True, stderr=subprocess.DEVNULL)
        return _steps_per_second(json.loads(Path(file.name).read_text(encoding="utf-8"))["history"])


def _steps_per_second(rows: list[dict[str, Any]]) -> float:
    return float(rows[-1]["step"]) / float(rows[-1]["seconds"])


def slider_response(browser: Browser, app: str, moves: int) -> Iterator[Figure]:
    """Compare how long the app takes to follow a slider, with nothing running and while a run trains."""
    address = f"{app}/mlp?dataset=spiral&layers=2&activation=tanh&epochs=2000&units=20&seed=3"
    idle = _moves(browser, address, moves, training=False)
    busy = _moves(browser, address, moves, training=True)
    ratio = busy / idle
    yield Figure("slider while training, p95", ratio, "x", "<= 2", ratio <= 2, f"{busy:.2f} s against {idle:.2f} s")


def _moves(browser: Browser, address: str, moves: int, training: bool) -> float:
    page = opened(browser, address)
    until_prepared(page)
    if training:
        page.get_by_text("Slow", exact=True).click()
        train(page)
        page.get_by_text("Training: step").wait_for()
    handle = page.get_by_role("slider", name="Units per layer")
    times = []
    for move in range(moves):
        before = page.evaluate("location.search")
        handle.press("ArrowRight" if move % 2 == 0 else "ArrowLeft")
        started = time.perf_counter()
        page.wait_for_function("before => location.search !== before", arg=before, timeout=30_000)
        times.append(time.perf_counter() - started)
        page.wait_for_timeout(400)
    page.context.close()
    return statistics.quantiles(times, n=20)[18]


# Resolves with the seconds from the click on `name` (a button's test id) until the text of the graph is another one.
CLICK_TO_CHANGE = (
    """([selector, graph]) => new Promise(resolve => {"""
    + FIND
    + """
  const text = () => (find(graph) || {}).innerText, before = text(), start = performance.now();
  const look = () => { const seconds = (performance.now() - start) / 1000;
    return text() !== before || seconds > 10 ? resolve(seconds) : requestAnimationFrame(look); };
  document.querySelector(selector).click(); look(); })"""
)


CHANGES = {  # page, slider, and the seconds in which the picture of another setting should stand
    "backpropagation, another size": ("backpropagation", "Units per layer", 0.3),
    "gradient flow, another depth": ("gradient_flow", "Depth", 0.3),
    "CNN, other filters": ("cnn", "Filters", 0.5),
    "autoencoder, another bottleneck": ("autoencoder", "Bottleneck", 0.5),
    "GAN, other noise": ("gan", "Noise numbers", 0.5),
}


def answers(browser: Browser, app: str, moves: int) -> Iterator[Figure]:
    """Measure how soon pages show what a changed control means, once warm."""
    times = {"backpropagation, another example": (0.3, _graph_answers(browser, app, moves))}
    for name, (path, slider, most) in CHANGES.items():
        times[name] = (most, _stage_answers(browser, f"{app}/{path}", slider, moves))
    for name, (most, seconds) in times.items():
        median = statistics.median(seconds)
        spread = f"{min(seconds):.2f} to {max(seconds):.2f} s over {len(seconds)} changes"
        yield Figure(f"{name}: new picture", median, "s", f"<= {most}", median <= most, spread)


def _graph_answers(browser: Browser, app: str, moves: int) -> list[float]:
    page = opened(browser, f"{app}/backpropagation")
    page.locator(".walk").wait_for(timeout=120_000)
    page.wait_for_timeout(5000)
    up = "[data-testid=stNumberInputStepUp]"
    times = []
    for _ in range(moves + 2):
        times.append(float(page.evaluate(CLICK_TO_CHANGE, [up, ".view"])))
        page.wait_for_timeout(700)
    page.context.close()
    return times[2:]  # the first ones compile


def _stage_answers(browser: Browser, address: str, slider: str, moves: int) -> list[float]:
    page = opened(browser, address)
    page.locator(".stage[data-draws]").first.wait_for(timeout=120_000)
    page.wait_for_timeout(5000)
    handle = page.get_by_role("slider", name=slider).first
    times = []
    for move in range(moves + 2):
        page.evaluate(WAIT_FOR_DRAW)
        handle.press("ArrowRight" if move % 2 == 0 else "ArrowLeft")
        times.append(float(page.evaluate("window.drawn")))
        page.wait_for_timeout(1500)
    page.context.close()
    return times[2:]  # the first ones wake the process that answers


# Times the next picture of the stage, from the next key that is pressed; after 10 s nothing more is expected.
WAIT_FOR_DRAW = f"""() => {{ {FIND_STAGE}
  window.drawn = new Promise(resolve => addEventListener('keydown', () => {{
    const start = performance.now(), first = stage.dataset.draws;
    const look = () => {{
      const seconds = (performance.now() - start) / 1000, now = find('.stage[data-draws]');
      return (now && now.dataset.draws !== first) || seconds > 10 ? resolve(seconds) : requestAnimationFrame(look); }};
    look(); }}, {{ once: true, capture: true }})); }}"""


def memory(browser: Browser, app: str, pid: int) -> Iterator[Figure]:
    """Measure the memory after opening every page and training once."""
    for stop in STOPS:
        if stop.built:
            page = opened(browser, f"{app}/{stop.slug}")
            page.locator(".stage[data-draws]").first.wait_for(timeout=120_000)
            page.context.close()
    page = opened(browser, f"{app}/mlp?seed=4321&epochs=20")
    until_prepared(page)
    train(page)
    page.get_by_text("Trained: step").wait_for(timeout=120_000)
    web, everything = total_pss(pid)
    page.context.close()
    yield Figure("web process after every page and one training", web, "MB", "<= 250", web <= 250, "PSS")
    yield Figure(
        "all processes after every page and one training", everything, "MB", "<= 900", everything <= 900, "PSS"
    )


# ---- the command ----


def measure(rounds: int) -> Iterator[Figure]:
    """Yield all figures, one server for all of them but the memory, which gets a fresh one."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        with serving("run", "streamlit_app.py") as (app, pid, _):
            yield from memory(browser, app, pid)
        with serving("run", "streamlit_app.py") as (app, _, data):
            with serving("hello") as (hello, _, _):
                yield from opening(browser, app, hello, rounds)
            yield from first_picture(browser, app, rounds)
            yield from live_updates(browser, app)
            yield from scrubbing(browser, app)
            yield from slider_response(browser, app, 4 * rounds)
            yield from answers(browser, app, 4 * rounds)
            yield from live_speed(browser, app, data, max(2, rounds // 2))
        browser.close()


def main(arguments: list[str]) -> int:
    """Print the figures as they come; exit status 1 if one misses its target."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks browser", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args(arguments)
    figures = []
    for figure in measure(chosen.rounds):
        figures.append(figure)
        verdict = "holds" if figure.holds else "MISSES"
        print(
            f"{figure.name:52} {figure.value:8.2f} {figure.unit:3} {figure.target:8} {verdict:7} {figure.detail}",
            flush=True,
        )
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(figure) for figure in figures], indent=1) + "\n", encoding="utf-8")
    return 0 if all(figure.holds for figure in figures) else 1
