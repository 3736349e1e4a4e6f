"""What models that only read answer, and what they say of questions that cannot be answered."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.readers import BIG, MOST_TEXTS, Reader, folder_of, needed_megabytes, open_reader
from models.transformer_trace import Surgery, trace

DATA = Path(__file__).resolve().parents[1] / "data"
TEXT = "The bank of the river"


@cache
def decoder() -> Reader:
    return open_reader(DATA / "tiny-gpt2")


@cache
def encoder() -> Reader:
    return open_reader(DATA / "tiny-bert")


def test_a_trace_is_that_of_the_model_with_words_beside_it() -> None:
    reader = decoder()
    found = reader.answer({"text": TEXT})
    right = trace(reader.model, reader.architecture, reader.tokenizer.ids(TEXT)).arrays()
    for name in ("attention", "stream", "queries", "top_ids", "head_scores"):
        np.testing.assert_array_equal(found[name], right[name])
    assert "".join(found["texts"]) == TEXT
    assert found["shown_layers"].tolist() == [0, 1, 2]
    assert not found["added"].any() and found["notes"].shape == (0,)


def test_surgery_is_done_before_the_text_passes() -> None:
    reader = decoder()
    whole = reader.answer({"text": TEXT})
    found = reader.answer({"text": TEXT, "surgery": {"cut_heads": [[1, 2]], "cut_layers": [0]}})
    ids, cut = reader.tokenizer.ids(TEXT), Surgery(cut_heads=((1, 2),), cut_layers=(0,))
    right = trace(reader.model, reader.architecture, ids, surgery=cut).arrays()
    np.testing.assert_array_equal(found["final"], right["final"])
    assert not np.allclose(found["final"], whole["final"])
    np.testing.assert_array_equal(reader.answer({"text": TEXT})["final"], whole["final"], "the cut must not stay")


def test_big_arrays_come_for_the_layers_that_are_asked_for() -> None:
    whole = decoder().answer({"text": TEXT})
    some = decoder().answer({"text": TEXT, "layers": [2, 0]})
    none = decoder().answer({"text": TEXT, "layers": []})
    assert some["shown_layers"].tolist() == [2, 0] and none["shown_layers"].tolist() == []
    for name in BIG:
        np.testing.assert_array_equal(some[name], whole[name][[2, 0]])
        assert name not in none
    for name in set(whole) - {*BIG, "shown_layers"}:
        np.testing.assert_array_equal(none[name], whole[name])


@pytest.mark.parametrize("cache", [True, False])
def test_generation_is_greedy_at_temperature_zero(cache: bool) -> None:
    reader = decoder()
    found = reader.answer({"text": TEXT, "generate": 5, "temperature": 0, "cache": cache})
    ids = reader.tokenizer.ids(TEXT).tolist()
    for place in range(5):
        logits = np.asarray(reader.model(np.array([ids])))[0, -1]
        assert found["generated"][place] == logits.argmax() == found["generated_top_ids"][place, 0]
        shares = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        assert found["generated_top_probabilities"][place, 0] == pytest.approx(shares.max(), abs=1e-5)
        ids.append(int(found["generated"][place]))
    assert found["continuation"][0] == reader.tokenizer.decode(found["generated"])


def test_a_seed_fixes_what_is_drawn_and_cuts_bound_it() -> None:
    question = {"text": TEXT, "generate": 12, "temperature": 1.5, "top_k": 4}
    drawn = [decoder().answer({**question, "seed": seed})["generated"].tolist() for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    found = decoder().answer({**question, "seed": 3})
    assert (found["generated_kept"] == 4).all()
    assert all(token in row[:4] for token, row in zip(found["generated"], found["generated_top_ids"], strict=True))


def test_generation_ends_where_the_positions_end() -> None:
    reader = decoder()
    found = reader.answer({"text": TEXT, "generate": 500})
    assert len(found["generated"]) + len(found["tokens"]) == reader.architecture.context


def test_a_place_is_the_mean_of_the_last_stream_with_length_one() -> None:
    texts = ["the bank of the river", "the bank lends money"]
    for reader in (encoder(), decoder()):
        rows = reader.answer({"embed": texts})["sentences"]
        for text, row in zip(texts, rows, strict=True):
            mean = reader.answer({"text": text})["final"].mean(0)
            np.testing.assert_allclose(row, mean / np.linalg.norm(mean), atol=1e-5)


def test_tokens_are_told_with_their_places() -> None:
    found = encoder().answer({"tokens": "The bank"})
    assert found["texts"].tolist() == ["[CLS]", "the", "bank", "[SEP]"]
    assert found["starts"].tolist() == [0, 0, 4, 0] and found["ends"].tolist() == [0, 3, 8, 0]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "ask about a text"),
    ({"text": ""}, "Type at least one word"),
    ({"text": "a " * 80}, "at most 48"),
    ({"text": "a", "layers": [3]}, "layers 0 to 2"),
    ({"text": "a", "surgery": {"cut_heads": [[0, 4]]}}, "head"),
    ({"text": "a", "surgery": {"cut_arrows": [[0, 0, 5, 0]]}}, "token"),
    ({"text": "a", "generate": 3, "temperature": -1}, "temperature"),
    ({"text": "a", "generate": 3, "top_p": 0}, "top p"),
    ({"text": "a", "generate": 3, "top_k": -2}, "top k"),
    ({"embed": []}, f"1 to {MOST_TEXTS}"),
]


@pytest.mark.parametrize(("question", "words"), REFUSED)
def test_what_cannot_be_answered_is_said(question: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        decoder().answer(question)


def test_an_encoder_does_not_continue_a_text() -> None:
    with pytest.raises(ValueError, match="Choose a decoder"):
        encoder().answer({"text": "the bank", "generate": 3})


def test_facts_describe_the_model() -> None:
    facts = decoder().facts()
    assert (facts["layers"], facts["heads"], facts["width"], facts["tokenizer"]) == (3, 4, 24, "bytes")
    assert encoder().facts()["sentence_embedding"] and not facts["sentence_embedding"]
    assert facts["parameters"] == decoder().model.count_params()


def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    source = {"name": "local/x", "origin": "local", "folder": str(tmp_path / "x")}
    with pytest.raises(ValueError, match="no folder x any more"):
        folder_of(source, lambda here, total: None)


def test_memory_grows_with_the_weights() -> None:
    small = needed_megabytes(DATA / "tiny-bert")
    assert 0 < small < needed_megabytes(DATA / "tiny-gpt2") < 20
