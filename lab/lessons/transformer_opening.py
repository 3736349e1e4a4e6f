"""Opening a published model on request: what it costs is said first, then how far it is, and what went wrong."""

import streamlit as st

from lab import session
from lab.frame import quiet
from lab.readers import ReadableModel, progress

LOOK_SECONDS = 0.7


def opened(model: ReadableModel, place: str) -> bool:
    """Whether a published model is open; where it is not, the page says what opening costs, or how far it is.

    place: names the part of the page that asks.
    """
    key = f"transformer:open:{model.name}"
    if not st.session_state.get(key):
        _offer(model, key, place)
        return False
    news = progress(session.engine(), model)
    if news.ready or news.stage == "asleep":
        return True
    if news.failed:
        st.warning(news.sentence)
        st.button("Try again", on_click=_again, args=(model,), key=f"{key}:again:{place}")
        return False
    st.fragment(_wait, run_every=LOOK_SECONDS)(model)
    return False


def _again(model: ReadableModel) -> None:
    progress(session.engine(), model, again=True)


def _offer(model: ReadableModel, key: str, place: str) -> None:
    quiet(
        f"Fetching it takes {model.download_megabytes:,} MB from huggingface.co, once; reading with it takes about "
        f"{model.memory_megabytes:,} MB of memory. Licence: {model.licence}."
    )
    st.button(
        f"Open {model.title}",
        key=f"{key}:go:{place}",
        type="primary",
        on_click=lambda: st.session_state.update({key: True}),
    )


def _wait(model: ReadableModel) -> None:
    news = progress(session.engine(), model)
    if news.ready or news.failed:
        st.rerun()
    st.progress(news.share, news.sentence)
