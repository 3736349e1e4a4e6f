"""What a model that only reads shows of a text: the trace, and how the text was cut into tokens."""

from dataclasses import dataclass

from models.base import Array
from models.views.transformer import TransformerView

BIG = ("normalized", "queries", "keys", "values", "mixed", "attention_out", "middle", "mlp_in", "mlp_hidden", "mlp_out")
"""The fields of a trace that may be asked for some layers alone."""


@dataclass(frozen=True)
class ReadingView(TransformerView):
    """A trace or a generation of a shipped, local or published model.

    added: (T,) bool, tokens that the model put in itself ([CLS]); starts, ends: (T,) int32, the characters of the text
    that each token covers; notes: (n,) str, sentences on what was unusual about the text; shown_layers: (l,) int32, the
    layers for which the fields of BIG are there, in their order.
    """

    added: Array | None = None
    starts: Array | None = None
    ends: Array | None = None
    notes: Array | None = None
    shown_layers: Array | None = None
