"""Answers about a text: each cell of a trace done again in NumPy from the weights that are handed out for it."""

import json
from itertools import product
from typing import Any

import numpy as np
import pytest

from models.transformer import Architecture, build_transformer
from models.transformer_answers import MOST_ROWS, answer, read
from models.transformer_cell import cell_weights

TOKENS = [3, 1, 4, 1, 5, 9, 2]
SMALL = {"layers": 2, "heads": 2, "width": 8, "mlp_width": 12, "vocabulary": 30, "context": 16}
ROW = 4


def network(**changes: Any) -> tuple[Any, Architecture]:
    architecture = Architecture(**{**SMALL, **changes})
    model = build_transformer(architecture, seed=0)
    random = np.random.default_rng(0)
    model.set_weights([random.normal(0, 0.5, weight.shape).astype(np.float32) for weight in model.get_weights()])
    return model, architecture


def asked(model: Any, a: Architecture, **question: Any) -> Any:
    return answer(model, a, TOKENS, str, question)


def column_sum(model: Any, a: Architecture, inputs: Any, part: str, unit: int, head: int = 0, layer: int = 1) -> Any:
    """Return what each handed out column gives for an input row (n,): (columns,)."""
    found = cell_weights(model, a, {"part": part, "layer": layer, "head": head, "unit": unit, "row": ROW})
    assert found.columns is not None
    return found, found.columns @ inputs + found.biases


@pytest.mark.parametrize("normalization", ["pre", "post"])
@pytest.mark.parametrize("tied", [True, False])
def test_dense_cells_are_input_times_column(normalization: Any, tied: bool) -> None:
    model, a = network(normalization=normalization, tied=tied)
    seen = asked(model, a)
    for part, name, head in product(("query", "key", "value"), (0, 1), (0, 1)):
        array = {"query": seen.queries, "key": seen.keys, "value": seen.values}[part]
        _, sums = column_sum(model, a, seen.normalized[1, ROW], part, name, head)
        assert sums[0] == pytest.approx(array[1, head, ROW, name], abs=1e-5)
    joined = seen.mixed[1, :, ROW].ravel()
    _, sums = column_sum(model, a, joined, "output", 3)
    assert sums[0] == pytest.approx(seen.attention_out[1, ROW, 3], abs=1e-5)
    _, sums = column_sum(model, a, seen.mlp_hidden[1, ROW], "mlp_out", 3)
    assert sums[0] == pytest.approx(seen.mlp_out[1, ROW, 3], abs=1e-5)
    token = int(seen.top_ids[ROW, 2])
    _, sums = column_sum(model, a, seen.final[ROW], "logit", token)
    assert sums[0] == pytest.approx(seen.top_logits[ROW, 2], abs=1e-4)


def test_a_gated_unit_needs_two_columns() -> None:
    model, a = network(activation="swiglu")
    seen = asked(model, a)
    _, (gate, value) = column_sum(model, a, seen.mlp_in[1, ROW], "mlp_in", 5)
    assert gate / (1 + np.exp(-gate)) * value == pytest.approx(seen.mlp_hidden[1, ROW, 5], abs=1e-5)


@pytest.mark.parametrize("unit", range(4))
@pytest.mark.parametrize("part", ["query", "key"])
def test_a_turned_cell_is_its_own_and_its_partners_sum_turned(part: str, unit: int) -> None:
    model, a = network(positions="rotary")
    seen = asked(model, a)
    found, sums = column_sum(model, a, seen.normalized[1, ROW], part, unit, head=1)
    array = seen.queries if part == "query" else seen.keys
    assert found.turn @ sums == pytest.approx(array[1, 1, ROW, unit], abs=1e-5)


def test_a_mixed_key_is_a_share_of_the_key_before() -> None:
    model, a = network(token_shift=True, positions="none")
    seen = asked(model, a)
    found, sums = column_sum(model, a, seen.normalized[1, ROW], "key", 2, head=1)
    _, before = column_sum(model, a, seen.normalized[1, ROW - 1], "key", 2, head=1)
    share = float(found.mix[0])
    assert (1 - share) * sums[0] + share * before[0] == pytest.approx(seen.keys[1, 1, ROW, 2], abs=1e-5)


@pytest.mark.parametrize(("part", "source", "result"), [
    ("normalization_1", "stream", "normalized"), ("normalization_2", "middle", "mlp_in"),
])  # fmt: skip
def test_normalized_cells_are_scaled_and_shifted(part: str, source: str, result: str) -> None:
    model, a = network()
    seen = asked(model, a)
    row = getattr(seen, source)[1, ROW].astype(np.float64)
    found = cell_weights(model, a, {"part": part, "layer": 1, "unit": 6})
    assert found.scale is not None and found.offset is not None
    straight = (row[6] - row.mean()) / np.sqrt(row.var() + a.epsilon)
    assert straight * found.scale[0] + found.offset[0] == pytest.approx(getattr(seen, result)[1, ROW, 6], abs=1e-4)


@pytest.mark.parametrize(
    "question",
    [
        {"part": "query", "layer": 5, "head": 0, "unit": 0}, {"part": "query", "layer": 0, "head": 9, "unit": 0},
        {"part": "value", "layer": 0, "head": 0, "unit": 99}, {"part": "logit", "unit": 400}, {"part": "bend"},
        {"part": "mlp_out", "layer": 0, "unit": 99}, {"part": "normalization_3"},
    ],
)  # fmt: skip
def test_a_cell_that_is_not_there_is_told(question: dict[str, Any]) -> None:
    model, a = network()
    with pytest.raises(ValueError, match="no cell of this kind"):
        cell_weights(model, a, question)


def test_an_answer_says_what_read_the_text() -> None:
    model, a = network()
    found = read(model, a, TOKENS, str, notes=["One sign is unknown."])
    assert found.architecture is not None and found.notes is not None
    assert Architecture(**json.loads(str(found.architecture[0]))) == a
    assert found.notes.tolist() == ["One sign is unknown."]


def test_surgery_is_done_and_checked() -> None:
    model, a = network()
    cut = asked(model, a, surgery={"cut_arrows": [[0, 1, 5, 2]], "cut_heads": [[1, 0]], "moved_positions": [[2, 0]]})
    assert cut.attention[0, 1, 5, 2] == 0 and not cut.mixed[1, 0].any()
    np.testing.assert_allclose(cut.attention.sum(axis=-1), 1.0, atol=1e-5)
    np.testing.assert_allclose(cut.positioned[2], cut.positioned[0])
    passed = asked(model, a, surgery={"cut_layers": [0]})
    np.testing.assert_allclose(passed.stream[1], passed.stream[0])
    for wrong in ({"cut_heads": [[2, 0]]}, {"cut_heads": [[0, 2]]}, {"cut_arrows": [[0, 0, 7, 0]]},
                  {"moved_positions": [[0, 16]]}, {"cut_layers": [-1]}):  # fmt: skip
        with pytest.raises(ValueError, match="there is no"):
            asked(model, a, surgery=wrong)


def test_tables_hold_the_texts_tokens_first() -> None:
    model, a = network(vocabulary=2000)
    found = asked(model, a, tables=True)
    assert found.table_ids[:6].tolist() == [3, 1, 4, 5, 9, 2] and found.typed.sum() == 6
    assert len(found.table_ids) == len(set(found.table_ids.tolist())) <= MOST_ROWS + 106
    np.testing.assert_array_equal(
        found.embeddings, model.get_layer("token_embedding").get_weights()[0][found.table_ids]
    )
    np.testing.assert_array_equal(found.position_rows, model.get_layer("positions").get_weights()[0])
    assert asked(*network(positions="none"), tables=True).position_rows is None
