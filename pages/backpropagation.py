"""Backpropagation: one small network with every number in sight, and five optimizers in a race."""

from lab.charts import backpropagation_stage
from lab.lessons import backpropagation as lessons
from lab.page import Page

DATA = {
    "xor": "Exclusive or (XOR)",
    "circle": "Circle in a ring",
    "gaussians": "Two Gaussians",
    "moons": "Two moons",
    "plane": "Tilted plane (regression)",
    "iris": "Iris flowers",
}
OPTIMIZERS = {"sgd": "SGD", "momentum": "Momentum", "nesterov": "Nesterov", "rmsprop": "RMSprop", "adam": "Adam"}

page = Page("backpropagation", backpropagation_stage.payload, labels={"dataset": DATA, "optimizer": OPTIMIZERS})
page.idea("One walk back from the loss tells every weight which way to turn, and how much it matters.")
page.first_screen(
    main=("dataset", "layers", "units", "activation", "optimizer", "learning_rate"),
    advanced=("inputs", "epochs", "batch_size", "loss", "initialization", "noise", "seed"),
)
page.section(
    "One example, step by step",
    "Forward through the layers, the loss, back by the chain rule, and one update. Every number is live: click a "
    "weight, an input or the target to change it, and see what it does to all the others.",
)
lessons.one_example(page.run)
page.section(
    "What the gradient promises",
    "The gradient predicts what a small step does to the loss: the sum of gradient times step. Here is how often it is "
    "right, from 100 starting points on all training data.",
)
lessons.one_step(page.run)
page.section(
    "Activations",
    "The same bend that helps on the way forward is a factor on the way back. Where it is flat, nothing comes through.",
)
lessons.activations(page.run)
page.section(
    "Losses",
    "The loss decides what flows back. Cross-entropy fits classes, squared error fits numbers. The wrong one still "
    "runs; it learns worse, or nothing.",
)
lessons.losses(page.run)
page.section(
    "Before backpropagation: the perceptron of 1958",
    "A single unit that learns from mistakes alone. Where a line exists it finds one, and Novikoff's bound says how "
    "soon. For XOR there is none.",
)
lessons.perceptron(page.run)
page.section("The network", "Its layers, as Keras has them.")
page.anatomy()
page.breaks("Three settings under which this network fails, and what mends each.", backpropagation_stage.result)
page.leads_on(
    "The chain rule multiplies one factor a layer. In a deep stack these factors shrink or grow, and the first layers "
    "hear nothing, or too much.",
    following="gradient_flow",
)
page.code("This is the code that just ran.", ("build", "train", "by_hand"))
