"""Pictures of the inside of a network of radial basis functions: arrays in, charts out; None where none applies."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.mlp_stage import short
from lab.charts.palette import NEGATIVE, POSITIVE, ROLES
from lab.charts.stage_panels import png
from lab.shown_run import ShownRun
from models.base import Array

HEIGHT = 280
TEXT = "currentColor"
THREE_DIGITS = ".3~r"
PRECISION = float(np.finfo(np.float64).eps)  # relative: beyond a condition of 1 / PRECISION no digit is left
IMAGE_COLUMNS, IMAGE_PITCH = 8, 58


def finished(chart: Any, height: float = HEIGHT) -> alt.LayerChart:
    """Give a chart its height and the page's text colour."""
    chart = chart.properties(height=height)
    chart = chart.configure_axis(labelColor=TEXT, titleColor=TEXT, labelOpacity=0.9, titleOpacity=0.9)
    done: alt.LayerChart = chart.configure_legend(labelColor=TEXT, titleColor=TEXT, labelLimit=260)
    return done


def legend(columns: int = 1) -> alt.Legend:
    """Return a legend of lines, over the picture, with strokes long enough to tell dashes apart."""
    return alt.Legend(title=None, orient="top", columns=columns, symbolType="stroke", symbolSize=700)


def power_axis(**settings: Any) -> alt.Axis:
    """Return an axis for a logarithmic scale that writes powers of ten."""
    return alt.Axis(labelExpr="datum.value >= 0.01 && datum.value < 10000 ? format(datum.value, '~g') : "
                    "format(datum.value, '.0e')", tickCount=6, **settings)  # fmt: skip


# ---- how wide ----


def width_error(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return the error on both parts of the data against the width, all else equal; the run's own width is a rule."""
    if "sweep_width" not in run.scene:
        return None
    scene, wrong = run.scene, run.facts["data"]["task"] == "classification"
    rows = pd.DataFrame(
        {
            "width": np.tile(scene["sweep_width"], 2),
            "error": np.concatenate([scene["sweep_train"], scene["sweep_test"]]),
            "part": np.repeat(["training data", "test data"], len(scene["sweep_width"])),
        }
    )
    unit = run.facts["data"]["target_unit"]
    title = "share wrong" if wrong else f"root mean squared error{f' ({unit})' if unit else ''}"
    scale = alt.Scale() if wrong else _error_scale(rows["error"].to_numpy(float))
    rows = rows if wrong else rows.assign(error=rows["error"].clip(*scale.to_dict()["domain"]))
    parts = ["training data", "test data"]
    axis = alt.Undefined if wrong else power_axis()
    line = alt.Chart(rows).mark_line(strokeWidth=2.5).encode(
        x=_width_axis(), y=alt.Y("error:Q", title=title, scale=scale, axis=axis),
        color=alt.Color("part:N", scale=alt.Scale(domain=parts, range=[ROLES["train"], ROLES["test"]]),
                        legend=legend(2)),
        strokeDash=alt.StrokeDash("part:N", scale=alt.Scale(domain=parts, range=[[1, 0], [6, 4]]), legend=legend(2)),
        tooltip=["part", alt.Tooltip("width", format=THREE_DIGITS), alt.Tooltip("error", format=THREE_DIGITS)],
    )  # fmt: skip
    return finished(line + _own_width(run))


def best_width(run: ShownRun, view: Any) -> str:
    """Return what to notice in `width_error`: at which of the measured widths the test error is smallest."""
    errors, widths = run.scene["sweep_test"].astype(float), run.scene["sweep_width"]
    best = last = int(np.argmin(np.nan_to_num(errors, nan=np.inf)))
    while last + 1 < len(errors) and errors[last + 1] == errors[best]:  # classes: several widths may be as good
        last += 1
    wrong = run.facts["data"]["task"] == "classification"
    found = f"{errors[best]:.1%} wrong" if wrong else f"error {short(float(errors[best]))}"
    reach = f" to {short(float(widths[last]))}" if last > best else ""
    return (
        "Too narrow leaves gaps, too wide loses detail. On the test data the best of the measured widths is "
        f"{short(float(widths[best]))}{reach} distances: {found}."
    )


def _error_scale(errors: Array) -> alt.Scale:
    """Return a logarithmic scale of at most eight decades, from the smallest error that is not rounding alone."""
    largest = float(errors[np.isfinite(errors)].max(initial=1e-12))
    smallest = float(np.clip(errors.min(), largest * 1e-8, largest / 3))
    return alt.Scale(type="log", domain=[smallest * 0.8, largest * 1.25], nice=False, clamp=True)


def _width_axis() -> alt.X:
    values = [0.1, 0.2, 0.5, 1, 2, 4, 8]
    return alt.X("width:Q", title="width (distances between neighbouring centres)",
                 scale=alt.Scale(type="log", domain=[0.1, 8.0], nice=False),
                 axis=alt.Axis(values=values, labelExpr="format(datum.value, '~g')"))  # fmt: skip


def _own_width(run: ShownRun) -> Any:
    rows = pd.DataFrame({"width": [float(run.config["width"])], "text": ["this run"]})
    base = alt.Chart(rows).encode(x=_width_axis())
    side: Any = "right" if float(run.config["width"]) > 3 else "left"
    words = base.mark_text(align=side, baseline="top", dx=-5 if side == "right" else 5, dy=4, color=TEXT, fontSize=12)
    return alt.layer(
        base.mark_rule(color=ROLES["baseline"], strokeWidth=1.5), words.encode(y=alt.value(0), text="text:N")
    )


def condition(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return the condition number of the bumps at the training points against the width, with the limit of float64."""
    if "sweep_width" not in run.scene:
        return None
    numbers = np.clip(run.scene["sweep_condition"], 1.0, 1e20)
    rows = pd.DataFrame({"width": run.scene["sweep_width"], "condition": numbers})
    scale = alt.Scale(type="log", domain=[1.0, 1e20], nice=False)
    y = alt.Y("condition:Q", title="condition number", scale=scale,
              axis=alt.Axis(values=[10.0**power for power in range(0, 21, 4)], format=".0e"))  # fmt: skip
    line = alt.Chart(rows).mark_line(color=ROLES["model"], strokeWidth=2.5, point=alt.OverlayMarkDef(size=22)).encode(
        x=_width_axis(), y=y,
        tooltip=[alt.Tooltip("width", format=THREE_DIGITS), alt.Tooltip("condition", format=".2e")],
    )  # fmt: skip
    limit = pd.DataFrame(
        {"condition": [1.0 / PRECISION], "text": ["64-bit numbers have no digit left above this line"]}
    )
    rule = alt.Chart(limit).mark_rule(color=ROLES["wrong"], strokeDash=[6, 4], strokeWidth=2).encode(y=y)
    words = alt.Chart(limit).mark_text(align="left", baseline="bottom", dx=4, dy=-3, color=TEXT, fontSize=12).encode(
        x=alt.value(0), y=y, text="text:N"
    )  # fmt: skip
    return finished(line + rule + words + _own_width(run))


# ---- solved or learned ----


def descent(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return the error of gradient descent on the output weights over its steps, beside the solved weights."""
    if "descent_step" not in run.scene:
        return None
    solved = float(run.scene["solved_loss"][0])
    losses = run.scene["descent_loss"].astype(np.float64)
    floor = max(solved, float(losses.max()) * 1e-9)
    rows = pd.DataFrame({"step": run.scene["descent_step"], "error": np.maximum(losses, floor)})
    exact = pd.DataFrame({"error": [floor], "text": [f"solved in one step: {solved:.2g}"]})
    low, high = floor * 0.6, float(rows["error"].max()) * 1.3
    y = alt.Y("error:Q", title="squared error on training data", axis=power_axis(),
              scale=alt.Scale(type="log", domain=[low, high], nice=False))  # fmt: skip
    ticks = alt.Axis(values=[10.0**power for power in range(7)], labelExpr="format(datum.value, '~s')")
    scale = alt.Scale(type="log", nice=False)
    x = alt.X("step:Q", title="steps of gradient descent, each over all data", scale=scale, axis=ticks)
    line = alt.Chart(rows).mark_line(color=ROLES["generated"], strokeWidth=2.5).encode(
        x=x, y=y, tooltip=["step", alt.Tooltip("error", format=THREE_DIGITS)]
    )  # fmt: skip
    rule = alt.Chart(exact).mark_rule(color=ROLES["model"], strokeWidth=2.5).encode(y=y)
    words = alt.Chart(exact).mark_text(align="left", baseline="bottom", dx=4, dy=-4, color=TEXT, fontSize=12).encode(
        x=alt.value(0), y=y, text="text:N"
    )  # fmt: skip
    return finished(line + rule + words)


def weights(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return the output weights of up to 40 bumps: bars for one output, a map of bumps and classes for several."""
    values = view.output_weights.astype(np.float64)
    if not len(values) or not np.isfinite(values).all():
        return None
    return _weight_bars(view, values[:, 0]) if values.shape[1] == 1 else _weight_map(run, values)


def _weight_bars(view: Any, values: Array) -> alt.LayerChart:
    order = np.argsort(view.line_centres[: len(values)]) if view.line_centres is not None else np.arange(len(values))
    rows = pd.DataFrame({"bump": np.arange(1, len(values) + 1), "weight": values[order]})
    if view.line_centres is not None:
        rows["centre"] = view.line_centres[: len(values)][order].astype(float)
    rows["sign"] = np.where(rows["weight"] < 0, "pushes down", "pushes up")
    tips = ["bump", alt.Tooltip("weight", format=THREE_DIGITS)]
    tips += [alt.Tooltip("centre", format=THREE_DIGITS)] if "centre" in rows else []
    title = "bump, from left to right" if view.line_centres is not None else "bump"
    bars = alt.Chart(rows).mark_bar().encode(
        x=alt.X("bump:O", title=title, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        y=alt.Y("weight:Q", title="output weight (in deviations of the target)", axis=alt.Axis(format=".3~g")),
        color=alt.Color("sign:N", legend=alt.Legend(title=None, orient="top"),
                        scale=alt.Scale(domain=["pushes up", "pushes down"], range=[POSITIVE, NEGATIVE])),
        tooltip=tips,
    )  # fmt: skip
    zero = alt.Chart(pd.DataFrame({"weight": [0.0]})).mark_rule(color=ROLES["baseline"]).encode(y="weight:Q")
    return finished(zero + bars)


def _weight_map(run: ShownRun, values: Array) -> alt.LayerChart:
    names = [str(name) for name in run.facts["data"]["class_names"]]
    rows = pd.DataFrame(
        [
            {"bump": bump + 1, "class": names[kind], "weight": float(values[bump, kind])}
            for bump, kind in np.ndindex(values.shape)
        ]
    )
    limit = float(np.abs(values).max()) or 1.0
    scale = alt.Scale(domain=[-limit, 0, limit], range=[NEGATIVE, "#D9DCE0", POSITIVE], interpolate="rgb")
    cells = alt.Chart(rows).mark_rect().encode(
        x=alt.X("bump:O", title="bump", axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        y=alt.Y("class:N", sort=names, title="output"),
        color=alt.Color("weight:Q", scale=scale, title="output weight",
                        legend=alt.Legend(orient="top", format=".2~g", gradientLength=160, tickCount=3)),
        tooltip=["bump", "class", alt.Tooltip("weight", format=THREE_DIGITS)],
    )  # fmt: skip
    return finished(alt.layer(cells), max(HEIGHT, 90 + 22 * len(names)))


# ---- where the bumps stand ----


def centre_images(run: ShownRun, view: Any) -> Any:
    """Return the centres of up to 32 bumps as images: the typical digits that every input is compared with."""
    if view.centre_images is None:
        return None
    rows = [
        {"picture": _picture(image), "bump": f"bump {place + 1}",
         "x": place % IMAGE_COLUMNS + 0.5, "y": place // IMAGE_COLUMNS + 0.5}
        for place, image in enumerate(view.centre_images.astype(np.float64))
    ]  # fmt: skip
    lines = -(-len(rows) // IMAGE_COLUMNS)
    pitch = f"min({IMAGE_PITCH}, width / {IMAGE_COLUMNS})"
    side = alt.ExprRef(f"{pitch} - 6")
    across = alt.Scale(domain=[0, IMAGE_COLUMNS], range=[0, alt.ExprRef(f"{IMAGE_COLUMNS} * {pitch}")], nice=False)
    down = alt.Scale(domain=[0, lines], range=[0, alt.ExprRef(f"{lines} * {pitch}")], nice=False)
    drawn = alt.Chart(pd.DataFrame(rows)).mark_image(width=side, height=side).encode(
        x=alt.X("x:Q", axis=None, scale=across), y=alt.Y("y:Q", axis=None, scale=down), url="picture:N",
        tooltip=["bump"],
    )  # fmt: skip
    return alt.layer(drawn).properties(height=max(120, IMAGE_PITCH * lines))


def _picture(image: Array) -> str:
    large = np.kron(255 - 255 * np.clip(image, 0, 1), np.ones((8, 8))).astype(np.uint8)
    return png(np.pad(large, 1, constant_values=150))
