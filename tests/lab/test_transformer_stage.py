"""The first screen of the Transformer: what its panels hold is what was recorded."""

from base64 import b64decode
from typing import Any

import numpy as np
import pytest

from lab.charts import transformer_inside, transformer_stage
from lab.charts.stage_attention import AttentionPanel, SequencePanel
from lab.charts.thumbnail import thumbnail
from lab.shown_run import ShownRun
from models.views.transformer import TransformerView

LAYERS, HEADS, LENGTH, STEPS = 2, 3, 6, (0, 10, 40, 90)
VOCABULARY = ["·", "=", "¶", "a", "b", " ", "\n"]


def recorded(crossed: bool = False, **config: Any) -> ShownRun:
    """Return a run of four moments with random attention; the last two tokens of the sequence fill it up."""
    random = np.random.default_rng(0)
    inputs = np.array([[3, 4, 5, 6, 0, 0], [4, 4, 4, 4, 4, 4]], np.int32)
    following = np.roll(inputs, -1, axis=1)
    targets = np.where((inputs > 0) & (following > 0), following, -1)
    targets[:, 0] = -1
    moments = []
    for _ in STEPS:
        maps = random.random((2, LAYERS, HEADS, LENGTH, LENGTH))
        scores = random.random((LAYERS, HEADS, 7)) * 0.3
        scores[1, 2, 5] = 0.9
        view = TransformerView(
            seen_attention=maps.astype(np.float16), seen_scores=scores.astype(np.float32),
            seen_best=random.integers(0, 7, (2, LENGTH)).astype(np.int32),
            seen_right=random.random((2, LENGTH)).astype(np.float16),
            seen_cross_attention=random.random((2, LAYERS, HEADS, LENGTH, 4)).astype(np.float16) if crossed else None,
        )  # fmt: skip
        moments.append(view.arrays())
    rows = [
        {"step": step, "epoch": 0.0, "seconds": 1.0, "train_loss": 3 - k, "test_loss": 3 - k, "train_accuracy": share,
         "test_accuracy": share, "previous_score": 0.1, "induction_score": share}
        for k, (step, share) in enumerate(zip(STEPS, (0.1, 0.15, 0.9, 0.95), strict=True))
    ]  # fmt: skip
    scene = {"inputs": inputs, "targets": targets} | ({"sources": np.array([[3, 4, 0, 0]] * 2)} if crossed else {})
    facts = {"data": {"vocabulary": VOCABULARY, "chance": 0.25, "chance_reason": "Four signs."}, "total_steps": 90,
             "baselines": [{"name": "Chance", "metric": "test_accuracy", "value": 0.25}]}  # fmt: skip
    return ShownRun("r", "transformer", {"dataset": "induction", "kind": "decoder", **config}, "live", state="finished",
                    facts=facts, scene=scene, rows=rows, moments=list(zip(STEPS, moments, strict=True)))  # fmt: skip


def test_the_stage_has_a_frame_for_every_moment() -> None:
    payload = transformer_stage.payload(recorded())
    assert payload["steps"] == list(STEPS)
    assert [panel["kind"] for panel in payload["panels"]] == ["attention", "sequence", "curves", "curves"]
    assert all(len(panel["alts"]) in (1, 4) for panel in payload["panels"])


def test_the_maps_are_those_that_were_recorded_without_what_fills_up() -> None:
    run = recorded()
    panel = transformer_stage.attention(run, run.views()).to_payload()
    assert panel["down"] == ["a", "b", "␣", "↵"] and panel["across"] == panel["down"]
    for frame, view in zip(panel["maps"], run.views(), strict=True):
        levels = np.frombuffer(b64decode(frame), np.uint8).reshape(LAYERS, HEADS, 4, 4)
        np.testing.assert_allclose(levels / 255, view.seen_attention[0, :, :, :4, :4], atol=0.003)
    assert panel["names"][0] == ["", "", "", "", "", "induction 0.90"]
    assert "layer 2, head 3: induction 0.90" in panel["alts"][0]


def test_an_encoder_decoder_shows_where_it_looks_in_the_source() -> None:
    run = recorded(crossed=True)
    panel = transformer_stage.attention(run, run.views()).to_payload()
    assert panel["across"] == ["a", "b"] and "source" in panel["title"]
    assert len(b64decode(panel["maps"][0])) == LAYERS * HEADS * 4 * 2


def test_every_place_says_what_was_recorded() -> None:
    run = recorded()
    panel = transformer_stage.result(run, run.views()).to_payload()
    seen = ["·", "=", "¶", "a", "b", "␣", "↵"]
    assert panel["wanted"][0][:4] == ["", "␣", "↵", ""] and panel["read"][0][:4] == ["a", "b", "␣", "↵"]
    for frame, view in zip(panel["said"], run.views(), strict=True):
        assert [panel["texts"][place] for place in frame] == [seen[token] for token in view.seen_best.ravel()]
    right = run.scene["targets"] == run.views()[0].seen_best
    assert f"{int(right[run.scene['targets'] >= 0].sum())} of" in panel["alts"][0]


def test_a_stored_run_is_recognised_by_its_maps() -> None:
    maps = np.zeros((LAYERS, HEADS, 4, 4))
    maps[1, 2, 3, 0] = 1.0
    picture = transformer_stage.grid(maps)
    assert picture.shape == (2 * 4 + 4, 3 * 4 + 2 * 4, 3)
    assert picture[8 + 3, 2 * 8].tolist() == [0x4A, 0x14, 0x86]
    assert (picture.reshape(-1, 3) == [0x4A, 0x14, 0x86]).all(axis=1).sum() == 1
    run = recorded()
    assert str(thumbnail(run, transformer_stage.ended)).startswith("data:image/png")


def test_panels_refuse_what_does_not_fit() -> None:
    shared: dict[str, Any] = {"title": "t", "alt": "a", "down": ("a", "b"), "across": ("a", "b")}
    with pytest.raises(ValueError, match="maps must be"):
        AttentionPanel(**shared, maps=np.zeros((1, 1, 1, 2, 3)), names=(("",),)).to_payload()
    with pytest.raises(ValueError, match="a name for each head"):
        AttentionPanel(**shared, maps=np.zeros((1, 1, 2, 2, 2)), names=(("",),)).to_payload()
    empty = SequencePanel(
        title="t", alt="a", read=(("a",),), wanted=(("",),), said=np.full((2, 1, 1), "b"), right=np.zeros((2, 1, 1))
    )
    assert empty.frame_count() == 2


def test_the_jump_is_where_the_share_right_rises_fastest() -> None:
    run = recorded()
    assert transformer_inside.jump(run) == 40
    assert "Around step 40" in transformer_inside.formation_notice(run, None)
    for row in run.rows:
        row["test_accuracy"] = 0.1
    assert transformer_inside.jump(run) is None


def test_pictures_of_the_inside_can_be_drawn() -> None:
    run = recorded()
    for draw in (transformer_inside.formation, transformer_inside.scores, transformer_inside.comparison):
        assert draw(run, run.view()).to_dict()["height"] > 0
    assert "0.25" in transformer_inside.comparison_notice(run, None)


@pytest.mark.parametrize(
    ("scores", "name"), [([0, 9, 0.39, 0, 0, 0, 0], ""), ([0, 9, 0.5, 0.6, 0, 0, 0], "first token 0.60")]
)
def test_a_head_is_named_only_when_it_is_clear(scores: list[float], name: str) -> None:
    assert transformer_stage.head_name(np.array(scores)) == name
