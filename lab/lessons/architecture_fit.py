"""The matrix on the page: head, findings, heat map with filters, and the cell that was chosen."""

from typing import Any

import streamlit as st

from evidence.fit.tasks import GROUPS
from lab import frame
from lab.charts import architecture_fit as charts
from lab.fit_findings import findings
from lab.fit_matrix import (
    BUDGETS,
    FAMILIES,
    FAMILY,
    MEASURED,
    NOT_APPLYING,
    NOT_MEASURED,
    NOT_REACHED,
    TASK,
    TASKS,
    Cell,
    Matrix,
    matrix,
    said,
)
from lab.frame import quiet
from lab.ledger import cited_by, cited_list
from lab.lessons.fit_cell import chosen_cell

LABELS = {NOT_APPLYING: "–", NOT_MEASURED: "·"}
TASK_KEY, FAMILY_KEY, CHART_KEY = "fit:task", "fit:family", "fit:chart"
FIRST = ("adding_50", "transformer")
MAKE_IT = "python -m evidence architecture-fit"


def open_fit(title: str, idea: str) -> None:
    """Draw the frame and the head, with what the numbers below were measured on."""
    frame.open_frame("architecture_fit")
    found = matrix()
    st.html(f'<div class="page-head"><h1>{title}</h1><p>{idea}</p><p class="origin">{_origin(found)}</p></div>')


def _origin(found: Matrix) -> str:
    if not found.trained:
        return "The matrix is not measured on this machine yet."
    about = found.about
    return (f"{found.trained} of {found.wanted} cells trained, {len(about['seeds'])} seeds each, "
            f"{about['seconds'] / 60:.0f} minutes of work, {about['created'][:10]}, {about['device']}, commit "
            f"{about['commit'] or 'unknown'}. Stored; every cell can be trained again below.")  # fmt: skip


def section(title: str, text: str = "") -> None:
    """Draw the head of a section."""
    st.html(f'<div class="section-head"><h2>{title}</h2>{f"<p>{text}</p>" if text else ""}</div>')


def the_matrix(notice: str, method: str) -> None:
    """Draw filters, the heat map, how it was measured, the findings, and the chosen cell."""
    found = matrix()
    if found.trained < found.wanted:
        st.info(f"{found.trained} of {found.wanted} cells are measured. `{MAKE_IT}` measures the others and goes on "
                "where it stopped.")  # fmt: skip
    st.fragment(_matrix_and_cell)(notice, method)


def _matrix_and_cell(notice: str, method: str) -> None:
    groups, share = _filters()
    found = matrix().within(share)
    tasks = [task for task in TASKS if task.group in groups]
    task, family = _chosen()
    st.html('<p class="picture-title">How good is each family at each task? Blue is best in its row</p>')
    if tasks:
        chart = charts.heat_map(
            [_row(found, one.name, column.name) for one in tasks for column in FAMILIES],
            [one.title for one in tasks], [column.short for column in FAMILIES], (task, family),
        )  # fmt: skip
        st.altair_chart(chart, width="stretch", key=CHART_KEY, on_select=_picked, selection_mode="cell",
                        alt=_alt(found, tasks))  # fmt: skip
    st.html(f'<p class="notice"><b>Notice.</b> {notice}</p>')
    with st.expander("How it was measured"), st.container(width=720):
        st.write(method)
        st.code(MAKE_IT, language="bash")
    _findings(found)
    _choosers()
    chosen_cell(found, task, family, share)


def _filters() -> tuple[list[str], float]:
    left, right = st.columns((3.4, 1), vertical_alignment="bottom", gap="large")
    groups = left.pills("Tasks", GROUPS, selection_mode="multi", key="fit:groups") or list(GROUPS)
    share = right.select_slider("Budget of training", BUDGETS, value=BUDGETS[-1], key="fit:budget", format_func=_budget,
                                help="Every run was looked at on the way. A smaller budget shows what had been reached "
                                "by then.")  # fmt: skip
    return list(groups), float(share)


def _budget(share: float) -> str:
    return "all of it" if share == 1.0 else f"1/{round(1 / share)}"


def _row(found: Matrix, task: str, family: str) -> dict[str, Any]:
    cell, row = found.shown(task, family), TASK[task]
    label = LABELS.get(cell.state) or said(cell)
    measured = [one.family for one in found.row(task) if one.state == MEASURED]
    place = str(measured.index(family) + 1) if family in measured else LABELS.get(cell.state, "")
    told = f"{said(cell)} {row.metric}" if cell.trained else cell.state.replace("_", " ")
    best = bool(cell.trained and cell.regret == 0 and cell.state == MEASURED)
    return {
        "task": row.title, "family": FAMILY[family].short, "task_name": task, "family_name": family,
        "state": cell.state, "regret": cell.regret, "label": label, "place": place, "best": best,
        "told": told, "detail": _detail(cell), "why": cell.reason or _state_in_words(cell),
    }  # fmt: skip


def _detail(cell: Cell) -> str:
    if not cell.trained:
        return ""
    size = "" if cell.parameters is None else f", {cell.parameters:,} parameters"
    return f"95 % [{cell.low:.4g}, {cell.high:.4g}]{size}, {cell.seconds:.2g} s, {cell.settings}"


def _state_in_words(cell: Cell) -> str:
    if cell.state == NOT_REACHED:
        return "Not reached in this budget."
    if cell.state == NOT_MEASURED:
        return "Not measured yet."
    return "" if cell.regret is None else f"Regret {cell.regret:.0%}"


def _alt(found: Matrix, tasks: list[Any]) -> str:
    told = []
    for task in tasks:
        row = found.row(task.name)
        if row:
            told.append(f"{task.title}: best {FAMILY[row[0].family].title}, {said(row[0])} {task.metric}")
    return f"Heat map of {len(tasks)} tasks by {len(FAMILIES)} families. " + ". ".join(told) + "."


def proven() -> None:
    """List the claims that this page makes, each with its verdict and the way to its experiment."""
    if not (cited := cited_by("architecture_fit")):
        return
    section("What is proven", "Each claim of this page, with the verdict of its experiment.")
    st.html(cited_list(cited))


# ---- which cell ----


def _picked() -> None:
    """Take over the cell that was clicked on."""
    picked = st.session_state[CHART_KEY].selection.get("cell", [])
    if picked:
        st.session_state[TASK_KEY], st.session_state[FAMILY_KEY] = picked[0]["task_name"], picked[0]["family_name"]


def _chosen() -> tuple[str, str]:
    """Return the chosen task and family; at first those of the address, where they are known."""
    asked = st.query_params.get("task", FIRST[0]), st.query_params.get("family", FIRST[1])
    for key, name, known, usual in ((TASK_KEY, asked[0], TASK, FIRST[0]), (FAMILY_KEY, asked[1], FAMILY, FIRST[1])):
        if st.session_state.get(key) not in known:
            st.session_state[key] = name if name in known else usual
    return st.session_state[TASK_KEY], st.session_state[FAMILY_KEY]


def _choosers() -> None:
    section("One cell", "Click a cell above, or choose it here.")
    left, right = st.columns(2, gap="large")
    left.selectbox("Task", list(TASK), key=TASK_KEY, format_func=lambda name: TASK[name].title)
    right.selectbox("Family", list(FAMILY), key=FAMILY_KEY, format_func=lambda name: FAMILY[name].title)


def _findings(found: Matrix) -> None:
    """Draw what the cells say, surprises first."""
    told = findings(found)
    if not told:
        return
    section("What was found", "Computed from the cells above, at the chosen budget.")
    columns = st.columns(2, gap="large")
    for place, finding in enumerate(told):
        with columns[place % 2]:
            st.html(f'<p class="picture-title">{finding.title}</p>')
            quiet(finding.says)
            st.html('<ul class="claims">' + "".join(f"<li>{row}</li>" for row in finding.rows) + "</ul>")
