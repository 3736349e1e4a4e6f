"""Pictures of the questions to two adversaries: slow motion, a walk through the noise, the quiz."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.gan_inside import finished, picture
from lab.charts.gan_stage import ARROW, EXTENT
from lab.charts.mlp_inside import TEXT
from lab.charts.palette import ROLES
from lab.charts.stage_panels import diverging, png
from lab.shown_run import ShownRun
from models.base import Array

SIDE = 330
PHASES = ("before", "detective", "forger")
ZOOM = 6  # of the ground, so that it looks smooth


def slow(run: ShownRun, view: Any, phase: str) -> Any:
    """Return one phase of slow motion: the verdict and the batch before, after D's step, and after G's step."""
    ground = view.before_heat if phase == "before" else view.after_heat
    fakes = view.after_fakes if phase == "forger" else view.before_fakes
    kinds = alt.Scale(domain=["real", "generated"], range=[ROLES["real"], ROLES["generated"]])
    real = run.scene["points"][: len(fakes)].astype(float)
    table = pd.concat([_cloud(real, "real"), _cloud(np.asarray(fakes, float), "generated")])
    dots = alt.Chart(table).mark_circle(size=26, opacity=1, stroke="white", strokeWidth=0.5).encode(
        x=_x(), y=_y(), color=alt.Color("kind:N", scale=kinds, legend=alt.Legend(title=None, orient="top"))
    )  # fmt: skip
    layers = [_ground(ground), dots]
    if phase != "before":
        layers.insert(1, _lines(*moves(view, phase)))
    return finished(alt.layer(*layers), SIDE)


def moves(view: Any, phase: str) -> tuple[Array, Array]:
    """Return from where to where lines go: along the pull after D's step, the way gone after G's; (80, 2) each."""
    starts = np.asarray(view.before_fakes, float)
    if phase == "forger":
        return starts, np.asarray(view.after_fakes, float)
    pulls = np.asarray(view.slow_pulls, float)
    longest = float(np.linalg.norm(pulls, axis=1).max(initial=0.0)) or 1.0
    return starts, starts + pulls / longest * ARROW


def _cloud(points: Array, kind: str) -> pd.DataFrame:
    inner = points[(np.abs(np.nan_to_num(points, nan=np.inf)) <= EXTENT).all(axis=1)]
    return pd.DataFrame({"x": inner[:, 0], "y": inner[:, 1], "kind": kind})


def _x() -> alt.X:
    return alt.X("x:Q", title="x1", scale=alt.Scale(domain=[-EXTENT, EXTENT], nice=False), axis=alt.Axis(tickCount=5))


def _y() -> alt.Y:
    return alt.Y("y:Q", title="x2", scale=alt.Scale(domain=[-EXTENT, EXTENT], nice=False), axis=alt.Axis(tickCount=5))


def _ground(heat: Array) -> alt.Chart:
    colours = diverging(2 * np.asarray(heat, float) - 1, 1.0, 0.55)
    large = np.repeat(np.repeat(colours, ZOOM, axis=0), ZOOM, axis=1)
    place = pd.DataFrame({"x": [-EXTENT], "x2": [EXTENT], "y": [-EXTENT], "y2": [EXTENT], "url": [png(large)]})
    return alt.Chart(place).mark_image(aspect=False).encode(x=_x(), x2="x2:Q", y=_y(), y2="y2:Q", url="url:N")


def _lines(starts: Array, ends: Array) -> alt.Chart:
    kept = (np.abs(np.nan_to_num(np.concatenate([starts, ends], axis=1), nan=np.inf)) <= EXTENT).all(axis=1)
    table = pd.DataFrame({"x": starts[kept, 0], "y": starts[kept, 1], "x2": ends[kept, 0], "y2": ends[kept, 1]})
    return alt.Chart(table).mark_rule(color=TEXT, strokeWidth=1.3).encode(x=_x(), y=_y(), x2="x2:Q", y2="y2:Q")


# ---- a walk ----


def walk(run: ShownRun, view: Any) -> Any:
    """Return images along an arc of noise and the nearest training image to each, or the way through the plane."""
    return _walk_of_points(run, view) if view.twins is None else _walk_of_images(view)


def _walk_of_images(view: Any) -> Any:
    columns = 6
    rows = []
    for place, (made, twin) in enumerate(zip(view.walk, view.twins, strict=True)):
        across, line = place % columns + 0.5, 2.9 * (place // columns)
        rows += [
            {"x": across, "y": line + 0.6, "url": picture(made), "name": f"{place + 1}"},
            {"x": across, "y": line + 1.7, "url": picture(twin), "name": ""},
        ]
    table = pd.DataFrame(rows)
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, columns], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[5.6, -0.3], nice=False))
    base = alt.Chart(table)
    drawn = base.mark_image(width=50, height=50).encode(x=x, y=y, url="url:N")
    words = base.mark_text(dy=-34, color=TEXT, fontSize=12).encode(x=x, y=y, text="name:N")
    return finished(drawn + words, 340)


def _walk_of_points(run: ShownRun, view: Any) -> Any:
    way = np.asarray(view.walk, float)
    table = pd.DataFrame({"x": way[:, 0], "y": way[:, 1], "place": np.arange(len(way)) + 1})
    real = _cloud(run.scene["points"][:300].astype(float), "real")
    ground = alt.Chart(real).mark_circle(size=12, color=ROLES["real"], opacity=0.6).encode(x=_x(), y=_y())
    line = alt.Chart(table).mark_line(color=ROLES["generated"], strokeWidth=2, clip=True).encode(
        x=_x(), y=_y(), order="place:O"
    )  # fmt: skip
    dots = alt.Chart(table).mark_circle(size=60, color=ROLES["generated"], opacity=1, clip=True).encode(
        x=_x(), y=_y(), tooltip=["place"]
    )  # fmt: skip
    return finished(ground + line + dots, SIDE)


# ---- the quiz ----


def loss_of_detective(run: ShownRun, top: float) -> Any:
    """Return the discriminator's loss of a run over its steps, beside the loss of one that can only guess."""
    rows = pd.DataFrame({"step": [row["step"] for row in run.rows], "loss": [row["test_d_loss"] for row in run.rows]})
    level = pd.DataFrame({"loss": [2 * np.log(2)], "name": ["guessing: 2 ln 2 = 1.39"]})
    y = alt.Y("loss:Q", title="the discriminator's loss", scale=alt.Scale(domain=[0, top], nice=False),
              axis=alt.Axis(tickCount=5))  # fmt: skip
    line = alt.Chart(rows).mark_line(color=ROLES["model"], strokeWidth=2.5, clip=True).encode(
        x=alt.X("step:Q", title="step", axis=alt.Axis(tickCount=5)), y=y
    )  # fmt: skip
    rule = alt.Chart(level).mark_rule(color=TEXT, strokeDash=[5, 4], opacity=0.7).encode(y=y)
    word = alt.Chart(level).mark_text(align="right", baseline="top", dy=30, color=TEXT).encode(
        x=alt.value("width"), y=y, text="name:N"
    )  # fmt: skip
    return finished(line + rule + word, 240)
