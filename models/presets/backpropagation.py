"""Settings of the backpropagation page that are known to work, and settings known to fail."""

from models.base import Failure
from models.presets.preset import Preset

PRESETS: tuple[Preset, ...] = (
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
)

FAILURES: tuple[Failure, ...] = (
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
)
