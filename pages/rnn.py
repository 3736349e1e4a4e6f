"""Recurrent network: the page on which one small network reads step by step and hands its state on."""

from lab.charts import mlp_inside, rnn_inside, rnn_stage
from lab.lessons import rnn
from lab.lessons.sequences import own_sequences
from lab.page import Page, Picture

DATA = {
    "adding": "Adding problem",
    "recall": "Recall the first letter",
    "copy": "Copying",
    "temporal_order": "Temporal order",
    "parity": "Parity",
    "running_parity": "Parity, asked at each step",
    "reber": "Embedded Reber grammar",
    "anbn": "As many b as a",
    "reverse": "Reversing",
    "sunspots": "Sunspots",
    "co2": "Carbon dioxide",
    "elnino": "El Niño",
    "own_series": "Your own series",
    "text": "Python's help, as text",
    "own_text": "Your own text",
}
STARTS = {"orthogonal": "orthogonal", "glorot_uniform": "Glorot", "identity": "identity"}

page = Page("rnn", rnn_stage.payload, labels={"dataset": DATA, "initialization": STARTS})
page.idea("One small network for every step: it reads, and hands its state on to itself.")
page.first_screen(
    main=("dataset", "lag", "units", "activation", "initialization", "clip"),
    advanced=(
        "layers", "truncation", "differences",
        "learning_rate", "epochs", "batch_size",
        "optimizer", "samples", "seed",
    ),
    own_data=own_sequences,
)  # fmt: skip
page.inside(
    "While it reads the first test sequence. Choose a recorded step to see the state and the gradient form.",
    [
        Picture(
            "The hidden state over time",
            rnn_inside.states,
            alt="A heat map: one row per unit of the state, one column per step, blue above zero and orange below.",
            notice=rnn_inside.states_notice,
            wide=True,
        ),
        Picture(
            "How far back the gradient reaches",
            rnn_inside.gradient,
            alt="The mean length of the gradient of the answer by the lag of the input, before and after training.",
            notice=rnn_inside.gradient_notice,
        ),
        Picture(
            "The gradient beside the exact one",
            rnn_inside.slopes,
            alt="The slope of the answer along each number of a sequence, before and after training, and the truth.",
            notice=rnn_inside.slopes_notice,
        ),
        Picture(
            "How much U stretches",
            rnn_inside.radii,
            alt="The largest absolute eigenvalue of the recurrent weights through training, with a line at one.",
            notice=rnn_inside.radii_notice,
        ),
        Picture(
            "The answers step by step",
            rnn_inside.step_accuracy,
            alt="The share of right answers at every step that is asked.",
            notice="Late answers need older memories. Steps without a bar are not asked.",
        ),
        Picture(
            "Which answers it confuses",
            mlp_inside.confusion,
            alt="A matrix of true against predicted answers with the number of test sequences in each cell.",
            notice="Everything off the diagonal is a mistake.",
        ),
        Picture(
            "Beside methods without a network",
            rnn_inside.comparison,
            alt="Bars with the score of this network and of methods without a network on the same data.",
            notice=rnn_inside.comparison_notice,
        ),
        Picture(
            "The same network, unrolled",
            rnn_inside.form,
            alt="Boxes for inputs, states and answers of every step, with arrows in the order of computing.",
            notice=rnn_inside.form_notice,
            wide=True,
        ),
    ],
)
page.section("One step, number by number", "h(t) = f(W x(t) + U h(t − 1) + b). Every number is from this network.")
rnn.place(page.run, rnn.unroll)
page.ask("A text goes on from your beginning, a series goes on into the future, a task answers.", rnn.ask)
page.section("At other lags", "How long can something be kept? Test it here, and train it anew at any lag.")
rnn.place(page.run, rnn.other_lags(page.controls))
page.section("Time", "Each step waits for the one before: what that costs.")
rnn.place(page.run, rnn.time_by_length)
page.breaks("Settings under which this network fails, and what mends each.", rnn_stage.result)
page.leads_on(
    "The state is made anew at every step, and the gradient passes through U each time: it shrinks or grows like a "
    "power. Better first weights and clipping carry some lags, not all. The next step is a state that is kept unless a "
    "gate says otherwise.",
    following="lstm_gru",
)
page.code("This is the code that just ran.", ("build", "layer", "train"))
