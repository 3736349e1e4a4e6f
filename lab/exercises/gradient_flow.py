"""Exercises of the page on gradient flow."""

from lab.exercises.exercise import Exercise, Relation, Where

EXERCISES = (
    Exercise(
        "Ten sigmoid layers, no plus. Guess the power of ten: how large is the gradient at the first layer, compared "
        "with the last one? And with a plus around each layer?",
        "After training it is {plain.gradient_ratio:.0e} without the plus and {plus.gradient_ratio:.1f} with it. The "
        "first stack reads {plain.test_accuracy:.0%} of the digits, the second {plus.test_accuracy:.0%}.",
        {
            "plain": Where("Without the plus", "Ten sigmoid layers without the plus", "fails"),
            "plus": Where("With the plus", "Ten sigmoid layers with a plus"),
        },
        (
            Relation("plain.gradient_ratio", "<", 1e-4),
            Relation("plus.gradient_ratio", ">", 1.0),
            Relation("plus.test_accuracy", ">", "plain.test_accuracy"),
        ),
    ),
    Exercise(
        "Ten sigmoid layers more. Is the share of the gradient that arrives halved, or squared?",
        "About squared, since every layer multiplies: {ten.gradient_ratio:.0e} becomes {twenty.gradient_ratio:.0e}.",
        {
            "ten": Where("Ten layers", "Ten sigmoid layers without the plus", "fails"),
            "twenty": Where("Twenty layers", "Twenty sigmoid layers", "fails"),
        },
        (Relation("twenty.gradient_ratio", "<", 1e-10), Relation("ten.gradient_ratio", ">", 1e-8)),
    ),
    Exercise(
        "A product of twenty matrices leaves the range of numbers after a few steps. Nothing about the stack is "
        "changed; only the length of each gradient is cut to one. Does it train now?",
        "Yes: {cut.test_accuracy:.0%} right, where it was {free.test_accuracy:.0%} after {free.step} steps. Clipping "
        "keeps the direction and shortens the step.",
        {
            "free": Where("Not cut", "A deep product of matrices", "fails"),
            "cut": Where("Cut to one", "A deep product of matrices", "repaired"),
        },
        (
            Relation("free.test_accuracy", "<", 0.2),
            Relation("free.step", "<", 50),
            Relation("cut.test_accuracy", ">", 0.85),
        ),
    ),
)
