"""The small GPT: its training can be interrupted, its losses are by the definition, and what is shipped is as told."""

import json
from dataclasses import replace
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lab import train_gpt as command
from lab.datasets.documentation import Document
from lab.readers import SMALL_GPT
from models.pretrained import Pretrained, load_folder
from models.small_gpt import (
    ARCHITECTURE,
    Recipe,
    Training,
    bits_per_character,
    losses,
    spread,
    tokens_of,
    windows,
)
from models.tokenizing import byte_pairs
from models.transformer import Architecture, build_transformer

TINY = Architecture(layers=1, heads=2, width=8, mlp_width=16, vocabulary=40, context=8, activation="gelu_tanh")
SHORT = Recipe(steps=40, batch=4, stride=3, warmup=5, measured_every=10)
TOKENS = np.random.default_rng(0).integers(0, 40, 300).astype(np.int32)
CLOCK = count().__next__
FOLDER = Path(SMALL_GPT.folder)


def test_the_learning_rate_rises_stays_and_falls() -> None:
    recipe = Recipe(steps=1000, warmup=100, peak=1.0, floor=0.1)
    rates = [recipe.learning_rate(step) for step in range(1000)]
    assert rates[0] < 0.2 and rates[99] == rates[799] == 1.0
    assert np.allclose(np.diff(rates[800:]), -0.9 / 200) and rates[-1] == pytest.approx(0.1, abs=0.01)


def test_windows_are_what_stands_in_the_text_and_what_comes_next() -> None:
    inputs, targets = windows(TOKENS, 8, 3)
    for row, (here, following) in enumerate(zip(inputs, targets, strict=True)):
        np.testing.assert_array_equal(here, TOKENS[3 * row : 3 * row + 8])
        np.testing.assert_array_equal(following, TOKENS[3 * row + 1 : 3 * row + 9])
    assert 3 * len(inputs) + 8 >= len(TOKENS)


@pytest.mark.parametrize("length", [3, 9, 30, 77])
def test_every_token_is_predicted_once_from_half_a_window_or_more(length: int) -> None:
    model, tokens = build_transformer(TINY, seed=1), TOKENS[:length]
    found = losses(model, tokens, 8, batch=3)
    assert found.shape == (length - 1,)
    for place in range(length - 1):
        start = max(0, place // 4 - 1) * 4 if place >= 4 else 0
        logits = np.asarray(model(tokens[np.newaxis, start : place + 1]))[0, -1].astype(np.float64)
        wanted = np.log(np.exp(logits).sum()) - logits[tokens[place + 1]]
        assert found[place] == pytest.approx(wanted, abs=1e-5)


def test_bits_per_character_of_even_guessing() -> None:
    assert bits_per_character(100 * np.log(8), 100) == pytest.approx(3.0)


def test_a_sample_reaches_from_beginning_to_end() -> None:
    found = spread(TOKENS, pieces=3, length=20)
    np.testing.assert_array_equal(found, np.concatenate([TOKENS[:20], TOKENS[140:160], TOKENS[-20:]]))
    np.testing.assert_array_equal(spread(TOKENS, pieces=30, length=20), TOKENS)


def trained(folder: Path, recipe: Recipe, until: int = 10**6) -> Training:
    folder.mkdir(exist_ok=True)
    run = Training(TOKENS, TOKENS[:50], folder, TINY, recipe)
    for moment in run.run(CLOCK):
        if moment.step >= until:
            break
    return run


def assert_same_weights(one: Training, other: Training) -> None:
    for mine, theirs in zip(one.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Training:
    return trained(tmp_path_factory.mktemp("whole"), SHORT)


def test_an_interrupted_training_ends_where_an_uninterrupted_one_does(tmp_path: Path, whole: Training) -> None:
    trained(tmp_path, SHORT, until=20)
    again = trained(tmp_path, SHORT)
    assert again.step == whole.step == 40
    assert [moment.step for moment in again.history] == [10, 20, 30, 40]
    assert_same_weights(whole, again)


def test_a_longer_training_goes_on_from_before_the_cooling(tmp_path: Path, whole: Training) -> None:
    longer = replace(SHORT, steps=80)
    assert Training(TOKENS, TOKENS[:50], whole.folder, TINY, longer).step == 30, "from step 32 on the rate fell"
    assert_same_weights(trained(tmp_path, longer), trained(whole.folder, longer))


def test_documents_end_with_the_end_of_text() -> None:
    tokenizer = byte_pairs(["some text"], 260)
    documents = [Document("python", "a", "some"), Document("python", "b", "text")]
    found = tokens_of(documents, tokenizer)
    ends = np.flatnonzero(found == tokenizer.end_of_text)
    assert len(ends) == 2 and ends[-1] == len(found) - 1
    assert tokenizer.decode(found[: ends[0]]) == "some"


def test_the_command_writes_a_model_that_can_be_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [
        Document("python", str(k), f"Line one of text {k}.\nLine two of text {k}.\nThe end.") for k in range(12)
    ]
    monkeypatch.setattr(command, "documentation", lambda: (documents[:8], documents[8:]))
    monkeypatch.setattr(command, "text_versions", lambda: {"python": "3"})
    monkeypatch.setattr(command, "prepared_tokenizer", lambda *_: byte_pairs([documents[0].text], 264))
    monkeypatch.setattr(command, "CHECKED_CHARACTERS", 60)
    small = replace(TINY, vocabulary=264)

    def training(tokens: Any, validation: Any, folder: Path, recipe: Recipe) -> Training:
        return Training(tokens, validation, folder, small, recipe)

    monkeypatch.setattr(command, "Training", training)
    told = command.train_gpt(tmp_path / "work", tmp_path / "model", SHORT)
    assert told == json.loads((tmp_path / "model" / "training.json").read_text("utf-8"))
    assert [moment["step"] for moment in told["curve"]] == [10, 20, 30, 40]
    assert told["bits_per_character"] < bits_per_character(np.log(264) * told["text"]["validation_tokens"],
                                                           told["text"]["validation_characters"])  # fmt: skip
    assert_check_holds(load_folder(tmp_path / "model"), told)


def assert_check_holds(stored: Pretrained, told: dict[str, Any]) -> None:
    check = told["check"]
    tokens = stored.tokenizer.ids(check["text"])
    nats = losses(stored.model, tokens, stored.architecture.context)
    assert len(tokens) == check["tokens"]
    assert nats.mean() == pytest.approx(check["loss"], abs=1e-3)
    assert bits_per_character(nats.sum(), len(check["text"])) == pytest.approx(check["bits_per_character"], abs=1e-3)


# ---- what is shipped ----


@cache
def shipped() -> tuple[Pretrained, dict[str, Any]]:
    return load_folder(FOLDER), json.loads((FOLDER / "training.json").read_text("utf-8"))


def test_what_is_shipped_has_the_loss_that_is_told() -> None:
    assert_check_holds(*shipped())


def test_what_is_shipped_is_small_and_of_the_told_shape() -> None:
    stored, told = shipped()
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) <= 12_000_000
    assert replace(stored.architecture, dropout=0.0) == ARCHITECTURE == Architecture(**told["architecture"])
    assert stored.model.count_params() == told["parameters"] == SMALL_GPT.parameters
    assert 1_000_000 <= told["parameters"] <= 5_000_000
    assert Recipe(**told["recipe"]) == Recipe()


def test_the_told_curve_is_that_of_a_training_that_did_not_overfit() -> None:
    told = shipped()[1]
    validation = [moment["validation_loss"] for moment in told["curve"]]
    assert [moment["step"] for moment in told["curve"]] == list(range(200, Recipe().steps + 1, 200))
    assert min(validation) == validation[-1] < validation[0] - 1
    text = told["text"]
    assert told["bits_per_character"] == pytest.approx(
        bits_per_character(told["validation_loss"] * (text["validation_tokens"] - 1), text["validation_characters"]),
        rel=1e-6,
    )


def test_it_writes_english_better_than_an_untrained_one() -> None:
    stored, _ = shipped()
    text = "If the array is empty, the function returns None. The default value of this parameter is True."
    tokens = stored.tokenizer.ids(text)
    trained_loss = losses(stored.model, tokens, 128).mean()
    assert trained_loss < 0.7 * losses(build_transformer(ARCHITECTURE), tokens, 128).mean()
