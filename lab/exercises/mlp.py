"""Exercises of the page on the multilayer perceptron."""

from lab.exercises.exercise import Exercise, Relation, Where

EXERCISES = (
    Exercise(
        "Three hidden layers of sixteen units, but no bend in any of them. What shape can the border between the two "
        "classes have?",
        "A straight line. The product of the matrices is one matrix, so the network is one linear unit: "
        "{straight.test_accuracy:.0%} on the circle. With tanh it is {bent.test_accuracy:.0%}.",
        {
            "straight": Where("Without a bend", "Three layers without a bend are one layer", "fails"),
            "bent": Where("With tanh", "Three layers without a bend are one layer", "repaired"),
        },
        (Relation("straight.test_accuracy", "<", 0.65), Relation("bent.test_accuracy", ">", 0.95)),
    ),
    Exercise(
        "32 hidden units start with the same weights. How many different units has the network after training?",
        "One. Units that are equal get equal gradients and stay equal. It reads {equal.test_accuracy:.0%} of the "
        "digits; with random first weights {random.test_accuracy:.0%}.",
        {
            "equal": Where("Equal weights", "Equal weights stay equal", "fails"),
            "random": Where("Random weights", "Equal weights stay equal", "repaired"),
        },
        (Relation("equal.test_accuracy", "<", 0.3), Relation("random.test_accuracy", ">", 0.95)),
    ),
    Exercise(
        "Two networks of six layers differ in their bend alone: sigmoid and ReLU. After fifteen passes, how far apart "
        "are they?",
        "{sigmoid.test_accuracy:.0%} and {relu.test_accuracy:.0%}. Six sigmoids leave little of the gradient for the "
        "first layer, so it has hardly moved.",
        {
            "sigmoid": Where("Sigmoid", "Deep sigmoid layers stop the gradient", "fails"),
            "relu": Where("ReLU", "Deep sigmoid layers stop the gradient", "repaired"),
        },
        (Relation("sigmoid.test_accuracy", "<", 0.7), Relation("relu.test_accuracy", ">", 0.9)),
    ),
)
