"""One example in a small network, as a computation graph with all of its numbers, station by station."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from lab.charts.backpropagation_numbers import Parameter, number, parameters, per_layer, walk
from lab.charts.palette import NEGATIVE, POSITIVE, ROLES

TEXT = "currentColor"
ROW, LINE, LINES = 128, 15, 4  # pixels of a unit and of a line of text; lines in a unit
SMALL = "width < 560"


def graph(view: Any, sizes: Sequence[int], station: str, chosen: int, names: Sequence[str]) -> alt.LayerChart:
    """Return the graph as known at a station of the walk: later numbers are not there yet.

    chosen: index of the parameter whose edge stands out; names: of the inputs.
    """
    units = pd.DataFrame(_units(view, sizes, station, names))
    edges = pd.DataFrame(_edges(view, sizes, station, chosen))
    height = ROW * max(sizes) + 30
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-0.35, len(sizes) - 0.65], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[0, 1], nice=False))
    colour = alt.Color("sign:N", legend=None, scale=alt.Scale(domain=["−", "+"], range=[NEGATIVE, POSITIVE]))
    lines = alt.Chart(edges).mark_rule(clip=True).encode(
        x=x, y=y, x2="x2:Q", y2="y2:Q", color=colour, size=alt.Size("width:Q", scale=None),
        opacity=alt.Opacity("strength:Q", scale=None), tooltip=_edge_tips(),
    )  # fmt: skip
    return _finished(lines + _edge_texts(edges, x) + _boxes(units, x, y) + _unit_texts(units, x), height)


def _finished(chart: alt.LayerChart, height: float) -> alt.LayerChart:
    finished: alt.LayerChart = chart.properties(height=height).configure_view(stroke=None)
    return finished


def _place(sizes: Sequence[int], layer: int, unit: int) -> tuple[float, float]:
    """Return the middle of a unit: x in layers, y from 0 at the bottom to 1 at the top."""
    return float(layer), 1 - (unit + 0.5) / sizes[layer]


# ---- units ----


def _units(view: Any, sizes: Sequence[int], station: str, names: Sequence[str]) -> list[dict[str, Any]]:
    rows = []
    for i, value in enumerate(view.inputs):
        x, y = _place(sizes, 0, i)
        told = [f"{names[i]}", number(value)]
        rows.append(_unit(x, y, told, station == "Input", f"input {i + 1}"))
    fields = {name: per_layer(getattr(view, name), sizes) for name in ("sums", "outputs", "slopes", "deltas")}
    for layer in range(1, len(sizes)):
        for j in range(sizes[layer]):
            x, y = _place(sizes, layer, j)
            one = {name: float(values[layer - 1][j]) for name, values in fields.items()}
            told = _told(one, layer, len(sizes) - 1, station, walk(sizes), view)
            active = station in (f"Forward {layer}", f"Back {layer}") or (station == "Loss" and layer == len(sizes) - 1)
            rows.append(_unit(x, y, told, active, f"layer {layer}, unit {j + 1}"))
    return rows


def _told(one: dict[str, float], layer: int, last: int, station: str, stations: list[str], view: Any) -> list[str]:
    """Return the lines of text in a unit: what is known of it at this station."""
    now = stations.index(station)
    told = []
    if now >= stations.index(f"Forward {layer}"):
        told += [f"z {number(one['sums'])}", f"{'ŷ' if layer == last else 'a'} {number(one['outputs'])}"]
    if layer == last and now >= stations.index("Loss"):
        told += [f"L {number(float(view.loss[0]))}"]
    if now >= stations.index(f"Back {layer}"):
        if layer < last:
            told += [f"f′ {number(one['slopes'])}"]
        told += [f"δ {number(one['deltas'])}"]
    return told or ["?"]


def _unit(x: float, y: float, told: list[str], active: bool, name: str) -> dict[str, Any]:
    blank = [" "] * ((LINES - len(told)) // 2)  # so that few lines stand in the middle of the box
    lines = "\n".join([*blank, *told])
    return {"x": x, "y": y, "lines": lines, "active": active, "unit": name, "told": ", ".join(told)}


def _boxes(units: pd.DataFrame, x: alt.X, y: alt.Y) -> alt.Chart:
    return alt.Chart(units).mark_point(
        shape="M-0.55,-0.5H0.55V0.5H-0.55Z", filled=True, opacity=1, size=alt.ExprRef(f"{SMALL} ? 12000 : 25000"),
    ).encode(
        x=x, y=y, tooltip=[alt.Tooltip("unit", title="unit"), alt.Tooltip("told", title="numbers")],
        color=alt.condition("datum.active", alt.value("#B8D8EC"), alt.value("#E4E6E9")),
        stroke=alt.condition("datum.active", alt.value(ROLES["model"]), alt.value("#8A8F98")),
        strokeWidth=alt.condition("datum.active", alt.value(3), alt.value(1)),
    )  # fmt: skip


def _unit_texts(units: pd.DataFrame, x: alt.X) -> alt.Chart:
    texts = alt.Chart(units).mark_text(
        fontSize=alt.ExprRef(f"{SMALL} ? 9 : 13"), lineHeight=alt.ExprRef(f"{SMALL} ? 11 : {LINE}"), color="#14181D",
        lineBreak="\n", align="center", baseline="middle", dy=alt.ExprRef(f"{SMALL} ? -16 : -22"),
    )  # fmt: skip
    chart: alt.Chart = texts.encode(x=x, y=alt.Y("y:Q", axis=None), text="lines:N")
    return chart


# ---- edges ----


def _edges(view: Any, sizes: Sequence[int], station: str, chosen: int) -> list[dict[str, Any]]:
    stations = walk(sizes)
    now = stations.index(station)
    values = view.updated if station == "Update" else view.parameters
    rows = []
    for one in parameters(sizes):
        back = now >= stations.index(f"Back {one.layer}")
        gradient = number(float(view.by_hand[one.index])) if back else "not known yet"
        rows.append(_edge(one, sizes, float(values[one.index]), gradient, chosen == one.index, _at_work(one, station)))
    return rows


def _at_work(one: Parameter, station: str) -> bool:
    return station in (f"Forward {one.layer}", f"Back {one.layer}", "Update")


def _edge(
    one: Parameter, sizes: Sequence[int], value: float, gradient: str, chosen: bool, active: bool
) -> dict[str, Any]:
    x2, y2 = _place(sizes, one.layer, one.target)
    if one.source is None:  # a bias comes from above
        x1, y1, at = x2, y2 + 0.46 / sizes[one.layer], 0.0
    else:
        x1, y1 = _place(sizes, one.layer - 1, one.source)
        at = 0.3 + 0.38 * one.source / max(1, sizes[one.layer - 1] - 1)  # staggered, so that texts keep apart
    known = gradient != "not known yet"
    text = f"{'b ' if one.source is None else ''}{number(value)}"
    return {
        "x": x1, "y": y1, "x2": x2, "y2": y2, "tx": x1 + at * (x2 - x1), "ty": y1 + at * (y2 - y1),
        "sign": "−" if value < 0 else "+", "width": 0.8 + min(5.0, 2 * abs(value)) + 2 * chosen,
        "strength": 1.0 if chosen else 0.75 if active else 0.28, "name": one.name, "value": number(value, 6),
        "gradient": gradient, "text": f"{text}\n∇ {gradient}" if known else text, "bold": chosen,
        "bias": one.source is None,
    }  # fmt: skip


def _edge_tips() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("name", title="parameter"),
        alt.Tooltip("value", title="value"),
        alt.Tooltip("gradient", title="∂L/∂w"),
    ]


def _edge_texts(edges: pd.DataFrame, x: alt.X) -> alt.Chart:
    chart: alt.Chart = (
        alt.Chart(edges)
        .mark_text(
            fontSize=alt.ExprRef(f"{SMALL} ? 7 : 11"), lineHeight=alt.ExprRef(f"{SMALL} ? 8 : 12"), color=TEXT,
            lineBreak="\n", baseline="middle",
        )
        .encode(
            x=alt.X("tx:Q", axis=None), y=alt.Y("ty:Q", axis=None), text="text:N",
            opacity=alt.condition("datum.bold || datum.strength > 0.5", alt.value(1), alt.value(0.75)),
        )
    )  # fmt: skip
    return chart
