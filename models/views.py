"""What each family shows of its inside: one frozen dataclass of arrays per family; imports no Keras.

A view can therefore be opened by the web process, which never imports TensorFlow.
"""

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


SLICE_SIZE = 33  # slice of the loss surface: cells along each axis
SLICE_EXTENT = 6.0  # of the two weights, from -6 to 6


@dataclass(frozen=True)
class BackpropagationView(View):
    """A small network while optimizers race, and the answers to the questions of the lessons. P: parameters.

    weights: (P,) float32, kernel and bias of each layer in turn, flattened as Keras stores them. surface: (33, 33)
    float32, mean training loss over the first two weights into the first unit (axis 0: second weight, row 0 at the
    top; axis 1: first weight), all other weights as they are now. unit_maps: (hidden units + outputs, 24, 24) float16,
    2-D sets: activation of each unit over the plane, at the output the probability or the prediction.

    One example, all float64; U: units of hidden layers and output, in order. inputs: (n,); target: (1,);
    parameters: (P,); sums: (U,) z = Wx + b; outputs: (U,) a = f(z), at the output the prediction; slopes: (U,) f'(z),
    at the output the share of da/dz on its own z; pulls: (U,) dL/da; deltas: (U,) dL/dz; loss: (1,); by_hand, by_tape,
    by_differences: (P,) dL/dw three times; kink: (1,) 1 if a bend without a slope lies within reach of the differences;
    updated: (P,) after one step of plain descent; loss_after: (1,).
    One step, O: sgd, momentum, rmsprop, adam; S: seeds. rate: (1,) its learning rate; before, after, predicted: (O, S)
    losses and predicted change; rates: (R,) learning rates; changes: (O, R, S) change of the loss.
    bend_grid: (G,) z; bends, bend_slopes: (10, G), activations in the order of the settings.
    loss_grid: (G,) logit; loss_values, loss_slopes: (4, G) of the losses for a target of 1; race_steps: (T,);
    race_accuracy, race_loss: (4, T) of networks trained with them from the same weights (regression: accuracy is R2).
    perceptron_mistakes: (presentations,) running count on iris; perceptron_orders: (100,) mistakes until done, per
    order; perceptron_bound: (3,) radius, margin, bound; xor_mistakes: (presentations,) running count on XOR.
    """

    weights: Array | None = None
    surface: Array | None = None
    unit_maps: Array | None = None
    inputs: Array | None = None
    target: Array | None = None
    parameters: Array | None = None
    sums: Array | None = None
    outputs: Array | None = None
    slopes: Array | None = None
    pulls: Array | None = None
    deltas: Array | None = None
    loss: Array | None = None
    by_hand: Array | None = None
    by_tape: Array | None = None
    by_differences: Array | None = None
    kink: Array | None = None
    updated: Array | None = None
    loss_after: Array | None = None
    before: Array | None = None
    after: Array | None = None
    predicted: Array | None = None
    rate: Array | None = None
    rates: Array | None = None
    changes: Array | None = None
    bend_grid: Array | None = None
    bends: Array | None = None
    bend_slopes: Array | None = None
    loss_grid: Array | None = None
    loss_values: Array | None = None
    loss_slopes: Array | None = None
    race_steps: Array | None = None
    race_accuracy: Array | None = None
    race_loss: Array | None = None
    perceptron_mistakes: Array | None = None
    perceptron_orders: Array | None = None
    perceptron_bound: Array | None = None
    xor_mistakes: Array | None = None


@dataclass(frozen=True)
class GradientFlowView(View):
    """A deep stack at one moment, all float64 where not said otherwise; the gradients are those of the mean loss of the
    first 256 training examples, in training mode.

    signal: (depth,) norm of the gradient at the output h of each hidden layer; weight_gradients: (kernels,) norm of the
    gradient of each kernel, the output's last; sizes: (depth,) root mean square of h; slopes: (depth,) root mean square
    of f'(z). edges: float16, gradients of a few weights as shares of the largest of them, (drawn layers + 1, pairs)
    flattened: into each drawn layer from the one before it (the first: from pixels), and into the output; pairs: see
    `models.gradient_measures.drawn_pairs`. sum_histograms: (depth, 24) float16, share of the sums z per bin;
    sum_ranges: (depth, 2) float32 smallest and largest; activation_histograms, activation_ranges: the same of a = f(z).

    Answers only. compared, compared_theory: (stacks, layers) signal of other stacks at initialization, and theory's as
    a multiple of the last layer's; 0 beyond the end of a shorter stack, and where theory has no answer. Asked in
    doubt: eight draws of one stack, and two kinds of theory, see `models.gradient_flow.doubted`.
    recurrent: (5, steps) share of the gradient left at each step: SimpleRNN, GRU, LSTM, LSTM with chrono bias,
    attention.
    """

    signal: Array | None = None
    weight_gradients: Array | None = None
    sizes: Array | None = None
    slopes: Array | None = None
    edges: Array | None = None
    sum_histograms: Array | None = None
    sum_ranges: Array | None = None
    activation_histograms: Array | None = None
    activation_ranges: Array | None = None
    compared: Array | None = None
    compared_theory: Array | None = None
    recurrent: Array | None = None


VIEWS: dict[str, type[View]] = {
    "mlp": MlpView,
    "backpropagation": BackpropagationView,
    "gradient_flow": GradientFlowView,
}
