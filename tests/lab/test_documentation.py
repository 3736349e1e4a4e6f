"""The prose that comes with the libraries: sentences only, split by document, nothing of one part in the other."""

import pytest

from lab.datasets.documentation import (
    LICENCES,
    VALIDATION_SHARE,
    Document,
    documentation,
    is_prose,
    prose,
    topics,
    versions,
)


def test_no_paragraph_stands_in_both_parts_or_twice() -> None:
    training, validation = documentation(("python", "streamlit"))
    known = [paragraph.lower() for document in training for paragraph in document.text.splitlines()]
    unknown = [paragraph.lower() for document in validation for paragraph in document.text.splitlines()]
    assert len(set(known)) == len(known) and len(set(unknown)) == len(unknown)
    assert known and unknown and not set(known) & set(unknown)
    assert not {(one.source, one.name) for one in training} & {(one.source, one.name) for one in validation}
    assert {document.source for document in training} == {"python", "streamlit"}


def test_a_document_stays_in_its_part_and_a_twentieth_validates() -> None:
    names = [Document("numpy", f"file_{number}.py", "") for number in range(4000)]
    share = sum(document.validates for document in names) / len(names)
    assert share == pytest.approx(VALIDATION_SHARE, abs=0.01)
    assert [document.validates for document in names] == [Document("numpy", one.name, "x").validates for one in names]


def test_topics_are_long_and_prose() -> None:
    found = topics()
    assert sum(len(document.text) for document in found) > 100_000
    for document in found:
        assert all(is_prose(paragraph) for paragraph in document.text.splitlines())


TEXT = """
Return the largest of all items, or the first
one of them if several are equally large.

Parameters
----------
x : array_like
    The items among which the largest one is wanted, of any shape
    and of any kind that can be compared.

>>> largest([1, 2, 3])
The answer of the line above stands here, and it is no sentence for a reader of prose.

* The first point of a list says something about ``arrays`` and :func:`~numpy.sum`, too.
* The second point of the list stands on a line of its own, as is right and proper.
"""


def test_markup_and_code_are_left_out_and_lines_are_joined() -> None:
    assert prose(TEXT).splitlines() == [
        "Return the largest of all items, or the first one of them if several are equally large.",
        "The items among which the largest one is wanted, of any shape and of any kind that can be compared.",
        "The first point of a list says something about arrays and numpy.sum, too.",
        "The second point of the list stands on a line of its own, as is right and proper.",
    ]


@pytest.mark.parametrize(
    "text", ["Too short.", "no capital letter at the beginning of this line, which is long enough otherwise.",
             "A line that does not end as a sentence does, although it is certainly long enough",
             "X = {1: (2, 3), 4: [5, 6]} - 7 * 8 / 9 + 10; Y = 11 % 12 @ 13 & 14 | 15 ^ 16 ~ 17."],
)  # fmt: skip
def test_what_is_no_sentence_is_left_out(text: str) -> None:
    assert not is_prose(text)


def test_every_source_has_a_licence_and_a_version() -> None:
    assert set(versions()) == set(LICENCES)


def test_a_missing_library_is_said() -> None:
    with pytest.raises(ValueError, match="not installed"):
        documentation(("no_such_library",))
