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


SHOWN_MEMBERS = 16  # members that are drawn one by one
TILE_SIDE = 12  # a member's tile has one pixel for each of the first 144 test examples
NOISES = (0.0, 0.1, 0.2, 0.3, 0.5, 0.8)  # standard deviation of the noise on the images, ink being 1


@dataclass(frozen=True)
class ModularView(View):
    """Several small networks and how they come to one answer, at one moment; m members, c classes.

    The answer is p = sum_k g_k p_k: g_k the share of member k (a gate's weight, or 1 / m for voters), p_k its answer.
    2-D sets, all on a grid over the plane, row 0 at the top: surface (60, 60, c) float16, p rounded to 1/64;
    chosen (60, 60) uint8, the member with the largest share; share (60, 60) float16, that share; doubt (60, 60)
    float16, mutual information in bits, that is how far the members disagree; member_maps (shown, 24, 24) float16,
    p_k of the second class; share_maps (shown, 24, 24) float16, g_k. shown = min(m, 16).
    All other fields are of the test data. probabilities (240 or fewer, c) float16, tables only; member_right (shown,
    144 or fewer) uint8, whether p_k is right; member_share (shown, 144 or fewer) float16, g_k. listens (shown, d)
    float16, length of the weight vector that leaves an input for a member's first layer; flow (shown, c) float32,
    mean g_k p_k.
    usage (m,) mean g_k; first_choice (m,) share of examples on which g_k is the largest; share_by_class (m, c) mean g_k
    over the examples of a true class; right_by_class (m, c) how often p_k is right there; without (m,) accuracy when
    member k is taken out and the other shares grow to fill its place; broken (m,) the same when member k answers
    the class opposite to its own, with its full share.
    size_error, size_loss (m,) error and negative log-likelihood in nats of committees of 1 ... m voters, mean over 10
    random orders; voters only. confusion (c, c) int32; calibration, member_calibration (10, 3) float32 per confidence
    bin: examples, mean confidence, share right, of the committee and of all members together (each by itself).
    disagreement (test,) float16, mutual information in bits, rounded to 1/64; right (test,) uint8. Images:
    turned_disagreement (test,) float16, the same for the images turned by 90 degrees; novelty (3,) float32, how well
    largest probability, entropy and disagreement tell turned images from others (area under the ROC curve);
    noise_accuracy, noise_member (6,), accuracy under noise of the committee and of one member (mean); shift_accuracy,
    shift_member (3,), the same when the image is moved by 0, 1, 2 pixels, mean over four directions.
    answer_input (d,), answer_output (c,), answer_members (m, c), answer_share (m,): the answer to a question;
    answer_units stays empty.
    """

    surface: Array | None = None
    chosen: Array | None = None
    share: Array | None = None
    doubt: Array | None = None
    member_maps: Array | None = None
    share_maps: Array | None = None
    probabilities: Array | None = None
    member_right: Array | None = None
    member_share: Array | None = None
    listens: Array | None = None
    flow: Array | None = None
    usage: Array | None = None
    first_choice: Array | None = None
    share_by_class: Array | None = None
    right_by_class: Array | None = None
    without: Array | None = None
    broken: Array | None = None
    size_error: Array | None = None
    size_loss: Array | None = None
    confusion: Array | None = None
    calibration: Array | None = None
    member_calibration: Array | None = None
    disagreement: Array | None = None
    right: Array | None = None
    turned_disagreement: Array | None = None
    novelty: Array | None = None
    noise_accuracy: Array | None = None
    noise_member: Array | None = None
    shift_accuracy: Array | None = None
    shift_member: Array | None = None
    answer_input: Array | None = None
    answer_output: Array | None = None
    answer_members: Array | None = None
    answer_share: Array | None = None
    answer_units: Array | None = None


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


GAN_FAKES = 240  # generated points that are recorded
GAN_HEAT = 32  # the discriminator's map: cells along each axis
GAN_NET = 15  # noise grid that the generator bends: lines along each axis
GAN_ARROWS = 80  # generated points whose gradient is recorded
GAN_SAMPLES = 36  # generated images that are recorded


@dataclass(frozen=True)
class GanView(View):
    """A discriminator and a generator at one moment.

    2-D: fakes (240, 2) float16 in the coordinates of the picture, from one fixed noise; heat (32, 32) uint8, the
    discriminator's verdict from 0 generated to 255 real, row 0 at the top: a sigmoid of the score, the score cut to
    0 to 1 for least squares, the score stretched between its extremes for Wasserstein; net (225, 2) float16, where
    a grid of noise goes, the first two noise numbers at the quantiles 2 to 98 %, the others 0; pulls (80, 2)
    float16, minus the gradient of the generator's loss with respect to each of the first fakes, by the picture's
    coordinates; mode_counts (k,) int32, of 2,000 samples, those of high quality at each spot (digits: of 500, by
    the class of the nearest training image). Images: samples (36, h, w) float16; nearest_rows (36,) int32, nearest
    training images; nearest_away (36,) float32, their distance; sharpness (1,), variance of the Laplacian of 500
    samples. scores_real, scores_fake: (100,) float16 scores of held-out data and of samples.

    Answers only. before_heat, after_heat: (32, 32), the verdict, 0 to 1, before and after one update of D;
    before_fakes, after_fakes: (80, 2) before and after one update of G; slow_pulls (80, 2), the gradients between;
    slow_losses (4,): D's loss before and after its update, G's before and after its own, on that batch; slow_rates
    (2,): the learning rates of both updates. walk (n, h, w) or (n, 2): samples along an arc of noise; twins (n, h, w):
    nearest training image to each.
    """

    fakes: Array | None = None
    heat: Array | None = None
    net: Array | None = None
    pulls: Array | None = None
    mode_counts: Array | None = None
    samples: Array | None = None
    nearest_rows: Array | None = None
    nearest_away: Array | None = None
    sharpness: Array | None = None
    scores_real: Array | None = None
    scores_fake: Array | None = None
    before_heat: Array | None = None
    after_heat: Array | None = None
    before_fakes: Array | None = None
    after_fakes: Array | None = None
    slow_pulls: Array | None = None
    slow_losses: Array | None = None
    slow_rates: Array | None = None
    walk: Array | None = None
    twins: Array | None = None


SHOWN_MAPS = 16  # feature maps of a block that are recorded
SHOWN_IMAGES = 144  # test images whose predictions are recorded one by one
MAP_LEVELS = 63  # a recorded feature map has so many steps of grey


@dataclass(frozen=True)
class CnnView(View):
    """A convolutional network at one moment. h, w, c: height, width and channels of an image; k: side of a kernel.

    kernels: (first filters shown, k, k, c) float16, weights of the first convolution. maps: uint8, the shown feature
    maps of the first test image after each block's activation, one behind the other (shapes: see the scene), each in
    63rds of its largest value; map_peaks: (maps,) float32, that value. edges: float16, mean weight between
    the shown maps (then hidden units, then outputs) of consecutive columns, each (from, to), flattened.
    probabilities: (144 or fewer, classes) float16; confusion: (classes, classes) int32, row = truth;
    calibration: (10, 3) float32 per confidence bin: examples, mean confidence, share right; worst_rows: (12 or fewer,)
    int32, test images with the largest loss; worst_inputs: (12, h, w, c) uint8, in 255ths; worst_outputs: (12, classes)
    float16; worst_truths: (12,) int32. Of large sets the first 2,000 test images count, at the last step all of them.

    The answer to a question. answer_input: (h, w, c) float32; answer_output: (classes,) float32; answer_maps: float16,
    as `maps` but in their own unit; answer_shapes: (blocks, 3) maps shown, height, width; grad_cam: (height, width)
    float32 of the last block, for the likeliest class; occlusion: (places, places) float32, fall of that class's
    probability while a square of occlusion_side: (1,) pixels is empty, at places occlusion_step: (1,) pixels apart.
    The sliding window. window_input: (height, width, channels) float32, what the convolution sees; window_kernel:
    (k, k, channels) float32; window_bias: (1,); window_sums: (height', width') float32, z, before normalization and
    bend; window_padding: (1,) zeros added over and left of the picture.
    shift_accuracy: (2 r + 1, 2 r + 1) float32, share right of the test images moved down (axis 0) and right (axis 1),
    from -r to r pixels.
    """

    kernels: Array | None = None
    maps: Array | None = None
    map_peaks: Array | None = None
    edges: Array | None = None
    probabilities: Array | None = None
    confusion: Array | None = None
    calibration: Array | None = None
    worst_rows: Array | None = None
    worst_inputs: Array | None = None
    worst_outputs: Array | None = None
    worst_truths: Array | None = None
    answer_input: Array | None = None
    answer_output: Array | None = None
    answer_maps: Array | None = None
    answer_shapes: Array | None = None
    grad_cam: Array | None = None
    occlusion: Array | None = None
    occlusion_side: Array | None = None
    occlusion_step: Array | None = None
    window_input: Array | None = None
    window_kernel: Array | None = None
    window_bias: Array | None = None
    window_sums: Array | None = None
    window_padding: Array | None = None
    shift_accuracy: Array | None = None


SHOWN_PAIRS = 20  # test examples that are drawn beside what they are rebuilt as
SHOWN_CODES = 160  # test examples whose codes are recorded
WORST_REBUILT = 8  # normal test examples with the largest errors
SHOWN_SAMPLES = 20  # draws that are decoded
PLANE_CELLS = 7  # decoded pictures along each side of the plane of codes


@dataclass(frozen=True)
class AutoencoderView(View):
    """An autoencoder at one moment: d inputs, k code numbers, m test examples, pictures as uint8 in 15ths of full ink.

    rebuilt: (20, d), pictures, tables float16, what the shown test examples became; errors: (m,), mean squared error of
    each test example, float32 where there are anomalies, else float16; spreads: (k,) float32, deviation of each code
    number over the test examples; divergences: (k,) float32, its KL divergence from N(0, 1) in nats, variational only.
    codes: (160, 1 or 2) float16, first code numbers; limits: (1 or 2, 2) float32, ends of the plane of codes; grid:
    (7 or 7 x 7, d), images: decoded in the middles of its cells, row by row from the top, all further code numbers at
    the mean of the training codes. samples: (20, d), images: decoded draws from N(0, 1) if variational, otherwise from
    a Gaussian with mean and covariance of the training codes.
    units: float16, the first shown example in the drawn units of each layer between input and output, flattened (maps:
    height, width, map); edges: float16, weights between the drawn units of consecutive dense layers, each (from, to),
    flattened, in 15ths of the largest. worst_rows: (8 or fewer,) int32, normal test examples with the largest error;
    worst_inputs, worst_outputs: (8, d), like `rebuilt`, what the network saw and made of them.
    Answers: answer_codes (n, k); answer_outputs (n, d), decoded; answer_agreement (n,), see
    models/autoencoder_measures.py; answer_blend (n, d), blends of two inputs; answer_agreement_blend (n,);
    answer_input (d,); answer_error (1,) mean squared error.
    """

    rebuilt: Array | None = None
    errors: Array | None = None
    spreads: Array | None = None
    divergences: Array | None = None
    codes: Array | None = None
    limits: Array | None = None
    grid: Array | None = None
    samples: Array | None = None
    units: Array | None = None
    edges: Array | None = None
    worst_rows: Array | None = None
    worst_inputs: Array | None = None
    worst_outputs: Array | None = None
    answer_codes: Array | None = None
    answer_outputs: Array | None = None
    answer_agreement: Array | None = None
    answer_agreement_blend: Array | None = None
    answer_blend: Array | None = None
    answer_input: Array | None = None
    answer_error: Array | None = None


VIEWS: dict[str, type[View]] = {
    "autoencoder": AutoencoderView,
    "rbf": RbfView,
    "mlp": MlpView,
    "cnn": CnnView,
    "backpropagation": BackpropagationView,
    "gradient_flow": GradientFlowView,
    "modular": ModularView,
    "som": SomView,
    "gan": GanView,
}
