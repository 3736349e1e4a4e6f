"""What one visitor and all visitors share: the engine, the store of runs, and who is who."""

import logging
from dataclasses import replace
from uuid import uuid4

import streamlit as st

from lab.engine.client import EngineClient
from lab.run_files import CorruptRun, UnknownRun
from lab.runs import RunStore
from lab.shown_run import ShownRun
from lab.storage import examples_folder, runs_folder

UNKNOWN = "…"
log = logging.getLogger("lab")


@st.cache_resource(show_spinner=False)
def engine() -> EngineClient:
    """Return the one engine of this web process; it starts with the first use."""
    return EngineClient()


@st.cache_resource(show_spinner=False)
def store() -> RunStore:
    """Return the store of finished runs, the shipped examples behind it."""
    return RunStore(runs_folder(), examples=examples_folder())


def owner(part: str = "") -> str:
    """Return a name for this browser session; the engine hears when its tab is closed.

    part: of a page that has several runs at once; the engine gives one run to each owner.
    """
    name: str = st.session_state.setdefault("owner", uuid4().hex) + (f" {part}" if part else "")
    _presence(name)
    return name


def _left(name: str) -> None:
    try:
        engine().release(name)
    except (OSError, EOFError):
        log.info("the engine was gone before a session was released")


@st.cache_resource(scope="session", on_release=_left, show_spinner=False)
def _presence(name: str) -> str:
    return name


def stored_run(run_id: str, origin: str = "") -> ShownRun | None:
    """Open a run of the store; None where there is none, or where it cannot be read."""
    try:
        run = _opened(run_id)
    except (UnknownRun, CorruptRun) as error:
        log.warning("%s", error)
        return None
    return replace(run, origin=origin or run.origin)  # a copy: the cached one is shared by all visitors


@st.cache_resource(max_entries=12, show_spinner=False)
def _opened(run_id: str) -> ShownRun:
    return ShownRun.from_record(store().open(run_id))


def device_badge() -> tuple[str, str]:
    """Return a short text and a long one on what trains: ("CPU", "AMD EPYC"); "..." while TensorFlow is loading."""
    device = engine().device()
    return device.get("kind", UNKNOWN), device.get("name", "TensorFlow is loading")
