"""What is taken home: the code is the code of the project, it runs without it, and gives the same numbers."""

import ast
import io
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest

from lab.shown_run import ShownRun
from lab.take_home import tables
from lab.take_home.bundle import bundle, needs_file
from lab.take_home.module_parts import Source
from lab.take_home.notebook import notebook
from lab.take_home.recipe import Recipe, recipe, sections_of
from lab.take_home.script import script
from lab.take_home.steps import literal
from models.configs import CONFIGS, TransformerConfig
from tests.lab.take_home_runs import SHORT

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.timeout(900)  # three processes import TensorFlow, one after the other
THREADS = "1"  # of one operation: in which order sums are taken
ENVIRONMENT = {"ROAD_THREADS": THREADS, "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a short run of every family with the project's own code; write its file and its notebook to a folder."""
    folder = tmp_path_factory.mktemp("trained")
    done = subprocess.run(
        [sys.executable, "-m", "tests.lab.take_home_runs", str(folder)],
        cwd=ROOT, env={**os.environ, **variables(folder)}, capture_output=True, text=True, timeout=800, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def variables(folder: Path) -> dict[str, str]:
    """Return the environment of a process that trains; what XLA compiled is kept for the next one."""
    cache = folder / "compiled"
    cache.mkdir(mode=0o700, exist_ok=True)
    flags = f"--tf_xla_persistent_cache_directory={cache} --tf_xla_persistent_cache_read_only=false"
    return {**ENVIRONMENT, "TF_XLA_FLAGS": flags, "ROAD_DATA_DIR": str(folder / "data")}


# ---- they run, without the project, and give the same numbers ----


def executed(folder: Path, cells: list[Any], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Run cells in a kernel of its own, outside of the project; return what they printed."""
    from nbclient import NotebookClient

    for name, value in variables(folder).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    joined = nbformat.v4.new_notebook(cells=cells)
    client = NotebookClient(joined, timeout=800, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute()
    outputs = [out for cell in joined.cells for out in cell.get("outputs", [])]
    return [str(out["text"]) for out in outputs if out["output_type"] == "stream" and out["name"] == "stdout"]


def cells_of(folder: Path, family: str) -> list[Any]:
    cells = list(nbformat.read(folder / f"{family}.ipynb", as_version=4).cells)
    for cell in cells:
        cell["id"] = f"{family}-{cell['id']}"
    return cells


def test_each_notebook_runs_by_itself_and_gives_the_numbers_of_the_project(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them one after the other in one kernel: TensorFlow is imported once, and each takes over its own files."""
    told = "".join(executed(trained, [cell for family in SHORT for cell in cells_of(trained, family)], monkeypatch))
    assert told.count("All numbers are the same to the last digit.") == len(SHORT), told[-3000:]
    assert told.count("Read back from the file, the network has the same weights.") == len(SHORT)
    for family in SHORT:
        shown = json.loads((trained / f"{family}.json").read_text())
        curves = pd.read_csv(trained / f"{family}_curves.csv")
        for name, value in shown.items():
            if name != "seconds" and value is not None:
                assert curves[name].iloc[-1] == pytest.approx(value, rel=1e-12), (family, name)


@pytest.mark.parametrize("family", ["cnn"])
def test_the_file_runs_by_itself_and_gives_the_numbers_of_the_project(
    trained: Path, tmp_path: Path, family: str
) -> None:
    run_file(trained, tmp_path, family)


@pytest.mark.slow
@pytest.mark.parametrize("family", SHORT)
def test_every_file_runs_by_itself(trained: Path, tmp_path: Path, family: str) -> None:
    run_file(trained, tmp_path, family)


def run_file(trained: Path, folder: Path, family: str) -> None:
    (folder / f"{family}.py").write_text((trained / f"{family}.py").read_text())
    environment = {**os.environ, **variables(trained)}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [sys.executable, f"{family}.py", "--save"],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=800, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "All numbers are the same to the last digit." in done.stdout, done.stdout[-3000:]
    assert (folder / f"{family}.keras").exists() and (folder / f"{family}_curves.csv").exists()


# ---- a network comes back from its file ----

KINDS: list[tuple[str, dict[str, Any]]] = [
    ("rnn", {"dataset": "recall", "truncation": 5}),
    ("autoencoder", {"kl": 0.1}),
    ("modular", {"members": 8, "active": 1, "balance": 3.0}),
    ("modular", {"kind": "groups", "members": 5}),
    ("gradient_flow", {"connection": "highway", "depth": 2}),
    ("som", {"grid": "hexagonal", "toroidal": True}),
    ("lstm_gru", {"chrono": True, "dataset": "recall", "samples": 200}),
    ("transformer", {"layers": 1, "experts": 4, "mlp": 2, "token_shift": True, "examples": 50}),
]
MORE_KINDS: list[tuple[str, dict[str, Any]]] = [
    ("autoencoder", {"kind": "convolutional"}),
    ("modular", {"kind": "ensemble"}),
    ("modular", {"kind": "single"}),
    ("modular", {"gate_units": 8}),
    ("rnn", {"dataset": "reverse", "lag": 5, "samples": 200}),
    ("rnn", {"dataset": "text", "samples": 200}),
    ("lstm_gru", {"dataset": "reverse", "lag": 8, "cell": "gru", "attention": "additive", "samples": 200}),
    ("lstm_gru", {"cell": "simple", "samples": 200}),
    ("transformer", {"dataset": "dates", "kind": "encoder_decoder", "mlp": 2}),
    ("transformer", {"kind": "encoder", "dataset": "reverse"}),
    ("transformer", {"positions": "rotary", "activation": "swiglu", "mlp": 2}),
    ("rbf", {"basis": "thin_plate"}),
    ("cnn", {"head": "global_max", "batch_normalization": True, "augmentation": 1}),
    ("mlp", {"l2": 0.1, "dropout": 0.2, "batch_normalization": True}),
    ("gan", {"dataset": "digits", "loss": "wasserstein"}),
]


@pytest.mark.parametrize(
    ("family", "settings"), [*KINDS, *(pytest.param(*kind, marks=pytest.mark.slow) for kind in MORE_KINDS)]
)
def test_a_network_of_any_kind_comes_back_from_its_file(tmp_path: Path, family: str, settings: dict[str, Any]) -> None:
    import keras

    from lab.engine.run_process import build_network, saved

    _, model = build_network(import_module(f"models.{family}"), CONFIGS[family](**settings))
    (tmp_path / "network.keras").write_bytes(saved(model).tobytes())
    again = keras.models.load_model(tmp_path / "network.keras")
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_a_network_whose_output_shares_its_table_is_saved_whole(tmp_path: Path) -> None:
    import keras

    from lab.engine.run_process import build_network, saved

    config = TransformerConfig(tied=True, layers=1, examples=50)
    data, model = build_network(import_module("models.transformer"), config)
    (tmp_path / "network.keras").write_bytes(saved(model).tobytes())
    again = keras.models.load_model(tmp_path / "network.keras")
    tokens = data.features("test", 5)
    np.testing.assert_array_equal(np.asarray(again(tokens)), np.asarray(model(tokens)))
    table = again.get_layer("token_embedding").embeddings
    table.assign(0.0 * table)
    assert not np.any(again(tokens)), "the output still reads the table of the input"


# ---- the code in them is the code of the project ----


@pytest.mark.parametrize("family", CONFIGS)
def test_every_definition_stands_as_in_its_file(family: str) -> None:
    sections = sections_of(family, False)
    assert sections[0].path == f"models/{family}.py"
    for section in sections:
        original = Source(ROOT, section.module)
        texts = {original.text(part.first, part.last) for part in original.parts}
        tree = ast.parse(section.text)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                here = ast.get_source_segment(section.text, node) or "nothing"
                assert any(here in text for text in texts), node.name


@pytest.mark.parametrize("family", CONFIGS)
def test_the_functions_that_make_a_run_are_there(family: str) -> None:
    names = {name for part in _parts(sections_of(family, False)[0].text) for name in part}
    assert {"load", "build", "scene", "train", "total_steps"} <= names


def _parts(text: str) -> list[set[str]]:
    """Return the names that each top-level statement of a text gives."""
    found = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.append({node.name})
        elif isinstance(node, ast.ImportFrom | ast.Import):
            found.append({alias.asname or alias.name for alias in node.names})
    return found


@pytest.mark.parametrize("family", CONFIGS)
def test_no_screen_is_taken_along(family: str) -> None:
    for section in sections_of(family, False):
        assert "streamlit" not in section.text and section.path.startswith(("models/", "lab/datasets/"))


def test_what_nothing_asks_for_is_left_out(tmp_path: Path) -> None:
    files = {
        "models/toy.py": "from models import far\nfrom models.near import one, two\n\n\n"
        "def load():\n    return one()\n\n\ndef build():\n    return far.three\n\n\ndef unused():\n    return two()\n",
        "models/near.py": '"""Near."""\n\nUSED = 1\nOTHER = 2\n\n\n'
        "def one():\n    return USED\n\n\ndef two():\n    return 2\n",
        "models/far.py": "three = 3\nfour = 4\n",
        "models/configs/toy.py": "class ToyConfig:\n    pass\n",
        "models/configs/__init__.py": "from models.configs.toy import ToyConfig\n\nALL = [ToyConfig]\n",
        "models/__init__.py": "", "lab/__init__.py": "",
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = {section.path: section.text for section in bundle(tmp_path, "toy")}
    assert "unused" not in found["models/toy.py"] and "from models.near import one\n" in found["models/toy.py"]
    assert found["models/near.py"] == '"""Near."""\n\nUSED = 1\n\n\ndef one():\n    return USED'
    assert found["models/far.py"] == "three = 3"
    assert "ALL" not in found["models/configs/__init__.py"]


# ---- settings, a visitor's own file, runs that have not ended ----


def shown(**changes: Any) -> ShownRun:
    config = CONFIGS["mlp"]().model_dump(mode="json")
    return ShownRun("mlp-1", "mlp", {**config, **changes}, "live", state="finished")


def test_a_run_without_numbers_has_nothing_to_compare_with() -> None:
    made = recipe(shown())
    assert not made.shown and "nothing had trained yet" in notebook(made) and "nothing had trained yet" in script(made)


def test_a_changed_setting_is_said() -> None:
    run = replace(shown(), events=[{"step": 120, "change": "learning rate 0.1"}])
    assert "learning rate 0.1 at step 120" in notebook(recipe(run)) and "learning rate 0.1" in script(recipe(run))


def test_numbers_come_back_from_the_text_to_the_last_bit() -> None:
    values = {"a": 0.1 + 0.2, "b": float("nan"), "c": float("-inf"), "d": [1, 2], "e": "x", "f": True, "g": 3}
    scope: dict[str, Any] = {}
    exec(literal("GIVEN", values, "numbers"), scope)
    assert {k: v for k, v in scope["GIVEN"].items() if k != "b"} == {k: v for k, v in values.items() if k != "b"}
    assert np.isnan(scope["GIVEN"]["b"])


def test_a_visitors_own_file_goes_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lab.datasets import uploaded
    from lab.storage import uploads_folder

    monkeypatch.setenv("ROAD_DATA_DIR", str(tmp_path))
    rows = "a,b,kind\n" + "\n".join(f"{n},{n % 7},{'x' if n % 2 else 'y'}" for n in range(60))
    table = uploaded.check_csv(rows.encode(), "mine.csv")
    uploaded.keep_bytes(table.data, uploads_folder() / f"{table.digest}.csv")
    run = shown(dataset="own", upload=table.digest, target="kind")
    assert needs_file(run.config)
    made = recipe(run)
    assert made.upload is not None and made.upload[1] == rows.encode()
    assert any(section.path == "lab/datasets/uploaded.py" for section in made.sections)
    scope: dict[str, Any] = {}
    exec(own_cell(made), scope)
    assert (scope["uploads"] / f"{table.digest}.csv").read_bytes() == rows.encode()
    (uploads_folder() / f"{table.digest}.csv").unlink()
    with pytest.raises(FileNotFoundError, match="Choose it again"):
        recipe(run)


def own_cell(made: Recipe) -> str:
    cells = nbformat.reads(notebook(made), as_version=4).cells
    return str(next(cell.source for cell in cells if "b64decode" in cell.source))


# ---- numbers as tables ----


@pytest.mark.parametrize("shape", [(1,), (7,), (3, 4), (2, 3, 4), (2, 2, 3, 5)])
def test_an_array_comes_back_from_its_table(shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).normal(size=shape)
    text = tables.as_table(array).to_csv(index=False)
    assert np.allclose(tables.back(pd.read_csv(io.StringIO(text)), shape), array, rtol=0, atol=0)


def test_the_archive_holds_curves_layers_and_arrays() -> None:
    run = shown()
    run.rows = [{"step": 0, "test_loss": 2.0}, {"step": 5, "test_loss": 1.0}]
    run.moments = [(5, {"edges": np.arange(6.0).reshape(2, 3)})]
    run.scene = {"points": np.zeros((4, 2))}
    with zipfile.ZipFile(io.BytesIO(tables.numbers(run))) as archive:
        assert set(archive.namelist()) == {
            "README.txt",
            "curves.csv",
            "layers.csv",
            "data/points.csv",
            "network/edges.csv",
        }
        assert list(pd.read_csv(archive.open("curves.csv"))["test_loss"]) == [2.0, 1.0]
