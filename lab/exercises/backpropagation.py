"""Exercises of the page on backpropagation."""

from lab.exercises.exercise import Exercise, Relation, Where

EXERCISES = (
    Exercise(
        "Take all hidden layers away and train on XOR. Which of the five optimizers gets most test points right?",
        "None of them: the shown one ends at {line.test_accuracy:.0%}, hardly more than a coin. A single unit draws "
        "one straight line, and an optimizer can only find the best line. With two hidden layers it is "
        "{bent.test_accuracy:.0%}.",
        {
            "line": Where("Without a hidden layer", "No hidden layer: XOR for ever out of reach", "fails"),
            "bent": Where("With two", "No hidden layer: XOR for ever out of reach", "repaired"),
        },
        (Relation("line.test_accuracy", "<", 0.65), Relation("bent.test_accuracy", ">", 0.9)),
    ),
    Exercise(
        "All weights start at zero. Which single number of the network still changes while it trains, and at which "
        "loss does it end?",
        "The bias of the output. Every hidden output is zero, so the gradient of every weight is zero. All the network "
        "can say is how common each class is: a loss of {zeros.train_loss:.3f}. That of a coin is ln 2, or 0.693.",
        {"zeros": Where("Start at zero", "Equal weights, equal gradients", "fails")},
        (
            Relation("zeros.train_loss", ">", 0.692),
            Relation("zeros.train_loss", "<", 0.695),
            Relation("zeros.test_accuracy", "<", 0.55),
        ),
    ),
    Exercise(
        "Each of the small steps at a rate of 0.001 lowers the loss, as the gradient promised. Why does the network "
        "still read hardly any point?",
        "The promise is small: after all {small.step:,} steps the loss is {small.train_loss:.2f}. Steps a hundred "
        "times as long reach {large.train_loss:.2f} in as many.",
        {
            "small": Where("Small steps", "Steps too small to arrive", "fails"),
            "large": Where("Larger ones", "Steps too small to arrive", "repaired"),
        },
        (Relation("small.train_loss", ">", 0.55), Relation("large.train_loss", "<", 0.2)),
    ),
)
