"""Networks that read tokens, all asked alike: attention, recurrent cells and convolutions on the token tasks."""

from typing import Any

WIDTH, WINDOW = 64, 3  # two causal convolutions of 3 see 5 tokens


def reader(kind: str, data: Any, seed: int, width: int = WIDTH) -> Any:
    """Return an untrained network from tokens (batch, T) to logits (batch, T, vocabulary).

    kind: "attention" (one layer, keys mix in the token before, no MLP), "simple", "lstm", "gru", or "convolution" (two
    causal layers).
    """
    import keras

    from models.transformer import Architecture, build_transformer

    if kind == "attention":
        shape = Architecture(
            layers=1, heads=2, width=width, mlp_width=0, vocabulary=len(data.vocabulary),
            context=data.train_inputs.shape[1], positions="sinusoidal", token_shift=True, tied=False,
        )  # fmt: skip
        return build_transformer(shape, seed, data.train_inputs.shape[1])
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((data.train_inputs.shape[1],), dtype="int32")
    x = keras.layers.Embedding(len(data.vocabulary), width)(inputs)
    if kind == "convolution":
        for _ in range(2):
            x = keras.layers.Conv1D(width, WINDOW, padding="causal", activation="relu")(x)
    else:
        cells = {"simple": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
        x = cells[kind](width, return_sequences=True)(x)
    return keras.Model(inputs, keras.layers.Dense(len(data.vocabulary))(x), name=kind)


def trained(model: Any, data: Any, *, steps: int, seed: int, rate: float = 0.003) -> Any:
    """Train with Adam and a clip of the gradient at 1 on what is asked; return the model."""
    import keras

    from models.training_loop import CompiledTraining
    from models.transformer_look import asked_loss

    optimizer = keras.optimizers.Adam(rate, global_clipnorm=1.0)
    training = CompiledTraining(model, optimizer, asked_loss, data.features("train"), data.train_targets, batch_size=64,
                                seed=seed, jit_compile=model.name in ("simple", "lstm", "gru"))  # fmt: skip
    training.run(0, steps, rate)
    return model


def right(model: Any, data: Any) -> Any:
    """Return for each test sequence whether its first asked token is the likeliest: (n,) bool."""
    import numpy as np

    logits = model.predict(data.test_inputs, verbose=0, batch_size=250)
    asked = (data.test_targets >= 0).argmax(axis=1)
    every = np.arange(len(asked))
    return logits[every, asked].argmax(-1) == data.test_targets[every, asked]
