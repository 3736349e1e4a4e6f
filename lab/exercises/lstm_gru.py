"""Exercises of the page on LSTM and GRU."""

from lab.exercises.exercise import Exercise, Relation, Where

EXERCISES = (
    Exercise(
        "A forget bias of -2 means that each step keeps about 12 % of the cell. How much of a number is left after 25 "
        "steps, and can training mend it?",
        "0.12 to the 25th power, which is nothing, and nothing of the gradient either: the gain stays at "
        "{closed.test_gain:.2f}. A bias of 1 keeps 73 % a step, and the gain becomes {open.test_gain:.2f}.",
        {
            "closed": Where("Bias -2", "Closed forget gates", "fails"),
            "open": Where("Bias 1", "Closed forget gates", "repaired"),
        },
        (Relation("closed.test_gain", "<", 0.3), Relation("open.test_gain", ">", 0.9)),
    ),
    Exercise(
        "Eight letters pass from the encoder to the decoder in one vector. How many words come out whole? How many if "
        "the decoder may look back?",
        "{vector.test_whole:.0%} through one vector, {attention.test_whole:.0%} with attention.",
        {
            "vector": Where("One vector", "Eight letters through one vector", "fails"),
            "attention": Where("Attention", "Reversing with attention"),
        },
        (Relation("vector.test_whole", "<", 0.6), Relation("attention.test_whole", ">", 0.95)),
    ),
    Exercise(
        "A GRU has one gate less than an LSTM of the same width. Which has fewer parameters, and which adds the two "
        "numbers more exactly?",
        "The GRU, in both: {gru.parameters:,} parameters against {lstm.parameters:,}, and an error of "
        "{gru.test_rmse:.3f} against {lstm.test_rmse:.3f}. That is one task and one seed, not a rule.",
        {"lstm": Where("LSTM", "Adding two of fifty numbers"), "gru": Where("GRU", "GRU, the same task")},
        (Relation("gru.parameters", "<", "lstm.parameters"), Relation("gru.test_rmse", "<", "lstm.test_rmse")),
    ),
)
