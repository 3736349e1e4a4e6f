"""Every preset works, every failure fails and its repair mends it: each is trained for real and measured at its end."""

import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lab.datasets.images import DOWNLOADED, download_share
from lab.runs import RunStore
from lab.storage import examples_folder
from models.base import Failure, family
from models.configs import CONFIGS
from models.presets import FAILURES, PRESETS, Preset
from tests.models.shortened import recorded_rarely

# By default the first preset of a family, its first failure and that one's repair train, since all together take
# minutes; the stored runs of all of them are held to what they promise.


def marks(name: str, preset: Preset | Failure) -> tuple[pytest.MarkDecorator, ...]:
    """Downloaded data takes minutes to train on, and may not be on this machine."""
    dataset = str(preset.settings.get("dataset", ""))
    if dataset not in DOWNLOADED:
        return () if preset in (PRESETS[name][0], FAILURES[name][0]) else (pytest.mark.slow,)
    absent = pytest.mark.skipif(download_share(dataset) < 1.0, reason=f"{dataset} is not in this machine's cache")
    return pytest.mark.slow, absent


GOOD = [
    pytest.param(name, one, id=f"{name}-{one.title}", marks=marks(name, one))
    for name, presets in PRESETS.items()
    for one in presets
]
BAD = [
    pytest.param(name, one, id=f"{name}-{one.title}", marks=marks(name, one))
    for name, failures in FAILURES.items()
    for one in failures
]
MENDED = [case for case in BAD if case.values[1].repair]  # type: ignore[union-attr]
MOMENTS = 5  # of a run that are recorded
SEEDS = [0, pytest.param(1, marks=pytest.mark.slow)]


@cache
def _end(name: str, settings: str) -> Mapping[str, float]:
    config, module = CONFIGS[name](**json.loads(settings)), family(name)
    data = module.load(config)
    last: Mapping[str, float] = {}
    with recorded_rarely(module, MOMENTS):
        for snapshot in module.train(config, data, module.build(config, data)):
            last = snapshot.metrics
            if not all(math.isfinite(value) for key, value in last.items() if "loss" in key):
                break  # as in the app, a diverged run ends here
    return last


def end_of(name: str, settings: Mapping[str, Any], seed: int) -> Mapping[str, float]:
    """Return the metrics at the end of a run with these settings; each is trained once."""
    complete = CONFIGS[name](**{"seed": seed, **settings}).model_dump(mode="json")
    return _end(name, json.dumps(complete, sort_keys=True))


def reached(name: str, settings: Mapping[str, Any], metric: str, seed: int) -> float:
    """Return a metric at the end of a run with these settings."""
    value = end_of(name, settings, seed)[metric]
    print(f"{name} {dict(settings)}, seed {seed}: {metric} {value:.4f}")
    return value


@pytest.mark.parametrize("name", sorted(CONFIGS))
def test_stored_runs_end_where_presets_and_failures_say(name: str, tmp_path: Path) -> None:
    store = RunStore(tmp_path, examples=examples_folder())

    def end(settings: Mapping[str, Any], metric: str) -> float:
        found = store.find(name, CONFIGS[name](**settings).digest())
        assert found is not None, f"python -m lab examples {name}"
        value = found.last.get(metric)  # None where the run left the range of numbers
        return math.nan if value is None else value

    for preset in PRESETS[name]:
        assert end(preset.settings, preset.metric) >= preset.threshold, preset.title
    for failure in FAILURES[name]:
        assert not end(failure.settings, failure.metric) >= failure.threshold, failure.title
        if failure.repair:
            mended = end({**failure.settings, **failure.repair}, failure.metric)
            assert mended >= failure.threshold, failure.title


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "preset"), GOOD)
def test_a_preset_reaches_what_it_promises(name: str, preset: Preset, seed: int) -> None:
    assert reached(name, preset.settings, preset.metric, seed) >= preset.threshold


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "failure"), BAD)
def test_a_failure_fails(name: str, failure: Failure, seed: int) -> None:
    value = reached(name, failure.settings, failure.metric, seed)
    assert not value >= failure.threshold  # what is no number any more has failed, too


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "failure"), MENDED)
def test_a_repair_mends(name: str, failure: Failure, seed: int) -> None:
    assert reached(name, {**failure.settings, **failure.repair}, failure.metric, seed) >= failure.threshold


def test_a_collapsed_run_and_a_healthy_one_have_the_same_loss() -> None:
    """What the quiz of the page shows: the discriminator's losses differ by less than the modes do by far."""
    collapse = next(one for one in FAILURES["gan"] if one.title == "The forger runs from spot to spot")
    healthy, collapsed = end_of("gan", {}, 0), end_of("gan", collapse.settings, 0)
    assert healthy["test_modes"] == 8 and collapsed["test_modes"] <= 5
    assert abs(healthy["test_d_loss"] - collapsed["test_d_loss"]) < 0.1


def everything(name: str) -> list[Preset | Failure]:
    return [*PRESETS.get(name, ()), *FAILURES.get(name, ())]


def test_every_family_has_both() -> None:
    assert set(PRESETS) == set(FAILURES) == set(CONFIGS)
    assert all(PRESETS.values()) and all(FAILURES.values())


@pytest.mark.parametrize("name", sorted(CONFIGS))
def test_titles_are_unique_and_reasons_are_sentences(name: str) -> None:
    titles = [one.title for one in everything(name)]
    assert len(set(titles)) == len(titles)
    assert all(one.title and not one.title.endswith(".") and one.reason.endswith(".") for one in everything(name))


@pytest.mark.parametrize("name", sorted(CONFIGS))
def test_settings_are_valid_and_say_only_what_differs(name: str) -> None:
    for one in everything(name):
        config = CONFIGS[name](**one.settings)
        assert set(config.changes()) == set(one.settings), one.title
    assert all(failure.settings for failure in FAILURES[name])
    digests = [CONFIGS[name](**one.settings).digest() for one in everything(name)]
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize("name", sorted(CONFIGS))
def test_a_repair_changes_something(name: str) -> None:
    for failure in FAILURES[name]:
        failing, mended = (CONFIGS[name](**{**failure.settings, **more}) for more in ({}, failure.repair))
        for field in failure.repair:
            assert getattr(mended, field) != getattr(failing, field), (failure.title, field)


@pytest.mark.parametrize("name", sorted(CONFIGS))
def test_thresholds_are_above_chance_and_within_reach(name: str) -> None:
    for one in everything(name):
        assert 0.0 < one.threshold < 1.0, one.title
        assert one.metric.startswith("test_"), one.title
