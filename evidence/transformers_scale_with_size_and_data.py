"""A Transformer's loss falls as a power of its size and of its data; with little data a larger one does not help."""

from typing import Any

from evidence.ledger.claim import Claim, Effect

CLAIM = Claim(
    number=18,
    statement="A Transformer scales: its loss falls as a power of parameters and of data, and it is hungry for data.",
    experiment="Train decoders of four sizes, and one size on four amounts of text, in the same number of steps.",
    effects=(
        Effect("by_size", "Exponent by which the loss falls with the number of parameters", above=0.02),
        Effect("by_data", "Exponent by which the loss falls with the amount of text", above=0.02),
        Effect(
            "hungry",
            "Test loss with little text minus that with a quarter of it, nats a character",
            above=0.1,
            limit=True,
        ),
    ),
    pages=("transformer",),
)
WIDTHS, SHARES, CONTEXT, BATCH, STEPS, RATE = (8, 16, 32, 64), (1 / 256, 1 / 64, 1 / 16, 1 / 4), 32, 32, 800, 0.003


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return test losses in nats a character by size and by data, and the exponents of straight lines through logs."""
    import numpy as np

    codes, held_out, signs = _text()
    steps = STEPS // (8 if quick else 1)
    widths, shares = (WIDTHS[::3], SHARES[::3]) if quick else (WIDTHS, SHARES)
    by_size = [_loss(codes, held_out, signs, width, steps, seed) for width in widths]
    few = [_loss(codes[: int(share * len(codes))], held_out, signs, 32, steps, seed) for share in shares]
    sizes, amounts = [size for size, _ in by_size], [share * len(codes) for share in shares]
    slope = lambda x, y: -float(np.polyfit(np.log(x), np.log(y), 1)[0])  # noqa: E731
    losses, of_data = [loss for _, loss in by_size], [loss for _, loss in few]
    return {
        "by_size": slope(sizes, losses), "by_data": slope(amounts, of_data), "hungry": of_data[0] - of_data[-1],
        "sizes": sizes, "losses_by_size": losses, "characters": amounts, "losses_by_data": of_data,
    }  # fmt: skip


def _text() -> tuple[Any, Any, int]:
    """Return Python's own help as numbers, nine tenths to learn and one tenth held out, and the number of signs."""
    import numpy as np

    from lab.datasets.characters import python_topics

    text = python_topics()
    signs = sorted(set(text))
    index = {sign: place for place, sign in enumerate(signs)}
    codes = np.array([index[sign] for sign in text], np.int32)
    cut = int(0.9 * len(codes))
    return codes[:cut], codes[cut:], len(signs)


def _windows(codes: Any) -> Any:
    """Return all texts of CONTEXT + 1 characters that begin every eight characters: (n, CONTEXT + 1)."""
    import numpy as np

    return np.lib.stride_tricks.sliding_window_view(codes, CONTEXT + 1)[::8]


def _loss(codes: Any, held_out: Any, signs: int, width: int, steps: int, seed: int) -> tuple[int, float]:
    """Train a decoder of two layers; return its parameters and its test loss."""
    import keras
    import numpy as np

    from models.training_loop import CompiledTraining
    from models.transformer import Architecture, build_transformer

    shape = Architecture(layers=2, heads=2, width=width, mlp_width=4 * width, vocabulary=signs, context=CONTEXT,
                         positions="learned")  # fmt: skip
    model = build_transformer(shape, seed, CONTEXT)
    texts, tests = _windows(codes), _windows(held_out)[::8]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(RATE, global_clipnorm=1.0)
    inputs, targets = np.ascontiguousarray(texts[:, :-1]), np.ascontiguousarray(texts[:, 1:])
    training = CompiledTraining(model, optimizer, loss, inputs, targets,
                                batch_size=BATCH, seed=seed)  # fmt: skip
    training.run(0, steps, RATE)
    logits = model.predict(tests[:, :-1], verbose=0, batch_size=256)
    return int(model.count_params()), float(np.mean(np.asarray(loss(tests[:, 1:], logits))))
