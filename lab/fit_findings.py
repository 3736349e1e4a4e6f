"""What the matrix says, in sentences that are computed from its cells: surprises first."""

from dataclasses import dataclass

from lab.fit_matrix import FAMILY, NOT_REACHED, TASK, TASKS, Cell, Matrix, apart, said

LOST = 0.1  # a regret from which on a family counts as having lost a row


@dataclass(frozen=True)
class Finding:
    """title: what kind of surprise; says: the sentence that introduces it; rows: one for each place where it occurs."""

    title: str
    says: str
    rows: tuple[str, ...]


def findings(matrix: Matrix) -> list[Finding]:
    """Return all findings that occur in the cells that are measured."""
    found = [baseline_wins(matrix), transformer_loses(matrix), transformer_wins(matrix), longer(matrix),
             disturbed(matrix), not_reached(matrix)]  # fmt: skip
    return [one for one in found if one.rows]


def named(cell: Cell) -> str:
    """Return a cell's family and score."""
    what = cell.settings if cell.family == "baseline" else FAMILY[cell.family].title
    return f"{what} ({said(cell)})"


def baseline_wins(matrix: Matrix) -> Finding:
    """Where a method without a network is the row's best, clearly or within the seeds."""
    rows = []
    for task in TASKS:
        row = matrix.row(task.name)
        if len(row) > 1 and row[0].family == "baseline":
            clear = "" if apart(row[0], row[1]) else "; their intervals touch"
            rows.append(f"{task.title}: {named(row[0])}, the best network {named(row[1])}{clear}.")
    return Finding("Where no network is best", "On these rows a method without a network has the best mean.",
                   tuple(rows))  # fmt: skip


def transformer_loses(matrix: Matrix) -> Finding:
    """Where the Transformer is clearly behind another network."""
    rows = []
    for task in TASKS:
        row, mine = matrix.row(task.name), matrix.cell(task.name, "transformer")
        others = [cell for cell in row if cell.family not in ("transformer", "baseline")]
        if mine is None or not mine.trained or not others or (mine.regret or 0.0) < LOST:
            continue
        if ahead(others[0], mine) and apart(others[0], mine):
            rows.append(f"{task.title}: {named(others[0])}, Transformer ({said(mine)}).")
    return Finding("Where the Transformer loses to another network",
                   "The intervals of both do not touch, and it misses at least a tenth of the way from chance to the "
                   "row's best.", tuple(rows))  # fmt: skip


def transformer_wins(matrix: Matrix) -> Finding:
    """Where the Transformer is the best network."""
    rows = []
    for task in TASKS:
        networks = [cell for cell in matrix.row(task.name) if cell.family != "baseline"]
        if len(networks) > 1 and networks[0].family == "transformer" and networks[0].state != NOT_REACHED:
            clear = "" if apart(*networks[:2]) else "; their intervals touch"
            rows.append(f"{task.title}: Transformer ({said(networks[0])}), next {named(networks[1])}{clear}.")
    return Finding("Where the Transformer is the best network", "Best mean of all families.", tuple(rows))


def longer(matrix: Matrix) -> Finding:
    """Who keeps its rule on sequences twice as long."""
    rows = []
    for family in FAMILY:
        short, long = matrix.cell("parity", family), matrix.cell("parity_longer", family)
        if short and long and short.trained and long.trained and short.mean is not None and short.state != NOT_REACHED:
            rows.append(f"{FAMILY[family].title}: {said(short)} at 16 bits, {said(long)} at 32.")
    return Finding("Beyond the trained length",
                   "Parity, learned with 16 bits and asked with 32; a coin is right in half of the cases.",
                   tuple(rows))  # fmt: skip


def disturbed(matrix: Matrix) -> Finding:
    """What moving or shuffling pixels costs."""
    rows = []
    for family in ("cnn", "mlp", "transformer"):
        plain, moved, mixed = (matrix.cell(name, family) for name in ("digits", "shifted_digits", "permuted_digits"))
        if all(cell and cell.trained for cell in (plain, moved, mixed)):
            assert plain and moved and mixed
            rows.append(f"{FAMILY[family].title}: {said(plain)} as they are, {said(moved)} two pixels off, "
                        f"{said(mixed)} with shuffled pixels.")  # fmt: skip
    return Finding("Digits moved and shuffled", "The same images, disturbed in two ways.", tuple(rows))


def not_reached(matrix: Matrix) -> Finding:
    """What the budget was too small for."""
    rows = []
    for task in TASKS:
        left = [FAMILY[cell.family].title for cell in matrix.row(task.name) if cell.state == NOT_REACHED]
        if left:
            rows.append(f"{task.title}, {task.seconds:g} s: {', '.join(left)}.")
    return Finding("Not reached in this budget",
                   "The interval has not left the neighbourhood of chance. More seconds or parameters may change that; "
                   "it is no proof that a family cannot.", tuple(rows))  # fmt: skip


def ahead(left: Cell, right: Cell) -> bool:
    """Return whether one cell of a row is better than another."""
    sign = 1.0 if TASK[left.task].higher_is_better else -1.0
    return sign * (left.mean or 0.0) > sign * (right.mean or 0.0)
