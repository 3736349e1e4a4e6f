"""What pages about sequences share: a table of dates and values of one's own, a text of one's own, and questions."""

from typing import Any

import streamlit as st

from lab.controls import Controls
from lab.datasets.dataset import UnfitData
from lab.datasets.series import own_series, value_column
from lab.datasets.text import load_text, save_text
from lab.datasets.uploaded import CheckedTable, check_csv, load_upload, save
from lab.frame import quiet
from lab.shown_run import ShownRun
from lab.storage import uploads_folder

PREVIEW = 300  # characters of a text of one's own that are shown


# ---- own data ----


def own_sequences(controls: Controls) -> None:
    """Draw the section for a series or a text of one's own, where one is chosen."""
    name = str(st.session_state[controls.key("dataset")])
    if name not in ("own_series", "own_text"):
        return
    with st.container(border=True):
        file, meaning = st.columns((1, 1.6), gap="large")
        with file:
            (_choose_series if name == "own_series" else _choose_text)(controls)
            if problem := st.session_state.get(f"{controls.family}:{name}:problem"):
                st.error(problem)
        with meaning:
            (_explain_series if name == "own_series" else _explain_text)(controls)


def _choose_series(controls: Controls) -> None:
    key = f"{controls.family}:own_series"

    def take() -> None:
        chosen = st.session_state.get(f"{key}:file")
        if chosen is not None:
            _store(controls, key, lambda: _kept_table(chosen.getvalue(), chosen.name))

    st.file_uploader("CSV file with dates and values, at most 5 MB", type=["csv", "tsv", "txt"], key=f"{key}:file",
                     on_change=take, help="A first row with names. One column of dates, one of values.")  # fmt: skip


def _kept_table(data: bytes, name: str) -> tuple[str, str]:
    """Check and store a table; return its digest and the column that will be forecast."""
    table = check_csv(data, name)
    column = value_column(table, "")
    own_series(table, column)
    save(table, uploads_folder())
    return table.digest, column


def _choose_text(controls: Controls) -> None:
    key = f"{controls.family}:own_text"

    def take_file() -> None:
        chosen = st.session_state.get(f"{key}:file")
        if chosen is not None:
            _store(controls, key, lambda: (save_text(chosen.getvalue(), uploads_folder()), ""))

    def take_pasted() -> None:
        pasted = str(st.session_state.get(f"{key}:pasted") or "").encode()
        _store(controls, key, lambda: (save_text(pasted, uploads_folder()), ""))

    st.file_uploader("Text file, at most 2 MB", type=["txt", "md", "csv", "py"], key=f"{key}:file", on_change=take_file,
                     help="Plain text. It stays on the machine that runs this app.")  # fmt: skip
    st.text_area("Or paste a text", key=f"{key}:pasted", height=110, placeholder="At least 2,000 characters")
    st.button("Take the pasted text", on_click=take_pasted, key=f"{key}:take")


def _store(controls: Controls, key: str, keep: Any) -> None:
    """Keep what was chosen and put it into the settings, or say why not; the settings then stay as they were."""
    st.session_state[f"{key}:problem"] = ""
    try:
        digest, column = keep()
    except UnfitData as problem:
        st.session_state[f"{key}:problem"] = str(problem)
    except OSError as problem:
        st.session_state[f"{key}:problem"] = f"It could not be stored ({problem.strerror}). Is the disk full?"
    else:
        st.session_state[controls.key("upload")] = digest
        st.session_state[controls.key("target")] = column


def _explain_series(controls: Controls) -> None:
    digest = st.session_state[controls.key("upload")]
    if not digest:
        st.info("Choose a CSV file with a column of dates and one of values. The last fifth is held out.")
        return
    try:
        table = _table(digest)
        names = [column.name for column in table.columns if column.kind == "numeric"]
        if st.session_state[controls.key("target")] not in names:
            st.session_state[controls.key("target")] = value_column(table, "")
        st.selectbox("Column to forecast", names, key=controls.key("target"))
        found = own_series(table, st.session_state[controls.key("target")])
    except UnfitData as problem:
        st.error(str(problem))
        return
    quiet(f"{len(found.values):,} values from {found.dates[0]} to {found.dates[-1]}, {found.season} to a season; the "
          f"last {found.test_values} are held out. {' '.join(found.notes)}")  # fmt: skip
    st.line_chart(dict(enumerate(found.values.tolist())), height=150)


def _explain_text(controls: Controls) -> None:
    digest = st.session_state[controls.key("upload")]
    if not digest:
        st.info("Choose a text file, or paste a text and take it. The last tenth is held out.")
        return
    try:
        words = load_text(digest, uploads_folder())
    except UnfitData as problem:
        st.error(str(problem))
        return
    quiet(f"{len(words):,} characters, {len(set(words))} different ones. It begins:")
    st.code(words[:PREVIEW], language=None)


@st.cache_resource(max_entries=3, ttl=600, show_spinner=False)
def _table(digest: str) -> CheckedTable:
    return load_upload(digest, uploads_folder())


# ---- questions ----


def ready(run: ShownRun) -> bool:
    """Whether the shown network can be asked now; says why where it cannot."""
    if not run.moments or "data" not in run.facts:
        quiet("The network can be asked as soon as it is built.")
        return False
    if run.active and run.state != "paused":
        quiet("Questions rest while the network trains. Pause it, or wait for its end.")
        return False
    return True
