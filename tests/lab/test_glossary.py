"""The glossary: each word is used, is explained once a page, and nothing else of a text changes."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.glossary import MOST, TERMS, explained

ROOT = Path(__file__).resolve().parents[2]
MEANING = re.compile(r'<span class="term" tabindex="0">(.*?)<span class="meaning"> \((.*?)\)</span></span>')


class Text(HTMLParser):
    """Collects what is written between tags, and that tags are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.words = ""
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def without_meanings(marked: str) -> str:
    return MEANING.sub(r"\1", marked)


@given(st.lists(st.sampled_from([*TERMS, "the", "<b>bold</b>", "of a", '<a href="x">', "</a>", "3.5"]), max_size=12))
@settings(max_examples=60)
def test_nothing_but_meanings_is_added(words: list[str]) -> None:
    text = " ".join(words)
    assert without_meanings(explained(text, set())) == text


def test_a_word_is_explained_once() -> None:
    seen: set[str] = set()
    first, second = (explained("A gradient and its gradients.", seen) for _ in range(2))
    assert len(MEANING.findall(first)) == 1 and not MEANING.findall(second)
    assert MEANING.findall(first)[0] == ("gradient", TERMS["gradient"][1])


def test_links_and_tags_stay_as_they_are() -> None:
    text = '<p title="gradient">See <a href="loss">the loss</a> and <b>its gradient</b>.</p>'
    marked = explained(text, set())
    parser = Text()
    parser.feed(marked)
    assert parser.open == []
    assert [word for word, _ in MEANING.findall(marked)] == ["gradient"]
    assert 'title="gradient"' in marked


def test_a_sentence_is_not_drowned() -> None:
    text = "Weights, biases, gradients, losses, epochs, batches and tokens."
    assert len(MEANING.findall(explained(text, set()))) == MOST


def test_parts_of_words_are_left_alone() -> None:
    assert explained("Heading, weightless, self-attention-like", set()) == "Heading, weightless, self-attention-like"


@pytest.mark.parametrize("name", TERMS)
def test_each_word_is_used_on_a_page_and_explained_in_a_sentence(name: str) -> None:
    forms, meaning = TERMS[name]
    pattern = re.compile(rf"(?<![\w-])(?:{forms})(?![\w-])", re.IGNORECASE)
    folders = ("pages", "models/presets", "lab/lessons", "lab/charts")
    texts = [file.read_text(encoding="utf-8") for folder in folders for file in (ROOT / folder).glob("*.py")]
    assert any(pattern.search(text) for text in texts)
    assert meaning[0].isupper() and meaning.endswith(".") and len(meaning) <= 110


def test_a_meaning_does_not_explain_a_word_by_itself() -> None:
    for name, (forms, meaning) in TERMS.items():
        assert not re.search(rf"(?<![\w-])(?:{forms})(?![\w-])", meaning, re.IGNORECASE), name
