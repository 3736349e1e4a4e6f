"""A small network while optimizers race, and the answers to the questions of the lessons. P: parameters."""

from dataclasses import dataclass

from models.base import Array, View

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
