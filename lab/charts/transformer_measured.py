"""Where a Transformer breaks, over many trainings: the stored results of `python -m evidence transformer-limits`."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd

from lab.charts.cnn_inside import finished
from lab.charts.palette import CLASSES, ROLES

HEIGHT = 300
SHORT_NAME = 18


@cache
def stored() -> dict[str, Any]:
    """Return the stored results, {} where there are none."""
    path = Path(__file__).parents[2] / "evidence" / "results" / "transformer_limits.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def provenance() -> str:
    """Return where the numbers come from, in a sentence; "" where nothing is stored."""
    about = stored().get("about")
    if not about:
        return ""
    seeds = ", ".join(str(seed) for seed in about["seeds"])
    return (
        f"Stored: {about['command']}, {about['created'][:10]}, seeds {seeds}, {about['device']}, "
        f"{sum(about['seconds'].values())} s, TensorFlow {about['versions']['tensorflow']}, "
        f"Keras {about['versions']['keras']}."
    )


def table_of(part: str) -> pd.DataFrame | None:
    """Return the rows of one part, None where it was not measured."""
    rows = stored().get(part)
    return pd.DataFrame(rows) if rows else None


def means(part: str, by: list[str], value: str) -> dict[tuple[Any, ...], float]:
    """Return the mean over the seeds by some columns."""
    table = table_of(part)
    if table is None:
        return {}
    grouped = table.groupby(by)[value].mean()
    return {key if isinstance(key, tuple) else (key,): float(mean) for key, mean in grouped.items()}


def notice(part: str, told: Callable[[], str]) -> Callable[[Any, Any], str]:
    """Return what to notice about a part, from its own numbers."""
    return lambda _run, _view: told() if table_of(part) is not None else ""


# ---- order lost without positions ----


def order(_run: Any, _view: Any) -> Any:
    """Return how well words are said backwards with positions and without, every seed a dot, the mean a tick."""
    table = table_of("order")
    if table is None:
        return None
    table["network"] = table["kind"].str.capitalize() + ", " + table["positions"].replace({"none": "no positions"})
    names = list(dict.fromkeys(table["network"]))
    base = alt.Chart(table).encode(
        y=alt.Y("network:N", sort=names, title=None, axis=alt.Axis(labelLimit=200)),
        color=alt.Color("positions:N", legend=None, scale=alt.Scale(domain=["none", "sinusoidal"],
                        range=[ROLES["wrong"], ROLES["model"]])),
    )  # fmt: skip
    x = alt.X("accuracy:Q", title="share of letters right", scale=alt.Scale(domain=[0, 1]))
    dots = base.mark_circle(size=60, opacity=0.8).encode(x=x, tooltip=["network", "seed", "accuracy"])
    ticks = base.mark_tick(thickness=3, size=24).encode(x=alt.X("mean(accuracy):Q", title="share of letters right"))
    chance = alt.Chart(table).mark_rule(color=ROLES["baseline"], strokeDash=[4, 3]).encode(x="mean(chance):Q")
    return finished(dots + ticks + chance, 220)


def order_told() -> str:
    """Tell what positions are worth."""
    found = means("order", ["kind", "positions"], "accuracy")
    parts = [f"{kind} {found[kind, 'none']:.2f} without, {found[kind, 'sinusoidal']:.2f} with positions"
             for kind in dict.fromkeys(kind for kind, _ in found)]  # fmt: skip
    return (
        f"Words said backwards: {'; '.join(parts)}. Without positions an encoder sees a bag of letters; a decoder can "
        "still count what it sees so far. Dashed: chance."
    )


# ---- lines over a length ----


def _lines(table: pd.DataFrame, x: alt.X, y: str, title: str, series: str, names: list[str], scale: alt.Scale) -> Any:
    columns = 2 if max(map(len, names)) <= SHORT_NAME else 1  # side by side, long ones are cut on a narrow screen
    colour = alt.Color(f"{series}:N", sort=names, scale=alt.Scale(domain=names, range=list(CLASSES[: len(names)])),
                       legend=alt.Legend(title=None, orient="top", columns=columns, labelLimit=220))  # fmt: skip
    base = alt.Chart(table).encode(x=x, color=colour)
    lines = base.mark_line(strokeWidth=2.5).encode(y=alt.Y(f"mean({y}):Q", title=title, scale=scale))
    dots = base.mark_circle(size=45, opacity=0.75).encode(
        y=alt.Y(f"{y}:Q", title=title, scale=scale), tooltip=[*dict.fromkeys([series, x.shorthand.split(":")[0], y])]
    )
    return finished(lines + dots, HEIGHT)


def parity(_run: Any, _view: Any) -> Any:
    """Return the share right on parity over the number of bits."""
    table = table_of("parity")
    if table is None:
        return None
    names = {"Transformer, parity": "Transformer, at once", "Transformer, parity_steps": "Transformer, step by step"}
    table["network"] = table["network"].replace(names)
    x = alt.X("length:O", title="bits (trained on the first)", axis=alt.Axis(labelAngle=0))
    return _lines(table, x, "accuracy", "share right", "network", list(dict.fromkeys(table["network"])),
                  alt.Scale(domain=[0, 1.02], nice=False))  # fmt: skip


def parity_told() -> str:
    """Tell the shares right at the trained length and at the longest one."""
    found = means("parity", ["network", "length"], "accuracy")
    first, last = (choose(bits for _, bits in found) for choose in (min, max))
    names = {"Transformer, parity": "at once", "Transformer, parity_steps": "step by step", "GRU": "a GRU"}
    told = "; ".join(
        f"{names.get(name, name)}: {found[name, first]:.2f} right at {first} bits, {found[name, last]:.2f} at {last}"
        for name in dict.fromkeys(name for name, _ in found)
    )
    told = told[0].upper() + told[1:]
    return f"{told}. Parity needs one small step per bit, which a state takes by nature. Here the Transformer loses."


def length(_run: Any, _view: Any) -> Any:
    """Return the share right on induction beyond the trained length, by kind of positions."""
    table = table_of("length")
    if table is None:
        return None
    x = alt.X("length:O", title="tokens (trained on the first)", axis=alt.Axis(labelAngle=0))
    kinds = list(dict.fromkeys(table["positions"]))
    return _lines(table, x, "accuracy", "share right, last 16 tokens", "positions", kinds,
                  alt.Scale(domain=[0, 1.02], nice=False))  # fmt: skip


def length_told() -> str:
    """Tell what each kind of positions keeps at the longest sequences."""
    found = means("length", ["positions", "length"], "accuracy")
    kinds = list(dict.fromkeys(kind for kind, _ in found))
    first = min(size for _, size in found)
    parts = []
    for kind in kinds:
        last = max(size for one, size in found if one == kind)
        far = f"{found[kind, last]:.2f} at {last}" if last > first else "ends there: it has no further positions"
        parts.append(f"{kind} {found[kind, first]:.2f}, {far}")
    return f"At {first} tokens, and far beyond: {'; '.join(parts)}."


def little(_run: Any, _view: Any) -> Any:
    """Return nats a character over the amount of text, for a Transformer, an LSTM and n-grams."""
    table = table_of("little")
    if table is None:
        return None
    best = [name for name in dict.fromkeys(table["network"]) if name in ("Transformer", "LSTM", "Trigram", "5-gram")]
    x = alt.X("characters:Q", title="characters to learn from", scale=alt.Scale(type="log"), axis=alt.Axis(tickCount=4))
    return _lines(table[table["network"].isin(best)], x, "nats", "nats per character, held-out text", "network", best,
                  alt.Scale(zero=False))  # fmt: skip


def little_told() -> str:
    """Tell who is best with the least and with the most text."""
    found = means("little", ["network", "characters"], "nats")
    amounts = sorted({amount for _, amount in found})
    names = list(dict.fromkeys(name for name, _ in found))
    parts = []
    for amount in (amounts[0], amounts[-1]):
        best = min(names, key=lambda name, amount=amount: found.get((name, amount), 9.0))  # type: ignore[misc]
        parts.append(
            f"with {amount:,} characters: Transformer {found['Transformer', amount]:.2f}, "
            f"LSTM {found['LSTM', amount]:.2f} "
            f"(best: {best} {found[best, amount]:.2f})"
        )
    steps = int(stored()["little"][0]["steps"])
    return f"Surprise, less is better: {'; '.join(parts)}. All after {steps} steps."


# ---- n by n ----


def cost(_run: Any, _view: Any) -> Any:
    """Return seconds of one block and of its attention over the length, both axes logarithmic."""
    table = table_of("cost")
    if table is None:
        return None
    table["milliseconds"] = 1000 * table["seconds"]
    x = alt.X("length:Q", title="tokens", scale=alt.Scale(type="log", base=2), axis=alt.Axis(tickCount=6))
    return _lines(table, x, "milliseconds", "milliseconds, one core", "part", list(dict.fromkeys(table["part"])),
                  alt.Scale(type="log"))  # fmt: skip


def cost_told() -> str:
    """Tell what the last doubling of the length costs, and the memory of the weights."""
    table = table_of("cost")
    assert table is not None
    attention = table[table["part"] == "attention"].sort_values("length")
    before, last = attention.iloc[-2], attention.iloc[-1]
    return (
        f"From {int(before['length']):,} to {int(last['length']):,} tokens attention takes "
        f"{last['seconds'] / before['seconds']:.1f} times as long, and its weights take "
        f"{last['attention_bytes'] / 1e6:,.0f} MB "
        f"instead of {before['attention_bytes'] / 1e6:,.0f} MB (calculated: 4 bytes a weight): n by n."
    )
