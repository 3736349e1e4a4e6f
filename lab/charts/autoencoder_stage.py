"""The first screen of the autoencoder: what goes in and comes out, the network, the plane of codes, the error.

Built ten times a second while a network trains: whatever stands still is computed once for all frames.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from lab.charts.autoencoder_network import GREY, is_image, network, values_of
from lab.charts.mlp_stage import series, shown_views, staged, told_steps
from lab.charts.palette import CLASSES, NEGATIVE, POSITIVE, ROLES
from lab.charts.stage_panels import (
    Axis,
    CurvesPanel,
    ImagesPanel,
    Panel,
    PlanePanel,
    Points,
    diverging,
    png,
    rgb,
)
from lab.shown_run import ShownRun
from models.base import Array
from models.views import PLANE_CELLS

ACROSS = 10  # examples side by side
GAP, BAR = 1, 2  # pixels around an image; width of the bar that says what a row is
LIMIT = 3.0  # standard deviations that are drawn in full colour
APART = 2  # empty pixels around a decoded picture
PICTURE_INK = 0.55  # opacity of the decoded pictures behind the points
INK = "#5B616B"
TABLE_NOTICE = "One column an example, one row an input. Left as it is, then rebuilt, then what is lost."


def payload(run: ShownRun, overlay: ShownRun | None = None) -> dict[str, Any]:
    """Return the stage of a run: its newest moment while it trains, all recorded ones afterwards."""
    views = shown_views(run)
    panels: list[Panel] = [result(run, views), network(run, views), plane(run, views), *curves(run, overlay)]
    return staged(run, panels, overlay)


def numbers(run: ShownRun) -> str:
    """Return "1 number", or "8 numbers": how wide the bottleneck is."""
    count = int(run.config["code"])
    return f"{count} number{'s' * (count > 1)}"


# ---- what goes in, what comes out ----


def result(run: ShownRun, views: list[Any]) -> ImagesPanel:
    """Return test examples above what the network, and what PCA, rebuilds of them."""
    draw = _digits if is_image(run) else _rows_of_a_table
    legend = _legend(run)
    alts = told_steps(run, f"Test examples and what is rebuilt of them from {numbers(run)}.", "test_explained",
                 "the share of the spread that is rebuilt is")  # fmt: skip
    return ImagesPanel(
        title=f"Rebuilt from {numbers(run)}",
        alt=alts[-1],
        alts=alts,
        notice="" if is_image(run) else TABLE_NOTICE,
        weight=1.25,
        images=tuple(png(draw(run, view)) for view in views),
        legend=legend,
    )


def _legend(run: ShownRun) -> tuple[tuple[str, str], ...]:
    if not is_image(run):
        return ((POSITIVE, "above the mean"), (NEGATIVE, "below"))
    seen = ((ROLES["generated"], "what it saw"),) if "shown_seen" in run.scene else ()
    return (
        (INK, "original"), *seen, (ROLES["model"], "rebuilt"),
        (ROLES["baseline"], "by PCA with as many"),
    )  # fmt: skip


def _digits(run: ShownRun, view: Any) -> Array:
    """Compose blocks of ten columns: original, what the network saw, rebuilt, by PCA; a coloured bar names each row."""
    scene = run.scene
    kinds = [(INK, scene["shown"])]
    kinds += [(ROLES["generated"], scene["shown_seen"])] if "shown_seen" in scene else []
    kinds += [(ROLES["model"], view.rebuilt), (ROLES["baseline"], scene["shown_principal"])]
    blocks = []
    for start in range(0, len(scene["shown"]), ACROSS):
        rows = [_row(run, colour, images[start : start + ACROSS]) for colour, images in kinds]
        blocks += [*rows, np.zeros((3, rows[0].shape[1], 4), np.uint8)]
    return np.concatenate(blocks[:-1])


def _row(run: ShownRun, colour: str, images: Array) -> Array:
    height, width = run.facts["data"]["image_shape"]
    cells = np.zeros((ACROSS, height + 2 * GAP, width + 2 * GAP, 4), np.uint8)
    ink = np.clip(np.nan_to_num(values_of(images)), 0, 1).reshape(-1, height, width, 1)
    cells[: len(ink), GAP:-GAP, GAP:-GAP, :3] = np.rint((1 - ink) * 31) * (255 / 31)
    cells[: len(ink), GAP:-GAP, GAP:-GAP, 3] = 255
    line = np.concatenate(list(cells), axis=1)
    bar = np.zeros((len(line), BAR, 4), np.uint8)
    bar[GAP:-GAP] = (*rgb(colour), 255)
    return np.concatenate([bar, line], axis=1)


def _rows_of_a_table(run: ShownRun, view: Any) -> Array:
    """Compose three blocks, one column per example and one row per input: the input, rebuilt, and what is lost."""
    shown, rebuilt = values_of(run.scene["shown"]), values_of(view.rebuilt)
    if "anomalies" in run.scene:  # normal examples first, then those of the kind it never saw
        unknown = run.scene["anomalies"][run.scene["shown_rows"]]
        order, normal = np.argsort(unknown, kind="stable"), int((unknown == 0).sum())
        shown, rebuilt = (np.insert(one[order], normal, 0, axis=0) for one in (shown, rebuilt))
    parts = [diverging(values.T, limit=LIMIT) for values in (shown, rebuilt, shown - rebuilt)]
    gap = np.zeros((len(parts[0]), 3, 4), np.uint8)
    return np.concatenate([parts[0], gap, parts[1], gap, parts[2]], axis=1)


# ---- the plane of codes ----


def plane(run: ShownRun, views: list[Any]) -> PlanePanel:
    """Return the test examples at their first two code numbers, with what is decoded in between behind them."""
    flat = int(run.config["code"]) == 1
    positions = np.stack([_places(view) for view in views])
    names, groups = group_names(run), run.scene["groups"][: positions.shape[1]]
    alts = told_steps(run, f"Test examples at their places in the code, coloured by {_kind(run)}.", "test_loss",
                 "the mean squared error is")  # fmt: skip
    unknown = str(run.facts["data"].get("unknown", ""))
    return PlanePanel(
        title="The code as a line" if flat else "The code as a plane",
        alt=alts[-1],
        alts=alts,
        notice=_plane_notice(run, unknown),
        weight=1.3,
        x=Axis("first code number, lowest to highest", -1.0, 1.0, ticks=()),
        y=Axis("error, lowest to highest" if flat else "second code number, lowest to highest", -1.0, 1.0, ticks=()),
        points=(Points(positions=positions, groups=groups % len(CLASSES), size=3.2),),
        backgrounds=tuple(png(decoded_ground(run, view)) for view in views) if is_image(run) else (),
        smooth=False,
        classes=tuple(f"{name}, never seen" if name == unknown else name for name in names),
        colours=CLASSES,
    )


def _plane_notice(run: ShownRun, unknown: str) -> str:
    if unknown:
        return f"Training never saw {unknown}. The colours were shown to nobody but you."
    if not is_image(run):
        return "Each point is a test example; the colours were never shown to the network."
    rest = "" if int(run.config["code"]) <= 2 else " The other numbers rest at their mean."
    return f"Grey: what is decoded at each place. Colours were never shown to it.{rest}"


def _kind(run: ShownRun) -> str:
    data = run.facts["data"]
    return "class" if data["class_names"] else f"quarter of {data['target_name']}"


def group_names(run: ShownRun) -> tuple[str, ...]:
    """Return the names of the groups by which examples are coloured."""
    names = tuple(str(name) for name in run.facts["data"]["class_names"])
    return names or ("lowest quarter", "second quarter", "third quarter", "highest quarter")


def _places(view: Any) -> Array:
    """Return the codes within the plane's ends, -1 to 1: (examples, 2); of one number, the error stands upright."""
    codes, limits = view.codes.astype(np.float64), view.limits.astype(np.float64)
    places = 2.0 * (codes - limits[:, 0]) / (limits[:, 1] - limits[:, 0]) - 1.0
    if places.shape[1] == 2:
        return places
    errors = view.errors[: len(codes)].astype(np.float64)
    upright = 1.8 * (errors - errors.min()) / max(float(np.ptp(errors)), 1e-12) - 0.9
    return np.stack([places[:, 0], upright], axis=1)


def decoded_ground(run: ShownRun, view: Any) -> Array:
    """Compose the decoded pictures side by side as faint grey ink: RGBA, first row on top."""
    height, width = run.facts["data"]["image_shape"]
    ink = values_of(view.grid).reshape(-1, PLANE_CELLS, height, width)
    if len(ink) == 1:
        ink = np.repeat(ink, PLANE_CELLS, axis=0)
    apart = np.pad(ink, ((0, 0), (0, 0), (APART, APART), (APART, APART)))
    sheet = np.swapaxes(apart, 1, 2).reshape(PLANE_CELLS * apart.shape[2], -1)
    ground = np.full((*sheet.shape, 4), GREY, np.uint8)
    ground[..., 3] = np.rint(np.rint(sheet * 31) / 31 * PICTURE_INK * 255)
    return ground


# ---- the curves ----


SECOND = (  # the first that the run has: metric, title, label, and whether it is a share
    ("test_auc", "Anomalies found (0.5: by chance)", "area under the ROC curve", True),
    ("test_psnr", "How clean it comes out", "signal to noise (dB)", False),
    ("test_explained", "Share that is rebuilt", "share of the spread", True),
)


def curves(run: ShownRun, overlay: ShownRun | None = None) -> list[CurvesPanel]:
    """Return the error with PCA's, and under it what the run is about: a share, decibels, or an area."""
    error = [series(run, f"{part}_loss", part, part) for part in ("train", "test")]
    if overlay is not None:
        error.append(series(overlay, "test_loss", "test, other run", "test", overlay=True))
    lines = baseline_lines(run, "test_loss")
    firsts = [float(line.values[0]) for line in error if len(line.values) and np.isfinite(line.values[0])]
    alts = told_steps(run, "Mean squared error over the steps.", "test_loss", "on test data it is")
    first = CurvesPanel(
        title="Error of rebuilding", alt=alts[-1], alts=alts, series=tuple(error), y_label="mean squared error",
        until=None if run.final else float(run.total_steps), low=0.0,
        high=max([*firsts, *(value for _, value in lines)], default=1.0), baselines=lines,
    )  # fmt: skip
    return [first, _second(run, overlay, first)]


def _second(run: ShownRun, overlay: ShownRun | None, first: CurvesPanel) -> CurvesPanel:
    known = {name for row in run.rows for name in row}
    metric, title, label, share = next((one for one in SECOND if one[0] in known), SECOND[-1])
    parts = ("train", "test") if metric == "test_explained" else ("test",)
    lines = [series(run, metric.replace("test", part), part, part) for part in parts]
    if overlay is not None:
        lines.append(series(overlay, metric, "test, other run", "test", overlay=True))
    alts = told_steps(run, f"{title} over the steps.", metric, "on test data it is")
    baselines = baseline_lines(run, metric)
    if metric == "test_psnr":
        seen = -10 * np.log10(max(float(run.scene["noise_errors"].mean()), 1e-12))
        baselines = (*baselines, ("noisy", seen))
    low = 0.5 if metric == "test_auc" else 0.0
    return replace(
        first, title=title, series=tuple(lines), y_label=label, baselines=baselines, low=low,
        high=1.0 if share else None, alt=alts[-1], alts=alts, below=True,
    )  # fmt: skip


def baseline_lines(run: ShownRun, metric: str) -> tuple[tuple[str, float], ...]:
    """Return name and value of the methods without a network that are measured by this metric."""
    found = run.facts.get("baselines", [])
    return tuple((str(one["name"]), float(one["value"])) for one in found if one["metric"] == metric)
