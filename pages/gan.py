"""Generative adversarial network: the page on which a forger and a detective train each other."""

from lab.charts import gan_inside, gan_stage
from lab.fetched import fetched_data
from lab.lessons import gan
from lab.page import Page, Picture

LABELS = {
    "dataset": {
        "ring": "Ring of eight spots",
        "grid": "Grid of 25 spots",
        "moons": "Two moons",
        "spiral": "Two spirals",
        "own": "Your own spots",
        "digits": "Handwritten digits",
        "fashion_mnist": "Fashion-MNIST",
        "mnist": "MNIST",
    },
    "loss": {
        "non_saturating": "non-saturating",
        "least_squares": "least squares",
        "wasserstein": "Wasserstein, gradient penalty",
    },
}

page = Page("gan", gan_stage.payload, labels=LABELS)
page.idea("One network forges, one detects; each learns from the other, until the detective can only guess.")
page.first_screen(
    main=("dataset", "loss", "learning_rate", "discriminator_rate", "latent", "steps"),
    advanced=(
        "units", "layers", "generator_steps",
        "discriminator_units", "discriminator_layers", "discriminator_steps",
        "momentum", "penalty", "batch_size",
        "examples", "seed",
    ),
    above=fetched_data,
    beside=gan.SPOTS.button,
)  # fmt: skip
page.inside(
    "All samples come from one noise that never changes, so that two moments can be compared. Choose a recorded step.",
    [
        Picture(
            "Samples through time",
            gan_inside.through_time,
            alt="Samples at several moments of the run, from the untrained generator to the last recorded step.",
            notice="What it learns is where nothing is, as much as where something is: the empty space clears last.",
        ),
        Picture(
            "Which modes it has found",
            gan_inside.modes,
            alt="Bars with the share of the samples at each spot or class, an even share and a tenth of it marked.",
            notice="A lost mode shows here and nowhere else: both losses may look well.",
        ),
        Picture(
            "What the discriminator says",
            gan_inside.scores,
            alt="Histograms of the discriminator's scores of held-out real examples and of generated ones.",
            notice="Apart: it can tell them. On top of each other: it can only guess, and the forger has won.",
        ),
        Picture(
            "How hard a sample is pulled",
            gan_inside.pull,
            alt="The size of the derivative of four generator losses over the score, with this run's samples as ticks.",
            notice="Left, where a forgery is seen through, the first idea hardly pulls: it cannot learn. "
            "Minus log D divides by D, and pulls hardest there.",
        ),
        Picture(
            "Is the spread right?",
            gan_inside.spread,
            alt="The standard deviation of the samples over that of the data at every recorded step.",
            notice="Far below one, it has settled on a few samples. One alone proves nothing: count modes as well.",
        ),
        Picture(
            "Does it copy?",
            gan_inside.nearest,
            alt="Twelve generated images, below each the nearest training image and their distance.",
            notice="Alike, but not the same: what was learned is joined anew. A distance near zero would be a copy.",
        ),
        Picture(
            "How sharp are the images?",
            gan_inside.sharp,
            alt="Bars with the sharpness of generated images, of what two autoencoders make, and of real images.",
            notice=gan_inside.sharp_notice,
        ),
        Picture(
            "Beside methods without a network",
            gan_inside.beside,
            alt="Bars with quality and coverage of this network, of a normal mixture, and of kernel density.",
            notice=gan_inside.beside_notice,
        ),
    ],
)
asking = gan.place()  # filled last: an answer may take a moment, and the stories below need not wait for it
page.section("Which one has collapsed?", "Two stored runs on the ring of eight spots. Only the losses are shown.")
gan.quiz(page.run)
page.breaks("Settings under which the game goes wrong, and what mends each.", gan_stage.result)
page.leads_on(
    "A discriminator is a loss that is learned. All networks so far divide space by planes and bends; the next one "
    "covers it with bumps, and can be solved instead of trained.",
    following="rbf",
)
page.code("This is the code that just ran; the two losses and the compiled loop are in models/gan_training.py.",
          ("build", "parts", "adversaries", "train"))  # fmt: skip
with asking:
    page.ask("Watch one turn of both, or walk through the noise.", gan.ask_pair)
