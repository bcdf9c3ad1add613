"""The loop: what it deletes, when it stops, and what its path holds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import make_objective, networks
from pruning import pruned

from skprune import OBS as PublicOBS
from skprune._curvature.dense_elimination import OBSElimination
from skprune._curvature.exact import DualInverse, InPlaceCholesky, OfMatrix
from skprune._gauss_newton.jacobian import jacobian_chunks
from skprune._gauss_newton.matrix import gauss_newton
from skprune._network import Connectivity, Network, Objective
from skprune._pruning import candidates, criteria
from skprune._pruning.cleanup import useful_part
from skprune._pruning.criteria import OBS
from skprune._pruning.damping import FixedDamping
from skprune._pruning.loop import prune
from skprune._pruning.retraining import Final, Never
from skprune._pruning.stop import MaxLoss, MaxSaliency, MinWeights
from skprune._training.lbfgs import train_lbfgs


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
    """OBS(linearize=1, first_order=False) deletes argmin w^2 / 2 [H^-1]_qq and moves the others."""
    objective, w, kept = trained
    jacobian = np.vstack(list(jacobian_chunks(objective, w, kept)))
    damping = 1e-6
    inverse = np.linalg.inv(
        jacobian.T @ jacobian + np.diag(objective.decay) + damping * np.eye(len(kept))
    )
    prices = w**2 / (2 * inverse.diagonal())
    q = int(np.argmin(prices))
    pruner = pruned(
        objective,
        w,
        kept,
        MinWeights(len(kept) - 1),
        criterion=PublicOBS(linearize=1, first_order=False, damping=damping),
        retrain="never",
    )
    path = pruner.path.to_arrays()
    layer, index = path["layer"][0], path["index"][0]
    assert objective.network.offsets[layer] + index == q
    assert path["saliency"][0] == pytest.approx(prices[q], rel=1e-6)
    expected = w - w[q] / inverse[q, q] * inverse[:, q]
    expected[q] = 0.0
    np.testing.assert_allclose(pruner.state.w, expected, atol=1e-6)


def test_forecast_holds_for_small_saliencies(trained):
    objective, w, kept = trained
    pruner = pruned(objective, w, kept, MinWeights(40), retrain="never")
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
    pruner = pruned(objective, w, kept, MaxLoss(ceiling), criterion=criterion, retrain=retrain)
    assert pruner.stopped_by == "threshold"
    assert objective.data_loss(pruner.state.w) == pruner.state.data_loss <= ceiling
    assert len(pruner.state.kept) < len(kept)
    assert (pruner.state.w != 0).sum() <= len(pruner.state.kept)
    assert set(np.flatnonzero(pruner.state.w)) <= set(pruner.state.kept)


@pytest.mark.parametrize("granularity", ["weight", "unit", "input"])
@pytest.mark.parametrize("criterion", ["obs", "obd", "magnitude"])
def test_n_weights_is_never_passed(trained, criterion, granularity):
    objective, w, kept = trained
    pruner = pruned(
        objective,
        w,
        kept,
        MinWeights(20),
        criterion=criterion,
        granularity=granularity,
        retrain="never",
    )
    assert len(pruner.state.kept) >= 20
    if granularity == "weight":
        assert len(pruner.state.kept) == 20
    assert pruner.stopped_by == "n_weights"


def test_max_saliency_is_relative_to_the_loss(trained):
    objective, w, kept = trained
    rule = MaxSaliency(0.05)
    pruner = pruned(objective, w, kept, rule, retrain="never", criterion=PublicOBS(linearize=1))
    path = pruner.path.to_arrays()
    assert pruner.stopped_by == "max_saliency"
    before = np.r_[objective.value(w), path["loss"][:-1]]
    assert (path["saliency"] <= 0.05 * before).all()


def test_units_and_inputs_go_as_wholes(trained):
    objective, w, kept = trained
    for granularity, n_left in (("unit", 3), ("input", 3)):
        size = {"unit": 3 * 9 + 2, "input": 3 * 6 + 6 + 14}[granularity]
        pruner = pruned(objective, w, kept, MinWeights(size), granularity=granularity)
        first, second = objective.network.layers(pruner.state.connectivity.alive)
        if granularity == "unit":
            assert sorted(second[:-1].all(axis=1)) == [False] * 3 + [True] * n_left
            np.testing.assert_array_equal(first.any(axis=0), second[:-1].any(axis=1))
        else:
            np.testing.assert_array_equal(first[:-1].any(axis=1), [1, 1, 1, 0, 0, 0])


def test_protected_biases_stay_while_their_unit_does(trained):
    objective, w, kept = trained
    network = objective.network
    pruner = pruned(
        objective,
        w,
        kept,
        MinWeights(12),
        retrain="never",
        protected=np.flatnonzero(network.is_intercept),
    )
    first, second = network.layers(pruner.state.connectivity.alive)
    np.testing.assert_array_equal(first[-1], first[:-1].any(axis=0))
    assert second[-1].all()


def test_a_constant_model_is_reached_only_when_the_rule_allows(trained):
    objective, w, kept = trained
    down = pruned(objective, w, kept, MinWeights(0))
    assert down.state.n_alive == 0
    strict = pruned(objective, w, kept, MaxLoss(0.9 * objective.null_loss()))
    outputs = objective.network.predict(strict.state.w, objective.X)
    assert (outputs.std(axis=0) > 0).any()


def test_path_is_consistent_and_can_be_rebuilt(trained):
    objective, w, kept = trained
    pruner = pruned(objective, w, kept, MinWeights(5), retrain="never")
    path = pruner.path.to_arrays()
    assert (np.diff(path["n_weights"]) < 0).all()
    # The cheapest of the last weights take others with them.
    assert path["n_weights"][-1] == len(pruner.state.kept) == pytest.approx(5, abs=1)
    alive = set(kept)
    for step, n_left in zip(pruner.path.deletions, path["n_weights"]):
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


def test_deletions_that_training_mends_are_on_the_path_as_they_were(trained):
    """Their loss is that before training, above the rule's; a forecast goes with it."""
    objective, w, kept = trained
    starts = []

    def recorded(objective, start, kept, **options):
        starts.append(start.copy())
        return train_lbfgs(objective, start, kept, **options)

    ceiling = objective.data_loss(w) + 0.002 * objective.null_loss()
    pruner = pruned(objective, w, kept, MaxLoss(ceiling), retraining=Final(train=recorded))
    path = pruner.path.to_arrays()
    assert np.isfinite(path["predicted_loss"]).all()
    refused = [start for start in starts if objective.data_loss(start) > ceiling]
    sizes = np.array([np.count_nonzero(start) for start in refused])
    losses = np.array([objective.value(start) for start in refused])
    mended = np.flatnonzero(np.isin(path["n_weights"], sizes))
    assert len(mended)
    for n_left, loss in zip(path["n_weights"][mended], path["loss"][mended]):
        assert np.isclose(losses[sizes == n_left], loss, rtol=1e-9).any()
        assert pruner.path.at(n_left)[-1] < loss


def test_every_linearisation_deletes(trained):
    objective, w, kept = trained
    pruner = pruned(objective, w, kept, MinWeights(1), retrain="never")
    assert pruner.n_linearizations <= len(pruner.path.deletions)


def test_the_callback_stops_between_blocks(trained):
    objective, w, kept = trained
    seen = []

    def stop_at_30(n_steps, n_left, loss):
        seen.append((n_steps, n_left))
        return n_left <= 30

    pruner = pruned(objective, w, kept, MinWeights(1), report=stop_at_30)
    assert pruner.stopped_by == "callback"
    assert seen[-1][1] == len(pruner.state.kept) <= 30
    assert sum(n for n, _ in seen) == len(pruner.path.deletions)


def test_useless_units_of_the_given_network_go_first():
    network = Network((2, 3, 1), ("tanh", "identity"))
    objective, w = make_objective(0, network)
    kept = np.arange(network.n_weights)
    first, second = network.layers(np.arange(network.n_weights))
    kept = np.setdiff1d(kept, [second[1, 0], *first[:-1, 2]])
    pruner = pruned(objective, w, kept, MinWeights(len(kept)), retrain="never")
    assert set(pruner.state.kept) == {*first[:, 0], second[0, 0], second[3, 0]}


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
    pruner = pruned(
        objective,
        w,
        np.arange(network.n_weights),
        MaxLoss(0.01 * objective.null_loss()),
        retrain="never",
    )
    assert len(pruner.state.kept) <= 9
    assert pruner.state.data_loss <= 0.01 * objective.null_loss()


@pytest.fixture(scope="module")
def wide():
    """A 10-20-1 network: blocks of several deletions."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 10))
    network = Network((10, 20, 1), ("tanh", "identity"))
    objective = Objective(network, X, np.tanh(X[:, :1] - X[:, 1:2]) + 0.5 * X[:, 2:3], alpha=0.01)
    w = 0.3 * rng.normal(size=network.n_weights)
    return objective, train_lbfgs(objective, w, np.arange(len(w)), max_iter=2000, tol=1e-7).weights


@pytest.mark.parametrize("criterion", ["obs", "obd", "magnitude"])
@pytest.mark.parametrize("threshold", [1e-6, 1e-4, 1e-2])
def test_counts_of_the_topology_stay_true(wide, criterion, threshold):
    objective, w = wide
    ceiling = objective.data_loss(w) + threshold * objective.null_loss()
    pruner = pruned(objective, w, np.arange(len(w)), MaxLoss(ceiling), criterion=criterion)
    fresh = Connectivity(objective.network, pruner.state.kept)
    for mine, true in zip(pruner.state.connectivity._incoming, fresh._incoming):
        np.testing.assert_array_equal(mine, true)
    for mine, true in zip(pruner.state.connectivity._outgoing, fresh._outgoing):
        np.testing.assert_array_equal(mine, true)
    assert not len(fresh.useless())


@pytest.mark.parametrize("criterion", [PublicOBS(), PublicOBS(linearize=1)])
def test_path_stores_a_bounded_number_of_networks(wide, criterion):
    objective, w = wide
    pruner = pruned(
        objective, w, np.arange(len(w)), MinWeights(40), retrain="never", criterion=criterion
    )
    sizes = pruner.path.sizes
    numbers = sum(len(pruner.path.at(size)[0]) for size in sizes)
    assert numbers < 80 * len(w)
    large = sizes[sizes > 64]
    assert (large[:-1] - large[1:] <= np.maximum(large[:-1] / 16, 3)).all()


@pytest.mark.parametrize("criterion", ["obs", "obd", "magnitude"])
def test_units_without_inputs_are_folded(trained, criterion):
    objective, w, kept = trained
    network, w = objective.network, w.copy()
    first, second = network.layers(w)
    first[:-1, 0], first[-1, 0], second[0] = 0.0, 0.3, 5.0
    second[-1] -= np.tanh(0.3) * 5.0
    start, _ = network.layers(np.arange(network.n_weights))
    kept = np.setdiff1d(kept, start[:-1, 0])
    before = objective.data_loss(w)
    ceiling = before + 0.01 * objective.null_loss()
    pruner = pruned(objective, w, kept, MaxLoss(ceiling), criterion=criterion, retrain="never")
    assert pruner.state.data_loss <= ceiling
    assert not network.layers(pruner.state.connectivity.alive)[0][:, 0].any()
    # Without a bias to take its place the unit stays.
    _, last = network.layers(np.arange(network.n_weights))
    kept = np.setdiff1d(kept, last[-1])
    w[last[-1]] = 0.0
    unchanged = pruned(objective, w, kept, MinWeights(len(kept)), retrain="never")
    assert unchanged.state.data_loss == pytest.approx(objective.data_loss(w))


@settings(max_examples=60, deadline=None)
@given(networks(max_layers=4), st.integers(0, 1000), st.sampled_from([0.3, 0.6, 0.9]))
def test_what_is_of_no_use_goes_without_a_trace(network, seed, density):
    """Units without inputs may feed units that see nothing else, through any number of layers."""
    objective, w = make_objective(seed, network)
    kept = np.flatnonzero(np.random.default_rng(seed).random(len(w)) < density)
    w = np.where(np.isin(np.arange(len(w)), kept), w, 0.0)
    rule = MinWeights(len(kept))
    pruner = pruned(objective, w, kept, rule, retrain="never")
    assert not pruner.path.deletions
    np.testing.assert_allclose(
        network.predict(pruner.state.w, objective.X), network.predict(w, objective.X), atol=1e-12
    )


def test_a_callback_can_stop_anywhere(trained):
    objective, w, kept = trained
    rule = MaxLoss(objective.data_loss(w) + 0.02 * objective.null_loss())
    reports = []
    pruned(objective, w, kept, rule, report=lambda *a: reports.append(a))
    for stop_at in {1, len(reports) // 2, len(reports) - 1, len(reports)}:
        seen = []

        def stop(*report, seen=seen, stop_at=stop_at):
            seen.append(report)
            return len(seen) == stop_at

        pruner = pruned(objective, w, kept, rule, report=stop)
        assert len(seen) == stop_at
        assert pruner.stopped_by == "callback"


def test_exhausted_is_not_n_weights(trained):
    objective, w, kept = trained
    everything = pruned(objective, w, kept, MaxLoss(1e9), retrain="never")
    assert (everything.stopped_by, everything.state.n_alive) == ("exhausted", 0)
    biases = np.flatnonzero(objective.network.is_intercept)
    protected = pruned(objective, w, kept, MinWeights(1), protected=biases, retrain="never")
    assert (protected.stopped_by, protected.state.n_alive) == ("exhausted", 2)


def test_losses_between_evaluations_start_at_the_first(wide):
    objective, w = wide
    pruner = pruned(objective, w, np.arange(len(w)), MinWeights(200), retrain="never")
    path = pruner.path.to_arrays()
    assert not path["evaluated"].all()
    first = int(np.flatnonzero(path["evaluated"])[0])
    start, end = objective.value(w), path["loss"][first]
    expected = start + (end - start) * np.arange(1, first + 2) / (first + 1)
    np.testing.assert_allclose(path["loss"][: first + 1], expected)


def test_any_curvature_can_be_given(trained):
    objective, w, kept = trained
    pruner = prune(
        objective,
        useful_part(objective, w, kept),
        stop=MinWeights(30),
        criterion=OBS(OfMatrix(lambda objective, w, kept: objective.hessian(w, kept))),
        retraining=Never(),
    )
    assert len(pruner.state.kept) == 30
    assert pruner.state.data_loss < 0.2 * objective.null_loss()


def test_few_patterns_are_pruned_by_the_dual_form():
    network = Network((12, 8, 1), ("tanh", "identity"))
    objective, w = make_objective(0, network, n_samples=10, alpha=0.1)
    kept = np.arange(network.n_weights)
    state = useful_part(objective, w, kept)
    made = [OBS(form).model(objective, state).curvature for form in (None, OfMatrix(gauss_newton))]
    assert [type(curvature.invertible) for curvature in made] == [DualInverse, InPlaceCholesky]
    by_dual, by_cholesky = (
        prune(
            objective,
            state,
            stop=MinWeights(110),
            criterion=OBS(form),
            damping=FixedDamping(1e-3, is_relative=False),
            retraining=Never(),
        )
        for form in (None, OfMatrix(gauss_newton))
    )
    np.testing.assert_allclose(by_dual.state.w, by_cholesky.state.w, atol=1e-6)


# ---- many inputs ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def of_many_inputs():
    """A linear model of 600 inputs, of which a few matter, at its minimum."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 600))
    network = Network((600, 1), ("identity",))
    objective = Objective(network, X, X[:, :4].sum(axis=1, keepdims=True), alpha=1.0)
    w = np.zeros(network.n_weights)
    return objective, train_lbfgs(objective, w, np.arange(len(w)), max_iter=2000, tol=1e-8).weights


def count_prices(monkeypatch):
    """A list that gets the number of groups each time that some are priced."""
    counts, prices = [], OBSElimination.joint_saliencies

    def counted(self, groups, targets):
        counts.append(len(groups))
        return prices(self, groups, targets)

    monkeypatch.setattr(OBSElimination, "joint_saliencies", counted)
    return counts


def test_many_inputs_are_not_all_priced_for_each_deletion(of_many_inputs, monkeypatch):
    objective, w = of_many_inputs
    counts = count_prices(monkeypatch)
    options = {"stop": MinWeights(501), "granularity": "input", "retrain": "never"}
    pruner = pruned(objective, w, np.arange(len(w)), **options)
    assert len(pruner.state.kept) == 501
    all_each_time = sum(range(501, 601))
    assert len(counts) >= 100 and sum(counts) < 0.5 * all_each_time
    # Inputs that matter stay, and the loss is that of one deletion at a time.
    assert set(range(4)) <= set(pruner.state.kept.tolist())
    monkeypatch.setattr(candidates, "BLOCK_SHARE", 0.0)
    single = pruned(objective, w, np.arange(len(w)), **options)
    assert objective.value(pruner.state.w) <= 1.01 * objective.value(single.state.w)
    monkeypatch.setattr(candidates, "BLOCK_SHARE", 1 / 64)
    monkeypatch.setattr(candidates.Inputs, "SHORTLIST", 10**6)
    counts.clear()
    exact = pruned(objective, w, np.arange(len(w)), **options)
    assert sum(counts) >= all_each_time
    assert [step.index for step in exact.path.deletions] == [
        step.index for step in pruner.path.deletions
    ], "the cheapest of a block are among the cheapest at its begin"


def test_groups_deleted_together_leave_a_path_that_is_true(of_many_inputs):
    objective, w = of_many_inputs
    ceiling = objective.data_loss(w) + 0.02 * objective.null_loss()
    rule = MaxLoss(ceiling)
    pruner = pruned(objective, w, np.arange(len(w)), rule, granularity="input", retrain="never")
    assert pruner.stopped_by == "threshold" and pruner.state.data_loss <= ceiling
    path = pruner.path.to_arrays()
    assert not path["evaluated"].all() and path["n_weights"][-1] == len(pruner.state.kept)
    gone = set(path["index"].tolist())
    assert len(gone) == len(path["index"]) and not gone & set(pruner.state.kept.tolist())
    for size in pruner.path.sizes:
        kept, values, loss = pruner.path.at(size)
        there = np.zeros_like(w)
        there[kept] = values
        assert objective.value(there) == pytest.approx(loss, rel=1e-9)


def test_a_stage_of_retraining_is_a_share_of_the_candidates():
    """Ten of twenty inputs are half of the network, however many weights they have."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 20))
    network = Network((20, 10, 1), ("tanh", "identity"))
    objective = Objective(network, X, np.tanh(X[:, :1]), alpha=0.1)
    w = 0.1 * rng.normal(size=network.n_weights)
    options = {"stop": MinWeights(60), "granularity": "input", "retrain": "always"}
    pruner = pruned(objective, w, np.arange(len(w)), **options)
    assert pruner.n_linearizations >= len(pruner.path.deletions) > 10


@pytest.mark.parametrize("granularity", ["unit", "input"])
def test_groups_of_obd_need_no_matrix_of_all_weights(trained, granularity, monkeypatch):
    objective, w, kept = trained
    options = {"criterion": "obd", "granularity": granularity, "stop": MinWeights(10)}
    expected = pruned(objective, w, kept, **options)
    monkeypatch.setattr(criteria, "largest_exact", lambda: 0)
    sizes = []

    def recorded(objective, w, kept, **options):
        sizes.append(len(kept))
        return gauss_newton(objective, w, kept, **options)

    monkeypatch.setattr(criteria, "gauss_newton", recorded)
    pruner = pruned(objective, w, kept, **options)
    assert 0 < max(sizes) < len(kept) / 2
    found, wanted = pruner.path.to_arrays(), expected.path.to_arrays()
    np.testing.assert_array_equal(found["index"], wanted["index"])
    np.testing.assert_allclose(found["saliency"], wanted["saliency"], rtol=1e-9)
