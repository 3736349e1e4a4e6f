"""Exercises of the page on modular and ensemble networks."""

from lab.exercises.exercise import Exercise, Relation, Where

EXERCISES = (
    Exercise(
        "A gate asks one of eight experts for each digit, and nothing keeps it fair. How many experts are still at "
        "work in the end?",
        "A share of {starved.test_used:.3f}, which is one of eight: whoever starts ahead is asked, learns, and is "
        "asked again. With load balancing it is {fair.test_used:.0%}.",
        {
            "starved": Where("No balance", "Experts starve", "fails"),
            "fair": Where("Balanced", "Experts starve", "repaired"),
        },
        (Relation("starved.test_used", "<", 0.3), Relation("fair.test_used", ">", 0.95)),
    ),
    Exercise(
        "Ten nets vote. Is the vote better than its members are on average?",
        "Yes: {vote.test_accuracy:.1%} against {vote.test_member_accuracy:.1%}. Each errs elsewhere. But one big net "
        "of six members' size reads {big.test_accuracy:.1%} on the same test digits.",
        {"vote": Where("Ten voters", "Ten voters"), "big": Where("One big net", "One big net")},
        (
            Relation("vote.test_accuracy", ">", "vote.test_member_accuracy"),
            Relation("big.test_accuracy", ">", "vote.test_member_accuracy"),
        ),
    ),
    Exercise(
        "Six straight lines vote on a circle. Then the same six divide the plane among them. Which of the two can "
        "close the circle?",
        "Only those that divide it: {experts.test_accuracy:.0%} against {voters.test_accuracy:.0%}. A vote of straight "
        "lines that make the same mistake makes it, too.",
        {
            "voters": Where("They vote", "Voting cannot mend what all get wrong", "fails"),
            "experts": Where("They divide", "Voting cannot mend what all get wrong", "repaired"),
        },
        (Relation("voters.test_accuracy", "<", 0.7), Relation("experts.test_accuracy", ">", 0.95)),
    ),
)
