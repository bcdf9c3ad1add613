"""The data sets are the published ones, and bad requests are refused."""

import hashlib
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skprune.datasets import load_monks, make_noisy_classification, make_xor

# Of the files monks-1.train ... monks-3.test of the UCI repository.
UCI_MD5 = {
    (1, "train"): "fc1fc3a673e00908325c67cf16283335",
    (2, "train"): "f109ee3f95805745af6cdff06d6fbc94",
    (3, "train"): "613e44dbb8ffdf54d364bd91e4e74afd",
    (1, "test"): "de4255acb72fb29be5125a7c874e28a0",
    (2, "test"): "106cb9049ba5ccd7969a0bd5ff19681d",
    (3, "test"): "46815731e31c07f89422cf60de8738e7",
}


def uci_file(X, y):
    """The UCI text of a subset; a pattern's number is its rank among all 432."""
    ranks = 1 + np.ravel_multi_index((X - 1).T, (3, 3, 2, 3, 4, 2))
    rows = zip(y, X, ranks)
    return "".join(f" {t} {' '.join(map(str, x))} data_{k}\n" for t, x, k in rows)


@pytest.mark.parametrize(("problem", "subset"), UCI_MD5)
def test_monks_are_the_uci_files(problem, subset):
    X, y = load_monks(problem, subset=subset, return_X_y=True)
    digest = hashlib.md5(uci_file(X, y).encode(), usedforsecurity=False).hexdigest()
    assert digest == UCI_MD5[problem, subset]


@pytest.mark.parametrize(("problem", "n_samples"), [(1, 124), (2, 169), (3, 122)])
def test_monks_bunch_and_frame_agree(problem, n_samples):
    monks = load_monks(problem)
    assert monks.data.shape == (n_samples, 6)
    assert monks.frame is None
    assert f"problem {problem}" in monks.DESCR
    assert str(n_samples) in monks.DESCR
    assert monks.target_names == ["0", "1"]

    framed = load_monks(problem, as_frame=True)
    assert isinstance(framed.target, pd.Series)
    assert list(framed.data.columns) == monks.feature_names
    assert list(framed.frame.columns) == [*monks.feature_names, "target"]
    np.testing.assert_array_equal(framed.data, monks.data)
    np.testing.assert_array_equal(framed.target, monks.target)


@pytest.mark.parametrize(("problem", "n_flipped"), [(1, 0), (2, 0), (3, 6)])
def test_monks_noise_is_in_the_training_labels_of_problem_3_alone(problem, n_flipped):
    X, y = load_monks(problem, return_X_y=True)
    X_all, y_all = load_monks(problem, subset="test", return_X_y=True)
    truth = dict(zip(map(tuple, X_all), y_all))
    assert sum(truth[tuple(x)] != t for x, t in zip(X, y)) == n_flipped
    assert ("flipped" in load_monks(problem).DESCR) == (n_flipped > 0)
    assert "flipped" not in load_monks(problem, subset="test").DESCR


def test_monks_are_fresh_at_every_call():
    first = load_monks()
    first.data[:] = 0
    first.target[:] = 0
    first.feature_names.clear()
    again = load_monks()
    assert again.data.min() == 1
    assert again.target.any()
    assert len(again.feature_names) == 6


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"problem": 4}, "problem.*Got 4"),
        ({"problem": "1"}, "problem.*Got '1'"),
        ({"subset": "all"}, "subset.*'train'.*Got 'all'"),
        ({"return_X_y": "yes"}, "return_X_y"),
        ({"as_frame": None}, "as_frame"),
    ],
)
def test_monks_refuse_what_does_not_exist(arguments, words):
    with pytest.raises(ValueError, match=words):
        load_monks(**arguments)


def test_monks_without_pandas_name_the_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        load_monks(as_frame=True)


@given(n_samples=st.integers(1, 50))
def test_xor_is_exclusive_or(n_samples):
    X, y = make_xor(n_samples)
    assert X.shape == (n_samples, 2)
    assert X.dtype == np.float64
    np.testing.assert_array_equal(y, (X[:, 0] != X[:, 1]).astype(int))
    np.testing.assert_array_equal(X[4:], X[:-4])
    assert len(np.unique(X, axis=0)) == min(n_samples, 4)


def test_xor_noise_has_the_given_size_and_leaves_the_targets():
    X, y = make_xor(4000, noise=0.1, random_state=0)
    X_clean, y_clean = make_xor(4000)
    np.testing.assert_array_equal(y, y_clean)
    # The standard deviation of 8,000 draws, within five of its standard errors.
    assert np.std(X - X_clean) == pytest.approx(0.1, rel=5 / np.sqrt(2 * 8000))
    np.testing.assert_array_equal(X, make_xor(4000, noise=0.1, random_state=0)[0])
    assert not np.array_equal(X, make_xor(4000, noise=0.1, random_state=1)[0])


@pytest.mark.parametrize(
    "arguments",
    [{"n_samples": 0}, {"n_samples": 4.0}, {"noise": -0.1}, {"noise": np.nan}, {"noise": np.inf}],
)
def test_xor_refuses_impossible_sizes(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        make_xor(**arguments)


def test_noisy_classification_has_the_published_bayes_error():
    X, y = make_noisy_classification(200_000, random_state=0)
    error = np.mean(y != (X[:, 0] > 0))
    # HS97's 9.27 %, within four standard errors.
    assert error == pytest.approx(0.0927, abs=4 * np.sqrt(0.0927 * 0.9073 / 200_000))
    # The standard deviation of a normal restricted to [-3, 3], plus noise.
    np.testing.assert_allclose(X.std(axis=0), np.hypot(0.98658, 0.15), rtol=0.01)


def test_noisy_classification_without_noise_is_the_sign_of_the_first_input():
    X, y = make_noisy_classification(500, flip=0.0, noise=0.0, random_state=0)
    np.testing.assert_array_equal(y, X[:, 0] > 0)
    assert np.abs(X).max() <= 3
    flipped = make_noisy_classification(500, flip=1.0, noise=0.0, random_state=0)[1]
    np.testing.assert_array_equal(flipped, 1 - y)
    np.testing.assert_array_equal(
        make_noisy_classification(500, random_state=0)[0],
        make_noisy_classification(500, random_state=0)[0],
    )


@pytest.mark.parametrize("arguments", [{"n_samples": 0}, {"flip": 1.1}, {"noise": -0.1}])
def test_noisy_classification_refuses_impossible_requests(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        make_noisy_classification(**arguments)
