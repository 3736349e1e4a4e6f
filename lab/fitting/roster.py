"""Who takes part in a race on a table, and why the others do not. Pure data: neither Keras nor scikit-learn."""

from collections.abc import Callable
from dataclasses import dataclass

MOST_SEQUENCE, LEAST_SEQUENCE = 128, 4  # columns that are read one by one
MOST_TOKENS = 128
ORDER = "It reads the columns in their order; in a table whose columns have no order, that order is arbitrary."


@dataclass(frozen=True)
class Facts:
    """What decides who can take part: rows and inputs after preparation, classes (0 for a regression)."""

    rows: int
    inputs: int
    classes: int


def _always(_: Facts) -> str:
    return ""


@dataclass(frozen=True)
class Contender:
    """One method. network: whether it is a neural network; note: what a reader should know; refuses(facts): "" or why.

    slow: comes last, when all others have been through their folds.
    page: the slug of the page that explains it, "" for baselines; of_numbers: its title where a number is predicted, if
    that is another one.
    """

    slug: str
    title: str
    network: bool = True
    page: str = ""
    note: str = ""
    of_numbers: str = ""
    slow: bool = False
    refuses: Callable[[Facts], str] = _always


def _sequence(facts: Facts) -> str:
    if facts.inputs < LEAST_SEQUENCE:
        return f"It reads columns as a sequence; {facts.inputs} are too few for one, {LEAST_SEQUENCE} are needed."
    if facts.inputs > MOST_SEQUENCE:
        return f"It reads column after column, and {facts.inputs} steps for each row take too long here " \
               f"(at most {MOST_SEQUENCE})."  # fmt: skip
    return ""


def _tokens(facts: Facts) -> str:
    if facts.inputs < 2:
        return "Every column is a token that asks the others; here is one column alone."
    if facts.inputs > MOST_TOKENS:
        return f"Every column asks every other; {facts.inputs} columns take too long here (at most {MOST_TOKENS})."
    return ""


def _makes_data(_: Facts) -> str:
    return "It makes new data and predicts nothing: there is no column that it could be tested on."


CONTENDERS: tuple[Contender, ...] = (
    Contender("majority", "Most frequent class", network=False, of_numbers="Mean of the targets",
              note="What is reached without any input."),
    Contender("linear", "Logistic regression", network=False, of_numbers="Ridge regression",
              note="One weight for each column."),
    Contender("neighbours", "Nearest neighbours", network=False, note="The five most similar rows vote."),
    Contender("boosting", "Gradient boosting", network=False, note="A hundred small trees, each mending the last."),
    Contender("mlp", "Multilayer perceptron", page="mlp"),
    Contender("rbf", "RBF network", page="rbf"),
    Contender("ensemble", "Ensemble of perceptrons", page="modular", note="Four voters, each trained alone."),
    Contender("modular", "Mixture of experts", page="modular", note="A gate asks four experts."),
    Contender("som", "Self-organizing map", page="som",
              note="The map never sees the targets; afterwards each prototype stands for the rows near it."),
    Contender("autoencoder", "Autoencoder and readout", page="autoencoder",
              note="A bottleneck learns to rebuild the columns; a linear readout sees its code alone."),
    Contender("cnn", "Convolution, 1-D", page="cnn", note=ORDER, refuses=_sequence),
    Contender("transformer", "Transformer", page="transformer", note="Columns are tokens.", slow=True, refuses=_tokens),
    Contender("rnn", "Recurrent network", page="rnn", note=ORDER, slow=True, refuses=_sequence),
    Contender("gru", "GRU", page="lstm_gru", note=ORDER, slow=True, refuses=_sequence),
    Contender("lstm", "LSTM", page="lstm_gru", note=ORDER, slow=True, refuses=_sequence),
    Contender("gan", "Generative adversarial network", page="gan", refuses=_makes_data),
)  # fmt: skip
BY_SLUG = {one.slug: one for one in CONTENDERS}


def sort_out(facts: Facts) -> tuple[list[Contender], dict[str, str]]:
    """Return who takes part, in the order of starting, and for all others the reason by slug."""
    reasons = {one.slug: one.refuses(facts) for one in CONTENDERS}
    return [one for one in CONTENDERS if not reasons[one.slug]], {name: why for name, why in reasons.items() if why}
