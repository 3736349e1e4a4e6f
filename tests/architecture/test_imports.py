"""Who may import whom: downward only. Each rule is data, checked over the syntax trees, and shown to bite.

An import inside a function counts like any other; only the search for cycles looks at module level alone, because
Python resolves the others later.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("pages", "lab", "models", "evidence", "benchmarks", "tests")
STANDARD = tuple(sorted(sys.stdlib_module_names))

DRAWING = (
    "lab.page", "lab.home", "lab.frame", "lab.live", "lab.clicks", "lab.session", "lab.controls", "lab.own_data",
    "lab.drawing", "lab.components", "lab.lessons", "lab.first_picture", "lab.fetched", "lab.click_field",
    "lab.noticing",
)  # fmt: skip
DRAWING_FILES = (*(f"{name.replace('.', '/')}.py" for name in DRAWING), "lab/components/*.py", "lab/lessons/*.py")
SCREEN_FILES = ("pages/*.py", "streamlit_app.py", *DRAWING_FILES)


@dataclass(frozen=True)
class Import:
    """One import. file: path from the root; module: the most exact module it names; lazy: inside a function."""

    file: str
    line: int
    module: str
    lazy: bool


@dataclass(frozen=True)
class Rule:
    """files: patterns it holds for; except_files: patterns it does not; modules stand for themselves and what is below.

    only: the modules that may be imported (None: all but `never`); only_lazily: those that must stand in a function.
    """

    name: str
    files: tuple[str, ...]
    except_files: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None
    never: tuple[str, ...] = ()
    only_lazily: tuple[str, ...] = ()

    def breach(self, found: Import) -> str:
        """Return what is wrong with an import, "" if nothing is."""
        if not matches(found.file, self.files) or matches(found.file, self.except_files):
            return ""
        unlisted = self.only is not None and not is_in(found.module, self.only)
        early = is_in(found.module, self.only_lazily) and not found.lazy
        if not (unlisted or early or is_in(found.module, self.never)):
            return ""
        when = " before a function asks for it" if early else ""
        return f"{found.file}:{found.line} imports {found.module}{when} ({self.name})"


RULES = (
    Rule(
        "a page says words and their order, and computes nothing",
        files=("pages/*.py", "streamlit_app.py"),
        only=(
            "streamlit",
            "lab.page",
            "lab.home",
            "lab.frame",
            "lab.own_data",
            "lab.fetched",
            "lab.drawing",
            "lab.lessons",
            "lab.charts",
            "lab.catalog",
            "models.configs",
            "models.presets",
        ),
    ),
    Rule(
        "Streamlit lives in pages and in the drawing part of the lab",
        files=("*.py",),
        except_files=(*SCREEN_FILES, "tests/*"),
        never=("streamlit",),
    ),
    Rule(
        "what draws pages is imported by what draws pages",
        files=("*.py",),
        except_files=(*SCREEN_FILES, "tests/*"),
        never=DRAWING,
    ),
    Rule(
        "models know Keras and data, not screens",
        files=("models/*.py",),
        only=(
            *STANDARD,
            "numpy",
            "keras",
            "tensorflow",
            "pydantic",
            "sklearn",
            "threadpoolctl",
            "statsmodels",
            "safetensors",
            "tokenizers",
            "huggingface_hub",
            "models",
            "lab.datasets",
        ),
    ),
    Rule(
        "settings, views and presets are read without Keras",
        files=("models/base.py", "models/configs/*.py", "models/views/*.py", "models/presets/*.py"),
        only=(*STANDARD, "numpy", "pydantic", "models.base", "models.configs", "models.views", "models.presets"),
    ),
    Rule(
        "charts take arrays and give pictures",
        files=("lab/charts/*.py",),
        only=(
            *STANDARD,
            "altair",
            "pandas",
            "numpy",
            "PIL",
            "lab.charts",
            "lab.shown_run",
            "models.base",
            "models.views",
            "models.configs",
        ),
    ),
    Rule(
        "data knows neither screens nor networks",
        files=("lab/datasets/*.py",),
        never=("streamlit", "keras", "tensorflow", "models"),
    ),
    Rule(
        "the engine needs the standard library and NumPy; a run's own process imports its family",
        files=("lab/engine/*.py",),
        only=(
            *STANDARD,
            "numpy",
            "psutil",
            "pydantic",
            "lab.engine",
            "lab.run_files",
            "lab.runs",
            "lab.storage",
            "models",
            "keras",
            "tensorflow",
        ),
    ),
    Rule(
        "only a run's own process imports Keras",
        files=("lab/engine/*.py",),
        except_files=("lab/engine/run_process.py", "lab/engine/preload.py"),
        never=("keras", "tensorflow"),
        only_lazily=("models",),
    ),
    Rule(
        "tests and pages are imported by tests alone",
        files=("*.py",),
        except_files=("tests/*",),
        never=("tests", "pages", "streamlit_app"),
    ),
)


def matches(file: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch(file, pattern) for pattern in patterns)


def is_in(module: str, parents: Iterable[str]) -> bool:
    return any(module == parent or module.startswith(f"{parent}.") for parent in parents)


def sources(root: Path) -> dict[str, Path]:
    """Return the Python files of the project by their path from the root."""
    found = [*root.glob("*.py"), *(file for package in PACKAGES for file in (root / package).rglob("*.py"))]
    return {file.relative_to(root).as_posix(): file for file in sorted(found)}


def module_of(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports(root: Path) -> list[Import]:
    """Return all imports of the project, wherever they stand; those for type checkers only are left out."""
    files = sources(root)
    modules = {module_of(file) for file in files}
    return [found for file, path in files.items() for found in imports_of(file, path.read_text("utf-8"), modules)]


def imports_of(file: str, source: str, modules: set[str]) -> Iterator[Import]:
    for node, lazy in walk(ast.parse(source), False):
        for module in named_by(node, file, modules):
            yield Import(file, getattr(node, "lineno", 0), module, lazy)


def walk(node: ast.AST, lazy: bool) -> Iterator[tuple[ast.AST, bool]]:
    """Yield all nodes, and whether each is inside a function; skip `if TYPE_CHECKING:`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child, lazy
        yield from walk(child, lazy or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda))


def named_by(node: ast.AST, file: str, modules: set[str]) -> list[str]:
    """Return the modules that a statement imports: `from lab import frame` names lab.frame."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        parent = absolute(node, file)
        longer = [f"{parent}.{alias.name}" for alias in node.names]
        return [name if name in modules else parent for name in longer]
    if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
        return [str(word.value) for word in node.args[:1] if isinstance(word, ast.Constant)]
    return []


def absolute(node: ast.ImportFrom, file: str) -> str:
    if not node.level:
        return node.module or ""
    package = file.removesuffix(".py").split("/")[: -node.level]
    return ".".join([*package, *filter(None, [node.module])])


def breaches(root: Path) -> list[str]:
    found = imports(root)
    return [breach for rule in RULES for one in found if (breach := rule.breach(one))]


def cycle(root: Path) -> list[str]:
    """Return modules that import each other in a ring at module level, [] if there is none."""
    modules = {module_of(file) for file in sources(root)}
    graph: dict[str, set[str]] = {module: set() for module in modules}
    for found in imports(root):
        if not found.lazy and found.module in modules:
            graph[module_of(found.file)].add(found.module)
    done: set[str] = set()

    def visit(module: str, path: list[str]) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return []
        for following in sorted(graph[module]):
            if ring := visit(following, [*path, module]):
                return ring
        done.add(module)
        return []

    return next((ring for module in sorted(graph) if (ring := visit(module, []))), [])


def test_imports_point_downward() -> None:
    assert len(imports(ROOT)) > 100
    assert breaches(ROOT) == []


def test_no_modules_import_each_other_in_a_ring() -> None:
    assert cycle(ROOT) == []


OFFENDERS = [
    ("pages/cnn.py", "from lab.engine.client import EngineClient", RULES[0]),
    ("pages/cnn.py", "import numpy as np", RULES[0]),
    ("pages/cnn.py", "def late():\n    import keras", RULES[0]),
    ("streamlit_app.py", "import pandas", RULES[0]),
    ("lab/runs.py", "import streamlit as st", RULES[1]),
    ("models/cnn.py", "def late():\n    from streamlit import cache_data", RULES[1]),
    ("evidence/depth.py", "import streamlit.testing.v1", RULES[1]),
    ("benchmarks/browser.py", "import importlib\nimportlib.import_module('streamlit')", RULES[1]),
    ("lab/runs.py", "from lab import page", RULES[2]),
    ("lab/catalog.py", "from .components import stage", RULES[2]),
    ("evidence/depth.py", "from lab.session import store", RULES[2]),
    ("models/cnn.py", "import pandas", RULES[3]),
    ("models/cnn.py", "from lab.runs import RunStore", RULES[3]),
    ("models/configs/mlp.py", "import keras", RULES[4]),
    ("models/presets/mlp.py", "def late():\n    from models import mlp", RULES[4]),
    ("models/views/mlp.py", "from models.training_loop import CompiledTraining", RULES[4]),
    ("lab/charts/cnn_stage.py", "import keras", RULES[5]),
    ("lab/charts/cnn_stage.py", "from lab.runs import RunStore", RULES[5]),
    ("lab/charts/cnn_stage.py", "from lab.datasets.choose import load", RULES[5]),
    ("lab/datasets/text.py", "from models.configs import CONFIGS", RULES[6]),
    ("lab/datasets/text.py", "def late():\n    import tensorflow", RULES[6]),
    ("lab/engine/server.py", "import pandas", RULES[7]),
    ("lab/engine/server.py", "from lab.shown_run import ShownRun", RULES[7]),
    ("lab/engine/server.py", "def late():\n    import keras", RULES[8]),
    ("lab/engine/server.py", "from models.configs import CONFIGS", RULES[8]),
    ("lab/runs.py", "from tests.lab import test_runs", RULES[9]),
    ("lab/runs.py", "import pages.mlp", RULES[9]),
]


@pytest.mark.parametrize(("file", "source", "rule"), OFFENDERS)
def test_each_rule_bites(tmp_path: Path, file: str, source: str, rule: Rule) -> None:
    for needed in ("lab/page.py", "lab/components/stage.py", "models/mlp.py", "tests/lab/test_runs.py", "pages/mlp.py"):
        write(tmp_path, needed, "")
    write(tmp_path, file, source)
    found = breaches(tmp_path)
    assert any(rule.name in breach and breach.startswith(f"{file}:") for breach in found), found


def test_each_rule_is_among_the_offended() -> None:
    assert {rule.name for _, _, rule in OFFENDERS} == {rule.name for rule in RULES}


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("pages/cnn.py", "from lab.charts import mlp_stage\nfrom lab.page import Page\nimport streamlit"),
        ("lab/engine/server.py", "import json\n\ndef late():\n    from models.configs import CONFIGS"),
        ("lab/engine/run_process.py", "def late():\n    import keras"),
        ("models/cnn.py", "import keras\nfrom lab.datasets.choose import load\nfrom models.base import View"),
        ("lab/datasets/text.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import keras"),
        ("tests/pages/test_cnn.py", "import streamlit\nimport pages.mlp"),
    ],
)
def test_what_is_allowed_passes(tmp_path: Path, file: str, source: str) -> None:
    write(tmp_path, file, source)
    assert breaches(tmp_path) == []


def test_the_search_for_rings_bites(tmp_path: Path) -> None:
    write(tmp_path, "lab/first.py", "from lab import second")
    write(tmp_path, "lab/second.py", "from lab.third import name")
    write(tmp_path, "lab/third.py", "def late():\n    import lab.first")
    assert cycle(tmp_path) == []
    write(tmp_path, "lab/third.py", "import lab.first")
    assert cycle(tmp_path) == ["lab.first", "lab.second", "lab.third", "lab.first"]


def write(root: Path, file: str, source: str) -> None:
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_text(source, encoding="utf-8")


# ---- how long things are ----


def function_lengths(root: Path) -> dict[str, int]:
    """Return the lines of every function outside the tests, decorators left out, by file, name and line."""
    return {
        f"{file}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for file, path in sources(root).items()
        if not file.startswith("tests/")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_functions_are_short() -> None:
    lengths = function_lengths(ROOT)
    short = sum(length < 25 for length in lengths.values()) / len(lengths)
    print(f"{short:.1%} of {len(lengths)} functions have fewer than 25 lines; the longest has {max(lengths.values())}")
    assert short >= 0.8
    assert {name: length for name, length in lengths.items() if length > 60} == {}


def test_the_length_of_a_function_is_counted(tmp_path: Path) -> None:
    write(tmp_path, "lab/long.py", "class Thing:\n    def do(self):\n" + "        pass\n" * 60)
    assert function_lengths(tmp_path) == {"lab/long.py:2 do": 61}


@pytest.mark.parametrize("page", sorted((ROOT / "pages").glob("*.py")), ids=lambda page: page.stem)
def test_a_page_is_short_enough_to_edit(page: Path) -> None:
    assert 30 <= len(page.read_text("utf-8").splitlines()) <= 150
