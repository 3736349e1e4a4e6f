"""Exercises of the page on the generative adversarial network."""

from lab.exercises.exercise import Exercise, Relation, Where

EXERCISES = (
    Exercise(
        "A detective that cannot tell real from forged has a loss of 2 ln 2, or 1.39. Both games below end there. Are "
        "both won?",
        "No. One holds {healthy.test_modes:.0f} of eight spots at a loss of {healthy.test_d_loss:.2f}, the other "
        "{collapsed.test_modes:.0f} at {collapsed.test_d_loss:.2f}. The losses alone do not show a collapse; look at "
        "the samples.",
        {
            "healthy": Where("One game", "Ring of eight spots"),
            "collapsed": Where("The other", "The forger runs from spot to spot", "fails"),
        },
        (
            Relation("healthy.test_coverage", ">", 0.95),
            Relation("collapsed.test_coverage", "<", 0.7),
            Relation("healthy.test_d_loss", ">", 1.3),
            Relation("collapsed.test_d_loss", ">", 1.3),
            Relation("collapsed.test_d_loss", "<", 1.4),
        ),
    ),
    Exercise(
        "The forger is weakened to four units; then the detective is. Which of the two loses more spots?",
        "A detective of four units loses all: {detective.test_modes:.0f} of eight. It never corrects the forger, so "
        "nobody learns. A forger of four units still holds {forger.test_modes:.0f}.",
        {
            "forger": Where("Weak forger", "A forger of four units", "fails"),
            "detective": Where("Weak detective", "A detective of four units", "fails"),
        },
        (Relation("detective.test_modes", "<", "forger.test_modes"), Relation("forger.test_coverage", "<", 0.7)),
    ),
    Exercise(
        "A digit detective ten times as fast as the forger: the digits look sharp. What is missing?",
        "Kinds: {fast.test_modes:.0f} of ten digits are left, with {fast.test_quality:.0%} of the samples near real "
        "ones. At an equal rate there are {equal.test_modes:.0f}.",
        {
            "fast": Where("Ten times as fast", "Digits, the detective ten times as fast", "fails"),
            "equal": Where("Equally fast", "Handwritten digits"),
        },
        (
            Relation("fast.test_modes", "<", 8),
            Relation("fast.test_quality", ">", "equal.test_quality"),
            Relation("equal.test_modes", ">", 9.5),
        ),
    ),
)
