"""The family as a whole: what is recorded, what it answers, what counting reaches."""

from typing import Any

import numpy as np
import pytest

from lab.datasets.dataset import UnfitData
from models import transformer, transformer_look, transformer_questions
from models.attention_scores import head_scores
from models.configs import TransformerConfig
from models.transformer_baselines import NGram, baselines
from models.transformer_look import evaluate

answer: Any = transformer_questions.answer  # its fields may be None, which the tests would have to deny each time
overview: Any = transformer_look.overview
SMALL: dict[str, Any] = {"width": 16, "examples": 120, "mlp": 1}


def small(**settings: Any) -> tuple[Any, Any]:
    config = TransformerConfig(**{**SMALL, **settings})
    data = transformer.load(config)
    return transformer.build(config, data), data


def test_what_is_recorded_is_the_models_attention_and_its_scores() -> None:
    model, data = small()
    view = overview(model, data)
    found = answer(model, data, {"test_row": 0})
    np.testing.assert_allclose(view.seen_attention[0], found.attention, atol=1 / 255)
    scores = [answer(model, data, {"test_row": row}) for row in range(12)]
    wanted = np.mean([head_scores(one.attention, one.tokens) for one in scores], axis=0)
    np.testing.assert_allclose(view.seen_scores, wanted, atol=1e-4)


@pytest.mark.parametrize("kind", ["decoder", "encoder", "encoder_decoder"])
def test_metrics_are_those_of_the_logits(kind: Any) -> None:
    model, data = small(dataset="reverse", kind=kind)
    metrics = evaluate(model, data, overview(model, data))
    logits = np.asarray(model(data.features("test", 200)))
    targets = data.test_targets[:200]
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    losses: list[float] = []
    hits: list[bool] = []
    exact: list[bool] = []
    for row, wanted in enumerate(targets):
        places = [place for place in range(len(wanted)) if wanted[place] >= 0]
        losses += [-np.log(shares[row, place, wanted[place]]) for place in places]
        right = [logits[row, place].argmax() == wanted[place] for place in places if wanted[place] != data.end]
        hits, exact = hits + right, [*exact, all(right)]
    assert metrics["test_loss"] == pytest.approx(np.mean(losses), rel=1e-4)
    assert metrics["test_accuracy"] == pytest.approx(np.mean(hits))
    assert metrics["test_exact"] == pytest.approx(np.mean(exact))
    assert metrics["test_bits"] == pytest.approx(metrics["test_loss"] / np.log(2))


def test_questions_are_answered_by_the_network_itself() -> None:
    model, data = small(dataset="dates", kind="encoder_decoder")
    found = answer(model, data, {"text": "5 March 1999"})
    assert "".join(found.source_texts) == "5 March 1999"
    said = found.top_ids[:-1, 0]
    np.testing.assert_array_equal(said, found.tokens[1:])
    given = answer(model, data, {"text": "5 March 1999", "answer": "1999-03-05"})
    assert "".join(given.texts) == "=1999-03-05"
    assert given.cross_attention.shape == (2, 2, 11, 12)


def test_surgery_is_asked_for_in_plain_lists() -> None:
    model, data = small()
    cut = answer(model, data, {"test_row": 0, "surgery": {"cut_arrows": [[0, 1, 5, 2]], "cut_layers": [1]}})
    assert cut.attention[0, 1, 5, 2] == 0
    wrong: list[dict[str, Any]] = [
        {"cut_arrows": [["a"]]},
        {"burn": []},
        {"cut_heads": 3},
        {"cut_layers": [2]},
        {"cut_heads": [[0]]},
    ]
    for bad in wrong:
        with pytest.raises(ValueError):
            answer(model, data, {"test_row": 0, "surgery": bad})


def test_writing_gives_the_alternatives() -> None:
    model, data = small(dataset="characters", length=16, positions="learned")
    found = answer(model, data, {"text": "The ", "write": {"count": 5, "temperature": 1, "top_k": 3, "compare": True}})
    assert len(found.generated) == 5 and found.generated_top_ids.shape == (5, 10)
    assert (found.generated_kept == 3).all() and found.seconds_plain[0] > 0
    assert all(token in ids[:3] for token, ids in zip(found.generated, found.generated_top_ids, strict=True))


BAD: list[dict[str, Any]] = [
    {"text": ""}, {"text": "🙂"}, {"tokens": ["a"]}, {"tokens": []}, {"tokens": [999]}, {"else": 1}, {"test_row": "x"},
    {"text": "a", "write": {"top_p": "b"}},
]  # fmt: skip


@pytest.mark.parametrize("question", BAD)
def test_bad_questions_get_a_sentence(question: dict[str, Any]) -> None:
    model, data = small()
    with pytest.raises(ValueError):
        answer(model, data, question)


def test_a_network_overfits_a_few_sequences() -> None:
    config = TransformerConfig(dataset="copy", length=3, width=32, mlp=1, examples=60, batch_size=60, steps=80,
                               learning_rate=0.01)  # fmt: skip
    data = transformer.load(config)
    model = transformer.build(config, data)
    last = list(transformer.train(config, data, model))[-1]
    assert last.metrics["train_accuracy"] > 0.9


@pytest.mark.parametrize("settings", [{"heads": 3}, {"dataset": "characters", "kind": "encoder"},
                                      {"positions": "rotary", "width": 18, "heads": 2}])  # fmt: skip
def test_settings_that_do_not_fit_are_told_why(settings: dict[str, Any]) -> None:
    with pytest.raises(UnfitData):
        small(**settings)


def test_n_grams_count_as_by_hand() -> None:
    inputs, targets = np.array([[1, 2, 1, 2]]), np.array([[2, 1, 2, 3]])
    gram = NGram(inputs, targets, 2, 4)
    single = (np.bincount(targets[0], minlength=4) + 3 * 0.25) / (4 + 3)  # 4 tokens of 3 kinds, then an even share
    after = {1: (2 + 1 * single[2]) / (2 + 1), 2: (1 + 2 * single[1]) / (2 + 2)}
    shares, right = gram.right(np.array([[1, 2]]), np.array([[2, 1]]))
    np.testing.assert_allclose(shares[0], [after[1], after[2]])
    assert right[0, 0]


def test_baselines_stand_beside_every_task() -> None:
    _, data = small()
    found = {(one.name, one.metric): one.value for one in baselines(data)}
    assert found["Chance", "test_accuracy"] == data.chance
    assert found["Bigram", "test_accuracy"] < 0.2  # counting does not solve induction
