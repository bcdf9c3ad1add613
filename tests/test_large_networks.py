"""Curvatures of large networks: block-diagonal and low-rank ones agree with the exact one."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import make_objective, networks
from pruning import pruned
from scipy.linalg import block_diag
from sklearn import config_context
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator

from skprune import OBD, Magnitude, OBSMLPClassifier, OBSMLPClassifierCV, PenalizedMLPClassifier
from skprune import OBS as PublicOBS
from skprune._curvature.block_diagonal import (
    BlockCurvature,
    BlockElimination,
    subsample,
    unit_blocks,
)
from skprune._curvature.choice import curvature_for
from skprune._curvature.dense_elimination import OBSElimination
from skprune._curvature.exact import InPlaceCholesky, exact_curvature
from skprune._curvature.low_rank import (
    LowRankElimination,
    LowRankInverse,
    low_rank_curvature,
    sketched_rows,
)
from skprune._gauss_newton import by_layers
from skprune._gauss_newton.jacobian import jacobian_chunks
from skprune._gauss_newton.matrix import gauss_newton
from skprune._network import Network, Objective
from skprune._pruning.cleanup import useful_part
from skprune._pruning.criteria import OBS
from skprune._pruning.loop import prune
from skprune._pruning.retraining import Never
from skprune._pruning.stop import MaxLoss, MinWeights
from skprune._training.lbfgs import train_lbfgs

SEEDS = st.integers(0, 2**16)
FORMS = {"exact": exact_curvature, "low_rank": low_rank_curvature, "block": BlockCurvature}
MIB = 2**20


def some_weights(network, seed, share):
    return np.flatnonzero(np.random.default_rng(seed).random(network.n_weights) < share)


def explicit_hessian(objective, w, kept):
    return gauss_newton(objective, w, kept)


def symmetric(lower):
    return np.tril(lower) + np.tril(lower, -1).T


def full_inverse(inverse, n):
    return np.stack([inverse.times(unit) for unit in np.eye(n)], axis=1)


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of at most six weights, so that small networks have several."""
    monkeypatch.setattr("skprune._curvature.block_diagonal.BLOCK_WEIGHTS", 6)


@pytest.fixture(scope="module")
def trained():
    """A 12-20-12-3 network (551 weights) trained to a minimum."""
    rng = np.random.default_rng(0)
    network = Network((12, 20, 12, 3), ("tanh", "tanh", "softmax"), "log_loss")
    X = rng.normal(size=(300, 12))
    labels = (X[:, 0] + X[:, 1] > 0).astype(int) + (X[:, 2] > 0.3)
    objective = Objective(network, X, np.eye(3)[labels], alpha=0.5)
    kept = np.arange(network.n_weights)
    start = 0.3 * rng.normal(size=network.n_weights)
    return objective, train_lbfgs(objective, start, kept, max_iter=500, tol=1e-6).weights, kept


# ---- blocks -----------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(networks(), SEEDS, st.sampled_from([1.0, 0.6, 0.0]), st.integers(1, 12))
def test_blocks_are_small_parts_of_single_layers_or_units(network, seed, share, most):
    kept = some_weights(network, seed, share)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skprune._curvature.block_diagonal.BLOCK_WEIGHTS", most)
        blocks = unit_blocks(network, kept)
    assert sorted(q for block in blocks for q in block) == list(range(len(kept)))
    layer = np.searchsorted(network.offsets, kept, side="right")
    for block in blocks:
        assert 0 < len(block) <= most
        assert (np.diff(block) > 0).all()
        assert len(np.unique(layer[block])) == 1
    unit = (kept - network.offsets[layer - 1]) % np.array(network.layer_sizes)[layer]
    for owner in set(zip(layer, unit)):
        own = np.flatnonzero((layer == owner[0]) & (unit == owner[1]))
        if 2 * len(own) <= most:
            assert sum(bool(np.isin(own, block).any()) for block in blocks) == 1


@pytest.mark.usefixtures("small_blocks")
@settings(max_examples=40, deadline=None)
@given(networks(), SEEDS, st.sampled_from([1.0, 0.6]), st.sampled_from([1e-4, 1e-1]))
def test_block_curvature_is_the_exact_one_within_blocks(network, seed, share, damping):
    objective, w = make_objective(seed, network)
    kept = some_weights(network, seed, share)
    if not len(kept):
        return
    hessian = explicit_hessian(objective, w, kept)
    curvature = BlockCurvature(objective, w, kept)
    found = curvature.invert(damping)
    inverse = full_inverse(found, len(kept))
    np.testing.assert_allclose(curvature.diagonal, hessian.diagonal(), atol=1e-12)
    expected = np.zeros_like(hessian)
    for block in unit_blocks(network, kept):
        own = hessian[np.ix_(block, block)] + found.damping * np.eye(len(block))
        expected[np.ix_(block, block)] = np.linalg.inv(own)
    np.testing.assert_allclose(inverse, expected, rtol=1e-6, atol=1e-7 * np.abs(expected).max())


def test_one_damping_serves_all_blocks(monkeypatch):
    """When one block's factorisation needs more, all get it: the forecast knows one number."""
    monkeypatch.setattr("skprune._curvature.block_diagonal.BLOCK_WEIGHTS", 8)
    network = Network((3, 6, 1), ("tanh", "identity"))
    objective, w = make_objective(0, network)
    curvature = BlockCurvature(objective, w, np.arange(network.n_weights))
    last = curvature._invertible[-1]
    indefinite = last.array.copy(order="F")
    indefinite[0, 0] = -1.0
    curvature._invertible[-1] = InPlaceCholesky(indefinite)
    inverse = curvature.invert(1e-3)
    assert inverse.damping > 1.0
    first = curvature.blocks[0]
    hessian = explicit_hessian(objective, w, first) + inverse.damping * np.eye(len(first))
    np.testing.assert_allclose(symmetric(inverse.arrays[0]), np.linalg.inv(hessian), atol=1e-8)


def random_blocks(rng, sizes):
    """A block-diagonal inverse under a random order of the weights, and its blocks."""
    parts = []
    for size in sizes:
        root = rng.normal(size=(size, size + 2))
        parts.append(root @ root.T / size + 0.1 * np.eye(size))
    order = rng.permutation(sum(sizes))
    whole = np.empty((len(order), len(order)))
    whole[np.ix_(order, order)] = block_diag(*parts)
    blocks = [np.sort(part) for part in np.split(order, np.cumsum(sizes)[:-1])]
    return whole, blocks


def walk(state, groups):
    """Prices, weights and saliencies along groups of labels, with a commit now and then.

    Every other group is held at other values than zero.
    """
    labels, seen = np.arange(len(state.weights)), []
    for number, group in enumerate(groups):
        where = np.searchsorted(labels, group)
        targets = np.cos(group) if number % 2 else 0.0
        without = np.zeros(labels[-1] + 1)
        without[labels] = state.weights_without(where)
        seen.append((without,))
        seen.append(state.joint_saliency(where, targets))
        assert state.delete(where, targets) == pytest.approx(seen[-1], rel=1e-9)
        weights = np.zeros(labels[-1] + 1)
        weights[labels] = state.weights
        prices = np.full(len(weights), np.inf)
        prices[labels] = state.saliencies
        seen.append((weights, prices))
        if number % 3 == 2:
            positions = state.commit()
            labels = labels if positions is None else labels[positions]
    return seen


def assert_same_walk(first, second):
    for one, other in zip(first, second, strict=True):
        if isinstance(one, float):
            assert one == pytest.approx(other, rel=1e-7)
            continue
        for values, expected in zip(one, other):
            size = min(len(values), len(expected))
            np.testing.assert_allclose(values[:size], expected[:size], rtol=1e-6, atol=1e-8)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.lists(st.integers(1, 7), min_size=2, max_size=5), st.data())
def test_block_elimination_is_the_exact_one_of_a_block_diagonal_hessian(seed, sizes, data):
    rng = np.random.default_rng(seed)
    whole, blocks = random_blocks(rng, sizes)
    w, order = rng.normal(size=len(whole)), rng.permutation(len(whole))
    cuts = data.draw(st.lists(st.integers(1, 3), max_size=10))
    groups = [group for group in np.split(order, np.cumsum(cuts)) if len(group)][:-1]
    by_blocks = BlockElimination(
        w, blocks, [np.asfortranarray(whole[np.ix_(own, own)]) for own in blocks]
    )
    exact = OBSElimination(w, np.asfortranarray(whole))
    assert_same_walk(walk(by_blocks, groups), walk(exact, groups))


def test_any_prefix_of_a_block_can_be_rebuilt():
    rng = np.random.default_rng(3)
    whole, blocks = random_blocks(rng, [5, 4, 6])
    state = BlockElimination(
        rng.normal(size=15), blocks, [np.asfortranarray(whole[np.ix_(b, b)]) for b in blocks]
    )
    after = [state.weights]
    for group in ([3], [5, 1, 12], [7], [0, 2]):
        state.delete(np.array(group))
        after.append(state.weights)
    for k, weights in enumerate(after):
        np.testing.assert_allclose(state.weights_after(k), weights, atol=1e-12)


def test_block_pruning_is_exact_pruning_where_outputs_share_nothing(monkeypatch):
    """A linear model of several outputs has a block-diagonal Hessian: one block an output."""
    network = Network((9, 4), ("identity",))
    objective, w = make_objective(1, network, n_samples=40, alpha=0.5)
    kept = np.arange(network.n_weights)
    w = train_lbfgs(objective, w, kept, max_iter=500, tol=1e-10).weights
    monkeypatch.setattr("skprune._curvature.block_diagonal.BLOCK_WEIGHTS", 10)
    results = [
        pruned(
            objective, w, kept, MinWeights(9), retrain="never", criterion=PublicOBS(curvature=form)
        )
        for form in ("block", "exact")
    ]
    np.testing.assert_array_equal(results[0].state.kept, results[1].state.kept)
    np.testing.assert_allclose(results[0].state.w, results[1].state.w, atol=1e-8)


# ---- low rank ---------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(1, 15), st.integers(2, 15), st.sampled_from([1e-4, 1e-1, 10.0]))
def test_low_rank_inverse_is_the_inverse(seed, n_rows, n, damping):
    rng = np.random.default_rng(seed)
    rows, ridge = rng.normal(size=(n_rows, n)), damping * rng.uniform(1, 2, n)
    hessian = rows.T @ rows + np.diag(ridge)
    expected = np.linalg.inv(hessian)
    # Differences of entries as large as 1 / ridge, in a dual matrix of the condition |H| / ridge.
    tolerance = 100 * np.finfo(float).eps * (n + np.linalg.norm(hessian) / damping) / damping
    inverse = LowRankInverse(rows, ridge)
    np.testing.assert_allclose(inverse.diagonal(), expected.diagonal(), atol=tolerance)
    np.testing.assert_allclose(full_inverse(inverse, n), expected, atol=tolerance)
    group = rng.permutation(n)[: rng.integers(1, n)]
    np.testing.assert_allclose(inverse.columns(group), expected[:, group], atol=tolerance)
    groups = np.stack([group, rng.permutation(n)[: len(group)]])
    for own, block in zip(groups, inverse.blocks(groups)):
        np.testing.assert_allclose(block, expected[np.ix_(own, own)], atol=tolerance)
    rest = np.setdiff1d(np.arange(n), group)
    inverse.leave_out(group)
    inverse.compact(rest)
    survivors = np.linalg.inv(hessian[np.ix_(rest, rest)])
    np.testing.assert_allclose(inverse.columns(np.arange(len(rest))), survivors, atol=tolerance)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 12), st.lists(st.integers(1, 3), min_size=1, max_size=10))
def test_low_rank_elimination_is_the_exact_one(seed, n_rows, cuts):
    rng = np.random.default_rng(seed)
    n = sum(cuts) + 2
    rows, ridge = rng.normal(size=(n_rows, n)), rng.uniform(0.1, 0.3, n)
    w = rng.normal(size=n)
    groups = np.split(rng.permutation(n), np.cumsum(cuts))[:-1]
    low_rank = LowRankElimination(w, LowRankInverse(rows, ridge))
    hessian = rows.T @ rows + np.diag(ridge)
    exact = OBSElimination(w, np.asfortranarray(np.linalg.inv(hessian)))
    assert_same_walk(walk(low_rank, groups), walk(exact, groups))


def test_few_rows_are_all_taken(trained):
    objective, w, kept = trained
    few = objective.subset(np.arange(50))
    np.testing.assert_allclose(
        sketched_rows(few, w, kept, 150), np.vstack(list(jacobian_chunks(few, w, kept)))
    )
    assert sketched_rows(few, w, kept, 149).shape == (100, len(kept))
    assert sketched_rows(few, w, kept, 50).shape == (50, len(kept))
    assert sketched_rows(few, w, kept, 20).shape == (20, len(kept))


def test_more_rows_than_weights_give_a_matrix(trained):
    objective, w, kept = trained
    for n_samples, form in ((80, "LowRankCurvature"), (100, "ExactCurvature")):
        few = Objective(objective.network, objective.X[:n_samples], objective.targets[:n_samples])
        curvature = low_rank_curvature(few, w, kept)
        assert type(curvature).__name__ == form
        inverse = full_inverse(curvature.invert(1e-3), len(kept))
        expected = np.linalg.inv(explicit_hessian(few, w, kept) + 1e-3 * np.eye(len(kept)))
        np.testing.assert_allclose(inverse, expected, atol=1e-7)


def test_low_rank_pruning_with_all_rows_is_exact_pruning(trained):
    objective, w, kept = trained
    few = Objective(objective.network, objective.X[:40], objective.targets[:40], alpha=0.5)
    results = [
        pruned(
            few,
            w,
            kept,
            MinWeights(300),
            retrain="never",
            criterion=PublicOBS(curvature=form, damping=1e-3),
        )
        for form in ("low_rank", "exact")
    ]
    np.testing.assert_array_equal(results[0].state.kept, results[1].state.kept)
    np.testing.assert_allclose(results[0].state.w, results[1].state.w, atol=1e-6)


def test_error_of_the_sketch_falls_with_the_root_of_its_rows(trained):
    """Random signs are unbiased: error times root of rows is constant, about the effective rank."""
    objective, w, kept = trained
    exact = explicit_hessian(objective, w, kept) - np.diag(objective.decay)
    errors = []
    for n_rows in (300, 600):
        rows = sketched_rows(objective, w, kept, n_rows)
        errors.append(np.linalg.norm(rows.T @ rows - exact) / np.linalg.norm(exact))
    assert len(rows) == 600
    assert 0.0 < errors[1] < errors[0] < 0.3
    assert errors[0] / errors[1] == pytest.approx(np.sqrt(2), rel=0.3)


def test_error_of_subsampled_patterns_falls_with_the_root_of_their_number(trained):
    objective, w, kept = trained
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 12))
    objective = Objective(objective.network, X, objective.network.predict(w, X))
    exact = gauss_newton(objective, w, kept)
    errors = {}
    for n_patterns in (500, 2000, 8000):
        part = gauss_newton(subsample(objective, n_patterns), w, kept)
        errors[n_patterns] = np.linalg.norm(part - exact) / np.linalg.norm(exact)
    assert errors[500] < 0.7
    assert errors[8000] < 0.6 * errors[2000] < 0.4 * errors[500]


def test_drawn_patterns_keep_the_smoothing(trained):
    """With all patterns drawn, a form is made from the very curvature that the loop asks for."""
    objective, w, kept = trained
    smoothed = objective.smoothed(0.1)
    curvature = BlockCurvature(smoothed, w, kept)
    np.testing.assert_allclose(curvature.diagonal, gauss_newton(smoothed, w, kept).diagonal())
    assert abs(curvature.diagonal - gauss_newton(objective, w, kept).diagonal()).max() > 1e-3


# ---- the loop ---------------------------------------------------------------------------------


class WatchedOBS(OBS):
    """Notes the form and the size of each curvature."""

    def __init__(self):
        super().__init__()
        self.made = []

    def model(self, objective, state):
        model = super().model(objective, state)
        self.made.append((type(model.curvature).__name__, state.n_alive))
        return model


def test_auto_goes_from_blocks_to_the_exact_curvature(trained):
    objective, w, kept = trained
    with config_context(working_memory=2):  # MiB: 323 weights
        more = Objective(objective.network, *many(objective), alpha=0.5)
        criterion = WatchedOBS()
        state = useful_part(more, w, kept)
        pruner = prune(more, state, stop=MinWeights(60), criterion=criterion, retraining=Never())
        made = criterion.made
    assert {form for form, size in made if size > 323} == {"BlockCurvature"}
    assert {form for form, size in made if size <= 323} == {"ExactCurvature"}
    # The block of deletions that passes the limit is the coarse model's last.
    assert max(size for form, size in made if form == "ExactCurvature") > 323 - 64
    assert pruner.state.data_loss < 0.3 * objective.null_loss()


def many(objective):
    """Enough patterns that the low-rank form would have to leave some out."""
    return np.tile(objective.X, (2, 1)), np.tile(objective.targets, (2, 1))


def test_the_form_depends_on_size_rows_and_budget(trained):
    objective, _, _ = trained
    few, enough = objective.subset(np.arange(300)), Objective(objective.network, *many(objective))
    assert curvature_for(enough, 7_327) is exact_curvature
    assert curvature_for(enough, 7_328) is BlockCurvature
    assert curvature_for(few, 7_328) is low_rank_curvature
    assert OBS(exact_curvature).form(few, 10**6) is exact_curvature
    with config_context(working_memory=4 * 1024):
        assert curvature_for(enough, 14_000) is exact_curvature
    with config_context(working_memory=0):
        assert curvature_for(enough, 1) is BlockCurvature


@pytest.mark.parametrize("curvature", ["exact", "low_rank", "block"])
def test_results_do_not_depend_on_budget_or_workers(trained, curvature, monkeypatch):
    objective, w, kept = trained
    rule = MinWeights(430)
    monkeypatch.setattr("skprune._curvature.low_rank.SKETCH_ROWS", 100)
    monkeypatch.setattr("skprune._curvature.block_diagonal.BLOCK_WEIGHTS", 100)
    results = []
    for megabytes, n_jobs in ((1024, None), (0, None), (0, 2)):
        with config_context(working_memory=megabytes):
            results.append(
                pruned(
                    objective,
                    w,
                    kept,
                    rule,
                    retrain="never",
                    criterion=PublicOBS(curvature=curvature),
                    n_jobs=n_jobs,
                )
            )
    for other in results[1:]:
        np.testing.assert_array_equal(other.state.kept, results[0].state.kept)
        np.testing.assert_allclose(other.state.w, results[0].state.w, atol=1e-7)


@pytest.mark.parametrize("granularity", ["unit", "input"])
@pytest.mark.parametrize("curvature", ["low_rank", "block"])
def test_groups_in_coarse_curvatures(trained, curvature, granularity):
    objective, w, kept = trained
    rule = MaxLoss(0.15 * objective.null_loss())
    pruner = pruned(
        objective,
        w,
        kept,
        rule,
        granularity=granularity,
        retrain="never",
        criterion=PublicOBS(curvature=curvature),
    )
    assert len(pruner.state.kept) < len(kept)
    assert pruner.state.data_loss <= rule.max_loss
    if granularity == "input":
        assert {0, 1, 2} <= set(
            np.flatnonzero(objective.network.layers(pruner.state.w)[0].any(axis=1))
        )


def test_everything_may_go(trained):
    """Blocks that become empty are no trouble."""
    objective, w, kept = trained
    pruner = pruned(
        objective, w, kept, MinWeights(0), retrain="never", criterion=PublicOBS(curvature="block")
    )
    assert len(pruner.state.kept) < 5


# ---- memory -----------------------------------------------------------------------------------


def peak_bytes(work):
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.fixture(scope="module")
def wide():
    """A 60-30-10 network (2,140 weights): its matrix has 35 MiB."""
    network = Network((60, 30, 10), ("tanh", "softmax"), "log_loss")
    objective, w = make_objective(0, network, n_samples=600, alpha=1.0, density=1.0)
    return objective, w, np.arange(network.n_weights)


def eliminate(curvature, objective, w, kept, n_deletions=500):
    made = FORMS[curvature](objective, w, kept)
    state = made.invert(1e-3 * made.scale).elimination(w[kept])
    for _ in range(n_deletions):
        state.delete(np.array([int(np.argmin(state.saliencies))]))
        if not state.room:
            state.commit()


def test_peak_memory_of_the_exact_form(wide):
    objective, w, kept = wide
    for megabytes in (8, 64):  # several chunks of patterns, and one
        with config_context(working_memory=megabytes):
            peak = peak_bytes(lambda: eliminate("exact", objective, w, kept))
        assert 8 * len(kept) ** 2 < peak < 2.5 * 8 * len(kept) ** 2 + megabytes * MIB


def test_peak_memory_of_the_block_form(wide, monkeypatch):
    objective, w, kept = wide
    monkeypatch.setattr("skprune._curvature.block_diagonal.BLOCK_WEIGHTS", 256)
    with config_context(working_memory=1):
        peak = peak_bytes(lambda: eliminate("block", objective, w, kept))
    buffers = 8 * by_layers._BLOCK_NUMBERS * 2
    assert peak < 8 * len(kept) * 256 + 8 * 256**2 + buffers + 2 * MIB
    assert peak < 0.6 * 8 * len(kept) ** 2 + buffers


def test_peak_memory_of_the_low_rank_form(wide):
    objective, w, kept = wide
    with config_context(working_memory=1):
        peak = peak_bytes(lambda: eliminate("low_rank", objective, w, kept))
    n_rows = 600
    assert peak < 8 * (3 * n_rows * len(kept) + 5 * n_rows**2 + 4 * 64 * len(kept)) + 2 * MIB


# ---- estimators -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    X = X / 16
    return (
        X,
        y,
        FrozenEstimator(
            PenalizedMLPClassifier((20,), alpha=1, random_state=0, direct_links=False).fit(X, y)
        ),
    )


@pytest.mark.parametrize("curvature", ["exact", "low_rank", "block"])
def test_estimators_take_each_form(digits, curvature):
    X, y, network = digits
    model = OBSMLPClassifier(
        network, criterion=PublicOBS(curvature=curvature), n_weights=300, retrain="never"
    )
    assert model.fit(X, y).n_weights_ == 300
    assert model.score(X, y) > 0.96


@pytest.mark.parametrize("estimator", [OBSMLPClassifier, OBSMLPClassifierCV])
def test_unknown_curvature(digits, estimator):
    X, y, _ = digits
    with pytest.raises(ValueError, match=r"'curvature' parameter of OBS must be .*'diagonal'"):
        estimator(criterion=PublicOBS(curvature="diagonal")).fit(X[:50], y[:50])


@pytest.mark.parametrize("criterion", [OBD, Magnitude])
def test_other_criteria_have_no_use_for_it(criterion):
    with pytest.raises(TypeError, match="curvature"):
        criterion(curvature="block")


def test_a_low_rank_curvature_refuses_infinite_networks(trained):
    objective, w, kept = trained
    with pytest.raises(ValueError, match="not finite"), np.errstate(all="ignore"):
        low_rank_curvature(objective, np.where(kept == 0, np.nan, w), kept)
