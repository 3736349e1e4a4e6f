"""Pictures of the inside of a deep stack: arrays in, Altair charts out, layer by layer from left to right."""

import json
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.gradient_flow_stage import THEORY
from lab.charts.palette import ROLES
from lab.shown_run import ShownRun
from models.base import Array

HEIGHT = 280
TEXT = "currentColor"
THREE_DIGITS = ".3~r"
MOST_DECADES = 7  # labels of a logarithmic axis
WIDE_RANGE = 50.0  # layers whose values differ by more share a logarithmic axis


def finished(chart: Any, height: float = HEIGHT) -> Any:
    """Give a chart its height, axes included, and the page's text colour."""
    chart = chart.properties(height=height)
    chart = chart.configure_axis(labelColor=TEXT, titleColor=TEXT, labelOpacity=0.9, titleOpacity=0.9)
    return chart.configure_legend(labelColor=TEXT, titleColor=TEXT)


def lines(rows: pd.DataFrame, y: alt.Y, kinds: dict[str, tuple[str, bool]]) -> Any:
    """Return lines over layers. rows: layer, value, kind; kinds: colour of each kind, and whether it is dashed."""
    rows = rows[np.isfinite(rows["value"])]
    present = [kind for kind in kinds if (rows["kind"] == kind).any()]
    colours = alt.Scale(domain=present, range=[kinds[kind][0] for kind in present])
    dashes = alt.Scale(domain=present, range=[[5, 4] if kinds[kind][1] else [1, 0] for kind in present])
    legend = alt.Legend(title=None, orient="top", columns=2, symbolType="stroke")
    base = alt.Chart(rows).encode(
        x=alt.X("layer:Q", title="layer", axis=alt.Axis(tickMinStep=1, format="d", grid=False),
                scale=alt.Scale(nice=False, padding=8)),
        y=y,
        color=alt.Color("kind:N", scale=colours, legend=legend),
        tooltip=["kind", "layer", alt.Tooltip("value", format=".3~e" if _tiny(rows) else THREE_DIGITS)],
    )  # fmt: skip
    stroke = base.mark_line(strokeWidth=2).encode(strokeDash=alt.StrokeDash("kind:N", scale=dashes, legend=legend))
    return stroke + base.mark_circle(size=30, opacity=1)


def _tiny(rows: pd.DataFrame) -> bool:
    return bool(len(rows)) and float(rows["value"].abs().min()) < 1e-3


def table(kinds: dict[str, Array], first: int = 1) -> pd.DataFrame:
    """Return arrays over layers as rows: layer (from `first`), value, kind."""
    frames = [
        pd.DataFrame({"layer": np.arange(first, first + len(values)), "value": np.asarray(values, float), "kind": kind})
        for kind, values in kinds.items()
    ]
    return pd.concat(frames, ignore_index=True)


KINDS = {"now": (ROLES["model"], False), "untrained": (ROLES["baseline"], False), "theory, untrained": (THEORY, True)}


def factors_of(signal: Array) -> Array:
    """Return the factor each layer hands on, signal of the layer before it / its own: (depth - 1,), from layer 2."""
    signal = np.asarray(signal, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(signal[1:] > 0, signal[:-1] / signal[1:], np.nan)


def factors(run: ShownRun, view: Any) -> Any:
    """Return the factor by which each layer multiplies the gradient, beside theory's; 1 keeps it."""
    if len(view.signal) < 2:
        return None
    theory = factors_of(run.scene["theory_signal"])
    kinds = {"now": factors_of(view.signal), "untrained": factors_of(run.scene["initial_signal"])}
    rows = table({**kinds, "theory, untrained": theory}, first=2)
    rows = rows[np.isfinite(rows["value"]) & (rows["value"] > 0)]
    y = alt.Y("value:Q", title="factor on the gradient", scale=alt.Scale(zero=True, nice=True))
    one = alt.Chart(pd.DataFrame({"one": [1.0]})).mark_rule(color=TEXT, opacity=0.6).encode(y="one:Q")
    return finished(one + lines(rows, y, KINDS))


def weight_gradients(run: ShownRun, view: Any) -> Any:
    """Return the norm of the gradient of each layer's weights, logarithmic; the output's stands last."""
    values = np.asarray(view.weight_gradients, np.float64)
    rows = table({"now": np.where(values > 0, values, np.nan)})
    rows["value"] = rows["value"].where(np.isfinite(rows["value"]))
    y = powers_of_ten("norm of ∂loss/∂W", rows["value"])
    return finished(lines(rows, y, KINDS)) if rows["value"].notna().any() else None


def powers_of_ten(title: str, values: Any) -> alt.Y:
    """Return a logarithmic axis of whole powers of ten around the values, two at least, labelled 10⁻² and so on.

    values: what will be drawn; only positive, finite ones count. Two powers at least, so that noise stays flat.
    """
    low, high = _decades(np.asarray(values, np.float64))
    stride = next(step for step in (1, 2, 3, 5, 10, 20, 50, 100) if (high - low) / step <= MOST_DECADES)
    powers = [power for power in range(low, high + 1) if power % stride == 0]
    labels = json.dumps([_power(power) for power in powers], ensure_ascii=False)
    return alt.Y(
        "value:Q", title=title, scale=alt.Scale(type="log", domain=[10.0**low, 10.0**high], nice=False),
        axis=alt.Axis(values=[10.0**power for power in powers],
                      labelExpr=f"{labels}[indexof({powers}, round(log(datum.value) / LN10))]"),
    )  # fmt: skip


def _decades(values: Array) -> tuple[int, int]:
    usable = values[np.isfinite(values) & (values > 0)]
    if not len(usable):
        return -1, 1
    low, high = (int(edge(np.log10(value))) for edge, value in ((np.floor, usable.min()), (np.ceil, usable.max())))
    low -= high - low < 2
    return low, high + (high - low < 2)


def _power(exponent: int) -> str:
    return {0: "1", 1: "10"}.get(exponent, "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")))


def sizes(run: ShownRun, view: Any) -> Any:
    """Return the root mean square of each layer's outputs, beside theory's for the untrained stack."""
    theory = np.asarray(run.scene["theory_sizes"], np.float64)
    kinds = {"now": np.asarray(view.sizes, np.float64), "theory, untrained": np.where(theory > 0, theory, np.nan)}
    rows = table(kinds)
    usable = rows.loc[np.isfinite(rows["value"]) & (rows["value"] > 0), "value"]
    if usable.empty:
        return None
    wide = float(usable.max() / usable.min()) > WIDE_RANGE
    title = "root mean square of the outputs"
    y = powers_of_ten(title, usable) if wide else alt.Y("value:Q", title=title, scale=alt.Scale(zero=True))
    return finished(lines(rows[rows["value"] > 0], y, KINDS))


def slopes(run: ShownRun, view: Any) -> Any:
    """Return the root mean square of the slope f'(z) in each layer: what its bend lets through."""
    y = alt.Y("value:Q", title="slope f'(z), root mean square", scale=alt.Scale(zero=True))
    chart = lines(table({"now": view.slopes}), y, KINDS)
    if run.config["activation"] != "sigmoid":
        return finished(chart)
    rule = alt.Chart(pd.DataFrame({"limit": [0.25]})).mark_rule(color=TEXT, strokeDash=[2, 3]).encode(y="limit:Q")
    return finished(rule + chart)


def sums(run: ShownRun, view: Any) -> Any:
    """Return the distribution of the sums z in every layer, as columns whose darkness is the share of values."""
    return _columns(view.sum_histograms, view.sum_ranges, "sum z")


def activations(run: ShownRun, view: Any) -> Any:
    """Return the distribution of the activations a = f(z) in every layer."""
    return _columns(view.activation_histograms, view.activation_ranges, "activation a")


def columns_of(histograms: Array, ranges: Array) -> pd.DataFrame:
    """Return one row per layer and bin that is not empty: layer, from, to, share, and strength within its layer.

    histograms: (layers, bins) shares; ranges: (layers, 2) smallest and largest value. A layer whose values are all
    equal gets a bar as thin as a hair.
    """
    low, high = np.asarray(ranges, float).T
    hair = 1e-3 * max(float(np.abs(ranges).max()), 1e-9)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, hair)
    edges = np.linspace(middle - half, middle + half, histograms.shape[1] + 1, axis=1)
    layers, bins = np.nonzero(np.asarray(histograms) > 0)
    share = np.asarray(histograms, float)[layers, bins]
    strongest = np.asarray(histograms, float).max(axis=1)[layers]
    return pd.DataFrame(
        {"layer": layers + 1, "left": layers + 0.55, "right": layers + 1.45, "low": edges[layers, bins],
         "high": edges[layers, bins + 1], "share": share, "strength": 0.08 + 0.92 * share / strongest}
    )  # fmt: skip


def _columns(histograms: Array, ranges: Array, title: str) -> Any:
    rows = columns_of(histograms, ranges)
    reaches = np.abs(np.asarray(ranges, float)).max(axis=1)
    wide = float(reaches.max()) > WIDE_RANGE * max(float(reaches.min()), 1e-12)
    scale = alt.Scale(type="symlog", constant=max(float(reaches.min()), 1e-12)) if wide else alt.Scale(zero=False)
    axis = alt.Axis(format=THREE_DIGITS, tickCount=6)
    chart = alt.Chart(rows).mark_rect(color=ROLES["model"]).encode(
        x=alt.X("left:Q", title="layer", axis=alt.Axis(tickMinStep=1, format="d", grid=False),
                scale=alt.Scale(nice=False, domain=[0.4, len(reaches) + 0.6])),
        x2="right:Q", y=alt.Y("low:Q", title=title, scale=scale, axis=axis), y2="high:Q",
        opacity=alt.Opacity("strength:Q", scale=None),
        tooltip=["layer", alt.Tooltip("low", format=THREE_DIGITS, title="from"),
                 alt.Tooltip("high", format=THREE_DIGITS, title="to"),
                 alt.Tooltip("share", format=".3~p", title="share of values")],
    )  # fmt: skip
    return finished(chart)
