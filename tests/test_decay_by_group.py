"""Weight decay by group of weights: the loss, its gradient and curvature have each one's own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import make_objective, networks, numerical_gradient

from skprune._gauss_newton.diagonal import gauss_newton_diagonal
from skprune._gauss_newton.matrix import gauss_newton
from skprune._network import Network, Objective, noisy_objective

SEEDS = st.integers(0, 2**16)


def with_decays(objective, alpha):
    """The same loss on data with another decay."""
    data = objective.network, objective.X, objective.targets, objective.weights
    return Objective(*data, alpha)


@settings(max_examples=40, deadline=None)
@given(st.booleans().flatmap(lambda linked: networks(direct_links=linked)), SEEDS)
def test_each_weight_is_in_one_group_named_after_its_attribute(network, seed):
    w = np.random.default_rng(seed).normal(size=network.n_weights)
    groups = network.groups()
    members = np.concatenate(list(groups.values()))
    np.testing.assert_array_equal(np.sort(members), np.arange(network.n_weights))
    layers = network.layers(w)
    attributes = {"coefs_": [x[:-1] for x in layers], "intercepts_": [x[-1] for x in layers]}
    attributes["direct_coef_"] = network.direct(w)
    for name, flat in groups.items():
        value = eval(name, attributes)
        np.testing.assert_array_equal(w[flat], value.ravel())
    assert len(groups) == 2 * network.n_layers + network.direct_links


@settings(max_examples=40, deadline=None)
@given(st.booleans().flatmap(lambda linked: networks(direct_links=linked)), SEEDS)
def test_a_decay_for_each_group_is_a_sum_of_squares(network, seed):
    plain, w = make_objective(seed, network, alpha=0.0)
    rng = np.random.default_rng(seed)
    alphas = {name: rng.uniform(0, 2) for name in network.groups()}
    objective = with_decays(plain, network.decays(alphas))
    squares = {name: np.square(w[flat]).sum() for name, flat in network.groups().items()}
    penalty = sum(alphas[name] * squares[name] for name in alphas) / (2 * plain.total)
    assert objective.value(w) == pytest.approx(plain.data_loss(w) + penalty)
    value, gradient = objective.value_and_gradient(w)
    assert value == pytest.approx(objective.value(w))
    expected = numerical_gradient(objective.value, w)
    scale = 1.0 + np.abs(expected).max()
    np.testing.assert_allclose(gradient / scale, expected / scale, atol=1e-7)
    kept = np.arange(network.n_weights)
    decay = np.diag(network.decays(alphas)) / plain.total
    np.testing.assert_allclose(objective.hessian(w, kept), plain.hessian(w, kept) + decay)


@settings(max_examples=20, deadline=None)
@given(networks(), SEEDS)
def test_one_decay_for_all_coefficients_is_the_number(network, seed):
    objective, w = make_objective(seed, network, alpha=0.7)
    coefs = {name: 0.7 for name in network.groups() if not name.startswith("intercepts_")}
    grouped = with_decays(objective, network.decays(coefs))
    np.testing.assert_array_equal(grouped.decay, objective.decay)
    assert grouped.value(w) == objective.value(w)


def test_curvature_and_noisy_copies_have_the_decay_of_each_weight():
    network = Network((3, 2, 2), ("tanh", "softmax"), "log_loss")
    plain, w = make_objective(0, network, alpha=0.0)
    alpha = np.random.default_rng(0).uniform(0.1, 1.0, network.n_weights)
    objective = with_decays(plain, alpha)
    kept = np.flatnonzero(np.arange(network.n_weights) % 3)
    bare = gauss_newton(plain, w, kept)
    expected = bare + np.diag(alpha[kept]) / plain.total
    np.testing.assert_allclose(gauss_newton(objective, w, kept), expected, atol=1e-14)
    np.testing.assert_allclose(gauss_newton_diagonal(objective, w, kept), expected.diagonal())
    data = network, plain.X, plain.targets, plain.weights
    noisy = noisy_objective(0.1, *data, alpha)
    for other in (noisy, noisy.for_training(), noisy.for_retraining(0), noisy.for_model(0, w, 5)):
        assert other.penalty(w) == pytest.approx(objective.penalty(w))


def test_decays_that_do_not_fit_the_network_are_refused():
    network = Network((3, 2, 1), ("tanh", "identity"))
    with pytest.raises(ValueError, match=r"no weights named direct_coef_; its groups are coefs_"):
        network.decays({"direct_coef_": 1.0})
    with pytest.raises(ValueError, match=r"shape \(2,\), but the network has 11 weights"):
        Objective(network, np.ones((4, 3)), np.ones((4, 1)), None, np.ones(2))
