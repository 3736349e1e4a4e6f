"""Modular and ensemble networks: the page on networks that divide the work, or vote."""

from lab.charts import mlp_inside, modular_inside, modular_measured, modular_stage
from lab.own_data import own_data
from lab.page import Page, Picture

LABELS = {
    "kind": {
        "experts": "Mixture of experts",
        "ensemble": "Voters",
        "bagging": "Voters, own samples (bagging)",
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
        Picture("Who is asked about what", modular_inside.by_class,
                alt="A matrix of members against true classes, in percent.",
                notice="For experts and parts: whose word counts on each class. For voters: how often each is right."),
        Picture("Is anybody idle?", modular_inside.usage,
                alt="Bars with each member's mean share of the answer, and a dashed line at an even share.",
                notice="Dashed is an even share. An idle expert costs memory and has stopped learning."),
        Picture("Where the members disagree", modular_inside.doubt_map,
                alt="The plane, darker where the members disagree, with the training points.",
                notice="Doubt follows the border. Far from all data they may agree again, and be wrong."),
        Picture("Does disagreement warn of mistakes?", modular_inside.disagreement,
                alt="The share of right, wrong and turned examples with more disagreement than a value, over it.",
                notice="Where orange lies above blue, a doubtful answer is more often wrong: doubt warns."),
        Picture("Can they tell what they were never shown?", modular_inside.novelty,
                alt="Area under the ROC curve of three measures of doubt, turned images against upright ones.",
                notice="1: doubt tells every turned image. Left of the dashed line they are surer of what is strange."),
        Picture("Do they know what they know?", modular_inside.reliability,
                alt="Share right against mean confidence, of all together and of one member by itself.",
                notice="Above the dashed line they are right more often than they claim, below less often."),
        Picture("Does another voter help?", modular_inside.sizes,
                alt="The error of committees of growing size.",
                notice="The first few voters bring most of the gain. Where the line is flat, votes only cost."),
        Picture("Does another voter mend the doubt?", modular_inside.size_losses,
                alt="The negative log-likelihood of committees of growing size.",
                notice="This falls further than the error: a vote mends confident mistakes first."),
        Picture("One member is broken", modular_inside.broken,
                alt="The share right without each member, and with each naming a wrong class.",
                notice="Dashed: all sound. Voters hardly feel a loss; an expert takes its territory with it."),
        Picture("Under noise", modular_inside.noise,
                alt="Share right under growing noise, of all together and of one member by itself.",
                notice="Dashed is guessing. Compare the two lines, not the fall: everybody falls."),
        Picture("When the image moves", modular_inside.shift,
                alt="Share right on images moved by 0, 1 and 2 pixels.",
                notice="No vote helps here: all members lack the same knowledge. A convolutional network has it."),
        Picture("Which classes they confuse", mlp_inside.confusion,
                alt="A matrix of true against predicted classes with the number of test examples in each cell.",
                notice="Everything off the diagonal is a mistake."),
        Picture("Beside methods without a network", mlp_inside.comparison,
                alt="Bars with the test score of this network and of methods without a network.",
                notice="A random forest is a committee too, of trees. On tables it often wins."),
    ],
)  # fmt: skip
page.measured(
    f"Digits, ten members of 16 units, every seed a dot, the mean a blue mark. {modular_measured.provenance()}",
    [
        Picture("Does dividing or voting pay?", modular_measured.accuracy,
                alt="Share of test digits right by kind of network, one dot per seed.",
                notice="The big net has as many parameters as all members together: it is the one to beat."),
        Picture("Where voting does pay: doubt", modular_measured.surprise,
                alt="Negative log-likelihood by kind of network, one dot per seed.",
                notice="Confident mistakes are expensive here, and voting takes the confidence out of them."),
        Picture("Confidence that can be trusted", modular_measured.calibration_gap,
                alt="Expected calibration error by kind of network, one dot per seed.",
                notice="0 would be perfect. Votes lower the confidence; too much of that is a gap as well."),
        Picture("Digits that nobody was taught", modular_measured.unknown,
                alt="How well doubt tells the digits 8 and 9, left out of the training, by kind of network.",
                notice="8 and 9 were left out of the training. Compare the measures within a row first."),
        Picture("Under noise", modular_measured.under_noise,
                alt="Share right under noise by kind of network.",
                notice="Noise of half the ink. Here the kinds differ more than on clean images."),
        Picture("Moved by one pixel", modular_measured.when_moved,
                alt="Share right on images moved by one pixel, by kind of network.",
                notice="No committee of such nets knows that a moved digit is the same digit."),
        Picture("One member lies", modular_measured.one_lies,
                alt="Share right when one member names a wrong class, by kind of network.",
                notice="A single net has no one to outvote it: when it lies, everything is wrong."),
        Picture("Three straight pieces", modular_measured.pieces,
                alt="Mean squared error of one, two, three and five linear experts on three straight pieces.",
                notice="Three pieces, three experts: a fourth has little left to do."),
        Picture("Experts grow, work does not", modular_measured.work,
                alt="Multiply-adds per example against the number of experts, for one, two or all asked.",
                notice="Sixteen times the parameters for nearly the same work: why the largest models have experts."),
        Picture("The same by the clock", modular_measured.clock,
                alt="Microseconds per example against the number of experts, for one, two or all asked.",
                notice="Sorting the examples to their experts costs as well; the clock counts that, too."),
    ],
)  # fmt: skip
page.ask("Draw a digit, or take an example they have never seen, and see who is asked and what each says.")
page.breaks("Five settings under which dividing or voting fails, and what mends each.", modular_stage.result)
page.leads_on(
    "A Transformer is modular through and through. Its attention heads are small networks side by side whose answers "
    "are added up; in the largest ones the dense layers of a block are replaced by a mixture of experts with a sparse "
    "gate, as above, so that parameters grow while the work for a token does not.",
    following="transformer",
)
page.code("This is the code that just ran.", ("build", "gate", "loss_of", "train"))
