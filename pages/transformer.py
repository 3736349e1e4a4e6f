"""Transformer: the page on which every token asks every other token what matters."""

from lab.charts import transformer_inside, transformer_stage
from lab.charts import transformer_measured as measured
from lab.lessons import transformer as lessons
from lab.page import Page, Picture

TASKS = {
    "induction": "Induction: what followed before?",
    "recall": "Recall: which stood by it?",
    "copy": "Copy a word",
    "reverse": "Reverse a word",
    "sort": "Sort a word's letters",
    "addition": "Add two numbers",
    "dates": "Written dates to ISO dates",
    "parity": "Parity of bits",
    "parity_steps": "Parity, step by step",
    "characters": "Text, letter by letter",
    "pieces": "Text in pieces (BPE)",
}
KINDS = {"decoder": "Decoder", "encoder": "Encoder", "encoder_decoder": "Encoder and decoder"}

page = Page("transformer", transformer_stage.payload, labels={"dataset": TASKS, "kind": KINDS})
page.idea("Every token asks every other token what matters, and adds what it finds to what it already knows.")
page.first_screen(
    main=("dataset", "kind", "layers", "heads", "mlp", "positions"),
    advanced=(
        "width", "normalization", "activation",
        "token_shift", "tied", "dropout",
        "experts", "active_experts", "length",
        "learning_rate", "steps", "batch_size",
        "examples", "pieces", "seed",
    ),
    own_data=lessons.own_text,
)  # fmt: skip
page.section(
    "Read any text",
    "Type, and see everything the text does in a network: who looks at whom, in which head, what each step computes, "
    "what comes next. All numbers are from the network that reads; click any cell for its arithmetic.",
)
lessons.place(
    page.run,
    lessons.read_any_text,
    cutting=(
        "Surgery",
        "Cut an arrow, a head or a whole layer, or tell a token that it stands elsewhere. The network stays as it is; "
        "only the way of this text through it changes, and with it what comes next.",
    ),
)
page.section(
    "One word, two meanings",
    "A token enters with its embedding, the same in every sentence. Attention adds what stands around it. Below, the "
    "same word in two sentences, before and after.",
)
lessons.place(page.run, lessons.two_sentences)
page.section(
    "Writing, token by token",
    "The network says how likely every token is; one is drawn, and becomes part of what it reads next.",
)
lessons.place(page.run, lessons.go_on)
page.inside(
    "The network of the first screen at a step you choose.",
    [
        Picture(
            "When the heads form",
            transformer_inside.formation,
            alt="Loss, previous-token score and induction score of the run over its steps.",
            notice=transformer_inside.formation_notice,
        ),
        Picture(
            "What kind of head is it?",
            transformer_inside.scores,
            alt="The scores of every head at this step: previous token, first token, duplicate, induction, itself.",
            notice="Dark in a column: the head does that. A head without a dark cell mixes, or is not used.",
        ),
        Picture(
            "Beside methods without a network",
            transformer_inside.comparison,
            alt="Share right of this network, of chance and of n-grams.",
            notice=transformer_inside.comparison_notice,
        ),
    ],
)
page.measured(
    "What a Transformer cannot do by itself, and what it pays.",
    [
        Picture("No positions, no order", measured.order,
                alt="Share of letters right when words are said backwards, with positions and without.",
                notice=measured.notice("order", measured.order_told)),
        Picture("Parity: one small step per bit", measured.parity,
                alt="Share right on parity over the number of bits, for two Transformers and a GRU.",
                notice=measured.notice("parity", measured.parity_told)),
        Picture("Longer than in training", measured.length,
                alt="Share right on induction over the length, by kind of positions.",
                notice=measured.notice("length", measured.length_told)),
        Picture("Little data", measured.little,
                alt="Nats per character on held-out text over the amount of text to learn from.",
                notice=measured.notice("little", measured.little_told)),
        Picture("Time and memory", measured.cost,
                alt="Milliseconds of one block and of its attention over the number of tokens.",
                notice=measured.notice("cost", measured.cost_told)),
    ],
)  # fmt: skip
lessons.measured_provenance()
page.breaks("Settings under which this network fails, and what mends each.", transformer_stage.ended)
page.section("Why it won")
lessons.why_it_won()
page.leads_on(
    "Which network for which task? The next page lets all families of this road compete for the same number of "
    "parameters, and says where the Transformer does not win.",
    following="architecture_fit",
)
page.code(
    "This is the code that just ran.", ("build_transformer", "stack", "residual", "self_attention", "mlp", "train")
)
