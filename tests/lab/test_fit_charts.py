"""The pictures of a race: every layer takes the rows that are sent, and the rows say what the board says."""

import altair as alt
import numpy as np
import pytest

from lab.charts import fit_leaderboard

LINES = [
    {"title": "1. MLP", "network": True, "values": (0.9, 0.8), "mean": 0.85, "low": 0.1, "high": 1.0},
    {"title": "2. Ridge", "network": False, "values": (0.7,), "mean": 0.7, "low": float("-inf"), "high": float("inf")},
    {"title": "LSTM", "network": True, "values": (), "mean": float("nan"), "low": float("-inf"), "high": float("inf")},
]


def test_the_rows_of_the_leaderboard():
    rows = fit_leaderboard.leaderboard_rows(LINES)
    assert rows.groupby("part").size().to_dict() == {"fold": 3, "mean": 2, "none": 1}
    assert list(dict.fromkeys(rows["method"])) == ["1. MLP", "2. Ridge", "LSTM"]
    means = rows[rows["part"] == "mean"].set_index("method")
    assert means.loc["2. Ridge", "low"] == means.loc["2. Ridge", "high"] == 0.7  # not known: no band
    assert means.loc["1. MLP", "low"] == pytest.approx(0.5) and means.loc["1. MLP", "high"] == 1.0  # cut, not endless
    assert np.isfinite(means[["low", "high"]].to_numpy(float)).all()


@pytest.mark.parametrize("picture", [fit_leaderboard.leaderboard("accuracy", 15), fit_leaderboard.learning("loss")])
def test_live_pictures_hold_no_rows_of_their_own(picture):
    assert "data" not in picture and "datasets" not in picture
    assert picture["layer"] and all("data" not in layer for layer in picture["layer"])
    alt.LayerChart.from_dict({**picture, "data": {"values": []}})  # a valid specification


def test_curves_have_a_line_for_each_fold_and_part():
    rows = fit_leaderboard.curve_rows({0: [(10, 0.5, 0.6), (20, 0.4, 0.5)], 1: [(10, 0.7, 0.8)]})
    assert len(rows) == 6 and rows["line"].nunique() == 4
    assert rows[rows["rows"] == "kept aside"]["loss"].tolist() == [0.6, 0.5, 0.8]


def test_calibration_pictures_leave_out_what_says_nothing():
    assert fit_leaderboard.reliability([[2, 0.5, 0.5], [0, 0.0, 0.0]]) is None
    chart = fit_leaderboard.reliability([[2, 0.5, 0.5], [40, 0.9, 0.8]])
    assert chart is not None and len(chart.to_dict()["layer"]) == 3
    assert fit_leaderboard.covered([]) is None and fit_leaderboard.residuals([], "") is None
    inside, points = fit_leaderboard.covered([(0.5, 0.52), (0.9, 0.88)]), fit_leaderboard.residuals([(1.0, 1.5)], "mpg")
    assert inside is not None and inside.to_dict()["layer"]
    assert points is not None and points.to_dict()["layer"]
