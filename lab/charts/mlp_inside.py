"""Pictures of the inside of a multilayer perceptron: arrays in, Altair charts out; None where a picture does not apply."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.palette import ROLES
from lab.charts.stage_panels import diverging, png
from lab.shown_run import ShownRun
from models.base import Array

HEIGHT = 280


def confusion(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return counts of truth against prediction over all test examples."""
    if view.confusion is None:
        return None
    names = [str(name) for name in run.facts["data"]["class_names"]]
    counts = view.confusion
    rows = pd.DataFrame(
        [
            {"truth": names[i], "prediction": names[j], "examples": int(counts[i, j]), "share": _share(counts, i, j)}
            for i in range(len(names))
            for j in range(len(names))
        ]
    )
    base = alt.Chart(rows).encode(
        x=alt.X("prediction:N", sort=names, title="predicted", axis=alt.Axis(labelAngle=0 if len(names) > 4 else -25)),
        y=alt.Y("truth:N", sort=names, title="true"),
        tooltip=["truth", "prediction", "examples", alt.Tooltip("share", format=".1%", title="share of the true class")],
    )
    cells = base.mark_rect().encode(
        color=alt.Color("share:Q", title="share of class", scale=alt.Scale(domain=[0, 1], range=["#EDF3F8", "#00507F"]))
    )
    numbers = base.transform_filter("datum.examples > 0").mark_text(fontSize=11).encode(
        text="examples:Q", color=alt.condition("datum.share > 0.5", alt.value("white"), alt.value("#1C2430"))
    )
    return (cells + numbers).properties(height=max(HEIGHT, 26 * len(names)))


def _share(counts: Array, row: int, column: int) -> float:
    return float(counts[row, column]) / max(1, int(counts[row].sum()))


def reliability(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return the share right against the confidence, in ten bins: on the diagonal a network knows what it knows."""
    if view.calibration is None:
        return None
    examples, confidence, right = np.asarray(view.calibration, float).T
    rows = pd.DataFrame({"confidence": confidence, "share right": right, "examples": examples.astype(int)})
    rows = rows[rows["examples"] > 0]
    low = 1.0 / max(2, len(run.facts["data"]["class_names"]))
    scale = alt.Scale(domain=[0, 1])
    ideal = alt.Chart(pd.DataFrame({"confidence": [low, 1.0], "share right": [low, 1.0]})).mark_line(
        color=ROLES["baseline"], strokeDash=[4, 3]
    )
    line = alt.Chart(rows).mark_line(color=ROLES["model"])
    dots = alt.Chart(rows).mark_circle(color=ROLES["model"], opacity=0.9)
    x, y = alt.X("confidence:Q", scale=scale, title="mean confidence of the bin"), alt.Y("share right:Q", scale=scale)
    size = alt.Size("examples:Q", scale=alt.Scale(type="sqrt", range=[30, 420]), legend=alt.Legend(title="examples"))
    tips = [alt.Tooltip("confidence", format=".3f"), alt.Tooltip("share right", format=".3f"), "examples"]
    layers = ideal.encode(x=x, y=y) + line.encode(x=x, y=y) + dots.encode(x=x, y=y, size=size, tooltip=tips)
    return layers.properties(height=HEIGHT)


def expected_calibration_error(view: Any) -> float:
    """Return the mean gap between confidence and share right, weighted by examples. Guo et al., ICML 2017."""
    examples, confidence, right = np.asarray(view.calibration, float).T
    return float(np.sum(examples * np.abs(confidence - right)) / max(1.0, examples.sum()))


def activations(run: ShownRun, view: Any) -> alt.Chart | None:
    """Return a histogram of the activations per hidden layer, over all test examples."""
    if view.histograms is None:
        return None
    frames = []
    for place, (shares, edges) in enumerate(zip(view.histograms, view.histogram_edges, strict=True), start=1):
        title = f"layer {place}: {float(view.dead[place - 1]):.0%} of units dead, {_flat(run, view, place - 1)}"
        frames.append(pd.DataFrame({"from": edges[:-1], "to": edges[1:], "share": shares, "layer": title}))
    rows = pd.concat(frames)
    height = max(60, min(160, 260 // len(frames)))
    return (
        alt.Chart(rows, height=height)
        .mark_bar(color=ROLES["model"], opacity=0.85, stroke=None)
        .encode(
            x=alt.X("from:Q", title="activation a = f(z)"),
            x2="to:Q",
            y=alt.Y("share:Q", title="share", axis=alt.Axis(format="%", tickCount=3)),
            row=alt.Row("layer:N", title=None, header=alt.Header(labelAngle=0, labelAnchor="start", labelOrient="top")),
            tooltip=[alt.Tooltip("from", format=".3f"), alt.Tooltip("to", format=".3f"), alt.Tooltip("share", format=".1%")],
        )
        .resolve_scale(y="independent")
    )


def _flat(run: ShownRun, view: Any, place: int) -> str:
    share = float(view.saturated[place])
    return f"{share:.0%} of activations {'zero' if run.config['activation'] == 'relu' else 'on the flat ends'}"


def worst(run: ShownRun, view: Any) -> alt.Chart | alt.HConcatChart | alt.ConcatChart | None:
    """Return the test examples with the largest loss: images with label and guess, or a chart of numbers."""
    if view.worst_rows is None or len(view.worst_rows) == 0:
        return None
    if run.facts["data"]["image_shape"]:
        return _worst_images(run, view)
    return _worst_rows(run, view)


def _worst_images(run: ShownRun, view: Any) -> alt.ConcatChart:
    names = [str(name) for name in run.facts["data"]["class_names"]]
    shape = run.facts["data"]["image_shape"]
    rows = []
    for place, (pixels, output, truth) in enumerate(
        zip(view.worst_inputs, view.worst_outputs, view.worst_truths, strict=True)
    ):
        guess = int(np.argmax(output))
        picture = np.kron(255 - (255 * np.clip(pixels.reshape(shape), 0, 1)), np.ones((6, 6))).astype(np.uint8)
        label = f"{names[int(truth)]} read as {names[guess]}" if guess != int(truth) else f"{names[guess]}, unsure"
        known = f"p({names[int(truth)]}) = {float(output[int(truth)]):.2g}"
        rows.append({"picture": png(picture), "label": label, "known": known, "x": place % 6, "y": place // 6})
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-0.5, 5.5])),
        y=alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[1.55, -0.5])),
        tooltip=["label", "known"],
    )
    images = base.mark_image(width=62, height=62).encode(url="picture:N")
    labels = base.mark_text(dy=42, fontSize=11).encode(text="label:N")
    known = base.mark_text(dy=56, fontSize=10, opacity=0.8).encode(text="known:N")
    return (images + labels + known).properties(height=HEIGHT)


def _worst_rows(run: ShownRun, view: Any) -> alt.LayerChart:
    data = run.facts["data"]
    if data["task"] == "regression":
        truths, guesses = view.worst_truths.astype(float), view.worst_outputs.astype(float)
        label, unit = "value", f"{data['target_name']} ({data['target_unit']})" if data["target_unit"] else data["target_name"]
    else:
        truths = np.ones(len(view.worst_rows))
        guesses = np.take_along_axis(view.worst_outputs, view.worst_truths.astype(int)[:, None], axis=1)[:, 0].astype(float)
        label, unit = "probability of the true class", "probability of the true class"
    rows = pd.DataFrame({"example": [f"test {row}" for row in view.worst_rows], "true": truths, "network": guesses})
    order = list(rows["example"])
    base = alt.Chart(rows).encode(y=alt.Y("example:N", sort=order, title=None))
    gap = base.mark_rule(color=ROLES["wrong"], strokeWidth=2).encode(x=alt.X("network:Q", title=unit), x2="true:Q")
    ends = [
        base.mark_point(filled=filled, color=ROLES[role], size=70).encode(x=f"{column}:Q", tooltip=["example", "true", "network"])
        for column, role, filled in (("true", "real", True), ("network", "model", False))
    ]
    return (gap + ends[0] + ends[1]).properties(height=HEIGHT, description=label)


def first_weights(run: ShownRun, view: Any) -> alt.Chart | None:
    """Return the weights of the first layer's units as images: what each of them looks for."""
    if view.unit_weights is None:
        return None
    limit = float(np.abs(view.unit_weights.astype(float)).max()) or 1.0
    rows = [
        {"picture": png(np.kron(diverging(unit.astype(float), limit), np.ones((6, 6, 1))).astype(np.uint8)),
         "unit": f"unit {place + 1}", "x": place % 8, "y": place // 8}
        for place, unit in enumerate(view.unit_weights)
    ]  # fmt: skip
    lines = -(-len(rows) // 8)
    return (
        alt.Chart(pd.DataFrame(rows))
        .mark_image(width=46, height=46)
        .encode(
            x=alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-0.5, 7.5])),
            y=alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[lines - 0.4, -0.6])),
            url="picture:N",
            tooltip=["unit"],
        )
        .properties(height=max(120, 56 * lines))
    )


def comparison(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return the network beside methods without a network, on the same test examples."""
    baselines = run.facts.get("baselines", [])
    if not baselines or not run.rows:
        return None
    metric = "test_rmse" if run.facts["data"]["task"] == "regression" else "test_accuracy"
    rows = [{"method": one["name"], "value": one["value"], "kind": "baseline"} for one in baselines if one["metric"] == metric]
    step = int(run.rows[-1]["step"])
    rows.append({"method": f"This network, step {step:,}", "value": run.rows[-1][metric], "kind": "model"})
    title = "root mean squared error on test data (less is better)" if metric == "test_rmse" else "share of test examples right"
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=alt.X("value:Q", title=title),
        y=alt.Y("method:N", sort="x" if metric == "test_rmse" else "-x", title=None, axis=alt.Axis(labelLimit=220)),
        tooltip=["method", alt.Tooltip("value", format=".4g")],
    )
    bars = base.mark_bar(height=16).encode(
        color=alt.Color("kind:N", scale=alt.Scale(domain=["model", "baseline"], range=[ROLES["model"], ROLES["baseline"]]), legend=None)
    )
    return (bars + base.mark_text(align="left", dx=4).encode(text=alt.Text("value:Q", format=".3g"))).properties(height=HEIGHT)
