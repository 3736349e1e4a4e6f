"""Convolutional network: the page on which one small window slides over images."""

from lab.charts import cnn_inside, cnn_measured, cnn_stage, mlp_inside
from lab.charts.cnn_measured import FLAT, GLOBAL, PERCEPTRON, moved_map, moved_notice
from lab.fetched import fetched_data
from lab.lessons import cnn
from lab.page import Page, Picture

DATA = {
    "digits": "Handwritten digits",
    "digits_canvas": "Digits with room",
    "pair": "Two dots far apart",
    "fashion_mnist": "Fashion-MNIST",
    "mnist": "MNIST",
    "cifar10": "CIFAR-10",
}

page = Page("cnn", cnn_stage.payload, labels={"dataset": DATA})
page.idea("One small window slides over the image; what it learns in one place it knows everywhere.")
page.first_screen(
    main=("dataset", "blocks", "filters", "kernel", "pooling", "head"),
    advanced=(
        "padding", "units", "batch_normalization",
        "dropout", "augmentation", "permuted",
        "learning_rate", "epochs", "batch_size",
        "distance", "samples", "examples",
        "seed",
    ),
    above=fetched_data,
)  # fmt: skip
page.inside(
    "The image is the first one of the test data. Choose a recorded step to see kernels and maps form.",
    [
        Picture(
            "The kernels of the first block",
            cnn_inside.kernels,
            alt="Up to sixteen kernels as small images, blue positive and orange negative weights.",
            notice="At step 0 this is noise. Then edges emerge: one side blue, the other side orange.",
        ),
        Picture(
            "How far one unit sees",
            cnn_inside.receptive_field,
            alt="The test image with the squares that the middle unit of each layer sees, growing with depth.",
            notice="Each layer widens the view, each pooling doubles the stride. Beyond the last square it is blind; "
            "beyond the image it sees zeros.",
        ),
        Picture(
            "What each block makes of the image",
            cnn_inside.maps,
            alt="The feature maps of every block for the first test image, blue where the kernel answers.",
            notice="Early maps still look like the image; later ones say only that something is there.",
            wide=True,
        ),
        Picture(
            "What it gets most wrong",
            cnn_inside.worst,
            alt="The twelve test images with the largest loss, with class, guess and probability.",
            notice="Some of these a person would read wrongly too.",
        ),
        Picture(
            "Which classes it confuses",
            mlp_inside.confusion,
            alt="A matrix of true against predicted classes with the number of test images in each cell.",
            notice="Everything off the diagonal is a mistake.",
        ),
        Picture(
            "Does it know what it knows?",
            mlp_inside.reliability,
            alt="Share right against mean confidence in ten bins, with the diagonal of perfect calibration.",
            notice="Below the dashed line it is surer than it should be.",
        ),
        Picture(
            "Beside methods without a network",
            mlp_inside.comparison,
            alt="Bars with the share right of this network and of methods without a network.",
            notice="On 8 × 8 digits a support vector machine is at least as good. Larger images are another matter.",
        ),
    ],
)
page.section("Slide the window", "One kernel, one place: multiply, add up, bend. Every number is from this network.")
cnn.place(page.run, cnn.slide_window)
page.ask(
    "A test image, a drawing, a photograph or a picture of your own: the answer, and what it rests on.", cnn.ask_image
)
page.measured(
    "Digits with two empty pixels around them; trained in the middle, tested on moved ones.",
    [
        Picture("Moved digits: a perceptron", moved_map(PERCEPTRON),
                alt="Share right of a perceptron by how far the digits were moved, a matrix of nine by nine moves.",
                notice=moved_notice(PERCEPTRON, "It learned each place by itself.")),
        Picture("Moved digits: convolutions, every place kept", moved_map(FLAT),
                alt="Share right of a convolutional network with flattened maps by how far the digits were moved.",
                notice=moved_notice(FLAT, "The windows are shared; the last layer is not.")),
        Picture("Moved digits: convolutions, only the largest value kept", moved_map(GLOBAL),
                alt="Share right of a convolutional network with global pooling by how far the digits were moved.",
                notice=moved_notice(GLOBAL, "Pooling halves the grid: odd moves fall between its cells.")),
        Picture("The pixels in one other order", cnn_measured.shuffled,
                alt="Share right of three networks with the pixels in order and shuffled.",
                notice=cnn_measured.shuffled_notice),
        Picture("Two dots: where the window ends", cnn_measured.reach,
                alt="Share right by the distance of two dots for stacks of one, two and three blocks.",
                notice="Are two dots in the same row? A stack that cannot see both at once can only guess."),
        Picture("Accuracy for its size", cnn_measured.sizes,
                alt="Share of test digits right over the number of parameters, perceptrons and convolutional networks.",
                notice=cnn_measured.sizes_notice),
    ],
)  # fmt: skip
cnn.beside_a_perceptron()
cnn.measured_provenance()
cnn.place(page.run, cnn.move_images)
page.breaks("Six settings under which this network fails, and what mends each.", cnn_stage.result)
page.leads_on(
    "A window joins what lies close together; to join two far places it has to grow, layer by layer. Attention joins "
    "any two places in a single step, and learns which. First, though, the road turns to sequences: the same weights "
    "again in every place, this time in time.",
    following="rnn",
)
page.code("This is the code that just ran.", ("build", "block", "head", "train"))
