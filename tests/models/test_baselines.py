"""The baselines are measured right: against scikit-learn's own scores, by hand, and on data with a known answer."""

import time
from dataclasses import replace

import numpy as np
import pytest

from lab.datasets.choose import load
from models import baselines as subject
from models.baselines import baselines, score


def by_name(data, **settings):
    return {(item.name, item.metric): item.value for item in baselines(data, **settings)}


def test_the_most_frequent_class_is_counted_on_the_training_part():
    data = load("seattle_weather")
    favourite = np.bincount(data.train_targets).argmax()
    assert by_name(data)["Most frequent class", "test_accuracy"] == np.mean(data.test_targets == favourite)


def test_nearest_neighbours_by_hand():
    data = load("iris", seed=1)
    distances = np.linalg.norm(data.test_inputs[:, None] - data.train_inputs[None], axis=2)
    votes = data.train_targets[np.argsort(distances, axis=1, kind="stable")[:, :3]]
    winners = np.array([np.bincount(vote, minlength=3).argmax() for vote in votes])
    expected = np.mean(winners == data.test_targets)
    assert by_name(data)["3 nearest neighbours", "test_accuracy"] == pytest.approx(expected)


def test_ridge_by_its_closed_form():
    data = load("diabetes")
    inputs, targets = data.train_inputs.astype(float), data.train_targets.astype(float)
    centred = inputs - inputs.mean(axis=0)
    weights = np.linalg.solve(centred.T @ centred + np.eye(10), centred.T @ (targets - targets.mean()))
    predicted = (data.test_inputs - inputs.mean(axis=0)) @ weights + targets.mean()
    errors = (predicted - data.test_targets) * data.target_scale
    assert by_name(data)["Ridge regression", "test_rmse"] == pytest.approx(np.sqrt(np.mean(errors**2)), rel=1e-4)


def test_scores_of_a_regression_are_in_the_unit_of_the_target():
    from sklearn.metrics import r2_score, root_mean_squared_error

    data = load("cars")
    predicted = np.random.default_rng(0).normal(size=len(data.test_targets))
    truth, values = data.original_targets(data.test_targets), data.original_targets(predicted)
    expected = {"test_rmse": root_mean_squared_error(truth, values), "test_r2": r2_score(truth, values)}
    assert score(predicted, data) == pytest.approx(expected)
    mean = by_name(data)["Mean of the targets", "test_rmse"]
    assert mean == pytest.approx(np.sqrt(np.mean((truth - data.target_mean) ** 2)), rel=1e-5)
    assert 5 < mean < 12  # miles per gallon, not standardized units


def test_targets_without_spread_have_no_r2():
    data = load("plane")
    flat = replace(data, test_targets=np.zeros_like(data.test_targets))
    assert np.isnan(score(np.ones(len(flat.test_targets)), flat)["test_r2"])


@pytest.mark.parametrize(
    ("name", "method", "metric", "low", "high"),
    [
        ("digits", "Logistic regression", "test_accuracy", 0.95, 0.98),
        ("digits", "Support vector machine", "test_accuracy", 0.98, 1.0),
        ("xor", "Logistic regression", "test_accuracy", 0.3, 0.7),  # no line separates it
        ("xor", "Support vector machine", "test_accuracy", 0.93, 1.0),
        ("gaussians", "Logistic regression", "test_accuracy", 0.97, 1.0),
        ("plane", "Ridge regression", "test_r2", 0.99, 1.0),
        ("cars", "Gradient boosting", "test_r2", 0.8, 0.95),
    ],
)
def test_known_answers(name, method, metric, low, high):
    assert low <= by_name(load(name, noise=0.0))[method, metric] <= high


@pytest.mark.parametrize("name", ["iris", "diabetes"])
def test_the_same_seed_gives_the_same_values(name):
    assert by_name(load(name), seed=3) == by_name(load(name), seed=3)


def test_the_test_part_is_not_trained_on():
    data = load("breast_cancer")
    shuffled = replace(data, test_targets=1 - data.test_targets)
    first, second = by_name(data), by_name(shuffled)
    for method, value in first.items():
        assert second[method] == pytest.approx(1.0 - value)


def test_slow_methods_get_fewer_rows_and_say_so(monkeypatch):
    monkeypatch.setattr(subject, "SLOW_ROWS", 50)
    names = [name for name, _ in by_name(load("iris"))]
    assert "Support vector machine (50 of 114 rows)" in names
    assert "Logistic regression" in names
    wide = load("iris")
    monkeypatch.setattr(subject, "CELLS", 4 * 80)
    names = [name for name, _ in by_name(wide)]
    assert "Logistic regression (80 of 114 rows)" in names and "Most frequent class" in names


def test_a_handful_of_rows_is_enough():
    data = load("circle", samples=20, test_share=0.9)
    assert len(data.train_targets) == 2
    assert ("2 nearest neighbours", "test_accuracy") in by_name(data)


def test_it_takes_less_than_half_a_second_on_digits():
    data = load("digits")
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        measured = baselines(data)
        seconds.append(time.perf_counter() - started)
    assert min(seconds) < 0.5
    assert 0 < sum(item.seconds for item in measured) <= seconds[-1]
