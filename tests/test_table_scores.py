"""Figures of the table benchmark: calibration, paired differences, counts of tables."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import log_loss, r2_score


def load_scores():
    path = Path(__file__).parents[1] / "benchmarks" / "_scores.py"
    spec = importlib.util.spec_from_file_location("_scores", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


scores = load_scores()


def result(loss, calibration=0.0, size=1, rows=None):
    return scores.Result(loss, calibration, size, 1, 0.0, rows)


def by_split(*losses):
    return {f"split {k}": result(loss) for k, loss in enumerate(losses)}


def test_losses_of_rows_average_to_scikit_learns():
    rng = np.random.default_rng(0)
    y, probabilities = rng.integers(3, size=50), rng.dirichlet([1, 1, 1], size=50)
    assert scores.log_losses(y, probabilities).mean() == pytest.approx(log_loss(y, probabilities))
    target, predictions = rng.normal(size=(2, 50))
    r2 = 1 - scores.squared_errors(target, predictions).mean()
    assert r2 == pytest.approx(r2_score(target, predictions))


def test_a_certain_and_wrong_answer_costs_a_finite_loss():
    assert np.isfinite(scores.log_losses(np.array([1]), np.array([[1.0, 0.0]]))).all()


def test_calibration_error_against_twenty_sorted_parts():
    rng = np.random.default_rng(0)
    p = rng.random(400)
    y = (rng.random(400) < p**2).astype(int)
    parts = np.array_split(np.argsort(p), 20)
    wanted = np.mean([abs(p[part].mean() - y[part].mean()) for part in parts])
    found = scores.expected_calibration_error(y, np.column_stack([1 - p, p]))
    assert found == pytest.approx(wanted)


def test_equal_probabilities_share_a_bin():
    y = np.repeat([0, 1], [70, 30])
    base_rate = np.tile([0.7, 0.3], (100, 1))
    assert scores.expected_calibration_error(y, base_rate) == pytest.approx(0)
    # Two values: within each the frequency is off by .1.
    p = np.repeat([0.2, 0.6], 50)
    y = np.concatenate([np.arange(50) < 15, np.arange(50) < 25]).astype(int)
    found = scores.expected_calibration_error(y, np.column_stack([1 - p, p]))
    assert found == pytest.approx(0.1)


def test_calibration_of_several_classes_is_the_mean_over_them():
    rng = np.random.default_rng(1)
    y, probabilities = rng.integers(3, size=200), rng.dirichlet([1, 2, 3], size=200)
    each = [
        scores.expected_calibration_error((y == c).astype(int), np.column_stack([1 - p, p]))
        for c, p in enumerate(probabilities.T)
    ]
    assert scores.expected_calibration_error(y, probabilities) == pytest.approx(np.mean(each))


def test_paired_difference_over_the_splits_that_both_have():
    ours, theirs = by_split(0.5, 0.7, 0.6, 9.0), by_split(0.4, 0.4, 0.4)
    difference, error = scores.paired_difference(ours, theirs)
    assert difference == pytest.approx(0.2)
    assert error == pytest.approx(0.1 / np.sqrt(3))


def test_the_error_of_a_single_split_is_that_of_its_rows():
    rows = np.array([0.0, 1.0, 2.0])
    ours, theirs = {"test": result(1.0, rows=rows)}, {"test": result(0.5, rows=np.full(3, 0.5))}
    assert scores.paired_difference(ours, theirs) == pytest.approx((0.5, 1 / np.sqrt(3)))
    _, error = scores.paired_difference(ours, {"test": result(0.5)})
    assert np.isnan(error)


def test_worse_is_above_both_the_tolerance_and_the_error():
    tables = {
        "within .01": {"net": by_split(0.505, 0.505), "linear": by_split(0.5, 0.5)},
        "within one error": {"net": by_split(0.48, 0.56), "linear": by_split(0.5, 0.5)},
        "worse": {"net": by_split(0.60, 0.61), "linear": by_split(0.5, 0.5)},
        "better": {"net": by_split(0.40, 0.41), "linear": by_split(0.5, 0.5)},
        "not run": {"linear": by_split(0.5, 0.5)},
    }
    assert scores.tables_worse_than(tables, "net", "linear") == ["worse"]
    assert scores.tables_worse_than(tables, "net", "linear", tolerance=0.0) == [
        "within .01",
        "worse",
    ]
    assert scores.tables_ahead_of(tables, "net", "linear") == (1, 4)


def test_ratios_are_of_losses_no_smaller_than_the_tolerance():
    tables = {
        "half": {"net": by_split(0.2, 0.3), "linear": by_split(0.5, 0.5)},
        "double": {"net": by_split(1.0), "linear": by_split(0.5, 7.0)},
        "no error at all": {"net": by_split(1e-9), "linear": by_split(1e-5)},
        "eightfold": {"net": by_split(0.08), "linear": by_split(1e-5)},
    }
    assert scores.ratio_of_losses(tables, "net", "linear") == pytest.approx(8**0.25)
