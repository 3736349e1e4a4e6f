"""The first screen of the generative adversarial network: real and generated, the bent noise, losses, and quality."""

from dataclasses import replace
from math import log
from typing import Any

import numpy as np

from lab.charts.mlp_stage import series, shown_views, staged
from lab.charts.palette import ROLES
from lab.charts.stage_panels import (
    Axis,
    CurvesPanel,
    ImagesPanel,
    Panel,
    Path,
    PlanePanel,
    Points,
    Series,
    diverging,
    png,
)
from lab.shown_run import ShownRun
from models.base import Array

EXTENT, POINT, REAL, FAKE = 6.0, 2.2, 0, 1
ARROW, HEAD = 1.0, 0.35  # length of the longest arrow, in units of the axes; its head, as a share of it
SIDE, GAP, COLUMNS = 48, 2, 6  # pixels of the page along an image, space between images, images to a row
SEAM = 150  # grey between images, which shows on light and on dark ground
BALANCE = {"non_saturating": (2 * log(2), log(2)), "least_squares": (0.25, 0.125), "wasserstein": (0.0, None)}


def payload(run: ShownRun, overlay: ShownRun | None = None) -> dict[str, Any]:
    """Return the stage of a run: its newest moment while it trains, all recorded ones afterwards."""
    views = shown_views(run)
    pictures = [samples(run, views), real(run)] if is_image(run) else [plane(run, views), net(run, views)]
    return staged(run, [*pictures, *curves(run, overlay)], overlay)


def result(run: ShownRun, views: list[Any]) -> Panel:
    """Return the picture for small places."""
    return samples(run, views) if is_image(run) else plane(run, views)


def is_image(run: ShownRun) -> bool:
    """Whether the data are images."""
    return run.facts["data"]["image_shape"] is not None


def told(run: ShownRun, sentence: str) -> tuple[str, ...]:
    """Add quality and coverage at every recorded step to a sentence about the picture."""
    rows = {int(row["step"]): row for row in run.rows}
    return tuple(
        f"{sentence} At step {step:,} the quality is {rows.get(step, {}).get('test_quality', float('nan')):.2f}, "
        f"the coverage {rows.get(step, {}).get('test_coverage', float('nan')):.2f}."
        for step, _ in run.moments
    )[-max(1, len(run.moments)) :]


# ---- points in the plane ----


def _axes() -> tuple[Axis, Axis]:
    return Axis("x1", -EXTENT, EXTENT), Axis("x2", -EXTENT, EXTENT)


def plane(run: ShownRun, views: list[Any]) -> PlanePanel:
    """Return real and generated points over the discriminator's verdict, with the way the generator is pulled."""
    points = run.scene["points"]
    fakes = np.stack([np.nan_to_num(view.fakes.astype(float)) for view in views])
    alts = told(run, "Real points, generated points, and the discriminator's verdict behind them.")[-len(views) :]
    x, y = _axes()
    return PlanePanel(
        title="Real and generated", alt=alts[-1], alts=alts, weight=1.3, x=x, y=y,
        notice="Ground: judged real (blue) or generated (orange). Arrows: where points are pulled.",
        points=(
            Points(positions=points, groups=np.full(len(points), REAL), size=POINT),
            Points(positions=fakes, groups=np.full(fakes.shape[1], FAKE), size=POINT),
        ),
        paths=(Path(positions=np.stack([arrows(view) for view in views]), label="pull", colour="ink", width=1.0),),
        backgrounds=tuple(png(diverging(2 * view.heat.astype(float) / 255 - 1, 1.0, 0.55)) for view in views),
        classes=("real", "generated"), colours=(ROLES["real"], ROLES["generated"]),
    )  # fmt: skip


def arrows(view: Any) -> Array:
    """Return an arrow from each point along its pull, NaN between; the longest is 1 long: (6 n, 2)."""
    pulls = np.nan_to_num(view.pulls.astype(float))
    starts = np.nan_to_num(view.fakes[: len(pulls)].astype(float))
    ways = pulls / (float(np.linalg.norm(pulls, axis=1).max(initial=0.0)) or 1.0) * ARROW
    ends, across, gaps = starts + ways, ways[:, ::-1] * [-1.0, 1.0], np.full_like(starts, np.nan)
    heads = [ends - HEAD * (ways + 0.5 * across), ends, ends - HEAD * (ways - 0.5 * across)]
    return np.stack([starts, ends, *heads, gaps], axis=1).reshape(-1, 2)


def net(run: ShownRun, views: list[Any]) -> PlanePanel:
    """Return where the generator puts an even grid of noise: how it bends the plane."""
    x, y = _axes()
    alts = told(run, "A grid of noise as the generator bends it.")[-len(views) :]
    lines = np.stack([net_lines(view.net.astype(float)) for view in views])
    spots = run.scene["centres"]
    return PlanePanel(
        title="How the noise is bent", alt=alts[-1], alts=alts, weight=1.3, x=x, y=y,
        notice="An even grid of noise goes here. Where lines crowd, many samples fall.",
        points=(Points(positions=spots, groups=np.full(len(spots), REAL), size=5.0),) if len(spots) else (),
        paths=(Path(positions=lines, label="noise grid", colour=ROLES["generated"], width=1.2),),
        classes=("spots",) if len(spots) else (), colours=(ROLES["real"],),
    )  # fmt: skip


def net_lines(places: Array) -> Array:
    """Return a grid of points, (side^2, 2), as one line: all rows, then all columns, NaN between: (n, 2)."""
    side = round(len(places) ** 0.5)
    grid = np.clip(np.nan_to_num(places), -2 * EXTENT, 2 * EXTENT).reshape(side, side, 2)
    lines = np.concatenate([grid, grid.transpose(1, 0, 2)])  # (2 side, side, 2)
    lifted = np.concatenate([lines, np.full((2 * side, 1, 2), np.nan)], axis=1)
    return lifted.reshape(-1, 2)


# ---- images ----


def mosaic(images: Array, columns: int = COLUMNS) -> Array:
    """Return images, (n, h, w) uint8 from 0 to 255, dark ink on white, side by side, as grey pixels: (h', w') uint8."""
    count, height, width = images.shape
    rows, zoom = -(-count // columns), max(1, round(SIDE / height))
    high, wide = height * zoom, width * zoom
    large = np.kron(255 - images, np.ones((1, zoom, zoom), np.uint8))
    sheet = np.full((rows * (high + GAP) - GAP, columns * (wide + GAP) - GAP), SEAM, np.uint8)
    for place in range(count):
        top, left = (place // columns) * (high + GAP), (place % columns) * (wide + GAP)
        sheet[top : top + high, left : left + wide] = large[place]
    return sheet


def samples(run: ShownRun, views: list[Any]) -> ImagesPanel:
    """Return 36 generated images from noise that never changes."""
    alts = told(run, "36 generated images.")[-len(views) :]
    return ImagesPanel(
        title="Generated", alt=alts[-1], alts=alts, weight=1.2, square=True,
        notice="Each place keeps its noise: watch one image form.",
        images=tuple(png(mosaic(view.samples)) for view in views),
    )  # fmt: skip


def real(run: ShownRun) -> ImagesPanel:
    """Return 36 images of the training data."""
    return ImagesPanel(
        title="Real", alt="36 images of the training data.", weight=1.2, square=True,
        notice="What the discriminator compares with.", images=(png(mosaic(run.scene["real_images"])),),
    )  # fmt: skip


# ---- curves ----


def curves(run: ShownRun, overlay: ShownRun | None) -> list[Panel]:
    """Return the two losses with the values of a balanced game, and below quality and coverage with the mixture's."""
    runs = [(run, False), *([(overlay, True)] if overlay else [])]
    until = float(run.total_steps)
    losses = [
        replace(series(one, metric, name, role, over), colour=colour)
        for one, over in runs
        for metric, name, role, colour in (
            ("test_d_loss", "D", "train", ROLES["model"]),
            ("test_g_loss", "G", "test", ROLES["generated"]),
        )
    ]
    scores = [
        replace(series(one, metric, name, role, over), colour=colour)
        for one, over in runs
        for metric, name, role, colour in (
            ("test_quality", "quality", "train", ROLES["model"]),
            ("test_coverage", "coverage", "test", ROLES["generated"]),
        )
    ]
    lost = CurvesPanel(
        title="Losses",
        alt=_last(losses, run),
        y_label="loss",
        series=tuple(losses),
        until=until,
        baselines=balance(run),
    )
    good = CurvesPanel(
        title="Quality and coverage", alt=_last(scores, run), y_label="share", series=tuple(scores), until=until,
        low=0.0, high=1.0, baselines=mixture(run), below=True,
    )  # fmt: skip
    return [lost, good]


def _last(shown: list[Series], run: ShownRun) -> str:
    values = ", ".join(f"{one.name} {one.values[-1]:.3g}" for one in shown if len(one.values))
    return f"{values} at step {run.step:,}."


def balance(run: ShownRun) -> tuple[tuple[str, float], ...]:
    """Return the losses of a discriminator that cannot tell: where a perfect generator ends."""
    d_loss, g_loss = BALANCE[run.config["loss"]]
    return tuple((f"{name} balanced", value) for name, value in (("D", d_loss), ("G", g_loss)) if value is not None)


def mixture(run: ShownRun) -> tuple[tuple[str, float], ...]:
    """Return the quality of a normal mixture, if it has been measured."""
    found = [
        (one["name"], float(one["value"])) for one in run.facts.get("baselines", []) if one["metric"] == "test_quality"
    ]
    return tuple(found[:1])
