"""The words of the field, each in one plain sentence, shown where a page uses a word for the first time."""

import html
import re
import tomllib
from functools import cache
from pathlib import Path

WORDS = Path(__file__).parent / "glossary.toml"
MOST = 4  # marked words of one text: more would hide the sentence
PARTS = re.compile(r"(<[^>]*>)")


def _read() -> dict[str, tuple[str, str]]:
    """Return each word's forms and meaning."""
    found = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    return {name: (word["forms"], word["meaning"]) for name, word in found.items()}


TERMS = _read()


@cache
def _pattern() -> re.Pattern[str]:
    forms = "|".join(f"(?P<t{number}>{forms})" for number, (forms, _) in enumerate(TERMS.values()))
    return re.compile(rf"(?<![\w-])(?:{forms})(?![\w-])", re.IGNORECASE)


def explained(text: str, seen: set[str]) -> str:
    """Return HTML in which words of the glossary that are not in `seen` carry their meaning; adds them to `seen`."""
    names, marked, inside_link = list(TERMS), 0, False

    def mark(match: re.Match[str]) -> str:
        nonlocal marked
        name = names[int(str(match.lastgroup)[1:])]
        if name in seen or marked >= MOST:
            return match.group()
        seen.add(name)
        marked += 1
        meaning = html.escape(TERMS[name][1])
        return f'<span class="term" tabindex="0">{match.group()}<span class="meaning"> ({meaning})</span></span>'

    pieces = []
    for piece in PARTS.split(text):
        if piece.startswith("<"):
            inside_link = piece.startswith("<a ") or (inside_link and piece != "</a>")
            pieces.append(piece)
        else:
            pieces.append(piece if inside_link else _pattern().sub(mark, piece))
    return "".join(pieces)
