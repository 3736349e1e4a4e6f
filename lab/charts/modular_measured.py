"""Pictures of what needed many trainings: the stored results of `python -m evidence.modular`, every run a dot."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.modular_inside import HEIGHT, TEXT, finished
from lab.charts.palette import CLASSES, ROLES
from models.base import Array

SHAPES = ("circle", "square", "triangle-up", "diamond")
LONE_KINDS = ("one small net", "one big net")  # one net cannot disagree with itself


@cache
def _stored() -> dict[str, Any]:
    path = Path(__file__).parents[2] / "evidence" / "results" / "modular.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def stored_rows(table: str) -> list[dict[str, Any]]:
    """Return the rows of a stored table, [] where there is none."""
    found: list[dict[str, Any]] = _stored().get(table, [])
    return found


def paired(table: str, value: str, kind: str, rival: str) -> Array:
    """Return a kind's value minus its rival's, seed by seed: (seeds,)."""
    rows = {(row["kind"], row["seed"]): row[value] for row in stored_rows(table) if value in row}
    seeds = sorted({seed for one, seed in rows if one == kind})
    return np.array([rows[kind, seed] - rows[rival, seed] for seed in seeds], float)


def provenance() -> str:
    """Return where the numbers come from, in a sentence; "" where nothing is stored."""
    about = _stored().get("about")
    if not about:
        return ""
    seeds = ", ".join(str(seed) for seed in about["seeds"])
    return (
        f"Stored: {about['command']}, {about['created'][:10]}, seeds {seeds}, {about['device']}, "
        f"{sum(about['seconds'].values())} s, "
        f"TensorFlow {about['versions']['tensorflow']}, Keras {about['versions']['keras']}."
    )


def accuracy(_run: Any, _view: Any) -> Any:
    """Return the share of test digits right, by kind of committee."""
    return _by_kind("committees", "accuracy", "share of test digits right", ".3f")


def surprise(_run: Any, _view: Any) -> Any:
    """Return the negative log-likelihood on test digits, by kind."""
    return _by_kind("committees", "loss", "−log p of the true class (nats), less is better", ".3f", best="low")


def calibration_gap(_run: Any, _view: Any) -> Any:
    """Return the expected calibration error on test digits, by kind."""
    return _by_kind("committees", "ece", "expected calibration error, less is better", ".3f", best="low")


def under_noise(_run: Any, _view: Any) -> Any:
    """Return the share right under noise of standard deviation .5, by kind."""
    return _by_kind("committees", "noise", "share right under noise of deviation 0.5", ".3f")


def when_moved(_run: Any, _view: Any) -> Any:
    """Return the share right on images moved by one pixel, by kind."""
    return _by_kind("committees", "shift", "share right on images moved by one pixel", ".3f")


def one_lies(_run: Any, _view: Any) -> Any:
    """Return the share right when one member names a wrong class, mean over the members, by kind."""
    return _by_kind("committees", "broken", "share right when one member lies", ".3f")


def _by_kind(table: str, value: str, title: str, number: str, best: str = "high") -> Any:
    """Draw every seed as a dot and the mean as a bar with its number, the best kind on top."""
    rows = pd.DataFrame(_stored().get(table, []))
    if rows.empty or value not in rows:
        return None
    rows = rows[["kind", "seed", value]].dropna()
    means = rows.groupby("kind", as_index=False)[value].mean().sort_values(value, ascending=best == "low")
    means["label"] = [f"{mean:{number}}" for mean in means[value]]
    order = list(means["kind"])
    low, high = float(rows[value].min()), float(rows[value].max())
    room = 0.08 * (high - low) or 0.01
    scale = alt.Scale(domain=[low - room, high + 3.2 * room], nice=False, zero=False)
    # The scale reaches beyond 1 to make room for the numbers, but no share does.
    axis = alt.Axis(tickCount=5, labelExpr="datum.value > 1 ? '' : datum.label")
    x = alt.X(f"{value}:Q", title=title, scale=scale, axis=axis)
    y = alt.Y("kind:N", sort=order, title=None, axis=alt.Axis(labelLimit=150))
    dots = alt.Chart(rows).mark_circle(size=55, color=ROLES["baseline"], opacity=0.75).encode(
        x=x, y=y, tooltip=["kind", "seed", alt.Tooltip(value, format=number, title=title)]
    )  # fmt: skip
    bars = alt.Chart(means).mark_tick(thickness=4, size=20, color=ROLES["model"], opacity=1).encode(x=x, y=y)
    last = alt.Chart(means).mark_text(align="right", dx=-2, color=TEXT, fontSize=12)
    words = last.encode(x=alt.value("width"), y=y, text="label:N")
    return finished(dots + bars + words, 70 + 30 * len(order))


def unknown(_run: Any, _view: Any) -> Any:
    """Return how well doubt tells digits that were left out of the training, by kind and measure of doubt."""
    rows = pd.DataFrame(_stored().get("unknown", []))
    if rows.empty:
        return None
    measures = {"confidence": "1 − largest probability", "entropy": "entropy", "disagreement": "disagreement"}
    long = rows.melt(["kind", "seed"], list(measures), "measure", "area")
    long = long[~(long["kind"].isin(LONE_KINDS) & (long["measure"] == "disagreement"))]
    long["measure"] = long["measure"].map(measures)
    means = long.groupby(["kind", "measure"], as_index=False)["area"].mean()
    order = list(rows["kind"].drop_duplicates())
    names = list(measures.values())
    low = float(np.floor(20 * long["area"].min()) / 20)
    x = alt.X("area:Q", title="area under the ROC curve (.5: guessing)", scale=alt.Scale(domain=[low, 1], nice=False),
              axis=alt.Axis(tickCount=6))  # fmt: skip
    y = alt.Y("kind:N", sort=order, title=None, axis=alt.Axis(labelLimit=150))
    offset = alt.YOffset("measure:N", sort=names)
    scale = alt.Scale(domain=names, range=[CLASSES[0], CLASSES[2], CLASSES[3]])
    colour = alt.Color(
        "measure:N", scale=scale, legend=alt.Legend(title="doubt", orient="top", columns=1, symbolOpacity=1)
    )
    tips = ["kind", "measure", alt.Tooltip("area", format=".3f", title="area")]
    dots = (
        alt.Chart(long).mark_circle(size=40, opacity=0.6).encode(x=x, y=y, yOffset=offset, color=colour, tooltip=tips)
    )
    ticks = (
        alt.Chart(means)
        .mark_tick(thickness=4, size=12, opacity=1)
        .encode(x=x, y=y, yOffset=offset, color=colour, tooltip=tips)
    )
    return finished(dots + ticks, 150 + 46 * len(order))


GROWTH = {  # name: (column, what is better taken from)
    "error": ("accuracy", 1.0), "−log p of the true class": ("loss", 0.0), "calibration error": ("ece", 0.0),
    "unknown digits missed (1 − area)": ("novelty", 1.0),
}  # fmt: skip


def growth(_run: Any, _view: Any) -> Any:
    """Return error, loss, calibration error and missed unknown digits of growing committees, in percent of one's."""
    rows = pd.DataFrame(stored_rows("growth"))
    if rows.empty:
        return None
    means = rows.groupby("voters").mean(numeric_only=True)
    values = {name: abs(top - means[column]) for name, (column, top) in GROWTH.items()}
    table = pd.concat([
        pd.DataFrame({"voters": value.index, "measure": name, "value": value.to_numpy(),
                      "left": (value / value.iloc[0]).to_numpy()})
        for name, value in values.items()
    ])  # fmt: skip
    names = list(GROWTH)
    scale = alt.Scale(domain=names, range=[CLASSES[0], CLASSES[2], CLASSES[3], CLASSES[1]])
    legend = alt.Legend(title=None, orient="top", columns=1)
    low = float(np.floor(10 * table["left"].min()) / 10)
    base = alt.Chart(table).encode(
        x=alt.X("voters:Q", title="voters in the committee", axis=alt.Axis(values=sorted(set(table["voters"])))),
        y=alt.Y("left:Q", title="left of one voter's", axis=alt.Axis(format="%", tickCount=6),
                scale=alt.Scale(domain=[low, max(1.0, float(table["left"].max()))], nice=False, zero=False)),
        color=alt.Color("measure:N", scale=scale, legend=legend),
        tooltip=["voters", "measure", alt.Tooltip("value", format=".3~r"),
                 alt.Tooltip("left", format=".3~p", title="of one voter's")],
    )  # fmt: skip
    shape = alt.Shape("measure:N", scale=alt.Scale(domain=names, range=list(SHAPES)), legend=legend)
    points = base.mark_point(filled=True, size=70, opacity=1).encode(shape=shape)
    return finished(base.mark_line(strokeWidth=2) + points, HEIGHT + 70)


def work(_run: Any, _view: Any) -> Any:
    """Return the multiply-adds that one example costs as the experts grow."""
    return _growth("multiply_adds", "multiply-adds per example", "~s", [10_000, 30_000, 100_000, 300_000])


def clock(_run: Any, _view: Any) -> Any:
    """Return the time that one example costs as the experts grow."""
    return _growth("microseconds", "microseconds per example", "~r", [0.5, 1, 2, 5, 10, 20])


def _growth(value: str, title: str, number: str, marks: list[float]) -> Any:
    rows = pd.DataFrame(_stored().get("compute", []))
    if rows.empty:
        return None
    names = {"1": "the best one", "2": "the best two", "all": "all"}
    rows["who"] = rows["asked"].map(names)
    order = list(names.values())
    sizes = sorted(rows["experts"].unique().tolist())
    shared = alt.Scale(domain=order, range=[CLASSES[0], CLASSES[2], CLASSES[6]])
    key = alt.Legend(title="asked", orient="top")
    base = alt.Chart(rows).encode(
        x=alt.X("experts:Q", title="experts", scale=alt.Scale(type="log", base=2), axis=alt.Axis(values=sizes)),
        y=alt.Y(f"{value}:Q", title=title, scale=alt.Scale(type="log"), axis=alt.Axis(format=number, values=marks)),
        color=alt.Color("who:N", scale=shared, legend=key),
        tooltip=["experts", "who", alt.Tooltip(value, format=".3~s", title=title)],
    )  # fmt: skip
    shape = alt.Shape("who:N", scale=alt.Scale(domain=order, range=list(SHAPES)), legend=key)
    return finished(
        base.mark_line(strokeWidth=2) + base.mark_point(filled=True, size=80, opacity=1).encode(shape=shape)
    )


def pieces(_run: Any, _view: Any) -> Any:
    """Return the error of linear experts on three straight pieces, by their number."""
    rows = pd.DataFrame(_stored().get("pieces", []))
    if rows.empty:
        return None
    means = rows.groupby("experts", as_index=False)["mse"].mean()
    means["label"] = [f"{mean:.2g}" for mean in means["mse"]]
    x = alt.X("experts:O", title="linear experts", axis=alt.Axis(labelAngle=0))
    y = alt.Y("mse:Q", title="mean squared error on test points", scale=alt.Scale(type="log"),
              axis=alt.Axis(values=[0.03, 0.1, 0.3, 1, 3], format="~g"))  # fmt: skip
    dots = alt.Chart(rows).mark_circle(size=55, color=ROLES["baseline"], opacity=0.75).encode(
        x=x, y=y, tooltip=["experts", "seed", alt.Tooltip("mse", format=".3~r")]
    )  # fmt: skip
    ticks = alt.Chart(means).mark_tick(thickness=4, size=30, color=ROLES["model"], opacity=1).encode(x=x, y=y)
    words = alt.Chart(means).mark_text(dy=-14, color=TEXT, fontSize=12).encode(x=x, y=y, text="label:N")
    return finished(dots + ticks + words, HEIGHT)
