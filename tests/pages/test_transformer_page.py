"""The page of the Transformer, driven through its widgets; the engine behind it is real, the text a tiny network's."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lab.lessons import transformer_surgery as surgery
from lab.storage import data_folder
from tests.pages.conftest import open_page

ROOT = Path(__file__).resolve().parents[2]
TINY = "local/tiny-gpt2"


@pytest.fixture(scope="module")
def page() -> AppTest:
    """Return the page with a tiny GPT-2 among its local models, which reads."""
    shutil.copytree(ROOT / "tests" / "data" / "tiny-gpt2", data_folder() / "models" / "tiny-gpt2", dirs_exist_ok=True)
    opened = open_page("transformer")
    assert not opened.exception
    return chosen(opened, TINY)


def chosen(page: AppTest, who: str) -> AppTest:
    for key in ("transformer:reader:who", "transformer:meaning:who", "transformer:generation:who"):
        page.session_state[key] = who
    return page.run()


def titles(page: AppTest) -> str:
    return " ".join(block.proto.body for block in page.main.get("html"))


def test_opens_with_all_its_sections(page: AppTest) -> None:
    assert not page.exception
    for title in ("Read any text", "Surgery", "One word, two meanings", "Writing, token by token", "Inside the network",
                  "Where it breaks", "Why it won", "The code"):  # fmt: skip
        assert title in titles(page)


def test_opens_with_a_stored_network(page: AppTest) -> None:
    run = page.session_state["transformer:shown"]
    assert run.origin == "example" and run.final and run.step == 400
    assert "Stored: accuracy" in titles(page) and "When the heads form" in titles(page)


def test_a_cut_is_listed_and_taken_back(page: AppTest) -> None:
    page.button(key="transformer:cut").click().run()
    assert not page.exception
    assert "and now has" in titles(page)
    page.button(key="transformer:undo:0").click().run()
    assert not page.exception and "Nothing is cut yet" in titles(page)


@pytest.mark.parametrize("kind", ["arrow", "head", "layer", "position"])
def test_everything_can_be_cut(page: AppTest, kind: str) -> None:
    page.session_state["transformer:kind"] = kind
    page.run()
    page.button(key="transformer:cut").click().run()
    assert not page.exception and not page.warning
    assert [deed.kind for deed in page.session_state[surgery.CUTS]] == [kind]
    page.session_state[surgery.CUTS] = []
    page.run()


def test_a_word_that_is_not_there_is_asked_for(page: AppTest) -> None:
    page.text_input(key="transformer:word").set_value("xylophone").run()
    assert not page.exception
    assert any("has to stand in both sentences" in box.value for box in page.info)
    page.text_input(key="transformer:word").set_value("bank").run()
    assert "How alike" in titles(page)


@pytest.mark.parametrize("text", ["", " ", "x" * 1900, "🙂", "مرحبا", "<b>bold</b>"])
def test_any_text_gets_an_answer(page: AppTest, text: str) -> None:
    page.text_input(key="transformer:typed").set_value(text).run()
    assert not page.exception
    assert page.warning or "Candidates" in " ".join(box.label for box in page.selectbox)


def test_writing_goes_on_and_can_be_timed(page: AppTest) -> None:
    page.text_input(key="transformer:beginning").set_value("the <cat>").run()
    assert not page.exception
    assert "the &lt;cat&gt;" in titles(page) and "The first 24 tokens" in titles(page)
    page.toggle(key="transformer:timing").set_value(True).run()
    assert not page.exception and "times as fast with the cache" in titles(page)
    page.toggle(key="transformer:timing").set_value(False).run()


def test_published_models_say_what_they_cost_before_they_are_fetched(page: AppTest) -> None:
    other = chosen(page, "openai-community/gpt2")
    assert not other.exception
    assert "548 MB" in titles(other) and "Licence: MIT" in titles(other)
    assert "transformer:open:openai-community/gpt2" not in other.session_state
    chosen(page, TINY)


def test_the_code_shown_is_the_code_of_the_file(page: AppTest) -> None:
    source = (ROOT / "models" / "transformer.py").read_text(encoding="utf-8")
    parts: list[Any] = page.code[0].value.split("\n\n\n")
    assert len(parts) == 6
    for part in parts:
        lines = [line for line in part.splitlines() if not line.startswith("# models/transformer.py")]
        assert "\n".join(lines).strip() in source
