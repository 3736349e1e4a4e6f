"""How many units give a recurrent layer and its answer so many parameters: comparisons at equal size."""

BLOCKS = {"simple": 1, "irnn": 1, "gru": 3, "lstm": 4}


def parameters_of(cell: str, inputs: int, outputs: int, units: int) -> int:
    """Return the parameters of one layer of this cell and a dense answer: W, U, b of each block, then the answer.

    A GRU as Keras has it (`reset_after`) has two biases for each block.
    """
    biases = 2 if cell == "gru" else 1
    return BLOCKS[cell] * units * (inputs + units + biases) + units * outputs + outputs


def units_for(cell: str, inputs: int, outputs: int, parameters: int) -> int:
    """Return the units with which that comes nearest to so many parameters."""
    return min(range(1, 513), key=lambda units: abs(parameters_of(cell, inputs, outputs, units) - parameters))
