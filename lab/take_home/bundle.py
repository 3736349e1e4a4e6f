"""The code that a run needs, out of all the project has: found by following imports and names through the sources.

Nothing is rewritten. A definition is taken as it stands in its file, or it is left out because nothing that runs asks
for it; only an import of several names is shortened to those that are there. So what is taken home is what ran.
"""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.take_home.module_parts import Need, Part, Source, bound, is_ours, path_of

ENTRIES = ("load", "build", "scene", "train", "total_steps", "MOST_THREADS")  # of a family: what a run calls
OWN_DATA = ("lab.datasets.own", "lab.datasets.uploaded", "lab.storage")  # called for a visitor's own file alone
OWN_TEXT = ("characters", "pieces")  # of the Transformer: Python's help, or a text that was uploaded


@dataclass(frozen=True)
class Section:
    """One file of the bundle. text: its kept lines; kept, total: how many lines of the file these are."""

    module: str
    path: str
    text: str
    kept: int
    total: int


def bundle(root: Path, family: str, *, own_file: bool = False) -> list[Section]:
    """Return the sections that a run of a family needs, its own file first.

    own_file: whether it learns from a visitor's own file, whose code is left out otherwise.
    """
    skipped = () if own_file else OWN_DATA
    search = _Search(root, skipped)
    search.want(Need(f"models.{family}", name) for name in ENTRIES)
    search.want([Need("models.configs", config_class(root, family))])
    search.run()
    return [section for source in search.sources.values() if (section := search.section(source)).text]


def needs_file(settings: Mapping[str, Any]) -> bool:
    """Whether a run reads a file of its visitor."""
    dataset = str(settings.get("dataset", ""))
    return bool(settings.get("upload")) and (dataset.startswith("own") or dataset in OWN_TEXT)


def config_class(root: Path, family: str) -> str:
    """Return the name of a family's Config: the class in its own file of settings that names the family."""
    tree = ast.parse((root / path_of(root, f"models.configs.{family}")).read_text(encoding="utf-8"))
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    return classes[-1]


class _Search:
    """Which parts of which files are needed."""

    def __init__(self, root: Path, skipped: Iterable[str]) -> None:
        self.root, self.skipped = root, tuple(skipped)
        self.sources: dict[str, Source] = {}
        self.kept: dict[str, set[Part]] = {}
        self.names: dict[str, set[str]] = {}  # by module: the names that are asked of it
        self._open: list[Need] = []

    def want(self, needs: Iterable[Need]) -> None:
        """Put needs on the list."""
        self._open.extend(needs)

    def run(self) -> None:
        """Follow needs until there are none, first those that came first."""
        while self._open:
            self._meet(self._open.pop(0))

    def _meet(self, need: Need) -> None:
        source = self._source(need.module)
        if need.name in self.names[need.module]:
            return
        self.names[need.module].add(need.name)
        owners = [part for part in source.parts if need.name in part.binds]
        for part in owners:
            if part.is_import:
                self._import(part, need)
            else:
                self._keep(source, part)

    def _source(self, module: str) -> Source:
        """Return a module; with it comes what it does when it is imported, and the packages above it."""
        if module not in self.sources:
            self.sources[module] = source = Source(self.root, module)
            self.kept[module], self.names[module] = set(), {""}
            parent = module.rpartition(".")[0]
            if parent:
                self._source(parent)
            for part in source.parts:
                if part.acts:
                    self._keep(source, part)
        return self.sources[module]

    def _keep(self, source: Source, part: Part) -> None:
        if part in self.kept[source.module]:
            return
        self.kept[source.module].add(part)
        there = {name for other in source.parts for name in other.binds}
        for used in sorted(part.uses, key=lambda name: _place(source, part, name)):
            name, _, attribute = used.partition(".")
            if name in there:
                self._use(source, name, attribute)
        for found in part.later_imports():
            self.want(self._asked(found, self.skipped))

    def _use(self, source: Source, name: str, attribute: str) -> None:
        """Note that a name of the module is used; of a module of ours only the attribute that is asked for."""
        self.want([Need(source.module, name)])
        for part in source.parts:
            if isinstance(part.node, ast.ImportFrom) and name in part.binds and is_ours(part.node.module):
                submodule = self._submodule(part.node, name)
                if submodule:
                    self.want([Need(submodule, attribute)] if attribute else _everything(self._source(submodule)))

    def _submodule(self, node: ast.ImportFrom, name: str) -> str:
        """Return the module that a name stands for; "" where it stands for something in a module."""
        origin = next(alias.name for alias in node.names if bound(alias) == name)
        try:
            path_of(self.root, f"{node.module}.{origin}")
        except FileNotFoundError:
            return ""
        return f"{node.module}.{origin}"

    def _import(self, part: Part, need: Need) -> None:
        self.kept[need.module].add(part)
        if isinstance(part.node, ast.ImportFrom) and is_ours(part.node.module):
            self.want(one for one in self._asked(part.node, ()) if one.name in ("", self._origin(part.node, need.name)))

    def _origin(self, node: ast.ImportFrom, name: str) -> str:
        return next(alias.name for alias in node.names if bound(alias) == name)

    def _asked(self, node: ast.Import | ast.ImportFrom, skipped: Iterable[str]) -> list[Need]:
        """Return what an import needs of the project, without modules that this run never reaches."""
        if isinstance(node, ast.Import):
            ours = [alias.name for alias in node.names if is_ours(alias.name)]
            return [need for name in ours if name not in skipped for need in _everything(self._source(name))]
        module = node.module or ""
        if not is_ours(module) or module in skipped:
            return []
        names = [alias for alias in node.names if f"{module}.{alias.name}" not in skipped]
        return [
            Need(submodule) if (submodule := self._submodule(node, bound(alias))) else Need(module, alias.name)
            for alias in names
        ]

    # ---- the text ----

    def section(self, source: Source) -> Section:
        """Return what is kept of a file."""
        kept = sorted(self.kept[source.module], key=lambda part: part.first)
        pieces = [source.text(1, source.docstring)] if source.docstring and kept else []
        before = source.docstring
        previous: Part | None = None
        for part in kept:
            pieces.append("\n" * (_gap(source, before, part, previous) + 1 if pieces else 0) + self._text(source, part))
            before, previous = part.last, part
        text = "".join(pieces)
        return Section(source.module, source.path, text, len(text.splitlines()), len(source.lines))

    def _text(self, source: Source, part: Part) -> str:
        """Return a statement as it stands; an import without the names that are left out."""
        node = part.node
        if isinstance(node, ast.ImportFrom) and is_ours(node.module):
            asked = [alias for alias in node.names if bound(alias) in self.names[source.module]]
            if len(asked) < len(node.names):
                return ast.unparse(ast.ImportFrom(node.module, asked, 0))
        return source.text(part.first, part.last)


def _everything(source: Source) -> list[Need]:
    return [Need(source.module, name) for part in source.parts for name in sorted(part.binds) if name != "__all__"]


def _place(source: Source, part: Part, used: str) -> int:
    """Return where a name first stands in a statement, so that files come in the order of reading."""
    found = source.text(part.first, part.last).find(used)
    return found if found >= 0 else 10**9


def _gap(source: Source, before: int, part: Part, previous: Part | None) -> int:
    """Return the blank lines over a statement: those of the file, where nothing in between is left out."""
    between = source.lines[before : part.first - 1]
    if all(not line.strip() for line in between):
        return len(between)
    if previous is not None and previous.is_import and part.is_import:
        return 0
    defines = (ast.FunctionDef, ast.ClassDef)
    large = isinstance(part.node, defines) or (previous is not None and isinstance(previous.node, defines))
    return 2 if large else 1
