"""The settings of every family: default, range, one line of help. Reads like a table; imports no Keras.

Everything that reaches the engine from a browser or a URL is validated here, on the server.
"""

import hashlib
import json
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError


def knob(default: Any, label: str, description: str, *, unit: str = "", scale: str = "linear", **bounds: Any) -> Any:
    """A setting that a person can turn. scale: "linear", or "log" for steps of 1, 3, 10, 30."""
    extra: dict[str, Any] = {"label": label, "unit": unit, "scale": scale}
    return Field(default=default, description=description, json_schema_extra=extra, **bounds)


class Config(BaseModel):
    """A family's settings, immutable; two runs with equal settings and equal versions are the same run."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    family: ClassVar[str]

    seed: int = knob(0, "Seed", "Fixes the data, the first weights and the order of the examples.", ge=0, le=9999)

    def changes(self) -> dict[str, Any]:
        """Return the fields that differ from the defaults, as JSON values."""
        defaults = type(self)().model_dump(mode="json")
        return {name: value for name, value in self.model_dump(mode="json").items() if value != defaults[name]}

    def digest(self) -> str:
        """Return a short name for these settings, equal for equal settings on every machine."""
        values = self.model_dump(mode="json")
        values = {name: value + 0.0 if isinstance(value, float) else value for name, value in values.items()}  # no -0.0
        text = json.dumps({"family": self.family, **values}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @classmethod
    def forgiving(cls, values: dict[str, Any]) -> tuple["Config", dict[str, str]]:
        """Return a valid config, and by field name the reason why a value was replaced by its default."""
        rejected: dict[str, str] = {name: "there is no such setting" for name in values if name not in cls.model_fields}
        kept = {name: value for name, value in values.items() if name in cls.model_fields}
        while True:
            try:
                return cls(**kept), rejected
            except ValidationError as error:
                for problem in error.errors():
                    name = str(problem["loc"][0]) if problem["loc"] else next(iter(kept))
                    kept.pop(name, None)
                    rejected.setdefault(name, problem["msg"])


TWO_DIMENSIONAL = ("circle", "xor", "gaussians", "spiral", "moons", "plane")
TABLES = ("iris", "wine", "breast_cancer", "diabetes", "cars", "seattle_weather")
ExtraFeature = Literal["x1^2", "x2^2", "x1*x2", "sin(x1)", "sin(x2)"]


def _each_once(values: tuple[ExtraFeature, ...]) -> tuple[ExtraFeature, ...]:
    if len(set(values)) < len(values):
        raise ValueError("each extra input can be named once")
    return values


Digest = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]


class MlpConfig(Config):
    """The multilayer perceptron's settings."""

    family: ClassVar[str] = "mlp"

    dataset: Literal[
        "digits", "circle", "xor", "gaussians", "spiral", "moons", "plane",
        "iris", "wine", "breast_cancer", "diabetes", "cars", "seattle_weather", "own",
    ] = knob("digits", "Data", "What the network learns.")  # fmt: skip
    layers: int = knob(1, "Hidden layers", "0 leaves a linear model.", ge=0, le=6)
    units: int = knob(32, "Units per layer", "Width of every hidden layer.", ge=1, le=128)
    activation: Literal["tanh", "relu", "sigmoid", "gelu", "selu", "silu", "linear"] = knob(
        "relu", "Activation", "The bend f in a = f(z). Linear: layers collapse into one."
    )
    learning_rate: float = knob(
        0.003, "Learning rate", "Size of each step against the gradient.", scale="log", gt=0, le=10
    )
    epochs: int = knob(60, "Epochs", "Passes over the training data.", ge=1, le=2000, scale="log")

    batch_size: int = knob(32, "Batch size", "Examples per step.", ge=1, le=512, scale="log")
    optimizer: Literal["sgd", "momentum", "rmsprop", "adam", "adamw"] = knob(
        "adam", "Optimizer", "The rule that turns gradients into steps."
    )
    initialization: Literal["glorot_uniform", "he_normal", "lecun_normal", "orthogonal", "zeros"] = knob(
        "glorot_uniform", "Initialization", "Where the weights start. Zeros: all units stay equal."
    )
    dropout: float = knob(0.0, "Dropout", "Share of units silenced in each training step.", ge=0, le=0.8)
    l2: float = knob(0.0, "L2 penalty", "Pulls weights towards zero.", scale="log", ge=0, le=0.3)
    batch_normalization: bool = knob(False, "Batch normalization", "Rescales each layer's sums over the batch.")
    patience: int = knob(
        0, "Stop rule", "End when the test loss has not improved for so many snapshots. 0: never.", ge=0, le=60
    )
    test_share: float = knob(0.25, "Test share", "Share of the data held out.", ge=0.1, le=0.9)

    samples: int = knob(400, "Samples", "Number of points, 2-D sets only.", ge=20, le=4000, scale="log")
    noise: float = knob(0.1, "Noise", "Scatter of the points, 2-D sets only.", ge=0, le=0.5)
    extra_features: Annotated[tuple[ExtraFeature, ...], AfterValidator(_each_once)] = knob(
        (), "Extra inputs", "Inputs computed from x1 and x2, 2-D sets only.", max_length=5
    )

    upload: Digest = knob("", "Uploaded file", "SHA-256 of an uploaded CSV, own data only.")
    target: str = knob("", "Target column", "The column to predict, own data only.", max_length=200)


class BackpropagationConfig(Config):
    """The settings of the page on backpropagation: networks so small that every number in them can be read."""

    family: ClassVar[str] = "backpropagation"

    dataset: Literal["xor", "circle", "gaussians", "moons", "plane", "iris"] = knob(
        "xor", "Data", "Where the example comes from, and what the optimizers race on."
    )
    inputs: int = knob(
        2, "Inputs", "The first so many inputs; beyond x1 and x2 the point sets offer x1·x2 and x1².", ge=2, le=4
    )
    layers: int = knob(2, "Hidden layers", "0 leaves a single unit without a bend.", ge=0, le=3)
    units: int = knob(3, "Units per layer", "Width of every hidden layer.", ge=1, le=4)
    activation: Literal[
        "tanh", "sigmoid", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "linear"
    ] = knob("tanh", "Activation", "The bend f in a = f(z), and with it the factor f'(z) on the way back.")
    learning_rate: float = knob(
        0.1, "Learning rate", "Size of each step against the gradient, the same for all in the race.",
        scale="log", gt=0, le=10,
    )  # fmt: skip
    optimizer: Literal["sgd", "momentum", "nesterov", "rmsprop", "adam"] = knob(
        "momentum", "Followed optimizer", "All five race; this one's network is drawn and can be asked."
    )
    epochs: int = knob(60, "Epochs", "Passes over the training data.", ge=1, le=500, scale="log")
    loss: Literal["fitting", "squared_error"] = knob(
        "fitting", "Loss", "Fitting: cross-entropy for classes, squared error for numbers."
    )
    batch_size: int = knob(16, "Batch size", "Examples per step.", ge=1, le=200, scale="log")
    initialization: Literal["glorot_uniform", "he_normal", "lecun_normal", "zeros"] = knob(
        "glorot_uniform", "Initialization", "Where the weights start. Zeros: all units stay equal."
    )
    noise: float = knob(0.1, "Noise", "Scatter of the points, 2-D sets only.", ge=0, le=0.5)


class GradientFlowConfig(Config):
    """The settings of a deep stack on handwritten digits: what decides how much gradient reaches its first layer."""

    family: ClassVar[str] = "gradient_flow"

    depth: int = knob(10, "Depth", "Hidden layers, the output not counted.", ge=1, le=50)
    activation: Literal["sigmoid", "tanh", "relu", "selu", "gelu", "linear"] = knob(
        "sigmoid", "Activation", "The bend f in a = f(z). Its slope f'(z) multiplies the gradient."
    )
    initialization: Literal["glorot_uniform", "he_normal", "lecun_normal", "orthogonal"] = knob(
        "glorot_uniform", "Initialization", "How large the first weights are drawn."
    )
    connection: Literal["plain", "residual", "highway"] = knob(
        "residual", "Around each layer", "Plain: f(z). Residual: h + f(z). Highway: a gate mixes both."
    )
    normalization: Literal["none", "batch", "layer"] = knob(
        "none", "Normalization", "Of the sums z; in a residual stack, of what enters the layer."
    )
    learning_rate: float = knob(
        0.003, "Learning rate", "Size of each step against the gradient.", scale="log", gt=0, le=10
    )

    width: int = knob(32, "Units per layer", "Width of every hidden layer.", ge=4, le=128)
    gain: float = knob(1.0, "Scale of the first weights", "Multiplies every first weight of the stack.", ge=0.1, le=4)
    optimizer: Literal["adam", "sgd"] = knob(
        "adam", "Optimizer", "Adam divides each gradient by its own size; plain descent takes it as it is."
    )
    clip_norm: float = knob(
        0.0, "Clip the gradient at", "Longest gradient of all weights together. 0: no clipping.",
        scale="log", ge=0, le=10,
    )  # fmt: skip
    gate_bias: float = knob(-2.0, "Gate bias", "Highway only: below 0 a gate starts nearly closed.", ge=-4, le=4)
    shared_weights: bool = knob(
        False, "One matrix for all layers", "From the second layer on: a recurrent network unrolled in time."
    )
    epochs: int = knob(15, "Epochs", "Passes over the training data.", ge=1, le=300, scale="log")
    batch_size: int = knob(32, "Batch size", "Examples per step.", ge=1, le=512, scale="log")


class ModularConfig(Config):
    """The settings of modular and ensemble networks."""

    family: ClassVar[str] = "modular"

    dataset: Literal[
        "digits", "circle", "xor", "gaussians", "spiral", "moons", "iris", "wine", "breast_cancer", "seattle_weather",
        "own",
    ] = knob("digits", "Data", "What the networks learn together.")  # fmt: skip
    kind: Literal["experts", "ensemble", "bagging", "groups", "single"] = knob(
        "experts", "Kind", "A gate divides the work, members vote, each has its classes, or one big net does it all."
    )
    members: int = knob(6, "Members", "Number of small nets. The big net gets as many parameters.", ge=1, le=32)
    active: int = knob(
        0, "Experts asked", "0: all of them, weighted by the gate. 1 or 2: only the best. Experts only.", ge=0, le=8
    )
    balance: float = knob(
        0.3, "Load balancing", "Extra loss for uneven use of the experts. Experts only.", scale="log", ge=0, le=10
    )
    units: int = knob(8, "Units per member", "Width of every hidden layer of a member.", ge=1, le=64)

    learning_rate: float = knob(
        0.01, "Learning rate", "Size of each step against the gradient.", scale="log", gt=0, le=10
    )
    epochs: int = knob(60, "Epochs", "Passes over the training data.", ge=1, le=1000, scale="log")
    layers: int = knob(1, "Hidden layers", "Of each member. 0 leaves linear members.", ge=0, le=3)
    gate_units: int = knob(0, "Units of the gate", "0: a linear gate. Experts only.", ge=0, le=64)
    batch_size: int = knob(32, "Batch size", "Examples per step.", ge=1, le=512, scale="log")
    test_share: float = knob(0.25, "Test share", "Share of the data held out.", ge=0.1, le=0.9)
    samples: int = knob(400, "Samples", "Number of points, 2-D sets only.", ge=20, le=4000, scale="log")
    noise: float = knob(0.1, "Noise", "Scatter of the points, 2-D sets only.", ge=0, le=0.5)

    upload: Digest = knob("", "Uploaded file", "SHA-256 of an uploaded CSV, own data only.")
    target: str = knob("", "Target column", "The column to predict, own data only.", max_length=200)


STARTING_POINTS = "-2.6,-0.6;-2,0.4;-1.5,0.9;-0.9,0.2;-0.3,-0.8;0.4,-0.3;0.9,0.8;1.5,1.2;2.1,0.1;2.7,-0.7"
_POINT = r"-?\d(\.\d)?,-?\d(\.\d)?"
ClickedPoints = Annotated[str, Field(pattern=rf"^({_POINT}(;{_POINT}){{0,59}})?$")]


class RbfConfig(Config):
    """The settings of the network of radial basis functions."""

    family: ClassVar[str] = "rbf"

    dataset: Literal[
        "wave", "step", "runge", "points", "circle", "xor", "gaussians", "spiral", "moons",
        "digits", "breast_cancer", "diabetes", "many", "own",
    ] = knob("wave", "Data", "What the network learns.")  # fmt: skip
    units: int = knob(12, "Bumps", "Radial units; with as many as training points, each point gets one.", ge=2, le=200)
    width: float = knob(1.0, "Width", "Width of a bump, in distances between neighbouring centres.", ge=0.1, le=8)
    basis: Literal["gaussian", "multiquadric", "inverse_multiquadric", "thin_plate"] = knob(
        "gaussian", "Shape", "How a unit's value depends on the distance. The thin plate has no width."
    )
    centres: Literal["kmeans", "random", "trained"] = knob(
        "kmeans", "Centres", "Where the bumps stand: means of k-means, random points, or moved by gradient."
    )
    fit: Literal["solved", "gradient"] = knob(
        "solved", "Output weights", "Solved at once by ridge regression, or learned step by step."
    )

    widths: Literal["shared", "per_unit"] = knob("shared", "Widths", "One for all, or by each one's own neighbours.")
    ridge: float = knob(0.001, "Ridge penalty", "Pulls output weights towards zero.", scale="log", ge=0, le=10)
    learning_rate: float = knob(0.03, "Learning rate", "Size of a gradient step.", scale="log", gt=0, le=10)
    passes: int = knob(300, "Passes", "Passes over the data, gradient only.", ge=1, le=3000, scale="log")
    batch_size: int = knob(32, "Batch size", "Examples per gradient step.", ge=1, le=512, scale="log")
    test_share: float = knob(0.25, "Test share", "Share of the data held out.", ge=0.1, le=0.9)
    samples: int = knob(80, "Samples", "Number of points, generated sets only.", ge=20, le=2000, scale="log")
    noise: float = knob(0.1, "Noise", "Scatter of the points, generated sets only.", ge=0, le=0.5)
    dimensions: int = knob(4, "Dimensions", "Inputs of the wave in many dimensions.", ge=1, le=16)

    points: ClickedPoints = knob(STARTING_POINTS, "Own points", "Clicked points, x and y.", max_length=600)
    upload: Digest = knob("", "Uploaded file", "SHA-256 of an uploaded CSV, own data only.")
    target: str = knob("", "Target column", "The column to predict, own data only.", max_length=200)


class SomConfig(Config):
    """The self-organizing map's settings."""

    family: ClassVar[str] = "som"

    dataset: Literal[
        "digits", "plane", "circle", "moons", "spiral", "gaussians", "temple", "flower",
        "iris", "wine", "breast_cancer", "cars", "seattle_weather", "own",
    ] = knob("digits", "Data", "What the map spreads over.")  # fmt: skip
    rows: int = knob(10, "Rows", "Units from top to bottom. One row makes a chain.", ge=1, le=20)
    columns: int = knob(10, "Columns", "Units from left to right.", ge=2, le=20)
    radius: float = knob(
        4.0, "Radius", "How far a winner pulls its neighbours at the start, in grid distances.", ge=0.1, le=20
    )
    radius_end: float = knob(
        0.7, "End radius", "The radius at the end; linear and exponential decay only.", ge=0.1, le=20
    )
    epochs: int = knob(10, "Epochs", "Passes over the training data.", ge=1, le=300, scale="log")

    rule: Literal["online", "batch"] = knob("online", "Rule", "Online: one example a step. Batch: all of them a step.")
    learning_rate: float = knob(
        0.5, "Learning rate", "Share of the way that a winner moves; online rule only.", scale="log", gt=0, le=1
    )
    decay: Literal["linear", "exponential", "asymptotic", "constant"] = knob(
        "exponential", "Decay", "How radius and learning rate fall. Asymptotic: to a third of their start."
    )
    neighbourhood: Literal["gaussian", "bubble", "mexican_hat"] = knob(
        "gaussian", "Neighbourhood", "Who moves along. Mexican hat: units farther off move away; safe with batch only."
    )
    grid: Literal["rectangular", "hexagonal"] = knob("rectangular", "Grid", "4 or 6 nearest neighbours.")
    toroidal: bool = knob(False, "Torus", "Opposite edges touch. A hexagonal torus closes with an even number of rows.")
    initialization: Literal["pca", "sample", "random"] = knob(
        "pca", "Start", "PCA: flat in the principal plane. Sample: on examples. Random: anywhere in the data's range."
    )
    test_share: float = knob(0.25, "Test share", "Share of the data held out.", ge=0.1, le=0.9)

    samples: int = knob(600, "Samples", "Number of points, 2-D sets only.", ge=20, le=4000, scale="log")
    noise: float = knob(0.05, "Noise", "Scatter of the points, 2-D sets only.", ge=0, le=0.5)

    upload: Digest = knob("", "Uploaded file", "SHA-256 of an uploaded CSV, own data only.")
    target: str = knob("", "Label column", "The column that colours the map, own data only.", max_length=200)


class GanConfig(Config):
    """The settings of the generative adversarial network."""

    family: ClassVar[str] = "gan"

    dataset: Literal["ring", "grid", "moons", "spiral", "own", "digits"] = knob(
        "ring", "Data", "What the generator imitates."
    )
    loss: Literal["non_saturating", "least_squares", "wasserstein"] = knob(
        "non_saturating", "Game", "The pair of losses. Wasserstein adds a gradient penalty."
    )
    learning_rate: float = knob(0.001, "Generator's rate", "Learning rate of the generator.", scale="log", gt=0, le=1)
    discriminator_rate: float = knob(
        0.001, "Discriminator's rate", "Learning rate of the discriminator.", scale="log", gt=0, le=1
    )
    latent: int = knob(2, "Noise numbers", "How many numbers the generator starts from.", scale="log", ge=2, le=256)
    steps: int = knob(4000, "Steps", "Turns of both networks.", scale="log", ge=1, le=30000)

    units: int = knob(64, "Units of the generator", "Width of each hidden layer.", ge=4, le=256)
    discriminator_units: int = knob(64, "Units of the discriminator", "Width of each hidden layer.", ge=4, le=256)
    layers: int = knob(2, "Layers of the generator", "Hidden layers.", ge=1, le=4)
    discriminator_layers: int = knob(2, "Layers of the discriminator", "Hidden layers.", ge=1, le=4)
    discriminator_steps: int = knob(1, "Discriminator's updates", "Per step.", ge=1, le=5)
    generator_steps: int = knob(1, "Generator's updates", "Per step.", ge=1, le=5)
    momentum: float = knob(
        0.5, "Momentum", "Adam's first decay rate. Games like less than the usual 0.9.", ge=0, le=0.95
    )
    penalty: float = knob(1.0, "Gradient penalty", "Wasserstein only: weight.", scale="log", ge=0, le=30)
    batch_size: int = knob(256, "Batch size", "Real and generated samples per update.", scale="log", ge=8, le=512)

    points: ClickedPoints = knob("-3,-3;0,3;3,-1.5", "Own spots", "Clicked spots, x and y.", max_length=600)


class CnnConfig(Config):
    """The settings of the convolutional network; without blocks it is a perceptron on pixels."""

    family: ClassVar[str] = "cnn"

    dataset: Literal["digits", "digits_canvas", "pair", "fashion_mnist", "mnist", "cifar10"] = knob(
        "digits", "Data", "What the network learns to tell apart."
    )
    blocks: int = knob(2, "Blocks", "A block convolves, bends, and pools. 0 leaves a perceptron on pixels.", ge=0, le=4)
    filters: int = knob(8, "Filters", "Kernels of the first block; each further block has twice as many.", ge=1, le=64)
    kernel: int = knob(3, "Kernel", "Pixels along each side of the sliding window.", ge=1, le=7)
    pooling: Literal["max", "average", "none"] = knob(
        "max", "Pooling", "What 2 x 2 neighbours become: their largest, their mean, or nothing happens to them."
    )
    head: Literal["flatten", "global_max", "global_average"] = knob(
        "flatten", "Before the output", "Keep every place of every map, or only its largest value, or only its mean."
    )

    padding: Literal["same", "valid"] = knob(
        "same", "Padding", "Same: a border of zeros keeps the size. Valid: the window stays inside the picture."
    )
    units: int = knob(0, "Hidden units", "Of a dense layer before the output; 0: none.", ge=0, le=256)
    batch_normalization: bool = knob(False, "Batch normalization", "Rescales each map's sums over the batch.")
    dropout: float = knob(0.0, "Dropout", "Share of values silenced after each block.", ge=0, le=0.8)
    augmentation: int = knob(0, "Random moves", "Training images move by up to so many pixels each time.", ge=0, le=4)
    permuted: bool = knob(False, "Shuffle the pixels", "One fixed order of all pixels, the same for every image.")
    learning_rate: float = knob(
        0.003, "Learning rate", "Size of each step against the gradient.", scale="log", gt=0, le=10
    )
    epochs: int = knob(30, "Epochs", "Passes over the training data.", ge=1, le=300, scale="log")
    batch_size: int = knob(32, "Batch size", "Examples per step.", ge=1, le=512, scale="log")
    distance: int = knob(10, "Distance of the dots", "In columns, two dots only.", ge=1, le=14)
    samples: int = knob(3000, "Samples", "Images, two dots only.", ge=100, le=20000, scale="log")
    examples: int = knob(
        20000, "Training images", "At most so many, downloaded sets only.", ge=500, le=60000, scale="log"
    )


class AutoencoderConfig(Config):
    """The settings of the autoencoder: what goes through the bottleneck, how narrow it is, and what disturbs it."""

    family: ClassVar[str] = "autoencoder"

    dataset: Literal["digits", "breast_cancer", "own"] = knob(
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
        "none", "Unknown digit", "A digit that training never sees; the test asks whether it stands out. Digits only."
    )
    learning_rate: float = knob(
        0.003, "Learning rate", "Size of each step against the gradient.", scale="log", gt=0, le=10
    )
    epochs: int = knob(60, "Epochs", "Passes over the training data.", ge=1, le=1000, scale="log")
    batch_size: int = knob(32, "Batch size", "Examples per step.", ge=1, le=512, scale="log")
    test_share: float = knob(0.25, "Test share", "Share of the data held out.", ge=0.1, le=0.9)

    upload: Digest = knob("", "Uploaded file", "SHA-256 of an uploaded CSV, own data only.")
    target: str = knob("", "Label column", "The column that colours the pictures, own data only.", max_length=200)


CONFIGS: dict[str, type[Config]] = {
    BackpropagationConfig.family: BackpropagationConfig,
    GradientFlowConfig.family: GradientFlowConfig,
    MlpConfig.family: MlpConfig,
    CnnConfig.family: CnnConfig,
    AutoencoderConfig.family: AutoencoderConfig,
    RbfConfig.family: RbfConfig,
    SomConfig.family: SomConfig,
    ModularConfig.family: ModularConfig,
    GanConfig.family: GanConfig,
}
