"""Several deep stacks over each other: the gradient through layers, through time, and accuracy by depth."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.gradient_flow_inside import TEXT, finished, powers_of_ten
from lab.charts.gradient_flow_stage import THEORY
from lab.charts.palette import CLASSES, ROLES
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


MEASURED, MEAN_IMAGE, BY_IMAGE = "measured, 8 draws", "theory, mean image", "theory, each image"


def seeds(measured: Array, theory: Array, both: bool) -> Any:
    """Return the gradient at each layer of one stack for several seeds, thin, and theory's lines, dashed.

    measured: (seeds, layers); theory: (2, layers), for the mean image and image by image; both: draw the second too.
    """
    lines = [(MEASURED, signal / signal[-1]) for signal in np.asarray(measured, float)]
    lines += [(MEAN_IMAGE, np.asarray(theory, float)[0]), (BY_IMAGE, np.asarray(theory, float)[1])][: 2 if both else 1]
    rows = pd.DataFrame(
        [
            {"kind": kind, "line": place, "layer": layer, "value": float(value)}
            for place, (kind, line) in enumerate(lines)
            for layer, value in enumerate(line, start=1)
            if np.isfinite(value) and value > 0
        ]
    )
    colours = {MEASURED: ROLES["model"], MEAN_IMAGE: THEORY, BY_IMAGE: ROLES["wrong"]}
    shown = [kind for kind in colours if both or kind != BY_IMAGE]
    legend = alt.Legend(title=None, orient="top", columns=2, labelLimit=260, symbolType="stroke")
    dashes = alt.Scale(domain=shown, range=[[1, 0], [7, 4], [2, 3]][: len(shown)])
    base = alt.Chart(rows).encode(
        x=_layers("layer"), y=powers_of_ten("gradient, share of the last layer's", rows["value"]),
        color=alt.Color("kind:N", scale=alt.Scale(domain=shown, range=[colours[kind] for kind in shown]),
                        legend=legend),
        strokeDash=alt.StrokeDash("kind:N", scale=dashes, legend=legend),
        detail="line:N", tooltip=["kind", "layer", alt.Tooltip("value", format=".3~g")],
    )  # fmt: skip
    thin = base.transform_filter(alt.datum.kind == MEASURED).mark_line(strokeWidth=2, opacity=0.85)
    thick = base.transform_filter(alt.datum.kind != MEASURED).mark_line(strokeWidth=3)
    return finished(thin + thick, 340)


def left_at_first(measured: Array, theory: Array, both: bool) -> list[dict[str, str]]:
    """Return what is left at layer 1 as a share of the last layer's: theory, geometric mean over seeds, extremes."""
    left = np.asarray(measured, float)[:, 0] / np.asarray(measured, float)[:, -1]
    mean = float(np.exp(np.log(left).mean())) if (left > 0).all() else np.nan
    first = np.asarray(theory, float)[:, 0]
    found = {MEAN_IMAGE: first[0], **({BY_IMAGE: first[1]} if both else {}), "measured, mean of 8": mean,
             "smallest": left.min(), "largest": left.max()}  # fmt: skip
    return [{"Left at layer 1": name, "Share": _number(float(value))} for name, value in found.items()]


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
        x=_layers(x, label), y=powers_of_ten(title, rows["value"]),
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


def _layers(field: str, label: str = "") -> alt.X:
    axis = alt.Axis(tickMinStep=1, format="d", grid=False)
    return alt.X(f"{field}:Q", title=label or field, axis=axis, scale=alt.Scale(nice=False, padding=8))


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
    guess = alt.Chart(pd.DataFrame({"chance": [0.1], "depth": [depths[0]], "text": ["guessing: 1 of 10"]}))
    rule = guess.mark_rule(color=TEXT, strokeDash=[2, 3], opacity=0.7).encode(y="chance:Q")
    said = guess.mark_text(color=TEXT, align="left", dy=-8, fontSize=12).encode(y="chance:Q", x="depth:Q", text="text")
    spread = base.mark_rule(strokeWidth=2).encode(y="worst:Q", y2="best:Q")
    return finished(rule + said + base.mark_line(strokeWidth=2).encode(y=y) + spread + points, 360)


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
