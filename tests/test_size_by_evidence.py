"""Evidence and BIC of pruned networks are those of direct computation, and choose their size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import make_objective, networks
from scipy.optimize import minimize
from scipy.stats import multivariate_normal
from sklearn import clone
from sklearn.datasets import load_diabetes, make_friedman1
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import OneHotEncoder, scale

from skprune import (
    OBS,
    OBSMLPClassifier,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)
from skprune._curvature.evidence import bayesian_information_criterion, laplace_posterior
from skprune._curvature.exact import exact_curvature
from skprune._fitted.reading import read_network
from skprune._gauss_newton.matrix import gauss_newton
from skprune._network import Network, Objective
from skprune._pruning.evidence import PathEvidence
from skprune._training.gauss_newton import train_gauss_newton
from skprune._training.tied_decays import tied_decays
from skprune.datasets import load_monks

SEEDS = st.integers(0, 2**16)
SHARP = PenalizedMLPClassifier((3,), alpha=0.1, random_state=0, direct_links=False)


@pytest.fixture(scope="module")
def sparse_truth():
    """Two of eight inputs count."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 8))
    return X, 2 * X[:, 0] - X[:, 1] + rng.normal(size=300)


@pytest.fixture(scope="module")
def linear(sparse_truth):
    """A fitted linear network with one decay."""
    X, y = sparse_truth
    return PenalizedMLPRegressor((), alpha=2.0, direct_links=False, tol=1e-9).fit(X, y)


def linear_problem(seed, n_samples=40, n_inputs=5):
    """A linear network without bias at its minimum, under a decay for each weight."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, n_inputs))
    y = X @ rng.normal(size=n_inputs) + rng.normal(size=n_samples)
    network = Network((n_inputs, 1), ("identity",))
    alpha = np.exp(rng.normal(size=network.n_weights))
    objective = Objective(network, X, y[:, None], alpha=alpha)
    kept = np.flatnonzero(~network.is_intercept)
    return objective, minimum(objective, kept), kept


def minimum(objective, kept):
    w = np.zeros(objective.network.n_weights)
    return train_gauss_newton(objective, w, kept, max_iter=100, tol=1e-12).weights


# ---- the evidence of a deletion -------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 4))
def test_a_deletion_changes_the_evidence_by_the_occam_factor_less_the_saliency(seed, n_deleted):
    """Savage and Dickey's ratio, exact for linear models: single weights and sets."""
    variance, (objective, w, kept) = 0.7, linear_problem(seed)
    rest = np.sort(np.random.default_rng(seed).permutation(kept)[n_deleted:])
    gone = np.setdiff1d(kept, rest)
    whole = laplace_posterior(objective, w, kept, variance)
    part = laplace_posterior(objective, minimum(objective, rest), rest, variance)
    samples = objective.total / variance
    elimination = exact_curvature(objective, w, kept).invert(0.0).elimination(w[kept])
    saliency = samples * elimination.joint_saliency(np.searchsorted(kept, gone))
    positions = np.ix_(np.searchsorted(kept, gone), np.searchsorted(kept, gone))
    spread = np.linalg.inv(samples * gauss_newton(objective, w, kept))[positions]
    precisions = samples * objective.decay[gone]
    occam = -0.5 * (np.log(precisions).sum() + np.linalg.slogdet(spread)[1])
    assert part.log_evidence - whole.log_evidence == pytest.approx(occam - saliency, 1e-6, 1e-5)


@pytest.mark.parametrize("spread", [1.0, 1e7])
def test_the_evidence_of_a_linear_network_is_the_density_of_its_targets(spread):
    objective, w, kept = linear_problem(3)
    X, y = objective.X, spread * objective.targets[:, 0]
    alpha = 1.5 * np.ones(len(w))
    objective = Objective(objective.network, X, y[:, None], alpha=alpha)
    w = minimum(objective, kept)
    judge = PathEvidence(objective, w, kept)
    n_effective = laplace_posterior(objective, w, kept).n_effective
    variance = np.square(y - X @ w[:-1]).sum() / (len(y) - n_effective)
    covariance = variance * (np.eye(len(y)) + X @ X.T / 1.5)
    expected = multivariate_normal(np.zeros(len(y)), covariance).logpdf(y)
    assert judge.as_it_is(w, kept).log_evidence == pytest.approx(expected, rel=1e-6)


def test_decays_settle_where_evidence_times_hyperprior_is_highest():
    """Of a linear network, by an optimiser that knows the density of the targets alone."""
    objective, w, kept = linear_problem(5)
    X, y, network = objective.X, objective.targets[:, 0], objective.network
    objective = Objective(network, X, y[:, None], alpha=20.0)
    w = minimum(objective, kept)
    judge = PathEvidence(objective, w, kept)
    found = judge.settled(w, kept)
    n_effective = laplace_posterior(objective, w, kept).n_effective
    first = 20.0 * (len(y) - n_effective) / np.square(y - X @ w[:-1]).sum()

    def density(parameters):
        precision, variance = np.exp(parameters)
        covariance = variance * np.eye(len(y)) + X @ X.T / precision
        ratio = precision / first
        hyperprior = np.log(ratio) - ratio + 1.0  # as of two weights
        return multivariate_normal(np.zeros(len(y)), covariance).logpdf(y) + hyperprior

    best = minimize(lambda p: -density(p), [np.log(first), 0.0], tol=1e-9)
    precision, variance = np.exp(best.x)
    assert found.log_evidence == pytest.approx(-best.fun, abs=1e-3)
    np.testing.assert_allclose(found.decay[kept], precision * variance / len(y), rtol=0.02)
    ridge = np.linalg.solve(X.T @ X + precision * variance * np.eye(5), X.T @ y)
    np.testing.assert_allclose(found.w[kept], ridge, rtol=1e-2)


def test_weights_of_a_layer_that_have_the_same_decay_share_it():
    network = Network((3, 2, 1), ("tanh", "logistic"), "log_loss", direct_links=True)
    precisions = np.ones(network.n_weights)
    network.layers(precisions)[0][1] = 5.0  # the weights of the second input
    kept = np.arange(1, network.n_weights)
    groups = tied_decays(network, kept, precisions).group
    named = {}
    for flat, group in zip(kept, groups):
        named.setdefault(group, []).append(int(flat))
    layers = network.layers(np.arange(network.n_weights))
    expected = [
        sorted({*layers[0][[0, 2]].ravel()} - {0}),
        sorted(layers[0][1]),
        sorted(layers[0][3]),
        sorted(layers[1][:-1].ravel()),
        sorted(layers[1][-1]),
        sorted(network.direct(np.arange(network.n_weights)).ravel()),
    ]
    assert sorted(named.values()) == sorted(expected)


@settings(max_examples=20, deadline=None)
@given(networks(), SEEDS)
def test_classes_are_no_more_than_certain(network, seed):
    """The evidence of labels and counts is a probability, whatever has no decay."""
    objective, w = make_objective(seed, network, alpha=0.1)
    if network.loss == "squared_error":
        return
    kept = np.arange(network.n_weights)
    judge = PathEvidence(objective, 50.0 * w, kept)  # sure of all: hardly any curvature
    assert judge.as_it_is(50.0 * w, kept).log_evidence < 0.0


# ---- BIC ------------------------------------------------------------------------------------


def test_bic_of_linear_regression():
    X, y = load_diabetes(return_X_y=True)
    line = LinearRegression().fit(X, y)
    network = Network((10, 1), ("identity",))
    w = network.pack([line.coef_[:, None]], [np.array([line.intercept_])])
    variance = np.mean((y - line.predict(X)) ** 2)
    expected = 0.5 * len(y) * (np.log(2 * np.pi * variance) + 1) + 5.5 * np.log(len(y))
    found = bayesian_information_criterion(Objective(network, X, y[:, None]), w, 11)
    assert found == pytest.approx(expected)


def test_bic_of_logistic_regression(iris):
    X, y = iris[0], iris[1] > 1
    line = LogisticRegression(C=10).fit(X, y)
    network = Network((4, 1), ("logistic",), "log_loss")
    w = network.pack([line.coef_.T], [line.intercept_])
    objective = Objective(network, X, y[:, None].astype(float))
    expected = log_loss(y, line.predict_proba(X), normalize=False) + 2.5 * np.log(len(y))
    assert bayesian_information_criterion(objective, w, 5) == pytest.approx(expected)


# ---- the choice -----------------------------------------------------------------------------


@pytest.mark.parametrize("stopping", ["evidence", "bic"])
def test_the_smallest_network_within_a_nat_of_the_best_is_taken(iris, stopping):
    model = OBSMLPClassifier(SHARP, stopping=stopping).fit(*iris)
    curve = model.stopping_curve_
    is_even = curve["estimate"] <= curve["estimate"].min() + 1.0
    assert model.n_weights_ == curve["n_weights"][is_even].min()
    assert model.stopped_by_ == stopping
    assert 3 < model.n_weights_ < 20
    assert curve["n_weights"][0] == 3  # base rates
    assert model.score(*iris) > 0.95


def test_the_curve_of_linear_networks_is_their_evidence(sparse_truth, linear):
    X, y = sparse_truth
    path = OBSMLPRegressor(
        FrozenEstimator(linear), n_weights=0, retrain="never", teaching_signal="data"
    ).fit(X, y)
    model = OBSMLPRegressor(FrozenEstimator(linear), stopping="evidence").fit(X, y)
    full = path.at_size(9)
    errors = y - full.predict(X)
    design = np.c_[X, np.ones(len(y))]
    shrunk = np.linalg.inv(design.T @ design + np.diag([2.0] * 8 + [0.0])) @ design.T @ design
    variance = errors @ errors / (len(y) - np.trace(shrunk))
    for n_weights, estimate in zip(*model.stopping_curve_.values()):
        support = path.at_size(n_weights).coef_masks_[0][:, 0]
        covariance = variance * (np.eye(len(y)) + X[:, support] @ X[:, support].T / 2.0)
        # A flat prior of the bias: the integral of the density over it.
        inverse, ones = np.linalg.inv(covariance), np.ones(len(y))
        weight = ones @ inverse @ ones
        centred = y - (ones @ inverse @ y) / weight
        expected = multivariate_normal(np.zeros(len(y)), covariance).logpdf(centred)
        expected += 0.5 * np.log(2 * np.pi / weight)
        assert -estimate == pytest.approx(expected, abs=1e-4)
    assert model.get_support(indices=True).tolist() == [0, 1]


@pytest.mark.parametrize("stopping", ["evidence", "bic"])
@pytest.mark.parametrize("granularity", ["weight", "input"])
def test_a_sparse_truth_is_found(sparse_truth, stopping, granularity):
    X, y = sparse_truth
    model = OBSMLPRegressor(stopping=stopping, granularity=granularity, random_state=0).fit(X, y)
    assert model.get_support(indices=True).tolist() == [0, 1]
    if granularity == "weight":
        # Two inputs and the mean; or a unit that bends one of them, if that gains a nat by chance.
        assert model.n_weights_ <= 5


@pytest.mark.parametrize("stopping", ["evidence", "bic"])
def test_nothing_is_found_where_there_is_nothing(stopping):
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(200, 6)), rng.integers(0, 2, 200)
    model = OBSMLPClassifier(stopping=stopping, random_state=0).fit(X, y)
    assert model.n_weights_ == 1
    np.testing.assert_allclose(model.predict_proba(X)[0], [1 - y.mean(), y.mean()], atol=1e-3)


def test_the_first_of_monks_problems_is_solved():
    X, y = load_monks(1, return_X_y=True)
    encoder = OneHotEncoder(sparse_output=False)
    model = OBSMLPClassifier(stopping="evidence", random_state=0)
    model.fit(encoder.fit_transform(X), y)
    X, y = load_monks(1, subset="test", return_X_y=True)
    assert model.score(encoder.transform(X), y) == 1.0
    assert model.n_weights_ <= 14  # HS93's


def test_units_and_groups_of_inputs_go_together():
    X, y = make_friedman1(200, noise=0.5, random_state=0)
    X, y = scale(X), scale(y)
    groups = [[0, 1], [5, 6, 7]]
    model = OBSMLPRegressor(
        granularity="input", feature_groups=groups, stopping="evidence", random_state=0
    ).fit(X, y)
    assert model.get_support(indices=True).tolist() == [0, 1, 2, 3, 4]
    network = PenalizedMLPRegressor((6,), random_state=0)
    units = OBSMLPRegressor(network, granularity="unit", stopping="evidence").fit(X, y)
    for incoming, outgoing in zip(units.coef_masks_[0].T, units.coef_masks_[1]):
        assert incoming.all() == outgoing.all() == incoming.any()


def test_units_are_counted_with_their_places(iris):
    """Whole units are alike: h! orders and 2^h signs are one network."""
    curves = [
        OBSMLPClassifier(SHARP, granularity=granularity, stopping="evidence", n_weights=27)
        .fit(*iris)
        .stopping_curve_["estimate"]
        for granularity in ("unit", "weight")
    ]
    assert curves[1][-1] - curves[0][-1] == pytest.approx(np.log(6 * 8))


# ---- decays ---------------------------------------------------------------------------------


@pytest.mark.parametrize("trainer", [SHARP, PenalizedMLPClassifier(random_state=1)])
def test_the_network_is_a_minimum_under_the_decays_it_tells(iris, trainer):
    X, y = iris[0], (iris[1] > 1).astype(int)
    model = OBSMLPClassifier(trainer, stopping="evidence").fit(X, y)
    network = model._network
    decay = network.decays(model.alphas_)
    w = network.pack(model.coefs_, model.intercepts_, model.direct_coef_)
    masks = model.coef_masks_, model.intercept_masks_, model.direct_mask_
    kept = np.flatnonzero(network.pack(*masks, dtype=bool))
    assert (decay[kept] > 0).all()
    objective = Objective(network, X, y[:, None].astype(float), alpha=decay)
    assert np.abs(objective.value_and_gradient(w)[1][kept]).max() < 1e-3
    assert model.loss_ == pytest.approx(objective.value(w))
    assert model.alpha_ is None
    assert model.swap_weights(X, y, max_swaps=1).n_weights_ == model.n_weights_


def test_networks_of_the_path_have_the_decay_that_they_were_pruned_with(iris):
    model = OBSMLPClassifier(SHARP, stopping="evidence").fit(*iris)
    other = model.at_size(10)
    assert other.alpha_ == 0.1 and not hasattr(other, "alphas_")
    assert hasattr(model, "alphas_")


def test_biases_without_a_decay_have_that_of_their_layer(iris):
    """scikit-learn's networks, and decays that are a number."""
    X, y = iris
    mlp = MLPClassifier((3,), alpha=0.1, solver="lbfgs", max_iter=3000, random_state=0)
    model = OBSMLPClassifier(mlp, stopping="evidence").fit(X, y)
    assert 3 < model.n_weights_ < 27
    assert model.score(X, y) > 0.95
    network = model._network
    judge = PathEvidence(
        Objective(network, X, np.eye(3)[y], alpha=0.1),
        network.pack(model.coefs_, model.intercepts_),
        np.arange(network.n_weights),
    )
    decay = judge.as_it_is(np.zeros(network.n_weights), np.arange(network.n_weights)).decay
    np.testing.assert_allclose(network.layers(decay)[0], 0.1 / 150)
    np.testing.assert_allclose(network.layers(decay)[1][-1], 0.01 / 150)


# ---- units of targets, weights of samples ---------------------------------------------------


@pytest.mark.parametrize("unit", [1e-6, 1e9])
def test_evidence_does_not_depend_on_the_units_of_the_targets(unit):
    X, y = load_diabetes(return_X_y=True)
    X, found = scale(X), []
    for factor in (1.0, unit):
        network, w, kept, alpha = read_network(
            PenalizedMLPRegressor(random_state=0).fit(X, factor * y)
        )
        judge = PathEvidence(Objective(network, X, factor * y[:, None], alpha=alpha), w, kept)
        rest = np.sort(np.random.default_rng(0).permutation(kept)[:20])
        rest = np.union1d(rest, network.output_intercepts)
        weighed = judge.settled(w, rest)
        # (The density of all targets, over a flat prior of one bias.)
        found.append(weighed.log_evidence + (len(y) - 1) * np.log(factor))
    assert found[1] == pytest.approx(found[0], abs=0.1)


@pytest.mark.parametrize("stopping", ["evidence", "bic"])
def test_weighted_samples_are_repeated_samples(sparse_truth, linear, stopping):
    X, y = sparse_truth
    counts = np.random.default_rng(0).integers(0, 3, len(y))
    model = OBSMLPRegressor(clone(linear), stopping=stopping)
    weighted = clone(model).fit(X, y, counts)
    repeated = clone(model).fit(np.repeat(X, counts, axis=0), np.repeat(y, counts))
    for name, values in weighted.stopping_curve_.items():
        np.testing.assert_allclose(values, repeated.stopping_curve_[name], rtol=1e-5)


@pytest.mark.parametrize("stopping", ["evidence", "bic", None])
def test_weights_that_sum_to_one_are_shares_of_the_samples(sparse_truth, stopping):
    X, y = sparse_truth
    model = OBSMLPRegressor(stopping=stopping, random_state=0)
    plain = clone(model).fit(X, y)
    shares = clone(model).fit(X, y, np.full(len(y), 1 / len(y)))
    assert shares.n_weights_ == plain.n_weights_
    np.testing.assert_allclose(shares.predict(X), plain.predict(X), atol=1e-3)
    if stopping is not None:
        for name, values in plain.stopping_curve_.items():
            np.testing.assert_allclose(shares.stopping_curve_[name], values, rtol=1e-3)


# ---- other losses, other rules, what is refused ---------------------------------------------


@pytest.mark.parametrize("stopping", ["evidence", "bic"])
def test_labels_and_counts(iris, stopping):
    X, y = iris
    labels = np.c_[y > 0, y > 1].astype(int)
    model = OBSMLPClassifier(stopping=stopping, random_state=0).fit(X, labels)
    assert model.n_weights_ <= 8 and model.score(X, labels) > 0.9
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 6))
    counts = rng.poisson(np.exp(0.5 + X[:, 2] - 0.5 * X[:, 4]))
    network = PenalizedMLPRegressor(loss="poisson", random_state=0)
    model = OBSMLPRegressor(network, stopping=stopping).fit(X, counts)
    assert model.get_support(indices=True).tolist() == [2, 4]


@pytest.mark.parametrize("stopping", ["evidence", "bic"])
@pytest.mark.parametrize(
    "how",
    [
        {"criterion": "magnitude"},
        {"criterion": "obd"},
        {"criterion": "obs-obd"},
        {"teaching_signal": "reference"},
        {"retrain": "never"},
        {"retrain": "always", "n_init": 2},
    ],
    ids=lambda how: "-".join(map(str, how.values())),
)
def test_other_ways_order_the_path(iris, stopping, how):
    model = OBSMLPClassifier(SHARP, stopping=stopping, random_state=0, **how).fit(*iris)
    assert 3 < model.n_weights_ < 27
    assert model.score(*iris) > 0.9


def test_rules_that_are_given_bound_the_path(iris):
    model = OBSMLPClassifier(SHARP, stopping="evidence", n_weights=20).fit(*iris)
    assert model.n_weights_ >= 20 == model.stopping_curve_["n_weights"][0]
    strict = OBSMLPClassifier(SHARP, stopping="evidence", threshold=0.002).fit(*iris)
    losses = [log_loss(iris[1], m.predict_proba(iris[0])) for m in (strict.estimator_, strict)]
    assert losses[1] - losses[0] <= 0.002 * np.log(3) + 1e-8


def test_a_frozen_network_is_judged_as_it_is(iris):
    dense = clone(SHARP).fit(*iris)
    model = OBSMLPClassifier(FrozenEstimator(dense), stopping="evidence").fit(*iris)
    before = model.at_size(model.n_weights_)
    np.testing.assert_allclose(before.predict_proba(iris[0]), model.predict_proba(iris[0]))
    assert model.n_retrainings_ == 0


@pytest.mark.parametrize("retrain", ["final", "never"])
def test_separable_classes_end_in_a_small_network_that_separates(retrain):
    X = np.random.default_rng(0).normal(size=(200, 5))
    y = (X[:, 0] + X[:, 1] > 0).astype(int)
    model = OBSMLPClassifier(stopping="evidence", retrain=retrain, random_state=0).fit(X, y)
    assert model.get_support(indices=True).tolist() == [0, 1]
    assert model.score(X, y) > 0.98


@pytest.mark.parametrize("stopping", ["evidence", "bic"])
def test_targets_without_spread_and_without_samples(stopping):
    X = np.random.default_rng(0).normal(size=(50, 3))
    model = OBSMLPRegressor(stopping=stopping, random_state=0).fit(X, np.full(50, 7.0))
    np.testing.assert_allclose(model.predict(X), 7.0)
    assert model.n_weights_ == 1
    model = OBSMLPRegressor(stopping=stopping, random_state=0).fit(X[:1], [3.0])
    np.testing.assert_allclose(model.predict(X[:1]), 3.0)


@pytest.mark.parametrize(
    "trainer",
    [
        PenalizedMLPClassifier((3,), alpha=0.0, random_state=0),
        MLPClassifier((3,), alpha=0.0, solver="lbfgs", max_iter=2000, random_state=0),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_evidence_needs_a_decay(iris, trainer):
    model = OBSMLPClassifier(trainer, stopping="evidence")
    name = type(trainer).__name__
    with pytest.raises(ValueError, match=f"{name}: .* no weight decay.* positive alpha"):
        model.fit(*iris)
    assert clone(model).set_params(stopping="bic").fit(*iris).n_weights_ < 27


def test_evidence_needs_a_positive_curvature(iris):
    model = OBSMLPClassifier(SHARP, criterion=OBS(curvature="hessian"), stopping="evidence")
    with pytest.raises(ValueError, match=r"positive definite curvature.*curvature='auto'"):
        model.fit(*iris)
