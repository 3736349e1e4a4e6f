"""How the next character is chosen from a network's logits: temperature, the k likeliest, a seeded draw.

Temperature: Ackley, Hinton, Sejnowski (1985); the k likeliest: Fan, Lewis, Dauphin (2018).
"""

from dataclasses import dataclass

import numpy as np

from models.base import Array

SHOWN_CHOICES = 8
COLDEST = 1e-3  # below it the likeliest is always taken


@dataclass(frozen=True)
class Choice:
    """temperature: logits are divided by it, 0 takes the likeliest. top_k: only so many can be drawn, 0: all."""

    temperature: float = 1.0
    top_k: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 10 or self.top_k < 0:
            raise ValueError("the temperature lies between 0 and 10, and the number of choices is not negative")

    def chances(self, logits: Array) -> Array:
        """Return the chance of every token, (symbols,) float64; of equal logits the earlier token is the likelier."""
        values = np.asarray(logits, np.float64)
        order = np.argsort(-values, kind="stable")
        kept = order[: self.top_k or len(order)]
        if self.temperature < COLDEST:
            kept = kept[:1]
        shifted = (values[kept] - values[kept[0]]) / max(self.temperature, COLDEST)
        found = np.zeros(len(values))
        found[kept] = np.exp(shifted) / np.exp(shifted).sum()
        return found

    def draw(self, logits: Array, generator: np.random.Generator) -> int:
        """Draw a token by its chance."""
        return int(generator.choice(len(logits), p=self.chances(logits)))


def likeliest(chances: Array, count: int) -> tuple[Array, Array]:
    """Return the likeliest tokens and their chances, falling, each (count,); -1 and 0 where there are fewer."""
    order = np.argsort(-chances, kind="stable")[:count]
    tokens, found = np.full(count, -1, np.int32), np.zeros(count)
    tokens[: len(order)], found[: len(order)] = order, chances[order]
    return tokens, found
