"""The comparison with GPT-2's recorded answers: finds agreement where there is, and differences where there are."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evidence import pretrained_gpt2 as evidence
from lab.datasets.dataset import UnfitData
from models.pretrained import load_folder

FOLDER = Path(__file__).resolve().parents[1] / "data" / "tiny-gpt2"


def recorded() -> dict[str, Any]:
    """Return the reference's answer to the tiny model's text in the form of the recorded ones."""
    with np.load(FOLDER / "expected.npz", allow_pickle=False) as right:
        logits, attentions, ids, text = (right[name] for name in ("logits", "attentions", "ids", "text"))
    best = np.argsort(-logits[-1])[:20]
    loaded = load_folder(FOLDER)
    return {
        "prompt": loaded.tokenizer.decode(ids) if str(text) else "", "token_ids": ids.tolist(),
        "top_logits": [[int(one), float(logits[-1][one])] for one in best],
        "attention": {"layer 0 head 1": attentions[0, 1].tolist(), "layer 2 head 3": attentions[2, 3].tolist()},
    }  # fmt: skip


def test_the_right_network_agrees_and_another_activation_does_not() -> None:
    loaded, prompt = load_folder(FOLDER), recorded()
    found = evidence.compared(loaded.model, loaded, prompt)
    assert found["same_tokens"] and found["same_best"] and found["among_best_20"] == 20
    assert found["logits"] < 1e-4 and found["attention"] < 1e-4
    other = evidence.compared(evidence.exact(loaded, FOLDER), loaded, prompt)
    assert 1e-4 < other["logits"] < 1


def test_what_differs_is_named() -> None:
    right = {"prompt": "The dog", "same_tokens": True, "same_best": True, "logits": 0.001, "attention": 0.0001}
    found = {"parameters": evidence.PARAMETERS, "dog_goes_on": list(evidence.DOG_GOES_ON), "exact": [right]}
    assert evidence.faults(found) == []
    assert "not 124,439,808" in evidence.faults({**found, "parameters": 1})[0]
    assert "goes on with [1]" in evidence.faults({**found, "dog_goes_on": [1]})[0]
    assert "another best" in evidence.faults({**found, "exact": [{**right, "same_best": False}]})[0]
    assert "attention 0.1 apart" in evidence.faults({**found, "exact": [{**right, "attention": 0.1}]})[0]


def test_the_recorded_answers_are_whole() -> None:
    prompts = evidence.reference()
    assert len(prompts) == 5
    for prompt in prompts:
        assert len(prompt["top_logits"]) == 20 and len(prompt["attention"]) == 3
        for rows in prompt["attention"].values():
            attention = np.array(rows)
            assert attention.shape == (len(prompt["token_ids"]),) * 2
            np.testing.assert_allclose(attention.sum(-1), 1, atol=1e-4)
            assert not np.triu(attention, 1).any(), "no token sees the future"


def test_without_weights_it_says_so_and_ends_with_status_two(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nowhere(*_: Any) -> Path:
        raise UnfitData("There seems to be no way to the internet.")

    monkeypatch.setattr(evidence, "fetch", nowhere)
    assert evidence.main([]) == 2
    assert "no way to the internet" in capsys.readouterr().err
