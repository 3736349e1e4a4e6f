"""Where the units of a self-organizing map stand on their grid, how far apart they are, and which ones touch.

Units count row by row from the top left. On a rectangular grid neighbours are 1 apart; a hexagonal grid shifts every
other row by one half and sets the rows sqrt(3) / 2 apart, so that six neighbours are 1 away (Kohonen, "Self-Organizing
Maps", 3rd ed. 2001, section 3.2). A toroidal grid has no border: the left edge touches the right one, the top the
bottom.
"""

from dataclasses import dataclass

import numpy as np

from models.base import Array

ROW_PITCH = {"rectangular": 1.0, "hexagonal": 3.0**0.5 / 2.0}
TOUCHING, DIAGONAL = 1.05, 2.05  # squared distances of neighbours: sharing an edge; on a square grid also a corner


@dataclass(frozen=True)
class Grid:
    """The shape of a map. kind: "rectangular" or "hexagonal"; toroidal: opposite edges touch."""

    rows: int
    columns: int
    kind: str = "rectangular"
    toroidal: bool = False

    @property
    def units(self) -> int:
        """Return how many units the map has."""
        return self.rows * self.columns

    def positions(self) -> Array:
        """Return where each unit stands, in distances between neighbours, x to the right, y downward: (units, 2)."""
        row, column = np.divmod(np.arange(self.units), self.columns)
        shift = 0.5 * (row % 2) if self.kind == "hexagonal" else 0.0
        return np.stack([column + shift, row * ROW_PITCH[self.kind]], axis=1)

    def squared_distances(self) -> Array:
        """Return the squared distance on the grid between any two units, the shorter way round on a torus: (u, u)."""
        places = self.positions()
        gaps = np.abs(places[:, None, :] - places[None, :, :])
        if self.toroidal:
            size = np.array([self.columns, self.rows * ROW_PITCH[self.kind]])
            gaps = np.minimum(gaps, size - gaps)
        return np.asarray((gaps**2).sum(axis=2))

    def touching(self, diagonal: bool = False) -> Array:
        """Return which pairs of units are neighbours, (units, units) bool: those that share an edge.

        diagonal: on a rectangular grid also those that share a corner (8 in all); a hexagonal grid has six either way.
        """
        squared = self.squared_distances()
        reach = DIAGONAL if diagonal and self.kind == "rectangular" else TOUCHING
        return np.asarray((squared > 0.0) & (squared < reach))

    def triangles(self) -> Array:
        """Return the flat net cut into triangles, all with one sense of rotation on the grid: (triangles, 3)."""
        corner = np.arange(self.units).reshape(self.rows, self.columns)
        here, right, below, both = corner[:-1, :-1], corner[:-1, 1:], corner[1:, :-1], corner[1:, 1:]
        even = np.arange(self.rows - 1)[:, None] % 2 == 0
        lean = np.broadcast_to(even | (self.kind == "rectangular"), here.shape)
        first = np.where(lean[..., None], np.stack([here, right, below], -1), np.stack([here, right, both], -1))
        second = np.where(lean[..., None], np.stack([right, both, below], -1), np.stack([here, both, below], -1))
        return np.concatenate([first.reshape(-1, 3), second.reshape(-1, 3)]).astype(np.int32)
