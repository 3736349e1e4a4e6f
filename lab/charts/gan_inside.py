"""Pictures of the inside of an adversarial network: arrays in, Altair charts out; None where one does not fit.

Text inside the charts is drawn in `currentColor`: the browser then takes the text colour of the page's theme.
"""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.gan_measured import of_autoencoders
from lab.charts.gan_stage import EXTENT, SIDE, is_image
from lab.charts.mlp_inside import HEIGHT, TEXT, THREE_DIGITS
from lab.charts.palette import CLASSES, ROLES
from lab.charts.som_inside import bars
from lab.charts.stage_panels import png
from lab.shown_run import ShownRun
from models.base import Array

COUNTED = {"plane": 2000, "image": 500}  # samples behind the mode counts
LEAST_SHARE = 0.1  # of an even share: less is a lost mode
BINS = 24
MOMENTS, MOMENT_COLUMNS, PITCH = 6, 3, 13.6
REAL_SHOWN, FAKE_SHOWN = 160, 160
IMAGE_MOMENTS, IMAGE_ROWS = 8, 6
PAIRS, TILE = 12, 56
GAMES = {
    "saturating": "saturating: log(1 − D), the first idea",
    "non_saturating": "non-saturating: −log D",
    "least_squares": "least squares",
    "wasserstein": "Wasserstein",
}


def finished(chart: Any, height: float) -> Any:
    """Give a chart its height and the page's text colour: the theme's grey is too faint for a hall."""
    return (
        chart.properties(height=height)
        .configure_axis(labelColor=TEXT, titleColor=TEXT, labelOpacity=0.9, titleOpacity=0.9)
        .configure_legend(labelColor=TEXT, titleColor=TEXT, labelLimit=300)
        .configure_view(stroke=None)
    )


# ---- what is generated ----


def modes(run: ShownRun, view: Any) -> Any:
    """Return the share of samples at every spot, or next to every class of images; None where there are no modes."""
    counts = np.asarray(view.mode_counts if view.mode_counts is not None else [])
    if not len(counts):
        return None
    samples = COUNTED["image" if is_image(run) else "plane"]
    least = LEAST_SHARE / len(counts)
    table = pd.DataFrame({"mode": mode_names(run), "share": counts / samples, "samples": counts})
    table["kind"] = np.where(counts >= LEAST_SHARE * samples / len(counts), "covered", "lost")
    legend = alt.Legend(title=None, orient="top", columns=1)
    what = "class of the nearest training image" if is_image(run) else "spot"
    kinds = alt.Scale(domain=["covered", "lost"], range=[ROLES["model"], ROLES["wrong"]])
    drawn = alt.Chart(table).mark_bar(cornerRadiusEnd=2).encode(
        x=alt.X("mode:N", sort=list(table["mode"]), title=what, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        y=alt.Y("share:Q", title="share of the samples", axis=alt.Axis(tickCount=5, format=".0%")),
        color=alt.Color("kind:N", scale=kinds, legend=legend),
        tooltip=["mode", "samples", alt.Tooltip("share", format=".3~p")],
    )  # fmt: skip
    rules = pd.DataFrame({"share": [1 / len(counts), least], "name": ["even share", "a tenth of it: lost below"]})
    dashes = alt.Scale(domain=list(rules["name"]), range=[[8, 4], [2, 3]])
    lines = alt.Chart(rules).mark_rule(color=TEXT, strokeWidth=1.5).encode(
        y="share:Q", strokeDash=alt.StrokeDash("name:N", scale=dashes, legend=legend)
    )  # fmt: skip
    return finished(drawn + lines, HEIGHT + 60)


def mode_names(run: ShownRun) -> list[str]:
    """Return the names of spots or classes, in their order."""
    return [str(name) for name in run.facts["data"]["class_names"]]


def through_time(run: ShownRun, view: Any) -> Any:
    """Return six moments of the run side by side: points, or the same noise as images, step by step."""
    return _images_in_time(run) if is_image(run) else _points_in_time(run)


def chosen_moments(run: ShownRun, count: int) -> list[int]:
    """Return the places of so many recorded moments, the first and the last among them."""
    return sorted({round(float(place)) for place in np.linspace(0, len(run.moments) - 1, count)})


def _points_in_time(run: ShownRun) -> Any:
    clouds, heads = [], []
    for turn, place in enumerate(chosen_moments(run, MOMENTS)):
        across, down = PITCH * (turn % MOMENT_COLUMNS), -PITCH * (turn // MOMENT_COLUMNS)
        fakes = np.nan_to_num(run.view(place).fakes[:FAKE_SHOWN].astype(float))
        for kind, points in (("real", run.scene["points"][:REAL_SHOWN].astype(float)), ("generated", fakes)):
            inner = points[(np.abs(points) <= EXTENT).all(axis=1)]
            clouds.append(pd.DataFrame({"x": inner[:, 0] + across, "y": inner[:, 1] + down, "kind": kind}))
        heads.append({"x": across - EXTENT, "x2": across + EXTENT, "y": down - EXTENT, "y2": down + EXTENT,
                      "name": f"step {run.moments[place][0]:,}"})  # fmt: skip
    kinds = alt.Scale(domain=["real", "generated"], range=[ROLES["real"], ROLES["generated"]])
    x, y = _bare("x:Q", [-EXTENT - 0.5, PITCH * 2 + EXTENT + 0.5]), _bare("y:Q", [-PITCH - EXTENT - 0.5, EXTENT + 1.8])
    base = alt.Chart(pd.DataFrame(heads))
    frames = base.mark_rect(fill=None, stroke=ROLES["baseline"], strokeWidth=0.6).encode(
        x=alt.X("x:Q", **x), x2="x2:Q", y=alt.Y("y:Q", **y), y2="y2:Q"
    )  # fmt: skip
    names = base.mark_text(align="left", baseline="bottom", dy=-2, color=TEXT, fontSize=12).encode(
        x=alt.X("x:Q", **x), y=alt.Y("y2:Q", **y), text="name:N"
    )  # fmt: skip
    dots = alt.Chart(pd.concat(clouds)).mark_circle(size=9, opacity=0.8).encode(
        x=alt.X("x:Q", **x), y=alt.Y("y:Q", **y),
        color=alt.Color("kind:N", scale=kinds, legend=alt.Legend(title=None, orient="top")),
    )  # fmt: skip
    return finished(frames + dots + names, 460)


def _bare(name: str, domain: list[float]) -> dict[str, Any]:
    return {"axis": None, "scale": alt.Scale(domain=domain, nice=False)}


def _images_in_time(run: ShownRun) -> Any:
    rows = []
    for turn, place in enumerate(chosen_moments(run, IMAGE_MOMENTS)):
        images = run.view(place).samples[:IMAGE_ROWS]
        rows += [
            {"x": turn + 0.5, "y": noise + 0.5, "url": picture(pixels / 255), "step": f"{run.moments[place][0]:,}"}
            for noise, pixels in enumerate(images)
        ]
    table = pd.DataFrame(rows)
    count = int(table["x"].max() + 0.5)
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, count], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[IMAGE_ROWS, -0.5], nice=False))
    drawn = alt.Chart(table).mark_image(width=TILE - 8, height=TILE - 8).encode(x=x, y=y, url="url:N")
    heads = table.drop_duplicates("x").assign(y=-0.25)
    words = alt.Chart(heads).mark_text(color=TEXT, fontSize=12).encode(x=x, y=y, text="step:N")
    return finished(drawn + words, TILE * (IMAGE_ROWS + 0.5))


def picture(pixels: Array) -> str:
    """Return an image from 0 to 1 as a PNG data URI, dark ink on white, every pixel enlarged: (h, w)."""
    ink = np.rint(255 * (1 - np.clip(np.nan_to_num(np.asarray(pixels, float)), 0, 1))).astype(np.uint8)
    zoom = max(1, round(SIDE / len(ink)))
    return png(np.kron(ink, np.ones((zoom, zoom), np.uint8)))


def nearest(run: ShownRun, view: Any) -> Any:
    """Return twelve samples, below each its nearest training image and how far it is; None for points."""
    if not is_image(run):
        return None
    away, rows = view.nearest_away, []
    for place in range(PAIRS):
        column, line = place % 6, 2.9 * (place // 6)
        rows += [
            {"x": column + 0.5, "y": line + 0.5, "url": picture(view.samples[place] / 255), "name": ""},
            {
                "x": column + 0.5,
                "y": line + 1.5,
                "url": picture(view.nearest_images[place] / 255),
                "name": f"{away[place]:.2f}",
            },
        ]
    table = pd.DataFrame(rows)
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, 6], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[5.7, 0], nice=False))
    base = alt.Chart(table)
    drawn = base.mark_image(width=48, height=48).encode(x=x, y=y, url="url:N")
    words = base.mark_text(dy=33, color=TEXT, fontSize=12).encode(x=x, y=y, text="name:N")
    return finished(drawn + words, 320)


def sharp(run: ShownRun, view: Any) -> Any:
    """Return the sharpness of generated and of real images, and of what autoencoders make; None for points."""
    if not is_image(run):
        return None
    rows = [("Generated by this network", float(view.sharpness[0]), "model")]
    if found := of_autoencoders(str(run.config["dataset"])):
        rows += [
            (f"Rebuilt by an autoencoder, {found['numbers']} numbers (stored)", found["rebuilt"], "baseline"),
            (f"Drawn from a variational one, {found['numbers']} numbers (stored)", found["drawn"], "baseline"),
        ]
    rows.append(("Real, held out", float(run.scene["sharpness_real"][0]), "baseline"))
    return bars(rows, "variance of the Laplacian; blur lowers it", None)


def sharp_notice(run: ShownRun, view: Any) -> str:
    """Return how the sharpness of this network's images and of autoencoders' compares with that of real ones."""
    real, found = float(run.scene["sharpness_real"][0]), of_autoencoders(str(run.config["dataset"]))
    this = f"This network reaches {float(view.sharpness[0]) / real:.0%} of the sharpness of real images"
    if not found:
        return f"{this}. More than they have is noise."
    return (
        f"{this}, an autoencoder {found['rebuilt'] / real:.0%}, a variational one {found['drawn'] / real:.0%} "
        f"({found['seeds']} seed{'s' * (found['seeds'] > 1)}). "
        "Averaging blurs; a second network sees through it. Above 100 % is noise."
    )


# ---- the discriminator, and what it teaches ----


def scores(run: ShownRun, view: Any) -> Any:
    """Return how the discriminator's scores of real and of generated examples are spread."""
    real, fake = (np.nan_to_num(np.asarray(one, float)) for one in (view.scores_real, view.scores_fake))
    low, high = float(min(real.min(), fake.min())), float(max(real.max(), fake.max()))
    edges = np.linspace(low, high if high > low else low + 1.0, BINS + 1)
    parts = []
    for kind, values in (("real", real), ("generated", fake)):
        share = np.histogram(values, edges)[0] / len(values)
        parts.append(pd.DataFrame({"score": edges[:-1], "to": edges[1:], "share": share, "kind": kind}))
    kinds = alt.Scale(domain=["real", "generated"], range=[ROLES["real"], ROLES["generated"]])
    chart = alt.Chart(pd.concat(parts)).mark_bar(opacity=0.6, binSpacing=0).encode(
        x=alt.X("score:Q", title="score: low for generated, high for real", bin="binned", axis=alt.Axis(tickCount=6)),
        x2="to:Q",
        y=alt.Y("share:Q", title="share of the examples", stack=None, axis=alt.Axis(tickCount=5)),
        color=alt.Color("kind:N", scale=kinds, legend=alt.Legend(title=None, orient="top", symbolType="square")),
        tooltip=["kind", alt.Tooltip("score", format=THREE_DIGITS), alt.Tooltip("share", format=".3~p")],
    )  # fmt: skip
    return finished(chart, HEIGHT)


def pull_of(game: str, score: Array) -> Array:
    """Return how hard G's loss pulls at a sample's score: the size of its derivative, D = sigmoid(score)."""
    score = np.asarray(score, np.float64)
    believed = 1.0 / (1.0 + np.exp(-score))
    sizes = {
        "saturating": believed,
        "non_saturating": 1.0 - believed,  # 1/D times the slope D (1 - D) of the sigmoid
        "least_squares": np.abs(score - 1.0),
        "wasserstein": np.ones_like(score),
    }
    return sizes[game]


def pull(run: ShownRun, view: Any) -> Any:
    """Return the pull of each game over the score, this run's drawn bold, with its samples' scores as ticks."""
    axis = np.linspace(-6.0, 6.0, 121)
    table = pd.concat(pd.DataFrame({"score": axis, "pull": pull_of(game, axis), "game": GAMES[game]}) for game in GAMES)
    table["bold"] = np.where(table["game"] == GAMES[run.config["loss"]], 4.0, 1.6)
    names = list(GAMES.values())
    colours = [ROLES["baseline"], CLASSES[0], CLASSES[3], CLASSES[2]]
    dashes = alt.Scale(domain=names, range=[[2, 2], [1, 0], [8, 4], [4, 4]])
    legend = alt.Legend(title=None, orient="top", columns=1)
    x = alt.X("score:Q", title="score of a generated sample", scale=alt.Scale(domain=[-6, 6]))
    lines = alt.Chart(table[table["pull"] <= 2.5]).mark_line().encode(
        x=x, y=alt.Y("pull:Q", title="pull on the score", scale=alt.Scale(domain=[0, 2.5]), axis=alt.Axis(tickCount=5)),
        color=alt.Color("game:N", scale=alt.Scale(domain=names, range=colours), legend=legend),
        strokeDash=alt.StrokeDash("game:N", scale=dashes, legend=legend),
        strokeWidth=alt.StrokeWidth("bold:Q", scale=None),
        detail="game:N",
    )  # fmt: skip
    at = pd.DataFrame({"score": np.clip(np.nan_to_num(np.asarray(view.scores_fake, float)), -6, 6)})
    ticks = alt.Chart(at.assign(pull=0.06)).mark_tick(color=ROLES["generated"], opacity=0.5, height=14).encode(
        x=x, y=alt.Y("pull:Q")
    )  # fmt: skip
    return finished(lines + ticks, HEIGHT + 90)


# ---- over the run ----


def spread(run: ShownRun, view: Any) -> Any:
    """Return the spread of the samples over that of the data, at every recorded step; 1 is right."""
    rows = pd.DataFrame({
        "step": [row["step"] for row in run.rows],
        "spread": [row.get("test_spread") for row in run.rows],
    }).dropna()  # fmt: skip
    rule = pd.DataFrame({"spread": [1.0], "name": ["as the data"]})
    y = alt.Y("spread:Q", title="standard deviation, over that of the data", axis=alt.Axis(tickCount=5),
              scale=alt.Scale(domainMin=0))  # fmt: skip
    line = alt.Chart(rows).mark_line(color=ROLES["generated"], strokeWidth=2.5).encode(
        x=alt.X("step:Q", title="step", axis=alt.Axis(tickCount=5)), y=y,
        tooltip=["step", alt.Tooltip("spread", format=THREE_DIGITS)],
    )  # fmt: skip
    level = alt.Chart(rule).mark_rule(color=TEXT, strokeDash=[5, 4], opacity=0.7).encode(y=y)
    word = alt.Chart(rule).mark_text(align="right", baseline="bottom", dy=-3, color=TEXT).encode(
        x=alt.value("width"), y=y, text="name:N"
    )  # fmt: skip
    return finished(line + level + word, HEIGHT)


MEASURES = {"test_quality": "Quality", "test_coverage": "Coverage"}


def beside(run: ShownRun, view: Any) -> Any:
    """Return quality and coverage beside those of samplers without a network; more is better."""
    rows = []
    for metric, words in MEASURES.items():
        if run.rows[-1].get(metric) is not None:
            rows.append((f"{words}: this network", float(run.rows[-1][metric]), "model"))
        rows += [
            (f"{words}: {one['name'].lower()}", float(one["value"]), "baseline")
            for one in run.facts.get("baselines", [])
            if one["metric"] == metric
        ]
    return bars(rows, "share, on 2,000 samples; more is better", 1.0)


def beside_notice(run: ShownRun, view: Any) -> str:
    """Return what to notice beside the other samplers: it depends on what the data are."""
    if is_image(run):
        return (
            "Kernel density takes training images and adds noise: near every one of them, and nothing new. "
            "Quality alone does not tell a copy from an invention."
        )
    if len(run.scene["centres"]):
        return "A mixture of normal distributions wins on spots: it knows what spots are. A network must find out."
    return "A mixture of twenty normal distributions lays short pieces along the arcs. Such methods are quick and good."
