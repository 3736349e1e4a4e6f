"""A self-organizing map at one moment; units count row by row from the top left."""

from dataclasses import dataclass

from models.base import Array, View

SHOWN_POINTS = 600  # self-organizing map: training examples drawn in the plane
SHOWN_COMPONENTS = 64  # components of each prototype that are recorded


@dataclass(frozen=True)
class SomView(View):
    """A self-organizing map at one moment; units count row by row from the top left.

    prototypes: (units, 64 or fewer) float16, the first components of each unit's prototype, rounded to 1/128 of the
    largest.
    places: (units, 2) float16, the prototypes in the plane of the picture: x1 and x2, or the two principal axes.
    u_matrix: (units,) float16, mean distance of each prototype to those of the units that touch it.
    hits: (units,) int32, training examples won (of at most 4,000); won: (units, classes) int32, by class;
    mean_targets: (units,) float32, their mean target in its unit, instead of `won` for a regression.
    turns: (triangles,) int8, the sense of rotation of each triangle of the net in the plane.
    test_best: (240 or fewer,) int32, the best unit of each test example.
    photo_units: (pixels,) uint16, photographs only: the best unit of each pixel, row by row.
    answer_input: (d,) the example a question was about; answer_distances: (units,) float32, to every prototype.
    """

    prototypes: Array | None = None
    places: Array | None = None
    u_matrix: Array | None = None
    hits: Array | None = None
    won: Array | None = None
    mean_targets: Array | None = None
    turns: Array | None = None
    test_best: Array | None = None
    photo_units: Array | None = None
    answer_input: Array | None = None
    answer_distances: Array | None = None
