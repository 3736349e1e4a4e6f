"""Settings of the modular page that are known to work, and settings known to fail."""

from models.base import Failure
from models.presets.preset import Preset

PRESETS: tuple[Preset, ...] = (
    Preset(
        title="Six experts read digits",
        reason="Nobody tells the experts which digits are theirs: the gate and the experts agree on it.",
        settings={},
        metric="test_accuracy",
        threshold=0.93,
    ),
    Preset(
        title="Exclusive or with straight lines",
        reason="Two linear experts and a linear gate: each expert draws one line where the gate lets it.",
        settings={"dataset": "xor", "layers": 0, "members": 2, "learning_rate": 0.03, "epochs": 100},
        metric="test_accuracy",
        threshold=0.9,
    ),
    Preset(
        title="Only the best expert answers",
        reason="A sparse gate asks one of eight experts for each digit; load balancing keeps all eight at work.",
        settings={"members": 8, "active": 1, "balance": 3.0},
        metric="test_accuracy",
        threshold=0.9,
    ),
    Preset(
        title="Ten voters",
        reason="Ten nets that differ in their first weights alone. Each errs elsewhere, so the vote errs less.",
        settings={"kind": "ensemble", "members": 10},
        metric="test_accuracy",
        threshold=0.95,
    ),
    Preset(
        title="Where voters disagree",
        reason="Two moons: the voters agree where there is data. How far they disagree elsewhere is drawn below.",
        settings={"dataset": "moons", "kind": "ensemble", "members": 10, "layers": 2, "noise": 0.05},
        metric="test_accuracy",
        threshold=0.95,
    ),
    Preset(
        title="Ten voters, ten samples of the data",
        reason="Bagging: each net trains on its own sample, drawn with replacement. A third of the data is missing "
        "in each.",
        settings={"kind": "bagging", "members": 10},
        metric="test_accuracy",
        threshold=0.94,
    ),
    Preset(
        title="One net per pair of digits",
        reason="The parts are given by hand: five nets, each with two digits of its own.",
        settings={"kind": "groups", "members": 5},
        metric="test_accuracy",
        threshold=0.93,
    ),
    Preset(
        title="One big net",
        reason="As many parameters as six members together, in one net: the fair rival of all the others.",
        settings={"kind": "single"},
        metric="test_accuracy",
        threshold=0.95,
    ),
)

FAILURES: tuple[Failure, ...] = (
    Failure(
        title="Experts starve",
        reason="A sparse gate without load balancing: whoever starts ahead is asked, learns, and is asked again. "
        "The others never learn. The score counts the experts that get at least a tenth of an even share.",
        settings={"members": 8, "active": 1, "balance": 0.0},
        repair={"balance": 3.0},
        metric="test_used",
        threshold=0.95,
    ),
    Failure(
        title="One straight line cannot separate XOR",
        reason="A single linear expert is one straight line. With a second one, and a gate between them, "
        "the problem is solved without a hidden layer.",
        settings={"dataset": "xor", "layers": 0, "members": 1, "learning_rate": 0.03, "epochs": 100},
        repair={"members": 2},
        metric="test_accuracy",
        threshold=0.9,
    ),
    Failure(
        title="Voting cannot mend what all get wrong",
        reason="Six linear voters on a circle all make the same kind of mistake, and so does their mean. "
        "The same six as experts divide the plane instead.",
        settings={
            "dataset": "circle",
            "kind": "ensemble",
            "layers": 0,
            "learning_rate": 0.03,
            "epochs": 100,
        },
        repair={"kind": "experts"},
        metric="test_accuracy",
        threshold=0.9,
    ),
    Failure(
        title="A straight gate cannot follow a spiral",
        reason="A linear gate cuts the plane into convex pieces, too few for two arms. "
        "A gate with a hidden layer can bend.",
        settings={
            "dataset": "spiral",
            "layers": 0,
            "members": 4,
            "noise": 0.05,
            "learning_rate": 0.03,
            "epochs": 300,
        },
        repair={"gate_units": 32},
        metric="test_accuracy",
        threshold=0.9,
    ),
    Failure(
        title="Steps that overshoot",
        reason="With a learning rate of 3 most units die in the first steps, in every member alike: "
        "a committee does not protect against a mistake that all of them share.",
        settings={"kind": "ensemble", "learning_rate": 3.0, "epochs": 30},
        repair={"learning_rate": 0.01},
        metric="test_accuracy",
        threshold=0.9,
    ),
)
