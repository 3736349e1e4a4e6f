"""The settings of the Transformer."""

from typing import ClassVar, Literal

from models.configs.base import Config, Digest, knob


class TransformerConfig(Config):
    """The settings of the Transformer."""

    family: ClassVar[str] = "transformer"

    dataset: Literal[
        "induction", "recall", "copy", "reverse", "sort", "addition", "dates", "parity", "parity_steps", "characters",
        "pieces",
    ] = knob("induction", "Task", "What the network learns to say.")  # fmt: skip
    kind: Literal["decoder", "encoder", "encoder_decoder"] = knob(
        "decoder",
        "Kind",
        "Decoder: reads on from left to right. Encoder: sees all at once. Both: one reads, one writes.",
    )
    layers: int = knob(2, "Layers", "Blocks of attention and MLP, one after the other.", ge=1, le=8)
    heads: int = knob(2, "Heads", "Of each layer's attention; each looks in its own way.", ge=1, le=16)
    width: int = knob(64, "Width", "Numbers of each token's stream; the heads share them.", ge=8, le=256, scale="log")
    mlp: int = knob(
        0, "MLP", "Hidden units of the two dense layers (MLP) in each block, in widths; 0: none.", ge=0, le=4
    )
    positions: Literal["sinusoidal", "learned", "rotary", "none"] = knob(
        "sinusoidal", "Positions", "How a token is told where it stands."
    )

    normalization: Literal["pre", "post"] = knob(
        "pre", "Normalization", "Before each part, as today, or after its sum with the stream, as in 2017."
    )
    activation: Literal["gelu", "relu", "swiglu"] = knob("gelu", "Activation", "The bend in the MLP.")
    token_shift: bool = knob(False, "Shifted keys", "Keys mix in the key of the token before.")
    tied: bool = knob(False, "Tied output", "The output reads with the same embeddings as the input.")
    experts: int = knob(0, "Experts", "MLPs per block among which a gate chooses; 0: one MLP for all.", ge=0, le=8)
    active_experts: int = knob(2, "Asked experts", "How many of them work on each token.", ge=1, le=8)
    dropout: float = knob(0.0, "Dropout", "Share of what each part adds that is silenced while training.", ge=0, le=0.6)
    learning_rate: float = knob(
        0.003, "Learning rate", "Size of each step against the gradient.", scale="log", gt=0, le=1
    )
    steps: int = knob(400, "Steps", "Optimizer steps of the whole run.", ge=10, le=20000, scale="log")
    batch_size: int = knob(64, "Batch size", "Sequences per step.", ge=1, le=256, scale="log")
    examples: int = knob(8000, "Sequences", "To learn from.", ge=50, le=40000, scale="log")
    length: int = knob(
        0, "Length", "Letters, pairs, digits, bits or tokens; 0: as the task is usually posed.", ge=0, le=128
    )
    pieces: int = knob(512, "Pieces", "Vocabulary of text in pieces.", ge=300, le=4000, scale="log")
    upload: Digest = knob(
        "", "Own text", "SHA-256 of a text of your own, for the tasks with text; empty: Python's help."
    )
