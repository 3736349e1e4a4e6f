"""What every family promises, whatever it computes: the same names, honest steps, plain arrays, the same run twice."""

import dataclasses
import math
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any, get_args

import keras
import numpy as np
import pytest

from lab.datasets.images import download_share
from models.base import Baseline, Failure, Snapshot, View, anatomy, family
from models.configs import CONFIGS, Config
from models.presets import FAILURES
from models.views import VIEWS
from tests.models.shortened import recorded_rarely, uncompiled

FAMILIES = sorted(CONFIGS)
NAMES = ("load", "build", "train", "look", "total_steps", "baselines", "scene")
PLAIN = set("biuf")
SMALLER = {"transformer": {"layers": 1, "examples": 400}}  # where many sets of data are each trained for a moment


def short(name: str, **settings: Any) -> Config:
    """Return the settings of a run that takes a moment."""
    fields = CONFIGS[name].model_fields
    length = {"epochs": 2} if "epochs" in fields else {"steps": 12} if "steps" in fields else {}
    return CONFIGS[name](**{**length, **settings})


@cache
def trained(name: str, seed: int = 0, repetition: int = 0) -> tuple[Snapshot, ...]:
    """Return the snapshots of a short run; another `repetition` is the same run made anew."""
    config, module = short(name, seed=seed), family(name)
    data = module.load(config)
    with recorded_rarely(module, 12):
        return tuple(module.train(config, data, module.build(config, data)))


@cache
def built(name: str) -> tuple[Any, Any, keras.Model]:
    """Return short settings, their data and the untrained model."""
    config, module = short(name), family(name)
    data = module.load(config)
    return config, data, module.build(config, data)


def assert_same_view(one: View, other: View) -> None:
    assert type(one) is type(other)
    assert one.arrays().keys() == other.arrays().keys()
    for field, array in one.arrays().items():
        assert array.dtype == other.arrays()[field].dtype
        np.testing.assert_array_equal(array, other.arrays()[field], err_msg=field)


def cases() -> Iterator[Any]:
    """Yield every family with each of its sets of data."""
    for name in FAMILIES:
        field = CONFIGS[name].model_fields.get("dataset")
        for dataset in get_args(field.annotation) if field else ():
            here = download_share(dataset) == 1.0
            marks = () if here else (pytest.mark.skip(reason=f"{dataset} is not in the cache of this machine"),)
            yield pytest.param(name, dataset, id=f"{name}-{dataset}", marks=marks)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_has_all_names(name: str) -> None:
    module = family(name)
    assert [missing for missing in NAMES if not callable(getattr(module, missing, None))] == []
    failures = getattr(module, "FAILURES", None)
    assert failures and all(isinstance(failure, Failure) for failure in failures)
    assert failures == FAILURES[name]
    assert (module.__doc__ or "").strip(), "the docstring tells the idea"
    assert CONFIGS[name].family == name


@pytest.mark.parametrize("name", FAMILIES)
def test_settings_explain_themselves(name: str) -> None:
    for field_name, field in CONFIGS[name].model_fields.items():
        extra = field.json_schema_extra
        assert isinstance(extra, dict) and extra["label"], field_name
        assert extra["scale"] in ("linear", "log"), field_name
        assert (field.description or "").endswith("."), field_name


@pytest.mark.parametrize("name", FAMILIES)
def test_steps_rise_from_the_untrained_network_to_the_last_step(name: str) -> None:
    config, data, _ = built(name)
    snapshots = trained(name)
    steps = [snapshot.step for snapshot in snapshots]
    assert steps[:2] == [0, 0]
    assert all(before < after for before, after in pairwise(steps[1:]))
    assert steps[-1] == family(name).total_steps(config, data)
    assert [snapshot.epoch for snapshot in snapshots] == sorted(snapshot.epoch for snapshot in snapshots)
    if "epochs" in type(config).model_fields:
        assert snapshots[-1].epoch == pytest.approx(config.model_dump()["epochs"])


@pytest.mark.parametrize("name", FAMILIES)
def test_seconds_never_fall_and_count_training_alone(name: str) -> None:
    seconds = [snapshot.seconds for snapshot in trained(name)]
    assert seconds[0] == seconds[1] == 0.0
    assert all(before <= after for before, after in pairwise(seconds))
    assert seconds[-1] > 0.0


@pytest.mark.parametrize("name", FAMILIES)
def test_metrics_are_numbers_under_constant_names(name: str) -> None:
    snapshots = trained(name)
    assert len({tuple(snapshot.metrics) for snapshot in snapshots}) == 1
    assert all(type(value) is float for snapshot in snapshots for value in snapshot.metrics.values())
    assert all(math.isfinite(value) for snapshot in snapshots for value in snapshot.metrics.values())


@pytest.mark.parametrize("name", FAMILIES)
def test_views_are_frozen_dataclasses_of_plain_arrays(name: str) -> None:
    assert dataclasses.is_dataclass(VIEWS[name])
    for snapshot in trained(name):
        assert type(snapshot.view) is VIEWS[name]
        arrays = snapshot.view.arrays()
        assert arrays
        for field, array in arrays.items():
            assert type(array) is np.ndarray and array.dtype.kind in PLAIN, field
        assert_same_view(VIEWS[name].from_arrays(arrays), snapshot.view)
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(snapshot.view, next(iter(arrays)), None)
        with pytest.raises(dataclasses.FrozenInstanceError):
            snapshot.step = 1  # type: ignore[misc]


@pytest.mark.parametrize("name", FAMILIES)
def test_pictures_have_one_shape_in_all_snapshots(name: str) -> None:
    shapes = [{field: array.shape for field, array in one.view.arrays().items()} for one in trained(name)]
    assert all(shape == shapes[0] for shape in shapes)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_same_settings_give_the_same_run(name: str) -> None:
    for one, other in zip(trained(name), trained(name, repetition=1), strict=True):
        assert (one.step, one.epoch, dict(one.metrics)) == (other.step, other.epoch, dict(other.metrics))
        assert_same_view(one.view, other.view)


@pytest.mark.parametrize("name", FAMILIES)
def test_another_seed_gives_another_run(name: str) -> None:
    assert dict(trained(name)[-1].metrics) != dict(trained(name, seed=1)[-1].metrics)
    with pytest.raises(AssertionError):
        assert_same_view(trained(name)[0].view, trained(name, seed=1)[0].view)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_first_snapshots_show_the_network_as_it_was_built(name: str) -> None:
    _, data, model = built(name)
    untrained = family(name).look(model, data)
    for snapshot in trained(name)[:2]:
        assert_same_view(snapshot.view, untrained)
    with pytest.raises(AssertionError):
        assert_same_view(trained(name)[-1].view, untrained)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_run_can_be_closed_at_any_moment(name: str) -> None:
    config, module = short(name), family(name)
    data = module.load(config)
    model = module.build(config, data)
    with uncompiled():
        snapshots: Any = module.train(config, data, model)
        last = [next(snapshots) for _ in range(3)][-1]
        weights = model.get_weights()
        snapshots.close()
        assert next(snapshots, None) is None
    for before, after in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    assert_same_view(module.look(model, data), last.view)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_model_is_functional_and_every_layer_has_a_name_of_its_own(name: str) -> None:
    config, data, model = built(name)
    assert isinstance(model, keras.Model)
    assert type(model).__name__ == "Functional"
    again: Any = family(name).build(config, data)  # names that Keras makes up count on from model to model
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    assert again.name == model.name
    assert len({layer.name for layer in model.layers}) == len(model.layers)


def parameters_by(formula: str) -> int:
    return sum(math.prod(int(size) for size in term.split(" × ")) for term in formula.split(" + ")) if formula else 0


@pytest.mark.parametrize("name", FAMILIES)
def test_the_anatomy_accounts_for_every_parameter(name: str) -> None:
    _, _, model = built(name)
    layers = anatomy(model)
    assert [layer.name for layer in layers] == [layer.name for layer in model.layers]
    assert sum(layer.parameters for layer in layers) == model.count_params()
    assert sum(layer.parameters for layer in layers) == sum(weight.size for weight in model.get_weights())
    for layer in layers:
        assert re.fullmatch(r"(\d+( × \d+)*( \+ \d+( × \d+)*)*)?", layer.formula), layer
        assert parameters_by(layer.formula) == layer.parameters, layer
        assert layer.shape and all(size > 0 for size in layer.shape), layer
        assert model.get_layer(layer.name).output.shape[1:] == layer.shape


@pytest.mark.parametrize("name", FAMILIES)
def test_the_scene_is_plain_arrays_and_stands_still(name: str) -> None:
    config, data, _ = built(name)
    scene, again = family(name).scene(config, data), family(name).scene(config, data)
    assert scene and scene.keys() == again.keys()
    for field, array in scene.items():
        assert type(array) is np.ndarray and array.dtype.kind in PLAIN, field
        np.testing.assert_array_equal(array, again[field])


@pytest.mark.parametrize("name", FAMILIES)
def test_baselines_are_measured_on_a_metric_that_the_family_reports_or_explains(name: str) -> None:
    config, data, _ = built(name)
    measured = family(name).baselines(config, data)
    assert all(isinstance(baseline, Baseline) and math.isfinite(baseline.value) for baseline in measured)
    assert {baseline.metric for baseline in measured} <= set(trained(name)[-1].metrics)


@pytest.mark.parametrize(("name", "dataset"), list(cases()))
def test_every_set_of_data_trains(name: str, dataset: str, own_sequences: dict[str, dict[str, Any]]) -> None:
    own = own_sequences.get(dataset, {}) if "upload" in CONFIGS[name].model_fields else {}
    config = short(name, **{**SMALLER.get(name, {}), "dataset": dataset, **own})
    module = family(name)
    data = module.load(config)
    model = module.build(config, data)
    with uncompiled():
        snapshots: Any = module.train(config, data, model)
        for snapshot in snapshots:
            assert all(math.isfinite(value) for value in snapshot.metrics.values()), snapshot.metrics
            assert all(np.isfinite(array).all() for array in snapshot.view.arrays().values())
            if snapshot.step > 1:
                break
        snapshots.close()
    assert snapshot.step > 1
    assert module.scene(config, data)


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_every_view_belongs_to_a_family(name: str) -> None:
    assert name in CONFIGS
    assert issubclass(VIEWS[name], View)
    assert (VIEWS[name].__doc__ or "").strip()
