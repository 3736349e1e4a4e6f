"""The page of the matrix: it opens with or without results, follows its widgets, and computes what it says."""

import json
from pathlib import Path
from typing import Any

import pytest

from evidence.fit import stored
from lab import fit_matrix
from lab.fit_findings import findings
from lab.lessons import fit_long_context
from lab.lessons.fit_cell import curve_rows
from tests.pages.conftest import open_page


def words(page: Any) -> str:
    return " ".join(block.proto.body for block in page.main.get("html"))


def run(seed: int, score: float, curve: list[list[float]]) -> dict[str, Any]:
    return {"seed": seed, "score": score, "valid": curve[-1][1], "steps": 10, "seconds": curve[-1][0], "curve": curve}


def cell(task: str, family: str, scores: tuple[float, ...], chance: float) -> dict[str, Any]:
    runs = [run(seed, score, [[0.0, chance, chance], [0.02, chance + 0.05, chance + 0.05], [1.5, score, score]])
            for seed, score in enumerate(scores)]  # fmt: skip
    return {"task": task, "family": family, "setting": "learning rate 0.01", "parameters": 3000, "chance": chance,
            "share": 1.0, "tried": {"learning rate 0.01": scores[0]}, "runs": runs, "took": 3.0}  # fmt: skip


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stored matrix of two rows, in the place of the real one."""
    cells = [cell("wine", "baseline", (0.99, 0.98, 0.99), 0.4), cell("wine", "mlp", (0.95, 0.94, 0.95), 0.4),
             cell("wine", "transformer", (0.80, 0.81, 0.80), 0.4), cell("parity", "gru", (1.0, 1.0, 1.0), 0.5),
             cell("parity", "transformer", (0.5, 0.51, 0.5), 0.5)]  # fmt: skip
    path = tmp_path / "architecture_fit.json"
    about = {"seeds": [0, 1, 2], "seconds": 60, "created": "2026-01-01T00:00:00", "device": "CPU", "commit": ""}
    stored.write(cells, about, path)
    monkeypatch.setattr(fit_matrix, "RESULT", path)
    monkeypatch.setattr(fit_matrix.matrix, "__defaults__", (path,))
    return path


def test_opens_without_results_and_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_matrix.matrix, "__defaults__", (tmp_path / "none.json",))
    for name in ("LAG_FILE", "COST_FILE"):
        monkeypatch.setattr(fit_long_context, name, tmp_path / "none.json")
    page = open_page("architecture_fit")
    assert not page.exception
    assert "not measured on this machine yet" in words(page)
    assert "python -m evidence architecture-fit" in page.info[0].value


def test_opens_with_the_stored_results() -> None:
    page = open_page("architecture_fit")
    assert not page.exception
    assert "How good is each family" in words(page) and "Why long context decides" in words(page)


def test_a_cell_is_chosen_by_its_names_and_shows_its_runs_and_code(small: Path) -> None:
    page = open_page("architecture_fit", task="wine", family="mlp")
    assert not page.exception
    assert "Wines: Multilayer perceptron" in words(page) and "0.947" in words(page)
    page.selectbox(key="fit:family").select("gan").run()
    assert not page.exception and "Does not apply." in words(page)
    page.selectbox(key="fit:family").select("transformer").run()
    page.selectbox(key="fit:task").select("parity").run()
    assert "Not reached in this budget" in words(page)
    assert any("def transformer(" in block.value for block in page.code)


def test_unknown_names_in_the_address_fall_back_to_the_first_cell(small: Path) -> None:
    page = open_page("architecture_fit", task="alchemy", family="stone")
    assert not page.exception and "Adding problem, T = 50: Transformer" in words(page)


def test_filters_leave_only_their_groups(small: Path) -> None:
    page = open_page("architecture_fit")
    page.button_group(key="fit:groups").select("Tables").run() if hasattr(page, "button_group") else None
    page.select_slider(key="fit:budget").set_value(1 / 64).run()
    assert not page.exception


def test_a_smaller_budget_takes_the_earlier_look(small: Path) -> None:
    whole, early = fit_matrix.matrix(small), fit_matrix.matrix(small).within(1 / 64)
    late, soon = whole.cell("wine", "mlp"), early.cell("wine", "mlp")
    assert late and soon and late.mean == pytest.approx(0.9467, abs=1e-3) and soon.mean == pytest.approx(0.45)
    assert soon.seconds == pytest.approx(0.02)
    assert whole.row("wine")[0].family == "baseline"


def test_findings_follow_from_the_cells(small: Path) -> None:
    told = {finding.title: finding.rows for finding in findings(fit_matrix.matrix(small))}
    assert told["Where no network is best"] == ("Wines: learning rate 0.01 (0.987), the best network Multilayer "
                                                "perceptron (0.947).",)  # fmt: skip
    assert any("Wines" in row for row in told["Where the Transformer loses to another network"])
    assert any("Parity, 16 bits" in row and "Transformer" in row for row in told["Not reached in this budget"])
    assert "Where the Transformer is the best network" not in told


def test_the_interval_is_students() -> None:
    mean, low, high = fit_matrix.interval((1.0, 2.0, 3.0))
    assert mean == 2.0 and high - mean == pytest.approx(4.303 / 3**0.5) and mean - low == pytest.approx(high - mean)


def test_the_judged_look_is_marked_once_for_each_seed(small: Path) -> None:
    found = fit_matrix.matrix(small).cell("wine", "mlp")
    assert found
    marked = [row for row in curve_rows(found) if row["chosen"]]
    assert len(marked) == 3 and all(row["part"] == "test" and row["seconds"] == 1.5 for row in marked)


def test_a_file_that_was_cut_off_counts_as_not_measured(small: Path) -> None:
    small.write_text(json.dumps({"about": {}})[:-3], encoding="utf-8")
    assert stored.read(small) == {"about": {}, "cells": []}


def costs(seconds: dict[str, list[float]]) -> list[dict[str, Any]]:
    fixed = {"batch": 1, "cores": 1, "megabytes": 1.0}
    pairs = [(kind, zip((16, 64, 256), values, strict=True)) for kind, values in seconds.items()]
    return [{"kind": kind, "length": length, "seconds": value, **fixed} for kind, row in pairs for length, value in row]


@pytest.mark.parametrize(
    ("attention", "at"), [([1.0, 4.0, 64.0], 64.0), ([2.0, 2.0, 32.0], None), ([0.5, 2.0, 1.0], None)]
)
def test_the_crossing_lies_where_the_times_are_equal(attention: list[float], at: float | None) -> None:
    found = fit_long_context.crossing(costs({"transformer": attention, "lstm": [4.0, 4.0, 4.0]}), "lstm", 1, 1)
    if at is not None:
        assert found == pytest.approx(at)
    elif attention[-1] < 4.0:
        assert found is None
    else:
        assert found == pytest.approx(64 * 4**0.25)
