"""Exercises of the page on the Transformer."""

from lab.exercises.exercise import Exercise, Relation, Where

EXERCISES = (
    Exercise(
        "What followed this sign before? One layer cannot find it, two can. Which small change lets one layer do it, "
        "and what does that say about the first of two?",
        "Keys that mix in the token before: {shifted.test_accuracy:.0%} instead of {one.test_accuracy:.0%}. So that is "
        "what the first of two layers is for ({two.test_accuracy:.0%}): it tells each token who stood before it.",
        {
            "one": Where("One layer", "Induction with one layer", "fails"),
            "shifted": Where("Shifted keys", "One layer with shifted keys"),
            "two": Where("Two layers", "An induction head forms"),
        },
        (
            Relation("one.test_accuracy", "<", 0.4),
            Relation("shifted.test_accuracy", ">", 0.95),
            Relation("two.test_accuracy", ">", 0.95),
        ),
    ),
    Exercise(
        "Nobody tells the tokens where they stand. Can attention turn a word around?",
        "No: {bag.test_accuracy:.0%} of the letters are right without positions, {waves.test_accuracy:.0%} with them "
        "after as many steps. Attention alone sees a bag of tokens.",
        {
            "bag": Where("No positions", "Nobody says where a token stands", "fails"),
            "waves": Where("With waves", "Nobody says where a token stands", "repaired"),
        },
        (Relation("bag.test_accuracy", "<", 0.3), Relation("waves.test_accuracy", ">", "bag.test_accuracy")),
    ),
    Exercise(
        "Is the number of ones odd? A single look at all bits stays a guess. What changes when each step is written "
        "down?",
        "Everything: {look.test_accuracy:.0%} in one look, {steps.test_exact:.0%} of all rows whole when the answer is "
        "said after each bit. A small step for each bit is easy; all of them at once is not.",
        {
            "look": Where("One look", "Parity in one look", "fails"),
            "steps": Where("Step by step", "Parity, bit by bit"),
        },
        (Relation("look.test_accuracy", "<", 0.65), Relation("steps.test_exact", ">", 0.95)),
    ),
)
