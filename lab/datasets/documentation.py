"""English prose that comes with the app's own libraries: Python's language topics and the libraries' docstrings.

Nothing is downloaded. The docstrings are read from the installed source files without importing them, so the text is
the same wherever the same versions are installed (`versions` names them). Code, tables and markup are left out, wrapped
lines are joined, and a paragraph that stands in several places is kept once, in the first of them.

Sources and licences: the documentation topics of Python (`pydoc_data.topics`, PSF licence 2); docstrings of NumPy,
SciPy, pandas, scikit-learn and statsmodels (BSD, 3 clauses), Keras and Streamlit (Apache 2.0).
"""

import ast
import hashlib
import importlib.util
import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

LICENCES = {
    "python": "PSF licence 2",
    "numpy": "BSD 3-clause",
    "scipy": "BSD 3-clause",
    "pandas": "BSD 3-clause",
    "sklearn": "BSD 3-clause",
    "statsmodels": "BSD 3-clause",
    "keras": "Apache 2.0",
    "streamlit": "Apache 2.0",
}
DISTRIBUTIONS = {"sklearn": "scikit-learn"}
SHORTEST = 60  # characters of a paragraph; shorter ones are headings and names
LETTERS = 0.74  # share of letters and spaces in a line of prose
VALIDATION_SHARE = 0.05
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_ROLE = re.compile(r":[a-zA-Z:+-]+:`~?([^`<]*?)(?: ?<[^`]*>)?`")
_LINK = re.compile(r"`([^`<]+?) ?<[^`]*>`_{1,2}")
_LISTED = re.compile(r"^([*+-]|\d+\.|\(?[a-z]\)) ")


@dataclass(frozen=True)
class Document:
    """One source file, or one topic of Python's documentation. source: a key of LICENCES; text: paragraphs."""

    source: str
    name: str
    text: str

    @property
    def validates(self) -> bool:
        """Whether this document is kept out of training; decided by its name alone."""
        place = int.from_bytes(hashlib.sha256(f"{self.source}/{self.name}".encode()).digest()[:4], "big")
        return place < VALIDATION_SHARE * 2**32


def documentation(sources: tuple[str, ...] = tuple(LICENCES)) -> tuple[list[Document], list[Document]]:
    """Return the training and the validation documents; no paragraph of one stands in the other."""
    found = [document for source in sources for document in _documents(source)]
    seen: set[str] = set()
    training = _without_repetition([document for document in found if not document.validates], seen)
    return training, _without_repetition([document for document in found if document.validates], seen)


def versions(sources: tuple[str, ...] = tuple(LICENCES)) -> dict[str, str]:
    """Return the version of each source."""
    return {
        source: platform.python_version() if source == "python" else metadata.version(DISTRIBUTIONS.get(source, source))
        for source in sources
    }


def topics() -> list[Document]:
    """Return the topics of Python's own documentation as prose, in alphabetical order."""
    from pydoc_data.topics import topics as texts

    return [Document("python", name, prose(texts[name])) for name in sorted(texts)]


def prose(text: str) -> str:
    """Return the paragraphs of a documentation text that are sentences, without markup, each on a line of its own."""
    blocks = re.split(r"\n\s*\n", text.expandtabs(4))
    return "\n".join(paragraph for block in blocks if ">>>" not in block for paragraph in _paragraphs(block))


def _documents(source: str) -> list[Document]:
    if source == "python":
        return topics()
    spec = importlib.util.find_spec(source)
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(f"The library {source} is not installed, so its documentation cannot be read.")
    folder = Path(next(iter(spec.submodule_search_locations)))
    files = sorted(file.relative_to(folder) for file in folder.rglob("*.py"))
    kept = [file for file in files if not any("test" in part or part.startswith("_vendor") for part in file.parts)]
    return [Document(source, file.as_posix(), _docstrings(folder / file)) for file in kept]


def _docstrings(file: Path) -> str:
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError):
        return ""
    found = (ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, _DOCUMENTED))
    return "\n".join(filter(None, (prose(text) for text in found if text)))


def _paragraphs(block: str) -> Iterator[str]:
    """Yield the prose of one block; a line begins a paragraph where the indentation changes or a list item begins."""
    lines = block.splitlines()
    gathered: list[str] = []
    indentation = -1
    for line in [*lines, ""]:
        words, depth = line.strip(), len(line) - len(line.lstrip())
        if gathered and (not words or depth != indentation or _LISTED.match(words)):
            if is_prose(joined := _plain(" ".join(gathered))):
                yield joined
            gathered = []
        indentation = depth
        if words:
            gathered.append(words)


def _plain(text: str) -> str:
    """Return a text without the marks of reStructuredText and Markdown."""
    text = _ROLE.sub(r"\1", text)
    text = _LINK.sub(r"\1", text)
    text = re.sub(r"\[\d+\]_", "", text)
    text = re.sub(r"[`*]{1,2}", "", text)
    return re.sub(r"\s+", " ", text).strip("-+ ")


def is_prose(text: str) -> bool:
    """Whether a paragraph reads like sentences: long enough, ends like one, mostly letters, begins like one."""
    if len(text) < SHORTEST or text[-1] not in ".:?!" or text.startswith(("..", ">", "|", "@", "def ", "#")):
        return False
    plain = sum(letter.isascii() and (letter.isalpha() or letter == " ") for letter in text)
    return text[0].isupper() and plain / len(text) >= LETTERS and text.isprintable() and text.isascii()


def _without_repetition(documents: list[Document], seen: set[str]) -> list[Document]:
    kept = []
    for document in documents:
        fresh = []
        for paragraph in document.text.splitlines():
            if (key := paragraph.lower()) not in seen:
                seen.add(key)
                fresh.append(paragraph)
        if fresh:
            kept.append(Document(document.source, document.name, "\n".join(fresh)))
    return kept
