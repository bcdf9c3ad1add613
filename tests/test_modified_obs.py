"""The modified OBS of HS97: its candidates, its guards, its way back, and its estimators."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import scale
from versions import parametrize_with_checks

from skprune import (
    ModifiedOBS,
    OBSMLPClassifier,
    OBSMLPClassifierCV,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)
from skprune._gauss_newton.jacobian import jacobian_chunks
from skprune._network import Network, Objective
from skprune._pruning import hs97
from skprune._pruning.candidates import Weights
from skprune._pruning.cleanup import useful_part
from skprune._pruning.damping import FixedDamping
from skprune._pruning.recorder import PathRecorder
from skprune._pruning.retraining import Always, Final, Never
from skprune._pruning.stop import MaxLoss, MaxSaliency, MinWeights, Unlimited
from skprune._training.lbfgs import train_lbfgs
from skprune.datasets import make_noisy_classification

DAMPING = 1e-3
FREE = {"min_saliency": 0.0, "max_inverse_error": np.inf, "max_change": 1e9}


def make_problem(seed, max_iter=40):
    """A 4-4-2 network stopped before the minimum, where the two candidates often differ."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(80, 4))
    targets = np.c_[np.tanh(X[:, 0] - X[:, 1]), X[:, 2]] + 0.1 * rng.normal(size=(80, 2))
    network = Network((4, 4, 2), ("tanh", "identity"))
    objective = Objective(network, X, targets, alpha=0.01)
    kept = np.arange(network.n_weights)
    start = 0.7 * rng.normal(size=network.n_weights)
    w = train_lbfgs(objective, start, kept, max_iter=max_iter, tol=1e-8).weights
    return objective, w, kept


RETRAININGS = {"never": Never, "final": Final, "always": Always}


def prune(problem, rule, constants, retrain="never", report=None, recorder=None, **options):
    objective, w, kept = problem
    return hs97.prune_modified(
        objective,
        useful_part(objective, w, kept),
        constants=ModifiedOBS(**constants),
        stop=rule,
        damping=FixedDamping(DAMPING, is_relative=False),
        retraining=RETRAININGS[retrain](),
        recorder=recorder or PathRecorder(objective, report),
        **options,
    )


def one_deletion(problem, **constants):
    return prune(problem, MinWeights(len(problem[2]) - 1), constants)


def by_hand(problem):
    """The two candidates and the surgeon's change for each, from an explicit inverse."""
    objective, w, kept = problem
    jacobian = np.vstack(list(jacobian_chunks(objective, w, kept)))
    hessian = jacobian.T @ jacobian + np.diag(objective.decay)
    inverse = np.linalg.inv(hessian + DAMPING * np.eye(len(w)))
    candidates = (w**2 / inverse.diagonal()).argmin(), (hessian.diagonal() * w**2).argmin()
    changes = [-w[q] / inverse[q, q] * inverse[:, q] for q in candidates]
    return hessian, inverse, candidates, changes


def zeroed(w, q):
    w = w.copy()
    w[q] = 0.0
    return w


# ---- the step ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_of_the_two_candidates_the_one_with_the_lower_loss_goes(seed):
    problem = objective, w, _ = make_problem(seed)
    hessian, _, candidates, changes = by_hand(problem)
    after = [zeroed(w + change, q) for q, change in zip(candidates, changes)]
    best = int(np.argmin([objective.data_loss(one) for one in after]))
    pruner = one_deletion(problem, **FREE)
    np.testing.assert_allclose(pruner.state.w, after[best], atol=1e-9)
    path = pruner.path.to_arrays()
    cost = 0.5 * changes[best] @ hessian @ changes[best]
    assert path["saliency"][0] == pytest.approx(cost, rel=1e-6)
    assert path["predicted_loss"][0] == pytest.approx(objective.value(w) + cost, rel=1e-9)
    assert path["loss"][0] == pytest.approx(objective.value(after[best]), rel=1e-9)
    assert objective.network.offsets[path["layer"][0]] + path["index"][0] == candidates[best]


def test_each_candidate_wins_somewhere():
    # Otherwise the test above would say little.
    winners = set()
    for seed in range(20):
        problem = objective, w, _ = make_problem(seed)
        _, _, candidates, changes = by_hand(problem)
        if candidates[0] != candidates[1]:
            after = [zeroed(w + change, q) for q, change in zip(candidates, changes)]
            winners.add(int(np.argmin([objective.data_loss(one) for one in after])))
    assert winners == {0, 1}


@pytest.mark.parametrize("guard", ["min_saliency", "max_inverse_error"])
def test_guards_leave_the_other_weights_alone(guard):
    problem = objective, w, _ = make_problem(0)
    hessian, inverse, candidates, _ = by_hand(problem)
    error = np.abs(np.eye(len(w)) - inverse @ hessian).sum()
    lowest = min(w[q] ** 2 * hessian[q, q] for q in candidates)
    assert error > 0
    closed, opened = {
        "min_saliency": (1e3, 1e-3 * lowest),
        "max_inverse_error": (0.99 * error, 1.01 * error),
    }[guard]
    after = min((zeroed(w, q) for q in candidates), key=objective.data_loss)
    pruner = one_deletion(problem, **FREE | {guard: closed})
    np.testing.assert_array_equal(pruner.state.w, after)
    moved = one_deletion(problem, **FREE | {guard: opened})
    assert np.count_nonzero(moved.state.w != w) > 1


def test_the_guard_looks_at_both_saliencies():
    """L_q <= T_q, so a bound between the two holds the correction back."""
    problem = _, w, _ = make_problem(0)
    hessian, inverse, candidates, _ = by_hand(problem)
    saliencies = [(w[q] ** 2 / inverse[q, q], hessian[q, q] * w[q] ** 2) for q in candidates]
    assert all(low < high for low, high in saliencies)
    between = 1.01 * max(low for low, _ in saliencies)
    pruner = one_deletion(problem, **FREE | {"min_saliency": between})
    assert np.count_nonzero(pruner.state.w != w) == 1


def test_large_corrections_are_scaled():
    problem = objective, w, _ = make_problem(1)
    _, _, candidates, changes = by_hand(problem)
    bound = 0.3 * min(np.abs(zeroed(c, q)).max() for q, c in zip(candidates, changes))
    scaled = []
    for q, change in zip(candidates, changes):
        change = zeroed(change, q)
        scaled.append(zeroed(w + change * bound / np.abs(change).max(), q))
    pruner = one_deletion(problem, **FREE | {"max_change": bound})
    expected = min(scaled, key=objective.data_loss)
    np.testing.assert_allclose(pruner.state.w, expected, atol=1e-9)
    stayed = pruner.state.w != 0
    assert np.abs(pruner.state.w - w)[stayed].max() == pytest.approx(bound)


def test_a_given_curvature_takes_the_place_of_the_gauss_newton_matrix():
    objective, w, kept = make_problem(2)
    rule = MinWeights(len(kept) - 1)
    identity = prune(
        (objective, w, kept), rule, FREE, hessian=lambda objective, w, kept: np.eye(len(kept))
    )
    assert np.flatnonzero(identity.state.w == 0) == [np.abs(w).argmin()]


# ---- retraining and the way back -----------------------------------------------------------------


def target_rule(problem, share):
    objective, w, _ = problem
    return MaxLoss(objective.data_loss(w) + share * objective.null_loss())


@pytest.mark.parametrize("retrain", ["never", "final", "always"])
@pytest.mark.parametrize("seed", range(3))
def test_the_allowed_loss_is_kept_whatever_is_trained(retrain, seed):
    problem = objective, _, kept = make_problem(seed, max_iter=1000)
    rule = target_rule(problem, 0.05)
    pruner = prune(problem, rule, {}, retrain=retrain)
    assert pruner.stopped_by == "threshold"
    assert objective.data_loss(pruner.state.w) == pruner.state.data_loss <= rule.max_loss
    assert len(pruner.state.kept) < len(kept)
    assert set(np.flatnonzero(pruner.state.w)) <= set(pruner.state.kept)
    path = pruner.path.to_arrays()
    assert path["n_weights"][-1] == len(pruner.state.kept) == pruner.path.sizes[-1]
    assert all(len(rows) == len(path["n_weights"]) for rows in path.values())
    np.testing.assert_array_equal(
        pruner.path.at(len(pruner.state.kept))[1], pruner.state.w[pruner.state.kept]
    )


def test_the_loss_may_rise_above_the_allowed_one_on_the_way():
    """Training starts at 4.5 times the target, and pruning goes on if it helps."""
    problem = make_problem(0, max_iter=1000)
    rule = target_rule(problem, 0.03)
    path = prune(problem, rule, {}, retrain="final").path.to_arrays()
    high = np.flatnonzero(path["loss"] > rule.max_loss)
    assert len(high)
    assert high[0] < len(path["loss"]) - 1
    eager = prune(problem, rule, {"retrain_above": 1.1}, retrain="final")
    assert eager.n_retrainings > 1


def test_a_deletion_that_training_cannot_mend_is_undone():
    problem = objective, _, _ = make_problem(1, max_iter=1000)
    rule, undone = target_rule(problem, 0.02), []

    class Watched(PathRecorder):
        def trained(self, after):
            self.last = after.w
            super().trained(after)

        def undone(self, before):
            undone.append((self.path.deletions[-1].group, self.last))
            super().undone(before)

    pruner = prune(problem, rule, {}, retrain="final", recorder=Watched(objective))
    [(group, after)] = undone
    assert pruner.n_linearizations == len(pruner.path.n_weights) + 1
    assert set(group) <= set(pruner.state.kept)
    # What training made of it is above the allowed loss, and as low as it can be.
    left = np.setdiff1d(pruner.state.kept, group)
    again = train_lbfgs(objective, after, left, max_iter=1000, tol=1e-7)
    assert objective.data_loss(again.weights) > rule.max_loss


def test_without_training_the_way_back_may_be_long():
    problem = objective, _, _ = make_problem(2, max_iter=1000)
    rule = target_rule(problem, 0.02)
    pruner = prune(problem, rule, {"retrain_above": 1e6}, retrain="never")
    # All weights were deleted, and brought back up to the last network within the rule.
    assert pruner.n_linearizations > len(pruner.path.n_weights) + 2
    assert pruner.state.data_loss <= rule.max_loss
    following = prune(
        (objective, pruner.state.w, pruner.state.kept),
        MinWeights(len(pruner.state.kept) - 1),
        {},
        retrain="never",
    )
    assert following.state.data_loss > rule.max_loss


def test_the_budget_of_patterns_limits_a_retraining(monkeypatch):
    budgets = []

    def watched(*args, max_iter, **options):
        budgets.append(max_iter)
        return train_lbfgs(*args, max_iter=max_iter, **options)

    monkeypatch.setattr(hs97, "train_lbfgs", watched)
    problem = make_problem(0, max_iter=1000)
    rule = target_rule(problem, 0.02)
    prune(problem, rule, {"max_patterns": 800}, retrain="final")
    prune(problem, rule, {"max_patterns": 1}, retrain="final")
    assert set(budgets) == {10, 1}


def test_other_rules_stop_it_too():
    problem = _, _, kept = make_problem(3, max_iter=1000)
    assert len(prune(problem, MinWeights(12), {}).state.kept) == 12
    relative = prune(problem, MaxSaliency(0.05), {})
    assert relative.stopped_by == "max_saliency"
    assert 0 < len(relative.state.kept) < len(kept)
    nothing = prune(problem, Unlimited(), {})
    assert nothing.stopped_by == "exhausted"
    assert len(nothing.state.kept) == 0
    stopped = prune(problem, Unlimited(), {}, report=lambda n, left, loss: left <= 20)
    assert stopped.stopped_by == "callback"
    assert len(stopped.state.kept) == 20


def test_protected_biases_stay_while_their_unit_does():
    problem = objective, _, _ = make_problem(3, max_iter=1000)
    network = objective.network
    pruner = prune(
        problem, MinWeights(10), {}, candidates=Weights(np.flatnonzero(network.is_intercept))
    )
    first, second = network.layers(pruner.state.connectivity.alive)
    np.testing.assert_array_equal(first[-1], first[:-1].any(axis=0))
    assert second[-1].all()


# ---- the estimators -----------------------------------------------------------------------------


def test_the_string_means_the_defaults(iris):
    named, given = (
        OBSMLPClassifier(
            PenalizedMLPClassifier((3,), alpha=1e-3, direct_links=False),
            criterion=criterion,
            random_state=0,
        ).fit(*iris)
        for criterion in ("obs-obd", ModifiedOBS())
    )
    np.testing.assert_array_equal(named.coefs_[0], given.coefs_[0])
    assert named.n_weights_ < 27
    assert named.score(*iris) > 0.9
    assert named.at_size(named.n_weights_ + 3).n_weights_ == named.n_weights_ + 3


def test_threshold_means_what_it_does_for_other_criteria(iris):
    X, y = iris
    network = PenalizedMLPClassifier((3,), random_state=0, alpha=1e-3, direct_links=False).fit(X, y)
    pruned = OBSMLPClassifier(FrozenEstimator(network), criterion="obs-obd", threshold=0.05)
    pruned.fit(X, y)
    losses = [-np.log(m.predict_proba(X)[np.arange(len(y)), y]).mean() for m in (network, pruned)]
    assert losses[1] <= losses[0] + 0.05 * np.log(3)


def test_target_loss_is_a_rule_of_its_own():
    X, y = make_noisy_classification(random_state=1)
    network = PenalizedMLPClassifier((10,), alpha=1e-3, direct_links=False)
    pruned = OBSMLPClassifier(network, criterion=ModifiedOBS(0.3), random_state=1).fit(X, y)
    probability = pruned.predict_proba(X)[np.arange(len(y)), y]
    assert pruned.stopped_by_ == "threshold"
    assert pruned.n_weights_ <= 10
    assert -np.log(probability).mean() <= 1.1 * 0.3
    both = clone(pruned).set_params(threshold=0.01).fit(X, y)
    assert both.n_weights_ > pruned.n_weights_


def test_a_target_below_the_trained_loss_is_said_by_how_much():
    X, y = make_noisy_classification(random_state=1)
    network = PenalizedMLPClassifier((10,), alpha=1e-3, direct_links=False)
    with pytest.warns(ConvergenceWarning, match=r"allows a loss of 0.011, .* has 0\.\d+.*Raise"):
        pruned = OBSMLPClassifier(network, criterion=ModifiedOBS(0.01), random_state=1).fit(X, y)
    assert pruned.n_weights_ > 20


def test_regression_and_several_outputs():
    X, y = make_regression(100, 6, n_informative=2, n_targets=2, noise=1.0, random_state=0)
    network = PenalizedMLPRegressor((4,), alpha=0.1, random_state=0, direct_links=False)
    pruned = OBSMLPRegressor(network, criterion="obs-obd", threshold=0.02).fit(X, scale(y))
    assert pruned.score(X, scale(y)) > 0.9
    assert pruned.get_support().sum() < 6


def test_size_by_cross_validation(iris):
    chosen = OBSMLPClassifierCV(
        PenalizedMLPClassifier((3,), max_iter=100, alpha=1e-3, direct_links=False),
        criterion="obs-obd",
        cv=3,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        chosen.fit(*iris)
    assert chosen.n_weights_ == chosen.best_n_weights_ < 27
    with pytest.raises(ValueError, match="single weights"):
        chosen.set_params(granularity="unit").fit(*iris)


def test_grid_search_sets_the_constants(iris):
    estimator = OBSMLPClassifier(
        PenalizedMLPClassifier((2,), max_iter=60, alpha=1e-3, direct_links=False),
        criterion=ModifiedOBS(),
        random_state=0,
    )
    search = GridSearchCV(estimator, {"criterion__max_change": [0.5, 5.0]}, cv=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        search.fit(*iris)
    assert (
        search.best_estimator_.criterion.max_change == search.best_params_["criterion__max_change"]
    )
    assert clone(estimator).criterion is not estimator.criterion


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"granularity": "unit"}, r"single weights.*granularity='unit'.*criterion='obs'"),
        ({"criterion": ModifiedOBS(damping=0.0)}, "damping"),
        ({"criterion": ModifiedOBS(-1.0)}, "target_loss"),
        ({"criterion": ModifiedOBS(retrain_to=0.9)}, "retrain_to"),
        ({"criterion": ModifiedOBS(retrain_above=1.05)}, r"retrain_above=1.05 is less than"),
        ({"criterion": ModifiedOBS(max_patterns=0)}, "max_patterns"),
        ({"criterion": ModifiedOBS(min_saliency=-1e-4)}, "min_saliency"),
        ({"criterion": ModifiedOBS(max_inverse_error=-1)}, "max_inverse_error"),
        ({"criterion": ModifiedOBS(max_change=0)}, "max_change"),
    ],
)
def test_what_does_not_go_together_is_refused(iris, parameters, words):
    parameters = {"criterion": "obs-obd"} | parameters
    with pytest.raises(ValueError, match=words):
        OBSMLPClassifier(**parameters).fit(*iris)


EXPECTED_FAILURES = {
    "check_sparsify_coefficients": "networks have coefs_, a list, and no coef_",
} | dict.fromkeys(
    (
        "check_sample_weight_equivalence_on_dense_data",
        "check_sample_weight_equivalence_on_sparse_data",
    ),
    "rounding in the sums over samples is amplified along the path",
)


@parametrize_with_checks(
    [
        OBSMLPClassifier(
            PenalizedMLPClassifier((3,), max_iter=50, alpha=1e-3, direct_links=False),
            criterion="obs-obd",
        ),
        OBSMLPRegressor(
            PenalizedMLPRegressor((3,), max_iter=50, alpha=1e-3, direct_links=False),
            criterion=ModifiedOBS(),
        ),
    ],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
    xfail_strict=False,
)
def test_scikit_learn_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        check(estimator)
