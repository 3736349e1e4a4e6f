"""A multilayer perceptron at one moment."""

from dataclasses import dataclass

from models.base import Array, View

SURFACE_SIZE = 60  # decision surface: cells along each axis
MAP_SIZE = 24  # maps of single units: cells along each axis
SHOWN_EXAMPLES = 240  # test examples whose predictions are recorded one by one
WORST = 12  # most wrong test examples that are recorded with their inputs
BINS = 24  # histogram bins of the activations
CALIBRATION_BINS = 10


@dataclass(frozen=True)
class MlpView(View):
    """A multilayer perceptron at one moment.

    surface: (60, 60, c) float16, 2-D sets: class probabilities, or the prediction in the target's unit (c = 1), on a
    grid over the plane, row 0 at the top, rounded to 1/64 of the largest (as are the maps). unit_maps: (units shown,
    24, 24) float16, activation of each shown hidden unit over the plane, first layer first. unit_weights: (units shown,
    height, width) float16, images: the weights of the first layer. responses: (units shown, groups) float16, tables:
    mean activation of each shown hidden unit, first layer first, then of each shown output, over the test examples of
    each class, or of each quarter of the target from low to high. edges: float16, weights between the shown units of
    consecutive layers, each (from, to), flattened, one behind the other.
    probabilities: (240 or fewer, c) float16, the first test examples; predictions: the same for a regression, float32
    in the target's unit. confusion: (c, c) int32, all test examples, row = truth, column = prediction.
    calibration: (10, 3) float32 per confidence bin: examples, mean confidence, share right; all test examples.
    worst_rows: (12 or fewer,) int32 indices of the test examples with the largest loss; worst_inputs: their inputs;
    worst_outputs: their probabilities or predictions; worst_truths: their targets, in the target's unit.
    histograms: (hidden layers, 24) float32, share of activations per bin; histogram_edges: (hidden layers, 25);
    dead: (hidden layers,) float32, share of units that are zero for every test example; saturated: share of
    activations in the flat ends of f.
    answer_input: (d,) the input a question was about; answer_output: (c,) its probabilities or (1,) its prediction;
    answer_units: float32, activation of the shown hidden units, first layer first.
    """

    surface: Array | None = None
    unit_maps: Array | None = None
    unit_weights: Array | None = None
    responses: Array | None = None
    edges: Array | None = None
    probabilities: Array | None = None
    predictions: Array | None = None
    confusion: Array | None = None
    calibration: Array | None = None
    worst_rows: Array | None = None
    worst_inputs: Array | None = None
    worst_outputs: Array | None = None
    worst_truths: Array | None = None
    histograms: Array | None = None
    histogram_edges: Array | None = None
    dead: Array | None = None
    saturated: Array | None = None
    answer_input: Array | None = None
    answer_output: Array | None = None
    answer_units: Array | None = None
