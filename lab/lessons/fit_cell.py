"""One cell of the matrix: its row, its runs and curves, the code that built it, and a button that trains it again."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from lab.catalog import BY_SLUG, ROOT
from lab.charts import architecture_fit as charts
from lab.experiments import LiveExperiment
from lab.fit_matrix import FAMILY, NOT_APPLYING, NOT_MEASURED, NOT_REACHED, TASK, Cell, Matrix, said
from lab.frame import quiet
from lab.lessons.evidence import experiments
from lab.page import excerpts

TICK_SECONDS = 1.0
ENOUGH = 40_000  # characters of code shown at once


def chosen_cell(found: Matrix, task: str, family: str, share: float) -> None:
    """Draw the chosen cell."""
    cell, row = found.shown(task, family), TASK[task]
    st.html(f'<p class="picture-title">{row.title}: {FAMILY[family].title}</p>')
    st.html(f"<p><b>The task.</b> {row.what} Scored: {row.metric}, "
            f"{'more' if row.higher_is_better else 'less'} is better. Every family gets {row.seconds:g} s of training "
            f"and about {row.parameters:,} parameters.</p>")  # fmt: skip
    left, right = st.columns(2, gap="large")
    with left:
        _result(cell)
        _row(found, task, family)
    with right:
        _runs(cell)
    st.fragment(_retrain)(task, family)
    _code(family)


def _result(cell: Cell) -> None:
    """Say what the cell holds, in words."""
    if cell.state == NOT_APPLYING:
        st.html(f"<p><b>Does not apply.</b> {cell.reason}</p>")
    elif cell.state == NOT_MEASURED:
        st.html(f"<p><b>Not measured.</b> {cell.reason or 'This cell is not stored yet; train it below.'}</p>")
    else:
        st.html(f"<p>{_in_words(cell)}</p>")


def _in_words(cell: Cell) -> str:
    assert cell.low is not None and cell.high is not None and cell.chance is not None
    row, size = TASK[cell.task], "" if cell.parameters is None else f" {cell.parameters:,} parameters,"
    state = "<b>Not reached in this budget:</b> the interval has not left chance. " if cell.state == NOT_REACHED else ""
    timed = cell.more.get("answer_seconds")
    answer = f", {1000 * timed:.2g} ms for the answer to one example" if timed else ""
    regret = "" if cell.regret is None else f" It misses {cell.regret:.0%} of the way from chance to the row's best."
    return (
        f"{state}{row.metric.capitalize()} <b>{said(cell)}</b>, 95 % interval {cell.low:.{row.digits}f} to "
        f"{cell.high:.{row.digits}f} over {len(cell.scores)} seeds; chance, {row.chance}: {cell.chance:.{row.digits}f}."
        f"{regret} {size.strip().capitalize()} {cell.seconds:.3g} s to the best look or end{answer}, {cell.settings}."
    )


def _row(found: Matrix, task: str, family: str) -> None:
    """Draw all families on this task."""
    row = found.row(task)
    if not row:
        return
    rows = [{"family": FAMILY[cell.family].title, "mean": cell.mean, "low": cell.low, "high": cell.high,
             "scores": cell.scores, "chosen": cell.family == family} for cell in row]  # fmt: skip
    st.html('<p class="picture-title">All families on this task, best first</p>')
    chart = charts.row_picture(rows, row[0].chance or 0.0, TASK[task].chance, TASK[task].metric)
    told = ", ".join(f"{one['family']} {said(cell)}" for one, cell in zip(rows, row, strict=True))
    st.altair_chart(chart, width="stretch", alt=f"Mean and interval of each family: {told}.")


def _runs(cell: Cell) -> None:
    """Draw the learning curves of the seeds, and list them."""
    if not cell.trained:
        return
    if all(len(run["curve"]) > 1 for run in cell.runs):
        st.html('<p class="picture-title">How the runs learned, a line for each seed</p>')
        metric, rows = TASK[cell.task].metric, curve_rows(cell)
        falling = metric == "mean squared error" and all(row["score"] > 0 for row in rows)
        st.altair_chart(charts.curves(rows, metric, falling), width="stretch",
                        alt=f"Learning curves of {len(cell.runs)} seeds on validation and test")  # fmt: skip
        st.html('<p class="notice"><b>Notice.</b> The dot is the look at which validation was best: the test is scored '
                "there. Looks come at shares of the seconds, each twice the one before.</p>")  # fmt: skip
    else:
        quiet("This method is fitted in one step, so there is no curve.")
    st.dataframe(
        [{"seed": run["seed"], TASK[cell.task].metric: run["score"], "validation": run["valid"], "steps": run["steps"],
          "seconds": run["seconds"]} for run in cell.runs],
        hide_index=True, alt=f"The {len(cell.runs)} runs of this cell",
    )  # fmt: skip
    tried = ", ".join(f"{name}: {value:.4g}" for name, value in cell.more.get("tried", {}).items())
    quiet(f"Settings tried, with their scores on the validation part: {tried}.")


def curve_rows(cell: Cell) -> list[dict[str, Any]]:
    """Return the looks of all runs, one row for each part, with the look at which a run was judged marked."""
    rows = []
    for run in cell.runs:
        marked = False
        for seconds, valid, test in run["curve"]:
            judged = (
                not marked
                and abs(test - run["score"]) < 1e-4 * max(1.0, abs(run["score"]))
                and abs(valid - run["valid"]) < 1e-4 * (max(1.0, abs(run["valid"])))
            )
            marked = marked or judged
            for part, score in (("validation", valid), ("test", test)):
                rows.append({"seed": run["seed"], "seconds": seconds, "score": score, "part": part,
                             "chosen": judged and part == "test"})  # fmt: skip
    return rows


# ---- train it again ----


def _retrain(task: str, family: str) -> None:
    """Draw the button that trains the cell again, and what came of it beside the stored seeds."""
    from lab.fit_matrix import matrix

    stored = matrix().shown(task, family)  # with the whole budget, as the command trains
    if stored.state == NOT_APPLYING:
        return
    live = experiments().newest(f"fit {task}/{family}")
    if live is not None and live.state == "running":
        st.fragment(_retrained, run_every=TICK_SECONDS)(task, family, stored)
    else:
        _retrained(task, family, stored)


def _retrained(task: str, family: str, stored: Cell) -> None:
    name = f"fit {task}/{family}"
    live = experiments().newest(name)
    running = live is not None and live.state == "running"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if st.button("Retrain this cell", key="fit:retrain", disabled=running,
                     help="Five seeds with the stored setting, in a process of its own on this machine."):  # fmt: skip
            words = ("architecture-fit", f"{task}/{family}", "--here", "--json")
            if problem := experiments().start(name, words):
                st.warning(problem)
            else:
                st.rerun(scope="fragment")
        if running and st.button("Stop", key="fit:stop"):
            experiments().stop(name)
        if live is not None:
            quiet(_told(live))
    if live is not None and live.lines:
        _beside(stored, live)
    if live is not None and not running and not st.session_state.get(f"fit:seen {id(live)}"):
        st.session_state[f"fit:seen {id(live)}"] = True
        st.rerun()  # out of the ticking fragment


def _told(live: LiveExperiment) -> str:
    runs = sum("run" in line for line in live.lines)
    if live.state == "running":
        return f"Training, {live.seconds:.0f} s so far, {runs} runs done."
    if live.problem:
        return live.problem
    cell = live.told["cell"]
    return f"Live: {cell['mean']:.4g} over {runs} seeds in {live.seconds:.0f} s, {cell['setting']}."


def _beside(stored: Cell, live: LiveExperiment) -> None:
    """Draw the live runs under the stored ones."""
    scores = [line["run"]["score"] for line in live.lines if "run" in line]
    if not scores:
        return
    interval = (stored.low or 0.0, stored.high or 0.0) if stored.trained else (scores[0], scores[0])
    chart = charts.seeds(stored.scores, interval, scores, TASK[stored.task].metric)
    st.altair_chart(chart, width="stretch", alt=f"Stored seeds {_listed(stored.scores)}; live seeds {_listed(scores)}")


def _listed(scores: Sequence[float]) -> str:
    return ", ".join(f"{score:.4g}" for score in scores)


# ---- its code ----


def _code(family: str) -> None:
    """Show the functions that built the cell, out of their files, and the way to the family's own page."""
    column = FAMILY[family]
    path, *names = column.built_by
    with st.expander("The code that built this cell"):
        source = (ROOT / path).read_text(encoding="utf-8")
        st.code("\n\n\n".join([f"# {path}", *excerpts(source, names)])[:ENOUGH])
    if column.page and BY_SLUG[column.page].built:
        st.page_link(f"pages/{column.page}.py", label=f"The page of this family: {BY_SLUG[column.page].title}")
