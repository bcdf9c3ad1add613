"""The loop: what it deletes, when it stops, and what its path holds."""

import numpy as np
import pytest
from networks import make_objective

from skprune._hessian import jacobian_chunks
from skprune._network import Network, Objective
from skprune._pruning import Pruner, StopRule
from skprune._training import train_lbfgs


@pytest.fixture
def trained():
    """A 6-6-2 network trained to a minimum on a problem that needs fewer weights."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 6))
    targets = np.c_[np.tanh(X[:, 0] - X[:, 1]), X[:, 2]]
    network = Network((6, 6, 2), ("tanh", "identity"))
    objective = Objective(network, X, targets, alpha=0.01)
    kept = np.arange(network.n_weights)
    w = 0.5 * rng.normal(size=network.n_weights)
    result = train_lbfgs(objective, w, kept, max_iter=3000, tol=1e-8)
    return objective, result.weights, kept


def test_first_deletion_of_1993(trained):
    """linearize=1, first_order=False deletes argmin w^2 / 2 [H^-1]_qq and moves the others."""
    objective, w, kept = trained
    jacobian = np.vstack(list(jacobian_chunks(objective, w, kept)))
    damping = 1e-6
    inverse = np.linalg.inv(
        jacobian.T @ jacobian + np.diag(objective.decay) + damping * np.eye(len(kept))
    )
    prices = w**2 / (2 * inverse.diagonal())
    q = int(np.argmin(prices))
    pruner = Pruner(
        objective,
        w,
        kept,
        rule=StopRule(n_weights=len(kept) - 1),
        linearize=1,
        first_order=False,
        damping=damping,
        retrain="never",
    ).prune()
    path = pruner.path.to_arrays()
    layer, index = path["layer"][0], path["index"][0]
    assert objective.network.offsets[layer] + index == q
    assert path["saliency"][0] == pytest.approx(prices[q], rel=1e-6)
    expected = w - w[q] / inverse[q, q] * inverse[:, q]
    expected[q] = 0.0
    np.testing.assert_allclose(pruner.w, expected, atol=1e-6)


def test_forecast_holds_for_small_saliencies(trained):
    objective, w, kept = trained
    pruner = Pruner(objective, w, kept, rule=StopRule(n_weights=40), retrain="never").prune()
    path = pruner.path.to_arrays()
    # While the loss has hardly moved, actual and predicted loss agree closely.
    early = path["loss"] < 1.2 * objective.value(w)
    assert early.sum() > 5
    np.testing.assert_allclose(path["predicted_loss"][early], path["loss"][early], rtol=0.03)


@pytest.mark.parametrize("criterion", ["obs", "obd", "magnitude"])
@pytest.mark.parametrize("retrain", ["never", "final", "always"])
def test_threshold_is_kept_and_binds(trained, criterion, retrain):
    objective, w, kept = trained
    ceiling = objective.data_loss(w) + 0.02 * objective.null_loss()
    pruner = Pruner(
        objective, w, kept, rule=StopRule(max_loss=ceiling), criterion=criterion, retrain=retrain
    ).prune()
    assert pruner.stopped_by == "threshold"
    assert objective.data_loss(pruner.w) == pruner.loss <= ceiling
    assert len(pruner.kept) < len(kept)
    assert (pruner.w != 0).sum() <= len(pruner.kept)
    assert set(np.flatnonzero(pruner.w)) <= set(pruner.kept)


@pytest.mark.parametrize("granularity", ["weight", "unit", "input"])
@pytest.mark.parametrize("criterion", ["obs", "obd", "magnitude"])
def test_n_weights_is_never_passed(trained, criterion, granularity):
    objective, w, kept = trained
    pruner = Pruner(
        objective,
        w,
        kept,
        rule=StopRule(n_weights=20),
        criterion=criterion,
        granularity=granularity,
        retrain="never",
    ).prune()
    assert len(pruner.kept) >= 20
    if granularity == "weight":
        assert len(pruner.kept) == 20
    assert pruner.stopped_by == "n_weights"


def test_max_saliency_is_relative_to_the_loss(trained):
    objective, w, kept = trained
    rule = StopRule(max_saliency=0.05)
    pruner = Pruner(objective, w, kept, rule=rule, retrain="never", linearize=1).prune()
    path = pruner.path.to_arrays()
    assert pruner.stopped_by == "max_saliency"
    before = np.r_[objective.value(w), path["loss"][:-1]]
    assert (path["saliency"] <= 0.05 * before).all()


def test_units_and_inputs_go_as_wholes(trained):
    objective, w, kept = trained
    for granularity, n_left in (("unit", 3), ("input", 3)):
        size = {"unit": 3 * 9 + 2, "input": 3 * 6 + 6 + 14}[granularity]
        pruner = Pruner(
            objective, w, kept, rule=StopRule(n_weights=size), granularity=granularity
        ).prune()
        first, second = objective.network.layers(pruner.topology.alive)
        if granularity == "unit":
            assert sorted(second[:-1].all(axis=1)) == [False] * 3 + [True] * n_left
            np.testing.assert_array_equal(first.any(axis=0), second[:-1].any(axis=1))
        else:
            np.testing.assert_array_equal(first[:-1].any(axis=1), [1, 1, 1, 0, 0, 0])


def test_protected_biases_stay_while_their_unit_does(trained):
    objective, w, kept = trained
    network = objective.network
    pruner = Pruner(
        objective,
        w,
        kept,
        rule=StopRule(n_weights=12),
        retrain="never",
        protected=np.flatnonzero(network.is_intercept),
    ).prune()
    first, second = network.layers(pruner.topology.alive)
    np.testing.assert_array_equal(first[-1], first[:-1].any(axis=0))
    assert second[-1].all()


def test_a_constant_model_is_reached_only_when_the_rule_allows(trained):
    objective, w, kept = trained
    down = Pruner(objective, w, kept, rule=StopRule(n_weights=0)).prune()
    assert down.topology.n_alive == 0
    strict = Pruner(objective, w, kept, rule=StopRule(max_loss=0.9 * objective.null_loss())).prune()
    outputs = objective.network.predict(strict.w, objective.X)
    assert (outputs.std(axis=0) > 0).any()


def test_path_is_consistent_and_can_be_rebuilt(trained):
    objective, w, kept = trained
    pruner = Pruner(objective, w, kept, rule=StopRule(n_weights=5), retrain="never").prune()
    path = pruner.path.to_arrays()
    assert (np.diff(path["n_weights"]) < 0).all()
    # The cheapest of the last weights take others with them.
    assert path["n_weights"][-1] == len(pruner.kept) == pytest.approx(5, abs=1)
    alive = set(kept)
    for step, n_left in zip(pruner.path.steps, path["n_weights"]):
        alive -= set(step.group)
        assert len(alive) == n_left
        survivors, _, _ = pruner.path.at(n_left)
        if len(survivors) == n_left:
            assert set(survivors) == alive
    for n_left, loss in zip(path["n_weights"][path["evaluated"]], path["loss"][path["evaluated"]]):
        survivors, values, stored_loss = pruner.path.at(n_left)
        assert stored_loss == pytest.approx(loss)
        network = np.zeros_like(w)
        network[survivors] = values
        assert objective.value(network) == pytest.approx(loss)
    with pytest.raises(ValueError, match=r"smallest network has \d weights, got n_weights=1"):
        pruner.path.at(1)


def test_every_linearisation_deletes(trained):
    objective, w, kept = trained
    pruner = Pruner(objective, w, kept, rule=StopRule(n_weights=1), retrain="never").prune()
    assert pruner.n_linearizations <= len(pruner.path.steps)


def test_the_callback_stops_between_blocks(trained):
    objective, w, kept = trained
    seen = []

    def stop_at_30(n_steps, n_left, loss):
        seen.append((n_steps, n_left))
        return n_left <= 30

    pruner = Pruner(objective, w, kept, rule=StopRule(n_weights=1), on_deletions=stop_at_30).prune()
    assert pruner.stopped_by == "callback"
    assert seen[-1][1] == len(pruner.kept) <= 30
    assert sum(n for n, _ in seen) == len(pruner.path.steps)


def test_useless_units_of_the_given_network_go_first():
    network = Network((2, 3, 1), ("tanh", "identity"))
    objective, w = make_objective(0, network)
    kept = np.arange(network.n_weights)
    first, second = network.layers(np.arange(network.n_weights))
    kept = np.setdiff1d(kept, [second[1, 0], *first[:-1, 2]])
    pruner = Pruner(objective, w, kept, rule=StopRule(n_weights=1), retrain="never")
    pruner.rule = StopRule(n_weights=len(kept))
    pruner.prune()
    assert set(pruner.kept) == {*first[:, 0], second[0, 0], second[3, 0]}


def test_saturated_networks_are_pruned_too():
    """Where the curvature vanishes only strong damping gives steps that can be trusted."""
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]])
    targets = np.array([[0.0], [1], [1], [0]])
    network = Network((2, 3, 1), ("tanh", "logistic"), "squared_error")
    # OR, AND, and a unit that hardly matters.
    w = network.pack(
        [np.array([[20.0, 20, 9], [20, 20, -9]]), np.array([[20.0], [-20], [0.5]])],
        [np.array([-10.0, -30, 1]), np.array([-20.0])],
    )
    objective = Objective(network, X, targets)
    assert objective.data_loss(w) < 1e-8
    pruner = Pruner(
        objective,
        w,
        np.arange(network.n_weights),
        rule=StopRule(max_loss=0.01 * objective.null_loss()),
        retrain="never",
    ).prune()
    assert len(pruner.kept) <= 9
    assert pruner.loss <= 0.01 * objective.null_loss()
