"""The first screen of modular and ensemble networks: the members, what they make of the data, and the curves.

Experts have colours of their own; the first seven are no class of a 2-D set.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from lab.charts import mlp_stage
from lab.charts.mlp_stage import is_image, is_plane, series, short, shown_views, staged
from lab.charts.palette import CLASSES, ROLES
from lab.charts.stage_panels import (
    CurvesPanel,
    Edges,
    ImagesPanel,
    NetworkLayer,
    NetworkPanel,
    Panel,
    Path,
    PlanePanel,
    class_regions,
    diverging,
    png,
    rgb,
    sprite,
)
from lab.shown_run import ShownRun
from models.base import Array
from models.views import MAP_SIZE, SHOWN_MEMBERS, SURFACE_SIZE, TILE_SIDE

# First those that are no class of a 2-D set; never the colour of a mistake.
EXPERTS = (*CLASSES[2:5], *CLASSES[7:], CLASSES[6], *CLASSES[:2])
DIVIDED = ("experts", "groups")
EXTENT = 6.0
GAP, INK = 2, 1  # pixels around a digit of the mosaic, and the width of the frame around a wrong one
NAMES = {
    "experts": ("expert", "A gate decides who answers"),
    "ensemble": ("voter", "All answer, the mean counts"),
    "bagging": ("voter", "All answer, the mean counts"),
    "groups": ("part", "Each part has its classes"),
    "single": ("net", "One big net"),
}


def payload(run: ShownRun, overlay: ShownRun | None = None) -> dict[str, Any]:
    """Return the stage of a run: its newest moment while it trains, all recorded ones afterwards."""
    views = shown_views(run)
    return staged(run, [network(run, views), result(run, views), *curves(run, overlay)], overlay)


def divided(run: ShownRun) -> bool:
    """Whether the members divide the work, so that it matters who answers."""
    return run.config["kind"] in DIVIDED


def member(run: ShownRun) -> str:
    """Return what a member of this network is called."""
    return NAMES[run.config["kind"]][0]


def colour_of(place: int) -> str:
    """Return the colour of an expert."""
    return EXPERTS[place % len(EXPERTS)]


# ---- the network ----


def network(run: ShownRun, views: list[Any]) -> NetworkPanel:
    """Return inputs, members and output. Edges: how strongly a member listens, and what it adds to the answer."""
    layers = _layers(run, views[-1])
    listens = np.stack([view.listens.astype(np.float64).T for view in views])  # (frames, d, m)
    flows = np.stack([view.flow.astype(np.float64) for view in views])  # (frames, m, c)
    if is_plane(run):
        flows = flows.sum(axis=2, keepdims=True)
    edges, weights = [], []
    for history, ends in ((listens, layers[:2]), (flows, layers[1:])):
        chosen = Edges.strongest(history[-1], ends[0].drawn(), ends[1].drawn(), most=140)
        edges.append(chosen)
        weights.append(chosen.pick(history))
    title = NAMES[run.config["kind"]][1]
    alts = _network_alts(run, views)
    pictures = [tiles(run, view) for view in views]
    return NetworkPanel(
        title=title,
        alt=alts[-1],
        alts=alts,
        notice=_network_notice(run),
        weight=1.3,
        layers=tuple(layers),
        edges=tuple(edges),
        weights=tuple(weights),
        sprites=tuple(sprite(one) for one in pictures),
        tile=pictures[0].shape[1],
        pixelated=not is_plane(run),
        maps=is_plane(run),
    )


def _network_notice(run: ShownRun) -> str:
    every = "the" if run.config["kind"] == "single" else "each"
    framed = ", framed in its colour" if has_territory(run) else ""
    if is_plane(run):
        asked = " where it is asked" if divided(run) else ""
        return f"In {every} {member(run)}{framed}: what it answers{asked}. Point at one."
    return f"In {every} {member(run)}{framed}: a pixel per test example, orange where it errs."


def has_territory(run: ShownRun) -> bool:
    """Whether the picture on the right tells in colours which member is in charge."""
    return divided(run) and (is_plane(run) or is_image(run))


def _network_alts(run: ShownRun, views: list[Any]) -> tuple[str, ...]:
    count = len(views[-1].usage)
    name = member(run) + "s" * (count > 1)
    return tuple(
        f"{count} {name} between the inputs and one answer. At step {step:,} they contribute between "
        f"{short(100 * float(view.usage.min()))} and {short(100 * float(view.usage.max()))} percent of it."
        for (step, _), view in zip(run.moments, views, strict=True)
    )


def _layers(run: ShownRun, view: Any) -> list[NetworkLayer]:
    data, count = run.facts["data"], len(view.usage)
    inputs = int(run.facts["layers"][0]["shape"][0])
    name = member(run) + "s" * (count > 1)
    shown = tuple(range(min(count, SHOWN_MEMBERS)))
    units = _hidden(run)
    caption = f"{count} × {units} unit{'s' * (units > 1)}" if units else f"{count} linear"
    middle = NetworkLayer(name, caption, count, shown, columns=1 if len(shown) <= 8 else 2, tiles=True)
    names = [str(one)[:24] for one in data["class_names"]]
    last = NetworkLayer("answer", f"{len(names)} classes", len(names), tuple(range(min(len(names), SHOWN_MEMBERS))),
                        tuple(names[:SHOWN_MEMBERS]))  # fmt: skip
    if is_plane(run):
        return [NetworkLayer("input", "2 inputs", 2, (0, 1), ("x1", "x2"), tiles=True), middle,
                NetworkLayer("together", "answer", 1, tiles=True)]  # fmt: skip
    if is_image(run):
        height, width = data["image_shape"]
        return [NetworkLayer("input", f"{height} × {width} pixels", inputs, columns=width, tiles=True), middle, last]
    few = tuple(range(min(inputs, SHOWN_MEMBERS)))
    labels = tuple(str(one).split(" (")[0][:24] for one in data["input_names"][: len(few)])
    return [NetworkLayer("input", f"{inputs} inputs", inputs, few, labels), middle, last]


def _hidden(run: ShownRun) -> int:
    """Return the hidden units of a member, 0 for a linear one."""
    found = [layer["shape"][-1] for layer in run.facts["layers"] if layer["name"] == "members_1"]
    return int(found[0]) if found else 0


def tiles(run: ShownRun, view: Any) -> Array:
    """Return the small pictures in the units, in reading order: (tiles, side, side, 4) RGBA."""
    if is_plane(run):
        return np.concatenate([_coordinates(), _answers(run, view)])
    known = _error_maps(run, view)
    if has_territory(run):
        known = _in_own_colour(np.pad(known, ((0, 0), (1, 1), (1, 1), (0, 0))), width=1)
    return np.concatenate([_pixels(run, known.shape[1]), known]) if is_image(run) else known


def _in_own_colour(tiles: Array, width: int) -> Array:
    """Paint the outermost pixels of each member's tile, (m, side, side, 4), in the colour it has on the right."""
    colours = np.stack([[*rgb(colour_of(place)), 255] for place in range(len(tiles))]).astype(np.uint8)
    inside = np.zeros(tiles.shape[1:3], bool)
    inside[width:-width, width:-width] = True
    return np.where(inside[np.newaxis, :, :, np.newaxis], tiles, colours[:, np.newaxis, np.newaxis])


def _coordinates() -> Array:
    axis = ((np.arange(MAP_SIZE) + 0.5) / MAP_SIZE * 2 - 1) * EXTENT
    return np.stack([diverging(one) for one in np.meshgrid(axis, axis[::-1])])


def _answers(run: ShownRun, view: Any) -> Array:
    """Return each member's answer over the plane, as strong as its share; last the common answer."""
    second = view.member_maps.astype(np.float64)
    found = class_regions(np.stack([1 - second, second], axis=-1)).astype(np.float64)
    if divided(run):
        found[..., 3] *= np.clip(view.share_maps.astype(np.float64), 0, 1)
    few = np.linspace(0, SURFACE_SIZE - 1, MAP_SIZE).round().astype(int)
    common = class_regions(view.surface.astype(np.float64))[few][:, few]
    answers = np.rint(found).astype(np.uint8)
    if divided(run):
        answers = _in_own_colour(answers, width=2)
    return np.concatenate([answers, common[np.newaxis]])


def _pixels(run: ShownRun, side: int) -> Array:
    """Return one plain tile per pixel of the first test image, as dark as its ink: (pixels, side, side, 4)."""
    ink = 255 * np.clip(run.scene["test_images"][0].ravel(), 0, 1)
    found = np.full((len(ink), side, side, 4), 127, np.uint8)
    found[..., 3] = ink.astype(np.uint8)[:, np.newaxis, np.newaxis]
    return found


def _error_maps(run: ShownRun, view: Any) -> Array:
    """Return one pixel per test example, ordered by class: blue right, orange wrong, clear where it is not asked."""
    order = class_order(run)[: view.member_right.shape[1]]
    share = view.member_share.astype(np.float64)[:, order]
    share = share / max(float(share.max()), 1e-9) if divided(run) else np.ones_like(share)
    right = view.member_right[:, order].astype(bool)
    found = np.zeros((len(right), TILE_SIDE**2, 4), np.uint8)
    found[:, : len(order), :3] = np.where(right[..., np.newaxis], rgb(ROLES["model"]), rgb(ROLES["wrong"]))
    found[:, : len(order), 3] = np.rint(255 * share * np.where(right, 0.55, 1.0))
    return found.reshape(-1, TILE_SIDE, TILE_SIDE, 4)


def class_order(run: ShownRun) -> Array:
    """Return the first 144 test examples ordered by class, so that a member's own stand side by side."""
    return np.argsort(run.scene["test_targets"][: TILE_SIDE**2], kind="stable")


# ---- what they make of the data ----


def result(run: ShownRun, views: list[Any]) -> Panel:
    """Return who answers where, for members that divide the work, and otherwise what all say together."""
    if is_plane(run):
        return gate_map(run, views) if divided(run) else mlp_stage.surface(run, views)
    if is_image(run):
        return mosaic(run, views)
    return mlp_stage.examples_plane(run, views)


def gate_map(run: ShownRun, views: list[Any]) -> PlanePanel:
    """Return the plane coloured by the expert with the largest share, and the border of the common answer."""
    surface = mlp_stage.surface(run, views)
    borders = _padded([border(view.surface.astype(np.float64)) for view in views])
    accuracy = {int(row["step"]): float(row["test_accuracy"]) for row in run.rows}
    alts = tuple(
        "The plane coloured by who answers; a line is the border of the common answer. "
        f"At step {step:,} the share of test examples right is {short(accuracy.get(step, np.nan))}."
        for step, _ in run.moments
    )
    lines = (
        Path(borders, colour="#FFFFFF", width=4.5),
        Path(borders, label="border of the common answer", colour="#16191D", width=2.0),
    )
    return replace(
        surface,
        title="Who answers where",
        alt=alts[-1],
        alts=alts,
        notice=f"Colour: the {member(run)} in charge. Points: the classes.",
        backgrounds=tuple(png(territory(view.chosen, view.share)) for view in views),
        paths=lines,
        messages=(),
    )


def territory(chosen: Array, share: Array, strength: float = 0.5) -> Array:
    """Colour (height, width) by the chosen expert, clear where its share is small: RGBA uint8."""
    palette = np.stack([rgb(colour) for colour in EXPERTS])
    opacity = np.rint(np.clip(np.nan_to_num(share.astype(np.float64)), 0, 1) * 32) / 32 * strength * 255
    coloured = palette[chosen.astype(int) % len(EXPERTS)]
    return np.concatenate([coloured, np.rint(opacity)[..., np.newaxis]], axis=-1).astype(np.uint8)


def border(surface: Array) -> Array:
    """Return the line on which two classes are equally likely, as points with NaN between its pieces: (points, 2).

    Marching squares over the (size, size, 2) surface, whose row 0 is on top, on [-6, 6].
    """
    size = surface.shape[0]
    height = surface[::-1, :, 1] - surface[::-1, :, 0]  # row 0 at the bottom now
    centre = ((np.arange(size) + 0.5) / size * 2 - 1) * EXTENT
    pieces: list[list[float]] = []
    for row, column in np.argwhere(_crossed(height)):
        ends = _crossings(height[row : row + 2, column : column + 2])
        for start, end in zip(ends[::2], ends[1::2], strict=False):
            for across, up in (start, end):
                step = centre[1] - centre[0]
                pieces.append([centre[column] + across * step, centre[row] + up * step])
            pieces.append([np.nan, np.nan])
    return np.array(pieces) if pieces else np.full((1, 2), np.nan)


def _crossed(height: Array) -> Array:
    corners = np.stack([height[:-1, :-1], height[:-1, 1:], height[1:, 1:], height[1:, :-1]])
    return np.asarray((corners > 0).any(axis=0) & (corners <= 0).any(axis=0))


def _crossings(cell: Array) -> list[tuple[float, float]]:
    """Return where the height is zero on the four sides of a cell, in parts of its side, going round it."""
    corners = [(0.0, 0.0, cell[0, 0]), (1.0, 0.0, cell[0, 1]), (1.0, 1.0, cell[1, 1]), (0.0, 1.0, cell[1, 0])]
    found = []
    for (x1, y1, z1), (x2, y2, z2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (z1 > 0) != (z2 > 0):
            part = float(z1 / (z1 - z2))
            found.append((x1 + part * (x2 - x1), y1 + part * (y2 - y1)))
    return found


def _padded(lines: list[Array]) -> Array:
    """Stack lines of different lengths, (frames, points, 2); the rest is NaN."""
    longest = max(len(line) for line in lines)
    return np.stack([np.pad(line, ((0, longest - len(line)), (0, 0)), constant_values=np.nan) for line in lines])


def mosaic(run: ShownRun, views: list[Any]) -> ImagesPanel:
    """Return test images ordered by class, on the colour of the expert in charge; wrong ones in a frame."""
    order = class_order(run)
    images = run.scene["test_images"][order]
    wrong = [view.right[order] == 0 for view in views]
    counts = tuple(f"{int(one.sum())} of {len(images)} read wrongly" for one in wrong)
    alts = tuple(
        f"A grid of test images ordered by class. At step {step:,}, {count}; these stand in a frame."
        for (step, _), count in zip(run.moments, counts, strict=True)
    )
    notice = "Ground: the expert in charge." if run.config["kind"] == "experts" else "Ordered by digit."
    if run.config["kind"] == "groups":
        notice = "Ground: the part in charge."
    return ImagesPanel(
        title="Digits they have never seen",
        alt=alts[-1],
        alts=alts,
        notice=f"{notice} Which mistakes stay?",
        weight=1.25,
        images=tuple(
            png(_mosaic(images, bad, _grounds(run, view, order))) for bad, view in zip(wrong, views, strict=True)
        ),
        legend=((ROLES["wrong"], counts),),
        square=True,
    )


def _grounds(run: ShownRun, view: Any, order: Array) -> Array:
    """Return the ground of every image, (n, 3) 0..255: white, or tinted with the colour of the expert in charge."""
    if not divided(run):
        return np.full((len(order), 3), 255.0)
    share = view.member_share.astype(np.float64)[:, order]
    colours = np.stack([rgb(colour_of(place)) for place in share.argmax(axis=0)]).astype(np.float64)
    tint = 0.75 * np.clip(share.max(axis=0), 0, 1)[:, np.newaxis]
    return tint * colours + (1 - tint) * 255.0


def _mosaic(images: Array, wrong: Array, grounds: Array) -> Array:
    """Compose images (n, h, w) in 0..1 into one RGBA picture; a wrong one gets a frame in the colour of mistakes."""
    count, height, width = images.shape
    cells = np.zeros((TILE_SIDE**2, height + 2 * GAP, width + 2 * GAP, 4), np.uint8)
    ink = 1 - np.clip(images, 0, 1)[..., np.newaxis]
    inside = slice(GAP, -GAP)
    cells[:count, 1:-1, 1:-1, :3] = grounds[:, np.newaxis, np.newaxis]
    cells[:count, inside, inside, :3] = ink * grounds[:, np.newaxis, np.newaxis]
    cells[:count, 1:-1, 1:-1, 3] = 255
    framed = np.flatnonzero(wrong)
    for edge in (np.s_[:, :GAP], np.s_[:, -GAP:], np.s_[:, :, :GAP], np.s_[:, :, -GAP:]):
        part = cells[framed]
        part[edge] = (*rgb(ROLES["wrong"]), 255)
        cells[framed] = part
    grid = cells.reshape(TILE_SIDE, TILE_SIDE, height + 2 * GAP, width + 2 * GAP, 4).swapaxes(1, 2)
    return grid.reshape(TILE_SIDE * (height + 2 * GAP), TILE_SIDE * (width + 2 * GAP), 4)


# ---- learning curves ----


def curves(run: ShownRun, overlay: ShownRun | None = None) -> list[CurvesPanel]:
    """Return the loss, and under it the share right of all together beside that of one member by itself."""
    loss, score = mlp_stage.curves(run, overlay)
    if run.config["kind"] == "single":
        return [loss, score]
    article = "an" if member(run)[0] in "aeiou" else "a"
    alone = replace(series(run, "test_member_accuracy", f"{article} {member(run)} alone", "test"), colour=CLASSES[3])
    return [loss, replace(score, series=(*score.series, alone))]
