"""How far predictions may move is chosen in folds, where that is cheap and nothing else is said."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import make_objective, networks
from sklearn.datasets import make_regression
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold
from sklearn.preprocessing import scale

from skprune import OBSMLPClassifier, OBSMLPRegressor, PenalizedMLPRegressor
from skprune._estimator.folds import shuffled_folds
from skprune._network import Network, Objective
from skprune._pruning import share as share_module
from skprune._pruning.share import SHARES, choose_share, held_out_losses
from skprune._training.lbfgs import train_lbfgs
from skprune.neural_network._obs.plan import pieces


def made(reference):
    return pieces(reference=reference)


def linear(effects, n_samples, seed=0, alpha=1.0):
    """A ridge regression of unit noise as a network without hidden units, at its minimum."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, len(effects)))
    y = X @ effects + rng.normal(size=n_samples)
    network = Network((len(effects), 1), ("identity",))
    objective, kept = Objective(network, X, y[:, None], None, alpha), np.arange(len(effects) + 1)
    w = train_lbfgs(objective, np.zeros(len(kept)), kept, max_iter=500, tol=1e-10).weights
    return objective, w, kept


@settings(max_examples=30, deadline=None)
@given(networks(), st.integers(0, 2**16))
def test_sums_over_the_parts_are_those_of_all_patterns(network, seed):
    objective, w = make_objective(seed, network, 20, alpha=0.7)
    parts = [objective.of_patterns(rows) for rows in np.split(np.arange(len(objective.X)), [7])]
    losses = [part.total * part.data_loss(w) for part in parts]
    assert sum(losses) == pytest.approx(objective.total * objective.data_loss(w))
    for part in parts:
        assert part.total * part.penalty(w) == pytest.approx(objective.total * objective.penalty(w))


def test_the_reference_of_a_fold_has_not_seen_what_is_held_out(monkeypatch):
    """For a share of nothing it is scored unpruned: ridge regression on the other samples."""
    objective, w, kept = linear([2.0, 1.0, 0.5], 60, alpha=5.0)
    monkeypatch.setattr(share_module, "SHARES", (0.0,))
    for train, held_out in KFold(4).split(objective.X):
        parts = objective.of_patterns(train), objective.of_patterns(held_out)
        loss, *_ = held_out_losses(*parts, w, kept, made)
        ridge = Ridge(alpha=5.0).fit(objective.X[train], objective.targets[train, 0])
        errors = objective.targets[held_out, 0] - ridge.predict(objective.X[held_out])
        assert loss == pytest.approx(0.5 * np.mean(errors**2), rel=1e-3)


def test_much_is_allowed_where_few_effects_are_real_and_little_where_all_are():
    sparse = linear([1.0] + [0.0] * 19, 100)
    dense = linear([0.18] * 20, 300)  # each some five nats
    shares = [
        choose_share(*problem, shuffled_folds(problem[0].targets), made)
        for problem in (sparse, dense)
    ]
    assert shares[0] == max(SHARES) > shares[1]


@pytest.mark.parametrize("n_splits", [3, 5])
def test_folds_part_the_samples_and_keep_the_shares_of_classes(n_splits):
    targets = np.repeat([[0.0], [1.0]], [60, 30], axis=0)
    folds = shuffled_folds(targets, n_splits)
    held_out = np.concatenate([test for _, test in folds])
    assert sorted(held_out) == list(range(90))
    for train, test in folds:
        assert not set(train) & set(test)
        assert targets[test].mean() == pytest.approx(1 / 3)
    rare = np.append(np.zeros(20), [1.0, 1.0])[:, None]  # no warning of a class of two samples
    assert len(shuffled_folds(rare, n_splits)) == n_splits


def test_the_default_chooses_where_nothing_else_is_said():
    X, y = make_regression(120, 8, n_informative=2, noise=20.0, random_state=0)
    y = scale(y)
    default = OBSMLPRegressor(random_state=0).fit(X, y)
    assert default.max_divergence_ in SHARES
    assert default.divergence_ <= default.max_divergence_ * default.n_effective_ / 2
    said = OBSMLPRegressor(random_state=0, max_divergence=default.max_divergence_).fit(X, y)
    np.testing.assert_array_equal(said.predict(X), default.predict(X))
    assert OBSMLPRegressor(random_state=0, n_weights=5).fit(X, y).max_divergence_ is None


def test_few_samples_and_decays_that_are_given_are_not_cross_validated():
    X, y = make_regression(120, 4, noise=20.0, random_state=0)
    y = scale(y)
    given_decay = PenalizedMLPRegressor((2,), alpha=1.0, random_state=0)
    assert OBSMLPRegressor(given_decay).fit(X, y).max_divergence_ == 0.1
    assert OBSMLPRegressor(random_state=0).fit(X[:40], y[:40]).max_divergence_ == 0.1
    few = OBSMLPClassifier(random_state=0).fit(X[:40], y[:40] > 0)
    assert few.max_divergence_ == 0.1
