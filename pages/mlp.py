"""Multilayer perceptron: the page that trains on handwritten digits, on point sets, and on tables."""

from lab.charts import mlp_inside, mlp_stage
from lab.own_data import own_data
from lab.page import Page, Picture

DATA = {
    "digits": "Handwritten digits",
    "circle": "Circle in a ring",
    "xor": "Exclusive or (XOR)",
    "gaussians": "Two Gaussians",
    "spiral": "Two spirals",
    "moons": "Two moons",
    "plane": "Tilted plane (regression)",
    "iris": "Iris flowers",
    "wine": "Wine",
    "breast_cancer": "Breast cancer",
    "diabetes": "Diabetes (regression)",
    "cars": "Cars, miles per gallon (regression)",
    "seattle_weather": "Seattle weather",
    "own": "Your own CSV file",
}

page = Page("mlp", mlp_stage.payload, labels={"dataset": DATA})
page.idea("Each unit adds up its inputs and bends the sum; layers of them add up to almost any curve.")
page.first_screen(
    main=("dataset", "layers", "units", "activation", "learning_rate", "epochs"),
    advanced=(
        "optimizer", "batch_size", "initialization", "seed",
        "dropout", "l2", "batch_normalization", "patience",
        "test_share", "samples", "noise", "extra_features",
    ),
    own_data=own_data,
)  # fmt: skip
page.inside(
    "All pictures are of the test data, which the network never trained on. Choose a recorded step to see them change.",
    [
        Picture(
            "Which classes it confuses",
            mlp_inside.confusion,
            alt="A matrix of true against predicted classes with the number of test examples in each cell.",
            notice="Everything off the diagonal is a mistake. Mistakes come in pairs that look alike.",
        ),
        Picture(
            "How far off it is",
            mlp_inside.residuals,
            alt="A histogram of prediction minus truth over the test examples.",
            notice="Centred on zero is fair; a long tail is a kind of example it does not understand.",
        ),
        Picture(
            "Its worst cases",
            mlp_inside.worst,
            alt="The twelve test examples with the largest loss, with truth and prediction.",
            notice="Some of these a person would read wrongly too. A loss punishes being sure and wrong.",
        ),
        Picture(
            "What the first units look for",
            mlp_inside.first_weights,
            alt="The weights of the first hidden units drawn as small images, blue positive and orange negative.",
            notice="Blue pixels excite the unit, orange ones silence it. At step 0 this is noise; strokes emerge.",
        ),
        Picture(
            "How active the hidden layers are",
            mlp_inside.activations,
            alt="For every hidden layer a histogram of its activations over the test examples.",
            notice="A dead unit is zero for every example: it has stopped learning. Flat ends pass no gradient.",
        ),
        Picture(
            "Does it know what it knows?",
            mlp_inside.reliability,
            alt="Share right against mean confidence in ten bins, with the diagonal of perfect calibration.",
            notice="Below the dashed line it is surer than it should be. Train longer and watch the line sink.",
        ),
        Picture(
            "Beside methods without a network",
            mlp_inside.comparison,
            alt="Bars with the test score of this network and of methods without a network.",
            notice="On small tables the simplest method often ties or wins. That is a finding, not a fault.",
        ),
    ],
)
page.ask("Draw a digit, or take an example the network has never seen, and watch the layers answer.")
page.breaks("Six settings under which this network fails, and what mends each.", mlp_stage.result)
page.leads_on(
    "A multilayer perceptron treats its inputs as a bag: it does not know that two pixels are neighbours. "
    "The next network builds that knowledge in.",
    following="cnn",
)
page.code("This is the code that just ran.", ("build", "train"))
