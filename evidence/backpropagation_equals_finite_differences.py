"""Backpropagation's gradients equal finite differences of the loss."""

from typing import Any

from evidence.ledger.claim import Claim, Effect

CLAIM = Claim(
    number=2,
    statement="Backpropagation's gradients equal finite differences of the loss.",
    experiment="Compare the gradient of random small networks three ways: by hand, by GradientTape, by differences.",
    effects=(
        Effect("differences", "Largest relative error of GradientTape against finite differences", below=1e-6),
        Effect("hand", "Largest relative error of the chain rule by hand against GradientTape", below=1e-9),
    ),
    pages=("backpropagation",),
)
SMOOTH = ("tanh", "sigmoid", "silu", "softplus", "elu")


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return the largest relative errors, |one - other| / max(|one|, |other|), over activations and losses."""
    import numpy as np

    from models import backpropagation
    from models.backpropagation_lessons import example
    from models.configs import BackpropagationConfig

    generator = np.random.default_rng([seed, 2])
    errors: dict[str, list[float]] = {"differences": [], "hand": []}
    for activation in SMOOTH[:2] if quick else SMOOTH:
        layers, units = int(generator.integers(1, 4)), int(generator.integers(2, 5))
        dataset = ("xor", "iris", "plane")[seed % 3]
        chosen: dict[str, Any] = {"dataset": dataset, "activation": activation, "layers": layers, "units": units}
        config = BackpropagationConfig(seed=seed, **chosen)
        data = backpropagation.load(config)
        view = example(backpropagation.build(config, data), data, {"row": int(generator.integers(0, 20))})
        tape = np.asarray(view.by_tape)
        errors["differences"].append(_error(tape, np.asarray(view.by_differences)))
        errors["hand"].append(_error(tape, np.asarray(view.by_hand)))
    return {name: max(found) for name, found in errors.items()}


def _error(one: Any, other: Any) -> float:
    import numpy as np

    return float(np.linalg.norm(one - other)) / max(float(np.linalg.norm(one)), float(np.linalg.norm(other)), 1e-300)
