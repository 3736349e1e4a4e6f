"""Settings as text, in an address or on a command line, and back; every value passes the Config."""

from collections.abc import Mapping, Sequence
from typing import Any, get_origin

from models.configs import Config

RESERVED = frozenset({"run", "compare", "present", "embed", "embed_options"})


def is_tuple(annotation: Any) -> bool:
    """Whether a field holds several values."""
    return get_origin(annotation) is tuple


def to_query(config: Config) -> dict[str, str]:
    """Return the settings that differ from the defaults, as text for an address."""
    return {name: _text(value) for name, value in config.changes().items()}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return ",".join(str(item) for item in value) if isinstance(value, list) else str(value)


def from_query(config_class: type[Config], query: Mapping[str, str]) -> tuple[Config, dict[str, str]]:
    """Return the settings of an address, and by field the reason why a value fell back to its default."""
    values: dict[str, Any] = {}
    for name, text in query.items():
        if name in RESERVED:
            continue
        field = config_class.model_fields.get(name)
        several = field is not None and is_tuple(field.annotation)
        values[name] = tuple(filter(None, text.split(","))) if several else text
    return config_class.forgiving(values)


def parse_settings(config_class: type[Config], words: Sequence[str]) -> tuple[Config, dict[str, str]]:
    """Return the settings of "name=value" words, and the reasons why some cannot be used."""
    pairs = [word.partition("=") for word in words]
    wrong = {name: "write name=value" for name, sign, _ in pairs if not sign}
    config, rejected = from_query(config_class, {name: value for name, sign, value in pairs if sign})
    return config, {**wrong, **rejected}
