"""The adversarial game has the equilibrium that theory gives it: losses of 2 ln 2 and ln 2 where samples are good."""

from typing import Any

from evidence.ledger.claim import Claim, Effect
from evidence.ledger.training import finished

CLAIM = Claim(
    number=12,
    statement="A GAN is a minimax game; where the generator succeeds, its losses lie at 2 ln 2 and ln 2.",
    experiment="Train the healthy ring of eight spots and the collapsing one; read both losses and the modes covered.",
    effects=(
        Effect("away", "Distance of the discriminator's loss from 2 ln 2 at the end of a healthy game", below=0.15),
        Effect("modes", "Spots of eight that the healthy generator covers", above=7),
        Effect("collapsed_away", "The same distance when the generator has collapsed", below=0.15,
               limit=True),
    ),
    pages=("gan",),
)  # fmt: skip

COLLAPSE: dict[str, Any] = {"discriminator_rate": 0.00003, "units": 128, "discriminator_units": 128}


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return how far the losses lie from equilibrium, and how many spots are covered, healthy and collapsed."""
    from math import log

    short = {"steps": 2500} if quick else {}
    healthy = finished("gan", seed=seed, **short)[3]
    collapsed = finished("gan", seed=seed, **COLLAPSE, **short)[3]
    return {
        "away": abs(healthy["test_d_loss"] - 2 * log(2)), "modes": healthy["test_modes"],
        "generator": healthy["test_g_loss"], "collapsed_away": abs(collapsed["test_d_loss"] - 2 * log(2)),
        "collapsed_modes": collapsed["test_modes"],
    }  # fmt: skip
