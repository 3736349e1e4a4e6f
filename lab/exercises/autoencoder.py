"""Exercises of the page on the autoencoder."""

from lab.exercises.exercise import Exercise, Relation, Where

EXERCISES = (
    Exercise(
        "Squeeze a digit into one number, into two, into eight. How much of what makes digits differ survives?",
        "{one.test_explained:.0%}, {two.test_explained:.0%} and {eight.test_explained:.0%} of the variance. With one "
        "number all ten digits must queue up on a line.",
        {
            "one": Where("One number", "A bottleneck of one number", "fails"),
            "two": Where("Two", "Digits in two numbers"),
            "eight": Where("Eight", "A bottleneck of one number", "repaired"),
        },
        (
            Relation("one.test_explained", "<", "two.test_explained"),
            Relation("two.test_explained", "<", "eight.test_explained"),
        ),
    ),
    Exercise(
        "Take the bend out of every layer. Which method from 1901 does the network become?",
        "Principal component analysis: straight layers find the same plane. It keeps {straight.test_explained:.0%} of "
        "the variance, with bends {bent.test_explained:.0%}. The grey line of the loss is that of PCA.",
        {
            "straight": Where("Without a bend", "Without a bend it is only PCA", "fails"),
            "bent": Where("With bends", "Without a bend it is only PCA", "repaired"),
        },
        (Relation("straight.test_explained", "<", 0.4), Relation("bent.test_explained", ">", 0.5)),
    ),
    Exercise(
        "The pull that makes codes alike is turned up to ten. Its own penalty falls to zero. What does the network "
        "draw for a 3, and for an 8?",
        "The same blurred mean. The code says nothing ({much.test_kl:.0e} nats), so {much.test_explained:.0%} of the "
        "variance is kept. At 0.1 it says {little.test_kl:.1f} nats and keeps {little.test_explained:.0%}.",
        {
            "much": Where("Ten", "Too much pull: the code collapses", "fails"),
            "little": Where("A tenth", "Too much pull: the code collapses", "repaired"),
        },
        (
            Relation("much.test_kl", "<", 0.01),
            Relation("much.test_explained", "<", 0.05),
            Relation("little.test_explained", ">", 0.3),
        ),
    ),
)
