"""LSTM and GRU: the page on which gates decide what to keep, what to write and what to show."""

from lab.charts import lstm_gru_inside, lstm_gru_stage, mlp_inside, rnn_inside
from lab.charts import lstm_gru_measured as measured
from lab.lessons import lstm_gru, rnn
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
    "reverse": "Reversing letters",
    "sunspots": "Sunspots",
    "co2": "Carbon dioxide",
    "elnino": "El Niño",
    "own_series": "Your own series",
    "text": "Python's help, as text",
    "own_text": "Your own text",
}
CELLS = {"lstm": "LSTM", "gru": "GRU", "simple": "Simple, no gates", "irnn": "IRNN, no gates"}
ATTENTION = {"none": "none", "additive": "additive score", "product": "product score"}

page = Page("lstm_gru", lstm_gru_stage.payload, labels={"dataset": DATA, "cell": CELLS, "attention": ATTENTION})
page.idea("Gates decide at each step what to keep, what to write and what to show.")
page.first_screen(
    main=("dataset", "cell", "lag", "units", "forget_bias", "chrono"),
    advanced=(
        "layers", "both_ways", "attention",
        "learning_rate", "epochs", "batch_size",
        "clip", "truncation", "optimizer",
        "samples", "differences", "seed",
    ),
    own_data=own_sequences,
)  # fmt: skip
page.inside(
    "The last layer while it reads the first test sequence. Choose a recorded step to see the gates learn.",
    [
        Picture("The forget gate", lstm_gru_inside.gate("forget"),
                alt="How far each unit's forget gate stands open at every step.",
                notice=lstm_gru_inside.gate_notice("forget")),
        Picture("The input gate", lstm_gru_inside.gate("input"),
                alt="How far each unit's input gate stands open at every step.",
                notice=lstm_gru_inside.gate_notice("input")),
        Picture("The output gate", lstm_gru_inside.gate("output"),
                alt="How far each unit's output gate stands open at every step.",
                notice=lstm_gru_inside.gate_notice("output")),
        Picture("The update gate: open keeps the state", lstm_gru_inside.gate("update"),
                alt="How far each unit's update gate stands open at every step.",
                notice=lstm_gru_inside.gate_notice("update")),
        Picture("The reset gate", lstm_gru_inside.gate("reset"),
                alt="How far each unit's reset gate stands open at every step.",
                notice=lstm_gru_inside.gate_notice("reset")),
        Picture("The cell state", lstm_gru_inside.cell,
                alt="The cell state of each unit at every step, blue above zero and orange below.",
                notice=lstm_gru_inside.cell_notice),
        Picture("How far back the gradient reaches", lstm_gru_inside.gradient,
                alt="The mean length of the gradient of the answer by the lag of the input, before and after training.",
                notice=rnn_inside.gradient_notice),
        Picture("The gradient beside the exact one", rnn_inside.slopes,
                alt="The slope of the answer along each number, before and after training, and the truth.",
                notice=rnn_inside.slopes_notice),
        Picture("The answers step by step", rnn_inside.step_accuracy,
                alt="The share of right answers at every step that is asked.",
                notice="Late answers need older memories. Steps without a bar are not asked."),
        Picture("Which answers it confuses", mlp_inside.confusion,
                alt="A matrix of true against predicted answers with the number of test sequences in each cell.",
                notice="Everything off the diagonal is a mistake."),
        Picture("Beside methods without a network", rnn_inside.comparison,
                alt="Bars with the score of this network and of methods without a network on the same data.",
                notice=rnn_inside.comparison_notice),
    ],
)  # fmt: skip
page.section("Every gate, every layer", "Choose a sequence. All values are replayed from the weights of this network.")
lstm_gru.place(page.run, lstm_gru.every_gate)
page.section("Surgery", "Force a gate, or empty the state at one step: what was it good for?")
lstm_gru.place(page.run, lstm_gru.surgery)
page.section("What an answer rests on", "The gradient of one answer along everything that was read.")
lstm_gru.place(page.run, lstm_gru.remember)
page.ask("A text goes on from your beginning, a series goes on into the future, a task answers.", rnn.ask)
page.section("The forget bias", "Before training: how much of the gradient arrives so many steps back?")
lstm_gru.place(page.run, lstm_gru.forget_bias)
page.section("At other lags", "Trained at one lag, tested at others.")
lstm_gru.place(page.run, rnn.other_lags(page.controls))
page.measured(
    "Two tasks, two orders: which cell is best depends on what has to be kept out, and on how the gates begin.",
    [
        Picture("Adding: what keeps noise out wins", measured.reach("adding"),
                alt="The squared error of six cells over the lag, every seed a mark, with the line of no memory.",
                notice=measured.reach_notice("adding")),
        Picture("Recall: default gates lose to no gates", measured.reach("recall"),
                alt="The share right of six cells over the lag, every seed a mark, with the line of no memory.",
                notice=measured.reach_notice("recall")),
        Picture("Adding: the gradient before and after", measured.gradient("adding"),
                alt="The gradient of the answer by steps back for six cells, before and after training.",
                notice=measured.gradient_notice("adding")),
        Picture("Recall: the gradient before and after", measured.gradient("recall"),
                alt="The gradient of the answer by steps back for six cells, before and after training.",
                notice=measured.gradient_notice("recall")),
        Picture("The race: equal parameters, one task", measured.race,
                alt="The test error over training steps of three cells, every seed a line.",
                notice=measured.race_notice),
        Picture("Where they stop: one vector", measured.bottleneck,
                alt="The share of letters right over the length, without and with attention.",
                notice=measured.bottleneck_notice),
    ],
)  # fmt: skip
lstm_gru.laboratory(page)
lstm_gru.race(page)
page.section(
    "The single vector",
    "An encoder reads all letters, a decoder writes them backwards. Between them stands one state, whatever the "
    "length. Attention lets the decoder look back at every state instead.",
)
lstm_gru.bottleneck(page)
page.breaks("Settings under which this network fails, and what mends each.", lstm_gru_stage.result)
page.leads_on(
    "Gates carry something over hundreds of steps, but all of the past has to fit into one vector, and each step waits "
    "for the one before. Attention over all states removes the first limit: every letter written looks where it needs "
    "to. If attention can look anywhere, the chain of states can go: that is the Transformer, which reads all at once.",
    following="transformer",
)
page.code("This is the code that just ran.", ("build", "layer", "train"))
