"""The perceptron of 1958: a single unit that changes its weights only when it is wrong, by adding the example to them.

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
    """Return the 150 irises, standardized, with a constant 1 for the bias, (150, 5); +1 for setosa, -1 for others."""
    from sklearn.datasets import load_iris

    bunch = load_iris()
    inputs = (bunch.data - bunch.data.mean(0)) / bunch.data.std(0)
    return np.column_stack([inputs, np.ones(len(inputs))]), np.where(bunch.target == 0, 1, -1)


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


def widest_margin(inputs: Array, signs: Array) -> float:
    """Return the largest margin that a unit of length 1 can keep to all examples, which must be separable.

    A support vector machine finds it. Each example also stands mirrored through the origin with the other sign, which
    keeps the machine's own constant at zero: the bias is already one of the inputs.
    """
    from sklearn.svm import SVC

    machine = SVC(kernel="linear", C=1e9, tol=1e-9)
    machine.fit(np.concatenate([inputs, -inputs]), np.concatenate([signs, -signs]))
    weights = machine.coef_[0]
    return float((signs * (inputs @ weights)).min() / np.linalg.norm(weights))
