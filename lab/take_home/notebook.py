"""A run as a Jupyter notebook: its code file by file, then the training, then the comparison with the page."""

from base64 import encodebytes
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lab.take_home.recipe import Recipe
from lab.take_home.steps import (
    BUILD,
    COMPARE,
    DRAW,
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

FOLDER = "road"  # beside the notebook; the files of the code are written into it
IMPORT = """\
for name in [name for name in sys.modules if name.partition(".")[0] in ("models", "lab")]:
    del sys.modules[name]  # so that a file you have changed counts

"""


def notebook(made: Recipe) -> str:
    """Return the notebook as the text of an .ipynb file."""
    cells = [
        _words(*_head(made)),
        _code(given(made)),
        _words("## The code", *_about_code(made)),
        _code(_folders(made)),
        *[cell for section in made.sections for cell in _file(section.path, section.text)],
        _words("## Build the network", "From here on the notebook uses the files that it has written."),
        *([_code(_own_file(made))] if made.upload else []),
        _code(IMPORT + filled(PREPARE, made)),
        _code(filled(BUILD, made)),
        _words("## Train it", "The loop gives a snapshot at fixed steps; the page draws these."),
        _code(filled(TRAIN, made)),
        _code(DRAW),
        _words("## Compare with the page", "The same settings and the same seed give the same numbers."),
        _code(COMPARE if made.shown else NOTHING_SHOWN),
        _words("## Keep it", "The trained network in Keras's own format, and the curves as a table."),
        _code(keep(made)),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"  # not by chance: the same run gives the same file
    made_of = new_notebook(cells=cells, metadata=_metadata())
    nbformat.validate(made_of)
    return str(nbformat.writes(made_of))


def _metadata() -> dict[str, Any]:
    return {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


def _words(*paragraphs: str) -> Any:
    return new_markdown_cell("\n\n".join(paragraphs))


def _code(text: str) -> Any:
    return new_code_cell(text)


def _head(made: Recipe) -> list[str]:
    return [
        f"# {made.title}",
        made.idea,
        "One run of Road to Transformers, to be made again anywhere: run all cells. "
        "The last ones compare what comes out here with what the page showed.",
        *told(made),
        f"It needs `pip install {packages(made)}`.",
    ]


def _about_code(made: Recipe) -> list[str]:
    return [
        f"`models/{made.family}.py` comes first: the network and its training. The other files are what it imports. "
        "Each cell writes one file. Change one, run its cell and those from **Build the network** on, and see what "
        "becomes of it."
    ]


def _folders(made: Recipe) -> str:
    folders = sorted({section.path.rpartition("/")[0] for section in made.sections})
    return (
        "import sys\nfrom pathlib import Path\n\n"
        f"for folder in {folders!r}:\n"
        f'    Path("{FOLDER}", folder).mkdir(parents=True, exist_ok=True)\n'
        f'    for above in [Path(folder), *Path(folder).parents][:-1]:\n'
        f'        Path("{FOLDER}", above, "__init__.py").touch()\n'
        f'sys.path.insert(0, str(Path("{FOLDER}").resolve()))'
    )  # fmt: skip


def _file(path: str, text: str) -> list[Any]:
    return [_words(f"### {path}"), _code(f"%%writefile {FOLDER}/{path}\n{text}")]


def _own_file(made: Recipe) -> str:
    assert made.upload is not None
    name, data = made.upload
    return OWN_FILE.substitute(name=name, text=encodebytes(data).decode().strip())
