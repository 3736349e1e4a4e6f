"""The ledger: intervals and verdicts by rule, stored results that belong to the code as it is, and the command line."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from evidence import __main__ as command_line
from evidence.ledger import claim as ledger
from evidence.ledger.claim import FAILS, HOLDS, LIMITED, OPEN, Effect, claim_names, claim_of, found, interval, verdict
from evidence.ledger.measuring import measure_all, pieces
from evidence.ledger.stored import Measured, path_of, read, write
from lab.catalog import BY_SLUG

NAMES = claim_names()
STUDENT_T = {2: 12.7062, 3: 4.3027, 5: 2.7764, 10: 2.2622}  # two-sided 95 %, by the number of values; any table of t
SMALL = "a_layer_is_a_weighted_sum_and_a_bend"


def measured(name: str) -> Measured:
    """Return what is stored of a claim; one that nobody has measured in full says so on the Evidence page."""
    stored = read(name)
    if not stored.rows:
        pytest.skip(f"not measured yet: python -m evidence {name.replace('_', '-')}")
    return stored


@settings(deadline=None)  # the first call imports SciPy
@given(some.lists(some.floats(-100, 100), min_size=10, max_size=10))
def test_intervals_are_those_of_students_table(values: list[float]) -> None:
    mean, low, high = interval(values)
    half = STUDENT_T[10] * np.std(values, ddof=1) / math.sqrt(10)
    assert mean == pytest.approx(sum(values) / 10, abs=1e-9)
    assert high - mean == pytest.approx(half, rel=1e-4, abs=1e-9)
    assert mean - low == pytest.approx(half, rel=1e-4, abs=1e-9)


def test_an_interval_covers_the_truth_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    covered = [
        low <= 3.0 <= high for _, low, high in (interval(generator.normal(3, 2, 5).tolist()) for _ in range(2000))
    ]
    assert 0.935 < np.mean(covered) < 0.965


def test_one_seed_proves_nothing() -> None:
    rows = [{"gain": 5.0}]
    assert not found(Effect("gain", "Gain", above=0.0), rows).met
    assert not found(Effect("gain", "Gain", below=9.0), rows).met


def test_an_effect_has_one_bound() -> None:
    with pytest.raises(ValueError, match="one bound"):
        Effect("gain", "Gain")
    with pytest.raises(ValueError, match="one bound"):
        Effect("gain", "Gain", above=0.0, below=1.0)


@pytest.mark.parametrize(
    ("carrying", "limit", "expected"),
    [(1.0, -1.0, HOLDS), (1.0, 1.0, LIMITED), (-1.0, -1.0, FAILS), (-1.0, 1.0, FAILS), (0.0, -1.0, FAILS)],
)
def test_the_verdict_follows_from_the_numbers(carrying: float, limit: float, expected: str) -> None:
    effects = (Effect("main", "Main", above=0.0), Effect("limit", "Limit", above=0.0, limit=True))
    rows = [{"main": carrying + wobble, "limit": limit + wobble} for wobble in (-0.1, 0.0, 0.1)]
    assert verdict([found(effect, rows) for effect in effects]) == expected
    assert verdict([]) == OPEN


@pytest.mark.parametrize("name", NAMES)
def test_a_claim_says_what_is_measured(name: str) -> None:
    claim = claim_of(name)
    assert claim.statement.endswith(".") and claim.experiment.endswith(".")
    assert claim.effects and not claim.effects[0].limit
    assert len({effect.key for effect in claim.effects}) == len(claim.effects)
    assert claim.pages and all(slug in BY_SLUG for slug in claim.pages)
    assert claim.seeds >= 10
    assert (ledger.module_of(name).__doc__ or "").strip()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_stored_was_measured_by_this_code_with_ten_seeds(name: str) -> None:
    stored, claim = measured(name), claim_of(name)
    assert len(stored.rows) >= claim.seeds, f"python -m evidence {name.replace('_', '-')}"
    assert stored.fresh, "the experiment's code has changed since; measure it again"
    assert {"command", "device", "versions", "commit", "created", "seconds"} <= set(stored.about)
    assert [row["seed"] for row in stored.rows] == list(range(len(stored.rows)))


@pytest.mark.parametrize("name", NAMES)
def test_stored_intervals_follow_from_the_stored_seeds(name: str) -> None:
    stored = measured(name)
    for effect in claim_of(name).effects:
        values = np.array([row[effect.key] for row in stored.rows], float)
        mean, low, high = stored.intervals[effect.key]
        assert mean == pytest.approx(values.mean())
        assert high - low == pytest.approx(2 * STUDENT_T[10] * values.std(ddof=1) / math.sqrt(10), rel=1e-3, abs=1e-12)


def test_reworded_claims_keep_their_numbers_and_changed_experiments_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "FOLDER", tmp_path)
    text = '"""One."""\nCLAIM = Claim(number=1)\n\n\ndef measure(seed, quick):\n'
    text += '    return {"gain": 1, "n": 5 if quick else 9}\n'
    reworded, quicker = text.replace("One", "Another").replace("number=1", "number=2"), text.replace("5 if", "3 if")
    digests = []
    for version in (text, reworded, quicker, text.replace("1,", "2,"), text.replace("else 9", "else 8")):
        (tmp_path / "thing.py").write_text(version, encoding="utf-8")
        digests.append(ledger.source_digest("thing"))
    assert digests[0] == digests[1] == digests[2]
    assert len(set(digests[2:])) == 3


def test_a_measurement_goes_on_where_it_stopped(tmp_path: Path) -> None:
    assert list(measure_all([SMALL], seeds=1, folder=tmp_path)) == [(SMALL, 0, "")]
    assert pieces([SMALL], 3, again=False, folder=tmp_path) == [(SMALL, 1), (SMALL, 2)]
    assert pieces([SMALL], 3, again=True, folder=tmp_path) == [(SMALL, 0), (SMALL, 1), (SMALL, 2)]
    stored = read(SMALL, tmp_path)
    assert stored.about["command"].endswith("a-layer-is-a-weighted-sum-and-a-bend") and stored.about["device"]
    stored.rows[0]["source"] = "older"
    write(stored, tmp_path)
    assert not read(SMALL, tmp_path).fresh
    assert pieces([SMALL], 1, again=False, folder=tmp_path) == [(SMALL, 0)]


def test_a_result_that_was_cut_off_counts_as_not_measured(tmp_path: Path) -> None:
    path_of(SMALL, tmp_path).write_text('{"claim": "a', encoding="utf-8")
    assert read(SMALL, tmp_path) == Measured(SMALL)
    assert read(SMALL, tmp_path).results(claim_of(SMALL)) == []


def test_the_list_names_every_claim_and_experiment(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main([]) == 0
    told = capsys.readouterr().out
    assert all(name.replace("_", "-") in told for name in [*NAMES, *command_line.experiments()])


def test_an_unknown_name_is_answered_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["phlogiston"]) == 2
    assert "There is no claim or experiment 'phlogiston'" in capsys.readouterr().out


def test_a_cluster_that_is_not_there_is_answered_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    answer = command_line.main([SMALL, "--again", "--seeds", "1", "--scheduler", "tcp://127.0.0.1:1"])
    assert answer == 2
    assert "Dask" in capsys.readouterr().out


def test_the_quick_form_prints_its_numbers_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main([SMALL, "--quick", "--json", "--seeds", "1"]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["claim"] == SMALL and len(told["rows"]) == 1
    assert told["rows"][0]["largest_difference"] < 1e-5
