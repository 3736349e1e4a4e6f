"""RBF network: the page of bumps and their sum, from one input to many, and on to attention."""

from lab.charts import mlp_inside, rbf_inside, rbf_stage
from lab.lessons import rbf
from lab.own_data import own_data
from lab.page import Page, Picture

LABELS = {
    "dataset": {
        "wave": "Noisy wave",
        "step": "A jump",
        "runge": "Runge's curve",
        "points": "Your own points: click",
        "circle": "Circle in a ring",
        "xor": "Exclusive or (XOR)",
        "gaussians": "Two Gaussians",
        "spiral": "Two spirals",
        "moons": "Two moons",
        "digits": "Handwritten digits",
        "breast_cancer": "Breast cancer",
        "diabetes": "Diabetes (regression)",
        "many": "A wave in many dimensions",
        "own": "Your own CSV file",
    },
    "basis": {"gaussian": "Gaussian", "thin_plate": "thin plate (no width)"},
    "centres": {"kmeans": "k-means", "random": "random points", "trained": "moved by gradient"},
    "fit": {"solved": "solved at once", "gradient": "by gradient"},
    "widths": {"shared": "one for all", "per_unit": "one per bump"},
}

page = Page("rbf", rbf_stage.payload, labels=LABELS)
page.idea("Each unit is a bump over one place; the network adds the bumps up, and the weights can be solved for.")
page.first_screen(
    main=("dataset", "units", "width", "basis", "centres", "fit"),
    advanced=(
        "ridge", "widths", "seed", "learning_rate", "passes", "batch_size",
        "samples", "noise", "dimensions", "test_share",
    ),
    own_data=own_data,
    beside=rbf.POINTS.button,
)  # fmt: skip
page.inside(
    "The first three pictures solve the same network again, on the same data: at other widths, and by small steps.",
    [
        Picture(
            "How wide should a bump be?",
            rbf_inside.width_error,
            alt="Error on training and test data against the width of the bumps, with the width of this run marked.",
            notice=rbf_inside.best_width,
        ),
        Picture(
            "Why very wide bumps are dangerous",
            rbf_inside.condition,
            alt="Condition number of the bumps at the training points against their width, on a logarithmic axis.",
            notice="How much rounding errors may grow. Wide bumps are nearly copies of each other.",
        ),
        Picture(
            "Solved at once, or step by step",
            rbf_inside.descent,
            alt="Error of gradient descent on the output weights over its steps, with the error of the solved weights.",
            notice="Best fixed step, from zero. Widen the bumps, train again: the curve needs far longer.",
        ),
        Picture(
            "What each bump adds",
            rbf_inside.weights,
            alt="The output weight of each bump, up to forty, for every output.",
            notice="Neighbours with large weights of opposite sign are a warning: they cancel each other.",
        ),
        Picture(
            "What the bumps stand for",
            rbf_inside.centre_images,
            alt="The centres of up to 32 bumps as small images of digits.",
            notice="No strokes, as in a perceptron: whole digits. A new image is judged by those it resembles.",
        ),
        Picture(
            "Which classes it confuses",
            mlp_inside.confusion,
            alt="A matrix of true against predicted classes with the number of test examples in each cell.",
            notice="Everything off the diagonal is a mistake.",
        ),
        Picture(
            "How far off it is",
            mlp_inside.residuals,
            alt="A histogram of prediction minus truth over the test examples.",
            notice="A long tail often lies where no bump stands.",
        ),
        Picture(
            "Its worst cases",
            mlp_inside.worst,
            alt="The test examples with the largest error, with truth and prediction.",
            notice="Often these lie far from every centre, or between two classes.",
        ),
        Picture(
            "Beside methods without a network",
            mlp_inside.comparison,
            alt="Bars with the test score of this network and of methods without a network.",
            notice="On tables and digits others do as well or better. Its strengths: smooth curves, and no waiting.",
        ),
    ],
)
page.section(
    "What knowing only distance means",
    "Far from all bumps the network says nothing, which is honest. In many dimensions everything is far, "
    "and it says nothing everywhere.",
)
limits = rbf.place()
page.section(
    "From bumps to attention",
    "Divide the bumps by their sum, and each answer is a weighted mean of its neighbours: a kernel smoother. "
    "Attention is the same mean; what counts as near is learned.",
)
attention = rbf.place()
asking = rbf.place()
page.breaks("Six settings under which this network fails, and what mends five of them.", rbf_stage.result)
page.leads_on(
    "A bump compares an input with a fixed centre. Attention compares it with every other input, and learns the "
    "comparison: weights from similarity, divided by their sum. That is the heart of the Transformer.",
    following="transformer",
)
page.code("This is the code that just ran.", ("RadialLayer", "build", "join_one_by_one", "Problem"))
with asking:
    page.ask("Any place on the curve, an example it has never seen, or a digit that you draw.", rbf.ask_bumps)
rbf.attention(page.run, attention)
rbf.limits(page.run, limits)
