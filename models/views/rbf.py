"""A network of radial basis functions at one moment. Units are m, outputs c (one per class, or one number)."""

from dataclasses import dataclass

from models.base import Array, View

SHOWN_BUMPS = 40  # units whose bumps and output weights are recorded
CURVE_SIZE, BUMP_SIZE = 241, 81  # places at which the sum and each bump of a 1-D network are recorded


@dataclass(frozen=True)
class RbfView(View):
    """A network of radial basis functions at one moment. Units are m, outputs c (one per class, or one number).

    widths: (m,) float32, in the network's inputs (thin plate: ones); output_weights: (40 or fewer, c) float32, on
    standardized targets; bias: (c,) float32; joined: (1,) int32, units with an output weight other than zero.
    One input: curve: (241,) float32, the network's sum in the target's unit; bumps: (40 or fewer, 81) float32, weight
    times bump, in the target's unit; line_centres: (m,) float32. Both over scene["line_ends"].
    2-D sets: surface (60, 60, c) and unit_maps (16 or fewer, 24, 24) float16 as in MlpView; plane_centres: (m, 2)
    float32 in the coordinates of the picture. Images: centre_images: (32 or fewer, height, width) float16.
    edges: float16, centres of the shown units (from input to unit), then output weights, each (from, to), flattened.
    probabilities, predictions, confusion, worst_*: as in MlpView; a class's probability is its score, cut to 0..1 and
    divided by the sum over the classes.
    answer_*: as in MlpView. answer_rows: (8 or fewer,) int32, the units most active for the example, answer_values:
    their activations. far_*, dimension_*, smooth_*: answers to the lessons' questions, see models/rbf_questions.py.
    """

    widths: Array | None = None
    output_weights: Array | None = None
    bias: Array | None = None
    joined: Array | None = None
    curve: Array | None = None
    bumps: Array | None = None
    line_centres: Array | None = None
    surface: Array | None = None
    unit_maps: Array | None = None
    plane_centres: Array | None = None
    centre_images: Array | None = None
    edges: Array | None = None
    probabilities: Array | None = None
    predictions: Array | None = None
    confusion: Array | None = None
    worst_rows: Array | None = None
    worst_inputs: Array | None = None
    worst_outputs: Array | None = None
    worst_truths: Array | None = None
    answer_input: Array | None = None
    answer_output: Array | None = None
    answer_units: Array | None = None
    answer_rows: Array | None = None
    answer_values: Array | None = None
    far_radius: Array | None = None
    far_rbf: Array | None = None
    far_activation: Array | None = None
    far_mlp: Array | None = None
    far_accuracy: Array | None = None
    far_data_radius: Array | None = None
    dimension_count: Array | None = None
    dimension_rbf: Array | None = None
    dimension_neighbours: Array | None = None
    dimension_mlp: Array | None = None
    smooth_x: Array | None = None
    smooth_y: Array | None = None
    smooth_query: Array | None = None
    smooth_kernel: Array | None = None
    smooth_attention: Array | None = None
    smooth_trained: Array | None = None
    smooth_errors: Array | None = None
    smooth_width: Array | None = None
