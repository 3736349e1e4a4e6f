"""The first picture of a network that was just set, drawn by a process that is awake, before its own is built.

A run's own process needs about half a second until its first picture: TensorFlow has to be set up in it. The process of
a shipped example has that behind it, and answers for any settings of its family in a fraction of the time.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import streamlit as st

from lab import session
from lab.engine.messages import FIRST_PICTURE
from lab.shown_run import ShownRun
from models.configs import CONFIGS


def keeper(family: str) -> str:
    """Return a shipped run whose process answers questions about any settings, "" if there is none.

    Asked once it stays awake for a while, whatever the visitors set.
    """
    shipped = [one for one in session.store().list(family) if one.example]
    default = CONFIGS[family]().digest()
    return next((one.run_id for one in sorted(shipped, key=lambda one: one.digest != default)), "")


@contextmanager
def waiting() -> Iterator[None]:
    """Say why an answer takes longer than usual, where it does: for the first seconds of a server.

    The place is there in any case: with one element more or less the browser would build all that follows anew.
    """
    place = st.empty()
    if session.device_badge()[0] != session.UNKNOWN:
        yield
        return
    with place, st.spinner("TensorFlow is being loaded; the numbers follow."):
        yield


def fill(run: ShownRun) -> None:
    """Give a run that is about to be prepared what it will show before its first step, if that can be said now."""
    source = keeper(run.family)
    if not source or session.device_badge()[0] == session.UNKNOWN:  # TensorFlow is still being loaded
        return
    try:
        found = _asked(source, json.dumps(run.config, sort_keys=True))
    except (ValueError, OSError, EOFError):
        return  # its own process will say what is wrong
    told = json.loads(str(found["told"][0]))
    run.facts, run.rows = told["facts"], [told["row"]]
    run.scene, run.moments = _part(found, "scene."), [(int(told["row"]["step"]), _part(found, "view."))]


@st.cache_data(max_entries=100, show_spinner=False)
def _asked(_source: str, settings: str) -> Mapping[str, Any]:
    """Return the arrays; they depend on the settings alone, so the run that is asked is no part of them."""
    return session.engine().ask(_source, {"settings": json.loads(settings), **FIRST_PICTURE})


def _part(arrays: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
