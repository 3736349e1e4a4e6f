"""Modular and ensemble networks: the page on networks that divide the work, or vote."""

from lab.charts import mlp_inside, modular_inside, modular_measured, modular_stage, modular_verdicts, modular_words
from lab.own_data import own_data
from lab.page import Page, Picture

LABELS = {
    "kind": {
        "experts": "Mixture of experts",
        "ensemble": "Voters",
        "bagging": "Voters (bagging)",
        "groups": "Parts given by hand",
        "single": "One big net",
    },
    "dataset": {
        "digits": "Handwritten digits",
        "circle": "Circle in a ring",
        "xor": "Exclusive or (XOR)",
        "gaussians": "Two Gaussians",
        "spiral": "Two spirals",
        "moons": "Two moons",
        "iris": "Iris flowers",
        "wine": "Wine",
        "breast_cancer": "Breast cancer",
        "seattle_weather": "Seattle weather",
        "own": "Your own CSV file",
    },
}

page = Page("modular", modular_stage.payload, labels=LABELS)
page.idea("Several small networks: a gate asks the right one, or all of them vote.")
page.first_screen(
    main=("dataset", "kind", "members", "active", "balance", "units"),
    advanced=(
        "learning_rate", "epochs", "batch_size", "layers", "gate_units", "seed", "test_share", "samples", "noise",
    ),
    own_data=own_data,
)  # fmt: skip
page.inside(
    "All pictures are of the test data. Choose a recorded step to see the members take up their work.",
    [
        Picture("Member by member, class by class", modular_inside.by_class,
                alt="A matrix of members against true classes, in percent.",
                notice=modular_words.by_class),
        Picture("Is anybody idle?", modular_inside.usage,
                alt="Bars with each member's mean share of the answer, and a dashed line at an even share.",
                notice=modular_words.usage),
        Picture("Where the members disagree", modular_inside.doubt_map,
                alt="The plane, darker where the members disagree, with the training points.",
                notice=modular_words.doubt_map),
        Picture("Does disagreement warn of mistakes?", modular_inside.disagreement,
                alt="The share of right, wrong and turned examples with more disagreement than a value, over it.",
                notice=modular_words.disagreement),
        Picture("Can they tell what they were never shown?", modular_inside.novelty,
                alt="Area under the ROC curve of three measures of doubt, turned images against upright ones.",
                notice=modular_words.novelty),
        Picture("Do they know what they know?", modular_inside.reliability,
                alt="Share right against mean confidence, of all together and of one member by itself.",
                notice=modular_words.reliability),
        Picture("Does another voter help?", modular_inside.sizes,
                alt="The error of committees of growing size.",
                notice=modular_words.sizes),
        Picture("Does another voter mend the doubt?", modular_inside.size_losses,
                alt="The negative log-likelihood of committees of growing size.",
                notice=modular_words.size_losses),
        Picture("One member is broken", modular_inside.broken,
                alt="The share right without each member, and with each naming a wrong class.",
                notice=modular_words.broken),
        Picture("Under noise", modular_inside.noise,
                alt="Share right under growing noise, of all together and of one member by itself.",
                notice=modular_words.noise),
        Picture("When the image moves", modular_inside.shift,
                alt="Share right on images moved by 0, 1 and 2 pixels.",
                notice=modular_words.shift),
        Picture("Which classes they confuse", mlp_inside.confusion,
                alt="A matrix of true against predicted classes with the number of test examples in each cell.",
                notice=modular_words.confusion),
        Picture("Beside methods without a network", mlp_inside.comparison,
                alt="Bars with the test score of this network and of methods without a network.",
                notice=modular_words.comparison),
    ],
)  # fmt: skip
page.measured(
    f"{modular_verdicts.plainly()} Digits, ten members of 16 units; every seed is a dot, the mean a blue mark. "
    f'<br><span class="provenance">{modular_measured.provenance()}</span>',
    [
        Picture("Does dividing or voting pay?", modular_measured.accuracy,
                alt="Share of test digits right by kind of network, one dot per seed.",
                notice=modular_verdicts.accuracy),
        Picture("How surprised by the truth?", modular_measured.surprise,
                alt="Negative log-likelihood by kind of network, one dot per seed.",
                notice=modular_verdicts.surprise),
        Picture("Confidence that can be trusted", modular_measured.calibration_gap,
                alt="Expected calibration error by kind of network, one dot per seed.",
                notice=modular_verdicts.calibration_gap),
        Picture("What another voter brings", modular_measured.growth,
                alt="Error, loss, calibration error and missed unknown digits of committees of 1 to 20 voters.",
                notice=modular_verdicts.growth),
        Picture("Digits that nobody was taught", modular_measured.unknown,
                alt="How well doubt tells the digits 8 and 9, left out of the training, by kind of network.",
                notice=modular_verdicts.unknown),
        Picture("Under noise", modular_measured.under_noise,
                alt="Share right under noise by kind of network.",
                notice=modular_verdicts.under_noise),
        Picture("Moved by one pixel", modular_measured.when_moved,
                alt="Share right on images moved by one pixel, by kind of network.",
                notice=modular_verdicts.when_moved),
        Picture("One member lies", modular_measured.one_lies,
                alt="Share right when one member names a wrong class, by kind of network.",
                notice=modular_verdicts.one_lies),
        Picture("Three straight pieces", modular_measured.pieces,
                alt="Mean squared error of one, two, three and five linear experts on three straight pieces.",
                notice=modular_verdicts.pieces),
        Picture("Experts grow, work does not", modular_measured.work,
                alt="Multiply-adds per example against the number of experts, for one, two or all asked.",
                notice=modular_verdicts.work),
        Picture("The same by the clock", modular_measured.clock,
                alt="Microseconds per example against the number of experts, for one, two or all asked.",
                notice=modular_verdicts.clock),
    ],
)  # fmt: skip
page.ask("Draw a digit, or take an example they have never seen, and see who is asked and what each says.")
page.breaks("Five settings under which dividing or voting fails, and what mends each.", modular_stage.result)
page.leads_on(
    "A Transformer is modular through and through. Its attention heads are small networks side by side whose answers "
    "are added up; in the largest ones the dense layers of a block are replaced by a mixture of experts with a sparse "
    "gate, as above, so that parameters grow while the work for a token does not.\n\n"
    "| Here | In a Transformer |\n|---|---|\n"
    "| A member, with its own slice of every weight | A head: the same product, with one axis for the heads |\n"
    "| All voters count | All heads count: their answers are added, each through weights of its own |\n"
    "| An expert | One of the dense networks of a block |\n"
    "| The gate, asked for each example | The router, asked for each token |\n"
    "| Experts asked: 1 or 2 | Switch Transformer asks one, Mixtral two of eight |\n"
    "| Load balancing | The same extra loss, for the same reason: experts that starve |",
    following="transformer",
)
page.code("This is the code that just ran.", ("build", "gate", "loss_of", "train"))
