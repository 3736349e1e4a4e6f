"""The run a page shows, whether it trains right now, was just trained, or comes from the store: one shape for all."""

from dataclasses import dataclass, field
from typing import Any

from lab.engine.messages import FINAL, SCENE_STEP, Arrays, Progress, unpack
from lab.run_files import Record
from models.configs import CONFIGS, Config
from models.views import VIEWS


@dataclass
class ShownRun:
    """What the pictures and the provenance line need of a run.

    origin: "live" (trained in this session), "stored" (from this machine's store) or "example" (shipped with the app).
    rows: one dict per recorded step: step, epoch, seconds, metrics. moments: (step, arrays), newest last; only the
    newest ones of a run that still trains. cursor: where the next poll goes on. stepping: a paused run
    still does a piece of work it was asked for.
    """

    run_id: str
    family: str
    config: dict[str, Any]
    origin: str
    state: str = "preparing"
    message: str = ""
    position: int = 0
    facts: dict[str, Any] = field(default_factory=dict)
    scene: Arrays = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    moments: list[tuple[int, Arrays]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    cursor: int = 0
    stepping: bool = False
    learning_rate: float = 0.0
    created: str = ""
    device: str = ""
    seconds: float = 0.0
    versions: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_record(cls, record: Record, origin: str = "") -> "ShownRun":
        """Open a stored run."""
        views = dict(record.views)
        scene = views.pop(SCENE_STEP, {})
        return cls(
            run_id=record.run_id, family=record.family, config=dict(record.config),
            origin=origin or ("example" if record.example else "stored"), state=record.status, message=record.message,
            facts=record.facts, scene=scene, rows=record.metrics, moments=sorted(views.items()), events=record.events,
            cursor=len(record.metrics), created=record.created, device=record.device, seconds=record.seconds,
            versions=record.versions, learning_rate=float(record.config.get("learning_rate", 0.0)),
        )  # fmt: skip

    def update(self, progress: Progress) -> None:
        """Take in the answer to a poll."""
        self.state, self.message, self.position = progress.state, progress.message, progress.position
        self.facts = dict(progress.facts) or self.facts
        self.learning_rate = progress.learning_rate or self.learning_rate
        if progress.scene:
            self.scene = unpack(progress.scene)
        if progress.rows and progress.rows[0]["step"] == 0 and self.cursor == 0:
            self.rows = []
        self.rows.extend(progress.rows)
        self.cursor, self.stepping = progress.cursor, progress.stepping
        if progress.latest is not None:
            self.moments = [(progress.latest.step, progress.latest.arrays())]
            self.seconds = progress.latest.seconds

    @property
    def active(self) -> bool:
        """Whether it trains, or is about to."""
        return self.state in ("queued", "running", "paused", "stopping", "saving")

    @property
    def final(self) -> bool:
        """Whether it has ended."""
        return self.state in FINAL

    @property
    def settings(self) -> Config:
        """The settings as the family's Config."""
        return CONFIGS[self.family](**self.config)

    @property
    def total_steps(self) -> int:
        """Optimizer steps of the complete run; 1 while unknown."""
        return int(self.facts.get("total_steps", 0)) or 1

    @property
    def step(self) -> int:
        """Optimizer steps done at the newest snapshot."""
        return int(self.rows[-1]["step"]) if self.rows else 0

    def view(self, place: int = -1) -> Any:
        """Return the family's view at a recorded place (default: the newest), None before the first snapshot."""
        if not self.moments:
            return None
        return self.viewed(self.moments[place][1])

    def views(self) -> list[Any]:
        """Return all recorded views, oldest first."""
        return [self.viewed(arrays) for _, arrays in self.moments]

    def viewed(self, arrays: Arrays) -> Any:
        """Return arrays as the family's view."""
        return VIEWS[self.family].from_arrays(arrays)
