"""One source file as its top-level statements: what each binds, what it uses, and its text, unchanged."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PROJECT = ("models", "lab")  # the packages whose modules are taken along; all others are installed


@dataclass(frozen=True)
class Need:
    """One thing of a module that is used; name "": the module itself and what it does when it is imported."""

    module: str
    name: str = ""


@dataclass(frozen=True, eq=False)
class Part:
    """One top-level statement. first, last: its lines, counted from 1, with the comment that stands above it."""

    node: ast.stmt
    first: int
    last: int

    @cached_property
    def binds(self) -> frozenset[str]:
        """The names that the statement gives to its module."""
        node = self.node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return frozenset({node.name})
        if isinstance(node, ast.Import | ast.ImportFrom):
            return frozenset(bound(alias) for alias in node.names)
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names = (item for target in targets if target is not None for item in ast.walk(target))
        return frozenset(item.id for item in names if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store))

    @property
    def is_import(self) -> bool:
        """Whether it is an import at the top of the file."""
        return isinstance(self.node, ast.Import | ast.ImportFrom)

    @property
    def acts(self) -> bool:
        """Whether it does something when the module is imported, beyond giving a name to something."""
        return not self.binds and not self.is_import

    @cached_property
    def uses(self) -> frozenset[str]:
        """The names that stand anywhere in it, and "name.attribute" where only an attribute of a name is asked."""
        found: set[str] = set()
        inner: set[int] = set()
        for node in ast.walk(self.node):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                found.add(f"{node.value.id}.{node.attr}")
                inner.add(id(node.value))
            elif isinstance(node, ast.Name) and id(node) not in inner:
                found.add(node.id)
        return frozenset(found)

    def later_imports(self) -> Iterator[ast.Import | ast.ImportFrom]:
        """Yield the imports inside it, which happen when a function is called."""
        if not self.is_import:
            yield from (node for node in ast.walk(self.node) if isinstance(node, ast.Import | ast.ImportFrom))


class Source:
    """A module of the project. Raises FileNotFoundError where there is none of this name."""

    def __init__(self, root: Path, module: str) -> None:
        self.module, self.path = module, path_of(root, module)
        text = (root / self.path).read_text(encoding="utf-8")
        self.lines = text.splitlines()
        self.docstring, self.parts = self._split(ast.parse(text))

    def _split(self, tree: ast.Module) -> tuple[int, list[Part]]:
        """Return the number of lines of the docstring, and the statements behind it."""
        body = list(tree.body)
        docstring = 0
        if body and _is_text(body[0]):
            docstring = body.pop(0).end_lineno or 0
        parts: list[Part] = []
        for node in body:
            if _is_text(node) and parts:  # the words below a constant belong to it
                parts[-1] = Part(parts[-1].node, parts[-1].first, node.end_lineno or 0)
            else:
                parts.append(Part(node, self._first_line(node, docstring), node.end_lineno or 0))
        return docstring, parts

    def _first_line(self, node: ast.stmt, docstring: int) -> int:
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
        while first - 1 > docstring and self.lines[first - 2].startswith("#"):
            first -= 1
        return first

    def text(self, first: int, last: int) -> str:
        """Return lines of the file, both ends included."""
        return "\n".join(self.lines[first - 1 : last])


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def path_of(root: Path, module: str) -> str:
    """Return a module's file, relative to the root. Raises FileNotFoundError."""
    place = module.replace(".", "/")
    for path in (f"{place}/__init__.py", f"{place}.py"):
        if (root / path).is_file():
            return path
    raise FileNotFoundError(f"There is no module {module} below {root}.")


def bound(alias: ast.alias) -> str:
    """Return the name that an import gives."""
    return alias.asname or alias.name.partition(".")[0]


def is_ours(module: str | None) -> bool:
    """Whether a module belongs to the project."""
    return (module or "").partition(".")[0] in PROJECT
