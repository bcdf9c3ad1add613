"""Decays by the evidence: what they equal, what they do not depend on, and what bad data do."""

from dataclasses import replace

import numpy as np
import pytest
from networks import make_objective
from scipy import sparse
from scipy.special import expit
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import BayesianRidge, LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import scale
from sklearn.utils.validation import check_is_fitted

from skprune import (
    OBSMLPClassifier,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)
from skprune._fitted.reading import read_network
from skprune._network import Network, Objective
from skprune._training.automatic import TargetScale, named_decays, sample_counts
from skprune._training.decay_groups import DecayGroups, Kind, decay_groups
from skprune._training.decays import settle
from skprune._training.reference import Architecture, Reference, Start, _Trainer

AUTO = {
    "alpha": "auto",
    "hidden_layer_sizes": "auto",
    "direct_links": True,
    "n_init": 1,
    "random_state": 0,
}


def classifier(**parameters):
    return PenalizedMLPClassifier(**{**AUTO, **parameters})


def regressor(**parameters):
    return PenalizedMLPRegressor(**{**AUTO, **parameters})


def problem(seed=0, n_samples=120, n_features=4, noise=0.3):
    """Inputs, and targets that bend."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, n_features))
    return X, np.tanh(2 * X[:, 0]) - X[:, 1] + noise * rng.normal(size=n_samples)


def same_network(one, other, X, **tolerance):
    np.testing.assert_allclose(one.predict(X), other.predict(X), **tolerance)


def test_one_decay_of_a_linear_network_settles_at_bayesian_ridge():
    X, y = load_diabetes(return_X_y=True)
    X, y = scale(X), scale(y)
    network = Network((X.shape[1], 1), ("identity",))
    kept = np.flatnonzero(~network.is_intercept)
    n_kept = len(kept)
    groups = DecayGroups(np.zeros(n_kept, int), np.zeros(1, int), [Kind(least=1e-12)])
    objective = Objective(network, X, y[:, None])
    start = np.zeros(network.n_weights)
    w = settle(objective, start, kept, groups, np.full(n_kept, 10.0), max_steps=500)
    ridge = BayesianRidge(fit_intercept=False, alpha_1=0, alpha_2=0, lambda_1=0, lambda_2=0)
    ridge.fit(X, y)
    # (Settled within a tenth of a nat, where the evidence is flat.)
    np.testing.assert_allclose(w.weights[kept], ridge.coef_, atol=0.03)
    np.testing.assert_allclose(w.posterior.precisions, ridge.lambda_, rtol=0.2)
    assert 1.0 / w.noise_variance == pytest.approx(ridge.alpha_, rel=0.02)


def test_tied_decays_are_the_pooled_and_the_free_ones_in_the_limits():
    network = Network((3, 2, 1), ("tanh", "logistic"), "log_loss")
    objective, w = make_objective(0, network)
    kept = np.arange(network.n_weights)
    everything = np.ones(len(kept), dtype=bool)
    settled = settle(
        objective, w, kept, decay_groups(network).of(everything), np.ones(len(kept)), max_steps=1
    )
    posterior, member = settled.posterior, np.arange(len(kept)) % 3
    squares = np.bincount(member, posterior.weights**2)
    determined = np.bincount(member, posterior.determined)
    kind = np.zeros(3, dtype=int)
    free = DecayGroups(member, kind, [Kind(ties=1e-9)]).updated(posterior)
    np.testing.assert_allclose(free, (determined / squares)[member], rtol=1e-6)
    tied = DecayGroups(member, kind, [Kind(ties=1e9)]).updated(posterior)
    np.testing.assert_allclose(tied, determined.sum() / squares.sum(), rtol=1e-6)
    fixed = DecayGroups(member, kind, [Kind(is_fixed=True)]).updated(posterior)
    np.testing.assert_array_equal(fixed, posterior.precisions)


def test_groups_are_by_input_where_the_network_sees_inputs_and_by_layer_elsewhere():
    network = Network((3, 4, 2), ("tanh", "softmax"), "log_loss", direct_links=True)
    groups = decay_groups(network, n_own=1)
    of = {
        name: groups.group[flat].reshape(shape)
        for (name, flat), shape in zip(
            network.groups().items(), [(3, 4), (4,), (4, 2), (2,), (3, 2)], strict=True
        )
    }
    for rows in (of["coefs_[0]"][:, :3], of["direct_coef_"]):
        assert [len(set(row)) for row in rows] == [1, 1, 1]
        assert len(np.unique(rows)) == 3
    assert len(np.unique(of["coefs_[1]"][:3])) == 1
    everything = [np.unique(part) for part in of.values()]
    assert len(np.unique(np.concatenate(everything))) == sum(map(len, everything))
    np.testing.assert_array_equal(
        groups.is_output_bias(), np.isin(groups.group, of["intercepts_[1]"])
    )


@pytest.mark.parametrize("sizes", ["auto", (3,), ()])
def test_weights_are_a_minimum_for_the_decays_that_are_told(sizes):
    X, y = problem()
    labels = (y > 0).astype(int)
    for model, targets in [
        (regressor(hidden_layer_sizes=sizes, tol=1e-6, max_iter=5000).fit(X, 50 * y + 7), y),
        (classifier(hidden_layer_sizes=sizes, tol=1e-6, max_iter=5000).fit(X, labels), labels),
    ]:
        network, w, kept, alpha = read_network(model)
        is_classifier = hasattr(model, "classes_")
        own = targets if is_classifier else 50 * targets + 7
        objective = Objective(network, X, own[:, None], None, alpha)
        value, gradient = objective.value_and_gradient(w)
        unit = 1.0 if is_classifier else np.var(own)
        assert model.loss_ == pytest.approx(value, rel=1e-3)
        assert np.abs(gradient[kept]).max() < 1e-4 * unit


def test_decays_are_told_by_group_and_as_a_number_where_there_is_one():
    X, y = problem()
    model = regressor(hidden_layer_sizes=(3,)).fit(X, y)
    assert model.alpha_ is None
    assert model.alphas_.keys() == {"coefs_[0]", "intercepts_[0]", "coefs_[1]", "direct_coef_"}
    assert model.alphas_["coefs_[0]"].shape == (4, 3)
    assert isinstance(model.alphas_["coefs_[1]"], float)
    assert np.isfinite(model.log_evidence_)
    assert 1 < model.n_effective_ < 4 * 3 + 3 + 3 + 1 + 4
    network = Network((2, 3, 1), ("tanh", "identity"))
    one = named_decays(network, np.arange(13), network.decays({"coefs_[0]": 2.0}))
    assert one == {"coefs_[0]": 2.0}
    model.set_params(alpha=0.1).fit(X, y)
    assert model.alpha_ == 0.1
    assert not hasattr(model, "alphas_") and not hasattr(model, "log_evidence_")


def test_explicit_layers_are_kept_and_chosen_ones_are_masked():
    X, y = problem()
    model = regressor(hidden_layer_sizes=(3, 2)).fit(X, y)
    assert [coef.shape for coef in model.coefs_] == [(4, 3), (3, 2), (2, 1)]
    assert not hasattr(model, "coef_masks_")
    model = regressor().fit(X, y)
    for coef, mask in zip(model.coefs_, model.coef_masks_):
        assert not coef[~mask].any()
    assert model.n_weights_ == read_network(model)[2].size


def test_scale_of_the_targets_changes_nothing():
    X, y = problem()
    plain = regressor().fit(X, y)
    for factor, shift in [(1e9, 0.0), (1e-9, 0.0), (3.0, 1e4)]:
        other = regressor().fit(X, factor * y + shift)
        np.testing.assert_allclose(
            (other.predict(X) - shift) / factor, plain.predict(X), rtol=1e-4, atol=1e-4
        )
        expected = plain.log_evidence_ - len(y) * np.log(factor)
        assert other.log_evidence_ == pytest.approx(expected, abs=0.05)
        assert other.n_effective_ == pytest.approx(plain.n_effective_, abs=0.05)


@pytest.mark.parametrize("make", [classifier, regressor])
def test_a_weight_counts_samples(make):
    X, y = problem(1)
    y = (y > 0).astype(int) if make is classifier else y
    counts = np.random.default_rng(0).integers(0, 4, len(y))
    rows = np.repeat(np.arange(len(y)), counts)
    weighted = make().fit(X, y, sample_weight=counts)
    repeated = make().fit(X[rows], y[rows])
    twice = np.tile(rows, 2)
    halved = make().fit(X[twice], y[twice], sample_weight=np.full(len(twice), 0.5))
    for other in (repeated, halved):
        same_network(weighted, other, X, atol=1e-3)
        assert weighted.log_evidence_ == pytest.approx(other.log_evidence_, abs=1e-2)
        for name, alpha in weighted.alphas_.items():
            np.testing.assert_allclose(alpha, other.alphas_[name], rtol=2e-2, atol=1e-12)


def test_weights_that_sum_to_one_are_shares_of_the_samples():
    X, y = problem()
    labels = (y > 0).astype(int)
    plain = classifier().fit(X, labels)
    shares = classifier().fit(X, labels, sample_weight=np.full(len(y), 1.0 / len(y)))
    same_network(plain, shares, X)
    assert shares.log_evidence_ == pytest.approx(plain.log_evidence_, abs=1e-3)
    ratio = shares.alphas_["intercepts_[0]"] / plain.alphas_["intercepts_[0]"]
    assert ratio == pytest.approx(1.0 / len(y), rel=1e-3)  # beside a sum that is so much smaller
    # Half of the samples have weights: they are as many as these.
    halves = sample_counts(np.repeat([0.02, 0.0], 50), 100)
    np.testing.assert_allclose(halves, np.repeat([1.0, 0.0], 50))
    np.testing.assert_array_equal(sample_counts(np.array([1.0, 0.5]), 2), [1.0, 0.5])


@pytest.mark.parametrize("make", [classifier, regressor])
def test_fits_repeat_and_leave_parameters_alone(make):
    X, y = problem()
    y = (y > 0).astype(int) if make is classifier else y
    model = make()
    parameters = model.get_params()
    one, other = model.fit(X, y), clone(model).fit(X, y)
    assert model.get_params() == parameters
    for a, b in zip(one.coefs_, other.coefs_):
        np.testing.assert_array_equal(a, b)
    sparse_one = make().fit(sparse.csr_array(X), y)
    same_network(one, sparse_one, X, atol=0.05)


def test_pruned_networks_do_not_depend_on_n_jobs():
    X, y = problem()
    pruning = OBSMLPRegressor(regressor(), n_init=2, random_state=0, threshold=0.01)
    first = clone(pruning).fit(X, y)
    other = clone(pruning).set_params(n_jobs=2).fit(X, y)
    for a, b in zip(first.coefs_, other.coefs_):
        np.testing.assert_array_equal(a, b)


def test_more_starts_do_not_lower_the_evidence():
    X, y = problem(2)
    y = y + X[:, 2] * X[:, 3]
    one, three = (regressor(hidden_layer_sizes=(4,), n_init=n_init).fit(X, y) for n_init in (1, 3))
    assert three.log_evidence_ >= one.log_evidence_ - 0.5


def test_a_pruned_network_has_the_decays_and_can_be_gone_on_from():
    X, y = problem()
    labels = (y > 0).astype(int)
    pruned = OBSMLPClassifier(classifier(), threshold=0.02, random_state=0).fit(X, labels)
    assert pruned.alpha_ is None
    network, _, _, alpha = read_network(pruned.estimator_)
    np.testing.assert_array_equal(network.decays(pruned.alphas_), alpha)
    assert pruned.to_mlp().predict(X).tolist() == pruned.predict(X).tolist()
    pruned.round_weights(X, labels, decimals=2)
    again = classifier(estimator=FrozenEstimator(pruned)).fit(X, labels)
    assert again.n_weights_ == pruned.n_weights_
    assert again.score(X, labels) > 0.8
    plain = OBSMLPClassifier(
        PenalizedMLPClassifier((3,), alpha=1e-3, direct_links=False), random_state=0
    ).fit(X, labels)
    assert not hasattr(plain, "alphas_")


def test_the_evidence_chooses_by_what_there_is_to_find():
    """A linear model where that is all, more units for a product, nothing in noise."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    noise = rng.normal(size=300)
    linear = regressor().fit(X, X[:, 0] - X[:, 1] + 0.5 * noise)
    assert linear.n_effective_ < 8
    product = regressor().fit(X, X[:, 0] * X[:, 1] + 0.1 * noise)
    assert product.n_effective_ > 10
    Z = rng.normal(size=(1000, 4))
    assert product.score(Z, Z[:, 0] * Z[:, 1]) > 0.9
    nothing = regressor().fit(X, noise)
    assert nothing.n_effective_ < 3


# --- bad input ---------------------------------------------------------------------------------


def test_separable_classes_have_finite_weights_and_honest_probabilities():
    rng = np.random.default_rng(0)
    X, Z = rng.normal(size=(100, 3)), rng.normal(size=(2000, 3))
    model = classifier().fit(X, (X[:, 0] > 0).astype(int))
    truth = (Z[:, 0] > 0).astype(int)
    assert model.score(X, X[:, 0] > 0) == 1.0
    assert log_loss(truth, model.predict_proba(Z)) < 0.15
    assert max(abs(coef).max() for coef in model.coefs_) < 1e3


@pytest.mark.parametrize("p, n_samples", [(300, 60), (40, 30), (5, 40)])
def test_noise_gives_a_network_no_worse_than_a_constant(p, n_samples):
    rng = np.random.default_rng(p)
    X, Z = rng.normal(size=(n_samples, p)), rng.normal(size=(2000, p))
    y, z = rng.normal(size=n_samples), rng.normal(size=2000)
    error = np.square(z - regressor().fit(X, y).predict(Z)).mean()
    constant = np.square(z - y.mean()).mean()
    assert error < 1.02 * constant
    labels, truth = rng.integers(0, 2, n_samples), rng.integers(0, 2, 2000)
    model = classifier().fit(X, labels)
    base = log_loss(truth, np.full((2000, 1), labels.mean()) * [-1, 1] + [1, 0])
    assert log_loss(truth, model.predict_proba(Z)) < base + 0.02


def test_more_inputs_than_samples_is_no_worse_than_bayesian_ridge():
    rng = np.random.default_rng(0)
    X, Z = rng.normal(size=(60, 200)), rng.normal(size=(2000, 200))
    y = X[:, 0] + 0.3 * rng.normal(size=60)
    model = regressor().fit(X, y)
    assert model.score(Z, Z[:, 0]) > BayesianRidge().fit(X, y).score(Z, Z[:, 0])
    assert model.n_effective_ < 61.5  # the bias counts one


def test_one_class_and_constant_targets_give_constants():
    X, _ = problem()
    model = classifier().fit(X, np.full(len(X), "only"))
    assert set(model.predict(X)) == {"only"}
    for value in (0.0, 3.7, 1e9 + 0.1):
        model = regressor().fit(X, np.full(len(X), value))
        np.testing.assert_allclose(model.predict(X), value, rtol=1e-12)
        assert model.n_effective_ < 2 and np.isfinite(model.log_evidence_)
    model = regressor(loss="poisson").fit(X, np.zeros(len(X)))
    assert model.predict(X).max() < 0.01


def test_few_samples_are_enough_to_end():
    X, y = problem()
    for n_samples in (1, 2, 3):
        model = regressor().fit(X[:n_samples], y[:n_samples])
        assert np.isfinite(model.predict(X)).all()


def test_duplicate_and_constant_columns_change_little():
    X, y = problem(3)
    copies = np.hstack([X, X, np.ones((len(X), 2)), np.zeros((len(X), 1))])
    for make, targets in [(regressor, y), (classifier, (y > 0).astype(int))]:
        plain, other = make().fit(X, targets), make().fit(copies, targets)
        assert other.score(copies, targets) == pytest.approx(plain.score(X, targets), abs=0.05)


def test_heavy_tails_of_inputs_are_bent():
    rng = np.random.default_rng(0)
    X = np.exp(2.0 * rng.normal(size=(1000, 3)))
    logit = 2.0 * np.log(X[:, 0])
    y = (rng.random(1000) < 1 / (1 + np.exp(-logit))).astype(int)
    X = scale(X)
    model = classifier().fit(X[:500], y[:500])
    linear = LogisticRegression().fit(X[:500], y[:500])
    loss, other = (log_loss(y[500:], m.predict_proba(X[500:])) for m in (model, linear))
    assert loss < other


def test_heavy_tails_of_targets_end_no_worse_than_a_constant():
    X, y = problem(noise=0.0)
    y = y + np.random.default_rng(0).standard_t(1.5, len(y))
    Z, z = problem(1, 2000, noise=0.0)
    error = np.square(z - regressor().fit(X, y).predict(Z)).mean()
    assert error < np.square(z - y.mean()).mean()


def test_a_network_that_leave_one_out_finds_out_is_not_chosen_whatever_its_evidence():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), rng.normal(size=60)
    y += X[:, 0]

    def make_network(hidden):
        activations = ("tanh",) * len(hidden) + ("identity",)
        network = Network((3, *hidden, 1), activations, direct_links=len(hidden) > 0)
        return network, np.ones(network.n_weights, dtype=bool)

    trainer = _Trainer(
        Architecture(make_network), lambda network: Objective(network, X, y[:, None]), 60, None
    )
    linear = trainer.trained(Start(0, 3.0), 0)
    network, is_kept = make_network((8,))
    groups, kept = decay_groups(network).fixed(), np.flatnonzero(is_kept)
    objective, weak = trainer.make_objective(network), np.full(len(kept), 1e-3)
    overfitted = settle(objective, rng.normal(size=len(kept)), kept, groups, weak)
    overfitted = replace(overfitted, noise_variance=0.1)
    sure = Reference(Start(8, 3.0), overfitted, 0, [0])
    trainer._at_minimum = lambda reference: reference
    constant = trainer.constant(Start(0, 3.0))
    praised = [
        replace(
            one,
            settled=replace(
                one.settled, posterior=replace(one.settled.posterior, log_likelihood=praise)
            ),
        )
        for one, praise in [(linear, 100.0), (sure, 1000.0)]
    ]
    assert praised[1].score > praised[0].score + 500
    assert trainer.chosen(praised, constant) is praised[0]
    trainer._left_out_loss = lambda reference: 0.0
    assert trainer.chosen(praised, constant) is praised[1]


@pytest.mark.parametrize("seed", range(3))
def test_noise_of_more_inputs_than_samples_ends_in_a_constant(seed):
    """Its evidence and its left-out loss are those of a network that predicts."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(540, 100)), rng.random(540) < 0.5
    rates = np.array([1 - y[:40].mean(), y[:40].mean()])
    model = classifier(n_init="auto").fit(X[:40], y[:40])
    loss = log_loss(y[40:], model.predict_proba(X[40:]))
    assert loss < log_loss(y[40:], np.tile(rates, (500, 1))) + 0.01


def test_what_folds_bear_out_is_kept_however_many_the_inputs():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(1000, 150))
    y = rng.random(1000) < expit(3 * X[:, 0] - 3 * X[:, 1])
    model = classifier().fit(X[:100], y[:100])
    assert log_loss(y[100:], model.predict_proba(X[100:])) < 0.55


def test_training_that_ends_too_early_names_a_cure_that_the_user_has():
    X, y = problem()
    with pytest.warns(ConvergenceWarning, match="inputs, or take fewer units or layers") as told:
        regressor(hidden_layer_sizes=(6, 4), max_iter=2, tol=1e-13).fit(X, y)
    assert not any("alpha" in str(warning.message) for warning in told)


def test_giving_up_hopeless_starts_changes_nothing(monkeypatch):
    X, y = problem(4)
    y = y + X[:, 2] * X[:, 3]
    quick = regressor(n_init=2).fit(X, y)
    monkeypatch.setattr("skprune._training.decays._REACH", np.inf)
    patient = regressor(n_init=2).fit(X, y)
    assert quick.log_evidence_ == pytest.approx(patient.log_evidence_, abs=1.0)


def test_the_loss_curve_ends_at_the_loss():
    X, y = problem()
    for sizes in ("auto", (4,)):
        model = regressor(hidden_layer_sizes=sizes).fit(X, y)
        assert model.loss_curve_[-1] == pytest.approx(model.loss_, rel=1e-9)


def test_samples_of_weight_zero_are_left_out():
    X, y = problem()
    weights = np.ones(len(y))
    weights[:40] = 0.0
    spoilt = y.copy()
    spoilt[:40] = 1e6
    same_network(
        regressor().fit(X, spoilt, sample_weight=weights),
        regressor().fit(X[40:], y[40:]),
        X,
        atol=1e-6,
    )


def test_networks_too_large_for_an_exact_curvature_are_trained(monkeypatch):
    """Rows of some of the patterns take the place of the matrix."""
    X, y = problem(n_samples=400)
    monkeypatch.setattr("skprune._curvature.regularised._LARGEST_MATRIX", 30)
    monkeypatch.setattr("skprune._curvature.regularised._MOST_ROWS", 200)
    model = regressor(hidden_layer_sizes=(10,)).fit(X, y)
    assert model.score(*problem(5, 2000)) > 0.85


def test_many_inputs_end_in_the_linear_model():
    rng = np.random.default_rng(0)
    X = sparse.random_array((200, 3000), density=0.01, rng=rng, format="csr")
    y = X @ rng.normal(size=3000)
    model = regressor().fit(X, y)
    assert len(model.coefs_) == 1
    check_is_fitted(model)


def test_several_labels_several_outputs_and_counts_have_their_evidence():
    X, y = problem()
    rng = np.random.default_rng(0)
    labels = np.column_stack([y > 0, X[:, 2] > 0, rng.random(len(y)) > 0.5]).astype(int)
    model = classifier().fit(X, labels)
    assert (model.predict(X)[:, :2] == labels[:, :2]).mean() > 0.9
    outputs = np.column_stack([y, X[:, 2]])
    assert regressor().fit(X, outputs).score(X, outputs) > 0.9
    model = regressor(loss="poisson").fit(X, rng.poisson(np.exp(y)))
    assert np.corrcoef(np.log(model.predict(X)), y)[0, 1] > 0.9


def test_networks_without_biases_are_not_shifted():
    X, y = problem()
    model = regressor(fit_intercept=False).fit(X, y + 5)
    assert not any(intercept.any() for intercept in model.intercepts_)
    assert model.predict(np.zeros((1, 4))) == 0.0


def test_other_penalties_do_not_ask_for_the_evidence():
    X, y = problem()
    model = classifier(penalty=None).fit(X, (y > 0).astype(int))
    assert model.alpha_ == 0.0 and not hasattr(model, "log_evidence_")
    assert model.coefs_[0].shape == (4, 10)


def test_scales_of_targets_are_undone():
    network = Network((3, 2, 2), ("tanh", "identity"), direct_links=True)
    rng = np.random.default_rng(0)
    X, w = rng.normal(size=(20, 3)), rng.normal(size=network.n_weights)
    targets = 5 * rng.normal(size=(20, 2)) + [1.0, 100.0]
    everything = np.ones(network.n_weights, dtype=bool)
    architecture = Architecture(lambda sizes: (network, everything), (2,))
    target_scale = TargetScale.of(targets, None, architecture)
    standard = target_scale.standardised(targets)
    np.testing.assert_allclose(standard.mean(axis=0), 0.0, atol=1e-12)
    assert np.square(standard).mean() == pytest.approx(1.0)
    own = target_scale.rescaled(network, w)
    np.testing.assert_allclose(
        target_scale.standardised(network.predict(own, X)), network.predict(w, X)
    )
    np.testing.assert_allclose(target_scale.standardised_weights(network, own), w)
    decay = rng.uniform(size=network.n_weights)
    network.layers(decay)[-1][-1] = 0.0  # of the output biases, which are shifted
    there = Objective(network, X, standard).decayed(decay)
    here = Objective(network, X, targets).decayed(target_scale.rescaled_decay(network, decay))
    assert here.value(own) == pytest.approx(target_scale.scale**2 * there.value(w))


def test_without_a_start_there_is_no_network():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="'n_init' parameter"):
        classifier(n_init=0).fit(X, y)


def test_some_of_many_samples_make_the_choice_and_all_the_decays(monkeypatch):
    X, y = problem(6, 2000)
    everything = regressor().fit(X, y)
    monkeypatch.setattr("skprune._training.reference._MOST_PATTERNS", 500)
    chosen_on_some = regressor().fit(X, y)
    same_network(everything, chosen_on_some, X, atol=0.1)
    assert chosen_on_some.log_evidence_ == pytest.approx(everything.log_evidence_, abs=20)
