"""The counterexample: recalling the first token, Keras's default plain network beats its default LSTM and GRU."""

from typing import Any

from evidence.ledger.claim import Claim, Effect

LAG = 20
NAMES = {"simple": "SimpleRNN", "gru": "GRU", "lstm": "LSTM, forget bias 1", "chrono": "LSTM, chrono"}

CLAIM = Claim(
    number=10,
    statement="Gates do not always win: at recalling the first token, Keras's default plain network learns before its "
    "default GRU and LSTM. A forget bias that fits the lag repairs the LSTM.",
    experiment="Train four readers of equal size to name the first of 21 tokens, each in the same number of steps.",
    effects=(
        Effect("gru", "Share right of the plain network above the default GRU's", above=0.3),
        Effect("lstm", "Share right of the plain network above the default LSTM's", above=0.1),
        Effect("repair", "Share right that a forget bias drawn for the lag (chrono) adds to the LSTM", above=0.2),
    ),
    pages=("lstm_gru",),
)  # fmt: skip


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return differences between the shares of test sequences answered right, and the steps that each took."""
    from evidence.long_dependencies import measure as runs

    found = {one["name"]: one for one in runs("recall", LAG, [(name, seed) for name in NAMES.values()])}
    right = {short: float(found[name]["score"] or 0.0) for short, name in NAMES.items()}
    return {
        "gru": right["simple"] - right["gru"], "lstm": right["simple"] - right["lstm"],
        "repair": right["chrono"] - right["lstm"], "right": right,
        "steps": {short: found[name]["steps"] for short, name in NAMES.items()},
    }  # fmt: skip
