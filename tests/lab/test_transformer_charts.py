"""What the pictures of the Transformer page are made of, recomputed: bytes of a reading, main axes, changes, words."""

import json
import struct
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA

from lab.charts import transformer_meaning as meaning
from lab.charts.transformer_generation import alternatives, cache_times
from lab.charts.transformer_reading import About, changed_candidates, means, reading_bytes, striking_head
from lab.charts.transformer_surgery import before_after, name, sentence
from lab.components.attention_reader import Cell, Cut, cell_of, cut_of
from lab.lessons.transformer_meaning import ends_of

LAYERS, HEADS, LENGTH, SIZE, CANDIDATES = 2, 3, 5, 4, 6
ABOUT = About("test", "decoder", "pre", "learned", "gelu", 1e-5)


def trace(seed: int = 0, scale: float = 1.0) -> dict[str, Any]:
    """Return random arrays with the names and shapes of a trace; the rows of the attention add up to 1."""
    random = np.random.default_rng(seed)
    attention = np.tril(random.random((LAYERS, HEADS, LENGTH, LENGTH)))
    attention /= attention.sum(axis=-1, keepdims=True)
    shares = np.sort(random.random((LENGTH, CANDIDATES)), axis=-1)[:, ::-1]
    ids = np.stack([random.permutation(20)[:CANDIDATES] for _ in range(LENGTH)])
    return {
        "shown_layers": np.arange(LAYERS), "tokens": np.arange(LENGTH),
        "texts": np.array(["The", " bank", " of", " \n", "مرحبا"]),
        "queries": scale * random.normal(size=(LAYERS, HEADS, LENGTH, SIZE)), "attention": attention,
        "stream": random.normal(size=(LAYERS + 1, LENGTH, HEADS * SIZE)),
        "head_scores": random.random((LAYERS, HEADS, 7)),
        "head_types": np.array([["mixed"] * HEADS] * LAYERS), "mlp_hidden": random.normal(size=(LAYERS, LENGTH, 16)),
        "top_ids": ids, "top_probabilities": shares / 10, "top_logits": np.log(shares),
        "top_texts": np.array([[f" w{one}" for one in row] for row in ids]),
    }  # fmt: skip


def unpacked(reading: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read what the browser reads, by the documented layout alone."""
    (length,) = struct.unpack_from("<I", reading)
    header = json.loads(reading[4 : 4 + length])
    arrays = {
        key: np.frombuffer(reading, "<f4" if place["bits"] == 32 else "<f2", place["count"], place["start"]).reshape(
            place["shape"]
        )
        for key, place in header["arrays"].items()
    }
    return header, arrays


def test_a_reading_comes_out_as_it_went_in() -> None:
    given = trace()
    header, arrays = unpacked(reading_bytes(given, ABOUT))
    assert header["texts"] == ["The", " bank", " of", " \n", "مرحبا"]
    assert (header["layers"], header["heads"], header["headWidth"], header["width"]) == (LAYERS, HEADS, SIZE, 12)
    assert header["mlpWidth"] == 16 and header["causal"] and header["finalNorm"]
    for key in ("queries", "attention", "stream", "top_logits"):
        np.testing.assert_allclose(arrays[key], given[key], rtol=1e-6)
    np.testing.assert_allclose(arrays["layer_mean"], given["attention"].mean(axis=1), rtol=1e-6)
    assert all(place["start"] % 4 == 0 for place in header["arrays"].values())


def test_a_large_reading_travels_in_half_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.charts.transformer_reading.PRECISE", 100)
    given = trace(scale=1e6)
    header, arrays = unpacked(reading_bytes(given, ABOUT))
    assert {place["bits"] for place in header["arrays"].values()} == {16}
    np.testing.assert_allclose(arrays["attention"], given["attention"], atol=6e-4)
    assert np.isfinite(arrays["queries"]).all()


def test_readings_of_other_numbers_have_other_names() -> None:
    names = [unpacked(reading_bytes(trace(seed), ABOUT))[0]["id"] for seed in (0, 1, 0)]
    assert names[0] == names[2] != names[1]


def test_means_over_heads_are_attention_again() -> None:
    found = means(trace()["attention"])
    assert found["layer_mean"].shape == (LAYERS, LENGTH, LENGTH) and found["whole_mean"].shape == (1, LENGTH, LENGTH)
    np.testing.assert_allclose(found["layer_mean"].sum(axis=-1), 1.0)
    np.testing.assert_allclose(found["whole_mean"][0], found["layer_mean"].mean(axis=0))


def test_the_reader_opens_at_the_most_telling_head() -> None:
    given = trace()
    given["head_scores"][:] = 0.1
    given["head_scores"][..., 3] = 1.0  # a sink tells nothing
    given["head_scores"][1, 2, 5] = 0.8
    assert striking_head(given) == (1, 2)


def test_changes_join_the_candidates_of_both_networks() -> None:
    before, after = trace(0), trace(1)
    change = changed_candidates(before, after, most=4)
    for place in range(LENGTH):
        known = [
            dict(zip(one["top_texts"][place], one["top_probabilities"][place], strict=True)) for one in (before, after)
        ]
        largest = {text: max(one.get(text, 0) for one in known) for one in known for text in one}
        assert change.texts[place] == sorted(largest, key=lambda text: -largest[text])[:4]
        for shares, one in zip((change.before[place], change.after[place]), known, strict=True):
            for text, share in zip(change.texts[place], shares, strict=True):
                assert share == pytest.approx(one[text]) if text in one else np.isnan(share)
    told = sentence(change, 0)
    assert f"{np.nanmax(change.before[0]):.1%}" in told
    assert before_after(change, 0).to_dict()


def test_an_unchanged_network_has_no_change() -> None:
    given = trace()
    change = changed_candidates(given, given)
    np.testing.assert_array_equal(change.before, change.after)


@pytest.mark.parametrize("shape", [(40, 7), (6, 20), (3, 2)])
def test_main_axes_are_those_of_scikit_learn(shape: tuple[int, int]) -> None:
    points = np.random.default_rng(0).normal(size=shape) @ np.diag(np.linspace(1, 4, shape[1]))
    found, shares = meaning.main_axes(points)
    fitted = PCA(2).fit(points)
    expected = fitted.transform(points)
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-8)
    np.testing.assert_allclose(shares, fitted.explained_variance_ratio_, atol=1e-10)
    assert all(found[np.abs(found[:, k]).argmax(), k] > 0 for k in (0, 1))


def test_names_that_would_overlap_are_left_out() -> None:
    places = np.array([[0.0, 0.0], [0.02, 0.01], [1.0, 0.0], [0.01, 0.5], [1.0, 1.0]])
    np.testing.assert_array_equal(meaning.with_room(places), [True, False, True, True, True])
    np.testing.assert_array_equal(meaning.with_room(np.zeros((3, 2))), [True, False, False])
    assert len(meaning.with_room(np.zeros((0, 2)))) == 0


def test_one_point_has_a_place_too() -> None:
    found, shares = meaning.main_axes(np.ones((1, 5)))
    np.testing.assert_array_equal(found, 0.0)
    assert not shares.any()


def test_cosines_by_layer() -> None:
    one, other = np.random.default_rng(0).normal(size=(2, 3, 8))
    found = meaning.cosines_by_layer(one, other)
    expected = [a @ b / np.sqrt((a @ a) * (b @ b)) for a, b in zip(one, other, strict=True)]
    np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(meaning.cosines_by_layer(one, 3 * one), 1.0)
    np.testing.assert_allclose(meaning.cosines_by_layer(one, -one), -1.0)


def test_neighbours_on_a_circle_are_alike_and_opposite_places_are_not() -> None:
    angles = np.arange(40) / 40 * 2 * np.pi
    near, far = meaning.neighbour_cosines(np.stack([np.cos(angles), np.sin(angles)], axis=1))
    assert near == pytest.approx(np.cos(angles[1])) and far == pytest.approx(-1)
    assert meaning.neighbour_cosines(np.ones((1, 2))) == (1.0, 1.0)


def test_nearest_are_the_largest_cosines() -> None:
    vectors = np.array([[1.0, 0], [0.9, 0.1], [0, 1], [-1, 0]])
    assert [text for text, _ in meaning.nearest(vectors, ["a", "b", "c", "d"], 0)] == ["b", "c", "d"]
    assert meaning.nearest(vectors, ["a", "b", "c", "d"], 0)[-1][1] == pytest.approx(-1)


def test_pictures_of_meaning_can_be_drawn() -> None:
    random = np.random.default_rng(0)
    vectors, texts = random.normal(size=(12, 6)), [f" w{k}" for k in range(12)]
    for chart in (
        meaning.embeddings(vectors, texts, [True] * 3 + [False] * 9), meaning.positions(vectors),
        meaning.similarity({"a": np.linspace(1, 0, 4), "b": np.zeros(4)}),
        meaning.words_in_space(vectors, 2 * vectors, ["first"] * 6 + ["second"] * 6, texts, ["w0"] + [""] * 11),
        alternatives([" a", " b"], [[" a", " c"], [" d", " b"]], [[0.6, 0.2], [0.5, 0.4]]),
        cache_times({"with": 1.0, "without": 2.0}),
    ):  # fmt: skip
        assert chart.to_dict()["height"] > 0


@pytest.mark.parametrize(
    ("texts", "word", "expected"),
    [
        (["The", " bank", " of", " the", " bank"], "bank", [1, 4]),
        (["The", " b", "ank", " river"], "Bank", [2]),
        (["[CLS]", "riv", "##er", "bank", "[SEP]"], "river", [2]),
        ([" embankment", " bank", "er"], "bank", [1]),
        ([" river"], "bank", []),
        (["b", "a", "n", "k"], "bank", [3]),
    ],
)
def test_the_ends_of_a_word_are_found_across_tokens(texts: list[str], word: str, expected: list[int]) -> None:
    assert ends_of({"texts": np.array(texts)}, word) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"part": "query", "layer": 1, "head": 2, "unit": 3, "row": 4, "key": "k"}, Cell("query", 1, 2, 3, 4, "k")),
        ({"part": "norm", "layer": 1, "key": "k"}, None),
        ({"part": "query", "layer": -1, "key": "k"}, None),
        ({"part": "query", "layer": 0.5, "key": "k"}, None),
        ({"part": "query", "layer": True, "key": "k"}, None),
        ({"part": "query", "layer": float("nan"), "key": "k"}, None),
        ({"part": "query", "layer": 0}, None),
        ({"part": "query", "layer": 0, "key": "k" * 999}, None),
        ("query", None),
        (None, None),
    ],
)
def test_only_a_well_formed_cell_is_taken(said: Any, expected: Cell | None) -> None:
    assert cell_of({"cell": said}) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"kind": "arrow", "layer": 1, "head": 2, "to": 3, "from": 4}, Cut("arrow", 1, 2, 3, 4)),
        ({"kind": "head", "layer": 1, "head": 2}, Cut("head", 1, 2)),
        ({"kind": "layer", "layer": 1}, Cut("layer", 1)),
        ({"kind": "everything", "layer": 1}, None),
        ({"kind": "head", "layer": "1"}, None),
        ({"kind": "head", "layer": 10**9}, None),
        ([1], None),
    ],
)
def test_only_a_well_formed_cut_is_taken(said: Any, expected: Cut | None) -> None:
    assert cut_of({"cut": said}) == expected


@pytest.mark.parametrize(("text", "shown"), [(" the", "␣the"), ("s", "s"), ("\n", "↵"), (" \n", "␣↵")])
def test_tokens_are_written_so_that_they_can_be_told_apart(text: str, shown: str) -> None:
    assert name(text) == shown
