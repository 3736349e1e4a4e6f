"""Settings worth a click: those known to work, and those known to fail. Data, not prose; imports no Keras.

Every one is trained and stored by `python -m lab examples`, and tests hold it to what it says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.base import Failure


@dataclass(frozen=True)
class Preset:
    """Settings that work: the fields of the family's Config that differ from the defaults.

    metric, threshold: at the end of the run the metric is at least the threshold.
    """

    title: str
    reason: str
    settings: Mapping[str, Any]
    metric: str
    threshold: float


_TANH = {"activation": "tanh", "learning_rate": 0.03, "epochs": 300}

_SQUARE = {"dataset": "plane", "rows": 12, "columns": 12, "epochs": 20}
_NODES = {"dataset": "runge", "units": 21, "ridge": 0.0}

_DIGIT_GAN = {"dataset": "digits", "latent": 16, "units": 128, "discriminator_units": 128, "learning_rate": 0.0003}
_STRONG = {"units": 128, "discriminator_units": 128}
_BRISK = {"learning_rate": 0.005, "discriminator_rate": 0.005}
_EARTH_MOVER = {"loss": "wasserstein", "discriminator_steps": 3}
_ROOM = {"dataset": "digits_canvas"}
_DOTS = {"dataset": "pair", "epochs": 20}
_CLOTHES = {
    "dataset": "fashion_mnist",
    "filters": 16,
    "dropout": 0.2,
    "learning_rate": 0.002,
    "epochs": 12,
    "batch_size": 64,
    "examples": 60000,
}

PRESETS: dict[str, tuple[Preset, ...]] = {
    "autoencoder": (
        Preset(
            title="Digits in two numbers",
            reason="64 pixels become two numbers, which is a place on a plane. Like digits gather without any label.",
            settings={},
            metric="test_explained",
            threshold=0.5,
        ),
        Preset(
            title="A smooth plane: variational",
            reason="Each code is drawn at random around its place, so that every place must decode to something.",
            settings={"kl": 0.1},
            metric="test_explained",
            threshold=0.35,
        ),
        Preset(
            title="Remove noise",
            reason="The network sees noisy digits and must give back clean ones: what is no digit is lost on the way.",
            settings={"code": 16, "noise": 0.3},
            metric="test_explained",
            threshold=0.6,
        ),
        Preset(
            title="Convolutional, eight numbers",
            reason="Small windows instead of dense layers: fewer parameters, the same bottleneck.",
            settings={"kind": "convolutional", "code": 8},
            metric="test_explained",
            threshold=0.7,
        ),
        Preset(
            title="Tumours: anomalies without labels",
            reason="Trained on benign tumours alone. What it cannot rebuild is suspicious; the forest does as well.",
            settings={"dataset": "breast_cancer", "code": 4, "units": 32},
            metric="test_auc",
            threshold=0.85,
        ),
        Preset(
            title="A digit it has never seen",
            reason="Trained without any 7. A 7 in the test is rebuilt as something else, and its error shows it.",
            settings={"held_out": "7", "code": 4},
            metric="test_auc",
            threshold=0.7,
        ),
    ),
    "mlp": (
        Preset(
            title="Handwritten digits",
            reason="64 pixels, 32 hidden units, 10 classes: the smallest network that reads handwriting well.",
            settings={},
            metric="test_accuracy",
            threshold=0.95,
        ),
        Preset(
            title="Circle in a ring",
            reason="Four tanh units are enough: each draws one line, and the output adds them up to a closed curve.",
            settings={"dataset": "circle", "units": 4, **_TANH},
            metric="test_accuracy",
            threshold=0.95,
        ),
        Preset(
            title="Exclusive or",
            reason="The problem no single unit can solve, solved by one hidden layer.",
            settings={"dataset": "xor", "units": 8, **_TANH},
            metric="test_accuracy",
            threshold=0.93,
        ),
        Preset(
            title="Two spirals",
            reason="A hard shape for plain coordinates: two hidden layers bend the border around both arms.",
            settings={"dataset": "spiral", "layers": 2, "units": 16, "noise": 0.05, **_TANH},
            metric="test_accuracy",
            threshold=0.93,
        ),
        Preset(
            title="Breast cancer",
            reason="A table of 30 measurements. Watch the grey lines: a logistic regression does as well.",
            settings={"dataset": "breast_cancer", "units": 16, "epochs": 30},
            metric="test_accuracy",
            threshold=0.93,
        ),
    ),
    "cnn": (
        Preset(
            title="Handwritten digits",
            reason="Two blocks of 3 x 3 windows: 1,898 parameters read digits as well as a far larger perceptron.",
            settings={},
            metric="test_accuracy",
            threshold=0.95,
        ),
        Preset(
            title="Digits anywhere",
            reason="Only the largest value of each map is kept, so it hardly matters where a stroke stands.",
            settings={**_ROOM, "filters": 16, "head": "global_max"},
            metric="test_moved",
            threshold=0.9,
        ),
        Preset(
            title="Two dots, three blocks",
            reason="Are two dots, ten columns apart, in the same row? Three blocks see both at once.",
            settings={**_DOTS, "blocks": 3},
            metric="test_accuracy",
            threshold=0.95,
        ),
        Preset(
            title="Fashion-MNIST",
            reason="60,000 pictures of clothes, fetched on request (31 MB): beyond .90 within three minutes.",
            settings={**_CLOTHES},
            metric="test_accuracy",
            threshold=0.9,
        ),
    ),
    "backpropagation": (
        Preset(
            title="XOR, two hidden layers of three",
            reason="Seven units, 25 parameters, every number readable; five optimizers start from the same weights.",
            settings={},
            metric="test_accuracy",
            threshold=0.9,
        ),
        Preset(
            title="The smallest chain: 2-2-1 on two moons",
            reason="Two hidden units, nine parameters: a gradient at the first layer is a product of four factors.",
            settings={"dataset": "moons", "layers": 1, "units": 2},
            metric="test_accuracy",
            threshold=0.8,
        ),
        Preset(
            title="Three classes: iris",
            reason="With a softmax every output pulls on every hidden unit: the sum over paths has three terms.",
            settings={"dataset": "iris", "inputs": 4, "layers": 1},
            metric="test_accuracy",
            threshold=0.85,
        ),
    ),
    "gradient_flow": (
        Preset(
            title="Ten sigmoid layers with a plus",
            reason="Each layer adds to what it was given. The gradient passes by the plus and arrives undiminished.",
            settings={},
            metric="test_accuracy",
            threshold=0.9,
        ),
        Preset(
            title="ReLU with He's weights, ten layers",
            reason="Half the units are off, so weights of twice the variance keep the gradient's size.",
            settings={"connection": "plain", "activation": "relu", "initialization": "he_normal"},
            metric="test_accuracy",
            threshold=0.85,
        ),
        Preset(
            title="Highway, twenty layers",
            reason="Gates that start nearly closed let the gradient by, at about .87 a layer.",
            settings={"connection": "highway", "depth": 20},
            metric="test_accuracy",
            threshold=0.85,
        ),
        Preset(
            title="As in a Transformer: plus, normalization, GELU",
            reason="Layer normalization before each layer, a plus around it. Twenty layers train like two.",
            settings={"activation": "gelu", "normalization": "layer", "depth": 20},
            metric="test_accuracy",
            threshold=0.9,
        ),
    ),
    "rbf": (
        Preset(
            title="Noisy wave",
            reason="Twelve bumps follow sixty noisy points. Step through the run and watch them join one by one.",
            settings={},
            metric="test_r2",
            threshold=0.85,
        ),
        Preset(
            title="Runge's curve through 21 nodes",
            reason="One bump per node meets every node. A polynomial through the same nodes swings wildly at the ends.",
            settings={**_NODES},
            metric="test_r2",
            threshold=0.99,
        ),
        Preset(
            title="Centres that move",
            reason="Gradients shift the bumps and change their common width, beside the output weights.",
            settings={"centres": "trained", "fit": "gradient"},
            metric="test_r2",
            threshold=0.85,
        ),
        Preset(
            title="Two moons",
            reason="Twenty bumps in the plane. Far from all of them the network says the same everywhere.",
            settings={"dataset": "moons", "samples": 400, "units": 20},
            metric="test_accuracy",
            threshold=0.97,
        ),
        Preset(
            title="Two spirals",
            reason="A shape that troubles a perceptron is easy here: forty bumps along the arms, one linear system.",
            settings={"dataset": "spiral", "samples": 400, "units": 40, "noise": 0.05},
            metric="test_accuracy",
            threshold=0.93,
        ),
        Preset(
            title="Handwritten digits",
            reason="A hundred typical digits found by k-means; each image is judged by the ones it resembles.",
            settings={"dataset": "digits", "units": 100},
            metric="test_accuracy",
            threshold=0.96,
        ),
        Preset(
            title="Diabetes",
            reason="Ten measurements of a patient. The grey lines tell it: a straight ridge regression does as well.",
            settings={"dataset": "diabetes", "width": 4.0},
            metric="test_r2",
            threshold=0.4,
        ),
    ),
    "som": (
        Preset(
            title="Handwritten digits",
            reason="100 units arrange 64-pixel images on a sheet. Nobody told them which digits are alike.",
            settings={},
            metric="test_order",
            threshold=0.9,
        ),
        Preset(
            title="A net unfolds over a square",
            reason="Kohonen's own first example: a net spreads evenly over points that fill a square.",
            settings={**_SQUARE, "initialization": "sample"},
            metric="test_order",
            threshold=0.95,
        ),
        Preset(
            title="A chain winds along two moons",
            reason="One row of units is a line. It finds a path through both moons.",
            settings={"dataset": "moons", "rows": 1, "columns": 20, "radius": 5.0, "epochs": 30},
            metric="test_explained",
            threshold=0.9,
        ),
        Preset(
            title="64 colours for a photograph",
            reason="Each unit is a colour. Every pixel is drawn in the colour of its best unit.",
            settings={"dataset": "temple", "rows": 8, "columns": 8, "radius": 3.0, "radius_end": 0.5},
            metric="test_explained",
            threshold=0.95,
        ),
        Preset(
            title="Wines, six neighbours each",
            reason="Batch rule on a hexagonal grid: three cultivars settle in three corners, without their labels.",
            settings={
                "dataset": "wine",
                "rule": "batch",
                "grid": "hexagonal",
                "rows": 8,
                "columns": 8,
                "radius": 3.0,
                "epochs": 30,
            },
            metric="test_accuracy",
            threshold=0.9,
        ),
    ),
    "modular": (
        Preset(
            title="Six experts read digits",
            reason="Nobody tells the experts which digits are theirs: the gate and the experts agree on it.",
            settings={},
            metric="test_accuracy",
            threshold=0.93,
        ),
        Preset(
            title="Exclusive or with straight lines",
            reason="Two linear experts and a linear gate: each expert draws one line where the gate lets it.",
            settings={"dataset": "xor", "layers": 0, "members": 2, "learning_rate": 0.03, "epochs": 100},
            metric="test_accuracy",
            threshold=0.9,
        ),
        Preset(
            title="Only the best expert answers",
            reason="A sparse gate asks one of eight experts for each digit; load balancing keeps all eight at work.",
            settings={"members": 8, "active": 1, "balance": 3.0},
            metric="test_accuracy",
            threshold=0.9,
        ),
        Preset(
            title="Ten voters",
            reason="Ten nets that differ in their first weights alone. Each errs elsewhere, so the vote errs less.",
            settings={"kind": "ensemble", "members": 10},
            metric="test_accuracy",
            threshold=0.95,
        ),
        Preset(
            title="Where voters disagree",
            reason="Two moons: the voters agree where there is data. How far they disagree elsewhere is drawn below.",
            settings={"dataset": "moons", "kind": "ensemble", "members": 10, "layers": 2, "noise": 0.05},
            metric="test_accuracy",
            threshold=0.95,
        ),
        Preset(
            title="Ten voters, ten samples of the data",
            reason="Bagging: each net trains on its own sample, drawn with replacement. A third of the data is missing "
            "in each.",
            settings={"kind": "bagging", "members": 10},
            metric="test_accuracy",
            threshold=0.94,
        ),
        Preset(
            title="One net per pair of digits",
            reason="The parts are given by hand: five nets, each with two digits of its own.",
            settings={"kind": "groups", "members": 5},
            metric="test_accuracy",
            threshold=0.93,
        ),
        Preset(
            title="One big net",
            reason="As many parameters as six members together, in one net: the fair rival of all the others.",
            settings={"kind": "single"},
            metric="test_accuracy",
            threshold=0.95,
        ),
    ),
    "gan": (
        Preset(
            title="Ring of eight spots",
            reason="A balanced game: all eight spots are found, and both losses settle where neither can gain.",
            settings={},
            metric="test_coverage",
            threshold=0.95,
        ),
        Preset(
            title="Ring, least squares",
            reason="Another pair of losses, the same end: the score itself is held to one and to zero.",
            settings={"loss": "least_squares"},
            metric="test_coverage",
            threshold=0.95,
        ),
        Preset(
            title="Grid of 25 spots",
            reason="Many spots need a patient game: Wasserstein's loss, and three updates of the detective to one.",
            settings={"dataset": "grid", **_EARTH_MOVER},
            metric="test_coverage",
            threshold=0.9,
        ),
        Preset(
            title="Two moons",
            reason="No spots but two thin arcs: the noise must be stretched and torn in two.",
            settings={"dataset": "moons", "steps": 8000},
            metric="test_quality",
            threshold=0.7,
        ),
        Preset(
            title="Two spirals",
            reason="The longest way for two noise numbers: three layers on both sides, and patience.",
            settings={"dataset": "spiral", "layers": 3, "discriminator_layers": 3, "steps": 8000, **_STRONG},
            metric="test_quality",
            threshold=0.5,
        ),
        Preset(
            title="Handwritten digits",
            reason="Sixteen numbers become 64 pixels. Watch strokes form out of grey, all ten digits among them.",
            settings={"discriminator_rate": 0.0003, **_DIGIT_GAN},
            metric="test_coverage",
            threshold=0.95,
        ),
    ),
}

FAILURES: dict[str, tuple[Failure, ...]] = {
    "cnn": (
        Failure(
            title="A perceptron and a moved digit",
            reason="Every pixel has weights of its own: a digit two pixels off meets weights that never saw it. "
            "The score is the share right on such digits.",
            settings={**_ROOM, "blocks": 0, "units": 64},
            repair={"blocks": 2, "filters": 16, "head": "global_max", "units": 0},
            metric="test_moved",
            threshold=0.8,
        ),
        Failure(
            title="Shared windows, but a fixed place at the end",
            reason="The last layer has weights for every place of every map, so a moved digit still confuses it. "
            "Random moves in training show it all places.",
            settings={**_ROOM, "filters": 16},
            repair={"augmentation": 2, "epochs": 60},
            metric="test_moved",
            threshold=0.8,
        ),
        Failure(
            title="Farther than the window sees",
            reason="Two dots ten columns apart: no unit of two blocks sees both, and each dot alone tells nothing. "
            "A third block sees far enough. Attention will join any two places at once.",
            settings={**_DOTS},
            repair={"blocks": 3},
            metric="test_accuracy",
            threshold=0.9,
        ),
        Failure(
            title="Shuffled pixels",
            reason="One fixed order of all pixels loses no information, and in place the digits are still read. But "
            "neighbours mean nothing any more: what a window knows of one place holds nowhere else. The score is the "
            "share right on digits two pixels off.",
            settings={**_ROOM, "permuted": True, "filters": 16, "head": "global_max"},
            repair={"permuted": False},
            metric="test_moved",
            threshold=0.8,
        ),
        Failure(
            title="A window of one pixel",
            reason="A window of 1 x 1 sees how much ink there is, but no shape. With 3 x 3 there are edges.",
            settings={"kernel": 1, "head": "global_average"},
            repair={"kernel": 3},
            metric="test_accuracy",
            threshold=0.8,
        ),
        Failure(
            title="Steps that overshoot",
            reason="With a learning rate of 1 all units die in the first steps: every map is empty for every image.",
            settings={"learning_rate": 1.0},
            repair={"learning_rate": 0.003},
            metric="test_accuracy",
            threshold=0.9,
        ),
    ),
    "autoencoder": (
        Failure(
            title="A bottleneck of one number",
            reason="One number is a place on a line: all ten digits must queue up on it. Eight numbers have room.",
            settings={"code": 1},
            repair={"code": 8},
            metric="test_explained",
            threshold=0.6,
        ),
        Failure(
            title="Without a bend it is only PCA",
            reason="Linear layers, however many, can only find the plane that principal component analysis finds.",
            settings={"activation": "linear"},
            repair={"activation": "relu"},
            metric="test_explained",
            threshold=0.4,
        ),
        Failure(
            title="Too much pull: the code collapses",
            reason="With a KL weight of 10 saying nothing is cheapest: every digit becomes the same blurred mean.",
            settings={"kl": 10.0},
            repair={"kl": 0.1},
            metric="test_explained",
            threshold=0.3,
        ),
        Failure(
            title="Holes between the codes",
            reason="Places drawn between the codes of a plain autoencoder decode to blends that miss most digits. "
            "The score is the share of test digits to which 400 draws come near. A variational one fills the holes.",
            settings={"code": 8},
            repair={"kl": 0.1},
            metric="test_samples",
            threshold=0.55,
        ),
        Failure(
            title="A wide straight code rebuilds strangers, too",
            reason="32 straight axes hold nearly all that pixels can do, so an 8, which training never saw, comes back "
            "as well as the rest. The same width with bends has learned the shapes of the other nine.",
            settings={"held_out": "8", "code": 32, "activation": "linear"},
            repair={"activation": "relu"},
            metric="test_auc",
            threshold=0.75,
        ),
        Failure(
            title="Noise that drowns the digit",
            reason="Noise as strong as the ink leaves too little to rebuild from: what comes out is a blurred guess.",
            settings={"code": 16, "noise": 1.0},
            repair={"noise": 0.3},
            metric="test_explained",
            threshold=0.5,
        ),
    ),
    "mlp": (
        Failure(
            title="One straight line cannot separate XOR",
            reason="Without a hidden layer the network is one linear unit. "
            "No straight line has each class of XOR on its own side.",
            settings={"dataset": "xor", "layers": 0, "noise": 0.0, "learning_rate": 0.03, "epochs": 100},
            repair={"layers": 1, "units": 8, "activation": "tanh"},
            metric="test_accuracy",
            threshold=0.9,
        ),
        Failure(
            title="Three layers without a bend are one layer",
            reason="With a linear activation the product of the three weight matrices is one matrix, "
            "so depth adds nothing.",
            settings={"dataset": "circle", "layers": 3, "units": 16, "activation": "linear", "epochs": 100},
            repair={"activation": "tanh"},
            metric="test_accuracy",
            threshold=0.9,
        ),
        Failure(
            title="Equal weights stay equal",
            reason="Started at zero, every unit of a layer gets the same gradient in every step: "
            "32 units work as one, or not at all.",
            settings={"initialization": "zeros", "epochs": 30},
            repair={"initialization": "glorot_uniform"},
            metric="test_accuracy",
            threshold=0.9,
        ),
        Failure(
            title="Steps that overshoot",
            reason="With plain gradient descent and a learning rate of 10 each step jumps across the valley, "
            "until most units are dead and the output no longer depends on the image.",
            settings={"optimizer": "sgd", "learning_rate": 10.0, "epochs": 30},
            repair={"learning_rate": 0.1},
            metric="test_accuracy",
            threshold=0.9,
        ),
        Failure(
            title="The loss leaves the range of numbers",
            reason="A squared error has no ceiling: overshoot grows from step to step until the numbers overflow.",
            settings={"dataset": "diabetes", "optimizer": "sgd", "learning_rate": 3.0, "epochs": 30},
            repair={"learning_rate": 0.01},
            metric="test_r2",
            threshold=0.3,
        ),
        Failure(
            title="Deep sigmoid layers stop the gradient",
            reason="Each sigmoid multiplies the gradient by at most 1/4. "
            "After six layers little of it reaches the first.",
            settings={"layers": 6, "activation": "sigmoid", "epochs": 15},
            repair={"activation": "relu"},
            metric="test_accuracy",
            threshold=0.7,
        ),
    ),
    "backpropagation": (
        Failure(
            title="No hidden layer: XOR for ever out of reach",
            reason="A single unit draws one straight line. No line parts XOR, whatever the optimizer.",
            settings={"layers": 0, "noise": 0.0},
            repair={"layers": 2},
            metric="test_accuracy",
            threshold=0.9,
        ),
        Failure(
            title="Equal weights, equal gradients",
            reason="Started at zero, every hidden output is zero, so every gradient but that of the last bias is zero.",
            settings={"initialization": "zeros"},
            repair={"initialization": "glorot_uniform"},
            metric="test_accuracy",
            threshold=0.9,
        ),
        Failure(
            title="Steps too small to arrive",
            reason="Each step does what the gradient promised, and in sixty epochs that is next to nothing.",
            settings={"learning_rate": 0.001},
            repair={"learning_rate": 0.1},
            metric="test_accuracy",
            threshold=0.9,
        ),
    ),
    "gradient_flow": (
        Failure(
            title="Ten sigmoid layers without the plus",
            reason="Each layer hands on less than a quarter: two millionths of the gradient arrive at the first.",
            settings={"connection": "plain"},
            repair={"connection": "residual"},
            metric="test_accuracy",
            threshold=0.85,
        ),
        Failure(
            title="Twenty sigmoid layers",
            reason="Ten layers more divide the gradient at the first one by two million once more.",
            settings={"connection": "plain", "depth": 20},
            repair={"activation": "selu", "initialization": "lecun_normal"},
            metric="test_accuracy",
            threshold=0.85,
        ),
        Failure(
            title="First weights three times too large",
            reason="Each layer multiplies sums and gradient by three. Clipping does not mend it, since the sums "
            "themselves are too large; weights of He's own size do.",
            settings={
                "connection": "plain",
                "activation": "relu",
                "initialization": "he_normal",
                "gain": 3.0,
                "optimizer": "sgd",
                "learning_rate": 0.01,
            },
            repair={"gain": 1.0},
            metric="test_accuracy",
            threshold=0.75,
        ),
        Failure(
            title="A deep product of matrices",
            reason="Without a bend the stack is a product of matrices, and 1.3 to the twentieth power is 190.",
            settings={
                "connection": "plain",
                "activation": "linear",
                "initialization": "orthogonal",
                "gain": 1.3,
                "depth": 20,
                "optimizer": "sgd",
                "learning_rate": 0.01,
            },
            repair={"clip_norm": 1.0},
            metric="test_accuracy",
            threshold=0.85,
        ),
        Failure(
            title="One matrix twenty times: a recurrent network",
            reason="A recurrent network meets the same matrix at every step. A little too large, it explodes.",
            settings={
                "connection": "plain",
                "activation": "linear",
                "initialization": "orthogonal",
                "gain": 1.2,
                "depth": 20,
                "shared_weights": True,
                "optimizer": "sgd",
                "learning_rate": 0.01,
            },
            repair={"clip_norm": 1.0},
            metric="test_accuracy",
            threshold=0.85,
        ),
    ),
    "rbf": (
        Failure(
            title="Bumps too narrow to meet",
            reason="At a tenth of the nodes' distance each bump is a spike: right at its node, "
            "and silent everywhere between.",
            settings={**_NODES, "width": 0.1},
            repair={"width": 1.0},
            metric="test_r2",
            threshold=0.9,
        ),
        Failure(
            title="Bumps so wide that they are alike",
            reason="Five distances wide, neighbouring bumps differ by so little that 64-bit numbers cannot tell: "
            "huge weights of both signs no longer cancel. A small ridge penalty forbids them.",
            settings={**_NODES, "width": 5.0},
            repair={"ridge": 0.001},
            metric="test_r2",
            threshold=0.8,
        ),
        Failure(
            title="Random centres leave holes",
            reason="Points drawn at random cluster here and are missing there. "
            "Where no bump stands, the network has nothing to say.",
            settings={"centres": "random"},
            repair={"centres": "kmeans"},
            metric="test_r2",
            threshold=0.8,
        ),
        Failure(
            title="Gradients crawl where bumps overlap",
            reason="Wide bumps make a long, narrow valley. After 300 passes the gradient is still on its way; "
            "one linear system is there at once.",
            settings={"fit": "gradient", "width": 3.0},
            repair={"fit": "solved"},
            metric="test_r2",
            threshold=0.8,
        ),
        Failure(
            title="Too few bumps for a long border",
            reason="Twelve bumps cover both arms of the spirals at once and answer no better than chance.",
            settings={"dataset": "spiral", "samples": 400, "noise": 0.05},
            repair={"units": 40},
            metric="test_accuracy",
            threshold=0.9,
        ),
        Failure(
            title="Eight dimensions",
            reason="The same wave along one direction, in a cube of eight dimensions: 60 bumps for 400 points "
            "lose themselves in the space around it. See above what a perceptron makes of the same points.",
            settings={"dataset": "many", "dimensions": 8, "samples": 400, "units": 60, "width": 2.0},
            metric="test_r2",
            threshold=0.5,
        ),
    ),
    "som": (
        Failure(
            title="A neighbourhood too narrow",
            reason="A winner moves alone: units fit the data as in k-means, but being neighbours means nothing.",
            settings={
                "dataset": "iris",
                "rows": 8,
                "columns": 8,
                "radius": 0.1,
                "radius_end": 0.1,
                "initialization": "sample",
                "epochs": 100,
            },
            repair={"radius": 3.0, "radius_end": 0.7},
            metric="test_order",
            threshold=0.6,
        ),
        Failure(
            title="A neighbourhood too wide",
            reason="A radius of 8 that never shrinks moves all units together: the net stays a small clump.",
            settings={"dataset": "iris", "rows": 8, "columns": 8, "radius": 8.0, "decay": "constant", "epochs": 100},
            repair={"decay": "exponential"},
            metric="test_explained",
            threshold=0.8,
        ),
        Failure(
            title="A twisted net",
            reason="From a random start, short pulls lock the net into a twist: parts in order, the whole not.",
            settings={**_SQUARE, "radius": 1.0, "initialization": "random"},
            repair={"radius": 5.0},
            metric="test_flatness",
            threshold=0.95,
        ),
        Failure(
            title="A torus on flat data",
            reason="Opposite edges of the map touch, those of the data do not: the net must fold or tear.",
            settings={**_SQUARE, "toroidal": True},
            repair={"toroidal": False},
            metric="test_trust",
            threshold=0.98,
        ),
        Failure(
            title="A hat that pushes too hard",
            reason="Units at middle distance are pushed away, each time harder, until they leave the range of numbers.",
            settings={**_SQUARE, "neighbourhood": "mexican_hat"},
            repair={"neighbourhood": "gaussian"},
            metric="test_explained",
            threshold=0.9,
        ),
        Failure(
            title="A rate that never falls",
            reason="At a constant rate of 1 a winner jumps onto every example, forgets the others, and never settles.",
            settings={"radius": 1.5, "learning_rate": 1.0, "decay": "constant"},
            repair={"decay": "exponential"},
            metric="test_explained",
            threshold=0.5,
        ),
    ),
    "modular": (
        Failure(
            title="Experts starve",
            reason="A sparse gate without load balancing: whoever starts ahead is asked, learns, and is asked again. "
            "The others never learn. The score counts the experts that get at least a tenth of an even share.",
            settings={"members": 8, "active": 1, "balance": 0.0},
            repair={"balance": 3.0},
            metric="test_used",
            threshold=0.95,
        ),
        Failure(
            title="One straight line cannot separate XOR",
            reason="A single linear expert is one straight line. With a second one, and a gate between them, "
            "the problem is solved without a hidden layer.",
            settings={"dataset": "xor", "layers": 0, "members": 1, "learning_rate": 0.03, "epochs": 100},
            repair={"members": 2},
            metric="test_accuracy",
            threshold=0.9,
        ),
        Failure(
            title="Voting cannot mend what all get wrong",
            reason="Six linear voters on a circle all make the same kind of mistake, and so does their mean. "
            "The same six as experts divide the plane instead.",
            settings={
                "dataset": "circle",
                "kind": "ensemble",
                "layers": 0,
                "learning_rate": 0.03,
                "epochs": 100,
            },
            repair={"kind": "experts"},
            metric="test_accuracy",
            threshold=0.9,
        ),
        Failure(
            title="A straight gate cannot follow a spiral",
            reason="A linear gate cuts the plane into convex pieces, too few for two arms. "
            "A gate with a hidden layer can bend.",
            settings={
                "dataset": "spiral",
                "layers": 0,
                "members": 4,
                "noise": 0.05,
                "learning_rate": 0.03,
                "epochs": 300,
            },
            repair={"gate_units": 32},
            metric="test_accuracy",
            threshold=0.9,
        ),
        Failure(
            title="Steps that overshoot",
            reason="With a learning rate of 3 most units die in the first steps, in every member alike: "
            "a committee does not protect against a mistake that all of them share.",
            settings={"kind": "ensemble", "learning_rate": 3.0, "epochs": 30},
            repair={"learning_rate": 0.01},
            metric="test_accuracy",
            threshold=0.9,
        ),
    ),
    "gan": (
        Failure(
            title="The forger runs from spot to spot",
            reason="A detective at a tenth of the rate is always behind. The forger leaves what is found out and "
            "forgets: collapse, while both losses look well. At an equal rate all eight spots are held.",
            settings={"discriminator_rate": 0.0001, **_STRONG},
            repair={"discriminator_rate": 0.001},
            metric="test_coverage",
            threshold=0.7,
        ),
        Failure(
            title="Too much momentum",
            reason="A long memory of past gradients carries both past each other again and again: the other has "
            "moved on meanwhile. With 0.5 instead of 0.95 the circling dies out.",
            settings={"momentum": 0.95, **_BRISK},
            repair={"momentum": 0.5},
            metric="test_coverage",
            threshold=0.7,
        ),
        Failure(
            title="A detective of four units",
            reason="Four units cannot tell eight spots from the space between them, so the forger is never corrected. "
            "What a generator learns is bounded by what its discriminator sees.",
            settings={"discriminator_units": 4, "discriminator_layers": 1},
            repair={"discriminator_units": 64, "discriminator_layers": 2},
            metric="test_coverage",
            threshold=0.7,
        ),
        Failure(
            title="A forger of four units",
            reason="Four bends cannot tear a patch of noise into eight pieces: it holds two or three spots.",
            settings={"units": 4, "layers": 1},
            repair={"units": 64, "layers": 2},
            metric="test_coverage",
            threshold=0.7,
        ),
        Failure(
            title="Twenty-five spots, the plain game",
            reason="More than half of the samples fall between the spots, and some are lost. Wasserstein's loss "
            "with three updates of the detective to one places most samples right.",
            settings={"dataset": "grid"},
            repair=_EARTH_MOVER,
            metric="test_quality",
            threshold=0.5,
        ),
        Failure(
            title="Digits, the detective ten times as fast",
            reason="It is always sure, and the forger flees to the few digits that still pass: sharp, and half of the "
            "classes gone. At an equal rate all ten are there.",
            settings={"discriminator_rate": 0.003, **_DIGIT_GAN},
            repair={"discriminator_rate": 0.0003},
            metric="test_coverage",
            threshold=0.7,
        ),
    ),
}
