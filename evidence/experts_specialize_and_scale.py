"""Experts specialize, and asking one of them costs the same however many there are; voters stand damage. Not more."""

from typing import Any

from evidence.ledger.claim import Claim, Effect
from evidence.ledger.training import finished

CLAIM = Claim(
    number=15,
    statement="Modular networks specialize, are robust, and scale: but a vote gains little over one big net.",
    experiment="Fit three straight pieces by 1 and 3 experts; damage voters and a big net; count what routing costs.",
    effects=(
        Effect("pieces", "Error of one expert on three pieces as a multiple of that of three", above=5),
        Effect("liar", "Accuracy with one lying member: ten voters minus one small net", above=0.5),
        Effect("noise", "Accuracy under noise of .5: experts minus one big net of equal size", above=0.0),
        Effect("cost", "Multiply-adds of 32 experts with one asked, as a multiple of those of 2", below=1.5),
        Effect("vote", "Accuracy in place: ten voters minus one big net of equal size", below=0.005, limit=True),
        Effect("shift", "Accuracy on digits moved by one pixel: ten voters minus one big net", below=0.05, limit=True),
    ),
    pages=("modular",),
)


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return errors, accuracies under damage, and multiply-adds."""
    import numpy as np

    from evidence.modular import SETTINGS
    from models import modular
    from models.committees import fit_pieces, routed, three_pieces

    short = {"epochs": 20} if quick else {}
    steps = 1000 if quick else 4000
    errors = [fit_pieces(three_pieces(seed), experts, seed, steps) for experts in (1, 3)]
    kinds: dict[str, dict[str, Any]] = {
        "voters": {"kind": "ensemble"}, "big": {"kind": "single"}, "experts": {"kind": "experts"},
    }  # fmt: skip
    in_place, noisy, moved, lied = {}, {}, {}, 0.0
    for name, settings in kinds.items():
        _, data, model, metrics = finished("modular", seed=seed, **{**SETTINGS, **short, **settings})
        in_place[name] = metrics["test_accuracy"]
        noise = np.random.default_rng([seed, 15]).normal(0, 0.5, data.test_inputs.shape)
        members, shares = modular.forward(model, (data.test_inputs + noise).astype(np.float32))
        noisy[name] = float(np.mean(modular.together(members, shares).argmax(1) == data.test_targets))
        members, shares = modular.forward(model, _moved(data.test_inputs))
        moved[name] = float(np.mean(modular.together(members, shares).argmax(1) == data.test_targets))
        if name == "voters":
            lied = _with_a_liar(*modular.forward(model, data.test_inputs), data.test_targets)
    generator = np.random.default_rng(seed)
    inputs = generator.normal(size=(256, 64)).astype(np.float32)
    costs = [routed(inputs, *_experts(generator, experts), 1).multiply_adds for experts in (2, 32)]
    return {
        "pieces": errors[0] / errors[1], "liar": lied, "noise": noisy["experts"] - noisy["big"],
        "cost": costs[1] / costs[0], "vote": in_place["voters"] - in_place["big"],
        "shift": moved["voters"] - moved["big"], "accuracy_when_moved": moved,
        "accuracy": in_place, "accuracy_under_noise": noisy,
    }  # fmt: skip


def _moved(inputs: Any) -> Any:
    """Return images of 8 x 8 pixels, moved one pixel to the right with an empty column at the left: (rows, 64)."""
    import numpy as np

    images = np.reshape(inputs, (-1, 8, 8))
    return np.pad(images[..., :-1], ((0, 0), (0, 0), (1, 0))).reshape(len(images), -1).astype(np.float32)


def _with_a_liar(members: Any, shares: Any, targets: Any) -> float:
    """Return the accuracy of the vote when one member names the least likely class, minus that of the liar alone."""
    import numpy as np

    from models import modular

    lying = members.copy()
    lying[:, 0] = 1.0 - lying[:, 0]
    lying[:, 0] /= lying[:, 0].sum(axis=1, keepdims=True)
    lying[:, 0] = np.eye(members.shape[2])[members[:, 0].argmin(axis=1)]
    together = modular.together(lying, shares).argmax(1)
    return float(np.mean(together == targets) - np.mean(lying[:, 0].argmax(1) == targets))


def _experts(generator: Any, experts: int) -> tuple[Any, Any, Any]:
    """Return random weights of a gate and of experts with 256 units."""
    import numpy as np

    shapes = ((64, experts), (experts, 64, 256), (experts, 256, 10))
    gate, first, second = (generator.normal(size=shape).astype(np.float32) for shape in shapes)
    return gate, first, second
