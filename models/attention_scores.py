"""What kind of head is this: scores of attention patterns, their names, and ways to sum many heads up. NumPy alone.

Previous-token, duplicate and induction heads: Olsson and others, "In-context learning and induction heads", 2022.
Sinks: Xiao and others, "Efficient streaming language models with attention sinks", ICLR 2024. Rollout: Abnar and
Zuidema, "Quantifying attention flow in Transformers", ACL 2020.
"""

import numpy as np

from models.base import Array

TYPES = ("previous token", "first token", "duplicate token", "induction", "itself")  # scores 2 to 6, by name
EVEN, MIXED = "spread evenly", "mixed"
CLEAR, TIMES_CHANCE = 0.4, 2.0  # a head has a type from this score on, if it is this many times that of even attention
EVEN_ENTROPY = 0.9


def head_scores(attention: Array, tokens: Array, *, causal: bool = True) -> Array:
    """Return seven numbers for each head: attention (..., T, T) and tokens (T,) to (..., 7) float32.

    In the order of models.views.transformer.HEAD_SCORES: entropy as a share of that of even attention to all that is
    visible (rows that see one token only are left out); mean distance in tokens; mean weight on the token before, and
    on the first token (both from the third token on, where they differ); on earlier tokens equal to this one, and on
    the tokens behind these (induction), over the rows where there are such tokens, 0 if there are none; on itself.
    """
    length = len(tokens)
    places = np.arange(length)
    visible = np.tril(np.ones((length, length))) if causal else np.ones((length, length))
    distance = np.abs(places[:, np.newaxis] - places)
    duplicate, behind = repeated(tokens)
    measured = [
        entropy_share(attention, visible),
        (attention * distance).sum(-1).mean(-1),
        _mean_weight(attention, places[:, np.newaxis] - 1 == places, _from_third(length)),
        _mean_weight(attention, np.broadcast_to(places == 0, (length, length)), _from_third(length)),
        _mean_weight(attention, duplicate, duplicate.any(1)),
        _mean_weight(attention, behind, behind.any(1)),
        _mean_weight(attention, np.eye(length, dtype=bool), np.ones(length, bool)),
    ]
    return np.stack(measured, axis=-1).astype(np.float32)


def repeated(tokens: Array) -> tuple[Array, Array]:
    """Return which earlier tokens equal each token, and which stand right behind such a one: two (T, T) booleans."""
    earlier = np.tril(np.ones((len(tokens), len(tokens)), bool), -1)
    duplicate = (tokens[:, np.newaxis] == tokens) & earlier
    behind = np.zeros_like(duplicate)
    behind[:, 1:] = duplicate[:, :-1]
    return duplicate, behind & earlier


def _from_third(length: int) -> Array:
    return np.asarray(np.arange(length) >= min(2, length - 1))


def _mean_weight(attention: Array, where: Array, rows: Array) -> Array:
    """Return the weight on the marked places, (..., T, T) and (T, T) boolean, as a mean over some rows (T,) boolean."""
    if not rows.any():
        return np.zeros(attention.shape[:-2])
    return (attention * where).sum(-1)[..., rows].mean(-1)


def entropy_share(attention: Array, visible: Array) -> Array:
    """Return the entropy of each head's rows as a share of the largest possible: (..., T, T) and (T, T) to (...)."""
    seen = visible.sum(-1)
    entropy = -(attention * np.log(np.maximum(attention, 1e-12))).sum(-1)
    rows = seen > 1
    if not rows.any():
        return np.zeros(attention.shape[:-2])
    return (entropy[..., rows] / np.log(seen[rows])).mean(-1)


def even_attention(length: int, *, causal: bool = True) -> Array:
    """Return attention that is the same to all that is visible: (T, T)."""
    visible = np.tril(np.ones((length, length))) if causal else np.ones((length, length))
    return visible / visible.sum(-1, keepdims=True)


def head_types(scores: Array, tokens: Array, *, causal: bool = True) -> Array:
    """Return a name for each head: scores (..., 7) to (...) str.

    A head is named by its largest score from CLEAR on that is also TIMES_CHANCE times what even attention would have
    on the same text; without one it is spread evenly or mixed.
    """
    chance = head_scores(even_attention(len(tokens), causal=causal), tokens, causal=causal)
    kinds = scores[..., 2:]
    clear = (kinds >= CLEAR) & (kinds >= TIMES_CHANCE * chance[2:])
    best = np.where(clear, kinds, -1.0).argmax(-1)
    rest = np.where(scores[..., 0] >= EVEN_ENTROPY, EVEN, MIXED)
    return np.where(clear.any(-1), np.array(TYPES)[best], rest)


def rollout(attention: Array) -> Array:
    """Return how much of each token's stream came from each token: (L, H, T, T) to (L, T, T), after each layer.

    Heads are averaged, and each layer counts half for what passes it by in the stream.
    """
    steps = 0.5 * attention.mean(1) + 0.5 * np.eye(attention.shape[-1])
    found = [steps[0]]
    for step in steps[1:]:
        found.append(step @ found[-1])
    return np.stack(found).astype(np.float32)


def without_sink(attention: Array) -> Array:
    """Return attention without the first token, rows summing to 1 again: (..., T, T) to the same.

    A row that looked nowhere else becomes 0.
    """
    rest = attention.copy()
    rest[..., 0] = 0.0
    total = rest.sum(-1, keepdims=True)
    return np.where(total > 1e-6, rest / np.maximum(total, 1e-6), 0.0).astype(np.float32)


def summed(attention: Array, chosen: Array) -> Array:
    """Return what several chosen tokens look at together: (..., T, S) and indices (n,) to (..., S), a sum of rows."""
    return attention[..., chosen, :].sum(-2)
