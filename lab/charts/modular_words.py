"""What the pictures of modular and ensemble networks show, in a sentence each: arrays in, words with their numbers out.

Every function takes (run, view) like the picture it belongs to and is only asked where that picture is drawn.
"""

from typing import Any

import numpy as np

from lab.charts.mlp_stage import short
from lab.charts.modular_inside import IDLE
from lab.charts.modular_stage import EXTENT, divided, member
from lab.shown_run import ShownRun
from models.base import Array
from models.views import NOISES

MOST_NAMED = 8  # idle members are listed one by one up to so many


def percent(share: float) -> str:
    """Return a share as a person reads it, "96.4 %", with a space that no line breaks at."""
    return f"{100 * share:.1f}\u00a0%" if np.isfinite(share) else "not a number"


def _class_names(run: ShownRun) -> list[str]:
    return [str(name) for name in run.facts["data"]["class_names"]]


# ---- who does what ----


def by_class(run: ShownRun, view: Any) -> str:
    """Say which class has one member to itself and which is shared most, or what the weakest voter gets wrong."""
    names, name = _class_names(run), member(run)
    if not divided(run):
        right = np.asarray(view.right_by_class, float)
        if right.min() == 1.0:
            return f"Every {name} is right on every test example."
        worst, label = np.unravel_index(int(right.argmin()), right.shape)
        return (
            f"The weakest cell: {name} {worst + 1} is right on {percent(right.min())} of {names[int(label)]}, the mean "
            f"of all {len(right)} {name}s there is {percent(float(right[:, label].mean()))}."
        )
    share = np.asarray(view.share_by_class, float)
    largest = share.max(axis=0)
    if (share.argmax(axis=0) == share[:, 0].argmax()).all() and len(share) > 1:
        alone = int(share[:, 0].argmax())
        return (
            f"{name.capitalize()} {alone + 1} gives most of the answer on every class, at least "
            f"{percent(largest.min())}: nothing is divided."
        )
    clear, mixed = int(largest.argmax()), int(largest.argmin())
    said = (
        f"{name.capitalize()} {int(share[:, clear].argmax()) + 1} gives {percent(largest[clear])} of the answer on "
        f"{names[clear]}."
    )
    if clear == mixed or len(share) == 1:
        return said
    return f"{said} Shared most: {names[mixed]}, where nobody gives more than {percent(largest[mixed])}."


def usage(run: ShownRun, view: Any) -> str:
    """Say who is idle, or that nobody is."""
    share, name = np.asarray(view.usage, float), member(run)
    idle = np.flatnonzero(share < IDLE / len(share))
    if len(idle):
        who = f"{name} " + ", ".join(str(place + 1) for place in idle)
        who = who if len(idle) <= MOST_NAMED else f"{len(idle)} of {len(share)} {name}s"
        return f"Dashed is an even share. Idle: {who}. Whoever is idle costs memory and has stopped learning."
    least = int(share.argmin())
    return f"Dashed is an even share. Nobody is idle: {name} {least + 1} has the least, {percent(share[least])}."


# ---- doubt ----


def doubt_map(run: ShownRun, view: Any) -> str:
    """Compare the doubt where the training points lie with the doubt over the whole plane."""
    near, over = doubt_near(view.doubt, run.scene["train_points"]), float(np.mean(view.doubt.astype(float)))
    said = f"Mean disagreement where training points lie: {short(near)} bit, over the whole plane: {short(over)} bit."
    if over > near:
        return f"{said} Doubt is larger away from the data, but in the corners they may agree again, and be wrong."
    return f"{said} Away from the data they agree more than among it: this doubt does not warn of the unknown."


def doubt_near(doubt: Array, points: Array) -> float:
    """Return the mean doubt of the cells in which points lie; doubt (size, size), row 0 at the top of [-6, 6]."""
    size = doubt.shape[0]
    columns, rows = (np.clip((part + EXTENT) / (2 * EXTENT) * size, 0, size - 1).astype(int) for part in points.T)
    return float(np.mean(doubt.astype(float)[size - 1 - rows, columns]))


def disagreement(run: ShownRun, view: Any) -> str:
    """Compare the median disagreement of right and wrong answers, and of turned images."""
    right, doubt = view.right.astype(bool), view.disagreement.astype(float)
    if right.all() or not right.any():
        return f"All test examples are answered {'rightly' if right.all() else 'wrongly'}: nothing to warn of."
    good, bad = float(np.median(doubt[right])), float(np.median(doubt[~right]))
    said = (
        f"Half of the right answers have a disagreement above {short(good)} bit, half of the wrong above {short(bad)}."
    )
    if view.turned_disagreement is not None:
        strange = float(np.median(view.turned_disagreement.astype(float)))
        said += f" For turned digits it is {short(strange)}: "
        said += "a committee notices these." if strange > good else "these go unnoticed."
        return said
    return f"{said} {'Doubt warns.' if bad > good else 'Doubt does not warn here.'}"


def novelty(run: ShownRun, view: Any) -> str:
    """Say how often the best measure doubts a turned image more than an upright one."""
    areas = np.asarray(view.novelty, float)[: 2 if len(view.usage) == 1 else 3]
    names = ["its largest probability", "its entropy", "disagreement"]
    best = int(areas.argmax())
    said = f"Best: {names[best]}, which doubts the turned one of two images in {percent(areas[best])} of all pairs."
    if areas[best] < 0.5:
        return f"{said} Less than half: this network is surer of what it has never seen."
    return f"{said} Dashed is guessing."


def reliability(run: ShownRun, view: Any) -> str:
    """Say on which side of the diagonal the committee lies, and what voting did to the gap."""
    together, alone = gaps(view.calibration), gaps(view.member_calibration)
    side = "less sure than it should be" if together[1] > 0 else "surer than it should be"
    if len(view.usage) == 1:
        return f"The net is {side}, by {short(abs(together[1]))} on average."
    said = f"All together they are {side.replace('it', 'they')}, by {short(abs(together[1]))} on average."
    if short(together[0]) == short(alone[0]):
        return f"{said} One by itself has the same mean gap, {short(alone[0])}."
    verb = "narrows" if together[0] < alone[0] else "widens"
    return f"{said} Answering together {verb} the mean gap from {short(alone[0])} to {short(together[0])}."


def gaps(bins: Array) -> tuple[float, float]:
    """Return the mean absolute and the mean signed gap, share right minus confidence, of bins (10, 3)."""
    examples, confidence, right = np.asarray(bins, float).T
    gap = np.where(examples > 0, right - confidence, 0.0)
    total = max(1.0, float(examples.sum()))
    return float(np.sum(examples * np.abs(gap)) / total), float(np.sum(examples * gap) / total)


# ---- does a committee pay ----


def sizes(run: ShownRun, view: Any) -> str:
    """Say what the votes bring in mistakes, and how many voters bring half of it."""
    return _grown(view.size_error, percent, "The error")


def size_losses(run: ShownRun, view: Any) -> str:
    """Say what the votes bring in negative log-likelihood."""
    return _grown(view.size_loss, short, "The loss")


def _grown(values: Array, number: Any, what: str) -> str:
    values = np.asarray(values, float)
    gain = values[0] - values[-1]
    said = f"{what}: {number(values[0])} for one voter, {number(values[-1])} for {len(values)}, means over ten orders."
    if gain <= 0:
        return f"{said} Here votes bring nothing."
    half = int(np.argmax(values[0] - values >= gain / 2)) + 1
    return f"{said} {half} voters bring half of the gain; where the line is flat, votes only cost."


def broken(run: ShownRun, view: Any) -> str:
    """Say what the worst single loss costs."""
    whole, name = float(view.right.mean()), member(run)
    if min(view.without.min(), view.broken.min()) >= whole:
        return f"Dashed: all sound, {percent(whole)}. No single loss and no single lie costs anything here."
    missing, lying = int(np.argmin(view.without)), int(np.argmin(view.broken))
    return (
        f"Dashed: all sound, {percent(whole)}. The one missed most is {name} {missing + 1}: "
        f"{percent(float(view.without[missing]))} without it. The costliest lie is that of {name} {lying + 1}: "
        f"{percent(float(view.broken[lying]))}."
    )


def noise(run: ShownRun, view: Any) -> str:
    """Compare the committee with one member under noise of half the ink."""
    place = NOISES.index(0.5)
    return _damaged(view, view.noise_accuracy, view.noise_member, place, "Under noise of half the ink")


def shift(run: ShownRun, view: Any) -> str:
    """Compare the committee with one member on images moved by a pixel."""
    return _damaged(view, view.shift_accuracy, view.shift_member, 1, "Moved by one pixel")


def _damaged(view: Any, together: Array, alone: Array, place: int, when: str) -> str:
    ends = f"from {percent(float(together[0]))} to {percent(float(together[place]))}"
    if len(view.usage) == 1:
        return f"Dashed is guessing. {when} the net falls {ends}."
    lone = f"from {percent(float(alone[0]))} to {percent(float(alone[place]))}"
    return f"Dashed is guessing. {when} all together fall {ends}; one by itself {lone}."


def confusion(run: ShownRun, view: Any) -> str:
    """Say how many are wrong, and which mistake is the most frequent."""
    counts, names = np.asarray(view.confusion, int).copy(), _class_names(run)
    total = int(counts.sum())
    np.fill_diagonal(counts, 0)
    if not counts.any():
        return f"None of {total} test examples is wrong."
    true, said = np.unravel_index(int(counts.argmax()), counts.shape)
    if counts.max() == 1:
        return f"{int(counts.sum())} of {total} are wrong, no two in the same way."
    return (
        f"{int(counts.sum())} of {total} are wrong. Most often {names[int(true)]} is taken for {names[int(said)]}: "
        f"{int(counts.max())} times."
    )


def comparison(run: ShownRun, view: Any) -> str:
    """Say how many of the methods without a network do better."""
    found = [one for one in run.facts.get("baselines", []) if one["metric"] == "test_accuracy"]
    own = float(run.rows[-1].get("test_accuracy", np.nan))
    better = [str(one["name"]) for one in found if not own >= float(one["value"])]
    if not better:
        return f"None of the {len(found)} methods without a network does better here."
    return f"{len(better)} of {len(found)} do better without a network: {', '.join(better)}."
