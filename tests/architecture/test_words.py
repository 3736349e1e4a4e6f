"""Words: plain and exact, one name for each page, nothing of the machine that a file was written on."""

import ast
import re
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from lab.catalog import GROUPS, STOPS

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
SKIPPED = {
    ".git", ".venv", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", "data",
    "test-results",
}  # fmt: skip
SPEAKING = (
    "pages/*.py", "streamlit_app.py", "lab/catalog.py", "lab/home.py", "lab/page.py", "lab/live.py", "lab/frame.py",
    "lab/own_data.py", "lab/charts/*.py", "models/presets/*.py", "models/configs/*.py", "README.md",
)  # fmt: skip
FORBIDDEN = ("simply", "obviously", "amazing", "revolutionary", "magic", "magical")
EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u26ff\u2705\u2728\u274c\u274e\u2753-\u2757\u2764\ufe0f]")
EXCLAMATION = re.compile(r"!(?![=\w(\[])")  # "!=", "!important" and "![a picture](...)" are code

# Written in pieces, so that this file does not hold what it forbids.
MACHINE_FOLDERS = tuple(f"/{name}/" for name in ("tmp", "root", "work", "home"))
REGISTRIES = tuple(
    ".".join(parts) for parts in (("pypi", "org"), ("files", "pythonhosted"), ("registry", "npmjs"), ("deb", "debian"))
)


@cache
def project_files() -> tuple[Path, ...]:
    """Return the files that belong to the project: what git does not ignore, or all where there is no git."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
        found = [ROOT / name for name in listed]
    except (OSError, subprocess.CalledProcessError):
        found = [file for file in ROOT.rglob("*") if not SKIPPED & set(file.relative_to(ROOT).parts)]
    return tuple(sorted(file for file in found if file.is_file()))


def text_of(file: Path) -> str:
    """Return the text of a file, "" if it is none."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""
    return "" if "\0" in text else text


def spoken(file: Path) -> list[str]:
    """Return what a file says: the strings of a Python file, or a document without its code."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        return [
            str(node.value)
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL).splitlines()


def faults(line: str) -> list[str]:
    """Return what is wrong with a text."""
    words = [word for word in FORBIDDEN if re.search(rf"\b{word}\b", line, re.IGNORECASE)]
    marks = ["an exclamation mark"] if EXCLAMATION.search(line) else []
    return [*words, *marks, *(f"the emoji {found}" for found in EMOJI.findall(line))]


SPEAKING_FILES = sorted({file for pattern in SPEAKING for file in ROOT.glob(pattern)})


@pytest.mark.parametrize("file", SPEAKING_FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_words_are_plain(file: Path) -> None:
    found = [(line.strip()[:80], wrong) for line in spoken(file) if (wrong := faults(line))]
    assert found == []


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("It trains.", 0), ("It trains!", 1), ("datum.share != 0", 0), ("![A picture](a.png)", 0), ("Wow! Look!", 1),
        ("Simply magic", 2), ("magical", 1), ("A simple, imaginary magician", 0), ("Done \U0001f680", 1),
        ("64 × 16 + 16", 0),
    ],
)  # fmt: skip
def test_faults_are_found(line: str, count: int) -> None:
    assert len(faults(line)) == count


def test_every_stop_of_the_road_has_a_name_of_its_own() -> None:
    for names in ([stop.slug for stop in STOPS], [stop.title for stop in STOPS], [stop.idea for stop in STOPS]):
        assert [name for name, count in Counter(names).items() if count > 1] == []
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", stop.slug) for stop in STOPS)
    assert all(stop.title and stop.idea.endswith(".") and stop.group in GROUPS for stop in STOPS)
    assert {stop.group for stop in STOPS} == set(GROUPS)


def test_every_page_is_a_stop_of_the_road() -> None:
    pages = {page.stem for page in (ROOT / "pages").glob("*.py")}
    assert pages == {stop.slug for stop in STOPS if stop.built}


def test_no_file_names_a_folder_of_one_machine() -> None:
    found = [
        (file.relative_to(ROOT).as_posix(), folder)
        for file in project_files()
        if not file.is_relative_to(ROOT / "tests")
        for folder in MACHINE_FOLDERS
        if re.search(rf"(?<![\w.]){re.escape(folder)}", text_of(file))
    ]
    assert found == []


def test_no_file_names_the_host_of_a_registry() -> None:
    assert len(project_files()) > 50
    found = [
        (file.relative_to(ROOT).as_posix(), host)
        for file in project_files()
        for host in REGISTRIES
        if host in text_of(file)
    ]
    assert found == []


def test_the_readme_names_everything_at_the_top() -> None:
    assert README.is_file(), "README.md is missing: write it, with a tree that names every top-level folder and file"
    text = README.read_text(encoding="utf-8")
    top = {(file.relative_to(ROOT).parts[0], len(file.relative_to(ROOT).parts) > 1) for file in project_files()}
    wanted = {
        f"{name}/" if folder else name for name, folder in top if not name.startswith(".") and name != README.name
    }
    assert [name for name in sorted(wanted) if not re.search(rf"(?<![\w/.-]){re.escape(name)}", text)] == []
