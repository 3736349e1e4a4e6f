"""Exercises of the page on the self-organizing map."""

from lab.exercises.exercise import Exercise, Relation, Where

EXERCISES = (
    Exercise(
        "Let each winner move alone, without its neighbours. Do the units fit the data better or worse? And is it "
        "still a map?",
        "They fit the training data better: a mean distance of {alone.train_qe:.2f} instead of {pulled.train_qe:.2f}. "
        "But it is no map: {alone.test_order:.0%} of the examples have their two best units side by side, against "
        "{pulled.test_order:.0%}.",
        {
            "alone": Where("Alone", "A neighbourhood too narrow", "fails"),
            "pulled": Where("With neighbours", "A neighbourhood too narrow", "repaired"),
        },
        (Relation("alone.train_qe", "<", "pulled.train_qe"), Relation("alone.test_order", "<", "pulled.test_order")),
    ),
    Exercise(
        "Glue opposite edges of the map together, as on a ring, and lay it over a flat square. What has to happen?",
        "It folds or tears: {ring.test_order:.0%} of the points keep their order, where a flat map keeps "
        "{flat.test_order:.0%}. A map should have the shape of its data.",
        {
            "ring": Where("Edges glued", "A torus on flat data", "fails"),
            "flat": Where("Edges free", "A torus on flat data", "repaired"),
        },
        (Relation("ring.test_order", "<", 0.7), Relation("flat.test_order", ">", 0.95)),
    ),
    Exercise(
        "The neighbourhood starts wide. What if it never shrinks?",
        "All units move together and stay a clump: they explain {constant.test_explained:.0%} of the variance. "
        "Shrinking it gives {shrinking.test_explained:.0%}: first the order, then the details.",
        {
            "constant": Where("Never shrinks", "A neighbourhood too wide", "fails"),
            "shrinking": Where("Shrinks", "A neighbourhood too wide", "repaired"),
        },
        (Relation("constant.test_explained", "<", 0.5), Relation("shrinking.test_explained", ">", 0.85)),
    ),
)
