"""An LSTM, a GRU or a plain recurrent network at one moment. T: steps; u: units; A: answers of one sequence."""

from dataclasses import dataclass

from models.base import Array
from models.views.rnn import RnnView

SHOWN_GATE_UNITS = 12  # units whose gates are recorded at every moment
GATE_LEVELS = 255


@dataclass(frozen=True)
class LstmGruView(RnnView):
    """An LSTM, a GRU or a plain recurrent network at one moment. T: steps; u: units; A: answers of one sequence.

    What it shares with RnnView means the same, but `radius` is not recorded, and edges holds the weights from the drawn
    inputs to the forget or reset gate (stacks of one layer only), then from the drawn states to the outputs.
    gates: (gates, T, 12 or fewer) uint8, in 255ths, of the last layer while it reads the first test sequence (order:
    models.gates.GATES); cell: LSTM only, (T, 12 or fewer) int8, cell states in 127ths of cell_peak: (1,) float32.
    answered: (outputs,) or (A, outputs) float32, what the replay answers to that sequence. alignment: with attention
    only, (A, T) float16, how much each answer looks at each letter read; written_letters: reversing only, (A,) int32,
    what is written freely.

    Answers to questions. gate_values: (cells, names, T, u) float32, all cells of the stack (a bidirectional layer has
    two) and all names of models.gates.SHOWN; belt: (cells, 3, T, u) float32, kept, written and shown; read_inputs:
    (T, d) float32; read_tokens: (T,) int32; gate_outputs: (A, outputs) float32, what it answers, in the target's unit.
    Surgery: as these and besides cut_values, cut_outputs, of the network operated on; surgery_losses, surgery_scores:
    (2,) float32, on the test part, whole and operated on; surgery_share: (1,), how many of the test sequences count.
    remembered: (T,) float32, signed d answer / d input of the symbol that was read at each step; remembered_lengths:
    (T,) float32, length of that gradient; remembered_place: (1,) int32, which step's answer; remembered_chances: (8,)
    and remembered_tokens: (8,) int32, the likeliest answers there.
    bias_slopes: (biases, 3) float64, forget bias, measured decades a step, theory's; bias_curve: (steps,) float64,
    gradient by steps back of the asked bias as a share of the last step's; bias_asked: (3,) the same three numbers of
    it; bias_chrono: (1,) decades a step with chrono initialization.
    aligned: (A, T) float32, aligned_read: (T,), aligned_written: (A,) int32: one sequence of the test part.
    """

    gates: Array | None = None
    cell: Array | None = None
    cell_peak: Array | None = None
    answered: Array | None = None
    alignment: Array | None = None
    written_letters: Array | None = None
    gate_values: Array | None = None
    belt: Array | None = None
    read_inputs: Array | None = None
    read_tokens: Array | None = None
    gate_outputs: Array | None = None
    cut_values: Array | None = None
    cut_outputs: Array | None = None
    surgery_losses: Array | None = None
    surgery_scores: Array | None = None
    surgery_share: Array | None = None
    remembered: Array | None = None
    remembered_lengths: Array | None = None
    remembered_place: Array | None = None
    remembered_chances: Array | None = None
    remembered_tokens: Array | None = None
    bias_slopes: Array | None = None
    bias_curve: Array | None = None
    bias_asked: Array | None = None
    bias_chrono: Array | None = None
    aligned: Array | None = None
    aligned_read: Array | None = None
    aligned_written: Array | None = None
