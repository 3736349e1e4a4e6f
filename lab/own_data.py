"""A visitor's own table: choose a CSV file, see what was understood, choose the column to predict.

The file stays on the machine that runs the app, under a name made from its content; the address holds that name.
"""

from dataclasses import dataclass
from typing import Protocol

import streamlit as st

from lab.datasets.dataset import UnfitData
from lab.datasets.uploaded import CheckedTable, check_csv, check_target, load_upload, save
from lab.frame import quiet
from lab.storage import uploads_folder

PREVIEW_ROWS = 5
WIDTH = 620


class Keyed(Protocol):
    """Settings whose widgets have keys of their own: the controls of a family, or of another section."""

    family: str

    def key(self, name: str) -> str:
        """Return the session's key of a setting."""


@dataclass(frozen=True)
class Words:
    """How the section speaks: what a file is for, what the chosen column is called, and what it is used for."""

    invitation: str = "Choose a CSV file. The network learns to predict one of its columns from the others."
    column: str = "Column to predict"
    use: str = "predicts"


PREDICT = Words()


def own_data(controls: Keyed, words: Words = PREDICT) -> None:
    """Draw the button behind which a file is chosen, if own data is chosen; it opens when it is.

    It lies over the page: in the page it would push the stage down.
    """
    first = f"{controls.family}:dataset of file" not in st.session_state
    if opens("own", "file", controls):
        if first and not st.session_state[controls.key("upload")]:  # an address that names own data, but no file
            st.session_state[f"{controls.family}:set file"] = True
        with st.popover("Your file", key=f"{controls.family}:set file", on_change="rerun"), st.container(width=WIDTH):
            _choose(controls)
            _explain(controls, words)


def opens(data: str, what: str, controls: Keyed) -> bool:
    """Return whether these data are chosen; the popover of the key "family:set what" opens when they are."""
    family, dataset = controls.family, st.session_state[controls.key("dataset")]
    before = st.session_state.get(f"{family}:dataset of {what}", dataset)
    st.session_state[f"{family}:dataset of {what}"] = dataset
    if dataset == data and before != data:
        st.session_state[f"{family}:set {what}"] = True
    return bool(dataset == data)


def _choose(controls: Keyed) -> None:
    """Draw the file chooser; a new file is checked and stored before the page goes on."""
    key = f"{controls.family}:file"

    def take() -> None:
        st.session_state[f"{key}:problem"] = ""
        chosen = st.session_state.get(key)
        if chosen is None:
            return
        try:
            table = check_csv(chosen.getvalue(), chosen.name)
            save(table, uploads_folder())
        except UnfitData as problem:
            st.session_state[f"{key}:problem"] = str(problem)
            return
        except OSError as problem:
            st.session_state[f"{key}:problem"] = f"The file could not be stored ({problem.strerror}). Is the disk full?"
            return
        st.session_state[controls.key("upload")] = table.digest
        st.session_state[controls.key("target")] = table.columns[-1].name

    st.file_uploader(
        "CSV file, at most 5 MB and 20,000 rows",
        type=["csv", "tsv", "txt"],
        key=key,
        on_change=take,
        help="A first row with names, one example per row. The file stays on the machine that runs this app.",
    )
    if problem := st.session_state.get(f"{key}:problem"):
        st.error(problem)


def _explain(controls: Keyed, words: Words) -> None:
    digest = st.session_state[controls.key("upload")]
    if not digest:
        st.info(words.invitation)
        return
    try:
        table = _table(digest)
    except UnfitData as problem:
        st.error(str(problem))
        return
    names = [column.name for column in table.columns]
    if st.session_state[controls.key("target")] not in names:
        st.session_state[controls.key("target")] = names[-1]
    st.selectbox(words.column, names, key=controls.key("target"))
    _judge(table, st.session_state[controls.key("target")], words)
    st.dataframe(table.frame.head(PREVIEW_ROWS), height=PREVIEW_ROWS * 36 + 38, hide_index=True)


def _judge(table: CheckedTable, target: str, words: Words) -> None:
    """Say what kind of task this column makes, and what is left out; or why it cannot be predicted."""
    try:
        checked = check_target(table, target)
    except UnfitData as problem:
        st.error(str(problem))
        return
    kinds = [column.kind for column in table.columns if column.name != target]
    used = sum(kind in ("numeric", "categorical") for kind in kinds)
    task = f"{len(checked.class_names)} classes" if checked.task == "classification" else "a number"
    quiet(" ".join([f"{len(checked.rows):,} rows, {used} of {len(kinds)} columns as inputs, {words.use} {task}.",
                         *table.notes, *checked.notes]))  # fmt: skip


@st.cache_resource(max_entries=3, ttl=600, show_spinner=False)
def _table(digest: str) -> CheckedTable:
    return load_upload(digest, uploads_folder())
