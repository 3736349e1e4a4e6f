"""Pictures of what a recurrent network answers: one step with its arithmetic, other lags, writing, far ahead, time."""

from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.cnn_inside import finished
from lab.charts.mlp_stage import short
from lab.charts.palette import NEGATIVE, POSITIVE, ROLES
from lab.charts.rnn_inside import words_of
from lab.charts.rnn_stage import recurrent_names, symbol
from lab.shown_run import ShownRun
from models.base import Array

SHOWN_TERMS = 6  # products of a sum that are written out, the largest ones
UNICODE_MINUS = str.maketrans("-", "−")


# ---- one step with its arithmetic ----


@dataclass(frozen=True)
class Step:
    """The sum of one unit at one step. terms: (name, weight, value) of all products; total: their sum with the bias."""

    terms: tuple[tuple[str, float, float], ...]
    bias: float
    total: float
    state: float
    bend: str


def step_of(run: ShownRun, view: Any, layer: int, step: int, unit: int) -> Step:
    """Return the arithmetic of a unit, all counted from 0; every number from the trained network."""
    kernel, recurrent, bias = layer_weights(run, view, layer)
    below = view.unrolled_inputs if layer == 0 else view.unrolled_states[layer - 1]
    before = view.unrolled_states[layer, step - 1] if step else np.zeros(len(bias))
    names = input_names(run) if layer == 0 else [f"h{layer} of unit {k + 1}" for k in range(kernel.shape[0])]
    terms = [(names[k], float(kernel[k, unit]), float(below[step, k])) for k in range(kernel.shape[0])]
    terms += [(f"unit {k + 1} before", float(recurrent[k, unit]), float(before[k])) for k in range(len(bias))]
    total = float(bias[unit]) + sum(weight * value for _, weight, value in terms)
    state = float(view.unrolled_states[layer, step, unit])
    return Step(tuple(terms), float(bias[unit]), total, state, str(run.config["activation"]))


def input_names(run: ShownRun) -> list[str]:
    """Return the names of the inputs of a step."""
    return [symbol(name) for name in run.facts["data"]["input_names"]]


def layer_weights(run: ShownRun, view: Any, layer: int) -> tuple[Array, Array, Array]:
    """Return W (d, units), U (units, units) and b (units,) of a layer, counted from 0."""
    units, start = int(run.config["units"]), 0
    for place in range(len(recurrent_names(run))):
        inputs = int(run.facts["data"]["features"]) if place == 0 else units
        sizes = (inputs * units, units * units, units)
        if place == layer:
            parts = np.split(view.unrolled_weights[start : start + sum(sizes)], np.cumsum(sizes)[:-1])
            return parts[0].reshape(inputs, units), parts[1].reshape(units, units), parts[2]
        start += sum(sizes)
    raise IndexError(layer)


def sentence(one: Step, name: str) -> str:
    """Write the sum out: the largest products, what all others add, the bias, and the bend."""
    ordered = sorted(one.terms, key=lambda term: -abs(term[1] * term[2]))
    shown = [term for term in ordered[:SHOWN_TERMS] if term[1] * term[2] != 0]
    rest = sum(weight * value for _, weight, value in ordered[len(shown) :])
    parts = [f"{_number(weight)} · {_number(value)} ({who})" for who, weight, value in shown]
    others = sum(1 for _, weight, value in ordered[len(shown) :] if weight * value != 0)
    if others:
        parts.append(f"{_number(rest)} ({others} more)")
    parts.append(f"{_number(one.bias)} (bias)")
    bend = "tanh" if one.bend == "tanh" else "max(0, ·)"
    return f"{name} = {bend}({' + '.join(parts)}) = {bend}({_number(one.total)}) = {_number(one.state)}"


def _number(value: float) -> str:
    return f"{value:.3f}".translate(UNICODE_MINUS)


def products(one: Step) -> alt.LayerChart:
    """Return the products of a sum as bars, the largest first."""
    found = [(name, weight * value, weight, value) for name, weight, value in one.terms] + [
        ("bias", one.bias, one.bias, 1.0)
    ]
    found.sort(key=lambda term: -abs(term[1]))
    rows = pd.DataFrame(found[:12], columns=["term", "product", "weight", "value"])
    rows["sign"] = np.where(rows["product"] < 0, "down", "up")
    bars = alt.Chart(rows).mark_bar(cornerRadiusEnd=2).encode(
        x=alt.X("product:Q", title="weight × value: what it adds to the sum"),
        y=alt.Y("term:N", sort=list(rows["term"]), title=None, axis=alt.Axis(labelLimit=140)),
        color=alt.Color("sign:N", scale=alt.Scale(domain=["up", "down"], range=[POSITIVE, NEGATIVE]), legend=None),
        tooltip=["term", alt.Tooltip("weight", format=".4f"), alt.Tooltip("value", format=".4f"),
                 alt.Tooltip("product", format=".4f")],
    )  # fmt: skip
    zero = alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(color=ROLES["baseline"]).encode(x="x:Q")
    return finished(bars + zero, 60 + 22 * len(rows))


def trajectory(run: ShownRun, view: Any, layer: int, step: int, unit: int) -> alt.LayerChart:
    """Return the state of one unit over all steps, with the chosen step marked."""
    found = view.unrolled_states[layer, :, unit].astype(float)
    table = pd.DataFrame({"step": np.arange(1, len(found) + 1), "state": found,
                          "input": words_of(run, view.unrolled_inputs)})  # fmt: skip
    base = alt.Chart(table).encode(
        x=alt.X("step:Q", title="step", axis=alt.Axis(tickMinStep=1)),
        y=alt.Y("state:Q", title=f"state of unit {unit + 1}"),
        tooltip=["step", "input", alt.Tooltip("state", format=".4f")],
    )  # fmt: skip
    line = base.mark_line(color=ROLES["model"], point=True)
    now = alt.Chart(table.iloc[[step]]).mark_point(filled=True, size=160, color=ROLES["generated"], opacity=1).encode(
        x="step:Q", y="state:Q"
    )  # fmt: skip
    return finished(line + now, 220)


def said(run: ShownRun, view: Any, step: int) -> str:
    """Tell what the network answers after a step, or at the end, in words."""
    data = run.facts["data"]
    last = step == len(view.unrolled_inputs) - 1
    if data["form"] == "last" and not last:
        return "It has not answered yet: only the last state does."
    if data["form"] == "sequence":
        letters = [data["class_names"][int(row.argmax())] for row in view.unrolled_outputs]
        return f"After the last step it writes: {' '.join(letters)}."
    row = view.unrolled_outputs[0 if data["form"] == "last" else step].astype(np.float64)
    if data["task"] == "regression":
        return f"Its answer: {short(float(row[0]))}{' (scaled)' if data['metric'] == 'rmse' else ''}."
    chance = np.exp(row - row.max()) / np.exp(row - row.max()).sum()
    return f"Its answer: {symbol(data['class_names'][int(chance.argmax())])}, with chance {chance.max():.2f}."


# ---- at other lags ----


def lags(run: ShownRun, view: Any, others: list[tuple[int, float]]) -> alt.LayerChart:
    """Return the score of this network by lag; others: (lag, score) of stored runs, each trained at its own lag."""
    data = run.facts["data"]
    adding = data["task"] == "regression"
    title = "gain: 1 is perfect, 0 says the mean" if adding else "share right"
    low = -0.2 if adding else 0.0
    table = pd.DataFrame({"lag": view.lags, "score": np.clip(view.lag_scores.astype(float), low, 1)})
    y = alt.Y("score:Q", title=title, scale=alt.Scale(domain=[low, 1]))
    x = alt.X("lag:Q", title="lag of the test sequences", scale=alt.Scale(type="log", nice=False))
    base = alt.Chart(table).encode(x=x, y=y, tooltip=["lag", alt.Tooltip("score", format=".3f")])
    own = pd.DataFrame({"lag": [int(data["lag"])]})
    here = alt.Chart(own).mark_rule(strokeDash=[4, 4], color=ROLES["real"]).encode(
        x=x, tooltip=[alt.Tooltip("lag", title="trained at lag")]
    )  # fmt: skip
    chance = 0.0 if adding else float(data["chance"])
    floor = (
        alt.Chart(pd.DataFrame({"y": [chance]})).mark_rule(strokeDash=[2, 3], color=ROLES["baseline"]).encode(y="y:Q")
    )
    drawn = floor + here + base.mark_line(color=ROLES["model"], point=True, strokeWidth=2.5)
    if others:
        dots = pd.DataFrame([(lag, min(max(score, low), 1)) for lag, score in others], columns=["lag", "score"])
        drawn = drawn + alt.Chart(dots).mark_point(filled=True, size=110, color=ROLES["generated"]).encode(
            x=x, y=y, tooltip=["lag", "score"]
        )  # fmt: skip
    return finished(drawn, 300)


# ---- in writing ----


def next_chances(run: ShownRun, view: Any, place: int) -> alt.LayerChart:
    """Return the chances of the likeliest characters at a written place, the drawn one in orange."""
    names = [symbol(name) for name in run.facts["data"]["class_names"]]
    begin = len(view.written) - len(view.written_chances)
    drawn = int(view.written[begin + place])
    rows = pd.DataFrame(
        [(names[token], float(chance), "drawn" if token == drawn else "not drawn")
         for token, chance in zip(view.written_tokens[place], view.written_chances[place], strict=True)
         if token >= 0 and chance > 0],
        columns=["character", "chance", "kind"],
    )  # fmt: skip
    bars = alt.Chart(rows).mark_bar(cornerRadiusEnd=2).encode(
        x=alt.X("chance:Q", title="chance", scale=alt.Scale(domain=[0, 1])),
        y=alt.Y("character:N", sort=None, title=None),
        color=alt.Color("kind:N", scale=alt.Scale(domain=["drawn", "not drawn"], range=[ROLES["generated"],
                        ROLES["model"]]), legend=alt.Legend(orient="top", title=None)),
        tooltip=["character", alt.Tooltip("chance", format=".3f")],
    )  # fmt: skip
    return finished(alt.LayerChart(layer=[bars]), 240)


# ---- far ahead ----


def fan(run: ShownRun, view: Any) -> alt.LayerChart:
    """Return the fan of the network's paths, AR beside it, and what came."""
    data = run.facts["data"]
    start, ahead = int(data["test_start"]), view.fan.shape[1]
    places = start + np.arange(ahead)
    known = run.scene["series"][max(0, start - ahead) : start]
    past = pd.DataFrame({"place": start - len(known) + np.arange(len(known)), "value": known, "what": "learned from"})
    kinds = [("what came", view.fan_truth), ("network", view.fan_mean), ("AR", view.fan_other)]
    lines = pd.concat(
        [past, *(pd.DataFrame({"place": places, "value": values, "what": what}) for what, values in kinds)]
    )
    bands = pd.DataFrame(
        {"place": places, **dict(zip(("low", "inner", "middle", "outer", "high"), view.fan, strict=True))}
    )
    bands["ar_low"], bands["ar_high"] = view.other_fan
    x = alt.X("place:Q", title="value number", scale=alt.Scale(zero=False, nice=False))
    unit = f" ({data['target_unit']})" if data["target_unit"] else ""
    title = f"{data['title']}{unit}"
    base = alt.Chart(bands).encode(x=x)
    wide = base.mark_area(opacity=0.18, color=ROLES["model"]).encode(
        y=alt.Y("low:Q", title=title, scale=alt.Scale(zero=False)), y2="high:Q"
    )  # fmt: skip
    narrow = base.mark_area(opacity=0.25, color=ROLES["model"]).encode(y=alt.Y("inner:Q"), y2="outer:Q")
    edges = [base.mark_line(color=ROLES["baseline"], strokeDash=[2, 3]).encode(y=alt.Y(f"{name}:Q"))
             for name in ("ar_low", "ar_high")]  # fmt: skip
    drawn = alt.Chart(lines).mark_line(strokeWidth=2).encode(
        x=x, y=alt.Y("value:Q", title=title, scale=alt.Scale(zero=False)),
        color=alt.Color("what:N", title=None, legend=alt.Legend(orient="top"),
                        scale=alt.Scale(domain=["learned from", "what came", "network", "AR"],
                                        range=["#B0B0B0", ROLES["real"], ROLES["model"], ROLES["baseline"]])),
        tooltip=["what", "place", alt.Tooltip("value", format=".4~g")],
    )  # fmt: skip
    return finished(wide + narrow + edges[0] + edges[1] + drawn, 340)


def fan_notice(view: Any) -> str:
    """Tell errors and how much of the truth both bands hold."""
    truth = view.fan_truth
    errors = [float(np.sqrt(np.mean((values - truth) ** 2))) for values in (view.fan_mean, view.fan_other)]
    held = [float(np.mean((truth >= low) & (truth <= high)))
            for low, high in ((view.fan[0], view.fan[-1]), (view.other_fan[0], view.other_fan[1]))]  # fmt: skip
    ahead = "The network is closer" if errors[0] < errors[1] else "The network loses"
    return (
        f"Over {len(truth)} values ahead the error is {short(errors[0])}, that of AR {short(errors[1])}. {ahead}. The "
        f"80 % band holds {100 * held[0]:.0f} % of what came, that of AR (dotted) {100 * held[1]:.0f} %."
    )


# ---- how long it takes ----


def timing(view: Any) -> alt.LayerChart:
    """Return the time by length of three layers on as many numbers in all."""
    kinds = ("dense layer", "recurrent layer", "recurrent layer with its gradient")
    rows = pd.DataFrame(
        [(int(length), 1000 * float(seconds), kind) for kind, row in zip(kinds, view.timing, strict=True)
         for length, seconds in zip(view.timing_lengths, row, strict=True)],
        columns=["length", "milliseconds", "layer"],
    )  # fmt: skip
    colours = alt.Scale(domain=list(kinds), range=[ROLES["baseline"], ROLES["model"], ROLES["generated"]])
    legend = alt.Legend(orient="top", columns=1, labelLimit=260)
    lines = alt.Chart(rows).mark_line(point=True, strokeWidth=2.5).encode(
        x=alt.X("length:Q", title="steps of a sequence, as many numbers in all", scale=alt.Scale(type="log")),
        y=alt.Y("milliseconds:Q", title="milliseconds", scale=alt.Scale(type="log")),
        color=alt.Color("layer:N", title=None, scale=colours, sort=list(kinds), legend=legend),
        tooltip=["layer", "length", alt.Tooltip("milliseconds", format=".3~g")],
    )  # fmt: skip
    return finished(alt.LayerChart(layer=[lines]), 320)


def timing_notice(view: Any) -> str:
    """Tell by how much the longest sequences cost more than the shortest, at the same work."""
    grown = view.timing[:, -1] / np.maximum(view.timing[:, 0], 1e-9)
    return (
        f"The same numbers in sequences of {int(view.timing_lengths[-1])} instead of {int(view.timing_lengths[0])} "
        f"steps: the dense layer takes {grown[0]:.1f} times as long, the recurrent one {grown[1]:.1f} times, with its "
        f"gradient {grown[2]:.1f} times. Each step waits for the one before."
    )
