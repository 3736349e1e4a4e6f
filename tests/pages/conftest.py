"""Pages run in Streamlit's own test frame, with a real engine and a store of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]


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
