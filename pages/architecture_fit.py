"""Architecture fit: which network for which task, by measurement."""

from lab.lessons.architecture_fit import open_fit, proven, the_matrix
from lab.lessons.fit_long_context import why_long_context
from lab.lessons.fit_my_data import fit_my_data, which_network

open_fit(
    "Architecture fit",
    "Which network for which task? Every family that can do a task is trained on it, alike, and measured.",
)
the_matrix(
    "An orange edge marks the best mean of a row. Grey with a dash: the family does not apply, and the cell says "
    "why. A dashed frame: not reached in this budget, which is no proof that it cannot be. A dot: not measured "
    "yet. On a narrow screen a cell shows its place in the row. Small differences are within the seeds: click a cell "
    "to see its runs, its curves and its code.",
    "Rows are tasks, columns are families. In a row all families get the same data, about as many parameters, the "
    "same seconds of training and the same number of tried settings; then five seeds, each with another split of "
    "the data, other first weights and another order. A fifth of the training data is held back: it chooses the "
    "setting (once, with the first seed; methods that are fitted in one step try all with all seeds) and the "
    "moment at which a run is judged. The test part is only scored.\n\n"
    "The clock is the processor's time of one thread, so that a busy machine is fair to all; on a quiet core it "
    "is the time on the wall. Compiling and measuring do not count. Every family runs as it is fastest here: "
    "convolutions without XLA, all others with it.\n\n"
    "A table is read by the families that read in order as one number after another, an image row by row. Where a "
    "sequence is asked at each place, families that take a fixed list of inputs are asked at the last one. "
    "Methods that are fitted in one step (RBF network, map, and those without a network) use as much time as they "
    "need, which the cell tells. The time of an answer is that for one example alone. On tasks without labels "
    "validation sees the labels, the test's are only scored.",
)
why_long_context(
    "Why long context decides",
    "The same six families, the same size and the same seconds of training, while the distance grows over which "
    "something has to be kept. A recurrent network carries it along, step by step. Attention reaches any position "
    "in one step. The convolution looks through small windows and pools what they find over all places: enough "
    "for a sum, where each window can judge its own number, and not where two far places have to be compared, as "
    "in the matrix's row of associative recall.",
    "**How to read this.** What sets attention apart is the number of steps that must wait for each other: it "
    "does not grow with the length, and a gradient from the last token to the first passes through as few "
    "operations as one from a neighbour. It is not that attention computes less. It compares every token with "
    "every other, so its work and its memory grow with the square of the length, while a recurrent layer's grow "
    "with the length itself. On a processor with few cores and many sequences at once the recurrent layer can be "
    "the faster one, and the picture shows from which length on. The advantage pays where many operations can be "
    "done at the same time: on a graphics card, or for a single long sequence. Learning over long distances is "
    "the other half, and that half does not depend on the hardware.",
)
which_network()
fit_my_data()
proven()
