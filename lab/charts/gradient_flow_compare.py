"""Several deep stacks over each other: the gradient through layers, through time, and accuracy by depth."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.gradient_flow_inside import TEXT, finished
from lab.charts.palette import CLASSES
from models.base import Array

CELLS = ("SimpleRNN", "GRU", "LSTM", "LSTM, chrono bias", "attention")
SKIPPED = 5  # first steps, in which the state still fills


def compared_rows(names: Sequence[str], measured: Array, theory: Array) -> pd.DataFrame:
    """Return one row per stack, layer and kind ("measured", "theory"); both are shares of the last layer's gradient.

    measured, theory: (stacks, layers), 0 beyond the end of a shorter stack and where theory has no answer.
    """
    rows = []
    for name, signal, line in zip(names, np.asarray(measured, float), np.asarray(theory, float), strict=True):
        last = signal[np.flatnonzero(signal > 0)[-1]] if (signal > 0).any() else 1.0
        for kind, values in (("measured", signal / last), ("theory", line)):
            rows += [
                {"stack": name, "layer": layer, "value": float(value), "kind": kind}
                for layer, value in enumerate(values, start=1)
                if np.isfinite(value) and value > 0
            ]
    return pd.DataFrame(rows, columns=["stack", "layer", "value", "kind"])


def compared(names: Sequence[str], measured: Array, theory: Array) -> Any:
    """Return the gradient at each layer of several untrained stacks, theory dashed, on a logarithmic axis."""
    return _logarithmic(compared_rows(names, measured, theory), names, "layer", "stack",
                        "gradient, share of the last layer's")  # fmt: skip


def recurrent(shares: Array) -> Any:
    """Return the gradient left at each step of five untrained layers over time: (5, steps)."""
    steps = shares.shape[1]
    rows = [
        {"cell": name, "back": steps - 1 - step, "value": float(value), "kind": "measured"}
        for name, row in zip(CELLS, np.asarray(shares, float), strict=True)
        for step, value in enumerate(row)
        if value > 0 and np.isfinite(value)
    ]
    return _logarithmic(pd.DataFrame(rows), CELLS, "back", "cell", "gradient left", "steps back in time")


def _logarithmic(rows: pd.DataFrame, names: Sequence[str], x: str, colour: str, title: str, label: str = "") -> Any:
    colours = alt.Scale(domain=list(names), range=list(CLASSES[: len(names)]))
    shapes = alt.Scale(domain=list(names))
    legend = alt.Legend(title=None, orient="top", columns=2, labelLimit=260)
    base = alt.Chart(rows).encode(
        x=alt.X(f"{x}:Q", title=label or x, axis=alt.Axis(tickMinStep=1, format="d", grid=False),
                scale=alt.Scale(nice=False, padding=8)),
        y=alt.Y("value:Q", title=title, scale=alt.Scale(type="log"), axis=alt.Axis(format="~e", tickCount=6)),
        color=alt.Color(f"{colour}:N", scale=colours, legend=legend),
        detail="kind:N",
        tooltip=[colour, x, "kind", alt.Tooltip("value", format=".3~g")],
    )  # fmt: skip
    measured = base.transform_filter("datum.kind == 'measured'")
    dashed = base.transform_filter("datum.kind == 'theory'").mark_line(strokeDash=[5, 4], opacity=0.8)
    points = measured.mark_point(filled=True, size=36, opacity=1).encode(
        shape=alt.Shape(f"{colour}:N", scale=shapes, legend=legend)
    )
    return finished(dashed + measured.mark_line(strokeWidth=2) + points, 400)


def factors_per_step(shares: Array) -> dict[str, float]:
    """Return the mean factor a step, by cell: the geometric mean after the first few steps."""
    spans = shares.shape[1] - 1 - SKIPPED
    kept = np.asarray(shares, float)[:, SKIPPED] / np.asarray(shares, float)[:, -1]
    return {name: float(value) for name, value in zip(CELLS, kept ** (1.0 / spans), strict=True)}


def accuracy_by_depth(cells: Sequence[dict[str, Any]]) -> Any:
    """Return the mean test accuracy by depth for each stack, a thin bar from the worst seed to the best.

    cells: {"stack", "depth", "test_accuracy": one per seed}.
    """
    names = list(dict.fromkeys(str(cell["stack"]) for cell in cells))
    rows = pd.DataFrame(
        [
            {"stack": cell["stack"], "depth": cell["depth"], "mean": float(np.mean(cell["test_accuracy"])),
             "worst": min(cell["test_accuracy"]), "best": max(cell["test_accuracy"]),
             "seeds": len(cell["test_accuracy"])}
            for cell in cells
        ]
    )  # fmt: skip
    legend = alt.Legend(title=None, orient="top", columns=2, labelLimit=260)
    depths = sorted(set(rows["depth"]))
    base = alt.Chart(rows).encode(
        x=alt.X("depth:Q", title="hidden layers", scale=alt.Scale(type="log", nice=False, padding=12),
                axis=alt.Axis(values=depths, format="d", grid=False)),
        color=alt.Color("stack:N", legend=legend, scale=alt.Scale(domain=names, range=list(CLASSES[: len(names)]))),
        tooltip=["stack", "depth", alt.Tooltip("mean", format=".3f"), alt.Tooltip("worst", format=".3f"),
                 alt.Tooltip("best", format=".3f"), "seeds"],
    )  # fmt: skip
    y = alt.Y("mean:Q", title="share of test digits right", scale=alt.Scale(domain=[0, 1]))
    points = base.mark_point(filled=True, size=70, opacity=1).encode(
        y=y, shape=alt.Shape("stack:N", legend=legend, scale=alt.Scale(domain=names))
    )
    chance = alt.Chart(pd.DataFrame({"chance": [0.1]})).mark_rule(color=TEXT, strokeDash=[2, 3], opacity=0.7)
    spread = base.mark_rule(strokeWidth=2).encode(y="worst:Q", y2="best:Q")
    return finished(chance.encode(y="chance:Q") + base.mark_line(strokeWidth=2).encode(y=y) + spread + points, 360)


def mean_factors(names: Sequence[str], measured: Array, theory: Array) -> list[dict[str, str]]:
    """Return for each stack the mean factor a layer, measured and by theory, and the gradient left at layer 1.

    The mean is geometric: it is the factor which, applied at every layer, gives what is left.
    """
    rows = []
    for name, signal, line in zip(names, np.asarray(measured, float), np.asarray(theory, float), strict=True):
        found = {"Stack": name}
        for kind, values in (("measured", signal), ("theory", line)):
            used = values[values > 0]
            left = used[0] / used[-1] if len(used) > 1 and np.isfinite(used).all() else np.nan
            found[f"Factor a layer, {kind}"] = _number(left ** (1.0 / max(1, len(used) - 1)))
            found[f"Left at layer 1, {kind}"] = _number(left)
        rows.append(found)
    return rows


def _number(value: float) -> str:
    if not np.isfinite(value):
        return "none"
    return f"{value:.3g}" if 1e-3 <= value < 1e4 else f"{value:.1e}".replace("e-0", "e-").replace("e+0", "e")
