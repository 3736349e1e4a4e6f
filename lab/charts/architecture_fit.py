"""The matrix as a heat map, one row of it, one cell's seeds and curves. Plain rows of data in, pictures out."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from lab.charts.palette import LEGIBLE, NEUTRAL, POSITIVE, ROLES

STEP, NARROW = 27, 620  # pixels of a row; width below which a chart is on a phone
GREY = "#8A8F98"
INK, PALE = "#10202E", "#FFFFFF"
BEST = "#E69F00"
AXES: dict[str, Any] = {"labelFontSize": 12, "titleFontSize": 12, "gridOpacity": 0.35, **LEGIBLE}
Rows = Sequence[dict[str, Any]]


def heat_map(rows: Rows, tasks: Sequence[str], families: Sequence[str], chosen: tuple[str, str]) -> Any:
    """Return the matrix. rows: dicts of task, family (titles), task_name, family_name, state, regret, label and what
    the tooltip tells. A click selects a cell (selection "cell", fields task_name and family_name).

    Blue is the row's best, pale is chance; the best of a row has an orange edge. Without colour: a dash where the
    family does not apply, a dashed frame where the budget was not enough, a dot where nothing is measured.
    """
    frame = pd.DataFrame(rows)
    frame["chosen"] = (frame["task_name"] == chosen[0]) & (frame["family_name"] == chosen[1])
    x = alt.X("family:N", sort=list(families), title=None, scale=alt.Scale(paddingInner=0.06),
              axis=alt.Axis(orient="top", labelAngle=alt.ExprRef(f"width < {NARROW} ? -90 : 0"),
                            labelAlign=alt.ExprRef(f"width < {NARROW} ? 'left' : 'center'"),
                            labelBaseline=alt.ExprRef(f"width < {NARROW} ? 'middle' : 'bottom'"), labelFontSize=12,
                            domain=False, ticks=False, labelPadding=6, labelOverlap=False))  # fmt: skip
    y = alt.Y("task:N", sort=list(tasks), title=None, scale=alt.Scale(paddingInner=0.08),
              axis=alt.Axis(labelLimit=alt.ExprRef(f"width < {NARROW} ? 128 : 180"), labelFontSize=12.5, domain=False,
                            ticks=False))  # fmt: skip
    picked = alt.selection_point(name="cell", fields=["task_name", "family_name"], on="click", clear=False,
                                 empty=False)  # fmt: skip
    base = alt.Chart(frame).encode(x=x, y=y, tooltip=_told())
    layers = [_filled(base).add_params(picked), *_framed(base), *_texts(base)]
    return (
        alt.layer(*layers)
        .properties(height=alt.Step(STEP), width="container")
        .configure_view(strokeWidth=0)
        .configure_axis(grid=False, **LEGIBLE)
        .configure_legend(labelColor="currentColor", titleColor="currentColor")
    )


def _told() -> list[Any]:
    names = {"task": "task", "family": "family", "told": "result", "detail": "how", "why": "note"}
    return [alt.Tooltip(f"{field}:N", title=title) for field, title in names.items()]


def _filled(base: Any) -> Any:
    """The ground of every cell, which also takes the clicks: coloured where there is a regret."""
    scale = alt.Scale(domain=[0, 0.25, 1], range=[POSITIVE, "#8FC1E3", NEUTRAL], clamp=True, interpolate="rgb")
    scored = alt.Color("regret:Q", scale=scale, legend=_legend())
    colour = alt.when("datum.state == 'measured'").then(scored).otherwise(alt.value("rgba(127,127,127,0.03)"))
    return base.mark_rect(cornerRadius=3, cursor="pointer", aria=False).encode(color=colour)


def _legend() -> alt.Legend:
    return alt.Legend(title="Missed of the way from chance to best", orient="bottom",
                      direction="horizontal", gradientLength=170, titleLimit=320, format=".0%", titleFontSize=12,
                      labelFontSize=12, values=[0, 0.25, 0.5, 0.75, 1])  # fmt: skip


def _framed(base: Any) -> list[Any]:
    absent = base.transform_filter("datum.state == 'does_not_apply'").mark_rect(
        fill=GREY, opacity=0.22, cornerRadius=3, tooltip=None, aria=False
    )
    dashed = base.transform_filter("datum.state == 'not_reached'").mark_rect(
        fill=None, stroke=GREY, strokeDash=[3, 2], strokeWidth=1.5, cornerRadius=3, tooltip=None, aria=False
    )
    best = base.transform_filter("datum.best").mark_rect(
        fill=None, stroke=BEST, strokeWidth=2.5, cornerRadius=3, tooltip=None, aria=False
    )
    chosen = base.transform_filter("datum.chosen").mark_rect(
        fill=None, stroke=ROLES["wrong"], strokeWidth=3, strokeDash=[6, 2], cornerRadius=3, tooltip=None, aria=False
    )
    return [absent, dashed, best, chosen]


def _texts(base: Any) -> list[Any]:
    """The scores; on a narrow screen, where there is no room for them, the place in the row."""
    wide, narrow = (alt.ExprRef(f"width < {NARROW} ? {sizes}") for sizes in ("0 : 11.5", "10 : 0"))
    without = alt.when("datum.state == 'not_reached'").then(alt.value("currentColor"))
    without = without.when("datum.state != 'measured'").then(alt.value(GREY))
    colour = without.when("datum.regret < 0.14").then(alt.value(PALE)).otherwise(alt.value(INK))
    return [base.mark_text(fontSize=size, tooltip=None, aria=False).encode(text=f"{field}:N", color=colour)
            for size, field in ((wide, "label"), (narrow, "place"))]  # fmt: skip


def row_picture(rows: Rows, chance: float, chance_title: str, metric: str) -> Any:
    """Return one row: every family's seeds, mean and interval, and chance as a dashed line; the best on top.

    rows: dicts of family, mean, low, high, scores, chosen (bool).
    """
    order = [row["family"] for row in rows]
    frame = pd.DataFrame([{**row, "scores": None} for row in rows])
    seeds = pd.DataFrame([{"family": row["family"], "score": score, "chosen": row["chosen"]}
                          for row in rows for score in row["scores"]])  # fmt: skip
    y = alt.Y("family:N", sort=order, title=None, axis=alt.Axis(labelLimit=190, labelFontSize=12, ticks=False))
    scale = alt.Scale(zero=False, nice=True)
    colour = alt.condition("datum.chosen", alt.value(ROLES["wrong"]), alt.value(ROLES["model"]))
    line = alt.Chart(pd.DataFrame([{"chance": chance}])).mark_rule(
        strokeDash=[5, 3], strokeWidth=2, color=ROLES["baseline"]
    )
    band = (
        alt.Chart(frame)
        .mark_bar(height=7, opacity=0.4)
        .encode(
            y=y, x=alt.X("low:Q", scale=scale, title=[metric, f"dashed: {chance_title}"]), x2="high:Q", color=colour
        )
    )
    ticks = alt.Chart(seeds).mark_tick(thickness=1.5, size=13, opacity=0.6).encode(y=y, x=alt.X("score:Q", scale=scale),
                                                                                   color=colour)  # fmt: skip
    dots = alt.Chart(frame).mark_point(filled=True, size=85, opacity=1).encode(y=y, x=alt.X("mean:Q", scale=scale),
                                                                              color=colour)  # fmt: skip
    return alt.layer(line.encode(x=alt.X("chance:Q", scale=scale)), band, ticks, dots).properties(
        height=alt.Step(24), width="container"
    ).configure_axis(**AXES).configure_view(strokeWidth=0)  # fmt: skip


def curves(rows: Rows, metric: str, logarithmic: bool = False) -> Any:
    """Return the learning curves of a cell: a line a seed, validation dashed and test solid, and the chosen look.

    rows: dicts of seed, seconds, score, part ("validation" or "test"), chosen (bool). logarithmic: of errors that fall
    through several powers of ten.
    """
    frame = pd.DataFrame(rows)
    x = alt.X("seconds:Q", title="Seconds of training (processor)", scale=alt.Scale(type="symlog", constant=0.02),
              axis=alt.Axis(values=[0, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 3], labelOverlap=True,
                            format="~g"))  # fmt: skip
    scale = alt.Scale(type="log") if logarithmic else alt.Scale(zero=False)
    y = alt.Y("score:Q", title=metric, scale=scale, axis=alt.Axis(format="~g", tickCount=5))
    parts = ["test", "validation"]
    colour = alt.Color("part:N", title=None, scale=alt.Scale(domain=parts, range=[ROLES["test"], ROLES["train"]]),
                       legend=alt.Legend(orient="top", labelFontSize=12))  # fmt: skip
    dash = alt.StrokeDash("part:N", scale=alt.Scale(domain=parts, range=[[1, 0], [4, 3]]), legend=None)
    lines = alt.Chart(frame).mark_line(strokeWidth=1.8, opacity=0.75).encode(
        x=x, y=y, color=colour, strokeDash=dash, detail="seed:N",
        tooltip=["seed:N", "part:N", alt.Tooltip("seconds:Q", format=".3~g"), alt.Tooltip("score:Q", format=".4~g")],
    )  # fmt: skip
    dots = alt.Chart(frame[frame["chosen"]]).mark_point(size=60, filled=True, opacity=1).encode(x=x, y=y, color=colour)
    return alt.layer(lines, dots).properties(height=230, width="container").configure_axis(
        **AXES
    ).configure_view(strokeWidth=0)  # fmt: skip


def seeds(stored: Sequence[float], interval: tuple[float, float], live: Sequence[float], metric: str) -> Any:
    """Return the stored seeds with their interval, and beside them what was trained just now."""
    x = alt.X("score:Q", title=metric, scale=alt.Scale(zero=False, nice=True, padding=12), axis=alt.Axis(tickCount=5))
    y = alt.Y("row:N", title=None, sort=["stored", "live"], axis=alt.Axis(ticks=False, labelFontSize=12))
    rows = [{"row": "stored", "score": score} for score in stored]
    band = alt.Chart(pd.DataFrame([{"row": "stored", "low": interval[0], "high": interval[1]}])).mark_bar(
        height=9, opacity=0.4, color=ROLES["model"]
    ).encode(y=y, x=alt.X("low:Q", scale=alt.Scale(zero=False)), x2="high:Q")  # fmt: skip
    points = alt.Chart(pd.DataFrame(rows)).mark_tick(thickness=2, size=16, color=ROLES["model"]).encode(x=x, y=y)
    layers = [band, points]
    if live:
        fresh = alt.Chart(pd.DataFrame([{"row": "live", "score": score} for score in live]))
        diamond = fresh.mark_point(shape="diamond", size=110, filled=False, strokeWidth=2.5, opacity=1,
                                   color=ROLES["generated"])  # fmt: skip
        layers.append(diamond.encode(x=x, y=y))
    return alt.layer(*layers).properties(height=alt.Step(30), width="container").configure_view(
        strokeWidth=0
    ).configure_axis(**AXES)  # fmt: skip
