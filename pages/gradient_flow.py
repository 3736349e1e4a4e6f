"""Gradient flow: the page on why deep stacks once refused to learn, and what mended them."""

from lab.charts import gradient_flow_inside as inside
from lab.charts import gradient_flow_stage as stage
from lab.lessons import gradient_flow as lessons
from lab.page import Picture

LABELS = {
    "activation": {"relu": "ReLU", "selu": "SELU", "gelu": "GELU", "linear": "linear (no bend)"},
    "initialization": {"glorot_uniform": "Glorot", "he_normal": "He", "lecun_normal": "LeCun"},
    "connection": {"plain": "nothing", "residual": "a plus (residual)", "highway": "a gate (highway)"},
    "normalization": {"batch": "batch normalization", "layer": "layer normalization"},
    "optimizer": {"adam": "Adam", "sgd": "plain descent"},
}

page = lessons.DeepPage("gradient_flow", stage.payload, labels=LABELS)
page.idea("Each layer multiplies the gradient on its way back; a plus around the layer lets it pass.")
page.first_screen(
    main=("depth", "activation", "initialization", "connection", "normalization", "learning_rate"),
    advanced=(
        "width", "gain", "seed",
        "optimizer", "clip_norm", "gate_bias",
        "epochs", "batch_size", "shared_weights",
    ),
)  # fmt: skip
page.inside(
    "All gradients are those of the mean loss of 256 training images, in float64. Choose a recorded step.",
    [
        Picture(
            "What each layer hands on",
            inside.factors,
            alt="The factor by which each layer multiplies the gradient, now, untrained, and by theory.",
            notice="Below 1 the gradient shrinks at every layer, above 1 it grows. Theory is of untrained weights.",
        ),
        Picture(
            "How steep the bend is",
            inside.slopes,
            alt="The root mean square of the slope of the activation in each layer.",
            notice="The slope of a sigmoid is at most 1/4. Where sums are large the bend is flat: nothing passes.",
        ),
        Picture(
            "The sums before the bend",
            inside.sums,
            alt="For each layer the distribution of its sums z, darker where more of them lie.",
            notice="Layers that narrow to a line see all images alike; layers that widen run into the flat ends.",
        ),
        Picture(
            "The activations after it",
            inside.activations,
            alt="For each layer the distribution of its activations, darker where more of them lie.",
            notice="All at one value: the layer says the same of every image, and nothing can be learned behind it.",
        ),
        Picture(
            "How large the outputs are",
            inside.sizes,
            alt="The root mean square of each layer's outputs, now and by theory for untrained weights.",
            notice="With a bare plus the stream grows from layer to layer. Normalization reads it at one size.",
        ),
        Picture(
            "The gradient of the weights",
            inside.weight_gradients,
            alt="The norm of the gradient of the weights of each layer, and of the output, logarithmic.",
            notice="This is what descent moves by. A layer a millionth as large as the last does not move.",
        ),
    ],
)
lessons.compare(page)
lessons.theory_fails(page)
lessons.depth_trained(page)
lessons.through_time(page)
page.breaks(
    "Five stacks whose gradient vanishes or explodes, and what mends each. The small pictures: the gradient at each "
    "layer from first to last, grey untrained, blue at the end of the run. No blue dots: it was no number any more.",
    stage.ending,
)
page.leads_on(
    "A Transformer keeps three things from this page. The **plus**: every block adds to a residual stream that runs "
    "from the first layer to the last, so that the gradient has a way back past all of them. **Layer normalization** "
    "before each block, which reads that stream at one size however it has grown. And a smooth bend, **GELU**, in "
    "between. The preset *As in a Transformer* is this stack without the attention. What it gave up is the long chain "
    "of a recurrent network: attention reaches every earlier position in one step.",
    following="mlp",
)
page.code("This is the code that just ran.", ("build", "look"))
