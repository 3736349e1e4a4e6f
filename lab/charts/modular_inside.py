"""Pictures of the inside of modular and ensemble networks: arrays in, Altair charts out; None where none applies.

Text is drawn in `currentColor`, so that it takes the text colour of the page's theme; all charts fit a phone's width.
"""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from lab.charts.modular_stage import divided, member
from lab.charts.palette import CLASSES, ROLES
from lab.charts.stage_panels import png, rgb
from lab.shown_run import ShownRun
from models.base import Array
from models.views import NOISES

HEIGHT = 290
TEXT = "currentColor"
THREE_DIGITS = ".3~r"
IDLE = 0.1  # of an even share
DOUBT = CLASSES[7]  # a violet: no class of a 2-D set, and it shows on light and on dark ground
LONE = CLASSES[3]  # one member by itself, as on the first screen
STEPS = 60
STRONGEST = 0.57  # opacity of a full cell, so that the number on it can be read on light and on dark ground
EVERY = alt.Axis(labelOverlap=False, labelLimit=150)
ALL, ONE, NET = "all together", "one by itself", "the net"


def finished(chart: Any, height: float = HEIGHT) -> Any:
    """Give a chart its height, axes included, and the page's text colour: the theme's grey is too faint for a hall."""
    chart = chart.properties(height=height)
    chart = chart.configure_axis(labelColor=TEXT, titleColor=TEXT, labelOpacity=0.9, titleOpacity=0.9)
    chart = chart.configure_axisY(labelFlush=False)  # else the first label of a list slips below its row
    return chart.configure_legend(labelColor=TEXT, titleColor=TEXT, labelLimit=260)


def _names(run: ShownRun, count: int) -> list[str]:
    return [f"{member(run)} {place + 1}" for place in range(count)]


def _level(names: list[str]) -> alt.Axis:
    """Return an axis of names that stand level where a phone has room for them."""
    return alt.Axis(labelAngle=0 if sum(map(len, names)) <= 30 else -20)


def _top(title: str | None = None) -> alt.Legend:
    return alt.Legend(title=title, orient="top", columns=2)


# ---- who does what ----


def by_class(run: ShownRun, view: Any) -> Any:
    """Return members against true classes: who is asked about what, or for voters who is right about what."""
    if run.config["kind"] == "single":
        return None
    shares = divided(run)
    values = np.asarray(view.share_by_class if shares else view.right_by_class, float)
    classes = [str(name) for name in run.facts["data"]["class_names"]]
    title = "share of the answer" if shares else "share right"
    members = _names(run, len(values))
    rows = pd.DataFrame(
        {"member": members[i], "class": classes[j], "value": values[i, j], "percent": f"{100 * values[i, j]:.0f}"}
        for i, j in np.ndindex(values.shape)
    )
    low = 0.0 if shares else float(np.floor(10 * min(0.9, values.min())) / 10)
    rows["strength"] = 0.05 + STRONGEST * np.clip((values.ravel() - low) / (1 - low), 0, 1)
    base = alt.Chart(rows).encode(
        x=alt.X("class:N", sort=classes, title=f"true class (cells: {title}, %)", axis=_level(classes)),
        y=alt.Y("member:N", sort=members, title=None),
        tooltip=["member", "class", alt.Tooltip("value", format=".3~p", title=title)],
    )
    cells = base.mark_rect(color=ROLES["model"]).encode(opacity=alt.Opacity("strength:Q", scale=None))
    numbers = base.mark_text(fontSize=11, color=TEXT).encode(text="percent:N")
    return finished(cells + numbers, max(HEIGHT - 60, 90 + 26 * len(members)))


def usage(run: ShownRun, view: Any) -> Any:
    """Return each member's mean share of the answer, with the line of an even share; idle ones in warning colour."""
    if not divided(run) or len(view.usage) == 1:
        return None
    count = len(view.usage)
    rows = pd.DataFrame({"member": _names(run, count), "share": np.asarray(view.usage, float)})
    rows["first"] = np.asarray(view.first_choice, float)
    kinds = ["at work", "idle: below a tenth of an even share"]
    rows["kind"] = np.where(rows["share"] >= IDLE / count, *kinds)
    rows["label"] = [f"{share:.1%}" + ("" if kind == kinds[0] else ", idle")
                     for share, kind in zip(rows["share"], rows["kind"], strict=True)]  # fmt: skip
    scale = alt.Scale(domain=kinds, range=[ROLES["model"], ROLES["wrong"]])
    y = alt.Y("member:N", sort=list(rows["member"]), title=None, axis=EVERY)
    # A number that would stand on the dashed line moves to its right.
    near = (rows["share"] < 1 / count) & ((rows["share"] > 0.7 / count) | (rows["kind"] == kinds[1]))
    rows["place"] = np.where(near, 1 / count, rows["share"])
    largest = max(float(rows["share"].max()), 1 / count)
    x = alt.X("share:Q", title="mean share of the answer on test data", axis=alt.Axis(format="%", tickCount=5),
              scale=alt.Scale(domain=[0, 1.12 * largest], nice=False))  # fmt: skip
    tips = ["member", alt.Tooltip("share", format=".3~p", title="mean share"),
            alt.Tooltip("first", format=".3~p", title="has the largest share on")]  # fmt: skip
    bars = alt.Chart(rows).mark_bar(cornerRadiusEnd=2).encode(
        x=x, y=y, color=alt.Color("kind:N", scale=scale, legend=alt.Legend(title=None, orient="top", columns=1)),
        tooltip=tips,
    )  # fmt: skip
    # A bar of nothing shows no colour: the number of an idle member wears it.
    ink = alt.condition(alt.datum.kind == kinds[0], alt.value(TEXT), alt.value(ROLES["wrong"]))
    words = alt.Chart(rows).mark_text(align="left", dx=5).encode(x="place:Q", y=y, text="label:N", color=ink)
    even = alt.Chart(pd.DataFrame({"share": [1 / count]})).mark_rule(color=ROLES["baseline"], strokeDash=[5, 4], size=2)
    return finished(bars + even.encode(x="share:Q") + words, max(HEIGHT - 60, 130 + 24 * count))


# ---- doubt ----


def doubt_map(run: ShownRun, view: Any) -> Any:
    """Return how far the members disagree over the plane, with the training points; 2-D sets only."""
    if view.doubt is None or len(view.usage) == 1:
        return None
    doubt = view.doubt.astype(np.float64)
    most = float(np.nan_to_num(doubt).max()) or 1.0
    picture = np.full((*doubt.shape, 4), 0, np.uint8)
    picture[..., :3] = rgb(DOUBT)
    picture[..., 3] = np.rint(230 * np.clip(np.nan_to_num(doubt) / most, 0, 1))
    picture = _framed(np.repeat(np.repeat(picture, 6, 0), 6, 1))
    points = pd.DataFrame(run.scene["train_points"], columns=["x1", "x2"])
    names = [str(name) for name in run.facts["data"]["class_names"]]
    points["class"] = [names[int(target)] for target in run.scene["train_targets"]]
    x = alt.X("x1:Q", scale=_square("width / height"), title="x1", axis=_PLANE_AXIS)
    y = alt.Y("x2:Q", scale=_square("height / width"), title="x2", axis=_PLANE_AXIS)
    ground = alt.Chart(pd.DataFrame({"url": [png(picture)], "x1": [0], "x2": [0]}))
    side = alt.ExprRef("min(width, height)")
    image = ground.mark_image(width=side, height=side, aspect=False)
    colours = alt.Scale(domain=names, range=list(CLASSES[: len(names)]))
    dots = alt.Chart(points).mark_circle(size=26, opacity=0.9, stroke="white", strokeWidth=0.5).encode(
        x=x, y=y, color=alt.Color("class:N", scale=colours, legend=_top(f"darkest ground: {most:.2g} bit"))
    )  # fmt: skip
    return finished(image.encode(x=x, y=y, url="url:N") + dots, HEIGHT + 140)


def _framed(picture: Array) -> Array:
    """Draw a thin frame around an RGBA picture, so that the plane has an edge where nothing is doubted."""
    for edge in (np.s_[:1], np.s_[-1:], np.s_[:, :1], np.s_[:, -1:]):
        picture[edge] = (*rgb(ROLES["baseline"]), 255)
    return picture


_PLANE_AXIS = alt.Axis(values=[-6, -3, 0, 3, 6], grid=False)


def _square(longer: str) -> alt.Scale:
    """Return a scale that shows [-6, 6] in a square in the middle, whatever the proportions of the picture."""
    reach = f"6 * max(1, {longer})"
    return alt.Scale(domainMin=alt.ExprRef(f"-{reach}"), domainMax=alt.ExprRef(reach), nice=False, zero=False)


def disagreement(run: ShownRun, view: Any) -> Any:
    """Return the share of right, wrong and turned examples whose disagreement lies above a value, over that value."""
    if len(view.usage) == 1 or run.config["kind"] == "groups":
        return None
    right = view.right.astype(bool)
    groups = {"answered rightly": view.disagreement[right], "answered wrongly": view.disagreement[~right]}
    if view.turned_disagreement is not None:
        groups["turned by 90°, never seen"] = view.turned_disagreement
    values = {name: np.nan_to_num(part.astype(np.float64)) for name, part in groups.items() if len(part)}
    most = max(float(part.max()) for part in values.values())
    if most == 0.0:  # one member answers everything: there is nobody to disagree
        return None
    rows = [
        {"group": f"{name} ({len(part):,})", "above": above, "share": float(np.mean(part > above))}
        for name, part in values.items()
        for above in np.linspace(0.0, most, STEPS)
    ]
    table = pd.DataFrame(rows)
    names = list(dict.fromkeys(table["group"]))
    colours = {"answered rightly": ROLES["model"], "answered wrongly": ROLES["wrong"]}
    scale = alt.Scale(domain=names, range=[colours.get(name.split(" (")[0], CLASSES[2]) for name in names])
    chart = alt.Chart(table).mark_line(interpolate="step-after", strokeWidth=2.5).encode(
        x=alt.X("above:Q", title="disagreement (mutual information, bit)",
                scale=alt.Scale(domain=[0, most], nice=False), axis=alt.Axis(tickCount=6)),
        y=alt.Y("share:Q", title="share of the group above it", axis=alt.Axis(format="%", tickCount=5),
                scale=alt.Scale(domain=[0, 1])),
        color=alt.Color("group:N", scale=scale, legend=alt.Legend(title=None, orient="top", columns=1)),
        strokeDash=alt.StrokeDash("group:N", scale=alt.Scale(domain=names, range=[[1, 0], [6, 3], [2, 2]]),
                                  legend=None),
        tooltip=["group", alt.Tooltip("above", format=THREE_DIGITS, title="disagreement above (bit)"),
                 alt.Tooltip("share", format=".3~p")],
    )  # fmt: skip
    return finished(chart, HEIGHT + 40)


def novelty(run: ShownRun, view: Any) -> Any:
    """Return how well three measures of doubt tell turned images from upright ones; images only."""
    if view.novelty is None:
        return None
    names = ["1 − largest probability", "entropy of the answer", "disagreement of members"]
    count = 2 if len(view.usage) == 1 else 3  # one net cannot disagree with itself
    rows = pd.DataFrame({"measure": names[:count], "area": np.asarray(view.novelty, float)[:count]})
    x = alt.X("area:Q", title="area under the ROC curve (.5: guessing)", scale=alt.Scale(domain=[0, 1], nice=False))
    y = alt.Y("measure:N", sort=names, title=None, axis=alt.Axis(labelLimit=170))
    guess = alt.Chart(pd.DataFrame({"area": [0.5]})).mark_rule(color=ROLES["baseline"], strokeDash=[5, 4], size=2)
    dots = alt.Chart(rows).mark_circle(size=170, color=ROLES["model"], opacity=1).encode(
        x=x, y=y, tooltip=["measure", alt.Tooltip("area", format=THREE_DIGITS)]
    )  # fmt: skip
    words = alt.Chart(rows).mark_text(dy=-16, color=TEXT, fontSize=12).encode(
        x=x, y=y, text=alt.Text("area:Q", format=".3f")
    )  # fmt: skip
    return finished(guess.encode(x=x) + dots + words, 90 + 50 * count)


def reliability(run: ShownRun, view: Any) -> Any:
    """Return the share right against the confidence, in ten bins, of all together and of a member by itself."""
    kinds = {ALL: view.calibration, ONE: view.member_calibration} if len(view.usage) > 1 else {NET: view.calibration}
    rows, errors = [], {}
    for name, bins in kinds.items():
        examples, confidence, right = np.asarray(bins, float).T
        errors[name] = float(np.sum(examples * np.abs(confidence - right)) / max(1.0, examples.sum()))
        label = f"{name}: mean gap {errors[name]:.3f}"
        rows += [{"kind": label, "confidence": c, "right": r, "examples": int(n)}
                 for n, c, r in zip(examples, confidence, right, strict=True) if n]  # fmt: skip
    table = pd.DataFrame(rows)
    names = list(dict.fromkeys(table["kind"]))
    low = 1.0 / max(2, len(run.facts["data"]["class_names"]))
    axis = alt.Axis(values=[0, 0.2, 0.4, 0.6, 0.8, 1])
    unit = alt.Scale(domain=[0, 1], nice=False)
    x = alt.X("confidence:Q", scale=unit, title="mean confidence of the bin (probability)", axis=axis)
    y = alt.Y("right:Q", scale=unit, title="share right in the bin", axis=axis)
    ideal = pd.DataFrame({"confidence": [low, 1.0], "right": [low, 1.0]})
    diagonal = alt.Chart(ideal).mark_line(color=ROLES["baseline"], strokeDash=[5, 4]).encode(x=x, y=y)
    colour = alt.Color("kind:N", scale=alt.Scale(domain=names, range=[ROLES["model"], LONE]),
                       legend=alt.Legend(title=None, orient="top", columns=1))  # fmt: skip
    base = alt.Chart(table).encode(x=x, y=y, color=colour, tooltip=[
        "kind", alt.Tooltip("confidence", format=THREE_DIGITS), alt.Tooltip("right", format=THREE_DIGITS), "examples",
    ])  # fmt: skip
    return finished(diagonal + base.mark_line(strokeWidth=2) + base.mark_circle(size=60, opacity=1), HEIGHT + 60)


# ---- does a committee pay ----


def sizes(run: ShownRun, view: Any) -> Any:
    """Return the error of committees of growing size; voters only."""
    return _grown(view.size_error, "share of test examples wrong", ".1%")


def size_losses(run: ShownRun, view: Any) -> Any:
    """Return the negative log-likelihood of committees of growing size; voters only."""
    return _grown(view.size_loss, "−log p of the true class (nats)", ".3~g")


def _grown(values: Array | None, title: str, number: str) -> Any:
    if values is None:
        return None
    rows = pd.DataFrame({"voters": np.arange(1, len(values) + 1), "value": np.asarray(values, float)})
    x = alt.X("voters:Q", title="voters in the committee", axis=alt.Axis(tickMinStep=1, tickCount=8),
              scale=alt.Scale(domain=[0.7, len(rows) + 0.3], nice=False))  # fmt: skip
    axis = alt.Axis(format="~%" if "%" in number else "~g", tickCount=5)
    top = alt.Scale(domain=[0, 1.15 * float(rows["value"].max()) or 1.0], nice=False)
    y = alt.Y("value:Q", title=title, axis=axis, scale=top)
    base = alt.Chart(rows).encode(x=x, y=y, tooltip=["voters", alt.Tooltip("value", format=number, title=title)])
    ends = alt.Chart(rows.iloc[[0, -1]] if len(rows) > 1 else rows).encode(x=x, y=y)
    words = ends.mark_text(dy=-14, color=TEXT, fontSize=12).encode(text=alt.Text("value:Q", format=number))
    line = base.mark_line(color=ROLES["model"], strokeWidth=2)
    return finished(line + base.mark_circle(color=ROLES["model"], size=60, opacity=1) + words)


def broken(run: ShownRun, view: Any) -> Any:
    """Return the share right when one member is missing, or answers wrongly, beside that of the whole committee."""
    if len(view.usage) == 1:
        return None
    whole = float(view.right.mean())
    names = _names(run, len(view.without))
    table = pd.DataFrame({"member": names, "is taken out": view.without, "names a wrong class": view.broken})
    rows = table.melt("member", var_name="kind", value_name="right")
    rows["right"] = rows["right"].astype(float)
    kinds = ["is taken out", "names a wrong class"]
    x = alt.X(
        "right:Q", title="share of test examples right", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")
    )
    y = alt.Y("member:N", sort=names, title=None, axis=EVERY)
    colour = alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=[ROLES["model"], ROLES["wrong"]]),
                       legend=_top("the member"))  # fmt: skip
    shape = alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=["circle", "diamond"]), legend=_top("the member"))
    tips = ["member", "kind", alt.Tooltip("right", format=".3~p", title="share right")]
    size = alt.Size("kind:N", scale=alt.Scale(domain=kinds, range=[170, 60]), legend=None)  # where both fall together
    dots = alt.Chart(rows).mark_point(filled=True, opacity=1).encode(
        x=x, y=y, color=colour, shape=shape, size=size, tooltip=tips
    )  # fmt: skip
    line = alt.Chart(pd.DataFrame({"right": [whole]})).mark_rule(color=ROLES["baseline"], strokeDash=[5, 4], size=2)
    return finished(line.encode(x="right:Q") + dots, max(HEIGHT - 40, 150 + 24 * len(names)))


def noise(run: ShownRun, view: Any) -> Any:
    """Return the share right under growing noise, of all together and of one member by itself; images only."""
    title = "standard deviation of the noise (ink: 1)"
    return _damaged(run, view, view.noise_accuracy, view.noise_member, list(NOISES), title)


def shift(run: ShownRun, view: Any) -> Any:
    """Return the share right on images moved by 0, 1 and 2 pixels; images only."""
    return _damaged(run, view, view.shift_accuracy, view.shift_member, [0, 1, 2], "images moved by (pixels)")


def _damaged(
    run: ShownRun, view: Any, together: Array | None, alone: Array | None, sizes: list[Any], title: str
) -> Any:
    if together is None or alone is None:
        return None
    found = {ALL: together, ONE: alone} if len(view.usage) > 1 else {NET: together}
    rows = pd.DataFrame(
        {"kind": name, "size": size, "right": float(value)}
        for name, values in found.items()
        for size, value in zip(sizes, values, strict=True)
    )
    chance = pd.DataFrame({"right": [1.0 / len(run.facts["data"]["class_names"])]})
    colour = alt.Color("kind:N", scale=alt.Scale(domain=list(found), range=[ROLES["model"], LONE]), legend=_top())
    y = alt.Y("right:Q", title="share right", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=5))
    base = alt.Chart(rows).encode(
        x=alt.X("size:Q", title=title, axis=alt.Axis(values=sizes, format="~g")), y=y, color=colour,
        tooltip=["kind", "size", alt.Tooltip("right", format=".3~p", title="share right")],
    )  # fmt: skip
    guess = alt.Chart(chance).mark_rule(color=ROLES["baseline"], strokeDash=[5, 4], size=2).encode(y=y)
    return finished(guess + base.mark_line(strokeWidth=2) + base.mark_circle(size=60, opacity=1))


# ---- the answer to a question ----


def answers(run: ShownRun, view: Any) -> Any:
    """Return what each member says to one example, as opacity, and its share; the common answer is drawn elsewhere."""
    if view.answer_members is None or len(view.answer_members) == 1:
        return None
    classes = [str(name) for name in run.facts["data"]["class_names"]]
    members = [
        f"{name} · {100 * float(share):.0f} %"
        for name, share in zip(_names(run, len(view.answer_share)), view.answer_share, strict=True)
    ]
    values = np.asarray(view.answer_members, float)
    rows = pd.DataFrame(
        {"member": members[i], "class": classes[j], "value": values[i, j], "number": f"{values[i, j]:.2f}"}
        for i, j in np.ndindex(values.shape)
    )
    rows["strength"] = 0.05 + STRONGEST * values.ravel()
    base = alt.Chart(rows).encode(
        x=alt.X("class:N", sort=classes, title="class", axis=_level(classes)),
        y=alt.Y("member:N", sort=members, title="who, and with which share", axis=alt.Axis(labelLimit=140)),
        tooltip=["member", "class", alt.Tooltip("value", format=THREE_DIGITS, title="probability")],
    )
    cells = base.mark_rect(color=ROLES["model"]).encode(opacity=alt.Opacity("strength:Q", scale=None))
    numbers = base.transform_filter("datum.value >= 0.05").mark_text(fontSize=11, color=TEXT).encode(text="number:N")
    return finished(cells + numbers, 80 + 26 * len(members))
