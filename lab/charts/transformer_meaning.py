"""Meaning as places: embeddings and positions on their main axes, one word in two sentences, layer by layer."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.cnn_inside import finished
from lab.charts.mlp_inside import TEXT
from lab.charts.palette import CLASSES, ROLES
from models.base import Array

HEIGHT = 340
MOST_DOTS = 600
NAME_WIDTH, NAME_HEIGHT = 0.13, 0.09  # room of a name, in shares of the picture


def main_axes(points: Array, count: int = 2) -> tuple[Array, Array]:
    """Return points (n, d) on their first principal axes, (n, count), and the share of the spread on each axis.

    The sign of an axis is chosen so that its largest coordinate is positive: the picture does not flip.
    """
    centred = np.asarray(points, np.float64) - np.mean(points, axis=0, dtype=np.float64)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    spread = float(np.sum(sizes**2)) or 1.0
    found = np.zeros((len(centred), count))
    shares = np.zeros(count)
    kept = min(count, len(sizes))
    found[:, :kept] = left[:, :kept] * sizes[:kept]
    shares[:kept] = sizes[:kept] ** 2 / spread
    turned = np.where(found[np.abs(found).argmax(axis=0), np.arange(count)] < 0, -1.0, 1.0)
    return found * turned, shares


def _axes(shares: Array) -> tuple[alt.X, alt.Y]:
    names = [f"main axis {k + 1} ({100 * float(share):.0f} % of the spread)" for k, share in enumerate(shares)]
    plain: dict[str, Any] = {"scale": alt.Scale(zero=False, padding=14), "axis": alt.Axis(tickCount=4, grid=False)}
    return alt.X("x:Q", title=names[0], **plain), alt.Y("y:Q", title=names[1], **plain)


def embeddings(vectors: Array, texts: Sequence[str], typed: Sequence[bool]) -> Any:
    """Return token embeddings (n, d) on their main axes: those of the text by name, the others as dots."""
    places, shares = main_axes(vectors)
    table = pd.DataFrame(
        {"x": places[:, 0], "y": places[:, 1], "token": [_seen(text) for text in texts], "typed": typed}
    )
    x, y = _axes(shares)
    tip = [alt.Tooltip("token:N")]
    others = alt.Chart(table[~table["typed"]].head(MOST_DOTS)).mark_circle(
        size=22, color=ROLES["baseline"], opacity=0.45
    ).encode(x=x, y=y, tooltip=tip)  # fmt: skip
    named = alt.Chart(table[table["typed"]])
    dots = named.mark_circle(size=60, color=ROLES["model"], opacity=1).encode(x=x, y=y, tooltip=tip)
    words = alt.Chart(table[table["typed"]].loc[lambda rows: with_room(rows[["x", "y"]].to_numpy())]).mark_text(
        align="left", dx=6, dy=-5, fontSize=13, color=TEXT
    ).encode(x=x, y=y, text="token:N")  # fmt: skip
    return finished(others + dots + words, HEIGHT)


def with_room(places: Array) -> Array:
    """Return which of places (n, 2) get their name: (n,) bool. Those too near to an earlier one's do without."""
    size = np.maximum(np.ptp(places, axis=0), 1e-12) if len(places) else np.ones(2)
    kept: list[int] = []
    for place, (x, y) in enumerate(places):
        across, down = (np.abs(places[kept] - (x, y)) / size).T
        if not np.any((across < NAME_WIDTH) & (down < NAME_HEIGHT)):
            kept.append(place)
    return np.isin(np.arange(len(places)), kept)


def nearest(vectors: Array, texts: Sequence[str], place: int, most: int = 6) -> list[tuple[str, float]]:
    """Return the tokens whose embeddings point most in the direction of one, with the cosine."""
    lengths = np.maximum(np.linalg.norm(vectors, axis=1), 1e-12)
    cosines = vectors @ vectors[place] / (lengths * lengths[place])
    order = [int(k) for k in np.argsort(-cosines) if int(k) != place][:most]
    return [(_seen(texts[k]), float(cosines[k])) for k in order]


def positions(rows: Array) -> Any:
    """Return the vectors that positions add (T, d) on their main axes: a path from the first place to the last."""
    places, shares = main_axes(rows)
    table = pd.DataFrame({"x": places[:, 0], "y": places[:, 1], "position": np.arange(len(rows))})
    x, y = _axes(shares)
    line = alt.Chart(table).mark_line(color=ROLES["baseline"], strokeWidth=1.2).encode(x=x, y=y, order="position:Q")
    colour = alt.Color("position:Q", title="position", legend=alt.Legend(orient="top", gradientLength=140),
                       scale=alt.Scale(range=["#A98FCD", "#6B3FA8"]))  # fmt: skip
    dots = alt.Chart(table).mark_circle(size=45, opacity=1).encode(x=x, y=y, color=colour, tooltip=["position:Q"])
    ends = alt.Chart(table.iloc[[0, -1]]).mark_text(dy=-11, fontSize=12, color=TEXT).encode(x=x, y=y, text="position:Q")
    return finished(line + dots + ends, HEIGHT)


def neighbour_cosines(rows: Array) -> tuple[float, float]:
    """Return the mean cosine of neighbouring rows (T, d), and of rows T / 2 apart; 1 where there is one row."""
    if len(rows) < 2:
        return 1.0, 1.0
    half = len(rows) // 2
    pairs = ((rows[:-1], rows[1:]), (rows[:-half], rows[half:]))
    near, far = (float(cosines_by_layer(one, other).mean()) for one, other in pairs)
    return near, far


def cosines_by_layer(one: Array, other: Array) -> Array:
    """Return the cosine between two streams after every layer: (L + 1, d) each to (L + 1,)."""
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    found: Array = (one * other).sum(axis=-1) / np.maximum(lengths, 1e-12)
    return found


def similarity(series: Mapping[str, Array]) -> Any:
    """Return cosines by layer as lines: name to (L + 1,), the first one solid, the others dashed."""
    names = list(series)
    table = pd.DataFrame(
        [{"layer": layer, "cosine": float(value), "pair": name} for name, values in series.items()
         for layer, value in enumerate(values)]
    )  # fmt: skip
    scale = alt.Scale(domain=names, range=list(CLASSES[: len(names)]))
    legend = alt.Legend(title=None, orient="top", columns=1, labelLimit=420)
    base = alt.Chart(table).encode(
        x=alt.X("layer:O", title="after layer (0: before the first)", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("cosine:Q", title="cosine of the two vectors", scale=alt.Scale(zero=False, nice=True)),
        color=alt.Color("pair:N", scale=scale, legend=legend, sort=names),
        strokeDash=alt.StrokeDash("pair:N", scale=alt.Scale(domain=names, range=[[1, 0], [6, 4], [2, 3]]), legend=None),
        tooltip=["pair", "layer", alt.Tooltip("cosine", format=".3f")],
    )
    return finished(base.mark_line(strokeWidth=2.5) + base.mark_circle(size=50, opacity=1), HEIGHT)


def words_in_space(
    before: Array, after: Array, groups: Sequence[str], texts: Sequence[str], named: Sequence[str]
) -> Any:
    """Return the tokens of two sentences before the first and after the last layer, side by side, the word marked.

    before, after: (n, d); groups: "first" or "second" of every token; named: what to write beside a token, "" beside
    most; each half has its own main axes.
    """
    parts = []
    for title, points in (("before the first layer", before), ("after the last layer", after)):
        places, _ = main_axes(points)
        size = np.abs(places).max(axis=0)
        flat = places / np.where(size > 0, size, 1.0)
        parts.append(pd.DataFrame({"x": flat[:, 0], "y": flat[:, 1], "token": [_seen(text) for text in texts],
                                   "sentence": groups, "when": title}))  # fmt: skip
    table = pd.concat(parts)
    table["name"] = [*named, *named]
    table["chosen"] = table["name"] != ""
    table["x"] += np.where(table["when"] == "before the first layer", 0.0, 2.8)
    heads = pd.DataFrame(
        {"x": [0.0, 2.8], "y": [1.35, 1.35], "title": ["before the first layer", "after the last layer"]}
    )
    plain = alt.Axis(labels=False, ticks=False, grid=False, domain=False)
    x = alt.X("x:Q", title=None, axis=plain, scale=alt.Scale(domain=[-1.3, 4.2]))
    y = alt.Y("y:Q", title=None, axis=plain, scale=alt.Scale(domain=[-1.25, 1.45]))
    colour = alt.Color("sentence:N", sort=["first", "second"], legend=alt.Legend(title="sentence", orient="top"),
                       scale=alt.Scale(domain=["first", "second"], range=[CLASSES[0], CLASSES[5]]))  # fmt: skip
    base = alt.Chart(table).encode(x=x, y=y, color=colour, tooltip=["token", "sentence", "when"])
    dots = base.mark_circle(opacity=0.9).encode(size=alt.condition("datum.chosen", alt.value(170), alt.value(40)))
    above, below = (
        base.transform_filter(f"datum.chosen && datum.sentence == '{group}'")
        .mark_text(dy=dy, fontSize=14, fontWeight="bold")
        .encode(text="name:N")
        for group, dy in (("first", -15), ("second", 17))  # on either side: the two often stand close together
    )
    titles = alt.Chart(heads).mark_text(fontSize=13, color=TEXT).encode(x=x, y=y, text="title:N")
    return finished(dots + above + below + titles, HEIGHT)


def _seen(text: str) -> str:
    return str(text).strip() or str(text).replace(" ", "␣").replace("\n", "↵")
