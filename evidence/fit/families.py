"""The columns of the matrix, and for each cell how it is filled or the sentence why it is not. Pure data."""

from dataclasses import dataclass

from evidence.fit.tasks import TASK


@dataclass(frozen=True)
class Family:
    """One column. page: slug of the family's own page, "" for none; built_by: what builds its networks, as file and
    the names of its functions; short: the title where there is little room.
    """

    name: str
    title: str
    short: str
    page: str
    built_by: tuple[str, ...]


NETWORKS = "evidence/fit/networks.py"
FAMILIES: tuple[Family, ...] = (
    Family("mlp", "Multilayer perceptron", "MLP", "mlp", (NETWORKS, "mlp", "listed")),
    Family("cnn", "Convolutional network", "CNN", "cnn", (NETWORKS, "cnn", "convolved_image", "convolved_sequence")),
    Family("rnn", "Recurrent network", "RNN", "rnn", (NETWORKS, "rnn", "recurrent", "as_sequence")),
    Family("lstm", "LSTM", "LSTM", "lstm_gru", (NETWORKS, "lstm", "recurrent", "as_sequence")),
    Family("gru", "GRU", "GRU", "lstm_gru", (NETWORKS, "gru", "recurrent", "as_sequence")),
    Family("autoencoder", "Autoencoder", "AE", "autoencoder", (NETWORKS, "autoencoder", "variational")),
    Family("gan", "Adversarial network", "GAN", "gan", ("evidence/fit/adversaries.py", "pair", "train_pair")),
    Family("rbf", "RBF network", "RBF", "rbf", ("evidence/fit/bumps.py", "fit_bumps")),
    Family("som", "Self-organizing map", "SOM", "som", ("evidence/fit/maps.py", "fit_map")),
    Family("modular", "Mixture of experts", "MoE", "modular", (NETWORKS, "modular", "Mixed")),
    Family("transformer", "Transformer", "Transf.", "transformer", (NETWORKS, "transformer", "as_sequence")),
    Family("baseline", "Without a network", "Base", "", ("evidence/fit/baselines.py", "methods")),
)
FAMILY = {family.name: family for family in FAMILIES}
SEQUENCE = ("rnn", "lstm", "gru", "transformer")
ORDERED = ("cnn", *SEQUENCE)

NO_LABEL = "It rebuilds what it sees and has no answer for a label or a number."
FORGES = "It forges samples and gives no answer to a question."
NO_ORDER = "One or two numbers have no order: there is nothing to slide over and nothing to read in turn."
NO_DISTANCE = "Its units measure distances, and between tokens there are none."
FIXED = "It takes a fixed number of inputs, and here the test is longer than the training."
NO_DRAW = "It gives the same answer to the same input, and draws nothing."
DISCRETE = "Characters are discrete: no gradient reaches the forger through them."
UNLABELLED = "Without labels it has nothing to learn from; made to rebuild its input it would be an autoencoder."
SAME_MEANS = "Its centres are found by k-means, which stands among the methods without a network."
NOTHING_NEW = "It gives each example its nearest unit, and draws nothing of its own."
NO_DENSITY = "A latent code for text would need a decoder that reads: that is a recurrent network or a Transformer."
ITSELF = "It learns to answer, and an answer does not tell how usual a question is."


def reason(task: str, family: str) -> str:
    """Return why a family does not apply to a task, in a sentence; "" where it does. Raises KeyError."""
    group = TASK[task].group
    if family == "baseline":
        return (
            "Methods that learn nothing in order cannot be asked beyond the trained length."
            if task == "parity_longer"
            else ""
        )
    if group == "Structure":
        return "" if family in ("autoencoder", "som") else SAME_MEANS if family == "rbf" else (
            "It forges samples and gives no place to one." if family == "gan" else UNLABELLED)  # fmt: skip
    if group == "Generation":
        return _generation(task, family)
    if task == "anomaly":
        if family == "gan":
            return "Its discriminator learns to reject its own forgeries, not everything that is strange."
        return "" if family in ("autoencoder", "som") else ITSELF
    if family == "gan":
        return FORGES
    if family == "autoencoder":
        return "" if task == "denoising" else NO_LABEL
    return _supervised(task, family)


def _generation(task: str, family: str) -> str:
    if family == "gan":
        return DISCRETE if task == "generated_text" else ""
    if family == "autoencoder":
        return NO_DENSITY if task == "generated_text" else ""
    if family == "som":
        return NOTHING_NEW
    return "" if family in ORDERED else NO_DRAW


def _supervised(task: str, family: str) -> str:
    if family in ORDERED and task in ("interpolation_1d", "interpolation_2d"):
        return NO_ORDER
    if task == "parity_longer" and family not in ORDERED:
        return FIXED
    if family in ("rbf", "som"):
        return NO_DISTANCE if task in ("next_character", "induction", "recall") else ""
    return ""


def applies(task: str, family: str) -> bool:
    """Return whether a family is trained on a task."""
    return not reason(task, family)


def cells() -> list[tuple[str, str]]:
    """Return all (task, family) that are trained, row by row."""
    return [(task, family.name) for task in TASK for family in FAMILIES if applies(task, family.name)]
