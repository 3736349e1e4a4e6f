"""Pictures of what an autoencoder answers: a plane to click in, a walk between two images, what one example lost."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.autoencoder_inside import gallery, picture
from lab.charts.autoencoder_stage import group_names
from lab.charts.mlp_inside import TEXT, THREE_DIGITS
from lab.charts.modular_inside import finished
from lab.charts.palette import CLASSES, NEGATIVE, POSITIVE, ROLES
from lab.shown_run import ShownRun

COLUMNS, ROWS, CELL = 45, 23, 170  # places to click, and their size: at this picture's width they leave no gap
MOST_INPUTS = 12


def clickable(run: ShownRun, view: Any, place: tuple[float, float]) -> alt.LayerChart:
    """Return the plane of the first two code numbers: selection "place" tells a click; a cross marks `place`."""
    (left, right), (low, high) = view.limits.astype(float)
    x, y = np.meshgrid(np.linspace(left, right, COLUMNS), np.linspace(low, high, ROWS))
    field = pd.DataFrame({"x": np.round(x.ravel(), 4), "y": np.round(y.ravel(), 4)})
    names, groups = group_names(run), run.scene["groups"][: len(view.codes)]
    codes = view.codes.astype(float)
    dots = pd.DataFrame({"x": codes[:, 0], "y": codes[:, 1], "group": [names[kind] for kind in groups]})
    axes = {
        "x": alt.X("x:Q", title="first code number", scale=alt.Scale(domain=[left, right], nice=False)),
        "y": alt.Y("y:Q", title="second code number", scale=alt.Scale(domain=[low, high], nice=False)),
    }
    colour = alt.Color(
        "group:N", scale=alt.Scale(domain=list(names), range=[CLASSES[k % len(CLASSES)] for k in range(len(names))]),
        legend=alt.Legend(title=None, orient="top", columns=5, symbolType="circle", symbolSize=60),
    )  # fmt: skip
    chosen = alt.selection_point(name="place", fields=["x", "y"], on="click", empty=False)
    points = alt.Chart(dots).mark_circle(size=34, opacity=0.85).encode(**axes, color=colour)
    cross = alt.Chart(pd.DataFrame({"x": [place[0]], "y": [place[1]]})).mark_point(
        shape="cross", size=260, filled=True, color=TEXT, opacity=1
    ).encode(**axes)  # fmt: skip
    cells = alt.Chart(field).mark_square(size=CELL, opacity=0.001).encode(**axes).add_params(chosen)
    return finished(alt.layer(points, cross, cells), 420)


def walk(run: ShownRun, view: Any) -> alt.LayerChart:
    """Return what is decoded on the straight way between two codes, and below it the blend of the two images."""
    shape = run.facts["data"]["image_shape"]
    rows = []
    for down, (images, kind) in enumerate(((view.answer_outputs, "decoded"), (view.answer_blend, "pixels blended"))):
        for stop, image in enumerate(images):
            told = f"{kind}, {stop / (len(images) - 1):.0%} of the way"
            rows.append({"picture": picture(image.reshape(shape)), "x": stop + 0.5, "y": down + 0.5, "told": told})
    return gallery(rows, len(view.answer_outputs), 2, pitch=84)


def clearness(view: Any) -> alt.LayerChart:
    """Return how clearly each stop of a walk is one class: the share of its nearest training images that agree."""
    share = np.linspace(0.0, 1.0, len(view.answer_agreement))
    kinds = {"decoded": view.answer_agreement, "pixels blended": view.answer_agreement_blend}
    frame = pd.DataFrame(
        [
            {"way": w, "agree": float(a), "kind": kind}
            for kind, one in kinds.items()
            for w, a in zip(share, one, strict=True)
        ]
    )
    colour = alt.Scale(domain=list(kinds), range=[ROLES["model"], ROLES["baseline"]])
    lines = alt.Chart(frame).mark_line(point=True, strokeWidth=2.5).encode(
        x=alt.X("way:Q", title="share of the way", axis=alt.Axis(format="%")),
        y=alt.Y("agree:Q", title="nearest ten that agree", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")),
        color=alt.Color("kind:N", scale=colour, legend=alt.Legend(title=None, orient="top")),
        tooltip=["kind", alt.Tooltip("way", format=".0%"), alt.Tooltip("agree", format=".0%")],
    )  # fmt: skip
    return finished(alt.layer(lines), 190)


def lost(run: ShownRun, view: Any) -> alt.LayerChart:
    """Return the inputs of one example of a table that are rebuilt worst: what it has against what is rebuilt."""
    names = [str(name) for name in run.facts["data"]["input_names"]]
    given, rebuilt = view.answer_input.astype(float), view.answer_outputs[0].astype(float)
    order = np.argsort(-np.abs(given - rebuilt), kind="stable")[:MOST_INPUTS]
    frame = pd.DataFrame(
        [
            {"input": names[k], "given": given[k], "rebuilt": rebuilt[k],
             "sign": "higher than rebuilt" if given[k] > rebuilt[k] else "lower than rebuilt"}
            for k in order
        ]
    )  # fmt: skip
    base = alt.Chart(frame).encode(
        y=alt.Y("input:N", sort=[names[k] for k in order], title=None, axis=alt.Axis(labelLimit=150)),
        tooltip=["input", alt.Tooltip("given", format=THREE_DIGITS), alt.Tooltip("rebuilt", format=THREE_DIGITS)],
    )
    colour = alt.Color(
        "sign:N", scale=alt.Scale(domain=["higher than rebuilt", "lower than rebuilt"], range=[POSITIVE, NEGATIVE]),
        legend=alt.Legend(title=None, orient="top"),
    )  # fmt: skip
    x = alt.X("rebuilt:Q", title="standard deviations of the training part")
    bars = base.mark_rule(strokeWidth=4).encode(x=x, x2="given:Q", color=colour)
    dots = base.mark_circle(size=90, opacity=1).encode(x="given:Q", color=colour)
    marks = base.mark_tick(thickness=3, size=14, color=ROLES["baseline"]).encode(x="rebuilt:Q")
    return finished(alt.layer(bars, dots, marks), 24 * len(order) + 70)
