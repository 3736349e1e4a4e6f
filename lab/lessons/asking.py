"""Ask the shown network a question: one way for all lessons, with the reason on the page where there is no answer."""

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

from lab import session
from lab.frame import quiet
from lab.shown_run import ShownRun


def asked(run: ShownRun, question: Mapping[str, Any]) -> Any:
    """Return the view that answers, None where there is no answer; its reason is then on the page."""
    try:
        with st.spinner("Asking the network", show_time=False):
            if run.final:
                return run.viewed(_answer_of_ended(run.run_id, json.dumps(question, sort_keys=True)))
            return run.viewed(session.engine().ask(run.run_id, dict(question)))
    except ValueError as problem:
        quiet(str(problem))
        return None


@st.cache_data(max_entries=120, show_spinner=False)
def _answer_of_ended(run_id: str, question: str) -> Any:
    """Return the arrays of an answer; a run that has ended always answers the same."""
    return session.engine().ask(run_id, json.loads(question))
