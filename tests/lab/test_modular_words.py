"""The sentences under the pictures of modular and ensemble networks: every number in them, recomputed."""

import re
from statistics import mean
from typing import Any

import numpy as np
import pytest

from lab.charts import modular_verdicts, modular_words
from tests.lab.test_modular_charts import INSIDE, MEASURED, SETTINGS, applies, stored, trained


def share(value: float) -> str:
    return f"{100 * value:.1f}\u00a0%"


def three(value: float) -> str:
    return f"{value:.3g}".replace("-", "−") if abs(value) < 1000 or abs(value) >= 1e6 else f"{value:,.0f}"


@pytest.mark.parametrize("name", SETTINGS)
def test_every_picture_has_its_sentence(name: str) -> None:
    for kind in (*INSIDE, "confusion", "comparison"):
        if applies(name, kind):
            said = getattr(modular_words, kind)(trained(name), trained(name).view())
            assert said.endswith(".") and not re.search(r"nan|inf\b|None of them|\bNone\b(?! of)", said), said


def test_who_has_a_class_to_itself() -> None:
    view = trained("parts").view()
    largest = view.share_by_class.max(axis=0)
    said = modular_words.by_class(trained("parts"), view)
    label, other = int(largest.argmax()), int(largest.argmin())
    assert f"Part {label // 2 + 1} gives {share(largest[label])} of the answer on {label}." in said  # two digits a part
    assert f"{other}, where nobody gives more than {share(largest[other])}" in said


def test_the_weakest_cell_of_voters() -> None:
    view = trained("voters").view()
    worst, label = np.argwhere(view.right_by_class == view.right_by_class.min())[0]
    said = modular_words.by_class(trained("voters"), view)
    assert f"voter {worst + 1} is right on {share(view.right_by_class.min())} of {label}" in said
    assert share(float(view.right_by_class[:, label].mean())) in said


def test_idle_members_are_named_and_nobody_else() -> None:
    run, view = trained("experts"), trained("experts").view()
    idle = [str(place + 1) for place, used in enumerate(view.usage) if used < 0.1 / 6]
    said = modular_words.usage(run, view)
    assert (f"Idle: expert {', '.join(idle)}." if idle else "Nobody is idle") in said
    starved = type(view)(**{**view.arrays(), "usage": np.array([0.9, 0.05, 0.02, 0.001, 0.028, 0.001])})
    assert "Idle: expert 4, 6." in modular_words.usage(run, starved)
    alone = type(view)(**{**view.arrays(), "usage": np.eye(12)[2]})
    assert "Idle: 11 of 12 experts." in modular_words.usage(run, alone)


def test_one_member_with_everything_is_named() -> None:
    view = trained("experts").view()
    share = np.full((6, 10), 0.05)
    share[3] = np.linspace(0.75, 0.6, 10)
    said = modular_words.by_class(trained("experts"), type(view)(**{**view.arrays(), "share_by_class": share}))
    assert "Expert 4 gives most of the answer on every class, at least 60.0\u00a0%" in said


def test_doubt_near_the_points() -> None:
    doubt = np.zeros((60, 60))
    doubt[0, 59] = 1.0  # the upper right corner
    points = np.array([[5.95, 5.95], [-5.95, 5.95], [5.95, -5.95], [-5.95, -5.95]])
    assert modular_words.doubt_near(doubt, points) == pytest.approx(0.25)
    run, view = trained("voters in the plane"), trained("voters in the plane").view()
    near = modular_words.doubt_near(view.doubt, run.scene["train_points"])
    over = float(view.doubt.astype(float).mean())
    said = modular_words.doubt_map(run, view)
    assert f"{three(near)} bit" in said and f"{three(over)} bit" in said
    assert ("larger away" in said) == (over > near)


def test_medians_of_the_disagreement() -> None:
    view = trained("voters").view()
    right = view.right == 1
    said = modular_words.disagreement(trained("voters"), view)
    for part in (view.disagreement[right], view.disagreement[~right], view.turned_disagreement):
        assert three(float(np.median(part.astype(float)))) in said


def test_the_best_measure_of_doubt_is_named() -> None:
    view = trained("voters").view()
    said = modular_words.novelty(trained("voters"), view)
    name = ["largest probability", "entropy", "disagreement"][int(np.argmax(view.novelty))]
    assert name in said and share(float(view.novelty.max())) in said
    assert ("Less than half" in said) == (view.novelty.max() < 0.5)


def test_the_side_and_the_size_of_the_gap() -> None:
    bins = np.zeros((10, 3))
    bins[7], bins[9] = (30, 0.75, 0.95), (10, 0.95, 0.85)
    absolute, signed = modular_words.gaps(bins)
    assert absolute == pytest.approx((30 * 0.2 + 10 * 0.1) / 40) and signed == pytest.approx((30 * 0.2 - 10 * 0.1) / 40)
    view = trained("voters").view()
    (together, side), (alone, _) = modular_words.gaps(view.calibration), modular_words.gaps(view.member_calibration)
    said = modular_words.reliability(trained("voters"), view)
    assert f"from {three(alone)} to {three(together)}" in said
    assert ("less sure" in said) == (side > 0) and ("narrows" in said) == (together < alone)


def test_what_votes_bring() -> None:
    view = trained("voters").view()
    said = modular_words.sizes(trained("voters"), view)
    assert share(float(view.size_error[0])) in said and share(float(view.size_error[-1])) in said
    grown = type(view)(**{**view.arrays(), "size_error": np.array([0.10, 0.09, 0.065, 0.06])})
    assert "3 voters bring half" in modular_words.sizes(trained("voters"), grown)
    assert "bring nothing" in modular_words.sizes(
        trained("voters"), type(view)(**{**view.arrays(), "size_error": np.array([0.1, 0.1, 0.12])})
    )


def test_what_a_broken_member_and_damage_cost() -> None:
    run, view = trained("voters"), trained("voters").view()
    said = modular_words.broken(run, view)
    assert all(share(float(value)) in said for value in (view.right.mean(), view.without.min(), view.broken.min()))
    assert share(float(view.noise_accuracy[4])) in modular_words.noise(run, view)  # deviation 0.5
    assert share(float(view.shift_member[1])) in modular_words.shift(run, view)


def test_the_most_frequent_mistake() -> None:
    run, view = trained("voters"), trained("voters").view()
    wrong = view.confusion - np.diag(np.diag(view.confusion))
    true, other = np.argwhere(wrong == wrong.max())[0]
    said = modular_words.confusion(run, view)
    assert f"{wrong.sum()} of {view.confusion.sum()} are wrong" in said
    assert wrong.max() > 1
    assert f"{true} is taken for {other}: {wrong.max()} times" in said


def test_who_does_better_without_a_network() -> None:
    run = trained("big net")
    better = [one["name"] for one in run.facts["baselines"] if one["value"] > run.rows[-1]["test_accuracy"]]
    said = modular_words.comparison(run, run.view())
    assert said.startswith(f"{len(better)} of" if better else "None of")
    assert all(name in said for name in better)


# ---- what is stored ----


@pytest.mark.parametrize("kind", MEASURED)
def test_a_stored_picture_has_its_sentence(kind: str) -> None:
    assert getattr(modular_verdicts, kind)(None, None).endswith(".")


def committee(kind: str, value: str) -> dict[int, float]:
    return {row["seed"]: row[value] for row in stored()["committees"] if row["kind"] == kind and value in row}


@pytest.mark.parametrize(
    ("kind", "value", "sign"),
    [
        ("accuracy", "accuracy", 1),
        ("surprise", "loss", -1),
        ("calibration_gap", "ece", -1),
        ("under_noise", "noise", 1),
    ],
)
def test_a_kind_wins_only_where_it_beats_the_big_net_nearly_always(kind: str, value: str, sign: int) -> None:
    said = getattr(modular_verdicts, kind)(None, None)
    rival, seeds = committee("one big net", value), stored()["about"]["seeds"]
    won, _, rest = said.partition("; worse are: ")
    lost = rest.partition(".")[0] if rest else ""
    for name in {row["kind"] for row in stored()["committees"] if value in row} - {"one big net"}:
        gaps = [sign * (committee(name, value)[seed] - rival[seed]) for seed in seeds]
        wins = sum(gap > 0 for gap in gaps) >= len(seeds) - 1 and mean(gaps) > 0
        losses = sum(gap < 0 for gap in gaps) >= len(seeds) - 1 and mean(gaps) < 0
        listed = won.partition(": ")[2].rstrip(".").split(", ")
        assert (name in ", ".join(listed)) == wins, (name, said)
        assert (name in lost) == losses, (name, said)


def test_the_plain_verdict() -> None:
    signs = {"accuracy": 1, "loss": -1, "calibration": -1, "noise": 1, "moved images": 1}
    names = {"calibration": "ece", "moved images": "shift"}
    said = modular_verdicts.plainly()
    for kind in ("ten voters", "all experts asked"):
        better = []
        for shown, sign in signs.items():
            own, rival = (committee(one, names.get(shown, shown)) for one in (kind, "one big net"))
            gaps = [sign * (own[seed] - rival[seed]) for seed in own]
            if sorted(gaps)[1] > 0 and mean(gaps) > 0:
                better.append(shown)
        words = " and ".join(better).replace(" and ", ", ", max(0, len(better) - 2)) or "none of these"
        assert f"{kind} are better in {words}" in said


def test_numbers_of_the_growing_committee() -> None:
    def at(voters: int, name: str) -> float:
        return mean(row[name] for row in stored()["growth"] if row["voters"] == voters)

    most, said = max(row["voters"] for row in stored()["growth"]), modular_verdicts.growth(None, None)
    for voters in (1, most):
        assert share(1 - at(voters, "accuracy")) in said
        assert all(three(at(voters, name)) in said for name in ("loss", "ece", "novelty"))


def test_numbers_of_work_and_time() -> None:
    rows = {(row["experts"], row["asked"]): row for row in stored()["compute"]}
    for kind, value in (("work", "multiply_adds"), ("clock", "microseconds")):
        said = getattr(modular_verdicts, kind)(None, None)
        for key in ((2, "1"), (32, "1"), (2, "all"), (32, "all")):
            assert three(rows[key][value]) in said, (key, said)


def test_numbers_of_the_unknown_digits() -> None:
    def at(kind: str, name: str) -> float:
        return mean(row[name] for row in stored()["unknown"] if row["kind"] == kind)

    said: Any = modular_verdicts.unknown(None, None)
    for kind, name in (("one small net", "entropy"), ("one big net", "entropy"), ("ten voters", "disagreement")):
        assert f"{at(kind, name):.3f}" in said
