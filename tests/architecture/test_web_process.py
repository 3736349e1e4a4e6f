"""The web process never loads TensorFlow: it would cost 5 s and half a gigabyte, and training in it leaks memory."""

import json
import subprocess
import sys
from functools import cache

import pytest

from tests.architecture.test_imports import ROOT, imports, is_in, module_of, sources

HEAVY = ("tensorflow", "keras", "sklearn", "scipy", "torch", "jax")
NAMED = (
    "lab.page", "lab.home", "lab.frame", "lab.live", "lab.session", "lab.controls", "lab.runs", "lab.engine.client",
    "lab.charts.mlp_stage", "lab.charts.mlp_inside", "models.base", "models.configs", "models.presets", "models.views",
    "lab.datasets.uploaded",
)  # fmt: skip


@cache
def reachable(lazy_too: bool) -> frozenset[str]:
    """Return the project's modules that the pages bring in, at once or (lazy_too) also later from inside a function."""
    modules = {module_of(file) for file in sources(ROOT)}
    graph: dict[str, set[str]] = {module: set() for module in modules}
    for found in imports(ROOT):
        if lazy_too or not found.lazy:
            graph[module_of(found.file)].add(found.module)
    waiting = [module for module in modules if is_in(module, ("pages", "streamlit_app"))]
    seen: set[str] = set()
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting += graph.get(module, ())
    return frozenset(seen)


def loaded_after(statements: str) -> list[str]:
    """Return which heavy packages a fresh process has loaded after some statements."""
    code = f"{statements}\nimport sys, json\nprint(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded: list[str] = json.loads(done.stdout.splitlines()[-1])
    return loaded


def test_the_pages_reach_what_this_test_is_about() -> None:
    assert {"lab.page", "lab.live", "lab.runs", "lab.charts.mlp_stage", "models.presets"} <= reachable(lazy_too=False)


def test_the_web_process_loads_no_training_library() -> None:
    modules = sorted({*NAMED, *(name for name in reachable(lazy_too=False) if is_in(name, ("lab", "models")))})
    charts = [module_of(file) for file in sources(ROOT) if file.startswith("lab/charts/")]
    assert loaded_after("\n".join(f"import {module}" for module in [*modules, *charts])) == []


def test_no_page_reaches_keras_later() -> None:
    assert [name for name in reachable(lazy_too=True) if is_in(name, ("tensorflow", "keras", "torch", "jax"))] == []
    assert not reachable(lazy_too=True) & {"lab.direct", "models.mlp", "models.training_loop", "lab.engine.run_process"}


@pytest.mark.parametrize(("statement", "package"), [("import sklearn", "sklearn"), ("import scipy", "scipy")])
def test_a_heavy_import_would_be_seen(statement: str, package: str) -> None:
    assert package in loaded_after(statement)
