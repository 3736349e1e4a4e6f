"""The forget bias and the gradient: how fast it falls per step back in time, measured and as theory has it.

An untrained LSTM starts with forget gates near sigmoid(b). Along the cell state each step multiplies the gradient by
the gate: log10 sigmoid(b) a step. The hidden state adds ways of its own (Gers, Schmidhuber, Cummins, 2000; Jozefowicz,
Zaremba, Sutskever, "An empirical exploration of recurrent network architectures", 2015). Chrono initialization draws
the biases so that the gates' own times of forgetting spread from 1 to T steps (Tallec, Ollivier, "Can recurrent neural
networks warp time?", 2018).
"""

import math

import numpy as np

from models.base import Array
from models.gates import replay, sigmoid, slopes

INPUTS, UNITS, SEQUENCES, STEPS = 2, 32, 16, 60
BIASES = tuple(np.arange(-2.0, 6.01, 0.5).tolist())
FIRST, LAST = 5, 45  # steps back over which the slope is taken


def lstm_weights(seed: int, bias: float | None, span: int = STEPS) -> list[Array]:
    """Return the weights with which Keras builds an LSTM: Glorot for inputs, orthogonal for states; i, f, c, o.

    bias: of all forget gates; None: chrono initialization for `span` steps.
    """
    generator = np.random.default_rng(seed)
    limit = math.sqrt(6.0 / (INPUTS + 4 * UNITS))
    kernel = generator.uniform(-limit, limit, (INPUTS, 4 * UNITS))
    square, _ = np.linalg.qr(generator.normal(size=(4 * UNITS, UNITS)))  # orthogonal columns, as Keras makes them
    forget = np.full(UNITS, bias) if bias is not None else np.log(generator.uniform(1.0, span - 1.0, UNITS))
    write = np.zeros(UNITS) if bias is not None else -forget
    return [kernel, square.T, np.concatenate([write, forget, np.zeros(2 * UNITS)])]


def gradient_by_step(seed: int, bias: float | None) -> Array:
    """Return the norm of a random direction's gradient at the cell state so many steps back: (STEPS,).

    As a share of that at the last step; mean over the sequences of noise.
    """
    generator = np.random.default_rng([seed, 1])
    noise, pull = generator.normal(size=(SEQUENCES, STEPS, INPUTS)), generator.normal(size=(SEQUENCES, UNITS))
    weights = lstm_weights(seed, bias)
    found = slopes("lstm", weights, replay("lstm", weights, noise), pull).cell
    assert found is not None
    norms = np.linalg.norm(found, axis=(0, 2))[::-1]
    return np.asarray(norms / norms[0])


def slope(shares: Array) -> float:
    """Return decades per step of a gradient by steps back, by least squares over FIRST to LAST."""
    steps = np.arange(len(shares))[FIRST:LAST]
    return float(np.polyfit(steps, np.log10(np.maximum(shares[FIRST:LAST], 1e-300)), 1)[0])


def theory(bias: float) -> float:
    """Return the decades per step of the way along the cell state alone, with gates at sigmoid(bias)."""
    return float(np.log10(sigmoid(np.array(bias))))


def measured(seed: int, biases: tuple[float, ...] = BIASES) -> Array:
    """Return for each bias the measured decades per step and those of theory: (biases, 3), the bias first."""
    return np.array([[bias, slope(gradient_by_step(seed, bias)), theory(bias)] for bias in biases])
