"""Autoencoder: the page on which inputs are squeezed through a few numbers and rebuilt."""

from lab.charts import autoencoder_inside, autoencoder_measured, autoencoder_stage
from lab.fetched import fetched_data
from lab.lessons import autoencoder
from lab.page import Page, Picture

DATA = {
    "digits": "Handwritten digits",
    "breast_cancer": "Breast tumours",
    "own": "Your own CSV file",
    "fashion_mnist": "Fashion-MNIST",
    "mnist": "MNIST",
}

page = Page("autoencoder", autoencoder_stage.payload, labels={"dataset": DATA})
page.idea("Squeeze the input through a few numbers and rebuild it: what survives the bottleneck is what matters.")
page.first_screen(
    main=("dataset", "kind", "code", "units", "noise", "kl"),
    advanced=(
        "layers",
        "activation",
        "held_out",
        "learning_rate",
        "epochs",
        "batch_size",
        "examples",
        "test_share",
        "seed",
    ),
    own_data=autoencoder.own_table,
    above=fetched_data,
)
page.inside(
    "No label was used: classes only colour the pictures. Choose a recorded step to see the code form.",
    [
        Picture(
            "What draws from the code look like",
            autoencoder_inside.samples,
            alt="Twenty pictures decoded from codes drawn at random.",
            notice="A plain code was never asked to be filled: draws fall into its holes. With a KL weight they are "
            "drawn from N(0, 1), and most look like the data.",
        ),
        Picture(
            "Rebuilt worst",
            autoencoder_inside.worst,
            alt="The test images with the largest error, and below each what it was rebuilt as.",
            notice="Above what it saw, below what it made of it: odd ones are pulled towards common ones.",
        ),
        Picture(
            "Error, kind by kind",
            autoencoder_inside.error_by_group,
            alt="Mean squared error of each class as a bar, that of PCA with as many numbers as a tick.",
            notice="Some kinds need fewer numbers than others. The grey tick is what straight axes can do.",
        ),
        Picture(
            "How much each code number is used",
            autoencoder_inside.use_of_numbers,
            alt="One bar per code number: how far it moves, or how many nats it carries.",
            notice="Under a KL weight a number that does not pay its way falls silent, at exactly zero.",
        ),
        Picture(
            "How clean it comes out",
            autoencoder_inside.cleaned,
            alt="Signal to noise of the noisy images, of PCA and of this network, in decibels.",
            notice="PCA keeps noise that lies along its axes; the network has learned what ink looks like.",
        ),
        Picture(
            "Does the unknown stand out?",
            autoencoder_inside.anomaly_histogram,
            alt="Histogram of the errors of known and unknown test examples.",
            notice="Where the two overlap no threshold can separate them.",
        ),
        Picture(
            "Every threshold at once: the ROC curve",
            autoencoder_inside.roc,
            alt="Share of anomalies found over share of false alarms, beside PCA and an isolation forest.",
            notice="The area is the chance that an unknown example scores higher than a known one. "
            "On tumours the forest, which is no network, does as well or better.",
        ),
    ],
)
page.measured(
    f"Digits; every seed is a dot, the mean a line. {autoencoder_measured.provenance()}",
    [
        Picture(
            "How many numbers does a digit need?",
            autoencoder_measured.bottleneck,
            alt="Test error over the width of the bottleneck, with bends, linear, and PCA.",
            notice=autoencoder_measured.bottleneck_notice,
        ),
        Picture(
            "What learning without labels is worth",
            autoencoder_measured.pretraining,
            alt="Share of test digits right with 10 to 200 labels, pretrained and from scratch.",
            notice=autoencoder_measured.pretraining_notice,
        ),
    ],
)
page.ask("Decode a place between the codes, walk from one example to another, or give it something new.",
         autoencoder.ask)  # fmt: skip
page.breaks("Six settings under which the squeeze goes wrong, and what mends each.", autoencoder_stage.result)
page.leads_on(
    "An autoencoder is paid for being close to every pixel, so where it is in doubt it blurs. The next idea replaces "
    "that judge by a second network, which must tell what was made from what is real.",
    following="gan",
)
page.code("This is the code that just ran; the sampling layer is in models/autoencoder_layers.py.",
          ("build", "encode", "bottleneck", "decode", "train"))  # fmt: skip
