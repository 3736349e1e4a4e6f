"""A run as one Python file that needs nothing but the installed packages.

The modules of the app stand in it one below the other, each under a line "# %% path", as real code that an editor
colours. A few lines at the top import them by name from there, under their own line numbers, so that error messages,
and TensorFlow when it compiles a function, find the source where it stands.
"""

from base64 import encodebytes

from lab.take_home.recipe import Recipe
from lab.take_home.steps import (
    BUILD,
    COMPARE,
    NOTHING_SHOWN,
    OWN_FILE,
    PREPARE,
    TRAIN,
    filled,
    given,
    keep,
    packages,
    told,
)

LOADER = '''\
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path


class BelowInThisFile(MetaPathFinder, Loader):
    """Imports a module from its section further down: each begins with a line "# %% path"."""

    def __init__(self):
        self.sections, name = {}, ""
        for number, line in enumerate(Path(__file__).read_text(encoding="utf-8").splitlines(), 1):
            if line.startswith("# %% ") and line.endswith(".py"):
                name = line[5:-3].replace("/", ".").removesuffix(".__init__")
                self.sections[name] = ["\\n" * number]  # lines keep their numbers
            elif name:
                self.sections[name].append(line + "\\n")

    def find_spec(self, name, path=None, target=None):
        package = any(other.startswith(f"{name}.") for other in self.sections)
        if name in self.sections or package:
            return ModuleSpec(name, self, origin=__file__, is_package=package)

    def exec_module(self, module):
        module.__file__ = __file__
        exec(compile("".join(self.sections.get(module.__name__, "")), __file__, "exec"), module.__dict__)


sys.meta_path.insert(0, BelowInThisFile())'''

END = "raise SystemExit  # what follows is imported from here, module by module"


def script(made: Recipe) -> str:
    """Return the text of the file."""
    parts = [
        _docstring(made), given(made), LOADER, *([_own_file(made)] if made.upload else []),
        filled(PREPARE, made), filled(BUILD, made), filled(TRAIN, made), COMPARE if made.shown else NOTHING_SHOWN,
        'if "--save" in sys.argv:\n' + _indented(keep(made)), END, *_sections(made),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _docstring(made: Recipe) -> str:
    lines = [
        f'"""{made.title}: one run of Road to Transformers, with all the code that made it.',
        "",
        f"    pip install {packages(made)}",
        "    python THIS_FILE            trains, and compares with the numbers of the page",
        "    python THIS_FILE --save     also writes the network and its curves",
        "",
        *told(made),
        f'Read "# %% models/{made.family}.py" first: the network and its training.',
        '"""',
    ]
    return "\n".join(lines)


def _own_file(made: Recipe) -> str:
    assert made.upload is not None
    name, data = made.upload
    return OWN_FILE.substitute(name=name, text=encodebytes(data).decode().strip())


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _sections(made: Recipe) -> list[str]:
    return [f"\n# %% {section.path}\n{section.text}" for section in made.sections]
