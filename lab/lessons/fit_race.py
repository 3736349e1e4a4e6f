"""The pictures of a race: where it stands, the leaderboard, learning curves, calibration, and what to take away."""

import json
from collections.abc import Callable
from typing import Any

import streamlit as st

from lab.catalog import BY_SLUG as PAGES
from lab.charts import fit_leaderboard
from lab.fitting.board import NAMES, RULE, Board, Row
from lab.fitting.live import LiveRace
from lab.fitting.roster import BY_SLUG
from lab.fitting.takeaway import bundle, network_code
from lab.frame import quiet
from lab.noticing import notice

LOSSES = {"classification": "cross-entropy (nats)", "regression": "squared error (standardized)"}
ENDS = {"done": "All is trained", "budget": "The time budget is used up", "stopped": "Cancelled"}


def draw_race(race: LiveRace, train_on_all: Callable[[str], None]) -> None:
    """Draw everything that a race has told so far. train_on_all: begins to make the model of a network."""
    board = race.board
    _status(race)
    if race.problem:
        st.warning(f"{race.problem} {_kept(board)}")
    if not board.table:
        return
    _about(board)
    rows = board.rows()
    _leaderboard(board, rows)
    _closer(board, rows)
    if not race.running:
        _take_away(race, rows, train_on_all)


def _kept(board: Board) -> str:
    return f"What is done is kept: {board.done} of {board.planned} trainings." if board.done else ""


def _status(race: LiveRace) -> None:
    """Say in one line, of constant height, where the race stands."""
    board, budget = race.board, race.request.seconds
    share = race.seconds / budget if board.planned else 0.0
    if race.state == "starting":
        text = "Starting a process and TensorFlow: some seconds, which the budget does not count."
    elif race.state == "refitting":
        best = board.title(board.best_network() or "mlp")
        text = f"{ENDS.get(board.raced.get('why', ''), 'Ended')}. Training on all rows, to take away: {best}."
    elif race.running:
        who = f"{board.title(board.turn[0])}, fold {board.turn[1] + 1}. " if board.turn else ""
        ending = "Cancelling. " if race.state == "stopping" else ""
        text = f"{ending}{who}{race.seconds:.0f} of {budget:.0f} s, {board.done} of {board.planned} trainings done."
    else:
        why = ENDS.get(board.raced.get("why", ""), "Ended early")
        after = f" after {race.seconds:.1f} of {budget:.0f} s" if board.raced else ""
        text = f"{why}{after}: {board.done} of {board.planned} trainings." if board.planned else f"{why}."
    st.progress(min(1.0, share), text=text)


def _about(board: Board) -> None:
    table = board.table
    task = f"{len(table['class_names'])} classes" if table["class_names"] else "a number"
    quiet(f"<b>{table['title']}</b>: {table['rows']:,} rows, {table['columns']} columns as {table['inputs']} inputs, "
          f"predicts {_safe(table['target'])}, {task}. {_safe(' '.join(table['notes']))}")  # fmt: skip


def _safe(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _leaderboard(board: Board, rows: list[Row]) -> None:
    counting = len(board.counting())
    of = f"{counting} fold{'s' * (counting != 1)}" if board.done else "no fold yet"
    st.html(f'<p class="picture-title">Leaderboard: {NAMES[board.main]}, {of} of {board.table["folds"]} counted</p>')
    lines = [
        {"title": _name(board, row), "network": row.contender.network, "values": row.values, "mean": row.mean,
         "low": row.low, "high": row.high}
        for row in rows
    ]  # fmt: skip
    st.vega_lite_chart(
        fit_leaderboard.leaderboard_rows(lines), fit_leaderboard.leaderboard(NAMES[board.main], len(rows)),
        width="stretch", key="fit:leaderboard", alt=_alt(board, rows),
    )  # fmt: skip
    notice(_notice(board, rows))
    words = f"The leaderboard as a table of {len(rows)} methods"
    st.dataframe([_line(board, row) for row in rows], hide_index=True, width="stretch", height="content", alt=words)
    quiet(RULE.format(tie=NAMES[board.tie]))
    if refused := board.table["refused"]:
        told = "".join(f"<li><b>{board.title(slug)}</b>: {why}</li>" for slug, why in refused.items())
        st.html(f'<p class="picture-title">Does not apply</p><ul class="reasons">{told}</ul>')


def _name(board: Board, row: Row) -> str:
    return board.title(row.contender.slug) if row.place is None else f"{row.place}. {board.title(row.contender.slug)}"


def _alt(board: Board, rows: list[Row]) -> str:
    told = [f"{row.place}. {board.title(row.contender.slug)} {row.mean:.3g}" for row in rows if row.place is not None]
    return f"Methods by {NAMES[board.main]}, each fold a stroke, mean and interval. " + ", ".join(told) + "."


def _notice(board: Board, rows: list[Row]) -> str:
    """Say what the leaderboard shows, in its own numbers."""
    ranked = [row for row in rows if row.place is not None]
    if not ranked:
        return (
            "Each fold is a stroke, the dot their mean, the band its 95 % interval. The first folds are on their way."
        )
    first = ranked[0]
    alike = [row for row in ranked[1:] if row.alike]
    told = f"First: {board.title(first.contender.slug)}, {first.mean:.3g}"
    told += f" [{first.low:.3g}, {first.high:.3g}]. " if first.low > float("-inf") else ", on one fold alone. "
    if alike:
        told += f"{len(alike)} of the others cannot be told apart from it on these folds. "
    network = next((row for row in ranked if row.contender.network), None)
    plain = next((row for row in ranked if not row.contender.network), None)
    if network and plain:
        better, worse = (network, plain) if ranked.index(network) < ranked.index(plain) else (plain, network)
        told += f"{board.title(better.contender.slug)} stands before the best "
        told += "network." if worse is network else "method without a network."
    cut = sum(row.cut for row in rows)
    if cut:
        told += f" {cut} trainings were cut by the time budget; with more time they might stand higher."
    return told


def _line(board: Board, row: Row) -> dict[str, Any]:
    interval = f"{row.low:.3g} to {row.high:.3g}" if row.low > float("-inf") else ""
    remark = row.failed or row.contender.note
    if row.cut:
        remark = f"Cut by the budget on {row.cut} fold{'s' * (row.cut > 1)}. {remark}"
    return {
        "Place": "" if row.place is None else f"{row.place}{' =' * (row.alike and row.place > 1)}",
        "Method": board.title(row.contender.slug),
        NAMES[board.main]: _three(row.mean), "95 % interval": interval, NAMES[board.tie]: _three(row.tie),
        "Folds": f"{len(row.values)} of {board.table['folds']}",
        "Parameters": "" if row.parameters is None else f"{row.parameters:,}",
        "Training (s)": _three(row.seconds), "1,000 answers (ms)": _three(row.answer), "Remark": remark.strip(),
    }  # fmt: skip


def _three(value: float) -> str:
    return f"{value:.3g}" if value == value and abs(value) < float("inf") else ""


# ---- one method from near ----


def _closer(board: Board, rows: list[Row]) -> None:
    """Draw the learning curves and the calibration of one method."""
    known = [row.contender.slug for row in rows if row.values]
    if not known:
        return
    first = board.best_network() or known[0]
    chosen = st.selectbox("One method from near", known, format_func=board.title, key="fit:near", index=None,
                          placeholder=f"The best network so far: {board.title(first)}")  # fmt: skip
    slug = chosen if chosen in known else first
    left, right = st.columns(2, gap="large")
    with left:
        _learning(board, slug)
    with right:
        _doubt(board, slug)
    if page := BY_SLUG[slug].page:
        st.page_link(f"pages/{page}.py", label=f"How it works: {PAGES[page].title}")


def _learning(board: Board, slug: str) -> None:
    st.html(f'<p class="picture-title">{board.title(slug)}: what it loses while it learns</p>')
    curves = board.curves.get(slug)
    if not curves:
        quiet("It does not learn step by step, so there is no curve.")
        return
    picture = fit_leaderboard.learning(LOSSES[board.table["task"]])
    words = f"Loss of {board.title(slug)} by step, for each fold"
    st.vega_lite_chart(fit_leaderboard.curve_rows(curves), picture, width="stretch", key="fit:curves", alt=words)
    told = board.folds[slug].values()
    steps = ", ".join(f"{one['steps']:,}" for one in told)
    more = ""
    if slug in ("autoencoder", "ensemble"):
        more = " Its loss is a sum: over its voters." if slug == "ensemble" else " Its loss holds the rebuilding too."
    st.html(f'<p class="notice"><b>Notice.</b> Weights are kept from where the loss on the rows kept aside is least: '
            f"after {steps} steps.{more}</p>")  # fmt: skip


def _doubt(board: Board, slug: str) -> None:
    doubt, title = board.doubt.get(slug, {}), board.title(slug)
    if board.table["task"] == "classification":
        st.html(f'<p class="picture-title">{title}: how sure, and how right</p>')
        chart = fit_leaderboard.reliability(doubt.get("bins", []))
        if chart is None:
            quiet("Too few rows have been tested yet.")
            return
        st.altair_chart(chart, width="stretch", alt=f"Share right over confidence of {title}, on rows that tested")
        st.html(f'<p class="notice"><b>Notice.</b> On the dashed line it is as right as it is sure. The mean gap over '
                f"all rows that tested is {100 * doubt['error']:.1f} percentage points.</p>")  # fmt: skip
        return
    st.html(f'<p class="picture-title">{title}: predicted and true</p>')
    chart = fit_leaderboard.residuals(doubt.get("points", []), board.table["unit"])
    if chart is not None:
        st.altair_chart(chart, width="stretch", alt=f"Predictions of {title} over the true values")
    _coverage(doubt.get("coverage", []), title)


def _coverage(shares: list[list[float]], title: str) -> None:
    if not shares:
        quiet("How well its intervals cover can be said from the second fold on.")
        return
    nine = next(found for asked, found in shares if asked == 0.9)
    chart: Any = fit_leaderboard.covered(shares)
    st.html('<p class="picture-title">Do its intervals cover what they promise?</p>')
    st.altair_chart(chart, width="stretch", alt=f"Coverage of intervals of {title}")
    st.html(f'<p class="notice"><b>Notice.</b> Intervals as wide as 90 % of the other folds\' errors hold '
            f"{100 * nine:.0f} % of this fold's rows.</p>")  # fmt: skip


# ---- to take away ----


def _take_away(race: LiveRace, rows: list[Row], train_on_all: Callable[[str], None]) -> None:
    board = race.board
    best = next((row for row in rows if row.contender.network and row.values), None)
    if not board.done:
        return
    st.html('<p class="picture-title">To take away</p>')
    if rows[0].place == 1 and not rows[0].contender.network and best is not None:
        first = rows[0].contender.slug
        settings = next(iter(board.folds[first].values()))["settings"]
        quiet(f"First is {board.title(first)}, no network: in scikit-learn <code>{_safe(settings)}</code>. "
              f"Here is the best network, {board.title(best.contender.slug)}.")  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.download_button("Leaderboard (CSV)", board.as_csv(), "leaderboard.csv", "text/csv", on_click="ignore")
        if race.model and board.model:
            _downloads(race)
        elif best is not None:
            st.button(f"Train {board.title(best.contender.slug)} on all rows, to take away", key="fit:refit",
                      on_click=train_on_all, args=(best.contender.slug,))  # fmt: skip
    if board.model:
        _code(board)


def _downloads(race: LiveRace) -> None:
    model, board = race.board.model, race.board
    st.download_button(f"Trained {board.title(model['who'])} (.keras)", race.model, f"{model['who']}.keras",
                       "application/octet-stream", on_click="ignore")  # fmt: skip
    st.download_button("All of it (ZIP)", lambda: bundle(model["who"], model, race.model, board.as_csv()),
                       f"fit_{model['who']}.zip", "application/zip", on_click="ignore",
                       help="The trained network, its code, how the columns are prepared, a program that predicts for "
                       "another CSV file, and the leaderboard.")  # fmt: skip


def _code(board: Board) -> None:
    model = board.model
    cut = " It was cut after a minute." if model["cut"] else ""
    quiet(f"Trained on all {model['rows']:,} rows, {model['steps']:,} steps (the median of its folds), "
          f"{model['seconds']:.2g} s.{cut} It takes prepared columns; preparation.json and predict.py in the ZIP file "
          "do that.")  # fmt: skip
    with st.expander("The code that ran, with its settings"):
        st.code(network_code(model["who"], model))
        st.code(json.dumps(model["preparation"], indent=1, ensure_ascii=False)[:4000], language="json")
