"""Two panels of the stage for sequences: who looks at whom in every head, and what is said at every place."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from lab.charts.stage_panels import Frame
from models.base import Array

LEVELS = 255


@dataclass(frozen=True, kw_only=True)
class AttentionPanel(Frame):
    """The attention of all heads as small maps, one row of maps a layer; purple is weight, rows ask.

    maps: (frames, L, H, T, S) weights in 0..1; down, across: the tokens on both sides; names: for each frame a name for
    each head, (frames, L x H).
    """

    kind: ClassVar[str] = "attention"
    maps: Array
    down: tuple[str, ...]
    across: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]

    def frame_count(self) -> int | None:
        """Return the number of frames."""
        return len(self.maps)

    def to_payload(self) -> dict[str, Any]:
        """Return the panel as JSON data. Raises ValueError on shapes that do not fit."""
        if self.maps.ndim != 5 or self.maps.shape[3:] != (len(self.down), len(self.across)):
            raise ValueError(
                f"{self.title!r}: maps must be (frames, layers, heads, {len(self.down)}, {len(self.across)})"
            )
        if len(self.names) != len(self.maps) or any(len(row) != np.prod(self.maps.shape[1:3]) for row in self.names):
            raise ValueError(f"{self.title!r}: every frame needs a name for each head")
        levels = np.rint(np.clip(np.nan_to_num(self.maps.astype(np.float32)), 0, 1) * LEVELS).astype(np.uint8)
        return {
            **self._shared(),
            "layers": int(self.maps.shape[1]),
            "heads": int(self.maps.shape[2]),
            "maps": [packed(frame) for frame in levels],
            "down": list(self.down),
            "across": list(self.across),
            "names": [list(row) for row in self.names],
        }


@dataclass(frozen=True, kw_only=True)
class SequencePanel(Frame):
    """What is said at every place of some sequences: each cell holds the token read and the one said under it.

    read, wanted: (E, T) texts, wanted "" where nothing is asked; said: (frames, E, T) texts; right: (frames, E, T) the
    probability of the wanted token, 0..1.
    """

    kind: ClassVar[str] = "sequence"
    read: tuple[tuple[str, ...], ...]
    wanted: tuple[tuple[str, ...], ...]
    said: Array
    right: Array

    def frame_count(self) -> int | None:
        """Return the number of frames."""
        return len(self.said)

    def to_payload(self) -> dict[str, Any]:
        """Return the panel as JSON data; what is said travels as places in a list of its texts."""
        texts, places = np.unique(self.said, return_inverse=True)
        return {
            **self._shared(),
            "read": [list(row) for row in self.read],
            "wanted": [list(row) for row in self.wanted],
            "texts": [str(text) for text in texts],
            "said": [frame.ravel().tolist() for frame in places.reshape(self.said.shape)],
            "right": [
                packed(np.rint(np.clip(frame.astype(np.float32), 0, 1) * LEVELS).astype(np.uint8))
                for frame in self.right
            ],
        }


def packed(levels: Array) -> str:
    """Return uint8 numbers as base64 text."""
    return b64encode(np.ascontiguousarray(levels, np.uint8).tobytes()).decode("ascii")
