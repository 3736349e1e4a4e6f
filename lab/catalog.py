"""The road: names, order and one-liners of the pages. Pure data."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Stop:
    """One page. slug: its file in pages/ and its address; origin: year and paper; the others tell the road.

    kept: the part that the Transformer took over; lives_on: what that part does in it.
    """

    slug: str
    title: str
    group: str
    idea: str
    origin: str = ""
    solved: str = ""
    limit: str = ""
    kept: str = ""
    lives_on: str = ""

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
        "Training more than one layer", "Long chains of factors shrink or explode", "The learning rule",
        "Each of its weights is still found by the chain rule, step by step.",
    ),
    Stop(
        "gradient_flow", "Gradient flow", LEARNING,
        "Why deep stacks once refused to learn, and the plus sign that mended it.",
        "1991 Hochreiter, vanishing gradients. 2015 He and others, residual networks",
        "Depth", "Each repair has its own limits", "The plus, and normalization",
        "Each block adds to what it was given, so that the gradient has a way past it.",
    ),
    Stop(
        "mlp", "Multilayer perceptron", FAMILIES,
        "Layers of simple units, each a weighted sum and a bend, add up to any curve.",
        "1986 Rumelhart, Hinton, Williams: Learning representations by back-propagating errors",
        "Any smooth function of a fixed list of numbers", "Knows nothing of space or order",
        "Two dense layers with a bend",
        "Behind the attention of each block: what a token has gathered is worked on, token by token.",
    ),
    Stop(
        "cnn", "Convolutional network", FAMILIES,
        "One small window slides over the image; what it learns in one place it knows everywhere.",
        "1989 LeCun and others: Backpropagation applied to handwritten zip code recognition",
        "Images", "Sees only as far as its window", "Shared weights",
        "The same matrices serve every position, however long the text is.",
    ),
    Stop(
        "rnn", "Recurrent network", FAMILIES,
        "Read one item at a time and carry a state along.",
        "1990 Elman: Finding structure in time",
        "Sequences of any length", "Forgets over long distances, one step after another",
        "A state that grows with the text",
        "It writes token by token, and what it keeps of the past are keys and values, all of them.",
    ),
    Stop(
        "lstm_gru", "LSTM and GRU", FAMILIES,
        "Gates decide what to keep, what to write and what to show.",
        "1997 Hochreiter and Schmidhuber: Long short-term memory. 2014 Cho and others, GRU",
        "Memory over hundreds of steps", "All of the past in one vector", "Gates, and a path that adds",
        "The stream through the blocks is added to, like the cell; gated units multiply, like gates.",
    ),
    Stop(
        "autoencoder", "Autoencoder", FAMILIES,
        "Squeeze the input through a bottleneck and rebuild it: what survives is what matters.",
        "2006 Hinton and Salakhutdinov: Reducing the dimensionality of data with neural networks",
        "Compression, denoising, anomalies without labels", "Holes between the codes",
        "Embeddings, encoder and decoder",
        "A token becomes a point among points; the first Transformer read with one half and wrote with the other.",
    ),
    Stop(
        "gan", "Generative adversarial network", FAMILIES,
        "A forger and a detective train each other.",
        "2014 Goodfellow and others: Generative adversarial networks",
        "Sharp samples", "Unstable; the forger may settle on one trick", "Sampling",
        "It, too, creates by drawing from what it holds likely, without an adversary.",
    ),
    Stop(
        "rbf", "RBF network", FAMILIES,
        "A sum of bumps, each speaking for its own neighbourhood.",
        "1988 Broomhead and Lowe: Multivariable functional interpolation and adaptive networks",
        "Smooth interpolation", "Too few bumps for many dimensions", "Weights from similarity: kernels",
        "A query is compared with every key; the more alike, the more its value counts.",
    ),
    Stop(
        "som", "Self-organizing map", FAMILIES,
        "Units on a grid compete for each sample and pull their neighbours along.",
        "1982 Kohonen: Self-organized formation of topologically correct feature maps",
        "Maps of data without labels", "A flat map of a curved world tears", "Competition",
        "In the softmax all keys compete for one query, and the share of one is the loss of the others.",
    ),
    Stop(
        "modular", "Modular and ensemble networks", FAMILIES,
        "Several networks divide the work, or vote.",
        "1991 Jacobs, Jordan, Nowlan, Hinton: Adaptive mixtures of local experts",
        "Specialists, doubt, robustness", "Experts can starve; votes cost", "Heads and experts",
        "Several heads look at once; in large models a gate asks a few of many experts for each token.",
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
        "Every claim of this app, with the experiment that tests it.",
    ),
    Stop(
        "talk", "The talk", TRANSFORMERS,
        "From perceptron to Transformer in 20 minutes: slides with live steps and speaker notes.",
    ),
)  # fmt: skip

BY_SLUG = {stop.slug: stop for stop in STOPS}
GROUPS = (LEARNING, FAMILIES, TRANSFORMERS)
