"""Exercises of the page on the convolutional network."""

from lab.exercises.exercise import Exercise, Relation, Where

EXERCISES = (
    Exercise(
        "Both networks read a digit where it stood in training. Now it stands two pixels off. Which one still reads "
        "it?",
        "The one that shares its windows and keeps the largest value of each map: {shared.test_moved:.0%}. The "
        "perceptron reads {fixed.test_moved:.0%}, though in place it reads {fixed.test_accuracy:.0%}.",
        {
            "fixed": Where("Perceptron", "A perceptron and a moved digit", "fails"),
            "shared": Where("Shared windows", "Digits anywhere"),
        },
        (
            Relation("fixed.test_accuracy", ">", 0.95),
            Relation("fixed.test_moved", "<", 0.3),
            Relation("shared.test_moved", ">", 0.9),
        ),
    ),
    Exercise(
        "Two dots stand ten columns apart: are they in the same row? Two blocks see too little. How much does a third "
        "block help?",
        "It decides everything: {two.test_accuracy:.0%} with two blocks, which is near a coin, and "
        "{three.test_accuracy:.1%} with three. Only then does one unit see both dots.",
        {
            "two": Where("Two blocks", "Farther than the window sees", "fails"),
            "three": Where("Three blocks", "Two dots, three blocks"),
        },
        (Relation("two.test_accuracy", "<", 0.65), Relation("three.test_accuracy", ">", 0.95)),
    ),
    Exercise(
        "The pixels of all digits are put into one other order, always the same. Can the network still learn to read "
        "them in place? And two pixels off?",
        "In place yes, {shuffled.test_accuracy:.0%}: the weights after the maps sort it out. Two pixels off no, "
        "{shuffled.test_moved:.0%}: neighbours mean nothing any more, so nothing holds elsewhere.",
        {"shuffled": Where("Shuffle the pixels", "Shuffled pixels", "fails")},
        (Relation("shuffled.test_accuracy", ">", 0.9), Relation("shuffled.test_moved", "<", 0.3)),
    ),
)
