"""Attention learns which token matters: its weight lies there, and cutting that one arrow destroys the answer."""

from typing import Any

from evidence.ledger.claim import Claim, Effect
from evidence.ledger.tokens import reader, trained
from evidence.long_context_needs_global_dependencies import PAIRS, STEPS, distances, pairs

CLAIM = Claim(
    number=17,
    statement="Attention learns token-to-token relevance directly.",
    experiment="Train attention to recall one of eight pairs; read its weight on the answer, then cut single arrows.",
    effects=(
        Effect("weight", "Weight of the head that looks most at the answer, mean over sequences", above=0.5),
        Effect("cut_answer", "Accuracy lost by cutting the arrow to the answer", above=0.5),
        Effect("cut_other", "Accuracy lost by cutting the arrow to another letter", below=0.1),
    ),
    pages=("transformer",),
)
SEQUENCES = 60


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return the weight on the answer, and the accuracy whole, without that arrow, and without another one."""
    import numpy as np

    from models.transformer_trace import Surgery, trace

    data = pairs(seed)
    model = trained(reader("attention", data, seed), data, steps=STEPS // (2 if quick else 1), seed=seed)
    generator = np.random.default_rng([seed, 17])
    weights, hits = [], np.zeros(3)
    count = 20 if quick else SEQUENCES
    for row, back in enumerate(distances(data)[:count]):
        asked = int((data.test_targets[row] >= 0).argmax())
        tokens, answer = data.test_inputs[row, : asked + 1], data.test_targets[row, asked]
        place = 2 * (PAIRS - int(back)) + 1
        other = 2 * int(generator.choice([pair for pair in range(PAIRS) if pair != PAIRS - back])) + 1
        for kind, cut in enumerate((None, place, other)):
            arrows = () if cut is None else tuple((0, head, asked, cut) for head in range(2))
            seen = trace(model, model.architecture, tokens, surgery=Surgery(cut_arrows=arrows))
            hits[kind] += float(np.asarray(seen.top_ids)[asked, 0] == answer)
            if cut is None:
                weights.append(np.asarray(seen.attention)[0, :, asked, place])
    whole, without, without_other = hits / count
    return {"weight": float(np.max(np.mean(weights, axis=0))), "cut_answer": float(whole - without),
            "cut_other": float(whole - without_other), "accuracy": float(whole)}  # fmt: skip
