"""Weights that fall with others are held where they are, not paid for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import make_objective, networks
from pruning import pruned

from skprune import OBD, OBS, Magnitude
from skprune._gauss_newton.matrix import gauss_newton
from skprune._network import Connectivity, Network
from skprune._pruning import candidates
from skprune._pruning.candidates import Inputs, Units, Weights
from skprune._pruning.cleanup import useful_part
from skprune._pruning.criteria import OBS as OBSCriterion
from skprune._pruning.stop import MinWeights
from skprune._training.lbfgs import train_lbfgs

SEEDS = st.integers(0, 2**16)
DAMPING = 0.05


def held_update(objective, w, group, is_held):
    """Price and weights by least squares: what is held does not move, the others are zero."""
    kept = np.arange(len(w))
    hessian = gauss_newton(objective, w, kept) + DAMPING * np.eye(len(w))
    root = np.linalg.cholesky(hessian).T
    rest = np.setdiff1d(kept, group)
    driven = group[~is_held]
    moved = np.linalg.lstsq(root[:, rest], root[:, driven] @ w[driven], rcond=None)[0]
    after = np.zeros_like(w)
    after[rest] = w[rest] + moved
    change = np.zeros_like(w)
    change[rest], change[driven] = moved, -w[driven]
    return 0.5 * change @ hessian @ change, after, change


def free_update(objective, w, group, is_held):
    """The weights when what is held is left free, and then gone."""
    kept, driven = np.arange(len(w)), group[~is_held]
    hessian = gauss_newton(objective, w, kept) + DAMPING * np.eye(len(w))
    inverse = np.linalg.inv(hessian)
    after = w - inverse[:, driven] @ np.linalg.solve(inverse[np.ix_(driven, driven)], w[driven])
    after[group] = 0.0
    return after


def one_deletion(objective, w, granularity, criterion=None):
    """The first deletion of the loop, and the network after it."""
    how = criterion or OBS(linearize=1, first_order=False, damping=DAMPING)
    stop = MinWeights(0)
    result = pruned(
        objective, w, np.arange(len(w)), stop, granularity=granularity, criterion=how,
        retrain="never", report=lambda *seen: True,
    )  # fmt: skip
    return result, result.path.deletions[0]


# ---- which weights have no effect -----------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(networks(direct_links=True), SEEDS, st.floats(0.2, 1.0))
def test_outputs_do_not_depend_on_weights_without_effect(network, seed, share):
    """Once the others are zero they may have any values; all others of the group matter."""
    rng = np.random.default_rng(seed)
    objective, w = make_objective(seed, network)
    w[rng.random(len(w)) > share] = 0.0
    state = useful_part(objective, w, np.flatnonzero(w))
    connectivity = state.connectivity
    for seeds in (*connectivity.units(), *connectivity.inputs()):
        group = connectivity.closure(seeds[2])
        idle = connectivity.without_effect(group)
        zeroed, moved = state.w.copy(), state.w.copy()
        zeroed[group] = 0.0
        moved[group] = np.where(idle, rng.normal(size=len(group)), 0.0)
        expected = network.predict(zeroed, objective.X)
        np.testing.assert_allclose(network.predict(moved, objective.X), expected, atol=1e-12)


def test_all_incoming_weights_of_a_unit_are_without_effect_and_no_others():
    network = Network((3, 2, 2), ("tanh", "identity"))
    connectivity = Connectivity(network, np.arange(network.n_weights))
    first, second = network.layers(np.arange(network.n_weights))
    group = connectivity.closure(second[1])
    assert set(group[connectivity.without_effect(group)]) == set(first[:, 1])
    assert set(group[~connectivity.without_effect(group)]) == set(second[1])
    # One of two outgoing weights leaves the unit where it is.
    assert not connectivity.without_effect(connectivity.closure(second[1, :1])).any()


def test_the_only_link_of_a_unit_is_held_and_its_outgoing_weights_go():
    network = Network((3, 2, 2), ("tanh", "identity"))
    first = network.layers(np.arange(network.n_weights))[0]
    kept = np.setdiff1d(np.arange(network.n_weights), first[:2, 0])
    connectivity = Connectivity(network, kept)
    assert connectivity.only_links().tolist() == [first[2, 0]]
    group = connectivity.closure([first[2, 0]])
    assert set(group[connectivity.without_effect(group)]) == {first[2, 0], first[3, 0]}


# ---- price, update and forecast ---------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(networks(max_layers=3), SEEDS, st.sampled_from(["unit", "input"]))
def test_price_and_weights_are_those_of_a_least_squares_problem(network, seed, granularity):
    if network.n_layers == 1:
        granularity = "input"
    objective, w = make_objective(seed, network)
    connectivity = Connectivity(network, np.arange(len(w)))
    seeds = connectivity.units() if granularity == "unit" else connectivity.inputs()
    best = np.inf
    for _, _, weights in seeds:
        group = connectivity.closure(weights)
        is_held = connectivity.without_effect(group)
        price, after, change = held_update(objective, w, group, is_held)
        if price < best:
            best, found = price, (after, change, group[is_held])
    after, change, held = found
    result, deletion = one_deletion(objective, w, granularity)
    assert deletion.saliency == pytest.approx(best, rel=1e-5, abs=1e-12)
    free = free_update(objective, w, deletion.group, deletion.is_held)
    expected = min(after, free, key=objective.value)
    np.testing.assert_allclose(result.state.w, expected, atol=1e-6)
    # The forecast is the quadratic model at the change, less the decay of what was held.
    hessian = gauss_newton(objective, w, np.arange(len(w)))
    decay = 0.5 * objective.decay[held] @ np.square(w[held])
    forecast = objective.value(w) + 0.5 * change @ hessian @ change - decay
    assert result.path.predicted[0] == pytest.approx(forecast, rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(networks(max_layers=3), SEEDS)
def test_the_cheapest_single_weight_is_cheapest_with_all_that_falls(network, seed):
    """Also where the weight itself is held, so that alone it would cost more."""
    objective, w = make_objective(seed, network)
    rng = np.random.default_rng(seed)
    w[rng.random(len(w)) < 0.4] = 0.0
    state = useful_part(objective, w, np.flatnonzero(w))
    if not state.n_alive:
        return
    model = OBSCriterion(first_order=False).model(objective, state)
    surgery = model.surgery(DAMPING)
    hessian = gauss_newton(objective, state.w, state.kept)
    inverse = np.linalg.inv(hessian + surgery.damping * np.eye(state.n_alive))
    prices = []
    for q in state.kept:
        group = state.connectivity.closure([q])
        change = np.where(state.connectivity.without_effect(group), 0.0, state.w[group])
        own = np.searchsorted(state.kept, group)
        prices.append(0.5 * change @ np.linalg.solve(inverse[np.ix_(own, own)], change))
    ranking = Weights().ranking(state.connectivity)
    deletion, _ = ranking.cheapest(surgery, state.connectivity, state.n_alive)
    assert deletion.saliency == pytest.approx(min(prices), rel=1e-6, abs=1e-14)


@pytest.mark.parametrize("criterion", [OBD(linearize=1), Magnitude(linearize=1)])
def test_what_does_not_move_costs_nothing(criterion):
    network = Network((4, 3, 2), ("tanh", "identity"))
    objective, w = make_objective(3, network)
    _, deletion = one_deletion(objective, w, "unit", criterion)
    outgoing = network.layers(np.arange(len(w)))[1][:-1]
    hessian = gauss_newton(objective, w, np.arange(len(w)))
    if isinstance(criterion, Magnitude):
        costs = [np.square(w[own]).sum() for own in outgoing]
    else:
        costs = [0.5 * w[own] @ hessian[np.ix_(own, own)] @ w[own] for own in outgoing]
    assert deletion.index == int(np.argmin(costs))
    assert deletion.saliency == pytest.approx(min(costs))


# ---- the loss has the last word ------------------------------------------------------------------


def trained(seed, hidden=(5,)):
    network = Network((4, *hidden, 1), ("tanh",) * len(hidden) + ("identity",))
    objective, w = make_objective(seed, network, n_samples=60, alpha=0.05, weighted=False)
    return objective, train_lbfgs(objective, w, np.arange(len(w)), max_iter=500, tol=1e-9).weights


def test_the_better_of_two_updates_is_taken_and_each_is_somewhere():
    winners = set()
    for seed in range(12):
        objective, w = trained(seed)
        result, deletion = one_deletion(objective, w, "unit")
        held = held_update(objective, w, deletion.group, deletion.is_held)[1]
        free = free_update(objective, w, deletion.group, deletion.is_held)
        both = [objective.value(held), objective.value(free)]
        assert objective.value(result.state.w) == pytest.approx(min(both), rel=1e-7)
        winners.add(int(np.argmin(both)))
    assert winners == {0, 1}


def test_held_forecasts_are_nearer_the_truth_than_paying_for_all():
    """The median error of the predicted rise, by the model without gradient at a minimum."""
    errors = {"held": [], "driven": []}
    for seed in range(8):
        objective, w = trained(seed)
        network, value = objective.network, objective.value(w)
        connectivity = Connectivity(network, np.arange(len(w)))
        for _, _, weights in connectivity.units():
            group = connectivity.closure(weights)
            for name, is_held in (
                ("held", connectivity.without_effect(group)),
                ("driven", np.zeros(len(group), dtype=bool)),
            ):
                price, after, _ = held_update(objective, w, group, is_held)
                freed = group[is_held]
                relief = 0.5 * objective.decay[freed] @ np.square(w[freed])
                errors[name].append(abs(objective.value(after) - value - price + relief))
    assert np.median(errors["held"]) < 0.5 * np.median(errors["driven"])


def test_the_loss_chooses_among_the_cheapest_groups():
    """Trying more of them is never worse after one deletion, and better in some networks."""
    is_better = []
    for seed in range(8):
        objective, w = trained(seed, (4, 4))
        state = useful_part(objective, w, np.arange(len(w)))
        values = []
        for n_tried in (1, 4):
            surgery = OBSCriterion(first_order=False).model(objective, state).surgery(DAMPING)
            ranking = Units().ranking(state.connectivity, n_tried=n_tried)
            deletion, _ = ranking.cheapest(surgery, state.connectivity, state.n_alive)
            values.append(candidates._value_after(surgery, deletion.group, deletion.is_held))
        assert values[1] <= values[0]
        is_better.append(values[1] < values[0])
    assert any(is_better)


def test_costs_weigh_the_rise_of_the_loss():
    objective, w = trained(1)
    state = useful_part(objective, w, np.arange(len(w)))

    def first(costs):
        surgery = OBSCriterion(first_order=False).model(objective, state).surgery(DAMPING)
        ranking = Inputs(costs=costs).ranking(state.connectivity, n_tried=4)
        return ranking.cheapest(surgery, state.connectivity, state.n_alive)[0].index

    cheapest = first({})
    assert first({cheapest: 1e-9}) != cheapest
    assert first({3 - cheapest: 1e9}) == 3 - cheapest
