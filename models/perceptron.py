"""The perceptron of 1958: a single unit that changes its weights only when it is wrong, by adding or taking the example.

Rosenblatt, "The perceptron", Psychological Review 65 (1958). Novikoff (1962) proved that if some unit of length 1 keeps
all examples at a margin g, and none is longer than R, the rule makes at most (R / g)^2 mistakes, in any order. Where no
such unit exists, as for XOR (Minsky and Papert, "Perceptrons", 1969), it never stops making mistakes.
"""

import numpy as np

from models.base import Array

ORDERS, XOR_ROUNDS, MOST_ROUNDS = 100, 50, 1000


def perceptron() -> dict[str, Array]:
    """Return the running count of mistakes on iris and XOR, mistakes over 100 orders, and Novikoff's bound."""
    inputs, signs = setosa()
    running, _ = learn(inputs, signs)
    orders = [np.random.default_rng(seed).permutation(len(signs)) for seed in range(ORDERS)]
    mistakes = [learn(inputs[order], signs[order])[0][-1] for order in orders]
    radius, margin = float(np.linalg.norm(inputs, axis=1).max()), widest_margin(inputs, signs)
    corners = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], float)
    endless, _ = learn(corners, np.array([-1, 1, 1, -1]), XOR_ROUNDS)
    return {
        "perceptron_mistakes": running,
        "perceptron_orders": np.array(mistakes),
        "perceptron_bound": np.array([radius, margin, (radius / margin) ** 2]),
        "xor_mistakes": endless,
    }


def setosa() -> tuple[Array, Array]:
    """Return the 150 irises in centimetres with a constant 1 for the bias, (150, 5), and +1 for setosa, -1 for others."""
    from sklearn.datasets import load_iris

    bunch = load_iris()
    return np.column_stack([bunch.data, np.ones(len(bunch.data))]), np.where(bunch.target == 0, 1, -1)


def learn(inputs: Array, signs: Array, most_rounds: int = MOST_ROUNDS) -> tuple[Array, Array]:
    """Show the examples in their order, round after round, until a round has no mistake or the rounds are over.

    Returns the running count of mistakes after each example shown, and the weights.
    """
    weights, count, running = np.zeros(inputs.shape[1]), 0, []
    for _ in range(most_rounds):
        before = count
        for x, sign in zip(inputs, signs, strict=True):
            if sign * (weights @ x) <= 0:
                weights, count = weights + sign * x, count + 1
            running.append(count)
        if count == before:
            break
    return np.array(running), weights


def widest_margin(inputs: Array, signs: Array, tolerance: float = 1e-10) -> float:
    """Return the largest margin that a unit of length 1 can keep to all examples, which must be separable.

    Solves the dual of "shortest w with sign w x >= 1" one coordinate at a time: Hildreth, Naval Research Logistics
    Quarterly 4 (1957).
    """
    signed = inputs * signs[:, np.newaxis]
    squares, shares, weights = (signed**2).sum(1), np.zeros(len(signed)), np.zeros(inputs.shape[1])
    for _ in range(100_000):
        largest = 0.0
        for place, x in enumerate(signed):
            change = max(-shares[place], (1 - x @ weights) / squares[place])
            shares[place] += change
            weights = weights + change * x
            largest = max(largest, abs(change))
        if largest < tolerance:
            break
    return float((signed @ weights).min() / np.linalg.norm(weights))
