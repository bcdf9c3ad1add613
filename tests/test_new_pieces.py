"""The loop takes new pieces as they are: each is one class, and the loop knows none of them.

What a piece must offer stands in protocols; that the pieces of the library offer it is checked
here, too.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
from pruning import pruned
from scipy.optimize import approx_fprime

from skprune._curvature.block_diagonal import BlockCurvature
from skprune._curvature.diagonal import OBDElimination
from skprune._curvature.exact import ExactInverse, OfMatrix, exact_curvature
from skprune._curvature.low_rank import low_rank_curvature
from skprune._curvature.protocols import Curvature, Elimination, Inverse
from skprune._gauss_newton.diagonal import gauss_newton_diagonal
from skprune._gauss_newton.matrix import gauss_newton
from skprune._network import Network
from skprune._network import Objective as NetworkObjective
from skprune._pruning.candidates import Candidates, Groups, Inputs, Ranking, Units, Weights
from skprune._pruning.cleanup import useful_part
from skprune._pruning.criteria import OBD, OBS, Criterion, Magnitude, Model, UndampedModel
from skprune._pruning.damping import AutoDamping, Damping, FixedDamping
from skprune._pruning.last_resort import LastResort
from skprune._pruning.loop import prune
from skprune._pruning.recorder import PathRecorder, Recorder
from skprune._pruning.retraining import Always, Final, Never, Retraining
from skprune._pruning.state import Connectivity, Objective, State
from skprune._pruning.stop import (
    AnyOf,
    MaxLoss,
    MaxSaliency,
    MinWeights,
    StopRule,
    Unlimited,
)
from skprune._pruning.trust import EveryK, Trust, TrustRegion
from skprune._training.lbfgs import train_lbfgs


def trained_network(n_hidden=4, alpha=0.05, seed=0):
    """A network of two outputs at its minimum: objective, weights, flat indices."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(100, 5))
    sizes = (5, n_hidden, 2) if n_hidden else (5, 2)
    network = Network(sizes, ("tanh", "identity")[-len(sizes) + 1 :])
    targets = np.c_[np.tanh(X[:, 0] - X[:, 1]), X[:, 2]] + 0.3 * rng.normal(size=(100, 2))
    objective = NetworkObjective(network, X, targets, alpha=alpha)
    kept = np.arange(network.n_weights)
    start = 0.5 * rng.normal(size=network.n_weights)
    return objective, train_lbfgs(objective, start, kept, max_iter=2000, tol=1e-9).weights, kept


def flat_indices(network, path):
    """Flat indices of the deletions of single weights."""
    return [network.offsets[deletion.layer] + deletion.index for deletion in path.deletions]


# ---- a saliency -------------------------------------------------------------------------------


class Taylor:
    """|w times gradient|, the first-order change of the loss without weight decay."""

    has_forecast, uses_gradient = False, True

    def matrix_size(self, objective, n_weights):
        return n_weights

    def model(self, objective, state):
        gradient = objective.value_and_gradient(state.w)[1] - objective.decay * state.w
        w, gradient = state.w[state.kept], gradient[state.kept]
        # 1/2 d w^2 with this d is |g w|.
        diagonal = 2.0 * np.abs(gradient) / np.maximum(np.abs(w), 1e-300)
        return UndampedModel(objective, state, partial(OBDElimination, diagonal=diagonal))


def test_a_saliency_is_one_class():
    objective, w, kept = trained_network()
    gradient = approx_fprime(w, objective.data_loss, 1e-6)
    state = useful_part(objective, w, kept)
    result = prune(
        objective,
        state,
        stop=MinWeights(len(w) - 8),
        criterion=Taylor(),
        trust=EveryK(100),
        retraining=Never(),
    )
    deletions = result.path.deletions
    assert len(deletions) == 8
    expected = np.abs(w * gradient)
    np.testing.assert_allclose(
        [deletion.saliency for deletion in deletions], np.sort(expected)[:8], atol=1e-6
    )


# ---- stop rules -------------------------------------------------------------------------------


@dataclass(frozen=True)
class MaxDivergence(Unlimited):
    """The squared distance of the outputs from the reference's is at most ``limit``."""

    reference: object
    limit: float
    name = "max_divergence"

    def forbids(self, network):
        return self.name if self.reference.data_loss(network.w) > self.limit else None


def test_a_rule_for_predictions_is_one_class():
    """Towards the outputs of the network itself: at zero when pruning begins."""
    objective, w, kept = trained_network()
    outputs = objective.network.predict(w, objective.X)
    towards = NetworkObjective(objective.network, objective.X, outputs, alpha=1e-3)
    assert towards.data_loss(w) < 1e-20
    limit = 0.02 * objective.null_loss()
    result = pruned(towards, w, kept, MaxDivergence(towards, limit))
    assert result.stopped_by == "max_divergence"
    assert len(result.state.kept) < 0.8 * len(kept)
    difference = objective.network.predict(result.state.w, objective.X) - outputs
    assert 0 < 0.5 * np.square(difference).sum(axis=1).mean() <= limit
    # The same, judged beside an objective of the data.
    beside = pruned(objective, w, kept, MaxDivergence(towards, limit))
    assert beside.stopped_by == "max_divergence"
    assert towards.data_loss(beside.state.w) <= limit


@dataclass(frozen=True)
class Evidence(Unlimited):
    """Deletions raise the log evidence (Savage-Dickey): their saliency is below Occam's factor."""

    decay: np.ndarray
    n_patterns: int
    name = "evidence"

    def forbids_deletion(self, deletion, surgery, state):
        position = np.searchsorted(surgery.active, deletion.group[0])
        variance = surgery.elimination.variances[position]
        occam = -0.5 * np.log(self.decay[deletion.group[0]] * variance)
        return self.name if self.n_patterns * deletion.saliency > occam else None


def test_a_rule_that_needs_the_curvature_is_one_class():
    """In a linear model the rule's change of the log evidence is the true one."""
    objective, w, kept = trained_network(n_hidden=0)
    biases = np.flatnonzero(objective.network.is_intercept)
    n_patterns = len(objective.X)

    def log_evidence(kept):
        """Of the weights other than biases, up to a constant; sums over patterns."""
        best = train_lbfgs(objective, np.where(np.isin(np.arange(len(w)), kept), w, 0.0), kept,
                           max_iter=2000, tol=1e-10).weights  # fmt: skip
        hessian = n_patterns * gauss_newton(objective, best, kept)
        decays = n_patterns * objective.decay[np.setdiff1d(kept, biases)]
        log_det = np.linalg.slogdet(hessian)[1]
        return -n_patterns * objective.value(best) + 0.5 * (np.log(decays).sum() - log_det)

    result = prune(
        objective,
        useful_part(objective, w, kept),
        stop=Evidence(objective.decay, n_patterns),
        candidates=Weights(biases),
        trust=EveryK(1),
        damping=FixedDamping(0.0),
        retraining=Never(),
    )
    assert result.stopped_by == "evidence"
    left, evidence = kept, log_evidence(kept)
    assert 3 <= len(result.path.deletions) <= 8
    for deletion in result.path.deletions:
        left = np.setdiff1d(left, deletion.group)
        before, evidence = evidence, log_evidence(left)
        assert evidence > before
    for q in np.setdiff1d(left, biases):
        assert log_evidence(np.setdiff1d(left, q)) < evidence


# ---- a granularity ----------------------------------------------------------------------------


class OutputsOfUnits(Groups):
    """All weights from a layer to one output."""

    def seeds(self, connectivity):
        last = connectivity.network.layers(np.arange(connectivity.network.n_weights))[-1]
        for unit in range(connectivity.network.n_outputs):
            flat = last[:-1, unit]
            yield len(connectivity.network.shapes) - 1, unit, flat[connectivity.alive[flat]]


def test_a_granularity_is_one_class():
    """The first deletion is the group that costs least, by the formula for groups."""
    objective, w, kept = trained_network()
    hessian = gauss_newton(objective, w, kept)
    inverse = np.linalg.inv(hessian)
    last = objective.network.layers(kept)[-1]
    costs = []
    for flat in last[:-1].T:
        block = inverse[np.ix_(flat, flat)]
        costs.append(0.5 * w[flat] @ np.linalg.solve(block, w[flat]))
    result = prune(
        objective,
        useful_part(objective, w, kept),
        stop=MinWeights(len(kept) - last.shape[0]),
        candidates=OutputsOfUnits(),
        trust=EveryK(1),
        damping=FixedDamping(1e-9),
        retraining=Never(),
    )
    (deletion,) = result.path.deletions
    cheapest = int(np.argmin(costs))
    assert set(deletion.group) == set(last[:-1, cheapest])
    assert (deletion.layer, deletion.index) == (1, cheapest)
    assert deletion.saliency == pytest.approx(costs[cheapest], rel=1e-5)


# ---- a form of the curvature ------------------------------------------------------------------


class DiagonalCurvature:
    """The diagonal alone; as an inverse it leaves the other weights where they are."""

    def __init__(self, objective, w, kept, *, n_jobs=None):
        self.diagonal = gauss_newton_diagonal(objective, w, kept)
        self.scale = float(self.diagonal.mean())

    def invert(self, damping, keep=False):
        inverse = np.asfortranarray(np.diag(1.0 / (self.diagonal + damping)))
        return ExactInverse(inverse, damping)


def test_a_form_of_the_curvature_is_one_class():
    """The surgeon with a diagonal curvature is Optimal Brain Damage."""
    objective, w, kept = trained_network()
    pieces = {"stop": MinWeights(20), "trust": EveryK(1), "retraining": Never()}
    state = useful_part(objective, w, kept)
    results = [
        prune(objective, state, criterion=criterion, damping=FixedDamping(0.0), **pieces)
        for criterion in (OBS(DiagonalCurvature, first_order=False), OBD())
    ]
    orders = [flat_indices(objective.network, result.path) for result in results]
    assert orders[0] == orders[1] and len(orders[0]) > 8
    np.testing.assert_allclose(results[0].state.w, results[1].state.w, atol=1e-12)


# ---- another model than a network -------------------------------------------------------------


class LeastSquares:
    """Any model with residuals: 1/2 |r(w)|^2 / P."""

    def __init__(self, residuals, jacobian):
        self.residuals, self.jacobian = residuals, jacobian

    def data_loss(self, w):
        return 0.5 * float(np.mean(self.residuals(w) ** 2))

    def penalty(self, w):
        return 0.0

    def value(self, w):
        return self.data_loss(w)

    def value_and_gradient(self, w):
        return self.value(w), self.jacobian(w).T @ self.residuals(w) / len(self.residuals(w))

    def hessian(self, w, kept):
        jacobian = self.jacobian(w)[:, kept]
        return jacobian.T @ jacobian / len(jacobian)

    def for_model(self, number, w, n_weights):
        return self

    def for_retraining(self, number):
        return self

    def for_training(self):
        return self


@dataclass(frozen=True)
class Independent:
    """Weights that need no other."""

    alive: np.ndarray

    @property
    def n_alive(self):
        return int(self.alive.sum())

    def closure(self, seeds):
        return np.asarray(seeds)

    def without_effect(self, group):
        return np.zeros(len(group), dtype=bool)

    def only_links(self):
        return np.empty(0, dtype=np.intp)

    def without(self, group):
        alive = self.alive.copy()
        alive[group] = False
        return Independent(alive)

    def place(self, flat):
        return 0, int(flat)


def test_any_model_with_derivatives_can_be_pruned():
    """Of a linear model the surgeon makes what backward elimination makes."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 8)) @ rng.normal(size=(8, 8))
    y = X[:, :3].sum(axis=1) + rng.normal(size=60)
    objective = LeastSquares(lambda w: X @ w - y, lambda w: X)
    assert isinstance(objective, Objective)
    assert isinstance(Independent(np.ones(8, bool)), Connectivity)

    def fitted(columns):
        w = np.zeros(8)
        w[columns] = np.linalg.lstsq(X[:, columns], y, rcond=None)[0]
        return w

    w = fitted(np.arange(8))
    state = State(w, Independent(np.ones(8, bool)), objective.data_loss(w))
    result = prune(
        objective,
        state,
        stop=MinWeights(2),
        criterion=OBS(OfMatrix(lambda objective, w, kept: objective.hessian(w, kept))),
        damping=FixedDamping(1e-12),
    )
    left = np.arange(8)
    for deletion in result.path.deletions:
        losses = [objective.data_loss(fitted(np.setdiff1d(left, q))) for q in left]
        assert deletion.index == left[np.argmin(losses)]
        left = np.setdiff1d(left, deletion.index)
        assert result.path.at(len(left))[2] == pytest.approx(min(losses), rel=1e-6)
    assert len(left) == 2
    np.testing.assert_allclose(result.state.w, fitted(left), atol=1e-6)


# ---- protocols --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("protocol", "pieces"),
    [
        (Criterion, [OBS(), OBD(), Magnitude(), Taylor()]),
        (Candidates, [Weights(), Units(), Inputs(), OutputsOfUnits()]),
        (
            StopRule,
            [
                MaxLoss(1.0),
                MaxSaliency(1.0),
                MinWeights(1),
                AnyOf(),
                Unlimited(),
                MaxDivergence(None, 1.0),
                Evidence(np.ones(1), 1),
            ],
        ),
        (Trust, [TrustRegion(), EveryK(1)]),
        (Damping, [AutoDamping(), FixedDamping()]),
        (Retraining, [Never(), Final(), Always()]),
    ],
)
def test_pieces_offer_what_their_protocol_asks(protocol, pieces):
    assert all(isinstance(piece, protocol) for piece in pieces)
    assert not isinstance(LastResort(), protocol)


def test_what_pieces_make_offers_what_its_protocol_asks():
    objective, w, kept = trained_network()
    state = useful_part(objective, w, kept)
    assert isinstance(objective, Objective)
    assert isinstance(state.connectivity, Connectivity)
    assert isinstance(PathRecorder(objective), Recorder)
    for candidates in (Weights(), Units(), Inputs()):
        assert isinstance(candidates.ranking(state.connectivity), Ranking)
    for criterion in (OBS(), OBD(), Magnitude()):
        model = criterion.model(objective, state)
        assert isinstance(model, Model)
        assert isinstance(model.surgery(1e-3).elimination, Elimination)
    for form in (exact_curvature, low_rank_curvature, BlockCurvature, DiagonalCurvature):
        curvature = form(objective, w, kept)
        assert isinstance(curvature, Curvature)
        inverse = curvature.invert(1e-3)
        assert isinstance(inverse, Inverse)
        assert isinstance(inverse.elimination(w), Elimination)
