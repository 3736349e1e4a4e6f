"""A deep stack at one moment, all float64 where not said otherwise; the gradients are those of the mean loss of the"""

from dataclasses import dataclass

from models.base import Array, View


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
