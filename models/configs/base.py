"""What the settings of all families share: the base class, what a setting is, kinds of values."""

import hashlib
import json
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError


def knob(default: Any, label: str, description: str, *, unit: str = "", scale: str = "linear", **bounds: Any) -> Any:
    """A setting that a person can turn. scale: "linear", or "log" for steps of 1, 3, 10, 30."""
    extra: dict[str, Any] = {"label": label, "unit": unit, "scale": scale}
    return Field(default=default, description=description, json_schema_extra=extra, **bounds)


class Config(BaseModel):
    """A family's settings, immutable; two runs with equal settings and equal versions are the same run."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    family: ClassVar[str]

    seed: int = knob(0, "Seed", "Fixes the data, the first weights and the order of the examples.", ge=0, le=9999)

    def changes(self) -> dict[str, Any]:
        """Return the fields that differ from the defaults, as JSON values."""
        defaults = type(self)().model_dump(mode="json")
        return {name: value for name, value in self.model_dump(mode="json").items() if value != defaults[name]}

    def digest(self) -> str:
        """Return a short name for these settings, equal for equal settings on every machine."""
        values = self.model_dump(mode="json")
        values = {name: value + 0.0 if isinstance(value, float) else value for name, value in values.items()}  # no -0.0
        text = json.dumps({"family": self.family, **values}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @classmethod
    def forgiving(cls, values: dict[str, Any]) -> tuple["Config", dict[str, str]]:
        """Return a valid config, and by field name the reason why a value was replaced by its default."""
        rejected: dict[str, str] = {name: "there is no such setting" for name in values if name not in cls.model_fields}
        kept = {name: value for name, value in values.items() if name in cls.model_fields}
        while True:
            try:
                return cls(**kept), rejected
            except ValidationError as error:
                for problem in error.errors():
                    name = str(problem["loc"][0]) if problem["loc"] else next(iter(kept))
                    kept.pop(name, None)
                    rejected.setdefault(name, problem["msg"])


TWO_DIMENSIONAL = ("circle", "xor", "gaussians", "spiral", "moons", "plane")
TABLES = ("iris", "wine", "breast_cancer", "diabetes", "cars", "seattle_weather")
Digest = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]
STARTING_POINTS = "-2.6,-0.6;-2,0.4;-1.5,0.9;-0.9,0.2;-0.3,-0.8;0.4,-0.3;0.9,0.8;1.5,1.2;2.1,0.1;2.7,-0.7"
_POINT = r"-?\d(\.\d)?,-?\d(\.\d)?"
ClickedPoints = Annotated[str, Field(pattern=rf"^({_POINT}(;{_POINT}){{0,59}})?$")]
