"""What theory says about the gradient in a deep stack of random layers: how much of it each layer hands on.

For wide layers with independent random weights the sum z of a unit is Gaussian, z ~ N(0, q), and the squared norm of
the gradient shrinks or grows from layer to layer by

    chi = s2 E[f'(z)^2],    s2 = inputs x Var(w),

so its norm by sqrt(chi). The sizes follow q' = s2 E[f(z)^2]. Poole and others, "Exponential expressivity in deep neural
networks through transient chaos" (2016); Schoenholz and others, "Deep information propagation" (2017); batch
normalization: Yang and others, "A mean field theory of batch normalization" (2019). The weights of one layer are
assumed to be independent of the gradient that arrives there: where they are not (shared weights, a narrow or deep
stack, activations that do not average out), measurement and theory part. The file needs NumPy only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import erf, nan, pi, sqrt
from typing import Any

import numpy as np

from models.base import Array

EPSILON = 1e-3  # Keras adds it to the variance in BatchNormalization and LayerNormalization
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772  # Klambauer and others, 2017
NODES = np.linspace(-8.0, 8.0, 1601)  # of the standard normal; 0 is one of them, where ReLU has its kink
SIZES = 24  # of images, for which theory is computed; between them it is interpolated
WEIGHTS = np.exp(-(NODES**2) / 2) / np.exp(-(NODES**2) / 2).sum()

Function = Callable[[Array], Array]


def _sigmoid(z: Array) -> Array:
    return 0.5 * (1.0 + np.tanh(0.5 * z))


def _normal_share(z: Array) -> Array:
    """Return the standard normal distribution function."""
    return 0.5 + 0.5 * np.fromiter(map(erf, (z / sqrt(2.0)).tolist()), np.float64, len(z))


def _normal_density(z: Array) -> Array:
    return np.exp(-(z**2) / 2) / sqrt(2.0 * pi)


def _step(z: Array) -> Array:
    return np.heaviside(z, 0.5)


def _negative_exponential(z: Array) -> Array:
    return SELU_SCALE * SELU_ALPHA * np.exp(np.minimum(z, 0.0))


BENDS: dict[str, tuple[Function, Function]] = {
    "sigmoid": (_sigmoid, lambda z: _sigmoid(z) * (1.0 - _sigmoid(z))),
    "tanh": (np.tanh, lambda z: 1.0 - np.tanh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0.0), _step),
    "selu": (
        lambda z: np.where(z > 0, SELU_SCALE * z, _negative_exponential(z) - SELU_SCALE * SELU_ALPHA),
        lambda z: SELU_SCALE * _step(z) + _negative_exponential(z) * (1.0 - _step(z)),
    ),
    "gelu": (lambda z: z * _normal_share(z), lambda z: _normal_share(z) + z * _normal_density(z)),
    "linear": (lambda z: z, np.ones_like),
}
"""Each bend f and its slope f', as functions of an array; at a kink the slope is the mean of both sides."""


@dataclass(frozen=True)
class Moments:
    """Averages over z ~ N(0, q): mean = E[f], square = E[f^2], slope = E[f'^2]."""

    mean: float
    square: float
    slope: float

    @property
    def spread(self) -> float:
        """The variance of f(z)."""
        return self.square - self.mean**2


def moments(activation: str, q: float) -> Moments:
    """Return the averages of a bend and its slope over a Gaussian of variance `q`."""
    z = sqrt(max(q, 0.0)) * NODES
    value, slope = (part(z) for part in BENDS[activation])
    return Moments(float(WEIGHTS @ value), float(WEIGHTS @ value**2), float(WEIGHTS @ slope**2))


def weight_variance(initialization: str, gain: float, inputs: int, units: int) -> float:
    """Return the variance of one weight as Keras draws it; `gain` multiplies every weight."""
    base = {
        "glorot_uniform": 2.0 / (inputs + units),
        "he_normal": 2.0 / inputs,
        "lecun_normal": 1.0 / inputs,
        "orthogonal": 1.0 / max(inputs, units),
    }[initialization]
    return gain**2 * base


@dataclass(frozen=True)
class Prediction:
    """What theory expects of an untrained stack; NaN where it has no answer.

    signal: (depth,) norm of the gradient at the output of each layer, as a multiple of the last layer's.
    sizes: (depth,) root mean square of each layer's outputs. factors: (depth - 1,) signal[l] / signal[l + 1].
    """

    signal: Array
    sizes: Array
    factors: Array


@dataclass(frozen=True)
class _Layer:
    """The outputs h of one layer: mean, mean square, and variance (for a normalization that follows)."""

    mean: float
    square: float
    spread: float


def predict(config: Any, inputs: int, square: float, centred: float) -> Prediction:
    """Return what theory expects for the settings of a stack (see models.configs.GradientFlowConfig).

    inputs: number of inputs; square: mean of |x|^2 over the examples; centred: the same after the mean is taken away.
    """
    layer = _first(config, inputs, square, centred)
    sizes: list[float] = [sqrt(layer.square)]
    factors: list[float] = []
    follow = {"plain": _plain, "residual": _residual, "highway": _highway}[config.connection]
    for _ in range(1, config.depth):
        layer, factor = follow(config, layer)
        sizes.append(sqrt(max(layer.square, 0.0)) if layer.square == layer.square else nan)
        factors.append(factor)
    backwards = np.cumprod([1.0, *reversed(factors)])
    return Prediction(backwards[::-1].copy(), np.array(sizes), np.array(factors))


def predict_images(config: Any, inputs: int, squares: Array) -> Array:
    """Return theory's signal where each image has a size of its own, not that of the mean image: (depth,).

    squares: (images,) |x|^2 of each. The gradients of the images add up as squares of norms, so the result is the root
    of the mean square over the images; each is predicted for its size, between sizes by interpolation. As everywhere
    the last layer is 1: there all images are taken to send a gradient of the same norm.
    """
    logs = np.log(np.maximum(squares, 1e-12))
    sizes = np.linspace(logs.min(), logs.max(), SIZES)
    curves = np.log([predict(config, inputs, *[float(np.exp(size))] * 2).signal for size in sizes])  # (sizes, depth)
    each = np.stack([np.interp(logs, sizes, curve) for curve in curves.T], axis=1)  # (images, depth)
    return np.asarray(np.sqrt(np.mean(np.exp(2 * each), axis=0)))


def _first(config: Any, inputs: int, square: float, centred: float) -> _Layer:
    """The first layer has no plus: its inputs are pixels. A batch shares their mean, which says nothing of classes."""
    variance = weight_variance(config.initialization, config.gain, inputs, config.width)
    if config.normalization != "none" and config.connection != "residual":
        return _from(moments(config.activation, 1.0))
    bent = moments(config.activation, variance * square)
    batch = config.normalization == "batch"
    spread = moments(config.activation, variance * centred).spread if batch else bent.spread
    return _Layer(bent.mean, bent.square, spread)


def _from(bent: Moments) -> _Layer:
    return _Layer(bent.mean, bent.square, bent.spread)


def _square_variance(config: Any) -> float:
    """Return s2 = inputs x Var(w) of a layer between two layers of equal width."""
    return config.width * weight_variance(config.initialization, config.gain, config.width, config.width)


def _plain(config: Any, layer: _Layer) -> tuple[_Layer, float]:
    """h' = f(N(W h)). A batch is normalized by the spread over examples, a layer by that over units."""
    s2 = _square_variance(config)
    variance = {"none": 1.0, "batch": s2 * layer.spread, "layer": s2 * layer.square}[config.normalization]
    if config.normalization == "none":
        bent = moments(config.activation, s2 * layer.square)
        return _from(bent), sqrt(s2 * bent.slope)
    bent = moments(config.activation, variance / (variance + EPSILON))
    return _from(bent), sqrt(s2 * bent.slope / (variance + EPSILON))


def _residual(config: Any, layer: _Layer) -> tuple[_Layer, float]:
    """h' = h + f(W N(h)): the one under the root is the plus, which hands the gradient on unchanged."""
    s2 = _square_variance(config)
    divisor = 1.0 if config.normalization == "none" else layer.spread + EPSILON
    q = s2 * layer.square if config.normalization == "none" else s2 * layer.spread / divisor
    bent = moments(config.activation, q)
    square = layer.square + 2 * layer.mean * bent.mean + bent.square
    following = _Layer(layer.mean + bent.mean, square, layer.spread + bent.spread)
    return following, sqrt(1.0 + s2 * bent.slope / divisor)


def _highway(config: Any, layer: _Layer) -> tuple[_Layer, float]:
    """h' = t f(W h) + (1 - t) h with t = sigmoid(W_t h + gate_bias); no answer with a normalization inside."""
    if config.normalization != "none":
        return _Layer(nan, nan, nan), nan
    s2 = _square_variance(config)
    bent = moments(config.activation, s2 * layer.square)
    u = sqrt(layer.square) * NODES + config.gate_bias  # W_t is drawn by Glorot: inputs x variance = 1
    gate = _sigmoid(u)
    opened, closed = float(WEIGHTS @ gate**2), float(WEIGHTS @ (1 - gate) ** 2)
    both, steep = float(WEIGHTS @ (gate * (1 - gate))), float(WEIGHTS @ (gate * (1 - gate)) ** 2)
    difference = bent.square - 2 * layer.mean * bent.mean + layer.square
    mean = float(WEIGHTS @ gate) * bent.mean + float(WEIGHTS @ (1 - gate)) * layer.mean
    square = opened * bent.square + closed * layer.square + 2 * both * layer.mean * bent.mean
    factor = sqrt(closed + s2 * opened * bent.slope + steep * difference)
    return _Layer(mean, square, square - mean**2), factor


def recurrent_factor(inputs: int, units: int) -> float:
    """Return the factor a step of a Keras SimpleRNN hands on, at its fixed point, for inputs of variance 1.

    z = W x + U h with W drawn by Glorot and U orthogonal: q = inputs x Var(w) + E[tanh(z)^2].
    """
    drive = inputs * weight_variance("glorot_uniform", 1.0, inputs, units)
    q = drive
    for _ in range(200):
        q = drive + moments("tanh", q).square
    return sqrt(moments("tanh", q).slope)
