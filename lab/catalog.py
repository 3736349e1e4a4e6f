"""The road: names, order and one-liners of the pages. Pure data."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Stop:
    """One page. slug: its file in pages/ and its address; origin: year and paper; the last three tell the road."""

    slug: str
    title: str
    group: str
    idea: str
    origin: str = ""
    solved: str = ""
    limit: str = ""
    kept: str = ""

    @property
    def built(self) -> bool:
        """Whether the page exists; the others are listed as next."""
        return (ROOT / "pages" / f"{self.slug}.py").exists()


LEARNING, FAMILIES, TRANSFORMERS = "How networks learn", "Families", "Transformers"

STOPS: tuple[Stop, ...] = (
    Stop(
        "backpropagation", "Backpropagation", LEARNING,
        "How an error at the end tells every weight which way to turn.",
        "1958 Rosenblatt, the perceptron. 1986 Rumelhart, Hinton, Williams, backpropagation",
        "Training more than one layer", "Long chains of factors shrink or explode", "The learning rule itself",
    ),
    Stop(
        "gradient_flow", "Gradient flow", LEARNING,
        "Why deep stacks once refused to learn, and the plus sign that mended it.",
        "1991 Hochreiter, vanishing gradients. 2015 He and others, residual networks",
        "Depth", "Each repair has its own limits", "The residual plus, normalization",
    ),
    Stop(
        "mlp", "Multilayer perceptron", FAMILIES,
        "Layers of simple units, each a weighted sum and a bend, add up to any curve.",
        "1986 Rumelhart, Hinton, Williams: Learning representations by back-propagating errors",
        "Any smooth function of a fixed list of numbers", "Knows nothing of space or order",
        "The two dense layers in every block",
    ),
    Stop(
        "cnn", "Convolutional network", FAMILIES,
        "One small window slides over the image; what it learns in one place it knows everywhere.",
        "1989 LeCun and others: Backpropagation applied to handwritten zip code recognition",
        "Images", "Sees only as far as its window", "Shared weights",
    ),
    Stop(
        "rnn", "Recurrent network", FAMILIES,
        "Read one item at a time and carry a state along.",
        "1990 Elman: Finding structure in time",
        "Sequences of any length", "Forgets over long distances, one step after another",
        "One network for every position",
    ),
    Stop(
        "lstm_gru", "LSTM and GRU", FAMILIES,
        "Gates decide what to keep, what to write and what to show.",
        "1997 Hochreiter and Schmidhuber: Long short-term memory. 2014 Cho and others, GRU",
        "Memory over hundreds of steps", "All of the past in one vector", "Gates and the additive path",
    ),
    Stop(
        "autoencoder", "Autoencoder", FAMILIES,
        "Squeeze the input through a bottleneck and rebuild it: what survives is what matters.",
        "2006 Hinton and Salakhutdinov: Reducing the dimensionality of data with neural networks",
        "Compression, denoising, anomalies without labels", "Holes between the codes",
        "Embeddings, encoder and decoder",
    ),
    Stop(
        "gan", "Generative adversarial network", FAMILIES,
        "A forger and a detective train each other.",
        "2014 Goodfellow and others: Generative adversarial networks",
        "Sharp samples", "Unstable; the forger may settle on one trick", "Generation by sampling",
    ),
    Stop(
        "rbf", "RBF network", FAMILIES,
        "A sum of bumps, each speaking for its own neighbourhood.",
        "1988 Broomhead and Lowe: Multivariable functional interpolation and adaptive networks",
        "Smooth interpolation", "Too few bumps for many dimensions", "Weights from similarity",
    ),
    Stop(
        "som", "Self-organizing map", FAMILIES,
        "Units on a grid compete for each sample and pull their neighbours along.",
        "1982 Kohonen: Self-organized formation of topologically correct feature maps",
        "Maps of data without labels", "A flat map of a curved world tears", "Competition between units",
    ),
    Stop(
        "modular", "Modular and ensemble networks", FAMILIES,
        "Several networks divide the work, or vote.",
        "1991 Jacobs, Jordan, Nowlan, Hinton: Adaptive mixtures of local experts",
        "Specialists, doubt, robustness", "Experts can starve; votes cost", "Heads and experts",
    ),
    Stop(
        "transformer", "Transformer", TRANSFORMERS,
        "Every token asks every other token what matters.",
        "2017 Vaswani and others: Attention is all you need",
        "Long context, trained in parallel", "Cost grows with the square of the length", "",
    ),
    Stop(
        "architecture_fit", "Architecture fit", TRANSFORMERS,
        "Which network for which task, by measurement.",
    ),
    Stop(
        "evidence", "Evidence", TRANSFORMERS,
        "Every claim of this app, with the experiment that proves it.",
    ),
    Stop(
        "talk", "The talk", TRANSFORMERS,
        "From perceptron to Transformer in 20 minutes: slides with live steps and speaker notes.",
    ),
)  # fmt: skip

BY_SLUG = {stop.slug: stop for stop in STOPS}
GROUPS = (LEARNING, FAMILIES, TRANSFORMERS)
