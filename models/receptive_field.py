"""How far each unit of a stack of convolutions and poolings sees: plain arithmetic on sizes.

Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016); Araujo, Norris and Sim,
"Computing receptive fields of convolutional neural networks", Distill (2019).
"""

from dataclasses import dataclass

from models.configs import CnnConfig

POOL = 2  # pooling takes squares of 2 x 2, side by side


@dataclass(frozen=True)
class Reach:
    """What one unit of a layer sees along one axis of the image.

    size: units along the axis; field: pixels that one unit sees; jump: pixels between neighbours; low: the first pixel
    that unit 0 sees, negative where it sees padding. Unit u sees low + u * jump, ..., low + u * jump + field - 1.
    """

    layer: str
    size: int
    field: int
    jump: int
    low: int

    def seen(self, unit: int) -> tuple[int, int]:
        """Return the first and the last pixel that a unit sees; both may lie outside the image."""
        first = self.low + unit * self.jump
        return first, first + self.field - 1


def reaches(config: CnnConfig, side: int) -> list[Reach]:
    """Return the reach of every convolution and pooling on an image of `side` pixels, in order.

    A convolution that finds fewer pixels than its window needs gets a size below 1; pooling is left out where only one
    pixel remains.
    """
    found: list[Reach] = []
    now = Reach("input", side, 1, 1, 0)
    before = (config.kernel - 1) // 2 if config.padding == "same" else 0
    for number in range(1, config.blocks + 1):
        size = now.size if config.padding == "same" else now.size - config.kernel + 1
        field = now.field + (config.kernel - 1) * now.jump
        now = Reach(f"conv_{number}", size, field, now.jump, now.low - before * now.jump)
        found.append(now)
        if pools(config, now.size):
            size, field = now.size // POOL, now.field + (POOL - 1) * now.jump
            now = Reach(f"pool_{number}", size, field, now.jump * POOL, now.low)
            found.append(now)
    return found


def pools(config: CnnConfig, size: int) -> bool:
    """Whether a block pools maps of this many pixels along each side."""
    return config.pooling != "none" and size >= POOL
