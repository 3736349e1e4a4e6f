"""Measure again what the app claims: `python -m evidence` lists the experiments, `python -m evidence NAME` runs one."""

import ast
import sys
from importlib import import_module
from pathlib import Path

FOLDER = Path(__file__).parent


def experiments() -> dict[str, str]:
    """Return every experiment with its question: the files of this folder, by name, and the first line of each."""
    found = {}
    for file in sorted(FOLDER.glob("[a-z]*.py")):
        text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        found[file.stem.replace("_", "-")] = text.partition("\n")[0]
    return found


def main(arguments: list[str]) -> int:
    """List the experiments, or run the one named first with the other arguments."""
    known = experiments()
    if not arguments:
        width = max(map(len, known))
        print("\n".join(f"{name:{width}}  {question}" for name, question in known.items()))
        return 0
    name = arguments[0].replace("_", "-")
    if name not in known:
        print(f"There is no experiment {arguments[0]!r}. Known: {', '.join(known)}")
        return 2
    return int(import_module(f"evidence.{name.replace('-', '_')}").main(arguments[1:]) or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
