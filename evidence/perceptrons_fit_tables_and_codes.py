"""A multilayer perceptron works on tables and on embeddings, though a linear model is often as good there."""

from typing import Any

from evidence.ledger.claim import Claim, Effect
from evidence.ledger.training import finished

CLAIM = Claim(
    number=7,
    statement="A multilayer perceptron works on tables and on embeddings.",
    experiment="Train it on two tables and on the eight numbers into which an autoencoder squeezes digits.",
    effects=(
        Effect("breast_cancer", "Accuracy above always naming the larger class, breast cancer", above=0.2),
        Effect("wine", "Accuracy above always naming the largest class, wine", above=0.3),
        Effect("codes", "Accuracy on codes of digits above a linear classifier of the same codes", above=0.0),
        Effect("logistic", "Accuracy by which logistic regression leads, mean of both tables", above=0.0, limit=True),
    ),
    pages=("mlp",),
)


def measure(seed: int, quick: bool) -> dict[str, Any]:
    """Return accuracies beside those of the majority and of logistic regression on the same split."""
    import numpy as np

    gains, behind = {}, []
    for dataset in ("breast_cancer", "wine"):
        _, data, _, metrics = finished("mlp", dataset=dataset, seed=seed, epochs=40)
        largest = np.bincount(data.test_targets.astype(int)).max() / len(data.test_targets)
        gains[dataset] = float(metrics["test_accuracy"] - largest)
        behind.append(_linear(data.train_inputs, data.train_targets, data.test_inputs, data.test_targets)
                      - metrics["test_accuracy"])  # fmt: skip
    return {**gains, "logistic": float(np.mean(behind)), **_on_codes(seed, quick)}


def _linear(inputs: Any, targets: Any, test_inputs: Any, test_targets: Any) -> float:
    from sklearn.linear_model import LogisticRegression

    return float(LogisticRegression(max_iter=3000).fit(inputs, targets).score(test_inputs, test_targets))


def _on_codes(seed: int, quick: bool) -> dict[str, float]:
    """Return the accuracy of a perceptron on codes of digits, of a linear one, and the gain."""
    import keras
    import numpy as np

    from models.training_loop import CompiledTraining

    _, data, model, _ = finished("autoencoder", code=8, seed=seed, epochs=10 if quick else 60)
    encoder = keras.Model(model.inputs, model.get_layer("code").output)
    train, test = (encoder.predict(part, verbose=0) for part in (data.train_inputs, data.test_inputs))
    centre, scale = train.mean(axis=0), train.std(axis=0)
    train, test = ((part - centre) / scale for part in (train, test))
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((train.shape[1],))
    network = keras.Model(inputs, keras.layers.Dense(10)(keras.layers.Dense(64, activation="relu")(inputs)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    training = CompiledTraining(network, keras.optimizers.Adam(0.003), loss, train, data.train_targets, batch_size=32,
                                seed=seed, jit_compile=True)  # fmt: skip
    training.run(0, 800 if quick else 2500, 0.003)
    right = float(np.mean(np.asarray(network(test)).argmax(-1) == data.test_targets))
    linear = _linear(train, data.train_targets, test, data.test_targets)
    return {"codes": right - linear, "accuracy_on_codes": right, "linear_on_codes": linear}
