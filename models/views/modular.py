"""Several small networks and how they come to one answer, at one moment; m members, c classes."""

from dataclasses import dataclass

from models.base import Array, View

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
