"""Pictures of LSTM and GRU: from a real run to payloads and charts that say what arrays and stored results say."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lab.charts import lstm_gru_inside, lstm_gru_measured, lstm_gru_stage
from lab.direct import run as train_run
from lab.run_files import Record
from lab.shown_run import ShownRun
from models import lstm_gru
from models.configs import LstmGruConfig
from models.gates import GATES, SHOWN
from models.presets import PRESETS

SHORT = {"epochs": 1, "samples": 200, "units": 6, "lag": 8}
RESULTS = Path(__file__).resolve().parents[2] / "evidence" / "results"


@cache
def record(dataset: str, cell: str = "lstm", attention: str = "none") -> Record:
    return train_run(LstmGruConfig(dataset=dataset, cell=cell, attention=attention, **SHORT))  # type: ignore[arg-type]


def shown(dataset: str, cell: str = "lstm", attention: str = "none") -> ShownRun:
    return ShownRun.from_record(record(dataset, cell, attention), "live")


def asked(question: dict[str, Any], dataset: str = "adding", **settings: Any) -> Any:
    config = LstmGruConfig(dataset=dataset, **{**SHORT, **settings})  # type: ignore[arg-type]
    data = lstm_gru.load(config)
    return lstm_gru.look(lstm_gru.build(config, data), data, question)


# ---- stage and inside ----


@pytest.mark.parametrize(
    ("dataset", "cell", "names"),
    [
        ("adding", "lstm", ["x", "keep", "write", "cell", "show", "hidden", "output"]),
        ("recall", "gru", ["x", "ask", "keep", "hidden", "output"]),
        ("adding", "simple", ["x", "hidden", "output"]),
    ],
)
def test_the_stage_draws_the_cell_of_the_model(dataset: str, cell: str, names: list[str]) -> None:
    one = shown(dataset, cell)
    found = lstm_gru_stage.payload(one)
    assert [panel["kind"] for panel in found["panels"]] == ["network", "plane", "curves", "curves"]
    assert [layer["name"] for layer in found["panels"][0]["layers"]] == names
    tiles = lstm_gru_stage.tiles(one, one.view())
    assert len(tiles) == sum(len(layer["shown"]) for layer in found["panels"][0]["layers"] if layer["tiles"])
    assert len(json.dumps(found)) < 1_500_000


def test_a_tile_of_a_gate_is_as_high_as_the_gate_is_open() -> None:
    values = np.array([[0.0, 1.0], [0.5, 1.0]])  # two steps of two units
    found = lstm_gru_stage.heights(values)[..., 3] == 200
    assert found[0, :, 0].sum() == 0 and found[0, :, -1].sum() == 12 and found[0, -12:, -1].all()
    assert found[1].all()


@pytest.mark.parametrize("attention", ["none", "additive"])
def test_a_reversing_run_shows_who_looks_where(attention: str) -> None:
    one = shown("reverse", "gru", attention)
    panel = lstm_gru_stage.payload(one)["panels"][0]
    assert panel["kind"] == "plane" and bool(panel["backgrounds"]) == (attention != "none")
    if attention == "none":
        assert "one state of 6 numbers" in panel["messages"][-1]
    else:
        hit = float(np.mean(one.view().alignment.argmax(axis=1) == np.arange(8)[::-1]))
        assert f"{hit:.0%} of the rows" in panel["alts"][-1]


def test_gates_are_named_as_the_models_name_them() -> None:
    assert {kind: names for kind, names in GATES.items() if names} == lstm_gru_inside.GATE_NAMES
    assert {kind: names for kind, names in SHOWN.items() if kind != "simple"} == lstm_gru_inside.SHOWN_NAMES


def test_pictures_of_recorded_gates_are_drawn_or_left_out() -> None:
    lstm, plain, reversing = shown("adding"), shown("adding", "simple"), shown("reverse", "gru")
    for name in ("forget", "input", "output"):
        drawn: Any = lstm_gru_inside.gate(name)(lstm, lstm.view())
        assert drawn.to_dict()
        assert lstm_gru_inside.gate(name)(plain, plain.view()) is None
        assert lstm_gru_inside.gate(name)(reversing, reversing.view()) is None
    assert lstm_gru_inside.gate("update")(lstm, lstm.view()) is None
    assert lstm_gru_inside.cell(plain, plain.view()) is None and lstm_gru_inside.cell(lstm, lstm.view()) is not None
    assert lstm_gru_inside.gradient(reversing, reversing.view()) is None


def test_the_notice_of_a_gate_tells_means_at_marked_steps() -> None:
    one = shown("adding")
    open_by = one.view().gates[1].astype(float).mean(axis=1) / 255
    marked = one.scene["first_inputs"][:, 1] > 0
    told = lstm_gru_inside.gate_notice("forget")(one, one.view())
    assert f"Open by {open_by[marked].mean():.2f}" in told and f"by {open_by[~marked].mean():.2f}" in told


# ---- answers ----


def test_strips_and_conveyor_hold_the_values() -> None:
    one, view = shown("adding"), asked({"gates": True, "row": 1})
    words = ["x"] * 8
    assert len(lstm_gru_inside.gate_strips(one, view, 0, words).to_dict()["layer"]) == 6 + 2
    unit = lstm_gru_inside.busiest_unit(view, 0)
    state = view.gate_values[0, 4]
    assert unit == int(np.ptp(state, axis=0).argmax())
    drawn = lstm_gru_inside.conveyor(view, 0, unit, words).to_dict()
    rows = [row for table in drawn["datasets"].values() for row in table if row.get("line") == "state"]
    np.testing.assert_allclose([row["value"] for row in rows], state[:, unit], atol=1e-6)
    written = view.belt[0, 1, :, unit]
    most = int(np.abs(written).argmax())
    assert f"at step {most + 1} ({written[most]:+.2f})" in lstm_gru_inside.conveyor_notice(view, 0, unit)


def test_an_operation_and_its_difference_are_drawn() -> None:
    view = asked({"gate": "forget", "value": 0.0, "cut": None, "row": 0})
    assert lstm_gru_inside.operated(shown("adding"), view, 0, "cell").to_dict()


def test_coloured_text_marks_the_strongest_and_escapes() -> None:
    view = asked({"remember": -1, "row": 0}, dataset="recall")
    told = lstm_gru_inside.coloured_text(view, ["<", "space", *"abcdefg"])
    assert "&lt;" in told and "&nbsp;" in told and told.count("<span") == 9
    strongest = int(np.abs(view.remembered).argmax())
    assert "0.850" in told.split("<span")[1 + strongest]
    assert lstm_gru_inside.remembered(view, [""] * 9).to_dict()


def test_the_forget_bias_is_told_with_its_slopes() -> None:
    view = asked({"forget_bias": 2.0})
    assert lstm_gru_inside.bias_curve(view).to_dict() and lstm_gru_inside.bias_slopes(view).to_dict()
    told = lstm_gru_inside.bias_notice(view)
    assert f"{view.bias_asked[1]:+.2f} powers of ten" in told
    assert lstm_gru_inside.power(50 * view.bias_asked[1]) in told
    assert lstm_gru_inside.power(-3.52) == "10<sup>−3.5</sup>"


def test_an_alignment_is_drawn_cell_by_cell() -> None:
    view = asked({"align": 0}, dataset="reverse", cell="gru", attention="product", lag=4)
    drawn = lstm_gru_inside.alignment(shown("reverse", "gru"), view).to_dict()
    rows = next(iter(drawn["datasets"].values()))
    assert len(rows) == 16 and sum(row["weight"] for row in rows) == pytest.approx(4.0, abs=1e-2)


# ---- what is stored ----


def test_stored_runs_are_counted_right() -> None:
    stored = json.loads((RESULTS / "long_dependencies.json").read_text(encoding="utf-8"))
    for task in ("adding", "recall"):
        far = lstm_gru_measured.farthest(task)
        for name, lag in far.items():
            learned: dict[int, list[bool]] = {}
            for run in (one for one in stored["runs"] if (one["task"], one["name"]) == (task, name)):
                learned.setdefault(run["lag"], []).append(run["state"] == "learned")
            assert all(np.mean(states) > 0.5 for one, states in learned.items() if one <= lag)
            beyond = sorted(one for one in learned if one > lag)
            assert not beyond or np.mean(learned[beyond[0]]) <= 0.5
        assert f"GRU: {far['GRU'] or 'none'}" in lstm_gru_measured.reach_notice(task)(None, None)
        for draw in (lstm_gru_measured.reach(task), lstm_gru_measured.gradient(task)):
            assert draw(None, None).to_dict()
    assert lstm_gru_measured.race(None, None).to_dict()
    for run in stored["runs"]:
        line = stored["about"]["tasks"][run["task"]]["learned"]
        if run["score"] is None:
            assert run["state"] == "diverged"
            continue
        reached = run["score"] < line if run["task"] == "adding" else run["score"] > line
        assert (run["state"] == "learned") == reached
        assert abs(run["parameters"] - 2000) < 120


def test_two_orders_are_in_the_stored_results() -> None:
    """Adding: gates keep the noise out. Recall: default gates lose to no gates, and chrono initialization mends it."""
    adding, recall = lstm_gru_measured.farthest("adding"), lstm_gru_measured.farthest("recall")
    assert adding["GRU"] > adding["SimpleRNN"] and adding["LSTM, forget bias 1"] > adding["SimpleRNN"]
    assert recall["SimpleRNN"] > recall["LSTM, forget bias 1"] and recall["SimpleRNN"] > recall["GRU"]
    assert recall["LSTM, chrono"] > recall["LSTM, forget bias 1"]


def test_settings_of_a_stored_run_are_valid_and_make_the_same_network() -> None:
    one = lstm_gru_measured.runs("adding")[0]
    settings = lstm_gru_measured.settings("adding", one["lag"], one["name"], one["seed"])
    config = LstmGruConfig(**settings)
    assert (config.units, config.seed, config.lag) == (one["units"], one["seed"], one["lag"])
    assert config.epochs * config.samples // config.batch_size == lstm_gru_measured.most_steps("adding")
    assert set(lstm_gru_measured.racers()) == set(lstm_gru_measured.RACERS)


def test_the_bottleneck_is_told_from_the_stored_runs() -> None:
    stored = json.loads((RESULTS / "bottleneck.json").read_text(encoding="utf-8"))["runs"]
    longest = max(
        set.intersection(
            *({r["length"] for r in stored if r["attention"] == kind} for kind in ("none", "additive", "product"))
        )
    )
    shares = [run["letters"] for run in stored if (run["attention"], run["length"]) == ("none", longest)]
    assert f"{np.mean(shares):.2f} at {longest}" in lstm_gru_measured.bottleneck_notice(None, None)
    assert lstm_gru_measured.bottleneck(None, None).to_dict()
    best = [run["letters"] for run in stored if (run["attention"], run["length"]) == ("additive", longest)]
    assert np.mean(best) > np.mean(shares) + 0.2
    for settings in lstm_gru_measured.reversing().values():
        assert LstmGruConfig(**settings).dataset == "reverse"


def test_every_preset_has_a_title_that_fits() -> None:
    assert all(len(preset.title) < 40 for preset in PRESETS["lstm_gru"])
