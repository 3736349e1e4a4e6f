"""What the stored results of `python -m evidence.modular` say, in a sentence each, every number taken from them."""

from typing import Any

import numpy as np

from lab.charts.mlp_stage import short
from lab.charts.modular_measured import LONE_KINDS, paired, stored_rows
from lab.charts.modular_words import percent
from models.base import Array

RIVAL, SMALL = "one big net", "one small net"


MEASURES = {"accuracy": "high", "loss": "low", "ece": "low", "noise": "high", "shift": "high"}
SAID = {"accuracy": "accuracy", "loss": "loss", "ece": "calibration", "noise": "noise", "shift": "moved images"}


def plainly() -> str:
    """Say in which of the five measures voters, and experts, beat one big net; "" where nothing is stored."""
    if not stored_rows("committees"):
        return ""
    parts = []
    for kind in ("ten voters", "all experts asked"):
        better = [SAID[name] for name, best in MEASURES.items() if _wins(name, best, kind)]
        parts.append(f"{kind} are better in {listed(better) if better else 'none of these'}")
    return (
        f"Plainly: measured by {listed(list(SAID.values()))} against one big net of as many parameters, "
        f"{', and '.join(parts)}. What only several have: they live on when one fails, and they can disagree."
    )


def listed(words: list[str]) -> str:
    """Return "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _wins(name: str, best: str, kind: str) -> bool:
    return _clearly((1 if best == "high" else -1) * paired("committees", name, kind, RIVAL))


def accuracy(_run: Any, _view: Any) -> str:
    """Say which kinds beat the one big net, in how many of the runs, and that their sizes are alike."""
    sizes = [row["parameters"] for row in stored_rows("committees") if "parameters" in row and row["kind"] != SMALL]
    said = against_the_big_net("accuracy", "high", "Dividing or voting gains")
    return f"{said} All but the small net have {min(sizes):,} to {max(sizes):,} parameters."


def surprise(_run: Any, _view: Any) -> str:
    """Say which kinds beat the one big net in negative log-likelihood."""
    return against_the_big_net("loss", "low", "The surprise falls")


def calibration_gap(_run: Any, _view: Any) -> str:
    """Say which kinds beat the one big net in calibration."""
    return against_the_big_net("ece", "low", "The gap is smaller")


def under_noise(_run: Any, _view: Any) -> str:
    """Say which kinds beat the one big net under noise."""
    return against_the_big_net("noise", "high", "More survives")


def when_moved(_run: Any, _view: Any) -> str:
    """Say which kinds beat the one big net on moved images."""
    said = against_the_big_net("shift", "high", "More survives")
    return f"{said} None of them knows that a moved digit is the same digit."


def against_the_big_net(value: str, best: str, gain: str) -> str:
    """Compare every kind with the big net of as many parameters, seed by seed: who is better in nearly all of them."""
    differences = {kind: paired("committees", value, kind, RIVAL) for kind in kinds_with(value)}
    sign = 1 if best == "high" else -1
    winners = [kind for kind, gap in differences.items() if _clearly(sign * gap)]
    losers = [kind for kind, gap in differences.items() if _clearly(-sign * gap)]
    seeds = len(next(iter(differences.values())))
    won = f"{gain} for: {', '.join(winners)}" if winners else "No kind is better"
    lost = f"; worse are: {', '.join(losers)}" if losers else ""
    return (
        f"Against one big net of as many parameters, in at least {seeds - 1} of {seeds} seeds. {won}{lost}. "
        "For the rest the seeds do not decide."
    )


def _clearly(gap: Array) -> bool:
    return int(np.sum(gap > 0)) >= len(gap) - 1 and float(gap.mean()) > 0


def kinds_with(value: str) -> list[str]:
    """Return the kinds that have this number, without the rival itself."""
    return list(
        dict.fromkeys(row["kind"] for row in stored_rows("committees") if value in row and row["kind"] != RIVAL)
    )


def growth(_run: Any, _view: Any) -> str:
    """Say what the largest committee has left of each measure of one voter."""
    rows = stored_rows("growth")
    sizes = sorted({int(row["voters"]) for row in rows})
    most = sizes[-1]

    def means(name: str) -> tuple[float, float]:
        one, all_of_them = (float(np.mean([row[name] for row in rows if row["voters"] == n])) for n in (1, most))
        return one, all_of_them

    right, loss, gap, area = (means(name) for name in ("accuracy", "loss", "ece", "novelty"))
    each = [float(np.mean([row["loss"] for row in rows if row["voters"] == n])) for n in sizes]
    half = next(n for n, value in zip(sizes, each, strict=True) if loss[0] - value >= (loss[0] - loss[1]) / 2)
    return (
        f"One voter and {most}: error {percent(1 - right[0])} and {percent(1 - right[1])}, loss {short(loss[0])} and "
        f"{short(loss[1])}, calibration error {short(gap[0])} and {short(gap[1])}, area {short(area[0])} and "
        f"{short(area[1])}. {half} voters bring half of what the loss gains."
    )


def unknown(_run: Any, _view: Any) -> str:
    """Say what disagreement of voters adds to the entropy of one big net."""
    means = {
        kind: {name: float(np.mean([row[name] for row in stored_rows("unknown") if row["kind"] == kind]))
               for name in ("entropy", "disagreement")}
        for kind in dict.fromkeys(row["kind"] for row in stored_rows("unknown"))
    }  # fmt: skip
    best = max(
        ((kind, name) for kind, found in means.items() for name in found
         if not (kind in LONE_KINDS and name == "disagreement")),
        key=lambda pair: means[pair[0]][pair[1]],
    )  # fmt: skip
    return (
        f"8 and 9 were left out of the training. Entropy of one small net {means[SMALL]['entropy']:.3f}, of "
        f"one big net {means[RIVAL]['entropy']:.3f}; disagreement of ten voters "
        f"{means['ten voters']['disagreement']:.3f}. The largest: {best[1]}, {best[0]}, {means[best[0]][best[1]]:.3f}."
    )


def one_lies(_run: Any, _view: Any) -> str:
    """Say what one liar leaves of voters, experts and parts."""
    found = {
        kind: float(np.mean([row["broken"] for row in stored_rows("committees") if row["kind"] == kind]))
        for kind in ("ten voters", "all experts asked", "a part per digit pair")
    }
    return (
        f"Ten voters keep {percent(found['ten voters'])}, experts {percent(found['all experts asked'])}, five parts "
        f"{percent(found['a part per digit pair'])}. A single net has no one to outvote it."
    )


def pieces(_run: Any, _view: Any) -> str:
    """Say what each number of linear experts reaches."""
    rows = stored_rows("pieces")
    sizes = sorted({int(row["experts"]) for row in rows})
    means = [float(np.mean([row["mse"] for row in rows if row["experts"] == size])) for size in sizes]
    said = ", ".join(f"{size}: {short(mean)}" for size, mean in zip(sizes, means, strict=True))
    return f"Mean error by number of experts, {said}. As many experts as pieces are needed; more change little."


def work(_run: Any, _view: Any) -> str:
    """Compare the work of the smallest and the largest network with one expert asked."""
    one, many, experts = _growth("multiply_adds")
    return (
        f"From {experts[0]} to {experts[1]} experts the parameters grow {short(experts[1] / experts[0])}-fold, the "
        f"work with one asked from {short(one[0])} to {short(one[1])}, with all asked from {short(many[0])} to "
        f"{short(many[1])}: why the largest models have experts."
    )


def clock(_run: Any, _view: Any) -> str:
    """Compare the time of the smallest and the largest network with one expert asked."""
    one, many, _ = _growth("microseconds")
    return (
        f"One asked: {short(one[0])} to {short(one[1])} µs, all asked: {short(many[0])} to {short(many[1])} µs. "
        "Sorting the examples to their experts, and products of few rows, cost time that no count of products shows."
    )


def _growth(value: str) -> tuple[tuple[float, float], tuple[float, float], tuple[int, int]]:
    """Return a value at the fewest and at the most one expert asked and all asked, and these numbers of experts."""
    found = {(row["experts"], row["asked"]): float(row[value]) for row in stored_rows("compute")}
    ends = (min(key[0] for key in found), max(key[0] for key in found))
    one, every = ((found[ends[0], asked], found[ends[1], asked]) for asked in ("1", "all"))
    return one, every, ends
