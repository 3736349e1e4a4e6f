"""Test images side by side, those that a network reads wrongly on a ground of warning colour."""

from typing import Any

from lab.charts.image_grid import mosaics
from lab.charts.palette import ROLES
from lab.charts.stage_panels import ImagesPanel, png
from lab.shown_run import ShownRun
from models.base import Array

COLUMNS, ROWS = 12, 12


def mistakes(run: ShownRun, views: list[Any], images: Array, title: str) -> ImagesPanel:
    """Return the first images (n, h, w, c) in 0..1 of the test part, those with the wrong likeliest class marked."""
    shown = images[: COLUMNS * ROWS]
    truths = run.scene["test_targets"][: len(shown)].astype(int)
    wrong = [view.probabilities[: len(shown)].argmax(axis=1) != truths for view in views]
    counts = tuple(f"{int(one.sum())} of {len(shown)} read wrongly" for one in wrong)
    alts = tuple(
        f"A grid of test images. At step {step:,}, {count}; these stand on a warning colour."
        for (step, _), count in zip(run.moments, counts, strict=True)
    )
    return ImagesPanel(
        title=title,
        alt=alts[-1],
        alts=alts,
        notice="Watch the mistakes go out. Which ones stay?",
        weight=1.25,
        images=tuple(png(one) for one in mosaics(shown, wrong, COLUMNS)),
        legend=((ROLES["wrong"], counts),),
        square=True,
    )
