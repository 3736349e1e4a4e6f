"""Exercises of the page on the RBF network."""

from lab.exercises.exercise import Exercise, Relation, Where

EXERCISES = (
    Exercise(
        "Bumps a tenth as wide as their distance meet every node exactly. What does the network say between two nodes?",
        "Nothing: R² is {narrow.train_r2:.2f} at the nodes and {narrow.test_r2:.2f} between them. At the width of one "
        "distance it is {wide.test_r2:.4f} between them, too.",
        {
            "narrow": Where("Narrow bumps", "Bumps too narrow to meet", "fails"),
            "wide": Where("As wide as their distance", "Bumps too narrow to meet", "repaired"),
        },
        (
            Relation("narrow.train_r2", ">", 0.999),
            Relation("narrow.test_r2", "<", 0.6),
            Relation("wide.test_r2", ">", 0.99),
        ),
    ),
    Exercise(
        "Wider is not always smoother. At five distances the curve goes wild. Which small penalty calms it, and why?",
        "A ridge of 0.001. Bumps that wide are nearly the same, so their weights become huge, of both signs, and no "
        "longer cancel in 64-bit numbers. R² rises from {wild.test_r2:,.0f} to {calm.test_r2:.2f}.",
        {
            "wild": Where("No penalty", "Bumps so wide that they are alike", "fails"),
            "calm": Where("A small ridge", "Bumps so wide that they are alike", "repaired"),
        },
        (Relation("wild.test_r2", "<", 0.0), Relation("calm.test_r2", ">", 0.8)),
    ),
    Exercise(
        "Two spirals with twelve bumps. Then with forty. Where does the score jump, and why so late?",
        "{few.test_accuracy:.0%} with twelve, {many.test_accuracy:.0%} with forty. A bump speaks for its own "
        "neighbourhood, so the long border needs one every few steps.",
        {
            "few": Where("Twelve", "Too few bumps for a long border", "fails"),
            "many": Where("Forty", "Two spirals"),
        },
        (Relation("few.test_accuracy", "<", 0.65), Relation("many.test_accuracy", ">", 0.93)),
    ),
)
