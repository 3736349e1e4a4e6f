"""Pages run in Streamlit's own test frame, with a real engine and a store of their own."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest, local_script_runner

from models.configs import CONFIGS
from models.presets import FAILURES

ROOT = Path(__file__).resolve().parents[2]


def until_stopped(runner: Any, timeout: float = 3) -> None:
    """Wait for a script as Streamlit's own function does, but ask every 20 ms: each question stops the script."""
    until = time.monotonic() + timeout
    while not runner.script_stopped():
        time.sleep(0.02)
        if time.monotonic() > until:
            runner.request_stop()
            runner.join()
            raise RuntimeError(f"The page was not drawn within {timeout} s.")


@pytest.fixture(scope="session", autouse=True)
def patient() -> Iterator[None]:
    """Let the pages be drawn without being asked a thousand times a second whether they are done."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_script_runner, "require_widgets_deltas", until_stopped)
        yield


@pytest.fixture(scope="module", autouse=True)
def own_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give the app an empty data folder, and end its engine afterwards."""
    from lab import session

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROAD_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        st.cache_resource.clear()
        yield
        session.engine().close()
        st.cache_resource.clear()


def open_page(slug: str, *, whole: bool = True, **query: str) -> AppTest:
    """Return a page as opened with this address; slug "" is home. whole: with the sections below the first screen."""
    page = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    if slug:
        page.switch_page(f"pages/{slug}.py")
    for name, value in query.items():
        page.query_params[name] = value
    page.run()
    return page.run() if slug and whole else page  # the first run draws the first screen, the second all


def every_failure_and_repair_is_one_click(slug: str) -> None:
    """Click all failures of a page and their repairs, one after the other: each is shown from its stored run."""
    page = open_page(slug)
    for place, failure in enumerate(FAILURES[slug]):
        kinds: dict[str, dict[str, Any]] = {"fails": dict(failure.settings)}
        if failure.repair:
            kinds["repaired"] = {**failure.settings, **failure.repair}
        for kind, settings in kinds.items():
            page.button(key=f"{slug}:{kind}:{place}").click().run()
            assert not page.exception, f"{failure.title}, {kind}"
            run = page.session_state[f"{slug}:shown"]
            assert run.origin == "example", f"{failure.title}, {kind}"
            wanted = CONFIGS[slug](**settings).model_dump(mode="json")
            assert dict(run.config) == wanted, f"{failure.title}, {kind}"
