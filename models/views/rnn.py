"""A plain recurrent network at one moment. T: steps; d: inputs of a step."""

from dataclasses import dataclass

from models.base import Array, View

SHOWN_STATES = 32  # units of a layer whose states are recorded
SHOWN_UNITS = 12  # units of a layer that the network's drawing shows
SHOWN_ANSWERS = 240  # test sequences whose answers are recorded one by one
STATE_LEVELS = 127


@dataclass(frozen=True)
class RnnView(View):
    """A plain recurrent network at one moment. T: steps; d: inputs of a step; A: answers of one sequence.

    states: (layers, T, 32 or fewer) int8, hidden states while it reads the first test sequence, in 127ths of
    state_peaks: (layers,) float32, the largest of each layer. gradient: (T,) float32, mean length of d answer / d input
    by lag, over 64 test sequences; lag 0 is the last step. slopes: adding problem only, (12, T) float32, d sum /
    d number of the first test sequences; slope_means: (2,) float32, its mean at marked and at unmarked numbers.
    radius: (layers,) float32, largest absolute eigenvalue of U. edges: float16, weights between the drawn inputs, the
    drawn units of each layer and the drawn outputs, each (from, to), flattened, with each layer's own (from, to)
    behind the one that leads into it.
    predictions: regressions only, (240 or fewer,) float32, in the target's unit. probabilities: classes only, one
    answer a sequence: (240 or fewer, classes) float16; many answers: (A, classes) float16 of the first test sequence.
    step_accuracy: many answers only, (A,) float32, share right at each, -1 where none counts.

    Answers to questions. unrolled_inputs: (T, d) float32; unrolled_states: (layers, T, units) float32;
    unrolled_outputs: (A, outputs) float32; unrolled_weights: float32, W, U and b of each layer, then of the output,
    flattened one behind the other. lags: (k,) int32; lag_scores: (k,) float32, the network's score at other lags.
    written: (n,) int32 tokens with the beginning; written_chances: (n, 8) float32, chances of the 8 likeliest tokens at
    each written place, written_tokens: (n, 8) int32, which these are. fan: (quantiles, steps) float64 in the
    series' unit, fan_levels: (quantiles,); fan_mean, fan_other: (steps,) float64 of the network and of AR;
    other_fan: (2, steps) float64, AR's 80 % band; fan_truth: (steps,) float64.
    timing_lengths: (k,) int32; timing: (3, k) float32, seconds of one pass over as many numbers in all at each length:
    dense layer, recurrent layer forward, recurrent layer with its gradient.
    """

    states: Array | None = None
    state_peaks: Array | None = None
    gradient: Array | None = None
    slopes: Array | None = None
    slope_means: Array | None = None
    radius: Array | None = None
    edges: Array | None = None
    predictions: Array | None = None
    probabilities: Array | None = None
    step_accuracy: Array | None = None
    unrolled_inputs: Array | None = None
    unrolled_states: Array | None = None
    unrolled_outputs: Array | None = None
    unrolled_weights: Array | None = None
    lags: Array | None = None
    lag_scores: Array | None = None
    written: Array | None = None
    written_chances: Array | None = None
    written_tokens: Array | None = None
    fan: Array | None = None
    fan_levels: Array | None = None
    fan_mean: Array | None = None
    fan_other: Array | None = None
    other_fan: Array | None = None
    fan_truth: Array | None = None
    timing_lengths: Array | None = None
    timing: Array | None = None
