"""Pictures of the inside of a multilayer perceptron: arrays in, Altair charts out; None where none applies.

Text inside the charts is drawn in `currentColor`: the browser then takes the text colour of the page's theme.
All charts fit any width from a phone's upwards, which facets and concatenated charts cannot.
"""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.palette import NEGATIVE, POSITIVE, ROLES
from lab.charts.stage_panels import diverging, png
from lab.shown_run import ShownRun
from models.base import Array

HEIGHT = 280
TEXT = "currentColor"
THREE_DIGITS = ".3~r"
WORST_COLUMNS, WORST_ROW, WORST_TILE = 4, 112, 72
UNIT_COLUMNS, UNIT_PITCH = 8, 58
RESIDUAL_BINS = 20
LAYER_HEIGHT = 0.72  # of the room of a layer: the rest holds its title


def _finished(chart: alt.LayerChart, height: float) -> alt.LayerChart:
    """Give a chart its height, axes included, and the page's text colour: the theme's grey is too faint for a hall."""
    chart = chart.properties(height=height)
    chart = chart.configure_axis(labelColor=TEXT, titleColor=TEXT, labelOpacity=0.9, titleOpacity=0.9)
    finished: alt.LayerChart = chart.configure_legend(labelColor=TEXT, titleColor=TEXT)
    return finished


# ---- classes ----


def confusion(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return counts of truth against prediction over all test examples; mistakes stand out in the warning colour."""
    if view.confusion is None:
        return None
    names = [str(name) for name in run.facts["data"]["class_names"]]
    base = alt.Chart(pd.DataFrame(_cells(view.confusion, names))).encode(
        x=alt.X("prediction:N", sort=names, title="predicted class", axis=_class_axis(names)),
        y=alt.Y("truth:N", sort=names, title="true class", axis=alt.Axis(labelLimit=110, labelOverlap=False)),
        tooltip=[
            alt.Tooltip("truth", title="true class"),
            alt.Tooltip("prediction", title="predicted class"),
            alt.Tooltip("examples", title="test examples"),
            alt.Tooltip("share", format=".3~p", title="share of the true class"),
        ],
    )
    kinds = alt.Scale(domain=["right", "wrong"], range=[ROLES["model"], ROLES["wrong"]])
    cells = base.mark_rect().encode(
        color=alt.Color("kind:N", scale=kinds, legend=alt.Legend(title=None, orient="top", symbolType="square")),
        opacity=alt.Opacity("strength:Q", scale=None),
    )
    numbers = base.transform_filter("datum.examples > 0").mark_text(fontSize=12, color=TEXT).encode(text="examples:Q")
    return _finished(cells + numbers, max(HEIGHT, 100 + 28 * len(names)))


def _cells(counts: Array, names: list[str]) -> list[dict[str, Any]]:
    """Return one row per pair of classes; a single mistake is already half as strong as a whole class of them."""
    rows = []
    for i, j in np.ndindex(counts.shape):
        examples = int(counts[i, j])
        share = examples / max(1, int(counts[i].sum()))
        strength = 0.06 if not examples else 0.1 + 0.5 * share if i == j else 0.6 + 0.3 * share
        kind = "right" if i == j or not examples else "wrong"
        rows.append({
            "truth": names[i], "prediction": names[j], "examples": examples, "share": share, "kind": kind,
            "strength": strength,
        })  # fmt: skip
    return rows


def _class_axis(names: list[str]) -> alt.Axis:
    """Short names stand upright; long ones lean, so that none is dropped on a phone."""
    return alt.Axis(
        labelAngle=0 if max(map(len, names)) * len(names) <= 36 else -35, labelLimit=110, labelOverlap=False
    )


def reliability(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return the share right against the confidence, in ten bins: on the diagonal a network knows what it knows."""
    if view.calibration is None:
        return None
    examples, confidence, right = np.asarray(view.calibration, float).T
    rows = pd.DataFrame({"confidence": confidence, "right": right, "examples": examples.astype(int)})
    rows = rows[(rows["examples"] > 0) & np.isfinite(rows["confidence"])]
    low = 1.0 / max(2, len(run.facts["data"]["class_names"]))
    ideal = pd.DataFrame({"confidence": [low, 1.0], "right": [low, 1.0]})
    x = alt.X("confidence:Q", scale=_unit_scale(), title="mean confidence of the bin (probability)", axis=_fifths())
    y = alt.Y("right:Q", scale=_unit_scale(), title="share right in the bin", axis=_fifths())
    tips = [
        alt.Tooltip("confidence", format=THREE_DIGITS, title="mean confidence"),
        alt.Tooltip("right", format=THREE_DIGITS, title="share right"),
        alt.Tooltip("examples", title="test examples"),
    ]
    diagonal = alt.Chart(ideal).mark_line(color=ROLES["baseline"], strokeDash=[5, 4]).encode(x=x, y=y)
    line = alt.Chart(rows).mark_line(color=ROLES["model"], strokeWidth=2).encode(x=x, y=y)
    dots = alt.Chart(rows).mark_circle(color=ROLES["model"], opacity=1).encode(
        x=x, y=y, size=_example_sizes(rows["examples"]), tooltip=tips
    )  # fmt: skip
    return _finished(diagonal + line + dots, HEIGHT + 60)


def _unit_scale() -> alt.Scale:
    return alt.Scale(domain=[0, 1], nice=False)


def _fifths() -> alt.Axis:
    return alt.Axis(values=[0, 0.2, 0.4, 0.6, 0.8, 1])


def _example_sizes(examples: "pd.Series[int]") -> alt.Size:
    """Return dots by the number of examples, with a legend of numbers that occur."""
    most = int(examples.max()) if len(examples) else 1
    legend = sorted({1, *(number for number in (10, 30, 100, 300, 1000) if number <= most), most})
    values = [number for number in legend if number * 1.6 < most or number == most][-4:]
    scale = alt.Scale(type="sqrt", domain=[0, most], range=[24, 420])
    key = alt.Legend(title="test examples", orient="top", values=values, format="d", symbolFillColor=ROLES["model"])
    return alt.Size("examples:Q", scale=scale, legend=key)


def expected_calibration_error(view: Any) -> float:
    """Return the mean gap between confidence and share right, weighted by examples. Guo et al., ICML 2017."""
    examples, confidence, right = np.asarray(view.calibration, float).T
    return float(np.sum(examples * np.abs(confidence - right)) / max(1.0, examples.sum()))


# ---- activations ----


def activations(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return a histogram of the activations per hidden layer, over all test examples, first layer on top."""
    if view.histograms is None or len(view.histograms) == 0:
        return None
    layers = range(len(view.histograms))
    bars = pd.DataFrame([row for place in layers for row in _bars(view, place)])
    titles = pd.DataFrame(
        {"title": [_layer_title(run, view, place) for place in layers], "y": [p + 0.14 for p in layers]}
    )
    count = len(view.histograms)
    y = alt.Scale(domain=[count, 0], nice=False, zero=False)
    tips = [
        alt.Tooltip("layer", title="hidden layer"),
        alt.Tooltip("from", format=THREE_DIGITS, title="activation from"),
        alt.Tooltip("to", format=THREE_DIGITS, title="activation to"),
        alt.Tooltip("share", format=".3~p", title="share of activations"),
    ]
    drawn = alt.Chart(bars).mark_rect(color=ROLES["model"], stroke=None).encode(
        x=alt.X("from:Q", title="activation a = f(z)", scale=alt.Scale(nice=False, zero=False)),
        x2="to:Q",
        y=alt.Y("top:Q", scale=y, title="share of activations", axis=_share_axis(view)),
        y2="base:Q",
        tooltip=tips,
    )  # fmt: skip
    words = alt.Chart(titles).mark_text(align="left", baseline="middle", fontSize=12, color=TEXT, dx=4)
    named = words.encode(x=alt.value(0), y=alt.Y("y:Q", scale=y), text="title:N")
    return _finished(drawn + named, max(HEIGHT, 60 + 80 * count))


def _bars(view: Any, place: int) -> list[dict[str, Any]]:
    """Return the bars of one layer between its baseline and the title above it."""
    shares, edges = np.nan_to_num(view.histograms[place]), view.histogram_edges[place]
    largest = float(shares.max(initial=0.0)) or 1.0
    return [
        {"layer": place + 1, "from": float(low), "to": float(high), "share": float(share),
         "base": place + 1.0, "top": place + 1.0 - LAYER_HEIGHT * float(share) / largest}
        for low, high, share in zip(edges, edges[1:], shares, strict=False)
        if np.isfinite(low) and np.isfinite(high)
    ]  # fmt: skip


def _share_axis(view: Any) -> alt.Axis:
    """Mark every layer's baseline with 0 and its highest bar with that bar's share."""
    places, texts = [], []
    for place, shares in enumerate(view.histograms):
        places += [place + 1.0 - LAYER_HEIGHT, place + 1.0]
        texts += [f"{float(np.nan_to_num(shares).max(initial=0.0)):.0%}", "0"]
    chosen = f"{texts}[round(datum.value) === datum.value ? 2 * datum.value - 1 : 2 * floor(datum.value)]"
    return alt.Axis(values=places, labelExpr=chosen, labelOverlap=False)


def _layer_title(run: ShownRun, view: Any, place: int) -> str:
    return f"layer {place + 1}: {float(view.dead[place]):.0%} of units dead, {_flat(run, view, place)}"


def _flat(run: ShownRun, view: Any, place: int) -> str:
    share = float(view.saturated[place])
    return f"{share:.0%} of activations {'zero' if run.config['activation'] == 'relu' else 'on the flat ends'}"


# ---- the worst examples ----


def worst(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return the test examples with the largest loss: images with label and guess, or a chart of numbers."""
    if view.worst_rows is None or len(view.worst_rows) == 0:
        return None
    if run.facts["data"]["image_shape"]:
        return _worst_images(run, view)
    return _worst_rows(run, view)


def _worst_images(run: ShownRun, view: Any) -> alt.LayerChart:
    names = [str(name) for name in run.facts["data"]["class_names"]]
    shape = run.facts["data"]["image_shape"]
    rows = []
    examples = zip(view.worst_inputs, view.worst_outputs, view.worst_truths, strict=True)
    for place, (pixels, output, truth) in enumerate(examples):
        guess, true = int(np.argmax(output)), int(truth)
        label = f"{names[true]} read as {names[guess]}" if guess != true else f"{names[guess]}, unsure"
        known = f"p({names[true]}) = {float(output[true]):.2g}"
        row, column = divmod(place, WORST_COLUMNS)
        rows.append({"picture": _ink(pixels.reshape(shape)), "label": label, "known": known, "x": column, "y": row})
    lines = -(-len(rows) // WORST_COLUMNS)
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-0.5, WORST_COLUMNS - 0.5], nice=False)),
        y=alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[lines - 0.34, -0.36], nice=False)),
        tooltip=[alt.Tooltip("label", title="example"), alt.Tooltip("known", title="probability of the true class")],
    )
    images = base.mark_image(width=WORST_TILE, height=WORST_TILE).encode(url="picture:N")
    labels = base.mark_text(dy=WORST_TILE / 2 + 9, fontSize=12, color=TEXT).encode(text="label:N")
    known = base.mark_text(dy=WORST_TILE / 2 + 23, fontSize=11, color=TEXT, opacity=0.8).encode(text="known:N")
    return _finished(images + labels + known, WORST_ROW * lines + 10)


def _ink(image: Array) -> str:
    """Return an image of ink in 0..1 as black on white with a thin grey frame, pixels enlarged."""
    large = np.kron(255 - 255 * np.clip(np.nan_to_num(image), 0, 1), np.ones((9, 9))).astype(np.uint8)
    return png(np.pad(large, 1, constant_values=150))


def _worst_rows(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return truth and answer of each example on one axis, joined by the gap; None if no answer is a number."""
    data = run.facts["data"]
    if data["task"] == "regression":
        truths, guesses = view.worst_truths.astype(float), view.worst_outputs.astype(float)
        title = f"{data['target_name']} ({data['target_unit']})" if data["target_unit"] else str(data["target_name"])
        kinds, scale = ["true value", "prediction"], alt.Scale(zero=False)
    else:
        truths = np.ones(len(view.worst_rows))
        classes = view.worst_truths.astype(int)[:, None]
        guesses = np.take_along_axis(view.worst_outputs, classes, axis=1)[:, 0].astype(float)
        title, kinds, scale = "probability of the true class", ["certain and right", "this network"], _unit_scale()
    order = [str(row) for row in view.worst_rows]
    rows = pd.DataFrame({"example": order, "true": truths, "network": guesses})
    rows = rows[np.isfinite(rows["network"])]
    return _gaps(rows, order, title, kinds, scale) if len(rows) else None


def _gaps(rows: pd.DataFrame, order: list[str], title: str, kinds: list[str], scale: alt.Scale) -> alt.LayerChart:
    y = alt.Y("example:N", sort=order, title="row of the test data", axis=alt.Axis(labelOverlap=False))
    x = alt.X("true:Q", title=title, scale=scale)
    gap = alt.Chart(rows).mark_rule(color=ROLES["wrong"], strokeWidth=2, opacity=0.7).encode(y=y, x=x, x2="network:Q")
    long = rows.melt("example", ["true", "network"], "kind", "value")
    long["kind"] = long["kind"].map({"true": kinds[0], "network": kinds[1]})
    colours = alt.Scale(domain=kinds, range=[ROLES["real"], ROLES["model"]])
    shapes = alt.Scale(domain=kinds, range=["diamond", "circle"])
    legend = alt.Legend(title=None, orient="top")
    ends = alt.Chart(long).mark_point(filled=True, size=80, opacity=1).encode(
        y=y, x=alt.X("value:Q", title=title, scale=scale), color=alt.Color("kind:N", scale=colours, legend=legend),
        shape=alt.Shape("kind:N", scale=shapes, legend=legend),
        tooltip=["example", alt.Tooltip("kind", title="shown"), alt.Tooltip("value", format=THREE_DIGITS)],
    )  # fmt: skip
    return _finished(gap + ends, max(HEIGHT, 80 + 22 * len(rows)))


def residuals(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return a histogram of prediction minus truth over the recorded test examples; None for a classification."""
    data = run.facts["data"]
    if data["task"] != "regression" or view.predictions is None:
        return None
    gaps = view.predictions.astype(np.float64) - run.scene["test_targets"][: len(view.predictions)]
    gaps = gaps[np.isfinite(gaps)]
    if not len(gaps):
        return None
    reach = float(np.abs(gaps).max()) or 1.0
    counts, edges = np.histogram(gaps, bins=RESIDUAL_BINS, range=(-reach, reach))
    rows = pd.DataFrame({"from": edges[:-1], "to": edges[1:], "examples": counts})
    rows["side"] = np.where(rows["to"] <= 1e-9 * reach, "too low", "too high")
    unit = f" ({data['target_unit']})" if data["target_unit"] else ""
    number = ",.3~r" if reach < 1e6 else ".2~e"
    sides = alt.Scale(domain=["too low", "too high"], range=[NEGATIVE, POSITIVE])
    bars = alt.Chart(rows).mark_bar(orient="vertical").encode(
        x=alt.X("from:Q", bin="binned", title=f"prediction − truth{unit}", axis=alt.Axis(tickCount=6, format=number)),
        x2="to:Q", y=alt.Y("examples:Q", title="test examples", axis=alt.Axis(tickMinStep=1)),
        color=alt.Color("side:N", scale=sides, legend=alt.Legend(title="predicted", orient="top")),
        tooltip=[alt.Tooltip("from", format=number), alt.Tooltip("to", format=number), "examples"],
    )  # fmt: skip
    zero = alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(color=TEXT, strokeWidth=1.5).encode(x="zero:Q")
    return _finished(bars + zero, HEIGHT + 20)


# ---- the first weights, and the comparison ----


def first_weights(run: ShownRun, view: Any) -> alt.Chart | None:
    """Return the weights of the first layer's units as images on one common scale: what each of them looks for."""
    if view.unit_weights is None:
        return None
    weights = view.unit_weights.astype(float)
    limit = float(np.abs(weights[np.isfinite(weights)]).max(initial=0.0)) or 1.0
    rows = [
        {"picture": _weight_picture(unit, limit), "unit": f"unit {place + 1}", "largest": float(np.abs(unit).max()),
         "x": place % UNIT_COLUMNS + 0.5, "y": place // UNIT_COLUMNS + 0.5}
        for place, unit in enumerate(weights)
    ]  # fmt: skip
    lines = -(-len(rows) // UNIT_COLUMNS)
    # Squares at equal distances in both directions, smaller where the screen is narrow.
    pitch = f"min({UNIT_PITCH}, width / {UNIT_COLUMNS})"
    side = alt.ExprRef(f"{pitch} - 6")
    across = alt.Scale(domain=[0, UNIT_COLUMNS], range=[0, alt.ExprRef(f"{UNIT_COLUMNS} * {pitch}")], nice=False)
    down = alt.Scale(domain=[0, lines], range=[0, alt.ExprRef(f"{lines} * {pitch}")], nice=False)
    return (
        alt.Chart(pd.DataFrame(rows))
        .mark_image(width=side, height=side)
        .encode(
            x=alt.X("x:Q", axis=None, scale=across),
            y=alt.Y("y:Q", axis=None, scale=down),
            url="picture:N",
            tooltip=["unit", alt.Tooltip("largest", format=THREE_DIGITS, title="largest |weight|")],
        )
        .properties(height=max(120, UNIT_PITCH * lines))
    )


def _weight_picture(weights: Array, limit: float) -> str:
    """Return weights as orange and blue pixels, enlarged, in a thin grey frame that shows on both grounds."""
    large = np.kron(diverging(weights, limit), np.ones((8, 8, 1))).astype(np.uint8)
    framed = np.full((large.shape[0] + 2, large.shape[1] + 2, 4), (127, 127, 127, 160), np.uint8)
    framed[1:-1, 1:-1] = large
    return png(framed)


def comparison(run: ShownRun, view: Any) -> alt.LayerChart | None:
    """Return the network beside methods without a network, on the same test examples, the best on top."""
    baselines = run.facts.get("baselines", [])
    if not baselines or not run.rows:
        return None
    metric = "test_rmse" if run.facts["data"]["task"] == "regression" else "test_accuracy"
    rows = [(str(one["name"]), float(one["value"]), "baseline") for one in baselines if one["metric"] == metric]
    network = float(run.rows[-1].get(metric, np.nan))
    rows.append((f"This network, step {int(run.rows[-1]['step']):,}", network, "model"))
    best_last = metric == "test_rmse"
    rows.sort(key=lambda row: (not np.isfinite(row[1]), row[1] if best_last else -row[1]))
    return _bars_of_scores(rows, run, metric)


def _bars_of_scores(rows: list[tuple[str, float, str]], run: ShownRun, metric: str) -> alt.LayerChart:
    """Draw bars; each label carries its number, so that no number is clipped at the end of a bar."""
    unit = run.facts["data"]["target_unit"]
    error = f"root mean squared error on test data{f' ({unit})' if unit else ''}, less is better"
    table = pd.DataFrame(rows, columns=["method", "value", "kind"])
    # A run that diverged can be 1e40 times worse than any method: its bar ends at twice the largest of theirs.
    reach = 2 * float(table.loc[table["kind"] == "baseline", "value"].abs().max())
    table["shown"] = table["value"].clip(upper=reach).where(np.isfinite(table["value"]), reach)
    table["number"] = [f"{value:.3g}" if np.isfinite(value) else "not a number" for value in table["value"]]
    title, scale = "share of test examples right", _unit_scale()
    if metric == "test_rmse":
        title, scale = error, alt.Scale(domainMin=0)
    x = alt.X("shown:Q", title=title, scale=scale, axis=alt.Axis(tickCount=5))
    base = alt.Chart(table).encode(y=alt.Y("method:N", sort=list(table["method"]), title=None, axis=None))
    bars = base.mark_bar(height=18, yOffset=9, cornerRadiusEnd=2).encode(
        x=x, color=alt.Color("kind:N", scale=alt.Scale(domain=["model", "baseline"],
                             range=[ROLES["model"], ROLES["baseline"]]), legend=None),
        tooltip=["method", alt.Tooltip("number", title="score")],
    )  # fmt: skip
    words = base.mark_text(align="left", baseline="middle", dy=-9, fontSize=12, color=TEXT).encode(
        x=alt.value(0), text=alt.Text("label:N"), tooltip=["method", alt.Tooltip("number", title="score")]
    )  # fmt: skip
    labels = words.transform_calculate(label="datum.method + ': ' + datum.number")
    return _finished(bars + labels, 60 + 46 * len(table))
