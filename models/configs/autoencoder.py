"""The settings of the autoencoder: what goes through the bottleneck, how narrow it is, and what disturbs it."""

from typing import ClassVar, Literal

from models.configs.base import Config, Digest, knob


class AutoencoderConfig(Config):
    """The settings of the autoencoder: what goes through the bottleneck, how narrow it is, and what disturbs it."""

    family: ClassVar[str] = "autoencoder"

    dataset: Literal["digits", "breast_cancer", "own", "fashion_mnist", "mnist"] = knob(
        "digits", "Data", "What is squeezed and rebuilt. Tumours: trained on benign ones alone."
    )
    kind: Literal["dense", "convolutional"] = knob(
        "dense", "Kind", "Convolutional layers look at images through small windows; images only."
    )
    code: int = knob(2, "Bottleneck", "How many numbers the whole input is squeezed into.", ge=1, le=32)
    units: int = knob(
        64, "Units per layer", "Width of each hidden layer; a convolution has a quarter as many filters.", ge=4, le=256
    )
    noise: float = knob(
        0.0, "Noise", "Deviation of the noise added to what the network sees; it must rebuild the clean input.",
        ge=0, le=1,
    )  # fmt: skip
    kl: float = knob(
        0.0, "KL weight", "Above 0 the code is drawn at random around its place: a variational autoencoder.",
        scale="log", ge=0, le=10,
    )  # fmt: skip

    layers: int = knob(
        2, "Layers each side", "Hidden layers before the bottleneck, and as many after it. Convolutions: at most 2.",
        ge=0, le=4,
    )  # fmt: skip
    activation: Literal["relu", "tanh", "gelu", "selu", "linear"] = knob(
        "relu", "Activation", "The bend f in a = f(z). Linear: all it can do is principal component analysis."
    )
    held_out: Literal["none", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] = knob(
        "none",
        "Unknown digit",
        "A digit that training never sees; does it stand out? Digits and MNIST only.",
    )
    learning_rate: float = knob(
        0.003, "Learning rate", "Size of each step against the gradient.", scale="log", gt=0, le=10
    )
    epochs: int = knob(60, "Epochs", "Passes over the training data.", ge=1, le=1000, scale="log")
    batch_size: int = knob(32, "Batch size", "Examples per step.", ge=1, le=512, scale="log")
    test_share: float = knob(0.25, "Test share", "Share of the data held out.", ge=0.1, le=0.9)

    examples: int = knob(
        10000, "Training images", "At most so many, downloaded sets only.", ge=500, le=60000, scale="log"
    )

    upload: Digest = knob("", "Uploaded file", "SHA-256 of an uploaded CSV, own data only.")
    target: str = knob("", "Label column", "The column that colours the pictures, own data only.", max_length=200)
