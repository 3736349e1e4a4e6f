"""Numbers in what the pages say: measured ones come from results; typed are only those that follow from a formula."""

import ast
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evidence.ledger.claim import CONFIDENCE

ROOT = Path(__file__).resolve().parents[2]
SPEAKING = (
    "streamlit_app.py", "pages/*.py", "models/presets/*.py", "models/configs/*.py", "lab/catalog.py", "lab/home.py",
    "lab/page.py", "lab/lessons/*.py", "lab/exercises/*.py", "lab/talk.py",
)  # fmt: skip
MEASURED_UNITS = "%|times|seconds|minutes|hours|bits?|percent"
NUMBER = re.compile(rf"(?<![\w.=\-:/])(?:\d+\.\d+|\.\d+|\d[\d,]*(?:\.\d+)? ?(?:{MEASURED_UNITS})(?!\w))")
ADDRESS = re.compile(r"\{[^}]*\}|\S+://\S+|style=\"[^\"]*\"|\S+\(.*\)=\S+")


def sigmoid(value: float) -> float:
    """Return 1 / (1 + e^-x)."""
    return 1 / (1 + math.exp(-value))


# Each typed number: where, as it is written, and what it must be: (file, number): (value, recomputed).
DERIVED: dict[tuple[str, str], tuple[float, Callable[[], float]]] = {
    ("pages/evidence.py", "95 %"): (0.95, lambda: CONFIDENCE),
    ("pages/evidence.py", "95 times"): (0.95, lambda: CONFIDENCE),
    ("lab/lessons/evidence.py", "95 %"): (0.95, lambda: CONFIDENCE),
    ("lab/lessons/transformer.py", "95 %"): (0.95, lambda: CONFIDENCE),
    ("models/presets/gan.py", "0.5"): (0.5, lambda: momentum("repair")),
    ("models/presets/gan.py", "0.95"): (0.95, lambda: momentum("settings")),
    ("models/presets/gradient_flow.py", "1.3"): (190, lambda: 1.3**20),
    ("models/presets/lstm_gru.py", "12 %"): (0.12, lambda: sigmoid(-2)),
    ("models/presets/lstm_gru.py", "73 %"): (0.73, lambda: sigmoid(keeping_bias())),
    ("models/configs/gan.py", "0.9"): (0.9, lambda: adam_first_rate()),
    ("lab/lessons/rnn.py", "80 %"): (0.8, lambda: forecast_share()),
    ("lab/lessons/architecture_fit.py", "95 %"): (0.95, lambda: CONFIDENCE),
    ("lab/lessons/fit_cell.py", "95 %"): (0.95, lambda: CONFIDENCE),
    ("lab/lessons/fit_race.py", "95 %"): (0.95, lambda: CONFIDENCE),
    ("lab/lessons/fit_race.py", "90 %"): (0.9, lambda: asked_share()),
    ("lab/lessons/fit_long_context.py", "0 %"): (0.0, lambda: 0.0),  # nothing of what can be gained
    ("lab/catalog.py", "20 minutes"): (20, lambda: minutes_of_the_talk()),
    ("lab/talk.py", "20 minutes"): (20, lambda: minutes_of_the_talk()),
    ("lab/exercises/autoencoder.py", "0.1"): (0.1, lambda: repaired("autoencoder", "kl")),
    ("lab/exercises/backpropagation.py", "0.693"): (0.693, lambda: math.log(2)),
    ("lab/exercises/backpropagation.py", "0.001"): (0.001, lambda: failing("backpropagation", "learning_rate")),
    ("lab/exercises/gan.py", "1.39"): (1.39, lambda: 2 * math.log(2)),
    ("lab/exercises/lstm_gru.py", "12 %"): (0.12, lambda: sigmoid(-2)),
    ("lab/exercises/lstm_gru.py", "0.12"): (0.12, lambda: sigmoid(-2)),
    ("lab/exercises/lstm_gru.py", "73 %"): (0.73, lambda: sigmoid(keeping_bias())),
    ("lab/exercises/rbf.py", "0.001"): (0.001, lambda: repaired("rbf", "ridge")),
}


def momentum(part: str) -> float:
    """Return the momentum of the failure that speaks of it."""
    from models.presets import FAILURES

    found = next(one for one in FAILURES["gan"] if one.title == "Too much momentum")
    return float(getattr(found, part)["momentum"])


def keeping_bias() -> float:
    """Return the forget bias that repairs closed gates."""
    from models.presets import FAILURES

    found = next(one for one in FAILURES["lstm_gru"] if one.title == "Closed forget gates")
    return float(found.repair["forget_bias"])


def repaired(family: str, setting: str) -> float:
    """Return what the first failure of a family that is repaired by this setting sets it to."""
    from models.presets import FAILURES

    return float(next(one for one in FAILURES[family] if setting in one.repair).repair[setting])


def failing(family: str, setting: str) -> float:
    """Return what the first failure of a family that is repaired by this setting had it at."""
    from models.presets import FAILURES

    return float(next(one for one in FAILURES[family] if setting in one.repair).settings[setting])


def asked_share() -> float:
    """Return the level of intervals that a race tells in words."""
    from lab.fitting.scores import LEVELS

    return next(level for level in LEVELS if level == 0.9)


def minutes_of_the_talk() -> float:
    """Return how long all slides take together."""
    from lab import talk

    return sum(slide.seconds for slide in talk.SLIDES) / 60


def adam_first_rate() -> float:
    """Return Keras's default of Adam's first decay rate."""
    import keras

    return float(keras.optimizers.Adam().beta_1)


def forecast_share() -> float:
    """Return the share of paths within the light band of a forecast."""
    from models.recurrent_forecast import LEVELS

    return float(LEVELS[-1] - LEVELS[0])


def spoken(file: Path) -> Iterator[tuple[int, str]]:
    """Yield the sentences of a file with their lines: strings with a blank, docstrings and format codes left out."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    silent = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            silent.add(id(node.value))
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            silent |= {id(part) for part in ast.walk(node.format_spec)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and " " in node.value
            and id(node) not in silent
        ):
            yield node.lineno, ADDRESS.sub(" ", node.value)


def typed(file: Path) -> list[tuple[int, str]]:
    """Return the numbers that the sentences of a file give as if they were measured."""
    return [(line, match.group()) for line, words in spoken(file) for match in NUMBER.finditer(words)]


FILES = sorted({file for pattern in SPEAKING for file in ROOT.glob(pattern)})


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_measured_number_is_typed_into_words(file: Path) -> None:
    name = file.relative_to(ROOT).as_posix()
    strange = [(line, number) for line, number in typed(file) if (name, number) not in DERIVED]
    assert not strange, f"{name}: take it from a result, or say in DERIVED what it follows from: {strange}"


@pytest.mark.parametrize("place", list(DERIVED), ids=" ".join)
def test_each_typed_number_is_still_said_and_still_true(place: tuple[str, str]) -> None:
    name, number = place
    assert number in [found for _, found in typed(ROOT / name)], "no longer said: take it out of DERIVED"
    value, recomputed = DERIVED[place]
    assert recomputed() == pytest.approx(value, rel=0.01 if value < 1 else 0.005)


def test_a_measured_number_would_be_found(tmp_path: Path) -> None:
    file = tmp_path / "page.py"
    file.write_text(
        '"""Of 0.5."""\nx = "It reaches .93 after 20 seconds, 4 times as fast as 3 layers."\ny = f"{x:.3g} m"\n'
    )
    assert [number for _, number in typed(file)] == [".93", "20 seconds", "4 times"]
