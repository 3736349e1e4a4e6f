"""Pictures of what needed many trainings: the stored results of `python -m evidence.convolution`."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.cnn_answer import moves
from lab.charts.cnn_inside import finished
from lab.charts.mlp_inside import TEXT
from lab.charts.palette import CLASSES, ROLES
from models.base import Array

PERCEPTRON, FLAT, GLOBAL = "perceptron, 64 units", "convolution, flatten", "convolution, global max"
HEIGHT = 320


@cache
def stored() -> dict[str, Any]:
    """Return the stored results, {} where there are none."""
    path = Path(__file__).parents[2] / "evidence" / "results" / "convolution.json"
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


def moved(network: str) -> Array | None:
    """Return the share right by move, [down, right], mean over the seeds; None where it was not measured."""
    rows = [row["accuracy"] for row in stored().get("moves", []) if row["network"] == network]
    return np.mean(np.array(rows, float), axis=0) if rows else None


def moved_map(network: str) -> Callable[[Any, Any], Any]:
    """Return the function that draws the moves of one network."""

    def draw(_run: Any, _view: Any) -> Any:
        accuracy = moved(network)
        return None if accuracy is None else moves(accuracy)

    return draw


def by_distance(network: str) -> dict[int, float]:
    """Return the mean share right by the pixels of a move straight up, down, left or right."""
    accuracy = moved(network)
    if accuracy is None:
        return {}
    middle = len(accuracy) // 2
    ways = [(0, 1), (0, -1), (1, 0), (-1, 0)]
    return {
        far: float(np.mean([accuracy[middle + far * down, middle + far * right] for down, right in ways]))
        for far in range(middle + 1)
    }


def moved_notice(network: str, words: str) -> Callable[[Any, Any], str]:
    """Return the function that tells a network's numbers: in the middle, and one and two pixels away."""

    def told(_run: Any, _view: Any) -> str:
        found = by_distance(network)
        size = next(row["parameters"] for row in stored()["moves"] if row["network"] == network)
        return (
            f"{size:,} parameters. In place {found[0]:.3f}, one pixel off {found[1]:.3f}, two {found[2]:.3f}. {words}"
        )

    return told


def shuffled(_run: Any, _view: Any) -> Any:
    """Return the share right with pixels in order and in one fixed other order, every seed a dot, the mean a bar."""
    rows = [
        {"network": row["network"], "seed": row["seed"], "order": order, "share": share}
        for row in stored().get("moves", [])
        for order, share in (("in order", np.array(row["accuracy"])[_middle(row), _middle(row)]),
                             ("shuffled", row["shuffled"]))
    ]  # fmt: skip
    if not rows:
        return None
    table = pd.DataFrame(rows)
    colours = alt.Scale(domain=["in order", "shuffled"], range=[ROLES["model"], ROLES["wrong"]])
    y = alt.Y("network:N", sort=[PERCEPTRON, FLAT, GLOBAL], title=None, axis=alt.Axis(labelLimit=150))
    side = alt.YOffset("order:N", sort=["in order", "shuffled"])
    x = alt.X("share:Q", title="share of test digits right", scale=alt.Scale(zero=False, domain=[0.9, 1.0]))
    legend = alt.Legend(title="pixels", orient="top")
    dots = alt.Chart(table).mark_circle(size=60, opacity=0.8).encode(
        x=x, y=y, yOffset=side, color=alt.Color("order:N", scale=colours, legend=legend),
        tooltip=["network", "order", "seed", alt.Tooltip("share", format=".4f")],
    )  # fmt: skip
    means = alt.Chart(table).mark_tick(thickness=3, size=26).encode(
        x=alt.X("mean(share):Q", title="share of test digits right"), y=y, yOffset=side,
        color=alt.Color("order:N", scale=colours, legend=legend),
    )  # fmt: skip
    return finished(dots + means, 250)


def _middle(row: dict[str, Any]) -> int:
    return len(row["accuracy"]) // 2


def shuffled_notice(_run: Any, _view: Any) -> str:
    """Tell what one fixed order of all pixels costs each network, mean over the seeds, in percentage points."""
    losses = {}
    for name in (PERCEPTRON, FLAT, GLOBAL):
        rows = [row for row in stored()["moves"] if row["network"] == name]
        losses[name] = 100 * float(np.mean([np.array(row["accuracy"])[_middle(row), _middle(row)] - row["shuffled"]
                                            for row in rows]))  # fmt: skip
    told = ", ".join(f"{name} {_points(value)}" for name, value in losses.items())
    return f"What shuffling costs: {told}. To a perceptron any order is as good; windows live from neighbours."


def _points(value: float) -> str:
    return f"{value:.1f} points" if abs(value) >= 0.05 else "nothing"


def reach(_run: Any, _view: Any) -> Any:
    """Return the share right by the distance of two dots, by depth, with a rule where the widest window ends."""
    found = stored().get("reach", [])
    if not found:
        return None
    table = pd.DataFrame(found)
    names = {blocks: f"{blocks} block{'s' * (blocks > 1)}, sees {field}" for blocks, field in
             table.groupby("blocks")["field"].first().items()}  # fmt: skip
    table["stack"] = table["blocks"].map(names)
    order = [names[blocks] for blocks in sorted(names)]
    colour = alt.Color("stack:N", sort=order, scale=alt.Scale(domain=order, range=list(CLASSES[:3])),
                       legend=alt.Legend(title="columns that one unit sees", orient="top", columns=1))  # fmt: skip
    heights = alt.Scale(domain=[0.4, 1.02], nice=False)
    x = alt.X("distance:Q", title="columns between the two dots", scale=alt.Scale(domain=[0, 15], nice=False))
    y = alt.Y("mean(accuracy):Q", title="share of test images right", scale=heights)
    lines = alt.Chart(table).mark_line(strokeWidth=2.5).encode(x=x, y=y, color=colour)
    dots = alt.Chart(table).mark_circle(size=45, opacity=0.75).encode(
        x=x, y=alt.Y("accuracy:Q", scale=heights), color=colour,
        tooltip=["stack", "distance", "seed", alt.Tooltip("accuracy", format=".3f")],
    )  # fmt: skip
    ends = table.groupby("stack", as_index=False)["field"].first()
    ends = ends[ends["field"] <= 15].assign(end=lambda rows: rows["field"] - 0.5)
    rules = alt.Chart(ends).mark_rule(strokeDash=[5, 4], strokeWidth=1.5).encode(x="end:Q", color=colour)
    chance = alt.Chart(pd.DataFrame([{"y": 0.5, "told": "guessing"}]))
    level = alt.Y("y:Q", scale=heights)
    line = chance.mark_rule(color=ROLES["baseline"]).encode(y=level)
    word = chance.mark_text(align="left", dy=9, dx=4, fontSize=11, color=TEXT).encode(
        x=alt.value(0), y=level, text="told:N"
    )
    return finished(line + word + rules + lines + dots, HEIGHT + 60)


def sizes(_run: Any, _view: Any) -> Any:
    """Return share right over parameters for perceptrons and convolutional networks of many sizes, each seed a dot."""
    found = stored().get("sizes", [])
    if not found:
        return None
    table = pd.DataFrame(found)
    kinds = alt.Scale(domain=["convolution", "perceptron"], range=[ROLES["model"], ROLES["wrong"]])
    colour = alt.Color("kind:N", scale=kinds, legend=alt.Legend(title=None, orient="top"))
    x = alt.X("parameters:Q", title="parameters", scale=alt.Scale(type="log", nice=False, domain=[60, 25000]),
              axis=alt.Axis(values=[100, 300, 1000, 3000, 10000], format=","))  # fmt: skip
    heights = alt.Scale(domain=[0.7, 1.0], nice=False)  # the smallest perceptrons lie below
    lines = alt.Chart(table).mark_line(strokeWidth=2.5, clip=True).encode(
        x=x, y=alt.Y("mean(accuracy):Q", title="share of test digits right", scale=heights), color=colour,
    )  # fmt: skip
    dots = alt.Chart(table).mark_point(size=50, filled=True, opacity=0.75, clip=True).encode(
        x=x, y=alt.Y("accuracy:Q", scale=heights), color=colour,
        shape=alt.Shape("kind:N", scale=alt.Scale(domain=["convolution", "perceptron"], range=["circle", "square"]),
                        legend=None),
        tooltip=["kind", "width", "parameters", "seed", alt.Tooltip("accuracy", format=".3f")],
    )  # fmt: skip
    return finished(lines + dots, HEIGHT + 20)


@dataclass(frozen=True)
class Equal:
    """The default network and a perceptron that cannot be told from it by its accuracy; means over the seeds.

    filters, units: their widths; behind: how much more of the test digits the network reads, and its standard error,
    from the differences seed by seed; alike: whether that is within two standard errors (else: the closest measured).
    """

    filters: int
    units: int
    network: float
    perceptron: float
    behind: tuple[float, float]
    seeds: int
    alike: bool

    def layers(self) -> tuple[list[tuple[str, str, int]], list[tuple[str, str, int]]]:
        """Return for the network and for the perceptron each layer's name, its formula and its parameters."""
        one, two, units = self.filters, 2 * self.filters, self.units
        network = [
            ("convolution 1", f"3·3·1·{one} + {one}", 9 * one + one),
            ("convolution 2", f"3·3·{one}·{two} + {two}", 9 * one * two + two),
            ("output", f"2·2·{two}·10 + 10", 4 * two * 10 + 10),
        ]
        perceptron = [
            ("hidden", f"8·8·{units} + {units}", 64 * units + units),
            ("output", f"{units}·10 + 10", units * 10 + 10),
        ]
        return network, perceptron

    def sizes(self) -> tuple[int, int]:
        """Return all parameters of the network and of the perceptron."""
        network, perceptron = (sum(size for _, _, size in rows) for rows in self.layers())
        return network, perceptron


def equal() -> Equal | None:
    """Return the smallest perceptron whose accuracy cannot be told from the network's; None where nothing is stored."""
    rows = stored().get("equal", [])
    if not rows:
        return None
    table = pd.DataFrame(rows).pivot(index="seed", columns=["kind", "width"], values="accuracy")
    (filters,) = table["convolution"].columns
    network, rivals = table["convolution"][filters], table["perceptron"]
    ahead = rivals.rsub(network, axis=0)  # (seeds, widths): the network's lead
    means, errors = ahead.mean(), ahead.std(ddof=1) / len(ahead) ** 0.5
    alike = [int(width) for width in sorted(rivals.columns) if abs(means[width]) <= 2 * errors[width]]
    units = alike[0] if alike else int(means.abs().idxmin())
    return Equal(
        filters=int(filters), units=units, network=float(network.mean()), perceptron=float(rivals[units].mean()),
        behind=(float(means[units]), float(errors[units])), seeds=len(table), alike=bool(alike),
    )  # fmt: skip


def equal_notice(found: Equal) -> str:
    """Tell how the accuracies of both compare, and how many times as many parameters the perceptron needs."""
    network, perceptron = found.sizes()
    lead, error = (100 * value for value in found.behind)
    what = "differ by less than two standard errors" if found.alike else "differ"
    return (
        f"{found.network:.3f} and {found.perceptron:.3f} of the test digits right, means of {found.seeds} seeds: they "
        f"{what} (the network leads by {lead:.1f} ± {error:.1f} points, seed by seed). The perceptron needs "
        f"{perceptron / network:.1f} times as many parameters."
    )


def sizes_notice(_run: Any, _view: Any) -> str:
    """Tell what the largest of each kind reach, and how far one size differs from seed to seed."""
    table = pd.DataFrame(stored()["sizes"]).groupby(["kind", "parameters"])["accuracy"]
    spread = 100 * float((table.max() - table.min())["convolution"].loc[1898])
    ends = {kind: table.mean()[kind].sort_index() for kind in ("convolution", "perceptron")}
    told = [f"({int(one.index[-1]):,} parameters) reads {one.iloc[-1]:.3f}" for one in ends.values()]
    return (
        f"The largest network measured {told[0]}, the largest perceptron {told[1]}. "
        f"At the default size seeds alone differ by {spread:.1f} points."
    )
