"""Self-organizing map: the page on which a net of units unfolds over data that carries no labels."""

from lab.charts import som_inside, som_stage
from lab.lessons import som
from lab.page import Page, Picture

DATA = {
    "digits": "Handwritten digits",
    "plane": "Square, evenly filled",
    "circle": "Circle in a ring",
    "moons": "Two moons",
    "spiral": "Two spirals",
    "gaussians": "Two Gaussians",
    "temple": "Photograph of a temple (colours)",
    "flower": "Photograph of a flower (colours)",
    "iris": "Iris flowers",
    "wine": "Wine",
    "breast_cancer": "Breast cancer",
    "cars": "Cars, coloured by miles per gallon",
    "seattle_weather": "Seattle weather",
    "own": "Your own CSV file",
}

page = Page("som", som_stage.payload, labels={"dataset": DATA, "initialization": {"pca": "PCA"}})
page.idea("Units on a grid compete for each example; the winner moves towards it and pulls its neighbours along.")
page.first_screen(
    main=("dataset", "rows", "columns", "radius", "radius_end", "epochs"),
    advanced=(
        "rule", "neighbourhood", "decay",
        "grid", "toroidal", "initialization",
        "learning_rate", "seed", "test_share",
        "samples", "noise",
    ),
    own_data=som.own_table,
)  # fmt: skip
page.inside(
    "The labels only colour these pictures: training never sees them. Choose a recorded step to see the map form.",
    [
        Picture(
            "How far apart neighbours are: the U-matrix",
            som_inside.u_matrix,
            alt="The map, each unit coloured by its mean distance to the units that touch it.",
            notice="Pale plains are groups of alike examples, dark ridges the borders between them.",
        ),
        Picture(
            "Who lives where",
            som_inside.classes,
            alt="The map with a disc on every unit, sliced by the classes of the training examples it won.",
            notice="Whole regions of one colour appear although no label was used. Mixed discs lie on borders.",
        ),
        Picture(
            "One picture per input: the component planes",
            som_inside.component_planes,
            alt="The map drawn once per input, coloured from its lowest to its highest value on the map.",
            notice="Two planes that look alike are two inputs that say the same.",
        ),
        Picture(
            "Is the net twisted?",
            som_inside.twist,
            alt="The net of units in the plane of the data, triangles that are turned over in a warning colour.",
            notice="On 2-D data an orange triangle is a twist or a fold. With more inputs the flat picture folds, too.",
        ),
        Picture(
            "Who moves with the winner",
            som_inside.neighbourhood,
            alt="The pull on a unit over its distance to the winner, at the start, halfway and at the end.",
            notice="Wide first, to lay out the whole map; narrow last, so that each unit finds its own place.",
        ),
        Picture(
            "How radius and learning rate fall",
            som_inside.decay,
            alt="Radius and learning rate over the steps, as shares of their start.",
            notice="The batch rule has no learning rate. Choose a constant decay and watch the map never settle.",
        ),
        Picture(
            "Every run on this data: two errors at once",
            som.runs_plane,
            alt="Each stored run a dot: quantization error against topographic error, with the floor of k-means.",
            notice="A narrow end radius moves left and up, a wide one right and down. No run is best in both for free.",
        ),
        Picture(
            "Beside k-means, which keeps no order",
            som_inside.floor,
            alt="Bars with the quantization error of this map and of k-means with as many centres.",
            notice="As a summary of the data the map nearly always loses: order has its price.",
        ),
        Picture(
            "What the map gains, and what not",
            som_inside.beside,
            alt="Bars with shares on test data: spread, trustworthiness, order and labels, beside other methods.",
            notice="What saw the labels mostly reads them better. The gain, with many inputs, is a picture to trust.",
        ),
    ],
)
page.ask("Take an example the map has never seen, and see which unit answers.", som.ask_map)
page.breaks("Six settings under which a map goes wrong, and what mends each.", som_stage.result)
page.leads_on(
    "The units of a map divide the data among themselves, and each becomes a specialist for its own neighbourhood. "
    "The next idea lets whole networks compete in this way, and learn by gradients who should answer.",
    following="modular",
)
page.code("This is the code that just ran; the compiled loop is in models/som_training.py.",
          ("build", "first_prototypes", "train"))  # fmt: skip
