"""Adversarial training is unstable and prone to mode collapse; equal rates and enough units repair it."""

from typing import Any

from evidence.ledger.claim import Claim, Effect
from evidence.ledger.training import reached

CLAIM = Claim(
    number=12,
    statement="Adversarial training is unstable and prone to mode collapse, and the repairs repair it.",
    experiment="Train four games on a ring of eight spots that fail, and the same with one repair each.",
    effects=(
        Effect("collapsed", "Share of the failing games that cover fewer than six spots", above=0.8),
        Effect("repaired", "Share of the repaired games that cover at least six", above=0.8),
        Effect("plain_momentum", "Spots covered with Adam's usual momentum of .9: no collapse", above=6,
               limit=True),
    ),
    pages=("gan",),
)  # fmt: skip
BRISK = {"learning_rate": 0.01, "discriminator_rate": 0.01}
STRONG = {"units": 128, "discriminator_units": 128}
GAMES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "slow discriminator": ({"discriminator_rate": 0.00003, **STRONG}, {"discriminator_rate": 0.001}),
    "momentum of .95": ({"momentum": 0.95, **BRISK}, {"momentum": 0.5}),
    "discriminator of 4 units": ({"discriminator_units": 4, "discriminator_layers": 1},
                                 {"discriminator_units": 64, "discriminator_layers": 2}),
    "generator of 4 units": ({"units": 4, "layers": 1}, {"units": 64, "layers": 2}),
}  # fmt: skip
ENOUGH = 6


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return the spots of eight that each game covers, failing and repaired, and the shares."""
    games = dict(list(GAMES.items())[:1]) if quick else GAMES
    modes = {
        name: [reached("gan", "test_modes", seed=seed, **fails),
               reached("gan", "test_modes", seed=seed, **{**fails, **repair})]
        for name, (fails, repair) in games.items()
    }  # fmt: skip
    return {
        "collapsed": sum(fails < ENOUGH for fails, _ in modes.values()) / len(modes),
        "repaired": sum(mended >= ENOUGH for _, mended in modes.values()) / len(modes),
        "plain_momentum": reached("gan", "test_modes", seed=seed, momentum=0.9),
        "modes": modes,
    }
