"""The pruning loop: linearise, eliminate, check, retrain, stop.

Around the current weights the loss is replaced by its quadratic model; weights are deleted block by
block while the model's forecast holds, then the model is made anew. Trust region and damping are
one mechanism: a forecast that fails shortens the block or raises the damping; for small networks
several dampings are tried each time, and the one with the lowest actual loss is taken. The loop
ends with the first stop rule that binds and leaves a :class:`PruningPath`.
"""

import copy
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from ._curvature.block_diagonal import BLOCK_WEIGHTS
from ._curvature.choice import curvature_form, largest_exact, make_curvature
from ._curvature.diagonal import MagnitudeElimination, OBDElimination
from ._curvature.elimination import BLOCK
from ._gauss_newton.diagonal import gauss_newton_diagonal
from ._gauss_newton.matrix import gauss_newton
from ._network import Connectivity
from ._numerics.threads import blas_threads
from ._training.lbfgs import train_lbfgs

# The loss may miss its forecast by this share of the predicted changes (the fall by the Newton
# step, the rise by the deletions), plus this share of the loss itself.
_TRUST, _NEGLIGIBLE = 0.25, 0.01
# A Newton step is halved until it brings this share of what it promises, at most so short.
_SUFFICIENT, _SHORTEST = 0.25, 0.05
# A model is made anew when its deletions are predicted to have raised the loss by this share.
_STALE = 0.1
# A block is this share of the candidates, so that steps shrink with the network.
_BLOCK_SHARE = 1 / 64
# Groups are priced one by one: where they are more than these, all of them for as many deletions as
# a block may have; the later ones of these are among the so many that were the cheapest then.
_SHORTLIST = 2 * BLOCK
# With retraining after each model, a model's deletions are at most this share of the candidates.
_STAGE_SHARE = 0.05
# Iterations of such a retraining, and of one that tries a deletion; the last one, at the end, may
# take all it needs.
_STAGE_ITERATIONS = 100
# Damping relative to the mean curvature: start, bounds, and what a failed or a good forecast does.
_DAMPING_START, _DAMPING_MIN, _DAMPING_MAX = 1e-4, 1e-8, 1e3
_TIGHTEN, _RELAX, _ATTEMPTS = 10.0, 0.3, 8
# A network that is sure of its training patterns has hardly any curvature there, yet gets it back
# as soon as its weights move: the model's probabilities are mixed with this share of the uniform
# distribution. Small networks, where each weight matters, have the damping search instead.
_SMOOTHING = 0.01
# Up to this many weights an inversion is cheap beside the curvature itself: several are tried.
_SEARCH_SIZE, _SEARCH_GRID = 400, (0.1, 1.0, 10.0)
# Up to this many weights the path stores every network.
_ALL_STORED = 64
# How many dearer deletions are tried, one by one, when the rule forbids the cheapest.
_OTHERS = 16
# Of these, how many are tried with training after the deletion.
_RESCUES = 4


@dataclass(frozen=True)
class StopRule:
    """When to stop; the first limit that binds counts.

    Parameters
    ----------
    max_loss : float
        Ceiling of the mean loss without weight decay.
    max_saliency : float
        Ceiling of the next saliency relative to the current loss (HS93).
    n_weights : int or None
        How many weights to keep.
    """

    max_loss: float = np.inf
    max_saliency: float = np.inf
    n_weights: int | None = None


@dataclass(frozen=True)
class _Step:
    """One deletion: the group's flat indices, its principal (layer, index), its price."""

    group: np.ndarray
    layer: int
    index: int
    saliency: float


class PruningPath:
    """The deletions in their order, and networks at a geometric sequence of sizes.

    Rebuilding at a size takes no computation: below 65 weights every network of the path is
    stored, above about one for each 1/64 of the size: O(64 n) numbers in all.
    """

    def __init__(self):
        self.steps = []
        self.n_weights, self.predicted, self.losses = [], [], []
        self.initial_loss = np.nan
        self._snapshots = {}

    def record(self, steps, sizes, predicted, loss):
        """Append a block of deletions; the loss was evaluated after the last one."""
        self.steps += steps
        self.n_weights += sizes
        self.predicted += predicted
        self.losses += [np.nan] * (len(steps) - 1) + [loss]

    def retract(self):
        """Take back the last deletion; the network after it is forgotten."""
        self._snapshots.pop(self.n_weights[-1], None)
        for rows in (self.steps, self.n_weights, self.predicted, self.losses):
            rows.pop()

    def snapshot(self, kept, values, loss):
        """Store the network with the weights ``kept``, and its loss."""
        size = len(kept)
        smaller = [n for n in self._snapshots if n > size]
        if len(smaller) > 1:
            last, before = sorted(smaller)[:2]
            # The last network gives way where its neighbours are close.
            if size > _ALL_STORED and before - size < before / _ALL_STORED:
                del self._snapshots[last]
        self._snapshots[size] = (kept, values, loss)

    @property
    def sizes(self):
        """Sizes stored, falling."""
        return np.array(sorted(self._snapshots, reverse=True))

    def at(self, n_weights):
        """Surviving flat indices, values and loss of the largest stored network within a size."""
        sizes = self.sizes
        within = sizes[sizes <= n_weights]
        if not len(within):
            raise ValueError(
                f"The path's smallest network has {sizes[-1]} weights, got n_weights={n_weights}. "
                "Prune further (a smaller n_weights, a larger threshold) to reach it."
            )
        return self._snapshots[int(within[0])]

    def to_arrays(self):
        """The path as a dict of arrays, one row a deletion.

        Losses between two evaluations are interpolated; ``evaluated`` tells which were measured.
        """
        losses = np.array(self.losses)
        evaluated = np.isfinite(losses)
        known = np.flatnonzero(evaluated)
        losses = np.interp(
            np.arange(len(losses)), np.r_[-1, known], np.r_[self.initial_loss, losses[known]]
        )
        return {
            "n_weights": np.array(self.n_weights, dtype=int),
            "layer": np.array([step.layer for step in self.steps], dtype=int),
            "index": np.array([step.index for step in self.steps], dtype=int),
            "saliency": np.array([step.saliency for step in self.steps], dtype=float),
            "predicted_loss": np.array(self.predicted, dtype=float),
            "loss": losses.astype(float),
            "evaluated": evaluated,
        }


class _Trial:
    """A sequence of deletions in one quadratic model with one damping.

    Attributes
    ----------
    weights, loss, forecast : the network after the block's first ``n_steps`` deletions
    """

    def __init__(self, pruner, model, damping=0.0):
        self.pruner, self.model, self.damping = pruner, model, damping
        self.frame = model.frame
        self.gain = self.cost = 0.0
        self.excluded = ()
        self._shortlist, self._shortlist_serves = [], 0
        self.elimination = model.eliminate(self, damping)

    def propose(self, limit):
        """Delete up to ``limit`` candidates in the model, then evaluate the network."""
        pruner, rule = self.pruner, self.pruner.rule
        self.steps, self.sizes = [], []
        self.is_cut = self.is_priced_out = self.is_too_large = False
        while len(self.steps) < limit and self.elimination.room > 0:
            found = self._cheapest()
            if found is None:
                break
            if found[1] > rule.max_saliency * pruner.loss:
                self.is_priced_out = True
                break
            (group, layer, index), price = found
            if len(group) > self.elimination.room and self.steps:
                break
            self.elimination.delete(np.searchsorted(self.frame, group))
            pruner.topology.remove(group)
            self.steps.append(_Step(group, layer, index, price))
            self.sizes.append(pruner.topology.n_alive)
        self.evaluate(len(self.steps))

    def evaluate(self, n_steps):
        """Actual and forecast loss after the first ``n_steps`` deletions."""
        self.n_steps = n_steps
        weights = np.zeros_like(self.pruner.w)
        weights[self.frame] = self.elimination.weights_after(n_steps)
        objective = self.model.objective
        data_loss = objective.data_loss(weights)
        self.weights, self.loss = weights, data_loss + objective.penalty(weights)
        self._data_loss = data_loss if objective is self.pruner.objective else None
        self.forecast = self.forecast_after(n_steps)
        if self.damping:
            moved = weights - self.model.w
            self.forecast -= 0.5 * self.damping * float(moved @ moved)

    def forecast_after(self, n_steps):
        """Loss predicted after the first ``n_steps`` deletions."""
        paid = sum(step.saliency for step in self.steps[:n_steps])
        return self.model.value - self.gain + self.cost + paid

    @property
    def tolerance(self):
        paid = sum(step.saliency for step in self.steps[: self.n_steps])
        return _TRUST * (self.gain + self.cost + paid) + _NEGLIGIBLE * self.model.value

    @property
    def is_trusted(self):
        """Whether the loss is no higher than the forecast allows."""
        return not self.model.has_forecast or self.loss - self.forecast <= self.tolerance

    @property
    def data_loss(self):
        """Loss without weight decay as the rules count it: not with the model's own noise."""
        if self._data_loss is None:
            self._data_loss = self.pruner.objective.data_loss(self.weights)
        return self._data_loss

    @property
    def is_allowed(self):
        max_loss = self.pruner.rule.max_loss
        return (self.data_loss if max_loss < np.inf else self.loss) <= max_loss

    @property
    def is_stale(self):
        """Whether the forecast is off to either side, or the model spent."""
        if not self.model.has_forecast:
            return False
        off = abs(self.loss - self.forecast) > self.tolerance
        return off or self.forecast_after(self.n_steps) > (1.0 + _STALE) * self.model.value

    def cut(self, n_steps):
        """Take back all but the block's first deletions."""
        for step in self.steps[n_steps:][::-1]:
            self.pruner.topology.restore(step.group)
        del self.steps[n_steps:], self.sizes[n_steps:]
        self.is_cut = True
        self.evaluate(n_steps)

    def undo(self):
        """Take back the whole block."""
        for step in self.steps[::-1]:
            self.pruner.topology.restore(step.group)

    def redo(self):
        """Delete the block that was taken back."""
        for step in self.steps:
            self.pruner.topology.remove(step.group)

    def commit(self):
        """Accept the block and make ready for another one in the same model."""
        self.cost += sum(step.saliency for step in self.steps)
        positions = self.elimination.commit()
        if positions is not None:
            self.frame = self.frame[positions]

    def _cheapest(self):
        """The candidate with the lowest joint price: ((group, layer, index), price) or None."""
        pruner = self.pruner
        if pruner.granularity != "weight":
            return self._cheapest_group()
        prices = self.elimination.saliencies
        prices[pruner.locked[self.frame]] = np.inf
        if self.excluded:
            prices[np.isin(self.frame, [step.group[0] for step in self.excluded])] = np.inf
        # A group costs at least what its first weight does alone: price groups only when reached.
        priced = {}
        while True:
            q = int(np.argmin(prices)) if len(prices) else 0
            if not len(prices) or not np.isfinite(prices[q]):
                return None
            if q not in priced:
                group = pruner.topology.closure([self.frame[q]])
                if not pruner.fits(group):
                    self.is_too_large = True
                    prices[q] = np.inf
                    continue
                if len(group) > 1:
                    prices[q] = self.elimination.price(np.searchsorted(self.frame, group))
                priced[q] = group
                if len(group) > 1:
                    continue
            layer, row, unit = pruner.topology.locate(self.frame[q])
            index = row * pruner.topology.network.shapes[layer][1] + unit
            return (priced[q], layer, index), float(prices[q])

    def _cheapest_group(self):
        """The cheapest group; where they are many, for some deletions of those cheapest before."""
        pruner, groups = self.pruner, self._shortlist
        if not self._shortlist_serves:
            groups = pruner.topology.groups(pruner.granularity)
        offers = sorted(self._offers(groups), key=itemgetter(0))
        if not self._shortlist_serves:
            self._shortlist = [group for *_, group in offers[:_SHORTLIST]]
            self._shortlist_serves = pruner.block_length
        self._shortlist_serves -= 1
        if not offers:
            return None
        _, price, members, (layer, index, _) = offers[0]
        return (members, layer, index), price

    def _offers(self, groups):
        """Rank, price, and weights that go, of each group that may go."""
        pruner, topology, found = self.pruner, self.pruner.topology, []
        excluded = {(step.layer, step.index) for step in self.excluded}
        n_free = topology.n_alive - (pruner.rule.n_weights or 0)
        for layer, index, seeds in groups:
            left = seeds[topology.alive[seeds]]
            if not len(left) or (layer, index) in excluded:
                continue
            members = topology.closure(left)
            if len(members) > n_free:
                self.is_too_large = True
                continue
            found.append((members, (layer, index, seeds)))
        prices = self.elimination.prices(
            [np.searchsorted(self.frame, members) for members, _ in found]
        )
        for price, (members, place) in zip(prices.tolist(), found):
            yield price / pruner.input_costs.get(place[1], 1.0), price, members, place


class _MagnitudeModel:
    """No model of the loss: weights go by their size, in any metric the same."""

    has_forecast = is_damped = False

    def __init__(self, pruner):
        self.frame, self.w = np.flatnonzero(pruner.topology.alive), pruner.w
        self.objective, self.value = pruner.objective, np.nan

    def eliminate(self, trial, damping):
        return MagnitudeElimination(self.w[self.frame])


class _OBDModel:
    """A diagonal Hessian at a minimum (its diagonal blocks, for groups)."""

    has_forecast, is_damped = True, False

    def __init__(self, pruner):
        self.frame, self.w = np.flatnonzero(pruner.topology.alive), pruner.w
        self.objective, self.n_jobs = pruner.seen, pruner.n_jobs
        self.value = self.objective.value(self.w)
        self.hessian, self._blocks = None, {}
        if pruner.granularity != "weight" and len(self.frame) <= largest_exact():
            self.hessian = self._matrix(self.frame)
            self.diagonal = self.hessian.diagonal().copy()
        else:
            self.diagonal = gauss_newton_diagonal(self.objective, self.w, self.frame)
            if pruner.granularity != "weight":
                self.hessian = self._block

    def _matrix(self, kept):
        return gauss_newton(self.objective, self.w, kept, n_jobs=self.n_jobs)

    def _block(self, group):
        """The group's part of a matrix that would be too large; made once a model."""
        key = group.tobytes()
        if key not in self._blocks:
            self._blocks[key] = self._matrix(self.frame[group])
        return self._blocks[key]

    def eliminate(self, trial, damping):
        return OBDElimination(self.w[self.frame], self.diagonal, self.hessian)


class _OBSModel:
    """The Gauss-Newton matrix in some form, with the gradient unless first_order is False."""

    has_forecast = is_damped = True

    def __init__(self, pruner):
        self.frame, self.w = np.flatnonzero(pruner.topology.alive), pruner.w
        self.objective = pruner.seen
        self.value, gradient = pruner.seen.value_and_gradient(self.w)
        self.gradient = gradient[self.frame] if pruner.first_order else None
        self.curvature = pruner.curvature_at(self.w, self.frame)

    def eliminate(self, trial, damping):
        inverse = self.curvature.invert(damping)
        trial.damping = self.curvature.damping_
        minimum = self.w[self.frame]
        if self.gradient is not None:
            step = inverse.times(self.gradient)
            share, trial.gain = self._line_search(step, 0.5 * float(step @ self.gradient))
            minimum = minimum - share * step
        return inverse.elimination(minimum)

    def _line_search(self, step, gain):
        """The share of a Newton step that keeps its promise, and what the model says it gains."""
        share = 1.0
        while share > _SHORTEST:
            promised = (2.0 - share) * share * gain
            moved = self.w.copy()
            moved[self.frame] -= share * step
            if self.objective.value(moved) <= self.value - _SUFFICIENT * promised:
                return share, promised
            share *= 0.5
        return 0.0, 0.0


_MODELS = {"obs": _OBSModel, "obd": _OBDModel, "magnitude": _MagnitudeModel}


class Pruner:
    """Prunes one network; afterwards ``w``, ``kept`` and ``path`` hold the result.

    Memory: a matrix of 8 n^2 bytes for OBS (and OBD of groups, with one for each group where that
    is beyond the budget), n the surviving weights, and up to one and a half times that beside it
    while it is assembled and compacted.
    Time for a linearisation: the curvature (see `gauss_newton`) and n^3 for the inverse, then n^2
    a deletion; O(P n) a linearisation for OBD.

    Parameters
    ----------
    objective : Objective
    w : ndarray of shape (n_weights,)
    kept : ndarray of int
        Surviving weights at the start.
    rule : StopRule
    criterion : {"obs", "obd", "magnitude"}
    granularity : {"weight", "unit", "input"}
    input_groups : list of ndarray of int, default=None
        Inputs that are one candidate, for "input".
    input_costs : dict of int to float
        Costs other than one, by an input (a group's first one): candidates are taken in the order
        of their saliency divided by this.
    protected : ndarray of int
        Weights that are never candidates of their own.
    linearize : "auto" or int
        A new model when the forecast fails, or every so many deletions.
    first_order : bool
        Whether the model has the gradient.
    retrain : {"never", "final", "always"}
    damping : "auto" or float
        Added to the diagonal of the Hessian.
    max_iter, tol : int, float
        Of each retraining.
    n_jobs : int, default=None
    on_deletions : callable, default=None
        Called with the number of deletions, of weights left and the loss after each accepted
        block; stops when it returns True.
    curvature : {"auto", "exact", "low_rank", "block"} or callable, default="auto"
        Form of the Gauss-Newton matrix (see `make_curvature`); or ``(objective, w, kept) ->
        hessian`` in its place: e.g. the exact Hessian,
        ``lambda objective, w, kept: objective.hessian(w, kept)``.
    """

    def __init__(
        self,
        objective,
        w,
        kept,
        *,
        rule,
        criterion="obs",
        granularity="weight",
        input_groups=None,
        input_costs=None,
        protected=(),
        linearize="auto",
        first_order=True,
        retrain="final",
        damping="auto",
        max_iter=1000,
        tol=1e-6,
        n_jobs=None,
        on_deletions=None,
        curvature="auto",
    ):
        self.objective, self.rule = objective, rule
        self.criterion, self.granularity = criterion, granularity
        self.linearize, self.first_order = linearize, first_order
        self.retrain, self.damping = retrain, damping
        self.max_iter, self.tol = max_iter, tol
        self.n_jobs, self.on_deletions = n_jobs, on_deletions
        self.curvature = curvature
        # What the current model sees: with input noise, other noise than the rules go by.
        self.seen = objective
        self._smoothing = _SMOOTHING if linearize == "auto" else 0.0
        self.w = np.array(w, dtype=np.float64)
        self.topology = Connectivity(objective.network, kept, input_groups)
        self.input_costs = input_costs or {}
        self.locked = np.zeros(len(self.w), dtype=bool)
        self.locked[np.asarray(protected, dtype=np.intp)] = True
        self.path = PruningPath()
        self.n_linearizations = self.n_retrainings = 0
        self.stopped_by = None
        self._relative_damping = _DAMPING_START

    def curvature_at(self, w, kept):
        """The curvature at w, in the form that suits the number of weights."""
        objective = self.seen.smoothed(self._smoothing) if len(kept) > _SEARCH_SIZE else self.seen
        return make_curvature(self.curvature, objective, w, kept, n_jobs=self.n_jobs)

    def _matrix_size(self, n_weights):
        """Size of the matrices that a model works with."""
        is_block = self.criterion == "obs" and self.curvature_form(n_weights) == "block"
        return min(n_weights, BLOCK_WEIGHTS) if is_block else n_weights

    def curvature_form(self, n_weights):
        """The form of the curvature for a number of weights."""
        return curvature_form(self.curvature, self.seen, n_weights)

    @property
    def kept(self):
        return np.flatnonzero(self.topology.alive)

    def fits(self, group):
        """Whether a group may go without passing the number of weights to keep."""
        return self.topology.n_alive - len(group) >= (self.rule.n_weights or 0)

    def prune(self):
        """Prune until a stop rule binds, retraining as asked."""
        self._begin()
        while True:
            n_before = self.topology.n_alive
            self._prune_to_the_rule()
            if self.retrain == "never" or self.stopped_by == "callback":
                return self
            if self.topology.n_alive < n_before or not self.n_retrainings:
                self._train()
            elif not self._delete_and_train() or self.stopped_by == "callback":
                return self

    def _begin(self):
        """Leave out what is of no use, and note where the path starts."""
        self.topology.remove(self.topology.useless(self._fold_constant_units()))
        self.w[~self.topology.alive] = 0.0
        self.loss = self.objective.data_loss(self.w)
        self._snapshot()
        self.path.initial_loss = self.loss + self.objective.penalty(self.w)

    def _fold_constant_units(self):
        """Move what units without inputs give to the next biases; return those that must stay.

        Layer by layer, as units that see only such units are constant in their turn. A unit stays
        where a bias that would take its place does not exist.
        """
        network, topology, spared = self.objective.network, self.topology, []
        index = np.arange(network.n_weights)
        layers, alive, index = map(network.layers, (self.w, topology.alive, index))
        for depth in range(network.n_layers - 1):
            for unit in np.flatnonzero(~alive[depth][:-1].any(axis=0)):
                level = float(network.activate(depth, layers[depth][-1:, unit])[0])
                targets = np.flatnonzero(alive[depth + 1][unit])
                if level and not alive[depth + 1][-1, targets].all():
                    spared.append((depth, unit))
                    continue
                layers[depth + 1][-1, targets] += level * layers[depth + 1][unit, targets]
                topology.remove(index[depth + 1][unit, targets])
        return spared

    def _delete_and_train(self):
        """Take a deletion that the rule forbids if training the survivors mends it.

        The last resort, for small networks: the refused deletions are tried in the order of the
        loss right after them. Returns whether one was taken.
        """
        if self.stopped_by != "threshold" or self.topology.n_alive > _SEARCH_SIZE:
            return False
        self._refused.sort(key=lambda refused: refused[-1])
        for step, weights, predicted, data_loss in self._refused[:_RESCUES]:
            self.topology.remove(step.group)
            result = self._trained(weights, _STAGE_ITERATIONS)
            loss = self.objective.data_loss(result.weights)
            if loss <= self.rule.max_loss:
                self.w, self.loss = result.weights, loss
                # The path has the loss right after the deletion, which the training mended.
                value = data_loss + self.objective.penalty(weights)
                self.path.record([step], [self.topology.n_alive], [predicted], value)
                self._snapshot()
                self._tell(1, loss + self.objective.penalty(self.w))
                return True
            self.topology.restore(step.group)
        return False

    def _prune_to_the_rule(self):
        self.stopped_by = None
        while self.stopped_by is None:
            if self.topology.n_alive <= (self.rule.n_weights or 0):
                self.stopped_by = "exhausted" if self.rule.n_weights is None else "n_weights"
                return
            n_before = self.topology.n_alive
            model = _MODELS[self.criterion]
            if model.has_forecast:
                n_fitted = n_before if self._goes_by_gradients else 0
                self.seen = self.objective.for_model(self.n_linearizations, self.w, n_fitted)
            with blas_threads(self._matrix_size(n_before)):
                self._follow(model(self))
            self.seen = self.objective
            self.n_linearizations += 1
            if self.topology.n_alive < n_before and self.retrain == "always":
                self._train(_STAGE_ITERATIONS)

    @property
    def _goes_by_gradients(self):
        """Whether slopes of the loss matter: for a Newton step, or to check forecasts."""
        return self.linearize == "auto" or (self.criterion == "obs" and self.first_order)

    def _trained(self, w, max_iter=np.inf):
        """L-BFGS on the survivors, from ``w``."""
        if max_iter < np.inf:
            objective = self.objective.for_retraining(self.n_retrainings)
        else:
            objective = self.objective.for_training()
        self.n_retrainings += 1
        max_iter = min(max_iter, self.max_iter)
        return train_lbfgs(objective, w, self.kept, max_iter=max_iter, tol=self.tol)

    def _train(self, max_iter=np.inf):
        """Train the survivors; kept unless it breaks the rule (weight decay can)."""
        result = self._trained(self.w, max_iter)
        loss = self.objective.data_loss(result.weights)
        if loss <= max(self.rule.max_loss, self.loss):
            self.w, self.loss = result.weights, loss
            self._snapshot()

    # ---- one model's deletions ---------------------------------------------------------------

    def _follow(self, model):
        """Delete block by block while the model is to be trusted and the rules allow."""
        trial, n_deleted = self._first_block(model), 0
        while trial is not None and trial.n_steps:
            self._accept(trial)
            n_deleted += trial.n_steps
            limit = self._limit(n_deleted)
            if self.stopped_by or limit == 0 or trial.is_cut or self._is_stale(trial):
                return
            trial.commit()
            trial.propose(limit)
            if not self._is_acceptable(trial):
                trial.cut(self._longest_acceptable(trial))

    def _first_block(self, model):
        """The first deletions in a model: at least one, unless a rule forbids it."""
        trial = self._damped_trial(model, self._limit(0))
        if not trial.steps:
            limited = "n_weights" if trial.is_too_large else "exhausted"
            self.stopped_by = "max_saliency" if trial.is_priced_out else limited
            return None
        if not self._is_acceptable(trial):
            trial.cut(max(1, self._longest_acceptable(trial)))
            if not trial.is_allowed:
                return self._other_deletion(model, trial)
        return trial

    def _other_deletion(self, model, refused):
        """A dearer deletion that the rule allows, when it forbids the cheapest one.

        Near the end the loss is far from quadratic, and the order of prices only a guide.
        """
        several = self.linearize == "auto" and len(model.frame) <= _SEARCH_SIZE
        self._refused = []
        for attempt in range(_OTHERS if several else 1):
            if attempt:
                others = [step for step, *_ in self._refused]
                refused = self._trial(model, 1, refused.damping, others)
                if not refused.steps or refused.is_allowed:
                    break
            weights, data_loss = refused.weights, refused.data_loss
            # (As in `_accept`: the model may have seen other noise than the rules go by.)
            seen_otherwise = data_loss + self.objective.penalty(weights) - refused.loss
            predicted = refused.forecast + seen_otherwise
            self._refused.append((refused.steps[0], weights, predicted, data_loss))
            refused.undo()
        else:
            self.stopped_by = "threshold"
            return None
        if refused.steps:
            return refused
        self.stopped_by = "threshold"
        return None

    def _damped_trial(self, model, limit):
        """A trial block with the damping that suits the model."""
        if not model.is_damped:
            return self._trial(model, limit, 0.0)
        if self.damping != "auto":
            return self._trial(model, limit, float(self.damping))
        scale = model.curvature.scale
        if self.linearize != "auto" and not self.first_order:
            return self._trial(model, limit, _DAMPING_MIN * scale)
        if len(model.frame) <= _SEARCH_SIZE:
            return self._searched_trial(model, limit, scale)
        for attempt in range(_ATTEMPTS):
            trial = self._trial(model, limit, self._relative_damping * scale)
            if self._is_acceptable(trial) or attempt == _ATTEMPTS - 1:
                break
            trial.undo()
            self._relative_damping = min(self._relative_damping * _TIGHTEN, _DAMPING_MAX)
        if attempt == 0:
            self._relative_damping = max(self._relative_damping * _RELAX, _DAMPING_MIN)
        return trial

    def _searched_trial(self, model, limit, scale):
        """The trial with the lowest actual loss over a few dampings around the last one.

        While the rule forbids them all, or the strongest is the best and not yet to be trusted,
        stronger ones follow: in the limit nothing but the deleted weights moves.
        """
        dampings = [self._relative_damping * factor for factor in _SEARCH_GRID]
        best, lowest, tried = None, np.inf, set()
        is_allowed, may_improve = True, False
        while dampings:
            damping = min(max(dampings.pop(0), _DAMPING_MIN), _DAMPING_MAX)
            if damping in tried:
                continue
            tried.add(damping)
            trial = self._trial(model, limit, damping * scale)
            trial.undo()
            is_best = bool(trial.steps) and trial.loss < lowest
            if is_best or best is None:
                best, self._relative_damping = trial, damping
                # The next inverse is made in the place of this one.
                best.elimination = copy.deepcopy(best.elimination)
            if is_best:
                lowest = trial.loss
                is_allowed, may_improve = trial.is_allowed, not self._is_acceptable(trial)
            if not dampings and ((is_best and may_improve) or not is_allowed):
                dampings.append(damping * _TIGHTEN)
        best.redo()
        return best

    def _trial(self, model, limit, damping, excluded=()):
        trial = _Trial(self, model, damping)
        trial.excluded = excluded
        trial.propose(limit)
        return trial

    @property
    def block_length(self):
        """How many deletions a block has, at most."""
        n_candidates = self.topology.n_candidates(self.granularity)
        return max(1, min(BLOCK, int(n_candidates * _BLOCK_SHARE)))

    def _limit(self, n_deleted):
        """How many deletions the next block may have, ``n_deleted`` into a model."""
        limit = self.block_length
        if self.linearize != "auto":
            limit = min(limit, self.linearize - n_deleted)
        elif self.retrain == "always":
            n_candidates = self.topology.n_candidates(self.granularity)
            stage = max(1, int((n_candidates + n_deleted) * _STAGE_SHARE))
            limit = min(limit, stage - n_deleted)
        return max(limit, 0)

    def _is_acceptable(self, trial):
        return (self.linearize != "auto" or trial.is_trusted) and trial.is_allowed

    def _is_stale(self, trial):
        return self.linearize == "auto" and (trial.is_stale or self._allows_a_finer_model(trial))

    def _allows_a_finer_model(self, trial):
        """Whether so few weights are left that "auto" now takes the exact curvature."""
        if self.criterion != "obs":
            return False
        before = len(trial.model.frame)
        return self.curvature_form(before) != self.curvature_form(self.topology.n_alive)

    def _longest_acceptable(self, trial):
        """Length of (about) the longest acceptable prefix of a block that is not."""
        low, high = 0, len(trial.steps)
        while high - low > 1:
            middle = (low + high) // 2
            trial.evaluate(middle)
            if self._is_acceptable(trial):
                low = middle
            else:
                high = middle
        return low

    def _accept(self, trial):
        """Take over a block's network, and write it into the path."""
        n_steps = trial.n_steps
        self.w, self.loss = trial.weights, trial.data_loss
        # The forecasts have the damping's share in them, which is known after the last step.
        predicted = np.array([trial.forecast_after(k) for k in range(1, n_steps + 1)])
        predicted -= (predicted[-1] - trial.forecast) * np.arange(1, n_steps + 1) / n_steps
        value = self.loss + self.objective.penalty(self.w)
        # (Forecasts are right or wrong by as much as they were on the noise that the model saw.)
        predicted += value - trial.loss
        self.path.record(trial.steps[:n_steps], trial.sizes[:n_steps], list(predicted), value)
        self._snapshot()
        self._tell(n_steps, value)

    def _snapshot(self):
        loss = self.loss + self.objective.penalty(self.w)
        self.path.snapshot(self.kept, self.w[self.kept], loss)

    def _tell(self, n_steps, loss):
        """Report deletions; the answer may be to stop."""
        if self.on_deletions is not None and self.on_deletions(
            n_steps, self.topology.n_alive, loss
        ):
            self.stopped_by = "callback"
