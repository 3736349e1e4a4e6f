"""Settings from anywhere become valid settings: nothing raises, and a bad value harms no other."""

import json
import math
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError, model_validator
from pydantic.fields import FieldInfo

from models.configs import CONFIGS, Config, MlpConfig, knob

ROOT = Path(__file__).resolve().parents[2]
FAMILIES = sorted(CONFIGS)

NUMBERS = st.one_of(
    st.integers(), st.floats(), st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 5e-324, 10**400, "9" * 5000])
)
TEXTS = st.one_of(
    st.text(), st.sampled_from(["nan", "1e400", "0x10", "1_000", "True", " 3 ", "\ud800", "\0", "digits", "x1^2"])
)
SINGLE = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, st.binary(max_size=8))
ANYTHING = st.recursive(
    SINGLE, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)


def any_config(config_class: type[Config]) -> st.SearchStrategy[Config]:
    """Return a strategy for valid settings; each field keeps its default about half of the time."""
    fields = {name: st.just(field.default) | any_value(field) for name, field in config_class.model_fields.items()}
    return st.fixed_dictionaries(fields).map(lambda values: config_class(**values))


def any_value(field: FieldInfo) -> st.SearchStrategy[Any]:
    """Return a strategy for the values that a field allows."""
    rules: dict[str, Any] = {}
    for rule in field.metadata:
        for name in ("ge", "gt", "le", "lt", "pattern", "max_length"):
            value = getattr(rule, name, None)
            rules |= {name: value} if value is not None else {}
    return _values(field.annotation, rules)


def _values(annotation: Any, rules: dict[str, Any]) -> st.SearchStrategy[Any]:
    if get_origin(annotation) is Annotated:
        return _values(get_args(annotation)[0], rules)
    if get_origin(annotation) is Literal:
        return st.sampled_from(get_args(annotation))
    if get_origin(annotation) is tuple:
        return st.lists(_values(get_args(annotation)[0], {}), unique=True, max_size=rules.get("max_length", 4)).map(
            tuple
        )
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        return st.integers(rules.get("ge", rules.get("gt", -1) + 1), rules.get("le", 10**6))
    if annotation is float:
        low, high = rules.get("gt", rules.get("ge", 0.0)), rules.get("le", 1e6)
        return st.floats(low, high, exclude_min="gt" in rules)
    if "pattern" in rules:
        return st.from_regex(re.compile(rules["pattern"].replace("$", r"\Z")), fullmatch=True)
    return st.text(st.characters(codec="utf-8"), max_size=rules.get("max_length", 40))


def values_for(name: str) -> st.SearchStrategy[dict[str, Any]]:
    names = st.one_of(st.sampled_from(sorted(CONFIGS[name].model_fields)), st.text(max_size=8))
    return st.dictionaries(names, ANYTHING, max_size=8)


@pytest.mark.parametrize("name", FAMILIES)
@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_whatever_arrives_becomes_valid_settings(name: str, data: st.DataObject) -> None:
    values = data.draw(values_for(name))
    config, rejected = CONFIGS[name].forgiving(values)
    assert type(config) is CONFIGS[name]
    assert CONFIGS[name](**config.model_dump()) == config
    assert set(rejected) <= set(values)
    assert all(reason for reason in rejected.values())
    defaults = CONFIGS[name]()
    for field in CONFIGS[name].model_fields:
        if field in rejected or field not in values:
            assert getattr(config, field) == getattr(defaults, field), field
        else:
            assert CONFIGS[name](**{field: values[field]}) == defaults.model_copy(
                update={field: getattr(config, field)}
            )


@pytest.mark.parametrize("name", FAMILIES)
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_a_bad_value_resets_no_other(name: str, data: st.DataObject) -> None:
    good = data.draw(any_config(CONFIGS[name]))
    field, nonsense = data.draw(st.tuples(st.sampled_from(sorted(CONFIGS[name].model_fields)), ANYTHING))
    config, rejected = CONFIGS[name].forgiving({**good.model_dump(), field: nonsense})
    assert set(rejected) <= {field}
    assert config.model_copy(update={field: None}) == good.model_copy(update={field: None})


@pytest.mark.parametrize("name", FAMILIES)
def test_each_field_rejects_what_it_cannot_be(name: str) -> None:
    nonsense = {field: {"no": "value"} for field in CONFIGS[name].model_fields}
    config, rejected = CONFIGS[name].forgiving({**nonsense, "nothing": 1})
    assert set(rejected) == {*CONFIGS[name].model_fields, "nothing"}
    assert config == CONFIGS[name]()


class Pair(Config):
    """Settings that are judged together: the complaint names no field."""

    family: ClassVar[str] = "pair"
    low: int = knob(0, "Low", "The lower end.")
    high: int = knob(9, "High", "The upper end.")

    @model_validator(mode="after")
    def ordered(self) -> "Pair":
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


def test_it_ends_when_a_complaint_names_no_field() -> None:
    with pytest.raises(ValidationError) as caught:
        Pair(low=5, high=1)
    assert caught.value.errors()[0]["loc"] == ()
    config, rejected = Pair.forgiving({"low": 5, "high": 1, "seed": 3})
    assert isinstance(config, Pair) and config.low <= config.high
    assert config.seed == 3
    assert rejected and set(rejected) <= {"low", "high"}
    config, rejected = Pair.forgiving({"low": "?", "high": -1, "seed": "?"})
    assert config == Pair() and set(rejected) == {"low", "high", "seed"}


@pytest.mark.parametrize("name", FAMILIES)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_changes_are_what_differs_and_nothing_else(name: str, data: st.DataObject) -> None:
    config = data.draw(any_config(CONFIGS[name]))
    changes, defaults = config.changes(), CONFIGS[name]()
    assert CONFIGS[name](**changes) == config
    assert set(changes) == {
        field for field in CONFIGS[name].model_fields if getattr(config, field) != getattr(defaults, field)
    }
    assert json.loads(json.dumps(changes)) == changes
    assert defaults.changes() == {}


@pytest.mark.parametrize("name", FAMILIES)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_equal_settings_have_one_digest(name: str, data: st.DataObject) -> None:
    config, other = data.draw(any_config(CONFIGS[name])), data.draw(any_config(CONFIGS[name]))
    shuffled = list(config.model_dump(mode="json").items())
    random.Random(0).shuffle(shuffled)
    assert CONFIGS[name](**dict(shuffled)).digest() == config.digest()
    assert (config.digest() == other.digest()) == (config == other)
    assert len(config.digest()) == 12 and int(config.digest(), 16) >= 0


@pytest.mark.parametrize(("field", "value"), [("l2", -0.0), ("noise", -0.0), ("dropout", "-0")])
def test_minus_zero_is_zero(field: str, value: Any) -> None:
    zero: Any = 0.0
    assert MlpConfig(**{field: value}).digest() == MlpConfig(**{field: zero}).digest()


def test_a_digest_is_the_same_in_every_process() -> None:
    other = "MlpConfig(seed=3, learning_rate=.1, extra_features=('x1^2',))"
    code = f"from models.configs import MlpConfig; print(MlpConfig().digest(), {other}.digest())"
    answers = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for seed in ("1", "2")
    ]
    here = [MlpConfig().digest(), MlpConfig(extra_features=("x1^2",), learning_rate=0.1, seed=3).digest()]
    assert answers == [here, here]
    assert here[0] != here[1]


def test_families_with_equal_settings_have_different_digests() -> None:
    class Other(MlpConfig):
        family: ClassVar[str] = "other"

    assert Other().digest() != MlpConfig().digest()


def as_attribute(config: Config) -> None:
    config.seed = 1


def as_unknown(config: Config) -> None:
    config.colour = "blue"  # type: ignore[attr-defined]


@pytest.mark.parametrize("change", [as_attribute, as_unknown])
def test_settings_do_not_change(change: Callable[[Config], None]) -> None:
    for config_class in CONFIGS.values():
        config = config_class()
        with pytest.raises(ValidationError):
            change(config)
        assert config == config_class()


@pytest.mark.parametrize("name", FAMILIES)
def test_unknown_settings_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        CONFIGS[name](**{"colour": "blue"})  # type: ignore[arg-type]
    config, rejected = CONFIGS[name].forgiving({"colour": "blue", "seed": 5})
    assert config == CONFIGS[name](seed=5)
    assert set(rejected) == {"colour"}


@pytest.mark.parametrize("name", FAMILIES)
def test_defaults_are_valid(name: str) -> None:
    defaults = CONFIGS[name]()
    assert CONFIGS[name](**defaults.model_dump()) == defaults
    assert CONFIGS[name](**defaults.model_dump(mode="json")) == defaults


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seed", -1), ("seed", 10_000), ("layers", 7), ("units", 0), ("units", 129), ("learning_rate", 0),
        ("learning_rate", 10.1), ("learning_rate", math.nan), ("epochs", 0), ("epochs", 2001), ("batch_size", 513),
        ("dropout", 0.81), ("l2", -0.1), ("test_share", 0.95), ("samples", 19), ("samples", 4001), ("noise", 0.51),
        ("noise", math.nan), ("dataset", "mnist"), ("upload", "A" * 64), ("upload", "a" * 63),
        ("upload", "a" * 64 + "\n"), ("upload", "../" + "a" * 61), ("target", "a" * 201), ("extra_features", ("x1^3",)),
        ("extra_features", ("x1^2",) * 6), ("batch_normalization", "maybe"),
    ],
)  # fmt: skip
def test_values_out_of_range_are_refused(field: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        MlpConfig(**{field: value})
    assert MlpConfig.forgiving({field: value, "patience": 7})[0] == MlpConfig(patience=7)


def test_no_input_is_computed_twice() -> None:
    with pytest.raises(ValidationError):
        MlpConfig(extra_features=("x1^2", "x1^2"))
