"""The pictures of the matrix: every row of data is in them, and states are told without colour, too."""

from typing import Any

import pytest

from lab.charts import architecture_fit, long_context


def cell(task: str, family: str, state: str, regret: float | None, label: str) -> dict[str, Any]:
    return {"task": task, "family": family, "task_name": task, "family_name": family, "state": state, "regret": regret,
            "label": label, "best": regret == 0, "told": "", "detail": "", "why": ""}  # fmt: skip


def found(spec: Any, kind: str) -> list[Any]:
    """Return the values of all keys of a name, anywhere in a chart."""
    if isinstance(spec, dict):
        return [value for name, value in spec.items() if name == kind] + [
            one for value in spec.values() for one in found(value, kind)
        ]
    return [one for value in spec for one in found(value, kind)] if isinstance(spec, list) else []


def test_the_heat_map_holds_every_cell_and_can_be_clicked() -> None:
    rows = [cell("Wines", "MLP", "measured", 0.0, "0.98"), cell("Wines", "GAN", "does_not_apply", None, "–"),
            cell("Wines", "GRU", "not_reached", 0.9, "0.40")]  # fmt: skip
    spec = architecture_fit.heat_map(rows, ["Wines"], ["MLP", "GAN", "GRU"], ("Wines", "GRU")).to_dict()
    (data,) = spec["datasets"].values()
    assert [row["label"] for row in data] == ["0.98", "–", "0.40"]
    assert [row["chosen"] for row in data] == [False, False, True]
    (picked,) = [one for one in spec["params"] if one["name"] == "cell"]
    assert picked["select"]["fields"] == ["task_name", "family_name"]
    filters = found(spec, "filter")
    assert "datum.state == 'not_reached'" in filters and "datum.state == 'does_not_apply'" in filters


def test_a_row_shows_all_seeds_and_chance() -> None:
    gru = {"family": "GRU", "mean": 0.9, "low": 0.8, "high": 1.0, "scores": (0.85, 0.95), "chosen": True}
    mlp = {"family": "MLP", "mean": 0.5, "low": 0.4, "high": 0.6, "scores": (0.45, 0.55), "chosen": False}
    rows = [gru, mlp]
    spec = architecture_fit.row_picture(rows, 0.5, "a coin", "share right").to_dict()
    values = [row for data in spec["datasets"].values() for row in data]
    assert sorted(row["score"] for row in values if "score" in row) == [0.45, 0.55, 0.85, 0.95]
    assert [row["chance"] for row in values if "chance" in row] == [0.5]
    assert any("a coin" in str(title) for title in found(spec, "title"))


@pytest.mark.parametrize("live", [(), (0.7, 0.8)])
def test_live_seeds_stand_beside_the_stored_ones(live: tuple[float, ...]) -> None:
    spec = architecture_fit.seeds((0.9, 0.95), (0.88, 0.97), live, "share right").to_dict()
    values = [row for data in spec["datasets"].values() for row in data]
    assert [row["score"] for row in values if row["row"] == "live"] == list(live)


def test_families_keep_their_colour_and_shape_whoever_else_is_shown() -> None:
    rows = [{"family": name, "length": 16, "seconds": 1.0} for name in ("Transformer", "LSTM")]
    both, one = (long_context.by_length(some, "seconds", "Seconds").to_dict() for some in (rows, rows[1:]))

    def look_of(spec: Any, family: str) -> list[Any]:
        scales = [one for one in found(spec, "scale") if family in one.get("domain", [])]
        return sorted({one["range"][one["domain"].index(family)] for one in scales})

    assert look_of(both, "LSTM") == look_of(one, "LSTM") != look_of(both, "Transformer")
