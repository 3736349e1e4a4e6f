"""The settings of the generative adversarial network."""

from typing import ClassVar, Literal

from models.configs.base import ClickedPoints, Config, knob


class GanConfig(Config):
    """The settings of the generative adversarial network."""

    family: ClassVar[str] = "gan"

    dataset: Literal["ring", "grid", "moons", "spiral", "own", "digits", "fashion_mnist", "mnist"] = knob(
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
    batch_size: int = knob(64, "Batch size", "Real and generated samples per update.", scale="log", ge=8, le=512)

    examples: int = knob(
        20000, "Training images", "At most so many, downloaded sets only.", ge=500, le=60000, scale="log"
    )
    points: ClickedPoints = knob("-3,-3;0,3;3,-1.5", "Own spots", "Clicked spots, x and y.", max_length=600)
