"""Home: the road from the perceptron to the Transformer, one step per family."""

from lab.home import draw

draw(
    title="Road to Transformers",
    idea="How neural networks grew from a single unit into the Transformer, "
    "shown by networks that train in front of you. Nothing here is drawn by hand: "
    "every number and every picture comes from a model that really trained.",
)
