"""The chain rule for one parameter, written out as LaTeX with the numbers of the example."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lab.charts.backpropagation_numbers import Parameter, parameters, per_layer

LONG = 2  # terms of a sum that take a line of their own
BREAK = r" \\ & \quad + "  # in the middle of a sum that is too long for one line
MOST = 3  # terms on one line

OUTPUT_RULES = {
    "squared": r"2(\hat y - y) = 2({p} - {y})",
    "binary": r"\hat y - y = {p} - {y}",
    "binary_squared": r"2(\hat y - y)\,\hat y(1 - \hat y) = 2({p} - {y}) \cdot {p} \cdot (1 - {p})",
    "categorical": r"\hat y - y = {p} - {y}",
    "categorical_squared": r"\hat y \left(\tfrac{\partial L}{\partial \hat y} - \textstyle\sum_k \hat y_k "
    r"\tfrac{\partial L}{\partial \hat y_k}\right) = {p} \cdot ({g} - {m})",
}


def tex(value: float) -> str:
    """Return a number in three digits as LaTeX; powers of ten are written out."""
    if not np.isfinite(value):
        return r"\text{no number}"
    text = f"{value:.3g}"
    if "e" not in text:
        return text
    digits, power = text.split("e")
    return rf"{digits} \cdot 10^{{{int(power)}}}"


def factor(value: float) -> str:
    """Return a number as a factor of a product: in brackets where it is negative or a product itself."""
    text = tex(value)
    return f"({text})" if value < 0 or "cdot" in text else text


def below_one_another(lines: Sequence[str]) -> str:
    """Return lines as one block, each beginning at the left: drawn in one go."""
    return r"\begin{aligned}" + r" \\[6pt] ".join(f"& {line}" for line in lines) + r"\end{aligned}"


def forward(view: Any, sizes: Sequence[int], index: int) -> list[str]:
    """Return the sum z and the output a of the unit that the parameter with this index leads to, with its numbers."""
    one = parameters(sizes)[index]
    layer, j = one.layer, one.target
    before = view.inputs if layer == 1 else per_layer(view.outputs, sizes)[layer - 2]
    own = [part for part in parameters(sizes) if part.layer == layer and part.target == j]
    values = [float(view.parameters[part.index]) for part in own]
    terms = [rf"{factor(w)} \cdot {factor(float(a))}" for w, a in zip(values, before, strict=False)]
    z, a = (float(per_layer(part, sizes)[layer - 1][j]) for part in (view.sums, view.outputs))
    flowed = rf"a^{{({layer - 1})}}_i" if layer > 1 else "x_i"
    unit = rf"^{{({layer})}}_{{{j + 1}}}"
    rule = rf"z{unit} = \sum_i w_{{i{j + 1}}} {flowed} + b_{{{j + 1}}}"
    numbers = _sum([*terms, factor(values[-1])])
    lines = [rf"\begin{{aligned}} {rule.replace(' = ', ' & = ', 1)} \\ & = {numbers} = {tex(z)} \end{{aligned}}"]
    if layer < len(sizes) - 1:
        lines.append(rf"a{unit} = f(z{unit}) = f({tex(z)}) = {tex(a)}")
    else:
        lines.append(rf"\hat y_{{{j + 1}}} = {tex(a)} \quad L = {tex(float(view.loss[0]))}")
    return lines


def chain(view: Any, sizes: Sequence[int], index: int, loss: str) -> list[str]:
    """Return the lines of the chain rule for the parameter with this index, from its gradient to the loss."""
    one = parameters(sizes)[index]
    lines = [_gradient(view, sizes, one)]
    targets = [one.target]
    for layer in range(one.layer, len(sizes)):
        lines += [_delta(view, sizes, layer, j, loss) for j in targets]
        targets = list(range(sizes[layer + 1])) if layer + 1 < len(sizes) else []
    return lines


def _gradient(view: Any, sizes: Sequence[int], one: Parameter) -> str:
    deltas = per_layer(view.deltas, sizes)
    delta, gradient = float(deltas[one.layer - 1][one.target]), float(view.by_hand[one.index])
    symbol = rf"\delta^{{({one.layer})}}_{{{one.target + 1}}}"
    if one.source is None:
        left = rf"\frac{{\partial L}}{{\partial b^{{({one.layer})}}_{{{one.target + 1}}}}}"
        return rf"{left} = {symbol} \cdot 1 = {tex(gradient)}"
    before = view.inputs if one.layer == 1 else per_layer(view.outputs, sizes)[one.layer - 2]
    left = rf"\frac{{\partial L}}{{\partial w^{{({one.layer})}}_{{{one.source + 1}{one.target + 1}}}}}"
    flowed = rf"a^{{({one.layer - 1})}}_{{{one.source + 1}}}" if one.layer > 1 else rf"x_{{{one.source + 1}}}"
    product = rf"{factor(delta)} \cdot {factor(float(before[one.source]))}"
    return rf"{left} = {symbol} \cdot {flowed} = {product} = {tex(gradient)}"


def _delta(view: Any, sizes: Sequence[int], layer: int, j: int, loss: str) -> str:
    deltas = per_layer(view.deltas, sizes)
    symbol, value = rf"\delta^{{({layer})}}_{{{j + 1}}}", float(deltas[layer - 1][j])
    if layer == len(sizes) - 1:
        return rf"{symbol} = {_output(view, sizes, j, loss)} = {tex(value)}"
    slope = float(per_layer(view.slopes, sizes)[layer - 1][j])
    after = [one for one in parameters(sizes) if one.layer == layer + 1 and one.source == j]
    terms = [
        rf"{factor(float(view.parameters[one.index]))} \cdot {factor(float(deltas[layer][one.target]))}"
        for one in after
    ]
    rule = rf"f'(z^{{({layer})}}_{{{j + 1}}}) \sum_k w^{{({layer + 1})}}_{{{j + 1}k}} \delta^{{({layer + 1})}}_k"
    numbers = rf"{factor(slope)} ({_sum(terms)})"
    if len(terms) < LONG:
        return rf"{symbol} = {rule} = {numbers} = {tex(value)}"
    return rf"\begin{{aligned}} {symbol} &= {rule} \\ & = {numbers} = {tex(value)} \end{{aligned}}"


def _sum(terms: Sequence[str]) -> str:
    """Join the terms of a sum, in two lines where there are many."""
    if len(terms) <= MOST:
        return " + ".join(terms)
    half = -(-len(terms) // 2)
    return " + ".join(terms[:half]) + BREAK + " + ".join(terms[half:])


def _output(view: Any, sizes: Sequence[int], j: int, loss: str) -> str:
    outputs, pulls = (per_layer(values, sizes)[-1] for values in (view.outputs, view.pulls))
    target = float(view.target[0])
    truth = target if len(outputs) == 1 else float(int(target) == j)
    known = {"p": outputs[j], "y": truth, "g": pulls[j], "m": float((outputs * pulls).sum())}
    rule = OUTPUT_RULES[loss]
    for name, value in known.items():
        rule = rule.replace(f"{{{name}}}", factor(float(value)))
    return rule
