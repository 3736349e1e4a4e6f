"""Settings as text, in an address or on a command line, and back; every value passes the Config."""

from collections.abc import Mapping, Sequence
from typing import Any, get_origin

from models.configs import Config

RESERVED = frozenset(
    {"run", "compare", "present", "slide", "hide", "notes", "preset", "embed", "embed_options"}
)  # not settings


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
    return _from_text(config_class, {name: text for name, text in query.items() if name not in RESERVED})


def parse_settings(config_class: type[Config], words: Sequence[str]) -> tuple[Config, dict[str, str]]:
    """Return the settings of "name=value" words, and the reasons why some cannot be used."""
    values: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not (name and sign):
            wrong[word] = "write name=value"
        elif name in values:
            wrong[name] = "it is given twice"
        values[name] = value
    known = {name: value for name, value in values.items() if name not in wrong and f"{name}=" not in wrong}
    config, rejected = _from_text(config_class, {name: value for name, value in known.items() if name})
    return config, {**wrong, **rejected}


def _from_text(config_class: type[Config], texts: Mapping[str, str]) -> tuple[Config, dict[str, str]]:
    values: dict[str, Any] = {}
    for name, text in texts.items():
        field = config_class.model_fields.get(name)
        several = field is not None and is_tuple(field.annotation)
        values[name] = tuple(filter(None, text.split(","))) if several else text
    return config_class.forgiving(values)
