"""Exercises of the page on the recurrent network."""

from lab.exercises.exercise import Exercise, Relation, Where

EXERCISES = (
    Exercise(
        "Two of fifty numbers are to be added. The network says nearly the mean every time. Which first weights let "
        "the state stay as it is until something is added?",
        "The identity, with ReLU. The gain over always saying the mean rises from {tanh.test_gain:.2f} to "
        "{identity.test_gain:.2f}.",
        {
            "tanh": Where("Tanh", "Add two of fifty numbers", "fails"),
            "identity": Where("Identity and ReLU", "Add two of fifty numbers", "repaired"),
        },
        (Relation("tanh.test_gain", "<", 0.3), Relation("identity.test_gain", ">", 0.9)),
    ),
    Exercise(
        "Parity of twenty bits. Asked once, at the end, or after every bit: the rule is the same. Is it as hard to "
        "learn?",
        "No. Asked once the network stays a coin, {once.test_accuracy:.0%}. Asked at each step it reaches "
        "{each.test_accuracy:.0%}: the first answers are easy and lead to the later ones.",
        {
            "once": Where("Asked once", "Parity, asked once", "fails"),
            "each": Where("At each step", "Parity, asked once", "repaired"),
        },
        (Relation("once.test_accuracy", "<", 0.6), Relation("each.test_accuracy", ">", 0.95)),
    ),
    Exercise(
        "Five letters are written backwards out of one state of 32 numbers. What becomes of thirty letters?",
        "{thirty.test_accuracy:.0%} of them are right, against {five.test_accuracy:.0%} of five. All letters have to "
        "pass through one state. Attention will look back at each of them.",
        {
            "five": Where("Five letters", "Write five letters backwards"),
            "thirty": Where("Thirty letters", "Thirty letters backwards", "fails"),
        },
        (Relation("five.test_accuracy", ">", 0.95), Relation("thirty.test_accuracy", "<", 0.7)),
    ),
)
