"""Settings survive the way into an address and back, and every widget can show every valid value."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.controls import bounds, choices, log_values
from lab.controls_text import RESERVED, from_query, is_tuple, parse_settings, to_query
from models.configs import CONFIGS, Config, MlpConfig
from tests.models.test_configs import any_config, any_value

FAMILIES = sorted(CONFIGS)
FIELDS = [pytest.param(name, field, id=f"{name}-{field}") for name in FAMILIES for field in CONFIGS[name].model_fields]
LOGARITHMIC = [
    pytest.param(name, field, id=f"{name}-{field}")
    for name in FAMILIES
    for field, info in CONFIGS[name].model_fields.items()
    if isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get("scale") == "log"
]


# ---- the address ----


@pytest.mark.parametrize("name", FAMILIES)
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_an_address_brings_back_the_same_settings(name: str, data: st.DataObject) -> None:
    config = data.draw(any_config(CONFIGS[name]))
    query = to_query(config)
    assert all(isinstance(text, str) for text in query.values())
    assert from_query(CONFIGS[name], query) == (config, {})
    through_a_browser = dict(parse_qsl(urlencode(query), keep_blank_values=True))
    assert from_query(CONFIGS[name], through_a_browser) == (config, {})


@pytest.mark.parametrize("name", FAMILIES)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_an_address_names_what_differs_from_the_defaults(name: str, data: st.DataObject) -> None:
    config = data.draw(any_config(CONFIGS[name]))
    assert set(to_query(config)) == set(config.changes())
    assert not RESERVED & set(to_query(config))


def test_addresses_look_as_expected() -> None:
    assert to_query(MlpConfig()) == {}
    config = MlpConfig(dataset="xor", batch_normalization=True, extra_features=("x1^2", "x1*x2"), learning_rate=0.1)
    expected = {"dataset": "xor", "batch_normalization": "1", "extra_features": "x1^2,x1*x2", "learning_rate": "0.1"}
    assert to_query(config) == expected


@pytest.mark.parametrize("name", FAMILIES)
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_nonsense_in_an_address_falls_back_alone_and_is_named(name: str, data: st.DataObject) -> None:
    config = data.draw(any_config(CONFIGS[name]))
    field = data.draw(st.sampled_from(sorted(CONFIGS[name].model_fields)))
    text = data.draw(st.text() | st.sampled_from(["", "nan", "-1", "1e999", "x1^2,,", "True", "<script>", "9" * 5000]))
    found, notes = from_query(CONFIGS[name], {**to_query(config), field: text})
    assert set(notes) <= {field}
    assert found.model_copy(update={field: None}) == config.model_copy(update={field: None})
    if notes:
        assert getattr(found, field) == getattr(CONFIGS[name](), field)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("dataset", "mnist"), ("layers", "seven"), ("layers", "7"), ("learning_rate", "0"), ("learning_rate", "nan"),
        ("extra_features", "x1^2,x9"), ("batch_normalization", "perhaps"), ("upload", "../../secret"),
        ("colour", "blue"),
    ],
)  # fmt: skip
def test_a_note_says_why(field: str, text: str) -> None:
    config, notes = from_query(MlpConfig, {field: text, "units": "5"})
    assert config == MlpConfig(units=5)
    assert set(notes) == {field} and notes[field]


def test_reserved_words_of_an_address_are_no_settings() -> None:
    assert not RESERVED & {field for config in CONFIGS.values() for field in config.model_fields}
    assert from_query(MlpConfig, dict.fromkeys(RESERVED, "1")) == (MlpConfig(), {})


def test_words_of_a_command_line() -> None:
    config, notes = parse_settings(MlpConfig, ["dataset=xor", "units=8", "target=a=b", "layers=9", "epochs", "depth=2"])
    assert config == MlpConfig(dataset="xor", units=8, target="a=b")
    assert set(notes) == {"layers", "epochs", "depth"}


@pytest.mark.parametrize("name", FAMILIES)
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_a_command_line_brings_back_the_same_settings(name: str, data: st.DataObject) -> None:
    config = data.draw(any_config(CONFIGS[name]))
    words = [f"{field}={text}" for field, text in to_query(config).items()]
    assert parse_settings(CONFIGS[name], words) == (config, {})


# ---- what widgets offer ----


@pytest.mark.parametrize(("name", "field"), FIELDS)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_bounds_hold_for_every_valid_value(name: str, field: str, data: st.DataObject) -> None:
    info = CONFIGS[name].model_fields[field]
    if info.annotation not in (int, float):
        return
    low, high = bounds(info)
    assert low is not None and high is not None and low < high
    assert low <= data.draw(any_value(info)) <= high
    config: Any = CONFIGS[name]
    for outside in (low - 1, high + 1):
        assert set(CONFIGS[name].forgiving({field: outside})[1]) == {field}
    assert config(**{field: high})


def test_bounds_of_known_fields() -> None:
    fields = MlpConfig.model_fields
    assert bounds(fields["layers"]) == (0, 6)
    assert bounds(fields["learning_rate"]) == (0, 10)
    assert bounds(fields["batch_normalization"]) == (None, None)


@pytest.mark.parametrize(("name", "field"), FIELDS)
def test_choices_are_what_the_settings_accept(name: str, field: str) -> None:
    info = CONFIGS[name].model_fields[field]
    config: Any = CONFIGS[name]
    offered = choices(info.annotation)
    assert len(set(offered)) == len(offered)
    for value in offered:
        assert config(**{field: (value,) if is_tuple(info.annotation) else value})
    if offered and not is_tuple(info.annotation):
        assert info.default in offered
    if not offered:
        assert info.annotation in (int, float, bool) or isinstance(info.default, str)


def test_choices_of_known_fields() -> None:
    fields = MlpConfig.model_fields
    assert choices(fields["optimizer"].annotation) == ("sgd", "momentum", "rmsprop", "adam", "adamw")
    assert choices(fields["extra_features"].annotation) == ("x1^2", "x2^2", "x1*x2", "sin(x1)", "sin(x2)")
    assert is_tuple(fields["extra_features"].annotation)
    assert choices(fields["units"].annotation) == choices(fields["upload"].annotation) == ()


@pytest.mark.parametrize(("name", "field"), LOGARITHMIC)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_logarithmic_slider_offers_the_present_value_and_valid_ones(
    name: str, field: str, data: st.DataObject
) -> None:
    info = CONFIGS[name].model_fields[field]
    present = data.draw(any_value(info))
    offered = log_values(info, info.annotation is int, present)
    assert present in offered  # a slider whose value is not among its options is an error
    assert info.default in offered
    assert offered == sorted(set(offered))
    assert all(type(value) is info.annotation for value in offered)
    accepted: list[Any] = [value for value in offered if not CONFIGS[name].forgiving({field: value})[1]]
    assert accepted == offered  # so there is no 0 where 0 is not allowed


@pytest.mark.parametrize(("name", "field"), LOGARITHMIC)
def test_a_logarithmic_slider_moves_in_steps_of_one_and_three(name: str, field: str) -> None:
    config: type[Config] = CONFIGS[name]
    info = config.model_fields[field]
    low, high = bounds(info)
    offered = log_values(info, info.annotation is int)
    assert 3 < len(offered) < 40
    assert high in offered
    ends = {low, high, info.default}
    assert {f"{value:e}"[:8] for value in offered if value not in ends} <= {"1.000000", "3.000000"}


def test_logarithmic_values_of_known_fields() -> None:
    fields = MlpConfig.model_fields
    assert log_values(fields["batch_size"], True) == [1, 3, 10, 30, 32, 100, 300, 512]
    rates = log_values(fields["learning_rate"], False, 0.02)
    assert rates == [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.02, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0]
    assert log_values(fields["l2"], False)[:3] == [0.0, 0.0001, 0.0003]
