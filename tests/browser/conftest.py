"""A running app with a store of its own, and one Chromium, for the tests that use the app as a person does."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.chromium import FLAGS, chromium

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def serving(script: str, log: Path, **environment: str) -> Iterator[str]:
    """Run a Streamlit script of this project on a free port, as the README does; yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port)]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    with log.open("w") as text:
        server = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=text, stderr=text)
        try:
            _until_healthy(f"http://127.0.0.1:{port}/_stcore/health")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=20)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the app with an empty store and return its address."""
    data, log = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("log") / "app.log"
    with serving("streamlit_app.py", log, ROAD_DATA_DIR=str(data), ROAD_AWAY_SECONDS="30") as address:
        yield address


def _until_healthy(address: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(address, timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(address)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return one Chromium for the tests of a file."""
    path = chromium()
    if path is None:
        pytest.skip("no Chromium on this machine; python -m tests.browser.install says why")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield started
        started.close()


class Watched:
    """What a page did that it should not: errors on the console, requests to other machines."""

    def __init__(self, page: Page, app: str) -> None:
        self.errors: list[str] = []
        self.strangers: list[str] = []
        page.on("console", lambda message: self._hear(message.type, message.text, message.location.get("url", "")))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._meet(request.url, app))

    def _hear(self, kind: str, text: str, address: str) -> None:
        # Streamlit itself asks for these under the page's path first, and finds them at the root then.
        if kind == "error" and "/_stcore/" not in address:
            self.errors.append(f"{text} {address}")

    def _meet(self, address: str, app: str) -> None:
        if not address.startswith((app, "data:", "blob:", "ws://127.0.0.1")):
            self.strangers.append(address)


@pytest.fixture
def page(browser: Browser, app: str) -> Iterator[Page]:
    """Return a page at 1440 x 900; fails on console errors and on any request that leaves the machine."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    watched = Watched(page, app)
    yield page
    context.close()
    assert watched.errors == []
    assert watched.strangers == []
