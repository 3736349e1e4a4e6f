"""Settings of the autoencoder page that are known to work, and settings known to fail."""

from models.base import Failure
from models.presets.preset import Preset

PRESETS: tuple[Preset, ...] = (
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
        title="Fashion-MNIST in sixteen numbers",
        reason="784 pixels of a piece of clothing become sixteen numbers: its outline stays, its pattern is lost. "
        "Fetched on request (31 MB).",
        settings={
            "dataset": "fashion_mnist",
            "code": 16,
            "units": 128,
            "epochs": 15,
            "batch_size": 64,
            "learning_rate": 0.002,
        },
        metric="test_explained",
        threshold=0.75,
    ),
    Preset(
        title="Tumours: anomalies without labels",
        reason="Trained on benign tumours alone. What it cannot rebuild is suspicious. An isolation forest, which is "
        "no network, does as well.",
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
)

FAILURES: tuple[Failure, ...] = (
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
        reason="The KL weight pulls all codes towards zero. At 10 saying nothing is cheapest: every digit becomes the "
        "same blurred mean.",
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
)
