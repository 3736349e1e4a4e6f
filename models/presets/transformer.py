"""Settings of the transformer page that are known to work, and settings known to fail."""

from models.base import Failure
from models.presets.preset import Preset

_ALIGNED = {"dataset": "dates", "kind": "encoder_decoder", "layers": 1, "mlp": 2}
_ONE_LOOK = {"layers": 1, "token_shift": True, "steps": 200}
_SUM = {"dataset": "addition", "heads": 4, "mlp": 4, "positions": "learned", "examples": 20000, "steps": 1500}
_BIT_BY_BIT = {"dataset": "parity_steps", "positions": "learned"}

PRESETS: tuple[Preset, ...] = (
    Preset(
        title="An induction head forms",
        reason="Two layers find what followed the same sign before: a plateau, then the head forms.",
        settings={},
        metric="test_accuracy",
        threshold=0.95,
    ),
    Preset(
        title="One layer with shifted keys",
        reason="Where keys mix in the token before, one look is enough: half of the induction circuit is given.",
        settings={**_ONE_LOOK},
        metric="test_accuracy",
        threshold=0.95,
    ),
    Preset(
        title="Recall what stood by a letter",
        reason="Eight pairs of letters, then one of the small ones: with shifted keys one look finds its partner.",
        settings={**_ONE_LOOK, "dataset": "recall", "steps": 600},
        metric="test_accuracy",
        threshold=0.95,
    ),
    Preset(
        title="Add numbers of three digits",
        reason="The sum is written from its last digit on, so that each digit needs its column and what was carried.",
        settings={**_SUM},
        metric="test_exact",
        threshold=0.8,
    ),
    Preset(
        title="Parity, bit by bit",
        reason="Asked after each bit whether the ones so far are odd, one layer has only to add one bit at a time.",
        settings={**_BIT_BY_BIT, "layers": 1, "mlp": 2, "steps": 300},
        metric="test_exact",
        threshold=0.95,
    ),
    Preset(
        title="Written dates",
        reason="An encoder reads the date, a decoder writes it in the ISO form and looks at each part where it stands.",
        settings={**_ALIGNED},
        metric="test_accuracy",
        threshold=0.95,
    ),
    Preset(
        title="Copy a word",
        reason="Each letter of the answer looks at the one it has to repeat, a few places back.",
        settings={"dataset": "copy"},
        metric="test_accuracy",
        threshold=0.85,
    ),
    Preset(
        title="Say a word backwards",
        reason="Learned positions suffice: where to look next is one place before where the last letter stood.",
        settings={"dataset": "reverse", "positions": "learned", "learning_rate": 0.002, "steps": 600},
        metric="test_accuracy",
        threshold=0.9,
    ),
    Preset(
        title="Sort letters",
        reason="Every letter of the answer needs all letters at once, and which of them are already said. It takes the "
        "longest of the small tasks.",
        settings={"dataset": "sort", "heads": 4, "mlp": 4, "steps": 1500},
        metric="test_accuracy",
        threshold=0.95,
    ),
    Preset(
        title="Text, character by character",
        reason="The help that comes with Python. After 300 steps the network guesses better than counting pairs of "
        "characters does, and not yet as well as counting runs of three or five.",
        settings={"dataset": "characters", "heads": 4, "mlp": 4, "batch_size": 32, "steps": 300},
        metric="test_accuracy",
        threshold=0.38,
    ),
    Preset(
        title="Text in pieces",
        reason="The same text in 512 pieces of words. After 300 steps the network guesses better than counting pairs "
        "of pieces does, and not yet as well as counting runs of three or five.",
        settings={"dataset": "pieces", "heads": 4, "mlp": 4, "batch_size": 32, "steps": 300},
        metric="test_accuracy",
        threshold=0.2,
    ),
)

FAILURES: tuple[Failure, ...] = (
    Failure(
        title="Induction with one layer",
        reason="A single look can find the same sign, but not what followed it: that takes one head that looks back "
        "and a second that uses what it found. Shifted keys give the first one away.",
        settings={"layers": 1, "steps": 200},
        repair={"token_shift": True},
        metric="test_accuracy",
        threshold=0.8,
        claim="transformer_limits",
    ),
    Failure(
        title="Nobody says where a token stands",
        reason="Attention alone sees a bag of tokens: every a gets the same answer, wherever it stands. With waves "
        "added to the embeddings, an encoder learns to turn words around.",
        settings={"dataset": "reverse", "kind": "encoder", "mlp": 1, "steps": 250, "positions": "none"},
        repair={"positions": "sinusoidal"},
        metric="test_accuracy",
        threshold=0.3,
        claim="transformer_limits",
    ),
    Failure(
        title="Parity in one look",
        reason="Whether the ones are odd depends on every single bit, and attention is a weighted mean, in which one "
        "bit more hardly shows. Written down bit by bit, the same network needs one small step for each.",
        settings={"dataset": "parity", "layers": 1, "mlp": 2, "steps": 240},
        repair={**_BIT_BY_BIT},
        metric="test_accuracy",
        threshold=0.9,
        claim="transformer_limits",
    ),
)
