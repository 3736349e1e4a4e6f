"""Pictures of the inside of an autoencoder: arrays in, Altair charts out; None where one does not apply."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.autoencoder_network import is_image, values_of
from lab.charts.autoencoder_stage import group_names
from lab.charts.mlp_inside import HEIGHT, TEXT, THREE_DIGITS
from lab.charts.modular_inside import finished
from lab.charts.palette import ROLES
from lab.charts.stage_panels import png
from lab.shown_run import ShownRun
from models.base import Array

PITCH, SIDE = 54, 64  # pixels of the page to an image; pixels along each side of one that is enlarged
BINS = 30
FOREST = "#B2912F"


# ---- images side by side ----


def picture(image: Array) -> str:
    """Return an image of ink in 0..1 as black on white with a thin grey frame, pixels enlarged: a data URI."""
    ink = 255 - 255 * np.clip(np.nan_to_num(np.asarray(image, np.float64)), 0, 1)
    times = max(1, round(SIDE / len(ink)))
    large = np.kron(ink, np.ones((times, times))).astype(np.uint8)
    return png(np.pad(large, 1, constant_values=150))


def gallery(rows: Sequence[dict[str, Any]], across: int, down: int, pitch: int = PITCH) -> alt.LayerChart:
    """Return pictures on a grid that shrinks with the page. rows: picture, x, y, told and, if shown, caption."""
    side = alt.ExprRef(f"min({pitch}, width / {across}) - 5")
    wide = alt.Scale(
        domain=[0, across], range=[0, alt.ExprRef(f"{across} * min({pitch}, width / {across})")], nice=False
    )
    high = alt.Scale(domain=[0, down], range=[0, alt.ExprRef(f"{down} * min({pitch}, width / {across})")], nice=False)
    base = alt.Chart(pd.DataFrame(list(rows))).encode(
        x=alt.X("x:Q", axis=None, scale=wide), y=alt.Y("y:Q", axis=None, scale=high),
        tooltip=[alt.Tooltip("told:N", title="image")],
    )  # fmt: skip
    return finished(alt.layer(base.mark_image(width=side, height=side).encode(url="picture:N")), pitch * down + 4)


def samples(run: ShownRun, view: Any) -> Any:
    """Return what draws are decoded to: from N(0, 1) if variational, else from a Gaussian fitted to the codes."""
    if view.samples is None:
        return None
    shape, across = run.facts["data"]["image_shape"], 10
    kind = "drawn from N(0, 1)" if run.config["kl"] else "drawn from a Gaussian fitted to the codes"
    rows = [
        {"picture": picture(one.reshape(shape)), "x": k % across + 0.5, "y": k // across + 0.5, "told": kind}
        for k, one in enumerate(values_of(view.samples))
    ]
    return gallery(rows, across, -(-len(rows) // across))


def worst(run: ShownRun, view: Any) -> Any:
    """Return the normal test images with the largest error, and below each what it became; None for tables."""
    if not is_image(run):
        return None
    shape, names, rows = run.facts["data"]["image_shape"], group_names(run), []
    pairs = zip(view.worst_rows, values_of(view.worst_inputs), values_of(view.worst_outputs), strict=True)
    for column, (row, seen, rebuilt) in enumerate(pairs):
        told = f"{names[int(run.scene['groups'][row])]}, mean squared error {float(view.errors[row]):.3f}"
        for down, (image, kind) in enumerate(((seen, "what it saw"), (rebuilt, "rebuilt"))):
            at = {"x": column + 0.5, "y": down + 0.5}
            rows.append({"picture": picture(image.reshape(shape)), "told": f"{kind}: {told}", **at})
    return gallery(rows, len(view.worst_rows), 2)


# ---- errors ----


def error_by_group(run: ShownRun, view: Any) -> Any:
    """Return the mean squared error over the test examples of each class, and PCA's as a tick."""
    names, groups = group_names(run), run.scene["groups"]
    unknown = str(run.facts["data"].get("unknown", ""))
    kinds = [kind for kind in range(len(names)) if (groups == kind).any()]
    frame = pd.DataFrame(
        {
            "group": [names[kind] for kind in kinds],
            "error": [float(view.errors[groups == kind].mean()) for kind in kinds],
            "pca": [float(run.scene["principal_errors"][groups == kind].mean()) for kind in kinds],
            "kind": ["never seen in training" if names[kind] == unknown else "this network" for kind in kinds],
            "examples": [int((groups == kind).sum()) for kind in kinds],
        }
    )
    title = str(run.facts["data"]["target_name"]) if run.facts["data"]["class_names"] else "quarter of the target"
    kept = {"this network": ROLES["model"], "never seen in training": ROLES["wrong"], "PCA": ROLES["baseline"]}
    if not unknown:
        del kept["never seen in training"]
    colour = alt.Scale(domain=list(kept), range=list(kept.values()))
    base = alt.Chart(frame).encode(
        x=alt.X("group:N", sort=list(frame["group"]), title=title, axis=alt.Axis(labelAngle=0)),
        tooltip=[
            alt.Tooltip("group", title=title), alt.Tooltip("error", title="error", format=THREE_DIGITS),
            alt.Tooltip("pca", title="error of PCA", format=THREE_DIGITS), alt.Tooltip("examples", title="examples"),
        ],
    )  # fmt: skip
    legend = alt.Legend(title=None, orient="top", symbolType="square")
    bars = base.mark_bar(cornerRadiusEnd=2, width=alt.RelativeBandSize(0.6)).encode(
        y=alt.Y("error:Q", title="mean squared error"), color=alt.Color("kind:N", scale=colour, legend=legend)
    )
    wide = alt.ExprRef("0.85 * bandwidth('x')")
    ticks = base.transform_calculate(method="'PCA'").mark_tick(thickness=3, size=wide).encode(
        y="pca:Q", color=alt.Color("method:N", scale=colour, legend=legend)
    )  # fmt: skip
    return finished(alt.layer(bars, ticks), HEIGHT)


def anomaly_histogram(run: ShownRun, view: Any) -> Any:
    """Return how the errors of normal and unknown test examples are spread; None without unknown ones."""
    if "anomalies" not in run.scene:
        return None
    unknown = run.scene["anomalies"].astype(bool)
    edges = histogram_edges(view.errors)
    names, rows = ("known kind", str(run.facts["data"]["unknown"])), []
    for name, errors in zip(names, (view.errors[~unknown], view.errors[unknown]), strict=True):
        counts = np.histogram(np.clip(errors, edges[0], edges[-1]), edges)[0]
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True):
            rows.append({"low": low, "high": high, "share": count / len(errors), "kind": name, "examples": int(count)})
    colour = alt.Color("kind:N", scale=alt.Scale(domain=list(names), range=[ROLES["model"], ROLES["wrong"]]),
                       legend=alt.Legend(title=None, orient="top", symbolType="square"))  # fmt: skip
    bars = alt.Chart(pd.DataFrame(rows)).mark_bar(opacity=0.6).encode(
        x=alt.X("low:Q", title="mean squared error (log scale)", scale=alt.Scale(type="log", nice=False),
                axis=alt.Axis(tickCount=6, format=THREE_DIGITS)),
        x2="high:Q",
        y=alt.Y("share:Q", title="share of its kind", stack=None, axis=alt.Axis(format="%")),
        y2=alt.datum(0),
        color=colour,
        tooltip=[
            alt.Tooltip("kind", title="kind"), alt.Tooltip("low", title="error from", format=THREE_DIGITS),
            alt.Tooltip("high", title="to", format=THREE_DIGITS), alt.Tooltip("examples", title="test examples"),
        ],
    )  # fmt: skip
    return finished(alt.layer(bars), HEIGHT)


def histogram_edges(errors: Array) -> Array:
    """Return the ends of the bins, evenly spaced on a logarithmic scale: (31,)."""
    positive = np.maximum(errors.astype(np.float64), 1e-9)
    return np.geomspace(positive.min(), positive.max() * 1.0001, BINS + 1)


def roc_points(scores: Array, anomalies: Array) -> tuple[Array, Array]:
    """Return false alarms and found anomalies, as shares, for every threshold from strict to lenient."""
    order = np.argsort(-scores, kind="stable")
    sorted_scores, hits = scores[order], anomalies[order].astype(bool)
    last_of_ties = np.append(np.flatnonzero(np.diff(sorted_scores)), len(scores) - 1)
    found, alarms = np.cumsum(hits)[last_of_ties], np.cumsum(~hits)[last_of_ties]
    return np.insert(alarms / (~hits).sum(), 0, 0.0), np.insert(found / hits.sum(), 0, 0.0)


def roc(run: ShownRun, view: Any) -> Any:
    """Return found anomalies over false alarms: this network, PCA, and an isolation forest."""
    if "anomalies" not in run.scene:
        return None
    anomalies = run.scene["anomalies"].astype(bool)
    methods = {
        "this network": view.errors,
        f"PCA, {run.config['code']}": run.scene["principal_errors"],
        "isolation forest": run.scene["forest_scores"],
    }
    rows, names = [], []
    for method, scores in methods.items():
        alarms, found = roc_points(scores, anomalies)
        name = f"{method}: {float(np.trapezoid(found, alarms)):.3f}"
        names.append(name)
        rows += [{"alarms": a, "found": f, "method": name} for a, f in zip(alarms, found, strict=True)]
    colour = alt.Color(
        "method:N", scale=alt.Scale(domain=names, range=[ROLES["model"], ROLES["baseline"], FOREST]),
        legend=alt.Legend(title="area under the curve", orient="top", columns=1, symbolType="stroke"),
    )  # fmt: skip
    lines = alt.Chart(pd.DataFrame(rows)).mark_line(interpolate="linear", strokeWidth=2.5).encode(
        x=alt.X("alarms:Q", title="false alarms: share of the known kind", axis=alt.Axis(format="%")),
        y=alt.Y("found:Q", title="found: share of the unknown kind", axis=alt.Axis(format="%")),
        color=colour, strokeDash=alt.StrokeDash("method:N", sort=names, legend=None,
                                                scale=alt.Scale(domain=names, range=[[1, 0], [1, 0], [6, 3]])),
        order="alarms:Q",
        tooltip=[alt.Tooltip("method"), alt.Tooltip("alarms", format=".1%"), alt.Tooltip("found", format=".1%")],
    )  # fmt: skip
    chance = alt.Chart(pd.DataFrame({"alarms": [0, 1], "found": [0, 1]})).mark_line(
        color=ROLES["baseline"], strokeDash=[2, 3], opacity=0.7
    ).encode(x="alarms:Q", y="found:Q")  # fmt: skip
    return finished(alt.layer(chance, lines), HEIGHT + 60)


# ---- noise, and the code ----


def cleaned(run: ShownRun, view: Any) -> Any:
    """Return how clean the test images are in dB: as shown to the network, by PCA, by the network; None without."""
    if "noise_errors" not in run.scene or not is_image(run):
        return None
    known = ~run.scene["anomalies"].astype(bool) if "anomalies" in run.scene else np.ones(len(view.errors), bool)
    errors = {
        "what it sees": run.scene["noise_errors"],
        f"PCA, {run.config['code']}": run.scene["principal_errors"],
        "this network": view.errors,
    }
    frame = pd.DataFrame(
        [{"method": name, "dB": float(-10 * np.log10(one[known].mean()))} for name, one in errors.items()]
    )
    colours = [ROLES["generated"], ROLES["baseline"], ROLES["model"]]
    base = alt.Chart(frame).encode(
        y=alt.Y("method:N", sort=list(errors), title=None, axis=alt.Axis(labelLimit=140)),
        x=alt.X("dB:Q", title="signal to noise (dB)", scale=alt.Scale(domain=[0, max(20.0, frame["dB"].max() * 1.15)])),
    )
    colour = alt.Color("method:N", scale=alt.Scale(domain=list(errors), range=colours), legend=None)
    bars = base.mark_bar(cornerRadiusEnd=2).encode(color=colour)
    return finished(bars + base.mark_text(align="left", dx=5, fontSize=13, color=TEXT).encode(
        text=alt.Text("dB:Q", format=".1f")), 170)  # fmt: skip


def use_of_numbers(run: ShownRun, view: Any) -> Any:
    """Return how much each code number moves, or says in nats where the network is variational."""
    variational = view.divergences is not None
    values = view.divergences if variational else view.spreads
    frame = pd.DataFrame({"number": np.arange(1, len(values) + 1), "value": values.astype(float)})
    wide = 40 if len(values) < 9 else 10
    title = "says (KL from N(0, 1), nats)" if variational else "moves (deviation over test examples)"
    bars = alt.Chart(frame).mark_bar(color=ROLES["model"], cornerRadiusEnd=2, size=wide).encode(
        x=alt.X("number:O", title="code number", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("value:Q", title=title),
        tooltip=[alt.Tooltip("number", title="code number"), alt.Tooltip("value", title=title, format=THREE_DIGITS)],
    )  # fmt: skip
    return finished(alt.layer(bars), HEIGHT)
